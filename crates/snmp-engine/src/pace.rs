//! Ceilings on how much is sent in a second: over all, and to one subnet.

mod subnet;

use std::time::Duration;

pub use subnet::{Subnet, SubnetPace};

/// A token bucket: `rate` tokens a second, saved up to a small burst.
///
/// `now` is the time since an instant of the caller's choice and must not go backwards; where it
/// does, nothing is given.
#[derive(Clone, Debug)]
pub struct Pace {
    /// What one token takes to come, in nanoseconds.
    interval: u64,
    /// How far behind `now` the bucket may lag: the burst, in time.
    burst: Duration,
    /// When the next token is there, were none saved up.
    next: Duration,
}

impl Pace {
    /// How much time's worth of tokens is saved up: enough to make up for one late wake-up of the
    /// driver, too little for a burst that a small switch would drop.
    const SAVED: Duration = Duration::from_millis(20);

    /// At most `rate` tokens a second; a rate of 0 is taken as 1.
    pub fn new(rate: u32) -> Self {
        Self {
            interval: 1_000_000_000 / u64::from(rate.max(1)),
            burst: Self::SAVED,
            next: Duration::ZERO,
        }
    }

    /// At most `rate` tokens a second, saved up for `saved`: where a burst is the usual thing and only
    /// its going on is not. A rate of 0 is taken as 1.
    pub fn with_saved(rate: u32, saved: Duration) -> Self {
        Self {
            burst: saved,
            ..Self::new(rate)
        }
    }

    /// Whether all tokens are there again that can be saved up.
    pub fn is_full(&self, now: Duration) -> bool {
        self.next.saturating_add(self.burst) <= now
    }

    /// Whether there is a token at `now`, and if not, when there will be.
    ///
    /// # Errors
    ///
    /// The time at which to ask again.
    pub fn ready(&self, now: Duration) -> Result<(), Duration> {
        if self.next <= now {
            Ok(())
        } else {
            Err(self.next)
        }
    }

    /// Takes one token.
    pub fn spend(&mut self, now: Duration) {
        let earliest = now.saturating_sub(self.burst);
        self.next = self.next.max(earliest) + Duration::from_nanos(self.interval);
    }

    /// Gives a token back that was taken and not used.
    pub fn refund(&mut self) {
        self.next = self
            .next
            .saturating_sub(Duration::from_nanos(self.interval));
    }

    /// When the next token is there, were none saved up.
    fn next(&self) -> Duration {
        self.next
    }

    /// Gives nothing before `until`: the way to slow down when the system can take no more.
    pub fn hold(&mut self, until: Duration) {
        self.next = self.next.max(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_within(pace: &mut Pace, from: Duration, until: Duration, tick: Duration) -> u32 {
        let mut now = from;
        let mut sent = 0;
        while now < until {
            while pace.ready(now).is_ok() {
                pace.spend(now);
                sent += 1;
            }
            now += tick;
        }
        sent
    }

    #[test]
    fn the_rate_holds_over_a_second_whatever_the_driver_wakes() {
        for tick in [1, 7, 19] {
            let mut pace = Pace::new(500);
            let second = Duration::from_secs(1);
            let sent = sent_within(&mut pace, second, 2 * second, Duration::from_millis(tick));
            assert!(
                (490..=512).contains(&sent),
                "{sent} with a tick of {tick} ms"
            );
        }
    }

    #[test]
    fn a_pause_saves_up_no_flood() {
        let mut pace = Pace::new(1_000);
        pace.spend(Duration::ZERO);
        let later = Duration::from_secs(60);
        let sent = sent_within(
            &mut pace,
            later,
            later + Duration::from_nanos(1),
            Duration::from_secs(1),
        );
        assert!(sent <= 21, "{sent} at once");
    }

    #[test]
    fn a_slow_rate_says_when() {
        let mut pace = Pace::new(2);
        pace.spend(Duration::from_secs(5));
        let when = pace.ready(Duration::from_secs(5)).expect_err("spent");
        assert!(when > Duration::from_millis(5_400) && when <= Duration::from_millis(5_500));
    }

    #[test]
    fn a_hold_is_kept() {
        let mut pace = Pace::new(1_000_000);
        pace.hold(Duration::from_secs(3));
        assert_eq!(
            pace.ready(Duration::from_secs(2)),
            Err(Duration::from_secs(3))
        );
        assert_eq!(pace.ready(Duration::from_secs(3)), Ok(()));
    }
}
