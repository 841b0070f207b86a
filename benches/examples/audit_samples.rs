//! Writes records of simulated audits, one file each, for the store's dictionary to be trained on:
//!
//! ```text
//! cargo run --release -p pagetally-benches --example audit_samples -- target/samples
//! zstd --train --maxdict=65536 -o audit-1.zdict -r target/samples
//! ```
//!
//! The fleet is a dealer's: every model that is simulated, many times, each device with a past, an
//! office and troubles of its own, read at odd times over a month. Nothing in it is anybody's. A second
//! argument is another seed: a fleet that the dictionary has not seen, to measure it on.

#[path = "../benches/audits/mod.rs"]
#[allow(dead_code, reason = "each user takes a part of it")]
mod audits;

use anyhow::Context as _;
use pagetally_fleet_sim::fleet_of;
use pagetally_printer_mib::Definitions;
use pagetally_proof::canonical;
use std::path::PathBuf;
use std::time::Duration;

/// Of every model about ten devices.
const DEVICES: u32 = 500;

/// No other fleet of this project has it, so that nothing is measured on what was learnt by heart.
const SEED: u64 = 0x7EAC_4E55;

/// How often each device is read.
const READS: usize = 4;

fn main() -> anyhow::Result<()> {
    let folder = std::env::args().nth(1).context("name a folder")?;
    let folder = PathBuf::from(folder);
    std::fs::create_dir_all(&folder)?;
    let seed = std::env::args()
        .nth(2)
        .map_or(Ok(SEED), |seed| seed.parse())?;
    let definitions = Definitions::builtin();
    let mut fleet = fleet_of(DEVICES, seed);
    let mut number = 0;
    for read in 0..READS {
        for device in &mut fleet {
            let context = audits::context(number);
            if let Some(audit) = audits::read(device, &context, &definitions) {
                // As a record of the journal holds it: version, number, salt, document.
                let mut record = vec![1];
                record.extend_from_slice(&(read as u64 + 1).to_be_bytes());
                record.extend_from_slice(&audits::noise(number, "salt"));
                record.extend_from_slice(&canonical::to_bytes(&audit)?);
                std::fs::write(folder.join(format!("{number:05}")), record)?;
                number += 1;
            }
            device.advance(Duration::from_secs(7 * 86_400 + 3_571));
        }
    }
    println!("{number} records in {}", folder.display());
    Ok(())
}
