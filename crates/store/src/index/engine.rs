//! What keeps the index's entries. This is the only file that names sled.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

/// Entries that are written or replaced.
pub(crate) type Change = (Vec<u8>, Vec<u8>);

/// Ceiling on sled's page cache: its default is 1 GB, on a PC that has other things to do.
const CACHE_BYTES: u64 = 16 << 20;

/// Why the index cannot be used. It is a cache: the answer is to build another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault(String);

impl Fault {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<sled::Error> for Fault {
    fn from(error: sled::Error) -> Self {
        Self(error.to_string())
    }
}

/// An ordered map of bytes on a disk.
pub(crate) trait Engine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault>;

    /// Entries from `start` up to but without `end`, the last first.
    fn newest(&self, start: &[u8], end: &[u8], limit: usize) -> Result<Vec<Change>, Fault>;

    /// Writes all entries in one step, durable when it returns.
    fn apply(&mut self, changes: Vec<Change>) -> Result<(), Fault>;
}

/// sled 0.34.7.
pub(super) struct SledEngine(sled::Db);

impl SledEngine {
    pub(super) fn open(folder: &Path) -> Result<Self, Fault> {
        remove_leftovers(folder);
        let db = sled::Config::default()
            .path(folder)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None)
            .open()?;
        Ok(Self(db))
    }
}

/// Removes snapshots that were being written when the process died. sled takes such a file for
/// its newest snapshot and refuses to open; it was never renamed, so nothing depends on it.
fn remove_leftovers(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return; // There is no index yet.
    };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().ends_with(".generating")
            && let Err(error) = fs::remove_file(entry.path())
        {
            tracing::debug!(path = %entry.path().display(), %error, "leftover of the index stays");
        }
    }
}

impl Engine for SledEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.0.get(key)?.map(|value| value.to_vec()))
    }

    fn newest(&self, start: &[u8], end: &[u8], limit: usize) -> Result<Vec<Change>, Fault> {
        let mut rows = Vec::new();
        for row in self.0.range(start..end).rev().take(limit) {
            let (key, value) = row?;
            rows.push((key.to_vec(), value.to_vec()));
        }
        Ok(rows)
    }

    fn apply(&mut self, changes: Vec<Change>) -> Result<(), Fault> {
        let mut batch = sled::Batch::default();
        for (key, value) in changes {
            batch.insert(key, value);
        }
        self.0.apply_batch(batch)?;
        self.0.flush()?;
        Ok(())
    }
}

/// Entries in memory: where the disk has no room for an index, and in tests.
#[derive(Debug, Default)]
pub(super) struct MemoryEngine(BTreeMap<Vec<u8>, Vec<u8>>);

impl Engine for MemoryEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.0.get(key).cloned())
    }

    fn newest(&self, start: &[u8], end: &[u8], limit: usize) -> Result<Vec<Change>, Fault> {
        if start >= end {
            return Ok(Vec::new());
        }
        Ok(self
            .0
            .range(start.to_vec()..end.to_vec())
            .rev()
            .take(limit)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect())
    }

    fn apply(&mut self, changes: Vec<Change>) -> Result<(), Fault> {
        self.0.extend(changes);
        Ok(())
    }
}
