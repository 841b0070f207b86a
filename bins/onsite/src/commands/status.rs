//! `onsite status` and `onsite outbox`: what the agent has to say of itself.

use super::output::print;
use super::place::AgentPlace;
use super::store::set_aside_words;
use super::{Exit, Failure};
use pagetally_onsite::{
    Agent, AgentError, AgentStatus, KeyStatus, NextPass, Quiet, StoreError, TOUCHED_LOG,
    next_pass_of,
};
use std::fmt::Write as _;
use std::path::Path;

/// Say who this agent is, where it reports to and what waits
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes:\n  \
    0  enrolled, nothing waits, the store is sound\n  \
    2  there is no such agent\n  \
    3  something waits or was rejected, the agent is not enrolled, was removed or is in quarantine, or the store was mended\n  \
    4  the agent's folder cannot be used, or another process has it")]
pub(crate) struct Args {
    #[command(flatten)]
    place: AgentPlace,
}

/// List the submissions that wait for Central's receipt
#[derive(Debug, clap::Args)]
pub(crate) struct OutboxArgs {
    #[command(flatten)]
    place: AgentPlace,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let folder = args.place.folder()?;
    let agent = args.place.open_existing().inspect_err(|failure| {
        // Somebody is at work there: what he told others can be said.
        if is_in_use(failure) {
            let _ = print(&at_work(&folder));
        }
    })?;
    let status = agent.status()?;
    let set_aside = set_aside_words(&agent)?
        .map(|words| format!("set aside    {words}\n"))
        .unwrap_or_default();
    print(&(text(&status) + &set_aside + &manners(&agent, &folder)?))?;
    let sound = status.outbox.is_empty()
        && status.rejected.is_empty()
        && status.store_problems.is_empty()
        && status
            .enrolment
            .as_ref()
            .is_some_and(|enrolment| enrolment.gone.is_none() && enrolment.unopened.is_none());
    Ok(if sound { Exit::Ok } else { Exit::Partial })
}

fn is_in_use(failure: &Failure) -> bool {
    matches!(
        failure.error.downcast_ref(),
        Some(AgentError::Store(StoreError::InUse { .. }))
    )
}

/// What an agent that is at work told others.
fn at_work(folder: &Path) -> String {
    match next_pass_of(folder) {
        Some(NextPass {
            at,
            quiet_until: None,
        }) => format!("next pass    {at}\n"),
        Some(NextPass {
            at,
            quiet_until: Some(until),
        }) => format!("next call    {at}; quiet hours, no device is asked until {until}\n"),
        None => String::new(),
    }
}

/// When devices are asked again, and where it stands who was.
fn manners(agent: &Agent, folder: &Path) -> Result<String, Failure> {
    let settings = agent.settings()?;
    let next = match Quiet::of(&settings) {
        Ok(quiet) => match quiet.end(agent.clocks().wall()) {
            Some(end) => {
                format!("when onsite run is started; quiet hours, no device is asked until {end}")
            }
            None => "when onsite run is started".to_owned(),
        },
        Err(error) => format!("nobody is asked: {error}"),
    };
    let mut text = format!("next pass    {next}\n");
    if !settings.quiet_hours.is_empty() {
        let _ = writeln!(
            text,
            "quiet hours  {} ({})",
            settings.quiet_hours.join("; "),
            settings.time_zone
        );
    }
    if !agent.site().no_touched_log {
        let _ = writeln!(text, "touched      {}", folder.join(TOUCHED_LOG).display());
    }
    Ok(text)
}

fn text(status: &AgentStatus) -> String {
    let mut text = format!("agent        {}\n", status.agent);
    let mut line = |name: &str, value: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:12} {value}");
    };
    line("first key", status.first_key.to_string());
    match &status.enrolment {
        Some(enrolment) => {
            line("central", enrolment.central_url.clone());
            line(
                "site",
                format!("{} ({})", enrolment.site_name, enrolment.site),
            );
            line("enrolled", enrolment.enrolled.to_string());
            if let Some(gone) = enrolment.gone {
                line(
                    "removed",
                    format!("Central said so at {gone}; enrol again to come back"),
                );
            }
            if let Some(since) = enrolment.unopened {
                line(
                    "central key",
                    format!(
                        "Central has said since {since} that it cannot open what this agent seals; ask the dealer \
                         for a code and enrol again (onsite enrol CODE)"
                    ),
                );
            }
            if let Some(quarantine) = enrolment.quarantine {
                line("quarantine", quarantine.to_string());
            }
        }
        None => line(
            "central",
            "none: not enrolled (onsite enrol CODE)".to_owned(),
        ),
    }
    match &status.settings {
        Some(settings) => line(
            "settings",
            format!(
                "version {}, a pass every {} s",
                settings.version, settings.interval_seconds
            ),
        ),
        None => line("settings", "the defaults".to_owned()),
    }
    line(
        "outbox",
        format!("{} submissions wait", status.outbox.len()),
    );
    if status.held > 0 {
        line(
            "held",
            format!(
                "{} submissions until they are approved (onsite privacy approve)",
                status.held
            ),
        );
    }
    for rejected in &status.rejected {
        line(
            "rejected",
            format!(
                "submission {} at {}: {}; its documents are kept (onsite resend)",
                rejected.number,
                rejected.since,
                rejected.why()
            ),
        );
    }
    if let Some(offset) = status.central_offset {
        line(
            "clock",
            format!(
                "Central's is {} ms ahead, give or take {} ms",
                offset.offset_millis, offset.uncertainty_millis
            ),
        );
    }
    line("root key", root_key(&status.keys));
    line("data keys", data_keys(&status.keys));
    for problem in &status.store_problems {
        line("store", problem.clone());
    }
    text
}

fn root_key(keys: &KeyStatus) -> String {
    let mut text = format!("kept by {}", keys.custody);
    if let Some(since) = keys.rooted {
        // Writing to a String cannot fail.
        let _ = write!(text, ", since {since}");
    }
    match keys.recovery {
        Some(at) => {
            let _ = write!(text, ", written down for recovery at {at}");
        }
        None => text.push_str(", not written down for recovery (onsite key export-recovery)"),
    }
    text
}

fn data_keys(keys: &KeyStatus) -> String {
    let mut text = format!("{} for {} devices", keys.data_keys, keys.devices);
    if let Some(oldest) = keys.oldest {
        // Writing to a String cannot fail.
        let _ = write!(text, ", the oldest of {oldest}");
    }
    if keys.retiring > 0 {
        let _ = write!(text, "; {} are being replaced", keys.retiring);
    }
    if keys.erased > 0 {
        let _ = write!(text, "; {} were erased", keys.erased);
    }
    text
}

pub(crate) fn run_outbox(args: &OutboxArgs) -> Result<Exit, Failure> {
    let status = args.place.open_existing()?.status()?;
    let mut text = String::new();
    for waiting in &status.outbox {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:>8}  {}  {} documents  {}",
            waiting.number, waiting.created, waiting.leaves, waiting.content
        );
    }
    if text.is_empty() {
        text.push_str("nothing waits\n");
    }
    print(&text)?;
    Ok(Exit::Ok)
}
