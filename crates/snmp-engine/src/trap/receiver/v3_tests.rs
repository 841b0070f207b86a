//! SNMPv3 under virtual time.

use super::{Handled, TrapConfig, TrapReceiver};
use crate::Oid;
use crate::message::v3::{Frame, Outgoing};
use crate::trap::{NotificationKind, OwnEngine, TrapPdu, TrapUser};
use crate::usm::{AuthProtocol, LocalKeys, PrivProtocol, Secret, UsmCredential, UsmUser};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

const SENDER: &[u8] = b"\x80\x00\x00\x00\x05printer";

fn credential(passphrase: &str) -> Arc<UsmCredential> {
    let user = UsmUser {
        name: "printer".to_owned(),
        auth: Some((AuthProtocol::Sha1, Secret::new(passphrase))),
        privacy: Some((PrivProtocol::Aes128, Secret::new("privpass12"))),
        context: String::new(),
    };
    Arc::new(UsmCredential::derive(&user).expect("valid"))
}

fn own() -> OwnEngine {
    OwnEngine {
        id: OwnEngine::id_of([7; 16]),
        boots: 3,
        salt: 1,
    }
}

fn receiver(engine_ids: &[&[u8]]) -> TrapReceiver {
    TrapReceiver::new(TrapConfig {
        users: vec![TrapUser {
            credential: credential("authpass12"),
            engine_ids: engine_ids.iter().map(|id| id.to_vec()).collect(),
        }],
        engine: Some(own()),
        ..TrapConfig::default()
    })
}

/// One datagram of that engine, at its boots and time.
fn datagram(
    kind: NotificationKind,
    engine: &[u8],
    (boots, time): (u32, u32),
    keys: &LocalKeys,
) -> Vec<u8> {
    let trap: Oid = "1.3.6.1.4.1.11.0.1".parse().expect("valid");
    let pdu = TrapPdu {
        community: b"",
        kind,
        id: time,
        uptime: time,
        trap: &trap,
        varbinds: &[],
    };
    let message = Outgoing {
        message_id: 5,
        reportable: kind == NotificationKind::Inform,
        engine_id: engine,
        boots,
        time,
        user: b"printer",
        context_engine_id: engine,
        context_name: b"",
        level: keys.level(),
        salt: 9,
    };
    pdu.encode_v3(&message, keys).expect("protected")
}

fn hand(receiver: &mut TrapReceiver, bytes: &[u8], seconds: u64) -> Handled {
    let from = SocketAddr::from(([192, 0, 2, 1], 50_000));
    let handled = receiver.handle_datagram(from, bytes, Duration::from_secs(seconds));
    let c = receiver.counters();
    assert_eq!(c.received, c.told + c.repeated + c.dropped());
    handled
}

#[test]
fn a_trap_outside_the_window_of_its_sender_is_dropped_and_its_clock_goes_forward_alone() {
    let mut receiver = receiver(&[SENDER]);
    let keys = credential("authpass12").localize(SENDER);
    let trap = |clock| datagram(NotificationKind::Trap, SENDER, clock, &keys);
    let first = trap((4, 1_000));
    assert!(hand(&mut receiver, &first, 10).notification.is_some());
    assert!(hand(&mut receiver, &first, 160).notification.is_some());
    assert_eq!(hand(&mut receiver, &first, 161), Handled::default());
    assert_eq!(
        hand(&mut receiver, &trap((3, 9_000)), 170),
        Handled::default()
    );
    assert!(
        hand(&mut receiver, &trap((5, 1)), 180)
            .notification
            .is_some()
    );
    assert_eq!(
        hand(&mut receiver, &trap((4, 1_180)), 190),
        Handled::default()
    );
    assert_eq!(receiver.counters().not_in_time, 3);
}

#[test]
fn an_engine_is_heard_where_it_is_remembered_and_nowhere_else() {
    let mut receiver = receiver(&[]);
    let keys = credential("authpass12").localize(SENDER);
    let trap = datagram(NotificationKind::Trap, SENDER, (4, 1_000), &keys);
    assert_eq!(hand(&mut receiver, &trap, 1), Handled::default());
    let there = [192, 0, 2, 2].into();
    receiver.remember([(there, SENDER.to_vec())]);
    assert_eq!(hand(&mut receiver, &trap, 1), Handled::default());
    assert_eq!(receiver.counters().unknown_engine, 2);
    let now = Duration::from_secs(2);
    let heard = receiver.handle_datagram(SocketAddr::new(there, 1), &trap, now);
    assert!(heard.notification.is_some());
}

#[test]
fn keys_are_not_tried_without_end_and_messages_below_the_level_never() {
    let mut receiver = receiver(&[SENDER]);
    let wrong = credential("another12").localize(SENDER);
    let forged = datagram(NotificationKind::Trap, SENDER, (4, 1_000), &wrong);
    let plain = datagram(
        NotificationKind::Trap,
        SENDER,
        (4, 1_000),
        &LocalKeys::none(),
    );
    for _ in 0..1_000 {
        assert_eq!(hand(&mut receiver, &forged, 1), Handled::default());
        assert_eq!(hand(&mut receiver, &plain, 1), Handled::default());
    }
    let c = receiver.counters();
    assert_eq!((c.received, c.told, c.wrong_level), (2_000, 0, 1_000));
    assert!((30..=50).contains(&c.wrong_digest), "{c:?}");
    assert_eq!(c.wrong_digest + c.over_source_limit, 1_000);
}

#[test]
fn an_inform_at_another_clock_is_answered_with_a_signed_report_of_ours() {
    let mut receiver = receiver(&[]);
    let own = own();
    let keys = credential("authpass12").localize(&own.id);
    let inform = |clock| datagram(NotificationKind::Inform, &own.id, clock, &keys);
    let handled = hand(&mut receiver, &inform((2, 5)), 100);
    assert_eq!(handled.notification, None);
    let report = handled.reply.expect("a report");
    let frame = Frame::decode(&report).expect("ours");
    assert!(frame.is_authentic(&keys));
    assert_eq!((frame.boots, frame.time), (3, 100));
    let handled = hand(&mut receiver, &inform((3, 100)), 101);
    assert!(handled.notification.is_some());
    let reply = handled.reply.expect("acknowledged");
    let frame = Frame::decode(&reply).expect("ours");
    assert!(frame.is_authentic(&keys) && frame.level == keys.level());
}
