//! `harness demo` as a person runs it: the whole road, then the pages in a browser.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

fn demo() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_harness"));
    command.arg("demo");
    command
}

/// Ends the demo when a test ends early.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The Chromium of this machine. Without one a test says so past the test runner's capture.
fn chromium() -> Option<&'static str> {
    let found = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|name| {
            let version = Command::new(name).arg("--version").output();
            version.is_ok_and(|output| output.status.success())
        });
    if found.is_none() {
        assert!(
            std::env::var_os("PAGETALLY_REQUIRE_PEERS").is_none(),
            "Chromium is missing"
        );
        let _ = writeln!(std::io::stderr(), "SKIPPED: Chromium is not installed");
    }
    found
}

/// The page as the browser shows it.
fn shown(chromium: &str, profile: &std::path::Path, address: &str) -> String {
    let output = Command::new(chromium)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .arg("--dump-dom")
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(address)
        .output()
        .expect("Chromium runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_books_equal_what_the_printers_served() {
    let output = demo().arg("--once").output().expect("the demo runs");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    for word in ["swept", "read", "stored", "sent", "acknowledged"] {
        assert!(told.contains(&format!("{word}  ")), "{word}: {told}");
    }
    assert!(
        told.contains("pass 2") && told.contains(": 0 differ"),
        "{told}"
    );
    let quick = |line: &str| -> Option<u32> {
        let (_, rest) = line.split_once(" in full, ")?;
        rest.split_once(" for what moves")?.0.parse().ok()
    };
    let quick: Vec<u32> = told.lines().filter_map(quick).collect();
    assert!(
        matches!(quick[..], [0, second] if second >= 10),
        "the second pass is quick: {told}"
    );
    assert!(
        !told.contains('\u{1b}'),
        "no escape sequences in a pipe: {told:?}"
    );
}

#[test]
fn its_pages_are_read_in_a_browser_while_it_stays_up() {
    let Some(chromium) = chromium() else { return };
    let mut running = Running(
        demo()
            .stdout(Stdio::piped())
            .spawn()
            .expect("the demo starts"),
    );
    let stdout = running.0.stdout.take().expect("a pipe");
    let (mut address, mut devices) = (String::new(), String::new());
    for line in BufReader::new(stdout).lines() {
        let line = line.expect("text");
        if let Some((_, found)) = line.split_once("last seen and observations: ") {
            found.clone_into(&mut address);
        }
        if let Some((_, stored)) = line.split_once("stored ")
            && let Some((audits, _)) = stored.split_once(" audits")
        {
            devices = format!("{} devices", audits.trim());
        }
        if line.contains("until Ctrl-C") {
            break;
        }
    }
    assert!(address.starts_with("http://127.0.0.1:"), "{address}");
    assert!(
        devices.len() > " devices".len(),
        "the passes say what they store"
    );

    let profile = tempfile::tempdir().expect("a folder");
    let fleet = shown(chromium, profile.path(), &address);
    for word in [
        "HP LaserJet",
        "Kyocera",
        "Lexmark",
        "Zebra",
        "Black",
        &devices,
    ] {
        assert!(fleet.contains(word), "{word} in {fleet}");
    }
    assert!(
        !fleet.contains("<script"),
        "the pages work without JavaScript"
    );
    let (_, device) = fleet
        .split_once("href=\"/devices/")
        .expect("a device's page");
    let device = device.split('"').next().expect("its address");
    let device = shown(
        chromium,
        profile.path(),
        &format!("{address}devices/{device}"),
    );
    for word in ["Meters", "Supplies", "Serial number", "why?"] {
        assert!(device.contains(word), "{word} in {device}");
    }
}
