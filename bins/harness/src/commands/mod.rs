//! One module a command: its arguments and what it shows.

mod chaos;
mod coverage;
mod crash;
mod demo;
mod fleet;
#[cfg(target_os = "linux")]
mod load;
mod score;

use pagetally_harness::crash::Verdict;
use std::process::ExitCode;

/// Simulated fleets and whole-system scenarios.
#[derive(Debug, clap::Parser)]
#[command(name = "harness", version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Chaos(chaos::Args),
    #[command(hide = true)]
    ChaosCentral(chaos::CentralArgs),
    Coverage(coverage::Args),
    Crash(crash::Args),
    #[command(hide = true)]
    CrashAgent(crash::AgentArgs),
    /// Run the whole road on one machine: Central, simulated printers, an agent, two passes.
    Demo(demo::Args),
    /// Serve recordings as printers, one loopback address each, until Ctrl-C.
    Fleet(fleet::Args),
    #[cfg(target_os = "linux")]
    Load(load::Args),
    Score(score::Args),
}

/// Runs the command that was asked for.
pub(crate) fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Chaos(args) => chaos::run(&args),
        Command::ChaosCentral(args) => chaos::run_central(&args),
        Command::Coverage(args) => coverage::run(&args),
        Command::Crash(args) => crash::run(&args),
        Command::CrashAgent(args) => crash::run_agent(&args),
        Command::Demo(args) => demo::run(args),
        Command::Fleet(args) => fleet::run(args),
        #[cfg(target_os = "linux")]
        Command::Load(args) => load::run(&args),
        Command::Score(args) => score::run(&args),
    }
}

/// Says what a run that was held against Central's books came to; `all_is_well` where nothing is wrong.
fn tell(verdict: &Verdict, all_is_well: &str) -> ExitCode {
    const SHOWN: usize = 20;
    println!(
        "{} submissions said to be stored, {} audits in the books, {} repeats answered with the first receipt",
        verdict.acknowledged, verdict.audits, verdict.repeats
    );
    for fault in verdict.faults.iter().take(SHOWN) {
        println!("FAULT {fault}");
    }
    if verdict.faults.is_empty() {
        println!("{all_is_well}");
        return ExitCode::SUCCESS;
    }
    println!("{} faults", verdict.faults.len());
    ExitCode::FAILURE
}
