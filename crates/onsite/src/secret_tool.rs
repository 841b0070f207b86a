//! The session's keyring on Linux and the BSDs, through libsecret's own `secret-tool`.
//!
//! The freedesktop Secret Service is reached over D-Bus; the crates for that bring an async
//! runtime and some eighty others along. `secret-tool` takes the secret on standard input, so
//! nothing shows in a process list. It is only asked where a session's bus is named: services of
//! the system have none, and the next keeper is taken.

use pagetally_store::KeyVault;
use std::io::{self, Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

const PROGRAM: &str = "secret-tool";
/// What the entries of this program are found by.
const ATTRIBUTE: [&str; 2] = ["application", "pagetally"];

/// A keyring that is locked asks a person; where nobody answers, the agent must not wait for ever.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A secret has 64 digits; a keyring that answers with more answers something else.
const MAX_SECRET: u64 = 4_096;

/// The keyring behind `secret-tool`.
#[derive(Debug)]
pub(crate) struct SecretTool(());

impl SecretTool {
    /// The keyring of this session, if this is one.
    pub(crate) fn find() -> Option<Self> {
        std::env::var_os("DBUS_SESSION_BUS_ADDRESS")
            .filter(|address| !address.is_empty())
            .map(|_| Self(()))
    }
}

struct Said {
    success: bool,
    out: Zeroizing<String>,
    err: String,
}

fn start(arguments: &[&str], name: &str) -> io::Result<Child> {
    Command::new(PROGRAM)
        .args(arguments)
        .args(ATTRIBUTE)
        .args(["entry", name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

fn run(arguments: &[&str], name: &str, secret: &str) -> io::Result<Said> {
    let mut child = start(arguments, name)?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not read its input says so by how it ends.
        let _ = stdin.write_all(secret.as_bytes());
    }
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if begun.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the keyring is locked, and nobody unlocked it",
            ));
        }
        thread::sleep(LOOK_AGAIN);
    };
    let mut out = Zeroizing::new(String::with_capacity(256));
    if let Some(stdout) = child.stdout.take() {
        stdout.take(MAX_SECRET).read_to_string(&mut out)?;
    }
    let mut err = String::new();
    if let Some(stderr) = child.stderr.take() {
        stderr.take(MAX_SECRET).read_to_string(&mut err)?;
    }
    Ok(Said {
        success: status.success(),
        out,
        err,
    })
}

fn refused(said: &Said) -> io::Error {
    let reason: String = said.err.chars().filter(|c| !c.is_control()).collect();
    io::Error::other(format!("{PROGRAM} says: {}", reason.trim()))
}

impl KeyVault for SecretTool {
    fn is_there(&self) -> bool {
        // Looking for what is not there ends without a word where a keyring answers.
        self.get("probe").is_ok()
    }

    fn put(&self, name: &str, secret: &str) -> io::Result<()> {
        let said = run(&["store", "--label=Pagetally store"], name, secret)?;
        if said.success {
            Ok(())
        } else {
            Err(refused(&said))
        }
    }

    fn get(&self, name: &str) -> io::Result<Option<Zeroizing<String>>> {
        let said = run(&["lookup"], name, "")?;
        match (said.success, said.err.trim().is_empty()) {
            (true, _) => Ok(Some(said.out)),
            (false, true) => Ok(None),
            (false, false) => Err(refused(&said)),
        }
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let said = run(&["clear"], name, "")?;
        if said.success || said.err.trim().is_empty() {
            Ok(())
        } else {
            Err(refused(&said))
        }
    }
}
