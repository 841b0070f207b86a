//! What to ask a device, said without a PDU.

use crate::reader::SharedQuery;
use crate::{Answers, Oid};
use std::sync::Arc;

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

/// What a plan asks next.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum NextQuery {
    /// This, and nobody else is known to be asked the same.
    Own(Query),
    /// What other devices are asked, too.
    Shared {
        /// The query.
        query: Arc<SharedQuery>,
        /// Another number wherever the plan tells the [rows](Plan::expected_rows) of the query's
        /// columns, or [what can be stepped to](Plan::may_step_to), otherwise.
        kind: u64,
    },
}

/// Decides, from what is known so far, what to ask next.
///
/// The driving contract: call [`next_query`](Self::next_query) with an empty [`Answers`], execute
/// the query, merge what came back, call again; nothing means that the device is read.
pub trait Plan {
    /// The next query, given all answers so far.
    fn next_query(&mut self, so_far: &Answers) -> Option<Query>;

    /// The same, for whoever can make use of it that other devices are asked the same. Either this or
    /// [`next_query`](Self::next_query) is called, not both.
    fn next(&mut self, so_far: &Answers) -> Option<NextQuery> {
        self.next_query(so_far).map(NextQuery::Own)
    }

    /// How many rows a column will probably have, if that is known. It decides how a request is
    /// packed, never what is read.
    fn expected_rows(&self, column: &Oid) -> Option<u32> {
        let _ = column;
        None
    }

    /// Whether a step from the name before it brings `instance` wherever the device has it: then it
    /// can be asked for beside columns. Agents exist that answer a GET for objects that no walk
    /// shows, so where that is not known it must be `false`, which costs a request at most.
    fn may_step_to(&self, instance: &Oid) -> bool {
        let _ = instance;
        false
    }

    /// Whether devices of this kind have rows in this column, and what is read is worth little without.
    /// Where GETBULK shows none, GETNEXT asks for all such columns once more, in one request, before
    /// that is believed: devices exist whose GETBULK goes past a whole column. It costs nothing where
    /// there are rows. Unless a plan says otherwise, no column is missed.
    fn must_have(&self, column: &Oid) -> bool {
        let _ = column;
        false
    }

    /// What is known of devices of this kind from elsewhere, once the answers tell which kind it is.
    /// Asked for after each query, before its parts are packed.
    fn known_limits(&mut self, so_far: &Answers) -> KnownLimits {
        let _ = so_far;
        KnownLimits::default()
    }
}

/// What devices of a kind cannot do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownLimits {
    /// Whether GETBULK may be used.
    pub bulk: bool,
    /// The most octets that it sends in one datagram, where known.
    pub max_octets: Option<u16>,
    /// The most names that it takes in one request, where known.
    pub max_names: Option<u16>,
}

impl Default for KnownLimits {
    /// No limits.
    fn default() -> Self {
        Self {
            bulk: true,
            max_octets: None,
            max_names: None,
        }
    }
}
