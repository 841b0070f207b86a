//! Traps and informs: any sequence of datagrams from anybody, at any time.

use super::bytes::Bytes;
use pagetally_snmp_engine::message::{Message, PduKind};
use pagetally_snmp_engine::trap::{
    MAX_VARBINDS, Notification, NotificationKind, TrapConfig, TrapCounters, TrapLimits, TrapPdu,
    TrapReceiver, TrapV1Pdu,
};
use pagetally_snmp_engine::{Oid, Value, VarBind, Version};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

const COMMUNITY: &[u8] = b"traps";

/// Each datagram is counted once; a reply goes to informs of our community alone and is their
/// response; no source gets more through than its bucket holds; what is told reads back.
pub(super) fn check(data: &[u8]) {
    let mut bytes = Bytes(data);
    let mut receiver = receiver();
    let (mut now, mut sent) = (Duration::ZERO, 0);
    while !bytes.is_empty() {
        now += Duration::from_millis(u64::from(bytes.octet()) * 8);
        let from = SocketAddr::from(([192, 0, 2, bytes.octet() % 4], 162));
        let datagram = datagram(&mut bytes);
        let before = receiver.counters();
        let handled = receiver.handle_datagram(from, &datagram, now);
        sent += 1;
        let after = receiver.counters();
        assert_eq!(after.received, sent);
        assert_eq!(sum(&after), sent, "counted once: {after:?}");
        let told = after.told - before.told;
        assert_eq!(handled.notification.is_some(), told == 1);
        if let Some(reply) = handled.reply {
            let request = Message::decode(&datagram).expect("an inform");
            assert_eq!(
                (request.kind, request.community),
                (PduKind::Inform, COMMUNITY)
            );
            let response = Message::decode(&reply).expect("our own response");
            assert_eq!(
                (response.kind, response.community),
                (PduKind::Response, COMMUNITY)
            );
            assert_eq!(response.request_id, request.request_id);
            assert_eq!(response.varbinds.count(), request.varbinds.count());
            assert!(told + (after.repeated - before.repeated) == 1);
        }
        if let Some(notification) = handled.notification {
            assert!(notification.varbinds.len() <= MAX_VARBINDS);
            reads_back(&notification);
        }
    }
    let limits = TrapLimits::default();
    // Four sources, each with its bucket of five seconds and what came since.
    let most = 4 * u64::from(limits.per_source) * (now.as_secs() + 1 + 5) + 4;
    assert!(
        receiver.counters().told <= most,
        "{:?}",
        receiver.counters()
    );
}

fn receiver() -> TrapReceiver {
    let mut config = TrapConfig::default();
    config.communities.push(COMMUNITY.to_vec());
    TrapReceiver::new(config)
}

fn sum(c: &TrapCounters) -> u64 {
    c.told + c.repeated + c.dropped()
}

/// What is told, told again in our own words, is the same.
fn reads_back(told: &Notification) {
    if told.version != Version::V2c || told.left_out > 0 {
        return;
    }
    let pdu = TrapPdu {
        community: COMMUNITY,
        kind: told.kind,
        id: 1,
        uptime: told.uptime.unwrap_or(0),
        trap: &told.trap,
        varbinds: &told.varbinds,
    };
    let from = SocketAddr::from(([192, 0, 2, 1], 162));
    let again = receiver().handle_datagram(from, &pdu.encode(), Duration::ZERO);
    let again = again.notification.expect("our own");
    assert_eq!((&again.trap, &again.varbinds), (&told.trap, &told.varbinds));
    assert_eq!(again.subject(), told.subject());
}

/// A trap or inform that is whole, or wrong in one place, or noise.
fn datagram(bytes: &mut Bytes<'_>) -> Vec<u8> {
    let (kind, place, octet) = (bytes.octet(), bytes.octet(), bytes.octet());
    let arcs = [
        1,
        3,
        6,
        1,
        4,
        1,
        u32::from(bytes.octet()),
        u32::from(bytes.octet()),
    ];
    let name = Oid::new(arcs).expect("short");
    let varbinds: Vec<VarBind> = (0..bytes.octet() % 4)
        .map(|_| VarBind {
            oid: name.clone(),
            value: Value::Integer(i64::from(bytes.octet())),
        })
        .collect();
    let v2 = |kind| {
        TrapPdu {
            community: COMMUNITY,
            kind,
            id: u32::from(octet),
            uptime: u32::from(place),
            trap: &name,
            varbinds: &varbinds,
        }
        .encode()
    };
    let mut datagram = match kind % 4 {
        0 => {
            let length = usize::from(place);
            return bytes.octets(length).to_vec();
        }
        1 => TrapV1Pdu {
            community: COMMUNITY,
            enterprise: &name,
            agent: Ipv4Addr::LOCALHOST,
            generic: octet % 8,
            specific: u32::from(octet),
            uptime: u32::from(place),
            varbinds: &varbinds,
        }
        .encode(),
        2 => v2(NotificationKind::Inform),
        _ => v2(NotificationKind::Trap),
    };
    if kind >= 128
        && let Some(place) = datagram.get_mut(usize::from(place))
    {
        *place = octet;
    }
    datagram
}
