//! Sealed bytes that can be had again, at a cost: what a caller wants to remember between passes.
//!
//! Nothing here is a record. An entry is replaced in place, is not synced unless its owner asks for that,
//! has one copy, and may be deleted at any time; whoever keeps one here must be able to do without it.
//! That is why it is not in the journal, which never forgets.
//!
//! Every entry belongs to an owner, such as a device, and [`Cache::forget`] takes away all that is kept
//! of one. A file's name is a keyed hash of its owner, so a folder that is looked into tells how many
//! owners there are and nothing of them.

use crate::disk::{self, DiskFile};
use crate::error::{StoreError, io_error};
use crate::frame::{FrameHeader, HEADER, HeaderFault, Sealer};
use crate::index::mac;
use crate::keys::{DataKey, KeyId};
use crate::packing::Packing;
use crate::secret::{SecretBytes, SecretKey, random};
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

/// The kind that the frame of an entry states. No record of the journal has it.
const KIND: u8 = 0x80;

/// What stands between an entry's name and its bytes.
const END_OF_NAME: u8 = 0;

/// Names of one kind of entry: 1 to 16 lower-case letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheSlot(&'static str);

impl CacheSlot {
    /// Names a kind of entry.
    ///
    /// # Panics
    ///
    /// At compile time when used in a constant, for another name than 1 to 16 lower-case letters.
    pub const fn new(name: &'static str) -> Self {
        let bytes = name.as_bytes();
        assert!(
            !bytes.is_empty() && bytes.len() <= 16,
            "a slot's name has 1 to 16 letters"
        );
        let mut at = 0;
        while at < bytes.len() {
            assert!(
                bytes[at].is_ascii_lowercase(),
                "a slot's name is lower-case letters"
            );
            at += 1;
        }
        Self(name)
    }
}

/// What is remembered between passes and can be lost.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    keys: RwLock<Keys>,
    /// One writer at a time: an entry's new bytes have one name until they are in place.
    writing: Mutex<()>,
}

/// The keys of one data key's time.
#[derive(Clone, Debug)]
struct Keys {
    names: SecretKey,
    sealing: SecretKey,
    id: KeyId,
}

impl Keys {
    fn of(key: &DataKey) -> Self {
        let derive = |word: &[u8]| SecretKey::new(mac(&key.key, &[b"derive\0", word]));
        Self {
            names: derive(b"cache-names"),
            sealing: derive(b"cache"),
            id: key.id,
        }
    }
}

impl Cache {
    /// Ceiling on one entry: all values of a large device, or the addresses of 65,536.
    pub const MAX_BYTES: usize = 8 << 20;

    /// What is kept in `folder`, which is made when something is.
    pub(crate) fn new(folder: PathBuf, key: &DataKey) -> Self {
        Self {
            folder,
            keys: RwLock::new(Keys::of(key)),
            writing: Mutex::new(()),
        }
    }

    /// Forgets everything, and goes on under another key: the one before is to be destroyed.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`]; what is left then opens under no key.
    pub(crate) fn start_anew(&self, key: &DataKey) -> Result<(), StoreError> {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Keys::of(key);
        self.keep_only([]).map(|_| ())
    }

    fn keys(&self) -> Keys {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.clone()
    }

