//! The thread that plays the printers: one socket for all of 127.0.0.0/8.
//!
//! A datagram's destination tells which printer it is meant for, and the answer leaves from there
//! (IP_PKTINFO). The socket is bound to the loopback interface, so nobody else's network is played.

use super::device::{Copy, Prototype};
use super::secure::{ENVELOPE, Secure};
use super::template::Templates;
use super::{LoadError, V3User};
use nix::cmsg_space;
use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::socket::sockopt;
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, MultiHeaders, SockFlag, SockType,
    SockaddrIn, bind, getsockname, recvmmsg, sendmsg, setsockopt, socket,
};
use nix::sys::time::{TimeSpec, TimeValLike as _};
use pagetally_fleet_sim::Chance;
use std::collections::VecDeque;
use std::io::{IoSlice, IoSliceMut};
use std::net::Ipv4Addr;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Datagrams taken from the socket at once.
const BATCH: usize = 64;

/// Longer than any request.
const REQUEST: usize = 2_048;

/// What the socket holds while the thread is busy: a /16's probes.
const RECEIVE_BUFFER: usize = 64 << 20;

/// How long the thread sleeps at most, so that it sees the end.
const NAP: Duration = Duration::from_millis(50);

/// What is played, and how well the link works.
#[derive(Clone, Debug)]
pub struct LoadConfig {
    /// The first address; the others follow.
    pub base: Ipv4Addr,
    /// Which of the addresses from `base` on have a printer, in order of the printers' numbers.
    pub places: Vec<u32>,
    /// From a request's arrival to its answer's departure.
    pub latency: Duration,
    /// How many of a million datagrams are lost, on each way.
    pub loss_per_million: u32,
    /// What the losses are drawn from.
    pub seed: u64,
    /// The longest message that the printers send.
    pub max_message: usize,
    /// How long a printer works on one request; the next one waits.
    pub service: Duration,
    /// The user whom the printers let in, where they speak SNMPv3 and nothing else.
    pub v3: Option<V3User>,
}

/// What the thread has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadStats {
    /// Requests that arrived at a printer.
    pub requests: u64,
    /// Datagrams that arrived where nobody is.
    pub astray: u64,
    /// Answers that were sent.
    pub answers: u64,
    /// Datagrams that the link lost, on each way.
    pub lost: u64,
    /// Requests that arrived while the same printer still had one to answer.
    pub overlaps: u64,
    /// Requests that were answered the slow way.
    pub misses: u64,
    /// Octets of the longest answer.
    pub longest: u64,
    /// What the thread's work cost.
    pub cpu: Duration,
}

#[derive(Debug, Default)]
struct Counters {
    requests: AtomicU64,
    astray: AtomicU64,
    answers: AtomicU64,
    lost: AtomicU64,
    overlaps: AtomicU64,
    misses: AtomicU64,
    longest: AtomicU64,
    cpu_micros: AtomicU64,
}

/// The printers: who is where, and what they count.
#[derive(Debug)]
struct Population {
    /// By offset from the base: the printer's place in `copies`.
    at: Vec<Option<u32>>,
    copies: Vec<Copy>,
    /// By printer: requests since the last change.
    asked: Vec<u32>,
}

