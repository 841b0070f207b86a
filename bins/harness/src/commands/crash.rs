//! `harness crash`: kills agents at random instants and looks for what was lost or came twice.

use super::tell;
use anyhow::Context as _;
use pagetally_harness::crash::{CrashConfig, Disk, Mutation, one_pass, run as crash};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Kill agents at random instants; nothing may be lost, nothing may come twice
///
/// Real `onsite` processes, and agents on a disk that loses what was not synced, are killed while
/// they open, read, store, deliver, build their index anew, rotate their keys and upgrade old stores.
/// Central's books are held against what they said and what the printers served. Exit code 0 only if all holds.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many processes are killed.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    kills: u32,
    /// How many agents run side by side.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    agents: u8,
    /// What all chances are drawn from; without it from the clock.
    #[arg(long)]
    seed: Option<u64>,
    /// The run has failed when it has not killed enough by then.
    #[arg(long, value_name = "MINUTES", default_value_t = 15)]
    minutes: u64,
    /// The agent's program; without it `onsite` beside this one.
    #[arg(long, value_name = "FILE")]
    onsite: Option<PathBuf>,
    /// Break something on purpose, to see that the run fails then.
    #[arg(long, value_parser = mutation, value_name = "fsync|deduplication|receipts")]
    mutate: Option<Mutation>,
}

fn mutation(text: &str) -> Result<Mutation, String> {
    match text {
        "fsync" => Ok(Mutation::Fsync),
        "receipts" => Ok(Mutation::Receipts),
        #[cfg(feature = "mutations")]
        "deduplication" => Ok(Mutation::Deduplication),
        #[cfg(not(feature = "mutations"))]
        "deduplication" => {
            Err("this needs a harness that was built with --features mutations".to_owned())
        }
        _ => Err(format!(
            "{text:?} is none of fsync, deduplication, receipts"
        )),
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let harness = std::env::current_exe().context("cannot find this program")?;
    let onsite = match &args.onsite {
        Some(path) => path.clone(),
        None => harness.with_file_name(format!("onsite{}", std::env::consts::EXE_SUFFIX)),
    };
    let seed = match args.seed {
        Some(seed) => seed,
        None => pagetally_onsite::random_number()?,
    };
    println!("seed {seed}");
    let report = crash(&CrashConfig {
        kills: args.kills,
        agents: args.agents.into(),
        seed,
        time: Duration::from_secs(args.minutes * 60),
        onsite,
        harness,
        mutation: args.mutate,
    })?;
    println!(
        "{} kills in {:.0} s ({} processes ended before theirs): {} of processes that began without a sound index \
         ({} began so), {} in rotations of the keys, {} in upgrades of an old store",
        report.kills,
        report.took.as_secs_f64(),
        report.finished,
        report.rebuild_kills,
        report.rebuilds,
        report.rotations,
        report.upgrades
    );
    Ok(tell(
        &report.verdict,
        "nothing lost, nothing twice, every value as it was served",
    ))
}

/// One pass on a disk of the harness's own.
#[derive(Debug, clap::Args)]
pub(crate) struct AgentArgs {
    /// What becomes of bytes that are written.
    #[arg(long)]
    disk: Disk,
    /// The agent's folder.
    #[arg(long)]
    data: PathBuf,
}

pub(crate) fn run_agent(args: &AgentArgs) -> anyhow::Result<ExitCode> {
    one_pass(&args.data, args.disk)?;
    Ok(ExitCode::SUCCESS)
}
