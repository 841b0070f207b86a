//! What is still to be asked, and how it is packed into requests.

use super::column::Column;
use super::sizes::{Sizes, varbind};
use crate::message::RequestKind;
use crate::{Oid, Version, deny};
use std::collections::VecDeque;

/// What is still to be asked.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Instances, to be asked for by GET.
    pub(super) instances: VecDeque<Oid>,
    /// Instances that spoilt the answer of others, to be asked for one by one.
    pub(super) alone: VecDeque<Oid>,
    /// Columns, to be asked for by GETBULK or GETNEXT.
    pub(super) columns: VecDeque<Column>,
}

/// What one request asks for.
#[derive(Debug)]
pub(super) enum Asked {
    Get(Vec<Oid>),
    /// Instances, each by GETNEXT from the name before it.
    Peek(Vec<Oid>),
    Next(Vec<Column>),
    Bulk(Vec<Column>, u16),
}

/// How the device can be asked at the moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    pub(super) version: Version,
    /// Whether GETBULK is still trusted.
    pub(super) bulk: bool,
    /// Whether instances are asked for by GETNEXT where they can be: the device fails a whole GET
    /// for each one that it does not have, and a GETNEXT for none.
    pub(super) peek: bool,
    /// Whether only one variable is to be asked for, to see whether the device is still there.
    pub(super) single: bool,
}

impl Work {
    pub(super) fn is_empty(&self) -> bool {
        self.instances.is_empty() && self.alone.is_empty() && self.columns.is_empty()
    }

    /// Takes as much as fits into one request; nothing where nothing is left.
    pub(super) fn take(&mut self, sizes: &Sizes, manner: Manner) -> Option<Asked> {
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
            let names = self.instances.drain(..count).collect();
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
            return None;
        }
        let estimates = self
            .columns
            .iter()
            .map(|column| column.estimate(sizes.value()));
        let count = if manner.single {
            1
        } else {
            sizes.fitting(estimates)
        };
        let columns: Vec<Column> = self.columns.drain(..count).collect();
        if manner.single || !manner.bulk || manner.version == Version::V1 {
            return Some(Asked::Next(columns));
        }
        let row = columns
            .iter()
            .map(|column| column.estimate(sizes.value()))
            .sum();
        // One row more than the query allows tells a long table from one that just ends there.
        let rows_left = columns
            .iter()
            .map(|column| (column.max_rows - column.rows).saturating_add(1))
            .max()
            .unwrap_or(1);
        let repetitions = sizes
            .repetitions(row)
            .min(u16::try_from(rows_left).unwrap_or(u16::MAX));
        Some(Asked::Bulk(columns, repetitions))
    }

    /// Puts back, in front, what has to be asked again.
    pub(super) fn put_back(&mut self, asked: Asked) {
        match asked {
            Asked::Get(names) | Asked::Peek(names) => {
                for name in names.into_iter().rev() {
                    self.instances.push_front(name);
                }
            }
            Asked::Next(columns) | Asked::Bulk(columns, _) => {
                for column in columns.into_iter().rev() {
                    self.columns.push_front(column);
                }
            }
        }
    }

    /// Everything that is left, as names for gaps.
    pub(super) fn drain_names(&mut self) -> impl Iterator<Item = Oid> + '_ {
        self.instances
            .drain(..)
            .chain(self.alone.drain(..))
            .chain(self.columns.drain(..).map(|column| column.root))
    }
}

impl Asked {
    pub(super) fn kind(&self) -> RequestKind {
        match self {
            Self::Get(_) => RequestKind::Get,
            Self::Peek(_) | Self::Next(_) => RequestKind::GetNext,
            Self::Bulk(_, max_repetitions) => RequestKind::GetBulk {
                max_repetitions: *max_repetitions,
            },
        }
    }

    /// How many names it has.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Get(names) | Self::Peek(names) => names.len(),
            Self::Next(columns) | Self::Bulk(columns, _) => columns.len(),
        }
    }

    /// The names to send.
    pub(super) fn names(&self) -> Vec<Oid> {
        match self {
            Self::Get(names) => names.clone(),
            Self::Peek(names) => names.iter().filter_map(before).collect(),
            Self::Next(columns) | Self::Bulk(columns, _) => {
                columns.iter().map(|column| column.last.clone()).collect()
            }
        }
    }

    /// What it asks for, as names for gaps.
    pub(super) fn into_gap_names(self) -> Vec<Oid> {
        match self {
            Self::Get(names) | Self::Peek(names) => names,
            Self::Next(columns) | Self::Bulk(columns, _) => {
                columns.into_iter().map(|column| column.root).collect()
            }
        }
    }
}

/// A name such that GETNEXT from it brings `name` where the device has it: the one with the last arc
/// one less, or without it. Nothing where the step could land in what is never asked for.
fn before(name: &Oid) -> Option<Oid> {
    let (last, parent) = name.arcs().split_last()?;
    if parent.len() < 3 {
        return None;
    }
    let parent = Oid::default().child(parent);
    if deny::walk(&parent).is_some() {
        return None;
    }
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
