//! Runs the numeric rows of the definitions over one device's answers.

mod records;

use crate::definitions::{
    Meaning, Number, NumberRow, PickWord, RecordRows, Selected, SumRow, TableNumberRow, TableRows,
    Trust, UnsupportedWord, When,
};
use crate::device::Device;
use crate::reading::{Cell, Found, MAX_NUMBER, Row, Table, gap};
use crate::text::Charset;
use pagetally_model::{
    Contradiction, DerivedInput, Exactness, Gap, Provenance, RuleId, Source, Text,
};
use pagetally_snmp_engine::Value;
use std::borrow::Cow;
use std::cell::OnceCell;

/// A number that a row read.
pub(crate) struct Reading<'d> {
    pub(crate) meaning: &'d Meaning,
    /// The row's name within its family.
    pub(crate) local: &'d str,
    pub(crate) value: u64,
    pub(crate) trust: Trust,
    pub(crate) provenance: Provenance,
    /// Where it stands among others for the same meter: the least wins.
    pub(crate) order: Order,
}

/// A site's rows before shipped ones, then the row's own rank, then the more specific family.
pub(crate) type Order = (crate::definitions::Origin, u32, std::cmp::Reverse<usize>);

/// What was found, besides readings.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) gaps: Vec<Gap>,
    pub(crate) contradictions: Vec<Contradiction>,
}

/// Every reading that the selected families' rows give, in order of the rows.
pub(crate) fn readings<'a>(device: &Device<'a>, findings: &mut Findings) -> Vec<Reading<'a>> {
    let mut all = Vec::new();
    for selected in &device.families {
        let mut reader = Reader {
            device,
            selected: *selected,
            findings,
            readings: Vec::new(),
            unsupported: Vec::new(),
        };
        let family = selected.family;
        family.numbers.iter().for_each(|row| reader.number(row));
        family.tables.iter().for_each(|table| reader.table(table));
        family
            .records
            .iter()
            .for_each(|records| reader.records(records));
        let sums: Vec<_> = family
            .sums
            .iter()
            .filter_map(|sum| reader.sum(sum))
            .collect();
        let Reader { readings, .. } = reader;
        all.extend(readings);
        all.extend(sums.into_iter().map(|sum| sum.into_reading(*selected)));
    }
    all
}

struct Reader<'a, 'f> {
    device: &'f Device<'a>,
    selected: Selected<'a>,
    findings: &'f mut Findings,
    readings: Vec<Reading<'a>>,
    /// Rows that the device answered with -1: it has no such counter.
    unsupported: Vec<(&'a str, Cell<'a>)>,
}

/// A row of a vendor's table, whose columns are numbered by their places in the definition.
struct TableRow<'t, 'a> {
    row: Row<'t, 'a>,
    /// Its cells' texts: labels, which many rows of a definition look at.
    texts: OnceCell<Vec<Option<Text>>>,
}

impl<'a> TableRow<'_, 'a> {
    fn cell(&self, place: usize) -> Option<Cell<'a>> {
        self.row.cell(u32::try_from(place).ok()?)
    }

    fn text(&self, place: usize, charset: Option<Charset>) -> Option<&Text> {
        let texts = self.texts.get_or_init(|| {
            let cells = self.row.places();
            let text = |cell: Option<Cell<'_>>| cell?.text(charset)?.clean();
            cells.map(text).collect()
        });
        texts
            .get(self.row.place(u32::try_from(place).ok()?)?)?
            .as_ref()
    }
}

