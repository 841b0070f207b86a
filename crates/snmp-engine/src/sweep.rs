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
mod heard;
mod loss;
mod probe;
mod second_look;
mod settled;

use crate::RequestIds;
use agenda::{Agenda, Step};
use heard::Heard;
use probe::{ALL_NAMES, Turn, discovery_id, next_id};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

pub use agenda::SweepCost;
pub use heard::Unasked;
pub use probe::{Probe, ProbeAnswer, ProbeKind, ProbeNames};
pub use second_look::SecondLook;
pub use settled::{EngineReport, Settled, Unreachable};

/// Ceiling on addresses that are being probed at the same time: a whole /16, of some 150 bytes each.
pub const MAX_ADDRESSES: usize = 65_536;

/// Ceiling on the rounds of a [second look](Sweep::second_look): where these find nobody, no more do.
pub const MAX_MORE_ROUNDS: u32 = 6;

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
