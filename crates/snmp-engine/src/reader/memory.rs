//! What one read teaches for the next.

use crate::{Oid, Version};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// What worked with a device, as plain data to be kept until the next read.
///
/// It decides how requests are packed, never what is read: wrong or hostile contents cost requests,
/// and lose nothing. Numbers out of range are brought into range when they are used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct DeviceMemory {
    /// The version that it answered over.
    pub version: Option<Version>,
    /// GETBULK did not work.
    pub no_bulk: bool,
    /// GETBULK brought every row where that was looked into.
    pub bulk_checked: bool,
    /// It fails a whole GET for one object that it does not have, over v2c too.
    pub fails_for_missing: bool,
    /// The most octets that it sends in one datagram, where it showed a limit.
    pub max_octets: Option<u16>,
    /// The most names that it takes in one request, where it showed a limit.
    pub max_names: Option<u16>,
    /// The smoothed round-trip time in microseconds.
    pub round_trip_micros: Option<u32>,
    /// Its variation in microseconds.
    pub variation_micros: Option<u32>,
    /// How many rows columns had.
    pub rows: BTreeMap<Oid, u32>,
}

impl DeviceMemory {
    /// Ceiling on [`rows`](Self::rows): a full plan asks for about 100 columns. What is over it is
    /// not used and not kept.
    pub const MAX_ROWS: usize = 512;

    pub(super) fn round_trip(&self) -> Option<(Duration, Duration)> {
        let micros = |micros: u32| Duration::from_micros(u64::from(micros));
        Some((
            micros(self.round_trip_micros?),
            micros(self.variation_micros.unwrap_or_default()),
        ))
    }

    pub(super) fn set_round_trip(&mut self, estimate: Option<(Duration, Duration)>) {
        let micros = |time: Duration| u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
        if let Some((smoothed, variation)) = estimate {
            self.round_trip_micros = Some(micros(smoothed));
            self.variation_micros = Some(micros(variation));
        }
    }
}