    /// What was kept last for `owner` in `slot`.
    ///
    /// # Errors
    ///
    /// [`StoreError::DamagedEntry`] where it is not what was kept, under another key, or another
    /// owner's; [`StoreError::NewerFormat`] where a newer version wrote it; else [`StoreError::Io`].
    /// All of them mean: do without it.
    pub fn get(&self, owner: &str, slot: CacheSlot) -> Result<Option<SecretBytes>, StoreError> {
        let path = self.path(owner, slot);
        let file = match OpenOptions::new().read(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error("open", &path)(error)),
        };
        let mut bytes = Vec::new();
        // What does not compress grows a little.
        let limit = Self::MAX_BYTES + Self::MAX_BYTES / 8 + HEADER;
        file.take(limit as u64)
            .read_to_end(&mut bytes)
            .map_err(io_error("read", &path))?;
        self.open(&bytes, &path, owner, slot).map(Some)
    }

    fn open(
        &self,
        bytes: &[u8],
        path: &Path,
        owner: &str,
        slot: CacheSlot,
    ) -> Result<SecretBytes, StoreError> {
        let damaged = || StoreError::DamagedEntry {
            path: path.to_owned(),
        };
        let (clear, sealed) = bytes.split_first_chunk::<HEADER>().ok_or_else(damaged)?;
        let header = FrameHeader::parse(clear).map_err(|fault| match fault {
            HeaderFault::Newer { format, algorithm } => StoreError::NewerFormat {
                path: path.to_owned(),
                format: format.into(),
                algorithm: algorithm.into(),
            },
            HeaderFault::Damaged => damaged(),
        })?;
        let keys = self.keys();
        let fits =
            header.kind == KIND && header.key == keys.id && header.sealed_length() == sealed.len();
        let record = fits
            .then(|| header.open(&keys.sealing, sealed))
            .flatten()
            .ok_or_else(damaged)?;
        let rest = record.strip_prefix(name(owner, slot).as_bytes());
        let rest = rest.and_then(|rest| rest.strip_prefix(&[END_OF_NAME]));
        rest.map(|bytes| bytes.to_vec().into()).ok_or_else(damaged)
    }

    /// Keeps `bytes` for `owner` in `slot`; the ones before are gone.
    ///
    /// # Errors
    ///
    /// [`StoreError::TooLarge`] over [`MAX_BYTES`](Self::MAX_BYTES), else [`StoreError::Io`]: then the
    /// ones before may still be there.
    pub fn put(&self, owner: &str, slot: CacheSlot, bytes: &[u8]) -> Result<(), StoreError> {
        self.put_with(owner, slot, bytes, Sync::Not)
    }

    /// [`put`](Self::put) that outlasts a power cut: when it returns, the new bytes are on the disk, and
    /// until then the ones before are.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn put_synced(&self, owner: &str, slot: CacheSlot, bytes: &[u8]) -> Result<(), StoreError> {
        self.put_with(owner, slot, bytes, Sync::Wait)
    }

    fn put_with(
        &self,
        owner: &str,
        slot: CacheSlot,
        bytes: &[u8],
        sync: Sync,
    ) -> Result<(), StoreError> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(StoreError::TooLarge {
                what: "what is to be remembered",
                bytes: bytes.len(),
                limit: Self::MAX_BYTES,
            });
        }
        let path = self.path(owner, slot);
        let mut record = SecretBytes::with_capacity(bytes.len() + 256);
        record.extend_from_slice(name(owner, slot).as_bytes());
        record.push(END_OF_NAME);
        record.extend_from_slice(bytes);
        let keys = self.keys();
        let header = FrameHeader {
            packing: Packing::Alone,
            kind: KIND,
            length: 0,
            segment: 0,
            sequence: 0,
            group: 0,
            key: keys.id,
            nonce: random()?,
        };
        let mut sealed = Vec::new();
        Sealer::new()
            .and_then(|mut sealer| sealer.seal(&mut sealed, header, &keys.sealing, &record))
            .map_err(io_error("seal what is remembered in", &path))?;
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        replace(&path, &sealed, sync)
    }

    /// Forgets everything that is kept for `owner`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`].
    pub fn forget(&self, owner: &str) -> Result<(), StoreError> {
        let stem = self.stem(owner);
        self.remove_files(&self.folder.join(&stem[..2]), &|found| found == stem)?;
        Ok(())
    }

    /// Forgets everything of all owners but these, and what a stopped write left behind. Returns how
    /// many files that were.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`].
    pub fn keep_only<'a>(
        &self,
        owners: impl IntoIterator<Item = &'a str>,
    ) -> Result<u64, StoreError> {
        let kept: BTreeSet<String> = owners.into_iter().map(|owner| self.stem(owner)).collect();
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut removed = 0;
        for folder in entries(&self.folder)? {
            if folder.is_dir() {
                removed += self.remove_files(&folder, &|stem| !kept.contains(stem))?;
            }
        }
        Ok(removed)
    }

    /// Removes the files of a folder whose stem is `wanted`, and those that were never put in place.
    fn remove_files(
        &self,
        folder: &Path,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<u64, StoreError> {
        let mut removed = 0;
        for path in entries(folder)? {
            let name = path.file_name().and_then(|name| name.to_str());
            let Some((stem, slot)) = name.and_then(|name| name.split_once('.')) else {
                continue;
            };
            if wanted(stem) || slot.ends_with(UNFINISHED) {
                disk::remove_file(&path).map_err(io_error("remove", &path))?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn path(&self, owner: &str, slot: CacheSlot) -> PathBuf {
        let stem = self.stem(owner);
        let folder = self.folder.join(&stem[..2]);
        folder.join(format!("{stem}.{}", slot.0))
    }

    /// 32 hexadecimal digits for an owner.
    fn stem(&self, owner: &str) -> String {
        hex::encode(&mac(&self.keys().names, &[b"owner\0", owner.as_bytes()])[..16])
    }
}

const UNFINISHED: &str = ".new";

fn name(owner: &str, slot: CacheSlot) -> String {
    format!("{} {owner}", slot.0)
}

/// What is in a folder; nothing where there is no such folder.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let listed = match fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_error("list", folder)(error)),
    };
    listed
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(io_error("list", folder))
}

/// Whether a write waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sync {
    Not,
    Wait,
}

/// Puts a file in the place of another. Where it is not synced, it may be empty after a power cut, which
/// is damage and is found.
fn replace(path: &Path, bytes: &[u8], sync: Sync) -> Result<(), StoreError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(UNFINISHED);
    let beside = PathBuf::from(beside);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    let opened = match DiskFile::open(&mut options, &beside) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let folder = path.parent().unwrap_or(path);
            disk::create_private_folder(folder).map_err(io_error("create", folder))?;
            DiskFile::open(&mut options, &beside)
        }
        opened => opened,
    };
    let mut file = opened.map_err(io_error("create", &beside))?;
    file.write_all(bytes).map_err(io_error("write", &beside))?;
    if sync == Sync::Wait {
        file.sync().map_err(io_error("sync", &beside))?;
    }
    drop(file);
    disk::rename(&beside, path).map_err(io_error("rename", &beside))?;
    if sync == Sync::Wait {
        let folder = path.parent().unwrap_or(path);
        disk::sync_folder(folder).map_err(io_error("sync", folder))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
