//! The scan under virtual time, on a network that exists in memory.

#[path = "../../tests/agent/mod.rs"]
mod agent;

use super::*;
use crate::{Known, SnmpError};
use agent::{Everything, Manners, answer, printer, server};
use pagetally_snmp_engine::message::v3;
use pagetally_snmp_engine::pace::Subnet;
use pagetally_snmp_engine::sweep::Unreachable;
use pagetally_snmp_engine::usm::{LocalKeys, SecurityLevel};
use pagetally_snmp_engine::{Ending, Value};
use std::io;
use std::net::Ipv4Addr;

const LATENCY: Duration = Duration::from_millis(4);

/// A network of printers and servers. `busy` says of each sending, counted from 0, whether the
/// system can take it.
struct Network<B> {
    printers: u32,
    servers: u32,
    busy: B,
    sendings: u32,
    /// What left, and when.
    sent: Vec<(Duration, SocketAddr)>,
    /// What is on its way back.
    arriving: BTreeSet<(Duration, SocketAddr, Vec<u8>)>,
    most_outstanding: usize,
    /// Whether the caller knows servers as printers by their names.
    by_name: bool,
    /// How many of the devices the caller knows from an earlier scan.
    known: u32,
    /// How many of 1,000 datagrams are lost on each way.
    loss: u64,
    chance: u64,
}

#[derive(Default)]
struct Reads {
    by_name: bool,
    known: u32,
}

impl Guide for Reads {
    fn plan(&mut self, _address: SocketAddr) -> Box<dyn Plan> {
        Everything::plan()
    }

    fn known(&mut self, device: SocketAddr) -> Option<Known> {
        (0..self.known)
            .any(|n| address(n) == device)
            .then(Known::default)
    }

    fn reads(&mut self, probe: &[VarBind]) -> bool {
        let description = Value::OctetString(b"A server".to_vec());
        self.by_name && probe.iter().any(|one| one.value == description)
    }
}

fn address(n: u32) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::from(0x0a00_0000 + n), 161))
}

impl<B: FnMut(u32) -> bool> Network<B> {
    fn new(printers: u32, servers: u32, busy: B) -> Self {
        Self {
            printers,
            servers,
            busy,
            sendings: 0,
            sent: Vec::new(),
            arriving: BTreeSet::new(),
            most_outstanding: 0,
            by_name: false,
            known: 0,
            loss: 0,
            chance: 1,
        }
    }

    fn loses(&mut self) -> bool {
        // Knuth's MMIX generator.
        let next = self.chance.wrapping_mul(6_364_136_223_846_793_005);
        self.chance = next.wrapping_add(1_442_695_040_888_963_407);
        (self.chance >> 33) % 1_000 < self.loss
    }

    fn send(&mut self, scanner: &mut Scanner, outgoing: &Outgoing, now: Duration) {
        let busy = (self.busy)(self.sendings);
        self.sendings += 1;
        if busy {
            scanner.not_sent(outgoing);
            scanner.stall(now);
            return;
        }
        scanner.sent(outgoing);
        self.sent.push((now, outgoing.address));
        if self.loses() || self.loses() {
            return;
        }
        let SocketAddr::V4(v4) = outgoing.address else {
            panic!("no such address");
        };
        let n = u32::from(*v4.ip()) - 0x0a00_0000;
        let values = match n {
            n if n < self.printers => printer("virtual"),
            n if n < self.printers + self.servers => server(),
            _ => return,
        };
        if let Some(bytes) = answer(&values, &Manners::default(), &outgoing.bytes) {
            self.arriving
                .insert((now + LATENCY, outgoing.address, bytes));
            let outstanding = self
                .arriving
                .iter()
                .filter(|(_, to, _)| *to == outgoing.address);
            // A bundle of probes, where the first probe was lost, may still be on its way.
            assert!(
                outstanding.count() == 1 || self.loss > 50,
                "one request at a time for each device"
            );
            self.most_outstanding = self.most_outstanding.max(self.arriving.len());
        }
    }

