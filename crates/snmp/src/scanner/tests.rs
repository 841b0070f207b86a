//! The scan under virtual time, on a network that exists in memory.

#[path = "../../tests/agent/mod.rs"]
mod agent;

use super::*;
use agent::{Everything, Manners, answer, printer, server};
use pagetally_snmp_engine::Ending;
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
    /// What is on its way back.
    arriving: BTreeSet<(Duration, SocketAddr, Vec<u8>)>,
    most_outstanding: usize,
    /// Whether the caller knows servers as printers by their names.
    by_name: bool,
}

struct Reads {
    by_name: bool,
}

impl Guide for Reads {
    fn plan(&mut self, _address: SocketAddr) -> Box<dyn Plan> {
        Everything::plan()
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
            arriving: BTreeSet::new(),
            most_outstanding: 0,
            by_name: false,
        }
    }

    fn send(&mut self, scanner: &mut Scanner, outgoing: &Outgoing, now: Duration) {
        let busy = (self.busy)(self.sendings);
        self.sendings += 1;
        if busy {
            scanner.not_sent(outgoing, now);
            return;
        }
        scanner.sent(outgoing, now);
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
            assert_eq!(
                outstanding.count(),
                1,
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
        };
        let mut events = Vec::new();
        let mut now = Duration::from_secs(50);
        let start = now;
        loop {
            scanner.expire(now);
            while let Some(outgoing) = scanner.next_datagram(now, &mut targets, &mut guide) {
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
        retries: 0,
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
    // Three rounds of a second each, and what the pace takes for all that is sent.
    let sent = u32::try_from(scanner.stats().datagrams_sent).expect("few");
    let least = Duration::from_secs(1) * sent / 10_000;
    assert!(
        elapsed < Duration::from_millis(3_200) + least,
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
fn no_more_devices_are_read_at_once_than_allowed() {
    let config = ScanConfig {
        max_in_flight: 4,
        datagrams_per_second: 1_000_000,
        ..config()
    };
    let mut scanner = Scanner::new(&config, [3; 16]);
    let mut network = Network::new(3_000, 0, |_| false);
    let mut targets = (0..3_000).map(address);
    let mut guide = Reads { by_name: false };
    // All probes are answered at once; nothing else is.
    let now = Duration::from_secs(1);
    let mut probes = 0;
    for step in 0..20_000u32 {
        let now = now + Duration::from_micros(10) * step;
        let Some(outgoing) = scanner.next_datagram(now, &mut targets, &mut guide) else {
            continue;
        };
        scanner.sent(&outgoing, now);
        if outgoing.is_probe {
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
    let mut guide = Reads { by_name: false };
    let now = Duration::from_secs(1);
    let outgoing = scanner.next_datagram(now, &mut targets, &mut guide);
    let outgoing = outgoing.expect("a probe");
    let address = outgoing.address;
    let source = io::Error::from(io::ErrorKind::NetworkUnreachable);
    scanner.refused(&outgoing, SnmpError::Send { address, source });
    assert!(matches!(
        scanner.next_event(),
        Some(ScanEvent::Error { .. })
    ));
    assert!(scanner.is_idle());
    let more = scanner.next_datagram(now + STALL, &mut targets, &mut guide);
    assert!(more.is_none());
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
