//! What contradicts the books is kept whole beside them, and its agent comes back by a new code.

mod support;

use pagetally_central::AgentStatus;
use pagetally_contract::{
    BooksHead, RegisterResponse, Report, Request, SendReportsResponse, StatusString,
    UnregisterRequest, Verdict,
};
use pagetally_model::{DeviceAudit, PassId, PassReport, SubmissionId, Text};
use pagetally_proof::{Hash, SignedHeader, SubmissionHeader};
use support::{TestAgent, World, audit, booked, get, ids, pass_report, random};

const SERIAL: &str = "CNB1234567";

/// An audit with its pass.
fn read(total: u64) -> (Vec<DeviceAudit>, Option<PassReport>) {
    let mut printer = audit(SERIAL, total);
    printer.pass = PassId::from_bytes(random());
    let pass = pass_report(printer.pass, std::slice::from_ref(&printer));
    (vec![printer], Some(pass))
}

fn next(agent: &mut TestAgent, total: u64) -> Report {
    let (audits, pass) = read(total);
    agent.submission(audits, pass)
}

/// The same agent, as a backup or a copied disk has it.
fn copy(agent: &TestAgent) -> TestAgent {
    TestAgent {
        session: agent.session.clone(),
        head: agent.head.clone(),
    }
}

/// The same documents behind the end of the books.
fn behind(agent: &TestAgent, head: BooksHead, report: &Report) -> Report {
    let header = SubmissionHeader {
        id: SubmissionId::from_bytes(random()),
        number: head.number + 1,
        previous: head.header,
        ..report.signed.header.clone()
    };
    Report {
        signed: SignedHeader::sign(header, &agent.session.signing),
        ..report.clone()
    }
}

fn end(report: &Report) -> BooksHead {
    let header = &report.signed.header;
    BooksHead {
        number: header.number,
        header: header.hash(),
    }
}

async fn accepted(world: &World, agent: &TestAgent, report: &Report) {
    let answer = agent.send(world.address(), report).await;
    assert_eq!(answer.status, StatusString::OK);
    let receipt = answer.receipt.expect("a receipt");
    assert_eq!(receipt.receipt.verdict, Verdict::Accepted);
}

async fn quarantined(world: &World, agent: &TestAgent, report: &Report) -> SendReportsResponse {
    let answer = agent.send(world.address(), report).await;
    assert_eq!(answer.status, StatusString::QUARANTINED);
    assert_eq!(answer.receipt, None);
    answer
}

async fn register(world: &World, agent: &TestAgent) -> RegisterResponse {
    let code = world.code().await;
    agent.register(world.address(), &code).await
}

async fn status(world: &World, agent: &TestAgent) -> AgentStatus {
    let row = world.books.agent(agent.id()).await.expect("the agent");
    row.status
}

#[tokio::test]
async fn all_that_a_rolled_back_agent_sends_is_kept_and_booked_once_when_it_is_back() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let first = next(&mut agent, 1);
    accepted(&world, &agent, &first).await;
    let mut restored = copy(&agent);
    let lost: Vec<Report> = (2..=3).map(|total| next(&mut agent, total)).collect();
    for report in &lost {
        accepted(&world, &agent, report).await;
    }

    // Numbers 2 and 3 are taken, number 4 is the next one on another past, 6 is far ahead.
    let held: Vec<Report> = (12..=16).map(|total| next(&mut restored, total)).collect();
    for report in [&held[0], &held[1], &held[2], &held[4], &held[3], &held[0]] {
        let answer = quarantined(&world, &restored, report).await;
        assert_eq!(answer.expected_number, Some(4));
    }

    assert_eq!(status(&world, &agent).await, AgentStatus::Forked);
    let row = world.books.agent(agent.id()).await.expect("the agent");
    assert_eq!(row.gap, None, "nothing is asked for again");
    let forks = world.books.forks(agent.id()).await.expect("forks");
    let found: Vec<_> = forks
        .iter()
        .map(|fork| (fork.number, fork.settled))
        .collect();
    assert_eq!(
        found,
        [(2, None), (3, None), (4, None), (5, None), (6, None)]
    );
    assert_eq!(booked(&world).await, ids(&[&first, &lost[0], &lost[1]]));

    let answer = register(&world, &restored).await;
    assert_eq!(answer.status, StatusString::OK);
    assert_eq!(answer.head, Some(end(&lost[1])));
    assert_eq!(status(&world, &agent).await, AgentStatus::Good);
    let mut head = end(&lost[1]);
    for report in &held {
        let again = behind(&restored, head, report);
        accepted(&world, &restored, &again).await;
        head = end(&again);
    }
    let all: Vec<&Report> = [&first].into_iter().chain(&lost).chain(&held).collect();
    assert_eq!(booked(&world).await, ids(&all));
    let forks = world.books.forks(agent.id()).await.expect("forks");
    let found: Vec<_> = forks
        .iter()
        .map(|fork| (fork.number, fork.settled))
        .collect();
    let settled = (2..=6).map(|number| (number, Some(number + 2)));
    assert_eq!(found, settled.collect::<Vec<_>>());
}

