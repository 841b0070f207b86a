//! The next read of a device that was read before: what moves, and nothing else, as long as nothing
//! shows that more has changed.

use crate::definitions::Definitions;
use crate::knowledge::{Change, Knowledge};
use crate::mib;
use crate::plan::ReadPlan;
use pagetally_snmp_engine::{Answers, Ask, KnownLimits, Oid, Plan, Query};
use std::sync::Arc;

/// Asks a known device for what moves: its meters, levels, status, alerts, uptime and serial number.
/// Where those show that more has changed, the full plan follows in the same read.
#[derive(Clone, Debug)]
pub struct QuickPlan {
    knowledge: Arc<Knowledge>,
    full: ReadPlan,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    New,
    /// It is asked for the instances that move.
    Moving,
    /// It is the same device, and is asked for its alerts.
    Alerts,
    Full(Change),
    Done,
}

impl QuickPlan {
    /// A plan for one read of a device of which `knowledge` was kept.
    pub fn new(definitions: &Definitions, knowledge: impl Into<Arc<Knowledge>>) -> Self {
        Self {
            knowledge: knowledge.into(),
            full: ReadPlan::new(definitions),
            stage: Stage::New,
        }
    }

    fn read_in_full(&mut self, change: Change, so_far: &Answers) -> Option<Query> {
        self.stage = Stage::Full(change);
        self.full.next_query(so_far)
    }
}

impl Plan for QuickPlan {
    fn next_query(&mut self, so_far: &Answers) -> Option<Query> {
        match self.stage {
            Stage::New => {
                self.stage = Stage::Moving;
                let asks = self.knowledge.asked().cloned().map(Ask::Instance);
                Some(Query {
                    asks: asks.collect(),
                })
            }
            Stage::Moving => match self.knowledge.moved(so_far) {
                Some(change) => self.read_in_full(change, so_far),
                None => {
                    self.stage = Stage::Alerts;
                    Some(Query {
                        asks: vec![mib::ALERT.ask(mib::ALERT.columns)],
                    })
                }
            },
            Stage::Alerts => match self.knowledge.evidence_of_change(so_far) {
                Some(change) => self.read_in_full(change, so_far),
                None => {
                    self.stage = Stage::Done;
                    None
                }
            },
            Stage::Full(_) => self.full.next_query(so_far),
            Stage::Done => None,
        }
    }

    fn expected_rows(&self, column: &Oid) -> Option<u32> {
        match self.knowledge.rows(column) {
            0 => self.full.expected_rows(column),
            rows => u32::try_from(rows).ok(),
        }
    }

    fn must_have(&self, column: &Oid) -> bool {
        self.full.must_have(column)
    }

    fn known_limits(&mut self, so_far: &Answers) -> KnownLimits {
        match self.stage {
            // Who it is has been seen, so what is known of its kind holds.
            Stage::Alerts => self.full.known_limits(&self.knowledge.complete(so_far)),
            // Who it is has not been seen: only that it is asked for less can be trusted to do no harm.
            Stage::Moving => {
                let mut limits = self.full.known_limits(&self.knowledge.complete(so_far));
                limits.bulk = false;
                limits
            }
            _ => self.full.known_limits(so_far),
        }
    }
}
