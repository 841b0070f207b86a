//! Sweep and read: from addresses to audits and observations.

use crate::engines::EngineMemory;
use crate::known::{Asked, ReadDevice, Remembered, Right};
use crate::observe::Account;
use crate::targets::{TargetAddress, TargetPlan};
use crate::{Clocks, NoRandomness, clock, random};
use pagetally_model::{
    AuditId, DeviceAudit, Observation, Outcome, PassId, PassStats, Settings, Text, Witness,
};
use pagetally_printer_mib::{
    Class, Context, Definitions, Knowledge, ReadPlan, classify, decode, is_bare_print_server,
};
use pagetally_snmp::{
    Cancel, Guide, Known, KnownEngine, RefusalReason, ScanConfig, ScanEvent, ScanStats, SnmpError,
    Unreachable, scan_with,
};
use pagetally_snmp_engine::reader::DeviceMemory;
use pagetally_snmp_engine::sweep::SecondLook;
use pagetally_snmp_engine::{Answers, Ending, Oid, Plan, Value, VarBind, Version};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

/// How much of a foreign device's sysDescr is kept.
const DESCRIPTION_CHARS: usize = 160;

/// A discovery that could not run at all. What devices do is an observation, never an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoveryError {
    /// This machine cannot scan.
    #[error("this machine cannot scan")]
    Scan(#[from] SnmpError),
    /// No random numbers for ids.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// What happens during a discovery, as it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiscoveryEvent {
    /// The first datagram to an address has left.
    Touched {
        /// The address.
        address: SocketAddr,
    },
    /// A printer answered and will be read.
    Found {
        /// Its address.
        address: SocketAddr,
    },
    /// Silent addresses are asked again, because the network loses datagrams.
    SecondLook(SecondLook),
    /// How far it is.
    Progress {
        /// Addresses that are settled.
        probed: u64,
        /// Addresses in all.
        total: u64,
        /// Printers found.
        found: u64,
        /// Printers read.
        read: u64,
    },
    /// A printer was read.
    Read {
        /// Its address.
        address: SocketAddr,
        /// Its audit.
        audit: AuditId,
        /// Maker and model, as far as known.
        name: Text,
        /// Whether everything that was asked for was answered.
        complete: bool,
        /// Whether only what moves was asked for, the rest being known.
        quick: bool,
        /// Requests, repeated ones and a sweep's probes not counted.
        requests: u32,
    },
}

/// Where to look and how.
#[derive(Clone, Copy, Debug)]
pub struct Discovery<'a> {
    /// Where to look.
    pub targets: &'a TargetPlan,
    /// The printers' UDP port.
    pub port: u16,
    /// Credentials, patience, pace.
    pub config: &'a ScanConfig,
    /// Vendor knowledge.
    pub definitions: &'a Definitions,
    /// The agent's clocks.
    pub clocks: &'a Clocks,
    /// The pass that the audits belong to.
    pub pass: PassId,
    /// SNMPv3 engines that authenticated themselves in earlier passes, and are to in this one;
    /// without it, only listed engines and first contacts are possible.
    pub engines: Option<&'a EngineMemory>,
    /// What is remembered of devices from earlier passes, and is to be of this one; without it, every
    /// device is looked for and read in full.
    pub remembered: Option<&'a Remembered<'a>>,
}

/// How devices were read, and what that took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadCounts {
    /// Devices of which everything was asked for.
    pub full: u64,
    /// Known devices that were asked for what moves only.
    pub quick: u64,
    /// Requests to all of them, repeated ones and a sweep's probes not counted.
    pub requests: u64,
}

/// What a discovery brought.
#[derive(Clone, Debug, Default)]
pub struct Discovered {
    /// One audit a printer, in the order of their addresses.
    pub audits: Vec<DeviceAudit>,
    /// Exactly one observation for every address; silent neighbours share one.
    pub observations: Vec<Observation>,
    /// What it cost.
    pub stats: PassStats,
    /// How the printers among them were read.
    pub reads: ReadCounts,
    /// Whether it was stopped before every address was settled.
    pub cancelled: bool,
    /// How many addresses have no observation; never more than 0 unless it was stopped.
    pub unsettled: u64,
}

