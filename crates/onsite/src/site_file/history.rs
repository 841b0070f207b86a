//! `[history]`: how much of what Central has is kept here.

use pagetally_store::{BillingCutoff, Retention};
use serde::Deserialize;

/// Ceiling on days: a century.
const MAX_DAYS: u32 = 36_525;

/// The least cap: a few days of a large site, so that what waits for Central has room.
const MIN_MEGABYTES: u64 = 64;

/// The most: a terabyte.
const MAX_MEGABYTES: u64 = 1 << 20;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HistoryTable {
    all_days: Option<u32>,
    hourly_days: Option<u32>,
    daily_days: Option<u32>,
    billing_day: Option<u32>,
    billing_time: Option<String>,
    max_megabytes: Option<u64>,
}

impl HistoryTable {
    /// What the file names, the usual for the rest.
    pub(super) fn retention(self) -> Result<Retention, (&'static str, String)> {
        let mut kept = Retention::default();
        for (field, value, place) in [
            ("history.all_days", self.all_days, &mut kept.all_days),
            (
                "history.hourly_days",
                self.hourly_days,
                &mut kept.hourly_days,
            ),
            ("history.daily_days", self.daily_days, &mut kept.daily_days),
        ] {
            match value {
                None => {}
                Some(days) if days <= MAX_DAYS => *place = days,
                Some(days) => return Err((field, format!("{days} is not in 0..={MAX_DAYS}"))),
            }
        }
        if let Some(megabytes) = self.max_megabytes {
            if !(MIN_MEGABYTES..=MAX_MEGABYTES).contains(&megabytes) {
                let reason = format!("{megabytes} is not in {MIN_MEGABYTES}..={MAX_MEGABYTES}");
                return Err(("history.max_megabytes", reason));
            }
            kept.cap_bytes = megabytes << 20;
        }
        kept.cutoff = cutoff(self.billing_day, self.billing_time.as_deref())?;
        Ok(kept)
    }
}

fn cutoff(
    day: Option<u32>,
    time: Option<&str>,
) -> Result<Option<BillingCutoff>, (&'static str, String)> {
    let Some(day) = day else {
        return match time {
            None => Ok(None),
            Some(_) => Err(("history.billing_time", "there is no billing_day".to_owned())),
        };
    };
    let time = time.unwrap_or("00:00");
    let minute = minute_of_day(time).ok_or_else(|| {
        let reason = format!("{time:?} is no time of the day in UTC such as \"00:00\"");
        ("history.billing_time", reason)
    })?;
    BillingCutoff::new(day, minute)
        .map(Some)
        .ok_or_else(|| ("history.billing_day", format!("{day} is not in 1..=31")))
}

fn minute_of_day(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':')?;
    let two_digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !two_digits(hour) || !two_digits(minute) {
        return None;
    }
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retention(text: &str) -> Result<Retention, (&'static str, String)> {
        toml::from_str::<HistoryTable>(text)
            .expect("TOML of this shape")
            .retention()
    }

    #[test]
    fn what_the_file_names_counts_and_the_rest_is_as_usual() {
        assert_eq!(retention(""), Ok(Retention::default()));
        let named = "all_days = 1\nbilling_day = 15\nbilling_time = \"12:30\"\nmax_megabytes = 100";
        let expected = Retention {
            all_days: 1,
            cutoff: BillingCutoff::new(15, 750),
            cap_bytes: 100 << 20,
            ..Retention::default()
        };
        assert_eq!(retention(named), Ok(expected));
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_its_key() {
        for (text, field) in [
            ("daily_days = 40000", "history.daily_days"),
            ("billing_day = 0", "history.billing_day"),
            ("billing_day = 32", "history.billing_day"),
            ("billing_time = \"12:00\"", "history.billing_time"),
            (
                "billing_day = 1\nbilling_time = \"24:00\"",
                "history.billing_time",
            ),
            (
                "billing_day = 1\nbilling_time = \"+1:00\"",
                "history.billing_time",
            ),
            ("max_megabytes = 1", "history.max_megabytes"),
        ] {
            assert_eq!(
                retention(text).map_err(|error| error.0),
                Err(field),
                "{text}"
            );
        }
    }
}
