//! From SNMP values to documents: raw values, provenance, tables by row.

use crate::mib::TableSpec;
use crate::text::{Charset, Decoded, decode};
use pagetally_model::{
    DottedOid, Gap, Provenance, RawKind, RawText, RawValue, RuleId, Source, Sources, Text,
};
use pagetally_snmp_engine::{Answers, Oid, Value};
use std::borrow::Cow;

/// The version of the rules that stand in this crate's code: those that read the standard MIBs.
const STANDARD_VERSION: u32 = 1;

/// The largest number that documents carry: RFC 8785 writes numbers as IEEE doubles, which keep
/// every integer up to here apart.
pub(crate) const MAX_NUMBER: u64 = (1 << 53) - 1;

/// One value and its name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell<'a> {
    pub(crate) oid: &'a Oid,
    pub(crate) value: &'a Value,
}

/// An identifier for documents, which shares its arcs.
fn dotted(oid: &Oid) -> DottedOid {
    let (shared, place) = oid.shared();
    DottedOid::part_of(shared, place)
}

impl<'a> Cell<'a> {
    /// The instance, where it was answered.
    pub(crate) fn of(answers: &'a Answers, oid: &'a Oid) -> Option<Self> {
        answers.get(oid).map(|value| Self { oid, value })
    }

    /// The number in it. One that documents cannot carry is no number.
    pub(crate) fn number(self) -> Option<i64> {
        self.value
            .as_i64()
            .filter(|number| number.unsigned_abs() <= MAX_NUMBER)
    }

    /// Its octets, read as text.
    pub(crate) fn text(self, declared: Option<Charset>) -> Option<Decoded<'a>> {
        self.value
            .as_octets()
            .map(|octets| decode(octets, declared))
    }

    /// The source that documents carry.
    pub(crate) fn source(self) -> Source {
        Source::Snmp {
            oid: dotted(self.oid),
            raw: raw(self.value),
        }
    }

    /// Its provenance under `rule`.
    pub(crate) fn provenance(self, rule: RuleId) -> Provenance {
        Provenance::new(self.source(), rule)
    }
}

/// A rule of this crate's own code.
pub(crate) fn standard(name: impl Into<Cow<'static, str>>) -> RuleId {
    let name = match name.into() {
        Cow::Borrowed(name) => Text::from_static(name),
        Cow::Owned(name) => Text::clean(&name),
    };
    RuleId {
        name,
        version: STANDARD_VERSION,
    }
}

/// A rule with the character set behind it that its text took to read: another set would be
/// another reading.
pub(crate) fn with_charset<'r>(rule: &'r str, charset: Option<&str>) -> Cow<'r, str> {
    match charset {
        Some(charset) => format!("{rule}/{charset}").into(),
        None => rule.into(),
    }
}

/// Adds the source of one field.
pub(crate) fn put(
    sources: &mut Sources,
    field: impl Into<Cow<'static, str>>,
    cell: Cell<'_>,
    rule: impl Into<Cow<'static, str>>,
) {
    sources.insert(field, cell.provenance(standard(rule)));
}

/// A gap.
pub(crate) fn gap(what: &str, reason: &str) -> Gap {
    Gap {
        what: Text::clean(what),
        reason: Text::clean(reason),
    }
}

/// A value exactly as the device gave it, in a recording's own words.
pub(crate) fn raw(value: &Value) -> RawValue {
    let (kind, text) = match value {
        Value::Integer(number) => (RawKind::Integer, RawText::of_number(*number)),
        Value::OctetString(octets) => raw_octets(octets),
        Value::ObjectIdentifier(oid) => {
            let text: String = dotted(oid).into();
            (RawKind::ObjectIdentifier, text.into())
        }
        Value::IpAddress(address) => (RawKind::IpAddress, address.to_string().into()),
        Value::Counter32(number) => (RawKind::Counter32, RawText::of_number(*number)),
        Value::Gauge32(number) => (RawKind::Gauge32, RawText::of_number(*number)),
        Value::TimeTicks(number) => (RawKind::TimeTicks, RawText::of_number(*number)),
        Value::Opaque(octets) => (RawKind::Opaque, hex(octets).into()),
        Value::Counter64(number) => (RawKind::Counter64, RawText::of_number(*number)),
        // Answers keep neither NULL nor exceptions.
        _ => (RawKind::Null, RawText::default()),
    };
    RawValue { kind, text }
}