/// What settings say about scanning. The keys of SNMPv3 users are derived here, which hashes a
/// megabyte for each passphrase: call it once.
pub fn scan_config(settings: &Settings) -> ScanConfig {
    ScanConfig {
        communities: settings
            .communities
            .iter()
            .map(|community| community.expose().as_bytes().to_vec())
            .collect(),
        timeout: Duration::from_millis(settings.timeout_millis),
        retries: settings.retries,
        datagrams_per_second: settings.datagrams_per_second,
        subnet_datagrams_per_second: settings.subnet_datagrams_per_second,
        users: crate::engines::users(&settings.snmp_users),
        ..ScanConfig::default()
    }
}

/// How long a sweep takes where nobody answers: every round of probes waits for the timeout, and all
/// probes leave at the pace that is allowed. Printers take longer, because they are read.
pub fn silent_sweep_time(config: &ScanConfig, addresses: u64) -> Duration {
    config.silent_sweep(addresses).1
}

/// A fresh id for a pass.
///
/// # Errors
///
/// Where the operating system has no random numbers.
pub fn new_pass_id() -> Result<PassId, NoRandomness> {
    Ok(PassId::from_bytes(random::bytes()?))
}

impl Discovery<'_> {
    /// Looks at every address, reads every printer, decodes what they say.
    ///
    /// # Errors
    ///
    /// [`DiscoveryError`] where this machine cannot scan at all.
    pub fn run(
        &self,
        cancel: &Cancel,
        on_event: &mut dyn FnMut(DiscoveryEvent),
    ) -> Result<Discovered, DiscoveryError> {
        let mut gathering = Gathering {
            discovery: *self,
            audits: Vec::new(),
            account: Account::default(),
            reads: ReadCounts::default(),
            failure: None,
        };
        self.unresolved()
            .chain(self.left_alone())
            .for_each(|observation| gathering.account.add(observation));
        let port = self.port;
        let stats = scan_with(
            self.targets
                .asked()
                .map(move |target| socket_address(target, port)),
            self.config,
            &mut SiteGuide(*self),
            cancel,
            &mut |event| {
                if let Some(told) = gathering.take(event) {
                    on_event(told);
                }
            },
        )?;
        if let Some(remembered) = self.remembered {
            remembered.close(self.clocks.wall());
        }
        gathering.finish(stats)
    }

    /// One observation for every name that has no address now. Its address is the unspecified one:
    /// nobody was asked.
    fn unresolved(&self) -> impl Iterator<Item = Observation> + '_ {
        let at = self.clocks.wall();
        self.targets
            .unresolved()
            .iter()
            .map(move |entry| Observation {
                first: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                last: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                name: Some(entry.name.clone()),
                outcome: Outcome::Error {
                    reason: entry.reason.clone(),
                },
                witness: Witness::System,
                at,
            })
    }
}

impl Discovery<'_> {
    /// One observation for every address that is left alone.
    fn left_alone(&self) -> impl Iterator<Item = Observation> + '_ {
        let at = self.clocks.wall();
        self.targets
            .left_alone()
            .map(move |(address, (outcome, witness))| Observation {
                first: address.ip,
                last: address.ip,
                name: self.targets.name_of(address).cloned(),
                outcome: outcome.clone(),
                witness: *witness,
                at,
            })
    }
}

fn socket_address(target: TargetAddress, port: u16) -> SocketAddr {
    match target.ip {
        IpAddr::V4(ip) => SocketAddr::from((ip, port)),
        IpAddr::V6(ip) => SocketAddr::V6(SocketAddrV6::new(ip, port, 0, target.scope)),
    }
}

/// Reads what is known from earlier, what shows itself as a printer, and what the definitions know as
/// one by its name: cards and label printers without a device table and without a Printer MIB.
struct SiteGuide<'a>(Discovery<'a>);

