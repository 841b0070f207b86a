//! The three calls against a small Central of the test's own, which speaks the real contract.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it stands"
)]

#[allow(dead_code, reason = "each test file uses its own part of the server")]
mod server;

use pagetally_contract::*;
use pagetally_model::{
    AgentId, AuditTime, BootId, PASS_FORMAT, PassId, PassReport, PassStats, Settings, SiteId, Text,
    Timestamp,
};
use pagetally_proof::{
    Leaf, MerkleTree, Salt, SignedHeader, SigningKey, SubmissionHeader, Withheld,
};
use pagetally_transport::{Central, CentralClient, ClientConfig, TransportError};
use server::{Server, respond};
use std::time::{SystemTime, UNIX_EPOCH};

const AGENT: AgentId = AgentId::from_bytes([0xa9; 16]);
const AHEAD: i64 = 90_000;

fn central_keys() -> CentralKeyPair {
    CentralKeyPair::from_seed([0xce; 32])
}

fn session() -> AgentSession {
    AgentSession {
        agent: AGENT,
        signing: SigningKey::from_seed([1; 32]),
        sealing: SealingKeyPair::from_seed([2; 32]),
        central: central_keys().public(),
        soap: SoapVersion::V12,
    }
}

fn code(url: &str) -> EnrolmentCode {
    EnrolmentCode {
        central_url: url.to_owned(),
        central_key: central_keys().public(),
        code_id: CodeId::from_bytes([3; 16]),
        secret: EnrolmentSecret::from_bytes([4; 32]),
        expires: Timestamp::MAX,
    }
}

/// Central's clock in this test: a minute and a half ahead of ours.
fn central_time() -> Timestamp {
    let ours = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_unix_millis(ours.as_millis() as i64 + AHEAD)
}

/// A Central that answers what `answer` says.
fn start(answer: impl Fn(Opened) -> HttpAnswer + Send + Sync + 'static) -> Server {
    Server::start(None, move |seen, wire| {
        let opened = parse_request(&seen.body, None).and_then(|incoming| {
            incoming.open(&central_keys(), &|_| Some(session().public_keys()), &|_| {
                Some(EnrolmentSecret::from_bytes([4; 32]))
            })
        });
        let answer = match opened {
            Ok(opened) => answer(opened),
            Err(refusal) => refusal.answer(),
        };
        let status = format!("{} Whatever", answer.status);
        let header = format!("Content-Type: {}\r\n", answer.content_type);
        respond(wire, &status, &header, &answer.body);
    })
}

fn agent(server: &Server) -> Central {
    let config = ClientConfig {
        allow_plain_http: true,
        ..ClientConfig::new(server.url())
    };
    Central::new(CentralClient::new(config).unwrap(), session())
}

fn report() -> Report {
    let pass = PassReport {
        format: PASS_FORMAT,
        id: PassId::from_bytes([5; 16]),
        started: AuditTime {
            wall: Timestamp::from_unix_millis(0),
            boot: BootId::from_bytes([6; 16]),
            monotonic_millis: 0,
            central_offset: None,
        },
        settings_version: 0,
        agent_version: Text::clean("0"),
        observations: Vec::new(),
        notices: Vec::new(),
        stats: PassStats::default(),
    };
    let salt = Salt::from_bytes([8; 32]);
    let tree = MerkleTree::new(vec![Leaf::of_report(&pass, salt.clone()).unwrap().hash()]);
    let header = SubmissionHeader {
        content: tree.root(),
        leaves: tree.len(),
        ..SubmissionHeader::first(AGENT, Timestamp::from_unix_millis(0))
    };
    Report {
        signed: SignedHeader::sign(header, &session().signing),
        audits: Vec::new(),
        pass: Some((salt, pass)),
        rotation: None,
        withheld: Withheld::default(),
    }
}

fn receipt(report: &Report) -> Receipt {
    let header = &report.signed.header;
    Receipt {
        submission: header.id,
        number: header.number,
        content: header.content,
        header: header.hash(),
        received_at: central_time(),
        withheld: 0,
        verdict: Verdict::Accepted,
    }
}

fn send_response(report: &Report) -> SendReportsResponse {
    SendReportsResponse {
        status: StatusString::OK,
        unsupported: Vec::new(),
        receipt: Some(receipt(report).sign(AGENT, &central_keys())),
        expected_number: None,
        schedule_version: 4,
        central_time: central_time(),
    }
}

fn answering(change: impl Fn(&mut SendReportsResponse) + Send + Sync + 'static) -> Server {
    start(move |opened| {
        let Request::SendReports(report) = &opened.request else {
            panic!("{:?}", opened.request)
        };
        report.verify(&opened.keys.signing).unwrap();
        let mut response = send_response(report);
        change(&mut response);
        opened
            .reply
            .seal(&Response::SendReports(response), [7; 32])
            .unwrap()
    })
}

