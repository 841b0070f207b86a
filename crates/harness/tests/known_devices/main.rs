//! Second and later passes over known devices: what they cost at the wire, and that they say what a
//! first look would say.

mod site;

use pagetally_fleet_sim::models::Trouble;
use pagetally_fleet_sim::{Color, Happening, SimDevice, demo_fleet, fleet_of};
use pagetally_model::{ChangeKind, DeviceAudit, MatchedBy, Outcome, Text};
use site::{Passed, Site, said};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

/// Models that cost more than two requests; docs/performance.md says why.
const OVER_TWO: &[&str] = &["HL-L8260CDW", "WF-C5790", "iR1643i"];

/// So many printers of all models; among the first are one that speaks v1 alone, one that does not
/// answer GETBULK, and one that loses the datagram that wakes it.
fn printers(count: usize) -> Vec<SimDevice> {
    let readable = |device: &SimDevice| {
        let truth = device.truth();
        truth.is_printer && !truth.refuses && !truth.serial.is_empty()
    };
    let mut serials = BTreeSet::new();
    let devices: Vec<SimDevice> = demo_fleet(5)
        .into_iter()
        .chain(fleet_of(200, 9))
        .filter(readable)
        .filter(|device| serials.insert(device.truth().serial))
        .map(|mut device| {
            device.set_eventful(false);
            device
        })
        .take(count)
        .collect();
    assert_eq!(devices.len(), count);
    devices
}

/// Everybody works for an hour.
fn work(site: &Site) {
    for place in 0..site.fleet.len() {
        site.with(place, |device| {
            device.print(9, Color::Color);
            device.elapse(HOUR);
        });
    }
}

/// Each audit says what an agent says that sees the device for the first time, and what the device
/// is.
fn says_the_truth(site: &Site, passed: &Passed) {
    let fresh = site.stranger();
    assert_eq!(passed.audits.len(), fresh.len());
    for (ip, audit) in &passed.audits {
        assert_eq!(said(audit, audit), said(&fresh[ip], audit), "{ip}");
        let place = site.fleet.index_of(*ip).expect("of the fleet");
        let truth = site.with(place, |device| device.truth());
        let serial = audit.identity.serial.as_ref().map(Text::as_str);
        assert_eq!(serial, Some(truth.serial.as_str()));
        let life = audit.markers.first().and_then(|marker| marker.life_count);
        assert_eq!(life, truth.life_count.map(|count| count.value), "{ip}");
    }
}

/// Every quick read is within two requests, or of a device of which docs/performance.md tells why not.
fn costs_little(site: &Site, passed: &Passed) {
    let mut odd = Vec::new();
    for (ip, (quick, requests)) in &passed.reads {
        let model = passed.audits[ip].identity.model.clone().unwrap_or_default();
        let place = site.fleet.index_of(*ip).expect("of the fleet");
        let (steps, short) = site.with(place, |device| {
            let access = device.access();
            (!access.bulk || !access.v2c, access.max_message_size < 1_400)
        });
        let alerts = passed.audits[ip].alerts.len();
        // A device without GETBULK is asked for its alerts row by row, one of which may be none.
        let rows = if steps { 1 + alerts } else { 0 };
        let long = OVER_TWO.contains(&model.as_str());
        if *quick && *requests > 2 {
            println!(
                "{model}: {requests} requests, {alerts} alerts, steps: {steps}, short: {short}"
            );
        }
        if *quick && *requests as usize > 2 + rows + usize::from(long || short) {
            odd.push(format!("{model}: {requests}"));
        }
    }
    assert!(odd.is_empty(), "{odd:?}");
}

fn changes(audit: &DeviceAudit) -> Vec<ChangeKind> {
    let comparison = audit.comparison.as_ref().expect("an audit before");
    assert_eq!(comparison.matched_by, MatchedBy::Serial);
    comparison.changes.iter().map(|one| one.what).collect()
}

/// The change that tells of a move names both addresses.
fn has_moved(audit: &DeviceAudit, from: IpAddr, to: IpAddr) -> bool {
    changes(audit);
    let comparison = audit.comparison.as_ref().expect("an audit before");
    let mut moves = comparison
        .changes
        .iter()
        .filter(|one| one.what == ChangeKind::AddressChanged);
    let detail = format!("it answered at {from} and answers at {to}");
    moves
        .next()
        .is_some_and(|one| one.detail.as_str() == detail)
}

