//! Finds out who is at many addresses, one small datagram at a time.
//!
//! # The rounds
//!
//! A silent address gets as many rounds as there are retries, and one more. A round costs one
//! timeout, whatever it asks: a sweep takes one timeout for each round, and its sending time.
//!
//! The first round is one GETNEXT over SNMPv2c with the first community. Its four names stand just
//! before `sysDescr`, `sysObjectID`, `hrDeviceType` and the Printer MIB's first row, so one answer
//! tells a printer from any other agent and no second datagram is needed to say "not a printer". Each
//! later round is a bundle: the same once more, and with it the other communities, all of them over
//! SNMPv1, and an unauthenticated SNMPv3 discovery, so many at a time that all have been asked in the
//! last round; then those again, but for the discovery. Where there is one round only, it asks
//! everything. The datagrams of a bundle do not leave in a row: other addresses take turns.
//!
//! Where there are no communities, every round is the discovery, and its answer settles an address.
//!
//! Request ids are computed from address, version, community and names. An answer to an earlier
//! round counts in a later one.
//!
//! A printer that answers over v1 is asked over v2c once more before it is settled: where only the
//! first v2c probe was lost, it would otherwise be read over v1, slowly and without Counter64.
//!
//! An ICMP error ends nothing but one: who says that the port is closed is not asked again.
//!
//! # Driving it
//!
//! [`start`](Sweep::start) addresses while there is [`room`](Sweep::has_room); send what
//! [`next_probe`](Sweep::next_probe) gives, at the driver's pace; hand in answers; call
//! [`expire`](Sweep::expire) at [`next_deadline`](Sweep::next_deadline) or later; take results from
//! [`next_settled`](Sweep::next_settled). Where silence is held back for a [second look](SecondLook),
//! begin that when everything else is over. A driver that must hold an address back takes its turn by
//! [`next_address`](Sweep::next_address) and its datagram by [`probe`](Sweep::probe). The sweep knows
//! no wire format: the driver encodes probes and decodes answers.

mod agenda;
mod loss;
mod second_look;

use crate::classify::HR_DEVICE_TYPE;
use crate::message::status;
use crate::{Class, Oid, RequestIds, VarBind, Version, classify};
use agenda::{Agenda, Step};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

pub use agenda::SweepCost;
pub use second_look::SecondLook;

/// Ceiling on addresses that are being probed at the same time: a whole /16, of some 150 bytes each.
pub const MAX_ADDRESSES: usize = 65_536;

/// Ceiling on the rounds of a [second look](Sweep::second_look): where these find nobody, no more do.
pub const MAX_MORE_ROUNDS: u32 = 6;

/// The names of the probe, each just before what it asks for.
const PROBE: [&[u32]; 4] = [
    &[1, 3, 6, 1, 2, 1, 1, 1],
    &[1, 3, 6, 1, 2, 1, 1, 2],
    HR_DEVICE_TYPE,
    &[1, 3, 6, 1, 2, 1, 43, 5, 1, 1],
];

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
    /// How many rounds there are after the first.
    pub retries: u32,
}

impl SweepConfig {
    /// What a sweep of `addresses` costs where nobody answers.
    pub fn silent_cost(&self, addresses: u64) -> SweepCost {
        Agenda::new(self).silent_cost(addresses, self.timeout)
    }
}

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
    turn: Turn,
}

impl Probe {
    /// Whether this is the first datagram to the address.
    pub fn is_first(&self) -> bool {
        self.turn == Turn::Step { round: 0, place: 0 }
    }
}

/// What made a probe, so that it can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Step { round: u32, place: u16 },
    Urgent(Urgent),
}

/// What is asked out of turn because of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Urgent {
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
pub struct ProbeNames(u8);

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

/// An answer that belongs to no probe: late, duplicate, foreign or forged. Count it and go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer belongs to no probe")]
pub struct Unasked;

/// What is kept of every address: as little as can be, for there are many.
#[derive(Debug)]
struct Slot {
    round: u32,
    /// How many steps of the round have been taken.
    step: u16,
    /// Whether it stands in `ready`, or the driver holds its turn.
    queued: bool,
    /// Counts sendings, so that a deadline can tell whether it is still meant.
    sending: u32,
}

/// What is kept of an address besides, once something came back from there.
#[derive(Debug, Default)]
struct Heard {
    engine: Option<EngineReport>,
    error: Option<(Version, i64)>,
    /// Found over v1, waiting for the v2c probe.
    found: Option<Settled>,
    /// The names still asked for where an error came back.
    narrowed: Vec<(Version, u8, u8)>,
    urgent: VecDeque<Urgent>,
    unreachable: Option<Unreachable>,
}

