//! One HTTP call to Central, and a name for each way in which it can fail.

use crate::platform::is_name_lookup;
use crate::{
    ClientCertificate, ClientConfig, ConfigError, Timeouts, TlsProblem, TransportError, Waiting,
};
use crate::{platform, proxy};
use pagetally_contract::{Operation, SoapVersion};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{AlertDescription, CertificateError};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use ureq::http::{Response, StatusCode, Uri, header};
use ureq::tls::{Certificate, ClientCert, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Proxy, Timeout};

/// Central may ask for patience, not for silence.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(86_400);

/// An idle connection is used again within a pass, never between passes.
const IDLE: Duration = Duration::from_secs(5);

/// A connection to one Central; clones share it. It follows no redirect and sends nothing but what it is given.
#[derive(Clone, Debug)]
pub struct CentralClient {
    config: ClientConfig,
    agent: Agent,
    /// Who named the proxy, where there is one.
    proxy_said_by: Option<String>,
    /// The settings in which a script is named that might choose a proxy.
    script_set_in: Option<&'static str>,
}

impl CentralClient {
    /// Makes a client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] naming what cannot be used.
    pub fn new(config: ClientConfig) -> Result<Self, ConfigError> {
        let uri = check_url(&config)?;
        let secure = uri.scheme_str() == Some("https");
        let roots = match &config.ca_pem {
            Some(pem) => RootCerts::new_with_certs(&certificates(pem)?),
            None => RootCerts::PlatformVerifier,
        };
        let asked = config.system_proxy;
        let environment = |name: &str| asked.then(|| std::env::var(name).ok()).flatten();
        let system = asked.then(platform::system_proxies).flatten();
        let said = proxy::Said {
            proxy: config.proxy.as_deref(),
            no_proxy: config.no_proxy.as_deref(),
            variable: &environment,
            system: system.as_ref(),
        };
        let chosen = proxy::choose(said, secure, uri.host().unwrap_or_default())?;
        let proxy = match &chosen {
            Some(chosen) => Some(Proxy::new(&chosen.url).map_err(|_| ConfigError::Proxy {
                url: without_credentials(&chosen.url),
                said_by: chosen.said_by.clone(),
            })?),
            None => None,
        };
        let shown = config.client_certificate.as_ref();
        let shown = shown.map(client_certificate).transpose()?;
        let timeouts = config.timeouts;
        let agent = Agent::config_builder()
            .https_only(secure)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_age(IDLE)
            .proxy(proxy)
            .tls_config(
                TlsConfig::builder()
                    .root_certs(roots)
                    .client_cert(shown)
                    .build(),
            )
            .timeout_resolve(Some(timeouts.resolve))
            .timeout_connect(Some(timeouts.connect))
            .timeout_recv_response(Some(timeouts.answer))
            .timeout_global(Some(timeouts.total))
            .user_agent("pagetally-onsite")
            .accept("application/soap+xml, text/xml")
            .build()
            .new_agent();
        Ok(Self {
            config,
            agent,
            proxy_said_by: chosen.map(|chosen| chosen.said_by),
            script_set_in: system.filter(|set| set.script).map(|set| set.set_in),
        })
    }

    pub(crate) fn proxy_said_by(&self) -> Option<&str> {
        self.proxy_said_by.as_deref()
    }

