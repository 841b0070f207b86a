use super::*;
use pagetally_model::{
    AUDIT_FORMAT, AuditId, AuditTime, BootId, Condition, CounterUnit, DeviceState, DeviceStatus,
    DottedOid, Exactness, Gap, Identity, Level, LevelReading, Measures, MeterColor, MeterFunction,
    MeterSides, MeterSize, PassId, PrinterState, RawKind, RawValue, ReplacementKind, RuleId,
    Sources, Supply, SupplyClass, SupplyKind, Timestamp,
};
use proptest::prelude::*;

const HOUR: u64 = 3_600_000;

fn provenance(oid: &str, raw: &str, rule: &str) -> Provenance {
    Provenance::snmp(
        DottedOid::try_from(oid.to_owned()).expect("an OID"),
        RawValue {
            kind: RawKind::OctetString,
            text: raw.into(),
        },
        RuleId {
            name: Text::clean(rule),
            version: 1,
        },
    )
}

/// An audit of one device, read `hour` hours after the first one.
fn audit(hour: u64) -> DeviceAudit {
    let byte = u8::try_from(hour % 251).expect("small");
    let status = DeviceStatus {
        printer: PrinterState::Unknown,
        device: DeviceState::Unknown,
        conditions: Vec::new(),
        console: Vec::new(),
        sources: Sources::new(),
    };
    let mut audit = DeviceAudit {
        format: AUDIT_FORMAT,
        id: AuditId::from_bytes([byte; 16]),
        pass: PassId::from_bytes([byte; 16]),
        time: AuditTime {
            wall: Timestamp::from_unix_millis(
                1_700_000_000_000 + i64::try_from(hour * HOUR).expect("small"),
            ),
            boot: BootId::from_bytes([1; 16]),
            monotonic_millis: hour * HOUR,
            central_offset: None,
        },
        address: Some("192.0.2.7:161".parse().expect("an address")),
        protocol: Text::clean("snmp-v2c"),
        identity: Identity::default(),
        status,
        meters: Vec::new(),
        markers: Vec::new(),
        supplies: Vec::new(),
        trays: Vec::new(),
        outputs: Vec::new(),
        covers: Vec::new(),
        alerts: Vec::new(),
        gaps: Vec::new(),
        contradictions: Vec::new(),
        comparison: None,
    };
    identify(&mut audit, "manufacturer", "ACME");
    identify(&mut audit, "model", "Printer 9");
    identify(&mut audit, "serial", "SN-4711");
    audit
}

fn identify(audit: &mut DeviceAudit, field: &str, value: &str) {
    let id = &mut audit.identity;
    let place = match field {
        "manufacturer" => &mut id.manufacturer,
        "model" => &mut id.model,
        "serial" => &mut id.serial,
        "firmware" => &mut id.firmware,
        "mac" => &mut id.mac,
        "engineId" => &mut id.engine_id,
        other => panic!("{other} is not used here"),
    };
    *place = Text::non_empty(value);
    match place {
        Some(_) => {
            let source = provenance("1.3.6.1.4.1.9.1", value, "acme.identity");
            id.sources.insert(field.to_owned(), source);
        }
        None => {
            id.sources.remove(field);
        }
    }
}

fn supply(slot: &str, kind: SupplyKind, colorant: Option<&str>, percent: u8) -> Supply {
    let mut supply = Supply {
        slot: Text::clean(slot),
        place: None,
        description: None,
        kind,
        class: SupplyClass::Consumed,
        colorant: colorant.map(Text::clean),
        level: LevelReading {
            level: Level::OfCapacity {
                amount: percent.into(),
                capacity: 100,
            },
            exactness: Exactness::Exact,
        },
        measures: Measures::Remaining,
        unit: CounterUnit::Percent,
        capacity: Some(100),
        part_number: None,
        serial: None,
        replaced: None,
        sources: Sources::new(),
    };
    let columns = [
        ("level", 9),
        ("capacity", 8),
        ("unit", 7),
        ("kind", 5),
        ("colorant", 3),
    ];
    for (field, column) in columns {
        let oid = format!("1.3.6.1.2.1.43.11.1.1.{column}.{slot}");
        let rule = match field {
            "level" => "rfc3805.prtMarkerSuppliesLevel.of-capacity",
            _ => "rfc3805.other",
        };
        let source = provenance(&oid, "1", rule);
        supply.sources.insert(field.to_owned(), source);
    }
    supply
}

