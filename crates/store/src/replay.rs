//! Reading segments back: which groups count, and what is wrong with the others.
//!
//! A group counts when a frame that closes it is found. Of the last group in a segment nobody can
//! know whether it was acknowledged unless its closing frame is there; every other group was
//! closed, since its writer went on behind it. A writer that was told of a failed write goes on in
//! a new segment with a group that follows the last acknowledged one; the failed group, if it can
//! be read after all, then has a rival and gives way.

mod counting;
mod opening;

use crate::frame::{FrameHeader, HEADER, Piece, pieces};
use crate::keys::Keyring;
use crate::record::{ChainHead, Payload, RecordKind};
use crate::report::Problem;
use crate::segment::{self, SEGMENT_HEADER};
use crate::state::{Location, State};
use crate::thinned::Thinned;
use pagetally_proof::Hash;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) use crate::frame::HeaderFault;

/// How much of a journal is opened while it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Every record.
    Full,
    /// Audits and pass reports stay sealed where their group's digest holds: the digest covers
    /// every byte of them, so nothing that is wrong with them goes unnoticed, and a journal is read
    /// at the speed of SHA-256.
    Skim,
}

/// A record of a group that counts.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) kind: Option<RecordKind>,
    pub(crate) location: Location,
    /// What it holds; absent for a document that was left sealed.
    pub(crate) payload: Option<Payload>,
}

/// A group that counts, with what is known after it.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) records: Vec<Found>,
    /// The sequence of its first record.
    pub(crate) first: u64,
    pub(crate) segment: u32,
    pub(crate) end: u64,
    pub(crate) last: u64,
    pub(crate) chain: Option<Hash>,
    pub(crate) head: Option<ChainHead>,
    /// Documents that were taken out of it on purpose.
    pub(crate) thinned: u64,
}

/// Takes the groups that count, in order.
pub(crate) type Sink<'a> = dyn FnMut(&Group, &mut Vec<Problem>) + 'a;

/// Reads segments in their order.
pub(crate) struct Replay<'a> {
    keyring: &'a Keyring,
    depth: Depth,
    /// The last record known to have been acknowledged, where the index told.
    acknowledged: Option<u64>,
    /// The chain after the last group read; unknown after a group without a closing frame.
    chain: Option<Hash>,
    /// The chain before `pending`.
    chain_before: Option<Hash>,
    /// The last group of a segment, which the next one may turn out to rival.
    pending: Option<Group>,
    /// Where that group begins at the earliest.
    pending_begin: u64,
    /// Frames before this sequence were read earlier.
    floor: u64,
    pub(crate) next_sequence: u64,
    pub(crate) records: u64,
    /// Records whose key was destroyed on purpose: they are gone, and nothing is wrong.
    erased: BTreeSet<u64>,
    /// What was taken out of the segment that is being read.
    thinned: Thinned,
    /// How many documents were taken out of the groups that count.
    pub(crate) removed: u64,
    pub(crate) problems: Vec<Problem>,
}

/// Where a group stands.
#[derive(Clone, Copy)]
struct Last {
    of_segment: bool,
    of_journal: bool,
    /// Where the group before it ends.
    begin: usize,
}

/// The frames of one group, as they lie in the segment.
#[derive(Default)]
struct Frames<'a> {
    frames: BTreeMap<u64, (usize, FrameHeader, &'a [u8])>,
}

impl Frames<'_> {
    /// Where the last of them ends.
    fn end(&self) -> usize {
        self.frames
            .values()
            .map(|(offset, _, sealed)| offset + HEADER + sealed.len())
            .max()
            .unwrap_or(0)
    }
}

impl<'a> Replay<'a> {
    /// Continues after `state`. `acknowledged` is what the index knew, which may be more.
    pub(crate) fn after(
        state: &State,
        acknowledged: Option<u64>,
        keyring: &'a Keyring,
        depth: Depth,
    ) -> Self {
        Self {
            keyring,
            depth,
            acknowledged,
            chain: state.chain,
            chain_before: None,
            pending: None,
            pending_begin: 0,
            floor: state.next_sequence,
            next_sequence: state.next_sequence,
            records: 0,
            erased: BTreeSet::new(),
            thinned: Thinned::default(),
            removed: 0,
            problems: Vec::new(),
        }
    }

