//! The counters that a bill can rest on: who states them, who is believed, and what cannot be true
//! together.

use crate::definitions::{Meaning, MeterKey, Origin};
use crate::reading::{MAX_NUMBER, gap, standard};
use crate::vendor::{Findings, Order, Reading};
use pagetally_model::{
    Contradiction, CounterUnit, Exactness, LosingWitness, Marker, Meter, MeterColor, MeterFunction,
    MeterSides, MeterSize, Provenance, Text,
};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// One voice on one meter.
struct Claim {
    value: u64,
    exactness: Exactness,
    provenance: Provenance,
    order: Order,
    /// Why it lost, where it lost for what it is.
    weakness: Option<&'static str>,
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
                exactness: reading.exactness,
                provenance: reading.provenance,
                order: reading.order,
                weakness: None,
            });
        }
    }
    for marker in markers {
        life_count(marker, &mut claims, findings);
    }
    let meters: Vec<Meter> = claims
        .into_iter()
        .filter_map(|(key, claims)| choose(key, claims))
        .collect();
    contradictions(&meters, findings);
    meters
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
        exactness: Exactness::Assumed,
        provenance,
        order: (Origin::Builtin, LIFE_COUNT_RANK, Reverse(0)),
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
fn choose(key: MeterKey, mut claims: Vec<Claim>) -> Option<Meter> {
    claims.sort_by_key(|claim| claim.order);
    let mut claims = claims.into_iter();
    let winner = claims.next()?;
    let mut source = winner.provenance;
    for claim in claims {
        let reason = match claim.weakness {
            _ if claim.value == winner.value => "says the same",
            Some(weakness) => weakness,
            None => "another row for this meter comes first",
        };
        source.witnesses.push(LosingWitness {
            source: claim.provenance.source,
            rule: claim.provenance.rule,
            value: Text::clean(&claim.value.to_string()),
            reason: Text::clean(reason),
        });
    }
    Some(Meter {
        function: key.function,
        color: key.color,
        size: key.size,
        sides: key.sides,
        unit: key.unit,
        value: winner.value,
        exactness: winner.exactness,
        source,
    })
}

/// What cannot be true together. Nothing is repaired: a bill that rests on one of them should be
/// looked at.
fn contradictions(meters: &[Meter], findings: &mut Findings) {
    use MeterColor as C;
    use MeterSides as S;
    use MeterSize as Z;
    let functions = [
        MeterFunction::Total,
        MeterFunction::Print,
        MeterFunction::Copy,
        MeterFunction::Scan,
        MeterFunction::Fax,
    ];
    for whole in meters {
        let value = |function, color, size, sides| {
            meters
                .iter()
                .find(|m| {
                    (m.function, m.color, m.size, m.sides, m.unit)
                        == (function, color, size, sides, whole.unit)
                })
                .map(|meter| meter.value)
        };
        if whole.color != C::Any || whole.size != Z::Any || whole.sides != S::Any {
            continue;
        }
        let own = |color, size, sides| value(whole.function, color, size, sides);
        let splits = [
            (
                "mono + color",
                own(C::Mono, Z::Any, S::Any),
                own(C::Color, Z::Any, S::Any),
            ),
            (
                "small + large",
                own(C::Any, Z::Small, S::Any),
                own(C::Any, Z::Large, S::Any),
            ),
            (
                "simplex + duplex",
                own(C::Any, Z::Any, S::Simplex),
                own(C::Any, Z::Any, S::Duplex),
            ),
        ];
        let name = word(whole.function);
        for (parts, first, second) in splits {
            let (Some(first), Some(second)) = (first, second) else {
                continue;
            };
            if first.saturating_add(second) != whole.value {
                findings.contradictions.push(Contradiction {
                    rule: Text::clean(&format!("{name} = {parts}")),
                    detail: Text::clean(&format!("{} is not {first} + {second}", whole.value)),
                    source: None,
                });
            }
        }
        if whole.function == MeterFunction::Total {
            let parts: u64 = functions[1..]
                .iter()
                .filter(|function| **function != MeterFunction::Scan)
                .filter_map(|function| value(*function, C::Any, Z::Any, S::Any))
                .fold(0, u64::saturating_add);
            if parts > whole.value {
                findings.contradictions.push(Contradiction {
                    rule: Text::clean("total >= print + copy + fax"),
                    detail: Text::clean(&format!("{} is less than {parts}", whole.value)),
                    source: None,
                });
            }
        }
    }
}

fn word(function: MeterFunction) -> &'static str {
    match function {
        MeterFunction::Total => "total",
        MeterFunction::Print => "print",
        MeterFunction::Copy => "copy",
        MeterFunction::Scan => "scan",
        MeterFunction::Fax => "fax",
        _ => "other",
    }
}
