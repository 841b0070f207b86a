use super::*;
use crate::targets::{OwnSubnet, TargetSpec};
use crate::{Agent, ReplayIds, SiteFile, agent_version, replay};
use pagetally_model::{AuditId, Observation, PASS_FORMAT, PassReport, PassStats};
use pagetally_printer_mib::Definitions;
use pagetally_store::{PassBatch, SigningContext};
use std::io;

const HOUR: Duration = Duration::from_secs(3_600);

struct Island;

impl Network for Island {
    fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Ok(Vec::new())
    }

    fn own_subnets(&self) -> io::Result<Vec<OwnSubnet>> {
        Ok(Vec::new())
    }

    fn zone_index(&self, _: &str) -> Option<u32> {
        None
    }
}

fn ip(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

/// A printer that says of itself what hrPrinterStatus and hrDeviceStatus are.
fn audit(last: u8, serial: &str, printer: u8, device: u8) -> DeviceAudit {
    let lines = format!(
        "1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5\n\
         1.3.6.1.2.1.25.3.2.1.5.1|2|{device}\n\
         1.3.6.1.2.1.25.3.5.1.1.1|2|{printer}\n\
         1.3.6.1.2.1.43.5.1.1.17.1|4|{serial}\n"
    );
    let clocks = crate::Clocks::start().expect("random numbers");
    let ids = ReplayIds::fresh(&clocks).expect("random numbers");
    let mut audit = replay(lines.as_bytes(), &ids, &Definitions::builtin()).expect("an audit");
    audit.address = Some(SocketAddr::new(ip(last), 161));
    audit
}

fn row(last: u8, outcome: Outcome, witness: Witness) -> Observation {
    Observation {
        first: ip(last),
        last: ip(last),
        name: None,
        outcome,
        witness,
        at: Timestamp::from_unix_millis(0),
    }
}

fn silent(last: u8) -> Observation {
    row(last, Outcome::Silent, Witness::NoAnswer)
}

fn read(audit: AuditId, last: u8) -> Observation {
    row(last, Outcome::PrinterRead { audit }, Witness::SnmpV2c)
}

fn plan(includes: &str, exclusions: &[&str]) -> TargetPlan {
    let spec = TargetSpec {
        includes: &[includes.to_owned()],
        extra: &[],
        exclusions: &exclusions
            .iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>(),
    };
    TargetPlan::new(&spec, &Island).expect("valid")
}

struct Site {
    agent: Agent,
    resting: Resting,
    now: Timestamp,
    _folder: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let agent = Agent::open(&folder.path().join("agent"), SiteFile::default()).expect("new");
        Self {
            resting: Resting::load(agent.store()).expect("readable"),
            now: agent.clocks().wall(),
            agent,
            _folder: folder,
        }
    }

    /// What is left alone at `later` than the last pass, of four addresses.
    fn alone(
        &self,
        later: Duration,
        exclusions: &[&str],
        table: &Neighbours,
    ) -> Vec<(IpAddr, Outcome, Witness)> {
        let mut plan = plan("192.0.2.1-4", exclusions);
        let millis = i64::try_from(later.as_millis()).expect("small");
        let now = Timestamp::from_unix_millis(self.now.unix_millis() + millis);
        self.resting.leave_alone(&mut plan, table, 4 * HOUR, now);
        plan.left_alone()
            .map(|(address, (outcome, witness))| (address.ip, outcome.clone(), *witness))
            .collect()
    }

    fn learn(
        &mut self,
        audits: Vec<DeviceAudit>,
        rows: Vec<Observation>,
        macs: &[&str],
    ) -> Discovered {
        self.learn_of(&plan("192.0.2.1-4", macs), audits, rows)
    }

    /// Learns from a pass that looked at these.
    fn learn_of(
        &mut self,
        targets: &TargetPlan,
        audits: Vec<DeviceAudit>,
        rows: Vec<Observation>,
    ) -> Discovered {
        let mut found = Discovered {
            audits,
            observations: rows,
            ..Discovered::default()
        };
        let store = self.agent.store();
        self.resting
            .learn(&mut found, targets, 4 * HOUR, store, self.now)
            .expect("readable");
        self.resting.save(store).expect("durable");
        self.resting = Resting::load(store).expect("readable");
        found
    }

    fn store(&self, audits: Vec<DeviceAudit>) {
        let clocks = self.agent.clocks();
        let report = PassReport {
            format: PASS_FORMAT,
            id: audits[0].pass,
            started: clocks.now(),
            settings_version: 0,
            agent_version: agent_version(),
            observations: Vec::new(),
            notices: Vec::new(),
            stats: PassStats::default(),
        };
        let context = SigningContext {
            agent: self.agent.id(),
            key: &self.agent.identity().signing,
            now: clocks.wall(),
        };
        self.agent
            .store()
            .commit_pass(PassBatch { audits, report }, &context)
            .expect("durable");
    }
}

