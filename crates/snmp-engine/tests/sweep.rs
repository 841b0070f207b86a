//! The sweep under virtual time.

use pagetally_snmp_engine::sweep::{
    EngineReport, MAX_ADDRESSES, Probe, ProbeAnswer, ProbeKind, Settled, Sweep, SweepConfig,
    Unasked, Unreachable,
};
use pagetally_snmp_engine::{Class, Oid, RequestIds, Value, VarBind, Version};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(1);

fn sweep(communities: &[&str], retries: u32) -> Sweep {
    Sweep::new(config(communities, retries), RequestIds::new([5; 16]))
}

fn config(communities: &[&str], retries: u32) -> SweepConfig {
    SweepConfig {
        communities: communities
            .iter()
            .map(|community| community.as_bytes().to_vec())
            .collect(),
        try_v1: true,
        detect_refusal: true,
        timeout: TIMEOUT,
        retries,
    }
}

fn address(n: u32) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::from(0x0a00_0000 + n), 161))
}

fn oid(text: &str) -> Oid {
    text.parse().expect("valid")
}

fn printer() -> Vec<VarBind> {
    vec![VarBind {
        oid: oid("1.3.6.1.2.1.43.5.1.1.1.1"),
        value: Value::Integer(0),
    }]
}

fn server() -> Vec<VarBind> {
    vec![VarBind {
        oid: oid("1.3.6.1.2.1.1.1.0"),
        value: Value::OctetString(b"a server".to_vec()),
    }]
}

/// The answer to a probe, under a community.
fn answer<'a>(probe: &Probe, community: &'a str, varbinds: Vec<VarBind>) -> ProbeAnswer<'a> {
    let ProbeKind::Next { version, .. } = probe.kind else {
        panic!("no GETNEXT: {probe:?}");
    };
    ProbeAnswer {
        version,
        community: community.as_bytes(),
        request_id: i64::from(probe.request_id),
        error_status: 0,
        error_index: 0,
        varbinds,
    }
}

fn next_probe(sweep: &mut Sweep, now: Duration) -> Probe {
    sweep.next_probe(now).expect("a probe")
}

/// What the probes of a silent address ask, in order, and when it is settled.
fn silent_rounds(sweep: &mut Sweep) -> (Vec<String>, Duration) {
    assert!(sweep.start(address(1)));
    let mut rounds = Vec::new();
    let mut now = Duration::ZERO;
    loop {
        while let Some(probe) = sweep.next_probe(now) {
            rounds.push(match probe.kind {
                ProbeKind::Discovery => "v3".to_owned(),
                ProbeKind::Next {
                    version,
                    community_index,
                    ..
                } => format!("{version} {community_index}"),
            });
        }
        let Some(deadline) = sweep.next_deadline() else {
            panic!("it neither sends nor waits");
        };
        now = deadline;
        sweep.expire(now);
        if let Some((settled, result)) = sweep.next_settled() {
            assert_eq!((settled, result), (address(1), Settled::Silent));
            return (rounds, now);
        }
    }
}

#[test]
fn one_datagram_tells_a_printer_from_another_agent() {
    for (varbinds, class) in [(printer(), Class::Printer), (server(), Class::Other)] {
        let mut sweep = sweep(&["public"], 1);
        assert!(sweep.start(address(1)));
        let probe = next_probe(&mut sweep, Duration::ZERO);
        let ProbeKind::Next { names, .. } = &probe.kind else {
            panic!("the first probe is a GETNEXT");
        };
        let before: Vec<Oid> = ["1.3.6.1.2.1.1.1", "1.3.6.1.2.1.1.2"]
            .into_iter()
            .chain(["1.3.6.1.2.1.25.3.2.1.2", "1.3.6.1.2.1.43.5.1.1"])
            .map(oid)
            .collect();
        assert_eq!(names.to_oids(), before);
        let answer = answer(&probe, "public", varbinds.clone());
        assert_eq!(sweep.handle_answer(address(1), answer), Ok(()));
        let found = Settled::Found {
            version: Version::V2c,
            community_index: 0,
            class,
            varbinds,
        };
        assert_eq!(sweep.next_settled(), Some((address(1), found)));
        assert!(sweep.is_empty() && sweep.next_probe(Duration::ZERO).is_none());
    }
}

