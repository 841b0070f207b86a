//! The trap listener against net-snmp's `snmptrap` and `snmpinform`, and over real sockets.
//!
//! Without net-snmp on the machine its tests say so and pass; with `PAGETALLY_REQUIRE_PEERS=1` they
//! fail instead.

use pagetally_snmp::{Cancel, Heard, TrapListener};
use pagetally_snmp_engine::trap::{
    NotificationKind, OwnEngine, Subject, TrapConfig, TrapCounters, TrapLimits, TrapPdu, TrapUser,
};
use pagetally_snmp_engine::usm::{AuthProtocol, PrivProtocol, Secret, UsmCredential, UsmUser};
use pagetally_snmp_engine::{Oid, Value, Version};
use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

const PRINTER_ALERT: &str = "1.3.6.1.2.1.43.18.2.0.1";

/// A listener on a thread of its own.
struct Listening {
    address: SocketAddr,
    cancel: Cancel,
    heard: Receiver<Heard>,
    thread: JoinHandle<TrapCounters>,
}

fn listen(address: &str, config: TrapConfig) -> Listening {
    let address = address.parse().expect("valid");
    let mut listener = TrapListener::open(&[address], config).expect("a free port");
    let address = listener.local_addresses()[0];
    let cancel = Cancel::new();
    let (sender, heard) = channel();
    let switch = cancel.clone();
    let thread = std::thread::spawn(move || {
        listener
            .run(&switch, &mut |told| sender.send(told).expect("heard"))
            .expect("it listens");
        listener.counters()
    });
    Listening {
        address,
        cancel,
        heard,
        thread,
    }
}

impl Listening {
    fn next(&self) -> Heard {
        self.heard
            .recv_timeout(Duration::from_secs(20))
            .expect("something is heard")
    }

    fn stop(self) -> (Vec<Heard>, TrapCounters) {
        self.cancel.cancel();
        let counters = self.thread.join().expect("no panic");
        (self.heard.try_iter().collect(), counters)
    }
}

fn community(name: &str) -> TrapConfig {
    let mut config = TrapConfig::default();
    config.communities.push(name.as_bytes().to_vec());
    config
}

fn oid(text: &str) -> Oid {
    text.parse().expect("valid")
}

