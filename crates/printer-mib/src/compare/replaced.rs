//! Whether a supply is another one than before, or has more in it.
//!
//! A level alone proves little: a refill, a chip that was set back and another cartridge look the
//! same, and gauges are not steady. What is concluded from it is called an estimate and says what else
//! it may be; what a supply carries itself, its serial and part number, is a proof.

use super::places::Pairing;
use super::{Held, compared, said};
use crate::reading::standard;
use pagetally_model::{
    AuditRef, ComparedValue, Condition, DeviceAudit, Exactness, Level, Measures, Provenance,
    Replacement, ReplacementKind, Source, Supply, SupplyClass, SupplyKind, Text, plausible_serial,
};

/// A level must rise by this many percent of the capacity to be more than a gauge's unsteadiness:
/// the coarsest gauges that are known have four or five steps, and step back at times.
const RISE: u8 = 25;
/// A smaller rise counts where it ends at a full supply, which no gauge returns to by itself...
const RISE_TO_FULL: u8 = 11;
/// ...and that is this much: some are never called quite full.
const FULL: u8 = 95;
/// A level that is stated in coarse steps must rise by more than one of them.
const RISE_OF_COARSE: u8 = 35;

/// Fills in what became of each supply that was there before, and names the places.
pub(super) fn judge(held: &Held<'_>, now: &mut DeviceAudit, pairing: &Pairing) {
    let scene = Scene::new(held.earlier, now, pairing);
    let by = AuditRef {
        audit: now.id,
        wall: now.time.wall,
    };
    for (index, supply) in now.supplies.iter_mut().enumerate() {
        supply.place = pairing.place(index).cloned();
        let before = pairing.earlier_of(index);
        let Some(before) = before.and_then(|index| held.earlier.supplies.get(index)) else {
            continue;
        };
        match scene.verdict(before, supply) {
            Some(verdict) => {
                supply.replaced = Some(Replacement {
                    what: verdict.what,
                    exactness: verdict.exactness,
                    after: held.reference,
                    by,
                });
                let source = held.source(verdict.values);
                let provenance = Provenance::new(source, standard(verdict.rule));
                supply.sources.insert("replaced".to_owned(), provenance);
            }
            None => carry_over(held.earlier, before, supply),
        }
    }
}

/// What was seen earlier stays true.
fn carry_over(earlier: &DeviceAudit, before: &Supply, supply: &mut Supply) {
    let Some((replaced, source)) = before.replaced.zip(before.sources.get("replaced")) else {
        return;
    };
    let mut source = source.clone();
    source.read_at.get_or_insert(earlier.time.wall);
    supply.replaced = Some(replaced);
    supply.sources.insert("replaced".to_owned(), source);
}

/// What is concluded about one supply.
struct Verdict {
    what: ReplacementKind,
    exactness: Exactness,
    rule: &'static str,
    values: Vec<ComparedValue>,
}

/// What concerns all supplies of the two audits.
struct Scene {
    /// The firmware may word descriptions otherwise now.
    firmware_changed: bool,
    /// All descriptions are other ones: the panel's language was changed.
    all_described_otherwise: bool,
    /// A level of nothing was that of an open or empty bay.
    supply_was_missing: bool,
}

impl Scene {
    fn new(earlier: &DeviceAudit, now: &DeviceAudit, pairing: &Pairing) -> Self {
        let firmware = (&earlier.identity.firmware, &now.identity.firmware);
        let mut described = 0;
        let mut otherwise = 0;
        for (index, supply) in now.supplies.iter().enumerate() {
            let before = pairing.earlier_of(index);
            let before = before.and_then(|index| earlier.supplies.get(index));
            let words = before.and_then(|before| before.description.as_ref());
            if let Some((old, new)) = words.zip(supply.description.as_ref()) {
                described += 1;
                otherwise += usize::from(old != new);
            }
        }
        let conditions = &earlier.status.conditions;
        Self {
            firmware_changed: matches!(firmware, (Some(old), Some(new)) if old != new),
            all_described_otherwise: described > 1 && described == otherwise,
            supply_was_missing: conditions.contains(&Condition::MarkerSupplyMissing)
                || conditions.contains(&Condition::DoorOpen),
        }
    }

