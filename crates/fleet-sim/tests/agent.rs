//! What the wire answerer says, request by request.

mod common;

use common::{Ask, V1, V2C, ask, device, oid, request, walk};
use csnmp::message::{BindingValue, ErrorStatus, ObjectValue};
use pagetally_fleet_sim::wire::{Oversize, Reply, Silence};
use pagetally_fleet_sim::{SimDevice, demo_fleet};
use pagetally_snmp_engine::{Oid, Value};
use proptest::prelude::*;

/// Two scalars, a counter of 64 bits between them, a table of two columns.
fn small() -> SimDevice {
    device([
        (
            oid("1.3.6.1.2.1.1.1.0"),
            Value::OctetString(b"one".to_vec()),
        ),
        (oid("1.3.6.1.2.1.1.2.0"), Value::Counter64(1 << 40)),
        (oid("1.3.6.1.2.1.1.3.0"), Value::TimeTicks(7)),
        (oid("1.3.6.1.2.1.43.11.1.1.8.1.1"), Value::Integer(100)),
        (oid("1.3.6.1.2.1.43.11.1.1.8.1.2"), Value::Integer(100)),
        (oid("1.3.6.1.2.1.43.11.1.1.9.1.1"), Value::Integer(-3)),
        (oid("1.3.6.1.2.1.43.11.1.1.9.1.2"), Value::Integer(40)),
    ])
}

fn integer(number: i32) -> BindingValue {
    BindingValue::Value(ObjectValue::Integer(number))
}

#[test]
fn v2c_tells_a_missing_instance_from_a_missing_object() {
    let names = [
        oid("1.3.6.1.2.1.43.11.1.1.9.1.2"),
        oid("1.3.6.1.2.1.43.11.1.1.9.1.3"),
        oid("1.3.6.1.2.1.43.12.1.1.4.1.1"),
    ];
    let answer = ask(&mut small(), V2C, &Ask::Get, &names).expect("answered");
    assert_eq!(answer.status, ErrorStatus::NoError);
    assert_eq!(answer.names, names);
    assert_eq!(
        answer.values,
        [
            integer(40),
            BindingValue::NoSuchInstance,
            BindingValue::NoSuchObject
        ]
    );
}

#[test]
fn v1_fails_as_a_whole_and_names_the_first_missing_variable() {
    let names = [
        oid("1.3.6.1.2.1.43.11.1.1.9.1.2"),
        oid("1.3.6.1.2.1.43.11.1.1.9.1.3"),
        oid("1.3.6.1.2.1.43.11.1.1.9.1.4"),
    ];
    let answer = ask(&mut small(), V1, &Ask::Get, &names).expect("answered");
    assert_eq!(answer.status, ErrorStatus::NoSuchName);
    assert_eq!(answer.index, 2);
    assert_eq!(answer.names, names);
    assert_eq!(answer.values, vec![BindingValue::Unspecified; 3]);
}

#[test]
fn v1_never_sees_a_counter_of_64_bits() {
    let name = oid("1.3.6.1.2.1.1.2.0");
    let answer = ask(&mut small(), V1, &Ask::Get, &[name]).expect("answered");
    assert_eq!(answer.status, ErrorStatus::NoSuchName);
    let before = oid("1.3.6.1.2.1.1.1.0");
    let answer = ask(&mut small(), V1, &Ask::Next, &[before]).expect("answered");
    assert_eq!(answer.names, [oid("1.3.6.1.2.1.1.3.0")]);
    assert_eq!(walk(&mut small(), V1).len(), 6);
    assert_eq!(walk(&mut small(), V2C).len(), 7);
}

#[test]
fn getbulk_reads_non_repeaters_once_and_the_rest_row_by_row() {
    let names = [
        oid("1.3.6.1.2.1.1.2"),
        oid("1.3.6.1.2.1.43.11.1.1.8"),
        oid("1.3.6.1.2.1.43.11.1.1.9"),
    ];
    let answer = ask(&mut small(), V2C, &Ask::Bulk(1, 3), &names).expect("answered");
    let expected = [
        "1.3.6.1.2.1.1.2.0",
        "1.3.6.1.2.1.43.11.1.1.8.1.1",
        "1.3.6.1.2.1.43.11.1.1.9.1.1",
        "1.3.6.1.2.1.43.11.1.1.8.1.2",
        "1.3.6.1.2.1.43.11.1.1.9.1.2",
        "1.3.6.1.2.1.43.11.1.1.9.1.1",
        // Behind the last object its own name is repeated with endOfMibView.
        "1.3.6.1.2.1.43.11.1.1.9.1.2",
    ];
    assert_eq!(answer.names, expected.map(oid));
    assert_eq!(answer.values.last(), Some(&BindingValue::EndOfMibView));
}

