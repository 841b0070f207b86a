//! The bytes of every message of contract 1.0. When one of these tests fails, the change is wrong,
//! not the test: agents in the field speak these bytes.

use super::{InnerRequest, InnerResponse, read_inner};
use crate::*;
use pagetally_model::{AgentId, Community, Settings, SiteId, SubmissionId, Text, Timestamp};
use pagetally_proof::{
    Leaf, LeafKind, MerkleTree, Salt, SignedHeader, SignedRotation, SigningKey, SubmissionHeader,
    Withheld, WithheldLeaf, WithheldReason,
};

const AGENT: AgentId = AgentId::from_bytes([0xa9; 16]);

fn now() -> Timestamp {
    "2026-11-23T08:00:05.000Z".parse().unwrap()
}

pub(super) fn central() -> CentralKeyPair {
    CentralKeyPair::from_seed([0xce; 32])
}

pub(super) fn session() -> AgentSession {
    AgentSession {
        agent: AGENT,
        signing: SigningKey::from_seed([1; 32]),
        sealing: SealingKeyPair::from_seed([2; 32]),
        central: central().public(),
        soap: SoapVersion::V12,
    }
}

pub(super) fn code() -> EnrolmentCode {
    EnrolmentCode {
        central_url: "https://central.example/soap".to_owned(),
        central_key: central().public(),
        code_id: CodeId::from_bytes([6; 16]),
        secret: EnrolmentSecret::from_bytes([7; 32]),
        expires: now(),
    }
}

/// Seals a request, a registration with the code.
pub(super) fn seal(request: &Request, random: [u8; 64]) -> Vec<u8> {
    let sealed = match request {
        Request::Register(register) => {
            session().seal_registration(register, &code(), now(), random)
        }
        request => session().seal(request, now(), random),
    };
    sealed.unwrap().0
}

fn report() -> Report {
    let audit: pagetally_model::DeviceAudit =
        serde_json::from_str(include_str!("../../tests/frozen/audit.json")).unwrap();
    let pass: pagetally_model::PassReport =
        serde_json::from_str(include_str!("../../tests/frozen/pass.json")).unwrap();
    let salts = [3, 4].map(|byte| Salt::from_bytes([byte; 32]));
    let tree = MerkleTree::new(vec![
        Leaf::of_audit(&audit, salts[0].clone()).unwrap().hash(),
        Leaf::of_report(&pass, salts[1].clone()).unwrap().hash(),
    ]);
    let header = SubmissionHeader {
        id: SubmissionId::from_bytes([5; 16]),
        content: tree.root(),
        leaves: tree.len(),
        ..SubmissionHeader::first(AGENT, now())
    };
    let [first, second] = salts;
    Report {
        signed: SignedHeader::sign(header, &session().signing),
        audits: vec![(first, audit)],
        pass: Some((second, pass)),
        rotation: None,
        withheld: Withheld::default(),
    }
}

/// The submission behind it, which hands over to another key.
pub(super) fn rotating_report() -> Report {
    let old = session().signing;
    let new = SigningKey::from_seed([0xb1; 32]);
    let sealing = SealingKeyPair::from_seed([0xb2; 32]).public();
    let rotation = SignedRotation::sign(AGENT, 2, &old, &new, *sealing.as_bytes(), now());
    let salt = Salt::from_bytes([0xb3; 32]);
    let leaf = Leaf::of_rotation(&rotation, salt.clone()).unwrap();
    let header = SubmissionHeader {
        id: SubmissionId::from_bytes([0xb4; 16]),
        content: MerkleTree::new(vec![leaf.hash()]).root(),
        leaves: 1,
        ..report().signed.header.next(now())
    };
    Report {
        signed: SignedHeader::sign(header, &old),
        audits: Vec::new(),
        pass: None,
        rotation: Some((salt, rotation)),
        withheld: Withheld::default(),
    }
}

