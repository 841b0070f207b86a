//! `braa`: a stack of its own that asks many addresses at once.
//!
//! Its walks are not measured: Debian's 0.82 ended them after two variables of these printers, and elsewhere
//! with "Message cannot be decoded!".

use crate::load::{Assignment, LoadError, Report};
use std::collections::HashSet;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Instant;

/// sysDescr.0 of every address.
pub(super) fn sweep(assignment: &Assignment) -> Result<Report, LoadError> {
    let mut queries = tempfile::NamedTempFile::new().map_err(LoadError::Client)?;
    for line in ranges(assignment) {
        let port = assignment.port;
        writeln!(queries, "public@{line}:{port}:.1.3.6.1.2.1.1.1.0").map_err(LoadError::Client)?;
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
    // `127.80.0.1:12ms:.0:Some printer`, and of who is silent nothing of the kind.
    let text = String::from_utf8_lossy(&output.stdout);
    let found: HashSet<&str> = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .filter(|(_, rest)| rest.contains("ms:."))
        .map(|(address, _)| address)
        .collect();
    Ok(Report {
        wall,
        found: u64::try_from(found.len()).unwrap_or(u64::MAX),
        ..Report::default()
    })
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
