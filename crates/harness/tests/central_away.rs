//! Central away, in five ways: the pass ends cleanly, its audits stay in the outbox, and the next
//! pass delivers both, once.

#[path = "central_away/door.rs"]
mod door;
#[path = "central_away/world.rs"]
mod world;

use door::{Door, Way};
use pagetally_central::{Central, CentralConfig, DeviceFilter, HttpsConfig};
use pagetally_onsite::{Cancel, Delivery, Pass, PassSummary};
use pagetally_printer_mib::Definitions;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use world::{PRINTERS, World, address};

/// A pass with nobody at the other end must not take longer: two printers on loopback, a second of
/// patience with Central.
const PATIENCE: Duration = Duration::from_secs(20);

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

impl World {
    fn pass(&mut self) -> PassSummary {
        let begun = Instant::now();
        let fleet = &self.fleet;
        let summary = Pass::new(&mut self.agent, &Definitions::builtin())
            .run(&Cancel::new(), &mut |event| fleet.keep_up(&event))
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

    let id = world.agent.id();
    world = world.while_stopped(|_| {});
    assert_eq!(world.agent.id(), id);
    door.set(Way::Through(address(&world.central)));
    world.the_next_pass_delivers_both_once();
}
