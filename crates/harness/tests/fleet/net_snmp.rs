//! net-snmp's tools read exactly what is served, in v1 and v2c.

use crate::{peers, printout};
use pagetally_fleet_sim::{SimDevice, demo_fleet};
use pagetally_harness::fleet::{Fleet, FleetConfig};
use pagetally_snmp_engine::{Value, VarBind};
use std::net::SocketAddr;
use std::process::{Command, Output};
use std::time::Duration;

/// Runs one of the tools.
fn run(tool: &str, version: &str, extra: &[&str], at: SocketAddr, names: &[&str]) -> Output {
    Command::new(tool)
        .args([version, "-c", "public", "-t", "2", "-r", "2"])
        .args(printout::OPTIONS)
        .args(extra)
        .arg(format!("udp:{at}"))
        .args(names)
        .output()
        .expect("the tool runs")
}

fn read(tool: &str, version: &str, extra: &[&str], at: SocketAddr, names: &[&str]) -> Vec<VarBind> {
    let output = run(tool, version, extra, at, names);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{tool} {at}: {error}");
    printout::parse(&String::from_utf8(output.stdout).expect("ASCII"))
}

/// All devices answer everybody here: refusal and sleep have their own tests.
fn open(mut devices: Vec<SimDevice>) -> (Fleet, Vec<(String, Vec<VarBind>)>) {
    for device in &mut devices {
        let access = device.access_mut();
        access.communities = vec![b"public".to_vec()];
        access.v2c = true;
        access.bulk = true;
    }
    let mut config = FleetConfig::new(devices);
    // What is compared must not move.
    config.follow_wall_clock = false;
    let fleet = Fleet::start(config).expect("served");
    let expected = (0..fleet.len())
        .filter_map(|index| {
            fleet.with_device(index, |device| {
                // Whoever sleeps is woken here, in place of a lost datagram.
                let _ = device.answer(&[]);
                (device.name().to_owned(), device.walk())
            })
        })
        .collect();
    (fleet, expected)
}

/// The first difference, rather than two lists of thousands.
fn assert_same(name: &str, read: &[VarBind], served: &[VarBind]) {
    for (read, served) in read.iter().zip(served) {
        assert_eq!(read, served, "{name}");
    }
    assert_eq!(read.len(), served.len(), "{name}");
}

/// v1 has no Counter64.
fn as_v1(served: Vec<VarBind>) -> Vec<VarBind> {
    let is_v1 = |one: &VarBind| !matches!(one.value, Value::Counter64(_));
    served.into_iter().filter(is_v1).collect()
}

#[test]
fn snmpbulkwalk_reads_every_recording_as_it_is() {
    let Some(devices) = peers::recordings().filter(|_| peers::has_net_snmp()) else {
        return;
    };
    let (fleet, expected) = open(devices);
    for (index, (name, served)) in expected.iter().enumerate() {
        let at = fleet.address(index);
        let found = read("snmpbulkwalk", "-v2c", &["-Cr40"], at, &[".1"]);
        assert_same(name, &found, served);
    }
}

#[test]
fn snmpwalk_reads_recordings_in_v1_and_v2c() {
    let Some(devices) = peers::recordings().filter(|_| peers::has_net_snmp()) else {
        return;
    };
    // GETNEXT costs a process's packet a variable: the shorter ones show as much.
    let devices = devices
        .into_iter()
        .filter(|device| device.walk().len() < 1_000);
    let (fleet, expected) = open(devices.collect());
    for (index, (name, served)) in expected.into_iter().enumerate() {
        let at = fleet.address(index);
        assert_same(&name, &read("snmpwalk", "-v2c", &[], at, &[".1"]), &served);
        assert_same(
            &name,
            &read("snmpwalk", "-v1", &[], at, &[".1"]),
            &as_v1(served),
        );
    }
}

