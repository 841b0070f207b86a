//! The scan without its sockets: a sweep, the devices that it found, and the pace of both.
//!
//! It reads no clock and owns no socket, so tests run it under virtual time.

use crate::event::{RefusalReason, ScanEvent, ScanStats};
use crate::{Guide, ScanConfig, SnmpError, probe};
use pagetally_snmp_engine::exchange::Retry;
use pagetally_snmp_engine::message::v3;
use pagetally_snmp_engine::pace::Pace;
use pagetally_snmp_engine::reader::{DeviceReader, Limits, Session, Step};
use pagetally_snmp_engine::sweep::{Probe, ProbeAnswer, ProbeKind, Settled, Sweep, SweepConfig};
use pagetally_snmp_engine::{Class, Oid, Plan, RequestIds, Value, VarBind, Version};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

/// How long nothing is sent after the system could take no datagram.
const STALL: Duration = Duration::from_millis(10);

/// How many found printers may wait for their turn before the sweep pauses: what is kept of them
/// must not grow with the fleet.
const MAX_WAITING: usize = 1_024;

/// A printer that was found, until its turn comes.
struct Waiting {
    version: Version,
    community: Vec<u8>,
    community_index: usize,
    plan: Option<Box<dyn Plan>>,
    /// What its answer to the probe held: it is not asked for again.
    known: Vec<VarBind>,
}

/// A printer that is being read.
struct Reading {
    reader: DeviceReader,
    version: Version,
    community_index: usize,
    /// When it wants to be polled, as it stands in `timers`.
    timer: Option<Duration>,
}

/// An agent that shows no printer in its answer to the probe, until the caller is asked about it.
struct Undecided {
    address: SocketAddr,
    version: Version,
    community_index: usize,
    varbinds: Vec<VarBind>,
}

enum Device {
    Waiting(Waiting),
    Reading(Box<Reading>),
}

/// One datagram to send.
pub(crate) struct Outgoing {
    pub(crate) address: SocketAddr,
    pub(crate) bytes: Vec<u8>,
    is_probe: bool,
    is_repeated: bool,
}

pub(crate) struct Scanner {
    communities: Vec<Vec<u8>>,
    retry: Retry,
    max_in_flight: usize,
    ids: RequestIds,
    sweep: Sweep,
    pace: Pace,
    devices: HashMap<SocketAddr, Device>,
    reading: usize,
    waiting: VecDeque<SocketAddr>,
    undecided: VecDeque<Undecided>,
    /// Readers that may have something to send.
    ready: VecDeque<SocketAddr>,
    timers: BTreeSet<(Duration, SocketAddr)>,
    events: VecDeque<ScanEvent>,
    stats: ScanStats,
    probed: u64,
    found: u64,
    read: u64,
}

impl Scanner {
    pub(crate) fn new(config: &ScanConfig, seed: [u8; 16]) -> Self {
        let ids = RequestIds::new(seed);
        let sweep = SweepConfig {
            communities: config.communities.clone(),
            try_v1: config.try_v1,
            detect_refusal: config.detect_refusal,
            timeout: config.timeout,
            retries: config.retries,
        };
        Self {
            communities: config.communities.clone(),
            retry: Retry {
                timeout: config.timeout,
                retries: config.retries,
            },
            max_in_flight: config.max_in_flight,
            ids,
            sweep: Sweep::new(sweep, ids.derive(&"sweep")),
            pace: Pace::new(config.datagrams_per_second),
            devices: HashMap::new(),
            reading: 0,
            waiting: VecDeque::new(),
            undecided: VecDeque::new(),
            ready: VecDeque::new(),
            timers: BTreeSet::new(),
            events: VecDeque::new(),
            stats: ScanStats::default(),
            probed: 0,
            found: 0,
            read: 0,
        }
    }

    /// Whether another target may be taken: everything else that is to be sent goes first.
    fn wants_target(&self) -> bool {
        self.sweep.has_room() && !self.sweep.has_probe() && self.waiting.len() < MAX_WAITING
    }

    /// Adds a device that needs no sweep.
    pub(crate) fn add_known(
        &mut self,
        address: SocketAddr,
        version: Version,
        community: Vec<u8>,
        plan: Box<dyn Plan>,
    ) {
        self.stats.targets += 1;
        let waiting = Waiting {
            version,
            community,
            community_index: 0,
            plan: Some(plan),
            known: Vec::new(),
        };
        self.devices.insert(address, Device::Waiting(waiting));
        self.waiting.push_back(address);
    }

