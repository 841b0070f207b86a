//! Proofs of what was stored, to be checked by others.

use super::{Inner, Store, unreadable};
use crate::error::StoreError;
use crate::index::{Slot, Trait};
use crate::record::{LeafRecord, SubmissionRecord};
use pagetally_model::AuditId;
use pagetally_proof::{LeafKind, MerkleTree, PROOF_FORMAT, Proof, SignedHeader};

impl Store {
    /// The proof of one audit: the document with its salt, its path in the submission that carries
    /// it, the signed header and the one before. Nothing where there is no such audit, or
    /// this agent's keys are not there.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotKept`] where there is none and audits were thinned,
    /// [`StoreError::DamagedRecord`] when the audit or a header that it needs is not whole,
    /// [`StoreError::OtherPast`] when only Central has the header before, else
    /// [`StoreError`] when they cannot be read.
    pub fn prove(&self, audit: AuditId) -> Result<Option<Proof>, StoreError> {
        let Some(identity) = self.identity()? else {
            return Ok(None);
        };
        let mut inner = self.inner();
        let Some(location) = inner.locate(Trait::Audit, &audit.to_string())? else {
            return match inner.state.thinned {
                0 => Ok(None),
                thinned => Err(StoreError::NotKept { audit, thinned }),
            };
        };
        let (_, payload) = inner.journal.read(&location)?;
        let leaf = LeafRecord::parse(&payload).map_err(|_| unreadable(&location))?;
        let document = String::from_utf8(leaf.document.to_vec());
        let document = document.map_err(|_| unreadable(&location))?;
        let record = inner.carrier(leaf.number, location.sequence)?;
        let place = place(&record, location.sequence);
        let tree = MerkleTree::new(record.leaves.iter().map(|entry| entry.hash).collect());
        let path = place.and_then(|place| tree.path(place));
        let before = inner.before(&record)?;
        let number = record.signed.header.number;
        let former = inner.former_keys()?;
        let first = former
            .first()
            .map_or(&identity.signing, |keys| &keys.signing);
        let first_key = first.verifying_key();
        let rotations = former.into_iter().map(|keys| keys.rotation);
        let rotations = rotations.filter(|signed| signed.rotation.number < number);
        Ok(Some(Proof {
            format: PROOF_FORMAT,
            kind: LeafKind::Audit,
            document,
            salt: leaf.salt,
            path: path.ok_or_else(|| unreadable(&location))?,
            signed: record.signed,
            before,
            rotations: rotations.collect(),
            first_key,
        }))
    }
}

fn place(record: &SubmissionRecord, sequence: u64) -> Option<u32> {
    let mut entries = record.leaves.iter();
    let place = entries.position(|entry| entry.sequence == sequence)?;
    u32::try_from(place).ok()
}

impl Inner {
    /// The submission that carries a document: the one that it was first signed in, `number`, or the
    /// one that took its place.
    fn carrier(&mut self, number: u64, sequence: u64) -> Result<SubmissionRecord, StoreError> {
        let first = self.submission(number);
        let stands = self.state.waiting.contains(number)
            || self.ask(|index| index.get(&[Slot::Receipt(number)]))? != [None];
        let holds = |record: &SubmissionRecord| place(record, sequence).is_some();
        if stands && first.as_ref().is_ok_and(holds) {
            return first;
        }
        for number in (1..=self.state.head.map_or(0, |head| head.number)).rev() {
            match self.submission(number) {
                Ok(record) if holds(&record) => return Ok(record),
                Ok(_) | Err(StoreError::DamagedRecord { .. } | StoreError::NoSubmission { .. }) => {
                }
                Err(error) => return Err(error),
            }
        }
        first
    }

    /// The header that a submission follows.
    fn before(&mut self, record: &SubmissionRecord) -> Result<Option<SignedHeader>, StoreError> {
        let header = &record.signed.header;
        if header.number <= 1 {
            return Ok(None);
        }
        let other_past = || StoreError::OtherPast {
            number: header.number,
        };
        match self.submission(header.number - 1) {
            Ok(before) if before.signed.header.hash() == header.previous => Ok(Some(before.signed)),
            Ok(_) | Err(StoreError::NoSubmission { .. }) => Err(other_past()),
            Err(error) => Err(error),
        }
    }
}
