//! Where in a recording a number stands, in a form that a row can read.

use super::Wanted;
use super::tables::Tables;
use pagetally_model::{RawKind, RawValue};
use pagetally_snmp_engine::{Oid, Recording, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

/// How records lie in an octet string, in the words of a definition file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layout {
    IdOneLengthValue,
    IdLengthValue,
}

impl Layout {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::IdOneLengthValue => "id-one-length-value",
            Self::IdLengthValue => "id-length-value",
        }
    }
}

/// Where a number stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// The value itself: a number, or a text that is one.
    Value(Oid),
    /// Inside a longer text, which `pattern` takes it out of.
    InText { oid: Oid, pattern: String },
    /// In a record of an octet string.
    Record {
        oid: Oid,
        layout: Layout,
        id: u8,
        length: u8,
    },
    /// Two values added up.
    Sum(Oid, Oid),
}

impl Place {
    pub(super) fn oids(&self) -> Vec<Oid> {
        match self {
            Self::Value(oid) | Self::InText { oid, .. } | Self::Record { oid, .. } => {
                vec![oid.clone()]
            }
            Self::Sum(first, second) => vec![first.clone(), second.clone()],
        }
    }

    /// The number that stands there.
    fn read(&self, tables: &Tables<'_>) -> Option<u64> {
        match self {
            Self::Value(oid) => number(tables.value(oid)?),
            Self::Sum(first, second) => {
                number(tables.value(first)?)?.checked_add(number(tables.value(second)?)?)
            }
            Self::InText { oid, pattern } => {
                let octets = tables.value(oid)?.as_octets()?;
                let mut numbers = in_text(octets).into_iter();
                numbers
                    .find(|(_, own)| own == pattern)
                    .map(|(number, _)| number)
            }
            Self::Record {
                oid,
                layout,
                id,
                length,
            } => {
                let octets = tables.value(oid)?.as_octets()?;
                only_record(octets, *layout, *id, usize::from(*length))
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_) => f.write_str("the value"),
            Self::InText { pattern, .. } => write!(f, "in the text {pattern}"),
            Self::Record { id, length, .. } => write!(f, "record {id:02x} of {length} octets"),
            Self::Sum(..) => f.write_str("the sum of two"),
        }
    }
}

/// A place that holds the wanted number, and what speaks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) place: Place,
    pub(super) score: i32,
    pub(super) why: Vec<String>,
    pub(super) labels: Vec<String>,
    pub(super) read_by: Vec<String>,
}

impl Hit {
    fn new(place: Place) -> Self {
        Self {
            place,
            score: 0,
            why: Vec::new(),
            labels: Vec::new(),
            read_by: Vec::new(),
        }
    }
}

/// Ceiling on sums: small numbers are the sum of anything.
const MAX_SUMS: usize = 8;

/// Ceiling on the cells of one column that are added up pairwise.
const MAX_CELLS: usize = 160;

/// Every place that holds the wanted number, and the later one later.
pub(super) fn find(
    wanted: &Wanted,
    recording: &Recording,
    tables: &Tables<'_>,
    later: Option<&Tables<'_>>,
) -> Vec<Hit> {
    let goes_on = |place: &Place| match (later, wanted.later) {
        (Some(later), Some(value)) => place.read(later) == Some(value),
        _ => true,
    };
    let mut places: Vec<Place> = recording
        .varbinds()
        .iter()
        .flat_map(|varbind| at(&varbind.oid, &varbind.value, wanted.value))
        .filter(goes_on)
        .collect();
    if places.is_empty() {
        let sums = sums(wanted.value, recording, tables);
        places.extend(sums.into_iter().filter(goes_on).take(MAX_SUMS));
    }
    places.into_iter().map(Hit::new).collect()
}

