//! What a device has done so far and what is the matter with it, on virtual time.

use super::fitted::{Coverage, Fitted, per_side};
use super::spec::{BoardMemory, Spec, TrayLevel};
use super::tally::{Color, Quantity, Size, Tally};
use crate::rng::Chance;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// Something the matter: a row of prtAlertTable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// prtAlertIndex: grows, and leaves gaps when alerts are cleared.
    pub index: u32,
    /// What is the matter.
    pub trouble: Trouble,
    /// prtAlertTime: the uptime when it began.
    pub since: Duration,
    /// When somebody would see to it, on the clock of [`State::now`]; nothing where nobody does.
    pub due: Option<Duration>,
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

    /// After how many minutes somebody sees to it, at the least.
    fn patience(self) -> u32 {
        match self {
            Self::CoverOpen(_) => 3,
            Self::Jam => 12,
            Self::TrayEmpty(_) => 20,
            Self::SupplySpent(_) => 90,
            Self::SupplyLow(_) => 24 * 60,
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

/// Something that happened to a device, for those who compare its past with what they read of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Happened {
    /// When, on the clock of [`State::now`].
    pub at: Duration,
    /// What.
    pub what: Happening,
}

/// What happens to a device besides work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Happening {
    /// Its controller board was replaced: see [`BoardMemory`].
    BoardReplaced,
    /// It got newer firmware, and restarted.
    FirmwareUpdated,
    /// It restarted.
    Restarted,
    /// A supply was replaced, by its place in the table.
    SupplyReplaced(usize),
    /// Another device of the same model stands at its address.
    Swapped,
}

/// The part of a device that changes.
#[derive(Clone, Debug)]
pub struct State {
    /// Virtual time in which people worked with it.
    pub now: Duration,
    /// Time since power on.
    pub uptime: Duration,
    /// What was counted since the device was made.
    pub tally: Tally,
    /// The supplies that are in, in the order of the model's.
    pub supplies: Vec<Fitted>,
    /// Sheets in each tray.
    pub sheets: Vec<u32>,
    /// What is the matter.
    pub alerts: Vec<Alert>,
    /// All alerts since power on.
    pub alerts_seen: u32,
    /// All critical alerts since power on.
    pub critical_seen: u32,
    /// What it does.
    pub activity: Activity,
    /// Whether it sleeps.
    pub asleep: bool,
    /// When it last worked or was asked, on the clock of [`uptime`](Self::uptime).
    pub last_busy: Duration,
    /// What happened to it since the simulation began.
    pub history: Vec<Happened>,
    /// Its own luck.
    pub chance: Chance,
    /// What was counted when the memory that its counters stand in was last new.
    pub(super) forgotten: Forgotten,
    /// Whether texts changed that were put on the board as they were.
    pub(super) is_renamed: bool,
}

/// What was counted before the present memories.
#[derive(Clone, Debug, Default)]
pub(super) struct Forgotten {
    controller: Tally,
    engine: Tally,
}

impl State {
    /// What the device says that it counted. That is less than the truth where its memory was
    /// replaced.
    #[must_use]
    pub fn told(&self, quantity: Quantity) -> u64 {
        let before = if quantity.is_the_engines() {
            &self.forgotten.engine
        } else {
            &self.forgotten.controller
        };
        let before = match quantity {
            Quantity::SincePowerOn => 0,
            quantity => before.count(quantity),
        };
        self.tally.count(quantity).saturating_sub(before)
    }

    /// The memory of the controller's board is new.
    pub(super) fn forget(&mut self, memory: BoardMemory) {
        if memory != BoardMemory::Kept {
            self.forgotten.controller = self.tally.clone();
        }
        if memory == BoardMemory::AllLost {
            self.forgotten.engine = self.tally.clone();
        }
    }

    pub(super) fn note(&mut self, what: Happening) {
        self.history.push(Happened { at: self.now, what });
    }

    /// Power goes off and on again: what is the matter is found out anew.
    pub(super) fn restart(&mut self, spec: &Spec) {
        self.uptime = Duration::ZERO;
        self.last_busy = Duration::ZERO;
        self.asleep = false;
        self.activity = Activity::Idle;
        self.tally.power_on();
        self.alerts_seen = 0;
        self.critical_seen = 0;
        for alert in &mut self.alerts {
            self.alerts_seen += 1;
            self.critical_seen += u32::from(alert.trouble.is_critical(spec));
            alert.index = self.alerts_seen;
            alert.since = Duration::ZERO;
        }
    }

    /// Lets both clocks run.
    pub(super) fn pass(&mut self, to: Duration) {
        let by = to.saturating_sub(self.now);
        self.now += by;
        self.uptime += by;
    }

    /// Ordinary sides that supply `place` has left.
    #[must_use]
    pub fn left(&self, spec: &Spec, place: usize) -> u64 {
        match (spec.supplies.get(place), self.supplies.get(place)) {
            (Some(supply), Some(fitted)) => fitted.left(supply).div_ceil(super::fitted::SIDE),
            _ => 0,
        }
    }

    /// prtMarkerSuppliesMaxCapacity and prtMarkerSuppliesLevel of supply `place`.
    #[must_use]
    pub fn supply_level(&self, spec: &Spec, place: usize) -> (i64, i64) {
        match (spec.supplies.get(place), self.supplies.get(place)) {
            (Some(supply), Some(fitted)) => fitted.level(supply),
            _ => (-2, -2),
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
        let patience = MINUTE * trouble.patience();
        let more = u32::try_from(self.chance.below(3_000)).unwrap_or(0);
        // Low is for most people no reason to change anything.
        let is_seen_to = !matches!(trouble, Trouble::SupplyLow(_)) || self.chance.below(4) == 0;
        self.alerts.push(Alert {
            index: self.alerts_seen,
            trouble,
            since: self.uptime,
            due: is_seen_to.then(|| self.now + patience + patience * more / 1_000),
        });
    }

    /// Notes that this is the matter no longer.
    pub fn clear(&mut self, trouble: Trouble) {
        self.alerts.retain(|alert| alert.trouble != trouble);
    }

    /// How many of `wanted` sides can be made before a supply or the paper ends.
    pub(super) fn room_for(
        &self,
        spec: &Spec,
        wanted: u64,
        duplex: bool,
        (color, size, coverage): (Color, Size, Coverage),
    ) -> u64 {
        let by_supplies = spec
            .supplies
            .iter()
            .zip(&self.supplies)
            .filter(|(supply, _)| supply.stops_when_spent())
            .filter_map(|(supply, fitted)| {
                let each = per_side(supply, color, size, coverage);
                (each > 0).then(|| fitted.left(supply).div_ceil(each))
            })
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
