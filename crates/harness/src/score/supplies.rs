//! Supplies, against what the source states.

use super::Section;
use super::alike::{same_description, squeeze};
use super::evidence::Evidence;
use super::expected::{Basis, Expected, RawSupply, StatedSupply};
use super::kinds::{self, kinds_of};
use super::sheet::{At, Got, Proof, Sheet, word, word_of};
use pagetally_model::{DeviceAudit, Level, Supply, SupplyKind};

pub(super) fn compare(
    expected: &Expected,
    audit: &DeviceAudit,
    evidence: &Evidence,
    sheet: &mut Sheet,
) {
    let partners = pair(&expected.supplies, &audit.supplies);
    for (stated, partner) in expected.supplies.iter().zip(partners) {
        let row = Row {
            stated,
            raw: raw_row(stated, &expected.raw.prtMarkerSupplies),
            got: partner.and_then(|index| audit.supplies.get(index)),
            on_web_page: expected.basis() == Basis::WebPage,
            evidence,
        };
        row.compare(&name_of(stated), sheet);
    }
}

/// What to call the row in a report.
pub(super) fn name_of(stated: &StatedSupply) -> String {
    let parts = [
        stated.index.map(|index| index.0.to_string()),
        stated.color.clone(),
        stated.kind.clone(),
        stated.description.clone(),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn raw_row<'a>(stated: &StatedSupply, rows: &'a [RawSupply]) -> Option<&'a RawSupply> {
    let index = stated.index?.0.to_string();
    rows.iter().find(|row| last_arc(&row.index) == index)
}

/// The last number of a slot: the row's own index.
pub(super) fn last_arc(slot: &str) -> &str {
    slot.rsplit('.').next().unwrap_or_default()
}

/// Finds each stated supply's row in the audit: by prtMarkerSuppliesIndex, else by description,
/// else by a mark in brackets (`R1`), kind and colour, or colour alone where both hold toner or ink;
/// equals in the order of their rows. Never by its level: that is what is to be proved.
fn pair(stated: &[StatedSupply], got: &[Supply]) -> Vec<Option<usize>> {
    let mut taken = vec![false; got.len()];
    let mut partners = vec![None; stated.len()];
    let rules: [fn(&StatedSupply, &Supply) -> bool; 5] = [
        has_index,
        has_description,
        has_mark,
        has_kind_and_color,
        has_colorant,
    ];
    for is_partner in rules {
        for (stated, partner) in stated.iter().zip(&mut partners) {
            if partner.is_some() {
                continue;
            }
            let found = got
                .iter()
                .enumerate()
                .find(|(i, supply)| taken.get(*i) == Some(&false) && is_partner(stated, supply));
            if let Some((index, _)) = found {
                *partner = Some(index);
                if let Some(flag) = taken.get_mut(index) {
                    *flag = true;
                }
            }
        }
    }
    partners
}

fn has_index(stated: &StatedSupply, supply: &Supply) -> bool {
    stated
        .index
        .is_some_and(|index| last_arc(supply.slot.as_str()) == index.0.to_string())
}

fn has_description(stated: &StatedSupply, supply: &Supply) -> bool {
    stated.index.is_none()
        && match (&stated.description, &supply.description) {
            (Some(stated), Some(got)) => {
                !squeeze(stated).is_empty() && same_description(stated, got.as_str())
            }
            _ => false,
        }
}

fn has_mark(stated: &StatedSupply, supply: &Supply) -> bool {
    let mark = |text: &str| {
        let (_, tail) = text.split_once('(')?;
        let (mark, _) = tail.split_once(')')?;
        Some(squeeze(mark)).filter(|mark| mark.contains(|c: char| c.is_ascii_digit()))
    };
    let of_stated = stated.description.as_deref().and_then(mark);
    stated.index.is_none()
        && of_stated.is_some()
        && of_stated
            == supply
                .description
                .as_ref()
                .and_then(|text| mark(text.as_str()))
}

