//! Pseudonyms of one site: the same for the same value, and nothing without the site's key.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use zeroize::Zeroizing;

/// Makes pseudonyms.
#[derive(Clone)]
pub(crate) struct SiteNames {
    /// HMAC-SHA-256 with the site's key, which is wiped with it.
    keyed: Hmac<Sha256>,
}

impl fmt::Debug for SiteNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SiteNames(…)")
    }
}

/// What is hashed for what, so that no two uses meet.
const TEXT: &[u8] = b"text";
const HARDWARE: &[u8] = b"mac";
const ENGINE: &[u8] = b"engine";
const NETWORK: &[u8] = b"network";
const BIT: &[u8] = b"bit";
const WIDE: &[u8] = b"ipv6";

impl SiteNames {
    /// The bytes of a site's key.
    pub(crate) const KEY: usize = 32;

    pub(crate) fn new(key: &Zeroizing<[u8; Self::KEY]>) -> Self {
        // A key that is shorter than a block is padded with zeros (RFC 2104).
        let mut block = Zeroizing::new([0; 64]);
        for (octet, key) in block.iter_mut().zip(key.iter()) {
            *octet = *key;
        }
        Self {
            keyed: Hmac::new(&(*block).into()),
        }
    }

    fn hash(&self, what: &[u8], value: &[u8]) -> [u8; 32] {
        let mut mac = self.keyed.clone();
        mac.update(b"pagetally/pseudonym/1\0");
        mac.update(what);
        mac.update(b"\0");
        mac.update(value);
        mac.finalize().into_bytes().into()
    }

    /// `P` and 24 letters and digits for a text: 120 bits, so that no two texts share one.
    ///
    /// Case and blanks are no matter, as they are not when serial numbers are compared.
    pub(crate) fn text(&self, text: &str) -> String {
        const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let hash = self.hash(TEXT, plain.to_uppercase().as_bytes());
        let mut name = String::from("P");
        for five in hash.chunks_exact(5).take(3) {
            let bits = five
                .iter()
                .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            for place in (0..8).rev() {
                let letter = usize::try_from(bits >> (5 * place) & 31).unwrap_or(0);
                name.push(char::from(LETTERS[letter]));
            }
        }
        name
    }

    /// A unicast address that is administered locally: no maker's.
    pub(crate) fn mac(&self, mac: [u8; 6]) -> [u8; 6] {
        let [a, b, c, d, e, f, ..] = self.hash(HARDWARE, &mac);
        [a & 0xfc | 2, b, c, d, e, f]
    }

    /// An engine id of the same maker, in octets that its administrator chose (RFC 3411 section 5,
    /// format 5).
    pub(crate) fn engine_id(&self, engine: &[u8]) -> Vec<u8> {
        let hash = self.hash(ENGINE, engine);
        let mut new: Vec<u8> = engine.iter().copied().take(4).collect();
        new.resize(4, 0);
        new[0] |= 0x80;
        new.push(5);
        new.extend(hash.iter().take(16));
        new
    }

    pub(crate) fn address(&self, address: IpAddr) -> Ipv6Addr {
        match address {
            IpAddr::V4(address) => self.ipv4(address),
            IpAddr::V6(address) => self.ipv6(address),
        }
    }

    /// Addresses that share their first bits have pseudonyms that do, and no two share one.
    pub(crate) fn ipv4(&self, address: Ipv4Addr) -> Ipv6Addr {
        let mut octets = self.network();
        for (octet, new) in octets.iter_mut().skip(12).zip(self.octets(address)) {
            *octet = new;
        }
        Ipv6Addr::from(octets)
    }

    /// The four octets that stand for an address: each bit is turned, or not, by what a keyed hash of
    /// the bits before it says.
    pub(crate) fn octets(&self, address: Ipv4Addr) -> [u8; 4] {
        let bits = u32::from(address);
        let mut new = 0;
        for place in 0..32_u32 {
            let before = bits.checked_shr(32 - place).unwrap_or(0).to_be_bytes();
            let length = u8::try_from(place).unwrap_or(0);
            let [a, b, c, d] = before;
            let [turned, ..] = self.hash(BIT, &[length, a, b, c, d]);
            new = new << 1 | (bits >> (31 - place) ^ u32::from(turned)) & 1;
        }
        new.to_be_bytes()
    }

    fn ipv6(&self, address: Ipv6Addr) -> Ipv6Addr {
        let mut octets = self.network();
        let hash = self.hash(WIDE, &address.octets());
        for (octet, new) in octets.iter_mut().skip(8).zip(hash) {
            *octet = new;
        }
        // No IPv4 address's pseudonym has this bit.
        octets[8] |= 0x80;
        Ipv6Addr::from(octets)
    }

    /// The site's own /64.
    fn network(&self) -> [u8; 16] {
        let hash = self.hash(NETWORK, &[]);
        let mut octets = [0; 16];
        octets[0] = 0xfd;
        for (octet, new) in octets.iter_mut().skip(1).take(7).zip(hash) {
            *octet = new;
        }
        octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn names(seed: u8) -> SiteNames {
        SiteNames::new(&Zeroizing::new([seed; 32]))
    }

    #[test]
    fn a_pseudonym_is_the_same_for_the_same_value_and_another_at_another_site() {
        let name = names(1).text("vnb3f 12345");
        assert_eq!(name, names(1).text("VNB3F12345"));
        assert_ne!(name, names(2).text("VNB3F12345"));
        assert_eq!(name.len(), 25);
    }

    #[test]
    fn a_mac_becomes_a_unicast_one_of_no_maker() {
        let [first, ..] = names(1).mac([0, 0x1b, 0xa9, 1, 2, 3]);
        assert_eq!(first & 3, 2);
    }

    #[test]
    fn an_engine_id_keeps_its_maker_alone() {
        let old = [0x80, 0, 0, 0x0b, 3, 0, 0x1b, 0xa9, 1, 2, 3];
        let new = names(1).engine_id(&old);
        assert_eq!((new.len(), &new[..5]), (21, &[0x80, 0, 0, 0x0b, 5][..]));
    }

    #[test]
    fn no_two_addresses_of_a_network_share_a_pseudonym_and_all_stay_neighbours() {
        let names = names(3);
        let all: BTreeSet<Ipv6Addr> = (0..=255)
            .map(|last| names.ipv4(Ipv4Addr::new(10, 1, 2, last)))
            .collect();
        assert_eq!(all.len(), 256);
        let nets: BTreeSet<[u8; 15]> = all
            .iter()
            .map(|one| *one.octets().first_chunk().expect("15 octets"))
            .collect();
        assert_eq!(nets.len(), 1);
    }

    proptest! {
        #[test]
        fn as_many_first_bits_are_shared_as_before(one in any::<u32>(), other in any::<u32>()) {
            let names = names(4);
            let moved = |bits: u32| u32::from_be_bytes(names.octets(bits.into()));
            prop_assert_eq!(
                (one ^ other).leading_zeros(),
                (moved(one) ^ moved(other)).leading_zeros()
            );
        }
    }
}
