use super::*;
use crate::message::{Message, PduKind};
use crate::trap::{NotificationKind, Subject, TrapPdu, TrapV1Pdu};
use crate::{Oid, Value, Version};
use proptest::prelude::*;
use std::net::Ipv4Addr;

const PRINTER_ALERT: &str = "1.3.6.1.2.1.43.18.2.0.1";

fn oid(text: &str) -> Oid {
    text.parse().expect("valid")
}

fn from(last: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], 40_000))
}

fn receiver() -> TrapReceiver {
    TrapReceiver::new(TrapConfig {
        communities: vec![b"other".to_vec(), b"traps".to_vec()],
        ..TrapConfig::default()
    })
}

fn varbinds() -> Vec<VarBind> {
    vec![VarBind {
        oid: oid("1.3.6.1.2.1.43.18.1.1.2.1.7"),
        value: Value::Integer(3),
    }]
}

fn v2(kind: NotificationKind, community: &[u8], id: u32) -> Vec<u8> {
    TrapPdu {
        community,
        kind,
        id,
        uptime: 4_200,
        trap: &oid(PRINTER_ALERT),
        varbinds: &varbinds(),
    }
    .encode()
}

fn v1(enterprise: &str, generic: u8, specific: u32) -> Vec<u8> {
    TrapV1Pdu {
        community: b"traps",
        enterprise: &oid(enterprise),
        agent: Ipv4Addr::new(192, 0, 2, 9),
        generic,
        specific,
        uptime: 4_200,
        varbinds: &varbinds(),
    }
    .encode()
}

#[test]
fn a_trap_is_told_and_not_answered() {
    let mut receiver = receiver();
    let bytes = v2(NotificationKind::Trap, b"traps", 1);
    let handled = receiver.handle_datagram(from(1), &bytes, Duration::ZERO);
    let told = handled.notification.expect("told");
    assert_eq!(told.trap, oid(PRINTER_ALERT));
    assert_eq!(told.subject(), Subject::PrinterAlert);
    assert_eq!(told.uptime, Some(4_200));
    assert_eq!(told.varbinds, varbinds());
    assert_eq!(handled.reply, None);
}

#[test]
fn a_v1_trap_is_told_in_the_form_of_v2() {
    // RFC 3584 section 3.1, items 2 and 3.
    for (enterprise, generic, specific, name, subject) in [
        (
            "1.3.6.1.2.1.43.18.2",
            6,
            1,
            PRINTER_ALERT,
            Subject::PrinterAlert,
        ),
        (
            "1.3.6.1.4.1.11.2.3.9.1",
            6,
            34,
            "1.3.6.1.4.1.11.2.3.9.1.0.34",
            Subject::Vendor(11),
        ),
        (
            "1.3.6.1.4.1.11",
            0,
            9,
            "1.3.6.1.6.3.1.1.5.1",
            Subject::Standard,
        ),
        (
            "1.3.6.1.4.1.11",
            4,
            0,
            "1.3.6.1.6.3.1.1.5.5",
            Subject::Standard,
        ),
    ] {
        let bytes = v1(enterprise, generic, specific);
        let handled = receiver().handle_datagram(from(1), &bytes, Duration::ZERO);
        let told = handled.notification.expect(name);
        assert_eq!((told.trap.clone(), told.subject()), (oid(name), subject));
        assert_eq!(told.version, Version::V1);
        assert_eq!(told.uptime, Some(4_200));
        assert_eq!(told.enterprise, Some(oid(enterprise)));
        assert_eq!(told.agent, Some(Ipv4Addr::new(192, 0, 2, 9)));
        assert_eq!(told.varbinds, varbinds());
    }
}

#[test]
fn an_inform_is_acknowledged_each_time_and_told_once() {
    let mut receiver = receiver();
    let bytes = v2(NotificationKind::Inform, b"traps", 77);
    let first = receiver.handle_datagram(from(1), &bytes, Duration::ZERO);
    assert!(first.notification.is_some());
    let reply = first.reply.expect("acknowledged");
    let response = Message::decode(&reply).expect("a message");
    assert_eq!(response.kind, PduKind::Response);
    assert_eq!(response.request_id, 77);
    assert_eq!((response.error_status, response.error_index), (0, 0));
    assert_eq!(response.varbinds.count(), 3, "uptime, name and its own");
    let again = receiver.handle_datagram(from(1), &bytes, Duration::from_secs(1));
    assert_eq!(again.notification, None);
    assert_eq!(again.reply, Some(reply));
    let counters = receiver.counters();
    assert_eq!((counters.told, counters.repeated), (1, 1));
    assert_eq!(counters.dropped(), 0);
}

