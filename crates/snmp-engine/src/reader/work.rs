//! What is still to be asked, and how it is packed into requests.

use super::chain::{Chain, Tail};
use super::column::Column;
use super::sizes::{MAX_REPETITIONS, Sizes, varbind};
use crate::message::RequestKind;
use crate::{GapReason, Oid, Version, deny};
use std::borrow::Cow;
use std::collections::VecDeque;

/// What is still to be asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Work {
    /// Instances, to be asked for by GET.
    pub(super) instances: VecDeque<Oid>,
    /// Instances that spoilt the answer of others, to be asked for one by one.
    pub(super) alone: VecDeque<Oid>,
    /// Instances that failed a GET of their own, to be asked for by GETNEXT, one by one.
    pub(super) steps: VecDeque<FailedGet>,
    /// Columns, to be asked for by GETBULK or GETNEXT.
    pub(super) columns: VecDeque<Column>,
    /// Steps that show whether GETBULK told every row.
    pub(super) rechecks: VecDeque<Recheck>,
}

/// An instance that failed a GET of its own. The name [before] it is one that may be asked from.
#[derive(Clone, Debug)]
pub(super) struct FailedGet {
    pub(super) name: Oid,
    pub(super) reason: GapReason,
}

/// A step that GETBULK took and GETNEXT takes once more.
#[derive(Clone, Debug)]
pub(super) struct Recheck {
    /// The column.
    pub(super) root: Oid,
    /// The row to step from, or the root.
    pub(super) from: Oid,
    /// Whether a row found there shows that GETBULK leaves rows out. One behind all others may have come
    /// since.
    pub(super) tells: bool,
}

/// What one request asks for.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    Get(Vec<Oid>),
    /// Instances, each by GETNEXT from the name before it.
    Peek(Vec<Oid>),
    Next(Vec<Column>),
    /// An instance that failed a GET, by GETNEXT from the name before it.
    Step(FailedGet),
    /// Steps that are taken once more, by GETNEXT.
    Recheck(Vec<Recheck>),
    /// Chains of columns.
    Bulk(Vec<Chain>, Pages),
}

/// How many variables a GETBULK wants of each of its chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pages {
    /// Of so many chains, the first ones, one each.
    pub(super) once: usize,
    /// Of each of the others so many.
    pub(super) repetitions: usize,
}

/// How the device can be asked at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Manner {
    pub(super) version: Version,
    /// Whether GETBULK is still trusted.
    pub(super) bulk: bool,
    /// Whether what is known of the device's kind allows GETBULK.
    pub(super) may_bulk: bool,
    /// Whether instances are asked for by GETNEXT where they can be: the device fails a whole GET
    /// for each one that it does not have, and a GETNEXT for none.
    pub(super) peek: bool,
    /// Whether only one variable is to be asked for, to see whether the device is still there.
    pub(super) single: bool,
}

impl Manner {
    /// Whether several rows may be asked for at once.
    pub(super) fn bulks(self) -> bool {
        self.bulk && self.may_bulk && self.version != Version::V1
    }
}

impl Work {
    pub(super) fn is_empty(&self) -> bool {
        self.instances.is_empty()
            && self.alone.is_empty()
            && self.steps.is_empty()
            && self.columns.is_empty()
            && self.rechecks.is_empty()
    }

    /// Columns of this table that are yet to be begun will have so many rows.
    pub(super) fn expect_rows(&mut self, table: &[u32], rows: u32) {
        for column in &mut self.columns {
            let parent = column.root.arcs().split_last().map(|(_, parent)| parent);
            if column.is_untouched() && parent == Some(table) {
                column.expect_rows(rows);
            }
        }
    }

