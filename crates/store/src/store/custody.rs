//! The store's keys: their status, another root key or keeper, recovery.

use super::{OpenOptions, Store, open};
use crate::error::{StoreError, io_error};
use crate::keys::{KeyCustody, KeyStatus, RecoveryCode, ring_import};
use crate::lock::FolderLock;
use pagetally_model::Timestamp;
use std::io::Read;
use std::path::Path;

/// A recovery file has a few hundred bytes.
const MAX_RECOVERY_FILE: u64 = 64 * 1024;

impl Store {
    /// What can be told of the keys without telling any.
    pub fn key_status(&self) -> KeyStatus {
        self.inner().keyring.status()
    }

    /// Puts a fresh root key in the place of this one and wraps all data keys anew, at once;
    /// another keeper gets it where one is named. Older copies of the key files open nothing that
    /// is wrapped from here on, and recovery files of the old root key are void.
    ///
    /// # Errors
    ///
    /// [`StoreError::Key`] when the keeper is not there, [`StoreError::Io`] when the disk fails.
    /// Either root key then opens the store, whichever the data keys are wrapped by.
    pub fn rotate_root_key(
        &self,
        custody: Option<KeyCustody>,
        now: Timestamp,
    ) -> Result<KeyStatus, StoreError> {
        let mut inner = self.inner();
        let changed = inner.keyring.rotate_root(custody, now)?;
        let status = inner.keyring.status();
        inner.note_done(
            format!(
                "root key {} replaced by {}, kept by {}",
                changed.before, changed.after, status.custody
            ),
            now,
        )?;
        Ok(status)
    }

    /// The root key under a code, as the bytes of a recovery file. It opens the store until the
    /// root key is rotated.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when that it was written down cannot be noted.
    pub fn export_recovery(
        &self,
        code: &RecoveryCode,
        now: Timestamp,
    ) -> Result<Vec<u8>, StoreError> {
        let mut inner = self.inner();
        let bytes = inner.keyring.export_recovery(code, now)?;
        let root = inner.keyring.status().root;
        inner.note_done(format!("root key {root} written down for recovery"), now)?;
        Ok(bytes)
    }
}

/// Gives the root key in a recovery file to a keeper, for a store whose keeper is gone. Answers
/// the root key's id.
///
/// # Errors
///
/// [`StoreError::Key`] when the code is wrong, the file damaged, or its root key not the one that
/// the store's data keys need; nothing is changed then.
pub fn import_recovery(
    folder: &Path,
    options: &OpenOptions,
    custody: KeyCustody,
    file: &Path,
    code: &RecoveryCode,
) -> Result<String, StoreError> {
    let _lock = FolderLock::take(folder)?;
    let mut bytes = Vec::new();
    std::fs::File::open(file)
        .map_err(io_error("open", file))?
        .take(MAX_RECOVERY_FILE)
        .read_to_end(&mut bytes)
        .map_err(io_error("read", file))?;
    let places = open::key_places(folder, options);
    ring_import(&places, &options.keys, custody, file, &bytes, code)
}
