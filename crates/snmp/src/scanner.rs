//! The scan without its sockets: a sweep, the devices that it found, and the pace of both.
//!
//! It reads no clock and owns no socket, so tests run it under virtual time.

use crate::event::{RefusalReason, ScanEvent, ScanStats};
use crate::template::Templates;
use crate::{Credentials, Guide, ScanConfig, SnmpError, UsmAccess, probe};
use decide::Undecided;
use introduce::Introduction;
use pagetally_snmp_engine::exchange::Retry;
use pagetally_snmp_engine::message::v3;
use pagetally_snmp_engine::pace::{Pace, Subnet, SubnetPace};
use pagetally_snmp_engine::reader::{DeviceMemory, DeviceReader, Limits, Session, Step};
use pagetally_snmp_engine::sweep::{EngineReport, Probe, Settled, Sweep, Unreachable};
use pagetally_snmp_engine::usm::KeyCache;
use pagetally_snmp_engine::{Class, Plan, RequestIds, VarBind, Version};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// How long nothing is sent after the system could take no datagram; twice as long each time that it
/// still cannot, up to [`MAX_STALL`].
const STALL: Duration = Duration::from_millis(2);
const MAX_STALL: Duration = Duration::from_millis(128);

/// How many found printers may wait for their turn before the sweep pauses: what is kept of them
/// must not grow with the fleet.
const MAX_WAITING: usize = 1_024;

/// A printer that was found, until its turn comes.
struct Waiting {
    session: Session,
    community_index: usize,
    plan: Option<Box<dyn Plan>>,
    /// What its answer to the probe held: it is not asked for again.
    known: Vec<VarBind>,
    origin: Origin,
    memory: DeviceMemory,
    /// Where it is not known yet whether it is a printer.
    introduction: Option<Introduction>,
}

/// How the scan came to a device that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// The sweep found it.
    Swept,
    /// The guide knows it from an earlier scan: nothing was sent to it yet.
    Known,
    /// The caller wants it to be read and nothing else to be tried.
    Wanted,
}

/// A printer that is being read.
struct Reading {
    reader: DeviceReader,
    version: Version,
    community_index: usize,
    /// When it is polled, as it stands in `timers`: when it wants to be, or earlier.
    timer: Option<Duration>,
    /// Whether anything was sent to the device.
    is_touched: bool,
    origin: Origin,
    /// How often it has been asked again after it fell silent.
    resumes: u8,
    introduction: Option<Introduction>,
}

enum Device {
    Waiting(Box<Waiting>),
    Reading(Box<Reading>),
    /// It fell silent and is asked again at the end.
    Parked(Box<Reading>),
}

