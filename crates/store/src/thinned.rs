//! What was taken out of a segment on purpose: a record of its own at the segment's end.
//!
//! It names, group by group, the records that are gone, and what the frames that stayed hash to, so that
//! a thinned segment is checked as quickly as one that is whole. It is sealed by the site's key and bound
//! to its segment: nobody without the key can make a loss look like thinning.

use crate::frame::FrameHeader;
use crate::keys::Keyring;
use crate::record::{Payload, PayloadFault, Reader, Writer};
use pagetally_proof::Hash;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// The record belongs to no group and has no place in the order of records.
pub(crate) const NO_SEQUENCE: u64 = 0;

/// What became of the groups of one segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Thinned {
    /// By the sequence of each group's first record.
    pub(crate) groups: BTreeMap<u64, ThinnedGroup>,
}

/// What became of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ThinnedGroup {
    /// What the frames that stayed hash to, as a closing record has it.
    pub(crate) digest: Hash,
    /// What was taken out, in ascending order.
    pub(crate) removed: Vec<RangeInclusive<u64>>,
    /// How many of those were documents.
    pub(crate) documents: u64,
}

impl ThinnedGroup {
    pub(crate) fn has_lost(&self, sequence: u64) -> bool {
        self.removed.iter().any(|range| range.contains(&sequence))
    }
}

/// Ascending numbers as ranges.
pub(crate) fn ranges(sequences: impl IntoIterator<Item = u64>) -> Vec<RangeInclusive<u64>> {
    let mut ranges: Vec<RangeInclusive<u64>> = Vec::new();
    for sequence in sequences {
        match ranges.last_mut() {
            Some(last) if last.end().checked_add(1) == Some(sequence) => {
                *last = *last.start()..=sequence;
            }
            Some(_) | None => ranges.push(sequence..=sequence),
        }
    }
    ranges
}

impl Thinned {
    pub(crate) fn to_payload(&self) -> Payload {
        let mut out = Writer::with_capacity(4 + self.groups.len() * 72);
        out.bytes(&count(self.groups.len()));
        for (first, group) in &self.groups {
            out.bytes(&first.to_be_bytes());
            out.bytes(group.digest.as_bytes());
            out.bytes(&group.documents.to_be_bytes());
            out.bytes(&count(group.removed.len()));
            for range in &group.removed {
                out.bytes(&range.start().to_be_bytes());
                out.bytes(&range.end().to_be_bytes());
            }
        }
        out.finish()
    }

    pub(crate) fn parse(payload: &[u8]) -> Result<Self, PayloadFault> {
        let mut reader = Reader::new(payload)?;
        let mut groups = BTreeMap::new();
        // What is declared sizes nothing: the payload ends a loop that goes on for too long.
        for _ in 0..u32::from_be_bytes(reader.array()?) {
            let first = u64::from_be_bytes(reader.array()?);
            let digest = Hash::from_bytes(reader.array()?);
            let documents = u64::from_be_bytes(reader.array()?);
            let mut removed = Vec::new();
            for _ in 0..u32::from_be_bytes(reader.array()?) {
                let start = u64::from_be_bytes(reader.array()?);
                removed.push(start..=u64::from_be_bytes(reader.array()?));
            }
            let group = ThinnedGroup {
                digest,
                removed,
                documents,
            };
            groups.insert(first, group);
        }
        reader.end()?;
        Ok(Self { groups })
    }

    /// Opens a frame of this kind.
    pub(crate) fn open(keyring: &Keyring, header: &FrameHeader, sealed: &[u8]) -> Option<Self> {
        let key = keyring.find(header.key)?;
        let payload = header.open(&key.key, sealed)?;
        Self::parse(&payload).ok()
    }
}

fn count(length: usize) -> [u8; 4] {
    // A segment has less than 2^32 bytes, and so fewer groups.
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_taken_out_survives_its_bytes(groups in prop::collection::btree_map(any::<u64>(), prop::collection::btree_set(0u64..60, 0..40), 0..6)) {
            let groups = groups.into_iter().map(|(first, removed)| {
                let documents = removed.len() as u64;
                let group = ThinnedGroup { digest: Hash::of(&[b"x"]), removed: ranges(removed.iter().copied()), documents };
                for sequence in 0..60 {
                    assert_eq!(group.has_lost(sequence), removed.contains(&sequence));
                }
                (first, group)
            });
            let thinned = Thinned { groups: groups.collect() };
            let payload = thinned.to_payload();
            prop_assert_eq!(Thinned::parse(&payload), Ok(thinned));
            prop_assert_eq!(Thinned::parse(&payload[..payload.len() - 1]), Err(PayloadFault));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Thinned::parse(&bytes);
        }
    }
}
