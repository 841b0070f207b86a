//! The agent's outbound client to Central: TLS, retries, enrolment, submission, settings.
//!
//! [`CentralClient`] makes one HTTP call and names each way in which it can fail
//! ([`TransportError`]); [`Central`] seals what an agent asks, calls, and opens what comes back.
//! [`Backoff`] says when to try again. Everything is synchronous: there is no runtime.
//!
//! Plain HTTP is refused unless the site's own file allows it, redirects are never followed, and
//! every answer has a limit and a time. TLS is rustls, 1.2 or newer, with the platform's trust or
//! the certificates of the site's own file; there is no switch to skip verification.
//!
//! ```
//! use pagetally_transport::{CentralClient, ClientConfig, ConfigError};
//!
//! let client = CentralClient::new(ClientConfig::new("https://central.example/soap"))?;
//! assert_eq!(client.url(), "https://central.example/soap");
//!
//! let refused = CentralClient::new(ClientConfig::new("http://central.example/soap"));
//! assert!(matches!(refused, Err(ConfigError::PlainHttp { .. })));
//! # Ok::<(), ConfigError>(())
//! ```

mod backoff;
mod central;
mod client;
mod clock;
mod config;
mod error;
mod line;
mod platform;
mod proxy;

pub use backoff::Backoff;
pub use central::{Answered, Central, Delivered};
pub use client::CentralClient;
pub use config::{ClientCertificate, ClientConfig, Timeouts};
pub use error::{ConfigError, TlsProblem, TransportError, Waiting};
pub use line::Hop;
pub use proxy::NO_PROXY_AT_ALL;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
