//! The few octets of BER that are read or written here by hand: the guard in front of csnmp's
//! decoder, the corrections behind its encoder, and SNMPv3 discovery, which csnmp does not know.

/// INTEGER.
pub(super) const INTEGER: u8 = 0x02;
/// OCTET STRING.
pub(super) const OCTET_STRING: u8 = 0x04;
/// OBJECT IDENTIFIER.
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
/// SEQUENCE.
pub(super) const SEQUENCE: u8 = 0x30;
/// Counter32 (RFC 2578 section 7.1.6).
pub(super) const COUNTER32: u8 = 0x41;

/// One element: its tag and where its content lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element {
    /// The tag octet.
    pub(super) tag: u8,
    /// Where the tag stands.
    pub(super) at: usize,
    /// Where the content begins.
    pub(super) start: usize,
    /// Where the content ends.
    pub(super) end: usize,
}

impl Element {
    /// The content.
    pub(super) fn content<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// A reader over the content.
    pub(super) fn inside<'a>(&self, bytes: &'a [u8]) -> Reader<'a> {
        Reader {
            bytes,
            at: self.start,
            end: self.end,
        }
    }
}

/// Reads one element after the other. Never looks behind `end`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    /// Reads all of `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            end: bytes.len(),
        }
    }

    /// Whether everything was read.
    pub(super) fn is_done(&self) -> bool {
        self.at >= self.end
    }

    /// The next element; nothing where no whole element is left. Definite lengths of up to four
    /// octets, padded or not (RFC 3417 section 8), and tags of one octet, as SNMP has them.
    pub(super) fn next_element(&mut self) -> Option<Element> {
        let at = self.at;
        let tag = self.octet()?;
        if tag & 0x1f == 0x1f {
            return None;
        }
        let length = match self.octet()? {
            short @ 0..=0x7f => usize::from(short),
            long @ 0x81..=0x84 => {
                let mut length = 0;
                for _ in 0..(long & 0x7f) {
                    length = length << 8 | usize::from(self.octet()?);
                }
                length
            }
            _ => return None,
        };
        let start = self.at;
        let end = start.checked_add(length).filter(|end| *end <= self.end)?;
        self.at = end;
        Some(Element {
            tag,
            at,
            start,
            end,
        })
    }

    /// The next element, if it has this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Option<Element> {
        self.next_element().filter(|element| element.tag == tag)
    }

    /// The next element as a number of at most 32 bits.
    pub(super) fn integer(&mut self) -> Option<i32> {
        let content = self.expect(INTEGER)?.content(self.bytes);
        let (first, rest) = content.split_first()?;
        let signed = i64::from(i8::from_be_bytes([*first]));
        if rest.len() > 4 {
            return None;
        }
        let number = rest
            .iter()
            .fold(signed, |number, octet| number << 8 | i64::from(*octet));
        i32::try_from(number).ok()
    }

    /// The content of the next element, which must be an OCTET STRING.
    pub(super) fn octets(&mut self) -> Option<&'a [u8]> {
        let element = self.expect(OCTET_STRING)?;
        Some(element.content(self.bytes))
    }

    fn octet(&mut self) -> Option<u8> {
        let octet = *self.bytes.get(self.at).filter(|_| self.at < self.end)?;
        self.at += 1;
        Some(octet)
    }
}

/// One element with this content.
pub(super) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(content.len() + 6);
    bytes.push(tag);
    write_length(&mut bytes, content.len());
    bytes.extend_from_slice(content);
    bytes
}

/// An INTEGER in its shortest form.
pub(super) fn integer(number: i64) -> Vec<u8> {
    element(INTEGER, &signed_octets(number))
}

/// A number's content octets, two's complement, shortest form (X.690 section 8.3).
pub(super) fn signed_octets(number: i64) -> Vec<u8> {
    let all = number.to_be_bytes();
    let spare = |pair: &[u8]| {
        matches!(pair, [0, next] if *next < 0x80) || matches!(pair, [0xff, next] if *next >= 0x80)
    };
    let skip = all.windows(2).take_while(|pair| spare(pair)).count();
    all.iter().skip(skip).copied().collect()
}

/// An object identifier's content octets (X.690 section 8.19). Below two arcs, zeros are added,
/// since BER cannot say less.
pub(super) fn oid_octets(arcs: &[u32]) -> Vec<u8> {
    let first = u64::from(arcs.first().copied().unwrap_or(0)) * 40;
    let second = u64::from(arcs.get(1).copied().unwrap_or(0));
    let mut octets = Vec::with_capacity(arcs.len() + 4);
    write_base128(&mut octets, first + second);
    for arc in arcs.iter().skip(2) {
        write_base128(&mut octets, u64::from(*arc));
    }
    octets
}

fn write_base128(octets: &mut Vec<u8>, number: u64) {
    let groups = (64 - number.leading_zeros()).div_ceil(7).max(1);
    for group in (0..groups).rev() {
        let more = if group == 0 { 0 } else { 0x80 };
        let seven = u8::try_from(number >> (7 * group) & 0x7f).unwrap_or(0);
        octets.push(more | seven);
    }
}

fn write_length(bytes: &mut Vec<u8>, length: usize) {
    let octets = length.to_be_bytes();
    let skip = octets.iter().take_while(|octet| **octet == 0).count();
    match octets.get(skip..) {
        Some(significant) if length > 0x7f => {
            bytes.push(0x80 | u8::try_from(significant.len()).unwrap_or(0));
            bytes.extend_from_slice(significant);
        }
        _ => bytes.push(octets.last().copied().unwrap_or(0)),
    }
}

/// How many octets an element with so long a content takes.
pub(super) fn element_size(content: usize) -> usize {
    let length_octets = match content {
        0..=0x7f => 1,
        0x80..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xff_ffff => 4,
        _ => 5,
    };
    1 + length_octets + content
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_take_their_shortest_form() {
        assert_eq!(signed_octets(0), [0]);
        assert_eq!(signed_octets(127), [0x7f]);
        assert_eq!(signed_octets(128), [0, 0x80]);
        assert_eq!(signed_octets(-128), [0x80]);
        assert_eq!(signed_octets(-129), [0xff, 0x7f]);
    }

    #[test]
    fn identifiers_follow_x690() {
        assert_eq!(
            oid_octets(&[1, 3, 6, 1, 4, 1, 2435]),
            [0x2b, 6, 1, 4, 1, 0x93, 3]
        );
        assert_eq!(oid_octets(&[2, 999, 3]), [0x88, 0x37, 3]);
        assert_eq!(oid_octets(&[0, 0]), [0]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(number in any::<i32>(), octets in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut bytes = integer(i64::from(number));
            bytes.extend(element(OCTET_STRING, &octets));
            prop_assert_eq!(element_size(octets.len()), element(OCTET_STRING, &octets).len());
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.integer(), Some(number));
            prop_assert_eq!(reader.octets(), Some(octets.as_slice()));
            prop_assert!(reader.is_done());
        }
    }
}
