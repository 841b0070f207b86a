//! The one form in which we write an instant, `2026-11-23T08:00:05.000Z`, without a general formatter: a value
//! that was taken over from an earlier audit carries one, and an audit has dozens of them.

/// Characters of the form.
pub(super) const LENGTH: usize = 24;

const DAY: i64 = 86_400_000;

/// Days from 0000-03-01 to 1970-01-01: years that begin in March end with their leap day.
const TO_1970: i64 = 719_468;
const DAYS_IN_400_YEARS: i64 = 146_097;

/// Writes an instant of the years 0 to 9999, in milliseconds since 1970, into `text`.
pub(super) fn write(millis: i64, text: &mut [u8; LENGTH]) -> &str {
    let (year, month, day) = date(millis.div_euclid(DAY));
    let time = millis.rem_euclid(DAY);
    *text = *b"0000-00-00T00:00:00.000Z";
    let fields = [
        (0..4, year),
        (5..7, month),
        (8..10, day),
        (11..13, time / 3_600_000),
        (14..16, time / 60_000 % 60),
        (17..19, time / 1_000 % 60),
        (20..23, time % 1_000),
    ];
    for (place, mut number) in fields {
        for digit in text.get_mut(place).unwrap_or_default().iter_mut().rev() {
            *digit = b'0' + (number % 10).to_le_bytes()[0];
            number /= 10;
        }
    }
    std::str::from_utf8(text).unwrap_or_default()
}

/// Reads the form, in milliseconds since 1970. Nothing where it is another, or no date.
pub(super) fn read(text: &str) -> Option<i64> {
    let text: &[u8; LENGTH] = text.as_bytes().try_into().ok()?;
    let marks = [
        (4, b'-'),
        (7, b'-'),
        (10, b'T'),
        (13, b':'),
        (16, b':'),
        (19, b'.'),
        (23, b'Z'),
    ];
    let number = |place: std::ops::Range<usize>| {
        let digits = text.get(place)?.iter();
        digits.copied().try_fold(0, |number, digit| {
            digit
                .is_ascii_digit()
                .then(|| number * 10 + i64::from(digit - b'0'))
        })
    };
    if marks
        .into_iter()
        .any(|(place, mark)| text.get(place) != Some(&mark))
    {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    if !(1..=12).contains(&month) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days(year, month, day);
    // A day that its month does not have is another month's.
    if date(days) != (year, month, day) {
        return None;
    }
    let seconds = (hour * 60 + minute) * 60 + second;
    Some(days * DAY + seconds * 1_000 + number(20..23)?)
}

/// The day of the proleptic Gregorian calendar so many days from 1970-01-01.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + TO_1970;
    let (era, day) = (
        days.div_euclid(DAYS_IN_400_YEARS),
        days.rem_euclid(DAYS_IN_400_YEARS),
    );
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - days_before(year);
    // Months from March on have 31, 30, 31, 30 and 31 days, over and over.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year + i64::from(month > 9);
    (year, (month + 2) % 12 + 1, day)
}

/// How far a day lies from 1970-01-01.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month < 3);
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    let month = (month + 9) % 12;
    era * DAYS_IN_400_YEARS + days_before(year) + (153 * month + 2) / 5 + day - 1 - TO_1970
}

/// Days before a year of an era.
fn days_before(year: i64) -> i64 {
    365 * year + year / 4 - year / 100
}

#[cfg(test)]
mod tests {
    use super::super::Timestamp;
    use super::*;
    use proptest::prelude::*;

    /// What jiff writes.
    fn general(millis: i64) -> String {
        let instant = jiff::Timestamp::from_millisecond(millis).expect("within its years");
        format!("{instant:.3}")
    }

    fn agrees(millis: i64) {
        let written = write(millis, &mut [0; LENGTH]).to_owned();
        assert_eq!(written, general(millis));
        assert_eq!(read(&written), Some(millis));
    }

    #[test]
    fn every_day_of_400_years_is_written_and_read() {
        for day in 0..DAYS_IN_400_YEARS {
            let millis = day * DAY;
            let date = write(millis, &mut [0; LENGTH]).to_owned();
            assert_eq!(read(&date), Some(millis), "{date}");
        }
    }

    #[test]
    fn the_edges_are_written_and_read_as_jiff_does() {
        let (first, last) = (Timestamp::MIN.unix_millis(), Timestamp::MAX.unix_millis());
        for leap_day in [
            "0000-02-29",
            "1600-02-29",
            "1904-02-29",
            "2000-02-29",
            "9996-02-29",
        ] {
            let text = format!("{leap_day}T23:59:59.999Z");
            let millis = read(&text).expect("a date");
            agrees(millis);
            agrees(millis + 1);
        }
        for none in [
            "1900-02-29",
            "2100-02-29",
            "2026-04-31",
            "2026-00-01",
            "2026-01-00",
        ] {
            assert_eq!(read(&format!("{none}T00:00:00.000Z")), None, "{none}");
        }
        [first, last, -1, 0, 1].into_iter().for_each(agrees);
    }

    proptest! {
        #[test]
        fn any_instant_is_written_and_read_as_jiff_does(
            millis in Timestamp::MIN.unix_millis()..=Timestamp::MAX.unix_millis()
        ) {
            agrees(millis);
        }

        #[test]
        fn whatever_is_read_jiff_reads_alike(
            text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\\.[0-9]{3}Z"
        ) {
            let general: Option<jiff::Timestamp> = text.parse().ok();
            let general = general.map(jiff::Timestamp::as_millisecond);
            match read(&text) {
                Some(millis) if Timestamp::from_unix_millis(millis).unix_millis() == millis => {
                    prop_assert_eq!(general, Some(millis));
                }
                // The last hours of 9999, which an instant of ours does not reach.
                Some(millis) => prop_assert!(millis > Timestamp::MAX.unix_millis()),
                // A leap second is jiff's to fold; everything else both refuse.
                None => prop_assert!(general.is_none() || text.get(17..19) == Some("60")),
            }
        }
    }
}