fn toner(slot: &str, colorant: &str, percent: u8) -> Supply {
    supply(slot, SupplyKind::Toner, Some(colorant), percent)
}

/// A supply of which the device says more.
fn saying(mut supply: Supply, field: &str, value: &str) -> Supply {
    let oid = format!("1.3.6.1.2.1.43.11.1.1.6.{}", supply.slot);
    let place = match field {
        "serial" => &mut supply.serial,
        "partNumber" => &mut supply.part_number,
        "description" => &mut supply.description,
        other => panic!("{other} is not used here"),
    };
    *place = Text::non_empty(value);
    let source = provenance(&oid, value, "acme.text");
    supply.sources.insert(field.to_owned(), source);
    supply
}

/// Two audits an hour apart with these supplies, the second held against the first.
fn held(before: Vec<Supply>, now: Vec<Supply>) -> DeviceAudit {
    let mut first = audit(0);
    first.supplies = before;
    begin_history(&mut first);
    let mut second = audit(1);
    second.supplies = now;
    compare(&first, &mut second, MatchedBy::Serial);
    assert_eq!(second.check_sources(), Ok(()));
    second
}

fn replaced(before: Supply, now: Supply) -> Option<(ReplacementKind, Exactness)> {
    let audit = held(vec![before], vec![now]);
    let found = audit.supplies[0].replaced;
    assert_eq!(
        found.is_some(),
        audit.supplies[0].sources.contains_key("replaced")
    );
    found.map(|found| (found.what, found.exactness))
}

fn places(audit: &DeviceAudit) -> Vec<&str> {
    let place = |supply: &'_ Supply| supply.place.is_some();
    assert!(audit.supplies.iter().all(place));
    let places = audit.supplies.iter().filter_map(|s| s.place.as_ref());
    places.map(Text::as_str).collect()
}

fn changes(audit: &DeviceAudit) -> Vec<ChangeKind> {
    let comparison = audit.comparison.as_ref().expect("compared");
    comparison
        .changes
        .iter()
        .map(|change| change.what)
        .collect()
}

#[test]
fn another_serial_number_is_another_supply() {
    let unit = |serial| saying(toner("1.1", "black", 40), "serial", serial);
    assert_eq!(
        replaced(unit("CRUM-1001"), unit("CRUM-1002")),
        Some((ReplacementKind::Replaced, Exactness::Derived))
    );
    assert_eq!(replaced(unit("CRUM-1001"), unit("crum-1001")), None);
    assert_eq!(replaced(unit("0000"), unit("CRUM-1002")), None);
}

#[test]
fn another_part_number_is_another_supply_unless_the_unit_is_the_same() {
    let part = |part| saying(toner("1.1", "black", 40), "partNumber", part);
    assert_eq!(
        replaced(part("CF300A"), part("CF300X")),
        Some((ReplacementKind::Replaced, Exactness::Derived))
    );
    assert_eq!(replaced(part("TK-3160"), part("TK 3160")), None);
    let unit = |number| saying(part(number), "serial", "CRUM-1001");
    assert_eq!(replaced(unit("CF300A"), unit("CF300A-L")), None);
}

#[test]
fn a_level_that_rose_is_a_refill_or_another_cartridge() {
    let level = |percent| toner("1.1", "black", percent);
    let estimate = Some((ReplacementKind::RefilledOrReplaced, Exactness::Estimated));
    for (before, after, expected) in [
        (3, 100, estimate),
        (0, 38, estimate),
        (84, 97, estimate),
        (50, 60, None),
        (0, 20, None),
        (90, 100, None),
        (100, 3, None),
    ] {
        assert_eq!(
            replaced(level(before), level(after)),
            expected,
            "{before} -> {after}"
        );
    }
}

#[test]
fn a_part_that_counts_its_life_may_only_have_been_reset() {
    let drum = |percent| supply("1.5", SupplyKind::Opc, None, percent);
    assert_eq!(
        replaced(drum(36), drum(100)),
        Some((ReplacementKind::ReplacedOrReset, Exactness::Estimated))
    );
}

#[test]
fn the_same_unit_with_a_higher_level_was_not_replaced() {
    let unit = |percent| saying(toner("1.1", "black", percent), "serial", "CRUM-1001");
    assert_eq!(
        replaced(unit(2), unit(100)),
        Some((ReplacementKind::RefilledOrReset, Exactness::Estimated))
    );
}

