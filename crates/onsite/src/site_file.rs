//! The site's own file: what only the people at the site decide, and no setting of Central can.
//!
//! ```toml
//! format = 1
//! definitions = "rows"                # folder of own definition rows, beside this file
//!
//! [central]
//! ca_file = "office-ca.pem"           # trust this authority instead of the platform's
//! proxy = "http://proxy.example:3128"  # else HTTPS_PROXY or ALL_PROXY of the environment; "none": neither
//! no_proxy = ["central.example"]      # reached directly: names with what is below, addresses, networks
//! client_cert_file = "agent.pem"      # shown where Central, or a gate before it, demands a certificate
//! client_key_file = "agent.key"       # its key, for the owner alone
//! allow_plain_http = true             # reports stay sealed; who talks to whom does not
//! connect_timeout_seconds = 10
//! answer_timeout_seconds = 60
//!
//! [network]
//! extra_targets = ["10.9.0.0/24"]     # looked at besides what Central names
//! exclusions = ["10.9.0.1"]           # never looked at, whatever Central names; "00:80:77" is a MAC
//! extra_communities = ["readonly"]    # tried after Central's
//! max_addresses = 65536               # more than this many are not looked at, whatever Central names
//! datagrams_per_second = 200          # Central's, where that is lower
//! subnet_datagrams_per_second = 50    # to one /24; Central's, where that is lower
//! quiet_hours = ["Mon-Fri 08:00-09:30"]  # besides Central's
//! sleep_seconds = 28800               # how long sleepers are left alone; Central's, where that is more
//! tcp_witness_ports = [631]           # silent addresses are looked at there: a connection, no data
//! touched_log = false                 # no log of every address that was sent anything
//!
//! [history]                           # how much of what Central has is kept here, too
//! all_days = 2                        # everything for so long,
//! hourly_days = 7                     # then the last audit of each hour until it is so old,
//! daily_days = 400                    # then of each UTC day, then of each month
//! billing_day = 1                     # the last audit before this time of the month stays as well,
//! billing_time = "00:00"              # UTC
//! max_megabytes = 2048                # above it what Central has goes, the oldest first
//!
//! [privacy]                           # what leaves the site: send, pseudonymise, shorten or drop
//! hold = true                         # nothing is sent before `onsite privacy approve`
//! address = "pseudonymise"            # also: asset, console, contact, description, engine_id,
//! location = "drop"                   # hostname, mac, other_devices, serial
//!
//! [[snmp_user]]                       # a user of SNMPv3, tried after Central's
//! user = "reader"
//! auth = "SHA-256"                    # MD5, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512
//! auth_passphrase = "correct horse"
//! privacy = "AES-128"                 # DES, AES-128, AES-192, AES-256, AES-192-Reeder, AES-256-Reeder
//! privacy_passphrase = "battery staple"
//! context = ""                        # the context's name
//! engines = ["80001f8804616263"]      # engines that the credentials may go to
//! first_contact = false               # whether they may go to engines that were never seen before
//!
//! [traps]                             # without this table nothing listens
//! listen = ["0.0.0.0:162"]            # local addresses; the port needs a right, see README.md
//! communities = ["traps"]             # whoever sends under none of them is not heard
//! per_second = 50                     # notifications taken from all devices together
//! per_second_of_one = 2               # and from one
//! read_again_seconds = 60             # how long a device is left alone after such a reading
//!
//! [[traps.user]]                      # a user under which SNMPv3 is heard, with the keys of [[snmp_user]]
//! user = "printer"                    # but for context and first_contact
//! auth = "SHA-256"
//! auth_passphrase = "correct horse"
//! engines = ["80001f8804616263"]      # whose traps are heard, besides engines that were read
//! ```
//!
//! The file can make Central's settings stricter and never laxer, but for two things that it alone
//! decides: `max_addresses`, which it may raise, and `tcp_witness_ports`, without which no TCP
//! connection is opened to a printer.
//!
//! Paths are taken from the file's own folder. Unknown keys are refused: a misspelt exclusion that
//! excludes nothing is worse than a file that does not load.

mod history;
mod privacy;
mod traps;

pub use traps::TrapSite;

use crate::privacy::Privacy;
use pagetally_model::quiet::QuietHours;
use pagetally_model::{Community, Settings, SnmpUser, exclusions, targets};
use pagetally_store::Retention;
use pagetally_transport::Timeouts;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use users::UserTable;

mod users;

