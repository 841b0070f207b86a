//! The store: journal, index and keys put together.

mod behind;
mod custody;
mod erase;
mod export;
mod history;
mod open;
mod pass;
mod preview;
mod prove;
mod reissue;
mod rejected;
mod repack;
mod reseal;
mod rotate_identity;
mod set_aside;
mod thin;
mod waiting;
mod withheld;

use self::behind::Behind;
pub use self::custody::import_recovery;
pub use self::erase::{ErasedEvidence, ErasureReceipt, ErasureStatement, Undelivered};
pub use self::export::{ExportScope, Exported, Salvaged, salvage};
pub use self::history::{Audits, History};
pub use self::set_aside::SetAside;
pub use self::thin::Thinning;
use crate::cache::Cache;
use crate::catalogue::{self, Catalogue, state_name};
use crate::error::StoreError;
use crate::files::JournalFiles;
use crate::identity::{AgentIdentity, StateKey};
use crate::index::{Fault, Index, Slot};
use crate::journal::Journal;
use crate::keys::{KeySources, Keyring};
use crate::lock::FolderLock;
use crate::record::{
    ChainHead, NewRecord, Payload, RecordKind, StoreEvent, document_bytes, document_payload,
    identity_payload, parse_identity, parse_state, state_payload,
};
use crate::replay::{Depth, Found, Group};
use crate::report::{Problem, RecoveryReport};
use crate::secret::SecretBytes;
use crate::state::{Location, State};
use pagetally_model::{Settings, Timestamp};
use pagetally_proof::canonical;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Ceiling on one piece of small state.
const MAX_STATE_BYTES: usize = 1 << 20;

/// How a store is opened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OpenOptions {
    /// The wall clock, for names and dates only.
    pub now: Timestamp,
    /// The owner-only file with the root key; `root.key` in the store's folder if not given.
    pub key_file: Option<PathBuf>,
    /// Who may keep the root key.
    pub keys: KeySources,
    /// Where the journal's segments are kept; files in the store's folder if not given.
    pub journal: Option<Arc<dyn JournalFiles>>,
    /// How many bytes of journal opening may read; a larger one is read, and its index built,
    /// while the store is in use already.
    pub read_at_open: u64,
}

impl OpenOptions {
    /// Everything in the store's own folder.
    pub fn new(now: Timestamp) -> Self {
        Self {
            now,
            key_file: None,
            keys: KeySources::key_file_only(),
            journal: None,
            read_at_open: open::READ_AT_OPEN,
        }
    }

    /// Reads journals up to this size before opening is done.
    #[must_use]
    pub fn read_at_open(mut self, bytes: u64) -> Self {
        self.read_at_open = bytes;
        self
    }

    /// Keeps the root key in another file, such as one on a medium of its own.
    #[must_use]
    pub fn key_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.key_file = Some(path.into());
        self
    }

    /// Lets others than an owner-only file keep the root key.
    #[must_use]
    pub fn keys(mut self, sources: KeySources) -> Self {
        self.keys = sources;
        self
    }

    /// Keeps the journal elsewhere: for tests that take the disk away.
    #[must_use]
    pub fn journal(mut self, files: Arc<dyn JournalFiles>) -> Self {
        self.journal = Some(files);
        self
    }
}

/// The encrypted store of one agent.
///
/// Every call blocks until it is done; what a call has stored when it returns is durable. The
/// store can be shared between threads; one call runs at a time.
#[derive(Debug)]
pub struct Store {
    inner: Mutex<Inner>,
    cache: Arc<Cache>,
    recovery: RecoveryReport,
    _lock: FolderLock,
}

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    cache: Arc<Cache>,
    read_at_open: u64,
    keyring: Arc<Keyring>,
    journal: Journal,
    index: Index,
    state: State,
    /// Whether the index was built from the whole journal by this process: what it does not know
    /// is then not there.
    index_is_complete: bool,
    /// What is being done beside the store's work: building an index, reading old records.
    behind: Option<Behind>,
    /// Before which sequence audits are listed in the index without their traits: it was built
    /// without opening them. Nothing where it knows all traits.
    unscanned: Option<u64>,
    /// Segments up to this one hold nothing that a rotation of keys has to seal anew.
    resealed: u32,
    /// The latest wall clock that the store was told, for names of what is set aside.
    now: Timestamp,
    /// What went wrong with the index since the store was opened.
    problems: Vec<Problem>,
}

impl Store {
    /// Opens the store in `folder`, making it on the first run, and mends what can be mended.
    ///
    /// # Errors
    ///
    /// [`StoreError::InUse`] when another process has it open, [`StoreError::Key`] when the keys
    /// are missing, damaged, open to others or not this store's, [`StoreError::NewerFormat`] when
    /// a newer version wrote it. Damage to the journal or the index is no error: it is in
    /// [`recovery`](Self::recovery).
    pub fn open(folder: &Path, options: &OpenOptions) -> Result<Self, StoreError> {
        open::open(folder, options)
    }

    /// What was found wrong at open, and mended where it could be.
    pub fn recovery(&self) -> &RecoveryReport {
        &self.recovery
    }

