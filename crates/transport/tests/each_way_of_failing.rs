//! Every way in which a call can fail, against real sockets and real TLS.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it stands"
)]

#[allow(dead_code, reason = "each test file uses its own part of the server")]
mod server;

use pagetally_contract::{Operation, SoapVersion};
use pagetally_transport::{
    CentralClient, ClientConfig, Timeouts, TlsProblem, TransportError, Waiting,
};
use server::{Authority, Server, respond};
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

const SOAP: &str = "Content-Type: application/soap+xml; charset=utf-8\r\n";

fn config(url: String) -> ClientConfig {
    ClientConfig {
        allow_plain_http: true,
        max_answer_bytes: 1_000,
        timeouts: Timeouts {
            resolve: Duration::from_secs(5),
            connect: Duration::from_millis(400),
            answer: Duration::from_millis(400),
            total: Duration::from_secs(5),
        },
        ..ClientConfig::new(url)
    }
}

fn call(config: ClientConfig) -> Result<Vec<u8>, TransportError> {
    CentralClient::new(config)
        .unwrap()
        .call(Operation::GetSchedule, SoapVersion::V12, b"<ask/>")
}

fn call_plain(
    handler: impl Fn(server::Seen, &mut dyn server::Wire) + Send + Sync + 'static,
) -> Result<Vec<u8>, TransportError> {
    call(config(Server::start(None, handler).url()))
}

/// What the TLS handshake makes of a certificate for `name` in `years`.
fn call_tls(name: &str, years: std::ops::Range<i32>) -> Result<Vec<u8>, TransportError> {
    let authority = Authority::new("ours");
    let server = Server::start(Some(authority.certify(name, years)), |_, wire| {
        respond(wire, "200 OK", SOAP, b"<yes/>");
    });
    call(ClientConfig {
        ca_pem: Some(authority.pem()),
        allow_plain_http: false,
        ..config(server.url())
    })
}

