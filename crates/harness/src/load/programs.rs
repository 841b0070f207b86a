//! Peers that are programs of their own, as Debian has them.

mod braa;
mod exporter;
mod fusion;
mod net_snmp;
mod onesixtyone;

use super::{Assignment, LoadError, Report, Task};
use nix::sys::resource::{UsageWho, getrusage};
use std::io;
use std::process::Command;

/// A program that is measured, if it is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// `braa`, which asks many addresses at once; its walks do not come far.
    Braa,
    /// `fusioninventory-netinventory`, which makes XML of a printer.
    FusionInventory,
    /// net-snmp's `snmpbulkwalk`, one process a printer.
    NetSnmp,
    /// net-snmp's `snmpget` for names that are known beforehand, one process a request.
    NetSnmpGet,
    /// `onesixtyone`, which sweeps and does not read.
    Onesixtyone,
    /// `prometheus-snmp-exporter`, which is gosnmp behind a web server.
    SnmpExporter,
}

impl Tool {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Braa,
        Self::FusionInventory,
        Self::NetSnmp,
        Self::NetSnmpGet,
        Self::Onesixtyone,
        Self::SnmpExporter,
    ];

    /// How it is called in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Braa => "braa",
            Self::FusionInventory => "fusioninventory",
            Self::NetSnmp => "snmpbulkwalk",
            Self::NetSnmpGet => "snmpget",
            Self::Onesixtyone => "onesixtyone",
            Self::SnmpExporter => "snmp_exporter",
        }
    }

    /// The program.
    fn program(self) -> &'static str {
        match self {
            Self::Braa => "braa",
            Self::FusionInventory => "fusioninventory-netinventory",
            Self::NetSnmp => "snmpbulkwalk",
            Self::NetSnmpGet => "snmpget",
            Self::Onesixtyone => "onesixtyone",
            Self::SnmpExporter => "prometheus-snmp-exporter",
        }
    }

    /// Debian's package that has it.
    #[must_use]
    pub fn package(self) -> &'static str {
        match self {
            Self::Braa => "braa",
            Self::FusionInventory => "fusioninventory-agent-task-network",
            Self::NetSnmp | Self::NetSnmpGet => "snmp",
            Self::Onesixtyone => "onesixtyone",
            Self::SnmpExporter => "prometheus-snmp-exporter",
        }
    }

    /// Its version, as its package has it; nothing where it is not installed.
    #[must_use]
    pub fn version(self) -> Option<String> {
        // Whoever starts may complain that nobody told it what to do.
        Command::new(self.program())
            .arg("--version")
            .output()
            .ok()?;
        let asked = Command::new("dpkg-query")
            .args(["-W", "-f", "${Version}", self.package()])
            .output();
        let known = asked.ok().filter(|asked| asked.status.success());
        let version = known.map(|asked| String::from_utf8_lossy(&asked.stdout).into_owned());
        Some(version.unwrap_or_else(|| "of unknown version".to_owned()))
    }

    /// Whether it can do this for so many printers within minutes.
    #[must_use]
    pub fn can(self, task: Task, printers: u32, v3: bool) -> bool {
        match self {
            Self::Braa | Self::Onesixtyone => task == Task::Sweep && !v3,
            Self::FusionInventory => task == Task::Read && printers <= 1_000,
            Self::NetSnmp | Self::SnmpExporter => task != Task::Sweep && printers <= 1_000,
            Self::NetSnmpGet => task == Task::Read && printers == 1,
        }
    }

    /// Takes an assignment; the cost of the programs is counted by whoever waits for them.
    pub(super) fn run(self, assignment: &Assignment) -> Result<Report, LoadError> {
        let mut report = match (self, assignment.task) {
            (Self::Braa, Task::Sweep) => braa::sweep(assignment)?,
            (Self::Onesixtyone, Task::Sweep) => onesixtyone::sweep(assignment)?,
            (Self::FusionInventory, Task::Read) => fusion::read(assignment)?,
            (Self::NetSnmp, Task::Again | Task::Read) => net_snmp::walk(assignment)?,
            (Self::NetSnmpGet, Task::Again | Task::Read) => net_snmp::get(assignment)?,
            (Self::SnmpExporter, Task::Again | Task::Read) => exporter::read(assignment)?,
            _ => {
                let why = format!("{} cannot do that", self.name());
                let error = io::Error::new(io::ErrorKind::Unsupported, why);
                return Err(LoadError::Client(error));
            }
        };
        report.peak_kb = children_kb();
        Ok(report)
    }
}

/// The most memory that one of the programs had, in kilobytes.
fn children_kb() -> u64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN);
    usage.map_or(0, |usage| u64::try_from(usage.max_rss()).unwrap_or(0))
}