impl<'a> Reader<'a, '_> {
    fn number(&mut self, row: &'a NumberRow) {
        let Some(cell) = self.device.cell(&row.oid) else {
            return;
        };
        if let Some((oid, pattern)) = &row.when {
            let said = self.device.cell(oid);
            let said = said.and_then(|cell| cell.text(self.device.charset)?.clean());
            if !said.is_some_and(|said| pattern.matches(said.as_str())) {
                return;
            }
        }
        let raw = match &row.pattern {
            None => read(cell),
            Some(pattern) => {
                let text = cell.text(self.device.charset).and_then(|text| text.clean());
                let taken = text.as_ref().and_then(|text| pattern.take(text.as_str()));
                taken.map_or(Raw::NoNumber, |text| of_text(text.as_bytes()))
            }
        };
        self.push(&row.number, raw, cell);
    }

    fn table(&mut self, table: &'a TableRows) {
        let found = table_cells(self.device, table);
        let found = Table::new(&found);
        let rows: Vec<TableRow<'_, 'a>> = found
            .iter()
            .map(|row| TableRow {
                row,
                texts: OnceCell::new(),
            })
            .collect();
        for row in &table.numbers {
            let fitting: Vec<Cell<'a>> = rows
                .iter()
                .filter(|found| self.fits(row, found))
                .filter_map(|found| found.cell(row.value))
                .collect();
            match (fitting.as_slice(), row.pick) {
                ([], _) => {}
                ([cell], _) => self.push(&row.number, read(*cell), *cell),
                (cells, PickWord::Sum) => self.push_sum(&row.number, cells),
                (cells @ [first, ..], PickWord::Only) => {
                    if cells.iter().all(|cell| cell.value == first.value) {
                        self.push(&row.number, read(*first), *first);
                    } else {
                        self.ambiguous(&row.number, cells);
                    }
                }
            }
        }
    }

    fn fits(&self, row: &TableNumberRow, found: &TableRow<'_, 'a>) -> bool {
        let mut several = row.index.iter();
        let index_fits = several.len() == 0
            || several.any(|index| {
                let mut arcs = index.iter().zip(found.row.index);
                index.len() == found.row.index.len()
                    && arcs.all(|(wanted, arc)| wanted.is_none_or(|wanted| wanted == *arc))
            });
        let holds = |(place, when): &(usize, When)| self.holds(when, found, *place);
        index_fits
            && row.without.iter().all(|place| found.cell(*place).is_none())
            && row.when.iter().all(holds)
            && !row.unless.iter().any(holds)
    }

    fn holds(&self, when: &When, found: &TableRow<'_, 'a>, place: usize) -> bool {
        match when {
            When::Numbers(numbers) => {
                let number = found.cell(place).and_then(|cell| cell.number());
                number.is_some_and(|number| numbers.contains(&number))
            }
            When::Patterns(patterns) => found
                .text(place, self.device.charset)
                .is_some_and(|text| patterns.iter().any(|p| p.matches(text.as_str()))),
        }
    }

    fn records(&mut self, rows: &'a RecordRows) {
        let Some(cell) = self.device.cell(&rows.oid) else {
            return;
        };
        let Some(octets) = cell.value.as_octets() else {
            return;
        };
        let records = records::parse(octets, rows.layout);
        for row in &rows.numbers {
            let mut fitting = records.iter().filter(|record| {
                record.id == row.id
                    && row
                        .lengths
                        .iter()
                        .any(|length| usize::from(*length) == record.value.len())
            });
            // A repeated id would be two answers to one question.
            if let (Some(record), None) = (fitting.next(), fitting.next()) {
                self.push(&row.number, records::read(record.value, row.form), cell);
            }
        }
    }

    /// Adds and subtracts readings of this family; every input must be there, or be one that the
    /// device has no counter for, where the row says that such a one adds nothing.
    fn sum(&mut self, row: &'a SumRow) -> Option<Sum<'a>> {
        let mut inputs = Vec::new();
        let mut total: i128 = 0;
        let mut formula = String::new();
        let mut rows = Vec::new();
        let mut trust = row.trust;
        let mut counted = false;
        let signed = row.plus.iter().map(|name| (1, name));
        for (sign, name) in signed.chain(row.minus.iter().map(|name| (-1, name))) {
            let (value, source) = match self.readings.iter().find(|known| known.local == name) {
                Some(input) => {
                    counted = true;
                    // A sum is no better proved than what it adds.
                    trust.unproven |= input.trust.unproven;
                    let part = input.provenance.rule.name.as_str();
                    rows.extend(part.split_once('/').map(|(_, rows)| rows.to_owned()));
                    (input.value, input.provenance.source.clone())
                }
                None if row.unsupported == UnsupportedWord::Nothing => {
                    let mut cells = self.unsupported.iter();
                    let (_, cell) = cells.find(|(local, _)| local == name)?;
                    (0, cell.source())
                }
                None => return None,
            };
            total += sign * i128::from(value);
            let operator = match (formula.is_empty(), sign) {
                (true, _) => "",
                (false, 1) => " + ",
                (false, _) => " - ",
            };
            formula.push_str(operator);
            formula.push_str(name);
            inputs.push(DerivedInput {
                name: Text::clean(name),
                value: i64::try_from(value).ok()?,
                source,
            });
        }
        // Counters that are all missing count nothing, not zero.
        if !counted {
            return None;
        }
        let Ok(value) = u64::try_from(total) else {
            self.findings.contradictions.push(Contradiction {
                rule: row.head.rule.name.clone(),
                detail: Text::clean(&format!("{formula} is {total}")),
                source: None,
            });
            return None;
        };
        (value <= MAX_NUMBER).then(|| Sum {
            row,
            rule: of_rows(&row.head.rule, &rows.join("+")),
            value,
            trust,
            source: Source::Derived {
                formula: Text::clean(&formula),
                inputs,
            },
        })
    }

    fn push(&mut self, number: &'a Number, raw: Raw, cell: Cell<'a>) {
        if raw == Raw::NotSupported && cell.number() == Some(-1) {
            self.unsupported.push((&number.local, cell));
        }
        if let Some(value) = self.accept(number, raw) {
            let provenance = provenance(cell.source(), &number.head.rule);
            self.keep(number, value, number.trust, provenance);
        }
    }

    /// Several rows of a table, added up.
    fn push_sum(&mut self, number: &'a Number, cells: &[Cell<'a>]) {
        let mut inputs = Vec::new();
        let mut total: u64 = 0;
        for (place, cell) in cells.iter().enumerate() {
            let Some(value) = self.accept(number, read(*cell)) else {
                return;
            };
            total = total.saturating_add(value);
            let Ok(signed) = i64::try_from(value) else {
                return;
            };
            inputs.push(DerivedInput {
                name: Text::clean(&format!("row{}", place + 1)),
                value: signed,
                source: cell.source(),
            });
        }
        if total <= MAX_NUMBER {
            let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
            let formula = Text::clean(&names.join(" + "));
            let rule = of_rows(&number.head.rule, &format!("{}-rows", cells.len()));
            let source = Source::Derived { formula, inputs };
            let provenance = provenance(source, &rule);
            // Adding up proves nothing: what the row is unsure of stays so.
            let mut trust = number.trust;
            if trust.once_proved == Exactness::Exact {
                trust.once_proved = Exactness::Derived;
            }
            self.keep(number, total, trust, provenance);
        }
    }

    fn keep(&mut self, number: &'a Number, value: u64, trust: Trust, provenance: Provenance) {
        self.readings.push(Reading {
            meaning: &number.meaning,
            local: &number.local,
            value,
            trust,
            provenance,
            order: (
                number.head.origin,
                number.head.rank,
                std::cmp::Reverse(self.selected.specificity),
            ),
        });
    }

    /// The scaled value, or a gap that says why there is none. A number that stands for "not
    /// supported" is the device's way to say that there is no such thing: no gap.
    fn accept(&mut self, number: &Number, raw: Raw) -> Option<u64> {
        let reason = match raw {
            Raw::Number(raw) => match number.scale.apply(raw) {
                Some(value) if value <= MAX_NUMBER => return Some(value),
                _ => "the number is larger than documents carry",
            },
            Raw::NotSupported => return None,
            Raw::NotAvailable => "the device answered the number that stands for \"not available\"",
            Raw::NoNumber => "the device answered something that is no number",
            Raw::TooLarge => "the number is larger than documents carry",
        };
        self.findings
            .gaps
            .push(gap(number.head.rule.name.as_str(), reason));
        None
    }

    fn ambiguous(&mut self, number: &Number, cells: &[Cell<'_>]) {
        let values: Vec<String> = cells
            .iter()
            .take(8)
            .map(|cell| format!("{} = {}", cell.oid, crate::reading::raw(cell.value).text))
            .collect();
        self.findings.contradictions.push(Contradiction {
            rule: number.head.rule.name.clone(),
            detail: Text::clean(&values.join(", ")),
            source: None,
        });
    }
}

