//! Envelopes: any body of a POST to Central.

use pagetally_contract::{Call, CentralKeyPair, Refusal, TypedRequest, parse_call, parse_request};

/// A fault is small, and says the same whoever asks.
const MAX_FAULT: usize = 2_000;

/// No envelope panics, whatever its charset; what is refused gets a small fault; a typed message that
/// is read can be written and reads back as itself; a seal of nobody's does not open.
pub(super) fn check(data: &[u8]) {
    for content_type in [
        None,
        Some("text/xml; charset=utf-16"),
        Some("application/soap+xml"),
    ] {
        if let Err(refusal) = parse_request(data, content_type) {
            check_fault(&refusal);
        }
        match parse_call(data, content_type) {
            Err(refusal) => check_fault(&refusal),
            Ok(Call::Sealed(incoming)) => {
                let refusal = incoming.unseal(&CentralKeyPair::from_seed([0x5e; 32]));
                check_fault(&refusal.expect_err("sealed to nobody"));
            }
            Ok(Call::Typed(call)) => {
                if let Some(token) = call.token() {
                    assert!(!token.verify("a secret that no input knows"));
                }
                match call.read() {
                    Err(refusal) => check_fault(&refusal),
                    Ok(request) => check_request(&request, &call),
                }
            }
            Ok(_) => {}
        }
    }
}

fn check_fault(refusal: &Refusal) {
    let answer = refusal.answer();
    assert!(answer.body.len() < MAX_FAULT, "{} bytes", answer.body.len());
    assert!((400..=503).contains(&answer.status), "{}", answer.status);
}

fn check_request(request: &TypedRequest, call: &pagetally_contract::TypedCall) {
    assert_eq!(request.operation(), call.operation());
    if let TypedRequest::SendReports(report) | TypedRequest::SendAlerts(report) = request {
        let content = report.content().ok();
        assert_eq!(content, report.content().ok(), "hashed twice");
    }
    let written = request.to_envelope(call.soap_version(), call.agent(), None);
    // Text that is in no document of ours, such as U+FFFF, is cleaned; nothing else fails.
    let written = written.expect("what was read can be written");
    let Ok(Call::Typed(again)) = parse_call(&written, None) else {
        panic!("own output");
    };
    assert_eq!(again.agent(), call.agent());
    assert_eq!(again.read().ok().as_ref(), Some(request));
}
