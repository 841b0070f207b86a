//! Reading segments back: which groups count, and what is wrong with the others.
//!
//! A group counts when a frame that closes it is found. Of the last group in a segment nobody can
//! know whether it was acknowledged unless its closing frame is there; every other group was
//! closed, since its writer went on behind it. A writer that was told of a failed write goes on in
//! a new segment with a group that follows the last acknowledged one; the failed group, if it can
//! be read after all, then has a rival and gives way.

use crate::frame::{FrameHeader, HEADER, OpenFault, Piece, pieces};
use crate::journal::base_in;
use crate::keys::Keyring;
use crate::record::{ChainHead, Commit, Payload, RecordKind};
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

    /// Reads a group whose digest holds without opening its documents; nothing for any other, and
    /// nothing was reported then.
    fn skim(
        &mut self,
        number: u32,
        bytes: &[u8],
        first: u64,
        frames: &Frames<'_>,
    ) -> Option<(Vec<Found>, Commit)> {
        if self.depth == Depth::Full {
            return None;
        }
        let commit = frames
            .frames
            .values()
            .rev()
            .find_map(|(_, header, sealed)| {
                let key = self.keyring.find(header.key)?;
                (header.kind == RecordKind::Commit.code())
                    .then(|| header.open(&key.key, sealed))
                    .flatten()
                    .and_then(|payload| Commit::parse(&payload).ok())
                    .filter(|commit| commit.first == first)
            })?;
        let closing = frames.frames.range(commit.last().saturating_add(1)..);
        let all_known = frames
            .frames
            .values()
            .all(|(_, header, _)| self.keyring.find(header.key).is_some());
        // Of two closing frames one may be damaged: then all is opened and reported.
        if !all_known || closing.count() != 2 || !self.digest_fits(&commit, bytes, frames) {
            return None;
        }
        let mut records = Vec::with_capacity(frames.frames.len());
        for &(offset, header, sealed) in frames.frames.values() {
            let kind = RecordKind::from_code(header.kind);
            let sealed_document = matches!(kind, Some(RecordKind::Audit | RecordKind::PassReport));
            let found = if sealed_document {
                Found {
                    kind,
                    location: Location::of(number, offset, &header),
                    payload: None,
                }
            } else {
                let Some(found) = self.open(number, bytes, offset, &header, sealed) else {
                    continue; // The second closing frame; what is wrong with it is reported.
                };
                found
            };
            self.next_sequence = self.next_sequence.max(header.sequence.saturating_add(1));
            if kind != Some(RecordKind::Commit) {
                records.push(found);
            }
        }
        Some((records, commit))
    }

    /// Opens the frames of a group: its records, and the frame that closes it.
    fn open_all(
        &mut self,
        number: u32,
        bytes: &[u8],
        first: u64,
        frames: &Frames<'_>,
    ) -> (Vec<Found>, Option<Commit>) {
        let mut records = Vec::new();
        let mut commit = None;
        for &(offset, header, sealed) in frames.frames.values() {
            let Some(found) = self.open(number, bytes, offset, &header, sealed) else {
                continue;
            };
            self.next_sequence = self.next_sequence.max(header.sequence.saturating_add(1));
            if found.kind == Some(RecordKind::Commit) {
                commit = commit.or(self.commit(&found, first));
            } else {
                records.push(found);
            }
        }
        (records, commit)
    }

    /// Takes a group without a frame that closes it. Answers whether it counts.
    fn not_closed(&mut self, group: Group, last: Last, sink: &mut Sink<'_>) -> bool {
        let acknowledged = self.acknowledged.is_some_and(|known| known >= group.last);
        if last.of_segment && !acknowledged {
            self.unclosed(&group, last);
            return false;
        }
        self.accept_pending(sink);
        self.problems.push(Problem::CommitLost {
            segment: group.segment,
            first: group.first,
        });
        let before = self.chain.take();
        if last.of_segment {
            self.chain_before = before;
            self.pending = Some(group);
            self.pending_begin = last.begin as u64;
        } else {
            self.emit(group, sink);
        }
        true
    }

    /// Takes a group with the frame that closes it. Answers whether it counts.
    fn closed(
        &mut self,
        mut group: Group,
        commit: &Commit,
        intact: bool,
        last: Last,
        sink: &mut Sink<'_>,
    ) -> bool {
        let unknown = self.acknowledged.is_some_and(|known| known < commit.last());
        if !intact && last.of_journal && unknown {
            self.unclosed(&group, last);
            return false;
        }
        let mut lost = missing(commit, &group.records);
        let thinned = self.thinned.groups.get(&group.first);
        lost.retain(|sequence| {
            !self.erased.contains(sequence)
                && !thinned.is_some_and(|thinned| thinned.has_lost(*sequence))
        });
        if !lost.is_empty() {
            self.problems.push(Problem::LostRecords {
                segment: group.segment,
                sequences: lost,
            });
        }
        self.follow(group.segment, commit, sink);
        group.last = commit.last();
        group.chain = Some(commit.chain());
        group.head = commit.head;
        self.chain = group.chain;
        if last.of_segment {
            self.chain_before = Some(commit.previous);
            self.pending = Some(group);
            self.pending_begin = last.begin as u64;
        } else {
            self.emit(group, sink);
        }
        true
    }

    fn unclosed(&mut self, group: &Group, last: Last) {
        if self.acknowledged.is_some_and(|known| known < group.first) {
            self.forgive(group, last.begin as u64);
        }
        self.problems.push(Problem::UnclosedGroup {
            segment: group.segment,
            first: group.first,
            records: group.records.len(),
        });
    }

    /// Takes back what was found wrong with a group that nobody was told was stored: it cost nothing.
    fn forgive(&mut self, group: &Group, begin: u64) {
        let (segment, first) = (group.segment, group.first);
        self.problems
            .retain(|problem| !problem.is_within(segment, begin, first));
    }

    /// Settles what came before a group that names its predecessor.
    fn follow(&mut self, segment: u32, commit: &Commit, sink: &mut Sink<'_>) {
        let follows = self.chain.is_none_or(|chain| chain == commit.previous);
        // The one that it rivals may have lost its closing frame, and the chain with it.
        let is_known = self.chain.is_some() && follows;
        let rivals = !is_known && self.chain_before == Some(commit.previous);
        if rivals && let Some(abandoned) = self.pending.take() {
            self.forgive(&abandoned, self.pending_begin);
            self.problems.push(Problem::AbandonedGroup {
                segment: abandoned.segment,
                first: abandoned.first,
            });
            return;
        }
        self.accept_pending(sink);
        if !follows {
            self.problems.push(Problem::BrokenChain {
                segment,
                first: commit.first,
            });
        }
    }

    /// Whether the frames of a group are those that were written, or those that thinning left.
    fn digest_fits(&self, commit: &Commit, bytes: &[u8], frames: &Frames<'_>) -> bool {
        let digest = digest(commit, bytes, frames);
        let thinned = self.thinned.groups.get(&commit.first);
        digest == commit.digest || thinned.is_some_and(|thinned| thinned.digest == digest)
    }

    fn accept_pending(&mut self, sink: &mut Sink<'_>) {
        self.chain_before = None;
        if let Some(group) = self.pending.take() {
            self.emit(group, sink);
        }
    }

    fn emit(&mut self, group: Group, sink: &mut Sink<'_>) {
        self.records += group.records.len() as u64;
        self.removed += group.thinned;
        sink(&group, &mut self.problems);
    }

    fn open(
        &mut self,
        segment: u32,
        bytes: &[u8],
        offset: usize,
        header: &FrameHeader,
        sealed: &[u8],
    ) -> Option<Found> {
        let (at, sequence) = (offset as u64, header.sequence);
        let Some(key) = self.keyring.find(header.key) else {
            if self.keyring.is_erased(header.key) {
                self.erased.insert(sequence);
                return None;
            }
            self.problems.push(Problem::UnknownKey {
                segment,
                offset: at,
                sequence,
            });
            return None;
        };
        let keyring = self.keyring;
        let opened = header.open_over(&key.key, sealed, |on| base_in(keyring, segment, bytes, on));
        let payload = match opened {
            Ok(payload) => payload,
            Err(OpenFault::BaseLost(base)) => {
                self.problems.push(Problem::BaseLost {
                    segment,
                    offset: at,
                    sequence,
                    base,
                });
                return None;
            }
            Err(OpenFault::Damaged) => {
                self.problems.push(Problem::DamagedRecord {
                    segment,
                    offset: at,
                    sequence,
                    kind: RecordKind::from_code(header.kind),
                });
                return None;
            }
        };
        Some(Found {
            kind: RecordKind::from_code(header.kind),
            location: Location::of(segment, offset, header),
            payload: Some(payload),
        })
    }

    fn commit(&mut self, found: &Found, first: u64) -> Option<Commit> {
        let commit = found
            .payload
            .as_ref()
            .and_then(|payload| Commit::parse(payload).ok())
            .filter(|commit| commit.first == first);
        if commit.is_none() {
            self.problems.push(Problem::UnreadableRecord {
                segment: found.location.segment,
                offset: found.location.offset,
                sequence: found.location.sequence,
            });
        }
        commit
    }
}

/// The sequences that a commit names and that were not found.
fn missing(commit: &Commit, records: &[Found]) -> Vec<u64> {
    let present: BTreeSet<u64> = records
        .iter()
        .map(|found| found.location.sequence)
        .collect();
    // The count is authentic, and no group has more records than a pass has devices.
    (commit.first..=commit.last())
        .filter(|sequence| !present.contains(sequence))
        .collect()
}

fn digest(commit: &Commit, bytes: &[u8], frames: &Frames<'_>) -> Hash {
    let parts: Vec<&[u8]> = frames
        .frames
        .range(commit.first..=commit.last())
        .filter_map(|(_, (offset, _, sealed))| bytes.get(*offset..offset + HEADER + sealed.len()))
        .collect();
    Commit::digest_of(&parts)
}
