//! What leaves: whose turn it is, and what becomes of each datagram.

use super::{Device, Origin, STALL, Scanner};
use crate::event::ScanEvent;
use crate::{Guide, SnmpError};
use pagetally_snmp_engine::pace::Subnet;
use pagetally_snmp_engine::reader::Step;
use pagetally_snmp_engine::sweep::Probe;
use std::net::SocketAddr;
use std::time::Duration;

/// The longest of these pauses.
const MAX_STALL: Duration = Duration::from_millis(128);

/// One datagram to send. It is written over again and again, so that its buffer stays.
pub(crate) struct Outgoing {
    pub(crate) address: SocketAddr,
    pub(crate) bytes: Vec<u8>,
    /// The probe that it is; a reader's request where it is none.
    pub(super) probe: Option<Probe>,
    is_repeated: bool,
    is_first: bool,
}

impl Outgoing {
    pub(crate) fn new() -> Self {
        Self {
            address: SocketAddr::from(([0, 0, 0, 0], 0)),
            bytes: Vec::new(),
            probe: None,
            is_repeated: false,
            is_first: false,
        }
    }
}

/// Whose turn it is to send.
#[derive(Clone, Copy, Debug)]
pub(super) enum Turn {
    Probe(SocketAddr),
    Read(SocketAddr),
}

impl Scanner {
    /// Writes the next datagram to send at `now` into `out`, if the pace allows one and there is one.
    /// The caller tells by [`sent`](Self::sent), [`not_sent`](Self::not_sent) or
    /// [`refused`](Self::refused) what became of it, in order; of several that could not be sent,
    /// the last one first.
    pub(crate) fn next_datagram(
        &mut self,
        now: Duration,
        targets: &mut dyn Iterator<Item = SocketAddr>,
        guide: &mut dyn Guide,
        out: &mut Outgoing,
    ) -> bool {
        self.now = now;
        self.decide(guide);
        self.look_again();
        self.resume(now);
        if self.pace.ready(now).is_err() {
            return false;
        }
        while let Some(turn) = self.next_turn(now, targets, guide) {
            let address = match turn {
                Turn::Probe(address) | Turn::Read(address) => address,
            };
            let written = match turn {
                Turn::Probe(address) => self.write_probe(address, now, out),
                Turn::Read(address) => self.write_request(address, now, out),
            };
            if written {
                self.pace.spend(now);
                return true;
            }
            if let Some(subnets) = &mut self.subnets {
                subnets.refund(Subnet::of(&address));
            }
        }
        false
    }

    /// Whose turn it is; his subnet's token is taken.
    fn next_turn(
        &mut self,
        now: Duration,
        targets: &mut dyn Iterator<Item = SocketAddr>,
        guide: &mut dyn Guide,
    ) -> Option<Turn> {
        if let Some(turn) = self.subnets.as_mut().and_then(|all| all.pop_due(now)) {
            return Some(turn);
        }
        loop {
            let reads = self.next_reader(guide).map(Turn::Read);
            let turn = match reads {
                Some(turn) => turn,
                None => match self.next_probed(targets, guide) {
                    Some(address) => Turn::Probe(address),
                    // A target that is known waits to be read.
                    None if self.may_read() => continue,
                    None => return None,
                },
            };
            let (Turn::Probe(address) | Turn::Read(address)) = turn;
            let Some(subnets) = &mut self.subnets else {
                return Some(turn);
            };
            let subnet = Subnet::of(&address);
            if subnets.take(subnet, now) {
                return Some(turn);
            }
            let is_urgent = matches!(turn, Turn::Read(_));
            subnets.park(subnet, turn, is_urgent, now);
        }
    }

    /// The next address that is to be probed, of those that are or of the targets.
    fn next_probed(
        &mut self,
        targets: &mut dyn Iterator<Item = SocketAddr>,
        guide: &mut dyn Guide,
    ) -> Option<SocketAddr> {
        loop {
            if let Some(address) = self.sweep.next_address() {
                return Some(address);
            }
            self.take_settled();
            self.decide(guide);
            if !self.wants_target() {
                return None;
            }
            let Some(address) = targets.next() else {
                self.no_more_targets = true;
                return None;
            };
            if self.devices.contains_key(&address) {
                continue;
            }
            if let Some(known) = guide.known(address)
                && self.add_from_memory(address, known, guide)
            {
                return None; // Reads go before probes.
            }
            if self.sweep.start(address) {
                self.stats.targets += 1;
            }
        }
    }

