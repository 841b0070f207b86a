//! Canonical bytes: RFC 8785's own examples, what is refused, and what may not differ.

use pagetally_proof::canonical::{
    CanonicalErrorKind, MAX_DEPTH, MAX_INTEGER, ParseError, from_slice, to_bytes,
};
use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn text(value: &impl Serialize) -> String {
    String::from_utf8(to_bytes(value).expect("it has a canonical form")).expect("JSON is UTF-8")
}

#[test]
fn members_are_sorted_as_in_rfc_8785_section_3_2_3() {
    let value: Value = serde_json::from_str(
        r#"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh",
            "1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control",
            "\u00f6":"Latin Small Letter O With Diaeresis"}"#,
    )
    .expect("JSON");
    assert_eq!(
        text(&value),
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\
         \"\u{f6}\":\"Latin Small Letter O With Diaeresis\",\"\u{20ac}\":\"Euro Sign\",\
         \"\u{1f600}\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}"
    );
}

#[test]
fn strings_are_escaped_as_in_rfc_8785_section_3_2_2_2() {
    let value = json!("\u{20ac}$\u{f}\nA'B\"\\\\\"/\u{7f}\u{8}\u{c}\t\r\u{0}");
    assert_eq!(
        text(&value),
        "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\u{7f}\\b\\f\\t\\r\\u0000\""
    );
}

#[test]
fn the_order_of_fields_and_entries_does_not_matter() {
    #[derive(Serialize)]
    struct Fields {
        b: u8,
        a: Option<u8>,
        c: (i64, char),
    }
    let value = Fields {
        b: 1,
        a: None,
        c: (-5, 'x'),
    };
    assert_eq!(text(&value), r#"{"a":null,"b":1,"c":[-5,"x"]}"#);
}

#[test]
fn variants_are_written_as_serde_json_writes_them() {
    #[derive(Serialize)]
    enum Kind {
        Unit,
        Newtype(u8),
        Tuple(u8, u8),
        Struct { b: bool, a: () },
    }
    for value in [
        Kind::Unit,
        Kind::Newtype(1),
        Kind::Tuple(1, 2),
        Kind::Struct { b: true, a: () },
    ] {
        let plain: Value = serde_json::to_value(&value).expect("JSON");
        assert_eq!(text(&value), text(&plain));
        assert_eq!(text(&value), serde_json::to_string(&plain).expect("JSON"));
    }
}

#[test]
fn what_has_no_canonical_form_is_refused_with_its_place() {
    #[derive(Serialize)]
    struct Outer<T> {
        list: Vec<BTreeMap<&'static str, T>>,
    }
    fn refused<T: Serialize>(value: T) -> (String, CanonicalErrorKind) {
        let outer = Outer {
            list: vec![BTreeMap::new(), BTreeMap::from([("value", value)])],
        };
        let error = to_bytes(&outer).expect_err("it is refused");
        (error.path, error.kind)
    }
    let place = "$.list[1].value".to_owned();
    assert_eq!(refused(0.5), (place.clone(), CanonicalErrorKind::Float));
    assert_eq!(
        refused(f32::NAN),
        (place.clone(), CanonicalErrorKind::Float)
    );
    assert_eq!(
        refused(1u64 << 53),
        (place.clone(), CanonicalErrorKind::Integer(1 << 53))
    );
    assert_eq!(
        refused(-(1i64 << 53)),
        (place.clone(), CanonicalErrorKind::Integer(-(1 << 53)))
    );
    assert_eq!(
        refused(BTreeMap::from([(1, 2)])),
        (place, CanonicalErrorKind::NameNotText)
    );
    assert_eq!(text(&MAX_INTEGER), "9007199254740991");
    assert_eq!(text(&-MAX_INTEGER), "-9007199254740991");
}

#[test]
fn a_repeated_member_is_refused() {
    struct Twice;
    impl Serialize for Twice {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map([("a", 1), ("a", 2)])
        }
    }
    let error = to_bytes(&Twice).expect_err("it is refused");
    assert_eq!(
        error.kind,
        CanonicalErrorKind::DuplicateMember("a".to_owned())
    );
}

#[test]
fn endless_nesting_is_refused() {
    let mut value = json!(1);
    for _ in 0..=MAX_DEPTH {
        value = json!([value]);
    }
    let error = to_bytes(&value).expect_err("it is refused");
    assert_eq!(error.kind, CanonicalErrorKind::TooDeep);
    assert_eq!(
        to_bytes(&value[0]).map(|bytes| bytes.len()),
        Ok(2 * MAX_DEPTH + 1)
    );
}

#[test]
fn only_the_canonical_spelling_is_read() {
    assert!(from_slice::<BTreeMap<String, u8>>(br#"{"a":1,"b":2}"#).is_ok());
    for (bytes, offset) in [
        (&br#"{"b":2,"a":1}"#[..], 2),
        (br#"{"a":1, "b":2}"#, 7),
        (br#"{"a":1,"b":2} "#, 13),
        (br#"{"a":0,"a":1,"b":2}"#, 5),
        (br#"{"\u0061":1,"b":2}"#, 2),
    ] {
        match from_slice::<BTreeMap<String, u8>>(bytes) {
            Err(ParseError::NotCanonical { offset: found }) => assert_eq!(found, offset),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(
        from_slice::<BTreeMap<String, u8>>(b"{"),
        Err(ParseError::Document(_))
    ));
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-MAX_INTEGER..=MAX_INTEGER).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| map.into_iter().collect::<Value>()),
        ]
    })
}

/// Names that are told apart late, or not by the order of their bytes.
fn name() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        4 => prop::sample::select(vec!['a', 'b', '\0', '"', '\u{7f}']),
        1 => prop::sample::select(vec!['\u{80}', '\u{d7ff}', '\u{e000}', '\u{ffff}', '\u{10000}']),
    ];
    prop_oneof![
        prop::collection::vec(character, 0..12).prop_map(String::from_iter),
        any::<String>(),
    ]
}

/// A map whose entries come as they stand.
struct Entries(Vec<(String, u8)>);

impl Serialize for Entries {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

proptest! {
    #[test]
    fn members_come_in_the_order_of_their_utf_16_code_units(
        entries in prop::collection::btree_map(name(), any::<u8>(), 0..8).prop_map(Vec::from_iter),
        turn in 0..8_usize,
    ) {
        let mut sorted = entries.clone();
        sorted.sort_by_key(|(name, _)| name.encode_utf16().collect::<Vec<_>>());
        let members = sorted
            .iter()
            .map(|(name, value)| format!("{}:{value}", serde_json::to_string(name).expect("JSON")));
        let expected = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
        let mut entries = entries;
        let middle = turn.min(entries.len());
        entries.rotate_left(middle);
        prop_assert_eq!(text(&Entries(entries.clone())), &expected[..]);
        entries.reverse();
        prop_assert_eq!(text(&Entries(entries)), expected);
    }

    #[test]
    fn strings_are_written_as_serde_json_writes_them(string in name()) {
        prop_assert_eq!(text(&string), serde_json::to_string(&string).expect("JSON"));
    }

    #[test]
    fn canonical_bytes_are_json_with_the_same_meaning(value in document()) {
        let bytes = to_bytes(&value).expect("canonical");
        let read: Value = serde_json::from_slice(&bytes).expect("JSON");
        prop_assert_eq!(&read, &value);
        prop_assert_eq!(from_slice::<Value>(&bytes).expect("canonical"), value);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(value) = from_slice::<Value>(&bytes) {
            prop_assert_eq!(to_bytes(&value).expect("canonical"), bytes);
        }
    }
}
