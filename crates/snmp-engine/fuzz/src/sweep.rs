//! A sweep of a few addresses, where anything comes back at any time.

use super::bytes::Bytes;
use pagetally_snmp_engine::sweep::{
    EngineReport, Probe, ProbeAnswer, ProbeKind, Settled, Sweep, SweepConfig, Unreachable,
};
use pagetally_snmp_engine::{Oid, RequestIds, Value, VarBind, Version};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

const ADDRESSES: u8 = 3;

fn address(octet: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, octet % ADDRESSES], 161))
}

/// Every address settles once, after no more sendings than its agenda has, and as found only by an
/// answer that shows what a probe to that very address carried.
pub(super) fn check(data: &[u8]) {
    let mut bytes = Bytes(data);
    let octet = bytes.octet();
    let communities = vec![b"public".to_vec(), b"other".to_vec()];
    let config = SweepConfig {
        communities: communities.clone(),
        try_v1: octet & 1 != 0,
        detect_refusal: octet & 2 != 0,
        timeout: Duration::from_secs(1),
        retries: u32::from(octet >> 2 & 3),
    };
    let cost = config.silent_cost(1).datagrams_per_address;
    let mut sweep = Sweep::new(config, RequestIds::new([7; 16]));
    (0..ADDRESSES).for_each(|octet| assert!(sweep.start(address(octet))));
    let mut sent: Vec<Probe> = Vec::new();
    let mut settled: BTreeMap<SocketAddr, Settled> = BTreeMap::new();
    let mut answered: Vec<SocketAddr> = Vec::new();
    let mut now = Duration::ZERO;
    for _ in 0..5_000 {
        while let Some((address, result)) = sweep.next_settled() {
            let found = matches!(result, Settled::Found { .. });
            assert!(
                !found || answered.contains(&address),
                "found without an answer"
            );
            assert!(settled.insert(address, result).is_none(), "settled twice");
        }
        if sweep.is_empty() {
            assert_eq!(settled.len(), usize::from(ADDRESSES));
            return;
        }
        match if bytes.is_empty() {
            0
        } else {
            bytes.octet() % 8
        } {
            0..=2 => match sweep.next_probe(now) {
                Some(probe) => {
                    sent.push(probe);
                    let to = sent.iter().filter(|one| one.address == probe.address);
                    // Each error narrows the names once a version and community; a find over v1 is
                    // confirmed once.
                    assert!(to.count() as u64 <= cost + 4 * 4 + 1, "too many probes");
                }
                None => now = sweep.next_deadline().map_or(now, |time| time.max(now)),
            },
            3 => {
                if let Some(probe) = sent.pop() {
                    sweep.not_sent(&probe);
                }
            }
            4 => {
                let cause = [Unreachable::Port, Unreachable::Host][usize::from(bytes.octet() % 2)];
                let _ = sweep.handle_unreachable(address(bytes.octet()), cause);
            }
            5 => {
                let to = address(bytes.octet());
                let id = u32::from(bytes.octet()) << 23;
                let forged = sweep.handle_report(to, id, report());
                assert!(forged.is_err(), "an id was guessed");
            }
            kind => {
                let place = usize::from(bytes.octet());
                let Some(probe) = sent.get(place % sent.len().max(1)).copied() else {
                    continue;
                };
                take(
                    &mut sweep,
                    &probe,
                    &communities,
                    kind == 7,
                    &mut bytes,
                    &mut answered,
                );
            }
        }
        sweep.expire(now);
    }
    panic!("the sweep does not end");
}

fn report() -> EngineReport {
    EngineReport {
        engine_id: b"engine".to_vec(),
        boots: 1,
        time: 2,
        counter: None,
    }
}

/// An answer to a probe, true or with something wrong in it.
fn take(
    sweep: &mut Sweep,
    probe: &Probe,
    communities: &[Vec<u8>],
    truly: bool,
    bytes: &mut Bytes<'_>,
    answered: &mut Vec<SocketAddr>,
) {
    let wrong = bytes.octet();
    let id = i64::from(probe.request_id);
    let ProbeKind::Next {
        version,
        community_index,
        names,
    } = probe.kind
    else {
        let _ = sweep.handle_report(probe.address, probe.request_id, report());
        return;
    };
    let other = match version {
        Version::V1 => Version::V2c,
        _ => Version::V1,
    };
    let mut address = probe.address;
    let mut answer = ProbeAnswer {
        version,
        community: &communities[community_index],
        request_id: id,
        error_status: i64::from(bytes.octet() % 20),
        error_index: i64::from(bytes.octet() % 6),
        varbinds: names.to_oids().into_iter().map(behind).collect(),
    };
    if truly {
        let taken = sweep.handle_answer(address, answer);
        if taken.is_ok() {
            answered.push(address);
        }
        return;
    }
    match wrong % 4 {
        0 => address = SocketAddr::from(([192, 0, 2, 77], 161)),
        1 => answer.version = other,
        2 => answer.community = b"neither",
        _ => answer.request_id ^= 1 << (wrong / 4 % 31),
    }
    let taken = sweep.handle_answer(address, answer);
    assert!(taken.is_err(), "not what was sent: {wrong}");
}

fn behind(name: Oid) -> VarBind {
    VarBind {
        oid: name.child(&[0]),
        value: Value::Integer(7),
    }
}
