//! An agent whose folder was restored from a backup, and one that was cloned: Central keeps what
//! contradicts its books, the agent keeps it too, and once the dealer has it enrolled anew everything
//! is booked, once, as the printers served it.

#[path = "central_away/door.rs"]
mod door;
#[path = "central_away/world.rs"]
mod world;

use door::Door;
use pagetally_central::{AgentStatus, CentralConfig, DealerBooks, DeviceFilter, MeterRow};
use pagetally_fleet_sim::Color;
use pagetally_harness::fleet::Fleet;
use pagetally_model::{CounterUnit, MeterColor, MeterFunction, MeterSides, MeterSize};
use pagetally_onsite::{Agent, Cancel, Delivery, Pass, PassEvent, PassSummary};
use pagetally_printer_mib::Definitions;
use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use world::{PRINTERS, World, site_file};

/// The simulators' own log: what each device counted at each pass.
#[derive(Default)]
struct Served(BTreeMap<SocketAddr, Vec<u64>>);

impl Served {
    /// Lets every device print, and notes what it serves from now on.
    fn print(&mut self, fleet: &Fleet) {
        for index in 0..fleet.len() {
            let total = fleet.with_device(index, |device| {
                device.print(3, Color::Mono);
                device.truth().life_count.expect("it counts").value
            });
            let log = self.0.entry(fleet.address(index)).or_default();
            log.push(total.expect("there"));
        }
    }

    /// A pass over devices that have printed. Answers also the numbers that were sent.
    fn pass(&mut self, fleet: &Fleet, agent: &mut Agent) -> (PassSummary, Vec<u64>) {
        self.print(fleet);
        let mut sent = Vec::new();
        let summary = Pass::new(agent, &Definitions::builtin())
            .run(&Cancel::new(), &mut |event| {
                if let PassEvent::Sent { number, .. } = event {
                    sent.push(number);
                }
            })
            .expect("a pass ends cleanly, whatever Central does");
        assert_eq!(summary.audits, PRINTERS as u64);
        (summary, sent)
    }

    fn delivers(&mut self, fleet: &Fleet, agent: &mut Agent, numbers: &[u64]) {
        let (summary, sent) = self.pass(fleet, agent);
        assert_eq!(summary.delivery, Delivery::Complete);
        assert_eq!((&summary.acknowledged[..], &sent[..]), (numbers, numbers));
        assert_eq!(summary.waiting, 0);
    }

    fn is_quarantined(&mut self, fleet: &Fleet, agent: &mut Agent, waiting: u64, offered: u64) {
        let (summary, sent) = self.pass(fleet, agent);
        assert_eq!(summary.delivery, Delivery::Quarantined { waiting });
        assert_eq!(sent, [offered], "what Central has is not offered again");
        assert_eq!(summary.waiting, waiting);
        let enrolment = agent.enrolment().expect("readable").expect("enrolled");
        assert!(enrolment.quarantine.is_some(), "it says so in its status");
    }

    /// Central's rows are what was served at every pass, each once.
    fn is_booked(&self, world: &World) {
        let rows = world.books.submissions(world.agent.id());
        let rows = world.runtime.block_on(rows).expect("rows");
        assert!(rows.iter().all(|row| row.rejected.is_none()), "{rows:?}");
        let booked = world.runtime.block_on(booked(&world.books));
        assert_eq!(booked, self.0);
    }
}

/// Every total in Central's books, by the device's address.
async fn booked(books: &DealerBooks) -> BTreeMap<SocketAddr, Vec<u64>> {
    let mut totals: BTreeMap<SocketAddr, Vec<u64>> = BTreeMap::new();
    for device in books.devices(&DeviceFilter::default()).await.expect("rows") {
        for audit in books.audits(device.id, 1_000).await.expect("rows") {
            let document = books.audit_document(audit.id).await.expect("a document");
            let meters = books.meters(audit.id).await.expect("rows");
            totals
                .entry(document.address.expect("an address"))
                .or_default()
                .push(total(&meters));
        }
    }
    for totals in totals.values_mut() {
        totals.sort_unstable();
    }
    totals
}

/// The total that a person would bill.
fn total(rows: &[MeterRow]) -> u64 {
    let fits = |row: &&MeterRow| {
        row.function == MeterFunction::Total
            && row.color == MeterColor::Any
            && row.sides == MeterSides::Any
            && row.size == MeterSize::Any
            && row.unit == CounterUnit::Impressions
    };
    rows.iter().find(fits).expect("a total").value
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("readable").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("copied");
        }
    }
}

fn new_world(third: u8) -> (World, Door) {
    World::new(
        Ipv4Addr::new(127, 92, third, 1),
        CentralConfig::in_memory(),
        None,
    )
}

fn status(world: &World) -> AgentStatus {
    let agent = world.books.agent(world.agent.id());
    world.runtime.block_on(agent).expect("the agent").status
}

/// What is in quarantine, and the number under which it was booked since.
fn quarantine(world: &World) -> Vec<(u64, Option<u64>)> {
    let forks = world.books.forks(world.agent.id());
    let forks = world.runtime.block_on(forks).expect("rows");
    forks
        .iter()
        .map(|fork| (fork.number, fork.settled))
        .collect()
}

