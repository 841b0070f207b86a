//! The definitions as others may look at them: each row's name, subject, reason and proof.

use super::family::{Head, LevelTarget, Meaning};
use super::{Definitions, FieldWord, Origin, Proof, ProofClass, SupplyFieldWord};
use pagetally_model::{
    CounterUnit, Exactness, Measures, MeterColor, MeterFunction, MeterSides, MeterSize, RuleId,
    SupplyKind,
};

/// One row of the definitions.
#[derive(Clone, Copy, Debug)]
pub struct Row<'d> {
    head: &'d Head,
    family: &'d str,
    maker: Option<&'d str>,
    subject: Subject<'d>,
    exactness: Option<Exactness>,
    place: Option<&'d pagetally_snmp_engine::Oid>,
}

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subject<'d> {
    /// What a supply is on some models.
    ClaimedKind(SupplyKind),
    /// What a sysDescr says of its device.
    Description,
    /// The device's IEEE 1284 identification: maker, model, serial.
    DeviceId,
    /// A field of the identity, by its name in documents.
    Identity(&'static str),
    /// A number that only goes into sums.
    Input,
    /// The level of a supply, in percent.
    Level {
        /// What the supply may be.
        kinds: &'d [SupplyKind],
        /// Its colourant, where it has one.
        colorant: Option<&'d str>,
    },
    /// A level outside RFC 3805 that stands for something.
    LevelSentinel(i64),
    /// What devices cannot do when they are asked.
    Limits,
    /// A maker: names and enterprise numbers.
    Maker,
    /// A counter.
    Meter {
        /// What was done.
        function: MeterFunction,
        /// In which colours.
        color: MeterColor,
        /// On which sizes.
        size: MeterSize,
        /// On how many sides.
        sides: MeterSides,
        /// What one step is.
        unit: CounterUnit,
    },
    /// Whether a receptacle counts what is left or how full it is.
    Receptacle(Measures),
    /// A field that stands inside a supply's description, by its name in documents.
    SupplyText(&'static str),
}

/// A name on devices, and whose definitions speak for them.
#[derive(Clone, Debug)]
pub struct Brand<'d> {
    /// The maker's name.
    pub name: &'d str,
    /// The families whose match takes the maker's own object identifiers or name, and those whose
    /// firmware its devices are said to run.
    pub families: Vec<&'d str>,
}

impl<'d> Row<'d> {
    /// The row's full name and its file's version, as provenance names it.
    pub fn rule(&self) -> &'d RuleId {
        &self.head.rule
    }

    /// The family of firmware that it belongs to.
    pub fn family(&self) -> &'d str {
        self.family
    }

    /// Whose firmware that is as a rule.
    pub fn maker(&self) -> Option<&'d str> {
        self.maker
    }

    /// What the row is about.
    pub fn subject(&self) -> Subject<'d> {
        self.subject
    }

    /// Why it is as it is.
    pub fn reason(&self) -> &'d str {
        &self.head.reason
    }

    /// What it rests on.
    pub fn proof(&self) -> &'d Proof {
        &self.head.proof
    }

    /// How well it is proved. A row that calls its own readings unproven is no better than that,
    /// whatever it names.
    pub fn proof_class(&self) -> ProofClass {
        match self.exactness {
            Some(Exactness::Unproven) => ProofClass::Unproven,
            _ => self.head.proof.class(),
        }
    }

    /// The object that it reads, or the column or string in which its object stands; nothing for
    /// rows that read no object of their own.
    pub fn place(&self) -> Option<&'d pagetally_snmp_engine::Oid> {
        self.place
    }

    /// Whether a site wrote it.
    pub fn is_of_site(&self) -> bool {
        self.head.origin == Origin::Site
    }
}