    fn verdict(&self, before: &Supply, now: &Supply) -> Option<Verdict> {
        let unit = |supply: &Supply| supply.serial.as_ref().and_then(plausible_serial);
        let one_unit = unit(before).zip(unit(now)).map(|(old, new)| old == new);
        let rise = self.rise(before, now);
        let rose = matches!(rise, Rise::Rose);
        let fields = |also: &[bool; 3]| self.values(before, now, also, rose);

        if one_unit == Some(false) {
            return Some(Verdict {
                what: ReplacementKind::Replaced,
                exactness: Exactness::Derived,
                rule: "pagetally.supply-serial-changed",
                values: fields(&[true, true, false]),
            });
        }
        if one_unit == Some(true) {
            return rose.then(|| Verdict {
                what: match before.class {
                    SupplyClass::Filled => ReplacementKind::EmptiedOrReplaced,
                    _ => ReplacementKind::RefilledOrReset,
                },
                exactness: Exactness::Estimated,
                rule: "pagetally.supply-level-rose",
                values: fields(&[true, false, false]),
            });
        }
        let parts = before.part_number.as_ref().zip(now.part_number.as_ref());
        if parts.is_some_and(|(old, new)| spelled(old) != spelled(new)) {
            return Some(Verdict {
                what: ReplacementKind::Replaced,
                exactness: match self.firmware_changed {
                    true => Exactness::Estimated,
                    false => Exactness::Derived,
                },
                rule: "pagetally.supply-part-number-changed",
                values: fields(&[false, true, false]),
            });
        }
        // Devices write states and warnings into descriptions, so other words count only where they
        // name another article, and nothing else explains them.
        let other_article = !self.firmware_changed
            && !self.all_described_otherwise
            && !matches!(rise, Rise::Fell | Rise::Unknown)
            && names_other_article(before, now);
        if other_article {
            return Some(Verdict {
                what: ReplacementKind::Replaced,
                exactness: Exactness::Estimated,
                rule: "pagetally.supply-description-changed",
                values: fields(&[false, false, true]),
            });
        }
        rose.then(|| Verdict {
            what: what_rose(now),
            exactness: Exactness::Estimated,
            rule: "pagetally.supply-level-rose",
            values: fields(&[false, false, false]),
        })
    }

    /// What was held side by side: of serial, part number and description those that are asked for,
    /// and the level where it rose.
    fn values(
        &self,
        before: &Supply,
        now: &Supply,
        [serial, part, description]: &[bool; 3],
        rose: bool,
    ) -> Vec<ComparedValue> {
        let text = |field: &str, of: fn(&Supply) -> Option<&Text>| {
            let said = |supply: &Supply| {
                let value = of(supply)?;
                said(value.as_str(), supply.sources.get(field))
            };
            compared(field, said(before), said(now))
        };
        let level = |supply: &Supply| {
            let words = match supply.level.level.percent() {
                Some(percent) => format!("{percent} percent"),
                None => match supply.level.level {
                    Level::Amount(amount) => format!("{amount} {}", supply.unit),
                    other => other.state().to_owned(),
                },
            };
            said(&words, supply.sources.get("level"))
        };
        let mut values = Vec::new();
        if *serial {
            values.push(text("serial", |supply| supply.serial.as_ref()));
        }
        if *part && (before.part_number.is_some() || now.part_number.is_some()) {
            values.push(text("partNumber", |supply| supply.part_number.as_ref()));
        }
        if *description {
            values.push(text("description", |supply| supply.description.as_ref()));
        }
        if rose {
            values.push(compared("level", level(before), level(now)));
        }
        values
    }

