//! `onsite replay`, as a process.

mod common;

use common::{onsite, recordings, run, said};
use pagetally_model::{DeviceAudit, Text};
use serde_json::Value;
use std::path::{Path, PathBuf};

const MINIMAL: &str = "1.3.6.1.2.1.1.1.0|4|ACME Printer 9\n\
    1.3.6.1.2.1.1.5.0|4|=cmd()\n\
    1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5\n\
    1.3.6.1.2.1.25.3.2.1.3.1|4|ACME Printer 9\n\
    1.3.6.1.2.1.43.5.1.1.17.1|4|SN-1\n\
    1.3.6.1.2.1.43.10.2.1.3.1.1|2|7\n\
    1.3.6.1.2.1.43.10.2.1.4.1.1|65|4711\n\
    1.3.6.1.2.1.43.11.1.1.3.1.1|2|1\n\
    1.3.6.1.2.1.43.11.1.1.4.1.1|2|3\n\
    1.3.6.1.2.1.43.11.1.1.5.1.1|2|3\n\
    1.3.6.1.2.1.43.11.1.1.6.1.1|4|Black Toner\n\
    1.3.6.1.2.1.43.11.1.1.7.1.1|2|19\n\
    1.3.6.1.2.1.43.11.1.1.8.1.1|2|-2\n\
    1.3.6.1.2.1.43.11.1.1.9.1.1|2|-3\n";

fn file(folder: &Path, name: &str, content: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, content).expect("writable");
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn one_recording_is_one_document() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(folder.path(), "acme.snmprec", MINIMAL);
    let said = run(&["replay", &path, "--format", "json"]).ends_with(0);
    let audit: DeviceAudit = serde_json::from_str(&said.out).expect("an audit");
    assert_eq!(audit.format, 1);
    assert_eq!(audit.identity.serial, Text::non_empty("SN-1"));
    assert_eq!(audit.markers[0].life_count, Some(4711));
    assert_eq!(audit.supplies[0].level.level.state(), "some-remaining");
    assert_eq!(audit.check_sources(), Ok(()));
    assert!(said.err.is_empty(), "{}", said.err);
}

#[test]
fn several_recordings_are_an_array_in_their_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = file(folder.path(), "a.snmprec", MINIMAL);
    let second = file(folder.path(), "b.snmprec", &MINIMAL.replace("SN-1", "SN-2"));
    let said = run(&["replay", &second, &first, "--format", "json"]).ends_with(0);
    let serials: Vec<Value> = said
        .json()
        .as_array()
        .expect("an array")
        .iter()
        .map(|audit| audit["identity"]["serial"].clone())
        .collect();
    assert_eq!(serials, ["SN-2", "SN-1"]);
}

#[test]
fn a_broken_recording_is_named_with_its_line_and_stops_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = file(folder.path(), "good.snmprec", MINIMAL);
    let bad = file(folder.path(), "bad.snmprec", "1.3.6|2|1\nnonsense\n");
    let said = run(&["replay", &bad, &good, "--format", "json"]).ends_with(3);
    assert!(said.err.contains("bad.snmprec: line 2"), "{}", said.err);
    assert_eq!(said.json().as_array().map(Vec::len), Some(1));

    let said = run(&["replay", &bad, "--format", "json"]).ends_with(4);
    assert!(said.out.is_empty(), "{}", said.out);
    let said = run(&["replay", "/no/such/file.snmprec"]).ends_with(4);
    assert!(said.err.contains("/no/such/file.snmprec"), "{}", said.err);
}

#[test]
fn the_table_says_some_left_and_invents_no_percentage() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(folder.path(), "acme.snmprec", MINIMAL);
    let said = run(&["replay", &path]).ends_with(0);
    assert!(said.out.contains("some left"), "{}", said.out);
    assert!(said.out.contains("SN-1"), "{}", said.out);
    assert!(!said.out.contains('%'), "{}", said.out);
}

#[test]
fn csv_is_no_formula_and_ends_its_lines_as_rfc_4180_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(folder.path(), "acme.snmprec", MINIMAL);
    let said = run(&["replay", &path, "--format", "csv"]).ends_with(0);
    let lines: Vec<&str> = said.out.split("\r\n").collect();
    assert_eq!(lines.len(), 3, "{:?}", said.out);
    assert!(lines[0].starts_with("address,"), "{}", lines[0]);
    assert!(lines[1].contains(",'=cmd(),"), "{}", lines[1]);
    let columns = lines[0].split(',').count();
    assert_eq!(lines[1].split(',').count(), columns);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(folder.path(), "acme.snmprec", MINIMAL);
    let mut child = onsite()
        .args(["replay", "--format", "json"])
        .args(std::iter::repeat_n(path.as_str(), 200))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let said = said(child.wait_with_output().expect("it ends")).ends_with(0);
    assert!(said.err.is_empty(), "{}", said.err);
}

