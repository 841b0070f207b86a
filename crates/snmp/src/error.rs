//! What can go wrong on this machine. What devices do wrong is an event, never an error.

use std::io;
use std::net::SocketAddr;

/// A scan or a listener that could not run, or a datagram that this machine could not send.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnmpError {
    /// The configuration makes no sense.
    #[error("{field}: {reason}")]
    Config {
        /// The field of [`ScanConfig`](crate::ScanConfig).
        field: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A socket could not be opened to listen on.
    #[error("UDP {address} cannot be listened on: {advice}")]
    Listen {
        /// The local address.
        address: SocketAddr,
        /// What stands in the way, and what to do about it.
        advice: String,
        /// The system's word.
        source: io::Error,
    },
    /// No socket could be opened.
    #[error("no UDP socket could be opened on {address}")]
    Open {
        /// The local address.
        address: SocketAddr,
        /// The system's word.
        source: io::Error,
    },
    /// The operating system has no random numbers for us.
    #[error("the system has no random numbers: {reason}")]
    Random {
        /// The system's word.
        reason: String,
    },
    /// The system refused a datagram to this address.
    #[error("no datagram could be sent to {address}")]
    Send {
        /// The device's address.
        address: SocketAddr,
        /// The system's word.
        source: io::Error,
    },
    /// Waiting for datagrams failed.
    #[error("waiting for datagrams failed")]
    Wait {
        /// The system's word.
        source: io::Error,
    },
}
