//! What a segment holds for a walk: its documents, whose they are, and whether Central has them.

use super::{Walk, open_at};
use crate::error::StoreError;
use crate::frame::FrameHeader;
use crate::index::Slot;
use crate::keys::DeviceId;
use crate::packing::Packing;
use crate::record::{RecordKind, WithdrawalRecord, parse_document, parse_receipt};
use crate::store::Inner;
use pagetally_model::Timestamp;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Whose document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    Device(DeviceId),
    /// Reports of passes are the site's.
    Reports,
}

/// How a submission left the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Receipt,
    Withdrawal,
}

/// A document of a segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Document {
    pub(super) sequence: u64,
    pub(super) subject: Option<Subject>,
    /// When its pass was stored.
    pub(super) stored: Timestamp,
    pub(super) delivered: bool,
    /// Whether it was given up before Central had it.
    pub(super) given_up: bool,
    /// Whether it is packed against nothing but the dictionary.
    pub(super) alone: bool,
}

/// What a walk has to know of a submission: its documents' hashes take longer to read than all else.
#[derive(Deserialize)]
pub(super) struct Outline {
    pub(super) signed: OutlineSigned,
    pub(super) leaves: Vec<OutlineLeaf>,
}

#[derive(Deserialize)]
pub(super) struct OutlineSigned {
    pub(super) header: OutlineHeader,
}

#[derive(Deserialize)]
pub(super) struct OutlineHeader {
    pub(super) number: u64,
    pub(super) created: Timestamp,
}

#[derive(Deserialize)]
pub(super) struct OutlineLeaf {
    pub(super) sequence: u64,
}

impl Inner {
    /// The documents of a segment that count, in their order; takes note of receipts, withdrawals and
    /// submissions on the way.
    pub(super) fn documents_of(
        &mut self,
        segment: u32,
        bytes: &[u8],
        walk: &mut Walk,
    ) -> Result<Vec<Document>, StoreError> {
        let mut groups: BTreeMap<u64, Vec<(FrameHeader, usize)>> = BTreeMap::new();
        for (offset, header) in self.frames(segment, bytes)? {
            groups
                .entry(header.group)
                .or_default()
                .push((header, offset));
        }
        let mut documents = Vec::new();
        for frames in groups.values().rev() {
            self.documents_of_group(segment, bytes, frames, walk, &mut documents);
        }
        documents.sort_by_key(|document| document.sequence);
        let slots: Vec<Slot> = documents
            .iter()
            .map(|document| Slot::Leaf(document.sequence))
            .collect();
        let places = self.ask(|index| index.get(&slots))?;
        let mut places = places.into_iter();
        // What the index does not place here does not count: its group was given up.
        documents.retain(|_| {
            let place = places.next().flatten();
            place.is_some_and(|place| place.segment == segment)
        });
        Ok(documents)
    }

    fn documents_of_group(
        &self,
        segment: u32,
        bytes: &[u8],
        frames: &[(FrameHeader, usize)],
        walk: &mut Walk,
        documents: &mut Vec<Document>,
    ) {
        let carried = self.carried_by(segment, bytes, frames, walk);
        for (header, _) in frames {
            let subject = match RecordKind::from_code(header.kind) {
                Some(RecordKind::Audit) => self
                    .keyring
                    .find(header.key)
                    .and_then(|key| key.device)
                    .map(Subject::Device),
                Some(RecordKind::PassReport) => Some(Subject::Reports),
                _ => continue,
            };
            // Where the header of its submission is lost, nobody knows what became of it.
            let Some(stored) = carried.get(&header.sequence) else {
                continue;
            };
            let delivered = walk.signed_anew.remove(&header.sequence).unwrap_or(false);
            let given_up = walk.has_given_up(header.sequence);
            documents.push(Document {
                sequence: header.sequence,
                subject,
                stored: *stored,
                delivered,
                given_up,
                alone: header.packing != Packing::Delta,
            });
        }
        // Those of this group's own that are gone already are met nowhere else.
        let first = frames.first().map_or(0, |(header, _)| header.group);
        let own = carried.keys().filter(|sequence| **sequence >= first);
        for sequence in own {
            walk.signed_anew.remove(sequence);
        }
    }

    /// The documents that a group's submissions carry, and when those were made. Takes note of how
    /// submissions ended.
    fn carried_by(
        &self,
        segment: u32,
        bytes: &[u8],
        frames: &[(FrameHeader, usize)],
        walk: &mut Walk,
    ) -> HashMap<u64, Timestamp> {
        let open =
            |header: &FrameHeader, offset: usize| open_at(self, segment, bytes, header, offset);
        let mut carried = HashMap::new();
        let mut seen = HashSet::new();
        let mut seen_withdrawals = HashSet::new();
        for (header, offset) in frames.iter().rev() {
            match RecordKind::from_code(header.kind) {
                Some(kind @ (RecordKind::Receipt | RecordKind::Rejection)) => {
                    let receipt = open(header, *offset).and_then(|p| parse_receipt(&p).ok());
                    // What Central did not book is kept until it is sent again.
                    let end = match kind {
                        RecordKind::Receipt => End::Receipt,
                        _ => End::Withdrawal,
                    };
                    if let Some(receipt) = receipt {
                        walk.ends.insert(receipt.number, end);
                    }
                }
                Some(RecordKind::Withdrawal) => {
                    let withdrawal: Option<WithdrawalRecord> =
                        open(header, *offset).and_then(|p| parse_document(&p).ok());
                    if let Some(withdrawal) = withdrawal {
                        walk.ends.insert(withdrawal.number, End::Withdrawal);
                        if seen_withdrawals.insert(withdrawal.number) {
                            walk.given_up.extend(withdrawal.given_up);
                        }
                    }
                }
                Some(RecordKind::Submission) => {
                    let record: Option<Outline> =
                        open(header, *offset).and_then(|p| parse_document(&p).ok());
                    let Some(record) = record else { continue };
                    let number = record.signed.header.number;
                    if !seen.insert(number) {
                        continue; // Its other copy.
                    }
                    let delivered = walk.ends.remove(&number) == Some(End::Receipt);
                    for leaf in &record.leaves {
                        // A later submission that carries it has the last word.
                        walk.signed_anew.entry(leaf.sequence).or_insert(delivered);
                        carried.insert(leaf.sequence, record.signed.header.created);
                    }
                }
                _ => {}
            }
        }
        carried
    }
}
