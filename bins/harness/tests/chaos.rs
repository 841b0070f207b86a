//! `harness chaos`, small: with the shipped program, its Central in a process of its own.

use std::process::{Command, Output};

fn chaos(words: &[&str]) -> (Output, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_harness"))
        .arg("chaos")
        .args(words)
        .output()
        .expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, text)
}

#[test]
fn what_goes_wrong_on_the_line_and_at_central_loses_nothing_and_books_nothing_twice() {
    let (output, text) = chaos(&["--submissions", "80", "--agents", "8"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{said}");
    assert!(text.starts_with("seed "), "{text}");
    assert!(
        text.contains("printers, agents and Central say the same"),
        "{text}"
    );
}

#[test]
fn a_run_whose_agents_store_no_receipts_fails() {
    let words = [
        "--submissions",
        "20",
        "--agents",
        "4",
        "--mutate",
        "receipts",
    ];
    let (output, text) = chaos(&words);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("were sent again"), "{text}");
}
