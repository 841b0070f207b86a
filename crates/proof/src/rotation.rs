//! An agent's change of keys, stated under the old key.
//!
//! A rotation is a document of a submission like any other: it has a leaf, and the submission that
//! carries it is the last one that the old key signs. Besides, the record is signed by both keys, so
//! that a verifier who knows the agent's first key can follow to the key of any later submission
//! without seeing the submissions between.

use crate::{Domain, Signature, SignatureError, SigningKey, VerifyingKey};
use pagetally_model::{AgentId, Timestamp};
use serde::{Deserialize, Serialize};

/// The version of the record's layout that this crate writes.
pub const ROTATION_FORMAT: u8 = 1;

/// Algorithm 1: Ed25519 for both signatures.
const ALGORITHM: u8 = 1;

/// What the old key signs.
const HANDOVER: Domain = Domain::new("pagetally/key-rotation/1");

/// What the new key signs: nobody can hand over to a key that is not his.
const POSSESSION: Domain = Domain::new("pagetally/key-rotation-possession/1");

/// Ceiling on the rotations of one agent: one a month for forty years. A verifier reads no more.
pub const MAX_ROTATIONS: usize = 500;

/// What an agent states when it changes its keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyRotation {
    /// [`ROTATION_FORMAT`] when it was made.
    pub format: u8,
    /// 1: Ed25519.
    pub algorithm: u8,
    /// Whose keys they are.
    pub agent: AgentId,
    /// The number of the submission that carries this record: the last one under the old key.
    pub number: u64,
    /// The key that signs up to `number`.
    pub old_key: VerifyingKey,
    /// The key that signs from `number + 1` on.
    pub new_key: VerifyingKey,
    /// The X25519 key that answers are sealed to from then on, 64 hexadecimal digits.
    #[serde(with = "hex_32")]
    pub new_sealing_key: [u8; 32],
    /// The agent's wall clock when it was made. It decides nothing.
    pub created: Timestamp,
}

impl KeyRotation {
    /// The number of bytes of [`to_bytes`](Self::to_bytes) for format 1.
    pub const LENGTH: usize = 130;

    /// The bytes that are signed: the fields in the order of the struct, each of fixed length,
    /// numbers big-endian, the time as signed milliseconds since 1970.
    pub fn to_bytes(&self) -> [u8; Self::LENGTH] {
        let parts: [&[u8]; 8] = [
            &[self.format],
            &[self.algorithm],
            self.agent.as_bytes(),
            &self.number.to_be_bytes(),
            self.old_key.as_bytes(),
            self.new_key.as_bytes(),
            &self.new_sealing_key,
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
}

/// A rotation with both signatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignedRotation {
    /// What is signed.
    pub rotation: KeyRotation,
    /// By the old key: it hands over.
    pub handover: Signature,
    /// By the new key: it is in the same hands.
    pub possession: Signature,
}

/// A rotation that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RotationError {
    /// A format that this version does not know.
    #[error("rotation format {0} is unknown; this version reads format {ROTATION_FORMAT}")]
    Format(u8),
    /// An algorithm that this version does not know.
    #[error("rotation algorithm {0} is unknown; this version knows algorithm 1")]
    Algorithm(u8),
    /// Another agent's.
    #[error("the rotation after number {number} is agent {found}'s, not agent {expected}'s")]
    Agent {
        /// The number that it stands at.
        number: u64,
        /// Whose it should be.
        expected: AgentId,
        /// Whose it is.
        found: AgentId,
    },
    /// It hands over from a key that was not the agent's at that point.
    #[error(
        "the rotation after number {number} hands over from key {}; the key was {}",
        hex::encode(found),
        hex::encode(expected)
    )]
    OldKey {
        /// The number that it stands at.
        number: u64,
        /// The agent's public key then.
        expected: [u8; 32],
        /// The public key that it names.
        found: [u8; 32],
    },
    /// Numbers that do not rise, or number 0.
    #[error("the rotation after number {found} does not come later than number {before}")]
    Order {
        /// The rotation before; 0 where there is none.
        before: u64,
        /// This one.
        found: u64,
    },
    /// More than [`MAX_ROTATIONS`].
    #[error("there are {0} rotations; no more than {MAX_ROTATIONS} are read")]
    TooMany(usize),
    /// One of the signatures does not fit.
    #[error("the rotation after number {number} is not signed by {}", if *.by_old { "the old key" } else { "the new key" })]
    Signature {
        /// The number that it stands at.
        number: u64,
        /// Whether the old key's signature is meant.
        by_old: bool,
        /// What does not fit.
        #[source]
        source: SignatureError,
    },
}

