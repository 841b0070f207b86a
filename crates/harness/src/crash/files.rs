//! Journal files that lose what a power cut would lose, and some that lose more.

use pagetally_store::{FolderFiles, JournalFiles};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What becomes of bytes that an agent writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    /// They reach the disk when they are synced, and not before: killing the process is a power cut.
    PowerCut,
    /// A mutation: syncing does nothing, so a killed process loses all that it wrote.
    NoSync,
    /// A mutation: groups with a receipt never reach the disk.
    NoReceipts,
}

impl Disk {
    /// The word for it on a command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::PowerCut => "power-cut",
            Self::NoSync => "no-sync",
            Self::NoReceipts => "no-receipts",
        }
    }
}

impl FromStr for Disk {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::PowerCut, Self::NoSync, Self::NoReceipts]
            .into_iter()
            .find(|disk| disk.word() == text)
            .ok_or_else(|| format!("{text:?} is no disk"))
    }
}

/// Where the frame header has its kind, and what a receipt's is (docs/storage-format.md).
const KIND_AT: usize = 6;
const RECEIPT: u8 = 4;

/// A folder of segments over which a [`Disk`]'s rules hold.
#[derive(Debug)]
pub struct DiskFiles {
    folder: FolderFiles,
    disk: Disk,
    unsynced: Mutex<BTreeMap<u32, Vec<u8>>>,
}

impl DiskFiles {
    /// The segments in `folder`.
    ///
    /// # Errors
    ///
    /// Whatever the disk says.
    pub fn open(folder: &Path, disk: Disk) -> io::Result<Self> {
        Ok(Self {
            folder: FolderFiles::open(folder)?,
            disk,
            unsynced: Mutex::default(),
        })
    }

    fn unsynced(&self) -> MutexGuard<'_, BTreeMap<u32, Vec<u8>>> {
        self.unsynced.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl JournalFiles for DiskFiles {
    fn segments(&self) -> io::Result<Vec<u32>> {
        self.folder.segments()
    }

    fn length(&self, segment: u32) -> io::Result<u64> {
        let pending = self.unsynced().get(&segment).map_or(0, Vec::len);
        Ok(self.folder.length(segment)? + pending as u64)
    }

    fn read(&self, segment: u32, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let unsynced = self.unsynced();
        let on_disk = self.folder.length(segment)?;
        let wanted = buffer.len() as u64;
        let from_disk = on_disk.saturating_sub(offset).min(wanted);
        let (disk, memory) = buffer.split_at_mut(usize::try_from(from_disk).unwrap_or(usize::MAX));
        if !disk.is_empty() {
            self.folder.read(segment, offset, disk)?;
        }
        if memory.is_empty() {
            return Ok(());
        }
        let start = usize::try_from(offset.saturating_sub(on_disk)).unwrap_or(usize::MAX);
        let pending = unsynced.get(&segment).map_or(&[][..], Vec::as_slice);
        let found = pending
            .get(start..start.saturating_add(memory.len()))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        memory.copy_from_slice(found);
        Ok(())
    }

    fn create(&self, segment: u32) -> io::Result<()> {
        self.folder.create(segment)
    }

    fn append(&self, segment: u32, bytes: &[u8]) -> io::Result<()> {
        let is_receipt = bytes.get(KIND_AT) == Some(&RECEIPT);
        let mut unsynced = self.unsynced();
        let pending = unsynced.entry(segment).or_default();
        if self.disk == Disk::NoReceipts && is_receipt {
            // The place is taken, and nothing stands there.
            pending.resize(pending.len() + bytes.len(), 0);
        } else {
            pending.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn sync(&self, segment: u32) -> io::Result<()> {
        if self.disk == Disk::NoSync {
            return Ok(());
        }
        let pending = self.unsynced().remove(&segment).unwrap_or_default();
        self.folder.append(segment, &pending)?;
        self.folder.sync(segment)
    }

    fn replace(&self, segment: u32, bytes: &[u8]) -> io::Result<()> {
        self.unsynced().remove(&segment);
        self.folder.replace(segment, bytes)
    }

    fn remove(&self, segment: u32) -> io::Result<()> {
        self.unsynced().remove(&segment);
        self.folder.remove(segment)
    }

    fn path(&self, segment: u32) -> PathBuf {
        self.folder.path(segment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(disk: Disk, syncs: bool) -> Vec<u8> {
        let folder = tempfile::tempdir().expect("a folder");
        let files = DiskFiles::open(folder.path(), disk).expect("opens");
        files.create(1).expect("made");
        files.append(1, b"synced").expect("written");
        files.sync(1).expect("synced");
        files.append(1, b", more").expect("written");
        if syncs {
            files.sync(1).expect("synced");
        }
        let mut bytes = vec![0; 12];
        files.read(1, 0, &mut bytes).expect("the process sees all");
        assert_eq!(bytes, b"synced, more");
        drop(files);
        std::fs::read(folder.path().join("00000001.journal")).expect("there")
    }

    #[test]
    fn a_killed_process_keeps_what_it_synced_and_nothing_else() {
        assert_eq!(after(Disk::PowerCut, false), b"synced");
        assert_eq!(after(Disk::PowerCut, true), b"synced, more");
        assert_eq!(after(Disk::NoSync, true), b"");
    }
}
