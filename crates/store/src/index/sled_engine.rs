//! sled 0.34.7 under the index. This is the only file that names it.

use super::engine::{CACHE_BYTES, Change, Engine, Entry, Fault};
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

impl From<sled::Error> for Fault {
    fn from(error: sled::Error) -> Self {
        Self::new(error.to_string())
    }
}

/// How long is waited for a sled that still holds the file. The store's own lock keeps other processes
/// away: it is that of a store which this process has just closed, and whose threads end a little later.
const LETTING_GO: Duration = Duration::from_secs(2);

/// Whether somebody holds the file; sled tells it in words alone.
fn is_held(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(io) if io.to_string().contains("could not acquire lock"))
}

/// A sled database.
pub(super) struct SledEngine(sled::Db);

impl SledEngine {
    pub(super) fn open(folder: &Path) -> Result<Self, Fault> {
        remove_leftovers(folder);
        let config = sled::Config::default()
            .path(folder)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None);
        let started = Instant::now();
        loop {
            match config.open() {
                Err(error) if is_held(&error) && started.elapsed() < LETTING_GO => {
                    thread::sleep(Duration::from_millis(10));
                }
                opened => return Ok(Self(opened?)),
            }
        }
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

    fn newest(&self, start: &[u8], end: &[u8], limit: usize) -> Result<Vec<Entry>, Fault> {
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
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        self.0.apply_batch(batch)?;
        self.0.flush()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sled_that_has_not_let_go_yet_is_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().to_owned();
        let before = SledEngine::open(&path).expect("it opens");
        let next = thread::spawn(move || SledEngine::open(&path));
        thread::sleep(Duration::from_millis(50));
        assert!(!next.is_finished());
        drop(before);
        let mut next = next.join().expect("no panic").expect("it opens");
        let change = (b"key".to_vec(), Some(b"value".to_vec()));
        next.apply(vec![change]).expect("stored");
    }
}
