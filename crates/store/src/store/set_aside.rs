//! Damaged indexes, put where nobody looks for them.
//!
//! One may be what tells a failing disk from a fault of ours, so none is ever deleted because of its
//! damage, however many there are: they are counted instead, and a person deletes them.

use super::Store;
use super::open::index_folder;
use crate::disk;
use crate::error::{StoreError, io_error};
use pagetally_model::Timestamp;
use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

const PREFIX: &str = "index.damaged-";

/// A damaged index that was set aside. It holds no records, nothing needs it, and it may be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetAside {
    /// Its folder, or file where a file was found in the place of one.
    pub path: PathBuf,
    /// How many bytes its files have.
    pub bytes: u64,
}

impl Store {
    /// The damaged indexes that were set aside and that nobody has deleted, the oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] when the store's folder cannot be listed.
    pub fn set_aside_indexes(&self) -> Result<Vec<SetAside>, StoreError> {
        let folder = self.inner().folder.clone();
        Ok(list(&folder)?
            .into_iter()
            .map(|path| SetAside {
                bytes: bytes_in(&path),
                path,
            })
            .collect())
    }
}

/// Renames the index's folder to `index.damaged-<time>`, if it is there.
pub(super) fn set_aside(folder: &Path, now: Timestamp) -> Result<Option<PathBuf>, StoreError> {
    let path = index_folder(folder);
    let time: String = now
        .to_string()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .collect();
    for attempt in 1..=1_000 {
        let aside = folder.join(if attempt == 1 {
            format!("{PREFIX}{time}")
        } else {
            format!("{PREFIX}{time}-{attempt}")
        });
        if aside.try_exists().map_err(io_error("look for", &aside))? {
            continue;
        }
        return match disk::rename(&path, &aside) {
            Ok(()) => {
                disk::sync_folder(folder).map_err(io_error("sync", folder))?;
                Ok(Some(aside))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_error("set aside", &path)(error)),
        };
    }
    Ok(None) // A thousand within one millisecond: the clock stands still, and nobody needs more.
}

/// Removes all of them: the site was erased, and nothing of it is to stay.
pub(super) fn remove_all(folder: &Path) -> Result<(), StoreError> {
    for path in list(folder)? {
        let removed = match path.symlink_metadata().as_ref().map(Metadata::is_dir) {
            Ok(true) => disk::remove_folder(&path),
            Ok(false) | Err(_) => disk::remove_file(&path),
        };
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(io_error("remove", &path)(error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let unlisted = || io_error("list", folder);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unlisted())? {
        let entry = entry.map_err(unlisted())?;
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// How many bytes a file has, or the files of a folder, as far as they can be looked at.
pub(super) fn bytes_in(path: &Path) -> u64 {
    let Ok(metadata) = path.symlink_metadata() else {
        return 0;
    };
    if !metadata.is_dir() {
        return metadata.len();
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| bytes_in(&entry.path())).sum()
}
