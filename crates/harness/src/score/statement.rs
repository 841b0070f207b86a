//! Reading a statement, also one of another layout than is known: what has another form than it should
//! is left out and named, and the rest is compared.

use super::expected::Expected;
use serde::Deserialize as _;
use serde_json::{Map, Value};

/// The statement, and the places of it that could not be read: `counters.total`, `supplies[2].level`.
///
/// # Errors
///
/// Bytes that are no JSON object.
pub(super) fn read(bytes: &[u8]) -> Result<(Expected, Vec<String>), serde_json::Error> {
    // A list would pass for a statement that states nothing.
    let document: Map<String, Value> = serde_json::from_slice(bytes)?;
    let mut left_out = Vec::new();
    let fits = |document: &Value| Expected::deserialize(document).is_ok();
    let document = salvage(Value::Object(document), "", &fits, &mut left_out);
    let expected = Expected::deserialize(document.unwrap_or_default())?;
    Ok((expected, left_out))
}

/// What of a value fits where it stands: all of it, its members that do, or the number that a text
/// holds. The places of the others are noted.
fn salvage(
    value: Value,
    at: &str,
    fits: &dyn Fn(&Value) -> bool,
    left_out: &mut Vec<String>,
) -> Option<Value> {
    if fits(&value) {
        return Some(value);
    }
    match value {
        Value::Object(members) if fits(&Value::Object(Map::new())) => {
            let mut kept = Map::new();
            for (key, member) in members {
                let at = match at {
                    "" => key.clone(),
                    at => format!("{at}.{key}"),
                };
                let alone = |member: &Value| {
                    let members = [(key.clone(), member.clone())];
                    fits(&Value::Object(members.into_iter().collect()))
                };
                if let Some(member) = salvage(member, &at, &alone, left_out) {
                    kept.insert(key, member);
                }
            }
            return Some(Value::Object(kept));
        }
        Value::Array(items) if fits(&Value::Array(Vec::new())) => {
            let alone = |item: &Value| fits(&Value::Array(vec![item.clone()]));
            let items = items.into_iter().enumerate();
            let kept = items.filter_map(|(place, item)| {
                salvage(item, &format!("{at}[{place}]"), &alone, left_out)
            });
            return Some(Value::Array(kept.collect()));
        }
        // A number written as text is a number, and the other way round.
        Value::String(text) => {
            if let Ok(number) = text.trim().parse::<i64>()
                && fits(&Value::from(number))
            {
                return Some(Value::from(number));
            }
        }
        Value::Number(number) => {
            let text = Value::String(number.to_string());
            if fits(&text) {
                return Some(text);
            }
        }
        _ => {}
    }
    left_out.push(if at.is_empty() {
        "(all)".to_owned()
    } else {
        at.to_owned()
    });
    None
}

#[cfg(test)]
mod tests {
    use super::super::expected::Whole;
    use super::*;

    fn check(text: &str) -> (Expected, Vec<String>) {
        read(text.as_bytes()).expect("an object")
    }

    #[test]
    fn a_known_statement_is_read_whole() {
        let (expected, left_out) = check(r#"{"serial": "A", "counters": {"total": 7}}"#);
        assert_eq!(expected.serial.as_deref(), Some("A"));
        assert_eq!(expected.counters["total"], Some(Whole(7)));
        assert!(left_out.is_empty());
    }

    #[test]
    fn what_has_another_form_is_named_and_the_rest_is_read() {
        let (expected, left_out) = check(
            r#"{"serial": 4711, "model": ["a"], "notes": [1, 2],
                "counters": {"total": "6466", "mono": {"value": 3}, "color": 12, "since": "May"},
                "supplies": [{"description": "Toner", "level": "some"}, 7, {"level": 3}]}"#,
        );
        assert_eq!(expected.serial.as_deref(), Some("4711"));
        assert_eq!(expected.counters["total"], Some(Whole(6466)));
        assert_eq!(expected.counters["color"], Some(Whole(12)));
        assert_eq!(expected.supplies.len(), 2);
        assert_eq!(expected.supplies[1].level, Some(Whole(3)));
        let mut left_out = left_out;
        left_out.sort();
        assert_eq!(
            left_out,
            [
                "counters.mono",
                "counters.since",
                "model",
                "supplies[0].level",
                "supplies[1]"
            ]
        );
    }

    #[test]
    fn what_is_no_object_is_no_statement() {
        for text in ["", "[]", "7", "{"] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
