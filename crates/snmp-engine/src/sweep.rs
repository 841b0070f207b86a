//! Finds out who is at many addresses, one small datagram at a time.
//!
//! # The rounds
//!
//! The first probe of an address is one GETNEXT over SNMPv2c with the first community. Its four names
//! stand just before `sysDescr`, `sysObjectID`, `hrDeviceType` and the Printer MIB's first row, so
//! one answer tells a printer from any other agent and no second datagram is needed to say "not a
//! printer". An address that stays silent for the timeout gets the next round: the other
//! communities, then all of them over SNMPv1, then an unauthenticated SNMPv3 discovery; then the
//! communities again, as often as the configuration says. An answer to an earlier round still
//! counts in a later one.
//!
//! A printer that answers over v1 is asked over v2c once more before it is settled: where only the
//! first v2c probe was lost, it would otherwise be read over v1, slowly and without Counter64.
//!
//! # Driving it
//!
//! [`start`](Sweep::start) addresses while there is [`room`](Sweep::has_room); send what
//! [`next_probe`](Sweep::next_probe) gives, at the driver's pace; hand in answers; call
//! [`expire`](Sweep::expire) at [`next_deadline`](Sweep::next_deadline) or later; take results from
//! [`next_settled`](Sweep::next_settled). The sweep knows no wire format: the driver encodes probes
//! and decodes answers.

use crate::classify::HR_DEVICE_TYPE;
use crate::message::status;
use crate::{Class, Oid, RequestIds, VarBind, Version, classify};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

/// Ceiling on addresses that are being probed at the same time: a whole /16, of some 150 bytes each.
pub const MAX_ADDRESSES: usize = 65_536;

/// The names of the probe, each just before what it asks for.
const PROBE: [&[u32]; 4] = [
    &[1, 3, 6, 1, 2, 1, 1, 1],
    &[1, 3, 6, 1, 2, 1, 1, 2],
    HR_DEVICE_TYPE,
    &[1, 3, 6, 1, 2, 1, 43, 5, 1, 1],
];

/// The `round` of the v2c probe that follows a find over v1, in request ids.
const CONFIRMATION: usize = usize::MAX;

/// How to sweep.
#[derive(Clone, PartialEq, Eq)]
pub struct SweepConfig {
    /// Communities, tried in this order: secrets.
    pub communities: Vec<Vec<u8>>,
    /// Whether to try SNMPv1.
    pub try_v1: bool,
    /// Whether to send an SNMPv3 discovery.
    pub detect_refusal: bool,
    /// How long an address may stay silent before its next round.
    pub timeout: Duration,
    /// How often all communities are gone through again.
    pub retries: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Round {
    Community { version: Version, index: usize },
    Discovery,
}

/// One datagram to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Where to.
    pub address: SocketAddr,
    /// The request id, or the message id of a discovery.
    pub request_id: u32,
    /// What to ask.
    pub kind: ProbeKind,
    /// Whether the same was asked before.
    pub repeated: bool,
}

/// What a probe asks.
#[derive(Clone, Debug, PartialEq, Eq)]
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
        names: Vec<Oid>,
    },
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
    OnlyV3 {
        /// Its id.
        engine_id: Vec<u8>,
    },
    /// An agent answered with an error status and nothing else.
    ErrorStatus {
        /// Over this version.
        version: Version,
        /// The status.
        status: i64,
    },
    /// Nothing came back in any round.
    Silent,
}

/// An answer that belongs to no probe: late, duplicate, foreign or forged. Count it and go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer belongs to no probe")]
pub struct Unasked;

#[derive(Debug)]
struct Slot {
    round: usize,
    /// Which names of the probe are still asked for: those that an error pointed at are not.
    mask: u8,
    /// Counts sendings, so that a deadline can tell whether it is still meant.
    sending: u32,
    engine_id: Option<Vec<u8>>,
    error: Option<(Version, i64)>,
    /// Found over v1, waiting for the v2c probe.
    found: Option<Settled>,
}

/// The probe that an answer answers.
#[derive(Clone, Copy)]
struct Asked {
    round: usize,
    community_index: usize,
    mask: u8,
}

