//! What the reader looks at once more before it asks for more: columns that could not be followed to
//! their end, and rows that GETBULK may have left out.
//!
//! # Rows that GETBULK left out
//!
//! An answer that leaves out one row of one column, with every other column in step, contradicts
//! nothing that is in it. It is told by the table: other columns have a row that this one lacks, or
//! rows that are numbered from 1 on have a hole. Both are common with honest devices, too, so GETNEXT takes the step in
//! question once more. A column of which GETBULK brought no row at all shows nothing of that kind; those that
//! the plan says a device [must have](crate::Plan::must_have) are asked for once more all the same. Where
//! the step comes to a row that GETBULK did not bring, all that GETBULK brought is
//! read again by GETNEXT. Where it does not, that is remembered, and not looked into again.

use super::super::column::{Column, may_keep};
use super::super::work::Recheck;
use super::DeviceReader;
use crate::message::VarBindRef;
use crate::{Answers, GapReason, Oid};
use std::collections::{BTreeMap, BTreeSet};

/// How many rows of a column that could not be followed are asked for by their names.
const MAX_NAMED: usize = 64;

/// How many steps are taken once more after one query: as many as one request holds.
const MAX_RECHECKS: usize = 64;

/// A column that GETBULK brought anything of.
#[derive(Clone, Debug)]
pub(in crate::reader) struct Bulked {
    root: Oid,
    max_rows: u32,
    /// How many rows it had.
    rows: u32,
}

/// How many numbers a hole may miss that is looked into.
const WIDEST_HOLE: u32 = 2;

impl DeviceReader {
    /// Finds what is to be seen once more of the query that was answered. Says whether there is any.
    pub(super) fn look_back(&mut self) -> bool {
        for (column, reason) in std::mem::take(&mut self.broken) {
            self.mend(column, reason);
        }
        // A state that others have, too, is not touched without need.
        if !self.state.fresh.is_empty() {
            let fresh = std::mem::take(&mut self.state.fresh);
            if !self.memory.bulk_checked {
                let missed = |column: &Oid| self.plan.must_have(column);
                let steps = doubtful_steps(&self.answers, &fresh, &missed);
                self.state.work.rechecks.extend(steps);
            }
            self.state.bulked.extend(fresh);
        }
        !self.state.work.is_empty()
    }

    /// Takes note of columns that have ended, those that GETBULK brought anything of.
    pub(super) fn note_bulk(&mut self, ended: &[Column], by_bulk: bool) {
        let columns = ended.iter().filter(|column| !column.is_instance());
        let columns = columns.filter(|column| by_bulk || column.by_bulk);
        self.state.fresh.extend(columns.map(|column| Bulked {
            root: column.root.clone(),
            max_rows: column.max_rows,
            rows: column.rows,
        }));
    }

    /// Asks for rows of a column that could not be followed to its end by the names that they have
    /// if other columns of the table have them, and follows it on from the last of those.
    fn mend(&mut self, column: Column, reason: GapReason) {
        let rows = rows_of_others(&self.answers, &column.root);
        let left = column.max_rows.saturating_sub(column.rows);
        let left = usize::try_from(left).unwrap_or(usize::MAX).min(MAX_NAMED);
        let names = rows.into_iter().map(|row| column.root.child(row));
        let names: Vec<Oid> = names
            .filter(|name| *name > column.last)
            .take(left)
            .collect();
        let Some(last) = names.last().cloned() else {
            self.gap(column.root, reason);
            return;
        };
        let unknown = names
            .into_iter()
            .filter(|name| self.answers.get(name).is_none());
        self.state.work.instances.extend(unknown);
        self.state.work.columns.push_back(column.go_on_from(last));
    }

    /// What could not be followed to its end is a gap.
    pub(super) fn give_broken_up(&mut self) {
        for (column, reason) in std::mem::take(&mut self.broken) {
            self.gap(column.root, reason);
        }
    }

    /// Takes the answers to steps that were taken once more.
    pub(super) fn handle_rechecked(&mut self, steps: &[Recheck], varbinds: &[VarBindRef<'_>]) {
        let mut left_out = false;
        let mut is_told = false;
        for (step, found) in steps.iter().zip(varbinds) {
            let name = found.name.to_oid();
            let is_row = !found.value.is_exception() && name.starts_with(&step.root);
            let is_new = name > step.from && self.answers.get(&name).is_none();
            if is_row && is_new && may_keep(found, &name) {
                left_out = true;
                is_told |= step.tells;
            }
        }
        if !left_out {
            self.is_bulk_checked = true;
            return;
        }
        self.is_bulk_checked = false;
        self.state.manner.bulk = false;
        self.is_bulk_doubted = !is_told;
        self.state.work.rechecks.clear();
        for bulked in std::mem::take(&mut self.state.bulked) {
            let column = self.column(bulked.root, bulked.max_rows);
            self.state.work.columns.push_back(column);
        }
    }
}

/// The rows that other columns of the same table have, in order.
fn rows_of_others<'a>(answers: &'a Answers, column: &Oid) -> BTreeSet<&'a [u32]> {
    let Some((own, table)) = column.arcs().split_last() else {
        return BTreeSet::new();
    };
    let cells = answers
        .indexes_below(table)
        .filter_map(<[u32]>::split_first);
    let others = cells.filter(|(column, _)| *column != own);
    others.map(|(_, row)| row).collect()
}

