//! The data keys in their file.

use super::copies::{from_copies, read_private, replace_private};
use super::device::{DeviceClues, DeviceId};
use super::root::Root;
use super::{DataKey, KEY_ALGORITHM, KEY_FORMAT, KeyId, Purpose, damaged};
use crate::error::{KeyFileError, StoreError};
use crate::secret::{SecretKey, random};
use chacha20poly1305::XNonce;
use chacha20poly1305::aead::AeadInOut;
use pagetally_model::Timestamp;
use pagetally_proof::canonical;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

const WRAP: &[u8] = b"pagetally/data-key/1\0";
const FILE_SEAL: &[u8] = b"pagetally/key-file/1\0";

/// What the file holds, opened.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    /// The last one of a purpose and device seals what is new.
    pub(super) entries: Vec<Entry>,
    /// Keys that were destroyed so that what they sealed is gone.
    pub(super) erased: Vec<ErasedKey>,
    /// Since when the root key is the root key; unknown in a file of format 1.
    pub(super) rooted: Option<Timestamp>,
    /// When the root key was last written down for recovery.
    pub(super) recovery: Option<Timestamp>,
    /// Segments up to this one are to go: the site was erased.
    pub(super) emptied: Option<u32>,
}

/// One data key, opened and wrapped.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: Arc<DataKey>,
    pub(super) clues: Option<DeviceClues>,
    wrapped: WrappedKey,
}

/// A key that was destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ErasedKey {
    pub(super) at: Timestamp,
    pub(super) id: String,
}

/// One wrapped data key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrappedKey {
    id: String,
    purpose: Purpose,
    created: Timestamp,
    nonce: String,
    wrapped: String,
}

/// The key file without its seal.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyFile {
    format: u32,
    algorithm: u32,
    /// The id of the root key that wraps the keys.
    root: String,
    keys: Vec<WrappedKey>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    erased: Vec<ErasedKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rooted: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recovery: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    emptied: Option<u32>,
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
    root: String,
}

/// What is sealed as one data key: whose it is, behind its 32 bytes.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Owner {
    device: String,
    clues: DeviceClues,
}

impl Entry {
    /// A fresh key of a device, or of the site where none is named.
    pub(super) fn fresh(
        root: &Root,
        purpose: Purpose,
        device: Option<(DeviceId, &DeviceClues)>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let key = DataKey {
            id: KeyId(random()?),
            purpose,
            created: now,
            device: device.map(|(id, _)| id),
            key: SecretKey::random()?,
        };
        let clues = device.map(|(_, clues)| clues.clone());
        Self::wrap(root, Arc::new(key), clues)
    }

    /// The same key, wrapped anew: under another root key, or with more known of its device.
    pub(super) fn wrap(
        root: &Root,
        key: Arc<DataKey>,
        clues: Option<DeviceClues>,
    ) -> Result<Self, StoreError> {
        let owner = match (key.device, &clues) {
            (Some(device), Some(clues)) => Zeroizing::new(
                canonical::to_bytes(&Owner {
                    device: device.to_string(),
                    clues: clues.clone(),
                })
                .map_err(key_document)?,
            ),
            _ => Zeroizing::default(),
        };
        let id = key.id.to_string();
        let nonce = random::<24>()?;
        // Room for the tag from the start, so that the key is sealed where it lies.
        let mut buffer = Zeroizing::new(Vec::with_capacity(48 + owner.len()));
        buffer.extend_from_slice(key.key.expose());
        buffer.extend_from_slice(&owner);
        root.cipher()
            .encrypt_in_place(
                &XNonce::from(nonce),
                &associated(&id, key.purpose),
                &mut *buffer,
            )
            .map_err(|_| StoreError::Derivation)?;
        let wrapped = WrappedKey {
            id,
            purpose: key.purpose,
            created: key.created,
            nonce: hex::encode(nonce),
            wrapped: hex::encode(&*buffer),
        };
        Ok(Self {
            key,
            clues,
            wrapped,
        })
    }

    fn open(wrapped: &WrappedKey, root: &Root, path: &Path) -> Result<Self, StoreError> {
        let does_not_open = || damaged(path, "a data key does not open");
        let mut id = [0; 16];
        hex::decode_to_slice(&wrapped.id, &mut id).map_err(|_| does_not_open())?;
        let mut buffer =
            Zeroizing::new(hex::decode(&wrapped.wrapped).map_err(|_| does_not_open())?);
        root.cipher()
            .decrypt_in_place(
                &nonce(&wrapped.nonce, path)?,
                &associated(&wrapped.id, wrapped.purpose),
                &mut *buffer,
            )
            .map_err(|_| does_not_open())?;
        let (bytes, owner) = buffer.split_first_chunk::<32>().ok_or_else(does_not_open)?;
        let owner = match owner {
            [] => None,
            owner => {
                let owner: Owner = serde_json::from_slice(owner).map_err(|_| does_not_open())?;
                let mut device = [0; 16];
                hex::decode_to_slice(&owner.device, &mut device).map_err(|_| does_not_open())?;
                Some((DeviceId(device), owner.clues))
            }
        };
        let key = DataKey {
            id: KeyId(id),
            purpose: wrapped.purpose,
            created: wrapped.created,
            device: owner.as_ref().map(|(id, _)| *id),
            key: SecretKey::new(Zeroizing::new(*bytes)),
        };
        Ok(Self {
            key: Arc::new(key),
            clues: owner.map(|(_, clues)| clues),
            wrapped: wrapped.clone(),
        })
    }
}

