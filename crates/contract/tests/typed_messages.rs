//! Messages in the open: their frozen bytes, the schema's word for them, and every spelling that XML
//! allows them.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test that cannot be set up has failed"
)]

use pagetally_contract::*;
use pagetally_model::{
    AgentId, Community, DeviceAudit, PassReport, Settings, SiteId, SubmissionId, Text, Timestamp,
};
use pagetally_proof::{Hash, SigningKey};
use pagetally_soap::{Element, Envelope, Limits, Node, Writer, security_header};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const AGENT: AgentId = AgentId::from_bytes([0xa9; 16]);
const LIMITS: Limits = Limits {
    bytes: 8 << 20,
    depth: 64,
    attributes: 64,
    events: 150_000,
    name: 256,
    attribute_value: 64 << 10,
    text: 4 << 20,
    prefixes: 32,
};

fn now() -> Timestamp {
    "2026-11-23T08:00:05.000Z".parse().unwrap()
}

fn token() -> UsernameToken {
    UsernameToken::with_digest("key-1", "s3cret", &[7; 16], "2026-11-23T08:00:05Z")
}

fn report() -> TypedReport {
    let audit: DeviceAudit = serde_json::from_str(include_str!("frozen/audit.json")).unwrap();
    let pass: PassReport = serde_json::from_str(include_str!("frozen/pass.json")).unwrap();
    TypedReport {
        message: MessageId::new("2026-11-23/17").unwrap(),
        audits: vec![audit],
        pass: Some(pass),
    }
}

fn requests() -> Vec<TypedRequest> {
    vec![
        TypedRequest::Register(TypedRegistration {
            name: Text::clean("Fleet tool <3>"),
            version: Text::clean("3.1"),
            site: Some(Text::clean("Head office")),
            capabilities: Capabilities::current(),
        }),
        TypedRequest::GetSchedule(GetScheduleRequest { have_version: 16 }),
        TypedRequest::SendReports(report()),
        TypedRequest::SendAlerts(report()),
        TypedRequest::Unregister(UnregisterRequest {
            reason: Text::clean("moved & gone"),
        }),
    ]
}

fn settings() -> Settings {
    Settings {
        version: 17,
        targets: vec!["192.0.2.0/24".to_owned()],
        communities: vec![Community::new("sentinel").unwrap()],
        ..Settings::default()
    }
}

