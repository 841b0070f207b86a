//! SNMPv3 informs of net-snmp's `snmpinform` at a running agent, and what a restart makes of them.
//!
//! Without net-snmp on the machine the test says so and passes; with `PAGETALLY_REQUIRE_PEERS=1` it
//! fails instead.

use pagetally_onsite::{Agent, SiteFile, TrapWatch};
use pagetally_printer_mib::Definitions;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

const SITE: &str = "format = 1\n[traps]\nlisten = [\"127.0.0.1:0\"]\n\
    [[traps.user]]\nuser = \"printer\"\nauth = \"SHA-1\"\nauth_passphrase = \"authpass12\"\n\
    privacy = \"AES-128\"\nprivacy_passphrase = \"privpass12\"\n";

fn open(folder: &Path) -> (Agent, TrapWatch) {
    let site = SiteFile::parse(SITE, Path::new("site.toml")).expect("valid");
    let agent = Agent::open(folder, site).expect("an agent");
    let traps = agent.site().traps.clone().expect("switched on");
    let definitions = Definitions::builtin();
    let watch = TrapWatch::start(&agent, &traps, &definitions, || {}).expect("it listens");
    (agent, watch)
}

fn snmpinform(to: SocketAddr) -> Option<Child> {
    let folder = tempfile::tempdir().expect("a folder");
    let spawned = Command::new("snmpinform")
        .env("MIBS", "")
        .env("SNMP_PERSISTENT_DIR", folder.path())
        .args([
            "-v3",
            "-l",
            "authPriv",
            "-u",
            "printer",
            "-a",
            "SHA",
            "-A",
            "authpass12",
        ])
        .args(["-x", "AES", "-X", "privpass12", "-r", "1", "-t", "10"])
        .args([&to.to_string(), "4200", ".1.3.6.1.4.1.11.0.1"])
        .spawn();
    match spawned {
        Ok(child) => Some(child),
        Err(error) => {
            let required = std::env::var_os("PAGETALLY_REQUIRE_PEERS").is_some_and(|v| v == "1");
            assert!(!required, "snmpinform: {error}");
            println!("SKIPPED: snmpinform cannot be started: {error}");
            None
        }
    }
}

/// Waits until the watch has counted so many datagrams.
fn counted(watch: &TrapWatch, datagrams: u64) {
    let until = Instant::now() + Duration::from_secs(20);
    while watch.tally().datagrams.received < datagrams {
        assert!(Instant::now() < until, "{:?}", watch.tally());
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn an_inform_recorded_before_a_restart_is_refused_after_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (agent, watch) = open(&folder.path().join("agent"));
    // Between both, who keeps what is said.
    let relay = UdpSocket::bind("127.0.0.1:0").expect("loopback");
    let nap = Duration::from_millis(50);
    relay.set_read_timeout(Some(nap)).expect("a timeout");
    let Some(mut child) = snmpinform(relay.local_addr().expect("bound")) else {
        return;
    };
    let listener = watch.addresses()[0];
    let (mut sender, mut recorded) = (None, Vec::new());
    let mut buffer = [0; 4_096];
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        let Ok((len, from)) = relay.recv_from(&mut buffer) else {
            continue;
        };
        let to = if from == listener {
            sender
        } else {
            sender = Some(from);
            recorded.push(buffer[..len].to_vec());
            Some(listener)
        };
        if let Some(to) = to {
            relay.send_to(&buffer[..len], to).expect("sent");
        }
    };
    assert!(status.success(), "acknowledged: {:?}", watch.tally());
    let inform = recorded.last().expect("the inform");
    let before = watch.tally().datagrams;
    assert_eq!((before.told, before.not_in_time), (1, 0), "{before:?}");
    // Told again at once it is acknowledged and not told.
    relay.send_to(inform, listener).expect("sent");
    counted(&watch, before.received + 1);
    let again = watch.tally().datagrams;
    assert_eq!((again.told, again.repeated), (1, before.repeated + 1));
    drop((watch, agent));

    let (_agent, watch) = open(&folder.path().join("agent"));
    relay.send_to(inform, watch.addresses()[0]).expect("sent");
    counted(&watch, 1);
    let after = watch.tally().datagrams;
    assert_eq!((after.told, after.not_in_time), (0, 1), "{after:?}");
}
