//! Documents that an agent had not any more: their hashes hold the root, the rest is booked, and what is
//! not there is said and never counted.

mod support;

use pagetally_central::WithheldRow;
use pagetally_contract::{Report, StatusString, Verdict};
use pagetally_model::PassId;
use pagetally_proof::{Hash, LeafKind, Withheld, WithheldLeaf, WithheldReason};
use support::{TestAgent, World, audit, booked, get, ids, pass_report, random};

const SERIALS: [&str; 3] = ["SN-1", "SN-2", "SN-3"];

/// A pass over three printers.
fn whole(agent: &mut TestAgent, total: u64) -> Report {
    let pass = PassId::from_bytes(random());
    let printers = SERIALS.map(|serial| {
        let mut printer = audit(serial, total);
        printer.pass = pass;
        printer
    });
    let report = pass_report(pass, &printers);
    agent.submission(printers.into(), Some(report))
}

/// The same submission without these documents.
fn without(report: &Report, places: &[u32], reason: WithheldReason) -> Report {
    let leaves = report.leaves().expect("canonical");
    let is_withheld = |place: usize| places.contains(&u32::try_from(place).expect("small"));
    let withheld = places.iter().map(|place| {
        let index = usize::try_from(*place).expect("small");
        WithheldLeaf {
            place: *place,
            kind: leaves[index].whole().expect("whole").kind(),
            hash: leaves[index].hash(),
            reason,
        }
    });
    let audits = report.audits.iter().enumerate();
    Report {
        signed: report.signed.clone(),
        audits: audits
            .filter(|(place, _)| !is_withheld(*place))
            .map(|(_, audit)| audit.clone())
            .collect(),
        pass: report
            .pass
            .clone()
            .filter(|_| !is_withheld(report.audits.len())),
        rotation: None,
        withheld: Withheld::Leaves(withheld.collect()),
    }
}

fn all_thinned(report: &Report) -> Report {
    Report {
        signed: report.signed.clone(),
        audits: Vec::new(),
        pass: None,
        rotation: None,
        withheld: Withheld::All(WithheldReason::Thinned),
    }
}

/// Sends a report that is taken, and answers how many documents its receipt says were withheld.
async fn accepted(world: &World, agent: &TestAgent, report: &Report) -> u32 {
    let answer = agent.send(world.address(), report).await;
    assert_eq!(answer.status, StatusString::OK);
    let receipt = answer.receipt.expect("a receipt");
    assert_eq!(receipt.receipt.verdict, Verdict::Accepted);
    assert_eq!(receipt.receipt.content, report.signed.header.content);
    receipt.receipt.withheld
}

async fn rows(world: &World, agent: &TestAgent) -> Vec<WithheldRow> {
    world.books.withheld(agent.id()).await.expect("rows")
}

async fn page(world: &World, agent: &TestAgent) -> String {
    let (status, page) = get(world.address(), &format!("/agents/{}", agent.id())).await;
    assert_eq!(status, 200);
    page
}

#[tokio::test]
async fn what_is_there_is_booked_and_proved_and_what_is_not_is_said() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let report = whole(&mut agent, 100);
    let sent = without(&report, &[1], WithheldReason::Lost);
    assert_eq!(accepted(&world, &agent, &sent).await, 1);

    assert_eq!(booked(&world).await, ids(&[&sent]));
    let key = agent.session.signing.verifying_key();
    for (_, audit) in &sent.audits {
        let proof = world.books.proof(audit.id).await.expect("a proof");
        proof.verify(&key).expect("it holds beside a withheld leaf");
    }
    let gone = &report.audits[1].1;
    world.books.proof(gone.id).await.expect_err("not there");
    let found = rows(&world, &agent).await;
    let [row] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!((row.number, row.leaf, row.documents), (1, Some(1), 1));
    assert_eq!(
        (row.kind, row.reason),
        (Some(LeafKind::Audit), WithheldReason::Lost)
    );
    assert_eq!(row.filled, None);
    let submission = &world.books.submissions(agent.id()).await.expect("rows")[0];
    assert_eq!((submission.leaves, submission.withheld), (4, 1));
    let text = page(&world, &agent).await;
    assert!(text.contains("an audit, leaf 1") && text.contains("lost to damage on the agent"));

    // The chain goes on behind it.
    let next = whole(&mut agent, 101);
    assert_eq!(accepted(&world, &agent, &next).await, 0);
    assert_eq!(booked(&world).await, ids(&[&sent, &next]));
}

