//! A whole store, harmed on the disk while nobody has it open.

mod common;

use common::{agent, at, audit_id, context, copy, files, open, pass, segments};
use pagetally_proof::{Hash, Leaf, MerkleTree, SignedHeader, WithheldReason};
use pagetally_store::{OpenOptions, Problem, Receipt, Store, StoredSubmission, Undelivered};
use std::fs;
use std::path::Path;

/// Four passes of three devices, the first of them acknowledged.
fn store_with_passes(folder: &Path) {
    let agent = agent();
    let store = open(folder);
    store.set_identity(&agent).expect("stored");
    for number in 1..=4 {
        let infos = store
            .commit_pass(pass(number, 3), &context(&agent, number.into()))
            .expect("stored");
        if number == 1 {
            let receipt = Receipt {
                number: 1,
                content: infos[0].content,
                received: at(9),
                bytes: vec![],
            };
            store.record_receipt(&receipt).expect("stored");
        }
    }
}

fn numbers(store: &Store) -> Vec<u64> {
    let outbox = store.outbox().expect("readable");
    outbox.iter().map(|info| info.number).collect()
}

fn assert_whole(store: &Store) {
    assert_eq!(numbers(store), [2, 3, 4]);
    for number in 1..=4 {
        let submission = store.load_submission(number).expect("whole");
        assert_eq!(submission.audits.len(), 3);
    }
    assert_eq!(store.audits().filter(Result::is_ok).count(), 12);
    assert!(store.identity().expect("readable").is_some());
}

fn index(folder: &Path) -> std::path::PathBuf {
    folder.join("index")
}

/// A copy of a store, so that each case begins with the same one.
fn with_copies(cases: impl IntoIterator<Item = impl FnOnce(&Path)>) {
    let original = tempfile::tempdir().expect("a folder");
    store_with_passes(original.path());
    for case in cases {
        let folder = tempfile::tempdir().expect("a folder");
        copy(original.path(), folder.path());
        case(folder.path());
    }
}

#[test]
fn a_missing_index_is_built_anew() {
    with_copies([|folder: &Path| {
        fs::remove_dir_all(index(folder)).expect("removed");
        let store = open(folder);
        assert!(matches!(
            store.recovery().problems[..],
            [Problem::IndexRebuilt {
                set_aside: None,
                ..
            }]
        ));
        assert!(!store.recovery().has_losses());
        assert_whole(&store);
        drop(store);
        let store = open(folder);
        assert_eq!(store.recovery().problems, []);
        assert_whole(&store);
        assert_eq!(
            store.events(10).expect("readable").len(),
            1,
            "the rebuild is on record"
        );
    }]);
}

#[test]
fn a_damaged_index_is_set_aside_and_built_anew() {
    let harms: [fn(&Path); 3] = [
        |index| {
            let db = index.join("db");
            let length = fs::metadata(&db).expect("sled's file").len();
            fs::write(&db, vec![0x5A; usize::try_from(length).expect("small")]).expect("written");
        },
        |index| fs::write(index.join("db"), b"").expect("written"),
        |index| {
            fs::remove_dir_all(index).expect("removed");
            fs::write(index, b"a file where a folder should be").expect("written");
        },
    ];
    with_copies(harms.into_iter().enumerate().map(|(number, harm)| {
        move |folder: &Path| {
            harm(&index(folder));
            let store = open(folder);
            let [
                Problem::IndexRebuilt {
                    set_aside: Some(path),
                    ..
                },
            ] = &store.recovery().problems[..]
            else {
                panic!("harm {number}: {:?}", store.recovery());
            };
            let found = store.set_aside_indexes().expect("readable");
            let paths: Vec<_> = found.iter().map(|one| &one.path).collect();
            assert_eq!(paths, [path], "it is never deleted");
            assert_whole(&store);
            store
                .commit_pass(pass(9, 1), &context(&agent(), 20))
                .expect("a pass is accepted");
        }
    }));
}

#[test]
fn indexes_that_were_set_aside_are_counted_and_stay_until_the_site_is_erased() {
    with_copies([|folder: &Path| {
        for number in 1..=3 {
            fs::write(index(folder).join("db"), vec![b'x'; 5_000]).expect("written");
            let store = open(folder);
            let found = store.set_aside_indexes().expect("readable");
            assert_eq!(found.len(), number);
            assert!(found[number - 1].bytes >= 5_000, "{found:?}");
            let events = store.events(10).expect("readable");
            assert_eq!(events.len(), number, "each is on record");
        }
        let store = open(folder);
        let agent = agent();
        let device = common::serial(1);
        let erased = store.erase_device(&device, Undelivered::Destroy, &context(&agent, 30));
        erased.expect("erased");
        let left = store.set_aside_indexes().expect("readable");
        assert_eq!(left.len(), 3);
        drop(store);
        // One of them in the place of the index: its key is gone, and it tells nothing.
        fs::remove_dir_all(index(folder)).expect("removed");
        fs::rename(&left[0].path, index(folder)).expect("put back");
        let store = open(folder);
        assert_eq!(store.set_aside_indexes().expect("readable").len(), 3);
        assert_eq!(store.audits().filter(Result::is_ok).count(), 8);
        store
            .erase_site(Undelivered::Destroy, &context(&agent, 31))
            .expect("erased");
        assert_eq!(store.set_aside_indexes().expect("readable"), []);
    }]);
}

