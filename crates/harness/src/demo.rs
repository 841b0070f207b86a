//! The whole road on one machine: Central, a fleet of simulated printers, an agent, two passes with
//! print activity in between, and the books held against what the printers served.
//!
//! Nothing is stubbed: printers answer on real UDP sockets, the agent stores to a real folder and
//! calls Central over TLS under an authority of the demo's own.

mod certificate;
mod compare;
mod provenance;

pub use compare::{Comparison, Difference, Witnessed, compare};

use crate::fleet::{Fleet, FleetConfig, FleetError};
pub(crate) use certificate::Certificates;
use pagetally_central::{
    BooksError, Central, CentralConfig, CentralHandle, DealerBooks, HttpsConfig, PageAccess,
    StartError, Storage,
};
use pagetally_contract::CodeError;
use pagetally_fleet_sim::{Truth, demo_fleet};
use pagetally_model::{Settings, SettingsError, SiteId, Text, Timestamp};
use pagetally_onsite::{
    Agent, AgentError, Cancel, Delivery, EnrolError, Pass, PassError, PassEvent, PassSummary,
    SiteFile,
};
use pagetally_printer_mib::Definitions;
use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Addresses swept around the fleet in which nobody is.
const SILENT_ADDRESSES: u32 = 8;

/// Printed between the two passes: a morning's work.
const ACTIVITY: Duration = Duration::from_secs(4 * 3_600);

/// How a demo is run.
#[derive(Clone, Copy, Debug)]
pub struct DemoConfig {
    /// What the fleet's past and its work are drawn from.
    pub seed: u64,
    /// Where Central's pages listen; port 0 takes any free port.
    pub pages: SocketAddr,
}

impl Default for DemoConfig {
    fn default() -> Self {
        Self {
            seed: 7,
            pages: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        }
    }
}

/// What happens during a demo, in its order.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum DemoEvent {
    /// Central answers.
    CentralUp {
        /// Where its pages are read.
        pages: String,
        /// Where agents call it.
        endpoint: String,
    },
    /// The printers answer.
    FleetUp {
        /// Devices in all.
        devices: usize,
        /// Makers of the printers among them.
        makers: usize,
        /// The first and the last address.
        range: (SocketAddr, SocketAddr),
    },
    /// The agent is bound to its site.
    Enrolled {
        /// The site.
        site: Text,
    },
    /// Something of a pass.
    Pass {
        /// Which pass, counted from 1.
        number: u32,
        /// What.
        event: PassEvent,
    },
    /// A pass is over and the books were compared with the fleet.
    Compared {
        /// Which pass.
        number: u32,
        /// What the pass did.
        summary: Box<PassSummary>,
        /// What the comparison found.
        comparison: Comparison,
    },
    /// The fleet worked between the passes.
    Worked {
        /// Virtual time that passed.
        time: Duration,
        /// Sides that went through the engines.
        sides: u64,
    },
}

