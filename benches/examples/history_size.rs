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
#[path = "../benches/months/mod.rs"]
mod months;

use anyhow::{Context as _, bail, ensure};
use months::{DAY, Months, START};
use pagetally_model::Timestamp;
use pagetally_store::{Clue, OpenOptions, Retention, Store};
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

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
    let months = Months {
        line: match line.as_str() {
            "line" => true,
            "no-line" => false,
            other => bail!("{other} is neither line nor no-line"),
        },
        devices: devices.parse()?,
        days: days.parse()?,
        passes: passes.parse()?,
        policy: Retention::default(),
    };
    let folder = tempfile::tempdir()?;
    let start = Timestamp::from_unix_millis(START);
    let store = Store::open(folder.path(), &OpenOptions::new(start))?;
    let lived = months.live(&store)?;
    let (audits, json) = (lived.audits, lived.json);
    let left = store.audits().count() as u64;
    let journal = bytes_in(&folder.path().join("journal"))?;
    println!("{audits} audits of {json} bytes of JSON were stored, {left} are there");
    println!(
        "journal {journal} bytes: {} for each stored, {} for each that is there",
        journal / audits,
        journal / left.max(1)
    );
    println!("{} bytes a device", journal / u64::from(months.devices));
    println!("index {} bytes", bytes_in(&folder.path().join("index"))?);
    let thinning = lived.thinning.as_secs_f64();
    println!("all thinning together took {thinning:.1} s");
    last_month(&store, &months, &lived.serials)?;
    let checked = store.check()?;
    ensure!(checked.problems.is_empty(), "{:?}", checked.problems);
    Ok(())
}

/// How long one device's last 30 days take: as they are stored, and with every audit parsed.
fn last_month(store: &Store, months: &Months, serials: &[String]) -> anyhow::Result<()> {
    let end = months.end();
    let span = Timestamp::from_unix_millis(end - 30 * DAY)..=Timestamp::from_unix_millis(end);
    let (mut stored, mut parsed, mut entries) = (Vec::new(), Vec::new(), 0);
    for serial in serials.iter().take(40) {
        let begun = Instant::now();
        let mut history = store.device_history(Clue::Serial(serial), span.clone())?;
        while let Some(entry) = history.read_next()? {
            entries += usize::from(!black_box(entry.document).is_empty());
        }
        stored.push(begun.elapsed());
        let begun = Instant::now();
        let mut history = store.device_history(Clue::Serial(serial), span.clone())?;
        while let Some(entry) = history.read_next()? {
            black_box(entry.audit()?);
        }
        parsed.push(begun.elapsed());
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
