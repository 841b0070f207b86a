//! `harness chaos`: a line on which everything goes wrong, and a Central that is killed.

use super::tell;
use anyhow::Context as _;
use pagetally_harness::chaos::{ChaosConfig, Mutation, run as chaos, serve_central};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Deliver over a line on which everything goes wrong; nothing may be lost, nothing may come twice
///
/// Many agents read printers and deliver through a proxy that drops, delays, doubles, reorders, cuts, alters and
/// resets, answers with garbage and old answers, and shows another certificate, while Central's process is killed
/// again and again. Then the printers' log, the agents' stores and Central's rows must agree. Exit code 0 only
/// if all holds.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many submissions are stored and delivered.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    submissions: u64,
    /// How many agents run side by side.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u8).range(1..=200))]
    agents: u8,
    /// What all chances are drawn from; without it from the clock.
    #[arg(long)]
    seed: Option<u64>,
    /// The run has failed when not enough was stored by then.
    #[arg(long, value_name = "MINUTES", default_value_t = 13)]
    minutes: u64,
    /// Break something on purpose, to see that the run fails then.
    #[arg(long, value_parser = mutation, value_name = "deduplication|receipts")]
    mutate: Option<Mutation>,
}

fn mutation(text: &str) -> Result<Mutation, String> {
    match text {
        "receipts" => Ok(Mutation::Receipts),
        #[cfg(feature = "mutations")]
        "deduplication" => Ok(Mutation::Deduplication),
        #[cfg(not(feature = "mutations"))]
        "deduplication" => {
            Err("this needs a harness that was built with --features mutations".to_owned())
        }
        _ => Err(format!("{text:?} is none of deduplication, receipts")),
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let seed = match args.seed {
        Some(seed) => seed,
        None => pagetally_onsite::random_number()?,
    };
    println!("seed {seed}");
    let report = chaos(&ChaosConfig {
        submissions: args.submissions,
        agents: args.agents.into(),
        seed,
        time: Duration::from_secs(args.minutes * 60),
        harness: std::env::current_exe().context("cannot find this program")?,
        mutation: args.mutate,
    })?;
    let faults: Vec<String> = report
        .faults
        .iter()
        .map(|(fault, count)| format!("{} {count}", fault.word()))
        .collect();
    println!(
        "{} submissions in {:.0} s, {} calls, {} of which went wrong: {}",
        report.submissions,
        report.took.as_secs_f64(),
        report.calls,
        report.faults.values().sum::<u64>(),
        faults.join(", ")
    );
    println!(
        "Central was killed {} times, {} of them with calls on their way",
        report.kills, report.kills_in_flight
    );
    Ok(tell(
        &report.verdict,
        "nothing lost, nothing twice; printers, agents and Central say the same",
    ))
}

/// The Central of a run, until it is killed.
#[derive(Debug, clap::Args)]
pub(crate) struct CentralArgs {
    /// Central's folder.
    #[arg(long)]
    data: PathBuf,
    /// The port on loopback.
    #[arg(long)]
    port: u16,
    /// Whether it books again what comes again.
    #[arg(long)]
    book_repeats: bool,
}

pub(crate) fn run_central(args: &CentralArgs) -> anyhow::Result<ExitCode> {
    serve_central(&args.data, args.port, args.book_repeats)?;
    Ok(ExitCode::SUCCESS)
}
