//! Thinning that is interrupted, as only the inside of a store can show.

use super::*;
use crate::common::{self, agent, audit, context, pass};
use crate::index::Changes;
use crate::record::RecordKind;
use crate::store::repack;
use crate::testing::{MemoryFiles, PowerCut};
use crate::{OpenOptions, Problem, Receipt};
use std::path::Path;
use std::sync::Arc;

const HOUR: i64 = 3_600;
const DEVICES: u16 = 2;
const PASSES: u16 = 80;

fn at(seconds: i64) -> Timestamp {
    common::at(seconds)
}

/// When the walk is made: a month after the last pass.
fn agreed() -> AgreedTime {
    common::agreed(HOUR * i64::from(PASSES) + 40 * 24 * HOUR)
}

fn open(folder: &Path, files: &Arc<MemoryFiles>) -> Store {
    let options = OpenOptions::new(at(0)).journal(files.clone());
    Store::open(folder, &options).expect("opens")
}

/// Passes of 80 hours, all but the last delivered.
fn store(folder: &Path, files: &Arc<MemoryFiles>) -> Store {
    let store = open(folder, files);
    store.set_identity(&agent()).expect("stored");
    for number in 1..=PASSES {
        let seconds = i64::from(number) * HOUR;
        let made = store
            .commit_pass(pass(number, DEVICES), &context(&agent(), seconds))
            .expect("stored");
        if number < PASSES {
            let receipt = Receipt {
                number: number.into(),
                content: made[0].content,
                received: at(seconds + 1),
                bytes: b"a receipt".to_vec(),
            };
            store.record_receipt(&receipt).expect("stored");
        }
    }
    store
}

/// Numbers of the passes whose audits of the first device are there, oldest first.
fn kept(store: &Store, case: &str) -> Vec<u64> {
    let mut kept: Vec<u64> = store
        .audits()
        .map(|found| found.expect(case).audit.meters[0].value)
        .filter(|value| value % 1_000 == 0)
        .map(|value| value / 1_000)
        .collect();
    kept.reverse();
    kept
}

fn is_loss(problem: &Problem) -> bool {
    !problem.is_trace_of_a_crash() && !matches!(problem, Problem::IndexRebuilt { .. })
}

fn check(store: &Store, case: &str) {
    let report = store.check().expect(case);
    assert!(!report.problems.iter().any(is_loss), "{case}: {report:?}");
    // Whatever is listed opens, by its traits, too.
    for number in kept(store, case) {
        let number = u16::try_from(number).expect("a small number");
        let id = audit(number, 0).id;
        let found = store.latest_audit(crate::Clue::Audit(id)).expect(case);
        assert_eq!(found.expect(case).audit, audit(number, 0), "{case}");
        store.prove(id).expect(case).expect("it is there");
    }
    assert_eq!(store.outbox().expect(case).len(), 1, "{case}");
    store.load_submission(PASSES.into()).expect(case);
}

#[test]
fn a_walk_that_dies_at_any_call_to_the_disk_loses_nothing_and_is_done_again() {
    let policy = Retention::default();
    let mut expected = None;
    for calls in 0.. {
        let folder = tempfile::tempdir().expect("a folder");
        let files = MemoryFiles::new();
        let first = store(folder.path(), &files);
        let before = kept(&first, "before");
        assert_eq!(before.len(), usize::from(PASSES));
        let from = files.calls() + calls;
        files.fail(&(from..from + 1_000).collect::<Vec<_>>());
        let done = first.thin(&policy, agreed());
        drop(first);
        for cut in [PowerCut::KeepsNone, PowerCut::KeepsAll] {
            let case = format!("call {calls}, {cut:?}");
            let again = tempfile::tempdir().expect("a folder");
            common::copy(folder.path(), again.path());
            let files = files.after(cut);
            let store = open(again.path(), &files);
            check(&store, &case);
            store.thin(&policy, agreed()).expect("the disk is back");
            check(&store, &case);
            let found = kept(&store, &case);
            let expected = expected.get_or_insert_with(|| found.clone());
            assert_eq!(&found, expected, "{case}");
            drop(store);
            // The index is as good as one that is built anew.
            std::fs::remove_dir_all(again.path().join("index")).expect("removed");
            let store = open(again.path(), &files);
            assert_eq!(&kept(&store, &case), expected, "{case}");
            check(&store, &case);
        }
        if done.is_ok() {
            assert!(calls >= 3, "only {calls} calls");
            break;
        }
    }
    // The last pass of each day, and all of the segment that is still written to.
    let days: Vec<u64> = [15, 39].into_iter().chain(63..=80).collect();
    assert_eq!(expected, Some(days));
}

#[test]
fn an_index_that_has_grown_too_large_is_built_anew_and_nobody_is_alarmed() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = MemoryFiles::new();
    let store = store(folder.path(), &files);
    store
        .thin(&Retention::default(), agreed())
        .expect("thinned");
    let before = kept(&store, "before");
    store.inner().shrink_index(0).expect("built anew");
    assert_eq!(kept(&store, "after"), before);
    check(&store, "after");
    assert!(store.check().expect("readable").problems.is_empty());
    drop(store);
    let store = open(folder.path(), &files);
    assert!(
        store.recovery().problems.is_empty(),
        "{:?}",
        store.recovery()
    );
    assert_eq!(kept(&store, "again"), before);
}

#[test]
fn an_index_that_has_not_followed_a_thinned_segment_does_so_at_the_next_opening() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = MemoryFiles::new();
    let first = store(folder.path(), &files);
    {
        let mut inner = first.inner();
        let segment = inner.journal.segments().expect("readable")[1];
        let bytes = inner.journal.segment_bytes(segment).expect("readable");
        let frames = inner.frames(segment, &bytes).expect("this format");
        let audits = frames
            .iter()
            .filter(|(_, header)| header.kind == RecordKind::Audit.code());
        let out = Out {
            remove: audits.map(|(_, header)| header.sequence).skip(6).collect(),
            pack: HashSet::new(),
        };
        assert!(out.remove.len() > 10);
        let thinner = repack::without(&inner.keyring, segment, &bytes, &out).expect("packed");
        inner.state.moving = Some(segment);
        let noted = inner.index.apply(Changes::default(), &inner.state);
        noted.expect("stored");
        inner
            .journal
            .replace(segment, &thinner.bytes)
            .expect("replaced");
    }
    drop(first);
    let store = open(folder.path(), &files);
    assert!(
        store.recovery().problems.is_empty(),
        "{:?}",
        store.recovery()
    );
    check(&store, "after opening");
    assert!(store.inner().state.moving.is_none());
    // What went is not found by what an earlier index had noted of it.
    let serial = common::serial(0);
    let mut found = 0;
    for number in 1..=PASSES {
        let clue = crate::Clue::Audit(audit(number, 0).id);
        found += usize::from(store.latest_audit(clue).expect("readable").is_some());
    }
    assert_eq!(found, kept(&store, "after opening").len());
    assert!(store.find_audit(&serial).expect("readable").is_some());
}
