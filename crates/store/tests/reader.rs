//! The reader in docs/storage-format.md reads a store that was made just now.

mod common;

use common::{agent, agreed, at, context, open, pass, serial};
use pagetally_store::{Receipt, Retention};
use std::path::Path;
use std::process::Command;

/// The Python code at the end of the page.
fn reader() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/storage-format.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let (_, code) = page.rsplit_once("```python\n").expect("it ends with code");
    code.split("```").next().unwrap_or_default().to_owned()
}

fn dictionary() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("dictionaries/audit-1.zdict")
}

/// Whether the reader's needs are here; says so where they are not.
fn peers_are_here() -> bool {
    let python = Command::new("python3")
        .args(["-c", "import cryptography"])
        .output()
        .is_ok_and(|output| output.status.success());
    let zstd = Command::new("zstd").arg("--version").output().is_ok();
    if !python || !zstd {
        assert!(
            std::env::var_os("PAGETALLY_REQUIRE_PEERS").is_none(),
            "python3 with cryptography, or zstd, is missing"
        );
        println!("SKIPPED: python3 with cryptography, or zstd, is missing");
    }
    python && zstd
}

#[test]
fn the_documented_reader_reads_a_fresh_store_one_with_rotated_keys_and_one_with_packed_history() {
    if !peers_are_here() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    store.set_identity(&agent()).expect("stored");
    store
        .commit_pass(pass(1, 3), &context(&agent(), 0))
        .expect("stored");
    let script = folder.path().join("reader.py");
    std::fs::write(&script, reader()).expect("written");
    for state in ["fresh", "rotated", "thinned"] {
        if state == "rotated" {
            store.begin_key_rotation(at(1)).expect("begun");
            while store.continue_key_rotation(at(1)).expect("a step") {}
        }
        if state == "thinned" {
            for number in [2, 3] {
                store
                    .commit_pass(pass(number, 3), &context(&agent(), number.into()))
                    .expect("stored");
            }
            for number in 1..=3 {
                let content = store
                    .load_submission(number)
                    .expect("whole")
                    .signed
                    .header
                    .content;
                let receipt = Receipt {
                    number,
                    content,
                    received: at(86_400),
                    bytes: b"a receipt".to_vec(),
                };
                store.record_receipt(&receipt).expect("stored");
            }
            let keep_all = Retention {
                all_days: 9,
                hourly_days: 9,
                ..Retention::default()
            };
            let packed = store.thin(&keep_all, agreed(86_400)).expect("packed");
            assert!(packed.segments > 0 && packed.thinned == 0, "{packed:?}");
        }
        let output = Command::new("python3")
            .arg(&script)
            .arg(folder.path())
            .arg(dictionary())
            .output()
            .expect("it runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        // Two copies of the identity, three audits, a report, two copies of the header, and what
        // closes the groups.
        let kinds: Vec<&str> = text
            .lines()
            .filter_map(|line| line.split(' ').nth(2))
            .collect();
        let passes = if state == "thinned" { 3 } else { 1 };
        for (kind, count) in [
            ("6", 2),
            ("1", 3 * passes),
            ("2", passes),
            ("3", 2 * passes),
        ] {
            let found = kinds.iter().filter(|found| **found == kind).count();
            assert_eq!(found, count, "records of kind {kind} in\n{text}");
        }
        assert!(!text.contains(&serial(99)));
    }
}
