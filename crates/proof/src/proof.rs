//! One document with everything that it takes to check it offline.

use crate::{
    ChainError, DocumentError, HeaderError, InclusionPath, KeyHistory, Leaf, LeafKind,
    RotationError, Salt, SignedHeader, SignedRotation, VerifyingKey, verify_document, verify_link,
};
use serde::{Deserialize, Serialize};

/// The version of the proof's layout that this crate writes.
pub const PROOF_FORMAT: u8 = 1;

/// Ceiling on the bytes of a proof as JSON: an audit of 2 MiB, escaped, and 500 rotations.
pub const MAX_PROOF_BYTES: usize = 8 << 20;

/// A document of one submission, and why it is what the agent stated: to be kept or handed on as
/// JSON. It holds no other document, and nothing that tells what others say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Proof {
    /// [`PROOF_FORMAT`] when it was made.
    pub format: u8,
    /// What the document is.
    pub kind: LeafKind,
    /// Its canonical bytes, as the text that they are.
    pub document: String,
    /// Its salt.
    pub salt: Salt,
    /// From its leaf to the root.
    pub path: InclusionPath,
    /// The submission's signed header.
    pub signed: SignedHeader,
    /// The header before it, absent for number 1: the link of the chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<SignedHeader>,
    /// The agent's changes of keys up to this submission, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rotations: Vec<SignedRotation>,
    /// The agent's first key as whoever made the proof knows it. A hint: what counts is the key that
    /// the verifier trusts already.
    pub first_key: VerifyingKey,
}

/// A proof that proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// A format that this version does not know.
    #[error("proof format {0} is unknown; this version reads format {PROOF_FORMAT}")]
    Format(u8),
    /// The keys cannot be followed from the trusted one.
    #[error("the agent's keys do not follow from the key {}", hex::encode(trusted))]
    Keys {
        /// The public key that the verifier trusts.
        trusted: [u8; 32],
        /// Why.
        #[source]
        source: RotationError,
    },
    /// The document is not in the signed submission.
    #[error("the document is not what submission {number} holds")]
    Document {
        /// The submission's number.
        number: u64,
        /// The first step that fails.
        #[source]
        source: DocumentError,
    },
    /// The header before is not the agent's.
    #[error("the header before submission {number} does not hold")]
    Before {
        /// The submission's number.
        number: u64,
        /// What is wrong with it.
        #[source]
        source: HeaderError,
    },
    /// The submission does not follow the one before.
    #[error("submission {number} has no place in the agent's chain")]
    Link {
        /// The submission's number.
        number: u64,
        /// What does not fit.
        #[source]
        source: ChainError,
    },
}

impl Proof {
    /// The leaf of the document.
    pub fn leaf(&self) -> Leaf {
        Leaf::new(
            self.kind,
            self.salt.clone(),
            self.document.as_bytes().to_vec(),
        )
    }

    /// Checks that the agent whose first key is `trusted` stated this document in this submission,
    /// at this place of its chain.
    ///
    /// # Errors
    ///
    /// [`ProofError`] naming the first step that fails.
    pub fn verify(&self, trusted: &VerifyingKey) -> Result<(), ProofError> {
        if self.format != PROOF_FORMAT {
            return Err(ProofError::Format(self.format));
        }
        let header = &self.signed.header;
        let number = header.number;
        let keys =
            KeyHistory::follow(header.agent, *trusted, &self.rotations).map_err(|source| {
                ProofError::Keys {
                    trusted: *trusted.as_bytes(),
                    source,
                }
            })?;
        verify_document(&self.leaf(), &self.path, &self.signed, &keys.key_at(number))
            .map_err(|source| ProofError::Document { number, source })?;
        if let Some(before) = &self.before {
            before
                .verify(&keys.key_at(before.header.number))
                .map_err(|source| ProofError::Before { number, source })?;
        }
        verify_link(self.before.as_ref().map(|signed| &signed.header), header)
            .map_err(|source| ProofError::Link { number, source })
    }
}
