//! When the next pass starts, and when no pass may ask anything.

use pagetally_model::quiet::QuietHours;
use pagetally_model::{Settings, Timestamp, TimestampError};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;
use std::{fmt, io};

/// Share of the interval by which a pass may start early or late, in percent: thousands of agents
/// that came back with the power must not knock at Central in one second.
const JITTER_PERCENT: u64 = 10;

/// How long to wait from the start of one pass to the start of the next: the interval, up to 10 %
/// more or less, taken from a random number.
pub fn next_start(interval: Duration, random: u64) -> Duration {
    let millis = crate::clock::millis(interval);
    let swing = millis / 100 * JITTER_PERCENT;
    let offset = random.checked_rem(2 * swing + 1).unwrap_or(0);
    Duration::from_millis(millis.saturating_sub(swing).saturating_add(offset))
}

/// Quiet hours that cannot be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QuietHoursError {
    /// The windows make no sense together.
    #[error(transparent)]
    Hours(#[from] pagetally_model::quiet::QuietError),
    /// This program does not know the site's time zone.
    #[error("quiet hours need the site's time zone, and {zone:?} is no IANA time zone known here")]
    Zone {
        /// The name.
        zone: String,
        /// What the time zone database says.
        #[source]
        source: jiff::Error,
    },
}

/// The quiet hours of a site, by its clocks.
#[derive(Clone, Debug)]
pub struct Quiet {
    hours: QuietHours,
    zone: jiff::tz::TimeZone,
}

impl Default for Quiet {
    fn default() -> Self {
        Self {
            hours: QuietHours::default(),
            zone: jiff::tz::TimeZone::UTC,
        }
    }
}

impl Quiet {
    /// What settings say. The time zone is only looked up where there are quiet hours.
    ///
    /// # Errors
    ///
    /// [`QuietHoursError`]. Whoever cannot tell when it is quiet asks nobody.
    pub fn of(settings: &Settings) -> Result<Self, QuietHoursError> {
        let hours = QuietHours::parse(&settings.quiet_hours)?;
        let name = settings.time_zone.as_str();
        let zone = if hours.is_empty() {
            jiff::tz::TimeZone::UTC
        } else {
            jiff::tz::TimeZone::get(name).map_err(|source| QuietHoursError::Zone {
                zone: name.to_owned(),
                source,
            })?
        };
        Ok(Self { hours, zone })
    }

    /// When the quiet hours that cover `now` end; nothing where it is not quiet.
    pub fn end(&self, now: Timestamp) -> Option<Timestamp> {
        self.hours.end(now, &self.zone)
    }

    /// When the next quiet hours begin.
    pub fn next_begin(&self, now: Timestamp) -> Option<Timestamp> {
        self.hours.next_begin(now, &self.zone)
    }

    /// When the agent does something again, whose last pass began at `begun` and is over at `now`.
    ///
    /// Every interval it does; in quiet hours it then calls Central and asks no device. When quiet
    /// hours end, it does not wait for the interval: it looks at the network within a tenth of the
    /// interval, at a moment taken from `random`.
    pub fn next(
        &self,
        begun: Timestamp,
        now: Timestamp,
        interval: Duration,
        random: u64,
    ) -> NextPass {
        let regular = after(begun, next_start(interval, random)).max(now);
        let jitter = crate::clock::millis(interval) / 100 * JITTER_PERCENT;
        let jitter = Duration::from_millis(random.checked_rem(jitter + 1).unwrap_or(0));
        let at = match self.end(now) {
            Some(end) if after(end, jitter) < regular => after(end, jitter),
            _ => regular,
        };
        NextPass {
            at,
            quiet_until: self.end(at),
        }
    }
}

/// When the agent does something again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextPass {
    /// When.
    pub at: Timestamp,
    /// Where it is quiet then: until when. The agent calls Central and asks no device.
    pub quiet_until: Option<Timestamp>,
}

impl fmt::Display for NextPass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.quiet_until {
            Some(until) => write!(f, "{} quiet {until}", self.at),
            None => write!(f, "{}", self.at),
        }
    }
}

impl FromStr for NextPass {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let (at, quiet) = match text.trim().split_once(" quiet ") {
            Some((at, until)) => (at, Some(until.parse()?)),
            None => (text.trim(), None),
        };
        Ok(Self {
            at: at.parse()?,
            quiet_until: quiet,
        })
    }
}

/// The file in an agent's folder that says when the agent at work does something again: others read it
/// while that has the folder.
const NEXT_PASS: &str = "next-pass";

