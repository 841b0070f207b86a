//! Work beside the store's own: an index is built while passes are accepted, and old records are
//! read for damage.
//!
//! A journal of 100 MB takes seconds to be opened record by record, and no agent may wait for that.
//! The digests of its groups are checked within a fraction of a second; what they tell is enough for
//! an index in memory that knows where every record is, and not what is in the audits. Whoever asks
//! for a device meanwhile has the audits opened from the newest on, as far as it takes.

use super::{Inner, fill, memory, open, unreadable_journal};
use crate::catalogue::Catalogue;
use crate::error::StoreError;
use crate::index::{Fault, Index, Listing};
use crate::journal::Journal;
use crate::keys::Keyring;
use crate::replay::Depth;
use crate::report::Problem;
use crate::state::State;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;

/// How many audits are opened at once in search of a device.
const SCAN_PAGE: usize = 256;

/// A thread at work.
#[derive(Debug)]
pub(super) struct Behind {
    result: Receiver<Work>,
}

/// What a thread has done.
#[derive(Debug)]
enum Work {
    /// An index, and up to where it knows the journal.
    Index(Result<(Index, Box<State>), Fault>),
    /// What is wrong with the journal's older records.
    Read(Vec<Problem>),
}

impl Behind {
    fn start(run: impl FnOnce() -> Work + Send + 'static) -> Result<Self, Fault> {
        let (done, result) = mpsc::sync_channel(1);
        thread::Builder::new()
            .name("store-behind".to_owned())
            .spawn(move || {
                // Nobody listens any more where the store was closed by a panic.
                let _ = done.send(run());
            })
            .map_err(|error| Fault::new(format!("its thread does not start: {error}")))?;
        Ok(Self { result })
    }

    fn build(
        folder: PathBuf,
        journal: Journal,
        keyring: Arc<Keyring>,
        acknowledged: u64,
    ) -> Result<Self, Fault> {
        Self::start(move || {
            Work::Index(
                Index::open(&open::index_folder(&folder), &keyring.index())
                    .inspect(|index| index.be_patient(true))
                    .and_then(|index| grow(index, &journal, State::default(), acknowledged)),
            )
        })
    }

    fn read(journal: Journal, state: &State) -> Result<Self, Fault> {
        let (acknowledged, end) = (state.acknowledged, (state.segment, state.offset));
        Self::start(move || {
            let found = match journal.inspect(acknowledged, Depth::Skim) {
                Ok(reading) => reading.problems,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "not all is read");
                    Vec::new()
                }
            };
            // What lies behind `end` was being written meanwhile.
            let settled = |problem: &Problem| {
                !problem.is_trace_of_a_crash() && problem.place().is_none_or(|place| place < end)
            };
            Work::Read(found.into_iter().filter(settled).collect())
        })
    }
}

/// Adds to an index what the journal has after `state`. `acknowledged` is known to be in it.
fn grow(
    index: Index,
    journal: &Journal,
    state: State,
    acknowledged: u64,
) -> Result<(Index, Box<State>), Fault> {
    let mut catalogue = Catalogue::new(&index, state.clone());
    journal
        .read_after(
            &state,
            Some(acknowledged),
            Depth::Full,
            &mut |group, problems| catalogue.group(group, problems),
        )
        .map_err(|error| unreadable_journal(&error))?;
    // Frames that were being written are read again.
    catalogue.state.next_sequence = catalogue.state.acknowledged.saturating_add(1);
    let (state, result) = catalogue.finish();
    result.map(|()| (index, Box::new(state)))
}

impl Inner {
    /// Whether reading all of the journal would keep a pass waiting.
    pub(super) fn is_large(&self) -> Result<bool, StoreError> {
        Ok(self.journal.bytes()? > self.read_at_open)
    }