struct Sum<'d> {
    row: &'d SumRow,
    rule: RuleId,
    value: u64,
    trust: Trust,
    source: Source,
}

impl<'d> Sum<'d> {
    fn into_reading(self, selected: Selected<'d>) -> Reading<'d> {
        Reading {
            meaning: &self.row.meaning,
            local: self.row.head.rule.name.as_str(),
            value: self.value,
            trust: self.trust,
            provenance: provenance(self.source, &self.rule),
            order: (
                self.row.head.origin,
                self.row.head.rank,
                std::cmp::Reverse(selected.specificity),
            ),
        }
    }
}

/// A rule that added up rows of a table. Of fewer rows it is another sum: it has another name.
fn of_rows(rule: &RuleId, rows: &str) -> RuleId {
    let name = match rows {
        "" => rule.name.clone(),
        rows => Text::clean(&format!("{}/{rows}", rule.name)),
    };
    let version = rule.version;
    RuleId { name, version }
}

fn provenance(source: Source, rule: &RuleId) -> Provenance {
    Provenance::new(source, rule.clone())
}

/// What the device answers of a vendor's table, column by column.
fn table_cells<'a>(device: &Device<'a>, table: &'a TableRows) -> Vec<Found<'a>> {
    let most = usize::try_from(table.max_rows).unwrap_or(usize::MAX);
    let columns = (0..).zip(&table.columns);
    let cells = columns.flat_map(|(place, column)| {
        let cells = device.answers.below(column).take(most);
        cells.map(move |(index, oid, value)| Found {
            index: Cow::Borrowed(index),
            column: place,
            cell: Cell { oid, value },
        })
    });
    cells.collect()
}

/// What stands in a cell that should hold a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Raw {
    Number(u64),
    /// Negative: vendors' way to say that the device has no such counter.
    NotSupported,
    /// All ones: "not available".
    NotAvailable,
    NoNumber,
    TooLarge,
}

