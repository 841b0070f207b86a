//! One module a command: its arguments, what it calls, what it prints.

mod audit;
mod doctor;
mod enrol;
mod erase;
mod explain;
mod export;
mod failure;
mod history;
mod key;
mod output;
mod place;
mod privacy;
mod progress;
mod proof;
mod propose;
mod record;
mod replay;
mod resend;
mod run;
mod secret;
mod status;
mod stop;
mod store;
mod touched;
mod users;
mod verify;

use clap::{Parser, Subcommand};
pub(crate) use failure::{Exit, Failure};

/// Finds the printers of a network, reads them, and hands sealed audits to Central.
///
/// It reads only: no SNMP SET exists in it. It listens on nothing, and calls nobody but the printers
/// and, once it is enrolled, its Central.
#[derive(Debug, Parser)]
#[command(name = "onsite", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Audit(Box<audit::Args>),
    Replay(replay::Args),
    Record(Box<record::Args>),
    Propose(Box<propose::Args>),
    Enrol(enrol::Args),
    Run(run::Args),
    Status(status::Args),
    Doctor(doctor::Args),
    Outbox(status::OutboxArgs),
    Resend(resend::Args),
    Touched(touched::Args),
    Explain(explain::Args),
    History(history::Args),
    Privacy(privacy::Args),
    Key(key::Args),
    Export(export::Args),
    Erase(erase::Args),
    Store(store::Args),
    Proof(proof::Args),
    Verify(verify::Args),
}

pub(crate) fn run(cli: Cli) -> Result<Exit, Failure> {
    match cli.command {
        Command::Audit(args) => audit::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Record(args) => record::run(&args),
        Command::Propose(args) => propose::run(&args),
        Command::Enrol(args) => enrol::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Status(args) => status::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Outbox(args) => status::run_outbox(&args),
        Command::Resend(args) => resend::run(&args),
        Command::Touched(args) => touched::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::History(args) => history::run(&args),
        Command::Privacy(args) => privacy::run(&args),
        Command::Key(args) => key::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Erase(args) => erase::run(&args),
        Command::Store(args) => store::run(&args),
        Command::Proof(args) => proof::run(&args),
        Command::Verify(args) => verify::run(&args),
    }
}