/// The same submission after its audit was lost, and after its documents were thinned.
pub(super) fn withheld_reports() -> [Report; 2] {
    let whole = report();
    let hash = whole.leaves().unwrap()[0].hash();
    let lost = WithheldLeaf {
        place: 0,
        kind: LeafKind::Audit,
        hash,
        reason: WithheldReason::Lost,
    };
    [
        Report {
            audits: Vec::new(),
            withheld: Withheld::Leaves(vec![lost]),
            ..whole.clone()
        },
        Report {
            audits: Vec::new(),
            pass: None,
            withheld: Withheld::All(WithheldReason::Thinned),
            ..whole
        },
    ]
}

pub(super) fn requests() -> Vec<Request> {
    let (version, platform) = (Text::clean("0.1.0"), Text::clean("linux x86_64"));
    let keys = session().public_keys();
    vec![
        Request::Register(RegisterRequest::new(keys, version, platform)),
        Request::GetSchedule(GetScheduleRequest { have_version: 16 }),
        Request::SendReports(report()),
        Request::SendAlerts(report()),
        Request::Unregister(UnregisterRequest {
            reason: Text::clean("moved & gone"),
        }),
    ]
}

fn settings() -> Settings {
    Settings {
        version: 17,
        time_zone: Text::clean("Europe/Berlin"),
        targets: vec!["192.0.2.0/24".to_owned(), "mfp-3.example".to_owned()],
        exclusions: vec!["192.0.2.200-192.0.2.210".to_owned()],
        communities: vec![
            Community::new("public").unwrap(),
            Community::new(" <&> ").unwrap(),
        ],
        ..Settings::default()
    }
}

fn receipt(withheld: u32, verdict: Verdict) -> SignedReceipt {
    let header = report().signed.header;
    let receipt = Receipt {
        submission: header.id,
        number: header.number,
        content: header.content,
        header: header.hash(),
        received_at: now(),
        withheld,
        verdict,
    };
    receipt.sign(AGENT, &central())
}

fn rejected() -> Vec<u8> {
    let verdict = Verdict::Rejected {
        document: Some(Text::clean("pass")),
        reason: Text::clean("it has format 2; this Central reads format 1"),
    };
    crate::receipt_to_xml(&receipt(1, verdict)).unwrap()
}

pub(super) fn responses() -> Vec<Response> {
    let sent = SendReportsResponse {
        status: StatusString::OK_IGNORED,
        unsupported: vec![Text::clean("request/report/audit[0]/colour")],
        receipt: Some(receipt(0, Verdict::Accepted)),
        expected_number: Some(2),
        schedule_version: 17,
        central_time: now(),
    };
    let rejected = SendReportsResponse {
        receipt: Some(receipt(
            0,
            Verdict::Rejected {
                document: None,
                reason: Text::clean("a meter went back"),
            },
        )),
        ..sent.clone()
    };
    vec![
        Response::Register(RegisterResponse {
            status: StatusString::OK,
            site: Some(Site {
                id: SiteId::from_bytes([8; 16]),
                name: Text::clean("Müller & Söhne"),
            }),
            settings: Some(settings()),
            head: None,
            capabilities: Capabilities::current(),
            central_time: now(),
        }),
        Response::GetSchedule(GetScheduleResponse {
            status: StatusString::OK,
            settings: Some(settings()),
            central_time: now(),
        }),
        Response::SendReports(sent),
        Response::SendAlerts(rejected),
        Response::Unregister(UnregisterResponse {
            status: StatusString::GONE,
            central_time: now(),
        }),
    ]
}

pub(super) fn to_xml(request: &Request) -> Vec<u8> {
    InnerRequest::to_xml(AGENT, &[9; 32], now(), request).unwrap()
}

/// The answer that announces another key of Central's.
pub(super) fn announcing() -> Vec<u8> {
    let announced = KeyAnnouncement {
        key: CentralKeyPair::from_seed([0xcf; 32]).public(),
        old_ends: now(),
    };
    InnerResponse::to_xml(&responses()[4], Some(&announced)).unwrap()
}

fn inner(request: &Request) -> InnerRequest {
    InnerRequest {
        contract: ContractVersion { major: 1, minor: 0 },
        agent: AGENT,
        nonce: [9; 32],
        sent: now(),
        request: request.clone(),
        unreadable: None,
    }
}