#[tokio::test]
async fn documents_that_were_booked_before_are_not_booked_again_and_hinder_no_others() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let backup = copy(&agent);
    let mut restored = copy(&agent);
    let (known, fresh) = (audit(SERIAL, 1), audit(SERIAL, 2));
    let first = agent.submission(vec![known.clone()], None);
    accepted(&world, &agent, &first).await;
    let second = next(&mut agent, 3);
    accepted(&world, &agent, &second).await;

    // The backup holds the first one without its receipt, and what was read since it was restored.
    let again = behind(&backup, end(&second), &first);
    accepted(&world, &backup, &again).await;
    let mut mixed = restored.submission(vec![known.clone(), fresh.clone()], None);
    // The same audit in the same salt: what was signed is what is in the books.
    mixed.audits[0] = first.audits[0].clone();
    let leaves = mixed.leaves().expect("canonical");
    let tree = pagetally_proof::MerkleTree::new(leaves.iter().map(|leaf| leaf.hash()).collect());
    mixed.signed.header.content = tree.root();
    let mixed = behind(&restored, end(&again), &mixed);
    accepted(&world, &restored, &mixed).await;
    // A whole pass again.
    let pass_again = behind(&restored, end(&mixed), &second);
    accepted(&world, &restored, &pass_again).await;

    let mut all = ids(&[&first, &second]);
    all.push(fresh.id);
    all.sort();
    assert_eq!(booked(&world).await, all);
    assert_eq!(world.books.passes(None, 10).await.expect("passes").len(), 1);

    // Another document under a taken id is no repeat: its number is used up, nothing is booked.
    let mut forged = audit(SERIAL, 99);
    forged.id = known.id;
    let other = restored.offer(vec![forged, audit(SERIAL, 4)], None);
    let other = behind(&restored, end(&pass_again), &other);
    let answer = restored.send(world.address(), &other).await;
    let receipt = answer.receipt.expect("a receipt");
    assert!(matches!(receipt.receipt.verdict, Verdict::Rejected { .. }));
    assert_eq!(booked(&world).await, all);
}

#[tokio::test]
async fn the_original_of_a_clone_is_booked_as_ever() {
    let world = World::new().await;
    let mut original = world.enrolled().await;
    let first = next(&mut original, 1);
    accepted(&world, &original, &first).await;
    let mut clone = copy(&original);
    let second = next(&mut original, 2);
    accepted(&world, &original, &second).await;
    let strange = next(&mut clone, 12);
    quarantined(&world, &clone, &strange).await;

    let third = next(&mut original, 3);
    accepted(&world, &original, &third).await;

    assert_eq!(status(&world, &original).await, AgentStatus::Forked);
    assert_eq!(booked(&world).await, ids(&[&first, &second, &third]));
}

