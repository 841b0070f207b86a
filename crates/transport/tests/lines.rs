//! Lines with a gate in them: servers that demand a certificate of the client's, proxies, IPv6.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it stands"
)]

#[allow(dead_code, reason = "each test file uses its own part of the server")]
mod server;

use pagetally_contract::{Operation, SoapVersion};
use pagetally_transport::{
    CentralClient, ClientCertificate, ClientConfig, ConfigError, TlsProblem, TransportError,
};
use server::{Authority, Server, respond};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

const ANSWER: &[u8] = b"<answer/>";

fn call(config: ClientConfig) -> Result<Vec<u8>, TransportError> {
    let client = CentralClient::new(config).unwrap();
    client.call(Operation::GetSchedule, SoapVersion::V12, b"<question/>")
}

/// A client that trusts `authority` and shows what `by` certified.
fn config(url: String, authority: &Authority, by: Option<&Authority>) -> ClientConfig {
    let client_certificate = by.map(|by| {
        let (chain_pem, key_pem) = by.client("agent.example");
        ClientCertificate { chain_pem, key_pem }
    });
    ClientConfig {
        ca_pem: Some(authority.pem()),
        client_certificate,
        ..ClientConfig::new(url)
    }
}

#[test]
fn a_server_that_demands_a_certificate_gets_the_sites() {
    let (authority, agents, strangers) = (
        Authority::new("Servers"),
        Authority::new("Agents"),
        Authority::new("Strangers"),
    );
    let tls = authority.certify_demanding("127.0.0.1", &agents);
    let server = Server::start(Some(tls), |_, wire| {
        respond(wire, "200 OK", "Content-Type: text/xml\r\n", ANSWER);
    });
    let with = |by| call(config(server.url(), &authority, by));
    assert_eq!(with(Some(&agents)).unwrap(), ANSWER);
    for by in [None, Some(&strangers)] {
        let error = with(by).unwrap_err();
        let TransportError::Tls { problem, .. } = &error else {
            panic!("{error:?}");
        };
        assert!(
            matches!(problem, TlsProblem::ClientCertificate(_)),
            "{error:?}"
        );
        assert!(error.to_string().contains("client certificate"), "{error}");
    }
}

#[test]
fn a_certificate_and_a_key_that_do_not_fit_are_refused_before_any_call() {
    let agents = Authority::new("Agents");
    let (chain_pem, key_pem) = agents.client("agent.example");
    let (_, other_key) = agents.client("agent.example");
    let refused = |chain_pem: &[u8], key_pem: &[u8]| {
        let config = ClientConfig {
            client_certificate: Some(ClientCertificate {
                chain_pem: chain_pem.to_vec(),
                key_pem: key_pem.to_vec(),
            }),
            ..ClientConfig::new("https://central.example/soap")
        };
        match CentralClient::new(config) {
            Err(ConfigError::ClientCertificate { reason }) => reason,
            other => panic!("{other:?}"),
        }
    };
    refused(&chain_pem, &other_key);
    refused(b"", &key_pem);
    refused(&chain_pem, b"");
    refused(&chain_pem, &chain_pem);
    refused(
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        &key_pem,
    );
    let whole = ClientCertificate { chain_pem, key_pem };
    assert!(!format!("{whole:?}").contains("45, 45"), "no key shows");
}

#[test]
fn central_is_reached_over_ipv6() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else {
        println!("SKIPPED: this machine has no IPv6 loopback");
        return;
    };
    let port = listener.local_addr().unwrap().port();
    let served = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 4_096];
        let read = stream.read(&mut head).unwrap();
        let text =
            "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 9\r\n\r\n<answer/>";
        stream.write_all(text.as_bytes()).unwrap();
        String::from_utf8_lossy(&head[..read]).into_owned()
    });
    let answer = call(ClientConfig {
        allow_plain_http: true,
        ..ClientConfig::new(format!("http://[::1]:{port}/soap"))
    });
    assert_eq!(answer.unwrap(), ANSWER);
    assert!(served.join().unwrap().contains(&format!("[::1]:{port}")));
}

/// The whole way through a proxy with CONNECT and Basic, TLS to Central inside; one that is excepted is
/// reached directly.
#[test]
fn a_proxy_is_asked_by_connect_and_basic_unless_central_is_excepted() {
    let authority = Authority::new("Servers");
    let tls = authority.certify("127.0.0.1", 2020..2040);
    let server = Server::start(Some(tls), |_, wire| {
        respond(wire, "200 OK", "Content-Type: text/xml\r\n", ANSWER);
    });
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = proxy.local_addr().unwrap();
    let asked = std::thread::spawn(move || {
        let (mut client, _) = proxy.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            client.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let target = head.split(' ').nth(1).unwrap().to_owned();
        let mut central = std::net::TcpStream::connect(target).unwrap();
        client
            .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
            .unwrap();
        let (mut from, mut to) = (client.try_clone().unwrap(), central.try_clone().unwrap());
        let there = std::thread::spawn(move || std::io::copy(&mut from, &mut to));
        let _ = std::io::copy(&mut central, &mut client);
        drop((client, central));
        let _ = there.join();
        head
    });
    let through = ClientConfig {
        proxy: Some(format!("http://agent:s3cret@{address}")),
        ..config(server.url(), &authority, None)
    };
    let excepted = ClientConfig {
        proxy: Some("http://127.0.0.1:1".to_owned()),
        no_proxy: Some("127.0.0.0/8".to_owned()),
        ..through.clone()
    };
    assert_eq!(call(excepted).unwrap(), ANSWER);
    assert_eq!(call(through).unwrap(), ANSWER);
    let head = asked.join().unwrap();
    assert!(head.starts_with("CONNECT 127.0.0.1:"), "{head}");
    let basic = "proxy-authorization: basic YWdlbnQ6czNjcmV0";
    assert!(
        head.to_lowercase().contains(&basic.to_lowercase()),
        "{head}"
    );
}
