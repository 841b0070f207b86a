//! Calls in the open: what a stock SOAP client sends over TLS in place of a seal.
//!
//! Nothing here is signed or sealed: TLS keeps it secret, a WS-Security UsernameToken says which
//! integration of which account asks, and that is all that is proved. Central takes such calls only
//! where the account allows them.

use crate::seal::MAX_MESSAGE;
use crate::wrapper::{ENVELOPE_LIMITS, Outside, check_version, checked, operation_of};
use crate::xml::typed::{
    payload_name, read_typed, read_typed_answer, write_typed, write_typed_answer,
};
use crate::xml::{Fields, WriteFields as _};
use crate::{
    Capabilities, ContractError, ContractFault, ContractVersion, GetScheduleRequest, HttpAnswer,
    Incoming, MessageError, NAMESPACE, Operation, Refusal, Response, UnregisterRequest,
};
use pagetally_model::{AgentId, DeviceAudit, PassReport, Text};
use pagetally_proof::Hash;
use pagetally_proof::canonical::{self, CanonicalError};
use pagetally_soap::{
    Element, Envelope, EnvelopeError, Limits, SoapVersion, UsernameToken, security_header,
};
use std::fmt;

/// The largest envelope with a typed message.
pub const MAX_TYPED_MESSAGE: usize = 8 << 20;

/// Nobody has proved who asks when these apply, so structure is dearer than in a seal: some hundred
/// devices with every source, or about 2,000 with their meters.
const CALL_LIMITS: Limits = Limits {
    events: 150_000,
    attributes: 64,
    attribute_value: 64 << 10,
    depth: 52,
    text: MAX_MESSAGE,
    ..ENVELOPE_LIMITS
};

/// What a content hash begins with, so that nothing else hashes to the same.
const CONTENT: &[u8] = b"pagetally/typed-report/1\0";

/// A request as it came: sealed, or in the open.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Call {
    /// Sealed by an agent.
    Sealed(Incoming),
    /// In the open, of a stock client.
    Typed(TypedCall),
}

impl Call {
    /// The version of SOAP to answer in.
    pub const fn soap_version(&self) -> SoapVersion {
        match self {
            Self::Sealed(incoming) => incoming.soap_version(),
            Self::Typed(call) => call.soap_version(),
        }
    }
}

/// Reads an envelope that may carry a seal or a typed message.
///
/// # Errors
///
/// [`Refusal`] with the fault to answer.
pub fn parse_call(bytes: &[u8], content_type: Option<&str>) -> Result<Call, Refusal> {
    let understood = [security_header()];
    let envelope =
        Envelope::parse(bytes, content_type, &CALL_LIMITS, &understood).map_err(|error| {
            Refusal {
                version: content_type.map_or(SoapVersion::V11, SoapVersion::from_content_type),
                error: error.into(),
            }
        })?;
    let version = envelope.version;
    let refused = |error| Refusal { version, error };
    let token = envelope
        .username_token()
        .map_err(|error| refused(error.into()))?;
    let operation = operation_of(&envelope.body, Operation::from_name).map_err(refused)?;
    if !is_typed(&envelope.body, operation) {
        let outside = Outside::from_envelope(&envelope).map_err(refused)?;
        return Incoming::new(outside).map(Call::Sealed).map_err(refused);
    }
    if bytes.len() > MAX_TYPED_MESSAGE {
        return Err(refused(ContractError::TooLarge {
            what: "the envelope",
            size: bytes.len() as u64,
            limit: MAX_TYPED_MESSAGE as u64,
        }));
    }
    let contract = check_version(Fields::new(&envelope.body)).map_err(refused)?;
    let agent = Outside::agent(&envelope.body, operation).map_err(refused)?;
    Ok(Call::Typed(TypedCall {
        version,
        operation,
        agent,
        contract,
        token,
        body: envelope.body,
    }))
}

/// Whether the typed branch of the choice was taken. A body with both branches counts as sealed,
/// where the other branch is an element that nobody knows.
fn is_typed(body: &Element, operation: Operation) -> bool {
    body.child(NAMESPACE, "sealed").is_none()
        && body.child(NAMESPACE, payload_name(operation)).is_some()
}

/// A typed request whose sender is not proved yet; its message is not read yet either.
#[derive(Clone, Debug)]
pub struct TypedCall {
    version: SoapVersion,
    operation: Operation,
    agent: AgentId,
    contract: ContractVersion,
    token: Option<UsernameToken>,
    body: Element,
}

impl TypedCall {
    /// The version of SOAP to answer in.
    pub const fn soap_version(&self) -> SoapVersion {
        self.version
    }

    /// The operation asked for.
    pub const fn operation(&self) -> Operation {
        self.operation
    }

    /// The agent that the client says it is.
    pub const fn agent(&self) -> AgentId {
        self.agent
    }

    /// The version of the contract that the request is written in.
    pub const fn contract(&self) -> ContractVersion {
        self.contract
    }

    /// What is to prove who asks.
    pub const fn token(&self) -> Option<&UsernameToken> {
        self.token.as_ref()
    }

    /// Refuses it with `error`.
    pub const fn refuse(&self, error: ContractError) -> Refusal {
        Refusal {
            version: self.version,
            error,
        }
    }

    /// Reads the message. To be called once the sender is proved.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with the fault to answer.
    pub fn read(&self) -> Result<TypedRequest, Refusal> {
        read_typed(Fields::new(&self.body), self.operation)
            .map_err(|error| self.refuse(error.within(self.operation).into()))
    }
}

