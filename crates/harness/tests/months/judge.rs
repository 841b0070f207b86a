//! Holds two audits of a device against what the device did in between.

use pagetally_fleet_sim::SimDevice;
use pagetally_fleet_sim::models::{BoardMemory, Happening};
use pagetally_fleet_sim::truth::{
    ColorMode, Counts, Function, PaperSize, SidesMode, Truth, TruthSupply,
};
use pagetally_model::{
    ChangeKind, CounterUnit, DeviceAudit, Exactness, Measures, MeterColor, MeterFunction,
    MeterSides, MeterSize, ReplacementKind, Supply,
};
use std::collections::BTreeSet;

/// A rise of the level, in percent, that nobody can overlook. Gauges in tenths rise by tens.
const PLAIN_RISE: i64 = 40;

/// One look at a device: what it is, and what was read.
pub(crate) struct Look {
    pub(crate) truth: Truth,
    pub(crate) audit: DeviceAudit,
    /// How much of the device's history had happened.
    past: usize,
    history: Vec<Happening>,
    board: BoardMemory,
}

impl Look {
    pub(crate) fn new(device: &SimDevice, audit: DeviceAudit) -> Self {
        let model = device.model().expect("a model");
        let history: Vec<Happening> = device.history().iter().map(|one| one.what).collect();
        Self {
            truth: device.truth(),
            audit,
            past: history.len(),
            history,
            board: model.spec().board,
        }
    }
}

/// What was looked at, so that a test cannot pass by looking at nothing.
#[derive(Debug, Default)]
pub(crate) struct Judge {
    meters: u64,
    risen: u64,
    replaced_for_sure: u64,
    replaced_by_level: u64,
    not_replaced: u64,
    fallen: u64,
    restarts: u64,
    moved: u64,
    swapped: u64,
    /// Everything that is not as it should be.
    wrong: Vec<String>,
}

impl Judge {
    /// An audit by itself: every counter is what the device tells, and nothing contradicts.
    pub(crate) fn alone(&mut self, look: &Look) {
        for (counts, value) in told(&look.truth) {
            self.meters += 1;
            let read = read(&look.audit, counts);
            if read != Some(value) {
                self.say(look, format!("{counts:?}: told {value}, read {read:?}"));
            }
        }
        let contradictions = look.audit.contradictions.iter();
        for one in contradictions.filter(|one| one.rule.as_str() != FALLEN) {
            self.say(look, format!("contradiction {}: {}", one.rule, one.detail));
        }
        if look.audit.check_sources().is_err() {
            self.say(look, "a value without its source".to_owned());
        }
    }

    /// Two audits in a row; `same` says whether they were taken to be of one device.
    pub(crate) fn pair(&mut self, before: &Look, now: &Look, same: bool) {
        self.alone(now);
        let happened = now.history.get(before.past..).unwrap_or_default();
        let has = |what: Happening| happened.contains(&what);
        if has(Happening::Swapped) {
            self.swapped += 1;
            if same {
                self.say(now, "a swapped device was taken for the same".to_owned());
            }
            return;
        }
        if !same {
            self.say(now, "the same device was not recognized".to_owned());
            return;
        }
        let forgot = has(Happening::BoardReplaced) && now.board != BoardMemory::Kept;
        self.counters(before, now, forgot);
        self.changes(before, now, happened);
        self.supplies(before, now);
    }

    fn counters(&mut self, before: &Look, now: &Look, forgot: bool) {
        let counted = |truth: &Truth, counts: Counts| {
            let mut all = truth.counted.iter();
            all.find(|(one, _)| *one == counts).map(|(_, value)| *value)
        };
        for (counts, _) in told(&now.truth) {
            let made = counted(&now.truth, counts).zip(counted(&before.truth, counts));
            let rose = read(&now.audit, counts).zip(read(&before.audit, counts));
            let (Some((now_made, before_made)), Some((to, from))) = (made, rose) else {
                continue;
            };
            if forgot {
                continue;
            }
            // The engine's count stands in for a total where the maker has none, with what the
            // engine does for itself.
            let is_exact = now.truth.meters.iter().any(|meter| meter.counts == counts);
            let (rise, made) = (to.checked_sub(from), now_made - before_made);
            self.risen += u64::from(made > 0);
            if rise.is_none_or(|rise| rise < made || is_exact && rise != made) {
                self.say(now, format!("{counts:?} rose by {rise:?}, it made {made}"));
            }
        }
        let fallen = now.audit.contradictions.iter();
        let fallen = fallen.filter(|one| one.rule.as_str() == FALLEN).count();
        let fell = told(&now.truth)
            .iter()
            .any(|(counts, _)| read(&now.audit, *counts) < read(&before.audit, *counts));
        self.fallen += u64::from(fell);
        if (fallen > 0) != fell || fell && !forgot {
            self.say(now, format!("{fallen} counters fell, forgot: {forgot}"));
        }
    }

    fn changes(&mut self, before: &Look, now: &Look, happened: &[Happening]) {
        let comparison = now.audit.comparison.as_ref();
        let changes: BTreeSet<ChangeKind> = comparison
            .into_iter()
            .flat_map(|comparison| &comparison.changes)
            .map(|change| change.what)
            .collect();
        let uptime = |look: &Look| look.audit.identity.uptime_centis;
        let restarted = uptime(now) < uptime(before);
        self.restarts += u64::from(restarted);
        let moved = |look: &Look| -> Vec<u32> {
            look.truth
                .supplies
                .iter()
                .map(|supply| supply.index)
                .collect()
        };
        let moved = moved(before) != moved(now);
        self.moved += u64::from(moved);
        let updated = happened.contains(&Happening::FirmwareUpdated)
            && before.truth.firmware != now.truth.firmware;
        for (what, expected) in [
            (ChangeKind::Restarted, restarted),
            (ChangeKind::FirmwareChanged, updated),
            (ChangeKind::SupplyMoved, moved),
            (ChangeKind::SupplyAppeared, false),
            (ChangeKind::SupplyVanished, false),
            (ChangeKind::SupplyRowsUnclear, false),
            (ChangeKind::MeterRuleChanged, false),
        ] {
            if changes.contains(&what) != expected {
                self.say(now, format!("{what:?}, and {expected} is right"));
            }
        }
    }

