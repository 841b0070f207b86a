//! From an agent's request to Central and back, and every way of tampering on the way.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it stands"
)]

use pagetally_contract::*;
use pagetally_model::{AgentId, PassId, PassReport, PassStats, Settings, SiteId, Text, Timestamp};
use pagetally_model::{AuditTime, BootId, PASS_FORMAT};
use pagetally_proof::{
    Leaf, MerkleTree, Salt, SignedHeader, SigningKey, SubmissionHeader, Withheld,
};

const NOW: Timestamp = Timestamp::from_unix_millis(1_800_000_000_000);
const AGENT: AgentId = AgentId::from_bytes([0xa9; 16]);

fn central() -> CentralKeyPair {
    CentralKeyPair::from_seed([0xce; 32])
}

fn session(soap: SoapVersion) -> AgentSession {
    AgentSession {
        agent: AGENT,
        signing: SigningKey::from_seed([1; 32]),
        sealing: SealingKeyPair::from_seed([2; 32]),
        central: central().public(),
        soap,
    }
}

fn code() -> EnrolmentCode {
    EnrolmentCode {
        central_url: "https://central.example/soap".to_owned(),
        central_key: central().public(),
        code_id: CodeId::from_bytes([3; 16]),
        secret: EnrolmentSecret::from_bytes([4; 32]),
        expires: Timestamp::from_unix_millis(1_900_000_000_000),
    }
}

fn registration() -> RegisterRequest {
    RegisterRequest::new(
        session(SoapVersion::V12).public_keys(),
        Text::clean("0.1.0"),
        Text::clean("linux x86_64"),
    )
}

/// Seals whatever it is: a registration with the code, everything else without.
fn seal(session: &AgentSession, request: &Request, random: [u8; 64]) -> (Vec<u8>, PendingReply) {
    match request {
        Request::Register(register) => session.seal_registration(register, &code(), NOW, random),
        request => session.seal(request, NOW, random),
    }
    .unwrap()
}

fn report() -> Report {
    let pass = PassReport {
        format: PASS_FORMAT,
        id: PassId::from_bytes([5; 16]),
        started: AuditTime {
            wall: NOW,
            boot: BootId::from_bytes([6; 16]),
            monotonic_millis: 12,
            central_offset: None,
        },
        settings_version: 7,
        agent_version: Text::clean("0.1.0"),
        observations: Vec::new(),
        notices: Vec::new(),
        stats: PassStats::default(),
    };
    let salt = Salt::from_bytes([8; 32]);
    let leaf = Leaf::of_report(&pass, salt.clone()).unwrap();
    let tree = MerkleTree::new(vec![leaf.hash()]);
    let header = SubmissionHeader {
        content: tree.root(),
        leaves: tree.len(),
        ..SubmissionHeader::first(AGENT, NOW)
    };
    Report {
        signed: SignedHeader::sign(header, &session(SoapVersion::V12).signing),
        audits: Vec::new(),
        pass: Some((salt, pass)),
        rotation: None,
        withheld: Withheld::default(),
    }
}

fn requests() -> [Request; 5] {
    [
        Request::Register(registration()),
        Request::GetSchedule(GetScheduleRequest { have_version: 3 }),
        Request::SendReports(report()),
        Request::SendAlerts(report()),
        Request::Unregister(UnregisterRequest {
            reason: Text::clean("moved"),
        }),
    ]
}

fn receipt() -> Receipt {
    let header = report().signed.header;
    Receipt {
        submission: header.id,
        number: 1,
        content: header.content,
        header: header.hash(),
        received_at: NOW,
        withheld: 0,
        verdict: Verdict::Accepted,
    }
}

