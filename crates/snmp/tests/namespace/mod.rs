//! Tests that need interfaces of their own run themselves again in a network namespace, which leads
//! nowhere and ends with them.
//!
//! What they need of programs is a peer like any other: where one is missing they say `SKIPPED:`, and
//! `PAGETALLY_REQUIRE_PEERS=1` makes that a failure. A system that forbids namespaces, or has no kind of
//! interface or queue that is wanted, is another matter: containers do that to whoever runs in them, the
//! machines of most continuous integrations among them, and nothing that can be installed there mends it.
//! Such a test says `SKIPPED BY THE SYSTEM:`, which `.ci/run` repeats at its end, and fails nowhere.

use std::io::Write as _;
use std::process::Command;

/// Runs `script` as root of a new namespace, with this program as `$0` and the test's name as `$1`; it
/// ends by running the test again, which must then pass. `programs` it needs to be installed, and
/// `set_up` to succeed in such a namespace.
pub(crate) fn run(test: &str, programs: &[&str], set_up: &str, script: &str) {
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{path}:/usr/sbin:/sbin");
    let command = |words: &[&str]| {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env("PATH", &path);
        command
    };
    let is_there = |program: &&&str| {
        let look = format!("command -v {program}");
        let found = command(&["sh", "-c", &look]).output();
        found.is_ok_and(|ran| ran.status.success())
    };
    let programs = [&["unshare", "ip"], programs].concat();
    if let Some(missing) = programs.iter().find(|program| !is_there(program)) {
        let told = format!("SKIPPED: {test}: there is no {missing} (iproute2, util-linux)\n");
        tell(&told);
        let required = std::env::var_os("PAGETALLY_REQUIRE_PEERS");
        assert!(required.is_none_or(|value| value != "1"), "{told}");
        return;
    }
    let unshare = ["unshare", "--user", "--map-root-user", "--net", "sh", "-c"];
    let able = command(&unshare).arg(set_up).output().expect("it is there");
    if !able.status.success() {
        let why = String::from_utf8_lossy(&able.stderr).replace('\n', " ");
        tell(&format!(
            "SKIPPED BY THE SYSTEM: {test}: no network namespace, or not in it: {set_up} ({why})\n"
        ));
        return;
    }
    let this = std::env::current_exe().expect("a test");
    let mut run = command(&unshare);
    let ran = run.arg(script).arg(this).arg(test).output();
    let ran = ran.expect("it ran a moment ago");
    let out = String::from_utf8_lossy(&ran.stdout);
    let err = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{out}{err}");
    assert!(out.contains("1 passed"), "{out}{err}");
}

/// Written directly: libtest keeps what passing tests print to itself.
fn tell(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
