//! What depends on the operating system.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

/// Sockets, pipes and files that the process needs besides the fleet's.
#[cfg(unix)]
const SPARE: u64 = 256;

/// Raises the soft limit on open files to what so many devices need, as far as the hard limit
/// allows. Many systems begin with 1,024. Where it cannot be raised, opening the sockets fails and
/// says so.
#[cfg(unix)]
pub(super) fn allow_sockets(devices: usize) {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let wanted = u64::try_from(devices)
        .unwrap_or(u64::MAX)
        .saturating_add(SPARE);
    let wanted = limit.maximum.map_or(wanted, |most| wanted.min(most));
    if limit.current.is_some_and(|current| current < wanted) {
        limit.current = Some(wanted);
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::debug!(%error, wanted, "the limit on open files stays as it is");
        }
    }
}

/// Windows has no such limit.
#[cfg(not(unix))]
pub(super) fn allow_sockets(_devices: usize) {}

/// Whether opening a socket failed because the process or the system has too many.
#[cfg(unix)]
pub(super) fn is_out_of_sockets(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let code = error.raw_os_error();
    code == Some(Errno::MFILE.raw_os_error()) || code == Some(Errno::NFILE.raw_os_error())
}

/// WSAEMFILE.
#[cfg(not(unix))]
pub(super) fn is_out_of_sockets(error: &io::Error) -> bool {
    error.raw_os_error() == Some(10_024)
}

/// A port that is free on this address now.
pub(super) fn free_port(address: Ipv4Addr) -> io::Result<u16> {
    let socket = UdpSocket::bind(SocketAddr::new(IpAddr::V4(address), 0))?;
    Ok(socket.local_addr()?.port())
}
