//! Signing waiting documents anew: everything that waits where Central's books are on another past, or
//! where a header was lost.

use super::pass::canonical_error;
use super::thin::open_at;
use super::{Inner, Store};
use crate::batch::{BooksEnd, Reissued, SigningContext};
use crate::error::StoreError;
use crate::index::Slot;
use crate::record::{
    ChainHead, LeafEntry, LeafRecord, NewRecord, RecordKind, StoreEvent, SubmissionRecord,
    WithdrawalRecord, document_payload,
};
use pagetally_model::Timestamp;
use pagetally_proof::{Hash, Leaf, LeafKind};
use std::collections::HashSet;
use std::ops::RangeInclusive;

/// What is signed anew of a submission.
struct Waiting {
    number: u64,
    entries: Vec<LeafEntry>,
    /// Whether damage took its header, so that nobody knows which documents it had besides these.
    headless: bool,
}

impl Waiting {
    fn problem(&self) -> Option<String> {
        let (number, found) = (self.number, self.entries.len());
        self.headless.then(|| {
            format!(
                "submission {number} had lost its header; the {found} documents of it that were found were signed anew"
            )
        })
    }
}

impl Store {
    /// Lets the chain of submissions go on where Central's books end: in one durable step every
    /// waiting submission is signed anew under the numbers behind it, with the same leaves and
    /// salts, the old ones leave the outbox, and the chain's head moves. A waiting change of the agent's
    /// keys is taken back where `context` has the key before it, and dropped where Central has it. This is how an agent comes back
    /// whose folder was restored from a backup or copied, or whose outbox lost a header to damage: what is
    /// found of that submission's documents is signed anew, and an event tells so.
    ///
    /// Nothing changes, and nothing is answered, where the headers of all that waits are there and this
    /// store's chain goes through the end of the books anyway.
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
        let waiting = inner.all_that_waits()?;
        if !waiting.iter().any(|waiting| waiting.headless) && inner.goes_through(books)? {
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
        for old in &waiting {
            let replacement = (!old.entries.is_empty()).then_some(next);
            next = next.saturating_add(u64::from(replacement.is_some()));
            for _ in 0..2 {
                group
                    .records
                    .push(withdrawal(old.number, replacement, &[], context.now)?);
            }
        }
        group.records.push(event(&waiting, books, context.now)?);
        group.records.extend(inner.back_to(context.key)?);
        for old in waiting {
            if !old.entries.is_empty() {
                group.entries = old.entries;
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

fn event(waiting: &[Waiting], books: BooksEnd, at: Timestamp) -> Result<NewRecord, StoreError> {
    let event = StoreEvent {
        at,
        problems: waiting.iter().filter_map(Waiting::problem).collect(),
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
    /// The waiting submissions in their order.
    fn all_that_waits(&mut self) -> Result<Vec<Waiting>, StoreError> {
        let numbers: Vec<u64> = self.state.waiting.iter().collect();
        let mut waiting = Vec::with_capacity(numbers.len());
        for number in numbers {
            let entries = self.header_of(number)?.map(|record| record.leaves);
            // A change of keys is of its own number, and is made anew where Central does not have it.
            let is_rotation = |entry: &LeafEntry| entry.kind == LeafKind::KeyRotation;
            let entries = entries.map(|mut entries| {
                entries.retain(|entry| !is_rotation(entry));
                entries
            });
            waiting.push(Waiting {
                number,
                headless: entries.is_none(),
                entries: entries.unwrap_or_default(),
            });
        }
        let mut carried: HashSet<u64> = HashSet::new();
        let entries = waiting.iter().flat_map(|waiting| &waiting.entries);
        carried.extend(entries.map(|entry| entry.sequence));
        for waiting in waiting.iter_mut().filter(|waiting| waiting.headless) {
            waiting.entries = self.documents_first_in(waiting.number, &carried)?;
        }
        Ok(waiting)
    }

    /// Waiting submissions before `number` whose headers were lost.
    pub(super) fn headless_before(&mut self, number: u64) -> Result<Vec<u64>, StoreError> {
        let before: Vec<u64> = self
            .state
            .waiting
            .iter()
            .take_while(|n| *n < number)
            .collect();
        let mut headless = Vec::new();
        for number in before {
            if self.header_of(number)?.is_none() {
                headless.push(number);
            }
        }
        Ok(headless)
    }

    /// A submission's record; nothing where damage took it.
    pub(super) fn header_of(
        &mut self,
        number: u64,
    ) -> Result<Option<SubmissionRecord>, StoreError> {
        match self.submission(number) {
            Ok(record) => Ok(Some(record)),
            Err(StoreError::DamagedRecord { .. } | StoreError::NoSubmission { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The documents that say of themselves that they were first signed in submission `number`, and that
    /// no other one carries. They lie behind the submission before it.
    fn documents_first_in(
        &mut self,
        number: u64,
        carried: &HashSet<u64>,
    ) -> Result<Vec<LeafEntry>, StoreError> {
        let before = [Slot::Submission(number.saturating_sub(1))];
        let before = self.ask(|index| index.get(&before))?;
        let from = before
            .into_iter()
            .flatten()
            .next()
            .map_or(0, |at| at.segment);
        let mut entries = Vec::new();
        for segment in self.journal.segments()?.into_iter().filter(|s| *s >= from) {
            let bytes = self.journal.segment_bytes(segment)?;
            for (offset, header) in self.frames(segment, &bytes)? {
                let kind = match RecordKind::from_code(header.kind) {
                    Some(RecordKind::Audit) => LeafKind::Audit,
                    Some(RecordKind::PassReport) => LeafKind::PassReport,
                    _ => continue,
                };
                let leaf = open_at(self, segment, &bytes, &header, offset)
                    .and_then(|payload| LeafRecord::parse(&payload).ok())
                    .filter(|leaf| leaf.number == number && !carried.contains(&header.sequence));
                if let Some(leaf) = leaf {
                    let hash = Leaf::new(kind, leaf.salt, leaf.document.to_vec()).hash();
                    entries.push(LeafEntry {
                        kind,
                        hash,
                        sequence: header.sequence,
                    });
                }
            }
        }
        // What the index does not place does not count: its group was given up.
        let slots: Vec<Slot> = entries
            .iter()
            .map(|entry| Slot::Leaf(entry.sequence))
            .collect();
        let mut places = self.ask(|index| index.get(&slots))?.into_iter();
        entries.retain(|_| places.next().flatten().is_some());
        entries.sort_by_key(|entry| entry.sequence);
        Ok(entries)
    }

    /// Whether this store's chain, followed back from its head, leads to the end of the books.
    fn goes_through(&mut self, books: BooksEnd) -> Result<bool, StoreError> {
        let (mut number, mut hash) = self
            .state
            .head
            .map_or((0, Hash::ZERO), |head| (head.number, head.hash));
        while number > books.number {
            let Some(record) = self.header_of(number)? else {
                return Ok(false);
            };
            let header = record.signed.header;
            if header.hash() != hash {
                return Ok(false);
            }
            number -= 1;
            hash = header.previous;
        }
        Ok((number, hash) == (books.number, books.header))
    }
}
