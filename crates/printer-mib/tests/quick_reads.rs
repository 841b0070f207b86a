//! The second read of a device: what it costs, and that nothing that changed stays unseen.

mod support;

use pagetally_fleet_sim::models::{Happening, Trouble};
use pagetally_fleet_sim::{Color, SimDevice, demo_fleet, fleet_of};
use pagetally_model::Timestamp;
use pagetally_printer_mib::{Change, Definitions, Knowledge, QuickPlan, ReadPlan, Unfit};
use pagetally_snmp_engine::reader::{DeviceMemory, DeviceReader, Limits, Session};
use pagetally_snmp_engine::{Ending, Plan, RequestIds, Version};
use proptest::prelude::*;
use serde_json::{Map, Value as Document};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::time::Duration;
use support::devices::{Read, colour_mfp, drive, session};
use support::{context, decode};

/// Reads a device over the best version that it speaks, with what worked before.
fn read(device: &mut SimDevice, plan: Box<dyn Plan>, memory: DeviceMemory) -> (Read, DeviceMemory) {
    let version = match device.access().v2c {
        true => Version::V2c,
        false => Version::V1,
    };
    let session = Session::community(version, b"public", session().retry);
    let ids = RequestIds::new([7; 16]);
    let reader = DeviceReader::new(session, Limits::default(), ids, plan).with_memory(memory);
    let (read, reader) = drive(device, reader);
    let memory = reader.memory();
    (read, memory)
}

fn full(device: &mut SimDevice) -> Read {
    let plan = ReadPlan::new(&Definitions::builtin());
    read(device, Box::new(plan), DeviceMemory::default()).0
}

/// What is kept of a full read.
#[derive(Clone)]
struct Known {
    knowledge: Knowledge,
    memory: DeviceMemory,
}

/// What is known after a full read, having been stored.
fn try_known(device: &mut SimDevice) -> Option<Known> {
    let plan = ReadPlan::new(&Definitions::builtin());
    let (first, memory) = read(device, Box::new(plan), DeviceMemory::default());
    assert_eq!(first.ending, Ending::Complete, "{}", device.name());
    let audit = decode(&first.answers);
    let knowledge = Knowledge::new(&first.answers, &audit, &Definitions::builtin())?;
    let text = serde_json::to_string(&knowledge).expect("plain data");
    let knowledge = serde_json::from_str(&text).expect("its own output");
    Some(Known { knowledge, memory })
}

fn known(device: &mut SimDevice) -> Known {
    try_known(device).expect("a complete read is worth keeping")
}

fn quick(device: &mut SimDevice, known: &Known) -> Read {
    let plan = QuickPlan::new(&Definitions::builtin(), known.knowledge.clone());
    read(device, Box::new(plan), known.memory.clone()).0
}

/// A simulated device by a part of its name.
fn device_named(name: &str) -> SimDevice {
    let mut fleet = demo_fleet(1).into_iter();
    fleet.find(|one| one.name().contains(name)).expect("there")
}

#[test]
fn an_unchanged_colour_mfp_costs_two_requests_and_its_audit_is_the_same() {
    let mut device = colour_mfp();
    let known = known(&mut device);
    let knowledge = &known.knowledge;
    let second = quick(&mut device, &known);
    assert!(second.requests <= 2, "{} requests", second.requests);
    let mut audit = decode(&knowledge.complete(&second.answers));
    assert_eq!(audit, decode(&full(&mut device).answers));
    knowledge.mark(&mut audit, &second.answers);
    let age = |field: &str| audit.identity.sources[field].read_at;
    assert_eq!(age("model"), Some(context().time.wall));
    assert_eq!(age("serial"), None);
    assert_eq!(age("uptimeCentis"), None);
    let meters = audit.meters.iter().map(|meter| &meter.source);
    let levels = audit.supplies.iter().filter_map(|s| s.sources.get("level"));
    let trays = audit.trays.iter().filter_map(|t| t.sources.get("level"));
    for provenance in meters.chain(levels).chain(trays) {
        assert_eq!(provenance.read_at, None, "{provenance:?}");
    }
}

