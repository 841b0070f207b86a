//! What a sweep asks, one datagram at a time.

use super::agenda::Step;
use crate::classify::HR_DEVICE_TYPE;
use crate::{Oid, RequestIds, VarBind, Version};
use std::net::SocketAddr;

/// The names of the probe, each just before what it asks for.
const PROBE: [&[u32]; 4] = [
    &[1, 3, 6, 1, 2, 1, 1, 1],
    &[1, 3, 6, 1, 2, 1, 1, 2],
    HR_DEVICE_TYPE,
    &[1, 3, 6, 1, 2, 1, 43, 5, 1, 1],
];

pub(super) const ALL_NAMES: u8 = (1 << PROBE.len()) - 1;

/// One datagram to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Where to.
    pub address: SocketAddr,
    /// The request id, or the message id of a discovery: four octets on the wire.
    pub request_id: u32,
    /// What to ask.
    pub kind: ProbeKind,
    /// Whether the same was asked before.
    pub repeated: bool,
    pub(super) turn: Turn,
}

impl Probe {
    /// Whether this is the first datagram to the address.
    pub fn is_first(&self) -> bool {
        self.turn == Turn::Step { round: 0, place: 0 }
    }
}

/// What made a probe, so that it can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Step { round: u32, place: u16 },
    Urgent(Urgent),
}

/// What is asked out of turn because of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgent {
    /// Over v2c, after a find over v1.
    Confirm { index: u8 },
    /// The names that an error did not point at.
    Narrow {
        version: Version,
        index: u8,
        mask: u8,
    },
}

/// What a probe asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProbeKind {
    /// An SNMPv3 discovery ([`message::v3`](crate::message::v3)).
    Discovery,
    /// A GETNEXT.
    Next {
        /// The version.
        version: Version,
        /// Which community.
        community_index: usize,
        /// The names.
        names: ProbeNames,
    },
}

/// Names of a probe: all of them, or those that an error did not point at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProbeNames(pub(super) u8);

impl ProbeNames {
    /// The names.
    pub fn to_oids(self) -> Vec<Oid> {
        places(self.0)
            .filter_map(|place| PROBE.get(place))
            .map(|arcs| Oid::default().child(arcs))
            .collect()
    }
}

/// An answer to a GETNEXT probe, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeAnswer<'a> {
    /// Its version.
    pub version: Version,
    /// Its community.
    pub community: &'a [u8],
    /// Its request id.
    pub request_id: i64,
    /// error-status.
    pub error_status: i64,
    /// error-index.
    pub error_index: i64,
    /// The variables.
    pub varbinds: Vec<VarBind>,
}

impl Urgent {
    pub(super) fn asks(self) -> (Step, u8) {
        let version = Version::V2c;
        match self {
            Self::Confirm { index } => (Step::Next { version, index }, ALL_NAMES),
            Self::Narrow {
                version,
                index,
                mask,
            } => (Step::Next { version, index }, mask),
        }
    }
}

pub(super) fn next_id(
    ids: &RequestIds,
    address: SocketAddr,
    version: Version,
    index: u8,
    mask: u8,
) -> u32 {
    ids.id(&(address, [version.number(), index, mask]))
}

pub(super) fn discovery_id(ids: &RequestIds, address: SocketAddr) -> u32 {
    ids.id(&(address, [3_u8, 0, 0]))
}

/// The places of the names that a mask stands for.
fn places(mask: u8) -> impl DoubleEndedIterator<Item = usize> + Clone {
    (0..PROBE.len()).filter(move |place| mask & 1 << place != 0)
}

/// The mask without the `index`-th name of those that it stands for, counted from 1; without its last
/// name where there is no such.
pub(super) fn without(mask: u8, index: i64) -> u8 {
    let mut places = places(mask);
    let wanted = usize::try_from(index)
        .ok()
        .and_then(|index| index.checked_sub(1));
    let place = wanted
        .and_then(|wanted| places.clone().nth(wanted))
        .or_else(|| places.next_back());
    place.map_or(0, |place| mask & !(1 << place))
}