impl SignedRotation {
    /// Hands over from one key to another.
    pub fn sign(
        agent: AgentId,
        number: u64,
        old: &SigningKey,
        new: &SigningKey,
        new_sealing_key: [u8; 32],
        created: Timestamp,
    ) -> Self {
        let rotation = KeyRotation {
            format: ROTATION_FORMAT,
            algorithm: ALGORITHM,
            agent,
            number,
            old_key: old.verifying_key(),
            new_key: new.verifying_key(),
            new_sealing_key,
            created,
        };
        let bytes = rotation.to_bytes();
        Self {
            handover: old.sign(HANDOVER, &bytes),
            possession: new.sign(POSSESSION, &bytes),
            rotation,
        }
    }

    /// Checks the record itself and both signatures.
    ///
    /// # Errors
    ///
    /// [`RotationError`] naming what is wrong.
    pub fn verify(&self) -> Result<(), RotationError> {
        let rotation = &self.rotation;
        if rotation.format != ROTATION_FORMAT {
            return Err(RotationError::Format(rotation.format));
        }
        if rotation.algorithm != ALGORITHM {
            return Err(RotationError::Algorithm(rotation.algorithm));
        }
        let bytes = rotation.to_bytes();
        let number = rotation.number;
        for (by_old, key, domain, signature) in [
            (true, rotation.old_key, HANDOVER, &self.handover),
            (false, rotation.new_key, POSSESSION, &self.possession),
        ] {
            key.verify(domain, &bytes, signature)
                .map_err(|source| RotationError::Signature {
                    number,
                    by_old,
                    source,
                })?;
        }
        Ok(())
    }
}

/// Which key signs which submission of one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHistory {
    first: VerifyingKey,
    /// The last number under the key before, and the key after it.
    later: Vec<(u64, VerifyingKey)>,
}

impl KeyHistory {
    /// An agent that has never changed its key.
    pub const fn of_one(key: VerifyingKey) -> Self {
        Self {
            first: key,
            later: Vec::new(),
        }
    }

    /// Follows `rotations`, in their order, from the agent's first key.
    ///
    /// # Errors
    ///
    /// [`RotationError`] for the first record that does not hold or does not follow.
    pub fn follow(
        agent: AgentId,
        first: VerifyingKey,
        rotations: &[SignedRotation],
    ) -> Result<Self, RotationError> {
        if rotations.len() > MAX_ROTATIONS {
            return Err(RotationError::TooMany(rotations.len()));
        }
        let mut history = Self::of_one(first);
        for signed in rotations {
            signed.verify()?;
            let rotation = &signed.rotation;
            let number = rotation.number;
            let before = history.later.last().map_or(0, |(number, _)| *number);
            if number <= before {
                return Err(RotationError::Order {
                    before,
                    found: number,
                });
            }
            if rotation.agent != agent {
                return Err(RotationError::Agent {
                    number,
                    expected: agent,
                    found: rotation.agent,
                });
            }
            let expected = history.latest();
            if rotation.old_key != expected {
                return Err(RotationError::OldKey {
                    number,
                    expected: *expected.as_bytes(),
                    found: *rotation.old_key.as_bytes(),
                });
            }
            history.later.push((number, rotation.new_key));
        }
        Ok(history)
    }

    /// The key that signs submission `number`.
    pub fn key_at(&self, number: u64) -> VerifyingKey {
        let in_force = self.later.iter().rev().find(|(last, _)| *last < number);
        in_force.map_or(self.first, |(_, key)| *key)
    }

    /// The key in force after the last rotation.
    pub fn latest(&self) -> VerifyingKey {
        self.later.last().map_or(self.first, |(_, key)| *key)
    }
}

impl From<VerifyingKey> for KeyHistory {
    fn from(key: VerifyingKey) -> Self {
        Self::of_one(key)
    }
}

/// 32 bytes as 64 lower-case hexadecimal digits.
mod hex_32 {
    use crate::hash::from_hex;
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8; 32], out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&hex::encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(from)?;
        from_hex(&text).map_err(D::Error::custom)
    }
}
