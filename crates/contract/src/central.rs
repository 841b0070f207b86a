//! Central's end: reading, opening and checking a request, and sealing the answer.

use crate::seal::{
    Carried, Context, MAX_MESSAGE, MAX_SMALL_MESSAGE, OpenedSeal, Registering, open_registration,
    open_request, seal_reply,
};
use crate::wrapper::{ENVELOPE_LIMITS, Outside, reply_envelope};
use crate::xml::{InnerRequest, InnerResponse, read_inner};
use crate::{
    AgentPublicKeys, CentralKeyId, CentralKeyPair, CodeId, ContractError, ContractFault,
    ContractVersion, EnrolmentSecret, KeyAnnouncement, MessageError, Operation, Report, Request,
    Response, SealingPublicKey,
};
use pagetally_model::{AgentId, Timestamp};
use pagetally_proof::Hash;
use pagetally_soap::{Envelope, SoapVersion};
use zeroize::Zeroizing;

/// A request that Central refuses, with the fault to answer.
#[derive(Debug, thiserror::Error)]
#[error("the request is refused")]
pub struct Refusal {
    /// The version of SOAP that the request came in, as far as it could be told.
    pub version: SoapVersion,
    /// Why, for Central's log alone.
    #[source]
    pub error: ContractError,
}

/// A fault as HTTP carries it, or any other answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: String,
    /// The body: a SOAP envelope.
    pub body: Vec<u8>,
}

impl Refusal {
    /// What to answer. It tells nothing of Central's insides.
    pub fn answer(&self) -> HttpAnswer {
        fault(self.version, &ContractFault::from_error(&self.error))
    }
}

/// The answer that carries a fault.
pub fn fault(version: SoapVersion, fault: &ContractFault) -> HttpAnswer {
    HttpAnswer {
        status: fault.http_status(version),
        content_type: version.content_type(None),
        body: fault.to_envelope(version),
    }
}

/// Reads the outside of a request: everything that is not sealed.
///
/// # Errors
///
/// [`Refusal`] with the fault to answer.
pub fn parse_request(bytes: &[u8], content_type: Option<&str>) -> Result<Incoming, Refusal> {
    let envelope =
        Envelope::parse(bytes, content_type, &ENVELOPE_LIMITS, &[]).map_err(|error| Refusal {
            version: content_type.map_or(SoapVersion::V11, SoapVersion::from_content_type),
            error: error.into(),
        })?;
    Outside::from_envelope(&envelope)
        .and_then(Incoming::new)
        .map_err(|error| Refusal {
            version: envelope.version,
            error,
        })
}

/// A request whose seal is unbroken. What its outside says is not proved yet.
#[derive(Clone, Debug)]
pub struct Incoming {
    outside: Outside,
    registering: Option<Registering>,
}

impl Incoming {
    pub(crate) fn new(outside: Outside) -> Result<Self, ContractError> {
        let registering = match outside.operation {
            Operation::RegisterForManagement => Some(Registering::of(&outside.sealed)?),
            Operation::GetSchedule
            | Operation::SendReports
            | Operation::SendAlerts
            | Operation::UnregisterForManagement => None,
        };
        Ok(Self {
            outside,
            registering,
        })
    }

    /// The enrolment code that a registration names; nothing for every other operation.
    pub fn code(&self) -> Option<CodeId> {
        self.registering.map(|outside| outside.code)
    }

    /// The version of SOAP to answer in.
    pub const fn soap_version(&self) -> SoapVersion {
        self.outside.version
    }

    /// The operation asked for.
    pub const fn operation(&self) -> Operation {
        self.outside.operation
    }

    /// Who claims to ask.
    pub const fn agent(&self) -> AgentId {
        self.outside.agent
    }

    /// The version of the contract that the request is written in.
    pub const fn contract(&self) -> ContractVersion {
        self.outside.contract
    }

    /// The key that it is sealed to.
    pub const fn central_key(&self) -> CentralKeyId {
        self.outside.central_key
    }

    /// Refuses it with `error`.
    pub const fn refuse(&self, error: ContractError) -> Refusal {
        Refusal {
            version: self.outside.version,
            error,
        }
    }

    /// Breaks the seal. What is inside is not proved yet, and nothing is unpacked yet.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with the fault to answer; a registration does not open [so](Self::open_registration).
    pub fn unseal(&self, key: &CentralKeyPair) -> Result<Unsealed, Refusal> {
        self.try_unseal(key).map_err(|error| self.refuse(error))
    }

