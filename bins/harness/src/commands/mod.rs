//! One module a command: its arguments and what it shows.

mod fleet;

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
    /// Serve recordings as printers, one loopback address each, until Ctrl-C.
    Fleet(fleet::Args),
}

/// Runs the command that was asked for.
pub(crate) fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Fleet(args) => fleet::run(args),
    }
}
