//! Definition rows as the decoder uses them: checked, with their OIDs read.

use super::document::{
    ClassWord, EncodingWord, FieldWord, FormWord, LayoutWord, LevelWord, PickWord, SupplyFieldWord,
    UnsupportedWord,
};
use super::{Proof, ProofClass};
use crate::reading::Cell;
use crate::text::Pattern;
use pagetally_model::{
    CounterUnit, Exactness, Measures, MeterColor, MeterFunction, MeterSides, MeterSize, Provenance,
    RuleId, Source, SupplyKind, Text,
};
use pagetally_snmp_engine::{Answers, Oid};

/// Where a row was written; a site's own comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    Site,
    Builtin,
}

/// What every row has.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) rule: RuleId,
    pub(crate) origin: Origin,
    pub(crate) rank: u32,
    /// Why the row is as it is.
    pub(crate) reason: Box<str>,
    /// What it rests on.
    pub(crate) proof: Proof,
}

impl Head {
    /// Whether one public source alone speaks for the row.
    pub(crate) fn is_unproven(&self) -> bool {
        self.proof.class() == ProofClass::Unproven
    }

    /// The provenance of a value that this row read.
    pub(crate) fn provenance(&self, source: Source) -> Provenance {
        let mut provenance = Provenance::new(source, self.rule.clone());
        provenance.unproven = self.is_unproven();
        provenance
    }
}

/// How far a row's readings can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trust {
    /// What they are once something supports them.
    pub(crate) once_proved: Exactness,
    /// Whether they need support.
    pub(crate) unproven: bool,
}

impl Trust {
    /// What they are by themselves.
    pub(crate) fn exactness(self) -> Exactness {
        match self.unproven {
            true => Exactness::Unproven,
            false => self.once_proved,
        }
    }
}

/// One family of devices that share firmware.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    pub(crate) name: String,
    /// Whose firmware it is as a rule.
    pub(crate) maker: Option<MakerOfFamily>,
    pub(crate) matching: Matching,
    pub(crate) identity: Vec<IdentityRow>,
    pub(crate) device_ids: Vec<DeviceIdRow>,
    pub(crate) numbers: Vec<NumberRow>,
    pub(crate) tables: Vec<TableRows>,
    pub(crate) records: Vec<RecordRows>,
    pub(crate) sums: Vec<SumRow>,
    pub(crate) sentinels: Vec<SentinelRow>,
    pub(crate) receptacles: Vec<ReceptacleRow>,
    pub(crate) supply_texts: Vec<SupplyTextRow>,
    pub(crate) supply_tables: Vec<SupplyTableRow>,
    pub(crate) claimed_kinds: Vec<ClaimedKindRow>,
    pub(crate) limits: Vec<LimitsRow>,
}

impl Family {
    /// The first of the maker's own objects that the device answers and that a counter's row reads.
    pub(crate) fn first_answer<'a>(&'a self, answers: &'a Answers) -> Option<Cell<'a>> {
        let numbers = self.numbers.iter().map(|row| (&row.oid, &[][..]));
        let columns = self.tables.iter().flat_map(|table| {
            let parts = table.parts.as_slice();
            table.columns.iter().map(move |column| (column, parts))
        });
        let mut own = numbers
            .chain(columns)
            .filter(|(root, _)| root.arcs().starts_with(&ENTERPRISES));
        own.find_map(|(root, parts)| {
            let mut cells = answers.below(root);
            let (_, oid, value) = cells.find(|(index, ..)| {
                parts.is_empty() || parts.iter().any(|part: &Vec<u32>| index.starts_with(part))
            })?;
            Some(Cell { oid, value })
        })
    }
}

/// Above every maker's own tree.
const ENTERPRISES: [u32; 6] = [1, 3, 6, 1, 4, 1];

/// What some devices of a family cannot do, and what can be relied on when they are asked.
#[derive(Clone, Debug)]
pub(crate) struct LimitsRow {
    pub(crate) head: Head,
    pub(crate) object_ids: Vec<Oid>,
    pub(crate) descriptions: Vec<Pattern>,
    pub(crate) bulk: bool,
    pub(crate) v2c: bool,
    pub(crate) max_octets: Option<u16>,
    pub(crate) max_names: Option<u16>,
    /// Subtrees of which a walk shows every object.
    pub(crate) walkable: Vec<Oid>,
}

