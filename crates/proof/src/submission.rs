//! The signed header of a submission. All of it is fixed when the batch is stored.

use crate::{Domain, Hash, Signature, SignatureError, SigningKey, VerifyingKey};
use pagetally_model::{AgentId, SubmissionId, Timestamp};
use serde::{Deserialize, Serialize};

/// The version of the header's layout that this crate writes.
pub const HEADER_FORMAT: u8 = 1;

/// Algorithm 1: SHA-256 for leaves, nodes and chain, Ed25519 for the signature.
pub const ALGORITHM: u8 = 1;

/// What a header's hash begins with.
const HASH_DOMAIN: &[u8] = b"pagetally/submission-header/1\0";

/// What a header is signed for.
const SIGNATURE_DOMAIN: Domain = Domain::new("pagetally/submission-signature/1");

/// What an agent states about one batch of documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubmissionHeader {
    /// [`HEADER_FORMAT`] when it was made.
    pub format: u8,
    /// [`ALGORITHM`] when it was made.
    pub algorithm: u8,
    /// This submission.
    pub id: SubmissionId,
    /// Who made it.
    pub agent: AgentId,
    /// Its place in the agent's sequence, from 1, without gaps.
    pub number: u64,
    /// [`SubmissionHeader::hash`] of the one before; [`Hash::ZERO`] for number 1.
    pub previous: Hash,
    /// The root of the Merkle tree over its documents.
    pub content: Hash,
    /// How many documents there are.
    pub leaves: u32,
    /// The agent's wall clock when it was made. It decides nothing.
    pub created: Timestamp,
}

impl SubmissionHeader {
    /// The number of bytes of [`to_bytes`](Self::to_bytes) for format 1.
    pub const LENGTH: usize = 118;

    /// An agent's first header, to fill in: its id, content and leaves are still zeros.
    pub const fn first(agent: AgentId, created: Timestamp) -> Self {
        Self {
            format: HEADER_FORMAT,
            algorithm: ALGORITHM,
            id: SubmissionId::from_bytes([0; 16]),
            agent,
            number: 1,
            previous: Hash::ZERO,
            content: Hash::ZERO,
            leaves: 0,
            created,
        }
    }

    /// The header that follows this one, to fill in likewise.
    pub fn next(&self, created: Timestamp) -> Self {
        Self {
            number: self.number.saturating_add(1),
            previous: self.hash(),
            ..Self::first(self.agent, created)
        }
    }

    /// The header's canonical bytes: its fields in the order of the struct, each of fixed length,
    /// numbers big-endian, the time as signed milliseconds since 1970.
    ///
    /// A fixed layout rather than JSON, so that every header has bytes, and a verifier needs no
    /// canonical JSON for it.
    pub fn to_bytes(&self) -> [u8; Self::LENGTH] {
        let parts: [&[u8]; 9] = [
            &[self.format],
            &[self.algorithm],
            self.id.as_bytes(),
            self.agent.as_bytes(),
            &self.number.to_be_bytes(),
            self.previous.as_bytes(),
            self.content.as_bytes(),
            &self.leaves.to_be_bytes(),
            &self.created.unix_millis().to_be_bytes(),
        ];
        let mut bytes = [0; Self::LENGTH];
        let mut rest = &mut bytes[..];
        for part in parts {
            let (head, tail) = rest.split_at_mut(part.len());
            head.copy_from_slice(part);
            rest = tail;
        }
        bytes
    }

    /// Reads [`to_bytes`](Self::to_bytes). Whether it states something possible is
    /// [`check`](Self::check)'s to say.
    pub fn from_bytes(bytes: &[u8; Self::LENGTH]) -> Self {
        fn part<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
            let mut part = [0; N];
            let (head, tail) = rest.split_at(N);
            part.copy_from_slice(head);
            *rest = tail;
            part
        }
        let rest = &mut &bytes[..];
        let [format, algorithm] = part(rest);
        Self {
            format,
            algorithm,
            id: SubmissionId::from_bytes(part(rest)),
            agent: AgentId::from_bytes(part(rest)),
            number: u64::from_be_bytes(part(rest)),
            previous: Hash::from_bytes(part(rest)),
            content: Hash::from_bytes(part(rest)),
            leaves: u32::from_be_bytes(part(rest)),
            created: Timestamp::from_unix_millis(i64::from_be_bytes(part(rest))),
        }
    }

    /// SHA-256 over a domain and [`to_bytes`](Self::to_bytes): what the next header carries.
    pub fn hash(&self) -> Hash {
        Hash::of(&[HASH_DOMAIN, &self.to_bytes()])
    }

    /// Checks what a header alone can show: a known version, a number and leaves from 1.
    ///
    /// # Errors
    ///
    /// [`HeaderError`] naming the field.
    pub fn check(&self) -> Result<(), HeaderError> {
        if self.format != HEADER_FORMAT {
            return Err(HeaderError::Format(self.format));
        }
        if self.algorithm != ALGORITHM {
            return Err(HeaderError::Algorithm(self.algorithm));
        }
        if self.number == 0 {
            return Err(HeaderError::Number);
        }
        if self.leaves == 0 {
            return Err(HeaderError::Empty);
        }
        if self.number == 1 && self.previous != Hash::ZERO {
            return Err(HeaderError::FirstHasPrevious);
        }
        Ok(())
    }
}

/// A header that states something impossible, or is signed by nobody known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// A format that this version does not know.
    #[error("header format {0} is unknown; this version reads format {HEADER_FORMAT}")]
    Format(u8),
    /// An algorithm that this version does not know.
    #[error("header algorithm {0} is unknown; this version knows algorithm {ALGORITHM}")]
    Algorithm(u8),
    /// Number 0.
    #[error("number is 0; an agent's sequence starts at 1")]
    Number,
    /// No documents.
    #[error("leaves is 0; a submission holds at least one document")]
    Empty,
    /// Number 1 with a predecessor.
    #[error("number 1 names a previous header")]
    FirstHasPrevious,
    /// The signature is not this key's over this header.
    #[error("signature does not verify")]
    Signature(#[source] SignatureError),
}

/// A header with its agent's signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignedHeader {
    /// What is signed.
    pub header: SubmissionHeader,
    /// Ed25519 over the header's bytes in a domain of its own.
    pub signature: Signature,
}

impl SignedHeader {
    /// Signs a header.
    pub fn sign(header: SubmissionHeader, key: &SigningKey) -> Self {
        let signature = key.sign(SIGNATURE_DOMAIN, &header.to_bytes());
        Self { header, signature }
    }

    /// Checks the header itself and that `key` signed it.
    ///
    /// # Errors
    ///
    /// [`HeaderError`] naming what is wrong.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), HeaderError> {
        self.header.check()?;
        key.verify(SIGNATURE_DOMAIN, &self.header.to_bytes(), &self.signature)
            .map_err(HeaderError::Signature)
    }
}