fn has_kind_and_color(stated: &StatedSupply, supply: &Supply) -> bool {
    let wanted = stated.color.as_deref().map(squeeze);
    let got = supply
        .colorant
        .as_ref()
        .map(|color| squeeze(color.as_str()));
    stated.index.is_none()
        && kinds_of(stated).is_some_and(|kinds| kinds.contains(&supply.kind))
        && (wanted.is_none() || wanted == got)
}

/// Toner where ink is stated is a wrong kind, not a missing supply.
fn has_colorant(stated: &StatedSupply, supply: &Supply) -> bool {
    use SupplyKind::{Ink, InkCartridge, Toner, TonerCartridge};
    const HOLDERS: [SupplyKind; 4] = [Ink, InkCartridge, Toner, TonerCartridge];
    let wanted = stated.color.as_deref().map(squeeze);
    let got = supply
        .colorant
        .as_ref()
        .map(|color| squeeze(color.as_str()));
    stated.index.is_none()
        && wanted.is_some()
        && wanted == got
        && kinds_of(stated).is_some_and(|kinds| kinds.iter().all(|kind| HOLDERS.contains(kind)))
        && HOLDERS.contains(&supply.kind)
}

/// One stated supply beside its partner.
struct Row<'a> {
    stated: &'a StatedSupply,
    raw: Option<&'a RawSupply>,
    got: Option<&'a Supply>,
    on_web_page: bool,
    evidence: &'a Evidence,
}

