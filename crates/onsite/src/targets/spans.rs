//! Sets of IPv4 addresses as disjoint spans.

use pagetally_model::targets::Target;
use std::net::Ipv4Addr;

/// Ceiling on spans: a million pieces are 8 MB; a site has dozens.
pub(super) const MAX_SPANS: usize = 1 << 20;

/// More spans than are kept.
#[derive(Debug)]
pub(super) struct TooScattered;

/// Inclusive spans; disjoint and in order after [`merge`](Self::merge).
#[derive(Clone, Debug, Default)]
pub(super) struct Spans(Vec<(u32, u32)>);

impl Spans {
    /// Adds the IPv4 addresses of `target`; names and IPv6 addresses add nothing.
    pub(super) fn add(&mut self, target: &Target) -> Result<(), TooScattered> {
        match target {
            Target::Span(first, last) => self.push((*first).into(), (*last).into()),
            Target::Octets(octets) => self.add_octets(octets),
            _ => Ok(()),
        }
    }

    fn push(&mut self, first: u32, last: u32) -> Result<(), TooScattered> {
        if let Some((_, end)) = self.0.last_mut()
            && end.checked_add(1) == Some(first)
        {
            *end = last;
            return Ok(());
        }
        if self.0.len() >= MAX_SPANS {
            return Err(TooScattered);
        }
        self.0.push((first, last));
        Ok(())
    }

    fn add_octets(&mut self, octets: &[(u8, u8); 4]) -> Result<(), TooScattered> {
        let [a, b, c, d] = octets;
        for a in a.0..=a.1 {
            for b in b.0..=b.1 {
                for c in c.0..=c.1 {
                    self.push(
                        u32::from_be_bytes([a, b, c, d.0]),
                        u32::from_be_bytes([a, b, c, d.1]),
                    )?;
                }
            }
        }
        Ok(())
    }

    /// Puts the spans in order and joins those that touch or overlap.
    pub(super) fn merge(&mut self) {
        self.0.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(self.0.len());
        for (first, last) in self.0.drain(..) {
            match merged.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => merged.push((first, last)),
            }
        }
        self.0 = merged;
    }

    /// What is in `self` and not in `holes`; both merged.
    pub(super) fn without(&self, holes: &Self) -> Self {
        let mut kept = Vec::new();
        let mut holes = holes.0.iter().peekable();
        for &(first, last) in &self.0 {
            let mut from = u64::from(first);
            while let Some(&&(hole_first, hole_last)) = holes.peek() {
                if u64::from(hole_last) < from {
                    holes.next();
                    continue;
                }
                if hole_first > last {
                    break;
                }
                if let Ok(start) = u32::try_from(from)
                    && start < hole_first
                {
                    kept.push((start, hole_first - 1));
                }
                from = u64::from(hole_last) + 1;
                if hole_last >= last {
                    break;
                }
                holes.next();
            }
            if let Ok(start) = u32::try_from(from)
                && start <= last
            {
                kept.push((start, last));
            }
        }
        Self(kept)
    }

    /// How many addresses there are; exact after [`merge`](Self::merge).
    pub(super) fn count(&self) -> u64 {
        self.0
            .iter()
            .map(|(first, last)| u64::from(last - first) + 1)
            .sum()
    }

    /// Whether an address is in it; after [`merge`](Self::merge).
    pub(super) fn contains(&self, address: Ipv4Addr) -> bool {
        let address = u32::from(address);
        let after = self.0.partition_point(|(first, _)| *first <= address);
        let before = after.checked_sub(1).and_then(|place| self.0.get(place));
        before.is_some_and(|(_, last)| address <= *last)
    }

    /// Every address, in order.
    pub(super) fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> + '_ {
        self.0
            .iter()
            .flat_map(|(first, last)| (*first..=*last).map(Ipv4Addr::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn set(spans: &[(u32, u32)]) -> Spans {
        let mut made = Spans(spans.to_vec());
        made.merge();
        made
    }

    #[test]
    fn taking_away_agrees_with_sets_of_single_addresses() {
        let mut seed = 0x2545_f491_u32;
        let mut random = move |below: u32| {
            seed ^= seed << 13;
            seed ^= seed >> 17;
            seed ^= seed << 5;
            seed % below
        };
        for _ in 0..2_000 {
            let mut spans = || -> Vec<(u32, u32)> {
                (0..random(5))
                    .map(|_| {
                        let first = random(40);
                        (first, first + random(8))
                    })
                    .collect()
            };
            let (left, right) = (spans(), spans());
            let singles = |spans: &[(u32, u32)]| -> BTreeSet<u32> {
                spans.iter().flat_map(|(a, b)| *a..=*b).collect()
            };
            let expected: Vec<u32> = singles(&left)
                .difference(&singles(&right))
                .copied()
                .collect();
            let got: Vec<u32> = set(&left)
                .without(&set(&right))
                .addresses()
                .map(u32::from)
                .collect();
            assert_eq!(got, expected, "{left:?} without {right:?}");
        }
    }

    #[test]
    fn the_last_address_of_all_can_be_kept_and_taken_away() {
        let all = set(&[(u32::MAX - 1, u32::MAX)]);
        assert_eq!(all.without(&set(&[(u32::MAX, u32::MAX)])).count(), 1);
        assert_eq!(all.without(&set(&[(0, u32::MAX - 1)])).count(), 1);
    }
}
