//! Peers that are programs of their own: net-snmp's walker and onesixtyone.

use super::{Assignment, LoadError, Report, Task};
use nix::sys::resource::{UsageWho, getrusage};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// Walkers that run at the same time: more do not get through faster on few cores.
const WALKERS: usize = 16;

/// Walks every printer by a `snmpbulkwalk` of its own.
pub(super) fn net_snmp(assignment: &Assignment) -> Result<Report, LoadError> {
    if assignment.task == Task::Sweep {
        return Err(unable("snmpbulkwalk does not sweep"));
    }
    let started = Instant::now();
    let mut report = Report::default();
    let mut targets = assignment.targets();
    loop {
        let next = targets.by_ref().take(WALKERS);
        let walkers = next.map(|address| walker(assignment, address));
        let walkers: Vec<Child> = walkers
            .collect::<io::Result<_>>()
            .map_err(LoadError::Client)?;
        if walkers.is_empty() {
            break;
        }
        for walker in walkers {
            let output = walker.wait_with_output().map_err(LoadError::Client)?;
            let lines = output
                .stdout
                .iter()
                .filter(|octet| **octet == b'\n')
                .count();
            report.variables += u64::try_from(lines).unwrap_or(0);
            report.complete += u64::from(output.status.success());
        }
    }
    report.found = report.complete;
    report.wall = started.elapsed();
    report.peak_kb = children_kb();
    Ok(report)
}

fn walker(assignment: &Assignment, address: SocketAddr) -> io::Result<Child> {
    let mut command = Command::new("snmpbulkwalk");
    match &assignment.v3 {
        None => command.args(["-v2c", "-c", "public"]),
        Some(user) => command
            .args(["-v3", "-l", "authPriv", "-u", &user.name])
            .args(["-a", "SHA", "-A", &user.auth])
            .args(["-x", "AES", "-X", &user.privacy]),
    };
    command
        .args(["-On", "-Cr62"])
        .arg(format!("-t{}", assignment.timeout.as_secs_f64()))
        .arg(format!("-r{}", assignment.retries))
        .arg(address.to_string())
        .arg(".1.3.6.1")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
}

/// Sweeps by `onesixtyone`, which asks each address once and waits for no answer in particular.
pub(super) fn onesixtyone(assignment: &Assignment) -> Result<Report, LoadError> {
    if assignment.task != Task::Sweep {
        return Err(unable("onesixtyone does not read"));
    }
    let mut hosts = tempfile::NamedTempFile::new().map_err(LoadError::Client)?;
    for address in assignment.targets() {
        writeln!(hosts, "{}", address.ip()).map_err(LoadError::Client)?;
    }
    hosts.flush().map_err(LoadError::Client)?;
    let started = Instant::now();
    let output = Command::new("onesixtyone")
        .arg("-i")
        .arg(hosts.path())
        .args(["-w", "0", "-p", &assignment.port.to_string(), "public"])
        .output()
        .map_err(LoadError::Client)?;
    let lines = output.stdout.split(|octet| *octet == b'\n');
    let found = lines.filter(|line| line.windows(8).any(|part| part == b"[public]"));
    Ok(Report {
        wall: started.elapsed(),
        found: u64::try_from(found.count()).unwrap_or(0),
        peak_kb: children_kb(),
        ..Report::default()
    })
}

fn unable(why: &'static str) -> LoadError {
    LoadError::Client(io::Error::new(io::ErrorKind::Unsupported, why))
}

/// The most memory that one of the programs had, in kilobytes.
fn children_kb() -> u64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN);
    usage.map_or(0, |usage| u64::try_from(usage.max_rss()).unwrap_or(0))
}
