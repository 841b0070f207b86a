//! How much of each subtree has been had: a table that never ends must end somewhere.

use crate::Oid;

/// Ceilings on the variables below a name's parent, its grandparent and so on. The fullest column of
/// a recorded device has 273 rows of one index and its fullest table 3,276 cells; one Brother model
/// has subtrees of unknown length that nobody has seen the end of.
const CEILINGS: [u32; 4] = [600, 2_000, 4_000, 8_000];

/// Arcs that are never given up as a whole: 1.3.6.1.4.1, an enterprise and one more.
const LEAST_ARCS: usize = 8;

/// The variables had below each beginning of the last name.
#[derive(Clone, Debug, Default)]
pub(super) struct Path {
    arcs: Vec<u32>,
    counts: Vec<u32>,
}

impl Path {
    /// Counts one more variable. Where a subtree now has more than is taken of one, its root.
    pub(super) fn count(&mut self, name: &Oid) -> Option<Oid> {
        let shared = self
            .arcs
            .iter()
            .zip(name.arcs())
            .take_while(|(a, b)| a == b)
            .count();
        self.counts.truncate(shared);
        self.counts.resize(name.arcs().len(), 0);
        self.arcs.clear();
        self.arcs.extend_from_slice(name.arcs());
        self.counts.iter_mut().for_each(|count| *count += 1);
        // `counts[n]` counts below the first `n + 1` arcs.
        let len = name.arcs().len();
        CEILINGS.iter().enumerate().find_map(|(up, ceiling)| {
            let arcs = len.checked_sub(up + 1)?;
            let count = self.counts.get(arcs.checked_sub(1)?)?;
            (arcs >= LEAST_ARCS && count >= ceiling)
                .then(|| Oid::default().child(name.arcs().get(..arcs).unwrap_or_default()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(arcs: &[u32]) -> Oid {
        Oid::default().child(&[&[1, 3, 6, 1, 4, 1, 2435], arcs].concat())
    }

    #[test]
    fn an_endless_column_is_given_up_and_not_its_table() {
        let mut path = Path::default();
        let full = (0..).find_map(|row| Some((row, path.count(&oid(&[2, 63, 5, row]))?)));
        assert_eq!(full, Some((599, oid(&[2, 63, 5]))));
    }

    #[test]
    fn an_endless_second_index_is_given_up_too() {
        let mut path = Path::default();
        let full = (0..).find_map(|row| Some((row, path.count(&oid(&[2, 63, 5, row, 1]))?)));
        assert_eq!(full, Some((1_999, oid(&[2, 63, 5]))));
    }

    #[test]
    fn a_maker_is_never_given_up() {
        let mut path = Path::default();
        for first in 0..20_000 {
            assert_eq!(path.count(&oid(&[first])), None);
        }
    }

    #[test]
    fn columns_of_a_common_length_are_no_matter() {
        let mut path = Path::default();
        for column in 0..7 {
            for row in 0..273 {
                assert_eq!(path.count(&oid(&[57, 3, 1, 1, column, row])), None);
            }
        }
    }
}
