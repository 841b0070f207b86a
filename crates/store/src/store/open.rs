//! Opening a store, and mending what can be mended.

use super::set_aside::set_aside;
use super::{Inner, OpenOptions, Store, memory, set_aside};
use crate::cache::Cache;
use crate::catalogue::{self, Catalogue};
use crate::disk;
use crate::error::{StoreError, io_error};
use crate::files::{FolderFiles, JournalFiles};
use crate::index::{Fault, Index};
use crate::journal::Journal;
use crate::keys::{KeyPlaces, Keyring};
use crate::lock::FolderLock;
use crate::record::{NewRecord, RecordKind, StoreEvent, document_payload, parse_document};
use crate::replay::Depth;
use crate::report::{Problem, RecoveryReport};
use crate::state::State;
use pagetally_model::Timestamp;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// A journal up to this size is read at every open, so that damage to old records is known when the
/// store is; a larger one is read behind the store's back, and its index is built there as well.
/// Opening 10,000 audits (10 MB) and building their index took 0.7 s.
pub(super) const READ_AT_OPEN: u64 = 16 << 20;

pub(super) fn open(folder: &Path, options: &OpenOptions) -> Result<Store, StoreError> {
    disk::create_private_folder(folder).map_err(io_error("create", folder))?;
    let lock = FolderLock::take(folder)?;
    let files = journal_files(folder, options)?;
    let holds_data = Journal::holds_data(&*files)?;
    let keyring = Arc::new(Keyring::open(
        &key_places(folder, options),
        &options.keys,
        holds_data,
        options.now,
    )?);
    let mut journal = Journal::new(files, Arc::clone(&keyring));
    if let Some(last) = keyring.emptied() {
        // The site was erased, and the process ended before the sealed bytes were gone as well.
        journal.remove_through(last)?;
        remove_index(folder)?;
        set_aside::remove_all(folder)?;
        keyring.forget_emptied()?;
    }
    let mut problems: Vec<Problem> = keyring
        .worn
        .iter()
        .map(|path| Problem::KeyFileWorn { path: path.clone() })
        .collect();

    let large = journal.bytes()? > options.read_at_open;
    let (index, saved) = if large {
        (memory(&keyring)?, None)
    } else {
        saved_index(folder, &keyring, &journal, options.now, &mut problems)?
    };
    let cache = Arc::new(Cache::new(folder.join("cache"), &keyring.index()));
    let mut inner = Inner {
        folder: folder.to_owned(),
        cache: Arc::clone(&cache),
        read_at_open: options.read_at_open,
        keyring,
        journal,
        index,
        state: State::default(),
        index_is_complete: false,
        behind: None,
        unscanned: None,
        resealed: 0,
        now: options.now,
        problems: Vec::new(),
    };
    let saved = if large {
        inner.open_behind(&mut problems)
    } else {
        saved
    };
    let records = inner.recover(saved, &mut problems)?;
    inner.let_build();
    inner.note(&problems);
    let thinned = inner.state.thinned;
    Ok(Store {
        inner: Mutex::new(inner),
        cache,
        recovery: RecoveryReport {
            problems,
            records,
            thinned,
        },
        _lock: lock,
    })
}

pub(super) fn key_places(folder: &Path, options: &OpenOptions) -> KeyPlaces {
    KeyPlaces {
        root: options
            .key_file
            .clone()
            .unwrap_or_else(|| folder.join("root.key")),
        keys: folder.join("keys"),
    }
}

pub(super) fn journal_files(
    folder: &Path,
    options: &OpenOptions,
) -> Result<Arc<dyn JournalFiles>, StoreError> {
    if let Some(files) = &options.journal {
        return Ok(Arc::clone(files));
    }
    let path = folder.join("journal");
    let files = FolderFiles::open(&path).map_err(io_error("open", &path))?;
    Ok(Arc::new(files))
}

/// What the index knew.
pub(super) struct Saved {
    pub(super) state: State,
    /// Whether the journal still has everything that the state speaks of, so that only what came
    /// later has to be read.
    pub(super) continues: bool,
}

/// Opens the index, or makes another where it is damaged, missing, or ahead of the journal.
fn saved_index(
    folder: &Path,
    keyring: &Keyring,
    journal: &Journal,
    now: Timestamp,
    problems: &mut Vec<Problem>,
) -> Result<(Index, Option<Saved>), StoreError> {
    let opened = Index::open(&index_folder(folder), &keyring.index())
        .and_then(|index| index.state().map(|state| (index, state)));
    match opened {
        Ok((index, state)) if state == State::default() => {
            if journal.has_data()? {
                problems.push(Problem::IndexRebuilt {
                    reason: "it was missing".to_owned(),
                    set_aside: None,
                });
            }
            Ok((index, None))
        }
        Ok((index, state)) if journal.continues(&state)? => {
            let saved = Saved {
                state,
                continues: true,
            };
            Ok((index, Some(saved)))
        }
        Ok((index, state)) => {
            drop(index);
            let fault = Fault::new("the journal ends before the place that it knows");
            let (index, found) = fresh_index(folder, keyring, now, &fault)?;
            problems.extend(found);
            let saved = Saved {
                state,
                continues: false,
            };
            Ok((index, Some(saved)))
        }
        Err(fault) => {
            let (index, found) = fresh_index(folder, keyring, now, &fault)?;
            problems.extend(found);
            Ok((index, None))
        }
    }
}

