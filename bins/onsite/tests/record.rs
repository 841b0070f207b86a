//! `onsite record`, as a process and as a library, against devices on loopback.

mod common;

use common::{Said, onsite, recordings, run, said};
use pagetally_fleet_sim::wire::Engine;
use pagetally_fleet_sim::{SimDevice, demo_fleet};
use pagetally_harness::fleet::recordings::{Copies, load};
use pagetally_harness::fleet::{Fleet, FleetConfig};
use pagetally_model::DeviceAudit;
use pagetally_onsite::{
    Cancel, Clocks, Masking, RecordTarget, Recorded, Recording, ReplayIds, ScanConfig, WalkLimits,
    record, recorded_roots, replay_answers,
};
use pagetally_printer_mib::Definitions;
use pagetally_snmp_engine::message::Message;
use pagetally_snmp_engine::usm::{AuthProtocol, PrivProtocol, Secret, UsmCredential, UsmUser};
use pagetally_snmp_engine::walk::LeftOutReason;
use pagetally_snmp_engine::{Oid, Value, deny};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

fn fleet(base: [u8; 4], devices: Vec<SimDevice>) -> Fleet {
    Fleet::start(FleetConfig {
        base: Ipv4Addr::from(base),
        ..FleetConfig::new(devices)
    })
    .expect("a fleet")
}

fn named(name: &str, lines: &str) -> SimDevice {
    let recording = Recording::parse(lines.as_bytes()).expect("valid");
    SimDevice::from_recording(name, Arc::new(recording))
}

fn onsite_record(fleet: &Fleet, index: usize, file: &Path, args: &[&str]) -> Said {
    let address = fleet.address(index);
    said(
        onsite()
            .args([
                "record",
                &address.ip().to_string(),
                "--port",
                &address.port().to_string(),
            ])
            .args(["--timeout", "300ms", "--retries", "1", "--rate", "100000"])
            .arg("--output")
            .arg(file)
            .args(args)
            .output()
            .expect("the program starts"),
    )
}

fn target(address: SocketAddr) -> RecordTarget {
    RecordTarget {
        address,
        config: ScanConfig {
            timeout: Duration::from_millis(500),
            retries: 1,
            datagrams_per_second: 1_000_000,
            ..ScanConfig::default()
        },
        v1_only: false,
        limits: WalkLimits::default(),
        masking: Masking::Nothing,
    }
}

fn record_from(address: SocketAddr) -> Recorded {
    let target = target(address);
    record(
        &target,
        &Definitions::builtin(),
        &Cancel::new(),
        &mut |_| {},
    )
    .expect("recorded")
}

fn decode(recording: &Recording) -> DeviceAudit {
    let ids = ReplayIds::fresh(&Clocks::start().expect("a clock")).expect("random numbers");
    replay_answers(&recording.to_answers(), &ids, &Definitions::builtin())
}

fn read(file: &Path) -> Recording {
    Recording::parse(&std::fs::read(file).expect("written")).expect("a recording")
}

/// Meters and levels, which masking must not touch.
fn numbers(audit: &DeviceAudit) -> Vec<String> {
    let meters = audit.meters.iter().map(|meter| {
        format!(
            "{:?} {:?} {:?} {}",
            meter.function, meter.color, meter.sides, meter.value
        )
    });
    let supplies = audit.supplies.iter();
    let levels =
        supplies.map(|supply| format!("{} {:?} {:?}", supply.slot, supply.kind, supply.level));
    meters.chain(levels).collect()
}

fn in_temp(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(name);
    (folder, file)
}

const ACME: &str = "1.3.6.1.2.1.1.1.0|4|ACME Printer 9\n\
    1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.1.9\n\
    1.3.6.1.2.1.1.5.0|4|mfp-07.corp.example.com\n\
    1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5\n\
    1.3.6.1.2.1.25.3.2.1.3.1|4|ACME Printer 9\n\
    1.3.6.1.2.1.43.5.1.1.17.1|4|QX7K4410923\n\
    1.3.6.1.2.1.43.10.2.1.4.1.1|65|6466\n\
    1.3.6.1.4.1.99999.3.1.0|4|SN:QX7K4410923;\n";

