//! `onsite erase`: by destroying keys.

use super::output::print;
use super::place::AgentPlace;
use super::secret::{Secrets, owner_only_file};
use super::{Exit, Failure};
use anyhow::{Context, anyhow};
use pagetally_onsite::{ErasureReceipt, Undelivered};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Erase a device or everything, by destroying keys, with a signed receipt
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes:\n  \
    0  erased and verified; the receipt is printed\n  \
    2  there is no such agent, or --yes is missing\n  \
    4  nothing was erased: no such device, or audits of it wait for Central")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Erase one device: serial, address, MAC, host name or audit id
    Device {
        /// The device
        device: String,
        #[command(flatten)]
        how: How,
    },
    /// Erase everything; the agent has to be enrolled anew
    Site {
        #[command(flatten)]
        how: How,
    },
}

#[derive(Debug, clap::Args)]
struct How {
    /// Erase; without it only what would happen is said
    #[arg(long)]
    yes: bool,
    /// Destroy what Central has not acknowledged as well: it then gets the rest of those submissions,
    /// and is told that these were erased
    #[arg(long)]
    destroy_undelivered: bool,
    /// Write the receipt to this file instead of printing it
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    #[command(flatten)]
    place: AgentPlace,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let (device, how) = match &args.command {
        Command::Device { device, how } => (Some(device.as_str()), how),
        Command::Site { how } => (None, how),
    };
    let secrets = Secrets::here();
    let agent = how.place.open_existing_with(&secrets)?;
    if !how.yes {
        return Err(Failure::usage(anyhow!(
            "nothing was erased. This would destroy {} for ever, in every copy whose root key is not kept elsewhere; onsite export saves it first. Say --yes to erase",
            device.map_or(
                "everything that this agent has and is".to_owned(),
                |device| { format!("all that is stored of {device:?}") }
            )
        )));
    }
    // The file first: what is erased cannot be taken back for want of a place for its receipt.
    let file = how
        .receipt
        .as_deref()
        .map(|path| owner_only_file(path).with_context(|| path.display().to_string()))
        .transpose()?;
    let undelivered = match how.destroy_undelivered {
        true => Undelivered::Destroy,
        false => Undelivered::Keep,
    };
    let receipt = match device {
        Some(device) => agent.erase_device(device, undelivered)?,
        None => agent.erase_site(undelivered)?,
    };
    let text = serde_json::to_string_pretty(&receipt)? + "\n";
    match (file, &how.receipt) {
        (Some(mut file), Some(path)) => {
            file.write_all(text.as_bytes())
                .with_context(|| path.display().to_string())?;
            print(&told(&receipt, path))?;
        }
        _ => print(&text)?,
    }
    Ok(Exit::Ok)
}

fn told(receipt: &ErasureReceipt, path: &Path) -> String {
    let statement = &receipt.statement;
    let mut text = format!(
        "{} audits and {} keys of the {} were erased; the receipt is {}\nnot reached:\n",
        statement.audits,
        statement.keys.len(),
        statement.scope,
        path.display()
    );
    for left in &statement.not_reached {
        text.push_str(&format!("  - {left}\n"));
    }
    text
}