/// The places within one value.
fn at(oid: &Oid, value: &Value, wanted: u64) -> Vec<Place> {
    if number(value) == Some(wanted) {
        return vec![Place::Value(oid.clone())];
    }
    let Some(octets) = value.as_octets() else {
        return Vec::new();
    };
    for layout in [Layout::IdOneLengthValue, Layout::IdLengthValue] {
        let records = records(octets, layout).unwrap_or_default();
        let fitting = records.iter().filter(|record| {
            // A repeated record is two answers to one question: no row reads it.
            only_record(octets, layout, record.id, record.value.len()) == Some(wanted)
        });
        let places: Vec<Place> = fitting
            .map(|record| Place::Record {
                oid: oid.clone(),
                layout,
                id: record.id,
                length: u8::try_from(record.value.len()).unwrap_or(0),
            })
            .collect();
        if !places.is_empty() {
            return places;
        }
    }
    // One digit stands in every text.
    let numbers = if wanted < 10 {
        Vec::new()
    } else {
        in_text(octets)
    };
    let mut patterns = numbers.into_iter().filter(|(number, _)| *number == wanted);
    match (patterns.next(), patterns.next()) {
        (Some((_, pattern)), None) => vec![Place::InText {
            oid: oid.clone(),
            pattern,
        }],
        _ => Vec::new(),
    }
}

/// A value as a row reads it: a number, or a text that is nothing else.
pub(super) fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Counter64(number) => Some(*number),
        Value::OctetString(octets) => {
            let text = std::str::from_utf8(octets).ok()?;
            let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
            let is_mark = |c: char| matches!(c, ',' | '.' | '\'');
            let grouped = text.split(is_mark).skip(1).all(|group| group.len() == 3);
            let digits: String = text.chars().filter(|c| !is_mark(*c)).collect();
            let is_number = !text.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            (grouped && is_number)
                .then(|| digits.parse().ok())
                .flatten()
        }
        other => u64::try_from(other.as_i64()?).ok(),
    }
}

/// The numbers inside a longer text, each with the pattern that takes it.
fn in_text(octets: &[u8]) -> Vec<(u64, String)> {
    const MAX_TEXT: usize = 120;
    let Ok(text) = std::str::from_utf8(octets) else {
        return Vec::new();
    };
    let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    let readable = text.chars().all(|c| !c.is_control()) && text.len() <= MAX_TEXT;
    if !readable || !text.chars().any(char::is_alphabetic) {
        return Vec::new();
    }
    let mut numbers: Vec<Range<usize>> = Vec::new();
    for (place, character) in text.char_indices() {
        if !character.is_ascii_digit() {
            continue;
        }
        match numbers.last_mut().filter(|last| last.end == place) {
            Some(last) => last.end = place + 1,
            None => numbers.push(place..place + 1),
        }
    }
    let pattern = |taken: &Range<usize>| {
        let mut pattern = String::new();
        let mut at = 0;
        for number in &numbers {
            pattern.push_str(&escaped(text.get(at..number.start).unwrap_or_default()));
            pattern.push_str(if number == taken { "{#}" } else { "#" });
            at = number.end;
        }
        pattern.push_str(&escaped(text.get(at..).unwrap_or_default()));
        pattern
    };
    numbers
        .iter()
        .filter_map(|one| Some((text.get(one.clone())?.parse().ok()?, pattern(one))))
        .collect()
}

/// A text as a pattern that stands for itself.
pub(super) fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut pattern, character| {
        if matches!(character, '*' | '#' | '@' | '{' | '}' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
        pattern
    })
}

struct Record<'a> {
    id: u8,
    value: &'a [u8],
}

/// The records at the front of an octet string that is made of records: more than half of it, and
/// either several or one before the end mark. The last one may be cut.
fn records(octets: &[u8], layout: Layout) -> Option<Vec<Record<'_>>> {
    let mut records = Vec::new();
    let mut rest = octets;
    while let Some((record, behind)) = record(rest, layout) {
        records.push(record);
        rest = behind;
    }
    let is_marked = rest.first() == Some(&0xff) && layout == Layout::IdOneLengthValue;
    let is_whole = rest.is_empty() || is_marked || rest.len() < octets.len() / 2;
    let least = if is_marked { 1 } else { 2 };
    (is_whole && records.len() >= least).then_some(records)
}

fn record(octets: &[u8], layout: Layout) -> Option<(Record<'_>, &[u8])> {
    let (id, behind) = octets.split_first().filter(|(id, _)| **id != 0xff)?;
    let behind = match layout {
        Layout::IdOneLengthValue => behind.strip_prefix(&[1])?,
        Layout::IdLengthValue => behind,
    };
    let (length, behind) = behind.split_first()?;
    let length = usize::from(*length);
    let (value, behind) = behind
        .split_at_checked(length)
        .filter(|_| (1..=8).contains(&length))?;
    Some((Record { id: *id, value }, behind))
}

