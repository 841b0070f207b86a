//! The audit: everything read from one device at one time.

use crate::{
    Alert, AlertSeverity, AuditId, AuditTime, ComparedValue, Comparison, CounterUnit, Cover,
    DeviceStatus, Marker, Meter, Output, PassId, Source, Sources, Supply, SupplyKind, Text, Tray,
};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// The version of the audit document that this crate writes.
pub const AUDIT_FORMAT: u32 = 1;

/// Who and where the device is. Only Central turns this evidence into a device's identity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Identity {
    /// The maker whose name is on the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<Text>,
    /// The model, without the maker's name in front.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Text>,
    /// The device's serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<Text>,
    /// The main firmware's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firmware: Option<Text>,
    /// The network name (sysName or the maker's own object).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<Text>,
    /// sysLocation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Text>,
    /// sysContact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Text>,
    /// The network card's address, `00:11:22:aa:bb:cc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<Text>,
    /// The owner's asset number, where the device stores one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset: Option<Text>,
    /// sysDescr.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// sysObjectID, dotted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_id: Option<Text>,
    /// snmpEngineID in hexadecimal (RFC 3411), where the device speaks v3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine_id: Option<Text>,
    /// sysUpTime in hundredths of a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime_centis: Option<u64>,
    /// Where each field came from.
    pub sources: Sources,
}

/// Something that was to be read and could not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Gap {
    /// What was asked for: a table or group by name, or an object identifier.
    pub what: Text,
    /// Why there is no answer.
    pub reason: Text,
}

/// Readings of one audit, or of one and the one before it, that cannot all be right. Nothing is
/// repaired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Contradiction {
    /// What was compared, such as `total = mono + color`.
    pub rule: Text,
    /// The values that disagree, in words.
    pub detail: Text,
    /// Where they came from, where they are not readings of this audit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}

/// Everything read from one device at one time. Immutable once stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeviceAudit {
    /// [`AUDIT_FORMAT`] when it was written.
    pub format: u32,
    /// This audit.
    pub id: AuditId,
    /// The pass that it belongs to.
    pub pass: PassId,
    /// When it was read.
    pub time: AuditTime,
    /// The address that answered; absent for a recording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<SocketAddr>,
    /// How it was read: `snmp-v1`, `snmp-v2c`, `snmp-v3`, `recording`...
    pub protocol: Text,
    /// Who the device is.
    pub identity: Identity,
    /// What it says of itself now.
    pub status: DeviceStatus,
    /// Counters.
    pub meters: Vec<Meter>,
    /// Print engines.
    pub markers: Vec<Marker>,
    /// Supplies.
    pub supplies: Vec<Supply>,
    /// Inputs of media.
    pub trays: Vec<Tray>,
    /// Outputs of media.
    pub outputs: Vec<Output>,
    /// Covers.
    pub covers: Vec<Cover>,
    /// Open alerts.
    pub alerts: Vec<Alert>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
    /// What cannot be true together.
    pub contradictions: Vec<Contradiction>,
    /// What it says against the audit before it; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
}

/// A field that holds a value and has no provenance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path} has a value and no source")]
pub struct UnsourcedField {
    /// The field's path in the document, such as `supplies[2].capacity`.
    pub path: String,
}

