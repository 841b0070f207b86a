//! Two UDP sockets for any number of devices: one for IPv4, one for IPv6, each opened when it is
//! needed.

use crate::SnmpError;
use crate::platform;
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// The longest datagram that UDP carries, and one byte to see that nothing was cut off.
const MAX_DATAGRAM: usize = 65_536;

/// How many datagrams are taken before the loop looks at its other duties: a flood must not stop it.
const BATCH: usize = 1_024;

pub(crate) struct Sockets {
    poll: Poll,
    events: Events,
    v4: Option<UdpSocket>,
    v6: Option<UdpSocket>,
    buffer: Vec<u8>,
    /// Whether a socket may hold datagrams that its last event told of.
    pending: bool,
}

/// What became of a datagram that was to be sent.
#[derive(Debug)]
pub(crate) enum Sent {
    Yes,
    /// The system can take no datagram just now.
    Busy,
    /// The system refuses this address.
    Refused(SnmpError),
}

impl Sockets {
    pub(crate) fn new() -> Result<Self, SnmpError> {
        Ok(Self {
            poll: Poll::new().map_err(|source| SnmpError::Wait { source })?,
            events: Events::with_capacity(8),
            v4: None,
            v6: None,
            buffer: vec![0; MAX_DATAGRAM],
            pending: false,
        })
    }

    pub(crate) fn send(&mut self, address: SocketAddr, bytes: &[u8]) -> Sent {
        let socket = match self.socket_for(address) {
            Ok(socket) => socket,
            Err(error) => return Sent::Refused(error),
        };
        match socket.send_to(bytes, address) {
            Ok(_) => Sent::Yes,
            Err(error) if platform::is_busy(&error) => Sent::Busy,
            Err(source) => Sent::Refused(SnmpError::Send { address, source }),
        }
    }

    fn socket_for(&mut self, address: SocketAddr) -> Result<&UdpSocket, SnmpError> {
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
            Some(socket) => Ok(socket),
            None => {
                let open = || -> io::Result<UdpSocket> {
                    let mut socket = open(local)?;
                    let registry = self.poll.registry();
                    registry.register(&mut socket, token, Interest::READABLE)?;
                    Ok(socket)
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

    /// Hands every datagram that is there to `take`, up to a batch.
    pub(crate) fn receive(
        &mut self,
        mut take: impl FnMut(SocketAddr, &[u8]),
    ) -> Result<(), SnmpError> {
        if !std::mem::take(&mut self.pending) {
            return Ok(());
        }
        for socket in [&self.v4, &self.v6].into_iter().flatten() {
            let mut taken = 0;
            loop {
                if taken == BATCH {
                    self.pending = true;
                    break;
                }
                taken += 1;
                match socket.recv_from(&mut self.buffer) {
                    Ok((len, address)) => {
                        take(address, self.buffer.get(..len).unwrap_or_default());
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) if platform::is_about_a_peer(&error) => {}
                    Err(source) => return Err(SnmpError::Wait { source }),
                }
            }
        }
        Ok(())
    }
}

fn open(local: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP))?;
    if local.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Whatever the system gives will do; a lost answer is asked for again.
    let _ = socket.set_recv_buffer_size(platform::RECEIVE_BUFFER);
    socket.set_nonblocking(true)?;
    socket.bind(&local.into())?;
    Ok(UdpSocket::from_std(socket.into()))
}
