//! Values in people's words. What is unknown stays unknown: it never becomes a number.

use jiff::tz::TimeZone;
use pagetally_model::{
    CounterUnit, Exactness, MeterColor, MeterFunction, MeterSides, MeterSize, Timestamp,
};

/// What stands where there is nothing to show.
pub(crate) const ABSENT: &str = "\u{2014}";

/// `6466` as `6,466`.
pub(crate) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 device`, `2 devices`.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

/// A number that may be unknown.
pub(crate) fn number_or_dash(value: Option<u64>) -> String {
    value.map_or_else(|| ABSENT.to_owned(), number)
}

/// Text that may be absent.
pub(crate) fn text_or_dash(value: Option<&str>) -> &str {
    value.filter(|text| !text.is_empty()).unwrap_or(ABSENT)
}

/// An instant, both ways that people ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// `4 min ago`.
    pub(crate) relative: String,
    /// `2026-03-02 14:05 CET`, in the site's time zone.
    pub(crate) absolute: String,
    /// RFC 3339, for machines.
    pub(crate) machine: String,
}

impl Moment {
    pub(crate) fn new(instant: Timestamp, zone: &str, now: Timestamp) -> Self {
        Self {
            relative: relative(instant, now),
            absolute: absolute(instant, zone),
            machine: instant.to_string(),
        }
    }
}

/// How long before `now`, in the largest unit that fits.
fn relative(instant: Timestamp, now: Timestamp) -> String {
    let seconds = (now.unix_millis().saturating_sub(instant.unix_millis())) / 1_000;
    let (amount, unit) = match seconds {
        ..-60 => return "in the future".to_owned(),
        -60..10 => return "just now".to_owned(),
        10..90 => (seconds, "s"),
        90..5_400 => (seconds / 60, "min"),
        5_400..172_800 => (seconds / 3_600, "h"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{amount} {unit} ago")
}

/// An instant on the site's own clocks.
pub(crate) fn absolute(instant: Timestamp, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    match jiff::Timestamp::from_millisecond(instant.unix_millis()) {
        Ok(instant) => instant
            .to_zoned(zone)
            .strftime("%Y-%m-%d %H:%M %Z")
            .to_string(),
        // Unreachable: a model instant lies within jiff's range.
        Err(_) => instant.to_string(),
    }
}

/// A meter's name: `Print, colour, large`.
pub(crate) fn meter_name(
    function: MeterFunction,
    color: MeterColor,
    size: MeterSize,
    sides: MeterSides,
) -> String {
    let function = match function {
        MeterFunction::Total => "Total",
        MeterFunction::Print => "Print",
        MeterFunction::Copy => "Copy",
        MeterFunction::Scan => "Scan",
        MeterFunction::Fax => "Fax",
        _ => "Other",
    };
    let color = match color {
        MeterColor::Mono => ", mono",
        MeterColor::Color => ", colour",
        _ => "",
    };
    let size = match size {
        MeterSize::Small => ", small",
        MeterSize::Large => ", large",
        _ => "",
    };
    let sides = match sides {
        MeterSides::Simplex => ", one-sided",
        MeterSides::Duplex => ", two-sided",
        _ => "",
    };
    format!("{function}{color}{size}{sides}")
}

/// A unit as people say it.
pub(crate) fn unit(unit: CounterUnit) -> &'static str {
    match unit {
        CounterUnit::TenThousandthsOfInches => "1/10,000 inch",
        CounterUnit::Micrometers => "\u{b5}m",
        CounterUnit::Characters => "characters",
        CounterUnit::Lines => "lines",
        CounterUnit::Impressions => "impressions",
        CounterUnit::Sheets => "sheets",
        CounterUnit::DotRow => "dot rows",
        CounterUnit::Hours => "hours",
        CounterUnit::ThousandthsOfOunces => "1/1,000 oz",
        CounterUnit::TenthsOfGrams => "1/10 g",
        CounterUnit::HundredthsOfFluidOunces => "1/100 fl oz",
        CounterUnit::TenthsOfMilliliters => "1/10 ml",
        CounterUnit::Feet => "feet",
        CounterUnit::Meters => "metres",
        CounterUnit::Items => "items",
        CounterUnit::Percent => "percent",
        CounterUnit::Images => "images",
        CounterUnit::Unknown => "unit unknown",
        _ => "other unit",
    }
}

/// How far a value can be trusted, and what that means.
pub(crate) fn exactness(exactness: Exactness) -> (&'static str, &'static str) {
    match exactness {
        Exactness::Exact => ("exact", "The device states this value for this meter."),
        Exactness::Rounded => ("rounded", "The device states it in coarse steps."),
        Exactness::Derived => ("derived", "Computed from exact values by a stated formula."),
        Exactness::Assumed => (
            "assumed",
            "The device states the value; that it means this is a rule's assumption.",
        ),
        Exactness::Unproven => (
            "unproven",
            "Read by a row that only one public source supports.",
        ),
        Exactness::Estimated => ("estimated", "Inferred by the agent."),
        _ => ("unknown", "The device gives no number."),
    }
}

/// A word of a document, such as `printer-partly-read`, for a reader.
pub(crate) fn plain_word(word: &str) -> String {
    word.replace('-', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        let check = |value, expected: &str| assert_eq!(number(value), expected);
        check(0, "0");
        check(999, "999");
        check(6_466, "6,466");
        check(1_234_567, "1,234,567");
        check(u64::MAX, "18,446,744,073,709,551,615");
    }

    #[test]
    fn an_unknown_number_is_a_dash_and_never_zero() {
        assert_eq!(number_or_dash(None), ABSENT);
        assert_eq!(number_or_dash(Some(0)), "0");
    }

    #[test]
    fn a_moment_is_told_from_now_and_on_the_sites_clock() {
        let at = Timestamp::from_unix_millis(1_767_268_800_000); // 2026-01-01T12:00:00Z
        let now = Timestamp::from_unix_millis(at.unix_millis() + 4 * 60_000);
        let moment = Moment::new(at, "Europe/Berlin", now);
        assert_eq!(moment.relative, "4 min ago");
        assert_eq!(moment.absolute, "2026-01-01 13:00 CET");
        assert_eq!(
            Moment::new(at, "No/Such", now).absolute,
            "2026-01-01 12:00 UTC"
        );
    }

    #[test]
    fn an_instant_after_now_is_not_called_past() {
        let now = Timestamp::from_unix_millis(0);
        assert_eq!(
            relative(Timestamp::from_unix_millis(3_600_000), now),
            "in the future"
        );
    }
}