fn responses() -> Vec<Response> {
    let receipt = Receipt {
        submission: SubmissionId::from_bytes([5; 16]),
        number: 1,
        content: Hash::from_bytes([6; 32]),
        header: Hash::from_bytes([7; 32]),
        received_at: now(),
        withheld: 0,
        verdict: Verdict::Accepted,
    };
    let sent = SendReportsResponse {
        status: StatusString::OK,
        unsupported: Vec::new(),
        receipt: Some(receipt.sign(AGENT, &CentralKeyPair::from_seed([0xce; 32]))),
        expected_number: None,
        schedule_version: 17,
        central_time: now(),
    };
    let conflict = SendReportsResponse {
        status: StatusString::CONFLICT,
        receipt: None,
        ..sent.clone()
    };
    vec![
        Response::Register(RegisterResponse {
            status: StatusString::OK,
            site: Some(Site {
                id: SiteId::from_bytes([8; 16]),
                name: Text::clean("Head office"),
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
        Response::SendAlerts(conflict),
        Response::Unregister(UnregisterResponse {
            status: StatusString::GONE,
            central_time: now(),
        }),
    ]
}

/// Every typed message of this version with the name of its frozen file. 1.1 and 1.2 take turns.
fn messages() -> Vec<(String, Vec<u8>)> {
    let versions = [SoapVersion::V11, SoapVersion::V12];
    let mut found = Vec::new();
    for ((index, request), response) in requests().iter().enumerate().zip(responses()) {
        let (version, name) = (versions[index % 2], request.operation());
        let envelope = request.to_envelope(version, AGENT, Some(&token())).unwrap();
        found.push((format!("{name}.typed-request.xml"), envelope));
        let answer = typed_answer(version, &response).unwrap().body;
        found.push((format!("{name}.typed-response.xml"), answer));
    }
    found
}

fn frozen() -> PathBuf {
    let version = ContractVersion::CURRENT.to_string();
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/frozen")
        .join(version)
}

/// When this fails, the change is wrong, not the test: clients in the field speak these bytes.
#[test]
fn the_bytes_of_every_message_in_the_open_are_frozen() {
    for (name, ours) in messages() {
        let path = frozen().join(&name);
        let kept = std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(
            ours == kept,
            "{name}:\n  ours {}\nfrozen {}",
            String::from_utf8_lossy(&ours),
            String::from_utf8_lossy(&kept)
        );
    }
}

/// `cargo test -p pagetally-contract --test typed_messages -- --ignored` for a message that a new version adds.
#[test]
#[ignore = "writes the frozen bytes anew: only for a message that a new version adds"]
fn write_the_frozen_bytes_of_messages_in_the_open() {
    for (name, bytes) in messages() {
        std::fs::write(frozen().join(name), bytes).unwrap();
    }
}

fn read(bytes: &[u8], content_type: Option<&str>) -> TypedRequest {
    match parse_call(bytes, content_type).unwrap() {
        Call::Typed(call) => {
            assert_eq!(call.agent(), AGENT);
            assert!(call.token().unwrap().verify("s3cret"));
            call.read().unwrap()
        }
        other => panic!("not in the open: {other:?}"),
    }
}

#[test]
fn a_message_in_the_open_comes_back_as_it_was() {
    for request in requests() {
        for version in [SoapVersion::V11, SoapVersion::V12] {
            let envelope = request.to_envelope(version, AGENT, Some(&token())).unwrap();
            assert_eq!(read(&envelope, None), request);
        }
    }
    for response in responses() {
        let answer = typed_answer(SoapVersion::V12, &response).unwrap();
        let back = open_typed_answer(&answer.body, response.operation()).unwrap();
        assert_eq!(back, response.without_secrets());
        assert!(!String::from_utf8(answer.body).unwrap().contains("sentinel"));
    }
}

/// The same document as other software might write it.
struct Spelling {
    prefix: bool,
    comments: bool,
    cdata: bool,
    white_space: bool,
    reversed: bool,
}

impl Spelling {
    fn of(number: usize) -> Self {
        let bit = |at: usize| number & (1 << at) != 0;
        Self {
            prefix: bit(0),
            comments: bit(1),
            cdata: bit(2),
            white_space: bit(3),
            reversed: bit(4),
        }
    }

    fn write(&self, element: &Element, depth: usize, out: &mut String) {
        let escaped = |text: &str| {
            text.replace('&', "&amp;")
                .replace('<', "&#x3C;")
                .replace('\'', "&apos;")
        };
        let name = element.name();
        // Another prefix on every level, so that one namespace has several.
        let tag = if self.prefix && !name.namespace().is_empty() {
            format!("q{depth}:{}", name.local())
        } else {
            name.local().to_owned()
        };
        let declared = if self.prefix && !name.namespace().is_empty() {
            format!(" xmlns:q{depth}='{}'", name.namespace())
        } else {
            format!(" xmlns='{}'", name.namespace())
        };
        let mut attributes: Vec<String> = element
            .attributes()
            .iter()
            .map(|attribute| {
                assert_eq!(attribute.name.namespace(), "", "none here has a namespace");
                format!(
                    " {}='{}'",
                    attribute.name.local(),
                    escaped(&attribute.value)
                )
            })
            .collect();
        attributes.push(declared);
        if self.reversed {
            attributes.reverse();
        }
        out.push_str(&format!("<{tag}{}>", attributes.concat()));
        let structure = element.children().next().is_some();
        for node in element.nodes() {
            if self.comments && structure {
                out.push_str("<!-- a <comment> & more --><?an instruction?>");
            }
            if self.white_space && structure {
                out.push_str("\r\n\t ");
            }
            match node {
                Node::Element(child) => self.write(child, depth + 1, out),
                Node::Text(text) if self.cdata => {
                    let middle = text.char_indices().nth(text.chars().count() / 2);
                    let (before, after) = text.split_at(middle.map_or(0, |(at, _)| at));
                    out.push_str(&format!("<![CDATA[{before}]]>{}", escaped(after)));
                }
                Node::Text(text) => out.push_str(&escaped(text)),
            }
        }
        out.push_str(&format!("</{tag}>"));
    }
}

/// Every spelling of an envelope, in UTF-8 and UTF-16, with the Content-Type that goes with it.
fn spellings(envelope: &[u8]) -> Vec<(Vec<u8>, Option<&'static str>)> {
    let root = pagetally_soap::read(envelope, None, &LIMITS).unwrap();
    let mut found = Vec::new();
    for number in 0..32 {
        let mut text = String::new();
        Spelling::of(number).write(&root, 0, &mut text);
        let declared = format!("<?xml version='1.0' encoding='UTF-16'?>\n{text}\n");
        let marked = std::iter::once('\u{feff}').chain(declared.chars());
        let units: Vec<u16> = marked.collect::<String>().encode_utf16().collect();
        found.push((
            units.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
            None,
        ));
        found.push((
            units.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
            None,
        ));
        found.push((text.into_bytes(), Some("text/xml; charset=utf-8")));
    }
    found
}

#[test]
fn a_message_in_the_open_survives_every_spelling_of_its_xml() {
    for request in requests() {
        let envelope = request.to_envelope(SoapVersion::V11, AGENT, Some(&token()));
        for (bytes, content_type) in spellings(&envelope.unwrap()) {
            assert_eq!(read(&bytes, content_type), request);
        }
    }
}

#[test]
fn a_seal_survives_every_spelling_of_the_envelope_around_it() {
    let central = CentralKeyPair::from_seed([0xce; 32]);
    let session = AgentSession {
        agent: AGENT,
        signing: SigningKey::from_seed([1; 32]),
        sealing: SealingKeyPair::from_seed([2; 32]),
        central: central.public(),
        soap: SoapVersion::V12,
    };
    let request = Request::GetSchedule(GetScheduleRequest { have_version: 3 });
    let (envelope, _) = session.seal(&request, now(), [1; 64]).unwrap();
    for (bytes, content_type) in spellings(&envelope) {
        let Call::Sealed(incoming) = parse_call(&bytes, content_type).unwrap() else {
            panic!("not sealed");
        };
        let unsealed = incoming.unseal(&central).unwrap();
        let opened = unsealed.verify(Some(&session.public_keys())).unwrap();
        assert_eq!(opened.request, request);
    }
}

#[test]
fn what_a_newer_minor_version_adds_is_passed_over_and_a_newer_major_version_is_named() {
    let request = TypedRequest::GetSchedule(GetScheduleRequest { have_version: 3 });
    let envelope = request.to_envelope(SoapVersion::V11, AGENT, Some(&token()));
    let text = String::from_utf8(envelope.unwrap()).unwrap();
    let version = format!("contract=\"{}\"", ContractVersion::CURRENT);
    assert!(text.contains(&version));
    let newer = text
        .replace(
            &version,
            &format!(
                "contract=\"{}.99\" mood=\"good\"",
                ContractVersion::CURRENT.major
            ),
        )
        .replace(
            "<scheduleQuery",
            "<later><x/></later><scheduleQuery since=\"today\"",
        );
    assert_eq!(read(newer.as_bytes(), None), request);
    let major = format!("contract=\"{}.0\"", ContractVersion::CURRENT.major + 1);
    let next = format!(
        "urn:pagetally:central:{}",
        ContractVersion::CURRENT.major + 1
    );
    for other in [
        text.replace(&version, &major),
        text.replace(NAMESPACE, &next),
    ] {
        let refusal = parse_call(other.as_bytes(), None).unwrap_err();
        let fault = String::from_utf8(refusal.answer().body).unwrap();
        assert!(fault.contains("version-not-supported"), "{fault}");
        assert!(
            fault.contains(&ContractVersion::CURRENT.to_string()),
            "{fault}"
        );
    }
}

#[test]
fn two_branches_at_once_and_none_are_refused() {
    let request = TypedRequest::GetSchedule(GetScheduleRequest { have_version: 3 });
    let envelope = request.to_envelope(SoapVersion::V11, AGENT, Some(&token()));
    let text = String::from_utf8(envelope.unwrap()).unwrap();
    let both = text.replace("<scheduleQuery", "<sealed/><scheduleQuery");
    let twice = text.replace(
        "<scheduleQuery",
        "<scheduleQuery haveVersion=\"1\"/><scheduleQuery",
    );
    let none = text.replace("scheduleQuery", "unregistration");
    for wrong in [both, none] {
        let refusal = parse_call(wrong.as_bytes(), None).unwrap_err();
        assert!(matches!(refusal.error, ContractError::Clear), "{wrong}");
    }
    let Call::Typed(call) = parse_call(twice.as_bytes(), None).unwrap() else {
        panic!("not in the open");
    };
    assert!(call.read().is_err());
}

#[test]
fn every_message_in_the_open_validates_against_the_xsd() {
    let found = Command::new("xmllint")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !found.is_ok_and(|status| status.success()) {
        assert!(
            std::env::var_os("PAGETALLY_REQUIRE_PEERS").is_none(),
            "xmllint (libxml2-utils) is missing"
        );
        eprintln!("SKIPPED: xmllint (libxml2-utils) is missing; no message was validated");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let xsd = folder.path().join("central.xsd");
    std::fs::write(&xsd, XSD).unwrap();
    let mut paths = Vec::new();
    for (name, envelope) in messages() {
        let parsed = Envelope::parse(&envelope, None, &LIMITS, &[security_header()]).unwrap();
        let mut writer = Writer::new();
        parsed.body.write(&mut writer);
        let path = folder.path().join(name);
        std::fs::write(&path, writer.finish().unwrap()).unwrap();
        paths.push(path);
    }
    let output = Command::new("xmllint")
        .args(["--nonet", "--noout", "--schema"])
        .arg(&xsd)
        .args(&paths)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert_eq!(said.matches(" validates").count(), paths.len());
}