    /// Reads the whole journal and reports everything that is wrong with it, old traces of power
    /// cuts included.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] when the journal cannot be read.
    pub fn check(&self) -> Result<RecoveryReport, StoreError> {
        let inner = self.inner();
        let reading = inner
            .journal
            .inspect(inner.state.acknowledged, Depth::Full)?;
        let mut problems = reading.problems;
        problems.extend(inner.problems.iter().cloned());
        Ok(RecoveryReport {
            problems,
            records: reading.records,
            thinned: reading.thinned,
        })
    }

    /// Who this agent is; nothing before [`set_identity`](Self::set_identity).
    ///
    /// # Errors
    ///
    /// [`StoreError::DamagedRecord`] when no copy of it is whole.
    pub fn identity(&self) -> Result<Option<AgentIdentity>, StoreError> {
        self.inner().identity()
    }

    /// Stores who this agent is.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it cannot be made durable.
    pub fn set_identity(&self, identity: &AgentIdentity) -> Result<(), StoreError> {
        self.inner()
            .set_latest(RecordKind::Identity, identity_payload(identity))
    }

    /// The settings that were adopted last.
    ///
    /// # Errors
    ///
    /// [`StoreError::DamagedRecord`] when no copy of them is whole.
    pub fn settings(&self) -> Result<Option<Settings>, StoreError> {
        let Some((location, payload)) = self.inner().latest(catalogue::SETTINGS)? else {
            return Ok(None);
        };
        let bytes = document_bytes(&payload).map_err(|_| unreadable(&location))?;
        canonical::from_slice(&bytes)
            .map(Some)
            .map_err(|source| StoreError::Document {
                what: "settings",
                sequence: location.sequence,
                source,
            })
    }

    /// Adopts settings.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when they cannot be made durable.
    pub fn set_settings(&self, settings: &Settings) -> Result<(), StoreError> {
        let payload = document_payload(settings).map_err(|source| StoreError::Canonical {
            document: "settings".to_owned(),
            source,
        })?;
        self.inner().set_latest(RecordKind::Settings, payload)
    }

    /// The bytes that were stored last under `key`, such as the enrolment.
    ///
    /// # Errors
    ///
    /// [`StoreError::DamagedRecord`] when no copy of them is whole.
    pub fn state(&self, key: StateKey) -> Result<Option<SecretBytes>, StoreError> {
        let found = self.inner().latest(&state_name(key.as_str()))?;
        found
            .map(|(location, payload)| {
                parse_state(&payload)
                    .map(|(_, bytes)| bytes)
                    .map_err(|_| unreadable(&location))
            })
            .transpose()
    }

    /// Stores bytes under `key`; the ones before are forgotten.
    ///
    /// # Errors
    ///
    /// [`StoreError::TooLarge`] over 1 MiB, else [`StoreError`] when they cannot be made durable.
    pub fn set_state(&self, key: StateKey, bytes: &[u8]) -> Result<(), StoreError> {
        if bytes.len() > MAX_STATE_BYTES {
            return Err(StoreError::TooLarge {
                what: "a piece of state",
                bytes: bytes.len(),
                limit: MAX_STATE_BYTES,
            });
        }
        self.inner()
            .set_latest(RecordKind::State, state_payload(key.as_str(), bytes))
    }

    /// What is remembered between passes and can be lost.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// The same, for a thread of its own.
    pub fn shared_cache(&self) -> Arc<Cache> {
        Arc::clone(&self.cache)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // State changes only after the journal has succeeded, so a panic leaves it consistent.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn identity(&self) -> Result<Option<AgentIdentity>, StoreError> {
        let found = self.latest(catalogue::IDENTITY)?;
        found
            .map(|(location, payload)| parse_identity(&payload).map_err(|_| unreadable(&location)))
            .transpose()
    }

    /// Makes `records` durable in one step, and known to state and index.
    fn commit(
        &mut self,
        records: Vec<NewRecord>,
        head: Option<ChainHead>,
        now: Timestamp,
    ) -> Result<Vec<Location>, StoreError> {
        let head = head.or(self.state.head);
        let appended = self.journal.append(&self.state, &records, head, now)?;
        // Durable from here on: nothing below may turn the answer into an error.
        self.now = now;
        let group = Group {
            records: records
                .into_iter()
                .zip(&appended.locations)
                .map(|(record, location)| Found {
                    kind: Some(record.kind),
                    location: *location,
                    payload: Some(record.payload),
                })
                .collect(),
            first: self.state.next_sequence,
            segment: appended.segment,
            end: appended.end,
            last: appended.last,
            chain: Some(appended.chain),
            head,
            thinned: 0,
        };
        let mut state = self.state.clone();
        state.next_sequence = appended.next_sequence;
        let mut catalogue = Catalogue::new(&self.index, state);
        catalogue.group(&group, &mut self.problems);
        let (state, indexed) = catalogue.finish();
        self.state = state;
        if let Err(fault) = indexed
            && let Err(error) = self.rebuild(&fault)
        {
            tracing::error!(error = &error as &dyn std::error::Error, "no index");
        }
        self.settle(false);
        Ok(appended.locations)
    }

