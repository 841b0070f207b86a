//! A disk of a test's own: the test runs itself again in a user and mount namespace.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Tells the test inside where its disk is.
const DISK: &str = "PAGETALLY_TEST_DISK";

/// With which rights the test runs inside.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Runs {
    /// It may mount, and rights on files do not bind it.
    AsRoot,
    /// As the owner of its files, whom their rights bind.
    WithoutCapabilities,
}

/// Where the disk is, inside. Outside it runs this test inside, which must pass, and answers nothing.
pub(crate) fn disk(runs: Runs, options: &str) -> Option<PathBuf> {
    if let Some(disk) = std::env::var_os(DISK) {
        return Some(disk.into());
    }
    let thread = std::thread::current();
    let test = thread.name().expect("a test's thread has its name");
    let programs: &[&str] = match runs {
        Runs::AsRoot => &["unshare", "mount"],
        Runs::WithoutCapabilities => &["unshare", "mount", "setpriv"],
    };
    let is_there = |program: &&&str| sh(&format!("command -v {program}"), &[]).status.success();
    if let Some(missing) = programs.iter().find(|program| !is_there(program)) {
        let told = format!("SKIPPED: {test}: there is no {missing} (util-linux)\n");
        tell(&told);
        let required = std::env::var_os("PAGETALLY_REQUIRE_PEERS");
        assert!(required.is_none_or(|value| value != "1"), "{told}");
        return None;
    }
    let place = tempfile::tempdir().expect("a folder");
    let place = place.path().to_str().expect("UTF-8");
    let mount = format!("mount -t tmpfs -o mode=700,{options} tmpfs \"$1\"");
    let inside = |script: &str| {
        let unshare = "exec unshare --user --map-root-user --mount sh -c \"$0\" \"$@\"";
        sh(unshare, &[script, "sh", place, &this(), test])
    };
    let able = inside(&mount);
    if !able.status.success() {
        let why = String::from_utf8_lossy(&able.stderr).replace('\n', " ");
        tell(&format!(
            "SKIPPED BY THE SYSTEM: {test}: no mount namespace ({why})\n"
        ));
        return None;
    }
    let begin = match runs {
        Runs::AsRoot => "",
        Runs::WithoutCapabilities => "setpriv --bounding-set=-all --inh-caps=-all",
    };
    let ran = inside(&format!(
        "{mount} && {DISK}=\"$1\" exec {begin} \"$2\" --exact \"$3\" --nocapture"
    ));
    let out = String::from_utf8_lossy(&ran.stdout);
    let err = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{out}{err}");
    assert!(out.contains("1 passed"), "{out}{err}");
    None
}

/// Mounts, or mounts anew, inside.
pub(crate) fn mount(words: &[&str], from: &Path, to: &Path) {
    let mut command = Command::new("mount");
    let ran = command.args(words).arg(from).arg(to).output();
    let ran = ran.expect("it is there");
    let err = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "mount {words:?}: {err}");
}

fn this() -> String {
    let this = std::env::current_exe().expect("a test");
    this.to_str().expect("UTF-8").to_owned()
}

fn sh(script: &str, words: &[&str]) -> Output {
    let path = std::env::var("PATH").unwrap_or_default();
    Command::new("sh")
        .args(["-c", script])
        .args(words)
        .env("PATH", format!("{path}:/usr/sbin:/sbin"))
        .output()
        .expect("a shell is everywhere")
}

/// Written directly: libtest keeps what passing tests print to itself.
fn tell(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
