//! Collects a device's objects while it is being built.

use super::cell::{Cell, Encoding};
use super::tally::Quantity;
use crate::mib::Mib;
use pagetally_snmp_engine::{Oid, Value, VarBind};
use std::sync::Arc;

/// Fixed values and cells, by name.
#[derive(Debug, Default)]
pub(super) struct Board {
    fixed: Vec<VarBind>,
    cells: Vec<(Oid, Cell)>,
}

/// Names are written in this crate and short; one that were not would be served as the empty name
/// and be missed by every test that walks a model.
fn oid(parts: &[&[u32]]) -> Oid {
    Oid::new(parts.concat()).unwrap_or_default()
}

impl Board {
    /// A fixed value.
    pub(super) fn put(&mut self, root: &[u32], index: &[u32], value: Value) {
        let oid = oid(&[root, index]);
        self.fixed.push(VarBind { oid, value });
    }

    /// A fixed number.
    pub(super) fn integer(&mut self, root: &[u32], index: &[u32], number: i64) {
        self.put(root, index, Value::Integer(number));
    }

    /// A fixed text.
    pub(super) fn text(&mut self, root: &[u32], index: &[u32], text: impl Into<Vec<u8>>) {
        self.put(root, index, Value::OctetString(text.into()));
    }

    /// A fixed object identifier.
    pub(super) fn identifier(&mut self, root: &[u32], index: &[u32], identifier: &[&[u32]]) {
        self.put(root, index, Value::ObjectIdentifier(oid(identifier)));
    }

    /// A computed value.
    pub(super) fn cell(&mut self, root: &[u32], index: &[u32], cell: Cell) {
        self.cells.push((oid(&[root, index]), cell));
    }

    /// A counter.
    pub(super) fn count(&mut self, root: &[u32], index: &[u32], quantity: Quantity) {
        self.cell(root, index, Cell::Count(quantity, Encoding::Counter));
    }

    /// One row of a table: columns from `first` on.
    pub(super) fn row(&mut self, entry: &[u32], first: u32, index: &[u32], columns: Vec<Value>) {
        for (column, value) in (first..).zip(columns) {
            self.put(entry, &[&[column], index].concat(), value);
        }
    }

    /// All of it, ready to be served.
    pub(super) fn into_mib(self) -> Mib<Cell> {
        let mut mib = Mib::over(Arc::new(self.fixed.into_iter().collect()));
        for (oid, cell) in self.cells {
            mib.set_cell(oid, cell);
        }
        mib
    }
}
