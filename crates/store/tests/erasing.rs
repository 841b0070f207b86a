//! Erasing, rotating and exporting: what is destroyed opens nowhere, and the rest stays.

mod common;

use common::{agent, at, context, copy, files, fixture, open, pass, segments, serial};
use pagetally_proof::{Leaf, LeafKind, Withheld, WithheldLeaf, WithheldReason};
use pagetally_store::{
    ErasureReceipt, ExportScope, OpenOptions, Problem, Receipt, RecoveryCode, Store, StoreError,
    Undelivered, import_recovery, salvage,
};
use std::fs;
use std::path::Path;

/// A store with two passes over `devices` devices, all of it delivered.
fn delivered(folder: &Path, devices: u16) -> Store {
    let store = open(folder);
    store.set_identity(&agent()).expect("stored");
    for number in 1..=2 {
        store
            .commit_pass(pass(number, devices), &context(&agent(), 0))
            .expect("stored");
        deliver(&store, number.into());
    }
    store
}

fn deliver(store: &Store, number: u64) {
    let content = store
        .load_submission(number)
        .expect("whole")
        .signed
        .header
        .content;
    store
        .record_receipt(&Receipt {
            number,
            content,
            received: at(1),
            bytes: b"a receipt".to_vec(),
        })
        .expect("stored");
}

fn serials(store: &Store) -> Vec<String> {
    let mut found: Vec<String> = store
        .audits()
        .map(|audit| {
            audit
                .expect("whole")
                .audit
                .identity
                .serial
                .expect("it has one")
        })
        .map(|serial| serial.to_string())
        .collect();
    found.sort();
    found.dedup();
    found
}

#[test]
fn an_erased_device_opens_with_no_copy_of_the_keys_and_the_others_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = delivered(folder.path(), 3);
    let before = tempfile::tempdir().expect("a folder");
    drop(store);
    copy(folder.path(), before.path());
    let store = open(folder.path());
    let receipt = store
        .erase_device(&serial(1), Undelivered::Keep, &context(&agent(), 9))
        .expect("erased");
    receipt.verify().expect("the agent signed it");
    assert_eq!(receipt.statement.audits, 2);
    assert_eq!(receipt.statement.keys.len(), 1);
    assert_ne!(receipt.statement.root_before, receipt.statement.root_after);
    assert_eq!(serials(&store), [serial(0), serial(2)]);
    assert!(store.find_audit(&serial(1)).expect("readable").is_none());
    assert_eq!(store.check().expect("readable").problems, []);
    drop(store);

    let store = open(folder.path());
    assert_eq!(store.recovery().problems, []);
    assert_eq!(serials(&store), [serial(0), serial(2)]);
    drop(store);

    // The old key file, the old index: neither opens what was erased.
    let now = fs::read(folder.path().join("keys")).expect("there");
    fs::copy(before.path().join("keys"), folder.path().join("keys")).expect("copied");
    let error = Store::open(folder.path(), &OpenOptions::new(at(0))).expect_err("wrong");
    assert!(matches!(error, StoreError::Key(_)), "{error}");
    fs::write(folder.path().join("keys"), now).expect("written");
    fs::remove_dir_all(folder.path().join("index")).expect("removed");
    for (path, bytes) in files(&before.path().join("index")) {
        let below = path.strip_prefix(before.path()).expect("below");
        let target = folder.path().join(below);
        fs::create_dir_all(target.parent().expect("a folder")).expect("made");
        fs::write(target, bytes).expect("written");
    }
    let store = open(folder.path());
    assert!(
        matches!(
            store.recovery().problems[..],
            [Problem::IndexRebuilt { .. }]
        ),
        "{:?}",
        store.recovery()
    );
    assert_eq!(serials(&store), [serial(0), serial(2)]);
}

#[test]
fn the_receipt_is_kept_without_what_would_tell_the_device() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = delivered(folder.path(), 2);
    let receipt = store
        .erase_device(&serial(0), Undelivered::Keep, &context(&agent(), 9))
        .expect("erased");
    let evidence = receipt.evidence.clone().expect("printed once");
    assert!(evidence.clues.contains(&serial(0)));
    let events = store.events(1).expect("readable");
    let kept = events[0].done[0]
        .strip_prefix("erased: ")
        .expect("a receipt");
    assert!(!kept.contains(&serial(0)) && !kept.contains(&evidence.salt));
    let kept: ErasureReceipt = serde_json::from_str(kept).expect("a receipt");
    assert_eq!(kept.statement, receipt.statement);
    kept.verify().expect("the agent signed it");
    let mut forged = kept;
    forged.statement.audits += 1;
    forged.verify().expect_err("forged");
}

