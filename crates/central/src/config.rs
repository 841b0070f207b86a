//! What a Central is told when it starts.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Where the books live.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Storage {
    /// Nowhere: everything, the server key too, is gone when Central stops.
    Memory,
    /// A folder of Central's own: `central.db` and `server.key`. Made where it is missing.
    Folder(PathBuf),
}

/// Who may see the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PageAccess {
    /// Whoever signs in with a dealer's login and password.
    SignIn,
    /// Anyone on this machine, for trials and demonstrations. Only loopback listeners are
    /// accepted, only requests that name a loopback host are answered, and the books must hold
    /// exactly one dealer.
    OpenOnLoopback,
}

/// An HTTPS listener.
#[derive(Clone)]
pub struct HttpsConfig {
    /// Where to listen; port 0 takes any free port.
    pub address: SocketAddr,
    /// The certificate chain in PEM, the server's own first.
    pub certificate_pem: Vec<u8>,
    /// The private key in PEM.
    pub key_pem: Vec<u8>,
}

impl fmt::Debug for HttpsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpsConfig")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// Ceilings on what one request may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one SOAP request. A full pass of 1,000 devices seals to about 2 MB.
    pub soap_body_bytes: usize,
    /// Bytes of one form.
    pub form_bytes: usize,
    /// How long one request may take, its slow sending included.
    pub request_time: Duration,
    /// SOAP requests that are opened and verified at the same time; others wait their turn.
    pub soap_at_once: usize,
    /// SOAP requests a second of one address (of one /64 for IPv6), ten times as many in one burst;
    /// 0 for any number. An agent makes a few an hour.
    pub soap_calls_a_second: u32,
    /// Bytes of SOAP requests that are held at once. One address may hold a quarter.
    pub soap_bytes_at_once: u64,
    /// Whether loopback addresses are not counted: behind a proxy on this machine every call comes
    /// from one.
    pub soap_spares_loopback: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            soap_body_bytes: 32 << 20,
            form_bytes: 1 << 20,
            request_time: Duration::from_secs(60),
            soap_at_once: 8,
            soap_calls_a_second: 20,
            soap_bytes_at_once: 256 << 20,
            soap_spares_loopback: true,
        }
    }
}

/// What a Central is told when it starts.
#[derive(Clone, Debug)]
pub struct CentralConfig {
    /// Where the books live.
    pub storage: Storage,
    /// Where to listen for plain HTTP; port 0 takes any free port.
    pub http: Option<SocketAddr>,
    /// Whether plain HTTP may listen beyond loopback: behind a proxy that ends TLS, say.
    pub accept_plain_http_beyond_loopback: bool,
    /// Where to listen for HTTPS.
    pub https: Option<HttpsConfig>,
    /// Who may see the pages.
    pub page_access: PageAccess,
    /// The address that agents and people use, such as `https://central.example`; by default the
    /// first listener's own.
    pub public_url: Option<String>,
    /// Ceilings on what one request may cost.
    pub limits: Limits,
}

impl CentralConfig {
    /// A Central in memory on any free loopback port, its pages open to this machine.
    pub fn in_memory() -> Self {
        Self {
            storage: Storage::Memory,
            http: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
            accept_plain_http_beyond_loopback: false,
            https: None,
            page_access: PageAccess::OpenOnLoopback,
            public_url: None,
            limits: Limits::default(),
        }
    }

    /// A Central in a folder, with sign-in and no listener yet.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self {
            storage: Storage::Folder(folder.into()),
            http: None,
            page_access: PageAccess::SignIn,
            ..Self::in_memory()
        }
    }
}
