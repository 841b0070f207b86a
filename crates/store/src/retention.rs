//! How much of the delivered history is kept: of which periods only the last audit stays.
//!
//! An audit's time is here that of its pass, the moment at which the pass was stored. A period is thinned
//! when all of it is old enough, so that the last audit of it is known to be the last.

use pagetally_model::Timestamp;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const MINUTE: i64 = 60_000;

/// What is kept of what Central has. The default keeps all of two days, the last audit of each hour for a
/// week, of each day for 13 months, and of each month for ever, within 2 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Everything is kept for so many days.
    pub all_days: u32,
    /// Then the last audit of each hour, until it is so many days old.
    pub hourly_days: u32,
    /// Then the last audit of each UTC day, until it is so many days old; then the last one of each
    /// calendar month (UTC), for ever.
    pub daily_days: u32,
    /// When the month ends that bills are made for: the last audit before it stays as well, for ever.
    pub cutoff: Option<BillingCutoff>,
    /// Ceiling on the journal's size. Above it delivered audits go, the oldest first; what Central does
    /// not have stays.
    pub cap_bytes: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            all_days: 2,
            hourly_days: 7,
            daily_days: 400,
            cutoff: None,
            cap_bytes: 2 << 30,
        }
    }
}

/// What time it is, as far as history may go by it: what two clocks both say has come.
///
/// A machine's clock that leaps a year ahead would thin at once what a year thins, and never give it back
/// when it is set right. So thinning goes by the earlier of the machine's clock and Central's at its last
/// answer: neither of them can hasten it alone. Nothing is missed by that, since only what Central has
/// acknowledged, by an answer, is thinned by its age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgreedTime(Timestamp);

impl AgreedTime {
    /// The machine's clock now, and Central's when it last answered; nothing where it never has, and then
    /// nothing is old.
    pub fn of(machine: Timestamp, central: Option<Timestamp>) -> Self {
        Self(central.map_or(Timestamp::MIN, |central| central.min(machine)))
    }

    pub(crate) const fn now(self) -> Timestamp {
        self.0
    }
}

/// A time of each month, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BillingCutoff {
    day: u32,
    minute: u32,
}

impl BillingCutoff {
    /// The `day` of the month (1 to 31; the last one of a shorter month) at `minute` minutes past
    /// midnight (0 to 1,439). Nothing for others.
    pub fn new(day: u32, minute: u32) -> Option<Self> {
        ((1..=31).contains(&day) && minute < 24 * 60).then_some(Self { day, minute })
    }

    /// When the billing month ends in calendar month `month`.
    fn end(self, month: i64) -> i64 {
        let first = first_day(month);
        let days = first_day(month + 1) - first;
        let day = first + i64::from(self.day).min(days) - 1;
        day * DAY + i64::from(self.minute) * MINUTE
    }

    /// The billing month of an instant, by the calendar month in which it ends.
    fn month_of(self, at: i64) -> i64 {
        let month = month_of(at.div_euclid(DAY));
        if at <= self.end(month) {
            month
        } else {
            month + 1
        }
    }
}

/// A stretch of time of which the last audit stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Period {
    Hour(i64),
    Day(i64),
    Month(i64),
    Billing(i64),
}

/// What becomes of an audit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// It stays only as the last one of this; nothing while everything is kept.
    pub(crate) thinned_to: Option<Period>,
    /// The billing month of which it may be the last, where that has ended.
    pub(crate) billing: Option<Period>,
}

impl Retention {
    /// What becomes of an audit of `at` by `now`.
    pub(crate) fn place(&self, at: Timestamp, now: Timestamp) -> Place {
        let (at, now) = (at.unix_millis(), now.unix_millis());
        let before = |days: u32| now.saturating_sub(i64::from(days).saturating_mul(DAY));
        let (hour, day) = (at.div_euclid(HOUR), at.div_euclid(DAY));
        let month = month_of(day);
        let thinned_to = if first_day(month + 1) * DAY <= before(self.daily_days) {
            Some(Period::Month(month))
        } else if (day + 1) * DAY <= before(self.hourly_days) {
            Some(Period::Day(day))
        } else if (hour + 1) * HOUR <= before(self.all_days) {
            Some(Period::Hour(hour))
        } else {
            None
        };
        let billing = self.cutoff.and_then(|cutoff| {
            let month = cutoff.month_of(at);
            (cutoff.end(month) <= now).then_some(Period::Billing(month))
        });
        Place {
            thinned_to,
            billing,
        }
    }

