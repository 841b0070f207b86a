//! A disk that can be taken away, and a journal on it, for the tests of this crate.

use crate::error::StoreError;
use crate::files::JournalFiles;
use crate::frame::HEADER;
use crate::journal::{Appended, Journal, Reading};
use crate::keys::Keyring;
use crate::record::{NewRecord, RecordKind};
use crate::replay::Depth;
use crate::state::State;
use pagetally_model::Timestamp;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// Bytes of a sector: what a disk writes as a whole or not at all.
const SECTOR: usize = 512;

/// Segments in memory, each with what is durable and what was only written.
#[derive(Debug, Default)]
pub(crate) struct MemoryFiles(Mutex<Disk>);

#[derive(Clone, Debug, Default)]
struct Disk {
    segments: BTreeMap<u32, Segment>,
    calls: usize,
    fails: Vec<usize>,
}

#[derive(Clone, Debug, Default)]
struct Segment {
    durable: Vec<u8>,
    written: Vec<u8>,
}

/// What happens to bytes that were written and not synced when the power goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PowerCut {
    /// All of them are there all the same.
    KeepsAll,
    /// None of them is.
    KeepsNone,
    /// This many of them are.
    KeepsFirst(usize),
    /// Every sector whose bit in this pattern is set is zeros; the length is kept.
    TearsSectors(u64),
}

impl MemoryFiles {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The same disk with other bytes in its segments, all of them durable.
    pub(crate) fn with(segments: impl IntoIterator<Item = (u32, Vec<u8>)>) -> Arc<Self> {
        let segments = segments
            .into_iter()
            .map(|(number, bytes)| {
                let segment = Segment {
                    durable: bytes.clone(),
                    written: bytes,
                };
                (number, segment)
            })
            .collect();
        Arc::new(Self(Mutex::new(Disk {
            segments,
            ..Disk::default()
        })))
    }

    pub(crate) fn bytes(&self) -> BTreeMap<u32, Vec<u8>> {
        let disk = self.0.lock().unwrap();
        disk.segments
            .iter()
            .map(|(number, segment)| (*number, segment.written.clone()))
            .collect()
    }

    /// How many calls that change something there were.
    pub(crate) fn calls(&self) -> usize {
        self.0.lock().unwrap().calls
    }

    /// Lets the given calls that change something fail, counted from 0.
    pub(crate) fn fail(&self, calls: &[usize]) {
        self.0.lock().unwrap().fails = calls.to_vec();
    }

    /// What the next process finds after the power went.
    pub(crate) fn after(&self, cut: PowerCut) -> Arc<Self> {
        Self::with(
            self.0
                .lock()
                .unwrap()
                .segments
                .iter()
                .map(|(number, file)| {
                    let (kept, lost) = file.written.split_at(file.durable.len());
                    let mut bytes = kept.to_vec();
                    match cut {
                        PowerCut::KeepsAll => bytes.extend_from_slice(lost),
                        PowerCut::KeepsNone => {}
                        PowerCut::KeepsFirst(count) => {
                            bytes.extend_from_slice(&lost[..count.min(lost.len())]);
                        }
                        PowerCut::TearsSectors(pattern) => {
                            bytes.extend_from_slice(lost);
                            for (at, byte) in bytes.iter_mut().enumerate().skip(kept.len()) {
                                if pattern >> (at / SECTOR % 64) & 1 == 1 {
                                    *byte = 0;
                                }
                            }
                        }
                    }
                    (*number, bytes)
                }),
        )
    }

    /// Runs a change, or fails as told. A failing one still does half of its work.
    fn change(&self, run: impl FnOnce(&mut Disk, bool) -> io::Result<()>) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        let fails = disk.fails.contains(&disk.calls);
        disk.calls += 1;
        run(&mut disk, fails)?;
        if fails {
            return Err(io::Error::other("the disk fails as told"));
        }
        Ok(())
    }
}

fn segment(disk: &mut Disk, number: u32) -> io::Result<&mut Segment> {
    disk.segments
        .get_mut(&number)
        .ok_or_else(|| io::ErrorKind::NotFound.into())
}

impl JournalFiles for MemoryFiles {
    fn segments(&self) -> io::Result<Vec<u32>> {
        Ok(self.0.lock().unwrap().segments.keys().copied().collect())
    }

    fn length(&self, number: u32) -> io::Result<u64> {
        let mut disk = self.0.lock().unwrap();
        Ok(segment(&mut disk, number)?.written.len() as u64)
    }

