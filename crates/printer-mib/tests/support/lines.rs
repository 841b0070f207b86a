//! Devices of a few lines, and meters asked for in words.

#![allow(dead_code, reason = "each test binary uses its own part")]

use pagetally_model::{
    CounterUnit, DeviceAudit, Exactness, Level, Meter, MeterColor, MeterFunction, MeterSides,
    MeterSize, Supply,
};
use pagetally_snmp_engine::Recording;

/// The audit of a device that answers these lines (`OID|TYPE|VALUE`, in any order).
pub(crate) fn audit(lines: &str) -> DeviceAudit {
    let mut lines: Vec<&str> = lines.lines().map(str::trim).collect();
    lines.retain(|line| !line.is_empty());
    let recording = Recording::parse(lines.join("\n").as_bytes()).expect("a valid recording");
    let audit = super::support::decode(&recording.to_answers());
    assert_eq!(audit.check_sources(), Ok(()));
    audit
}

/// Maker, model, serial number and firmware; empty where unknown.
pub(crate) fn who(audit: &DeviceAudit) -> [&str; 4] {
    let identity = &audit.identity;
    [
        &identity.manufacturer,
        &identity.model,
        &identity.serial,
        &identity.firmware,
    ]
    .map(|field| field.as_ref().map_or("", |text| text.as_str()))
}

/// The meter that these words name: `print color`, `total duplex sheets`, `scan images`...
pub(crate) fn meter<'a>(audit: &'a DeviceAudit, words: &str) -> Option<&'a Meter> {
    let (mut function, mut color) = (MeterFunction::Total, MeterColor::Any);
    let (mut size, mut sides) = (MeterSize::Any, MeterSides::Any);
    let mut unit = CounterUnit::Impressions;
    for word in words.split(' ') {
        match word {
            "total" => function = MeterFunction::Total,
            "print" => function = MeterFunction::Print,
            "copy" => function = MeterFunction::Copy,
            "scan" => function = MeterFunction::Scan,
            "fax" => function = MeterFunction::Fax,
            "mono" => color = MeterColor::Mono,
            "color" => color = MeterColor::Color,
            "large" => size = MeterSize::Large,
            "small" => size = MeterSize::Small,
            "simplex" => sides = MeterSides::Simplex,
            "duplex" => sides = MeterSides::Duplex,
            "sheets" => unit = CounterUnit::Sheets,
            "images" => unit = CounterUnit::Images,
            "meters" => unit = CounterUnit::Meters,
            "items" => unit = CounterUnit::Items,
            "inches" => unit = CounterUnit::TenThousandthsOfInches,
            other => panic!("{other} is no word for a meter"),
        }
    }
    let key = (function, color, size, sides, unit);
    let mut meters = audit.meters.iter();
    meters.find(|m| (m.function, m.color, m.size, m.sides, m.unit) == key)
}

/// What a test expects of a meter: its words, its value, its exactness, its rule.
pub(crate) type Expected<'e> = (&'e str, u64, Exactness, &'e str);

/// Every expected meter is there as expected, and there are no others.
pub(crate) fn check_meters(case: &str, audit: &DeviceAudit, expected: &[Expected<'_>]) {
    for (words, value, exactness, rule) in expected {
        let found = meter(audit, words);
        let found = found.unwrap_or_else(|| panic!("{case}: no {words}"));
        let stated = (
            found.value,
            found.exactness,
            found.source.rule.name.as_str(),
        );
        assert_eq!(stated, (*value, *exactness, *rule), "{case}: {words}");
    }
    let named = |m: &&Meter| {
        let mut names = expected
            .iter()
            .filter_map(|(words, ..)| meter(audit, words));
        names.any(|known| known == *m)
    };
    let others: Vec<&Meter> = audit.meters.iter().filter(|m| !named(m)).collect();
    assert!(others.is_empty(), "{case}: also {others:#?}");
}

/// The supply in a slot.
pub(crate) fn supply<'a>(audit: &'a DeviceAudit, slot: &str) -> &'a Supply {
    let mut supplies = audit.supplies.iter();
    let found = supplies.find(|supply| supply.slot.as_str() == slot);
    found.unwrap_or_else(|| panic!("no supply {slot}"))
}

/// The level of the supply in a slot.
pub(crate) fn level(audit: &DeviceAudit, slot: &str) -> Level {
    supply(audit, slot).level.level
}