#[test]
fn a_recording_is_written_masked_with_a_list_beside_it() {
    let fleet = fleet([127, 94, 1, 1], vec![named("acme", ACME)]);
    let (folder, file) = in_temp("acme.snmprec");
    let said = onsite_record(&fleet, 0, &file, &[]).ends_with(0);
    let text = std::fs::read_to_string(&file).expect("written");
    assert!(
        !text.contains("QX7K4410923") && !text.contains("corp.example"),
        "{text}"
    );
    assert!(
        text.contains("1.3.6.1.2.1.43.10.2.1.4.1.1|65|6466"),
        "{text}"
    );
    let list = folder.path().join("acme.snmprec.masked.txt");
    let list = std::fs::read_to_string(list).expect("written");
    for told in [&said.out, &list] {
        assert!(told.contains("serial number"), "{told}");
        assert!(told.contains("1.3.6.1.2.1.43.5.1.1.17.1"), "{told}");
        assert!(!told.contains("QX7K") && !told.contains("mfp-07"), "{told}");
    }
    assert!(list.contains("never asked for"), "{list}");
    assert!(
        said.out.contains("ACME Printer 9") && said.err.is_empty(),
        "{}",
        said.err
    );
    // What was recorded is what replay reads.
    let replayed = run(&["replay", file.to_str().expect("UTF-8"), "--format", "json"]).ends_with(0);
    assert_eq!(replayed.json()["meters"][0]["value"], 6466);
}

/// A device that lets one user of SNMPv3 in, and no community; and its engine id.
fn v3_alone(lines: &str) -> (SimDevice, String) {
    let secret = |text: &str| Secret::new(text.as_bytes());
    let user = UsmUser {
        name: "reader".to_owned(),
        auth: Some((AuthProtocol::Sha256, secret("authenticate me"))),
        privacy: Some((PrivProtocol::Aes128, secret("and keep it private"))),
        context: String::new(),
    };
    let credential = Arc::new(UsmCredential::derive(&user).expect("valid"));
    let engine = Engine::with_mac(11, [0, 1, 2, 3, 4, 5]).with_user(credential);
    let id = engine.id.iter().map(|octet| format!("{octet:02x}"));
    let id = id.collect();
    let mut device = named("v3", lines);
    device.access_mut().communities.clear();
    device.access_mut().engine = Some(engine);
    (device, id)
}

#[test]
fn a_device_that_speaks_v3_alone_is_recorded_as_a_user_whom_its_engine_may_see() {
    // No printer in the words of the standard: a technician records it all the same.
    let lines = "1.3.6.1.2.1.1.1.0|4|ACME Label 3\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.3\n\
                 1.3.6.1.4.1.99999.3.1.0|65|17\n1.3.6.1.4.1.99999.3.2.0|2|4\n";
    let (device, engine) = v3_alone(lines);
    let fleet = fleet([127, 94, 21, 1], vec![device]);
    let (folder, file) = in_temp("v3.snmprec");
    let users = folder.path().join("users");
    let as_user = |more: &str| {
        let user = "user reader\nauth SHA-256 authenticate me\npriv AES-128 and keep it private\n";
        std::fs::write(&users, format!("{user}{more}")).expect("written");
        let users = users.to_str().expect("UTF-8");
        onsite_record(&fleet, 0, &file, &["--force", "--v3-users", users])
    };
    let said = onsite_record(&fleet, 0, &file, &[]).ends_with(1);
    assert!(said.err.contains("--v3-user"), "{}", said.err);
    // Nobody vouches for the engine: its id is told, and how to say that it may be trusted.
    let said = as_user("").ends_with(1);
    for word in [engine.as_str(), "--v3-engine", "--v3-first-contact"] {
        assert!(said.err.contains(word), "{}", said.err);
    }
    assert!(!file.exists());
    for trust in [format!("engine {engine}\n"), "first-contact\n".to_owned()] {
        let said = as_user(&trust).ends_with(0);
        assert!(said.out.contains("SNMPv3"), "{}", said.out);
        assert_eq!(
            read(&file),
            Recording::parse(lines.as_bytes()).expect("valid")
        );
        std::fs::remove_file(&file).expect("there");
    }
    let said = onsite_record(&fleet, 0, &file, &["--v1", "--v3-user", "reader"]);
    let said = said.ends_with(2);
    assert!(said.err.contains("cannot be used with"), "{}", said.err);
}

#[test]
fn what_is_to_be_kept_is_kept_only_on_request() {
    let fleet = fleet([127, 94, 2, 1], vec![named("acme", ACME)]);
    let (_folder, file) = in_temp("a.snmprec");
    onsite_record(&fleet, 0, &file, &["--keep-serial"]).ends_with(0);
    let text = std::fs::read_to_string(&file).expect("written");
    assert!(
        text.contains("SN:QX7K4410923;") && !text.contains("mfp-07"),
        "{text}"
    );
    let said = onsite_record(&fleet, 0, &file, &["--no-mask", "--force"]).ends_with(0);
    assert!(said.out.contains("nothing is masked"), "{}", said.out);
    let recording = read(&file);
    assert_eq!(recording, Recording::parse(ACME.as_bytes()).expect("valid"));
}

