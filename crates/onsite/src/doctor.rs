//! What is wrong between this agent and its Central, step by step, and who can mend it.
//!
//! Each step is tried for itself, from the disk to the registration, so that the first one that is
//! broken is the one to mend. Nothing is changed by it: of the disk's free space a probe file is written
//! and removed, and Central is asked what an agent asks at each pass anyway.

mod line;

use crate::platform::free_space;
use crate::{Agent, AgentError};
use pagetally_store::StoreError;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// What is looked at, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Whether the agent's folder can be written, and how much room there is.
    Disk,
    /// Whether the store opens, and what was found wrong with it.
    Store,
    /// Whether the name of Central, or of the proxy, is known.
    Name,
    /// Whether a connection can be opened to it.
    Route,
    /// Whether the proxy lets us through.
    Proxy,
    /// Whether it is who it says it is.
    Tls,
    /// Whether it is a Central, and speaks our version of the contract.
    Contract,
    /// Whether Central knows this agent.
    Registration,
    /// How far this machine's clock stands from Central's.
    Clock,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disk => "disk",
            Self::Store => "store",
            Self::Name => "name",
            Self::Route => "route",
            Self::Proxy => "proxy",
            Self::Tls => "TLS",
            Self::Contract => "contract",
            Self::Registration => "registration",
            Self::Clock => "clock",
        })
    }
}

/// Who can mend something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Mender {
    /// Who administers this machine.
    Machine,
    /// Who runs the network here: names, firewall, proxy.
    Network,
    /// The dealer, whose site this is.
    Dealer,
    /// Who runs Central.
    Central,
}

impl fmt::Display for Mender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Machine => "who administers this machine",
            Self::Network => "who runs the network here",
            Self::Dealer => "the dealer",
            Self::Central => "who runs Central",
        })
    }
}

/// How a step stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is wrong.
    Fine,
    /// It works, and somebody should look at it.
    Doubtful(Mender),
    /// It does not work.
    Broken(Mender),
    /// It could not be looked at, because of another step.
    Untold,
}

/// What one step showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The step.
    pub step: Step,
    /// How it stands.
    pub verdict: Verdict,
    /// What was found, and what to do where something is to be done; one line.
    pub says: String,
}

impl Finding {
    fn fine(step: Step, says: impl Into<String>) -> Self {
        Self::new(step, Verdict::Fine, says)
    }

    fn doubtful(step: Step, mender: Mender, says: impl Into<String>) -> Self {
        Self::new(step, Verdict::Doubtful(mender), says)
    }

    fn broken(step: Step, mender: Mender, says: impl Into<String>) -> Self {
        Self::new(step, Verdict::Broken(mender), says)
    }

    fn untold(step: Step, says: impl Into<String>) -> Self {
        Self::new(step, Verdict::Untold, says)
    }

    fn new(step: Step, verdict: Verdict, says: impl Into<String>) -> Self {
        let says = says.into();
        Self {
            step,
            verdict,
            says,
        }
    }
}

/// Less room than this is not enough for a pass of a large fleet.
const LITTLE_ROOM: u64 = 64 << 20;

/// Less room than this will not do for long: the store's usual cap is 2 GiB.
const SOME_ROOM: u64 = 1 << 30;

/// Looks at every step and tells each as it is found. `agent` is what opening the agent's folder
/// brought.
pub fn examine(folder: &Path, agent: Result<&Agent, &AgentError>, tell: &mut dyn FnMut(Finding)) {
    tell(disk(folder));
    match agent {
        Ok(agent) => {
            tell(store(agent));
            line::examine(agent, tell);
        }
        Err(error) => {
            tell(unopened(error));
            let why = "where this agent reports to is kept in the store";
            for step in line::STEPS {
                tell(Finding::untold(step, why));
            }
        }
    }
}

