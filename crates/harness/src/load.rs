//! Thousands of printers played from one process, and how fast clients get through them.
//!
//! A [`LoadServer`] plays copies of one colour MFP on loopback addresses from encoded answers, with
//! latency, losses, message sizes and one-at-a-time manners. [`run`] takes an [`Assignment`] as a
//! client that is measured: the agent's own scan, or the floor, a bare socket loop that decodes
//! nothing. Each client runs in a process of its own, so that its cost is its own.
//!
//! Linux only: one socket for many addresses needs IP_PKTINFO, and batches need recvmmsg.

mod device;
mod floor;
mod ours;
mod programs;
mod secure;
mod server;
mod template;
mod tlv;
pub mod workload;

pub use device::{Copy, VARIABLES};
pub use programs::Tool;
pub use server::{LoadConfig, LoadServer, LoadStats};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

/// A load that cannot be played or taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// Addresses outside 127.0.0.0/8 are other people's.
    #[error("the printers from {base} on do not all lie within 127.0.0.0/8")]
    NotLoopback {
        /// The first address.
        base: Ipv4Addr,
    },
    /// The simulated model that is copied has gone.
    #[error("the demo fleet has no model to copy")]
    NoModel,
    /// The socket of the printers cannot be had.
    #[error("cannot open the printers' socket on the loopback interface")]
    Socket(#[source] nix::Error),
    /// A thread cannot be started.
    #[error("cannot start the printers' thread")]
    Thread(#[source] io::Error),
    /// The client's own socket fails.
    #[error("the client's socket fails")]
    Client(#[source] io::Error),
    /// The agent's scan fails.
    #[error("the scan fails")]
    Scan(#[from] pagetally_snmp::SnmpError),
    /// The user of SNMPv3 cannot be one.
    #[error("the user of SNMPv3 cannot be one")]
    User(#[from] pagetally_snmp_engine::usm::UsmUserError),
    /// The cost of the run cannot be told.
    #[error("the system does not tell what the run cost")]
    Usage(#[source] nix::Error),
}

/// What a client has to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Assignment {
    /// Sweep, or read all.
    pub task: Task,
    /// Where to look: the first address and how many from there on; or else `addresses`.
    pub range: Option<(Ipv4Addr, u32)>,
    /// The printers' addresses.
    pub addresses: Vec<Ipv4Addr>,
    /// Their port.
    pub port: u16,
    /// How long to wait for an answer.
    pub timeout: Duration,
    /// How often to ask again.
    pub retries: u32,
    /// Printers that are read at the same time.
    pub in_flight: usize,
    /// Whether our own client also decodes what it read.
    pub decode: bool,
    /// Who asks, where the printers speak SNMPv3 alone; else the community "public" over v2c.
    #[serde(default)]
    pub v3: Option<V3User>,
}

/// The user of SNMPv3 whom the printers let in, with SHA-1 and AES-128. Its passphrases open nothing but
/// printers that are played.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct V3User {
    /// The user's name.
    pub name: String,
    /// The passphrase of authentication.
    pub auth: String,
    /// The passphrase of privacy.
    pub privacy: String,
}

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Find the printers.
    Sweep,
    /// Read the printers.
    Read,
    /// Read the printers, let things change, and read them again: the second read is measured.
    Again,
}

impl Assignment {
    /// Every address to ask.
    pub fn targets(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        let (base, count) = self.range.unwrap_or((Ipv4Addr::LOCALHOST, 0));
        let range =
            (0..count).map(move |offset| Ipv4Addr::from(u32::from(base).wrapping_add(offset)));
        let port = self.port;
        range
            .chain(self.addresses.iter().copied())
            .map(move |address| SocketAddr::V4(SocketAddrV4::new(address, port)))
    }
}

/// What a client reports.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// Name and version of a client that is not ours.
    #[serde(default)]
    pub client: String,
    /// From the first datagram to the last answer.
    pub wall: Duration,
    /// User and system time of the client's process.
    pub cpu: Duration,
    /// Its peak memory, in kilobytes.
    pub peak_kb: u64,
    /// Of `cpu`: turning values into audits.
    pub decode: Duration,
    /// Requests sent, repeats included.
    pub requests: u64,
    /// Of `requests`: sent again, where the client tells.
    #[serde(default)]
    pub repeats: u64,
    /// How often the system could take no datagram, where the client tells.
    #[serde(default)]
    pub stalls: u64,
    /// Printers found.
    pub found: u64,
    /// Printers read to the end, with nothing missing.
    pub complete: u64,
    /// Variables had.
    pub variables: u64,
    /// What was read of each printer, where the client decodes: serial and total.
    pub read: BTreeMap<Ipv4Addr, Known>,
}

/// What a client found out about one printer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The serial number.
    pub serial: String,
    /// The values of the prototype's meters that were read, in order of their names.
    pub meters: Vec<u64>,
    /// The values of its supplies' levels.
    pub levels: Vec<u64>,
}

