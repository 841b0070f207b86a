//! `braa`: a stack of its own that asks many printers at once, one variable of each at a time.

use crate::load::device::VARIABLES;
use crate::load::{Assignment, LoadError, Report};
use std::collections::HashMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Instant;

/// sysDescr.0 of every address.
pub(super) fn sweep(assignment: &Assignment) -> Result<Report, LoadError> {
    let (lines, mut report) = ask(assignment, ".1.3.6.1.2.1.1.1.0")?;
    report.found = u64::try_from(lines.len()).unwrap_or(u64::MAX);
    Ok(report)
}

/// Everything, by walking.
pub(super) fn read(assignment: &Assignment) -> Result<Report, LoadError> {
    let (lines, mut report) = ask(assignment, ".1.3.6.1.*")?;
    report.found = u64::try_from(lines.len()).unwrap_or(u64::MAX);
    let all = |had: &&usize| **had >= VARIABLES;
    report.complete = u64::try_from(lines.values().filter(all).count()).unwrap_or(u64::MAX);
    report.variables = u64::try_from(lines.values().sum::<usize>()).unwrap_or(u64::MAX);
    Ok(report)
}

/// The lines with a value, by address: `127.80.0.1:12ms:.1.3.6.1.2.1.1.1.0:Some printer`.
fn ask(
    assignment: &Assignment,
    query: &str,
) -> Result<(HashMap<String, usize>, Report), LoadError> {
    let mut queries = tempfile::NamedTempFile::new().map_err(LoadError::Client)?;
    for line in ranges(assignment) {
        writeln!(queries, "public@{line}:{}:{query}", assignment.port)
            .map_err(LoadError::Client)?;
    }
    queries.flush().map_err(LoadError::Client)?;
    let started = Instant::now();
    let output = Command::new("braa")
        .args(["-2", "-x", "-f"])
        .arg(queries.path())
        .arg("-t")
        .arg(assignment.timeout.as_secs().max(1).to_string())
        .arg("-r")
        .arg(assignment.retries.to_string())
        .output()
        .map_err(LoadError::Client)?;
    let wall = started.elapsed();
    let mut lines = HashMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if let Some((address, rest)) = line.split_once(':')
            && rest.contains("ms:.1.3.6.1.")
        {
            *lines.entry(address.to_owned()).or_default() += 1;
        }
    }
    let report = Report {
        wall,
        ..Report::default()
    };
    Ok((lines, report))
}

/// Addresses side by side as `first-last`.
fn ranges(assignment: &Assignment) -> Vec<String> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    let mut addresses: Vec<u32> = assignment
        .targets()
        .filter_map(|address| match address {
            SocketAddr::V4(v4) => Some(u32::from(*v4.ip())),
            SocketAddr::V6(_) => None,
        })
        .collect();
    addresses.sort_unstable();
    for address in addresses {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(address) => *last = address,
            _ => runs.push((address, address)),
        }
    }
    let text = |address: u32| std::net::Ipv4Addr::from(address).to_string();
    runs.into_iter()
        .map(|(first, last)| format!("{}-{}", text(first), text(last)))
        .collect()
}
