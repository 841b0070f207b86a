//! `onsite explain`: "why 6,466?".

use super::output::print;
use super::place::{AgentPlace, Rows};
use super::{Exit, Failure};
use anyhow::{Context, anyhow};
use pagetally_model::DeviceAudit;
use pagetally_onsite::{Clocks, ReplayIds, device_name, explain, replay};
use std::path::Path;

/// Tell where a reading comes from: object, raw value, rule, and who disagreed
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Readings are named by their path in the audit's JSON:\n  \
    serial                  meters.total        supplies[2].level\n  \
    status.printer          meters.print.mono   supplies.1.4.level\n  \
    meters                  a group means all that is in it\n\n\
    Exit codes:\n  \
    0  told\n  \
    1  no such device, or no such reading\n  \
    4  the agent's folder or the recording cannot be used"
)]
pub(crate) struct Args {
    /// Serial, address, MAC, host name or audit id of a stored device, or a recording's file
    device: String,
    /// The reading's path
    reading: String,
    #[command(flatten)]
    rows: Rows,
    #[command(flatten)]
    place: AgentPlace,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let Some(audit) = find(args)? else {
        return Err(Failure {
            exit: Exit::Nothing,
            error: anyhow!(
                "no stored audit is of {:?}; name a device by serial, address, MAC or host name",
                args.device
            ),
        });
    };
    let text = explain(&audit, &args.reading).map_err(|error| Failure {
        exit: Exit::Nothing,
        error: error.into(),
    })?;
    let place = audit
        .address
        .map_or_else(|| args.device.clone(), |address| address.to_string());
    print(&format!(
        "{} at {place}, audit {} of {}\n{text}",
        device_name(&audit),
        audit.id,
        audit.time.wall
    ))?;
    Ok(Exit::Ok)
}

fn find(args: &Args) -> Result<Option<DeviceAudit>, Failure> {
    let file = Path::new(&args.device);
    if file.is_file() {
        let bytes = std::fs::read(file).with_context(|| format!("{}", file.display()))?;
        let ids = ReplayIds::fresh(&Clocks::start()?)?;
        let audit = replay(&bytes, &ids, &args.rows.load()?)
            .with_context(|| format!("{}", file.display()))?;
        return Ok(Some(audit));
    }
    let agent = args.place.open_existing()?;
    Ok(agent.find_audit(&args.device)?.map(|stored| stored.audit))
}
