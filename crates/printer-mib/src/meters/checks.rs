//! What must hold between the counters of one device.
//!
//! The same table serves two ends. Counters that cannot be true together are a contradiction, and
//! nothing is repaired. And a counter that only one public source names is believed once it fits
//! others that do not need its word: a whole that another object states, parts that other objects
//! state, the same number in another object.
//!
//! What proves nothing:
//!
//! * a counter by itself, or with others that are as unproven as it is;
//! * two readings of one object;
//! * zeros and small numbers: they fit by chance, and `0 + total = total` says that one object is a
//!   copy of the other;
//! * the engine's own count is a witness that may count other things: with its support a reading is
//!   assumed, not exact. So it is where several unproven parts make up a proved whole together: they
//!   are the parts, but only their one source says which is which.

use super::{Chosen, Claim};
use crate::definitions::MeterKey;
use pagetally_model::{
    Contradiction, CounterUnit, DottedOid, Exactness, MeterColor as C, MeterFunction as F,
    MeterSides as S, MeterSize as Z, Source, Text,
};

/// Counters are read one after another, and the device may print meanwhile: at a hundred sides a
/// minute this many come out while a slow device answers.
const LEEWAY: u64 = 20;

/// The least whole that supports its parts, and the least number that supports an equal one: a device
/// has dozens of counters, and small ones are often equal.
const LEAST_WHOLE: u64 = 1_000;

/// The least part that is supported. Two parts must reach it.
const LEAST_PART: u64 = 100;

/// A whole and its parts.
struct Relation {
    /// The parts as documents name them.
    words: &'static str,
    /// Whether the relation says anything of a meter.
    of: fn(MeterKey) -> bool,
    /// Each part of a whole.
    parts: &'static [fn(MeterKey) -> MeterKey],
    /// Whether something else may go into the whole.
    open: bool,
}

/// Every relation. A whole's name, `=` or `>=`, and the words name the check in documents.
const RELATIONS: [Relation; 4] = [
    Relation {
        words: "mono + color",
        // A sheet may be black on one side and coloured on the other.
        of: |whole| whole.color == C::Any && whole.unit != CounterUnit::Sheets,
        parts: &[
            |whole| whole.with_color(C::Mono),
            |whole| whole.with_color(C::Color),
        ],
        open: false,
    },
    Relation {
        words: "small + large",
        of: |whole| whole.size == Z::Any,
        parts: &[
            |whole| whole.with_size(Z::Small),
            |whole| whole.with_size(Z::Large),
        ],
        open: false,
    },
    Relation {
        words: "simplex + duplex",
        of: |whole| whole.sides == S::Any,
        parts: &[
            |whole| whole.with_sides(S::Simplex),
            |whole| whole.with_sides(S::Duplex),
        ],
        open: false,
    },
    Relation {
        words: "print + copy + fax",
        of: |whole| whole.function == F::Total,
        parts: &[
            |whole| whole.with_function(F::Print),
            |whole| whole.with_function(F::Copy),
            |whole| whole.with_function(F::Fax),
        ],
        // Reports, and what no meter counts.
        open: true,
    },
];

/// What the checks say of one meter.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// The checks that an unproven reading passed, with the values that they compared.
    pub(super) passed: Vec<Text>,
    /// How far that lets it be trusted, at best.
    support: Option<Exactness>,
    failed: bool,
}

impl Verdict {
    fn pass(&mut self, check: String, exactness: Exactness) {
        self.passed.push(Text::clean(&check));
        // The order of the words is from the best to the worst.
        let best = self.support.map_or(exactness, |known| known.min(exactness));
        self.support = Some(best);
    }

    /// What the support makes of an unproven reading: nothing where another check failed.
    pub(super) fn exactness(&self) -> Option<Exactness> {
        self.support.filter(|_| !self.failed)
    }
}

/// Holds every meter against every other; `chosen` is in the order of its keys. A verdict for each.
pub(super) fn verdicts(chosen: &[Chosen], contradictions: &mut Vec<Contradiction>) -> Vec<Verdict> {
    let mut checks = Checks {
        chosen,
        verdicts: chosen.iter().map(|_| Verdict::default()).collect(),
        contradictions,
    };
    for whole in 0..chosen.len() {
        for relation in &RELATIONS {
            checks.relation(relation, whole);
        }
        checks.witnesses(whole);
    }
    checks.verdicts
}

struct Checks<'c> {
    chosen: &'c [Chosen],
    verdicts: Vec<Verdict>,
    contradictions: &'c mut Vec<Contradiction>,
}

