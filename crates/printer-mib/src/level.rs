//! What a level and a capacity mean together (RFC 3805 prtMarkerSuppliesLevel, prtInputCurrentLevel,
//! prtOutputRemainingCapacity).
//!
//! Each meaning has a rule name of its own, so that the same device with a missing column gives a
//! weaker reading under another name, never another value under the same one.

use crate::definitions::LevelWord;
use pagetally_model::{CounterUnit, Exactness, Level};

/// Whose level it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    /// prtInputCurrentLevel.
    Input,
    /// prtOutputRemainingCapacity.
    Output,
    /// prtMarkerSuppliesLevel.
    Supply,
}

macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident = $word:literal;)*) => {
        /// By which meaning a level was read.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Rule {
            $($(#[$doc])* $rule,)*
        }

        impl Rule {
            /// The rule's name.
            pub(crate) fn name(self, object: Object) -> &'static str {
                match (object, self) {
                    $((Object::Input, Self::$rule) => {
                        concat!("rfc3805.prtInputCurrentLevel.", $word)
                    }
                    (Object::Output, Self::$rule) => {
                        concat!("rfc3805.prtOutputRemainingCapacity.", $word)
                    }
                    (Object::Supply, Self::$rule) => {
                        concat!("rfc3805.prtMarkerSuppliesLevel.", $word)
                    })*
                }
            }
        }
    };
}

rules! {
    /// Nothing was answered.
    Absent = "absent";
    /// An amount whose capacity is unknown.
    AmountWithoutCapacity = "amount-without-capacity";
    /// Negative and none of the RFC's three.
    NoKnownMeaning = "no-known-meaning";
    /// -1.
    NotRestricted = "not-restricted";
    /// An amount out of a capacity.
    OfCapacity = "of-capacity";
    /// More than fits.
    OverCapacity = "over-capacity";
    /// A percentage over a hundred.
    OverHundredPercent = "over-hundred-percent";
    /// A percentage, and no capacity.
    PercentWithoutCapacity = "percent-without-capacity";
    /// -3.
    SomeRemaining = "some-remaining";
    /// -2.
    Unknown = "unknown";
    /// Nothing is left of a supply whose amounts are not known.
    ZeroWithoutCapacity = "zero-without-capacity";
    /// 0 of 0.
    ZeroOfZero = "zero-of-zero";
}

/// A level, how far it can be trusted, and the rule that read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meaning {
    pub(crate) level: Level,
    pub(crate) exactness: Exactness,
    pub(crate) rule: Rule,
}

/// Whether a supply's level counts down or up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Consumed: zero is empty.
    Down,
    /// Filled, or not known: zero is no statement by itself.
    UpOrUnknown,
}

/// Reads one level. Sentinels outside the RFC are a vendor row's business, not this function's.
pub(crate) fn level(
    amount: Option<i64>,
    capacity: Option<i64>,
    unit: CounterUnit,
    direction: Direction,
) -> Meaning {
    let meaning = |level, exactness, rule| Meaning {
        level,
        exactness,
        rule,
    };
    let amount = match amount {
        None => return meaning(Level::Unknown, Exactness::Unknown, Rule::Absent),
        Some(-1) => {
            return meaning(
                Level::NotRestricted,
                Exactness::Unknown,
                Rule::NotRestricted,
            );
        }
        Some(-2) => return meaning(Level::Unknown, Exactness::Unknown, Rule::Unknown),
        Some(-3) => {
            return meaning(
                Level::SomeRemaining,
                Exactness::Unknown,
                Rule::SomeRemaining,
            );
        }
        Some(other) => match u64::try_from(other) {
            Ok(amount) => amount,
            Err(_) => return meaning(Level::Other, Exactness::Unknown, Rule::NoKnownMeaning),
        },
    };
    let capacity = capacity.and_then(|capacity| u64::try_from(capacity).ok());
    match capacity {
        Some(capacity) if capacity > 0 && amount <= capacity => meaning(
            Level::OfCapacity { amount, capacity },
            Exactness::Exact,
            Rule::OfCapacity,
        ),
        // More than fits: whatever it is, it is no level.
        Some(capacity) if capacity > 0 => {
            meaning(Level::Other, Exactness::Unknown, Rule::OverCapacity)
        }
        _ if unit == CounterUnit::Percent => match u8::try_from(amount) {
            Ok(percent) if percent <= 100 => meaning(
                Level::Percent(percent),
                Exactness::Exact,
                Rule::PercentWithoutCapacity,
            ),
            _ => meaning(Level::Other, Exactness::Unknown, Rule::OverHundredPercent),
        },
        // 0 of 0 in no percentage: the agent says nothing at all.
        Some(_) if amount == 0 => meaning(Level::Unknown, Exactness::Unknown, Rule::ZeroOfZero),
        // A two-state supply: some is left, or not. LibreNMS reads this zero as no number, others as
        // empty; a device that knows no amounts cannot know that it is exactly nothing.
        _ if amount == 0 && direction == Direction::Down => meaning(
            Level::EmptyOrNearly,
            Exactness::Unknown,
            Rule::ZeroWithoutCapacity,
        ),
        _ => meaning(
            Level::Amount(amount),
            Exactness::Exact,
            Rule::AmountWithoutCapacity,
        ),
    }
}

