//! Neighbouring columns of one table, read by one walk.
//!
//! GETNEXT from the last row of a column brings the first row of the next one. Asking for neighbours
//! by one name therefore tells where each one ends without a variable that is thrown away, where
//! asking for each by a name of its own throws one away for every column.

use super::column::{Column, Found};
use super::variable::Variable;
use crate::message::ValueRef;
use crate::{Oid, deny};
use std::collections::VecDeque;

/// How many variables a chain has at most before it is begun, if it has more than one column. Long
/// ones save a variable for each column, short ones can be read side by side in fewer requests.
const LONGEST: usize = 14;

/// Neighbouring columns on their way, the one that is being read in front.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    columns: Columns,
    /// The front column was left before its end: what still comes of it is no row of the next one.
    leaving: bool,
    /// The last name that came, where it lies between two columns.
    between: Option<Oid>,
}

/// Columns, of which there is mostly one: that needs no memory of its own.
#[derive(Clone, Debug)]
struct Columns {
    front: Option<Column>,
    more: VecDeque<Column>,
}

impl Columns {
    fn iter(&self) -> impl DoubleEndedIterator<Item = &Column> {
        self.front.iter().chain(&self.more)
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut Column> {
        self.front.iter_mut().chain(&mut self.more)
    }

    fn back(&self) -> Option<&Column> {
        self.more.back().or(self.front.as_ref())
    }

    fn pop_front(&mut self) -> Option<Column> {
        let next = self.more.pop_front();
        std::mem::replace(&mut self.front, next)
    }

    /// Takes the first ones out.
    fn pop_first(&mut self, count: usize, ended: &mut impl FnMut(Column)) {
        let popped = std::iter::from_fn(|| self.pop_front());
        popped.take(count).for_each(ended);
    }
}

impl Chain {
    pub(super) fn new(column: Column) -> Self {
        Self {
            columns: Columns {
                front: Some(column),
                more: VecDeque::new(),
            },
            leaving: false,
            between: None,
        }
    }

    /// Whether the walk through the last column leads to the first row of this one, and is not too long.
    pub(super) fn leads_to(&self, column: &Column) -> bool {
        let follows = self
            .columns
            .back()
            .is_some_and(|last| column.is_untouched() && follows(last, column));
        follows && self.variables() + column.rows_left() <= LONGEST
    }

    /// That of its last column.
    pub(super) fn tail(&self) -> Tail {
        self.columns.back().map_or(Tail::NONE, Tail::of)
    }

    /// Takes a column in that it [leads to](Self::leads_to).
    pub(super) fn append(&mut self, column: Column) {
        self.columns.more.push_back(column);
    }

    /// The name to ask from; nothing where no column is left.
    pub(super) fn from(&self) -> Option<&Oid> {
        self.front().map(|column| &column.last)
    }

    /// How many variables will probably come before something lies in between, that one included.
    pub(super) fn variables(&self) -> usize {
        let mut rows = 0;
        let mut before: Option<&Column> = None;
        for column in self.columns.iter() {
            if before.is_some_and(|before| !is_next(&before.root, &column.root)) {
                break;
            }
            rows += column.rows_left();
            before = Some(column);
        }
        rows + 1
    }

    /// How large its next variables will probably be, one with another.
    pub(super) fn estimate(&self, value: usize) -> usize {
        let weigh = |(rows, octets), column: &Column| {
            let left = column.rows_left().max(1);
            (rows + left, octets + left * column.estimate(value))
        };
        let (rows, octets) = self.columns.iter().fold((0, 0), weigh);
        octets / rows.max(1)
    }

    /// The most variables that the queries allow, the one behind the end included.
    pub(super) fn ceiling(&self) -> usize {
        let rows = self.columns.iter().map(|column| {
            usize::try_from(column.max_rows.saturating_sub(column.rows)).unwrap_or(usize::MAX)
        });
        rows.fold(1, usize::saturating_add)
    }

    /// Takes what is plainly the front column's next row; says whether it is. Whatever else comes is
    /// for [`take`](Self::take) to look at.
    pub(super) fn take_row(&mut self, variable: &Variable<'_>) -> bool {
        let front = self.columns.front.as_mut();
        let is_row = self.between.is_none() && front.is_some_and(|front| front.take_row(variable));
        self.leaving &= !is_row;
        is_row
    }

