//! Who the agent is, and names for small state.

use crate::StoreError;
use crate::secret::random;
use pagetally_model::AgentId;
use pagetally_proof::{Salt, SignedRotation, SigningKey};
use std::fmt;
use zeroize::Zeroizing;

/// The agent's private X25519 key, which opens Central's answers. It never shows in `Debug`, has
/// no `==`, and is wiped when dropped.
#[derive(Clone)]
pub struct SealingKey(Zeroizing<[u8; 32]>);

impl SealingKey {
    /// Wraps 32 bytes, which must come from a cryptographic random source.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The secret itself.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

/// Id and private keys of one agent.
#[derive(Clone, Debug)]
pub struct AgentIdentity {
    /// The id, made at the site.
    pub agent: AgentId,
    /// Signs submissions (Ed25519).
    pub signing: SigningKey,
    /// Opens answers (X25519).
    pub sealing: SealingKey,
}

impl AgentIdentity {
    /// A new agent, from the operating system's random source.
    ///
    /// # Errors
    ///
    /// [`StoreError::Random`].
    pub fn generate() -> Result<Self, StoreError> {
        Ok(Self {
            agent: AgentId::from_bytes(random()?),
            signing: SigningKey::from_seed(random()?),
            sealing: SealingKey::from_bytes(random()?),
        })
    }
}

/// Keys that an agent had, and the signed change that put others in their place.
#[derive(Clone, Debug)]
pub struct FormerKeys {
    /// Signed its submissions, up to the change's number.
    pub signing: SigningKey,
    /// Opened the answers to them.
    pub sealing: SealingKey,
    /// The salt of the change's leaf.
    pub salt: Salt,
    /// The change.
    pub rotation: SignedRotation,
}

/// Names one piece of small state whose bytes belong to the store's user. The latest value wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateKey(&'static str);

impl StateKey {
    /// What enrolment with Central left behind.
    pub const ENROLMENT: Self = Self::new("enrolment");

    /// Names a state: 1 to 64 lower-case letters, digits and hyphens.
    ///
    /// # Panics
    ///
    /// At compile time when used in a constant, for another name.
    pub const fn new(name: &'static str) -> Self {
        let bytes = name.as_bytes();
        assert!(
            !bytes.is_empty() && bytes.len() <= 64,
            "a state's name has 1 to 64 characters"
        );
        let mut at = 0;
        while at < bytes.len() {
            assert!(
                matches!(bytes[at], b'a'..=b'z' | b'0'..=b'9' | b'-'),
                "a state's name is lower-case letters, digits and hyphens"
            );
            at += 1;
        }
        Self(name)
    }

    /// The name.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}