const ALL_NAMES: u8 = (1 << PROBE.len()) - 1;

/// A sweep over many addresses. See the [module's documentation](self) for how to drive it.
pub struct Sweep {
    communities: Vec<Vec<u8>>,
    rounds: Vec<Round>,
    /// How many rounds there are before the first repetition.
    first_cycle: usize,
    timeout: Duration,
    ids: RequestIds,
    slots: HashMap<SocketAddr, Slot>,
    ready: VecDeque<SocketAddr>,
    deadlines: VecDeque<(Duration, SocketAddr, u32)>,
    settled: VecDeque<(SocketAddr, Settled)>,
}

impl Sweep {
    /// A sweep without addresses.
    pub fn new(config: SweepConfig, ids: RequestIds) -> Self {
        let versions: &[Version] = if config.try_v1 {
            &[Version::V2c, Version::V1]
        } else {
            &[Version::V2c]
        };
        let cycle: Vec<Round> = versions
            .iter()
            .flat_map(|version| {
                (0..config.communities.len()).map(|index| Round::Community {
                    version: *version,
                    index,
                })
            })
            .collect();
        let mut rounds = cycle.clone();
        if config.detect_refusal {
            rounds.push(Round::Discovery);
        }
        let first_cycle = rounds.len();
        for _ in 0..config.retries {
            rounds.extend_from_slice(&cycle);
        }
        Self {
            communities: config.communities,
            rounds,
            first_cycle,
            timeout: config.timeout,
            ids,
            slots: HashMap::new(),
            ready: VecDeque::new(),
            deadlines: VecDeque::new(),
            settled: VecDeque::new(),
        }
    }

    /// Whether another address may be started.
    pub fn has_room(&self) -> bool {
        self.slots.len() < MAX_ADDRESSES
    }

