//! The scan against small devices on loopback.

mod agent;

use agent::{Device, Everything, Manners, oid, printer, server};
use pagetally_snmp::{
    Cancel, Credentials, RefusalReason, ScanConfig, ScanEvent, ScanStats, Unreachable, read_one,
    scan,
};
use pagetally_snmp_engine::{Answers, Ending, Oid, Plan, Value, Version};
use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

fn config() -> ScanConfig {
    ScanConfig {
        timeout: Duration::from_millis(150),
        retries: 1,
        datagrams_per_second: 5_000,
        ..ScanConfig::default()
    }
}

/// Scans, and checks what holds of every scan: one final event for each target, progress that ends
/// with everything.
fn run(targets: Vec<SocketAddr>, config: &ScanConfig) -> (Vec<ScanEvent>, ScanStats) {
    let mut events = Vec::new();
    let mut last_progress = None;
    let stats = scan(
        targets.iter().copied(),
        config,
        &mut |_| Everything::plan(),
        &Cancel::new(),
        &mut |event| match event {
            ScanEvent::Progress {
                probed,
                total,
                found,
                read,
            } => last_progress = Some((probed, total, found, read)),
            event => events.push(event),
        },
    )
    .expect("this machine can scan");
    let mut ended: Vec<SocketAddr> = events.iter().filter_map(final_address).collect();
    ended.sort_unstable();
    let mut expected = targets;
    expected.sort_unstable();
    assert_eq!(ended, expected, "each target ends once");
    let found = events
        .iter()
        .filter(|event| matches!(event, ScanEvent::Found { .. }))
        .count();
    let all = u64::try_from(expected.len()).expect("few");
    let found = u64::try_from(found).expect("few");
    assert_eq!(last_progress, Some((all, all, found, found)));
    assert_eq!(stats.targets, all);
    assert!(!stats.cancelled);
    (events, stats)
}

fn final_address(event: &ScanEvent) -> Option<SocketAddr> {
    match event {
        ScanEvent::Read { address, .. }
        | ScanEvent::OtherDevice { address, .. }
        | ScanEvent::Refused { address, .. }
        | ScanEvent::Unreachable { address, .. }
        | ScanEvent::Silent { address }
        | ScanEvent::Error { address, .. } => Some(*address),
        _ => None,
    }
}

fn read_of(events: &[ScanEvent], wanted: SocketAddr) -> (Version, usize, &Answers, Ending) {
    events
        .iter()
        .find_map(|event| match event {
            ScanEvent::Read {
                address,
                version,
                community_index,
                answers,
                ending,
                ..
            } if *address == wanted => Some((*version, *community_index, answers, *ending)),
            _ => None,
        })
        .unwrap_or_else(|| panic!("{wanted} was not read: {events:?}"))
}

/// What the device holds, all of which the plan asks for.
fn assert_holds(answers: &Answers, values: &BTreeMap<Oid, Value>) {
    let read: BTreeMap<Oid, Value> = answers
        .iter()
        .map(|(oid, value)| (oid.clone(), value.clone()))
        .collect();
    assert_eq!(read, *values);
}

#[test]
fn a_mixed_site_is_told_apart_and_read() {
    let plain = Device::start(printer("A1"), Manners::default());
    let only_v1 = Device::start(
        printer("B2"),
        Manners {
            speaks: vec![Version::V1],
            ..Manners::default()
        },
    );
    let private = Device::start(
        printer("C3"),
        Manners {
            community: b"private".to_vec(),
            ..Manners::default()
        },
    );
    let other = Device::start(server(), Manners::default());
    let nobody = UdpSocket::bind("127.0.0.1:0").expect("a socket that never answers");
    let nobody = nobody.local_addr().expect("bound");
    let config = ScanConfig {
        communities: vec![b"public".to_vec(), b"private".to_vec()],
        ..config()
    };
    let targets = vec![
        plain.address,
        only_v1.address,
        private.address,
        other.address,
        nobody,
    ];
    let (events, stats) = run(targets, &config);

    for (device, serial, version, community_index) in [
        (&plain, "A1", Version::V2c, 0),
        (&only_v1, "B2", Version::V1, 0),
        (&private, "C3", Version::V2c, 1),
    ] {
        let read = read_of(&events, device.address);
        assert_eq!(
            (read.0, read.1, read.3),
            (version, community_index, Ending::Complete)
        );
        assert_holds(read.2, &printer(serial));
    }
    let described = events.iter().any(|event| {
        matches!(event, ScanEvent::OtherDevice { address, sys_descr: Some(text), sys_object_id, .. }
            if *address == other.address
                && text == b"A server"
                && *sys_object_id == Some(oid("1.3.6.1.4.1.8072.3.2.10")))
    });
    assert!(described, "{events:?}");
    assert_eq!(other.arrived(), 1, "one datagram to say: not a printer");
    assert!(
        plain.arrived() <= 6,
        "{} datagrams to read a printer",
        plain.arrived()
    );
    assert!(stats.datagrams_received > 0);
    let touched = |event: &&ScanEvent| matches!(event, ScanEvent::Touched { .. });
    assert_eq!(events.iter().filter(touched).count(), 5);
}

