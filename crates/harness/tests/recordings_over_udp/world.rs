//! A fleet on loopback, an in-memory Central, and an agent enrolled with it.

use pagetally_central::{Central, CentralConfig, CentralHandle, DealerBooks};
use pagetally_fleet_sim::SimDevice;
use pagetally_harness::fleet::{Fleet, FleetConfig};
use pagetally_model::{AuditId, DeviceAudit, Observation, PassReport, Settings, Timestamp};
use pagetally_onsite::{Agent, Cancel, Delivery, Pass, Receiver, SiteFile};
use pagetally_printer_mib::Definitions;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub(crate) struct World {
    runtime: Runtime,
    books: DealerBooks,
    agent: Agent,
    fleet: Fleet,
    _central: CentralHandle,
    _folder: TempDir,
}

/// What one pass read, as it was handed to another system before Central was called.
#[derive(Default)]
pub(crate) struct Read {
    audits: Vec<DeviceAudit>,
    observations: Vec<Observation>,
}

impl Receiver for Read {
    fn receive(
        &mut self,
        report: &PassReport,
        audits: &[DeviceAudit],
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.audits = audits.to_vec();
        self.observations.clone_from(&report.observations);
        Ok(())
    }
}

impl Read {
    pub(crate) fn audit(&self, address: SocketAddr) -> Option<&DeviceAudit> {
        self.audits
            .iter()
            .find(|audit| audit.address == Some(address))
    }

    /// What the pass says of an address.
    pub(crate) fn outcome(&self, address: SocketAddr) -> String {
        let ip = address.ip();
        let mut rows = self.observations.iter();
        let row = rows.find(|row| (row.first..=row.last).contains(&ip));
        row.map_or_else(
            || "not settled".to_owned(),
            |row| format!("{:?}", row.outcome),
        )
    }

    /// Addresses that were read in part only.
    pub(crate) fn not_complete(&self) -> Vec<String> {
        let partly = |row: &&Observation| {
            matches!(
                row.outcome,
                pagetally_model::Outcome::PrinterPartlyRead { .. }
            )
        };
        let rows = self.observations.iter().filter(partly);
        rows.map(|row| format!("{} {:?}", row.first, row.outcome))
            .collect()
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    Timestamp::from_unix_millis(i64::try_from(since.as_millis()).expect("before 292 million"))
}

impl World {
    pub(crate) fn new(base: Ipv4Addr, devices: Vec<SimDevice>) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let central = runtime
            .block_on(Central::start(CentralConfig::in_memory()))
            .expect("Central starts");
        let fleet = Fleet::start(FleetConfig {
            base,
            ..FleetConfig::new(devices)
        })
        .expect("a fleet");
        let first = fleet.address(0).ip();
        let last = fleet.address(fleet.len() - 1).ip();
        let settings = Settings {
            targets: vec![format!("{first}-{last}")],
            port: fleet.port(),
            timeout_millis: 2_000,
            datagrams_per_second: 5_000,
            // Between two passes lies a moment of the agent's clock, whatever goes by in the fleet.
            sleep_seconds: 0,
            ..Settings::default()
        };
        let url = central.soap_url();
        let (books, code) = runtime.block_on(async {
            let dealer = central.books().create_dealer("Dealer").await;
            let books = central.books().dealer(dealer.expect("a dealer"));
            let account = books.create_account("Customer").await.expect("an account");
            let site = books.create_site(account, "Head office", "Europe/Berlin");
            let site = site.await.expect("a site");
            let set = books.set_settings(site, &settings, "test").await;
            set.expect("settings");
            let hour = Duration::from_secs(3_600);
            let code = books.create_enrolment_code(site, &url, now(), hour).await;
            (books, code.expect("a code"))
        });
        let folder = tempfile::tempdir().expect("a folder");
        let site = SiteFile {
            allow_plain_http: true,
            ..SiteFile::default()
        };
        let mut agent = Agent::open(&folder.path().join("agent"), site).expect("an agent");
        agent
            .enrol(&code.to_text().expect("a code"))
            .expect("enrolled");
        Self {
            runtime,
            books,
            agent,
            fleet,
            _central: central,
            _folder: folder,
        }
    }

    pub(crate) fn address(&self, index: usize) -> SocketAddr {
        self.fleet.address(index)
    }

    /// One pass of the agent, stored, sealed and delivered.
    pub(crate) fn pass(&mut self, definitions: &Definitions) -> Read {
        let mut read = Read::default();
        let fleet = &self.fleet;
        let summary = Pass::new(&mut self.agent, definitions)
            .with_receiver(&mut read)
            .run(&Cancel::new(), &mut |event| fleet.keep_up(&event))
            .expect("a pass");
        assert_eq!(summary.delivery, Delivery::Complete);
        assert_eq!(summary.waiting, 0);
        read
    }

    /// The audit as Central keeps it.
    pub(crate) fn booked(&self, audit: AuditId) -> DeviceAudit {
        let document = self.books.audit_document(audit);
        self.runtime.block_on(document).expect("in the books")
    }
}
