//! `docs/audit-format.schema.json` held against real output, and shown to refuse what is wrong.

use jsonschema::Validator;
use pagetally_fleet_sim::{SimDevice, demo_fleet};
use pagetally_model::{DeviceAudit, MatchedBy};
use pagetally_onsite::{Clocks, ReplayIds, explain, readings, replay};
use pagetally_printer_mib::Definitions;
use pagetally_printer_mib::compare::{begin_history, compare, note_other_serial};
use pagetally_snmp_engine::{Oid, Recording, Value, VarBind};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value as Json, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn schema() -> Json {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/audit-format.schema.json");
    let text = std::fs::read_to_string(path).expect("the schema");
    serde_json::from_str(&text).expect("JSON")
}

fn validator() -> Validator {
    let schema = schema();
    jsonschema::draft202012::meta::validate(&schema).expect("a schema of draft 2020-12");
    jsonschema::draft202012::new(&schema).expect("a sound schema")
}

#[track_caller]
fn fits(validator: &Validator, audit: &DeviceAudit, name: &str) {
    assert_eq!(audit.check_sources(), Ok(()), "{name}");
    let document = serde_json::to_value(audit).expect("plain data");
    let wrong: Vec<String> = validator
        .iter_errors(&document)
        .take(5)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
}

fn ids() -> ReplayIds {
    ReplayIds::fresh(&Clocks::start().expect("random")).expect("random")
}

fn audit_of(bytes: &[u8]) -> DeviceAudit {
    replay(bytes, &ids(), &Definitions::builtin()).expect("a recording")
}

/// The folder with recordings of real printers; nothing where they are not to be had.
fn recordings() -> Option<PathBuf> {
    let folder = std::env::var_os("PAGETALLY_RECORDINGS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/printers"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(
        std::env::var_os("PAGETALLY_REQUIRE_PEERS").is_none(),
        "no recordings in {}",
        folder.display()
    );
    let said = format!("SKIPPED: no recordings in {}\n", folder.display());
    std::io::stderr()
        .write_all(said.as_bytes())
        .expect("stderr takes it");
    None
}

/// Every shared recording with its name, in order.
fn recorded() -> Vec<(String, Vec<u8>)> {
    let Some(folder) = recordings() else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("readable")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|end| end == "snmprec"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "a folder without recordings");
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        (name.into_owned(), std::fs::read(&path).expect("readable"))
    };
    paths.into_iter().map(read).collect()
}

/// What a simulated device would have in a recording.
fn recording_of(device: &SimDevice) -> Vec<u8> {
    let recording: Recording = device.walk().into_iter().collect();
    recording.to_text().into_bytes()
}

#[test]
fn every_recorded_printers_audit_fits_the_schema() {
    let validator = validator();
    for (name, bytes) in recorded() {
        fits(&validator, &audit_of(&bytes), &name);
    }
}

#[test]
fn the_audits_of_a_working_fleet_fit_the_schema_with_what_happened_in_between() {
    let validator = validator();
    for mut device in demo_fleet(7) {
        let mut before = audit_of(&recording_of(&device));
        begin_history(&mut before);
        device.advance(Duration::from_secs(86_400));
        device.set_supply(0, 4);
        let mut spent = audit_of(&recording_of(&device));
        compare(&before, &mut spent, MatchedBy::Serial);
        fits(&validator, &spent, device.name());
        device.replace_supply(0);
        let mut now = audit_of(&recording_of(&device));
        compare(&spent, &mut now, MatchedBy::Serial);
        fits(&validator, &now, device.name());
        // And the other way round: all that falls and vanishes.
        let mut back = audit_of(&recording_of(&device));
        compare(&now, &mut back, MatchedBy::Mac);
        compare(&now, &mut before, MatchedBy::Address);
        note_other_serial(&now, &mut before);
        fits(&validator, &before, device.name());
    }
}

#[test]
fn whatever_a_printer_answers_its_audit_fits_the_schema() {
    let validator = validator();
    let known: Vec<Vec<VarBind>> = match recorded() {
        recordings if recordings.is_empty() => vec![demo_fleet(3)[0].walk()],
        recordings => recordings
            .iter()
            .map(|(_, bytes)| {
                let recording = Recording::parse(bytes).expect("a recording");
                recording.varbinds().to_vec()
            })
            .collect(),
    };
    let value = || {
        prop_oneof![
            any::<i32>().prop_map(|number| Value::Integer(number.into())),
            (-3..3_i32).prop_map(|number| Value::Integer(number.into())),
            any::<u32>().prop_map(Value::Counter32),
            any::<u64>().prop_map(Value::Counter64),
            any::<u32>().prop_map(Value::TimeTicks),
            prop::collection::vec(any::<u8>(), 0..24).prop_map(Value::OctetString),
            "[ -~]{0,24}".prop_map(|text| Value::OctetString(text.into_bytes())),
            prop::collection::vec(any::<u32>(), 1..9)
                .prop_map(|arcs| Value::ObjectIdentifier(Oid::default().child(&arcs))),
        ]
    };
    let changes = prop::collection::vec((any::<prop::sample::Index>(), value()), 0..24);
    let cut = prop::collection::vec(any::<prop::sample::Index>(), 0..16);
    let mut runner = TestRunner::new(Config::with_cases(96));
    runner
        .run(
            &(any::<prop::sample::Index>(), changes, cut),
            |(device, changes, cut)| {
                let device = device.get(&known);
                let mut now = device.clone();
                for (place, value) in changes {
                    place.get_mut(&mut now).value = value;
                }
                for place in cut.into_iter().take(now.len()) {
                    let at = place.index(now.len());
                    now.remove(at);
                }
                let audit_of = |variables: Vec<VarBind>| {
                    let recording: Recording = variables.into_iter().collect();
                    audit_of(recording.to_text().as_bytes())
                };
                let mut earlier = audit_of(device.clone());
                begin_history(&mut earlier);
                let mut audit = audit_of(now);
                compare(&earlier, &mut audit, MatchedBy::Mac);
                fits(&validator, &audit, "random answers");
                let text = serde_json::to_string(&audit).expect("plain data");
                let read: DeviceAudit = serde_json::from_str(&text).expect("own output");
                prop_assert_eq!(read, audit);
                Ok(())
            },
        )
        .unwrap_or_else(|error| panic!("{error}"));
}