#[test]
fn a_file_that_exists_is_not_replaced_and_the_device_not_asked() {
    let fleet = fleet([127, 94, 3, 1], vec![named("acme", ACME)]);
    let (_folder, file) = in_temp("a.snmprec");
    std::fs::write(&file, "mine").expect("writable");
    let said = onsite_record(&fleet, 0, &file, &[]).ends_with(2);
    assert!(
        said.err.contains("exists") && said.err.contains("--force"),
        "{}",
        said.err
    );
    assert_eq!(std::fs::read_to_string(&file).expect("there"), "mine");
    assert_eq!(fleet.stats().received, 0);
}

#[test]
fn a_silent_address_and_a_wrong_community_say_what_to_try() {
    let mut closed = named("closed", ACME);
    closed.access_mut().communities = vec![b"another".to_vec()];
    let fleet = fleet([127, 94, 4, 1], vec![closed]);
    let (_folder, file) = in_temp("a.snmprec");
    let said = onsite_record(&fleet, 0, &file, &[]).ends_with(1);
    assert!(said.err.contains("does not answer"), "{}", said.err);
    assert!(said.err.contains("--community"), "{}", said.err);
    assert!(!file.exists());
    onsite_record(&fleet, 0, &file, &["--community", "another"]).ends_with(0);
    let nobody = run(&[
        "record",
        "127.94.4.77",
        "--port",
        &fleet.port().to_string(),
        "--timeout",
        "100ms",
        "--retries",
        "0",
        "-o",
        "/nonexistent/x.snmprec",
    ])
    .ends_with(1);
    assert!(nobody.err.contains("127.94.4.77"), "{}", nobody.err);
    let block = run(&["record", "127.94.4.0/24", "-o", "/nonexistent/x.snmprec"]).ends_with(2);
    assert!(block.err.contains("one device at a time"), "{}", block.err);
}

#[test]
fn what_is_no_printer_is_recorded_and_said_to_be_none() {
    let switch = "1.3.6.1.2.1.1.1.0|4|ACME Switch 24\n\
        1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99998.1\n\
        1.3.6.1.4.1.99998.2.1.0|2|24\n";
    let fleet = fleet([127, 94, 5, 1], vec![named("switch", switch)]);
    let (_folder, file) = in_temp("switch.snmprec");
    let said = onsite_record(&fleet, 0, &file, &[]).ends_with(0);
    assert!(
        said.err
            .contains("nothing in it says that this is a printer"),
        "{}",
        said.err
    );
    assert_eq!(read(&file).varbinds().len(), 3);
}

#[test]
fn a_device_that_speaks_v1_alone_is_recorded_over_it() {
    let mut old = named("old", ACME);
    old.access_mut().v2c = false;
    let fleet = fleet([127, 94, 6, 1], vec![old, named("new", ACME)]);
    let (_folder, file) = in_temp("a.snmprec");
    let said = onsite_record(&fleet, 0, &file, &["--no-mask"]).ends_with(0);
    assert!(said.out.contains("SNMPv1"), "{}", said.out);
    assert_eq!(read(&file).varbinds().len(), 8);
    let said = onsite_record(&fleet, 1, &file, &["--v1", "--force"]).ends_with(0);
    assert!(said.out.contains("SNMPv1"), "{}", said.out);
}

