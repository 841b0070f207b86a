//! Vendor knowledge: one TOML file a family of firmware, embedded at build time, which a site can
//! add to or override without a new release.

mod compile;
mod document;
mod error;
mod family;
mod limits;
mod proof;
mod rows;
mod select;

pub(crate) use document::{
    ClassWord, EncodingWord, FieldWord, FormWord, LayoutWord, LevelWord, PickWord, SupplyFieldWord,
    UnsupportedWord,
};
pub use error::{DefinitionError, DefinitionErrorKind};
pub(crate) use family::{
    DescribeRow, Family, Head, IdentityRow, LevelTarget, Maker, Meaning, MeterKey, Number,
    NumberRow, Origin, Place, ReceptacleRow, RecordRows, SumRow, TableNumberRow, TableRows, Trust,
    When,
};
pub use limits::DeviceLimits;
pub use proof::{Proof, ProofClass, ProofClause, ProofError};
pub use rows::{Brand, Row, Subject};
use select::Names;
pub(crate) use select::{Selected, Selection};

use compile::{CompiledFile, compile};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, LazyLock};

/// The files that ship with this crate.
const BUILTIN: &[(&str, &str)] = &[
    ("makers.toml", include_str!("../definitions/makers.toml")),
    (
        "elsewhere.toml",
        include_str!("../definitions/elsewhere.toml"),
    ),
    ("generic.toml", include_str!("../definitions/generic.toml")),
    (
        "sysdescr.toml",
        include_str!("../definitions/sysdescr.toml"),
    ),
    ("hp.toml", include_str!("../definitions/hp.toml")),
    (
        "intermec.toml",
        include_str!("../definitions/intermec.toml"),
    ),
    ("kyocera.toml", include_str!("../definitions/kyocera.toml")),
    ("brother.toml", include_str!("../definitions/brother.toml")),
    ("canon.toml", include_str!("../definitions/canon.toml")),
    ("epson.toml", include_str!("../definitions/epson.toml")),
    ("konica.toml", include_str!("../definitions/konica.toml")),
    ("lexmark.toml", include_str!("../definitions/lexmark.toml")),
    ("minolta.toml", include_str!("../definitions/minolta.toml")),
    ("muratec.toml", include_str!("../definitions/muratec.toml")),
    ("oce.toml", include_str!("../definitions/oce.toml")),
    ("oki.toml", include_str!("../definitions/oki.toml")),
    (
        "panasonic.toml",
        include_str!("../definitions/panasonic.toml"),
    ),
    ("pantum.toml", include_str!("../definitions/pantum.toml")),
    ("ricoh.toml", include_str!("../definitions/ricoh.toml")),
    ("riso.toml", include_str!("../definitions/riso.toml")),
    ("samsung.toml", include_str!("../definitions/samsung.toml")),
    ("seiko.toml", include_str!("../definitions/seiko.toml")),
    ("sharp.toml", include_str!("../definitions/sharp.toml")),
    ("sindoh.toml", include_str!("../definitions/sindoh.toml")),
    ("toshiba.toml", include_str!("../definitions/toshiba.toml")),
    ("xerox.toml", include_str!("../definitions/xerox.toml")),
    ("zebra.toml", include_str!("../definitions/zebra.toml")),
];

/// Vendor knowledge, parsed once; cheap to clone and to share between threads.
#[derive(Clone)]
pub struct Definitions(Arc<Inner>);

#[derive(Default)]
struct Inner {
    families: Vec<Family>,
    makers: Vec<Maker>,
    /// Where the makers' words stand, by their first octet in lower case: `makers`' place, and the
    /// place among that maker's words.
    badges: BTreeMap<u8, Vec<(usize, usize)>>,
    describes: Vec<DescribeRow>,
    shared: crate::plan::Shared,
    names: Names,
    fingerprint: u64,
}

static PARSED: LazyLock<Definitions> = LazyLock::new(|| {
    // A test reads every embedded file: what is built is what was tested.
    Definitions::load(&[], shipped()).expect("the embedded definitions are valid")
});

/// The beginning of a fingerprint: this version of the standards' plan, and the shipped files.
fn shipped() -> DefaultHasher {
    let mut hasher = DefaultHasher::new();
    (env!("CARGO_PKG_VERSION"), BUILTIN).hash(&mut hasher);
    hasher
}

impl Definitions {
    /// The definitions that ship with this crate.
    pub fn builtin() -> Self {
        PARSED.clone()
    }

    /// The shipped definitions and a site's own files over them, each as its name and its text.
    ///
    /// A file for a known family adds its rows, replaces rows of the same name and drops those that
    /// it lists under `disable`; a file for a new family needs a `[match]`. A site's row comes
    /// before every shipped row for the same value, whatever their ranks.
    ///
    /// # Errors
    ///
    /// [`DefinitionError`] naming the first file and row that cannot be used.
    pub fn with_overrides<N, T>(
        files: impl IntoIterator<Item = (N, T)>,
    ) -> Result<Self, DefinitionError>
    where
        N: AsRef<str>,
        T: AsRef<str>,
    {
        let mut compiled = Vec::new();
        let mut fingerprint = shipped();
        for (name, text) in files {
            (name.as_ref(), text.as_ref()).hash(&mut fingerprint);
            compiled.push((
                name.as_ref().to_owned(),
                compile(name.as_ref(), text.as_ref(), Origin::Site)?,
            ));
        }
        Self::load(&compiled, fingerprint)
    }

