//! Writes canonical BER, last byte first.

use super::tag;
use crate::Oid;

/// Writes canonical BER.
///
/// A field's length stands before its content, so the fields are written in reverse: the last field
/// first, the content before what wraps it. [`finish`](Self::finish) turns the bytes around.
#[derive(Debug, Default)]
pub struct Writer {
    reversed: Vec<u8>,
}

impl Writer {
    /// An empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty writer with room for a usual request.
    pub(crate) fn with_room() -> Self {
        Self {
            reversed: Vec::with_capacity(1_024),
        }
    }

    /// A place in the output, for [`wrap`](Self::wrap).
    pub fn mark(&self) -> usize {
        self.reversed.len()
    }

    /// Wraps everything written since `mark` into one field.
    pub fn wrap(&mut self, tag: u8, mark: usize) {
        self.length(self.reversed.len() - mark);
        self.reversed.push(tag);
    }

    /// Writes a field with this content.
    pub fn field(&mut self, tag: u8, content: &[u8]) {
        self.reversed.extend(content.iter().rev());
        self.length(content.len());
        self.reversed.push(tag);
    }

    /// Writes a field that is encoded already.
    pub(crate) fn encoded(&mut self, field: &[u8]) {
        self.reversed.extend(field.iter().rev());
    }

    /// Writes a signed number in as few octets as it needs.
    pub fn signed(&mut self, tag: u8, number: i64) {
        let octets = number.to_be_bytes();
        let spare = octets
            .windows(2)
            .take_while(|pair| matches!(pair, [0, 0..=0x7f] | [0xff, 0x80..=0xff]))
            .count();
        self.field(tag, octets.get(spare..).unwrap_or_default());
    }

    /// Writes an unsigned number in as few octets as it needs.
    pub fn unsigned(&mut self, tag: u8, number: u64) {
        let mut octets = [0; 9];
        let (_, low) = octets.split_at_mut(1);
        low.copy_from_slice(&number.to_be_bytes());
        let spare = octets
            .windows(2)
            .take_while(|pair| matches!(pair, [0, 0..=0x7f]))
            .count();
        self.field(tag, octets.get(spare..).unwrap_or_default());
    }

    /// Writes an OBJECT IDENTIFIER. One of fewer than two arcs is filled up with zeros, as `0.0`
    /// stands for "none"; a first pair that BER cannot express is written as `2.n`.
    pub fn oid(&mut self, oid: &Oid) {
        let mark = self.mark();
        let mut arcs = oid.arcs().iter().copied();
        let (first, second) = (arcs.next().unwrap_or(0), arcs.next().unwrap_or(0));
        for arc in arcs.rev() {
            self.arc(arc);
        }
        self.arc(first.min(2).saturating_mul(40).saturating_add(second));
        self.wrap(tag::OBJECT_IDENTIFIER, mark);
    }

    /// The bytes, first byte first.
    pub fn finish(mut self) -> Vec<u8> {
        self.reversed.reverse();
        self.reversed
    }

    fn arc(&mut self, arc: u32) {
        if let Ok(small @ ..=0x7f) = u8::try_from(arc) {
            self.reversed.push(small);
            return;
        }
        let mut rest = arc;
        let mut more = 0;
        loop {
            let [.., low] = rest.to_be_bytes();
            self.reversed.push(low & 0x7f | more);
            rest >>= 7;
            more = 0x80;
            if rest == 0 {
                return;
            }
        }
    }

    fn length(&mut self, len: usize) {
        if let Ok(short @ ..=0x7f) = u8::try_from(len) {
            self.reversed.push(short);
            return;
        }
        let octets = len.to_be_bytes();
        let spare = octets.iter().take_while(|octet| **octet == 0).count();
        let long = octets.get(spare..).unwrap_or_default();
        self.reversed.extend(long.iter().rev());
        // A usize has at most eight octets.
        self.reversed
            .push(0x80 | u8::try_from(long.len()).unwrap_or(0x7f));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Reader, Tolerances, Unsigned};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_take_the_shortest_form() {
        for (len, head) in [
            (0, &[4, 0][..]),
            (127, &[4, 127]),
            (128, &[4, 0x81, 128]),
            (256, &[4, 0x82, 1, 0]),
        ] {
            let mut writer = Writer::new();
            writer.field(tag::OCTET_STRING, &vec![7; len]);
            assert_eq!(writer.finish()[..head.len()], *head);
        }
    }

    #[test]
    fn an_oid_without_arcs_is_written_as_zero_dot_zero() {
        let mut writer = Writer::new();
        writer.oid(&Oid::default());
        assert_eq!(writer.finish(), [6, 1, 0]);
    }

    proptest! {
        #[test]
        fn numbers_read_back_and_are_canonical(
            shift in 0..64u32, signed in any::<i64>(), unsigned in any::<u64>()
        ) {
            let (signed, unsigned) = (signed >> shift, unsigned >> shift);
            let mut writer = Writer::new();
            writer.signed(tag::INTEGER, signed);
            let bytes = writer.finish();
            let tolerances = Tolerances { wide_integers: true, ..Tolerances::STRICT };
            prop_assert_eq!(Reader::new(&bytes, tolerances).integer("n"), Ok(signed));

            let mut writer = Writer::new();
            writer.unsigned(tag::COUNTER64, unsigned);
            let bytes = writer.finish();
            let mut reader = Reader::new(&bytes, Tolerances::STRICT);
            let content = reader.expect("n", tag::COUNTER64).expect("written");
            prop_assert_eq!(reader.unsigned("n", content, 8), Ok(Some(Unsigned::Number(unsigned))));
        }

        #[test]
        fn oids_read_back(
            first in 0..=2u32, second in 0..40u32, rest in prop::collection::vec(any::<u32>(), 0..=126)
        ) {
            let arcs: Vec<u32> = [first, second].into_iter().chain(rest).collect();
            let oid = Oid::new(arcs).expect("short enough");
            let mut writer = Writer::new();
            writer.oid(&oid);
            let bytes = writer.finish();
            let mut reader = Reader::new(&bytes, Tolerances::STRICT);
            prop_assert_eq!(reader.oid("name").expect("written").to_oid(), oid);
        }
    }
}
