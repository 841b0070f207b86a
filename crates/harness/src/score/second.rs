//! What an independent program reads from the same recording, where it agrees with nobody. It is no
//! truth; it is a reason to look.

use super::LoneOpinion;
use super::alike::{same_maker, same_model, same_serial};
use super::expected::Expected;
use super::meters::value_of;
use super::sheet::clean;
use pagetally_model::{DeviceAudit, Text};

/// The other program's words for the statement's keys.
const KEYS: [(&str, &str); 12] = [
    ("TOTAL", "total"),
    ("BLACK", "mono"),
    ("COLOR", "color"),
    ("PRINTTOTAL", "prints"),
    ("PRINTBLACK", "prints_mono"),
    ("PRINTCOLOR", "prints_color"),
    ("COPYTOTAL", "copies"),
    ("COPYBLACK", "copies_mono"),
    ("COPYCOLOR", "copies_color"),
    ("FAXTOTAL", "fax"),
    ("SCANNED", "scans"),
    ("RECTOVERSO", "duplex"),
];

pub(super) fn lone_opinions(
    recording: &str,
    expected: &Expected,
    audit: &DeviceAudit,
) -> Vec<LoneOpinion> {
    let second = &expected.second_opinion;
    let identity = &audit.identity;
    let maker = expected.manufacturer.as_deref();
    let text = |text: &Option<Text>| text.as_ref().map(Text::to_string);
    let model = |one: &str, other: &str| same_model(one, other, maker);
    let mut lone = vec![
        alone(
            "manufacturer",
            second.manufacturer.clone(),
            expected.manufacturer.clone(),
            text(&identity.manufacturer),
            same_maker,
        ),
        alone(
            "model",
            second.model.clone(),
            expected.model.clone(),
            text(&identity.model),
            model,
        ),
        alone(
            "serial",
            second.serial.clone(),
            expected.serial.clone(),
            text(&identity.serial),
            same_serial,
        ),
    ];
    for (word, key) in KEYS {
        let opinion = second
            .pagecounters
            .get(word)
            .and_then(serde_json::Value::as_u64);
        let stated = expected.counters.get(key).copied().flatten();
        let got = value_of(key, &audit.meters);
        let number = |number: u64| number.to_string();
        lone.push(alone(
            key,
            opinion.map(number),
            stated.map(|stated| stated.0.to_string()),
            got.map(number),
            |one, other| one == other,
        ));
    }
    let lone = lone.into_iter().flatten();
    lone.map(|opinion| LoneOpinion {
        recording: clean(recording),
        ..opinion
    })
    .collect()
}

/// The opinion, where it differs from what is stated and from what the audit has.
fn alone(
    field: &str,
    opinion: Option<String>,
    expected: Option<String>,
    got: Option<String>,
    same: impl Fn(&str, &str) -> bool,
) -> Option<LoneOpinion> {
    let opinion = opinion?;
    let agrees = |other: &Option<String>| other.as_ref().is_some_and(|other| same(&opinion, other));
    if agrees(&expected) || agrees(&got) {
        return None;
    }
    Some(LoneOpinion {
        recording: String::new(),
        field: field.to_owned(),
        opinion: clean(&opinion),
        expected: expected.as_deref().map(clean),
        got,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(opinion: &str, expected: Option<&str>, got: Option<&str>) -> Option<LoneOpinion> {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        alone(
            "serial",
            owned(Some(opinion)),
            owned(expected),
            owned(got),
            same_serial,
        )
    }

    #[test]
    fn an_opinion_is_told_only_where_nobody_shares_it() {
        assert_eq!(field("A", Some("A"), Some("B")), None);
        assert_eq!(field("A", Some("B"), Some("A")), None);
        assert!(field("A", Some("B"), Some("B")).is_some());
        assert!(field("A", None, None).is_some());
    }
}
