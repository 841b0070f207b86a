//! Small devices on real UDP sockets on loopback, each on a thread of its own.

#![allow(dead_code, reason = "each test file uses its own part of it")]

use pagetally_snmp_engine::message::{Message, PduKind, Response, status};
use pagetally_snmp_engine::{Answers, Ask, Oid, Plan, Query, Value, VarBind, Version};
use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How a device treats what it is asked.
#[derive(Clone)]
pub(crate) struct Manners {
    pub(crate) speaks: Vec<Version>,
    pub(crate) community: Vec<u8>,
    /// Of the datagrams that arrive, every n-th is lost.
    pub(crate) loses_every: Option<u32>,
    /// Before each answer it sends garbage, a forged answer and a duplicate.
    pub(crate) noisy: bool,
    /// It falls silent after this many answers.
    pub(crate) silent_after: Option<u32>,
    pub(crate) latency: Duration,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            speaks: vec![Version::V1, Version::V2c],
            community: b"public".to_vec(),
            loses_every: None,
            noisy: false,
            silent_after: None,
            latency: Duration::ZERO,
        }
    }
}

/// A device that answers until it is dropped.
pub(crate) struct Device {
    pub(crate) address: SocketAddr,
    arrived: Arc<AtomicU32>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Device {
    pub(crate) fn start(values: BTreeMap<Oid, Value>, manners: Manners) -> Self {
        Self::start_at("127.0.0.1:0", values, manners)
    }

    pub(crate) fn start_at(local: &str, values: BTreeMap<Oid, Value>, manners: Manners) -> Self {
        let socket = UdpSocket::bind(local).expect("a loopback socket");
        socket
            .set_read_timeout(Some(Duration::from_millis(20)))
            .expect("a timeout");
        let address = socket.local_addr().expect("bound");
        let stop = Arc::new(AtomicBool::new(false));
        let arrived = Arc::new(AtomicU32::new(0));
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&arrived));
        let thread = std::thread::spawn(move || {
            let mut answered = 0;
            let mut buffer = [0; 2_048];
            while !stopped.load(Ordering::Relaxed) {
                let Ok((len, from)) = socket.recv_from(&mut buffer) else {
                    continue;
                };
                let number = count.fetch_add(1, Ordering::Relaxed) + 1;
                let lost = manners.loses_every.is_some_and(|every| number % every == 0);
                let silent = manners.silent_after.is_some_and(|after| answered >= after);
                if lost || silent {
                    continue;
                }
                let Some(answer) = answer(&values, &manners, &buffer[..len]) else {
                    continue;
                };
                answered += 1;
                std::thread::sleep(manners.latency);
                if manners.noisy {
                    let _ = socket.send_to(b"\x30\x82\xff\xffgarbage", from);
                    let mut forged = answer.clone();
                    if let Some(octet) = forged.get_mut(18) {
                        *octet ^= 0x55; // Inside the request id.
                    }
                    let _ = socket.send_to(&forged, from);
                    let _ = socket.send_to(&answer, from);
                }
                let _ = socket.send_to(&answer, from);
            }
        });
        Self {
            address,
            arrived,
            stop,
            thread: Some(thread),
        }
    }

    /// How many datagrams have arrived.
    pub(crate) fn arrived(&self) -> u32 {
        self.arrived.load(Ordering::Relaxed)
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the device's thread");
        }
    }
}

pub(crate) fn answer(
    values: &BTreeMap<Oid, Value>,
    manners: &Manners,
    datagram: &[u8],
) -> Option<Vec<u8>> {
    let message = Message::decode(datagram).ok()?;
    if !manners.speaks.contains(&message.version) || message.community != manners.community {
        return None;
    }
    let v1 = message.version == Version::V1;
    let names: Vec<Oid> = message
        .varbinds
        .clone()
        .map(|varbind| varbind.expect("our own names decode").name.to_oid())
        .collect();
    let next = |name: &Oid| {
        values
            .range::<Oid, _>((Bound::Excluded(name), Bound::Unbounded))
            .next()
            .map_or((name.clone(), Value::EndOfMibView), |(name, value)| {
                (name.clone(), value.clone())
            })
    };
    let mut row: Vec<(Oid, Value)> = match message.kind {
        PduKind::Get => names
            .iter()
            .map(|name| {
                let value = values.get(name).cloned();
                (name.clone(), value.unwrap_or(Value::NoSuchInstance))
            })
            .collect(),
        _ => names.iter().map(next).collect(),
    };
    let missing = row.iter().position(|(_, value)| value.is_exception());
    if let Some(place) = missing.filter(|_| v1) {
        let index = i64::try_from(place + 1).expect("few");
        return Some(encode(&message, status::NO_SUCH_NAME, index, &[]));
    }
    let mut varbinds = row.clone();
    if message.kind == PduKind::GetBulk {
        for _ in 1..message.error_index.min(20) {
            row = row.iter().map(|(name, _)| next(name)).collect();
            varbinds.extend(row.iter().cloned());
        }
    }
    loop {
        let bytes = encode(&message, 0, 0, &varbinds);
        if bytes.len() <= 1_472 {
            return Some(bytes);
        }
        varbinds.pop();
    }
}

