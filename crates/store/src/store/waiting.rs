//! Thinning what Central does not have, where the store is over its cap.
//!
//! Of each whole day the last audit of each device stays, and the last one before each cut-off, and they
//! are signed anew. That is one step of the journal: every waiting submission but the first is withdrawn,
//! those that still have documents are signed again behind the first, and an event tells what was given
//! up; the next pass's report, which is signed, carries it to Central.
//!
//! The first stays as it is: Central may have it already, its receipt lost on the way. Submissions are
//! sent in order and each waits for its receipt, so no other can be there.

use super::pass::canonical_error;
use super::reissue::withdrawal;
use super::{Inner, Store};
use crate::batch::SigningContext;
use crate::error::StoreError;
use crate::index::Slot;
use crate::keys::DeviceId;
use crate::record::{
    ChainHead, LeafEntry, NewRecord, RecordKind, StoreEvent, SubmissionRecord, document_payload,
};
use crate::retention::{Period, Retention};
use crate::thinned::ranges;
use pagetally_model::Timestamp;
use pagetally_proof::{Hash, LeafKind};
use std::collections::HashSet;

const WITHDRAWN: &[u8] = b"pagetally/withdrawn-submissions/1\0";

/// A waiting submission, and what is left of it.
struct Left {
    record: SubmissionRecord,
    entries: Vec<LeafEntry>,
    given_up: Vec<u64>,
}

impl Store {
    /// Thins what waits for Central to the last audit of each device and whole day, and before each
    /// cut-off, by signing what stays anew in one durable step. For a store that is over its cap though
    /// nothing is left in it that Central has; [`thin`](Self::thin) then takes the rest out. Answers how
    /// many audits and reports were given up.
    ///
    /// # Errors
    ///
    /// As [`commit_pass`](Self::commit_pass). Nothing has changed then.
    pub fn thin_waiting(
        &self,
        policy: &Retention,
        context: &SigningContext<'_>,
    ) -> Result<u64, StoreError> {
        let mut inner = self.inner();
        let Some(first) = inner.state.waiting.iter().next() else {
            return Ok(0);
        };
        let first = match inner.submission(first) {
            Ok(record) => record.signed.header,
            // Nobody can sign behind it until Central has said where its books end.
            Err(StoreError::DamagedRecord { .. } | StoreError::NoSubmission { .. }) => {
                return Ok(0);
            }
            Err(error) => return Err(error),
        };
        let waiting = inner.left_of_waiting(first.number, policy, context.now)?;
        let given_up: u64 = waiting.iter().map(|left| left.given_up.len() as u64).sum();
        if given_up == 0 {
            return Ok(0);
        }
        let mut group = inner.begin(context)?;
        group.head = Some(ChainHead {
            agent: first.agent,
            number: first.number,
            hash: first.hash(),
        });
        let mut next = group.number();
        for left in &waiting {
            let number = left.record.signed.header.number;
            let replacement = (!left.entries.is_empty()).then_some(next);
            next = next.saturating_add(u64::from(replacement.is_some()));
            let gone = ranges(left.given_up.iter().copied());
            for _ in 0..2 {
                let record = withdrawal(number, replacement, &gone, context.now)?;
                group.records.push(record);
            }
        }
        group
            .records
            .push(told(&waiting, given_up, policy, context.now)?);
        for left in waiting {
            if !left.entries.is_empty() {
                group.entries = left.entries;
                group.close()?;
            }
        }
        inner.store_submissions(group, context)?;
        Ok(given_up)
    }
}

/// The event that the next pass's report carries.
fn told(
    waiting: &[Left],
    given_up: u64,
    policy: &Retention,
    at: Timestamp,
) -> Result<NewRecord, StoreError> {
    let headers = waiting.iter().map(|left| &left.record.signed.header);
    let hashes: Vec<Hash> = headers.clone().map(|header| header.hash()).collect();
    let mut parts: Vec<&[u8]> = vec![WITHDRAWN];
    parts.extend(hashes.iter().map(|hash| hash.as_bytes().as_slice()));
    let created = headers.map(|header| header.created);
    let (from, to) = (created.clone().min(), created.max());
    let span = match (from, to) {
        (Some(from), Some(to)) => format!(" from {from} to {to}"),
        _ => String::new(),
    };
    let problem = format!(
        "the store was over its cap of {} bytes: of what waited for Central{span}, {given_up} audits and reports were given up, and the last of each device and day stayed; the headers of the submissions that were signed anew hash to {}",
        policy.cap_bytes,
        Hash::of(&parts)
    );
    let event = StoreEvent {
        at,
        problems: vec![problem],
        done: Vec::new(),
    };
    let payload = document_payload(&event).map_err(canonical_error("event"))?;
    Ok(NewRecord::site(RecordKind::Event, payload))
}

impl Inner {
    /// What is left of each waiting submission behind `first`, in their order.
    fn left_of_waiting(
        &mut self,
        first: u64,
        policy: &Retention,
        now: Timestamp,
    ) -> Result<Vec<Left>, StoreError> {
        let waiting: Vec<u64> = self.state.waiting.iter().filter(|n| *n > first).collect();
        let mut kept: HashSet<(Option<DeviceId>, Period)> = HashSet::new();
        let mut left = Vec::with_capacity(waiting.len());
        for number in waiting.into_iter().rev() {
            let record = match self.submission(number) {
                Ok(record) => record,
                // Without its header nothing of it can be signed anew before Central is asked.
                Err(StoreError::DamagedRecord { .. } | StoreError::NoSubmission { .. }) => {
                    return Ok(Vec::new());
                }
                Err(error) => return Err(error),
            };
            let periods = policy.waiting_place(record.signed.header.created, now);
            let (mut entries, mut given_up) = (Vec::new(), Vec::new());
            let devices = self.devices_of(&record)?;
            for (entry, device) in record.leaves.iter().zip(devices).rev() {
                let is_last = match (&device, periods) {
                    // The day is not over, or nobody knows whose it is.
                    (_, None) | (None, _) => true,
                    (Some(device), Some(periods)) => {
                        let periods = periods.into_iter().flatten();
                        // All of them are noted.
                        periods.fold(false, |last, period| kept.insert((*device, period)) | last)
                    }
                };
                if is_last {
                    entries.push(entry.clone());
                } else {
                    given_up.push(entry.sequence);
                }
            }
            entries.reverse();
            given_up.reverse();
            left.push(Left {
                record,
                entries,
                given_up,
            });
        }
        left.reverse();
        Ok(left)
    }

    /// Whose each document of a submission is: a device's, the site's (`Some(None)`), or, where its frame
    /// is lost or sealed by a key that devices share, nobody's.
    fn devices_of(
        &mut self,
        record: &SubmissionRecord,
    ) -> Result<Vec<Option<Option<DeviceId>>>, StoreError> {
        let slots: Vec<Slot> = record
            .leaves
            .iter()
            .map(|entry| Slot::Leaf(entry.sequence))
            .collect();
        let places = self.ask(|index| index.get(&slots))?;
        let mut devices = Vec::with_capacity(places.len());
        for (entry, place) in record.leaves.iter().zip(places) {
            devices.push(match (entry.kind, place) {
                (LeafKind::PassReport, Some(_)) => Some(None),
                (_, Some(place)) => self
                    .journal
                    .header(&place)?
                    .and_then(|header| self.keyring.find(header.key))
                    .and_then(|key| key.device)
                    .map(Some),
                (_, None) => None,
            });
        }
        Ok(devices)
    }
}
