//! Silent addresses that are asked again at the end, where the network was seen to lose datagrams.
//!
//! A device is found unless all its probes or their answers are lost. How likely that is, those tell
//! that answered only when they were asked again: of 1,000 printers behind a line that loses one datagram
//! in twenty each way, ten lose both probes of two rounds. So silence is held back until everybody else
//! is read. Where what was lost makes it likely that somebody is still there, silent addresses are asked
//! again, one round after the other, what found devices here: those in subnets where devices were
//! found, or all where they are no more than the devices. Where nothing was lost, nobody is.

use super::agenda::Step;
use super::loss::Loss;
use super::{MAX_ADDRESSES, Settled, Slot, Sweep};
use crate::Version;
use crate::pace::Subnet;
use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::SocketAddr;

/// What a second look asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecondLook {
    /// How many silent addresses it asks again.
    pub addresses: usize,
    /// In how many more rounds.
    pub rounds: u32,
    /// Of how many addresses it cannot, within the datagrams that it may send.
    pub left_out: usize,
    /// How many of a million requests got no answer in time, of devices that answered in the end.
    pub lost_per_million: u32,
}

impl fmt::Display for SecondLook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.lost_per_million / 1_000;
        write!(
            f,
            "{} silent addresses are asked again, up to {} times, because {}.{} % of what devices were \
             asked had no answer in time",
            self.addresses,
            self.rounds,
            tenths / 10,
            tenths % 10
        )?;
        match self.left_out {
            0 => Ok(()),
            more => write!(f, "; {more} more are not, to spare the network"),
        }
    }
}

/// Silence that is held back, and what tells whether to believe it.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Whether silence is held back still.
    holds: bool,
    silent: Vec<SocketAddr>,
    /// Silent ones that are told.
    released: VecDeque<SocketAddr>,
    loss: Loss,
    /// What found devices, and how many.
    ways: Vec<(Step, u64)>,
    /// How many were found in each subnet; of subnets over [`MAX_ADDRESSES`] nothing is kept.
    subnets: HashMap<Subnet, u32>,
}

/// What a second look is about to ask.
struct Plan {
    ways: Vec<Step>,
    rounds: u32,
    addresses: Vec<SocketAddr>,
    left_out: usize,
}

impl Held {
    pub(super) fn is_empty(&self) -> bool {
        self.silent.is_empty() && self.released.is_empty()
    }

    /// Takes a silent address. Says no where it is to be told at once.
    pub(super) fn take(&mut self, address: SocketAddr) -> bool {
        let takes = self.holds && self.silent.len() < MAX_ADDRESSES;
        if takes {
            self.silent.push(address);
        }
        takes
    }

    /// Takes note of a device that was found.
    pub(super) fn find(&mut self, address: SocketAddr, by: Step) {
        match self.ways.iter_mut().find(|(way, _)| *way == by) {
            Some((_, count)) => *count += 1,
            None => self.ways.push((by, 1)),
        }
        let subnet = Subnet::of(&address);
        if self.subnets.len() < MAX_ADDRESSES || self.subnets.contains_key(&subnet) {
            *self.subnets.entry(subnet).or_default() += 1;
        }
    }

    /// Of these, who is worth asking: the likeliest first.
    fn likely(&self, silent: &[SocketAddr]) -> Vec<SocketAddr> {
        let found: u64 = self.ways.iter().map(|(_, count)| count).sum();
        let few = u64::try_from(silent.len()).is_ok_and(|silent| silent <= found);
        let here = |address: &SocketAddr| self.subnets.get(&Subnet::of(address)).copied();
        let mut likely: Vec<(u32, SocketAddr)> = silent
            .iter()
            .filter_map(|address| Some((here(address).or(few.then_some(0))?, *address)))
            .collect();
        likely.sort_by_key(|(found, _)| Reverse(*found));
        likely.into_iter().map(|(_, address)| address).collect()
    }
}

impl Sweep {
    /// Holds silence back for a [second look](Self::second_look).
    #[must_use]
    pub fn with_second_look(mut self) -> Self {
        self.held.holds = true;
        self
    }

    /// Whether nothing is being probed and every result has been taken, but for silence held back.
    pub fn is_resting(&self) -> bool {
        self.slots.is_empty() && self.settled.is_empty() && self.held.released.is_empty()
    }

