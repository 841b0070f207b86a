//! How the reading of one device ended.

use std::fmt;

/// How the reading of one device ended. What was read until then is always kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// The plan has nothing more to ask and nothing that it asked for is missing.
    Complete,
    /// The plan has nothing more to ask; the answers' gaps say what could not be had.
    Gaps,
    /// The device stopped answering; what had not been asked yet was not asked.
    WentSilent,
    /// The device used up the requests, bytes or time that one device is given.
    BudgetSpent,
    /// The device refuses to be asked under this name (SNMPv3: it sent a Report).
    Refused,
    /// The caller stopped it.
    Cancelled,
}

impl Ending {
    /// Whether everything that was asked for was answered.
    pub fn is_complete(self) -> bool {
        self == Self::Complete
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Complete => "read in full",
            Self::Gaps => "some of what was asked for could not be had",
            Self::WentSilent => "the device stopped answering",
            Self::BudgetSpent => "the device took more than one device is given",
            Self::Refused => "the device refuses",
            Self::Cancelled => "stopped by the caller",
        })
    }
}