fn answer(operation: Operation) -> Response {
    let sent = SendReportsResponse {
        status: StatusString::OK,
        unsupported: vec![Text::clean("request/later")],
        receipt: Some(receipt().sign(AGENT, &central())),
        expected_number: Some(2),
        schedule_version: 17,
        central_time: NOW,
    };
    match operation {
        Operation::RegisterForManagement => Response::Register(RegisterResponse {
            status: StatusString::OK,
            site: Some(Site {
                id: SiteId::from_bytes([9; 16]),
                name: Text::clean("Müller & Söhne"),
            }),
            settings: Some(Settings::default()),
            head: None,
            capabilities: Capabilities::current(),
            central_time: NOW,
        }),
        Operation::GetSchedule => Response::GetSchedule(GetScheduleResponse {
            status: StatusString::OK,
            settings: None,
            central_time: NOW,
        }),
        Operation::SendReports => Response::SendReports(sent),
        Operation::SendAlerts => Response::SendAlerts(sent),
        Operation::UnregisterForManagement => Response::Unregister(UnregisterResponse {
            status: StatusString::GONE,
            central_time: NOW,
        }),
    }
}

fn random(seed: u8) -> [u8; 64] {
    std::array::from_fn(|index| seed.wrapping_mul(31).wrapping_add(index as u8))
}

