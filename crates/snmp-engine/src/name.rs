//! The names of one answer, decoded once, and how names are put in order quickly.

use crate::Oid;
use crate::message::VarBindRef;
use std::cmp::Ordering;
use std::sync::Arc;

/// The beginning of a name in sixteen octets, which have the order of names: most names are told apart
/// by one comparison of two numbers. Names with the same key are compared arc by arc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OrderKey([u64; 2]);

impl Ord for OrderKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.number().cmp(&other.number())
    }
}

impl PartialOrd for OrderKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl OrderKey {
    /// Where nearly all names begin (RFC 2578 section 2, `internet`).
    const INTERNET: [u32; 4] = [1, 3, 6, 1];

    /// Halves need no padding around them: many keys are kept, and moved.
    fn from_number(number: u128) -> Self {
        let half = |number: u128| u64::try_from(number & u128::from(u64::MAX)).unwrap_or_default();
        Self([half(number >> 64), half(number)])
    }

    fn number(self) -> u128 {
        let [high, low] = self.0;
        u128::from(high) << 64 | u128::from(low)
    }

    /// The key of a name with these arcs: an octet for what comes before, in or behind `internet`,
    /// then an octet for each small arc, two for a greater one, until there is no room. Zero is the end
    /// of a name, so that a name comes before those below it.
    pub(crate) fn of(arcs: &[u32]) -> Self {
        const ONE_OCTET: u32 = 0xef;
        const TWO_OCTETS: u32 = ONE_OCTET + 0xe00;
        let Some(rest) = arcs.strip_prefix(&Self::INTERNET) else {
            let is_behind = arcs > Self::INTERNET.as_slice();
            return Self::from_number(u128::from(is_behind) << 121);
        };
        let mut left = 120_u32;
        let mut key: u128 = 1 << left;
        for arc in rest {
            match *arc {
                small @ ..ONE_OCTET if left >= 8 => {
                    left -= 8;
                    key |= u128::from(small + 1) << left;
                }
                middle @ ONE_OCTET..TWO_OCTETS if left >= 16 => {
                    left -= 16;
                    key |= u128::from(0xf000 + (middle - ONE_OCTET)) << left;
                }
                // What does not fit, and what follows, is left to the arcs themselves.
                middle @ ONE_OCTET..TWO_OCTETS if left >= 8 => {
                    key |= u128::from(0xf0 + ((middle - ONE_OCTET) >> 8)) << (left - 8);
                    break;
                }
                TWO_OCTETS.. if left >= 8 => {
                    key |= 0xfe << (left - 8);
                    break;
                }
                _ => break,
            }
        }
        Self::from_number(key)
    }

    /// The key of a name whose arcs behind `internet` are these, each below 128.
    fn of_small(arcs: &[u8]) -> Self {
        const ONES: u128 = u128::from_be_bytes([1; 16]);
        let mut octets = [0; 16];
        let count = arcs.len().min(15);
        if let (Some(place), Some(arcs)) = (octets.get_mut(1..=count), arcs.get(..count)) {
            place.copy_from_slice(arcs);
        }
        // One more each, and one for `internet`: the octets that are used are those in front.
        let used = ONES & (u128::MAX << (8 * (15 - count)));
        Self::from_number(u128::from_be_bytes(octets) + used)
    }
}

/// A name of an answer, or one that is compared with such.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name<'n> {
    arcs: &'n [u32],
    key: OrderKey,
}

impl<'n> Name<'n> {
    /// The name with these arcs.
    #[cfg(test)]
    pub(crate) fn of(arcs: &'n [u32]) -> Self {
        let key = OrderKey::of(arcs);
        Self { arcs, key }
    }

    /// The name with these arcs, which have this key.
    pub(crate) fn with_key(arcs: &'n [u32], key: OrderKey) -> Self {
        Self { arcs, key }
    }

    pub(crate) fn arcs(self) -> &'n [u32] {
        self.arcs
    }

    pub(crate) fn key(self) -> OrderKey {
        self.key
    }

    /// Whether it is `root` or lies below it.
    pub(crate) fn starts_with(self, root: &Oid) -> bool {
        self.arcs.starts_with(root.arcs())
    }
}

impl PartialEq for Name<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.arcs == other.arcs
    }
}

impl Eq for Name<'_> {}

impl PartialOrd for Name<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name<'_> {
    /// Arc by arc, as SNMP orders names.
    fn cmp(&self, other: &Self) -> Ordering {
        let by_key = self.key.cmp(&other.key);
        by_key.then_with(|| self.arcs.cmp(other.arcs))
    }
}

