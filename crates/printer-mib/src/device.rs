//! What the decoder knows of one device before it looks at a single part.

use crate::definitions::{Definitions, DescribeRow, Selected};
use crate::mib;
use crate::reading::{Cell, Row, Table, rows};
use crate::text::Charset;
use pagetally_model::{Gap, Text};
use pagetally_snmp_engine::{Answers, Value};

/// One device's answers and what they are read with.
pub(crate) struct Device<'a> {
    pub(crate) answers: &'a Answers,
    pub(crate) definitions: &'a Definitions,
    /// The families that speak for it, the most specific first.
    pub(crate) families: Vec<Selected<'a>>,
    /// prtGeneralTable.
    pub(crate) general: Table<'a>,
    /// hrDeviceTable.
    pub(crate) hr_devices: Table<'a>,
    /// hrPrinterTable.
    pub(crate) hr_printers: Table<'a>,
    localization: Table<'a>,
    /// The hrDeviceIndex of the printer, where anything tells.
    pub(crate) printer: Option<u32>,
    /// sysDescr, and the character set that it took to read it. Many rows look at it.
    pub(crate) description: Option<(Text, Option<&'static str>)>,
    /// The rows that cover sysDescr, in their order.
    pub(crate) described: Vec<&'a DescribeRow>,
    /// What descriptions are declared to be written in.
    pub(crate) charset: Option<Charset>,
    /// What the panel's text is declared to be written in.
    pub(crate) console_charset: Option<Charset>,
}

impl<'a> Device<'a> {
    pub(crate) fn new(
        answers: &'a Answers,
        definitions: &'a Definitions,
        gaps: &mut Vec<Gap>,
    ) -> Self {
        let mut device = Self {
            answers,
            definitions,
            families: definitions.select(answers).chosen,
            general: rows(answers, &mib::GENERAL, gaps),
            hr_devices: rows(answers, &mib::HR_DEVICE, gaps),
            hr_printers: rows(answers, &mib::HR_PRINTER, gaps),
            localization: rows(answers, &mib::LOCALIZATION, gaps),
            printer: None,
            description: None,
            described: Vec::new(),
            charset: None,
            console_charset: None,
        };
        device.printer = device.find_printer();
        device.charset = device.declared_charset(2);
        device.console_charset = device.declared_charset(10).or(device.charset);
        let description = device.cell(&mib::SYS_DESCR);
        let decoded = description.and_then(|cell| cell.text(device.charset));
        device.description = decoded.and_then(|decoded| Some((decoded.clean()?, decoded.charset)));
        if let Some((text, _)) = &device.description {
            let rows = definitions.describes().iter();
            device.described = rows.filter(|row| row.covers(text.as_str())).collect();
        }
        device
    }

    /// One instance, where it was answered.
    pub(crate) fn cell(&self, oid: &'a pagetally_snmp_engine::Oid) -> Option<Cell<'a>> {
        Cell::of(self.answers, oid)
    }

    /// The printer among the devices: the row whose type says so; else the row that the printer
    /// tables speak of. An MFP lists its disk, scanner and network card beside it, in any order.
    fn find_printer(&self) -> Option<u32> {
        let first = |row: Row<'_, '_>| row.index.first().copied();
        let of_first_row = |table: &Table<'_>| table.iter().next().and_then(first);
        let by_type = self.hr_devices.iter().find(|row| {
            let value = row.cell(2).map(|cell| cell.value);
            matches!(value, Some(Value::ObjectIdentifier(oid)) if *oid == *mib::HR_DEVICE_PRINTER)
        });
        let of_table = |table: &'static mib::TableSpec| {
            let (index, ..) = self
                .answers
                .below(table.entry())
                .find(|(index, ..)| index.len() == table.index_arcs + 1)?;
            index.get(1).copied()
        };
        by_type
            .and_then(first)
            .or_else(|| of_first_row(&self.hr_printers))
            .or_else(|| of_first_row(&self.general))
            .or_else(|| of_table(&mib::MARKER))
            .or_else(|| of_table(&mib::SUPPLIES))
    }

    /// The printer's own row of a table that is indexed by hrDeviceIndex alone. Where nothing tells
    /// which that is there is none: the first row may be a disk's or a network card's.
    pub(crate) fn own_row<'t>(&self, rows: &'t Table<'a>) -> Option<Row<'t, 'a>> {
        rows.iter()
            .find(|row| row.index.first().copied() == self.printer)
    }

    /// prtLocalizationCharacterSet of the row that a column of prtGeneral names (RFC 3805
    /// prtGeneralCurrentLocalization and prtConsoleLocalization); where it names none and there is
    /// only one answer, that.
    fn declared_charset(&self, column: u32) -> Option<Charset> {
        let of_row = |row: Row<'_, '_>| u32::try_from(row.number(4)?).ok();
        let named = self
            .own_row(&self.general)
            .and_then(|row| row.number(column))
            .and_then(|number| u32::try_from(number).ok())
            .and_then(|number| {
                let named = |row: &Row<'_, '_>| row.index.last().copied() == Some(number);
                self.localization.iter().find(named)
            })
            .and_then(of_row);
        let only = || {
            let mut numbers = self.localization.iter().filter_map(of_row);
            let first = numbers.next()?;
            numbers.all(|number| number == first).then_some(first)
        };
        Charset::of_mib_enum(named.or_else(only)?)
    }
}
