//! The next read of a device that was read before: what moves, and nothing else, as long as nothing
//! shows that more has changed.

use crate::definitions::Definitions;
use crate::mib;
use crate::plan::ReadPlan;
use pagetally_model::{DeviceAudit, Provenance, Source, Timestamp};
use pagetally_snmp_engine::{Answers, Ask, KnownLimits, Oid, Plan, Query, Value, VarBind};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is kept of a full read so that the next one can be quick: plain data, to be stored sealed.
/// It holds what the device answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Knowledge {
    /// When it was all read.
    read_at: Timestamp,
    values: BTreeMap<Oid, Value>,
    /// The instances that the next read asks for.
    moving: BTreeSet<Oid>,
    /// Where the serial number stands: one of `moving`.
    serial: Oid,
}

/// Why a quick read is not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Change {
    /// sysUpTime is less than it was: the device was switched off, or its counter ran over.
    Restarted,
    /// Another serial number, or none.
    OtherSerial,
    /// The alerts are not those that there were.
    Alerts,
    /// A level rose: a supply was filled up or replaced.
    LevelRose,
    /// A supply is described in other words.
    OtherSupply,
    /// A counter went back.
    CounterFell,
    /// Something that was there is not there any more, or was not answered.
    Missing,
}

impl Knowledge {
    /// Ceiling on values that are kept; a device that answers more is always read in full.
    pub const MAX_VALUES: usize = 2_048;

    /// What to keep of a read that brought `answers`, read as `audit`; nothing where the read had
    /// gaps or brought too much, as such a device is read in full the next time, too.
    pub fn new(answers: &Answers, audit: &DeviceAudit) -> Option<Self> {
        if !answers.gaps().is_empty() || answers.len() > Self::MAX_VALUES {
            return None;
        }
        let Source::Snmp { oid: serial, .. } = &audit.identity.sources.get("serial")?.source else {
            return None;
        };
        let serial = Oid::default().child(serial.arcs());
        let mut moving = BTreeSet::from([mib::SYS_UP_TIME.clone(), serial.clone()]);
        for column in [
            mib::MARKER.column(4),
            mib::SUPPLIES.column(9),
            mib::SUPPLIES.column(6),
        ] {
            moving.extend(answers.below(&column).map(|(_, oid, _)| oid.clone()));
        }
        let levels = audit.supplies.iter();
        let levels = levels.filter_map(|supply| supply.sources.get("level"));
        let meters = audit.meters.iter().map(|meter| &meter.source);
        for provenance in audit.status.sources.values().chain(levels).chain(meters) {
            moving.extend(instances(&provenance.source));
        }
        moving.retain(|oid| answers.get(oid).is_some());
        Some(Self {
            read_at: audit.time.wall,
            values: answers
                .iter()
                .map(|(o, v)| (o.clone(), v.clone()))
                .collect(),
            moving,
            serial,
        })
    }

    /// How many instances a quick read asks for, the alerts not counted.
    pub fn moving(&self) -> usize {
        self.moving.len()
    }

    /// Everything that is known after a quick read that brought `fresh`: the fresh values, and what
    /// does not move from the earlier read. Decode this, then [`mark`](Self::mark) the audit.
    #[must_use]
    pub fn complete(&self, fresh: &Answers) -> Answers {
        let mut all = fresh.clone();
        for (oid, value) in &self.values {
            if !self.is_fresh(oid) {
                all.insert(VarBind {
                    oid: oid.clone(),
                    value: value.clone(),
                });
            }
        }
        all
    }

    /// Says in `audit`, decoded from [`complete`](Self::complete), of each value that `fresh` does
    /// not hold that it was read earlier, and when.
    pub fn mark(&self, audit: &mut DeviceAudit, fresh: &Answers) {
        let mut mark = |provenance: &mut Provenance| {
            if let Source::Snmp { oid, .. } = &provenance.source
                && fresh.get(&Oid::default().child(oid.arcs())).is_none()
            {
                provenance.read_at = Some(self.read_at);
            }
        };
        audit.identity.sources.values_mut().for_each(&mut mark);
        audit.status.sources.values_mut().for_each(&mut mark);
        for meter in &mut audit.meters {
            mark(&mut meter.source);
        }
        macro_rules! parts {
            ($($part:ident)*) => {$(
                for part in &mut audit.$part {
                    part.sources.values_mut().for_each(&mut mark);
                }
            )*};
        }
        parts!(markers supplies trays outputs covers alerts);
    }

