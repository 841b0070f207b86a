//! Which supply of a device needs somebody soonest.

use pagetally_model::{DeviceAudit, Level, Measures, Supply};

/// How soon somebody must act: the lower, the sooner. Numbers up to 100 are percent left; the
/// levels without a number stand where their words put them.
fn rank(supply: &Supply) -> i64 {
    let filled = supply.measures == Measures::Filled;
    match supply.level.level {
        Level::Empty if !filled => 0,
        Level::EmptyOrNearly => 1,
        Level::Low => 10,
        Level::OfCapacity { .. } | Level::Percent(_) | Level::Empty => {
            let percent = i64::from(supply.level.level.percent().unwrap_or(100));
            match supply.measures {
                Measures::Remaining => percent,
                Measures::Filled => 100 - percent,
                // Nobody knows which end is bad: not a reason to send somebody.
                _ => 150,
            }
        }
        Level::SomeRemaining => 160,
        Level::Good => 170,
        Level::Amount(_) => 180,
        Level::NotRestricted => 190,
        _ => 200,
    }
}

/// The position and rank of the supply that needs somebody soonest; the first among equals.
pub(super) fn worst(audit: &DeviceAudit) -> Option<(usize, i64)> {
    let ranked = audit.supplies.iter().map(rank).enumerate();
    ranked.min_by_key(|(position, rank)| (*rank, *position))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagetally_model::{
        CounterUnit, Exactness, LevelReading, Sources, SupplyClass, SupplyKind, Text,
    };

    fn supply(level: Level, measures: Measures) -> Supply {
        Supply {
            slot: Text::clean("1.1"),
            description: None,
            kind: SupplyKind::Toner,
            class: SupplyClass::Consumed,
            colorant: None,
            level: LevelReading {
                level,
                exactness: Exactness::Exact,
            },
            measures,
            unit: CounterUnit::Percent,
            capacity: None,
            place: None,
            replaced: None,
            part_number: None,
            serial: None,
            sources: Sources::new(),
        }
    }

    #[test]
    fn supplies_rank_from_empty_to_unknown() {
        let order = [
            supply(Level::Empty, Measures::Remaining),
            supply(Level::EmptyOrNearly, Measures::Remaining),
            supply(Level::Percent(9), Measures::Remaining),
            supply(Level::Low, Measures::Remaining),
            supply(Level::Percent(85), Measures::Filled),
            supply(Level::Percent(16), Measures::Remaining),
            supply(Level::SomeRemaining, Measures::Remaining),
            supply(Level::Unknown, Measures::Remaining),
        ];
        for pair in order.windows(2) {
            assert!(rank(&pair[0]) < rank(&pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn an_empty_waste_box_is_no_reason_to_act() {
        assert_eq!(rank(&supply(Level::Empty, Measures::Filled)), 100);
    }
}
