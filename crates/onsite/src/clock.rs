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
}
