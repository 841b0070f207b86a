//! Which rows and columns a recording's names make: SNMP itself does not tell.
//!
//! By SMIv2 a table's entry is the table's arc with a 1 behind it, then come the column and the index
//! (RFC 2578 section 7.7). A name is taken for a cell of the first such entry below which another
//! column has the same index. Makers keep to that; where one does not, its names are scalars here.

use pagetally_snmp_engine::{Oid, Recording, Value, VarBind};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Ceiling on the columns that are looked at in one entry.
const MAX_COLUMNS: usize = 96;

/// Ceiling on the rows that are looked at in one column.
const MAX_ROWS: usize = 2_048;

/// Arcs in front of the first entry: an enterprise, or mib-2 and a group.
const LEAST: usize = 7;

/// A cell's place in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    /// The entry's name.
    pub(crate) entry: Oid,
    /// The column's arc.
    pub(crate) column: u32,
    /// The arcs behind the column.
    pub(crate) index: Vec<u32>,
}

impl Cell {
    /// The name of this row's cell in another column.
    pub(crate) fn beside(&self, column: u32) -> Oid {
        self.entry
            .child(&[&[column], self.index.as_slice()].concat())
    }

    /// The column's name.
    pub(crate) fn column_name(&self) -> Oid {
        self.entry.child(&[self.column])
    }
}

/// A recording's tables.
pub(crate) struct Tables<'r> {
    varbinds: &'r [VarBind],
    columns: RefCell<BTreeMap<Oid, Rc<[u32]>>>,
}

impl<'r> Tables<'r> {
    pub(crate) fn new(recording: &'r Recording) -> Self {
        Self {
            varbinds: recording.varbinds(),
            columns: RefCell::default(),
        }
    }

    /// The value of one instance.
    pub(crate) fn value(&self, name: &Oid) -> Option<&'r Value> {
        let found = self
            .varbinds
            .binary_search_by(|varbind| varbind.oid.cmp(name));
        self.varbinds.get(found.ok()?).map(|varbind| &varbind.value)
    }

    /// Where in a table the name stands; nothing where it stands in none.
    pub(crate) fn cell(&self, name: &Oid) -> Option<Cell> {
        let arcs = name.arcs();
        for place in LEAST + 1..arcs.len().saturating_sub(1) {
            if arcs.get(place - 1) != Some(&1) {
                continue;
            }
            let (head, tail) = arcs.split_at(place);
            let (column, index) = tail.split_first()?;
            let cell = Cell {
                entry: Oid::default().child(head),
                column: *column,
                index: index.to_vec(),
            };
            let others = self.columns(&cell.entry);
            let has_row =
                |other: &u32| *other != cell.column && self.value(&cell.beside(*other)).is_some();
            // A single scalar group has an index of 0 and no rows.
            if index != [0] && others.iter().any(has_row) {
                return Some(cell);
            }
        }
        None
    }

    /// The columns of an entry, in order.
    pub(crate) fn columns(&self, entry: &Oid) -> Rc<[u32]> {
        if let Some(known) = self.columns.borrow().get(entry) {
            return Rc::clone(known);
        }
        let depth = entry.arcs().len();
        let mut columns: Vec<u32> = Vec::new();
        let mut place = self
            .varbinds
            .partition_point(|varbind| varbind.oid < *entry);
        while let Some(varbind) = self
            .varbinds
            .get(place)
            .filter(|v| v.oid.starts_with(entry))
        {
            let Some(column) = varbind.oid.arcs().get(depth).copied() else {
                place += 1;
                continue;
            };
            columns.push(column);
            let Some(next) = column
                .checked_add(1)
                .filter(|_| columns.len() < MAX_COLUMNS)
            else {
                break;
            };
            let next = entry.child(&[next]);
            place = self.varbinds.partition_point(|varbind| varbind.oid < next);
        }
        let columns: Rc<[u32]> = columns.into();
        let kept = Rc::clone(&columns);
        self.columns.borrow_mut().insert(entry.clone(), kept);
        columns
    }

    /// A column's cells, in order, each with its index.
    pub(crate) fn rows(&self, column: &Oid) -> Vec<(&'r [u32], &'r Value)> {
        let from = self
            .varbinds
            .partition_point(|varbind| varbind.oid < *column);
        let cells = self.varbinds.iter().skip(from);
        cells
            .take_while(|varbind| varbind.oid.starts_with(column))
            .filter_map(|varbind| Some((varbind.oid.index_below(column)?, &varbind.value)))
            .take(MAX_ROWS)
            .collect()
    }

    /// The texts in the other columns of the same row, each with its name.
    pub(crate) fn beside(&self, name: &Oid) -> Vec<(Oid, String)> {
        let Some(cell) = self.cell(name) else {
            return Vec::new();
        };
        self.columns(&cell.entry)
            .iter()
            .filter(|column| **column != cell.column)
            .filter_map(|column| {
                let name = cell.beside(*column);
                let text = text(self.value(&name)?)?;
                Some((name, text))
            })
            .collect()
    }
}

/// A value as a text with at least one letter; nothing where it is none.
pub(crate) fn text(value: &Value) -> Option<String> {
    let octets = value.as_octets()?;
    let text = String::from_utf8_lossy(octets);
    let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    let readable = text.chars().all(|c| !c.is_control() && c != '\u{fffd}');
    (readable && text.chars().any(char::is_alphabetic)).then(|| text.to_owned())
}

/// Whether a value is a text, of letters, digits or both.
pub(crate) fn is_text(value: &Value) -> bool {
    value.as_octets().is_some_and(|octets| {
        !octets.is_empty()
            && octets
                .iter()
                .all(|octet| !octet.is_ascii_control() || *octet == 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_found_by_the_columns_beside_it() {
        let recording = Recording::parse(
            b"1.3.6.1.4.1.253.8.53.13.2.1.6.1.20.1|2|6466\n\
              1.3.6.1.4.1.253.8.53.13.2.1.6.1.20.2|2|7\n\
              1.3.6.1.4.1.253.8.53.13.2.1.8.1.20.1|4|Total Impressions\n\
              1.3.6.1.4.1.253.8.53.13.2.1.8.1.20.2|4|Other\n\
              1.3.6.1.4.1.2435.1.1.5.0|2|1\n\
              1.3.6.1.4.1.2435.1.1.6.0|4|x\n",
        )
        .expect("valid");
        let tables = Tables::new(&recording);
        let name: Oid = "1.3.6.1.4.1.253.8.53.13.2.1.6.1.20.1"
            .parse()
            .expect("valid");
        let cell = tables.cell(&name).expect("a cell");
        assert_eq!(cell.entry.to_string(), "1.3.6.1.4.1.253.8.53.13.2.1");
        assert_eq!((cell.column, cell.index.as_slice()), (6, &[1, 20, 1][..]));
        let beside = tables.beside(&name);
        assert_eq!(beside.len(), 1);
        assert_eq!(beside[0].1, "Total Impressions");
        assert_eq!(tables.rows(&cell.column_name()).len(), 2);
        let scalar = "1.3.6.1.4.1.2435.1.1.5.0".parse().expect("valid");
        assert_eq!(tables.cell(&scalar), None);
    }
}
