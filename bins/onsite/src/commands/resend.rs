//! `onsite resend`: what Central rejected, once more.

use super::output::print;
use super::place::AgentPlace;
use super::{Exit, Failure};

/// Send again what Central rejected, once the cause is mended there
///
/// Its documents are signed anew under later numbers, and the next pass delivers them. A newer version of the
/// agent does so by itself.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes:\n  \
    0  it waits for the next pass, or nothing was rejected\n  \
    2  there is no such agent\n  \
    4  the agent's folder cannot be used, or another process has it")]
pub(crate) struct Args {
    #[command(flatten)]
    place: AgentPlace,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let agent = args.place.open_existing()?;
    let text = match agent.send_rejected_again()? {
        0 => "nothing that Central rejected is kept here\n".to_owned(),
        made => format!("{made} submissions were signed anew; the next pass delivers them\n"),
    };
    print(&text)?;
    Ok(Exit::Ok)
}
