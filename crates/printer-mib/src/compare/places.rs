//! Which supply of one audit is which of the audit before, whatever rows they stand in.
//!
//! Firmware renumbers rows, and rows come and go: an index alone says nothing. A row of the same
//! number is taken for the same place only where it holds the same kind of thing; where rows have
//! moved, what they hold must tell them apart.

use pagetally_model::{Supply, SupplyClass, SupplyKind, Text, plausible_serial};
use std::collections::BTreeSet;

/// What came of it, by indexes into the two lists.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    /// For each supply of now, the earlier one.
    of_now: Vec<Option<usize>>,
    /// For each supply of now, the name of its place.
    places: Vec<Text>,
    /// Listed now and not before.
    pub(super) appeared: Vec<usize>,
    /// Listed before and not now.
    pub(super) vanished: Vec<usize>,
    /// Rows that hold the same kind of thing, have moved, and cannot be told apart.
    pub(super) unclear: Vec<Unclear>,
}

/// Rows that cannot be told apart.
#[derive(Debug)]
pub(super) struct Unclear {
    pub(super) earlier: Vec<usize>,
    pub(super) now: Vec<usize>,
}

impl Pairing {
    pub(super) fn earlier_of(&self, now: usize) -> Option<usize> {
        self.of_now.get(now).copied().flatten()
    }

    pub(super) fn place(&self, now: usize) -> Option<&Text> {
        self.places.get(now)
    }
}

/// What a place holds, in so far as it never changes.
type Key<'a> = (SupplyKind, SupplyClass, Option<&'a str>);

fn key(supply: &Supply) -> Key<'_> {
    let colorant = supply.colorant.as_ref().map(Text::as_str);
    (supply.kind, supply.class, colorant)
}

/// Whether nothing that both say of what they hold is different.
fn compatible(old: &Supply, new: &Supply) -> bool {
    let vague = |kind| matches!(kind, SupplyKind::Other | SupplyKind::Unknown);
    let vague_class = |class| matches!(class, SupplyClass::Other | SupplyClass::Unknown);
    let kinds = old.kind == new.kind || vague(old.kind) || vague(new.kind);
    let classes = old.class == new.class || vague_class(old.class) || vague_class(new.class);
    let colorants = match (&old.colorant, &new.colorant) {
        (Some(old), Some(new)) => old == new,
        _ => true,
    };
    kinds && classes && colorants
}

/// Finds for each supply of now the earlier one, and names the places.
pub(super) fn pair(earlier: &[Supply], now: &[Supply]) -> Pairing {
    let mut matcher = Matcher {
        earlier,
        now,
        of_now: vec![None; now.len()],
        taken: vec![false; earlier.len()],
    };
    let serial = |supply: &Supply| supply.serial.as_ref().and_then(plausible_serial);
    let part = |supply: &Supply| supply.part_number.clone().map(String::from);
    let description = |supply: &Supply| supply.description.clone().map(String::from);
    // The same unit, wherever it is listed.
    matcher.unique(|old, new| compatible(old, new) && same(serial(old), serial(new)));
    // The same row with the same in it, in the same words.
    matcher.rows(|old, new| key(old) == key(new) && same(description(old), description(new)));
    // Another row with the same in it.
    matcher.unique(|old, new| key(old) == key(new) && same(description(old), description(new)));
    matcher.unique(|old, new| key(old) == key(new) && same(part(old), part(new)));
    // The same row with the same kind of thing in it.
    matcher.rows(|old, new| key(old) == key(new));
    // The only one of its kind.
    matcher.unique(|old, new| key(old) == key(new));
    // The same row, where one of the audits says less or a newer decoder says it otherwise.
    matcher.rows(|old, new| compatible(old, new) || same(description(old), description(new)));
    matcher.finish()
}

/// Whether both say something, and the same.
fn same(old: Option<String>, new: Option<String>) -> bool {
    old.is_some() && old == new
}

struct Matcher<'a> {
    earlier: &'a [Supply],
    now: &'a [Supply],
    of_now: Vec<Option<usize>>,
    taken: Vec<bool>,
}

