//! The floor: what a socket loop costs that sends, receives and decodes nothing.

use super::{Assignment, Report, Task, tlv};
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::TimeSpec;
use pagetally_snmp_engine::message::{Request, RequestKind};
use pagetally_snmp_engine::{Oid, Version};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

/// Requests that fill an answer of 1,472 octets.
const REPETITIONS: u16 = 62;

/// What the socket holds while the loop is busy or another process has its turn.
const RECEIVE_BUFFER: usize = 16 << 20;

/// Sent between two looks at what came back.
const BATCH: usize = 64;

pub(super) fn run(assignment: &Assignment) -> io::Result<Report> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    // More than the system's limit only for who may. A thousand answers come at once.
    if setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BUFFER).is_err() {
        setsockopt(&socket, sockopt::RcvBuf, &RECEIVE_BUFFER)?;
    }
    match assignment.task {
        Task::Sweep => sweep(&socket, assignment),
        // A socket loop knows nothing of what it read before.
        Task::Again | Task::Read => read(&socket, assignment),
    }
}

/// The names just before what tells a printer, as the agent's first probe has them.
fn probe() -> Vec<Oid> {
    [
        "1.3.6.1.2.1.1.1",
        "1.3.6.1.2.1.1.2",
        "1.3.6.1.2.1.25.3.2.1.2",
        "1.3.6.1.2.1.43.5.1.1",
    ]
    .iter()
    .filter_map(|name| name.parse().ok())
    .collect()
}

fn request(kind: RequestKind, names: &[Oid]) -> Vec<u8> {
    Request {
        version: Version::V2c,
        community: b"public",
        kind,
        id: 0x0101_0101,
        names,
    }
    .encode()
}

fn wait(socket: &UdpSocket, time: Duration) {
    let mut poll = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
    // An interrupted wait is only a shorter one.
    let _ = ppoll(&mut poll, Some(TimeSpec::from_duration(time)), None);
}

fn sweep(socket: &UdpSocket, assignment: &Assignment) -> io::Result<Report> {
    socket.set_nonblocking(true)?;
    let bytes = request(RequestKind::GetNext, &probe());
    let mut report = Report::default();
    let started = Instant::now();
    let mut answered: HashMap<SocketAddr, ()> = HashMap::new();
    let mut buffer = [0; 2_048];
    for _ in 0..=assignment.retries {
        let mut waiting = 0;
        for address in assignment.targets() {
            if answered.contains_key(&address) {
                continue;
            }
            while let Err(error) = socket.send_to(&bytes, address) {
                if error.kind() != io::ErrorKind::WouldBlock {
                    return Err(error);
                }
                wait(socket, Duration::from_millis(1));
            }
            report.requests += 1;
            waiting += 1;
            if waiting % BATCH == 0 {
                while let Ok((_, from)) = socket.recv_from(&mut buffer) {
                    answered.insert(from, ());
                }
            }
        }
        let end = Instant::now() + assignment.timeout;
        while Instant::now() < end {
            wait(socket, end.saturating_duration_since(Instant::now()));
            while let Ok((_, from)) = socket.recv_from(&mut buffer) {
                answered.insert(from, ());
            }
        }
    }
    report.found = u64::try_from(answered.len()).unwrap_or(u64::MAX);
    report.wall = started.elapsed();
    Ok(report)
}

/// One printer's place in the list of requests.
struct Reading {
    address: SocketAddr,
    step: usize,
    sent: u32,
}

fn read(socket: &UdpSocket, assignment: &Assignment) -> io::Result<Report> {
    let mut report = Report::default();
    let targets: Vec<SocketAddr> = assignment.targets().collect();
    let Some(first) = targets.first() else {
        return Ok(report);
    };
    // All printers are copies: what one is asked, all are asked.
    let (requests, variables) = learn(socket, *first, assignment)?;
    socket.set_nonblocking(true)?;
    let started = Instant::now();
    let mut next = targets.iter();
    let mut readings: HashMap<SocketAddr, Reading> = HashMap::new();
    let mut ready: VecDeque<SocketAddr> = VecDeque::new();
    let mut deadlines: VecDeque<(Instant, SocketAddr, usize, u32)> = VecDeque::new();
    let mut buffer = [0; 65_536];
    loop {
        while readings.len() < assignment.in_flight
            && let Some(address) = next.next()
        {
            let reading = Reading {
                address: *address,
                step: 0,
                sent: 0,
            };
            readings.insert(*address, reading);
            ready.push_back(*address);
        }
        for _ in 0..BATCH {
            let Some(reading) = ready.pop_front().and_then(|ready| readings.get_mut(&ready)) else {
                break;
            };
            let Some(bytes) = requests.get(reading.step) else {
                continue;
            };
            if socket.send_to(bytes, reading.address).is_err() {
                ready.push_front(reading.address);
                break;
            }
            reading.sent += 1;
            report.requests += 1;
            let deadline = Instant::now() + assignment.timeout;
            deadlines.push_back((deadline, reading.address, reading.step, reading.sent));
        }
        while let Ok((_, from)) = socket.recv_from(&mut buffer) {
            if let Some(reading) = readings.get_mut(&from) {
                reading.step += 1;
                reading.sent = 0;
                if reading.step == requests.len() {
                    readings.remove(&from);
                    report.complete += 1;
                    report.variables += variables;
                } else {
                    ready.push_back(from);
                }
            }
        }
        let now = Instant::now();
        while let Some((_, address, step, sent)) =
            deadlines.pop_front_if(|(deadline, ..)| *deadline <= now)
        {
            let Some(reading) = readings.get(&address) else {
                continue;
            };
            if (reading.step, reading.sent) != (step, sent) {
                continue;
            }
            if sent > assignment.retries {
                readings.remove(&address);
            } else {
                ready.push_back(address);
            }
        }
        if readings.is_empty() && next.len() == 0 {
            break;
        }
        if ready.is_empty() && (readings.len() >= assignment.in_flight || next.len() == 0) {
            let until = deadlines.front().map_or(now, |(deadline, ..)| *deadline);
            wait(socket, until.saturating_duration_since(now));
        }
    }
    report.found = report.complete;
    report.wall = started.elapsed();
    Ok(report)
}

/// Walks one printer by GETBULK and keeps the requests.
fn learn(
    socket: &UdpSocket,
    address: SocketAddr,
    assignment: &Assignment,
) -> io::Result<(Vec<Vec<u8>>, u64)> {
    let kind = RequestKind::GetBulk {
        max_repetitions: REPETITIONS,
    };
    socket.set_read_timeout(Some(assignment.timeout))?;
    let mut at: Oid = "1.3.6.1".parse().map_err(io::Error::other)?;
    let mut requests = Vec::new();
    let mut variables = 0;
    let mut buffer = [0; 65_536];
    loop {
        let bytes = request(kind, std::slice::from_ref(&at));
        let mut length = None;
        for _ in 0..20 {
            socket.send_to(&bytes, address)?;
            if let Ok((received, from)) = socket.recv_from(&mut buffer)
                && from == address
            {
                length = Some(received);
                break;
            }
        }
        let length = length.ok_or(io::ErrorKind::TimedOut)?;
        requests.push(bytes);
        let answer = buffer.get(..length).unwrap_or_default();
        let message =
            pagetally_snmp_engine::message::Message::decode(answer).map_err(io::Error::other)?;
        debug_assert!(tlv::frame(answer).is_some());
        for varbind in message.varbinds {
            let varbind = varbind.map_err(io::Error::other)?;
            if varbind.value.is_exception() {
                return Ok((requests, variables));
            }
            variables += 1;
            at = varbind.name.to_oid();
        }
    }
}