    fn load(
        overrides: &[(String, CompiledFile)],
        fingerprint: DefaultHasher,
    ) -> Result<Self, DefinitionError> {
        let mut inner = Inner {
            fingerprint: fingerprint.finish(),
            ..Inner::default()
        };
        for (name, text) in BUILTIN {
            let file = compile(name, text, Origin::Builtin)?;
            check_inputs(name, &file.family)?;
            inner.makers.extend(file.makers);
            inner.describes.extend(file.describes);
            inner.families.push(file.family);
        }
        for (name, file) in overrides {
            inner.apply(name, file)?;
            for family in &inner.families {
                check_inputs(name, family)?;
            }
        }
        inner.check_makers()?;
        inner.note_badges();
        Ok(Self(Arc::new(inner)))
    }

    /// The families, shipped ones first.
    pub(crate) fn families(&self) -> &[Family] {
        &self.0.families
    }

    pub(crate) fn makers(&self) -> &[Maker] {
        &self.0.makers
    }

    /// The makers' words that a text may begin with, in the order of the makers.
    pub(crate) fn badges(&self, text: &str) -> impl Iterator<Item = (&Maker, &str)> {
        let first = text.bytes().next().map(|octet| octet.to_ascii_lowercase());
        let places = first.and_then(|first| self.0.badges.get(&first));
        places.into_iter().flatten().filter_map(|(maker, word)| {
            let maker = self.makers().get(*maker)?;
            Some((maker, maker.words.get(*word)?.as_str()))
        })
    }

    pub(crate) fn describes(&self) -> &[DescribeRow] {
        &self.0.describes
    }

    /// What plans have worked out of these definitions.
    pub(crate) fn shared(&self) -> &crate::plan::Shared {
        &self.0.shared
    }

    /// What devices' names tell, as far as it was worked out.
    fn names(&self) -> &Names {
        &self.0.names
    }

    /// How many rows there are, over all families.
    pub fn len(&self) -> usize {
        let families = self.families().iter().map(|f| {
            f.identity.len()
                + f.device_ids.len()
                + f.numbers.len()
                + f.tables.iter().map(|t| t.numbers.len()).sum::<usize>()
                + f.records.iter().map(|r| r.numbers.len()).sum::<usize>()
                + f.sums.len()
                + f.sentinels.len()
                + f.receptacles.len()
                + f.supply_texts.len()
                + f.supply_tables.len()
                + f.claimed_kinds.len()
                + f.limits.len()
        });
        families.sum::<usize>() + self.makers().len() + self.describes().len()
    }

    /// A number that is another one where a version of this crate or a site's file may ask a device
    /// for something else. It need not stay the same for anything longer than that.
    pub fn fingerprint(&self) -> u64 {
        self.0.fingerprint
    }

    /// Whether there is no row at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Default for Definitions {
    fn default() -> Self {
        Self::builtin()
    }
}

impl fmt::Debug for Definitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Definitions")
            .field("families", &self.families().len())
            .field("rows", &self.len())
            .finish()
    }
}

impl Inner {
    /// Every firmware that a maker names is there.
    fn check_makers(&self) -> Result<(), DefinitionError> {
        let is_known = |name: &String| self.families.iter().any(|family| family.name == *name);
        for maker in &self.makers {
            if let Some(unknown) = maker.firmware.iter().find(|name| !is_known(name)) {
                return Err(DefinitionError {
                    file: "makers".to_owned(),
                    row: maker.name.to_string(),
                    kind: DefinitionErrorKind::UnknownFamily(unknown.clone()),
                });
            }
        }
        Ok(())
    }

    fn note_badges(&mut self) {
        for (maker, row) in self.makers.iter().enumerate() {
            for (word, text) in row.words.iter().enumerate() {
                if let Some(first) = text.bytes().next() {
                    let places = self.badges.entry(first.to_ascii_lowercase()).or_default();
                    places.push((maker, word));
                }
            }
        }
    }

    /// Lays a site's file over what is there.
    fn apply(&mut self, name: &str, file: &CompiledFile) -> Result<(), DefinitionError> {
        for maker in &file.makers {
            self.makers.retain(|known| known.name != maker.name);
            self.makers.insert(0, maker.clone());
        }
        for row in file.describes.iter().rev() {
            self.describes.insert(0, row.clone());
        }
        let known = self
            .families
            .iter_mut()
            .find(|family| family.name == file.family.name);
        match known {
            Some(family) => merge(family, file),
            None if file.has_match || file.family.is_empty() => {
                self.families.push(file.family.clone());
            }
            None => {
                return Err(DefinitionError {
                    file: name.to_owned(),
                    row: "(file)".to_owned(),
                    kind: DefinitionErrorKind::NoMatch,
                });
            }
        }
        Ok(())
    }
}

