//! The one place of this crate that reads the wall clock.

use pagetally_model::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// Central's wall clock.
pub(crate) fn now() -> Timestamp {
    let millis = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    };
    Timestamp::from_unix_millis(millis)
}
