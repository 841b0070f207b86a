//! What depends on the operating system.

use crate::proxy::SystemProxies;
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

/// The proxies that Windows is set to: those of the machine, which are meant for services, else those of
/// the account.
#[cfg(windows)]
pub(crate) fn system_proxies() -> Option<SystemProxies> {
    use windows_registry::{CURRENT_USER, Key, LOCAL_MACHINE};
    const CONNECTIONS: &str =
        r"SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\Connections";
    let read = |root: &Key, name: &str, set_in| {
        let key = root.open(CONNECTIONS).ok()?;
        let value = key.get_value(name).ok()?;
        crate::proxy::connection_settings(&value, set_in)
    };
    let machine = read(LOCAL_MACHINE, "WinHttpSettings", "Windows (netsh winhttp)");
    let account = "Windows (internet settings of the agent's account)";
    machine
        .filter(SystemProxies::names_one)
        .or_else(|| read(CURRENT_USER, "DefaultConnectionSettings", account))
}

/// The proxies of the network settings, as the system's own tool tells them.
#[cfg(target_os = "macos")]
pub(crate) fn system_proxies() -> Option<SystemProxies> {
    let told = std::process::Command::new("/usr/sbin/scutil")
        .arg("--proxy")
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&told.stdout);
    Some(crate::proxy::scutil(&text, "the network settings of macOS"))
}

/// Elsewhere the environment is where a proxy is set for a service.
#[cfg(not(any(windows, target_os = "macos")))]
pub(crate) const fn system_proxies() -> Option<SystemProxies> {
    None
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