/// The number in the one record of this id and length.
fn only_record(octets: &[u8], layout: Layout, id: u8, length: usize) -> Option<u64> {
    let records = records(octets, layout)?;
    let mut fitting = records
        .iter()
        .filter(|one| one.id == id && one.value.len() == length);
    let record = fitting.next()?;
    fitting.next().is_none().then(|| big_endian(record.value))
}

fn big_endian(octets: &[u8]) -> u64 {
    octets
        .iter()
        .fold(0, |number, octet| number << 8 | u64::from(*octet))
}

/// Cells and the numbers in them.
type Parts = Vec<(Oid, u64)>;

/// Pairs of cells that add up to the number: two columns of one row, or two rows of one column.
fn sums(wanted: u64, recording: &Recording, tables: &Tables<'_>) -> Vec<Place> {
    if wanted < 100 {
        return Vec::new();
    }
    let mut rows: BTreeMap<(Oid, Vec<u32>), Parts> = BTreeMap::new();
    let mut columns: BTreeMap<Oid, Parts> = BTreeMap::new();
    for varbind in recording.varbinds() {
        let Some(part) = number(&varbind.value).filter(|part| *part > 0 && *part < wanted) else {
            continue;
        };
        let Some(cell) = tables.cell(&varbind.oid) else {
            continue;
        };
        let found = (varbind.oid.clone(), part);
        columns
            .entry(cell.column_name())
            .or_default()
            .push(found.clone());
        rows.entry((cell.entry, cell.index))
            .or_default()
            .push(found);
    }
    let mut places = Vec::new();
    for cells in rows.values().chain(columns.values()) {
        let cells = cells.get(..cells.len().min(MAX_CELLS)).unwrap_or_default();
        for (place, (first, part)) in cells.iter().enumerate() {
            let rest = cells.get(place + 1..).unwrap_or_default();
            let others = rest.iter().filter(|(_, other)| part + other == wanted);
            places.extend(others.map(|(second, _)| Place::Sum(first.clone(), second.clone())));
        }
    }
    places.sort();
    places.dedup();
    places
}

/// A value as documents carry it.
pub(super) fn raw(value: &Value) -> RawValue {
    let (kind, text) = match value {
        Value::Integer(number) => (RawKind::Integer, number.to_string()),
        Value::Counter32(number) => (RawKind::Counter32, number.to_string()),
        Value::Gauge32(number) => (RawKind::Gauge32, number.to_string()),
        Value::TimeTicks(number) => (RawKind::TimeTicks, number.to_string()),
        Value::Counter64(number) => (RawKind::Counter64, number.to_string()),
        Value::OctetString(octets) if octets.iter().all(|b| (0x20..0x7f).contains(b)) => (
            RawKind::OctetString,
            String::from_utf8_lossy(octets).into_owned(),
        ),
        Value::OctetString(octets) => (RawKind::OctetStringHex, hex(octets)),
        Value::Opaque(octets) => (RawKind::Opaque, hex(octets)),
        Value::ObjectIdentifier(oid) => (RawKind::ObjectIdentifier, oid.to_string()),
        Value::IpAddress(address) => (RawKind::IpAddress, address.to_string()),
        _ => (RawKind::Null, String::new()),
    };
    RawValue {
        kind,
        text: text.into(),
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn places(octets: &[u8], wanted: u64) -> Vec<String> {
        let oid: Oid = "1.3.6.1.4.1.9.1.0".parse().expect("valid");
        at(&oid, &Value::OctetString(octets.to_vec()), wanted)
            .iter()
            .map(Place::to_string)
            .collect()
    }

    #[test]
    fn a_number_is_found_in_every_form_that_a_row_reads() {
        assert_eq!(places(b" 6466\0", 6_466), ["the value"]);
        assert_eq!(places(b"6,466", 6_466), ["the value"]);
        let text = b"Total: 6466 pages (A4)";
        assert_eq!(places(text, 6_466), ["in the text Total: {#} pages (A#)"]);
        let records = [0, 1, 4, 0, 0, 0x19, 0x42, 0x41, 1, 1, 3, 0xff, 0xff];
        assert_eq!(places(&records, 6_466), ["record 00 of 4 octets"]);
        assert_eq!(places(b"model 6466 and 6466", 6_466), Vec::<String>::new());
        assert_eq!(places(b"model 64660", 6_466), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn no_octets_panic(octets in prop::collection::vec(any::<u8>(), 0..80), wanted in any::<u64>()) {
            let _ = places(&octets, wanted);
        }
    }
}
