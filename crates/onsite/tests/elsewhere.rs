//! A device that answers from another address than it is asked at is heard where the site's own file
//! says so, and nowhere else.

use pagetally_fleet_sim::demo_fleet;
use pagetally_model::{Outcome, Settings};
use pagetally_onsite::{Agent, Cancel, Pass, SiteFile};
use pagetally_printer_mib::Definitions;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const ASKED: Ipv4Addr = Ipv4Addr::new(127, 95, 9, 1);
const FROM: Ipv4Addr = Ipv4Addr::new(127, 95, 9, 2);

/// Of whom nothing is heard, nothing is heard however long one waits.
const BRIEF: u64 = 500;

/// Whoever is heard is heard at once, but for a busy machine.
const PATIENT: u64 = 60_000;

/// What became of the device in one pass by an agent whose file holds this and who waits so many
/// milliseconds.
fn outcome(file: &str, port: u16, timeout_millis: u64) -> Outcome {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!("format = 1\n[network]\n{file}\n");
    let site = SiteFile::parse(&text, Path::new("site.toml")).expect("valid");
    let mut agent = Agent::open(&folder.path().join("agent"), site).expect("opens");
    let settings = Settings {
        version: 1,
        targets: vec![ASKED.to_string()],
        port,
        timeout_millis,
        retries: 0,
        ..Settings::default()
    };
    agent.store().set_settings(&settings).expect("durable");
    let summary = Pass::new(&mut agent, &Definitions::builtin())
        .run(&Cancel::new(), &mut |_| {})
        .expect("a pass");
    let [only] = &summary.observations[..] else {
        panic!("{:?}", summary.observations);
    };
    only.outcome.clone()
}

#[test]
fn who_answers_from_elsewhere_is_heard_where_the_sites_file_says_so() {
    let mut device = demo_fleet(7).swap_remove(0);
    let asked = UdpSocket::bind(SocketAddr::from((ASKED, 0))).expect("loopback");
    let nap = Duration::from_millis(20);
    asked.set_read_timeout(Some(nap)).expect("a timeout");
    let port = asked.local_addr().expect("bound").port();
    let from = UdpSocket::bind(SocketAddr::from((FROM, port))).expect("loopback");
    let stop = Arc::new(AtomicBool::new(false));
    let player = std::thread::spawn({
        let stop = Arc::clone(&stop);
        move || {
            let mut buffer = [0; 4_096];
            while !stop.load(Ordering::Relaxed) {
                let Ok((len, to)) = asked.recv_from(&mut buffer) else {
                    continue;
                };
                if let Some(answer) = device.answer(&buffer[..len]) {
                    from.send_to(&answer, to).expect("sent");
                }
            }
        }
    });
    let exception = format!("answers_from = {{ \"{ASKED}\" = \"{FROM}\" }}");
    let other = format!("answers_from = {{ \"{ASKED}\" = \"127.95.9.3\" }}");
    assert_eq!(outcome("", port, BRIEF), Outcome::Silent);
    assert_eq!(outcome(&other, port, BRIEF), Outcome::Silent);
    let read = outcome(&exception, port, PATIENT);
    assert!(matches!(read, Outcome::PrinterRead { .. }), "{read:?}");
    stop.store(true, Ordering::Relaxed);
    player.join().expect("it plays to the end");
}
