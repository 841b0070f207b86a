//! What depends on the operating system.

use std::io;

/// What is asked of the system for datagrams that wait to be read. The system gives what it allows;
/// Linux allows 208 KiB by default, some 90 datagrams.
pub(crate) const RECEIVE_BUFFER: usize = 4 << 20;

/// What is asked of the system for datagrams that wait to be sent.
pub(crate) const SEND_BUFFER: usize = 1 << 20;

/// Whether the system could take no datagram just now: its buffers, or its table of neighbours being
/// looked up, are full. Trying again later will help, and means nothing about the device.
pub(crate) fn is_busy(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted | io::ErrorKind::OutOfMemory
    ) || error
        .raw_os_error()
        .is_some_and(|code| BUSY.contains(&code))
}

/// ENOBUFS.
#[cfg(any(target_os = "linux", target_os = "android"))]
const BUSY: &[i32] = &[105];
/// WSAENOBUFS.
#[cfg(windows)]
const BUSY: &[i32] = &[10_055];
/// ENOBUFS, on the systems that come from BSD.
#[cfg(not(any(windows, target_os = "linux", target_os = "android")))]
const BUSY: &[i32] = &[55];

/// Whether an error on receiving is about an earlier sending: some systems (Windows before all) tell
/// on the socket that some port was closed. It says nothing about the socket.
pub(crate) fn is_about_a_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::Interrupted
    )
}
