//! Central as a process of its own, to be killed.

use super::ChaosConfig;
#[cfg(feature = "mutations")]
use super::Mutation;
use crate::crash::CrashError;
use pagetally_central::{Central, CentralConfig, PageAccess};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tokio::runtime::Runtime;

/// What it says once it listens.
const LISTENING: &str = "listening\n";

/// A Central on a folder and a port.
pub(super) fn config(folder: &Path, port: u16) -> CentralConfig {
    CentralConfig {
        http: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        page_access: PageAccess::OpenOnLoopback,
        ..CentralConfig::in_folder(folder)
    }
}

/// What the harness's own Central does: it serves until it is killed.
///
/// # Errors
///
/// [`CrashError`] where it cannot be started.
pub fn serve_central(folder: &Path, port: u16, books_repeats: bool) -> Result<(), CrashError> {
    let runtime = Runtime::new().map_err(CrashError::Folder)?;
    #[cfg(feature = "mutations")]
    pagetally_central::mutations::book_repeats(books_repeats);
    #[cfg(not(feature = "mutations"))]
    let _ = books_repeats;
    let _central = runtime.block_on(Central::start(config(folder, port)))?;
    let mut out = std::io::stdout();
    out.write_all(LISTENING.as_bytes())
        .and_then(|()| out.flush())
        .map_err(CrashError::Folder)?;
    runtime.block_on(std::future::pending())
}

/// The process. Killed when dropped.
pub(super) struct CentralProcess<'a> {
    config: &'a ChaosConfig,
    folder: PathBuf,
    port: u16,
    child: Child,
}

impl<'a> CentralProcess<'a> {
    /// Starts it and waits until it listens.
    pub(super) fn start(
        config: &'a ChaosConfig,
        folder: &Path,
        port: u16,
    ) -> Result<Self, CrashError> {
        Ok(Self {
            config,
            folder: folder.to_owned(),
            port,
            child: spawn(config, folder, port)?,
        })
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self) -> Result<(), CrashError> {
        self.child.kill().map_err(CrashError::Process)?;
        self.child.wait().map_err(CrashError::Process)?;
        Ok(())
    }

    pub(super) fn start_again(&mut self) -> Result<(), CrashError> {
        self.child = spawn(self.config, &self.folder, self.port)?;
        Ok(())
    }
}

impl Drop for CentralProcess<'_> {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ = self.kill();
    }
}

fn spawn(config: &ChaosConfig, folder: &Path, port: u16) -> Result<Child, CrashError> {
    let mut command = Command::new(&config.harness);
    command.arg("chaos-central").arg("--data").arg(folder);
    command.args(["--port", &port.to_string()]);
    #[cfg(feature = "mutations")]
    if config.mutation == Some(Mutation::Deduplication) {
        command.arg("--book-repeats");
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|source| CrashError::Spawn {
            program: config.harness.clone(),
            source,
        })?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        // An end without a word is a Central that did not start; its calls will say so.
        BufReader::new(stdout)
            .read_line(&mut line)
            .map_err(CrashError::Process)?;
    }
    if line == LISTENING {
        return Ok(child);
    }
    child.kill().map_err(CrashError::Process)?;
    child.wait().map_err(CrashError::Process)?;
    Err(CrashError::Process(std::io::Error::other(
        "Central's process did not begin to listen",
    )))
}
