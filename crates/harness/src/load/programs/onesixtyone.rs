//! `onesixtyone` asks each address once and waits for no answer in particular.

use crate::load::{Assignment, LoadError, Report};
use std::io::Write as _;
use std::process::Command;
use std::time::Instant;

pub(super) fn sweep(assignment: &Assignment) -> Result<Report, LoadError> {
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
        ..Report::default()
    })
}
