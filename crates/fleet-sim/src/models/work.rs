//! Work: pages, scans, wear, jams, and somebody who refills what is empty.

use super::spec::{Spec, Wear};
use super::state::{Activity, Color, Origin, State, Trouble, Work};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
/// An office works from eight to six.
const WORKING_MINUTES: u64 = 10 * 60;

/// A job for the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// What for.
    pub work: Work,
    /// In which colours; a mono device makes everything mono.
    pub color: Color,
    /// How many sides.
    pub sides: u64,
    /// Two sides to a sheet, where the device can.
    pub duplex: bool,
}

/// What makes a device work, and what became of it so far.
#[derive(Clone, Debug)]
pub(super) struct Office {
    /// Virtual time that is not yet a whole minute.
    carry: Duration,
    /// Whole minutes since the simulation began, which is at eight on a Monday.
    minutes: u64,
    /// Whether somebody refills trays and changes cartridges.
    pub(super) attended: bool,
}

impl Office {
    pub(super) fn new() -> Self {
        Self {
            carry: Duration::ZERO,
            minutes: 0,
            attended: true,
        }
    }

    fn is_working_time(&self) -> bool {
        let day = self.minutes / (24 * 60);
        day % 7 < 5 && self.minutes % (24 * 60) < WORKING_MINUTES
    }

    /// Lets time pass and jobs come, minute by minute, so that two halves do the same as the whole.
    pub(super) fn advance(&mut self, spec: &Spec, state: &mut State, by: Duration) {
        let end = state.uptime.saturating_add(by);
        self.carry += by;
        while self.carry >= MINUTE {
            self.carry -= MINUTE;
            self.minutes += 1;
            state.uptime = end.saturating_sub(self.carry);
            self.minute(spec, state);
        }
        state.uptime = end;
        settle(spec, state);
    }

    fn minute(&self, spec: &Spec, state: &mut State) {
        if self.attended {
            attend(spec, state);
        }
        let share = u64::from(spec.jobs_a_day) * 1_000_000 / WORKING_MINUTES;
        let share = u32::try_from(share).unwrap_or(u32::MAX);
        if self.is_working_time() && state.chance.per_million(share) {
            random_job(spec, state);
        }
        settle(spec, state);
    }
}

/// Falls asleep where nothing happened for long enough.
pub(super) fn settle(spec: &Spec, state: &mut State) {
    let limit = MINUTE * spec.sleep_minutes;
    if spec.sleep_minutes > 0 && state.uptime.saturating_sub(state.last_busy) >= limit {
        state.asleep = true;
    }
}

/// Somebody comes by: clears jams, shuts covers, refills trays, changes what is spent.
fn attend(spec: &Spec, state: &mut State) {
    let now = state.uptime;
    let seen: Vec<Trouble> = state
        .alerts
        .iter()
        .filter(|alert| {
            let patience = match alert.trouble {
                Trouble::CoverOpen(_) => 3,
                Trouble::Jam => 12,
                Trouble::TrayEmpty(_) => 20,
                Trouble::SupplySpent(_) => 90,
                // Low is no reason to change anything.
                Trouble::SupplyLow(_) => return false,
            };
            now.saturating_sub(alert.since) >= MINUTE * patience
        })
        .map(|alert| alert.trouble)
        .collect();
    for trouble in seen {
        match trouble {
            Trouble::SupplySpent(place) | Trouble::SupplyLow(place) => replace(state, place),
            Trouble::TrayEmpty(place) => refill(spec, state, place),
            Trouble::CoverOpen(_) | Trouble::Jam => state.clear(trouble),
        }
    }
}

/// A new cartridge, drum or box.
pub(crate) fn replace(state: &mut State, place: usize) {
    if let Some(used) = state.used.get_mut(place) {
        *used = 0;
    }
    state.clear(Trouble::SupplyLow(place));
    state.clear(Trouble::SupplySpent(place));
}

/// A full tray.
pub(super) fn refill(spec: &Spec, state: &mut State, place: usize) {
    if let (Some(sheets), Some(tray)) = (state.sheets.get_mut(place), spec.trays.get(place)) {
        *sheets = tray.capacity;
    }
    state.clear(Trouble::TrayEmpty(place));
}

fn random_job(spec: &Spec, state: &mut State) {
    let chance = &mut state.chance;
    let color = if chance.per_million(350_000) {
        Color::Color
    } else {
        Color::Mono
    };
    let sides = chance.between(1, 12);
    let duplex = chance.per_million(400_000);
    let kind = chance.below(10);
    match kind {
        0 | 1 if spec.copier => {
            copy(spec, state, sides.min(6), color, duplex);
        }
        2 if spec.copier => scan(spec, state, Origin::Send, color, sides),
        3 if spec.fax => {
            make(spec, state, fax_job(sides.min(3)));
        }
        _ => {
            let work = Work::Print;
            make(
                spec,
                state,
                Job {
                    work,
                    color,
                    sides,
                    duplex,
                },
            );
        }
    }
}

