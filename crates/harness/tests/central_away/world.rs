//! A whole world: printers, an agent, a Central, and the door between the last two.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use crate::door::{Door, Way};
use pagetally_central::{Central, CentralConfig, CentralHandle, DealerBooks};
use pagetally_fleet_sim::demo_fleet;
use pagetally_harness::fleet::{Fleet, FleetConfig};
use pagetally_model::{Settings, SiteId, Timestamp};
use pagetally_onsite::{Agent, SiteFile};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Printers in each test's fleet.
pub(crate) const PRINTERS: usize = 2;

/// A whole world.
pub(crate) struct World {
    pub(crate) runtime: Runtime,
    pub(crate) central: CentralHandle,
    pub(crate) books: DealerBooks,
    pub(crate) site: SiteId,
    pub(crate) agent: Agent,
    /// Serves until the test ends.
    pub(crate) fleet: Fleet,
    pub(crate) folder: TempDir,
    /// How agents reach Central.
    pub(crate) url: String,
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    Timestamp::from_unix_millis(i64::try_from(since.as_millis()).expect("before 292 million"))
}

/// The site's own file: one second of patience, and plain HTTP where the world has no TLS.
pub(crate) fn site_file(folder: &Path, authority_pem: Option<&str>) -> SiteFile {
    let central = match authority_pem {
        Some(pem) => {
            std::fs::write(folder.join("ca.pem"), pem).expect("writable");
            "ca_file = \"ca.pem\""
        }
        None => "allow_plain_http = true",
    };
    let text = format!(
        "format = 1\n[central]\n{central}\nconnect_timeout_seconds = 5\nanswer_timeout_seconds = 5\n"
    );
    SiteFile::parse(&text, &folder.join("site.toml")).expect("valid")
}

impl World {
    /// A Central behind `door`, an agent enrolled through it, printers from `base` on.
    pub(crate) fn new(
        base: Ipv4Addr,
        config: CentralConfig,
        authority_pem: Option<&str>,
    ) -> (Self, Door) {
        let runtime = Runtime::new().expect("a runtime");
        let central = runtime
            .block_on(Central::start(config))
            .expect("Central starts");
        let scheme = if central.https_address().is_some() {
            "https"
        } else {
            "http"
        };
        let door = Door::open(0, Way::Through(address(&central)));
        let url = format!("{scheme}://127.0.0.1:{}/soap", door.port());

        let devices = demo_fleet(7).into_iter().take(PRINTERS).collect();
        let fleet = Fleet::start(FleetConfig {
            base,
            // A device prints when a test says so.
            follow_wall_clock: false,
            ..FleetConfig::new(devices)
        })
        .expect("a fleet");
        let settings = Settings {
            targets: fleet
                .addresses()
                .iter()
                .map(|a| a.ip().to_string())
                .collect(),
            port: fleet.port(),
            timeout_millis: 500,
            // Between two passes lies a moment of the agent's clock, whatever goes by in the fleet.
            sleep_seconds: 0,
            ..Settings::default()
        };
        let (books, site) = runtime.block_on(async {
            let dealer = central
                .books()
                .create_dealer("Dealer")
                .await
                .expect("a dealer");
            let books = central.books().dealer(dealer);
            let account = books.create_account("Customer").await.expect("an account");
            let site = books
                .create_site(account, "Head office", "Europe/Berlin")
                .await
                .expect("a site");
            books
                .set_settings(site, &settings, "test")
                .await
                .expect("settings");
            (books, site)
        });

        let folder = tempfile::tempdir().expect("a folder");
        let file = site_file(folder.path(), authority_pem);
        let agent = Agent::open(&folder.path().join("agent"), file).expect("an agent");
        let mut world = Self {
            runtime,
            central,
            books,
            site,
            agent,
            fleet,
            folder,
            url,
        };
        let code = world.code();
        world
            .agent
            .enrol(&code)
            .expect("enrolled through the open door");
        (world, door)
    }

    /// Ends the agent, lets `act` have its folder, and opens it again.
    pub(crate) fn while_stopped(self, act: impl FnOnce(&Path)) -> Self {
        let path = self.agent.folder().to_owned();
        drop(self.agent);
        act(&path);
        let file = site_file(self.folder.path(), None);
        let agent = Agent::open(&path, file).expect("the same agent");
        Self { agent, ..self }
    }

    /// A fresh enrolment code of the site.
    pub(crate) fn code(&self) -> String {
        let hour = Duration::from_secs(3_600);
        let code = self
            .books
            .create_enrolment_code(self.site, &self.url, now(), hour);
        let code = self.runtime.block_on(code).expect("a code");
        code.to_text().expect("a code").to_string()
    }

    pub(crate) fn booked_submissions(&self) -> Vec<u64> {
        let rows = self
            .runtime
            .block_on(self.books.submissions(self.agent.id()))
            .expect("rows");
        let mut numbers: Vec<u64> = rows.iter().map(|row| row.number).collect();
        numbers.sort_unstable();
        numbers
    }
}

pub(crate) fn address(central: &CentralHandle) -> SocketAddr {
    central
        .https_address()
        .or_else(|| central.http_address())
        .expect("it listens")
}
