//! `onsite store`: what is wrong with it, and what can be saved of it.

use super::output::print;
use super::place::AgentPlace;
use super::secret::{Secrets, owner_only_file};
use super::{Exit, Failure};
use anyhow::Context;
use pagetally_onsite::{Agent, SetAside, Thinning};
use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

/// Read the whole store for what is wrong with it, save what can be read, or thin the history
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Check(Check),
    Salvage(Salvage),
    Thin(Thin),
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

/// Thin what Central has of the history, as the site's file says; `onsite run` does it once a day
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes:\n  \
    0  done, or there was nothing to do\n  \
    2  there is no such agent\n  \
    4  the store cannot be opened or written to")]
struct Thin {
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
        Command::Thin(args) => thin(args),
    }
}

fn check(args: &Check) -> Result<Exit, Failure> {
    let agent = args.place.open_existing_with(&Secrets::here())?;
    let report = agent.check_store()?;
    let mut text = format!("{} records read\n", report.records);
    if report.thinned > 0 {
        let thinned = report.thinned;
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{thinned} audits and reports were thinned from the history on purpose"
        );
    }
    for problem in &report.problems {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {problem}");
    }
    if report.problems.is_empty() {
        text.push_str("nothing is wrong\n");
    }
    if let Some(words) = set_aside_words(&agent)? {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{words}");
    }
    print(&text)?;
    Ok(match report.problems.is_empty() {
        true => Exit::Ok,
        false => Exit::Partial,
    })
}

fn thin(args: &Thin) -> Result<Exit, Failure> {
    let agent = args.place.open_existing_with(&Secrets::here())?;
    let done = agent.thin_history()?;
    print(&format!("{}\n", thinned_words(&done)))?;
    Ok(Exit::Ok)
}

/// What thinning did, for people.
pub(crate) fn thinned_words(done: &Thinning) -> String {
    let gone = done.thinned + done.capped;
    let (before, after) = (done.before >> 10, done.after >> 10);
    match (done.segments, done.capped) {
        (0, _) => "nothing to thin".to_owned(),
        (_, 0) => format!("{gone} audits and reports thinned, {before} kB became {after} kB"),
        (_, capped) => format!(
            "{gone} audits and reports thinned, {capped} of them because the store was over its cap; \
             {before} kB became {after} kB"
        ),
    }
}

/// Which indexes were set aside, and what to do with them; nothing where there are none.
pub(crate) fn set_aside_words(agent: &Agent) -> Result<Option<String>, Failure> {
    let found = agent.set_aside_indexes()?;
    if found.is_empty() {
        return Ok(None);
    }
    let bytes: u64 = found.iter().map(|one| one.bytes).sum();
    let path = |one: &SetAside| one.path.display().to_string();
    Ok(Some(format!(
        "indexes set aside since they were damaged, or of an earlier version: {}, {} kB; nothing needs them, \
         and they can be deleted: {}",
        found.len(),
        bytes.div_ceil(1 << 10),
        found.iter().map(path).collect::<Vec<_>>().join(", ")
    )))
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
