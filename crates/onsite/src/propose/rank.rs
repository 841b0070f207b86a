//! What speaks for a place and what against it.

use super::known::Readers;
use super::search::{Hit, Place};
use super::tables::Tables;
use super::{Wanted, WantedMeter};
use pagetally_model::{MeterColor, MeterFunction, MeterSides, MeterSize};
use pagetally_snmp_engine::{Oid, Value};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// 1.3.6.1.4.1.
const PRIVATE: &[u32] = &[1, 3, 6, 1, 4, 1];

/// prtMarkerLifeCount.
const LIFE_COUNT: &[u32] = &[1, 3, 6, 1, 2, 1, 43, 10, 2, 1, 4];

/// Words that a label may have for what a meter counts: one of each list.
fn words_for(meter: WantedMeter) -> Vec<&'static [&'static str]> {
    let mut words: Vec<&'static [&'static str]> = Vec::new();
    match meter.function {
        MeterFunction::Print => words.push(&["print"]),
        MeterFunction::Copy => words.push(&["copy", "copies", "copied"]),
        MeterFunction::Scan => words.push(&["scan", "image"]),
        MeterFunction::Fax => words.push(&["fax"]),
        _ => {}
    }
    match meter.color {
        MeterColor::Mono => words.push(&["mono", "black", "b/w", "b&w", "bw"]),
        MeterColor::Color => words.push(&["color", "colour", "chroma"]),
        _ => {}
    }
    if meter.sides == MeterSides::Duplex {
        words.push(&["duplex", "2-sided", "two-sided", "2 sided", "two sided"]);
    }
    match meter.size {
        MeterSize::Large => words.push(&["large", "a3", "ledger", "11x17"]),
        MeterSize::Small => words.push(&["small", "a4", "letter"]),
        _ => {}
    }
    if words.is_empty() {
        words.push(&[
            "total",
            "all",
            "impressions",
            "lifetime",
            "page count",
            "pages",
        ]);
    }
    words
}

/// Words that say that a label means something narrower than the meter, or another thing.
fn words_against(meter: WantedMeter) -> Vec<&'static str> {
    let mut words = vec![
        "toner",
        "drum",
        "fuser",
        "cartridge",
        "coverage",
        "jam",
        "error",
        "remaining",
        "capacity",
        "since",
        "power",
        "replace",
        "threshold",
        "tray",
        "memory",
    ];
    let mut unless = |is_meant: bool, more: &[&'static str]| {
        if !is_meant {
            words.extend_from_slice(more);
        }
    };
    unless(
        meter.function == MeterFunction::Copy,
        &["copy", "copies", "copied"],
    );
    unless(meter.function == MeterFunction::Scan, &["scan"]);
    unless(meter.function == MeterFunction::Fax, &["fax"]);
    unless(meter.color == MeterColor::Mono, &["black", "mono", "b&w"]);
    unless(meter.color == MeterColor::Color, &["color", "colour"]);
    unless(meter.size == MeterSize::Large, &["large", "a3", "ledger"]);
    unless(meter.size == MeterSize::Small, &["small"]);
    let duplex = &["duplex", "2-sided", "two-sided"];
    unless(meter.sides == MeterSides::Duplex, duplex);
    words
}

/// Gives every hit its score and sorts the best to the front.
pub(super) fn rank(
    all: &mut [Vec<Hit>],
    wanted: &[Wanted],
    tables: &Tables<'_>,
    readers: &Readers,
) {
    // In how many of the asked numbers a table has a part.
    let mut shares: BTreeMap<Oid, usize> = BTreeMap::new();
    for hits in all.iter() {
        let mut groups: Vec<Oid> = hits.iter().map(|hit| group(&hit.place, tables)).collect();
        groups.sort();
        groups.dedup();
        for group in groups {
            *shares.entry(group).or_default() += 1;
        }
    }
    for (hits, wanted) in all.iter_mut().zip(wanted) {
        let count = hits.len();
        for hit in hits.iter_mut() {
            let mut score = Score::default();
            place(&mut score, hit, tables);
            labels(&mut score, hit, wanted.meter, tables);
            how_often(&mut score, count, wanted);
            let shared = shares.get(&group(&hit.place, tables)).copied();
            if let Some(others @ 1..) = shared.and_then(|shared| shared.checked_sub(1)) {
                let points = 10 * i32::try_from(others.min(3)).unwrap_or(3);
                score.add(points, "the other numbers stand beside it");
            }
            if wanted.later.is_some() {
                score.add(25, "it went on to the later number");
            }
            for oid in hit.place.oids() {
                let (words, speaks) = readers.words_of(&oid);
                if let Some(word) = words.first() {
                    score.add(if speaks { 30 } else { 20 }, word);
                }
                hit.read_by.extend(words);
            }
            hit.score = score.points;
            hit.why = score.why;
        }
        hits.sort_by(|a, b| (Reverse(a.score), &a.place).cmp(&(Reverse(b.score), &b.place)));
    }
}

