//! Finds printers at many addresses and reads them: the event loop.

use crate::scanner::{Outgoing, Scanner};
use crate::sockets::{Incoming, Sent, Sockets};
use crate::{Cancel, Credentials, KnownEngine, ScanConfig, ScanEvent, ScanStats, SnmpError};
use pagetally_snmp_engine::reader::DeviceMemory;
use pagetally_snmp_engine::{Answers, Ending, Plan, VarBind};
use std::iter::Peekable;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The longest wait: a raised [`Cancel`] is seen within this time.
const MAX_WAIT: Duration = Duration::from_millis(100);

/// How often progress is told.
const PROGRESS: Duration = Duration::from_millis(100);

/// How many datagrams are sent, in one system call where that can be, before the loop looks at what came back.
const BATCH: usize = 64;

/// What a scan asks of its caller, device by device.
pub trait Guide {
    /// What to ask the printer at `address`.
    fn plan(&mut self, address: SocketAddr) -> Box<dyn Plan>;

    /// What is known of the device at `address` from an earlier scan. Such a device is read without a
    /// probe; if it answers nothing at all, the address is swept like any other. Unless a guide says
    /// otherwise, nothing is known.
    fn known(&mut self, address: SocketAddr) -> Option<Known> {
        let _ = address;
        None
    }

    /// The SNMPv3 engine that an earlier scan authenticated at this address
    /// ([`ScanEvent::Read`]'s `engine`), with its clock as of now. The credentials of the user that
    /// it names may go there again. Whoever knows that another machine has the address by now, such
    /// as by its MAC, answers nothing. Unless a guide says otherwise, nothing is known.
    fn engine(&mut self, address: SocketAddr) -> Option<KnownEngine> {
        let _ = address;
        None
    }

    /// Whether an agent is read although its answer to the probe holds neither a device of type
    /// `hrDevicePrinter` nor anything of the Printer MIB. `probe` is that answer, `sysDescr` and
    /// `sysObjectID` foremost: old cards and label printers tell by those alone what they are.
    /// Unless a guide says otherwise, it is not.
    fn reads(&mut self, probe: &[VarBind]) -> bool {
        let _ = probe;
        false
    }
}

/// What is known of a device from an earlier scan.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Which of the configured communities it answers to.
    pub community_index: usize,
    /// What the earlier scan told in [`ScanEvent::Read`]. Its version is asked over; v2c where it
    /// has none, and over SNMPv3 where [`Guide::engine`] knows the engine. Where it answers from another address, that is heard.
    pub memory: DeviceMemory,
}

/// A guide that gives plans and reads only what shows itself as a printer.
struct Plans<'a>(&'a mut dyn FnMut(SocketAddr) -> Box<dyn Plan>);

impl Guide for Plans<'_> {
    fn plan(&mut self, address: SocketAddr) -> Box<dyn Plan> {
        (self.0)(address)
    }
}

/// Finds printers at `targets` and reads each by the plan that `plan_for` gives for it.
///
/// [`scan_with`] also reads devices that are known as printers by their names alone.
///
/// # Errors
///
/// As [`scan_with`].
pub fn scan(
    targets: impl IntoIterator<Item = SocketAddr>,
    config: &ScanConfig,
    plan_for: &mut dyn FnMut(SocketAddr) -> Box<dyn Plan>,
    cancel: &Cancel,
    on_event: &mut dyn FnMut(ScanEvent),
) -> Result<ScanStats, SnmpError> {
    scan_with(targets, config, &mut Plans(plan_for), cancel, on_event)
}

/// Finds printers at `targets` and reads each by the plan that `guide` gives for it.
///
/// Everything happens on the calling thread, over one socket for each address family. A silent address
/// costs one timeout for each round, of which there is one more than there are retries. Printers are
/// read while the sweep goes on. What happens is told to `on_event` as it happens; nothing is kept,
/// so memory does not grow with the fleet. An address that stands twice in `targets` is taken once
/// while it is being worked on.
///
/// # Errors
///
/// [`SnmpError`] where this machine cannot scan at all. What devices do is told by events.
pub fn scan_with(
    targets: impl IntoIterator<Item = SocketAddr>,
    config: &ScanConfig,
    guide: &mut dyn Guide,
    cancel: &Cancel,
    on_event: &mut dyn FnMut(ScanEvent),
) -> Result<ScanStats, SnmpError> {
    config.check()?;
    let scanner = Scanner::new(config, seed()?);
    let targets = targets.into_iter();
    run(scanner, config, targets, guide, cancel, on_event)
}

/// What became of reading one device.
#[derive(Debug)]
#[non_exhaustive]
pub struct DeviceRead {
    /// All that it answered, and what could not be had.
    pub answers: Answers,
    /// Whether that is everything that was asked for, and if not, why.
    pub ending: Ending,
    /// What it cost.
    pub stats: ScanStats,
}

