//! Silence that is held back, and who is asked again at the end, under virtual time.

use pagetally_snmp_engine::sweep::{
    MAX_MORE_ROUNDS, Probe, ProbeAnswer, ProbeKind, SecondLook, Settled, Sweep, SweepConfig,
};
use pagetally_snmp_engine::{RequestIds, Value, VarBind, Version};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

fn config() -> SweepConfig {
    SweepConfig {
        communities: vec![b"public".to_vec(), b"other".to_vec()],
        try_v1: true,
        detect_refusal: true,
        timeout: Duration::from_secs(1),
        retries: 1,
    }
}

fn address(n: u32) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::from(0x0a00_0000 + n), 161))
}

/// What happens to the `nth` datagram, counted from 0, that an address gets: whether it is answered.
type Answers<'a> = &'a dyn Fn(SocketAddr, u32, &Probe) -> bool;

#[derive(Default)]
struct Run {
    settled: BTreeMap<SocketAddr, Settled>,
    sent: BTreeMap<SocketAddr, u32>,
    looks: Vec<SecondLook>,
    again: u64,
    elapsed: Duration,
}

impl Run {
    fn found(&self) -> usize {
        let is_found = |one: &&Settled| matches!(one, Settled::Found { .. });
        self.settled.values().filter(is_found).count()
    }
}

/// Sweeps the first `addresses` ones, with a second look that may send `most`.
fn run(addresses: impl Iterator<Item = u32>, most: u64, answers: Answers<'_>) -> Run {
    let mut sweep = Sweep::new(config(), RequestIds::new([5; 16])).with_second_look();
    let communities = config().communities;
    for n in addresses {
        assert!(sweep.start(address(n)));
    }
    let mut run = Run::default();
    let mut now = Duration::ZERO;
    loop {
        while let Some(probe) = sweep.next_probe(now) {
            run.again += u64::from(!run.looks.is_empty());
            let nth = run.sent.entry(probe.address).or_default();
            let answered = answers(probe.address, *nth, &probe);
            *nth += 1;
            let ProbeKind::Next {
                version,
                community_index,
                ..
            } = probe.kind
            else {
                continue;
            };
            let answer = ProbeAnswer {
                version,
                community: &communities[community_index],
                request_id: i64::from(probe.request_id),
                error_status: 0,
                error_index: 0,
                varbinds: vec![VarBind {
                    oid: "1.3.6.1.2.1.43.5.1.1.1.1".parse().expect("valid"),
                    value: Value::Integer(0),
                }],
            };
            if answered {
                sweep
                    .handle_answer(probe.address, answer)
                    .expect("it was asked");
            }
        }
        while let Some((address, settled)) = sweep.next_settled() {
            assert!(run.settled.insert(address, settled).is_none(), "once");
        }
        while let Some(address) = sweep.next_released() {
            let before = run.settled.insert(address, Settled::Silent);
            assert!(before.is_none(), "once");
        }
        if sweep.is_empty() {
            run.elapsed = now;
            return run;
        }
        if sweep.is_resting() {
            run.looks.extend(sweep.second_look(most));
            continue;
        }
        now = sweep.next_deadline().expect("it waits for something");
        sweep.expire(now);
    }
}

fn is_first_way(probe: &Probe) -> bool {
    matches!(
        probe.kind,
        ProbeKind::Next {
            version: Version::V2c,
            community_index: 0,
            ..
        }
    )
}

fn number(address: SocketAddr) -> u32 {
    let SocketAddr::V4(address) = address else {
        panic!("no such address");
    };
    u32::from(*address.ip()) - 0x0a00_0000
}

/// Devices at the first 60 of 100 addresses in each of the first two subnets. Every sixth device
/// loses its first probe, device 7 everything before its `lost`-th datagram.
fn lossy(lost: u32) -> impl Fn(SocketAddr, u32, &Probe) -> bool {
    move |address, nth, probe| {
        let n = number(address);
        let is_device = n % 256 < 60 && n < 512;
        let loses = match n {
            7 => nth < lost,
            n => n % 6 == 0 && nth == 0,
        };
        is_device && is_first_way(probe) && !loses
    }
}

