//! SNMP without I/O: object identifiers, values, what to ask, what was answered, and recordings.
//!
//! This crate owns no socket, reads no clock and starts no runtime. Time and random numbers are
//! arguments; bytes to send and instants to wait for are return values.

mod answers;
mod ending;
mod oid;
mod query;
pub mod recording;
mod value;
mod version;

pub use answers::{Answers, GapReason, ReadGap};
pub use ending::Ending;
pub use oid::{Oid, OidError};
pub use query::{Ask, Plan, Query};
pub use recording::Recording;
pub use value::{Value, VarBind};
pub use version::Version;