impl Guide for SiteGuide<'_> {
    fn plan(&mut self, address: SocketAddr) -> Box<dyn Plan> {
        let definitions = self.0.definitions;
        match self.0.remembered {
            Some(remembered) => remembered.plan(address, definitions, self.0.clocks.wall()),
            None => Box::new(ReadPlan::new(definitions)),
        }
    }

    fn known(&mut self, address: SocketAddr) -> Option<Known> {
        let remembered = self.0.remembered?;
        remembered.known(address, self.0.config)
    }

    fn reads(&mut self, probe: &[VarBind]) -> bool {
        let answers: Answers = probe.iter().cloned().collect();
        classify(&answers, self.0.definitions) == Class::Printer
    }

    fn engine(&mut self, address: SocketAddr) -> Option<KnownEngine> {
        let memory = self.0.engines?;
        memory.engine(address.ip(), &self.0.config.users, self.0.clocks.wall())
    }
}

/// Whether an audit says anything of a printer. A network card without a printer behind it answers
/// under its maker's name too, and has neither serial number nor counter nor supply to tell.
fn says_something(audit: &DeviceAudit) -> bool {
    let identity = &audit.identity;
    identity.serial.is_some()
        || identity.model.is_some()
        || !audit.meters.is_empty()
        || !audit.markers.is_empty()
        || !audit.supplies.is_empty()
}

/// Whether the device table or the Printer MIB shows a printer.
fn shows_a_printer(answers: &Answers) -> bool {
    let varbinds: Vec<VarBind> = answers
        .iter()
        .map(|(oid, value)| VarBind {
            oid: oid.clone(),
            value: value.clone(),
        })
        .collect();
    pagetally_snmp_engine::classify(&varbinds) == pagetally_snmp_engine::Class::Printer
}

/// One device that the scan has read.
#[derive(Clone, Copy)]
struct Read<'a> {
    address: SocketAddr,
    version: Version,
    community_index: usize,
    answers: &'a Answers,
    ending: Ending,
    requests: u32,
    memory: &'a DeviceMemory,
}

/// A discovery under way.
struct Gathering<'a> {
    discovery: Discovery<'a>,
    audits: Vec<DeviceAudit>,
    account: Account,
    reads: ReadCounts,
    failure: Option<NoRandomness>,
}

