//! Levels and capacities: what a level object's number means (RFC 3805, prtMarkerSuppliesLevel and prtInputCurrentLevel).

use super::super::Verdict;
use super::super::expected::Whole;
use super::super::sheet::{Got, Sheet, word_of};
use super::{at, held, knows};
use pagetally_model::{Level, Provenance, Sources};

/// A level and a capacity as the device gives them.
pub(super) struct Amounts {
    pub(super) level: Option<Whole>,
    pub(super) capacity: Option<Whole>,
    pub(super) column: &'static str,
}

impl Amounts {
    pub(super) fn compare(
        &self,
        (level_name, capacity_name): (&str, &str),
        place: Option<&str>,
        level: Level,
        capacity: Option<u64>,
        sources: &Sources,
        sheet: &mut Sheet,
    ) {
        let stated = self
            .capacity
            .map(|capacity| u64::try_from(capacity.0).ok().filter(|c| *c > 0));
        if let Some(stated) = stated {
            let text = stated.map_or("none".to_owned(), |capacity| capacity.to_string());
            let same = capacity == stated;
            let shown = match capacity {
                None if stated.is_none() => Some(Got::new("none", None)),
                got => got.map(|got| Got::of(got, sources, "capacity")),
            };
            sheet.compare(at(capacity_name, place), text, shown, same, held);
        }
        let Some(raw) = self.level else { return };
        let provenance = sources.get("level");
        let by_other = provenance.is_some_and(|p| !rests_on(p, self.column));
        let stated = words(raw.0, stated.flatten());
        let shown = Got::new(word_of(level), provenance);
        let at = at(level_name, place);
        if by_other {
            let (verdict, note) = if knows(provenance, self.column) {
                (Verdict::Right, "a better witness; this one is kept")
            } else {
                (
                    Verdict::Absent,
                    "another object's value, and this one is not among the witnesses",
                )
            };
            sheet.add(at, verdict, stated, Some(shown), Some(note.to_owned()));
            return;
        }
        let same = fits(raw.0, self.capacity.map(|c| c.0), level);
        let got = (same || level != Level::Unknown).then_some(shown);
        sheet.compare(at, stated, got, same, held);
    }
}

fn rests_on(provenance: &Provenance, column: &str) -> bool {
    let own = Provenance {
        witnesses: Vec::new(),
        ..provenance.clone()
    };
    knows(Some(&own), column)
}

/// The device's number in words.
fn words(level: i64, capacity: Option<u64>) -> String {
    match (level, capacity) {
        (-1, _) => "-1: no restriction".to_owned(),
        (-2, _) => "-2: unknown".to_owned(),
        (-3, _) => "-3: some remaining".to_owned(),
        (level, Some(capacity)) => format!("{level} of {capacity}"),
        (level, None) => format!("{level}"),
    }
}

/// Whether the audit's level says what the device's number means, and no more.
fn fits(level: i64, capacity: Option<i64>, got: Level) -> bool {
    let Ok(amount) = u64::try_from(level) else {
        return match level {
            -1 => got == Level::NotRestricted,
            -2 => got == Level::Unknown,
            -3 => got == Level::SomeRemaining,
            // The RFC has no meaning for it; whatever the maker's is, it is no number.
            _ => !matches!(
                got,
                Level::OfCapacity { .. } | Level::Percent(_) | Level::Amount(_)
            ),
        };
    };
    let capacity = capacity
        .and_then(|c| u64::try_from(c).ok())
        .filter(|c| *c > 0);
    match (capacity, got) {
        (_, Level::Empty) => amount == 0,
        (None, Level::EmptyOrNearly) => amount == 0,
        (
            Some(capacity),
            Level::OfCapacity {
                amount: a,
                capacity: c,
            },
        ) => a == amount && c == capacity,
        (Some(capacity), Level::Percent(percent)) => {
            amount <= capacity
                && (u128::from(amount) * 100 / u128::from(capacity)).abs_diff(percent.into()) <= 1
        }
        // More than fits in: the amount can be told, a share cannot.
        (Some(capacity), Level::Amount(a)) => a == amount && amount > capacity,
        (Some(capacity), Level::Other) => amount > capacity,
        (None, Level::Amount(a)) => a == amount,
        // Percent as the unit, or by a maker's rule.
        (None, Level::Percent(percent)) => u64::from(percent) == amount,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentinel_fits_its_meaning_only() {
        for (level, meaning) in [
            (-1, Level::NotRestricted),
            (-2, Level::Unknown),
            (-3, Level::SomeRemaining),
        ] {
            assert!(fits(level, Some(100), meaning), "{level}");
            for other in [
                Level::Percent(50),
                Level::Empty,
                Level::Good,
                Level::Amount(1),
            ] {
                assert!(!fits(level, Some(100), other), "{level} as {other:?}");
            }
        }
        assert!(!fits(-3, None, Level::Unknown));
    }

    #[test]
    fn a_number_fits_itself_and_its_share() {
        let half = Level::OfCapacity {
            amount: 60,
            capacity: 120,
        };
        assert!(fits(60, Some(120), half));
        assert!(!fits(61, Some(120), half));
        assert!(fits(60, Some(120), Level::Percent(50)));
        assert!(!fits(60, Some(120), Level::Percent(60)));
        assert!(!fits(60, Some(120), Level::Unknown));
    }

    #[test]
    fn a_number_without_capacity_is_no_invented_share() {
        assert!(fits(94, Some(-2), Level::Percent(94)));
        assert!(fits(94, Some(-2), Level::Amount(94)));
        assert!(!fits(94, Some(-2), Level::Percent(50)));
        assert!(!fits(300, Some(-2), Level::Percent(100)));
    }

    #[test]
    fn more_than_the_capacity_has_no_share() {
        assert!(fits(130, Some(100), Level::Amount(130)));
        assert!(!fits(130, Some(100), Level::Percent(100)));
    }
}
