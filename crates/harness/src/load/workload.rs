//! The workloads, and how they are played to clients in processes of their own.

use super::{
    Assignment, Client, LoadConfig, LoadError, LoadServer, LoadStats, Report, Task, V3User, run,
};
use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
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
    v3: bool,
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
            v3: false,
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
            Self {
                latency: ms(5),
                task: Task::Again,
                ..Self::reading(
                    "again",
                    "read 1,000 printers a second time: meters moved, two changed places, a supply is new",
                    1_000,
                )
            },
            Self {
                latency: ms(5),
                v3: true,
                ..Self::reading(
                    "v3-1000",
                    "read 1,000 printers over SNMPv3, SHA-1 and AES-128, 5 ms away",
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

    /// Whether it is a sweep, which finds and does not read.
    #[must_use]
    pub fn is_sweep(&self) -> bool {
        self.task == Task::Sweep
    }

    /// What a client has to do.
    #[must_use]
    pub fn task(&self) -> Task {
        self.task
    }

    /// Whether it is a second read.
    #[must_use]
    pub fn is_again(&self) -> bool {
        self.task == Task::Again
    }

    /// Whether the printers speak SNMPv3, which the floor does not.
    #[must_use]
    pub fn is_v3(&self) -> bool {
        self.v3
    }

    fn user(&self) -> Option<V3User> {
        self.v3.then(|| V3User {
            name: "load".to_owned(),
            auth: "authenticate me".to_owned(),
            privacy: "and keep it private".to_owned(),
        })
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
            v3: self.user(),
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
            v3: self.user(),
        }
    }
}

/// A program that takes an [`Assignment`] as JSON on its standard input and prints a [`Report`].
#[derive(Clone, Debug)]
pub struct Contender {
    /// How it is called in tables.
    pub name: String,
    /// Its version, where its report does not tell it.
    pub version: String,
    /// Whether it is somebody else's.
    pub is_peer: bool,
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
    /// How many requests each printer had; of a second read, those of the second.
    pub asked: Vec<u32>,
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

/// Answers that the printers can give in a second of their thread's work: more than a client can ask
/// for in a second of its own, or it is the printers that are measured.
///
/// # Errors
///
/// [`ContestError`] where the printers do not come to run.
pub fn printers_alone(workload: &Workload, seed: u64) -> Result<u64, ContestError> {
    let easy = Workload {
        printers: 1_000,
        range: None,
        latency: Duration::ZERO,
        loss_per_million: 0,
        task: Task::Read,
        ..workload.clone()
    };
    let server = LoadServer::start(&easy.config(seed))?;
    let assignment = easy.assignment(&server, false);
    // Only the printers' own work is counted, so it does not matter how slow the client is.
    let client = if workload.v3 {
        Client::Ours
    } else {
        Client::Floor
    };
    run(client, &assignment, &mut || Ok(()))?;
    // The thread notes its cost when it has nothing to do.
    std::thread::sleep(Duration::from_millis(100));
    let stats = server.stats();
    let micros = stats.cpu.as_micros().max(1);
    let answers = u128::from(stats.answers) * 1_000_000 / micros;
    Ok(u64::try_from(answers).unwrap_or(u64::MAX))
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
    let report = take(contender, &assignment, &server)?;
    let agrees = |address: &Ipv4Addr| {
        let copy = server.copy_at(*address);
        let known = report.read.get(address);
        copy.zip(known)
            .is_some_and(|(copy, known)| known.agrees(&copy))
    };
    let wrong = report.read.keys().filter(|address| !agrees(address));
    Ok(Outcome {
        server: server.stats(),
        wrong: wrong.copied().collect(),
        asked: server.asked(),
        report,
    })
}

/// Hands an assignment to a client and takes its report. A line that comes before the report says
/// that a first read is over; the printers change, and a line goes back.
fn take(
    contender: &Contender,
    assignment: &Assignment,
    server: &LoadServer,
) -> Result<Report, ContestError> {
    let name = || contender.name.clone();
    let unrun = |source| ContestError::Run {
        name: name(),
        source,
    };
    let mut child = Command::new(&contender.program)
        .args(&contender.args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(unrun)?;
    let spoken = speak(&mut child, assignment, server);
    let status = child.wait().map_err(unrun)?;
    if !status.success() {
        return Err(ContestError::Failed {
            name: name(),
            status,
        });
    }
    serde_json::from_slice(&spoken.map_err(unrun)?).map_err(|source| ContestError::Report {
        name: name(),
        source,
    })
}

fn speak(child: &mut Child, assignment: &Assignment, server: &LoadServer) -> io::Result<Vec<u8>> {
    let closed = || io::Error::from(io::ErrorKind::BrokenPipe);
    let mut input = child.stdin.take().ok_or_else(closed)?;
    let mut output = BufReader::new(child.stdout.take().ok_or_else(closed)?);
    serde_json::to_writer(&mut input, assignment)?;
    input.write_all(b"\n")?;
    let mut line = Vec::new();
    if assignment.task == Task::Again {
        output.read_until(b'\n', &mut line)?;
        server.change();
        line.clear();
        input.write_all(b"\n")?;
    }
    output.read_until(b'\n', &mut line)?;
    Ok(line)
}