impl Gathering<'_> {
    fn take(&mut self, event: ScanEvent) -> Option<DiscoveryEvent> {
        match event {
            ScanEvent::Progress {
                probed,
                total,
                found,
                read,
            } => Some(DiscoveryEvent::Progress {
                probed,
                total,
                found,
                read,
            }),
            ScanEvent::SecondLook(look) => Some(DiscoveryEvent::SecondLook(look)),
            ScanEvent::Touched { address } => Some(DiscoveryEvent::Touched { address }),
            ScanEvent::Found { address, .. } => Some(DiscoveryEvent::Found { address }),
            ScanEvent::Read {
                address,
                version,
                community_index,
                answers,
                ending,
                requests,
                memory,
                engine,
            } => {
                if let (Some(memory), Some(engine)) = (self.discovery.engines, &engine) {
                    let (users, now) = (&self.discovery.config.users, self.discovery.clocks.wall());
                    memory.note(address.ip(), engine, users, now);
                }
                let read = Read {
                    address,
                    version,
                    community_index,
                    answers: &answers,
                    ending,
                    requests,
                    memory: &memory,
                };
                self.read(&read)
            }
            ScanEvent::OtherDevice {
                address,
                version,
                sys_descr,
                ..
            } => {
                let description = sys_descr.as_deref().and_then(beginning);
                self.note(
                    address,
                    Outcome::OtherDevice { description },
                    witness(version),
                );
                None
            }
            ScanEvent::Refused { address, reason } => {
                let words = Text::clean(&reason.to_string());
                let (outcome, witness) = match &reason {
                    RefusalReason::ErrorStatus { version, .. } => {
                        (Outcome::Refused { reason: words }, witness(*version))
                    }
                    RefusalReason::OnlyV3 { .. } => (
                        Outcome::WrongCommunity { reason: words },
                        Witness::SnmpV3Report,
                    ),
                    _ => (Outcome::Refused { reason: words }, Witness::SnmpV3Report),
                };
                self.note(address, outcome, witness);
                None
            }
            ScanEvent::Unreachable { address, cause } => {
                let outcome = match cause {
                    Unreachable::Port => Outcome::PortClosed,
                    other => Outcome::Unreachable {
                        reason: Text::clean(&other.to_string()),
                    },
                };
                self.note(address, outcome, Witness::System);
                None
            }
            ScanEvent::Silent { address } => {
                self.note(address, Outcome::Silent, Witness::NoAnswer);
                None
            }
            ScanEvent::Error { address, error } => {
                let reason = Text::clean(&with_causes(&error));
                self.note(address, Outcome::Error { reason }, Witness::System);
                None
            }
            _ => None,
        }
    }

    fn read(&mut self, read: &Read<'_>) -> Option<DiscoveryEvent> {
        let Read {
            address,
            version,
            ending,
            ..
        } = *read;
        let definitions = self.discovery.definitions;
        let asked = self.discovery.remembered.and_then(|all| all.take(address));
        let known = asked.as_ref().and_then(|asked| asked.knowledge.clone());
        let known = known.filter(|known| known.evidence_of_change(read.answers).is_none());
        let completed = known.as_ref().map(|known| known.complete(read.answers));
        let answers = completed.as_ref().unwrap_or(read.answers);
        // Only a device that said all it has can show that nothing stands behind a print server.
        let bare = || ending.is_complete() && is_bare_print_server(answers, definitions);
        if classify(answers, definitions) == Class::Other || bare() {
            return self.other_device(address, version, answers);
        }
        let id = match random::bytes() {
            Ok(bytes) => AuditId::from_bytes(bytes),
            Err(failure) => {
                self.failure = Some(failure);
                return None;
            }
        };
        let context = Context {
            id,
            pass: self.discovery.pass,
            time: self.discovery.clocks.now(),
            address: Some(address),
            protocol: Text::clean(match version {
                Version::V1 => "snmp-v1",
                Version::V2c => "snmp-v2c",
                Version::V3 => "snmp-v3",
            }),
        };
        let mut audit = decode(answers, &context, definitions);
        if !says_something(&audit) && !shows_a_printer(answers) {
            return self.other_device(address, version, answers);
        }
        if let Some(known) = &known {
            known.mark(&mut audit, read.answers);
        }
        self.remember(read, &audit, asked.as_ref(), known.as_deref());
        let name = device_name(&audit);
        let complete = ending.is_complete();
        let outcome = if complete {
            Outcome::PrinterRead { audit: id }
        } else {
            Outcome::PrinterPartlyRead {
                audit: id,
                reason: Text::clean(&ending.to_string()),
            }
        };
        self.note(address, outcome, witness(version));
        self.audits.push(audit);
        Some(DiscoveryEvent::Read {
            address,
            audit: id,
            name,
            complete,
            quick: known.is_some(),
            requests: read.requests,
        })
    }

    /// Counts a read, and keeps what it taught; of one that ended early, nothing.
    fn remember(
        &mut self,
        read: &Read<'_>,
        audit: &DeviceAudit,
        asked: Option<&Asked>,
        quick: Option<&Knowledge>,
    ) {
        self.reads.requests += u64::from(read.requests);
        match quick {
            Some(_) => self.reads.quick += 1,
            None => self.reads.full += 1,
        }
        let (config, index) = (self.discovery.config, read.community_index);
        let right = if read.version == Version::V3 {
            let user = config.users.get(index);
            user.map(|user| Right::User(user.credential.name()))
        } else {
            let community = config.communities.get(index);
            community.map(|community| Right::Community(community))
        };
        if let Some(remembered) = self.discovery.remembered
            && let Some(right) = right
            && read.ending.is_complete()
        {
            let device = ReadDevice {
                address: read.address,
                right,
                memory: read.memory,
                answers: read.answers,
                audit,
                asked,
                quick,
            };
            remembered.remember(&device, self.discovery.definitions);
        }
    }

    fn other_device(
        &mut self,
        address: SocketAddr,
        version: Version,
        answers: &Answers,
    ) -> Option<DiscoveryEvent> {
        let description = answers
            .get(&sys_descr())
            .and_then(Value::as_octets)
            .and_then(beginning);
        self.note(
            address,
            Outcome::OtherDevice { description },
            witness(version),
        );
        None
    }

    fn note(&mut self, address: SocketAddr, outcome: Outcome, witness: Witness) {
        let ip = address.ip();
        self.account.add(Observation {
            first: ip,
            last: ip,
            name: self
                .discovery
                .targets
                .name_of(TargetAddress::of(address))
                .cloned(),
            outcome,
            witness,
            at: self.discovery.clocks.wall(),
        });
    }

    fn finish(mut self, stats: ScanStats) -> Result<Discovered, DiscoveryError> {
        if let Some(failure) = self.failure {
            return Err(failure.into());
        }
        let targets = self.discovery.targets;
        let named = targets.unresolved().len() as u64;
        let settled = self.account.addresses().saturating_sub(named);
        self.audits.sort_by_key(|audit| audit.address);
        Ok(Discovered {
            audits: self.audits,
            observations: self.account.into_observations(),
            stats: PassStats {
                addresses: targets.count(),
                datagrams_sent: stats.datagrams_sent,
                datagrams_received: stats.datagrams_received,
                datagrams_ignored: stats.datagrams_ignored,
                retries: stats.retries,
                silent_asked_again: stats.silent_asked_again,
                duration_millis: clock::millis(stats.elapsed),
            },
            reads: self.reads,
            cancelled: stats.cancelled,
            unsettled: targets.count().saturating_sub(settled),
        })
    }
}

