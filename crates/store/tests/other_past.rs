//! A store that was restored from a backup or copied: what waits in it goes on behind the end of
//! Central's books.

mod common;

use common::{agent, at, audit_id, context, copy, open, pass, segments};
use pagetally_proof::{SignedHeader, verify_chain};
use pagetally_store::{BooksEnd, Receipt, Store, StoreError};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const DEVICES: u16 = 3;

fn acknowledge(store: &Store, number: u64) {
    let content = store.load_submission(number).expect("whole");
    let receipt = Receipt {
        number,
        content: content.signed.header.content,
        received: at(9),
        bytes: vec![],
    };
    store.record_receipt(&receipt).expect("stored");
}

fn add(store: &Store, id: u16) {
    store
        .commit_pass(pass(id, DEVICES), &context(&agent(), id.into()))
        .expect("stored");
}

fn numbers(store: &Store) -> Vec<u64> {
    let outbox = store.outbox().expect("readable");
    outbox.iter().map(|info| info.number).collect()
}

fn signed(store: &Store, number: u64) -> SignedHeader {
    store.load_submission(number).expect("whole").signed
}

fn end(header: &SignedHeader) -> BooksEnd {
    BooksEnd {
        number: header.header.number,
        header: header.header.hash(),
    }
}

/// What Central has of the agent: submissions 1 to `booked`, of passes 1 and on.
fn booked(folder: &Path, booked: u16) -> Vec<SignedHeader> {
    let store = open(folder);
    store.set_identity(&agent()).expect("stored");
    for id in 1..=booked {
        add(&store, id);
        acknowledge(&store, id.into());
    }
    (1..=booked)
        .map(|number| signed(&store, number.into()))
        .collect()
}

/// Central has three submissions; the store was restored from a backup made after the first, and two
/// passes were stored since.
fn rolled_back() -> (TempDir, TempDir, Vec<SignedHeader>) {
    let (old, new) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    booked(old.path(), 1);
    copy(old.path(), new.path());
    let mut chain = vec![signed(&open(old.path()), 1)];
    let store = open(old.path());
    for id in 2..=3 {
        add(&store, id);
        acknowledge(&store, id.into());
        chain.push(signed(&store, id.into()));
    }
    drop(store);
    let store = open(new.path());
    for id in 12..=13 {
        add(&store, id);
    }
    drop(store);
    (old, new, chain)
}

#[test]
fn what_waits_goes_on_behind_the_books_with_the_same_documents() {
    let (_old, folder, mut chain) = rolled_back();
    let store = open(folder.path());
    let before: Vec<_> = (2..=3)
        .map(|number| store.load_submission(number).expect("whole"))
        .collect();

    let made = store
        .continue_after(end(&chain[2]), &context(&agent(), 50))
        .expect("stored")
        .expect("the books are on another past");

    assert_eq!(numbers(&store), [4, 5]);
    assert_eq!(store.outbox().expect("readable"), made.submissions);
    for (old, number) in before.iter().zip(4..) {
        let new = store.load_submission(number).expect("whole");
        assert_eq!((&new.audits, &new.report), (&old.audits, &old.report));
        assert_eq!(new.signed.header.content, old.signed.header.content);
        chain.push(new.signed);
    }
    let key = agent().signing.verifying_key().into();
    verify_chain(None, &chain, &key).expect("one chain with what Central has");

    // It stays so, with the index and without, and the next pass goes on behind it.
    drop(store);
    fs::remove_dir_all(folder.path().join("index")).expect("removed");
    let store = open(folder.path());
    assert!(!store.recovery().has_losses());
    assert_eq!(numbers(&store), [4, 5]);
    add(&store, 14);
    chain.push(signed(&store, 6));
    verify_chain(None, &chain, &key).expect("one chain");
}

#[test]
fn nothing_changes_where_the_books_are_on_this_stores_chain() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = booked(folder.path(), 2);
    let store = open(folder.path());
    add(&store, 3);
    add(&store, 4);
    let nothing = BooksEnd {
        number: 0,
        header: pagetally_proof::Hash::ZERO,
    };
    for books in [
        nothing,
        end(&chain[0]),
        end(&chain[1]),
        end(&signed(&store, 3)),
    ] {
        let made = store.continue_after(books, &context(&agent(), 50));
        assert_eq!(made.expect("readable"), None, "{books:?}");
        assert_eq!(numbers(&store), [3, 4]);
    }
}

