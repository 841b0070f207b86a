//! What a device answered, and what it did not.

use crate::name::{Name, OrderKey};
use crate::{Ask, Oid, Query, Value, VarBind};
use std::cmp::Ordering;
use std::sync::Arc;

/// Why something that was asked for is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum GapReason {
    /// It is on the [list](crate::deny) of what is never asked for, or no name that SNMP can carry.
    #[error("it is never asked for")]
    NeverAsked,
    /// The answer that held it makes no sense.
    #[error("the device's answer makes no sense")]
    Malformed,
    /// The device stopped answering.
    #[error("no answer")]
    NoAnswer,
    /// The device refuses to be asked (SNMPv3: it sent a Report).
    #[error("the device refuses")]
    Refused,
    /// The device answered with an error status (RFC 3416 section 3).
    #[error("the device answered with error status {0}")]
    ErrorStatus(i64),
    /// The device's names did not go forward.
    #[error("the device's answers went in circles")]
    NotIncreasing,
    /// More rows than the query allows.
    #[error("the table has more rows than are read")]
    TooManyRows,
    /// More variables than are kept of one device.
    #[error("the device has more to say than is kept")]
    TooMuch,
}

/// Something that was asked for and could not be had. An object that the device says it does not
/// have is no gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadGap {
    /// The instance or column.
    pub oid: Oid,
    /// Why it is missing.
    pub reason: GapReason,
}

/// A name's key, and the name's place among the values.
type Entry = (OrderKey, u32);

/// The names of what a device answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    /// In the order in which they came.
    names: Vec<Oid>,
    /// Places in `names`, in the order of the names, each with its name's key. Columns are read side
    /// by side, so that most names belong somewhere in the middle: of these little has to be moved
    /// for that.
    order: Vec<Entry>,
}

impl PartialEq for Index {
    fn eq(&self, other: &Self) -> bool {
        self.names == other.names
    }
}

/// Everything that one device answered, ordered by name.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// Their names, shared with devices that answered with the same.
    index: Arc<Index>,
    /// In the order in which they came.
    values: Vec<Value>,
    /// What was gathered and has no place in the order yet.
    gathered: Vec<Entry>,
    gaps: Vec<ReadGap>,
}

impl PartialEq for Answers {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter()) && self.gaps == other.gaps
    }
}

impl Eq for Answers {}

impl Index {
    fn compare(&self, one: &Entry, other: &Entry) -> Ordering {
        let by_key = one.0.cmp(&other.0);
        by_key.then_with(|| self.arcs_at(one.1).cmp(self.arcs_at(other.1)))
    }

    fn arcs_at(&self, place: u32) -> &[u32] {
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        self.names.get(place).map_or(&[], Oid::arcs)
    }

    fn find_under(&self, key: OrderKey, name: &[u32]) -> Result<usize, usize> {
        self.order.binary_search_by(|(other, place)| {
            let by_key = other.cmp(&key);
            by_key.then_with(|| self.arcs_at(*place).cmp(name))
        })
    }

    /// Takes out what stands at these places and has none in `order`.
    fn give_up(&mut self, doubles: &[u32]) {
        if doubles.is_empty() {
            return;
        }
        for (_, place) in &mut self.order {
            let before = doubles.partition_point(|double| double < place);
            *place -= u32::try_from(before).unwrap_or_default();
        }
        retain_others(&mut self.names, doubles);
    }
}

/// Takes out what stands at these places.
fn retain_others<T>(all: &mut Vec<T>, places: &[u32]) {
    let mut places = places.iter().peekable();
    let mut place = 0;
    if places.peek().is_some() {
        all.retain(|_| {
            let stays = places.next_if(|gone| **gone == place).is_none();
            place += 1;
            stays
        });
    }
}

impl Answers {
    /// Ceiling on variables kept of one device: the largest recorded device has about 30,000 in
    /// all, a read plan needs about 400.
    pub const MAX_VALUES: usize = 65_536;