/// sysDescr.0 (RFC 3418).
fn sys_descr() -> Oid {
    Oid::default().child(&[1, 3, 6, 1, 2, 1, 1, 1, 0])
}

/// The beginning of a foreign device's sysDescr.
fn beginning(octets: &[u8]) -> Option<Text> {
    let text = Text::clean(&String::from_utf8_lossy(octets));
    Text::non_empty(
        &text
            .as_str()
            .chars()
            .take(DESCRIPTION_CHARS)
            .collect::<String>(),
    )
}

fn witness(version: Version) -> Witness {
    match version {
        Version::V1 => Witness::SnmpV1,
        Version::V2c => Witness::SnmpV2c,
        Version::V3 => Witness::SnmpV3,
    }
}

/// Maker and model, or whatever the device calls itself.
pub fn device_name(audit: &DeviceAudit) -> Text {
    let identity = &audit.identity;
    let maker = identity.manufacturer.as_ref().map_or("", Text::as_str);
    let model = identity.model.as_ref().map_or("", Text::as_str);
    let name = Text::clean(&format!("{maker} {model}"));
    if name.is_empty() {
        identity
            .description
            .clone()
            .unwrap_or_else(|| Text::clean("unknown printer"))
    } else {
        name
    }
}

/// An error with its causes, in one line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_sweep_waits_for_every_round_and_sends_at_its_pace() {
        let config = ScanConfig {
            timeout: Duration::from_secs(1),
            retries: 1,
            datagrams_per_second: 500,
            ..ScanConfig::default()
        };
        // Two rounds, of one datagram and of three.
        assert_eq!(silent_sweep_time(&config, 0), Duration::from_secs(2));
        assert_eq!(silent_sweep_time(&config, 1_000), Duration::from_secs(10));
        assert!(silent_sweep_time(&config, u64::MAX) > Duration::from_secs(1));
    }
}
