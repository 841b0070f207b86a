//! `onsite store`: what is wrong with it, and what can be saved of it.

use super::output::print;
use super::place::AgentPlace;
use super::secret::{Secrets, owner_only_file};
use super::{Exit, Failure};
use anyhow::Context;
use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

/// Read the whole store for what is wrong with it, or save what can be read
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Check(Check),
    Salvage(Salvage),
}

/// Read every record and say what is wrong
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes:\n  \
    0  nothing is wrong\n  \
    2  there is no such agent\n  \
    3  something is wrong; it is listed, and the rest is not affected\n  \
    4  the store cannot be opened")]
struct Check {
    #[command(flatten)]
    place: AgentPlace,
}

/// Save every record that opens as JSON, without the index, and change nothing
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes:\n  \
    0  everything was saved\n  \
    2  there is no such agent\n  \
    3  some records could not be saved; how many is said\n  \
    4  there is no key, or another process has the store")]
struct Salvage {
    /// A new file, for the owner alone
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    place: AgentPlace,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    match &args.command {
        Command::Check(args) => check(args),
        Command::Salvage(args) => salvage(args),
    }
}

fn check(args: &Check) -> Result<Exit, Failure> {
    let agent = args.place.open_existing_with(&Secrets::here())?;
    let report = agent.check_store()?;
    let mut text = format!("{} records read\n", report.records);
    for problem in &report.problems {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {problem}");
    }
    if report.problems.is_empty() {
        text.push_str("nothing is wrong\n");
    }
    print(&text)?;
    Ok(match report.problems.is_empty() {
        true => Exit::Ok,
        false => Exit::Partial,
    })
}

fn salvage(args: &Salvage) -> Result<Exit, Failure> {
    let folder = args.place.existing_folder()?;
    let name = || args.out.display().to_string();
    let mut file = BufWriter::new(owner_only_file(&args.out).with_context(name)?);
    let saved = pagetally_onsite::salvage(&folder, Secrets::here().sources(), &mut file)?;
    file.flush().with_context(name)?;
    let mut text = format!("{} records are in {}\n", saved.records, args.out.display());
    for (count, what) in [
        (saved.damaged, "records are damaged"),
        (saved.without_key, "records need a key that is not there"),
        (saved.erased, "records were erased on purpose"),
        (saved.rubbish, "bytes belong to no record"),
    ] {
        if count > 0 {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{count} {what}");
        }
    }
    for reason in &saved.unreadable {
        let _ = writeln!(text, "not readable: {reason}");
    }
    print(&text)?;
    let whole =
        saved.damaged + saved.without_key + saved.rubbish == 0 && saved.unreadable.is_empty();
    Ok(if whole { Exit::Ok } else { Exit::Partial })
}
