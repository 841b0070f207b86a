//! How near a walk may come to what is never asked for.

use crate::deny::{DENIED, Denied, Harm};
use crate::{Oid, deny};
use std::collections::BTreeSet;
use std::ops::Bound;

/// The most variables that one request may bring, whatever is known.
pub(super) const MAX_REPETITIONS: u16 = 24;

/// How many stretches are remembered: there are a handful, except where a device is odd.
const MAX_STRETCHES: usize = 256;

/// Arcs of a maker's subtree: 1.3.6.1.4.1 and the enterprise number.
const ENTERPRISE_ARCS: usize = 7;

/// The subtree that SNMPv2's own modules share; 1.3.6.1.4.1 lies before it.
const SNMP_V2: &[u32] = &[1, 3, 6, 1, 6];

/// What one request may ask for from a name on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allowed {
    /// So many variables.
    Variables(u16),
    /// Nothing: the next variable may be this subtree's.
    Nothing(&'static Denied),
}

/// What is known of a device's names, and what may therefore be asked.
///
/// A GETNEXT asks for "the first name behind this one", so nobody who walks can promise never to be
/// handed a denied value: only the device knows what comes next. What can be promised is this. Where
/// `n` names are known to lie between a name and the next denied subtree, a request for at most `n`
/// variables ends before that subtree, on every device that keeps its names in order. Where none is
/// known, a single step may land on the subtree's first variable; what lands is dropped, and the walk
/// goes on behind it. Where landing would make the device act, and right beside a password, that step is not
/// taken. And a step that landed behind a subtree proves that the subtree is empty, so that nothing
/// need be feared of it any more.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    /// Names that the device has shown, denied ones left out.
    known: BTreeSet<Oid>,
    /// By the place in [`DENIED`]: whether it may hold something.
    alive: Vec<bool>,
    /// Stretches that steps went over: from, and the name that came next, if any did. Nobody needs to
    /// step over them again.
    empty: Vec<(Oid, Option<Oid>)>,
    /// sysObjectID, which tells whose tree the device has.
    object_id: Option<Oid>,
}

impl Guard {
    pub(super) fn new(object_id: Option<Oid>) -> Self {
        Self {
            known: BTreeSet::new(),
            alive: vec![true; DENIED.len()],
            empty: Vec::new(),
            object_id,
        }
    }

    /// The device has this name.
    pub(super) fn note(&mut self, name: &Oid) {
        if deny::instance(name).is_none() {
            self.known.insert(name.clone());
        }
    }

    /// Nothing lies between these two; without `to`, nothing lies behind `from` at all.
    pub(super) fn note_empty(&mut self, from: &Oid, to: Option<&Oid>) {
        // A step within one table is no news: only those are kept that another could repeat.
        let wide = |to: &Oid| {
            let arcs = from.arcs().iter().zip(to.arcs());
            arcs.take_while(|(a, b)| a == b).count() < ENTERPRISE_ARCS
                || deny::instance(to).is_some()
        };
        if to.is_none_or(wide) && self.empty.len() < MAX_STRETCHES {
            self.empty.push((from.clone(), to.cloned()));
        }
        for (alive, denied) in self.alive.iter_mut().zip(DENIED) {
            let behind = from.arcs() < denied.root;
            let before = to.is_none_or(|to| behind_arcs(denied.root).as_slice() <= to.arcs());
            if behind && before {
                *alive = false;
            }
        }
    }

    /// Whether it is known that nothing lies between these two.
    pub(super) fn is_empty(&self, from: &Oid, until: &Oid) -> bool {
        self.empty
            .iter()
            .any(|(start, next)| start <= from && next.as_ref().is_none_or(|next| until <= next))
    }

    /// What may be asked for behind `from`.
    pub(super) fn allowed(&self, from: &Oid) -> Allowed {
        let Some(next) = self.next_alive(from) else {
            return Allowed::Variables(MAX_REPETITIONS);
        };
        let between = self.known_between(from, next);
        if between > 0 {
            return Allowed::Variables(between);
        }
        // The next one may be empty, and the step end in one behind it.
        let ahead = self.alive().filter(|denied| denied.root > from.arcs());
        ahead
            .filter(|denied| self.is_too_near(from, denied))
            .find(|denied| self.known_between(from, denied) == 0)
            .map_or(Allowed::Variables(1), Allowed::Nothing)
    }

    /// How many names are known between these two, up to what one request may bring.
    fn known_between(&self, from: &Oid, denied: &Denied) -> u16 {
        let between = (Bound::Excluded(from.arcs()), Bound::Excluded(denied.root));
        let names = self.known.range::<[u32], _>(between);
        let count = names.take(usize::from(MAX_REPETITIONS)).count();
        u16::try_from(count).unwrap_or(MAX_REPETITIONS)
    }