    fn try_unseal(&self, key: &CentralKeyPair) -> Result<Unsealed, ContractError> {
        let context = self.context(key)?;
        if let Some(Registering { code, .. }) = self.registering {
            return Err(ContractError::CodeSecret(code));
        }
        Ok(self.unsealed(context, open_request(&context, key, &self.outside.sealed)?))
    }

    /// Breaks the seal of a registration with the secret of the [code](Self::code) that it names, and
    /// checks that it is signed with the keys that it brings.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if there is no secret, it is not the one that the registration is sealed with,
    /// the signature or the sealing key is another than the one that is to be registered, or this
    /// is no registration.
    pub fn open_registration(
        &self,
        key: &CentralKeyPair,
        secret: Option<&EnrolmentSecret>,
    ) -> Result<Opened, Refusal> {
        self.try_open_registration(key, secret)
            .map_err(|error| self.refuse(error))
    }

    fn try_open_registration(
        &self,
        key: &CentralKeyPair,
        secret: Option<&EnrolmentSecret>,
    ) -> Result<Opened, ContractError> {
        let context = self.context(key)?;
        let unknown = || ContractError::AgentUnknown(self.outside.agent);
        let Registering { code, from } = self.registering.ok_or_else(unknown)?;
        let secret = secret.ok_or(ContractError::CodeUnknown(code))?;
        let seal = open_registration(&context, key, secret, &self.outside.sealed)?;
        let inner = read_request(&context, &seal)?;
        let Request::Register(register) = &inner.request else {
            return Err(unknown());
        };
        let keys = register.keys;
        seal.verify(&keys.signing)?;
        if keys.sealing != from {
            return Err(ContractError::Mismatch {
                what: "the sealing key",
            });
        }
        Ok(self.unsealed(context, seal).opened(keys, inner))
    }

    fn context(&self, key: &CentralKeyPair) -> Result<Context, ContractError> {
        let outside = &self.outside;
        if key.public().id() != outside.central_key {
            return Err(ContractError::KeyUnknown(outside.central_key));
        }
        Ok(Context {
            operation: outside.operation,
            agent: outside.agent,
            contract: outside.contract,
        })
    }

    /// What an answer to it is bound to.
    pub(crate) fn sealed_hash(&self) -> Hash {
        Hash::of(&[&self.outside.sealed])
    }

    fn unsealed(&self, context: Context, seal: OpenedSeal) -> Unsealed {
        Unsealed {
            version: self.outside.version,
            context,
            seal,
            request: self.sealed_hash(),
        }
    }

    /// Breaks the seal and checks who asks, all in one, for callers whose lookups do not wait.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with the fault to answer.
    pub fn open(
        &self,
        key: &CentralKeyPair,
        agents: &dyn Fn(&AgentId) -> Option<AgentPublicKeys>,
        secrets: &dyn Fn(&CodeId) -> Option<EnrolmentSecret>,
    ) -> Result<Opened, Refusal> {
        if let Some(code) = self.code() {
            return self.open_registration(key, secrets(&code).as_ref());
        }
        let unsealed = self.unseal(key)?;
        let agent = unsealed.agent();
        unsealed.verify(agents(&agent).as_ref())
    }
}

/// Unpacks and reads what is inside, and holds it against the outside.
fn read_request(context: &Context, seal: &OpenedSeal) -> Result<InnerRequest, ContractError> {
    let limit = match context.operation {
        Operation::SendReports | Operation::SendAlerts => MAX_MESSAGE,
        Operation::RegisterForManagement
        | Operation::GetSchedule
        | Operation::UnregisterForManagement => MAX_SMALL_MESSAGE,
    };
    let inner = InnerRequest::from_element(&read_inner(&seal.unpack(limit)?)?)?;
    let carried = inner
        .request
        .report()
        .map_or(Carried::NOTHING, Report::carried);
    let sender = inner
        .request
        .report()
        .map_or(context.agent, |report| report.signed.header.agent);
    let pairs = [
        ("the agent", inner.agent == context.agent),
        ("the contract's version", inner.contract == context.contract),
        (
            "the operation",
            inner.request.operation() == context.operation,
        ),
        ("the submission", carried == seal.carried()),
        ("the submission's agent", sender == context.agent),
    ];
    match pairs.into_iter().find(|(_, same)| !same) {
        Some((what, _)) => Err(ContractError::Mismatch { what }),
        None => Ok(inner),
    }
}

