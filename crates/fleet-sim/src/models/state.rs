//! What a device has done so far and what is the matter with it, on virtual time.

use super::spec::{Precision, Spec, TrayLevel, Wear};
use crate::rng::Chance;
use crate::truth::{ColorMode, Counts, Function, Sides};
use std::time::Duration;

/// What a side was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Work {
    /// A print job.
    Print,
    /// A copy.
    Copy,
    /// A received fax.
    Fax,
    /// A report of the device's own: counted in the total and in no function.
    Report,
}

/// The colours of a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Color {
    /// Black alone.
    Mono,
    /// With colour.
    Color,
}

/// What was scanned for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// For a copy.
    Copy,
    /// For a fax to be sent.
    Fax,
    /// For a computer, an address or a folder.
    Send,
}

/// Something that can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Quantity {
    /// Billed sides: of one kind of work or all, in one colour or all, one or two to a sheet or both.
    Sides {
        /// The work, or all.
        work: Option<Work>,
        /// The colour, or all.
        color: Option<Color>,
        /// Whether the sheet carries two sides, or either.
        duplex: Option<bool>,
    },
    /// Scanned sides.
    Scans {
        /// What for, or all.
        origin: Option<Origin>,
        /// The colour, or all.
        color: Option<Color>,
    },
    /// Sides scanned for anything but a copy.
    FeederScans,
    /// Sheets of paper.
    Sheets,
    /// Sheets that carry two sides.
    DuplexSheets,
    /// Paper jams.
    Jams,
    /// prtMarkerLifeCount: billed sides, and what the engine did for itself.
    Life,
    /// Sides since power on.
    SincePowerOn,
}

impl Quantity {
    /// All billed sides.
    pub const TOTAL: Self = Self::Sides {
        work: None,
        color: None,
        duplex: None,
    };

    /// Sides of one kind of work.
    #[must_use]
    pub const fn of(work: Work) -> Self {
        Self::Sides {
            work: Some(work),
            color: None,
            duplex: None,
        }
    }

    /// Sides of one kind of work in one colour.
    #[must_use]
    pub const fn of_in(work: Work, color: Color) -> Self {
        Self::Sides {
            work: Some(work),
            color: Some(color),
            duplex: None,
        }
    }

    /// All sides in one colour.
    #[must_use]
    pub const fn colored(color: Color) -> Self {
        Self::Sides {
            work: None,
            color: Some(color),
            duplex: None,
        }
    }

    /// All scanned sides.
    pub const SCANS: Self = Self::Scans {
        origin: None,
        color: None,
    };

    /// The quantity in a reader's words, where it has one of them.
    #[must_use]
    pub fn counts(self) -> Option<Counts> {
        let color_mode = |color: Option<Color>| match color {
            None => ColorMode::Any,
            Some(Color::Mono) => ColorMode::Mono,
            Some(Color::Color) => ColorMode::Color,
        };
        match self {
            Self::Sides {
                work,
                color,
                duplex,
            } => {
                let function = match work {
                    None => Function::Total,
                    Some(Work::Print) => Function::Print,
                    Some(Work::Copy) => Function::Copy,
                    Some(Work::Fax) => Function::Fax,
                    Some(Work::Report) => return None,
                };
                let sides = match duplex {
                    None => Sides::Any,
                    Some(true) => Sides::Duplex,
                    Some(false) => Sides::Simplex,
                };
                Some(Counts::all(function).in_color(color_mode(color)).on(sides))
            }
            Self::Scans {
                origin: None,
                color,
            } => Some(Counts::all(Function::Scan).in_color(color_mode(color))),
            _ => None,
        }
    }
}

const WORKS: [Work; 4] = [Work::Print, Work::Copy, Work::Fax, Work::Report];
const COLORS: [Color; 2] = [Color::Mono, Color::Color];
const ORIGINS: [Origin; 3] = [Origin::Copy, Origin::Fax, Origin::Send];

/// Everything counted since the device was made. Sums close by construction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// By work, colour, and one or two sides to a sheet.
    sides: [[[u64; 2]; 2]; 4],
    /// By origin and colour.
    scans: [[u64; 2]; 3],
    duplex_sheets: u64,
    jams: u64,
    unbilled: u64,
    before_power_on: u64,
}

impl Tally {
    /// Counts `sides` on paper; with `duplex`, two to a sheet and an odd last one alone.
    pub(super) fn add_sides(&mut self, work: Work, color: Color, sides: u64, duplex: bool) {
        let paired = if duplex { sides - sides % 2 } else { 0 };
        let by_sheet = &mut self.sides[work as usize][color as usize];
        by_sheet[0] += sides - paired;
        by_sheet[1] += paired;
        self.duplex_sheets += paired / 2;
    }

