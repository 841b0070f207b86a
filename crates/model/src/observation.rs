//! What became of every address of a pass. A missing reading is a value, never a missing row.

use crate::{AuditId, AuditTime, PassId, Text, Timestamp, TrapNotice};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The version of the pass document that this crate writes.
pub const PASS_FORMAT: u32 = 1;

/// What an observation rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Witness {
    /// Nothing came back in the time and rounds that the settings give.
    NoAnswer,
    /// An answer over SNMP v1.
    SnmpV1,
    /// An answer over SNMP v2c.
    SnmpV2c,
    /// An answer over SNMPv3 to a user of it.
    SnmpV3,
    /// An SNMPv3 Report.
    SnmpV3Report,
    /// The operating system's word: port closed, host unreachable (both by ICMP, or by a neighbour
    /// that is not found), name unknown.
    System,
    /// A TCP connection that was taken and closed without a byte of data.
    TcpConnection,
    /// This machine's table of neighbours: which MAC an address has.
    NeighbourTable,
    /// What the agent remembers and was told; the address was sent nothing.
    AgentMemory,
}

/// What became of one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub enum Outcome {
    /// A printer, read in full.
    PrinterRead {
        /// Its audit.
        audit: AuditId,
    },
    /// A printer, of which something could not be read; the audit's gaps say what.
    PrinterPartlyRead {
        /// Its audit.
        audit: AuditId,
        /// Why, in words.
        reason: Text,
    },
    /// An SNMP agent that is no printer. It was asked nothing more.
    OtherDevice {
        /// The beginning of its sysDescr.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<Text>,
    },
    /// An agent is there and answers to none of the communities: an SNMPv3 engine told of itself.
    WrongCommunity {
        /// What it said or did.
        reason: Text,
    },
    /// Something is there and does not let us read, in its own words: an error status, or the reason
    /// in an SNMPv3 Report.
    Refused {
        /// What it said or did.
        reason: Text,
    },
    /// No agent answered; a TCP port that printers listen on is open.
    PrinterPortOpen {
        /// The port.
        port: u16,
    },
    /// A machine is there and nobody listens on the SNMP port.
    PortClosed,
    /// Nobody is there, by the word of a router or of the machine's own neighbour search.
    Unreachable {
        /// What was said.
        reason: Text,
    },
    /// No answer.
    Silent,
    /// Not asked: the device slept when it was last read, or answered nothing since, and its time to
    /// be woken has not come.
    Asleep {
        /// When it was last read.
        last_read: Timestamp,
    },
    /// Not asked: its MAC is excluded.
    Excluded {
        /// By which exclusion.
        reason: Text,
    },
    /// Not asked: the pass ended before its turn.
    NotAsked {
        /// Why.
        reason: Text,
    },
    /// Something failed on the way.
    Error {
        /// What happened, in words.
        reason: Text,
    },
}

/// What became of an address, or of a run of neighbouring addresses with the same outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Observation {
    /// The first address.
    pub first: IpAddr,
    /// The last address, the same as `first` for one address. Only addresses that told nothing of
    /// themselves share a row.
    pub last: IpAddr,
    /// The name that the target was given by, where it was given by name; a link-local address with
    /// its zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// What became of it.
    pub outcome: Outcome,
    /// What that rests on.
    pub witness: Witness,
    /// When it was settled, on the agent's wall clock.
    pub at: Timestamp,
}

/// What a pass cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PassStats {
    /// Addresses that were to be looked at.
    pub addresses: u64,
    /// Datagrams sent.
    pub datagrams_sent: u64,
    /// Datagrams received and used.
    pub datagrams_received: u64,
    /// Datagrams received and dropped: late, duplicate, foreign or malformed.
    pub datagrams_ignored: u64,
    /// Requests sent again.
    pub retries: u64,
    /// Silent addresses that were asked again at the end, because the network was seen to lose what was
    /// asked; left out of documents where there were none.
    #[serde(default, skip_serializing_if = "is_none")]
    pub silent_asked_again: u64,
    /// How long the pass took up to the store, in milliseconds.
    pub duration_millis: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the shape that serde calls"
)]
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// The account of one pass, sealed beside its audits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PassReport {
    /// [`PASS_FORMAT`] when it was written.
    pub format: u32,
    /// This pass.
    pub id: PassId,
    /// When it started.
    pub started: AuditTime,
    /// The version of the settings that it ran under; 0 for the site's own file alone.
    pub settings_version: u64,
    /// The agent's version.
    pub agent_version: Text,
    /// What became of every address.
    pub observations: Vec<Observation>,
    /// What devices told unasked, where that is why the pass was made: then it looked at them alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<TrapNotice>,
    /// What it cost.
    pub stats: PassStats,
}
