//! A level as a bar and in honest words.

use super::format::{number, unit};
use pagetally_model::{
    CounterUnit, Exactness, Level, LevelReading, Measures, SupplyClass, SupplyKind,
};

/// A level for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LevelView {
    /// How far the bar is filled; without a number there is no bar.
    pub(crate) percent: Option<u8>,
    /// In words.
    pub(crate) words: String,
    /// `good`, `low`, `bad` or `unknown`.
    pub(crate) tone: &'static str,
}

/// Under this much left, a supply is called low.
const LOW_PERCENT: u8 = 15;
/// Under this much left, it needs somebody now.
const BAD_PERCENT: u8 = 5;

impl LevelView {
    pub(crate) fn new(
        reading: LevelReading,
        measures: Measures,
        class: SupplyClass,
        in_unit: CounterUnit,
    ) -> Self {
        let percent = reading.level.percent();
        let receptacle = class == SupplyClass::Filled;
        Self {
            percent,
            words: words(reading, measures, receptacle, in_unit),
            tone: tone(reading.level, measures),
        }
    }

    /// A tray's or an output's level: what is left in it, or the room that is left.
    pub(crate) fn of_media(reading: LevelReading, in_unit: CounterUnit) -> Self {
        let view = Self::new(reading, Measures::Remaining, SupplyClass::Consumed, in_unit);
        let words = match reading.level {
            Level::OfCapacity { amount, capacity } => {
                let (amount, capacity) = (number(amount), number(capacity));
                format!("{amount} of {capacity} {}", unit(in_unit))
            }
            _ => view.words,
        };
        Self { words, ..view }
    }
}

fn words(
    reading: LevelReading,
    measures: Measures,
    receptacle: bool,
    in_unit: CounterUnit,
) -> String {
    let about = match reading.exactness {
        Exactness::Exact | Exactness::Derived => "",
        _ => "about ",
    };
    match reading.level {
        Level::OfCapacity { .. } | Level::Percent(_) => {
            let percent = reading.level.percent().unwrap_or_default();
            match measures {
                Measures::Filled => format!("{about}{percent}% full"),
                Measures::Remaining if receptacle => format!("{about}{percent}% room left"),
                Measures::Remaining => format!("{about}{percent}% left"),
                _ => format!("{about}{percent}%, of what is unknown"),
            }
        }
        Level::Amount(amount) => {
            let verb = if measures == Measures::Filled {
                "in it"
            } else {
                "left"
            };
            format!(
                "{about}{} {} {verb}, capacity unknown",
                number(amount),
                unit(in_unit)
            )
        }
        Level::SomeRemaining if receptacle => "some room left".to_owned(),
        Level::SomeRemaining => "some left".to_owned(),
        Level::Empty if measures == Measures::Filled => "nothing in it".to_owned(),
        Level::Empty if receptacle => "full".to_owned(),
        Level::Empty => "empty".to_owned(),
        Level::EmptyOrNearly => "empty or nearly".to_owned(),
        Level::Low => "low".to_owned(),
        Level::Good => "good".to_owned(),
        Level::NotRestricted => "no limit stated".to_owned(),
        Level::Unknown => "unknown".to_owned(),
        _ => "not understood".to_owned(),
    }
}

fn tone(level: Level, measures: Measures) -> &'static str {
    let left = match measures {
        Measures::Remaining => level.percent(),
        Measures::Filled => level.percent().map(|percent| 100 - percent.min(100)),
        _ => None,
    };
    match (left, level) {
        (Some(left), _) if left < BAD_PERCENT => "bad",
        (Some(left), _) if left < LOW_PERCENT => "low",
        (Some(_), _) | (None, Level::Good | Level::SomeRemaining) => "good",
        (None, Level::EmptyOrNearly) => "bad",
        (None, Level::Low) => "low",
        (None, _) => "unknown",
    }
}

/// The class of a colour that the style sheet knows; anything else is shown neutral.
pub(crate) fn ink(colorant: Option<&str>) -> &'static str {
    match colorant {
        Some("black" | "photo-black" | "matte-black") => "black",
        Some("cyan" | "light-cyan" | "photo-cyan") => "cyan",
        Some("magenta" | "light-magenta" | "photo-magenta") => "magenta",
        Some("yellow") => "yellow",
        _ => "plain",
    }
}

/// What a supply is called: the device's words, else its colour and kind.
pub(crate) fn supply_name(
    description: Option<&str>,
    colorant: Option<&str>,
    kind: SupplyKind,
) -> String {
    if let Some(description) = description.filter(|text| !text.is_empty()) {
        return description.to_owned();
    }
    let kind = kind_words(kind);
    match colorant {
        Some(colorant) => format!("{colorant} {kind}"),
        None => kind,
    }
}

/// A kind of supply for a reader.
pub(crate) fn kind_words(kind: SupplyKind) -> String {
    let word = serde_json::to_value(kind).ok();
    let word = word.as_ref().and_then(serde_json::Value::as_str);
    super::format::plain_word(word.unwrap_or("supply"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(level: Level, measures: Measures, class: SupplyClass) -> LevelView {
        let reading = LevelReading {
            level,
            exactness: Exactness::Exact,
        };
        LevelView::new(reading, measures, class, CounterUnit::Percent)
    }

    #[test]
    fn a_level_without_a_number_has_words_and_no_bar() {
        for (level, words) in [
            (Level::SomeRemaining, "some left"),
            (Level::Unknown, "unknown"),
            (Level::NotRestricted, "no limit stated"),
            (Level::Other, "not understood"),
        ] {
            let view = view(level, Measures::Remaining, SupplyClass::Consumed);
            assert_eq!((view.percent, view.words.as_str()), (None, words));
        }
    }

    #[test]
    fn a_full_waste_box_is_bad_and_an_empty_one_is_good() {
        let full = view(Level::Percent(97), Measures::Filled, SupplyClass::Filled);
        assert_eq!((full.words.as_str(), full.tone), ("97% full", "bad"));
        let empty = view(Level::Empty, Measures::Filled, SupplyClass::Filled);
        assert_eq!(
            (empty.words.as_str(), empty.tone),
            ("nothing in it", "good")
        );
    }

    #[test]
    fn a_rounded_percentage_is_about() {
        let reading = LevelReading {
            level: Level::Percent(60),
            exactness: Exactness::Rounded,
        };
        let view = LevelView::new(
            reading,
            Measures::Remaining,
            SupplyClass::Consumed,
            CounterUnit::Percent,
        );
        assert_eq!(view.words, "about 60% left");
    }
}
