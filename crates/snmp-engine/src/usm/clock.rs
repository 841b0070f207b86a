//! What is known of an engine, and whether a message is timely (RFC 3414 section 2.2 and 3.2).

use std::time::Duration;

/// The longest engine id (RFC 3411 section 5, SnmpEngineID).
pub const MAX_ENGINE_ID: usize = 32;

/// How far apart clocks may be, in seconds (RFC 3414 section 2.2.3).
pub const TIME_WINDOW: u32 = 150;

/// The most boots and the longest time: an engine that gets there needs a new id
/// (RFC 3414 section 2.2.1).
pub const MAX_BOOTS: u32 = 0x7fff_ffff;

/// What is known of an authoritative engine: its id and its clock.
///
/// Times are a `Duration` since an instant of the caller's choice, as everywhere in this crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineClock {
    id: Vec<u8>,
    boots: u32,
    /// snmpEngineTime at `at`.
    time: u32,
    at: Duration,
    /// latestReceivedEngineTime.
    latest: u32,
    verified: bool,
}

impl EngineClock {
    /// An engine whose clock was told by nobody who can be believed: by an unauthenticated Report, or
    /// by a record of an earlier time. The first authentic message sets it right.
    ///
    /// An id is cut at [`MAX_ENGINE_ID`]; boots and time at [`MAX_BOOTS`].
    pub fn unverified(id: &[u8], boots: u32, time: u32, now: Duration) -> Self {
        let id = id.get(..MAX_ENGINE_ID).unwrap_or(id);
        Self {
            id: id.to_vec(),
            boots: boots.min(MAX_BOOTS),
            time: time.min(MAX_BOOTS),
            at: now,
            latest: 0,
            verified: false,
        }
    }

    /// The engine's id.
    pub fn id(&self) -> &[u8] {
        &self.id
    }

    /// snmpEngineBoots.
    pub fn boots(&self) -> u32 {
        self.boots
    }

    /// snmpEngineTime at `now`, in seconds.
    pub fn time(&self, now: Duration) -> u32 {
        let passed = now.saturating_sub(self.at).as_secs();
        let passed = u32::try_from(passed).unwrap_or(MAX_BOOTS);
        self.time.saturating_add(passed).min(MAX_BOOTS)
    }

    /// Whether an authentic message has told the clock.
    pub fn is_verified(&self) -> bool {
        self.verified
    }

    /// Takes the clock that an authentic message names, and says whether the message is timely for a
    /// receiver that is not authoritative (RFC 3414 section 3.2, step 7b).
    ///
    /// Where the clock was [not verified](Self::is_verified), it is taken as it stands: an engine that
    /// lost count of its boots could be talked to never again. The caller makes sure that such a
    /// message answers a fresh question.
    #[must_use]
    pub fn take(&mut self, boots: u32, time: u32, now: Duration) -> bool {
        if boots >= MAX_BOOTS || time > MAX_BOOTS {
            return false;
        }
        let newer = boots > self.boots || boots == self.boots && time > self.latest;
        if !self.verified || newer {
            self.boots = boots;
            self.time = time;
            self.at = now;
            self.latest = time;
            self.verified = true;
            return true;
        }
        boots == self.boots && time.saturating_add(TIME_WINDOW) >= self.time(now)
    }

    /// Whether a message to this engine is timely, where it is our own: we are authoritative
    /// (RFC 3414 section 3.2, step 7a).
    pub fn accepts(&self, boots: u32, time: u32, now: Duration) -> bool {
        self.boots < MAX_BOOTS
            && boots == self.boots
            && time.abs_diff(self.time(now)) <= TIME_WINDOW
    }
}