    /// Stores a record of which only the latest counts: twice, since nothing else can stand in.
    fn set_latest(&mut self, kind: RecordKind, payload: Payload) -> Result<(), StoreError> {
        let records = vec![
            NewRecord::site(kind, payload.clone()),
            NewRecord::site(kind, payload),
        ];
        self.commit(records, None, self.now).map(|_| ())
    }

    /// The first whole copy of the latest record of a kind.
    fn latest(&self, name: &str) -> Result<Option<(Location, Payload)>, StoreError> {
        let mut damage = None;
        for location in self.state.latest.get(name).into_iter().flatten() {
            match self.journal.read(location) {
                Ok((_, payload)) => return Ok(Some((*location, payload))),
                Err(error) => damage = Some(error),
            }
        }
        damage.map_or(Ok(None), Err)
    }

    /// Asks the index; if it fails, builds another and asks that.
    fn ask<T>(&mut self, ask: impl Fn(&Index) -> Result<T, Fault>) -> Result<T, StoreError> {
        let fault = match ask(&self.index) {
            Ok(answer) => return Ok(answer),
            Err(fault) => fault,
        };
        self.rebuild(&fault)?;
        ask(&self.index).map_err(|fault| StoreError::Index {
            reason: fault.to_string(),
        })
    }

    /// Builds an empty index and fills it: the key of the old one was destroyed.
    fn renew_index(&mut self) -> Result<(), StoreError> {
        // What is remembered was under the same key: nothing opens what may be left of it.
        if let Err(error) = self.cache.start_anew(&self.keyring.index()) {
            tracing::warn!(%error, "files that nothing opens any more cannot be removed");
        }
        // Nobody builds one beside, and the old one lets go of its files. Without its key they tell
        // nothing.
        self.settle(true);
        self.index = memory(&self.keyring)?;
        open::remove_index(&self.folder)?;
        match Index::open(&open::index_folder(&self.folder), &self.keyring.index()) {
            Ok(index) => self.index = index,
            Err(fault) => self.problems.push(Problem::IndexInMemory {
                reason: fault.to_string(),
            }),
        }
        self.unscanned = None;
        self.index_is_complete = true;
        if let Err(fault) = fill(&self.index, &self.journal, &self.state, Depth::Full) {
            self.rebuild(&fault)?;
        }
        Ok(())
    }

    /// Notes what was done to the store on purpose.
    fn note_done(&mut self, done: String, now: Timestamp) -> Result<(), StoreError> {
        let event = StoreEvent {
            at: now,
            problems: Vec::new(),
            done: vec![done],
        };
        let payload = document_payload(&event).map_err(|source| StoreError::Canonical {
            document: "event".to_owned(),
            source,
        })?;
        let record = NewRecord::site(RecordKind::Event, payload);
        self.commit(vec![record], None, now).map(|_| ())
    }

    /// Where records are that must be there: `enough` of them. If the index does not know them it is
    /// filled again, once, since sled may have lost entries without noticing.
    fn find(&mut self, slots: &[Slot], enough: usize) -> Result<Vec<Option<Location>>, StoreError> {
        let found = self.ask(|index| index.get(slots))?;
        if self.index_is_complete || found.iter().flatten().count() >= enough {
            return Ok(found);
        }
        let reason = "it did not know a record that was stored";
        let filled = if self.is_large()? {
            Err(Fault::new(reason))
        } else {
            fill(&self.index, &self.journal, &self.state, Depth::Full)
        };
        match filled {
            Ok(()) => {
                self.index_is_complete = true;
                self.problems.push(Problem::IndexRebuilt {
                    reason: reason.to_owned(),
                    set_aside: None,
                });
            }
            Err(fault) => self.rebuild(&fault)?,
        }
        self.ask(|index| index.get(slots))
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let inner = self.inner.get_mut().unwrap_or_else(PoisonError::into_inner);
        // An index that is nearly built is not thrown away.
        inner.settle(true);
    }
}

/// Fills an index from the journal. It ends with `state`, which stays what it is.
fn fill(index: &Index, journal: &Journal, state: &State, depth: Depth) -> Result<(), Fault> {
    let mut catalogue = Catalogue::new(index, State::default());
    journal
        .read_after(
            &State::default(),
            Some(state.acknowledged),
            depth,
            &mut |group, problems| catalogue.group(group, problems),
        )
        .map_err(|error| unreadable_journal(&error))?;
    catalogue.state = state.clone();
    catalogue.finish().1
}

fn unreadable_journal(error: &StoreError) -> Fault {
    Fault::new(format!("the journal cannot be read: {error}"))
}

fn memory(keyring: &Keyring) -> Result<Index, StoreError> {
    Index::in_memory(&keyring.index()).map_err(|fault| StoreError::Index {
        reason: fault.to_string(),
    })
}

/// A record that opens and is not what its kind says: nothing but a fault in a writer makes one.
fn unreadable(location: &Location) -> StoreError {
    StoreError::DamagedRecord {
        segment: location.segment,
        offset: location.offset,
        sequence: location.sequence,
    }
}

#[cfg(test)]
mod tests;
