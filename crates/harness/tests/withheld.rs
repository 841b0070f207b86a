//! An agent that has a document no more, lost, erased or thinned: its next pass delivers all the rest,
//! and Central says what is missing and why.

#[path = "central_away/door.rs"]
mod door;
#[path = "central_away/world.rs"]
mod world;

use door::{Door, Way};
use pagetally_central::{AgentStatus, Central, CentralConfig, DeviceFilter};
use pagetally_model::Timestamp;
use pagetally_onsite::{Cancel, Delivery, Pass, PassSummary, Undelivered};
use pagetally_printer_mib::Definitions;
use pagetally_proof::WithheldReason;
use pagetally_store::{AgreedTime, Clue, OpenOptions, Retention, Store};
use std::fs;
use std::net::Ipv4Addr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use world::{PRINTERS, World, address};

const DAY_MILLIS: i64 = 86_400_000;

impl World {
    fn pass(&mut self) -> PassSummary {
        let fleet = &self.fleet;
        let summary = Pass::new(&mut self.agent, &Definitions::builtin())
            .run(&Cancel::new(), &mut |event| fleet.keep_up(&event))
            .expect("a pass ends cleanly");
        assert_eq!(summary.audits, PRINTERS as u64);
        summary
    }

    fn delivers(&mut self, numbers: &[u64]) {
        let summary = self.pass();
        assert_eq!(summary.delivery, Delivery::Complete);
        assert_eq!(summary.acknowledged, numbers);
        assert_eq!(summary.waiting, 0);
        let agent = self.books.agent(self.agent.id());
        let agent = self.runtime.block_on(agent).expect("the agent");
        assert_eq!(agent.status, AgentStatus::Good);
    }

    /// How many audits are booked; each is proved by its agent's key.
    fn audits(&self) -> usize {
        self.runtime.block_on(async {
            let agent = self.books.agent(self.agent.id()).await.expect("the agent");
            let key = pagetally_proof::VerifyingKey::from_bytes(agent.verify_key).expect("a key");
            let devices = self.books.devices(&DeviceFilter::default()).await;
            let mut audits = 0;
            for device in devices.expect("rows") {
                for audit in self.books.audits(device.id, 100).await.expect("rows") {
                    let proof = self.books.proof(audit.id).await.expect("a proof");
                    proof.verify(&key).expect("it holds");
                    audits += 1;
                }
            }
            audits
        })
    }

    /// Number, leaf and reason of all that is withheld.
    fn withheld(&self) -> Vec<(u64, Option<u64>, WithheldReason)> {
        let rows = self.books.withheld(self.agent.id());
        let rows = self.runtime.block_on(rows).expect("rows");
        let mut rows: Vec<_> = rows
            .iter()
            .map(|row| (row.number, row.leaf, row.reason))
            .collect();
        rows.sort_unstable();
        rows
    }
}

fn last_segment(folder: &Path) -> PathBuf {
    let journal = fs::read_dir(folder.join("journal")).expect("readable");
    let segments = journal.map(|entry| entry.expect("readable").path());
    segments.max().expect("a segment")
}

/// Where the sealed records of this kind lie in the last segment (docs/storage-format.md, section 3).
fn records(folder: &Path, kind: u8) -> Vec<Range<usize>> {
    let bytes = fs::read(last_segment(folder)).expect("readable");
    let mut found = Vec::new();
    let mut at = 32;
    while at < bytes.len() {
        let length = bytes[at + 8..at + 12].try_into().expect("4 bytes");
        let end = at + 80 + usize::try_from(u32::from_be_bytes(length)).expect("small");
        if bytes[at + 6] == kind {
            found.push(at + 80..end);
        }
        at = end;
    }
    found
}

fn flip(folder: &Path, records: &[Range<usize>]) {
    let path = last_segment(folder);
    let mut bytes = fs::read(&path).expect("readable");
    for record in records {
        bytes[record.start + 5] ^= 0x10;
    }
    fs::write(path, bytes).expect("written");
}

fn new_world(third: u8) -> (World, Door) {
    let base = Ipv4Addr::new(127, 93, third, 1);
    World::new(base, CentralConfig::in_memory(), None)
}

#[test]
fn a_document_lost_to_damage_is_withheld_and_the_next_pass_delivers_the_rest() {
    let (mut world, door) = new_world(1);
    world.delivers(&[1]);
    door.set(Way::Mute);
    assert_eq!(world.pass().waiting, 1);
    // The first audit of the second pass.
    world = world.while_stopped(|folder| flip(folder, &records(folder, 1)[PRINTERS..=PRINTERS]));
    door.set(Way::Through(address(&world.central)));
    world.delivers(&[2, 3]);
    assert_eq!(world.withheld(), [(2, Some(0), WithheldReason::Lost)]);
    assert_eq!(world.audits(), 3 * PRINTERS - 1);
}

