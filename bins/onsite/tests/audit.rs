//! `onsite audit`, as a process, against simulated printers on loopback.

mod common;

use common::{Said, onsite, run, said};
use pagetally_fleet_sim::{SimDevice, demo_fleet};
use pagetally_harness::fleet::{Fleet, FleetConfig};
use pagetally_model::DeviceAudit;
use std::net::Ipv4Addr;

/// Printers of the demonstration fleet by their place in it, on addresses of this test alone.
fn fleet(base: [u8; 4], devices: Vec<SimDevice>) -> Fleet {
    Fleet::start(FleetConfig {
        base: Ipv4Addr::from(base),
        ..FleetConfig::new(devices)
    })
    .expect("a fleet")
}

/// The first printers that answer to `public` over v2c.
fn printers(count: usize) -> Vec<SimDevice> {
    demo_fleet(7).into_iter().take(count).collect()
}

fn named(name: &str) -> SimDevice {
    demo_fleet(7)
        .into_iter()
        .find(|device| device.name().contains(name))
        .unwrap_or_else(|| panic!("the fleet has no {name}"))
}

fn audit(fleet: &Fleet, args: &[&str]) -> Said {
    let port = fleet.port().to_string();
    said(
        onsite()
            .args([
                "audit",
                "--port",
                &port,
                "--timeout",
                "300ms",
                "--retries",
                "1",
            ])
            .args(args)
            .output()
            .expect("the program starts"),
    )
}

#[test]
fn json_has_every_printer_with_what_it_served_and_every_address_once() {
    let fleet = fleet([127, 92, 1, 1], printers(3));
    let said = audit(&fleet, &["127.92.1.1-6", "--format", "json"]).ends_with(0);
    let document = said.json();
    assert_eq!(document["format"], 1);
    let audits: Vec<DeviceAudit> =
        serde_json::from_value(document["audits"].clone()).expect("audits");
    assert_eq!(audits.len(), 3);
    for audit in &audits {
        let address = audit.address.expect("read over the network");
        let place = fleet.index_of(address.ip()).expect("one of ours");
        let truth = fleet
            .with_device(place, |device| device.truth())
            .expect("there");
        assert_eq!(audit.check_sources(), Ok(()));
        let serial = audit.identity.serial.as_ref().map(ToString::to_string);
        assert_eq!(serial.as_ref(), Some(&truth.serial));
    }
    let observations = document["observations"].as_array().expect("an array");
    let kinds: Vec<&str> = observations
        .iter()
        .map(|row| row["outcome"]["type"].as_str().expect("a word"))
        .collect();
    assert_eq!(
        kinds,
        [
            "printer-read",
            "printer-read",
            "printer-read",
            "port-closed"
        ]
    );
    assert_eq!(observations[3]["first"], "127.92.1.4");
    assert_eq!(observations[3]["last"], "127.92.1.6");
    assert_eq!(document["stats"]["addresses"], 6);
    assert_eq!(document["unsettledAddresses"], 0);
}

#[test]
fn the_table_names_maker_serial_and_total_and_a_pipe_has_no_progress_bar() {
    let fleet = fleet([127, 92, 2, 1], printers(1));
    let truth = fleet
        .with_device(0, |device| device.truth())
        .expect("there");
    let said = audit(&fleet, &["127.92.2.1"]).ends_with(0);
    assert!(said.out.contains("127.92.2.1"), "{}", said.out);
    assert!(said.out.contains(&truth.serial), "{}", said.out);
    assert!(said.err.contains("1 printer read"), "{}", said.err);
    assert!(
        !said.err.contains('\r') && !said.err.contains('\u{1b}'),
        "{:?}",
        said.err
    );
    assert!(!said.out.contains('\u{1b}'), "{:?}", said.out);
}

#[test]
fn csv_has_one_row_a_device_and_one_for_each_silent_run() {
    let fleet = fleet([127, 92, 3, 1], printers(2));
    let said = audit(&fleet, &["127.92.3.1-4", "--format", "csv", "--quiet"]).ends_with(0);
    let rows: Vec<&str> = said.out.trim_end().split("\r\n").collect();
    assert_eq!(rows.len(), 4, "{}", said.out);
    assert!(
        rows[1].starts_with("127.92.3.1,127.92.3.1,printer-read,"),
        "{}",
        rows[1]
    );
    assert!(
        rows[3].starts_with("127.92.3.3,127.92.3.4,port-closed,"),
        "{}",
        rows[3]
    );
    assert!(said.err.is_empty(), "{}", said.err);
}

#[test]
fn several_communities_are_tried_and_none_shows_in_what_is_printed() {
    let mut device = named("M507");
    device.access_mut().communities = vec![b"sentinel-42".to_vec()];
    let fleet = fleet([127, 92, 4, 1], vec![device]);
    let args = [
        "127.92.4.1",
        "-c",
        "public",
        "-c",
        "sentinel-42",
        "--format",
        "json",
    ];
    let said = audit(&fleet, &args).ends_with(0);
    assert!(!said.out.contains("sentinel-42") && !said.err.contains("sentinel-42"));
}

