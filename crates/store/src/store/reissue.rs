//! Signing waiting documents anew: what damage left of a submission, and everything that waits where
//! Central's books are on another past.

use super::pass::canonical_error;
use super::{Inner, Store};
use crate::batch::{BooksEnd, Reissued, SigningContext};
use crate::error::StoreError;
use crate::record::{
    ChainHead, LeafEntry, NewRecord, RecordKind, StoreEvent, WithdrawalRecord, document_payload,
};
use pagetally_model::Timestamp;
use pagetally_proof::Hash;
use std::ops::RangeInclusive;

/// What can still be sent of a submission.
struct Whole {
    number: u64,
    entries: Vec<LeafEntry>,
    /// How many documents damage or erasing took; nothing is known where the header is gone.
    lost: Option<u64>,
}

impl Whole {
    fn is_whole(&self) -> bool {
        self.lost == Some(0)
    }

    fn problem(&self) -> Option<String> {
        let number = self.number;
        match self.lost {
            Some(0) => None,
            Some(lost) => Some(format!(
                "submission {number} had lost {lost} of its documents and was signed anew without them"
            )),
            None => Some(format!(
                "submission {number} had lost its header and could not be signed anew"
            )),
        }
    }
}

impl Store {
    /// Lets the chain of submissions go on where Central's books end: in one durable step every
    /// waiting submission is signed anew under the numbers behind it, with the same documents and
    /// salts, the old ones leave the outbox, and the chain's head moves. Documents that are not
    /// whole are left out, and an event tells so. This is how an agent comes back whose folder was
    /// restored from a backup or copied, or whose outbox holds what damage made unsendable.
    ///
    /// Nothing changes, and nothing is answered, where all that waits is whole and this store's
    /// chain goes through the end of the books anyway.
    ///
    /// # Errors
    ///
    /// As [`commit_pass`](Self::commit_pass). Nothing has changed then.
    pub fn continue_after(
        &self,
        books: BooksEnd,
        context: &SigningContext<'_>,
    ) -> Result<Option<Reissued>, StoreError> {
        let mut inner = self.inner();
        let waiting: Vec<u64> = inner.state.waiting.iter().collect();
        let waiting: Vec<Whole> = waiting
            .into_iter()
            .map(|number| inner.whole(number))
            .collect::<Result<_, _>>()?;
        if waiting.iter().all(Whole::is_whole) && inner.goes_through(books)? {
            return Ok(None);
        }
        let mut group = inner.begin(context)?;
        group.head = (books.number > 0).then_some(ChainHead {
            agent: context.agent,
            number: books.number,
            hash: books.header,
        });
        // First all withdrawals: the new numbers may be among the old ones. Twice, since a lost one
        // would offer a submission again that Central takes for a contradiction.
        let mut next = group.number();
        for whole in &waiting {
            let replacement = (!whole.entries.is_empty()).then_some(next);
            next = next.saturating_add(u64::from(replacement.is_some()));
            for _ in 0..2 {
                group
                    .records
                    .push(withdrawal(whole.number, replacement, &[], context.now)?);
            }
        }
        group.records.push(event(&waiting, books, context.now)?);
        for whole in waiting {
            if !whole.entries.is_empty() {
                group.entries = whole.entries;
                group.close()?;
            }
        }
        let submissions = inner.store_submissions(group, context)?;
        Ok(Some(Reissued { submissions }))
    }
}

/// A submission leaves the outbox, and the documents in `given_up` with it.
pub(super) fn withdrawal(
    number: u64,
    replacement: Option<u64>,
    given_up: &[RangeInclusive<u64>],
    at: Timestamp,
) -> Result<NewRecord, StoreError> {
    let record = WithdrawalRecord {
        number,
        replacement,
        given_up: given_up
            .iter()
            .map(|range| (*range.start(), *range.end()))
            .collect(),
        at,
    };
    let payload = document_payload(&record).map_err(canonical_error("withdrawal"))?;
    Ok(NewRecord::site(RecordKind::Withdrawal, payload))
}

fn event(waiting: &[Whole], books: BooksEnd, at: Timestamp) -> Result<NewRecord, StoreError> {
    let event = StoreEvent {
        at,
        problems: waiting.iter().filter_map(Whole::problem).collect(),
        done: vec![format!(
            "{} waiting submissions were signed anew behind number {} of Central's books",
            waiting.len(),
            books.number
        )],
    };
    let payload = document_payload(&event).map_err(canonical_error("event"))?;
    Ok(NewRecord::site(RecordKind::Event, payload))
}

impl Inner {
    /// The documents of a submission that are whole.
    fn whole(&mut self, number: u64) -> Result<Whole, StoreError> {
        let record = match self.submission(number) {
            Ok(record) => record,
            Err(StoreError::DamagedRecord { .. } | StoreError::NoSubmission { .. }) => {
                return Ok(Whole {
                    number,
                    entries: Vec::new(),
                    lost: None,
                });
            }
            Err(error) => return Err(error),
        };
        let documents = self.documents(&record)?;
        let leaves = record.leaves.len();
        let entries: Vec<LeafEntry> = record
            .leaves
            .into_iter()
            .zip(documents)
            .filter_map(|(entry, leaf)| leaf.map(|_| entry))
            .collect();
        let lost = leaves.saturating_sub(entries.len()) as u64;
        Ok(Whole {
            number,
            entries,
            lost: Some(lost),
        })
    }

    /// Whether this store's chain, followed back from its head, leads to the end of the books.
    fn goes_through(&mut self, books: BooksEnd) -> Result<bool, StoreError> {
        let (mut number, mut hash) = self
            .state
            .head
            .map_or((0, Hash::ZERO), |head| (head.number, head.hash));
        while number > books.number {
            let header = match self.submission(number) {
                Ok(record) => record.signed.header,
                Err(StoreError::DamagedRecord { .. } | StoreError::NoSubmission { .. }) => {
                    return Ok(false);
                }
                Err(error) => return Err(error),
            };
            if header.hash() != hash {
                return Ok(false);
            }
            number -= 1;
            hash = header.previous;
        }
        Ok((number, hash) == (books.number, books.header))
    }
}
