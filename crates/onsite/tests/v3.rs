//! Whole passes over SNMPv3 on loopback: who is let in, what is remembered from pass to pass, and to whom
//! credentials never go.

use pagetally_fleet_sim::wire::Engine;
use pagetally_fleet_sim::{SimDevice, demo_fleet};
use pagetally_model::{DeviceAudit, Observation, Outcome, PassReport, Settings, SnmpUser, Witness};
use pagetally_onsite::{Agent, Cancel, DiscoveryEvent, Pass, PassEvent, Receiver, SiteFile};
use pagetally_printer_mib::Definitions;
use pagetally_snmp_engine::usm::{AuthProtocol, PrivProtocol, Secret, UsmCredential, UsmUser};
use std::error::Error;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

const USER: &str = "user reader\nauth SHA-256 authenticate me\npriv AES-256 and keep it private\n";

/// A simulated printer at an address of loopback, which keeps every datagram that it got.
struct Printer {
    address: SocketAddr,
    device: Arc<Mutex<SimDevice>>,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

fn engine(number: u8) -> Engine {
    let user = UsmUser {
        name: "reader".to_owned(),
        auth: Some((AuthProtocol::Sha256, Secret::new(*b"authenticate me"))),
        privacy: Some((PrivProtocol::Aes256, Secret::new(*b"and keep it private"))),
        context: String::new(),
    };
    let credential = UsmCredential::derive(&user).expect("valid");
    Engine::with_mac(11, [0, 1, 2, 3, 4, number]).with_user(Arc::new(credential))
}

/// What no printer is asked: whoever hears it has answered everything that came before.
const PING: &[u8] = b"ping";

impl Printer {
    /// The first printer of the demo's fleet, which lets the user in and no community.
    fn start(ip: [u8; 4]) -> Self {
        let mut device = demo_fleet(7).swap_remove(0);
        device.access_mut().communities.clear();
        device.access_mut().engine = Some(engine(1));
        let socket = UdpSocket::bind(SocketAddr::from((ip, 0))).expect("loopback");
        let nap = Duration::from_millis(20);
        socket.set_read_timeout(Some(nap)).expect("a timeout");
        let address = socket.local_addr().expect("bound");
        let device = Arc::new(Mutex::new(device));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let (device, heard, stop) = (device.clone(), heard.clone(), stop.clone());
            move || {
                let mut buffer = [0; 4_096];
                while !stop.load(Ordering::Relaxed) {
                    let Ok((len, from)) = socket.recv_from(&mut buffer) else {
                        continue;
                    };
                    let datagram = buffer[..len].to_vec();
                    if datagram == PING {
                        socket.send_to(PING, from).expect("sent");
                        continue;
                    }
                    let answer = device.lock().expect("whole").answer(&datagram);
                    let mut heard = heard.lock().expect("whole");
                    // What is sent again on a busy machine is asked once.
                    if heard.last() != Some(&datagram) {
                        heard.push(datagram);
                    }
                    drop(heard);
                    if let Some(answer) = answer {
                        socket.send_to(&answer, from).expect("sent");
                    }
                }
            }
        });
        Self {
            address,
            device,
            heard,
            stop,
            thread: Some(thread),
        }
    }

    /// To be told of everything that a pass does: each tenth of a second it waits until the printer has
    /// answered what came, so that a thread that gets no turn on a busy machine is no silent printer.
    fn keep_up(&self, event: &PassEvent) {
        if !matches!(event, PassEvent::Discovery(DiscoveryEvent::Progress { .. })) {
            return;
        }
        let pinger = UdpSocket::bind((self.address.ip(), 0)).expect("loopback");
        let patience = Some(Duration::from_secs(60));
        pinger.set_read_timeout(patience).expect("a timeout");
        pinger.send_to(PING, self.address).expect("sent");
        pinger.recv(&mut [0; 64]).expect("the printer plays");
    }

    /// Whether the user's name was sent since the last time.
    fn heard_the_user(&self) -> bool {
        let heard = std::mem::take(&mut *self.heard.lock().expect("whole"));
        let name = |datagram: &Vec<u8>| datagram.windows(6).any(|part| part == b"reader");
        heard.iter().any(name)
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Whether each device was read quickly, and in how many requests, in the order of reading.
fn reads(agent: &mut Agent, printer: &Printer) -> Vec<(bool, u32)> {
    let mut reads = Vec::new();
    Pass::new(agent, &Definitions::builtin())
        .run(&Cancel::new(), &mut |event| {
            printer.keep_up(&event);
            if let PassEvent::Discovery(DiscoveryEvent::Read {
                quick, requests, ..
            }) = event
            {
                reads.push((quick, requests));
            }
        })
        .expect("a pass");
    reads
}

#[test]
fn a_known_device_is_asked_for_its_engine_and_as_its_user_for_what_moves() {
    let printer = Printer::start([127, 95, 7, 3]);
    let folder = tempfile::tempdir().expect("a folder");
    let mut agent = Agent::open(&folder.path().join("agent"), SiteFile::default()).expect("opens");
    let store = |agent: &Agent, users: &str| {
        let settings = Settings {
            sleep_seconds: 0,
            ..settings(&printer, users)
        };
        agent.store().set_settings(&settings).expect("durable");
    };
    let heard = || printer.heard.lock().expect("whole").len();
    let bold = format!("{USER}first-contact\n");
    store(&agent, &bold);
    let first = reads(&mut agent, &printer);
    assert!(
        matches!(first[..], [(false, requests)] if requests > 4),
        "{first:?}"
    );
    // One question for the engine's id, and two as the user.
    let before = heard();
    assert_eq!(reads(&mut agent, &printer), [(true, 3)]);
    assert_eq!(heard() - before, 3);
    // The engine has started anew: its Report to the first question tells its clock.
    let restarted = Engine {
        boots: engine(1).boots + 1,
        ..engine(1)
    };
    printer.device.lock().expect("whole").access_mut().engine = Some(restarted);
    assert_eq!(reads(&mut agent, &printer), [(true, 3)]);
    // Its user is no more: it is not asked as anybody else but met anew.
    let other = bold.replace("user reader", "user writer");
    store(&agent, &other);
    assert_eq!(reads(&mut agent, &printer), []);
    // Another passphrase under the same name: what refuses that is told, and forgets nothing.
    store(
        &agent,
        &bold.replace("authenticate me", "authenticate them"),
    );
    assert_eq!(reads(&mut agent, &printer), []);
    store(&agent, &bold);
    assert_eq!(reads(&mut agent, &printer), [(true, 3)]);
    // Another engine at the address gets nothing that the known one got.
    store(&agent, USER);
    printer.heard_the_user();
    printer.device.lock().expect("whole").access_mut().engine = Some(engine(2));
    assert_eq!(reads(&mut agent, &printer), []);
    assert!(!printer.heard_the_user(), "credentials went to a stranger");
}

/// Keeps the audits.
#[derive(Default)]
struct Books(Vec<DeviceAudit>);

impl Receiver for Books {
    fn receive(
        &mut self,
        _report: &PassReport,
        audits: &[DeviceAudit],
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.0.extend_from_slice(audits);
        Ok(())
    }
}

fn pass(agent: &mut Agent, printer: &Printer) -> (Vec<DeviceAudit>, Vec<Observation>) {
    let mut books = Books::default();
    let summary = Pass::new(agent, &Definitions::builtin())
        .with_receiver(&mut books)
        .run(&Cancel::new(), &mut |event| printer.keep_up(&event))
        .expect("a pass");
    (books.0, summary.observations)
}

fn settings(printer: &Printer, users: &str) -> Settings {
    Settings {
        version: 1,
        targets: vec![printer.address.ip().to_string()],
        port: printer.address.port(),
        communities: Vec::new(),
        snmp_users: SnmpUser::from_text(users, &[]).expect("valid"),
        timeout_millis: 1_000,
        retries: 1,
        ..Settings::default()
    }
}

#[test]
fn an_engine_that_was_met_is_known_again_and_another_in_its_place_gets_nothing() {
    let printer = Printer::start([127, 95, 7, 1]);
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("agent");
    let open = |settings: &Settings| {
        let agent = Agent::open(&place, SiteFile::default()).expect("opens");
        agent.store().set_settings(settings).expect("durable");
        agent
    };
    // Nobody vouches for it, and nothing but the discovery is sent.
    let careful = settings(&printer, USER);
    let (audits, observations) = pass(&mut open(&careful), &printer);
    assert!(audits.is_empty());
    let [only] = &observations[..] else {
        panic!("{observations:?}");
    };
    assert_eq!(only.witness, Witness::SnmpV3Report);
    let told = matches!(&only.outcome, Outcome::Refused { reason } if reason.as_str().contains("first contact"));
    assert!(told, "{only:?}");
    assert!(!printer.heard_the_user());
    // The dealer wants a first contact.
    let bold = settings(&printer, &format!("{USER}first-contact\n"));
    let (audits, observations) = pass(&mut open(&bold), &printer);
    let [audit] = &audits[..] else {
        panic!("{observations:?}");
    };
    assert_eq!(audit.protocol.as_str(), "snmp-v3");
    let serial = audit.identity.serial.clone().expect("it has one");
    assert_eq!(observations[0].witness, Witness::SnmpV3);
    assert!(matches!(
        observations[0].outcome,
        Outcome::PrinterRead { .. }
    ));
    assert!(printer.heard_the_user());
    // From then on it is known, in another process too.
    let (audits, _) = pass(&mut open(&careful), &printer);
    assert_eq!(
        audits.first().and_then(|it| it.identity.serial.clone()),
        Some(serial)
    );
    // Somebody else has its address by now.
    printer.heard_the_user();
    printer.device.lock().expect("whole").access_mut().engine = Some(engine(2));
    let (audits, observations) = pass(&mut open(&careful), &printer);
    assert!(audits.is_empty());
    assert!(matches!(observations[0].outcome, Outcome::Refused { .. }));
    assert!(!printer.heard_the_user(), "credentials went to a stranger");
}

#[test]
fn a_listed_engine_is_read_and_what_it_has_against_a_user_is_told() {
    let printer = Printer::start([127, 95, 7, 2]);
    let folder = tempfile::tempdir().expect("a folder");
    let mut agent = Agent::open(&folder.path().join("agent"), SiteFile::default()).expect("opens");
    let id = engine(1).id;
    let id: String = id.iter().map(|octet| format!("{octet:02x}")).collect();
    let listed = format!("engine {id}\n");
    let right = format!("{USER}{listed}");
    let wrong = right.replace("authenticate me", "authenticate them");
    let store = |agent: &Agent, users: &str| {
        let settings = settings(&printer, users);
        agent.store().set_settings(&settings).expect("durable");
    };
    store(&agent, &wrong);
    let (audits, observations) = pass(&mut agent, &printer);
    assert!(audits.is_empty());
    let reason = match &observations[0].outcome {
        Outcome::Refused { reason } => reason.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(reason.contains("wrong digest"), "{reason}");
    store(&agent, &right);
    let (audits, _) = pass(&mut agent, &printer);
    assert_eq!(audits.len(), 1);
}
