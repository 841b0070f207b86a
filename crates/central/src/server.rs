//! Starting, listening, stopping.

use crate::books::Books;
use crate::clock;
use crate::config::{CentralConfig, HttpsConfig, PageAccess};
use crate::endpoint::Line;
use crate::error::StartError;
use crate::state::AppState;
use crate::web;
use axum::{Extension, Router};
use axum_server::tls_rustls::RustlsConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::task::JoinHandle;

/// How long requests under way may take once Central is told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// How long a caller may take to send a request's headers, and how long an idle connection stays.
const HEADERS: Duration = Duration::from_secs(20);

/// How often it is looked whether a key of Central's is to be destroyed. None is used after its time, however
/// long it is still there.
const KEYS_LOOKED_AT: Duration = Duration::from_secs(600);

/// Central, not yet running. See [`Central::start`].
#[derive(Clone, Copy, Debug)]
pub struct Central;

/// A running Central. Dropping it stops the listeners at once; [`shutdown`](Self::shutdown) lets
/// requests under way end first.
pub struct CentralHandle {
    books: Books,
    http: Option<SocketAddr>,
    https: Option<SocketAddr>,
    public_url: String,
    listeners: Vec<Listener>,
    keeper: JoinHandle<()>,
}

struct Listener {
    stop: axum_server::Handle<SocketAddr>,
    task: JoinHandle<std::io::Result<()>>,
}

impl fmt::Debug for CentralHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CentralHandle")
            .field("http", &self.http)
            .field("https", &self.https)
            .field("public_url", &self.public_url)
            .finish_non_exhaustive()
    }
}

impl Central {
    /// Opens the books, binds every listener and begins to answer. Must run inside a Tokio runtime,
    /// which the returned handle then depends on.
    ///
    /// # Errors
    ///
    /// [`StartError`] saying what stands in the way; nothing listens then.
    pub async fn start(config: CentralConfig) -> Result<CentralHandle, StartError> {
        check(&config)?;
        let http = config.http.map(bind).transpose()?;
        let https = config
            .https
            .as_ref()
            .map(|https| Ok::<_, StartError>((bind(https.address)?, tls(https)?)))
            .transpose()?;
        let address_of = |listener: &TcpListener| listener.local_addr().map_err(StartError::Serve);
        let http_address = http.as_ref().map(address_of).transpose()?;
        let https_address = https.as_ref().map(|(l, _)| address_of(l)).transpose()?;
        let public_url = match &config.public_url {
            Some(url) => checked_url(url)?,
            None => match (https_address, http_address) {
                (Some(address), _) => format!("https://{address}"),
                (None, Some(address)) => format!("http://{address}"),
                (None, None) => return Err(StartError::NoListener),
            },
        };
        let books = Books::open(&config.storage).await?;
        let state = AppState::new(books.clone(), &config, public_url.clone())?;
        let state = Arc::new(state);
        state.destroy_ended_keys(clock::now()).await?;
        let keeper = tokio::spawn(destroy_keys(Arc::downgrade(&state)));
        let router = web::router(state);
        let mut listeners = Vec::new();
        if let Some(listener) = http {
            listeners.push(serve_http(listener, router.clone())?);
        }
        if let Some((listener, tls)) = https {
            listeners.push(serve_https(listener, tls, router)?);
        }
        tracing::info!(url = public_url, "Central is listening");
        Ok(CentralHandle {
            books,
            http: http_address,
            https: https_address,
            public_url,
            listeners,
            keeper,
        })
    }
}

/// Destroys keys of Central's when their time is over. It ends with the server.
async fn destroy_keys(state: Weak<AppState>) {
    loop {
        tokio::time::sleep(KEYS_LOOKED_AT).await;
        let Some(state) = state.upgrade() else { return };
        if let Err(error) = state.destroy_ended_keys(clock::now()).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "keys whose time is over are not destroyed yet"
            );
        }
    }
}

impl CentralHandle {
    /// The books, for programs that read what Central holds.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// Where plain HTTP is answered.
    pub fn http_address(&self) -> Option<SocketAddr> {
        self.http
    }

    /// Where HTTPS is answered.
    pub fn https_address(&self) -> Option<SocketAddr> {
        self.https
    }

