//! Object identifiers as they stand in a datagram.

use crate::Oid;
use std::cmp::Ordering;
use std::fmt;

/// A checked object identifier that borrows its encoded form from the datagram.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OidRef<'a> {
    content: &'a [u8],
    /// Whether each octet is a sub-identifier of its own.
    small: bool,
}

impl<'a> OidRef<'a> {
    /// Checks the content octets (X.690 section 8.19): complete sub-identifiers without padding,
    /// each of at most 32 bits, at most 128 in all.
    pub(crate) fn check(content: &'a [u8]) -> Option<Self> {
        if are_small(content) {
            let few = content.len() < Oid::MAX_ARCS; // The first octet stands for two arcs.
            let small = true;
            return (!content.is_empty() && few).then_some(Self { content, small });
        }
        let mut arcs = 1; // The first sub-identifier stands for two arcs.
        let mut arc: u32 = 0;
        let mut inside = false;
        for octet in content {
            if !inside && *octet == 0x80 {
                return None;
            }
            if arc >> 25 != 0 {
                return None;
            }
            arc = arc << 7 | u32::from(octet & 0x7f);
            inside = octet & 0x80 != 0;
            if !inside {
                arcs += 1;
                arc = 0;
            }
        }
        let small = false;
        (!content.is_empty() && !inside && arcs <= Oid::MAX_ARCS).then_some(Self { content, small })
    }

    /// The arcs, one after the other.
    pub fn arcs(self) -> Arcs<'a> {
        Arcs {
            rest: self.content,
            second: None,
            first: true,
        }
    }

    /// An owned copy.
    pub fn to_oid(self) -> Oid {
        let mut arcs = [0; Oid::MAX_ARCS];
        let mut count = 0;
        // `check` has counted them.
        for (place, arc) in arcs.iter_mut().zip(self.arcs()) {
            *place = arc;
            count += 1;
        }
        Oid::from_counted(arcs.get(..count).unwrap_or_default())
    }

    /// Writes its arcs behind those that `arcs` holds.
    pub(crate) fn decode_into(self, arcs: &mut Vec<u32>) {
        match self.content.split_first() {
            // Below 80 the first sub-identifier stands for 0 or 1 and what is left.
            Some((first @ 0..=79, rest)) if self.small => {
                let above = u32::from(*first >= 40);
                arcs.extend([above, u32::from(*first) - above * 40]);
                arcs.extend(rest.iter().map(|octet| u32::from(*octet)));
            }
            _ => arcs.extend(self.arcs()),
        }
    }

    /// Its arcs below `internet` (RFC 2578 section 2), where it lies there and each is below 128.
    pub(crate) fn usual_octets(self) -> Option<&'a [u8]> {
        let below = self.content.strip_prefix(&[0x2b, 6, 1])?;
        self.small.then_some(below)
    }

    /// Its arcs as they stand in the datagram.
    pub(crate) fn octets(self) -> &'a [u8] {
        self.content
    }

    /// How many octets its arcs take in the datagram.
    pub(crate) fn encoded_len(self) -> usize {
        self.content.len()
    }

    /// Whether it is `root` or lies below it.
    pub fn starts_with(self, root: &Oid) -> bool {
        let mut arcs = self.arcs();
        root.arcs().iter().all(|arc| arcs.next() == Some(*arc))
    }

    /// Compares arc by arc, as SNMP orders names.
    pub fn compare(self, other: &Oid) -> Ordering {
        self.arcs().cmp(other.arcs().iter().copied())
    }
}

impl Ord for OidRef<'_> {
    /// Arc by arc, as SNMP orders names.
    fn cmp(&self, other: &Self) -> Ordering {
        // Encoded names that differ late are alike up to there: the common octets are passed over,
        // back to where an arc begins.
        let same = common_octets(self.content, other.content);
        let front = self.content.get(..same).unwrap_or_default();
        let inside = front.iter().rev().take_while(|octet| **octet & 0x80 != 0);
        let start = same - inside.count();
        if start == 0 {
            return self.arcs().cmp(other.arcs());
        }
        let rest = |name: &Self| Arcs {
            rest: name.content.get(start..).unwrap_or_default(),
            second: None,
            first: false,
        };
        // An arc has one encoding: what differs is this one, or one name ends here.
        rest(self).next().cmp(&rest(other).next())
    }
}