fn two_subnets() -> impl Iterator<Item = u32> {
    (0..512).filter(|n| n % 256 < 100)
}

#[test]
fn who_lost_all_probes_is_found_where_others_lost_some() {
    let run = run(two_subnets(), 10_000, &lossy(5));
    assert_eq!((run.found(), run.settled.len()), (120, 200));
    let [look] = &run.looks[..] else {
        panic!("{:?}", run.looks);
    };
    assert_eq!((look.addresses, look.left_out), (81, 0));
    assert!((1..=MAX_MORE_ROUNDS).contains(&look.rounds), "{look:?}");
    assert_eq!(
        look.to_string(),
        "81 silent addresses are asked again, up to 3 times, because 14.3 % of what devices were asked \
         had no answer in time"
    );
    // Only what found devices here is asked again: one datagram a round, and no discovery.
    let nobody = run.sent[&address(99)];
    assert_eq!(nobody, 1 + 4 + 1 + look.rounds);
    let rounds = 2 + look.rounds;
    assert!(
        run.elapsed <= Duration::from_secs(1) * rounds,
        "{:?}",
        run.elapsed
    );
}

#[test]
fn where_nothing_was_lost_nobody_is_asked_again_and_silence_takes_no_longer() {
    let answers = |address: SocketAddr, _: u32, probe: &Probe| {
        number(address) % 256 < 60 && is_first_way(probe)
    };
    let run = run(two_subnets(), 10_000, &answers);
    assert_eq!((run.found(), run.settled.len()), (120, 200));
    assert_eq!((run.looks.len(), run.again), (0, 0));
    assert_eq!(run.elapsed, Duration::from_secs(2));
}

#[test]
fn subnets_where_nobody_was_found_are_left_in_peace() {
    // Two more subnets, all silent.
    let all = (0..1_024).filter(|n| n % 256 < 100);
    let run = run(all, 10_000, &lossy(5));
    assert_eq!((run.found(), run.settled.len()), (120, 400));
    assert_eq!(
        run.looks.iter().map(|look| look.addresses).sum::<usize>(),
        81
    );
    assert_eq!(run.sent[&address(3 * 256)], 6);
}

#[test]
fn a_second_look_sends_no_more_than_it_may_and_begins_where_most_was_found() {
    // One device more in a third subnet: the other silent ones there are asked last.
    let answers = |address: SocketAddr, nth: u32, probe: &Probe| {
        let lone = number(address) == 512 && is_first_way(probe);
        lone || lossy(5)(address, nth, probe)
    };
    let all = || (0..768).filter(|n| n % 256 < 100);
    for most in [0, 1, 64, 81, 100, 200] {
        let run = run(all(), most, &answers);
        assert_eq!(run.settled.len(), 300);
        assert!(run.again <= most, "{} of {most}", run.again);
        let looks = run.looks.iter();
        let asked: usize = looks.map(|look| look.addresses).sum();
        assert_eq!(asked, usize::try_from(most).expect("small").min(180));
        for look in &run.looks {
            assert_eq!(look.addresses + look.left_out, 180);
        }
        let lone_subnet = run.sent[&address(599)];
        assert_eq!(lone_subnet > 6, most >= 180, "{most}");
    }
}

#[test]
fn who_is_held_back_for_another_reason_is_asked_again_too_and_else_silent() {
    let mut sweep = Sweep::new(config(), RequestIds::new([5; 16])).with_second_look();
    assert!(sweep.hold(address(1)));
    assert_eq!((sweep.held(), sweep.is_empty()), (1, false));
    for n in 0..100 {
        sweep.note_reading(5, u32::from(n % 3 == 0));
        sweep.note_find(address(100 + n), Version::V2c, 1);
    }
    let look = sweep.second_look(100).expect("much was lost");
    assert_eq!(look.addresses, 1);
    let probe = sweep.next_probe(Duration::ZERO).expect("a probe");
    assert!(probe.repeated && !probe.is_first());
    assert!(matches!(
        probe.kind,
        ProbeKind::Next {
            version: Version::V2c,
            community_index: 1,
            ..
        }
    ));
    assert!(!sweep.hold(address(2)), "once is enough");
}
