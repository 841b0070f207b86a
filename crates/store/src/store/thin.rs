//! Thinning the delivered history, and packing what stays.
//!
//! One walk through the segments, from the newest to the oldest: what has been seen of a period is its
//! last audit, whatever comes later on the way is taken out. A segment is put in its own place in one
//! step, with a record at its end that names what is gone. Nothing is remembered between two walks: one
//! that was interrupted, by whatever, is done again from the journal as it stands.

use super::{Inner, Store, repack};
use crate::error::StoreError;
use crate::frame::FrameHeader;
use crate::index::{Changes, Fault, Listing, Move, Slot, Trait};
use crate::journal::base_in;
use crate::keys::DeviceId;
use crate::packing::Packing;
use crate::record::{Payload, RecordKind, WithdrawalRecord, parse_document, parse_receipt};
use crate::retention::{AgreedTime, Period, Retention};
use crate::state::Location;
use crate::thinned::Thinned;
use pagetally_model::Timestamp;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap, HashSet};

/// An index may have this much more than twice the journal's size before it is built anew.
const INDEX_SLACK: u64 = 64 << 20;

/// How many of the index's entries follow in one of its steps.
const MOVED_AT_ONCE: usize = 10_000;

/// What a walk through the history did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Thinning {
    /// Audits and reports that were taken out because the policy says so.
    pub thinned: u64,
    /// Audits and reports that were taken out because the store was over its cap.
    pub capped: u64,
    /// Segments that were put in their own place.
    pub segments: u64,
    /// Bytes of the journal before.
    pub before: u64,
    /// Bytes of the journal after.
    pub after: u64,
}

impl Store {
    /// Thins the history that Central has as `policy` says, packs what stays, and keeps the journal
    /// below its cap as far as delivered audits go. What Central does not have is not touched. Can be
    /// interrupted at any point, and called again at any time; does nothing while data keys are being
    /// replaced or the index is being built.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the disk fails; nothing is lost then, and the next call goes on.
    pub fn thin(&self, policy: &Retention, time: AgreedTime) -> Result<Thinning, StoreError> {
        let mut done = Thinning::default();
        let mut walk = Walk::new(policy, time.now());
        let Some(segments) = self.inner().ready_to_thin()? else {
            return Ok(done);
        };
        done.before = self.inner().journal.bytes()?;
        for &segment in segments.iter().rev() {
            // One segment at a time: a pass that is to be stored waits for no more.
            done.thinned += self
                .inner()
                .thin_segment(segment, &mut walk, &mut done.segments)?;
        }
        done.capped = self.keep_below(policy, &mut walk, &mut done.segments)?;
        let mut inner = self.inner();
        done.after = inner.journal.bytes()?;
        inner.shrink_index(INDEX_SLACK + 2 * done.after)?;
        if done.capped > 0 {
            let cap = policy.cap_bytes;
            let what = format!(
                "the store was over its cap of {cap} bytes: the oldest {} audits and reports that Central has were taken out",
                done.capped
            );
            let now = inner.now;
            inner.note_done(what, now)?;
        }
        Ok(done)
    }

    /// Takes delivered documents out of the oldest segments until the journal is below its cap.
    fn keep_below(
        &self,
        policy: &Retention,
        walk: &mut Walk,
        segments: &mut u64,
    ) -> Result<u64, StoreError> {
        let mut capped = 0;
        for (segment, documents) in std::mem::take(&mut walk.delivered) {
            let mut inner = self.inner();
            if inner.journal.bytes()? <= policy.cap_bytes {
                break;
            }
            let bytes = inner.journal.segment_bytes(segment)?;
            let out = Out {
                remove: documents.into_iter().collect(),
                pack: HashSet::new(),
            };
            capped += inner.replace_segment(segment, &bytes, &out)?;
            *segments += 1;
        }
        Ok(capped)
    }
}

/// Whose document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Subject {
    Device(DeviceId),
    /// Reports of passes are the site's.
    Reports,
}

/// The document that stays of a period.
#[derive(Clone, Copy, Debug)]
struct Keeper {
    sequence: u64,
    /// Whether it opens; unknown until another one would go for it.
    sound: Option<bool>,
}

/// How a submission left the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Receipt,
    Withdrawal,
}

