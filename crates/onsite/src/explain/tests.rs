use super::*;
use crate::{Clocks, ReplayIds};
use pagetally_model::{
    AuditRef, ComparedValue, CounterUnit, DerivedInput, DottedOid, Exactness, LosingWitness, Meter,
    MeterColor, MeterFunction, MeterSides, MeterSize, Provenance, RawKind, RawValue, RuleId, Said,
    Text,
};
use pagetally_printer_mib::Definitions;

fn snmp(oid: &str, kind: RawKind, raw: &str) -> Source {
    Source::Snmp {
        oid: DottedOid::try_from(oid.to_owned()).expect("valid"),
        raw: RawValue {
            kind,
            text: raw.into(),
        },
    }
}

fn rule(name: &str) -> RuleId {
    RuleId {
        name: Text::clean(name),
        version: 1,
    }
}

fn audit() -> DeviceAudit {
    let ids = ReplayIds::fresh(&Clocks::start().expect("random")).expect("random");
    let mut audit = crate::replay(b"", &ids, &Definitions::builtin()).expect("valid");
    audit.identity = pagetally_model::Identity::default();
    audit.identity.serial = Some(Text::clean("SN-1"));
    audit.identity.sources.insert(
        "serial".to_owned(),
        Provenance {
            source: snmp("1.3.6.1.2.1.43.5.1.1.17.1", RawKind::OctetString, "SN-1"),
            rule: rule("rfc3805.prtGeneralSerialNumber"),
            read_at: None,
            unproven: false,
            checks: Vec::new(),
            witnesses: vec![LosingWitness {
                source: snmp("1.3.6.1.4.1.9.1", RawKind::OctetString, "OTHER"),
                rule: rule("acme.serial"),
                value: Text::clean("OTHER"),
                reason: Text::clean("the card's own serial"),
            }],
        },
    );
    let inputs = [("mono", 6_000), ("color", 466)].map(|(name, value)| DerivedInput {
        name: Text::clean(name),
        value,
        source: snmp("1.3.6.1.4.1.9.2", RawKind::Counter32, &value.to_string()),
    });
    audit.meters = vec![Meter {
        function: MeterFunction::Total,
        color: MeterColor::Any,
        size: MeterSize::Any,
        sides: MeterSides::Any,
        unit: CounterUnit::Impressions,
        value: 6_466,
        exactness: Exactness::Derived,
        source: Provenance::new(
            Source::Derived {
                formula: Text::clean("mono + color"),
                inputs: inputs.to_vec(),
            },
            rule("acme.total"),
        ),
    }];
    audit
}

fn told(audit: &DeviceAudit, path: &str) -> String {
    let told = explain(audit, path, &Definitions::builtin());
    told.unwrap_or_else(|error| panic!("{error}")).to_string()
}

fn refused(path: &str) -> NoSuchReading {
    explain(&audit(), path, &Definitions::builtin()).expect_err("no such reading")
}

