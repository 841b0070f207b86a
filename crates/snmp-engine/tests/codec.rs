//! Our codec against csnmp's and async-snmp's, and against hostile bytes.

use async_snmp::compatibility::DecodeConfig;
use async_snmp::message::CommunityMessage;
use csnmp::message::{
    BindingValue, BulkPdu, ErrorStatus, InnerPdu, ObjectValue, Snmp2cMessage, Snmp2cPdu,
    VariableBinding,
};
use pagetally_snmp_engine::ber::{DecodeErrorKind, Tolerances};
use pagetally_snmp_engine::message::{Message, PduKind, Request, RequestKind, Response};
use pagetally_snmp_engine::{Oid, Value, VarBind, Version};
use proptest::prelude::*;
use std::net::Ipv4Addr;

fn oid(text: &str) -> Oid {
    text.parse().expect("valid")
}

/// Names as devices have them: two arcs in front that BER can carry, then anything.
fn any_oid() -> impl Strategy<Value = Oid> {
    let arc = prop_oneof![0..128u32, any::<u32>()];
    (0..=2u32, 0..40u32, prop::collection::vec(arc, 0..20)).prop_map(|(first, second, rest)| {
        let arcs: Vec<u32> = [first, second].into_iter().chain(rest).collect();
        Oid::new(arcs).expect("short")
    })
}

fn any_value() -> impl Strategy<Value = Value> {
    let octets = || prop::collection::vec(any::<u8>(), 0..300);
    prop_oneof![
        any::<i32>().prop_map(|number| Value::Integer(i64::from(number))),
        octets().prop_map(Value::OctetString),
        Just(Value::Null),
        any_oid().prop_map(Value::ObjectIdentifier),
        any::<u32>().prop_map(|address| Value::IpAddress(Ipv4Addr::from(address))),
        any::<u32>().prop_map(Value::Counter32),
        any::<u32>().prop_map(Value::Gauge32),
        any::<u32>().prop_map(Value::TimeTicks),
        octets().prop_map(Value::Opaque),
        any::<u64>().prop_map(Value::Counter64),
        Just(Value::NoSuchObject),
        Just(Value::NoSuchInstance),
        Just(Value::EndOfMibView),
    ]
}

fn any_varbinds(least: usize) -> impl Strategy<Value = Vec<VarBind>> {
    let varbind = (any_oid(), any_value()).prop_map(|(oid, value)| VarBind { oid, value });
    prop::collection::vec(varbind, least..12)
}

fn decode(bytes: &[u8]) -> (PduKind, i64, i64, i64, Vec<VarBind>) {
    let message = Message::decode(bytes).expect("a message");
    let varbinds = message
        .varbinds
        .map(|varbind| varbind.expect("a variable").to_varbind())
        .collect();
    let (status, index) = (message.error_status, message.error_index);
    (message.kind, message.request_id, status, index, varbinds)
}

fn response(version: Version, id: i32, varbinds: &[VarBind]) -> Vec<u8> {
    Response {
        version,
        community: b"public",
        id: i64::from(id),
        error_status: 5,
        error_index: 1,
        varbinds,
    }
    .encode()
}

fn to_csnmp(varbinds: &[VarBind]) -> Vec<VariableBinding> {
    let name = |oid: &Oid| csnmp::ObjectIdentifier::try_from(oid.arcs()).expect("short");
    let value = |value: &Value| {
        BindingValue::Value(match value {
            Value::Integer(number) => ObjectValue::Integer(i32::try_from(*number).expect("narrow")),
            Value::OctetString(octets) => ObjectValue::String(octets.clone()),
            Value::ObjectIdentifier(oid) => ObjectValue::ObjectId(name(oid)),
            Value::IpAddress(address) => ObjectValue::IpAddress(*address),
            Value::Counter32(number) => ObjectValue::Counter32(*number),
            Value::Gauge32(number) => ObjectValue::Unsigned32(*number),
            Value::TimeTicks(number) => ObjectValue::TimeTicks(*number),
            Value::Opaque(octets) => ObjectValue::Opaque(octets.clone()),
            Value::Counter64(number) => ObjectValue::Counter64(*number),
            Value::Null => return BindingValue::Unspecified,
            Value::NoSuchObject => return BindingValue::NoSuchObject,
            Value::NoSuchInstance => return BindingValue::NoSuchInstance,
            Value::EndOfMibView => return BindingValue::EndOfMibView,
            other => panic!("a new kind of value: {other:?}"),
        })
    };
    varbinds
        .iter()
        .map(|varbind| VariableBinding {
            name: name(&varbind.oid),
            value: value(&varbind.value),
        })
        .collect()
}

