//! What a pass tells while it runs, for whoever presents it.

use crate::{DiscoveryEvent, ReadCounts};
use pagetally_model::{PassId, Text, Timestamp};
use std::time::Duration;

/// What happens during a pass, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PassEvent {
    /// Settings were adopted and targets are known.
    Started {
        /// This pass.
        pass: PassId,
        /// The version of Central's settings; 0 for none.
        settings_version: u64,
        /// Addresses that will be looked at.
        addresses: u64,
        /// Datagrams that this costs where nobody answers.
        datagrams: u64,
        /// How long it takes where nobody answers; printers take longer, because they are read.
        silent_time: Duration,
    },
    /// It is quiet: no device is asked anything until then. Central is called all the same, which is
    /// no load for the printers.
    Quiet {
        /// When the quiet hours end.
        until: Timestamp,
    },
    /// The settings in force name targets that cannot be used: nothing will be looked at, which
    /// Central will be told.
    TargetsUnusable {
        /// Why.
        reason: Text,
    },
    /// Something of the discovery.
    Discovery(DiscoveryEvent),
    /// Every address is settled.
    Swept {
        /// Addresses looked at.
        addresses: u64,
        /// Printers read, in full or in part.
        printers: u64,
        /// How they were read.
        reads: ReadCounts,
    },
    /// The audits are on the disk, sealed.
    Stored {
        /// Numbers of the submissions that carry them, first and last.
        numbers: (u64, u64),
        /// How many audits.
        audits: u64,
    },
    /// Central is being called.
    Connecting {
        /// Its address.
        central: String,
        /// Submissions that wait for a receipt.
        waiting: u64,
    },
    /// A submission was sent.
    Sent {
        /// Its number.
        number: u64,
        /// Documents in it: audits and the account of the pass.
        documents: u32,
    },
    /// Central's receipt is on the disk.
    Acknowledged {
        /// The submission's number.
        number: u64,
        /// Whether Central booked it; if not, it is kept there unbooked and this is why.
        rejected: Option<Text>,
    },
    /// A submission contradicts Central's books: Central keeps it in quarantine, and it stays in the
    /// outbox.
    Quarantined {
        /// Its number.
        number: u64,
    },
    /// Newer settings came. They are adopted at the next pass.
    SettingsReceived {
        /// Their version.
        version: u64,
    },
    /// Central sent settings that make no sense. The old ones stay.
    SettingsRefused {
        /// Their version.
        version: u64,
        /// What is wrong with them.
        reason: Text,
    },
    /// Nothing more is delivered in this pass; what waits goes with the next.
    NotDelivered {
        /// Why.
        reason: Text,
        /// Submissions that wait.
        waiting: u64,
    },
    /// The other system that was to be fed did not take the pass.
    ReceiverFailed {
        /// Why.
        reason: Text,
    },
}
