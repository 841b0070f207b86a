//! What is remembered, as bytes: JSON that begins with its format, in sealed entries.

use pagetally_model::Timestamp;
use pagetally_printer_mib::{Knowledge, Latest};
use pagetally_snmp_engine::reader::DeviceMemory;
use pagetally_store::StoreError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// The version of all documents here; another one is not read.
pub(super) const FORMAT: u32 = 1;

/// A document of this module.
pub(super) trait Document: Serialize + DeserializeOwned {}

/// Which device stood at which address.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddressesDocument {
    format: u32,
    pub(super) addresses: BTreeMap<SocketAddr, Standing>,
}

/// Who stood at an address.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Standing {
    /// The device.
    pub(super) owner: String,
    /// The hash of the community that it answered to, or of the name of its SNMPv3 user: the settings may
    /// name others by now.
    #[serde(rename = "community")]
    pub(super) right: u64,
    /// When it was last read there.
    pub(super) seen: Timestamp,
}

/// What worked, and the last values of what moves.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LatestDocument {
    format: u32,
    pub(super) memory: DeviceMemory,
    /// Absent where the device can only be read in full.
    pub(super) latest: Option<Latest>,
}

/// Everything that the last full read brought.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FullDocument {
    format: u32,
    pub(super) knowledge: Knowledge,
}

impl Document for AddressesDocument {}
impl Document for LatestDocument {}
impl Document for FullDocument {}

impl AddressesDocument {
    pub(super) fn new(addresses: BTreeMap<SocketAddr, Standing>) -> Self {
        Self {
            format: FORMAT,
            addresses,
        }
    }
}

impl LatestDocument {
    pub(super) fn new(memory: DeviceMemory, latest: Option<Latest>) -> Self {
        Self {
            format: FORMAT,
            memory,
            latest,
        }
    }
}

impl FullDocument {
    pub(super) fn new(knowledge: Knowledge) -> Self {
        Self {
            format: FORMAT,
            knowledge,
        }
    }
}

/// Why something remembered is of no use.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    /// It cannot be kept.
    #[error("it cannot be kept")]
    NotKept(#[from] StoreError),
    /// Another version wrote it.
    #[error("it has format {found}; this version reads format {FORMAT}")]
    OtherFormat { found: u32 },
    /// It is no such document.
    #[error("it cannot be read")]
    Unreadable(#[source] serde_json::Error),
}

#[derive(Deserialize)]
struct Head {
    format: u32,
}

/// Reads a document; the format is looked at first, as another one may be laid out in any way.
pub(super) fn parse<T: Document>(bytes: &[u8]) -> Result<T, Unusable> {
    let head: Head = serde_json::from_slice(bytes).map_err(Unusable::Unreadable)?;
    if head.format != FORMAT {
        return Err(Unusable::OtherFormat { found: head.format });
    }
    serde_json::from_slice(bytes).map_err(Unusable::Unreadable)
}

pub(super) fn write<T: Document>(document: &T) -> Result<Vec<u8>, Unusable> {
    serde_json::to_vec(document).map_err(Unusable::Unreadable)
}