    /// Runs the scan to its end: its events, and how long it took.
    fn run(&mut self, scanner: &mut Scanner, targets: u32) -> (Vec<ScanEvent>, Duration) {
        let mut targets = (0..targets).map(address).peekable();
        let mut guide = Reads {
            by_name: self.by_name,
            known: self.known,
        };
        let mut events = Vec::new();
        let mut now = Duration::from_secs(50);
        let start = now;
        loop {
            scanner.expire(now);
            let mut outgoing = Outgoing::new();
            while scanner.next_datagram(now, &mut targets, &mut guide, &mut outgoing) {
                self.send(scanner, &outgoing, now);
            }
            events.extend(std::iter::from_fn(|| scanner.next_event()));
            let targets_left = targets.peek().is_some();
            if !targets_left && scanner.is_idle() {
                return (events, now - start);
            }
            let arrival = self.arriving.first().map(|(time, ..)| *time);
            let next = scanner.next_time(targets_left);
            let time = arrival
                .into_iter()
                .chain(next)
                .min()
                .expect("it waits for something");
            // A token of the pace may be there already, and be of no use to what waits.
            now = time.max(now + Duration::from_micros(1));
            while let Some((time, ..)) = self.arriving.first()
                && *time <= now
            {
                let (_, address, bytes) = self.arriving.pop_first().expect("there is a first");
                scanner.handle_datagram(address, &bytes);
            }
        }
    }
}

fn config() -> ScanConfig {
    ScanConfig {
        datagrams_per_second: 10_000,
        retries: 1,
        ..ScanConfig::default()
    }
}

fn count(events: &[ScanEvent], what: impl Fn(&ScanEvent) -> bool) -> u32 {
    u32::try_from(events.iter().filter(|event| what(event)).count()).expect("few")
}

fn complete(events: &[ScanEvent]) -> u32 {
    count(events, |event| {
        matches!(
            event,
            ScanEvent::Read {
                ending: Ending::Complete,
                ..
            }
        )
    })
}

fn silent(events: &[ScanEvent]) -> u32 {
    count(events, |event| matches!(event, ScanEvent::Silent { .. }))
}

#[test]
fn everybody_is_told_once_and_printers_are_read_while_the_sweep_goes_on() {
    let mut scanner = Scanner::new(&config(), [1; 16]);
    let mut network = Network::new(300, 200, |_| false);
    let (events, elapsed) = network.run(&mut scanner, 2_000);
    let others = count(&events, |event| {
        matches!(event, ScanEvent::OtherDevice { .. })
    });
    assert_eq!(
        (complete(&events), others, silent(&events)),
        (300, 200, 1_500)
    );
    let last_found = events
        .iter()
        .rposition(|event| matches!(event, ScanEvent::Found { .. }));
    let first_read = events
        .iter()
        .position(|event| matches!(event, ScanEvent::Read { .. }));
    assert!(first_read < last_found);
    // Two rounds of a second each, and what the pace takes for all that is sent.
    let sent = u32::try_from(scanner.stats().datagrams_sent).expect("few");
    let least = Duration::from_secs(1) * sent / 10_000;
    assert!(
        elapsed < Duration::from_millis(2_200) + least,
        "{elapsed:?}, {sent} sent"
    );
}

#[test]
fn who_shows_no_printer_is_read_where_the_caller_knows_the_name() {
    let mut scanner = Scanner::new(&config(), [6; 16]);
    let mut network = Network {
        by_name: true,
        ..Network::new(3, 5, |_| false)
    };
    let (events, _) = network.run(&mut scanner, 10);
    let read = count(&events, |event| matches!(event, ScanEvent::Read { .. }));
    let found = count(&events, |event| matches!(event, ScanEvent::Found { .. }));
    assert_eq!((found, read, silent(&events)), (8, 8, 2));
}

