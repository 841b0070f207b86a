//! Traps and informs: what devices tell unasked (RFC 1157 section 4.1.6, RFC 3416 sections 4.2.6 and
//! 4.2.7).
//!
//! [`TrapReceiver`] takes datagrams from anybody and tells what was heard, bounded: who is let in is
//! decided first, then how much of it. A v1 trap is told in the form of v2 (RFC 3584 section 3.1), so
//! that whoever acts on it knows one form.
//!
//! # What is promised
//!
//! - Nothing of a stranger is told or answered: a wrong community is counted and dropped, and compared
//!   in a time that does not tell how much of it was right.
//! - One source in a storm does not silence another: each has a token bucket of its own, and only what
//!   passes it takes from the bucket of all.
//! - An inform is acknowledged only when it was taken. One that its sender repeats, because the
//!   acknowledgement was lost, is acknowledged again and told once.
//! - Every datagram is counted in exactly one field of [`TrapCounters`].
//! - Of SNMPv3, a trap is heard of a listed engine alone, and only as well protected as its user's keys
//!   make possible; for informs we are the authoritative engine, with an [`OwnEngine`] that the caller keeps.
//! - All tables have a constant ceiling.

mod encode;
mod frame;
mod limit;
mod notification;
mod receiver;
mod recent;
mod v3;

pub use encode::{TrapPdu, TrapV1Pdu};
pub use limit::{LimitError, TrapLimits};
pub use notification::{MAX_VARBINDS, Notification, NotificationKind, Subject};
pub use receiver::{Handled, TrapConfig, TrapCounters, TrapReceiver};
pub use v3::{OwnEngine, TrapUser};