#[test]
fn getbulk_ends_after_a_row_of_nothing_but_ends() {
    let names = [oid("1.4"), oid("1.5")];
    let answer = ask(&mut small(), V2C, &Ask::Bulk(0, 1_000), &names).expect("answered");
    assert_eq!(answer.names, names);
    assert_eq!(answer.values, vec![BindingValue::EndOfMibView; 2]);
}

/// Fifty texts of a hundred octets.
fn talkative(limit: usize) -> SimDevice {
    let mut device = device((1..=50).map(|row| {
        let text = Value::OctetString(vec![b'x'; 100]);
        (oid(&format!("1.3.6.1.2.1.2.2.1.2.{row}")), text)
    }));
    device.access_mut().max_message_size = limit;
    device
}

#[test]
fn getbulk_stops_at_the_message_size_and_uses_it() {
    let names = [oid("1.3.6.1.2.1.2.2.1.2")];
    let answer = ask(&mut talkative(484), V2C, &Ask::Bulk(0, 50), &names).expect("answered");
    assert_eq!(answer.status, ErrorStatus::NoError);
    assert!(answer.size <= 484, "{} octets", answer.size);
    // Each variable takes 115 octets and there are 30 around them.
    assert_eq!(answer.names.len(), 3);
}

/// The end of a v2c answer that is too big: tooBig, no index, and an empty list, which csnmp, who
/// reads the other answers here, cannot decode.
const TOO_BIG: [u8; 8] = [2, 1, 1, 2, 1, 0, 0x30, 0];

#[test]
fn what_is_too_big_is_said_so_in_each_versions_manner() {
    let names: Vec<Oid> = (1..=20)
        .map(|row| oid(&format!("1.3.6.1.2.1.2.2.1.2.{row}")))
        .collect();
    let datagram = request(V2C, "public", &Ask::Get, &names);
    let answer = talkative(484).answer(&datagram).expect("answered");
    assert_eq!(answer[answer.len() - 8..], TOO_BIG);
    let answer = ask(&mut talkative(484), V1, &Ask::Get, &names).expect("answered");
    assert_eq!((answer.status, answer.index), (ErrorStatus::TooBig, 0));
    assert_eq!(answer.names, names);
    let mut silent = talkative(484);
    silent.access_mut().oversize = Oversize::Silence;
    assert!(ask(&mut silent, V2C, &Ask::Get, &names).is_none());
    assert!(ask(&mut silent, V2C, &Ask::Get, &names[..2]).is_some());
}

#[test]
fn one_variable_that_fits_no_getbulk_answer_is_too_big() {
    let names = [oid("1.3.6.1.2.1.2.2.1.2")];
    let datagram = request(V2C, "public", &Ask::Bulk(0, 5), &names);
    let answer = talkative(100).answer(&datagram).expect("answered");
    assert_eq!(answer[answer.len() - 8..], TOO_BIG);
}

#[test]
fn a_wrong_community_gets_silence() {
    let name = [oid("1.3.6.1.2.1.1.1.0")];
    let datagram = request(V2C, "private", &Ask::Get, &name);
    assert_eq!(
        small().reply(&datagram),
        Reply::Silence(Silence::WrongCommunity)
    );
}

#[test]
fn nothing_can_be_written() {
    let name = [oid("1.3.6.1.2.1.1.1.0")];
    let status = |version| ask(&mut small(), version, &Ask::Set, &name).map(|one| one.status);
    assert_eq!(status(V2C), Some(ErrorStatus::NotWritable));
    assert_eq!(status(V1), Some(ErrorStatus::NoSuchName));
}

#[test]
fn a_request_for_nothing_is_answered_with_nothing() {
    for (version, how) in [
        (V1, Ask::Get),
        (V2C, Ask::Get),
        (V2C, Ask::Next),
        (V2C, Ask::Bulk(0, 9)),
    ] {
        let datagram = request(version, "public", &how, &[]);
        let answer = small().answer(&datagram).expect("answered");
        // The list at the end is there and empty.
        assert_eq!(answer[answer.len() - 2..], [0x30, 0]);
    }
}

