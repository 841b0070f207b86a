//! A store whose keys are of format 2, written once and kept: every later version must read it.

mod common;

use common::{agent, at, audit, context, fixture, keep_fixture, open, pass, serial};
use pagetally_store::{ExportScope, KeyCustody, Receipt, StateKey, Undelivered};

/// How the fixture was made. It is not made again: new bytes would prove nothing about old ones.
#[test]
#[ignore = "the fixture stays as it is"]
fn write_the_fixture() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    store.set_identity(&agent()).expect("stored");
    store
        .set_state(StateKey::ENROLMENT, b"an enrolment")
        .expect("stored");
    for number in 1..=2 {
        store
            .commit_pass(pass(number, 3), &context(&agent(), number.into()))
            .expect("stored");
        let content = store
            .load_submission(number.into())
            .expect("whole")
            .signed
            .header
            .content;
        store
            .record_receipt(&Receipt {
                number: number.into(),
                content,
                received: at(3),
                bytes: b"a receipt".to_vec(),
            })
            .expect("stored");
    }
    store
        .erase_device(&serial(2), Undelivered::Keep, &context(&agent(), 4))
        .expect("erased");
    // In the middle of a rotation, so that the file has keys with and without a successor.
    store.begin_key_rotation(at(5)).expect("begun");
    store
        .commit_pass(pass(3, 2), &context(&agent(), 5))
        .expect("stored");
    drop(store);
    keep_fixture("format-2", folder.path());
}

#[test]
fn a_store_with_keys_of_format_2_is_read_whole_and_its_rotation_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    fixture("format-2", folder.path());
    let keys = std::fs::read_to_string(folder.path().join("keys")).expect("text");
    assert!(keys.contains("\"format\":2") && keys.contains("\"erased\":["));
    let store = open(folder.path());
    let identity = store.identity().expect("readable").expect("there");
    assert_eq!(*identity.signing.to_seed(), *agent().signing.to_seed());
    let read = |store: &pagetally_store::Store| -> Vec<_> {
        let audits = store.audits().map(|found| found.expect("whole").audit);
        audits.collect()
    };
    let mut expected: Vec<_> = (1..=3)
        .map(|pass| [audit(pass, 0), audit(pass, 1)])
        .collect();
    expected.reverse();
    let expected: Vec<_> = expected
        .into_iter()
        .flat_map(|[first, second]| [second, first])
        .collect();
    assert_eq!(read(&store), expected);
    let status = store.key_status();
    assert_eq!(status.custody, KeyCustody::KeyFile);
    assert_eq!((status.devices, status.erased), (2, 1));
    assert!(status.retiring > 0, "{status:?}");
    while store.continue_key_rotation(at(6)).expect("a step") {}
    assert_eq!(store.key_status().retiring, 0);
    assert_eq!(read(&store), expected);
    assert!(store.find_audit(&serial(2)).expect("readable").is_none());
    let mut export = Vec::new();
    store
        .export(ExportScope::Site, &mut export)
        .expect("written");
    assert!(!String::from_utf8_lossy(&export).contains(&serial(2)));
}