/// What the agent at work in this folder said it does next; nothing where it said nothing.
pub fn next_pass_of(folder: &Path) -> Option<NextPass> {
    std::fs::read_to_string(folder.join(NEXT_PASS))
        .ok()?
        .parse()
        .ok()
}

/// Says what the agent does next, for [`next_pass_of`].
pub(crate) fn tell_next_pass(folder: &Path, next: NextPass) -> io::Result<()> {
    std::fs::write(folder.join(NEXT_PASS), format!("{next}\n"))
}

fn after(instant: Timestamp, time: Duration) -> Timestamp {
    let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_unix_millis(instant.unix_millis().saturating_add(millis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagetally_model::Text;

    #[test]
    fn the_wait_swings_a_tenth_around_the_interval() {
        let hour = Duration::from_secs(3_600);
        let waits: Vec<u64> = (0..1_000_u64)
            .map(|n| next_start(hour, n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).as_secs())
            .collect();
        assert!(waits.iter().all(|wait| (3_240..=3_960).contains(wait)));
        assert!(waits.iter().any(|wait| *wait < 3_400));
        assert!(waits.iter().any(|wait| *wait > 3_800));
    }

    const HOUR: Duration = Duration::from_secs(3_600);

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn quiet(zone: &str, hours: &[&str]) -> Quiet {
        Quiet::of(&Settings {
            time_zone: Text::clean(zone),
            quiet_hours: hours.iter().map(|text| (*text).to_owned()).collect(),
            ..Settings::default()
        })
        .expect("valid")
    }

    #[test]
    fn a_night_is_called_through_and_ends_with_a_look_at_the_network() {
        let quiet = quiet("Europe/Berlin", &["22:00-06:00"]);
        // 21:30 in Berlin, in winter.
        let mut now = at("2026-11-27T20:30:00Z");
        let mut calls = 0;
        for random in 0.. {
            let next = quiet.next(now, now, HOUR, random * 7_919);
            assert!(next.at > now);
            now = next.at;
            match next.quiet_until {
                Some(until) => {
                    assert_eq!(until, at("2026-11-28T05:00:00Z"));
                    calls += 1;
                }
                None => break,
            }
        }
        assert!((7..=9).contains(&calls), "{calls} calls in eight hours");
        assert!(now >= at("2026-11-28T05:00:00Z") && now <= at("2026-11-28T05:06:00Z"));
    }

    #[test]
    fn the_night_of_a_clock_change_is_as_long_as_the_sites_clocks_make_it() {
        let quiet = quiet("Europe/Berlin", &["22:00-06:00"]);
        let begin = at("2026-03-28T21:00:00Z");
        assert_eq!(quiet.end(begin), Some(at("2026-03-29T04:00:00Z"))); // Seven hours.
        let begin = at("2026-10-24T20:00:00Z");
        assert_eq!(quiet.end(begin), Some(at("2026-10-25T05:00:00Z"))); // Nine.
    }

    #[test]
    fn without_quiet_hours_the_interval_alone_counts_and_no_zone_is_needed() {
        let quiet = quiet("Nowhere/Land", &[]);
        let now = at("2026-11-27T20:30:00Z");
        let next = quiet.next(now, at("2026-11-27T20:40:00Z"), HOUR, 0);
        assert_eq!(next.at, at("2026-11-27T21:24:00Z"));
        assert_eq!(next.quiet_until, None);
        assert_eq!(quiet.next_begin(now), None);
    }

    #[test]
    fn a_pass_that_took_longer_than_the_interval_is_followed_at_once() {
        let quiet = quiet("Etc/UTC", &[]);
        let (begun, now) = (at("2026-11-27T20:30:00Z"), at("2026-11-27T23:00:00Z"));
        assert_eq!(quiet.next(begun, now, HOUR, 0).at, now);
    }

    #[test]
    fn what_the_agent_said_it_does_next_reads_back() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(next_pass_of(folder.path()), None);
        let at = at("2026-11-27T20:30:00Z");
        for quiet_until in [None, Some(at)] {
            let next = NextPass { at, quiet_until };
            tell_next_pass(folder.path(), next).expect("written");
            assert_eq!(next_pass_of(folder.path()), Some(next));
        }
    }

    #[test]
    fn an_unknown_zone_is_an_error_where_the_hours_need_it() {
        let settings = Settings {
            time_zone: Text::clean("Nowhere/Land"),
            quiet_hours: vec!["22:00-06:00".to_owned()],
            ..Settings::default()
        };
        let error = Quiet::of(&settings).expect_err("no such zone");
        assert!(error.to_string().contains("Nowhere/Land"), "{error}");
    }
}
