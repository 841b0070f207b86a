//! Receipts are signed by Central, and stay what they were when its keys are replaced.

mod support;

use pagetally_contract::{CentralPublicKey, Report, SignedReceipt, StatusString, Verdict};
use std::time::Duration;
use support::{TestAgent, World, audit, now};

/// The receipt; opening the answer checked that the key which the agent sealed to has signed it.
async fn receipt(world: &World, agent: &TestAgent, report: &Report) -> SignedReceipt {
    let answer = agent.send(world.address(), report).await;
    assert_eq!(answer.status, StatusString::OK);
    answer.receipt.expect("a receipt")
}

/// The same agent, sealing to another key of Central's.
fn sealing_to(agent: &TestAgent, key: CentralPublicKey) -> TestAgent {
    let mut session = agent.session.clone();
    session.central = key;
    TestAgent {
        session,
        head: agent.head.clone(),
    }
}

async fn rotated(world: &World) -> CentralPublicKey {
    let hour = Duration::from_secs(3_600);
    world.books.rotate_key(now(), hour).await.expect("rotated");
    world.books.public_key().await.expect("a key")
}

#[tokio::test]
async fn a_repeat_gets_the_first_receipt_though_centrals_key_was_replaced_in_between() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let report = agent.submission(vec![audit("SN-1", 1)], None);
    let first = receipt(&world, &agent, &report).await;
    assert_eq!(first.key, agent.session.central.id());

    let new = rotated(&world).await;
    assert_eq!(receipt(&world, &agent, &report).await, first);
    // Who has learnt of the new key may have no other: the same words under that one.
    let learnt = sealing_to(&agent, new);
    let again = receipt(&world, &learnt, &report).await;
    assert_eq!((&again.receipt, again.key), (&first.receipt, new.id()));
    assert_eq!(receipt(&world, &agent, &report).await, first);
}

#[tokio::test]
async fn a_rejection_is_signed_and_can_be_checked_by_anybody_who_has_the_key() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let mut bad = audit("SN-1", 1);
    bad.format = 9;
    let report = agent.submission(vec![bad], None);
    let first = receipt(&world, &agent, &report).await;
    assert!(matches!(first.receipt.verdict, Verdict::Rejected { .. }));
    let key = world.books.public_key().await.expect("a key");
    first.verify(agent.id(), &key).expect("signed");

    let other = world.enrolled().await;
    assert!(first.verify(other.id(), &key).is_err());
    let mut accepted = first.clone();
    accepted.receipt.verdict = Verdict::Accepted;
    assert!(accepted.verify(agent.id(), &key).is_err());
    rotated(&world).await;
    assert_eq!(receipt(&world, &agent, &report).await, first);
}