fn from_async(value: &async_snmp::Value) -> Value {
    let own = |oid: &async_snmp::Oid| Oid::new(oid.arcs()).expect("short");
    match value {
        async_snmp::Value::Integer(number) => Value::Integer(i64::from(*number)),
        async_snmp::Value::OctetString(octets) => Value::OctetString(octets.to_vec()),
        async_snmp::Value::Null => Value::Null,
        async_snmp::Value::ObjectIdentifier(oid) => Value::ObjectIdentifier(own(oid)),
        async_snmp::Value::IpAddress(octets) => Value::IpAddress(Ipv4Addr::from(*octets)),
        async_snmp::Value::Counter32(number) => Value::Counter32(*number),
        async_snmp::Value::Gauge32(number) => Value::Gauge32(*number),
        async_snmp::Value::TimeTicks(number) => Value::TimeTicks(*number),
        async_snmp::Value::Opaque(octets) => Value::Opaque(octets.to_vec()),
        async_snmp::Value::Counter64(number) => Value::Counter64(*number),
        async_snmp::Value::NoSuchObject => Value::NoSuchObject,
        async_snmp::Value::NoSuchInstance => Value::NoSuchInstance,
        async_snmp::Value::EndOfMibView => Value::EndOfMibView,
        other => panic!("no counterpart: {other:?}"),
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        v1 in any::<bool>(), id in any::<i32>(), varbinds in any_varbinds(0)
    ) {
        let version = if v1 { Version::V1 } else { Version::V2c };
        let bytes = response(version, id, &varbinds);
        let strict = Message::decode_with(&bytes, Tolerances::STRICT).expect("canonical");
        prop_assert!(strict.varbinds.clone().all(|varbind| varbind.is_ok()));
        prop_assert_eq!(strict.version, version);
        prop_assert_eq!(strict.community, b"public");
        let expected = (PduKind::Response, i64::from(id), 5, 1, varbinds);
        prop_assert_eq!(decode(&bytes), expected);
    }

    #[test]
    fn what_csnmp_writes_we_read(id in any::<i32>(), varbinds in any_varbinds(1)) {
        let message = Snmp2cMessage {
            version: 1,
            community: b"public".to_vec(),
            pdu: Snmp2cPdu::Response(InnerPdu {
                request_id: id,
                error_status: ErrorStatus::GenErr,
                error_index: 1,
                variable_bindings: to_csnmp(&varbinds),
            }),
        };
        let bytes = message.to_bytes().expect("csnmp writes it");
        prop_assert_eq!(decode(&bytes), (PduKind::Response, i64::from(id), 5, 1, varbinds));
    }

    #[test]
    fn what_we_write_csnmp_reads(id in any::<i32>(), varbinds in any_varbinds(1)) {
        let bytes = response(Version::V2c, id, &varbinds);
        let message = Snmp2cMessage::try_from_bytes(&bytes).expect("csnmp reads it");
        let expected = Snmp2cPdu::Response(InnerPdu {
            request_id: id,
            error_status: ErrorStatus::GenErr,
            error_index: 1,
            variable_bindings: to_csnmp(&varbinds),
        });
        prop_assert_eq!(message.pdu, expected);
        prop_assert_eq!(message.community, b"public");
    }

    #[test]
    fn what_we_write_async_snmp_reads_without_any_complaint(
        id in any::<i32>(), varbinds in any_varbinds(0)
    ) {
        let bytes = response(Version::V2c, id, &varbinds);
        let outcome = CommunityMessage::decode(bytes.into(), DecodeConfig::STRICT);
        let outcome = outcome.expect("async-snmp reads it");
        prop_assert!(outcome.anomalies.is_empty(), "{:?}", outcome.anomalies);
        prop_assert_eq!(outcome.value.community().as_bytes(), b"public");
        let pdu = outcome.value.into_pdu().expect("no trap");
        prop_assert_eq!((pdu.error_status(), pdu.error_index()), (5, 1));
        let theirs: Vec<VarBind> = pdu
            .varbinds()
            .iter()
            .map(|varbind| VarBind {
                oid: Oid::new(varbind.oid.arcs()).expect("short"),
                value: from_async(&varbind.value),
            })
            .collect();
        prop_assert_eq!(theirs, varbinds);
    }

    #[test]
    fn requests_are_read_by_both(
        id in 1..=0x7fff_ffffu32, names in prop::collection::vec(any_oid(), 1..20), kind in 0..3usize,
        max_repetitions in any::<u16>()
    ) {
        let request = Request {
            version: Version::V2c,
            community: b"public",
            kind: [
                RequestKind::Get, RequestKind::GetNext, RequestKind::GetBulk { max_repetitions },
            ][kind],
            id,
            names: &names,
        };
        let bytes = request.encode();
        let varbinds: Vec<VarBind> = names
            .iter()
            .map(|oid| VarBind { oid: oid.clone(), value: Value::Null })
            .collect();
        let inner = InnerPdu {
            request_id: i32::try_from(id).expect("31 bits"),
            error_status: ErrorStatus::NoError,
            error_index: 0,
            variable_bindings: to_csnmp(&varbinds),
        };
        let expected = match kind {
            0 => Snmp2cPdu::GetRequest(inner),
            1 => Snmp2cPdu::GetNextRequest(inner),
            _ => Snmp2cPdu::GetBulkRequest(BulkPdu {
                request_id: inner.request_id,
                non_repeaters: 0,
                max_repetitions: u32::from(max_repetitions),
                variable_bindings: inner.variable_bindings,
            }),
        };
        let message = Snmp2cMessage::try_from_bytes(&bytes).expect("csnmp reads it");
        prop_assert_eq!(&message.pdu, &expected);
        prop_assert_eq!(message.to_bytes().expect("csnmp writes it"), bytes.clone());
        let outcome = CommunityMessage::decode(bytes.into(), DecodeConfig::STRICT);
        prop_assert!(outcome.expect("async-snmp reads it").anomalies.is_empty());
    }

    /// Where two decoders both take some bytes, they must take them for the same.
    #[test]
    fn no_damage_makes_the_codecs_disagree(
        varbinds in any_varbinds(1), damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)
    ) {
        let mut bytes = response(Version::V2c, 7, &varbinds);
        for (at, octet) in damage {
            *at.get_mut(&mut bytes) = octet;
        }
        let Ok(ours) = Message::decode_with(&bytes, Tolerances::STRICT) else {
            return Ok(());
        };
        let Ok(ours) = ours.varbinds.map(|v| v.map(|v| v.to_varbind())).collect::<Result<Vec<_>, _>>() else {
            return Ok(());
        };
        let theirs = CommunityMessage::decode(bytes.into(), DecodeConfig::STRICT);
        let Some(theirs) = theirs.ok().and_then(|outcome| outcome.value.into_pdu()) else {
            return Ok(());
        };
        let comparable = theirs.varbinds().iter().all(|varbind| !matches!(
            varbind.value,
            async_snmp::Value::Nsap(_) | async_snmp::Value::UInteger32(_) | async_snmp::Value::Unknown { .. }
        ));
        if comparable {
            let theirs: Vec<VarBind> = theirs.varbinds().iter().map(|varbind| VarBind {
                oid: Oid::new(varbind.oid.arcs()).expect("short"),
                value: from_async(&varbind.value),
            }).collect();
            prop_assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(message) = Message::decode(&bytes) {
            let _ = message.varbinds.count();
        }
    }

    /// What is read from any bytes can be written, and reads back as the same.
    #[test]
    fn decode_encode_decode_agree(
        varbinds in any_varbinds(1), at in any::<prop::sample::Index>(), octet in any::<u8>()
    ) {
        let mut bytes = response(Version::V2c, 7, &varbinds);
        *at.get_mut(&mut bytes) = octet;
        let Ok(message) = Message::decode(&bytes) else { return Ok(()) };
        let varbinds: Result<Vec<_>, _> = message.varbinds.map(|v| v.map(|v| v.to_varbind())).collect();
        let Ok(varbinds) = varbinds else { return Ok(()) };
        let again = response(Version::V2c, 7, &varbinds);
        prop_assert_eq!(decode(&again).4, varbinds);
    }
}

