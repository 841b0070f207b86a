//! What an agent signed and Central cannot book uses its number up: a stored receipt says which document and
//! why, the chain goes on, and the same documents are booked under a later number.

mod support;

use pagetally_central::{DeviceFilter, RejectionRow};
use pagetally_contract::{Receipt, Report, StatusString, Verdict};
use pagetally_model::{DeviceAudit, PassId, Text};
use pagetally_proof::{SignedHeader, SubmissionHeader};
use support::{TestAgent, World, audit, get, pass_report, random};

async fn sent(world: &World, agent: &TestAgent, report: &Report) -> Receipt {
    let answer = agent.send(world.address(), report).await;
    assert_eq!(answer.status, StatusString::OK);
    let receipt = answer.receipt.expect("a receipt, whatever it says").receipt;
    assert_eq!(receipt.header, report.signed.header.hash());
    receipt
}

fn rejected(receipt: &Receipt) -> (Option<&str>, &str) {
    match &receipt.verdict {
        Verdict::Rejected { document, reason } => {
            (document.as_ref().map(Text::as_str), reason.as_str())
        }
        other => panic!("{other:?}"),
    }
}

async fn accepted(world: &World, agent: &TestAgent, report: &Report) {
    let receipt = sent(world, agent, report).await;
    assert_eq!(receipt.verdict, Verdict::Accepted);
}

async fn devices(world: &World) -> usize {
    let devices = world.books.devices(&DeviceFilter::default()).await;
    devices.expect("rows").len()
}

async fn rows(world: &World, agent: &TestAgent) -> Vec<Option<RejectionRow>> {
    let rows = world.books.submissions(agent.id()).await.expect("rows");
    rows.into_iter().map(|row| row.rejected).collect()
}

/// The same documents under the agent's next number.
fn again(agent: &mut TestAgent, report: &Report) -> Report {
    let empty = agent.offer(Vec::new(), None);
    let header = SubmissionHeader {
        content: report.signed.header.content,
        leaves: report.signed.header.leaves,
        ..empty.signed.header
    };
    agent.head = Some(header.clone());
    Report {
        signed: SignedHeader::sign(header, &agent.session.signing),
        ..report.clone()
    }
}

#[tokio::test]
async fn a_document_of_a_format_that_central_does_not_read_is_named() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let newer = DeviceAudit {
        format: 2,
        ..audit("SN-2", 20)
    };
    let report = agent.submission(vec![audit("SN-1", 10), newer], None);
    let first = sent(&world, &agent, &report).await;
    let why = "it has format 2; this Central reads format 1";
    assert_eq!(rejected(&first), (Some("audits[1]"), why));
    assert_eq!(devices(&world).await, 0, "nothing of it is booked");
    assert_eq!(
        sent(&world, &agent, &report).await,
        first,
        "the first receipt again"
    );

    let mut pass = pass_report(PassId::from_bytes(random()), &[]);
    pass.format = 9;
    let report = agent.submission(Vec::new(), Some(pass));
    let receipt = sent(&world, &agent, &report).await;
    assert_eq!(rejected(&receipt).0, Some("pass"));

    // The chain goes on.
    let next = agent.submission(vec![audit("SN-3", 30)], None);
    accepted(&world, &agent, &next).await;
    assert_eq!(devices(&world).await, 1);
    let (status, page) = get(world.address(), &format!("/agents/{}", agent.id())).await;
    assert_eq!(status, 200);
    assert!(page.contains("audits[1]: it has format 2"), "{page}");
}

#[tokio::test]
async fn documents_that_hash_to_something_else_are_rejected_and_taken_under_a_later_number() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let report = agent.submission(vec![audit("SN-1", 10), audit("SN-2", 20)], None);
    // As where a Central passes over what a newer agent says.
    let mut harmed = report.clone();
    harmed.audits[1].1.identity.location = Some(Text::clean("elsewhere"));
    let first = sent(&world, &agent, &harmed).await;
    let (document, why) = rejected(&first);
    assert_eq!(document, None);
    assert!(why.contains("hash"), "{why}");
    assert_eq!(
        sent(&world, &agent, &report).await,
        first,
        "the number is used up"
    );
    assert_eq!(devices(&world).await, 0);

    let later = again(&mut agent, &report);
    accepted(&world, &agent, &later).await;
    assert_eq!(devices(&world).await, 2);
    let found = rows(&world, &agent).await;
    assert_eq!(found[0].as_ref().and_then(|row| row.settled), Some(2));
    assert_eq!(found[1], None);
    let (_, page) = get(world.address(), &format!("/agents/{}", agent.id())).await;
    assert!(page.contains("booked later, as number 2"), "{page}");
    let key = agent.session.signing.verifying_key();
    let proof = world
        .books
        .proof(report.audits[0].1.id)
        .await
        .expect("a proof");
    proof.verify(&key).expect("across the rejected one");
}

#[tokio::test]
async fn an_id_that_another_document_has_is_named() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let known = audit("SN-1", 1);
    let first = agent.submission(vec![known.clone()], None);
    accepted(&world, &agent, &first).await;
    let stolen = DeviceAudit {
        id: known.id,
        ..audit("SN-9", 5)
    };
    let report = agent.submission(vec![audit("SN-2", 3), stolen], None);
    let receipt = sent(&world, &agent, &report).await;
    assert_eq!(
        rejected(&receipt),
        (Some("audits[1]"), "another document has its id")
    );
    let twin = audit("SN-3", 3);
    let report = agent.submission(vec![twin.clone(), twin], None);
    let receipt = sent(&world, &agent, &report).await;
    assert_eq!(rejected(&receipt).0, Some("audits[1]"));
    assert_eq!(devices(&world).await, 1);
}

#[tokio::test]
async fn what_its_agent_did_not_sign_uses_no_number_up() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let mut report = agent.submission(vec![audit("SN-1", 10)], None);
    let good = report.clone();
    report.signed.header.created = support::now();
    let answer = agent.send(world.address(), &report).await;
    assert_eq!(
        (answer.status, answer.receipt),
        (StatusString::BAD_REQUEST, None)
    );
    accepted(&world, &agent, &good).await;
}
