//! When people work: hours, weekends, seasons.
//!
//! The simulation begins at eight in the morning of Monday, 5 January. A year has 52 weeks here, so
//! that every year begins on a Monday. Numbers are thousandths of what an average working hour
//! brings.

use std::time::Duration;

const HOUR: u64 = 3_600;
/// The hour of the first day at which virtual time begins.
const FIRST_HOUR: u64 = 8;
const WEEKS: u64 = 52;

/// Whose devices these are: when they are used, and when hardly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Monday to Friday, eight to six; quiet in summer and over the turn of the year, busy at the
    /// end of a quarter.
    #[default]
    Office,
    /// Monday to Friday, seven to four; closed in the holidays, busy before reports.
    School,
    /// Two shifts, six days; busiest before Christmas.
    Warehouse,
    /// Monday to Saturday, nine to eight.
    Shop,
    /// Day and night, every day.
    Ward,
    /// An office's, and used once in a while.
    Rarely,
}

/// Every profile.
pub const PROFILES: [Profile; 6] = [
    Profile::Office,
    Profile::School,
    Profile::Warehouse,
    Profile::Shop,
    Profile::Ward,
    Profile::Rarely,
];

impl Profile {
    /// What hour number `hour` of virtual time brings; hour 0 is the first.
    #[must_use]
    pub fn load(self, hour: u64) -> u64 {
        let hour = hour + FIRST_HOUR;
        let (day, hour) = (hour / 24, hour % 24);
        let (week, day) = (day / 7 % WEEKS, day % 7);
        self.hourly(day, hour) * self.seasonal(week) / 1_000
    }

    /// The first hour from `hour` on that brings something. Everybody works within two months.
    pub(super) fn next_open(self, hour: u64) -> u64 {
        let most = hour + 9 * 7 * 24;
        (hour..most)
            .find(|hour| self.load(*hour) > 0)
            .unwrap_or(most)
    }

    /// The moment from `at` on at which somebody is there.
    pub(super) fn attended(self, at: Duration) -> Duration {
        let hour = at.as_secs() / HOUR;
        let open = self.next_open(hour);
        at.max(Duration::from_secs(open * HOUR))
    }

    fn hourly(self, day: u64, hour: u64) -> u64 {
        let weekend = day >= 5;
        match self {
            Self::Office | Self::Rarely if weekend => 0,
            Self::Office | Self::Rarely => {
                let load = match hour {
                    8 | 12 | 17 => 600,
                    9 | 13 | 16 => 1_100,
                    10 | 14 => 1_400,
                    11 | 15 => 1_300,
                    _ => 0,
                };
                match (day, hour) {
                    (4, 15..) => load / 2,
                    _ => load,
                }
            }
            Self::School if weekend => 0,
            Self::School => match hour {
                7 => 2_500,
                8..=12 => 1_200,
                13..=15 => 700,
                _ => 0,
            },
            Self::Warehouse if day == 6 => 0,
            Self::Warehouse => match hour {
                6..=21 => 700,
                _ => 0,
            },
            Self::Shop if day == 6 => 0,
            Self::Shop => match hour {
                9..=15 => 800,
                16..=19 => 1_200,
                _ => 0,
            },
            Self::Ward => match hour {
                7..=18 => 700,
                _ => 150,
            },
        }
    }

    fn seasonal(self, week: u64) -> u64 {
        match self {
            Self::Office | Self::Rarely => {
                let load = match week {
                    0 => 600,
                    28..=33 => 650,
                    51 => 150,
                    // The last week of a quarter.
                    12 | 25 | 38 | 50 => 1_400,
                    _ => 1_050,
                };
                if self == Self::Rarely {
                    load / 12
                } else {
                    load
                }
            }
            Self::School => match week {
                14 | 15 | 28..=33 | 43 | 50 | 51 => 0,
                5 | 26 | 27 => 1_800,
                _ => 1_200,
            },
            Self::Warehouse => match week {
                44..=50 => 1_700,
                _ => 900,
            },
            Self::Shop => match week {
                46..=50 => 1_500,
                _ => 950,
            },
            Self::Ward => 1_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brings(profile: Profile, week: u64) -> u64 {
        // Weeks begin on Mondays at midnight, virtual time at eight.
        let first = (week * 7 * 24).saturating_sub(FIRST_HOUR);
        (first..first + 7 * 24).map(|hour| profile.load(hour)).sum()
    }

    #[test]
    fn an_average_office_day_brings_ten_average_hours() {
        let year: u64 = (0..WEEKS).map(|week| brings(Profile::Office, week)).sum();
        let days = WEEKS * 5;
        assert!((9_000..11_000).contains(&(year / days)), "{}", year / days);
    }

    #[test]
    fn nobody_prints_at_night_and_on_sundays_but_on_the_ward() {
        let sunday_noon = 6 * 24 + 12 - FIRST_HOUR;
        let monday_night = 24 - FIRST_HOUR + 3;
        for profile in PROFILES {
            let quiet = profile.load(sunday_noon) + profile.load(monday_night);
            assert_eq!(quiet > 0, profile == Profile::Ward, "{profile:?}");
            assert!(
                profile.load(3) > 0,
                "{profile:?} works on a Monday at eleven"
            );
        }
    }

    #[test]
    fn summer_is_quiet_in_offices_and_schools_are_closed() {
        assert!(brings(Profile::Office, 30) < brings(Profile::Office, 20) * 7 / 10);
        assert_eq!(brings(Profile::School, 30), 0);
        assert!(brings(Profile::Warehouse, 48) > brings(Profile::Warehouse, 20));
        assert!(brings(Profile::Rarely, 20) * 10 < brings(Profile::Office, 20));
    }

    #[test]
    fn whoever_comes_next_comes_in_an_open_hour() {
        let friday_evening = Duration::from_secs((4 * 24 + 20 - FIRST_HOUR) * HOUR);
        let monday = Duration::from_secs((7 * 24 + 8 - FIRST_HOUR) * HOUR);
        assert_eq!(Profile::Office.attended(friday_evening), monday);
        let at = monday + Duration::from_secs(90);
        assert_eq!(Profile::Office.attended(at), at);
        let holidays = Duration::from_secs(28 * 7 * 24 * HOUR);
        let back = Profile::School.attended(holidays).as_secs() / HOUR;
        assert_eq!((back + FIRST_HOUR) / 24 / 7, 34);
    }
}