    /// Whether nothing is left to do, once there are no more targets.
    pub(crate) fn is_idle(&self) -> bool {
        self.sweep.is_empty() && self.undecided.is_empty() && self.devices.is_empty()
    }

    pub(crate) fn next_event(&mut self) -> Option<ScanEvent> {
        self.events.pop_front()
    }

    pub(crate) fn progress(&self, targets_left: u64) -> ScanEvent {
        ScanEvent::Progress {
            probed: self.probed,
            total: self.stats.targets + targets_left,
            found: self.found,
            read: self.read,
        }
    }

    pub(crate) fn stats(&self) -> ScanStats {
        self.stats
    }

    /// The next datagram to send at `now`, if the pace allows one and there is one. The caller tells
    /// by [`sent`](Self::sent), [`not_sent`](Self::not_sent) or [`refused`](Self::refused) what
    /// became of it.
    pub(crate) fn next_datagram(
        &mut self,
        now: Duration,
        targets: &mut dyn Iterator<Item = SocketAddr>,
        guide: &mut dyn Guide,
    ) -> Option<Outgoing> {
        self.decide(guide);
        self.pace.ready(now).ok()?;
        while let Some(address) = self.next_reader(guide) {
            let outgoing = self.poll_reader(address, now);
            if outgoing.is_some() {
                return outgoing;
            }
        }
        loop {
            while let Some(probe) = self.sweep.next_probe(now) {
                let outgoing = self.encode_probe(probe);
                if outgoing.is_some() {
                    return outgoing;
                }
            }
            self.take_settled();
            self.decide(guide);
            if !self.wants_target() {
                return None;
            }
            let address = targets.next()?;
            if !self.devices.contains_key(&address) && self.sweep.start(address) {
                self.stats.targets += 1;
            }
        }
    }

    pub(crate) fn sent(&mut self, outgoing: &Outgoing, now: Duration) {
        self.pace.spend(now);
        self.stats.datagrams_sent += 1;
        self.stats.retries += u64::from(outgoing.is_repeated);
    }

    /// The system could take no datagram. That is no silence of the device: the same will be sent
    /// again, after a pause.
    pub(crate) fn not_sent(&mut self, outgoing: &Outgoing, now: Duration) {
        self.stats.send_stalls += 1;
        self.pace.hold(now + STALL);
        if outgoing.is_probe {
            self.sweep.not_sent(outgoing.address);
        } else if let Some(Device::Reading(reading)) = self.devices.get_mut(&outgoing.address) {
            reading.reader.not_sent();
            self.ready.push_front(outgoing.address);
        }
    }

    /// The system refuses to send to this address.
    pub(crate) fn refused(&mut self, outgoing: &Outgoing, error: SnmpError) {
        let address = outgoing.address;
        if outgoing.is_probe {
            self.sweep.give_up(address);
            self.probed += 1;
            self.events.push_back(ScanEvent::Error { address, error });
            return;
        }
        let Some(Device::Reading(reading)) = self.devices.get_mut(&address) else {
            return;
        };
        if reading.reader.answers().is_empty() {
            self.forget(address);
            self.read += 1;
            self.events.push_back(ScanEvent::Error { address, error });
        } else {
            reading.reader.give_up();
            self.ready.push_front(address);
        }
    }

