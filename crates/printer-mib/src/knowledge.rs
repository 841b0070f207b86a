//! What is kept of a full read so that the next one can be quick.
//!
//! A device's model, its supplies' names and capacities, its trays do not move while it works; its
//! meters, levels, status and alerts do. [`Knowledge`] holds all that a full read brought, and which of it
//! moves and how: a counter that falls, a level that jumps, another serial number, an alert that was not
//! there show that more has changed than what moves.

use crate::definitions::Definitions;
use crate::mib;
use pagetally_model::{
    DeviceAudit, Level, Provenance, Source, Sources, Supply, SupplyClass, Timestamp,
};
use pagetally_snmp_engine::{Answers, Oid, Value, VarBind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is kept of a full read so that the next one can be quick: plain data, to be stored sealed.
/// It holds what the device answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knowledge {
    /// When it was all read.
    read_at: Timestamp,
    /// [`Definitions::fingerprint`] of those that chose what was read.
    definitions: u64,
    values: BTreeMap<Oid, Value>,
    /// The instances that the next read asks for, and what a change of each means.
    moving: BTreeMap<Oid, Role>,
    /// When what moves was last read.
    last_at: Timestamp,
    /// When it is read again, where the time in between may be held against the uptime.
    #[serde(skip)]
    now: Option<Timestamp>,
}

/// The last values of what moves: small, and all that has to be kept after a quick read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latest {
    /// When the knowledge was read that it belongs to.
    read_at: Timestamp,
    /// When these were read.
    at: Timestamp,
    values: BTreeMap<Oid, Value>,
}

/// What a value is that moves, and so what a change of it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Role {
    /// It says what troubles the device, which has alerts for it or has none at all.
    Conditions,
    /// It only goes up.
    Counter,
    /// It says which device, or which supply, this is.
    Device,
    /// What is left in a supply of this capacity: it goes down in small steps.
    Level { capacity: i64 },
    /// What a receptacle of this capacity holds, or has room for: devices differ, so it goes either
    /// way.
    Receptacle { capacity: i64 },
    /// Whatever it says is news of no more than itself.
    State,
    /// The words or the number that a supply is known by.
    Supply,
    /// sysUpTime.
    Uptime,
}

/// Why a quick read is not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Change {
    /// The alerts, or the conditions of hrPrinterDetectedErrorState, are not those that there were.
    Alerts,
    /// A counter went back.
    CounterFell,
    /// A level rose or fell at once by more than a device uses up: a supply was filled up or replaced.
    LevelJumped,
    /// Something that was there is not there any more, or was not answered.
    Missing,
    /// Another serial number; where a device has none, another network card or engine id.
    OtherSerial,
    /// A supply is described in other words, or has another serial number.
    OtherSupply,
    /// sysUpTime is less than it was, or than the time that passed: the device was switched off, or its
    /// counter ran over.
    Restarted,
}

/// Why knowledge cannot be used, which costs a full read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// Its parts contradict each other.
    #[error("what is known of the device contradicts itself")]
    Inconsistent,
    /// Other definitions may want other values.
    #[error("what is known of the device was read by other definitions")]
    OtherDefinitions,
    /// The latest values are those of another full read.
    #[error("the last values of the device belong to another full read")]
    OtherRead,
}

impl Knowledge {
    /// Ceiling on values that are kept; a device that answers more is always read in full.
    pub const MAX_VALUES: usize = 2_048;

    /// What to keep of a read that brought `answers`, read as `audit`; nothing where the read had
    /// gaps, brought too much, or shows nothing that tells the device from another one: such a device
    /// is read in full the next time, too.
    pub fn new(answers: &Answers, audit: &DeviceAudit, definitions: &Definitions) -> Option<Self> {
        if !answers.gaps().is_empty() || answers.len() > Self::MAX_VALUES {
            return None;
        }
        let evidence = audit.identity.evidence();
        let anchor = [
            ("serial", evidence.serial.is_some()),
            ("mac", evidence.mac.is_some()),
            ("engineId", evidence.engine_id.is_some()),
        ]
        .into_iter()
        .filter(|(_, tells)| *tells)
        .find_map(|(field, _)| {
            let oids = instances(&audit.identity.sources.get(field)?.source);
            (!oids.is_empty()).then_some(oids)
        })?;
        let mut moving = Moving {
            answers,
            roles: BTreeMap::new(),
        };
        moving.add(Role::Device, anchor);
        moving.add(Role::Uptime, [mib::SYS_UP_TIME.clone()]);
        audit
            .supplies
            .iter()
            .for_each(|supply| moving.supply(supply));
        moving.column(Role::Conditions, &mib::HR_PRINTER.column(2));
        moving.column(Role::Supply, &mib::SUPPLIES.column(6));
        moving.column(Role::Counter, &mib::MARKER.column(4));
        moving.column(Role::State, &mib::MARKER.column(5));
        for meter in &audit.meters {
            moving.provenance(Role::Counter, &meter.source);
        }
        let trays = audit.trays.iter().map(|tray| &tray.sources);
        let outputs = audit.outputs.iter().map(|output| &output.sources);
        trays
            .chain(outputs)
            .for_each(|sources| moving.field(Role::State, sources, "level"));
        for provenance in audit.status.sources.values() {
            moving.provenance(Role::State, provenance);
        }
        let knowledge = Self {
            read_at: audit.time.wall,
            definitions: definitions.fingerprint(),
            moving: moving.roles,
            last_at: audit.time.wall,
            now: None,
            values: answers
                .iter()
                .map(|(oid, value)| (oid.clone(), value.clone()))
                .collect(),
        };
        knowledge.check(definitions).is_ok().then_some(knowledge)
    }