/// The names of one answer, in one piece of memory.
#[derive(Debug)]
pub(crate) struct Names {
    slab: Arc<[u32]>,
    places: Vec<(u32, u32, OrderKey)>,
}

impl Names {
    /// Those of these variables.
    pub(crate) fn of(varbinds: &[VarBindRef<'_>]) -> Self {
        // An arc takes an octet at least, and the first one holds two.
        let arcs = varbinds.iter().map(|one| one.name.encoded_len() + 1).sum();
        let mut slab: Vec<u32> = Vec::with_capacity(arcs);
        let mut places = Vec::with_capacity(varbinds.len());
        for varbind in varbinds {
            let start = slab.len();
            varbind.name.decode_into(&mut slab);
            let arcs = slab.get(start..).unwrap_or_default();
            let key = varbind.name.usual_octets().map(OrderKey::of_small);
            let key = key.unwrap_or_else(|| OrderKey::of(arcs));
            // A datagram has fewer octets than fit into these.
            let place = |number| u32::try_from(number).unwrap_or(u32::MAX);
            places.push((place(start), place(arcs.len()), key));
        }
        let slab = slab.into();
        Self { slab, places }
    }

    /// All of them, in the order of the variables.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = Name<'_>> {
        self.places.iter().map(|(start, len, key)| Name {
            arcs: crate::oid::part(&self.slab, *start, *len),
            key: *key,
        })
    }

    /// The name at this place, for keeps.
    pub(crate) fn oid(&self, place: usize) -> Oid {
        let Some((start, len, _)) = self.places.get(place) else {
            return Oid::default();
        };
        Oid::part_of(&self.slab, *start, *len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Arcs around the borders of what an octet and what two octets hold.
    fn arc() -> impl Strategy<Value = u32> {
        prop_oneof![
            0..4_u32,
            0xed..0xf3_u32,
            0x1ed..0x1f3_u32,
            0xeec..0xef4_u32,
            any::<u32>(),
        ]
    }

    proptest! {
        #[test]
        fn keys_have_the_order_of_names_or_leave_it_open(
            internet in any::<bool>(),
            common in prop::collection::vec(arc(), 0..18),
            one in prop::collection::vec(arc(), 0..6),
            other in prop::collection::vec(arc(), 0..6),
        ) {
            let front = if internet { &OrderKey::INTERNET[..] } else { &[] };
            let arcs = |behind: &[u32]| [front, &common, behind].concat();
            let (one, other) = (arcs(&one), arcs(&other));
            let by_key = OrderKey::of(&one).cmp(&OrderKey::of(&other));
            prop_assert!(by_key.is_eq() || by_key == one.cmp(&other));
            prop_assert_eq!(Name::of(&one).cmp(&Name::of(&other)), one.cmp(&other));
            prop_assert_eq!(Name::of(&one) == Name::of(&other), one == other);
        }

        #[test]
        fn names_of_small_arcs_have_the_same_keys(arcs in prop::collection::vec(0..128_u8, 0..20)) {
            let wide: Vec<u32> = arcs.iter().map(|arc| u32::from(*arc)).collect();
            let whole = [&OrderKey::INTERNET[..], &wide].concat();
            prop_assert_eq!(OrderKey::of_small(&arcs), OrderKey::of(&whole));
        }
    }

    #[test]
    fn names_around_internet_are_in_order() {
        let names: [&[u32]; 9] = [
            &[],
            &[1, 3],
            &[1, 3, 6],
            &[1, 3, 6, 0, 9],
            &[1, 3, 6, 1],
            &[1, 3, 6, 1, 0],
            &[1, 3, 6, 1, 4, 1],
            &[1, 3, 6, 2],
            &[2, 0],
        ];
        assert!(names.map(Name::of).is_sorted());
    }

    #[test]
    fn usual_names_are_told_apart_by_their_keys() {
        let key = |text: &str| OrderKey::of(text.parse::<Oid>().expect("valid").arcs());
        let names = [
            "1.3.6.1.2.1.43.11.1.1.9.1.1",
            "1.3.6.1.2.1.43.11.1.1.9.1.2",
            "1.3.6.1.2.1.43.18.1.1.8.1.1700",
            "1.3.6.1.4.1.253.8.53.13.2.1.6.1.20.1",
            "1.3.6.1.4.1.253.8.53.13.2.1.6.1.20.33",
        ];
        assert!(names.map(key).is_sorted_by(|one, next| one < next));
    }
}
