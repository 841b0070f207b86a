//! What a recording holds, whatever its objects mean: the judge of "absent" or "not there".

use super::alike::{contains_whole_numbers, squeeze};
use pagetally_snmp_engine::{Oid, Recording, Value};
use std::collections::BTreeMap;

/// mgmt.mib-2.printmib and everything private: where counters and levels stand. A packet count
/// that happens to equal a page count proves nothing.
const WHERE_NUMBERS_COUNT: [&[u32]; 2] = [&[1, 3, 6, 1, 2, 1, 43], &[1, 3, 6, 1, 4, 1]];

/// How many objects a proof names: enough to look at.
const NAMED: usize = 4;

/// Ceiling on the objects kept for one number: zeros are everywhere.
const KEPT: usize = 64;

/// How much an object that holds a number looks like the reading meant; the best are named first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// A counter, or a record of a maker's list of counters.
    Counter,
    /// Another number.
    Number,
    /// Digits in a text.
    Digits,
}

/// The numbers and texts of one recording.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    numbers: BTreeMap<u64, Vec<(Weight, String)>>,
    texts: Vec<(String, String)>,
    has_maker_objects: bool,
}

impl Evidence {
    pub(super) fn of(recording: &Recording) -> Self {
        let mut evidence = Self::default();
        for varbind in recording.varbinds() {
            evidence.take(&varbind.oid, &varbind.value);
        }
        evidence
    }

    fn take(&mut self, oid: &Oid, value: &Value) {
        let counts = WHERE_NUMBERS_COUNT
            .iter()
            .any(|root| oid.arcs().starts_with(root));
        self.has_maker_objects |= oid.arcs().starts_with(WHERE_NUMBERS_COUNT[1]);
        match value {
            Value::ObjectIdentifier(named) => {
                self.has_maker_objects |= named.arcs().starts_with(WHERE_NUMBERS_COUNT[1]);
            }
            Value::OctetString(octets) => {
                let text = text_of(octets);
                if counts {
                    let records = type_length_value(octets);
                    for (kind, number) in &records {
                        let place = format!("{oid}, record {kind:02x}");
                        self.hold(*number, Weight::Counter, place);
                    }
                    if records.is_empty() {
                        self.hold_numbers_in(&text, oid);
                    }
                }
                self.texts.push((squeeze(&text), oid.to_string()));
            }
            other => {
                if let Some(number) = other.as_i64().and_then(|n| u64::try_from(n).ok())
                    && counts
                {
                    self.hold(number, weight_of(other), oid.to_string());
                }
            }
        }
    }

    fn hold_numbers_in(&mut self, text: &str, oid: &Oid) {
        for digits in text.split(|c: char| !c.is_ascii_digit()) {
            if (1..=12).contains(&digits.len())
                && let Ok(number) = digits.parse()
            {
                self.hold(number, Weight::Digits, format!("{oid}, in its text"));
            }
        }
    }

    fn hold(&mut self, number: u64, weight: Weight, place: String) {
        let places = self.numbers.entry(number).or_default();
        if places.len() < KEPT {
            places.push((weight, place));
        }
    }

    /// The objects that hold a number, in words.
    pub(super) fn of_number(&self, number: u64) -> Option<String> {
        let mut places: Vec<_> = self.numbers.get(&number)?.iter().collect();
        places.sort_by_key(|(weight, _)| *weight);
        let named: Vec<&str> = places
            .iter()
            .take(NAMED)
            .map(|(_, at)| at.as_str())
            .collect();
        let mut words = named.join("; ");
        if places.len() > NAMED {
            words.push_str("; ...");
        }
        Some(format!("{number} at {words}"))
    }

    /// The objects that hold a percentage: as it is, or in hundredths of a percent.
    pub(super) fn of_percent(&self, percent: u64) -> Option<String> {
        let hundredths = percent
            .checked_mul(100)
            .and_then(|number| self.of_number(number));
        match (self.of_number(percent), hundredths) {
            (Some(one), Some(other)) => Some(format!("{one}; {other}")),
            (one, other) => one.or(other),
        }
    }

    /// The first object whose text holds the letters and digits of `text`.
    pub(super) fn of_text(&self, text: &str) -> Option<String> {
        let wanted = squeeze(text);
        let (_, place) = self
            .texts
            .iter()
            .find(|(held, _)| contains_whole_numbers(held, &wanted))?;
        Some(format!("{wanted:?} at {place}"))
    }

    /// Whether anything of an enterprise stands in it, which tells a maker.
    pub(super) fn has_maker_objects(&self) -> bool {
        self.has_maker_objects
    }
}

fn weight_of(value: &Value) -> Weight {
    match value {
        Value::Counter32(_) | Value::Counter64(_) => Weight::Counter,
        _ => Weight::Number,
    }
}

fn text_of(octets: &[u8]) -> String {
    match std::str::from_utf8(octets) {
        Ok(text) => text.to_owned(),
        Err(_) => octets.iter().copied().map(char::from).collect(),
    }
}

/// Records of type, 01, length, big-endian value, closed by ff or the end, as Brother's printers
/// send counters. Nothing where the octets are not of this form from end to end.
fn type_length_value(octets: &[u8]) -> Vec<(u8, u64)> {
    let mut records = Vec::new();
    let mut rest = octets;
    while let [kind, 1, length, tail @ ..] = rest {
        let Some((value, after)) = tail.split_at_checked(usize::from(*length)) else {
            return Vec::new();
        };
        if value.len() <= 8 {
            let number = value
                .iter()
                .fold(0, |number, byte| number << 8 | u64::from(*byte));
            records.push((*kind, number));
        }
        rest = after;
    }
    if rest.iter().all(|byte| *byte == 0xff) {
        records
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(text: &str) -> Evidence {
        Evidence::of(&Recording::parse(text.as_bytes()).expect("a recording"))
    }

    #[test]
    fn a_number_is_held_by_an_integer_a_text_or_a_record() {
        let held = evidence(
            "1.3.6.1.4.1.9.1|65|6466\n1.3.6.1.4.1.9.2|4|Total: 1200 pages\n\
             1.3.6.1.4.1.9.3|4x|6f010400001c2063010400000a5cff\n",
        );
        for number in [6466, 1200, 7200, 2652] {
            assert!(held.of_number(number).is_some(), "{number}");
        }
        assert!(
            held.of_percent(72)
                .is_some_and(|at| at.contains("record 6f"))
        );
        assert!(held.of_number(6467).is_none());
    }

    #[test]
    fn a_counter_is_named_before_digits_in_a_text() {
        let held = evidence("1.3.6.1.4.1.9.1|4|room 7\n1.3.6.1.4.1.9.2|65|7\n");
        let words = held.of_number(7).expect("held");
        assert!(words.starts_with("7 at 1.3.6.1.4.1.9.2;"), "{words}");
    }

    #[test]
    fn a_packet_counter_proves_no_page_count() {
        assert!(
            evidence("1.3.6.1.2.1.2.2.1.11.1|65|6466\n")
                .of_number(6466)
                .is_none()
        );
    }

    #[test]
    fn a_text_is_held_letter_case_and_punctuation_aside_and_numbers_whole() {
        let held = evidence("1.3.6.1.2.1.1.1.0|4|ACME Laser-Writer 12345\n");
        assert!(held.of_text("laserwriter").is_some());
        assert!(held.of_text("1234").is_none());
    }

    #[test]
    fn half_a_record_is_no_record() {
        assert!(type_length_value(&[0x6f, 1, 4, 0, 0]).is_empty());
        assert!(type_length_value(b"\x6f\x01\x01\x05trailing").is_empty());
    }
}