/// The format of the site file that this crate reads.
pub const SITE_FILE_FORMAT: u32 = 1;

/// The most addresses of a pass where the site's file does not say otherwise: a /16. A settings
/// document that names more is a mistake more often than a site.
pub const DEFAULT_MAX_ADDRESSES: u64 = 65_536;

/// The ports that may witness a printer: IPP and the raw port. IPP comes first whatever the file's
/// order: some old print servers take a bare connection to 9100 for a job and feed a page.
pub const TCP_WITNESS_PORTS: [u16; 2] = [631, 9100];

/// Ceiling on the file's size: 10,000 targets need half of it.
const MAX_BYTES: u64 = 1 << 20;

/// What the site's file says; everything in it may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteFile {
    /// The authority (PEM) that Central's certificate must come from, instead of the platform's.
    pub central_ca_file: Option<PathBuf>,
    /// Whether Central may be spoken to without TLS. Reports stay sealed; who speaks to whom and
    /// how much does not.
    pub allow_plain_http: bool,
    /// An HTTP proxy to Central; `none` for a direct connection, whatever the environment names.
    pub proxy: Option<String>,
    /// Hosts that are reached without a proxy, instead of those that the environment excepts.
    pub no_proxy: Option<Vec<String>>,
    /// The certificate (PEM) that is shown where one is demanded, and its key.
    pub client_certificate: Option<ClientCertificateFiles>,
    /// How long to wait for Central, where the site's line needs other times than the usual ones.
    pub central_timeouts: Option<Timeouts>,
    /// Looked at besides what Central names.
    pub extra_targets: Vec<String>,
    /// Never looked at, whatever Central names.
    pub exclusions: Vec<String>,
    /// Tried after Central's communities.
    pub extra_communities: Vec<Community>,
    /// More addresses than this are not looked at; [`DEFAULT_MAX_ADDRESSES`] where it is not set.
    pub max_addresses: Option<u64>,
    /// Ceiling on datagrams a second for the whole site.
    pub datagrams_per_second: Option<u32>,
    /// Ceiling on datagrams a second for one subnet.
    pub subnet_datagrams_per_second: Option<u32>,
    /// When no device is asked anything, besides Central's.
    pub quiet_hours: Vec<String>,
    /// How long a device that sleeps is left alone, at least.
    pub sleep_seconds: Option<u64>,
    /// TCP ports that silent addresses are looked at, of [`TCP_WITNESS_PORTS`]; none are, unless the
    /// file names some.
    pub tcp_witness_ports: Vec<u16>,
    /// Devices that answer from another address than they are asked at, each with the one that its answers
    /// come from. From everybody else, no such answer is heard.
    pub answering_elsewhere: BTreeMap<IpAddr, IpAddr>,
    /// Whether no log is kept of the addresses that were sent anything.
    pub no_touched_log: bool,
    /// Tried after Central's users of SNMPv3.
    pub extra_snmp_users: Vec<SnmpUser>,
    /// A folder of own definition rows.
    pub definitions: Option<PathBuf>,
    /// Where traps and informs are heard; nowhere, unless the file says so.
    pub traps: Option<TrapSite>,
    /// How much of what Central has is kept.
    pub history: Retention,
    /// What leaves the site, and in which form.
    pub privacy: Privacy,
}