    /// What in `answers` shows that more has changed than what moves.
    pub fn evidence_of_change(&self, answers: &Answers) -> Option<Change> {
        for oid in &self.moving {
            let Some(new) = answers.get(oid) else {
                return Some(Change::Missing);
            };
            let old = self.values.get(oid);
            if *oid == self.serial && old != Some(new) {
                return Some(Change::OtherSerial);
            }
            if let Some(change) = old.and_then(|old| compare(oid, old, new)) {
                return Some(change);
            }
        }
        let alerts = mib::ALERT.entry();
        let known = self
            .values
            .iter()
            .filter(|(oid, _)| oid.starts_with(alerts));
        let same = answers
            .below(alerts)
            .map(|(_, oid, value)| (oid, value))
            .eq(known);
        (!same).then_some(Change::Alerts)
    }

    /// Whether a quick read asks for it.
    fn is_fresh(&self, oid: &Oid) -> bool {
        self.moving.contains(oid) || oid.starts_with(mib::ALERT.entry())
    }
}

/// The instances that a value was read from.
fn instances(source: &Source) -> Vec<Oid> {
    let oid = |source: &Source| match source {
        Source::Snmp { oid, .. } => Some(Oid::default().child(oid.arcs())),
        _ => None,
    };
    match source {
        Source::Derived { inputs, .. } => inputs
            .iter()
            .filter_map(|input| oid(&input.source))
            .collect(),
        other => oid(other).into_iter().collect(),
    }
}

fn compare(oid: &Oid, old: &Value, new: &Value) -> Option<Change> {
    if old == new {
        return None;
    }
    if *oid == *mib::SYS_UP_TIME {
        return (new.as_i64() < old.as_i64()).then_some(Change::Restarted);
    }
    if oid.starts_with(&mib::SUPPLIES.column(9)) {
        return (new.as_i64() > old.as_i64()).then_some(Change::LevelRose);
    }
    if oid.starts_with(&mib::SUPPLIES.column(6)) {
        return Some(Change::OtherSupply);
    }
    match (old.as_i64(), new.as_i64()) {
        (Some(old), Some(new)) if oid.starts_with(&mib::MARKER.column(4)) => {
            (new < old).then_some(Change::CounterFell)
        }
        _ => None,
    }
}

/// Asks a known device for what moves: its meters, levels, alerts, uptime and serial number. Where
/// those show that more has changed, the full plan follows in the same read.
#[derive(Clone, Debug)]
pub struct QuickPlan {
    knowledge: Knowledge,
    full: ReadPlan,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    New,
    Asked,
    Full(Change),
    Done,
}

impl QuickPlan {
    /// A plan for one read of a device of which `knowledge` was kept.
    pub fn new(definitions: &Definitions, knowledge: Knowledge) -> Self {
        Self {
            knowledge,
            full: ReadPlan::new(definitions),
            stage: Stage::New,
        }
    }
}

impl Plan for QuickPlan {
    fn next_query(&mut self, so_far: &Answers) -> Option<Query> {
        match self.stage {
            Stage::New => {
                self.stage = Stage::Asked;
                let mut asks: Vec<Ask> = Vec::with_capacity(self.knowledge.moving.len() + 1);
                asks.extend(self.knowledge.moving.iter().cloned().map(Ask::Instance));
                asks.push(mib::ALERT.ask(mib::ALERT.columns));
                Some(Query { asks })
            }
            Stage::Asked => match self.knowledge.evidence_of_change(so_far) {
                Some(change) => {
                    self.stage = Stage::Full(change);
                    self.full.next_query(so_far)
                }
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
        let rows = self
            .knowledge
            .values
            .keys()
            .filter(|oid| oid.starts_with(column));
        match rows.count() {
            0 => self.full.expected_rows(column),
            rows => u32::try_from(rows).ok(),
        }
    }

    fn known_limits(&mut self, so_far: &Answers) -> KnownLimits {
        self.full.known_limits(so_far)
    }
}
