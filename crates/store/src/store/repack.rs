//! A segment's bytes without what was thinned, and with what stays packed closely.

use super::thin::Out;
use crate::error::StoreError;
use crate::frame::{FrameHeader, HEADER, Piece, Sealer, pieces};
use crate::journal::base_in;
use crate::keys::{DataKey, KeyId, Keyring};
use crate::packing::{Base, MAX_DELTAS, Packing, ReadyBase};
use crate::record::{Commit, RecordKind, SubmissionRecord, document_payload, parse_document};
use crate::secret::random;
use crate::segment::SEGMENT_HEADER;
use crate::thinned::{NO_SEQUENCE, Thinned, ThinnedGroup, ranges};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io;
use std::path::PathBuf;

/// The audit of a device that others are packed against.
struct Standing {
    base: Base,
    record: ReadyBase,
    deltas: usize,
}

/// What is known of a group while its frames are written.
#[derive(Default)]
struct Written {
    /// Where each of its frames is, but those that close it.
    frames: BTreeMap<u64, std::ops::Range<usize>>,
    removed: BTreeSet<u64>,
    documents: u64,
}

struct Repack<'a> {
    keyring: &'a Keyring,
    segment: u32,
    bytes: &'a [u8],
    out: &'a Out,
    sealer: Sealer,
    /// The segment as it is going to be.
    made: Vec<u8>,
    standing: HashMap<KeyId, Standing>,
    groups: BTreeMap<u64, Written>,
    removed: HashSet<u64>,
    documents: u64,
}

/// A segment that is to be put in its own place.
pub(super) struct Thinner {
    pub(super) bytes: Vec<u8>,
    /// Records that were there before.
    pub(super) removed: HashSet<u64>,
    /// How many of those were documents.
    pub(super) documents: u64,
}

/// The segment without `out`.
pub(super) fn without(
    keyring: &Keyring,
    segment: u32,
    bytes: &[u8],
    out: &Out,
) -> Result<Thinner, StoreError> {
    let failed = |source| StoreError::Io {
        action: "pack",
        path: PathBuf::from(format!("segment {segment}")),
        source,
    };
    let mut repack = Repack {
        keyring,
        segment,
        bytes,
        out,
        sealer: Sealer::new().map_err(failed)?,
        made: Vec::with_capacity(bytes.len()),
        standing: HashMap::new(),
        groups: BTreeMap::new(),
        removed: HashSet::new(),
        documents: 0,
    };
    repack.all().map_err(failed)?;
    Ok(Thinner {
        bytes: repack.made,
        removed: repack.removed,
        documents: repack.documents,
    })
}

