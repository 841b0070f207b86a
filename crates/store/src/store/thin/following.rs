//! A segment that is put in its own place, and the index that follows it.

use super::documents::Outline;
use super::{Out, open_at, sealed_at};
use crate::error::StoreError;
use crate::index::{Changes, Fault, Listing, Move, Slot, Trait};
use crate::record::{RecordKind, parse_document, parse_receipt};
use crate::state::Location;
use crate::store::{Inner, repack};
use crate::thinned::Thinned;
use std::collections::{HashMap, HashSet};

/// How many of the index's entries follow in one of its steps.
const MOVED_AT_ONCE: usize = 10_000;

impl Inner {
    /// Puts a segment in its own place without what is to go, and lets the index follow. Answers how
    /// many documents went.
    pub(super) fn replace_segment(
        &mut self,
        segment: u32,
        bytes: &[u8],
        out: &Out,
    ) -> Result<u64, StoreError> {
        let thinner = repack::without(&self.keyring, segment, bytes, out)?;
        let gone = self.entries_of(segment, bytes, Some(&thinner.removed))?;
        // From here on until the index has followed, it must not be believed about this segment.
        self.state.moving = Some(segment);
        let noted = self.index.apply(Changes::default(), &self.state);
        if let Err(fault) = noted {
            self.state.moving = None;
            self.rebuild(&fault)?;
            return Ok(0);
        }
        if let Err(error) = self.journal.replace(segment, &thinner.bytes) {
            // Either of the two may be there.
            self.follow_moved()?;
            return Err(error);
        }
        self.state.thinned += thinner.documents;
        self.follow(segment, &thinner.bytes, gone, true)?;
        Ok(thinner.documents)
    }

    /// Brings the index in line with a segment that another was put in the place of. Which of the two is
    /// there may change once more at a power cut, until it is durable: so long the next opening has to
    /// look again.
    pub(in crate::store) fn follow_moved(&mut self) -> Result<(), StoreError> {
        let Some(segment) = self.state.moving else {
            return Ok(());
        };
        let bytes = self.journal.segment_bytes(segment)?;
        let confirmed = self.journal.replace(segment, &bytes);
        if let Err(error) = &confirmed {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "a power cut may still change which form of a segment is there"
            );
        }
        let mut gone = Vec::new();
        for (offset, header) in self.frames(segment, &bytes)? {
            if header.kind != RecordKind::Thinned.code() {
                continue;
            }
            let sealed = sealed_at(&bytes, offset, &header);
            let thinned = sealed.and_then(|sealed| Thinned::open(&self.keyring, &header, sealed));
            let ranges = thinned.into_iter().flat_map(|thinned| thinned.groups);
            for sequence in ranges.flat_map(|(_, group)| group.removed).flatten() {
                gone.push((Slot::Leaf(sequence).row(), sequence, None));
            }
        }
        self.follow(segment, &bytes, gone, confirmed.is_ok())
    }

    fn follow(
        &mut self,
        segment: u32,
        bytes: &[u8],
        mut entries: Vec<Move>,
        is_durable: bool,
    ) -> Result<(), StoreError> {
        entries.extend(self.entries_of(segment, bytes, None)?);
        let places: HashMap<u64, Location> = self
            .frames(segment, bytes)?
            .into_iter()
            .map(|(offset, header)| (header.sequence, Location::of(segment, offset, &header)))
            .collect();
        let kept = self.state.latest.values_mut().flatten();
        let rejected = self.state.rejected.values_mut();
        for location in kept.chain(&mut self.state.untold).chain(rejected) {
            if location.segment == segment
                && let Some(place) = places.get(&location.sequence)
            {
                *location = *place;
            }
        }
        let followed = self.move_entries(segment, entries);
        if is_durable {
            self.state.moving = None;
        }
        let followed = followed.and_then(|()| self.index.apply(Changes::default(), &self.state));
        match followed {
            Ok(()) => Ok(()),
            Err(fault) => self.rebuild(&fault),
        }
    }

    /// Lets the index's entries follow, some at a time: each call to it has a deadline, and a segment may
    /// have a hundred thousand.
    fn move_entries(&self, segment: u32, entries: Vec<Move>) -> Result<(), Fault> {
        for some in entries.chunks(MOVED_AT_ONCE) {
            let mut changes = Changes::default();
            self.index.moved(&mut changes, segment, some.to_vec());
            self.index.apply(changes, &self.state)?;
        }
        Ok(())
    }

    /// The index's entries of a segment's frames, with where those are; of the ones in `only`, without.
    fn entries_of(
        &self,
        segment: u32,
        bytes: &[u8],
        only: Option<&HashSet<u64>>,
    ) -> Result<Vec<Move>, StoreError> {
        let mut entries = Vec::new();
        for (offset, header) in self.frames(segment, bytes)? {
            let sequence = header.sequence;
            if only.is_some_and(|only| !only.contains(&sequence)) {
                continue;
            }
            let place = Location::of(segment, offset, &header);
            let to = only.is_none().then_some(place);
            let mut slot = |slot: Slot| entries.push((slot.row(), sequence, to));
            let open = || open_at(self, segment, bytes, &header, offset);
            match RecordKind::from_code(header.kind) {
                Some(RecordKind::Audit) => {
                    slot(Slot::Leaf(sequence));
                    let traits = open().and_then(|payload| crate::catalogue::traits(&payload));
                    for (by, text) in traits.into_iter().flatten() {
                        if by != Trait::Audit {
                            let listing = Listing::AuditsWith(by, &text);
                            entries.push((self.index.listed(listing, sequence), sequence, to));
                        }
                    }
                }
                Some(RecordKind::PassReport) => slot(Slot::Leaf(sequence)),
                Some(RecordKind::Submission) => {
                    let record: Option<Outline> =
                        open().and_then(|payload| parse_document(&payload).ok());
                    if let Some(record) = record {
                        let number = record.signed.header.number;
                        slot(Slot::Submission(number));
                        slot(Slot::SubmissionCopy(number));
                    }
                }
                Some(RecordKind::Receipt) => {
                    let receipt = open().and_then(|payload| parse_receipt(&payload).ok());
                    if let Some(receipt) = receipt {
                        slot(Slot::Receipt(receipt.number));
                    }
                }
                Some(RecordKind::Event) => {
                    entries.push((self.index.listed(Listing::Events, sequence), sequence, to));
                }
                _ => {}
            }
        }
        Ok(entries)
    }
}
