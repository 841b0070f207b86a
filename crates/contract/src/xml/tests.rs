use super::*;
use crate::testing;
use crate::{ContractVersion, Request, Response};
use pagetally_model::{AgentId, Timestamp};
use proptest::prelude::*;

const AGENT: AgentId = AgentId::from_bytes([7; 16]);
const SENT: Timestamp = Timestamp::from_unix_millis(1);

fn to_xml(request: &Request) -> Vec<u8> {
    InnerRequest::to_xml(AGENT, &[9; 32], SENT, request).unwrap()
}

fn request_back(xml: &[u8]) -> std::result::Result<InnerRequest, ContractError> {
    InnerRequest::from_element(&read_inner(xml)?)
}

fn response_back(xml: &[u8]) -> std::result::Result<Response, ContractError> {
    InnerResponse::from_element(&read_inner(xml)?).map(|inner| inner.response)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_request_survives_its_xml(request in testing::request()) {
        let inner = InnerRequest {
            contract: ContractVersion::CURRENT,
            agent: AGENT,
            nonce: [9; 32],
            sent: SENT,
            request,
            unreadable: None,
        };
        prop_assert_eq!(request_back(&to_xml(&inner.request)).unwrap(), inner);
    }

    #[test]
    fn every_response_survives_its_xml(response in testing::response()) {
        let xml = InnerResponse::to_xml(&response, None).unwrap();
        prop_assert_eq!(response_back(&xml).unwrap(), response);
    }

    #[test]
    fn a_receipt_survives_on_its_own(receipt in testing::signed_receipt()) {
        let xml = receipt_to_xml(&receipt).unwrap();
        prop_assert_eq!(receipt_from_xml(&xml).unwrap(), receipt);
    }

    /// The property that the whole proof rests on: what Central computes from the XML is what the
    /// agent signed.
    #[test]
    fn leaves_come_out_of_the_xml_with_the_same_hashes(report in testing::report()) {
        let xml = to_xml(&Request::SendReports(report.clone()));
        let Request::SendReports(back) = request_back(&xml).unwrap().request else {
            panic!("another request");
        };
        match (report.leaves(), back.leaves()) {
            (Ok(there), Ok(here)) => prop_assert_eq!(there, here),
            (there, here) => prop_assert_eq!(there.is_err(), here.is_err()),
        }
    }

    #[test]
    fn a_changed_byte_never_panics(
        request in testing::request(), at in any::<prop::sample::Index>(), byte in any::<u8>()
    ) {
        let mut xml = to_xml(&request);
        let at = at.index(xml.len());
        xml[at] = byte;
        let _ = request_back(&xml);
    }

    #[test]
    fn a_cut_message_is_refused(request in testing::request(), at in any::<prop::sample::Index>()) {
        let xml = to_xml(&request);
        let at = at.index(xml.len());
        prop_assert!(request_back(&xml[..at]).is_err());
    }
}

#[test]
fn what_is_not_known_is_passed_over() {
    let xml = br#"<request xmlns="urn:pagetally:central:1" xmlns:new="urn:new" contract="1.9"
        operation="GetSchedule" agent="07070707070707070707070707070707" new:hint="1" colour="blue"
        nonce="0909090909090909090909090909090909090909090909090909090909090909"
        sent="1970-01-01T00:00:00.001Z"><new:thing>?</new:thing><later/>
        <scheduleQuery haveVersion=" 3 " since="yesterday"><more/></scheduleQuery></request>"#;
    let read = request_back(xml).unwrap();
    assert_eq!(
        read.request,
        Request::GetSchedule(crate::GetScheduleRequest { have_version: 3 })
    );
}

#[test]
fn where_the_books_end_is_written_and_read_as_ever() {
    let xml = br#"<response xmlns="urn:pagetally:central:1" contract="1.0" operation="RegisterForManagement" centralTime="1970-01-01T00:00:00.001Z"><statusString>successful-ok</statusString><head number="3" header="0909090909090909090909090909090909090909090909090909090909090909"/></response>"#;
    let response = Response::Register(crate::RegisterResponse {
        status: crate::StatusString::OK,
        site: None,
        settings: None,
        head: Some(crate::BooksHead {
            number: 3,
            header: pagetally_proof::Hash::from_bytes([9; 32]),
        }),
        capabilities: crate::Capabilities::default(),
        central_time: SENT,
    });
    let ours = InnerResponse::to_xml(&response, None).unwrap();
    let ours = String::from_utf8(ours).unwrap();
    assert!(ours.ends_with(std::str::from_utf8(xml).unwrap()), "{ours}");
    assert_eq!(response_back(xml).unwrap(), response);
}

