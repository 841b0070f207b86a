//! A system that can take no more datagrams: the scan slows down, and no address is silent for that.
//!
//! An interface whose queue is full says ENOBUFS, as does a full table of neighbours. That table is one
//! for all namespaces of a machine, so that filling it would be felt by everybody on it; the interface is of the
//! test's own namespace, and behind it, in another one, sockets count what comes to each address.

#![cfg(target_os = "linux")]

mod agent;
mod namespace;

use agent::{Device, Everything, Manners, printer};
use nix::sched::{CloneFlags, setns};
use pagetally_snmp::{Cancel, ScanConfig, ScanEvent, scan};
use std::collections::BTreeMap;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

/// Set within the namespace, to the file of the one that the interface leads to.
const BEHIND: &str = "PAGETALLY_TEST_NAMESPACE_BEHIND";

/// Both ends have one hardware address, so that nobody has to ask for the other's. The queue holds some
/// thirty datagrams, and sends a thousand in a second.
const SCRIPT: &str = "ip link set lo up \
    && ip link add one address 02:00:00:00:00:07 type veth peer name other address 02:00:00:00:00:07 \
    && { unshare --net sleep 300 >/dev/null 2>&1 & behind=$!; } \
    && while ip link show other >/dev/null 2>&1; do ip link set other netns $behind; sleep 0.05; done \
    && nsenter --target $behind --net sh -c 'ip link set lo up && ip link set other arp off up \
        && ip route add local 10.77.0.0/24 dev lo && ip route add 10.78.0.1 dev other' \
    && ip link set one arp off up && ip addr add 10.78.0.1/32 dev one && ip route add 10.77.0.0/24 dev one \
    && tc qdisc add dev one root tbf rate 1mbit burst 2000 limit 4000 \
    && export PAGETALLY_TEST_NAMESPACE_BEHIND=/proc/$behind/ns/net \
    && { \"$0\" --exact \"$1\" --nocapture; ended=$?; kill $behind; exit $ended; }";

/// How many addresses nobody answers at.
const SILENT: u8 = 200;

#[test]
fn an_interface_that_can_take_no_more_slows_the_sweep_down_and_costs_no_address_a_round() {
    if let Some(behind) = std::env::var_os(BEHIND) {
        let behind = File::open(behind).expect("a namespace");
        sweep(&behind, true);
        sweep(&behind, false);
        return;
    }
    let name =
        "an_interface_that_can_take_no_more_slows_the_sweep_down_and_costs_no_address_a_round";
    let set_up = "ip link add one type veth peer name other && ip link set one up \
        && tc qdisc add dev one root tbf rate 1mbit burst 2000 limit 4000";
    namespace::run(name, &["tc", "nsenter"], set_up, SCRIPT);
}

/// Opens what is behind the interface: two printers, and the sockets of those who never answer.
fn open(behind: &File) -> (Vec<Device>, BTreeMap<SocketAddr, UdpSocket>) {
    std::thread::scope(|scope| {
        let opened = scope.spawn(|| {
            // Of this thread alone, and of those that it starts.
            setns(behind, CloneFlags::CLONE_NEWNET).expect("a namespace of ours");
            let first = Device::start_at("10.77.0.251:0", printer("Q1"), Manners::default());
            let port = first.address.port();
            let second = format!("10.77.0.252:{port}");
            let second = Device::start_at(&second, printer("Q2"), Manners::default());
            let silent = (1..=SILENT).map(|last| {
                let address = SocketAddr::from((Ipv4Addr::new(10, 77, 0, last), port));
                let socket = UdpSocket::bind(address).expect("an address of the namespace");
                socket.set_nonblocking(true).expect("a socket");
                (address, socket)
            });
            (vec![first, second], silent.collect())
        });
        opened.join().expect("opened")
    })
}

fn sweep(behind: &File, batched: bool) {
    let (devices, silent) = open(behind);
    let config = ScanConfig {
        // A busy machine is no silent printer.
        timeout: Duration::from_secs(3),
        retries: 1,
        datagrams_per_second: u32::MAX,
        batched,
        ..ScanConfig::default()
    };
    let targets = silent.keys().copied();
    let targets = targets.chain(devices.iter().map(|device| device.address));
    let (mut read, mut told_silent) = (0, 0);
    let stats = scan(
        targets.collect::<Vec<_>>(),
        &config,
        &mut |_| Everything::plan(),
        &Cancel::new(),
        &mut |event| match event {
            ScanEvent::Read { ending, .. } => read += usize::from(ending.is_complete()),
            ScanEvent::Silent { .. } => told_silent += 1,
            _ => {}
        },
    )
    .expect("a scan");
    assert_eq!((read, told_silent), (devices.len(), silent.len()));
    assert!(stats.send_stalls > 0, "the queue was never full: {stats:?}");
    // Every datagram that was counted as sent has left, and no address was left out of a round.
    let (cost, _) = config.silent_sweep(1);
    for (address, socket) in &silent {
        let came = std::iter::from_fn(|| socket.recv(&mut [0; 1_500]).ok()).count();
        let came = u64::try_from(came).expect("few");
        assert_eq!(
            came, cost.datagrams_per_address,
            "{address}, batched: {batched}"
        );
    }
}