/// Reads one device whose credentials are known. Of `config` only patience and pace matter.
///
/// # Errors
///
/// [`SnmpError`] where this machine cannot send. A device that stays silent is no error: the
/// answers are empty and the ending says so.
pub fn read_one(
    address: SocketAddr,
    credentials: Credentials<'_>,
    config: &ScanConfig,
    plan: Box<dyn Plan>,
    cancel: &Cancel,
) -> Result<DeviceRead, SnmpError> {
    config.check()?;
    let mut scanner = Scanner::new(config, seed()?);
    scanner.add_wanted(without_flow(address), credentials, plan);
    let mut result = None;
    let mut plan_for = |_| -> Box<dyn Plan> { Box::new(Nothing) };
    let mut on_event = |event| match event {
        ScanEvent::Read {
            answers, ending, ..
        } => result = Some(Ok((answers, ending))),
        ScanEvent::Error { error, .. } => result = Some(Err(error)),
        _ => {}
    };
    let no_targets = std::iter::empty();
    let mut guide = Plans(&mut plan_for);
    let stats = run(
        scanner,
        config,
        no_targets,
        &mut guide,
        cancel,
        &mut on_event,
    )?;
    let (answers, ending) = result.unwrap_or(Ok((Answers::default(), Ending::Cancelled)))?;
    Ok(DeviceRead {
        answers,
        ending,
        stats,
    })
}

/// The plan of a device that is not asked anything.
struct Nothing;

impl Plan for Nothing {
    fn next_query(&mut self, _so_far: &Answers) -> Option<pagetally_snmp_engine::Query> {
        None
    }
}

pub(crate) fn seed() -> Result<[u8; 16], SnmpError> {
    let mut seed = [0; 16];
    getrandom::fill(&mut seed).map_err(|error| SnmpError::Random {
        reason: error.to_string(),
    })?;
    Ok(seed)
}

fn run(
    mut scanner: Scanner,
    config: &ScanConfig,
    targets: impl Iterator<Item = SocketAddr>,
    guide: &mut dyn Guide,
    cancel: &Cancel,
    on_event: &mut dyn FnMut(ScanEvent),
) -> Result<ScanStats, SnmpError> {
    let mut sockets = Sockets::new(config.batched)?;
    let mut batch: Vec<Outgoing> = (0..BATCH).map(|_| Outgoing::new()).collect();
    let mut targets = targets.map(without_flow).peekable();
    let start = Instant::now();
    let mut next_progress = Duration::ZERO;
    loop {
        let now = start.elapsed();
        let cancelled = cancel.is_cancelled();
        if cancelled {
            scanner.cancel();
        } else {
            scanner.expire(now);
            let mut filled = 0;
            for out in &mut batch {
                if !scanner.next_datagram(now, &mut targets, guide, out) {
                    break;
                }
                filled += 1;
            }
            let filled = batch.get(..filled).unwrap_or_default();
            send(&mut scanner, &mut sockets, now, filled);
        }
        while let Some(event) = scanner.next_event() {
            on_event(event);
        }
        if now >= next_progress {
            next_progress = now + PROGRESS;
            on_event(scanner.progress(left(&targets)));
        }
        let targets_left = targets.peek().is_some();
        if cancelled || !targets_left && scanner.is_idle() {
            break;
        }
        let next = scanner.next_time(targets_left);
        let wait = next.map_or(MAX_WAIT, |time| time.saturating_sub(start.elapsed()));
        sockets.wait(wait.min(MAX_WAIT))?;
        sockets.receive(|address, incoming| {
            let address = without_flow(address);
            match incoming {
                Incoming::Datagram(bytes) => scanner.handle_datagram(address, bytes),
                Incoming::Unreachable(cause) => scanner.handle_unreachable(address, cause),
            }
        })?;
    }
    on_event(scanner.progress(left(&targets)));
    let mut stats = scanner.stats();
    stats.elapsed = start.elapsed();
    Ok(stats)
}

/// Sends a batch, and tells the scanner what became of each datagram.
fn send(scanner: &mut Scanner, sockets: &mut Sockets, now: Duration, mut batch: &[Outgoing]) {
    while !batch.is_empty() {
        let datagrams = batch.iter().map(|out| (out.address, out.bytes.as_slice()));
        let (count, next) = sockets.send_all(datagrams);
        let (sent, rest) = batch.split_at_checked(count).unwrap_or((batch, &[]));
        for outgoing in sent {
            scanner.sent(outgoing);
        }
        batch = match (next, rest.split_first()) {
            (Sent::Refused(error), Some((refused, rest))) => {
                scanner.refused(refused, error);
                rest
            }
            (Sent::Busy, _) => {
                for outgoing in rest.iter().rev() {
                    scanner.not_sent(outgoing);
                }
                scanner.stall(now);
                &[]
            }
            _ => rest,
        };
    }
}

fn left(targets: &Peekable<impl Iterator<Item = SocketAddr>>) -> u64 {
    let (least, _) = targets.size_hint();
    u64::try_from(least).unwrap_or(u64::MAX)
}

/// The flow label of an IPv6 packet is no part of who sent it.
pub(crate) fn without_flow(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V6(mut address) => {
            address.set_flowinfo(0);
            SocketAddr::V6(address)
        }
        v4 @ SocketAddr::V4(_) => v4,
    }
}
