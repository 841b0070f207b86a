//! `harness score` as scripts see it: exit codes, and what stands on which stream.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const RECORDING: &str = "1.3.6.1.2.1.1.1.0|4|ACME Jet 9\n\
    1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5\n\
    1.3.6.1.2.1.43.5.1.1.17.1|4|SN-4711\n";

fn folder(statement: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("jet.snmprec"), RECORDING).expect("written");
    fs::write(folder.path().join("jet.expected.json"), statement).expect("written");
    folder
}

fn harness(folder: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_harness"))
        .arg("score")
        .arg(folder)
        .args(more)
        .output()
        .expect("the harness runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn a_folder_with_nothing_wrong_exits_with_zero() {
    let folder = folder(r#"{"serial": "SN-4711"}"#);
    let output = harness(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).ends_with("nothing wrong\n"));
}

#[test]
fn a_wrong_value_exits_with_one_and_is_listed() {
    let folder = folder(r#"{"serial": "SN-4712"}"#);
    let output = harness(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    let report = text(&output.stdout);
    assert!(
        report.contains(r#"jet: serial: expected "SN-4712", got "SN-4711""#),
        "{report}"
    );
}

#[test]
fn a_known_disagreement_is_told_and_fails_nothing() {
    let folder = folder(r#"{"serial": "SN-4712"}"#);
    let document = folder.path().join("known.md");
    let row = "| jet | serial | SN-4712 | SN-4711 | 53 4e | the label was read wrongly |\n";
    fs::write(&document, row).expect("written");
    let document = document.display().to_string();
    let output = harness(folder.path(), &["--disagreements", &document]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("the label was read wrongly"));
}

#[test]
fn the_json_holds_every_finding() {
    let folder = folder(r#"{"serial": "SN-4712"}"#);
    let output = harness(folder.path(), &["--format", "json"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["failures"], 1);
    assert_eq!(document["score"]["findings"][0]["verdict"], "wrong");
}

#[test]
fn a_folder_that_cannot_be_used_exits_with_two_and_names_the_file() {
    let empty = tempfile::tempdir().expect("a folder");
    assert_eq!(harness(empty.path(), &[]).status.code(), Some(2));
    let broken = folder("{");
    let output = harness(broken.path(), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(
        text(&output.stderr).contains("jet.expected.json"),
        "{}",
        text(&output.stderr)
    );
}
