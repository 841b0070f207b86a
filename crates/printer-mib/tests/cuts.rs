//! A device that tells less gives fewer readings, or weaker witnesses under their own rules' names,
//! never another value under the same rule; and the order in which it tells changes nothing.
//!
//! Tried on every recording that lies beside the checkout and on every model of the simulated fleet:
//! cut at any line from the end, single variables missing, subtrees missing, shuffled.

mod support;

use pagetally_fleet_sim::{Chance, demo_fleet};
use pagetally_model::{DeviceAudit, Exactness, Provenance, Sources};
use pagetally_printer_mib::{Definitions, ReadPlan};
use pagetally_snmp_engine::{Answers, Oid, Plan, VarBind};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use support::{decode, recordings};

/// How many of the cuts of one kind are tried: all of them in a release build, as `.ci/long` runs
/// it; a sample, another of each device, where each takes longer.
const CUTS: usize = if cfg!(debug_assertions) {
    24
} else {
    usize::MAX
};

/// Random subsets and shuffles of each device.
const DRAWS: usize = if cfg!(debug_assertions) { 16 } else { 200 };

struct Device {
    name: String,
    varbinds: Vec<VarBind>,
}

/// The recorded devices and the simulated ones, without what no decoder looks at.
fn devices() -> Vec<Device> {
    let recorded = recordings().into_iter().map(|recorded| Device {
        varbinds: looked_at(recorded.recording.varbinds()),
        name: recorded.name,
    });
    let simulated = demo_fleet(7).into_iter().map(|device| Device {
        varbinds: looked_at(&device.walk()),
        name: device.name().to_owned(),
    });
    recorded.chain(simulated).collect()
}

/// What is asked of the device as it is, and of one that does not say whose it is: then every
/// family's rows are asked for.
fn looked_at(varbinds: &[VarBind]) -> Vec<VarBind> {
    let system: Oid = "1.3.6.1.2.1.1".parse().expect("an OID");
    let asked = |varbinds: &mut dyn Iterator<Item = &VarBind>| {
        let device: Answers = varbinds.cloned().collect();
        let mut plan = ReadPlan::new(&Definitions::builtin());
        let mut answers = Answers::default();
        while let Some(query) = plan.next_query(&answers) {
            answers.merge(device.answer(&query));
        }
        answers
    };
    let mut answers = asked(&mut varbinds.iter());
    let mut anonymous = varbinds
        .iter()
        .filter(|varbind| !varbind.oid.starts_with(&system));
    answers.merge(asked(&mut anonymous));
    let found = answers.iter().map(|(oid, value)| VarBind {
        oid: oid.clone(),
        value: value.clone(),
    });
    found.collect()
}

/// What one rule says at one place.
#[derive(Debug, PartialEq)]
struct Statement {
    value: Json,
    /// How far it is trusted, where that is told.
    exactness: Option<Exactness>,
    unproven: bool,
}

/// The place of a reading and the rule that read it.
type Key = (String, String);

/// What an audit says: what was believed, and who else spoke, as text.
struct Said {
    believed: BTreeMap<Key, Statement>,
    witnesses: BTreeMap<Key, BTreeSet<String>>,
}

fn said(audit: &DeviceAudit) -> Said {
    let mut said = Said {
        believed: BTreeMap::new(),
        witnesses: BTreeMap::new(),
    };
    let document = serde_json::to_value(audit).expect("an audit is plain data");
    said.group("identity", &document["identity"], &audit.identity.sources);
    said.group("status", &document["status"], &audit.status.sources);
    macro_rules! parts {
        ($($part:ident)*) => {$(
            for (index, part) in audit.$part.iter().enumerate() {
                let at = format!("{} {}", stringify!($part), part.slot);
                said.group(&at, &document[stringify!($part)][index], &part.sources);
            }
        )*};
    }
    parts!(markers supplies trays outputs covers alerts);
    for meter in &audit.meters {
        let at = format!(
            "{:?} {:?} {:?} {:?} {:?}",
            meter.function, meter.color, meter.size, meter.sides, meter.unit
        );
        said.add(at, meter.value.into(), Some(meter.exactness), &meter.source);
    }
    said
}

impl Said {
    fn group(&mut self, at: &str, fields: &Json, sources: &Sources) {
        for (field, provenance) in sources {
            let value = fields[field].clone();
            let exactness = serde_json::from_value(value["exactness"].clone()).ok();
            self.add(format!("{at}.{field}"), value, exactness, provenance);
        }
    }

    fn add(
        &mut self,
        at: String,
        mut value: Json,
        exactness: Option<Exactness>,
        from: &Provenance,
    ) {
        // The exactness is compared by itself.
        if let Some(fields) = value.as_object_mut() {
            fields.remove("exactness");
        }
        for witness in &from.witnesses {
            let key = (at.clone(), witness.rule.name.to_string());
            let spoke = self.witnesses.entry(key).or_default();
            spoke.insert(witness.value.to_string());
        }
        let statement = Statement {
            value,
            exactness,
            unproven: from.unproven,
        };
        let key = (at, from.rule.name.to_string());
        self.believed.insert(key, statement);
    }

    /// Checks what is said of a part of the device against what is said of the whole.
    fn agrees_with(&self, whole: &Self) -> Result<(), String> {
        for (key, now) in &self.believed {
            if let Some(before) = whole.believed.get(key) {
                if !is_part(&now.value, &before.value) {
                    return Err(format!("{key:?}: {} and {}", now.value, before.value));
                }
                if now.exactness < before.exactness || (before.unproven && !now.unproven) {
                    return Err(format!("{key:?} is surer: {now:?} and {before:?}"));
                }
            } else if let (Some(spoke), Some(text)) = (whole.witnesses.get(key), plain(&now.value))
                && !spoke.contains(&text)
            {
                return Err(format!("{key:?}: {text}, once the witness of {spoke:?}"));
            }
        }
        Ok(())
    }
}

