//! What goes in comes out, also after closing and opening again.

mod common;

use common::{agent, at, audit, audit_id, context, open, pass, segments, serial};
use pagetally_model::{Settings, Text};
use pagetally_proof::{Leaf, MerkleTree, verify_chain, verify_link};
use pagetally_store::{
    Clue, MAX_AUDITS_PER_SUBMISSION, OpenOptions, Receipt, StateKey, Store, StoreError,
    StoredSubmission,
};

fn receipt(number: u64, content: pagetally_proof::Hash) -> Receipt {
    Receipt {
        number,
        content,
        received: at(60),
        bytes: b"as Central wrote it".to_vec(),
    }
}

fn root(submission: &StoredSubmission) -> pagetally_proof::Hash {
    let mut leaves = Vec::new();
    for (salt, audit) in &submission.audits {
        leaves.push(
            Leaf::of_audit(audit, salt.clone())
                .expect("canonical")
                .hash(),
        );
    }
    if let Some((salt, report)) = &submission.report {
        leaves.push(
            Leaf::of_report(report, salt.clone())
                .expect("canonical")
                .hash(),
        );
    }
    MerkleTree::new(leaves).root()
}

#[test]
fn a_pass_comes_back_as_it_was_signed_and_waits_for_its_receipt() {
    let folder = tempfile::tempdir().expect("a folder");
    let agent = agent();
    let batch = pass(1, 3);
    let store = open(folder.path());
    let infos = store
        .commit_pass(batch.clone(), &context(&agent, 10))
        .expect("stored");
    assert_eq!(infos.len(), 1);
    drop(store);

    let store = open(folder.path());
    assert_eq!(store.recovery().problems, []);
    assert_eq!(store.outbox().expect("readable"), infos);
    let loaded = store.load_submission(1).expect("whole");
    assert_eq!(
        loaded.audits.iter().map(|(_, a)| a).collect::<Vec<_>>(),
        batch.audits.iter().collect::<Vec<_>>()
    );
    assert_eq!(loaded.report.as_ref().map(|(_, r)| r), Some(&batch.report));
    assert_eq!(root(&loaded), loaded.signed.header.content);
    loaded
        .signed
        .verify(&agent.signing.verifying_key())
        .expect("signed by the agent");

    store
        .record_receipt(&receipt(1, infos[0].content))
        .expect("stored");
    assert!(store.outbox().expect("readable").is_empty());
    drop(store);
    let store = open(folder.path());
    assert!(store.outbox().expect("readable").is_empty());
    assert_eq!(
        store.receipt(1).expect("readable"),
        Some(receipt(1, infos[0].content))
    );
    assert_eq!(store.receipt(2).expect("readable"), None);
}

#[test]
fn submissions_are_numbered_and_chained_across_openings() {
    let folder = tempfile::tempdir().expect("a folder");
    let agent = agent();
    for number in 0..4 {
        open(folder.path())
            .commit_pass(pass(number, 2), &context(&agent, number.into()))
            .expect("stored");
    }
    let store = open(folder.path());
    let signed: Vec<_> = (1..=4)
        .map(|number| store.load_submission(number).expect("whole").signed)
        .collect();
    verify_chain(None, &signed, &agent.signing.verifying_key().into()).expect("a chain");
    assert_eq!(
        segments(folder.path()).len(),
        1,
        "a clean tail is continued"
    );
}

#[test]
fn every_audit_has_a_proof_that_others_can_check() {
    let folder = tempfile::tempdir().expect("a folder");
    let agent = agent();
    let store = open(folder.path());
    store.set_identity(&agent).expect("stored");
    let passes = [pass(0, 3), pass(1, 3)];
    for (number, batch) in passes.iter().enumerate() {
        store
            .commit_pass(batch.clone(), &context(&agent, number as i64))
            .expect("stored");
    }
    let key = agent.signing.verifying_key();
    for (number, audit) in passes.iter().zip(1..).flat_map(|(batch, number)| {
        let audits = batch.audits.iter();
        audits.map(move |audit| (number, audit))
    }) {
        let proof = store.prove(audit.id).expect("readable").expect("there");
        proof.verify(&key).expect("proved");
        assert_eq!(proof.signed.header.number, number);
        let proved: pagetally_model::DeviceAudit =
            serde_json::from_str(&proof.document).expect("an audit");
        assert_eq!(proved, *audit);
    }
    let nobody = pagetally_model::AuditId::from_bytes([0xee; 16]);
    assert_eq!(store.prove(nobody).expect("readable"), None);
}

