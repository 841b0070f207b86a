//! Devices that answer from another address than they are asked at, over real sockets.

use super::agent::Agent;
use super::{device, patient, recordings};
use pagetally_printer_mib::{Definitions, ReadPlan};
use pagetally_snmp::{Cancel, ScanConfig, ScanEvent, scan};
use pagetally_snmp_engine::{Answers, Version};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// What no device is asked: whoever hears it has answered everything that came before.
const PING: &[u8] = b"ping";

/// Plays a device: asked at one address, it answers from another.
fn play(
    mut agent: Agent,
    number: u8,
    port: u16,
    stop: Arc<AtomicBool>,
) -> (UdpSocket, JoinHandle<()>) {
    let bind = |net| UdpSocket::bind((Ipv4Addr::new(127, 91, net, number), port));
    let (asked, other) = (bind(0).expect("loopback"), bind(1).expect("loopback"));
    asked
        .set_read_timeout(Some(Duration::from_millis(50)))
        .expect("a timeout");
    let kept = other.try_clone().expect("a socket");
    let thread = std::thread::spawn(move || {
        let mut buffer = [0; 2_048];
        while !stop.load(Ordering::Relaxed) {
            let Ok((length, from)) = asked.recv_from(&mut buffer) else {
                continue;
            };
            let heard = &buffer[..length];
            let answer = match heard == PING {
                true => Some(PING.to_vec()),
                false => agent.answer(heard),
            };
            if let Some(answer) = answer {
                let _ = other.send_to(&answer, from);
            }
        }
    });
    (kept, thread)
}

/// Waits until every device has answered what had come to it: a thread that gets no turn on a busy
/// machine is no silent device.
fn settle(pinger: &UdpSocket, devices: &BTreeMap<SocketAddr, (String, Answers)>) {
    for address in devices.keys() {
        pinger.send_to(PING, address).expect("sent");
    }
    for _ in devices {
        let answer = pinger.recv(&mut [0; 64]).expect("every device plays");
        assert_eq!(answer, PING.len());
    }
}

#[test]
fn answers_from_another_address_are_heard_where_that_is_known_and_nothing_is_lost() {
    let definitions = Definitions::builtin();
    let free = UdpSocket::bind((Ipv4Addr::new(127, 91, 1, 1), 0)).expect("loopback");
    let port = free.local_addr().expect("bound").port();
    drop(free);
    let stop = Arc::new(AtomicBool::new(false));
    let mut players = Vec::new();
    let mut truth: BTreeMap<SocketAddr, (String, Answers)> = BTreeMap::new();
    let mut answers_from = Vec::new();
    for (number, (name, recording)) in (1..=250_u8).zip(recordings()) {
        let mut agent = device(&recording, Version::V2c);
        let asked = SocketAddr::from(([127, 91, 0, number], port));
        let plan = &mut ReadPlan::new(&definitions);
        truth.insert(asked, (name, patient::read(&mut agent, Version::V2c, plan)));
        answers_from.push((asked, IpAddr::from([127, 91, 1, number])));
        players.push(play(agent, number, port, Arc::clone(&stop)));
    }
    let config = ScanConfig {
        answers_from,
        datagrams_per_second: 5_000,
        subnet_datagrams_per_second: Some(5_000),
        ..ScanConfig::default()
    };
    let mut told = Vec::new();
    let mut read = 0;
    let pinger = UdpSocket::bind((Ipv4Addr::new(127, 91, 2, 1), 0)).expect("loopback");
    let patience = Some(Duration::from_secs(60));
    pinger.set_read_timeout(patience).expect("a timeout");
    let mut on_event = |event| {
        // Told each tenth of a second, between sending and receiving.
        if let ScanEvent::Progress { .. } = event {
            settle(&pinger, &truth);
        } else if let ScanEvent::Read {
            address, answers, ..
        } = event
        {
            read += 1;
            let (name, truth) = &truth[&address];
            let differs = truth
                .iter()
                .filter(|(oid, value)| answers.get(oid) != Some(*value));
            told.extend(differs.map(|(oid, _)| format!("{name}: {oid}")));
        }
    };
    let targets: Vec<SocketAddr> = truth.keys().copied().collect();
    let stats = scan(
        targets,
        &config,
        &mut |_| Box::new(ReadPlan::new(&definitions)),
        &Cancel::new(),
        &mut on_event,
    );
    stop.store(true, Ordering::Relaxed);
    for (_, thread) in players {
        thread.join().expect("it plays to the end");
    }
    stats.expect("a scan");
    assert!(told.is_empty(), "{}", told.join("\n"));
    // Some recordings show no printer in the probe's answer, and are other devices to a bare scan.
    assert!(
        read * 10 >= truth.len() * 8,
        "{read} of {} read",
        truth.len()
    );
}
