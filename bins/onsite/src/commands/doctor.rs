//! `onsite doctor`: what is wrong between this agent and its Central, and who can mend it.

use super::output::print;
use super::place::AgentPlace;
use super::{Exit, Failure};
use pagetally_onsite::AgentError;
use pagetally_onsite::doctor::{Finding, Verdict, examine};

/// Try each step from the disk to Central's answer, and say what is wrong and who can mend it
///
/// Nothing is changed. An agent that is at work has the store to itself: stop it to look further than
/// the disk.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes:\n  \
    0  nothing is wrong\n  \
    2  there is no such agent\n  \
    3  something is doubtful, or could not be looked at\n  \
    4  something does not work")]
pub(crate) struct Args {
    #[command(flatten)]
    place: AgentPlace,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let folder = args.place.existing_folder()?;
    let opened = match args.place.open() {
        Ok(agent) => Ok(agent),
        Err(failure) => Err(failure.error.downcast::<AgentError>()?),
    };
    let mut exit = Exit::Ok;
    let mut unsaid = None;
    examine(&folder, opened.as_ref(), &mut |finding| {
        exit = worse(exit, &finding.verdict);
        if let Err(error) = print(&line(&finding)) {
            unsaid.get_or_insert(error);
        }
    });
    match unsaid {
        Some(error) => Err(error.into()),
        None => Ok(exit),
    }
}

fn worse(exit: Exit, verdict: &Verdict) -> Exit {
    match (exit, verdict) {
        (Exit::Failed, _) | (_, Verdict::Broken(_)) => Exit::Failed,
        (_, Verdict::Doubtful(_) | Verdict::Untold) => Exit::Partial,
        (exit, Verdict::Fine) => exit,
    }
}

fn line(finding: &Finding) -> String {
    let (word, mender) = match &finding.verdict {
        Verdict::Fine => ("ok", None),
        Verdict::Doubtful(mender) => ("look", Some(mender)),
        Verdict::Broken(mender) => ("WRONG", Some(mender)),
        Verdict::Untold => ("-", None),
    };
    let step = finding.step.to_string();
    let mender = mender.map_or_else(String::new, |mender| format!(" [{mender}]"));
    format!("{step:12} {word:5} {}{mender}\n", finding.says)
}
