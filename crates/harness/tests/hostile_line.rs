//! Plain HTTP with a proxy of ours in it that means harm: it learns sizes and an opaque agent id, and can
//! neither alter, replay, drop unseen nor forge.

#[path = "central_away/door.rs"]
mod door;
#[path = "hostile_line/tap.rs"]
mod tap;
#[path = "central_away/world.rs"]
mod world;

use door::{Door, Way};
use pagetally_central::{CentralConfig, DeviceFilter};
use pagetally_contract::{
    AgentSession, ContractError, EnrolmentCode, EnrolmentSecret, FaultKind, GetScheduleRequest,
    RegisterRequest, Request, SealingKeyPair, SoapVersion,
};
use pagetally_model::{Text, Timestamp};
use pagetally_onsite::{Agent, Cancel, Delivery, Pass, PassSummary};
use pagetally_printer_mib::Definitions;
use pagetally_proof::SigningKey;
use std::net::Ipv4Addr;
use tap::{Harm, Tap, exchange, is_in};
use world::{World, address, site_file};

/// A world whose line leads through the tap.
fn new_world(third: u8) -> (World, Door, Tap) {
    let (world, door) = World::new(
        Ipv4Addr::new(127, 95, third, 1),
        CentralConfig::in_memory(),
        None,
    );
    let tap = Tap::open(address(&world.central));
    door.set(Way::Through(tap.address()));
    (world, door, tap)
}

fn pass(agent: &mut Agent) -> PassSummary {
    Pass::new(agent, &Definitions::builtin())
        .run(&Cancel::new(), &mut |_| {})
        .expect("a pass ends cleanly, whatever the line does")
}

fn delivers(agent: &mut Agent, numbers: &[u64]) {
    let summary = pass(agent);
    assert_eq!(summary.delivery, Delivery::Complete);
    assert_eq!(summary.acknowledged, numbers);
}

/// A pass of which nothing gets its receipt, and which says so.
fn keeps(agent: &mut Agent, waiting: u64) {
    let summary = pass(agent);
    let seen = matches!(
        summary.delivery,
        Delivery::Blocked { .. } | Delivery::Postponed { .. }
    );
    assert!(seen, "{:?}", summary.delivery);
    assert!(summary.acknowledged.is_empty());
    assert_eq!(summary.waiting, waiting);
}

fn now() -> Timestamp {
    let since = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
    Timestamp::from_unix_millis(i64::try_from(since.as_millis()).expect("fits"))
}

fn random() -> [u8; 64] {
    let mut bytes = [0; 64];
    getrandom::fill(&mut bytes).expect("random bytes");
    bytes
}

#[test]
fn the_line_learns_nothing_but_sizes_and_an_opaque_id() {
    let (mut world, _door, tap) = new_world(1);
    let code = world.code();
    let folder = world.folder.path();
    let mut second = Agent::open(&folder.join("second"), site_file(folder, None)).expect("opens");
    second.enrol(&code).expect("enrolled over the line");
    delivers(&mut world.agent, &[1]);
    delivers(&mut world.agent, &[2]);

    let heard = tap.heard();
    for operation in ["RegisterForManagement", "SendReports"] {
        tap.last(operation);
    }
    for (request, _) in &heard {
        let text = String::from_utf8_lossy(request);
        let ids = [world.agent.id(), second.id()].map(|id| id.to_string());
        assert!(ids.iter().any(|id| text.contains(id)), "the opaque id");
    }
    let code: EnrolmentCode = code.parse().expect("a code");
    let mut private: Vec<(String, Vec<u8>)> = vec![
        (
            "the code's secret".to_owned(),
            code.secret.expose().to_vec(),
        ),
        ("the site's name".to_owned(), b"Head office".to_vec()),
        ("the customer's name".to_owned(), b"Customer".to_vec()),
        ("a community".to_owned(), b"public".to_vec()),
        ("a meter".to_owned(), b"prtMarkerLifeCount".to_vec()),
    ];
    for agent in [&world.agent, &second] {
        let identity = agent.store().identity().expect("readable").expect("there");
        let signing = identity.signing.to_seed().to_vec();
        private.push(("a signing key".to_owned(), signing));
        private.push((
            "a sealing key".to_owned(),
            identity.sealing.expose().to_vec(),
        ));
        let public = identity.signing.verifying_key().as_bytes().to_vec();
        private.push(("a signing key's public half".to_owned(), public));
    }
    let all = DeviceFilter::default();
    let devices = world.books.devices(&all);
    for device in world.runtime.block_on(devices).expect("rows") {
        let audits = world.books.audits(device.id, 10);
        let audit = world.runtime.block_on(audits).expect("rows")[0].id;
        let document = world.runtime.block_on(world.books.audit_document(audit));
        let document = document.expect("a document");
        let serial = document.identity.serial.expect("it has one").to_string();
        private.push(("a serial number".to_owned(), serial.into_bytes()));
        let address = document.address.expect("it has one").ip().to_string();
        private.push(("an address".to_owned(), address.into_bytes()));
    }
    assert!(private.len() > 12);
    for (what, bytes) in private {
        for (request, answer) in &heard {
            assert!(!is_in(&bytes, request), "{what} shows in a request");
            assert!(!is_in(&bytes, answer), "{what} shows in an answer");
        }
    }
    // What would show, were it there, is found: the tap is not blind.
    let id = world.agent.id().to_string();
    assert!(
        heard
            .iter()
            .any(|(request, _)| is_in(id.as_bytes(), request))
    );
}