#[test]
fn undelivered_audits_are_destroyed_only_on_request_and_the_chain_stays_verifiable() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = delivered(folder.path(), 2);
    store
        .commit_pass(pass(3, 2), &context(&agent(), 2))
        .expect("stored");
    let whole = store.load_submission(3).expect("whole");
    let error = store
        .erase_device(&serial(0), Undelivered::Keep, &context(&agent(), 9))
        .expect_err("refused");
    assert!(
        matches!(&error, StoreError::Undelivered { numbers } if numbers[..] == [3]),
        "{error}"
    );
    assert_eq!(store.load_submission(3).expect("nothing was erased"), whole);
    let receipt = store
        .erase_device(&serial(0), Undelivered::Destroy, &context(&agent(), 9))
        .expect("erased");
    assert_eq!(receipt.statement.undelivered, [3]);
    let rest = store.load_submission(3).expect("its rest is there");
    assert_eq!(
        (&rest.audits[..], &rest.report),
        (&whole.audits[1..], &whole.report)
    );
    let (salt, audit) = &whole.audits[0];
    let leaf = Leaf::of_audit(audit, salt.clone()).expect("canonical");
    let withheld = WithheldLeaf {
        place: 0,
        kind: LeafKind::Audit,
        hash: leaf.hash(),
        reason: WithheldReason::Erased,
    };
    assert_eq!(rest.withheld, Withheld::Leaves(vec![withheld]));
    // The header and all leaves are there: whoever has the other document can prove it.
    let info = &store.outbox().expect("readable")[0];
    assert_eq!(
        (info.number, info.content),
        (3, whole.signed.header.content)
    );
    let mut export = Vec::new();
    store
        .export(ExportScope::Site, &mut export)
        .expect("written");
    let export: serde_json::Value = serde_json::from_slice(&export).expect("JSON");
    let submission = export["records"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|record| record["document"]["signed"]["header"]["number"] == 3)
        .expect("there");
    assert_eq!(
        submission["document"]["leaves"]
            .as_array()
            .expect("a list")
            .len(),
        3
    );
}

#[test]
fn an_audit_of_the_first_version_is_sealed_anew_before_its_device_is_erased() {
    let folder = tempfile::tempdir().expect("a folder");
    fixture("format-1", folder.path());
    let before = fs::read(&segments(folder.path())[0]).expect("there");
    let store = open(folder.path());
    deliver(&store, 2);
    store
        .erase_device(&serial(1), Undelivered::Keep, &context(&agent(), 9))
        .expect("erased");
    assert_eq!(serials(&store), [serial(0)]);
    let after = fs::read(&segments(folder.path())[0]).expect("there");
    assert!(after.len() >= before.len());
    assert_ne!(
        before[32..],
        after[32..before.len()],
        "it was sealed anew in its place"
    );
    drop(store);
    let store = open(folder.path());
    assert_eq!(store.recovery().problems, []);
    assert_eq!(serials(&store), [serial(0)]);
    assert!(store.identity().expect("readable").is_some());
}

#[test]
fn an_erased_site_is_an_empty_store_with_a_receipt() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = delivered(folder.path(), 2);
    drop(store);
    let before = tempfile::tempdir().expect("a folder");
    copy(folder.path(), before.path());
    let store = open(folder.path());
    let receipt = store
        .erase_site(Undelivered::Keep, &context(&agent(), 9))
        .expect("erased");
    receipt.verify().expect("the agent signed it");
    assert_eq!(receipt.statement.audits, 4);
    assert!(store.identity().expect("readable").is_none());
    assert_eq!(store.audits().count(), 0);
    drop(store);
    let store = open(folder.path());
    assert_eq!(store.recovery().problems, []);
    assert!(store.events(5).expect("readable")[0].done[0].starts_with("erased: "));
    store.set_identity(&agent()).expect("it goes on");
    store
        .commit_pass(pass(1, 1), &context(&agent(), 10))
        .expect("stored");
    drop(store);
    assert_eq!(open(folder.path()).recovery().problems, []);
    // Old segments and the old key file, put back: the root key that they need is gone.
    copy(
        &before.path().join("journal"),
        &folder.path().join("journal"),
    );
    fs::copy(before.path().join("keys"), folder.path().join("keys")).expect("copied");
    Store::open(folder.path(), &OpenOptions::new(at(0))).expect_err("it opens nothing");
}