impl Row<'_> {
    fn compare(&self, place: &str, sheet: &mut Sheet) {
        self.compare_description(place, sheet);
        self.compare_kind(place, sheet);
        self.compare_color(place, sheet);
        self.compare_percent(place, sheet);
        self.compare_capacity(place, sheet);
        self.compare_amount(place, sheet);
    }

    fn at<'a>(field: &'a str, place: &'a str) -> At<'a> {
        At {
            section: Section::Supplies,
            field,
            place: Some(place),
        }
    }

    /// A description that the recording does not hold is the source's own (a web page in another
    /// language), and says nothing about the device's.
    fn compare_description(&self, place: &str, sheet: &mut Sheet) {
        let Some(stated) = self.stated.description.as_deref() else {
            return;
        };
        let Some(held) = self.evidence.of_text(stated) else {
            return;
        };
        let text = self.got.and_then(|supply| supply.description.as_ref());
        let same = text.is_some_and(|text| same_description(stated, text.as_str()));
        let got = self
            .got
            .zip(text)
            .map(|(s, t)| Got::of(t, &s.sources, "description"));
        sheet.compare(Self::at("description", place), stated, got, same, || {
            Proof::Held(held)
        });
    }

    fn compare_kind(&self, place: &str, sheet: &mut Sheet) {
        let Some(stated) = self.stated.kind.as_deref() else {
            return;
        };
        let Some(kinds) = kinds::named(stated) else {
            return;
        };
        let known = self.got.filter(|supply| supply.kind != SupplyKind::Unknown);
        let same = known.is_some_and(|supply| kinds.contains(&supply.kind));
        let got = known.map(|supply| Got::of(word(&supply.kind), &supply.sources, "kind"));
        sheet.compare(Self::at("kind", place), stated, got, same, || {
            self.row_exists()
        });
    }

    fn compare_color(&self, place: &str, sheet: &mut Sheet) {
        let Some(stated) = self.stated.color.as_deref() else {
            return;
        };
        let text = self.got.and_then(|supply| supply.colorant.as_ref());
        let same = text.is_some_and(|text| squeeze(text.as_str()) == squeeze(stated));
        let got = self
            .got
            .zip(text)
            .map(|(s, t)| Got::of(t, &s.sources, "colorant"));
        sheet.compare(Self::at("color", place), stated, got, same, || {
            self.row_exists()
        });
    }

    /// A row that the audit lacks could be there where its level is.
    fn row_exists(&self) -> Proof {
        match self.raw {
            Some(raw) => Proof::Held(format!("prtMarkerSupplies row {}", raw.index)),
            None => self.percent_proof(),
        }
    }

    fn percent_proof(&self) -> Proof {
        let Some(percent) = self
            .stated
            .level_percent
            .and_then(|percent| percent.unsigned())
        else {
            return Proof::NotHeld;
        };
        if let Some(raw) = self.raw
            && raw_percent(raw).is_some_and(|held| self.agrees(percent, held))
        {
            return Proof::Held(format!("prtMarkerSupplies row {}", raw.index));
        }
        self.evidence
            .of_percent(percent)
            .map_or(Proof::NotHeld, Proof::Held)
    }

    fn agrees(&self, stated: u64, got: u64) -> bool {
        let apart = stated.abs_diff(got);
        apart <= 1 || (self.on_web_page && stated.is_multiple_of(10) && apart <= 5)
    }

    /// Null means that the device gives no number, and then the audit must not give one.
    fn compare_percent(&self, place: &str, sheet: &mut Sheet) {
        let at = Self::at("level_percent", place);
        let percent = self
            .got
            .and_then(|supply| supply.level.level.percent())
            .map(u64::from);
        match self
            .stated
            .level_percent
            .and_then(|stated| stated.unsigned())
        {
            Some(stated) => {
                let same = percent.is_some_and(|percent| self.agrees(stated, percent));
                let shown = self
                    .got
                    .zip(percent)
                    .map(|(s, p)| Got::of(p, &s.sources, "level"));
                sheet.compare(at, stated, shown, same, || self.percent_proof());
            }
            None if self.stated.level.is_some() => {}
            None => {
                let Some(supply) = self.got else { return };
                let text = percent.map_or(word_of(supply.level.level), |p| p.to_string());
                let shown = Got::of(text, &supply.sources, "level");
                sheet.compare(at, "no number", Some(shown), percent.is_none(), || {
                    Proof::NotHeld
                });
            }
        }
    }

    /// Sources put 100 where the device states no capacity; only what the device's row holds counts.
    fn compare_capacity(&self, place: &str, sheet: &mut Sheet) {
        let Some(stated) = self.stated.capacity.and_then(|stated| stated.unsigned()) else {
            return;
        };
        let held = self.raw.and_then(|raw| raw.max_capacity?.unsigned()) == Some(stated);
        if self.raw.is_some() && !held {
            return;
        }
        let capacity = self.got.and_then(|supply| supply.capacity);
        let got = self
            .got
            .zip(capacity)
            .map(|(s, c)| Got::of(c, &s.sources, "capacity"));
        sheet.compare(
            Self::at("capacity", place),
            stated,
            got,
            capacity == Some(stated),
            || {
                if held {
                    self.row_exists()
                } else {
                    Proof::NotHeld
                }
            },
        );
    }

    fn compare_amount(&self, place: &str, sheet: &mut Sheet) {
        let Some(stated) = self.stated.level.and_then(|stated| stated.unsigned()) else {
            return;
        };
        let amount = self.got.and_then(|supply| amount_of(supply.level.level));
        let got = self
            .got
            .zip(amount)
            .map(|(s, a)| Got::of(a, &s.sources, "level"));
        sheet.compare(
            Self::at("level", place),
            stated,
            got,
            amount == Some(stated),
            || {
                self.evidence
                    .of_number(stated)
                    .map_or(Proof::NotHeld, Proof::Held)
            },
        );
    }
}

fn raw_percent(raw: &RawSupply) -> Option<u64> {
    let level = raw.level?.unsigned()?;
    match raw.max_capacity.and_then(|capacity| capacity.unsigned()) {
        Some(capacity) => level.checked_mul(100)?.checked_div(capacity),
        None => (level <= 100).then_some(level),
    }
}

fn amount_of(level: Level) -> Option<u64> {
    match level {
        Level::OfCapacity { amount, .. } | Level::Amount(amount) => Some(amount),
        Level::Empty => Some(0),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