    /// Keeps one answer. Exceptions and NULL are not kept: they mean "not there". The first answer
    /// for a name wins; past [`MAX_VALUES`](Self::MAX_VALUES) nothing more is kept.
    pub fn insert(&mut self, varbind: VarBind) {
        let VarBind { oid, value } = varbind;
        if value.is_exception() || value == Value::Null || self.values.len() >= Self::MAX_VALUES {
            return;
        }
        let key = OrderKey::of(oid.arcs());
        let Err(place) = self.find_under(key, oid.arcs()) else {
            return;
        };
        let Ok(newest) = u32::try_from(self.values.len()) else {
            return;
        };
        let index = Arc::make_mut(&mut self.index);
        index.order.insert(place, (key, newest));
        index.names.push(oid);
        self.values.push(value);
    }

    /// Keeps one answer of many, which get their places together by [`settle`](Self::settle). Until
    /// then nothing but [`has_between`](Self::has_between) knows of them.
    pub(crate) fn gather(&mut self, key: OrderKey, oid: Oid, value: Value) {
        if value.is_exception() || value == Value::Null || self.values.len() >= Self::MAX_VALUES {
            return;
        }
        if let Ok(newest) = u32::try_from(self.values.len()) {
            self.gathered.push((key, newest));
            Arc::make_mut(&mut self.index).names.push(oid);
            self.values.push(value);
        }
    }

    /// Makes room for so many more.
    pub(crate) fn reserve(&mut self, more: usize) {
        Arc::make_mut(&mut self.index).names.reserve(more);
        self.values.reserve(more);
        self.gathered.reserve(more);
    }

    /// Gives what was gathered its places. Tells the places among the values of those that were there
    /// already and are given up, in order.
    pub(crate) fn settle(&mut self) -> Vec<u32> {
        if self.gathered.is_empty() {
            return Vec::new();
        }
        let index = Arc::make_mut(&mut self.index);
        let mut gathered = std::mem::take(&mut self.gathered);
        // Of the same name, the first that came is in front.
        gathered.sort_unstable_by(|one, other| index.compare(one, other).then(one.1.cmp(&other.1)));
        let settled = std::mem::take(&mut index.order);
        let mut order: Vec<Entry> = Vec::with_capacity(settled.len() + gathered.len());
        let mut doubles = Vec::new();
        let mut settled = settled.into_iter().peekable();
        for entry in gathered.drain(..) {
            let is_before = |one: &Entry| index.compare(one, &entry).is_le();
            while let Some(before) = settled.next_if(is_before) {
                order.push(before);
            }
            match order.last() {
                Some(last) if index.compare(last, &entry).is_eq() => doubles.push(entry.1),
                _ => order.push(entry),
            }
        }
        order.extend(settled);
        index.order = order;
        self.gathered = gathered; // Its memory is of use for the next answer.
        doubles.sort_unstable();
        index.give_up(&doubles);
        retain_others(&mut self.values, &doubles);
        doubles
    }

    /// The names.
    pub(crate) fn index(&self) -> &Arc<Index> {
        &self.index
    }

    /// Keeps what comes with these names, all of which but the last are those that are known: the values
    /// are those of the others.
    pub(crate) fn go_on_to(&mut self, index: &Arc<Index>, values: impl Iterator<Item = Value>) {
        debug_assert!(self.gathered.is_empty(), "what was gathered is settled");
        let more = index.names.len().saturating_sub(self.values.len());
        self.values.reserve_exact(more);
        self.values.extend(values);
        debug_assert_eq!(
            self.values.len(),
            index.names.len(),
            "each name has its value"
        );
        self.index = Arc::clone(index);
    }

    fn at(&self, place: u32) -> Option<(&Oid, &Value)> {
        let place = usize::try_from(place).ok()?;
        Some((self.index.names.get(place)?, self.values.get(place)?))
    }

