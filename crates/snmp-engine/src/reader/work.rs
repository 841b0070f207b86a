//! What is still to be asked, and how it is packed into requests.

use super::column::Column;
use super::sizes::{Sizes, varbind};
use crate::message::RequestKind;
use crate::{Oid, Version};
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
    Next(Vec<Column>),
    Bulk(Vec<Column>, u16),
}

/// How the device can be asked at the moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    pub(super) version: Version,
    /// Whether GETBULK is still trusted.
    pub(super) bulk: bool,
    /// Whether only one variable is to be asked for, to see whether the device is still there.
    pub(super) single: bool,
}

impl Work {
    pub(super) fn is_empty(&self) -> bool {
        self.instances.is_empty() && self.alone.is_empty() && self.columns.is_empty()
    }

    /// Takes as much as fits into one request; nothing where nothing is left.
    pub(super) fn take(&mut self, sizes: &Sizes, manner: Manner) -> Option<Asked> {
        if !self.instances.is_empty() {
            let estimates = self
                .instances
                .iter()
                .map(|name| varbind(name, sizes.value()));
            let count = if manner.single {
                1
            } else {
                sizes.fitting(estimates)
            };
            return Some(Asked::Get(self.instances.drain(..count).collect()));
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
            Asked::Get(names) => {
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
            Self::Next(_) => RequestKind::GetNext,
            Self::Bulk(_, max_repetitions) => RequestKind::GetBulk {
                max_repetitions: *max_repetitions,
            },
        }
    }

    /// How many names it has.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Get(names) => names.len(),
            Self::Next(columns) | Self::Bulk(columns, _) => columns.len(),
        }
    }

    /// The names to send.
    pub(super) fn names(&self) -> Vec<Oid> {
        match self {
            Self::Get(names) => names.clone(),
            Self::Next(columns) | Self::Bulk(columns, _) => {
                columns.iter().map(|column| column.last.clone()).collect()
            }
        }
    }

    /// What it asks for, as names for gaps.
    pub(super) fn into_gap_names(self) -> Vec<Oid> {
        match self {
            Self::Get(names) => names,
            Self::Next(columns) | Self::Bulk(columns, _) => {
                columns.into_iter().map(|column| column.root).collect()
            }
        }
    }
}