/// A request whose seal is broken. Who asks is not proved yet: look up the agent's keys, then verify.
#[derive(Debug)]
pub struct Unsealed {
    version: SoapVersion,
    context: Context,
    seal: OpenedSeal,
    request: Hash,
}

impl Unsealed {
    /// Who claims to ask.
    pub const fn agent(&self) -> AgentId {
        self.context.agent
    }

    /// The number of the submission that it says it carries; 0 where it carries none. A request that
    /// carries a submission is signed with the key of that submission's number, and answered to the
    /// sealing key that goes with it; any other request with the agent's latest.
    pub fn number(&self) -> u64 {
        self.seal.carried().number
    }

    /// Checks the agent's signature with the keys that it registered, then unpacks and reads.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if the agent is unknown, the signature is not its own, or what is inside is not
    /// what the outside says.
    pub fn verify(self, keys: Option<&AgentPublicKeys>) -> Result<Opened, Refusal> {
        let version = self.version;
        self.try_verify(keys)
            .map_err(|error| Refusal { version, error })
    }

    fn try_verify(self, keys: Option<&AgentPublicKeys>) -> Result<Opened, ContractError> {
        let keys = *keys.ok_or(ContractError::AgentUnknown(self.context.agent))?;
        self.seal.verify(&keys.signing)?;
        let inner = read_request(&self.context, &self.seal)?;
        Ok(self.opened(keys, inner))
    }

    fn opened(&self, keys: AgentPublicKeys, inner: InnerRequest) -> Opened {
        Opened {
            agent: self.context.agent,
            keys,
            sent: inner.sent,
            reply: ReplySealer {
                version: self.version,
                context: self.context,
                nonce: Zeroizing::new(inner.nonce),
                request: self.request,
                to: keys.sealing,
                announced: None,
            },
            request: inner.request,
            unreadable: inner.unreadable,
        }
    }
}

/// A request of a proved agent, and the means to answer it.
#[derive(Debug)]
pub struct Opened {
    /// Who asks.
    pub agent: AgentId,
    /// The agent's public keys: those given to [`Unsealed::verify`], or those that it registers.
    pub keys: AgentPublicKeys,
    /// What it asks.
    pub request: Request,
    /// What is wrong with the documents of its submission, where they are none that can be read here: the
    /// header in the request is then all that was read, and the report does not verify.
    pub unreadable: Option<MessageError>,
    /// The agent's wall clock when it asked. It decides nothing.
    pub sent: Timestamp,
    /// Seals the answer.
    pub reply: ReplySealer,
}

/// Seals one answer to one request. Nothing else opens with what this request's agent kept.
#[derive(Clone)]
pub struct ReplySealer {
    version: SoapVersion,
    context: Context,
    nonce: Zeroizing<[u8; 32]>,
    request: Hash,
    to: SealingPublicKey,
    announced: Option<KeyAnnouncement>,
}

impl std::fmt::Debug for ReplySealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Context {
            operation, agent, ..
        } = self.context;
        write!(f, "ReplySealer({operation}, to {agent}, …)")
    }
}

impl ReplySealer {
    /// The version of SOAP that the request came in.
    pub const fn soap_version(&self) -> SoapVersion {
        self.version
    }

    /// Announces another key in the answer, where there is one.
    #[must_use]
    pub const fn announcing(mut self, announced: Option<KeyAnnouncement>) -> Self {
        self.announced = announced;
        self
    }

    /// Packs and seals the answer. `random` is 32 bytes from a cryptographic random source, never
    /// used twice.
    ///
    /// # Errors
    ///
    /// [`ContractError`] if the answer is to another operation, or cannot be written.
    pub fn seal(&self, response: &Response, random: [u8; 32]) -> Result<HttpAnswer, ContractError> {
        let operation = self.context.operation;
        if response.operation() != operation {
            return Err(ContractError::UnexpectedAnswer(operation));
        }
        let xml = Zeroizing::new(InnerResponse::to_xml(response, self.announced.as_ref())?);
        let sealed = seal_reply(
            &self.context,
            self.to,
            &self.nonce,
            &self.request,
            &xml,
            random,
        )?;
        Ok(HttpAnswer {
            status: 200,
            content_type: self.version.content_type(None),
            body: reply_envelope(self.version, operation, &sealed)?,
        })
    }
}
