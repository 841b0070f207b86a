//! What of a submission is not there any more, and why.

use super::Inner;
use super::thin::sealed_at;
use crate::error::StoreError;
use crate::record::{LeafEntry, LeafRecord, RecordKind, SubmissionRecord};
use crate::thinned::Thinned;
use pagetally_proof::{Withheld, WithheldLeaf, WithheldReason};
use std::collections::HashMap;

/// What is known of records that are not there. What nobody took out on purpose is lost.
#[derive(Default)]
struct Reasons(HashMap<u64, WithheldReason>);

impl Reasons {
    fn of(&self, sequence: u64) -> WithheldReason {
        let known = self.0.get(&sequence).copied();
        known.unwrap_or(WithheldReason::Lost)
    }
}

impl Inner {
    /// What stands in the place of the documents that are not there.
    pub(super) fn withheld(
        &self,
        record: &SubmissionRecord,
        documents: &[Option<LeafRecord>],
    ) -> Result<Withheld, StoreError> {
        if record.leaves.is_empty() {
            // All its documents were thinned, and the hashes of their leaves with them.
            return Ok(Withheld::All(WithheldReason::Thinned));
        }
        let missing = || {
            let places = (0..).zip(&record.leaves).zip(documents);
            places.filter_map(|(leaf, document)| document.is_none().then_some(leaf))
        };
        let sequences: Vec<u64> = missing().map(|(_, entry)| entry.sequence).collect();
        let reasons = self.reasons(&sequences)?;
        let of_leaf = |(place, entry): (u32, &LeafEntry)| WithheldLeaf {
            place,
            kind: entry.kind,
            hash: entry.hash,
            reason: reasons.of(entry.sequence),
        };
        Ok(Withheld::Leaves(missing().map(of_leaf).collect()))
    }

    /// Why records are not there, from the newest segment back to where the first of them would stand:
    /// their frames are sealed by a key that was destroyed, or their segment says that they were thinned.
    fn reasons(&self, sequences: &[u64]) -> Result<Reasons, StoreError> {
        let mut reasons = Reasons::default();
        let Some(first) = sequences.iter().min() else {
            return Ok(reasons);
        };
        for segment in self.journal.segments()?.into_iter().rev() {
            let bytes = self.journal.segment_bytes(segment)?;
            let mut goes_before = false;
            for (offset, header) in self.frames(segment, &bytes)? {
                if RecordKind::from_code(header.kind) == Some(RecordKind::Thinned) {
                    let thinned = sealed_at(&bytes, offset, &header)
                        .and_then(|sealed| Thinned::open(&self.keyring, &header, sealed));
                    for group in thinned.iter().flat_map(|thinned| thinned.groups.values()) {
                        let gone = sequences.iter().filter(|s| group.has_lost(**s));
                        reasons
                            .0
                            .extend(gone.map(|s| (*s, WithheldReason::Thinned)));
                    }
                    continue;
                }
                goes_before |= header.sequence < *first;
                if self.keyring.is_erased(header.key) && sequences.contains(&header.sequence) {
                    reasons.0.insert(header.sequence, WithheldReason::Erased);
                }
            }
            if goes_before {
                break;
            }
        }
        Ok(reasons)
    }
}
