//! Records packed into one octet string: an id, perhaps a constant, a length, a value.

use super::Raw;
use crate::definitions::{FormWord, LayoutWord};
use crate::reading::MAX_NUMBER;

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) id: u8,
    pub(super) value: &'a [u8],
}

/// Reads records by their lengths until the end mark, the end, or the first that does not fit:
/// what stands before it has been read by its own length and holds.
pub(super) fn parse(octets: &[u8], layout: LayoutWord) -> Vec<Record<'_>> {
    let mut records = Vec::new();
    let mut rest = octets;
    while let Some((record, behind)) = one(rest, layout) {
        records.push(record);
        rest = behind;
    }
    records
}

fn one(octets: &[u8], layout: LayoutWord) -> Option<(Record<'_>, &[u8])> {
    let (id, rest) = octets.split_first()?;
    if *id == 0xff {
        return None;
    }
    let rest = match layout {
        LayoutWord::IdOneLengthValue => rest.strip_prefix(&[1])?,
        LayoutWord::IdLengthValue => rest,
    };
    let (length, rest) = rest.split_first()?;
    let (value, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((Record { id: *id, value }, rest))
}

/// A value as its row says that it is written.
pub(super) fn read(value: &[u8], form: FormWord) -> Raw {
    match (form, value) {
        (FormWord::Number, _) => number(value),
        (FormWord::Ratio, [level, maximum]) if *maximum > 0 && level <= maximum => {
            Raw::Number(u64::from(*level) * 100 / u64::from(*maximum))
        }
        (FormWord::Ratio, _) => Raw::NoNumber,
    }
}

/// A value as a big-endian number of up to eight octets.
pub(super) fn number(value: &[u8]) -> Raw {
    if value.is_empty() || value.len() > 8 {
        return Raw::NoNumber;
    }
    if value.iter().all(|octet| *octet == 0xff) {
        return Raw::NotAvailable;
    }
    let number = value
        .iter()
        .fold(0_u64, |number, octet| number << 8 | u64::from(*octet));
    if number > MAX_NUMBER {
        return Raw::TooLarge;
    }
    Raw::Number(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn records_are_read_by_their_lengths() {
        let octets = [
            0x00, 1, 4, 0, 0, 0x06, 0x4b, 0x41, 1, 1, 3, 0x02, 1, 4, 0, 0, 3, 0x86, 0xff, 9,
        ];
        let records = parse(&octets, LayoutWord::IdOneLengthValue);
        let found: Vec<(u8, Raw)> = records.iter().map(|r| (r.id, number(r.value))).collect();
        let expected = [
            (0, Raw::Number(1611)),
            (0x41, Raw::Number(3)),
            (2, Raw::Number(902)),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_ratio_is_a_level_and_its_maximum() {
        assert_eq!(read(&[0x0c, 0x14], FormWord::Ratio), Raw::Number(60));
        assert_eq!(read(&[9, 0], FormWord::Ratio), Raw::NoNumber);
        assert_eq!(read(&[9, 3], FormWord::Ratio), Raw::NoNumber);
    }

    #[test]
    fn a_string_cut_inside_a_record_keeps_the_whole_ones() {
        let records = parse(&[0, 2, 0, 0x16, 1, 2, 9], LayoutWord::IdLengthValue);
        assert_eq!(
            records,
            [Record {
                id: 0,
                value: &[0, 0x16]
            }]
        );
    }

    proptest! {
        #[test]
        fn no_octets_panic(octets in prop::collection::vec(any::<u8>(), 0..64)) {
            for layout in [LayoutWord::IdOneLengthValue, LayoutWord::IdLengthValue] {
                for record in parse(&octets, layout) {
                    let _ = number(record.value);
                }
            }
        }
    }
}
