//! Who the agent is, and small sealed state.

use crate::StoreError;
use pagetally_model::AgentId;
use pagetally_proof::SigningKey;
use zeroize::Zeroizing;

/// The agent's private X25519 key. It never shows in `Debug` and is wiped when dropped.
#[derive(Clone)]
pub struct SealingKey(Zeroizing<[u8; 32]>);

impl SealingKey {
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

/// Id and private keys of this agent.
#[derive(Clone, Debug)]
pub struct AgentIdentity {
    pub agent: AgentId,
    pub signing: SigningKey,
    pub sealing: SealingKey,
}

impl AgentIdentity {
    /// A new agent: random id, random keys.
    pub fn generate() -> Result<Self, StoreError> {
        todo!()
    }
}

/// Names one piece of small state that the caller owns (sealed, the latest value wins).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateKey(&'static str);

impl StateKey {
    /// What enrolment with Central left behind.
    pub const ENROLMENT: Self = Self::new("enrolment");

    /// Names a state: 1 to 64 lower-case letters, digits, hyphens.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }
}
