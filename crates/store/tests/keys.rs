//! Keys: three clear errors for three troubles, and none destroys data.

mod common;

use common::{agent, at, context, files, open, pass, serial};
use pagetally_store::{
    KeyFileError, OpenOptions, PassBatch, Problem, SealingKey, StateKey, Store, StoreError,
};
use std::fs;
use std::path::Path;

/// A store with one pass in it, closed.
fn store_with_a_pass(folder: &Path) -> PassBatch {
    let batch = pass(1, 2);
    let store = open(folder);
    store.set_identity(&agent()).expect("stored");
    store
        .commit_pass(batch.clone(), &context(&agent(), 0))
        .expect("stored");
    batch
}

fn refusal(folder: &Path) -> KeyFileError {
    match Store::open(folder, &OpenOptions::new(at(0))) {
        Err(StoreError::Key(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// Runs `harm` between closing and opening, then takes it back: all data must still be there.
fn harmless(harm: impl FnOnce(&Path)) -> KeyFileError {
    let folder = tempfile::tempdir().expect("a folder");
    let batch = store_with_a_pass(folder.path());
    let before = [
        fs::read(folder.path().join("root.key")),
        fs::read(folder.path().join("keys")),
    ]
    .map(|bytes| bytes.expect("it is there"));
    harm(folder.path());
    let error = refusal(folder.path());
    for (name, bytes) in ["root.key", "keys"].iter().zip(before) {
        let path = folder.path().join(name);
        if fs::read(&path).ok().as_ref() != Some(&bytes) {
            let _ = fs::remove_file(&path);
            fs::copy(write_private(folder.path(), &bytes), &path).expect("it can be put back");
        }
    }
    let store = open(folder.path());
    assert_eq!(store.recovery().problems, []);
    let loaded = store.load_submission(1).expect("whole");
    assert_eq!(loaded.audits[1].1, batch.audits[1]);
    error
}

/// A file that only the owner can read, with these bytes.
fn write_private(folder: &Path, bytes: &[u8]) -> std::path::PathBuf {
    let template = folder.join("root.key");
    let path = folder.join("private.tmp");
    if template.exists() {
        fs::copy(template, &path).expect("rights are copied with it");
    } else {
        fs::copy(folder.join("keys"), &path).expect("rights are copied with it");
    }
    fs::write(&path, bytes).expect("it can be written");
    path
}

#[test]
fn a_missing_root_key_is_named_as_missing() {
    let error = harmless(|folder| fs::remove_file(folder.join("root.key")).expect("removed"));
    assert!(matches!(error, KeyFileError::Missing { .. }), "{error}");
    assert!(error.to_string().contains("root.key is missing"), "{error}");
}

#[test]
fn a_missing_key_file_is_named_as_missing() {
    let error = harmless(|folder| fs::remove_file(folder.join("keys")).expect("removed"));
    assert!(matches!(error, KeyFileError::Missing { .. }), "{error}");
    assert!(error.to_string().contains("keys is missing"), "{error}");
}

#[test]
fn another_stores_root_key_is_named_as_wrong() {
    let other = tempfile::tempdir().expect("a folder");
    store_with_a_pass(other.path());
    let error = harmless(|folder| {
        fs::copy(other.path().join("root.key"), folder.join("root.key")).expect("copied");
    });
    assert!(matches!(error, KeyFileError::Wrong { .. }), "{error}");
}

#[test]
fn a_damaged_root_key_is_named_as_damaged() {
    let error = harmless(|folder| {
        let path = folder.join("root.key");
        let text = fs::read_to_string(&path).expect("readable");
        fs::write(&path, text.replace('a', "b").replace('1', "2")).expect("written");
    });
    assert!(matches!(error, KeyFileError::Damaged { .. }), "{error}");
    let error = harmless(|folder| fs::write(folder.join("root.key"), "").expect("written"));
    assert!(matches!(error, KeyFileError::Damaged { .. }), "{error}");
}

#[test]
fn a_damaged_key_file_is_named_as_damaged() {
    for text in ["", "{}", "no JSON", "\u{0}\u{0}\n\u{0}"] {
        let error = harmless(|folder| fs::write(folder.join("keys"), text).expect("written"));
        assert!(matches!(error, KeyFileError::Damaged { .. }), "{error}");
    }
    let error = harmless(|folder| {
        // A key taken out of each copy.
        let path = folder.join("keys");
        let text = fs::read_to_string(&path).expect("readable");
        let line = text.lines().next().expect("a line");
        let mut file: serde_json::Value = serde_json::from_str(line).expect("JSON");
        file["file"]["keys"].as_array_mut().expect("a list").pop();
        fs::write(&path, format!("{file}\n{file}\n")).expect("written");
    });
    assert!(matches!(error, KeyFileError::Damaged { .. }), "{error}");
}

#[test]
fn one_bad_byte_in_a_key_file_costs_nothing_and_is_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    store_with_a_pass(folder.path());
    for name in ["root.key", "keys"] {
        let path = folder.path().join(name);
        let whole = fs::read(&path).expect("readable");
        let ends = [whole.len() / 2 - 1, whole.len() - 1];
        for at in (0..whole.len()).step_by(31).chain(ends) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            fs::write(&path, &bytes).expect("written");
            let store = open(folder.path());
            assert_eq!(
                store.recovery().problems,
                [Problem::KeyFileWorn { path: path.clone() }],
                "byte {at}"
            );
            store.load_submission(1).expect("whole");
        }
        fs::write(&path, &whole).expect("written");
    }
    assert_eq!(open(folder.path()).recovery().problems, []);
}

#[cfg(unix)]
#[test]
fn a_root_key_open_to_others_is_refused_with_the_mending_command() {
    use std::os::unix::fs::PermissionsExt;
    for (name, mode) in [("root.key", 0o640), ("root.key", 0o604), ("keys", 0o644)] {
        let folder = tempfile::tempdir().expect("a folder");
        store_with_a_pass(folder.path());
        let path = folder.path().join(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("changed");
        let error = refusal(folder.path());
        assert!(
            matches!(error, KeyFileError::OpenToOthers { mode: found, .. } if found == mode & 0o077),
            "{error}"
        );
        assert!(error.to_string().contains("chmod 600"), "{error}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("changed");
        open(folder.path()).load_submission(1).expect("whole");
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_what_the_store_makes() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("new");
    store_with_a_pass(&place);
    for name in [
        "",
        "root.key",
        "keys",
        "journal",
        "journal/00000001.journal",
        "lock",
    ] {
        let mode = fs::metadata(place.join(name))
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{name} has mode {mode:o}");
    }
}

#[test]
fn the_root_key_may_lie_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let options = OpenOptions::new(at(0)).key_file(elsewhere.path().join("my.key"));
    Store::open(folder.path(), &options)
        .expect("opens")
        .commit_pass(pass(1, 1), &context(&agent(), 0))
        .expect("stored");
    assert!(!folder.path().join("root.key").exists());
    assert!(matches!(
        refusal(folder.path()),
        KeyFileError::Missing { .. }
    ));
    let store = Store::open(folder.path(), &options).expect("opens");
    store.load_submission(1).expect("whole");
}

#[test]
fn a_key_file_of_a_newer_format_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    store_with_a_pass(folder.path());
    let path = folder.path().join("keys");
    let text = fs::read_to_string(&path).expect("readable");
    fs::write(&path, text.replace("\"format\":2", "\"format\":3")).expect("written");
    let error = Store::open(folder.path(), &OpenOptions::new(at(0))).expect_err("refused");
    assert!(
        matches!(&error, StoreError::NewerFormat { path: found, format: 3, .. } if *found == path),
        "{error}"
    );
}

#[test]
fn no_file_holds_anything_readable() {
    let folder = tempfile::tempdir().expect("a folder");
    let agent = agent();
    let store = open(folder.path());
    store.set_identity(&agent).expect("stored");
    store
        .set_state(StateKey::ENROLMENT, b"SENTINEL-ENROLMENT")
        .expect("stored");
    store
        .commit_pass(pass(1, 50), &context(&agent, 0))
        .expect("stored");
    drop(store);

    let mut needles: Vec<Vec<u8>> = vec![
        b"SENTINEL".to_vec(),
        b"sentinel".to_vec(),
        b"192.0.".to_vec(),
        b"00:11:22".to_vec(),
        b"snmp".to_vec(),
        b"meters".to_vec(),
        b"Bereit".to_vec(),
        agent.agent.as_bytes().to_vec(),
        agent.signing.to_seed().to_vec(),
        agent.sealing.expose().to_vec(),
        [192, 0, 0, 7].to_vec(),
    ];
    needles.push(serial(7).into_bytes());
    needles.push(agent.agent.to_string().into_bytes());
    let found = files(folder.path());
    assert!(found.len() >= 5, "journal, index, keys and lock are there");
    for (path, bytes) in found {
        // Four bytes of an address turn up in sealed bytes by chance once in 4 GB.
        for needle in &needles {
            assert!(
                !bytes.windows(needle.len()).any(|window| window == *needle),
                "{} holds {}",
                path.display(),
                String::from_utf8_lossy(needle)
            );
        }
    }
}

#[test]
fn secrets_never_show_in_debug() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut agent = agent();
    agent.sealing = SealingKey::from_bytes([0xC5; 32]);
    let store = open(folder.path());
    store.set_identity(&agent).expect("stored");
    let root = fs::read_to_string(folder.path().join("root.key")).expect("readable");
    let digits = root.split(' ').nth(2).expect("the key");
    let shown = format!("{store:?} {agent:?} {:?}", context(&agent, 0));
    let key = hex(digits);
    for secret in [
        digits.to_owned(),
        format!("{key:?}").trim_matches(['[', ']']).to_owned(),
        "c5c5c5".to_owned(),
        "197, 197".to_owned(),
        "515151".to_owned(),
        "81, 81".to_owned(),
    ] {
        assert!(!shown.to_lowercase().contains(&secret), "{secret} shows");
    }
}

fn hex(digits: &str) -> Vec<u8> {
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex"))
        .collect()
}

#[test]
fn a_second_opener_is_refused_and_told_who_the_first_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = open(folder.path());
    let error = Store::open(folder.path(), &OpenOptions::new(at(0))).expect_err("in use");
    assert!(
        matches!(error, StoreError::InUse { pid: Some(pid), .. } if pid == std::process::id()),
        "{error}"
    );
    drop(first);
    open(folder.path());
}
