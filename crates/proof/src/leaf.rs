//! One document of a submission, as a leaf of its Merkle tree.

use crate::canonical::{self, CanonicalError};
use crate::{Hash, Salt, SignedRotation};
use pagetally_model::{DeviceAudit, PassReport};
use serde::{Deserialize, Serialize};

/// The version of the leaf's layout that this crate writes.
pub const LEAF_FORMAT: u8 = 1;

/// What a leaf's document is. The number goes into the hash and never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LeafKind {
    /// A [`DeviceAudit`].
    Audit,
    /// A [`PassReport`].
    PassReport,
    /// A [`SignedRotation`].
    KeyRotation,
}

impl LeafKind {
    /// The byte that goes into the hash.
    pub const fn code(self) -> u8 {
        match self {
            Self::Audit => 1,
            Self::PassReport => 2,
            Self::KeyRotation => 3,
        }
    }
}

/// One document's canonical bytes with their salt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    kind: LeafKind,
    salt: Salt,
    bytes: Vec<u8>,
}

impl Leaf {
    /// A leaf over bytes that are canonical already.
    pub const fn new(kind: LeafKind, salt: Salt, bytes: Vec<u8>) -> Self {
        Self { kind, salt, bytes }
    }

    /// The leaf of an audit.
    ///
    /// # Errors
    ///
    /// [`CanonicalError`] naming the value that has no canonical form.
    pub fn of_audit(audit: &DeviceAudit, salt: Salt) -> Result<Self, CanonicalError> {
        Ok(Self::new(
            LeafKind::Audit,
            salt,
            canonical::to_bytes(audit)?,
        ))
    }

    /// The leaf of a pass report.
    ///
    /// # Errors
    ///
    /// [`CanonicalError`] naming the value that has no canonical form.
    pub fn of_report(report: &PassReport, salt: Salt) -> Result<Self, CanonicalError> {
        Ok(Self::new(
            LeafKind::PassReport,
            salt,
            canonical::to_bytes(report)?,
        ))
    }

    /// The leaf of a change of keys.
    ///
    /// # Errors
    ///
    /// [`CanonicalError`]; a rotation holds nothing without a canonical form.
    pub fn of_rotation(rotation: &SignedRotation, salt: Salt) -> Result<Self, CanonicalError> {
        Ok(Self::new(
            LeafKind::KeyRotation,
            salt,
            canonical::to_bytes(rotation)?,
        ))
    }

    /// What the document is.
    pub const fn kind(&self) -> LeafKind {
        self.kind
    }

    /// The salt.
    pub const fn salt(&self) -> &Salt {
        &self.salt
    }

    /// The document's canonical bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 over a zero byte (RFC 6962 section 2.1, so that no leaf can pass for a node), the
    /// format, the kind, the salt and the bytes.
    pub fn hash(&self) -> Hash {
        Hash::of(&[
            &[0x00, LEAF_FORMAT, self.kind.code()],
            self.salt.as_bytes(),
            &self.bytes,
        ])
    }
}