#[test]
fn a_device_erased_before_it_was_delivered_is_withheld_and_the_next_pass_delivers_the_rest() {
    let (mut world, door) = new_world(2);
    world.delivers(&[1]);
    door.set(Way::Mute);
    assert_eq!(world.pass().waiting, 1);
    let found = world
        .agent
        .store()
        .latest_audit(Clue::Address(world.fleet.address(1).ip()));
    let audit = found.expect("readable").expect("it was read").audit;
    let serial = audit.identity.serial.expect("it has one");
    world
        .agent
        .erase_device(serial.as_str(), Undelivered::Destroy)
        .expect("erased");
    door.set(Way::Through(address(&world.central)));
    world.delivers(&[2, 3]);
    let withheld = world.withheld();
    assert!(
        matches!(withheld[..], [(2, Some(0..2), WithheldReason::Erased)]),
        "{withheld:?}"
    );
    assert_eq!(world.audits(), 3 * PRINTERS - 1);
}

#[test]
fn a_header_lost_to_damage_costs_nothing_whether_central_has_it_or_not() {
    for central_has_it in [false, true] {
        let (mut world, door) = new_world(3 + u8::from(central_has_it));
        world.delivers(&[1]);
        door.set(match central_has_it {
            false => Way::Mute,
            true => Way::LoseAnswer(address(&world.central)),
        });
        assert_eq!(world.pass().waiting, 1);
        // Both copies of the second submission's header.
        world = world.while_stopped(|folder| flip(folder, &records(folder, 3)[2..]));
        door.set(Way::Through(address(&world.central)));
        world.delivers(if central_has_it { &[3] } else { &[2, 3] });
        assert_eq!(world.booked_submissions(), [1, 2, 3]);
        assert_eq!(world.audits(), 3 * PRINTERS);
        assert!(world.withheld().is_empty());
        world.delivers(&[4]);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        if entry.file_type().expect("readable").is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
        }
    }
}

/// Puts another Central, which has its books in `folder`, behind the door.
fn with_central_of(world: World, door: &Door, folder: &Path) -> World {
    let agent = world.books.agent(world.agent.id());
    let dealer = world.runtime.block_on(agent).expect("the agent").dealer;
    world
        .runtime
        .block_on(world.central.shutdown())
        .expect("it ends");
    let config = CentralConfig {
        http: CentralConfig::in_memory().http,
        ..CentralConfig::in_folder(folder)
    };
    let central = world
        .runtime
        .block_on(Central::start(config))
        .expect("it starts");
    door.set(Way::Through(address(&central)));
    World {
        books: central.books().dealer(dealer),
        central,
        ..world
    }
}

#[test]
fn what_was_thinned_is_withheld_where_a_restored_central_asks_for_it_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (books, backup) = (folder.path().join("books"), folder.path().join("backup"));
    let config = CentralConfig {
        http: CentralConfig::in_memory().http,
        ..CentralConfig::in_folder(&books)
    };
    let (mut world, door) = World::new(Ipv4Addr::new(127, 93, 5, 1), config, None);
    copy(&books, &backup);
    world.delivers(&[1]);
    world.delivers(&[2]);
    // What follows goes into a segment of its own, so that these may be thinned.
    world = world.while_stopped(|folder| {
        let path = last_segment(folder);
        let mut bytes = fs::read(&path).expect("readable");
        bytes.extend_from_slice(b"torn");
        fs::write(path, bytes).expect("written");
    });
    world.delivers(&[3]);
    world = world.while_stopped(|folder| {
        let now = now();
        let store = Store::open(folder, &OpenOptions::new(now)).expect("opens");
        let later = Timestamp::from_unix_millis(now.unix_millis() + 400 * DAY_MILLIS);
        let time = AgreedTime::of(later, Some(later));
        let thinned = store.thin(&Retention::default(), time).expect("thinned");
        assert_eq!(thinned.thinned, 2 * (PRINTERS as u64 + 1));
    });

    world = with_central_of(world, &door, &backup);
    world.delivers(&[1, 2, 3, 4]);
    assert_eq!(world.booked_submissions(), [1, 2, 3, 4]);
    let thinned = WithheldReason::Thinned;
    assert_eq!(world.withheld(), [(1, None, thinned), (2, None, thinned)]);
    assert_eq!(world.audits(), 2 * PRINTERS);
}

fn now() -> Timestamp {
    let since = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
    Timestamp::from_unix_millis(i64::try_from(since.as_millis()).expect("before 292 million"))
}
