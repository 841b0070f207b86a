//! Running the program and looking at what it says.
#![allow(dead_code, reason = "each test file uses a part of this")]

pub(crate) mod site;

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// What the program said and how it ended.
pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: Option<i32>,
}

/// The program, not yet started.
pub(crate) fn onsite() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onsite"));
    command
        .stdin(Stdio::null())
        .env_remove("RUST_LOG")
        .env_remove("STATE_DIRECTORY")
        .env_remove("CREDENTIALS_DIRECTORY")
        .env_remove("PAGETALLY_PASSPHRASE_FILE")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env("NO_COLOR", "1");
    command
}

/// Runs the program to its end.
pub(crate) fn run(args: &[&str]) -> Said {
    said(onsite().args(args).output().expect("the program starts"))
}

pub(crate) fn said(output: Output) -> Said {
    Said {
        out: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
        err: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        code: output.status.code(),
    }
}

impl Said {
    /// Checks the exit code, showing everything else where it is another.
    #[track_caller]
    pub(crate) fn ends_with(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "\n--- stdout\n{}\n--- stderr\n{}",
            self.out,
            self.err
        );
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}:\n{}", self.out))
    }
}

/// The folder with recordings of real printers; nothing where they are not to be had.
pub(crate) fn recordings() -> Option<PathBuf> {
    let folder = std::env::var_os("PAGETALLY_RECORDINGS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/printers"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    skipped(&format!("no recordings in {}", folder.display()));
    None
}

/// Says that a test cannot run here, and fails where nothing may be skipped.
#[track_caller]
pub(crate) fn skipped(why: &str) {
    eprintln!("SKIPPED: {why}");
    assert!(
        std::env::var_os("PAGETALLY_REQUIRE_PEERS").is_none(),
        "PAGETALLY_REQUIRE_PEERS is set, and {why}"
    );
}

/// Sends a signal to a process that a test started.
#[cfg(unix)]
pub(crate) fn signal(child: &std::process::Child, name: &str) {
    let status = Command::new("kill")
        .args([format!("-{name}"), child.id().to_string()])
        .status()
        .expect("kill is everywhere");
    assert!(status.success());
}
