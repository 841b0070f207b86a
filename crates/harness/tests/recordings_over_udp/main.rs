//! Every shared recording, read over UDP by a whole agent, is the audit that `onsite replay` makes
//! of the same file: over v2c and over v1, in the agent's own books and in Central's.

mod diff;
mod world;

use diff::differences;
use pagetally_fleet_sim::{Access, SimDevice};
use pagetally_harness::fleet::recordings::{self, Copies};
use pagetally_model::DeviceAudit;
use pagetally_onsite::{Clocks, ReplayIds, replay};
use pagetally_printer_mib::Definitions;
use pagetally_printer_mib::compare::begin_history;
use pagetally_snmp_engine::{Recording, Value};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use world::World;

/// The folder of recordings; nothing where there is none, which is said aloud.
fn folder() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/printers");
    let folder = std::env::var_os("PAGETALLY_RECORDINGS").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    let told = format!(
        "SKIPPED: no recordings in {}; set PAGETALLY_RECORDINGS\n",
        folder.display()
    );
    // Written directly: libtest keeps what passing tests print to itself.
    let _ = std::io::stderr().write_all(told.as_bytes());
    let required = std::env::var_os("PAGETALLY_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(!required, "{told}");
    None
}

/// What the decoder makes of a recorded device without any network.
fn replayed(recording: &[u8], definitions: &Definitions) -> DeviceAudit {
    let ids = ReplayIds::fresh(&Clocks::start().expect("clocks")).expect("random numbers");
    replay(recording, &ids, definitions).expect("a recording")
}

/// The recording as a v1 agent can tell it: v1 has no Counter64 (RFC 3584 section 4.2.2.1).
fn without_counter64(recording: &[u8]) -> Vec<u8> {
    let recording = Recording::parse(recording).expect("a recording");
    let kept = recording.varbinds().iter();
    let kept = kept.filter(|one| !matches!(one.value, Value::Counter64(_)));
    let kept: Recording = kept.cloned().collect();
    kept.to_text().into_bytes()
}

/// Serves every recording, runs one pass of an enrolled agent over them, and holds each audit
/// against the replay of its file.
fn every_recording_is_read_as_it_is_replayed(base: [u8; 4], access: &Access) {
    let Some(folder) = folder() else { return };
    let devices = recordings::load(&folder, Copies::default()).expect("recordings");
    let devices: Vec<SimDevice> = devices
        .into_iter()
        .map(|device| device.with_access(access.clone()))
        .collect();
    let names: Vec<String> = devices.iter().map(|one| one.name().to_owned()).collect();
    assert!(!names.is_empty(), "no recording in {}", folder.display());

    let definitions = Definitions::builtin();
    let mut world = World::new(base.into(), devices);
    let read = world.pass(&definitions);
    assert_eq!(read.not_complete(), Vec::<String>::new());

    let mut told = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let bytes = std::fs::read(folder.join(format!("{name}.snmprec"))).expect("readable");
        let bytes = if access.v2c {
            bytes
        } else {
            without_counter64(&bytes)
        };
        let mut expected = replayed(&bytes, &definitions);
        // An agent gives a device's first audit its supplies' places; a replay belongs to no device.
        begin_history(&mut expected);
        let address = world.address(index);
        let Some(audit) = read.audit(address) else {
            told.push(format!("{name}: {}", read.outcome(address)));
            continue;
        };
        told.extend(
            differences(&expected, audit)
                .into_iter()
                .map(|difference| format!("{name}: {difference}")),
        );
        let booked = world.booked(audit.id);
        assert_eq!(&booked, audit, "{name}: Central's books");
    }
    assert!(
        told.is_empty(),
        "{} differences:\n{}",
        told.len(),
        told.join("\n")
    );
}

#[test]
fn over_v2c_every_recording_is_read_as_it_is_replayed() {
    every_recording_is_read_as_it_is_replayed([127, 95, 2, 1], &Access::default());
}

#[test]
fn over_v1_every_recording_is_read_as_it_is_replayed() {
    let access = Access {
        v2c: false,
        ..Access::default()
    };
    every_recording_is_read_as_it_is_replayed([127, 95, 1, 1], &access);
}

#[test]
fn from_agents_that_send_no_more_than_484_octets_and_know_no_getbulk_the_same_is_read() {
    let access = Access {
        bulk: false,
        max_message_size: 484,
        ..Access::default()
    };
    every_recording_is_read_as_it_is_replayed([127, 95, 3, 1], &access);
}

#[test]
fn a_makers_number_with_nothing_behind_it_is_no_printer() {
    // sysObjectID is a maker's of printers; no device row, no Printer MIB, no serial, no counter.
    let card = |description: &str| {
        let text = format!(
            "1.3.6.1.2.1.1.1.0|4|{description}\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1347.41\n\
             1.3.6.1.2.1.1.5.0|4|card\n"
        );
        let recording = Recording::parse(text.as_bytes()).expect("a recording");
        SimDevice::from_recording("card", Arc::new(recording))
    };
    let mut world = World::new([127, 95, 4, 1].into(), vec![card("Network interface")]);
    let read = world.pass(&Definitions::builtin());
    let address = world.address(0);
    assert!(read.audit(address).is_none());
    let outcome = read.outcome(address);
    assert!(outcome.starts_with("OtherDevice"), "{outcome}");
}
