//! From a file's text to checked rows.

use super::document::{
    DeviceIdDocument, FileDocument, IdentityDocument, IndexDocument, LevelDocument, LimitsDocument,
    MakerDocument, MatchDocument, MeterDocument, NumberDocument, PatternDocument, RecordsDocument,
    ScaleDocument, SumDocument, SupplyFieldWord, SupplyTableDocument, TableDocument, WhenDocument,
    WhenInstanceDocument,
};
use super::error::{DefinitionError, DefinitionErrorKind as Kind};
use super::family::{
    ClaimedKindRow, DescribeRow, DeviceIdRow, Family, Head, IdentityRow, LevelTarget, LimitsRow,
    Maker, MakerOfFamily, Matching, Meaning, MeterKey, Number, NumberRow, Origin, Place,
    ReceptacleRow, RecordNumberRow, RecordRows, Scale, SentinelRow, SumRow, SupplyTableRow,
    SupplyTextRow, TableNumberRow, TableRows, Trust, When,
};
use super::proof::{Proof, ProofClass};
use crate::text::Pattern;
use pagetally_model::{Exactness, RuleId, Text};
use pagetally_snmp_engine::{Oid, deny};
use std::collections::{BTreeMap, BTreeSet};

/// Ceiling on one file.
const MAX_BYTES: usize = 1 << 20;

/// Where a row stands among others for the same value when it does not say: vendor rows before the
/// standard's own.
const DEFAULT_RANK: u32 = 20;

/// The same for a row that one source alone speaks for: behind those that are proved.
const DEFAULT_RANK_OF_UNPROVEN: u32 = 30;

/// One file, checked.
pub(super) struct CompiledFile {
    pub(super) family: Family,
    pub(super) has_match: bool,
    pub(super) disable: Vec<String>,
    pub(super) makers: Vec<Maker>,
    pub(super) describes: Vec<DescribeRow>,
}

/// Reads and checks one file.
pub(super) fn compile(
    file: &str,
    text: &str,
    origin: Origin,
) -> Result<CompiledFile, DefinitionError> {
    let fail = |kind| DefinitionError {
        file: file.to_owned(),
        row: "(file)".to_owned(),
        kind,
    };
    if text.len() > MAX_BYTES {
        return Err(fail(Kind::TooLarge(text.len())));
    }
    let document: FileDocument =
        toml::from_str(text).map_err(|error| fail(Kind::Toml(Box::new(error))))?;
    if document.format != 1 {
        return Err(fail(Kind::Format(document.format)));
    }
    let mut compiler = Compiler {
        file,
        family: document.family.clone(),
        version: document.version,
        origin,
        roots: BTreeMap::new(),
        names: BTreeSet::new(),
        places: BTreeMap::new(),
    };
    compiler.check_name("(file)", &document.family)?;
    for (name, oid) in &document.roots {
        let oid = compiler.oid("(roots)", oid)?;
        compiler.roots.insert(name.clone(), oid);
    }
    compiler.file(document)
}

struct Compiler<'a> {
    file: &'a str,
    family: String,
    version: u32,
    origin: Origin,
    roots: BTreeMap<String, Oid>,
    names: BTreeSet<String>,
    places: BTreeMap<String, String>,
}