/// A GET for sysDescr.0 as net-snmp 5.9.3 sent it.
const SNMPGET: &[u8] = &[
    0x30, 0x29, 0x02, 0x01, 0x01, 0x04, 0x06, 0x70, 0x75, 0x62, 0x6c, 0x69, 0x63, 0xa0, 0x1c, 0x02,
    0x04, 0x1a, 0x54, 0x89, 0x85, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x30, 0x0e, 0x30, 0x0c, 0x06,
    0x08, 0x2b, 0x06, 0x01, 0x02, 0x01, 0x01, 0x01, 0x00, 0x05, 0x00,
];

/// A GETBULK for two columns of the supplies table as net-snmp 5.9.3 sent it.
const SNMPBULKGET: &[u8] = &[
    0x30, 0x3b, 0x02, 0x01, 0x01, 0x04, 0x06, 0x70, 0x75, 0x62, 0x6c, 0x69, 0x63, 0xa5, 0x2e, 0x02,
    0x04, 0x53, 0xc0, 0x37, 0x0b, 0x02, 0x01, 0x00, 0x02, 0x01, 0x0a, 0x30, 0x20, 0x30, 0x0e, 0x06,
    0x0a, 0x2b, 0x06, 0x01, 0x02, 0x01, 0x2b, 0x0b, 0x01, 0x01, 0x06, 0x05, 0x00, 0x30, 0x0e, 0x06,
    0x0a, 0x2b, 0x06, 0x01, 0x02, 0x01, 0x2b, 0x0b, 0x01, 0x01, 0x09, 0x05, 0x00,
];

