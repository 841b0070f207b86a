//! The index: where each record is, and the small state that is the sum of all records.
//!
//! It is a cache over the journal and can always be built anew. Keys that tell something (serials,
//! addresses) are keyed hashes, the state is sealed, and every entry carries a keyed check, because
//! sled gives back flipped bytes without a word.
//!
//! # Why it has a thread of its own
//!
//! sled 0.34.7 panics or spins for ever on a damaged file. Every call therefore runs on the
//! index's own thread, behind `catch_unwind` and a deadline; a call that panics or does not come
//! back makes the index unusable, and the store sets it aside and builds another.

mod engine;
mod guard;
#[cfg(feature = "index-redb")]
mod redb_engine;
#[cfg(not(feature = "index-redb"))]
mod sled_engine;

use crate::keys::DataKey;
use crate::secret::{SecretKey, random, same};
use crate::state::{Location, STATE_FORMAT, State};
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
pub(crate) use engine::Fault;
use engine::{Change, MemoryEngine};
use guard::Guard;
use hmac::{Hmac, Mac};
#[cfg(feature = "index-redb")]
use redb_engine::RedbEngine as DiskEngine;
use sha2::Sha256;
#[cfg(not(feature = "index-redb"))]
use sled_engine::SledEngine as DiskEngine;
use std::path::Path;
use zeroize::Zeroizing;

/// What an audit can be looked up by, with the word that goes into the keyed hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trait {
    Address,
    Audit,
    Hostname,
    Mac,
    Serial,
}

impl Trait {
    const fn word(self) -> &'static [u8] {
        match self {
            Self::Address => b"address",
            Self::Audit => b"audit",
            Self::Hostname => b"hostname",
            Self::Mac => b"mac",
            Self::Serial => b"serial",
        }
    }
}

/// Under what a location is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// A submission's header, by number.
    Submission(u64),
    /// The second copy of that header.
    SubmissionCopy(u64),
    /// A submission's receipt, by number.
    Receipt(u64),
    /// A document of a submission, by sequence.
    Leaf(u64),
}

impl Slot {
    fn key(self) -> Vec<u8> {
        let (family, number) = match self {
            Self::Submission(number) => (b'h', number),
            Self::SubmissionCopy(number) => (b'c', number),
            Self::Receipt(number) => (b'r', number),
            Self::Leaf(sequence) => (b'l', sequence),
        };
        let mut key = vec![family];
        key.extend_from_slice(&number.to_be_bytes());
        key
    }
}

/// Lists that are kept in the order of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listing<'a> {
    /// All audits.
    Audits,
    /// Audits with this trait; the text has its one spelling already.
    AuditsWith(Trait, &'a str),
    /// What happened to the store.
    Events,
}

const STATE_KEY: &[u8] = b"s";
const STATE_ASSOCIATED: &[u8] = b"pagetally/index-state/1\0";
const CHECK: usize = 8;

/// A key, the sequence of its record, and where that is now; nothing where it is gone.
pub(crate) type Move = (Vec<u8>, u64, Option<Location>);

/// Changes to the index that belong to one group of the journal.
#[derive(Debug, Default)]
pub(crate) struct Changes(Vec<Change>);

impl Changes {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The index of one store.
#[derive(Debug)]
pub(crate) struct Index {
    guard: Guard,
    entries: SecretKey,
    sealing: SecretKey,
    key_id: [u8; 16],
}

impl Index {
    /// Opens the index in `folder`, or makes one.
    pub(crate) fn open(folder: &Path, key: &DataKey) -> Result<Self, Fault> {
        let folder = folder.to_owned();
        let guard = Guard::start(move || Ok(Box::new(DiskEngine::open(&folder)?)))?;
        Ok(Self::over(guard, key))
    }

    /// The same where nobody waits: it may take half a minute, and so may its calls until told otherwise.
    pub(crate) fn open_patiently(folder: &Path, key: &DataKey) -> Result<Self, Fault> {
        let folder = folder.to_owned();
        let guard = Guard::start_patiently(move || Ok(Box::new(DiskEngine::open(&folder)?)))?;
        Ok(Self::over(guard, key))
    }

