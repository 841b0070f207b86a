//! All keys of a store: which there are, and which seals what.

mod opening;
mod replacing;

use super::custody::{KeyCustody, KeySources};
use super::device::{DeviceClues, DeviceId, Devices, Match};
use super::file::{self, Contents, Entry};
use super::recovery::{self, RecoveryCode};
use super::root::{Root, Wrap};
use super::{DataKey, KeyId, Purpose, damaged};
use crate::error::StoreError;
use crate::secret::random;
pub(crate) use opening::import_recovery;
use opening::open_ring;
use pagetally_model::Timestamp;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Ceiling on devices with keys of their own: five times the largest site. Whoever forges devices
/// by the thousand gets no more; later ones share the site's key, which erasing takes into account.
pub(super) const MAX_DEVICES: usize = 50_000;

/// Where the key files are.
#[derive(Clone, Debug)]
pub(crate) struct KeyPlaces {
    pub(crate) root: PathBuf,
    pub(crate) keys: PathBuf,
}

/// What can be told of a store's keys without telling any.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyStatus {
    /// Who keeps the root key.
    pub custody: KeyCustody,
    /// The root key's id, 32 hexadecimal digits.
    pub root: String,
    /// Since when it is the root key; unknown for one of an old version.
    pub rooted: Option<Timestamp>,
    /// When it was last written down for recovery.
    pub recovery: Option<Timestamp>,
    /// How many data keys there are.
    pub data_keys: usize,
    /// How many devices have keys of their own.
    pub devices: usize,
    /// When the oldest data key was made.
    pub oldest: Option<Timestamp>,
    /// Data keys that are being replaced; 0 when no rotation is under way.
    pub retiring: usize,
    /// Data keys that were destroyed by erasing.
    pub erased: usize,
}

/// All data keys of a store.
#[derive(Debug)]
pub(crate) struct Keyring {
    /// Nowhere for keys in memory only.
    places: Option<KeyPlaces>,
    sources: KeySources,
    ring: RwLock<Ring>,
    /// Key files of which one copy was found damaged, while its twin was whole.
    pub(crate) worn: Vec<PathBuf>,
}

#[derive(Clone)]
struct Ring {
    root: Root,
    wrap: Option<Wrap>,
    contents: Contents,
    by_id: HashMap<KeyId, Arc<DataKey>>,
    current: HashMap<(Purpose, Option<DeviceId>), Arc<DataKey>>,
    site: Arc<DataKey>,
    index: Arc<DataKey>,
    devices: Devices,
    erased: HashSet<String>,
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring")
            .field("root", &self.root.id)
            .field("custody", &self.custody())
            .field("data_keys", &self.by_id.len())
            .field("devices", &self.devices.len())
            .finish_non_exhaustive()
    }
}

impl Ring {
    fn new(
        root: Root,
        wrap: Option<Wrap>,
        contents: Contents,
        path: &Path,
    ) -> Result<Self, StoreError> {
        let mut by_id = HashMap::with_capacity(contents.entries.len());
        let mut current = HashMap::with_capacity(contents.entries.len());
        let mut devices = Devices::default();
        for entry in &contents.entries {
            let key = &entry.key;
            by_id.insert(key.id, Arc::clone(key));
            current.insert((key.purpose, key.device), Arc::clone(key));
            if let (Some(device), Some(clues)) = (key.device, &entry.clues) {
                devices.put(device, clues);
            }
        }
        let needed = |purpose| {
            current
                .get(&(purpose, None))
                .cloned()
                .ok_or_else(|| damaged(path, "a key that every store needs is not in it"))
        };
        let (site, index) = (needed(Purpose::Site)?, needed(Purpose::Index)?);
        let erased = contents.erased.iter().map(|key| key.id.clone()).collect();
        Ok(Self {
            root,
            wrap,
            contents,
            by_id,
            current,
            site,
            index,
            devices,
            erased,
        })
    }

    fn custody(&self) -> KeyCustody {
        self.wrap
            .as_ref()
            .map_or(KeyCustody::KeyFile, |wrap| wrap.params.custody())
    }

