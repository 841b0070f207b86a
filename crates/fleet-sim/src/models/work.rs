//! Work: pages, scans, wear, jams.

use super::fitted::{Coverage, Fitted, per_side};
use super::spec::Spec;
use super::state::{Activity, Happening, State, Trouble};
use super::tally::{Color, Origin, Size, Work};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

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
    /// On which size, where the device has large paper.
    pub size: Size,
    /// What a side lays down.
    pub coverage: Coverage,
}

impl Job {
    /// One-sided, small, of ordinary coverage.
    #[must_use]
    pub fn new(work: Work, color: Color, sides: u64) -> Self {
        Self {
            work,
            color,
            sides,
            duplex: false,
            size: Size::Small,
            coverage: Coverage::ORDINARY,
        }
    }

    /// The same, two sides to a sheet.
    #[must_use]
    pub fn duplex(mut self) -> Self {
        self.duplex = true;
        self
    }

    /// The same on large paper.
    #[must_use]
    pub fn large(mut self) -> Self {
        self.size = Size::Large;
        self
    }
}

/// Falls asleep where nothing happened for long enough.
pub(super) fn settle(spec: &Spec, state: &mut State) {
    let limit = MINUTE * spec.sleep_minutes;
    if spec.sleep_minutes > 0 && state.uptime.saturating_sub(state.last_busy) >= limit {
        state.asleep = true;
    }
}

/// A new cartridge, drum or box; now and then it is a refill.
pub(crate) fn replace(spec: &Spec, state: &mut State, place: usize) {
    state.clear(Trouble::SupplyLow(place));
    state.clear(Trouble::SupplySpent(place));
    let (Some(supply), Some(old)) = (spec.supplies.get(place), state.supplies.get_mut(place))
    else {
        return;
    };
    let chance = &mut state.chance;
    let is_refill = supply.colorant.is_some() && chance.below(100) < spec.refills_percent;
    *old = Fitted {
        is_refill,
        ..Fitted::new(supply, old.predecessors.saturating_add(1), chance)
    };
    state.is_renamed = true;
    state.note(Happening::SupplyReplaced(place));
}

/// A full tray.
pub(super) fn refill(spec: &Spec, state: &mut State, place: usize) {
    if let (Some(sheets), Some(tray)) = (state.sheets.get_mut(place), spec.trays.get(place)) {
        *sheets = tray.capacity;
    }
    state.clear(Trouble::TrayEmpty(place));
}

/// Somebody sends, copies, scans or faxes something.
pub(super) fn random_job(spec: &Spec, state: &mut State) {
    let chance = &mut state.chance;
    let color = if chance.per_million(350_000) {
        Color::Color
    } else {
        Color::Mono
    };
    // Most jobs are short; one in sixty-four is a report or a set of handouts.
    let [kind, long, large, duplex, ..] = chance.next().to_be_bytes();
    let sides = match long {
        0..=3 => chance.between(20, 120),
        _ => chance.between(1, 12),
    };
    let job = Job {
        work: Work::Print,
        color,
        sides,
        duplex: duplex < 102,
        size: if spec.large && large < 13 {
            Size::Large
        } else {
            Size::Small
        },
        coverage: Coverage::draw(chance),
    };
    match kind % 10 {
        0 | 1 if spec.copier => {
            let sides = sides.min(40);
            copy(spec, state, Job { sides, ..job });
        }
        2 if spec.copier => scan(spec, state, Origin::Send, color, sides),
        3 if spec.fax && long % 2 == 0 => scan(spec, state, Origin::Fax, Color::Mono, sides.min(8)),
        3 if spec.fax => {
            make(spec, state, fax_job(sides.min(8)));
        }
        _ => {
            make(spec, state, job);
        }
    }
}

/// A received fax: black, one side to a sheet.
pub(crate) fn fax_job(sides: u64) -> Job {
    Job::new(Work::Fax, Color::Mono, sides)
}

/// A copy: a scan and sides.
pub(crate) fn copy(spec: &Spec, state: &mut State, job: Job) -> u64 {
    if !spec.copier {
        return 0;
    }
    let work = Work::Copy;
    let made = make(spec, state, Job { work, ..job });
    scan(spec, state, Origin::Copy, job.color, made);
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
    let size = if spec.large { job.size } else { Size::Small };
    let duplex = job.duplex && spec.duplex;
    let what = (color, size, job.coverage);
    let mut sides = state.room_for(spec, job.sides, duplex, what);
    // One sheet in about four thousand gets stuck.
    let jammed = state.chance.below(4_000) < sides;
    if jammed {
        sides = state.chance.below(sides);
        state.tally.add_jam();
        state.raise(spec, Trouble::Jam);
    }
    state.tally.add_sides(job.work, color, size, sides, duplex);
    if spec.unbilled_per_mille > 0 {
        let own = sides * spec.unbilled_per_mille;
        let own = own / 1_000 + u64::from(state.chance.below(1_000) < own % 1_000);
        state.tally.add_unbilled(own);
    }
    wear(spec, state, sides, what);
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

fn wear(spec: &Spec, state: &mut State, sides: u64, what: (Color, Size, Coverage)) {
    let (color, size, coverage) = what;
    for (place, supply) in spec.supplies.iter().enumerate() {
        let each = per_side(supply, color, size, coverage);
        let Some(fitted) = state.supplies.get_mut(place).filter(|_| each > 0) else {
            continue;
        };
        let all = supply.lasts * super::fitted::SIDE;
        fitted.worn = fitted.worn.saturating_add(sides * each).min(all);
        note_level(spec, state, place);
    }
}

/// Raises what a supply's level calls for.
pub(super) fn note_level(spec: &Spec, state: &mut State, place: usize) {
    let (Some(supply), Some(fitted)) = (spec.supplies.get(place), state.supplies.get(place)) else {
        return;
    };
    match fitted.left(supply) {
        0 => {
            state.clear(Trouble::SupplyLow(place));
            state.raise(spec, Trouble::SupplySpent(place));
        }
        left if left <= supply.lasts * super::fitted::SIDE / 10 => {
            state.raise(spec, Trouble::SupplyLow(place));
        }
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
    let (Some(supply), Some(fitted)) = (spec.supplies.get(place), state.supplies.get_mut(place))
    else {
        return;
    };
    // A hundredth of what it lasts, in hundredths of a side, is as many as it lasts.
    fitted.worn = supply.lasts * u64::from(100 - percent.min(100));
    state.clear(Trouble::SupplyLow(place));
    state.clear(Trouble::SupplySpent(place));
    note_level(spec, state, place);
}