#[test]
fn requests_have_the_bytes_that_net_snmp_sends() {
    let supplies = [
        oid("1.3.6.1.2.1.43.11.1.1.6"),
        oid("1.3.6.1.2.1.43.11.1.1.9"),
    ];
    let bulk = RequestKind::GetBulk {
        max_repetitions: 10,
    };
    for (kind, id, names, expected) in [
        (
            RequestKind::Get,
            0x1a54_8985,
            &[oid("1.3.6.1.2.1.1.1.0")][..],
            SNMPGET,
        ),
        (bulk, 0x53c0_370b, &supplies, SNMPBULKGET),
    ] {
        let request = Request {
            version: Version::V2c,
            community: b"public",
            kind,
            id,
            names,
        };
        assert_eq!(request.encode(), expected);
    }
}

#[test]
fn a_response_put_together_by_hand_reads_as_meant() {
    let bytes = [
        0x30, 0x27, 0x02, 0x01, 0x00, 0x04, 0x06, b'p', b'u', b'b', b'l', b'i', b'c', 0xa2, 0x1a,
        0x02, 0x01, 0x01, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x30, 0x0f, 0x30, 0x0d, 0x06, 0x08,
        0x2b, 0x06, 0x01, 0x02, 0x01, 0x01, 0x03, 0x00, 0x43, 0x01, 0x7f,
    ];
    let message = Message::decode(&bytes).expect("a message");
    assert_eq!(message.version, Version::V1);
    let uptime = VarBind {
        oid: oid("1.3.6.1.2.1.1.3.0"),
        value: Value::TimeTicks(127),
    };
    assert_eq!(decode(&bytes), (PduKind::Response, 1, 0, 0, vec![uptime]));
}