#[test]
fn a_closed_port_is_told_from_silence_where_the_system_tells() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let closed = socket.local_addr().expect("bound");
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a socket that never answers");
    let device = Device::start(printer("P1"), Manners::default());
    drop(socket); // Nobody listens there any more.
    let targets = vec![closed, silent.local_addr().expect("bound"), device.address];
    for batched in [true, false] {
        let config = ScanConfig {
            batched,
            ..config()
        };
        let (events, stats) = run(targets.clone(), &config);
        assert_eq!(read_of(&events, device.address).3, Ending::Complete);
        let told = events.iter().any(|event| {
            matches!(event, ScanEvent::Unreachable { address, cause: Unreachable::Port }
                if *address == closed)
        });
        assert_eq!(told, cfg!(target_os = "linux"), "{batched}: {events:?}");
        assert_eq!(stats.unreachable > 0, told);
    }
}

#[test]
fn many_closed_ports_silence_nobody_else() {
    let devices: Vec<Device> = (0..10)
        .map(|_| Device::start(printer("C1"), Manners::default()))
        .collect();
    let port = |_| UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let closed: Vec<UdpSocket> = (0..200).map(port).collect();
    let mut targets: Vec<SocketAddr> = closed
        .iter()
        .map(|socket| socket.local_addr().expect("bound"))
        .collect();
    drop(closed);
    for (place, device) in devices.iter().enumerate() {
        targets.insert(place * 20, device.address);
    }
    for batched in [true, false] {
        let config = ScanConfig {
            batched,
            ..config()
        };
        let (events, _) = run(targets.clone(), &config);
        let complete = devices
            .iter()
            .filter(|device| read_of(&events, device.address).3 == Ending::Complete);
        assert_eq!(complete.count(), 10);
        let failed = events
            .iter()
            .any(|event| matches!(event, ScanEvent::Error { .. }));
        assert!(!failed, "{events:?}");
    }
}

#[test]
fn one_datagram_in_a_system_call_brings_the_same() {
    let devices: Vec<Device> = (0..20)
        .map(|_| Device::start(printer("Q1"), Manners::default()))
        .collect();
    let config = ScanConfig {
        batched: false,
        timeout: Duration::from_secs(1),
        ..config()
    };
    let (events, _) = run(
        devices.iter().map(|device| device.address).collect(),
        &config,
    );
    for device in &devices {
        assert_holds(read_of(&events, device.address).2, &printer("Q1"));
    }
}

#[test]
fn noise_forgery_and_duplicates_are_counted_and_dropped() {
    let manners = Manners {
        noisy: true,
        ..Manners::default()
    };
    let device = Device::start(printer("N7"), manners);
    let (events, stats) = run(vec![device.address], &config());
    let (_, _, answers, ending) = read_of(&events, device.address);
    assert_eq!(ending, Ending::Complete);
    assert_holds(answers, &printer("N7"));
    assert!(
        stats.datagrams_ignored >= 2 * stats.datagrams_received,
        "{stats:?}"
    );
    assert_eq!(stats.retries, 0);
}

#[test]
fn loss_costs_time_and_no_values() {
    let devices: Vec<Device> = (2..8)
        .map(|every| {
            let loses_every = Some(every);
            let manners = Manners {
                loses_every,
                ..Manners::default()
            };
            Device::start(printer("L1"), manners)
        })
        .collect();
    let config = ScanConfig {
        retries: 3,
        timeout: Duration::from_millis(60),
        ..config()
    };
    let (events, stats) = run(
        devices.iter().map(|device| device.address).collect(),
        &config,
    );
    for device in &devices {
        let (_, _, answers, ending) = read_of(&events, device.address);
        assert_eq!(ending, Ending::Complete);
        assert_holds(answers, &printer("L1"));
    }
    assert!(stats.retries > 0);
}

#[test]
fn a_printer_that_falls_silent_keeps_what_it_said() {
    let manners = Manners {
        silent_after: Some(2), // The probe and the first request.
        ..Manners::default()
    };
    let device = Device::start(printer("S1"), manners);
    let (events, _) = run(vec![device.address], &config());
    let (_, _, answers, ending) = read_of(&events, device.address);
    assert_eq!(ending, Ending::WentSilent);
    assert!(!answers.is_empty() && !answers.gaps().is_empty());
}

#[test]
fn ipv6_works_like_ipv4() {
    if UdpSocket::bind("[::1]:0").is_err() {
        eprintln!("SKIPPED: this machine has no IPv6 loopback");
        return;
    }
    let device = Device::start_at("[::1]:0", printer("V6"), Manners::default());
    let (events, _) = run(vec![device.address], &config());
    assert_holds(read_of(&events, device.address).2, &printer("V6"));
}

