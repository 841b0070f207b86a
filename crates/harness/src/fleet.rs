//! A fleet of simulated devices on real UDP sockets, one loopback address each.
//!
//! All devices share one port and one background thread, as printers share port 161. Latency and
//! loss are the link's, not the device's, and repeat with the seed.

mod link;
mod platform;
pub mod recordings;
mod server;

pub use link::Link;

use pagetally_fleet_sim::{SimDevice, Truth};
use pagetally_onsite::{DiscoveryEvent, PassEvent};
use server::{Command, Server};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How many free ports are tried before giving up.
const PORT_ATTEMPTS: u32 = 64;

/// What is served where, and how well the link works.
#[derive(Clone, Debug)]
pub struct FleetConfig {
    /// The first device's address; the others follow. On Linux all of 127.0.0.0/8 is there without
    /// being set up.
    pub base: Ipv4Addr,
    /// The UDP port of all devices; 0 finds one that is free on every address.
    pub port: u16,
    /// The devices.
    pub devices: Vec<SimDevice>,
    /// From a request's arrival to its answer's departure.
    pub latency: Duration,
    /// How many of a million datagrams are lost, on each way.
    pub loss_per_million: u32,
    /// What the link's losses are drawn from.
    pub seed: u64,
    /// Whether the devices' uptime follows the wall clock. Work is done only by
    /// [`Fleet::advance`] and [`Fleet::with_device`].
    pub follow_wall_clock: bool,
}

impl FleetConfig {
    /// These devices on 127.77.0.1 and up, a free port, a perfect link.
    #[must_use]
    pub fn new(devices: Vec<SimDevice>) -> Self {
        Self {
            base: Ipv4Addr::new(127, 77, 0, 1),
            port: 0,
            devices,
            latency: Duration::ZERO,
            loss_per_million: 0,
            seed: 1,
            follow_wall_clock: true,
        }
    }
}

/// A fleet that cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FleetError {
    /// Addresses outside 127.0.0.0/8 are other people's.
    #[error("{devices} devices from {base} on do not all lie within 127.0.0.0/8")]
    NotLoopback {
        /// The first address.
        base: Ipv4Addr,
        /// How many devices there are.
        devices: usize,
    },
    /// A device's socket cannot be opened.
    #[error("cannot listen on {address}")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The process may not open so many sockets.
    #[error("{devices} devices need as many sockets, more than this process may open (ulimit -n)")]
    TooManySockets {
        /// How many devices there are.
        devices: usize,
        /// What the system said.
        source: io::Error,
    },
    /// No port was free on every address.
    #[error("no port is free on all {devices} addresses from {base} on")]
    NoFreePort {
        /// The first address.
        base: Ipv4Addr,
        /// How many devices there are.
        devices: usize,
    },
    /// The background thread cannot be started.
    #[error("cannot start the fleet's thread")]
    Thread(#[source] io::Error),
}

/// Datagrams that the fleet has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FleetStats {
    /// Arrived at a device's socket.
    pub received: u64,
    /// Lost on the way to the device or back, by the link's chance.
    pub lost: u64,
    /// Answered, and the answer sent.
    pub answered: u64,
    /// Reached the device, which kept silent.
    pub silent: u64,
}

#[derive(Debug, Default)]
struct Counters {
    received: AtomicU64,
    lost: AtomicU64,
    answered: AtomicU64,
    silent: AtomicU64,
}

/// A served device and what its link does.
#[derive(Debug)]
struct Seat {
    device: SimDevice,
    link: Link,
    /// Up to when the device's uptime has followed the wall clock.
    followed: Instant,
}

/// A running fleet. Dropping it closes the sockets and ends the thread.
#[derive(Debug)]
pub struct Fleet {
    seats: Arc<[Mutex<Seat>]>,
    counters: Arc<Counters>,
    base: Ipv4Addr,
    port: u16,
    commands: mpsc::Sender<Command>,
    waker: Arc<mio::Waker>,
    thread: Option<JoinHandle<()>>,
}

impl Fleet {
    /// Opens the sockets and begins to answer.
    ///
    /// # Errors
    ///
    /// [`FleetError`] where an address, a port or the number of sockets cannot be had.
    pub fn start(config: FleetConfig) -> Result<Self, FleetError> {
        let count = config.devices.len();
        let last = u32::try_from(count.saturating_sub(1))
            .ok()
            .and_then(|last| u32::from(config.base).checked_add(last));
        let within = config.base.is_loopback()
            && last.is_some_and(|last| Ipv4Addr::from(last).is_loopback());
        if !within {
            return Err(FleetError::NotLoopback {
                base: config.base,
                devices: count,
            });
        }
        platform::allow_sockets(count);
        let addresses: Vec<Ipv4Addr> = (u32::from(config.base)..)
            .map(Ipv4Addr::from)
            .take(count)
            .collect();
        let (sockets, port) = open(&config, &addresses)?;
        let seats: Arc<[Mutex<Seat>]> = (0_u64..)
            .zip(config.devices.into_iter().zip(&addresses))
            .map(|(index, (mut device, address))| {
                device.set_address(*address);
                Mutex::new(Seat {
                    device,
                    link: Link::new(config.seed, index, config.loss_per_million, config.latency),
                    followed: Instant::now(),
                })
            })
            .collect();
        let counters = Arc::new(Counters::default());
        let (commands, inbox) = mpsc::channel();
        let server = Server::new(
            sockets,
            Arc::clone(&seats),
            Arc::clone(&counters),
            inbox,
            config.follow_wall_clock,
        )
        .map_err(FleetError::Thread)?;
        let waker = server.waker();
        let thread = std::thread::Builder::new()
            .name("fleet".to_owned())
            .spawn(move || server.run())
            .map_err(FleetError::Thread)?;
        Ok(Self {
            seats,
            counters,
            base: config.base,
            port,
            commands,
            waker,
            thread: Some(thread),
        })
    }

