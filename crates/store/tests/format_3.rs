//! A store with a thinned and packed history, written once and kept: every later version must read it.

mod common;

use common::{agent, agreed, at, audit, context, fixture, keep_fixture, open, pass, serial};
use pagetally_store::{Clue, Receipt, Retention, Store, StoreError};

const HOUR: i64 = 3_600;

/// The passes whose audits stayed: the last hours of the first day, and all that came later.
const KEPT: [u16; 13] = [4, 8, 12, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25];

fn deliver(store: &Store, number: u64, seconds: i64) {
    let content = store.outbox().expect("readable")[0].content;
    let receipt = Receipt {
        number,
        content,
        received: at(seconds),
        bytes: b"a receipt".to_vec(),
    };
    store.record_receipt(&receipt).expect("stored");
}

/// How the fixture was made. It is not made again: new bytes would prove nothing about old ones.
#[test]
#[ignore = "the fixture stays as it is"]
fn write_the_fixture() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    store.set_identity(&agent()).expect("stored");
    // Every quarter of an hour from 08:00 on, four hours long, and then on the next day.
    for number in 1..=25_u16 {
        let seconds = match number {
            1..=16 => i64::from(number - 1) * HOUR / 4,
            _ => 24 * HOUR + i64::from(number) * HOUR / 4,
        };
        store
            .commit_pass(pass(number, 2), &context(&agent(), seconds))
            .expect("stored");
        if number < 25 {
            deliver(&store, number.into(), seconds);
        }
    }
    let policy = Retention {
        all_days: 0,
        hourly_days: 9,
        ..Retention::default()
    };
    store.thin(&policy, agreed(25 * HOUR)).expect("thinned");
    drop(store);
    keep_fixture("format-3", folder.path());
}

#[test]
fn a_thinned_and_packed_store_is_read_whole_and_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    fixture("format-3", folder.path());
    let store = open(folder.path());
    let report = store.check().expect("readable");
    assert!(!report.has_losses(), "{report:?}");
    // Twelve passes of two audits and a report.
    assert_eq!(report.thinned, 36);
    let mut found: Vec<_> = store
        .audits()
        .map(|found| found.expect("whole").audit)
        .collect();
    found.reverse();
    let expected: Vec<_> = KEPT
        .into_iter()
        .flat_map(|pass| [audit(pass, 0), audit(pass, 1)])
        .collect();
    assert_eq!(found, expected);
    let span = at(-HOUR)..=at(90 * HOUR);
    let mut history = store
        .device_history(Clue::Serial(&serial(1)), span)
        .expect("readable");
    for pass in KEPT {
        let entry = history.read_next().expect("readable").expect("it is kept");
        assert_eq!(entry.audit().expect("an audit"), audit(pass, 1));
    }
    assert_eq!(history.read_next().expect("readable"), None);
    let key = agent().signing.verifying_key();
    let proof = store.prove(audit(8, 1).id).expect("readable");
    proof.expect("there").verify(&key).expect("it holds");
    let gone = store.prove(audit(7, 1).id);
    assert!(matches!(gone, Err(StoreError::NotKept { thinned: 36, .. })));
    // It goes on: what waited is delivered, and thinned as a week has gone.
    deliver(&store, 25, 26 * HOUR);
    store
        .commit_pass(pass(26, 2), &context(&agent(), 60 * HOUR))
        .expect("stored");
    let done = store.thin(&Retention::default(), agreed(20 * 24 * HOUR));
    assert!(done.expect("thinned").thinned > 0);
    assert!(!store.check().expect("readable").has_losses());
    assert_eq!(store.outbox().expect("readable").len(), 1);
}