impl Matcher<'_> {
    fn free_earlier(&self) -> Vec<usize> {
        let all = self.taken.iter().enumerate();
        all.filter(|(_, taken)| !**taken).map(|(i, _)| i).collect()
    }

    fn free_now(&self) -> Vec<usize> {
        let all = self.of_now.iter().enumerate();
        all.filter(|(_, of)| of.is_none()).map(|(i, _)| i).collect()
    }

    /// The pairs of free rows that fit.
    fn fitting(&self, fits: impl Fn(&Supply, &Supply) -> bool) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for old in self.free_earlier() {
            for new in self.free_now() {
                if let (Some(before), Some(after)) = (self.earlier.get(old), self.now.get(new))
                    && fits(before, after)
                {
                    found.push((old, new));
                }
            }
        }
        found
    }

    fn take(&mut self, old: usize, new: usize) {
        if let (Some(taken), Some(of)) = (self.taken.get_mut(old), self.of_now.get_mut(new)) {
            *taken = true;
            *of = Some(old);
        }
    }

    /// Takes the pairs in which each is the other's only choice.
    fn unique(&mut self, fits: impl Fn(&Supply, &Supply) -> bool) {
        let found = self.fitting(fits);
        let mut choices_of_earlier = vec![0_usize; self.earlier.len()];
        let mut choices_of_now = vec![0_usize; self.now.len()];
        for (old, new) in &found {
            choices_of_earlier[*old] += 1;
            choices_of_now[*new] += 1;
        }
        for (old, new) in found {
            if choices_of_earlier[old] == 1 && choices_of_now[new] == 1 {
                self.take(old, new);
            }
        }
    }

    /// Takes the pairs that stand in rows of the same number.
    fn rows(&mut self, fits: impl Fn(&Supply, &Supply) -> bool) {
        // No device lists a row twice; where an audit does, nothing tells which it is.
        self.unique(|old, new| old.slot == new.slot && fits(old, new));
    }

    fn finish(self) -> Pairing {
        let (earlier, now) = (self.free_earlier(), self.free_now());
        let mut pairing = Pairing::default();
        let old_key = |index: usize| self.earlier.get(index).map(key);
        let new_key = |index: usize| self.now.get(index).map(key);
        let mut told = Vec::new();
        for index in &now {
            let wanted = new_key(*index);
            let before = |other: &&usize| old_key(**other) == wanted;
            let before: Vec<usize> = earlier.iter().filter(before).copied().collect();
            if before.is_empty() {
                pairing.appeared.push(*index);
            } else if !told.contains(&wanted) {
                told.push(wanted);
                let after = |other: &&usize| new_key(**other) == wanted;
                pairing.unclear.push(Unclear {
                    earlier: before,
                    now: now.iter().filter(after).copied().collect(),
                });
            }
        }
        for index in earlier {
            if !told.contains(&old_key(index)) {
                pairing.vanished.push(index);
            }
        }
        let mut names = Names::default();
        // What cannot be told apart keeps no name, and gets none that was another's.
        let lost = pairing.unclear.iter().flat_map(|unclear| &unclear.earlier);
        for index in lost {
            names.forbid(self.earlier.get(*index).and_then(|s| s.place.as_ref()));
        }
        let mut places: Vec<Option<Text>> = self
            .of_now
            .iter()
            .map(|of| {
                let place = self.earlier.get((*of)?)?.place.clone()?;
                names.keep(place)
            })
            .collect();
        for (place, supply) in places.iter_mut().zip(self.now) {
            if place.is_none() {
                *place = Some(names.make(supply));
            }
        }
        pairing.of_now = self.of_now;
        pairing.places = places.into_iter().flatten().collect();
        pairing
    }
}

/// Names the places of supplies that have no earlier audit.
pub(super) fn name(supplies: &mut [Supply]) {
    let mut names = Names::default();
    for supply in supplies {
        supply.place = Some(names.make(supply));
    }
}

/// Names that are given once in an audit.
#[derive(Default)]
struct Names {
    used: BTreeSet<Text>,
}

impl Names {
    fn forbid(&mut self, name: Option<&Text>) {
        self.used.extend(name.cloned());
    }

    fn keep(&mut self, name: Text) -> Option<Text> {
        self.used.insert(name.clone()).then_some(name)
    }

    /// The supply's words, with a number behind them where they are another's already.
    fn make(&mut self, supply: &Supply) -> Text {
        let words = place_words(supply);
        let plain = Text::clean(&words);
        let mut number: u32 = 1;
        let mut name = plain;
        while !self.used.insert(name.clone()) {
            number = number.saturating_add(1);
            name = Text::clean(&format!("{words}-{number}"));
        }
        name
    }
}

/// What a supply's place is called by: what it holds, such as `black-toner` or `rollers`. Where there
/// are several of a kind, [`compare`](crate::compare::compare) numbers them.
pub fn place_words(supply: &Supply) -> String {
    let kind = match supply.kind {
        SupplyKind::Other | SupplyKind::Unknown => "supply".to_owned(),
        kind => kind.to_string(),
    };
    match &supply.colorant {
        Some(colorant) => format!("{colorant}-{kind}"),
        None => kind,
    }
}

/// The path of a supply by its place, as `onsite explain` takes it.
pub(super) fn path(supply: &Supply, place: Option<&Text>) -> String {
    match place {
        Some(place) => format!("supplies.{place}"),
        None => format!("supplies.{}", supply.slot),
    }
}
