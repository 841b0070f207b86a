//! Time as an agent can honestly state it.

mod plain;

use crate::{BootId, as_text};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A wall-clock instant in UTC, in milliseconds since 1970-01-01, as RFC 3339 text outside.
///
/// Wall time never decides order: clocks at customers' sites jump.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Text or a number that is no instant between the years 0 and 9999.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an RFC 3339 instant between the years 0 and 9999")]
pub struct TimestampError {
    /// The refused text.
    pub text: String,
}

impl Timestamp {
    /// 0000-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_167_219_200_000);
    /// 9999-12-30T22:00:00Z, the last instant that every time zone can show.
    pub const MAX: Self = Self(253_402_207_200_000);

    /// The instant `millis` after 1970-01-01T00:00:00Z, held within [`MIN`](Self::MIN) and
    /// [`MAX`](Self::MAX): a wild clock must not stop an audit from being stored.
    pub const fn from_unix_millis(millis: i64) -> Self {
        if millis < Self::MIN.0 {
            Self::MIN
        } else if millis > Self::MAX.0 {
            Self::MAX
        } else {
            Self(millis)
        }
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn unix_millis(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(plain::write(self.0, &mut [0; plain::LENGTH]))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        if let Some(millis) = plain::read(text) {
            let instant = Self::from_unix_millis(millis);
            if instant.0 == millis {
                return Ok(instant);
            }
        }
        let refused = || TimestampError {
            text: text.chars().take(64).collect(),
        };
        let millis = text
            .parse::<jiff::Timestamp>()
            .map_err(|_| refused())?
            .as_millisecond();
        let instant = Self::from_unix_millis(millis);
        if instant.0 == millis {
            Ok(instant)
        } else {
            Err(refused())
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(plain::write(self.0, &mut [0; plain::LENGTH]))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        as_text::deserialize(deserializer, str::parse)
    }
}

impl TryFrom<String> for Timestamp {
    type Error = TimestampError;

    fn try_from(text: String) -> Result<Self, TimestampError> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(instant: Timestamp) -> Self {
        instant.to_string()
    }
}

/// How far the agent's wall clock stood from Central's when they last spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClockOffset {
    /// Central's clock minus the agent's, in milliseconds.
    pub offset_millis: i64,
    /// Half the round trip of the exchange that measured it, in milliseconds.
    pub uncertainty_millis: u64,
}

/// When something was read: every clock that the agent has, none of them trusted alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditTime {
    /// The agent's wall clock.
    pub wall: Timestamp,
    /// The boot or process start during which `monotonic_millis` counts.
    pub boot: BootId,
    /// Milliseconds on a clock that never goes back within one `boot`.
    pub monotonic_millis: u64,
    /// The last known offset to Central; absent before the first exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub central_offset: Option<ClockOffset>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_instant_is_printed_with_its_milliseconds() {
        assert_eq!(
            Timestamp::from_unix_millis(0).to_string(),
            "1970-01-01T00:00:00.000Z"
        );
    }

    #[test]
    fn a_wild_clock_is_held_at_the_border() {
        assert_eq!(Timestamp::from_unix_millis(i64::MAX), Timestamp::MAX);
    }

    proptest! {
        #[test]
        fn an_instant_survives_its_own_text(millis in any::<i64>()) {
            let instant = Timestamp::from_unix_millis(millis);
            prop_assert_eq!(instant.to_string().parse(), Ok(instant));
        }
    }
}
