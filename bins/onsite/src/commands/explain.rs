//! `onsite explain`: "why 6,466?".

use super::output::print;
use super::place::{self, AgentPlace, Rows};
use super::{Exit, Failure};
use anyhow::{Context, anyhow};
use pagetally_model::DeviceAudit;
use pagetally_onsite::{Agent, Clocks, KnownDevice, ReplayIds, explain, replay};
use pagetally_printer_mib::Definitions;
use std::path::Path;

/// Tell where a reading comes from: object, raw value, rule and its proof, and who disagreed
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Readings are named by their path in the audit's JSON:\n  \
    serial                  meters.total        supplies[2].level\n  \
    status.printer          meters.print.mono   supplies.1.4.level\n  \
    contradictions          comparison          supplies.black-toner.replaced\n  \
    meters                  a group means all that is in it\n\n\
    Exit codes:\n  \
    0  told\n  \
    1  no such device, or no such reading\n  \
    4  the agent's folder or the file cannot be used"
)]
pub(crate) struct Args {
    /// Serial, address, MAC, host name or audit id of a stored device; or the file of a recording, or
    /// of an audit as JSON
    device: String,
    /// The reading's path
    reading: String,
    /// How to print
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    rows: Rows,
    #[command(flatten)]
    place: AgentPlace,
}

/// How to print a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let (audit, definitions) = find(args)?;
    let told = explain(&audit, &args.reading, &definitions).map_err(|error| Failure {
        exit: Exit::Nothing,
        error: error.into(),
    })?;
    match args.format {
        Format::Text => print(&told.to_string())?,
        Format::Json => print(&(serde_json::to_string_pretty(&told)? + "\n"))?,
    }
    Ok(Exit::Ok)
}

/// The audit, and the definitions whose rows it names.
fn find(args: &Args) -> Result<(DeviceAudit, Definitions), Failure> {
    let file = Path::new(&args.device);
    if file.is_file() {
        let definitions = args.rows.load()?;
        return Ok((of_file(file, &definitions)?, definitions));
    }
    let agent = args.place.open_existing()?;
    let Some(stored) = agent.find_audit(&args.device)? else {
        return Err(Failure {
            exit: Exit::Nothing,
            error: anyhow!(unknown_device(&args.device, &agent)),
        });
    };
    let definitions = match args.rows.is_given() {
        true => args.rows.load()?,
        false => place::definitions(agent.site().definitions.as_deref())?,
    };
    Ok((stored.audit, definitions))
}

/// A recording, or an audit as `replay --format json` prints it.
fn of_file(file: &Path, definitions: &Definitions) -> Result<DeviceAudit, Failure> {
    let name = || file.display().to_string();
    let bytes = std::fs::read(file).with_context(name)?;
    let begins = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if begins == Some(&b'{') {
        return Ok(serde_json::from_slice(&bytes).with_context(name)?);
    }
    let ids = ReplayIds::fresh(&Clocks::start()?)?;
    Ok(replay(&bytes, &ids, definitions).with_context(name)?)
}

pub(super) fn unknown_device(text: &str, agent: &Agent) -> String {
    let known: Vec<String> = agent
        .devices_like(text)
        .iter()
        .map(KnownDevice::to_string)
        .collect();
    let looks_like_file = text.contains(['/', '\\']) || text.ends_with(".snmprec");
    let file = match looks_like_file {
        true => ", and there is no such file",
        false => "",
    };
    match known.is_empty() {
        true => format!("no stored audit is of {text:?}{file}: the agent's store has none yet"),
        false => format!(
            "no stored audit is of {text:?}{file}; near it, or read last:\n  {}",
            known.join("\n  ")
        ),
    }
}
