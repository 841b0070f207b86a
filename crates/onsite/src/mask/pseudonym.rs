//! What stands in the place of private data: of the same length and shape, the same for the same,
//! and of no use to whoever has no key. Nobody has: it is thrown away with this value.

use pagetally_snmp_engine::RequestIds;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Draws pseudonyms. Each character is moved within its kind by what a keyed hash of everything
/// before it says, never by nothing: so no character stays, equal texts stay equal in either case,
/// and a text that begins with another still does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pseudonyms {
    hash: RequestIds,
}

impl Pseudonyms {
    pub(super) fn new(key: [u8; 16]) -> Self {
        Self {
            hash: RequestIds::new(key),
        }
    }

    /// How far to move, from 1 to `size - 1`.
    fn offset(&self, before: &[u8], size: u32) -> u32 {
        1 + self.hash.id(&before) % (size - 1)
    }

    /// Digits stay digits, letters stay letters of their case, everything else stays. What is no
    /// ASCII becomes a letter.
    pub(super) fn text(&self, text: &[u8]) -> Vec<u8> {
        let before = text.to_ascii_lowercase();
        let shift = |place: usize, octet: u8, first: u8, size: u8| {
            let offset = self.offset(before.get(..place).unwrap_or_default(), size.into());
            let moved = (u32::from(octet - first) + offset) % u32::from(size);
            first + u8::try_from(moved).unwrap_or(0)
        };
        text.iter()
            .enumerate()
            .map(|(place, octet)| match octet {
                b'0'..=b'9' => shift(place, *octet, b'0', 10),
                b'a'..=b'z' => shift(place, *octet, b'a', 26),
                b'A'..=b'Z' => shift(place, *octet, b'A', 26),
                0x80.. => shift(place, b'x', b'a', 26),
                other => *other,
            })
            .collect()
    }

    /// Hexadecimal digits stay hexadecimal: digits digits, letters letters.
    pub(super) fn hex(&self, text: &[u8]) -> Vec<u8> {
        let before = text.to_ascii_lowercase();
        let shift = |place: usize, octet: u8, first: u8, size: u8| {
            let offset = self.offset(before.get(..place).unwrap_or_default(), size.into());
            let moved = (u32::from(octet - first) + offset) % u32::from(size);
            first + u8::try_from(moved).unwrap_or(0)
        };
        text.iter()
            .enumerate()
            .map(|(place, octet)| match octet {
                b'0'..=b'9' => shift(place, *octet, b'0', 10),
                b'a'..=b'f' => shift(place, *octet, b'a', 6),
                b'A'..=b'F' => shift(place, *octet, b'A', 6),
                other => *other,
            })
            .collect()
    }

    /// Octets of any kind.
    pub(super) fn octets(&self, octets: &[u8]) -> Vec<u8> {
        octets
            .iter()
            .enumerate()
            .map(|(place, octet)| {
                let offset = self.offset(octets.get(..place).unwrap_or_default(), 256);
                octet.wrapping_add(u8::try_from(offset).unwrap_or(1))
            })
            .collect()
    }

    /// A hardware address of the same maker.
    pub(super) fn mac(&self, mac: [u8; 6]) -> [u8; 6] {
        let [a, b, c, ..] = mac;
        let moved = self.octets(&mac);
        match moved.as_slice() {
            [.., d, e, f] => [a, b, c, *d, *e, *f],
            _ => mac,
        }
    }

    /// An address of the same kind, whose numbers have as many digits.
    pub(super) fn ipv4(&self, address: Ipv4Addr) -> Ipv4Addr {
        let octets = address.octets();
        let kept = match octets {
            [10, ..] => 1,
            [192, 168, ..] | [169, 254, ..] | [172, 16..=31, ..] => 2,
            _ => 0,
        };
        let mut moved = octets;
        for (place, octet) in moved.iter_mut().enumerate().skip(kept) {
            let (first, size) = match *octet {
                0..=9 => (0, 10),
                10..=99 => (10, 90),
                // The first number of a public address stays below the multicast ones.
                _ if place == 0 => (128, 95),
                _ => (100, 155),
            };
            let offset = self.offset(octets.get(..place).unwrap_or_default(), size);
            let from = u32::from(*octet).saturating_sub(first) % size;
            let next = first + (from + offset) % size;
            let new = u8::try_from(next).unwrap_or(*octet);
            *octet = if new == *octet { new ^ 1 } else { new };
        }
        Ipv4Addr::from(moved)
    }

