//! SNMP without I/O: object identifiers, values, what to ask, what was answered, and recordings.
//!
//! This crate owns no socket, reads no clock and starts no runtime. Time and random numbers are
//! arguments; bytes to send and instants to wait for are return values.

mod answers;
mod oid;
mod query;
pub mod recording;
mod value;

pub use answers::{Answers, GapReason, ReadGap};
pub use oid::{Oid, OidError};
pub use query::{Ask, Plan, Query};
pub use recording::Recording;
pub use value::{Value, VarBind};
