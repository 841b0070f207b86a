//! What only the inside of a store can show.

use super::*;
use crate::{PassBatch, SigningContext};
use pagetally_model::{AuditTime, BootId, PASS_FORMAT, PassId, PassReport, PassStats, Text};

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
            stats: PassStats::default(),
        },
    }
}

fn store_with_passes(folder: &Path, passes: usize) -> Store {
    let store = Store::open(folder, &OpenOptions::new(crate::testing::now())).expect("opens");
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
