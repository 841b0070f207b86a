use super::super::Verdict;
use super::super::testing::{self, provenance, verdicts};
use super::*;
use pagetally_model::{
    CounterUnit, DottedOid, Exactness, Level, LevelReading, LosingWitness, Marker, Measures,
    RawKind, RawValue, Supply, SupplyClass, SupplyKind,
};

fn check(raw: &str, change: impl FnOnce(&mut DeviceAudit)) -> Vec<(String, Verdict)> {
    let mut audit = testing::audit();
    change(&mut audit);
    verdicts(
        &format!("{{\"raw\": {{{raw}}}}}"),
        "",
        |expected, _, sheet| {
            compare(expected, &audit, sheet);
        },
    )
}

fn one(raw: &str, change: impl FnOnce(&mut DeviceAudit)) -> Verdict {
    let found = check(raw, change);
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].1
}

fn standard(oid: &str) -> Provenance {
    let oid = DottedOid::try_from(oid.to_owned()).expect("valid");
    let raw = RawValue {
        kind: RawKind::Integer,
        text: "1".into(),
    };
    Provenance {
        source: Source::Snmp { oid, raw },
        ..provenance("rfc3805")
    }
}

fn supply(level: Level, provenance: Provenance) -> Supply {
    Supply {
        slot: "1.1".into(),
        description: None,
        kind: SupplyKind::Toner,
        class: SupplyClass::Consumed,
        colorant: None,
        level: LevelReading {
            level,
            exactness: Exactness::Exact,
        },
        measures: Measures::Remaining,
        unit: CounterUnit::Percent,
        capacity: None,
        place: None,
        replaced: None,
        part_number: None,
        serial: None,
        sources: [("level".to_owned(), provenance)].into(),
    }
}

const LEVEL_ROW: &str = r#""prtMarkerSupplies": [{"index": "1.1", "level": -3}]"#;

#[test]
fn a_serial_number_with_its_suffix_cut_is_right_and_another_one_is_wrong() {
    let raw = r#""prtGeneralSerialNumber": {"1": "74636C6601FK2-130-0"}"#;
    let read = |serial: &'static str, source: Provenance| {
        one(raw, move |audit| {
            audit.identity.serial = Some(serial.into());
            audit.identity.sources.insert("serial".to_owned(), source);
        })
    };
    assert_eq!(
        read("74636C6601FK2", standard("1.3.6.1.2.1.43.5.1.1.17.1")),
        Verdict::Right
    );
    assert_eq!(read("XYZ", provenance("acme.serial")), Verdict::Wrong);
    assert_eq!(one(raw, |_| ()), Verdict::Absent);
}

#[test]
fn a_serial_number_of_zeros_asks_for_nothing() {
    assert_eq!(
        check(r#""prtGeneralSerialNumber": {"1": "000000000"}"#, |_| ()),
        []
    );
}

#[test]
fn a_sentinel_turned_into_a_percentage_is_wrong() {
    let column = "1.3.6.1.2.1.43.11.1.1.9.1.1";
    let read = |level| {
        one(LEVEL_ROW, |audit| {
            audit.supplies = vec![supply(level, standard(column))]
        })
    };
    assert_eq!(read(Level::SomeRemaining), Verdict::Right);
    assert_eq!(read(Level::Percent(50)), Verdict::Wrong);
    assert_eq!(read(Level::Unknown), Verdict::Absent);
}

#[test]
fn a_better_witness_must_name_the_standard_object_as_a_loser() {
    let mut better = provenance("acme.level");
    let read = |provenance: &Provenance| {
        one(LEVEL_ROW, |audit| {
            audit.supplies = vec![supply(Level::Percent(72), provenance.clone())];
        })
    };
    assert_eq!(read(&better), Verdict::Absent);
    better.witnesses.push(LosingWitness {
        source: standard("1.3.6.1.2.1.43.11.1.1.9.1.1").source,
        rule: better.rule.clone(),
        value: "some-remaining".into(),
        reason: "no number".into(),
    });
    assert_eq!(read(&better), Verdict::Right);
}

#[test]
fn a_missing_row_is_absent() {
    assert_eq!(one(LEVEL_ROW, |_| ()), Verdict::Absent);
    assert_eq!(
        one(r#""prtInput": [{"index": "1.1"}]"#, |_| ()),
        Verdict::Absent
    );
    assert_eq!(
        one(r#""prtAlert": [{"index": "1.1"}]"#, |_| ()),
        Verdict::Absent
    );
}

#[test]
fn a_capacity_where_the_device_states_none_is_wrong() {
    let raw = r#""prtMarkerSupplies": [{"index": "1.1", "max_capacity": -2}]"#;
    let read = |capacity| {
        one(raw, |audit| {
            audit.supplies = vec![Supply {
                capacity,
                ..supply(Level::Unknown, provenance("rfc3805"))
            }];
        })
    };
    assert_eq!(read(None), Verdict::Right);
    assert_eq!(read(Some(100)), Verdict::Wrong);
}

#[test]
fn error_states_of_no_one_and_two_octets_are_read() {
    assert_eq!(bits(""), Some(vec![]));
    assert_eq!(bits("20"), Some(vec!["low-toner"]));
    assert_eq!(bits("0002"), Some(vec!["overdue-prevent-maint"]));
    assert_eq!(
        bits("a100"),
        Some(vec!["low-paper", "low-toner", "service-requested"])
    );
    assert_eq!(bits("2004"), Some(vec!["low-toner", "input-tray-empty"]));
    assert_eq!(bits("zz"), None);
}

#[test]
fn a_life_count_is_compared_with_its_row() {
    let raw = r#""prtMarker": [{"index": "1.1", "life_count": 7, "unit": "sheets"}]"#;
    let marker = |life_count| Marker {
        slot: "1.1".into(),
        technology: None,
        unit: CounterUnit::Sheets,
        life_count: Some(life_count),
        power_on_count: None,
        sources: [("lifeCount".to_owned(), provenance("rfc3805"))].into(),
    };
    let right = check(raw, |audit| audit.markers = vec![marker(7)]);
    assert!(
        right.iter().all(|found| found.1 == Verdict::Right) && right.len() == 2,
        "{right:?}"
    );
    let wrong = check(raw, |audit| audit.markers = vec![marker(8)]);
    assert_eq!(wrong[0].1, Verdict::Wrong);
    assert_eq!(one(raw, |_| ()), Verdict::Absent);
}

#[test]
fn an_address_that_is_not_the_card_s_own_asks_for_nothing() {
    let raw = |mac: &str| format!(r#""ifPhysAddress": {{"1": "{mac}"}}"#);
    for nobody_s in ["000000000000", "aabbccddeeff", "0011", ""] {
        assert_eq!(check(&raw(nobody_s), |_| ()), [], "{nobody_s}");
    }
    let card = raw("00206b4af325");
    assert_eq!(one(&card, |_| ()), Verdict::Absent);
    let read = |mac: &'static str| one(&card, |audit| audit.identity.mac = Some(mac.into()));
    assert_eq!(read("00:20:6b:4a:f3:25"), Verdict::Right);
    assert_eq!(read("00:20:6b:4a:f3:26"), Verdict::Wrong);
}
