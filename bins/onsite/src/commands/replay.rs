//! `onsite replay`: decodes recordings, without a network.

use super::output::{Format, Place, print};
use super::place::Rows;
use super::{Exit, Failure};
use anyhow::Context;
use pagetally_model::DeviceAudit;
use pagetally_onsite::{Clocks, ReplayIds, replay};
use pagetally_printer_mib::Definitions;
use std::path::PathBuf;

/// Decode recordings of printers, without a network
///
/// A recording has lines of OID|TYPE|VALUE, as snmpsim writes them. It is decoded as if the recorded
/// device answered now. As JSON, one file gives one document, several files an array of documents in
/// the order of the arguments.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes:\n  \
    0  every file was decoded\n  \
    2  the arguments make no sense\n  \
    3  some files could not be decoded; the others were\n  \
    4  no file could be decoded")]
pub(crate) struct Args {
    /// Recordings
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    rows: Rows,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let definitions = args.rows.load()?;
    let clocks = Clocks::start()?;
    let mut audits = Vec::new();
    for file in &args.files {
        match decode(file, &definitions, &clocks) {
            Ok(audit) => audits.push((Place::File(file.display().to_string()), audit)),
            Err(error) => eprintln!("onsite: {error:#}"),
        }
    }
    let exit = match audits.len() {
        0 => Exit::Failed,
        some if some < args.files.len() => Exit::Partial,
        _ => Exit::Ok,
    };
    match args.format {
        Format::Json if args.files.len() == 1 => {
            if let Some((_, audit)) = audits.first() {
                print(&json(audit)?)?;
            }
        }
        Format::Json => {
            let documents: Vec<&DeviceAudit> = audits.iter().map(|(_, audit)| audit).collect();
            print(&json(&documents)?)?;
        }
        Format::Csv => print(&super::output::csv::audits(&audits))?,
        Format::Table if audits.is_empty() => {}
        Format::Table => print(&super::output::table::audits(&audits))?,
    }
    Ok(exit)
}

fn json(document: &impl serde::Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(document)? + "\n")
}

fn decode(
    file: &PathBuf,
    definitions: &Definitions,
    clocks: &Clocks,
) -> anyhow::Result<DeviceAudit> {
    let name = file.display();
    let bytes = std::fs::read(file).with_context(|| format!("{name}: cannot be read"))?;
    replay(&bytes, &ReplayIds::fresh(clocks)?, definitions).with_context(|| format!("{name}"))
}