#[test]
fn a_derived_total_names_its_formula_and_every_input() {
    let text = told(&audit(), "meters.total");
    for part in [
        "meters.total = 6466 impressions",
        "derived: computed from stated values",
        "computed: mono + color",
        "where mono = 6000",
        "SNMP 1.3.6.1.4.1.9.2",
        "raw counter32: 6000",
        "where color = 466",
        "acme.total, version 1",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}

#[test]
fn a_losing_witness_is_named_with_its_reason() {
    let text = told(&audit(), "serial");
    for part in [
        "identity.serial = SN-1",
        "prtGeneralSerialNumber.1 (Printer-MIB, RFC 3805)",
        "not used",
        "OTHER by acme.serial, version 1",
        "lost because: the card's own serial",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}

#[test]
fn a_meter_can_be_named_in_full_by_place_and_by_group() {
    for path in [
        "meters",
        "Meters[0]",
        "meters.total",
        "meters.total.any.any.any",
        "meters.total.any.any.any.impressions",
    ] {
        assert!(told(&audit(), path).contains("6466"), "{path}");
    }
}

#[test]
fn a_reading_with_others_below_it_is_told_alone_and_names_them() {
    let mut audit = audit();
    let mono = Meter {
        color: MeterColor::Mono,
        value: 6_000,
        ..audit.meters[0].clone()
    };
    audit.meters.push(mono);
    let text = told(&audit, "meters.total");
    assert!(!text.contains("meters.total.mono ="), "{text}");
    assert!(text.contains("below it: meters.total.mono"), "{text}");
    assert!(told(&audit, "meters").contains("meters.total.mono ="));
}

#[test]
fn a_path_is_never_a_mere_beginning_of_a_name() {
    let error = refused("meters.tot");
    assert_eq!(error.known, ["meters.total"]);
    assert_eq!(error.near, ["meters.total"]);
}

#[test]
fn an_unknown_reading_is_answered_with_what_is_near_and_what_there_is() {
    let error = refused("serail");
    assert_eq!(error.near, ["serial"]);
    let text = refused("staples").to_string();
    assert!(text.contains("identity"), "{text}");
    assert!(text.contains("meters"), "{text}");
    assert_eq!(refused("staples").near, [""; 0]);
}

#[test]
fn a_contradiction_is_a_reading_and_stands_below_what_it_is_about() {
    let mut audit = audit();
    let earlier = AuditRef {
        audit: audit.id,
        wall: audit.time.wall,
    };
    let said = |value: &str| {
        Some(Said {
            value: Text::clean(value),
            source: snmp("1.3.6.1.2.1.43.10.2.1.4.1.1", RawKind::Counter32, value),
        })
    };
    audit.contradictions = vec![
        Contradiction {
            rule: Text::clean("counters never fall"),
            detail: Text::clean("meters.total was 9000 in the audit before and is 6466 now"),
            source: Some(Source::Compared {
                earlier,
                values: vec![ComparedValue {
                    name: Text::clean("value"),
                    earlier: said("9000"),
                    now: said("6466"),
                }],
            }),
        },
        Contradiction {
            rule: Text::clean("one device, one serial"),
            detail: Text::clean("SN-1 and OTHER"),
            source: None,
        },
    ];
    let text = told(&audit, "contradictions");
    for part in [
        "value then: 9000",
        "value now: 6466",
        "prtMarkerLifeCount.1.1",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    assert!(text.contains("meters.total = 6466 impressions"), "{text}");
    assert!(text.contains("identity.serial = SN-1"), "{text}");
    let of_meters = told(&audit, "meters");
    assert!(of_meters.contains("counters never fall"), "{of_meters}");
    assert!(!of_meters.contains("one device"), "{of_meters}");
}

#[test]
fn a_rule_of_the_definitions_tells_its_reason_and_its_proof() {
    let mut audit = audit();
    let definitions = Definitions::builtin();
    let row = definitions.rows().next().expect("a row");
    audit.meters[0].source.rule = row.rule().clone();
    audit.meters[0].source.rule.version = 999;
    let explanation = explain(&audit, "meters.total", &definitions).expect("there");
    let story = &explanation.readings[0].rules[row.rule().name.as_str()];
    assert_eq!(story.reason.as_deref(), Some(row.reason()));
    assert_eq!(story.proof.as_deref(), Some(row.proof().as_str()));
    assert_eq!(story.version_at_hand, Some(row.rule().version));
}

#[test]
fn no_line_is_longer_than_a_terminal() {
    let mut audit = audit();
    audit.identity.description = Some(Text::clean(&"long ".repeat(60)));
    let raw = "f0".repeat(200);
    let provenance = Provenance::new(
        snmp("1.3.6.1.2.1.1.1.0", RawKind::OctetStringHex, &raw),
        rule("rfc1213.sysDescr"),
    );
    audit.identity.sources.insert("description", provenance);
    for path in ["identity", "meters", "description"] {
        for line in told(&audit, path).lines() {
            assert!(line.chars().count() <= 80, "{line}");
            assert!(!line.ends_with(' '), "{line:?}");
        }
    }
}

#[test]
fn the_document_holds_the_same_as_the_text() {
    let explanation = explain(&audit(), "meters", &Definitions::builtin()).expect("there");
    let json = serde_json::to_value(&explanation).expect("plain data");
    assert_eq!(json["readings"][0]["path"], "meters.total");
    assert_eq!(json["readings"][0]["exactness"]["word"], "derived");
    let provenance = &json["readings"][0]["provenance"];
    assert_eq!(provenance["source"]["formula"], "mono + color");
}