fn associated(id: &str, purpose: Purpose) -> Vec<u8> {
    [WRAP, id.as_bytes(), b"\0", purpose.word().as_bytes()].concat()
}

/// Writes the file in one step.
pub(super) fn write(path: &Path, root: &Root, contents: &Contents) -> Result<(), StoreError> {
    let file = KeyFile {
        format: KEY_FORMAT,
        algorithm: KEY_ALGORITHM,
        root: root.id.clone(),
        keys: contents
            .entries
            .iter()
            .map(|entry| entry.wrapped.clone())
            .collect(),
        erased: contents.erased.clone(),
        rooted: contents.rooted,
        recovery: contents.recovery,
        emptied: contents.emptied,
    };
    let mut line = canonical::to_bytes(&seal(file, root)?).map_err(key_document)?;
    line.push(b'\n');
    replace_private(path, &line)
}

fn seal(file: KeyFile, root: &Root) -> Result<SealedKeyFile, StoreError> {
    let nonce = random::<24>()?;
    let mut tag = Vec::new();
    root.cipher()
        .encrypt_in_place(&XNonce::from(nonce), &file_bytes(&file)?, &mut tag)
        .map_err(|_| StoreError::Derivation)?;
    Ok(SealedKeyFile {
        file,
        nonce: hex::encode(nonce),
        tag: hex::encode(tag),
    })
}

/// See [`super::probe::sealed_anew`].
pub(super) fn sealed_anew(line: &str, root: &Root) -> Option<Vec<u8>> {
    let mut file = serde_json::from_str::<SealedKeyFile>(line).ok()?.file;
    file.root = root.id.clone();
    canonical::to_bytes(&seal(file, root).ok()?).ok()
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

/// The id of the root key that a copy needs, unless a newer version wrote it.
fn format_of(line: &str, path: &Path) -> Result<String, StoreError> {
    let AnyKeyFile { file } =
        serde_json::from_str(line).map_err(|_| damaged(path, "it does not parse"))?;
    if (file.format, file.algorithm) > (KEY_FORMAT, KEY_ALGORITHM) {
        return Err(StoreError::NewerFormat {
            path: path.to_owned(),
            format: file.format,
            algorithm: file.algorithm,
        });
    }
    Ok(file.root)
}

/// Reads the file with its root key.
pub(super) fn read(
    path: &Path,
    root: &Root,
    worn: &mut Vec<PathBuf>,
) -> Result<Contents, StoreError> {
    let bytes = read_private(path)?.ok_or_else(|| KeyFileError::Missing {
        path: path.to_owned(),
    })?;
    from_copies(&bytes, path, worn, |line| parse(line, path, root))
}

/// Opens one copy.
pub(super) fn parse(line: &str, path: &Path, root: &Root) -> Result<Contents, StoreError> {
    let expected = format_of(line, path)?;
    if expected != root.id {
        return Err(KeyFileError::Wrong {
            path: path.to_owned(),
            expected,
            found: root.id.clone(),
        }
        .into());
    }
    let sealed: SealedKeyFile =
        serde_json::from_str(line).map_err(|_| damaged(path, "it does not parse"))?;
    let mut tag = hex::decode(&sealed.tag).map_err(|_| damaged(path, "its seal is no hex"))?;
    root.cipher()
        .decrypt_in_place(
            &nonce(&sealed.nonce, path)?,
            &file_bytes(&sealed.file)?,
            &mut tag,
        )
        .map_err(|_| damaged(path, "its seal does not fit"))?;
    let entries = sealed
        .file
        .keys
        .iter()
        .map(|wrapped| Entry::open(wrapped, root, path))
        .collect::<Result<_, _>>()?;
    Ok(Contents {
        entries,
        erased: sealed.file.erased,
        rooted: sealed.file.rooted,
        recovery: sealed.file.recovery,
        emptied: sealed.file.emptied,
    })
}

fn nonce(text: &str, path: &Path) -> Result<XNonce, StoreError> {
    let mut bytes = [0; 24];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| damaged(path, "a nonce is no hex"))?;
    Ok(XNonce::from(bytes))
}
