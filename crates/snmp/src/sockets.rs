//! Two UDP sockets for any number of devices: one for IPv4, one for IPv6, each opened when it is
//! needed.

use crate::SnmpError;
#[cfg(any(target_os = "linux", target_os = "android"))]
use crate::mmsg;
use crate::platform;
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};
use pagetally_snmp_engine::sweep::Unreachable;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// The longest datagram that UDP carries, and one byte to see that nothing was cut off.
const MAX_DATAGRAM: usize = 65_536;

/// How many datagrams are taken before the loop looks at its other duties: a flood must not stop it.
const BATCH: usize = 1_024;

/// How often a datagram is tried again that failed because of another one: an error that came back
/// for that shows itself at the next use of the socket, whatever it is used for.
const TRIES: usize = 16;

pub(crate) struct Sockets {
    poll: Poll,
    events: Events,
    v4: Option<Line>,
    v6: Option<Line>,
    batched: bool,
    /// Whether a socket may hold datagrams or errors that its last event told of.
    pending: bool,
}

/// What became of datagrams that were to be sent.
#[derive(Debug)]
pub(crate) enum Sent {
    Yes,
    /// The system can take no datagram just now.
    Busy,
    /// The system refuses this address.
    Refused(SnmpError),
}

/// What comes in.
pub(crate) enum Incoming<'d> {
    Datagram(&'d [u8]),
    /// A datagram to this address did not arrive.
    Unreachable(Unreachable),
}

impl Sockets {
    /// `batched` is whether many datagrams may go through one system call.
    pub(crate) fn new(batched: bool) -> Result<Self, SnmpError> {
        Ok(Self {
            poll: Poll::new().map_err(|source| SnmpError::Wait { source })?,
            events: Events::with_capacity(8),
            v4: None,
            v6: None,
            batched,
            pending: false,
        })
    }

    pub(crate) fn send(&mut self, address: SocketAddr, bytes: &[u8]) -> Sent {
        match self.send_all(std::iter::once((address, bytes))) {
            (_, Sent::Yes) => Sent::Yes,
            (_, other) => other,
        }
    }

    /// Sends these in order: how many were sent, and what became of the next one. `Yes` where there
    /// is no next one.
    pub(crate) fn send_all<'d>(
        &mut self,
        datagrams: impl Iterator<Item = (SocketAddr, &'d [u8])> + Clone,
    ) -> (usize, Sent) {
        let mut sent = 0;
        let mut tries = 0;
        loop {
            let mut rest = datagrams.clone().skip(sent);
            let Some((address, _)) = rest.next() else {
                return (sent, Sent::Yes);
            };
            let line = match self.line_for(address) {
                Ok(line) => line,
                Err(error) => return (sent, Sent::Refused(error)),
            };
            let of_family = datagrams
                .clone()
                .skip(sent)
                .take_while(|(other, _)| other.is_ipv6() == address.is_ipv6());
            match line.send(of_family) {
                Ok(count) => {
                    sent += count;
                    tries = 0;
                }
                Err(error) if platform::is_busy(&error) => return (sent, Sent::Busy),
                Err(error)
                    if line.hears_errors && platform::is_about_a_peer(&error) && tries < TRIES =>
                {
                    tries += 1;
                    self.pending = true; // What it is about stands in the queue of errors.
                }
                Err(source) => return (sent, Sent::Refused(SnmpError::Send { address, source })),
            }
        }
    }

    fn line_for(&mut self, address: SocketAddr) -> Result<&mut Line, SnmpError> {
        let (place, local, token) = match address {
            SocketAddr::V4(_) => (
                &mut self.v4,
                SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
                Token(4),
            ),
            SocketAddr::V6(_) => (
                &mut self.v6,
                SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
                Token(6),
            ),
        };
        match place {
            Some(line) => Ok(line),
            None => {
                let open = || -> io::Result<Line> {
                    let mut socket = open(local)?;
                    let registry = self.poll.registry();
                    registry.register(&mut socket, token, Interest::READABLE)?;
                    Ok(Line::new(socket, self.batched, local.is_ipv6()))
                };
                let opened = open().map_err(|source| SnmpError::Open {
                    address: local,
                    source,
                })?;
                Ok(place.insert(opened))
            }
        }
    }

    /// Waits for datagrams, for at most `timeout`.
    pub(crate) fn wait(&mut self, timeout: Duration) -> Result<(), SnmpError> {
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
        self.pending |= !self.events.is_empty();
        Ok(())
    }

