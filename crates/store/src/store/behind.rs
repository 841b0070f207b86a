//! Work beside the store's own: an index is built while passes are accepted, and old records are
//! read for damage.
//!
//! A journal of 100 MB takes seconds to be opened record by record, and no agent may wait for that.
//! The digests of its groups are checked within a fraction of a second; what they tell is enough for
//! an index in memory that knows where every record is, and not what is in the audits. Whoever asks
//! for a device meanwhile has the audits opened from the newest on, as far as it takes.

use super::set_aside::{bytes_in, set_aside};
use super::{Inner, fill, memory, open, unreadable_journal};
use crate::catalogue::Catalogue;
use crate::error::StoreError;
use crate::index::{Fault, Index, Listing};
use crate::journal::Journal;
use crate::keys::Keyring;
use crate::replay::Depth;
use crate::report::Problem;
use crate::state::State;
use pagetally_model::Timestamp;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;

/// How long opening a large store waits for its index. sled reads all of it first.
const SOON: Duration = Duration::from_secs(1);

/// How many audits are opened at once in search of a device.
const SCAN_PAGE: usize = 256;

/// A thread at work.
#[derive(Debug)]
pub(super) struct Behind {
    result: Receiver<Work>,
    /// While it is there, an index is not built: whoever opens the store reads the journal first, and
    /// both at once would take twice as long before a pass is accepted.
    hold: Option<SyncSender<()>>,
}

/// What a thread has done.
enum Work {
    /// An index, and up to where it knows the journal.
    Index(Result<(Index, Box<State>), Fault>, Vec<Problem>),
    /// What an index knew that the journal has not any more. Another one is going to be built.
    Ahead(Box<State>),
    /// The index is going to be built.
    Building,
    /// What is wrong with the journal's older records.
    Read(Vec<Problem>),
}

impl Behind {
    fn start(
        run: impl FnOnce(&SyncSender<Work>, &Receiver<()>) -> Work + Send + 'static,
    ) -> Result<Self, Fault> {
        // Never full: a thread has two things to tell on its way, and its end.
        let (done, result) = mpsc::sync_channel(3);
        let (hold, held) = mpsc::sync_channel(0);
        thread::Builder::new()
            .name("store-behind".to_owned())
            .spawn(move || {
                // Nobody listens any more where the store was closed by a panic.
                let work = run(&done, &held);
                let _ = done.send(work);
            })
            .map_err(|error| Fault::new(format!("its thread does not start: {error}")))?;
        let hold = Some(hold);
        Ok(Self { result, hold })
    }

    /// Opens the index in `folder`, or builds another where it is missing, damaged or ahead of the
    /// journal.
    fn open(
        folder: PathBuf,
        journal: Journal,
        keyring: Arc<Keyring>,
        now: Timestamp,
    ) -> Result<Self, Fault> {
        Self::start(move |tell, held| {
            let mut problems = Vec::new();
            let opened =
                open_patiently(&folder, &journal, &keyring, now, tell, held, &mut problems);
            Work::Index(opened, problems)
        })
    }

