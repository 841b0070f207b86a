//! SNMP sockets: finds printers at many addresses and reads them, over few shared sockets, on the
//! caller's thread, at a pace that no network notices.
//!
//! [`scan`] finds and reads and [`read_one`] reads a device that is known, each by a
//! [`Plan`](pagetally_snmp_engine::Plan); [`walk_one`] takes whole subtrees for a recording;
//! [`TrapListener`] hears what devices tell unasked, where somebody opens one. They tell
//! what they find in this workspace's own types: no type of an SNMP library leaves this crate. The
//! protocol's state is in `pagetally-snmp-engine`; here are the sockets, the clock, and the loop that
//! feeds them.

mod cancel;
mod config;
#[cfg(feature = "csnmp")]
mod csnmp_client;
mod error;
mod event;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod mmsg;
mod platform;
mod probe;
mod scan;
mod scanner;
mod sockets;
mod template;
mod traps;
mod users;
mod walk;

pub use cancel::Cancel;
pub use config::ScanConfig;
#[cfg(feature = "csnmp")]
pub use csnmp_client::read_with_csnmp;
pub use error::SnmpError;
pub use event::{RefusalReason, ScanEvent, ScanStats};
pub use pagetally_snmp_engine::sweep::{SecondLook, SweepCost, Unreachable};
pub use scan::{DeviceRead, Guide, Known, read_one, scan, scan_with};
pub use traps::{Heard, TRAP_PORT, TrapListener};
pub use users::{Credentials, KnownEngine, UsmAccess};
pub use walk::{WalkProgress, WalkTarget, walk_one};

/// Compiles the README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