    /// The last name that is known within `scope` and before `denied`.
    pub(super) fn last_before(&self, denied: &Denied) -> Option<&Oid> {
        let scope = scope(denied);
        self.known
            .range::<[u32], _>((Bound::Included(scope), Bound::Excluded(denied.root)))
            .next_back()
            .filter(|name| name.arcs().starts_with(scope))
    }

    /// Names from which one GETNEXT each tells which denied subtrees need not be feared: they stand
    /// right before the subtree of a maker of whom nothing is known yet.
    pub(super) fn hops(&self) -> Vec<Oid> {
        let mut hops: Vec<Oid> = Vec::new();
        for denied in DENIED {
            let module = denied.root.get(..ENTERPRISE_ARCS).unwrap_or(denied.root);
            let module = if module.starts_with(SNMP_V2) {
                SNMP_V2
            } else {
                module
            };
            if self.has_sign_of(module) {
                continue;
            }
            let hop = right_before(module);
            if !hops.contains(&hop) {
                hops.push(hop);
            }
        }
        hops.sort();
        hops
    }

    /// Whether a hop from here can still tell anything, and is not too near to what acts.
    pub(super) fn is_worth(&self, hop: &Oid) -> bool {
        let allowed = matches!(self.allowed(hop), Allowed::Variables(_));
        allowed
            && self.next_alive(hop).is_some_and(|denied| {
                let root = Oid::default().child(denied.root);
                !self.empty.iter().any(|(start, next)| {
                    start <= hop && next.as_ref().is_some_and(|next| *next >= root)
                })
            })
    }

    fn next_alive(&self, from: &Oid) -> Option<&'static Denied> {
        self.alive()
            .filter(|denied| denied.root > from.arcs())
            .min_by_key(|denied| denied.root)
    }

    /// The subtrees that may hold something.
    fn alive(&self) -> impl Iterator<Item = &'static Denied> + '_ {
        let all = DENIED.iter().zip(&self.alive);
        all.filter(|(_, alive)| **alive).map(|(denied, _)| denied)
    }

    /// Whether a step that may land in `denied` is not to be taken at all.
    fn is_too_near(&self, from: &Oid, denied: &Denied) -> bool {
        match denied.harm {
            Harm::Acts => {
                let maker = denied.root.get(..ENTERPRISE_ARCS).unwrap_or(denied.root);
                from.arcs().starts_with(maker) || self.has_sign_of(maker)
            }
            Harm::Secret => from.arcs().starts_with(scope(denied)),
            Harm::PersonalData => false,
        }
    }

    fn has_sign_of(&self, module: &[u32]) -> bool {
        let named = self
            .object_id
            .as_ref()
            .is_some_and(|object_id| object_id.arcs().starts_with(module));
        let mut behind = self
            .known
            .range::<[u32], _>((Bound::Included(module), Bound::Unbounded));
        named
            || behind
                .next()
                .is_some_and(|name| name.arcs().starts_with(module))
    }
}

/// Within what a step towards `denied` needs a name that is known to lie between.
fn scope(denied: &Denied) -> &'static [u32] {
    match denied.harm {
        Harm::Acts => denied.fence,
        Harm::PersonalData | Harm::Secret => {
            let parent = denied.root.len().saturating_sub(1);
            denied.root.get(..parent).unwrap_or(denied.root)
        }
    }
}

/// The least name behind everything below `root`.
pub(super) fn behind(root: &Oid) -> Oid {
    Oid::default().child(&behind_arcs(root.arcs()))
}

pub(super) fn behind_arcs(root: &[u32]) -> Vec<u32> {
    let mut arcs = root.to_vec();
    while let Some(last) = arcs.pop() {
        if let Some(next) = last.checked_add(1) {
            arcs.push(next);
            break;
        }
    }
    arcs
}

/// A name behind which the first name of `root` comes, and hardly anything before that.
fn right_before(root: &[u32]) -> Oid {
    let mut arcs = root.to_vec();
    if let Some(last) = arcs.pop()
        && let Some(less) = last.checked_sub(1)
    {
        arcs.extend([less, u32::MAX]);
    }
    Oid::default().child(&arcs)
}