#[test]
fn a_waste_box_is_judged_only_where_it_is_known_what_its_level_measures() {
    let waste = |percent, measures| {
        let mut waste = supply("1.9", SupplyKind::WasteToner, None, percent);
        waste.class = SupplyClass::Filled;
        waste.measures = measures;
        waste
    };
    let emptied = Some((ReplacementKind::EmptiedOrReplaced, Exactness::Estimated));
    for (measures, before, after, expected) in [
        (Measures::Remaining, 4, 100, emptied),
        (Measures::Filled, 96, 1, emptied),
        (Measures::Filled, 1, 60, None),
        (Measures::Unknown, 96, 1, None),
        (Measures::Unknown, 1, 96, None),
    ] {
        let found = replaced(waste(before, measures), waste(after, measures));
        assert_eq!(found, expected, "{measures:?} {before} -> {after}");
    }
}

#[test]
fn a_level_read_from_another_object_is_no_evidence() {
    let mut after = toner("1.1", "black", 100);
    let vendor = provenance("1.3.6.1.4.1.9.2", "100", "acme.black-level");
    after.sources.insert("level".to_owned(), vendor);
    assert_eq!(replaced(toner("1.1", "black", 3), after), None);
}

#[test]
fn a_bay_that_was_open_said_nothing_of_its_supply() {
    let mut first = audit(0);
    first.supplies = vec![toner("1.1", "black", 0)];
    first.status.conditions = vec![Condition::MarkerSupplyMissing];
    let mut second = audit(1);
    second.supplies = vec![toner("1.1", "black", 60)];
    compare(&first, &mut second, MatchedBy::Serial);
    assert_eq!(second.supplies[0].replaced, None);
}

#[test]
fn other_words_count_only_where_they_name_another_article() {
    let said = |words: &str, percent| saying(toner("1.1", "black", percent), "description", words);
    let estimate = Some((ReplacementKind::Replaced, Exactness::Estimated));
    for (before, after, expected) in [
        (
            said("Toner TK-3160", 80),
            said("Toner TK-3170", 80),
            estimate,
        ),
        (said("Toner TK-3160", 80), said("Toner TK-3170", 70), None),
        (said("Black Toner", 80), said("Black Toner, low", 80), None),
        (said("Black Toner", 10), said("Toner TK-3160", 10), None),
    ] {
        let (a, b) = (before.description.clone(), after.description.clone());
        assert_eq!(replaced(before, after), expected, "{a:?} -> {b:?}");
    }
}

#[test]
fn another_language_on_the_panel_replaces_nothing() {
    let row =
        |slot: &str, color: &str, words: &str| saying(toner(slot, color, 50), "description", words);
    let audit = held(
        vec![
            row("1.1", "black", "Toner K1234"),
            row("1.2", "cyan", "Toner C1234"),
        ],
        vec![
            row("1.1", "black", "Tóner N1234"),
            row("1.2", "cyan", "Tóner A1234"),
        ],
    );
    assert!(
        audit
            .supplies
            .iter()
            .all(|supply| supply.replaced.is_none())
    );
}

#[test]
fn what_was_seen_stays_in_the_audits_that_follow() {
    let mut first = audit(0);
    first.supplies = vec![toner("1.1", "black", 3)];
    begin_history(&mut first);
    let mut second = audit(1);
    second.supplies = vec![toner("1.1", "black", 100)];
    compare(&first, &mut second, MatchedBy::Serial);
    let mut third = audit(2);
    third.supplies = vec![toner("1.1", "black", 99)];
    compare(&second, &mut third, MatchedBy::Serial);
    let mut fourth = audit(3);
    fourth.supplies = vec![toner("1.1", "black", 98)];
    compare(&third, &mut fourth, MatchedBy::Serial);
    let last = fourth.supplies[0].replaced.expect("known");
    assert_eq!((last.after.audit, last.by.audit), (first.id, second.id));
    let source = &fourth.supplies[0].sources["replaced"];
    assert_eq!(source.read_at, Some(second.time.wall));
    assert_eq!(fourth.check_sources(), Ok(()));
}