#[test]
fn a_device_that_refuses_is_said_to_refuse() {
    let fleet = fleet([127, 92, 5, 1], vec![named("P3015"), printers(1).remove(0)]);
    let said = audit(&fleet, &["127.92.5.1-2"]).ends_with(3);
    assert!(said.out.contains("wrong community"), "{}", said.out);
    assert!(
        said.err.contains("1 printer read, 1 wrong community"),
        "{}",
        said.err
    );
}

#[test]
fn a_switch_is_named_as_no_printer_and_never_read() {
    let fleet = fleet([127, 92, 6, 1], vec![named("switch")]);
    let said = audit(&fleet, &["127.92.6.1"]).ends_with(1);
    assert!(said.out.contains("no printer: Cisco IOS"), "{}", said.out);
    assert!(said.err.contains("no printer answered"), "{}", said.err);
}

#[test]
fn targets_come_from_files_and_exclusions_hold() {
    let fleet = fleet([127, 92, 7, 1], printers(3));
    let folder = tempfile::tempdir().expect("a folder");
    let list = folder.path().join("printers.txt");
    std::fs::write(&list, "127.92.7.1 # reception\n127.92.7.2-3\n").expect("writable");
    let list = format!("@{}", list.display());
    let said = audit(
        &fleet,
        &[&list, "--exclude", "127.92.7.2", "--format", "json"],
    )
    .ends_with(0);
    assert_eq!(said.json()["audits"].as_array().map(Vec::len), Some(2));
    assert_eq!(said.json()["stats"]["addresses"], 2);
}

#[test]
fn nobody_at_home_ends_with_1_and_says_what_to_check() {
    // Port 9 of loopback: nobody answers SNMP there.
    let args = [
        "audit",
        "127.92.8.1-2",
        "--port",
        "9",
        "-t",
        "100ms",
        "-r",
        "0",
    ];
    let said = run(&args).ends_with(1);
    for word in ["--community", "--port", "UDP"] {
        assert!(said.err.contains(word), "{}", said.err);
    }
}

#[test]
fn a_name_that_cannot_be_resolved_is_reported_and_stops_nothing() {
    let fleet = fleet([127, 92, 9, 1], printers(1));
    let said = audit(&fleet, &["127.92.9.1", "no-such-host.invalid"]).ends_with(3);
    assert!(said.out.contains("no-such-host.invalid"), "{}", said.out);
    assert!(said.err.contains("1 printer read"), "{}", said.err);
}

#[test]
fn what_makes_no_sense_ends_with_2_and_names_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let list = folder.path().join("list");
    std::fs::write(&list, "192.0.2.1\n10.0.0.300\n").expect("writable");
    let at = format!("@{}", list.display());
    for (args, word) in [
        (vec!["audit", "10.0.0.300"], "10.0.0.300"),
        (vec!["audit", "192.0.2.1", "--exclude", "a b"], "a b"),
        (vec!["audit", "192.0.2.1", "--timeout", "5"], "500ms or 2s"),
        (vec!["audit", "192.0.2.1", "--port", "0"], "--port"),
        (vec!["audit", "192.0.2.1", "--community", ""], "--community"),
        (vec!["audit", "@/no/such/list"], "/no/such/list"),
        (vec!["audit", &at], "line 2"),
        (vec!["audit", "10.0.0.0/8"], "--yes"),
        (vec!["audit", "10.0.0.0/8", "11.0.0.0/8"], "33554428"),
        (vec!["frobnicate"], "frobnicate"),
    ] {
        let said = run(&args).ends_with(2);
        assert!(said.err.contains(word), "{args:?}: {}", said.err);
        assert!(said.out.is_empty(), "{args:?}: {}", said.out);
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_prints_what_was_read_until_then_and_ends_with_130() {
    let fleet = fleet([127, 92, 10, 1], printers(1));
    let port = fleet.port().to_string();
    // One printer, and then minutes of silence at this pace.
    let targets = ["127.92.10.1", "127.92.11.1-250"];
    let child = onsite()
        .args(["audit", "--port", &port, "--rate", "5", "--format", "json"])
        .args(targets)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    // The fleet's own counter says when the printer has been read: it falls silent afterwards.
    let mut answered = 0;
    while answered == 0 || fleet.stats().answered > answered {
        answered = fleet.stats().answered;
        std::thread::sleep(std::time::Duration::from_millis(1_500));
    }
    common::signal(&child, "INT");
    let said = said(child.wait_with_output().expect("it ends")).ends_with(130);
    let document = said.json();
    assert_eq!(document["audits"].as_array().map(Vec::len), Some(1));
    assert!(
        document["unsettledAddresses"].as_u64() > Some(0),
        "{}",
        said.out
    );
    assert!(said.err.contains("stopped"), "{}", said.err);
}
