//! Storing a pass, and everything until its receipt.

use super::reissue::withdrawal;
use super::{Inner, Store, unreadable};
use crate::batch::{
    MAX_AUDITS_PER_SUBMISSION, MAX_RECEIPT_BYTES, PassBatch, Receipt, SigningContext,
    StoredSubmission, SubmissionInfo,
};
use crate::error::StoreError;
use crate::index::Slot;
use crate::keys::{DataKey, DeviceClues, Purpose};
use crate::record::{
    ChainHead, LeafEntry, LeafRecord, NewRecord, RecordKind, SubmissionRecord, document_payload,
    parse_document, parse_receipt, receipt_payload,
};
use crate::secret::random;
use crate::state::Location;
use pagetally_model::{DeviceAudit, PassReport, SubmissionId};
use pagetally_proof::{
    ALGORITHM, HEADER_FORMAT, Hash, Leaf, LeafKind, MerkleTree, Salt, SignedHeader,
    SubmissionHeader, Withheld, canonical,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

impl Store {
    /// Stores a pass in one durable step: its audits, its report, and the signed submissions that
    /// wait in the outbox. One submission as a rule; a pass with more than
    /// [`MAX_AUDITS_PER_SUBMISSION`] audits becomes several, of which the last carries the report.
    ///
    /// # Errors
    ///
    /// [`StoreError::Canonical`] naming a document that cannot be stored,
    /// [`StoreError::OtherAgent`] when the store holds another agent's sequence, else
    /// [`StoreError`] when it cannot be made durable. Nothing of the pass is then stored.
    pub fn commit_pass(
        &self,
        batch: PassBatch,
        context: &SigningContext<'_>,
    ) -> Result<Vec<SubmissionInfo>, StoreError> {
        self.commit_pass_in_parts(batch, context, MAX_AUDITS_PER_SUBMISSION)
    }

    /// [`commit_pass`](Self::commit_pass) with at most so many audits in a submission, for a line that
    /// carries no more at once: from 1 to [`MAX_AUDITS_PER_SUBMISSION`], whatever is asked for.
    ///
    /// # Errors
    ///
    /// As [`commit_pass`](Self::commit_pass).
    pub fn commit_pass_in_parts(
        &self,
        batch: PassBatch,
        context: &SigningContext<'_>,
        audits: usize,
    ) -> Result<Vec<SubmissionInfo>, StoreError> {
        let mut inner = self.inner();
        let group = inner.begin(context)?;
        let clues: Vec<DeviceClues> = batch.audits.iter().map(DeviceClues::of).collect();
        // The keys are durable before anything that they seal.
        let keys = inner
            .keyring
            .of_devices(Purpose::Audit, &clues, context.now)?;
        let group = group.with_pass(&batch, &keys, audits)?;
        inner.store_submissions(group, context)
    }

    /// Submissions without a receipt, in the order in which they must be sent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] when the disk fails. A submission whose header was lost to damage is
    /// left out; [`recovery`](Self::recovery) and [`check`](Self::check) name it.
    pub fn outbox(&self) -> Result<Vec<SubmissionInfo>, StoreError> {
        let mut inner = self.inner();
        let waiting: Vec<u64> = inner.state.waiting.iter().collect();
        let mut infos = Vec::with_capacity(waiting.len());
        for number in waiting {
            match inner.submission(number) {
                Ok(record) => infos.push(SubmissionInfo::from(&record.signed)),
                Err(StoreError::DamagedRecord { .. } | StoreError::NoSubmission { .. }) => {
                    tracing::error!(number, "a submission's header is lost");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(infos)
    }

    /// One submission with its documents, each checked against the leaf that was signed. What damage,
    /// erasing or thinning took is withheld, and its leaf stays.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSubmission`] for an unknown number, [`StoreError::DamagedRecord`] when its header
    /// was lost, [`StoreError::Document`] and [`StoreError::DocumentKind`] for a document that a newer
    /// version stored.
    pub fn load_submission(&self, number: u64) -> Result<StoredSubmission, StoreError> {
        let mut inner = self.inner();
        let record = inner.submission(number)?;
        if let Some(rotation) = inner.rotation_in(&record)? {
            return Ok(StoredSubmission {
                signed: record.signed,
                audits: Vec::new(),
                report: None,
                withheld: Withheld::default(),
                rotation: Some(rotation),
            });
        }
        let documents = inner.documents(&record)?;
        let withheld = inner.withheld(&record, &documents)?;
        let mut submission = StoredSubmission {
            signed: record.signed,
            audits: Vec::with_capacity(documents.len()),
            report: None,
            withheld,
            rotation: None,
        };
        for (entry, leaf) in record.leaves.iter().zip(documents) {
            let Some(leaf) = leaf else { continue };
            match entry.kind {
                LeafKind::Audit => {
                    let audit = document::<DeviceAudit>("audit", &leaf, entry.sequence)?;
                    submission.audits.push((leaf.salt, audit));
                }
                LeafKind::PassReport => {
                    let report = document::<PassReport>("pass report", &leaf, entry.sequence)?;
                    submission.report = Some((leaf.salt, report));
                }
                // A change of keys is no document of its own, and this version stores no other kind.
                _ => {
                    return Err(StoreError::DocumentKind {
                        sequence: entry.sequence,
                    });
                }
            }
        }
        Ok(submission)
    }

    /// Stores Central's receipt, which takes the submission out of the outbox, in one durable
    /// step. The first receipt stays; a repeat changes nothing. Submissions before it whose headers were
    /// lost to damage leave the outbox with it: Central takes none before it has those.
    ///
    /// # Errors
    ///
    /// [`StoreError::OtherContent`] when the receipt is for something else,
    /// [`StoreError::NoSubmission`] for an unknown number, [`StoreError::TooLarge`] over
    /// [`MAX_RECEIPT_BYTES`], else [`StoreError`] when it cannot be made durable.
    pub fn record_receipt(&self, receipt: &Receipt) -> Result<(), StoreError> {
        self.inner().take_receipt(receipt, RecordKind::Receipt)
    }

    /// The receipt for a submission that Central booked, if there is one.
    ///
    /// # Errors
    ///
    /// [`StoreError::DamagedRecord`] when it was there and is not whole.
    pub fn receipt(&self, number: u64) -> Result<Option<Receipt>, StoreError> {
        let mut inner = self.inner();
        let found = inner.ask(|index| index.get(&[Slot::Receipt(number)]))?;
        let Some(location) = found.into_iter().next().flatten() else {
            return Ok(None);
        };
        let (_, payload) = inner.journal.read(&location)?;
        parse_receipt(&payload)
            .map(Some)
            .map_err(|_| unreadable(&location))
    }
}

pub(super) fn canonical_error(
    document: impl Into<String>,
) -> impl FnOnce(canonical::CanonicalError) -> StoreError {
    let document = document.into();
    |source| StoreError::Canonical { document, source }
}

fn document<T: Serialize + DeserializeOwned>(
    what: &'static str,
    leaf: &LeafRecord,
    sequence: u64,
) -> Result<T, StoreError> {
    canonical::from_slice(&leaf.document).map_err(|source| StoreError::Document {
        what,
        sequence,
        source,
    })
}

/// The records of submissions that are to become durable together.
pub(super) struct SubmissionGroup<'a> {
    context: SigningContext<'a>,
    first_sequence: u64,
    pub(super) head: Option<ChainHead>,
    pub(super) records: Vec<NewRecord>,
    /// The leaves of the submission being built.
    pub(super) entries: Vec<LeafEntry>,
    /// The salts of all leaves, in their order.
    pub(super) salts: Vec<Salt>,
    /// The submissions that are built.
    pub(super) made: Vec<SignedHeader>,
}

impl SubmissionGroup<'_> {
    /// The number of the submission being built.
    pub(super) fn number(&self) -> u64 {
        self.head.map_or(1, |head| head.number.saturating_add(1))
    }

    /// Adds all documents of a pass, as one submission or several.
    pub(super) fn with_pass(
        mut self,
        batch: &PassBatch,
        keys: &[Arc<DataKey>],
        most: usize,
    ) -> Result<Self, StoreError> {
        let most = most.clamp(1, MAX_AUDITS_PER_SUBMISSION);
        let mut rest = batch.audits.as_slice();
        let mut done = 0;
        loop {
            let (part, later) = rest.split_at(rest.len().min(most));
            for (index, audit) in part.iter().enumerate() {
                let key = keys.get(done + index).cloned();
                self.leaf(LeafKind::Audit, audit, key, || {
                    format!("audits[{}]", done + index)
                })?;
            }
            if later.is_empty() {
                self.leaf(LeafKind::PassReport, &batch.report, None, || {
                    "report".to_owned()
                })?;
            }
            self.close()?;
            done += part.len();
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        Ok(self)
    }

    /// Adds one document to the submission being built.
    fn leaf<T: Serialize>(
        &mut self,
        kind: LeafKind,
        document: &T,
        key: Option<Arc<DataKey>>,
        name: impl FnOnce() -> String,
    ) -> Result<(), StoreError> {
        let bytes = canonical::to_bytes(document).map_err(|source| StoreError::Canonical {
            document: name(),
            source,
        })?;
        let leaf = Leaf::new(kind, Salt::from_bytes(random()?), bytes);
        self.entries.push(LeafEntry {
            kind,
            hash: leaf.hash(),
            sequence: self.first_sequence + self.records.len() as u64,
        });
        let kind = match kind {
            LeafKind::PassReport => RecordKind::PassReport,
            _ => RecordKind::Audit,
        };
        let payload = LeafRecord::to_payload(self.number(), leaf.salt(), leaf.bytes());
        self.records.push(NewRecord { kind, payload, key });
        self.salts.push(leaf.salt().clone());
        Ok(())
    }

    /// Numbers, chains and signs the submission being built. Answers its number.
    pub(super) fn close(&mut self) -> Result<u64, StoreError> {
        let leaves = std::mem::take(&mut self.entries);
        let tree = MerkleTree::new(leaves.iter().map(|entry| entry.hash).collect());
        let header = SubmissionHeader {
            format: HEADER_FORMAT,
            algorithm: ALGORITHM,
            id: SubmissionId::from_bytes(random()?),
            agent: self.context.agent,
            number: self.number(),
            previous: self.head.map_or(Hash::ZERO, |head| head.hash),
            content: tree.root(),
            leaves: tree.len(),
            created: self.context.now,
        };
        let number = header.number;
        self.head = Some(ChainHead {
            agent: header.agent,
            number,
            hash: header.hash(),
        });
        let signed = SignedHeader::sign(header, self.context.key);
        let record = SubmissionRecord {
            signed: signed.clone(),
            leaves,
        };
        self.made.push(signed);
        let payload = document_payload(&record).map_err(canonical_error("submission"))?;
        // Twice: without its header none of the documents could be sent.
        for _ in 0..2 {
            let record = NewRecord::site(RecordKind::Submission, payload.clone());
            self.records.push(record);
        }
        Ok(number)
    }
}

impl Inner {
    pub(super) fn begin<'a>(
        &self,
        context: &SigningContext<'a>,
    ) -> Result<SubmissionGroup<'a>, StoreError> {
        if let Some(head) = self.state.head
            && head.agent != context.agent
        {
            return Err(StoreError::OtherAgent {
                stored: head.agent,
                asked: context.agent,
            });
        }
        Ok(SubmissionGroup {
            context: *context,
            first_sequence: self.state.next_sequence,
            head: self.state.head,
            records: Vec::new(),
            entries: Vec::new(),
            salts: Vec::new(),
            made: Vec::new(),
        })
    }

    /// Stores Central's word on a submission, which takes it out of the outbox.
    pub(super) fn take_receipt(
        &mut self,
        receipt: &Receipt,
        kind: RecordKind,
    ) -> Result<(), StoreError> {
        if receipt.bytes.len() > MAX_RECEIPT_BYTES {
            return Err(StoreError::TooLarge {
                what: "a receipt",
                bytes: receipt.bytes.len(),
                limit: MAX_RECEIPT_BYTES,
            });
        }
        let stored = self.submission(receipt.number)?.signed.header.content;
        if stored != receipt.content {
            return Err(StoreError::OtherContent {
                number: receipt.number,
                stored,
                receipt: receipt.content,
            });
        }
        if !self.state.waiting.contains(receipt.number) {
            return Ok(());
        }
        let mut records = vec![NewRecord::site(kind, receipt_payload(receipt))];
        for number in self.headless_before(receipt.number)? {
            records.push(withdrawal(number, None, &[], receipt.received)?);
        }
        self.commit(records, None, receipt.received).map(|_| ())
    }

    pub(super) fn store_submissions(
        &mut self,
        group: SubmissionGroup<'_>,
        context: &SigningContext<'_>,
    ) -> Result<Vec<SubmissionInfo>, StoreError> {
        self.commit(group.records, group.head, context.now)?;
        Ok(group.made.iter().map(SubmissionInfo::from).collect())
    }

    /// A submission's header and leaves, from whichever copy is whole.
    pub(super) fn submission(&mut self, number: u64) -> Result<SubmissionRecord, StoreError> {
        let slots = [Slot::Submission(number), Slot::SubmissionCopy(number)];
        let known = self.state.head.is_some_and(|head| number <= head.number);
        let copies = if known && number > 0 {
            self.find(&slots, 1)?
        } else {
            Vec::new()
        };
        let mut error = StoreError::NoSubmission { number };
        for location in copies.into_iter().flatten() {
            match self.journal.read(&location) {
                Ok((_, payload)) => {
                    return parse_document(&payload).map_err(|_| unreadable(&location));
                }
                Err(damage) => error = damage,
            }
        }
        Err(error)
    }

    /// A submission's documents in the order of its leaves; nothing where one is damaged.
    pub(super) fn documents(
        &mut self,
        record: &SubmissionRecord,
    ) -> Result<Vec<Option<LeafRecord>>, StoreError> {
        let slots: Vec<Slot> = record
            .leaves
            .iter()
            .map(|entry| Slot::Leaf(entry.sequence))
            .collect();
        // The index rightly does not know documents that were erased or thinned.
        let all_are_there = self.keyring.status().erased == 0 && self.state.thinned == 0;
        let enough = if all_are_there { slots.len() } else { 0 };
        let locations = self.find(&slots, enough)?;
        record
            .leaves
            .iter()
            .zip(locations)
            .map(|(entry, location)| match location {
                Some(location) => self.leaf(entry, &location),
                None => Ok(None),
            })
            .collect()
    }

    fn leaf(
        &self,
        entry: &LeafEntry,
        location: &Location,
    ) -> Result<Option<LeafRecord>, StoreError> {
        let payload = match self.journal.read(location) {
            Ok((_, payload)) => payload,
            Err(StoreError::DamagedRecord { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Ok(record) = LeafRecord::parse(&payload) else {
            return Ok(None);
        };
        let leaf = Leaf::new(entry.kind, record.salt.clone(), record.document.to_vec());
        Ok((leaf.hash() == entry.hash).then_some(record))
    }
}