#[test]
fn rows_that_a_new_firmware_renumbers_stay_the_same_places() {
    let audit = held(
        vec![
            toner("1.1", "black", 80),
            toner("1.2", "cyan", 10),
            supply("1.3", SupplyKind::Opc, Some("black"), 50),
        ],
        vec![
            supply("1.1", SupplyKind::Opc, Some("black"), 50),
            toner("1.30", "cyan", 10),
            toner("1.31", "black", 80),
        ],
    );
    assert_eq!(places(&audit), ["black-opc", "cyan-toner", "black-toner"]);
    assert_eq!(changes(&audit), [ChangeKind::SupplyMoved; 3]);
    assert!(
        audit
            .supplies
            .iter()
            .all(|supply| supply.replaced.is_none())
    );
}

#[test]
fn rows_of_one_kind_are_told_apart_by_their_words_and_units() {
    let roller = |slot: &str, words: &str| {
        saying(
            supply(slot, SupplyKind::Rollers, None, 60),
            "description",
            words,
        )
    };
    let audit = held(
        vec![
            roller("1.1", "Tray 1 Roller"),
            roller("1.2", "Tray 2 Roller"),
        ],
        vec![
            roller("1.1", "Tray 2 Roller"),
            roller("1.2", "Tray 1 Roller"),
        ],
    );
    assert_eq!(places(&audit), ["rollers-2", "rollers"]);
    let unit = |slot: &str, serial: &str| saying(toner(slot, "black", 60), "serial", serial);
    let audit = held(
        vec![unit("1.1", "CRUM-1"), unit("1.2", "CRUM-2")],
        vec![unit("1.7", "CRUM-2"), unit("1.8", "CRUM-1")],
    );
    assert_eq!(places(&audit), ["black-toner-2", "black-toner"]);
}

#[test]
fn rows_that_cannot_be_told_apart_are_not_guessed() {
    let audit = held(
        vec![toner("1.1", "black", 3), toner("1.2", "black", 90)],
        vec![toner("1.7", "black", 90), toner("1.8", "black", 3)],
    );
    assert_eq!(changes(&audit), [ChangeKind::SupplyRowsUnclear]);
    assert_eq!(places(&audit), ["black-toner-3", "black-toner-4"]);
    assert!(
        audit
            .supplies
            .iter()
            .all(|supply| supply.replaced.is_none())
    );
}

#[test]
fn another_thing_in_the_same_row_is_no_replacement() {
    let audit = held(
        vec![toner("1.1", "black", 3)],
        vec![supply("1.1", SupplyKind::WasteToner, None, 100)],
    );
    assert_eq!(audit.supplies[0].replaced, None);
    assert_eq!(
        changes(&audit),
        [ChangeKind::SupplyVanished, ChangeKind::SupplyAppeared]
    );
}

#[test]
fn a_table_that_was_cut_proves_no_absence() {
    let mut first = audit(0);
    first.supplies = vec![toner("1.1", "black", 3), toner("1.2", "cyan", 3)];
    let cut = Gap {
        what: Text::clean("prtMarkerSuppliesTable"),
        reason: Text::clean("the device stopped answering"),
    };
    let mut second = audit(1);
    second.supplies = vec![toner("1.1", "black", 3)];
    second.gaps = vec![cut];
    compare(&first, &mut second, MatchedBy::Serial);
    assert_eq!(changes(&second), []);
    let mut third = audit(2);
    third.supplies = first.supplies.clone();
    compare(&second, &mut third, MatchedBy::Serial);
    assert_eq!(changes(&third), []);
}

fn total(value: u64, rule: &str) -> Meter {
    Meter {
        function: MeterFunction::Total,
        color: MeterColor::Any,
        size: MeterSize::Any,
        sides: MeterSides::Any,
        unit: CounterUnit::Impressions,
        value,
        exactness: Exactness::Exact,
        source: provenance("1.3.6.1.4.1.9.3", &value.to_string(), rule),
    }
}

fn counted(before: Meter, now: Meter) -> DeviceAudit {
    let mut first = audit(0);
    first.meters = vec![before];
    let mut second = audit(1);
    second.meters = vec![now];
    compare(&first, &mut second, MatchedBy::Serial);
    assert_eq!(second.check_sources(), Ok(()));
    second
}

#[test]
fn a_count_that_fell_is_a_contradiction_with_both_sources() {
    let audit = counted(total(96_506, "acme.total"), total(49_241, "acme.total"));
    let [contradiction] = audit.contradictions.as_slice() else {
        panic!("{:?}", audit.contradictions);
    };
    assert_eq!(contradiction.rule.as_str(), "counters never fall");
    assert!(
        contradiction
            .detail
            .as_str()
            .starts_with("meters.total was 96506")
    );
    let Some(Source::Compared { values, .. }) = &contradiction.source else {
        panic!("{contradiction:?}");
    };
    assert!(values[0].earlier.is_some() && values[0].now.is_some());
    assert_eq!(audit.meters[0].value, 49_241);
}

