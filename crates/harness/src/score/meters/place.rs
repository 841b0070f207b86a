//! Where a key of the statement stands in the audit.

use pagetally_model::{CounterUnit, Meter, MeterColor, MeterFunction, MeterSides, MeterSize};

/// The audit's place for a counter of the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// prtMarkerLifeCount, in this unit where the key says so.
    Life(Option<CounterUnit>),
    /// A meter.
    Meter(Axes),
}

/// What a meter covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axes {
    /// Nothing stands for "the key does not say": all functions, as a rule.
    function: Option<MeterFunction>,
    color: MeterColor,
    size: MeterSize,
    sides: MeterSides,
    sheets: bool,
}

impl Axes {
    const NONE: Self = Self {
        function: None,
        color: MeterColor::Any,
        size: MeterSize::Any,
        sides: MeterSides::Any,
        sheets: false,
    };

    pub(super) fn function(self) -> MeterFunction {
        self.function.unwrap_or(MeterFunction::Total)
    }

    /// The families of parts that add up to what it covers.
    pub(super) fn sums(self) -> Vec<Vec<Self>> {
        let mut sums = Vec::new();
        if self.color == MeterColor::Any {
            let of = |color| Self { color, ..self };
            sums.push([MeterColor::Mono, MeterColor::Color].map(of).to_vec());
        }
        if self.function.is_none() {
            let of = |function| Self {
                function: Some(function),
                ..self
            };
            sums.push(
                [
                    MeterFunction::Print,
                    MeterFunction::Copy,
                    MeterFunction::Fax,
                ]
                .map(of)
                .to_vec(),
            );
        }
        if self.size == MeterSize::Any {
            let of = |size| Self { size, ..self };
            sums.push([MeterSize::Small, MeterSize::Large].map(of).to_vec());
        }
        if self.sides == MeterSides::Any {
            let of = |sides| Self { sides, ..self };
            sums.push([MeterSides::Simplex, MeterSides::Duplex].map(of).to_vec());
        }
        sums
    }

    /// Whether a meter answers for these axes. A duplex counter without a function may be the print
    /// engine's or the printing function's: sources do not tell them apart.
    pub(super) fn covers(self, meter: &Meter) -> bool {
        self.covers_in_any_unit(meter) && (meter.unit == CounterUnit::Sheets) == self.sheets
    }

    /// Whether it is a duplex counter that counts sheets, or sides, where the key does not say
    /// which: it may agree, but its difference says nothing.
    pub(super) fn may_agree(self, meter: &Meter) -> bool {
        self.sides == MeterSides::Duplex && self.covers_in_any_unit(meter)
    }

    fn covers_in_any_unit(self, meter: &Meter) -> bool {
        let by_engine = self.function.is_none()
            && self.sides == MeterSides::Duplex
            && meter.function == MeterFunction::Print;
        (meter.function == self.function() || by_engine)
            && (meter.color, meter.size, meter.sides) == (self.color, self.size, self.sides)
    }
}

/// Reads a key such as `total`, `prints_mono`, `color_large`, `impressionsBwWide`, `life_sheets`;
/// nothing where a word of it has no place in the audit, or two words claim one place.
pub(super) fn place_of(key: &str) -> Option<Place> {
    match key {
        "life_count" => return Some(Place::Life(None)),
        "life_impressions" => return Some(Place::Life(Some(CounterUnit::Impressions))),
        "life_sheets" => return Some(Place::Life(Some(CounterUnit::Sheets))),
        _ => {}
    }
    let mut axes = Axes::NONE;
    let words = words_of(key);
    for word in &words {
        let before = axes;
        match word.as_str() {
            "total" | "impressions" | "pages" => continue,
            "prints" | "print" | "printed" => axes.function = Some(MeterFunction::Print),
            "copies" | "copy" => axes.function = Some(MeterFunction::Copy),
            "scans" | "scan" => axes.function = Some(MeterFunction::Scan),
            "fax" | "faxes" => axes.function = Some(MeterFunction::Fax),
            "mono" | "bw" | "black" => axes.color = MeterColor::Mono,
            "color" | "colour" => axes.color = MeterColor::Color,
            "large" | "wide" | "a3" => axes.size = MeterSize::Large,
            "small" | "a4" => axes.size = MeterSize::Small,
            "duplex" => axes.sides = MeterSides::Duplex,
            "simplex" => axes.sides = MeterSides::Simplex,
            "sheets" => axes.sheets = true,
            _ => return None,
        }
        let claimed_twice = (before.function.is_some() && before.function != axes.function)
            || (before.color != MeterColor::Any && before.color != axes.color)
            || (before.size != MeterSize::Any && before.size != axes.size)
            || (before.sides != MeterSides::Any && before.sides != axes.sides);
        if claimed_twice {
            return None;
        }
    }
    (!words.is_empty()).then_some(Place::Meter(axes))
}

/// Splits at underscores and before capitals.
fn words_of(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in key.chars() {
        if letter == '_' || letter.is_uppercase() {
            words.push(String::new());
        }
        if letter != '_'
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_word_by_word() {
        let axes = |key| match place_of(key) {
            Some(Place::Meter(axes)) => Some((axes.function(), axes.color, axes.size, axes.sides)),
            _ => None,
        };
        use {MeterColor as C, MeterFunction as F, MeterSides as D, MeterSize as S};
        for (key, expected) in [
            ("total", (F::Total, C::Any, S::Any, D::Any)),
            ("mono", (F::Total, C::Mono, S::Any, D::Any)),
            ("prints_color", (F::Print, C::Color, S::Any, D::Any)),
            ("copies_mono", (F::Copy, C::Mono, S::Any, D::Any)),
            ("fax", (F::Fax, C::Any, S::Any, D::Any)),
            ("scans", (F::Scan, C::Any, S::Any, D::Any)),
            ("mono_large", (F::Total, C::Mono, S::Large, D::Any)),
            ("mono_a3", (F::Total, C::Mono, S::Large, D::Any)),
            ("impressionsBwWide", (F::Total, C::Mono, S::Large, D::Any)),
            (
                "impressionsColorWide",
                (F::Total, C::Color, S::Large, D::Any),
            ),
            ("duplex", (F::Total, C::Any, S::Any, D::Duplex)),
        ] {
            assert_eq!(axes(key), Some(expected), "{key}");
        }
        for key in [
            "jams",
            "images",
            "scans_copy",
            "impressionsColor1",
            "highlight_color",
            "",
            "_",
        ] {
            assert_eq!(place_of(key), None, "{key}");
        }
    }
}