/// Runs one of net-snmp's commands; nothing where it is not installed.
fn net_snmp(program: &str, arguments: &[&str]) -> Option<bool> {
    // Its counts of boots, kept between calls, would make tests depend on each other.
    let folder = tempfile::tempdir().expect("a folder");
    let output = match Command::new(program)
        .args(arguments)
        .env("MIBS", "")
        .env("SNMP_PERSISTENT_DIR", folder.path())
        .output()
    {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let required = std::env::var_os("PAGETALLY_REQUIRE_PEERS").is_some_and(|v| v == "1");
            assert!(
                !required,
                "{program} is not installed and peers are required"
            );
            eprintln!("SKIPPED: {program} is not installed (Debian: apt-get install snmp)");
            return None;
        }
        Err(error) => panic!("{program} does not start: {error}"),
    };
    if !output.status.success() {
        eprintln!("{program}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Some(output.status.success())
}

#[test]
fn a_v1_trap_of_snmptrap_is_heard_in_the_form_of_v2() {
    let listening = listen("127.0.0.1:0", community("traps"));
    let to = listening.address.to_string();
    let enterprise = ".1.3.6.1.2.1.43.18.2";
    let arguments = [
        "-v1",
        "-c",
        "traps",
        &to,
        enterprise,
        "192.0.2.9",
        "6",
        "1",
        "4200",
        ".1.3.6.1.2.1.43.18.1.1.2.1.7",
        "i",
        "3",
        ".1.3.6.1.2.1.43.18.1.1.8.1.7",
        "s",
        "Paper jam",
    ];
    if net_snmp("snmptrap", &arguments).is_none() {
        return;
    }
    let told = listening.next().notification;
    assert_eq!(told.version, Version::V1);
    assert_eq!(told.trap, oid(PRINTER_ALERT));
    assert_eq!(told.subject(), Subject::PrinterAlert);
    assert_eq!(told.uptime, Some(4_200));
    assert_eq!(told.agent, Some("192.0.2.9".parse().expect("valid")));
    assert_eq!(told.varbinds.len(), 2);
    assert_eq!(told.varbinds[0].value, Value::Integer(3));
    assert_eq!(
        told.varbinds[1].value,
        Value::OctetString(b"Paper jam".to_vec())
    );
}

#[test]
fn a_v2c_trap_of_snmptrap_is_heard() {
    let listening = listen("127.0.0.1:0", community("traps"));
    let to = listening.address.to_string();
    let name = format!(".{PRINTER_ALERT}");
    let arguments = [
        "-v2c",
        "-c",
        "traps",
        &to,
        "4200",
        &name,
        ".1.3.6.1.2.1.43.18.1.1.2.1.7",
        "i",
        "3",
    ];
    if net_snmp("snmptrap", &arguments).is_none() {
        return;
    }
    let told = listening.next().notification;
    assert_eq!(
        (told.version, told.kind),
        (Version::V2c, NotificationKind::Trap)
    );
    assert_eq!((told.trap, told.uptime), (oid(PRINTER_ALERT), Some(4_200)));
    assert_eq!(told.varbinds.len(), 1);
}

#[test]
fn an_inform_of_snmpinform_is_acknowledged_over_ipv4_and_ipv6() {
    for (local, peer) in [("127.0.0.1:0", "udp"), ("[::1]:0", "udp6")] {
        let listening = listen(local, community("traps"));
        let to = format!("{peer}:{}", listening.address);
        let arguments = [
            "-v2c",
            "-c",
            "traps",
            &to,
            "4200",
            ".1.3.6.1.4.1.11.2.3.9.0.1",
            ".1.3.6.1.4.1.11.2.3.9.7",
            "s",
            "Door open",
        ];
        // snmpinform fails where nobody acknowledges.
        match net_snmp("snmpinform", &arguments) {
            None => return,
            Some(acknowledged) => assert!(acknowledged, "over {peer}"),
        }
        let heard = listening.next();
        assert_eq!(heard.notification.kind, NotificationKind::Inform);
        assert_eq!(heard.notification.subject(), Subject::Vendor(11));
        assert_eq!(heard.from.ip(), listening.address.ip());
        let (rest, counters) = listening.stop();
        assert_eq!(rest, []);
        assert_eq!((counters.told, counters.dropped()), (1, 0));
    }
}

#[test]
fn a_foreign_community_is_dropped_counted_and_not_acknowledged() {
    let listening = listen("127.0.0.1:0", community("traps"));
    let to = listening.address.to_string();
    let arguments = [
        "-v2c",
        "-r",
        "0",
        "-t",
        "0.2",
        "-c",
        "public",
        &to,
        "4200",
        ".1.3.6.1.4.1.11.0.1",
    ];
    match net_snmp("snmpinform", &arguments) {
        None => return,
        Some(acknowledged) => assert!(!acknowledged),
    }
    let (heard, counters) = listening.stop();
    assert_eq!(heard, []);
    assert_eq!((counters.received, counters.wrong_community), (1, 1));
}

/// The engine that traps are sent from, as net-snmp takes it and as it is.
const SENDER: (&str, [u8; 9]) = ("0x800000000501020304", [0x80, 0, 0, 0, 5, 1, 2, 3, 4]);

/// Every pair of protocols that net-snmp speaks with plain names, and none of privacy.
const PAIRS: [(AuthProtocol, Option<PrivProtocol>, &str, &str); 6] = [
    (AuthProtocol::Md5, None, "MD5", ""),
    (AuthProtocol::Md5, Some(PrivProtocol::Des), "MD5", "DES"),
    (AuthProtocol::Md5, Some(PrivProtocol::Aes128), "MD5", "AES"),
    (AuthProtocol::Sha1, Some(PrivProtocol::Des), "SHA", "DES"),
    (AuthProtocol::Sha1, Some(PrivProtocol::Aes128), "SHA", "AES"),
    (
        AuthProtocol::Sha256,
        Some(PrivProtocol::Aes128),
        "SHA-256",
        "AES",
    ),
];

fn user(auth: AuthProtocol, privacy: Option<PrivProtocol>) -> TrapConfig {
    let user = UsmUser {
        name: "printer".to_owned(),
        auth: Some((auth, Secret::new("authpass12"))),
        privacy: privacy.map(|privacy| (privacy, Secret::new("privpass12"))),
        context: String::new(),
    };
    let mut config = TrapConfig::default();
    config.users.push(TrapUser {
        credential: Arc::new(UsmCredential::derive(&user).expect("valid")),
        engine_ids: vec![SENDER.1.to_vec()],
    });
    config.engine = Some(OwnEngine {
        id: b"\x80\x00\x00\x00\x05listener".to_vec(),
        boots: 3,
        salt: 7,
    });
    config
}

/// net-snmp's arguments for that user.
fn as_user<'a>(auth: &'a str, privacy: &'a str, passphrase: &'a str) -> Vec<&'a str> {
    let mut arguments = vec!["-v3", "-u", "printer", "-a", auth, "-A", passphrase];
    if privacy.is_empty() {
        arguments.extend(["-l", "authNoPriv"]);
    } else {
        arguments.extend(["-l", "authPriv", "-x", privacy, "-X", "privpass12"]);
    }
    arguments
}