#[test]
fn a_count_by_another_rule_is_named_and_did_not_fall() {
    let audit = counted(
        total(96_506, "acme.total"),
        total(49_241, "acme.better-total"),
    );
    assert_eq!(audit.contradictions, []);
    assert_eq!(changes(&audit), [ChangeKind::MeterRuleChanged]);
}

#[test]
fn a_count_that_rose_or_stands_still_says_nothing() {
    for now in [96_506, 96_507] {
        let audit = counted(total(96_506, "acme.total"), total(now, "acme.total"));
        assert_eq!(audit.contradictions, []);
        assert_eq!(changes(&audit), []);
    }
}

#[test]
fn an_engine_count_that_is_also_the_total_fell_once() {
    let marker = |count: u64| {
        let mut sources = Sources::new();
        let source = provenance("1.3.6.1.4.1.9.3", &count.to_string(), "rfc3805.life");
        sources.insert("lifeCount".to_owned(), source);
        Marker {
            slot: Text::clean("1.1"),
            technology: None,
            unit: CounterUnit::Impressions,
            life_count: Some(count),
            power_on_count: None,
            sources,
        }
    };
    let both = |hour, count: u64, with_meter: bool| {
        let mut audit = audit(hour);
        audit.markers = vec![marker(count)];
        if with_meter {
            audit.meters = vec![total(count, "rfc3805.life-count-as-total")];
        }
        audit
    };
    for with_meter in [true, false] {
        let mut now = both(1, 10, with_meter);
        compare(&both(0, 90, with_meter), &mut now, MatchedBy::Serial);
        assert_eq!(now.contradictions.len(), 1, "{:?}", now.contradictions);
    }
}

#[test]
fn an_uptime_that_fell_is_a_restart_unless_it_went_round() {
    let up = |hour: u64, centis: u64| {
        let mut audit = audit(hour);
        audit.identity.uptime_centis = Some(centis);
        let source = provenance("1.3.6.1.2.1.1.3.0", "1", "rfc1213.sysUpTime");
        audit
            .identity
            .sources
            .insert("uptimeCentis".to_owned(), source);
        audit
    };
    let check = |before: u64, after: u64, hours: u64, expected: &[ChangeKind]| {
        let mut now = up(hours, after);
        compare(&up(0, before), &mut now, MatchedBy::Serial);
        assert_eq!(changes(&now), expected, "{before} -> {after} in {hours} h");
    };
    check(900_000, 1_000, 1, &[ChangeKind::Restarted]);
    let mut now = up(1, 1_000);
    compare(&up(0, 9_000_000), &mut now, MatchedBy::Serial);
    let change = &now.comparison.expect("compared").changes[0];
    assert_eq!(change.detail.as_str(), "the uptime was 1 d 1 h and is 10 s");
    check(900_000, 1_260_000, 1, &[]);
    // Ten minutes before the end of the ticks, an hour later fifty minutes after it.
    check(TICKS - 60_000, 300_000, 1, &[]);
    check(TICKS - 60_000, 300_000, 48, &[ChangeKind::Restarted]);
}

#[test]
fn a_device_is_known_by_its_best_evidence() {
    let with = |serial: &str, mac: &str, address: &str| {
        let mut audit = audit(0);
        identify(&mut audit, "serial", serial);
        identify(&mut audit, "mac", mac);
        audit.address = Some(format!("{address}:161").parse().expect("an address"));
        audit
    };
    let mac = "00:1b:a9:01:02:03";
    let other = "00:1b:a9:01:02:04";
    for (before, now, expected) in [
        (
            with("SN-1", mac, "192.0.2.1"),
            with("SN-1", other, "192.0.2.2"),
            Sameness::Same(MatchedBy::Serial),
        ),
        (
            with("SN-10", mac, "192.0.2.1"),
            with("SN-20", mac, "192.0.2.1"),
            Sameness::OtherSerial,
        ),
        // Two printers that swapped addresses.
        (
            with("SN-10", mac, "192.0.2.1"),
            with("SN-20", other, "192.0.2.1"),
            Sameness::Different,
        ),
        (
            with("", mac, "192.0.2.1"),
            with("", other, "192.0.2.1"),
            Sameness::Different,
        ),
        (
            with("", mac, "192.0.2.1"),
            with("SN-20", mac, "192.0.2.9"),
            Sameness::Same(MatchedBy::Mac),
        ),
        // The one offers a serial number, the other nothing: the address is not enough.
        (
            with("SN-10", "", "192.0.2.1"),
            with("", "", "192.0.2.1"),
            Sameness::Different,
        ),
        (
            with("", "", "192.0.2.1"),
            with("", "", "192.0.2.1"),
            Sameness::Same(MatchedBy::Address),
        ),
        (
            with("", "", "192.0.2.1"),
            with("", "", "192.0.2.2"),
            Sameness::Different,
        ),
    ] {
        assert_eq!(same_device(&before, &now), expected);
    }
}

