//! Whatever a device answers, decoding ends, and no value stands without its source.

mod support;

use pagetally_model::Exactness;
use pagetally_snmp_engine::{Answers, Oid, Value, VarBind};
use proptest::prelude::*;
use support::decode;

/// Objects that the decoder looks at, and a few beside them.
fn roots() -> Vec<Oid> {
    [
        "1.3.6.1.2.1.1",
        "1.3.6.1.2.1.2.2.1",
        "1.3.6.1.2.1.4.20.1.2",
        "1.3.6.1.2.1.25.3.2.1",
        "1.3.6.1.2.1.25.3.5.1",
        "1.3.6.1.2.1.43.5.1.1",
        "1.3.6.1.2.1.43.6.1.1",
        "1.3.6.1.2.1.43.7.1.1",
        "1.3.6.1.2.1.43.8.2.1",
        "1.3.6.1.2.1.43.9.2.1",
        "1.3.6.1.2.1.43.10.2.1",
        "1.3.6.1.2.1.43.11.1.1",
        "1.3.6.1.2.1.43.12.1.1",
        "1.3.6.1.2.1.43.16.5.1",
        "1.3.6.1.2.1.43.18.1.1",
        "1.3.6.1.4.1.2699.1.2.1.2.1.1",
        "1.3.6.1.4.1.11.2.3.9.4.2.1.4.1.2",
        "1.3.6.1.4.1.1347.43.10.1.1.12.1",
        "1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5",
        "1.3.6.1.4.1.253.8.53.13.2.1.6.1.20",
        "1.3.6.1.4.1.641.6.4.2.1.1",
    ]
    .iter()
    .map(|text| text.parse().expect("an OID"))
    .collect()
}

fn oid() -> impl Strategy<Value = Oid> {
    let tail = prop::collection::vec(prop_oneof![8 => 0_u32..20, 1 => any::<u32>()], 0..5);
    (prop::sample::select(roots()), tail).prop_map(|(root, tail)| root.child(&tail))
}

fn value() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        -4_i64..200,
        Just(i64::MAX),
        Just(i64::MIN),
        Just(1 << 53),
        any::<i64>()
    ];
    prop_oneof![
        3 => number.prop_map(Value::Integer),
        3 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Value::OctetString),
        3 => "[ -~]{0,40}".prop_map(|text| Value::OctetString(text.into_bytes())),
        1 => oid().prop_map(Value::ObjectIdentifier),
        1 => any::<u32>().prop_map(Value::Counter32),
        1 => any::<u32>().prop_map(Value::TimeTicks),
        1 => any::<u64>().prop_map(Value::Counter64),
        1 => Just(Value::NoSuchInstance),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_answers_decode_to_a_sound_audit(
        varbinds in prop::collection::vec((oid(), value()), 0..120),
    ) {
        let answers: Answers = varbinds
            .into_iter()
            .map(|(oid, value)| VarBind { oid, value })
            .collect();
        let audit = decode(&answers);
        prop_assert_eq!(audit.check_sources(), Ok(()));
        let json = serde_json::to_string(&audit).expect("an audit is plain data");
        prop_assert_eq!(&serde_json::from_str::<pagetally_model::DeviceAudit>(&json).expect("own"), &audit);
        for meter in &audit.meters {
            prop_assert!(meter.value < 1 << 53, "{:?}", meter);
            let life_count = meter.source.rule.name.as_str().starts_with("rfc3805.life-count");
            prop_assert!(!life_count || meter.exactness == Exactness::Assumed);
        }
        for number in numbers(&serde_json::to_value(&audit).expect("plain data")) {
            prop_assert!(number.unsigned_abs() < 1 << 53, "{}", number);
        }
    }
}

/// Every number in a document.
fn numbers(document: &serde_json::Value) -> Vec<i128> {
    match document {
        serde_json::Value::Number(number) => vec![
            number
                .as_i64()
                .map(i128::from)
                .or(number.as_u64().map(i128::from))
                .expect("no fractions"),
        ],
        serde_json::Value::Array(items) => items.iter().flat_map(numbers).collect(),
        serde_json::Value::Object(fields) => fields.values().flat_map(numbers).collect(),
        _ => Vec::new(),
    }
}