#[test]
fn a_silent_address_gets_every_round_and_costs_one_timeout_for_each() {
    let (asked, elapsed) = silent_rounds(&mut sweep(&["public", "private"], 2));
    let rounds = [
        vec!["SNMPv2c 0"],
        vec!["SNMPv2c 0", "SNMPv2c 1", "SNMPv1 0", "SNMPv1 1", "v3"],
        vec!["SNMPv2c 0", "SNMPv2c 1", "SNMPv1 0", "SNMPv1 1"],
    ];
    assert_eq!(asked, rounds.concat());
    assert_eq!(elapsed, 3 * TIMEOUT);
}

#[test]
fn whatever_there_is_to_ask_is_asked_by_the_last_round() {
    let communities: Vec<String> = (0..20).map(|number| format!("c{number}")).collect();
    let communities: Vec<&str> = communities.iter().map(String::as_str).collect();
    for retries in 0..8 {
        for count in 1..=communities.len() {
            let mut sweep = sweep(&communities[..count], retries);
            let (asked, elapsed) = silent_rounds(&mut sweep);
            assert_eq!(elapsed, (retries + 1) * TIMEOUT);
            let distinct: BTreeSet<&String> = asked.iter().collect();
            assert_eq!(distinct.len(), 2 * count + 1, "{asked:?}");
            let discoveries = asked.iter().filter(|one| *one == "v3").count();
            assert_eq!(discoveries, 1);
            let cost = config(&communities[..count], retries).silent_cost(7);
            assert_eq!(cost.datagrams, 7 * u64::try_from(asked.len()).expect("few"));
            assert_eq!(cost.waiting, elapsed);
        }
    }
}

#[test]
fn many_addresses_cost_no_more_timeouts_than_one() {
    let mut sweep = sweep(&["public"], 2);
    let count = 5_000;
    for n in 0..count {
        assert!(sweep.start(address(n)));
    }
    let mut now = Duration::ZERO;
    let mut sent = 0;
    let mut settled = 0;
    while settled < count {
        // One datagram every 100 us.
        while sweep.next_probe(now).is_some() {
            sent += 1;
            now += Duration::from_micros(100);
        }
        now = now.max(sweep.next_deadline().expect("it waits"));
        sweep.expire(now);
        while sweep.next_settled().is_some() {
            settled += 1;
        }
    }
    assert_eq!(sent, 6 * count);
    assert!(
        now <= 3 * TIMEOUT + Duration::from_micros(100) * sent,
        "{now:?}"
    );
}

#[test]
fn an_answer_to_an_earlier_round_still_counts() {
    let mut sweep = sweep(&["public"], 1);
    assert!(sweep.start(address(1)));
    let first = next_probe(&mut sweep, Duration::ZERO);
    sweep.expire(TIMEOUT);
    let second = next_probe(&mut sweep, TIMEOUT);
    assert_eq!(first.request_id, second.request_id, "the same question");
    let third = next_probe(&mut sweep, TIMEOUT);
    assert_ne!(first.request_id, third.request_id);
    assert!(second.repeated && !third.repeated);
    let late = answer(&first, "public", printer());
    assert_eq!(sweep.handle_answer(address(1), late), Ok(()));
    let (_, settled) = sweep.next_settled().expect("settled");
    assert!(matches!(
        settled,
        Settled::Found {
            version: Version::V2c,
            ..
        }
    ));
    sweep.expire(3 * TIMEOUT);
    assert!(sweep.next_settled().is_none(), "settled once");
}