impl DeviceAudit {
    /// Checks the promise that no value stands without its provenance.
    ///
    /// # Errors
    ///
    /// The first field that breaks it.
    pub fn check_sources(&self) -> Result<(), UnsourcedField> {
        let id = &self.identity;
        let mut check = Check {
            at: "identity".to_owned(),
            sources: &id.sources,
            found: None,
        };
        for (field, present) in [
            ("manufacturer", id.manufacturer.is_some()),
            ("model", id.model.is_some()),
            ("serial", id.serial.is_some()),
            ("firmware", id.firmware.is_some()),
            ("hostname", id.hostname.is_some()),
            ("location", id.location.is_some()),
            ("contact", id.contact.is_some()),
            ("mac", id.mac.is_some()),
            ("asset", id.asset.is_some()),
            ("description", id.description.is_some()),
            ("objectId", id.object_id.is_some()),
            ("engineId", id.engine_id.is_some()),
            ("uptimeCentis", id.uptime_centis.is_some()),
        ] {
            check.field(field, present);
        }
        check.group("status".to_owned(), &self.status.sources);
        check.field("conditions", !self.status.conditions.is_empty());
        for row in 0..self.status.console.len() {
            match row {
                0 => check.field("console", true),
                row => check.field(&format!("console[{row}]"), true),
            }
        }
        check.field(
            "printer",
            self.status.printer != crate::PrinterState::Unknown,
        );
        check.field("device", self.status.device != crate::DeviceState::Unknown);
        for (index, marker) in self.markers.iter().enumerate() {
            check.group(format!("markers[{index}]"), &marker.sources);
            check.field("technology", marker.technology.is_some());
            check.field("lifeCount", marker.life_count.is_some());
            check.field("powerOnCount", marker.power_on_count.is_some());
            check.field("unit", marker.unit != CounterUnit::Unknown);
        }
        for (index, supply) in self.supplies.iter().enumerate() {
            check.group(format!("supplies[{index}]"), &supply.sources);
            check.field("description", supply.description.is_some());
            check.field("colorant", supply.colorant.is_some());
            // Class and what the level measures may follow from the kind.
            let says_nothing = matches!(supply.kind, SupplyKind::Unknown | SupplyKind::Other);
            check.field("kind", !says_nothing);
            check.field("unit", supply.unit != CounterUnit::Unknown);
            check.field("level", supply.level.level != crate::Level::Unknown);
            check.field("capacity", supply.capacity.is_some());
            check.field("partNumber", supply.part_number.is_some());
            check.field("serial", supply.serial.is_some());
            check.field("replaced", supply.replaced.is_some());
        }
        for (index, tray) in self.trays.iter().enumerate() {
            check.group(format!("trays[{index}]"), &tray.sources);
            check.field("name", tray.name.is_some());
            check.field("description", tray.description.is_some());
            check.field("kind", tray.kind.is_some());
            check.field("media", tray.media.is_some());
            check.field("level", tray.level.level != crate::Level::Unknown);
            check.field("capacity", tray.capacity.is_some());
            check.field("unit", tray.unit != CounterUnit::Unknown);
            check.field("status", tray.status.is_some());
        }
        for (index, output) in self.outputs.iter().enumerate() {
            check.group(format!("outputs[{index}]"), &output.sources);
            check.field("name", output.name.is_some());
            check.field("description", output.description.is_some());
            check.field("level", output.level.level != crate::Level::Unknown);
            check.field("capacity", output.capacity.is_some());
            check.field("unit", output.unit != CounterUnit::Unknown);
            check.field("status", output.status.is_some());
        }
        for (index, cover) in self.covers.iter().enumerate() {
            check.group(format!("covers[{index}]"), &cover.sources);
            check.field("description", cover.description.is_some());
            check.field("status", true);
        }
        for (index, alert) in self.alerts.iter().enumerate() {
            check.group(format!("alerts[{index}]"), &alert.sources);
            check.field("severity", alert.severity != AlertSeverity::Other);
            check.field("training", alert.training.is_some());
            check.field("group", alert.group.is_some());
            check.field("groupIndex", alert.group_index.is_some());
            check.field("code", alert.code.is_some());
            check.field("description", alert.description.is_some());
            check.field(
                "raisedAtUptimeCentis",
                alert.raised_at_uptime_centis.is_some(),
            );
        }
        for (index, supply) in self.supplies.iter().enumerate() {
            if supply.replaced.is_some()
                && let Some(provenance) = supply.sources.get("replaced")
            {
                check.compared(&format!("supplies[{index}].replaced"), &provenance.source);
            }
        }
        let changes = self.comparison.iter().flat_map(|found| &found.changes);
        for (index, change) in changes.enumerate() {
            check.compared(
                &format!("comparison.changes[{index}]"),
                &change.source.source,
            );
        }
        check.found.map_or(Ok(()), Err)
    }

    /// Every source that was read for this audit, losing witnesses and derived inputs included. What
    /// the document repeats of earlier audits is left out.
    pub fn all_sources(&self) -> Vec<&Source> {
        let groups = std::iter::once(&self.identity.sources)
            .chain(std::iter::once(&self.status.sources))
            .chain(self.markers.iter().map(|part| &part.sources))
            .chain(self.supplies.iter().map(|part| &part.sources))
            .chain(self.trays.iter().map(|part| &part.sources))
            .chain(self.outputs.iter().map(|part| &part.sources))
            .chain(self.covers.iter().map(|part| &part.sources))
            .chain(self.alerts.iter().map(|part| &part.sources));
        let changes = self.comparison.iter().flat_map(|found| &found.changes);
        let mut found = Vec::new();
        for contradiction in &self.contradictions {
            if let Some(source) = &contradiction.source {
                collect(source, &mut found);
            }
        }
        for provenance in groups
            .flat_map(|group| group.values())
            .chain(self.meters.iter().map(|m| &m.source))
            .chain(changes.map(|change| &change.source))
            .filter(|provenance| provenance.read_at.is_none())
        {
            collect(&provenance.source, &mut found);
            for witness in &provenance.witnesses {
                collect(&witness.source, &mut found);
            }
        }
        found
    }
}

fn collect<'a>(source: &'a Source, into: &mut Vec<&'a Source>) {
    into.push(source);
    match source {
        Source::Derived { inputs, .. } => {
            for input in inputs {
                collect(&input.source, into);
            }
        }
        Source::Compared { values, .. } => {
            for said in values.iter().filter_map(|value| value.now.as_ref()) {
                collect(&said.source, into);
            }
        }
        _ => {}
    }
}

struct Check<'a> {
    at: String,
    sources: &'a Sources,
    found: Option<UnsourcedField>,
}

impl<'a> Check<'a> {
    fn group(&mut self, at: String, sources: &'a Sources) {
        self.at = at;
        self.sources = sources;
    }

    /// A conclusion from two audits shows what it held side by side.
    fn compared(&mut self, path: &str, source: &Source) {
        let shown = match source {
            Source::Compared { values, .. } => {
                let said = |value: &ComparedValue| value.earlier.is_some() || value.now.is_some();
                !values.is_empty() && values.iter().all(said)
            }
            _ => true,
        };
        if !shown && self.found.is_none() {
            self.found = Some(UnsourcedField {
                path: path.to_owned(),
            });
        }
    }

    fn field(&mut self, field: &str, present: bool) {
        if present && self.found.is_none() && !self.sources.contains_key(field) {
            self.found = Some(UnsourcedField {
                path: format!("{}.{field}", self.at),
            });
        }
    }
}
