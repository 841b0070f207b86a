//! `onsite enrol`, `run`, `status`, `outbox` and `explain`, as processes.

mod common;

use common::{Said, onsite, run, said};
use pagetally_central::{Central, CentralConfig, CentralHandle};
use pagetally_fleet_sim::demo_fleet;
use pagetally_harness::fleet::{Fleet, FleetConfig};
use pagetally_model::{Settings, Timestamp};
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::runtime::Runtime;

fn with_data(command: &str, data: &Path, args: &[&str]) -> Said {
    let output = onsite()
        .arg(command)
        .args(args)
        .arg("--data")
        .arg(data)
        .output()
        .expect("the program starts");
    said(output)
}

/// A site file that keeps an agent without settings from looking at this machine's own networks,
/// and lets it speak to a Central without TLS.
fn site_file(data: &Path) {
    std::fs::create_dir_all(data).expect("a folder");
    let text = "format = 1\n[central]\nallow_plain_http = true\n";
    std::fs::write(data.join("site.toml"), text).expect("writable");
}

fn fleet(base: [u8; 4]) -> Fleet {
    Fleet::start(FleetConfig {
        base: Ipv4Addr::from(base),
        ..FleetConfig::new(demo_fleet(7).into_iter().take(2).collect())
    })
    .expect("a fleet")
}

/// A Central with one site whose settings name `fleet`, and an enrolment code for it.
fn central(runtime: &Runtime, fleet: &Fleet) -> (CentralHandle, String) {
    runtime.block_on(async {
        let central = Central::start(CentralConfig::in_memory())
            .await
            .expect("it starts");
        let dealer = central
            .books()
            .create_dealer("Dealer")
            .await
            .expect("a dealer");
        let books = central.books().dealer(dealer);
        let account = books.create_account("Customer").await.expect("an account");
        let site = books
            .create_site(account, "Head office", "Europe/Berlin")
            .await
            .expect("a site");
        let settings = Settings {
            targets: fleet
                .addresses()
                .iter()
                .map(|a| a.ip().to_string())
                .collect(),
            port: fleet.port(),
            ..Settings::default()
        };
        books
            .set_settings(site, &settings, "test")
            .await
            .expect("settings");
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970");
        let now = Timestamp::from_unix_millis(i64::try_from(since.as_millis()).expect("small"));
        let url = format!("{}/soap", central.public_url());
        let hour = Duration::from_secs(3_600);
        let code = books
            .create_enrolment_code(site, &url, now, hour)
            .await
            .expect("a code");
        let text = code.to_text().expect("a code").to_string();
        (central, text)
    })
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
    assert!(other.err.contains("in use"), "{}", other.err);

    common::signal(&child, "TERM");
    let said = said(child.wait_with_output().expect("it ends")).ends_with(0);
    assert!(said.err.is_empty(), "{}", said.err);
    with_data("status", folder.path(), &[]).ends_with(0);
}
