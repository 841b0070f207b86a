//! When to try again: later and later, and never all agents at once.

use std::time::Duration;

/// Exponential backoff with full jitter: the n-th wait is drawn evenly between nothing and a
/// ceiling that doubles. Ten thousand agents that lost the same Central at the same instant come
/// back spread out, which equal waits would not do.
///
/// It has no clock and no randomness: the caller draws and the caller waits.
///
/// ```
/// use pagetally_transport::Backoff;
/// use std::time::Duration;
///
/// let mut backoff = Backoff::new(Duration::from_secs(2), Duration::from_secs(60));
/// assert_eq!(backoff.next(u64::MAX), Duration::from_secs(2));
/// assert_eq!(backoff.next(u64::MAX), Duration::from_secs(4));
/// assert_eq!(backoff.next(u64::MAX / 2).as_secs(), 3);
/// backoff.reset();
/// assert!(backoff.next(0) < Duration::from_secs(2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Default for Backoff {
    /// Up to 5 seconds after the first failure, up to an hour at last.
    fn default() -> Self {
        Self::new(Duration::from_secs(5), Duration::from_secs(3_600))
    }
}

impl Backoff {
    /// Waits of at most `first` after the first failure, doubling up to `longest`.
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            failures: 0,
        }
    }

    /// How many failures there were in a row.
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// After a failure: how long to wait. `random` is drawn evenly from all of `u64`.
    pub fn next(&mut self, random: u64) -> Duration {
        let doublings = self.failures.min(31);
        self.failures = self.failures.saturating_add(1);
        let ceiling = self
            .first
            .saturating_mul(1 << doublings)
            .min(self.longest)
            .as_nanos();
        let nanos = ceiling * u128::from(random) / u128::from(u64::MAX);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Like [`next`](Self::next), but not before what Central asked for (`Retry-After`), and with
    /// the jitter on top of it: those whom Central sent away together must not come back together.
    pub fn next_not_before(&mut self, random: u64, asked: Duration) -> Duration {
        self.next(random).saturating_add(asked)
    }

    /// After a success: the next failure is the first again.
    pub const fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_double_up_to_the_longest_and_stay_there() {
        let mut backoff = Backoff::new(SECOND, 60 * SECOND);
        let waits: Vec<u64> = (0..8).map(|_| backoff.next(u64::MAX).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        for _ in 0..100 {
            assert_eq!(backoff.next(u64::MAX), 60 * SECOND);
        }
    }

    #[test]
    fn the_whole_range_is_used() {
        let mut backoff = Backoff::new(SECOND, SECOND);
        assert_eq!(backoff.next(0), Duration::ZERO);
        assert_eq!(backoff.next(u64::MAX / 4).as_millis(), 249);
        assert_eq!(backoff.next(u64::MAX), SECOND);
    }

    #[test]
    fn what_central_asked_for_is_waited_at_least() {
        let mut backoff = Backoff::new(SECOND, SECOND);
        for random in [0, u64::MAX / 3, u64::MAX] {
            assert!(backoff.next_not_before(random, 30 * SECOND) >= 30 * SECOND);
        }
    }

    #[test]
    fn agents_that_failed_together_come_back_spread_out() {
        let waits: Vec<Duration> = (0..10_000u64)
            .map(|agent| {
                let mut backoff = Backoff::new(60 * SECOND, 60 * SECOND);
                // A fixed multiplicative hash stands in for each agent's own random source.
                backoff.next(agent.wrapping_mul(0x9E37_79B9_7F4A_7C15))
            })
            .collect();
        for second in 0..60 {
            let here = waits.iter().filter(|wait| wait.as_secs() == second).count();
            assert!((100..=240).contains(&here), "{here} in second {second}");
        }
    }
}
