//! Inputs of paper, against what the source states. Rows are matched by prtInputIndex.

use super::Section;
use super::alike::same_description;
use super::expected::{Expected, RawInput, StatedSupply};
use super::sheet::{At, Got, Proof, Sheet, word_of};
use super::supplies::{last_arc, name_of};
use pagetally_model::{DeviceAudit, Text, Tray};

pub(super) fn compare(expected: &Expected, audit: &DeviceAudit, sheet: &mut Sheet) {
    for stated in &expected.inputs {
        let Some(index) = stated.index else { continue };
        let index = index.0.to_string();
        let tray = audit
            .trays
            .iter()
            .find(|tray| last_arc(tray.slot.as_str()) == index);
        let raw = expected
            .raw
            .prtInput
            .iter()
            .find(|raw| last_arc(&raw.index) == index);
        compare_input(stated, raw, tray, &name_of(stated), sheet);
    }
}

fn compare_input(
    stated: &StatedSupply,
    raw: Option<&RawInput>,
    tray: Option<&Tray>,
    place: &str,
    sheet: &mut Sheet,
) {
    let at = |field| At {
        section: Section::Inputs,
        field,
        place: Some(place),
    };
    let held = || Proof::Held("prtInputTable".to_owned());
    if let Some(description) = stated.description.as_deref() {
        let texts = |tray: &Tray| [tray.name.clone(), tray.description.clone()];
        let named: Vec<Text> = tray.map(texts).into_iter().flatten().flatten().collect();
        let same = named
            .iter()
            .any(|text| same_description(description, text.as_str()));
        let got = tray
            .zip(named.first())
            .map(|(t, n)| Got::of(n, &t.sources, "name"));
        sheet.compare(at("description"), description, got, same, held);
    }
    let percent = tray
        .and_then(|tray| tray.level.level.percent())
        .map(i64::from);
    match (stated.level_percent, tray) {
        (Some(level), _) => {
            let same = percent.is_some_and(|percent| percent.abs_diff(level.0) <= 1);
            let got = tray
                .zip(percent)
                .map(|(t, p)| Got::of(p, &t.sources, "level"));
            sheet.compare(at("level_percent"), level.0, got, same, held);
        }
        (None, Some(tray)) => {
            let text = percent.map_or(word_of(tray.level.level), |p| p.to_string());
            let got = Got::of(text, &tray.sources, "level");
            sheet.compare(
                at("level_percent"),
                "no number",
                Some(got),
                percent.is_none(),
                held,
            );
        }
        (None, None) => {}
    }
    // Sources put 100 where the device states no capacity.
    let is_made_up = |stated| raw.is_some_and(|raw| raw.max_capacity != Some(stated));
    if let Some(stated) = stated.capacity.filter(|stated| !is_made_up(*stated))
        && let Some(capacity) = stated.unsigned()
    {
        let found = tray.and_then(|tray| tray.capacity);
        let got = tray
            .zip(found)
            .map(|(t, c)| Got::of(c, &t.sources, "capacity"));
        sheet.compare(at("capacity"), capacity, got, found == Some(capacity), held);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::super::testing::{self, provenance, verdicts};
    use super::*;
    use pagetally_model::{CounterUnit, Exactness, Level, LevelReading};

    #[test]
    fn an_input_of_paper_is_compared_like_a_supply() {
        let tray = Tray {
            slot: "1.2".into(),
            name: Some("Tray 1".into()),
            description: None,
            kind: None,
            media: None,
            level: LevelReading {
                level: Level::SomeRemaining,
                exactness: Exactness::Exact,
            },
            unit: CounterUnit::Sheets,
            capacity: Some(550),
            status: None,
            sources: [("level".to_owned(), provenance("rfc3805"))].into(),
        };
        let mut audit = testing::audit();
        audit.trays = vec![tray];
        let statement = r#"{"inputs": [{"index": 2, "description": "Tray 1", "level_percent": 33,
        "capacity": 500}]}"#;
        let found = verdicts(statement, "", |expected, _, sheet| {
            compare(expected, &audit, sheet);
        });
        let verdicts: Vec<Verdict> = found.iter().map(|found| found.1).collect();
        assert_eq!(verdicts, [Verdict::Right, Verdict::Absent, Verdict::Wrong]);
    }
}
