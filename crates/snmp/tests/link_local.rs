//! Printers at link-local IPv6 addresses: the same address in two zones is two devices.
//!
//! Loopback has no such addresses, so the test runs itself again in a network namespace of its own.

#![cfg(target_os = "linux")]

mod agent;
mod namespace;

use agent::{Device, Everything, Manners, printer};
use pagetally_snmp::{Cancel, ScanConfig, ScanEvent, scan};
use std::net::SocketAddr;
use std::time::Duration;

/// Set within the namespace, to the number of its second interface.
const INSIDE: &str = "PAGETALLY_TEST_SECOND_ZONE";

/// The loopback interface is the first of every namespace.
const FIRST_ZONE: u32 = 1;

const SCRIPT: &str = "ip link set lo up \
    && ip link add one type veth peer name other && ip link set one up && ip link set other up \
    && ip -6 addr add fe80::7/64 dev lo nodad && ip -6 addr add fe80::7/64 dev one nodad \
    && export PAGETALLY_TEST_SECOND_ZONE=$(cat /sys/class/net/one/ifindex 2>/dev/null || ip -o link show one | cut -d: -f1) \
    && exec \"$0\" --exact \"$1\" --nocapture";

#[test]
fn the_same_link_local_address_in_two_zones_is_two_printers() {
    if let Ok(zone) = std::env::var(INSIDE) {
        read_both(zone.parse().expect("a number"));
        return;
    }
    let name = "the_same_link_local_address_in_two_zones_is_two_printers";
    let veth = "ip link add one type veth peer name other";
    namespace::run(name, &[], veth, SCRIPT);
}

fn read_both(second_zone: u32) {
    let start = |zone: u32, port: u16, serial| {
        let local = format!("[fe80::7%{zone}]:{port}");
        Device::start_at(&local, printer(serial), Manners::default())
    };
    let first = start(FIRST_ZONE, 0, "ZONE-1");
    let second = start(second_zone, first.address.port(), "ZONE-2");
    for batched in [true, false] {
        let config = ScanConfig {
            timeout: Duration::from_millis(300),
            batched,
            ..ScanConfig::default()
        };
        // Nobody is at the third.
        let nobody: SocketAddr = format!("[fe80::8%{FIRST_ZONE}]:{}", first.address.port())
            .parse()
            .expect("valid");
        let mut read: Vec<(SocketAddr, bool)> = Vec::new();
        let mut left = 0;
        let stats = scan(
            [first.address, second.address, nobody],
            &config,
            &mut |_| Everything::plan(),
            &Cancel::new(),
            &mut |event| match event {
                ScanEvent::Read {
                    address, answers, ..
                } => {
                    let serial = if address == first.address {
                        "ZONE-1"
                    } else {
                        "ZONE-2"
                    };
                    let whole = printer(serial);
                    let holds = whole
                        .iter()
                        .all(|(oid, value)| answers.get(oid) == Some(value));
                    read.push((address, holds));
                }
                ScanEvent::Silent { .. }
                | ScanEvent::Unreachable { .. }
                | ScanEvent::Error { .. } => {
                    left += 1;
                }
                _ => {}
            },
        );
        stats.expect("a scan");
        read.sort_by_key(|(address, _)| *address != first.address);
        let expected = [(first.address, true), (second.address, true)];
        assert_eq!(read, expected, "batched: {batched}");
        assert_eq!(left, 1);
    }
}