/// Printers that are being played. Dropping it ends the thread.
#[derive(Debug)]
pub struct LoadServer {
    base: Ipv4Addr,
    port: u16,
    places: Vec<u32>,
    population: Arc<Mutex<Population>>,
    counters: Arc<Counters>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl LoadServer {
    /// Opens the socket and begins to answer.
    ///
    /// # Errors
    ///
    /// [`LoadError`] where the addresses are not loopback, or the system refuses the socket.
    pub fn start(config: &LoadConfig) -> Result<Self, LoadError> {
        let last = config.places.iter().copied().max().unwrap_or(0);
        let end = u32::from(config.base).checked_add(last);
        if !config.base.is_loopback() || !end.is_some_and(|end| Ipv4Addr::from(end).is_loopback()) {
            return Err(LoadError::NotLoopback { base: config.base });
        }
        let prototype = Prototype::new().ok_or(LoadError::NoModel)?;
        let mut templates = Templates::new(prototype);
        let secure = config.v3.as_ref();
        let secure = secure.map(|user| Secure::new(user, config.places.len()));
        let secure = secure.transpose()?;
        let envelope = if secure.is_some() { ENVELOPE } else { 0 };
        templates.set_max_message(config.max_message.saturating_sub(envelope));
        let mut at = vec![
            None;
            usize::try_from(last)
                .unwrap_or(usize::MAX)
                .saturating_add(1)
        ];
        for (number, place) in (0_u32..).zip(&config.places) {
            if let Some(seat) = usize::try_from(*place)
                .ok()
                .and_then(|place| at.get_mut(place))
            {
                *seat = Some(number);
            }
        }
        let asked = vec![0; config.places.len()];
        let copies = (0_u32..)
            .take(config.places.len())
            .map(|number| Copy {
                number,
                generation: 0,
                replaced: None,
            })
            .collect();
        let population = Arc::new(Mutex::new(Population { at, copies, asked }));
        let (socket, port) = open().map_err(LoadError::Socket)?;
        let counters = Arc::new(Counters::default());
        let stop = Arc::new(AtomicBool::new(false));
        let player = Player {
            socket,
            base: u32::from(config.base),
            templates,
            secure,
            population: Arc::clone(&population),
            counters: Arc::clone(&counters),
            stop: Arc::clone(&stop),
            chance: Chance::new(config.seed),
            loss_per_million: config.loss_per_million,
            latency: config.latency,
            service: config.service,
            free_at: Vec::new(),
            leaving: VecDeque::new(),
            spare: Vec::new(),
        };
        let thread = std::thread::Builder::new()
            .name("load".to_owned())
            .spawn(move || player.run())
            .map_err(LoadError::Thread)?;
        Ok(Self {
            base: config.base,
            port,
            places: config.places.clone(),
            population,
            counters,
            stop,
            thread: Some(thread),
        })
    }

    /// The UDP port of all printers.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The first address.
    #[must_use]
    pub fn base(&self) -> Ipv4Addr {
        self.base
    }

    /// Where there is a printer, in order of address.
    #[must_use]
    pub fn addresses(&self) -> Vec<Ipv4Addr> {
        let mut places = self.places.clone();
        places.sort_unstable();
        let address = |place| Ipv4Addr::from(u32::from(self.base).wrapping_add(place));
        places.into_iter().map(address).collect()
    }

    /// The printer at an address.
    #[must_use]
    pub fn copy_at(&self, address: Ipv4Addr) -> Option<Copy> {
        let offset = u32::from(address).checked_sub(u32::from(self.base))?;
        let population = lock(&self.population);
        let number = (*population.at.get(usize::try_from(offset).ok()?)?)?;
        population
            .copies
            .get(usize::try_from(number).ok()?)
            .cloned()
    }

    /// What happens between two passes: every meter moves, the printers at the first two addresses
    /// change places, and the third one gets a new supply.
    pub fn change(&self) {
        let mut population = lock(&self.population);
        population.asked.fill(0);
        for copy in &mut population.copies {
            copy.generation += 1;
        }
        if let Some(copy) = population.copies.get_mut(2) {
            copy.replaced = Some((0, copy.generation));
        }
        let place = |number: usize| {
            let place = self.places.get(number)?;
            usize::try_from(*place).ok()
        };
        if let (Some(first), Some(second)) = (place(0), place(1)) {
            population.at.swap(first, second);
        }
    }

    /// How many requests each printer has had since the last [`change`](Self::change).
    #[must_use]
    pub fn asked(&self) -> Vec<u32> {
        lock(&self.population).asked.clone()
    }

    /// What was seen so far.
    #[must_use]
    pub fn stats(&self) -> LoadStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        LoadStats {
            requests: read(&self.counters.requests),
            astray: read(&self.counters.astray),
            answers: read(&self.counters.answers),
            lost: read(&self.counters.lost),
            overlaps: read(&self.counters.overlaps),
            misses: read(&self.counters.misses),
            longest: read(&self.counters.longest),
            cpu: Duration::from_micros(read(&self.counters.cpu_micros)),
        }
    }
}