#[tokio::test]
async fn a_quarantine_is_lifted_by_a_fresh_code_of_the_same_site_and_the_same_keys_alone() {
    let world = World::new().await;
    let code = world.code().await;
    let mut agent = TestAgent::new(&code);
    let answer = agent.register(world.address(), &code).await;
    assert!(answer.status.is_successful());
    let nothing = BooksHead {
        number: 0,
        header: Hash::ZERO,
    };
    assert_eq!(answer.head, Some(nothing));
    let mut restored = copy(&agent);
    let report = next(&mut agent, 1);
    accepted(&world, &agent, &report).await;
    let strange = next(&mut restored, 12);
    quarantined(&world, &restored, &strange).await;

    let refused = restored.register(world.address(), &code).await;
    assert_eq!(refused.status, StatusString::NOT_AUTHORIZED, "spent");

    let account = world.books.create_account("Another customer").await;
    let site = world
        .books
        .create_site(account.expect("an account"), "Branch", "Europe/Berlin")
        .await
        .expect("a site");
    let hour = std::time::Duration::from_secs(3_600);
    let url = world.central.public_url();
    let elsewhere = world
        .books
        .create_enrolment_code(site, url, support::now(), hour)
        .await
        .expect("a code");
    let refused = restored.register(world.address(), &elsewhere).await;
    assert_eq!(refused.status, StatusString::NOT_AUTHORIZED, "elsewhere");

    let fresh = world.code().await;
    let mut stranger = TestAgent::new(&fresh);
    stranger.session.agent = agent.id();
    let refused = stranger.register(world.address(), &fresh).await;
    assert_eq!(refused.status, StatusString::NOT_AUTHORIZED, "other keys");
    assert_eq!(status(&world, &agent).await, AgentStatus::Forked);

    // None of them has spent the fresh code, and its own answer may be lost once.
    for _ in 0..2 {
        let answer = restored.register(world.address(), &fresh).await;
        assert_eq!(answer.status, StatusString::OK);
        assert_eq!(status(&world, &agent).await, AgentStatus::Good);
    }
}

#[tokio::test]
async fn an_agent_that_was_removed_comes_back_by_a_new_code() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let first = next(&mut agent, 1);
    accepted(&world, &agent, &first).await;
    let leave = Request::Unregister(UnregisterRequest {
        reason: Text::clean("moving"),
    });
    agent.call(world.address(), &leave).await;
    let second = next(&mut agent, 2);
    let answer = agent.send(world.address(), &second).await;
    assert_eq!(answer.status, StatusString::GONE);

    let answer = register(&world, &agent).await;

    assert_eq!(answer.head, Some(end(&first)));
    accepted(&world, &agent, &second).await;
    assert_eq!(booked(&world).await, ids(&[&first, &second]));
}

#[tokio::test]
async fn the_agents_page_says_what_to_do_and_shows_what_is_kept() {
    let world = World::new().await;
    let mut agent = world.enrolled().await;
    let mut restored = copy(&agent);
    let report = next(&mut agent, 1);
    accepted(&world, &agent, &report).await;
    let strange = next(&mut restored, 4_711);
    quarantined(&world, &restored, &strange).await;

    let page = format!("/agents/{}", agent.id());
    let (code, html) = get(world.address(), &page).await;
    assert_eq!(code, 200);
    for part in ["in quarantine", "onsite enrol", "waits", "/sites/"] {
        assert!(html.contains(part), "{part} is not in {html}");
    }
    let header = strange.signed.header.hash();
    let link = format!("{page}/quarantine/1/{header}");
    assert!(html.contains(&link), "{html}");
    let (code, json) = get(world.address(), &link).await;
    assert_eq!(code, 200);
    let kept: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(kept[0]["kind"], "audit");
    assert_eq!(kept[1]["kind"], "pass-report");
    let document: DeviceAudit = serde_json::from_value(kept[0]["document"].clone()).expect("one");
    assert_eq!(document, strange.audits[0].1);
    assert_eq!(
        kept[0]["salt"].as_str().expect("text"),
        hex::encode(strange.audits[0].0.as_bytes())
    );
    for wrong in [
        format!("{page}/quarantine/2/{header}"),
        format!("{page}/quarantine/1/xyz"),
        format!("{page}/quarantine/1/{}", Hash::ZERO),
    ] {
        assert_eq!(get(world.address(), &wrong).await.0, 404, "{wrong}");
    }

    register(&world, &restored).await;
    accepted(
        &world,
        &restored,
        &behind(&restored, end(&report), &strange),
    )
    .await;
    let (_, html) = get(world.address(), &page).await;
    assert!(html.contains("settled: booked as number 2"), "{html}");
    assert!(!html.contains("in quarantine"), "{html}");
}
