//! What depends on the operating system.

use std::io;
use std::net::SocketAddr;

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

/// What stands in the way of listening on `address`, and what to do about it.
pub(crate) fn listen_advice(address: SocketAddr, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied if address.port() < 1_024 => privileged(address.port()),
        io::ErrorKind::AddrInUse => format!(
            "another program listens there, such as snmptrapd. Stop that one, or name another port \
             and let the devices send to it (port {})",
            address.port()
        ),
        io::ErrorKind::AddrNotAvailable => {
            "it is no address of this machine. Name one that is, or 0.0.0.0 or [::] for all"
                .to_owned()
        }
        _ => "the system refuses it".to_owned(),
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn privileged(port: u16) -> String {
    let program = std::env::current_exe();
    let program = program.map_or("PROGRAM".to_owned(), |path| path.display().to_string());
    format!(
        "port {port} is below 1024, and this program has no right to such ports. There are two ways \
         to grant it. Where systemd starts the program, put \
         AmbientCapabilities=CAP_NET_BIND_SERVICE into the [Service] section of its unit; that also \
         survives updates. Else give the right to the file, as root, after each update: \
         setcap cap_net_bind_service=+ep {program}. Neither makes it root, and any port above 1023 \
         needs no right"
    )
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn privileged(port: u16) -> String {
    format!(
        "the system reserves port {port} for programs with more rights. Start this one with them, \
         or name a port above 1023 and let the devices send to it"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(address: &str, kind: io::ErrorKind) -> String {
        listen_advice(address.parse().expect("valid"), &kind.into())
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_full_buffer_or_a_full_table_of_neighbours_says_is_told_from_refusals() {
        // EAGAIN, EINTR, ENOMEM, ENOBUFS: Linux's word for a neighbour table that has no room, which a
        // socket hears that listens for errors.
        for code in [11, 4, 12, 105] {
            assert!(is_busy(&io::Error::from_raw_os_error(code)), "{code}");
        }
        // EPERM, EACCES, EINVAL, ENETUNREACH, EHOSTUNREACH, ECONNREFUSED.
        for code in [1, 13, 22, 101, 113, 111] {
            assert!(!is_busy(&io::Error::from_raw_os_error(code)), "{code}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_privileged_port_comes_with_the_two_ways_to_grant_it() {
        let text = advice("0.0.0.0:162", io::ErrorKind::PermissionDenied);
        assert!(text.contains("port 162"), "{text}");
        assert!(
            text.contains("AmbientCapabilities=CAP_NET_BIND_SERVICE"),
            "{text}"
        );
        let program = std::env::current_exe().expect("known");
        let command = format!("setcap cap_net_bind_service=+ep {}", program.display());
        assert!(text.contains(&command), "{text}");
    }

    #[test]
    fn a_refusal_of_a_high_port_is_not_called_a_privileged_port() {
        let text = advice("0.0.0.0:10162", io::ErrorKind::PermissionDenied);
        assert!(!text.contains("setcap"), "{text}");
    }

    #[test]
    fn a_port_that_is_taken_says_so() {
        let text = advice("0.0.0.0:162", io::ErrorKind::AddrInUse);
        assert!(text.contains("another program"), "{text}");
    }
}