    /// The settings of the operating system in which a script is named that might choose a proxy (PAC,
    /// WPAD); no script is run here.
    pub const fn script_set_in(&self) -> Option<&'static str> {
        self.script_set_in
    }

    pub(crate) fn agent(&self) -> &Agent {
        &self.agent
    }

    pub(crate) fn timeouts(&self) -> Timeouts {
        self.config.timeouts
    }

    /// Central's address.
    pub fn url(&self) -> &str {
        &self.config.url
    }

    /// Sends an envelope and reads the answer's, a fault's included.
    ///
    /// # Errors
    ///
    /// [`TransportError`] naming what failed.
    pub fn call(
        &self,
        operation: Operation,
        version: SoapVersion,
        envelope: &[u8],
    ) -> Result<Vec<u8>, TransportError> {
        let mut request = self
            .agent
            .post(&self.config.url)
            .header(header::CONTENT_TYPE, operation.content_type(version));
        if version == SoapVersion::V11 {
            request = request.header("SOAPAction", format!("\"{}\"", operation.action()));
        }
        tracing::debug!(url = self.url(), %operation, bytes = envelope.len(), "calling Central");
        let response = request.send(envelope).map_err(|error| self.failed(error))?;
        self.answer(response)
    }

    pub(crate) fn answer(&self, mut response: Response<Body>) -> Result<Vec<u8>, TransportError> {
        let url = || self.config.url.clone();
        let status = response.status();
        if status.is_redirection() {
            return Err(self.redirected(status));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            return Err(TransportError::Busy {
                url: url(),
                retry_after: retry_after(&response),
            });
        }
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(TransportError::Proxy {
                url: url(),
                reason: "it wants a user and a password".to_owned(),
            });
        }
        if !is_soap(&response) {
            let status = status.as_u16();
            return Err(if (200..300).contains(&status) {
                TransportError::NotSoap { url: url(), status }
            } else {
                TransportError::Status { url: url(), status }
            });
        }
        response
            .body_mut()
            .with_config()
            .limit(self.config.max_answer_bytes)
            .read_to_vec()
            .map_err(|error| match error {
                ureq::Error::BodyExceedsLimit(limit) => {
                    TransportError::AnswerTooLarge { url: url(), limit }
                }
                error => self.failed(error),
            })
    }

    fn redirected(&self, status: StatusCode) -> TransportError {
        TransportError::Redirected {
            url: self.config.url.clone(),
            status: status.as_u16(),
        }
    }

    pub(crate) fn failed(&self, error: ureq::Error) -> TransportError {
        let url = self.config.url.clone();
        match error {
            ureq::Error::ConnectProxyFailed(reason) => TransportError::Proxy { url, reason },
            ureq::Error::HostNotFound => TransportError::NameUnknown { url },
            ureq::Error::Io(error) => io_failed(url, error),
            ureq::Error::LargeResponseHeader(..) => TransportError::Protocol {
                url,
                reason: "its header is too large".to_owned(),
            },
            ureq::Error::Http(error) => TransportError::Protocol {
                url,
                reason: error.to_string(),
            },
            ureq::Error::Protocol(error) => TransportError::Protocol {
                url,
                reason: error.to_string(),
            },
            ureq::Error::RedirectFailed | ureq::Error::TooManyRedirects => {
                self.redirected(StatusCode::TEMPORARY_REDIRECT)
            }
            ureq::Error::Rustls(error) => tls_failed(url, &error),
            ureq::Error::Timeout(timeout) => TransportError::TimedOut {
                url,
                waiting: waiting(timeout),
            },
            ureq::Error::Tls(reason) => TransportError::Tls {
                url,
                problem: TlsProblem::Other(reason.to_owned()),
            },
            other => TransportError::Io {
                url,
                source: io::Error::other(other),
            },
        }
    }
}

/// Reads the address, and refuses what cannot be one or must not be used.
fn check_url(config: &ClientConfig) -> Result<Uri, ConfigError> {
    let refused = || ConfigError::Url {
        url: without_credentials(&config.url),
    };
    let uri: Uri = config.url.parse().map_err(|_| refused())?;
    let authority = uri.authority().ok_or_else(refused)?;
    if authority.host().is_empty() || authority.as_str().contains('@') {
        return Err(refused());
    }
    match uri.scheme_str() {
        Some("https") => Ok(uri),
        Some("http") if config.allow_plain_http => Ok(uri),
        Some("http") => Err(ConfigError::PlainHttp {
            url: config.url.clone(),
        }),
        Some(_) | None => Err(refused()),
    }
}

/// What may be shown of an address with a password in it.
pub(crate) fn without_credentials(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        (None, Some((_, host))) => format!("…@{host}"),
        (_, None) => url.to_owned(),
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate<'static>>, ConfigError> {
    let mut found = Vec::new();
    for item in parse_pem(pem) {
        let damaged = |reason: String| ConfigError::CaDamaged {
            index: found.len() + 1,
            reason,
        };
        if let PemItem::Certificate(certificate) =
            item.map_err(|error| damaged(error.to_string()))?
        {
            // What is no certificate inside would otherwise fail at the first call, unnamed.
            let der = rustls::pki_types::CertificateDer::from(certificate.der());
            rustls::RootCertStore::empty()
                .add(der)
                .map_err(|error| damaged(error.to_string()))?;
            found.push(certificate);
        }
    }
    if found.is_empty() {
        return Err(ConfigError::CaEmpty);
    }
    Ok(found)
}

/// The client's certificate as the client takes it. It is tried here: what does not fit together would
/// otherwise fail at the first call.
fn client_certificate(shown: &ClientCertificate) -> Result<ClientCert, ConfigError> {
    let refused = |reason: String| ConfigError::ClientCertificate { reason };
    let chain = certificates(&shown.chain_pem).map_err(|error| match error {
        ConfigError::CaEmpty => refused("its file holds no certificate in PEM form".to_owned()),
        ConfigError::CaDamaged { index, reason } => refused(format!(
            "certificate {index} of its file cannot be read: {reason}"
        )),
        other => other,
    })?;
    let keys = parse_pem(&shown.key_pem).filter_map(|item| match item {
        Ok(PemItem::PrivateKey(key)) => Some(key),
        _ => None,
    });
    let key = keys.last();
    let key = key.ok_or_else(|| refused("its key file holds no key in PEM form".to_owned()))?;
    let der = chain
        .iter()
        .map(|one| CertificateDer::from(one.der().to_vec()));
    let key_der = PrivateKeyDer::try_from(key.der().to_vec())
        .map_err(|reason| refused(format!("its key: {reason}")))?;
    rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(error.to_string()))?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_client_auth_cert(der.collect(), key_der)
        .map_err(|error| refused(error.to_string()))?;
    Ok(ClientCert::new_with_certs(&chain, key))
}