/// What is known on the way from the newest to the oldest record.
struct Walk {
    policy: Retention,
    now: Timestamp,
    /// The end of each submission whose header is still to come.
    ends: HashMap<u64, End>,
    /// Documents that no submission carries any more.
    given_up: BTreeMap<u64, u64>,
    /// Documents that a later submission carries, and whether Central has that.
    signed_anew: HashMap<u64, bool>,
    keepers: HashMap<(Subject, Period), Keeper>,
    /// Documents that Central has and that are still there, by segment.
    delivered: BTreeMap<u32, Vec<u64>>,
}

impl Walk {
    fn new(policy: &Retention, now: Timestamp) -> Self {
        Self {
            policy: *policy,
            now,
            ends: HashMap::new(),
            given_up: BTreeMap::new(),
            signed_anew: HashMap::new(),
            keepers: HashMap::new(),
            delivered: BTreeMap::new(),
        }
    }

    fn has_given_up(&self, sequence: u64) -> bool {
        let before = self.given_up.range(..=sequence).next_back();
        before.is_some_and(|(_, last)| sequence <= *last)
    }
}

/// A document of a segment.
#[derive(Clone, Copy, Debug)]
struct Document {
    sequence: u64,
    subject: Option<Subject>,
    /// When its pass was stored.
    stored: Timestamp,
    delivered: bool,
    /// Whether it was given up before Central had it.
    given_up: bool,
    /// Whether it is packed against nothing but the dictionary.
    alone: bool,
}

/// What a walk has to know of a submission: its documents' hashes take longer to read than all else.
#[derive(Deserialize)]
struct Outline {
    signed: OutlineSigned,
    leaves: Vec<OutlineLeaf>,
}

#[derive(Deserialize)]
struct OutlineSigned {
    header: OutlineHeader,
}

#[derive(Deserialize)]
struct OutlineHeader {
    number: u64,
    created: Timestamp,
}

#[derive(Deserialize)]
struct OutlineLeaf {
    sequence: u64,
}

/// What a segment is put in its own place without, and what is packed anew.
#[derive(Default)]
pub(super) struct Out {
    pub(super) remove: HashSet<u64>,
    /// Delivered documents.
    pub(super) pack: HashSet<u64>,
}

impl Inner {
    /// The segments that may be thinned, or that tell of what is in them; nothing while others are at
    /// work on them.
    fn ready_to_thin(&mut self) -> Result<Option<Vec<u32>>, StoreError> {
        self.settle(false);
        // A segment of which nobody knows which form is durable comes first.
        self.follow_moved()?;
        let busy = self.behind.is_some() || self.unscanned.is_some() || self.state.moving.is_some();
        if busy || self.keyring.status().retiring > 0 {
            return Ok(None);
        }
        self.journal.segments().map(Some)
    }

    fn thin_segment(
        &mut self,
        segment: u32,
        walk: &mut Walk,
        segments: &mut u64,
    ) -> Result<u64, StoreError> {
        if self.behind.is_some() {
            return Ok(0); // Another index is being built, and reads the journal.
        }
        let bytes = self.journal.segment_bytes(segment)?;
        let documents = self.documents_of(segment, &bytes, walk)?;
        // The journal's end tells a torn group from a whole one by its bytes.
        let at_the_end = segment >= self.state.segment;
        let mut out = Out::default();
        for document in documents.iter().rev() {
            let goes = self.weigh(document, walk)? && !at_the_end;
            if goes {
                out.remove.insert(document.sequence);
            } else if document.delivered && !at_the_end {
                walk.delivered
                    .entry(segment)
                    .or_default()
                    .push(document.sequence);
            }
        }
        let all_delivered = documents
            .iter()
            .all(|document| document.delivered || document.given_up);
        let pack = !at_the_end && all_delivered && is_worth_packing(&documents);
        if out.remove.is_empty() && !pack {
            return Ok(0);
        }
        out.pack = documents
            .iter()
            .filter(|document| document.delivered)
            .map(|document| document.sequence)
            .collect();
        *segments += 1;
        self.replace_segment(segment, &bytes, &out)
    }