impl LimitsRow {
    /// Whether the row holds for a device of the family.
    pub(super) fn holds(&self, object_id: Option<&Oid>, description: &str) -> bool {
        let everybody = self.object_ids.is_empty() && self.descriptions.is_empty();
        let by_number = |oid: &Oid| self.object_ids.iter().any(|root| oid.starts_with(root));
        everybody
            || object_id.is_some_and(by_number)
            || self.descriptions.iter().any(|one| one.matches(description))
    }
}

/// Which devices a family speaks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matching {
    pub(crate) always: bool,
    pub(crate) object_ids: Vec<Oid>,
    pub(crate) descriptions: Vec<Pattern>,
    pub(crate) may_be: Vec<Oid>,
    pub(crate) probes: Vec<Oid>,
}

/// Where a text stands.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Instance(Oid),
    Column(Oid),
}

#[derive(Clone, Debug)]
pub(crate) struct IdentityRow {
    pub(crate) head: Head,
    pub(crate) field: FieldWord,
    pub(crate) place: Place,
    pub(crate) encoding: EncodingWord,
    /// What another instance must say for the row to hold.
    pub(crate) when: Option<(Oid, Pattern)>,
    /// What is taken: by the first that covers the text; the whole text, where there are none.
    pub(crate) patterns: Vec<Pattern>,
}

/// A place that holds an IEEE 1284 device ID.
#[derive(Clone, Debug)]
pub(crate) struct DeviceIdRow {
    pub(crate) head: Head,
    pub(crate) oid: Oid,
}

/// What a number is good for.
#[derive(Clone, Debug)]
pub(crate) enum Meaning {
    /// It only goes into sums.
    Input,
    Level(LevelTarget),
    Meter(MeterKey),
}

/// Which count a meter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct MeterKey {
    pub(crate) function: MeterFunction,
    pub(crate) color: MeterColor,
    pub(crate) size: MeterSize,
    pub(crate) sides: MeterSides,
    pub(crate) unit: CounterUnit,
}

impl MeterKey {
    pub(crate) fn with_color(self, color: MeterColor) -> Self {
        Self { color, ..self }
    }

    pub(crate) fn with_function(self, function: MeterFunction) -> Self {
        Self { function, ..self }
    }

    pub(crate) fn with_sides(self, sides: MeterSides) -> Self {
        Self { sides, ..self }
    }

    pub(crate) fn with_size(self, size: MeterSize) -> Self {
        Self { size, ..self }
    }
}

/// Which supply's percentage a number is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LevelTarget {
    /// `family.place`, the slot of a supply that the standard table does not have.
    pub(crate) slot: Text,
    pub(crate) kinds: Vec<SupplyKind>,
    pub(crate) colorant: Option<Text>,
}

/// `raw * multiply / divide`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    pub(crate) multiply: u64,
    pub(crate) divide: u64,
}

impl Scale {
    /// The scaled number; nothing on overflow.
    pub(crate) fn apply(self, raw: u64) -> Option<u64> {
        raw.checked_mul(self.multiply)?.checked_div(self.divide)
    }
}

/// What rows that give a number have in common.
#[derive(Clone, Debug)]
pub(crate) struct Number {
    pub(crate) head: Head,
    /// The name within the family, as sums use it.
    pub(crate) local: String,
    pub(crate) meaning: Meaning,
    pub(crate) scale: Scale,
    pub(crate) trust: Trust,
}

#[derive(Clone, Debug)]
pub(crate) struct NumberRow {
    pub(crate) number: Number,
    pub(crate) oid: Oid,
    /// What another instance must say for the row to hold.
    pub(crate) when: Option<(Oid, Pattern)>,
    pub(crate) pattern: Option<Pattern>,
}

/// A table whose rows are found by what they say of themselves.
#[derive(Clone, Debug)]
pub(crate) struct TableRows {
    pub(crate) columns: Vec<Oid>,
    /// Arcs below the columns: only what stands below one of them is asked for.
    pub(crate) parts: Vec<Vec<u32>>,
    pub(crate) max_rows: u32,
    pub(crate) numbers: Vec<TableNumberRow>,
}