impl Drop for LoadServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so on stderr.
            let _ = thread.join();
        }
    }
}

fn lock(population: &Mutex<Population>) -> MutexGuard<'_, Population> {
    population.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A socket for every loopback address, on a free port.
fn open() -> nix::Result<(OwnedFd, u16)> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let socket = socket(AddressFamily::Inet, SockType::Datagram, flags, None)?;
    setsockopt(&socket, sockopt::BindToDevice, &"lo".into())?;
    setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?;
    // More than the system's limit only for who may: what it gives is what there is.
    if setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BUFFER).is_err() {
        setsockopt(&socket, sockopt::RcvBuf, &RECEIVE_BUFFER)?;
    }
    bind(socket.as_raw_fd(), &SockaddrIn::new(0, 0, 0, 0, 0))?;
    let bound: SockaddrIn = getsockname(socket.as_raw_fd())?;
    Ok((socket, bound.port()))
}

/// An answer that waits for its time.
struct Leaving {
    at: Instant,
    from: libc::in_addr,
    to: SockaddrIn,
    bytes: Vec<u8>,
}

struct Player {
    socket: OwnedFd,
    base: u32,
    templates: Templates,
    secure: Option<Secure>,
    population: Arc<Mutex<Population>>,
    counters: Arc<Counters>,
    stop: Arc<AtomicBool>,
    chance: Chance,
    loss_per_million: u32,
    latency: Duration,
    service: Duration,
    /// By printer: until when it has something to answer.
    free_at: Vec<Option<Instant>>,
    /// In order of time: the latency is the same for all.
    leaving: VecDeque<Leaving>,
    spare: Vec<Vec<u8>>,
}

/// One request as it arrived.
struct Arrival {
    at: usize,
    length: usize,
    from: SockaddrIn,
    to: libc::in_addr,
}

impl Player {
    fn run(mut self) {
        let mut buffers = vec![0_u8; BATCH * REQUEST];
        let mut arrivals = Vec::with_capacity(BATCH);
        while !self.stop.load(Ordering::Relaxed) {
            self.wait();
            loop {
                arrivals.clear();
                self.receive(&mut buffers, &mut arrivals);
                let full = arrivals.len() == BATCH;
                for arrival in arrivals.drain(..) {
                    self.take(&buffers, &arrival);
                }
                self.depart();
                if !full {
                    break;
                }
            }
            self.note_cost();
        }
    }

    fn wait(&self) {
        let next = self.leaving.front().map(|next| next.at);
        let wait = next.map_or(NAP, |at| {
            at.saturating_duration_since(Instant::now()).min(NAP)
        });
        let mut poll = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
        // An interrupted wait is only a shorter one.
        let _ = ppoll(&mut poll, Some(TimeSpec::from_duration(wait)), None);
    }

