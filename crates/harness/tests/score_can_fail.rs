//! The score itself: statements that are made false are found wrong.

use pagetally_harness::score::{Definitions, Finding, Score, Section, Verdict, score_folder};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A small folder of our own: its truth is right before it is made false.
const RECORDING: &str = "\
1.3.6.1.2.1.1.1.0|4|KYOCERA Document Solutions Printing System\n\
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1347.41\n\
1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5\n\
1.3.6.1.2.1.25.3.2.1.3.1|4|ECOSYS P2040dw\n\
1.3.6.1.2.1.43.5.1.1.17.1|4|EX00000001\n\
1.3.6.1.2.1.43.10.2.1.3.1.1|2|7\n\
1.3.6.1.2.1.43.10.2.1.4.1.1|65|7432\n\
1.3.6.1.2.1.43.11.1.1.4.1.1|2|3\n\
1.3.6.1.2.1.43.11.1.1.5.1.1|2|3\n\
1.3.6.1.2.1.43.11.1.1.6.1.1|4|TK-1162\n\
1.3.6.1.2.1.43.11.1.1.7.1.1|2|7\n\
1.3.6.1.2.1.43.11.1.1.8.1.1|2|7200\n\
1.3.6.1.2.1.43.11.1.1.9.1.1|2|3600\n\
1.3.6.1.4.1.1347.43.10.1.1.12.1.1|65|7342\n";

const STATEMENT: &str = r#"{
    "manufacturer": "Kyocera", "serial": "EX00000001", "model": "ECOSYS P2040dw",
    "counters": {"total": 7342, "life_impressions": 7432, "jams": 3},
    "counters_basis": "device web page",
    "supplies": [{"index": 1, "description": "TK-1162", "level_percent": 50, "capacity": 7200}]
}"#;

fn scored(folder: &Path) -> Score {
    score_folder(folder, None, &Definitions::builtin()).expect("a folder that can be scored")
}

/// What a finding is about, in its recording.
fn about(finding: &Finding) -> (String, Section, String, Option<String>) {
    let place = finding.place.clone();
    (
        finding.recording.clone(),
        finding.section,
        finding.field.clone(),
        place,
    )
}

/// Makes numbers and serial numbers false that a statement gives.
fn falsify(statement: &mut Value) {
    if let Some(serial) = statement["serial"].as_str() {
        statement["serial"] = format!("{serial}X").into();
    }
    for (_, number) in statement["counters"].as_object_mut().into_iter().flatten() {
        if let Some(stated) = number.as_u64() {
            *number = (stated + 1_000_003).into();
        }
    }
    for supply in statement["supplies"].as_array_mut().into_iter().flatten() {
        if let Some(percent) = supply["level_percent"].as_f64() {
            supply["level_percent"] = if percent < 50.0 { 97 } else { 3 }.into();
        }
    }
}

/// Scores a folder as it is and with false statements: what was right must be wrong then.
fn check(folder: &Path) -> usize {
    let truth = scored(folder);
    let false_folder = tempfile::tempdir().expect("a folder");
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let to = false_folder.path().join(&name);
        if name.ends_with(".expected.json") {
            let bytes = fs::read(&path).expect("read");
            let mut statement: Value = serde_json::from_slice(&bytes).expect("JSON");
            falsify(&mut statement);
            fs::write(to, statement.to_string()).expect("written");
        } else if name.ends_with(".snmprec") {
            fs::copy(&path, to).expect("copied");
        }
    }
    let falsified = scored(false_folder.path());
    let wrong: BTreeSet<_> = falsified.failures().map(about).collect();
    let made_false = |finding: &&Finding| match finding.section {
        Section::Identity => finding.field == "serial",
        // A duplex counter may count sheets or sides: where it differs, nothing is said.
        Section::Meters => finding.field != "duplex",
        // A level without a number stays as it is stated.
        Section::Supplies => {
            finding.field == "level_percent" && finding.expected.parse::<u8>().is_ok()
        }
        _ => false,
    };
    let right = truth
        .findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Right);
    let right: Vec<_> = right.filter(made_false).map(about).collect();
    let missed: Vec<_> = right
        .iter()
        .filter(|about| !wrong.contains(about))
        .collect();
    assert!(missed.is_empty(), "false, and not found wrong: {missed:?}");
    right.len()
}

#[test]
fn a_false_statement_is_wrong_in_every_field() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("p.snmprec"), RECORDING).expect("written");
    fs::write(folder.path().join("p.expected.json"), STATEMENT).expect("written");
    let score = scored(folder.path());
    assert_eq!(score.failures().count(), 0, "{}", score.to_table());
    assert!(score.to_table().contains("jams (1)"));
    assert!(check(folder.path()) >= 4);
}

#[test]
fn a_false_statement_of_a_recorded_device_is_wrong_in_every_field() {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/printers");
    let folder = std::env::var_os("PAGETALLY_RECORDINGS").map_or(beside.into(), PathBuf::from);
    if !folder.is_dir() {
        use std::io::Write as _;
        let required = std::env::var("PAGETALLY_REQUIRE_PEERS").is_ok_and(|value| value == "1");
        assert!(!required, "no recordings at {}", folder.display());
        let text = format!("SKIPPED: no recordings at {}\n", folder.display());
        let _ = std::io::stderr().write_all(text.as_bytes());
        return;
    }
    assert!(check(&folder) > 0);
}

#[test]
fn a_statement_of_another_layout_is_compared_where_it_can_be() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("p.snmprec"), RECORDING).expect("written");
    let statement = r#"{"serial": "EX00000001", "model": {"name": "ECOSYS"}, "supplies": "none",
        "counters": {"total": "7343", "weekly": [1, 2]}, "counters_basis": "device web page"}"#;
    fs::write(folder.path().join("p.expected.json"), statement).expect("written");
    let score = scored(folder.path());
    assert_eq!(score.failures().count(), 1, "{}", score.to_table());
    let mut left_out = score.not_compared.clone();
    left_out.sort();
    assert_eq!(left_out, ["p: counters.weekly", "p: model", "p: supplies"]);
    assert!(score.to_table().contains("p: counters.weekly"));
}
