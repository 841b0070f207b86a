use super::super::testing::{self, provenance, verdicts};
use super::*;
use pagetally_model::{Exactness, MeterColor, MeterFunction, MeterSides, MeterSize};

fn meter(function: MeterFunction, color: MeterColor, value: u64) -> Meter {
    Meter {
        function,
        color,
        size: MeterSize::Any,
        sides: MeterSides::Any,
        unit: CounterUnit::Impressions,
        value,
        exactness: Exactness::Exact,
        source: provenance("acme.counter"),
    }
}

fn total(value: u64) -> Meter {
    meter(MeterFunction::Total, MeterColor::Any, value)
}

fn check(statement: &str, recording: &str, meters: &[Meter]) -> Vec<(String, Verdict)> {
    let mut audit = testing::audit();
    audit.meters = meters.to_vec();
    verdicts(statement, recording, |expected, evidence, sheet| {
        compare(expected, &audit, evidence, sheet);
    })
}

const BASIS: &str = r#""counters_basis": "device web page""#;

fn one(counters: &str, recording: &str, meters: &[Meter]) -> Verdict {
    let found = check(
        &format!("{{{BASIS}, \"counters\": {{{counters}}}}}"),
        recording,
        meters,
    );
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].1
}

#[test]
fn an_equal_meter_is_right_and_another_value_is_wrong() {
    assert_eq!(one(r#""total": 7"#, "", &[total(7)]), Verdict::Right);
    assert_eq!(one(r#""total": 7"#, "", &[total(8)]), Verdict::Wrong);
}

#[test]
fn a_meter_of_another_meaning_does_not_answer() {
    let prints = meter(MeterFunction::Print, MeterColor::Any, 7);
    let mono = meter(MeterFunction::Total, MeterColor::Mono, 7);
    let sheets = Meter {
        unit: CounterUnit::Sheets,
        ..total(7)
    };
    let held = "1.3.6.1.4.1.9.1|65|7\n";
    assert_eq!(
        one(r#""total": 7"#, held, &[prints, mono, sheets]),
        Verdict::Absent
    );
}

#[test]
fn a_missing_meter_counts_only_where_the_recording_holds_the_number() {
    assert_eq!(
        one(r#""total": 7"#, "1.3.6.1.4.1.9.1|65|7\n", &[]),
        Verdict::Absent
    );
    assert_eq!(
        one(r#""total": 7"#, "1.3.6.1.4.1.9.1|65|8\n", &[]),
        Verdict::NotInRecording
    );
}

#[test]
fn a_number_that_the_source_misses_in_snmp_does_not_count() {
    let statement =
        format!("{{{BASIS}, \"counters\": {{\"scans\": 7}}, \"not_in_snmp\": {{\"scans\": 7}}}}");
    let found = check(&statement, "1.3.6.1.4.1.9.1|65|7\n", &[]);
    assert_eq!(found, [("scans".to_owned(), Verdict::NotInRecording)]);
}

#[test]
fn a_stated_sum_proves_its_total() {
    let counters = r#""copies": 10, "copies_mono": 7, "copies_color": 3"#;
    let statement = format!("{{{BASIS}, \"counters\": {{{counters}}}}}");
    let recording = "1.3.6.1.4.1.9.1|65|7\n1.3.6.1.4.1.9.2|65|3\n";
    assert!(
        check(&statement, recording, &[])
            .iter()
            .all(|found| found.1 == Verdict::Absent)
    );
    // Without one of its parts the sum proves nothing.
    let found = check(&statement, "1.3.6.1.4.1.9.1|65|7\n", &[]);
    assert_eq!(found[0], ("copies".to_owned(), Verdict::NotInRecording));
}

#[test]
fn the_more_exact_of_two_meters_answers() {
    let assumed = Meter {
        exactness: Exactness::Assumed,
        ..total(9)
    };
    assert_eq!(
        one(r#""total": 7"#, "", &[assumed.clone(), total(7)]),
        Verdict::Right
    );
    assert_eq!(
        one(r#""total": 9"#, "", &[assumed, total(7)]),
        Verdict::Wrong
    );
}

#[test]
fn two_equally_exact_meters_that_differ_are_wrong() {
    assert_eq!(
        one(r#""total": 7"#, "", &[total(7), total(8)]),
        Verdict::Wrong
    );
}

#[test]
fn duplex_may_be_the_engine_s_or_the_printing_function_s() {
    let duplex = |function, value| Meter {
        sides: MeterSides::Duplex,
        ..meter(function, MeterColor::Any, value)
    };
    let print = [duplex(MeterFunction::Print, 7)];
    assert_eq!(one(r#""duplex": 7"#, "", &print), Verdict::Right);
    assert_eq!(one(r#""duplex": 8"#, "", &print), Verdict::Wrong);
    let both = [
        duplex(MeterFunction::Total, 9),
        duplex(MeterFunction::Print, 7),
    ];
    assert_eq!(one(r#""duplex": 7"#, "", &both), Verdict::Right);
    assert_eq!(one(r#""duplex": 9"#, "", &both), Verdict::Right);
    assert_eq!(one(r#""duplex": 8"#, "", &both), Verdict::Wrong);
}

#[test]
fn a_duplex_count_of_sheets_may_agree_and_does_not_contradict() {
    let sheets = [Meter {
        sides: MeterSides::Duplex,
        unit: CounterUnit::Sheets,
        ..total(7)
    }];
    assert_eq!(one(r#""duplex": 7"#, "", &sheets), Verdict::Right);
    assert_eq!(one(r#""duplex": 8"#, "", &sheets), Verdict::NotInRecording);
}

#[test]
fn somebody_s_mapping_is_a_section_of_its_own() {
    let mut audit = testing::audit();
    audit.meters = vec![total(8)];
    let expected = serde_json::from_str(r#"{"counters": {"total": 7}}"#).expect("valid");
    let mut sheet = Sheet::new("synthetic", None);
    compare(&expected, &audit, &Evidence::default(), &mut sheet);
    let found = sheet.into_findings();
    assert_eq!(
        (found[0].section, found[0].verdict),
        (Section::ByMapping, Verdict::Wrong)
    );
    assert!(!found[0].section.is_binding());
}

#[test]
fn a_life_count_is_the_marker_s_and_never_a_meter() {
    let mut audit = testing::audit();
    audit.meters = vec![total(7)];
    let statement = format!("{{{BASIS}, \"counters\": {{\"life_impressions\": 7}}}}");
    let run = |audit: &DeviceAudit| {
        verdicts(
            &statement,
            "1.3.6.1.4.1.9.1|65|7\n",
            |expected, evidence, sheet| {
                compare(expected, audit, evidence, sheet);
            },
        )[0]
        .1
    };
    assert_eq!(run(&audit), Verdict::Absent);
    audit.markers = vec![Marker {
        slot: "1.1".into(),
        technology: None,
        unit: CounterUnit::Impressions,
        life_count: Some(7),
        power_on_count: None,
        sources: [("lifeCount".to_owned(), provenance("rfc3805"))].into(),
    }];
    assert_eq!(run(&audit), Verdict::Right);
    audit.markers[0].unit = CounterUnit::Sheets;
    assert_eq!(run(&audit), Verdict::Wrong);
    audit.markers[0].unit = CounterUnit::Unknown;
    audit.markers[0].life_count = Some(8);
    assert_eq!(run(&audit), Verdict::Wrong);
}