    /// Where in the order this name stands, or would stand.
    fn find(&self, name: &[u32]) -> Result<usize, usize> {
        self.find_under(OrderKey::of(name), name)
    }

    fn find_under(&self, key: OrderKey, name: &[u32]) -> Result<usize, usize> {
        self.index.find_under(key, name)
    }

    /// All from this place in `order` on.
    fn starting_at(&self, place: usize) -> impl Iterator<Item = (&Oid, &Value)> {
        let rest = self.index.order.get(place..).unwrap_or_default();
        rest.iter().filter_map(|(_, place)| self.at(*place))
    }

    /// Notes something that could not be had.
    pub fn insert_gap(&mut self, gap: ReadGap) {
        if !self.gaps.contains(&gap) && self.gaps.len() < 1_024 {
            self.gaps.push(gap);
        }
    }

    /// Takes over all that `other` holds.
    pub fn merge(&mut self, other: Self) {
        let names = Arc::unwrap_or_clone(other.index).names;
        for (oid, value) in names.into_iter().zip(other.values) {
            self.insert(VarBind { oid, value });
        }
        for gap in other.gaps {
            self.insert_gap(gap);
        }
    }

    /// The value of one instance.
    pub fn get(&self, oid: &Oid) -> Option<&Value> {
        let place = self.find(oid.arcs()).ok()?;
        let (_, place) = self.index.order.get(place)?;
        Some(self.at(*place)?.1)
    }

    /// All instances below `root`, in order, each with its index (the arcs below `root`).
    pub fn below<'a>(
        &'a self,
        root: &'a Oid,
    ) -> impl Iterator<Item = (&'a [u32], &'a Oid, &'a Value)> + 'a {
        let (Ok(first) | Err(first)) = self.find(root.arcs());
        self.starting_at(first)
            .map_while(|(oid, value)| Some((oid.index_below(root)?, oid, value)))
    }

    /// What the names below `root` have behind it, in order.
    pub(crate) fn indexes_below(&self, root: &[u32]) -> impl Iterator<Item = &[u32]> {
        let (Ok(first) | Err(first)) = self.find(root);
        let indexes = self
            .starting_at(first)
            .map_while(|(oid, _)| oid.arcs().strip_prefix(root));
        indexes.collect::<Vec<_>>().into_iter()
    }

    /// Whether a value is known whose name lies between these two.
    pub(crate) fn has_between(&self, after: Name<'_>, before: Name<'_>) -> bool {
        let first = match self.find_under(after.key(), after.arcs()) {
            Ok(place) => place + 1,
            Err(place) => place,
        };
        let name = |(key, place): &Entry| Name::with_key(self.index.arcs_at(*place), *key);
        let settled = self
            .index
            .order
            .get(first)
            .is_some_and(|one| name(one) < before);
        let (first, last) = (after.key(), before.key());
        let is_near = |one: &Entry| first <= one.0 && one.0 <= last;
        let is_between = |one: &Entry| is_near(one) && after < name(one) && name(one) < before;
        settled || self.gathered.iter().any(is_between)
    }

    /// Every value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Oid, &Value)> {
        self.starting_at(0)
    }

    /// What could not be had.
    pub fn gaps(&self) -> &[ReadGap] {
        &self.gaps
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no value at all.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// What a device that holds exactly these values would answer to `query`.
    #[must_use]
    pub fn answer(&self, query: &Query) -> Self {
        let mut answers = Self::default();
        for ask in &query.asks {
            match ask {
                Ask::Instance(oid) => {
                    if let Some(value) = self.get(oid) {
                        answers.insert(VarBind {
                            oid: oid.clone(),
                            value: value.clone(),
                        });
                    }
                }
                Ask::Columns { columns, max_rows } => {
                    for column in columns {
                        answers.take_column(self, column, *max_rows);
                    }
                }
            }
        }
        answers
    }

    fn take_column(&mut self, from: &Self, column: &Oid, max_rows: u32) {
        for (row, (_, oid, value)) in (0..).zip(from.below(column)) {
            if row == max_rows {
                let reason = GapReason::TooManyRows;
                self.insert_gap(ReadGap {
                    oid: column.clone(),
                    reason,
                });
                return;
            }
            self.insert(VarBind {
                oid: oid.clone(),
                value: value.clone(),
            });
        }
    }
}