    /// An index that lives as long as the process.
    pub(crate) fn in_memory(key: &DataKey) -> Result<Self, Fault> {
        let guard = Guard::start(|| Ok(Box::new(MemoryEngine::default())))?;
        Ok(Self::over(guard, key))
    }

    fn over(guard: Guard, key: &DataKey) -> Self {
        let derive = |word: &[u8]| SecretKey::new(mac(&key.key, &[b"derive\0", word]));
        Self {
            guard,
            entries: derive(b"entries"),
            sealing: derive(b"state"),
            key_id: *key.id.as_bytes(),
        }
    }

    /// Whether calls may take long, since nobody waits for them.
    pub(crate) fn be_patient(&self, patient: bool) {
        self.guard.be_patient(patient);
    }

    /// The state that was stored last; nothing in a new index.
    pub(crate) fn state(&self) -> Result<Option<State>, Fault> {
        let Some(bytes) = self.guard.call(|engine| engine.get(STATE_KEY))? else {
            return Ok(None);
        };
        let state = self
            .open_state(&bytes)
            .ok_or_else(|| Fault::new("its state does not open"))?;
        Ok(Some(state))
    }

    /// Stores a group's changes and the state after it, in one durable step.
    pub(crate) fn apply(&self, changes: Changes, state: &State) -> Result<(), Fault> {
        let mut changes = changes.0;
        changes.push((STATE_KEY.to_vec(), Some(self.seal_state(state)?)));
        self.guard.call(move |engine| engine.apply(changes))
    }

    /// Notes where a record is.
    pub(crate) fn put(&self, changes: &mut Changes, slot: Slot, location: &Location) {
        self.put_raw(changes, slot.key(), location);
    }

    /// Adds a record to a list.
    pub(crate) fn list(&self, changes: &mut Changes, listing: Listing<'_>, location: &Location) {
        self.put_raw(
            changes,
            self.listing_key(listing, location.sequence),
            location,
        );
    }

    fn put_raw(&self, changes: &mut Changes, key: Vec<u8>, location: &Location) {
        let mut value = location.to_bytes().to_vec();
        value.extend_from_slice(&self.check(&key, &value));
        changes.0.push((key, Some(value)));
    }

    /// The key of a slot, for [`moved`](Self::moved).
    pub(crate) fn slot_key(&self, slot: Slot) -> Vec<u8> {
        slot.key()
    }

    /// The key of a record's entry in a list.
    pub(crate) fn listing_key(&self, listing: Listing<'_>, sequence: u64) -> Vec<u8> {
        let mut key = self.prefix(listing);
        key.extend_from_slice(&sequence.to_be_bytes());
        key
    }

    /// Lets those of `entries` that speak of a record of segment `segment` speak of where it is now, or
    /// takes them away where it is nowhere.
    pub(crate) fn moved(
        &self,
        changes: &mut Changes,
        segment: u32,
        entries: Vec<Move>,
    ) -> Result<(), Fault> {
        let keys: Vec<Vec<u8>> = entries.iter().map(|(key, ..)| key.clone()).collect();
        let values = self.guard.call(move |engine| {
            keys.iter()
                .map(|key| engine.get(key))
                .collect::<Result<Vec<_>, _>>()
        })?;
        for ((key, sequence, to), value) in entries.into_iter().zip(values) {
            let Some(value) = value else { continue };
            let from = self.parse(&key, &value)?;
            if from.segment != segment || from.sequence != sequence {
                continue;
            }
            match to {
                Some(to) => self.put_raw(changes, key, &to),
                None => changes.0.push((key, None)),
            }
        }
        Ok(())
    }

