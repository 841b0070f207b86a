//! The workloads, and how they are played to clients in processes of their own.

use super::{Assignment, Copy, LoadConfig, LoadError, LoadServer, LoadStats, Report, Task};
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Where the printers are.
const BASE: Ipv4Addr = Ipv4Addr::new(127, 80, 0, 0);

/// What the printers send at most, where a workload does not say otherwise.
const MESSAGE: usize = 1_472;

/// One workload: what is played, and what a client has to do.
#[derive(Clone, Debug)]
pub struct Workload {
    /// How it is called on the command line.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    printers: u32,
    range: Option<u32>,
    latency: Duration,
    loss_per_million: u32,
    max_message: usize,
    task: Task,
}

impl Workload {
    const fn reading(name: &'static str, about: &'static str, printers: u32) -> Self {
        Self {
            name,
            about,
            printers,
            range: None,
            latency: Duration::ZERO,
            loss_per_million: 0,
            max_message: MESSAGE,
            task: Task::Read,
        }
    }

    /// All of them.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let ms = Duration::from_millis;
        vec![
            Self {
                range: Some(65_536),
                task: Task::Sweep,
                ..Self::reading("sweep", "sweep a /16, 256 live, timeout 1 s, 1 retry", 256)
            },
            Self {
                latency: ms(5),
                ..Self::reading("read-1000", "read 1,000 colour MFPs, 5 ms away", 1_000)
            },
            Self {
                latency: ms(20),
                ..Self::reading("read-1", "read one printer, 20 ms away", 1)
            },
            Self::reading("read-10000", "read 10,000 printers", 10_000),
            Self {
                latency: ms(5),
                loss_per_million: 50_000,
                ..Self::reading("loss", "read 1,000 printers, 5 % loss, 1 retry", 1_000)
            },
            Self {
                latency: ms(5),
                max_message: 484,
                ..Self::reading(
                    "small",
                    "read 1,000 printers that send 484 bytes at most",
                    1_000,
                )
            },
        ]
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|known| known.name == name)
    }

    /// How many printers there are.
    #[must_use]
    pub fn printers(&self) -> u32 {
        self.printers
    }

    fn config(&self, seed: u64) -> LoadConfig {
        // Printers stand spread over a range that is swept, and side by side where all are known.
        let step = self.range.map_or(1, |range| range / self.printers.max(1));
        LoadConfig {
            base: BASE,
            places: (0..self.printers)
                .map(|number| number * step + step / 2)
                .collect(),
            latency: self.latency,
            loss_per_million: self.loss_per_million,
            seed,
            max_message: self.max_message,
            service: Duration::ZERO,
        }
    }

    fn assignment(&self, server: &LoadServer, decode: bool) -> Assignment {
        let addresses = match self.range {
            Some(_) => Vec::new(),
            None => server.addresses(),
        };
        Assignment {
            task: self.task,
            range: self.range.map(|count| (server.base(), count)),
            addresses,
            port: server.port(),
            timeout: Duration::from_secs(1),
            retries: 1,
            in_flight: usize::try_from(self.printers)
                .unwrap_or(usize::MAX)
                .min(1_000),
            decode,
        }
    }
}

/// A program that takes an [`Assignment`] as JSON on its standard input and prints a [`Report`].
#[derive(Clone, Debug)]
pub struct Contender {
    /// How it is called in tables.
    pub name: String,
    /// The program.
    pub program: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Whether it also decodes, where it can.
    pub decode: bool,
}

/// A client's run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the client says.
    pub report: Report,
    /// What the printers saw.
    pub server: LoadStats,
    /// Printers of which the client read something that they did not say.
    pub wrong: Vec<Ipv4Addr>,
}

/// A client that could not be measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContestError {
    /// The printers cannot be played.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The program does not start, or does not take its assignment.
    #[error("cannot run {name}")]
    Run {
        /// The client.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// The program failed.
    #[error("{name} failed with {status}")]
    Failed {
        /// The client.
        name: String,
        /// How it ended.
        status: std::process::ExitStatus,
    },
    /// What it printed is no report.
    #[error("{name} printed no report")]
    Report {
        /// The client.
        name: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// Plays a workload to one client.
///
/// # Errors
///
/// [`ContestError`] where the printers or the client do not come to run.
pub fn play(
    workload: &Workload,
    contender: &Contender,
    seed: u64,
) -> Result<Outcome, ContestError> {
    let server = LoadServer::start(&workload.config(seed))?;
    let assignment = workload.assignment(&server, contender.decode);
    let report = take(contender, &assignment)?;
    let wrong = wrong(&server, &report);
    Ok(Outcome {
        server: server.stats(),
        report,
        wrong,
    })
}

fn take(contender: &Contender, assignment: &Assignment) -> Result<Report, ContestError> {
    let unrun = |source| ContestError::Run {
        name: contender.name.clone(),
        source,
    };
    let unread = |source| ContestError::Report {
        name: contender.name.clone(),
        source,
    };
    let mut child = Command::new(&contender.program)
        .args(&contender.args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(unrun)?;
    if let Some(mut input) = child.stdin.take() {
        let text = serde_json::to_vec(assignment).map_err(unread)?;
        input.write_all(&text).map_err(unrun)?;
    }
    let output = child.wait_with_output().map_err(unrun)?;
    if !output.status.success() {
        return Err(ContestError::Failed {
            name: contender.name.clone(),
            status: output.status,
        });
    }
    serde_json::from_slice(&output.stdout).map_err(unread)
}

/// Printers of which something was read that is not theirs.
fn wrong(server: &LoadServer, report: &Report) -> Vec<Ipv4Addr> {
    let agrees = |copy: &Copy, known: &super::Known| {
        let meters: Vec<u64> = (0..=u8::MAX)
            .map(|slot| u64::from(copy.meter(slot)))
            .collect();
        let levels: Vec<u64> = (0..=u8::MAX)
            .map(|slot| u64::from(copy.level(slot)))
            .collect();
        known.serial == copy.serial()
            && known.levels.iter().all(|level| levels.contains(level))
            && known.meters.iter().any(|meter| meters.contains(meter))
    };
    report
        .read
        .iter()
        .filter(|(address, known)| {
            !server
                .copy_at(**address)
                .is_some_and(|copy| agrees(&copy, known))
        })
        .map(|(address, _)| *address)
        .collect()
}
