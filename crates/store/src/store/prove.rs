//! Proofs of what was stored, to be checked by others.

use super::{Store, unreadable};
use crate::error::StoreError;
use crate::index::Trait;
use crate::record::LeafRecord;
use pagetally_model::AuditId;
use pagetally_proof::{LeafKind, MerkleTree, PROOF_FORMAT, Proof};

impl Store {
    /// The proof of one audit: the document with its salt, its path in the submission that first
    /// carried it, the signed header and the one before. Nothing where there is no such audit, or
    /// this agent's keys are not there.
    ///
    /// # Errors
    ///
    /// [`StoreError::DamagedRecord`] when the audit or a header that it needs is not whole, else
    /// [`StoreError`] when they cannot be read.
    pub fn prove(&self, audit: AuditId) -> Result<Option<Proof>, StoreError> {
        let Some(identity) = self.identity()? else {
            return Ok(None);
        };
        let mut inner = self.inner();
        let Some(location) = inner.locate(Trait::Audit, &audit.to_string())? else {
            return Ok(None);
        };
        let (_, payload) = inner.journal.read(&location)?;
        let leaf = LeafRecord::parse(&payload).map_err(|_| unreadable(&location))?;
        let document = String::from_utf8(leaf.document.to_vec());
        let document = document.map_err(|_| unreadable(&location))?;
        let record = inner.submission(leaf.number)?;
        let mut entries = record.leaves.iter();
        let place = entries.position(|entry| entry.sequence == location.sequence);
        let tree = MerkleTree::new(record.leaves.iter().map(|entry| entry.hash).collect());
        let place = place.and_then(|place| u32::try_from(place).ok());
        let path = place.and_then(|place| tree.path(place));
        let before = match leaf.number {
            0 | 1 => None,
            number => Some(inner.submission(number - 1)?.signed),
        };
        Ok(Some(Proof {
            format: PROOF_FORMAT,
            kind: LeafKind::Audit,
            document,
            salt: leaf.salt,
            path: path.ok_or_else(|| unreadable(&location))?,
            signed: record.signed,
            before,
            rotations: Vec::new(),
            first_key: identity.signing.verifying_key(),
        }))
    }
}