#[test]
fn all_three_tools_read_the_models_as_they_are() {
    if !peers::has_net_snmp() {
        return;
    }
    let mut devices = demo_fleet(21);
    for device in &mut devices {
        device.advance(Duration::from_secs(50 * 3_600));
    }
    let (fleet, expected) = open(devices);
    for (index, (name, served)) in expected.into_iter().enumerate() {
        let at = fleet.address(index);
        let found = read("snmpbulkwalk", "-v2c", &[], at, &[".1"]);
        assert_same(&name, &found, &served);
        assert_same(
            &name,
            &read("snmpwalk", "-v1", &[], at, &[".1"]),
            &as_v1(served.clone()),
        );
        let names: Vec<String> = served
            .iter()
            .take(4)
            .map(|one| one.oid.to_string())
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_same(
            &name,
            &read("snmpget", "-v2c", &[], at, &names),
            &served[..4],
        );
        assert_same(
            &name,
            &read("snmpget", "-v1", &[], at, &names),
            &served[..4],
        );
    }
}

#[test]
fn snmpget_understands_what_is_missing() {
    if !peers::has_net_snmp() {
        return;
    }
    let (fleet, _) = open(demo_fleet(21));
    let at = fleet.address(0);
    let instance = "1.3.6.1.2.1.43.11.1.1.9.1.99";
    let object = "1.3.6.1.2.1.99.1.0";
    let found = read("snmpget", "-v2c", &[], at, &[instance, object]);
    let values: Vec<Value> = found.into_iter().map(|one| one.value).collect();
    assert_eq!(values, [Value::NoSuchInstance, Value::NoSuchObject]);
    // In v1 the tool drops the variable that error-index names and asks again for the rest.
    let output = run("snmpget", "-v1", &[], at, &[object, "1.3.6.1.2.1.1.7.0"]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("noSuchName"), "{error}");
    let rest = printout::parse(&String::from_utf8_lossy(&output.stdout));
    assert_eq!(
        rest.first().map(|one| &one.value),
        Some(&Value::Integer(72))
    );
}

#[test]
fn snmpget_understands_too_big() {
    if !peers::has_net_snmp() {
        return;
    }
    let mut devices = demo_fleet(21);
    devices[0].access_mut().max_message_size = 200;
    let (fleet, _) = open(devices);
    let names = vec!["1.3.6.1.2.1.1.1.0"; 4];
    for version in ["-v1", "-v2c"] {
        let output = run("snmpget", version, &["-Cf"], fleet.address(0), &names);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains("tooBig"), "{version}: {error}");
    }
}

#[test]
fn snmpget_with_another_community_waits_in_vain() {
    if !peers::has_net_snmp() {
        return;
    }
    let (fleet, _) = open(demo_fleet(21));
    let at = format!("udp:{}", fleet.address(0));
    let output = Command::new("snmpget")
        .args([
            "-v2c",
            "-c",
            "wrong",
            "-t",
            "0.3",
            "-r",
            "0",
            &at,
            "1.3.6.1.2.1.1.1.0",
        ])
        .output()
        .expect("the tool runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("Timeout"), "{error}");
    assert_eq!(fleet.stats().silent, 1);
}

#[test]
fn a_v3_manager_learns_that_the_device_is_there_and_does_not_know_the_user() {
    if !peers::has_net_snmp() {
        return;
    }
    let fleet = Fleet::start(FleetConfig::new(demo_fleet(21))).expect("served");
    let truths = fleet.truth();
    let (at, _) = truths
        .iter()
        .find(|(_, truth)| truth.refuses)
        .expect("one refuses");
    let output = Command::new("snmpget")
        .args([
            "-v3",
            "-l",
            "noAuthNoPriv",
            "-u",
            "nobody",
            "-t",
            "1",
            "-r",
            "0",
            "-m",
            "",
        ])
        .args([format!("udp:{at}").as_str(), "1.3.6.1.2.1.1.1.0"])
        .output()
        .expect("the tool runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("Unknown user name"), "{error}");
}
