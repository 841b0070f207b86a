//! What the standard tables say that cannot be true. Nothing is repaired.

use pagetally_model::{
    Contradiction, Level, Output, Provenance, Source, Sources, Supply, Text, Tray,
};

/// Levels over their capacities, and one supply in two places.
pub(crate) fn contradictions(
    supplies: &[Supply],
    trays: &[Tray],
    outputs: &[Output],
) -> Vec<Contradiction> {
    let mut found = Vec::new();
    let supply_levels = supplies.iter().map(|s| ("supplies", &s.slot, &s.sources));
    let tray_levels = trays.iter().map(|t| ("trays", &t.slot, &t.sources));
    let output_levels = outputs.iter().map(|o| ("outputs", &o.slot, &o.sources));
    for (group, slot, sources) in supply_levels.chain(tray_levels).chain(output_levels) {
        found.extend(over_capacity(group, slot, sources));
    }
    for (place, one) in supplies.iter().enumerate() {
        let behind = supplies.get(place + 1..).unwrap_or_default();
        found.extend(behind.iter().filter_map(|other| same_supply(one, other)));
    }
    found
}

fn over_capacity(group: &str, slot: &Text, sources: &Sources) -> Option<Contradiction> {
    let (level, capacity) = (sources.get("level")?, sources.get("capacity")?);
    if !level.rule.name.as_str().ends_with(".over-capacity") {
        return None;
    }
    let detail = format!(
        "{group}.{slot}.level {} is more than {group}.{slot}.capacity {}",
        said(level),
        said(capacity)
    );
    Some(contradiction("level <= capacity", &detail))
}

/// A serial number in two places; or two supplies of one colour that share all their words and have
/// nothing else to tell them apart, of which one is empty and the other is not. Twins that are really
/// there have numbers, names or serial numbers of their own.
fn same_supply(one: &Supply, other: &Supply) -> Option<Contradiction> {
    let both = |field: &str| {
        let (first, second) = (one.sources.get(field)?, other.sources.get(field)?);
        Some(format!(
            "supplies.{}.{field} {} and supplies.{}.{field} {}",
            one.slot,
            said(first),
            other.slot,
            said(second)
        ))
    };
    if one.serial.is_some() && one.serial == other.serial {
        let detail = both("serial").unwrap_or_default();
        return Some(contradiction("one supply, one place", &detail));
    }
    let alike = one.description.is_some()
        && one.description == other.description
        && one.colorant.is_some()
        && one.colorant == other.colorant
        && one.kind == other.kind
        && one.serial.is_none()
        && other.serial.is_none();
    let disagree = is_spent(one.level.level) != is_spent(other.level.level);
    if alike && disagree {
        let detail = both("level")?;
        return Some(contradiction("one supply, one level", &detail));
    }
    None
}

fn is_spent(level: Level) -> bool {
    matches!(
        level,
        Level::Empty
            | Level::EmptyOrNearly
            | Level::Percent(0)
            | Level::OfCapacity { amount: 0, .. }
    )
}

/// The raw value and the rule that read it.
fn said(provenance: &Provenance) -> String {
    match &provenance.source {
        Source::Snmp { raw, .. } => format!("{} by {}", raw.text, provenance.rule.name),
        _ => format!("by {}", provenance.rule.name),
    }
}

fn contradiction(rule: &'static str, detail: &str) -> Contradiction {
    Contradiction {
        rule: Text::from_static(rule),
        detail: Text::clean(detail),
        source: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagetally_model::{
        CounterUnit, DottedOid, Exactness, LevelReading, Measures, RawKind, RawValue, RuleId,
        SupplyClass, SupplyKind,
    };

    fn provenance(raw: &str, rule: &'static str) -> Provenance {
        let raw = RawValue {
            kind: RawKind::Integer,
            text: raw.into(),
        };
        let rule = RuleId {
            name: Text::from_static(rule),
            version: 1,
        };
        Provenance::snmp(DottedOid::from_arcs([1, 3, 6]), raw, rule)
    }

    fn black_toner(slot: &'static str, level: Level, serial: Option<&'static str>) -> Supply {
        Supply {
            slot: Text::from_static(slot),
            place: None,
            description: Some(Text::from_static("Black Toner")),
            kind: SupplyKind::Toner,
            class: SupplyClass::Consumed,
            colorant: Some(Text::from_static("black")),
            level: LevelReading {
                level,
                exactness: Exactness::Exact,
            },
            measures: Measures::Remaining,
            unit: CounterUnit::Percent,
            capacity: None,
            part_number: None,
            serial: serial.map(Text::from_static),
            replaced: None,
            sources: [
                ("level", provenance("7", "r.level.over-capacity")),
                ("serial", provenance("SN", "r.serial")),
            ]
            .into(),
        }
    }

    fn rules(supplies: &[Supply]) -> Vec<String> {
        let found = contradictions(supplies, &[], &[]);
        found.iter().map(|one| one.rule.to_string()).collect()
    }

    #[test]
    fn twins_are_no_contradiction_until_they_cannot_be_two() {
        let full = |slot, serial| black_toner(slot, Level::Percent(90), serial);
        let empty = |slot, serial| black_toner(slot, Level::Empty, serial);
        assert!(rules(&[full("1.1", None), full("1.2", None)]).is_empty());
        assert!(rules(&[full("1.1", Some("A1")), empty("1.2", Some("B2"))]).is_empty());
        assert_eq!(
            rules(&[full("1.1", None), empty("1.2", None)]),
            ["one supply, one level"]
        );
        assert_eq!(
            rules(&[full("1.1", Some("A1")), full("1.2", Some("A1"))]),
            ["one supply, one place"]
        );
    }

    #[test]
    fn a_level_over_its_capacity_names_both() {
        let mut supply = black_toner("1.1", Level::Other, None);
        assert!(rules(std::slice::from_ref(&supply)).is_empty());
        supply
            .sources
            .insert("capacity", provenance("5", "r.capacity"));
        let found = contradictions(&[supply], &[], &[]);
        assert_eq!(
            found[0].detail.as_str(),
            "supplies.1.1.level 7 by r.level.over-capacity is more than supplies.1.1.capacity 5 by \
             r.capacity"
        );
    }
}
