//! One audit.

use super::source::{
    read_optional_source, read_provenance, read_sources, write_provenance, write_source,
    write_sources,
};
use super::{Fields, Result, WriteFields as _, history, parts};
use pagetally_model::{Contradiction, DeviceAudit, DeviceStatus, Gap, Identity, Meter};
use pagetally_soap::Writer;

/// Writes the fields of an audit into the element that is open.
pub(super) fn write_audit(writer: &mut Writer, audit: &DeviceAudit) {
    writer
        .value("format", &audit.format)
        .value("id", &audit.id)
        .value("pass", &audit.pass)
        .optional_value("address", audit.address.as_ref())
        .value("protocol", &audit.protocol);
    parts::write_time(writer, "time", &audit.time);
    write_identity(writer, &audit.identity);
    write_status(writer, &audit.status);
    for meter in &audit.meters {
        write_meter(writer, meter);
    }
    for marker in &audit.markers {
        parts::write_marker(writer, marker);
    }
    for supply in &audit.supplies {
        parts::write_supply(writer, supply);
    }
    for tray in &audit.trays {
        parts::write_tray(writer, tray);
    }
    for output in &audit.outputs {
        parts::write_output(writer, output);
    }
    for cover in &audit.covers {
        parts::write_cover(writer, cover);
    }
    for alert in &audit.alerts {
        parts::write_alert(writer, alert);
    }
    for gap in &audit.gaps {
        writer
            .child("gap")
            .value("what", &gap.what)
            .value("reason", &gap.reason)
            .end();
    }
    for contradiction in &audit.contradictions {
        writer
            .child("contradiction")
            .value("rule", &contradiction.rule)
            .value("detail", &contradiction.detail);
        if let Some(source) = &contradiction.source {
            write_source(writer, source, 0);
        }
        writer.end();
    }
    if let Some(comparison) = &audit.comparison {
        history::write_comparison(writer, comparison);
    }
}

pub(super) fn read_audit(fields: Fields<'_>) -> Result<DeviceAudit> {
    Ok(DeviceAudit {
        format: fields.value("format")?,
        id: fields.value("id")?,
        pass: fields.value("pass")?,
        time: fields.child("time", parts::read_time)?,
        address: fields.optional_value("address")?,
        protocol: fields.text("protocol")?,
        identity: fields.child("identity", read_identity)?,
        status: fields.child("status", read_status)?,
        meters: fields.list("meter", read_meter)?,
        markers: fields.list("marker", parts::read_marker)?,
        supplies: fields.list("supply", parts::read_supply)?,
        trays: fields.list("tray", parts::read_tray)?,
        outputs: fields.list("output", parts::read_output)?,
        covers: fields.list("cover", parts::read_cover)?,
        alerts: fields.list("alert", parts::read_alert)?,
        gaps: fields.list("gap", |gap| {
            Ok(Gap {
                what: gap.text("what")?,
                reason: gap.text("reason")?,
            })
        })?,
        contradictions: fields.list("contradiction", |contradiction| {
            Ok(Contradiction {
                rule: contradiction.text("rule")?,
                detail: contradiction.text("detail")?,
                source: read_optional_source(contradiction)?,
            })
        })?,
        comparison: fields.optional_child("comparison", history::read_comparison)?,
    })
}

fn write_identity(writer: &mut Writer, identity: &Identity) {
    writer
        .child("identity")
        .optional_value("manufacturer", identity.manufacturer.as_ref())
        .optional_value("model", identity.model.as_ref())
        .optional_value("serial", identity.serial.as_ref())
        .optional_value("firmware", identity.firmware.as_ref())
        .optional_value("hostname", identity.hostname.as_ref())
        .optional_value("location", identity.location.as_ref())
        .optional_value("contact", identity.contact.as_ref())
        .optional_value("mac", identity.mac.as_ref())
        .optional_value("asset", identity.asset.as_ref())
        .optional_value("description", identity.description.as_ref())
        .optional_value("objectId", identity.object_id.as_ref())
        .optional_value("engineId", identity.engine_id.as_ref())
        .optional_value("uptimeCentis", identity.uptime_centis.as_ref());
    write_sources(writer, &identity.sources);
    writer.end();
}

fn read_identity(fields: Fields<'_>) -> Result<Identity> {
    Ok(Identity {
        manufacturer: fields.optional_text("manufacturer"),
        model: fields.optional_text("model"),
        serial: fields.optional_text("serial"),
        firmware: fields.optional_text("firmware"),
        hostname: fields.optional_text("hostname"),
        location: fields.optional_text("location"),
        contact: fields.optional_text("contact"),
        mac: fields.optional_text("mac"),
        asset: fields.optional_text("asset"),
        description: fields.optional_text("description"),
        object_id: fields.optional_text("objectId"),
        engine_id: fields.optional_text("engineId"),
        uptime_centis: fields.optional_value("uptimeCentis")?,
        sources: read_sources(fields)?,
    })
}

fn write_status(writer: &mut Writer, status: &DeviceStatus) {
    writer
        .child("status")
        .word("printer", &status.printer)
        .word("device", &status.device);
    for condition in &status.conditions {
        writer.word_element("condition", condition);
    }
    for line in &status.console {
        writer.text_element("console", line);
    }
    write_sources(writer, &status.sources);
    writer.end();
}

fn read_status(fields: Fields<'_>) -> Result<DeviceStatus> {
    Ok(DeviceStatus {
        printer: fields.word("printer")?,
        device: fields.word("device")?,
        conditions: fields.list("condition", |condition| {
            super::from_word(&condition.borrowed_content()?)
        })?,
        console: fields.list("console", |line| Ok(line.content_text()))?,
        sources: read_sources(fields)?,
    })
}

fn write_meter(writer: &mut Writer, meter: &Meter) {
    writer
        .child("meter")
        .word("function", &meter.function)
        .word("color", &meter.color)
        .word("size", &meter.size)
        .word("sides", &meter.sides)
        .word("unit", &meter.unit)
        .value("value", &meter.value)
        .word("exactness", &meter.exactness);
    writer.child("source");
    write_provenance(writer, &meter.source);
    writer.end().end();
}

fn read_meter(fields: Fields<'_>) -> Result<Meter> {
    Ok(Meter {
        function: fields.word("function")?,
        color: fields.word("color")?,
        size: fields.word("size")?,
        sides: fields.word("sides")?,
        unit: fields.word("unit")?,
        value: fields.value("value")?,
        exactness: fields.word("exactness")?,
        source: fields.child("source", read_provenance)?,
    })
}