impl Family {
    fn is_empty(&self) -> bool {
        self.identity.is_empty()
            && self.device_ids.is_empty()
            && self.numbers.is_empty()
            && self.tables.is_empty()
            && self.records.is_empty()
            && self.sums.is_empty()
            && self.sentinels.is_empty()
            && self.receptacles.is_empty()
            && self.supply_texts.is_empty()
            && self.supply_tables.is_empty()
            && self.claimed_kinds.is_empty()
            && self.limits.is_empty()
    }
}

/// The name of a row without the family in front and the mark of a site behind.
fn local_name<'r>(family: &str, rule: &'r str) -> &'r str {
    let rule = rule.strip_suffix("@site").unwrap_or(rule);
    rule.strip_prefix(family)
        .and_then(|rest| rest.strip_prefix('.'))
        .unwrap_or(rule)
}

fn merge(family: &mut Family, file: &CompiledFile) {
    let new = file.family.clone();
    let mut gone: BTreeSet<String> = file.disable.iter().cloned().collect();
    let mut replace = |head: &family::Head| {
        gone.insert(local_name(&file.family.name, head.rule.name.as_str()).to_owned());
    };
    new.identity.iter().for_each(|row| replace(&row.head));
    new.device_ids.iter().for_each(|row| replace(&row.head));
    new.numbers.iter().for_each(|row| replace(&row.number.head));
    let tables = new.tables.iter().flat_map(|table| &table.numbers);
    tables.for_each(|row| replace(&row.number.head));
    let records = new.records.iter().flat_map(|records| &records.numbers);
    records.for_each(|row| replace(&row.number.head));
    new.sums.iter().for_each(|row| replace(&row.head));
    new.sentinels.iter().for_each(|row| replace(&row.head));
    new.receptacles.iter().for_each(|row| replace(&row.head));
    new.supply_texts.iter().for_each(|row| replace(&row.head));
    new.supply_tables.iter().for_each(|row| replace(&row.head));
    new.claimed_kinds.iter().for_each(|row| replace(&row.head));
    new.limits.iter().for_each(|row| replace(&row.head));

    let name = family.name.clone();
    let stays = |head: &family::Head| !gone.contains(local_name(&name, head.rule.name.as_str()));
    family.identity.retain(|row| stays(&row.head));
    family.device_ids.retain(|row| stays(&row.head));
    family.numbers.retain(|row| stays(&row.number.head));
    for table in &mut family.tables {
        table.numbers.retain(|row| stays(&row.number.head));
    }
    for records in &mut family.records {
        records.numbers.retain(|row| stays(&row.number.head));
    }
    family.sums.retain(|row| stays(&row.head));
    family.sentinels.retain(|row| stays(&row.head));
    family.receptacles.retain(|row| stays(&row.head));
    family.supply_texts.retain(|row| stays(&row.head));
    family.supply_tables.retain(|row| stays(&row.head));
    family.claimed_kinds.retain(|row| stays(&row.head));
    family.limits.retain(|row| stays(&row.head));

    // A site's rows stand in front: where ranks are equal, the first row wins.
    family.identity.splice(0..0, new.identity);
    family.device_ids.splice(0..0, new.device_ids);
    family.numbers.splice(0..0, new.numbers);
    family.tables.splice(0..0, new.tables);
    family.records.splice(0..0, new.records);
    family.sums.splice(0..0, new.sums);
    family.sentinels.splice(0..0, new.sentinels);
    family.receptacles.splice(0..0, new.receptacles);
    family.supply_texts.splice(0..0, new.supply_texts);
    family.supply_tables.splice(0..0, new.supply_tables);
    family.claimed_kinds.splice(0..0, new.claimed_kinds);
    family.limits.splice(0..0, new.limits);
    let matching = &mut family.matching;
    matching.always |= new.matching.always;
    matching.object_ids.extend(new.matching.object_ids);
    matching.descriptions.extend(new.matching.descriptions);
    matching.may_be.extend(new.matching.may_be);
    matching.probes.extend(new.matching.probes);
}

/// Every sum adds rows that there are.
fn check_inputs(file: &str, family: &Family) -> Result<(), DefinitionError> {
    let tables = family.tables.iter().flat_map(|table| &table.numbers);
    let records = family.records.iter().flat_map(|records| &records.numbers);
    let names: BTreeSet<&str> = family
        .numbers
        .iter()
        .map(|row| &row.number)
        .chain(tables.map(|row| &row.number))
        .chain(records.map(|row| &row.number))
        .map(|number| number.local.as_str())
        .collect();
    for sum in &family.sums {
        let inputs = sum.plus.iter().chain(&sum.minus);
        if let Some(unknown) = inputs
            .into_iter()
            .find(|name| !names.contains(name.as_str()))
        {
            return Err(DefinitionError {
                file: file.to_owned(),
                row: sum.head.rule.name.to_string(),
                kind: DefinitionErrorKind::UnknownInput(unknown.clone()),
            });
        }
    }
    Ok(())
}