    fn write_probe(&mut self, address: SocketAddr, now: Duration, out: &mut Outgoing) -> bool {
        let Some(probe) = self.sweep.probe(address, now) else {
            return false;
        };
        out.address = address;
        out.is_repeated = probe.repeated;
        out.is_first = probe.is_first();
        out.probe = Some(probe);
        self.templates
            .write(&probe, &self.communities, &mut out.bytes)
    }

    pub(crate) fn sent(&mut self, outgoing: &Outgoing) {
        self.stall = STALL;
        self.stats.datagrams_sent += 1;
        self.stats.retries += u64::from(outgoing.is_repeated);
        if outgoing.is_first {
            let address = outgoing.address;
            self.events.push_back(ScanEvent::Touched { address });
        }
    }

    /// The system could take no datagram. That is no silence of the device: the same will be sent
    /// again, after [`stall`](Self::stall).
    pub(crate) fn not_sent(&mut self, outgoing: &Outgoing) {
        if let Some(probe) = &outgoing.probe {
            self.sweep.not_sent(probe);
        } else if let Some(Device::Reading(reading)) = self.devices.get_mut(&outgoing.address) {
            reading.reader.not_sent();
            self.ready.push_front(outgoing.address);
        }
    }

    /// Sends nothing for a while, because the system can take no datagram.
    pub(crate) fn stall(&mut self, now: Duration) {
        self.stats.send_stalls += 1;
        self.pace.hold(now + self.stall);
        self.stall = (self.stall * 2).min(MAX_STALL);
    }

    /// The system refuses to send to this address.
    pub(crate) fn refused(&mut self, outgoing: &Outgoing, error: SnmpError) {
        let address = outgoing.address;
        if outgoing.probe.is_some() {
            // Of a bundle, several may be refused.
            if self.sweep.give_up(address) {
                self.probed += 1;
                self.events.push_back(ScanEvent::Error { address, error });
            }
            return;
        }
        let Some(Device::Reading(reading)) = self.devices.get_mut(&address) else {
            return;
        };
        if reading.reader.answers().is_empty() {
            if reading.origin == Origin::Known || reading.introduction.is_some() {
                self.probed += 1;
            } else {
                self.read += 1;
            }
            self.forget(address);
            self.events.push_back(ScanEvent::Error { address, error });
        } else {
            reading.reader.give_up();
            self.ready.push_front(address);
        }
    }

    /// Polls a reader; writes what it sends.
    fn write_request(&mut self, address: SocketAddr, now: Duration, out: &mut Outgoing) -> bool {
        let Some(Device::Reading(reading)) = self.devices.get_mut(&address) else {
            return false;
        };
        let retries = reading.reader.stats().retries;
        let mut step = reading.reader.poll(now);
        let sends = if let Step::Send(bytes) = step {
            out.address = address;
            out.probe = None;
            out.bytes.clear();
            out.bytes.extend_from_slice(bytes);
            out.is_repeated = reading.reader.stats().retries > retries;
            step = reading.reader.poll(now); // To learn until when to wait.
            out.is_first = !std::mem::replace(&mut reading.is_touched, true);
            true
        } else {
            false
        };
        match step {
            Step::Send(_) => self.ready.push_back(address),
            Step::WaitUntil(time) => {
                // A timer that comes too early asks the reader again; one that comes too late
                // would not. Most answers come long before, so one timer does for many requests.
                if reading.timer.is_none_or(|timer| timer > time) {
                    if let Some(old) = reading.timer.replace(time) {
                        self.timers.remove(&(old, address));
                    }
                    self.timers.insert((time, address));
                }
            }
            Step::Done(_) => self.handle_done(address),
        }
        sends
    }
}
