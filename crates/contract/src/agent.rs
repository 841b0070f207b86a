//! The agent's end: sealing what it asks and opening what Central answers.

use crate::{
    AgentPublicKeys, CentralPublicKey, ContractError, Operation, Request, Response, SealingKeyPair,
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
    /// [`ContractError`] naming what cannot be written or is too large.
    pub fn seal(
        &self,
        request: &Request,
        now: Timestamp,
        random: [u8; 64],
    ) -> Result<(Vec<u8>, PendingReply), ContractError> {
        let _ = (request, now, random);
        todo!()
    }

    /// Opens Central's answer.
    ///
    /// # Errors
    ///
    /// [`ContractError::Fault`] if Central answered with a fault, else what does not hold.
    pub fn open(&self, pending: &PendingReply, body: &[u8]) -> Result<Response, ContractError> {
        let _ = (pending, body);
        todo!()
    }
}
