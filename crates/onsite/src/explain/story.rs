//! One reading's story, gathered from the audit, the definitions and the standards.

use super::about;
use super::readings::{Origin, Reading};
use pagetally_model::{
    AuditId, Contradiction, DeviceAudit, Exactness, Provenance, RuleId, Source, Text, Timestamp,
};
use pagetally_printer_mib::{Definitions, ProofClass, Row, object_name, standard_rule};
use pagetally_snmp_engine::Oid;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// The stories of the readings that a path names, for one audit.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Maker and model.
    pub device: Text,
    /// Where it answered; absent for a recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<SocketAddr>,
    /// The audit.
    pub audit: AuditId,
    /// When it was read.
    pub time: Timestamp,
    /// One story for each reading.
    pub readings: Vec<Story>,
    /// The contradictions that these readings stand in.
    pub contradictions: Vec<Contradiction>,
    /// The paths of readings that lie below the one that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
}

/// Where one reading comes from.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Story {
    /// Its path.
    pub path: String,
    /// Its value, as the audit has it.
    pub value: Value,
    /// The unit of its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// How far it can be trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exactness: Option<Trust>,
    /// Where it comes from, as the audit has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
    /// What was held side by side, where no single rule concluded it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// When it was read.
    pub read_at: Timestamp,
    /// The rules that are named, the losing witnesses' too, by their names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rules: BTreeMap<String, RuleStory>,
    /// The objects that are named, by their identifiers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub objects: BTreeMap<String, ObjectStory>,
    /// Other readings that it is about, with their values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<String>,
}

/// How far a value can be trusted.
#[derive(Clone, Debug, Serialize)]
pub struct Trust {
    /// The word of the audit.
    pub word: Exactness,
    /// The same in a sentence.
    pub meaning: &'static str,
}

/// What is known of a rule.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleStory {
    /// The version of it that the audit was read with.
    pub version: u32,
    /// Its version in the definitions at hand, where that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_at_hand: Option<u32>,
    /// Why it reads what it reads the way it does; absent where the definitions at hand do not have
    /// it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
    /// How well that proves it: `recording`, `public-source`, `standard` or `unproven`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proved_by: Option<&'static str>,
}

/// What is known of an SNMP object.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectStory {
    /// Its name with its instance, where a standard gives it one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The MIB that defines it, or whose private object it is.
    pub defined_in: String,
}

