//! From SNMP values to documents: raw values, provenance, tables by row.

use crate::mib::TableSpec;
use crate::text::{Charset, Decoded, decode};
use pagetally_model::{
    DottedOid, Gap, Provenance, RawKind, RawText, RawValue, RuleId, Source, Sources, Text,
};
use pagetally_snmp_engine::{Answers, Oid, Value};
use std::borrow::Cow;
use std::fmt::Write as _;

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
            oid: DottedOid::from_arcs(self.oid.arcs()),
            raw: raw(self.value),
        }
    }

    /// Its provenance under `rule`.
    pub(crate) fn provenance(self, rule: RuleId) -> Provenance {
        Provenance::new(self.source(), rule)
    }
}

/// A rule of this crate's own code.
pub(crate) fn standard(name: &str) -> RuleId {
    RuleId {
        name: Text::clean(name),
        version: STANDARD_VERSION,
    }
}

/// A rule with the character set behind it that its text took to read: another set would be
/// another reading.
pub(crate) fn with_charset(rule: &str, charset: Option<&str>) -> String {
    match charset {
        Some(charset) => format!("{rule}/{charset}"),
        None => rule.to_owned(),
    }
}

/// Adds the source of one field.
pub(crate) fn put(sources: &mut Sources, field: &str, cell: Cell<'_>, rule: &str) {
    sources.insert(field.to_owned(), cell.provenance(standard(rule)));
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
            let text: String = DottedOid::from_arcs(oid.arcs()).into();
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
    octets.iter().fold(
        String::with_capacity(octets.len() * 2),
        |mut text, octet| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{octet:02x}");
            text
        },
    )
}

/// One row of a standard table.
#[derive(Clone, Debug)]
pub(crate) struct Row<'a> {
    /// The arcs of its index: hrDeviceIndex first where the table has it.
    pub(crate) index: Vec<u32>,
    cells: Vec<(u32, Cell<'a>)>,
}

impl<'a> Row<'a> {
    /// The cell in a column.
    pub(crate) fn cell(&self, column: u32) -> Option<Cell<'a>> {
        self.cells
            .iter()
            .find(|(known, _)| *known == column)
            .map(|(_, cell)| *cell)
    }

    /// The number in a column.
    pub(crate) fn number(&self, column: u32) -> Option<i64> {
        self.cell(column)?.number()
    }

    /// The index, with dots.
    pub(crate) fn slot(&self) -> Text {
        let mut text = String::new();
        for (place, arc) in self.index.iter().enumerate() {
            let dot = if place == 0 { "" } else { "." };
            let _ = write!(text, "{dot}{arc}");
        }
        Text::clean(&text)
    }

    /// Reads a text column into `sources`.
    pub(crate) fn text(
        &self,
        sources: &mut Sources,
        field: &str,
        column: u32,
        declared: Option<Charset>,
        rule: &str,
    ) -> Option<Text> {
        let cell = self.cell(column)?;
        let decoded = cell.text(declared)?;
        let text = decoded.clean()?;
        put(sources, field, cell, &with_charset(rule, decoded.charset));
        Some(text)
    }

    /// Reads a column of numbers into `sources`.
    pub(crate) fn integer(
        &self,
        sources: &mut Sources,
        field: &str,
        column: u32,
        rule: &str,
    ) -> Option<i64> {
        let cell = self.cell(column)?;
        let number = cell.number()?;
        put(sources, field, cell, rule);
        Some(number)
    }
}

/// A cell with its index and column.
type Found<'a> = (Cow<'a, [u32]>, u32, Cell<'a>);

/// The rows of a standard table, built from the union of its columns' indexes: columns come and go
/// singly, and rows are not dense.
///
/// Some agents leave the second index out (`...4.1` for `...4.1.1`). Where all other rows belong to
/// one device, such a row is taken for that device's.
pub(crate) fn rows<'a>(
    answers: &'a Answers,
    spec: &'static TableSpec,
    gaps: &mut Vec<Gap>,
) -> Vec<Row<'a>> {
    let mut found: Vec<Found<'a>> = Vec::new();
    for (arcs, oid, value) in answers.below(spec.entry()) {
        if let Some((column, index)) = arcs.split_first()
            && spec.columns.contains(column)
            && !index.is_empty()
        {
            found.push((Cow::Borrowed(index), *column, Cell { oid, value }));
        }
    }
    complete_indexes(&mut found, spec.index_arcs);
    found.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    let mut rows: Vec<Row<'a>> = Vec::new();
    for (index, column, cell) in found {
        match rows.last_mut() {
            Some(row) if row.index == *index => row.cells.push((column, cell)),
            _ => rows.push(Row {
                index: index.into_owned(),
                cells: vec![(column, cell)],
            }),
        }
    }
    let ceiling = usize::try_from(spec.max_rows).unwrap_or(usize::MAX);
    if rows.len() > ceiling {
        rows.truncate(ceiling);
        gaps.push(gap(spec.name, "the table has more rows than are read"));
    }
    rows
}

fn complete_indexes(found: &mut [Found<'_>], index_arcs: usize) {
    if index_arcs != 2 {
        return;
    }
    let mut devices: Vec<u32> = found
        .iter()
        .filter(|(index, ..)| index.len() == 2)
        .filter_map(|(index, ..)| index.first().copied())
        .collect();
    devices.sort_unstable();
    devices.dedup();
    if let [device] = devices.as_slice() {
        for (index, ..) in found.iter_mut().filter(|(index, ..)| index.len() == 1) {
            index.to_mut().insert(0, *device);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mib;
    use pagetally_snmp_engine::VarBind;

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
        let slots: Vec<String> = rows.iter().map(|row| row.slot().to_string()).collect();
        assert_eq!(slots, ["1.2", "1.30"]);
        assert_eq!(rows[1].number(5), Some(3));
        assert_eq!(rows[1].number(9), Some(90));
    }

    #[test]
    fn a_missing_second_index_is_filled_in_where_it_is_clear() {
        let answers = answers(&[
            ("1.3.6.1.2.1.43.11.1.1.8.0.1", 100),
            ("1.3.6.1.2.1.43.11.1.1.9.1", 80),
        ]);
        let rows = rows(&answers, &mib::SUPPLIES, &mut Vec::new());
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].slot().as_str(), "0.1");
    }

    #[test]
    fn an_endless_table_ends_with_a_gap() {
        let lines: Vec<(String, i64)> = (1..=20)
            .map(|row| (format!("1.3.6.1.2.1.43.10.2.1.4.1.{row}"), 1))
            .collect();
        let lines: Vec<(&str, i64)> = lines.iter().map(|(o, n)| (o.as_str(), *n)).collect();
        let mut gaps = Vec::new();
        assert_eq!(rows(&answers(&lines), &mib::MARKER, &mut gaps).len(), 16);
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
