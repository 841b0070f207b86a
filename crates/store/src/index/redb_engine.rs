//! redb under the index: the second engine, which the feature `index-redb` puts in sled's place. This is
//! the only file that names it.

use super::engine::{CACHE_BYTES, Change, Engine, Entry, Fault};
use redb::{Database, ReadableDatabase, TableDefinition};
use std::fs;
use std::path::Path;

const ENTRIES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("entries");

impl From<redb::Error> for Fault {
    fn from(error: redb::Error) -> Self {
        Self::new(error.to_string())
    }
}

/// Any of redb's errors.
fn fault(error: impl Into<redb::Error>) -> Fault {
    Fault::from(error.into())
}

/// A redb database.
pub(super) struct RedbEngine(Database);

impl RedbEngine {
    pub(super) fn open(folder: &Path) -> Result<Self, Fault> {
        let unusable = |error: std::io::Error| Fault::new(error.to_string());
        fs::create_dir_all(folder).map_err(unusable)?;
        let cache = usize::try_from(CACHE_BYTES).unwrap_or(usize::MAX);
        let db = Database::builder()
            .set_cache_size(cache)
            .create(folder.join("db"))
            .map_err(fault)?;
        // The table is there from the first moment on, so that reading needs no case without it.
        let change = db.begin_write().map_err(fault)?;
        change.open_table(ENTRIES).map_err(fault)?;
        change.commit().map_err(fault)?;
        Ok(Self(db))
    }
}

impl Engine for RedbEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let entries = self.0.begin_read().map_err(fault)?;
        let entries = entries.open_table(ENTRIES).map_err(fault)?;
        let value = entries.get(key).map_err(fault)?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    fn newest(&self, start: &[u8], end: &[u8], limit: usize) -> Result<Vec<Entry>, Fault> {
        if start >= end {
            return Ok(Vec::new());
        }
        let entries = self.0.begin_read().map_err(fault)?;
        let entries = entries.open_table(ENTRIES).map_err(fault)?;
        let range = entries.range(start..end).map_err(fault)?;
        let mut rows = Vec::new();
        for row in range.rev().take(limit) {
            let (key, value) = row.map_err(fault)?;
            rows.push((key.value().to_vec(), value.value().to_vec()));
        }
        Ok(rows)
    }

    fn apply(&mut self, changes: Vec<Change>) -> Result<(), Fault> {
        let change = self.0.begin_write().map_err(fault)?;
        {
            let mut entries = change.open_table(ENTRIES).map_err(fault)?;
            for (key, value) in changes {
                match value {
                    Some(value) => entries.insert(&*key, &*value).map_err(fault)?,
                    None => entries.remove(&*key).map_err(fault)?,
                };
            }
        }
        // Durable when it returns, as redb's commits are unless told otherwise.
        change.commit().map_err(fault)
    }
}