#[test]
fn no_change_of_one_byte_panics_and_no_shorter_datagram_passes() {
    let varbinds = [
        VarBind {
            oid: oid("1.3.6.1.2.1.1.1.0"),
            value: Value::OctetString(b"x".to_vec()),
        },
        VarBind {
            oid: oid("1.3.6.1.2.1.43.10.2.1.4.1.1"),
            value: Value::Counter32(4_000_000_000),
        },
        VarBind {
            oid: oid("1.3.6.1.2.1.1.2.0"),
            value: Value::ObjectIdentifier(oid("1.3.6.1")),
        },
        VarBind {
            oid: oid("1.3.6.1.2.1.1.9.0"),
            value: Value::NoSuchInstance,
        },
    ];
    let bytes = response(Version::V2c, 7, &varbinds);
    for at in 0..bytes.len() {
        assert!(Message::decode(&bytes[..at]).is_err(), "cut at {at}");
        for octet in 0..=u8::MAX {
            let mut bytes = bytes.clone();
            bytes[at] = octet;
            if let Ok(message) = Message::decode(&bytes) {
                let _ = message.varbinds.count();
            }
        }
    }
    let mut longer = bytes;
    longer.push(0);
    let error = Message::decode(&longer).expect_err("something is left over");
    assert_eq!(error.kind, DecodeErrorKind::LeftOver(1));
}

#[test]
fn a_bomb_of_nested_sequences_is_an_error_and_not_a_crash() {
    let mut reversed: Vec<u8> = Vec::new();
    for _ in 0..16_000 {
        let [.., high, low] = reversed.len().to_be_bytes();
        reversed.extend([low, high, 0x82, 0x30]);
    }
    let bomb: Vec<u8> = reversed.into_iter().rev().collect();
    assert!(bomb.len() < 65_507);
    assert!(Message::decode(&bomb).is_err());
}

/// One response variable with this tag and content.
fn variable(tag: u8, content: &[u8]) -> Result<Value, DecodeErrorKind> {
    let mut bytes = response(
        Version::V2c,
        7,
        &[VarBind {
            oid: oid("1.3.6.1"),
            value: Value::OctetString(content.to_vec()),
        }],
    );
    let place = bytes.len() - content.len() - 2;
    bytes[place] = tag;
    let message = Message::decode(&bytes).expect("the frame is right");
    let mut varbinds = message.varbinds;
    let value = varbinds
        .next()
        .expect("one")
        .map(|varbind| varbind.value.to_value());
    value.map_err(|error| error.kind)
}

#[test]
fn mistakes_of_devices_keep_their_meaning() {
    let cases: &[(u8, &[u8], Value)] = &[
        (0x41, &[0xff, 0xff, 0xff, 0xff], Value::Counter32(u32::MAX)),
        (0x41, &[0x00, 0x00, 0x05], Value::Counter32(5)),
        (0x41, &[0x01, 0, 0, 0, 0], Value::Counter64(1 << 32)),
        (0x42, &[0x01, 0, 0, 0, 0], Value::Integer(1 << 32)),
        (0x42, &[0xfe], Value::Integer(-2)),
        (0x02, &[0xff, 0xff, 0xfe], Value::Integer(-2)),
        (
            0x02,
            &[0x00, 0xff, 0xff, 0xff, 0xff],
            Value::Integer(0xffff_ffff),
        ),
        (0x02, &[], Value::Null),
        (0x06, &[], Value::Null),
        (0x47, &[7], Value::Gauge32(7)),
        (0xa1, &[], Value::NoSuchInstance),
    ];
    for (tag, content, value) in cases {
        assert_eq!(
            variable(*tag, content).as_ref(),
            Ok(value),
            "{tag:#x} {content:x?}"
        );
    }
    for (tag, content) in [
        (0x40, &[1, 2, 3][..]),
        (0x05, &[1]),
        (0x82, &[1]),
        (0x30, &[]),
        (0x13, b"x"),
    ] {
        assert!(variable(tag, content).is_err(), "{tag:#x} {content:x?}");
    }
}
