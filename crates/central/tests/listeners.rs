//! Where Central listens, and where it refuses to.

use pagetally_central::{Central, CentralConfig, HttpsConfig, PageAccess, StartError};
use rustls::pki_types::{CertificateDer, ServerName};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

/// A certificate for `localhost`, and what trusts it.
fn certificate() -> (HttpsConfig, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
    let config = HttpsConfig {
        address: address("127.0.0.1:0"),
        certificate_pem: made.cert.pem().into_bytes(),
        key_pem: made.signing_key.serialize_pem().into_bytes(),
    };
    (config, made.cert.der().clone())
}

fn get_over_tls(to: SocketAddr, trusted: CertificateDer<'static>) -> std::io::Result<String> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(trusted).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let connection = rustls::ClientConnection::new(Arc::new(client), name).expect("a client");
    let mut stream = rustls::StreamOwned::new(connection, TcpStream::connect(to)?);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn https_answers_those_who_trust_its_certificate_and_nobody_else() {
    let (https, trusted) = certificate();
    let config = CentralConfig {
        https: Some(https),
        http: None,
        ..CentralConfig::in_memory()
    };
    let central = Central::start(config).await.expect("starts");
    central
        .books()
        .create_dealer("Example Dealer")
        .await
        .expect("made");
    let to = central.https_address().expect("an address");
    assert_eq!(central.http_address(), None);
    assert_eq!(central.public_url(), format!("https://{to}"));

    let page = tokio::task::spawn_blocking(move || get_over_tls(to, trusted))
        .await
        .expect("ran");
    assert!(page.expect("an answer").starts_with("HTTP/1.1 200"));
    let (_, stranger) = certificate();
    let refused = tokio::task::spawn_blocking(move || get_over_tls(to, stranger)).await;
    assert!(refused.expect("ran").is_err());
    central.shutdown().await.expect("stops");
    assert!(TcpStream::connect(to).is_err(), "nobody listens any more");
}

#[tokio::test]
async fn what_would_be_open_to_the_network_is_refused_before_anything_listens() {
    let start = |change: fn(&mut CentralConfig)| async move {
        let mut config = CentralConfig::in_memory();
        change(&mut config);
        Central::start(config).await.err()
    };
    let plain = start(|config| config.http = Some(address("0.0.0.0:0"))).await;
    assert!(
        matches!(plain, Some(StartError::PlainHttpBeyondLoopback(_))),
        "{plain:?}"
    );
    let open = start(|config| {
        config.http = Some(address("0.0.0.0:0"));
        config.accept_plain_http_beyond_loopback = true;
    });
    let open = open.await;
    assert!(
        matches!(open, Some(StartError::OpenPagesBeyondLoopback(_))),
        "{open:?}"
    );
    let none = start(|config| config.http = None).await;
    assert!(matches!(none, Some(StartError::NoListener)), "{none:?}");
    let url = start(|config| config.public_url = Some("central.example/x".to_owned())).await;
    assert!(matches!(url, Some(StartError::PublicUrl(_))), "{url:?}");
    let pem = start(|config| {
        let (mut https, _) = certificate();
        https.key_pem = b"no key".to_vec();
        config.https = Some(https);
        config.page_access = PageAccess::SignIn;
    });
    let pem = pem.await;
    assert!(matches!(pem, Some(StartError::Certificate(_))), "{pem:?}");
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let central = Central::start(CentralConfig::in_memory())
        .await
        .expect("starts");
    let taken = central.http_address();
    let config = CentralConfig {
        http: taken,
        ..CentralConfig::in_memory()
    };
    let error = Central::start(config).await.expect_err("taken");
    assert!(
        error
            .to_string()
            .contains(&taken.expect("an address").to_string()),
        "{error}"
    );
}
