//! Which groups count, by what closes them and what follows them.

use super::{Found, Group, Last, Replay, Sink};
use crate::record::Commit;
use crate::report::Problem;
use std::collections::BTreeSet;

impl Replay<'_> {
    /// Takes a group without a frame that closes it. Answers whether it counts.
    pub(super) fn not_closed(&mut self, group: Group, last: Last, sink: &mut Sink<'_>) -> bool {
        let acknowledged = self.acknowledged.is_some_and(|known| known >= group.last);
        if last.of_segment && !acknowledged {
            self.unclosed(&group, last);
            return false;
        }
        self.accept_pending(sink);
        self.problems.push(Problem::CommitLost {
            segment: group.segment,
            first: group.first,
        });
        let before = self.chain.take();
        if last.of_segment {
            self.chain_before = before;
            self.pending = Some(group);
            self.pending_begin = last.begin as u64;
        } else {
            self.emit(group, sink);
        }
        true
    }

    /// Takes a group with the frame that closes it. Answers whether it counts.
    pub(super) fn closed(
        &mut self,
        mut group: Group,
        commit: &Commit,
        intact: bool,
        last: Last,
        sink: &mut Sink<'_>,
    ) -> bool {
        let unknown = self.acknowledged.is_some_and(|known| known < commit.last());
        if !intact && last.of_journal && unknown {
            self.unclosed(&group, last);
            return false;
        }
        let mut lost = missing(commit, &group.records);
        let thinned = self.thinned.groups.get(&group.first);
        lost.retain(|sequence| {
            !self.erased.contains(sequence)
                && !thinned.is_some_and(|thinned| thinned.has_lost(*sequence))
        });
        if !lost.is_empty() {
            self.problems.push(Problem::LostRecords {
                segment: group.segment,
                sequences: lost,
            });
        }
        self.follow(group.segment, commit, sink);
        group.last = commit.last();
        group.chain = Some(commit.chain());
        group.head = commit.head;
        self.chain = group.chain;
        if last.of_segment {
            self.chain_before = Some(commit.previous);
            self.pending = Some(group);
            self.pending_begin = last.begin as u64;
        } else {
            self.emit(group, sink);
        }
        true
    }

    fn unclosed(&mut self, group: &Group, last: Last) {
        if self.acknowledged.is_some_and(|known| known < group.first) {
            self.forgive(group, last.begin as u64);
        }
        self.problems.push(Problem::UnclosedGroup {
            segment: group.segment,
            first: group.first,
            records: group.records.len(),
        });
    }

    /// Takes back what was found wrong with a group that nobody was told was stored: it cost nothing.
    fn forgive(&mut self, group: &Group, begin: u64) {
        let (segment, first) = (group.segment, group.first);
        self.problems
            .retain(|problem| !problem.is_within(segment, begin, first));
    }

    /// Settles what came before a group that names its predecessor.
    fn follow(&mut self, segment: u32, commit: &Commit, sink: &mut Sink<'_>) {
        let follows = self.chain.is_none_or(|chain| chain == commit.previous);
        // The one that it rivals may have lost its closing frame, and the chain with it.
        let is_known = self.chain.is_some() && follows;
        let rivals = !is_known && self.chain_before == Some(commit.previous);
        if rivals && let Some(abandoned) = self.pending.take() {
            self.forgive(&abandoned, self.pending_begin);
            self.problems.push(Problem::AbandonedGroup {
                segment: abandoned.segment,
                first: abandoned.first,
            });
            return;
        }
        self.accept_pending(sink);
        if !follows {
            self.problems.push(Problem::BrokenChain {
                segment,
                first: commit.first,
            });
        }
    }

    pub(super) fn accept_pending(&mut self, sink: &mut Sink<'_>) {
        self.chain_before = None;
        if let Some(group) = self.pending.take() {
            self.emit(group, sink);
        }
    }

    fn emit(&mut self, group: Group, sink: &mut Sink<'_>) {
        self.records += group.records.len() as u64;
        self.removed += group.thinned;
        sink(&group, &mut self.problems);
    }
}

/// The sequences that a commit names and that were not found.
fn missing(commit: &Commit, records: &[Found]) -> Vec<u64> {
    let present: BTreeSet<u64> = records
        .iter()
        .map(|found| found.location.sequence)
        .collect();
    // The count is authentic, and no group has more records than a pass has devices.
    (commit.first..=commit.last())
        .filter(|sequence| !present.contains(sequence))
        .collect()
}
