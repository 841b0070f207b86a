//! `onsite audit` against Debian's `snmpd`, an SNMP agent that nobody here wrote.

mod common;

use common::{Said, onsite, said, skipped};
use pagetally_model::DeviceAudit;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, UdpSocket};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// What snmpd itself has of hrDeviceTable and its neighbours, switched off where a test puts a
/// printer in that place.
const NO_DEVICES: &str = "-hr_device,hrh_device,hr_print,hr_other,hr_proc,hr_network,hr_disk";

/// A printer in the words of RFC 2790 and RFC 3805, served by snmpd's own code.
const PRINTER: &str = r#"
sysDescr ACME LaserPrinter 9 under net-snmp
sysObjectID 1.3.6.1.4.1.99999.1
override 1.3.6.1.2.1.25.3.2.1.2.1 object_id 1.3.6.1.2.1.25.3.1.5
override 1.3.6.1.2.1.25.3.2.1.3.1 octet_str "ACME LaserPrinter 9"
override 1.3.6.1.2.1.25.3.2.1.5.1 integer 2
override 1.3.6.1.2.1.25.3.5.1.1.1 integer 3
override 1.3.6.1.2.1.43.5.1.1.17.1 octet_str "SN-SNMPD-1"
override 1.3.6.1.2.1.43.10.2.1.2.1.1 integer 4
override 1.3.6.1.2.1.43.10.2.1.3.1.1 integer 7
override 1.3.6.1.2.1.43.10.2.1.4.1.1 counter 4711
override 1.3.6.1.2.1.43.11.1.1.4.1.1 integer 3
override 1.3.6.1.2.1.43.11.1.1.5.1.1 integer 3
override 1.3.6.1.2.1.43.11.1.1.6.1.1 octet_str "Black Toner"
override 1.3.6.1.2.1.43.11.1.1.7.1.1 integer 7
override 1.3.6.1.2.1.43.11.1.1.8.1.1 integer 1000
override 1.3.6.1.2.1.43.11.1.1.9.1.1 integer 420
"#;

/// A running snmpd, ended with the test.
struct Snmpd {
    child: Child,
    address: Ipv4Addr,
    port: u16,
    _folder: TempDir,
}

impl Snmpd {
    /// Starts one with its own configuration; nothing where there is none.
    fn start(address: Ipv4Addr, config: &str, modules: Option<&str>) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("snmpd.conf");
        std::fs::write(&file, config).expect("writable");
        let port = free_port(address);
        let mut command = Command::new("snmpd");
        command
            .args(["-f", "-Le", "-C", "-c"])
            .arg(&file)
            .args(modules.iter().flat_map(|list| ["-I", list]))
            .arg(format!("udp:{address}:{port}"))
            .env("PATH", with_sbin())
            .env("MIBS", "")
            .env("SNMP_PERSISTENT_DIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                skipped(&format!("snmpd cannot be started: {error}"));
                return None;
            }
        };
        let mut log = BufReader::new(child.stderr.take().expect("piped")).lines();
        let ready = log.any(|line| line.is_ok_and(|line| line.contains("NET-SNMP version")));
        assert!(ready, "snmpd ended before it listened");
        // Its log must not fill the pipe.
        std::thread::spawn(move || log.for_each(drop));
        Some(Self {
            child,
            address,
            port,
            _folder: folder,
        })
    }

    fn audit(&self, args: &[&str]) -> Said {
        let (address, port) = (self.address.to_string(), self.port.to_string());
        said(
            onsite()
                .args(["audit", &address, "--port", &port])
                .args(args)
                .output()
                .expect("the program starts"),
        )
    }
}

impl Drop for Snmpd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Debian keeps daemons where a plain user's PATH does not look.
fn with_sbin() -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    format!("{path}:/usr/sbin:/usr/local/sbin")
}

fn free_port(address: Ipv4Addr) -> u16 {
    let socket = UdpSocket::bind((address, 0)).expect("a free port");
    socket.local_addr().expect("bound").port()
}

#[test]
fn a_computer_that_runs_snmpd_is_no_printer() {
    let config = "rocommunity public\nsysDescr A file server\n";
    let address = Ipv4Addr::new(127, 93, 1, 1);
    let Some(snmpd) = Snmpd::start(address, config, None) else {
        return;
    };
    let said = snmpd.audit(&["--format", "json"]).ends_with(1);
    let document = said.json();
    assert_eq!(document["audits"].as_array().map(Vec::len), Some(0));
    let outcome = &document["observations"][0]["outcome"];
    assert_eq!(outcome["type"], "other-device", "{outcome}");
    assert_eq!(outcome["description"], "A file server");
}

#[test]
fn a_printer_served_by_snmpd_is_read_in_full() {
    let config = format!("rocommunity public\n{PRINTER}");
    let address = Ipv4Addr::new(127, 93, 2, 1);
    let Some(snmpd) = Snmpd::start(address, &config, Some(NO_DEVICES)) else {
        return;
    };
    let said = snmpd.audit(&["--format", "json"]).ends_with(0);
    let document = said.json();
    let audit: DeviceAudit =
        serde_json::from_value(document["audits"][0].clone()).expect("an audit");
    let text = |text: &Option<pagetally_model::Text>| text.as_ref().map(ToString::to_string);
    assert_eq!(text(&audit.identity.serial).as_deref(), Some("SN-SNMPD-1"));
    assert_eq!(
        text(&audit.identity.description).as_deref(),
        Some("ACME LaserPrinter 9 under net-snmp")
    );
    assert_eq!(audit.markers[0].life_count, Some(4711));
    assert_eq!(audit.supplies[0].level.level.percent(), Some(42));
    assert_eq!(audit.protocol.as_str(), "snmp-v2c");
    assert!(audit.gaps.is_empty(), "{:?}", audit.gaps);
}