    /// Where the records are, in the order of `slots`.
    pub(crate) fn get(&self, slots: &[Slot]) -> Result<Vec<Option<Location>>, Fault> {
        let keys: Vec<Vec<u8>> = slots.iter().map(|slot| slot.key()).collect();
        let asked = keys.clone();
        let values = self.guard.call(move |engine| {
            asked
                .iter()
                .map(|key| engine.get(key))
                .collect::<Result<Vec<_>, _>>()
        })?;
        keys.iter()
            .zip(values)
            .map(|(key, value)| value.map(|value| self.parse(key, &value)).transpose())
            .collect()
    }

    /// The newest entries of a list, newest first, from before the sequence `before` on.
    pub(crate) fn newest(
        &self,
        listing: Listing<'_>,
        before: u64,
        limit: usize,
    ) -> Result<Vec<Location>, Fault> {
        let start = self.prefix(listing);
        let mut end = start.clone();
        end.extend_from_slice(&before.to_be_bytes());
        let rows = self
            .guard
            .call(move |engine| engine.newest(&start, &end, limit))?;
        rows.iter()
            .map(|(key, value)| self.parse(key, value))
            .collect()
    }

    /// Makes every later call fail, as after a panic of sled's.
    #[cfg(test)]
    pub(crate) fn break_for_test(&mut self) {
        self.guard.end_for_test();
    }

    fn prefix(&self, listing: Listing<'_>) -> Vec<u8> {
        match listing {
            Listing::Audits => b"a".to_vec(),
            Listing::Events => b"e".to_vec(),
            Listing::AuditsWith(by, text) => {
                let hash = mac(
                    &self.entries,
                    &[b"clue\0", by.word(), b"\0", text.as_bytes()],
                );
                [b"d", &hash[..16]].concat()
            }
        }
    }

    fn parse(&self, key: &[u8], value: &[u8]) -> Result<Location, Fault> {
        value
            .split_at_checked(Location::BYTES)
            .filter(|(location, check)| same(&self.check(key, location), check))
            .and_then(|(location, _)| Location::parse(location))
            .ok_or_else(|| Fault::new("an entry's check does not fit"))
    }

    fn check(&self, key: &[u8], value: &[u8]) -> [u8; CHECK] {
        let full = mac(&self.entries, &[b"entry\0", key, b"\0", value]);
        let mut check = [0; CHECK];
        check.copy_from_slice(&full[..CHECK]);
        check
    }

    fn seal_state(&self, state: &State) -> Result<Vec<u8>, Fault> {
        let failed = |_| Fault::new("the state cannot be sealed");
        let mut buffer =
            serde_json::to_vec(state).map_err(|_| Fault::new("the state has no document"))?;
        let nonce: [u8; 24] = random().map_err(|_| Fault::new("there are no random bytes"))?;
        XChaCha20Poly1305::new(self.sealing.expose().into())
            .encrypt_in_place(&XNonce::from(nonce), &self.state_associated(), &mut buffer)
            .map_err(failed)?;
        Ok([&nonce[..], &buffer].concat())
    }

    fn open_state(&self, bytes: &[u8]) -> Option<State> {
        let (nonce, sealed) = bytes.split_first_chunk::<24>()?;
        let mut buffer = sealed.to_vec();
        XChaCha20Poly1305::new(self.sealing.expose().into())
            .decrypt_in_place(&XNonce::from(*nonce), &self.state_associated(), &mut buffer)
            .ok()?;
        let state: State = serde_json::from_slice(&buffer).ok()?;
        (state.format == STATE_FORMAT).then_some(state)
    }

    fn state_associated(&self) -> Vec<u8> {
        [STATE_ASSOCIATED, &self.key_id[..]].concat()
    }
}

/// HMAC-SHA256 over the concatenation of `parts`.
pub(crate) fn mac(key: &SecretKey, parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    // HMAC fills a shorter key up with zeros to SHA-256's block itself (RFC 2104 section 2).
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key.expose());
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    for part in parts {
        mac.update(part);
    }
    Zeroizing::new(mac.finalize().into_bytes().into())
}
