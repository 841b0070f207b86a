//! How long a store that has reached its cap takes to be opened, to accept a pass, and to build its index anew:
//!
//! ```text
//! cargo run --release -p pagetally-benches --example store_at_cap -- build FOLDER 2048
//! cargo run --release -p pagetally-benches --example store_at_cap -- open FOLDER
//! cargo run --release -p pagetally-benches --example store_at_cap -- damaged FOLDER
//! ```
//!
//! The first stores passes of 1,000 full audits until the journal has so many MiB, as it does where there is no
//! line. The second opens that store as it is, the third with the beginning of its index overwritten. Each is a
//! process of its own, so that its memory is its own.

#[path = "../benches/audits/mod.rs"]
#[allow(dead_code, reason = "each user takes a part of it")]
mod audits;

use anyhow::{Context as _, bail};
use audits::{AUDITS, NOW, audits, context, id};
use pagetally_model::{
    AgentId, AuditId, DeviceAudit, PASS_FORMAT, PassId, PassReport, PassStats, Text, Timestamp,
};
use pagetally_proof::SigningKey;
use pagetally_store::{OpenOptions, PassBatch, SigningContext, Store};
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Instant;

/// A pass an hour.
const PASSES_A_DAY: i64 = 24;

/// The number of the pass that comes behind all others.
const LATER: usize = 100_000;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["build", folder, mebibytes] => build(Path::new(folder), mebibytes.parse()?),
        ["open", folder] => open(Path::new(folder)),
        ["damaged", folder] => {
            overwrite(&Path::new(folder).join("index/db"))?;
            open(Path::new(folder))
        }
        _ => bail!("say build FOLDER MiB, open FOLDER or damaged FOLDER"),
    }
}

fn bytes_in(folder: &Path) -> anyhow::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        sum += match entry.file_type()?.is_dir() {
            true => bytes_in(&entry.path())?,
            false => entry.metadata()?.len(),
        };
    }
    Ok(sum)
}

/// A pass over the same devices, as another one.
fn pass(audits: &[DeviceAudit], number: usize) -> PassBatch {
    let mut audits = audits.to_vec();
    for (device, audit) in audits.iter_mut().enumerate() {
        audit.id = AuditId::from_bytes(id(number * AUDITS + device, "audit"));
    }
    PassBatch {
        report: PassReport {
            format: PASS_FORMAT,
            id: PassId::from_bytes(id(number, "pass")),
            started: context(number).time,
            settings_version: 0,
            agent_version: Text::from_static("bench"),
            observations: Vec::new(),
            notices: Vec::new(),
            stats: PassStats::default(),
        },
        audits,
    }
}

fn commit(store: &Store, batch: PassBatch, number: usize) -> anyhow::Result<()> {
    let key = SigningKey::from_seed([2; 32]);
    let millis = i64::try_from(number)? * 86_400_000 / PASSES_A_DAY;
    let context = SigningContext {
        agent: AgentId::from_bytes([0xa9; 16]),
        key: &key,
        now: Timestamp::from_unix_millis(NOW.unix_millis() + millis),
    };
    store.commit_pass(batch, &context)?;
    Ok(())
}

fn build(folder: &Path, mebibytes: u64) -> anyhow::Result<()> {
    let audits = audits();
    let store = Store::open(folder, &OpenOptions::new(NOW))?;
    let begun = Instant::now();
    for number in 0.. {
        let journal = bytes_in(&folder.join("journal"))?;
        if number % 100 == 0 || journal >= mebibytes << 20 {
            let took = begun.elapsed().as_secs();
            println!(
                "{} audits in {journal} bytes of journal, {took} s",
                number * AUDITS
            );
        }
        if journal >= mebibytes << 20 {
            break;
        }
        commit(&store, pass(&audits, number), number)?;
    }
    drop(store);
    println!("index {} bytes", bytes_in(&folder.join("index"))?);
    Ok(())
}

/// The first MiB of the index's file, as of a disk that lost it.
fn overwrite(path: &Path) -> anyhow::Result<()> {
    let mut file = fs::File::options().write(true).open(path)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&vec![0x5A; 1 << 20])?;
    Ok(())
}

fn open(folder: &Path) -> anyhow::Result<()> {
    let batch = pass(&audits(), LATER);
    let begun = Instant::now();
    let store = Store::open(folder, &OpenOptions::new(NOW))?;
    println!("opened in {:.2} s", begun.elapsed().as_secs_f64());
    commit(&store, batch, LATER)?;
    println!(
        "a pass of {AUDITS} audits accepted {:.2} s after the beginning",
        begun.elapsed().as_secs_f64()
    );
    // Closing waits for what is done behind the store's back.
    let problems = store.recovery().problems.clone();
    drop(store);
    println!(
        "all is done {:.1} s after the beginning",
        begun.elapsed().as_secs_f64()
    );
    for problem in problems {
        println!("{problem}");
    }
    let status = fs::read_to_string("/proc/self/status").context("Linux")?;
    let peak = status.lines().find(|line| line.starts_with("VmHWM"));
    println!("{}", peak.unwrap_or_default());
    println!("index {} bytes", bytes_in(&folder.join("index"))?);
    Ok(())
}
