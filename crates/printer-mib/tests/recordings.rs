//! Real devices' recordings, which are not part of the project: they lie beside the checkout, or
//! where `PAGETALLY_RECORDINGS` says. Without them the tests say loudly that they skip; with
//! `PAGETALLY_REQUIRE_PEERS=1` they fail.

mod support;

use pagetally_model::{DeviceAudit, Level};
use pagetally_printer_mib::{Definitions, ReadPlan, is_printer};
use pagetally_snmp_engine::{Answers, Plan};
use serde_json::Value;
use support::{Recorded, decode, recordings};

/// Drives the plan against a device that holds exactly the recording.
fn plan_answers(recorded: &Recorded) -> (Answers, usize) {
    let device = recorded.recording.to_answers();
    let mut plan = ReadPlan::new(&Definitions::builtin());
    let mut answers = Answers::default();
    let mut queries = 0;
    while let Some(query) = plan.next_query(&answers) {
        answers.merge(device.answer(&query));
        queries += 1;
    }
    (answers, queries)
}

#[test]
fn every_recording_decodes_with_a_source_for_every_value() {
    for recorded in recordings() {
        let audit = decode(&recorded.recording.to_answers());
        let checked = audit.check_sources();
        assert_eq!(checked, Ok(()), "{}", recorded.name);
        let json = serde_json::to_string(&audit).expect("an audit is plain data");
        let back: DeviceAudit = serde_json::from_str(&json).expect("own output");
        assert_eq!(back, audit, "{}", recorded.name);
    }
}

#[test]
fn the_plan_asks_for_everything_that_the_decoder_uses() {
    for recorded in recordings() {
        let (answers, queries) = plan_answers(&recorded);
        assert!(queries <= 3, "{}: {queries} queries", recorded.name);
        let whole = recorded.recording.to_answers();
        if !is_printer(&whole, &Definitions::builtin()) {
            continue;
        }
        assert_eq!(decode(&answers), decode(&whole), "{}", recorded.name);
    }
}

#[test]
fn every_recorded_printer_is_called_one() {
    for recorded in recordings() {
        let (answers, _) = plan_answers(&recorded);
        // Recordings of a few GETs need not hold what proves a printer.
        let proofs = [
            "1.3.6.1.2.1.1.2.",
            "1.3.6.1.2.1.25.3.2.1.2.",
            "1.3.6.1.2.1.43.5.1.1.17.",
            "1.3.6.1.2.1.43.10.2.1.4.",
            "1.3.6.1.2.1.43.11.1.1.6.",
        ];
        let proves = recorded.recording.varbinds().iter().any(|varbind| {
            let name = varbind.oid.to_string();
            proofs.iter().any(|proof| name.starts_with(proof))
        });
        assert!(
            is_printer(&answers, &Definitions::builtin()) || !proves,
            "{}",
            recorded.name
        );
    }
}

#[test]
fn what_the_printer_mib_states_comes_out() {
    for recorded in recordings() {
        let (answers, _) = plan_answers(&recorded);
        let audit = decode(&answers);
        let raw = &recorded.expected["raw"];
        check_markers(&recorded, raw, &audit);
        check_supplies(&recorded, raw, &audit);
        check_identity(&recorded, raw, &audit);
        check_rows(&recorded, raw, &audit);
    }
}

fn check_markers(recorded: &Recorded, raw: &Value, audit: &DeviceAudit) {
    for stated in raw["prtMarker"].as_array().into_iter().flatten() {
        let slot = stated["index"].as_str().expect("an index");
        let marker = audit.markers.iter().find(|m| m.slot.as_str() == slot);
        let count = marker.and_then(|marker| marker.life_count);
        assert_eq!(
            count,
            stated["life_count"].as_u64(),
            "{} {slot}",
            recorded.name
        );
    }
}

fn check_supplies(recorded: &Recorded, raw: &Value, audit: &DeviceAudit) {
    for stated in raw["prtMarkerSupplies"].as_array().into_iter().flatten() {
        let slot = stated["index"].as_str().expect("an index");
        let at = format!("{} supply {slot}", recorded.name);
        let supply = audit
            .supplies
            .iter()
            .find(|supply| supply.slot.as_str() == slot)
            .unwrap_or_else(|| panic!("{at} is missing"));
        if let Some(text) = stated["description"].as_str() {
            let said = supply.description.as_ref().map_or("", |text| text.as_str());
            assert_eq!(said, pagetally_model::Text::clean(text).as_str(), "{at}");
        }
        let capacity = stated["max_capacity"].as_u64().filter(|c| *c > 0);
        assert_eq!(supply.capacity, capacity, "{at} capacity");
        let level = supply.level.level;
        match stated["level"].as_i64() {
            None => {}
            Some(-3) => assert!(
                matches!(level, Level::SomeRemaining) || has_witness(supply, "some-remaining"),
                "{at}: {level:?}"
            ),
            Some(-2) => assert_eq!(level, Level::Unknown, "{at}"),
            Some(amount) => {
                let amount = u64::try_from(amount).expect("no other sentinel is recorded");
                match (level, capacity) {
                    (
                        Level::OfCapacity {
                            amount: a,
                            capacity: c,
                        },
                        Some(capacity),
                    ) => {
                        assert_eq!((a, c), (amount, capacity), "{at}");
                    }
                    (Level::Percent(percent), None) => {
                        assert_eq!(u64::from(percent), amount, "{at}");
                    }
                    (Level::Amount(a), None) => assert_eq!(a, amount, "{at}"),
                    (Level::EmptyOrNearly, None) => assert_eq!(amount, 0, "{at}"),
                    other => panic!("{at}: {amount} came out as {other:?}"),
                }
            }
        }
    }
}