fn raw_octets(octets: &[u8]) -> (RawKind, RawText) {
    let printable = octets.iter().all(|octet| (0x20..0x7f).contains(octet));
    match std::str::from_utf8(octets) {
        Ok(text) if printable => (RawKind::OctetString, text.into()),
        _ => (RawKind::OctetStringHex, hex(octets).into()),
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(octets: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    let mut text = String::with_capacity(octets.len() * 2);
    for octet in octets {
        text.push(digit(octet >> 4));
        text.push(digit(octet & 0xf));
    }
    text
}

/// A cell of a table.
#[derive(Clone, Debug)]
pub(crate) struct Found<'a> {
    /// The arcs of its row's index: borrowed, unless an arc that the agent left out was added.
    pub(crate) index: Cow<'a, [u32]>,
    /// The column, by whatever number it is looked up.
    pub(crate) column: u32,
    pub(crate) cell: Cell<'a>,
}

/// The rows of a table, in the order of their indexes.
#[derive(Clone, Debug)]
pub(crate) struct Table<'a> {
    /// The columns that any row has.
    columns: Vec<u32>,
    indexes: Vec<Cow<'a, [u32]>>,
    /// Row by row, with a place for each column.
    cells: Vec<Option<Cell<'a>>>,
}

impl<'a> Table<'a> {
    /// The union of columns' rows: columns come and go singly, and rows are not dense.
    ///
    /// `found` comes column by column, each in the order of its indexes.
    pub(crate) fn new(found: &[Found<'a>]) -> Self {
        let columns: Vec<_> = found.chunk_by(|a, b| a.column == b.column).collect();
        let mut indexes = Vec::new();
        for column in &columns {
            unite(&mut indexes, column);
        }
        let mut cells = vec![None; indexes.len() * columns.len()];
        for (place, column) in columns.iter().enumerate() {
            let mut found = column.iter().peekable();
            for (index, row) in indexes.iter().zip(cells.chunks_exact_mut(columns.len())) {
                while let Some(next) = found.next_if(|next| next.index == *index) {
                    if let Some(cell) = row.get_mut(place) {
                        // Where an arc was filled in, a cell may have two names: the first counts.
                        cell.get_or_insert(next.cell);
                    }
                }
            }
        }
        let columns = columns.iter().filter_map(|column| column.first());
        Self {
            columns: columns.map(|found| found.column).collect(),
            indexes,
            cells,
        }
    }

    /// The rows.
    pub(crate) fn iter<'t>(&'t self) -> impl Iterator<Item = Row<'t, 'a>> {
        // `chunks_exact` takes no width of nothing; without columns there are no rows either.
        let cells = self.cells.chunks_exact(self.columns.len().max(1));
        self.indexes.iter().zip(cells).map(|(index, cells)| Row {
            index,
            columns: &self.columns,
            cells,
        })
    }
}

/// One row of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'t, 'a> {
    /// The arcs of its index: hrDeviceIndex first where the table has it.
    pub(crate) index: &'t [u32],
    columns: &'t [u32],
    cells: &'t [Option<Cell<'a>>],
}

