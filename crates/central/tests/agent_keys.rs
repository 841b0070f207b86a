//! Agents' keys at Central: which key is taken at which number, and who may change them.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it stands"
)]

mod support;

use pagetally_contract::{
    ContractError, FaultKind, Report, Request, Response, SealingKeyPair, SendReportsResponse,
    StatusString,
};
use pagetally_model::{SubmissionId, Timestamp};
use pagetally_proof::{
    Leaf, MerkleTree, Salt, SignedHeader, SignedRotation, SigningKey, SubmissionHeader, Withheld,
};
use support::{NOON, TestAgent, World, audit};

/// The keys of one agent after it changed them.
struct Keys {
    signing: SigningKey,
    sealing: SealingKeyPair,
}

fn new_keys() -> Keys {
    Keys {
        signing: SigningKey::from_seed(support::random()),
        sealing: SealingKeyPair::from_seed(support::random()),
    }
}

/// The next submission of the chain, which hands over from `old` to `new`.
fn handover(agent: &TestAgent, old: &SigningKey, new: &Keys) -> Report {
    let created = Timestamp::from_unix_millis(NOON);
    let base = match &agent.head {
        Some(head) => head.next(created),
        None => SubmissionHeader::first(agent.id(), created),
    };
    let public = *new.sealing.public().as_bytes();
    let rotation =
        SignedRotation::sign(agent.id(), base.number, old, &new.signing, public, created);
    let salt = Salt::from_bytes(support::random());
    let leaf = Leaf::of_rotation(&rotation, salt.clone()).unwrap();
    let header = SubmissionHeader {
        id: SubmissionId::from_bytes(support::random()),
        content: MerkleTree::new(vec![leaf.hash()]).root(),
        leaves: 1,
        ..base
    };
    Report {
        signed: SignedHeader::sign(header, &agent.session.signing),
        audits: Vec::new(),
        pass: None,
        rotation: Some((salt, rotation)),
        withheld: Withheld::default(),
    }
}

/// The same agent under other keys.
fn under(agent: &TestAgent, keys: &Keys) -> TestAgent {
    let mut session = agent.session.clone();
    session.signing = keys.signing.clone();
    session.sealing = keys.sealing.clone();
    TestAgent {
        session,
        head: agent.head.clone(),
    }
}

/// The fault that a request is answered with.
async fn refused(world: &World, agent: &TestAgent, request: &Request) -> FaultKind {
    let sealed = agent
        .session
        .seal(request, support::now(), support::random());
    let (body, pending) = sealed.unwrap();
    let (_, answer) = support::post(world.address(), "/soap", "text/xml", &body).await;
    match agent.session.open(&pending, &answer) {
        Err(ContractError::Fault(fault)) => fault.kind,
        other => panic!("no fault: {other:?}"),
    }
}

async fn booked(world: &World, agent: &TestAgent, report: &Report) -> SendReportsResponse {
    let answer = agent.send(world.address(), report).await;
    assert_eq!(answer.status, StatusString::OK);
    assert!(answer.receipt.is_some());
    answer
}

#[tokio::test]
async fn from_the_number_behind_the_change_the_new_key_alone_is_taken() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let first = agent.submission(vec![audit("SN-1", 1)], None);
    let receipt = booked(&world, &agent, &first).await.receipt;
    let new = new_keys();
    let change = handover(&agent, &agent.session.signing, &new);
    let changed = booked(&world, &agent, &change).await.receipt;
    agent.head = Some(change.signed.header.clone());
    let renewed = under(&agent, &new);

    // What the old key signed gets its first receipt again, sealed to the old key.
    assert_eq!(booked(&world, &agent, &first).await.receipt, receipt);
    assert_eq!(booked(&world, &agent, &change).await.receipt, changed);
    // It asks for nothing and hands in nothing any more.
    let ask = agent.schedule(0);
    let denied = FaultKind::NotAuthenticated;
    assert_eq!(refused(&world, &agent, &ask).await, denied);
    let third = Request::SendReports(agent.offer(vec![audit("SN-1", 2)], None));
    assert_eq!(refused(&world, &agent, &third).await, denied);
    // And the new key does not speak for the time before.
    let early = Request::SendReports(first.clone());
    assert_eq!(refused(&world, &renewed, &early).await, denied);

    let Response::GetSchedule(answer) = renewed.call(world.address(), &ask).await else {
        panic!("an answer to another operation");
    };
    assert!(answer.settings.is_some());
    let third = renewed.offer(vec![audit("SN-1", 2)], None);
    booked(&world, &renewed, &third).await;
    assert_eq!(world.books.submissions(agent.id()).await.unwrap().len(), 3);
    let last = world.books.last_key_change(agent.id()).await.unwrap();
    assert_eq!(last, Some((1, 2)));
}

#[tokio::test]
async fn nobody_but_the_holder_of_the_old_key_changes_it() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let first = agent.submission(vec![audit("SN-1", 1)], None);
    booked(&world, &agent, &first).await;
    let (thief, new) = (SigningKey::from_seed(support::random()), new_keys());
    // A change that another key signs, a change to a key that its holder does not show.
    let foreign = handover(&agent, &thief, &new);
    let mut unproved = handover(&agent, &agent.session.signing, &new);
    let (salt, mut rotation) = unproved.rotation.take().unwrap();
    rotation.possession = rotation.handover;
    let leaf = Leaf::of_rotation(&rotation, salt.clone()).unwrap();
    let header = SubmissionHeader {
        content: MerkleTree::new(vec![leaf.hash()]).root(),
        ..unproved.signed.header.clone()
    };
    unproved.signed = SignedHeader::sign(header, &agent.session.signing);
    unproved.rotation = Some((salt, rotation));
    for strange in [foreign, unproved] {
        let answer = agent.send(world.address(), &strange).await;
        assert_eq!(answer.status, StatusString::BAD_REQUEST);
        assert_eq!(answer.receipt, None);
    }
    let renewed = under(&agent, &new);
    let ask = renewed.schedule(0);
    let denied = FaultKind::NotAuthenticated;
    assert_eq!(refused(&world, &renewed, &ask).await, denied);
    assert_eq!(world.books.last_key_change(agent.id()).await.unwrap(), None);
    // The agent goes on as if nothing had been.
    let second = agent.submission(vec![audit("SN-1", 2)], None);
    booked(&world, &agent, &second).await;
}

/// As after Central was restored from a backup: the agent is two submissions ahead, behind a change.
#[tokio::test]
async fn a_central_that_missed_the_change_asks_for_what_it_missed() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let new = new_keys();
    let change = handover(&agent, &agent.session.signing, &new);
    agent.head = Some(change.signed.header.clone());
    let second = under(&agent, &new).offer(vec![audit("SN-1", 1)], None);
    let denied = FaultKind::NotAuthenticated;
    let ahead = Request::SendReports(second.clone());
    assert_eq!(refused(&world, &under(&agent, &new), &ahead).await, denied);
    // Under the key that Central knows it gets an answer that leads back.
    let answer = agent.send(world.address(), &second).await;
    assert_eq!(answer.status, StatusString::OUT_OF_ORDER);
    assert_eq!(answer.expected_number, Some(1));
    booked(&world, &agent, &change).await;
    booked(&world, &under(&agent, &new), &second).await;
}
