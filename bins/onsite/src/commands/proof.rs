//! `onsite proof`: what one device said, as a file that others can check.

use super::output::print;
use super::place::AgentPlace;
use super::{Exit, Failure, explain};
use anyhow::{Context as _, anyhow};
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;

/// Write the proof of a device's newest audit, for others to check offline
///
/// The file holds this one audit, its place in the agent's chain, and nothing of other devices. Whoever
/// has it and the agent's first key checks it by `onsite verify`, or by a verifier of his own.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes:\n  \
    0  written\n  \
    1  no such device or audit\n  \
    4  the agent's folder cannot be used, or the file cannot be written")]
pub(crate) struct Args {
    /// Serial, address, MAC, host name or audit id of a stored device
    device: String,
    /// The file to write; without it the proof is printed
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    place: AgentPlace,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let agent = args.place.open_existing()?;
    let stored = agent.find_audit(&args.device)?;
    let proof = match &stored {
        Some(stored) => agent.store().prove(stored.audit.id)?,
        None => None,
    };
    let Some(proof) = proof else {
        return Err(Failure {
            exit: Exit::Nothing,
            error: anyhow!(explain::unknown_device(&args.device, &agent)),
        });
    };
    let text = serde_json::to_string_pretty(&proof)? + "\n";
    match &args.output {
        None => print(&text)?,
        Some(path) => {
            let name = || format!("cannot write {}", path.display());
            let mut file = File::create_new(path).with_context(name)?;
            file.write_all(text.as_bytes()).with_context(name)?;
            file.sync_all().with_context(name)?;
            print(&format!(
                "{}: the audit as submission {} of this agent carries it\n\
                 check it by: onsite verify {} --key {}\n",
                path.display(),
                proof.signed.header.number,
                path.display(),
                proof.first_key
            ))?;
        }
    }
    Ok(Exit::Ok)
}