#[cfg(unix)]
#[test]
fn ctrl_c_writes_what_was_had() {
    let mut lines = ACME.to_owned();
    for row in 0..3_000 {
        lines.push_str(&format!(
            "1.3.6.1.4.1.99999.9.{}.{}|2|1\n",
            row / 100,
            row % 100
        ));
    }
    let fleet = fleet([127, 94, 7, 1], vec![named("long", &lines)]);
    fleet.set_link(0, 0, Duration::from_millis(30));
    let (_folder, file) = in_temp("long.snmprec");
    let address = fleet.address(0);
    let child = onsite()
        .args([
            "record",
            &address.ip().to_string(),
            "--port",
            &address.port().to_string(),
        ])
        .args(["--output", file.to_str().expect("UTF-8")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    while fleet.stats().answered < 25 {
        std::thread::yield_now();
    }
    common::signal(&child, "INT");
    let said = said(child.wait_with_output().expect("it ends")).ends_with(130);
    assert!(said.out.contains("stopped by the caller"), "{}", said.out);
    let had = read(&file).varbinds().len();
    assert!((8..3_000).contains(&had), "{had}");
}

#[test]
fn simulated_printers_keep_their_numbers_and_lose_their_names() {
    let devices: Vec<SimDevice> = demo_fleet(7)
        .into_iter()
        .filter(|device| device.model().is_some() && device.truth().is_printer)
        .filter(|device| device.access().communities.contains(&b"public".to_vec()))
        .take(8)
        .collect();
    let fleet = fleet([127, 94, 8, 1], devices);
    for index in 0..fleet.len() {
        let truth = fleet
            .with_device(index, |device| device.truth())
            .expect("there");
        let target = RecordTarget {
            masking: Masking::All,
            ..target(fleet.address(index))
        };
        let recorded = record(
            &target,
            &Definitions::builtin(),
            &Cancel::new(),
            &mut |_| {},
        );
        let recorded = recorded.unwrap_or_else(|error| panic!("{}: {error}", truth.name));
        let text = recorded.recording.to_text().to_lowercase();
        let mac: String = truth
            .mac
            .iter()
            .flatten()
            .map(|octet| format!("{octet:02x}"))
            .collect();
        for private in [&truth.serial, &truth.hostname, &truth.location, &mac] {
            let private = private.to_lowercase();
            if private.len() > 4 {
                assert!(!text.contains(&private), "{} tells {private}", truth.name);
                let hex: String = private
                    .bytes()
                    .map(|octet| format!("{octet:02x}"))
                    .collect();
                assert!(
                    !text.contains(&hex),
                    "{} tells {private} in hex",
                    truth.name
                );
            }
        }
        let address = fleet.address(index).ip().to_string();
        assert!(!text.contains(&address), "{} tells {address}", truth.name);
        if let Some(life) = truth.life_count {
            let told = recorded
                .audit
                .markers
                .first()
                .and_then(|marker| marker.life_count);
            assert_eq!(told, Some(life.value), "{}", truth.name);
        }
        assert_eq!(
            recorded.audit.supplies.len(),
            decode(&recorded.recording).supplies.len()
        );
    }
}

type Names = Arc<Mutex<Vec<Oid>>>;

/// A device behind a socket that notes what is asked and what is told.
struct Tapped {
    address: SocketAddr,
    asked: Names,
    told: Names,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Tapped {
    fn serve(mut device: SimDevice) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .expect("a timeout");
        let address = socket.local_addr().expect("bound");
        let (asked, told) = (Arc::default(), Arc::default());
        let stop = Arc::new(AtomicBool::new(false));
        let taps: (Names, Names) = (Arc::clone(&asked), Arc::clone(&told));
        let ends = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while !ends.load(Ordering::Relaxed) {
                let Ok((length, peer)) = socket.recv_from(&mut buffer) else {
                    continue;
                };
                let datagram = &buffer[..length];
                note(&taps.0, datagram, |_| true);
                if let Some(answer) = device.answer(datagram) {
                    note(&taps.1, &answer, |value| !value.is_exception());
                    let _ = socket.send_to(&answer, peer);
                }
            }
        });
        Self {
            address,
            asked,
            told,
            stop,
            thread: Some(thread),
        }
    }

    fn names(list: &Names) -> Vec<Oid> {
        list.lock().expect("whole").clone()
    }
}

fn note(list: &Mutex<Vec<Oid>>, datagram: &[u8], counts: impl Fn(&Value) -> bool) {
    let Ok(message) = Message::decode(datagram) else {
        return;
    };
    let varbinds = message
        .varbinds
        .flatten()
        .map(|varbind| varbind.to_varbind());
    let names = varbinds.filter(|one| counts(&one.value)).map(|one| one.oid);
    list.lock().expect("whole").extend(names);
}

