//! `onsite enrol`, `run`, `status`, `outbox` and `explain`, as processes.

mod common;

use common::site::{central, fleet, site_file, with_data};
use common::{onsite, run, said};
use tokio::runtime::Runtime;

#[test]
fn what_an_agent_read_is_checked_offline_with_its_first_key() {
    let runtime = Runtime::new().expect("a runtime");
    let fleet = fleet([127, 94, 7, 1]);
    let (_central, code) = central(&runtime, &fleet);
    let folder = tempfile::tempdir().expect("a folder");
    site_file(folder.path());
    with_data("enrol", folder.path(), &[&code]).ends_with(0);
    with_data("run", folder.path(), &["--once"]).ends_with(0);

    let status = with_data("status", folder.path(), &[]);
    let key = status
        .out
        .lines()
        .find_map(|line| line.strip_prefix("first key"))
        .expect("it tells its key")
        .trim();
    let file = folder.path().join("proof.json");
    let file = file.to_str().expect("UTF-8");
    let address = fleet.addresses()[0].ip().to_string();
    let written = with_data("proof", folder.path(), &[&address, "-o", file]).ends_with(0);
    assert!(written.out.contains("onsite verify"), "{}", written.out);
    with_data("proof", folder.path(), &["no-such-device"]).ends_with(1);

    let proved = run(&["verify", file, "meters.total", "--key", key]).ends_with(0);
    assert!(proved.out.starts_with("PROVED\n"), "{}", proved.out);
    assert!(proved.out.contains("meters.total = "), "{}", proved.out);

    let stranger = "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c";
    let refused = run(&["verify", file, "--key", stranger]).ends_with(1);
    assert!(refused.err.contains("NOT PROVED"), "{}", refused.err);
    run(&["verify", file, "--key", "abc"]).ends_with(2);

    let text = std::fs::read_to_string(file).expect("readable");
    let forged = text.replacen("\\\"value\\\":", "\\\"value\\\":1", 1);
    assert_ne!(text, forged, "the document holds a value");
    std::fs::write(file, forged).expect("writable");
    let refused = run(&["verify", file, "--key", key]).ends_with(1);
    assert!(refused.err.contains("NOT PROVED"), "{}", refused.err);
}

#[test]
fn an_enrolled_agent_reads_stores_and_delivers_and_says_so() {
    let runtime = Runtime::new().expect("a runtime");
    let fleet = fleet([127, 94, 1, 1]);
    let (_central, code) = central(&runtime, &fleet);
    let folder = tempfile::tempdir().expect("a folder");
    site_file(folder.path());

    let enrolled = with_data("enrol", folder.path(), &[&code]).ends_with(0);
    assert!(enrolled.out.contains("Head office"), "{}", enrolled.out);
    assert!(!enrolled.out.contains(&code) && !enrolled.err.contains(&code));

    let pass = with_data("run", folder.path(), &["--once"]).ends_with(0);
    let steps: Vec<&str> = pass
        .out
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let order = [
        "started",
        "found",
        "read",
        "swept",
        "stored",
        "connecting",
        "sent",
        "acknowledged",
    ];
    let places: Vec<usize> = order
        .iter()
        .map(|step| {
            let place = steps.iter().position(|line| line == step);
            place.unwrap_or_else(|| panic!("no {step} in\n{}", pass.out))
        })
        .collect();
    assert!(places.is_sorted(), "{}", pass.out);

    let status = with_data("status", folder.path(), &[]).ends_with(0);
    assert!(status.out.contains("0 submissions wait"), "{}", status.out);
    let outbox = with_data("outbox", folder.path(), &[]).ends_with(0);
    assert_eq!(outbox.out, "nothing waits\n");

    let address = fleet.address(0).ip().to_string();
    let story = with_data("explain", folder.path(), &[&address, "serial"]).ends_with(0);
    let truth = fleet
        .with_device(0, |device| device.truth())
        .expect("there");
    assert!(story.out.contains(&truth.serial), "{}", story.out);
    assert!(story.out.contains("SNMP 1.3.6.1."), "{}", story.out);
    let near = &truth.serial[1..];
    let said = with_data("explain", folder.path(), &[near, "serial"]).ends_with(1);
    assert!(said.err.contains(&truth.serial), "{}", said.err);
    assert!(said.err.contains(&address), "{}", said.err);

    let history = with_data("history", folder.path(), &[&truth.serial]).ends_with(0);
    let passes = history.out.lines().count();
    assert!(passes >= 1, "{}", history.out);
    for line in history.out.lines() {
        assert_eq!(line.split('\t').count(), 3, "{line}");
    }
    let whole = with_data("history", folder.path(), &[&truth.serial, "--json"]).ends_with(0);
    let documents: Vec<serde_json::Value> = whole
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("a document a line"))
        .collect();
    assert_eq!(documents.len(), passes);
    assert_eq!(documents[0]["identity"]["serial"], truth.serial.as_str());
    with_data("history", folder.path(), &["nobody's"]).ends_with(1);

    // The code worked once; another agent cannot use it.
    let other = tempfile::tempdir().expect("a folder");
    site_file(other.path());
    with_data("enrol", other.path(), &[&code]).ends_with(4);
}

#[test]
fn a_central_that_went_away_leaves_the_pass_in_the_outbox() {
    let fleet = fleet([127, 94, 2, 1]);
    let runtime = Runtime::new().expect("a runtime");
    let (central, code) = central(&runtime, &fleet);
    let folder = tempfile::tempdir().expect("a folder");
    site_file(folder.path());
    let enrolled = with_data("enrol", folder.path(), &[&code]).ends_with(0);
    assert!(enrolled.err.is_empty(), "{}", enrolled.err);

    // Central goes away for good.
    runtime.block_on(central.shutdown()).expect("it stops");
    let pass = with_data("run", folder.path(), &["--once"]).ends_with(3);
    assert!(pass.out.contains("stored"), "{}", pass.out);
    assert!(
        pass.out.contains("not delivered 1 submissions wait"),
        "{}",
        pass.out
    );
    let outbox = with_data("outbox", folder.path(), &[]).ends_with(0);
    assert_eq!(outbox.out.lines().count(), 1, "{}", outbox.out);
    with_data("status", folder.path(), &[]).ends_with(3);
}