/// Whether each of these octets is a sub-identifier of its own.
fn are_small(octets: &[u8]) -> bool {
    const WORD: usize = 8;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let (words, rest) = octets.as_chunks::<WORD>();
    words
        .iter()
        .all(|word| u64::from_ne_bytes(*word) & HIGH == 0)
        && rest.iter().all(|octet| octet & 0x80 == 0)
}

/// How many octets are the same from the beginning on.
fn common_octets(one: &[u8], other: &[u8]) -> usize {
    const WORD: usize = 8;
    let words = one.chunks_exact(WORD).zip(other.chunks_exact(WORD));
    let same = WORD * words.take_while(|(one, other)| one == other).count();
    let (one, other) = (one.iter().skip(same), other.iter().skip(same));
    let octets = one.zip(other);
    same + octets.take_while(|(one, other)| one == other).count()
}

impl PartialOrd for OidRef<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for OidRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_oid(), f)
    }
}

impl fmt::Debug for OidRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The arcs of an [`OidRef`].
#[derive(Clone, Debug)]
pub struct Arcs<'a> {
    rest: &'a [u8],
    second: Option<u32>,
    first: bool,
}

impl Iterator for Arcs<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if let Some(second) = self.second.take() {
            return Some(second);
        }
        let mut arc: u32 = 0;
        loop {
            let (octet, rest) = self.rest.split_first()?;
            self.rest = rest;
            arc = arc << 7 | u32::from(octet & 0x7f);
            if octet & 0x80 == 0 {
                break;
            }
        }
        if !std::mem::take(&mut self.first) {
            return Some(arc);
        }
        // X.690 section 8.19.4: the first sub-identifier is 40 times the first arc plus the second,
        // and the first arc is at most 2.
        let first = (arc / 40).min(2);
        self.second = Some(arc - first * 40);
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn arcs(content: &[u8]) -> Option<Vec<u32>> {
        OidRef::check(content).map(|oid| oid.arcs().collect())
    }

    #[test]
    fn the_first_octets_stand_for_two_arcs() {
        assert_eq!(arcs(&[0x2b, 6, 1]), Some(vec![1, 3, 6, 1]));
        assert_eq!(arcs(&[0x00]), Some(vec![0, 0]));
        assert_eq!(arcs(&[0x88, 0x37, 3]), Some(vec![2, 999, 3]), "X.690 8.19");
        assert_eq!(
            arcs(&[0x2b, 0x8f, 0xff, 0xff, 0xff, 0x7f]),
            Some(vec![1, 3, u32::MAX])
        );
    }

    #[test]
    fn what_is_no_oid_is_refused() {
        let too_wide: &[u8] = &[0x2b, 0x90, 0x80, 0x80, 0x80, 0x00];
        let too_many = [1; 128];
        for bad in [
            &[][..],
            &[0x2b, 0x86],
            &[0x2b, 0x80, 1],
            too_wide,
            &too_many,
        ] {
            assert_eq!(arcs(bad), None, "{bad:02x?}");
        }
        assert_eq!(arcs(&[1; 127]).map(|arcs| arcs.len()), Some(128));
    }

    proptest! {
        #[test]
        fn encoded_names_have_the_order_of_their_arcs(
            front in prop::collection::vec(any::<u32>(), 0..4),
            one in prop::collection::vec(0..40_000u32, 1..4),
            other in prop::collection::vec(0..40_000u32, 1..4),
        ) {
            let encode = |behind: &[u32]| {
                let oid = Oid::default().child(&[1, 3]).child(&front).child(behind);
                let mut writer = crate::ber::Writer::new();
                writer.oid(&oid);
                (oid, writer.finish())
            };
            let ((one, one_bytes), (other, other_bytes)) = (encode(&one), encode(&other));
            let read = |bytes| OidRef::check(bytes).expect("valid");
            let (a, b) = (read(&one_bytes[2..]), read(&other_bytes[2..]));
            prop_assert_eq!(a.cmp(&b), one.cmp(&other));
            prop_assert_eq!(a.compare(&other), one.cmp(&other));
        }
    }

    #[test]
    fn a_root_ends_at_whole_arcs() {
        let oid = OidRef::check(&[0x2b, 6, 41]).expect("valid");
        let root = |text: &str| text.parse::<Oid>().expect("valid");
        assert!(oid.starts_with(&root("1.3.6")));
        assert!(!oid.starts_with(&root("1.3.6.4")));
        assert!(!oid.starts_with(&root("1.3.6.41.0")));
    }
}
