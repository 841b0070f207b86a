//! The way through a query that many devices take.
//!
//! Devices of a kind that are asked alike answer with the same names, and what is asked next hangs on
//! these and on how long the values are. So what was worked out of one device's answer is kept: what
//! is known behind it, what is asked next, and which of its values are kept in which order. Where
//! another device answers the same request with the same names, only its values are taken. How long
//! they are decides how requests are packed, never what is read, so an answer of about the same length
//! is as good.
//!
//! Nothing is kept of a device that answers an error, falls silent or leaves a gap: from there on it is
//! read by itself.

use super::device::Bulked;
use super::sizes::{LEAST_OCTETS, Sizes};
use super::work::{Asked, Manner, Work};
use crate::Oid;
use crate::answers::Index;
use crate::ber::Tolerated;
use crate::message::{Template, ValueRef, VarBindRef, VarBinds};
use crate::name::OrderKey;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// All that decides what is asked next and that the names of answers change.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) work: Work,
    pub(super) sizes: Sizes,
    pub(super) manner: Manner,
    /// Columns that GETBULK brought anything of: those of the query.
    pub(super) fresh: Vec<Bulked>,
    /// Those of earlier queries.
    pub(super) bulked: Vec<Bulked>,
    /// Tables of which the rows are known.
    pub(super) tables: BTreeSet<Oid>,
    /// How many rows columns had, each with its root's key.
    pub(super) learned_rows: Vec<(OrderKey, Oid, u32)>,
}

impl State {
    /// Of a device of which nothing is known.
    pub(super) fn new(sizes: Sizes, manner: Manner) -> Self {
        Self {
            work: Work::default(),
            sizes,
            manner,
            fresh: Vec::new(),
            bulked: Vec::new(),
            tables: BTreeSet::new(),
            learned_rows: Vec::new(),
        }
    }

    fn is_untouched(&self) -> bool {
        self.work.is_empty()
            && self.fresh.is_empty()
            && self.bulked.is_empty()
            && self.tables.is_empty()
            && self.learned_rows.is_empty()
    }
}

/// A state that devices may have in common. Who changes it has one of his own from then on.
#[derive(Clone, Debug)]
pub(super) struct SharedState(Arc<Common>);

#[derive(Debug)]
struct Common {
    state: State,
    /// How many rows columns had, once that was asked for.
    rows: OnceLock<BTreeMap<Oid, u32>>,
}

impl Clone for Common {
    fn clone(&self) -> Self {
        let state = self.state.clone();
        let rows = OnceLock::new();
        Self { state, rows }
    }
}

impl SharedState {
    pub(super) fn new(state: State) -> Self {
        let rows = OnceLock::new();
        Self(Arc::new(Common { state, rows }))
    }

    /// How many rows columns had. Of a column that was read twice, the last counts.
    pub(super) fn rows(&self) -> &BTreeMap<Oid, u32> {
        self.0.rows.get_or_init(|| {
            // What is in order already becomes a map more quickly.
            let mut learned: Vec<_> = self.learned_rows.iter().collect();
            learned.sort_by_key(|(key, ..)| *key);
            let learned = learned.into_iter();
            learned
                .map(|(_, root, rows)| (root.clone(), *rows))
                .collect()
        })
    }

    /// Whether what is asked from here on is the same.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || self.is_untouched()
                && other.is_untouched()
                && self.sizes == other.sizes
                && self.manner == other.manner
    }

    /// Whether others can come here, too.
    pub(super) fn is_common(&self) -> bool {
        self.is_untouched() || Arc::strong_count(&self.0) > 1
    }
}

impl Deref for SharedState {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0.state
    }
}

impl DerefMut for SharedState {
    fn deref_mut(&mut self) -> &mut State {
        let common = Arc::make_mut(&mut self.0);
        common.rows.take();
        &mut common.state
    }
}

/// Where devices stand that await the answer to the same request.
#[derive(Debug)]
pub(super) struct Station {
    pub(super) asked: Arc<Asked>,
    /// Nothing over SNMPv3, where each message is sealed anew.
    pub(super) template: Option<Template>,
    /// What is known, and what is left to be asked behind it.
    pub(super) state: SharedState,
    legs: Mutex<Vec<Arc<Leg>>>,
    /// How many legs may still be kept of the whole way.
    room: Arc<AtomicUsize>,
}

/// From one station to the next.
#[derive(Debug)]
pub(super) struct Leg {
    shape: Shape,
    /// Which variables of the answer are kept, in the order of the names that are new in `index`.
    pub(super) kept: Vec<u32>,
    /// The names of all that is known behind it.
    pub(super) index: Arc<Index>,
    /// Where the query is over.
    pub(super) state: SharedState,
    /// Where it is not.
    pub(super) next: Option<Arc<Station>>,
}

impl Station {
    /// Ceiling on legs of one way: the four or so requests of a query, and some forks where devices of
    /// a kind have more or less in a tray. A leg has some 40 kB.
    const MAX_LEGS: usize = 16;

    /// The first one of a way.
    pub(super) fn first(asked: Asked, template: Option<Template>, state: SharedState) -> Self {
        Self::new(
            asked,
            template,
            state,
            Arc::new(AtomicUsize::new(Self::MAX_LEGS)),
        )
    }