    /// When something is to be done that no datagram brings about: a time-out, or the next token of
    /// the pace while something waits to be sent.
    pub(crate) fn next_time(&self, targets_left: bool) -> Option<Duration> {
        let sends = !self.ready.is_empty()
            || self.sweep.has_probe()
            || !self.waiting.is_empty() && self.reading < self.max_in_flight
            || targets_left && self.wants_target();
        let token = sends.then(|| self.pace.ready(Duration::ZERO).err().unwrap_or_default());
        let timer = self.timers.first().map(|(time, _)| *time);
        [token, timer, self.sweep.next_deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Takes note of the time.
    pub(crate) fn expire(&mut self, now: Duration) {
        self.sweep.expire(now);
        self.take_settled();
        while let Some((time, address)) = self.timers.first().copied() {
            if time > now {
                return;
            }
            self.timers.pop_first();
            if let Some(Device::Reading(reading)) = self.devices.get_mut(&address) {
                reading.timer = None;
                self.ready.push_back(address);
            }
        }
    }

    /// Takes one datagram. Anyone can forge these.
    pub(crate) fn handle_datagram(&mut self, address: SocketAddr, bytes: &[u8]) {
        let used = match self.devices.get_mut(&address) {
            Some(Device::Reading(reading)) => {
                let used = reading.reader.handle_datagram(bytes);
                if let Err(ignored) = &used {
                    tracing::trace!(%address, %ignored, "datagram ignored");
                } else {
                    if let Some(time) = reading.timer.take() {
                        self.timers.remove(&(time, address));
                    }
                    self.ready.push_back(address);
                }
                used.is_ok()
            }
            Some(Device::Waiting(_)) => false,
            None => self.handle_probe_answer(address, bytes),
        };
        if used {
            self.stats.datagrams_received += 1;
        } else {
            self.stats.datagrams_ignored += 1;
        }
        self.take_settled();
    }

    /// Stops: what was read of the devices that are being read is told.
    pub(crate) fn cancel(&mut self) {
        self.stats.cancelled = true;
        let addresses: Vec<SocketAddr> = self.devices.keys().copied().collect();
        for address in addresses {
            if let Some(Device::Reading(reading)) = self.devices.get_mut(&address) {
                reading.reader.cancel();
                self.finish(address);
            }
        }
    }

    fn handle_probe_answer(&mut self, address: SocketAddr, bytes: &[u8]) -> bool {
        if let Ok(report) = v3::Report::decode(bytes) {
            let (id, engine_id) = (report.message_id, report.engine_id);
            return self.sweep.handle_report(address, id, engine_id).is_ok();
        }
        let answer = match probe::decode(bytes) {
            Ok(answer) => answer,
            Err(error) => {
                tracing::trace!(%address, %error, "datagram ignored");
                return false;
            }
        };
        let answer = ProbeAnswer {
            version: answer.version,
            community: &answer.community,
            request_id: answer.request_id,
            error_status: answer.error_status,
            error_index: answer.error_index,
            varbinds: answer.varbinds,
        };
        self.sweep.handle_answer(address, answer).is_ok()
    }

    fn encode_probe(&mut self, probe: Probe) -> Option<Outgoing> {
        let bytes = match &probe.kind {
            ProbeKind::Discovery => v3::encode_discovery(probe.request_id),
            ProbeKind::Next {
                version,
                community_index,
                names,
            } => {
                let community = self.communities.get(*community_index)?;
                match probe::encode(*version, community, probe.request_id, names) {
                    Ok(bytes) => bytes,
                    Err(error) => {
                        // Four short names always encode; if ever not, the address stays silent.
                        tracing::error!(%error, "a probe could not be encoded");
                        return None;
                    }
                }
            }
        };
        Some(Outgoing {
            address: probe.address,
            bytes,
            is_probe: true,
            is_repeated: probe.repeated,
        })
    }

    /// A reader that may have something to send; a waiting device becomes one when there is room.
    fn next_reader(&mut self, guide: &mut dyn Guide) -> Option<SocketAddr> {
        if let Some(address) = self.ready.pop_front() {
            return Some(address);
        }
        if self.reading >= self.max_in_flight {
            return None;
        }
        let address = self.waiting.pop_front()?;
        let Some(Device::Waiting(waiting)) = self.devices.remove(&address) else {
            return None;
        };
        let session = Session {
            version: waiting.version,
            community: waiting.community,
            retry: self.retry,
        };
        let plan = waiting.plan.unwrap_or_else(|| guide.plan(address));
        let ids = self.ids.derive(&address);
        let reading = Reading {
            reader: DeviceReader::new(session, Limits::default(), ids, plan)
                .with_known(waiting.known),
            version: waiting.version,
            community_index: waiting.community_index,
            timer: None,
        };
        self.devices
            .insert(address, Device::Reading(Box::new(reading)));
        self.reading += 1;
        Some(address)
    }

    fn poll_reader(&mut self, address: SocketAddr, now: Duration) -> Option<Outgoing> {
        let Some(Device::Reading(reading)) = self.devices.get_mut(&address) else {
            return None;
        };
        let retries = reading.reader.stats().retries;
        match reading.reader.poll(now) {
            Step::Send(bytes) => {
                let bytes = bytes.to_vec();
                self.ready.push_back(address); // To learn until when to wait.
                Some(Outgoing {
                    address,
                    bytes,
                    is_probe: false,
                    is_repeated: reading.reader.stats().retries > retries,
                })
            }
            Step::WaitUntil(time) => {
                if let Some(old) = reading.timer.replace(time) {
                    self.timers.remove(&(old, address));
                }
                self.timers.insert((time, address));
                None
            }
            Step::Done(_) => {
                self.finish(address);
                None
            }
        }
    }

    fn finish(&mut self, address: SocketAddr) {
        let Some(Device::Reading(reading)) = self.forget(address) else {
            return;
        };
        let stats = reading.reader.stats();
        let (answers, ending) = reading.reader.into_result();
        tracing::debug!(
            %address,
            %ending,
            requests = stats.requests,
            retries = stats.retries,
            values = answers.len(),
            "device read"
        );
        self.read += 1;
        self.events.push_back(ScanEvent::Read {
            address,
            version: reading.version,
            community_index: reading.community_index,
            answers,
            ending,
        });
    }

    fn forget(&mut self, address: SocketAddr) -> Option<Device> {
        let device = self.devices.remove(&address)?;
        if let Device::Reading(reading) = &device {
            self.reading -= 1;
            if let Some(time) = reading.timer {
                self.timers.remove(&(time, address));
            }
        }
        Some(device)
    }

    fn take_settled(&mut self) {
        while let Some((address, settled)) = self.sweep.next_settled() {
            let event = match settled {
                Settled::Found {
                    version,
                    community_index,
                    class: Class::Printer,
                    varbinds,
                } => self.handle_found(address, version, community_index, varbinds),
                Settled::Found {
                    version,
                    community_index,
                    varbinds,
                    ..
                } => {
                    self.undecided.push_back(Undecided {
                        address,
                        version,
                        community_index,
                        varbinds,
                    });
                    continue;
                }
                Settled::OnlyV3 { engine_id } => ScanEvent::Refused {
                    address,
                    reason: RefusalReason::OnlyV3 { engine_id },
                },
                Settled::ErrorStatus { version, status } => ScanEvent::Refused {
                    address,
                    reason: RefusalReason::ErrorStatus { version, status },
                },
                _ => ScanEvent::Silent { address },
            };
            self.probed += 1;
            self.events.push_back(event);
        }
    }

    /// Asks the caller about agents that show no printer.
    fn decide(&mut self, guide: &mut dyn Guide) {
        while let Some(agent) = self.undecided.pop_front() {
            let Undecided {
                address, version, ..
            } = agent;
            let event = if guide.reads(&agent.varbinds) {
                self.handle_found(address, version, agent.community_index, agent.varbinds)
            } else {
                other_device(address, version, agent.varbinds)
            };
            self.probed += 1;
            self.events.push_back(event);
        }
    }

    fn handle_found(
        &mut self,
        address: SocketAddr,
        version: Version,
        community_index: usize,
        known: Vec<VarBind>,
    ) -> ScanEvent {
        self.found += 1;
        let waiting = Waiting {
            version,
            community: self
                .communities
                .get(community_index)
                .cloned()
                .unwrap_or_default(),
            community_index,
            plan: None,
            known,
        };
        self.devices.insert(address, Device::Waiting(waiting));
        self.waiting.push_back(address);
        ScanEvent::Found {
            address,
            version,
            community_index,
        }
    }
}

fn other_device(address: SocketAddr, version: Version, varbinds: Vec<VarBind>) -> ScanEvent {
    let mut sys_descr = None;
    let mut sys_object_id = None;
    let root = |arc| Oid::default().child(&[1, 3, 6, 1, 2, 1, 1, arc]);
    let (descr, object_id) = (root(1), root(2));
    for varbind in varbinds {
        match varbind.value {
            Value::OctetString(octets) if varbind.oid.starts_with(&descr) => {
                sys_descr = Some(octets);
            }
            Value::ObjectIdentifier(oid) if varbind.oid.starts_with(&object_id) => {
                sys_object_id = Some(oid);
            }
            _ => {}
        }
    }
    ScanEvent::OtherDevice {
        address,
        version,
        sys_descr,
        sys_object_id,
    }
}

#[cfg(test)]
mod tests;
