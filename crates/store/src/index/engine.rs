//! What keeps the index's entries.

use std::collections::BTreeMap;
use std::fmt;

/// A key and its value.
pub(crate) type Entry = (Vec<u8>, Vec<u8>);

/// A key and the value that it gets; nothing takes it away.
pub(crate) type Change = (Vec<u8>, Option<Vec<u8>>);

/// Ceiling on an engine's page cache: their default is 1 GB, on a PC that has other things to do.
pub(super) const CACHE_BYTES: u64 = 16 << 20;

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

/// An ordered map of bytes on a disk.
pub(crate) trait Engine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault>;

    /// Entries from `start` up to but without `end`, the last first.
    fn newest(&self, start: &[u8], end: &[u8], limit: usize) -> Result<Vec<Entry>, Fault>;

    /// Makes all changes in one step, durable when it returns.
    fn apply(&mut self, changes: Vec<Change>) -> Result<(), Fault>;
}

/// Entries in memory: where the disk has no room for an index, and in tests.
#[derive(Debug, Default)]
pub(super) struct MemoryEngine(BTreeMap<Vec<u8>, Vec<u8>>);

impl Engine for MemoryEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.0.get(key).cloned())
    }

    fn newest(&self, start: &[u8], end: &[u8], limit: usize) -> Result<Vec<Entry>, Fault> {
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
        for (key, value) in changes {
            match value {
                Some(value) => self.0.insert(key, value),
                None => self.0.remove(&key),
            };
        }
        Ok(())
    }
}