#[tokio::test]
async fn a_repeat_with_the_document_fills_it_in_and_gets_the_first_receipt() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let report = whole(&mut agent, 100);
    let first = without(&report, &[0, 2, 3], WithheldReason::Erased);
    let answer = agent.send(world.address(), &first).await;
    let receipt = answer.receipt.expect("a receipt");
    assert_eq!(receipt.receipt.withheld, 3);
    assert!(world.books.passes(None, 9).await.expect("rows").is_empty());

    // One of them comes, one never does.
    let second = without(&report, &[2], WithheldReason::Lost);
    let again = agent.send(world.address(), &second).await;
    assert_eq!(again.receipt, Some(receipt.clone()));
    assert_eq!(booked(&world).await, ids(&[&second]));
    assert_eq!(world.books.passes(None, 9).await.expect("rows").len(), 1);
    let open = |rows: &[WithheldRow]| -> Vec<(Option<u64>, WithheldReason)> {
        let open = rows.iter().filter(|row| row.filled.is_none());
        open.map(|row| (row.leaf, row.reason)).collect()
    };
    let found = rows(&world, &agent).await;
    assert_eq!(found.len(), 3);
    assert_eq!(
        open(&found),
        [(Some(2), WithheldReason::Erased)],
        "its first reason"
    );
    assert!(page(&world, &agent).await.contains("came after all"));
    let key = agent.session.signing.verifying_key();
    let proof = world.books.proof(report.audits[0].1.id).await;
    proof.expect("a proof").verify(&key).expect("it holds");

    // And twice is not booked twice.
    for _ in 0..2 {
        let again = agent.send(world.address(), &second).await;
        assert_eq!(again.receipt, Some(receipt.clone()));
    }
    assert_eq!(booked(&world).await, ids(&[&second]));
    assert_eq!(world.books.passes(None, 9).await.expect("rows").len(), 1);
}

#[tokio::test]
async fn a_submission_of_which_the_header_alone_is_left_keeps_the_chain_and_is_filled_in_later() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let report = whole(&mut agent, 100);
    assert_eq!(accepted(&world, &agent, &all_thinned(&report)).await, 4);
    let next = whole(&mut agent, 101);
    assert_eq!(accepted(&world, &agent, &next).await, 0);
    assert_eq!(booked(&world).await, ids(&[&next]));
    let found = rows(&world, &agent).await;
    assert_eq!(
        (found.len(), found[0].leaf, found[0].documents),
        (1, None, 4)
    );
    assert!(page(&world, &agent).await.contains("all 4 documents"));

    let rest = without(&report, &[1], WithheldReason::Lost);
    assert_eq!(
        accepted(&world, &agent, &rest).await,
        4,
        "the first receipt"
    );
    assert_eq!(booked(&world).await, ids(&[&next, &rest]));
    let open = rows(&world, &agent).await.into_iter();
    let open: Vec<_> = open.filter(|row| row.filled.is_none()).collect();
    assert_eq!((open.len(), open[0].leaf), (1, Some(1)));
    let key = agent.session.signing.verifying_key();
    for (_, audit) in &rest.audits {
        let proof = world.books.proof(audit.id).await.expect("a proof");
        proof.verify(&key).expect("the leaves came with the repeat");
    }
    assert_eq!(accepted(&world, &agent, &report).await, 4);
    assert_eq!(booked(&world).await, ids(&[&next, &report]));
}

#[tokio::test]
async fn withholding_takes_nothing_back_and_no_wrong_hash_is_believed() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let report = whole(&mut agent, 100);
    assert_eq!(accepted(&world, &agent, &report).await, 0);
    // What was delivered whole stays booked, whatever a repeat withholds.
    for repeat in [
        without(&report, &[0, 1], WithheldReason::Lost),
        all_thinned(&report),
    ] {
        assert_eq!(accepted(&world, &agent, &repeat).await, 0);
    }
    assert_eq!(booked(&world).await, ids(&[&report]));
    assert!(rows(&world, &agent).await.is_empty());

    let next = whole(&mut agent, 101);
    let mut wrong = without(&next, &[0], WithheldReason::Lost);
    let mut leaf = wrong.withheld.leaves()[0];
    leaf.hash = Hash::ZERO;
    wrong.withheld = Withheld::Leaves(vec![leaf]);
    let answer = agent.send(world.address(), &wrong).await;
    let receipt = answer.receipt.expect("a receipt that says no");
    assert!(matches!(receipt.receipt.verdict, Verdict::Rejected { .. }));
    assert_eq!(booked(&world).await, ids(&[&report]));
}

#[tokio::test]
async fn a_submission_may_withhold_each_of_its_documents() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let report = whole(&mut agent, 100);
    let sent = without(&report, &[0, 1, 2, 3], WithheldReason::Erased);
    assert_eq!(accepted(&world, &agent, &sent).await, 4);
    assert!(booked(&world).await.is_empty());
    assert_eq!(rows(&world, &agent).await.len(), 4);
    assert!(
        page(&world, &agent)
            .await
            .contains("the pass&#39;s report, leaf 3")
            || page(&world, &agent)
                .await
                .contains("the pass's report, leaf 3")
    );
}

#[tokio::test]
async fn what_is_in_quarantine_shows_what_it_withheld() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let first = whole(&mut agent, 100);
    accepted(&world, &agent, &first).await;
    agent.head = None;
    let other = whole(&mut agent, 101);
    let sent = without(&other, &[1], WithheldReason::Lost);
    let answer = agent.send(world.address(), &sent).await;
    assert_eq!(answer.status, StatusString::QUARANTINED);
    let hash = *other.signed.header.hash().as_bytes();
    let kept = world.books.quarantined(agent.id(), 1, hash).await;
    let kept: serde_json::Value = serde_json::from_slice(&kept.expect("kept")).expect("JSON");
    assert_eq!(kept.as_array().expect("a list").len(), 4);
    assert_eq!(kept[1]["kind"], "audit");
    assert_eq!(kept[1]["withheld"], "lost");
    assert!(kept[1]["leaf"].is_string() && kept[0]["salt"].is_string());
}
