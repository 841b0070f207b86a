//! Why an engine refused (RFC 3414 section 5, RFC 3412 section 5).

use crate::Oid;
use std::fmt;

/// Why an engine refused a message, by the counter that its Report names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReportReason {
    /// usmStatsUnsupportedSecLevels: it does not let this user ask at this security level.
    UnsupportedSecurityLevel,
    /// usmStatsNotInTimeWindows: its clock and ours do not agree.
    NotInTimeWindow,
    /// usmStatsUnknownUserNames: it does not know the user.
    UnknownUser,
    /// usmStatsUnknownEngineIDs: it is another engine.
    UnknownEngineId,
    /// usmStatsWrongDigests: the authentication passphrase or protocol is another one.
    WrongDigest,
    /// usmStatsDecryptionErrors: the privacy passphrase or protocol is another one.
    DecryptionError,
    /// snmpUnknownContexts (RFC 3413 section 4.2): it has no such context.
    UnknownContext,
    /// Another counter.
    Other(Oid),
}

/// usmStats (RFC 3414 section 5).
const USM_STATS: &[u32] = &[1, 3, 6, 1, 6, 3, 15, 1, 1];

/// snmpUnknownContexts (RFC 3413 section 4.2).
const UNKNOWN_CONTEXTS: &[u32] = &[1, 3, 6, 1, 6, 3, 12, 1, 5];

impl ReportReason {
    /// Tells by the counter's name.
    pub fn of(counter: &Oid) -> Self {
        let which = counter.index_below(&Oid::default().child(USM_STATS));
        match which {
            Some([1, ..]) => Self::UnsupportedSecurityLevel,
            Some([2, ..]) => Self::NotInTimeWindow,
            Some([3, ..]) => Self::UnknownUser,
            Some([4, ..]) => Self::UnknownEngineId,
            Some([5, ..]) => Self::WrongDigest,
            Some([6, ..]) => Self::DecryptionError,
            _ if counter.starts_with(&Oid::default().child(UNKNOWN_CONTEXTS)) => {
                Self::UnknownContext
            }
            _ => Self::Other(counter.clone()),
        }
    }

    /// The counter's instance, as a Report names it.
    pub fn counter(&self) -> Oid {
        let which = match self {
            Self::UnsupportedSecurityLevel => 1,
            Self::NotInTimeWindow => 2,
            Self::UnknownUser => 3,
            Self::UnknownEngineId => 4,
            Self::WrongDigest => 5,
            Self::DecryptionError => 6,
            Self::UnknownContext => return Oid::default().child(UNKNOWN_CONTEXTS).child(&[0]),
            Self::Other(counter) => return counter.clone(),
        };
        Oid::default().child(USM_STATS).child(&[which, 0])
    }
}

impl fmt::Display for ReportReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnsupportedSecurityLevel => "unsupported security level",
            Self::NotInTimeWindow => "not in time window",
            Self::UnknownUser => "unknown user",
            Self::UnknownEngineId => "unknown engine id",
            Self::WrongDigest => "wrong digest: another authentication passphrase or protocol",
            Self::DecryptionError => "decryption error: another privacy passphrase or protocol",
            Self::UnknownContext => "unknown context name",
            Self::Other(counter) => return write!(f, "counter {counter}"),
        })
    }
}
