//! The small state that is the sum of all records, kept in memory and sealed in the index.

use crate::frame::{FrameHeader, HEADER};
use crate::record::ChainHead;
use pagetally_proof::Hash;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the index, and of the state in it, that this crate writes. Another one is built anew.
pub(crate) const STATE_FORMAT: u32 = 2;

/// Where a record's frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Location {
    pub(crate) segment: u32,
    pub(crate) offset: u64,
    /// Header and sealed bytes together.
    pub(crate) length: u32,
    pub(crate) sequence: u64,
}

impl Location {
    pub(crate) const BYTES: usize = 24;

    /// Where a frame is that begins at `offset`.
    pub(crate) fn of(segment: u32, offset: usize, header: &FrameHeader) -> Self {
        Self {
            segment,
            offset: offset as u64,
            // Both were u32 when they were written or parsed; the sum is far below.
            length: header.length.saturating_add(HEADER as u32),
            sequence: header.sequence,
        }
    }

    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..4].copy_from_slice(&self.segment.to_be_bytes());
        bytes[4..12].copy_from_slice(&self.offset.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.length.to_be_bytes());
        bytes[16..].copy_from_slice(&self.sequence.to_be_bytes());
        bytes
    }

    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let (segment, rest) = bytes.split_first_chunk::<4>()?;
        let (offset, rest) = rest.split_first_chunk::<8>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (sequence, rest) = rest.split_first_chunk::<8>()?;
        rest.is_empty().then_some(Self {
            segment: u32::from_be_bytes(*segment),
            offset: u64::from_be_bytes(*offset),
            length: u32::from_be_bytes(*length),
            sequence: u64::from_be_bytes(*sequence),
        })
    }
}

/// What is known after all groups up to `segment` and `offset`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) format: u32,
    /// The segment of the last group.
    pub(crate) segment: u32,
    /// Where that group ends.
    pub(crate) offset: u64,
    /// The sequence that the next frame gets.
    pub(crate) next_sequence: u64,
    /// The last record that was made durable and acknowledged; 0 before the first.
    pub(crate) acknowledged: u64,
    /// The chain over all groups; absent after a group whose commit frames were both damaged.
    pub(crate) chain: Option<Hash>,
    /// The end of the submissions' chain.
    pub(crate) head: Option<ChainHead>,
    /// Numbers of the submissions that wait for a receipt.
    pub(crate) waiting: NumberSet,
    /// Submissions that Central rejected and whose documents were not sent again since, each with the place
    /// of its receipt.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) rejected: BTreeMap<u64, Location>,
    /// The copies of the latest record of each kind of which only the latest counts.
    pub(crate) latest: BTreeMap<String, Vec<Location>>,
    /// Events since the last pass report: the next one tells them.
    #[serde(default)]
    pub(crate) untold: Vec<Location>,
    /// Documents that were taken out of the history on purpose.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) thinned: u64,
    /// The segment that another is being put in the place of: what the index knows of it may be true of
    /// either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) moving: Option<u32>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Default for State {
    fn default() -> Self {
        Self {
            format: STATE_FORMAT,
            segment: 0,
            offset: 0,
            next_sequence: 1,
            acknowledged: 0,
            chain: Some(Hash::ZERO),
            head: None,
            waiting: NumberSet::default(),
            rejected: BTreeMap::new(),
            latest: BTreeMap::new(),
            untold: Vec::new(),
            thinned: 0,
            moving: None,
        }
    }
}

/// A set of numbers that mostly follow each other, kept as inclusive ranges: an outbox of
/// thousands costs a few bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct NumberSet(Vec<(u64, u64)>);

impl NumberSet {
    pub(crate) fn contains(&self, number: u64) -> bool {
        let at = self.0.partition_point(|&(_, last)| last < number);
        self.0.get(at).is_some_and(|&(first, _)| first <= number)
    }

    pub(crate) fn insert(&mut self, number: u64) {
        if self.contains(number) {
            return;
        }
        let at = self.0.partition_point(|&(_, last)| last < number);
        let joins_left = at > 0 && self.0[at - 1].1.checked_add(1) == Some(number);
        let joins_right = at < self.0.len() && number.checked_add(1) == Some(self.0[at].0);
        match (joins_left, joins_right) {
            (true, true) => {
                self.0[at - 1].1 = self.0[at].1;
                self.0.remove(at);
            }
            (true, false) => self.0[at - 1].1 = number,
            (false, true) => self.0[at].0 = number,
            (false, false) => self.0.insert(at, (number, number)),
        }
    }

    pub(crate) fn remove(&mut self, number: u64) {
        let at = self.0.partition_point(|&(_, last)| last < number);
        let Some(&(first, last)) = self.0.get(at) else {
            return;
        };
        if number < first {
            return;
        }
        let left = (first < number).then(|| (first, number - 1));
        let right = (number < last).then(|| (number + 1, last));
        self.0.splice(at..=at, left.into_iter().chain(right));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.iter().flat_map(|&(first, last)| first..=last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_run_of_numbers_is_one_range() {
        let mut set = NumberSet::default();
        for number in [3, 1, 2, 5, 4] {
            set.insert(number);
        }
        assert_eq!(set.0, [(1, 5)]);
    }

    #[test]
    fn a_location_survives_its_own_bytes() {
        let location = Location {
            segment: 1,
            offset: 2,
            length: 3,
            sequence: u64::MAX,
        };
        assert_eq!(Location::parse(&location.to_bytes()), Some(location));
        assert_eq!(Location::parse(&[0; 23]), None);
    }

    proptest! {
        #[test]
        fn a_number_set_is_a_set(steps in prop::collection::vec((any::<bool>(), 0u64..40), 0..200)) {
            let mut set = NumberSet::default();
            let mut model = BTreeSet::new();
            for (insert, number) in steps {
                if insert {
                    set.insert(number);
                    model.insert(number);
                } else {
                    set.remove(number);
                    model.remove(&number);
                }
                prop_assert!(set.iter().eq(model.iter().copied()));
                prop_assert!(set.0.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0));
                prop_assert_eq!(set.contains(number), insert);
            }
        }
    }
}
