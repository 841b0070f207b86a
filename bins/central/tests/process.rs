//! The program as its user meets it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn central(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_central"));
    command
        .args(arguments)
        .env("CENTRAL_DATA", data)
        .env_remove("CENTRAL_PASSWORD")
        .env_remove("CENTRAL_PUBLIC_URL")
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    command
}

fn run(data: &Path, arguments: &[&str]) -> Output {
    central(data, arguments).output().expect("the program runs")
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", err(output));
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A serving Central, killed when the test ends.
struct Serving {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Serving {
    fn start(data: &Path, arguments: &[&str]) -> Self {
        let mut child = central(data, arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        let lines = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, lines }
    }

    /// Reads up to the line that begins with `start` and returns what was read.
    fn until(&mut self, start: &str) -> String {
        let mut all = String::new();
        loop {
            let mut line = String::new();
            let read = self.lines.read_line(&mut line).expect("text");
            assert!(read > 0, "it ended after: {all}");
            all.push_str(&line);
            if line.starts_with(start) {
                return all;
            }
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("connects");
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .expect("sends");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn a_new_central_is_made_and_gives_out_an_enrolment_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("central");

    let made = out(&run(&data, &["init", "--dealer", "Example Dealer"]));
    assert!(made.starts_with("Login admin, password "), "{made}");
    let again = run(&data, &["init", "--dealer", "Example Dealer"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(err(&again).contains("already"), "{}", err(&again));

    let add = ["sites", "add", "--account", "Customer", "--name", "Office"];
    let id = out(&run(
        &data,
        &[&add[..], &["--time-zone", "Europe/Berlin"]].concat(),
    ));
    assert_eq!(id.trim().len(), 32);
    let list = out(&run(&data, &["sites", "list"]));
    assert_eq!(list, format!("Customer\tOffice\tEurope/Berlin\t0\t0\t{id}"));

    let url = ["--public-url", "https://central.example"];
    let code = out(&run(
        &data,
        &[&["enrol", "--site", "Office"][..], &url].concat(),
    ));
    let named: pagetally_contract::EnrolmentCode = code.trim().parse().expect("a code");
    assert_eq!(
        named.central_url, "https://central.example/soap",
        "where agents call"
    );
    assert_eq!(code.lines().count(), 1, "a script can take it as it is");
    let other = out(&run(
        &data,
        &[&["enrol", "--site", "Customer/Office"][..], &url].concat(),
    ));
    assert_ne!(code, other);
}

#[test]
fn central_keys_are_replaced_listed_and_destroyed() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("central");
    out(&run(&data, &["init"]));
    let list = || out(&run(&data, &["key", "list"]));
    let before = list();
    let mut lines = before.lines();
    assert!(
        lines.next().is_some_and(|line| line.ends_with("in force")),
        "{before}"
    );
    let signs = lines.next().expect("its public half");
    assert!(
        signs.starts_with("    signs receipts: ") && signs.ends_with(" (Ed25519)"),
        "{before}"
    );
    assert_eq!(lines.next(), None);
    let first = before.get(..32).expect("a name").to_owned();

    let rotated = out(&run(&data, &["key", "rotate", "--old-lives-days", "30"]));
    assert!(rotated.contains("is in force"), "{rotated}");
    assert!(
        rotated.contains(&format!("key {first} opens what is sealed to it until")),
        "{rotated}"
    );
    let both = list();
    assert_eq!(both.matches("made").count(), 2);
    assert!(!both.starts_with(&first), "the one in force comes first");

    out(&run(&data, &["key", "rotate", "--old-lives-days", "0"]));
    let all = list();
    assert_eq!(all.matches("in force").count(), 1, "{all}");
    assert_eq!(all.matches("destroyed").count(), 1, "{all}");
    // Receipts that a destroyed key signed can be checked all the same.
    assert_eq!(all.matches("signs receipts").count(), 3, "{all}");
    assert_eq!(all.matches("  ends ").count(), 1, "{all}");
}

#[test]
fn settings_are_shown_without_their_communities_and_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("central");
    out(&run(&data, &["init"]));
    out(&run(
        &data,
        &["sites", "add", "--account", "C", "--name", "Office"],
    ));
    let secrets = folder.path().join("communities");
    std::fs::write(&secrets, "first-sentinel\nsecond-sentinel\n").expect("written");
    let secrets = secrets.to_str().expect("a path");

    let site = ["settings", "--site", "Office"];
    let change = [
        "--target",
        "192.0.2.0/28",
        "--interval",
        "900",
        "--communities",
        secrets,
    ];
    let changed = run(&data, &[&site[..], &change].concat());
    assert!(err(&changed).contains("version 2"), "{}", err(&changed));
    let shown = out(&run(&data, &site));
    assert!(shown.contains("targets\t192.0.2.0/28\n"), "{shown}");
    assert!(shown.contains("interval\t900 s\n"), "{shown}");
    assert!(shown.contains("communities\t2 (not shown)"), "{shown}");
    assert!(!shown.contains("sentinel"), "{shown}");

    let refused = run(&data, &[&site[..], &["--target", "10.0.0.300"]].concat());
    assert_eq!(refused.status.code(), Some(1));
    assert!(err(&refused).contains("targets"), "{}", err(&refused));

    for file in ["central.db", "central.db-wal"] {
        let bytes = std::fs::read(data.join(file)).unwrap_or_default();
        let holds = bytes.windows(8).any(|window| window == b"sentinel");
        assert!(!holds, "{file} holds a community in clear");
    }
}

#[test]
fn what_cannot_be_done_is_said_in_one_line_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("nothing");
    let check = |arguments: &[&str], code: i32, expected: &str| {
        let output = run(&data, arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            err(&output)
        );
        assert!(
            err(&output).contains(expected),
            "{arguments:?}: {}",
            err(&output)
        );
    };
    check(&["sites", "list"], 1, "make one with: central init");
    check(&["enrol"], 2, "--site");
    check(&["serve", "--http", "0.0.0.0:0"], 1, "use HTTPS");
    check(&["serve", "--https", "127.0.0.1:0"], 2, "--cert");
    check(
        &["serve", "--open-pages", "--http", "192.0.2.1:1"],
        1,
        "use HTTPS",
    );
    let none = folder.path().join("no.pem").display().to_string();
    let files = ["--cert", none.as_str(), "--key", none.as_str()];
    check(
        &[&["serve", "--https", "127.0.0.1:0"][..], &files].concat(),
        1,
        "cannot read",
    );
    out(&run(&data, &["init"]));
    check(&["enrol", "--site", "Office"], 1, "central sites add");
    check(&["password", "--login", "nobody"], 1, "no user nobody");
}

#[cfg(unix)]
#[test]
fn a_key_file_that_others_can_read_stops_everything_with_the_remedy() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("central");
    out(&run(&data, &["init"]));
    let key = data.join("server.key");
    assert_eq!(
        std::fs::metadata(&key).expect("a key").permissions().mode() & 0o777,
        0o600
    );
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("chmod");
    let refused = run(&data, &["sites", "list"]);
    assert!(err(&refused).contains("chmod 600"), "{}", err(&refused));
}

#[test]
fn serving_for_the_first_time_makes_a_dealer_and_asks_for_sign_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("central");
    let mut serving = Serving::start(&data, &["serve", "--http", "127.0.0.1:0"]);
    let said = serving.until("Agents call ");
    assert!(said.contains("Login admin, password "), "{said}");
    let address = said
        .lines()
        .find_map(|line| line.strip_prefix("Pages: http://"))
        .expect("an address")
        .trim_end_matches('/')
        .to_owned();

    let answer = get(&address, "/");
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    assert!(answer.contains("location: /sign-in"), "{answer}");
    assert!(get(&address, "/sign-in").contains("Sign in"));
    // The other commands work beside it.
    out(&run(
        &data,
        &["sites", "add", "--account", "C", "--name", "Office"],
    ));
}

#[cfg(unix)]
#[test]
fn a_service_manager_stops_it_cleanly() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("central");
    let mut serving = Serving::start(&data, &["serve", "--http", "127.0.0.1:0", "--open-pages"]);
    serving.until("Agents call ");
    let pid = serving.child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .expect("kill")
            .success()
    );
    let status = serving.child.wait().expect("it ends");
    assert_eq!(status.code(), Some(0));
}