/// Where a client certificate and its key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificateFiles {
    /// The certificate, those that vouch for it behind it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// A site file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SiteFileError {
    /// The file cannot be read.
    #[error("cannot read the site file {}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is larger than any site file is.
    #[error("the site file {} has {bytes} bytes; no more than {MAX_BYTES} are read", file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// The file is no TOML, or holds a key that nobody knows or a value of the wrong type.
    #[error("{}, line {line}: {reason}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// A value that makes no sense.
    #[error("{}: {field}: {reason}", file.display())]
    Value {
        /// The file.
        file: PathBuf,
        /// The key, with its table in front.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    #[serde(default)]
    definitions: Option<PathBuf>,
    #[serde(default)]
    central: CentralTable,
    #[serde(default)]
    network: NetworkTable,
    #[serde(default)]
    snmp_user: Vec<UserTable>,
    traps: Option<traps::TrapTable>,
    #[serde(default)]
    history: history::HistoryTable,
    #[serde(default)]
    privacy: privacy::PrivacyTable,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CentralTable {
    #[serde(default)]
    ca_file: Option<PathBuf>,
    #[serde(default)]
    proxy: Option<String>,
    #[serde(default)]
    no_proxy: Option<Vec<String>>,
    #[serde(default)]
    client_cert_file: Option<PathBuf>,
    #[serde(default)]
    client_key_file: Option<PathBuf>,
    #[serde(default)]
    allow_plain_http: bool,
    #[serde(default)]
    connect_timeout_seconds: Option<u64>,
    #[serde(default)]
    answer_timeout_seconds: Option<u64>,
}

impl CentralTable {
    /// The certificate and its key: both or neither.
    fn client_certificate(
        &self,
        folder: &Path,
    ) -> Result<Option<ClientCertificateFiles>, (&'static str, String)> {
        match (&self.client_cert_file, &self.client_key_file) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Ok(Some(ClientCertificateFiles {
                certificate: folder.join(certificate),
                key: folder.join(key),
            })),
            (Some(_), None) => Err((
                "central.client_key_file",
                "a client certificate needs its key".to_owned(),
            )),
            (None, Some(_)) => Err((
                "central.client_cert_file",
                "a client's key needs its certificate".to_owned(),
            )),
        }
    }

    /// The times that the file names, the usual ones for the others.
    fn timeouts(&self) -> Result<Option<Timeouts>, (&'static str, String)> {
        let mut timeouts = Timeouts::default();
        for (field, seconds, place) in [
            (
                "central.connect_timeout_seconds",
                self.connect_timeout_seconds,
                &mut timeouts.connect,
            ),
            (
                "central.answer_timeout_seconds",
                self.answer_timeout_seconds,
                &mut timeouts.answer,
            ),
        ] {
            match seconds {
                None => {}
                Some(seconds @ 1..=3_600) => *place = Duration::from_secs(seconds),
                Some(other) => return Err((field, format!("{other} is not in 1..=3600"))),
            }
        }
        let named = self.connect_timeout_seconds.or(self.answer_timeout_seconds);
        Ok(named.map(|_| timeouts))
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkTable {
    #[serde(default)]
    extra_targets: Vec<String>,
    #[serde(default)]
    exclusions: Vec<String>,
    #[serde(default)]
    extra_communities: Vec<String>,
    #[serde(default)]
    max_addresses: Option<u64>,
    #[serde(default)]
    datagrams_per_second: Option<u32>,
    #[serde(default)]
    subnet_datagrams_per_second: Option<u32>,
    #[serde(default)]
    quiet_hours: Vec<String>,
    #[serde(default)]
    sleep_seconds: Option<u64>,
    #[serde(default)]
    tcp_witness_ports: Vec<u16>,
    #[serde(default)]
    answers_from: BTreeMap<IpAddr, IpAddr>,
    #[serde(default)]
    touched_log: Option<bool>,
}

impl NetworkTable {
    fn check(&self) -> Result<(), (&'static str, String)> {
        for text in &self.extra_targets {
            targets::parse(text).map_err(|error| ("network.extra_targets", error.to_string()))?;
        }
        for text in &self.exclusions {
            exclusions::parse(text).map_err(|error| ("network.exclusions", error.to_string()))?;
        }
        QuietHours::parse(&self.quiet_hours)
            .map_err(|error| ("network.quiet_hours", error.to_string()))?;
        let rate = self.datagrams_per_second.map(u64::from);
        let subnet_rate = self.subnet_datagrams_per_second.map(u64::from);
        for (field, value, low, high) in [
            (
                "network.max_addresses",
                self.max_addresses,
                1,
                targets::MAX_ADDRESSES,
            ),
            ("network.datagrams_per_second", rate, 1, 1_000_000),
            (
                "network.subnet_datagrams_per_second",
                subnet_rate,
                1,
                1_000_000,
            ),
            ("network.sleep_seconds", self.sleep_seconds, 0, 31 * 86_400),
        ] {
            if let Some(value) = value.filter(|value| !(low..=high).contains(value)) {
                return Err((field, format!("{value} is not in {low}..={high}")));
            }
        }
        let other = |port: &&u16| !TCP_WITNESS_PORTS.contains(port);
        match self.tcp_witness_ports.iter().find(other) {
            Some(port) => Err((
                "network.tcp_witness_ports",
                format!("{port} is neither 631 nor 9100"),
            )),
            None => Ok(()),
        }
    }
}

impl SiteFile {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`SiteFileError`] with the file and the line or key concerned.
    pub fn read(file: &Path) -> Result<Self, SiteFileError> {
        let failed = |source| SiteFileError::Read {
            file: file.to_owned(),
            source,
        };
        let bytes = std::fs::metadata(file).map_err(failed)?.len();
        if bytes > MAX_BYTES {
            return Err(SiteFileError::TooLarge {
                file: file.to_owned(),
                bytes,
            });
        }
        let text = std::fs::read_to_string(file).map_err(failed)?;
        Self::parse(&text, file)
    }

    /// Reads the text of `file`, which gives its name to errors and its folder to paths.
    ///
    /// # Errors
    ///
    /// [`SiteFileError`] with the line or key concerned.
    pub fn parse(text: &str, file: &Path) -> Result<Self, SiteFileError> {
        let document: Document = toml::from_str(text).map_err(|error| SiteFileError::Syntax {
            file: file.to_owned(),
            line: line_of(text, error.span().map_or(0, |span| span.start)),
            reason: error.message().to_owned(),
        })?;
        let refuse = |field, reason: String| SiteFileError::Value {
            file: file.to_owned(),
            field,
            reason,
        };
        if document.format != SITE_FILE_FORMAT {
            let reason = format!(
                "this program reads format {SITE_FILE_FORMAT}, not {}",
                document.format
            );
            return Err(refuse("format", reason));
        }
        let network = document.network;
        network
            .check()
            .map_err(|(field, reason)| refuse(field, reason))?;
        let extra_communities = network
            .extra_communities
            .into_iter()
            .map(Community::new)
            .collect::<Result<_, _>>()
            .map_err(|error| refuse("network.extra_communities", error.reason))?;
        let extra_snmp_users = document
            .snmp_user
            .into_iter()
            .map(UserTable::user)
            .collect::<Result<_, _>>()
            .map_err(|error| refuse("snmp_user", error.reason))?;
        let central_timeouts = document
            .central
            .timeouts()
            .map_err(|(field, reason)| refuse(field, reason))?;
        let traps = document
            .traps
            .map(traps::TrapTable::checked)
            .transpose()
            .map_err(|(field, reason)| refuse(field, reason))?;
        let history = document
            .history
            .retention()
            .map_err(|(field, reason)| refuse(field, reason))?;
        let privacy = document
            .privacy
            .privacy()
            .map_err(|(field, reason)| refuse(field, reason))?;
        let folder = file.parent().unwrap_or(Path::new(""));
        let client_certificate = document
            .central
            .client_certificate(folder)
            .map_err(|(field, reason)| refuse(field, reason))?;
        Ok(Self {
            central_ca_file: document.central.ca_file.map(|path| folder.join(path)),
            allow_plain_http: document.central.allow_plain_http,
            proxy: document.central.proxy,
            no_proxy: document.central.no_proxy,
            client_certificate,
            central_timeouts,
            extra_targets: network.extra_targets,
            exclusions: network.exclusions,
            extra_communities,
            max_addresses: network.max_addresses,
            datagrams_per_second: network.datagrams_per_second,
            subnet_datagrams_per_second: network.subnet_datagrams_per_second,
            quiet_hours: network.quiet_hours,
            sleep_seconds: network.sleep_seconds,
            tcp_witness_ports: TCP_WITNESS_PORTS
                .into_iter()
                .filter(|port| network.tcp_witness_ports.contains(port))
                .collect(),
            answering_elsewhere: network.answers_from,
            no_touched_log: network.touched_log == Some(false),
            extra_snmp_users,
            definitions: document.definitions.map(|path| folder.join(path)),
            traps,
            history,
            privacy,
        })
    }

    /// Central's settings as this site lets them run: with its own exclusions, communities and quiet
    /// hours, at the slower of both paces, and with the longer sleep.
    /// [`extra_targets`](Self::extra_targets) stay apart, because a settings document that names no
    /// target means the machine's own networks.
    #[must_use]
    pub fn applied_to(&self, settings: &Settings) -> Settings {
        let mut settings = settings.clone();
        settings.exclusions.extend(self.exclusions.iter().cloned());
        for community in &self.extra_communities {
            if !settings.communities.contains(community) {
                settings.communities.push(community.clone());
            }
        }
        for user in &self.extra_snmp_users {
            if !settings.snmp_users.contains(user) {
                settings.snmp_users.push(user.clone());
            }
        }
        if let Some(rate) = self.datagrams_per_second {
            settings.datagrams_per_second = settings.datagrams_per_second.min(rate);
        }
        if let Some(rate) = self.subnet_datagrams_per_second {
            let set = settings.subnet_datagrams_per_second.unwrap_or(u32::MAX);
            settings.subnet_datagrams_per_second = Some(set.min(rate));
        }
        settings
            .quiet_hours
            .extend(self.quiet_hours.iter().cloned());
        if let Some(seconds) = self.sleep_seconds {
            settings.sleep_seconds = settings.sleep_seconds.max(seconds);
        }
        settings
    }

    /// The most addresses of a pass.
    pub fn address_ceiling(&self) -> u64 {
        self.max_addresses.unwrap_or(DEFAULT_MAX_ADDRESSES)
    }
}

/// The line of the byte at `offset`, counted from 1.
fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Field, Treatment};
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<SiteFile, SiteFileError> {
        SiteFile::parse(text, Path::new("/etc/site/agent.toml"))
    }

    #[test]
    fn a_full_file_is_read_and_paths_start_at_its_folder() {
        let site = parse(
            r#"
            format = 1
            definitions = "rows"
            [central]
            ca_file = "ca.pem"
            proxy = "http://proxy.example:3128"
            no_proxy = ["central.example", "192.0.2.0/24"]
            client_cert_file = "agent.pem"
            client_key_file = "agent.key"
            allow_plain_http = true
            answer_timeout_seconds = 5
            [network]
            extra_targets = ["10.9.0.0/24"]
            exclusions = ["10.9.0.1"]
            extra_communities = ["readonly"]
            "#,
        )
        .expect("valid");
        assert_eq!(site.central_ca_file, Some("/etc/site/ca.pem".into()));
        assert_eq!(site.definitions, Some("/etc/site/rows".into()));
        let shown = site.client_certificate.as_ref().expect("named");
        assert_eq!(shown.certificate, Path::new("/etc/site/agent.pem"));
        assert_eq!(shown.key, Path::new("/etc/site/agent.key"));
        let excepted = site.no_proxy.as_deref().expect("named");
        assert_eq!(excepted, ["central.example", "192.0.2.0/24"]);
        for half in ["client_cert_file = \"a\"", "client_key_file = \"a\""] {
            let error = parse(&format!("format = 1\n[central]\n{half}\n"));
            assert!(matches!(error, Err(SiteFileError::Value { .. })), "{half}");
        }
        assert!(site.allow_plain_http);
        assert_eq!(site.exclusions, ["10.9.0.1"]);
        let timeouts = site.central_timeouts.expect("one is named");
        assert_eq!(timeouts.answer, Duration::from_secs(5));
        assert_eq!(timeouts.connect, Timeouts::default().connect);
        let settings = site.applied_to(&Settings::default());
        assert_eq!(settings.communities.len(), 2);
    }

    #[test]
    fn the_file_makes_settings_stricter_and_never_laxer() {
        let site = parse(
            r#"
            format = 1
            [network]
            exclusions = ["00:80:77"]
            datagrams_per_second = 100
            subnet_datagrams_per_second = 50
            quiet_hours = ["12:00-13:00"]
            sleep_seconds = 7200
            tcp_witness_ports = [9100, 631]
            touched_log = false
            answers_from = { "10.9.0.7" = "10.9.0.8" }
            "#,
        )
        .expect("valid");
        let elsewhere = ["10.9.0.7", "10.9.0.8"].map(|text| text.parse().expect("valid"));
        assert_eq!(
            site.answering_elsewhere.get(&elsewhere[0]),
            Some(&elsewhere[1])
        );
        assert_eq!(site.tcp_witness_ports, [631, 9100]);
        assert!(site.no_touched_log);
        assert_eq!(site.address_ceiling(), 65_536);
        let central = |rate, subnet, sleep| Settings {
            datagrams_per_second: rate,
            subnet_datagrams_per_second: subnet,
            quiet_hours: vec!["22:00-06:00".to_owned()],
            sleep_seconds: sleep,
            ..Settings::default()
        };
        let fast = site.applied_to(&central(500, None, 60));
        let slow = site.applied_to(&central(10, Some(5), 86_400));
        let limits = |s: &Settings| {
            (
                s.datagrams_per_second,
                s.subnet_datagrams_per_second,
                s.sleep_seconds,
            )
        };
        assert_eq!(limits(&fast), (100, Some(50), 7_200));
        assert_eq!(limits(&slow), (10, Some(5), 86_400));
        assert_eq!(fast.quiet_hours, ["22:00-06:00", "12:00-13:00"]);
        assert_eq!(fast.exclusions, ["00:80:77"]);
        assert_eq!(fast.check(), Ok(()));
    }

    #[test]
    fn what_is_out_of_its_bounds_is_refused_with_its_key() {
        for (line, key) in [
            ("max_addresses = 0", "network.max_addresses"),
            ("max_addresses = 16777217", "network.max_addresses"),
            ("datagrams_per_second = 0", "network.datagrams_per_second"),
            (
                "subnet_datagrams_per_second = 0",
                "network.subnet_datagrams_per_second",
            ),
            ("quiet_hours = [\"8-9\"]", "network.quiet_hours"),
            ("sleep_seconds = 99999999", "network.sleep_seconds"),
            ("tcp_witness_ports = [80]", "network.tcp_witness_ports"),
            ("exclusions = [\"mac:x\"]", "network.exclusions"),
        ] {
            let error = parse(&format!("format = 1\n[network]\n{line}\n")).expect_err(line);
            assert!(error.to_string().contains(key), "{error}");
        }
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let error = parse("format = 1\n[network]\nexclusion = []\n").expect_err("misspelt");
        let text = error.to_string();
        assert!(text.starts_with("/etc/site/agent.toml, line 3:"), "{text}");
        assert!(text.contains("exclusion"), "{text}");
    }

    #[test]
    fn a_bad_target_is_refused_with_its_key() {
        let error = parse("format = 1\n[network]\nexclusions = [\"10.0.0.300\"]\n")
            .expect_err("no address");
        let text = error.to_string();
        assert!(text.contains("network.exclusions"), "{text}");
        assert!(text.contains("10.0.0.300"), "{text}");
    }

    #[test]
    fn a_bad_community_is_refused_without_being_repeated() {
        let error = parse("format = 1\n[network]\nextra_communities = [\"sen\\ntinel\"]\n")
            .expect_err("control character");
        let text = format!("{error} {error:?}");
        assert!(text.contains("network.extra_communities"), "{text}");
        assert!(!text.contains("tinel"), "{text}");
    }

    #[test]
    fn a_time_out_of_bounds_is_refused_with_its_key() {
        let error =
            parse("format = 1\n[central]\nanswer_timeout_seconds = 0\n").expect_err("too short");
        let text = error.to_string();
        assert!(text.contains("central.answer_timeout_seconds"), "{text}");
    }

    #[test]
    fn another_format_is_refused_by_number() {
        let error = parse("format = 2\n").expect_err("newer");
        assert!(error.to_string().contains("not 2"), "{error}");
    }

    #[test]
    fn what_leaves_the_site_is_decided_field_by_field() {
        let file = parse(
            "format = 1\n[privacy]\nhold = true\nserial = \"pseudonymise\"\naddress = \"shorten\"\n\
             other_devices = \"drop\"\n",
        )
        .expect("valid");
        let privacy = file.privacy;
        assert!(privacy.hold && privacy.treats());
        assert_eq!(privacy.of(Field::Serial), Treatment::Pseudonymise);
        assert_eq!(privacy.of(Field::Address), Treatment::Shorten);
        assert_eq!(privacy.of(Field::OtherDevices), Treatment::Drop);
        assert_eq!(privacy.of(Field::Hostname), Treatment::Send);
        assert!(!parse("format = 1\n").expect("valid").privacy.treats());
    }

    #[test]
    fn a_treatment_that_cannot_be_is_refused_with_what_can() {
        for (table, reason) in [
            ("serial = \"shorten\"", "it can be send, pseudonymise, drop"),
            ("seriel = \"drop\"", "unknown field `seriel`"),
            ("mac = \"hide\"", "unknown variant `hide`"),
            (
                "serial = \"drop\"\nmac = \"drop\"\nengine_id = \"drop\"\naddress = \"drop\"",
                "could tell no device from another",
            ),
        ] {
            let error = parse(&format!("format = 1\n[privacy]\n{table}\n"));
            let error = error.expect_err("refused").to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_every_error_names_the_file(text in "(format = 1\\n)?(\\[(central|network)\\]\\n)?([a-z_]{1,12} = [-\"\\[\\]a-z0-9./]{0,20}\\n){0,3}") {
            if let Err(error) = parse(&text) {
                prop_assert!(error.to_string().starts_with("/etc/site/agent.toml"), "{}", error);
            }
        }
    }
}