impl<'a> Row<'_, 'a> {
    /// Where in [`places`](Self::places) a column stands.
    pub(crate) fn place(self, column: u32) -> Option<usize> {
        self.columns.iter().position(|known| *known == column)
    }

    /// The cell in each column that any row has.
    pub(crate) fn places(self) -> impl Iterator<Item = Option<Cell<'a>>> {
        self.cells.iter().copied()
    }

    /// The cell in a column.
    pub(crate) fn cell(self, column: u32) -> Option<Cell<'a>> {
        self.cells.get(self.place(column)?).copied().flatten()
    }

    /// The number in a column.
    pub(crate) fn number(self, column: u32) -> Option<i64> {
        self.cell(column)?.number()
    }

    /// The index, with dots.
    pub(crate) fn slot(self) -> Text {
        Text::dotted(self.index)
    }

    /// Reads a text column into `sources`.
    pub(crate) fn text(
        self,
        sources: &mut Sources,
        field: &'static str,
        column: u32,
        declared: Option<Charset>,
        rule: &'static str,
    ) -> Option<Text> {
        let cell = self.cell(column)?;
        let decoded = cell.text(declared)?;
        let text = decoded.clean()?;
        put(sources, field, cell, with_charset(rule, decoded.charset));
        Some(text)
    }

    /// Reads a column of numbers into `sources`.
    pub(crate) fn integer(
        self,
        sources: &mut Sources,
        field: &'static str,
        column: u32,
        rule: &'static str,
    ) -> Option<i64> {
        let cell = self.cell(column)?;
        let number = cell.number()?;
        put(sources, field, cell, rule);
        Some(number)
    }

    /// Reads a column of numbers that the standard has words for into `sources`.
    pub(crate) fn word(
        self,
        sources: &mut Sources,
        field: &'static str,
        column: u32,
        word: fn(i64) -> Option<&'static str>,
        rule: &'static str,
    ) -> Option<Text> {
        let cell = self.cell(column)?;
        let word = word(cell.number()?)?;
        put(sources, field, cell, rule);
        Some(Text::from_static(word))
    }
}

/// The rows of a standard table.
///
/// Some agents leave the second index out (`...4.1` for `...4.1.1`). Where all other rows belong to
/// one device, such a row is taken for that device's.
pub(crate) fn rows<'a>(
    answers: &'a Answers,
    spec: &'static TableSpec,
    gaps: &mut Vec<Gap>,
) -> Table<'a> {
    let mut found: Vec<Found<'a>> = Vec::new();
    for (arcs, oid, value) in answers.below(spec.entry()) {
        if let Some((column, index)) = arcs.split_first()
            && spec.columns.contains(column)
            && !index.is_empty()
        {
            if found.is_empty() {
                found.reserve(spec.columns.len() * 4);
            }
            found.push(Found {
                index: Cow::Borrowed(index),
                column: *column,
                cell: Cell { oid, value },
            });
        }
    }
    if complete_indexes(&mut found, spec.index_arcs) {
        found.sort_by(|a, b| (a.column, &a.index).cmp(&(b.column, &b.index)));
    }
    let mut table = Table::new(&found);
    let ceiling = usize::try_from(spec.max_rows).unwrap_or(usize::MAX);
    if table.indexes.len() > ceiling {
        table.indexes.truncate(ceiling);
        gaps.push(gap(spec.name, "the table has more rows than are read"));
    }
    table
}

/// Adds the rows of a column to those of the columns before it: nearly always they are the same.
fn unite<'a>(indexes: &mut Vec<Cow<'a, [u32]>>, column: &[Found<'a>]) {
    let of_column = || column.iter().map(|found| &found.index);
    if indexes.iter().eq(of_column()) {
        return;
    }
    let mut all = Vec::with_capacity(indexes.len().max(column.len()));
    let mut known = std::mem::take(indexes).into_iter().peekable();
    for index in of_column() {
        while let Some(before) = known.next_if(|known| known < index) {
            all.push(before);
        }
        known.next_if_eq(index);
        if all.last() != Some(index) {
            all.push(index.clone());
        }
    }
    all.extend(known);
    *indexes = all;
}