/// What docs/performance.md says of the cost of a second read.
#[test]
fn what_a_second_read_of_each_model_costs() {
    let mut more = BTreeMap::new();
    let mut models = BTreeMap::new();
    for mut device in fleet_of(200, 5) {
        let truth = device.truth();
        if !truth.is_printer || truth.refuses || models.contains_key(&truth.model) {
            continue;
        }
        let first = full(&mut device).requests;
        let Some(known) = try_known(&mut device) else {
            more.insert(truth.model.clone(), (0, first, 0));
            models.insert(truth.model, first);
            continue;
        };
        let knowledge = &known.knowledge;
        let second = quick(&mut device, &known);
        let change = knowledge.evidence_of_change(&second.answers);
        assert_eq!(change, None, "{}", truth.model);
        println!(
            "{:<32} {:>3} values, {:>4} octets, {} requests instead of {first}",
            truth.model,
            knowledge.moving(),
            second.octets,
            second.requests
        );
        assert!(second.requests < first, "{}", truth.model);
        if second.requests > 2 {
            let cost = (knowledge.moving(), second.requests, second.octets);
            more.insert(truth.model.clone(), cost);
        }
        models.insert(truth.model, second.requests);
    }
    println!("{} models; over 2 requests: {more:#?}", models.len());
    assert!(more.len() * 4 < models.len(), "{more:?}");
}

#[test]
fn a_replaced_supply_or_another_device_is_read_in_full() {
    let mut device = device_named("AltaLink C8045");
    device.set_supply(0, 20);
    let known = known(&mut device);
    let knowledge = &known.knowledge;
    device.replace_supply(0);
    let second = quick(&mut device, &known);
    assert!(knowledge.evidence_of_change(&second.answers).is_some());
    let whole = full(&mut device);
    let seen = decode(&second.answers);
    assert_eq!(seen.supplies, decode(&whole.answers).supplies);
    let mut other = device_named("TASKalfa 4053ci");
    let foreign = quick(&mut other, &known);
    let change = knowledge.evidence_of_change(&foreign.answers);
    assert_eq!(change, Some(Change::OtherSerial));
}

#[test]
fn a_level_that_fell_before_it_rose_is_held_against_the_last_read_and_not_the_full_one() {
    let mut device = device_named("AltaLink C8045");
    device.set_supply(0, 90);
    let mut known = known(&mut device);
    for (percent, expected) in [(50, None), (20, None), (80, Some(Change::LevelJumped))] {
        device.set_supply(0, percent);
        let read = quick(&mut device, &known);
        let knowledge = &mut known.knowledge;
        let alerts = || knowledge.evidence_of_change(&read.answers) == Some(Change::Alerts);
        assert!(
            knowledge.evidence_of_change(&read.answers) == expected || alerts(),
            "{percent} %"
        );
        let latest = knowledge.latest(&read.answers, context().time.wall);
        knowledge.update(latest).expect("its own");
    }
}

#[test]
fn an_uptime_that_grew_by_less_than_the_time_shows_a_restart() {
    const HOUR: i64 = 3_600_000;
    let mut device = device_named("AltaLink C8045");
    device.happen(Happening::Restarted);
    device.elapse(Duration::from_secs(600));
    let known = known(&mut device);
    let knowledge = &known.knowledge;
    device.happen(Happening::Restarted);
    device.elapse(Duration::from_secs(1_200));
    let then = context().time.wall.unix_millis();
    let later = |millis| Known {
        knowledge: knowledge
            .clone()
            .asked_at(Timestamp::from_unix_millis(then + millis)),
        ..known.clone()
    };
    let second = quick(&mut device, &later(0));
    let change = later(0).knowledge.evidence_of_change(&second.answers);
    assert_eq!(change, None);
    let second = quick(&mut device, &later(HOUR));
    let change = later(HOUR).knowledge.evidence_of_change(&second.answers);
    assert_eq!(change, Some(Change::Restarted));
}

#[test]
fn knowledge_of_other_definitions_or_of_another_read_is_refused() {
    let mut device = colour_mfp();
    let before = known(&mut device);
    let mut known = before.knowledge.clone();
    let file = "format = 1\nfamily = \"site\"\nversion = 1\nmaker = \"Site\"\n[match]\nobject_ids = [\"1.3.6.1.4.1.99999\"]\n";
    let other = Definitions::with_overrides([("site.toml", file)]).expect("valid");
    assert_eq!(known.check(&other), Err(Unfit::OtherDefinitions));
    assert_eq!(known.check(&Definitions::builtin()), Ok(()));
    let answers = quick(&mut device, &before).answers;
    let latest = known.latest(&answers, context().time.wall);
    let text = serde_json::to_string(&latest).expect("plain data");
    let wall = serde_json::to_string(&context().time.wall).expect("plain data");
    let foreign = text.replacen(&wall, "\"2001-01-01T00:00:00.000Z\"", 1);
    let foreign = serde_json::from_str(&foreign).expect("well-formed");
    assert_eq!(known.update(foreign), Err(Unfit::OtherRead));
    let stripped = known.latest(&Default::default(), context().time.wall);
    assert_eq!(known.update(stripped), Err(Unfit::Inconsistent));
    assert_eq!(known.update(latest), Ok(()));
}

