//! The agents of a crash run: real processes, and what they say they have stored.

use super::CrashError;
use super::files::{Disk, DiskFiles};
use super::judge::Told;
use pagetally_model::AgentId;
use pagetally_onsite::{Agent, Cancel, Pass, PassEvent, SiteFile};
use pagetally_printer_mib::Definitions;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How a clean pass may end at the latest.
const PATIENCE: Duration = Duration::from_secs(120);

/// Which program an agent is.
#[derive(Clone, Debug)]
pub enum Program {
    /// The `onsite` that is shipped.
    Onsite(PathBuf),
    /// The same library in the harness's own process, its journal on this disk.
    OnDisk(PathBuf, Disk),
}

/// One agent's folder, and what its processes said before they died.
#[derive(Debug)]
pub struct CrashAgent {
    pub(super) told: Told,
    pub(super) folder: PathBuf,
    program: Program,
}

/// When a process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// So long after its start.
    After(Duration),
    /// So long after it said that it sent a submission: Central may have it by then, and the agent
    /// no receipt.
    AfterSending(Duration),
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Killed,
    /// By itself, with this code.
    Exited(Option<i32>),
}

impl CrashAgent {
    pub(super) fn new(id: AgentId, folder: PathBuf, program: Program) -> Self {
        Self {
            told: Told::new(id),
            folder,
            program,
        }
    }

    /// One pass to its end.
    pub(super) fn run(&mut self) -> Result<(End, Duration), CrashError> {
        let begun = Instant::now();
        let end = self.run_until(Moment::After(PATIENCE))?;
        Ok((end, begun.elapsed()))
    }

    /// One pass, killed at that moment unless it is done before.
    pub(super) fn run_until(&mut self, moment: Moment) -> Result<End, CrashError> {
        let child = self.start()?;
        let (end, output) = watch(child, moment)?;
        self.learn(&output);
        Ok(end)
    }

    /// A command of `onsite` on this agent, killed after `life` unless it is done before.
    pub(super) fn command(
        &self,
        onsite: &Path,
        words: &[&str],
        life: Duration,
    ) -> Result<End, CrashError> {
        let mut command = Command::new(onsite);
        command.args(words).arg("--data").arg(&self.folder);
        watch(spawn(&mut command)?, Moment::After(life)).map(|(end, _)| end)
    }

    fn start(&self) -> Result<Child, CrashError> {
        let (program, words): (&Path, Vec<OsString>) = match &self.program {
            Program::Onsite(path) => (path, vec!["run".into(), "--once".into()]),
            Program::OnDisk(path, disk) => (
                path,
                vec!["crash-agent".into(), "--disk".into(), disk.word().into()],
            ),
        };
        let mut command = Command::new(program);
        command.args(words).arg("--data").arg(&self.folder);
        spawn(&mut command)
    }

    /// Notes what a process said it had stored. A line that was cut off was said to nobody.
    fn learn(&mut self, output: &str) {
        for line in output
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
        {
            let words: Vec<&str> = line.split_whitespace().collect();
            let ["stored", audits, "audits", "in", "submission", number] = words[..] else {
                continue;
            };
            if let (Ok(audits), Ok(number)) = (audits.parse(), number.parse()) {
                self.told.stored(number, audits);
            }
        }
    }
}

fn spawn(command: &mut Command) -> Result<Child, CrashError> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|source| CrashError::Spawn {
            program: command.get_program().into(),
            source,
        })
}

/// Waits for a process, kills it with SIGKILL when its time is up, and reads what it said.
fn watch(mut child: Child, moment: Moment) -> Result<(End, String), CrashError> {
    let stdout = child.stdout.take();
    let sent = Arc::new(AtomicBool::new(false));
    let says_sent = Arc::clone(&sent);
    let reader = std::thread::spawn(move || {
        let mut output = String::new();
        let mut stdout = stdout.map(BufReader::new);
        let mut start = 0;
        // What was read before an error was said all the same.
        while let Some(Ok(1..)) = stdout.as_mut().map(|out| out.read_line(&mut output)) {
            let line = output.get(start..).unwrap_or_default();
            says_sent.fetch_or(line.starts_with("sent"), Ordering::Relaxed);
            start = output.len();
        }
        output
    });
    let mut deadline = Instant::now()
        + match moment {
            Moment::After(life) => life,
            Moment::AfterSending(_) => PATIENCE,
        };
    let end = loop {
        if let Some(status) = child.try_wait().map_err(CrashError::Process)? {
            break End::Exited(status.code());
        }
        if let Moment::AfterSending(time) = moment
            && sent.load(Ordering::Relaxed)
        {
            deadline = deadline.min(Instant::now() + time);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            child.kill().map_err(CrashError::Process)?;
            let status = child.wait().map_err(CrashError::Process)?;
            break status
                .code()
                .map_or(End::Killed, |code| End::Exited(Some(code)));
        }
        std::thread::sleep(left.min(Duration::from_millis(1)));
    };
    Ok((end, reader.join().unwrap_or_default()))
}

/// What the harness's own agent does: one pass over a journal on `disk`, told as `onsite` tells it.
///
/// # Errors
///
/// [`CrashError`] where the pass could not be done.
pub fn one_pass(folder: &Path, disk: Disk) -> Result<(), CrashError> {
    let files = DiskFiles::open(&folder.join("journal"), disk).map_err(CrashError::Folder)?;
    let site = SiteFile::read(&folder.join("site.toml"))?;
    let mut agent =
        Agent::open_with_options(folder, site, |options| options.journal(Arc::new(files)))?;
    let mut out = std::io::stdout();
    let summary =
        Pass::new(&mut agent, &Definitions::builtin()).run(&Cancel::new(), &mut |event| {
            if let PassEvent::Stored { numbers, audits } = event {
                // Nobody listening is no reason to stop.
                let _ = writeln!(out, "stored {audits} audits in submission {}", numbers.0);
                let _ = out.flush();
            }
        })?;
    if summary.waiting > 0 {
        return Err(CrashError::Waiting {
            waiting: summary.waiting,
        });
    }
    Ok(())
}
