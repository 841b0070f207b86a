//! Values and variable bindings (RFC 2578 section 7.1, RFC 3416 section 3).

use crate::Oid;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// What a device answered for one object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Value {
    /// INTEGER. The standard stops at 32 bits; devices do not, so 64 are kept.
    Integer(i64),
    /// OCTET STRING.
    OctetString(Vec<u8>),
    /// NULL, as requests carry it.
    Null,
    /// OBJECT IDENTIFIER.
    ObjectIdentifier(Oid),
    /// IpAddress.
    IpAddress(Ipv4Addr),
    /// Counter32. One that a device wrongly sends with more than 32 bits is kept as a Counter64.
    Counter32(u32),
    /// Gauge32 or Unsigned32.
    Gauge32(u32),
    /// TimeTicks, in hundredths of a second.
    TimeTicks(u32),
    /// Opaque, its content not looked into.
    Opaque(Vec<u8>),
    /// Counter64.
    Counter64(u64),
    /// v2c: the device has no such object.
    NoSuchObject,
    /// v2c: the device has the object and not this instance.
    NoSuchInstance,
    /// v2c: nothing lies behind this name.
    EndOfMibView,
}

impl Value {
    /// Whether it is one of the three v2c exceptions (RFC 3416 section 3).
    pub fn is_exception(&self) -> bool {
        matches!(
            self,
            Self::NoSuchObject | Self::NoSuchInstance | Self::EndOfMibView
        )
    }

    /// The number in an integer, counter, gauge or time value.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Counter32(number) | Self::Gauge32(number) | Self::TimeTicks(number) => {
                Some(i64::from(*number))
            }
            Self::Counter64(number) => i64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// The octets of an OCTET STRING.
    pub fn as_octets(&self) -> Option<&[u8]> {
        match self {
            Self::OctetString(octets) => Some(octets),
            _ => None,
        }
    }
}

/// One name and its value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VarBind {
    /// The object instance.
    pub oid: Oid,
    /// What the device answered.
    pub value: Value,
}
