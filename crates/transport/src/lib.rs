//! The agent's outbound client to Central: TLS, retries, enrolment, submission, settings.

mod backoff;
mod central;
mod client;
mod config;
mod error;

pub use backoff::Backoff;
pub use central::{Answered, Central, Delivered};
pub use client::CentralClient;
pub use config::{ClientConfig, Timeouts};
pub use error::{ConfigError, TlsProblem, TransportError, Waiting};
