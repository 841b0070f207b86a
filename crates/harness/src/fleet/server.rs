//! The thread behind a fleet: one event loop over all devices' sockets.

use super::{Counters, Seat, lock};
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token, Waker};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// Longer than any datagram.
const BUFFER: usize = 65_536;

/// Answers under way at most. What is over it is lost, as in a switch whose buffer is full.
const MAX_UNDER_WAY: usize = 65_536;

/// Errors in a row after which a socket is left alone until something arrives again.
const MAX_ERRORS: u32 = 64;

/// What the fleet tells its thread.
#[derive(Debug)]
pub(super) enum Command {
    /// Answer everything that has come, then say so here.
    Settle(Sender<()>),
    /// End.
    Stop,
}

/// An answer that leaves at its time. Ordered by time, then by arrival.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Departure {
    at: Instant,
    number: u64,
    index: usize,
    peer: SocketAddr,
    bytes: Vec<u8>,
}

/// The event loop's state.
pub(super) struct Server {
    poll: Poll,
    waker: Arc<Waker>,
    sockets: Vec<UdpSocket>,
    seats: Arc<[Mutex<Seat>]>,
    counters: Arc<Counters>,
    inbox: Receiver<Command>,
    follow_wall_clock: bool,
    under_way: BinaryHeap<Reverse<Departure>>,
    departures: u64,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Server {
    pub(super) fn new(
        mut sockets: Vec<UdpSocket>,
        seats: Arc<[Mutex<Seat>]>,
        counters: Arc<Counters>,
        inbox: Receiver<Command>,
        follow_wall_clock: bool,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        for (index, socket) in sockets.iter_mut().enumerate() {
            poll.registry()
                .register(socket, Token(index), Interest::READABLE)?;
        }
        let waker = Arc::new(Waker::new(poll.registry(), Token(usize::MAX))?);
        Ok(Self {
            poll,
            waker,
            sockets,
            seats,
            counters,
            inbox,
            follow_wall_clock,
            under_way: BinaryHeap::new(),
            departures: 0,
        })
    }

    pub(super) fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(1_024);
        let mut buffer = vec![0; BUFFER];
        loop {
            let now = Instant::now();
            let next = self.under_way.peek();
            let wait = next.map(|Reverse(next)| next.at.saturating_duration_since(now));
            match self.poll.poll(&mut events, wait) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    tracing::error!(%error, "the fleet stops: its sockets cannot be waited for");
                    return;
                }
            }
            for event in &events {
                self.receive(event.token().0, &mut buffer);
            }
            self.depart();
            loop {
                match self.inbox.try_recv() {
                    Ok(Command::Settle(done)) => self.settle(&done, &mut buffer),
                    Err(TryRecvError::Empty) => break,
                    Ok(Command::Stop) | Err(TryRecvError::Disconnected) => return,
                }
            }
        }
    }

    /// Answers what has come to any socket, whether the system has told of it yet or not.
    fn settle(&mut self, done: &Sender<()>, buffer: &mut [u8]) {
        for index in 0..self.sockets.len() {
            self.receive(index, buffer);
        }
        self.depart();
        // Whoever asked may have gone.
        let _ = done.send(());
    }

    /// Takes every datagram that waits at one device's socket.
    fn receive(&mut self, index: usize, buffer: &mut [u8]) {
        let mut errors = 0;
        while errors < MAX_ERRORS {
            let Some(socket) = self.sockets.get(index) else {
                return;
            };
            match socket.recv_from(buffer) {
                Ok((length, peer)) => {
                    let datagram = buffer.get(..length).unwrap_or_default();
                    self.answer(index, datagram, peer);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // Interrupted, or an earlier answer found nobody at home (ICMP port unreachable).
                Err(error) => {
                    tracing::debug!(%error, "a device's socket reports an error");
                    errors += 1;
                }
            }
        }
    }

    fn answer(&mut self, index: usize, datagram: &[u8], peer: SocketAddr) {
        count(&self.counters.received);
        let Some(seat) = self.seats.get(index) else {
            return;
        };
        let now = Instant::now();
        let (answer, lost, latency) = {
            let mut seat = lock(seat);
            if self.follow_wall_clock {
                let passed = now.saturating_duration_since(seat.followed);
                seat.followed = now;
                seat.device.elapse(passed);
            }
            if seat.link.loses() {
                count(&self.counters.lost);
                return;
            }
            let answer = seat.device.answer(datagram);
            let lost = answer.is_some() && seat.link.loses();
            (answer, lost, seat.link.latency())
        };
        let Some(bytes) = answer else {
            count(&self.counters.silent);
            return;
        };
        if lost || self.under_way.len() >= MAX_UNDER_WAY {
            count(&self.counters.lost);
            return;
        }
        self.departures += 1;
        let departure = Departure {
            at: now + latency,
            number: self.departures,
            index,
            peer,
            bytes,
        };
        if latency.is_zero() {
            self.send(&departure);
        } else {
            self.under_way.push(Reverse(departure));
        }
    }

    /// Sends what is due.
    fn depart(&mut self) {
        let now = Instant::now();
        while self
            .under_way
            .peek()
            .is_some_and(|Reverse(next)| next.at <= now)
        {
            if let Some(Reverse(departure)) = self.under_way.pop() {
                self.send(&departure);
            }
        }
    }

    fn send(&self, departure: &Departure) {
        let Some(socket) = self.sockets.get(departure.index) else {
            return;
        };
        match socket.send_to(&departure.bytes, departure.peer) {
            Ok(_) => count(&self.counters.answered),
            // A full send buffer loses the datagram, as UDP may.
            Err(error) => {
                tracing::debug!(%error, "an answer cannot be sent");
                count(&self.counters.lost);
            }
        }
    }
}
