//! A table for people, as wide as their terminal.

use super::words::{ASSUMED_MARK, alerts, count, meter, short, status, supplies};
use super::{Place, addresses};
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use console::Term;
use pagetally_model::{DeviceAudit, MeterColor, MeterFunction, Observation, Outcome, Text};
use pagetally_onsite::{address_count, device_name};
use std::io::IsTerminal;

/// Supplies shown of one device; colour devices have eight to twelve.
const SUPPLIES_SHOWN: usize = 12;

/// The readings of printers, a row each.
pub(crate) fn audits(audits: &[(Place, DeviceAudit)]) -> String {
    let mut table = new_table();
    table.set_header([
        "Address", "Printer", "Serial", "Total", "Mono", "Colour", "Supplies", "Status", "Alerts",
    ]);
    for (place, audit) in audits {
        let total = |color| count(meter(audit, MeterFunction::Total, color));
        let serial = audit.identity.serial.as_ref().map_or("-", Text::as_str);
        let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
        table.add_row([
            Cell::new(place.words(audit)),
            Cell::new(short(device_name(audit).as_str(), 48)),
            Cell::new(serial),
            right(total(MeterColor::Any)),
            right(total(MeterColor::Mono)),
            right(total(MeterColor::Color)),
            Cell::new(supply_list(audit)),
            Cell::new(status(audit)),
            Cell::new(alerts(audit)),
        ]);
    }
    let mut text = table.trim_fmt();
    text.push('\n');
    if text.contains(ASSUMED_MARK) {
        text.push_str("? the device states the number; that it is this meter is assumed\n");
    }
    text
}

fn supply_list(audit: &DeviceAudit) -> String {
    let mut list = supplies(audit);
    let more = list.len().saturating_sub(SUPPLIES_SHOWN);
    list.truncate(SUPPLIES_SHOWN);
    if more > 0 {
        list.push(format!("+{more} more"));
    }
    if list.is_empty() {
        return "-".to_owned();
    }
    list.join(", ")
}

/// What answered and is no printer that was read in full.
pub(crate) fn others(observations: &[Observation]) -> String {
    let mut table = new_table();
    table.set_header(["Address", "What became of it"]);
    for observation in observations {
        let words = match &observation.outcome {
            Outcome::PrinterPartlyRead { reason, .. } => format!("partly read: {reason}"),
            Outcome::OtherDevice { description } => format!(
                "no printer: {}",
                description
                    .as_ref()
                    .map_or("it does not say what it is", Text::as_str)
            ),
            Outcome::Refused { reason } => format!("refused: {reason}"),
            Outcome::Error { reason } => format!("failed: {reason}"),
            Outcome::Silent if observation.name.is_some() => "silent".to_owned(),
            _ => continue,
        };
        let name = match &observation.name {
            Some(name) if !observation.first.is_unspecified() => format!(" ({name})"),
            _ => String::new(),
        };
        table.add_row([format!("{}{name}", addresses(observation)), words]);
    }
    if table.is_empty() {
        return String::new();
    }
    table.trim_fmt() + "\n"
}

/// The whole in one line: how many addresses, and what became of them.
pub(crate) fn summary(observations: &[Observation]) -> String {
    let mut counts = [0_u64; 6];
    for observation in observations {
        let place = match observation.outcome {
            Outcome::PrinterRead { .. } => 0,
            Outcome::PrinterPartlyRead { .. } => 1,
            Outcome::OtherDevice { .. } => 2,
            Outcome::Refused { .. } => 3,
            Outcome::Silent => 4,
            _ => 5,
        };
        if let Some(count) = counts.get_mut(place) {
            *count += address_count(observation);
        }
    }
    let words = [
        ("printer read", "printers read"),
        ("printer partly read", "printers partly read"),
        ("other device", "other devices"),
        ("refused", "refused"),
        ("silent", "silent"),
        ("failed", "failed"),
    ];
    let told: Vec<String> = counts
        .iter()
        .zip(words)
        .enumerate()
        .filter(|(place, (count, _))| *place == 0 || **count > 0)
        .map(|(_, (count, (one, many)))| {
            format!("{count} {}", if *count == 1 { one } else { many })
        })
        .collect();
    told.join(", ")
}

/// On a terminal the table fits its width; in a pipe each device stays on one line.
fn new_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let terminal = Term::stdout();
    match terminal.size_checked() {
        Some((_, columns)) if std::io::stdout().is_terminal() => {
            table
                .load_style(presets::UTF8_HORIZONTAL_ONLY)
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_width(columns);
        }
        _ => {
            table.set_content_arrangement(ContentArrangement::Disabled);
        }
    }
    table
}
