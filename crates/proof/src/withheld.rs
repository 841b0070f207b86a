//! Leaves whose documents do not travel with them.
//!
//! A root is made of leaves' hashes, so a submission of which a document is gone stays one that can be
//! verified: the hash stands in the document's place. What it hashed cannot be guessed from it, since
//! every leaf is salted.

use crate::{Hash, LeafKind};
use serde::{Deserialize, Serialize};

/// Why a document does not travel. The sender's own word: no hash proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WithheldReason {
    /// Erased on purpose, its key destroyed, before it was delivered.
    Erased,
    /// Lost to damage on the agent's disk.
    Lost,
    /// Thinned from the agent's history, which a Central had before.
    Thinned,
}

/// One leaf without its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WithheldLeaf {
    /// The leaf's place in its tree, from 0.
    pub place: u32,
    /// What the document was, as the sender says.
    pub kind: LeafKind,
    /// The leaf's hash.
    pub hash: Hash,
    /// Why it is not here.
    pub reason: WithheldReason,
}

/// What of a submission does not travel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// Everything, and the leaves' hashes too: nothing but the signed header is there.
    All(WithheldReason),
    /// These leaves, in the order of their places; none as a rule.
    Leaves(Vec<WithheldLeaf>),
}

impl Default for Withheld {
    fn default() -> Self {
        Self::Leaves(Vec::new())
    }
}

impl Withheld {
    /// How many documents that is in a submission of `leaves`.
    pub fn count(&self, leaves: u32) -> u32 {
        match self {
            Self::All(_) => leaves,
            Self::Leaves(withheld) => u32::try_from(withheld.len()).unwrap_or(u32::MAX),
        }
    }

    /// Those that are named one by one.
    pub fn leaves(&self) -> &[WithheldLeaf] {
        match self {
            Self::All(_) => &[],
            Self::Leaves(withheld) => withheld,
        }
    }
}