#[test]
fn flipped_bytes_in_the_index_cost_nothing() {
    let original = tempfile::tempdir().expect("a folder");
    store_with_passes(original.path());
    let db = index(original.path()).join("db");
    let bytes = fs::read(&db).expect("sled's file");
    let used = bytes.iter().rposition(|byte| *byte != 0).expect("used") + 1;
    for step in 0..24 {
        let folder = tempfile::tempdir().expect("a folder");
        copy(original.path(), folder.path());
        let mut harmed = bytes.clone();
        harmed[step * used / 24] ^= 0x40;
        fs::write(index(folder.path()).join("db"), harmed).expect("written");
        let store = open(folder.path());
        assert_whole(&store);
        store
            .commit_pass(pass(9, 1), &context(&agent(), 20))
            .expect("a pass is accepted");
    }
}

#[test]
fn an_index_that_forgot_the_latest_catches_up_from_the_journal() {
    with_copies([8, 5, 2].map(|tenths| {
        move |folder: &Path| {
            let db = index(folder).join("db");
            let bytes = fs::read(&db).expect("sled's file");
            let used = bytes.iter().rposition(|byte| *byte != 0).expect("used") + 1;
            fs::write(&db, &bytes[..used * tenths / 10]).expect("written");
            assert_whole(&open(folder));
        }
    }));
}

#[test]
fn a_leftover_snapshot_of_sled_is_no_obstacle() {
    with_copies([|folder: &Path| {
        for name in [
            "snap.0000000000000AAA.generating",
            "snap.FFFFFFFFFFFFFFFF.generating",
        ] {
            fs::write(index(folder).join(name), b"half a snapshot").expect("written");
        }
        let store = open(folder);
        assert_eq!(store.recovery().problems, []);
        assert_whole(&store);
    }]);
}

#[test]
fn a_byte_flipped_in_the_journal_costs_one_document_whose_leaf_stays() {
    let original = tempfile::tempdir().expect("a folder");
    store_with_passes(original.path());
    let headers: Vec<SignedHeader> = {
        let store = open(original.path());
        let load = |number| store.load_submission(number).expect("whole");
        (1..=4).map(|number| load(number).signed).collect()
    };
    let journal = segments(original.path())[0].clone();
    let bytes = fs::read(&journal).expect("readable");
    let mut incomplete = 0;
    for step in 0..40 {
        let folder = tempfile::tempdir().expect("a folder");
        copy(original.path(), folder.path());
        let mut harmed = bytes.clone();
        harmed[32 + step * (bytes.len() - 32) / 40] ^= 0x04;
        fs::write(&segments(folder.path())[0], harmed).expect("written");

        let store = open(folder.path());
        assert!(
            !store.recovery().problems.is_empty(),
            "step {step} is not noticed"
        );
        assert_eq!(
            store.check().expect("readable").problems,
            store.recovery().problems
        );
        assert!(store.identity().expect("readable").is_some());
        assert_eq!(numbers(&store), [2, 3, 4]);
        let mut lost = 0;
        for (number, header) in (1..).zip(&headers) {
            let found = store.load_submission(number).expect("its header is there");
            assert_eq!(&found.signed, header);
            assert_eq!(content(&found), header.header.content, "step {step}");
            for leaf in found.withheld.leaves() {
                assert_eq!(leaf.reason, WithheldReason::Lost);
            }
            lost += found.withheld.count(header.header.leaves);
            let whole = found.audits.len() + usize::from(found.report.is_some());
            assert_eq!(whole + found.withheld.leaves().len(), 4, "step {step}");
        }
        assert!(lost <= 1, "step {step}: {lost} documents for one byte");
        incomplete += lost;
    }
    assert!(
        incomplete > 5,
        "the flips hit documents of the outbox {incomplete} times"
    );
}

/// The root over what is there and what is withheld.
fn content(found: &StoredSubmission) -> Hash {
    let audits = found.audits.iter();
    let mut hashes: Vec<Hash> = audits
        .map(|(salt, audit)| {
            Leaf::of_audit(audit, salt.clone())
                .expect("canonical")
                .hash()
        })
        .collect();
    if let Some((salt, report)) = &found.report {
        let leaf = Leaf::of_report(report, salt.clone()).expect("canonical");
        hashes.push(leaf.hash());
    }
    for leaf in found.withheld.leaves() {
        hashes.insert(leaf.place.try_into().expect("small"), leaf.hash);
    }
    MerkleTree::new(hashes).root()
}

