//! Faults of the contract: a code that a program can act on, text for a person, and nothing of
//! Central's insides.

use crate::xml::Fields;
use crate::{ContractError, ContractVersion, NAMESPACE, StatusString};
use pagetally_soap::{Element, Fault, FaultCode, Node, SoapVersion};
use std::fmt;

/// Why Central could not even answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// No such operation, or no envelope of ours.
    BadRequest,
    /// Try again later.
    Busy,
    /// Something broke inside Central.
    Internal,
    /// It is sealed to a key that Central does not have (any more), or does not open.
    KeyNotUsable,
    /// Nobody proved who asks: unknown agent, bad signature, no code that lets anybody in.
    NotAuthenticated,
    /// Only sealed messages are taken: the account does not allow others.
    NotSealed,
    /// A typed message must come over TLS.
    TlsRequired,
    /// Over a limit.
    TooLarge,
    /// Another major version of the contract.
    VersionNotSupported,
    /// A code that this version does not know.
    Unknown,
}

impl FaultKind {
    pub(crate) const ALL: [Self; 10] = [
        Self::BadRequest,
        Self::Busy,
        Self::Internal,
        Self::KeyNotUsable,
        Self::NotAuthenticated,
        Self::NotSealed,
        Self::TlsRequired,
        Self::TooLarge,
        Self::VersionNotSupported,
        Self::Unknown,
    ];

    /// The code, as the fault's detail carries it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::BadRequest => "bad-request",
            Self::Busy => "busy",
            Self::Internal => "internal",
            Self::KeyNotUsable => "key-not-usable",
            Self::NotAuthenticated => "not-authenticated",
            Self::NotSealed => "not-sealed",
            Self::TlsRequired => "tls-required",
            Self::TooLarge => "too-large",
            Self::VersionNotSupported => "version-not-supported",
            Self::Unknown => "unknown",
        }
    }

    /// The statusString that says the same.
    pub const fn status(self) -> StatusString {
        match self {
            Self::BadRequest => StatusString::BAD_REQUEST,
            Self::Busy => StatusString::BUSY,
            Self::Internal | Self::Unknown => StatusString::INTERNAL_ERROR,
            Self::KeyNotUsable | Self::NotAuthenticated => StatusString::NOT_AUTHENTICATED,
            Self::NotSealed | Self::TlsRequired => StatusString::FORBIDDEN,
            Self::TooLarge => StatusString::TOO_LARGE,
            Self::VersionNotSupported => StatusString::VERSION_NOT_SUPPORTED,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::BadRequest => "The request is not one that this contract knows.",
            Self::Busy => "Central is busy. Keep everything and try again later.",
            Self::Internal | Self::Unknown => {
                "Something failed inside Central. Keep everything and try again later."
            }
            Self::KeyNotUsable => {
                "The request is sealed in a way that Central cannot open. Enrol the agent again."
            }
            Self::NotAuthenticated => {
                "Central does not know who asks. Enrol the agent with a new code; a client that sends \
                 typed messages needs an API key that is not revoked and a clock that is right."
            }
            Self::NotSealed => {
                "Central takes sealed requests only. Typed ones must be allowed for the account."
            }
            Self::TlsRequired => "Typed requests are taken over HTTPS only.",
            Self::TooLarge => "The request is too large. Send less at once.",
            Self::VersionNotSupported => "Central cannot read this version of the contract.",
        }
    }

    const fn soap_code(self) -> FaultCode {
        match self {
            Self::Busy | Self::Internal | Self::Unknown => FaultCode::Receiver,
            Self::BadRequest
            | Self::KeyNotUsable
            | Self::NotAuthenticated
            | Self::NotSealed
            | Self::TlsRequired
            | Self::TooLarge
            | Self::VersionNotSupported => FaultCode::Sender,
        }
    }
}

/// A fault with its code and its text. Nobody signs it: whoever gets one keeps its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractFault {
    /// What a program acts on.
    pub kind: FaultKind,
    /// SOAP's own code, for faults that the envelope alone caused.
    pub soap: FaultCode,
    /// For a person.
    pub text: String,
}

