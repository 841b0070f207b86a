//! Counters: the statement's keys, put on the axes of the audit's meters.

use super::evidence::Evidence;
use super::expected::{Basis, Expected, Whole};
use super::sheet::{At, Got, Proof, Sheet};
use super::{Section, Verdict};
use pagetally_model::{CounterUnit, DeviceAudit, Marker, Meter};
use place::{Axes, Place, place_of};
use std::collections::BTreeMap;

mod place;

pub(super) fn compare(
    expected: &Expected,
    audit: &DeviceAudit,
    evidence: &Evidence,
    sheet: &mut Sheet,
) {
    let section = match expected.basis() {
        Basis::WebPage | Basis::Asserted => Section::Meters,
        Basis::Mapping => Section::ByMapping,
    };
    let stated = Stated::of(&expected.counters, evidence);
    for (key, value) in &stated.values {
        let at = At::field(section, key);
        compare_one(
            at,
            *value,
            expected.is_not_in_snmp(key),
            audit,
            &stated,
            sheet,
        );
    }
    let mapped = Stated::of(&expected.counters_by_source_mapping, evidence);
    for (key, value) in &mapped.values {
        if section == Section::ByMapping && stated.values.contains_key(key) {
            continue;
        }
        let at = At::field(Section::ByMapping, key);
        compare_one(
            at,
            *value,
            expected.is_not_in_snmp(key),
            audit,
            &mapped,
            sheet,
        );
    }
}

/// The counters of one statement, with what the recording holds of them.
struct Stated<'a> {
    values: BTreeMap<&'a str, u64>,
    evidence: &'a Evidence,
}

impl<'a> Stated<'a> {
    fn of(counters: &'a BTreeMap<String, Option<Whole>>, evidence: &'a Evidence) -> Self {
        let values = counters
            .iter()
            .filter_map(|(key, value)| Some((key.as_str(), (*value)?.unsigned()?)))
            .collect();
        Self { values, evidence }
    }

    /// Where the recording holds the value, directly or as a sum of other stated values.
    fn proof(&self, value: u64, place: Place) -> Proof {
        if let Some(at) = self.evidence.of_number(value) {
            return Proof::Held(at);
        }
        let Place::Meter(axes) = place else {
            return Proof::NotHeld;
        };
        let sums = axes.sums();
        match sums.iter().find_map(|parts| self.adds_up(value, parts)) {
            Some(words) => Proof::Held(words),
            None => Proof::NotHeld,
        }
    }

    fn adds_up(&self, value: u64, parts: &[Axes]) -> Option<String> {
        let found: Vec<(&str, u64)> = self
            .values
            .iter()
            .filter(|(key, part)| {
                matches!(place_of(key), Some(Place::Meter(axes)) if parts.contains(&axes))
                    && self.evidence.of_number(**part).is_some()
            })
            .map(|(key, part)| (*key, *part))
            .collect();
        let sum = found
            .iter()
            .try_fold(0_u64, |sum, (_, part)| sum.checked_add(*part))?;
        let names: Vec<&str> = found.iter().map(|(key, _)| *key).collect();
        (found.len() > 1 && sum == value).then(|| format!("{value} = {}", names.join(" + ")))
    }
}

fn compare_one(
    at: At<'_>,
    value: u64,
    is_not_in_snmp: bool,
    audit: &DeviceAudit,
    stated: &Stated<'_>,
    sheet: &mut Sheet,
) {
    let Some(place) = place_of(at.field) else {
        sheet.add(
            at,
            Verdict::NotModelled,
            value,
            None,
            stated.evidence.of_number(value),
        );
        return;
    };
    let proof = || {
        if is_not_in_snmp {
            Proof::NotHeld
        } else {
            stated.proof(value, place)
        }
    };
    match place {
        Place::Life(unit) => compare_life(at, value, unit, audit, proof, sheet),
        Place::Meter(axes) => match best(value, axes, &audit.meters) {
            Some(Best::One(meter)) => {
                let got = Got::new(meter.value, Some(&meter.source));
                sheet.compare(at, value, Some(got), meter.value == value, proof);
            }
            Some(Best::Two(meter, other)) => {
                let both = format!("{} and {}", meter.value, other.value);
                let note = "two meters that mean the same and are equally exact differ";
                let got = Got::new(both, Some(&meter.source));
                sheet.add(at, Verdict::Wrong, value, Some(got), Some(note.to_owned()));
            }
            None => sheet.compare(at, value, None, false, proof),
        },
    }
}

/// The audit's value for a key, as a reader would choose it.
pub(super) fn value_of(key: &str, meters: &[Meter]) -> Option<u64> {
    let Some(Place::Meter(axes)) = place_of(key) else {
        return None;
    };
    let covering = meters.iter().filter(|meter| axes.covers(meter));
    covering
        .min_by_key(|meter| meter.exactness)
        .map(|meter| meter.value)
}

/// What the audit answers to a question for one meter.
enum Best<'a> {
    One(&'a Meter),
    Two(&'a Meter, &'a Meter),
}

/// The most exact meter, as a reader of the audit would choose it; of duplex counters (see
/// [`Axes::may_agree`]) the one that agrees.
fn best(value: u64, axes: Axes, meters: &[Meter]) -> Option<Best<'_>> {
    let is_meant = |meter: &&Meter| axes.may_agree(meter) && meter.value == value;
    if let Some(meter) = meters.iter().find(is_meant) {
        return Some(Best::One(meter));
    }
    let mut covering: Vec<&Meter> = meters.iter().filter(|meter| axes.covers(meter)).collect();
    covering.sort_by_key(|meter| meter.exactness);
    let first = *covering.first()?;
    let rival = covering.iter().find(|other| {
        other.exactness == first.exactness
            && other.function == first.function
            && other.value != first.value
    });
    Some(match rival {
        Some(rival) => Best::Two(first, rival),
        None => Best::One(first),
    })
}

fn compare_life(
    at: At<'_>,
    value: u64,
    unit: Option<CounterUnit>,
    audit: &DeviceAudit,
    proof: impl FnOnce() -> Proof,
    sheet: &mut Sheet,
) {
    let counts = |marker: &&Marker| marker.life_count.is_some();
    let equal = audit
        .markers
        .iter()
        .find(|marker| marker.life_count == Some(value));
    let Some(marker) = equal.or_else(|| audit.markers.iter().find(counts)) else {
        sheet.compare(at, value, None, false, proof);
        return;
    };
    let said = unit.filter(|unit| marker.unit != CounterUnit::Unknown && marker.unit != *unit);
    let got = Got::of(
        marker.life_count.unwrap_or_default(),
        &marker.sources,
        "lifeCount",
    );
    match said {
        Some(unit) => {
            let note = format!("the unit is {:?}, the statement says {unit:?}", marker.unit);
            sheet.add(at, Verdict::Wrong, value, Some(got), Some(note));
        }
        None => sheet.compare(at, value, Some(got), equal.is_some(), proof),
    }
}

#[cfg(test)]
mod tests;
