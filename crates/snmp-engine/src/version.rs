//! The versions of SNMP.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A version of SNMP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Version {
    /// SNMPv1 (RFC 1157): no GETBULK, no Counter64, one missing object fails a whole GET.
    V1,
    /// SNMPv2c (RFC 1901, RFC 3416).
    V2c,
    /// SNMPv3 (RFC 3410 to 3418), always under the User-based Security Model here.
    V3,
}

impl Version {
    /// The number in the message's version field.
    pub fn number(self) -> u8 {
        match self {
            Self::V1 => 0,
            Self::V2c => 1,
            Self::V3 => 3,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1 => "SNMPv1",
            Self::V2c => "SNMPv2c",
            Self::V3 => "SNMPv3",
        })
    }
}