#[test]
fn a_system_that_can_take_no_datagram_slows_the_scan_and_silences_nobody() {
    let mut scanner = Scanner::new(&config(), [2; 16]);
    // Most sendings fail, as with a full table of neighbours.
    let mut network = Network::new(40, 0, |sending| sending % 5 != 4);
    let (events, elapsed) = network.run(&mut scanner, 40);
    assert_eq!((complete(&events), silent(&events)), (40, 0));
    let stats = scanner.stats();
    assert_eq!(stats.retries, 0, "nothing was sent twice");
    assert!(stats.send_stalls > 4 * 40);
    let stalls = u32::try_from(stats.send_stalls).expect("few");
    assert!(elapsed >= STALL * stalls, "{elapsed:?} for {stalls} stalls");
}

#[test]
fn a_batch_that_was_cut_short_is_sent_again_in_order() {
    let config = ScanConfig {
        retries: 0,
        ..config()
    };
    let mut scanner = Scanner::new(&config, [8; 16]);
    let mut targets = (0..8).map(address);
    let mut guide = Reads::default();
    let now = Duration::from_secs(1);
    let mut batch: Vec<Outgoing> = (0..20).map(|_| Outgoing::new()).collect();
    let filled = batch
        .iter_mut()
        .map(|out| scanner.next_datagram(now, &mut targets, &mut guide, out))
        .filter(|is_filled| *is_filled)
        .count();
    let of = |batch: &[Outgoing]| -> Vec<(SocketAddr, Vec<u8>)> {
        let one = |out: &Outgoing| (out.address, out.bytes.clone());
        batch.iter().map(one).collect()
    };
    assert_eq!(filled, 20);
    let lost = of(&batch[3..]);
    for outgoing in &batch[..3] {
        scanner.sent(outgoing);
    }
    for outgoing in batch[3..].iter().rev() {
        scanner.not_sent(outgoing);
    }
    scanner.stall(now);
    let out = &mut batch[0];
    assert!(!scanner.next_datagram(now, &mut targets, &mut guide, out));
    let mut again = Vec::new();
    let mut later = now + STALL;
    for out in &mut batch[3..] {
        later += Duration::from_millis(1);
        assert!(scanner.next_datagram(later, &mut targets, &mut guide, out));
        again.push((out.address, out.bytes.clone()));
    }
    let sorted = |mut all: Vec<(SocketAddr, Vec<u8>)>| {
        all.sort();
        all
    };
    assert_eq!(again[0], lost[0]);
    assert_eq!(sorted(again), sorted(lost), "the same, each once");
}

#[test]
fn a_subnet_gets_no_more_than_its_share_and_the_others_do_not_wait_for_it() {
    let config = ScanConfig {
        subnet_datagrams_per_second: Some(100),
        retries: 1,
        ..config()
    };
    let mut scanner = Scanner::new(&config, [9; 16]);
    let mut network = Network::new(300, 0, |_| false);
    // Eight subnets, one after the other.
    let (events, elapsed) = network.run(&mut scanner, 2_048);
    assert_eq!((complete(&events), silent(&events)), (300, 1_748));
    let mut windows: HashMap<(Subnet, u64), u32> = HashMap::new();
    for (time, address) in &network.sent {
        *windows
            .entry((Subnet::of(address), time.as_secs()))
            .or_default() += 1;
    }
    let most = windows.values().max().expect("some");
    assert!((95..=104).contains(most), "{most} in a second");
    // Each of the subnets needs 256 * 4 datagrams or more at 100 a second; together they take little
    // longer than one.
    let of_first = network
        .sent
        .iter()
        .filter(|(_, to)| Subnet::of(to) == Subnet::of(&address(0)));
    let alone = Duration::from_millis(10) * u32::try_from(of_first.count()).expect("few");
    assert!(
        elapsed < alone + Duration::from_secs(8),
        "{elapsed:?}, alone {alone:?}"
    );
}