    /// How many addresses are being probed.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether no address is being probed and every result has been taken.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty() && self.settled.is_empty()
    }

    /// Whether there is a probe to send.
    pub fn has_probe(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Starts an address. Says no where it is being probed already, or where there is no room.
    pub fn start(&mut self, address: SocketAddr) -> bool {
        if !self.has_room() {
            return false;
        }
        let Entry::Vacant(vacant) = self.slots.entry(address) else {
            return false;
        };
        vacant.insert(Slot {
            round: 0,
            mask: ALL_NAMES,
            sending: 0,
            engine_id: None,
            error: None,
            found: None,
        });
        self.ready.push_back(address);
        true
    }

    /// The next probe to send at `now`.
    pub fn next_probe(&mut self, now: Duration) -> Option<Probe> {
        loop {
            let address = self.ready.pop_front()?;
            let Some(slot) = self.slots.get_mut(&address) else {
                continue; // Settled by a late answer while it waited for its turn.
            };
            slot.sending += 1;
            let (round, repeated) = match &slot.found {
                Some(_) => (CONFIRMATION, true),
                None => (slot.round, slot.round >= self.first_cycle),
            };
            let kind = match (&slot.found, self.rounds.get(slot.round)) {
                (
                    Some(Settled::Found {
                        community_index, ..
                    }),
                    _,
                ) => ProbeKind::Next {
                    version: Version::V2c,
                    community_index: *community_index,
                    names: names(slot.mask),
                },
                (_, Some(Round::Community { version, index })) => ProbeKind::Next {
                    version: *version,
                    community_index: *index,
                    names: names(slot.mask),
                },
                (_, Some(Round::Discovery)) => ProbeKind::Discovery,
                // Without rounds there are no communities: nothing can be asked.
                (_, None) => {
                    self.settle(address);
                    continue;
                }
            };
            let request_id = self.ids.id(&(address, round, slot.mask));
            self.deadlines
                .push_back((now + self.timeout, address, slot.sending));
            return Some(Probe {
                address,
                request_id,
                kind,
                repeated,
            });
        }
    }

    /// Takes back the last probe to this address: the system could not take the datagram. It will be
    /// the next probe again.
    pub fn not_sent(&mut self, address: SocketAddr) {
        if let Some(slot) = self.slots.get_mut(&address) {
            slot.sending += 1; // Its deadline is meant no more.
            self.ready.push_front(address);
        }
    }

    /// Gives an address up without a result: the system refuses to send there.
    pub fn give_up(&mut self, address: SocketAddr) {
        self.slots.remove(&address);
    }

    /// When [`expire`](Self::expire) has something to do.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.deadlines.front().map(|(deadline, ..)| *deadline)
    }

    /// Moves every address whose time is over to its next round, or settles it.
    pub fn expire(&mut self, now: Duration) {
        // The timeout is the same for all, so the deadlines stand in order.
        while let Some((deadline, address, sending)) = self.deadlines.front().copied() {
            if deadline > now {
                return;
            }
            self.deadlines.pop_front();
            let Some(slot) = self.slots.get_mut(&address) else {
                continue;
            };
            if slot.sending != sending {
                continue;
            }
            slot.round += 1;
            slot.mask = ALL_NAMES;
            if slot.found.is_some() || slot.round >= self.rounds.len() {
                self.settle(address);
            } else {
                self.ready.push_back(address);
            }
        }
    }

    /// The next address that is settled.
    pub fn next_settled(&mut self) -> Option<(SocketAddr, Settled)> {
        self.settled.pop_front()
    }

    /// Takes an answer to a GETNEXT probe.
    ///
    /// # Errors
    ///
    /// [`Unasked`] where address, version, community and request id do not agree with a probe that
    /// was sent.
    pub fn handle_answer(
        &mut self,
        address: SocketAddr,
        answer: ProbeAnswer<'_>,
    ) -> Result<(), Unasked> {
        let slot = self.slots.get(&address).ok_or(Unasked)?;
        let asked = self.asked(address, slot, &answer).ok_or(Unasked)?;
        if answer.error_status != status::NO_ERROR {
            return self.handle_error(address, &answer, asked);
        }
        let community_index = asked.community_index;
        let found = Settled::Found {
            version: answer.version,
            community_index,
            class: classify(&answer.varbinds),
            varbinds: answer.varbinds,
        };
        let confirm = matches!(
            found,
            Settled::Found {
                version: Version::V1,
                class: Class::Printer,
                ..
            }
        );
        let Some(slot) = self.slots.get_mut(&address) else {
            return Err(Unasked);
        };
        if !confirm {
            self.slots.remove(&address);
            self.settled.push_back((address, found));
        } else if slot.found.is_none() {
            slot.found = Some(found);
            slot.mask = ALL_NAMES;
            slot.sending += 1;
            self.ready.push_back(address);
        } else {
            return Err(Unasked);
        }
        Ok(())
    }

    /// Takes an engine's Report: its message id and engine id.
    ///
    /// # Errors
    ///
    /// [`Unasked`] where it answers no discovery that was sent.
    pub fn handle_report(
        &mut self,
        address: SocketAddr,
        message_id: i64,
        engine_id: &[u8],
    ) -> Result<(), Unasked> {
        let place = self
            .rounds
            .iter()
            .position(|round| *round == Round::Discovery);
        let discovery = place.ok_or(Unasked)?;
        let id = self.ids.id(&(address, discovery, ALL_NAMES));
        let slot = self.slots.get_mut(&address).ok_or(Unasked)?;
        let asked = slot.round > discovery || slot.round == discovery && slot.sending > 0;
        if !asked || i64::from(id) != message_id || slot.engine_id.is_some() {
            return Err(Unasked);
        }
        slot.engine_id = Some(engine_id.to_vec());
        if slot.round == discovery {
            self.next_round(address);
        }
        Ok(())
    }

    /// Which probe, of those sent so far, this answers.
    fn asked(&self, address: SocketAddr, slot: &Slot, answer: &ProbeAnswer<'_>) -> Option<Asked> {
        let matches = |round: usize, mask: u8, version: Version, index: usize| {
            version == answer.version
                && self.communities.get(index).map(Vec::as_slice) == Some(answer.community)
                && i64::from(self.ids.id(&(address, round, mask))) == answer.request_id
        };
        if let Some(Settled::Found {
            community_index, ..
        }) = &slot.found
            && matches(CONFIRMATION, slot.mask, Version::V2c, *community_index)
        {
            return Some(Asked {
                round: CONFIRMATION,
                community_index: *community_index,
                mask: slot.mask,
            });
        }
        if slot.sending == 0 {
            return None;
        }
        let sent = self.rounds.iter().enumerate().take(slot.round + 1);
        sent.rev().find_map(|(place, round)| {
            let Round::Community { version, index } = round else {
                return None;
            };
            let current = (place == slot.round).then_some(slot.mask);
            [current, Some(ALL_NAMES)]
                .into_iter()
                .flatten()
                .find(|mask| matches(place, *mask, *version, *index))
                .map(|mask| Asked {
                    round: place,
                    community_index: *index,
                    mask,
                })
        })
    }

    /// An agent answered with an error. v1 does that when there is nothing behind one of the names
    /// (RFC 1157 section 4.1.3): the name that the error points at is left out and the rest asked
    /// again.
    fn handle_error(
        &mut self,
        address: SocketAddr,
        answer: &ProbeAnswer<'_>,
        asked: Asked,
    ) -> Result<(), Unasked> {
        let slot = self.slots.get_mut(&address).ok_or(Unasked)?;
        if asked.round == CONFIRMATION {
            self.settle(address); // v2c answers with errors only: v1 it is.
            return Ok(());
        }
        if slot.found.is_some() || asked.round == slot.round && asked.mask != slot.mask {
            return Err(Unasked); // A duplicate: its consequence has been drawn already.
        }
        slot.error = Some((answer.version, answer.error_status));
        if asked.round != slot.round {
            return Ok(()); // Late: its round is over, but somebody is there.
        }
        let denied = answer.error_status == status::AUTHORIZATION_ERROR
            || answer.error_status == status::NO_ACCESS;
        slot.mask = if denied {
            0
        } else {
            without(slot.mask, answer.error_index)
        };
        if slot.mask == 0 {
            self.next_round(address);
        } else {
            slot.sending += 1;
            self.ready.push_back(address);
        }
        Ok(())
    }

    /// The current round is over before its time.
    fn next_round(&mut self, address: SocketAddr) {
        let Some(slot) = self.slots.get_mut(&address) else {
            return;
        };
        slot.round += 1;
        slot.sending += 1;
        slot.mask = ALL_NAMES;
        if slot.round >= self.rounds.len() {
            self.settle(address);
        } else {
            self.ready.push_back(address);
        }
    }

    fn settle(&mut self, address: SocketAddr) {
        let Some(slot) = self.slots.remove(&address) else {
            return;
        };
        let result = match (slot.found, slot.error, slot.engine_id) {
            (Some(found), ..) => found,
            (None, Some((version, status)), _) => Settled::ErrorStatus { version, status },
            (None, None, Some(engine_id)) => Settled::OnlyV3 { engine_id },
            (None, None, None) => Settled::Silent,
        };
        self.settled.push_back((address, result));
    }
}

/// The names that a mask stands for.
fn names(mask: u8) -> Vec<Oid> {
    PROBE
        .iter()
        .enumerate()
        .filter(|(place, _)| mask & 1 << place != 0)
        .map(|(_, arcs)| Oid::default().child(arcs))
        .collect()
}

/// The mask without the `index`-th name of those that it stands for, counted from 1; without its last
/// name where there is no such.
fn without(mask: u8, index: i64) -> u8 {
    let mut places = (0..PROBE.len()).filter(|place| mask & 1 << place != 0);
    let wanted = usize::try_from(index)
        .ok()
        .and_then(|index| index.checked_sub(1));
    let place = wanted
        .and_then(|wanted| places.clone().nth(wanted))
        .or_else(|| places.next_back());
    place.map_or(0, |place| mask & !(1 << place))
}

impl std::fmt::Debug for Sweep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sweep")
            .field("rounds", &self.rounds)
            .field("addresses", &self.slots.len())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SweepConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SweepConfig")
            .field("communities", &self.communities.len())
            .field("try_v1", &self.try_v1)
            .field("detect_refusal", &self.detect_refusal)
            .field("timeout", &self.timeout)
            .field("retries", &self.retries)
            .finish()
    }
}
