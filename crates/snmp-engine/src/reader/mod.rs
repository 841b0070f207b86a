//! Executes a [`Plan`](crate::Plan) against one device.
//!
//! [`DeviceReader`] packs what the plan asks for into as few requests as the device allows: many
//! instances to a GET, many columns to a GETBULK. It has one request outstanding at a time. When the
//! device cannot follow, it asks for less:
//!
//! | the device | the reader |
//! | --- | --- |
//! | answers tooBig | halves what it asks for at once |
//! | stays silent on a large request | asks for one variable; if that is answered, halves |
//! | stays silent on one variable too | ends, and keeps what it has |
//! | fails a whole GET for one missing object (v1) | asks for the others by GETNEXT from just before each, and by GET where that could go astray |
//! | fails, ignores or garbles GETBULK | goes on with GETNEXT |
//! | sends names that do not go forward | goes on with GETNEXT, then ends that column |
//! | has an endless table | ends that column at the query's `max_rows` |
//!
//! Whatever was asked for and could not be had is a [`ReadGap`](crate::ReadGap) in the answers.

mod chain;
mod column;
mod device;
mod memory;
mod round_trip;
mod sizes;
mod work;

pub use device::{DeviceReader, Limits, ReaderStats, Session, Step};
pub use memory::DeviceMemory;
