//! Executes a [`Plan`](crate::Plan) against one device.
//!
//! [`DeviceReader`] packs what the plan asks for into as few requests as the device allows. It has one
//! request outstanding at a time.
//!
//! A GETBULK's answer is as long as the device can make it, so it is filled with what is needed:
//! neighbouring columns are read by one walk, columns of about equal length stand in one request,
//! those of which one variable is missing come first (non-repeaters), and instances beside them where
//! the plan says that a step finds them. How long columns are is a guess of the plan's, of columns
//! beside them, or of an earlier read ([`DeviceMemory`]); a wrong guess costs octets, not values.
//!
//! How long an answer takes is measured (RFC 6298), and a lost datagram is sent again after that,
//! with doubling waits; the time that a device is given in all stays that of the session's timeout and
//! retries. A device that fell silent can be gone on with later ([`DeviceReader::resume`]).
//!
//! Devices of a kind answer with the same names, so that what was worked out of one's answers does for
//! all that are asked the same [`SharedQuery`]: the next request, and which values are kept in which
//! order. That changes what a read costs, not what it brings.
//!
//! When the device cannot follow, the reader asks for less:
//!
//! | the device | the reader |
//! | --- | --- |
//! | answers tooBig | halves what it asks for at once |
//! | stays silent on a large request | asks for one variable; if that is answered, halves |
//! | stays silent on one variable too | stops; it can be gone on with later |
//! | stays silent on one variable alone | asks for it once more at the end |
//! | answers a GETBULK with more than was asked for | goes on with GETNEXT |
//! | leaves variables out of a GETBULK, so that columns are out of step | goes on with GETNEXT |
//! | fails a whole GET for one missing object (v1) | asks for the others by GETNEXT from just before each, and by GET where that could go astray |
//! | fails, ignores or garbles GETBULK | goes on with GETNEXT |
//! | has one row less in a column than in those beside it, or one hole in numbered rows | takes that step once more by GETNEXT; where it comes to a row, reads all columns again by GETNEXT |
//! | fails a GET for one object | comes to it by GETNEXT from the name before it |
//! | fails a GETNEXT, or sends names that do not go forward | goes on with GETNEXT; asks for rows that columns beside it have by GET, and goes on behind them |
//! | says that the clock is another (SNMPv3) | sets its own by the authentic Report, and asks again |
//! | refuses the user (SNMPv3) | stops |
//! | has an endless table | ends that column at the query's `max_rows` |
//!
//! Whatever was asked for and could not be had is a [`ReadGap`](crate::ReadGap) in the answers.

mod chain;
mod column;
mod device;
mod memory;
mod opening;
mod round_trip;
mod session;
mod sizes;
mod trail;
mod variable;
mod work;

pub use device::{DeviceReader, Limits, ReaderStats, Step};
pub use memory::DeviceMemory;
pub use opening::SharedQuery;
pub(crate) use session::Heard;
pub use session::{Access, Session};
