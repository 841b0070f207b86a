//! The objects of one device, in order, evaluated when somebody asks.

use crate::wire::View;
use pagetally_snmp_engine::{Oid, Recording, Value, VarBind};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// The objects of one device in three layers, the later ones covering the earlier.
///
/// `C` is a cell: something that becomes a value only when somebody asks. Devices that serve the
/// same recording share it.
#[derive(Clone, Debug)]
pub struct Mib<C> {
    base: Arc<Recording>,
    cells: BTreeMap<Oid, C>,
    rows: BTreeMap<Oid, Value>,
}

impl<C> Default for Mib<C> {
    fn default() -> Self {
        Self::over(Arc::default())
    }
}

impl<C> Mib<C> {
    /// Serves what the recording holds.
    #[must_use]
    pub fn over(base: Arc<Recording>) -> Self {
        Self {
            base,
            cells: BTreeMap::new(),
            rows: BTreeMap::new(),
        }
    }

    /// What lies under everything else.
    pub fn base(&self) -> &[VarBind] {
        self.base.varbinds()
    }

    /// Serves a computed value under this name.
    pub fn set_cell(&mut self, name: Oid, cell: C) {
        self.cells.insert(name, cell);
    }

    /// The computed values.
    pub fn cells(&self) -> impl Iterator<Item = (&Oid, &C)> {
        self.cells.iter()
    }

    /// Serves these in place of whatever rows were served before.
    pub fn set_rows(&mut self, rows: BTreeMap<Oid, Value>) {
        self.rows = rows;
    }

    /// Serves one value, whatever lies under it.
    pub fn set_row(&mut self, name: Oid, value: Value) {
        self.rows.insert(name, value);
    }

    /// The value of one instance, computed by `evaluate` where it is a cell.
    pub fn value(&self, name: &Oid, evaluate: impl Fn(&C) -> Value) -> Option<Value> {
        if let Some(value) = self.rows.get(name) {
            return Some(value.clone());
        }
        if let Some(cell) = self.cells.get(name) {
            return Some(evaluate(cell));
        }
        let base = self.base.varbinds();
        let place = base
            .binary_search_by(|varbind| varbind.oid.cmp(name))
            .ok()?;
        base.get(place).map(|varbind| varbind.value.clone())
    }

    /// The first instance behind `name`.
    pub fn after(&self, name: &Oid, evaluate: impl Fn(&C) -> Value) -> Option<VarBind> {
        let behind = (Bound::Excluded(name), Bound::Unbounded);
        let base = self.base.varbinds();
        let place = base.partition_point(|varbind| varbind.oid <= *name);
        let candidates = [
            self.rows.range::<Oid, _>(behind).next().map(|(oid, _)| oid),
            self.cells
                .range::<Oid, _>(behind)
                .next()
                .map(|(oid, _)| oid),
            base.get(place).map(|varbind| &varbind.oid),
        ];
        let oid = candidates.into_iter().flatten().min()?.clone();
        let value = self.value(&oid, evaluate)?;
        Some(VarBind { oid, value })
    }
}

/// A [`Mib`] and how its cells are evaluated.
pub struct Evaluated<'a, C, E> {
    /// The objects.
    pub mib: &'a Mib<C>,
    /// What turns a cell into a value.
    pub evaluate: E,
}

impl<C, E: Fn(&C) -> Value> View for Evaluated<'_, C, E> {
    fn value(&self, name: &Oid) -> Option<Value> {
        self.mib.value(name, &self.evaluate)
    }

    fn after(&self, name: &Oid) -> Option<VarBind> {
        self.mib.after(name, &self.evaluate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn oid(arcs: &[u32]) -> Oid {
        Oid::new(arcs).expect("short")
    }

    #[test]
    fn a_row_covers_a_cell_and_a_cell_covers_the_recording() {
        let base: Recording = (1..=3)
            .map(|arc| VarBind {
                oid: oid(&[1, 3, arc]),
                value: Value::Integer(0),
            })
            .collect();
        let mut mib = Mib::over(Arc::new(base));
        mib.set_cell(oid(&[1, 3, 2]), 7_i64);
        mib.set_cell(oid(&[1, 3, 3]), 7);
        mib.set_row(oid(&[1, 3, 3]), Value::Integer(9));
        let value = |arc| mib.value(&oid(&[1, 3, arc]), |cell| Value::Integer(*cell));
        assert_eq!(value(1), Some(Value::Integer(0)));
        assert_eq!(value(2), Some(Value::Integer(7)));
        assert_eq!(value(3), Some(Value::Integer(9)));
        assert_eq!(value(4), None);
    }

    proptest! {
        #[test]
        fn walking_meets_every_name_of_every_layer_once_and_in_order(
            names in prop::collection::btree_map(
                prop::collection::vec(0_u32..4, 1..5), (0_u8..3, any::<i64>()), 0..60
            )
        ) {
            let name = |arcs: &Vec<u32>| oid(&[&[1, 3], arcs.as_slice()].concat());
            let base = names.iter().filter(|(_, (layer, _))| *layer == 0)
                .map(|(arcs, (_, number))| VarBind { oid: name(arcs), value: Value::Integer(*number) });
            let mut mib = Mib::over(Arc::new(base.collect()));
            for (arcs, (layer, number)) in &names {
                match layer {
                    1 => mib.set_cell(name(arcs), *number),
                    2 => mib.set_row(name(arcs), Value::Integer(*number)),
                    _ => {}
                }
            }
            let mut walked = Vec::new();
            let mut at = Oid::default();
            while let Some(found) = mib.after(&at, |cell| Value::Integer(*cell)) {
                at = found.oid.clone();
                walked.push((found.oid, found.value));
            }
            let expected: Vec<_> = names.iter()
                .map(|(arcs, (_, number))| (name(arcs), Value::Integer(*number))).collect();
            prop_assert_eq!(walked, expected);
        }
    }
}