impl Repack<'_> {
    fn all(&mut self) -> io::Result<()> {
        let bytes = self.bytes;
        self.made
            .extend_from_slice(bytes.get(..SEGMENT_HEADER).unwrap_or(bytes));
        let newer = |_| io::Error::other("a newer version wrote it");
        let pieces = pieces(bytes, SEGMENT_HEADER).map_err(newer)?;
        self.take_over_earlier(&pieces);
        let empty = self.emptied(&pieces);
        for piece in &pieces {
            match *piece {
                Piece::Frame {
                    offset,
                    header,
                    sealed,
                } => self.frame(offset, &header, sealed, &empty)?,
                // Damage stays where it is: it is evidence, and salvaging may make something of it.
                Piece::Rubbish { offset, length } => {
                    let rubbish = bytes.get(offset..offset + length);
                    self.made.extend_from_slice(rubbish.unwrap_or_default());
                }
            }
        }
        self.account()
    }

    /// What was taken out of this segment before.
    fn take_over_earlier(&mut self, pieces: &[Piece<'_>]) {
        let earlier = pieces.iter().find_map(|piece| match piece {
            Piece::Frame { header, sealed, .. } if is_account(header, self.segment) => {
                Thinned::open(self.keyring, header, sealed)
            }
            _ => None,
        });
        for (first, group) in earlier.into_iter().flat_map(|thinned| thinned.groups) {
            let written = self.groups.entry(first).or_default();
            written.removed.extend(group.removed.into_iter().flatten());
            written.documents = group.documents;
        }
    }

    /// Sequences of the first copies of submissions all of whose documents are gone, and of the second
    /// ones: of those the headers are needed, once.
    fn emptied(&self, pieces: &[Piece<'_>]) -> HashMap<u64, bool> {
        let mut found = HashMap::new();
        let mut seen = BTreeSet::new();
        for piece in pieces {
            let Piece::Frame { header, sealed, .. } = piece else {
                continue;
            };
            if header.kind != RecordKind::Submission.code() || header.segment != self.segment {
                continue;
            }
            let Some(record) = self.submission(header, sealed) else {
                continue;
            };
            let earlier = self.groups.get(&header.group);
            let is_gone = |sequence: &u64| {
                self.out.remove.contains(sequence)
                    || earlier.is_some_and(|group| group.removed.contains(sequence))
            };
            let mut leaves = record.leaves.iter();
            if !record.leaves.is_empty() && leaves.all(|leaf| is_gone(&leaf.sequence)) {
                let second = !seen.insert(record.signed.header.number);
                found.insert(header.sequence, second);
            }
        }
        found
    }

    fn submission(&self, header: &FrameHeader, sealed: &[u8]) -> Option<SubmissionRecord> {
        let key = self.keyring.find(header.key)?;
        parse_document(&header.open(&key.key, sealed)?).ok()
    }

    fn frame(
        &mut self,
        offset: usize,
        header: &FrameHeader,
        sealed: &[u8],
        empty: &HashMap<u64, bool>,
    ) -> io::Result<()> {
        if is_account(header, self.segment) {
            return Ok(()); // Another one is written at the end.
        }
        let begin = self.made.len();
        let foreign = header.segment != self.segment;
        let gone = self.out.remove.contains(&header.sequence);
        match (foreign, gone, empty.get(&header.sequence)) {
            (false, true, _) => {
                let group = self.groups.entry(header.group).or_default();
                group.removed.insert(header.sequence);
                group.documents += 1;
                self.documents += 1;
                self.removed.insert(header.sequence);
                return Ok(());
            }
            (false, false, Some(true)) => {
                let group = self.groups.entry(header.group).or_default();
                group.removed.insert(header.sequence);
                self.removed.insert(header.sequence);
                return Ok(());
            }
            (false, false, Some(false)) => self.header_alone(header, sealed)?,
            (false, false, None) if self.out.pack.contains(&header.sequence) => {
                self.pack(offset, header, sealed)?;
            }
            _ => self.as_it_is(offset, header),
        }
        if !foreign && header.kind != RecordKind::Commit.code() {
            let group = self.groups.entry(header.group).or_default();
            group.frames.insert(header.sequence, begin..self.made.len());
        }
        Ok(())
    }

    fn as_it_is(&mut self, offset: usize, header: &FrameHeader) {
        let end = offset + HEADER + header.sealed_length();
        let frame = self.bytes.get(offset..end).unwrap_or_default();
        self.made.extend_from_slice(frame);
    }

    /// A submission without its leaves: what the chain of headers needs of it.
    fn header_alone(&mut self, header: &FrameHeader, sealed: &[u8]) -> io::Result<()> {
        let Some(mut record) = self.submission(header, sealed) else {
            return Ok(()); // It was opened a moment ago.
        };
        record.leaves.clear();
        let record = document_payload(&record).map_err(io::Error::other)?;
        self.seal(header, &record)
    }

    fn seal(&mut self, header: &FrameHeader, record: &[u8]) -> io::Result<()> {
        let key = self.key(header)?;
        let header = fresh(header)?;
        self.sealer
            .seal(&mut self.made, header, &key.key, record)
            .map(|_| ())
    }

    fn key(&self, header: &FrameHeader) -> io::Result<std::sync::Arc<DataKey>> {
        let gone = || io::Error::other("the key of a record that opened is gone");
        self.keyring.find(header.key).ok_or_else(gone)
    }

    /// Packs a delivered audit against an earlier one of the same device, or as one that later ones are
    /// packed against. What does not open stays as it is.
    fn pack(&mut self, offset: usize, header: &FrameHeader, sealed: &[u8]) -> io::Result<()> {
        let key = self.keyring.find(header.key);
        let key = key.filter(|key| key.device.is_some());
        let base = |on| base_in(self.keyring, self.segment, self.bytes, on);
        let opened = key.as_ref().and_then(|key| {
            let opened = header.open_over(&key.key, sealed, base);
            opened.ok()
        });
        let (Some(key), Some(record)) = (key, opened) else {
            self.as_it_is(offset, header);
            return Ok(());
        };
        let header = fresh(header)?;
        if let Some(standing) = self.standing.get_mut(&key.id)
            && standing.deltas < MAX_DELTAS
        {
            standing.deltas += 1;
            let over = (standing.base, &standing.record);
            return self
                .sealer
                .seal_over(&mut self.made, header, &key.key, &record, over)
                .map(|_| ());
        }
        let base = Base {
            offset: self.made.len() as u64,
            sequence: header.sequence,
        };
        let header = FrameHeader {
            packing: Packing::Dictionary1,
            ..header
        };
        self.sealer
            .seal(&mut self.made, header, &key.key, &record)?;
        let standing = Standing {
            base,
            record: ReadyBase::new(&record)?,
            deltas: 0,
        };
        self.standing.insert(key.id, standing);
        Ok(())
    }

    /// Writes what became of the segment behind it, twice: one flipped byte must not make what was
    /// thinned look lost.
    fn account(&mut self) -> io::Result<()> {
        let mut thinned = Thinned::default();
        for (first, written) in &self.groups {
            let frames: Vec<&[u8]> = written
                .frames
                .values()
                .filter_map(|range| self.made.get(range.clone()))
                .collect();
            let group = ThinnedGroup {
                digest: Commit::digest_of(&frames),
                removed: ranges(written.removed.iter().copied()),
                documents: written.documents,
            };
            thinned.groups.insert(*first, group);
        }
        let site = self.keyring.site();
        let header = FrameHeader {
            packing: Packing::Alone,
            kind: RecordKind::Thinned.code(),
            length: 0,
            segment: self.segment,
            sequence: NO_SEQUENCE,
            group: NO_SEQUENCE,
            key: site.id,
            nonce: [0; 24],
        };
        let payload = thinned.to_payload();
        for _ in 0..2 {
            let header = fresh(&header)?;
            self.sealer
                .seal(&mut self.made, header, &site.key, &payload)?;
        }
        Ok(())
    }
}

/// The same header for a record that is sealed once more.
fn fresh(header: &FrameHeader) -> io::Result<FrameHeader> {
    Ok(FrameHeader {
        nonce: random().map_err(io::Error::other)?,
        ..*header
    })
}

fn is_account(header: &FrameHeader, segment: u32) -> bool {
    header.kind == RecordKind::Thinned.code() && header.segment == segment
}