impl Drop for Tapped {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[test]
fn no_datagram_asks_for_anything_denied_and_what_acts_is_never_told() {
    let epson = "1.3.6.1.2.1.1.1.0|4|EPSON Built-in 11b/g/n Print Server\n\
        1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1248.1.1.2.2.3\n\
        1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5\n\
        1.3.6.1.4.1.11.2.3.9.1.1.7.0|4|MFG:EPSON;\n\
        1.3.6.1.4.1.11.2.3.9.1.1.13.0|4|secret\n\
        1.3.6.1.4.1.1248.1.1.3.1.1.1.0|4|x\n\
        1.3.6.1.4.1.1248.1.2.2.1.1.1.1.1|4|MFG:EPSON;MDL:X;SN:QX7K4410923;\n\
        1.3.6.1.4.1.1248.1.2.2.27.1.1.3.1.1|65|6466\n\
        1.3.6.1.4.1.1248.1.2.2.27.1.1.4.1.1|65|1200\n\
        1.3.6.1.4.1.1248.1.2.2.44.1.1.2.1.1|4|acts\n\
        1.3.6.1.4.1.1248.1.2.2.51.1.0|2|7\n\
        1.3.6.1.4.1.2699.1.1.1.3.1.1.5.1|4|salaries.doc\n\
        1.3.6.1.4.1.2699.1.1.1.3.1.1.5.2|4|divorce.doc\n\
        1.3.6.1.4.1.2699.1.2.1.2.1.1.2.1|4|port\n\
        1.3.6.1.4.1.2699.1.2.1.2.1.1.7.1|4|secret\n\
        1.3.6.1.6.3.15.1.2.2.1.3.5|4|user\n";
    let device = Tapped::serve(named("epson", epson));
    let recorded = record_from(device.address);
    for name in Tapped::names(&device.asked) {
        assert_eq!(deny::instance(&name), None, "{name} was asked for");
    }
    // What only tells may be landed in at the end of a column or a stretch, and is dropped; what acts
    // is not even landed in.
    let told = Tapped::names(&device.told);
    let channel: Oid = "1.3.6.1.4.1.1248.1.2.2.44".parse().expect("valid");
    assert!(
        !told.iter().any(|name| name.starts_with(&channel)),
        "{told:?}"
    );
    assert!(recorded.stats.dropped <= 6, "{:?}", recorded.stats);
    let text = recorded.recording.to_text();
    for secret in ["acts", "secret", "salaries", "divorce", "user"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    for kept in [
        "|6466",
        "|1200",
        "1248.1.2.2.51.1.0|2|7",
        "1248.1.1.3.1.1.1.0",
    ] {
        assert!(text.contains(kept), "no {kept} in {text}");
    }
    let is_told =
        |one: &pagetally_snmp_engine::walk::LeftOut| matches!(one.reason, LeftOutReason::Denied(_));
    assert!(recorded.left_out.iter().filter(|one| is_told(one)).count() >= 7);
}

#[test]
fn every_recording_recorded_over_udp_is_the_recording() {
    let Some(folder) = recordings() else { return };
    let devices = load(&folder, Copies::default()).expect("recordings");
    let names: Vec<String> = devices
        .iter()
        .map(|device| device.name().to_owned())
        .collect();
    let walks: Vec<BTreeMap<Oid, Value>> = devices
        .iter()
        .map(|device| {
            device
                .walk()
                .into_iter()
                .map(|one| (one.oid, one.value))
                .collect()
        })
        .collect();
    let fleet = fleet([127, 94, 9, 1], devices);
    let roots = recorded_roots();
    let mut seen = 0;
    for (index, (name, walk)) in names.iter().zip(&walks).enumerate() {
        let recorded = record_from(fleet.address(index));
        let had: BTreeMap<&Oid, &Value> = recorded
            .recording
            .varbinds()
            .iter()
            .map(|varbind| (&varbind.oid, &varbind.value))
            .collect();
        for (oid, value) in &had {
            assert_eq!(walk.get(*oid), Some(*value), "{name} {oid}");
            assert_eq!(deny::instance(oid), None, "{name} {oid}");
        }
        for (oid, value) in walk {
            if !roots.iter().any(|root| oid.starts_with(root)) || *value == Value::Null {
                continue;
            }
            let told = recorded
                .left_out
                .iter()
                .any(|one| one.from <= *oid && one.until.as_ref().is_none_or(|until| oid <= until));
            assert!(
                had.contains_key(oid) || told,
                "{name}: {oid} is missing in silence"
            );
            seen += usize::from(had.contains_key(oid));
        }
        let numbers_of_all = numbers(&decode(&walk_as_recording(walk)));
        assert_eq!(numbers(&recorded.audit), numbers_of_all, "{name}");
    }
    assert!(seen > 50_000, "{seen}");
}

fn walk_as_recording(walk: &BTreeMap<Oid, Value>) -> Recording {
    let varbinds = walk
        .iter()
        .map(|(oid, value)| pagetally_snmp_engine::VarBind {
            oid: oid.clone(),
            value: value.clone(),
        });
    varbinds.collect()
}
