//! `onsite export`: a device's or the site's data in plain JSON.

use super::place::AgentPlace;
use super::secret::{Secrets, owner_only_file};
use super::{Exit, Failure};
use anyhow::Context;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// Write all data of a device, or of the whole site, as JSON
///
/// Audits come with the number of their submission and their salt, so that they can be proven. The
/// agent's own private keys and working state are named, not shown.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes:\n  \
    0  written\n  \
    2  there is no such agent\n  \
    4  no such device, or the file cannot be written")]
pub(crate) struct Args {
    /// Serial, address, MAC, host name or audit id; without it all of the site
    device: Option<String>,
    /// A new file, for the owner alone; without it standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    place: AgentPlace,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let agent = args.place.open_existing_with(&Secrets::here())?;
    let device = args.device.as_deref();
    let Some(path) = &args.out else {
        agent.export(device, &mut std::io::stdout().lock())?;
        return Ok(Exit::Ok);
    };
    let name = || path.display().to_string();
    let mut file = BufWriter::new(owner_only_file(path).with_context(name)?);
    let exported = agent.export(device, &mut file)?;
    file.flush().with_context(name)?;
    eprintln!("{} records are in {}", exported.records, path.display());
    Ok(Exit::Ok)
}
