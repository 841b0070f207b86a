//! net-snmp's command line tools, a process for each printer or request.

use crate::load::device::Prototype;
use crate::load::{Assignment, LoadError, Report};
use std::io;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// Processes that run at the same time: more do not get through faster on few cores.
const AT_ONCE: usize = 16;

/// Names in one `snmpget`: their answers fit into 1,472 octets.
const NAMES: usize = 30;

/// Walks every printer by a `snmpbulkwalk` of its own.
pub(super) fn walk(assignment: &Assignment) -> Result<Report, LoadError> {
    let started = Instant::now();
    let mut report = Report::default();
    let mut targets = assignment.targets();
    loop {
        let next = targets.by_ref().take(AT_ONCE);
        let walkers = next.map(|address| {
            let mut walker = command("snmpbulkwalk", assignment);
            walker.arg("-Cr62").arg(address.to_string()).arg(".1.3.6.1");
            walker.spawn()
        });
        let walkers: Vec<Child> = walkers
            .collect::<io::Result<_>>()
            .map_err(LoadError::Client)?;
        if walkers.is_empty() {
            break;
        }
        for walker in walkers {
            let (lines, success) = finish(walker)?;
            report.variables += lines;
            report.complete += u64::from(success);
        }
    }
    report.found = report.complete;
    report.wall = started.elapsed();
    Ok(report)
}

/// Asks every printer for all its names, which are known beforehand, one request after another.
pub(super) fn get(assignment: &Assignment) -> Result<Report, LoadError> {
    let prototype = Prototype::new().ok_or(LoadError::NoModel)?;
    let names = prototype.device.walk();
    let names: Vec<String> = names
        .iter()
        .map(|varbind| format!(".{}", varbind.oid))
        .collect();
    let started = Instant::now();
    let mut report = Report::default();
    for address in assignment.targets() {
        let had = get_all(assignment, address, &names)?;
        report.variables += had;
        let all = u64::try_from(names.len()).unwrap_or(u64::MAX);
        // Long values take several lines.
        report.complete += u64::from(had >= all);
    }
    report.found = report.complete;
    report.wall = started.elapsed();
    Ok(report)
}

fn get_all(
    assignment: &Assignment,
    address: SocketAddr,
    names: &[String],
) -> Result<u64, LoadError> {
    let mut had = 0;
    for names in names.chunks(NAMES) {
        let mut getter = command("snmpget", assignment);
        getter.arg(address.to_string()).args(names);
        had += finish(getter.spawn().map_err(LoadError::Client)?)?.0;
    }
    Ok(had)
}

/// How many lines a tool printed, and whether it was content.
fn finish(child: Child) -> Result<(u64, bool), LoadError> {
    let output = child.wait_with_output().map_err(LoadError::Client)?;
    let lines = output.stdout.iter().filter(|octet| **octet == b'\n');
    let lines = u64::try_from(lines.count()).unwrap_or(u64::MAX);
    Ok((lines, output.status.success()))
}

fn command(tool: &str, assignment: &Assignment) -> Command {
    let mut command = Command::new(tool);
    match &assignment.v3 {
        None => command.args(["-v2c", "-c", "public"]),
        Some(user) => command
            .args(["-v3", "-l", "authPriv", "-u", &user.name])
            .args(["-a", "SHA", "-A", &user.auth])
            .args(["-x", "AES", "-X", &user.privacy]),
    };
    command
        // Values as they are, each on a line of its own.
        .args(["-On", "-Oe", "-Ox"])
        .arg(format!("-t{}", assignment.timeout.as_secs_f64()))
        .arg(format!("-r{}", assignment.retries))
        // Nothing is looked up by its name.
        .env("MIBS", "")
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}
