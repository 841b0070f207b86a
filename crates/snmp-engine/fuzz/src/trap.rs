//! Traps and informs: any sequence of datagrams from anybody, at any time.

use super::bytes::Bytes;
use pagetally_snmp_engine::message::v3::{Frame, Outgoing};
use pagetally_snmp_engine::message::{Message, PduKind};
use pagetally_snmp_engine::trap::{
    MAX_VARBINDS, Notification, NotificationKind, OwnEngine, TrapConfig, TrapCounters, TrapLimits,
    TrapPdu, TrapReceiver, TrapUser, TrapV1Pdu,
};
use pagetally_snmp_engine::usm::{
    AuthProtocol, LocalKeys, PrivProtocol, Secret, UsmCredential, UsmUser,
};
use pagetally_snmp_engine::{Oid, Value, VarBind, Version};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

const COMMUNITY: &[u8] = b"traps";

/// The engine of devices, and what ours is named by.
const SENDER: &[u8] = b"\x80\0\0\0\x05printer";
const OWN: [u8; 16] = [7; 16];

/// Derived once: that hashes a megabyte.
static CREDENTIAL: LazyLock<Arc<UsmCredential>> = LazyLock::new(|| {
    let user = UsmUser {
        name: "printer".to_owned(),
        auth: Some((AuthProtocol::Sha1, Secret::new("authpass12"))),
        privacy: Some((PrivProtocol::Aes128, Secret::new("authpass12"))),
        context: String::new(),
    };
    Arc::new(UsmCredential::derive(&user).expect("valid"))
});

fn is_v3(datagram: &[u8]) -> bool {
    Frame::decode(datagram).is_ok()
}

/// A reply over SNMPv3 is ours and signed by the user's key where something was told.
fn answers(datagram: &[u8], reply: &[u8], told: bool) {
    let question = Frame::decode(datagram).expect("read before");
    let answer = Frame::decode(reply).expect("our own");
    let own = OwnEngine::id_of(OWN);
    assert_eq!(answer.engine_id, own);
    assert_eq!(answer.message_id, question.message_id);
    assert!(!answer.reportable);
    let keys = CREDENTIAL.localize(&own);
    assert!(!told || question.is_authentic(&keys) && answer.is_authentic(&keys));
}

/// A trap or inform of SNMPv3, at any engine's any clock.
fn v3(pdu: &TrapPdu<'_>, choice: u8) -> Vec<u8> {
    let own = OwnEngine::id_of(OWN);
    let engine_id: &[u8] = match choice % 3 {
        0 => SENDER,
        1 => &own,
        _ => b"",
    };
    let keys = match choice % 5 {
        0 => LocalKeys::none(),
        _ => CREDENTIAL.localize(engine_id),
    };
    let message = Outgoing {
        message_id: pdu.id,
        reportable: choice.is_multiple_of(2),
        engine_id,
        boots: 3,
        time: pdu.uptime,
        user: b"printer",
        context_engine_id: engine_id,
        context_name: b"",
        level: keys.level(),
        salt: u64::from(choice),
    };
    pdu.encode_v3(&message, &keys).expect("protected")
}

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
        if let Some(reply) = handled.reply.as_ref().filter(|_| is_v3(&datagram)) {
            answers(&datagram, reply, handled.notification.is_some());
        } else if let Some(reply) = handled.reply {
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
    config.users.push(TrapUser {
        credential: Arc::clone(&CREDENTIAL),
        engine_ids: vec![SENDER.to_vec()],
    });
    config.engine = Some(OwnEngine {
        id: OwnEngine::id_of(OWN),
        boots: 3,
        salt: 1,
    });
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
    let pdu = |kind| TrapPdu {
        community: COMMUNITY,
        kind,
        id: u32::from(octet),
        uptime: u32::from(place),
        trap: &name,
        varbinds: &varbinds,
    };
    let mut datagram = match kind % 8 {
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
        2 => pdu(NotificationKind::Inform).encode(),
        3 => pdu(NotificationKind::Trap).encode(),
        4 | 6 => v3(&pdu(NotificationKind::Inform), octet),
        _ => v3(&pdu(NotificationKind::Trap), octet),
    };
    if kind >= 128
        && let Some(place) = datagram.get_mut(usize::from(place))
    {
        *place = octet;
    }
    datagram
}