    fn new(
        asked: Asked,
        template: Option<Template>,
        state: SharedState,
        room: Arc<AtomicUsize>,
    ) -> Self {
        Self {
            asked: Arc::new(asked),
            template,
            state,
            legs: Mutex::default(),
            room,
        }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Arc<Leg>>> {
        // Whoever panicked while it was locked left whole entries.
        self.legs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where this answer, of so many octets, leads to, if another device has gone there, with its values,
    /// what each takes in the datagram, and what mistakes were accepted.
    pub(super) fn leg<'d>(
        &self,
        varbinds: &VarBinds<'d>,
        octets: usize,
    ) -> Option<(Arc<Leg>, Vec<Measured<'d>>, Tolerated)> {
        let legs = self.kept();
        legs.iter().find_map(|leg| {
            let (values, tolerated) = leg.shape.read(varbinds.clone(), octets)?;
            Some((Arc::clone(leg), values, tolerated))
        })
    }

    /// Whether another leg may be kept.
    pub(super) fn has_room(&self) -> bool {
        self.room.load(Ordering::Relaxed) > 0
    }

    /// Keeps a leg, or gives the one that another device has kept meanwhile. Nothing where there is no
    /// room.
    fn keep(&self, leg: Leg) -> Option<Arc<Leg>> {
        let mut legs = self.kept();
        if let Some(known) = legs.iter().find(|known| known.shape.is_like(&leg.shape)) {
            return Some(Arc::clone(known));
        }
        let (order, one_less) = (Ordering::Relaxed, |room: usize| room.checked_sub(1));
        self.room.fetch_update(order, order, one_less).ok()?;
        let leg = Arc::new(leg);
        legs.push(Arc::clone(&leg));
        Some(leg)
    }
}

/// A leg that was walked and is yet to be kept: what is asked next is yet to be found.
#[derive(Debug)]
pub(super) struct Walked {
    from: Arc<Station>,
    shape: Shape,
    kept: Vec<u32>,
    index: Arc<Index>,
}

impl Walked {
    /// With the variables of the answer that are kept, in the order of those names in `index` that are
    /// new.
    pub(super) fn new(from: Arc<Station>, shape: Shape, kept: Vec<u32>, index: Arc<Index>) -> Self {
        Self {
            from,
            shape,
            kept,
            index,
        }
    }

    /// Keeps it. `state` is what is known behind it, and `asked` what is asked there, with its template;
    /// nothing where the query is over. Gives what others found who went the same way at the same time.
    pub(super) fn keep(
        self,
        state: &SharedState,
        asked: Option<(Asked, Option<Template>)>,
    ) -> Option<Arc<Leg>> {
        let next = asked.map(|(asked, template)| {
            let room = Arc::clone(&self.from.room);
            Arc::new(Station::new(asked, template, state.clone(), room))
        });
        self.from.keep(Leg {
            shape: self.shape,
            kept: self.kept,
            index: self.index,
            state: state.clone(),
            next,
        })
    }
}

/// A value, and what its variable takes in the datagram.
pub(super) type Measured<'d> = (ValueRef<'d>, usize);

/// All of an answer that decides what is asked next.
#[derive(Debug)]
pub(super) struct Shape {
    count: usize,
    /// Of each variable what kind of value it has, how many octets its name has, and these.
    names: Vec<u8>,
    /// How many the whole answer has.
    octets: usize,
}

impl Shape {
    /// How many octets more or less an answer may have: a counter that grows takes one more, and so do
    /// a hundred. A guess of how long the next answer will be does not change by more than that.
    const ABOUT: usize = 96;

    /// That of an answer of so many octets; nothing of one with a name that no device has.
    pub(super) fn of(varbinds: &[VarBindRef<'_>], octets: usize) -> Option<Self> {
        let len = |one: &VarBindRef<'_>| one.name.octets().len() + 2;
        let mut names = Vec::with_capacity(varbinds.iter().map(len).sum());
        for varbind in varbinds {
            let name = varbind.name.octets();
            names.extend([kind(varbind.value), u8::try_from(name.len()).ok()?]);
            names.extend_from_slice(name);
        }
        Some(Self {
            count: varbinds.len(),
            names,
            octets,
        })
    }

    fn is_like(&self, other: &Self) -> bool {
        self.is_about(other.octets) && self.count == other.count && self.names == other.names
    }

    fn is_about(&self, octets: usize) -> bool {
        // Whether an answer was cut short is told by that.
        let is_little = |octets: usize| octets < LEAST_OCTETS;
        self.octets.abs_diff(octets) <= Self::ABOUT && is_little(self.octets) == is_little(octets)
    }

    /// The values of an answer of this shape.
    fn read<'d>(
        &self,
        mut varbinds: VarBinds<'d>,
        octets: usize,
    ) -> Option<(Vec<Measured<'d>>, Tolerated)> {
        if !self.is_about(octets) {
            return None;
        }
        let mut values = Vec::with_capacity(self.count);
        let mut rest = self.names.as_slice();
        while let [expected, len, names @ ..] = rest {
            let (name, behind) = names.split_at_checked(usize::from(*len))?;
            let (value, octets) = varbinds.next_named(name)?;
            if kind(value) != *expected {
                return None;
            }
            values.push((value, octets));
            rest = behind;
        }
        varbinds.is_empty().then(|| (values, varbinds.tolerated()))
    }
}

/// What kind of value it is, as far as that decides what is kept and asked.
fn kind(value: ValueRef<'_>) -> u8 {
    match value {
        ValueRef::Null => 1,
        ValueRef::NoSuchObject => 2,
        ValueRef::NoSuchInstance => 3,
        ValueRef::EndOfMibView => 4,
        _ => 0,
    }
}
