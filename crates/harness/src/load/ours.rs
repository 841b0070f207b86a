//! The agent's own scan as a client that is measured.

use super::{Assignment, Known, LoadError, Report, Task};
use pagetally_model::{AuditId, AuditTime, BootId, DeviceAudit, Level, PassId, Text, Timestamp};
use pagetally_printer_mib::{Context, Definitions, Knowledge, QuickPlan, ReadPlan, decode};
use pagetally_snmp::{Cancel, Guide, ScanConfig, ScanEvent, UsmAccess, scan_with};
use pagetally_snmp_engine::reader::DeviceMemory;
use pagetally_snmp_engine::{Answers, Ending, Plan, Query};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

/// What is kept of a first read for the second one.
pub(super) type Kept = HashMap<SocketAddr, KeptDevice>;

pub(super) struct KeptDevice {
    scan: pagetally_snmp::Known,
    knowledge: Knowledge,
}

/// A plan that asks nothing: a sweep ends with the find.
struct NoPlan;

impl Plan for NoPlan {
    fn next_query(&mut self, _so_far: &Answers) -> Option<Query> {
        None
    }
}

struct Pass<'a> {
    task: Task,
    definitions: &'a Definitions,
    kept: &'a Kept,
}

impl Guide for Pass<'_> {
    fn plan(&mut self, address: SocketAddr) -> Box<dyn Plan> {
        match (self.task, self.kept.get(&address)) {
            (Task::Sweep, _) => Box::new(NoPlan),
            (_, Some(kept)) => {
                let knowledge = kept.knowledge.clone();
                Box::new(QuickPlan::new(self.definitions, knowledge))
            }
            (_, None) => Box::new(ReadPlan::new(self.definitions)),
        }
    }

    fn known(&mut self, address: SocketAddr) -> Option<pagetally_snmp::Known> {
        Some(self.kept.get(&address)?.scan.clone())
    }
}

/// The first read, or the only one.
pub(super) fn run(assignment: &Assignment, kept: &mut Kept) -> Result<Report, LoadError> {
    let keep = (assignment.task == Task::Again).then_some(kept);
    pass(assignment, &Kept::new(), keep)
}

/// The read of devices that were read before.
pub(super) fn run_again(assignment: &Assignment, kept: &Kept) -> Result<Report, LoadError> {
    pass(assignment, kept, None)
}

fn pass(
    assignment: &Assignment,
    kept: &Kept,
    mut keep: Option<&mut Kept>,
) -> Result<Report, LoadError> {
    let definitions = Definitions::builtin();
    let users = assignment.v3.iter().map(|user| {
        Ok(UsmAccess {
            credential: Arc::new(user.credential()?),
            engines: Vec::new(),
            first_contact: true, // As the peers have it.
        })
    });
    let users = users.collect::<Result<Vec<_>, LoadError>>()?;
    let communities = match &assignment.v3 {
        Some(_) => Vec::new(),
        None => ScanConfig::default().communities,
    };
    let started = Instant::now();
    let config = ScanConfig {
        communities,
        users,
        timeout: assignment.timeout,
        retries: assignment.retries,
        datagrams_per_second: u32::MAX,
        max_in_flight: assignment.in_flight,
        // What the peers ask, too: one community over v2c, or one user.
        try_v1: false,
        detect_refusal: false,
        ..ScanConfig::default()
    };
    let mut report = Report::default();
    let mut last = started;
    let mut on_event = |event| match event {
        ScanEvent::Found { .. } => report.found += 1,
        ScanEvent::Read {
            address,
            community_index,
            answers,
            ending,
            memory,
            ..
        } => {
            last = Instant::now();
            report.complete += u64::from(matches!(ending, Ending::Complete));
            report.variables += u64::try_from(answers.len()).unwrap_or(0);
            let earlier = kept.get(&address).map(|kept| &kept.knowledge);
            if assignment.decode {
                let begun = Instant::now();
                let audit = audit(address, &answers, earlier, &definitions);
                report.decode += begun.elapsed();
                if let IpAddr::V4(address) = address.ip() {
                    report.read.insert(address, known(&audit));
                }
            }
            if let Some(keep) = &mut keep {
                let audit = audit(address, &answers, None, &definitions);
                if let Some(knowledge) = Knowledge::new(&answers, &audit, &definitions) {
                    let scan = kept_scan(community_index, *memory);
                    keep.insert(address, KeptDevice { scan, knowledge });
                }
            }
        }
        _ => {}
    };
    let mut guide = Pass {
        task: assignment.task,
        definitions: &definitions,
        kept,
    };
    let stats = scan_with(
        assignment.targets(),
        &config,
        &mut guide,
        &Cancel::new(),
        &mut on_event,
    )?;
    report.wall = match assignment.task {
        Task::Sweep => stats.elapsed,
        Task::Again | Task::Read => last.saturating_duration_since(started),
    };
    report.requests = stats.datagrams_sent;
    report.repeats = stats.retries;
    report.stalls = stats.send_stalls;
    Ok(report)
}

fn kept_scan(community_index: usize, memory: DeviceMemory) -> pagetally_snmp::Known {
    pagetally_snmp::Known {
        community_index,
        memory,
    }
}

/// What was read as an audit, completed by what does not move where only that was asked for.
fn audit(
    address: SocketAddr,
    answers: &Answers,
    earlier: Option<&Knowledge>,
    definitions: &Definitions,
) -> DeviceAudit {
    // Audits of a benchmark go nowhere: any id will do.
    let context = Context {
        id: AuditId::from_bytes([1; 16]),
        pass: PassId::from_bytes([2; 16]),
        time: AuditTime {
            wall: Timestamp::from_unix_millis(0),
            boot: BootId::from_bytes([3; 16]),
            monotonic_millis: 0,
            central_offset: None,
        },
        address: Some(address),
        protocol: Text::clean("snmp-v2c"),
    };
    let quick = earlier.filter(|earlier| earlier.evidence_of_change(answers).is_none());
    match quick {
        None => decode(answers, &context, definitions),
        Some(earlier) => {
            let mut audit = decode(&earlier.complete(answers), &context, definitions);
            earlier.mark(&mut audit, answers);
            audit
        }
    }
}

/// What an audit says of the values that differ from copy to copy.
fn known(audit: &DeviceAudit) -> Known {
    let percent = |level: &Level| match level {
        Level::OfCapacity { amount, .. } => Some(*amount),
        Level::Percent(percent) => Some(u64::from(*percent)),
        Level::Empty => Some(0),
        _ => None,
    };
    let serial = audit.identity.serial.as_ref();
    Known {
        serial: serial.map_or_else(String::new, ToString::to_string),
        meters: audit.meters.iter().map(|meter| meter.value).collect(),
        levels: audit
            .supplies
            .iter()
            .filter_map(|supply| percent(&supply.level.level))
            .collect(),
    }
}