#[test]
fn rotating_data_keys_keeps_everything_and_drops_the_old_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = delivered(folder.path(), 3);
    let before = store.key_status();
    let audits: Vec<_> = store.audits().map(|audit| audit.expect("whole")).collect();
    let submission = store.load_submission(2).expect("whole");
    store.begin_key_rotation(at(5)).expect("begun");
    assert_eq!(
        store.key_status().retiring,
        before.data_keys - 1,
        "all but the index's"
    );
    store
        .commit_pass(pass(3, 3), &context(&agent(), 5))
        .expect("stored meanwhile");
    drop(store);
    // The process may end between any two steps.
    let mut steps = 0;
    loop {
        let store = open(folder.path());
        assert_eq!(store.recovery().problems, []);
        assert_eq!(store.audits().count(), audits.len() + 3);
        steps += 1;
        if !store.continue_key_rotation(at(6)).expect("a step") {
            break;
        }
    }
    assert!(steps >= 2, "{steps} steps");
    let store = open(folder.path());
    assert_eq!(store.recovery().problems, []);
    let after = store.key_status();
    assert_eq!((after.retiring, after.data_keys), (0, before.data_keys));
    assert_ne!(after.root, before.root);
    let again: Vec<_> = store
        .audits()
        .skip(3)
        .map(|audit| audit.expect("whole"))
        .collect();
    assert_eq!(again, audits);
    assert_eq!(store.load_submission(2).expect("whole"), submission);
    assert_eq!(store.check().expect("readable").problems, []);
}

#[test]
fn an_export_has_all_of_a_device_and_nothing_of_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = delivered(folder.path(), 3);
    let mut bytes = Vec::new();
    let scope = ExportScope::Device(&serial(1));
    assert_eq!(store.export(scope, &mut bytes).expect("written").records, 2);
    let text = String::from_utf8(bytes).expect("text");
    let export: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(export["records"][0]["submission"], 1);
    assert!(text.contains(&serial(1)) && !text.contains(&serial(2)));
    let mut bytes = Vec::new();
    store
        .export(ExportScope::Site, &mut bytes)
        .expect("written");
    let text = String::from_utf8(bytes).expect("text");
    assert!(text.contains(&serial(0)) && text.contains("pass-report"));
    assert!(
        !text.contains("515151"),
        "the agent's own keys are not in it"
    );
    let missing = store.export(ExportScope::Device("nobody"), &mut Vec::new());
    assert!(matches!(missing, Err(StoreError::NoSuchDevice { .. })));
}

#[test]
fn salvage_saves_what_opens_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(delivered(folder.path(), 3));
    let segment = segments(folder.path())[0].clone();
    let mut bytes = fs::read(&segment).expect("there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&segment, &bytes).expect("written");
    fs::remove_dir_all(folder.path().join("index")).expect("removed");
    let before = files(folder.path());
    let mut out = Vec::new();
    let salvaged = salvage(folder.path(), &OpenOptions::new(at(0)), &mut out).expect("saved");
    assert_eq!(
        salvaged.damaged + u64::from(salvaged.rubbish > 0),
        1,
        "{salvaged:?}"
    );
    let export: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
    let records = export["records"].as_array().expect("a list").len();
    assert_eq!(records as u64, salvaged.records);
    assert!(records > 8, "{records} records");
    let is_data = |path: &Path| !path.to_string_lossy().contains("lock");
    let data = |files: Vec<(std::path::PathBuf, Vec<u8>)>| -> Vec<_> {
        files
            .into_iter()
            .filter(|(path, _)| is_data(path))
            .collect()
    };
    assert_eq!(data(files(folder.path())), data(before));
}

#[test]
fn a_recovery_file_brings_a_lost_root_key_back_until_the_root_is_rotated() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = delivered(folder.path(), 1);
    let code = RecoveryCode::generate().expect("random");
    let recovery = tempfile::tempdir().expect("a folder");
    let file = recovery.path().join("recovery.json");
    fs::write(&file, store.export_recovery(&code, at(3)).expect("written")).expect("written");
    assert_eq!(store.key_status().recovery, Some(at(3)));
    drop(store);
    fs::remove_file(folder.path().join("root.key")).expect("removed");
    let options = OpenOptions::new(at(0));
    let custody = pagetally_store::KeyCustody::KeyFile;
    let import =
        |code: &RecoveryCode| import_recovery(folder.path(), &options, custody, &file, code);
    let other = RecoveryCode::generate().expect("random");
    import(&other).expect_err("another code");
    assert!(!folder.path().join("root.key").exists());
    import(&RecoveryCode::typed(&code.grouped())).expect("imported");
    let store = open(folder.path());
    assert_eq!(serials(&store), [serial(0)]);
    store.rotate_root_key(None, at(4)).expect("rotated");
    assert_eq!(store.key_status().recovery, None, "the file is void now");
    drop(store);
    let error = import(&code).expect_err("it is of an older root key");
    assert!(
        error.to_string().contains("recovery.json holds root key"),
        "{error}"
    );
    open(folder.path());
}
