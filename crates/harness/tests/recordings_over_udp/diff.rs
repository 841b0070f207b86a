//! Two audits side by side, field by field.

use pagetally_model::DeviceAudit;
use serde_json::Value;

/// What belongs to one reading of a device rather than to the device.
const OF_THE_READING: [&str; 5] = ["id", "pass", "time", "address", "protocol"];

/// Every field in which the audits differ, but for what belongs to the reading itself.
pub(crate) fn differences(expected: &DeviceAudit, got: &DeviceAudit) -> Vec<String> {
    let mut told = Vec::new();
    compare("", &document(expected), &document(got), &mut told);
    told
}

fn document(audit: &DeviceAudit) -> Value {
    let mut document = serde_json::to_value(audit).expect("serializable");
    let fields = document.as_object_mut().expect("an object");
    for name in OF_THE_READING {
        fields.remove(name);
    }
    document
}

fn compare(path: &str, expected: &Value, got: &Value, told: &mut Vec<String>) {
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => {
            let names: std::collections::BTreeSet<&String> =
                expected.keys().chain(got.keys()).collect();
            for name in names {
                let place = format!("{path}.{name}");
                let of = |object: &serde_json::Map<String, Value>| {
                    object.get(name).cloned().unwrap_or_default()
                };
                compare(&place, &of(expected), &of(got), told);
            }
        }
        (Value::Array(expected), Value::Array(got)) if expected.len() == got.len() => {
            for (index, (expected, got)) in expected.iter().zip(got).enumerate() {
                compare(&format!("{path}[{index}]"), expected, got, told);
            }
        }
        (expected, got) if expected == got => {}
        (expected, got) => told.push(format!("{path}: replayed {expected}, over UDP {got}")),
    }
}

#[test]
fn a_changed_field_is_told_and_another_address_is_not() {
    let ids =
        pagetally_onsite::ReplayIds::fresh(&pagetally_onsite::Clocks::start().expect("clocks"))
            .expect("random numbers");
    let definitions = pagetally_printer_mib::Definitions::builtin();
    let bytes = b"1.3.6.1.2.1.1.5.0|4|one\n";
    let one = pagetally_onsite::replay(bytes, &ids, &definitions).expect("a recording");
    let mut other = one.clone();
    other.address = Some(([127, 0, 0, 1], 161).into());
    assert_eq!(differences(&one, &other), Vec::<String>::new());
    other.identity.hostname = None;
    assert_eq!(
        differences(&one, &other),
        [".identity.hostname: replayed \"one\", over UDP null"]
    );
}