    fn is_current(&self, key: &DataKey) -> bool {
        self.current
            .get(&(key.purpose, key.device))
            .is_some_and(|current| current.id == key.id)
    }

    fn fresh(&self, purpose: Purpose, now: Timestamp) -> Result<Entry, StoreError> {
        Entry::fresh(&self.root, purpose, None, now)
    }
}

fn fresh_contents(root: &Root, now: Timestamp) -> Result<Contents, StoreError> {
    Ok(Contents {
        entries: vec![
            Entry::fresh(root, Purpose::Site, None, now)?,
            Entry::fresh(root, Purpose::Index, None, now)?,
        ],
        rooted: Some(now),
        ..Contents::default()
    })
}

impl Keyring {
    /// Reads the keys, or makes them for a store that holds no data yet.
    pub(crate) fn open(
        places: &KeyPlaces,
        sources: &KeySources,
        holds_data: bool,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut worn = Vec::new();
        let ring = open_ring(places, sources, holds_data, now, &mut worn)?;
        worn.sort();
        worn.dedup();
        Ok(Self {
            places: Some(places.clone()),
            sources: sources.clone(),
            ring: RwLock::new(ring),
            worn,
        })
    }

    /// Fresh keys that are in no file.
    #[cfg(test)]
    pub(crate) fn in_memory() -> Result<Self, StoreError> {
        let now = Timestamp::from_unix_millis(0);
        let root = Root::random()?;
        let contents = fresh_contents(&root, now)?;
        Ok(Self {
            places: None,
            sources: KeySources::default(),
            ring: RwLock::new(Ring::new(root, None, contents, Path::new("memory"))?),
            worn: Vec::new(),
        })
    }

