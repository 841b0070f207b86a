//! How to reach Central.

use std::time::Duration;

/// How to reach Central. Nothing here comes from Central itself.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Central's address, `https://...`.
    pub url: String,
    /// Certificates in PEM form to trust instead of the platform's own.
    pub ca_pem: Option<Vec<u8>>,
    /// Whether plain HTTP may be spoken. Only the site's own file may say so, never a setting of
    /// Central. Messages are sealed all the same.
    pub allow_plain_http: bool,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// What the client shows of itself where Central, or a gate before it, demands a certificate.
    pub client_certificate: Option<ClientCertificate>,
    /// A proxy, `http://user:password@host:port`; [`NO_PROXY_AT_ALL`](crate::NO_PROXY_AT_ALL) for a direct
    /// connection, whatever the environment and the operating system say.
    pub proxy: Option<String>,
    /// Hosts that are reached directly: names with what is below them, addresses, networks, by commas.
    pub no_proxy: Option<String>,
    /// Whether the environment's proxy (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`), else that of
    /// the operating system's settings, is taken where nothing is said here.
    pub system_proxy: bool,
    /// The largest answer that is read, in bytes.
    pub max_answer_bytes: u64,
}

/// A certificate that the client shows, with its key. `Debug` shows no key.
#[derive(Clone)]
pub struct ClientCertificate {
    /// The certificate in PEM form, those that vouch for it behind it.
    pub chain_pem: Vec<u8>,
    /// Its private key in PEM form.
    pub key_pem: Vec<u8>,
}

impl std::fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientCertificate(…)")
    }
}

/// How long to wait for each step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For the name server.
    pub resolve: Duration,
    /// For the connection and the TLS handshake.
    pub connect: Duration,
    /// From the last byte sent to the first byte of the answer.
    pub answer: Duration,
    /// For the whole call: a slow line may take long, but not for ever.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            resolve: Duration::from_secs(10),
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(60),
            total: Duration::from_secs(600),
        }
    }
}

impl ClientConfig {
    /// The defaults for this address: platform trust, no plain HTTP, no proxy.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ca_pem: None,
            allow_plain_http: false,
            timeouts: Timeouts::default(),
            client_certificate: None,
            proxy: None,
            no_proxy: None,
            system_proxy: false,
            max_answer_bytes: 8 << 20,
        }
    }
}