    pub(super) fn add_scans(&mut self, origin: Origin, color: Color, sides: u64) {
        self.scans[origin as usize][color as usize] += sides;
    }

    pub(super) fn add_jam(&mut self) {
        self.jams += 1;
    }

    pub(super) fn add_unbilled(&mut self, sides: u64) {
        self.unbilled += sides;
    }

    pub(super) fn power_on(&mut self) {
        self.before_power_on = self.count(Quantity::Life);
    }

    /// How many of these there are.
    #[must_use]
    pub fn count(&self, quantity: Quantity) -> u64 {
        match quantity {
            Quantity::Sides {
                work,
                color,
                duplex,
            } => self.sum_sides(work, color, duplex),
            Quantity::Scans { origin, color } => ORIGINS
                .into_iter()
                .filter(|one| origin.is_none_or(|wanted| wanted == *one))
                .flat_map(|one| COLORS.map(|color| (one, color)))
                .filter(|(_, one)| color.is_none_or(|wanted| wanted == *one))
                .map(|(origin, color)| self.scans[origin as usize][color as usize])
                .sum(),
            Quantity::FeederScans => [Origin::Fax, Origin::Send]
                .map(|origin| self.scans[origin as usize].iter().sum::<u64>())
                .iter()
                .sum(),
            Quantity::Sheets => self.sum_sides(None, None, Some(false)) + self.duplex_sheets,
            Quantity::DuplexSheets => self.duplex_sheets,
            Quantity::Jams => self.jams,
            Quantity::Life => self.sum_sides(None, None, None) + self.unbilled,
            Quantity::SincePowerOn => self.count(Quantity::Life) - self.before_power_on,
        }
    }

    fn sum_sides(&self, work: Option<Work>, color: Option<Color>, duplex: Option<bool>) -> u64 {
        WORKS
            .into_iter()
            .filter(|one| work.is_none_or(|wanted| wanted == *one))
            .flat_map(|one| COLORS.map(|color| (one, color)))
            .filter(|(_, one)| color.is_none_or(|wanted| wanted == *one))
            .map(|(work, color)| {
                let [simplex, paired] = self.sides[work as usize][color as usize];
                match duplex {
                    None => simplex + paired,
                    Some(false) => simplex,
                    Some(true) => paired,
                }
            })
            .sum()
    }
}

/// Something the matter: a row of prtAlertTable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// prtAlertIndex: grows, and leaves gaps when alerts are cleared.
    pub index: u32,
    /// What is the matter.
    pub trouble: Trouble,
    /// prtAlertTime: the uptime when it began.
    pub since: Duration,
}

/// What can be the matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// A cover stands open.
    CoverOpen(usize),
    /// Paper is stuck.
    Jam,
    /// A supply is nearly used up, or a box nearly full.
    SupplyLow(usize),
    /// A supply is used up, or a box full.
    SupplySpent(usize),
    /// A tray is empty.
    TrayEmpty(usize),
}

impl Trouble {
    /// Whether the device stops.
    #[must_use]
    pub fn is_critical(self, spec: &Spec) -> bool {
        match self {
            Self::CoverOpen(_) | Self::Jam => true,
            Self::SupplyLow(_) => false,
            Self::SupplySpent(place) => spec
                .supplies
                .get(place)
                .is_some_and(|supply| supply.stops_when_spent()),
            Self::TrayEmpty(_) => false,
        }
    }
}

/// What the engine does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Waiting for work.
    Idle,
    /// Working until this uptime.
    Printing(Duration),
}

/// The part of a device that changes.
#[derive(Clone, Debug)]
pub struct State {
    /// Time since power on.
    pub uptime: Duration,
    /// What was counted.
    pub tally: Tally,
    /// Sides that each supply has worked for, of those it lasts.
    pub used: Vec<u64>,
    /// Sheets in each tray.
    pub sheets: Vec<u32>,
    /// What is the matter.
    pub alerts: Vec<Alert>,
    /// All alerts ever.
    pub alerts_seen: u32,
    /// All critical alerts ever.
    pub critical_seen: u32,
    /// What it does.
    pub activity: Activity,
    /// Whether it sleeps.
    pub asleep: bool,
    /// When it last worked or was asked.
    pub last_busy: Duration,
    /// Its own luck.
    pub chance: Chance,
}