#[test]
fn a_big_pass_becomes_several_submissions_in_one_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let agent = agent();
    let devices = u16::try_from(MAX_AUDITS_PER_SUBMISSION * 2 + 1).expect("small");
    let batch = pass(1, devices);
    let store = open(folder.path());
    let infos = store
        .commit_pass(batch.clone(), &context(&agent, 0))
        .expect("stored");
    assert_eq!(
        infos.iter().map(|i| i.leaves).collect::<Vec<_>>(),
        [500, 500, 2]
    );

    let parts: Vec<_> = (1..=3)
        .map(|number| store.load_submission(number).expect("whole"))
        .collect();
    assert!(parts[0].report.is_none() && parts[1].report.is_none());
    assert_eq!(
        parts[2].report.as_ref().map(|(_, r)| r),
        Some(&batch.report)
    );
    let audits: Vec<_> = parts
        .iter()
        .flat_map(|p| &p.audits)
        .map(|(_, a)| a)
        .collect();
    assert_eq!(audits, batch.audits.iter().collect::<Vec<_>>());
    verify_link(None, &parts[0].signed.header).expect("the first");
    verify_link(Some(&parts[0].signed.header), &parts[1].signed.header).expect("the second");
}

#[test]
fn a_pass_without_a_printer_is_a_submission_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let agent = agent();
    let store = open(folder.path());
    let infos = store
        .commit_pass(pass(1, 0), &context(&agent, 0))
        .expect("stored");
    assert_eq!(infos[0].leaves, 1);
    assert!(store.load_submission(1).expect("whole").audits.is_empty());
}

#[test]
fn identity_settings_and_state_are_the_latest_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let agent = agent();
    let store = open(folder.path());
    assert!(store.identity().expect("readable").is_none());
    assert!(store.settings().expect("readable").is_none());
    assert!(
        store
            .state(StateKey::ENROLMENT)
            .expect("readable")
            .is_none()
    );

    let settings = Settings {
        version: 7,
        time_zone: Text::clean("Europe/Berlin"),
        ..Settings::default()
    };
    store.set_identity(&agent).expect("stored");
    store.set_settings(&Settings::default()).expect("stored");
    store.set_settings(&settings).expect("stored");
    store
        .set_state(StateKey::ENROLMENT, b"old")
        .expect("stored");
    store
        .set_state(StateKey::ENROLMENT, b"new")
        .expect("stored");
    drop(store);

    let store = open(folder.path());
    let found = store.identity().expect("readable").expect("there");
    assert_eq!(found.agent, agent.agent);
    assert_eq!(*found.signing.to_seed(), *agent.signing.to_seed());
    assert_eq!(found.sealing.expose(), agent.sealing.expose());
    assert_eq!(store.settings().expect("readable"), Some(settings));
    let state = store.state(StateKey::ENROLMENT).expect("readable");
    assert_eq!(state.as_deref().map(Vec::as_slice), Some(&b"new"[..]));
}

#[test]
fn the_newest_audit_is_found_by_serial_address_mac_and_id() {
    let folder = tempfile::tempdir().expect("a folder");
    let agent = agent();
    let store = open(folder.path());
    for number in 1..=3 {
        store
            .commit_pass(pass(number, 5), &context(&agent, 0))
            .expect("stored");
    }
    let newest = audit(3, 4);
    for text in [
        serial(4),
        serial(4).to_lowercase(),
        "192.0.0.4".to_owned(),
        "00:11:22:33:00:04".to_owned(),
        audit_id(3, 4).to_string(),
        audit_id(3, 4).to_string()[..8].to_owned(),
    ] {
        let found = store.find_audit(&text).expect("readable");
        assert_eq!(found.map(|f| f.audit).as_ref(), Some(&newest), "{text}");
    }
    assert_eq!(store.find_audit("SENTINEL").expect("readable"), None);
    let older = store
        .latest_audit(Clue::Audit(audit_id(1, 2)))
        .expect("readable");
    assert_eq!(
        older.map(|found| (found.number, found.audit)),
        Some((1, audit(1, 2)))
    );

    let ids: Vec<_> = store.audits().map(|a| a.expect("whole").audit.id).collect();
    let expected: Vec<_> = (1..=3)
        .rev()
        .flat_map(|p| (0..5).rev().map(move |d| audit_id(p, d)))
        .collect();
    assert_eq!(ids, expected);
}