/// A received fax: black, one side to a sheet.
pub(crate) fn fax_job(sides: u64) -> Job {
    Job {
        work: Work::Fax,
        color: Color::Mono,
        sides,
        duplex: false,
    }
}

/// A copy: a scan and sides.
pub(crate) fn copy(spec: &Spec, state: &mut State, sides: u64, color: Color, duplex: bool) -> u64 {
    if !spec.copier {
        return 0;
    }
    let job = Job {
        work: Work::Copy,
        color,
        sides,
        duplex,
    };
    let made = make(spec, state, job);
    scan(spec, state, Origin::Copy, color, made);
    made
}

/// Sides over the glass or through the feeder. A scanner has colour on mono devices too.
pub(crate) fn scan(spec: &Spec, state: &mut State, origin: Origin, color: Color, sides: u64) {
    if spec.copier {
        wake(state);
        state.tally.add_scans(origin, color, sides);
    }
}

/// Makes as many sides of the job as toner, paper and luck allow, and says how many.
pub(crate) fn make(spec: &Spec, state: &mut State, job: Job) -> u64 {
    wake(state);
    if state.is_stopped(spec) {
        return 0;
    }
    let color = if spec.color { job.color } else { Color::Mono };
    let duplex = job.duplex && spec.duplex;
    let mut sides = state.room_for(spec, color, job.sides, duplex);
    // One sheet in about four thousand gets stuck.
    let jammed = state.chance.below(4_000) < sides;
    if jammed {
        sides = state.chance.below(sides);
        state.tally.add_jam();
        state.raise(spec, Trouble::Jam);
    }
    state.tally.add_sides(job.work, color, sides, duplex);
    let own = sides * spec.unbilled_per_mille;
    let own = own / 1_000 + u64::from(state.chance.below(1_000) < own % 1_000);
    state.tally.add_unbilled(own);
    wear(spec, state, color, sides);
    take_paper(spec, state, if duplex { sides.div_ceil(2) } else { sides });
    let time = MINUTE * u32::try_from(sides).unwrap_or(u32::MAX) / spec.speed.max(1);
    state.activity = Activity::Printing(state.uptime.saturating_add(time));
    sides
}

/// Whatever wakes the device.
pub(super) fn wake(state: &mut State) {
    state.asleep = false;
    state.last_busy = state.uptime;
}

fn wear(spec: &Spec, state: &mut State, color: Color, sides: u64) {
    for (place, supply) in spec.supplies.iter().enumerate() {
        if supply.wear == Wear::ColorSide && color == Color::Mono {
            continue;
        }
        if let Some(used) = state.used.get_mut(place) {
            *used = used.saturating_add(sides).min(supply.lasts);
        }
        note_level(spec, state, place);
    }
}

/// Raises what a supply's level calls for.
pub(super) fn note_level(spec: &Spec, state: &mut State, place: usize) {
    let lasts = spec.supplies.get(place).map_or(0, |supply| supply.lasts);
    match state.left(spec, place) {
        0 => {
            state.clear(Trouble::SupplyLow(place));
            state.raise(spec, Trouble::SupplySpent(place));
        }
        left if left <= lasts / 10 => state.raise(spec, Trouble::SupplyLow(place)),
        _ => {}
    }
}

fn take_paper(spec: &Spec, state: &mut State, sheets: u64) {
    let mut wanted = sheets;
    for place in 0..state.sheets.len() {
        let Some(tray) = state.sheets.get_mut(place) else {
            return;
        };
        let taken = wanted.min(u64::from(*tray));
        *tray -= u32::try_from(taken).unwrap_or(*tray);
        wanted -= taken;
        // A manual slot is empty most of the time and nobody is told.
        let is_tray = spec.trays.get(place).is_some_and(|tray| tray.kind != 5);
        if *tray == 0 && is_tray {
            state.raise(spec, Trouble::TrayEmpty(place));
        }
        if wanted == 0 {
            return;
        }
    }
}

/// Leaves so many percent of a supply, and raises what that calls for.
pub(crate) fn set_supply(spec: &Spec, state: &mut State, place: usize, percent: u32) {
    let lasts = spec.supplies.get(place).map_or(0, |supply| supply.lasts);
    let left = lasts * u64::from(percent.min(100)) / 100;
    if let Some(used) = state.used.get_mut(place) {
        *used = lasts - left;
    }
    state.clear(Trouble::SupplyLow(place));
    state.clear(Trouble::SupplySpent(place));
    note_level(spec, state, place);
}
