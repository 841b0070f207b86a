//! Central's end: reading, opening and checking a request, and sealing the answer.

use crate::{
    AgentPublicKeys, CentralKeyId, CentralKeyPair, CodeId, ContractError, ContractFault,
    ContractVersion, EnrolmentSecret, Operation, Request, Response,
};
use pagetally_model::{AgentId, Timestamp};
use pagetally_proof::Hash;
use pagetally_soap::SoapVersion;
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
    let _ = (bytes, content_type);
    todo!()
}

/// A request whose seal is unbroken. What its outside says is not proved yet.
#[derive(Clone, Debug)]
pub struct Incoming {
    pub(crate) version: SoapVersion,
    pub(crate) operation: Operation,
    pub(crate) agent: AgentId,
    pub(crate) contract: ContractVersion,
    pub(crate) central_key: CentralKeyId,
    pub(crate) sealed: Vec<u8>,
}

impl Incoming {
    /// The version of SOAP to answer in.
    pub const fn soap_version(&self) -> SoapVersion {
        self.version
    }

    /// The operation asked for.
    pub const fn operation(&self) -> Operation {
        self.operation
    }

    /// Who claims to ask.
    pub const fn agent(&self) -> AgentId {
        self.agent
    }

    /// The key that it is sealed to.
    pub const fn central_key(&self) -> CentralKeyId {
        self.central_key
    }

    /// Refuses it with `error`.
    pub const fn refuse(&self, error: ContractError) -> Refusal {
        Refusal {
            version: self.version,
            error,
        }
    }

    /// Breaks the seal. What is inside is not proved yet.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with the fault to answer.
    pub fn unseal(&self, key: &CentralKeyPair) -> Result<Unsealed, Refusal> {
        let _ = key;
        todo!()
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
        let unsealed = self.unseal(key)?;
        match unsealed.code() {
            Some(code) => unsealed.verify_registration(secrets(&code).as_ref()),
            None => {
                let agent = unsealed.agent();
                unsealed.verify(agents(&agent).as_ref())
            }
        }
    }
}

/// A request whose seal is broken. Who asks is not proved yet: look up the agent's keys, or for a
/// registration the code's secret, then verify.
#[derive(Debug)]
pub struct Unsealed {
    pub(crate) request: Request,
    pub(crate) sent: Timestamp,
    pub(crate) reply: ReplySealer,
}

impl Unsealed {
    /// Who claims to ask.
    pub const fn agent(&self) -> AgentId {
        self.reply.agent
    }

    /// The enrolment code that a registration names; nothing for every other operation.
    pub const fn code(&self) -> Option<CodeId> {
        match &self.request {
            Request::Register(request) => Some(request.code),
            _ => None,
        }
    }

    /// Checks the agent's signature with the keys that it registered.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if the agent is unknown, the signature is not its own, or this is a registration.
    pub fn verify(self, keys: Option<&AgentPublicKeys>) -> Result<Opened, Refusal> {
        let _ = keys;
        todo!()
    }

    /// Checks a registration: its signature with the keys that it brings, its proof with the code's
    /// secret.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if the code is unknown, the proof does not hold, or this is no registration.
    pub fn verify_registration(self, secret: Option<&EnrolmentSecret>) -> Result<Opened, Refusal> {
        let _ = secret;
        todo!()
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
    /// The agent's wall clock when it asked. It decides nothing.
    pub sent: Timestamp,
    /// Seals the answer.
    pub reply: ReplySealer,
}

/// Seals one answer to one request. Nothing else opens with what this request's agent kept.
#[derive(Clone)]
pub struct ReplySealer {
    pub(crate) version: SoapVersion,
    pub(crate) operation: Operation,
    pub(crate) agent: AgentId,
    pub(crate) nonce: Zeroizing<[u8; 32]>,
    pub(crate) request: Hash,
    pub(crate) to: Option<AgentPublicKeys>,
}

impl std::fmt::Debug for ReplySealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReplySealer({}, to {}, …)", self.operation, self.agent)
    }
}

impl ReplySealer {
    /// The version of SOAP that the request came in.
    pub const fn soap_version(&self) -> SoapVersion {
        self.version
    }

    /// Packs and seals the answer. `random` is 32 bytes from a cryptographic random source, never
    /// used twice.
    ///
    /// # Errors
    ///
    /// [`ContractError`] if the answer is to another operation, or cannot be written.
    pub fn seal(&self, response: &Response, random: [u8; 32]) -> Result<HttpAnswer, ContractError> {
        let _ = (response, random);
        todo!()
    }
}