#[test]
fn a_card_with_another_serial_number_is_a_contradiction_with_its_sources() {
    let mut before = audit(0);
    identify(&mut before, "mac", "00:1b:a9:01:02:03");
    let mut now = audit(1);
    identify(&mut now, "mac", "00:1b:a9:01:02:03");
    identify(&mut now, "serial", "SN-9999");
    assert_eq!(same_device(&before, &now), Sameness::OtherSerial);
    note_other_serial(&before, &mut now);
    let [found] = now.contradictions.as_slice() else {
        panic!("{:?}", now.contradictions);
    };
    assert!(
        found.detail.as_str().contains("SN-4711"),
        "{}",
        found.detail
    );
    assert_eq!(now.check_sources(), Ok(()));
}

fn any_supply() -> impl Strategy<Value = Supply> {
    let kinds = vec![
        SupplyKind::Toner,
        SupplyKind::Opc,
        SupplyKind::WasteToner,
        SupplyKind::Other,
    ];
    let colors = vec![None, Some("black"), Some("cyan")];
    (
        0..6_u8,
        proptest::sample::select(kinds),
        proptest::sample::select(colors),
        0..=100_u8,
        prop::option::of("[AB]-[12]{4}"),
        prop::option::of("(Toner|Drum) [AB][12]{2}"),
    )
        .prop_map(|(row, kind, color, percent, serial, words)| {
            let mut found = supply(&format!("1.{row}"), kind, color, percent);
            if let Some(serial) = serial {
                found = saying(found, "serial", &serial);
            }
            if let Some(words) = words {
                found = saying(found, "description", &words);
            }
            found
        })
}

proptest! {
    #[test]
    fn every_supply_has_a_place_of_its_own_and_every_conclusion_its_sources(
        before in prop::collection::vec(any_supply(), 0..8),
        now in prop::collection::vec(any_supply(), 0..8),
    ) {
        let audit = held(before, now);
        let names = places(&audit);
        let different: BTreeSet<&str> = names.iter().copied().collect();
        prop_assert_eq!(different.len(), audit.supplies.len());
    }

    #[test]
    fn an_audit_held_against_itself_says_nothing(
        supplies in prop::collection::vec(any_supply(), 0..8),
    ) {
        // No device lists a row twice.
        let mut rows = BTreeSet::new();
        let supplies: Vec<Supply> =
            supplies.into_iter().filter(|s| rows.insert(s.slot.clone())).collect();
        let audit = held(supplies.clone(), supplies);
        prop_assert_eq!(changes(&audit), []);
        prop_assert!(audit.supplies.iter().all(|supply| supply.replaced.is_none()));
        prop_assert_eq!(&audit.contradictions, &[]);
    }

    #[test]
    fn renumbered_rows_replace_nothing(
        supplies in prop::collection::vec(any_supply(), 0..6), by in 10..200_u16,
    ) {
        let mut rows = BTreeSet::new();
        let supplies: Vec<Supply> =
            supplies.into_iter().filter(|s| rows.insert(s.slot.clone())).collect();
        let moved = supplies
            .iter()
            .map(|supply| {
                let mut moved = supply.clone();
                let last = supply.slot.as_str().trim_start_matches("1.");
                let row: u16 = last.parse().expect("a number");
                moved.slot = Text::clean(&format!("1.{}", row + by));
                moved
            })
            .collect();
        let audit = held(supplies, moved);
        prop_assert!(audit.supplies.iter().all(|supply| supply.replaced.is_none()));
        prop_assert!(!changes(&audit).contains(&ChangeKind::SupplyVanished));
    }
}