#[test]
fn what_a_stranger_sends_is_counted_and_neither_told_nor_answered() {
    let mut receiver = receiver();
    type Counter = fn(&TrapCounters) -> u64;
    let cases: [(&[u8], Counter); 5] = [
        (&v2(NotificationKind::Inform, b"public", 1), |c| {
            c.wrong_community
        }),
        (&v2(NotificationKind::Inform, b"trap", 1), |c| {
            c.wrong_community
        }),
        (&v2(NotificationKind::Inform, b"", 1), |c| c.wrong_community),
        (b"\x30\x03\x02\x01\x05", |c| c.wrong_version),
        (b"GET / HTTP/1.1\r\n\r\n", |c| c.malformed),
    ];
    for (bytes, counter) in cases {
        let before = counter(&receiver.counters());
        let handled = receiver.handle_datagram(from(1), bytes, Duration::ZERO);
        assert_eq!(handled, Handled::default());
        assert_eq!(counter(&receiver.counters()), before + 1, "{bytes:02x?}");
    }
    assert_eq!(receiver.counters().dropped(), 5);
}

#[test]
fn a_receiver_without_communities_hears_nobody() {
    let mut receiver = TrapReceiver::new(TrapConfig::default());
    let bytes = v2(NotificationKind::Inform, b"", 1);
    let handled = receiver.handle_datagram(from(1), &bytes, Duration::ZERO);
    assert_eq!(handled, Handled::default());
    assert_eq!(receiver.counters().wrong_community, 1);
}

#[test]
fn a_request_is_no_notification() {
    let mut receiver = receiver();
    let bytes = Response {
        version: Version::V2c,
        community: b"traps",
        id: 1,
        error_status: 0,
        error_index: 0,
        varbinds: &varbinds(),
    }
    .encode();
    let handled = receiver.handle_datagram(from(1), &bytes, Duration::ZERO);
    assert_eq!(handled, Handled::default());
    assert_eq!(receiver.counters().no_notification, 1);
}

#[test]
fn a_trap_without_a_name_is_malformed_and_a_shuffled_one_is_not() {
    let mut receiver = receiver();
    let own = varbinds();
    let name = VarBind {
        oid: oid("1.3.6.1.6.3.1.1.4.1.0"),
        value: Value::ObjectIdentifier(oid(PRINTER_ALERT)),
    };
    let encode = |varbinds: &[VarBind]| {
        let mut writer = crate::ber::Writer::new();
        crate::message::write_variables(&mut writer, varbinds);
        let pdu = crate::message::pdu_tag::TRAP_V2;
        crate::message::wrap_pdu(&mut writer, pdu, [1, 0, 0]);
        crate::message::finish(writer, Version::V2c, b"traps")
    };
    let nameless = receiver.handle_datagram(from(1), &encode(&own), Duration::ZERO);
    assert_eq!(nameless, Handled::default());
    assert_eq!(receiver.counters().malformed, 1);
    let shuffled = encode(&[own[0].clone(), name]);
    let told = receiver.handle_datagram(from(1), &shuffled, Duration::ZERO);
    let told = told.notification.expect("told");
    assert_eq!((told.uptime, told.varbinds), (None, own));
}