#[test]
fn a_printer_that_answered_v1_is_asked_over_v2c_once_more() {
    for answers_v2c in [true, false] {
        let mut sweep = sweep(&["public"], 1);
        assert!(sweep.start(address(1)));
        next_probe(&mut sweep, Duration::ZERO);
        sweep.expire(TIMEOUT);
        next_probe(&mut sweep, TIMEOUT);
        let v1 = next_probe(&mut sweep, TIMEOUT);
        assert_eq!(
            sweep.handle_answer(address(1), answer(&v1, "public", printer())),
            Ok(())
        );
        assert!(sweep.next_settled().is_none());
        let again = next_probe(&mut sweep, TIMEOUT);
        assert!(again.repeated);
        let expected = if answers_v2c {
            let answer = answer(&again, "public", printer());
            assert_eq!(sweep.handle_answer(address(1), answer), Ok(()));
            Version::V2c
        } else {
            sweep.expire(2 * TIMEOUT);
            Version::V1
        };
        let (_, settled) = sweep.next_settled().expect("settled");
        assert!(matches!(settled, Settled::Found { version, .. } if version == expected));
    }
}

#[test]
fn a_v1_agent_with_nothing_behind_a_name_is_asked_for_the_others() {
    let mut sweep = sweep(&["public"], 0);
    assert!(sweep.start(address(1)));
    next_probe(&mut sweep, TIMEOUT);
    let mut asked = Vec::new();
    for _ in 0..2 {
        let probe = next_probe(&mut sweep, TIMEOUT);
        let ProbeKind::Next { names, .. } = &probe.kind else {
            panic!("a GETNEXT");
        };
        let last = i64::try_from(names.to_oids().len()).expect("few");
        asked.push(names.to_oids().len());
        let answer = ProbeAnswer {
            error_status: 2,
            error_index: last,
            ..answer(&probe, "public", Vec::new())
        };
        assert_eq!(sweep.handle_answer(address(1), answer.clone()), Ok(()));
        // A duplicate takes no further name away.
        assert_eq!(sweep.handle_answer(address(1), answer), Err(Unasked));
    }
    let probe = next_probe(&mut sweep, TIMEOUT);
    let answer = answer(&probe, "public", server());
    assert_eq!(sweep.handle_answer(address(1), answer), Ok(()));
    assert_eq!(asked, [4, 3]);
    let (_, settled) = sweep.next_settled().expect("settled");
    assert!(matches!(
        settled,
        Settled::Found {
            class: Class::Other,
            ..
        }
    ));
}

#[test]
fn an_agent_that_only_ever_fails_is_told_with_its_status() {
    let mut sweep = sweep(&["public"], 0);
    assert!(sweep.start(address(1)));
    let mut now = Duration::ZERO;
    let settled = loop {
        while let Some(probe) = sweep.next_probe(now) {
            if probe.kind != ProbeKind::Discovery {
                let answer = ProbeAnswer {
                    error_status: 16,
                    ..answer(&probe, "public", Vec::new())
                };
                assert_eq!(sweep.handle_answer(address(1), answer), Ok(()));
            }
        }
        if let Some((_, settled)) = sweep.next_settled() {
            break settled;
        }
        now = sweep.next_deadline().expect("it waits");
        sweep.expire(now);
    };
    let expected = Settled::ErrorStatus {
        version: Version::V1,
        status: 16,
    };
    assert_eq!(settled, expected);
    assert_eq!(now, TIMEOUT, "the only round");
}

fn report() -> EngineReport {
    EngineReport {
        engine_id: b"engine".to_vec(),
        boots: 3,
        time: 77,
        counter: None,
    }
}