/// One datagram to send. It is written over again and again, so that its buffer stays.
pub(crate) struct Outgoing {
    pub(crate) address: SocketAddr,
    pub(crate) bytes: Vec<u8>,
    /// The probe that it is; a reader's request where it is none.
    probe: Option<Probe>,
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
enum Turn {
    Probe(SocketAddr),
    Read(SocketAddr),
}

pub(crate) struct Scanner {
    communities: Vec<Vec<u8>>,
    users: Vec<UsmAccess>,
    keys: KeyCache,
    /// How many SNMPv3 sessions were begun.
    sessions: u64,
    /// The last time that was told.
    now: Duration,
    retry: Retry,
    max_in_flight: usize,
    ids: RequestIds,
    sweep: Sweep,
    /// What is said of addresses that refuse, unless a second look finds a device there.
    verdicts: HashMap<SocketAddr, ScanEvent>,
    templates: Templates,
    pace: Pace,
    /// Nothing where a subnet may have all that the site has.
    subnets: Option<SubnetPace<Turn>>,
    stall: Duration,
    /// By the address that answers come from: where those are asked that answer from there.
    answers_from: HashMap<IpAddr, Vec<SocketAddr>>,
    devices: HashMap<SocketAddr, Device>,
    reading: usize,
    /// How many of those that are being read fell silent before.
    resumed: usize,
    parked: VecDeque<SocketAddr>,
    /// Whether the targets have come to their end.
    no_more_targets: bool,
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
        let subnet_rate = config.subnet_rate();
        let limited = subnet_rate < config.datagrams_per_second;
        let mut answers_from: HashMap<IpAddr, Vec<SocketAddr>> = HashMap::new();
        for (asked, from) in &config.answers_from {
            answers_from.entry(*from).or_default().push(*asked);
        }
        Self {
            communities: config.communities.clone(),
            users: config.users.clone(),
            keys: KeyCache::default(),
            sessions: 0,
            now: Duration::ZERO,
            retry: Retry {
                timeout: config.timeout,
                retries: config.retries,
            },
            max_in_flight: config.max_in_flight,
            ids,
            sweep: Sweep::new(config.sweep(), ids.derive(&"sweep")).with_second_look(),
            verdicts: HashMap::new(),
            templates: Templates::default(),
            pace: Pace::new(config.datagrams_per_second),
            subnets: limited.then(|| SubnetPace::new(subnet_rate)),
            stall: STALL,
            answers_from,
            devices: HashMap::new(),
            reading: 0,
            resumed: 0,
            parked: VecDeque::new(),
            no_more_targets: false,
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
    pub(crate) fn add_wanted(
        &mut self,
        address: SocketAddr,
        credentials: Credentials<'_>,
        plan: Box<dyn Plan>,
    ) {
        self.stats.targets += 1;
        let ids = self.ids.derive(&address);
        let waiting = Waiting {
            session: credentials.session(&ids, self.retry),
            community_index: 0,
            plan: Some(plan),
            known: Vec::new(),
            origin: Origin::Wanted,
            memory: DeviceMemory::default(),
            introduction: None,
        };
        self.devices
            .insert(address, Device::Waiting(Box::new(waiting)));
        self.waiting.push_back(address);
    }

    /// Whether a device that waits may be read.
    fn may_read(&self) -> bool {
        !self.waiting.is_empty() && self.reading < self.max_in_flight
    }

    /// Whether nothing is left to do, once there are no more targets.
    pub(crate) fn is_idle(&self) -> bool {
        self.sweep.is_empty() && self.undecided.is_empty() && self.devices.is_empty()
    }

    pub(crate) fn next_event(&mut self) -> Option<ScanEvent> {
        let event = self.events.pop_front();
        event.or_else(|| self.next_released())
    }

    pub(crate) fn progress(&self, targets_left: u64) -> ScanEvent {
        ScanEvent::Progress {
            // Those that are held back are asked nothing more before all others are over.
            probed: self.probed + u64::try_from(self.sweep.held()).unwrap_or(0),
            total: self.stats.targets + targets_left,
            found: self.found,
            read: self.read,
        }
    }

    pub(crate) fn stats(&self) -> ScanStats {
        self.stats
    }

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

    /// When something is to be done that no datagram brings about: a time-out, or the next token of
    /// the pace while something waits to be sent.
    pub(crate) fn next_time(&self, targets_left: bool) -> Option<Duration> {
        let sends = !self.ready.is_empty()
            || self.may_resume()
            || self.may_look_again()
            || self.sweep.has_probe()
            || self.may_read()
            || targets_left && self.wants_target();
        let token = sends.then(|| self.pace.ready(Duration::ZERO).err().unwrap_or_default());
        let timer = self.timers.first().map(|(time, _)| *time);
        let subnet = self.subnets.as_ref().and_then(SubnetPace::next_due);
        // A subnet's token is of no use before the site's.
        let subnet = subnet.map(|time| self.pace.ready(time).err().unwrap_or(time));
        [token, timer, subnet, self.sweep.next_deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Takes note of the time.
    pub(crate) fn expire(&mut self, now: Duration) {
        self.now = now;
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
    pub(crate) fn handle_datagram(&mut self, from: SocketAddr, bytes: &[u8]) {
        let mut used = self.handle_answer(from, bytes);
        if !used && !self.answers_from.is_empty() {
            let asked = self.answers_from.get(&from.ip()).cloned();
            used = asked
                .into_iter()
                .flatten()
                .any(|address| self.handle_answer(address, bytes));
        }
        if used {
            self.stats.datagrams_received += 1;
        } else {
            self.stats.datagrams_ignored += 1;
        }
        self.take_settled();
    }

    /// Takes an answer of the device that was asked at this address. Says whether it was one.
    fn handle_answer(&mut self, address: SocketAddr, bytes: &[u8]) -> bool {
        match self.devices.get_mut(&address) {
            Some(Device::Reading(reading)) => {
                let used = reading.reader.handle_datagram(bytes);
                if let Err(ignored) = &used {
                    tracing::trace!(%address, %ignored, "datagram ignored");
                    return false;
                }
                self.ready.push_back(address);
                let refuses = reading.reader.refusal().is_some();
                if reading.origin == Origin::Known && !refuses {
                    reading.origin = Origin::Swept; // As good as found.
                    let (version, community_index) = (reading.version, reading.community_index);
                    self.found += 1;
                    self.probed += 1;
                    self.sweep.note_find(address, version, community_index);
                    self.events.push_back(ScanEvent::Found {
                        address,
                        version,
                        community_index,
                    });
                }
                true
            }
            Some(Device::Waiting(_) | Device::Parked(_)) => false,
            None => self.handle_probe_answer(address, bytes),
        }
    }

    /// Takes the word of a router, of the host, or of the system that a datagram did not arrive. It
    /// is believed of an address that is being swept; a device that has answered is waited for.
    pub(crate) fn handle_unreachable(&mut self, address: SocketAddr, cause: Unreachable) {
        if self.sweep.handle_unreachable(address, cause).is_ok() {
            self.stats.unreachable += 1;
            self.take_settled();
        }
    }

    /// Stops: what was read of the devices that are being read is told.
    pub(crate) fn cancel(&mut self) {
        self.stats.cancelled = true;
        self.sweep.release();
        let addresses: Vec<SocketAddr> = self.devices.keys().copied().collect();
        for address in addresses {
            match self.devices.remove(&address) {
                Some(Device::Parked(reading)) => {
                    self.reading += 1;
                    self.resumed += usize::from(reading.resumes > 0);
                    self.devices.insert(address, Device::Reading(reading));
                    self.finish(address);
                }
                Some(Device::Reading(mut reading)) => {
                    reading.reader.cancel();
                    self.devices.insert(address, Device::Reading(reading));
                    self.finish(address);
                }
                _ => {}
            }
        }
    }

    fn handle_probe_answer(&mut self, address: SocketAddr, bytes: &[u8]) -> bool {
        if let Ok(report) = v3::Report::decode(bytes) {
            let engine = EngineReport {
                engine_id: report.engine_id.to_vec(),
                boots: report.engine_boots,
                time: report.engine_time,
                counter: report.counter,
            };
            let handled = self.sweep.handle_report(address, report.message_id, engine);
            return handled.is_ok();
        }
        let answer = match probe::decode(bytes) {
            Ok(answer) => answer,
            Err(error) => {
                tracing::trace!(%address, %error, "datagram ignored");
                return false;
            }
        };
        self.sweep.handle_answer(address, answer).is_ok()
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
        let waiting = *waiting;
        let plan = waiting.plan.unwrap_or_else(|| guide.plan(address));
        let ids = self.ids.derive(&address);
        let reading = Reading {
            version: waiting.session.version(),
            reader: DeviceReader::new(waiting.session, Limits::default(), ids, plan)
                .with_memory(waiting.memory)
                .with_known(waiting.known),
            community_index: waiting.community_index,
            timer: None,
            is_touched: waiting.origin == Origin::Swept,
            origin: waiting.origin,
            resumes: 0,
            introduction: waiting.introduction,
        };
        self.devices
            .insert(address, Device::Reading(Box::new(reading)));
        self.reading += 1;
        Some(address)
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

    fn finish(&mut self, address: SocketAddr) {
        let Some(Device::Reading(reading)) = self.forget(address) else {
            return;
        };
        if reading.introduction.is_some() {
            return; // Stopped before it was known whether it is a printer.
        }
        let stats = reading.reader.stats();
        if !reading.reader.answers().is_empty() {
            self.sweep.note_reading(stats.requests, stats.retries);
        }
        let engine = introduce::known_engine(&reading, self.now);
        let memory = Box::new(reading.reader.memory());
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
            engine,
            answers,
            ending,
            requests: stats.requests,
            memory,
        });
    }

    fn forget(&mut self, address: SocketAddr) -> Option<Device> {
        let device = self.devices.remove(&address)?;
        if let Device::Reading(reading) = &device {
            self.reading -= 1;
            self.resumed -= usize::from(reading.resumes > 0);
            if let Some(time) = reading.timer {
                self.timers.remove(&(time, address));
            }
        }
        Some(device)
    }

    fn take_settled(&mut self) {
        while let Some((address, settled)) = self.sweep.next_settled() {
            let verdict = self.verdicts.remove(&address);
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
                    self.undecided.push_back(Undecided::Agent {
                        address,
                        version,
                        community_index,
                        varbinds,
                    });
                    continue;
                }
                Settled::OnlyV3(report) => {
                    self.undecided.push_back(Undecided::Engine {
                        address,
                        introduction: Introduction::new(report),
                    });
                    continue;
                }
                Settled::Unreachable(cause) => ScanEvent::Unreachable { address, cause },
                Settled::ErrorStatus { version, status } => ScanEvent::Refused {
                    address,
                    reason: RefusalReason::ErrorStatus { version, status },
                },
                _ => verdict.unwrap_or(ScanEvent::Silent { address }),
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
        let community = self.communities.get(community_index);
        let community = community.map_or(&[][..], Vec::as_slice);
        let waiting = Waiting {
            session: Session::community(version, community, self.retry),
            community_index,
            plan: None,
            known,
            origin: Origin::Swept,
            memory: DeviceMemory::default(),
            introduction: None,
        };
        self.devices
            .insert(address, Device::Waiting(Box::new(waiting)));
        self.waiting.push_back(address);
        ScanEvent::Found {
            address,
            version,
            community_index,
        }
    }
}

mod again;
mod decide;
mod introduce;
#[cfg(test)]
mod tests;