#[test]
fn twenty_thousand_informs_of_one_source_leave_another_its_say() {
    let mut receiver = receiver();
    let mut acknowledged = 0;
    let mut heard = 0;
    for step in 0..20_000_u32 {
        let now = Duration::from_micros(50 * u64::from(step)); // A second in all.
        let bytes = v2(NotificationKind::Inform, b"traps", step);
        let handled = receiver.handle_datagram(from(1), &bytes, now);
        acknowledged += u32::from(handled.reply.is_some());
        if step % 4_000 == 0 {
            let bytes = v2(NotificationKind::Inform, b"traps", step);
            let handled = receiver.handle_datagram(from(2), &bytes, now);
            heard += u32::from(handled.notification.is_some());
        }
    }
    let counters = receiver.counters();
    assert_eq!(heard, 5);
    assert!((2..=14).contains(&acknowledged), "{acknowledged}");
    assert_eq!(counters.over_source_limit, 20_000 - u64::from(acknowledged));
    assert_eq!(counters.over_limit_of_all, 0);
    assert_eq!(
        counters.received,
        counters.told + counters.over_source_limit
    );
}

#[test]
fn a_datagram_with_more_variables_than_are_kept_says_how_many_it_had() {
    let many: Vec<VarBind> = (0..100)
        .map(|n| VarBind {
            oid: oid("1.3.6.1.4.1.11").child(&[n]),
            value: Value::Integer(0),
        })
        .collect();
    let bytes = TrapPdu {
        community: b"traps",
        kind: NotificationKind::Trap,
        id: 1,
        uptime: 0,
        trap: &oid("1.3.6.1.4.1.11.0.1"),
        varbinds: &many,
    }
    .encode();
    let handled = receiver().handle_datagram(from(1), &bytes, Duration::ZERO);
    let told = handled.notification.expect("told");
    assert_eq!((told.varbinds.len(), told.left_out), (64, 36));
}

#[test]
fn communities_never_show_in_debug() {
    let receiver = receiver();
    let shown = format!("{receiver:?} {receiver:#?}");
    assert!(!shown.contains("traps") && !shown.contains("116, 114"));
}

proptest! {
    #[test]
    fn whatever_comes_is_counted_once_and_never_panics(
        bytes in prop::collection::vec(any::<u8>(), 0..200), inform in any::<bool>(),
        at in any::<prop::sample::Index>(), octet in any::<u8>(), cut in any::<prop::sample::Index>()
    ) {
        let mut receiver = receiver();
        receiver.handle_datagram(from(1), &bytes, Duration::ZERO);
        let mut message = if inform {
            v2(NotificationKind::Inform, b"traps", 1)
        } else {
            v1("1.3.6.1.4.1.11", 6, 3)
        };
        let place = at.index(message.len());
        message[place] = octet;
        receiver.handle_datagram(from(1), &message, Duration::ZERO);
        message.truncate(cut.index(message.len()));
        receiver.handle_datagram(from(1), &message, Duration::ZERO);
        let c = receiver.counters();
        let dropped = c.malformed + c.wrong_community + c.wrong_version + c.no_notification
            + c.unknown_engine + c.unknown_user + c.wrong_level + c.wrong_digest + c.not_in_time
            + c.not_decrypted + c.over_source_limit + c.over_limit_of_all;
        prop_assert_eq!(c.received, 3);
        prop_assert_eq!(c.told + c.repeated + dropped, 3);
    }

    #[test]
    fn what_is_told_is_what_was_encoded(
        arcs in prop::collection::vec(any::<u32>(), 2..20), uptime in any::<u32>(),
        numbers in prop::collection::vec(any::<i32>(), 0..20), inform in any::<bool>(), id in 0..=0x7fff_ffff_u32
    ) {
        let trap = Oid::new([vec![1, 3], arcs].concat()).expect("short enough");
        let varbinds: Vec<VarBind> = numbers
            .iter()
            .map(|n| VarBind { oid: oid("1.3.6.1.4.1.9"), value: Value::Integer(i64::from(*n)) })
            .collect();
        let kind = if inform { NotificationKind::Inform } else { NotificationKind::Trap };
        let pdu = TrapPdu { community: b"traps", kind, id, uptime, trap: &trap, varbinds: &varbinds };
        let handled = receiver().handle_datagram(from(1), &pdu.encode(), Duration::ZERO);
        let told = handled.notification.expect("told");
        prop_assert_eq!((told.trap, told.uptime), (trap, Some(uptime)));
        prop_assert_eq!(told.kind, kind);
        prop_assert_eq!(told.varbinds, varbinds);
        prop_assert_eq!(handled.reply.is_some(), inform);
    }
}
