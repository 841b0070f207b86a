//! `onsite key`, `export`, `erase` and `store`, as processes.

mod common;

use common::site::{Office, central, fleet, settings, site_file, with_data};
use common::{Said, onsite, said};
use std::path::Path;
use std::process::Command;
use tokio::runtime::Runtime;

/// Runs a command of two words.
fn two(words: [&str; 2], data: &Path, args: &[&str]) -> Said {
    let output = onsite()
        .args(words)
        .args(args)
        .arg("--data")
        .arg(data)
        .output()
        .expect("the program starts");
    said(output)
}

/// A device as the export of a whole site names it.
fn first_serial(data: &Path) -> String {
    let export = with_data("export", data, &[]).ends_with(0).json();
    let records = export["records"].as_array().expect("a list").clone();
    records
        .iter()
        .find_map(|record| record["document"]["identity"]["serial"].as_str())
        .expect("a device with a serial number")
        .to_owned()
}

fn audits(export: &serde_json::Value) -> usize {
    let records = export["records"].as_array().expect("a list");
    let audits = records.iter().filter(|record| record["kind"] == "audit");
    audits.count()
}

#[test]
fn a_device_is_exported_erased_and_gone_and_the_store_stays_sound() {
    let runtime = Runtime::new().expect("a runtime");
    let fleet = fleet([127, 94, 21, 1]);
    let (central, code) = central(&runtime, &fleet);
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    site_file(data);
    with_data("enrol", data, &[&code]).ends_with(0);
    with_data("run", data, &["--once"]).ends_with(0);

    let serial = first_serial(data);
    let export = with_data("export", data, &[&serial]).ends_with(0).json();
    assert_eq!((audits(&export), &export["scope"]), (1, &"device".into()));
    two(["store", "check"], data, &[]).ends_with(0);

    let said = two(["erase", "device"], data, &[&serial]).ends_with(2);
    assert!(said.err.contains("--yes"), "{}", said.err);
    let receipt = data.join("receipt.json");
    let receipt_text = receipt.to_str().expect("UTF-8");
    let args = [&serial, "--yes", "--receipt", receipt_text];
    let said = two(["erase", "device"], data, &args).ends_with(0);
    assert!(said.out.contains("file-system snapshots"), "{}", said.out);
    let receipt = std::fs::read(receipt).expect("there");
    let receipt: serde_json::Value = serde_json::from_slice(&receipt).expect("JSON");
    assert_eq!(receipt["statement"]["audits"], 1);
    with_data("export", data, &[&serial]).ends_with(4);
    let site = with_data("export", data, &[]).ends_with(0);
    assert!(!site.out.contains(&serial));
    two(["store", "check"], data, &[]).ends_with(0);
    let status = with_data("status", data, &[]).ends_with(0);
    assert!(status.out.contains("kept by key-file"), "{}", status.out);
    assert!(status.out.contains("were erased"), "{}", status.out);

    // Central goes away: what waits is destroyed on request only.
    runtime.block_on(central.shutdown()).expect("it stops");
    with_data("run", data, &["--once"]).ends_with(3);
    let said = two(["erase", "site"], data, &["--yes"]).ends_with(4);
    assert!(said.err.contains("deliver them first"), "{}", said.err);
    two(["erase", "site"], data, &["--yes", "--destroy-undelivered"]).ends_with(0);
    let site = with_data("export", data, &[]).ends_with(0).json();
    assert_eq!(audits(&site), 0);
    let status = with_data("status", data, &[]).ends_with(3);
    assert!(status.out.contains("not enrolled"), "{}", status.out);
}

#[test]
fn an_index_that_was_set_aside_is_counted_here_and_told_to_central() {
    let runtime = Runtime::new().expect("a runtime");
    let fleet = fleet([127, 94, 22, 1]);
    let office = Office::new(&runtime, &settings(&fleet));
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    site_file(data);
    with_data("enrol", data, &[&office.code]).ends_with(0);
    with_data("run", data, &["--once"]).ends_with(0);
    let status = with_data("status", data, &[]).ends_with(0);
    assert!(!status.out.contains("set aside"), "{}", status.out);

    std::fs::write(data.join("index/db"), vec![b'x'; 70_000]).expect("written");
    with_data("run", data, &["--once"]).ends_with(0);
    let aside = std::fs::read_dir(data)
        .expect("there")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.to_string_lossy().contains("index.damaged-"))
        .expect("it was set aside");
    for words in [["status"].as_slice(), &["store", "check"]] {
        let mut command = onsite();
        let said = said(
            command
                .args(words)
                .arg("--data")
                .arg(data)
                .output()
                .expect("it runs"),
        );
        let said = said.ends_with(0);
        assert!(
            said.out.contains("damaged, or of an earlier version: 1, "),
            "{}",
            said.out
        );
        assert!(
            said.out.contains(&aside.display().to_string()),
            "{}",
            said.out
        );
    }
    let told = runtime.block_on(async {
        let passes = office
            .books
            .passes(Some(office.site), 1)
            .await
            .expect("readable");
        let seen = office
            .books
            .observations(passes[0].id)
            .await
            .expect("readable");
        let details = seen.into_iter().filter_map(|seen| seen.detail);
        details.collect::<Vec<_>>().join("\n")
    });
    assert!(told.contains("the index was built anew"), "{told}");
    assert!(told.contains("; the old one is index.damaged-"), "{told}");
    let path = data.to_string_lossy();
    assert!(!told.contains(&*path), "no path leaves the site: {told}");
}