fn read(cell: Cell<'_>) -> Raw {
    match cell.value {
        Value::OctetString(octets) => of_text(octets),
        Value::Counter64(number) => of_number(i128::from(*number)),
        other => other
            .as_i64()
            .map_or(Raw::NoNumber, |number| of_number(i128::from(number))),
    }
}

fn of_number(number: i128) -> Raw {
    match u64::try_from(number) {
        Err(_) => Raw::NotSupported,
        Ok(0xffff_ffff | 0x7fff_ffff) => Raw::NotAvailable,
        Ok(number) if number > MAX_NUMBER => Raw::TooLarge,
        Ok(number) => Raw::Number(number),
    }
}

/// A number written as text: digits, with blanks around them and perhaps separators between
/// thousands. Anything else is no number.
fn of_text(octets: &[u8]) -> Raw {
    let text = String::from_utf8_lossy(octets);
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if text
        .strip_prefix('-')
        .is_some_and(|rest| rest.parse::<u64>().is_ok())
    {
        return Raw::NotSupported;
    }
    let mut groups = text.split([',', '.', '\'']);
    let first = groups.next().unwrap_or_default();
    let rest: Vec<&str> = groups.collect();
    let grouped = !rest.is_empty();
    let well_formed = !first.is_empty()
        && (!grouped || first.len() <= 3)
        && rest.iter().all(|group| group.len() == 3);
    let digits: String = text
        .chars()
        .filter(|c| !matches!(c, ',' | '.' | '\''))
        .collect();
    if !well_formed || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Raw::NoNumber;
    }
    digits
        .parse::<u64>()
        .map_or(Raw::TooLarge, |number| of_number(i128::from(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_may_be_written_as_text() {
        for (text, expected) in [
            ("  1611\0", Raw::Number(1611)),
            ("12,345", Raw::Number(12_345)),
            ("1.234.567", Raw::Number(1_234_567)),
            ("12,34", Raw::NoNumber),
            ("12 pages", Raw::NoNumber),
            ("", Raw::NoNumber),
            ("-1", Raw::NotSupported),
            ("99999999999999999999", Raw::TooLarge),
            ("4294967295", Raw::NotAvailable),
        ] {
            assert_eq!(of_text(text.as_bytes()), expected, "{text:?}");
        }
    }
}
