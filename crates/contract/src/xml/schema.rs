//! The XSD says what the codec does: every message validates, every word is listed.

use super::{InnerResponse, frozen};
use crate::{Response, testing};
use pagetally_model as model;
use pagetally_soap::{Element, Limits};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use std::process::{Command, Stdio};

const XSD: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/schema/pagetally-central-1.xsd"
);
const SCHEMA: &str = "http://www.w3.org/2001/XMLSchema";

/// Some hundred messages of every kind: the frozen ones, and arbitrary ones from a fixed seed.
fn messages() -> Vec<Vec<u8>> {
    let mut runner = TestRunner::deterministic();
    let mut found: Vec<Vec<u8>> = Vec::new();
    let mut put_request = |request: &crate::Request| found.push(frozen::to_xml(request));
    frozen::requests().iter().for_each(&mut put_request);
    let withheld = frozen::withheld_reports().map(crate::Request::SendReports);
    withheld.iter().for_each(&mut put_request);
    for _ in 0..100 {
        let request = testing::request().new_tree(&mut runner).unwrap().current();
        put_request(&request);
    }
    let mut put_response = |response: &Response| {
        found.push(InnerResponse::to_xml(response, None).unwrap());
    };
    frozen::responses().iter().for_each(&mut put_response);
    for _ in 0..100 {
        put_response(&testing::response().new_tree(&mut runner).unwrap().current());
    }
    let receipt = testing::signed_receipt()
        .new_tree(&mut runner)
        .unwrap()
        .current();
    found.push(super::receipt_to_xml(&receipt).unwrap());
    found.push(frozen::announcing());
    found.push(frozen::to_xml(&crate::Request::SendReports(
        frozen::rotating_report(),
    )));
    found.extend(bodies());
    found
}

/// What stands in the bodies and details of envelopes.
fn bodies() -> Vec<Vec<u8>> {
    let limits = Limits {
        text: 1 << 20,
        ..Limits::default()
    };
    let session = frozen::session();
    let mut found = Vec::new();
    let mut put = |element: &Element| {
        let mut writer = pagetally_soap::Writer::new();
        element.write(&mut writer);
        found.push(writer.finish().unwrap());
    };
    for (request, response) in frozen::requests().iter().zip(frozen::responses()) {
        let sealed = frozen::seal(request, [1; 64]);
        let envelope = pagetally_soap::Envelope::parse(&sealed, None, &limits, &[]).unwrap();
        put(&envelope.body);
        let incoming = crate::parse_request(&sealed, None).unwrap();
        let secret = crate::EnrolmentSecret::from_bytes([7; 32]);
        let opened = incoming
            .open(
                &frozen::central(),
                &|_| Some(session.public_keys()),
                &|_| Some(secret.clone()),
            )
            .unwrap();
        let reply = opened.reply.seal(&response, [1; 32]).unwrap();
        let envelope = pagetally_soap::Envelope::parse(&reply.body, None, &limits, &[]).unwrap();
        put(&envelope.body);
    }
    let fault = crate::ContractFault::new(crate::FaultKind::NotAuthenticated);
    for version in [crate::SoapVersion::V11, crate::SoapVersion::V12] {
        let envelope = fault.to_envelope(version);
        match pagetally_soap::Envelope::parse(&envelope, None, &limits, &[]) {
            Err(pagetally_soap::EnvelopeError::Fault(fault)) => put(&fault.detail[0]),
            other => panic!("{other:?}"),
        }
    }
    found
}

#[test]
fn every_message_validates_against_the_xsd() {
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
    let mut paths = Vec::new();
    for (index, message) in messages().into_iter().enumerate() {
        let path = folder.path().join(format!("{index}.xml"));
        std::fs::write(&path, message).unwrap();
        paths.push(path);
    }
    let validate = |paths: &[std::path::PathBuf]| {
        Command::new("xmllint")
            .args(["--nonet", "--noout", "--schema", XSD])
            .args(paths)
            .output()
            .unwrap()
    };
    let output = validate(&paths);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let complaints: Vec<&str> = said
        .lines()
        .filter(|line| !line.ends_with(" validates"))
        .collect();
    assert!(output.status.success(), "{}", complaints.join("\n"));
    assert_eq!(said.matches(" validates").count(), paths.len());

    // And the schema is one that refuses.
    let wrong = folder.path().join("wrong.xml");
    let xml = "<request xmlns='urn:pagetally:central:1' contract='1.0'/>";
    std::fs::write(&wrong, xml).unwrap();
    assert!(!validate(&[wrong]).status.success());
}

/// The words that the XSD lists for a simple type.
fn listed(name: &str) -> Vec<String> {
    let limits = Limits {
        events: 20_000,
        ..Limits::default()
    };
    let schema = pagetally_soap::read(crate::XSD.as_bytes(), None, &limits).unwrap();
    let simple = schema
        .children()
        .find(|child| child.is(SCHEMA, "simpleType") && child.attribute("name") == Some(name))
        .unwrap_or_else(|| panic!("the XSD has no type {name}"));
    let restriction = simple.child(SCHEMA, "restriction").expect("a restriction");
    restriction
        .children()
        .filter_map(|word| word.attribute("value"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_xsd_lists_every_word_of_the_model_and_no_other() {
    let check = |name: &str, words: Vec<String>| assert_eq!(listed(name), words, "{name}");
    check("MatchedBy", testing::words::<model::MatchedBy>());
    check("ChangeKind", testing::words::<model::ChangeKind>());
    let replacements = testing::words::<model::ReplacementKind>();
    check("ReplacementKind", replacements);
    check("Exactness", testing::words::<model::Exactness>());
    check("RawKind", testing::words::<model::RawKind>());
    check("PrinterState", testing::words::<model::PrinterState>());
    check("DeviceState", testing::words::<model::DeviceState>());
    check("Condition", testing::words::<model::Condition>());
    check("AlertSeverity", testing::words::<model::AlertSeverity>());
    check("MeterFunction", testing::words::<model::MeterFunction>());
    check("MeterColor", testing::words::<model::MeterColor>());
    check("MeterSize", testing::words::<model::MeterSize>());
    check("MeterSides", testing::words::<model::MeterSides>());
    check("CounterUnit", testing::words::<model::CounterUnit>());
    check("Measures", testing::words::<model::Measures>());
    check("SupplyClass", testing::words::<model::SupplyClass>());
    check("SupplyKind", testing::words::<model::SupplyKind>());
    check("ObservationWitness", testing::words::<model::Witness>());
    check("LeafKind", testing::words::<pagetally_proof::LeafKind>());
    let reasons = testing::words::<pagetally_proof::WithheldReason>();
    check("WithheldReason", reasons);
}

#[test]
fn the_xsd_lists_every_operation_and_fault_code() {
    let operations = crate::Operation::ALL.map(|operation| operation.name().to_owned());
    assert_eq!(listed("Operation"), operations);
    let codes = crate::FaultKind::ALL.map(|kind| kind.code().to_owned());
    assert_eq!(listed("FaultCode"), codes);
}