impl Checks<'_> {
    fn relation(&mut self, relation: &Relation, whole_at: usize) {
        let chosen = self.chosen;
        let Some(whole) = chosen.get(whole_at) else {
            return;
        };
        // The engine's own count need not be the sum of what is billed.
        if !(relation.of)(whole.key) || whole.winner.weakness.is_some() {
            return;
        }
        let mut parts = [0; 3];
        let mut found = 0;
        for part in relation.parts {
            let place = chosen.binary_search_by_key(&part(whole.key), |one| one.key);
            match (place, parts.get_mut(found)) {
                (Ok(place), Some(slot)) => {
                    *slot = place;
                    found += 1;
                }
                _ if relation.open => {}
                _ => return,
            }
        }
        let parts = parts.get(..found).unwrap_or_default();
        let of = |place: &usize| chosen.get(*place).map(|part| &part.winner);
        let claims = || parts.iter().filter_map(of);
        let sum = claims().fold(0_u64, |sum, part| sum.saturating_add(part.value));
        let off = whole.winner.value.abs_diff(sum);
        let fits = off <= LEEWAY || (relation.open && whole.winner.value > sum);
        if fits
            && (off > 0
                || claims()
                    .chain([&whole.winner])
                    .all(|one| !one.trust.unproven))
        {
            return;
        }
        let name = relation.name(whole.key);
        let parts_in_words: Vec<String> = claims().map(said).collect();
        let parts_in_words = parts_in_words.join(" + ");
        let whole_in_words = said(&whole.winner);
        if !fits {
            let word = if relation.open {
                "is less than"
            } else {
                "is not"
            };
            self.contradict(name, format!("{whole_in_words} {word} {parts_in_words}"));
            parts
                .iter()
                .chain([&whole_at])
                .for_each(|at| self.fail(*at));
            return;
        }
        let telling = claims().filter(|part| part.value >= LEAST_PART).count() >= 2
            && whole.winner.value >= LEAST_WHOLE;
        if !telling {
            return;
        }
        let check = format!("{name}: {whole_in_words} is {parts_in_words}");
        let unproven = claims().filter(|part| part.trust.unproven).count();
        if whole.winner.trust.unproven {
            let independent = claims().all(|part| !share_an_object(part, &whole.winner));
            if unproven == 0 && independent {
                let support = claims().map(|part| part.trust.once_proved).max();
                self.pass(whole_at, check, support);
            }
            return;
        }
        for place in parts {
            let Some(part) = of(place).filter(|part| part.trust.unproven) else {
                continue;
            };
            if part.value >= LEAST_PART && !share_an_object(part, &whole.winner) {
                let alone = if unproven == 1 {
                    Exactness::Exact
                } else {
                    Exactness::Assumed
                };
                let support = whole.winner.trust.once_proved.max(alone);
                self.pass(*place, check.clone(), Some(support));
            }
        }
    }

    /// Holds an unproven reading against the other witnesses of the same meter; and a total in
    /// impressions against the engine's own count of them.
    fn witnesses(&mut self, at: usize) {
        let chosen = self.chosen;
        let Some(Chosen {
            key,
            winner,
            others,
        }) = chosen.get(at)
        else {
            return;
        };
        // Several engines count what each of them did.
        let engines = others.iter().filter(|other| other.weakness.is_some());
        let one_engine = engines.count() == 1;
        for other in others.iter().filter(|other| !other.trust.unproven) {
            let of_engine = other.weakness.is_some();
            let name = match of_engine {
                true => "total and life count",
                false => "one meter, one number",
            };
            let (less, more) = (other.value.min(winner.value), other.value.max(winner.value));
            if winner.trust.unproven && less == more && less >= LEAST_WHOLE {
                if !share_an_object(other, winner) {
                    let check = format!("{name}: {} and {}", said(winner), said(other));
                    self.pass(at, check, Some(other.trust.once_proved));
                }
                continue;
            }
            let apart = match of_engine {
                // It counts what is not billed, and misses what is billed twice.
                true => {
                    let sides = [key.unit, other.unit] == [CounterUnit::Impressions; 2];
                    sides && one_engine && less >= LEAST_WHOLE && more / 2 > less
                }
                false => winner.trust.unproven && more - less > LEEWAY,
            };
            if apart {
                let detail = format!("{} and {}", said(winner), said(other));
                self.contradict(name.to_owned(), detail);
                self.fail(at);
            }
        }
    }

    fn fail(&mut self, at: usize) {
        if let Some(verdict) = self.verdicts.get_mut(at) {
            verdict.failed = true;
        }
    }

    fn pass(&mut self, at: usize, check: String, support: Option<Exactness>) {
        let once_proved = self.chosen.get(at).map(|one| one.winner.trust.once_proved);
        // No better than what supports it; a sum stays one.
        let exactness = match support.max(once_proved) {
            Some(Exactness::Derived) if once_proved < Some(Exactness::Derived) => once_proved,
            other => other,
        };
        if let (Some(verdict), Some(exactness)) = (self.verdicts.get_mut(at), exactness) {
            verdict.pass(check, exactness);
        }
    }

    fn contradict(&mut self, rule: String, detail: String) {
        self.contradictions.push(Contradiction {
            rule: Text::clean(&rule),
            detail: Text::clean(&detail),
            source: None,
        });
    }
}

impl Relation {
    fn name(&self, whole: MeterKey) -> String {
        let sign = if self.open { ">=" } else { "=" };
        format!("{} {sign} {}", words(whole), self.words)
    }
}

/// A number and who says so.
fn said(claim: &Claim) -> String {
    format!("{} by {}", claim.value, claim.provenance.rule.name)
}

/// Whether two readings rest on an object that both read.
fn share_an_object(one: &Claim, other: &Claim) -> bool {
    let (mut ones, mut others) = (Vec::new(), Vec::new());
    objects(&one.provenance.source, &mut ones);
    objects(&other.provenance.source, &mut others);
    ones.iter().any(|object| others.contains(object))
}

fn objects<'s>(source: &'s Source, into: &mut Vec<&'s DottedOid>) {
    match source {
        Source::Snmp { oid, .. } => into.push(oid),
        Source::Derived { inputs, .. } => {
            inputs.iter().for_each(|input| objects(&input.source, into));
        }
        _ => {}
    }
}

/// A meter in words: `total`, `large color print`.
fn words(key: MeterKey) -> String {
    let size = match key.size {
        Z::Small => "small ",
        Z::Large => "large ",
        _ => "",
    };
    let sides = match key.sides {
        S::Simplex => "simplex ",
        S::Duplex => "duplex ",
        _ => "",
    };
    let color = match key.color {
        C::Mono => "mono ",
        C::Color => "color ",
        _ => "",
    };
    let function = match key.function {
        F::Total => "total",
        F::Print => "print",
        F::Copy => "copy",
        F::Scan => "scan",
        F::Fax => "fax",
        _ => "other",
    };
    format!("{size}{sides}{color}{function}")
}