    fn supplies(&mut self, before: &Look, now: &Look) {
        for (old, new) in before.truth.supplies.iter().zip(&now.truth.supplies) {
            let Some(supply) = supply(&now.audit, new.index) else {
                self.say(now, format!("supply {} is missing", new.index));
                continue;
            };
            let seen = supply.replaced.filter(|seen| seen.by.audit == now.audit.id);
            if old.predecessors == new.predecessors {
                self.not_replaced += 1;
                if seen.is_some() {
                    let levels = (old.level, new.level);
                    self.say(now, format!("{} {levels:?}: {seen:?}", new.description));
                }
                continue;
            }
            let other = |old: &Option<String>, new: &Option<String>| {
                old.is_some() && new.is_some() && old != new
            };
            let for_sure =
                other(&old.serial, &new.serial) || other(&old.part_number, &new.part_number);
            let rise = percent(new).zip(percent(old)).map(|(new, old)| new - old);
            if for_sure {
                self.replaced_for_sure += 1;
                let is_sure = seen.is_some_and(|seen| {
                    seen.what == ReplacementKind::Replaced && seen.exactness <= Exactness::Estimated
                });
                if !is_sure {
                    self.say(now, format!("{} was replaced: {seen:?}", new.description));
                }
            } else if rise.is_some_and(|rise| rise >= PLAIN_RISE)
                // Of a box it must be known whether its level is room or waste: makers differ.
                && supply.measures != Measures::Unknown
            {
                self.replaced_by_level += 1;
                if seen.is_none() {
                    let levels = (old.level, new.level);
                    self.say(now, format!("{} was replaced {levels:?}", new.description));
                }
            }
        }
    }

    fn say(&mut self, look: &Look, what: String) {
        self.wrong.push(format!("{}: {what}", look.truth.name));
    }

    /// Nothing was wrong, and there was something to look at.
    pub(crate) fn sums_up(&self, risen: u64) {
        assert!(
            self.wrong.is_empty(),
            "{} wrong:\n{}",
            self.wrong.len(),
            self.wrong.join("\n")
        );
        assert!(self.risen >= risen && self.meters > self.risen, "{self:?}");
        assert!(self.replaced_for_sure >= 10, "{self:?}");
        assert!(self.replaced_by_level >= 5, "{self:?}");
        assert!(self.not_replaced > 300, "{self:?}");
        let happened = [self.fallen, self.restarts, self.moved, self.swapped];
        assert!(happened.iter().all(|times| *times > 0), "{self:?}");
    }
}

/// The rule's name under which a fallen counter is told.
const FALLEN: &str = "counters never fall";

/// What the device tells of itself: its maker's counters, or the engine's where there is no total.
fn told(truth: &Truth) -> Vec<(Counts, u64)> {
    let mut told: Vec<(Counts, u64)> = truth.sums.clone();
    told.extend(truth.meters.iter().map(|meter| (meter.counts, meter.value)));
    let total = Counts::all(Function::Total);
    if !told.iter().any(|(counts, _)| *counts == total)
        && let Some(life) = truth.life_count
    {
        told.push((total, life.value));
    }
    told.sort_unstable();
    told.dedup();
    told
}

/// The counter as it was read, in sides where there is a choice.
fn read(audit: &DeviceAudit, counts: Counts) -> Option<u64> {
    let key = (
        match counts.function {
            Function::Copy => MeterFunction::Copy,
            Function::Fax => MeterFunction::Fax,
            Function::Print => MeterFunction::Print,
            Function::Scan => MeterFunction::Scan,
            _ => MeterFunction::Total,
        },
        match counts.color {
            ColorMode::Any => MeterColor::Any,
            ColorMode::Color => MeterColor::Color,
            ColorMode::Mono => MeterColor::Mono,
        },
        match counts.sides {
            SidesMode::Any => MeterSides::Any,
            SidesMode::Duplex => MeterSides::Duplex,
            SidesMode::Simplex => MeterSides::Simplex,
        },
        match counts.size {
            PaperSize::Any => MeterSize::Any,
            PaperSize::Small => MeterSize::Small,
            PaperSize::Large => MeterSize::Large,
        },
    );
    let fitting = |meter: &&pagetally_model::Meter| {
        (meter.function, meter.color, meter.sides, meter.size) == key
    };
    let mut all = audit.meters.iter().filter(fitting);
    let sides = all
        .clone()
        .find(|meter| meter.unit == CounterUnit::Impressions);
    sides.or_else(|| all.next()).map(|meter| meter.value)
}

fn supply(audit: &DeviceAudit, index: u32) -> Option<&Supply> {
    let (alone, last) = (index.to_string(), format!(".{index}"));
    let mut supplies = audit.supplies.iter();
    supplies.find(|supply| supply.slot.as_str() == alone || supply.slot.as_str().ends_with(&last))
}

fn percent(supply: &TruthSupply) -> Option<i64> {
    (supply.level >= 0 && supply.capacity > 0).then(|| supply.level * 100 / supply.capacity)
}