impl State {
    /// Sides that supply `place` has left.
    #[must_use]
    pub fn left(&self, spec: &Spec, place: usize) -> u64 {
        let lasts = spec.supplies.get(place).map_or(0, |supply| supply.lasts);
        lasts.saturating_sub(self.used.get(place).copied().unwrap_or(0))
    }

    /// prtMarkerSuppliesMaxCapacity and prtMarkerSuppliesLevel of supply `place`.
    ///
    /// A box's level is the room left in it (RFC 3805, prtMarkerSuppliesLevel).
    #[must_use]
    pub fn supply_level(&self, spec: &Spec, place: usize) -> (i64, i64) {
        let Some(supply) = spec.supplies.get(place) else {
            return (-2, -2);
        };
        let left = self.left(spec, place);
        let of = |whole: i64| {
            let share = i128::from(left) * i128::from(whole) / i128::from(supply.lasts.max(1));
            // What is left of something that is not spent never shows as spent.
            let shown = i64::try_from(share).unwrap_or(0);
            if left > 0 { shown.max(1) } else { shown }
        };
        match supply.precision {
            Precision::Exact => (supply.capacity, of(supply.capacity)),
            Precision::Tenths => {
                let tenths = of(10);
                (supply.capacity, tenths * supply.capacity / 10)
            }
            Precision::TwoState => (-2, if left > 0 { -3 } else { 0 }),
            Precision::PercentWithoutCapacity => (-2, of(100)),
            Precision::VagueWhenLow => match of(supply.capacity) {
                level if level > 0 && level <= supply.capacity / 10 => (supply.capacity, -3),
                level => (supply.capacity, level),
            },
        }
    }

    /// prtInputMaxCapacity and prtInputCurrentLevel of tray `place`.
    #[must_use]
    pub fn tray_level(&self, spec: &Spec, place: usize) -> (i64, i64) {
        let Some(tray) = spec.trays.get(place) else {
            return (-2, -2);
        };
        let sheets = i64::from(self.sheets.get(place).copied().unwrap_or(0));
        let capacity = i64::from(tray.capacity);
        let level = match tray.level {
            TrayLevel::Exact => sheets,
            TrayLevel::FullOrEmpty if sheets > 0 => capacity,
            TrayLevel::SomeOrEmpty if sheets > 0 => -3,
            TrayLevel::Unknown => -2,
            TrayLevel::FullOrEmpty | TrayLevel::SomeOrEmpty => 0,
        };
        (capacity, level)
    }

    /// Whether something stops the device.
    #[must_use]
    pub fn is_stopped(&self, spec: &Spec) -> bool {
        self.alerts
            .iter()
            .any(|alert| alert.trouble.is_critical(spec))
            || (!self.sheets.is_empty() && self.sheets.iter().all(|sheets| *sheets == 0))
    }

    /// Whether this is the matter.
    #[must_use]
    pub fn has(&self, trouble: Trouble) -> bool {
        self.alerts.iter().any(|alert| alert.trouble == trouble)
    }

    /// Notes that this is the matter, unless it is noted already.
    pub fn raise(&mut self, spec: &Spec, trouble: Trouble) {
        if self.has(trouble) {
            return;
        }
        self.alerts_seen += 1;
        if trouble.is_critical(spec) {
            self.critical_seen += 1;
        }
        self.alerts.push(Alert {
            index: self.alerts_seen,
            trouble,
            since: self.uptime,
        });
    }

    /// Notes that this is the matter no longer.
    pub fn clear(&mut self, trouble: Trouble) {
        self.alerts.retain(|alert| alert.trouble != trouble);
    }

    /// How many sides can be made of this work in this colour before a supply or the paper ends.
    pub(super) fn room_for(&self, spec: &Spec, color: Color, wanted: u64, duplex: bool) -> u64 {
        let by_supplies = spec
            .supplies
            .iter()
            .enumerate()
            .filter(|(_, supply)| supply.stops_when_spent())
            .filter(|(_, supply)| supply.wear == Wear::EverySide || color == Color::Color)
            .map(|(place, _)| self.left(spec, place))
            .min()
            .unwrap_or(u64::MAX);
        let per_sheet = if duplex { 2 } else { 1 };
        let sheets: u64 = self.sheets.iter().map(|sheets| u64::from(*sheets)).sum();
        // Who has no trays is fed from a roll.
        let by_paper = match self.sheets.is_empty() {
            true => u64::MAX,
            false => sheets * per_sheet,
        };
        wanted.min(by_supplies).min(by_paper)
    }
}
