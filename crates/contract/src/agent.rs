//! The agent's end: sealing what it asks and opening what Central answers.

use crate::seal::{Carried, Context, open_reply, seal_registration, seal_request};
use crate::wrapper::{Outside, open_reply_envelope};
use crate::xml::{InnerRequest, InnerResponse, read_inner};
use crate::{
    AgentPublicKeys, CentralPublicKey, ContractError, ContractVersion, EnrolmentCode,
    KeyAnnouncement, Operation, RegisterRequest, Request, Response, SealingKeyPair,
};
use pagetally_model::{AgentId, Timestamp};
use pagetally_proof::{Hash, SigningKey};
use pagetally_soap::SoapVersion;
use std::fmt;
use zeroize::Zeroizing;

/// Everything that an agent needs to talk to its Central. Holds private keys; `Debug` shows none.
#[derive(Clone, Debug)]
pub struct AgentSession {
    /// Who the agent is.
    pub agent: AgentId,
    /// What it signs with.
    pub signing: SigningKey,
    /// What answers are sealed to.
    pub sealing: SealingKeyPair,
    /// What requests are sealed to.
    pub central: CentralPublicKey,
    /// The version of SOAP that it speaks.
    pub soap: SoapVersion,
}

/// What must be kept from a request until its answer comes. Without it no answer can be opened,
/// and no old answer can be passed off as this one.
#[derive(Clone)]
pub struct PendingReply {
    pub(crate) operation: Operation,
    pub(crate) nonce: Zeroizing<[u8; 32]>,
    pub(crate) request: Hash,
}

impl PendingReply {
    /// The operation that was asked for.
    pub const fn operation(&self) -> Operation {
        self.operation
    }
}

impl fmt::Debug for PendingReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PendingReply({}, …)", self.operation)
    }
}

impl AgentSession {
    /// The agent's public keys.
    pub fn public_keys(&self) -> AgentPublicKeys {
        AgentPublicKeys {
            signing: self.signing.verifying_key(),
            sealing: self.sealing.public(),
        }
    }

    /// Signs, packs and seals a request: the bytes of a whole SOAP envelope, and what must be kept
    /// for the answer.
    ///
    /// `random` is 64 bytes from a cryptographic random source, never used twice: 32 for the nonce
    /// that the answer must prove to know, 32 for the seal's own key pair.
    ///
    /// # Errors
    ///
    /// [`ContractError`] naming what cannot be written or is too large;
    /// [`ContractError::WithoutCode`] for a [registration](Self::seal_registration).
    pub fn seal(
        &self,
        request: &Request,
        now: Timestamp,
        random: [u8; 64],
    ) -> Result<(Vec<u8>, PendingReply), ContractError> {
        let operation = request.operation();
        if operation == Operation::RegisterForManagement {
            return Err(ContractError::WithoutCode);
        }
        let (nonce, ephemeral) = halves(random);
        let xml = clear_bytes(self.agent, request, now, &nonce)?;
        let carried = request
            .report()
            .map_or(Carried::NOTHING, |report| report.carried());
        let sealed = seal_request(
            &self.context(operation),
            &self.central,
            &self.signing,
            carried,
            &xml,
            *ephemeral,
        )?;
        self.envelope(operation, nonce, sealed)
    }

    /// The same for a registration, which is sealed with the secret of an enrolment code and to the
    /// key in it.
    ///
    /// # Errors
    ///
    /// [`ContractError`] naming what cannot be written.
    pub fn seal_registration(
        &self,
        register: &RegisterRequest,
        code: &EnrolmentCode,
        now: Timestamp,
        random: [u8; 64],
    ) -> Result<(Vec<u8>, PendingReply), ContractError> {
        let operation = Operation::RegisterForManagement;
        let (nonce, ephemeral) = halves(random);
        let request = Request::Register(register.clone());
        let xml = Zeroizing::new(InnerRequest::to_xml(self.agent, &nonce, now, &request)?);
        let sealed = seal_registration(
            &self.context(operation),
            &self.central,
            &self.signing,
            &self.sealing,
            (code.code_id, &code.secret),
            &xml,
            *ephemeral,
        )?;
        self.envelope(operation, nonce, sealed)
    }

    fn envelope(
        &self,
        operation: Operation,
        nonce: Zeroizing<[u8; 32]>,
        sealed: Vec<u8>,
    ) -> Result<(Vec<u8>, PendingReply), ContractError> {
        let pending = PendingReply {
            operation,
            nonce,
            request: Hash::of(&[&sealed]),
        };
        let outside = Outside {
            version: self.soap,
            operation,
            agent: self.agent,
            contract: ContractVersion::CURRENT,
            central_key: self.central.id(),
            sealed,
        };
        Ok((outside.to_envelope()?, pending))
    }

    /// Opens Central's answer. A receipt in it is signed with Central's key.
    ///
    /// # Errors
    ///
    /// [`ContractError::Fault`] if Central answered with a fault, else what does not hold.
    pub fn open(&self, pending: &PendingReply, body: &[u8]) -> Result<Response, ContractError> {
        self.open_with_news(pending, body)
            .map(|(response, _)| response)
    }

    /// Opens Central's answer, and says which key Central announces in the place of the one that the
    /// request was sealed to.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_with_news(
        &self,
        pending: &PendingReply,
        body: &[u8],
    ) -> Result<(Response, Option<KeyAnnouncement>), ContractError> {
        let sealed = open_reply_envelope(body, pending.operation)?;
        let xml = open_reply(
            &self.context(pending.operation),
            &self.sealing,
            &pending.nonce,
            &pending.request,
            &sealed,
        )?;
        let root = read_inner(&xml)?;
        let inner = InnerResponse::from_element(&root)?;
        if inner.response.operation() != pending.operation {
            return Err(ContractError::UnexpectedAnswer(pending.operation));
        }
        if let Some(receipt) = inner.response.receipt() {
            receipt.verify(self.agent, &self.central)?;
        }
        Ok((inner.response, inner.announced))
    }

    const fn context(&self, operation: Operation) -> Context {
        Context {
            operation,
            agent: self.agent,
            contract: ContractVersion::CURRENT,
        }
    }
}

/// The clear bytes that [`AgentSession::seal`] packs and seals: what Central reads, and nobody between.
/// For people who want to see what leaves; a call draws its own `nonce` and tells its own time.
///
/// # Errors
///
/// [`ContractError`] naming what cannot be written.
pub fn clear_bytes(
    agent: AgentId,
    request: &Request,
    now: Timestamp,
    nonce: &[u8; 32],
) -> Result<Zeroizing<Vec<u8>>, ContractError> {
    Ok(Zeroizing::new(InnerRequest::to_xml(
        agent, nonce, now, request,
    )?))
}

fn halves(random: [u8; 64]) -> (Zeroizing<[u8; 32]>, Zeroizing<[u8; 32]>) {
    let random = Zeroizing::new(random);
    let (mut first, mut second) = (Zeroizing::new([0; 32]), Zeroizing::new([0; 32]));
    let halves = first.iter_mut().chain(second.iter_mut());
    for (byte, from) in halves.zip(random.iter()) {
        *byte = *from;
    }
    (first, second)
}
