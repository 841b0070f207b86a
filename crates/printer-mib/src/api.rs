//! The crate's face.

use pagetally_model::{
    AUDIT_FORMAT, AuditId, AuditTime, DeviceAudit, DeviceState, DeviceStatus, Identity, PassId,
    PrinterState, Sources, Text,
};
use pagetally_snmp_engine::{Answers, Ask, Oid, Plan, Query};
use std::net::SocketAddr;
use std::sync::Arc;

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
    /// `snmp-v1`, `snmp-v2c`, `recording`...
    pub protocol: Text,
}

/// Vendor knowledge, parsed once; cheap to clone.
#[derive(Clone, Debug)]
pub struct Definitions(Arc<Inner>);

#[derive(Debug)]
struct Inner {}

impl Definitions {
    /// The definitions that ship with this crate.
    pub fn builtin() -> Self {
        Self(Arc::new(Inner {}))
    }
}

/// What a device is, as far as its answers tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// A printer, by its own word.
    Printer,
    /// Certainly something else.
    Other,
    /// The answers so far do not tell.
    Unsure,
}

/// Asks what an audit needs, in few stages. Drive it as [`Plan`] says.
#[derive(Clone, Debug)]
pub struct ReadPlan {
    definitions: Definitions,
    stage: u8,
}

impl ReadPlan {
    /// A plan for one read of one device.
    pub fn new(definitions: &Definitions) -> Self {
        Self {
            definitions: definitions.clone(),
            stage: 0,
        }
    }
}

impl Plan for ReadPlan {
    fn next_query(&mut self, so_far: &Answers) -> Option<Query> {
        let _ = (&self.definitions, so_far);
        self.stage += 1;
        (self.stage == 1).then(probe)
    }
}

/// What a sweep asks an unknown address in its first packet: enough for [`classify`] to say "no
/// printer" of most that are none.
pub fn probe() -> Query {
    let names: [&[u32]; 3] = [
        &[1, 3, 6, 1, 2, 1, 1, 1, 0],
        &[1, 3, 6, 1, 2, 1, 1, 2, 0],
        &[1, 3, 6, 1, 2, 1, 25, 3, 2, 1, 2, 1],
    ];
    let asks = names
        .into_iter()
        .map(|arcs| Ask::Instance(Oid::default().child(arcs)))
        .collect();
    Query { asks }
}

/// What the device is, by what it answered so far.
pub fn classify(answers: &Answers, definitions: &Definitions) -> Class {
    let _ = (answers, definitions);
    Class::Unsure
}

/// Whether [`classify`] says printer.
pub fn is_printer(answers: &Answers, definitions: &Definitions) -> bool {
    classify(answers, definitions) == Class::Printer
}

/// Who the device is.
pub fn identify(answers: &Answers, definitions: &Definitions) -> Identity {
    let _ = (answers, definitions);
    Identity::default()
}

/// What the answers mean.
pub fn decode(answers: &Answers, context: &Context, definitions: &Definitions) -> DeviceAudit {
    DeviceAudit {
        format: AUDIT_FORMAT,
        id: context.id,
        pass: context.pass,
        time: context.time,
        address: context.address,
        protocol: context.protocol.clone(),
        identity: identify(answers, definitions),
        status: DeviceStatus {
            printer: PrinterState::Unknown,
            device: DeviceState::Unknown,
            conditions: Vec::new(),
            console: Vec::new(),
            sources: Sources::new(),
        },
        meters: Vec::new(),
        markers: Vec::new(),
        supplies: Vec::new(),
        trays: Vec::new(),
        outputs: Vec::new(),
        covers: Vec::new(),
        alerts: Vec::new(),
        gaps: Vec::new(),
        contradictions: Vec::new(),
    }
}