#[test]
fn a_chain_goes_on_behind_books_that_end_before_it() {
    let (_old, folder, chain) = rolled_back();
    let store = open(folder.path());
    for id in 14..=17 {
        add(&store, id);
    }
    assert_eq!(numbers(&store), [2, 3, 4, 5, 6, 7]);
    // The old numbers 4 to 7 are used again, for other submissions.
    store
        .continue_after(end(&chain[2]), &context(&agent(), 50))
        .expect("stored")
        .expect("the books are on another past");
    assert_eq!(numbers(&store), [4, 5, 6, 7, 8, 9]);
    let ids = |number| {
        let submission = store.load_submission(number).expect("whole");
        submission.audits[0].1.id
    };
    let found: Vec<_> = (4..=9).map(ids).collect();
    let sent: Vec<_> = (12..=17).map(|id| audit_id(id, 0)).collect();
    assert_eq!(found, sent);

    drop(store);
    fs::remove_dir_all(folder.path().join("index")).expect("removed");
    let store = open(folder.path());
    assert_eq!(numbers(&store), [4, 5, 6, 7, 8, 9]);
    acknowledge(&store, 4);
    drop(store);
    assert_eq!(numbers(&open(folder.path())), [5, 6, 7, 8, 9]);
}

#[test]
fn the_head_moves_also_where_nothing_waits() {
    let (_old, folder, chain) = rolled_back();
    let store = open(folder.path());
    for number in 2..=3 {
        acknowledge(&store, number);
    }
    store
        .continue_after(end(&chain[2]), &context(&agent(), 50))
        .expect("stored")
        .expect("the books are on another past");
    drop(store);
    let store = open(folder.path());
    assert!(numbers(&store).is_empty());
    add(&store, 14);
    assert_eq!(numbers(&store), [4]);
    assert_eq!(
        signed(&store, 4).header.previous,
        chain[2].header.hash(),
        "it follows what Central has"
    );
}

#[test]
fn a_proof_is_of_the_submission_that_central_takes() {
    let (_old, folder, chain) = rolled_back();
    let store = open(folder.path());
    store
        .continue_after(end(&chain[2]), &context(&agent(), 50))
        .expect("stored");
    let key = agent().signing.verifying_key();
    let second = store.prove(audit_id(13, 1)).expect("readable");
    let second = second.expect("there");
    assert_eq!(second.signed.header.number, 5);
    second.verify(&key).expect("proved");
    // Only Central has what the first one follows.
    assert!(matches!(
        store.prove(audit_id(12, 1)),
        Err(StoreError::OtherPast { number: 4 })
    ));
    let old = store.prove(audit_id(1, 1)).expect("readable");
    old.expect("there").verify(&key).expect("proved");
}

#[test]
fn a_flipped_byte_in_the_outbox_costs_one_document_and_blocks_nothing() {
    let original = tempfile::tempdir().expect("a folder");
    let chain = booked(original.path(), 1);
    let store = open(original.path());
    for id in 2..=4 {
        add(&store, id);
    }
    drop(store);
    let bytes = fs::read(&segments(original.path())[0]).expect("readable");
    let mut mended = 0;
    for step in 0..30 {
        let folder = tempfile::tempdir().expect("a folder");
        copy(original.path(), folder.path());
        let mut harmed = bytes.clone();
        harmed[32 + step * (bytes.len() - 32) / 30] ^= 0x04;
        fs::write(&segments(folder.path())[0], harmed).expect("written");
        let store = open(folder.path());
        let made = store
            .continue_after(end(&chain[0]), &context(&agent(), 50))
            .expect("stored");
        mended += usize::from(made.is_some());
        assert_eq!(numbers(&store), [2, 3, 4], "step {step}");
        let documents: usize = (2..=4)
            .map(|number| store.load_submission(number).expect("whole"))
            .map(|found| found.audits.len() + usize::from(found.report.is_some()))
            .sum();
        let all = 3 * (usize::from(DEVICES) + 1);
        assert!(
            documents == all || documents == all - 1 && made.is_some(),
            "step {step}: {documents}"
        );
        let told = store.untold_events().expect("readable");
        let problems = told.iter().flat_map(|event| &event.problems);
        assert_eq!(
            problems.filter(|text| text.contains("signed anew")).count(),
            usize::from(documents < all),
            "step {step}: {told:?}"
        );
    }
    assert!(mended > 3, "{mended} flips hit the outbox");
}