#[test]
fn a_code_that_is_none_is_refused_without_making_an_agent_known_anywhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = with_data("enrol", folder.path(), &["no-code-at-all"]).ends_with(2);
    assert!(said.err.contains("enrolment code"), "{}", said.err);
}

#[test]
fn asking_makes_no_agent() {
    let folder = tempfile::tempdir().expect("a folder");
    let nobody = folder.path().join("nobody");
    for command in ["status", "outbox"] {
        let said = with_data(command, &nobody, &[]).ends_with(2);
        assert!(said.err.contains("no agent"), "{}", said.err);
    }
    assert!(!nobody.exists());
}

#[test]
fn a_site_file_with_a_mistake_is_refused_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "format = 1\n[network]\nexclusion = [\"10.0.0.1\"]\n";
    std::fs::write(folder.path().join("site.toml"), text).expect("writable");
    let said = with_data("run", folder.path(), &["--once"]).ends_with(2);
    assert!(said.err.contains("site.toml, line 3"), "{}", said.err);
}

#[test]
fn a_reading_of_a_recording_can_be_explained_without_an_agent() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("acme.snmprec");
    let text = "1.3.6.1.2.1.1.1.0|4|ACME\n\
        1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5\n\
        1.3.6.1.2.1.43.5.1.1.17.1|4|SN-1\n";
    std::fs::write(&file, text).expect("writable");
    let file = file.to_str().expect("UTF-8");
    let said = run(&["explain", file, "serial"]).ends_with(0);
    for part in [
        "identity.serial = SN-1",
        "1.3.6.1.2.1.43.5.1.1.17.1",
        "rule",
    ] {
        assert!(said.out.contains(part), "{}", said.out);
    }
    let said = run(&["explain", file, "meters.nonsense"]).ends_with(1);
    assert!(said.err.contains("meters.nonsense"), "{}", said.err);
    assert!(said.err.contains("no meters at all"), "{}", said.err);
    let said = run(&["explain", file, "serail"]).ends_with(1);
    assert!(said.err.contains("near it: serial"), "{}", said.err);

    let story = run(&["explain", file, "serial", "--format", "json"]).ends_with(0);
    let reading = &story.json()["readings"][0];
    assert_eq!(reading["path"], "identity.serial");
    let object = &reading["objects"]["1.3.6.1.2.1.43.5.1.1.17.1"];
    assert_eq!(object["name"], "prtGeneralSerialNumber.1");

    // The same audit, kept as a document.
    let audit = run(&["replay", file, "--format", "json"]).ends_with(0);
    let kept = folder.path().join("audit.json");
    std::fs::write(&kept, audit.out).expect("writable");
    let kept = kept.to_str().expect("UTF-8");
    let said = run(&["explain", kept, "serial"]).ends_with(0);
    assert!(said.out.contains("identity.serial = SN-1"), "{}", said.out);
}

#[cfg(unix)]
#[test]
fn an_agent_that_stays_ends_cleanly_between_two_passes() {
    use std::io::{BufRead, BufReader};
    let runtime = Runtime::new().expect("a runtime");
    let fleet = fleet([127, 94, 3, 1]);
    let (_central, code) = central(&runtime, &fleet);
    let folder = tempfile::tempdir().expect("a folder");
    site_file(folder.path());
    with_data("enrol", folder.path(), &[&code]).ends_with(0);

    let mut child = onsite()
        .args(["run", "--data"])
        .arg(folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    let out = BufReader::new(child.stdout.take().expect("piped"));
    let waits = out
        .lines()
        .any(|line| line.is_ok_and(|line| line.starts_with("next pass in")));
    assert!(waits, "it ended without waiting for a next pass");

    // The folder is its own while it runs.
    let other = with_data("status", folder.path(), &[]).ends_with(4);
    let owner = format!("is in use by process {}", child.id());
    assert!(other.err.contains(&owner), "{}", other.err);
    let other = with_data("run", folder.path(), &["--once"]).ends_with(4);
    assert!(other.err.contains(&owner), "{}", other.err);

    common::signal(&child, "TERM");
    let said = said(child.wait_with_output().expect("it ends")).ends_with(0);
    assert!(said.err.is_empty(), "{}", said.err);
    with_data("status", folder.path(), &[]).ends_with(0);
}

#[test]
fn a_code_comes_in_a_file_as_the_dealers_page_gives_it() {
    let fleet = fleet([127, 94, 7, 1]);
    let runtime = Runtime::new().expect("a runtime");
    let (_central, code) = central(&runtime, &fleet);
    let folder = tempfile::tempdir().expect("a folder");
    site_file(folder.path());
    let file = folder.path().join("code.txt");
    let said = with_data("enrol", folder.path(), &["--file", "no-such-file"]).ends_with(2);
    assert!(said.err.contains("no-such-file"), "{}", said.err);
    std::fs::write(&file, format!("# for one agent\r\n{code}\r\n")).expect("writable");
    let path = file.to_str().expect("text");
    with_data("enrol", folder.path(), &[path, "--file", path]).ends_with(2);
    let said = with_data("enrol", folder.path(), &["--file", path]).ends_with(0);
    assert!(said.out.starts_with("enrolled: "), "{}", said.out);
}