impl Story {
    pub(super) fn of(
        reading: &Reading<'_>,
        all: &[Reading<'_>],
        audit: &DeviceAudit,
        definitions: &Definitions,
    ) -> Self {
        let mut story = Self {
            path: reading.path.clone(),
            value: reading.value.clone(),
            unit: reading.unit.clone(),
            exactness: reading.exactness.map(trust),
            provenance: None,
            source: None,
            read_at: audit.time.wall,
            rules: BTreeMap::new(),
            objects: BTreeMap::new(),
            related: Vec::new(),
        };
        match reading.origin {
            Origin::Provenance(provenance) => {
                story.tell(provenance, definitions);
                story.read_at = provenance.read_at.unwrap_or(audit.time.wall);
                if story.exactness.is_none() && provenance.unproven {
                    story.exactness = Some(trust(Exactness::Unproven));
                }
                story.provenance = Some(provenance.clone());
            }
            Origin::Source(source) => {
                story.gather(source, definitions);
                story.source = Some(source.clone());
            }
            Origin::Beside => {}
        }
        let index = reading.path.strip_prefix("contradictions[");
        let index = index.and_then(|rest| rest.strip_suffix(']')?.parse::<usize>().ok());
        if let Some(found) = index.and_then(|index| audit.contradictions.get(index)) {
            story.contradiction(found, all, definitions);
        }
        story
    }

    fn tell(&mut self, provenance: &Provenance, definitions: &Definitions) {
        self.rule(&provenance.rule, definitions);
        self.gather(&provenance.source, definitions);
        for witness in &provenance.witnesses {
            self.rule(&witness.rule, definitions);
            self.gather(&witness.source, definitions);
        }
    }

    /// A contradiction within the audit names readings, or the row that has two answers.
    fn contradiction(
        &mut self,
        found: &Contradiction,
        all: &[Reading<'_>],
        definitions: &Definitions,
    ) {
        let about = about(found);
        for reading in all.iter().filter(|r| !r.path.starts_with("contradictions")) {
            if about.iter().any(|path| reading.is_named_by(path)) {
                let value = super::text::value_words(&reading.value, reading.unit.as_deref());
                self.related.push(format!("{} = {value}", reading.path));
            }
        }
        let name = found.rule.as_str();
        if let Some(row) = definitions.row(name) {
            let version = row.rule().version;
            let rule = RuleId {
                name: found.rule.clone(),
                version,
            };
            self.rule(&rule, definitions);
        }
    }

    fn rule(&mut self, rule: &RuleId, definitions: &Definitions) {
        let name = rule.name.as_str();
        let story = || {
            if let Some(row) = row_of(definitions, name) {
                let at_hand = row.rule().version;
                return RuleStory {
                    version: rule.version,
                    version_at_hand: (at_hand != rule.version).then_some(at_hand),
                    reason: Some(row.reason().to_owned()),
                    proof: Some(row.proof().as_str().to_owned()),
                    proved_by: Some(match row.proof_class() {
                        ProofClass::Recording => "recording",
                        ProofClass::PublicSource => "public-source",
                        _ => "unproven",
                    }),
                };
            }
            let standard = standard_rule(name);
            RuleStory {
                version: rule.version,
                version_at_hand: None,
                reason: standard.map(|rule| rule.reason.to_owned()),
                proof: standard.and_then(|rule| Some(rule.reference?.to_owned())),
                proved_by: standard.and_then(|rule| rule.reference.map(|_| "standard")),
            }
        };
        self.rules.entry(name.to_owned()).or_insert_with(story);
    }

    fn gather(&mut self, source: &Source, definitions: &Definitions) {
        match source {
            Source::Snmp { oid, .. } => {
                if let Ok(parsed) = Oid::new(oid.arcs()) {
                    let object = object(&parsed, definitions);
                    self.objects.insert(oid.to_string(), object);
                }
            }
            Source::Derived { inputs, .. } => {
                for input in inputs {
                    self.gather(&input.source, definitions);
                }
            }
            Source::Compared { values, .. } => {
                for value in values {
                    for said in [&value.earlier, &value.now].into_iter().flatten() {
                        self.gather(&said.source, definitions);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The row of a rule. Behind the name of a row that reads an IEEE 1284 device ID stands the key.
fn row_of<'d>(definitions: &'d Definitions, name: &str) -> Option<Row<'d>> {
    let of_device_id = || {
        let (row, key) = name.split('/').next()?.rsplit_once('.')?;
        let is_key = !key.is_empty() && key.bytes().all(|b| b.is_ascii_uppercase());
        definitions.row(row).filter(|_| is_key)
    };
    definitions.row(name).or_else(of_device_id)
}

fn object(oid: &Oid, definitions: &Definitions) -> ObjectStory {
    if let Some(found) = object_name(oid) {
        return ObjectStory {
            name: Some(found.name),
            defined_in: found.mib.to_owned(),
        };
    }
    ObjectStory {
        name: None,
        defined_in: match definitions.enterprise_of(oid) {
            Some((_, Some(maker))) => format!("private object of {maker}"),
            Some((number, None)) => format!("private object of enterprise {number}"),
            None => "an object that has no name here".to_owned(),
        },
    }
}

fn trust(word: Exactness) -> Trust {
    let meaning = match word {
        Exactness::Exact => "the device states this value for this field",
        Exactness::Rounded => "the device states it in coarse steps",
        Exactness::Derived => "computed from stated values, as shown below",
        Exactness::Assumed => {
            "the device states the value; that it means this field is the rule's assumption"
        }
        Exactness::Unproven => {
            "read by a row that only one public source supports, and nothing in this audit supports \
             the value"
        }
        Exactness::Estimated => "inferred by the agent; it may be wrong",
        Exactness::Unknown => "the device gives no number",
        _ => "a word that this version does not know",
    };
    Trust { word, meaning }
}
