//! The scan without its sockets: a sweep, the devices that it found, and the pace of both.
//!
//! It reads no clock and owns no socket, so tests run it under virtual time.

use crate::event::{ScanEvent, ScanStats};
use crate::template::Templates;
use crate::{Credentials, Guide, ScanConfig, UsmAccess};
use decide::Undecided;
use introduce::Introduction;
use pagetally_snmp_engine::exchange::Retry;
use pagetally_snmp_engine::pace::{Pace, SubnetPace};
use pagetally_snmp_engine::reader::{DeviceMemory, DeviceReader, Limits, Session};
use pagetally_snmp_engine::sweep::Sweep;
use pagetally_snmp_engine::usm::KeyCache;
use pagetally_snmp_engine::{Plan, RequestIds, VarBind, Version};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

pub(crate) use send::Outgoing;
use send::Turn;

/// How long nothing is sent after the system could take no datagram; twice as long each time that it
/// still cannot, up to `MAX_STALL`.
const STALL: Duration = Duration::from_millis(2);

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
}

mod again;
mod decide;
mod introduce;
mod receive;
mod send;
#[cfg(test)]
mod tests;
