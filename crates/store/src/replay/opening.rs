//! The records of one group, opened as far as it takes.

use super::{Depth, Found, Frames, Replay};
use crate::frame::{FrameHeader, HEADER, OpenFault};
use crate::journal::base_in;
use crate::record::{Commit, RecordKind};
use crate::report::Problem;
use crate::state::Location;
use pagetally_proof::Hash;

impl Replay<'_> {
    /// Reads a group whose digest holds without opening its documents; nothing for any other, and
    /// nothing was reported then.
    pub(super) fn skim(
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
    pub(super) fn open_all(
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

    /// Whether the frames of a group are those that were written, or those that thinning left.
    pub(super) fn digest_fits(&self, commit: &Commit, bytes: &[u8], frames: &Frames<'_>) -> bool {
        let digest = digest(commit, bytes, frames);
        let thinned = self.thinned.groups.get(&commit.first);
        digest == commit.digest || thinned.is_some_and(|thinned| thinned.digest == digest)
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

fn digest(commit: &Commit, bytes: &[u8], frames: &Frames<'_>) -> Hash {
    let parts: Vec<&[u8]> = frames
        .frames
        .range(commit.first..=commit.last())
        .filter_map(|(_, (offset, _, sealed))| bytes.get(*offset..offset + HEADER + sealed.len()))
        .collect();
    Commit::digest_of(&parts)
}