    /// Looks at what came back. [`Found::Row`] is the front column's newest row; columns that turn
    /// out to have ended are handed to `ended`.
    pub(super) fn take(
        &mut self,
        variable: &Variable<'_>,
        ended: &mut impl FnMut(Column),
    ) -> Found {
        let Some(front) = self.columns.front.as_ref() else {
            return Found::End;
        };
        match variable.value() {
            // Nothing lies behind the name (RFC 3416 section 4.2.2): all end here.
            ValueRef::EndOfMibView => {
                self.columns.pop_first(usize::MAX, ended);
                return Found::End;
            }
            // The other exceptions do not belong here and say nothing of the next column.
            value if value.is_exception() => {
                self.leave().into_iter().for_each(ended);
                return Found::End;
            }
            _ => {}
        }
        let name = variable.name;
        let is_back = match &self.between {
            Some(between) => name.arcs() <= between.arcs(),
            None => name <= front.last(),
        };
        if is_back {
            return if self.leaving {
                Found::End
            } else {
                Found::Backwards
            };
        }
        self.leaving = false;
        let home = self.columns.iter().position(|column| column.holds(name));
        let Some(home) = home else {
            let behind = |column: &Column| name.arcs() > column.root.arcs();
            let passed = self.columns.iter().filter(|column| behind(column)).count();
            self.columns.pop_first(passed, ended);
            self.between = Some(variable.oid());
            // More lies between than was thought: what is left is better asked for side by side.
            for column in self.columns.iter_mut() {
                column.alone = true;
            }
            return Found::End;
        };
        self.between = None;
        self.columns.pop_first(home, ended);
        let Some(column) = self.columns.front.as_mut() else {
            return Found::End;
        };
        let found = column.take(variable);
        if column.is_instance() && found == Found::End {
            self.columns.pop_first(usize::MAX, ended);
        }
        found
    }

    /// Whether all of it is told.
    pub(super) fn is_told(&self) -> bool {
        let is_told = |column: &Column| column.is_instance() && !column.is_untouched();
        self.columns.iter().all(is_told)
    }

    /// The column that is being read.
    pub(super) fn front(&self) -> Option<&Column> {
        self.columns.front.as_ref()
    }

    /// Takes note that GETBULK brought what came of it last.
    pub(super) fn note_bulk(&mut self) {
        if let Some(front) = &mut self.columns.front {
            front.by_bulk = true;
        }
    }

    /// Goes on with the next column, and gives the one that is left.
    pub(super) fn leave(&mut self) -> Option<Column> {
        self.leaving = true;
        self.columns.pop_front()
    }

    /// What is left of it.
    pub(super) fn into_columns(self) -> impl DoubleEndedIterator<Item = Column> {
        self.columns.front.into_iter().chain(self.columns.more)
    }
}

/// What tells at a glance that one column cannot follow another, of a hundred that are each held
/// against each: how many arcs it has, and the last of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tail(u64);

impl Tail {
    /// That of an instance, which none follows and which follows none.
    const NONE: Self = Self(u64::MAX);

    /// That of a column.
    pub(super) fn of(column: &Column) -> Self {
        match column.root.arcs() {
            arcs @ [.., last] if !column.is_instance() => {
                let count = u64::try_from(arcs.len()).unwrap_or_default();
                Self(count << 33 | u64::from(*last))
            }
            _ => Self::NONE,
        }
    }

    /// Whether a chain with this tail may [lead to](Chain::leads_to) a column with that one.
    pub(super) fn may_lead_to(self, next: Self) -> bool {
        next.0.wrapping_sub(self.0) <= 1 && next.0 != u64::MAX
    }
}

/// Whether a walk through column `one` leads to column `other`, with little between.
fn follows(one: &Column, other: &Column) -> bool {
    if one.is_instance() || other.is_instance() {
        return false;
    }
    is_next(&one.root, &other.root)
        || !other.alone && is_same_of_another_part(&one.root, &other.root)
}

/// Whether nothing can lie between the last row of column `one` and the first of column `other`.
fn is_next(one: &Oid, other: &Oid) -> bool {
    match (one.arcs().split_last(), other.arcs().split_last()) {
        // The last arcs differ most often and are compared first: this is asked of every pair.
        (Some((one, table)), Some((other, same))) => {
            one.checked_add(1) == Some(*other) && table == same
        }
        _ => false,
    }
}

/// Whether `one` and `other` are the same rows of a column under two indexes, such as `.8.1.20` and
/// `.8.103.20`. Devices have few of the indexes that are asked for, and one name tells which is next.
fn is_same_of_another_part(one: &Oid, other: &Oid) -> bool {
    let (one, other) = (one.arcs(), other.arcs());
    if one.len() != other.len() || one.last() != other.last() || one >= other {
        return false;
    }
    let same = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let differ = one.iter().zip(other).filter(|(a, b)| a != b).count();
    let around = one.get(..same).unwrap_or_default();
    differ == 1 && same + 2 == one.len() && deny::walk_arcs(around).is_none()
}