    /// Takes as much as fits into one request; nothing where nothing is left.
    ///
    /// Where GETBULK works it comes first: its answer shows how much the device can send, where a GET
    /// that asks for too much shows only that.
    pub(super) fn take(&mut self, sizes: &Sizes, manner: Manner) -> Option<Asked> {
        let bulk = manner.bulks() && !manner.single;
        if bulk && !self.columns.is_empty() && !sizes.is_known() {
            return Some(self.take_chains(sizes));
        }
        if let Some(step) = self.steps.pop_front() {
            return Some(Asked::Step(step));
        }
        if let Some(first) = self.instances.front() {
            let peek = manner.peek && !manner.single && before(first).is_some();
            let alike = |name: &&Oid| !manner.peek || before(name).is_some() == peek;
            let estimates = self
                .instances
                .iter()
                .take_while(alike)
                .map(|name| varbind(name, sizes.value()));
            let count = if manner.single {
                1
            } else {
                sizes.fitting(estimates)
            };
            let names: Vec<Oid> = self.instances.drain(..count).collect();
            return Some(if peek {
                Asked::Peek(names)
            } else {
                Asked::Get(names)
            });
        }
        if let Some(name) = self.alone.pop_front() {
            return Some(Asked::Get(vec![name]));
        }
        if self.columns.is_empty() {
            return self.take_rechecks(sizes, manner);
        }
        if manner.single || !manner.bulks() {
            return Some(Asked::Next(self.take_columns(sizes, manner)));
        }
        Some(self.take_chains(sizes))
    }

    /// Columns for a GETNEXT.
    fn take_columns(&mut self, sizes: &Sizes, manner: Manner) -> Vec<Column> {
        let estimates = self
            .columns
            .iter()
            .map(|column| column.estimate(sizes.value()));
        let count = if manner.single {
            1
        } else {
            sizes.fitting(estimates)
        };
        self.columns.drain(..count).collect()
    }

    fn take_rechecks(&mut self, sizes: &Sizes, manner: Manner) -> Option<Asked> {
        let sizes_of = |step: &Recheck| varbind(&step.from, sizes.value());
        let most = if manner.single { 1 } else { usize::MAX };
        let count = sizes.fitting(self.rechecks.iter().take(most).map(sizes_of));
        let taken = self.rechecks.drain(..count.min(self.rechecks.len()));
        Some(Asked::Recheck(taken.collect())).filter(|asked| asked.len() > 0)
    }

    /// Chains of columns for a GETBULK, chosen so that its answer is as full as it can be of what is
    /// needed: all chains of one request are read equally far, so those that end earlier bring
    /// variables that nobody wants.
    fn take_chains(&mut self, sizes: &Sizes) -> Asked {
        let chains = link(self.columns.drain(..));
        let lengths: Vec<Length> = chains
            .iter()
            .map(|chain| Length {
                variables: chain.variables().min(chain.ceiling()),
                octets: chain.estimate(COLUMN_VALUE),
                name: chain.front().map_or(0, Column::request_octets),
            })
            .collect();
        let choice = choose(&lengths, sizes);
        let mut once = Vec::with_capacity(choice.taken.len());
        let mut repeated = Vec::with_capacity(choice.taken.len());
        let mut taken = vec![false; chains.len()];
        for place in &choice.taken {
            if let Some(taken) = taken.get_mut(*place) {
                *taken = true;
            }
        }
        for ((chain, length), taken) in chains.into_iter().zip(&lengths).zip(taken) {
            match taken {
                true if length.is_last_step() => once.push(chain),
                true => repeated.push(chain),
                false => self.columns.extend(chain.into_columns()),
            }
        }
        let ceiling = repeated.iter().map(Chain::ceiling).max().unwrap_or(1);
        let pages = Pages {
            once: once.len(),
            repetitions: choice.repetitions.min(ceiling).max(1),
        };
        once.append(&mut repeated);
        Asked::Bulk(once, pages)
    }

    /// Puts back, in front, what has to be asked again.
    pub(super) fn put_back(&mut self, asked: Asked) {
        match asked {
            Asked::Get(names) | Asked::Peek(names) => self.put_back_instances(names),
            Asked::Next(columns) => self.put_back_columns(columns),
            Asked::Step(step) => self.steps.push_front(step),
            Asked::Recheck(steps) => steps
                .into_iter()
                .rev()
                .for_each(|step| self.rechecks.push_front(step)),
            Asked::Bulk(chains, _) => {
                for chain in chains.into_iter().rev() {
                    self.put_back_columns(chain.into_columns());
                }
            }
        }
    }

    /// Puts back what is to be asked for one by one.
    pub(super) fn put_back_alone(&mut self, asked: Asked) {
        match asked {
            Asked::Get(names) => self.alone.extend(names),
            other => self.put_back(other),
        }
    }

    fn put_back_instances(&mut self, names: Vec<Oid>) {
        for name in names.into_iter().rev() {
            self.instances.push_front(name);
        }
    }

    fn put_back_columns(
        &mut self,
        columns: impl IntoIterator<Item = Column, IntoIter: DoubleEndedIterator>,
    ) {
        for column in columns.into_iter().rev() {
            self.columns.push_front(column);
        }
    }