    fn read(&self, number: u32, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        let offset = usize::try_from(offset).unwrap();
        let bytes = segment(&mut disk, number)?
            .written
            .get(offset..offset + buffer.len())
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }

    fn create(&self, number: u32) -> io::Result<()> {
        self.change(|disk, fails| {
            if disk.segments.contains_key(&number) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            if !fails {
                disk.segments.insert(number, Segment::default());
            }
            Ok(())
        })
    }

    fn append(&self, number: u32, bytes: &[u8]) -> io::Result<()> {
        self.change(|disk, fails| {
            let length = if fails { bytes.len() / 2 } else { bytes.len() };
            let file = segment(disk, number)?;
            file.written.extend_from_slice(&bytes[..length]);
            Ok(())
        })
    }

    fn sync(&self, number: u32) -> io::Result<()> {
        self.change(|disk, fails| {
            let file = segment(disk, number)?;
            if !fails {
                file.durable = file.written.clone();
            }
            Ok(())
        })
    }

    fn replace(&self, number: u32, bytes: &[u8]) -> io::Result<()> {
        self.change(|disk, fails| {
            let file = segment(disk, number)?;
            if !fails {
                file.written = bytes.to_vec();
                file.durable = bytes.to_vec();
            }
            Ok(())
        })
    }

    fn remove(&self, number: u32) -> io::Result<()> {
        self.change(|disk, fails| {
            if !fails {
                disk.segments.remove(&number);
            }
            Ok(())
        })
    }

    fn path(&self, number: u32) -> PathBuf {
        PathBuf::from(format!("memory/{number:08}.journal"))
    }
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_unix_millis(1_800_000_000_000)
}

/// A journal on a disk in memory, with the state that its store would keep.
pub(crate) struct TestJournal {
    pub(crate) journal: Journal,
    pub(crate) state: State,
    /// The records found at opening, by sequence.
    pub(crate) found: BTreeMap<u64, Vec<u8>>,
    pub(crate) reading: Reading,
}

/// What one record of these tests holds.
pub(crate) fn text(number: usize) -> Vec<u8> {
    format!("record {number} with a few bytes to hit").into_bytes()
}

impl TestJournal {
    /// Reads all there is. `acknowledged` is what an index would know.
    pub(crate) fn open(
        files: Arc<MemoryFiles>,
        keyring: &Arc<Keyring>,
        acknowledged: Option<u64>,
    ) -> Result<Self, StoreError> {
        let mut journal = Journal::new(files, Arc::clone(keyring));
        let mut state = State::default();
        let mut found = BTreeMap::new();
        let reading = journal.replay(
            &State::default(),
            acknowledged,
            Depth::Full,
            &mut |group, _| {
                state.segment = group.segment;
                state.offset = group.end;
                state.acknowledged = group.last;
                state.chain = group.chain;
                for record in &group.records {
                    let payload = record.payload.as_ref().expect("opened");
                    found.insert(record.location.sequence, payload.to_vec());
                }
            },
        )?;
        state.next_sequence = reading.next_sequence;
        Ok(Self {
            journal,
            state,
            found,
            reading,
        })
    }

    /// Stores a group of texts, as a store would.
    pub(crate) fn store(&mut self, texts: &[Vec<u8>]) -> Result<Appended, StoreError> {
        let records: Vec<NewRecord> = texts
            .iter()
            .map(|text| NewRecord::site(RecordKind::State, text.clone().into()))
            .collect();
        let appended = self.journal.append(&self.state, &records, None, now())?;
        self.state.segment = appended.segment;
        self.state.offset = appended.end;
        self.state.acknowledged = appended.last;
        self.state.chain = Some(appended.chain);
        self.state.next_sequence = appended.next_sequence;
        Ok(appended)
    }

    /// The texts found at opening, in the order of the journal.
    pub(crate) fn texts(&self) -> Vec<Vec<u8>> {
        self.found.values().cloned().collect()
    }
}

/// Where each frame of a segment begins, and where the last one ends.
pub(crate) fn frame_offsets(bytes: &[u8]) -> Vec<usize> {
    let pieces = crate::frame::pieces(bytes, crate::segment::SEGMENT_HEADER).expect("this format");
    let mut offsets = Vec::new();
    let mut end = 0;
    for piece in pieces {
        if let crate::frame::Piece::Frame { offset, sealed, .. } = piece {
            offsets.push(offset);
            end = offset + HEADER + sealed.len();
        }
    }
    offsets.push(end);
    offsets
}