impl Known {
    /// Whether this is what the printer says now: every meter and level is one of its own, and none
    /// of an earlier day.
    fn agrees(&self, copy: &Copy) -> bool {
        let own = |meter: &&u64| (0..=u8::MAX).any(|slot| u64::from(copy.meter(slot)) == **meter);
        let mut levels = self.levels.clone();
        levels.sort_unstable();
        let mut expected: Vec<u64> = (0..=u8::MAX)
            .take(levels.len())
            .map(|slot| u64::from(copy.level(slot)))
            .collect();
        expected.sort_unstable();
        let meters = self.meters.iter().filter(own).count();
        self.serial == copy.serial() && meters >= 10 && !levels.is_empty() && levels == expected
    }
}

/// A client that this crate can start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// A bare socket loop that decodes nothing.
    Floor,
    /// The agent's scan.
    Ours,
    /// A program that is installed.
    Tool(Tool),
}

impl Client {
    /// The one of this name on the command line.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "floor" => Some(Self::Floor),
            "ours" => Some(Self::Ours),
            _ => {
                let mut tools = Tool::ALL.into_iter();
                tools.find(|tool| tool.name() == name).map(Self::Tool)
            }
        }
    }
}

/// Takes an assignment in this process. `between` is called between the two reads of [`Task::Again`].
///
/// # Errors
///
/// [`LoadError`] where sockets fail or the cost cannot be told.
pub fn run(
    client: Client,
    assignment: &Assignment,
    between: &mut dyn FnMut() -> io::Result<()>,
) -> Result<Report, LoadError> {
    if assignment.task == Task::Again {
        let first = run_once(client, assignment)?;
        between().map_err(LoadError::Client)?;
        return match client {
            Client::Ours => measured(|| ours::run_again(assignment, &first.1)),
            _ => Ok(run_once(client, assignment)?.0),
        };
    }
    Ok(run_once(client, assignment)?.0)
}

fn run_once(client: Client, assignment: &Assignment) -> Result<(Report, ours::Kept), LoadError> {
    let mut kept = ours::Kept::new();
    let report = measured(|| match client {
        Client::Floor => floor::run(assignment).map_err(LoadError::Client),
        Client::Tool(tool) => tool.run(assignment),
        Client::Ours => ours::run(assignment, &mut kept),
    })?;
    Ok((report, kept))
}

/// Adds to a client's report what the run cost this process, and the programs that it started.
///
/// # Errors
///
/// Those of `run`, and [`LoadError::Usage`] where the cost cannot be told.
pub fn measured(run: impl FnOnce() -> Result<Report, LoadError>) -> Result<Report, LoadError> {
    let before = cpu()?;
    let mut report = run()?;
    report.cpu = cpu()?.saturating_sub(before);
    report.peak_kb = report.peak_kb.max(peak_kb());
    Ok(report)
}

/// User and system time of this process and of the programs that it started and waited for.
fn cpu() -> Result<Duration, LoadError> {
    let of = |who| -> Result<Duration, LoadError> {
        let usage = getrusage(who).map_err(LoadError::Usage)?;
        let micros = (usage.user_time() + usage.system_time()).num_microseconds();
        Ok(Duration::from_micros(u64::try_from(micros).unwrap_or(0)))
    };
    Ok(of(UsageWho::RUSAGE_SELF)? + of(UsageWho::RUSAGE_CHILDREN)?)
}

