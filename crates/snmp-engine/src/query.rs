//! What to ask a device, said without a PDU.

use crate::{Answers, Oid};

/// One thing to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ask {
    /// Exactly this instance.
    Instance(Oid),
    /// These columns of one table (or roots of small subtrees), row by row, until each one ends.
    Columns {
        /// The columns' roots. Instances below them are the answer.
        columns: Vec<Oid>,
        /// Ceiling on rows for each column: an endless table must end somewhere.
        max_rows: u32,
    },
}

/// What to ask in one go; the reader packs it into as few requests as the device allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// In order of importance.
    pub asks: Vec<Ask>,
}

/// Decides, from what is known so far, what to ask next.
///
/// The driving contract: call [`next_query`](Self::next_query) with an empty [`Answers`], execute
/// the query, merge what came back, call again; nothing means that the device is read.
pub trait Plan {
    /// The next query, given all answers so far.
    fn next_query(&mut self, so_far: &Answers) -> Option<Query>;
}
