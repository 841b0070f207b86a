//! Lists of places: rows in an order, several of which share one entry of the engine.
//!
//! sled keeps 16 entries in a leaf, however small they are, and each leaf costs some kilobytes of memory
//! when it is opened. So rows that follow each other in a list lie together in a chunk, under the list's
//! name and an order that is not above that of the chunk's first row: the chunk of a row is the last one
//! whose key is not above it.

use super::engine::{Engine, Entry, Fault};
use crate::state::Location;
use std::collections::BTreeMap;

/// The list of all documents, by sequence.
pub(super) const DOCUMENTS: u8 = b'l';
/// Submissions, their second copies and their receipts, by number.
pub(super) const SUBMISSIONS: u8 = b'h';
pub(super) const COPIES: u8 = b'c';
pub(super) const RECEIPTS: u8 = b'r';

/// Rows of a chunk of the lists of which there are few.
const ROWS: usize = 32;

/// The same of lists of which each device has some, since a pass writes the last chunk of each anew.
const ROWS_OF_MANY: usize = 16;

const ORDER: usize = 8;

/// What is noted of a document besides its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) is_audit: bool,
    /// Keyed hash of an audit's id; zeros while it has not been opened.
    pub(super) id: [u8; 8],
}

impl Note {
    const BYTES: usize = 9;
}

/// One row of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) order: u64,
    pub(super) place: Location,
    /// In the list of documents only.
    pub(super) note: Note,
}

/// A list's name, with the order of a row in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowKey {
    pub(super) list: Vec<u8>,
    pub(super) order: u64,
}

/// A change to one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// It is there from now on, in the place of one of that order.
    Put(Location, Note),
    /// The row that speaks of this record of that segment speaks of where it is now, or goes where it is
    /// nowhere; others stay.
    Move {
        segment: u32,
        sequence: u64,
        to: Option<Location>,
    },
}

/// Key of the chunk of a list that begins at `order`.
pub(super) fn key(list: &[u8], order: u64) -> Vec<u8> {
    [list, &order.to_be_bytes()].concat()
}

/// The chunk that has, or would have, the row of this order.
pub(super) fn chunk_of(engine: &dyn Engine, row: &RowKey) -> Result<Option<Entry>, Fault> {
    let end = match row.order.checked_add(1) {
        Some(next) => key(&row.list, next),
        None => [&row.list[..], &[0xff; ORDER + 1]].concat(),
    };
    let found = engine.newest(&key(&row.list, 0), &end, 1)?;
    Ok(found.into_iter().next())
}

/// The chunks of a list that have, or would have, the rows from one order to another, in any order.
pub(super) fn chunks_between(
    engine: &dyn Engine,
    first: &RowKey,
    last: u64,
) -> Result<Vec<Entry>, Fault> {
    let mut found: Vec<Entry> = chunk_of(engine, first)?.into_iter().collect();
    if let Some(begin) = first.order.checked_add(1)
        && last > first.order
    {
        let begin = key(&first.list, begin);
        let end = key(&first.list, last.saturating_add(1));
        found.extend(engine.newest(&begin, &end, usize::MAX)?);
    }
    Ok(found)
}

/// Some chunks of a list, by their orders.
pub(super) type Chunks = BTreeMap<u64, Vec<Row>>;

/// The order in a chunk's key.
pub(super) fn order_of(key: &[u8]) -> Option<u64> {
    key.last_chunk().copied().map(u64::from_be_bytes)
}

/// Makes a change to a list of which `chunks` has at least the chunk of that row. Answers which chunks
/// changed: at most two.
pub(super) fn edit(list: &[u8], chunks: &mut Chunks, order: u64, edit: Edit) -> Vec<u64> {
    let found = chunks.range_mut(..=order).next_back();
    let (place, note) = match edit {
        Edit::Put(place, note) => (place, note),
        Edit::Move {
            segment,
            sequence,
            to,
        } => {
            let Some((chunk, rows)) = found else {
                return Vec::new();
            };
            let is_it = |row: &Row| {
                row.order == order && (row.place.segment, row.place.sequence) == (segment, sequence)
            };
            let Some(at) = rows.iter().position(is_it) else {
                return Vec::new();
            };
            match to {
                Some(place) => rows[at].place = place,
                None => drop(rows.remove(at)),
            }
            return vec![*chunk];
        }
    };
    let row = Row { order, place, note };
    let Some((&chunk, rows)) = found else {
        chunks.insert(order, vec![row]);
        return vec![order];
    };
    let limit = if is_of_many(list) { ROWS_OF_MANY } else { ROWS };
    match rows.binary_search_by_key(&order, |row| row.order) {
        Ok(at) => rows[at] = row,
        Err(at) if at == rows.len() && at >= limit => {
            chunks.insert(order, vec![row]);
            return vec![order];
        }
        Err(at) => rows.insert(at, row),
    }
    if rows.len() <= 2 * limit {
        return vec![chunk];
    }
    let upper = rows.split_off(limit);
    let begin = upper.first().map_or(order, |row| row.order);
    chunks.insert(begin, upper);
    vec![chunk, begin]
}

/// The rows of a chunk as bytes.
pub(super) fn to_bytes(list: &[u8], rows: &[Row]) -> Vec<u8> {
    let mut out = Vec::with_capacity(rows.len() * width(list));
    for row in rows {
        if has_numbers(list) {
            out.extend_from_slice(&row.order.to_be_bytes());
        }
        out.extend_from_slice(&row.place.to_bytes());
        if is_documents(list) {
            out.push(row.note.is_audit.into());
            out.extend_from_slice(&row.note.id);
        }
    }
    out
}