/// The most memory that this process has had, in kilobytes: of its own (VmHWM), because what a
/// forked process reports as its maximum includes its parent's.
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assignment(server: &LoadServer, task: Task) -> Assignment {
        Assignment {
            task,
            range: None,
            addresses: server.addresses(),
            port: server.port(),
            // Longer than any machine is busy: nothing is asked twice.
            timeout: Duration::from_secs(20),
            retries: 1,
            in_flight: 64,
            decode: true,
            v3: None,
        }
    }

    fn serve(places: Vec<u32>) -> LoadServer {
        serve_over(places, None)
    }

    fn serve_over(places: Vec<u32>, v3: Option<V3User>) -> LoadServer {
        LoadServer::start(&LoadConfig {
            v3,
            base: Ipv4Addr::new(127, 81, 0, 0),
            places,
            latency: Duration::from_millis(1),
            loss_per_million: 0,
            seed: 1,
            max_message: 1_472,
            service: Duration::ZERO,
        })
        .expect("loopback sockets")
    }

    #[test]
    fn the_agent_reads_every_copy_as_itself_with_one_request_outstanding_each() {
        let server = serve((0..40).map(|place| place * 3 + 1).collect());
        let report = run(Client::Ours, &assignment(&server, Task::Read), &mut || {
            Ok(())
        })
        .expect("read");
        assert_eq!((report.found, report.complete), (40, 40));
        for (address, known) in &report.read {
            let copy = server.copy_at(*address).expect("a printer");
            assert_eq!(known.serial, copy.serial());
            let own = (0..=u8::MAX).map(|slot| u64::from(copy.meter(slot)));
            let own: Vec<u64> = own.collect();
            let read = known.meters.iter().filter(|meter| own.contains(meter));
            assert!(read.count() >= 10, "{known:?}");
            assert!(known.agrees(&copy), "{known:?}");
        }
        let stats = server.stats();
        assert_eq!((stats.overlaps, stats.astray, stats.lost), (0, 0, 0));
        assert_eq!(stats.requests, report.requests);
    }

    #[test]
    fn over_v3_every_copy_is_read_as_itself_by_whom_it_knows_and_by_nobody_else() {
        let user = V3User {
            name: "load".to_owned(),
            auth: "authenticate me".to_owned(),
            privacy: "and keep it private".to_owned(),
        };
        let server = serve_over((0..20).collect(), Some(user.clone()));
        let mut assignment = assignment(&server, Task::Read);
        assignment.v3 = Some(user.clone());
        let report = run(Client::Ours, &assignment, &mut || Ok(())).expect("read");
        assert_eq!((report.found, report.complete), (20, 20));
        for (address, known) in &report.read {
            let copy = server.copy_at(*address).expect("a printer");
            assert!(known.agrees(&copy), "{known:?}");
        }
        let stats = server.stats();
        assert_eq!((stats.overlaps, stats.lost), (0, 0));
        assert_eq!(stats.requests, report.requests);
        assert!(stats.longest <= 1_472, "{stats:?}");
        assignment.timeout = Duration::from_millis(50);
        for stranger in [
            None,
            Some(V3User {
                auth: "authenticate them".to_owned(),
                ..user
            }),
        ] {
            assignment.v3 = stranger;
            let report = run(Client::Ours, &assignment, &mut || Ok(())).expect("asked");
            assert_eq!((report.found, report.variables), (0, 0));
        }
    }

    #[test]
    fn the_floor_has_every_variable_of_every_printer() {
        let server = serve((0..10).collect());
        let report = run(Client::Floor, &assignment(&server, Task::Read), &mut || {
            Ok(())
        })
        .expect("read");
        assert_eq!(report.complete, 10);
        let all = u64::try_from(VARIABLES * 10).expect("small");
        assert_eq!(report.variables, all);
    }

    #[test]
    fn both_find_who_is_there_and_nobody_else() {
        let server = serve(vec![3, 77, 200]);
        for client in [Client::Floor, Client::Ours] {
            let mut assignment = assignment(&server, Task::Sweep);
            assignment.addresses.clear();
            assignment.range = Some((server.base(), 256));
            assignment.timeout = Duration::from_millis(1_500);
            let report = run(client, &assignment, &mut || Ok(())).expect("swept");
            assert_eq!(report.found, 3, "{client:?}");
        }
    }

    #[test]
    fn the_second_read_costs_two_requests_and_brings_every_change() {
        let server = serve((0..30).collect());
        let mut between = || {
            server.change();
            Ok(())
        };
        let assignment = assignment(&server, Task::Again);
        let report = run(Client::Ours, &assignment, &mut between).expect("read twice");
        assert_eq!((report.found, report.complete), (30, 30));
        for (address, known) in &report.read {
            let copy = server.copy_at(*address).expect("a printer");
            assert!(known.agrees(&copy), "{address}: {known:?}");
        }
        let mut asked = server.asked();
        asked.sort_unstable();
        // All but the two that changed places and the one with a new supply.
        assert!(asked.iter().take(27).all(|asked| *asked <= 2), "{asked:?}");
    }

    #[test]
    fn between_passes_everything_moves() {
        let server = serve(vec![0, 1, 2, 3]);
        let at = |last| {
            server
                .copy_at(Ipv4Addr::new(127, 81, 0, last))
                .expect("a printer")
        };
        let before: Vec<Copy> = (0..4).map(at).collect();
        server.change();
        let after: Vec<Copy> = (0..4).map(at).collect();
        assert_eq!(after[0].serial(), before[1].serial());
        assert_eq!(after[1].serial(), before[0].serial());
        assert!(after[2].level(0) == 100 && before[2].level(0) < 100);
        assert!(after[3].meter(5) > before[3].meter(5));
    }
}
