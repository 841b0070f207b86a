//! `onsite enrol`: makes this agent known to a Central.

use super::place::AgentPlace;
use super::{Exit, Failure};
use anyhow::Context;
use pagetally_onsite::EnrolError;
use std::io::Read;
use std::path::PathBuf;

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
    #[arg(value_name = "CODE", required_unless_present = "file")]
    code: Option<String>,
    /// A file that holds the code; lines that begin with # are passed over
    #[arg(long, value_name = "FILE", conflicts_with = "code")]
    file: Option<PathBuf>,
    #[command(flatten)]
    place: AgentPlace,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let code = args.code().map_err(Failure::usage)?;
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

impl Args {
    fn code(&self) -> anyhow::Result<String> {
        match (self.code.as_deref(), &self.file) {
            (Some("-"), _) => {
                let input = std::io::stdin().lock();
                read_code(input).context("no enrolment code on standard input")
            }
            (Some(code), _) => Ok(code.to_owned()),
            (None, Some(path)) => {
                let named = || format!("no enrolment code in {}", path.display());
                let file = std::fs::File::open(path).with_context(named)?;
                read_code(file).with_context(named)
            }
            (None, None) => anyhow::bail!("name a code, or a file that holds one (--file)"),
        }
    }
}

/// A code has a few hundred characters; what is longer is something else.
fn read_code(input: impl Read) -> std::io::Result<String> {
    const MAX_BYTES: u64 = 8_192;
    let mut text = String::new();
    input.take(MAX_BYTES).read_to_string(&mut text)?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    Ok(lines.collect())
}