#[test]
fn a_second_pass_costs_two_requests_a_device_and_shows_every_change() {
    let mut site = Site::new(printers(100), [127, 96, 10, 1]);
    let [first, second, supply, firmware, jammed, gone, new] = [3, 70, 60, 64, 66, 68, 75];
    site.set_present(new, false);
    site.with(supply, |device| device.set_supply(0, 30));
    let passed = site.pass();
    let odd = passed.summary.observations.iter();
    let odd = odd.filter(|one| !matches!(one.outcome, Outcome::PrinterRead { .. }));
    odd.for_each(|one| println!("{} to {}: {:?}", one.first, one.last, one.outcome));
    assert_eq!(
        (passed.summary.reads.full, passed.summary.reads.quick),
        (99, 0)
    );

    // Nothing happens but work.
    site.set_present(new, true);
    site.with(new, |device| device.access_mut().communities.clear());
    work(&site);
    let passed = site.pass();
    let reads = passed.summary.reads;
    println!("{reads:?}, {} datagrams", passed.wire);
    assert!(reads.quick >= 85, "{reads:?}");
    costs_little(&site, &passed);
    says_the_truth(&site, &passed);
    assert_eq!(passed.wire, passed.summary.stats.datagrams_sent);
    let model = passed.audits[&site.ip(supply)].identity.sources["model"].clone();
    assert!(model.read_at.is_some(), "the model was not read now");

    // Much happens.
    work(&site);
    site.with(new, |device| {
        device.access_mut().communities.push(b"public".to_vec())
    });
    site.swap(first, second);
    site.with(supply, |device| device.replace_supply(0));
    site.with(firmware, |device| device.happen(Happening::FirmwareUpdated));
    site.with(jammed, |device| device.raise(Trouble::Jam));
    site.set_present(gone, false);
    let passed = site.pass();
    println!("{:?}, {} datagrams", passed.summary.reads, passed.wire);
    let audit = |place: usize| &passed.audits[&site.ip(place)];
    let quick = |place: usize| passed.reads[&site.ip(place)].0;
    assert!(has_moved(audit(first), site.ip(second), site.ip(first)));
    assert!(has_moved(audit(second), site.ip(first), site.ip(second)));
    assert!(
        audit(supply)
            .supplies
            .iter()
            .any(|one| one.replaced.is_some())
    );
    assert!(changes(audit(firmware)).contains(&ChangeKind::FirmwareChanged));
    assert!(!audit(jammed).alerts.is_empty() || !audit(jammed).status.conditions.is_empty());
    assert!(audit(new).comparison.is_none());
    for place in [first, second, supply, firmware, jammed, new] {
        assert!(!quick(place), "{place}");
    }
    let observations = &passed.summary.observations;
    let is_silent = |place: usize| {
        let of = observations
            .iter()
            .find(|one| (one.first..=one.last).contains(&site.ip(place)));
        of.is_some_and(|one| one.outcome == Outcome::Silent)
    };
    assert!(is_silent(gone));
    assert!(
        passed.summary.reads.quick >= 80,
        "{:?}",
        passed.summary.reads
    );
    costs_little(&site, &passed);
    says_the_truth(&site, &passed);
}

#[test]
fn a_fleet_whose_addresses_were_given_out_anew_is_recognised_and_known_again() {
    let mut site = Site::new(printers(30), [127, 96, 11, 1]);
    let before = site.pass();
    for place in 0..29 {
        site.swap(place, (place * 7 + 5) % 30);
    }
    let passed = site.pass();
    let mut moved = 0;
    for (ip, audit) in &passed.audits {
        let same = |other: &&DeviceAudit| other.identity.serial == audit.identity.serial;
        let earlier = before.audits.values().find(same).expect("it was there");
        let from = earlier.address.expect("an address").ip();
        assert_eq!(has_moved(audit, from, *ip), from != *ip, "{ip}");
        assert_eq!(passed.reads[ip].0, from == *ip, "{ip}");
        moved += u32::from(from != *ip);
    }
    assert!(moved > 20, "{moved}");
    says_the_truth(&site, &passed);
    work(&site);
    let passed = site.pass();
    assert!(
        passed.summary.reads.quick >= 25,
        "{:?}",
        passed.summary.reads
    );
    says_the_truth(&site, &passed);
}

#[test]
fn what_is_lost_damaged_or_old_costs_a_full_read_and_no_reading() {
    let mut site = Site::new(printers(30), [127, 96, 12, 1]);
    site.pass();
    assert!(site.damage_what_is_remembered() > 50);
    let passed = site.pass();
    assert_eq!(passed.summary.reads.full, 30);
    says_the_truth(&site, &passed);
    assert_eq!(site.pass().summary.reads.quick, 30);
    site.full_read_seconds = Some(0);
    assert_eq!(site.pass().summary.reads.full, 30);
    site.full_read_seconds = None;
    std::fs::remove_dir_all(site.folder.path().join("cache")).expect("removed");
    assert_eq!(site.pass().summary.reads.full, 30);
}

#[test]
fn lost_datagrams_cost_time_and_no_reading() {
    let mut site = Site::new(printers(30), [127, 96, 13, 1]);
    site.pass();
    work(&site);
    for place in 0..30 {
        site.fleet.set_link(place, 50_000, Duration::ZERO);
    }
    let passed = site.pass();
    (0..30).for_each(|place| site.set_present(place, true));
    assert!(
        passed.summary.reads.quick >= 25,
        "{:?}",
        passed.summary.reads
    );
    says_the_truth(&site, &passed);
}

#[test]
fn the_account_of_a_pass_says_that_silent_addresses_were_asked_again_where_the_network_loses() {
    let mut site = Site::new(printers(30), [127, 96, 15, 1]);
    let away = [11, 23];
    for place in away {
        site.set_present(place, false);
    }
    let present = (0..30).filter(|place| !away.contains(place));
    present.for_each(|place| site.fleet.set_link(place, 200_000, Duration::ZERO));
    let stats = site.pass().summary.stats;
    assert!(stats.silent_asked_again >= 2, "{stats:?}");
}

#[test]
fn two_devices_that_cannot_be_told_apart_are_never_taken_for_each_other() {
    let mut device = printers(60).swap_remove(40);
    let twin = device.clone();
    device.print(5_000, Color::Mono);
    let mut site = Site::new(vec![device, twin], [127, 96, 14, 1]);
    for _ in 0..3 {
        let passed = site.pass();
        assert_eq!(passed.summary.reads.full, 2);
        says_the_truth(&site, &passed);
        work(&site);
    }
}
