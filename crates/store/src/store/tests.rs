//! What only the inside of a store can show.

mod power;
mod power_history;

use super::*;
use crate::disk::double::die_after;
use crate::testing::{MemoryFiles, PowerCut};
use crate::{BooksEnd, PassBatch, SigningContext};
use pagetally_model::{AuditTime, BootId, PASS_FORMAT, PassId, PassReport, PassStats, Text};
use pagetally_proof::Hash;

fn pass() -> PassBatch {
    PassBatch {
        audits: Vec::new(),
        report: PassReport {
            format: PASS_FORMAT,
            id: PassId::from_bytes([1; 16]),
            started: AuditTime {
                wall: crate::testing::now(),
                boot: BootId::from_bytes([2; 16]),
                monotonic_millis: 0,
                central_offset: None,
            },
            settings_version: 0,
            agent_version: Text::clean("test"),
            observations: Vec::new(),
            notices: Vec::new(),
            stats: PassStats::default(),
        },
    }
}

fn store_with_passes(folder: &Path, passes: usize) -> Store {
    store_on(folder, &OpenOptions::new(crate::testing::now()), passes)
}

fn store_on(folder: &Path, options: &OpenOptions, passes: usize) -> Store {
    let store = Store::open(folder, options).expect("opens");
    let identity = AgentIdentity::generate().expect("random bytes");
    store.set_identity(&identity).expect("stored");
    let context = SigningContext {
        agent: identity.agent,
        key: &identity.signing,
        now: crate::testing::now(),
    };
    for _ in 0..passes {
        store.commit_pass(pass(), &context).expect("stored");
    }
    store
}

#[test]
fn a_store_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Store>();
}

#[test]
fn an_index_that_lost_entries_without_noticing_is_built_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store_with_passes(folder.path(), 3);
    {
        let mut inner = store.inner();
        inner.index = memory(&inner.keyring).expect("memory");
        inner.index_is_complete = false;
    }
    assert_eq!(store.outbox().expect("readable").len(), 3);
    store.load_submission(2).expect("whole");
    assert!(matches!(
        store.check().expect("readable").problems[..],
        [Problem::IndexRebuilt { .. }]
    ));
    assert!(matches!(
        store.load_submission(4),
        Err(StoreError::NoSubmission { number: 4 })
    ));
}

#[test]
fn an_index_whose_thread_is_gone_is_replaced_within_the_same_call() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store_with_passes(folder.path(), 1);
    store.inner().index.break_for_test();
    store.load_submission(1).expect("whole");
    let identity = store.identity().expect("readable").expect("there");
    store.inner().index.break_for_test();
    let context = SigningContext {
        agent: identity.agent,
        key: &identity.signing,
        now: crate::testing::now(),
    };
    let stored = store
        .commit_pass(pass(), &context)
        .expect("stored all the same");
    assert_eq!(stored[0].number, 2);
    store.load_submission(2).expect("whole");
    drop(store);
    let again = Store::open(folder.path(), &OpenOptions::new(crate::testing::now()));
    assert_eq!(again.expect("opens").outbox().expect("readable").len(), 2);
}

/// Which disk takes no more.
#[derive(Clone, Copy, Debug)]
enum Dies {
    WithTheKeys,
    WithTheJournal,
}

/// Lets the machine die at each call to a disk that `change` makes, opens the store again on what
/// is durable, and checks it. Answers how many calls there were.
fn survives(
    dies: Dies,
    change: impl Fn(&Store) -> Result<(), StoreError>,
    check: impl Fn(&Store, &str),
) -> usize {
    for calls in 0.. {
        let folder = tempfile::tempdir().expect("a folder");
        let files = MemoryFiles::new();
        let options = OpenOptions::new(crate::testing::now());
        let store = store_on(folder.path(), &options.clone().journal(files.clone()), 2);
        match dies {
            Dies::WithTheKeys => die_after(Some(calls)),
            Dies::WithTheJournal => {
                let first = files.calls() + calls;
                files.fail(&(first..first + 1_000).collect::<Vec<_>>());
            }
        }
        let changed = change(&store);
        die_after(None);
        drop(store);
        let files = files.after(PowerCut::KeepsNone);
        let store = Store::open(folder.path(), &options.journal(files)).expect("it opens");
        check(&store, &format!("{dies:?} at call {calls}"));
        if changed.is_ok() {
            return calls;
        }
    }
    unreachable!("it succeeds when the machine lives long enough")
}

fn rotate(store: &Store) -> Result<(), StoreError> {
    let now = crate::testing::now();
    store.begin_key_rotation(now)?;
    while store.continue_key_rotation(now)? {}
    Ok(())
}

#[test]
fn a_rotation_that_dies_at_any_call_to_a_disk_goes_on_and_loses_nothing() {
    for dies in [Dies::WithTheKeys, Dies::WithTheJournal] {
        let calls = survives(dies, rotate, |store, case| {
            for number in 1..=2 {
                store.load_submission(number).expect(case);
            }
            rotate(store).expect(case);
            assert_eq!(store.key_status().retiring, 0, "{case}");
            assert_eq!(store.outbox().expect(case).len(), 2, "{case}");
            for number in 1..=2 {
                store.load_submission(number).expect(case);
            }
            let wrong: Vec<_> = store.check().expect(case).problems;
            assert!(
                wrong.iter().all(Problem::is_trace_of_a_crash)
                    || wrong
                        .iter()
                        .all(|problem| matches!(problem, Problem::IndexRebuilt { .. })),
                "{case}: {wrong:?}"
            );
        });
        assert!(calls > 2, "{dies:?}: {calls} calls");
    }
}

#[test]
fn an_erased_site_is_gone_or_whole_whenever_the_machine_dies() {
    for dies in [Dies::WithTheKeys, Dies::WithTheJournal] {
        survives(
            dies,
            |store| {
                let identity = store.identity()?.expect("there");
                let context = SigningContext {
                    agent: identity.agent,
                    key: &identity.signing,
                    now: crate::testing::now(),
                };
                store.erase_site(Undelivered::Destroy, &context).map(|_| ())
            },
            |store, case| {
                let whole = store.identity().expect(case).is_some();
                let waiting = store.outbox().expect(case).len();
                assert_eq!(waiting, if whole { 2 } else { 0 }, "{case}");
                for number in 1..=waiting as u64 {
                    store.load_submission(number).expect(case);
                }
                let identity = AgentIdentity::generate().expect("random bytes");
                store.set_identity(&identity).expect(case);
            },
        );
    }
}

#[test]
fn a_chain_goes_on_behind_other_books_whole_or_not_at_all() {
    let books = BooksEnd {
        number: 7,
        header: Hash::from_bytes([7; 32]),
    };
    let go_on = |store: &Store| {
        let identity = store.identity()?.expect("there");
        let context = SigningContext {
            agent: identity.agent,
            key: &identity.signing,
            now: crate::testing::now(),
        };
        store.continue_after(books, &context).map(|_| ())
    };
    let calls = survives(Dies::WithTheJournal, go_on, |store, case| {
        let numbers = |store: &Store| -> Vec<u64> {
            let outbox = store.outbox().expect(case);
            outbox.iter().map(|info| info.number).collect()
        };
        let found = numbers(store);
        assert!(found == [1, 2] || found == [8, 9], "{case}: {found:?}");
        for number in found {
            store.load_submission(number).expect(case);
        }
        go_on(store).expect(case);
        assert_eq!(numbers(store), [8, 9], "{case}");
    });
    assert!(calls > 1, "{calls} calls");
}
