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
    /// A proxy, `http://user:password@host:port`; nothing means a direct connection.
    pub proxy: Option<String>,
    /// The largest answer that is read, in bytes.
    pub max_answer_bytes: u64,
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
            proxy: None,
            max_answer_bytes: 8 << 20,
        }
    }
}