/// Something that can happen to a device between two reads.
#[derive(Clone, Copy, Debug)]
enum Event {
    Prints(u32),
    Rests(u64),
    Uses(usize, u32),
    Replaces(usize),
    Jams,
    Unjams,
    LacksPaper(usize),
    Restarts,
    Updates,
    IsSwapped,
    GetsABoard,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1u32..400).prop_map(Event::Prints),
        2 => (1u64..90_000).prop_map(Event::Rests),
        2 => (0usize..4, 0u32..100).prop_map(|(place, percent)| Event::Uses(place, percent)),
        1 => (0usize..6).prop_map(Event::Replaces),
        1 => Just(Event::Jams),
        1 => Just(Event::Unjams),
        1 => (0usize..2).prop_map(Event::LacksPaper),
        1 => Just(Event::Restarts),
        1 => Just(Event::Updates),
        1 => Just(Event::IsSwapped),
        1 => Just(Event::GetsABoard),
    ]
}

fn befall(device: &mut SimDevice, event: Event) {
    match event {
        Event::Prints(sides) => {
            device.print(sides, Color::Color);
        }
        Event::Rests(seconds) => device.elapse(Duration::from_secs(seconds)),
        Event::Uses(place, percent) => device.set_supply(place, percent),
        Event::Replaces(place) => device.replace_supply(place),
        Event::Jams => device.raise(Trouble::Jam),
        Event::Unjams => device.clear(Trouble::Jam),
        Event::LacksPaper(tray) => device.raise(Trouble::TrayEmpty(tray)),
        Event::Restarts => device.happen(Happening::Restarted),
        Event::Updates => device.happen(Happening::FirmwareUpdated),
        Event::IsSwapped => device.happen(Happening::Swapped),
        Event::GetsABoard => device.happen(Happening::BoardReplaced),
    }
}

/// Where two documents differ.
fn compare(path: &str, quick: &Document, full: &Document, into: &mut Vec<String>) {
    match (quick, full) {
        (Document::Object(one), Document::Object(other)) => {
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for name in names {
                let of = |all: &Map<String, Document>| all.get(name).cloned().unwrap_or_default();
                compare(&format!("{path}.{name}"), &of(one), &of(other), into);
            }
        }
        (Document::Array(one), Document::Array(other)) if one.len() == other.len() => {
            for (place, (one, other)) in one.iter().zip(other).enumerate() {
                compare(&format!("{path}[{place}]"), one, other, into);
            }
        }
        _ if quick == full => {}
        _ => into.push(format!("{path}: {quick} instead of {full}")),
    }
}

static PRINTERS: LazyLock<Vec<SimDevice>> = LazyLock::new(|| {
    let readable = |device: &SimDevice| device.truth().is_printer && !device.truth().refuses;
    demo_fleet(3).into_iter().filter(readable).collect()
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn a_quick_read_says_what_a_full_one_says_or_becomes_one(
        model in any::<prop::sample::Index>(),
        events in prop::collection::vec(event(), 0..5),
    ) {
        let device = &mut PRINTERS[model.index(PRINTERS.len())].clone();
        let Some(known) = try_known(device) else {
            return Ok(());
        };
        let knowledge = &known.knowledge;
        events.iter().for_each(|event| befall(device, *event));
        let second = quick(device, &known);
        prop_assert_eq!(second.ending, Ending::Complete);
        let answers = match knowledge.evidence_of_change(&second.answers) {
            None => knowledge.complete(&second.answers),
            Some(_) => second.answers,
        };
        let mut differences = Vec::new();
        let document = |answers| serde_json::to_value(decode(answers)).expect("plain data");
        let whole = full(device).answers;
        compare("", &document(&answers), &document(&whole), &mut differences);
        prop_assert!(differences.is_empty(), "{}: {differences:#?}", device.name());
    }
}
