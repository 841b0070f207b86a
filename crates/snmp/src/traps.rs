//! Listens for traps and informs: the sockets around the engine's [`TrapReceiver`].

use crate::platform;
use crate::{Cancel, SnmpError};
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};
use pagetally_snmp_engine::trap::{Notification, TrapConfig, TrapCounters, TrapReceiver};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// The port that devices send traps to (RFC 3417 section 3.1).
pub const TRAP_PORT: u16 = 162;

/// The longest wait: a raised [`Cancel`] is seen within this time.
const MAX_WAIT: Duration = Duration::from_millis(100);

/// How many datagrams are taken from one socket before the others and the caller have their turn: a
/// storm must not stop the loop.
const BATCH: usize = 256;

/// The longest datagram that UDP carries.
const MAX_DATAGRAM: usize = 65_536;

/// Something that was told, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Where it came from. Nobody proves that of v1 and v2c.
    pub from: SocketAddr,
    /// What was told.
    pub notification: Notification,
}

/// Sockets that hear traps and informs, and acknowledge the latter.
///
/// It can be given a thread of its own ([`run`](Self::run)) or a place in the caller's loop
/// ([`hear`](Self::hear)).
pub struct TrapListener {
    poll: Poll,
    events: Events,
    sockets: Vec<UdpSocket>,
    /// The next socket to be read, where the last turn did not take everything.
    pending: bool,
    buffer: Vec<u8>,
    receiver: TrapReceiver,
    begun: Instant,
    unanswered: u64,
}

impl TrapListener {
    /// Opens a socket on each of these local addresses.
    ///
    /// # Errors
    ///
    /// [`SnmpError::Listen`], which says what to do where a port is taken or needs a right that this
    /// program does not have; [`SnmpError::Config`] for limits that make no sense.
    pub fn open(listen: &[SocketAddr], config: TrapConfig) -> Result<Self, SnmpError> {
        if config.limits.check().is_err() {
            let (field, reason) = ("limits", "one is out of its bounds");
            return Err(SnmpError::Config { field, reason });
        }
        let waiting = |source| SnmpError::Wait { source };
        let poll = Poll::new().map_err(waiting)?;
        let mut sockets = Vec::with_capacity(listen.len());
        for address in listen {
            let mut socket = open(*address).map_err(|source| SnmpError::Listen {
                address: *address,
                advice: platform::listen_advice(*address, &source),
                source,
            })?;
            poll.registry()
                .register(&mut socket, Token(sockets.len()), Interest::READABLE)
                .map_err(waiting)?;
            sockets.push(socket);
        }
        Ok(Self {
            poll,
            events: Events::with_capacity(8),
            sockets,
            pending: false,
            buffer: vec![0; MAX_DATAGRAM],
            receiver: TrapReceiver::new(config),
            begun: Instant::now(),
            unanswered: 0,
        })
    }

    /// The addresses that are listened on, with the ports that the system chose for port 0.
    pub fn local_addresses(&self) -> Vec<SocketAddr> {
        let addresses = self.sockets.iter().map(UdpSocket::local_addr);
        addresses.filter_map(Result::ok).collect()
    }

    /// Hears SNMPv3 traps of these engines too, each from its address
    /// ([`TrapReceiver::remember`]).
    pub fn remember(&mut self, engines: impl IntoIterator<Item = (IpAddr, Vec<u8>)>) {
        self.receiver.remember(engines);
    }

    /// What became of everything so far.
    pub fn counters(&self) -> TrapCounters {
        self.receiver.counters()
    }

    /// Acknowledgements that the system did not take; their senders ask again.
    pub fn unanswered(&self) -> u64 {
        self.unanswered
    }

    /// Hears until `cancel` is raised.
    ///
    /// # Errors
    ///
    /// [`SnmpError::Wait`] where the system gives nothing more.
    pub fn run(
        &mut self,
        cancel: &Cancel,
        on_heard: &mut dyn FnMut(Heard),
    ) -> Result<(), SnmpError> {
        while !cancel.is_cancelled() {
            self.hear(MAX_WAIT, on_heard)?;
        }
        Ok(())
    }

    /// Waits for at most `timeout`, and hears what is there.
    ///
    /// # Errors
    ///
    /// [`SnmpError::Wait`] where the system gives nothing more.
    pub fn hear(
        &mut self,
        timeout: Duration,
        on_heard: &mut dyn FnMut(Heard),
    ) -> Result<(), SnmpError> {
        let timeout = if self.pending {
            Duration::ZERO
        } else {
            timeout
        };
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(SnmpError::Wait { source }),
        }
        if !std::mem::take(&mut self.pending) && self.events.is_empty() {
            return Ok(());
        }
        for socket in &self.sockets {
            for taken in 0..=BATCH {
                if taken == BATCH {
                    self.pending = true;
                    break;
                }
                let (len, from) = match socket.recv_from(&mut self.buffer) {
                    Ok(received) => received,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) if platform::is_about_a_peer(&error) => continue,
                    Err(source) => return Err(SnmpError::Wait { source }),
                };
                let bytes = self.buffer.get(..len).unwrap_or_default();
                let now = self.begun.elapsed();
                let handled = self.receiver.handle_datagram(from, bytes, now);
                if let Some(reply) = handled.reply
                    && let Err(error) = socket.send_to(&reply, from)
                {
                    tracing::debug!(%from, %error, "an inform could not be acknowledged");
                    self.unanswered += 1;
                }
                if let Some(notification) = handled.notification {
                    on_heard(Heard { from, notification });
                }
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for TrapListener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrapListener")
            .field("on", &self.local_addresses())
            .field("receiver", &self.receiver)
            .finish_non_exhaustive()
    }
}

fn open(local: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP))?;
    if local.is_ipv6() {
        // IPv4 has a socket of its own where it is wanted.
        socket.set_only_v6(true)?;
    }
    // Whatever the system gives will do: what is lost of a storm would have been dropped anyway.
    let _ = socket.set_recv_buffer_size(platform::RECEIVE_BUFFER);
    socket.set_nonblocking(true)?;
    socket.bind(&local.into())?;
    Ok(UdpSocket::from_std(socket.into()))
}
