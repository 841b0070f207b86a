//! The parts of a device: supplies, trays, outputs, covers, alerts, print engines.

use super::source::{read_sources, write_sources};
use super::{Fields, Result, WriteFields as _, history};
use crate::MessageError;
use pagetally_model::{
    Alert, AuditTime, ClockOffset, Cover, Level, LevelReading, Marker, Output, Supply, Tray,
};
use pagetally_soap::Writer;

pub(super) fn write_time(writer: &mut Writer, name: &str, time: &AuditTime) {
    writer
        .child(name)
        .value("wall", &time.wall)
        .value("boot", &time.boot)
        .value("monotonicMillis", &time.monotonic_millis);
    if let Some(offset) = &time.central_offset {
        writer
            .value("offsetMillis", &offset.offset_millis)
            .value("uncertaintyMillis", &offset.uncertainty_millis);
    }
    writer.end();
}

pub(super) fn read_time(fields: Fields<'_>) -> Result<AuditTime> {
    let central_offset = match fields.optional_value("offsetMillis")? {
        Some(offset_millis) => Some(ClockOffset {
            offset_millis,
            uncertainty_millis: fields.value("uncertaintyMillis")?,
        }),
        None => None,
    };
    Ok(AuditTime {
        wall: fields.value("wall")?,
        boot: fields.value("boot")?,
        monotonic_millis: fields.value("monotonicMillis")?,
        central_offset,
    })
}

fn write_level(writer: &mut Writer, reading: &LevelReading) {
    let (amount, capacity) = match reading.level {
        Level::OfCapacity { amount, capacity } => (Some(amount), Some(capacity)),
        Level::Amount(amount) => (Some(amount), None),
        _ => (None, None),
    };
    writer
        .child("level")
        .value("state", &reading.level.state())
        .optional_value("percent", reading.level.percent().as_ref())
        .optional_value("amount", amount.as_ref())
        .optional_value("capacity", capacity.as_ref())
        .word("exactness", &reading.exactness)
        .end();
}

fn read_level(fields: Fields<'_>) -> Result<LevelReading> {
    fields.child("level", |level| {
        let state = level.required("state")?.trim();
        let parts = LevelReading::level_from_parts(
            state,
            level.optional_value("percent")?,
            level.optional_value("amount")?,
            level.optional_value("capacity")?,
        );
        Ok(LevelReading {
            level: parts.ok_or_else(|| {
                let state: String = state.chars().take(40).collect();
                MessageError::new("", format!("a level of state {state:?} cannot be this one"))
            })?,
            exactness: level.word("exactness")?,
        })
    })
}

pub(super) fn write_marker(writer: &mut Writer, marker: &Marker) {
    writer
        .child("marker")
        .value("slot", &marker.slot)
        .optional_value("technology", marker.technology.as_ref())
        .word("unit", &marker.unit)
        .optional_value("lifeCount", marker.life_count.as_ref())
        .optional_value("powerOnCount", marker.power_on_count.as_ref());
    write_sources(writer, &marker.sources);
    writer.end();
}

pub(super) fn read_marker(fields: Fields<'_>) -> Result<Marker> {
    Ok(Marker {
        slot: fields.text("slot")?,
        technology: fields.optional_text("technology"),
        unit: fields.word("unit")?,
        life_count: fields.optional_value("lifeCount")?,
        power_on_count: fields.optional_value("powerOnCount")?,
        sources: read_sources(fields)?,
    })
}

pub(super) fn write_supply(writer: &mut Writer, supply: &Supply) {
    writer
        .child("supply")
        .value("slot", &supply.slot)
        .optional_value("place", supply.place.as_ref())
        .optional_value("description", supply.description.as_ref())
        .word("kind", &supply.kind)
        .word("class", &supply.class)
        .optional_value("colorant", supply.colorant.as_ref())
        .word("measures", &supply.measures)
        .word("unit", &supply.unit)
        .optional_value("capacity", supply.capacity.as_ref())
        .optional_value("partNumber", supply.part_number.as_ref())
        .optional_value("serial", supply.serial.as_ref());
    write_level(writer, &supply.level);
    if let Some(replaced) = &supply.replaced {
        history::write_replacement(writer, replaced);
    }
    write_sources(writer, &supply.sources);
    writer.end();
}

