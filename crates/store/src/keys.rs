//! The root key in its file, and the data keys that it wraps.
//!
//! `root.key` holds the root key as a line of text with a check, twice, so that one bad byte does
//! not cost the store. `keys` holds the data keys, each wrapped by the root key, as a line of
//! JSON, twice as well; it is replaced as a whole: written beside, synced,
//! renamed, the folder synced. Each record in the journal names the data key that it needs, so
//! keys can be added, per device if need be, without touching what is sealed.

use crate::error::{KeyFileError, StoreError, io_error};
use crate::platform;
use crate::secret::{SecretKey, random};
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use pagetally_model::Timestamp;
use pagetally_proof::{Hash, canonical};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use zeroize::{Zeroize, Zeroizing};

/// The version of the key files that this crate writes.
pub(crate) const KEY_FORMAT: u32 = 1;
/// Algorithm 1: data keys wrapped with XChaCha20-Poly1305.
const KEY_ALGORITHM: u32 = 1;

/// Ceiling on a key file: 10,000 data keys have about 3 MB.
const MAX_FILE: u64 = 16 << 20;

const ROOT_WORD: &str = "pagetally-root-key";
const ROOT_CHECK: &[u8] = b"pagetally/root-key-check/1\0";
const ROOT_ID: &[u8] = b"pagetally/root-key-id/1\0";
const WRAP: &[u8] = b"pagetally/data-key/1\0";
const FILE_SEAL: &[u8] = b"pagetally/key-file/1\0";

/// Names a key without telling anything of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct KeyId([u8; 16]);

impl KeyId {
    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// What a data key protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Purpose {
    /// Keys of the index's entries, and the state that it holds.
    Index,
    /// Records of the journal that have no key of their own.
    Site,
}

/// A data key, unwrapped.
#[derive(Clone, Debug)]
pub(crate) struct DataKey {
    pub(crate) id: KeyId,
    pub(crate) purpose: Purpose,
    pub(crate) key: SecretKey,
}

/// All data keys of a store.
#[derive(Debug)]
pub(crate) struct Keyring {
    site: DataKey,
    index: DataKey,
    all: Vec<DataKey>,
    /// Lines of key files that were found damaged, while their twin was whole.
    pub(crate) worn: Vec<PathBuf>,
}

impl Keyring {
    /// Reads the keys, or makes them for a store that holds no data yet.
    pub(crate) fn open(
        root_path: &Path,
        keys_path: &Path,
        holds_data: bool,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut worn = Vec::new();
        let has_keys = exists(keys_path)?;
        let root = match read_private(root_path)? {
            Some(bytes) => from_copies(&bytes, root_path, &mut worn, |line| {
                parse_root(line, root_path)
            })?,
            None if holds_data || has_keys => {
                return Err(KeyFileError::Missing {
                    path: root_path.to_owned(),
                }
                .into());
            }
            None => create_root(root_path)?,
        };
        if !has_keys {
            if holds_data {
                return Err(KeyFileError::Missing {
                    path: keys_path.to_owned(),
                }
                .into());
            }
            let keys = [(Purpose::Site, now), (Purpose::Index, now)];
            write_keys(keys_path, &root, &keys)?;
        }
        let all = read_keys(keys_path, root_path, &root, &mut worn)?;
        let current = |purpose| {
            all.iter()
                .rev()
                .find(|key: &&DataKey| key.purpose == purpose)
                .cloned()
                .ok_or_else(|| damaged(keys_path, "a key that every store needs is not in it"))
        };
        Ok(Self {
            site: current(Purpose::Site)?,
            index: current(Purpose::Index)?,
            all,
            worn,
        })
    }

    /// Fresh keys that are in no file.
    #[cfg(test)]
    pub(crate) fn in_memory() -> Result<Self, StoreError> {
        let key = |purpose| -> Result<DataKey, StoreError> {
            Ok(DataKey {
                id: KeyId(random()?),
                purpose,
                key: SecretKey::random()?,
            })
        };
        let (site, index) = (key(Purpose::Site)?, key(Purpose::Index)?);
        Ok(Self {
            all: vec![site.clone(), index.clone()],
            site,
            index,
            worn: Vec::new(),
        })
    }

    /// The key that new records are sealed with.
    pub(crate) fn site(&self) -> &DataKey {
        &self.site
    }

    /// The key of the index.
    pub(crate) fn index(&self) -> &DataKey {
        &self.index
    }

    /// The key that a record names.
    pub(crate) fn find(&self, id: KeyId) -> Option<&SecretKey> {
        self.all
            .iter()
            .find(|entry| entry.id == id)
            .map(|entry| &entry.key)
    }
}