fn encode(message: &Message<'_>, status: i64, index: i64, varbinds: &[(Oid, Value)]) -> Vec<u8> {
    let varbinds: Vec<VarBind> = varbinds
        .iter()
        .map(|(oid, value)| VarBind {
            oid: oid.clone(),
            value: value.clone(),
        })
        .collect();
    Response {
        version: message.version,
        community: message.community,
        id: message.request_id,
        error_status: status,
        error_index: index,
        varbinds: &varbinds,
    }
    .encode()
}

pub(crate) fn oid(text: &str) -> Oid {
    text.parse().expect("valid")
}

fn text(text: &str) -> Value {
    Value::OctetString(text.as_bytes().to_vec())
}

/// What a small printer holds: system group, hrDeviceType, Printer MIB, nine columns of supplies.
pub(crate) fn printer(serial: &str) -> BTreeMap<Oid, Value> {
    let mut values = BTreeMap::from([
        (oid("1.3.6.1.2.1.1.1.0"), text("A printer")),
        (
            oid("1.3.6.1.2.1.1.2.0"),
            Value::ObjectIdentifier(oid("1.3.6.1.4.1.99999.1")),
        ),
        (oid("1.3.6.1.2.1.1.3.0"), Value::TimeTicks(4_711)),
        (
            oid("1.3.6.1.2.1.25.3.2.1.2.1"),
            Value::ObjectIdentifier(oid("1.3.6.1.2.1.25.3.1.5")),
        ),
        (oid("1.3.6.1.2.1.43.5.1.1.17.1"), text(serial)),
    ]);
    for column in 2..=9 {
        for row in 1..=5 {
            let name = format!("1.3.6.1.2.1.43.11.1.1.{column}.1.{row}");
            values.insert(oid(&name), Value::Integer(column * 100 + row));
        }
    }
    values
}

/// What a server holds: a system group and a processor.
pub(crate) fn server() -> BTreeMap<Oid, Value> {
    BTreeMap::from([
        (oid("1.3.6.1.2.1.1.1.0"), text("A server")),
        (
            oid("1.3.6.1.2.1.1.2.0"),
            Value::ObjectIdentifier(oid("1.3.6.1.4.1.8072.3.2.10")),
        ),
        (
            oid("1.3.6.1.2.1.25.3.2.1.2.1"),
            Value::ObjectIdentifier(oid("1.3.6.1.2.1.25.3.1.3")),
        ),
    ])
}

/// Asks for everything that [`printer`] holds.
pub(crate) struct Everything(bool);

impl Everything {
    pub(crate) fn plan() -> Box<dyn Plan> {
        Box::new(Self(false))
    }
}

impl Plan for Everything {
    fn next_query(&mut self, _so_far: &Answers) -> Option<Query> {
        if std::mem::replace(&mut self.0, true) {
            return None;
        }
        let scalars = ["1.1.0", "1.2.0", "1.3.0", "1.5.0", "43.5.1.1.17.1"];
        let mut asks: Vec<Ask> = scalars
            .iter()
            .map(|name| Ask::Instance(oid(&format!("1.3.6.1.2.1.{name}"))))
            .collect();
        let supplies = (2..=9).map(|column| oid(&format!("1.3.6.1.2.1.43.11.1.1.{column}")));
        asks.push(Ask::Columns {
            columns: std::iter::once(oid("1.3.6.1.2.1.25.3.2.1.2"))
                .chain(supplies)
                .collect(),
            max_rows: 64,
        });
        Some(Query { asks })
    }
}
