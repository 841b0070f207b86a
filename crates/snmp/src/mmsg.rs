//! Many datagrams in one system call, and the system's queue of errors: Linux.

use nix::cmsg_space;
use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::sockopt;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg,
    recvmsg, sendmmsg, setsockopt,
};
use pagetally_snmp_engine::sweep::Unreachable;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd};

/// How many datagrams one call sends or receives.
const BATCH: usize = 64;

/// The longest datagram that UDP carries. The system hands out the pages of a buffer when they are
/// written, so a place for a long datagram that never comes costs nothing.
const MAX_DATAGRAM: usize = 65_536;

/// SO_EE_ORIGIN_LOCAL, SO_EE_ORIGIN_ICMP and SO_EE_ORIGIN_ICMP6 of linux/errqueue.h.
const LOCAL: u8 = 1;
const ICMP: u8 = 2;
const ICMP6: u8 = 3;

/// The buffers of one socket.
pub(crate) struct Batches {
    sending: MultiHeaders<SockaddrStorage>,
    receiving: MultiHeaders<SockaddrStorage>,
    to: Vec<Option<SockaddrStorage>>,
    buffers: Vec<u8>,
}

impl Batches {
    pub(crate) fn new() -> Self {
        Self {
            sending: MultiHeaders::preallocate(BATCH, None),
            receiving: MultiHeaders::preallocate(BATCH, None),
            to: Vec::with_capacity(BATCH),
            buffers: vec![0; BATCH * MAX_DATAGRAM],
        }
    }

    /// Sends the first of these, as many as go through one call: how many.
    pub(crate) fn send<'d>(
        &mut self,
        socket: &impl AsRawFd,
        datagrams: impl Iterator<Item = (SocketAddr, &'d [u8])> + Clone,
    ) -> io::Result<usize> {
        let datagrams = datagrams.take(BATCH);
        self.to.clear();
        let to = datagrams.clone().map(|(address, _)| Some(address.into()));
        self.to.extend(to);
        let slices: Vec<[IoSlice<'_>; 1]> =
            datagrams.map(|(_, bytes)| [IoSlice::new(bytes)]).collect();
        let control: [ControlMessage<'_>; 0] = [];
        let sent = sendmmsg(
            socket.as_raw_fd(),
            &mut self.sending,
            slices.iter(),
            &self.to,
            control,
            MsgFlags::MSG_DONTWAIT,
        )?;
        Ok(sent.count())
    }

    /// Receives what is there, up to a batch: how many.
    pub(crate) fn receive(
        &mut self,
        socket: &impl AsRawFd,
        take: &mut dyn FnMut(SocketAddr, &[u8]),
    ) -> io::Result<usize> {
        let mut slices: Vec<[IoSliceMut<'_>; 1]> = self
            .buffers
            .chunks_exact_mut(MAX_DATAGRAM)
            .map(|buffer| [IoSliceMut::new(buffer)])
            .collect();
        let received = recvmmsg(
            socket.as_raw_fd(),
            &mut self.receiving,
            slices.iter_mut(),
            MsgFlags::MSG_DONTWAIT,
            None,
        )?;
        let mut count = 0;
        for message in received {
            count += 1;
            if let Some(address) = message.address.as_ref().and_then(to_address) {
                take(address, message.iovs().next().unwrap_or_default());
            }
        }
        Ok(count)
    }

    /// Whether a batch of this many may have left more behind.
    pub(crate) fn is_full(count: usize) -> bool {
        count >= BATCH
    }
}

/// Asks for the errors that come back to this socket (ip(7), IP_RECVERR).
pub(crate) fn listen_for_errors(socket: &impl AsFd, is_v6: bool) -> io::Result<()> {
    if is_v6 {
        setsockopt(socket, sockopt::Ipv6RecvErr, &true)?;
    } else {
        setsockopt(socket, sockopt::Ipv4RecvErr, &true)?;
    }
    Ok(())
}

/// Takes the errors that are there, up to a batch: how many.
pub(crate) fn errors(
    socket: &impl AsRawFd,
    take: &mut dyn FnMut(SocketAddr, Unreachable),
) -> usize {
    let mut space = cmsg_space!(libc::sock_extended_err, libc::sockaddr_in6);
    let mut bytes = [0; 64];
    for count in 0..BATCH {
        let mut slices = [IoSliceMut::new(&mut bytes)];
        let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
        let fd = socket.as_raw_fd();
        let received = recvmsg::<SockaddrStorage>(fd, &mut slices, Some(&mut space), flags);
        let message = match received {
            Ok(message) => message,
            Err(Errno::EINTR) => continue,
            Err(_) => return count, // Nothing more.
        };
        let cause = message.cmsgs().ok().and_then(|mut all| {
            all.find_map(|one| match one {
                ControlMessageOwned::Ipv4RecvErr(error, _)
                | ControlMessageOwned::Ipv6RecvErr(error, _) => cause(&error),
                _ => None,
            })
        });
        // The address is the one that the datagram was sent to.
        let address = message.address.as_ref().and_then(to_address);
        if let (Some(address), Some(cause)) = (address, cause) {
            take(address, cause);
        }
    }
    BATCH
}

/// What an error means: RFC 792, RFC 1812 section 5.2.7.1, RFC 4443 section 3.1.
fn cause(error: &libc::sock_extended_err) -> Option<Unreachable> {
    match (error.ee_origin, error.ee_type, error.ee_code) {
        (ICMP, 3, 3) | (ICMP6, 1, 4) => Some(Unreachable::Port),
        (ICMP, 3, 1 | 7) | (ICMP6, 1, 3) => Some(Unreachable::Host),
        (ICMP, 3, 0 | 6) | (ICMP6, 1, 0) => Some(Unreachable::Network),
        (ICMP, 3, 9 | 10 | 13) | (ICMP6, 1, 1 | 5 | 6) => Some(Unreachable::Prohibited),
        (LOCAL, ..) => match i32::try_from(error.ee_errno).map(Errno::from_raw) {
            Ok(Errno::EHOSTUNREACH) => Some(Unreachable::Host),
            Ok(Errno::ENETUNREACH) => Some(Unreachable::Network),
            _ => None,
        },
        _ => None,
    }
}

fn to_address(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address
        .as_sockaddr_in()
        .map(|v4| SocketAddrV4::from(*v4).into());
    v4.or_else(|| {
        let v6 = address.as_sockaddr_in6()?;
        Some(SocketAddrV6::from(*v6).into())
    })
}