/// Fewer lines on the panel, or fewer conditions, are fewer readings; everything else is the same.
fn is_part(now: &Json, before: &Json) -> bool {
    match (now, before) {
        (Json::Array(now), Json::Array(before)) => now.iter().all(|item| before.contains(item)),
        (now, before) => now == before,
    }
}

/// A number or text as witnesses have it.
fn plain(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn audit(varbinds: impl IntoIterator<Item = VarBind>) -> DeviceAudit {
    let audit = decode(&varbinds.into_iter().collect());
    assert_eq!(audit.check_sources(), Ok(()));
    audit
}

/// Some of the numbers below `length`, or all: spread evenly, begun at a place of the device's own.
fn sample(length: usize, chance: &mut Chance) -> impl Iterator<Item = usize> {
    let step = length.div_ceil(CUTS).max(1);
    (below(chance, step)..length).step_by(step)
}

/// A number below `end`, or 0.
fn below(chance: &mut Chance, end: usize) -> usize {
    let drawn = usize::try_from(chance.next() >> 1).unwrap_or(0);
    drawn.checked_rem(end).unwrap_or(0)
}

/// What a device that tells less may say; each difference once, with the cut that showed it first.
#[derive(Default)]
struct Trial {
    differences: BTreeMap<String, String>,
}

impl Trial {
    fn check(&mut self, device: &Device, whole: &Said, kept: &[VarBind], what: &str) {
        let part = said(&audit(kept.iter().cloned()));
        if let Err(difference) = part.agrees_with(whole) {
            let at = format!("{}: {difference}", device.name);
            self.differences
                .entry(at)
                .or_insert_with(|| what.to_owned());
        }
    }

    fn end(self) {
        let lines = self.differences.iter();
        let lines: Vec<_> = lines.map(|(at, what)| format!("{at} ({what})")).collect();
        assert!(lines.is_empty(), "{}", lines.join("\n"));
    }
}

#[test]
fn a_walk_that_stops_early_says_less_and_nothing_else() {
    let mut trial = Trial::default();
    for (number, device) in (1..).zip(&devices()) {
        let whole = said(&audit(device.varbinds.iter().cloned()));
        let mut chance = Chance::fork(1, number);
        for at in sample(device.varbinds.len(), &mut chance) {
            let kept = &device.varbinds[..at];
            let what = format!("the first {at} variables");
            trial.check(device, &whole, kept, &what);
        }
    }
    trial.end();
}

#[test]
fn a_variable_that_is_missing_takes_readings_away_and_changes_none() {
    let mut trial = Trial::default();
    for (number, device) in (1..).zip(&devices()) {
        let whole = said(&audit(device.varbinds.iter().cloned()));
        let mut chance = Chance::fork(2, number);
        for at in sample(device.varbinds.len(), &mut chance) {
            let mut kept = device.varbinds.clone();
            let gone = kept.remove(at);
            let what = format!("without {}", gone.oid);
            trial.check(device, &whole, &kept, &what);
        }
    }
    trial.end();
}

#[test]
fn subtrees_that_are_missing_take_readings_away_and_change_none() {
    let mut trial = Trial::default();
    for (number, device) in (1..).zip(&devices()) {
        let whole = said(&audit(device.varbinds.iter().cloned()));
        let mut chance = Chance::fork(3, number);
        for _ in 0..DRAWS {
            let mut kept = device.varbinds.clone();
            let mut gone = Vec::new();
            for _ in 0..=below(&mut chance, 4) {
                // A subtree with at least one variable in it: a table, a column, a branch.
                let Some(varbind) = kept.get(below(&mut chance, kept.len())) else {
                    break;
                };
                let arcs = varbind.oid.arcs();
                let shortest = arcs.len().min(7);
                let length = shortest + below(&mut chance, arcs.len() - shortest + 1);
                let root = Oid::default().child(&arcs[..length]);
                kept.retain(|varbind| !varbind.oid.starts_with(&root));
                gone.push(root.to_string());
            }
            let what = format!("without {}", gone.join(", "));
            trial.check(device, &whole, &kept, &what);
        }
    }
    trial.end();
}

#[test]
fn the_order_of_variables_changes_nothing() {
    for (number, device) in (1..).zip(&devices()) {
        let whole = audit(device.varbinds.iter().cloned());
        let backwards = device.varbinds.iter().rev().cloned();
        assert_eq!(audit(backwards), whole, "{}", device.name);
        let mut chance = Chance::fork(4, number);
        for _ in 0..DRAWS / 4 {
            let mut shuffled = device.varbinds.clone();
            for last in (1..shuffled.len()).rev() {
                shuffled.swap(last, below(&mut chance, last + 1));
            }
            assert_eq!(audit(shuffled), whole, "{}", device.name);
        }
    }
}

#[test]
fn another_value_under_the_same_rule_is_seen() {
    // The check itself: it must be able to fail.
    let device = demo_fleet(7).remove(0);
    let whole = audit(device.walk());
    assert_eq!(said(&whole).agrees_with(&said(&whole)), Ok(()));
    let mut other = whole.clone();
    other.meters[0].value += 1;
    assert!(said(&other).agrees_with(&said(&whole)).is_err());
    let mut unsure = whole.clone();
    unsure.meters[0].exactness = Exactness::Unknown;
    assert!(said(&whole).agrees_with(&said(&unsure)).is_err());
    assert_eq!(said(&unsure).agrees_with(&said(&whole)), Ok(()));
}
