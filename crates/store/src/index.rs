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
mod rows;
#[cfg(not(feature = "index-redb"))]
mod sled_engine;

use crate::keys::DataKey;
use crate::secret::{SecretKey, random, same};
use crate::state::{Location, STATE_FORMAT, State};
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
pub(crate) use engine::Fault;
use engine::{Engine, Entry, MemoryEngine};
use guard::{Guard, Opening};
use hmac::{Hmac, Mac};
#[cfg(feature = "index-redb")]
use redb_engine::RedbEngine as DiskEngine;
pub(crate) use rows::RowKey;
use rows::{COPIES, Chunks, DOCUMENTS, Edit, Note, RECEIPTS, Row, SUBMISSIONS};
use sha2::Sha256;
#[cfg(not(feature = "index-redb"))]
use sled_engine::SledEngine as DiskEngine;
use std::collections::BTreeSet;
use std::ops::Range;
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
    /// The row that tells it.
    pub(crate) fn row(self) -> RowKey {
        let (list, order) = match self {
            Self::Submission(number) => (SUBMISSIONS, number),
            Self::SubmissionCopy(number) => (COPIES, number),
            Self::Receipt(number) => (RECEIPTS, number),
            Self::Leaf(sequence) => (DOCUMENTS, sequence),
        };
        RowKey {
            list: vec![list],
            order,
        }
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

/// How many chunks of a list are looked at in one step where few rows are wanted of many.
const CHUNKS_AT_ONCE: usize = 64;

/// How many chunks are read or written in one call to the engine, which has a deadline: a pass over a
/// thousand devices changes four thousand, and sled may have to read each from the disk.
const AT_ONCE: usize = 1_000;

/// A row, the sequence of its record, and where that is now; nothing where it is gone.
pub(crate) type Move = (RowKey, u64, Option<Location>);

/// Changes to the index that belong to one group of the journal.
#[derive(Debug, Default)]
pub(crate) struct Changes(Vec<(RowKey, Edit)>);

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
        Self::open_by(folder, key, Guard::start)
    }

    /// The same where nobody waits: it may take half a minute, and so may its calls until told otherwise.
    pub(crate) fn open_patiently(folder: &Path, key: &DataKey) -> Result<Self, Fault> {
        Self::open_by(folder, key, Guard::start_patiently)
    }

    fn open_by(
        folder: &Path,
        key: &DataKey,
        start: impl FnOnce(Opening) -> Result<Guard, Fault>,
    ) -> Result<Self, Fault> {
        let is_new = has_no_files(folder);
        let folder = folder.to_owned();
        let guard = start(Box::new(move || Ok(Box::new(DiskEngine::open(&folder)?))))?;
        let index = Self::over(guard, key);
        if is_new {
            // From the first moment on it has a state, so that one without has lost it.
            index.apply(Changes::default(), &State::default())?;
        }
        Ok(index)
    }

    /// An index that lives as long as the process.
    pub(crate) fn in_memory(key: &DataKey) -> Result<Self, Fault> {
        let guard = Guard::start(Box::new(|| Ok(Box::new(MemoryEngine::default()))))?;
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

    /// The state that was stored last. An engine that finds nothing of its own in damaged files begins anew
    /// without a word; then there is none.
    pub(crate) fn state(&self) -> Result<State, Fault> {
        let bytes = self.guard.call(|engine| engine.get(STATE_KEY))?;
        self.open_state(&bytes.ok_or_else(|| Fault::new("it has lost what it held"))?)
    }

    /// Stores a group's changes and then the state after it, durably. Where it stops between the two, the
    /// group is read again and changes the same rows to the same.
    pub(crate) fn apply(&self, changes: Changes, state: &State) -> Result<(), Fault> {
        let mut edits = changes.0;
        // Those of one row stay in their order.
        edits.sort_by(|(a, _), (b, _)| a.cmp(b));
        let lists: Vec<&[(RowKey, Edit)]> =
            edits.chunk_by(|(a, _), (b, _)| a.list == b.list).collect();
        let spans = lists
            .iter()
            .filter_map(|edits| Some((edits.first()?.0.clone(), edits.last()?.0.order)))
            .collect::<Vec<_>>();
        let mut found = Vec::with_capacity(spans.len());
        for some in spans.chunks(AT_ONCE) {
            let some = some.to_vec();
            found.extend(self.guard.call(move |engine| {
                let span =
                    |(first, last): &(RowKey, u64)| rows::chunks_between(engine, first, *last);
                some.iter().map(span).collect::<Result<Vec<_>, _>>()
            })?);
        }
        let mut changes = Vec::new();
        for (edits, found) in lists.into_iter().zip(found) {
            let Some((RowKey { list, .. }, _)) = edits.first() else {
                continue;
            };
            let mut chunks = Chunks::new();
            for (key, value) in found {
                let (order, rows) = self.parse(list, &key, &value)?;
                chunks.insert(order, rows);
            }
            let changed: BTreeSet<u64> = edits
                .iter()
                .flat_map(|(row, edit)| rows::edit(list, &mut chunks, row.order, *edit))
                .collect();
            for chunk in changed {
                let key = rows::key(list, chunk);
                let rows = chunks.get(&chunk).filter(|rows| !rows.is_empty());
                let value = rows.map(|rows| self.checked(&key, rows::to_bytes(list, rows)));
                changes.push((key, value));
            }
        }
        while changes.len() > AT_ONCE {
            let some = changes.split_off(changes.len() - AT_ONCE);
            self.guard.call(move |engine| engine.apply(some))?;
        }
        changes.push((STATE_KEY.to_vec(), Some(self.seal_state(state)?)));
        self.guard.call(move |engine| engine.apply(changes))
    }

    /// Notes where a record is.
    pub(crate) fn put(&self, changes: &mut Changes, slot: Slot, location: &Location) {
        let edit = Edit::Put(*location, Note::default());
        changes.0.push((slot.row(), edit));
    }

    /// Notes where an audit is, and by what it can be looked up, where that is known.
    pub(crate) fn audit(
        &self,
        changes: &mut Changes,
        traits: Option<&[(Trait, String)]>,
        location: &Location,
    ) {
        let mut note = Note {
            is_audit: true,
            ..Note::default()
        };
        for (by, text) in traits.into_iter().flatten() {
            if *by == Trait::Audit {
                note.id = self.id_hash(text);
            } else {
                self.list(changes, Listing::AuditsWith(*by, text), location);
            }
        }
        let row = Slot::Leaf(location.sequence).row();
        changes.0.push((row, Edit::Put(*location, note)));
    }

    /// Adds a record to a list.
    pub(crate) fn list(&self, changes: &mut Changes, listing: Listing<'_>, location: &Location) {
        let edit = Edit::Put(*location, Note::default());
        changes
            .0
            .push((self.listed(listing, location.sequence), edit));
    }

    /// The row of a record in a list, for [`moved`](Self::moved).
    pub(crate) fn listed(&self, listing: Listing<'_>, sequence: u64) -> RowKey {
        RowKey {
            list: self.name(listing),
            order: sequence,
        }
    }

    /// Lets those of `entries` that speak of a record of segment `segment` speak of where it is now, or
    /// takes them away where it is nowhere.
    pub(crate) fn moved(&self, changes: &mut Changes, segment: u32, entries: Vec<Move>) {
        let edits = entries.into_iter().map(|(row, sequence, to)| {
            let edit = Edit::Move {
                segment,
                sequence,
                to,
            };
            (row, edit)
        });
        changes.0.extend(edits);
    }

    /// Where the records are, in the order of `slots`.
    pub(crate) fn get(&self, slots: &[Slot]) -> Result<Vec<Option<Location>>, Fault> {
        let rows: Vec<RowKey> = slots.iter().map(|slot| slot.row()).collect();
        let asked = rows.clone();
        let chunks = self.guard.call(move |engine| each_chunk(engine, &asked))?;
        let mut last: Option<(&Entry, Vec<Row>)> = None;
        let mut found = Vec::with_capacity(rows.len());
        for (row, chunk) in rows.iter().zip(&chunks) {
            if let EachChunk::Another(chunk) = chunk {
                let (_, rows) = self.parse(&row.list, &chunk.0, &chunk.1)?;
                last = Some((chunk, rows));
            }
            let rows = match (chunk, &last) {
                (EachChunk::None, _) | (_, None) => &[],
                (_, Some((_, rows))) => rows.as_slice(),
            };
            let at = rows.iter().find(|one| one.order == row.order);
            found.push(at.map(|row| row.place));
        }
        Ok(found)
    }

    /// The newest entries of a list, newest first, from before the sequence `before` on.
    pub(crate) fn newest(
        &self,
        listing: Listing<'_>,
        before: u64,
        limit: usize,
    ) -> Result<Vec<Location>, Fault> {
        self.newest_within(listing, 0..before, limit)
    }

    /// The same of the sequences in a range.
    pub(crate) fn newest_within(
        &self,
        listing: Listing<'_>,
        range: Range<u64>,
        limit: usize,
    ) -> Result<Vec<Location>, Fault> {
        let list = self.name(listing);
        let id = match listing {
            Listing::AuditsWith(Trait::Audit, text) => Some(self.id_hash(text)),
            Listing::Audits | Listing::AuditsWith(..) | Listing::Events => None,
        };
        let is_wanted = |row: &Row| {
            range.contains(&row.order)
                && (list != [DOCUMENTS] || row.note.is_audit)
                && id.is_none_or(|id| row.note.id == id)
        };
        let mut found = Vec::new();
        let mut end = rows::key(&list, range.end);
        loop {
            let at_once = match id {
                Some(_) => CHUNKS_AT_ONCE,
                None => limit.clamp(1, CHUNKS_AT_ONCE),
            };
            let (from, to) = (rows::key(&list, 0), end.clone());
            let chunks = self
                .guard
                .call(move |engine| engine.newest(&from, &to, at_once))?;
            for (key, value) in &chunks {
                let (_, rows) = self.parse(&list, key, value)?;
                let wanted = rows.iter().rev().filter(|row| is_wanted(row));
                found.extend(wanted.map(|row| row.place));
                if found.len() >= limit {
                    found.truncate(limit);
                    return Ok(found);
                }
            }
            match chunks.into_iter().last() {
                Some((key, _)) if rows::order_of(&key) > Some(range.start) => end = key,
                Some(_) | None => return Ok(found),
            }
        }
    }

    /// Makes every later call fail, as after a panic of sled's.
    #[cfg(test)]
    pub(crate) fn break_for_test(&mut self) {
        self.guard.end_for_test();
    }

    fn name(&self, listing: Listing<'_>) -> Vec<u8> {
        match listing {
            // Each is of one audit alone, and stands with its place.
            Listing::Audits | Listing::AuditsWith(Trait::Audit, _) => vec![DOCUMENTS],
            Listing::Events => b"e".to_vec(),
            Listing::AuditsWith(by, text) => [b"d", &self.hash(by, text)[..16]].concat(),
        }
    }

    fn hash(&self, by: Trait, text: &str) -> Zeroizing<[u8; 32]> {
        let parts: [&[u8]; 4] = [b"clue\0", by.word(), b"\0", text.as_bytes()];
        mac(&self.entries, &parts)
    }

    fn id_hash(&self, text: &str) -> [u8; 8] {
        let mut id = [0; 8];
        id.copy_from_slice(&self.hash(Trait::Audit, text)[..8]);
        id
    }

    /// The order of a chunk, and its rows.
    fn parse(&self, list: &[u8], key: &[u8], value: &[u8]) -> Result<(u64, Vec<Row>), Fault> {
        value
            .split_last_chunk::<CHECK>()
            .filter(|(rows, check)| same(&self.check(key, rows), *check))
            .and_then(|(rows, _)| Some((rows::order_of(key)?, rows::parse(list, rows)?)))
            .ok_or_else(|| Fault::new("an entry's check does not fit"))
    }

    fn checked(&self, key: &[u8], mut value: Vec<u8>) -> Vec<u8> {
        let check = self.check(key, &value);
        value.extend_from_slice(&check);
        value
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

    fn open_state(&self, bytes: &[u8]) -> Result<State, Fault> {
        let damaged = || Fault::new("its state does not open");
        let (nonce, sealed) = bytes.split_first_chunk::<24>().ok_or_else(damaged)?;
        let mut buffer = sealed.to_vec();
        XChaCha20Poly1305::new(self.sealing.expose().into())
            .decrypt_in_place(&XNonce::from(*nonce), &self.state_associated(), &mut buffer)
            .map_err(|_| damaged())?;
        let state: State = serde_json::from_slice(&buffer).map_err(|_| damaged())?;
        if state.format != STATE_FORMAT {
            return Err(Fault::new("another version of this program made it"));
        }
        Ok(state)
    }

    fn state_associated(&self) -> Vec<u8> {
        [STATE_ASSOCIATED, &self.key_id[..]].concat()
    }
}

/// Whether a folder is not there, or holds nothing.
fn has_no_files(folder: &Path) -> bool {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

/// The chunk of one of many rows.
enum EachChunk {
    Another(Entry),
    /// That of the row before.
    Same,
    None,
}

fn each_chunk(engine: &dyn Engine, rows: &[RowKey]) -> Result<Vec<EachChunk>, Fault> {
    let mut last = None;
    let mut chunks = Vec::with_capacity(rows.len());
    for row in rows {
        chunks.push(match rows::chunk_of(engine, row)? {
            Some((key, _)) if last.as_ref() == Some(&key) => EachChunk::Same,
            Some(entry) => {
                last = Some(entry.0.clone());
                EachChunk::Another(entry)
            }
            None => EachChunk::None,
        });
    }
    Ok(chunks)
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
