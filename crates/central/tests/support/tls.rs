//! A running Central with a TLS listener of its own, and stock clients that call it.

use super::{World, random};
use pagetally_central::{CentralConfig, DealerBooks, HttpsConfig};
use pagetally_contract::{
    ContractError, MessageId, Operation, Response, SoapVersion, TypedRegistration, TypedReport,
    TypedRequest, UsernameToken, open_typed_answer,
};
use pagetally_model::{AgentId, DeviceAudit, Text, Timestamp};
use rustls::pki_types::{CertificateDer, ServerName};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use zeroize::Zeroizing;

pub struct TlsWorld {
    world: World,
    trusted: CertificateDer<'static>,
    folder: tempfile::TempDir,
}

/// A customer's account that allows typed messages, and one key of it.
#[derive(Clone)]
pub struct Account {
    pub id: String,
    pub user: String,
    pub secret: Zeroizing<String>,
}

impl Deref for TlsWorld {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl TlsWorld {
    pub async fn new() -> Self {
        Self::with(CentralConfig::in_memory()).await
    }

    pub async fn with(mut config: CentralConfig) -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        config.https = Some(HttpsConfig {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            certificate_pem: made.cert.pem().into_bytes(),
            key_pem: made.signing_key.serialize_pem().into_bytes(),
        });
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), made.cert.pem()).unwrap();
        Self {
            world: World::with(config).await,
            trusted: made.cert.der().clone(),
            folder,
        }
    }

    pub fn https(&self) -> SocketAddr {
        self.central.https_address().unwrap()
    }

    pub fn wsdl(&self) -> String {
        format!("{}/soap?wsdl", self.central.public_url())
    }

    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Allows typed messages for the world's one account and makes a key.
    pub async fn account_with_key(&self) -> Account {
        let account = the_account(&self.books).await;
        self.books
            .allow_typed_messages(&account, true)
            .await
            .unwrap();
        let key = self.books.create_api_key(&account, "tests", "test").await;
        let key = key.unwrap();
        Account {
            id: account,
            user: key.id,
            secret: key.secret,
        }
    }

    /// One POST over TLS: status and body.
    pub async fn post(&self, content_type: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
        let (to, trusted) = (self.https(), self.trusted.clone());
        let head = format!(
            "POST /soap HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n\
             Content-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let bytes = [head.as_bytes(), &body].concat();
        tokio::task::spawn_blocking(move || over_tls(to, trusted, &bytes))
            .await
            .unwrap()
    }

    /// Sends a typed request and reads the answer.
    pub async fn call(
        &self,
        version: SoapVersion,
        agent: AgentId,
        token: Option<&UsernameToken>,
        request: &TypedRequest,
    ) -> Result<Response, ContractError> {
        let body = request.to_envelope(version, agent, token).unwrap();
        let operation = request.operation();
        let (_, answer) = self.post(&operation.content_type(version), body).await;
        open_typed_answer(&answer, operation)
    }
}

impl Account {
    pub fn token(&self) -> UsernameToken {
        self.token_at(super::now())
    }

    pub fn token_at(&self, at: Timestamp) -> UsernameToken {
        let nonce: [u8; 16] = random();
        UsernameToken::with_digest(&self.user, &self.secret, &nonce, &at.to_string())
    }
}

pub async fn the_account(books: &DealerBooks) -> String {
    books.accounts().await.unwrap()[0].id.clone()
}

pub fn registration(site: Option<&str>) -> TypedRequest {
    TypedRequest::Register(TypedRegistration {
        name: Text::clean("a test's client"),
        version: Text::clean("1.0"),
        site: site.map(Text::clean),
        capabilities: pagetally_contract::Capabilities::default(),
    })
}

pub fn report(message: &str, audits: Vec<DeviceAudit>) -> TypedRequest {
    TypedRequest::SendReports(TypedReport {
        message: MessageId::new(message).unwrap(),
        audits,
        pass: None,
    })
}

/// The operation's name as a content type of SOAP 1.1.
pub fn content_type() -> String {
    Operation::SendReports.content_type(SoapVersion::V11)
}

fn over_tls(to: SocketAddr, trusted: CertificateDer<'static>, bytes: &[u8]) -> (u16, Vec<u8>) {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(trusted).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connection = rustls::ClientConnection::new(Arc::new(client), name).unwrap();
    let mut stream = rustls::StreamOwned::new(connection, TcpStream::connect(to).unwrap());
    // A server that refuses early may close before it has read everything.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap_or_else(|| panic!("no HTTP answer: {}", String::from_utf8_lossy(&answer)));
    let status = std::str::from_utf8(&answer[9..12])
        .unwrap()
        .parse()
        .unwrap();
    (status, answer[end + 4..].to_vec())
}