#[test]
fn an_agent_registers_and_learns_its_site_its_settings_and_the_time() {
    let server = start(|opened| {
        let response = RegisterResponse {
            status: StatusString::OK,
            site: Some(Site {
                id: SiteId::from_bytes([9; 16]),
                name: Text::clean("Head office"),
            }),
            settings: Some(Settings::default()),
            head: None,
            capabilities: Capabilities::current(),
            central_time: central_time(),
        };
        opened
            .reply
            .seal(&Response::Register(response), [7; 32])
            .unwrap()
    });
    let answered = agent(&server)
        .register(&code(&server.url()), Text::clean("0"), Text::clean("test"))
        .unwrap();
    assert_eq!(answered.answer.site.unwrap().name.as_str(), "Head office");
    let offset = answered.offset;
    assert!(
        offset.offset_millis.abs_diff(AHEAD) <= offset.uncertainty_millis,
        "{offset:?}"
    );
    assert!(answered.bytes_sent > 500 && answered.bytes_received > 500);
}

#[test]
fn a_report_brings_back_its_receipt() {
    let server = answering(|_| {});
    let delivered = agent(&server).send_report(&report()).unwrap().answer;
    assert_eq!(
        delivered.receipt.receipt.header,
        report().signed.header.hash()
    );
    assert_eq!(delivered.schedule_version, 4);
}

#[test]
fn a_receipt_for_something_else_is_no_receipt() {
    fn check(change: fn(&mut Receipt), what: &str) {
        let server = answering(move |response| {
            let mut other = receipt(&report());
            change(&mut other);
            response.receipt = Some(other.sign(AGENT, &central_keys()));
        });
        match agent(&server).send_report(&report()) {
            Err(TransportError::Receipt { what: found, .. }) => assert_eq!(found, what),
            other => panic!("{other:?}"),
        }
    }
    check(|receipt| receipt.number += 1, "the number");
    check(
        |receipt| receipt.content = receipt.header,
        "the content hash",
    );
    check(
        |receipt| receipt.header = receipt.content,
        "the header's hash",
    );
    let server = answering(|response| response.receipt = None);
    assert!(matches!(
        agent(&server).send_report(&report()),
        Err(TransportError::Receipt { .. })
    ));
}

#[test]
fn a_no_comes_with_its_word_and_the_expected_number() {
    let server = answering(|response| {
        response.status = StatusString::OUT_OF_ORDER;
        response.receipt = None;
        response.expected_number = Some(3);
    });
    match agent(&server).send_report(&report()) {
        Err(TransportError::Declined {
            status,
            expected_number,
            ..
        }) => {
            assert_eq!(status, StatusString::OUT_OF_ORDER);
            assert_eq!(expected_number, Some(3));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_fault_comes_with_its_kind() {
    let server = start(|opened| fault(opened.reply.soap_version(), &FaultKind::Internal.into()));
    let error = agent(&server).get_schedule(0).unwrap_err();
    assert!(error.is_temporary());
    match error {
        TransportError::Contract {
            source: ContractError::Fault(fault),
            ..
        } => assert_eq!(fault.kind, FaultKind::Internal),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_by_somebody_else_is_not_believed() {
    // It knows the agent's public keys and the whole contract, but not Central's private key.
    let server = Server::start(None, |seen, wire| {
        let forger = session();
        let (own, _) = AgentSession {
            central: CentralKeyPair::from_seed([0xbb; 32]).public(),
            ..forger
        }
        .seal(
            &Request::GetSchedule(GetScheduleRequest { have_version: 0 }),
            Timestamp::from_unix_millis(0),
            [1; 64],
        )
        .unwrap();
        assert!(!seen.body.is_empty());
        let opened = parse_request(&own, None)
            .unwrap()
            .open(
                &CentralKeyPair::from_seed([0xbb; 32]),
                &|_| Some(session().public_keys()),
                &|_| None,
            )
            .unwrap();
        let response = GetScheduleResponse {
            status: StatusString::OK,
            settings: Some(Settings::default()),
            central_time: central_time(),
        };
        let answer = opened
            .reply
            .seal(&Response::GetSchedule(response), [7; 32])
            .unwrap();
        let header = format!("Content-Type: {}\r\n", answer.content_type);
        respond(wire, "200 OK", &header, &answer.body);
    });
    match agent(&server).get_schedule(0) {
        Err(TransportError::Contract {
            source: ContractError::Open,
            ..
        }) => {}
        other => panic!("{other:?}"),
    }
}
