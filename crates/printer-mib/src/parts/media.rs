//! Inputs, outputs and covers (RFC 3805 sections 2.2.2 to 2.2.4).

use crate::device::Device;
use crate::level::{Direction, Meaning, Object, level};
use crate::mib;
use crate::reading::{Row, put, rows};
use crate::words;
use pagetally_model::{CounterUnit, Cover, Gap, LevelReading, Output, Sources, Tray};

/// Every row of prtInputTable that is a place where paper lies.
pub(crate) fn trays(device: &Device<'_>, gaps: &mut Vec<Gap>) -> Vec<Tray> {
    let rows = rows(device.answers, &mib::INPUT, gaps);
    let real = rows.iter().filter(|row| !is_automatic(*row));
    real.map(|row| tray(device, row)).collect()
}

/// Some devices list "automatic selection" as an input: of unknown type, capacity and level.
fn is_automatic(row: Row<'_, '_>) -> bool {
    [2, 9, 10].map(|column| row.number(column)) == [Some(2), Some(-2), Some(-2)]
}

fn tray(device: &Device<'_>, row: Row<'_, '_>) -> Tray {
    let mut sources = Sources::with_capacity(8);
    let kind = row.word(
        &mut sources,
        "kind",
        2,
        words::input_type,
        "rfc3805.prtInputType",
    );
    let unit = words::unit(row.integer(&mut sources, "unit", 8, "rfc3805.prtInputCapacityUnit"));
    // Media names are not among the objects that RFC 3805 localizes, but devices localize them.
    let mut text = |field: &'static str, column, rule: &'static str| {
        row.text(&mut sources, field, column, device.charset, rule)
    };
    let name = text("name", 13, "rfc3805.prtInputName");
    let media = text("media", 12, "rfc3805.prtInputMediaName");
    let description = text("description", 18, "rfc3805.prtInputDescription");
    let capacity = capacity(row, 9, &mut sources, "rfc3805.prtInputMaxCapacity");
    let level = stated_level(
        row,
        [9, 10],
        unit,
        Direction::Down,
        &mut sources,
        Object::Input,
    );
    Tray {
        slot: row.slot(),
        name,
        description,
        kind,
        media,
        level,
        unit,
        capacity,
        status: sub_unit_status(row, 11, &mut sources, "rfc3805.prtInputStatus"),
        sources,
    }
}

/// Every row of prtOutputTable.
pub(crate) fn outputs(device: &Device<'_>, gaps: &mut Vec<Gap>) -> Vec<Output> {
    rows(device.answers, &mib::OUTPUT, gaps)
        .iter()
        .map(|row| output(device, row))
        .collect()
}

fn output(device: &Device<'_>, row: Row<'_, '_>) -> Output {
    let mut sources = Sources::with_capacity(6);
    let unit = words::unit(row.integer(&mut sources, "unit", 3, "rfc3805.prtOutputCapacityUnit"));
    let mut text = |field: &'static str, column, rule: &'static str| {
        row.text(&mut sources, field, column, device.charset, rule)
    };
    let name = text("name", 7, "rfc3805.prtOutputName");
    let description = text("description", 12, "rfc3805.prtOutputDescription");
    let capacity = capacity(row, 4, &mut sources, "rfc3805.prtOutputMaxCapacity");
    let level = stated_level(
        row,
        [4, 5],
        unit,
        Direction::UpOrUnknown,
        &mut sources,
        Object::Output,
    );
    Output {
        slot: row.slot(),
        name,
        description,
        level,
        unit,
        capacity,
        status: sub_unit_status(row, 6, &mut sources, "rfc3805.prtOutputStatus"),
        sources,
    }
}

/// Every row of prtCoverTable that states its state.
pub(crate) fn covers(device: &Device<'_>, gaps: &mut Vec<Gap>) -> Vec<Cover> {
    let rows = rows(device.answers, &mib::COVER, gaps);
    let covers = rows.iter().filter_map(|row| {
        let mut sources = Sources::new();
        let status = row.word(
            &mut sources,
            "status",
            3,
            words::cover_status,
            "rfc3805.prtCoverStatus",
        )?;
        Some(Cover {
            slot: row.slot(),
            description: row.text(
                &mut sources,
                "description",
                2,
                device.charset,
                "rfc3805.prtCoverDescription",
            ),
            status,
            sources,
        })
    });
    covers.collect()
}

/// A capacity, where the device states a positive one.
pub(super) fn capacity(
    row: Row<'_, '_>,
    column: u32,
    sources: &mut Sources,
    rule: &'static str,
) -> Option<u64> {
    let cell = row.cell(column)?;
    let capacity = cell
        .number()
        .and_then(|number| u64::try_from(number).ok())?;
    if capacity == 0 {
        return None;
    }
    put(sources, "capacity", cell, rule);
    Some(capacity)
}

/// A level and its source under the rule of its meaning.
pub(super) fn stated_level(
    row: Row<'_, '_>,
    [capacity, amount]: [u32; 2],
    unit: CounterUnit,
    direction: Direction,
    sources: &mut Sources,
    object: Object,
) -> LevelReading {
    let cell = row.cell(amount);
    let number = cell.and_then(|cell| cell.number());
    let Meaning {
        level,
        exactness,
        rule,
    } = level(number, row.number(capacity), unit, direction);
    if let (Some(cell), Some(_)) = (cell, number) {
        put(sources, "level", cell, rule.name(object));
    }
    LevelReading { level, exactness }
}

/// PrtSubUnitStatusTC is a sum from 0 to 126; what lies outside means nothing.
fn sub_unit_status(
    row: Row<'_, '_>,
    column: u32,
    sources: &mut Sources,
    rule: &'static str,
) -> Option<i64> {
    let cell = row.cell(column)?;
    let status = cell.number().filter(|status| (0..=126).contains(status))?;
    put(sources, "status", cell, rule);
    Some(status)
}