#[derive(Clone, Debug)]
pub(crate) struct TableNumberRow {
    pub(crate) number: Number,
    /// Any of these; any row at all, where there are none.
    pub(crate) index: Vec<Vec<Option<u32>>>,
    /// Column's place in [`TableRows::columns`], and what it must hold.
    pub(crate) when: Vec<(usize, When)>,
    /// Column's place in [`TableRows::columns`], and what it must not hold.
    pub(crate) unless: Vec<(usize, When)>,
    /// Places of columns that must not answer.
    pub(crate) without: Vec<usize>,
    /// Column's place in [`TableRows::columns`].
    pub(crate) value: usize,
    pub(crate) pick: PickWord,
}

#[derive(Clone, Debug)]
pub(crate) enum When {
    Numbers(Vec<i64>),
    Patterns(Vec<Pattern>),
}

/// Records inside one octet string.
#[derive(Clone, Debug)]
pub(crate) struct RecordRows {
    pub(crate) oid: Oid,
    pub(crate) layout: LayoutWord,
    pub(crate) numbers: Vec<RecordNumberRow>,
}

#[derive(Clone, Debug)]
pub(crate) struct RecordNumberRow {
    pub(crate) number: Number,
    pub(crate) id: u8,
    pub(crate) lengths: Vec<u8>,
    pub(crate) form: FormWord,
}

#[derive(Clone, Debug)]
pub(crate) struct SumRow {
    pub(crate) head: Head,
    pub(crate) plus: Vec<String>,
    pub(crate) minus: Vec<String>,
    pub(crate) unsupported: UnsupportedWord,
    pub(crate) meaning: Meaning,
    pub(crate) trust: Trust,
}

#[derive(Clone, Debug)]
pub(crate) struct SentinelRow {
    pub(crate) head: Head,
    pub(crate) raw: i64,
    pub(crate) means: LevelWord,
}

#[derive(Clone, Debug)]
pub(crate) struct ReceptacleRow {
    pub(crate) head: Head,
    pub(crate) kinds: Vec<SupplyKind>,
    pub(crate) measures: Measures,
}

#[derive(Clone, Debug)]
pub(crate) struct SupplyTextRow {
    pub(crate) head: Head,
    pub(crate) field: SupplyFieldWord,
    pub(crate) pattern: Pattern,
}

/// A maker's own table of the supplies that the standard table has too.
#[derive(Clone, Debug)]
pub(crate) struct SupplyTableRow {
    pub(crate) head: Head,
    /// The column whose text is the supply's description in the standard table.
    pub(crate) description: Oid,
    /// What the table tells, and in which column.
    pub(crate) fields: Vec<(SupplyFieldWord, Oid)>,
    pub(crate) max_rows: u32,
}

/// What a supply is on some models that only a level's row knows.
#[derive(Clone, Debug)]
pub(crate) struct ClaimedKindRow {
    pub(crate) head: Head,
    pub(crate) model: Pattern,
    pub(crate) from: SupplyKind,
    pub(crate) to: SupplyKind,
}

/// The maker whose firmware a family is.
#[derive(Clone, Debug)]
pub(crate) struct MakerOfFamily {
    pub(crate) name: Text,
    pub(crate) rule: RuleId,
}

/// A maker: the name on the device.
#[derive(Clone, Debug)]
pub(crate) struct Maker {
    pub(crate) name: Text,
    pub(crate) head: Head,
    pub(crate) enterprises: Vec<u32>,
    pub(crate) words: Vec<String>,
    /// Families whose firmware the maker's devices run beside what its own numbers tell.
    pub(crate) firmware: Vec<String>,
    pub(crate) printers: Vec<Oid>,
    pub(crate) others: Vec<Oid>,
    /// Agents that run on anything.
    pub(crate) hosts: Vec<Oid>,
}

/// What a sysDescr proves.
#[derive(Clone, Debug)]
pub(crate) struct DescribeRow {
    pub(crate) head: Head,
    /// Any of these.
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) class: ClassWord,
    pub(crate) maker: Option<Text>,
}

impl DescribeRow {
    /// Whether the row speaks of such a sysDescr.
    pub(crate) fn covers(&self, description: &str) -> bool {
        self.patterns
            .iter()
            .any(|pattern| pattern.matches(description))
    }
}
