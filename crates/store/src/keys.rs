//! The root key, the data keys that it wraps, and who keeps the root key.
//!
//! `root.key` has the root key: itself, for its owner alone, or wrapped by a secret that lies
//! elsewhere ([`KeyCustody`]). `keys` has the data keys, each wrapped by the root key. Both hold
//! their content twice, so that one bad byte does not cost the store, and are replaced as a whole:
//! written beside, synced, renamed, the folder synced. Each record in the journal names the data
//! key that it needs.

mod copies;
mod custody;
mod device;
mod file;
pub mod probe;
mod recovery;
mod ring;
mod root;

use crate::error::{KeyFileError, StoreError};
use crate::secret::SecretKey;
pub use custody::{AskPassphrase, KeyCustody, KeySources, KeyVault};
pub(crate) use device::{DeviceClues, DeviceId};
use pagetally_model::Timestamp;
pub use recovery::RecoveryCode;
pub use ring::KeyStatus;
pub(crate) use ring::{KeyPlaces, Keyring, import_recovery as ring_import};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;

/// The version of `keys` that this crate writes.
pub(crate) const KEY_FORMAT: u32 = 2;
/// Algorithm 1: data keys wrapped with XChaCha20-Poly1305.
pub(crate) const KEY_ALGORITHM: u32 = 1;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Purpose {
    /// Keys of the index's entries, and the state that it holds.
    Index,
    /// Records of the journal that are of no one device.
    Site,
    /// The audits of one device.
    Audit,
    /// What the agent remembers of one device.
    State,
}

impl Purpose {
    const fn word(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Site => "site",
            Self::Audit => "audit",
            Self::State => "state",
        }
    }
}

/// A data key, unwrapped.
#[derive(Debug)]
pub(crate) struct DataKey {
    pub(crate) id: KeyId,
    pub(crate) purpose: Purpose,
    pub(crate) created: Timestamp,
    /// Whose it is; nobody's for keys of the site.
    pub(crate) device: Option<DeviceId>,
    pub(crate) key: SecretKey,
}

fn damaged(path: &Path, reason: &'static str) -> StoreError {
    KeyFileError::Damaged {
        path: path.to_owned(),
        reason,
    }
    .into()
}

#[cfg(test)]
mod tests;