pub(super) fn read_supply(fields: Fields<'_>) -> Result<Supply> {
    Ok(Supply {
        slot: fields.text("slot")?,
        place: fields.optional_text("place"),
        description: fields.optional_text("description"),
        kind: fields.word("kind")?,
        class: fields.word("class")?,
        colorant: fields.optional_text("colorant"),
        level: read_level(fields)?,
        measures: fields.word("measures")?,
        unit: fields.word("unit")?,
        capacity: fields.optional_value("capacity")?,
        part_number: fields.optional_text("partNumber"),
        serial: fields.optional_text("serial"),
        replaced: fields.optional_child("replaced", history::read_replacement)?,
        sources: read_sources(fields)?,
    })
}

pub(super) fn write_tray(writer: &mut Writer, tray: &Tray) {
    writer
        .child("tray")
        .value("slot", &tray.slot)
        .optional_value("name", tray.name.as_ref())
        .optional_value("description", tray.description.as_ref())
        .optional_value("kind", tray.kind.as_ref())
        .optional_value("media", tray.media.as_ref())
        .word("unit", &tray.unit)
        .optional_value("capacity", tray.capacity.as_ref())
        .optional_value("status", tray.status.as_ref());
    write_level(writer, &tray.level);
    write_sources(writer, &tray.sources);
    writer.end();
}

pub(super) fn read_tray(fields: Fields<'_>) -> Result<Tray> {
    Ok(Tray {
        slot: fields.text("slot")?,
        name: fields.optional_text("name"),
        description: fields.optional_text("description"),
        kind: fields.optional_text("kind"),
        media: fields.optional_text("media"),
        level: read_level(fields)?,
        unit: fields.word("unit")?,
        capacity: fields.optional_value("capacity")?,
        status: fields.optional_value("status")?,
        sources: read_sources(fields)?,
    })
}

pub(super) fn write_output(writer: &mut Writer, output: &Output) {
    writer
        .child("output")
        .value("slot", &output.slot)
        .optional_value("name", output.name.as_ref())
        .optional_value("description", output.description.as_ref())
        .word("unit", &output.unit)
        .optional_value("capacity", output.capacity.as_ref())
        .optional_value("status", output.status.as_ref());
    write_level(writer, &output.level);
    write_sources(writer, &output.sources);
    writer.end();
}

pub(super) fn read_output(fields: Fields<'_>) -> Result<Output> {
    Ok(Output {
        slot: fields.text("slot")?,
        name: fields.optional_text("name"),
        description: fields.optional_text("description"),
        level: read_level(fields)?,
        unit: fields.word("unit")?,
        capacity: fields.optional_value("capacity")?,
        status: fields.optional_value("status")?,
        sources: read_sources(fields)?,
    })
}

pub(super) fn write_cover(writer: &mut Writer, cover: &Cover) {
    writer
        .child("cover")
        .value("slot", &cover.slot)
        .optional_value("description", cover.description.as_ref())
        .value("status", &cover.status);
    write_sources(writer, &cover.sources);
    writer.end();
}

pub(super) fn read_cover(fields: Fields<'_>) -> Result<Cover> {
    Ok(Cover {
        slot: fields.text("slot")?,
        description: fields.optional_text("description"),
        status: fields.text("status")?,
        sources: read_sources(fields)?,
    })
}

pub(super) fn write_alert(writer: &mut Writer, alert: &Alert) {
    writer
        .child("alert")
        .value("slot", &alert.slot)
        .word("severity", &alert.severity)
        .optional_value("training", alert.training.as_ref())
        .optional_value("group", alert.group.as_ref())
        .optional_value("groupIndex", alert.group_index.as_ref())
        .optional_value("code", alert.code.as_ref())
        .optional_value("codeName", alert.code_name.as_ref())
        .optional_value("description", alert.description.as_ref())
        .optional_value(
            "raisedAtUptimeCentis",
            alert.raised_at_uptime_centis.as_ref(),
        );
    write_sources(writer, &alert.sources);
    writer.end();
}

pub(super) fn read_alert(fields: Fields<'_>) -> Result<Alert> {
    Ok(Alert {
        slot: fields.text("slot")?,
        severity: fields.word("severity")?,
        training: fields.optional_text("training"),
        group: fields.optional_text("group"),
        group_index: fields.optional_value("groupIndex")?,
        code: fields.optional_value("code")?,
        code_name: fields.optional_text("codeName"),
        description: fields.optional_text("description"),
        raised_at_uptime_centis: fields.optional_value("raisedAtUptimeCentis")?,
        sources: read_sources(fields)?,
    })
}