    /// Whether it can be used with these definitions, wherever it comes from.
    ///
    /// # Errors
    ///
    /// [`Unfit`] says why not.
    pub fn check(&self, definitions: &Definitions) -> Result<(), Unfit> {
        if self.definitions != definitions.fingerprint() {
            return Err(Unfit::OtherDefinitions);
        }
        let tells = self.moving.values().any(|role| *role == Role::Device);
        let there = self.moving.keys().all(|oid| self.values.contains_key(oid));
        if self.values.len() > Self::MAX_VALUES || !tells || !there {
            return Err(Unfit::Inconsistent);
        }
        Ok(())
    }

    /// When the device was read in full.
    pub fn read_at(&self) -> Timestamp {
        self.read_at
    }

    /// How many instances a quick read asks for, the alerts not counted.
    pub fn moving(&self) -> usize {
        self.moving.len()
    }

    /// The instances that a quick read asks for.
    pub(crate) fn asked(&self) -> impl Iterator<Item = &Oid> {
        self.moving.keys()
    }

    /// How many rows a column had.
    pub(crate) fn rows(&self, column: &Oid) -> usize {
        let rows = self.values.range(column.clone()..);
        rows.take_while(|(oid, _)| oid.starts_with(column)).count()
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

    /// Says in `audit`, decoded from [`complete`](Self::complete), of each value that rests on nothing
    /// that `fresh` holds that it was read earlier, and when.
    pub fn mark(&self, audit: &mut DeviceAudit, fresh: &Answers) {
        let mut mark = |provenance: &mut Provenance| {
            let oids = instances(&provenance.source);
            if !oids.is_empty() && oids.iter().all(|oid| fresh.get(oid).is_none()) {
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
        self.moved(answers).or_else(|| {
            let alerts = mib::ALERT.entry();
            let known = self.values.range(alerts.clone()..);
            let known = known.take_while(|(oid, _)| oid.starts_with(alerts));
            let same = answers
                .below(alerts)
                .map(|(_, oid, value)| (oid, value))
                .eq(known);
            (!same).then_some(Change::Alerts)
        })
    }

    /// The same, the alerts not looked at.
    pub(crate) fn moved(&self, answers: &Answers) -> Option<Change> {
        // Which device it is comes before what has become of it.
        let of_device = |(_, role): &(&Oid, &Role)| **role == Role::Device;
        let device = self.moving.iter().filter(of_device);
        let others = self.moving.iter().filter(|one| !of_device(one));
        for (oid, role) in device.chain(others) {
            let (Some(old), Some(new)) = (self.values.get(oid), answers.get(oid)) else {
                return Some(match role {
                    Role::Device => Change::OtherSerial,
                    _ => Change::Missing,
                });
            };
            if *role == Role::Uptime && self.is_short(old, new) {
                return Some(Change::Restarted);
            }
            if old != new
                && let Some(change) = role.change(old, new)
            {
                return Some(change);
            }
        }
        None
    }

    /// Whether an uptime grew by less than the time that went by: the device was started anew. A
    /// quarter and five minutes are left for clocks that differ.
    fn is_short(&self, old: &Value, new: &Value) -> bool {
        let Some((now, (old, new))) = self.now.zip(number(old).zip(number(new))) else {
            return false;
        };
        let passed = now.unix_millis().saturating_sub(self.last_at.unix_millis()) / 10;
        let expected = passed.saturating_sub(passed / 4).saturating_sub(30_000);
        new < old.saturating_add(expected)
    }

    /// Says when the device is read again, by the clock that read it before: then an uptime that grew
    /// by too little is evidence of a restart, too.
    #[must_use]
    pub fn asked_at(mut self, now: Timestamp) -> Self {
        self.now = Some(now);
        self
    }

    /// What to keep of a read at this time that brought `fresh` and showed no evidence of change, or
    /// of the full read itself.
    pub fn latest(&self, fresh: &Answers, at: Timestamp) -> Latest {
        let moved = fresh.iter().filter(|(oid, _)| self.is_fresh(oid));
        Latest {
            read_at: self.read_at,
            at,
            values: moved
                .map(|(oid, value)| (oid.clone(), value.clone()))
                .collect(),
        }
    }

    /// Takes over the last values of what moves, so that the next read is held against them and not
    /// against the full read.
    ///
    /// # Errors
    ///
    /// [`Unfit`] where they are not of this knowledge.
    pub fn update(&mut self, latest: Latest) -> Result<(), Unfit> {
        if latest.read_at != self.read_at {
            return Err(Unfit::OtherRead);
        }
        let known = latest.values.keys().all(|oid| self.is_fresh(oid));
        let whole = self
            .moving
            .keys()
            .all(|oid| latest.values.contains_key(oid));
        if !known || !whole || latest.values.len() > Self::MAX_VALUES {
            return Err(Unfit::Inconsistent);
        }
        let moving = std::mem::take(&mut self.values);
        self.values = moving
            .into_iter()
            .filter(|(oid, _)| !self.is_fresh(oid))
            .chain(latest.values)
            .collect();
        self.last_at = latest.at;
        Ok(())
    }

    /// Whether a quick read asks for it.
    fn is_fresh(&self, oid: &Oid) -> bool {
        self.moving.contains_key(oid) || oid.starts_with(mib::ALERT.entry())
    }
}

/// Gathers what moves. The first role of an instance stays: those that mean more come first.
struct Moving<'a> {
    answers: &'a Answers,
    roles: BTreeMap<Oid, Role>,
}

impl Moving<'_> {
    fn add(&mut self, role: Role, oids: impl IntoIterator<Item = Oid>) {
        for oid in oids {
            if self.answers.get(&oid).is_some() {
                self.roles.entry(oid).or_insert(role);
            }
        }
    }

    fn column(&mut self, role: Role, column: &Oid) {
        let oids: Vec<Oid> = self
            .answers
            .below(column)
            .map(|(_, oid, _)| oid.clone())
            .collect();
        self.add(role, oids);
    }

    /// A value that is believed, and those that it is held against: an old one beside a fresh one
    /// would look like a contradiction.
    fn provenance(&mut self, role: Role, provenance: &Provenance) {
        self.add(role, instances(&provenance.source));
        for witness in &provenance.witnesses {
            self.add(Role::State, instances(&witness.source));
        }
    }

    fn field(&mut self, role: Role, sources: &Sources, field: &str) {
        if let Some(provenance) = sources.get(field) {
            self.provenance(role, provenance);
        }
    }

    fn supply(&mut self, supply: &Supply) {
        let capacity = match supply.level.level {
            Level::OfCapacity { capacity, .. } => i64::try_from(capacity).unwrap_or(i64::MAX),
            Level::Percent(_) => 100,
            _ => 0,
        };
        let role = match supply.class {
            SupplyClass::Filled => Role::Receptacle { capacity },
            _ => Role::Level { capacity },
        };
        self.field(role, &supply.sources, "level");
        self.field(Role::Supply, &supply.sources, "serial");
    }
}

impl Role {
    /// What it means that `old` became `new`, which is not the same.
    fn change(self, old: &Value, new: &Value) -> Option<Change> {
        let numbers = number(old).zip(number(new));
        match self {
            Self::Conditions => Some(Change::Alerts),
            Self::Device => Some(Change::OtherSerial),
            Self::Supply => Some(Change::OtherSupply),
            Self::State => None,
            Self::Uptime => {
                let (old, new) = numbers?;
                (new < old).then_some(Change::Restarted)
            }
            Self::Counter => {
                let (old, new) = numbers?;
                (new < old).then_some(Change::CounterFell)
            }
            Self::Level { capacity } => {
                let (old, new) = numbers?;
                // Negative numbers are words (RFC 3805, prtMarkerSuppliesLevel).
                let other_word = old.is_negative() || new.is_negative();
                // Less is a gauge's unsteadiness, or work.
                let rose = new.saturating_sub(old) > capacity / 10;
                let fell = capacity > 0 && old.saturating_sub(new) > capacity / 2;
                (rose || fell || other_word).then_some(Change::LevelJumped)
            }
            Self::Receptacle { capacity } => {
                let (old, new) = numbers?;
                let other_word = old.is_negative() || new.is_negative();
                let by = old.abs_diff(new);
                let far = by > capacity.unsigned_abs() / 10;
                (other_word || far).then_some(Change::LevelJumped)
            }
        }
    }
}

/// The number in a value, which some makers send as digits.
fn number(value: &Value) -> Option<i64> {
    let digits = || {
        std::str::from_utf8(value.as_octets()?)
            .ok()?
            .trim()
            .parse()
            .ok()
    };
    value.as_i64().or_else(digits)
}

/// The instances that a value was read from.
fn instances(source: &Source) -> Vec<Oid> {
    match source {
        Source::Snmp { oid, .. } => vec![Oid::default().child(oid.arcs())],
        Source::Derived { inputs, .. } => inputs
            .iter()
            .flat_map(|input| instances(&input.source))
            .collect(),
        _ => Vec::new(),
    }
}
