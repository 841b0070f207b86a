//! From answers to an audit.

use crate::definitions::{Definitions, Meaning};
use crate::device::Device;
use crate::identity::{Remarks, identity};
use crate::meters;
use crate::mib;
use crate::parts::{
    self, LevelClaim, alerts, apply_claims, covers, markers, outputs, status, supplies, trays,
};
use crate::reading::gap;
use crate::vendor::{Findings, Reading, readings};
use pagetally_model::{AUDIT_FORMAT, AuditId, AuditTime, DeviceAudit, Gap, Identity, PassId, Text};
use pagetally_snmp_engine::{Answers, ReadGap};
use std::net::SocketAddr;

/// Everything about one read that the answers do not tell.
#[derive(Clone, Debug)]
pub struct Context {
    /// The audit's id, made by the caller.
    pub id: AuditId,
    /// The pass that it belongs to.
    pub pass: PassId,
    /// When it was read.
    pub time: AuditTime,
    /// The address that answered; nothing for a recording.
    pub address: Option<SocketAddr>,
    /// `snmp-v1`, `snmp-v2c`, `snmp-v3`, `recording`...
    pub protocol: Text,
}

/// Who the device is, without the rest of an audit.
pub fn identify(answers: &Answers, definitions: &Definitions) -> Identity {
    let device = Device::new(answers, definitions, &mut Vec::new());
    identity(&device, None, &mut Remarks::default())
}

/// What the answers mean. It never fails: what cannot be read is a gap or an absent field, and
/// every field that is there has its provenance.
pub fn decode(answers: &Answers, context: &Context, definitions: &Definitions) -> DeviceAudit {
    let mut gaps: Vec<Gap> = answers.gaps().iter().map(read_gap).collect();
    let device = Device::new(answers, definitions, &mut gaps);
    let mut remarks = Remarks::default();
    let address = context.address.map(|address| address.ip());
    let identity = identity(&device, address, &mut remarks);
    gaps.append(&mut remarks.gaps);

    let markers = markers(&device, &mut gaps);
    let mut supplies = supplies(&device, &mut gaps);
    let mut findings = Findings::default();
    let readings = readings(&device, &mut findings);
    let (levels, meter_readings) = level_claims(readings);
    apply_claims(&device, &identity, &mut supplies, levels);
    let meters = meters::meters(meter_readings, &markers, &mut findings);
    gaps.append(&mut findings.gaps);
    let mut contradictions = remarks.contradictions;
    contradictions.append(&mut findings.contradictions);

    let status = status(&device, &mut gaps);
    let trays = trays(&device, &mut gaps);
    let outputs = outputs(&device, &mut gaps);
    contradictions.extend(parts::contradictions(&supplies, &trays, &outputs));
    let covers = covers(&device, &mut gaps);
    let alerts = alerts(&device, &mut gaps);
    let mut unique = Vec::with_capacity(gaps.len());
    for gap in gaps {
        if !unique.contains(&gap) {
            unique.push(gap);
        }
    }
    DeviceAudit {
        format: AUDIT_FORMAT,
        id: context.id,
        pass: context.pass,
        time: context.time,
        address: context.address,
        protocol: context.protocol.clone(),
        identity,
        status,
        meters,
        markers,
        supplies,
        trays,
        outputs,
        covers,
        alerts,
        gaps: unique,
        contradictions,
        comparison: None,
    }
}

/// A gap in the reading, by the table's name where it is a standard one's.
fn read_gap(read: &ReadGap) -> Gap {
    let tables = mib::tables();
    let table = tables
        .iter()
        .find(|table| read.oid.starts_with(table.entry()));
    let reason = read.reason.to_string();
    match table {
        Some(table) => gap(table.name, &reason),
        None => gap(&read.oid.to_string(), &reason),
    }
}

/// The readings that are levels, and the others.
fn level_claims(readings: Vec<Reading<'_>>) -> (Vec<LevelClaim<'_>>, Vec<Reading<'_>>) {
    let mut levels = Vec::new();
    let mut others = Vec::with_capacity(readings.len());
    for reading in readings {
        let Meaning::Level(target) = reading.meaning else {
            others.push(reading);
            continue;
        };
        let mut provenance = reading.provenance;
        provenance.unproven = reading.trust.unproven;
        let percent = u8::try_from(reading.value);
        if let Some(percent) = percent.ok().filter(|percent| *percent <= 100) {
            levels.push(LevelClaim {
                target,
                order: reading.order,
                percent,
                exactness: reading.trust.exactness(),
                provenance,
            });
        }
    }
    (levels, others)
}
