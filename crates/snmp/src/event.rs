//! What a scan tells while it runs.

use crate::{KnownEngine, SnmpError};
use pagetally_snmp_engine::reader::DeviceMemory;
use pagetally_snmp_engine::sweep::{SecondLook, Unreachable};
use pagetally_snmp_engine::usm::ReportReason;
use pagetally_snmp_engine::{Answers, Ending, Oid, Version};
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// What a scan tells while it runs.
///
/// Each target ends in exactly one of [`Read`](Self::Read), [`OtherDevice`](Self::OtherDevice),
/// [`Refused`](Self::Refused), [`Unreachable`](Self::Unreachable), [`Silent`](Self::Silent) and
/// [`Error`](Self::Error), unless the scan is cancelled first.
#[derive(Debug)]
#[non_exhaustive]
pub enum ScanEvent {
    /// How far the scan is; told at most ten times a second, and once at the end.
    Progress {
        /// Targets whose sweep is over: found, refused, silent, or no printer.
        probed: u64,
        /// Targets in all, as far as their iterator can tell.
        total: u64,
        /// Printers found.
        found: u64,
        /// Printers read, in full or in part.
        read: u64,
    },
    /// The first datagram to an address has left.
    Touched {
        /// The address.
        address: SocketAddr,
    },
    /// Everybody else is read, and silent addresses are asked again, because the network was seen to
    /// lose so much that somebody may still be there.
    SecondLook(SecondLook),
    /// A printer answered; it will be read.
    Found {
        /// Its address.
        address: SocketAddr,
        /// The version that it answered over.
        version: Version,
        /// Which of the configured communities it answered to; over SNMPv3, which of the users.
        community_index: usize,
    },
    /// A printer was read.
    Read {
        /// Its address.
        address: SocketAddr,
        /// The version that it was read over.
        version: Version,
        /// Which of the configured communities it answered to; over SNMPv3, which of the users.
        community_index: usize,
        /// The SNMPv3 engine that it was read from, where that has shown that it knows the keys: for
        /// the next scan ([`Guide::engine`](crate::Guide::engine)).
        engine: Option<KnownEngine>,
        /// All that it answered, and what could not be had.
        answers: Answers,
        /// Whether that is everything that was asked for, and if not, why.
        ending: Ending,
        /// How many requests it took, each counted once however often it was sent; a sweep's probes
        /// are not counted.
        requests: u32,
        /// What worked, for the next scan ([`Guide::known`](crate::Guide::known)).
        memory: Box<DeviceMemory>,
    },
    /// An SNMP agent that is no printer. It was asked nothing more.
    OtherDevice {
        /// Its address.
        address: SocketAddr,
        /// The version that it answered over.
        version: Version,
        /// Its sysDescr, as it came.
        sys_descr: Option<Vec<u8>>,
        /// Its sysObjectID.
        sys_object_id: Option<Oid>,
    },
    /// Something is there and does not let us read.
    Refused {
        /// Its address.
        address: SocketAddr,
        /// What it said or did.
        reason: RefusalReason,
    },
    /// No agent answered, and a router, the host or our own system said why. Only some systems
    /// tell (Linux does); elsewhere the address is silent.
    Unreachable {
        /// The address.
        address: SocketAddr,
        /// What was said.
        cause: Unreachable,
    },
    /// Nothing came back in all rounds.
    Silent {
        /// The address.
        address: SocketAddr,
    },
    /// This machine could not send to the address.
    Error {
        /// The address.
        address: SocketAddr,
        /// Why.
        error: SnmpError,
    },
}

/// How an agent showed that it is there and refuses us.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalReason {
    /// It answered the probe with an error status (RFC 3416 section 3) and nothing else.
    ErrorStatus {
        /// The version that it answered over.
        version: Version,
        /// The status.
        status: i64,
    },
    /// It answered an SNMPv3 discovery with its engine id, and no community.
    OnlyV3 {
        /// Its engine id.
        engine_id: Vec<u8>,
        /// The counter that its Report named (RFC 3414 section 5, usmStats): why it refused.
        counter: Option<Oid>,
    },
    /// It answered an SNMPv3 discovery and no community, and no user's credentials may go to its
    /// engine: it is not listed, was not authenticated at this address before, and a first contact is
    /// not wanted. It was asked under no user's name.
    NotTrusted {
        /// Its engine id.
        engine_id: Vec<u8>,
    },
    /// It refused the users of SNMPv3 that it was asked under.
    User {
        /// Its engine id.
        engine_id: Vec<u8>,
        /// What it said to the last one; nothing where it stayed silent.
        report: Option<ReportReason>,
    },
}

/// Octets as hexadecimal digits.
struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Display for RefusalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ErrorStatus { version, status } => {
                write!(f, "it answers over {version} with error status {status}")
            }
            Self::OnlyV3 { counter, .. } => {
                f.write_str("it answers an SNMPv3 discovery and none of the communities")?;
                match counter.as_ref().map(ReportReason::of) {
                    Some(reason) => write!(f, " (its Report: {reason})"),
                    None => Ok(()),
                }
            }
            Self::NotTrusted { engine_id } => write!(
                f,
                "it answers over SNMPv3 alone, and no user's credentials may go to its engine {}: list \
                 the id, or allow a first contact",
                Hex(engine_id)
            ),
            Self::User {
                report: Some(reason),
                ..
            } => write!(f, "it refuses the SNMPv3 user (its Report: {reason})"),
            Self::User { report: None, .. } => f.write_str(
                "it answers an SNMPv3 discovery, and nothing when it is asked as the SNMPv3 user: \
                 agents do that where the privacy passphrase or protocol is another one",
            ),
        }
    }
}

/// What a scan cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScanStats {
    /// Targets taken.
    pub targets: u64,
    /// Datagrams sent.
    pub datagrams_sent: u64,
    /// Datagrams received and used.
    pub datagrams_received: u64,
    /// Datagrams received and dropped: late, duplicate, foreign, forged or malformed.
    pub datagrams_ignored: u64,
    /// Requests that were sent again because no answer came.
    pub retries: u64,
    /// How often the system could take no datagram and the scan slowed down.
    pub send_stalls: u64,
    /// Words of routers, hosts or the system that a datagram did not arrive.
    pub unreachable: u64,
    /// Devices that fell silent while they were read and were asked again at the end.
    pub asked_again: u64,
    /// Silent addresses that were asked again at the end, because the network loses datagrams.
    pub silent_asked_again: u64,
    /// Whether the scan was cancelled before all targets were settled.
    pub cancelled: bool,
    /// How long it took.
    pub elapsed: Duration,
}
