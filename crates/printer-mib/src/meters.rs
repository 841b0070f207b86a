//! The counters that a bill can rest on: who states them, who is believed, and what cannot be true
//! together.

mod checks;

use crate::definitions::{Meaning, MeterKey, Origin, Trust};
use crate::reading::{MAX_NUMBER, gap, standard};
use crate::vendor::{Findings, Order, Reading};
use checks::Verdict;
use pagetally_model::{
    CounterUnit, Exactness, LosingWitness, Marker, Meter, MeterColor, MeterFunction, MeterSides,
    MeterSize, Provenance, Text,
};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// One voice on one meter.
struct Claim {
    value: u64,
    trust: Trust,
    provenance: Provenance,
    order: Order,
    /// What its object states that it counts.
    unit: CounterUnit,
    /// Why it lost, where it lost for what it is.
    weakness: Option<&'static str>,
}

/// A meter's first witness, and those that lost.
struct Chosen {
    key: MeterKey,
    winner: Claim,
    others: Vec<Claim>,
}

/// Where the engine's own count stands: behind every row that names a meter.
const LIFE_COUNT_RANK: u32 = 90;

/// Chooses one reading for each meter; the others stay as its witnesses.
pub(crate) fn meters(
    readings: Vec<Reading<'_>>,
    markers: &[Marker],
    findings: &mut Findings,
) -> Vec<Meter> {
    let mut claims: BTreeMap<MeterKey, Vec<Claim>> = BTreeMap::new();
    for reading in readings {
        if let Meaning::Meter(key) = reading.meaning {
            claims.entry(*key).or_default().push(Claim {
                value: reading.value,
                trust: reading.trust,
                provenance: reading.provenance,
                order: reading.order,
                unit: key.unit,
                weakness: None,
            });
        }
    }
    for marker in markers {
        life_count(marker, &mut claims, findings);
    }
    let chosen: Vec<Chosen> = claims
        .into_iter()
        .filter_map(|(key, claims)| choose(key, claims))
        .collect();
    let verdicts = checks::verdicts(&chosen, &mut findings.contradictions);
    let both = chosen.into_iter().zip(verdicts);
    both.map(|(chosen, verdict)| meter(chosen, verdict))
        .collect()
}

/// The engine's life count as a voice on the total: it may count test and cleaning pages or miss
/// some, so it is believed only where nobody else speaks, and then only as an assumption.
fn life_count(
    marker: &Marker,
    claims: &mut BTreeMap<MeterKey, Vec<Claim>>,
    findings: &mut Findings,
) {
    let (Some(value), Some(source)) = (marker.life_count, marker.sources.get("lifeCount")) else {
        return;
    };
    if value == 0xffff_ffff || value == 0x7fff_ffff || value > MAX_NUMBER {
        let reason = "the device answered the number that stands for \"not available\"";
        findings.gaps.push(gap("prtMarkerLifeCount", reason));
        return;
    }
    let stated = total_key(marker.unit);
    let known = |unit: CounterUnit| claims.contains_key(&total_key(unit));
    // The unit that a device states for its engine is a hint at best; a total that the maker's own
    // object states is what the count is held against, whatever its unit.
    let key = [stated.unit, CounterUnit::Impressions, CounterUnit::Sheets]
        .into_iter()
        .find(|unit| known(*unit))
        .map_or(stated, total_key);
    let mut provenance = source.clone();
    provenance.rule = standard(life_count_rule(marker));
    claims.entry(key).or_default().push(Claim {
        value,
        trust: Trust {
            once_proved: Exactness::Assumed,
            unproven: false,
        },
        provenance,
        order: (Origin::Builtin, LIFE_COUNT_RANK, Reverse(0)),
        unit: marker.unit,
        weakness: Some("the engine's own count, which need not be what is billed"),
    });
}

/// Another marker, or a count without its unit, is another reading: it has another name.
fn life_count_rule(marker: &Marker) -> String {
    let slot = marker.slot.as_str();
    let index = slot.rsplit('.').next().unwrap_or(slot);
    let of_marker = match index {
        "1" => String::new(),
        other => format!("-of-marker-{other}"),
    };
    let unit = match marker.unit {
        CounterUnit::Unknown => "-unit-unknown",
        _ => "",
    };
    format!("rfc3805.life-count-as-total{of_marker}{unit}")
}

fn total_key(unit: CounterUnit) -> MeterKey {
    MeterKey {
        function: MeterFunction::Total,
        color: MeterColor::Any,
        size: MeterSize::Any,
        sides: MeterSides::Any,
        unit,
    }
}

/// The first in order wins; where ranks are equal, the first row.
fn choose(key: MeterKey, mut claims: Vec<Claim>) -> Option<Chosen> {
    claims.sort_by_key(|claim| claim.order);
    let mut claims = claims.into_iter();
    Some(Chosen {
        key,
        winner: claims.next()?,
        others: claims.collect(),
    })
}

/// The meter as documents have it: believed as far as its row or the checks allow, with those that
/// were not believed.
fn meter(chosen: Chosen, verdict: Verdict) -> Meter {
    let Chosen {
        key,
        winner,
        others,
    } = chosen;
    let mut source = winner.provenance;
    let mut exactness = winner.trust.exactness();
    source.unproven = winner.trust.unproven;
    if let Some(supported) = verdict.exactness().filter(|_| winner.trust.unproven) {
        exactness = supported;
        source.unproven = false;
        source.checks = verdict.passed;
    }
    source.witnesses.reserve_exact(others.len());
    for claim in others {
        let reason = match claim.weakness {
            _ if claim.value == winner.value => "says the same",
            Some(weakness) => weakness,
            None => "another row for this meter comes first",
        };
        source.witnesses.push(LosingWitness {
            source: claim.provenance.source,
            rule: claim.provenance.rule,
            value: Text::clean(&claim.value.to_string()),
            reason: Text::from_static(reason),
        });
    }
    Meter {
        function: key.function,
        color: key.color,
        size: key.size,
        sides: key.sides,
        unit: key.unit,
        value: winner.value,
        exactness,
        source,
    }
}
