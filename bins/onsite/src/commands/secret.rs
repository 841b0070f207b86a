//! Passphrases and codes: from a file, or from whoever sits at the terminal.

use super::Failure;
use anyhow::{Context, anyhow};
use console::Term;
use pagetally_onsite::{AskPassphrase, KeySources, RecoveryCode, key_sources};
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use zeroize::Zeroizing;

/// More is no code and no passphrase.
const MAX_BYTES: u64 = 4_096;

/// Where this process gets secrets from.
#[derive(Debug)]
pub(crate) struct Secrets {
    sources: KeySources,
    /// Whether the next passphrase is a new one, which is asked for twice.
    new: Arc<AtomicBool>,
}

impl Secrets {
    /// What the environment and the terminal offer.
    pub(crate) fn here() -> Self {
        let new = Arc::new(AtomicBool::new(false));
        let mut sources = key_sources();
        let is_new = Arc::clone(&new);
        sources.prompt = Some(AskPassphrase::new(move || {
            match is_new.load(Ordering::Relaxed) {
                false => ask("passphrase of the store: "),
                true => {
                    let first = ask("new passphrase of the store: ")?;
                    if *ask("once more: ")? == *first {
                        return Ok(first);
                    }
                    Err(io::Error::new(
                        io::ErrorKind::InvalidInput,
                        "the two are not the same",
                    ))
                }
            }
        }));
        Self { sources, new }
    }

    pub(crate) fn sources(&self) -> KeySources {
        self.sources.clone()
    }

    /// The next passphrase is for a store that has none yet.
    pub(crate) fn ask_for_a_new_one(&self) {
        self.new.store(true, Ordering::Relaxed);
    }

    /// A recovery code, typed.
    pub(crate) fn code(&self) -> Result<RecoveryCode, Failure> {
        let typed = ask("recovery code: ").map_err(Failure::usage)?;
        Ok(RecoveryCode::typed(&typed))
    }

    /// A recovery code or passphrase, the first line of a file.
    pub(crate) fn code_in(&self, file: &Path) -> Result<RecoveryCode, Failure> {
        let name = || file.display().to_string();
        let mut text = Zeroizing::new(String::new());
        File::open(file)
            .and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text))
            .with_context(name)
            .map_err(Failure::usage)?;
        match text.lines().next().map(str::trim) {
            Some(line) if line.len() >= 12 => Ok(RecoveryCode::typed(line)),
            _ => Err(Failure::usage(anyhow!(
                "{}: its first line must have 12 characters or more",
                name()
            ))),
        }
    }
}

/// Asks the person at the terminal; whoever is none is told what to do.
fn ask(question: &str) -> io::Result<Zeroizing<String>> {
    let terminal = Term::stderr();
    if !terminal.is_term() {
        return Err(io::Error::new(
            io::ErrorKind::NotConnected,
            "there is no terminal to ask at; name a file with it",
        ));
    }
    terminal.write_str(question)?;
    terminal.read_secure_line().map(Zeroizing::new)
}

/// A new file that only the owner can read. One that is there already is not touched.
pub(crate) fn owner_only_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