#[test]
fn a_v3_trap_of_snmptrap_is_heard_with_every_protocol() {
    for (auth, privacy, auth_name, privacy_name) in PAIRS {
        let listening = listen("127.0.0.1:0", user(auth, privacy));
        let to = listening.address.to_string();
        let mut arguments = as_user(auth_name, privacy_name, "authpass12");
        arguments.extend(["-e", SENDER.0, &to, "4200", ".1.3.6.1.2.1.43.18.2.0.1"]);
        arguments.extend([".1.3.6.1.2.1.43.18.1.1.2.1.7", "i", "3"]);
        if net_snmp("snmptrap", &arguments).is_none() {
            return;
        }
        let told = listening.next().notification;
        assert_eq!(told.version, Version::V3, "{auth_name} {privacy_name}");
        assert_eq!((told.trap, told.uptime), (oid(PRINTER_ALERT), Some(4_200)));
        assert_eq!(told.varbinds.len(), 1);
    }
}

#[test]
fn a_v3_inform_of_snmpinform_discovers_us_and_is_acknowledged_with_every_protocol() {
    for (auth, privacy, auth_name, privacy_name) in PAIRS {
        let listening = listen("127.0.0.1:0", user(auth, privacy));
        let to = listening.address.to_string();
        let mut arguments = as_user(auth_name, privacy_name, "authpass12");
        arguments.extend([to.as_str(), "4200", ".1.3.6.1.4.1.11.0.1"]);
        // snmpinform fails where nobody acknowledges.
        match net_snmp("snmpinform", &arguments) {
            None => return,
            Some(acknowledged) => assert!(acknowledged, "{auth_name} {privacy_name}"),
        }
        let told = listening.next().notification;
        assert_eq!(told.kind, NotificationKind::Inform);
        assert_eq!(told.subject(), Subject::Vendor(11));
        let (rest, counters) = listening.stop();
        assert_eq!(rest, []);
        assert_eq!(counters.told, 1, "{counters:?}");
        assert!(counters.unknown_engine >= 1, "the discovery: {counters:?}");
    }
}

#[test]
fn v3_with_a_wrong_passphrase_or_of_a_foreign_engine_is_dropped_and_counted() {
    let listening = listen(
        "127.0.0.1:0",
        user(AuthProtocol::Sha1, Some(PrivProtocol::Aes128)),
    );
    let to = listening.address.to_string();
    let trap = [to.as_str(), "4200", ".1.3.6.1.4.1.11.0.1"];
    let mut wrong = as_user("SHA", "AES", "another12");
    wrong.extend(["-r", "0", "-t", "0.3"]);
    let mut inform = wrong.clone();
    inform.extend(trap);
    match net_snmp("snmpinform", &inform) {
        None => return,
        Some(acknowledged) => assert!(!acknowledged),
    }
    wrong.extend(["-e", SENDER.0]);
    wrong.extend(trap);
    net_snmp("snmptrap", &wrong);
    let mut foreign = as_user("SHA", "AES", "authpass12");
    foreign.extend(["-e", "0x800000000509090909"]);
    foreign.extend(trap);
    net_snmp("snmptrap", &foreign);
    let mut unprotected = as_user("SHA", "", "authpass12");
    unprotected.extend(["-e", SENDER.0]);
    unprotected.extend(trap);
    net_snmp("snmptrap", &unprotected);
    let (heard, counters) = listening.stop();
    assert_eq!(heard, []);
    assert_eq!(counters.told, 0);
    assert!(counters.wrong_digest >= 2, "{counters:?}");
    // The discovery, and the foreign engine.
    assert!(counters.unknown_engine >= 2, "{counters:?}");
    assert_eq!(counters.wrong_level, 1, "{counters:?}");
}