#[test]
fn what_is_asked_again_is_told_again_and_the_last_word_is_kept() {
    let mut device = small();
    let name = oid("1.3.6.1.2.1.43.11.1.1.9.1.2");
    let missing = oid("1.3.6.1.2.1.43.11.1.1.9.1.9");
    ask(&mut device, V2C, &Ask::Get, &[name.clone(), missing]).expect("answered");
    let served: Vec<_> = device.served().iter().collect();
    assert_eq!(served, [(&name, &Value::Integer(40))]);
}

#[test]
fn every_demo_device_is_walked_in_order_and_completely() {
    for mut device in demo_fleet(3) {
        device.access_mut().communities = vec![b"public".to_vec()];
        device.access_mut().v2c = true;
        device.elapse(std::time::Duration::ZERO);
        // Wakes the one that sleeps.
        let _ = device.answer(&request(V2C, "public", &Ask::Get, &[oid("1.3")]));
        let expected: Vec<Oid> = device.walk().into_iter().map(|one| one.oid).collect();
        assert!(
            expected.is_sorted() && expected.len() > 20,
            "{}",
            device.name()
        );
        assert_eq!(walk(&mut device, V2C), expected, "{}", device.name());
    }
}

fn any_oid() -> impl Strategy<Value = Oid> {
    prop::collection::vec(prop_oneof![0_u32..4, any::<u32>()], 0..6)
        .prop_map(|tail| Oid::new([&[1, 3][..], &tail].concat()).expect("short"))
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::Integer),
        prop::collection::vec(any::<u8>(), 0..200).prop_map(Value::OctetString),
        any::<u32>().prop_map(Value::Counter32),
        any_oid().prop_map(Value::ObjectIdentifier),
    ]
}

proptest! {
    #[test]
    fn getnext_walks_exactly_the_sorted_map(
        map in prop::collection::btree_map(any_oid(), any_value(), 0..40)
    ) {
        // csnmp, which reads here, has no integers over 32 bits.
        let small = |value: Value| match value {
            Value::Integer(number) => Value::Integer(number >> 33),
            other => other,
        };
        let map: Vec<_> = map.into_iter().map(|(oid, value)| (oid, small(value))).collect();
        let mut device = device(map.clone());
        let expected: Vec<Oid> = map.into_iter().map(|(oid, _)| oid).collect();
        prop_assert_eq!(walk(&mut device, V2C), expected.clone());
        prop_assert_eq!(walk(&mut device, V1), expected);
    }

    #[test]
    fn getbulk_finds_what_getnext_finds(
        map in prop::collection::btree_map(any_oid(), any::<u32>().prop_map(Value::Counter32), 1..40),
        repetitions in 1_u32..30, limit in 100_usize..1_500
    ) {
        let expected: Vec<Oid> = map.keys().cloned().collect();
        let mut device = device(map);
        device.access_mut().max_message_size = limit;
        let mut at = oid("0.0");
        let mut found = Vec::new();
        'walk: loop {
            let ask_more = Ask::Bulk(0, repetitions);
            let answer = ask(&mut device, V2C, &ask_more, &[at.clone()]).expect("answered");
            prop_assert!(answer.size <= limit);
            for (name, value) in answer.names.into_iter().zip(answer.values) {
                if value == BindingValue::EndOfMibView {
                    break 'walk;
                }
                at = name.clone();
                found.push(name);
            }
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn no_datagram_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = small().answer(&bytes);
    }

    #[test]
    fn no_damaged_request_panics(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        version in prop_oneof![Just(V1), Just(V2C)], bulk in any::<(u32, u32)>()
    ) {
        let names = [oid("1.3.6.1.2.1.1.1.0"), oid("1.3.6.1.2.1.43.11.1.1.9")];
        for how in [Ask::Get, Ask::Next, Ask::Bulk(bulk.0, bulk.1), Ask::Set] {
            let mut datagram = request(version, "public", &how, &names);
            for (place, octet) in &damage {
                let place = place.index(datagram.len());
                datagram[place] = *octet;
            }
            let _ = small().answer(&datagram);
        }
    }
}
