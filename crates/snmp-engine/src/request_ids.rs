//! Request ids that nobody outside can guess.

use std::hash::{Hash, Hasher};

/// The least number that BER writes in four octets.
const SHORTEST: u32 = 0x0080_0000;

/// Request ids that look random and can be computed again: a keyed hash (SipHash-2-4) of whatever
/// the request is about.
///
/// An id is all that an off-path forger has to guess, so it must not count up. Computing it again
/// spares the sweep from remembering one for each address.
#[derive(Clone, Copy)]
pub struct RequestIds {
    key: [u64; 2],
}

impl RequestIds {
    /// Takes 16 random bytes from the caller.
    pub fn new(seed: [u8; 16]) -> Self {
        let wide = u128::from_le_bytes(seed);
        let low = u64::try_from(wide & u128::from(u64::MAX)).unwrap_or_default();
        let high = u64::try_from(wide >> 64).unwrap_or_default();
        Self { key: [low, high] }
    }

    /// Ids of their own for everything about `subject`.
    #[must_use]
    pub fn derive(&self, subject: &impl Hash) -> Self {
        let half = |half: u8| {
            let mut hasher = SipHasher::new(self.key);
            half.hash(&mut hasher);
            subject.hash(&mut hasher);
            hasher.finish()
        };
        Self {
            key: [half(1), half(2)],
        }
    }

    /// The id for `subject`: 2^23 to 2^31-1, which every agent can read and echo, and which has four
    /// octets on the wire, so that one id can be written over another.
    pub fn id(&self, subject: &impl Hash) -> u32 {
        let mut hasher = SipHasher::new(self.key);
        subject.hash(&mut hasher);
        let [a, b, c, d, ..] = hasher.finish().to_le_bytes();
        let id = u32::from_le_bytes([a, b, c, d]) >> 1;
        if id < SHORTEST { id + SHORTEST } else { id }
    }
}

impl std::fmt::Debug for RequestIds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RequestIds(…)")
    }
}

/// SipHash-2-4 (Aumasson and Bernstein, 2012). The standard library's own takes no key.
struct SipHasher {
    state: [u64; 4],
    tail: u64,
    tail_bits: u32,
    length: u8,
}

impl SipHasher {
    fn new([low, high]: [u64; 2]) -> Self {
        Self {
            state: [
                low ^ 0x736f_6d65_7073_6575,
                high ^ 0x646f_7261_6e64_6f6d,
                low ^ 0x6c79_6765_6e65_7261,
                high ^ 0x7465_6462_7974_6573,
            ],
            tail: 0,
            tail_bits: 0,
            length: 0,
        }
    }
}

fn round([mut a, mut b, mut c, mut d]: [u64; 4]) -> [u64; 4] {
    a = a.wrapping_add(b);
    b = b.rotate_left(13) ^ a;
    a = a.rotate_left(32);
    c = c.wrapping_add(d);
    d = d.rotate_left(16) ^ c;
    a = a.wrapping_add(d);
    d = d.rotate_left(21) ^ a;
    c = c.wrapping_add(b);
    b = b.rotate_left(17) ^ c;
    c = c.rotate_left(32);
    [a, b, c, d]
}

fn absorb([a, b, c, d]: [u64; 4], word: u64) -> [u64; 4] {
    let [a, b, c, d] = round(round([a, b, c, d ^ word]));
    [a ^ word, b, c, d]
}

impl Hasher for SipHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.tail |= u64::from(*byte) << self.tail_bits;
            self.tail_bits += 8;
            self.length = self.length.wrapping_add(1);
            if self.tail_bits == 64 {
                self.state = absorb(self.state, self.tail);
                self.tail = 0;
                self.tail_bits = 0;
            }
        }
    }

    fn finish(&self) -> u64 {
        let last = self.tail | u64::from(self.length) << 56;
        let [a, b, c, d] = absorb(self.state, last);
        let [a, b, c, d] = round(round(round(round([a, b, c ^ 0xff, d]))));
        a ^ b ^ c ^ d
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_siphash_2_4() {
        // The vectors of the reference implementation: key 00..0f, input 00..n.
        let key: [u8; 16] = std::array::from_fn(|index| u8::try_from(index).expect("small"));
        let ids = RequestIds::new(key);
        let hash = |len: u8| {
            let mut hasher = SipHasher::new(ids.key);
            hasher.write(&(0..len).collect::<Vec<u8>>());
            hasher.finish()
        };
        assert_eq!(hash(0), 0x726f_db47_dd0e_0e31);
        assert_eq!(hash(1), 0x74f8_39c5_93dc_67fd);
        assert_eq!(hash(15), 0xa129_ca61_49be_45e5);
    }

    #[test]
    fn ids_are_positive_repeatable_and_spread() {
        let ids = RequestIds::new([7; 16]);
        let other = RequestIds::new([8; 16]);
        let drawn: std::collections::BTreeSet<u32> = (0..1_000u32).map(|n| ids.id(&n)).collect();
        assert_eq!(drawn.len(), 1_000);
        assert!(drawn.iter().all(|id| (SHORTEST..=0x7fff_ffff).contains(id)));
        assert!(drawn.iter().any(|id| *id > 0x6000_0000));
        assert_eq!(ids.id(&5u32), ids.id(&5u32));
        assert_ne!(ids.id(&5u32), other.id(&5u32));
    }
}