    /// Of which periods an audit that Central does not have stays as the last one, where the store is
    /// over its cap; nothing while its day is not over.
    pub(crate) fn waiting_place(
        &self,
        at: Timestamp,
        now: Timestamp,
    ) -> Option<[Option<Period>; 2]> {
        let day = at.unix_millis().div_euclid(DAY);
        if (day + 1) * DAY > now.unix_millis() {
            return None;
        }
        let cutoff = self.cutoff;
        let billing = cutoff.map(|cutoff| Period::Billing(cutoff.month_of(at.unix_millis())));
        Some([Some(Period::Day(day)), billing])
    }
}

/// Months since 0000-03-01, of a day since 1970-01-01 (H. Hinnant, "chrono-compatible low-level date
/// algorithms", days_from_civil and its inverse). Years begin in March, so that leap days end them.
fn month_of(day: i64) -> i64 {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    (era * 400 + year) * 12 + (5 * of_year + 2) / 153
}

/// The first day of such a month, since 1970-01-01.
fn first_day(month: i64) -> i64 {
    let (year, month) = (month.div_euclid(12), month.rem_euclid(12));
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * month + 2) / 5 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn an_audit_passes_from_all_to_hours_days_and_months_as_whole_periods_grow_old() {
        let policy = Retention::default();
        let read = at("2027-03-31T10:20:00Z");
        let thinned = |now| policy.place(read, at(now)).thinned_to;
        assert_eq!(thinned("2027-03-31T10:21:00Z"), None);
        assert_eq!(thinned("2027-04-02T10:59:59Z"), None);
        assert!(matches!(
            thinned("2027-04-02T11:00:00Z"),
            Some(Period::Hour(_))
        ));
        assert!(matches!(
            thinned("2027-04-07T23:59:59Z"),
            Some(Period::Hour(_))
        ));
        assert!(matches!(
            thinned("2027-04-08T00:00:00Z"),
            Some(Period::Day(_))
        ));
        // The month ends on the first of April; 400 days later it is thinned.
        assert!(matches!(
            thinned("2028-05-04T23:59:59Z"),
            Some(Period::Day(_))
        ));
        assert!(matches!(
            thinned("2028-05-05T00:00:00Z"),
            Some(Period::Month(_))
        ));
        // A clock that went back thins nothing.
        assert_eq!(thinned("2020-01-01T00:00:00Z"), None);
    }

    #[test]
    fn the_last_audit_at_a_cutoff_is_of_the_month_that_ends_then() {
        let cutoff = BillingCutoff::new(31, 6 * 60).expect("a time of the month");
        let policy = Retention {
            cutoff: Some(cutoff),
            ..Retention::default()
        };
        let now = at("2028-12-01T00:00:00Z");
        let billing = |text| policy.place(at(text), now).billing.expect("it has ended");
        // The last day of February 2028 is the 29th.
        assert_eq!(
            billing("2028-02-29T06:00:00Z"),
            billing("2028-01-31T06:00:01Z")
        );
        assert_ne!(
            billing("2028-02-29T06:00:00Z"),
            billing("2028-02-29T06:00:00.001Z")
        );
        assert_eq!(
            billing("2028-03-31T05:00:00Z"),
            billing("2028-02-29T07:00:00Z")
        );
        // A billing month that has not ended holds nobody.
        assert_eq!(policy.place(at("2028-11-30T12:00:00Z"), now).billing, None);
        assert!(BillingCutoff::new(0, 0).is_none() && BillingCutoff::new(1, 1_440).is_none());
    }

    proptest! {
        #[test]
        fn months_are_those_of_the_calendar(millis in -62_000_000_000_000i64..253_000_000_000_000) {
            let day = millis.div_euclid(DAY);
            let month = month_of(day);
            prop_assert!((first_day(month)..first_day(month + 1)).contains(&day));
            let first = Timestamp::from_unix_millis(first_day(month) * DAY).to_string();
            let this = Timestamp::from_unix_millis(day * DAY).to_string();
            prop_assert_eq!(&first[..8], &this[..8]);
            prop_assert_eq!(&first[8..10], "01");
        }

        #[test]
        fn all_of_a_period_is_thinned_alike(millis in 0i64..4_000_000_000_000, age in 0i64..50_000_000_000, other in 0i64..DAY) {
            let policy = Retention { cutoff: BillingCutoff::new(15, 720), ..Retention::default() };
            let now = Timestamp::from_unix_millis(millis + age);
            let one = policy.place(Timestamp::from_unix_millis(millis), now);
            let two = policy.place(Timestamp::from_unix_millis(millis + other), now);
            let same_hour = millis.div_euclid(HOUR) == (millis + other).div_euclid(HOUR);
            if same_hour {
                prop_assert_eq!(one.thinned_to, two.thinned_to);
            }
            let same_day = millis.div_euclid(DAY) == (millis + other).div_euclid(DAY);
            if same_day && matches!(one.thinned_to, Some(Period::Day(_) | Period::Month(_))) {
                prop_assert_eq!(one.thinned_to, two.thinned_to);
            }
        }
    }
}