/// Names that might exist between `last` and `denied`, guessed from how names go on: to be asked
/// for by GET, which cannot land anywhere else.
pub(super) fn feelers(last: &Oid, denied: &Denied) -> Vec<Oid> {
    /// How far each arc is counted on.
    const STEPS: u32 = 6;
    /// How objects begin below an arc: a scalar, and the first cells of tables.
    const BEGINNINGS: &[&[u32]] = &[
        &[0],
        &[1, 0],
        &[1, 1],
        &[1, 1, 1],
        &[1, 2, 1],
        &[1, 1, 1, 1],
        &[1, 1, 2, 1],
        &[1, 2, 1, 1],
        &[1, 1, 2, 1, 1],
        &[1, 1, 3, 1, 1],
    ];
    let arcs = last.arcs();
    let mut names = BTreeSet::new();
    for place in scope(denied).len()..arcs.len() {
        let (Some(before), Some(arc), Some(tail)) =
            (arcs.get(..place), arcs.get(place), arcs.get(place + 1..))
        else {
            continue;
        };
        for step in 1..=STEPS {
            let Some(next) = arc.checked_add(step) else {
                break;
            };
            let tails = std::iter::once(tail).chain(BEGINNINGS.iter().copied());
            // Only a row's own tail says anything below a table's column.
            let tails = tails.take(if place + 2 >= arcs.len() {
                1
            } else {
                usize::MAX
            });
            for tail in tails {
                let name = Oid::default().child(&[before, &[next], tail].concat());
                if name.arcs() < denied.root && deny::instance(&name).is_none() {
                    names.insert(name);
                }
            }
        }
    }
    names.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(text: &str) -> Oid {
        text.parse().expect("valid")
    }

    #[test]
    fn a_request_ends_before_what_is_denied() {
        let mut guard = Guard::new(None);
        let from = oid("1.3.6.1.4.1.2699.1.2.1.1.1.0");
        assert_eq!(guard.allowed(&from), Allowed::Variables(1));
        for column in 2..=5 {
            guard.note(&oid(&format!("1.3.6.1.4.1.2699.1.2.1.2.1.1.{column}.1")));
        }
        assert_eq!(guard.allowed(&from), Allowed::Variables(4));
        let beside = oid("1.3.6.1.4.1.2699.1.2.1.2.1.1.5.1");
        assert!(matches!(guard.allowed(&beside), Allowed::Nothing(_)));
    }

    #[test]
    fn nobody_steps_towards_what_acts_without_a_name_in_between() {
        let mut guard = Guard::new(Some(oid("1.3.6.1.4.1.1248.1.1.2.1")));
        let far = oid("1.3.6.1.4.1.1000.1");
        assert!(matches!(guard.allowed(&far), Allowed::Nothing(_)));
        guard.note(&oid("1.3.6.1.4.1.1248.1.2.2.27.1.1.3.1.1"));
        assert_eq!(guard.allowed(&far), Allowed::Variables(1));
        let last = oid("1.3.6.1.4.1.1248.1.2.2.27.1.1.3.1.1");
        assert!(matches!(guard.allowed(&last), Allowed::Nothing(_)));
        let behind = oid("1.3.6.1.4.1.1248.1.2.2.45");
        assert!(matches!(guard.allowed(&behind), Allowed::Variables(_)));
    }

    #[test]
    fn what_a_step_went_past_is_empty() {
        let mut guard = Guard::new(None);
        let (from, to) = (oid("1.3.6.1.4.1.10.1"), oid("1.3.6.1.4.1.2435.2"));
        guard.note_empty(&from, Some(&to));
        // The next that may hold something is 2699.1.1.
        guard.note(&oid("1.3.6.1.4.1.2435.5"));
        guard.note(&oid("1.3.6.1.4.1.2436.5"));
        assert_eq!(guard.allowed(&from), Allowed::Variables(2));
        guard.note_empty(&to, None);
        assert_eq!(guard.allowed(&from), Allowed::Variables(MAX_REPETITIONS));
    }

    #[test]
    fn hops_stand_before_makers_of_whom_nothing_is_known() {
        let guard = Guard::new(Some(oid("1.3.6.1.4.1.1347.41")));
        let hops = guard.hops();
        assert!(hops.contains(&oid("1.3.6.1.4.1.1247.4294967295")));
        assert!(hops.contains(&oid("1.3.6.1.5.4294967295")));
        assert!(!hops.contains(&oid("1.3.6.1.4.1.1346.4294967295")));
    }

    #[test]
    fn feelers_stay_before_what_is_denied_and_beside_what_is_known() {
        let denied = DENIED.first().expect("the command channel");
        let names = feelers(&oid("1.3.6.1.4.1.1248.1.2.2.40.1.1.3.1.1"), denied);
        assert!(names.contains(&oid("1.3.6.1.4.1.1248.1.2.2.40.1.1.4.1.1")));
        assert!(names.contains(&oid("1.3.6.1.4.1.1248.1.2.2.41.1.1.2.1.1")));
        for name in names {
            assert!(name.arcs() < denied.root, "{name}");
            assert!(name.arcs().starts_with(denied.fence), "{name}");
        }
    }

    #[test]
    fn what_is_behind_a_subtree_is_the_least_name_behind_it() {
        assert_eq!(behind(&oid("1.3.6.4")), oid("1.3.6.5"));
        assert_eq!(behind(&oid("1.3.6.4294967295")), oid("1.3.7"));
    }
}
