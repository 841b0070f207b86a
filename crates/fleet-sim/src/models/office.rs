//! People and time: jobs that come, somebody who refills what is empty, and what happens once in a
//! while.
//!
//! Time passes from event to event, never by the minute: an hour in which somebody works brings the
//! moments of its jobs, everything that is the matter has a moment at which somebody sees to it, and
//! restarts, firmware and the rest have theirs. What lies between two events costs nothing, so a
//! year of a device costs what its jobs cost, and it makes no difference in how many steps it passes.

use super::calendar::Profile;
use super::fitted::Fitted;
use super::state::{Happening, State, Trouble};
use super::{Identity, Model, past, work};
use crate::rng::Chance;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// What happens once in a while: after how many days on average.
const INCIDENTS: [(Happening, u32); 4] = [
    (Happening::Restarted, 30),
    (Happening::FirmwareUpdated, 200),
    (Happening::BoardReplaced, 1_800),
    (Happening::Swapped, 2_500),
];

/// What makes a device work.
#[derive(Clone, Debug)]
pub(super) struct Office {
    profile: Profile,
    /// Whether somebody refills trays and changes cartridges.
    pub(super) attended: bool,
    /// Whether boards break and devices are swapped.
    pub(super) eventful: bool,
    chance: Chance,
    /// The hour whose jobs are drawn next.
    hour: u64,
    /// The moments of the jobs that are still to come in this hour, the last one first.
    jobs: Vec<Duration>,
    /// When each of [`INCIDENTS`] happens next.
    incidents: [Duration; INCIDENTS.len()],
}

/// What happens next. Of two at the same moment the former comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// One of [`INCIDENTS`].
    Incident(usize),
    /// Somebody sees to an alert.
    Attend(usize),
    Job,
    /// An hour begins in which somebody works.
    Hour,
}

impl Office {
    pub(super) fn new(profile: Profile, chance: &mut Chance) -> Self {
        let mut chance = Chance::new(chance.next());
        let incidents = INCIDENTS.map(|(_, days)| after(&mut chance, 0, 100, days));
        Self {
            profile,
            attended: true,
            eventful: true,
            hour: profile.next_open(0),
            jobs: Vec::new(),
            incidents,
            chance,
        }
    }

    /// The next event and its moment.
    fn next(&self, state: &State) -> (Duration, Event) {
        let mut next = match self.jobs.last() {
            Some(job) => (*job, Event::Job),
            None => (
                HOUR * u32::try_from(self.hour).unwrap_or(u32::MAX),
                Event::Hour,
            ),
        };
        if self.attended {
            for (place, alert) in state.alerts.iter().enumerate() {
                let Some(due) = alert.due else { continue };
                // Most alerts wait behind the next job: only who does not needs the calendar.
                if due < next.0 {
                    let due = self.profile.attended(due.max(state.now));
                    next = next.min((due, Event::Attend(place)));
                }
            }
        }
        if self.eventful {
            for (place, moment) in self.incidents.iter().enumerate() {
                next = next.min(((*moment).max(state.now), Event::Incident(place)));
            }
        }
        next
    }

    /// Draws the moments of an hour's jobs. `jobs_a_day` is what an average day of ten hours brings.
    fn begin_hour(&mut self, jobs_a_day: u32) {
        let load = self.profile.load(self.hour);
        // In millionths of a job: a tenth of the day's, weighed by thousandths.
        let expected = u64::from(jobs_a_day) * 100 * load;
        let drawn = self.chance.below(2 * expected + 1);
        let rest = u32::try_from(drawn % 1_000_000).unwrap_or(0);
        let jobs = drawn / 1_000_000 + u64::from(self.chance.per_million(rest));
        let begin = HOUR * u32::try_from(self.hour).unwrap_or(u32::MAX);
        for _ in 0..jobs {
            let second = self.chance.below(HOUR.as_secs());
            self.jobs.push(begin + Duration::from_secs(second));
        }
        self.jobs.sort_unstable_by(|one, other| other.cmp(one));
        self.hour = self.profile.next_open(self.hour + 1);
    }
}

/// A moment between `least` and `most` percent of so many days from now.
fn after(chance: &mut Chance, least: u64, most: u64, days: u32) -> Duration {
    let whole = DAY.as_secs() * u64::from(days);
    Duration::from_secs(chance.between(whole * least / 100, whole * most / 100))
}

impl Model {
    /// Lets time pass and people work.
    pub(crate) fn advance(&mut self, by: Duration) {
        let end = self.state.now.saturating_add(by);
        loop {
            let (moment, event) = self.office.next(&self.state);
            if moment > end {
                break;
            }
            self.state.pass(moment);
            match event {
                Event::Incident(place) => self.incident(place),
                Event::Attend(place) => self.attend(place),
                Event::Job => {
                    self.office.jobs.pop();
                    work::random_job(&self.spec, &mut self.state);
                }
                Event::Hour => self.office.begin_hour(self.spec.jobs_a_day),
            }
        }
        self.state.pass(end);
        work::settle(&self.spec, &mut self.state);
        self.refresh();
    }