    fn read(&self) -> RwLockReadGuard<'_, Ring> {
        // The ring is replaced as a whole, so a panic leaves it consistent.
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Ring> {
        self.ring.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn keys_path(&self) -> &Path {
        self.places
            .as_ref()
            .map_or(Path::new("memory"), |places| &places.keys)
    }

    /// The key that new records of no one device are sealed with.
    pub(crate) fn site(&self) -> Arc<DataKey> {
        Arc::clone(&self.read().site)
    }

    /// The key of the index.
    pub(crate) fn index(&self) -> Arc<DataKey> {
        Arc::clone(&self.read().index)
    }

    /// The key that a record names.
    pub(crate) fn find(&self, id: KeyId) -> Option<Arc<DataKey>> {
        self.read().by_id.get(&id).cloned()
    }

    /// Whether a key was destroyed so that what it sealed is gone.
    pub(crate) fn is_erased(&self, id: KeyId) -> bool {
        let ring = self.read();
        !ring.erased.is_empty() && ring.erased.contains(&id.to_string())
    }

    /// The key that seals what is new in the place of an older one.
    pub(crate) fn successor(&self, key: &DataKey) -> Arc<DataKey> {
        let ring = self.read();
        ring.current
            .get(&(key.purpose, key.device))
            .unwrap_or(&ring.site)
            .clone()
    }

    /// The current keys for something of these devices, in their order. Devices that have none get
    /// one; the key file is then written once for all of them.
    pub(crate) fn of_devices(
        &self,
        purpose: Purpose,
        clues: &[DeviceClues],
        now: Timestamp,
    ) -> Result<Vec<Arc<DataKey>>, StoreError> {
        let known: Option<Vec<_>> = {
            let ring = self.read();
            clues
                .iter()
                .map(|clues| match ring.devices.find(clues) {
                    Match::Known(id) => ring.current.get(&(purpose, Some(id))).cloned(),
                    Match::Widens(_) | Match::New => None,
                })
                .collect()
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let mut ring = self.write();
        let mut next = ring.clone();
        let keys = clues
            .iter()
            .map(|clues| next.key_of(purpose, clues, now))
            .collect::<Result<_, _>>()?;
        self.store(&next.root, &next.contents)?;
        *ring = next;
        Ok(keys)
    }

    fn store(&self, root: &Root, contents: &Contents) -> Result<(), StoreError> {
        match &self.places {
            Some(places) => file::write(&places.keys, root, contents),
            None => Ok(()),
        }
    }

    /// What can be told of the keys.
    pub(crate) fn status(&self) -> KeyStatus {
        let ring = self.read();
        KeyStatus {
            custody: ring.custody(),
            root: ring.root.id.clone(),
            rooted: ring.contents.rooted,
            recovery: ring.contents.recovery,
            data_keys: ring.by_id.len(),
            devices: ring.devices.len(),
            oldest: ring.by_id.values().map(|key| key.created).min(),
            retiring: ring
                .by_id
                .values()
                .filter(|key| !ring.is_current(key))
                .count(),
            erased: ring.contents.erased.len(),
        }
    }

    /// Whether a key has a successor and is still there.
    pub(crate) fn is_retiring(&self, id: KeyId) -> bool {
        let ring = self.read();
        ring.by_id.get(&id).is_some_and(|key| !ring.is_current(key))
    }

    /// The devices that may be the one with this evidence.
    pub(crate) fn possible(&self, clues: &DeviceClues) -> Vec<DeviceId> {
        self.read().devices.possible(clues)
    }

    /// The ids of all keys of these devices.
    pub(crate) fn keys_of(&self, devices: &[DeviceId]) -> Vec<KeyId> {
        let ring = self.read();
        let keys = ring.contents.entries.iter().map(|entry| &entry.key);
        keys.filter(|key| key.device.is_some_and(|device| devices.contains(&device)))
            .map(|key| key.id)
            .collect()
    }

    /// The last segment that is to go because the site was erased.
    pub(crate) fn emptied(&self) -> Option<u32> {
        self.read().contents.emptied
    }

    /// Notes that the segments of an erased site are gone.
    pub(crate) fn forget_emptied(&self) -> Result<(), StoreError> {
        let mut ring = self.write();
        let mut contents = ring.contents.clone();
        contents.emptied = None;
        self.store(&ring.root, &contents)?;
        ring.contents = contents;
        Ok(())
    }

    /// The root key under a code, as the bytes of a recovery file.
    pub(crate) fn export_recovery(
        &self,
        code: &RecoveryCode,
        now: Timestamp,
    ) -> Result<Vec<u8>, StoreError> {
        let mut ring = self.write();
        let bytes = recovery::export(&ring.root, code)?;
        let mut contents = ring.contents.clone();
        contents.recovery = Some(now);
        self.store(&ring.root, &contents)?;
        ring.contents = contents;
        Ok(bytes)
    }
}

impl Ring {
    /// The current key of one device for a purpose, made where there is none.
    fn key_of(
        &mut self,
        purpose: Purpose,
        clues: &DeviceClues,
        now: Timestamp,
    ) -> Result<Arc<DataKey>, StoreError> {
        let id = match self.devices.find(clues) {
            Match::Known(id) => id,
            Match::Widens(id) => {
                self.widen(id, clues)?;
                id
            }
            Match::New if self.devices.len() >= MAX_DEVICES => {
                tracing::warn!("there are too many devices; this one shares the site's key");
                return Ok(Arc::clone(&self.site));
            }
            Match::New => DeviceId(random()?),
        };
        if let Some(key) = self.current.get(&(purpose, Some(id))) {
            return Ok(Arc::clone(key));
        }
        let all = self.devices.clues(id).unwrap_or(clues).clone();
        let entry = Entry::fresh(&self.root, purpose, Some((id, &all)), now)?;
        let key = Arc::clone(&entry.key);
        self.devices.put(id, &all);
        self.by_id.insert(key.id, Arc::clone(&key));
        self.current.insert((purpose, Some(id)), Arc::clone(&key));
        self.contents.entries.push(entry);
        Ok(key)
    }

    fn widen(&mut self, id: DeviceId, clues: &DeviceClues) -> Result<(), StoreError> {
        self.devices.put(id, clues);
        let all = self.devices.clues(id).cloned();
        for entry in &mut self.contents.entries {
            if entry.key.device == Some(id) {
                *entry = Entry::wrap(&self.root, Arc::clone(&entry.key), all.clone())?;
            }
        }
        Ok(())
    }
}