impl FromIterator<VarBind> for Answers {
    fn from_iter<I: IntoIterator<Item = VarBind>>(varbinds: I) -> Self {
        let mut answers = Self::default();
        for varbind in varbinds {
            answers.insert(varbind);
        }
        answers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn oid(text: &str) -> Oid {
        text.parse().expect("valid")
    }

    #[test]
    fn a_column_ends_where_its_root_ends() {
        let answers: Answers = ["1.3.1.9", "1.3.2.1", "1.3.2.5.6", "1.3.20.1"]
            .into_iter()
            .map(|name| VarBind {
                oid: oid(name),
                value: Value::Integer(1),
            })
            .collect();
        let root = oid("1.3.2");
        let found: Vec<&[u32]> = answers.below(&root).map(|(index, ..)| index).collect();
        assert_eq!(found, [&[1][..], &[5, 6]]);
    }

    proptest! {
        #[test]
        fn whatever_comes_in_whatever_order_is_found_in_the_order_of_names(
            names in prop::collection::vec(prop::collection::vec(0..4u32, 1..5), 0..60)
        ) {
            let varbinds = names.iter().zip(0_i64..).map(|(arcs, number)| VarBind {
                oid: Oid::new(arcs.as_slice()).expect("short"),
                value: Value::Integer(number),
            });
            let mut expected = BTreeMap::new();
            for varbind in varbinds.clone() {
                expected.entry(varbind.oid).or_insert(varbind.value);
            }
            let answers: Answers = varbinds.clone().collect();
            prop_assert_eq!(answers.len(), expected.len());
            prop_assert!(answers.iter().eq(&expected));
            for root in &names {
                let root = Oid::new(root.as_slice()).expect("short");
                prop_assert_eq!(answers.get(&root), expected.get(&root));
                let below = answers.below(&root).map(|(_, oid, _)| oid);
                prop_assert!(below.eq(expected.keys().filter(|oid| oid.starts_with(&root))));
                for before in &names {
                    let mut between = expected.keys();
                    let between = between.any(|oid| *oid > root && oid.arcs() < before.as_slice());
                    prop_assert_eq!(answers.has_between(Name::of(root.arcs()), Name::of(before)), between);
                }
            }
            let mut gathered = Answers::default();
            for (varbind, number) in varbinds.zip(0..) {
                let key = OrderKey::of(varbind.oid.arcs());
                gathered.gather(key, varbind.oid, varbind.value);
                let next = names.get(number % names.len()).map_or(&[][..], Vec::as_slice);
                for root in &names {
                    let (after, before) = (Name::of(root), Name::of(next));
                    let came = names.iter().take(number + 1);
                    let between = came.map(|name| Name::of(name)).any(|one| after < one && one < before);
                    prop_assert_eq!(gathered.has_between(after, before), between);
                }
                if number % 5 == 3 {
                    gathered.settle();
                }
            }
            gathered.settle();
            prop_assert_eq!(&gathered, &answers);
            prop_assert_eq!(gathered.len(), answers.len());
            let backwards: Answers = expected.into_iter().rev().map(|(oid, value)| VarBind { oid, value }).collect();
            prop_assert_eq!(answers, backwards);
        }
    }

    #[test]
    fn an_exception_is_no_answer() {
        let mut answers = Answers::default();
        answers.insert(VarBind {
            oid: oid("1.3"),
            value: Value::NoSuchObject,
        });
        assert!(answers.is_empty());
    }
}
