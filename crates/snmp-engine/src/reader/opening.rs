//! What was worked out of a query for one device, kept for those that are asked alike.
//!
//! A thousand devices of one kind that stand at the same place of the same plan are asked the same:
//! which columns stand beside which in the first request is found once, and the request is encoded
//! once. What is asked behind that hangs on what each has answered: see [`trail`](super::trail).

use super::trail::{SharedState, Station};
use super::work::Asked;
use crate::answers::Index;
use crate::{Answers, Ask, KnownLimits, Oid, Query};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A query that many devices are asked, with what was worked out of it. Plans that give the same one
/// share that.
#[derive(Debug)]
pub struct SharedQuery {
    query: Query,
    openings: Mutex<Vec<Opening>>,
}

impl SharedQuery {
    /// Ceiling on openings of one query: one for each community, version and limit of a site's
    /// devices of a kind, some few. The oldest is given up for a new one.
    const MAX_OPENINGS: usize = 16;

    /// A query of which nothing was worked out yet.
    pub fn new(query: Query) -> Self {
        Self {
            query,
            openings: Mutex::default(),
        }
    }

    /// The query.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// Whether it asks for more than what is answered already.
    pub fn is_open(&self, so_far: &Answers) -> bool {
        let is_open = |ask: &Ask| match ask {
            Ask::Instance(oid) => so_far.get(oid).is_none(),
            Ask::Columns { .. } => true,
        };
        self.query.asks.iter().any(is_open)
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Opening>> {
        // Whoever panicked while it was locked left whole entries.
        self.openings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first request to devices that are asked like this.
    pub(super) fn first(&self, alike: &Alike) -> Option<Arc<Station>> {
        let kept = self.kept();
        let found = kept.iter().find(|opening| opening.alike == *alike);
        found.map(|opening| Arc::clone(&opening.first))
    }

    pub(super) fn keep(&self, opening: Opening) {
        let mut kept = self.kept();
        if kept.len() >= Self::MAX_OPENINGS {
            kept.remove(0);
        }
        kept.push(opening);
    }
}

/// All that decides what a query's first request is, beside the query. What was learnt at an earlier
/// read does too, so that who remembers something is asked by an opening of nobody's.
#[derive(Clone, Debug)]
pub(super) struct Alike {
    /// What the plan says ([`NextQuery::Shared`](crate::NextQuery)).
    pub(super) kind: u64,
    pub(super) limits: KnownLimits,
    /// What is known before the query.
    pub(super) state: SharedState,
    /// The names of what is answered already.
    pub(super) index: Arc<Index>,
    /// Nothing over SNMPv3, where each message is sealed anew.
    pub(super) community: Option<Vec<u8>>,
    /// Whether GETBULK was looked into at an earlier read.
    pub(super) bulk_checked: bool,
}

impl PartialEq for Alike {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.limits == other.limits
            && self.bulk_checked == other.bulk_checked
            && self.community == other.community
            && self.state.is_like(&other.state)
            && (Arc::ptr_eq(&self.index, &other.index) || self.index == other.index)
    }
}

/// The first request of a query.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) alike: Alike,
    pub(super) first: Arc<Station>,
}

/// The names that a request sends.
pub(super) fn names(asked: &Asked) -> Vec<Oid> {
    let names = asked.names().into_iter();
    names.map(std::borrow::Cow::into_owned).collect()
}