struct Frozen {
    operation: &'static str,
    request: &'static [u8],
    response: &'static [u8],
    sealed: &'static [u8],
    sealed_response: &'static [u8],
}

macro_rules! frozen {
    ($($operation:literal),*) => {
        [$(Frozen {
            operation: $operation,
            request: include_bytes!(concat!("../../tests/frozen/1.0/", $operation, ".request.xml")),
            response: include_bytes!(concat!("../../tests/frozen/1.0/", $operation, ".response.xml")),
            sealed: include_bytes!(concat!("../../tests/frozen/1.0/", $operation, ".sealed.xml")),
            sealed_response: include_bytes!(concat!("../../tests/frozen/1.0/", $operation, ".sealed-response.xml")),
        }),*]
    };
}

const FROZEN: [Frozen; 5] = frozen!(
    "RegisterForManagement",
    "GetSchedule",
    "SendReports",
    "SendAlerts",
    "UnregisterForManagement"
);

/// Says where two texts part, rather than printing both.
fn check(what: &str, ours: &[u8], frozen: &[u8]) {
    if let Some(at) = (0..ours.len().max(frozen.len())).find(|&at| ours.get(at) != frozen.get(at)) {
        let near = |bytes: &[u8]| {
            let range = at.saturating_sub(40).min(bytes.len())..(at + 40).min(bytes.len());
            String::from_utf8_lossy(&bytes[range]).into_owned()
        };
        panic!(
            "{what}, byte {at}:\n ours {:?}\nfrozen {:?}",
            near(ours),
            near(frozen)
        );
    }
}

#[test]
fn the_clear_bytes_of_every_message_are_frozen() {
    let messages = requests().into_iter().zip(responses());
    for (frozen, (request, response)) in FROZEN.iter().zip(messages) {
        let name = frozen.operation;
        assert_eq!(request.operation().name(), name);
        assert_eq!(response.operation().name(), name);
        check(name, &to_xml(&request), frozen.request);
        check(
            name,
            &InnerResponse::to_xml(&response, None).unwrap(),
            frozen.response,
        );
        let read = InnerRequest::from_element(&read_inner(frozen.request).unwrap()).unwrap();
        assert_eq!(read, inner(&request));
        let read = InnerResponse::from_element(&read_inner(frozen.response).unwrap()).unwrap();
        assert_eq!(read.response, response);
    }
}

#[test]
fn the_clear_bytes_of_a_change_of_keys_are_frozen() {
    let frozen = include_bytes!("../../tests/frozen/1.0/key-rotation.request.xml");
    let request = Request::SendReports(rotating_report());
    check("key-rotation", &to_xml(&request), frozen);
    let read = InnerRequest::from_element(&read_inner(frozen).unwrap()).unwrap();
    assert_eq!(read, inner(&request));
    let verified = rotating_report();
    verified.verify(&session().public_keys().signing).unwrap();
}

#[test]
fn the_clear_bytes_of_an_announced_key_are_frozen() {
    let frozen = include_bytes!("../../tests/frozen/1.0/announced-key.response.xml");
    check("announced-key", &announcing(), frozen);
    let read = InnerResponse::from_element(&read_inner(frozen).unwrap()).unwrap();
    assert_eq!(read.response, responses()[4]);
    let announced = read.announced.unwrap();
    assert_eq!(
        announced.key,
        CentralKeyPair::from_seed([0xcf; 32]).public()
    );
    assert_eq!(announced.old_ends, now());
}