fn outbox(agent: &Agent) -> Vec<u64> {
    let outbox = agent.store().outbox().expect("readable");
    outbox.iter().map(|info| info.number).collect()
}

#[test]
fn a_restored_backup_is_noticed_and_loses_nothing_once_it_is_enrolled_anew() {
    let (mut world, _door) = new_world(1);
    let mut served = Served::default();
    served.delivers(&world.fleet, &mut world.agent, &[1]);

    let backup = world.folder.path().join("backup");
    world = world.while_stopped(|folder| copy(folder, &backup));
    served.delivers(&world.fleet, &mut world.agent, &[2]);
    served.delivers(&world.fleet, &mut world.agent, &[3]);

    world = world.while_stopped(|folder| {
        fs::remove_dir_all(folder).expect("removed");
        copy(&backup, folder);
    });
    served.is_quarantined(&world.fleet, &mut world.agent, 1, 2);
    // Stopping in between forgets nothing.
    world = world.while_stopped(|_| {});
    served.is_quarantined(&world.fleet, &mut world.agent, 2, 3);

    assert_eq!(status(&world), AgentStatus::Forked);
    assert_eq!(quarantine(&world), [(2, None), (3, None)]);
    assert_eq!(outbox(&world.agent), [2, 3]);
    assert_eq!(world.booked_submissions(), [1, 2, 3]);

    let code = world.code();
    world.agent.enrol(&code).expect("it may come back");
    assert_eq!(status(&world), AgentStatus::Good);
    assert_eq!(outbox(&world.agent), [4, 5]);
    let enrolment = world.agent.enrolment().expect("readable");
    assert_eq!(enrolment.expect("enrolled").quarantine, None);
    served.delivers(&world.fleet, &mut world.agent, &[4, 5, 6]);

    served.is_booked(&world);
    assert_eq!(quarantine(&world), [(2, Some(4)), (3, Some(5))]);
    assert_eq!(world.booked_submissions(), [1, 2, 3, 4, 5, 6]);
    served.delivers(&world.fleet, &mut world.agent, &[7]);
    served.is_booked(&world);
}

#[test]
fn what_was_booked_before_the_backup_was_restored_is_not_booked_again() {
    let (mut world, door) = new_world(2);
    let mut served = Served::default();
    served.delivers(&world.fleet, &mut world.agent, &[1]);

    // The backup is made while submission 2 waits; it is delivered afterwards.
    door.set(door::Way::Mute);
    let (summary, _) = served.pass(&world.fleet, &mut world.agent);
    assert_eq!(summary.waiting, 1);
    let backup = world.folder.path().join("backup");
    world = world.while_stopped(|folder| copy(folder, &backup));
    door.set(door::Way::Through(world::address(&world.central)));
    served.delivers(&world.fleet, &mut world.agent, &[2, 3]);

    // Restored, it reads while Central is away, and is enrolled anew before it delivers anything.
    world = world.while_stopped(|folder| {
        fs::remove_dir_all(folder).expect("removed");
        copy(&backup, folder);
    });
    door.set(door::Way::Mute);
    let (summary, _) = served.pass(&world.fleet, &mut world.agent);
    assert_eq!(summary.waiting, 2);
    door.set(door::Way::Through(world::address(&world.central)));
    let code = world.code();
    world.agent.enrol(&code).expect("it may");
    assert_eq!(outbox(&world.agent), [4, 5]);

    served.delivers(&world.fleet, &mut world.agent, &[4, 5, 6]);
    served.is_booked(&world);
    assert!(quarantine(&world).is_empty());
}

#[test]
fn of_two_clones_the_one_that_goes_on_is_booked_and_the_other_loses_nothing() {
    let (mut world, _door) = new_world(3);
    let mut served = Served::default();
    served.delivers(&world.fleet, &mut world.agent, &[1]);
    let path = world.folder.path().join("clone");
    world = world.while_stopped(|folder| copy(folder, &path));
    let file = site_file(world.folder.path(), None);
    let mut clone = Agent::open(&path, file).expect("the same agent again");
    assert_eq!(clone.id(), world.agent.id());

    served.delivers(&world.fleet, &mut world.agent, &[2]);
    served.is_quarantined(&world.fleet, &mut clone, 1, 2);
    served.is_quarantined(&world.fleet, &mut clone, 2, 3);
    served.is_quarantined(&world.fleet, &mut clone, 3, 4);
    served.delivers(&world.fleet, &mut world.agent, &[3]);
    assert_eq!(status(&world), AgentStatus::Forked);

    // The clone hands in what it has; then the original is on another past, and comes back likewise.
    clone.enrol(&world.code()).expect("it may");
    served.delivers(&world.fleet, &mut clone, &[4, 5, 6, 7]);
    served.is_quarantined(&world.fleet, &mut world.agent, 1, 4);
    let code = world.code();
    world.agent.enrol(&code).expect("it may");
    served.delivers(&world.fleet, &mut world.agent, &[8, 9]);

    served.is_booked(&world);
    let settled = [(2, Some(4)), (3, Some(5)), (4, Some(6)), (4, Some(8))];
    assert_eq!(quarantine(&world), settled);
    assert_eq!(status(&world), AgentStatus::Good);
}