/// A sound document, and the same with one mistake.
fn refused(validator: &Validator, sound: &Json, what: &str, spoil: impl Fn(&mut Json)) {
    let mut document = sound.clone();
    spoil(&mut document);
    assert_ne!(document, *sound, "{what}: nothing was spoilt");
    assert!(!validator.is_valid(&document), "{what} is not refused");
}

#[test]
fn a_document_with_a_mistake_is_refused() {
    let validator = validator();
    let device = &mut demo_fleet(7)[0];
    let mut before = audit_of(&recording_of(device));
    begin_history(&mut before);
    device.set_supply(0, 3);
    let mut spent = audit_of(&recording_of(device));
    compare(&before, &mut spent, MatchedBy::Serial);
    device.replace_supply(0);
    let mut audit = audit_of(&recording_of(device));
    compare(&spent, &mut audit, MatchedBy::Serial);
    let replaced = |supply: &pagetally_model::Supply| supply.replaced.is_some();
    let place = audit
        .supplies
        .iter()
        .position(replaced)
        .expect("a replacement");
    let sound = serde_json::to_value(&audit).expect("plain data");
    assert!(validator.is_valid(&sound));
    let check = |what: &str, spoil: &dyn Fn(&mut Json)| refused(&validator, &sound, what, spoil);

    let without = |document: &mut Json, pointer: &str, field: &str| {
        let found = document.pointer_mut(pointer).expect("there");
        found.as_object_mut().expect("an object").remove(field);
    };
    check("a serial without its source", &|d| {
        without(d, "/identity/sources", "serial");
    });
    check("a meter without its source", &|d| {
        without(d, "/meters/0", "source")
    });
    check("a meter without a rule", &|d| {
        without(d, "/meters/0/source", "rule")
    });
    check("a level without its source", &|d| {
        without(d, "/supplies/0/sources", "level");
    });
    check("a replacement without its source", &|d| {
        without(d, &format!("/supplies/{place}/sources"), "replaced");
    });
    check("a replacement that compared nothing", &|d| {
        d["supplies"][place]["sources"]["replaced"]["source"]["values"] = json!([]);
    });
    check("a misspelt field", &|d| {
        let identity = d["identity"].as_object_mut().expect("an object");
        let serial = identity.remove("serial").expect("a serial");
        identity.insert("serialNumber".to_owned(), serial);
    });
    check("a source of no field", &|d| {
        let source = d["identity"]["sources"]["serial"].clone();
        d["identity"]["sources"]["serialNumber"] = source;
    });
    check("an unknown word", &|d| {
        d["supplies"][0]["kind"] = json!("cartridge")
    });
    check("another format", &|d| d["format"] = json!(2));
    check("a fraction", &|d| d["meters"][0]["value"] = json!(0.5));
    check("a number beyond the format", &|d| {
        d["meters"][0]["value"] = json!(9_007_199_254_740_992_u64);
    });
    check("a negative count", &|d| d["meters"][0]["value"] = json!(-3));
    check("a sentinel with a percentage", &|d| {
        d["supplies"][0]["level"] =
            json!({"state": "some-remaining", "percent": 50, "exactness": "unknown"});
    });
    check("a percentage over 100", &|d| {
        d["supplies"][0]["level"] =
            json!({"state": "percent", "percent": 101, "exactness": "exact"});
    });
    check("control characters in text", &|d| {
        d["identity"]["model"] = json!("a\u{1b}[31m")
    });
    check("nothing as a value", &|d| {
        d["identity"]["model"] = Json::Null
    });
    check("a time without its zone", &|d| {
        d["time"]["wall"] = json!("2026-03-02T12:00:00.000");
    });
    check("a missing list", &|d| without(d, "", "gaps"));
}

#[test]
fn every_reading_of_every_recording_can_be_explained_within_80_columns() {
    let definitions = Definitions::builtin();
    for (name, bytes) in recorded() {
        let audit = audit_of(&bytes);
        for reading in readings(&audit) {
            let told = explain(&audit, &reading.path, &definitions);
            let told = told.unwrap_or_else(|error| panic!("{name}: {error}"));
            for story in &told.readings {
                for (rule, known) in &story.rules {
                    assert!(
                        known.reason.is_some(),
                        "{name}: {}: nobody knows why {rule} reads what it reads",
                        story.path
                    );
                }
            }
            for line in told.to_string().lines() {
                assert!(line.chars().count() <= 80, "{name}: {line}");
            }
        }
    }
}