    /// Whether a document is to be taken out. Notes it as the one that stays of its periods, where none
    /// later does.
    fn weigh(&mut self, document: &Document, walk: &mut Walk) -> Result<bool, StoreError> {
        if document.given_up {
            return Ok(true);
        }
        let Some(subject) = document.subject else {
            return Ok(false);
        };
        let place = walk.policy.place(document.stored, walk.now);
        let mut stays = place.thinned_to.is_none() || !document.delivered;
        for period in [place.thinned_to, place.billing].into_iter().flatten() {
            let known = walk.keepers.get(&(subject, period)).copied();
            let sound = match known {
                Some(Keeper {
                    sound: Some(sound), ..
                }) => sound,
                Some(Keeper { sequence, .. }) if !stays => self.opens(sequence)?,
                // It is not asked for; whoever comes after this one will ask.
                Some(_) => continue,
                None => false,
            };
            let keeper = if sound {
                known.map(|keeper| Keeper {
                    sound: Some(true),
                    ..keeper
                })
            } else {
                stays = true;
                None
            };
            let keeper = keeper.unwrap_or(Keeper {
                sequence: document.sequence,
                sound: None,
            });
            walk.keepers.insert((subject, period), keeper);
        }
        Ok(!stays)
    }

    fn opens(&mut self, sequence: u64) -> Result<bool, StoreError> {
        let Some(place) = self.place_of(sequence)? else {
            return Ok(false);
        };
        match self.journal.read(&place) {
            Ok(_) => Ok(true),
            Err(StoreError::DamagedRecord { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The documents of a segment that count, in their order; takes note of receipts, withdrawals and
    /// submissions on the way.
    fn documents_of(
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
        let open =
            |header: &FrameHeader, offset: usize| open_at(self, segment, bytes, header, offset);
        let mut carried: HashMap<u64, (Timestamp, bool)> = HashMap::new();
        let mut seen = HashSet::new();
        let mut seen_withdrawals = HashSet::new();
        for (header, offset) in frames.iter().rev() {
            match RecordKind::from_code(header.kind) {
                Some(RecordKind::Receipt) => {
                    let receipt = open(header, *offset).and_then(|p| parse_receipt(&p).ok());
                    if let Some(receipt) = receipt {
                        walk.ends.insert(receipt.number, End::Receipt);
                    }
                }
                // Central did not book it: its documents are kept until they are sent again.
                Some(RecordKind::Rejection) => {
                    let receipt = open(header, *offset).and_then(|p| parse_receipt(&p).ok());
                    if let Some(receipt) = receipt {
                        walk.ends.insert(receipt.number, End::Withdrawal);
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
                        carried.insert(leaf.sequence, (record.signed.header.created, delivered));
                    }
                }
                _ => {}
            }
        }
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
            let Some((stored, _)) = carried.get(&header.sequence) else {
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

    /// Puts a segment in its own place without what is to go, and lets the index follow. Answers how
    /// many documents went.
    fn replace_segment(
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
    pub(super) fn follow_moved(&mut self) -> Result<(), StoreError> {
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

/// Whether packing a segment saves something: some device has two audits in it that stand alone.
fn is_worth_packing(documents: &[Document]) -> bool {
    let mut bases: HashMap<Subject, usize> = HashMap::new();
    let mut audits: HashMap<Subject, usize> = HashMap::new();
    for document in documents {
        let Some(subject @ Subject::Device(_)) = document.subject else {
            continue;
        };
        *audits.entry(subject).or_default() += 1;
        *bases.entry(subject).or_default() += usize::from(document.alone);
    }
    bases.iter().any(|(subject, bases)| {
        let audits = audits.get(subject).copied().unwrap_or(0);
        *bases > audits.div_ceil(crate::packing::MAX_DELTAS + 1)
    })
}

pub(super) fn sealed_at<'a>(
    bytes: &'a [u8],
    offset: usize,
    header: &FrameHeader,
) -> Option<&'a [u8]> {
    let begin = offset.checked_add(crate::frame::HEADER)?;
    bytes.get(begin..begin.checked_add(header.sealed_length())?)
}

pub(super) fn open_at(
    inner: &Inner,
    segment: u32,
    bytes: &[u8],
    header: &FrameHeader,
    offset: usize,
) -> Option<Payload> {
    let key = inner.keyring.find(header.key)?;
    let sealed = sealed_at(bytes, offset, header)?;
    let base = |on| base_in(&inner.keyring, segment, bytes, on);
    header.open_over(&key.key, sealed, base).ok()
}

#[cfg(test)]
mod tests;
