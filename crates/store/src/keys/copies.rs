//! Files that hold one thing twice, and are replaced as a whole.

use crate::disk::{self, DiskFile, folder_of};
use crate::error::{KeyFileError, StoreError, io_error};
use crate::platform;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Ceiling on a key file: the keys of 50,000 devices, twice, have about 40 MB.
const MAX_FILE: u64 = 64 << 20;

/// The file's bytes, unless it is not there. Refuses a file that others can read.
pub(super) fn read_private(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
    let file = match OpenOptions::new().read(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error("open", path)(error)),
    };
    let mode = platform::rights_of_others(&file).map_err(io_error("inspect", path))?;
    if mode != 0 {
        return Err(KeyFileError::OpenToOthers {
            path: path.to_owned(),
            mode,
        }
        .into());
    }
    let length = file.metadata().map_err(io_error("inspect", path))?.len();
    // Room for all of it from the start, so that no half-read copy is left behind in memory.
    let room = usize::try_from(length.min(MAX_FILE)).unwrap_or(0);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room + 1));
    file.take(MAX_FILE)
        .read_to_end(&mut bytes)
        .map_err(io_error("read", path))?;
    Ok(Some(bytes))
}

/// Reads whichever copy in a key file is whole, and notes in `worn` when one is not.
///
/// The copies are the file's halves, so that not even the bytes between them can be hit to the
/// harm of both. A file that somebody wrote anew by hand may also hold a single line.
pub(super) fn from_copies<T>(
    bytes: &[u8],
    path: &Path,
    worn: &mut Vec<PathBuf>,
    parse: impl Fn(&str) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let parse_bytes = |bytes: &[u8]| {
        // What is no UTF-8 becomes a character that no key file can hold.
        let text = Zeroizing::new(String::from_utf8_lossy(bytes).into_owned());
        parse(text.strip_suffix('\n').unwrap_or(&text))
    };
    let (first, second) = bytes.split_at(bytes.len() / 2);
    if first == second {
        return parse_bytes(first);
    }
    match (parse_bytes(first), parse_bytes(second)) {
        (Ok(found), Ok(_)) => Ok(found),
        (Ok(found), Err(_)) | (Err(_), Ok(found)) => {
            worn.push(path.to_owned());
            Ok(found)
        }
        (Err(error), Err(_)) => {
            let mut lines = bytes.split(|byte| *byte == b'\n');
            let found = lines.find_map(|line| parse_bytes(line).ok());
            worn.extend(found.is_some().then(|| path.to_owned()));
            found.ok_or(error)
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(suffix);
    PathBuf::from(beside)
}

/// Where the next root key waits until the data keys are wrapped by it.
pub(super) fn next_of(path: &Path) -> PathBuf {
    with_suffix(path, ".next")
}

/// Writes a line twice, anew, so that at every instant either the old or the new one is there,
/// whole.
pub(super) fn replace_private(path: &Path, line: &[u8]) -> Result<(), StoreError> {
    let beside = with_suffix(path, ".new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    let mut file = DiskFile::open(&mut options, &beside).map_err(io_error("create", &beside))?;
    for _ in 0..2 {
        file.write_all(line).map_err(io_error("write", &beside))?;
    }
    file.sync().map_err(io_error("sync", &beside))?;
    drop(file);
    disk::rename(&beside, path).map_err(io_error("rename", &beside))?;
    sync_folder(path)
}

/// Puts `from` in the place of `path`, and wipes what was there: nothing refers to it any more.
pub(super) fn supersede(from: &Path, path: &Path) -> Result<(), StoreError> {
    let old = DiskFile::open(OpenOptions::new().write(true), path).ok();
    disk::rename(from, path).map_err(io_error("rename", from))?;
    sync_folder(path)?;
    if let Some(mut old) = old
        && let Err(error) = old.wipe()
    {
        // Its blocks are free; whether they can be read is the file system's matter.
        tracing::warn!(path = %path.display(), %error, "the old file's bytes are not overwritten");
    }
    Ok(())
}

/// Removes a file that was never used, or is not used any more.
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    if let Ok(mut file) = DiskFile::open(OpenOptions::new().write(true), path)
        && let Err(error) = file.wipe()
    {
        tracing::warn!(path = %path.display(), %error, "the file's bytes are not overwritten");
    }
    match disk::remove_file(path) {
        Ok(()) => sync_folder(path),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(io_error("remove", path)(error)),
    }
}

fn sync_folder(path: &Path) -> Result<(), StoreError> {
    let folder = folder_of(path);
    disk::sync_folder(folder).map_err(io_error("sync", folder))
}
