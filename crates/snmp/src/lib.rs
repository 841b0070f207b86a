//! SNMP sockets: finds printers at many addresses and reads them, over few shared sockets, on the
//! caller's thread, at a pace that no network notices.

mod cancel;
mod config;
mod error;
mod event;
mod guard;
mod platform;
mod probe;
mod scan;
mod scanner;
mod sockets;

pub use cancel::Cancel;
pub use config::ScanConfig;
pub use error::SnmpError;
pub use event::{RefusalReason, ScanEvent, ScanStats};
pub use scan::{DeviceRead, read_one, scan};
