use super::super::Verdict;
use super::super::testing::{self, provenance, verdicts};
use super::*;
use pagetally_model::{CounterUnit, Exactness, LevelReading, Measures, SupplyClass};

fn supply(slot: &str, kind: SupplyKind, description: &str, level: Level) -> Supply {
    Supply {
        slot: slot.into(),
        description: Some(description.into()),
        kind,
        class: SupplyClass::Consumed,
        colorant: None,
        level: LevelReading {
            level,
            exactness: Exactness::Exact,
        },
        measures: Measures::Remaining,
        unit: CounterUnit::Percent,
        capacity: None,
        place: None,
        replaced: None,
        part_number: None,
        serial: None,
        sources: [("level".to_owned(), provenance("rfc3805"))].into(),
    }
}

fn check(statement: &str, recording: &str, supplies: &[Supply]) -> Vec<(String, Verdict)> {
    let mut audit = testing::audit();
    audit.supplies = supplies.to_vec();
    verdicts(statement, recording, |expected, evidence, sheet| {
        compare(expected, &audit, evidence, sheet);
    })
}

/// The verdict on the level alone.
fn level(stated: &str, recording: &str, supplies: &[Supply]) -> Verdict {
    let found = check(
        &format!("{{\"supplies\": [{stated}]}}"),
        recording,
        supplies,
    );
    found
        .iter()
        .find(|found| found.0 == "level_percent")
        .expect("a level")
        .1
}

fn toner(level: Level) -> Supply {
    supply("1.1", SupplyKind::Toner, "Black Toner", level)
}

#[test]
fn an_equal_level_is_right_and_another_one_is_wrong() {
    let stated = r#"{"index": 1, "level_percent": 50}"#;
    assert_eq!(
        level(stated, "", &[toner(Level::Percent(50))]),
        Verdict::Right
    );
    assert_eq!(
        level(stated, "", &[toner(Level::Percent(49))]),
        Verdict::Right
    );
    assert_eq!(
        level(stated, "", &[toner(Level::Percent(48))]),
        Verdict::Wrong
    );
    let half = Level::OfCapacity {
        amount: 60,
        capacity: 120,
    };
    assert_eq!(level(stated, "", &[toner(half)]), Verdict::Right);
}

#[test]
fn a_percentage_where_the_device_gives_no_number_is_wrong() {
    let stated = r#"{"index": 1, "level_percent": null}"#;
    assert_eq!(
        level(stated, "", &[toner(Level::Percent(50))]),
        Verdict::Wrong
    );
    assert_eq!(
        level(stated, "", &[toner(Level::SomeRemaining)]),
        Verdict::Right
    );
}

#[test]
fn a_missing_level_counts_only_where_the_recording_holds_it() {
    let stated = r#"{"kind": "toner", "color": "black", "level_percent": 72}"#;
    let held = "1.3.6.1.4.1.9.3|4x|6f010400001c20ff\n";
    assert_eq!(level(stated, held, &[]), Verdict::Absent);
    assert_eq!(level(stated, "", &[]), Verdict::NotInRecording);
}

#[test]
fn steps_of_ten_are_forgiven_on_a_web_page_only() {
    let stated = r#"[{"index": 1, "level_percent": 30}]"#;
    let audit = [toner(Level::Percent(28))];
    for (basis, verdict) in [
        ("device web page", Verdict::Right),
        ("test expectation", Verdict::Wrong),
    ] {
        let statement = format!("{{\"counters_basis\": \"{basis}\", \"supplies\": {stated}}}");
        let found = check(&statement, "", &audit);
        assert_eq!(
            found.last(),
            Some(&("level_percent".to_owned(), verdict)),
            "{basis}"
        );
    }
}

#[test]
fn rows_are_matched_by_index_before_anything_else() {
    let supplies = [
        supply("1.2", SupplyKind::Toner, "Black Toner", Level::Percent(10)),
        supply("1.12", SupplyKind::Toner, "Cyan Toner", Level::Percent(20)),
    ];
    let stated = r#"{"index": 12, "description": "Black Toner", "level_percent": 20}"#;
    assert_eq!(level(stated, "", &supplies), Verdict::Right);
}

#[test]
fn rows_without_index_are_matched_by_kind_and_colour_and_never_by_level() {
    let mut black = supply("a", SupplyKind::Toner, "x", Level::Percent(10));
    black.colorant = Some("black".into());
    let mut cyan = supply("b", SupplyKind::Toner, "y", Level::Percent(72));
    cyan.colorant = Some("cyan".into());
    let stated = r#"{"kind": "toner", "color": "black", "level_percent": 72}"#;
    assert_eq!(level(stated, "", &[cyan, black]), Verdict::Wrong);
}

#[test]
fn a_mark_in_brackets_tells_equal_parts_apart() {
    let drums = [
        supply(
            "1.5",
            SupplyKind::Opc,
            "Drum Cartridge (R1)",
            Level::Percent(81),
        ),
        supply(
            "1.6",
            SupplyKind::Opc,
            "Drum Cartridge (R2)",
            Level::Percent(86),
        ),
    ];
    let stated = r#"{"description": "Cartuccia fotoricettore (R2)", "level_percent": 86}"#;
    assert_eq!(level(stated, "", &drums), Verdict::Right);
}

#[test]
fn a_capacity_that_the_source_made_up_does_not_count() {
    let raw =
        r#""raw": {"prtMarkerSupplies": [{"index": "1.1", "max_capacity": -2, "level": -3}]}"#;
    let statement = format!(r#"{{"supplies": [{{"index": 1, "capacity": 100}}], {raw}}}"#);
    let found = check(&statement, "", &[toner(Level::SomeRemaining)]);
    assert!(found.iter().all(|found| found.0 != "capacity"), "{found:?}");
}

#[test]
fn another_kind_and_another_colour_are_wrong() {
    let mut drum = supply("1.1", SupplyKind::Opc, "x", Level::Unknown);
    drum.colorant = Some("cyan".into());
    let found = check(
        r#"{"supplies": [{"index": 1, "kind": "toner", "color": "black"}]}"#,
        "",
        &[drum],
    );
    assert_eq!(found[0], ("kind".to_owned(), Verdict::Wrong));
    assert_eq!(found[1], ("color".to_owned(), Verdict::Wrong));
}

#[test]
fn toner_where_ink_is_stated_is_a_wrong_kind_and_no_missing_supply() {
    let mut toner = supply("a", SupplyKind::Toner, "x", Level::Percent(47));
    toner.colorant = Some("black".into());
    let stated = r#"{"kind": "ink", "color": "black", "level_percent": 47}"#;
    let found = check(&format!("{{\"supplies\": [{stated}]}}"), "", &[toner]);
    assert_eq!(found[0], ("kind".to_owned(), Verdict::Wrong));
    assert_eq!(found[2], ("level_percent".to_owned(), Verdict::Right));
}