#[derive(Default)]
struct Score {
    points: i32,
    why: Vec<String>,
}

impl Score {
    fn add(&mut self, points: i32, why: &str) {
        self.points += points;
        self.why.push(format!("{points:+} {why}"));
    }
}

/// What belongs together: a table, a group of scalars, a string of records.
fn group(place: &Place, tables: &Tables<'_>) -> Oid {
    let oids = place.oids();
    let Some(oid) = oids.first() else {
        return Oid::default();
    };
    if let Some(cell) = tables.cell(oid) {
        return cell.entry;
    }
    match place {
        Place::Record { oid, .. } => oid.clone(),
        _ => {
            let arcs = oid.arcs();
            let parent = arcs.get(..arcs.len().saturating_sub(2)).unwrap_or(arcs);
            Oid::default().child(parent)
        }
    }
}

fn place(score: &mut Score, hit: &Hit, tables: &Tables<'_>) {
    let oids = hit.place.oids();
    let Some(oid) = oids.first() else { return };
    if oid.arcs().starts_with(PRIVATE) {
        score.add(30, "the maker's own object");
    } else if oid.arcs().starts_with(LIFE_COUNT) {
        score.add(
            10,
            "the engine's own count, which need not be what is billed",
        );
    } else {
        score.add(-25, "a standard object that counts no pages");
    }
    match &hit.place {
        Place::Value(oid) => match tables.value(oid) {
            Some(Value::Counter32(_) | Value::Counter64(_)) => score.add(15, "a counter"),
            Some(Value::Integer(_)) => score.add(8, "an integer"),
            Some(Value::Gauge32(_)) => score.add(4, "a gauge, which may fall"),
            Some(Value::TimeTicks(_)) => score.add(-30, "a time"),
            _ => score.add(5, "a number written as text"),
        },
        Place::Record { .. } => score.add(12, "a record among records"),
        Place::InText { .. } => score.add(0, "inside a text"),
        Place::Sum(..) => score.add(-25, "a sum, which may be chance"),
    }
}

fn labels(score: &mut Score, hit: &mut Hit, meter: WantedMeter, tables: &Tables<'_>) {
    let texts: Vec<String> = match &hit.place {
        Place::InText { oid, .. } => {
            let own = tables.value(oid).and_then(super::tables::text);
            own.into_iter().collect()
        }
        place => {
            let oids = place.oids();
            let beside = oids.iter().flat_map(|oid| tables.beside(oid));
            beside.map(|(_, text)| text).collect()
        }
    };
    let lower = texts.join(" / ").to_lowercase();
    hit.labels = texts;
    if hit.labels.is_empty() {
        return;
    }
    let groups = words_for(meter);
    let has = |words: &[&str]| words.iter().any(|word| has_word(&lower, word));
    let met = groups.iter().filter(|words| has(words)).count();
    if met == groups.len() {
        let bonus = 15 + 10 * i32::try_from(groups.len()).unwrap_or(1);
        score.add(bonus, "the label beside it says so");
    } else if met > 0 {
        score.add(10, "the label beside it says a part of it");
    }
    let against = words_against(meter);
    if let Some(word) = against.into_iter().find(|word| has_word(&lower, word)) {
        score.add(-30, &format!("the label beside it says {word}"));
    }
}

/// Whether a text has a word, or one that begins with it.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(place, _)| {
        let before = text
            .get(..place)
            .and_then(|before| before.chars().next_back());
        before.is_none_or(|before| !before.is_alphanumeric())
    })
}

fn how_often(score: &mut Score, count: usize, wanted: &Wanted) {
    match count {
        1 => score.add(15, "the number stands nowhere else"),
        2..=4 => {}
        _ => {
            let many = i32::try_from(count.min(10)).unwrap_or(10);
            score.add(-many, &format!("the number stands in {count} places"));
        }
    }
    if wanted.value < 100 && wanted.later.is_none() {
        score.add(-20, "so small a number stands in many places");
    }
}
