//! One store, one writer.

use crate::error::{StoreError, io_error};
use crate::platform;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::Path;

/// Holds the store's folder for this process until it is dropped.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the folder. The operating system gives it back when the process ends, however it ends.
    pub(crate) fn take(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join("lock");
        // The owner's number stands in a file of its own: some platforms let nobody read a locked
        // file.
        let owner = folder.join("lock.owner");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = platform::open_private(&mut options, &path).map_err(io_error("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::InUse {
                    folder: folder.to_owned(),
                    pid: fs::read_to_string(&owner)
                        .ok()
                        .and_then(|text| text.trim().parse().ok()),
                });
            }
            Err(TryLockError::Error(error)) => return Err(io_error("lock", &path)(error)),
        }
        // Only for the message above; whoever cannot write it can still hold the lock.
        if let Err(error) = fs::write(&owner, format!("{}\n", std::process::id())) {
            tracing::debug!(path = %owner.display(), %error, "the lock's owner is not noted");
        }
        Ok(Self { _file: file })
    }
}