fn is_soap(response: &Response<Body>) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(str::trim)
        .is_some_and(|media_type| {
            ["application/soap+xml", "text/xml"]
                .iter()
                .any(|soap| media_type.eq_ignore_ascii_case(soap))
        })
}

/// `Retry-After` in seconds (RFC 9110 section 10.2.3). A date is passed over: it would be read by
/// the very clock that may be wrong.
fn retry_after(response: &Response<Body>) -> Option<Duration> {
    let value = response.headers().get(header::RETRY_AFTER)?;
    let seconds = value.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER))
}

const fn waiting(timeout: Timeout) -> Waiting {
    match timeout {
        Timeout::Resolve => Waiting::Name,
        Timeout::Connect => Waiting::Connection,
        Timeout::SendRequest | Timeout::SendBody | Timeout::PerWrite => Waiting::Sending,
        _ => Waiting::Answer,
    }
}

pub(crate) fn io_failed(url: String, error: io::Error) -> TransportError {
    use io::ErrorKind;
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    if let Some(tls) = tls {
        return tls_failed(url, tls);
    }
    if is_name_lookup(&error) {
        return TransportError::NameUnknown { url };
    }
    match error.kind() {
        ErrorKind::ConnectionRefused => TransportError::Refused { url },
        ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::NetworkDown
        | ErrorKind::AddrNotAvailable => TransportError::Unreachable { url, source: error },
        ErrorKind::TimedOut => TransportError::TimedOut {
            url,
            waiting: Waiting::Connection,
        },
        ErrorKind::UnexpectedEof
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe => TransportError::AnswerCut { url, source: error },
        _ => TransportError::Io { url, source: error },
    }
}

fn tls_failed(url: String, error: &rustls::Error) -> TransportError {
    let problem = match error {
        rustls::Error::InvalidCertificate(problem) => match problem {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                TlsProblem::Expired
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                TlsProblem::NotYetValid
            }
            // A bad signature is an issuer of a trusted name with another key.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                TlsProblem::UnknownIssuer
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                TlsProblem::WrongName
            }
            other => TlsProblem::Other(other.to_string()),
        },
        rustls::Error::AlertReceived(
            alert @ (AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied),
        ) => TlsProblem::ClientCertificate(format!("it sent the alert {alert:?}")),
        rustls::Error::AlertReceived(alert) => {
            TlsProblem::Protocol(format!("it sent the alert {alert:?}"))
        }
        rustls::Error::InvalidMessage(_) => {
            TlsProblem::Protocol("what it sent is no TLS".to_owned())
        }
        rustls::Error::PeerIncompatible(reason) => TlsProblem::Protocol(format!("{reason:?}")),
        other => TlsProblem::Other(other.to_string()),
    };
    TransportError::Tls { url, problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(url: &str) -> Result<CentralClient, ConfigError> {
        CentralClient::new(ClientConfig::new(url))
    }

    #[test]
    fn plain_http_needs_the_sites_own_word_even_on_loopback() {
        for url in ["http://central.example/soap", "http://127.0.0.1:8080/"] {
            assert!(matches!(client(url), Err(ConfigError::PlainHttp { .. })));
            let allowed = ClientConfig {
                allow_plain_http: true,
                ..ClientConfig::new(url)
            };
            assert!(CentralClient::new(allowed).is_ok());
        }
    }

    #[test]
    fn what_is_no_address_of_central_is_refused() {
        for url in [
            "",
            "central.example",
            "ftp://central.example/",
            "https://",
            "/soap",
        ] {
            assert!(matches!(client(url), Err(ConfigError::Url { .. })), "{url}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_not_shown() {
        let error = client("https://me:sentinel@central.example/").unwrap_err();
        assert!(!error.to_string().contains("sentinel"));
        let proxy = ClientConfig {
            proxy: Some("gopher://me:sentinel@proxy.example".to_owned()),
            ..ClientConfig::new("https://central.example/")
        };
        let error = CentralClient::new(proxy).unwrap_err();
        assert!(matches!(error, ConfigError::Proxy { .. }));
        assert!(!error.to_string().contains("sentinel"));
    }

    #[test]
    fn a_ca_file_without_a_certificate_is_named() {
        let with = |pem: &str| {
            CentralClient::new(ClientConfig {
                ca_pem: Some(pem.as_bytes().to_vec()),
                ..ClientConfig::new("https://central.example/")
            })
        };
        assert!(matches!(with(""), Err(ConfigError::CaEmpty)));
        let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(
            with(damaged),
            Err(ConfigError::CaDamaged { index: 1, .. })
        ));
    }
}
