//! What the tests need from outside.

use pagetally_fleet_sim::SimDevice;
use pagetally_harness::fleet::recordings::{self, Copies};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Says loudly that something is not tested, or fails where everything must be.
fn missing(what: &str) {
    let required = std::env::var_os("PAGETALLY_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(!required, "{what} (and PAGETALLY_REQUIRE_PEERS=1)");
    // Not eprintln!, which the test runner swallows where a test passes.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {what}");
}

/// Whether net-snmp's tools are there.
pub(crate) fn has_net_snmp() -> bool {
    let found = ["snmpget", "snmpwalk", "snmpbulkwalk"].iter().all(|tool| {
        let mut command = Command::new(tool);
        command
            .arg("-V")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    });
    if !found {
        missing("net-snmp's tools are not installed (Debian: apt-get install snmp)");
    }
    found
}

/// The recordings, as devices; nothing where the folder is missing.
pub(crate) fn recordings() -> Option<Vec<SimDevice>> {
    let dir = std::env::var_os("PAGETALLY_RECORDINGS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/printers"),
        PathBuf::from,
    );
    if !dir.is_dir() {
        missing(&format!("no recordings in {}", dir.display()));
        return None;
    }
    let devices = recordings::load(&dir, Copies::default()).expect("readable recordings");
    assert!(!devices.is_empty(), "recordings in {}", dir.display());
    Some(devices)
}