#[test]
fn a_printer_that_speaks_v1_alone_is_read_too() {
    let config = format!(
        "com2sec only1 default public\ngroup g v1 only1\nview all included .1\naccess g \"\" v1 noauth exact all none none\n{PRINTER}"
    );
    let address = Ipv4Addr::new(127, 93, 3, 1);
    let Some(snmpd) = Snmpd::start(address, &config, Some(NO_DEVICES)) else {
        return;
    };
    let said = snmpd
        .audit(&["--format", "json", "--retries", "0"])
        .ends_with(0);
    let document = said.json();
    assert_eq!(document["audits"][0]["protocol"], "snmp-v1");
    assert_eq!(document["audits"][0]["identity"]["serial"], "SN-SNMPD-1");
}

#[test]
fn an_snmpd_with_another_community_refuses_and_is_no_silence() {
    let config = format!("rocommunity other\n{PRINTER}");
    let address = Ipv4Addr::new(127, 93, 4, 1);
    let Some(snmpd) = Snmpd::start(address, &config, Some(NO_DEVICES)) else {
        return;
    };
    let said = snmpd
        .audit(&["--format", "json", "--timeout", "300ms", "--retries", "0"])
        .ends_with(1);
    let observation = &said.json()["observations"][0];
    assert_eq!(observation["outcome"]["type"], "wrong-community");
    assert_eq!(observation["witness"], "snmp-v3-report");
}

/// A printer that lets one user of SNMPv3 in, and no community.
fn v3_printer() -> String {
    format!(
        "createUser reader SHA-256 \"authenticate me\" AES \"and keep it private\"\n\
         rouser reader priv\n{PRINTER}"
    )
}

#[test]
fn a_printer_that_speaks_v3_alone_is_read_as_a_user() {
    let address = Ipv4Addr::new(127, 93, 5, 1);
    let Some(snmpd) = Snmpd::start(address, &v3_printer(), Some(NO_DEVICES)) else {
        return;
    };
    let audit_as = |user: &str, more: &[&str], passphrase: &str| {
        let (address, port) = (snmpd.address.to_string(), snmpd.port.to_string());
        let mut command = onsite();
        command
            .args(["audit", &address, "--port", &port, "--retries", "1"])
            .args(["--format", "json", "--v3-user", user])
            .args(["--v3-auth", "SHA-256", "--v3-priv", "AES-128"])
            .args(more)
            .env("PAGETALLY_V3_AUTH_PASSPHRASE", passphrase)
            .env("PAGETALLY_V3_PRIV_PASSPHRASE", "and keep it private");
        said(command.output().expect("the program starts"))
    };
    let audit = |more: &[&str], passphrase: &str| audit_as("reader", more, passphrase);
    // Nobody vouches for the engine: no credentials go there, and its id is told.
    let said = audit(&[], "authenticate me").ends_with(1);
    let outcome = &said.json()["observations"][0]["outcome"];
    let reason = outcome["reason"].as_str().expect("a reason");
    let engine = reason
        .split_whitespace()
        .find(|word| word.starts_with("80001f88"));
    let engine = engine.expect("the engine's id").trim_end_matches(':');
    // Listed, it is asked.
    let said = audit(&["--v3-engine", engine], "authenticate me").ends_with(0);
    let document = said.json();
    assert_eq!(document["audits"][0]["protocol"], "snmp-v3");
    assert_eq!(document["audits"][0]["identity"]["serial"], "SN-SNMPD-1");
    assert_eq!(document["observations"][0]["witness"], "snmp-v3");
    // So it is at a first contact that is wanted; what it has against a user is told.
    let said = audit(&["--v3-first-contact"], "something else").ends_with(1);
    let outcome = &said.json()["observations"][0]["outcome"];
    assert_eq!(outcome["type"], "refused", "{outcome}");
    let reason = outcome["reason"].as_str().expect("a reason");
    assert!(reason.contains("wrong digest"), "{reason}");
    // A user whom it does not know is told so as well.
    let stranger = audit_as("stranger", &["--v3-first-contact"], "authenticate me").ends_with(1);
    let observation = &stranger.json()["observations"][0];
    assert_eq!(observation["outcome"]["type"], "refused", "{observation}");
    let reason = observation["outcome"]["reason"].as_str();
    assert!(
        reason.is_some_and(|reason| reason.contains("unknown user")),
        "{observation}"
    );
    assert_eq!(observation["witness"], "snmp-v3-report");
    for said in [&said.out, &said.err] {
        assert!(!said.contains("something else") && !said.contains("private"));
    }
}

#[test]
fn users_of_v3_come_from_a_file_and_never_from_an_argument() {
    let address = Ipv4Addr::new(127, 93, 6, 1);
    let Some(snmpd) = Snmpd::start(address, &v3_printer(), Some(NO_DEVICES)) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("users");
    let users = "user reader\nauth SHA-256 authenticate me\npriv AES-128 and keep it private\nfirst-contact\n";
    std::fs::write(&file, users).expect("written");
    let file = file.to_str().expect("UTF-8");
    let said = snmpd
        .audit(&["--format", "json", "--retries", "1", "--v3-users", file])
        .ends_with(0);
    assert_eq!(said.json()["audits"][0]["protocol"], "snmp-v3");
    // Without its passphrase in the environment a user is no use, and that is said.
    let said = snmpd.audit(&["--v3-user", "reader", "--v3-auth", "MD5"]);
    let said = said.ends_with(2);
    assert!(
        said.err.contains("PAGETALLY_V3_AUTH_PASSPHRASE"),
        "{}",
        said.err
    );
}
