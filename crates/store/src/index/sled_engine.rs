//! sled 0.34.7 under the index. This is the only file that names it.

use super::engine::{CACHE_BYTES, Change, Engine, Fault};
use std::fs;
use std::path::Path;

impl From<sled::Error> for Fault {
    fn from(error: sled::Error) -> Self {
        Self::new(error.to_string())
    }
}

/// A sled database.
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