#[test]
fn a_closed_port_is_told_at_once_and_other_errors_are_the_cause_of_a_lasting_silence() {
    let config = ScanConfig {
        retries: 0,
        ..config()
    };
    let mut scanner = Scanner::new(&config, [10; 16]);
    let mut targets = (0..3).map(address);
    let mut guide = Reads::default();
    let mut now = Duration::from_secs(1);
    let mut out = Outgoing::new();
    scanner.handle_unreachable(address(0), Unreachable::Port);
    while scanner.next_datagram(now, &mut targets, &mut guide, &mut out) {
        scanner.sent(&out);
    }
    scanner.handle_unreachable(address(0), Unreachable::Port);
    scanner.handle_unreachable(address(1), Unreachable::Host);
    scanner.handle_unreachable(address(77), Unreachable::Port);
    assert_eq!(
        scanner.stats().unreachable,
        2,
        "what was not asked is not believed"
    );
    let told = |scanner: &mut Scanner| -> Vec<(SocketAddr, Option<Unreachable>)> {
        std::iter::from_fn(|| scanner.next_event())
            .filter_map(|event| match event {
                ScanEvent::Unreachable { address, cause } => Some((address, Some(cause))),
                ScanEvent::Silent { address } => Some((address, None)),
                _ => None,
            })
            .collect()
    };
    assert_eq!(told(&mut scanner), [(address(0), Some(Unreachable::Port))]);
    now += Duration::from_secs(1);
    scanner.expire(now);
    // Nothing was lost, so nothing is asked again.
    assert!(!scanner.next_datagram(now, &mut targets, &mut guide, &mut out));
    let rest = [(address(1), Some(Unreachable::Host)), (address(2), None)];
    assert_eq!(told(&mut scanner), rest);
    assert!(scanner.is_idle());
}

#[test]
fn an_answer_from_another_address_counts_only_where_that_is_known() {
    let elsewhere = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 9), 5_000));
    for known in [true, false] {
        let mut config = config();
        if known {
            config.answers_from.push((address(0), elsewhere.ip()));
        }
        let mut scanner = Scanner::new(&config, [11; 16]);
        let mut targets = (0..1).map(address);
        let mut guide = Reads::default();
        let now = Duration::from_secs(1);
        let mut out = Outgoing::new();
        while scanner.next_datagram(now, &mut targets, &mut guide, &mut out) {
            scanner.sent(&out);
            let bytes = answer(&printer("elsewhere"), &Manners::default(), &out.bytes);
            let mut forged = out.bytes.clone();
            forged.rotate_left(1);
            scanner.handle_datagram(elsewhere, &forged);
            if let Some(bytes) = bytes {
                scanner.handle_datagram(elsewhere, &bytes);
            }
        }
        let read = std::iter::from_fn(|| scanner.next_event())
            .any(|event| matches!(event, ScanEvent::Read { .. }));
        assert_eq!(read, known);
        assert!(scanner.stats().datagrams_ignored > 0);
    }
}

#[test]
fn a_known_device_that_fell_silent_is_still_heard_from_the_other_address_that_the_site_names() {
    let elsewhere = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 9), 5_000));
    let mut config = config();
    config.answers_from.push((address(0), elsewhere.ip()));
    let mut scanner = Scanner::new(&config, [11; 16]);
    let mut targets = (0..1).map(address);
    let mut guide = Reads {
        known: 1,
        ..Reads::default()
    };
    let mut out = Outgoing::new();
    let mut events = Vec::new();
    let (mut unheard, mut swept) = (0, false);
    for step in 0..200_u32 {
        let now = Duration::from_millis(50) * step;
        scanner.expire(now);
        while scanner.next_datagram(now, &mut targets, &mut guide, &mut out) {
            scanner.sent(&out);
            // It sleeps while it is read as known, until it is forgotten and swept.
            swept |= out.probe.is_some();
            if !swept {
                unheard += 1;
                continue;
            }
            let bytes = answer(&printer("elsewhere"), &Manners::default(), &out.bytes);
            if let Some(bytes) = bytes {
                scanner.handle_datagram(elsewhere, &bytes);
            }
        }
        events.extend(std::iter::from_fn(|| scanner.next_event()));
    }
    assert!(scanner.is_idle());
    assert!(unheard > 1, "it was known, and asked in vain");
    assert_eq!((complete(&events), silent(&events)), (1, 0));
}