/// What Central does with an envelope when it knows the agent and the code.
fn open(envelope: &[u8]) -> Result<Opened, Refusal> {
    let incoming = parse_request(envelope, None)?;
    incoming.open(
        &central(),
        &|agent| (*agent == AGENT).then(|| session(SoapVersion::V12).public_keys()),
        &|id| (*id == code().code_id).then(|| code().secret),
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn every_operation_goes_there_and_back_in_both_versions_of_soap() {
    for soap in [SoapVersion::V11, SoapVersion::V12] {
        let session = session(soap);
        for (index, request) in requests().into_iter().enumerate() {
            let (envelope, pending) = seal(&session, &request, random(index as u8));
            let opened = open(&envelope).unwrap();
            assert_eq!((opened.agent, opened.sent), (AGENT, NOW));
            assert_eq!(opened.request, request);
            assert_eq!(opened.keys, session.public_keys());
            let response = answer(request.operation());
            let reply = opened.reply.seal(&response, [index as u8; 32]).unwrap();
            assert_eq!(reply.content_type, soap.content_type(None));
            assert!(text(&reply.body).contains(soap.namespace()));
            assert_eq!(session.open(&pending, &reply.body).unwrap(), response);
        }
    }
}

#[test]
fn nothing_inside_shows_outside() {
    let session = session(SoapVersion::V12);
    for request in requests() {
        let (envelope, _) = seal(&session, &request, random(1));
        let envelope = text(&envelope);
        for inside in [
            "linux",
            &hex(code().secret.expose()),
            &report().signed.header.content.to_string(),
            "number",
            "haveVersion",
            "moved",
        ] {
            assert!(!envelope.contains(inside), "{inside} shows in {envelope}");
        }
    }
    let (envelope, _) = session.seal(&requests()[1], NOW, random(2)).unwrap();
    let reply = open(&envelope).unwrap().reply;
    let reply = reply
        .seal(&answer(Operation::GetSchedule), [1; 32])
        .unwrap();
    assert!(!text(&reply.body).contains("centralTime"));
}

#[test]
fn no_single_changed_character_gets_through_unseen() {
    let request = &requests()[2];
    let (envelope, _) = session(SoapVersion::V12)
        .seal(request, NOW, random(1))
        .unwrap();
    for at in 0..envelope.len() {
        let mut changed = envelope.clone();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        if let Ok(opened) = open(&changed) {
            // What can change without harm is what carries no meaning: the seal covers the rest.
            assert_eq!(&opened.request, request, "at {at}");
            assert_eq!(opened.agent, AGENT, "at {at}");
        }
    }
}

#[test]
fn a_seal_is_bound_to_agent_operation_and_version() {
    let (envelope, _) = session(SoapVersion::V12)
        .seal(&requests()[2], NOW, random(1))
        .unwrap();
    let envelope = text(&envelope);
    let other = AgentId::from_bytes([0xaa; 16]).to_string();
    for (from, to) in [
        (AGENT.to_string(), other.as_str()),
        ("SendReports".to_owned(), "SendAlerts"),
        ("contract=\"1.0\"".to_owned(), "contract=\"1.2\""),
    ] {
        assert!(envelope.contains(&from));
        let refusal = open(envelope.replace(&from, to).as_bytes()).unwrap_err();
        assert!(matches!(refusal.error, ContractError::Open), "{refusal:?}");
    }
}

#[test]
fn another_agents_signature_is_not_this_agents() {
    let impostor = AgentSession {
        signing: SigningKey::from_seed([66; 32]),
        ..session(SoapVersion::V12)
    };
    let (envelope, _) = impostor.seal(&requests()[1], NOW, random(1)).unwrap();
    let refusal = open(&envelope).unwrap_err();
    assert!(matches!(refusal.error, ContractError::Signature(_)));
}

#[test]
fn an_unknown_agent_is_told_no_more_than_that() {
    let session = session(SoapVersion::V11);
    let (envelope, pending) = session.seal(&requests()[1], NOW, random(1)).unwrap();
    let incoming = parse_request(&envelope, None).unwrap();
    let refusal = incoming
        .unseal(&central())
        .unwrap()
        .verify(None)
        .unwrap_err();
    let answer = refusal.answer();
    assert_eq!(answer.status, 500);
    match session.open(&pending, &answer.body) {
        Err(ContractError::Fault(fault)) => {
            assert_eq!(fault.kind, FaultKind::NotAuthenticated);
            assert!(!fault.text.contains(&AGENT.to_string()));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_registration_needs_the_codes_secret() {
    let session = session(SoapVersion::V12);
    let sealed = |code: &EnrolmentCode| {
        let sealed = session.seal_registration(&registration(), code, NOW, random(1));
        parse_request(&sealed.unwrap().0, None).unwrap()
    };
    let incoming = sealed(&code());
    assert_eq!(incoming.code(), Some(code().code_id));
    let opened = incoming.open_registration(&central(), Some(&code().secret));
    assert_eq!(opened.unwrap().keys, session.public_keys());

    let refused = |incoming: &Incoming, secret: Option<&EnrolmentSecret>| {
        let refusal = incoming.open_registration(&central(), secret);
        let refusal = refusal.unwrap_err();
        assert!(text(&refusal.answer().body).contains("<code>not-authenticated</code>"));
        refusal.error
    };
    let wrong = EnrolmentSecret::from_bytes([5; 32]);
    assert!(matches!(
        refused(&incoming, Some(&wrong)),
        ContractError::CodeSecret(_)
    ));
    assert!(matches!(
        refused(&incoming, None),
        ContractError::CodeUnknown(_)
    ));
    let guessed = EnrolmentCode {
        secret: wrong,
        ..code()
    };
    assert!(matches!(
        refused(&sealed(&guessed), Some(&code().secret)),
        ContractError::CodeSecret(_)
    ));
    // It does not open as anything else, and nothing else is sealed as a registration.
    assert!(incoming.unseal(&central()).is_err());
    assert!(matches!(
        session.seal(&Request::Register(registration()), NOW, random(1)),
        Err(ContractError::WithoutCode)
    ));
}

/// The holder of a code binds keys that he holds, both of them.
#[test]
fn a_registration_binds_only_keys_that_its_sender_holds() {
    let open = |session: &AgentSession, register: &RegisterRequest| {
        let sealed = session.seal_registration(register, &code(), NOW, random(1));
        let incoming = parse_request(&sealed.unwrap().0, None).unwrap();
        let opened = incoming.open_registration(&central(), Some(&code().secret));
        opened
            .map(|opened| opened.keys)
            .map_err(|error| error.error)
    };
    let other_signing = AgentSession {
        signing: SigningKey::from_seed([66; 32]),
        ..session(SoapVersion::V12)
    };
    assert!(matches!(
        open(&other_signing, &registration()),
        Err(ContractError::Signature(_))
    ));
    let other_sealing = AgentSession {
        sealing: SealingKeyPair::from_seed([66; 32]),
        ..session(SoapVersion::V12)
    };
    assert!(matches!(
        open(&other_sealing, &registration()),
        Err(ContractError::Mismatch { .. })
    ));
    assert!(open(&session(SoapVersion::V12), &registration()).is_ok());
}

#[test]
fn an_answer_opens_only_what_it_answers() {
    let session = session(SoapVersion::V12);
    let question = &requests()[1];
    let answer = answer(Operation::GetSchedule);
    let [first, second] = [1, 2].map(|seed| session.seal(question, NOW, random(seed)).unwrap());
    let [to_first, to_second] = [&first, &second].map(|(envelope, _)| {
        let reply = open(envelope).unwrap().reply;
        reply.seal(&answer, [7; 32]).unwrap().body
    });
    assert_eq!(session.open(&first.1, &to_first).unwrap(), answer);
    assert_eq!(session.open(&second.1, &to_second).unwrap(), answer);
    for (pending, replayed) in [(&first.1, &to_second), (&second.1, &to_first)] {
        let error = session.open(pending, replayed).unwrap_err();
        assert!(matches!(error, ContractError::Open), "{error:?}");
    }
}

#[test]
fn no_single_changed_character_of_an_answer_gets_through_unseen() {
    let session = session(SoapVersion::V12);
    let (envelope, pending) = session.seal(&requests()[1], NOW, random(1)).unwrap();
    let answer = answer(Operation::GetSchedule);
    let reply = open(&envelope).unwrap().reply;
    let body = reply.seal(&answer, [7; 32]).unwrap().body;
    for at in 0..body.len() {
        let mut changed = body.clone();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        if let Ok(opened) = session.open(&pending, &changed) {
            assert_eq!(opened, answer, "at {at}");
        }
    }
}

#[test]
fn a_receipt_is_signed_for_its_agent_with_the_key_that_was_sealed_to_or_not_taken() {
    let session = session(SoapVersion::V12);
    let (envelope, pending) = session.seal(&requests()[2], NOW, random(1)).unwrap();
    let opened = open(&envelope).unwrap();
    let answered = |receipt| {
        let Response::SendReports(mut response) = answer(Operation::SendReports) else {
            panic!("another answer");
        };
        response.receipt = Some(receipt);
        let response = Response::SendReports(response);
        let body = opened.reply.seal(&response, [7; 32]).unwrap().body;
        session.open(&pending, &body)
    };
    assert!(answered(receipt().sign(AGENT, &central())).is_ok());
    let other = CentralKeyPair::from_seed([0xcf; 32]);
    let renamed = SignedReceipt {
        key: central().public().id(),
        ..receipt().sign(AGENT, &other)
    };
    for forged in [
        receipt().sign(AGENT, &other),
        receipt().sign(AgentId::from_bytes([1; 16]), &central()),
        renamed,
    ] {
        assert!(matches!(
            answered(forged),
            Err(ContractError::Receipt { number: 1, .. })
        ));
    }
}

#[test]
fn a_key_of_centrals_is_announced_under_the_old_one_or_not_at_all() {
    let session = session(SoapVersion::V12);
    let (envelope, pending) = session.seal(&requests()[1], NOW, random(1)).unwrap();
    let answer = answer(Operation::GetSchedule);
    let announced = KeyAnnouncement {
        key: CentralKeyPair::from_seed([0xcf; 32]).public(),
        old_ends: NOW,
    };
    let reply = open(&envelope).unwrap().reply.announcing(Some(announced));
    let body = reply.seal(&answer, [7; 32]).unwrap().body;
    let opened = session.open_with_news(&pending, &body).unwrap();
    assert_eq!(opened, (answer.clone(), Some(announced)));

    // A stranger has the agent's public keys, and everything that went over the line; he has not the
    // key that the request was sealed to. What he can make is an answer to a request of his own.
    let stranger = CentralKeyPair::from_seed([0x66; 32]);
    let to_stranger = AgentSession {
        central: stranger.public(),
        ..session.clone()
    };
    let (his, _) = to_stranger.seal(&requests()[1], NOW, random(1)).unwrap();
    let his = parse_request(&his, None)
        .unwrap()
        .unseal(&stranger)
        .unwrap();
    let his = his.verify(Some(&session.public_keys())).unwrap();
    let fake = KeyAnnouncement {
        key: stranger.public(),
        old_ends: NOW,
    };
    let body = his.reply.announcing(Some(fake)).seal(&answer, [7; 32]);
    let refused = session.open_with_news(&pending, &body.unwrap().body);
    assert!(matches!(refused, Err(ContractError::Open)), "{refused:?}");
}

#[test]
fn an_answer_is_sealed_to_one_operation() {
    let session = session(SoapVersion::V12);
    let (envelope, _) = session.seal(&requests()[1], NOW, random(1)).unwrap();
    let reply = open(&envelope).unwrap().reply;
    assert!(matches!(
        reply.seal(&answer(Operation::SendReports), [7; 32]),
        Err(ContractError::UnexpectedAnswer(Operation::GetSchedule))
    ));
}

#[test]
fn nothing_that_holds_a_secret_shows_it() {
    let session = session(SoapVersion::V12);
    let (envelope, pending) = session.seal(&requests()[1], NOW, [0x5e; 64]).unwrap();
    let opened = open(&envelope).unwrap();
    let shown = format!("{session:?} {pending:?} {opened:?} {:?}", central());
    // The nonce, and the seeds of signing key, sealing keys and Central's keys.
    for sentinel in [
        "5e5e", "94, 94", "0101", "1, 1, 1", "0202", "2, 2, 2", "cece", "206, 206",
    ] {
        assert!(!shown.contains(sentinel), "{sentinel} shows in {shown}");
    }
}

#[test]
fn a_sealed_key_that_is_not_at_hand_is_named_inside_and_not_outside() {
    let (envelope, _) = session(SoapVersion::V12)
        .seal(&requests()[1], NOW, random(1))
        .unwrap();
    let incoming = parse_request(&envelope, None).unwrap();
    assert_eq!(incoming.central_key(), central().public().id());
    let refusal = incoming
        .unseal(&CentralKeyPair::from_seed([1; 32]))
        .unwrap_err();
    assert!(matches!(refusal.error, ContractError::KeyUnknown(_)));
    let answer = refusal.answer();
    assert_eq!(answer.status, 400);
    assert!(text(&answer.body).contains("<code>key-not-usable</code>"));
}

#[test]
fn messages_in_other_spellings_mean_the_same() {
    let (envelope, _) = session(SoapVersion::V11)
        .seal(&requests()[1], NOW, random(1))
        .unwrap();
    let plain = text(&envelope);
    let start = plain.find("<CipherValue>").unwrap() + "<CipherValue>".len();
    let end = plain.find("</CipherValue>").unwrap();
    let value = &plain[start..end];
    let (half, rest) = value.split_at(value.len() / 2);
    let odd = format!(
        r#"<?xml version='1.0' encoding='UTF-8' standalone='yes'?><!-- a --><?x y?>
        <s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' xmlns:pt='urn:pagetally:central:1'>
          <s:Header><other xmlns='urn:x' s:mustUnderstand='0'/></s:Header>
          <s:Body><pt:GetSchedule contract='1.0'><!-- b -->
            <pt:agent> {AGENT} </pt:agent>
            <pt:sealed><e:EncryptedData xmlns:e='http://www.w3.org/2001/04/xmlenc#' Type='x'>
              <e:EncryptionMethod Algorithm='{SEALING_ALGORITHM}'/>
              <k:KeyInfo xmlns:k='http://www.w3.org/2000/09/xmldsig#'><k:KeyName>{}</k:KeyName></k:KeyInfo>
              <e:CipherData><e:CipherValue>{half}<![CDATA[
                {rest}]]></e:CipherValue></e:CipherData>
            </e:EncryptedData></pt:sealed></pt:GetSchedule></s:Body></s:Envelope>"#,
        central().public().id()
    );
    assert_eq!(open(odd.as_bytes()).unwrap().request, requests()[1]);

    let wide = odd.replace("encoding='UTF-8'", "encoding='UTF-16'");
    let little = std::iter::once(0xfeff)
        .chain(wide.encode_utf16())
        .flat_map(u16::to_le_bytes);
    assert!(open(&little.collect::<Vec<u8>>()).is_ok());
    let big = std::iter::once(0xfeff)
        .chain(wide.encode_utf16())
        .flat_map(u16::to_be_bytes);
    assert!(open(&big.collect::<Vec<u8>>()).is_ok());
}

#[test]
fn what_is_no_request_is_refused_with_a_fault_that_says_why() {
    let (envelope, _) = session(SoapVersion::V12)
        .seal(&requests()[1], NOW, random(1))
        .unwrap();
    let plain = text(&envelope);
    let check = |envelope: &str, status: u16, shows: &str| {
        let refusal = open(envelope.as_bytes()).unwrap_err();
        let answer = refusal.answer();
        assert_eq!(answer.status, status, "{refusal:?}");
        assert!(text(&answer.body).contains(shows), "{}", text(&answer.body));
    };
    check("", 500, "bad-request");
    check("not XML", 500, "bad-request");
    check(&plain[..plain.len() / 2], 500, "bad-request");
    check(
        &plain.replace("GetSchedule", "SetSchedule"),
        400,
        "bad-request",
    );
    check(
        &plain.replace("urn:pagetally:central:1\"", "urn:pagetally:central:7\""),
        400,
        "version-not-supported",
    );
    check(
        &plain.replace("contract=\"1.0\"", "contract=\"2.0\""),
        400,
        "version-not-supported",
    );
    check(
        &plain.replace("pagetally:sealing:1", "pagetally:sealing:9"),
        400,
        "key-not-usable",
    );
    check(&plain.replace("EncryptedData", "report"), 400, "not-sealed");
    check(
        &plain.replace("2003/05/soap-envelope", "2099/05/soap-envelope"),
        500,
        "VersionMismatch",
    );
    check(
        &plain.replace(
            "<Body>",
            "<Header><a xmlns=\"urn:a\" xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\" \
             e:mustUnderstand=\"true\"/></Header><Body>",
        ),
        500,
        "MustUnderstand",
    );
}

#[test]
fn a_report_is_what_its_agent_signed_or_it_is_refused() {
    let key = session(SoapVersion::V12).signing.verifying_key();
    let report = report();
    let verified = report.verify(&key).unwrap();
    assert_eq!(verified.leaves.len(), 1);

    let mut changed = report.clone();
    changed.pass.as_mut().unwrap().1.settings_version += 1;
    assert!(matches!(
        changed.verify(&key),
        Err(ReportError::Content { .. })
    ));
    let mut salted = report.clone();
    salted.pass.as_mut().unwrap().0 = Salt::from_bytes([9; 32]);
    assert!(matches!(
        salted.verify(&key),
        Err(ReportError::Content { .. })
    ));
    let mut short = report.clone();
    short.pass = None;
    assert!(matches!(
        short.verify(&key),
        Err(ReportError::Leaves {
            stated: 1,
            found: 0
        })
    ));
    let other = SigningKey::from_seed([77; 32]).verifying_key();
    assert!(matches!(report.verify(&other), Err(ReportError::Header(_))));
}
