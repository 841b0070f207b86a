//! Keys put in the place of others, and keys destroyed.

use super::{Keyring, Ring, fresh_contents};
use crate::error::StoreError;
use crate::keys::copies::{self, next_of};
use crate::keys::custody::KeyCustody;
use crate::keys::file::{self, Contents, Entry, ErasedKey};
use crate::keys::root::{self, Root, Wrap};
use crate::keys::{KeyId, Purpose};
use pagetally_model::Timestamp;

/// What became of the root key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rerooted {
    pub(crate) before: String,
    pub(crate) after: String,
}

impl Keyring {
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

    /// Wraps everything in `contents` by a fresh root key and makes that durable: first the root
    /// key beside the old one, then the data keys in one step, then the root key in its place.
    /// Whenever it stops, [`open_ring`](super::opening::open_ring) finds the root key that the data keys need.
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
}
