//! A fleet on loopback and an agent that looks at it again and again.

use pagetally_fleet_sim::SimDevice;
use pagetally_harness::fleet::{Fleet, FleetConfig};
use pagetally_model::{DeviceAudit, Provenance, Settings};
use pagetally_onsite::{Agent, Cancel, DiscoveryEvent, Pass, PassEvent, PassSummary, SiteFile};
use pagetally_printer_mib::Definitions;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use tempfile::TempDir;

/// A link on which nothing comes through.
const DEAD: u32 = 1_000_000;

pub(crate) struct Site {
    pub(crate) fleet: Fleet,
    pub(crate) folder: TempDir,
    agent: Agent,
    /// Seconds within which every device is read in full.
    pub(crate) full_read_seconds: Option<u64>,
}

/// How long whoever is silent is waited for. Nobody else needs it: the fleet [keeps up](Fleet::keep_up).
const TIMEOUT_MILLIS: u64 = 500;

/// What one pass did.
pub(crate) struct Passed {
    pub(crate) audits: BTreeMap<IpAddr, DeviceAudit>,
    /// Of each device: whether it was read quickly, and in how many requests.
    pub(crate) reads: BTreeMap<IpAddr, (bool, u32)>,
    pub(crate) summary: PassSummary,
    /// Datagrams that came to the fleet's sockets.
    pub(crate) wire: u64,
}

impl Site {
    pub(crate) fn new(devices: Vec<SimDevice>, base: [u8; 4]) -> Self {
        let fleet = Fleet::start(FleetConfig {
            base: Ipv4Addr::from(base),
            follow_wall_clock: false,
            ..FleetConfig::new(devices)
        })
        .expect("a fleet");
        let folder = tempfile::tempdir().expect("a folder");
        let agent = open(folder.path());
        Self {
            fleet,
            folder,
            agent,
            full_read_seconds: None,
        }
    }

    pub(crate) fn ip(&self, place: usize) -> IpAddr {
        self.fleet.address(place).ip()
    }

    pub(crate) fn pass(&mut self) -> Passed {
        look(&mut self.agent, &self.fleet, self.full_read_seconds)
    }

    /// What an agent says that sees the fleet for the first time.
    pub(crate) fn stranger(&self) -> BTreeMap<IpAddr, DeviceAudit> {
        let folder = tempfile::tempdir().expect("a folder");
        look(&mut open(folder.path()), &self.fleet, None).audits
    }

    pub(crate) fn with<T>(&self, place: usize, change: impl FnOnce(&mut SimDevice) -> T) -> T {
        self.fleet
            .with_device(place, change)
            .expect("a device is there")
    }

    /// Two devices change places, as when a router gives out addresses anew.
    pub(crate) fn swap(&self, one: usize, other: usize) {
        let address = |place| match self.ip(place) {
            IpAddr::V4(ip) => ip,
            IpAddr::V6(_) => unreachable!("the fleet is IPv4"),
        };
        self.with(one, |first| {
            self.with(other, |second| {
                std::mem::swap(first, second);
                first.set_address(address(one));
                second.set_address(address(other));
            });
        });
    }

    pub(crate) fn set_present(&self, place: usize, present: bool) {
        let loss = if present { 0 } else { DEAD };
        self.fleet.set_link(place, loss, std::time::Duration::ZERO);
    }

    /// Damages every file that is remembered of devices; says how many.
    pub(crate) fn damage_what_is_remembered(&self) -> usize {
        let mut damaged = 0;
        let folders = std::fs::read_dir(self.folder.path().join("cache")).expect("a cache");
        for folder in folders {
            let folder = folder.expect("listed").path();
            for file in std::fs::read_dir(folder).expect("listed") {
                let file = file.expect("listed").path();
                let mut bytes = std::fs::read(&file).expect("readable");
                if let Some(last) = bytes.last_mut() {
                    *last ^= 1;
                }
                std::fs::write(&file, bytes).expect("writable");
                damaged += 1;
            }
        }
        damaged
    }
}

fn open(folder: &Path) -> Agent {
    Agent::open(folder, SiteFile::default()).expect("an agent")
}

fn look(agent: &mut Agent, fleet: &Fleet, full_read_seconds: Option<u64>) -> Passed {
    let (first, last) = (fleet.address(0), fleet.address(fleet.len() - 1));
    let settings = Settings {
        version: 1,
        targets: vec![format!("{}-{}", first.ip(), last.ip())],
        port: fleet.port(),
        timeout_millis: TIMEOUT_MILLIS,
        datagrams_per_second: 2_000,
        sleep_seconds: 0,
        full_read_seconds,
        ..Settings::default()
    };
    agent.store().set_settings(&settings).expect("durable");
    let before = fleet.stats().received;
    let mut reads = BTreeMap::new();
    let summary = Pass::new(agent, &Definitions::builtin())
        .run(&Cancel::new(), &mut |event| {
            fleet.keep_up(&event);
            if let PassEvent::Discovery(DiscoveryEvent::Read {
                address,
                quick,
                requests,
                ..
            }) = event
            {
                reads.insert(address.ip(), (quick, requests));
            }
        })
        .expect("a pass");
    let audits = agent
        .store()
        .audits()
        .map(|stored| stored.expect("whole").audit)
        .take_while(|audit| audit.pass == summary.pass)
        .map(|audit| {
            assert_eq!(audit.check_sources(), Ok(()));
            (audit.address.expect("an address").ip(), audit)
        })
        .collect();
    Passed {
        audits,
        reads,
        wire: fleet.stats().received - before,
        summary,
    }
}

/// What an audit says of the device at the moment, whenever it was read and whatever went before.
pub(crate) fn said(audit: &DeviceAudit, like: &DeviceAudit) -> DeviceAudit {
    let mut said = audit.clone();
    (said.id, said.pass, said.time) = (like.id, like.pass, like.time);
    // Whoever stands where one stood that speaks v1 alone is asked over v1 once.
    said.protocol = like.protocol.clone();
    said.comparison = None;
    said.contradictions.clear();
    for supply in &mut said.supplies {
        supply.replaced = None;
        supply.place = None;
        supply.sources.remove("replaced");
    }
    let mut forget = |provenance: &mut Provenance| provenance.read_at = None;
    said.identity.sources.values_mut().for_each(&mut forget);
    said.status.sources.values_mut().for_each(&mut forget);
    macro_rules! parts {
        ($($part:ident)*) => {$(
            for part in &mut said.$part {
                part.sources.values_mut().for_each(&mut forget);
            }
        )*};
    }
    parts!(markers supplies trays outputs covers alerts);
    said
}
