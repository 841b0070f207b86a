//! Somebody in the way between the agents and Central. The agents take it for Central's own address: it
//! has a certificate that they trust, so it sees, holds and changes what it likes.

use super::fault::{Counts, Fault};
use super::http::Message;
use crate::demo::Certificates;
use pagetally_fleet_sim::Chance;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use socket2::SockRef;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long either side may be silent. Longer than an agent waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request that is to arrive late waits up to so long; the agents give up after a second.
const LATE_MILLIS: u64 = 3_000;

/// A delayed one waits up to so long.
const DELAY_MILLIS: u64 = 300;

/// Old answers that are kept to be given again.
const OLD_ANSWERS: usize = 64;

type Tls = StreamOwned<ServerConnection, TcpStream>;

/// A proxy at work.
pub(super) struct Proxy {
    shared: Arc<Shared>,
    address: SocketAddr,
    thread: Option<thread::JoinHandle<()>>,
}

struct Shared {
    central: SocketAddr,
    ours: Arc<ServerConfig>,
    strangers: Arc<ServerConfig>,
    chance: Mutex<Chance>,
    counts: Counts,
    calls: AtomicU64,
    in_flight: AtomicU64,
    /// Requests that are held back to arrive late.
    held: AtomicU64,
    wild: AtomicBool,
    closing: AtomicBool,
    old: Mutex<Vec<Message>>,
}

