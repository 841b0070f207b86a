//! Enrolment codes: one lets one agent in, once, for a time, and to nobody who has not its secret.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it stands"
)]

mod support;

use pagetally_contract::{
    CodeId, ContractError, EnrolmentCode, EnrolmentSecret, FaultKind, StatusString,
};
use support::World;

#[tokio::test]
async fn an_enrolment_code_lets_one_agent_in_and_is_dead_afterwards() {
    let world = World::new().await;
    let code = world.code().await;
    let first = support::TestAgent::new(&code);
    let second = support::TestAgent::new(&code);

    let answer = first.register(world.address(), &code).await;
    assert_eq!(answer.status, StatusString::OK);
    assert_eq!(answer.site.map(|site| site.id), Some(world.site));
    assert_eq!(answer.settings.map(|settings| settings.version), Some(1));

    // The one that was let in may ask again: its answer may have been lost.
    let again = first.register(world.address(), &code).await;
    assert_eq!(again.status, StatusString::OK);

    let (body, pending) = second.registration(&code);
    let (_, answer) = support::post(world.address(), "/soap", "text/xml", &body).await;
    assert!(second.session.open(&pending, &answer).is_err());
    assert_eq!(world.books.agents().await.expect("agents").len(), 1);
}

#[tokio::test]
async fn the_same_agent_under_other_keys_is_not_let_in_by_a_spent_code() {
    let world = World::new().await;
    let code = world.code().await;
    let first = support::TestAgent::new(&code);
    first.register(world.address(), &code).await;
    let mut other_keys = support::TestAgent::new(&code);
    other_keys.session.agent = first.id();

    let answer = other_keys.register(world.address(), &code).await;

    assert_eq!(answer.status, StatusString::NOT_AUTHORIZED);
    let row = world.books.agent(first.id()).await.expect("the agent");
    assert_eq!(
        row.verify_key,
        *first.session.public_keys().signing.as_bytes()
    );
}

/// The fault's code that a registration under `code` is answered with, sealed with its secret or not.
async fn refused(world: &World, code: &EnrolmentCode) -> FaultKind {
    let agent = support::TestAgent::new(code);
    let (body, pending) = agent.registration(code);
    let (_, answer) = support::post(world.address(), "/soap", "text/xml", &body).await;
    match agent.session.open(&pending, &answer) {
        Err(ContractError::Fault(fault)) => fault.kind,
        other => panic!("no fault: {other:?}"),
    }
}

#[tokio::test]
async fn tries_with_other_secrets_neither_let_anybody_in_nor_kill_a_code() {
    let world = World::new().await;
    let code = world.code().await;
    for seed in 0..40 {
        let guessed = EnrolmentCode {
            secret: EnrolmentSecret::from_bytes([seed; 32]),
            ..code.clone()
        };
        assert_eq!(refused(&world, &guessed).await, FaultKind::NotAuthenticated);
    }
    // Nobody learns from the answer whether there is such a code at all.
    let unknown = EnrolmentCode {
        code_id: CodeId::from_bytes([1; 16]),
        ..code.clone()
    };
    assert_eq!(refused(&world, &unknown).await, FaultKind::NotAuthenticated);
    assert!(world.books.agents().await.expect("agents").is_empty());

    let agent = support::TestAgent::new(&code);
    let answer = agent.register(world.address(), &code).await;
    assert_eq!(answer.status, StatusString::OK);
    assert_eq!(world.books.agents().await.expect("agents").len(), 1);
}

#[tokio::test]
async fn an_expired_code_lets_nobody_in() {
    let world = World::new().await;
    let code = world.code_valid_for(std::time::Duration::ZERO).await;
    let agent = support::TestAgent::new(&code);
    let (body, pending) = agent.registration(&code);

    let (status, answer) = support::post(world.address(), "/soap", "text/xml", &body).await;

    assert_eq!(status, 500, "SOAP 1.1 carries every fault under 500");
    assert!(agent.session.open(&pending, &answer).is_err());
    assert!(world.books.agents().await.expect("agents").is_empty());
}
