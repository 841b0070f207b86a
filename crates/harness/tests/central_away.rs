//! Central away, in five ways: the pass ends cleanly, its audits stay in the outbox, and the next
//! pass delivers both, once.

#[path = "central_away/door.rs"]
mod door;

use door::{Door, Way};
use pagetally_central::{
    Central, CentralConfig, CentralHandle, DealerBooks, DeviceFilter, HttpsConfig,
};
use pagetally_fleet_sim::demo_fleet;
use pagetally_harness::fleet::{Fleet, FleetConfig};
use pagetally_model::{Settings, SiteId, Timestamp};
use pagetally_onsite::{Agent, Cancel, Delivery, Pass, PassSummary, SiteFile};
use pagetally_printer_mib::Definitions;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Printers in each test's fleet.
const PRINTERS: usize = 2;

/// A pass with nobody at the other end must not take longer: two printers on loopback, a second of
/// patience with Central.
const PATIENCE: Duration = Duration::from_secs(20);

/// A whole world: printers, an agent, a Central, and the door between the last two.
struct World {
    runtime: Runtime,
    central: CentralHandle,
    books: DealerBooks,
    site: SiteId,
    agent: Agent,
    /// Serves until the test ends.
    _fleet: Fleet,
    folder: TempDir,
}

/// The certificate of a server on loopback, and the authority that vouches for it.
struct Certified {
    authority_pem: String,
    chain_pem: String,
    key_pem: String,
}

fn certified() -> Certified {
    let mut params = rcgen::CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_key = rcgen::KeyPair::generate().expect("random numbers");
    let authority = params.self_signed(&authority_key).expect("a certificate");
    let issuer = rcgen::Issuer::new(params, authority_key);
    let key = rcgen::KeyPair::generate().expect("random numbers");
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let leaf = rcgen::CertificateParams::new(names).expect("names");
    let certificate = leaf.signed_by(&key, &issuer).expect("a certificate");
    Certified {
        authority_pem: authority.pem(),
        chain_pem: certificate.pem(),
        key_pem: key.serialize_pem(),
    }
}

