//! This machine's clocks, and how far the wall clock stands from Central's.

use pagetally_model::{ClockOffset, Timestamp};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Both clocks at one instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    wall: Timestamp,
    monotonic: Instant,
}

impl Reading {
    pub(crate) fn now() -> Self {
        let millis = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => {
                i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis)
            }
        };
        Self {
            wall: Timestamp::from_unix_millis(millis),
            monotonic: Instant::now(),
        }
    }

    pub(crate) const fn wall(&self) -> Timestamp {
        self.wall
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.monotonic.elapsed()
    }
}

/// Central read its clock somewhere between our sending and our receiving: the middle is the best
/// guess, half the round trip is what it may be wrong by, and each clock adds its last millisecond.
pub(crate) fn offset(sent: Timestamp, round_trip: Duration, central: Timestamp) -> ClockOffset {
    let half = i64::try_from(round_trip.as_millis() / 2).unwrap_or(i64::MAX);
    let middle = sent.unix_millis().saturating_add(half);
    ClockOffset {
        offset_millis: central.unix_millis().saturating_sub(middle),
        uncertainty_millis: u64::try_from(half).unwrap_or(0).saturating_add(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_right_within_its_uncertainty_whichever_way_took_longer() {
        let ours = Timestamp::from_unix_millis(1_000_000);
        let ahead = 5_000;
        for there in [0, 100, 250, 400] {
            let central = Timestamp::from_unix_millis(ours.unix_millis() + there + ahead);
            let found = offset(ours, Duration::from_millis(400), central);
            let error = found.offset_millis.abs_diff(ahead);
            assert!(error <= found.uncertainty_millis, "{there}: {found:?}");
        }
    }

    #[test]
    fn a_wild_clock_does_not_overflow() {
        let found = offset(Timestamp::MIN, Duration::MAX, Timestamp::MAX);
        assert!(found.uncertainty_millis > 0);
    }
}