/// A demo that could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// The agent.
    #[error("the agent cannot use its folder")]
    Agent(#[from] AgentError),
    /// Central's books.
    #[error("Central's books cannot be used")]
    Books(#[from] BooksError),
    /// The enrolment code.
    #[error("the enrolment code cannot be written")]
    Code(#[from] CodeError),
    /// The demo's own certificates.
    #[error("the demo's certificates cannot be made")]
    Certificates(#[from] rcgen::Error),
    /// The enrolment.
    #[error("the agent cannot be enrolled")]
    Enrol(#[from] EnrolError),
    /// The simulated printers.
    #[error("the simulated printers cannot be served")]
    Fleet(#[from] FleetError),
    /// The demo's folder.
    #[error("the demo's folder cannot be used")]
    Folder(#[source] io::Error),
    /// A pass.
    #[error("pass {number} could not do its work")]
    Pass {
        /// Which pass.
        number: u32,
        /// Why.
        #[source]
        source: PassError,
    },
    /// The runtime under Central.
    #[error("Central's runtime cannot be started")]
    Runtime(#[source] io::Error),
    /// The settings.
    #[error("the demo's settings are out of their bounds")]
    Settings(#[from] SettingsError),
    /// Central.
    #[error("Central cannot be started")]
    Start(#[from] StartError),
}

/// A demo that ran, its Central and its printers still up.
#[derive(Debug)]
pub struct Demo {
    runtime: Runtime,
    central: CentralHandle,
    fleet: Fleet,
    _folder: TempDir,
    good: bool,
}

impl Demo {
    /// Runs the whole road once, telling what happens.
    ///
    /// # Errors
    ///
    /// [`DemoError`] where a part of it could not be started. Values that differ are no error:
    /// [`is_good`](Self::is_good) answers for them.
    pub fn run(
        config: &DemoConfig,
        cancel: &Cancel,
        on_event: &mut dyn FnMut(DemoEvent),
    ) -> Result<Self, DemoError> {
        let folder = tempfile::tempdir().map_err(DemoError::Folder)?;
        let runtime = Runtime::new().map_err(DemoError::Runtime)?;
        let certificates = Certificates::for_host("127.0.0.1")?;
        let central = runtime.block_on(start_central(config, &certificates))?;
        let endpoint = endpoint_url(&central);
        on_event(DemoEvent::CentralUp {
            pages: pages_url(&central),
            endpoint: endpoint.clone(),
        });

        let fleet = Fleet::start(FleetConfig::new(demo_fleet(config.seed)))?;
        on_event(fleet_event(&fleet));

        let (books, site) = runtime.block_on(open_site(&central, &settings_for(&fleet)))?;
        let mut agent = open_agent(folder.path(), &certificates)?;
        let code = runtime.block_on(books.create_enrolment_code(
            site,
            &endpoint,
            now(),
            Duration::from_secs(600),
        ))?;
        let enrolment = agent.enrol(&code.to_text()?)?;
        on_event(DemoEvent::Enrolled {
            site: enrolment.site_name,
        });

        let definitions = Definitions::builtin();
        let mut demo = Self {
            runtime,
            central,
            fleet,
            _folder: folder,
            good: true,
        };
        for number in 1..=2 {
            if number > 1 {
                on_event(demo.work());
            }
            let summary = Pass::new(&mut agent, &definitions)
                .run(cancel, &mut |event| {
                    on_event(DemoEvent::Pass { number, event })
                })
                .map_err(|source| DemoError::Pass { number, source })?;
            let fleet = Witnessed::all(&demo.fleet);
            let comparison = demo
                .runtime
                .block_on(compare(&books, summary.pass, &fleet))?;
            demo.good &= comparison.differences.is_empty()
                && summary.delivery == Delivery::Complete
                && summary.waiting == 0;
            on_event(DemoEvent::Compared {
                number,
                summary: Box::new(summary),
                comparison,
            });
        }
        Ok(demo)
    }

    /// Whether every value in the books equals what was served, and everything was delivered.
    pub fn is_good(&self) -> bool {
        self.good
    }

    /// Where Central's pages are read.
    pub fn pages(&self) -> String {
        pages_url(&self.central)
    }

    /// Stops Central and the printers.
    ///
    /// # Errors
    ///
    /// [`DemoError::Start`] where Central did not end cleanly.
    pub fn stop(self) -> Result<(), DemoError> {
        Ok(self.runtime.block_on(self.central.shutdown())?)
    }

    /// Lets the fleet work for a while and tells how much it did.
    fn work(&self) -> DemoEvent {
        let before = life_counts(&self.fleet);
        self.fleet.advance(ACTIVITY);
        let sides = life_counts(&self.fleet).saturating_sub(before);
        DemoEvent::Worked {
            time: ACTIVITY,
            sides,
        }
    }
}

async fn start_central(
    config: &DemoConfig,
    certificates: &Certificates,
) -> Result<CentralHandle, StartError> {
    Central::start(CentralConfig {
        storage: Storage::Memory,
        http: Some(config.pages),
        https: Some(HttpsConfig {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            certificate_pem: certificates.server_pem.clone().into_bytes(),
            key_pem: certificates.server_key_pem.clone().into_bytes(),
        }),
        page_access: PageAccess::OpenOnLoopback,
        ..CentralConfig::in_memory()
    })
    .await
}

/// Agents call over TLS, people read over plain HTTP on loopback.
fn endpoint_url(central: &CentralHandle) -> String {
    match central.https_address() {
        Some(address) => format!("https://{address}/soap"),
        None => central.soap_url(),
    }
}

fn pages_url(central: &CentralHandle) -> String {
    match central.http_address() {
        Some(address) => format!("http://{address}/"),
        None => central.public_url().to_owned(),
    }
}

fn fleet_event(fleet: &Fleet) -> DemoEvent {
    let truth = fleet.truth();
    let makers: BTreeSet<&str> = truth
        .iter()
        .filter(|(_, truth)| truth.is_printer)
        .map(|(_, truth)| truth.manufacturer.as_str())
        .collect();
    let last = fleet.len().saturating_sub(1);
    let range = (fleet.address(0), fleet.address(last));
    DemoEvent::FleetUp {
        devices: fleet.len(),
        makers: makers.len(),
        range,
    }
}

/// Loopback is nobody's network: the pace may be faster and the patience shorter than at a site.
fn settings_for(fleet: &Fleet) -> Settings {
    let first = fleet.address(0).ip();
    let last = fleet.address(fleet.len().saturating_sub(1)).ip();
    let beyond = match last {
        std::net::IpAddr::V4(last) => {
            Ipv4Addr::from(u32::from(last).saturating_add(SILENT_ADDRESSES)).to_string()
        }
        std::net::IpAddr::V6(last) => last.to_string(),
    };
    Settings {
        time_zone: Text::clean("Europe/Berlin"),
        targets: vec![format!("{first}-{beyond}")],
        port: fleet.port(),
        timeout_millis: 400,
        retries: 2,
        datagrams_per_second: 5_000,
        // Between two passes lies a moment of the agent's clock, whatever goes by in the fleet.
        sleep_seconds: 0,
        ..Settings::default()
    }
}

async fn open_site(
    central: &CentralHandle,
    settings: &Settings,
) -> Result<(DealerBooks, SiteId), DemoError> {
    settings.check()?;
    let dealer = central.books().create_dealer("Example Dealer").await?;
    let books = central.books().dealer(dealer);
    let account = books.create_account("Example Customer").await?;
    let site = books
        .create_site(&account, "Head office", settings.time_zone.as_str())
        .await?;
    books.set_settings(site, settings, "the demo").await?;
    Ok((books, site))
}

fn open_agent(folder: &Path, certificates: &Certificates) -> Result<Agent, DemoError> {
    let authority = folder.join("authority.pem");
    std::fs::write(&authority, &certificates.authority_pem).map_err(DemoError::Folder)?;
    let site = SiteFile {
        central_ca_file: Some(authority),
        ..SiteFile::default()
    };
    Ok(Agent::open(&folder.join("agent"), site)?)
}

fn life_counts(fleet: &Fleet) -> u64 {
    fleet
        .truth()
        .iter()
        .map(|(_, truth): &(_, Truth)| truth.life_count.map_or(0, |l| l.value))
        .sum()
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_unix_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