fn https(certified: &Certified) -> CentralConfig {
    CentralConfig {
        http: None,
        https: Some(HttpsConfig {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            certificate_pem: certified.chain_pem.clone().into_bytes(),
            key_pem: certified.key_pem.clone().into_bytes(),
        }),
        ..CentralConfig::in_memory()
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    Timestamp::from_unix_millis(i64::try_from(since.as_millis()).expect("before 292 million"))
}

/// The site's own file: one second of patience, and plain HTTP where the world has no TLS.
fn site_file(folder: &Path, authority_pem: Option<&str>) -> SiteFile {
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
    fn new(base: Ipv4Addr, config: CentralConfig, authority_pem: Option<&str>) -> (Self, Door) {
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
        let (books, site, code) = runtime.block_on(async {
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
            let hour = Duration::from_secs(3_600);
            let code = books
                .create_enrolment_code(site, &url, now(), hour)
                .await
                .expect("a code");
            (books, site, code)
        });

        let folder = tempfile::tempdir().expect("a folder");
        let file = site_file(folder.path(), authority_pem);
        let mut agent = Agent::open(&folder.path().join("agent"), file).expect("an agent");
        agent
            .enrol(&code.to_text().expect("a code"))
            .expect("enrolled through the open door");
        let world = Self {
            runtime,
            central,
            books,
            site,
            agent,
            _fleet: fleet,
            folder,
        };
        (world, door)
    }

    fn pass(&mut self) -> PassSummary {
        let begun = Instant::now();
        let summary = Pass::new(&mut self.agent, &Definitions::builtin())
            .run(&Cancel::new(), &mut |_| {})
            .expect("a pass ends cleanly, whatever Central does");
        assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
        assert_eq!(summary.audits, PRINTERS as u64);
        summary
    }

    /// A pass that could not be delivered.
    fn pass_in_vain(&mut self) -> PassSummary {
        let summary = self.pass();
        assert!(
            matches!(
                summary.delivery,
                Delivery::Postponed { .. } | Delivery::Blocked { .. }
            ),
            "{:?}",
            summary.delivery
        );
        assert_eq!((summary.waiting, summary.acknowledged.len()), (1, 0));
        summary
    }

    /// The next pass delivers both, and Central's books have each once.
    fn the_next_pass_delivers_both_once(&mut self) {
        let summary = self.pass();
        assert_eq!(summary.delivery, Delivery::Complete);
        assert_eq!(summary.acknowledged, [1, 2]);
        assert_eq!(summary.waiting, 0);
        assert_eq!(self.booked_submissions(), [1, 2]);
        let agent = self.agent.id();
        self.runtime.block_on(async {
            let devices = self
                .books
                .devices(&DeviceFilter::default())
                .await
                .expect("rows");
            assert_eq!(devices.len(), PRINTERS);
            for device in devices {
                assert_eq!(device.site, self.site);
                let audits = self.books.audits(device.id, 100).await.expect("rows");
                assert_eq!(
                    audits.len(),
                    2,
                    "two passes, two audits of {:?}",
                    device.serial
                );
            }
            let forks = self.books.forks(agent).await.expect("rows");
            assert!(forks.is_empty());
        });
        let summary = self.pass();
        assert_eq!(summary.acknowledged, [3]);
    }

    fn booked_submissions(&self) -> Vec<u64> {
        let rows = self
            .runtime
            .block_on(self.books.submissions(self.agent.id()))
            .expect("rows");
        let mut numbers: Vec<u64> = rows.iter().map(|row| row.number).collect();
        numbers.sort_unstable();
        numbers
    }
}

fn address(central: &CentralHandle) -> SocketAddr {
    central
        .https_address()
        .or_else(|| central.http_address())
        .expect("it listens")
}

#[test]
fn a_closed_port_ends_the_pass_and_the_next_one_delivers_both() {
    let (mut world, door) = World::new(
        Ipv4Addr::new(127, 91, 1, 1),
        CentralConfig::in_memory(),
        None,
    );
    let port = door.port();
    door.close();
    world.pass_in_vain();
    assert!(world.booked_submissions().is_empty());

    let _door = Door::open(port, Way::Through(address(&world.central)));
    world.the_next_pass_delivers_both_once();
}

#[test]
fn a_mute_central_ends_the_pass_and_the_next_one_delivers_both() {
    let (mut world, door) = World::new(
        Ipv4Addr::new(127, 91, 2, 1),
        CentralConfig::in_memory(),
        None,
    );
    door.set(Way::Mute);
    world.pass_in_vain();
    assert!(world.booked_submissions().is_empty());

    door.set(Way::Through(address(&world.central)));
    world.the_next_pass_delivers_both_once();
}

#[test]
fn a_wrong_certificate_ends_the_pass_and_the_next_one_delivers_both() {
    let ours = certified();
    let (mut world, door) = World::new(
        Ipv4Addr::new(127, 91, 3, 1),
        https(&ours),
        Some(&ours.authority_pem),
    );
    // Another Central with a certificate that nobody trusted vouches for.
    let stranger = world
        .runtime
        .block_on(Central::start(https(&certified())))
        .expect("it starts");
    door.set(Way::Through(address(&stranger)));
    let summary = world.pass_in_vain();
    let Delivery::Blocked { reason } = summary.delivery else {
        panic!(
            "a wrong certificate needs somebody to act: {:?}",
            summary.delivery
        );
    };
    assert!(reason.as_str().contains("certificate"), "{reason}");
    assert!(world.booked_submissions().is_empty());

    door.set(Way::Through(address(&world.central)));
    world.the_next_pass_delivers_both_once();
}

#[test]
fn a_status_500_ends_the_pass_and_the_next_one_delivers_both() {
    let (mut world, door) = World::new(
        Ipv4Addr::new(127, 91, 4, 1),
        CentralConfig::in_memory(),
        None,
    );
    door.set(Way::Status500);
    world.pass_in_vain();
    assert!(world.booked_submissions().is_empty());

    door.set(Way::Through(address(&world.central)));
    world.the_next_pass_delivers_both_once();
}

#[test]
fn a_receipt_lost_after_centrals_commit_is_given_again_and_nothing_is_booked_twice() {
    let (mut world, door) = World::new(
        Ipv4Addr::new(127, 91, 5, 1),
        CentralConfig::in_memory(),
        None,
    );
    door.set(Way::LoseAnswer(address(&world.central)));
    world.pass_in_vain();
    // Central has committed; only the agent does not know.
    assert_eq!(world.booked_submissions(), [1]);

    door.set(Way::Through(address(&world.central)));
    world.the_next_pass_delivers_both_once();
}

#[test]
fn an_agent_that_was_ended_in_between_delivers_what_it_had_stored() {
    let (mut world, door) = World::new(
        Ipv4Addr::new(127, 91, 6, 1),
        CentralConfig::in_memory(),
        None,
    );
    door.set(Way::LoseAnswer(address(&world.central)));
    world.pass_in_vain();

    let folder = world.folder.path().to_owned();
    let file = site_file(&folder, None);
    let ended = world.agent;
    let id = ended.id();
    drop(ended);
    world.agent = Agent::open(&folder.join("agent"), file).expect("the same agent");
    assert_eq!(world.agent.id(), id);
    door.set(Way::Through(address(&world.central)));
    world.the_next_pass_delivers_both_once();
}