/// Whether a vendor's row took a level's place and kept it as its witness.
fn has_witness(supply: &pagetally_model::Supply, value: &str) -> bool {
    supply.sources.get("level").is_some_and(|source| {
        let witnesses = source.witnesses.iter();
        witnesses.into_iter().any(|w| w.value.as_str() == value)
    })
}

fn check_identity(recorded: &Recorded, raw: &Value, audit: &DeviceAudit) {
    let identity = &audit.identity;
    let text = |field: &Option<pagetally_model::Text>| field.as_ref().map(ToString::to_string);
    if let Some(stated) = first_text(&raw["prtGeneralSerialNumber"]) {
        let serial = text(&identity.serial).unwrap_or_default();
        // Some makers' devices put a suffix behind their serial number.
        assert!(
            !serial.is_empty() && stated.starts_with(&serial),
            "{}: serial {serial:?} of {stated:?}",
            recorded.name
        );
    }
    if let Some(stated) = first_text(&raw["hrDeviceDescr"]) {
        let model = text(&identity.model).unwrap_or_default();
        assert!(
            !model.is_empty() && identity.manufacturer.is_some(),
            "{}: {stated:?} has a model and a maker",
            recorded.name
        );
    }
    if let Some(stated) = raw["sysDescr"].as_str() {
        let said = text(&identity.description).unwrap_or_default();
        assert_eq!(
            said,
            pagetally_model::Text::clean(stated).as_str(),
            "{}",
            recorded.name
        );
    }
    assert_eq!(
        text(&identity.object_id).as_deref(),
        raw["sysObjectID"].as_str()
    );
    assert_eq!(identity.uptime_centis, raw["sysUpTime"].as_u64());
}

fn check_rows(recorded: &Recorded, raw: &Value, audit: &DeviceAudit) {
    let alerts = raw["prtAlert"].as_array().map_or(0, Vec::len);
    assert_eq!(audit.alerts.len(), alerts, "{} alerts", recorded.name);
    for (stated, alert) in raw["prtAlert"]
        .as_array()
        .into_iter()
        .flatten()
        .zip(&audit.alerts)
    {
        assert_eq!(stated["code"].as_i64(), alert.code, "{}", recorded.name);
    }
    for stated in raw["prtInput"].as_array().into_iter().flatten() {
        let slot = stated["index"].as_str().expect("an index");
        let automatic =
            stated["max_capacity"].as_i64() == Some(-2) && stated["level"].as_i64() == Some(-2);
        let found = audit.trays.iter().any(|tray| tray.slot.as_str() == slot);
        assert!(found || automatic, "{} tray {slot}", recorded.name);
    }
}

fn first_text(of_device: &Value) -> Option<&str> {
    let mut values = of_device.as_object()?.values().filter_map(Value::as_str);
    values.find(|text| !text.trim().is_empty())
}

#[test]
fn the_makers_own_total_is_believed_before_the_engines_count() {
    let recordings = recordings();
    for (name, total, rule, engine) in [
        (
            "kyocera-ecosys-p2040dw",
            7_342,
            "kyocera.billed-total",
            "7432",
        ),
        (
            "kyocera-taskalfa-6052ci-documented",
            424_405,
            "kyocera.billed-total",
            "432951",
        ),
        (
            "hp-laserjet-mfp-m130nw",
            15_232,
            "hp.total-engine-page-count",
            "15232",
        ),
    ] {
        let Some(recorded) = recordings.iter().find(|r| r.name == name) else {
            continue;
        };
        let audit = decode(&recorded.recording.to_answers());
        let meter = support::total(&audit).unwrap_or_else(|| panic!("{name} has a total"));
        assert_eq!(
            (meter.value, meter.source.rule.name.as_str()),
            (total, rule)
        );
        let life = "rfc3805.life-count-as-total";
        let mut witnesses = meter.source.witnesses.iter();
        let witness = witnesses.find(|witness| witness.rule.name.as_str().starts_with(life));
        assert_eq!(witness.expect("the engine's count").value.as_str(), engine);
    }
}

#[test]
fn stated_counters_come_out_or_stay_unknown() {
    for recorded in recordings() {
        // Counters that are only somebody's reading of the same recording are no truth.
        let basis = recorded.expected["counters_basis"].as_str().unwrap_or("");
        if !basis.starts_with("device web") && !basis.starts_with("test expectation") {
            continue;
        }
        let counters = &recorded.expected["counters"];
        let audit = decode(&recorded.recording.to_answers());
        for (name, stated) in counters.as_object().into_iter().flatten() {
            let Some(stated) = stated.as_u64() else {
                continue;
            };
            if let Some(found) = support::counter(&audit, name) {
                assert_eq!(found, stated, "{} {name}", recorded.name);
            }
        }
    }
}