/// The rows of a chunk; nothing where the bytes are none.
pub(super) fn parse(list: &[u8], bytes: &[u8]) -> Option<Vec<Row>> {
    let rows = bytes
        .chunks(width(list))
        .map(|bytes| parse_row(list, bytes));
    rows.collect()
}

fn parse_row(list: &[u8], mut bytes: &[u8]) -> Option<Row> {
    let mut order = None;
    if has_numbers(list) {
        let (number, rest) = bytes.split_first_chunk::<ORDER>()?;
        order = Some(u64::from_be_bytes(*number));
        bytes = rest;
    }
    let (place, rest) = bytes.split_at_checked(Location::BYTES)?;
    let place = Location::parse(place)?;
    let mut note = Note::default();
    if is_documents(list) {
        let [is_audit, id @ ..] = rest.first_chunk::<{ Note::BYTES }>()?;
        note = Note {
            is_audit: *is_audit == 1,
            id: *id,
        };
    }
    let order = order.unwrap_or(place.sequence);
    Some(Row { order, place, note })
}

fn width(list: &[u8]) -> usize {
    let order = if has_numbers(list) { ORDER } else { 0 };
    let note = if is_documents(list) { Note::BYTES } else { 0 };
    order + Location::BYTES + note
}

fn is_documents(list: &[u8]) -> bool {
    list == [DOCUMENTS]
}

/// Whether rows are in the order of numbers of submissions, not in that of their records.
fn has_numbers(list: &[u8]) -> bool {
    matches!(list, [SUBMISSIONS | COPIES | RECEIPTS])
}

fn is_of_many(list: &[u8]) -> bool {
    list.len() > 1
}

#[cfg(test)]
mod tests {
    use super::super::engine::MemoryEngine;
    use super::*;
    use proptest::prelude::*;

    fn place(sequence: u64, segment: u32) -> Location {
        Location {
            segment,
            offset: sequence * 3,
            length: 80,
            sequence,
        }
    }

    fn lists() -> impl Strategy<Value = Vec<u8>> {
        prop::sample::select(vec![
            vec![DOCUMENTS],
            vec![RECEIPTS],
            vec![b'e'],
            [b"d", &[7; 16][..]].concat(),
        ])
    }

    proptest! {
        #[test]
        fn a_list_is_an_ordered_map(list in lists(), steps in prop::collection::vec((0u64..300, 0u8..8, 1u32..3), 1..400)) {
            let mut engine = MemoryEngine::default();
            let mut model: BTreeMap<u64, Location> = BTreeMap::new();
            for (order, what, segment) in steps {
                let change = match what {
                    0 => Edit::Move { segment, sequence: order, to: None },
                    1 => Edit::Move { segment, sequence: order, to: Some(place(order, segment + 2)) },
                    _ => Edit::Put(place(order, segment), Note::default()),
                };
                let is_there = model.get(&order).is_some_and(|place| place.segment == segment);
                match change {
                    Edit::Put(place, _) => drop(model.insert(order, place)),
                    Edit::Move { to: Some(place), .. } if is_there => drop(model.insert(order, place)),
                    Edit::Move { to: None, .. } if is_there => drop(model.remove(&order)),
                    Edit::Move { .. } => {}
                }
                let row = RowKey { list: list.clone(), order };
                let mut chunks = Chunks::new();
                if let Some((key, value)) = chunk_of(&engine, &row).expect("memory") {
                    chunks.insert(order_of(&key).expect("a key"), parse(&list, &value).expect("rows"));
                }
                for chunk in edit(&list, &mut chunks, order, change) {
                    let rows = &chunks[&chunk];
                    prop_assert!(rows.len() <= 2 * ROWS);
                    let value = (!rows.is_empty()).then(|| to_bytes(&list, rows));
                    engine.apply(vec![(key(&list, chunk), value)]).expect("memory");
                }
            }
            let first = RowKey { list: list.clone(), order: 0 };
            let mut rows: Vec<Row> = Vec::new();
            for (_, value) in chunks_between(&engine, &first, u64::MAX).expect("memory") {
                rows.extend(parse(&list, &value).expect("rows"));
            }
            rows.sort_by_key(|row| row.order);
            prop_assert!(rows.iter().map(|row| (row.order, row.place)).eq(model.clone()));
            for (order, place) in model {
                let row = RowKey { list: list.clone(), order };
                let (_, value) = chunk_of(&engine, &row).expect("memory").expect("it is there");
                let rows = parse(&list, &value).expect("rows");
                prop_assert!(rows.iter().any(|row| row.order == order && row.place == place));
            }
        }
    }

    #[test]
    fn rows_that_follow_each_other_fill_chunks() {
        let list = [DOCUMENTS];
        let mut chunks = Chunks::new();
        for order in 1..=100 {
            edit(
                &list,
                &mut chunks,
                order,
                Edit::Put(place(order, 1), Note::default()),
            );
        }
        let lengths: Vec<usize> = chunks.values().map(Vec::len).collect();
        assert_eq!(lengths, [32, 32, 32, 4]);
    }

    #[test]
    fn a_note_survives_its_bytes_and_bytes_that_are_too_few_are_no_rows() {
        let row = Row {
            order: 9,
            place: place(9, 4),
            note: Note {
                is_audit: true,
                id: [5; 8],
            },
        };
        let bytes = to_bytes(&[DOCUMENTS], &[row, row]);
        assert_eq!(parse(&[DOCUMENTS], &bytes), Some(vec![row, row]));
        assert_eq!(parse(&[DOCUMENTS], &bytes[..bytes.len() - 1]), None);
    }
}
