//! Holds the provenance of booked values against what was really served, object by object.

use pagetally_model::{DerivedInput, DeviceAudit, RawKind, RawValue, Source};
use pagetally_snmp_engine::{Oid, Value};
use std::collections::BTreeMap;

/// How far apart in time the answers to one request and its repeats can be: ten seconds.
const TICKS_OF_A_REPEAT: u32 = 1_000;

/// What a device last served, by object.
pub(super) type Served = BTreeMap<Oid, Value>;

/// The SNMP sources of `audit` that were not served as they stand there: object and both values.
pub(super) fn invented(
    audit: &DeviceAudit,
    served: &Served,
) -> (u64, Vec<(String, String, String)>) {
    let mut looked_at = 0;
    let mut wrong = Vec::new();
    for source in audit.all_sources() {
        let Source::Snmp { oid, raw } = source else {
            continue;
        };
        looked_at += 1;
        let oid_served = Oid::new(oid.arcs()).ok();
        let value = oid_served.and_then(|oid| served.get(&oid));
        if !value.is_some_and(|value| is_raw(value, raw) || ran_on(value, raw)) {
            wrong.push((oid.to_string(), format!("{value:?}"), format!("{raw:?}")));
        }
    }
    (looked_at, wrong)
}

/// Whether `value` is a clock that ran on for at most a minute since `raw`: a request that was sent
/// twice is answered twice, and what was served last is not what came first.
fn ran_on(value: &Value, raw: &RawValue) -> bool {
    const MINUTE: u64 = 6_000;
    match (value, raw.kind, raw.text.parse::<u64>()) {
        (Value::TimeTicks(later), RawKind::TimeTicks, Ok(ticks)) => {
            (ticks..=ticks + MINUTE).contains(&u64::from(*later))
        }
        _ => false,
    }
}

/// Whether `value` follows from the object or the formula that stands as its source.
pub(super) fn follows(value: u64, source: &Source) -> bool {
    match source {
        Source::Snmp { raw, .. } if raw.kind == RawKind::OctetStringHex => {
            // Records of type and length: the number is one of the octet groups.
            [4, 8, 12, 16]
                .iter()
                .any(|width| raw.text.contains(&format!("{value:0width$x}")))
        }
        Source::Snmp { raw, .. } => {
            leading_number(&raw.text).is_some_and(|number| is_scaled(value, number))
        }
        Source::Derived { formula, inputs } => {
            evaluate(formula.as_str(), inputs).is_some_and(|number| is_scaled(value, number))
        }
        _ => false,
    }
}

/// The number itself, or a power of ten of it where the unit is a finer one.
fn is_scaled(value: u64, number: i64) -> bool {
    u64::try_from(number).is_ok_and(|number| {
        (0..=4).any(|power| number.checked_mul(10_u64.pow(power)) == Some(value))
    })
}

/// Some makers serve counters as text.
fn leading_number(text: &str) -> Option<i64> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

/// Works out sums and differences over the inputs' names: `total - mono`.
fn evaluate(formula: &str, inputs: &[DerivedInput]) -> Option<i64> {
    let mut sum = 0_i64;
    let mut sign = 1;
    for word in formula.split_whitespace() {
        match word {
            "+" => sign = 1,
            "-" => sign = -1,
            name => {
                let input = inputs.iter().find(|input| input.name.as_str() == name)?;
                sum = sum.checked_add(input.value.checked_mul(sign)?)?;
            }
        }
    }
    Some(sum)
}

fn is_raw(value: &Value, raw: &RawValue) -> bool {
    let hex = |octets: &[u8]| {
        octets
            .iter()
            .map(|octet| format!("{octet:02x}"))
            .collect::<String>()
    };
    let expected = match (value, raw.kind) {
        (Value::Integer(number), RawKind::Integer) => number.to_string(),
        (Value::OctetString(octets), RawKind::OctetString) => {
            String::from_utf8_lossy(octets).into_owned()
        }
        (Value::OctetString(octets), RawKind::OctetStringHex)
        | (Value::Opaque(octets), RawKind::Opaque) => hex(octets),
        (Value::ObjectIdentifier(oid), RawKind::ObjectIdentifier) => oid.to_string(),
        (Value::IpAddress(address), RawKind::IpAddress) => address.to_string(),
        (Value::Counter32(number), RawKind::Counter32)
        | (Value::Gauge32(number), RawKind::Gauge32) => number.to_string(),
        // Time goes on between two answers to a request that was sent twice: the first one counts, and
        // the last one is known here.
        (Value::TimeTicks(last), RawKind::TimeTicks) => {
            let before = raw.text.parse::<u32>().ok();
            let since = before.and_then(|booked| last.checked_sub(booked));
            return since.is_some_and(|ticks| ticks <= TICKS_OF_A_REPEAT);
        }
        (Value::Counter64(number), RawKind::Counter64) => number.to_string(),
        _ => return false,
    };
    expected == *raw.text
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagetally_model::{DottedOid, Text};

    fn raw(kind: RawKind, text: &str) -> RawValue {
        RawValue {
            kind,
            text: text.into(),
        }
    }

    #[test]
    fn another_number_or_another_type_was_not_served() {
        assert!(is_raw(&Value::Counter32(7), &raw(RawKind::Counter32, "7")));
        assert!(!is_raw(&Value::Counter32(7), &raw(RawKind::Counter32, "8")));
        assert!(!is_raw(&Value::Counter32(7), &raw(RawKind::Integer, "7")));
    }

    #[test]
    fn a_clock_may_run_on_and_never_back_and_nothing_else_may() {
        let ticks = raw(RawKind::TimeTicks, "500");
        assert!(ran_on(&Value::TimeTicks(502), &ticks));
        assert!(!ran_on(&Value::TimeTicks(499), &ticks));
        assert!(!ran_on(&Value::TimeTicks(6_501), &ticks));
        assert!(!ran_on(
            &Value::Counter32(501),
            &raw(RawKind::Counter32, "500")
        ));
    }

    #[test]
    fn a_number_that_its_object_does_not_hold_does_not_follow() {
        let source = |kind, text| Source::Snmp {
            oid: DottedOid::try_from("1.3".to_owned()).expect("an OID"),
            raw: raw(kind, text),
        };
        assert!(follows(42, &source(RawKind::Counter32, "42")));
        assert!(follows(420_000, &source(RawKind::Counter32, "42")));
        assert!(!follows(43, &source(RawKind::Counter32, "42")));
        assert!(follows(
            0x1234,
            &source(RawKind::OctetStringHex, "00010400001234ff")
        ));
        assert!(!follows(
            0x1235,
            &source(RawKind::OctetStringHex, "00010400001234ff")
        ));
    }

    #[test]
    fn a_formula_is_worked_out_anew() {
        let input = |name: &str, value| DerivedInput {
            name: Text::clean(name),
            value,
            source: Source::Snmp {
                oid: DottedOid::try_from("1.3".to_owned()).expect("an OID"),
                raw: raw(RawKind::Integer, "0"),
            },
        };
        let inputs = [input("total", 10), input("mono", 4)];
        assert_eq!(evaluate("total - mono", &inputs), Some(6));
        assert_eq!(evaluate("total - color", &inputs), None);
    }
}