#[test]
fn what_the_line_alters_replays_or_drops_is_refused_or_seen() {
    let (mut world, _door, tap) = new_world(2);
    delivers(&mut world.agent, &[1]);
    let (old_request, old_answer) = tap.last("SendReports");

    tap.does(Harm::AlterRequest);
    keeps(&mut world.agent, 1);
    tap.does(Harm::Drop);
    keeps(&mut world.agent, 2);
    tap.does(Harm::Answer(old_answer));
    keeps(&mut world.agent, 3);
    assert_eq!(world.booked_submissions(), [1], "Central got none of them");

    // Central books it and its answer is spoiled: it gives the first receipt again.
    tap.does(Harm::AlterAnswer);
    keeps(&mut world.agent, 4);
    assert_eq!(world.booked_submissions(), [1, 2]);
    tap.does(Harm::Nothing);
    delivers(&mut world.agent, &[2, 3, 4, 5, 6]);
    let rows = world.books.submissions(world.agent.id());
    let rows = world.runtime.block_on(rows).expect("rows");
    let repeats: Vec<u64> = rows.iter().map(|row| row.repeats).collect();
    assert_eq!(repeats, [0, 1, 0, 0, 0, 0]);

    // An old request again: nothing is booked by it, and its answer is for the agent alone.
    let answer = exchange(address(&world.central), &old_request);
    assert!(String::from_utf8_lossy(&answer).contains("EncryptedData"));
    assert_eq!(world.booked_submissions(), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn the_line_can_forge_neither_a_request_nor_an_answer() {
    let (mut world, _door, tap) = new_world(3);
    delivers(&mut world.agent, &[1]);
    let code: EnrolmentCode = world.code().parse().expect("a code");
    // He knows everything that is public, and makes up the rest.
    let forger = AgentSession {
        agent: world.agent.id(),
        signing: SigningKey::from_seed([6; 32]),
        sealing: SealingKeyPair::from_seed([6; 32]),
        central: code.central_key,
        soap: SoapVersion::V12,
    };
    let refused = |(envelope, pending): (Vec<u8>, _)| {
        let body = tap::post(address(&world.central), &envelope);
        match forger.open(&pending, &body) {
            Err(ContractError::Fault(fault)) => fault.kind,
            other => panic!("it was answered: {other:?}"),
        }
    };
    let ask = Request::GetSchedule(GetScheduleRequest { have_version: 0 });
    let asked = forger.seal(&ask, now(), random()).expect("sealed");
    assert_eq!(refused(asked), FaultKind::NotAuthenticated);
    let register = RegisterRequest::new(
        forger.public_keys(),
        Text::clean("0"),
        Text::clean("forged"),
    );
    let guessed = EnrolmentCode {
        secret: EnrolmentSecret::from_bytes([6; 32]),
        ..code.clone()
    };
    let registered = forger.seal_registration(&register, &guessed, now(), random());
    let registered = registered.expect("sealed");
    assert_eq!(refused(registered), FaultKind::NotAuthenticated);

    // An answer of his own making, and every fault that he can think of: the agent keeps everything.
    let (_, answer) = tap.last("SendReports");
    tap.does(Harm::Answer(tap::with_other_cipher(&answer)));
    keeps(&mut world.agent, 1);
    for kind in [
        FaultKind::KeyNotUsable,
        FaultKind::NotAuthenticated,
        FaultKind::TooLarge,
        FaultKind::Internal,
    ] {
        let fault = pagetally_contract::fault(SoapVersion::V12, &kind.into());
        let head = format!(
            "HTTP/1.1 {} x\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            fault.status,
            fault.content_type,
            fault.body.len()
        );
        tap.does(Harm::Answer([head.into_bytes(), fault.body].concat()));
        let waiting = pass(&mut world.agent).waiting;
        assert!(waiting > 1);
    }
    tap.does(Harm::Nothing);
    let summary = pass(&mut world.agent);
    assert_eq!(summary.delivery, Delivery::Complete);
    assert_eq!(summary.waiting, 0);
    assert_eq!(world.booked_submissions(), [1, 2, 3, 4, 5, 6, 7]);
}