    fn receive(&self, buffers: &mut [u8], arrivals: &mut Vec<Arrival>) {
        let mut slices: Vec<[IoSliceMut<'_>; 1]> = buffers
            .chunks_mut(REQUEST)
            .map(|buffer| [IoSliceMut::new(buffer)])
            .collect();
        let space = cmsg_space!(libc::in_pktinfo);
        let mut headers = MultiHeaders::<SockaddrIn>::preallocate(BATCH, Some(space));
        let fd = self.socket.as_raw_fd();
        let received = recvmmsg(fd, &mut headers, slices.iter_mut(), MsgFlags::empty(), None);
        let Ok(received) = received else {
            return; // Nothing there, or an earlier answer found nobody at home.
        };
        for (place, message) in received.enumerate() {
            let to = message.cmsgs().ok().and_then(|mut all| {
                all.find_map(|found| match found {
                    ControlMessageOwned::Ipv4PacketInfo(info) => Some(info.ipi_addr),
                    _ => None,
                })
            });
            if let (Some(from), Some(to)) = (message.address, to) {
                arrivals.push(Arrival {
                    at: place * REQUEST,
                    length: message.bytes,
                    from,
                    to,
                });
            }
        }
    }

    fn take(&mut self, buffers: &[u8], arrival: &Arrival) {
        let offset = u32::from_be(arrival.to.s_addr).wrapping_sub(self.base);
        let copy = {
            let mut population = lock(&self.population);
            let seat = usize::try_from(offset)
                .ok()
                .and_then(|at| population.at.get(at));
            seat.copied().flatten().and_then(|number| {
                let number = usize::try_from(number).ok()?;
                *population.asked.get_mut(number)? += 1;
                population.copies.get(number).cloned()
            })
        };
        let Some(copy) = copy else {
            count(&self.counters.astray);
            return;
        };
        count(&self.counters.requests);
        if self.chance.per_million(self.loss_per_million) {
            count(&self.counters.lost);
            return;
        }
        let request = buffers
            .get(arrival.at..arrival.at + arrival.length)
            .unwrap_or_default();
        let mut bytes = self.spare.pop().unwrap_or_default();
        let templates = &mut self.templates;
        let answered = match &mut self.secure {
            Some(secure) => secure.answer(request, &copy, templates, &mut bytes),
            None => templates.answer(request, &copy, &mut bytes),
        };
        if answered && self.chance.per_million(self.loss_per_million) {
            count(&self.counters.lost);
        } else if answered {
            let octets = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            self.counters.longest.fetch_max(octets, Ordering::Relaxed);
            let at = self.leave_at(copy.number);
            let leaving = Leaving {
                at,
                from: arrival.to,
                to: arrival.from,
                bytes,
            };
            // A printer that works on one request after the other answers later than its
            // neighbours; the queue stays in order of time.
            let behind = self
                .leaving
                .iter()
                .rev()
                .take_while(|other| other.at > at)
                .count();
            self.leaving.insert(self.leaving.len() - behind, leaving);
            return;
        }
        self.spare.push(bytes);
    }

    /// When the printer's answer leaves.
    fn leave_at(&mut self, number: u32) -> Instant {
        let now = Instant::now();
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        if self.free_at.len() <= place {
            self.free_at.resize(place + 1, None);
        }
        let Some(free_at) = self.free_at.get_mut(place) else {
            return now + self.latency;
        };
        let begin = match *free_at {
            Some(busy) if busy > now => {
                count(&self.counters.overlaps);
                busy
            }
            _ => now,
        };
        *free_at = Some(begin + self.service + self.latency);
        begin + self.service + self.latency
    }

    /// Sends what is due.
    fn depart(&mut self) {
        let now = Instant::now();
        while self.leaving.front().is_some_and(|next| next.at <= now) {
            let Some(next) = self.leaving.pop_front() else {
                return;
            };
            let info = libc::in_pktinfo {
                ipi_ifindex: 0,
                ipi_spec_dst: next.from,
                ipi_addr: next.from,
            };
            let sent = sendmsg(
                self.socket.as_raw_fd(),
                &[IoSlice::new(&next.bytes)],
                &[ControlMessage::Ipv4PacketInfo(&info)],
                MsgFlags::empty(),
                Some(&next.to),
            );
            match sent {
                Ok(_) => count(&self.counters.answers),
                Err(Errno::EAGAIN | Errno::ENOBUFS) => {
                    self.leaving.push_front(next); // The system has to catch up first.
                    return;
                }
                // The client is gone: its port is closed.
                Err(_) => count(&self.counters.lost),
            }
            self.spare.push(next.bytes);
        }
    }

    fn note_cost(&self) {
        let misses = self.templates.misses;
        self.counters.misses.store(misses, Ordering::Relaxed);
        if let Ok(usage) = getrusage(UsageWho::RUSAGE_THREAD) {
            let micros = (usage.user_time() + usage.system_time()).num_microseconds();
            let micros = u64::try_from(micros).unwrap_or(0);
            self.counters.cpu_micros.store(micros, Ordering::Relaxed);
        }
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
