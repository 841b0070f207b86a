//! What Central rejected: its numbers are used up, its documents are kept, and can be sent again.

use super::pass::canonical_error;
use super::reissue::withdrawal;
use super::{Inner, Store, unreadable};
use crate::batch::{Receipt, Reissued, SigningContext};
use crate::error::StoreError;
use crate::record::{
    LeafEntry, NewRecord, RecordKind, StoreEvent, document_payload, parse_receipt,
};

impl Store {
    /// Stores Central's receipt for a submission that it did not book, which takes the submission out of
    /// the outbox, in one durable step. Its documents do not count as delivered: they are kept until
    /// [`send_rejected_again`](Self::send_rejected_again).
    ///
    /// # Errors
    ///
    /// As [`record_receipt`](Self::record_receipt).
    pub fn record_rejection(&self, receipt: &Receipt) -> Result<(), StoreError> {
        self.inner().take_receipt(receipt, RecordKind::Rejection)
    }

    /// The receipts of what Central rejected and was not sent again since, by number.
    ///
    /// # Errors
    ///
    /// [`StoreError::DamagedRecord`] when one of them is not whole.
    pub fn rejected(&self) -> Result<Vec<Receipt>, StoreError> {
        let inner = self.inner();
        let places = inner.state.rejected.values();
        let receipt = |place| {
            let (_, payload) = inner.journal.read(place)?;
            parse_receipt(&payload).map_err(|_| unreadable(place))
        };
        places.map(receipt).collect()
    }

    /// Signs the documents of everything that Central rejected anew, with the same leaves and salts, behind
    /// all that waits, in one durable step. To be called when the cause is mended: each time uses up
    /// a number. Nothing is answered where nothing is rejected.
    ///
    /// # Errors
    ///
    /// As [`commit_pass`](Self::commit_pass). Nothing has changed then.
    pub fn send_rejected_again(
        &self,
        context: &SigningContext<'_>,
    ) -> Result<Option<Reissued>, StoreError> {
        let mut inner = self.inner();
        let rejected = inner.all_that_is_rejected()?;
        if rejected.is_empty() {
            return Ok(None);
        }
        let mut group = inner.begin(context)?;
        let first = group.number();
        for ((number, _), next) in rejected.iter().zip(first..) {
            let record = withdrawal(*number, Some(next), &[], context.now)?;
            group.records.push(record);
        }
        let event = StoreEvent {
            at: context.now,
            problems: Vec::new(),
            done: vec![format!(
                "{} submissions that Central had rejected were signed anew, from number {first} on",
                rejected.len()
            )],
        };
        let payload = document_payload(&event).map_err(canonical_error("event"))?;
        group
            .records
            .push(NewRecord::site(RecordKind::Event, payload));
        for (_, entries) in rejected {
            group.entries = entries;
            group.close()?;
        }
        let submissions = inner.store_submissions(group, context)?;
        Ok(Some(Reissued { submissions }))
    }
}

impl Inner {
    /// Number and leaves of each rejected submission whose header is there.
    fn all_that_is_rejected(&mut self) -> Result<Vec<(u64, Vec<LeafEntry>)>, StoreError> {
        let numbers: Vec<u64> = self.state.rejected.keys().copied().collect();
        let mut rejected = Vec::with_capacity(numbers.len());
        for number in numbers {
            if let Some(record) = self.header_of(number)?
                && !record.leaves.is_empty()
            {
                rejected.push((number, record.leaves));
            }
        }
        Ok(rejected)
    }
}
