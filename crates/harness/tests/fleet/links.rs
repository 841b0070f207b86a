//! Links that lose and delay are shown to lose and delay.

use crate::ask::{SYS_NAME, get, socket, text};
use pagetally_fleet_sim::demo_fleet;
use pagetally_harness::fleet::{Fleet, FleetConfig};
use std::io::ErrorKind;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(5);

fn fleet(change: impl FnOnce(&mut FleetConfig)) -> Fleet {
    let mut devices = demo_fleet(9);
    devices.truncate(3);
    let mut config = FleetConfig::new(devices);
    change(&mut config);
    Fleet::start(config).expect("served")
}

/// Sends so many requests to the first device and says which were answered.
fn answered(fleet: &Fleet, requests: i32) -> Vec<i32> {
    let socket = socket(PATIENCE);
    let mut buffer = [0; 2_048];
    let mut ids = Vec::new();
    for id in 0..requests {
        let before = fleet.stats();
        socket
            .send_to(&get(id, SYS_NAME), fleet.address(0))
            .expect("sent");
        // The fleet's own books say when this request's fate is known.
        let deadline = Instant::now() + PATIENCE;
        let after = loop {
            let stats = fleet.stats();
            if stats.answered + stats.lost > before.answered + before.lost {
                break stats;
            }
            assert!(Instant::now() < deadline, "request {id} vanished");
            std::thread::yield_now();
        };
        if after.answered > before.answered {
            let (length, _) = socket.recv_from(&mut buffer).expect("an answer");
            ids.push(text(&buffer[..length]).0);
        }
    }
    ids
}

#[test]
fn a_lossy_link_loses_its_share_and_the_same_datagrams_each_time() {
    let lossy = |seed| {
        fleet(|config| {
            config.loss_per_million = 300_000;
            config.seed = seed;
        })
    };
    let first = answered(&lossy(7), 300);
    // Seven of ten get there, seven of ten of the answers come back: 49 %.
    assert!((117..177).contains(&first.len()), "{} of 300", first.len());
    assert_eq!(first, answered(&lossy(7), 300));
    assert_ne!(first, answered(&lossy(8), 300));
}

#[test]
fn a_perfect_link_loses_nothing() {
    let fleet = fleet(|_| {});
    assert_eq!(answered(&fleet, 200), (0..200).collect::<Vec<_>>());
    let stats = fleet.stats();
    assert_eq!((stats.received, stats.lost, stats.silent), (200, 0, 0));
}

#[test]
fn a_slow_link_answers_late_and_not_early() {
    let fleet = fleet(|config| config.latency = Duration::from_millis(120));
    let socket = socket(PATIENCE);
    let begin = Instant::now();
    for id in 0..5 {
        socket
            .send_to(&get(id, SYS_NAME), fleet.address(1))
            .expect("sent");
    }
    let mut buffer = [0; 2_048];
    for id in 0..5 {
        let (length, from) = socket.recv_from(&mut buffer).expect("an answer");
        assert!(begin.elapsed() >= Duration::from_millis(120));
        assert_eq!(from, fleet.address(1));
        assert_eq!(text(&buffer[..length]).0, id, "in the order of asking");
    }
}

#[test]
fn one_device_can_be_cut_off_while_the_others_answer() {
    let fleet = fleet(|_| {});
    fleet.set_link(0, 1_000_000, Duration::ZERO);
    let socket = socket(PATIENCE);
    for index in 0..2 {
        socket
            .send_to(
                &get(index, SYS_NAME),
                fleet.address(usize::try_from(index).expect("small")),
            )
            .expect("sent");
    }
    let mut buffer = [0; 2_048];
    let (length, from) = socket.recv_from(&mut buffer).expect("an answer");
    assert_eq!((from, text(&buffer[..length]).0), (fleet.address(1), 1));
    socket
        .set_read_timeout(Some(Duration::from_millis(100)))
        .expect("a timeout");
    let error = socket.recv_from(&mut buffer).expect_err("cut off");
    assert!(matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut
    ));
}
