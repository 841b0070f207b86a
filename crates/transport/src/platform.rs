//! What depends on the operating system.

use std::io;

/// Whether this is the resolver's error. The standard library gives it no kind of its own: on Unix
/// it wraps `getaddrinfo`'s words, on Windows it passes the Winsock code on.
pub(crate) fn is_name_lookup(error: &io::Error) -> bool {
    const WSAHOST_NOT_FOUND: i32 = 11_001;
    const WSANO_DATA: i32 = 11_004;
    if cfg!(windows) {
        matches!(error.raw_os_error(), Some(WSAHOST_NOT_FOUND..=WSANO_DATA))
    } else {
        error.raw_os_error().is_none()
            && error
                .to_string()
                .starts_with("failed to lookup address information")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::ToSocketAddrs as _;

    #[test]
    fn a_failed_lookup_is_told_from_a_failed_connection() {
        // RFC 6761 section 6.4: this name never exists.
        let lookup = ("central.invalid", 80).to_socket_addrs().unwrap_err();
        assert!(is_name_lookup(&lookup), "{lookup:?}");
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert!(!is_name_lookup(&refused));
    }
}