    /// How many devices there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seats.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    /// The UDP port of all devices.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where device `index` listens.
    #[must_use]
    pub fn address(&self, index: usize) -> SocketAddr {
        let offset = u32::try_from(index).unwrap_or(u32::MAX);
        let address = Ipv4Addr::from(u32::from(self.base).wrapping_add(offset));
        SocketAddr::new(IpAddr::V4(address), self.port)
    }

    /// Where all of them listen, in order.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        (0..self.len()).map(|index| self.address(index)).collect()
    }

    /// The place of the device at this address.
    #[must_use]
    pub fn index_of(&self, address: IpAddr) -> Option<usize> {
        let IpAddr::V4(address) = address else {
            return None;
        };
        let offset = u32::from(address).checked_sub(u32::from(self.base))?;
        usize::try_from(offset)
            .ok()
            .filter(|index| *index < self.len())
    }

    /// Does something to one device, between two datagrams; nothing where there is no such device.
    pub fn with_device<T>(
        &self,
        index: usize,
        change: impl FnOnce(&mut SimDevice) -> T,
    ) -> Option<T> {
        let seat = self.seats.get(index)?;
        Some(change(&mut lock(seat).device))
    }

    /// Lets virtual time pass for all devices: jobs, jams, refills.
    pub fn advance(&self, by: Duration) {
        for seat in self.seats.iter() {
            lock(seat).device.advance(by);
        }
    }

    /// What each device serves right now, and where.
    #[must_use]
    pub fn truth(&self) -> Vec<(SocketAddr, Truth)> {
        let seats = self.seats.iter().enumerate();
        seats
            .map(|(index, seat)| (self.address(index), lock(seat).device.truth()))
            .collect()
    }

    /// Changes one device's link from now on.
    pub fn set_link(&self, index: usize, loss_per_million: u32, latency: Duration) {
        if let Some(seat) = self.seats.get(index) {
            lock(seat).link.set(loss_per_million, latency);
        }
    }

    /// Waits until every datagram that has come to the fleet by now is answered, or its answer is under
    /// way, where the link has latency.
    pub fn settle(&self) {
        let (done, settled) = mpsc::channel();
        // Each fails only where the thread is gone; then nothing is answered any more.
        if self.commands.send(Command::Settle(done)).is_ok() && self.waker.wake().is_ok() {
            let _ = settled.recv();
        }
    }

    /// To be told of everything that a pass does: it goes no further than the fleet has answered.
    ///
    /// An agent's time-outs are of real time, and so are the answers of a thread that gets no turn on a
    /// busy machine. A pass tells of its progress each tenth of a second, between sending and
    /// receiving; where it waits there until the fleet has [settled](Self::settle), an answer is late
    /// for one sending at most, however busy the machine is, and with one retry or more nobody falls
    /// silent who does not mean to. What a device or its link loses stays lost.
    pub fn keep_up(&self, event: &PassEvent) {
        if matches!(event, PassEvent::Discovery(DiscoveryEvent::Progress { .. })) {
            self.settle();
        }
    }

    /// Datagrams so far.
    #[must_use]
    pub fn stats(&self) -> FleetStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        FleetStats {
            received: read(&self.counters.received),
            lost: read(&self.counters.lost),
            answered: read(&self.counters.answered),
            silent: read(&self.counters.silent),
        }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        // Either fails only where the thread is gone already.
        let _ = self.commands.send(Command::Stop);
        let _ = self.waker.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A device whose change panicked is served on as it is: it is a simulation.
fn lock(seat: &Mutex<Seat>) -> MutexGuard<'_, Seat> {
    seat.lock().unwrap_or_else(PoisonError::into_inner)
}

type Sockets = Vec<mio::net::UdpSocket>;

/// Opens a socket for each address on the same port.
fn open(config: &FleetConfig, addresses: &[Ipv4Addr]) -> Result<(Sockets, u16), FleetError> {
    if config.port != 0 {
        return open_on(config.port, addresses).map(|sockets| (sockets, config.port));
    }
    for _ in 0..PORT_ATTEMPTS {
        let port = platform::free_port(config.base).map_err(|source| FleetError::Bind {
            address: SocketAddr::new(IpAddr::V4(config.base), 0),
            source,
        })?;
        match open_on(port, addresses) {
            Ok(sockets) => return Ok((sockets, port)),
            // Somebody else has this port on one of the addresses.
            Err(FleetError::Bind { source, .. }) if source.kind() == io::ErrorKind::AddrInUse => {}
            Err(other) => return Err(other),
        }
    }
    Err(FleetError::NoFreePort {
        base: config.base,
        devices: addresses.len(),
    })
}

fn open_on(port: u16, addresses: &[Ipv4Addr]) -> Result<Sockets, FleetError> {
    let bind = |address: &Ipv4Addr| {
        let address = SocketAddr::new(IpAddr::V4(*address), port);
        mio::net::UdpSocket::bind(address).map_err(|source| {
            if platform::is_out_of_sockets(&source) {
                FleetError::TooManySockets {
                    devices: addresses.len(),
                    source,
                }
            } else {
                FleetError::Bind { address, source }
            }
        })
    };
    addresses.iter().map(bind).collect()
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
