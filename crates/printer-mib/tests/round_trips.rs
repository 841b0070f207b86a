//! How many requests a read takes, held against ceilings.

mod support;

use pagetally_fleet_sim::{Access, SimDevice, demo_fleet};
use pagetally_printer_mib::{Definitions, ReadPlan, is_printer};
use pagetally_snmp_engine::Oid;
use std::sync::Arc;
use support::devices::{Read, colour_mfp, drive, patient, probe_answer, reader};
use support::recordings;

fn read(device: &mut SimDevice) -> Read {
    let definitions = Definitions::builtin();
    let known = probe_answer(device);
    let reader = reader(Box::new(ReadPlan::new(&definitions))).with_known(known);
    let mut read = drive(device, reader).0;
    read.requests += 1; // The sweep's probe.
    read
}

/// The requests that a read takes, the sweep's probe included, and whether it brought all that a
/// patient client would get.
fn requests(device: &SimDevice, octets: usize) -> u32 {
    let mut device = device.clone().with_access(Access::default());
    device.access_mut().max_message_size = octets;
    let read = read(&mut device);
    let patient = patient(&device, ReadPlan::new(&Definitions::builtin()));
    let probe = probe_answer(&device);
    let is_new = |oid: &Oid| probe.iter().all(|one| one.oid != *oid);
    let lost = patient
        .iter()
        .find(|(oid, _)| read.answers.get(oid).is_none());
    assert_eq!(lost, None, "{} at {octets} octets", device.name());
    let got = read.answers.iter().filter(|(oid, _)| is_new(oid));
    let wanted = patient.iter().filter(|(oid, _)| is_new(oid));
    assert!(got.eq(wanted), "{} at {octets} octets", device.name());
    println!(
        "{:50} {octets:5} octets: {:4} values {:3} requests {:6} octets of answers",
        device.name(),
        read.answers.len(),
        read.requests,
        read.octets,
    );
    read.requests
}

#[test]
fn a_colour_mfp_is_read_in_five_requests_and_in_twelve_of_484_octets() {
    let device = colour_mfp();
    assert!(requests(&device, 1_472) <= 5);
    assert!(requests(&device, 484) <= 12);
}

#[test]
fn every_simulated_printer_is_read_whole_in_few_requests() {
    let definitions = Definitions::builtin();
    let mut devices = demo_fleet(1);
    devices.retain(|device| is_printer(&device.walk().into_iter().collect(), &definitions));
    let (mut full, mut least) = (0, 0);
    for device in &devices {
        // Brother's cards get no GETBULK, so each row costs a round trip.
        let requests_full = requests(device, 1_472);
        assert!(requests_full <= 13, "{}: {requests_full}", device.name());
        full += requests_full;
        least += requests(device, 484);
    }
    let count = u32::try_from(devices.len()).expect("few");
    println!("{count} devices: {full} requests, {least} of 484 octets");
    assert!(full <= 8 * count, "{full} requests for {count} devices");
    assert!(least <= 16 * count, "{least} requests for {count} devices");
}

#[test]
fn every_recorded_printer_is_read_whole() {
    let definitions = Definitions::builtin();
    let (mut full, mut least) = (0, 0);
    for recorded in recordings() {
        if is_printer(&recorded.recording.to_answers(), &definitions) {
            let recording = Arc::new(recorded.recording);
            let device = SimDevice::from_recording(recorded.name, recording);
            full += requests(&device, 1_472);
            least += requests(&device, 484);
        }
    }
    println!("recordings: {full} requests, {least} of 484 octets");
}
