//! Chance that repeats: the same seed gives the same fleet.

/// SplitMix64: small, and good enough to draw a job's pages from. Not for secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chance {
    state: u64,
}

impl Chance {
    /// Begins with this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// An independent stream for one of many: a device of a fleet, a datagram of a link.
    #[must_use]
    pub fn fork(seed: u64, index: u64) -> Self {
        let mut chance = Self::new(seed ^ index.wrapping_mul(0xd6e8_feb8_6659_fd93));
        chance.next();
        chance
    }

    /// The next number of the sequence.
    #[expect(
        clippy::should_implement_trait,
        reason = "an endless sequence is no iterator"
    )]
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to below `bound`; 0 where `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The high half of a 128-bit product: no division, and hardly any bias.
        let product = u128::from(self.next()) * u128::from(bound);
        u64::try_from(product >> 64).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// True `share` times in a million.
    pub fn per_million(&mut self, share: u32) -> bool {
        self.below(1_000_000) < u64::from(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_spread_over_the_range_and_repeat() {
        let draw = || {
            let mut chance = Chance::fork(7, 3);
            (0..6_000).map(|_| chance.below(6)).collect::<Vec<_>>()
        };
        let first = draw();
        assert_eq!(first, draw());
        for side in 0..6 {
            let count = first.iter().filter(|drawn| **drawn == side).count();
            assert!((900..1_100).contains(&count), "{side}: {count}");
        }
    }
}
