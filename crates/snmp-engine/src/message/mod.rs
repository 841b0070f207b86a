//! SNMPv1 and SNMPv2c messages (RFC 1157, RFC 1901, RFC 3416), and those of [SNMPv3](v3).
//!
//! [`Message::decode`] borrows from the datagram: community, names and strings stay where they are,
//! and variables are decoded one by one as they are asked for.
//!
//! ```
//! use pagetally_snmp_engine::message::{Message, Request, RequestKind};
//! use pagetally_snmp_engine::{Oid, Version};
//!
//! let name: Oid = "1.3.6.1.2.1.1.5.0".parse()?;
//! let bytes = Request {
//!     version: Version::V2c,
//!     community: b"public",
//!     kind: RequestKind::Get,
//!     id: 7,
//!     names: &[name],
//! }
//! .encode();
//! let message = Message::decode(&bytes)?;
//! assert_eq!(message.request_id, 7);
//! assert_eq!(message.varbinds.count(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod decode;
mod encode;
mod template;
pub mod v3;
mod value;

pub use decode::{MAX_DATAGRAM, Message, PduKind, VarBinds};
pub(crate) use decode::{enter_message, read_pdu};
pub use encode::{Request, RequestKind, Response};
pub(crate) use encode::{finish, wrap_pdu, write_request, write_variables};
pub use template::Template;
pub use value::{ValueRef, VarBindRef};

/// `error-status` values (RFC 3416 section 3) that the reader acts on.
pub mod status {
    /// No error.
    pub const NO_ERROR: i64 = 0;
    /// The answer would not fit into a datagram.
    pub const TOO_BIG: i64 = 1;
    /// v1: no such object, or nothing behind it.
    pub const NO_SUCH_NAME: i64 = 2;
    /// Something else failed.
    pub const GEN_ERR: i64 = 5;
    /// The view does not include the object.
    pub const NO_ACCESS: i64 = 6;
    /// The community may not do this.
    pub const AUTHORIZATION_ERROR: i64 = 16;
}

pub(crate) mod pdu_tag {
    pub(crate) const GET: u8 = 0xa0;
    pub(crate) const GET_NEXT: u8 = 0xa1;
    pub(crate) const RESPONSE: u8 = 0xa2;
    pub(crate) const GET_BULK: u8 = 0xa5;
    pub(crate) const TRAP_V1: u8 = 0xa4;
    pub(crate) const INFORM: u8 = 0xa6;
    pub(crate) const TRAP_V2: u8 = 0xa7;
    pub(crate) const REPORT: u8 = 0xa8;
}