#[test]
fn keys_are_rotated_written_down_lost_and_brought_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    site_file(data);
    let agent = |said: &Said| said.out.lines().next().unwrap_or_default().to_owned();
    let before = agent(&with_data("status", data, &[]).ends_with(3));
    two(["key", "rotate"], data, &[]).ends_with(0);

    let file = data.join("recovery.json");
    let name = file.to_str().expect("UTF-8");
    let said = two(["key", "export-recovery"], data, &["--out", name]).ends_with(0);
    let code = said
        .out
        .lines()
        .find_map(|line| line.split("shown this once: ").nth(1))
        .expect("a code");
    // A file that is there is not touched.
    two(["key", "export-recovery"], data, &["--out", name]).ends_with(4);
    std::fs::remove_file(data.join("root.key")).expect("removed");
    let said = with_data("status", data, &[]).ends_with(4);
    assert!(said.err.contains("is missing"), "{}", said.err);
    let typed = data.join("code");
    std::fs::write(&typed, "00000-00000-00000-00000-00000-0\n").expect("written");
    let args = [name, "--code-file", typed.to_str().expect("UTF-8")];
    let said = two(["key", "import"], data, &args).ends_with(4);
    assert!(said.err.contains("the code does not open"), "{}", said.err);
    std::fs::write(&typed, format!("{}\n", code.to_lowercase())).expect("written");
    two(["key", "import"], data, &args).ends_with(0);
    assert_eq!(agent(&with_data("status", data, &[]).ends_with(3)), before);
    let out = data.join("saved.json");
    let args = ["--out", out.to_str().expect("UTF-8")];
    two(["store", "salvage"], data, &args).ends_with(0);
}

#[test]
fn a_passphrase_in_a_file_keeps_the_root_key_and_its_absence_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    site_file(data);
    let file = data.join("passphrase");
    std::fs::write(&file, "four words are enough\n").expect("written");
    let with = |words: &[&str]| {
        let output = onsite()
            .args(words)
            .arg("--data")
            .arg(data)
            .env("PAGETALLY_PASSPHRASE_FILE", &file)
            .output()
            .expect("the program starts");
        said(output)
    };
    let status = with(&["status"]).ends_with(3);
    assert!(status.out.contains("kept by passphrase"), "{}", status.out);
    with(&["key", "rotate"]).ends_with(0);
    let said = with_data("status", data, &[]).ends_with(4);
    assert!(said.err.contains("kept by passphrase"), "{}", said.err);
    assert!(!said.err.contains("four words"), "{}", said.err);
    std::fs::write(&file, "four other words here\n").expect("written");
    let said = with(&["status"]).ends_with(4);
    assert!(said.err.contains("wrong"), "{}", said.err);
    std::fs::write(&file, "four words are enough\n").expect("written");
    with(&["key", "rotate", "--custody", "key-file"]).ends_with(0);
    with_data("status", data, &[]).ends_with(3);
}

/// A session with a keyring of its own, on a bus of its own.
fn keyring_session(script: &str, data: &Path) -> Option<Said> {
    let here = |program: &str| {
        Command::new("sh")
            .args(["-c", &format!("command -v {program}")])
            .output()
            .is_ok_and(|output| output.status.success())
    };
    for program in ["dbus-run-session", "gnome-keyring-daemon", "secret-tool"] {
        if !here(program) {
            assert!(
                std::env::var_os("PAGETALLY_REQUIRE_PEERS").is_none(),
                "{program} is missing"
            );
            println!("SKIPPED: {program} is missing");
            return None;
        }
    }
    let script = format!(
        "printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null\n{script}"
    );
    let output = Command::new("dbus-run-session")
        .args(["--", "sh", "-c", &script])
        .env("ONSITE", env!("CARGO_BIN_EXE_onsite"))
        .env("DATA", data)
        .env("HOME", data)
        .env("XDG_RUNTIME_DIR", data)
        .env("XDG_DATA_HOME", data.join("share"))
        .env_remove("CREDENTIALS_DIRECTORY")
        .env_remove("PAGETALLY_PASSPHRASE_FILE")
        .output()
        .expect("a session");
    Some(said(output))
}

#[test]
fn a_keyring_that_is_there_keeps_the_root_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    site_file(data);
    let script = "\"$ONSITE\" status --data \"$DATA\" >/dev/null 2>&1\n\
        \"$ONSITE\" key rotate --data \"$DATA\"\n\
        \"$ONSITE\" status --data \"$DATA\"\n\
        secret-tool search --all application pagetally 2>&1 | grep -c 'attribute.entry'\n\
        exit 0\n";
    let Some(said) = keyring_session(script, data) else {
        return;
    };
    let said = said.ends_with(0);
    assert!(
        said.out.contains("kept by os-keyring"),
        "{}\n{}",
        said.out,
        said.err
    );
    assert_eq!(
        said.out.lines().last(),
        Some("1"),
        "the secrets of older root keys are forgotten: {}",
        said.out
    );
    // Without that session the store says where its key is.
    let status = with_data("status", data, &[]).ends_with(4);
    assert!(status.err.contains("kept by os-keyring"), "{}", status.err);
}