    /// How the level stands to the one before, where the two can be compared at all.
    fn rise(&self, before: &Supply, now: &Supply) -> Rise {
        let (old, new) = (before.level.level, now.level.level);
        let at_nothing = old.percent() == Some(0) || matches!(old, Level::EmptyOrNearly);
        if self.supply_was_missing && at_nothing {
            return Rise::Unknown;
        }
        if before.measures != now.measures || !one_object(before, now) {
            return Rise::Unknown;
        }
        let direction = match (now.measures, now.class) {
            (Measures::Remaining, _) => Direction::Left,
            (Measures::Filled, _) => Direction::Filled,
            _ => return Rise::Unknown,
        };
        if let (Some(from), Some(to)) = (old.percent(), new.percent()) {
            let (from, to) = match direction {
                Direction::Left => (from, to),
                // What was emptied has room again.
                Direction::Filled => (100 - from.min(100), 100 - to.min(100)),
            };
            let coarse = |supply: &Supply| supply.level.exactness == Exactness::Rounded;
            return of_percent(from, to, coarse(before) || coarse(now));
        }
        if direction == Direction::Filled {
            return Rise::Unknown;
        }
        match (old, new) {
            // Nothing says what either is a part of: only more than half as much again counts.
            (Level::Amount(from), Level::Amount(to)) if before.unit == now.unit => {
                if to > from.saturating_add(from / 2).saturating_add(1) {
                    Rise::Rose
                } else if to < from {
                    Rise::Fell
                } else {
                    Rise::Steady
                }
            }
            (Level::Empty | Level::EmptyOrNearly | Level::Low, Level::Good) => Rise::Rose,
            (Level::Empty | Level::EmptyOrNearly, Level::SomeRemaining) => Rise::Rose,
            (Level::EmptyOrNearly | Level::Low, new) if new.percent() >= Some(FULL) => Rise::Rose,
            (Level::Good, Level::Low | Level::Empty | Level::EmptyOrNearly) => Rise::Fell,
            (old, new) if old == new => Rise::Steady,
            _ => Rise::Unknown,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    /// It tells what is left.
    Left,
    /// It tells how full it is.
    Filled,
}

/// How a level stands to an earlier one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rise {
    Fell,
    Rose,
    /// The same, or no more than a gauge's unsteadiness.
    Steady,
    Unknown,
}

fn of_percent(from: u8, to: u8, coarse: bool) -> Rise {
    let Some(rise) = to.checked_sub(from) else {
        return Rise::Fell;
    };
    let rose = match coarse {
        true => rise >= RISE_OF_COARSE,
        false => rise >= RISE || (rise >= RISE_TO_FULL && to >= FULL),
    };
    if rose { Rise::Rose } else { Rise::Steady }
}

/// Whether both levels come from the same kind of object: another row of a definition may count
/// otherwise.
fn one_object(before: &Supply, now: &Supply) -> bool {
    let level = |supply: &Supply| supply.sources.get("level").cloned();
    let Some((old, new)) = level(before).zip(level(now)) else {
        return false;
    };
    if old.rule.name == new.rule.name {
        return true;
    }
    let column = |provenance: &Provenance, supply: &Supply| match &provenance.source {
        Source::Snmp { oid, .. } => {
            let index = format!(".{}", supply.slot);
            oid.to_string().strip_suffix(&index).map(str::to_owned)
        }
        _ => None,
    };
    let (old, new) = (column(&old, before), column(&new, now));
    old.is_some() && old == new
}

/// What a level that rose may mean for this kind of supply.
fn what_rose(supply: &Supply) -> ReplacementKind {
    if supply.class == SupplyClass::Filled {
        return ReplacementKind::EmptiedOrReplaced;
    }
    match supply.kind {
        SupplyKind::Opc
        | SupplyKind::Fuser
        | SupplyKind::FuserOilWick
        | SupplyKind::FuserCleaningPad
        | SupplyKind::CoronaWire
        | SupplyKind::CleanerUnit
        | SupplyKind::TransferUnit
        | SupplyKind::MaintenanceKit
        | SupplyKind::DocumentFeederKit
        | SupplyKind::Rollers => ReplacementKind::ReplacedOrReset,
        _ => ReplacementKind::RefilledOrReplaced,
    }
}

fn spelled(text: &Text) -> String {
    let kept = text.as_str().chars().filter(|c| c.is_alphanumeric());
    kept.collect::<String>().to_uppercase()
}

/// Whether the two descriptions name different articles: words of letters and digits, such as
/// `TK-3160` or `CF300A`, and not the same ones.
fn names_other_article(before: &Supply, now: &Supply) -> bool {
    let articles = |supply: &Supply| {
        let text = supply.description.as_ref().map_or("", Text::as_str);
        let words = text.split(|c: char| !(c.is_alphanumeric() || c == '-'));
        let article = |word: &&str| {
            word.chars().any(char::is_alphabetic)
                && word.chars().filter(char::is_ascii_digit).count() >= 2
        };
        let mut words: Vec<String> = words.filter(article).map(str::to_uppercase).collect();
        words.sort_unstable();
        words
    };
    let (old, new) = (articles(before), articles(now));
    !old.is_empty() && !new.is_empty() && old != new
}