#[test]
fn an_engine_that_answers_only_the_discovery_is_told_with_its_id() {
    let mut sweep = sweep(&["public"], 1);
    assert!(sweep.start(address(1)));
    let mut now = Duration::ZERO;
    let settled = loop {
        while let Some(probe) = sweep.next_probe(now) {
            let accepted = sweep.handle_report(address(1), probe.request_id, report());
            assert_eq!(accepted.is_ok(), probe.kind == ProbeKind::Discovery);
        }
        if let Some((_, settled)) = sweep.next_settled() {
            break settled;
        }
        now = sweep.next_deadline().expect("it waits");
        sweep.expire(now);
    };
    assert_eq!(settled, Settled::OnlyV3(report()));
}

#[test]
fn where_there_is_no_community_every_round_is_a_discovery_and_its_answer_settles() {
    let mut sweep = sweep(&[], 1);
    assert!(sweep.start(address(1)) && sweep.start(address(2)));
    let mut now = Duration::ZERO;
    let mut settled = Vec::new();
    let mut sent = 0;
    while settled.len() < 2 {
        while let Some(probe) = sweep.next_probe(now) {
            assert_eq!(probe.kind, ProbeKind::Discovery);
            sent += 1;
            if probe.address == address(1) {
                let handled = sweep.handle_report(address(1), probe.request_id, report());
                assert_eq!(handled, Ok(()));
                assert_eq!(sweep.len(), 1, "settled at once");
            }
        }
        settled.extend(sweep.next_settled().map(|(_, settled)| settled));
        if let Some(deadline) = sweep.next_deadline() {
            now = deadline;
            sweep.expire(now);
        }
        settled.extend(sweep.next_settled().map(|(_, settled)| settled));
    }
    assert_eq!(settled, [Settled::OnlyV3(report()), Settled::Silent]);
    assert_eq!(sent, 3, "one for who answers, two for who does not");
}

#[test]
fn a_community_is_better_news_than_a_report() {
    let mut sweep = sweep(&["public"], 1);
    assert!(sweep.start(address(1)));
    let mut now = Duration::ZERO;
    let settled = loop {
        while let Some(probe) = sweep.next_probe(now) {
            if probe.kind == ProbeKind::Discovery {
                let handled = sweep.handle_report(address(1), probe.request_id, report());
                assert_eq!(handled, Ok(()));
            } else if probe.repeated {
                let answer = answer(&probe, "public", server());
                assert_eq!(sweep.handle_answer(address(1), answer), Ok(()));
            }
        }
        if let Some((_, settled)) = sweep.next_settled() {
            break settled;
        }
        now = sweep.next_deadline().expect("it waits");
        sweep.expire(now);
    };
    assert!(matches!(settled, Settled::Found { .. }), "{settled:?}");
}

#[test]
fn what_was_not_asked_is_not_believed() {
    let mut sweep = sweep(&["public", "private"], 1);
    assert!(sweep.start(address(1)));
    let early = ProbeAnswer {
        version: Version::V2c,
        community: b"public",
        request_id: 1,
        error_status: 0,
        error_index: 0,
        varbinds: printer(),
    };
    assert_eq!(
        sweep.handle_answer(address(1), early),
        Err(Unasked),
        "before the probe"
    );
    let probe = next_probe(&mut sweep, Duration::ZERO);
    let right = answer(&probe, "public", printer());
    for wrong in [
        ProbeAnswer {
            request_id: right.request_id + 1,
            ..right.clone()
        },
        ProbeAnswer {
            version: Version::V1,
            ..right.clone()
        },
        ProbeAnswer {
            community: b"private",
            ..right.clone()
        },
        ProbeAnswer {
            community: b"",
            ..right.clone()
        },
    ] {
        assert_eq!(sweep.handle_answer(address(1), wrong), Err(Unasked));
    }
    assert_eq!(sweep.handle_answer(address(2), right.clone()), Err(Unasked));
    let id = probe.request_id;
    assert_eq!(sweep.handle_report(address(1), id, report()), Err(Unasked));
    assert_eq!(sweep.handle_answer(address(1), right.clone()), Ok(()));
    assert_eq!(
        sweep.handle_answer(address(1), right),
        Err(Unasked),
        "a duplicate"
    );
}