/// Every recording that there is, in one process.
fn all() -> Option<(Vec<PathBuf>, Vec<DeviceAudit>)> {
    let folder = recordings()?;
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("readable")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "snmprec"))
        .collect();
    files.sort();
    let output = onsite()
        .args(["replay", "--format", "json"])
        .args(&files)
        .output()
        .expect("the program starts");
    let said = said(output).ends_with(0);
    assert!(said.err.is_empty(), "{}", said.err);
    let audits: Vec<DeviceAudit> = serde_json::from_str(&said.out).expect("audits");
    assert_eq!(audits.len(), files.len());
    Some((files, audits))
}

#[test]
fn every_recording_becomes_an_audit_whose_values_all_have_sources() {
    let Some((files, audits)) = all() else { return };
    for (file, audit) in files.iter().zip(&audits) {
        assert_eq!(audit.check_sources(), Ok(()), "{}", file.display());
        assert_eq!(audit.address, None);
    }
}

/// What the recordings' own ground truth says of the Printer MIB's objects.
#[test]
fn what_the_printer_mib_states_comes_out_of_every_full_recording() {
    let Some((files, audits)) = all() else { return };
    let folder = files[0].parent().expect("a folder");
    let index = std::fs::read_to_string(folder.join("INDEX.tsv")).expect("an index");
    let mut header = index.lines().next().expect("a header").split('\t');
    let kind = header.position(|name| name == "kind").expect("a column");
    let mut checked = 0;
    for line in index.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        if !matches!(fields[kind], "full" | "mib-2 only") {
            continue;
        }
        let place = files
            .iter()
            .position(|file| file.file_name().is_some_and(|name| name == fields[0]))
            .expect("every row has its file");
        let expected = files[place].with_extension("expected.json");
        let text = std::fs::read_to_string(expected).expect("ground truth");
        let truth: Value = serde_json::from_str(&text).expect("JSON");
        check(fields[0], &truth["raw"], &audits[place]);
        checked += 1;
    }
    assert!(checked >= 10, "only {checked} recordings were looked at");
}

fn check(name: &str, raw: &Value, audit: &DeviceAudit) {
    let description = raw["sysDescr"].as_str().and_then(Text::non_empty);
    assert_eq!(audit.identity.description, description, "{name}: sysDescr");
    let serial = raw["prtGeneralSerialNumber"]["1"]
        .as_str()
        .unwrap_or_default()
        .trim();
    if serial.chars().any(|c| c != '0') {
        let read = audit.identity.serial.as_ref().map_or("", Text::as_str);
        assert!(
            !read.is_empty() && serial.starts_with(read),
            "{name}: serial {read:?} of {serial:?}"
        );
    }
    for marker in raw["prtMarker"].as_array().into_iter().flatten() {
        let slot = marker["index"].as_str().expect("an index");
        let read = audit.markers.iter().find(|m| m.slot.as_str() == slot);
        let read = read.unwrap_or_else(|| panic!("{name}: no marker {slot}"));
        if let Some(count) = marker["life_count"].as_u64() {
            assert_eq!(read.life_count, Some(count), "{name}: marker {slot}");
        }
    }
    for supply in raw["prtMarkerSupplies"].as_array().into_iter().flatten() {
        check_supply(name, supply, audit);
    }
}

fn check_supply(name: &str, supply: &Value, audit: &DeviceAudit) {
    let slot = supply["index"].as_str().expect("an index");
    let read = audit.supplies.iter().find(|s| s.slot.as_str() == slot);
    let read = read.unwrap_or_else(|| panic!("{name}: no supply {slot}"));
    let (level, capacity) = (supply["level"].as_i64(), supply["max_capacity"].as_i64());
    let level_read = read.level.level;
    match (level, capacity) {
        (Some(-3), _) => assert_eq!(level_read.state(), "some-remaining", "{name}: {slot}"),
        (Some(-2), _) => assert_eq!(level_read.state(), "unknown", "{name}: {slot}"),
        (Some(level @ 0..), Some(capacity @ 1..)) if level <= capacity => {
            let percent = u8::try_from(level * 100 / capacity).ok();
            assert_eq!(level_read.percent(), percent, "{name}: {slot}");
        }
        _ => {}
    }
}
