//! Half a year of a fleet, audit by audit: meters rise as the devices counted, replaced supplies are
//! seen to be replaced and others are not, and nothing is called a contradiction that is none.

mod judge;

use judge::{Judge, Look};
use pagetally_fleet_sim::models::{BoardMemory, Happening, catalogue};
use pagetally_fleet_sim::{SimDevice, fleet_of};
use pagetally_harness::fleet::{Fleet, FleetConfig};
use pagetally_model::{
    AuditId, AuditTime, BootId, DeviceAudit, MatchedBy, PassId, Settings, Text, Timestamp,
};
use pagetally_onsite::{Agent, Cancel, Pass, SiteFile};
use pagetally_printer_mib::compare::{Sameness, begin_history, compare, same_device};
use pagetally_printer_mib::{Context, Definitions, ReadPlan, decode};
use pagetally_snmp_engine::{Answers, Plan as _};
use std::net::Ipv4Addr;
use std::time::Duration;

const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);
const WEEKS: u32 = 26;
/// 5 January 2026, eight o'clock: when virtual time begins.
const BEGIN_MILLIS: i64 = 1_767_600_000_000;

fn everyone(seed: u64) -> Vec<SimDevice> {
    let models = u32::try_from(catalogue().len()).expect("few");
    fleet_of(models, seed)
}

/// What comes to some devices in some weeks, besides what comes by itself.
fn fate(device: usize, week: u32, device_state: &mut SimDevice) {
    let memory = device_state.model().map(|model| model.spec().board);
    match week {
        6 if device.is_multiple_of(3) => device_state.happen(Happening::FirmwareUpdated),
        10 if memory.is_some_and(|memory| memory != BoardMemory::Kept) => {
            device_state.happen(Happening::BoardReplaced);
        }
        14 if device % 10 == 4 => device_state.happen(Happening::Swapped),
        18 if device % 4 == 1 => device_state.happen(Happening::Restarted),
        20 if device % 5 == 2 => device_state.happen(Happening::FirmwareUpdated),
        _ => {}
    }
}

/// Asks a device as a read plan does and decodes what it says, without a network.
fn audit(device: &SimDevice, week: u32, number: u64, definitions: &Definitions) -> DeviceAudit {
    let all: Answers = device.walk().into_iter().collect();
    let mut plan = ReadPlan::new(definitions);
    let mut answers = Answers::default();
    while let Some(query) = plan.next_query(&answers) {
        answers.merge(all.answer(&query));
    }
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    let millis = i64::try_from((WEEK * week).as_millis()).expect("small");
    let context = Context {
        id: AuditId::from_bytes(id),
        pass: PassId::from_bytes([0; 16]),
        time: AuditTime {
            wall: Timestamp::from_unix_millis(BEGIN_MILLIS + millis),
            boot: BootId::from_bytes([0; 16]),
            monotonic_millis: 0,
            central_offset: None,
        },
        address: None,
        protocol: Text::clean("simulated"),
    };
    decode(&answers, &context, definitions)
}

#[test]
fn half_a_year_of_audits_follows_the_truth() {
    let definitions = Definitions::builtin();
    let mut judge = Judge::default();
    for (place, mut device) in everyone(21).into_iter().enumerate() {
        let number = |week: u32| (place as u64) << 32 | u64::from(week);
        let mut first = audit(&device, 0, number(0), &definitions);
        begin_history(&mut first);
        let mut before = Look::new(&device, first);
        judge.alone(&before);
        for week in (2..=WEEKS).step_by(2) {
            device.advance(2 * WEEK);
            fate(place, week, &mut device);
            let mut now = audit(&device, week, number(week), &definitions);
            let sameness = same_device(&before.audit, &now);
            match sameness {
                Sameness::Same(matched_by) => compare(&before.audit, &mut now, matched_by),
                _ => begin_history(&mut now),
            }
            let now = Look::new(&device, now);
            judge.pair(&before, &now, matches!(sameness, Sameness::Same(_)));
            before = now;
        }
    }
    judge.sums_up(1_000);
}

/// The audits of one pass over UDP, device by device.
fn pass(agent: &mut Agent, fleet: &Fleet) -> Vec<DeviceAudit> {
    let (first, last) = (fleet.address(0), fleet.address(fleet.len() - 1));
    let settings = Settings {
        version: 1,
        targets: vec![format!("{}-{}", first.ip(), last.ip())],
        port: fleet.port(),
        timeout_millis: 2_000,
        datagrams_per_second: 5_000,
        // Between two passes lies a moment of the agent's clock, whatever goes by in the fleet.
        sleep_seconds: 0,
        // Months pass for the devices and none for the agent's clock: it reads in full each time.
        full_read_seconds: Some(0),
        ..Settings::default()
    };
    agent.store().set_settings(&settings).expect("durable");
    let summary = Pass::new(agent, &Definitions::builtin())
        .run(&Cancel::new(), &mut |event| fleet.keep_up(&event))
        .expect("a pass");
    assert_eq!(summary.audits, fleet.len() as u64);
    let stored = agent.store().audits().map(|stored| stored.expect("whole"));
    let mut audits: Vec<DeviceAudit> = stored
        .map(|stored| stored.audit)
        .filter(|audit| audit.pass == summary.pass)
        .collect();
    audits.sort_by_key(|audit| audit.address);
    audits
}

#[test]
fn four_months_of_an_agents_passes_over_udp_follow_the_truth() {
    let fleet = Fleet::start(FleetConfig {
        base: Ipv4Addr::new(127, 95, 20, 1),
        follow_wall_clock: false,
        ..FleetConfig::new(everyone(4))
    })
    .expect("a fleet");
    let folder = tempfile::tempdir().expect("a folder");
    let mut agent = Agent::open(folder.path(), SiteFile::default()).expect("an agent");
    let mut judge = Judge::default();
    let mut looks: Vec<Look> = Vec::new();
    for month in 0..=4_u32 {
        for place in 0..fleet.len() {
            fleet.with_device(place, |device| {
                if month > 0 {
                    device.advance(4 * WEEK);
                    fate(place, [0, 6, 10, 14, 20][month as usize], device);
                }
            });
        }
        let audits = pass(&mut agent, &fleet);
        let now: Vec<Look> = audits
            .into_iter()
            .enumerate()
            .map(|(place, audit)| {
                fleet
                    .with_device(place, |device| Look::new(device, audit))
                    .expect("there")
            })
            .collect();
        for (place, now) in now.iter().enumerate() {
            match looks.get(place) {
                None => judge.alone(now),
                Some(before) => {
                    let matched = now.audit.comparison.as_ref().map(|one| one.matched_by);
                    assert_ne!(matched, Some(MatchedBy::Address), "{}", now.truth.name);
                    judge.pair(before, now, matched.is_some());
                }
            }
        }
        looks = now;
    }
    judge.sums_up(150);
}