#[test]
fn a_datagram_that_could_not_be_sent_is_no_silence() {
    let mut sweep = sweep(&["public"], 1);
    assert!(sweep.start(address(1)));
    let first = next_probe(&mut sweep, Duration::ZERO);
    sweep.not_sent(&first);
    let later = Duration::from_millis(900);
    assert_eq!(next_probe(&mut sweep, later), first);
    sweep.expire(TIMEOUT);
    assert!(
        sweep.next_probe(TIMEOUT).is_none(),
        "its second has not passed"
    );
    sweep.expire(later + TIMEOUT);
    let now = later + TIMEOUT;
    let bundle: Vec<Probe> = std::iter::from_fn(|| sweep.next_probe(now)).collect();
    assert_eq!(bundle.len(), 3, "the next round");
    for probe in bundle[1..].iter().rev() {
        sweep.not_sent(probe);
    }
    let again: Vec<Probe> = std::iter::from_fn(|| sweep.next_probe(now)).collect();
    assert_eq!(again, bundle[1..]);
}

#[test]
fn a_closed_port_settles_and_other_errors_wait_for_the_last_round() {
    let mut sweep = sweep(&["public"], 1);
    for n in 0..3 {
        assert!(sweep.start(address(n)));
        let early = sweep.handle_unreachable(address(n), Unreachable::Port);
        assert_eq!(early, Err(Unasked), "before the probe");
        next_probe(&mut sweep, Duration::ZERO);
    }
    let mut tell = |n, cause| sweep.handle_unreachable(address(n), cause);
    assert_eq!(tell(0, Unreachable::Port), Ok(()));
    assert_eq!(tell(0, Unreachable::Port), Err(Unasked), "settled");
    assert_eq!(tell(1, Unreachable::Host), Ok(()));
    assert_eq!(tell(2, Unreachable::Prohibited), Ok(()));
    let closed = Settled::Unreachable(Unreachable::Port);
    assert_eq!(sweep.next_settled(), Some((address(0), closed)));
    assert_eq!(sweep.next_settled(), None);
    sweep.expire(TIMEOUT);
    // One of them wakes up.
    let probe = next_probe(&mut sweep, TIMEOUT);
    assert_eq!(probe.address, address(1));
    let awake = answer(&probe, "public", printer());
    assert_eq!(sweep.handle_answer(address(1), awake), Ok(()));
    let (_, found) = sweep.next_settled().expect("settled");
    assert!(matches!(found, Settled::Found { .. }));
    while sweep.next_probe(TIMEOUT).is_some() {}
    sweep.expire(2 * TIMEOUT);
    let forbidden = Settled::Unreachable(Unreachable::Prohibited);
    assert_eq!(sweep.next_settled(), Some((address(2), forbidden)));
}

#[test]
fn an_address_is_taken_once_and_room_is_bounded() {
    let mut sweep = sweep(&["public"], 0);
    assert!(sweep.start(address(0)));
    assert!(!sweep.start(address(0)));
    let full = u32::try_from(MAX_ADDRESSES).expect("small");
    for n in 1..full {
        assert!(sweep.start(address(n)));
    }
    assert!(!sweep.has_room() && !sweep.start(address(full)));
    sweep.give_up(address(0));
    assert!(sweep.start(address(full)));
}

#[test]
fn ids_are_not_to_be_guessed_from_each_other() {
    let mut sweep = sweep(&["public"], 0);
    let mut ids = BTreeMap::new();
    for n in 0..1_000 {
        assert!(sweep.start(address(n)));
        let probe = next_probe(&mut sweep, Duration::ZERO);
        ids.insert(probe.request_id, n);
    }
    assert_eq!(ids.len(), 1_000);
    let close = ids
        .keys()
        .zip(ids.keys().skip(1))
        .filter(|(a, b)| *b - *a < 16)
        .count();
    assert!(close < 50, "{close} pairs of neighbouring ids");
}
