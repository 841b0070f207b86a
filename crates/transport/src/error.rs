//! What can go wrong between an agent and its Central: one variant for each thing that somebody
//! else would have to mend.

use pagetally_contract::{ContractError, Operation, StatusString};
use std::io;
use std::time::Duration;

/// A client that cannot be made from what was configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The CA file holds no certificate.
    #[error("the CA file holds no certificate in PEM form")]
    CaEmpty,
    /// The CA file is damaged.
    #[error("certificate {index} of the CA file cannot be read: {reason}")]
    CaDamaged {
        /// Which one, from 1.
        index: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The client's certificate or its key cannot be used.
    #[error("the client certificate cannot be used: {reason}")]
    ClientCertificate {
        /// What is wrong with it.
        reason: String,
    },
    /// Plain HTTP, and the site's own file does not allow it.
    #[error("{url} is plain HTTP, which the site's own file does not allow")]
    PlainHttp {
        /// Central's address.
        url: String,
    },
    /// The proxy's address is none.
    #[error(
        "{url:?}, which {said_by} names, is not the address of an HTTP proxy (http://host:port); SOCKS is not spoken"
    )]
    Proxy {
        /// The address, without what may be a password.
        url: String,
        /// The site's file, or the variable of the environment.
        said_by: String,
    },
    /// Central's address is none.
    #[error("{url:?} is not an http or https address")]
    Url {
        /// The address.
        url: String,
    },
}

/// What the TLS handshake found wrong with Central's certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsProblem {
    /// It wants to see a certificate of the client's, and there is none, or it is not one that it takes.
    #[error("it demands a client certificate that it trusts ({0})")]
    ClientCertificate(String),
    /// Its time is over.
    #[error("its certificate has expired (or this machine's clock is wrong)")]
    Expired,
    /// Its time has not come.
    #[error("its certificate is not valid yet (or this machine's clock is wrong)")]
    NotYetValid,
    /// No common version or cipher, or no TLS at all on that port.
    #[error("it does not speak TLS 1.2 or newer: {0}")]
    Protocol(String),
    /// Nobody trusted vouches for it.
    #[error("its certificate is not from an issuer that this machine or the CA file trusts")]
    UnknownIssuer,
    /// It is for somebody else.
    #[error("its certificate is for another name")]
    WrongName,
    /// Something else about the certificate.
    #[error("its certificate is not acceptable: {0}")]
    Other(String),
}

/// What was waited for when the time ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Waiting {
    /// The answer of the name server.
    #[error("resolving its name")]
    Name,
    /// The connection, TLS included.
    #[error("connecting")]
    Connection,
    /// The sending of the request.
    #[error("sending the request")]
    Sending,
    /// The first byte of the answer, or its rest.
    #[error("waiting for its answer")]
    Answer,
}

/// Why a call to Central brought no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The answer is larger than the limit.
    #[error("{url}: the answer is larger than {limit} bytes")]
    AnswerTooLarge {
        /// Central's address.
        url: String,
        /// The limit.
        limit: u64,
    },
    /// The connection ended before the answer was whole. Central may have done what was asked.
    #[error("{url}: the connection ended before the answer was whole")]
    AnswerCut {
        /// Central's address.
        url: String,
        /// What ended it.
        #[source]
        source: io::Error,
    },
    /// Central is busy.
    #[error("{url}: Central is busy{}", retry_hint(.retry_after))]
    Busy {
        /// Central's address.
        url: String,
        /// When Central asked to be called again.
        retry_after: Option<Duration>,
    },
    /// The request or the answer makes no sense, or the answer is a fault.
    #[error("{url}: {operation} failed")]
    Contract {
        /// Central's address.
        url: String,
        /// What was asked.
        operation: Operation,
        /// What does not hold.
        #[source]
        source: ContractError,
    },
    /// Central answered, and the answer is no.
    #[error("{url}: Central declined {operation}: {status}")]
    Declined {
        /// Central's address.
        url: String,
        /// What was asked.
        operation: Operation,
        /// Central's word.
        status: StatusString,
        /// The number that Central expects next, where it says so.
        expected_number: Option<u64>,
    },
    /// The connection broke for a reason that has no variant of its own.
    #[error("{url}: the connection failed")]
    Io {
        /// Central's address.
        url: String,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// No such host.
    #[error("{url}: the name of the host is unknown")]
    NameUnknown {
        /// Central's address.
        url: String,
    },
    /// What answered is not Central: no SOAP.
    #[error(
        "{url}: what answered (status {status}) does not speak SOAP; is this Central's address?"
    )]
    NotSoap {
        /// Central's address.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The answer breaks HTTP.
    #[error("{url}: the answer is no HTTP: {reason}")]
    Protocol {
        /// Central's address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The proxy would not let us through.
    #[error("{url}: the proxy refused: {reason}")]
    Proxy {
        /// Central's address.
        url: String,
        /// What it said.
        reason: String,
    },
    /// The machine's random source failed.
    #[error("this machine's random source failed")]
    Random(#[source] getrandom::Error),
    /// A receipt for something else than what was sent.
    #[error("{url}: Central's receipt is not for what was sent: {what} differs")]
    Receipt {
        /// Central's address.
        url: String,
        /// What differs.
        what: &'static str,
    },
    /// A redirect. Central never redirects, and a sealed request follows nobody.
    #[error("{url}: it redirects elsewhere (status {status}), which is never followed")]
    Redirected {
        /// Central's address.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// Nobody listens there.
    #[error("{url}: the connection was refused; is Central running?")]
    Refused {
        /// Central's address.
        url: String,
    },
    /// Another HTTP status.
    #[error("{url}: HTTP status {status}")]
    Status {
        /// Central's address.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// It took too long.
    #[error("{url}: no answer in time while {waiting}")]
    TimedOut {
        /// Central's address.
        url: String,
        /// What was waited for.
        waiting: Waiting,
    },
    /// TLS failed: this is not the Central that we trust, or no TLS at all.
    #[error("{url}: {problem}")]
    Tls {
        /// Central's address.
        url: String,
        /// What is wrong.
        #[source]
        problem: TlsProblem,
    },
    /// The network or the host cannot be reached.
    #[error("{url}: there is no way to it from here")]
    Unreachable {
        /// Central's address.
        url: String,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
}

fn retry_hint(after: &Option<Duration>) -> String {
    after.map_or_else(String::new, |after| {
        format!("; it asks to be called again in {} s", after.as_secs())
    })
}

impl TransportError {
    /// Whether the same call may succeed later without anybody changing anything here. Either way
    /// nothing is lost: what was not acknowledged stays in the outbox.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::AnswerCut { .. }
            | Self::Busy { .. }
            | Self::Io { .. }
            | Self::NameUnknown { .. }
            | Self::Protocol { .. }
            | Self::Refused { .. }
            | Self::TimedOut { .. }
            | Self::Unreachable { .. } => true,
            Self::Status { status, .. } => *status >= 500 || matches!(status, 408 | 429),
            Self::Declined { status, .. } => status.is_temporary(),
            Self::Contract {
                source: ContractError::Fault(fault),
                ..
            } => fault.kind.status().is_temporary(),
            Self::AnswerTooLarge { .. }
            | Self::Contract { .. }
            | Self::NotSoap { .. }
            | Self::Proxy { .. }
            | Self::Random(_)
            | Self::Receipt { .. }
            | Self::Redirected { .. }
            | Self::Tls { .. } => false,
        }
    }

    /// When Central asked to be called again.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
