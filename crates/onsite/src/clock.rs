//! The agent's clocks: wall, monotonic, the boot that the monotonic one counts from, and the last
//! known offset to Central.

use crate::{platform, random};
use pagetally_model::{AuditTime, BootId, ClockOffset, Timestamp};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Reads every clock that the agent has.
///
/// The monotonic clock counts from the machine's boot where the operating system names boots, so
/// that passes of different processes can be ordered; elsewhere from this value's making, under a
/// boot id of its own.
#[derive(Clone, Debug)]
pub struct Clocks {
    boot: BootId,
    started: Instant,
    started_millis: u64,
    central_offset: Option<ClockOffset>,
}

impl Clocks {
    /// Starts reading.
    ///
    /// # Errors
    ///
    /// Where the operating system has no random numbers for a boot id of our own.
    pub fn start() -> Result<Self, random::NoRandomness> {
        let (boot, started_millis) = match (platform::boot_id(), platform::millis_since_boot()) {
            (Some(boot), Some(millis)) => (boot, millis),
            _ => (BootId::from_bytes(random::bytes()?), 0),
        };
        Ok(Self {
            boot,
            started: Instant::now(),
            started_millis,
            central_offset: None,
        })
    }

    /// The same clocks with this as the last known offset to Central.
    #[must_use]
    pub fn with_central_offset(mut self, offset: Option<ClockOffset>) -> Self {
        self.central_offset = offset;
        self
    }

    /// The wall clock. A machine whose clock stands before 1970 is told so in its own words.
    pub fn wall(&self) -> Timestamp {
        wall()
    }

    /// All clocks at once.
    pub fn now(&self) -> AuditTime {
        AuditTime {
            wall: wall(),
            boot: self.boot,
            monotonic_millis: self
                .started_millis
                .saturating_add(millis(self.started.elapsed())),
            central_offset: self.central_offset,
        }
    }
}

fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let since = match since {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    };
    Timestamp::from_unix_millis(since)
}

/// A duration in whole milliseconds, held at the largest number.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What an exchange with Central says about the two clocks: Central's time is taken to be the
/// middle between sending and receiving, give or take half the round trip.
pub fn offset_from_exchange(
    sent_wall: Timestamp,
    round_trip: Duration,
    central: Timestamp,
) -> ClockOffset {
    let half = millis(round_trip) / 2;
    let middle = sent_wall
        .unix_millis()
        .saturating_add(i64::try_from(half).unwrap_or(i64::MAX));
    ClockOffset {
        offset_millis: central.unix_millis().saturating_sub(middle),
        // Half the round trip, and never less than the resolution of the clocks compared.
        uncertainty_millis: half.saturating_add(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monotonic_time_never_goes_back_within_one_boot() {
        let clocks = Clocks::start().expect("random numbers");
        let (first, second) = (clocks.now(), clocks.now());
        assert_eq!(first.boot, second.boot);
        assert!(first.monotonic_millis <= second.monotonic_millis);
    }

    #[test]
    fn the_offset_is_measured_at_the_middle_of_the_round_trip() {
        let offset = offset_from_exchange(
            Timestamp::from_unix_millis(1_000),
            Duration::from_millis(400),
            Timestamp::from_unix_millis(6_200),
        );
        assert_eq!(offset.offset_millis, 5_000);
        assert_eq!(offset.uncertainty_millis, 201);
    }
}