fn nobody() -> Neighbours {
    Neighbours::new()
}

#[test]
fn a_device_in_stand_by_is_left_alone_until_its_time_has_come() {
    let mut site = Site::new();
    let asleep = audit(1, "SN-0001", 1, 2);
    let idle = audit(2, "SN-0002", 3, 2);
    let last_read = asleep.time.wall;
    let rows = vec![read(asleep.id, 1), read(idle.id, 2)];
    site.learn(vec![asleep, idle], rows, &[]);
    assert_eq!(
        site.alone(3 * HOUR, &[], &nobody()),
        [(ip(1), Outcome::Asleep { last_read }, Witness::AgentMemory)]
    );
    assert!(site.alone(4 * HOUR, &[], &nobody()).is_empty());
}

#[test]
fn an_error_is_no_stand_by() {
    let mut site = Site::new();
    let down = audit(1, "SN-0001", 1, 5);
    let rows = vec![read(down.id, 1)];
    site.learn(vec![down], rows, &[]);
    assert!(site.alone(HOUR, &[], &nobody()).is_empty());
}

#[test]
fn a_device_that_was_read_and_is_silent_is_left_alone_and_an_unknown_address_is_not() {
    let mut site = Site::new();
    let known = audit(1, "SN-0001", 3, 2);
    let last_read = known.time.wall;
    site.store(vec![known]);
    site.now = site.agent.clocks().wall();
    let mut run = silent(1);
    run.last = ip(4);
    site.learn(Vec::new(), vec![run], &[]);
    assert_eq!(
        site.alone(HOUR, &[], &nobody()),
        [(ip(1), Outcome::Asleep { last_read }, Witness::AgentMemory)]
    );
}

#[test]
fn a_device_that_moved_does_not_sleep_at_its_old_address() {
    let mut site = Site::new();
    site.store(vec![audit(1, "SN-0001", 3, 2)]);
    site.now = site.agent.clocks().wall();
    let moved = audit(2, "SN-0001", 3, 2);
    let rows = vec![silent(1), read(moved.id, 2)];
    site.learn(vec![moved], rows, &[]);
    assert!(site.alone(HOUR, &[], &nobody()).is_empty());
}

#[test]
fn who_was_left_alone_stays_so_without_being_asked_and_who_woke_is_forgotten() {
    let mut site = Site::new();
    let (one, two) = (audit(1, "SN-0001", 1, 2), audit(2, "SN-0002", 1, 2));
    let last_read = one.time.wall;
    let rows = vec![read(one.id, 1), read(two.id, 2)];
    site.learn(vec![one, two], rows, &[]);
    let awake = audit(2, "SN-0002", 3, 2);
    let rows = vec![
        row(1, Outcome::Asleep { last_read }, Witness::AgentMemory),
        read(awake.id, 2),
    ];
    site.learn(vec![awake], rows, &[]);
    let alone: Vec<IpAddr> = site
        .alone(HOUR, &[], &nobody())
        .into_iter()
        .map(|(ip, ..)| ip)
        .collect();
    assert_eq!(alone, [ip(1)]);
}

#[test]
fn a_clock_that_was_set_back_lets_nobody_sleep_for_ever() {
    let mut site = Site::new();
    let asleep = audit(1, "SN-0001", 1, 2);
    let rows = vec![read(asleep.id, 1)];
    site.learn(vec![asleep], rows, &[]);
    site.now = Timestamp::from_unix_millis(0);
    assert!(site.alone(HOUR, &[], &nobody()).is_empty());
}