    /// Hands everything that is there to `take`, up to a batch.
    pub(crate) fn receive(
        &mut self,
        mut take: impl FnMut(SocketAddr, Incoming<'_>),
    ) -> Result<(), SnmpError> {
        if !std::mem::take(&mut self.pending) {
            return Ok(());
        }
        for line in [&mut self.v4, &mut self.v6].into_iter().flatten() {
            let all = line
                .receive(&mut take)
                .map_err(|source| SnmpError::Wait { source })?;
            self.pending |= !all;
        }
        Ok(())
    }
}

/// One socket, with the buffers of one of the two ways to use it.
struct Line {
    socket: UdpSocket,
    /// Whether the system tells of errors: those that come back, and its own, a full table of neighbours
    /// among them, which it keeps to itself otherwise (udp(7)).
    hears_errors: bool,
    buffer: Vec<u8>,
    #[cfg(any(target_os = "linux", target_os = "android"))]
    many: Option<mmsg::Batches>,
}

impl Line {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn new(socket: UdpSocket, batched: bool, is_v6: bool) -> Self {
        let listens = mmsg::listen_for_errors(&socket, is_v6);
        if let Err(error) = &listens {
            tracing::debug!(%error, "the system tells no ICMP errors");
        }
        Self {
            socket,
            hears_errors: listens.is_ok(),
            buffer: if batched {
                Vec::new()
            } else {
                vec![0; MAX_DATAGRAM]
            },
            many: batched.then(mmsg::Batches::new),
        }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn new(socket: UdpSocket, _batched: bool, _is_v6: bool) -> Self {
        Self {
            socket,
            hears_errors: false,
            buffer: vec![0; MAX_DATAGRAM],
        }
    }

    /// Sends the first of these, one or more: how many.
    fn send<'d>(
        &mut self,
        mut datagrams: impl Iterator<Item = (SocketAddr, &'d [u8])> + Clone,
    ) -> io::Result<usize> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Some(many) = &mut self.many {
            return many.send(&self.socket, datagrams);
        }
        let Some((address, bytes)) = datagrams.next() else {
            return Ok(0);
        };
        self.socket.send_to(bytes, address)?;
        Ok(1)
    }

    /// Receives up to a batch. Says whether that is everything.
    fn receive(&mut self, take: &mut dyn FnMut(SocketAddr, Incoming<'_>)) -> io::Result<bool> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Some(many) = &mut self.many {
            return receive_many(&self.socket, many, take);
        }
        let all = self.receive_each(take)?;
        #[cfg(any(target_os = "linux", target_os = "android"))]
        return Ok(receive_errors(&self.socket, take) == 0 && all);
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        Ok(all)
    }

    /// Receives one by one.
    fn receive_each(&mut self, take: &mut dyn FnMut(SocketAddr, Incoming<'_>)) -> io::Result<bool> {
        for _ in 0..BATCH {
            match self.socket.recv_from(&mut self.buffer) {
                Ok((len, address)) => {
                    let bytes = self.buffer.get(..len).unwrap_or_default();
                    take(address, Incoming::Datagram(bytes));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) if platform::is_about_a_peer(&error) => {}
                Err(source) => return Err(source),
            }
        }
        Ok(false)
    }
}

/// Takes the system's errors: how many.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn receive_errors(socket: &UdpSocket, take: &mut dyn FnMut(SocketAddr, Incoming<'_>)) -> usize {
    mmsg::errors(socket, &mut |address, cause| {
        take(address, Incoming::Unreachable(cause));
    })
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn receive_many(
    socket: &UdpSocket,
    many: &mut mmsg::Batches,
    take: &mut dyn FnMut(SocketAddr, Incoming<'_>),
) -> io::Result<bool> {
    let mut taken = 0;
    while taken < BATCH {
        let received = many.receive(socket, &mut |address, bytes| {
            take(address, Incoming::Datagram(bytes));
        });
        match received {
            Ok(count) => {
                taken += count;
                if !mmsg::Batches::is_full(count) {
                    break;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) if platform::is_about_a_peer(&error) => taken += 1,
            Err(source) => return Err(source),
        }
    }
    let errors = receive_errors(socket, take);
    // An error may have cut a batch short.
    Ok(taken < BATCH && errors == 0)
}

fn open(local: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP))?;
    if local.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Whatever the system gives will do: a lost answer is asked for again, and a full buffer of
    // sendings makes the scan wait.
    let _ = socket.set_recv_buffer_size(platform::RECEIVE_BUFFER);
    let _ = socket.set_send_buffer_size(platform::SEND_BUFFER);
    socket.set_nonblocking(true)?;
    socket.bind(&local.into())?;
    Ok(UdpSocket::from_std(socket.into()))
}
