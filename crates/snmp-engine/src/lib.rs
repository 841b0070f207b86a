//! SNMP without I/O: object identifiers, values, messages, what to ask, how to ask it, what was
//! answered, and recordings.
//!
//! This crate owns no socket, reads no clock and starts no runtime. Time and random numbers are
//! arguments; bytes to send and times to wait for are return values. Times are a `Duration` since an
//! instant of the caller's choice, which must not go backwards.
//!
//! - [`message`] reads and writes datagrams, on top of [`ber`]; [`usm`] holds SNMPv3's users and keys.
//! - [`exchange`] is one request with its retries; [`reader`] executes a [`Plan`] against one device;
//!   [`walk`] takes whole subtrees for a recording; [`sweep`] finds the devices; [`pace`] keeps both polite.
//! - [`trap`] hears what devices tell unasked.
//! - [`deny`] lists what is never asked for.

mod answers;
pub mod ber;
mod classify;
pub mod deny;
mod ending;
pub mod exchange;
pub mod message;
mod name;
mod oid;
pub mod pace;
mod query;
pub mod reader;
pub mod recording;
mod request_ids;
pub mod sweep;
pub mod trap;
pub mod usm;
mod value;
mod version;
pub mod walk;

pub use answers::{Answers, GapReason, ReadGap};
pub use classify::{Class, classify};
pub use ending::Ending;
pub use oid::{Oid, OidError};
pub use query::{Ask, KnownLimits, NextQuery, Plan, Query};
pub use recording::Recording;
pub use request_ids::RequestIds;
pub use value::{Value, VarBind};
pub use version::Version;

/// Compiles the README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
