//! The agent's own keys: handed over in one step, or not at all, wherever the power goes.

mod common;

use common::{agent, at, audit_id, context, copy, open, pass, segments};
use pagetally_proof::{KeyHistory, SigningKey};
use pagetally_store::{AgentIdentity, BooksEnd, ExportScope, Receipt, SealingKey, Store};
use std::fs;
use std::path::Path;

/// The public half of the new sealing key, which is the caller's to know.
const PUBLIC: [u8; 32] = [0x99; 32];

fn next(seed: u8) -> AgentIdentity {
    AgentIdentity {
        signing: SigningKey::from_seed([seed; 32]),
        sealing: SealingKey::from_bytes([seed + 1; 32]),
        ..agent()
    }
}

fn add(store: &Store, id: u16) {
    let identity = store.identity().expect("readable").expect("there");
    let stored = store.commit_pass(pass(id, 1), &context(&identity, id.into()));
    stored.expect("stored");
}

fn acknowledge(store: &Store) {
    for waiting in store.outbox().expect("readable") {
        let receipt = Receipt {
            number: waiting.number,
            content: waiting.content,
            received: at(60),
            bytes: Vec::new(),
        };
        store.record_receipt(&receipt).expect("stored");
    }
}

/// A store with one delivered pass, whose keys are then changed by submission 2.
fn rotated(folder: &Path) -> Store {
    let store = open(folder);
    store.set_identity(&agent()).expect("stored");
    add(&store, 1);
    acknowledge(&store);
    let made = store.rotate_identity(&next(0x71), PUBLIC, at(70));
    assert_eq!(made.expect("stored"), Some(2));
    store
}

fn key(store: &Store) -> String {
    let identity = store.identity().expect("readable").expect("there");
    identity.signing.verifying_key().to_string()
}

#[test]
fn keys_are_handed_over_in_the_chain_and_proofs_lead_from_the_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = rotated(folder.path());
    let first = agent().signing.verifying_key();
    drop(store);
    let store = open(folder.path());
    assert_eq!(key(&store), next(0x71).signing.verifying_key().to_string());
    let change = store.load_submission(2).expect("whole");
    change.signed.verify(&first).expect("the old key's last");
    let (_, rotation) = change.rotation.expect("it carries the change");
    assert_eq!(rotation.rotation.number, 2);
    assert_eq!(rotation.rotation.new_sealing_key, PUBLIC);
    acknowledge(&store);
    add(&store, 3);
    let proof = store.prove(audit_id(3, 0)).expect("made").expect("there");
    assert_eq!(proof.rotations.as_slice(), std::slice::from_ref(&rotation));
    assert_eq!(proof.first_key, first);
    proof.verify(&first).expect("it leads there");
    let early = store.prove(audit_id(1, 0)).expect("made").expect("there");
    assert!(early.rotations.is_empty());
    early.verify(&first).expect("no change before it");
    let keys = KeyHistory::follow(agent().agent, first, &[rotation]).expect("follows");
    let third = store.load_submission(3).expect("whole").signed;
    third.verify(&keys.key_at(3)).expect("under the new key");
    assert_eq!(store.former_keys().expect("readable").len(), 1);
}

#[test]
fn keys_are_not_changed_while_anything_waits() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    store.set_identity(&agent()).expect("stored");
    add(&store, 1);
    let made = store.rotate_identity(&next(0x71), PUBLIC, at(70));
    assert_eq!(made.expect("readable"), None);
    assert_eq!(key(&store), agent().signing.verifying_key().to_string());
    assert!(store.former_keys().expect("readable").is_empty());
}

/// The journal is cut at every place that the change was written to: either all of it is there, or nothing.
#[test]
fn a_power_cut_leaves_the_old_keys_or_the_change_with_the_new_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    store.set_identity(&agent()).expect("stored");
    add(&store, 1);
    acknowledge(&store);
    let last = segments(folder.path()).pop().expect("a segment");
    let before = fs::metadata(&last).expect("there").len();
    let made = store.rotate_identity(&next(0x71), PUBLIC, at(70));
    made.expect("stored");
    drop(store);
    let after = fs::metadata(&last).expect("there").len();
    assert!(after > before, "it went into the same segment");
    fs::remove_dir_all(folder.path().join("index")).expect("removed");

    let (mut old, mut new) = (0, 0);
    let places = (before..after).step_by(61).chain([after - 1, after]);
    for length in places {
        let cut = tempfile::tempdir().expect("a folder");
        copy(folder.path(), cut.path());
        let file = segments(cut.path()).pop().expect("a segment");
        let opened = fs::OpenOptions::new().write(true).open(&file);
        opened.expect("writable").set_len(length).expect("cut");
        let store = open(cut.path());
        let waiting = store.outbox().expect("readable").len();
        let former = store.former_keys().expect("readable").len();
        if key(&store) == agent().signing.verifying_key().to_string() {
            assert_eq!((waiting, former), (0, 0), "cut at {length}");
            old += 1;
        } else {
            assert_eq!((waiting, former), (1, 1), "cut at {length}");
            assert!(store.load_submission(2).expect("whole").rotation.is_some());
            new += 1;
        }
        // Whichever it is, the agent goes on.
        add(&store, 9);
    }
    assert!(old > 10 && new > 0, "{old} cuts before, {new} after");
}

#[test]
fn a_change_that_central_never_had_is_taken_back_where_its_books_are_on_another_past() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = rotated(folder.path());
    add(&store, 3);
    let identity = agent();
    // Central has a number 2 of its own, and knows the old key.
    let books = BooksEnd {
        number: 2,
        header: pagetally_proof::Hash::from_bytes([7; 32]),
    };
    let made = store.continue_after(books, &context(&identity, 80));
    let made = made.expect("stored").expect("on another past");
    let numbers: Vec<u64> = made.submissions.iter().map(|info| info.number).collect();
    assert_eq!(numbers, [3], "the pass alone is signed anew");
    assert_eq!(key(&store), identity.signing.verifying_key().to_string());
    assert!(store.former_keys().expect("readable").is_empty());
    let signed = store.load_submission(3).expect("whole").signed;
    signed
        .verify(&identity.signing.verifying_key())
        .expect("by the key that Central knows");
}

#[test]
fn no_export_holds_a_key_that_the_agent_had() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = rotated(folder.path());
    let mut out = Vec::new();
    store.export(ExportScope::Site, &mut out).expect("written");
    let text = String::from_utf8(out).expect("JSON");
    for secret in ["51", "5e", "71", "72"] {
        assert!(!text.contains(&secret.repeat(32)), "{secret}");
    }
    let shown = format!("{:?}", store.former_keys().expect("readable"));
    assert!(
        !shown.contains("5151") && !shown.contains("81, 81"),
        "{shown}"
    );
}
