//! What a site's history takes on the disk over months of virtual time, and how quickly one device's last
//! 30 days are read:
//!
//! ```text
//! cargo run --release -p pagetally-benches --example history_size -- line 50 365 24
//! cargo run --release -p pagetally-benches --example history_size -- no-line 50 90 24
//! ```
//!
//! The arguments are whether Central is there, how many printers, how many days, how many passes a day. The
//! printers work, run out of toner and are looked after by the office's clock; the policy is the usual one.

#[path = "../benches/audits/mod.rs"]
#[allow(dead_code, reason = "each user takes a part of it")]
mod audits;

use anyhow::{Context as _, bail, ensure};
use audits::{id, noise};
use pagetally_fleet_sim::{SimDevice, fleet_of};
use pagetally_model::{
    AgentId, AuditId, AuditTime, BootId, DeviceAudit, PASS_FORMAT, PassId, PassReport, PassStats,
    Text, Timestamp,
};
use pagetally_printer_mib::{Context, Definitions};
use pagetally_proof::SigningKey;
use pagetally_store::{Clue, OpenOptions, PassBatch, Receipt, Retention, SigningContext, Store};
use std::path::Path;
use std::time::{Duration, Instant};

/// 2027-01-01T00:00:00Z.
const START: i64 = 1_798_761_600_000;
const DAY: i64 = 86_400_000;

/// Not the fleet that the dictionary was trained on.
const SEED: u64 = 11;

fn time(now: i64) -> AuditTime {
    AuditTime {
        wall: Timestamp::from_unix_millis(now),
        boot: BootId::from_bytes([3; 16]),
        monotonic_millis: now.unsigned_abs() - START.unsigned_abs(),
        central_offset: None,
    }
}

fn read(fleet: &[SimDevice], pass: usize, now: i64, definitions: &Definitions) -> Vec<DeviceAudit> {
    let read_one = |(number, device): (usize, &SimDevice)| {
        let [a, b] = u16::try_from(number).unwrap_or(0).to_be_bytes();
        let context = Context {
            id: AuditId::from_bytes(id(pass * fleet.len() + number, "audit")),
            pass: PassId::from_bytes(id(pass, "pass")),
            time: time(now + 173 * number as i64),
            address: Some(([10, 0, a, b], 161).into()),
            protocol: Text::from("snmp-v2c"),
        };
        audits::read(device, &context, definitions)
    };
    fleet.iter().enumerate().filter_map(read_one).collect()
}

fn report(pass: usize, now: i64) -> PassReport {
    PassReport {
        format: PASS_FORMAT,
        id: PassId::from_bytes(id(pass, "pass")),
        started: time(now),
        settings_version: 0,
        agent_version: Text::from_static("bench"),
        observations: Vec::new(),
        notices: Vec::new(),
        stats: PassStats::default(),
    }
}

fn bytes_in(folder: &Path) -> anyhow::Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        sum += match entry.file_type()?.is_dir() {
            true => bytes_in(&entry.path())?,
            false => entry.metadata()?.len(),
        };
    }
    Ok(sum)
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [line, devices, days, passes] = arguments.as_slice() else {
        bail!("name line or no-line, printers, days, passes a day");
    };
    let line = match line.as_str() {
        "line" => true,
        "no-line" => false,
        other => bail!("{other} is neither line nor no-line"),
    };
    let (devices, days, passes): (u32, i64, i64) =
        (devices.parse()?, days.parse()?, passes.parse()?);
    let definitions = Definitions::builtin();
    let mut fleet = fleet_of(devices, SEED);
    let folder = tempfile::tempdir()?;
    let store = Store::open(
        folder.path(),
        &OpenOptions::new(Timestamp::from_unix_millis(START)),
    )?;
    let key = SigningKey::from_seed([2; 32]);
    let policy = Retention::default();
    let step = DAY / passes;
    let (mut audits, mut json, mut thinning) = (0u64, 0u64, Duration::ZERO);
    for pass in 0..days * passes {
        let now = START + pass * step;
        let pass = usize::try_from(pass)?;
        let read = read(&fleet, pass, now, &definitions);
        audits += read.len() as u64;
        if pass == 0 {
            for audit in &read {
                json += serde_json::to_vec(audit)?.len() as u64;
            }
            json /= audits;
        }
        let context = SigningContext {
            agent: AgentId::from_bytes([0xa9; 16]),
            key: &key,
            now: Timestamp::from_unix_millis(now),
        };
        let batch = PassBatch {
            audits: read,
            report: report(pass, now),
        };
        for made in store.commit_pass(batch, &context)? {
            if line {
                store.record_receipt(&Receipt {
                    number: made.number,
                    content: made.content,
                    received: context.now,
                    bytes: [noise(pass, "a"), noise(pass, "b"), noise(pass, "c")].concat(),
                })?;
            }
        }
        if (pass as i64 + 1) % passes == 0 {
            let begun = Instant::now();
            store.thin(&policy, context.now)?;
            thinning += begun.elapsed();
        }
        for device in &mut fleet {
            device.advance(Duration::from_millis(step.unsigned_abs()));
        }
    }
    let checked = store.check()?;
    ensure!(checked.problems.is_empty(), "{:?}", checked.problems);
    let left = store.audits().count() as u64;
    let journal = bytes_in(&folder.path().join("journal"))?;
    println!("{audits} audits of {json} bytes of JSON were stored, {left} are there");
    println!(
        "journal {journal} bytes: {} for each stored, {} for each that is there",
        journal / audits,
        journal / left.max(1)
    );
    println!("index {} bytes", bytes_in(&folder.path().join("index"))?);
    println!("all thinning together took {:.1} s", thinning.as_secs_f64());
    last_month(&store, START + days * DAY, &fleet, &definitions)
}

/// How long one device's last 30 days take: as they are stored, and with every audit parsed.
fn last_month(
    store: &Store,
    end: i64,
    fleet: &[SimDevice],
    definitions: &Definitions,
) -> anyhow::Result<()> {
    let span = Timestamp::from_unix_millis(end - 30 * DAY)..=Timestamp::from_unix_millis(end);
    let known = read(fleet, 0, end, definitions);
    let serials = known
        .iter()
        .filter_map(|audit| audit.identity.serial.as_ref());
    let (mut stored, mut parsed, mut entries) = (Vec::new(), Vec::new(), 0);
    for serial in serials.take(40) {
        let begun = Instant::now();
        let history = store.device_history(Clue::Serial(serial.as_str()), span.clone())?;
        stored.push(begun.elapsed());
        for entry in &history {
            entry.audit()?;
        }
        parsed.push(begun.elapsed());
        entries += history.len();
    }
    stored.sort();
    parsed.sort();
    let middle = stored.len() / 2;
    println!(
        "one device's last 30 days: {} audits; {:.2} ms as stored, {:.2} ms with all of them parsed (medians of {} devices)",
        entries / stored.len().max(1),
        stored.get(middle).context("a device")?.as_secs_f64() * 1e3,
        parsed.get(middle).context("a device")?.as_secs_f64() * 1e3,
        stored.len(),
    );
    Ok(())
}