#[test]
fn an_address_that_the_system_refuses_is_an_error_of_its_own() {
    let device = Device::start(printer("E1"), Manners::default());
    // Port 0 can be sent nothing.
    let refused = SocketAddr::from(([127, 0, 0, 1], 0));
    let (events, _) = run(vec![refused, device.address], &config());
    assert_eq!(read_of(&events, device.address).3, Ending::Complete);
    let told = events
        .iter()
        .any(|event| matches!(event, ScanEvent::Error { address, .. } if *address == refused));
    assert!(told, "{events:?}");
}

#[test]
fn many_printers_are_read_while_few_are_in_flight() {
    let devices: Vec<Device> = (0..40)
        .map(|_| Device::start(printer("M1"), Manners::default()))
        .collect();
    let config = ScanConfig {
        max_in_flight: 3,
        timeout: Duration::from_secs(1),
        ..config()
    };
    let (events, _) = run(
        devices.iter().map(|device| device.address).collect(),
        &config,
    );
    let read = events
        .iter()
        .filter(|event| {
            matches!(
                event,
                ScanEvent::Read {
                    ending: Ending::Complete,
                    ..
                }
            )
        })
        .count();
    assert_eq!(read, 40);
}

#[test]
fn the_pace_is_kept() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let port = socket.local_addr().expect("bound").port();
    let targets: Vec<SocketAddr> = (1..=100)
        .map(|n| SocketAddr::from(([127, 0, 7, n], port)))
        .collect();
    let config = ScanConfig {
        datagrams_per_second: 200,
        timeout: Duration::from_millis(50),
        retries: 0,
        try_v1: false,
        detect_refusal: false,
        ..config()
    };
    let (_, stats) = run(targets, &config);
    assert_eq!(stats.datagrams_sent, 100);
    let least = Duration::from_millis(100 * 1_000 / 200 - 30);
    assert!(
        stats.elapsed >= least,
        "{:?} for 100 datagrams at 200 a second",
        stats.elapsed
    );
}

#[test]
fn a_raised_flag_stops_the_scan_and_keeps_what_was_read() {
    let slow = Manners {
        latency: Duration::from_millis(300),
        ..Manners::default()
    };
    let device = Device::start(printer("X1"), slow);
    let config = ScanConfig {
        timeout: Duration::from_secs(5),
        ..config()
    };
    let cancel = Cancel::new();
    let started = Instant::now();
    let mut ending = None;
    let stats = scan(
        [device.address],
        &config,
        &mut |_| Everything::plan(),
        &cancel.clone(),
        &mut |event| match event {
            ScanEvent::Found { .. } => cancel.cancel(),
            ScanEvent::Read { ending: end, .. } => ending = Some(end),
            _ => {}
        },
    )
    .expect("this machine can scan");
    assert!(stats.cancelled);
    assert!(
        matches!(ending, None | Some(Ending::Cancelled)),
        "{ending:?}"
    );
    assert!(started.elapsed() < Duration::from_secs(2));
}

fn public(version: Version) -> Credentials<'static> {
    let community = b"public";
    Credentials::Community { version, community }
}

#[test]
fn one_known_device_is_read_without_a_sweep() {
    let device = Device::start(printer("K1"), Manners::default());
    let plan: Box<dyn Plan> = Everything::plan();
    let cancel = Cancel::new();
    let read = read_one(
        device.address,
        public(Version::V2c),
        &config(),
        plan,
        &cancel,
    );
    let read = read.expect("this machine can send");
    assert_eq!(read.ending, Ending::Complete);
    assert_holds(&read.answers, &printer("K1"));
    assert_eq!(u64::from(device.arrived()), read.stats.datagrams_sent);
}

#[test]
fn a_known_device_that_is_away_is_no_error() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket that never answers");
    let address = socket.local_addr().expect("bound");
    let plan: Box<dyn Plan> = Everything::plan();
    let read = read_one(
        address,
        public(Version::V1),
        &config(),
        plan,
        &Cancel::new(),
    );
    let read = read.expect("this machine can send");
    assert_eq!(read.ending, Ending::WentSilent);
    assert!(read.answers.is_empty());
}

#[test]
fn a_refusal_says_what_it_rests_on() {
    let reason = RefusalReason::OnlyV3 {
        engine_id: vec![1],
        counter: Some(oid("1.3.6.1.6.3.15.1.1.4.0")),
    };
    assert!(reason.to_string().contains("SNMPv3"));
    assert!(reason.to_string().contains("unknown engine id"));
    let reason = RefusalReason::ErrorStatus {
        version: Version::V1,
        status: 16,
    };
    assert!(reason.to_string().contains("16"));
}
