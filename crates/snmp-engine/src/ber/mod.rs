//! The part of BER that SNMP uses (X.690, restricted by RFC 3417 section 8): definite lengths,
//! single-byte tags, primitive values.
//!
//! [`Reader`] borrows from the datagram and never trusts it: every step is checked, a length never
//! sizes an allocation, nesting has a limit and what is left over is an error. [`Writer`] produces
//! only the canonical form.
//!
//! # Tolerances
//!
//! Devices make mistakes that do not change what they mean. Each one that is accepted has its own
//! switch in [`Tolerances`], and using it leaves a mark in [`Tolerated`]. Padded *lengths* are no
//! mistake: RFC 3417 section 8 allows them.

mod error;
mod oid;
mod reader;
mod tolerance;
mod writer;

pub use error::{DecodeError, DecodeErrorKind};
pub use oid::{Arcs, OidRef};
pub use reader::{MAX_DEPTH, Reader};
pub(crate) use reader::{Unsigned, short_field};
pub use tolerance::{Tolerances, Tolerated};
pub use writer::Writer;

/// Tags, as they stand on the wire.
pub mod tag {
    /// INTEGER.
    pub const INTEGER: u8 = 0x02;
    /// OCTET STRING.
    pub const OCTET_STRING: u8 = 0x04;
    /// NULL.
    pub const NULL: u8 = 0x05;
    /// OBJECT IDENTIFIER.
    pub const OBJECT_IDENTIFIER: u8 = 0x06;
    /// SEQUENCE.
    pub const SEQUENCE: u8 = 0x30;
    /// IpAddress (RFC 2578 section 7.1.5).
    pub const IP_ADDRESS: u8 = 0x40;
    /// Counter32.
    pub const COUNTER32: u8 = 0x41;
    /// Gauge32 and Unsigned32.
    pub const GAUGE32: u8 = 0x42;
    /// TimeTicks.
    pub const TIME_TICKS: u8 = 0x43;
    /// Opaque.
    pub const OPAQUE: u8 = 0x44;
    /// NsapAddress, of RFC 1442 and gone since.
    pub const NSAP_ADDRESS: u8 = 0x45;
    /// Counter64.
    pub const COUNTER64: u8 = 0x46;
    /// UInteger32, of RFC 1442 and gone since.
    pub const UINTEGER32: u8 = 0x47;
    /// noSuchObject (RFC 3416 section 3).
    pub const NO_SUCH_OBJECT: u8 = 0x80;
    /// noSuchInstance.
    pub const NO_SUCH_INSTANCE: u8 = 0x81;
    /// endOfMibView.
    pub const END_OF_MIB_VIEW: u8 = 0x82;
}
