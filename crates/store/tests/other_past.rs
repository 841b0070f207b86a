//! A store that was restored from a backup or copied: what waits in it goes on behind the end of
//! Central's books.

mod common;

use common::{agent, at, audit_id, context, copy, open, pass, segments};
use pagetally_proof::{SignedHeader, verify_chain};
use pagetally_store::{BooksEnd, Receipt, Store, StoreError, Undelivered};
use std::fs;
use std::ops::Range;
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

/// The frames of a submission, header and all, in the one segment of a store.
fn copies_of_submission(folder: &Path, number: u64) -> Vec<Range<usize>> {
    let bytes = fs::read(&segments(folder)[0]).expect("readable");
    let mut frames = Vec::new();
    let mut at = 32;
    let mut seen = 0;
    while at < bytes.len() {
        let length = u32::from_be_bytes(bytes[at + 8..at + 12].try_into().expect("4 bytes"));
        let end = at + 80 + usize::try_from(length).expect("small");
        if bytes[at + 6] == 3 {
            seen += 1;
            if seen == 2 * number - 1 || seen == 2 * number {
                frames.push(at..end);
            }
        }
        at = end;
    }
    assert_eq!(frames.len(), 2);
    frames
}

#[test]
fn a_lost_header_costs_no_document_once_what_waits_is_signed_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = booked(folder.path(), 1);
    let store = open(folder.path());
    for id in 2..=4 {
        add(&store, id);
    }
    let before: Vec<_> = (2..=4)
        .map(|number| store.load_submission(number).expect("whole"))
        .collect();
    drop(store);
    let mut bytes = fs::read(&segments(folder.path())[0]).expect("readable");
    for frame in copies_of_submission(folder.path(), 3) {
        bytes[frame.start + 90] ^= 0x04;
    }
    fs::write(&segments(folder.path())[0], bytes).expect("written");

    let store = open(folder.path());
    assert_eq!(numbers(&store), [2, 4]);
    let lost = store.load_submission(3);
    assert!(
        matches!(lost, Err(StoreError::DamagedRecord { .. })),
        "{lost:?}"
    );
    store
        .continue_after(end(&chain[0]), &context(&agent(), 50))
        .expect("stored")
        .expect("a header was lost");
    assert_eq!(numbers(&store), [2, 3, 4]);
    for (number, old) in (2..).zip(&before) {
        let new = store.load_submission(number).expect("whole");
        assert_eq!((&new.audits, &new.report), (&old.audits, &old.report));
        assert_eq!(new.signed.header.content, old.signed.header.content);
    }
    let told = store.untold_events().expect("readable");
    let problems = told.iter().flat_map(|event| &event.problems);
    let told = problems.filter(|text| text.contains("lost its header"));
    assert_eq!(told.count(), 1);
}

#[test]
fn a_receipt_for_a_later_number_settles_one_whose_header_was_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    booked(folder.path(), 1);
    let store = open(folder.path());
    for id in 2..=3 {
        add(&store, id);
    }
    drop(store);
    let mut bytes = fs::read(&segments(folder.path())[0]).expect("readable");
    for frame in copies_of_submission(folder.path(), 2) {
        bytes[frame.start + 90] ^= 0x04;
    }
    fs::write(&segments(folder.path())[0], bytes).expect("written");
    let store = open(folder.path());
    let erased = store.erase_site(Undelivered::Keep, &context(&agent(), 50));
    assert!(matches!(&erased, Err(StoreError::Undelivered { numbers }) if numbers[..] == [2, 3]));
    acknowledge(&store, 3);
    store
        .erase_site(Undelivered::Keep, &context(&agent(), 50))
        .expect("nothing waits any more");
}
