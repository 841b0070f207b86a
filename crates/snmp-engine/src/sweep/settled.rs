//! What becomes of an address.

use crate::{Class, Oid, VarBind, Version};
use std::fmt;

/// Why a datagram did not arrive, by the word of a router, of the host, or of our own system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unreachable {
    /// The host is there and nobody listens (ICMP port unreachable).
    Port,
    /// Nobody answers for the host (ICMP host unreachable, or a neighbour that is not found).
    Host,
    /// There is no way there (ICMP network unreachable).
    Network,
    /// Somebody forbids it (ICMP communication administratively prohibited).
    Prohibited,
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Port => "the port is closed",
            Self::Host => "the host cannot be reached",
            Self::Network => "the network cannot be reached",
            Self::Prohibited => "the way there is forbidden",
        })
    }
}

/// What an SNMPv3 engine told in its Report to a discovery. Nothing of it is authentic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineReport {
    /// Its id.
    pub engine_id: Vec<u8>,
    /// snmpEngineBoots.
    pub boots: u32,
    /// snmpEngineTime, when it answered.
    pub time: u32,
    /// The counter that its Report named: why it refused (RFC 3414 section 3.2).
    pub counter: Option<Oid>,
}

/// What became of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settled {
    /// An agent answered.
    Found {
        /// Over this version.
        version: Version,
        /// To this community.
        community_index: usize,
        /// Whether it is a printer.
        class: Class,
        /// With these variables.
        varbinds: Vec<VarBind>,
    },
    /// An SNMPv3 engine is there and answers to none of the communities.
    OnlyV3(EngineReport),
    /// An agent answered with an error status and nothing else.
    ErrorStatus {
        /// Over this version.
        version: Version,
        /// The status.
        status: i64,
    },
    /// No agent answered, and somebody said why.
    Unreachable(Unreachable),
    /// Nothing came back in any round.
    Silent,
}