#[test]
fn a_lost_tail_is_reported_and_no_number_is_used_twice() {
    let original = tempfile::tempdir().expect("a folder");
    store_with_passes(original.path());
    let whole = fs::metadata(&segments(original.path())[0])
        .expect("there")
        .len();
    for cut in [1_500, 4_000, whole - 33, whole] {
        let folder = tempfile::tempdir().expect("a folder");
        copy(original.path(), folder.path());
        let file = fs::OpenOptions::new()
            .write(true)
            .open(&segments(folder.path())[0])
            .expect("opens");
        file.set_len(whole - cut).expect("cut");
        drop(file);
        let store = open(folder.path());
        assert!(store.recovery().has_losses(), "{cut}");
        assert!(
            store
                .recovery()
                .problems
                .iter()
                .any(|problem| matches!(problem, Problem::LostTail { .. })),
            "{cut}: {:?}",
            store.recovery().problems
        );
        let infos = store
            .commit_pass(pass(9, 1), &context(&agent(), 20))
            .expect("a pass is accepted");
        assert_eq!(infos[0].number, 5, "{cut}");
    }
}

#[test]
fn a_journal_cut_at_many_places_without_an_index_opens_and_takes_a_pass() {
    let original = tempfile::tempdir().expect("a folder");
    store_with_passes(original.path());
    let bytes = fs::read(&segments(original.path())[0]).expect("readable");
    for step in 0..30 {
        let folder = tempfile::tempdir().expect("a folder");
        copy(original.path(), folder.path());
        fs::remove_dir_all(index(folder.path())).expect("removed");
        let length = step * bytes.len() / 30;
        fs::write(&segments(folder.path())[0], &bytes[..length]).expect("written");
        let store = open(folder.path());
        for number in numbers(&store) {
            let submission = store.load_submission(number).expect("whole");
            assert_eq!(submission.audits.len(), 3);
            assert_eq!(
                submission.audits[0].1.id,
                audit_id(u16::try_from(number).expect("small"), 0)
            );
        }
        let before = numbers(&store).last().copied();
        let infos = store
            .commit_pass(pass(9, 1), &context(&agent(), 20))
            .expect("a pass is accepted");
        assert!(before.is_none_or(|before| infos[0].number == before + 1));
    }
}

#[test]
fn zeroed_pages_in_the_journal_cost_what_they_hit() {
    let folder = tempfile::tempdir().expect("a folder");
    let agent = agent();
    let store = open(folder.path());
    for number in 1..=6 {
        store
            .commit_pass(pass(number, 20), &context(&agent, 0))
            .expect("stored");
    }
    drop(store);
    let path = &segments(folder.path())[0];
    let mut bytes = fs::read(path).expect("readable");
    assert!(bytes.len() > 30_000);
    bytes[8_192..12_288].fill(0);
    fs::write(path, bytes).expect("written");
    let store = open(folder.path());
    assert!(store.recovery().has_losses());
    let whole = (1..=6)
        .filter(|n| store.load_submission(*n).is_ok())
        .count();
    assert!(whole >= 4, "{whole} of 6 submissions are whole");
    assert!(store.audits().filter(Result::is_ok).count() >= 110);
}

#[test]
fn a_segment_of_another_store_is_not_read() {
    let other = tempfile::tempdir().expect("a folder");
    store_with_passes(other.path());
    with_copies([|folder: &Path| {
        fs::copy(
            &segments(other.path())[0],
            folder.join("journal/00000002.journal"),
        )
        .expect("copied");
        let store = open(folder);
        assert!(
            store.recovery().problems.iter().all(|problem| matches!(
                problem,
                Problem::MovedRecord { segment: 2, .. } | Problem::SegmentHeader { segment: 2 }
            )),
            "{:?}",
            store.recovery().problems
        );
        assert_whole(&store);
    }]);
}

#[test]
fn nothing_is_deleted_by_opening_a_damaged_store() {
    with_copies([|folder: &Path| {
        let path = segments(folder)[0].clone();
        let mut bytes = fs::read(&path).expect("readable");
        for at in (100..bytes.len()).step_by(900) {
            bytes[at] ^= 0xFF;
        }
        fs::write(&path, &bytes).expect("written");
        fs::write(index(folder).join("db"), b"").expect("written");
        let store = Store::open(folder, &OpenOptions::new(at(0))).expect("opens");
        assert!(store.recovery().has_losses());
        drop(store);
        let after = files(folder);
        let journal = after.iter().find(|(found, _)| *found == path);
        let (_, found) = journal.expect("it is there");
        assert_eq!(
            &found[..bytes.len()],
            &bytes[..],
            "the journal is only added to"
        );
    }]);
}