/// The steps of these columns that may have gone past a row; `missed` says which columns are not
/// believed to be empty.
fn doubtful_steps(
    answers: &Answers,
    columns: &[Bulked],
    missed: &dyn Fn(&Oid) -> bool,
) -> Vec<Recheck> {
    let empty = || columns.iter().filter(|column| column.rows == 0);
    let from_root = |column: &Bulked, tells| Recheck {
        root: column.root.clone(),
        from: column.root.clone(),
        tells,
    };
    let mut tables: BTreeMap<&[u32], Vec<&Bulked>> = BTreeMap::new();
    for column in columns {
        if let Some((_, table)) = column.root.arcs().split_last() {
            tables.entry(table).or_default().push(column);
        }
    }
    let of_table = |columns: &Vec<&Bulked>| steps_of_table(answers, columns);
    let mut steps: Vec<Recheck> = tables.values().flat_map(of_table).collect();
    // Most other columns without a row are none of the device's, and alone not worth a request.
    if !steps.is_empty() {
        let others = empty().filter(|column| !missed(&column.root));
        steps.extend(others.map(|column| from_root(column, false)));
    }
    let is_untold = |column: &&Bulked| {
        missed(&column.root) && answers.indexes_below(column.root.arcs()).next().is_none()
    };
    let missing = empty().filter(is_untold);
    // The first ones are taken first, where there are too many.
    steps.splice(0..0, missing.map(|column| from_root(column, true)));
    steps.truncate(MAX_RECHECKS);
    steps
}

fn steps_of_table(answers: &Answers, columns: &[&Bulked]) -> Vec<Recheck> {
    let filled = columns.iter().filter(|column| column.rows > 0);
    let filled: Vec<(&Oid, u32)> = filled.map(|column| (&column.root, column.rows)).collect();
    let Some(((first, rows), others)) = filled.split_first() else {
        return Vec::new();
    };
    // Whichever row is missing, its column has fewer: where all have as many, one speaks for all.
    if others.iter().all(|(_, others)| others == rows) {
        let rows: Vec<&[u32]> = answers.indexes_below(first.arcs()).collect();
        return holes_of(first, &rows);
    }
    let rows_of = |column: &Oid| answers.indexes_below(column.arcs()).collect::<Vec<_>>();
    let columns: Vec<(&Oid, Vec<&[u32]>)> = filled
        .iter()
        .map(|(column, _)| (*column, rows_of(column)))
        .collect();
    let all: BTreeSet<&[u32]> = columns.iter().flat_map(|(_, rows)| rows).copied().collect();
    let mut steps: Vec<Recheck> = Vec::new();
    for (column, rows) in &columns {
        steps.extend(past_rows_of_others(column, rows, &all));
    }
    let longest = columns.iter().max_by_key(|(_, rows)| rows.len());
    steps.extend(
        longest
            .into_iter()
            .flat_map(|(column, rows)| holes_of(column, rows)),
    );
    steps
}

/// The steps of a column that went past a row that another one has.
fn past_rows_of_others(column: &Oid, rows: &[&[u32]], all: &BTreeSet<&[u32]>) -> Vec<Recheck> {
    let mut steps: Vec<Recheck> = Vec::new();
    let mut own = rows.iter().peekable();
    let mut from: &[u32] = &[];
    let mut is_past = false;
    for row in all {
        if own.next_if(|own| *own == row).is_some() {
            (from, is_past) = (row, false);
        } else if !std::mem::replace(&mut is_past, true) {
            steps.push(Recheck {
                root: column.clone(),
                from: column.child(from),
                tells: own.peek().is_some(),
            });
        }
    }
    steps
}

/// The steps of a column over holes in rows that are numbered from 1 on without another hole. Where
/// numbers mean something, such as a kind of paper, holes are many, and tell nothing.
fn holes_of(column: &Oid, rows: &[&[u32]]) -> Vec<Recheck> {
    let runs = rows.chunk_by(|one, next| numbers_of(one) == numbers_of(next));
    let step = |row: &&[u32]| Recheck {
        root: column.clone(),
        from: column.child(row),
        tells: true,
    };
    runs.filter_map(row_before_lone_hole).map(step).collect()
}

/// What a row's number is counted in: its index without the last arc.
fn numbers_of<'a>(row: &&'a [u32]) -> Option<&'a [u32]> {
    row.split_last().map(|(_, of)| of)
}

/// The row before the only hole of rows that are numbered in the same.
fn row_before_lone_hole<'r, 'a>(rows: &'r [&'a [u32]]) -> Option<&'r &'a [u32]> {
    let number = |row: &&[u32]| row.last().copied();
    let last = u32::try_from(rows.len()).ok();
    if rows.first().and_then(number) != Some(1) || rows.last().and_then(number) == last {
        return None; // It begins elsewhere, or has no hole.
    }
    let gap = |(one, next): (&&[u32], &&[u32])| Some(number(next)?.abs_diff(number(one)?));
    let pairs = || rows.iter().zip(rows.iter().skip(1));
    let mut holes = pairs().filter(|pair| gap(*pair).is_some_and(|gap| gap > 1));
    let (before, after) = holes.next()?;
    let narrow = gap((before, after)).is_some_and(|gap| gap <= WIDEST_HOLE + 1);
    (narrow && holes.next().is_none()).then_some(before)
}
