//! The journal: groups of sealed records, appended, made durable, and read back.

mod reading;

use crate::error::{StoreError, io_error};
use crate::files::JournalFiles;
use crate::frame::{FrameHeader, HeaderFault, MAX_RECORD, Sealer};
use crate::keys::{DataKey, Keyring};
use crate::packing::Packing;
use crate::record::{ChainHead, Commit, NewRecord, RecordKind};
use crate::replay::{Depth, Replay, Sink};
use crate::report::Problem;
use crate::secret::random;
use crate::segment::{self, SEGMENT_HEADER};
use crate::state::{Location, State};
use pagetally_model::Timestamp;
use pagetally_proof::Hash;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) use reading::{Desk, base_in};

/// A segment that has grown to this size is not written to again. A reader holds one segment in
/// memory, and damage to a file system costs files.
const SEGMENT_TARGET: u64 = 16 << 20;

/// Ceiling on one group, and so on a segment: it has to fit in memory on both ways.
const MAX_GROUP: usize = 256 << 20;

/// Ceiling on what is read of a segment: no writer of ours makes a longer one.
const MAX_SEGMENT: u64 = SEGMENT_TARGET + MAX_GROUP as u64 + 1;

const DAY_MILLIS: i64 = 86_400_000;

/// The journal of one store, with its only writer.
#[derive(Debug)]
pub(crate) struct Journal {
    files: Arc<dyn JournalFiles>,
    keyring: Arc<Keyring>,
    /// Where the next group goes; nothing while the last segment must not be written to.
    writer: Option<Writer>,
    /// The highest segment number that was ever seen.
    last_segment: u32,
    /// What [`Journal::day`] found: one number for each segment, of which there is one a day or one for
    /// 16 MiB.
    days: BTreeMap<u32, Option<i64>>,
}

/// A segment that may be written to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writer {
    segment: u32,
    length: u64,
    day: i64,
}

/// A group that is durable.
#[derive(Debug)]
pub(crate) struct Appended {
    pub(crate) locations: Vec<Location>,
    pub(crate) segment: u32,
    pub(crate) end: u64,
    pub(crate) chain: Hash,
    pub(crate) last: u64,
    pub(crate) next_sequence: u64,
}

/// What reading the journal gave, besides what went to the sink.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) problems: Vec<Problem>,
    pub(crate) records: u64,
    /// Documents that were taken out on purpose.
    pub(crate) thinned: u64,
    pub(crate) next_sequence: u64,
}

impl Journal {
    /// Ceiling on what is read of a segment.
    pub(crate) const MAX_SEGMENT: u64 = MAX_SEGMENT;

    pub(crate) fn new(files: Arc<dyn JournalFiles>, keyring: Arc<Keyring>) -> Self {
        Self {
            files,
            keyring,
            writer: None,
            last_segment: 0,
            days: BTreeMap::new(),
        }
    }

