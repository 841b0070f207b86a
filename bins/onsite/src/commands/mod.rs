//! One module a command: its arguments, what it calls, what it prints.

mod audit;
mod failure;
mod output;
mod progress;
mod replay;
mod stop;

use clap::{Parser, Subcommand};
pub(crate) use failure::{Exit, Failure};

/// Finds the printers of a network, reads them, and hands sealed audits to Central.
#[derive(Debug, Parser)]
#[command(name = "onsite", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Find and read printers now, without any Central
    Audit(audit::Args),
    /// Decode recordings of printers, without a network
    Replay(replay::Args),
}

pub(crate) fn run(cli: Cli) -> Result<Exit, Failure> {
    match cli.command {
        Command::Audit(args) => audit::run(&args),
        Command::Replay(args) => replay::run(&args),
    }
}