    /// Everything that is left, as names for gaps. What is only to be seen once more is none.
    pub(super) fn drain_names(&mut self) -> impl Iterator<Item = Oid> + '_ {
        self.rechecks.clear();
        self.instances
            .drain(..)
            .chain(self.alone.drain(..))
            .chain(self.steps.drain(..).map(|step| step.name))
            .chain(self.columns.drain(..).map(|column| column.root))
    }
}

/// What is known of a chain before it is asked for.
struct Length {
    /// How many variables will probably tell all that is left of it.
    variables: usize,
    /// The size of one.
    octets: usize,
    /// The size of the name to ask from.
    name: usize,
}

impl Length {
    /// Whether one variable is all that is wanted of it.
    fn is_last_step(&self) -> bool {
        self.variables == 1
    }
}

/// Which chains to ask for, and how many variables of each that is not told by one.
#[derive(Default)]
struct Choice {
    /// Places of the chains.
    taken: Vec<usize>,
    repetitions: usize,
}

/// What asking for so many variables of each chain would bring.
struct Yield {
    repetitions: usize,
    /// For how many chains, the longest first, there is room.
    chains: usize,
    /// The octets of it that are wanted.
    brings: usize,
}

/// Columns as chains, as far as one leads to the next.
fn link(columns: impl Iterator<Item = Column>) -> Vec<Chain> {
    let mut chains: Vec<Chain> = Vec::with_capacity(columns.size_hint().0);
    let mut tails: Vec<Tail> = Vec::with_capacity(columns.size_hint().0);
    for column in columns {
        let next = Tail::of(&column);
        let mut places = tails.iter().enumerate().rev();
        let place = places.find(|(place, tail)| {
            let leads = || chains.get(*place).is_some_and(|it| it.leads_to(&column));
            tail.may_lead_to(next) && leads()
        });
        let found = place.map(|(place, _)| place);
        match found.and_then(|place| Some((chains.get_mut(place)?, tails.get_mut(place)?))) {
            Some((chain, tail)) => {
                chain.append(column);
                *tail = chain.tail();
            }
            None => {
                chains.push(Chain::new(column));
                tails.push(next);
            }
        }
    }
    chains
}

/// Finds the number of repetitions, and the chains for it, that bring the most wanted octets in one
/// answer. Repeated chains are all read equally far, so those that end earlier bring variables that
/// nobody wants. An answer that would be larger than the device can send is cut short by the device
/// (RFC 3416 section 4.2.3), so one chain may hang over the edge.
fn choose(lengths: &[Length], sizes: &Sizes) -> Choice {
    let mut candidates: Vec<usize> = lengths
        .iter()
        .map(|length| length.variables.clamp(1, MAX_REPETITIONS))
        .collect();
    let largest = lengths.iter().map(|length| length.octets).max();
    candidates.push((sizes.room() / largest.unwrap_or(1).max(1)).clamp(1, MAX_REPETITIONS));
    candidates.sort_unstable();
    candidates.dedup();
    let mut order: Vec<(usize, &Length)> = lengths.iter().enumerate().collect();
    // The longest first; the sort keeps equally long ones in the order of their importance.
    order.sort_by_key(|(_, length)| std::cmp::Reverse(length.variables));
    let yields: Vec<Yield> = candidates
        .into_iter()
        .rev()
        .map(|repetitions| yield_of(repetitions, &order, sizes))
        .collect();
    // Of those that bring nearly the most, the one that goes furthest: long chains first, as short
    // ones fill up later answers.
    let most = yields.iter().map(|one| one.brings).max().unwrap_or(0);
    let mut yields = yields.into_iter();
    let best = yields.find(|one| one.brings * 100 >= most * NEARLY);
    best.map_or_else(Choice::default, |best| Choice {
        taken: order
            .iter()
            .take(best.chains)
            .map(|(place, _)| *place)
            .collect(),
        repetitions: best.repetitions,
    })
}