#[test]
fn no_more_devices_are_read_at_once_than_allowed() {
    let config = ScanConfig {
        max_in_flight: 4,
        datagrams_per_second: 1_000_000,
        ..config()
    };
    let mut scanner = Scanner::new(&config, [3; 16]);
    let mut network = Network::new(3_000, 0, |_| false);
    let mut targets = (0..3_000).map(address);
    let mut guide = Reads::default();
    // All probes are answered at once; nothing else is.
    let now = Duration::from_secs(1);
    let mut probes = 0;
    let mut outgoing = Outgoing::new();
    for step in 0..20_000u32 {
        let now = now + Duration::from_micros(10) * step;
        if !scanner.next_datagram(now, &mut targets, &mut guide, &mut outgoing) {
            continue;
        }
        scanner.sent(&outgoing);
        if outgoing.probe.is_some() {
            probes += 1;
            let bytes = answer(&printer("virtual"), &Manners::default(), &outgoing.bytes);
            scanner.handle_datagram(outgoing.address, &bytes.expect("an answer"));
        }
        assert!(scanner.reading <= 4);
        assert!(scanner.waiting.len() <= MAX_WAITING + 1);
    }
    assert!(
        probes <= MAX_WAITING + 8,
        "the sweep pauses: {probes} probes"
    );
    // Whoever waits is read in the end.
    let (events, _) = network.run(&mut scanner, 0);
    let ended = count(&events, |event| matches!(event, ScanEvent::Read { .. }));
    assert_eq!(usize::try_from(ended), Ok(probes));
}

#[test]
fn an_address_that_the_system_refuses_is_told_and_not_asked_again() {
    let mut scanner = Scanner::new(&config(), [4; 16]);
    let mut targets = (0..1).map(address);
    let mut guide = Reads::default();
    let now = Duration::from_secs(1);
    let mut outgoing = Outgoing::new();
    assert!(scanner.next_datagram(now, &mut targets, &mut guide, &mut outgoing));
    let address = outgoing.address;
    let source = io::Error::from(io::ErrorKind::NetworkUnreachable);
    scanner.refused(&outgoing, SnmpError::Send { address, source });
    assert!(matches!(
        scanner.next_event(),
        Some(ScanEvent::Error { .. })
    ));
    assert!(scanner.is_idle());
    let later = now + Duration::from_secs(1);
    assert!(!scanner.next_datagram(later, &mut targets, &mut guide, &mut outgoing));
}

#[test]
fn what_a_stranger_sends_is_counted_and_changes_nothing() {
    let mut scanner = Scanner::new(&config(), [5; 16]);
    for bytes in [&b""[..], b"\x30", &[0x30; 9_000], b"GET / HTTP/1.1"] {
        scanner.handle_datagram(address(7), bytes);
    }
    assert_eq!(scanner.stats().datagrams_ignored, 4);
    assert!(scanner.is_idle() && scanner.next_event().is_none());
}

#[test]
fn of_known_devices_nobody_is_lost_with_one_datagram_in_twenty_each_way() {
    for seed in [1, 2, 3] {
        let mut scanner = Scanner::new(&config(), [12; 16]);
        let mut network = Network {
            known: 400,
            loss: 50,
            chance: seed,
            ..Network::new(400, 0, |_| false)
        };
        let (events, _) = network.run(&mut scanner, 400);
        assert_eq!(complete(&events), 400, "seed {seed}");
        let found = count(&events, |event| matches!(event, ScanEvent::Found { .. }));
        assert_eq!(found, 400);
    }
}

#[test]
fn nobody_is_missed_with_one_datagram_in_twenty_lost_each_way() {
    let mut sent = Vec::new();
    for (seed, loss) in [(0, 0), (1, 50), (2, 50), (3, 50)] {
        let config = ScanConfig {
            try_v1: false,
            detect_refusal: false,
            ..config()
        };
        let mut scanner = Scanner::new(&config, [12; 16]);
        let mut network = Network {
            loss,
            chance: seed,
            ..Network::new(400, 0, |_| false)
        };
        let (events, _) = network.run(&mut scanner, 400);
        assert_eq!(complete(&events), 400, "seed {seed}");
        let looks = count(&events, |event| matches!(event, ScanEvent::SecondLook(_)));
        assert_eq!(looks, u32::from(loss > 0));
        sent.push(scanner.stats().datagrams_sent);
    }
    // What is lost is sent again, and little more.
    assert!(
        sent.iter().all(|sent_by| sent_by * 100 < sent[0] * 115),
        "{sent:?}"
    );
}