impl Definitions {
    /// Every row, in the order of the files. A maker's table of supplies is there once for each
    /// field that it tells.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let mut rows = Vec::with_capacity(self.len());
        for family in self.families() {
            let mut push = |head, subject, place| {
                rows.push(Row {
                    head,
                    family: &family.name,
                    maker: family.maker.as_ref().map(|maker| maker.name.as_str()),
                    subject,
                    exactness: None,
                    place,
                });
            };
            for row in &family.identity {
                let place = match &row.place {
                    super::Place::Instance(oid) | super::Place::Column(oid) => oid,
                };
                push(&row.head, Subject::Identity(field(row.field)), Some(place));
            }
            for row in &family.device_ids {
                push(&row.head, Subject::DeviceId, Some(&row.oid));
            }
            for row in &family.sentinels {
                push(&row.head, Subject::LevelSentinel(row.raw), None);
            }
            for row in &family.receptacles {
                push(&row.head, Subject::Receptacle(row.measures), None);
            }
            for row in &family.supply_texts {
                push(
                    &row.head,
                    Subject::SupplyText(supply_field(row.field)),
                    None,
                );
            }
            for row in &family.supply_tables {
                for (field, column) in &row.fields {
                    let subject = Subject::SupplyText(supply_field(*field));
                    push(&row.head, subject, Some(column));
                }
            }
            for row in &family.claimed_kinds {
                push(&row.head, Subject::ClaimedKind(row.to), None);
            }
            for row in &family.limits {
                push(&row.head, Subject::Limits, None);
            }
            let mut number = |head, meaning, exactness, place| {
                rows.push(Row {
                    head,
                    family: &family.name,
                    maker: family.maker.as_ref().map(|maker| maker.name.as_str()),
                    subject: subject(meaning),
                    exactness: Some(exactness),
                    place,
                });
            };
            for row in &family.numbers {
                let found = &row.number;
                number(
                    &found.head,
                    &found.meaning,
                    found.trust.exactness(),
                    Some(&row.oid),
                );
            }
            for table in &family.tables {
                for row in &table.numbers {
                    let found = &row.number;
                    let column = table.columns.get(row.value);
                    number(&found.head, &found.meaning, found.trust.exactness(), column);
                }
            }
            for records in &family.records {
                for row in &records.numbers {
                    let found = &row.number;
                    let place = Some(&records.oid);
                    number(&found.head, &found.meaning, found.trust.exactness(), place);
                }
            }
            for row in &family.sums {
                number(&row.head, &row.meaning, row.trust.exactness(), None);
            }
        }
        let plain = |head, subject| Row {
            head,
            family: "",
            maker: None,
            subject,
            exactness: None,
            place: None,
        };
        rows.extend(self.makers().iter().map(|row| Row {
            maker: Some(row.name.as_str()),
            ..plain(&row.head, Subject::Maker)
        }));
        rows.extend(self.describes().iter().map(|row| Row {
            maker: row.maker.as_ref().map(|maker| maker.as_str()),
            ..plain(&row.head, Subject::Description)
        }));
        rows.into_iter()
    }

    /// The row that provenance names, with or without what a reading adds behind `/` (a character
    /// set, a number of rows). The rules of this crate's own code, which read the standard MIBs,
    /// are no rows.
    pub fn row(&self, rule: &str) -> Option<Row<'_>> {
        let rule = rule.split_once('/').map_or(rule, |(rule, _)| rule);
        self.rows().find(|row| row.head.rule.name.as_str() == rule)
    }

    /// Every maker that has a name here, and the families that speak for devices under the maker's
    /// own object identifiers.
    pub fn brands(&self) -> impl Iterator<Item = Brand<'_>> {
        let of = |maker: &super::Maker, family: &super::Family| {
            let own = family
                .maker
                .as_ref()
                .is_some_and(|own| own.name == maker.name);
            let under = |root: &pagetally_snmp_engine::Oid| {
                let of_number = match root.arcs() {
                    [1, 3, 6, 1, 4, 1, number, ..] => maker.enterprises.contains(number),
                    _ => false,
                };
                let of_prefix = |own: &pagetally_snmp_engine::Oid| own.starts_with(root);
                // Brands share numbers: where a maker names its printers, those decide.
                match maker.printers.is_empty() {
                    true => of_number,
                    false => maker.printers.iter().any(of_prefix),
                }
            };
            let named = |pattern: &crate::text::Pattern| {
                let mut words = maker.words.iter();
                words.any(|word| pattern.matches(&format!("{word} 1")))
            };
            own || maker.firmware.contains(&family.name)
                || family.matching.object_ids.iter().any(under)
                || family.matching.descriptions.iter().any(named)
        };
        self.makers().iter().map(move |maker| Brand {
            name: maker.name.as_str(),
            families: self
                .families()
                .iter()
                .filter(|family| of(maker, family))
                .map(|family| family.name.as_str())
                .collect(),
        })
    }
}

/// The name in documents.
fn supply_field(word: SupplyFieldWord) -> &'static str {
    match word {
        SupplyFieldWord::PartNumber => "partNumber",
        SupplyFieldWord::Serial => "serial",
    }
}

fn field(word: FieldWord) -> &'static str {
    match word {
        FieldWord::Asset => "asset",
        FieldWord::Firmware => "firmware",
        FieldWord::Hostname => "hostname",
        FieldWord::Location => "location",
        FieldWord::Manufacturer => "manufacturer",
        FieldWord::Model => "model",
        FieldWord::Serial => "serial",
    }
}

fn subject(meaning: &Meaning) -> Subject<'_> {
    match meaning {
        Meaning::Input => Subject::Input,
        Meaning::Level(LevelTarget {
            kinds, colorant, ..
        }) => Subject::Level {
            kinds,
            colorant: colorant.as_ref().map(|text| text.as_str()),
        },
        Meaning::Meter(key) => Subject::Meter {
            function: key.function,
            color: key.color,
            size: key.size,
            sides: key.sides,
            unit: key.unit,
        },
    }
}
