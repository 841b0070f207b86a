//! The second read of a device: what it costs, and that nothing that changed stays unseen.

mod support;

use pagetally_fleet_sim::{SimDevice, demo_fleet};
use pagetally_printer_mib::{Definitions, Knowledge, QuickPlan, ReadPlan};
use pagetally_snmp_engine::{Ending, Plan};
use support::decode;
use support::devices::{Read, colour_mfp, drive, reader};

fn read(device: &mut SimDevice, plan: Box<dyn Plan>) -> Read {
    drive(device, reader(plan)).0
}

fn full(device: &mut SimDevice) -> Read {
    read(device, Box::new(ReadPlan::new(&Definitions::builtin())))
}

fn knowledge(device: &mut SimDevice) -> Knowledge {
    let first = full(device);
    assert_eq!(first.ending, Ending::Complete);
    let audit = decode(&first.answers);
    Knowledge::new(&first.answers, &audit).expect("a complete read is worth keeping")
}

fn quick(device: &mut SimDevice, knowledge: &Knowledge) -> Read {
    let plan = QuickPlan::new(&Definitions::builtin(), knowledge.clone());
    read(device, Box::new(plan))
}

#[test]
fn an_unchanged_colour_mfp_costs_two_requests_and_its_audit_is_the_same() {
    let mut device = colour_mfp();
    let knowledge = knowledge(&mut device);
    let text = serde_json::to_string(&knowledge).expect("plain data");
    let knowledge: Knowledge = serde_json::from_str(&text).expect("its own output");
    let second = quick(&mut device, &knowledge);
    println!(
        "{} instances, {} requests",
        knowledge.moving(),
        second.requests
    );
    assert!(second.requests <= 2, "{} requests", second.requests);
    let mut audit = decode(&knowledge.complete(&second.answers));
    let expected = decode(&full(&mut device).answers);
    assert_eq!(audit, expected);
    knowledge.mark(&mut audit, &second.answers);
    let model = audit.identity.sources.get("model").expect("a model");
    assert!(model.read_at.is_some(), "the model was read earlier");
    assert!(
        audit
            .meters
            .iter()
            .all(|meter| meter.source.read_at.is_none())
    );
}

#[test]
fn a_replaced_supply_or_another_device_is_read_in_full() {
    let name = "AltaLink C8045";
    let mut fleet = demo_fleet(1).into_iter();
    let mut device = fleet.find(|one| one.name().contains(name)).expect("there");
    device.set_supply(0, 20);
    let knowledge = knowledge(&mut device);
    device.replace_supply(0);
    let second = quick(&mut device, &knowledge);
    assert!(knowledge.evidence_of_change(&second.answers).is_some());
    let whole = full(&mut device);
    let seen = decode(&second.answers);
    assert_eq!(seen.supplies, decode(&whole.answers).supplies);
    let mut other = colour_mfp();
    let foreign = quick(&mut other, &knowledge);
    assert!(knowledge.evidence_of_change(&foreign.answers).is_some());
}
