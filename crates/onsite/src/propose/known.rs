//! Which rows read which objects already: those that speak for the device, and those of families that
//! would if they were let.

use super::decode;
use crate::NoRandomness;
use pagetally_model::{DeviceAudit, Meter, RuleId, Source};
use pagetally_printer_mib::Definitions;
use pagetally_snmp_engine::{Oid, Recording};
use std::collections::{BTreeMap, BTreeSet};

/// What the rules of the code begin with that reads the standards: no family of a maker.
const STANDARDS: [&str; 4] = ["rfc", "ieee", "iana", "pwg"];

/// sysObjectID.0.
const SYS_OBJECT_ID: &[u32] = &[1, 3, 6, 1, 2, 1, 1, 2, 0];

/// A row that reads an object.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Reader {
    rule: String,
    family: String,
    meter: String,
    /// Whether its family speaks for the device.
    speaks: bool,
}

/// By object, the rows that read it.
#[derive(Debug, Default)]
pub(super) struct Readers {
    by_object: BTreeMap<String, Vec<Reader>>,
}

impl Readers {
    /// Asks the decoder itself: once as the device is, and once without its sysObjectID, when every
    /// family speaks.
    pub(super) fn of(
        recording: &Recording,
        before: &DeviceAudit,
        definitions: &Definitions,
    ) -> Result<Self, NoRandomness> {
        let others = recording.varbinds().iter();
        let anyone: Recording = others
            .filter(|varbind| varbind.oid.arcs() != SYS_OBJECT_ID)
            .cloned()
            .collect();
        let everybody = decode(&anyone, definitions)?;
        let mut readers = Self::default();
        readers.take(before, true);
        readers.take(&everybody, false);
        Ok(readers)
    }

    fn take(&mut self, audit: &DeviceAudit, speaks: bool) {
        for meter in &audit.meters {
            let from = &meter.source;
            self.take_source(meter, &from.source, &from.rule, speaks);
            for witness in &from.witnesses {
                self.take_source(meter, &witness.source, &witness.rule, speaks);
            }
        }
    }

    fn take_source(&mut self, meter: &Meter, source: &Source, rule: &RuleId, speaks: bool) {
        match source {
            Source::Snmp { oid, .. } => {
                let rule = rule.name.to_string();
                let readers = self.by_object.entry(oid.to_string()).or_default();
                if readers.iter().all(|known| known.rule != rule) {
                    readers.push(Reader {
                        family: rule.split('.').next().unwrap_or_default().to_owned(),
                        rule,
                        meter: words(meter),
                        speaks,
                    });
                }
            }
            Source::Derived { inputs, .. } => {
                for input in inputs {
                    self.take_source(meter, &input.source, rule, speaks);
                }
            }
            _ => {}
        }
    }

    /// Who reads this object, in words, and whether one of them speaks for the device.
    pub(super) fn words_of(&self, oid: &Oid) -> (Vec<String>, bool) {
        let readers = self.by_object.get(&oid.to_string());
        let readers = readers.map(Vec::as_slice).unwrap_or_default();
        let words = readers.iter().map(|reader| {
            let Reader { rule, meter, .. } = reader;
            if reader.speaks {
                format!("pagetally already reads this as {meter} by {rule}")
            } else {
                let family = &reader.family;
                format!("{rule} reads this as {meter}, but {family} does not speak for this device")
            }
        });
        (words.collect(), readers.iter().any(|reader| reader.speaks))
    }

    /// Families that read something here and do not speak for the device.
    pub(super) fn families_not_chosen(&self) -> Vec<String> {
        let readers = || self.by_object.values().flatten();
        let speaking: BTreeSet<&String> = readers()
            .filter(|reader| reader.speaks)
            .map(|reader| &reader.family)
            .collect();
        let others: BTreeSet<&String> = readers()
            .map(|reader| &reader.family)
            .filter(|family| !speaking.contains(family))
            .filter(|family| {
                !STANDARDS
                    .iter()
                    .any(|standard| family.starts_with(standard))
            })
            .collect();
        others.into_iter().cloned().collect()
    }
}

/// A meter in a few words.
fn words(meter: &Meter) -> String {
    let parts = [
        format!("{:?}", meter.function),
        format!("{:?}", meter.color),
        format!("{:?}", meter.size),
        format!("{:?}", meter.sides),
    ];
    let told: Vec<String> = parts
        .iter()
        .map(|part| part.to_ascii_lowercase())
        .filter(|part| part != "any")
        .collect();
    told.join(" ")
}
