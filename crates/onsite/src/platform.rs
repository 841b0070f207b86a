//! Everything here that depends on the operating system, each with a portable path.

use crate::targets::{OwnSubnet, OwnV6Network};
use if_addrs::{IfAddr, IfOperStatus, Interface};
use pagetally_model::BootId;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};

/// The boot of this machine, where the operating system names it.
///
/// Linux has a random UUID a boot; elsewhere nothing is known and the caller makes an id that
/// lasts as long as the process, which is weaker and still honest: the monotonic clock that it
/// qualifies then counts from the process's start.
pub(crate) fn boot_id() -> Option<BootId> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    text.trim().replace('-', "").parse().ok()
}

/// The permission bits of a file, where others than its owner have any. Where the operating system knows no
/// such bits, its folder's rights are all there is.
pub(crate) fn open_to_others(file: &Path) -> io::Result<Option<u32>> {
    let metadata = std::fs::metadata(file)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = metadata.permissions().mode() & 0o777;
        Ok((mode & 0o077 != 0).then_some(mode))
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        Ok(None)
    }
}

/// Milliseconds since the machine's boot, where the operating system tells without a system call
/// of its own.
pub(crate) fn millis_since_boot() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    let (seconds, hundredths) = text.split_whitespace().next()?.split_once('.')?;
    let seconds: u64 = seconds.parse().ok()?;
    let hundredths: u64 = hundredths.parse().ok()?;
    seconds
        .checked_mul(1_000)?
        .checked_add(hundredths.checked_mul(10)?)
}

/// Whether an interface is one with neighbours that may be printers.
fn has_neighbours(interface: &Interface) -> bool {
    !interface.is_loopback()
        && !interface.is_p2p()
        && matches!(
            interface.oper_status,
            IfOperStatus::Up | IfOperStatus::Unknown
        )
}

/// The IPv6 networks that this machine's running interfaces are on, link-local ones among them.
pub(crate) fn own_v6_networks() -> io::Result<Vec<OwnV6Network>> {
    let interfaces = if_addrs::get_if_addrs()?.into_iter();
    let mut found: Vec<OwnV6Network> = interfaces
        .filter(has_neighbours)
        .filter_map(|interface| match interface.addr {
            IfAddr::V6(v6) => Some(OwnV6Network {
                address: v6.ip,
                prefix: v6.prefixlen.min(128),
                interface: interface.name,
            }),
            IfAddr::V4(_) => None,
        })
        .filter(|network| network.prefix < 128)
        .collect();
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The IPv4 networks that this machine's running interfaces are on. Loopback, link-local and
/// point-to-point interfaces have no neighbours worth asking.
pub(crate) fn own_subnets() -> io::Result<Vec<OwnSubnet>> {
    let mut found: Vec<OwnSubnet> = if_addrs::get_if_addrs()?
        .into_iter()
        .filter(|interface| has_neighbours(interface) && !interface.is_link_local())
        .filter_map(|interface| match interface.addr {
            IfAddr::V4(v4) => Some(OwnSubnet {
                address: v4.ip,
                prefix: v4.prefixlen.min(32),
            }),
            IfAddr::V6(_) => None,
        })
        .filter(|subnet| subnet.prefix < 32)
        .collect();
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Asks the operating system for a name's addresses. Blocks as long as its resolver does.
pub(crate) fn resolve(name: &str) -> io::Result<Vec<IpAddr>> {
    Ok((name, 0)
        .to_socket_addrs()?
        .map(|address| address.ip())
        .collect())
}

/// Asks the operating system for the name of an address (PTR, hosts file). Blocks as long as its
/// resolver does. Without a name, some systems give the address back.
pub(crate) fn name_of(address: IpAddr) -> Option<String> {
    let name = dns_lookup::lookup_addr(&address).ok()?;
    name.parse::<IpAddr>().is_err().then_some(name)
}

/// The number of an interface by its number or name, for the zone of a link-local address.
pub(crate) fn zone_index(zone: &str) -> Option<u32> {
    if let Ok(index) = zone.parse() {
        return Some(index);
    }
    if_addrs::get_if_addrs()
        .ok()?
        .into_iter()
        .find(|interface| interface.name == zone)?
        .index
}

/// How many bytes may still be written below a folder by who is no administrator; nothing where the
/// system does not say.
pub(crate) fn free_space(folder: &Path) -> Option<u64> {
    #[cfg(unix)]
    {
        let told = rustix::fs::statvfs(folder).ok()?;
        Some(told.f_bavail.saturating_mul(told.f_frsize))
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        None
    }
}

/// Where an agent keeps its store unless told otherwise: what systemd hands a service, the
/// user's own state folder, or the folder for programs' data on Windows.
pub fn default_data_folder() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(folder) = set("STATE_DIRECTORY") {
        return Some(PathBuf::from(folder));
    }
    if cfg!(windows) {
        return set("PROGRAMDATA").map(|folder| PathBuf::from(folder).join("Pagetally"));
    }
    let state = set("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| set("HOME").map(|home| PathBuf::from(home).join(".local/state")))?;
    Some(state.join("pagetally"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_its_own_zone() {
        assert_eq!(zone_index("7"), Some(7));
        assert_eq!(zone_index("no-such-interface-0"), None);
    }

    #[test]
    fn the_loopback_network_is_never_an_own_subnet() {
        let subnets = own_subnets().expect("interfaces can be listed");
        assert!(subnets.iter().all(|subnet| !subnet.address.is_loopback()));
        let networks = own_v6_networks().expect("interfaces can be listed");
        assert!(
            networks
                .iter()
                .all(|network| !network.address.is_loopback())
        );
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn linux_names_its_boot_and_counts_from_it() {
        assert_eq!(boot_id(), boot_id());
        assert!(boot_id().is_some());
        assert!(millis_since_boot() <= millis_since_boot());
        assert!(millis_since_boot().is_some());
    }
}