#[test]
fn a_storm_from_one_address_is_cut_down_and_another_is_heard() {
    // The system may drop of a storm what it likes, so the quiet one is an inform that is repeated
    // until it is acknowledged, as informs are.
    let listening = listen("127.0.0.1:0", community("traps"));
    let trap = oid(PRINTER_ALERT);
    let pdu = |kind, id| {
        TrapPdu {
            community: b"traps",
            kind,
            id,
            uptime: 1,
            trap: &trap,
            varbinds: &[],
        }
        .encode()
    };
    let bind = |ip: &str| {
        let socket = UdpSocket::bind((ip, 0)).expect("a loopback address");
        socket.connect(listening.address).expect("connected");
        socket
    };
    let loud = bind("127.0.0.2");
    let quiet = bind("127.0.0.3");
    quiet
        .set_read_timeout(Some(Duration::from_millis(50)))
        .expect("a timeout");
    let inform = pdu(NotificationKind::Inform, 7);
    let mut acknowledged = false;
    for id in 0..20_000 {
        let _ = loud.send(&pdu(NotificationKind::Trap, id));
        if id % 1_000 == 0 && !acknowledged {
            quiet.send(&inform).expect("sent");
            acknowledged = quiet.recv(&mut [0; 1_500]).is_ok();
        }
    }
    assert!(acknowledged, "the quiet device has its acknowledgement");
    let (heard, counters) = listening.stop();
    let of_loud = |heard: &&Heard| heard.from.ip() == loud.local_addr().expect("bound").ip();
    let loud_ones = heard.iter().filter(of_loud).count() as u64;
    assert_eq!(heard.len() as u64 - loud_ones, 1, "told once");
    assert_eq!(counters.told, loud_ones + 1);
    assert!(counters.over_source_limit > 0, "{counters:?}");
    assert_eq!(counters.over_limit_of_all, 0, "{counters:?}");
    let limits = TrapLimits::default();
    assert!(
        loud_ones > u64::from(limits.per_source),
        "a burst is let in"
    );
}

#[test]
fn a_port_that_is_taken_is_refused_with_its_reason() {
    let listening = listen("127.0.0.1:0", community("traps"));
    let error = TrapListener::open(&[listening.address], community("traps"))
        .expect_err("taken")
        .to_string();
    assert!(error.contains(&listening.address.to_string()), "{error}");
    assert!(error.contains("another program"), "{error}");
}

/// Runs itself again without the right to bind low ports, where it has that right.
#[cfg(target_os = "linux")]
#[test]
fn a_privileged_port_without_the_right_is_explained_with_both_ways() {
    const CHILD: &str = "PAGETALLY_TEST_LOW_PORT";
    const NAME: &str = "a_privileged_port_without_the_right_is_explained_with_both_ways";
    let may_bind = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
        let set = u64::from_str_radix(line.unwrap_or("0").trim(), 16).unwrap_or(0);
        set & 1 << 10 != 0 // CAP_NET_BIND_SERVICE
    };
    let first = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    if first.is_ok_and(|first| first.trim().parse().is_ok_and(|first: u16| first <= 162)) {
        eprintln!("SKIPPED: this system lets everybody bind port 162");
        return;
    }
    if may_bind() {
        assert!(
            std::env::var_os(CHILD).is_none(),
            "the right was not taken away"
        );
        let program = std::env::current_exe().expect("known");
        let output = Command::new("setpriv")
            .args(["--bounding-set", "-net_bind_service"])
            .args(["--inh-caps", "-net_bind_service"])
            .arg(program)
            .args(["--exact", NAME])
            .env(CHILD, "1")
            .output()
            .expect("setpriv is part of util-linux");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}"
        );
        return;
    }
    let address = SocketAddr::from(([127, 0, 0, 1], pagetally_snmp::TRAP_PORT));
    let error = TrapListener::open(&[address], community("traps"))
        .expect_err("no right")
        .to_string();
    for part in [
        "127.0.0.1:162",
        "AmbientCapabilities=CAP_NET_BIND_SERVICE",
        "setcap cap_net_bind_service=+ep",
    ] {
        assert!(error.contains(part), "{part:?} is not in {error}");
    }
}