/// A request in the open.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TypedRequest {
    /// [`Operation::RegisterForManagement`].
    Register(TypedRegistration),
    /// [`Operation::GetSchedule`].
    GetSchedule(GetScheduleRequest),
    /// [`Operation::SendReports`].
    SendReports(TypedReport),
    /// [`Operation::SendAlerts`].
    SendAlerts(TypedReport),
    /// [`Operation::UnregisterForManagement`].
    Unregister(UnregisterRequest),
}

impl TypedRequest {
    /// The operation that it asks for.
    pub const fn operation(&self) -> Operation {
        match self {
            Self::Register(_) => Operation::RegisterForManagement,
            Self::GetSchedule(_) => Operation::GetSchedule,
            Self::SendReports(_) => Operation::SendReports,
            Self::SendAlerts(_) => Operation::SendAlerts,
            Self::Unregister(_) => Operation::UnregisterForManagement,
        }
    }

    /// The envelope that carries it, for clients in Rust and for tests.
    ///
    /// # Errors
    ///
    /// [`ContractError`] naming what cannot be written or is too large.
    pub fn to_envelope(
        &self,
        version: SoapVersion,
        agent: AgentId,
        token: Option<&UsernameToken>,
    ) -> Result<Vec<u8>, ContractError> {
        let headers: Vec<Element> = token.map(UsernameToken::to_header).into_iter().collect();
        let mut writer = Envelope::begin_with(version, &headers);
        writer
            .start(NAMESPACE, self.operation().name())
            .value("contract", &ContractVersion::CURRENT)
            .leaf("agent", &agent.to_string());
        write_typed(&mut writer, self);
        checked(writer.finish()?)
    }
}

/// A stock client asks to be managed, under an id that it made itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedRegistration {
    /// What the client calls itself.
    pub name: Text,
    /// Its version.
    pub version: Text,
    /// The site that it reports for, by name or id; may be left out where the account has one.
    pub site: Option<Text>,
    /// What it can do.
    pub capabilities: Capabilities,
}

/// A client's own name for one message, by which Central knows it again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(Text);

/// Text that is no message id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message id has 1 to 128 characters")]
pub struct MessageIdError;

impl MessageId {
    /// Takes the text of an id.
    ///
    /// # Errors
    ///
    /// [`MessageIdError`] where it is empty or too long.
    pub fn new(text: &str) -> Result<Self, MessageIdError> {
        let clean = Text::clean(text.trim());
        if (1..=128).contains(&clean.as_str().chars().count()) {
            Ok(Self(clean))
        } else {
            Err(MessageIdError)
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The same audits and account of a pass as in a sealed report, without header, salts and
/// signature: Central numbers them itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedReport {
    /// The client's name for this message. The same one again is answered with the first receipt.
    pub message: MessageId,
    /// The audits.
    pub audits: Vec<DeviceAudit>,
    /// The account of the pass, if the client gives one.
    pub pass: Option<PassReport>,
}

impl TypedReport {
    /// A hash of everything in it but the message id: a repeat has the same one.
    ///
    /// # Errors
    ///
    /// [`CanonicalError`] where a document has no canonical form.
    pub fn content(&self) -> Result<Hash, CanonicalError> {
        let mut documents = Vec::with_capacity(self.audits.len() + 1);
        for audit in &self.audits {
            documents.push(canonical::to_bytes(audit)?);
        }
        let audits = (documents.len() as u64).to_be_bytes();
        if let Some(pass) = &self.pass {
            documents.push(canonical::to_bytes(pass)?);
        }
        let lengths: Vec<[u8; 8]> = documents
            .iter()
            .map(|document| (document.len() as u64).to_be_bytes())
            .collect();
        let mut parts: Vec<&[u8]> = vec![CONTENT, &audits];
        for (length, document) in lengths.iter().zip(&documents) {
            parts.push(length);
            parts.push(document);
        }
        Ok(Hash::of(&parts))
    }
}

/// The answer to a typed request, in the open. What is secret in settings is left out of it.
///
/// # Errors
///
/// [`ContractError`] naming what cannot be written.
pub fn typed_answer(
    version: SoapVersion,
    response: &Response,
) -> Result<HttpAnswer, ContractError> {
    let mut writer = Envelope::begin(version);
    write_typed_answer(&mut writer, response);
    Ok(HttpAnswer {
        status: 200,
        content_type: version.content_type(None),
        body: checked(writer.finish()?)?,
    })
}

/// Reads the answer to a typed request, for clients in Rust and for tests.
///
/// # Errors
///
/// [`ContractError::Fault`] if Central answered with a fault, else what does not hold.
pub fn open_typed_answer(bytes: &[u8], operation: Operation) -> Result<Response, ContractError> {
    let envelope = match Envelope::parse(bytes, None, &CALL_LIMITS, &[]) {
        Ok(envelope) => envelope,
        Err(EnvelopeError::Fault(fault)) => {
            return Err(ContractError::Fault(ContractFault::from_soap(&fault)));
        }
        Err(error) => return Err(error.into()),
    };
    let named = |name: &str| {
        Operation::ALL
            .into_iter()
            .find(|operation| operation.response_name() == name)
    };
    if operation_of(&envelope.body, named)? != operation {
        return Err(ContractError::UnexpectedAnswer(operation));
    }
    let fields = Fields::new(&envelope.body);
    check_version(fields)?;
    read_typed_answer(fields, operation)
        .map_err(|error: MessageError| error.within(operation.response_name()).into())
}
