//! What holds of every audit, whatever was answered.

use pagetally_model::{
    AuditId, AuditTime, BootId, DerivedInput, DeviceAudit, Exactness, PassId, Source, Text,
    Timestamp,
};
use pagetally_printer_mib::{Context, Definitions, ReadPlan, classify, decode, identify};
use pagetally_snmp_engine::{Answers, Ask, Oid, Plan, Value, VarBind, deny};
use serde_json::Value as Json;

/// Decodes the variables, and checks that the audit is sound: every value has its provenance, the
/// provenance says what was answered, sums add up, no text carries control characters, the
/// document reads back, and the order of the variables changes nothing.
pub(super) fn sound(varbinds: Vec<VarBind>, definitions: &Definitions) -> DeviceAudit {
    let answers: Answers = varbinds.iter().cloned().collect();
    let audit = decode(&answers, &context(), definitions);
    assert_eq!(audit.check_sources(), Ok(()), "a value without its source");
    assert_eq!(identify(&answers, definitions), audit.identity);

    let text = serde_json::to_string(&audit).expect("an audit is plain data");
    let back: DeviceAudit = serde_json::from_str(&text).expect("own output");
    assert_eq!(back, audit, "the document reads back");
    walk(&serde_json::to_value(&audit).expect("plain data"), &answers);
    for meter in &audit.meters {
        assert!(meter.value < 1 << 53, "{meter:?}");
        let rule = meter.source.rule.name.as_str();
        let assumed = meter.exactness == Exactness::Assumed;
        assert!(
            !rule.starts_with("rfc3805.life-count") || assumed,
            "{meter:?}"
        );
    }

    for meter in &audit.meters {
        if let Source::Derived { formula, inputs } = &meter.source.source {
            let total = result(formula.as_str(), inputs);
            assert_eq!(total, i128::from(meter.value), "{formula}");
        }
    }

    let mut unique = varbinds;
    unique.sort_by(|a, b| a.oid.cmp(&b.oid));
    unique.dedup_by(|later, first| later.oid == first.oid);
    let first = decode_all(&unique, definitions);
    unique.reverse();
    assert_eq!(first, decode_all(&unique, definitions), "backwards");
    let middle = unique.len() / 2;
    unique.rotate_left(middle);
    assert_eq!(first, decode_all(&unique, definitions), "from the middle");
    plan(&answers, definitions);
    audit
}

fn decode_all(varbinds: &[VarBind], definitions: &Definitions) -> DeviceAudit {
    let answers: Answers = varbinds.iter().cloned().collect();
    decode(&answers, &context(), definitions)
}

/// A plan ends, and asks for nothing harmful, whatever comes back.
fn plan(device: &Answers, definitions: &Definitions) {
    let mut plan = ReadPlan::new(definitions);
    let mut so_far = Answers::default();
    let mut queries = 0;
    while let Some(query) = plan.next_query(&so_far) {
        queries += 1;
        assert!(queries <= 3, "a plan without end");
        for ask in &query.asks {
            match ask {
                Ask::Instance(oid) => assert_eq!(deny::instance(oid), None, "{oid}"),
                Ask::Columns { columns, max_rows } => {
                    assert!(*max_rows > 0);
                    columns
                        .iter()
                        .for_each(|column| assert_eq!(deny::walk(column), None));
                }
                other => panic!("{other:?}"),
            }
        }
        so_far.merge(device.answer(&query));
    }
    // Enough to say what it is, is enough to say that it is a printer.
    let _ = classify(&so_far, definitions);
}

/// Checks each place of a document.
fn walk(document: &Json, answers: &Answers) {
    match document {
        Json::Object(fields) => {
            if let (Some(Json::String(oid)), Some(raw)) = (fields.get("oid"), fields.get("raw")) {
                said(oid, raw, answers);
            }
            // A raw text is the device's own octets, printable or in hexadecimal.
            fields.values().for_each(|value| walk(value, answers));
        }
        Json::Array(items) => items.iter().for_each(|item| walk(item, answers)),
        Json::String(text) => assert!(is_clean(text), "{text:?}"),
        Json::Number(number) => {
            let small = number.as_i64().is_some_and(|n| n.unsigned_abs() < 1 << 53);
            assert!(small, "{number} is more than documents carry");
        }
        Json::Bool(_) | Json::Null => {}
    }
}

/// No control or escape characters, and none that turn the writing direction.
fn is_clean(text: &str) -> bool {
    let turns = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !text.chars().any(|c| c.is_control() || turns(c))
}

/// A source names an object that was answered, with the value that was answered.
fn said(oid: &str, raw: &Json, answers: &Answers) {
    let name: Oid = oid.parse().expect("an object identifier");
    let value = answers
        .get(&name)
        .unwrap_or_else(|| panic!("{oid} was never answered"));
    let hex = |octets: &[u8]| {
        octets
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect::<String>()
    };
    let (kind, text) = match value {
        Value::Integer(number) => ("integer", number.to_string()),
        Value::OctetString(octets) if octets.iter().all(|b| (0x20..0x7f).contains(b)) => (
            "octet-string",
            String::from_utf8(octets.clone()).expect("ASCII"),
        ),
        Value::OctetString(octets) => ("octet-string-hex", hex(octets)),
        Value::ObjectIdentifier(oid) => ("object-identifier", oid.to_string()),
        Value::IpAddress(address) => ("ip-address", address.to_string()),
        Value::Counter32(number) => ("counter32", number.to_string()),
        Value::Gauge32(number) => ("gauge32", number.to_string()),
        Value::TimeTicks(number) => ("time-ticks", number.to_string()),
        Value::Opaque(octets) => ("opaque", hex(octets)),
        Value::Counter64(number) => ("counter64", number.to_string()),
        other => panic!("{oid}: {other:?} is no value"),
    };
    assert_eq!(raw["text"].as_str(), Some(text.as_str()), "{oid}");
    assert_eq!(raw["kind"].as_str().map(plain), Some(plain(kind)), "{oid}");
}

/// A word without its hyphens.
fn plain(word: &str) -> String {
    word.replace('-', "")
}

/// What a formula gives: the names of its inputs, in their order, with ` + ` and ` - ` between.
fn result(formula: &str, inputs: &[DerivedInput]) -> i128 {
    let mut words = formula.split(' ');
    let mut total = 0;
    for (place, input) in inputs.iter().enumerate() {
        let sign = match place {
            0 => "+",
            _ => words.next().unwrap_or_default(),
        };
        let sign = match sign {
            "+" => 1,
            "-" => -1,
            other => panic!("{formula}: {other:?} is no sign"),
        };
        assert_eq!(words.next(), Some(input.name.as_str()), "{formula}");
        total += sign * i128::from(input.value);
    }
    assert_eq!(words.next(), None, "{formula}");
    total
}

/// What is not in the answers.
pub(super) fn context() -> Context {
    Context {
        id: AuditId::from_bytes([1; 16]),
        pass: PassId::from_bytes([2; 16]),
        time: AuditTime {
            wall: Timestamp::from_unix_millis(0),
            boot: BootId::from_bytes([3; 16]),
            monotonic_millis: 0,
            central_offset: None,
        },
        address: None,
        protocol: Text::from("recording"),
    }
}