fn damaged(path: &Path, reason: &'static str) -> StoreError {
    KeyFileError::Damaged {
        path: path.to_owned(),
        reason,
    }
    .into()
}

fn exists(path: &Path) -> Result<bool, StoreError> {
    path.try_exists().map_err(io_error("look for", path))
}

/// The file's bytes, unless it is not there. Refuses a file that others can read.
fn read_private(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
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
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MAX_FILE)
        .read_to_end(&mut bytes)
        .map_err(io_error("read", path))?;
    Ok(Some(bytes))
}

/// Reads whichever copy in a key file is whole, and notes in `worn` when one is not.
///
/// The copies are the file's halves, so that not even the bytes between them can be hit to the
/// harm of both. A file that somebody wrote anew by hand may also hold a single line.
fn from_copies<T>(
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

/// Writes a file anew so that at every instant either the old or the new one is there, whole.
fn replace_private(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    let mut file =
        platform::open_private(&mut options, &beside).map_err(io_error("create", &beside))?;
    file.write_all(bytes).map_err(io_error("write", &beside))?;
    file.sync_all().map_err(io_error("sync", &beside))?;
    drop(file);
    std::fs::rename(&beside, path).map_err(io_error("rename", &beside))?;
    platform::sync_folder(folder).map_err(io_error("sync", folder))
}

fn root_check(key: &SecretKey) -> String {
    hex::encode(&Hash::of(&[ROOT_CHECK, key.expose()]).as_bytes()[..8])
}

fn root_id(key: &SecretKey) -> String {
    hex::encode(&Hash::of(&[ROOT_ID, key.expose()]).as_bytes()[..16])
}

fn create_root(path: &Path) -> Result<SecretKey, StoreError> {
    let key = SecretKey::random()?;
    let mut digits = hex::encode(key.expose());
    let line = Zeroizing::new(format!(
        "{ROOT_WORD} {KEY_FORMAT} {digits} {}\n",
        root_check(&key)
    ));
    digits.zeroize();
    let text = Zeroizing::new([line.as_bytes(), line.as_bytes()].concat());
    replace_private(path, &text)?;
    Ok(key)
}

fn parse_root(line: &str, path: &Path) -> Result<SecretKey, StoreError> {
    let words: Vec<&str> = line.split(' ').collect();
    let [ROOT_WORD, format, digits, check] = words[..] else {
        return Err(damaged(path, "it holds no line of four words"));
    };
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(digits, &mut *bytes)
        .map_err(|_| damaged(path, "the key is not 64 hexadecimal digits"))?;
    let key = SecretKey::new(bytes);
    if root_check(&key) != check {
        return Err(damaged(path, "the key does not fit its check"));
    }
    match format.parse() {
        Ok(KEY_FORMAT) => Ok(key),
        Ok(newer) if newer > KEY_FORMAT => Err(StoreError::NewerFormat {
            path: path.to_owned(),
            format: newer,
            algorithm: KEY_ALGORITHM,
        }),
        Ok(_) | Err(_) => Err(damaged(path, "its format is no number")),
    }
}

/// One wrapped data key.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrappedKey {
    id: String,
    purpose: Purpose,
    created: Timestamp,
    nonce: String,
    wrapped: String,
}

/// The key file without its seal.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyFile {
    format: u32,
    algorithm: u32,
    /// The id of the root key that wraps the keys.
    root: String,
    keys: Vec<WrappedKey>,
}

/// The key file with a seal over all of it, so that no key can be taken out or put in.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SealedKeyFile {
    file: KeyFile,
    nonce: String,
    tag: String,
}

/// What every version's key file begins with.
#[derive(Deserialize)]
struct AnyKeyFile {
    file: AnyFormat,
}

#[derive(Deserialize)]
struct AnyFormat {
    format: u32,
    algorithm: u32,
}

fn associated(id: &str, purpose: Purpose) -> Vec<u8> {
    let purpose: &[u8] = match purpose {
        Purpose::Index => b"index",
        Purpose::Site => b"site",
    };
    [WRAP, id.as_bytes(), b"\0", purpose].concat()
}

