//! All keys of a store, and what is done to them.

use super::copies::{self, next_of};
use super::custody::{KeyCustody, KeySources};
use super::device::{DeviceClues, DeviceId, Devices, Match};
use super::file::{self, Contents, Entry, ErasedKey};
use super::recovery::{self, RecoveryCode};
use super::root::{self, FoundRoot, Root, Wrap};
use super::{DataKey, KeyId, Purpose, damaged};
use crate::error::{KeyFileError, StoreError, io_error};
use crate::secret::random;
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

/// What became of the root key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rerooted {
    pub(crate) before: String,
    pub(crate) after: String,
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

    /// Puts another root key in the place of this one, at once.
    pub(crate) fn rotate_root(
        &self,
        custody: Option<KeyCustody>,
        now: Timestamp,
    ) -> Result<Rerooted, StoreError> {
        let mut ring = self.write();
        let contents = ring.contents.clone();
        self.reroot(&mut ring, contents, custody, now)
    }

    /// Makes a successor for every key of the journal. What is new is sealed by the successors
    /// from here on. Nothing where a rotation is under way already.
    pub(crate) fn begin_rotation(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut ring = self.write();
        if ring.by_id.values().any(|key| !ring.is_current(key)) {
            return Ok(());
        }
        let mut contents = ring.contents.clone();
        for entry in &ring.contents.entries {
            let key = &entry.key;
            if key.purpose != Purpose::Index {
                let device = key.device.zip(entry.clues.as_ref());
                contents
                    .entries
                    .push(Entry::fresh(&ring.root, key.purpose, device, now)?);
            }
        }
        self.store(&ring.root, &contents)?;
        let next = Ring::new(
            ring.root.clone(),
            ring.wrap.clone(),
            contents,
            self.keys_path(),
        )?;
        *ring = next;
        Ok(())
    }

    /// Whether a key has a successor and is still there.
    pub(crate) fn is_retiring(&self, id: KeyId) -> bool {
        let ring = self.read();
        ring.by_id.get(&id).is_some_and(|key| !ring.is_current(key))
    }

    /// Destroys the keys that have a successor, the index's key and the root key: older copies of
    /// the key file open nothing then.
    pub(crate) fn finish_rotation(&self, now: Timestamp) -> Result<Rerooted, StoreError> {
        let mut ring = self.write();
        let mut contents = ring.contents.clone();
        contents
            .entries
            .retain(|entry| entry.key.purpose != Purpose::Index && ring.is_current(&entry.key));
        contents.entries.push(ring.fresh(Purpose::Index, now)?);
        self.reroot(&mut ring, contents, None, now)
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

    /// Destroys keys, the index's key and the root key, and looks at the disk for whether they are
    /// gone.
    pub(crate) fn erase(&self, gone: &[KeyId], now: Timestamp) -> Result<Rerooted, StoreError> {
        let mut ring = self.write();
        let mut contents = ring.contents.clone();
        contents
            .entries
            .retain(|entry| entry.key.purpose != Purpose::Index && !gone.contains(&entry.key.id));
        contents.entries.push(ring.fresh(Purpose::Index, now)?);
        contents.erased.extend(gone.iter().map(|id| ErasedKey {
            at: now,
            id: id.to_string(),
        }));
        let old = ring.root.clone();
        let rerooted = self.reroot(&mut ring, contents, None, now)?;
        drop(ring);
        self.verify_gone(gone, &old)?;
        Ok(rerooted)
    }

    /// Destroys every key, and makes those of a store without data. `segments` is the last one
    /// that held data.
    pub(crate) fn erase_all(
        &self,
        segments: u32,
        now: Timestamp,
    ) -> Result<(Rerooted, Vec<KeyId>), StoreError> {
        let mut ring = self.write();
        let gone: Vec<KeyId> = ring.by_id.keys().copied().collect();
        let contents = Contents {
            emptied: Some(segments),
            ..fresh_contents(&ring.root, now)?
        };
        let old = ring.root.clone();
        let rerooted = self.reroot(&mut ring, contents, None, now)?;
        drop(ring);
        self.verify_gone(&gone, &old)?;
        Ok((rerooted, gone))
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

    /// Wraps everything in `contents` by a fresh root key and makes that durable: first the root
    /// key beside the old one, then the data keys in one step, then the root key in its place.
    /// Whenever it stops, [`open_ring`] finds the root key that the data keys need.
    fn reroot(
        &self,
        ring: &mut Ring,
        mut contents: Contents,
        custody: Option<KeyCustody>,
        now: Timestamp,
    ) -> Result<Rerooted, StoreError> {
        let custody = custody.unwrap_or(ring.custody());
        let root = Root::random()?;
        contents.entries = contents
            .entries
            .into_iter()
            .map(|entry| Entry::wrap(&root, entry.key, entry.clues))
            .collect::<Result<_, _>>()?;
        contents.rooted = Some(now);
        contents.recovery = None;
        let rerooted = Rerooted {
            before: ring.root.id.clone(),
            after: root.id.clone(),
        };
        let Some(places) = &self.places else {
            *ring = Ring::new(root, None, contents, self.keys_path())?;
            return Ok(rerooted);
        };
        let next = next_of(&places.root);
        // Every root key has a secret of its own in a keyring, so that a forgotten one takes the
        // root key along. A passphrase or a credential is the same as before.
        let wrap = match &ring.wrap {
            Some(wrap) if custody == ring.custody() && custody != KeyCustody::OsKeyring => {
                Some(wrap.clone())
            }
            _ => self.sources.make(custody)?,
        };
        if let Err(error) = root::write(&next, &root, wrap.as_ref()) {
            self.forget(wrap.as_ref(), ring.wrap.as_ref());
            return Err(error);
        }
        // After an error here nobody knows which of the two is on the disk: both root keys stay.
        file::write(&places.keys, &root, &contents)?;
        let old = ring.wrap.clone();
        *ring = Ring::new(root, wrap, contents, &places.keys)?;
        copies::supersede(&next, &places.root)?;
        self.forget(old.as_ref(), ring.wrap.as_ref());
        Ok(rerooted)
    }

    /// Lets the keeper forget a secret, unless it is the one that is needed.
    fn forget(&self, secret: Option<&Wrap>, needed: Option<&Wrap>) {
        if let Some(secret) = secret
            && needed.is_none_or(|needed| needed.params != secret.params)
        {
            self.sources.forget(&secret.params);
        }
    }

    /// Reads the files as the next opening will.
    fn verify_gone(&self, gone: &[KeyId], old: &Root) -> Result<(), StoreError> {
        let Some(places) = &self.places else {
            return Ok(());
        };
        let mut worn = Vec::new();
        let root = self.read().root.clone();
        let contents = file::read(&places.keys, &root, &mut worn)?;
        let still_there = contents
            .entries
            .iter()
            .any(|entry| gone.contains(&entry.key.id));
        let opens_still = file::read(&places.keys, old, &mut worn).is_ok();
        let next_is_there = next_of(&places.root).exists();
        if still_there || opens_still || next_is_there {
            return Err(StoreError::NotErased {
                path: places.keys.clone(),
            });
        }
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

/// Reads the keys of a store, and ends a change of the root key that was interrupted.
fn open_ring(
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