    /// Somebody comes by: clears jams, shuts covers, refills trays, changes what is spent.
    fn attend(&mut self, place: usize) {
        let (spec, state) = (&self.spec, &mut self.state);
        let Some(alert) = state.alerts.get(place) else {
            return;
        };
        let trouble = alert.trouble;
        match trouble {
            Trouble::SupplySpent(place) | Trouble::SupplyLow(place) => {
                work::replace(spec, state, place);
            }
            Trouble::TrayEmpty(place) => work::refill(spec, state, place),
            Trouble::Jam => {
                state.clear(trouble);
                if !spec.covers.is_empty() && state.chance.below(4) == 0 {
                    state.raise(spec, Trouble::CoverOpen(0));
                }
            }
            Trouble::CoverOpen(_) => state.clear(trouble),
        }
    }

    fn incident(&mut self, place: usize) {
        let Some((what, days)) = INCIDENTS.get(place) else {
            return;
        };
        let next = self.state.now + after(&mut self.office.chance, 30, 170, *days);
        if let Some(moment) = self.office.incidents.get_mut(place) {
            *moment = next;
        }
        self.happen(*what);
    }

    /// Lets something happen now.
    pub(crate) fn happen(&mut self, what: Happening) {
        match what {
            Happening::Restarted => {}
            Happening::FirmwareUpdated => self.update_firmware(),
            Happening::BoardReplaced => self.state.forget(self.spec.board),
            Happening::SupplyReplaced(place) => {
                work::replace(&self.spec, &mut self.state, place);
                return;
            }
            Happening::Swapped => self.swap(),
        }
        self.state.restart(&self.spec);
        self.state.note(what);
        self.state.is_renamed = true;
    }

    fn update_firmware(&mut self) {
        if !self.spec.firmware.is_empty() {
            self.spec.firmware = newer(&self.spec.firmware).into();
        }
        if self.spec.renumbers {
            // Rows move up by three with one version, and back again with the next.
            let first = self.spec.supplies.first().map_or(1, |supply| supply.index);
            for supply in &mut self.spec.supplies {
                supply.index = if first > 3 {
                    supply.index - 3
                } else {
                    supply.index + 3
                };
            }
        }
    }

    /// Another device of the same model, at the same address and under the same name, with a past of
    /// its own.
    fn swap(&mut self) {
        let chance = &mut self.office.chance;
        self.identity = Identity {
            serial: another(&self.identity.serial, chance),
            mac: {
                let [.., a, b, c] = chance.next().to_be_bytes();
                let [x, y, z, ..] = self.identity.mac;
                [x, y, z, a, b, c]
            },
            ..self.identity.clone()
        };
        let old = std::mem::replace(&mut self.state, past::draw(&self.spec, chance));
        self.state.now = old.now;
        self.state.history = old.history;
        for place in 0..self.spec.supplies.len() {
            work::note_level(&self.spec, &mut self.state, place);
        }
    }
}

/// The next version: the last number in it grows by one.
fn newer(version: &str) -> String {
    let is_digit = |letter: char| letter.is_ascii_digit();
    let Some(end) = version.rfind(is_digit).map(|last| last + 1) else {
        return format!("{version}1");
    };
    let front = version.get(..end).unwrap_or_default();
    let begin = front.trim_end_matches(is_digit).len();
    let (before, rest) = version.split_at(begin);
    let (digits, behind) = rest.split_at(end - begin);
    let number = digits.parse::<u64>().unwrap_or(0).saturating_add(1);
    format!("{before}{number:0width$}{behind}", width = digits.len())
}

/// A serial number of the same form: its last eight digits drawn anew.
fn another(serial: &str, chance: &mut Chance) -> String {
    let digits = serial
        .bytes()
        .rev()
        .take_while(u8::is_ascii_digit)
        .count()
        .min(8);
    let (front, _) = serial.split_at(serial.len() - digits);
    let most = 10_u64.pow(u32::try_from(digits).unwrap_or(0));
    format!("{front}{:0digits$}", chance.below(most))
}

/// What is in a device when its past begins.
pub(super) fn fitted(spec: &super::Spec, chance: &mut Chance) -> Vec<Fitted> {
    let supplies = spec.supplies.iter();
    supplies
        .map(|supply| {
            let before = u32::try_from(chance.below(9)).unwrap_or(0);
            let share = chance.between(3, 80);
            Fitted {
                // A hundredth of what it lasts, in hundredths of a side, is as many as it lasts.
                worn: supply.lasts * share,
                ..Fitted::new(supply, before, chance)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_serials_keep_their_form() {
        assert_eq!(newer("2VG_S000.002.601"), "2VG_S000.002.602");
        assert_eq!(newer("1.09"), "1.10");
        assert_eq!(newer("N"), "N1");
        assert_eq!(newer("T420SY0W1705"), "T420SY0W1706");
        let mut chance = Chance::new(3);
        let serial = another("KYO12345678", &mut chance);
        assert!(serial.starts_with("KYO") && serial.len() == 11, "{serial}");
        assert_ne!(serial, "KYO12345678");
    }
}