#[test]
fn a_receipt_for_other_content_or_an_unknown_number_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let agent = agent();
    let store = open(folder.path());
    let infos = store
        .commit_pass(pass(1, 1), &context(&agent, 0))
        .expect("stored");
    let error = store
        .record_receipt(&receipt(1, pagetally_proof::Hash::ZERO))
        .expect_err("other content");
    assert!(matches!(error, StoreError::OtherContent { number: 1, .. }));
    let error = store
        .record_receipt(&receipt(2, infos[0].content))
        .expect_err("no such number");
    assert!(matches!(error, StoreError::NoSubmission { number: 2 }));
    assert_eq!(store.outbox().expect("readable").len(), 1);

    let mut second = receipt(1, infos[0].content);
    store.record_receipt(&second).expect("stored");
    second.bytes = b"another".to_vec();
    store.record_receipt(&second).expect("a repeat is no error");
    let first = store.receipt(1).expect("readable").expect("there");
    assert_eq!(first.bytes, b"as Central wrote it");
}

#[test]
fn another_agent_cannot_continue_the_sequence() {
    let folder = tempfile::tempdir().expect("a folder");
    let (agent, mut other) = (agent(), agent());
    other.agent = pagetally_model::AgentId::from_bytes([9; 16]);
    let store = open(folder.path());
    store
        .commit_pass(pass(1, 1), &context(&agent, 0))
        .expect("stored");
    let error = store
        .commit_pass(pass(1, 1), &context(&other, 0))
        .expect_err("another agent");
    assert!(matches!(error, StoreError::OtherAgent { .. }));
}

#[test]
fn an_audit_without_canonical_form_is_named_and_nothing_is_stored() {
    let folder = tempfile::tempdir().expect("a folder");
    let agent = agent();
    let store = open(folder.path());
    let mut batch = pass(1, 2);
    batch.audits[1].meters[0].value = u64::MAX;
    let error = store
        .commit_pass(batch.clone(), &context(&agent, 0))
        .expect_err("too large");
    let StoreError::Canonical { document, source } = error else {
        panic!("{error:?}");
    };
    assert_eq!(document, "audits[1]");
    assert_eq!(source.path, "$.meters[0].value");
    assert!(store.outbox().expect("readable").is_empty());
}

#[test]
fn a_new_day_begins_a_new_segment() {
    let folder = tempfile::tempdir().expect("a folder");
    let agent = agent();
    let store = open(folder.path());
    for day in 0..3 {
        store
            .commit_pass(pass(day, 1), &context(&agent, i64::from(day) * 86_400))
            .expect("stored");
    }
    drop(store);
    assert_eq!(segments(folder.path()).len(), 3);
    let store = Store::open(folder.path(), &OpenOptions::new(at(0))).expect("opens");
    assert_eq!(store.recovery().problems, []);
    assert_eq!(store.audits().count(), 3);
}

#[test]
fn what_central_rejected_waits_no_more_is_kept_and_can_be_signed_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let agent = agent();
    let store = open(folder.path());
    store.set_identity(&agent).expect("stored");
    for number in 1..=3 {
        store
            .commit_pass(pass(number, 2), &context(&agent, number.into()))
            .expect("stored");
    }
    let first = store.load_submission(1).expect("whole");
    let word = receipt(1, first.signed.header.content);
    store.record_rejection(&word).expect("stored");
    drop(store);
    for without_index in [false, true] {
        if without_index {
            std::fs::remove_dir_all(folder.path().join("index")).expect("removed");
        }
        let store = open(folder.path());
        let waiting = store.outbox().expect("readable");
        assert_eq!(
            waiting.iter().map(|info| info.number).collect::<Vec<_>>(),
            [2, 3]
        );
        assert_eq!(
            store.rejected().expect("readable"),
            std::slice::from_ref(&word)
        );
        assert_eq!(store.receipt(1).expect("readable"), None);
    }

    let store = open(folder.path());
    let made = store
        .send_rejected_again(&context(&agent, 9))
        .expect("stored")
        .expect("one is rejected");
    assert_eq!(made.submissions.len(), 1);
    let again = store.load_submission(4).expect("whole");
    assert_eq!(
        (&again.audits, &again.report),
        (&first.audits, &first.report)
    );
    assert_eq!(again.signed.header.content, first.signed.header.content);
    let before = store.load_submission(3).expect("whole").signed;
    verify_link(Some(&before.header), &again.signed.header).expect("one chain");
    assert!(store.rejected().expect("readable").is_empty());
    let nothing = store.send_rejected_again(&context(&agent, 9));
    assert_eq!(nothing.expect("readable"), None);
    // A proof is of the submission that Central takes.
    store
        .record_receipt(&receipt(4, again.signed.header.content))
        .expect("stored");
    let proof = store
        .prove(audit_id(1, 0))
        .expect("readable")
        .expect("there");
    assert_eq!(proof.signed.header.number, 4);
    drop(store);
    let store = open(folder.path());
    assert!(store.rejected().expect("readable").is_empty());
}
