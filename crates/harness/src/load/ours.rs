//! The agent's own scan as a client that is measured.

use super::{Assignment, Known, LoadError, Report, Task};
use pagetally_model::{DeviceAudit, Level};
use pagetally_onsite::{Clocks, ReplayIds};
use pagetally_printer_mib::{Context, Definitions, ReadPlan, decode};
use pagetally_snmp::{Cancel, ScanConfig, ScanEvent, scan};
use pagetally_snmp_engine::{Answers, Ending, Plan, Query};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// A plan that asks nothing: a sweep ends with the find.
struct NoPlan;

impl Plan for NoPlan {
    fn next_query(&mut self, _so_far: &Answers) -> Option<Query> {
        None
    }
}

pub(super) fn run(assignment: &Assignment) -> Result<Report, LoadError> {
    let definitions = Definitions::builtin();
    let ids = ReplayIds::fresh(&Clocks::start()?)?;
    let config = ScanConfig {
        timeout: assignment.timeout,
        retries: assignment.retries,
        datagrams_per_second: u32::MAX,
        max_in_flight: assignment.in_flight,
        // What the peers ask, too: one community over v2c.
        try_v1: false,
        detect_refusal: false,
        ..ScanConfig::default()
    };
    let mut report = Report::default();
    let mut decoding = Duration::ZERO;
    let mut plan_for = |_: SocketAddr| -> Box<dyn Plan> {
        match assignment.task {
            Task::Sweep => Box::new(NoPlan),
            Task::Read => Box::new(ReadPlan::new(&definitions)),
        }
    };
    let started = Instant::now();
    let mut last = started;
    let mut on_event = |event| match event {
        ScanEvent::Found { .. } => report.found += 1,
        ScanEvent::Read {
            address,
            answers,
            ending,
            ..
        } => {
            last = Instant::now();
            report.complete += u64::from(matches!(ending, Ending::Complete));
            report.variables += u64::try_from(answers.len()).unwrap_or(0);
            if assignment.decode {
                let begun = Instant::now();
                let context = Context {
                    id: ids.audit,
                    pass: ids.pass,
                    time: ids.time,
                    address: Some(address),
                    protocol: pagetally_model::Text::clean("snmp-v2c"),
                };
                let audit = decode(&answers, &context, &definitions);
                decoding += begun.elapsed();
                if let IpAddr::V4(address) = address.ip() {
                    report.read.insert(address, known(&audit));
                }
            }
        }
        _ => {}
    };
    let stats = scan(
        assignment.targets(),
        &config,
        &mut plan_for,
        &Cancel::new(),
        &mut on_event,
    )?;
    report.wall = match assignment.task {
        Task::Sweep => stats.elapsed,
        Task::Read => last.saturating_duration_since(started),
    };
    report.decode = decoding;
    report.requests = stats.datagrams_sent;
    Ok(report)
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
