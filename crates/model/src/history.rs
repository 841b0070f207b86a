//! What one audit says against the one before it of the same device.

use crate::{AuditId, Exactness, Provenance, Text, Timestamp};
use serde::{Deserialize, Serialize};

/// An audit, where another one speaks of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditRef {
    /// Which.
    pub audit: AuditId,
    /// When it was read, by the wall clock of the agent that read it.
    pub wall: Timestamp,
}

/// By what two audits are known to be of one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum MatchedBy {
    /// Maker and serial number.
    Serial,
    /// The network card's address, and no serial number that speaks against it.
    Mac,
    /// The SNMP engine id, and neither serial number nor card that speaks against it.
    EngineId,
    /// Maker, model and address: the device offers nothing better.
    Address,
}

/// What happened between two audits, besides a supply's replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ChangeKind {
    /// The device answers at another address.
    AddressChanged,
    /// The firmware's version is another.
    FirmwareChanged,
    /// A meter is read by another rule than before: its two values are not to be subtracted.
    MeterRuleChanged,
    /// The uptime fell: the device, or its SNMP agent, was started anew.
    Restarted,
    /// A supply is listed that was not listed before.
    SupplyAppeared,
    /// A supply stands in another row than before.
    SupplyMoved,
    /// Rows of supplies that cannot be told apart have moved: which is which is not known.
    SupplyRowsUnclear,
    /// A supply is no longer listed.
    SupplyVanished,
}

/// One thing that happened between two audits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Change {
    /// What happened.
    pub what: ChangeKind,
    /// What it happened to, such as `identity.firmware`, `meters.total` or `supplies.black-toner`.
    pub reading: Text,
    /// The same in words.
    pub detail: Text,
    /// What was held side by side, and the rule that concluded it.
    pub source: Provenance,
}

/// What came of holding an audit against the one before it of the same device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Comparison {
    /// The audit before.
    pub earlier: AuditRef,
    /// Why both are taken to be of one device.
    pub matched_by: MatchedBy,
    /// What happened in between.
    pub changes: Vec<Change>,
}

/// How sure it is that a supply is another one, and what else it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ReplacementKind {
    /// Another one is in its place: it has another serial or part number.
    Replaced,
    /// The level rose; nothing tells a refill from another cartridge.
    RefilledOrReplaced,
    /// The life that is left rose; nothing tells another part from a counter that was set back.
    ReplacedOrReset,
    /// The same one by its serial number, with more in it.
    RefilledOrReset,
    /// A receptacle has room again.
    EmptiedOrReplaced,
}

/// A supply's last replacement that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Replacement {
    /// What is known of it.
    pub what: ReplacementKind,
    /// How sure that is: `derived` from numbers that the supply itself carries, or `estimated`.
    pub exactness: Exactness,
    /// It happened after this audit...
    pub after: AuditRef,
    /// ...and had happened by this one, which may be an earlier audit than the one it stands in.
    pub by: AuditRef,
}
