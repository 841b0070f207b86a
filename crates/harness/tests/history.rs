//! Two passes of an agent over a fleet that worked in between: what the second says against the first.

use pagetally_fleet_sim::{SimDevice, demo_fleet};
use pagetally_harness::fleet::{Fleet, FleetConfig};
use pagetally_model::{ChangeKind, Contradiction, DeviceAudit, MatchedBy, Settings, Text};
use pagetally_onsite::{Agent, Cancel, Pass, SiteFile};
use pagetally_printer_mib::Definitions;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// The printers of the demonstration, in order.
fn printers() -> Vec<SimDevice> {
    let devices = demo_fleet(11);
    let readable = |device: &SimDevice| {
        let truth = device.truth();
        truth.is_printer && !truth.refuses && !truth.serial.is_empty()
    };
    devices.into_iter().filter(readable).take(6).collect()
}

fn serve(devices: Vec<SimDevice>, base: Ipv4Addr) -> Fleet {
    let config = FleetConfig {
        base,
        follow_wall_clock: false,
        ..FleetConfig::new(devices)
    };
    Fleet::start(config).expect("the fleet starts")
}

/// One pass; the audits by serial number.
fn pass(agent: &mut Agent, fleet: &Fleet, devices: usize) -> BTreeMap<String, DeviceAudit> {
    let settings = Settings {
        version: 1,
        targets: (0..devices)
            .map(|device| fleet.address(device).ip().to_string())
            .collect(),
        port: fleet.address(0).port(),
        // Between two passes lies a moment of the agent's clock, whatever goes by in the fleet.
        sleep_seconds: 0,
        ..Settings::default()
    };
    agent.store().set_settings(&settings).expect("durable");
    let summary = Pass::new(agent, &Definitions::builtin())
        .run(&Cancel::new(), &mut |event| fleet.keep_up(&event))
        .expect("a pass");
    assert_eq!(summary.audits, devices as u64, "{:?}", summary.observations);
    agent
        .store()
        .audits()
        .map(|stored| stored.expect("whole").audit)
        .filter(|audit| audit.pass == summary.pass)
        .map(|audit| {
            assert_eq!(audit.check_sources(), Ok(()));
            let serial = audit.identity.serial.as_ref().map(Text::to_string);
            (serial.expect("every one has a serial number"), audit)
        })
        .collect()
}

/// What cannot be true together with the audit before.
fn against_the_audit_before(audit: &DeviceAudit) -> Vec<&Contradiction> {
    let found = audit.contradictions.iter();
    found.filter(|found| found.source.is_some()).collect()
}

fn agent(folder: &tempfile::TempDir) -> Agent {
    Agent::open(&folder.path().join("agent"), SiteFile::default()).expect("new")
}

#[test]
fn a_replaced_supply_is_told_and_nothing_that_did_not_happen() {
    let devices = printers();
    let count = devices.len();
    let fleet = serve(devices, Ipv4Addr::new(127, 96, 1, 1));
    let folder = tempfile::tempdir().expect("a folder");
    let mut agent = agent(&folder);
    let spent = |device: &mut SimDevice| device.set_supply(0, 2);
    let worn = fleet.with_device(0, |device| {
        spent(device);
        device.truth().serial.clone()
    });
    let worn = worn.expect("the first");
    let first = pass(&mut agent, &fleet, count);
    for audit in first.values() {
        assert_eq!(audit.comparison, None);
    }
    fleet.advance(DAY);
    fleet
        .with_device(0, |device| device.replace_supply(0))
        .expect("the first");
    let second = pass(&mut agent, &fleet, count);
    for (serial, audit) in &second {
        let comparison = audit.comparison.as_ref().expect("compared");
        assert_eq!(comparison.matched_by, MatchedBy::Serial);
        assert_eq!(comparison.earlier.audit, first[serial].id);
        let wrong = against_the_audit_before(audit);
        assert!(wrong.is_empty(), "{serial}: {wrong:?}");
        let replaced: Vec<_> = audit
            .supplies
            .iter()
            .filter(|supply| supply.replaced.is_some())
            .collect();
        assert_eq!(
            replaced.len(),
            usize::from(*serial == worn),
            "{serial}: {replaced:#?}"
        );
        let places = |audit: &DeviceAudit| -> Vec<Option<Text>> {
            audit.supplies.iter().map(|s| s.place.clone()).collect()
        };
        assert_eq!(places(audit), places(&first[serial]), "{serial}");
    }
}

#[test]
fn printers_that_swap_addresses_are_held_against_themselves() {
    let mut devices = printers();
    let count = devices.len();
    let folder = tempfile::tempdir().expect("a folder");
    let mut agent = agent(&folder);
    let fleet = serve(devices.clone(), Ipv4Addr::new(127, 96, 2, 1));
    let first = pass(&mut agent, &fleet, count);
    drop(fleet);
    // The lease server hands the addresses out the other way round, and time goes on.
    devices.reverse();
    for device in &mut devices {
        device.advance(DAY);
    }
    let fleet = serve(devices, Ipv4Addr::new(127, 96, 2, 1));
    let second = pass(&mut agent, &fleet, count);
    for (serial, audit) in &second {
        let before = &first[serial];
        let ip = |audit: &DeviceAudit| audit.address.map(|address| address.ip());
        assert_ne!(ip(audit), ip(before), "{serial} did not move");
        let comparison = audit.comparison.as_ref().expect("compared");
        assert_eq!(comparison.earlier.audit, before.id);
        let wrong = against_the_audit_before(audit);
        assert!(wrong.is_empty(), "{serial}: {wrong:?}");
        assert!(
            audit
                .supplies
                .iter()
                .all(|supply| supply.replaced.is_none()),
            "{serial}"
        );
        let wrong = [ChangeKind::SupplyAppeared, ChangeKind::SupplyVanished];
        assert!(
            !comparison
                .changes
                .iter()
                .any(|change| wrong.contains(&change.what)),
            "{serial}: {:?}",
            comparison.changes
        );
    }
}