    /// The address for agents and people, without a path: the fleet's page is there.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// The address that agents call, for enrolment codes.
    pub fn soap_url(&self) -> String {
        crate::soap_url(&self.public_url)
    }

    /// Stops listening, lets requests under way end within ten seconds, closes the books.
    ///
    /// # Errors
    ///
    /// Where a listener had failed before.
    pub async fn shutdown(mut self) -> Result<(), StartError> {
        for listener in &self.listeners {
            listener.stop.graceful_shutdown(Some(GRACE));
        }
        let mut result = Ok(());
        for listener in std::mem::take(&mut self.listeners) {
            if let Ok(Err(error)) = listener.task.await {
                result = Err(StartError::Serve(error));
            }
        }
        self.keeper.abort();
        self.books.close().await;
        result
    }
}

impl Drop for CentralHandle {
    fn drop(&mut self) {
        for listener in &self.listeners {
            listener.stop.shutdown();
        }
        self.keeper.abort();
    }
}

fn check(config: &CentralConfig) -> Result<(), StartError> {
    if let Some(address) = config.http
        && !address.ip().is_loopback()
        && !config.accept_plain_http_beyond_loopback
    {
        return Err(StartError::PlainHttpBeyondLoopback(address));
    }
    if config.page_access == PageAccess::OpenOnLoopback {
        let addresses = config
            .http
            .into_iter()
            .chain(config.https.as_ref().map(|h| h.address));
        for address in addresses {
            if !address.ip().is_loopback() {
                return Err(StartError::OpenPagesBeyondLoopback(address));
            }
        }
    }
    Ok(())
}

fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    let bound = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    bound.map_err(|source| StartError::Bind { address, source })
}

/// An absolute http or https address without path, as agents and people are told.
fn checked_url(url: &str) -> Result<String, StartError> {
    let url = url.trim_end_matches('/');
    let host = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && host.bytes().all(is_host_byte) => Ok(url.to_owned()),
        Some(_) | None => Err(StartError::PublicUrl(url.chars().take(200).collect())),
    }
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte)
}

fn tls(config: &HttpsConfig) -> Result<RustlsConfig, StartError> {
    let failed = |error: &dyn fmt::Display| StartError::Certificate(error.to_string());
    let certificates = CertificateDer::pem_slice_iter(&config.certificate_pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| failed(&error))?;
    let key = PrivateKeyDer::from_pem_slice(&config.key_pem).map_err(|error| failed(&error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(|error| failed(&error))?;
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(RustlsConfig::from_config(Arc::new(server)))
}

fn serve_http(listener: TcpListener, router: Router) -> Result<Listener, StartError> {
    let stop = axum_server::Handle::new();
    let mut server = axum_server::from_tcp(listener)
        .map_err(StartError::Serve)?
        .handle(stop.clone())
        .http1_only();
    let mut http = server.http_builder().http1();
    http.header_read_timeout(HEADERS);
    let router = router.layer(Extension(Line::Plain));
    let task =
        tokio::spawn(server.serve(router.into_make_service_with_connect_info::<SocketAddr>()));
    Ok(Listener { stop, task })
}

fn serve_https(
    listener: TcpListener,
    tls: RustlsConfig,
    router: Router,
) -> Result<Listener, StartError> {
    let stop = axum_server::Handle::new();
    let mut server = axum_server::from_tcp_rustls(listener, tls)
        .map_err(StartError::Serve)?
        .handle(stop.clone())
        .http1_only();
    let mut http = server.http_builder().http1();
    http.header_read_timeout(HEADERS);
    let router = router.layer(Extension(Line::Tls));
    let task =
        tokio::spawn(server.serve(router.into_make_service_with_connect_info::<SocketAddr>()));
    Ok(Listener { stop, task })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_address_has_a_scheme_and_no_path() {
        assert_eq!(
            checked_url("https://central.example/").expect("an address"),
            "https://central.example"
        );
        for bad in [
            "central.example",
            "ftp://x",
            "https://",
            "https://x/soap",
            "http://a b",
        ] {
            assert!(checked_url(bad).is_err(), "{bad}");
        }
    }
}