fn disk(folder: &Path) -> Finding {
    let step = Step::Disk;
    let name = folder.display();
    if let Err(error) = try_to_write(folder) {
        return Finding::broken(
            step,
            Mender::Machine,
            format!("{name} cannot be written: {error}; nothing new can be stored"),
        );
    }
    let mib = |bytes: u64| bytes >> 20;
    match free_space(folder) {
        Some(free) if free < LITTLE_ROOM => Finding::broken(
            step,
            Mender::Machine,
            format!(
                "{name} has {} MiB left, too little for a pass; make room",
                mib(free)
            ),
        ),
        Some(free) if free < SOME_ROOM => Finding::doubtful(
            step,
            Mender::Machine,
            format!(
                "{name} has {} MiB left; make room before it is full",
                mib(free)
            ),
        ),
        Some(free) => Finding::fine(
            step,
            format!("{name} can be written, {} MiB left", mib(free)),
        ),
        None => Finding::fine(
            step,
            format!("{name} can be written; this system does not say how much room is left"),
        ),
    }
}

/// Writes a file, has it on the disk, and removes it.
fn try_to_write(folder: &Path) -> io::Result<()> {
    let path = folder.join("doctor.probe");
    let written = (|| {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)?;
        file.write_all(&[0; 4_096])?;
        file.sync_all()
    })();
    let removed = fs::remove_file(&path);
    written.and(removed)
}

fn store(agent: &Agent) -> Finding {
    let step = Step::Store;
    match agent.status() {
        Err(error) => unopened(&error),
        Ok(status) if !status.store_problems.is_empty() => Finding::doubtful(
            step,
            Mender::Machine,
            format!(
                "it was damaged and has been mended ({} problems, the first: {}); onsite store check \
                 reads everything",
                status.store_problems.len(),
                status.store_problems.first().map_or("", String::as_str)
            ),
        ),
        Ok(status) => {
            let mut says = format!(
                "opens; {} submissions wait for Central",
                status.outbox.len()
            );
            let set_aside = agent.set_aside_indexes().unwrap_or_default().len();
            if set_aside > 0 {
                says.push_str(&format!(
                    "; indexes set aside: {set_aside} (onsite status names them)"
                ));
            }
            Finding::fine(step, says)
        }
    }
}

fn unopened(error: &AgentError) -> Finding {
    let says = crate::agent::one_line(error).to_string();
    match error {
        AgentError::Store(StoreError::InUse { .. }) => {
            let says =
                format!("{says}; stop that (it is the agent itself, mostly) to look further");
            Finding::new(Step::Store, Verdict::Untold, says)
        }
        _ => Finding::broken(Step::Store, Mender::Machine, says),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SiteFile;

    fn findings(folder: &Path, agent: Result<&Agent, &AgentError>) -> Vec<Finding> {
        let mut found = Vec::new();
        examine(folder, agent, &mut |finding| found.push(finding));
        found
    }

    #[test]
    fn an_agent_that_is_not_enrolled_is_told_to_be() {
        let folder = tempfile::tempdir().expect("a folder");
        let agent = Agent::open(folder.path(), SiteFile::default()).expect("an agent");
        let found = findings(folder.path(), Ok(&agent));
        let steps: Vec<Step> = found.iter().map(|one| one.step).collect();
        assert_eq!(steps[..2], [Step::Disk, Step::Store]);
        assert_eq!(found[1].verdict, Verdict::Fine);
        let registration = found.iter().find(|one| one.step == Step::Registration);
        let registration = registration.expect("it is told");
        assert_eq!(registration.verdict, Verdict::Broken(Mender::Dealer));
        assert!(registration.says.contains("onsite enrol CODE"));
        assert!(!folder.path().join("doctor.probe").exists());
    }

    #[test]
    fn a_folder_that_another_process_has_is_no_damage() {
        let folder = tempfile::tempdir().expect("a folder");
        let _first = Agent::open(folder.path(), SiteFile::default()).expect("an agent");
        let error = Agent::open(folder.path(), SiteFile::default()).expect_err("it is in use");
        let found = findings(folder.path(), Err(&error));
        assert_eq!(found[1].verdict, Verdict::Untold);
        assert!(found[1].says.contains("in use"));
        assert!(found[2..].iter().all(|one| one.verdict == Verdict::Untold));
        assert_eq!(found.len(), 2 + line::STEPS.len());
    }

    #[test]
    fn a_folder_that_is_not_there_cannot_be_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let finding = disk(&folder.path().join("gone"));
        assert_eq!(finding.verdict, Verdict::Broken(Mender::Machine));
    }
}