#[test]
fn a_pass_of_one_device_that_told_something_wakes_no_other() {
    let mut site = Site::new();
    let asleep = audit(1, "SN-0001", 1, 2);
    let last_read = asleep.time.wall;
    let rows = vec![read(asleep.id, 1)];
    site.learn(vec![asleep], rows, &[]);
    let told = audit(2, "SN-0002", 3, 2);
    let rows = vec![read(told.id, 2)];
    site.learn_of(&plan("192.0.2.2", &[]), vec![told], rows);
    assert_eq!(
        site.alone(HOUR, &[], &nobody()),
        [(ip(1), Outcome::Asleep { last_read }, Witness::AgentMemory)]
    );
    // Not for ever: after its time it is not kept for passes that do not look at it either.
    site.now = Timestamp::from_unix_millis(site.now.unix_millis() + 4 * 3_600_000);
    let told = audit(2, "SN-0002", 3, 2);
    let rows = vec![read(told.id, 2)];
    site.learn_of(&plan("192.0.2.2", &[]), vec![told], rows);
    assert!(site.resting.devices.is_empty());
}

#[test]
fn a_neighbour_with_an_excluded_mac_is_never_sent_anything() {
    let site = Site::new();
    let table = Neighbours::from([
        (Ipv4Addr::new(192, 0, 2, 3), [0x00, 0x80, 0x77, 1, 2, 3]),
        (Ipv4Addr::new(192, 0, 2, 4), [0x00, 0x80, 0x78, 1, 2, 3]),
    ]);
    let alone = site.alone(HOUR, &["00:80:77"], &table);
    let [(address, Outcome::Excluded { reason }, Witness::NeighbourTable)] = &alone[..] else {
        panic!("{alone:?}");
    };
    assert_eq!(*address, ip(3));
    assert!(reason.as_str().contains("mac:00:80:77"), "{reason}");
}

#[test]
fn a_mac_that_only_the_answer_tells_throws_the_answer_away_and_is_remembered() {
    let mut site = Site::new();
    let mut told = audit(1, "SN-0001", 3, 2);
    told.identity.mac = Some(Text::clean("00:80:77:31:02:f0"));
    let other = audit(2, "SN-0002", 3, 2);
    let rows = vec![read(told.id, 1), read(other.id, 2)];
    let found = site.learn(vec![told, other], rows, &["00:80:77"]);
    assert_eq!(found.audits.len(), 1);
    assert!(
        matches!(&found.observations[0].outcome, Outcome::Excluded { reason } if reason.as_str().contains("was asked")),
        "{:?}",
        found.observations
    );
    let alone = site.alone(24 * HOUR, &["00:80:77"], &nobody());
    assert_eq!(alone.len(), 1);
    assert_eq!((alone[0].0, alone[0].2), (ip(1), Witness::AgentMemory));
    // Without the exclusion, or after a month, or where another card is there now, it is asked.
    assert!(site.alone(24 * HOUR, &[], &nobody()).is_empty());
    assert!(
        site.alone(31 * 24 * HOUR, &["00:80:77"], &nobody())
            .is_empty()
    );
    let table = Neighbours::from([(Ipv4Addr::new(192, 0, 2, 1), [0x3c, 0x2a, 0xf4, 1, 2, 3])]);
    assert!(site.alone(24 * HOUR, &["00:80:77"], &table).is_empty());
}

#[test]
fn no_more_devices_are_remembered_than_there_is_room_for() {
    let mut resting = Resting::default();
    for n in 0..2 * MAX_DEVICES as u32 {
        let address = SocketAddr::from((Ipv4Addr::from(0x0a00_0000 + n), 161));
        let at = Timestamp::from_unix_millis(n.into());
        resting.put(address, at, Why::Asleep { last_read: at });
    }
    resting.trim();
    assert_eq!(resting.devices.len(), MAX_DEVICES);
    let first = resting.devices.keys().next().expect("one");
    assert_eq!(
        first.0,
        IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + MAX_DEVICES as u32))
    );
}
