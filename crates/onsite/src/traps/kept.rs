//! What was told and is in no stored pass yet, kept where neither a kill nor a power cut takes it.
//!
//! It lies in the store's cache, sealed and replaced in place, and not in the journal, which never
//! forgets: a storm would write it anew several times a second. Like everything there it can be lost;
//! what is lost then is that a device had called, and never a reading.

use super::inbox::DeviceTold;
use crate::discovery::with_causes;
use pagetally_store::{Cache, CacheSlot};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Under whom it is kept.
pub(crate) const OWNER: &str = "traps";

const TOLD: CacheSlot = CacheSlot::new("told");

/// The version of the document; another one is not read.
const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    devices: Vec<DeviceTold>,
}

/// Keeps what was told until a pass has it.
#[derive(Debug)]
pub(super) struct Keeper {
    cache: Arc<Cache>,
    /// Held from looking to having written: nobody writes what was so before somebody else looked.
    writing: Mutex<()>,
    /// Whether a failure was told: a disk that is full hits every write.
    failed: AtomicBool,
}

impl Keeper {
    pub(super) fn new(cache: Arc<Cache>) -> Self {
        Self {
            cache,
            writing: Mutex::new(()),
            failed: AtomicBool::new(false),
        }
    }

    /// What was kept last. What cannot be read is forgotten, and the log says so.
    pub(super) fn load(&self) -> Vec<DeviceTold> {
        let bytes = match self.cache.get(OWNER, TOLD) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Vec::new(),
            Err(error) => {
                let reason = with_causes(&error);
                tracing::warn!(reason, "what devices told before cannot be read");
                return Vec::new();
            }
        };
        match serde_json::from_slice::<Document>(&bytes) {
            Ok(document) if document.format == FORMAT => document.devices,
            _ => {
                tracing::warn!("what devices told before is of another version and is forgotten");
                Vec::new()
            }
        }
    }

    /// Keeps what `look` gives, if it gives something. Where the disk refuses, that is told once, and
    /// what was told is in memory still.
    pub(super) fn keep(&self, look: impl FnOnce() -> Option<Vec<DeviceTold>>) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(devices) = look() else {
            return;
        };
        let format = FORMAT;
        let kept = serde_json::to_vec(&Document { format, devices })
            .map_err(|error| error.to_string())
            .and_then(|bytes| {
                let kept = self.cache.put_synced(OWNER, TOLD, &bytes);
                kept.map_err(|error| with_causes(&error))
            });
        match kept {
            Ok(()) => self.failed.store(false, Ordering::Relaxed),
            Err(reason) if !self.failed.swap(true, Ordering::Relaxed) => {
                tracing::warn!(
                    reason,
                    "what devices tell cannot be kept, and would be lost if the agent ended now"
                );
            }
            Err(_) => {}
        }
    }
}