/// The probe that an answer answers.
#[derive(Clone, Copy)]
struct Asked {
    index: u8,
    mask: u8,
}

const ALL_NAMES: u8 = (1 << PROBE.len()) - 1;

/// A sweep over many addresses. See the [module's documentation](self) for how to drive it.
pub struct Sweep {
    communities: Vec<Vec<u8>>,
    agenda: Agenda,
    timeout: Duration,
    ids: RequestIds,
    slots: HashMap<SocketAddr, Slot>,
    heard: HashMap<SocketAddr, Heard>,
    ready: VecDeque<SocketAddr>,
    deadlines: VecDeque<(Duration, SocketAddr, u32)>,
    settled: VecDeque<(SocketAddr, Settled)>,
    held: second_look::Held,
}

impl Sweep {
    /// A sweep without addresses. Of more than 255 communities, the first 255 are tried.
    pub fn new(config: SweepConfig, ids: RequestIds) -> Self {
        Self {
            agenda: Agenda::new(&config),
            communities: config.communities,
            timeout: config.timeout,
            ids,
            slots: HashMap::new(),
            heard: HashMap::new(),
            ready: VecDeque::new(),
            deadlines: VecDeque::new(),
            settled: VecDeque::new(),
            held: second_look::Held::default(),
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
        self.slots.is_empty() && self.settled.is_empty() && self.held.is_empty()
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
            step: 0,
            queued: true,
            sending: 0,
        });
        self.ready.push_back(address);
        true
    }

    /// The next probe to send at `now`.
    pub fn next_probe(&mut self, now: Duration) -> Option<Probe> {
        loop {
            let address = self.next_address()?;
            let probe = self.probe(address, now);
            if probe.is_some() {
                return probe;
            }
        }
    }

    /// The next address whose turn it is. The driver calls [`probe`](Self::probe) for it, now or
    /// later.
    pub fn next_address(&mut self) -> Option<SocketAddr> {
        loop {
            let address = self.ready.pop_front()?;
            if self.slots.contains_key(&address) {
                return Some(address);
            } // Else settled by an answer while it waited for its turn.
        }
    }

    /// What to send to an address whose turn it is; nothing where that has settled itself meanwhile.
    pub fn probe(&mut self, address: SocketAddr, now: Duration) -> Option<Probe> {
        let slot = self.slots.get_mut(&address)?;
        let mut heard = self.heard.get_mut(&address);
        slot.queued = false;
        let urgent = heard.as_mut().and_then(|heard| heard.urgent.pop_front());
        let mut probe = urgent.map(|urgent| (urgent.asks(), true, Turn::Urgent(urgent)));
        let heard = heard.as_deref();
        let over = heard.is_some_and(|heard| heard.found.is_some());
        while probe.is_none() && !over {
            let Some((step, repeated)) = self.agenda.step(slot.round, slot.step) else {
                break;
            };
            let turn = Turn::Step {
                round: slot.round,
                place: slot.step,
            };
            slot.step += 1;
            if !heard.is_some_and(|heard| heard.has_failed(step)) {
                probe = Some(((step, ALL_NAMES), repeated, turn));
            }
        }
        let has_urgent = heard.is_some_and(|heard| !heard.urgent.is_empty());
        let has_step = || !over && self.agenda.step(slot.round, slot.step).is_some();
        if has_urgent || has_step() {
            slot.queued = true;
            self.ready.push_back(address);
        } else {
            slot.sending = slot.sending.wrapping_add(1);
            self.deadlines
                .push_back((now + self.timeout, address, slot.sending));
        }
        let ((step, mask), repeated, turn) = probe?;
        let (request_id, kind) = match step {
            Step::Discovery => (discovery_id(&self.ids, address), ProbeKind::Discovery),
            Step::Next { version, index } => {
                let kind = ProbeKind::Next {
                    version,
                    community_index: usize::from(index),
                    names: ProbeNames(mask),
                };
                (next_id(&self.ids, address, version, index, mask), kind)
            }
        };
        Some(Probe {
            address,
            request_id,
            kind,
            repeated,
            turn,
        })
    }

    /// Takes back a probe: the system could not take the datagram. It will be the next probe again.
    /// Of several, the last is taken back first.
    pub fn not_sent(&mut self, probe: &Probe) {
        let address = probe.address;
        let Some(slot) = self.slots.get_mut(&address) else {
            return;
        };
        match probe.turn {
            Turn::Step { round, place } if round == slot.round => {
                slot.step = slot.step.min(place);
            }
            Turn::Step { .. } => {}
            Turn::Urgent(urgent) => {
                let heard = self.heard.entry(address).or_default();
                heard.urgent.push_front(urgent);
            }
        }
        slot.sending = slot.sending.wrapping_add(1); // Its deadline is meant no more.
        if !slot.queued {
            slot.queued = true;
            self.ready.push_front(address);
        }
    }

    /// Gives an address up without a result: the system refuses to send there. Says no where it is
    /// not being probed.
    pub fn give_up(&mut self, address: SocketAddr) -> bool {
        self.heard.remove(&address);
        self.slots.remove(&address).is_some()
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
            if slot.sending != sending || slot.queued {
                continue;
            }
            slot.round = slot.round.saturating_add(1);
            slot.step = 0;
            let heard = self.heard.get(&address);
            let over = heard.is_some_and(|heard| heard.found.is_some());
            if over || !self.agenda.has_round(slot.round) {
                self.settle(address);
            } else {
                slot.queued = true;
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
        let (version, index) = (answer.version, asked.index);
        let place = (slot.round, slot.step);
        if answer.error_status != status::NO_ERROR {
            return self.handle_error(address, &answer, asked);
        }
        let class = classify(&answer.varbinds);
        let confirm = class == Class::Printer && version == Version::V1;
        let found = Settled::Found {
            version,
            community_index: usize::from(index),
            class,
            varbinds: answer.varbinds,
        };
        if !confirm {
            self.note_answer(address, Step::Next { version, index }, place);
            self.give_up(address);
            self.settled.push_back((address, found));
            return Ok(());
        }
        let heard = self.heard.entry(address).or_default();
        if heard.found.is_some() {
            return Err(Unasked);
        }
        heard.found = Some(found);
        heard.urgent.clear();
        self.ask_urgently(address, Urgent::Confirm { index });
        Ok(())
    }

    /// Takes an engine's Report with its message id. Where there is nothing but a discovery to ask
    /// with, that settles the address.
    ///
    /// # Errors
    ///
    /// [`Unasked`] where it answers no discovery that was sent.
    pub fn handle_report(
        &mut self,
        address: SocketAddr,
        message_id: u32,
        report: EngineReport,
    ) -> Result<(), Unasked> {
        let slot = self.slots.get(&address).ok_or(Unasked)?;
        let asked = self.agenda.is_asked(Step::Discovery, slot.round, slot.step);
        if !asked || discovery_id(&self.ids, address) != message_id {
            return Err(Unasked);
        }
        let heard = self.heard.entry(address).or_default();
        if heard.engine.is_some() {
            return Err(Unasked);
        }
        heard.engine = Some(report);
        if self.communities.is_empty() {
            self.settle(address);
        }
        Ok(())
    }

    /// Takes the word of a router, of the host, or of the system that a probe did not arrive. That the
    /// port is closed settles an address; all else may pass, and is the cause of a silence that lasts.
    ///
    /// # Errors
    ///
    /// [`Unasked`] where nothing was sent there.
    pub fn handle_unreachable(
        &mut self,
        address: SocketAddr,
        cause: Unreachable,
    ) -> Result<(), Unasked> {
        let slot = self.slots.get(&address).ok_or(Unasked)?;
        if (slot.round, slot.step) == (0, 0) {
            return Err(Unasked);
        }
        let heard = self.heard.entry(address).or_default();
        heard.unreachable = Some(cause);
        let answered = heard.found.is_some() || heard.error.is_some() || heard.engine.is_some();
        if cause == Unreachable::Port && !answered {
            self.settle(address);
        }
        Ok(())
    }

    /// Which probe, of those sent so far, this answers.
    fn asked(&self, address: SocketAddr, slot: &Slot, answer: &ProbeAnswer<'_>) -> Option<Asked> {
        let heard = self.heard.get(&address);
        let version = answer.version;
        let indices = (0..=u8::MAX).zip(&self.communities);
        let of_community = indices.filter(|(_, community)| *community == answer.community);
        of_community.map(|(index, _)| index).find_map(|index| {
            let step = Step::Next { version, index };
            let confirms = heard.is_some_and(|heard| heard.confirms(version, index));
            if !confirms && !self.agenda.is_asked(step, slot.round, slot.step) {
                return None;
            }
            let narrowed = heard.and_then(|heard| heard.mask_of(version, index));
            [Some(ALL_NAMES), narrowed]
                .into_iter()
                .flatten()
                .find(|mask| {
                    let id = next_id(&self.ids, address, version, index, *mask);
                    i64::from(id) == answer.request_id
                })
                .map(|mask| Asked { index, mask })
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
        let (version, index) = (answer.version, asked.index);
        let heard = self.heard.entry(address).or_default();
        if heard.confirms(version, index) {
            self.settle(address); // v2c answers with errors only: v1 it is.
            return Ok(());
        }
        let current = heard.mask_of(version, index);
        if heard.found.is_some() || current.unwrap_or(ALL_NAMES) != asked.mask {
            return Err(Unasked); // A duplicate: its consequence has been drawn already.
        }
        heard.error = Some((version, answer.error_status));
        let denied = answer.error_status == status::AUTHORIZATION_ERROR
            || answer.error_status == status::NO_ACCESS;
        let mask = if denied {
            0
        } else {
            without(asked.mask, answer.error_index)
        };
        heard
            .narrowed
            .retain(|(of, at, _)| (*of, *at) != (version, index));
        heard.narrowed.push((version, index, mask));
        if mask != 0 {
            let narrow = Urgent::Narrow {
                version,
                index,
                mask,
            };
            self.ask_urgently(address, narrow);
        }
        Ok(())
    }

    fn ask_urgently(&mut self, address: SocketAddr, urgent: Urgent) {
        let Some(slot) = self.slots.get_mut(&address) else {
            return;
        };
        self.heard
            .entry(address)
            .or_default()
            .urgent
            .push_back(urgent);
        slot.sending = slot.sending.wrapping_add(1);
        if !slot.queued {
            slot.queued = true;
            self.ready.push_back(address);
        }
    }

    fn settle(&mut self, address: SocketAddr) {
        if self.slots.remove(&address).is_none() {
            return;
        }
        let heard = self.heard.remove(&address).unwrap_or_default();
        let result = if let Some(found) = heard.found {
            if let Settled::Found {
                version,
                community_index,
                ..
            } = found
            {
                self.note_find(address, version, community_index);
            }
            found
        } else if let Some((version, status)) = heard.error {
            Settled::ErrorStatus { version, status }
        } else if let Some(report) = heard.engine {
            Settled::OnlyV3(report)
        } else if let Some(cause) = heard.unreachable {
            Settled::Unreachable(cause)
        } else {
            return self.settle_silent(address);
        };
        self.settled.push_back((address, result));
    }
}

impl Urgent {
    fn asks(self) -> (Step, u8) {
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

impl Heard {
    /// The names that are still asked for under this version and community, where an error came back.
    fn mask_of(&self, version: Version, index: u8) -> Option<u8> {
        let of_it = |narrowed: &&(Version, u8, u8)| (narrowed.0, narrowed.1) == (version, index);
        self.narrowed.iter().find(of_it).map(|(.., mask)| *mask)
    }

    /// Whether asking the same again would bring the same error again.
    fn has_failed(&self, step: Step) -> bool {
        match step {
            Step::Next { version, index } => self.mask_of(version, index).is_some(),
            Step::Discovery => self.engine.is_some(),
        }
    }

    /// Whether an answer under this version and community says that the find over v1 speaks v2c.
    fn confirms(&self, version: Version, index: u8) -> bool {
        let over_v1 = matches!(
            &self.found,
            Some(Settled::Found { community_index, .. }) if *community_index == usize::from(index)
        );
        over_v1 && version == Version::V2c
    }
}

fn next_id(ids: &RequestIds, address: SocketAddr, version: Version, index: u8, mask: u8) -> u32 {
    ids.id(&(address, [version.number(), index, mask]))
}

fn discovery_id(ids: &RequestIds, address: SocketAddr) -> u32 {
    ids.id(&(address, [3_u8, 0, 0]))
}

/// The places of the names that a mask stands for.
fn places(mask: u8) -> impl DoubleEndedIterator<Item = usize> + Clone {
    (0..PROBE.len()).filter(move |place| mask & 1 << place != 0)
}

/// The mask without the `index`-th name of those that it stands for, counted from 1; without its last
/// name where there is no such.
fn without(mask: u8, index: i64) -> u8 {
    let mut places = places(mask);
    let wanted = usize::try_from(index)
        .ok()
        .and_then(|index| index.checked_sub(1));
    let place = wanted
        .and_then(|wanted| places.clone().nth(wanted))
        .or_else(|| places.next_back());
    place.map_or(0, |place| mask & !(1 << place))
}

impl fmt::Debug for Sweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sweep")
            .field("agenda", &self.agenda)
            .field("addresses", &self.slots.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SweepConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SweepConfig")
            .field("communities", &self.communities.len())
            .field("try_v1", &self.try_v1)
            .field("detect_refusal", &self.detect_refusal)
            .field("timeout", &self.timeout)
            .field("retries", &self.retries)
            .finish()
    }
}
