//! `onsite history`: what was read of one device, over time.

use super::output::print;
use super::place::AgentPlace;
use super::secret::Secrets;
use super::{Exit, Failure};
use anyhow::{Context, anyhow};
use pagetally_model::{DeviceAudit, MeterColor, MeterFunction, MeterSides, MeterSize};
use pagetally_onsite::HistoryEntry;
use std::fmt::Write as _;

/// Show what was read of one device over the last days, the oldest first
///
/// A line holds the time, the total counter and the audit's id, with tabs between. Of older days the
/// history holds fewer audits: the site's file says how many.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes:\n  \
    0  printed\n  \
    1  there is no such device, or nothing was read of it in that time\n  \
    2  there is no such agent\n  \
    4  the store cannot be opened or read")]
pub(crate) struct Args {
    /// Serial number, address, host name, network card's address or an audit's id
    #[arg(value_name = "DEVICE")]
    device: String,
    /// How many days back
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=36_525))]
    days: u32,
    /// Whole audits as they are stored, one JSON document a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: AgentPlace,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let agent = args.place.open_existing_with(&Secrets::here())?;
    let mut text = String::new();
    if let Some(history) = agent.device_history(&args.device, args.days)? {
        history.for_each(|entry| line(&entry, args.json, &mut text))?;
    }
    if text.is_empty() {
        let days = args.days;
        eprintln!(
            "onsite: nothing was read of {} in the last {days} days",
            args.device
        );
        return Ok(Exit::Nothing);
    }
    print(&text)?;
    Ok(Exit::Ok)
}

/// Adds what is shown of an audit.
fn line(entry: &HistoryEntry<'_>, json: bool, text: &mut String) -> anyhow::Result<()> {
    // Writing to a String cannot fail.
    if json {
        let document = std::str::from_utf8(entry.document)
            .map_err(|_| anyhow!("an audit of submission {} is no text", entry.number))?;
        let _ = writeln!(text, "{document}");
        return Ok(());
    }
    let audit = entry
        .audit()
        .with_context(|| format!("an audit of submission {}", entry.number))?;
    let total = total(&audit).map_or_else(|| "-".to_owned(), |total| total.to_string());
    let _ = writeln!(text, "{}\t{total}\t{}", audit.time.wall, audit.id);
    Ok(())
}

/// The device's total counter.
fn total(audit: &DeviceAudit) -> Option<u64> {
    let is_total = |meter: &&pagetally_model::Meter| {
        meter.function == MeterFunction::Total
            && meter.color == MeterColor::Any
            && meter.size == MeterSize::Any
            && meter.sides == MeterSides::Any
    };
    audit.meters.iter().find(is_total).map(|meter| meter.value)
}