    /// Sets the index aside and builds another from the journal: at once where that is quick.
    pub(super) fn rebuild(&mut self, fault: &Fault) -> Result<(), StoreError> {
        tracing::warn!(reason = %fault, "the index is built anew from the journal");
        // The old one lets go of its files first.
        self.behind = None;
        self.index = memory(&self.keyring)?;
        let (index, problems) = open::fresh_index(&self.folder, &self.keyring, self.now, fault)?;
        let on_disk = !is_in_memory(&problems);
        self.problems.extend(problems);
        if self.is_large()? {
            drop(index);
            self.fill_memory(Depth::Skim)?;
            if on_disk {
                self.build_behind();
            }
            return Ok(());
        }
        self.index = index;
        self.unscanned = None;
        self.index_is_complete = true;
        if let Err(fault) = fill(&self.index, &self.journal, &self.state, Depth::Full) {
            self.stays_in_memory(&fault);
            self.fill_memory(Depth::Full)?;
        }
        Ok(())
    }

    fn fill_memory(&mut self, depth: Depth) -> Result<(), StoreError> {
        self.index = memory(&self.keyring)?;
        self.unscanned = (depth == Depth::Skim).then_some(u64::MAX);
        self.index_is_complete = true;
        fill(&self.index, &self.journal, &self.state, depth).map_err(|fault| StoreError::Index {
            reason: fault.to_string(),
        })
    }

    fn stays_in_memory(&mut self, fault: &Fault) {
        tracing::warn!(reason = %fault, "the index is held in memory only");
        self.problems.push(Problem::IndexInMemory {
            reason: fault.to_string(),
        });
    }

    /// Begins to build the index on the disk; the one in memory serves meanwhile.
    pub(super) fn build_behind(&mut self) {
        let keyring = Arc::clone(&self.keyring);
        let journal = self.journal.reader();
        let acknowledged = self.state.acknowledged;
        match Behind::build(self.folder.clone(), journal, keyring, acknowledged) {
            Ok(behind) => self.behind = Some(behind),
            Err(fault) => self.stays_in_memory(&fault),
        }
    }

    /// Begins to read the whole journal for damage.
    pub(super) fn read_behind(&mut self) {
        match Behind::read(self.journal.reader(), &self.state) {
            Ok(behind) => self.behind = Some(behind),
            Err(fault) => tracing::warn!(reason = %fault, "old records are not read"),
        }
    }

    /// Takes over what is done; waits for it where `wait` says so.
    pub(super) fn settle(&mut self, wait: bool) {
        let Some(behind) = &self.behind else { return };
        let work = if wait {
            behind.result.recv().ok()
        } else {
            match behind.result.try_recv() {
                Err(mpsc::TryRecvError::Empty) => return,
                result => result.ok(),
            }
        };
        self.behind = None;
        match work {
            Some(Work::Index(Ok((index, state)))) => self.take_over(index, *state),
            Some(Work::Index(Err(fault))) => self.stays_in_memory(&fault),
            Some(Work::Read(problems)) => self.note(&problems),
            None => self.stays_in_memory(&Fault::new("the thread that built it has ended")),
        }
    }

    /// Puts an index that was built behind in place of the one in memory.
    fn take_over(&mut self, index: Index, state: State) {
        let grown = grow(index, &self.journal, state, self.state.acknowledged)
            .and_then(|(index, _)| index.apply(Default::default(), &self.state).map(|()| index));
        match grown {
            Ok(index) => {
                index.be_patient(false);
                self.index = index;
                self.unscanned = None;
            }
            Err(fault) => self.stays_in_memory(&fault),
        }
    }

    /// Opens more of the audits whose traits the index does not know, the newest first. Answers
    /// whether there were any.
    pub(super) fn scan_more(&mut self) -> Result<bool, StoreError> {
        let Some(before) = self.unscanned else {
            return Ok(false);
        };
        let page = self.ask(|index| index.newest(Listing::Audits, before, SCAN_PAGE))?;
        self.unscanned = page.last().map(|location| location.sequence);
        let mut catalogue = Catalogue::new(&self.index, self.state.clone());
        for location in &page {
            match self.journal.read(location) {
                Ok((_, payload)) => catalogue.traits_of(*location, payload),
                Err(StoreError::DamagedRecord { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        catalogue.finish().1.map_err(|fault| StoreError::Index {
            reason: fault.to_string(),
        })?;
        Ok(!page.is_empty())
    }
}

/// Whether an index could not be kept on the disk.
pub(super) fn is_in_memory(problems: &[Problem]) -> bool {
    problems
        .iter()
        .any(|problem| matches!(problem, Problem::IndexInMemory { .. }))
}