    /// Whether any segment holds more than its header.
    pub(crate) fn holds_data(files: &dyn JournalFiles) -> Result<bool, StoreError> {
        for segment in list(files)? {
            let length = files
                .length(segment)
                .map_err(io_error("inspect", files.path(segment)))?;
            if length > SEGMENT_HEADER as u64 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether any segment of this journal holds more than its header.
    pub(crate) fn has_data(&self) -> Result<bool, StoreError> {
        Self::holds_data(&*self.files)
    }

    /// The same journal for reading beside its writer.
    pub(crate) fn reader(&self) -> Self {
        Self::new(Arc::clone(&self.files), Arc::clone(&self.keyring))
    }

    /// The numbers of all segments, in ascending order.
    pub(crate) fn segments(&self) -> Result<Vec<u32>, StoreError> {
        list(&*self.files)
    }

    /// Makes the next group begin a new segment.
    pub(crate) fn close_segment(&mut self) {
        self.writer = None;
    }

    /// Puts a segment's frames in its place again, sealed otherwise and as long as they were.
    pub(crate) fn replace(&self, segment: u32, bytes: &[u8]) -> Result<(), StoreError> {
        self.files
            .replace(segment, bytes)
            .map_err(io_error("replace", self.files.path(segment)))
    }

    /// Makes what was read of the segments from `from` on as durable as what was acknowledged.
    ///
    /// A process that ended between writing and syncing leaves a whole group that no power cut
    /// has tested yet. The last segment is written anew, since the sync of its end may have failed: the
    /// operating system then takes bytes for written that never reached the disk, and a second sync
    /// of the same ones says nothing.
    ///
    /// After an error the next group begins a segment: nobody knows whether the last one has a
    /// durable name.
    pub(crate) fn confirm(&mut self, from: u32) -> Result<(), StoreError> {
        let confirmed = self.sync_from(from);
        if confirmed.is_err() {
            self.close_segment();
        }
        confirmed
    }

    fn sync_from(&self, from: u32) -> Result<(), StoreError> {
        let segments = list(&*self.files)?;
        let last = self.last_with_frames(&segments)?;
        for &segment in segments.iter().filter(|segment| **segment >= from) {
            if Some(segment) == last && self.length(segment)? <= MAX_SEGMENT {
                self.replace(segment, &self.segment_bytes(segment)?)?;
            } else {
                self.files
                    .sync(segment)
                    .map_err(io_error("sync", self.files.path(segment)))?;
            }
        }
        Ok(())
    }

    /// Removes the segments up to one.
    pub(crate) fn remove_through(&mut self, last: u32) -> Result<(), StoreError> {
        self.writer = None;
        self.days.clear();
        for segment in self.segments()? {
            if segment <= last {
                self.files
                    .remove(segment)
                    .map_err(io_error("remove", self.files.path(segment)))?;
            }
        }
        Ok(())
    }

    /// How many bytes all segments have.
    pub(crate) fn bytes(&self) -> Result<u64, StoreError> {
        let mut sum = 0;
        for segment in list(&*self.files)? {
            sum += self.length(segment)?;
        }
        Ok(sum)
    }

    /// Whether `state` describes a beginning of this journal: its last group is where it says.
    pub(crate) fn continues(&self, state: &State) -> Result<bool, StoreError> {
        if state.segment == 0 {
            return Ok(state.acknowledged == 0);
        }
        let segments = list(&*self.files)?;
        Ok(segments.contains(&state.segment) && self.length(state.segment)? >= state.offset)
    }

    /// Reads everything after `state` into `sink`, and gets ready to write behind it.
    pub(crate) fn replay(
        &mut self,
        state: &State,
        acknowledged: Option<u64>,
        depth: Depth,
        sink: &mut Sink<'_>,
    ) -> Result<Reading, StoreError> {
        let (reading, writer) = self.read_after(state, acknowledged, depth, sink)?;
        self.writer = writer;
        self.last_segment = list(&*self.files)?
            .last()
            .copied()
            .unwrap_or(0)
            .max(state.segment);
        Ok(reading)
    }

    /// Reads the whole journal for what is wrong with it.
    pub(crate) fn inspect(&self, acknowledged: u64, depth: Depth) -> Result<Reading, StoreError> {
        let mut last = 0;
        let (mut reading, _) = self.read_after(
            &State::default(),
            Some(acknowledged),
            depth,
            &mut |group, _| last = group.last,
        )?;
        if last < acknowledged {
            reading.problems.push(Problem::LostTail {
                acknowledged,
                found: last,
            });
        }
        Ok(reading)
    }

    /// Reads everything after `state` into `sink`. Answers where a writer could go on as well.
    pub(crate) fn read_after(
        &self,
        state: &State,
        acknowledged: Option<u64>,
        depth: Depth,
        sink: &mut Sink<'_>,
    ) -> Result<(Reading, Option<Writer>), StoreError> {
        let mut replay = Replay::after(state, acknowledged, &self.keyring, depth);
        let segments: Vec<u32> = list(&*self.files)?
            .into_iter()
            .filter(|segment| *segment >= state.segment)
            .collect();
        let mut writer = None;
        let last_with_frames = self.last_with_frames(&segments)?;
        for (index, &segment) in segments.iter().enumerate() {
            let bytes = self.segment_bytes(segment)?;
            let from = if segment == state.segment {
                usize::try_from(state.offset).unwrap_or(usize::MAX)
            } else {
                SEGMENT_HEADER
            };
            let nothing_follows = last_with_frames.is_none_or(|last| last <= segment);
            let clean = replay
                .segment(segment, &bytes, from, nothing_follows, sink)
                .map_err(|fault| self.newer(segment, fault))?;
            if clean && index + 1 == segments.len() {
                writer = Some(Writer {
                    segment,
                    length: bytes.len() as u64,
                    day: segment_day(&bytes),
                });
            }
        }
        replay.finish(sink);
        let reading = Reading {
            problems: replay.problems,
            records: replay.records,
            thinned: replay.removed,
            next_sequence: replay.next_sequence,
        };
        Ok((reading, writer))
    }

    /// Seals `records` as one group behind `state`, and makes it durable with one flush.
    ///
    /// After an error nothing is acknowledged, and the next group goes to a new segment, where it
    /// takes the place of this one.
    pub(crate) fn append(
        &mut self,
        state: &State,
        records: &[NewRecord],
        head: Option<ChainHead>,
        now: Timestamp,
    ) -> Result<Appended, StoreError> {
        let day = now.unix_millis().div_euclid(DAY_MILLIS);
        let current = self
            .writer
            .take()
            .filter(|writer| writer.length < SEGMENT_TARGET && writer.day == day);
        let fresh = current.is_none();
        let writer = current.unwrap_or(Writer {
            segment: self.last_segment.saturating_add(1),
            length: SEGMENT_HEADER as u64,
            day,
        });
        let group = self.build(state, records, head, writer)?;
        self.last_segment = writer.segment;
        self.write(writer, fresh, &group.bytes, now)?;
        let end = writer.length + group.bytes.len() as u64;
        self.writer = Some(Writer {
            length: end,
            ..writer
        });
        Ok(Appended {
            locations: group.locations,
            segment: writer.segment,
            end,
            chain: group.commit.chain(),
            last: group.commit.last(),
            next_sequence: group.next_sequence,
        })
    }

    fn write(
        &self,
        writer: Writer,
        fresh: bool,
        bytes: &[u8],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let path = self.files.path(writer.segment);
        if fresh {
            self.files
                .create(writer.segment)
                .map_err(io_error("create", &path))?;
            self.files
                .append(writer.segment, &segment::header(writer.segment, now))
                .map_err(io_error("write", &path))?;
        }
        self.files
            .append(writer.segment, bytes)
            .map_err(io_error("write", &path))?;
        self.files
            .sync(writer.segment)
            .map_err(io_error("sync", &path))
    }

    fn build(
        &self,
        state: &State,
        records: &[NewRecord],
        head: Option<ChainHead>,
        writer: Writer,
    ) -> Result<BuiltGroup, StoreError> {
        let first = state.next_sequence;
        let sealing = io_error("seal records for", self.files.path(writer.segment));
        let mut group = BuiltGroup {
            sealer: Sealer::new().map_err(sealing)?,
            bytes: Vec::new(),
            locations: Vec::with_capacity(records.len()),
            commit: Commit {
                first,
                count: u32::try_from(records.len()).unwrap_or(u32::MAX),
                digest: Hash::ZERO,
                previous: state.chain.unwrap_or(Hash::ZERO),
                head,
            },
            next_sequence: first,
        };
        let site = self.keyring.site();
        for record in records {
            let key = record.key.as_ref().unwrap_or(&site);
            self.seal_into(&mut group, record.kind, &record.payload, key, writer)?;
        }
        group.commit.digest = Commit::digest_of(&[&group.bytes]);
        let payload = group.commit.to_payload();
        // Twice, so that one bad byte does not make a stored group look like an unfinished one.
        for _ in 0..2 {
            self.seal_into(&mut group, RecordKind::Commit, &payload, &site, writer)?;
        }
        group.locations.truncate(records.len());
        Ok(group)
    }

    fn seal_into(
        &self,
        group: &mut BuiltGroup,
        kind: RecordKind,
        payload: &[u8],
        key: &DataKey,
        writer: Writer,
    ) -> Result<(), StoreError> {
        limit("a record", payload.len(), MAX_RECORD)?;
        let packing = match kind {
            RecordKind::Audit => Packing::Dictionary1,
            _ => Packing::Alone,
        };
        let header = FrameHeader {
            packing,
            kind: kind.code(),
            length: 0,
            segment: writer.segment,
            sequence: group.next_sequence,
            group: group.commit.first,
            key: key.id,
            nonce: random()?,
        };
        let offset = writer.length + group.bytes.len() as u64;
        let length = group
            .sealer
            .seal(&mut group.bytes, header, &key.key, payload)
            .map_err(io_error(
                "seal a record for",
                self.files.path(writer.segment),
            ))?;
        limit("a group of records", group.bytes.len(), MAX_GROUP)?;
        group.locations.push(Location {
            segment: writer.segment,
            offset,
            length,
            sequence: group.next_sequence,
        });
        group.next_sequence = group.next_sequence.saturating_add(1);
        Ok(())
    }

    /// The UTC day on which a segment was begun, which is that of all its records; nothing where its header
    /// is damaged.
    pub(crate) fn day(&mut self, segment: u32) -> Result<Option<i64>, StoreError> {
        if let Some(day) = self.days.get(&segment) {
            return Ok(*day);
        }
        let mut header = [0; SEGMENT_HEADER];
        let read = self.files.read(segment, 0, &mut header);
        let day = match read {
            Ok(()) if segment::check(&header, segment).is_ok() => Some(segment_day(&header)),
            Ok(()) => None,
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => None,
            Err(error) => return Err(io_error("read", self.files.path(segment))(error)),
        };
        self.days.insert(segment, day);
        Ok(day)
    }

    /// The last segment with more than a header: what comes behind was begun and never used.
    fn last_with_frames(&self, segments: &[u32]) -> Result<Option<u32>, StoreError> {
        for &segment in segments.iter().rev() {
            if self.length(segment)? > SEGMENT_HEADER as u64 {
                return Ok(Some(segment));
            }
        }
        Ok(None)
    }

    fn length(&self, segment: u32) -> Result<u64, StoreError> {
        self.files
            .length(segment)
            .map_err(io_error("inspect", self.files.path(segment)))
    }

    pub(crate) fn segment_bytes(&self, segment: u32) -> Result<Vec<u8>, StoreError> {
        let length = self.length(segment)?.min(MAX_SEGMENT);
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        self.files
            .read(segment, 0, &mut bytes)
            .map_err(io_error("read", self.files.path(segment)))?;
        Ok(bytes)
    }

    fn newer(&self, segment: u32, fault: HeaderFault) -> StoreError {
        let (format, algorithm) = match fault {
            HeaderFault::Newer { format, algorithm } => (format, algorithm),
            HeaderFault::Damaged => (0, 0), // Replay reports damage, it does not fail on it.
        };
        StoreError::NewerFormat {
            path: self.files.path(segment),
            format: format.into(),
            algorithm: algorithm.into(),
        }
    }
}

struct BuiltGroup {
    sealer: Sealer,
    bytes: Vec<u8>,
    locations: Vec<Location>,
    commit: Commit,
    next_sequence: u64,
}

fn list(files: &dyn JournalFiles) -> Result<Vec<u32>, StoreError> {
    files.segments().map_err(io_error(
        "list",
        files.path(0).parent().unwrap_or(&files.path(0)),
    ))
}

fn limit(what: &'static str, bytes: usize, limit: usize) -> Result<(), StoreError> {
    if bytes > limit {
        return Err(StoreError::TooLarge { what, bytes, limit });
    }
    Ok(())
}

/// The UTC day of an instant.
pub(crate) fn day_of(at: Timestamp) -> i64 {
    at.unix_millis().div_euclid(DAY_MILLIS)
}

/// The day on which a segment was begun, from its header; a day that never comes if it is damaged.
fn segment_day(bytes: &[u8]) -> i64 {
    bytes
        .get(16..24)
        .and_then(|created| created.first_chunk::<8>())
        .map_or(i64::MIN, |created| {
            i64::from_be_bytes(*created).div_euclid(DAY_MILLIS)
        })
}

#[cfg(test)]
mod tests;
