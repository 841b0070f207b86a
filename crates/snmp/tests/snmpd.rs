//! Against net-snmp's `snmpd`: an agent that we have not written.
//!
//! Without `snmpd` on the machine these tests say so and pass; with `PAGETALLY_REQUIRE_PEERS=1` they
//! fail instead.

mod net_snmp;

use net_snmp::{PRINTER, Snmpd, SystemGroup, assert_system_group};
use pagetally_snmp::{Cancel, Credentials, RefusalReason, ScanConfig, ScanEvent, read_one, scan};
use pagetally_snmp_engine::{Ending, Oid, Plan, Version};
use std::net::SocketAddr;
use std::time::Duration;

fn config() -> ScanConfig {
    ScanConfig {
        timeout: Duration::from_millis(500),
        retries: 1,
        ..ScanConfig::default()
    }
}

fn scan_one(address: SocketAddr, config: &ScanConfig) -> Vec<ScanEvent> {
    let mut events = Vec::new();
    scan(
        [address],
        config,
        &mut |_| Box::new(SystemGroup(false)),
        &Cancel::new(),
        &mut |event| {
            if !matches!(
                event,
                ScanEvent::Progress { .. } | ScanEvent::Touched { .. }
            ) {
                events.push(event);
            }
        },
    )
    .expect("this machine can scan");
    events
}

#[test]
fn snmpd_with_a_printer_mib_is_found_and_read() {
    let Some(snmpd) = Snmpd::start(PRINTER) else {
        return;
    };
    let events = scan_one(snmpd.address, &config());
    let [
        ScanEvent::Found { .. },
        ScanEvent::Read {
            version,
            answers,
            ending,
            ..
        },
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!((*version, *ending), (Version::V2c, Ending::Complete));
    assert_system_group(answers);
}

#[test]
fn both_versions_read_the_same_from_snmpd() {
    let Some(snmpd) = Snmpd::start(PRINTER) else {
        return;
    };
    let mut names = Vec::new();
    for version in [Version::V1, Version::V2c] {
        let plan: Box<dyn Plan> = Box::new(SystemGroup(false));
        let cancel = Cancel::new();
        let community = b"public";
        let credentials = Credentials::Community { version, community };
        let read = read_one(snmpd.address, credentials, &config(), plan, &cancel);
        let read = read.expect("this machine can send");
        assert_eq!(read.ending, Ending::Complete, "{:?}", read.answers.gaps());
        assert_system_group(&read.answers);
        let read: Vec<Oid> = read.answers.iter().map(|(oid, _)| oid.clone()).collect();
        names.push(read);
    }
    assert_eq!(names[0], names[1]);
}

#[test]
fn snmpd_alone_is_no_printer() {
    let config_file = "rocommunity public\nsysDescr A server\n";
    let Some(snmpd) = Snmpd::start(config_file) else {
        return;
    };
    let events = scan_one(snmpd.address, &config());
    let [
        ScanEvent::OtherDevice {
            sys_descr, version, ..
        },
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!(sys_descr.as_deref(), Some(&b"A server"[..]));
    assert_eq!(*version, Version::V2c);
}

#[test]
fn snmpd_that_refuses_the_community_is_told_from_nobody() {
    let Some(snmpd) = Snmpd::start("rocommunity another\n") else {
        return;
    };
    let quick = ScanConfig {
        timeout: Duration::from_millis(200),
        retries: 0,
        ..config()
    };
    let events = scan_one(snmpd.address, &quick);
    let [ScanEvent::Refused { reason, .. }] = &events[..] else {
        panic!("{events:?}");
    };
    let RefusalReason::OnlyV3 { engine_id, .. } = reason else {
        panic!("{reason:?}");
    };
    // RFC 3411 section 5: the first bit set, then net-snmp's enterprise number, 8072.
    assert_eq!(engine_id.get(..4), Some(&[0x80, 0, 0x1f, 0x88][..]));
    let blind = ScanConfig {
        detect_refusal: false,
        ..quick
    };
    let events = scan_one(snmpd.address, &blind);
    assert!(
        matches!(&events[..], [ScanEvent::Silent { .. }]),
        "{events:?}"
    );
}
