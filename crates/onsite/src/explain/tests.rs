use super::*;
use crate::{Clocks, ReplayIds};
use pagetally_model::{
    CounterUnit, DottedOid, Exactness, LosingWitness, MeterColor, MeterFunction, MeterSides,
    MeterSize, RawKind, RawValue, Text,
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

#[test]
fn a_derived_total_names_its_formula_and_every_input() {
    let text = explain(&audit(), "meters.total").expect("there");
    for part in [
        "meters.total = 6466",
        "computed: mono + color",
        "mono = 6000 from SNMP 1.3.6.1.4.1.9.2 = counter32: 6000",
        "color = 466",
        "acme.total, version 1",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}

#[test]
fn a_losing_witness_is_named_with_its_reason() {
    let text = explain(&audit(), "serial").expect("there");
    assert!(text.contains("identity.serial = SN-1"), "{text}");
    assert!(text.contains("not used OTHER"), "{text}");
    assert!(text.contains("the card's own serial"), "{text}");
}

#[test]
fn a_meter_can_be_named_in_full_by_place_and_by_group() {
    for path in [
        "meters",
        "meters[0]",
        "meters.total",
        "meters.total.any.any.any",
    ] {
        assert!(explain(&audit(), path).is_ok(), "{path}");
    }
}

#[test]
fn a_path_is_never_a_mere_beginning_of_a_name() {
    let error = explain(&audit(), "meters.tot").expect_err("no such reading");
    assert_eq!(error.known, ["meters.total"]);
}

#[test]
fn an_unknown_group_is_answered_with_the_groups_there_are() {
    let error = explain(&audit(), "toner").expect_err("no such reading");
    assert!(error.to_string().contains("identity"), "{error}");
    assert!(error.to_string().contains("meters"), "{error}");
}
