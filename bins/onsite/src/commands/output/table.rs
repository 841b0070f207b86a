//! A table for people, as wide as their terminal.

use super::words::{alerts, count, is_assumed, meter, short, status, supplies_in_short};
use super::{Place, addresses};
use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle,
};
use console::Term;
use pagetally_model::{DeviceAudit, MeterColor, MeterFunction, Observation, Outcome, Text};
use pagetally_onsite::{address_count, device_name};
use std::io::IsTerminal;

/// Terminals narrower than this have no room for alerts.
const ROOM_FOR_ALERTS: u16 = 128;

/// Terminals narrower than this have no room for mono and colour either.
const ROOM_FOR_COLOURS: u16 = 100;

/// The readings of printers, a row each.
pub(crate) fn audits(audits: &[(Place, DeviceAudit)]) -> String {
    let mut table = new_table();
    table.set_header([
        "Address", "Printer", "Serial", "Total", "Mono", "Colour", "Supplies", "Status", "Alerts",
    ]);
    // Where lines are broken, a level stays beside its name.
    let blank = if is_dynamic(&table) { '\u{a0}' } else { ' ' };
    for (place, audit) in audits {
        let total = |color| count(meter(audit, MeterFunction::Total, color));
        let serial = audit.identity.serial.as_ref().map_or("-", Text::as_str);
        let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
        table.add_row([
            Cell::new(short(&place.words(audit), 40)),
            Cell::new(short(device_name(audit).as_str(), 48)),
            Cell::new(short(serial, 24)),
            right(total(MeterColor::Any)),
            right(total(MeterColor::Mono)),
            right(total(MeterColor::Color)),
            Cell::new(supplies_in_short(audit, blank)),
            Cell::new(status(audit)),
            Cell::new(alerts(audit)),
        ]);
    }
    let hidden = fit(&mut table);
    let mut text = table.trim_fmt();
    text.push('\n');
    let assumed = audits
        .iter()
        .flat_map(|(_, audit)| &audit.meters)
        .any(is_assumed);
    if assumed {
        text.push_str("? the device states the number; that it is this meter is assumed\n");
    }
    if let Some(hidden) = hidden {
        text.push_str(&format!(
            "{hidden}: in a wider terminal, or with --format json\n"
        ));
    }
    text
}

/// Keeps addresses, serials and numbers in one piece and hides what a narrow terminal has no room
/// for; says what that was.
fn fit(table: &mut Table) -> Option<&'static str> {
    let width = table.width().filter(|_| is_dynamic(table))?;
    for column in [0, 2, 3, 4, 5] {
        constrain(table, column, ColumnConstraint::ContentWidth);
    }
    if width >= ROOM_FOR_ALERTS {
        return None;
    }
    constrain(table, 8, ColumnConstraint::Hidden);
    if width >= ROOM_FOR_COLOURS {
        return Some("alerts");
    }
    constrain(table, 4, ColumnConstraint::Hidden);
    constrain(table, 5, ColumnConstraint::Hidden);
    Some("mono, colour, alerts")
}

fn constrain(table: &mut Table, column: usize, constraint: ColumnConstraint) {
    if let Some(column) = table.column_mut(column) {
        column.set_constraint(constraint);
    }
}

fn is_dynamic(table: &Table) -> bool {
    matches!(table.content_arrangement(), ContentArrangement::Dynamic)
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
            Outcome::WrongCommunity { reason } => format!("wrong community: {reason}"),
            Outcome::PrinterPortOpen { port } => {
                format!("no agent, but TCP port {port} is open: a printer with SNMP off?")
            }
            Outcome::Asleep { last_read } => format!("asleep, last read {last_read}"),
            Outcome::Excluded { reason } => format!("excluded: {reason}"),
            Outcome::NotAsked { reason } => format!("not asked: {reason}"),
            Outcome::Error { reason } => format!("failed: {reason}"),
            Outcome::PortClosed => "no agent: the port is closed".to_owned(),
            Outcome::Unreachable { reason } if observation.name.is_some() => {
                format!("nobody there: {reason}")
            }
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

/// One and many of each outcome, in the order in which they are told.
const WORDS: [(&str, &str); 13] = [
    ("printer read", "printers read"),
    ("printer partly read", "printers partly read"),
    ("other device", "other devices"),
    ("wrong community", "wrong community"),
    ("refused", "refused"),
    (
        "silent with a printer port open",
        "silent with a printer port open",
    ),
    ("port closed", "port closed"),
    ("unreachable", "unreachable"),
    ("silent", "silent"),
    ("asleep", "asleep"),
    ("excluded", "excluded"),
    ("not asked", "not asked"),
    ("failed", "failed"),
];

/// The whole in one line: how many addresses, and what became of them.
pub(crate) fn summary(observations: &[Observation]) -> String {
    let mut counts = [0_u64; WORDS.len()];
    for observation in observations {
        let place = match observation.outcome {
            Outcome::PrinterRead { .. } => 0,
            Outcome::PrinterPartlyRead { .. } => 1,
            Outcome::OtherDevice { .. } => 2,
            Outcome::WrongCommunity { .. } => 3,
            Outcome::Refused { .. } => 4,
            Outcome::PrinterPortOpen { .. } => 5,
            Outcome::PortClosed => 6,
            Outcome::Unreachable { .. } => 7,
            Outcome::Silent => 8,
            Outcome::Asleep { .. } => 9,
            Outcome::Excluded { .. } => 10,
            Outcome::NotAsked { .. } => 11,
            _ => 12,
        };
        if let Some(count) = counts.get_mut(place) {
            *count += address_count(observation);
        }
    }
    let told: Vec<String> = counts
        .iter()
        .zip(WORDS)
        .enumerate()
        .filter(|(place, (count, _))| *place == 0 || **count > 0)
        .map(|(_, (count, (one, many)))| {
            format!("{count} {}", if *count == 1 { one } else { many })
        })
        .collect();
    told.join(", ")
}

/// A line under the header and nothing else.
const STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// On a terminal the table fits its width; in a pipe each device stays on one line.
fn new_table() -> Table {
    let mut table = Table::new();
    table.load_style(STYLE);
    match Term::stdout().size_checked() {
        Some((_, columns)) if std::io::stdout().is_terminal() => table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(columns),
        _ => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    table
}
