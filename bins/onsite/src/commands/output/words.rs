//! Readings in words, none of them more certain than the device was.

use pagetally_model::{
    Alert, AlertSeverity, CounterUnit, DeviceAudit, DeviceState, Exactness, Level, Measures, Meter,
    MeterColor, MeterFunction, MeterSides, MeterSize, PassStats, PrinterState, Supply, SupplyClass,
    SupplyKind, Text,
};
use serde::Serialize;

/// The words that JSON has for a unit enum.
pub(crate) fn word(part: &impl Serialize) -> String {
    match serde_json::to_value(part) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// The same with blanks, for people.
fn words(part: &impl Serialize) -> String {
    word(part).replace('-', " ")
}

/// That silent addresses were asked again, to stand behind what a pass took; nothing where none was.
pub(crate) fn asked_again(stats: &PassStats) -> String {
    match stats.silent_asked_again {
        0 => String::new(),
        1 => ", 1 silent address asked again, because the network loses datagrams".to_owned(),
        some => {
            format!(", {some} silent addresses asked again, because the network loses datagrams")
        }
    }
}

/// The meter over all sizes and sides.
pub(crate) fn meter(
    audit: &DeviceAudit,
    function: MeterFunction,
    color: MeterColor,
) -> Option<&Meter> {
    audit.meters.iter().find(|meter| {
        meter.function == function
            && meter.color == color
            && meter.size == MeterSize::Any
            && meter.sides == MeterSides::Any
    })
}

/// Whether a rule only assumes that the number is this meter.
pub(crate) fn is_assumed(meter: &Meter) -> bool {
    matches!(meter.exactness, Exactness::Assumed | Exactness::Unproven)
}

/// A count with its unit where that is not impressions, marked where it is an assumption.
pub(crate) fn count(meter: Option<&Meter>) -> String {
    let Some(meter) = meter else {
        return "-".to_owned();
    };
    let about = match meter.exactness {
        Exactness::Rounded | Exactness::Estimated => "about ",
        _ => "",
    };
    let mark = if is_assumed(meter) { "?" } else { "" };
    let unit = match meter.unit {
        CounterUnit::Impressions | CounterUnit::Unknown => String::new(),
        unit => format!(" {}", word(&unit)),
    };
    format!("{about}{}{mark}{unit}", meter.value)
}

/// What a level means, without ever turning a sentinel into a number.
pub(crate) fn level(supply: &Supply) -> String {
    // RFC 3805: -3 on a receptacle means room for at least one more unit.
    let receptacle = supply.class == SupplyClass::Filled;
    let filled = supply.measures == Measures::Filled;
    let suffix = if filled { " full" } else { "" };
    let about = match supply.level.exactness {
        Exactness::Rounded | Exactness::Estimated => "about ",
        _ => "",
    };
    match supply.level.level {
        Level::OfCapacity { amount, .. }
            if amount > 0 && supply.level.level.percent() == Some(0) =>
        {
            format!("under 1%{suffix}")
        }
        Level::Amount(amount) => {
            let unit = match supply.unit {
                CounterUnit::Unknown | CounterUnit::Other => "units".to_owned(),
                unit => words(&unit),
            };
            format!("{amount} {unit}, capacity unknown")
        }
        Level::SomeRemaining if filled || receptacle => "room left".to_owned(),
        Level::SomeRemaining => "some left".to_owned(),
        Level::Empty => "empty".to_owned(),
        Level::EmptyOrNearly => "empty or nearly".to_owned(),
        Level::Low => "low".to_owned(),
        Level::Good => "good".to_owned(),
        Level::NotRestricted => "no limit".to_owned(),
        Level::Unknown => "unknown".to_owned(),
        known => match known.percent() {
            Some(percent) => format!("{about}{percent}%{suffix}"),
            None => "unclear".to_owned(),
        },
    }
}

/// A supply by its colour and what it is, as short as can be told apart.
pub(crate) fn supply_name(supply: &Supply) -> String {
    let colour = supply.colorant.as_ref().map(Text::as_str);
    match (supply.kind, colour) {
        (
            SupplyKind::Toner
            | SupplyKind::TonerCartridge
            | SupplyKind::Ink
            | SupplyKind::InkCartridge,
            Some(colour),
        ) => colour.to_owned(),
        (SupplyKind::Other | SupplyKind::Unknown, _) => supply
            .description
            .as_ref()
            .map_or_else(|| "a supply".to_owned(), |text| short(text.as_str(), 24)),
        (SupplyKind::Opc, Some(colour)) => format!("drum {colour}"),
        (SupplyKind::Opc, None) => "drum".to_owned(),
        (kind, Some(colour)) => format!("{} {colour}", words(&kind)),
        (kind, None) => words(&kind),
    }
}

/// Toner and ink by colour, whatever else needs somebody, and the number of all others; with
/// `blank` between a supply and its level.
pub(crate) fn supplies_in_short(audit: &DeviceAudit, blank: char) -> String {
    let mut shown = Vec::new();
    let mut others = 0_usize;
    for supply in &audit.supplies {
        match short_name(supply) {
            Some(name) => shown.push(format!("{name}{blank}{}", level(supply))),
            None if needs_somebody(supply) => {
                shown.push(format!("{}{blank}{}", supply_name(supply), level(supply)));
            }
            None => others += 1,
        }
    }
    if others > 0 {
        shown.push(format!("+{others}"));
    }
    if shown.is_empty() {
        return "-".to_owned();
    }
    shown.join(", ")
}

/// Toner and ink have the letters of four-colour printing, other colours their name.
fn short_name(supply: &Supply) -> Option<String> {
    let consumed = matches!(
        supply.kind,
        SupplyKind::Toner
            | SupplyKind::TonerCartridge
            | SupplyKind::Ink
            | SupplyKind::InkCartridge
            | SupplyKind::InkRibbon
    );
    if !consumed {
        return None;
    }
    Some(match supply.colorant.as_ref().map(Text::as_str) {
        Some("black") => "K".to_owned(),
        Some("cyan") => "C".to_owned(),
        Some("magenta") => "M".to_owned(),
        Some("yellow") => "Y".to_owned(),
        Some(other) => other.to_owned(),
        None => words(&supply.kind),
    })
}

/// Whether a supply is about to stop the device, as far as it tells.
fn needs_somebody(supply: &Supply) -> bool {
    match (supply.level.level, supply.measures) {
        (Level::Empty | Level::EmptyOrNearly | Level::Low, Measures::Remaining) => true,
        (level, Measures::Remaining) => level.percent().is_some_and(|percent| percent <= 10),
        (level, Measures::Filled) => level.percent().is_some_and(|percent| percent >= 90),
        _ => false,
    }
}

/// What the device says of itself now.
pub(crate) fn status(audit: &DeviceAudit) -> String {
    let status = &audit.status;
    if !status.conditions.is_empty() {
        let conditions: Vec<String> = status.conditions.iter().map(words).collect();
        return conditions.join(", ");
    }
    match (status.printer, status.device) {
        (_, DeviceState::Down) => "down",
        (PrinterState::Idle, _) => "ready",
        (PrinterState::Printing, _) => "printing",
        (PrinterState::Warmup, _) => "warming up",
        // RFC 2790: other(1) is used for standby, offline and whatever has no word.
        (PrinterState::Other, DeviceState::Running | DeviceState::Warning) => {
            "running, state other"
        }
        (_, DeviceState::Running) => "running",
        (_, DeviceState::Warning) => "running with a warning",
        (_, DeviceState::Testing) => "testing itself",
        _ => "unknown",
    }
    .to_owned()
}

/// The open alerts: the worst first, the rest as a number.
pub(crate) fn alerts(audit: &DeviceAudit) -> String {
    let rank = |alert: &&Alert| match alert.severity {
        AlertSeverity::Critical => 0,
        AlertSeverity::Warning => 1,
        _ => 2,
    };
    let Some(worst) = audit.alerts.iter().min_by_key(rank) else {
        return "-".to_owned();
    };
    let text = short(&alert_words(worst), 48);
    match audit.alerts.len() - 1 {
        0 => text,
        more => format!("{text} (+{more} more)"),
    }
}

/// One alert in words.
pub(crate) fn alert_words(alert: &Alert) -> String {
    let description = alert
        .description
        .as_ref()
        .or(alert.code_name.as_ref())
        .map_or_else(
            || {
                alert
                    .code
                    .map_or_else(|| "no text".to_owned(), |code| format!("code {code}"))
            },
            |text| text.as_str().to_owned(),
        );
    let severity = match alert.severity {
        AlertSeverity::Critical => "critical",
        AlertSeverity::Warning | AlertSeverity::WarningBinaryChangeEvent => "warning",
        _ => "note",
    };
    format!("{severity}: {description}")
}

/// The beginning of a text, with an ellipsis where it was cut.
pub(crate) fn short(text: &str, chars: usize) -> String {
    if text.chars().count() <= chars {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(chars.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagetally_model::{LevelReading, Sources};

    fn supply(level: Level, measures: Measures) -> Supply {
        Supply {
            slot: Text::clean("1.1"),
            description: None,
            kind: SupplyKind::Toner,
            class: SupplyClass::Consumed,
            colorant: Some(Text::clean("black")),
            level: LevelReading {
                level,
                exactness: Exactness::Exact,
            },
            measures,
            unit: CounterUnit::TenthsOfGrams,
            capacity: None,
            place: None,
            replaced: None,
            part_number: None,
            serial: None,
            sources: Sources::new(),
        }
    }

    #[test]
    fn no_sentinel_becomes_a_number() {
        for (level, words) in [
            (Level::SomeRemaining, "some left"),
            (Level::Unknown, "unknown"),
            (Level::NotRestricted, "no limit"),
            (Level::Other, "unclear"),
            (Level::EmptyOrNearly, "empty or nearly"),
            (Level::Amount(12), "12 tenths of grams, capacity unknown"),
        ] {
            assert_eq!(super::level(&supply(level, Measures::Remaining)), words);
        }
    }

    #[test]
    fn a_rest_that_rounds_to_nothing_is_not_called_empty() {
        let rest = Level::OfCapacity {
            amount: 3,
            capacity: 1_000,
        };
        assert_eq!(level(&supply(rest, Measures::Remaining)), "under 1%");
    }

    #[test]
    fn a_container_says_how_full_it_is() {
        assert_eq!(
            level(&supply(Level::Percent(60), Measures::Filled)),
            "60% full"
        );
        assert_eq!(
            level(&supply(Level::SomeRemaining, Measures::Filled)),
            "room left"
        );
    }
}