impl Proxy {
    /// Opens one before `central`, with `certificates` and a stranger's. It does no harm until it is
    /// told to.
    pub(super) fn open(
        central: SocketAddr,
        certificates: &Certificates,
        strangers: &Certificates,
        seed: u64,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            central,
            ours: server(certificates)?,
            strangers: server(strangers)?,
            chance: Mutex::new(Chance::fork(seed, u64::MAX)),
            counts: Counts::default(),
            calls: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            held: AtomicU64::new(0),
            wild: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            old: Mutex::default(),
        });
        let doors = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if doors.closing.load(Ordering::Relaxed) {
                    return;
                }
                let (Ok(stream), shared) = (stream, Arc::clone(&doors)) else {
                    continue;
                };
                // Whatever ends a connection is what the agents have to live with.
                thread::spawn(move || shared.serve(stream));
            }
        });
        Ok(Self {
            shared,
            address,
            thread: Some(thread),
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets it do harm, or stops it.
    pub(super) fn set_wild(&self, wild: bool) {
        self.shared.wild.store(wild, Ordering::Relaxed);
    }

    /// How many calls came through.
    pub(super) fn calls(&self) -> u64 {
        self.shared.calls.load(Ordering::Relaxed)
    }

    /// How many requests Central has not answered yet.
    pub(super) fn in_flight(&self) -> u64 {
        self.shared.in_flight.load(Ordering::Relaxed)
    }

    /// Waits until nothing is on its way or held back any more.
    pub(super) fn settle(&self) {
        while self.in_flight() + self.shared.held.load(Ordering::Relaxed) > 0 {
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub(super) fn counts(&self) -> std::collections::BTreeMap<Fault, u64> {
        self.shared.counts.get()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::Relaxed);
        // The listener looks at it with the next connection.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn server(certificates: &Certificates) -> io::Result<Arc<ServerConfig>> {
    let bad = |error: rustls::pki_types::pem::Error| io::Error::other(error.to_string());
    let chain = CertificateDer::from_pem_slice(certificates.server_pem.as_bytes()).map_err(bad)?;
    let key = PrivateKeyDer::from_pem_slice(certificates.server_key_pem.as_bytes()).map_err(bad)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder
                .with_no_client_auth()
                .with_single_cert(vec![chain], key)
        })
        .map(Arc::new)
        .map_err(io::Error::other)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn is_wild(&self) -> bool {
        self.wild.load(Ordering::Relaxed)
    }

    fn below(&self, bound: usize) -> usize {
        let drawn = lock(&self.chance).below(bound.max(1) as u64);
        usize::try_from(drawn).unwrap_or(0)
    }

    fn millis(&self, bound: u64) -> Duration {
        Duration::from_millis(lock(&self.chance).below(bound))
    }

    fn serve(self: &Arc<Self>, stream: TcpStream) {
        let wrong = self.is_wild() && Fault::draw_certificate(&mut lock(&self.chance));
        if wrong {
            self.counts.add(Fault::WrongCertificate);
        }
        let config = if wrong { &self.strangers } else { &self.ours };
        let prepared = stream
            .set_read_timeout(Some(PATIENCE))
            .and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
        let connection = ServerConnection::new(Arc::clone(config));
        let (Ok(()), Ok(connection)) = (prepared, connection) else {
            return;
        };
        let mut agent = StreamOwned::new(connection, stream);
        while let Ok(Some(request)) = Message::read(&mut agent) {
            self.calls.fetch_add(1, Ordering::Relaxed);
            let fault = match self.is_wild() {
                true => Fault::draw(&mut lock(&self.chance)),
                false => None,
            };
            if let Some(fault) = fault {
                self.counts.add(fault);
            }
            match self.pass_on(&request, fault, &mut agent) {
                Ok(true) => {}
                // Whether it went wrong or was to end: the agent sees a closed connection.
                Ok(false) | Err(_) => return,
            }
        }
    }

    /// Does with a request what `fault` says. Answers whether the connection goes on.
    fn pass_on(
        self: &Arc<Self>,
        request: &Message,
        fault: Option<Fault>,
        agent: &mut Tls,
    ) -> io::Result<bool> {
        match fault {
            None | Some(Fault::WrongCertificate) => {
                let answer = self.ask(request)?;
                self.remember(&answer);
                give(agent, answer.bytes())?;
                return Ok(true);
            }
            Some(Fault::Delayed) => {
                thread::sleep(self.millis(DELAY_MILLIS));
                give(agent, self.ask(request)?.bytes())?;
                return Ok(true);
            }
            Some(Fault::AlteredAnswer) => {
                let answer = self.ask(request)?;
                let at = self.below(answer.body().len());
                give(agent, answer.altered(at).bytes())?;
            }
            Some(Fault::AlteredRequest) => {
                let at = self.below(request.body().len());
                give(agent, self.ask(&request.altered(at))?.bytes())?;
            }
            Some(Fault::Busy) => {
                let busy = Message::answer("503 Service Unavailable", "Retry-After: 1\r\n", b"");
                give(agent, busy.bytes())?;
            }
            Some(Fault::CutAnswer) => {
                let answer = self.ask(request)?;
                let cut = answer.body().start + self.below(answer.body().len());
                give(agent, answer.bytes().get(..cut).unwrap_or_default())?;
            }
            Some(Fault::CutRequest) => {
                let cut = request.body().start + self.below(request.body().len());
                let mut central = self.connect()?;
                central.write_all(request.bytes().get(..cut).unwrap_or_default())?;
            }
            Some(Fault::Dropped) => {
                // Until the agent hangs up.
                let _ = Message::read(agent);
            }
            Some(Fault::Duplicated) => {
                let (shared, copy) = (Arc::clone(self), request.clone());
                let other = thread::spawn(move || shared.ask(&copy));
                let answer = self.ask(request);
                // Either answer is as good as the other.
                let other = other
                    .join()
                    .map_err(|_| io::Error::other("a thread failed"))?;
                give(agent, answer.or(other)?.bytes())?;
                return Ok(true);
            }
            Some(Fault::Garbage) => give(agent, &self.garbage())?,
            Some(Fault::LostAnswer) => {
                self.ask(request)?;
            }
            Some(Fault::OldAnswer) => {
                let answer = self.ask(request)?;
                let old = lock(&self.old).clone();
                let old = old.get(self.below(old.len()));
                give(agent, old.unwrap_or(&answer).bytes())?;
            }
            Some(Fault::Reset) => {
                if self.below(2) == 0 {
                    self.ask(request)?;
                }
                SockRef::from(&agent.sock).set_linger(Some(Duration::ZERO))?;
            }
            Some(Fault::Reordered) => {
                let (shared, copy) = (Arc::clone(self), request.clone());
                self.held.fetch_add(1, Ordering::Relaxed);
                thread::spawn(move || {
                    thread::sleep(shared.millis(LATE_MILLIS));
                    // Nobody waits for this answer.
                    let _ = shared.ask(&copy);
                    shared.held.fetch_sub(1, Ordering::Relaxed);
                });
            }
        }
        Ok(false)
    }

    fn connect(&self) -> io::Result<TcpStream> {
        let central = TcpStream::connect(self.central)?;
        central.set_read_timeout(Some(PATIENCE))?;
        central.set_write_timeout(Some(PATIENCE))?;
        Ok(central)
    }

    /// Hands a request to Central and reads its answer.
    fn ask(&self, request: &Message) -> io::Result<Message> {
        let mut central = self.connect()?;
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let answer = central
            .write_all(request.bytes())
            .and_then(|()| Message::read(&mut central));
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        answer?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn remember(&self, answer: &Message) {
        let mut old = lock(&self.old);
        if old.len() < OLD_ANSWERS {
            old.push(answer.clone());
        } else {
            let at = usize::try_from(self.calls.load(Ordering::Relaxed)).unwrap_or(0);
            old[at % OLD_ANSWERS] = answer.clone();
        }
    }

    fn garbage(&self) -> Vec<u8> {
        let noise: Vec<u8> = (0..self.below(2_000))
            .map(|_| self.below(256) as u8)
            .collect();
        let page = b"<html><body>Sign in to the guest network</body></html>";
        match self.below(3) {
            0 => noise,
            1 => Message::answer("200 OK", "Content-Type: text/xml\r\n", &noise).bytes,
            _ => Message::answer("200 OK", "Content-Type: text/html\r\n", page).bytes,
        }
    }
}

fn give(agent: &mut Tls, bytes: &[u8]) -> io::Result<()> {
    agent.write_all(bytes)?;
    agent.flush()
}
