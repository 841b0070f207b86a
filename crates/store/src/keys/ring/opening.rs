//! The key files, read or made; a change of the root key that was interrupted is ended.

use super::{KeyPlaces, Ring, fresh_contents};
use crate::error::{KeyFileError, StoreError, io_error};
use crate::keys::copies::{self, next_of};
use crate::keys::custody::{KeyCustody, KeySources};
use crate::keys::file;
use crate::keys::recovery::{self, RecoveryCode};
use crate::keys::root::{self, FoundRoot, Root};
use pagetally_model::Timestamp;
use std::path::{Path, PathBuf};

/// Reads the keys of a store, and ends a change of the root key that was interrupted.
pub(super) fn open_ring(
    places: &KeyPlaces,
    sources: &KeySources,
    holds_data: bool,
    now: Timestamp,
    worn: &mut Vec<PathBuf>,
) -> Result<Ring, StoreError> {
    let missing = |path: &Path| KeyFileError::Missing {
        path: path.to_owned(),
    };
    let next = next_of(&places.root);
    let has_keys = exists(&places.keys)?;
    if exists(&next)? && has_keys {
        let mut unused = Vec::new();
        if let Ok(Some(found)) = root::read(&next, sources, &mut unused)
            && let Ok(contents) = file::read(&places.keys, &found.root, worn)
        {
            copies::supersede(&next, &places.root)?;
            return Ring::new(found.root, found.wrap, contents, &places.keys);
        }
    }
    let root = match root::read(&places.root, sources, worn)? {
        Some(found) => found,
        None if holds_data || has_keys => return Err(missing(&places.root).into()),
        None => create_root(&places.root, sources)?,
    };
    if !has_keys {
        if holds_data {
            return Err(missing(&places.keys).into());
        }
        file::write(&places.keys, &root.root, &fresh_contents(&root.root, now)?)?;
    }
    let contents = file::read(&places.keys, &root.root, worn).map_err(|error| match error {
        // It is the root key that is wrong, not what it does not open.
        StoreError::Key(KeyFileError::Wrong {
            expected, found, ..
        }) => KeyFileError::Wrong {
            path: places.root.clone(),
            expected,
            found,
        }
        .into(),
        error => error,
    })?;
    if exists(&next)? {
        copies::remove(&next)?; // No data key was ever wrapped by it.
    }
    Ring::new(root.root, root.wrap, contents, &places.keys)
}

fn create_root(path: &Path, sources: &KeySources) -> Result<FoundRoot, StoreError> {
    let root = Root::random()?;
    let wrap = sources.make(sources.first())?;
    root::write(path, &root, wrap.as_ref())?;
    Ok(FoundRoot { root, wrap })
}

fn exists(path: &Path) -> Result<bool, StoreError> {
    path.try_exists().map_err(io_error("look for", path))
}

/// Gives a root key from a recovery file to a keeper, if it is the one that the data keys need.
/// Answers its id. Nothing is changed otherwise.
pub(crate) fn import_recovery(
    places: &KeyPlaces,
    sources: &KeySources,
    custody: KeyCustody,
    file_name: &Path,
    bytes: &[u8],
    code: &RecoveryCode,
) -> Result<String, StoreError> {
    let root = recovery::import(bytes, code, file_name)?;
    file::read(&places.keys, &root, &mut Vec::new()).map_err(|error| match error {
        StoreError::Key(KeyFileError::Wrong {
            expected, found, ..
        }) => KeyFileError::Wrong {
            path: file_name.to_owned(),
            expected,
            found,
        }
        .into(),
        error => error,
    })?;
    let next = next_of(&places.root);
    root::write(&next, &root, sources.make(custody)?.as_ref())?;
    copies::supersede(&next, &places.root)?;
    Ok(root.id)
}