impl ContractFault {
    /// The fault of this kind.
    pub fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            soap: kind.soap_code(),
            text: match kind {
                FaultKind::VersionNotSupported => format!(
                    "Central speaks contract {} and cannot read this version.",
                    ContractVersion::CURRENT
                ),
                _ => kind.text().to_owned(),
            },
        }
    }

    /// The fault that tells a stranger as much of `error` as a stranger may know.
    pub fn from_error(error: &ContractError) -> Self {
        let kind = match error {
            ContractError::AgentUnknown(_)
            | ContractError::CodeSecret(_)
            | ContractError::CodeUnknown(_)
            | ContractError::Signature(_)
            | ContractError::Token(_) => FaultKind::NotAuthenticated,
            ContractError::Algorithm { .. }
            | ContractError::Format(_)
            | ContractError::KeyUnknown(_)
            | ContractError::Open => FaultKind::KeyNotUsable,
            ContractError::Clear => FaultKind::NotSealed,
            ContractError::WithoutTls => FaultKind::TlsRequired,
            ContractError::TooLarge { .. } => FaultKind::TooLarge,
            ContractError::Version { .. } => FaultKind::VersionNotSupported,
            ContractError::Envelope(error) => return Self::from_envelope(error),
            ContractError::Compression(_)
            | ContractError::Message(_)
            | ContractError::Mismatch { .. }
            | ContractError::Report(_)
            | ContractError::Security(_)
            | ContractError::UnknownOperation { .. } => FaultKind::BadRequest,
            ContractError::Fault(_)
            | ContractError::Receipt { .. }
            | ContractError::Seal
            | ContractError::UnexpectedAnswer(_)
            | ContractError::WithoutCode
            | ContractError::Write(_) => FaultKind::Internal,
        };
        Self::new(kind)
    }

    fn from_envelope(error: &pagetally_soap::EnvelopeError) -> Self {
        let kind = if error.is_too_large() {
            FaultKind::TooLarge
        } else {
            FaultKind::BadRequest
        };
        Self {
            soap: error.fault_code(),
            ..Self::new(kind)
        }
    }

    /// The envelope that carries it.
    pub fn to_envelope(&self, version: SoapVersion) -> Vec<u8> {
        let leaf = |name, text: &str| {
            Node::Element(Element::new(NAMESPACE, name).with(Node::Text(text.to_owned())))
        };
        let detail = Element::new(NAMESPACE, "fault")
            .with(leaf("statusString", self.kind.status().as_str()))
            .with(leaf("code", self.kind.code()));
        Fault {
            code: self.soap,
            reason: self.text.clone(),
            detail: vec![detail],
        }
        .to_envelope(version)
    }

    /// The HTTP status that goes with it.
    pub fn http_status(&self, version: SoapVersion) -> u16 {
        match self.kind {
            FaultKind::Busy => 503,
            FaultKind::TooLarge => 413,
            _ => self.soap.http_status(version),
        }
    }

    /// Reads a SOAP fault; one of a stranger (a proxy, another server) is of kind
    /// [`Unknown`](FaultKind::Unknown).
    pub fn from_soap(fault: &Fault) -> Self {
        let kind = fault
            .detail
            .iter()
            .find(|detail| detail.is(NAMESPACE, "fault"))
            .and_then(|detail| Fields::new(detail).child_text("code").ok())
            .and_then(|code| {
                FaultKind::ALL
                    .into_iter()
                    .find(|kind| kind.code() == code.as_str())
            })
            .unwrap_or(FaultKind::Unknown);
        let text = pagetally_model::Text::clean(&fault.reason);
        Self {
            kind,
            soap: fault.code,
            text: text.into(),
        }
    }
}

impl fmt::Display for ContractFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text, self.kind.code())
    }
}

impl From<FaultKind> for ContractFault {
    fn from(kind: FaultKind) -> Self {
        Self::new(kind)
    }
}
