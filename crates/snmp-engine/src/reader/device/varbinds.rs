//! What the reader does with the variables that come back.

use super::super::column::{Column, Found, may_keep};
use super::super::work::Asked;
use super::DeviceReader;
use super::failure::Failure;
use crate::message::VarBindRef;
use crate::{Answers, Ending, GapReason, Oid};
use std::cmp::Ordering;

impl DeviceReader {
    pub(super) fn handle_varbinds(&mut self, asked: Asked, varbinds: &[VarBindRef<'_>]) {
        self.sizes.answered(asked.len());
        match asked {
            Asked::Get(names) => self.handle_instances(names, varbinds),
            Asked::Peek(names) => self.handle_peeked(names, varbinds),
            Asked::Next(columns) => {
                let moved = self.handle_rows(columns, varbinds, 1);
                if let Err(columns) = moved {
                    self.handle_failure(Asked::Next(columns), Failure::Malformed);
                }
            }
            Asked::Bulk(columns, repetitions) => {
                let moved = self.handle_rows(columns, varbinds, repetitions);
                if let Err(columns) = moved {
                    self.manner.bulk = false;
                    self.work.put_back(Asked::Bulk(columns, repetitions));
                }
            }
        }
    }

    /// Takes the answers to a GET. A name that was not asked for is no answer.
    fn handle_instances(&mut self, names: Vec<Oid>, varbinds: &[VarBindRef<'_>]) {
        let asked = names.len();
        let mut unanswered = names;
        for varbind in varbinds {
            let name = varbind.name.to_oid();
            let Some(place) = unanswered.iter().position(|asked| *asked == name) else {
                continue;
            };
            unanswered.remove(place);
            self.keep(name, varbind);
        }
        if unanswered.is_empty() {
            return;
        }
        if asked == 1 {
            for name in unanswered {
                self.gap(name, GapReason::Malformed);
            }
            return;
        }
        if unanswered.len() == asked {
            self.sizes.split(asked);
        }
        self.work.put_back(Asked::Get(unanswered));
    }

    /// Takes the answers to a GETNEXT for instances: what comes instead of one is a later name.
    fn handle_peeked(&mut self, names: Vec<Oid>, varbinds: &[VarBindRef<'_>]) {
        let mut names = names.into_iter();
        for (name, varbind) in names.by_ref().zip(varbinds) {
            match varbind.name.compare(&name) {
                Ordering::Equal => self.keep(name, varbind),
                Ordering::Greater => {} // The device does not have it, which is no gap.
                // endOfMibView comes with the name that was sent and says the same.
                Ordering::Less if varbind.value.is_exception() => {}
                Ordering::Less => self.work.alone.push_back(name),
            }
        }
        // Names for which nothing came back.
        self.work.alone.extend(names);
    }

    /// Takes the answers to a GETNEXT or GETBULK, which come row by row (RFC 3416 section 4.2.3).
    /// Gives the columns back where nothing in the answer brings any of them forward.
    fn handle_rows(
        &mut self,
        columns: Vec<Column>,
        varbinds: &[VarBindRef<'_>],
        repetitions: u16,
    ) -> Result<(), Vec<Column>> {
        if varbinds.is_empty() {
            return Err(columns);
        }
        let is_bulk = self.manner.bulk;
        let mut open: Vec<Option<Column>> = columns.into_iter().map(Some).collect();
        let mut stuck: Vec<bool> = vec![false; open.len()];
        for row in varbinds.chunks(open.len()).take(usize::from(repetitions)) {
            for ((place, stuck), varbind) in open.iter_mut().zip(&mut stuck).zip(row) {
                let Some(column) = place else { continue };
                if *stuck {
                    continue;
                }
                let found = column.take(varbind);
                if found == Found::Row {
                    let name = column.last.clone();
                    self.keep(name, varbind);
                } else if found == Found::Backwards && is_bulk {
                    *stuck = true; // GETNEXT from the last good name will show.
                } else {
                    let root = place.take().map(|column| column.root);
                    if let (Some(oid), Some(reason)) = (root, found.gap()) {
                        self.gap(oid, reason);
                    }
                }
            }
        }
        if stuck.contains(&true) {
            self.manner.bulk = false;
        }
        self.work
            .put_back(Asked::Next(open.into_iter().flatten().collect()));
        Ok(())
    }

    fn keep(&mut self, name: Oid, varbind: &VarBindRef<'_>) {
        self.sizes.note(&name, varbind.wire_len);
        if !may_keep(varbind, &name) {
            return;
        }
        self.octets += varbind.wire_len;
        if self.octets > self.limits.octets || self.answers.len() >= Answers::MAX_VALUES {
            self.gap(name, GapReason::TooMuch);
            self.stop(Ending::BudgetSpent, GapReason::TooMuch);
            return;
        }
        self.answers.insert(crate::VarBind {
            oid: name,
            value: varbind.value.to_value(),
        });
    }
}
