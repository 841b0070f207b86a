//! `onsite enrol`: makes this agent known to a Central.

use super::place::AgentPlace;
use super::{Exit, Failure};
use anyhow::Context;
use pagetally_onsite::EnrolError;
use std::io::Read;

/// Make this agent known to the Central that an enrolment code names
///
/// The first enrolment makes the agent: its folder, its id and its keys. The code works once. A new
/// code lets an agent come back that was removed or is in quarantine: what waits is then delivered.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes:\n  \
    0  enrolled\n  \
    2  the code or the arguments make no sense\n  \
    3  Central could not be reached; the same code can be tried again\n  \
    4  Central said no, or the agent's folder cannot be used")]
pub(crate) struct Args {
    /// The code that the dealer handed out; - reads it from standard input, where no other user of
    /// this machine sees it
    #[arg(value_name = "CODE")]
    code: String,
    #[command(flatten)]
    place: AgentPlace,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let code = if args.code == "-" {
        read_code().map_err(Failure::usage)?
    } else {
        args.code.clone()
    };
    let mut agent = args.place.open()?;
    let enrolment = agent.enrol(&code).map_err(|error| Failure {
        exit: match &error {
            EnrolError::Code(_) | EnrolError::OtherCentral { .. } | EnrolError::Connect(_) => {
                Exit::Usage
            }
            EnrolError::Transport(source) if source.is_temporary() => Exit::Partial,
            _ => Exit::Failed,
        },
        error: error.into(),
    })?;
    println!(
        "enrolled: agent {} at {} reports to {}",
        agent.id(),
        enrolment.site_name,
        enrolment.central_url
    );
    let waiting = agent.store().outbox()?.len();
    if waiting > 0 {
        println!("{waiting} submissions wait and go with the next pass");
    }
    println!("next: onsite run --once, or onsite run to stay");
    Ok(Exit::Ok)
}

/// A code has a few hundred characters; what is longer is something else.
fn read_code() -> anyhow::Result<String> {
    const MAX_BYTES: u64 = 8_192;
    let mut code = String::new();
    std::io::stdin()
        .lock()
        .take(MAX_BYTES)
        .read_to_string(&mut code)
        .context("no enrolment code on standard input")?;
    Ok(code)
}
