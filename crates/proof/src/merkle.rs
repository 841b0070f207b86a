//! The Merkle tree of RFC 6962 section 2.1 over leaf hashes that are made elsewhere.

use crate::Hash;
use serde::{Deserialize, Serialize};

/// A tree over the leaves of one submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerkleTree {
    leaves: Vec<Hash>,
}

impl MerkleTree {
    /// A tree over `leaves` in this order.
    pub const fn new(leaves: Vec<Hash>) -> Self {
        Self { leaves }
    }

    /// How many leaves there are; a tree of more than `u32::MAX` cannot be made from one pass.
    pub fn len(&self) -> u32 {
        u32::try_from(self.leaves.len()).unwrap_or(u32::MAX)
    }

    /// Whether there is no leaf.
    pub fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// The root. For no leaves it is SHA-256 of nothing, as in RFC 6962.
    pub fn root(&self) -> Hash {
        root_of(&self.leaves)
    }

    /// What it takes to prove that leaf `index` is in the tree (RFC 6962 section 2.1.1).
    pub fn path(&self, index: u32) -> Option<InclusionPath> {
        let at = usize::try_from(index).ok()?;
        if at >= self.leaves.len() {
            return None;
        }
        let mut hashes = Vec::new();
        collect_path(&self.leaves, at, &mut hashes);
        Some(InclusionPath {
            index,
            leaves: self.len(),
            hashes,
        })
    }
}

/// SHA-256 over a one byte (so that no node can pass for a leaf) and both children.
fn node(left: &Hash, right: &Hash) -> Hash {
    Hash::of(&[&[0x01], left.as_bytes(), right.as_bytes()])
}

fn root_of(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::of(&[]),
        [only] => *only,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(&root_of(left), &root_of(right))
        }
    }
}

fn collect_path(leaves: &[Hash], index: usize, into: &mut Vec<Hash>) {
    if leaves.len() < 2 {
        return;
    }
    let at = split(leaves.len());
    let (left, right) = leaves.split_at(at);
    if index < at {
        collect_path(left, index, into);
        into.push(root_of(right));
    } else {
        collect_path(right, index - at, into);
        into.push(root_of(left));
    }
}

/// The largest power of two below `len`, which is at least 2.
fn split(len: usize) -> usize {
    len.next_power_of_two() / 2
}

/// Proof that one leaf is in a tree: the sibling hashes from the leaf up to the root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InclusionPath {
    /// The leaf's position, from 0.
    pub index: u32,
    /// How many leaves the tree has.
    pub leaves: u32,
    /// The siblings, the lowest first.
    pub hashes: Vec<Hash>,
}

/// A leaf that the path does not lead from to the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InclusionError {
    /// The index is not below the number of leaves.
    #[error("leaf {index} is not in a tree of {leaves} leaves")]
    Index {
        /// The position claimed.
        index: u32,
        /// The number of leaves claimed.
        leaves: u32,
    },
    /// A tree of this size needs another number of siblings.
    #[error("leaf {index} of {leaves} needs a path of another length than {length}")]
    Length {
        /// The position claimed.
        index: u32,
        /// The number of leaves claimed.
        leaves: u32,
        /// How many siblings were given.
        length: usize,
    },
    /// The path ends at another root.
    #[error("the path from leaf {index} ends at {computed}, not at the root {expected}")]
    Root {
        /// The position claimed.
        index: u32,
        /// Where the path ends.
        computed: Hash,
        /// Where it should end.
        expected: Hash,
    },
}

impl InclusionPath {
    /// Checks that `leaf` is in the tree with this `root` (RFC 9162 section 2.1.3.2).
    ///
    /// # Errors
    ///
    /// [`InclusionError`] when it is not.
    pub fn verify(&self, leaf: &Hash, root: &Hash) -> Result<(), InclusionError> {
        let (index, leaves) = (self.index, self.leaves);
        if index >= leaves {
            return Err(InclusionError::Index { index, leaves });
        }
        let wrong_length = InclusionError::Length {
            index,
            leaves,
            length: self.hashes.len(),
        };
        let (mut position, mut last) = (index, leaves - 1);
        let mut computed = *leaf;
        for sibling in &self.hashes {
            if last == 0 {
                return Err(wrong_length);
            }
            if position & 1 == 1 || position == last {
                computed = node(sibling, &computed);
                while position & 1 == 0 && position != 0 {
                    position >>= 1;
                    last >>= 1;
                }
            } else {
                computed = node(&computed, sibling);
            }
            position >>= 1;
            last >>= 1;
        }
        if last != 0 {
            return Err(wrong_length);
        }
        if computed == *root {
            Ok(())
        } else {
            Err(InclusionError::Root {
                index,
                computed,
                expected: *root,
            })
        }
    }
}