/// What this number of repetitions brings of the chains in `order`.
fn yield_of(repetitions: usize, order: &[(usize, &Length)], sizes: &Sizes) -> Yield {
    let room = sizes.room();
    let mut choice = Yield {
        repetitions,
        chains: 0,
        brings: 0,
    };
    let (mut used, mut request, mut names) = (0, 0, 0);
    for (_, length) in order {
        let asked = if length.is_last_step() {
            1
        } else {
            repetitions
        };
        request += length.name;
        names += 1;
        if used >= room || !sizes.has_room(request, names) && names > 1 {
            break;
        }
        used += asked * length.octets;
        choice.brings += asked.min(length.variables) * length.octets;
        choice.chains += 1;
    }
    if used > room {
        choice.brings = choice.brings * room / used;
    }
    choice
}

/// What a value in a column takes of which nothing is known: most are small numbers.
const COLUMN_VALUE: usize = 6;

/// What share of the best, in percent, is as good.
const NEARLY: usize = 97;

impl Asked {
    pub(super) fn kind(&self) -> RequestKind {
        match self {
            Self::Get(_) => RequestKind::Get,
            Self::Peek(_) | Self::Next(_) | Self::Step(_) | Self::Recheck(_) => {
                RequestKind::GetNext
            }
            Self::Bulk(_, pages) => {
                let count = |number| u16::try_from(number).unwrap_or(u16::MAX);
                let max_repetitions = count(pages.repetitions);
                match count(pages.once) {
                    0 => RequestKind::GetBulk { max_repetitions },
                    non_repeaters => RequestKind::GetBulkMixed {
                        non_repeaters,
                        max_repetitions,
                    },
                }
            }
        }
    }

    /// How many names it has.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Get(names) | Self::Peek(names) => names.len(),
            Self::Next(columns) => columns.len(),
            Self::Step(_) => 1,
            Self::Recheck(steps) => steps.len(),
            Self::Bulk(chains, _) => chains.len(),
        }
    }

    /// What it asks for, as names for gaps.
    pub(super) fn into_gap_names(self) -> Vec<Oid> {
        let root = |column: Column| column.root;
        match self {
            Self::Get(names) | Self::Peek(names) => names,
            Self::Next(columns) => columns.into_iter().map(root).collect(),
            Self::Step(step) => vec![step.name],
            Self::Recheck(_) => Vec::new(),
            Self::Bulk(chains, _) => {
                let columns = chains.into_iter().flat_map(Chain::into_columns);
                columns.map(root).collect()
            }
        }
    }

    /// The names to send.
    pub(super) fn names(&self) -> Vec<Cow<'_, Oid>> {
        match self {
            Self::Get(names) => names.iter().map(Cow::Borrowed).collect(),
            Self::Peek(names) => names.iter().filter_map(before).map(Cow::Owned).collect(),
            Self::Next(columns) => columns
                .iter()
                .map(|column| Cow::Borrowed(&column.last))
                .collect(),
            Self::Step(step) => before(&step.name).map(Cow::Owned).into_iter().collect(),
            Self::Recheck(steps) => steps.iter().map(|step| Cow::Borrowed(&step.from)).collect(),
            Self::Bulk(chains, _) => chains
                .iter()
                .filter_map(Chain::from)
                .map(Cow::Borrowed)
                .collect(),
        }
    }
}

/// A name such that GETNEXT from it brings `name` where the device has it: the one with the last arc
/// one less, or without it. Nothing where the step could land in what is never asked for.
pub(super) fn before(name: &Oid) -> Option<Oid> {
    let (last, parent) = name.arcs().split_last()?;
    if parent.len() < 3 {
        return None;
    }
    if deny::walk_arcs(parent).is_some() {
        return None;
    }
    let parent = Oid::from_counted(parent);
    Some(match last.checked_sub(1) {
        Some(less) => parent.child(&[less]),
        None => parent,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(text: &str) -> Oid {
        text.parse().expect("valid")
    }

    #[test]
    fn the_name_before_is_the_least_step_back() {
        for (name, expected) in [
            ("1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.1.5"),
            ("1.3.6.1.2.1.43.10.2.1.4.1.1", "1.3.6.1.2.1.43.10.2.1.4.1.0"),
        ] {
            assert_eq!(before(&oid(name)), Some(oid(expected)));
        }
    }

    #[test]
    fn nobody_steps_up_to_what_is_never_asked_for() {
        for near in [
            "1.3.6.1.4.1.1248.1.2.2.27.1.1.3.1.1",
            "1.3.6.1.4.1.1248.1.2.2.43",
            "1.3.6.1.4.1.1347.46",
            "1.3.6",
        ] {
            assert_eq!(before(&oid(near)), None, "{near}");
        }
    }
}
