//! net-snmp's `snmpd`, started with a configuration of its own.

#![allow(dead_code, reason = "each test file uses its own part of it")]

use pagetally_snmp_engine::{Answers, Ask, Oid, Plan, Query, Value};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const SNMPD: [&str; 2] = ["/usr/sbin/snmpd", "/usr/local/sbin/snmpd"];

/// A running snmpd with a configuration of its own; gone when dropped.
pub(crate) struct Snmpd {
    child: Child,
    pub(crate) address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Snmpd {
    pub(crate) fn start(config: &str) -> Option<Self> {
        let Some(program) = SNMPD.iter().map(Path::new).find(|path| path.exists()) else {
            let required = std::env::var_os("PAGETALLY_REQUIRE_PEERS").is_some_and(|v| v == "1");
            assert!(!required, "snmpd is not installed and peers are required");
            eprintln!("SKIPPED: snmpd is not installed (Debian: apt-get install snmpd)");
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let file: PathBuf = folder.path().join("snmpd.conf");
        std::fs::write(&file, config).expect("written");
        // The port is free now; should another take it meanwhile, snmpd stops and the test fails.
        let address = {
            let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
            socket.local_addr().expect("bound")
        };
        let child = Command::new(program)
            .args(["-f", "-C", "-Lo", "-c"])
            .arg(&file)
            .arg(format!("udp:{address}"))
            .env("SNMP_PERSISTENT_DIR", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("snmpd starts");
        let mut snmpd = Self {
            child,
            address,
            _folder: folder,
        };
        snmpd.wait_until_it_answers();
        Some(snmpd)
    }

    /// Until an SNMPv3 discovery is answered, which needs no community.
    fn wait_until_it_answers(&mut self) {
        let discovery = pagetally_snmp_engine::message::v3::encode_discovery(77);
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let wait = Duration::from_millis(100);
        socket.set_read_timeout(Some(wait)).expect("a timeout");
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            socket.send_to(&discovery, self.address).expect("sent");
            if socket.recv_from(&mut [0; 2_048]).is_ok() {
                return;
            }
            let ended = self.child.try_wait().expect("a child of ours");
            assert!(ended.is_none(), "snmpd ended: {ended:?}");
            assert!(Instant::now() < deadline, "snmpd does not answer");
        }
    }
}

impl Drop for Snmpd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The system group, an object that is not there, and a table that snmpd fills by itself.
pub(crate) struct SystemGroup(pub(crate) bool);

impl Plan for SystemGroup {
    fn next_query(&mut self, _so_far: &Answers) -> Option<Query> {
        if std::mem::replace(&mut self.0, true) {
            return None;
        }
        let mut asks: Vec<Ask> = [1, 2, 3, 4, 5, 6, 99]
            .iter()
            .map(|n| Ask::Instance(oid(&format!("1.3.6.1.2.1.1.{n}.0"))))
            .collect();
        asks.push(Ask::Columns {
            columns: vec![oid("1.3.6.1.2.1.1.9.1.2"), oid("1.3.6.1.2.1.1.9.1.3")],
            max_rows: 64,
        });
        Some(Query { asks })
    }
}

pub(crate) fn oid(text: &str) -> Oid {
    text.parse().expect("valid")
}

/// A printer made of snmpd: one row of the Printer MIB by `override`.
pub(crate) const PRINTER: &str = "rocommunity public\nsysDescr A printer made of snmpd\nsysContact someone\n\
                       override 1.3.6.1.2.1.43.5.1.1.17.1 octet_str \"SN-0042\"\n";

pub(crate) fn assert_system_group(answers: &Answers) {
    let descr = answers.get(&oid("1.3.6.1.2.1.1.1.0")).expect("sysDescr");
    assert_eq!(descr.as_octets(), Some(&b"A printer made of snmpd"[..]));
    assert_eq!(answers.get(&oid("1.3.6.1.2.1.1.99.0")), None);
    for column in ["1.3.6.1.2.1.1.9.1.2", "1.3.6.1.2.1.1.9.1.3"] {
        let rows = answers.below(&oid(column)).count();
        assert!(rows >= 5, "{column} has {rows} rows");
    }
    let uptime = answers.get(&oid("1.3.6.1.2.1.1.3.0"));
    assert!(matches!(uptime, Some(Value::TimeTicks(_))), "{uptime:?}");
}