/// What a vendor row calls a sentinel.
pub(crate) fn of_word(word: LevelWord) -> Level {
    match word {
        LevelWord::Empty => Level::Empty,
        LevelWord::EmptyOrNearly => Level::EmptyOrNearly,
        LevelWord::Good => Level::Good,
        LevelWord::Low => Level::Low,
        LevelWord::SomeRemaining => Level::SomeRemaining,
        LevelWord::Unknown => Level::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(amount: i64, capacity: i64, unit: CounterUnit, direction: Direction, level: Level) {
        let found = super::level(Some(amount), Some(capacity), unit, direction);
        assert_eq!(found.level, level, "{amount} of {capacity} {unit:?}");
    }

    #[test]
    fn each_pair_of_level_and_capacity_has_one_meaning() {
        use CounterUnit::{Impressions, Percent, TenthsOfGrams};
        use Direction::{Down, UpOrUnknown};
        let of = |amount, capacity| Level::OfCapacity { amount, capacity };
        check(7056, 7200, Impressions, Down, of(7056, 7200));
        check(0, 100, Percent, Down, of(0, 100));
        check(143_065, 100, Percent, Down, Level::Other);
        check(-2, 100, Percent, Down, Level::Unknown);
        check(-3, 25_000, Impressions, Down, Level::SomeRemaining);
        check(-100, 100, Percent, Down, Level::Other);
        check(-3, -2, TenthsOfGrams, Down, Level::SomeRemaining);
        check(0, -2, TenthsOfGrams, Down, Level::EmptyOrNearly);
        check(0, -2, TenthsOfGrams, UpOrUnknown, Level::Amount(0));
        check(40, -2, Percent, Down, Level::Percent(40));
        check(101, -2, Percent, Down, Level::Other);
        check(40, -2, Impressions, Down, Level::Amount(40));
        check(-2, -2, Impressions, Down, Level::Unknown);
        check(0, 0, Percent, Down, Level::Percent(0));
        check(0, 0, Impressions, Down, Level::Unknown);
        check(5, -1, Impressions, Down, Level::Amount(5));
        check(-1, 100, Impressions, Down, Level::NotRestricted);
    }

    proptest! {
        #[test]
        fn a_percentage_comes_only_from_a_stated_one(
            amount in prop::option::of(any::<i64>()),
            capacity in prop::option::of(any::<i64>()),
            percent in any::<bool>(),
        ) {
            let unit = if percent { CounterUnit::Percent } else { CounterUnit::Impressions };
            let found = level(amount, capacity, unit, Direction::Down);
            if found.level.percent().is_some() {
                prop_assert!(amount.is_some_and(|amount| amount >= 0));
            }
            // A percentage out of a capacity needs the capacity.
            if capacity.is_none() && !percent && amount != Some(0) {
                prop_assert_eq!(found.level.percent(), None);
            }
        }
    }
}