fn write_keys(
    path: &Path,
    root: &SecretKey,
    purposes: &[(Purpose, Timestamp)],
) -> Result<(), StoreError> {
    let cipher = XChaCha20Poly1305::new(root.expose().into());
    let sealing_failed = |_| damaged(path, "the data keys cannot be wrapped");
    let mut keys = Vec::new();
    for &(purpose, created) in purposes {
        let id = hex::encode(random::<16>()?);
        let nonce = random::<24>()?;
        // Room for the tag from the start, so that the key is sealed where it lies.
        let mut buffer = Vec::with_capacity(48);
        buffer.extend_from_slice(SecretKey::random()?.expose());
        cipher
            .encrypt_in_place(&XNonce::from(nonce), &associated(&id, purpose), &mut buffer)
            .map_err(sealing_failed)?;
        keys.push(WrappedKey {
            id,
            purpose,
            created,
            nonce: hex::encode(nonce),
            wrapped: hex::encode(buffer),
        });
    }
    let file = KeyFile {
        format: KEY_FORMAT,
        algorithm: KEY_ALGORITHM,
        root: root_id(root),
        keys,
    };
    let nonce = random::<24>()?;
    let mut tag = Vec::new();
    cipher
        .encrypt_in_place(&XNonce::from(nonce), &file_bytes(&file)?, &mut tag)
        .map_err(sealing_failed)?;
    let sealed = SealedKeyFile {
        file,
        nonce: hex::encode(nonce),
        tag: hex::encode(tag),
    };
    let mut line = canonical::to_bytes(&sealed).map_err(key_document)?;
    line.push(b'\n');
    replace_private(path, &[&line[..], &line[..]].concat())
}

fn key_document(source: canonical::CanonicalError) -> StoreError {
    StoreError::Canonical {
        document: "keys".to_owned(),
        source,
    }
}

fn file_bytes(file: &KeyFile) -> Result<Vec<u8>, StoreError> {
    let body = canonical::to_bytes(file).map_err(key_document)?;
    Ok([FILE_SEAL, &body].concat())
}

fn read_keys(
    path: &Path,
    root_path: &Path,
    root: &SecretKey,
    worn: &mut Vec<PathBuf>,
) -> Result<Vec<DataKey>, StoreError> {
    let bytes = read_private(path)?.ok_or_else(|| KeyFileError::Missing {
        path: path.to_owned(),
    })?;
    from_copies(&bytes, path, worn, |line| {
        read_keys_line(line, path, root_path, root)
    })
}

fn read_keys_line(
    line: &str,
    path: &Path,
    root_path: &Path,
    root: &SecretKey,
) -> Result<Vec<DataKey>, StoreError> {
    if let Ok(AnyKeyFile { file }) = serde_json::from_str(line)
        && (file.format, file.algorithm) > (KEY_FORMAT, KEY_ALGORITHM)
    {
        return Err(StoreError::NewerFormat {
            path: path.to_owned(),
            format: file.format,
            algorithm: file.algorithm,
        });
    }
    let sealed: SealedKeyFile =
        serde_json::from_str(line).map_err(|_| damaged(path, "it does not parse"))?;
    let found = root_id(root);
    if sealed.file.root != found {
        return Err(KeyFileError::Wrong {
            path: root_path.to_owned(),
            expected: sealed.file.root,
            found,
        }
        .into());
    }
    let cipher = XChaCha20Poly1305::new(root.expose().into());
    let mut tag = hex::decode(&sealed.tag).map_err(|_| damaged(path, "its seal is no hex"))?;
    cipher
        .decrypt_in_place(
            &nonce(&sealed.nonce, path)?,
            &file_bytes(&sealed.file)?,
            &mut tag,
        )
        .map_err(|_| damaged(path, "its seal does not fit"))?;
    sealed
        .file
        .keys
        .iter()
        .map(|entry| unwrap_key(entry, &cipher, path))
        .collect()
}

fn nonce(text: &str, path: &Path) -> Result<XNonce, StoreError> {
    let mut bytes = [0; 24];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| damaged(path, "a nonce is no hex"))?;
    Ok(XNonce::from(bytes))
}

fn unwrap_key(
    entry: &WrappedKey,
    cipher: &XChaCha20Poly1305,
    path: &Path,
) -> Result<DataKey, StoreError> {
    let does_not_open = || damaged(path, "a data key does not open");
    let mut id = [0; 16];
    hex::decode_to_slice(&entry.id, &mut id).map_err(|_| does_not_open())?;
    let mut buffer = Zeroizing::new(hex::decode(&entry.wrapped).map_err(|_| does_not_open())?);
    cipher
        .decrypt_in_place(
            &nonce(&entry.nonce, path)?,
            &associated(&entry.id, entry.purpose),
            &mut *buffer,
        )
        .map_err(|_| does_not_open())?;
    let mut key = Zeroizing::new([0; 32]);
    if buffer.len() != key.len() {
        return Err(does_not_open());
    }
    key.copy_from_slice(&buffer);
    Ok(DataKey {
        id: KeyId(id),
        purpose: entry.purpose,
        key: SecretKey::new(key),
    })
}