/// Fills in the first arc of indexes that lack it; tells whether there was one.
fn complete_indexes(found: &mut [Found<'_>], index_arcs: usize) -> bool {
    if index_arcs != 2 || found.iter().all(|found| found.index.len() != 1) {
        return false;
    }
    let whole = found.iter().filter(|found| found.index.len() == 2);
    let mut devices = whole.filter_map(|found| found.index.first().copied());
    let Some(device) = devices.next() else {
        return false;
    };
    let one = devices.all(|other| other == device);
    if one {
        for found in found.iter_mut().filter(|found| found.index.len() == 1) {
            found.index.to_mut().insert(0, device);
        }
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mib;
    use pagetally_snmp_engine::VarBind;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn answers(lines: &[(&str, i64)]) -> Answers {
        lines
            .iter()
            .map(|(oid, number)| VarBind {
                oid: oid.parse().expect("an OID"),
                value: Value::Integer(*number),
            })
            .collect()
    }

    #[test]
    fn a_row_is_the_union_of_its_columns() {
        let answers = answers(&[
            ("1.3.6.1.2.1.43.11.1.1.5.1.30", 3),
            ("1.3.6.1.2.1.43.11.1.1.9.1.2", 80),
            ("1.3.6.1.2.1.43.11.1.1.9.1.30", 90),
        ]);
        let rows = rows(&answers, &mib::SUPPLIES, &mut Vec::new());
        let said: Vec<_> = rows
            .iter()
            .map(|row| (row.slot().to_string(), row.number(5), row.number(9)))
            .collect();
        let expected = [
            ("1.2".to_owned(), None, Some(80)),
            ("1.30".to_owned(), Some(3), Some(90)),
        ];
        assert_eq!(said, expected);
    }

    proptest! {
        #[test]
        fn a_table_holds_every_cell_of_its_columns_once(
            cells in proptest::collection::btree_map((3_u32..10, 1_u32..3, 0_u32..6), any::<i64>(), 0..40),
        ) {
            let lines: Vec<(String, i64)> = cells
                .iter()
                .map(|((column, device, row), number)| {
                    (format!("1.3.6.1.2.1.43.11.1.1.{column}.{device}.{row}"), *number)
                })
                .collect();
            let lines: Vec<(&str, i64)> = lines.iter().map(|(o, n)| (o.as_str(), *n)).collect();
            let answers = answers(&lines);
            let table = rows(&answers, &mib::SUPPLIES, &mut Vec::new());
            let indexes: Vec<&[u32]> = table.iter().map(|row| row.index).collect();
            prop_assert!(indexes.is_sorted_by(|one, next| one < next));
            let mut found = BTreeMap::new();
            for row in table.iter() {
                for column in 2..10 {
                    if let Some(cell) = row.cell(column) {
                        found.insert((column, row.index[0], row.index[1]), cell.value.clone());
                    }
                }
            }
            let expected: BTreeMap<_, _> = cells
                .into_iter()
                .map(|(place, number)| (place, Value::Integer(number)))
                .collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_missing_second_index_is_filled_in_where_it_is_clear() {
        let answers = answers(&[
            ("1.3.6.1.2.1.43.11.1.1.8.0.1", 100),
            ("1.3.6.1.2.1.43.11.1.1.9.1", 80),
        ]);
        let rows = rows(&answers, &mib::SUPPLIES, &mut Vec::new());
        let slots: Vec<String> = rows.iter().map(|row| row.slot().to_string()).collect();
        assert_eq!(slots, ["0.1"]);
    }

    #[test]
    fn an_endless_table_ends_with_a_gap() {
        let lines: Vec<(String, i64)> = (1..=20)
            .map(|row| (format!("1.3.6.1.2.1.43.10.2.1.4.1.{row}"), 1))
            .collect();
        let lines: Vec<(&str, i64)> = lines.iter().map(|(o, n)| (o.as_str(), *n)).collect();
        let mut gaps = Vec::new();
        assert_eq!(
            rows(&answers(&lines), &mib::MARKER, &mut gaps)
                .iter()
                .count(),
            16
        );
        assert_eq!(gaps.len(), 1);
    }

    #[test]
    fn a_raw_value_is_kept_as_it_is() {
        let text = |value: &Value| String::from(raw(value).text);
        assert_eq!(text(&Value::OctetString(b"  a|b ".to_vec())), "  a|b ");
        assert_eq!(text(&Value::OctetString(vec![0x20, 0])), "2000");
        assert_eq!(text(&Value::Integer(-3)), "-3");
    }
}