    /// An address with the same zeros: the text of one is as long as the text of the other.
    pub(super) fn ipv6(&self, address: Ipv6Addr) -> Ipv6Addr {
        let octets = address.octets();
        let mut moved = octets;
        // fe80:, ff02: and the like say what kind of address it is.
        let kept = if matches!(octets, [0xfe | 0xff, ..]) {
            2
        } else {
            0
        };
        for (place, octet) in moved.iter_mut().enumerate().skip(kept) {
            let before = octets.get(..place).unwrap_or_default();
            let nibble = |nibble: u8, salt: u8| {
                if nibble == 0 {
                    return 0;
                }
                let salted = [before, &[salt]].concat();
                let next = (u32::from(nibble - 1) + self.offset(&salted, 15)) % 15;
                1 + u8::try_from(next).unwrap_or(0)
            };
            *octet = nibble(*octet >> 4, 0) << 4 | nibble(*octet & 15, 1);
        }
        Ipv6Addr::from(moved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_beginning_stays_a_beginning_in_either_case() {
        let names = Pseudonyms::new([1; 16]);
        let short = names.text(b"74636C6601FK2");
        let long = names.text(b"74636c6601fk2-130-0");
        assert!(long.starts_with(&short.to_ascii_lowercase()));
        assert_eq!(long.get(13), Some(&b'-'));
    }

    #[test]
    fn private_networks_stay_private() {
        let names = Pseudonyms::new([1; 16]);
        for text in ["10.2.30.200", "192.168.1.50", "172.20.0.9", "169.254.7.8"] {
            let address: Ipv4Addr = text.parse().expect("valid");
            let moved = names.ipv4(address);
            assert_eq!(moved.is_private(), address.is_private(), "{text} {moved}");
            assert_eq!(moved.to_string().len(), text.len(), "{text} {moved}");
        }
    }

    proptest! {
        #[test]
        fn no_character_stays_and_the_shape_does(
            text in "[0-9A-Za-z ./-]{1,30}", key in any::<[u8; 16]>()
        ) {
            let names = Pseudonyms::new(key);
            let moved = names.text(text.as_bytes());
            prop_assert_eq!(moved.len(), text.len());
            for (old, new) in text.bytes().zip(&moved) {
                if old.is_ascii_alphanumeric() {
                    prop_assert_ne!(old, *new);
                    prop_assert_eq!(old.is_ascii_digit(), new.is_ascii_digit());
                    prop_assert_eq!(old.is_ascii_uppercase(), new.is_ascii_uppercase());
                } else {
                    prop_assert_eq!(old, *new);
                }
            }
        }

        #[test]
        fn an_address_never_stays(octets in any::<[u8; 4]>(), wide in any::<[u8; 16]>()) {
            let names = Pseudonyms::new([3; 16]);
            let address = Ipv4Addr::from(octets);
            prop_assert_ne!(names.ipv4(address), address);
            let wide = Ipv6Addr::from(wide);
            let moved = names.ipv6(wide);
            prop_assert_eq!(moved.to_string().matches(':').count(), wide.to_string().matches(':').count());
        }

        #[test]
        fn a_mac_keeps_its_maker_alone(mac in any::<[u8; 6]>()) {
            let moved = Pseudonyms::new([3; 16]).mac(mac);
            prop_assert_eq!(&moved[..3], &mac[..3]);
            prop_assert!(moved[3..].iter().zip(&mac[3..]).all(|(a, b)| a != b));
        }
    }
}
