//! Key files read from bytes, for the fuzz targets of them.

use super::copies::from_copies;
use super::file;
use super::root::{Line, Root};
use crate::error::StoreError;
use std::path::{Path, PathBuf};

/// What a key file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// How many keys, or ids of erased ones.
    pub keys: usize,
    /// Whether one of its two halves is not whole.
    pub is_worn: bool,
}

/// Reads `root.key`. One whose key is wrapped is not opened.
///
/// # Errors
///
/// [`StoreError::Key`] when it is damaged, [`StoreError::NewerFormat`].
pub fn root_key(bytes: &[u8]) -> Result<Held, StoreError> {
    let (_, is_worn) = root_line(bytes)?;
    Ok(Held { keys: 1, is_worn })
}

/// Reads `keys` with the root key of a `root.key` that holds it as it is.
///
/// # Errors
///
/// [`StoreError::Key`] when one of them is damaged or the root key is another, [`StoreError::NewerFormat`].
pub fn data_keys(root_key: &[u8], bytes: &[u8]) -> Result<Held, StoreError> {
    let root = plain(root_key)?;
    let (path, mut worn) = (Path::new("keys"), Vec::new());
    let contents = from_copies(bytes, path, &mut worn, |line| {
        file::parse(line, path, &root)
    })?;
    Ok(Held {
        keys: contents.entries.len() + contents.erased.len(),
        is_worn: !worn.is_empty(),
    })
}

/// The line of a `keys` whose seal does not fit, sealed anew as somebody with the root key could; nothing
/// where it is no such line.
pub fn sealed_anew(root_key: &[u8], line: &[u8]) -> Option<Vec<u8>> {
    file::sealed_anew(std::str::from_utf8(line).ok()?, &plain(root_key).ok()?)
}

fn root_line(bytes: &[u8]) -> Result<(Line, bool), StoreError> {
    let (path, mut worn) = (Path::new("root.key"), Vec::<PathBuf>::new());
    let line = from_copies(bytes, path, &mut worn, |line| Line::parse(line, path))?;
    Ok((line, !worn.is_empty()))
}

fn plain(bytes: &[u8]) -> Result<Root, StoreError> {
    match root_line(bytes)?.0 {
        Line::Plain(root) => Ok(root),
        Line::Wrapped(_) => Err(super::damaged(Path::new("root.key"), "it is wrapped")),
    }
}
