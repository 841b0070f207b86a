//! `fusioninventory-netinventory`: reads what it knows of printers and makes XML of it.

use crate::load::{Assignment, LoadError, Report};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Threads of Perl, each with a copy of the program in memory.
const THREADS: usize = 8;

pub(super) fn read(assignment: &Assignment) -> Result<Report, LoadError> {
    let mut command = Command::new("fusioninventory-netinventory");
    for address in assignment.targets() {
        command.arg("--host").arg(address.ip().to_string());
    }
    let credentials = match &assignment.v3 {
        None => "version:2c,community:public".to_owned(),
        Some(user) => format!(
            "version:3,username:{},authprotocol:sha,authpassword:{},privprotocol:aes,privpassword:{}",
            user.name, user.auth, user.privacy
        ),
    };
    let threads = assignment.in_flight.min(THREADS);
    let started = Instant::now();
    let output = command
        .args(["--port", &assignment.port.to_string()])
        .args(["--credentials", &credentials])
        .args([
            "--timeout",
            &assignment.timeout.as_secs().max(1).to_string(),
        ])
        .args(["--threads", &threads.to_string()])
        .args(["--type", "PRINTER"])
        .stderr(Stdio::null())
        .output()
        .map_err(LoadError::Client)?;
    let text = String::from_utf8_lossy(&output.stdout);
    // Which printers said who they are; what it asks for is its own affair, so nothing says "complete".
    let serials = text.matches("<SERIAL>LOAD").count();
    Ok(Report {
        wall: started.elapsed(),
        found: u64::try_from(serials).unwrap_or(u64::MAX),
        complete: u64::try_from(serials).unwrap_or(u64::MAX),
        ..Report::default()
    })
}
