//! Quiet hours: when no device is asked anything.
//!
//! | written | means |
//! | --- | --- |
//! | `22:00-06:00` | every night, from ten to six |
//! | `Mon-Fri 08:00-09:30` | the first hours of working days |
//! | `Sat,Sun 00:00-24:00` | the weekend |
//!
//! A window over midnight belongs to the day on which it begins: `Fri 22:00-06:00` ends on Saturday.
//! Times are those of the site's clocks: an hour that the clocks leave out is not there to be quiet
//! in, and one that they show twice is quiet twice.

use crate::Timestamp;
use jiff::tz::TimeZone;

/// Ceiling on the windows of one list: two for each hour of a week is more than any site means.
pub const MAX_WINDOWS: usize = 64;

const DAY: u16 = 24 * 60;
const WEEK: u16 = 7 * DAY;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Quiet hours that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("quiet hours {text:?}: {reason}")]
pub struct QuietError {
    /// The beginning of the refused text.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// When no device is asked anything, by the week's minutes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuietHours {
    /// From and until in minutes since Monday 00:00, in order, apart from each other.
    spans: Vec<(u16, u16)>,
}

impl QuietHours {
    /// Reads a list of windows.
    ///
    /// # Errors
    ///
    /// [`QuietError`] with the first window that cannot be read, or with the list that leaves no
    /// minute of the week.
    pub fn parse<S: AsRef<str>>(texts: &[S]) -> Result<Self, QuietError> {
        if texts.len() > MAX_WINDOWS {
            return Err(QuietError {
                text: format!("{} windows", texts.len()),
                reason: "a list has at most 64 windows",
            });
        }
        let mut quiet = Self::default();
        for text in texts {
            let text = text.as_ref();
            quiet.add(text).map_err(|reason| QuietError {
                text: text.chars().take(80).collect(),
                reason,
            })?;
        }
        quiet.merge();
        if quiet.spans == [(0, WEEK)] {
            return Err(QuietError {
                text: String::new(),
                reason: "they leave no minute of the week to look for printers in",
            });
        }
        Ok(quiet)
    }

    fn add(&mut self, text: &str) -> Result<(), &'static str> {
        const SHAPE: &str = "write 22:00-06:00, or Mon-Fri 08:00-09:30";
        let (days, hours) = match text.trim().rsplit_once(char::is_whitespace) {
            Some((days, hours)) => (days_of(days)?, hours),
            None => ([true; 7], text.trim()),
        };
        let (from, until) = hours.split_once('-').ok_or(SHAPE)?;
        let (from, until) = (minute_of(from)?, minute_of(until)?);
        if from == until || from == DAY {
            return Err("a window has a beginning and a later end; a whole day is 00:00-24:00");
        }
        let length = if until > from {
            until - from
        } else {
            DAY - from + until
        };
        for (day, _) in (0..7).zip(days).filter(|(_, is_meant)| *is_meant) {
            let begin = day * DAY + from;
            let end = begin + length;
            self.spans.push((begin, end.min(WEEK)));
            if end > WEEK {
                self.spans.push((0, end - WEEK));
            }
        }
        Ok(())
    }

    fn merge(&mut self) {
        self.spans.sort_unstable();
        let mut merged: Vec<(u16, u16)> = Vec::new();
        for (from, until) in self.spans.drain(..) {
            match merged.last_mut() {
                Some((_, end)) if from <= *end => *end = until.max(*end),
                _ => merged.push((from, until)),
            }
        }
        self.spans = merged;
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Whether it is quiet at `at` by the clocks of `zone`.
    pub fn covers(&self, at: Timestamp, zone: &TimeZone) -> bool {
        let Some(minute) = minute_of_week(at, zone) else {
            return false;
        };
        self.spans
            .iter()
            .any(|(from, until)| (*from..*until).contains(&minute))
    }

    /// When the quiet hours that cover `at` end; nothing where it is not quiet at `at`.
    pub fn end(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        self.covers(at, zone)
            .then(|| self.first(at, zone, |quiet| !quiet))
            .flatten()
    }

    /// When the next quiet hours begin: `at` itself where it is quiet then; nothing where there are
    /// none.
    pub fn next_begin(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        if self.covers(at, zone) {
            return Some(at);
        }
        self.first(at, zone, |quiet| quiet)
    }

    /// The first full minute after `at` of which `wanted` holds. Every minute is looked at, because
    /// the clocks of a zone may jump at any of them; a week and a day have ten thousand.
    fn first(
        &self,
        at: Timestamp,
        zone: &TimeZone,
        wanted: impl Fn(bool) -> bool,
    ) -> Option<Timestamp> {
        const MINUTE: i64 = 60_000;
        let begin = at.unix_millis().div_euclid(MINUTE) + 1;
        (begin..begin + 8 * i64::from(DAY))
            .map(|minute| Timestamp::from_unix_millis(minute * MINUTE))
            .find(|minute| wanted(self.covers(*minute, zone)))
    }
}