#[test]
fn a_newer_major_version_is_named() {
    let xml = br#"<request xmlns="urn:pagetally:central:1" contract="2.0"/>"#;
    match request_back(xml) {
        Err(ContractError::Version { found }) => assert_eq!(found, "2.0"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_error_names_its_place() {
    let check = |xml: &str, place: &str| {
        let error = request_back(xml.as_bytes()).unwrap_err();
        let source = std::error::Error::source(&error)
            .expect("a source")
            .to_string();
        assert!(
            source.starts_with(place),
            "{source:?} does not start with {place:?}"
        );
    };
    let start = r#"<request xmlns="urn:pagetally:central:1" contract="1.0" operation="SendReports"
        agent="07070707070707070707070707070707" sent="1970-01-01T00:00:00Z"
        nonce="0909090909090909090909090909090909090909090909090909090909090909">"#;
    check(&format!("{start}</request>"), "request/report: is missing");
    check(
        &format!("{start}<report/><report/></request>"),
        "request/report: stands there more than once",
    );
    check(
        &format!("{start}<report><header format='x'/></report></request>"),
        "request/report/header@format: ",
    );
}

#[test]
fn a_source_nested_too_deep_is_not_even_written() {
    use pagetally_model::{DerivedInput, Provenance, RuleId, Source, Text};
    let nested = |depth: usize| {
        let inner = Source::Typed {
            by: Text::clean("x"),
        };
        let source = (0..depth).fold(inner, |source, _| Source::Derived {
            formula: Text::clean("a"),
            inputs: vec![DerivedInput {
                name: Text::clean("a"),
                value: 1,
                source,
            }],
        });
        let rule = RuleId {
            name: Text::clean("r"),
            version: 1,
        };
        let provenance = Provenance::new(source, rule);
        let mut writer = Writer::new();
        writer.start(NAMESPACE, "s");
        source::write_provenance(&mut writer, &provenance);
        (provenance, writer.finish())
    };
    let (deepest, xml) = nested(8);
    let xml = xml.unwrap();
    let root = read_inner(&xml).unwrap();
    let read = source::read_provenance(Fields::new(&root)).unwrap();
    assert_eq!(read, deepest);
    assert!(nested(9).1.is_err());
}

#[test]
fn a_source_nested_too_deep_is_refused_with_its_place() {
    let nested = (0..12).fold("<typed by='x'/>".to_owned(), |inner, _| {
        format!("<derived formula='a'><input name='a' value='1'>{inner}</input></derived>")
    });
    let xml = format!("<s xmlns='{NAMESPACE}' rule='r' ruleVersion='1'>{nested}</s>");
    let root = read_inner(xml.as_bytes()).unwrap();
    let error = source::read_provenance(Fields::new(&root)).unwrap_err();
    assert!(error.problem.contains("nested more than"), "{error}");
}

#[test]
fn a_document_that_cannot_be_read_is_named_and_its_header_is_read_all_the_same() {
    let requests = super::frozen::requests();
    let xml = String::from_utf8(to_xml(&requests[2])).unwrap();
    let header = requests[2].report().unwrap().signed.clone();
    let at = xml.find("<audit ").unwrap();
    let (before, audit) = xml.split_at(at);
    let named = |harmed: String, place: &str| {
        let inner = request_back(harmed.as_bytes()).unwrap();
        let report = inner.request.report().unwrap();
        assert_eq!(report.signed, header);
        assert!(report.audits.is_empty() && report.pass.is_none());
        let problem = inner.unreadable.unwrap();
        assert!(problem.path.starts_with(place), "{problem}");
    };
    let no_salt = audit.replacen("salt=", "pepper=", 1);
    named(format!("{before}{no_salt}"), "audit[0]@salt");
    let at = xml.find("<pass ").unwrap();
    let (before, pass) = xml.split_at(at);
    named(
        format!("{before}{}", pass.replacen("salt=", "pepper=", 1)),
        "pass@salt",
    );
    // Without its header nothing can be said of a submission.
    let headless = xml.replacen("<header ", "<heading ", 1);
    request_back(headless.as_bytes()).unwrap_err();
}
