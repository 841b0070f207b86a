//! What the reader does with the variables that come back.

use super::super::chain::Chain;
use super::super::column::{Column, Found, may_keep};
use super::super::sizes::LEAST_OCTETS;
use super::super::variable::Variable;
use super::super::work::{Asked, FailedGet, Pages};
use super::DeviceReader;
use super::failure::Failure;
use crate::message::VarBindRef;
use crate::name::{Name, Names};
use crate::{Answers, Ending, GapReason, Oid, VarBind};
use std::cmp::Ordering;
use std::collections::VecDeque;

/// A GETNEXT's answer: one variable for each name.
const ONE_EACH: Pages = Pages {
    once: 0,
    repetitions: 1,
};

fn with_name((place, chain): (usize, &Chain)) -> Option<(usize, Name<'_>)> {
    Some((place, chain.front()?.last()))
}

/// Whether a row cannot follow the row before it. `order` has the places in the order of their names.
fn is_astray(before: &[Variable<'_>], after: &[Variable<'_>], order: &[(usize, Name<'_>)]) -> bool {
    let at = |(place, _): &(usize, Name<'_>)| Some((before.get(*place)?, after.get(*place)?));
    let mut last: Option<&Variable<'_>> = None;
    order.iter().filter_map(at).any(|(from, found)| {
        // Behind the end there is nothing to step to.
        let goes_on = !from.is_exception();
        let back = goes_on && !found.is_behind(from.name);
        let apart =
            goes_on && last.is_some_and(|last| last.is_behind(from.name) && !last.is_same(found));
        last = Some(found);
        back || apart
    })
}

impl DeviceReader {
    pub(super) fn handle_varbinds(&mut self, asked: Asked, varbinds: &[VarBindRef<'_>]) {
        self.state.sizes.answered(asked.len());
        match asked {
            Asked::Get(names) => self.handle_instances(names, varbinds),
            Asked::Peek(names) => self.handle_peeked(names, varbinds),
            Asked::Next(columns) => {
                let chains = columns.into_iter().map(Chain::new).collect();
                if let Err(chains) = self.handle_rows(chains, varbinds, ONE_EACH) {
                    let columns = chains.into_iter().flat_map(Chain::into_columns).collect();
                    self.handle_failure(Asked::Next(columns), Failure::Malformed);
                }
            }
            Asked::Step(step) => self.handle_step(step, varbinds),
            Asked::Recheck(steps) => self.handle_rechecked(&steps, varbinds),
            Asked::Bulk(chains, pages) => {
                if let Err(chains) = self.handle_rows(chains, varbinds, pages) {
                    self.state.manner.bulk = false;
                    self.state.work.put_back(Asked::Bulk(chains, pages));
                }
            }
        }
    }

    /// Takes the answers to a GET. A name that was not asked for is no answer.
    fn handle_instances(&mut self, names: Vec<Oid>, varbinds: &[VarBindRef<'_>]) {
        let asked = names.len();
        let mut unanswered: VecDeque<Oid> = names.into();
        for (place, varbind) in varbinds.iter().enumerate() {
            // Answers come in the order of the names (RFC 3416 section 4.2.1): the first is it.
            let mut open = unanswered.iter();
            let first = open.position(|name| varbind.name.compare(name).is_eq());
            if let Some(name) = first.and_then(|first| unanswered.remove(first)) {
                self.keep(name, varbind, place);
            }
        }
        if unanswered.is_empty() {
            return;
        }
        if asked == 1 {
            for name in unanswered {
                self.step_to_failed(name, GapReason::Malformed);
            }
            return;
        }
        if unanswered.len() == asked {
            self.state.sizes.split(asked);
        }
        self.state.work.put_back(Asked::Get(unanswered.into()));
    }

    /// Takes the answer to a GETNEXT for an instance that failed a GET.
    fn handle_step(&mut self, step: FailedGet, varbinds: &[VarBindRef<'_>]) {
        let found = varbinds.first();
        match found.filter(|found| found.name.compare(&step.name).is_eq()) {
            Some(found) if !found.value.is_exception() => {
                self.vain_steps = 0;
                self.keep(step.name, found, 0);
            }
            _ => self.handle_vain_step(step),
        }
    }

    /// Takes the answers to a GETNEXT for instances: what comes instead of one is a later name.
    fn handle_peeked(&mut self, names: Vec<Oid>, varbinds: &[VarBindRef<'_>]) {
        let mut names = names.into_iter();
        for (place, (name, varbind)) in names.by_ref().zip(varbinds).enumerate() {
            match varbind.name.compare(&name) {
                Ordering::Equal => self.keep(name, varbind, place),
                Ordering::Greater => {} // The device does not have it, which is no gap.
                // endOfMibView comes with the name that was sent and says the same.
                Ordering::Less if varbind.value.is_exception() => {}
                Ordering::Less => self.state.work.alone.push_back(name),
            }
        }
        // Names for which nothing came back.
        self.state.work.alone.extend(names);
    }

    /// Takes the answers to a GETNEXT or GETBULK, which come row by row (RFC 3416 section 4.2.3).
    /// Gives the columns back where nothing in the answer brings any of them forward.
    fn handle_rows(
        &mut self,
        mut chains: Vec<Chain>,
        varbinds: &[VarBindRef<'_>],
        pages: Pages,
    ) -> Result<(), Vec<Chain>> {
        let once = pages.once.min(chains.len());
        let repeated = chains.len() - once;
        let is_bulk = self.state.manner.bulks();
        // An answer with more than was asked for is no answer to this: which is which?
        let most = once + repeated * pages.repetitions;
        if varbinds.is_empty() || is_bulk && varbinds.len() > most {
            return Err(chains);
        }
        let names = Names::of(varbinds);
        let variables = Variable::all(varbinds, &names);
        if is_bulk && self.is_out_of_step(&chains, &variables, once) {
            return Err(chains);
        }
        self.answers.reserve(variables.len());
        let mut stuck: Vec<bool> = vec![false; chains.len()];
        let mut ended: Vec<Column> = Vec::new();
        let (first, rest) = variables.split_at(once.min(variables.len()));
        let rows = rest.chunks(repeated.max(1)).take(pages.repetitions);
        for (skipped, row) in std::iter::once((0, first)).chain(rows.map(|row| (once, row))) {
            let places = chains.iter_mut().zip(&mut stuck).skip(skipped);
            for ((chain, stuck), variable) in places.zip(row) {
                if *stuck {
                    continue;
                }
                if chain.take_row(variable) {
                    self.keep_row(variable);
                    continue;
                }
                if is_bulk && self.skips(chain, variable) {
                    *stuck = true;
                    continue;
                }
                match chain.take(variable, &mut |column| ended.push(column)) {
                    Found::Row => {
                        if is_bulk {
                            chain.note_bulk();
                        }
                        self.keep_row(variable);
                    }
                    Found::End => {}
                    // GETNEXT from the last good name will show.
                    Found::Backwards if is_bulk => *stuck = true,
                    found => {
                        let Some(column) = chain.leave() else {
                            continue;
                        };
                        if column.is_instance() {
                            self.state.work.alone.push_back(column.root); // GET will show.
                        } else if found == Found::Backwards {
                            self.broken.push((column, GapReason::NotIncreasing));
                        } else if let Some(reason) = found.gap() {
                            self.gap(column.root, reason);
                        }
                    }
                }
            }
        }
        self.settle();
        if stuck.contains(&true) {
            self.state.manner.bulk = false;
        }
        if is_bulk {
            self.state.sizes.answered_bulk();
            // A row that is broken off was cut; whole rows may be all that the device gives at once.
            if varbinds.len() < most && !rest.len().is_multiple_of(repeated.max(1)) {
                self.state.sizes.cut_short(self.answer_octets);
            }
        }
        chains.retain(|chain| !chain.is_told());
        self.state.work.put_back(Asked::Bulk(chains, pages));
        self.note_bulk(&ended, is_bulk);
        self.note_rows(ended);
        Ok(())
    }

    /// Whether variables of a GETBULK's answer stand under the wrong names, because the device has left one
    /// out or doubled one: then what seems to be a column's end is none.
    ///
    /// What follows a name is the least of the names behind it. So every step goes forward, and where
    /// the step from one name goes past another name that was stepped from, both come to the same.
    fn is_out_of_step(&self, chains: &[Chain], variables: &[Variable<'_>], once: usize) -> bool {
        let repeated = chains.len() - once;
        // A whole row comes first where the device can send it (RFC 3416 section 4.2.3).
        if variables.len() < chains.len() && self.answer_octets < LEAST_OCTETS {
            return true;
        }
        let mut order: Vec<(usize, Name<'_>)> = (0..).zip(chains).filter_map(with_name).collect();
        order.sort_unstable_by_key(|(_, from)| *from);
        let first = |place: usize| variables.get(place);
        let goes_back = order
            .iter()
            .any(|(place, from)| first(*place).is_some_and(|found| !found.is_behind(*from)));
        let goes_apart = order.windows(2).any(|pair| {
            let [(place, _), (next, from)] = pair else {
                return false;
            };
            let (Some(one), Some(other)) = (first(*place), first(*next)) else {
                return false;
            };
            one.is_behind(*from) && !one.is_same(other)
        });
        if goes_back || goes_apart {
            return true;
        }
        // Of those that are repeated, with their places among them.
        order.retain_mut(|(place, _)| match place.checked_sub(once) {
            Some(left) => {
                *place = left;
                true
            }
            None => false,
        });
        let rest = variables.get(once..).unwrap_or_default();
        let after = rest.get(repeated..).unwrap_or_default();
        let rows = rest.chunks(repeated.max(1));
        let next = after.chunks(repeated.max(1));
        rows.zip(next)
            .any(|(row, next)| is_astray(row, next, &order))
    }

    /// Whether a step over the front column's end goes past something that the device is known to have:
    /// what came belongs to another column.
    fn skips(&self, chain: &Chain, variable: &Variable<'_>) -> bool {
        chain.front().is_some_and(|front| {
            !front.is_instance()
                && !variable.is_exception()
                && !front.holds(variable.name)
                && self.answers.has_between(front.last(), variable.name)
        })
    }

    /// Learns how many rows columns had: their neighbours will have as many.
    fn note_rows(&mut self, ended: Vec<Column>) {
        for column in ended.into_iter().filter(|column| !column.is_instance()) {
            let Some((_, table)) = column.root.arcs().split_last() else {
                continue;
            };
            let rows = column.rows;
            if rows > 0 && !self.state.tables.contains(table) {
                self.state.tables.insert(Oid::from_counted(table));
                self.state.work.expect_rows(table, rows);
            }
            self.state
                .learned_rows
                .push((column.root_key, column.root, rows));
        }
    }

    /// Keeps a column's next row.
    fn keep_row(&mut self, variable: &Variable<'_>) {
        let name = variable.oid();
        if self.may_keep(&name, variable.varbind) {
            let value = variable.value().to_value();
            let known = self.answers.len();
            self.answers.gather(variable.name.key(), name, value);
            self.note_kept(known, variable.place());
        }
    }

    fn keep(&mut self, oid: Oid, varbind: &VarBindRef<'_>, place: usize) {
        if self.may_keep(&oid, varbind) {
            let value = varbind.value.to_value();
            let known = self.answers.len();
            self.answers.insert(VarBind { oid, value });
            self.note_kept(known, place);
        }
    }

    /// Takes note that the variable at this place was kept, if it was.
    fn note_kept(&mut self, known: usize, place: usize) {
        if let Some(kept) = &mut self.kept
            && self.answers.len() > known
        {
            kept.push(u32::try_from(place).unwrap_or(u32::MAX));
        }
    }

    /// Gives the rows that were kept their places.
    fn settle(&mut self) {
        let came = self.kept.as_ref().map_or(0, Vec::len);
        let known = self.answers.len().saturating_sub(came);
        let doubles = self.answers.settle();
        if let Some(kept) = &mut self.kept {
            let mut place = known;
            kept.retain(|_| {
                let is_double = u32::try_from(place).is_ok_and(|it| doubles.contains(&it));
                place += 1;
                !is_double
            });
        }
    }

    /// Takes note of what came, and says whether it is kept.
    fn may_keep(&mut self, name: &Oid, varbind: &VarBindRef<'_>) -> bool {
        self.state.sizes.note(varbind);
        if !may_keep(varbind, name) {
            return false;
        }
        self.octets += varbind.wire_len;
        if self.octets > self.limits.octets || self.answers.len() >= Answers::MAX_VALUES {
            self.gap(name.clone(), GapReason::TooMuch);
            self.stop(Ending::BudgetSpent, GapReason::TooMuch);
            return false;
        }
        true
    }
}