fn tls_problem(result: Result<Vec<u8>, TransportError>) -> TlsProblem {
    match result {
        Err(TransportError::Tls { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_comes_back_over_tls_with_an_own_ca() {
    assert_eq!(call_tls("127.0.0.1", 2020..2090).unwrap(), b"<yes/>");
}

#[test]
fn the_request_says_what_soap_wants_in_both_versions() {
    let (tell, told) = mpsc::channel();
    let server = Server::start(None, move |seen, wire| {
        tell.send(seen).unwrap();
        respond(wire, "200 OK", SOAP, b"<yes/>");
    });
    let client = CentralClient::new(config(server.url())).unwrap();
    client
        .call(Operation::SendReports, SoapVersion::V12, b"<a/>")
        .unwrap();
    let seen = told.recv().unwrap();
    assert!(seen.head.starts_with("post /soap http/1.1"));
    assert!(
        seen.head.contains(
            "content-type: application/soap+xml; charset=utf-8; \
             action=\"urn:pagetally:central:1#sendreports\""
        ),
        "{}",
        seen.head
    );
    assert_eq!(seen.body, b"<a/>");
    client
        .call(Operation::SendReports, SoapVersion::V11, b"<a/>")
        .unwrap();
    let seen = told.recv().unwrap();
    assert!(seen.head.contains("content-type: text/xml; charset=utf-8"));
    assert!(
        seen.head
            .contains("soapaction: \"urn:pagetally:central:1#sendreports\"")
    );
}

#[test]
fn a_certificate_of_a_stranger_is_refused() {
    // The second stranger calls himself what ours is called.
    for name in ["theirs", "ours"] {
        let (ours, theirs) = (Authority::new("ours"), Authority::new(name));
        let certificate = theirs.certify("127.0.0.1", 2020..2090);
        let server = Server::start_raw(Some(certificate), |wire| {
            let _ = wire.read(&mut [0; 64]);
        });
        let result = call(ClientConfig {
            ca_pem: Some(ours.pem()),
            ..config(server.url())
        });
        assert_eq!(tls_problem(result), TlsProblem::UnknownIssuer);
    }
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let result = call_tls("central.example", 2020..2090);
    assert_eq!(tls_problem(result), TlsProblem::WrongName);
}

#[test]
fn a_certificate_out_of_its_time_is_refused() {
    let problem = tls_problem(call_tls("127.0.0.1", 2001..2002));
    assert_eq!(problem, TlsProblem::Expired);
    let problem = tls_problem(call_tls("127.0.0.1", 2088..2090));
    assert_eq!(problem, TlsProblem::NotYetValid);
}

#[test]
fn a_port_without_tls_is_named_so() {
    let server = Server::start_raw(None, |wire| {
        let _ = wire.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    let url = server.url().replace("http://", "https://");
    let ca_pem = Some(Authority::new("ours").pem());
    let result = call(ClientConfig {
        ca_pem,
        ..config(url)
    });
    assert!(matches!(tls_problem(result), TlsProblem::Protocol(_)));
}

#[test]
fn a_closed_port_refuses() {
    let port = {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.local_addr().unwrap().port()
    };
    let result = call(config(format!("http://127.0.0.1:{port}/soap")));
    assert!(matches!(result, Err(TransportError::Refused { .. })));
}

#[test]
fn a_name_that_nobody_has_is_unknown() {
    // RFC 6761 section 6.4: this name never exists.
    let result = call(config("http://central.invalid/soap".to_owned()));
    assert!(
        matches!(result, Err(TransportError::NameUnknown { .. })),
        "{result:?}"
    );
}

#[test]
fn a_mute_server_is_not_waited_for_longer_than_allowed() {
    let server = Server::start_raw(None, |wire| {
        let mut sink = Vec::new();
        let _ = wire.read_to_end(&mut sink);
    });
    let started = std::time::Instant::now();
    let result = call(config(server.url()));
    assert!(
        matches!(
            result,
            Err(TransportError::TimedOut {
                waiting: Waiting::Answer,
                ..
            })
        ),
        "{result:?}"
    );
    assert!(started.elapsed() < Duration::from_secs(4));
}

#[test]
fn a_server_that_is_mute_in_the_handshake_is_not_waited_for_either() {
    let server = Server::start_raw(None, |wire| {
        let mut sink = Vec::new();
        let _ = wire.read_to_end(&mut sink);
    });
    let url = server.url().replace("http://", "https://");
    let ca_pem = Some(Authority::new("ours").pem());
    let result = call(ClientConfig {
        ca_pem,
        ..config(url)
    });
    assert!(
        matches!(
            result,
            Err(TransportError::TimedOut {
                waiting: Waiting::Connection,
                ..
            })
        ),
        "{result:?}"
    );
}

#[test]
fn an_answer_that_stops_in_the_middle_is_not_waited_for() {
    let (hold, held) = mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let server = Server::start(None, move |_, wire| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n{SOAP}\r\n<half");
        wire.write_all(head.as_bytes()).unwrap();
        wire.flush().unwrap();
        let _ = held.lock().unwrap().recv_timeout(Duration::from_secs(9));
    });
    let mut config = config(server.url());
    config.timeouts.total = Duration::from_millis(600);
    let result = call(config);
    drop(hold);
    assert!(
        matches!(
            result,
            Err(TransportError::TimedOut {
                waiting: Waiting::Answer,
                ..
            })
        ),
        "{result:?}"
    );
}

#[test]
fn a_cut_answer_is_not_taken_for_a_whole_one() {
    let result = call_plain(|_, wire| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n{SOAP}\r\n<half");
        wire.write_all(head.as_bytes()).unwrap();
    });
    assert!(
        matches!(result, Err(TransportError::AnswerCut { .. })),
        "{result:?}"
    );
    let result = call_plain(|_, _| {});
    assert!(
        matches!(result, Err(TransportError::AnswerCut { .. })),
        "{result:?}"
    );
}

#[test]
fn an_answer_over_the_limit_is_not_read_to_its_end() {
    let result = call_plain(|_, wire| respond(wire, "200 OK", SOAP, &[b'x'; 1_001]));
    assert!(
        matches!(
            result,
            Err(TransportError::AnswerTooLarge { limit: 1_000, .. })
        ),
        "{result:?}"
    );
}

#[test]
fn garbage_is_no_http() {
    let result = call_plain(|_, wire| {
        wire.write_all(b"\x16\x03\x01 what? \r\n\r\n").unwrap();
    });
    assert!(
        matches!(result, Err(TransportError::Protocol { .. })),
        "{result:?}"
    );
}

#[test]
fn a_page_for_people_is_no_soap() {
    let result = call_plain(|_, wire| {
        respond(
            wire,
            "200 OK",
            "Content-Type: text/html\r\n",
            b"<html>Sign in</html>",
        );
    });
    assert!(matches!(
        result,
        Err(TransportError::NotSoap { status: 200, .. })
    ));
}

#[test]
fn a_status_is_told() {
    for (line, code, temporary) in [
        ("500 Internal Server Error", 500, true),
        ("502 Bad Gateway", 502, true),
        ("404 Not Found", 404, false),
        ("403 Forbidden", 403, false),
        ("429 Too Many Requests", 429, true),
    ] {
        let error = call_plain(move |_, wire| respond(wire, line, "", b"oh")).unwrap_err();
        assert!(
            matches!(error, TransportError::Status { status, .. } if status == code),
            "{error:?}"
        );
        assert_eq!(error.is_temporary(), temporary, "{error}");
    }
}

#[test]
fn a_fault_is_an_answer() {
    let result = call_plain(|_, wire| {
        respond(wire, "500 Internal Server Error", SOAP, b"<fault/>");
    });
    assert_eq!(result.unwrap(), b"<fault/>");
}

#[test]
fn a_busy_central_says_when_to_come_back() {
    let ask = |header: &'static str| {
        call_plain(move |_, wire| respond(wire, "503 Service Unavailable", header, b""))
            .unwrap_err()
    };
    let error = ask("Retry-After: 17\r\n");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(17)));
    assert!(error.is_temporary());
    assert_eq!(ask("").retry_after(), None);
    assert_eq!(ask("Retry-After: soon\r\n").retry_after(), None);
    // Nobody sends an agent away for a year.
    let longest = ask("Retry-After: 99999999\r\n").retry_after();
    assert_eq!(longest, Some(Duration::from_secs(86_400)));
}

#[test]
fn a_redirect_is_never_followed() {
    let (tell, told) = mpsc::channel();
    let elsewhere = Server::start(None, move |seen, wire| {
        tell.send(seen).unwrap();
        respond(wire, "200 OK", SOAP, b"<stolen/>");
    });
    for line in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let location: &'static str =
            Box::leak(format!("Location: {}\r\n", elsewhere.url()).into_boxed_str());
        let result = call_plain(move |_, wire| respond(wire, line, location, b""));
        assert!(
            matches!(result, Err(TransportError::Redirected { .. })),
            "{result:?}"
        );
    }
    assert!(told.try_recv().is_err(), "somebody followed");
}

#[test]
fn a_proxy_that_refuses_is_named() {
    let proxy = Server::start_raw(None, |wire| {
        let mut block = [0; 1024];
        let mut seen = Vec::new();
        while !seen.windows(4).any(|four| four == b"\r\n\r\n") {
            let count = wire.read(&mut block).unwrap();
            seen.extend_from_slice(&block[..count]);
        }
        let refused = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
        wire.write_all(refused).unwrap();
    });
    let result = call(ClientConfig {
        proxy: Some(proxy.url().trim_end_matches("/soap").to_owned()),
        ..config("https://central.example/soap".to_owned())
    });
    assert!(
        matches!(result, Err(TransportError::Proxy { .. })),
        "{result:?}"
    );
}

#[test]
fn what_is_wrong_is_said_in_words_with_the_address() {
    let error = tls_problem_text(call_tls("central.example", 2020..2090));
    assert!(error.contains("https://127.0.0.1:"), "{error}");
    assert!(error.contains("for another name"), "{error}");
}

fn tls_problem_text(result: Result<Vec<u8>, TransportError>) -> String {
    result.unwrap_err().to_string()
}