/// An engine's answer to a discovery.
fn report(message_id: u32) -> Vec<u8> {
    let engine_id = b"an engine";
    let counter = "1.3.6.1.6.3.15.1.1.4.0".parse().expect("valid");
    let outgoing = v3::Outgoing {
        message_id,
        reportable: false,
        engine_id,
        boots: 1,
        time: 2,
        user: &[],
        context_engine_id: engine_id,
        context_name: &[],
        level: SecurityLevel::NoAuthNoPriv,
        salt: 0,
    };
    let payload = v3::Payload::Report {
        id: message_id.into(),
        counter: &counter,
        count: 1,
    };
    let bytes = outgoing.encode(&LocalKeys::none(), &payload);
    bytes.expect("nothing is protected")
}

#[test]
fn a_printer_whose_answers_to_the_community_were_lost_is_not_told_as_refusing_it() {
    // It answers the discovery, and loses what comes before: in each round, the community's probe.
    let mut scanner = Scanner::new(&config(), [12; 16]);
    let mut targets = (0..1).map(address);
    let mut guide = Reads::default();
    let now = Duration::from_secs(1);
    let mut outgoing = Outgoing::new();
    let mut events = Vec::new();
    for step in 0..60_u32 {
        let now = now + Duration::from_millis(100) * step;
        scanner.expire(now);
        // Others, known from earlier, lose much.
        scanner.sweep.note_reading(5, 2);
        scanner.sweep.note_find(address(9), Version::V2c, 0);
        while scanner.next_datagram(now, &mut targets, &mut guide, &mut outgoing) {
            scanner.sent(&outgoing);
            let again = scanner.stats().silent_asked_again > 0;
            let sends = match v3::Frame::decode(&outgoing.bytes) {
                Ok(discovery) => Some(report(discovery.message_id)),
                Err(_) if again => {
                    answer(&printer("virtual"), &Manners::default(), &outgoing.bytes)
                }
                Err(_) => None,
            };
            if let Some(bytes) = sends {
                scanner.handle_datagram(outgoing.address, &bytes);
            }
        }
        events.extend(std::iter::from_fn(|| scanner.next_event()));
    }
    assert!(scanner.is_idle());
    assert_eq!(complete(&events), 1);
    assert_eq!(
        count(&events, |event| matches!(event, ScanEvent::Refused { .. })),
        0
    );
}

#[test]
fn who_falls_silent_is_parked_and_asked_again_at_the_end() {
    let mut scanner = Scanner::new(&config(), [13; 16]);
    // Long bursts of loss: most readers give up at least once.
    let mut network = Network {
        loss: 200,
        chance: 4,
        ..Network::new(200, 0, |_| false)
    };
    let (events, _) = network.run(&mut scanner, 200);
    let read = count(&events, |event| matches!(event, ScanEvent::Read { .. }));
    assert!(scanner.stats().asked_again > 0);
    assert_eq!(read + silent(&events), 200, "everybody ends once");
    assert_eq!((scanner.reading, scanner.resumed), (0, 0));
    assert!(
        complete(&events) * 10 > read * 9,
        "{} of {read}",
        complete(&events)
    );
}

#[test]
fn a_known_device_that_is_gone_is_swept_like_any_other() {
    let mut scanner = Scanner::new(&config(), [14; 16]);
    let mut network = Network {
        known: 6,
        ..Network::new(3, 1, |_| false)
    };
    let (events, _) = network.run(&mut scanner, 8);
    assert_eq!(complete(&events), 4, "the server answers the plan, too");
    assert_eq!(silent(&events), 4);
    let probes_to_known = network.sent.iter().filter(|(_, to)| *to == address(0));
    assert!(probes_to_known.count() <= 4);
    let memories = events.iter().filter(|event| {
        matches!(event, ScanEvent::Read { memory, .. } if memory.version == Some(Version::V2c))
    });
    assert_eq!(memories.count(), 4);
}