fn minute_of_week(at: Timestamp, zone: &TimeZone) -> Option<u16> {
    let instant = jiff::Timestamp::from_millisecond(at.unix_millis()).ok()?;
    let local = zone.to_datetime(instant);
    let day = u16::try_from(local.weekday().to_monday_zero_offset()).ok()?;
    let hour = u16::try_from(local.hour()).ok()?;
    let minute = u16::try_from(local.minute()).ok()?;
    Some(day * DAY + hour * 60 + minute)
}

/// `08:30`, and `24:00` for the end of a day.
fn minute_of(text: &str) -> Result<u16, &'static str> {
    const SHAPE: &str = "a time is 00:00 to 24:00";
    let (hour, minute) = text.trim().split_once(':').ok_or(SHAPE)?;
    let two_digits = |text: &str| -> Option<u16> {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten()
    };
    match (two_digits(hour), two_digits(minute)) {
        (Some(24), Some(0)) => Ok(DAY),
        (Some(hour @ 0..=23), Some(minute @ 0..=59)) => Ok(hour * 60 + minute),
        _ => Err(SHAPE),
    }
}

/// `Mon-Fri`, `Sat,Sun`, `Fri-Mon`.
fn days_of(text: &str) -> Result<[bool; 7], &'static str> {
    let day = |text: &str| {
        let text = text.trim().to_ascii_lowercase();
        let place = DAYS.iter().position(|day| *day == text);
        place.ok_or("days are Mon, Tue, Wed, Thu, Fri, Sat, Sun, in English")
    };
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        let count = (last + 7 - first) % 7;
        for place in (first..=first + count).map(|place| place % 7) {
            if let Some(is_meant) = days.get_mut(place) {
                *is_meant = true;
            }
        }
    }
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn quiet(texts: &[&str]) -> QuietHours {
        QuietHours::parse(texts).expect("valid")
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    /// Central Europe's rule (POSIX.1-2024 section 8.3): the clocks go on at 02:00 on the last
    /// Sunday of March and back at 03:00 on the last of October.
    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a rule")
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_on_which_it_begins() {
        let quiet = quiet(&["Fri 22:00-06:00"]);
        // 2026-11-27 is a Friday.
        for (instant, is_quiet) in [
            ("2026-11-27T21:59:59Z", false),
            ("2026-11-27T22:00:00Z", true),
            ("2026-11-28T05:59:59Z", true),
            ("2026-11-28T06:00:00Z", false),
            ("2026-11-28T22:00:00Z", false),
            ("2026-11-27T05:00:00Z", false),
        ] {
            assert_eq!(
                quiet.covers(at(instant), &TimeZone::UTC),
                is_quiet,
                "{instant}"
            );
        }
    }

    #[test]
    fn a_window_over_the_week_end_reaches_into_monday() {
        let quiet = quiet(&["sun 20:00-04:00"]);
        assert!(quiet.covers(at("2026-11-30T03:59:00Z"), &TimeZone::UTC));
        assert_eq!(
            quiet.end(at("2026-11-29T21:00:00Z"), &TimeZone::UTC),
            Some(at("2026-11-30T04:00:00Z"))
        );
    }

    #[test]
    fn hours_are_those_of_the_sites_clocks_on_both_sides_of_a_change() {
        let (quiet, zone) = (quiet(&["Mon-Fri 08:00-09:30"]), berlin());
        // Winter, an hour ahead; summer, two.
        assert!(quiet.covers(at("2026-03-27T07:00:00Z"), &zone));
        assert!(!quiet.covers(at("2026-03-27T06:59:00Z"), &zone));
        assert!(quiet.covers(at("2026-03-30T06:00:00Z"), &zone));
        assert!(!quiet.covers(at("2026-03-30T07:30:00Z"), &zone));
    }

    #[test]
    fn an_hour_left_out_is_not_quiet_and_an_hour_shown_twice_is_quiet_twice() {
        let (quiet, zone) = (quiet(&["02:00-03:00"]), berlin());
        // 2026-03-29: 01:59 is followed by 03:00.
        let before = at("2026-03-29T00:59:00Z");
        assert_eq!(
            quiet.next_begin(before, &zone),
            Some(at("2026-03-30T00:00:00Z"))
        );
        // 2026-10-25: 02:00 to 03:00 comes twice.
        let first = at("2026-10-25T00:00:00Z");
        assert_eq!(quiet.end(first, &zone), Some(at("2026-10-25T02:00:00Z")));
    }

    #[test]
    fn windows_that_touch_are_one() {
        let quiet = quiet(&["Mon 22:00-24:00", "Tue 00:00-07:15"]);
        assert_eq!(
            quiet.end(at("2026-11-23T22:30:10Z"), &TimeZone::UTC),
            Some(at("2026-11-24T07:15:00Z"))
        );
    }

    #[test]
    fn the_next_begin_is_found_a_week_ahead() {
        let quiet = quiet(&["Wed 12:00-13:00"]);
        assert_eq!(
            quiet.next_begin(at("2026-11-25T13:00:00Z"), &TimeZone::UTC),
            Some(at("2026-12-02T12:00:00Z"))
        );
        assert_eq!(
            QuietHours::default().next_begin(at("2026-11-25T13:00:00Z"), &TimeZone::UTC),
            None
        );
    }

    #[test]
    fn what_is_no_window_is_refused_with_its_text() {
        for text in [
            "",
            "8-9",
            "08:00",
            "25:00-26:00",
            "24:00-01:00",
            "10:00-10:00",
            "Mo 08:00-09:00",
            "Mon-Fri",
            "08:60-09:00",
            "8:00–9:00",
        ] {
            let error = QuietHours::parse(&[text]).expect_err(text);
            assert_eq!(error.text, text);
        }
    }

    #[test]
    fn a_week_without_a_minute_left_is_refused() {
        let error = QuietHours::parse(&["00:00-24:00"]).expect_err("no time is left");
        assert!(error.to_string().contains("no minute"), "{error}");
        assert!(QuietHours::parse(&["00:00-24:00"; MAX_WINDOWS + 1]).is_err());
        assert!(QuietHours::parse(&["00:00-23:59"]).is_ok());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-zA-Z0-9:,\\- ]{0,24}") {
            let _ = QuietHours::parse(&[text]);
        }

        #[test]
        fn an_end_is_the_first_minute_that_is_not_quiet(
            from in 0..1_440_u16, until in 0..1_440_u16, day in 0..7_usize, minute in 0..10_080_i64
        ) {
            prop_assume!(from != until);
            let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
            let text = format!("{} {}-{}", DAYS[day], clock(from), clock(until));
            let quiet = quiet(&[&text]);
            // 1970-01-05 was a Monday.
            let at = Timestamp::from_unix_millis((4 * 1_440 + minute) * 60_000);
            match quiet.end(at, &TimeZone::UTC) {
                Some(end) => {
                    prop_assert!(quiet.covers(at, &TimeZone::UTC));
                    prop_assert!(!quiet.covers(end, &TimeZone::UTC));
                    let before = Timestamp::from_unix_millis(end.unix_millis() - 1);
                    prop_assert!(quiet.covers(before, &TimeZone::UTC));
                }
                None => prop_assert!(!quiet.covers(at, &TimeZone::UTC)),
            }
        }
    }
}