    /// Reads one segment from `from` on. Answers whether it ends with a closed group, so that a
    /// writer may go on in it.
    ///
    /// # Errors
    ///
    /// A frame or header of a newer format: nothing of it may be guessed at.
    pub(crate) fn segment(
        &mut self,
        number: u32,
        bytes: &[u8],
        from: usize,
        nothing_follows: bool,
        sink: &mut Sink<'_>,
    ) -> Result<bool, HeaderFault> {
        if bytes.len() < SEGMENT_HEADER {
            self.rubbish(number, bytes, 0, bytes.len());
            return Ok(false);
        }
        match segment::check(bytes, number) {
            Ok(()) => {}
            Err(HeaderFault::Damaged) => self
                .problems
                .push(Problem::SegmentHeader { segment: number }),
            Err(newer @ HeaderFault::Newer { .. }) => return Err(newer),
        }
        let groups = self.sort(number, bytes, from.max(SEGMENT_HEADER))?;
        let last_group = groups.keys().next_back().copied();
        let mut end = from.max(SEGMENT_HEADER);
        for (first, frames) in groups {
            let is_last_group = Some(first) == last_group;
            let last = Last {
                of_segment: is_last_group,
                of_journal: is_last_group && nothing_follows,
                begin: end,
            };
            if let Some(group_end) = self.group(number, bytes, first, &frames, last, sink) {
                end = end.max(group_end);
            }
        }
        Ok(end == bytes.len())
    }

    /// Ends the reading: the last group stands.
    pub(crate) fn finish(&mut self, sink: &mut Sink<'_>) {
        self.accept_pending(sink);
    }

    /// Sorts a segment's frames by group, and reports what is no frame or does not belong.
    fn sort<'b>(
        &mut self,
        number: u32,
        bytes: &'b [u8],
        from: usize,
    ) -> Result<BTreeMap<u64, Frames<'b>>, HeaderFault> {
        let mut groups: BTreeMap<u64, Frames<'b>> = BTreeMap::new();
        let mut highest = 0;
        let mut thinned = None;
        for piece in pieces(bytes, from)? {
            let (offset, header, sealed) = match piece {
                Piece::Frame {
                    offset,
                    header,
                    sealed,
                } => (offset, header, sealed),
                Piece::Rubbish { offset, length } => {
                    self.rubbish(number, bytes, offset, length);
                    continue;
                }
            };
            let (at, sequence) = (offset as u64, header.sequence);
            if header.segment != number {
                self.problems.push(Problem::MovedRecord {
                    segment: number,
                    offset: at,
                    from: header.segment,
                    sequence,
                });
                continue;
            }
            if header.kind == RecordKind::Thinned.code() {
                let opened = Thinned::open(self.keyring, &header, sealed);
                if opened.is_none() {
                    self.problems.push(Problem::DamagedRecord {
                        segment: number,
                        offset: at,
                        sequence,
                        kind: Some(RecordKind::Thinned),
                    });
                }
                thinned = thinned.or(opened);
                continue;
            }
            let group = groups.entry(header.group).or_default();
            if sequence < self.floor || group.frames.contains_key(&sequence) {
                self.problems.push(Problem::RepeatedRecord {
                    segment: number,
                    offset: at,
                    sequence,
                });
                continue;
            }
            if sequence < highest {
                self.problems.push(Problem::OutOfPlace {
                    segment: number,
                    offset: at,
                    sequence,
                });
            }
            highest = highest.max(sequence);
            group.frames.insert(sequence, (offset, header, sealed));
        }
        groups.retain(|_, group| !group.frames.is_empty());
        self.thinned = thinned.unwrap_or_default();
        Ok(groups)
    }

    fn rubbish(&mut self, segment: u32, bytes: &[u8], offset: usize, length: usize) {
        if length == 0 {
            return;
        }
        let at_end = offset + length == bytes.len();
        let (offset, length) = (offset as u64, length as u64);
        self.problems.push(if at_end {
            Problem::TornTail {
                segment,
                offset,
                length,
            }
        } else {
            Problem::DamagedBytes {
                segment,
                offset,
                length,
            }
        });
    }

    /// Reads one group. Answers where it ends if it counts.
    fn group(
        &mut self,
        number: u32,
        bytes: &[u8],
        first: u64,
        frames: &Frames<'_>,
        last: Last,
        sink: &mut Sink<'_>,
    ) -> Option<usize> {
        let (records, commit, intact) = match self.skim(number, bytes, first, frames) {
            Some((records, commit)) => (records, Some(commit), true),
            None => {
                let (records, commit) = self.open_all(number, bytes, first, frames);
                let intact = commit.is_some_and(|commit| self.digest_fits(&commit, bytes, frames));
                (records, commit, intact)
            }
        };
        let end = frames.end();
        let group = Group {
            last: records
                .last()
                .map_or(first, |found| found.location.sequence),
            records,
            first,
            segment: number,
            end: end as u64,
            chain: None,
            head: None,
            thinned: self
                .thinned
                .groups
                .get(&first)
                .map_or(0, |group| group.documents),
        };
        let counts = match commit {
            Some(commit) => self.closed(group, &commit, intact, last, sink),
            None => self.not_closed(group, last, sink),
        };
        counts.then_some(end)
    }
}