/// `cargo test -p pagetally-contract --lib write_the_frozen -- --ignored` for a message that a new version adds.
#[test]
#[ignore = "writes the frozen bytes anew: only for a message that a new version adds"]
fn write_the_frozen_bytes_of_sealed_messages() {
    let folder =
        std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/frozen")).join("1.0");
    let sent = |report| to_xml(&Request::SendReports(report));
    let [one, all] = withheld_reports();
    for (name, bytes) in [
        ("announced-key.response.xml", announcing()),
        ("key-rotation.request.xml", sent(rotating_report())),
        ("withheld-leaf.request.xml", sent(one)),
        ("all-withheld.request.xml", sent(all)),
        ("rejected.receipt.xml", rejected()),
    ] {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
    for (request, response) in requests().iter().zip(responses()) {
        let name = request.operation().name();
        let write = |kind: &str, bytes: &[u8]| {
            std::fs::write(folder.join(format!("{name}.{kind}.xml")), bytes).unwrap();
        };
        write("request", &to_xml(request));
        write("response", &InnerResponse::to_xml(&response, None).unwrap());
        let kept = std::fs::read(folder.join(format!("{name}.sealed.xml"))).unwrap();
        if opened(&kept).map(|opened| opened.request).as_ref() != Some(request) {
            let sealed = seal(request, [0xab; 64]);
            let answer = opened(&sealed).unwrap().reply.seal(&response, [0xac; 32]);
            write("sealed-response", &answer.unwrap().body);
            write("sealed", &sealed);
        }
    }
    for (name, bytes) in faults() {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
}

fn opened(sealed: &[u8]) -> Option<Opened> {
    let incoming = parse_request(sealed, Some("application/soap+xml")).ok()?;
    let opened = incoming.open(&central(), &|_| Some(session().public_keys()), &|_| {
        Some(code().secret)
    });
    opened.ok()
}

fn faults() -> Vec<(String, Vec<u8>)> {
    let versions = [(SoapVersion::V11, "soap11"), (SoapVersion::V12, "soap12")];
    // An unknown one is what an agent reads of a stranger; Central sends none.
    let kinds = FaultKind::ALL.into_iter();
    let kinds = kinds.filter(|kind| *kind != FaultKind::Unknown);
    let faults = kinds.flat_map(|kind| {
        versions.map(|(version, name)| {
            let bytes = ContractFault::new(kind).to_envelope(version);
            (format!("fault.{}.{name}.xml", kind.code()), bytes)
        })
    });
    faults.collect()
}

#[test]
fn the_bytes_of_every_fault_are_frozen() {
    let folder =
        std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/frozen")).join("1.0");
    for (name, ours) in faults() {
        check(&name, &ours, &std::fs::read(folder.join(&name)).unwrap());
    }
}

/// As with requests, for the reader only.
#[test]
fn an_answer_sealed_by_contract_1_0_opens_for_ever() {
    for (frozen, response) in FROZEN.iter().zip(responses()) {
        let incoming = parse_request(frozen.sealed, Some("application/soap+xml")).unwrap();
        let pending = PendingReply {
            operation: incoming.operation(),
            nonce: zeroize::Zeroizing::new([0xab; 32]),
            request: incoming.sealed_hash(),
        };
        let read = session().open(&pending, frozen.sealed_response).unwrap();
        assert_eq!(read, response, "{}", frozen.operation);
    }
}

#[test]
fn the_clear_bytes_of_what_is_withheld_and_of_a_rejection_are_frozen() {
    let frozen: [&[u8]; 2] = [
        include_bytes!("../../tests/frozen/1.0/withheld-leaf.request.xml"),
        include_bytes!("../../tests/frozen/1.0/all-withheld.request.xml"),
    ];
    for (report, frozen) in withheld_reports().into_iter().zip(frozen) {
        let request = Request::SendReports(report);
        check("withheld", &to_xml(&request), frozen);
        let read = InnerRequest::from_element(&read_inner(frozen).unwrap()).unwrap();
        assert_eq!(read, inner(&request));
        let report = read.request.report().unwrap();
        report.verify(&session().signing.verifying_key()).unwrap();
    }
    let frozen = include_bytes!("../../tests/frozen/1.0/rejected.receipt.xml");
    check("receipt", &rejected(), frozen);
}

/// Sealed bytes are frozen for the reader only: packing may come out smaller one day.
#[test]
fn a_request_sealed_by_contract_1_0_opens_for_ever() {
    for (frozen, request) in FROZEN.iter().zip(requests()) {
        let opened = opened(frozen.sealed).unwrap();
        assert_eq!(opened.request, request, "{}", frozen.operation);
        if let Some(report) = opened.request.report() {
            report.verify(&opened.keys.signing).unwrap();
        }
    }
}
