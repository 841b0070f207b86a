//! A store of format 1, written once and kept: every later version must read it.

mod common;

use common::{agent, at, audit, context, fixture, keep_fixture, open, pass, report};
use pagetally_model::Settings;
use pagetally_store::{Problem, Receipt, StateKey};

/// How the fixture was made. It is not made again: new bytes would prove nothing about old ones.
#[test]
#[ignore = "the fixture stays as it is"]
fn write_the_fixture() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    store.set_identity(&agent()).expect("stored");
    store.set_settings(&Settings::default()).expect("stored");
    store
        .set_state(StateKey::ENROLMENT, b"an enrolment")
        .expect("stored");
    for number in 1..=2 {
        store
            .commit_pass(pass(number, 2), &context(&agent(), number.into()))
            .expect("stored");
    }
    let receipt = Receipt {
        number: 1,
        content: store
            .load_submission(1)
            .expect("whole")
            .signed
            .header
            .content,
        received: at(3),
        bytes: b"a receipt".to_vec(),
    };
    store.record_receipt(&receipt).expect("stored");
    drop(store);
    keep_fixture("format-1", folder.path());
}

#[test]
fn a_store_of_format_1_is_read_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    fixture("format-1", folder.path());
    let store = open(folder.path());
    assert!(
        matches!(
            store.recovery().problems[..],
            [Problem::IndexRebuilt {
                set_aside: None,
                ..
            }]
        ),
        "{:?}",
        store.recovery()
    );
    let identity = store.identity().expect("readable").expect("there");
    assert_eq!(identity.agent, agent().agent);
    assert_eq!(*identity.signing.to_seed(), *agent().signing.to_seed());
    assert_eq!(identity.sealing.expose(), agent().sealing.expose());
    assert_eq!(
        store.settings().expect("readable"),
        Some(Settings::default())
    );
    let state = store.state(StateKey::ENROLMENT).expect("readable");
    assert_eq!(
        state.map(|bytes| bytes.to_vec()),
        Some(b"an enrolment".to_vec())
    );

    let outbox = store.outbox().expect("readable");
    assert_eq!(
        outbox.iter().map(|info| info.number).collect::<Vec<_>>(),
        [2]
    );
    for number in 1..=2 {
        let submission = store.load_submission(number.into()).expect("whole");
        submission
            .signed
            .verify(&agent().signing.verifying_key())
            .expect("signed by the agent");
        let audits: Vec<_> = submission
            .audits
            .into_iter()
            .map(|(_, audit)| audit)
            .collect();
        assert_eq!(audits, [audit(number, 0), audit(number, 1)]);
        assert_eq!(submission.report.map(|(_, report)| report), Some(report()));
    }
    let receipt = store.receipt(1).expect("readable").expect("there");
    assert_eq!(
        (receipt.received, &receipt.bytes[..]),
        (at(3), &b"a receipt"[..])
    );
    store
        .commit_pass(pass(3, 1), &context(&agent(), 9))
        .expect("it goes on");
}