impl Compiler<'_> {
    fn file(mut self, document: FileDocument) -> Result<CompiledFile, DefinitionError> {
        let has_match = document.matching.is_some();
        let matching = document
            .matching
            .map(|matching| self.matching(&matching))
            .transpose()?
            .unwrap_or_default();
        let maker = document.maker.as_deref().and_then(Text::non_empty);
        let mut family = Family {
            name: self.family.clone(),
            maker: maker.map(|name| MakerOfFamily {
                name,
                rule: RuleId {
                    name: Text::clean(&format!("{}.answers", self.family)),
                    version: self.version,
                },
            }),
            matching,
            identity: Vec::new(),
            device_ids: Vec::new(),
            numbers: Vec::new(),
            tables: Vec::new(),
            records: Vec::new(),
            sums: Vec::new(),
            sentinels: Vec::new(),
            receptacles: Vec::new(),
            supply_texts: Vec::new(),
            supply_tables: Vec::new(),
            claimed_kinds: Vec::new(),
            limits: Vec::new(),
        };
        for row in document.identity {
            family.identity.push(self.identity(row)?);
        }
        for row in document.device_id {
            family.device_ids.push(self.device_id(row)?);
        }
        for row in document.number {
            family.numbers.push(self.number(row)?);
        }
        for row in document.table {
            family.tables.push(self.table(row)?);
        }
        for row in document.records {
            family.records.push(self.records(row)?);
        }
        for row in document.sum {
            family.sums.push(self.sum(row)?);
        }
        for row in document.sentinel {
            let head = self.head(&row.rule, None, &row.reason, &row.proof)?;
            family.sentinels.push(SentinelRow {
                head,
                raw: row.raw,
                means: row.means,
            });
        }
        for row in document.receptacle {
            let head = self.head(&row.rule, None, &row.reason, &row.proof)?;
            family.receptacles.push(ReceptacleRow {
                head,
                kinds: row.kinds,
                measures: row.measures,
            });
        }
        for row in document.supply_text {
            let head = self.head(&row.rule, None, &row.reason, &row.proof)?;
            let pattern = self.taking(&row.rule, &row.pattern)?;
            family.supply_texts.push(SupplyTextRow {
                head,
                field: row.field,
                pattern,
            });
        }
        for row in document.supply_table {
            family.supply_tables.push(self.supply_table(row)?);
        }
        for row in document.claimed_kind {
            let head = self.head(&row.rule, None, &row.reason, &row.proof)?;
            family.claimed_kinds.push(ClaimedKindRow {
                head,
                model: self.pattern(&row.rule, &row.model)?,
                from: row.from,
                to: row.to,
            });
        }
        for row in document.limits {
            family.limits.push(self.limits(row)?);
        }
        let makers = document
            .makers
            .into_iter()
            .map(|row| self.maker(row))
            .collect::<Result<_, _>>()?;
        let mut describes = Vec::new();
        for row in document.describe {
            describes.push(DescribeRow {
                head: self.head(&row.rule, row.rank, &row.reason, &row.proof)?,
                patterns: self.patterns(&row.rule, &row.pattern)?,
                class: row.class,
                maker: row.maker.as_deref().and_then(Text::non_empty),
            });
        }
        Ok(CompiledFile {
            family,
            has_match,
            disable: document.disable,
            makers,
            describes,
        })
    }

    fn matching(&self, row: &MatchDocument) -> Result<Matching, DefinitionError> {
        let oids = |texts: &[String]| -> Result<Vec<Oid>, DefinitionError> {
            texts.iter().map(|text| self.oid("(match)", text)).collect()
        };
        let descriptions = row
            .descriptions
            .iter()
            .map(|text| self.pattern("(match)", text))
            .collect::<Result<_, _>>()?;
        Ok(Matching {
            always: row.always,
            object_ids: oids(&row.object_ids)?,
            descriptions,
            may_be: oids(&row.may_be)?,
            probes: row
                .probes
                .iter()
                .map(|text| self.instance("(match)", text))
                .collect::<Result<_, _>>()?,
        })
    }

    fn limits(&mut self, row: LimitsDocument) -> Result<LimitsRow, DefinitionError> {
        let head = self.head(&row.rule, None, &row.reason, &row.proof)?;
        let oids = |texts: &[String]| -> Result<Vec<Oid>, DefinitionError> {
            texts.iter().map(|text| self.oid(&row.rule, text)).collect()
        };
        let descriptions = row.descriptions.iter();
        let descriptions = descriptions.map(|text| self.pattern(&row.rule, text));
        Ok(LimitsRow {
            head,
            object_ids: oids(&row.object_ids)?,
            descriptions: descriptions.collect::<Result<_, _>>()?,
            bulk: row.bulk,
            v2c: row.v2c,
            max_octets: row.max_octets,
            max_names: row.max_names,
            walkable: oids(&row.walkable)?,
        })
    }

    fn identity(&mut self, row: IdentityDocument) -> Result<IdentityRow, DefinitionError> {
        let head = self.head(&row.rule, row.rank, &row.reason, &row.proof)?;
        let place = match (&row.oid, &row.column) {
            (Some(oid), None) => Place::Instance(self.instance(&row.rule, oid)?),
            (None, Some(column)) => Place::Column(self.column(&row.rule, column)?),
            _ => return Err(self.error(&row.rule, Kind::NoPlace)),
        };
        let texts = row.pattern.as_ref().map_or(&[][..], PatternDocument::texts);
        let purpose = format!("{:?} {place:?} {texts:?}", row.field);
        self.check_place(&row.rule, purpose)?;
        let patterns = texts.iter().map(|text| self.taking(&row.rule, text));
        let patterns = patterns.collect::<Result<Vec<_>, _>>()?;
        if row.pattern.is_some() && patterns.is_empty() {
            return Err(self.error(
                &row.rule,
                Kind::Range("a list of patterns names one at least"),
            ));
        }
        let when = self.when_instance(&row.rule, row.when.as_ref())?;
        Ok(IdentityRow {
            head,
            field: row.field,
            place,
            encoding: row.encoding,
            when,
            patterns,
        })
    }

    fn device_id(&mut self, row: DeviceIdDocument) -> Result<DeviceIdRow, DefinitionError> {
        let head = self.head(&row.rule, row.rank, &row.reason, &row.proof)?;
        let oid = self.instance(&row.rule, &row.oid)?;
        self.check_place(&row.rule, format!("device-id {oid}"))?;
        Ok(DeviceIdRow { head, oid })
    }

    fn number(&mut self, row: NumberDocument) -> Result<NumberRow, DefinitionError> {
        let oid = self.instance(&row.rule, &row.oid)?;
        let pattern = row
            .pattern
            .as_deref()
            .map(|text| self.taking(&row.rule, text))
            .transpose()?;
        self.check_place(&row.rule, format!("number {oid} {:?}", row.pattern))?;
        let head = self.head(&row.rule, row.rank, &row.reason, &row.proof)?;
        let number = self.number_of(
            &row.rule,
            head,
            row.meter,
            row.level,
            row.scale,
            row.exactness,
        )?;
        let when = self.when_instance(&row.rule, row.when.as_ref())?;
        Ok(NumberRow {
            number,
            oid,
            when,
            pattern,
        })
    }

    fn table(&mut self, table: TableDocument) -> Result<TableRows, DefinitionError> {
        self.head(&table.rule, None, &table.reason, &table.proof)?;
        self.check_rows(&table.rule, table.max_rows)?;
        let mut places = BTreeMap::new();
        let mut columns = Vec::new();
        for (name, oid) in &table.columns {
            places.insert(name.clone(), columns.len());
            columns.push(self.column(&table.rule, oid)?);
        }
        let mut numbers = Vec::new();
        for row in table.number {
            let rule = format!("{}.{}", table.rule, row.rule);
            let proof = row.proof.as_deref().unwrap_or(&table.proof);
            let column = |name: &str| {
                let unknown = || self.error(&rule, Kind::UnknownColumn(name.to_owned()));
                places.get(name).copied().ok_or_else(unknown)
            };
            let value = column(&row.value)?;
            let conditions = |rows: &BTreeMap<String, WhenDocument>| {
                rows.iter()
                    .map(|(name, condition)| Ok((column(name)?, self.when(&rule, condition)?)))
                    .collect::<Result<Vec<_>, DefinitionError>>()
            };
            let when = conditions(&row.when)?;
            let unless = conditions(&row.unless)?;
            let without: Result<Vec<usize>, _> = row.without.iter().map(|c| column(c)).collect();
            let without = without?;
            let index = match &row.index {
                None => &[][..],
                Some(IndexDocument::One(index)) => std::slice::from_ref(index),
                Some(IndexDocument::Several(several)) => several,
            };
            let index: Result<_, Kind> = index.iter().map(|index| parse_index(index)).collect();
            let index = index.map_err(|kind| self.error(&rule, kind))?;
            let head = self.head(&rule, row.rank, &row.reason, proof)?;
            let number =
                self.number_of(&rule, head, row.meter, row.level, row.scale, row.exactness)?;
            numbers.push(TableNumberRow {
                number,
                index,
                when,
                unless,
                without,
                value,
                pick: row.pick,
            });
        }
        let parts = table.parts.iter().map(|arcs| self.part(&table.rule, arcs));
        let parts = parts.collect::<Result<_, _>>()?;
        Ok(TableRows {
            columns,
            parts,
            max_rows: table.max_rows,
            numbers,
        })
    }

    fn when(&self, rule: &str, condition: &WhenDocument) -> Result<When, DefinitionError> {
        let patterns = |texts: &[String]| {
            let compiled = texts.iter().map(|text| self.pattern(rule, text));
            compiled.collect::<Result<_, _>>().map(When::Patterns)
        };
        match condition {
            WhenDocument::Number(number) => Ok(When::Numbers(vec![*number])),
            WhenDocument::Numbers(numbers) => Ok(When::Numbers(numbers.clone())),
            WhenDocument::Pattern(text) => patterns(std::slice::from_ref(text)),
            WhenDocument::Patterns(texts) => patterns(texts),
        }
    }

    fn when_instance(
        &self,
        rule: &str,
        when: Option<&WhenInstanceDocument>,
    ) -> Result<Option<(Oid, Pattern)>, DefinitionError> {
        when.map(|when| {
            let oid = self.instance(rule, &when.oid)?;
            Ok((oid, self.pattern(rule, &when.pattern)?))
        })
        .transpose()
    }

    /// Arcs below a table's columns.
    fn part(&self, rule: &str, arcs: &str) -> Result<Vec<u32>, DefinitionError> {
        let arcs: Result<Vec<u32>, _> = arcs.split('.').map(str::parse).collect();
        arcs.map_err(|_| {
            self.error(
                rule,
                Kind::Range("a part is made of numbers, with dots between"),
            )
        })
    }

    fn supply_table(
        &mut self,
        row: SupplyTableDocument,
    ) -> Result<SupplyTableRow, DefinitionError> {
        let head = self.head(&row.rule, None, &row.reason, &row.proof)?;
        self.check_rows(&row.rule, row.max_rows)?;
        let words = [
            (SupplyFieldWord::PartNumber, &row.part_number),
            (SupplyFieldWord::Serial, &row.serial),
        ];
        let mut fields = Vec::new();
        for (word, oid) in words {
            if let Some(oid) = oid {
                fields.push((word, self.column(&row.rule, oid)?));
            }
        }
        if fields.is_empty() {
            let kind = Kind::Range("a table of supplies needs a part_number or a serial");
            return Err(self.error(&row.rule, kind));
        }
        Ok(SupplyTableRow {
            head,
            description: self.column(&row.rule, &row.description)?,
            fields,
            max_rows: row.max_rows,
        })
    }

    fn check_rows(&self, rule: &str, max_rows: u32) -> Result<(), DefinitionError> {
        match max_rows {
            1..=2_048 => Ok(()),
            _ => Err(self.error(rule, Kind::Range("max_rows is a number from 1 to 2048"))),
        }
    }

    fn records(&mut self, records: RecordsDocument) -> Result<RecordRows, DefinitionError> {
        self.head(&records.rule, None, &records.reason, &records.proof)?;
        let oid = self.instance(&records.rule, &records.oid)?;
        self.check_place(&records.rule, format!("records {oid}"))?;
        let mut numbers = Vec::new();
        for row in records.number {
            let rule = format!("{}.{}", records.rule, row.rule);
            let proof = row.proof.as_deref().unwrap_or(&records.proof);
            if row.lengths.is_empty()
                || row.lengths.iter().any(|length| *length == 0 || *length > 8)
            {
                let kind = Kind::Range("lengths are numbers from 1 to 8");
                return Err(self.error(&rule, kind));
            }
            let head = self.head(&rule, row.rank, &row.reason, proof)?;
            let number =
                self.number_of(&rule, head, row.meter, row.level, row.scale, row.exactness)?;
            numbers.push(RecordNumberRow {
                number,
                id: row.id,
                lengths: row.lengths,
                form: row.form,
            });
        }
        Ok(RecordRows {
            oid,
            layout: records.layout,
            numbers,
        })
    }

    fn sum(&mut self, row: SumDocument) -> Result<SumRow, DefinitionError> {
        let head = self.head(&row.rule, row.rank, &row.reason, &row.proof)?;
        if row.plus.is_empty() {
            return Err(self.error(&row.rule, Kind::Range("a sum needs something to add")));
        }
        Ok(SumRow {
            trust: trust(&head, row.exactness, Exactness::Derived),
            head,
            plus: row.plus,
            minus: row.minus,
            unsupported: row.unsupported,
            meaning: Meaning::Meter(meter_key(row.meter)),
        })
    }

    fn maker(&mut self, row: MakerDocument) -> Result<Maker, DefinitionError> {
        let local = row.name.to_ascii_lowercase().replace([' ', '.', '&'], "-");
        let head = self.head(&format!("maker-{local}"), None, &row.reason, &row.proof)?;
        let oids = |texts: &[String]| -> Result<Vec<Oid>, DefinitionError> {
            texts.iter().map(|text| self.oid(&row.name, text)).collect()
        };
        Ok(Maker {
            name: Text::clean(&row.name),
            head,
            enterprises: row.enterprises.clone(),
            printers: oids(&row.printers)?,
            others: oids(&row.others)?,
            hosts: oids(&row.hosts)?,
            words: row.words,
            firmware: row.firmware,
        })
    }

    fn number_of(
        &self,
        rule: &str,
        head: Head,
        meter: Option<MeterDocument>,
        level: Option<LevelDocument>,
        scale: ScaleDocument,
        exactness: Option<Exactness>,
    ) -> Result<Number, DefinitionError> {
        if scale.divide == 0 {
            return Err(self.error(rule, Kind::Range("divide must not be zero")));
        }
        let meaning = match (meter, level) {
            (Some(_), Some(_)) => return Err(self.error(rule, Kind::TwoMeanings)),
            (Some(meter), None) => Meaning::Meter(meter_key(meter)),
            (None, Some(level)) if level.kinds.is_empty() => {
                return Err(self.error(rule, Kind::Range("a level needs a kind of supply")));
            }
            (None, Some(level)) => Meaning::Level(LevelTarget {
                slot: Text::clean(&format!("{}.{}", self.family, level.slot)),
                kinds: level.kinds,
                colorant: level.colorant.as_deref().and_then(Text::non_empty),
            }),
            (None, None) => Meaning::Input,
        };
        Ok(Number {
            trust: trust(&head, exactness, Exactness::Exact),
            head,
            local: rule.to_owned(),
            meaning,
            scale: Scale {
                multiply: scale.multiply,
                divide: scale.divide,
            },
        })
    }

    fn head(
        &mut self,
        rule: &str,
        rank: Option<u32>,
        reason: &str,
        proof: &str,
    ) -> Result<Head, DefinitionError> {
        for word in rule.split('.') {
            self.check_name(rule, word)?;
        }
        if reason.trim().is_empty() {
            return Err(self.error(rule, Kind::NoReason));
        }
        if proof.trim().is_empty() {
            return Err(self.error(rule, Kind::NoProof));
        }
        let proof = Proof::parse(proof).map_err(|error| self.error(rule, Kind::Proof(error)))?;
        if !self.names.insert(rule.to_owned()) {
            return Err(self.error(rule, Kind::DuplicateRule));
        }
        let site = match self.origin {
            Origin::Site => "@site",
            Origin::Builtin => "",
        };
        Ok(Head {
            rule: RuleId {
                name: Text::clean(&format!("{}.{rule}{site}", self.family)),
                version: self.version,
            },
            origin: self.origin,
            rank: rank.unwrap_or(match proof.class() {
                ProofClass::Unproven => DEFAULT_RANK_OF_UNPROVEN,
                _ => DEFAULT_RANK,
            }),
            reason: reason.trim().into(),
            proof,
        })
    }

    fn check_name(&self, row: &str, name: &str) -> Result<(), DefinitionError> {
        let valid = !name.is_empty()
            && name.len() <= 64
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if valid {
            Ok(())
        } else {
            Err(self.error(row, Kind::Name))
        }
    }

    fn check_place(&mut self, rule: &str, place: String) -> Result<(), DefinitionError> {
        match self.places.insert(place, rule.to_owned()) {
            None => Ok(()),
            Some(other) => Err(self.error(rule, Kind::DuplicatePlace(other))),
        }
    }

    /// An object identifier: dotted, or a root's name with arcs behind it.
    fn oid(&self, row: &str, text: &str) -> Result<Oid, DefinitionError> {
        let begins_with_name = text.starts_with(|c: char| c.is_ascii_lowercase());
        let (root, tail) = if begins_with_name {
            let (name, tail) = text.split_once('.').unwrap_or((text, ""));
            let unknown = || self.error(row, Kind::UnknownRoot(name.to_owned()));
            (self.roots.get(name).ok_or_else(unknown)?.clone(), tail)
        } else {
            (Oid::default(), text)
        };
        if tail.is_empty() {
            return Ok(root);
        }
        let tail: Oid = tail
            .parse()
            .map_err(|error| self.error(row, Kind::Oid(error)))?;
        Ok(root.child(tail.arcs()))
    }

    /// An instance that a plain GET may ask for.
    fn instance(&self, row: &str, text: &str) -> Result<Oid, DefinitionError> {
        let oid = self.oid(row, text)?;
        match deny::instance(&oid) {
            Some(denied) => Err(self.error(row, Kind::Denied(denied.what))),
            None => Ok(oid),
        }
    }

    /// A column that may be walked.
    fn column(&self, row: &str, text: &str) -> Result<Oid, DefinitionError> {
        let oid = self.oid(row, text)?;
        match deny::walk(&oid) {
            Some(denied) => Err(self.error(row, Kind::Denied(denied.what))),
            None => Ok(oid),
        }
    }

    fn pattern(&self, row: &str, text: &str) -> Result<Pattern, DefinitionError> {
        Pattern::parse(text).map_err(|error| self.error(row, error.into()))
    }

    fn patterns(
        &self,
        row: &str,
        document: &PatternDocument,
    ) -> Result<Vec<Pattern>, DefinitionError> {
        match document.texts() {
            [] => Err(self.error(row, Kind::Range("a list of patterns names one at least"))),
            texts => texts.iter().map(|text| self.pattern(row, text)).collect(),
        }
    }

    fn taking(&self, row: &str, text: &str) -> Result<Pattern, DefinitionError> {
        Pattern::parse_taking(text).map_err(|error| self.error(row, error.into()))
    }

    fn error(&self, row: &str, kind: Kind) -> DefinitionError {
        DefinitionError {
            file: self.file.to_owned(),
            row: row.chars().take(80).collect(),
            kind,
        }
    }
}

/// What one source alone says is unproven, whatever else the row says of itself; and a row may call
/// itself unproven.
fn trust(head: &Head, stated: Option<Exactness>, usual: Exactness) -> Trust {
    let itself = stated == Some(Exactness::Unproven);
    Trust {
        once_proved: stated.filter(|_| !itself).unwrap_or(usual),
        unproven: itself || head.is_unproven(),
    }
}

fn meter_key(meter: MeterDocument) -> MeterKey {
    MeterKey {
        function: meter.function,
        color: meter.color,
        size: meter.size,
        sides: meter.sides,
        unit: meter.unit,
    }
}

fn parse_index(text: &str) -> Result<Vec<Option<u32>>, Kind> {
    text.split('.')
        .map(|part| match part {
            "*" => Ok(None),
            number => number
                .parse()
                .map(Some)
                .map_err(|_| Kind::Range("an index is made of numbers and *, with dots between")),
        })
        .collect()
}