    fn read(journal: Journal, state: &State) -> Result<Self, Fault> {
        let (acknowledged, end) = (state.acknowledged, (state.segment, state.offset));
        Self::start(move |_, _| {
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

fn open_patiently(
    folder: &Path,
    journal: &Journal,
    keyring: &Keyring,
    now: Timestamp,
    tell: &SyncSender<Work>,
    held: &Receiver<()>,
    problems: &mut Vec<Problem>,
) -> Result<(Index, Box<State>), Fault> {
    let path = open::index_folder(folder);
    let opened = Index::open_patiently(&path, &keyring.index()).and_then(|index| {
        let state = index.state()?;
        match journal.continues(&state) {
            Ok(true) => Ok((index, state)),
            Ok(false) => {
                let _ = tell.send(Work::Ahead(Box::new(state)));
                Err(Fault::new(
                    "the journal ends before the place that it knows",
                ))
            }
            Err(error) => Err(unreadable_journal(&error)),
        }
    });
    let (index, state) = match opened {
        Ok((index, state)) => {
            if state == State::default() && journal.has_data().unwrap_or(true) {
                problems.push(Problem::IndexRebuilt {
                    reason: "it was missing".to_owned(),
                    set_aside: None,
                });
            }
            (index, state)
        }
        Err(fault) => {
            let set_aside =
                set_aside(folder, now).map_err(|error| Fault::new(format!("{fault}; {error}")))?;
            problems.push(Problem::IndexRebuilt {
                reason: fault.to_string(),
                set_aside,
            });
            let index = Index::open_patiently(&path, &keyring.index())?;
            (index, State::default())
        }
    };
    if state == State::default() {
        let _ = tell.send(Work::Building);
        // Nothing is ever sent: it ends when the store lets go.
        let _ = held.recv();
        return grow(index, journal, state);
    }
    Ok((index, Box::new(state)))
}

/// Adds to an index what the journal has after `state`.
fn grow(index: Index, journal: &Journal, state: State) -> Result<(Index, Box<State>), Fault> {
    grow_to(index, journal, state, None)
}

/// The same, where it is known up to which record the journal was acknowledged.
fn grow_to(
    index: Index,
    journal: &Journal,
    state: State,
    acknowledged: Option<u64>,
) -> Result<(Index, Box<State>), Fault> {
    let mut catalogue = Catalogue::new(&index, state.clone());
    journal
        .read_after(&state, acknowledged, Depth::Full, &mut |group, problems| {
            catalogue.group(group, problems)
        })
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
                self.let_build();
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

    /// Builds an index that has grown beyond `limit` bytes anew: sled does not give back the room of what
    /// was taken away.
    pub(super) fn shrink_index(&mut self, limit: u64) -> Result<(), StoreError> {
        let path = open::index_folder(&self.folder);
        if self.behind.is_some() || bytes_in(&path) <= limit {
            return Ok(());
        }
        // The old one lets go of its files first.
        self.index = memory(&self.keyring)?;
        let built = std::fs::remove_dir_all(&path)
            .map_err(|error| Fault::new(format!("it cannot be removed: {error}")))
            .and_then(|()| Index::open_patiently(&path, &self.keyring.index()))
            .and_then(|index| {
                fill(&index, &self.journal, &self.state, Depth::Full)?;
                Ok(index)
            });
        match built {
            Ok(index) => {
                index.be_patient(false);
                self.index = index;
                self.unscanned = None;
                self.index_is_complete = true;
                Ok(())
            }
            Err(fault) => self.rebuild(&fault),
        }
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

    /// Begins to open or build the index on the disk; the one in memory serves meanwhile.
    pub(super) fn build_behind(&mut self) {
        let opening = Behind::open(
            self.folder.clone(),
            self.journal.reader(),
            Arc::clone(&self.keyring),
            self.now,
        );
        match opening {
            Ok(behind) => self.behind = Some(behind),
            Err(fault) => self.stays_in_memory(&fault),
        }
    }

    /// Lets an index be built that has to be.
    pub(super) fn let_build(&mut self) {
        if let Some(behind) = &mut self.behind {
            behind.hold = None;
        }
    }

    /// Begins to open the index, and answers it with its state if it is there soon.
    pub(super) fn open_behind(&mut self, problems: &mut Vec<Problem>) -> Option<open::Saved> {
        self.build_behind();
        let soon = self.behind.as_ref()?.result.recv_timeout(SOON);
        match soon {
            Ok(Work::Index(Ok((index, state)), found)) => {
                self.behind = None;
                problems.extend(found);
                index.be_patient(false);
                self.index = index;
                Some(open::Saved {
                    state: *state,
                    continues: true,
                })
            }
            Ok(Work::Ahead(state)) => Some(open::Saved {
                state: *state,
                continues: false,
            }),
            Ok(Work::Index(Err(fault), found)) => {
                self.behind = None;
                problems.extend(found);
                problems.push(Problem::IndexInMemory {
                    reason: fault.to_string(),
                });
                None
            }
            Ok(Work::Building | Work::Read(_)) | Err(_) => None,
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
        let Some(behind) = &mut self.behind else {
            return;
        };
        behind.hold = None;
        let work = if wait {
            behind.result.recv().ok()
        } else {
            match behind.result.try_recv() {
                Err(mpsc::TryRecvError::Empty) => return,
                result => result.ok(),
            }
        };
        match work {
            Some(Work::Ahead(known)) => {
                self.knew_more(&known);
                return self.settle(wait);
            }
            Some(Work::Building) => return self.settle(wait),
            _ => {}
        }
        self.behind = None;
        match work {
            Some(Work::Index(Ok((index, state)), problems)) => {
                self.take_over(index, *state);
                self.note(&problems);
            }
            Some(Work::Index(Err(fault), problems)) => {
                self.stays_in_memory(&fault);
                self.note(&problems);
            }
            Some(Work::Read(problems)) => self.note(&problems),
            Some(Work::Ahead(_) | Work::Building) => {} // Seen to above.
            None => self.stays_in_memory(&Fault::new("the thread that built it has ended")),
        }
    }

    /// Reports records that an index knew of and that the journal has lost.
    fn knew_more(&mut self, known: &State) {
        if known.acknowledged <= self.state.acknowledged {
            return;
        }
        let lost = Problem::LostTail {
            acknowledged: known.acknowledged,
            found: self.state.acknowledged,
        };
        self.state.next_sequence = self.state.next_sequence.max(known.next_sequence);
        self.problems.push(lost.clone());
        self.note(&[lost]);
    }

    /// Puts an index that was built behind in place of the one in memory.
    fn take_over(&mut self, index: Index, state: State) {
        self.knew_more(&state);
        self.state.moving = self.state.moving.or(state.moving);
        let grown = grow_to(index, &self.journal, state, Some(self.state.acknowledged))
            .and_then(|(index, _)| index.apply(Default::default(), &self.state).map(|()| index));
        match grown {
            Ok(index) => {
                index.be_patient(false);
                self.index = index;
                self.unscanned = None;
                if let Err(error) = self.follow_moved() {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the index is behind"
                    );
                }
            }
            Err(fault) => {
                self.state.moving = None;
                self.stays_in_memory(&fault);
            }
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