    /// How many silent addresses are held back.
    pub fn held(&self) -> usize {
        self.held.silent.len()
    }

    /// Holds an address back that is as good as silent: it settles as silent, unless a second look
    /// finds a device there. Says no where that will not be.
    pub fn hold(&mut self, address: SocketAddr) -> bool {
        !self.slots.contains_key(&address) && self.held.take(address)
    }

    /// Takes note of a device that answered without having been swept.
    pub fn note_find(&mut self, address: SocketAddr, version: Version, community_index: usize) {
        let by = match (version, u8::try_from(community_index)) {
            (Version::V3, _) => Step::Discovery,
            (version, Ok(index)) => Step::Next { version, index },
            _ => return,
        };
        self.held.find(address, by);
    }

    /// Takes note of what one device answered while it was read, and of what it did not in time.
    pub fn note_reading(&mut self, answered: u32, unanswered: u32) {
        self.held.loss.note(answered, unanswered);
    }

    /// Takes note of a device that answered a probe once so many steps of this round were taken.
    pub(super) fn note_answer(
        &mut self,
        address: SocketAddr,
        by: Step,
        (round, taken): (u32, u16),
    ) {
        let asked = self.agenda.times(by, round, taken);
        self.held.loss.note(1, asked.saturating_sub(1));
        self.held.find(address, by);
    }

    /// To be called when everything else is over: begins to ask silent addresses again that were held
    /// back, where that is likely to find somebody, with `most` datagrams at most; all others are
    /// [released](Self::next_released).
    pub fn second_look(&mut self, most: u64) -> Option<SecondLook> {
        let plan = self.plan(most);
        self.held.holds = false;
        let Some(plan) = plan else {
            self.release();
            return None;
        };
        let look = SecondLook {
            addresses: plan.addresses.len(),
            rounds: plan.rounds,
            left_out: plan.left_out,
            lost_per_million: self.held.loss.per_million().unwrap_or_default(),
        };
        let round = self.agenda.ask_again(plan.ways, plan.rounds);
        for address in plan.addresses {
            let slot = Slot {
                round,
                step: 0,
                queued: true,
                sending: 0,
            };
            self.slots.insert(address, slot);
            self.ready.push_back(address);
        }
        let slots = &self.slots;
        self.held
            .silent
            .retain(|address| !slots.contains_key(address));
        self.release();
        Some(look)
    }

    /// The next address that was held back and is silent. These are apart from
    /// [`next_settled`](Self::next_settled), because they are many at once.
    pub fn next_released(&mut self) -> Option<SocketAddr> {
        self.held.released.pop_front()
    }

    /// Settles all silence that is held back, and holds none back from now on.
    pub fn release(&mut self) {
        self.held.holds = false;
        let silent = std::mem::take(&mut self.held.silent);
        self.held.released.extend(silent);
    }

    fn plan(&self, most: u64) -> Option<Plan> {
        let more = |(way, found): &(Step, u64)| {
            let rounds = self.held.loss.more(*found, self.agenda.times_in_all(*way));
            (rounds > 0).then_some((*way, rounds))
        };
        let ways: Vec<(Step, u32)> = self.held.ways.iter().filter_map(more).collect();
        let wanted = ways.iter().map(|(_, rounds)| *rounds).max()?;
        let mut addresses = self.held.likely(&self.held.silent);
        let a_round = u64::try_from(ways.len()).unwrap_or(u64::MAX);
        let room = usize::try_from(most / a_round).unwrap_or(usize::MAX);
        let left_out = addresses.len().saturating_sub(room);
        addresses.truncate(room);
        // One more round for all of them finds more than several for some.
        let rounds = room.checked_div(addresses.len())?;
        let rounds = u32::try_from(rounds).unwrap_or(u32::MAX).min(wanted);
        Some(Plan {
            ways: ways.into_iter().map(|(way, _)| way).collect(),
            rounds,
            addresses,
            left_out,
        })
    }

    pub(super) fn settle_silent(&mut self, address: SocketAddr) {
        if !self.held.take(address) {
            self.settled.push_back((address, Settled::Silent));
        }
    }
}