pub(super) fn index_folder(folder: &Path) -> PathBuf {
    folder.join("index")
}

/// Removes an index whose key was destroyed, and what else was sealed by that key: what can be had
/// again is kept in `cache`.
pub(super) fn remove_index(folder: &Path) -> Result<(), StoreError> {
    for path in [index_folder(folder), folder.join("cache")] {
        match disk::remove_folder(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(io_error("remove", &path)(error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Puts the index where nobody looks for it, never deleting it, and makes an empty one: on the
/// disk if possible, else in memory.
pub(super) fn fresh_index(
    folder: &Path,
    keyring: &Keyring,
    now: Timestamp,
    fault: &Fault,
) -> Result<(Index, Vec<Problem>), StoreError> {
    let aside = match set_aside(folder, now) {
        Ok(aside) => aside,
        Err(error) => {
            let problems = [
                Problem::IndexRebuilt {
                    reason: fault.to_string(),
                    set_aside: None,
                },
                Problem::IndexInMemory {
                    reason: error.to_string(),
                },
            ];
            return Ok((memory(keyring)?, problems.into()));
        }
    };
    let mut problems = vec![Problem::IndexRebuilt {
        reason: fault.to_string(),
        set_aside: aside,
    }];
    match Index::open(&index_folder(folder), &keyring.index()) {
        Ok(index) => Ok((index, problems)),
        Err(fault) => {
            problems.push(Problem::IndexInMemory {
                reason: fault.to_string(),
            });
            Ok((memory(keyring)?, problems))
        }
    }
}

impl Inner {
    /// Reads what the index does not know yet. Answers how many records were read.
    fn recover(
        &mut self,
        saved: Option<Saved>,
        problems: &mut Vec<Problem>,
    ) -> Result<u64, StoreError> {
        let known = saved.as_ref().map(|saved| saved.state.acknowledged);
        let base = match &saved {
            Some(saved) if saved.continues => saved.state.clone(),
            Some(_) | None => State::default(),
        };
        let in_full = base.segment == 0;
        self.index_is_complete = in_full;
        let behind = in_full && self.is_large()?;
        let depth = if behind {
            self.index = memory(&self.keyring)?;
            self.unscanned = Some(u64::MAX);
            Depth::Skim
        } else {
            Depth::Full
        };
        let mut catalogue = Catalogue::new(&self.index, base.clone());
        let reading = self
            .journal
            .replay(&base, known, depth, &mut |group, problems| {
                catalogue.group(group, problems);
            })?;
        if reading.records > 0
            && let Err(error) = self.journal.confirm(base.segment)
        {
            // A store that cannot be written to can still be read.
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a power cut may still take what was read"
            );
        }
        catalogue.state.next_sequence = reading.next_sequence;
        problems.extend(reading.problems);
        if let Some(saved) = &saved {
            keep_numbers(&mut catalogue.state, &saved.state, problems);
        }
        let (state, indexed) = catalogue.finish();
        self.state = state;
        if let Err(fault) = indexed {
            self.rebuild(&fault)?;
            problems.append(&mut self.problems);
        }
        self.follow_moved()?;
        if in_full {
            return Ok(reading.records);
        }
        if self.is_large()? {
            self.read_behind();
            return Ok(reading.records);
        }
        let full = self.journal.inspect(self.state.acknowledged, Depth::Skim)?;
        for problem in full.problems {
            if !problem.is_trace_of_a_crash() && !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        Ok(full.records)
    }

    /// Stores what was found, unless it is what was found last time.
    pub(super) fn note(&mut self, problems: &[Problem]) {
        for problem in problems {
            tracing::warn!(%problem, "found in the store");
        }
        let event = StoreEvent {
            at: self.now,
            problems: problems.iter().map(ToString::to_string).collect(),
            done: Vec::new(),
        };
        let last = self
            .latest(catalogue::EVENT)
            .ok()
            .flatten()
            .and_then(|(_, payload)| parse_document::<StoreEvent>(&payload).ok());
        if problems.is_empty() || last.is_some_and(|last| last.problems == event.problems) {
            return;
        }
        // A store that cannot be written to can still be read.
        let stored = document_payload(&event)
            .map_err(|source| StoreError::Canonical {
                document: "event".to_owned(),
                source,
            })
            .and_then(|payload| {
                let record = NewRecord::site(RecordKind::Event, payload);
                self.commit(vec![record], None, self.now)
            });
        if let Err(error) = stored {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "what was found is not stored"
            );
        }
    }
}

/// Where the index knew more than the journal still has: says so, and uses no number twice.
fn keep_numbers(state: &mut State, saved: &State, problems: &mut Vec<Problem>) {
    if state.acknowledged < saved.acknowledged {
        problems.push(Problem::LostTail {
            acknowledged: saved.acknowledged,
            found: state.acknowledged,
        });
    }
    state.next_sequence = state.next_sequence.max(saved.next_sequence);
    state.segment = state.segment.max(saved.segment);
    let number = |state: &State| state.head.map_or(0, |head| head.number);
    // An index that is behind knows an older head, which may have had a higher number: a chain that
    // went on behind the end of Central's books began there.
    if saved.acknowledged >= state.acknowledged && number(state) < number(saved) {
        // Their headers are gone; their documents may be there, and are sent under new ones.
        let lost = saved.waiting.iter().filter(|n| *n > number(state));
        for submission in lost.collect::<Vec<u64>>() {
            state.waiting.insert(submission);
        }
        state.head = saved.head;
    }
}
