//! Central's keys are replaced while agents report: whoever calls in time adopts the new one, whoever slept
//! through it is told what to do, and nothing is lost.

#[path = "central_away/door.rs"]
mod door;
#[path = "central_away/world.rs"]
mod world;

use door::Door;
use pagetally_central::CentralConfig;
use pagetally_contract::EnrolmentCode;
use pagetally_model::Timestamp;
use pagetally_onsite::{Agent, Cancel, Delivery, Enrolment, Pass, PassSummary};
use pagetally_printer_mib::Definitions;
use std::net::Ipv4Addr;
use std::time::Duration;
use world::{World, site_file};

const HOUR: Duration = Duration::from_secs(3_600);

fn new_world(third: u8) -> (World, Door) {
    World::new(
        Ipv4Addr::new(127, 93, third, 1),
        CentralConfig::in_memory(),
        None,
    )
}

fn pass(agent: &mut Agent) -> PassSummary {
    Pass::new(agent, &Definitions::builtin())
        .run(&Cancel::new(), &mut |_| {})
        .expect("a pass ends cleanly, whatever Central does")
}

fn enrolment(agent: &Agent) -> Enrolment {
    agent.enrolment().expect("readable").expect("enrolled")
}

fn rotate(world: &World) {
    let rotated = world.books.rotate_key(now(), HOUR);
    world.runtime.block_on(rotated).expect("a new key");
}

/// An hour goes by for the keys.
fn destroy(world: &World) {
    let later = Timestamp::from_unix_millis(now().unix_millis() + 7_200_000);
    let books = world.books.books();
    let destroyed = world.runtime.block_on(books.destroy_ended_keys(later));
    assert!(destroyed.expect("the books answer") > 0);
}

fn now() -> Timestamp {
    let since = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
    Timestamp::from_unix_millis(i64::try_from(since.as_millis()).expect("fits"))
}

#[test]
fn an_agent_that_calls_in_time_adopts_the_new_key() {
    let (mut world, _door) = new_world(1);
    assert_eq!(pass(&mut world.agent).delivery, Delivery::Complete);
    let old = enrolment(&world.agent).central_key;

    rotate(&world);
    assert_eq!(pass(&mut world.agent).delivery, Delivery::Complete);
    let new = enrolment(&world.agent);
    assert_ne!(new.central_key, old);
    assert_eq!(new.former_key, Some(old));
    let keys = world.runtime.block_on(world.books.central_keys());
    let keys = keys.expect("rows");
    assert_eq!(keys[0].id, new.central_key.id());
    assert_eq!((keys[0].ends, keys.len()), (None, 2));
    assert!(keys[1].ends.is_some());

    // It survives a restart, and needs the old one no more.
    world = world.while_stopped(|_| {});
    destroy(&world);
    assert_eq!(pass(&mut world.agent).delivery, Delivery::Complete);
    assert_eq!(enrolment(&world.agent), new);
    assert_eq!(world.booked_submissions(), [1, 2, 3]);
}

#[test]
fn a_code_from_before_lets_an_agent_in_until_its_key_is_destroyed() {
    let (world, _door) = new_world(2);
    let (first, second) = (world.code(), world.code());
    rotate(&world);
    let open = |name: &str| {
        let folder = world.folder.path();
        Agent::open(&folder.join(name), site_file(folder, None)).expect("an agent")
    };
    let enrolled = open("first").enrol(&first).expect("let in");
    let code: EnrolmentCode = first.parse().expect("a code");
    assert_eq!(enrolled.former_key, Some(code.central_key));
    assert_ne!(enrolled.central_key, code.central_key);

    destroy(&world);
    let refused = open("second").enrol(&second).expect_err("too late");
    let refused = with_causes(&refused);
    assert!(refused.contains("key-not-usable"), "{refused}");
    open("second").enrol(&world.code()).expect("a new code");
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

#[test]
fn an_agent_that_slept_through_it_is_told_to_enrol_again_and_loses_nothing() {
    let (mut world, _door) = new_world(3);
    assert_eq!(pass(&mut world.agent).delivery, Delivery::Complete);
    rotate(&world);
    destroy(&world);

    let Delivery::Blocked { reason } = pass(&mut world.agent).delivery else {
        panic!("nobody opens it");
    };
    assert!(reason.as_str().contains("onsite enrol CODE"), "{reason}");
    let since = enrolment(&world.agent).unopened;
    assert!(since.is_some(), "its status says so");
    assert_eq!(pass(&mut world.agent).waiting, 2);
    assert_eq!(enrolment(&world.agent).unopened, since, "since when");

    let code = world.code();
    let enrolled = world.agent.enrol(&code).expect("the same Central");
    assert_eq!(enrolled.unopened, None);
    let summary = pass(&mut world.agent);
    assert_eq!(summary.delivery, Delivery::Complete);
    assert_eq!(summary.acknowledged, [2, 3, 4]);
    assert_eq!(world.booked_submissions(), [1, 2, 3, 4]);
}
