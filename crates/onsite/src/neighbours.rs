//! The machine's own table of neighbours: which MAC an IPv4 address of its networks has.
//!
//! Linux keeps it in `/proc/net/arp`. Elsewhere, and for IPv6, nothing is known: the table is asked
//! for nowhere by a system call, and no other program is run for it. An entry is there only for a
//! while after something was sent to the address, by whatever program.

use std::collections::HashMap;
use std::net::Ipv4Addr;

/// Ceiling on entries: Linux keeps no more than 1,024 unless it is told to, and a /16 at most.
const MAX_ENTRIES: usize = 65_536;

/// The entry is complete (`ATF_COM` in Linux's `if_arp.h`): the MAC is the neighbour's own.
const COMPLETE: u32 = 0x02;

/// MAC addresses by IPv4 address.
pub type Neighbours = HashMap<Ipv4Addr, [u8; 6]>;

/// The table as it stands now; empty where the system has none to read.
pub(crate) fn read() -> Neighbours {
    std::fs::read_to_string("/proc/net/arp").map_or_else(|_| Neighbours::new(), |text| parse(&text))
}

/// Reads the text of `/proc/net/arp`: a head, then address, hardware type, flags, MAC, mask and
/// interface in columns. What is incomplete or is no unicast MAC is passed over.
pub(crate) fn parse(text: &str) -> Neighbours {
    text.lines()
        .skip(1)
        .filter_map(line)
        .take(MAX_ENTRIES)
        .collect()
}

fn line(line: &str) -> Option<(Ipv4Addr, [u8; 6])> {
    let mut columns = line.split_whitespace();
    let address = columns.next()?.parse().ok()?;
    let flags = columns.nth(1)?.strip_prefix("0x")?;
    let flags = u32::from_str_radix(flags, 16).ok()?;
    let mac = mac(columns.next()?)?;
    (flags & COMPLETE != 0).then_some((address, mac))
}

/// A unicast MAC from its text with colons or hyphens.
pub(crate) fn mac(text: &str) -> Option<[u8; 6]> {
    let separator = if text.contains('-') { '-' } else { ':' };
    let mut octets = [0; 6];
    let mut parts = text.split(separator);
    for octet in &mut octets {
        let part = parts.next().filter(|part| part.len() == 2)?;
        *octet = u8::from_str_radix(part, 16).ok()?;
    }
    let [first, ..] = octets;
    let is_unicast = first & 1 == 0 && octets != [0; 6];
    (parts.next().is_none() && is_unicast).then_some(octets)
}

/// A MAC as documents have it.
pub(crate) fn mac_text(mac: [u8; 6]) -> String {
    let octets: Vec<String> = mac.iter().map(|octet| format!("{octet:02x}")).collect();
    octets.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TABLE: &str = "\
IP address       HW type     Flags       HW address            Mask     Device
192.0.2.7        0x1         0x2         00:80:77:31:02:f0     *        eth0
192.0.2.8        0x1         0x0         00:00:00:00:00:00     *        eth0
192.0.2.9        0x1         0x6         3c:2a:f4:00:11:22     *        eth0
192.0.2.10       0x1         0x2         ff:ff:ff:ff:ff:ff     *        eth0
192.0.2.11       0x20        0x2         80:00:02:08:fe:80:00:00:00:00:00:00 * ib0
";

    #[test]
    fn complete_entries_of_unicast_macs_are_read_and_no_others() {
        let table = parse(TABLE);
        assert_eq!(table.len(), 2);
        let of = |text: &str| table.get(&text.parse().expect("valid")).copied();
        assert_eq!(of("192.0.2.7"), Some([0x00, 0x80, 0x77, 0x31, 0x02, 0xf0]));
        assert_eq!(
            of("192.0.2.9").map(mac_text).as_deref(),
            Some("3c:2a:f4:00:11:22")
        );
    }

    #[test]
    fn a_mac_is_read_from_both_spellings() {
        assert_eq!(mac("00-80-77-31-02-F0"), mac("00:80:77:31:02:f0"));
        for bad in [
            "",
            "00:80:77",
            "00:80:77:31:02:f0:00",
            "+0:80:77:31:02:f",
            "01:00:5e:00:00:01",
        ] {
            assert_eq!(mac(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_table_panics(text in "(\\PC{0,30}\n){0,4}") {
            let _ = parse(&text);
        }
    }
}
