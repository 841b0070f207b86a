//! `harness fleet` as a process: what it prints, serves and refuses.

use std::io::{BufRead as _, BufReader};
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

const PRINTER: &str = "1.3.6.1.2.1.1.5.0|4|printer-a\n\
                       1.3.6.1.2.1.2.2.1.6.1|4x|00267311aabb\n\
                       1.3.6.1.2.1.43.5.1.1.17.1|4|CNB1234567\n";

/// A v2c GET of prtGeneralSerialNumber.1 with community "public", octet by octet.
const GET_SERIAL: [u8; 43] = [
    0x30, 0x29, 0x02, 0x01, 0x01, 0x04, 0x06, 0x70, 0x75, 0x62, 0x6c, 0x69, 0x63, 0xa0, 0x1c, 0x02,
    0x01, 0x07, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x30, 0x11, 0x30, 0x0f, 0x06, 0x0b, 0x2b, 0x06,
    0x01, 0x02, 0x01, 0x2b, 0x05, 0x01, 0x01, 0x11, 0x01, 0x05, 0x00,
];

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, content) in files {
        std::fs::write(dir.path().join(name), content).expect("written");
    }
    dir
}

fn harness(dir: &Path, extra: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_harness"));
    command
        .arg("fleet")
        .arg(dir)
        .args(["--port", "0"])
        .args(extra);
    command
}

fn run(dir: &Path, extra: &[&str]) -> Output {
    harness(dir, extra).output().expect("it runs")
}

/// Ends the process when the test ends, however it ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn it_lists_and_serves_each_copy_with_a_serial_of_its_own() {
    let dir = folder(&[("laser.snmprec", PRINTER)]);
    let child = harness(dir.path(), &["--copies", "3", "--base", "127.79.1.1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    let mut running = Running(child);
    let out = running.0.stdout.take().expect("piped");
    let lines = BufReader::new(out).lines().take(3);
    let lines: Vec<String> = lines.map(|line| line.expect("text")).collect();
    let mut serials = Vec::new();
    for line in &lines {
        let [address, name, serial] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("not three columns: {line}");
        };
        assert_eq!(name, "laser");
        assert!(address.starts_with("127.79.1."));
        assert!(
            answer(address).contains(serial),
            "{address} serves {serial}"
        );
        serials.push(serial);
    }
    assert_eq!(serials[0], "CNB1234567");
    serials.dedup();
    assert_eq!(serials.len(), 3);
}

fn answer(address: &str) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let patience = Some(Duration::from_secs(5));
    socket.set_read_timeout(patience).expect("a timeout");
    socket.send_to(&GET_SERIAL, address).expect("sent");
    let mut buffer = [0; 1_500];
    let (length, _) = socket.recv_from(&mut buffer).expect("an answer");
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

#[test]
fn it_ends_by_itself_when_told_to_and_says_what_it_saw() {
    let dir = folder(&[("laser.snmprec", PRINTER)]);
    let output = run(dir.path(), &["--for", "0", "--base", "127.79.2.1"]);
    assert!(output.status.success());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("0 datagrams received"), "{error}");
}

#[test]
fn a_broken_recording_is_named_with_its_line() {
    let dir = folder(&[("bad.snmprec", "1.3.6.1|2|1\n1.3.6.2|99|x\n")]);
    let output = run(dir.path(), &["--for", "0"]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        error.contains("bad.snmprec") && error.contains("line 2"),
        "{error}"
    );
}

#[test]
fn a_folder_without_recordings_is_an_error() {
    let dir = folder(&[("notes.txt", "")]);
    let output = run(dir.path(), &["--for", "0"]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("no recordings"), "{error}");
}

#[test]
fn nonsense_arguments_are_refused_before_anything_is_served() {
    let dir = folder(&[("laser.snmprec", PRINTER)]);
    for extra in [["--loss", "101"], ["--copies", "0"], ["--base", "printer"]] {
        let output = run(dir.path(), &extra);
        assert_eq!(output.status.code(), Some(2), "{extra:?}");
    }
    let output = run(dir.path(), &["--base", "192.0.2.1", "--for", "0"]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("127.0.0.0/8"), "{error}");
}
