//! CSV (RFC 4180): one row a device, lines ended by CRLF, quotes where a field needs them.
//!
//! A spreadsheet runs a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return as a
//! formula, and what devices say is hostile input: such cells of text get an apostrophe in front.

use super::Place;
use super::words::{alert_words, level, meter, status, supply_name, word};
use pagetally_model::{DeviceAudit, MeterColor, MeterFunction, Observation, Outcome, Text};
use std::collections::BTreeMap;

const HEADER: [&str; 27] = [
    "address",
    "last_address",
    "outcome",
    "reason",
    "manufacturer",
    "model",
    "serial",
    "firmware",
    "hostname",
    "location",
    "mac",
    "status",
    "total",
    "total_mono",
    "total_color",
    "print",
    "copy",
    "scan",
    "fax",
    "meter_unit",
    "meter_exactness",
    "supplies",
    "alerts",
    "protocol",
    "read_at",
    "audit",
    "format",
];

/// Rows for audits that have no observations.
pub(crate) fn audits(audits: &[(Place, DeviceAudit)]) -> String {
    let mut text = line(&HEADER.map(str::to_owned));
    for (place, audit) in audits {
        text.push_str(&line(&device(place.words(audit), "decoded", "", audit)));
    }
    text
}

/// A row for each observation, in the order of the addresses; a printer's row has its readings.
pub(crate) fn observations(audits: &[(Place, DeviceAudit)], all: &[Observation]) -> String {
    let by_id: BTreeMap<_, _> = audits.iter().map(|(_, audit)| (audit.id, audit)).collect();
    let mut text = line(&HEADER.map(str::to_owned));
    for observation in all {
        let (audit, reason) = match &observation.outcome {
            Outcome::PrinterRead { audit } => (by_id.get(audit), ""),
            Outcome::PrinterPartlyRead { audit, reason } => (by_id.get(audit), reason.as_str()),
            Outcome::OtherDevice { description } => {
                (None, description.as_ref().map_or("", Text::as_str))
            }
            other => (None, reason_of(other)),
        };
        let told = told(&observation.outcome);
        let reason = told.as_deref().unwrap_or(reason);
        let outcome = outcome_word(&observation.outcome);
        let first = match &observation.name {
            Some(name) if observation.first.is_unspecified() => name.as_str().to_owned(),
            _ => observation.first.to_string(),
        };
        let mut fields = match audit {
            Some(audit) => device(first, &outcome, reason, audit),
            None => bare(first, &outcome, reason),
        };
        if let Some(last) = fields.get_mut(1) {
            *last = observation.last.to_string();
        }
        text.push_str(&line(&fields));
    }
    text
}

fn reason_of(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Refused { reason }
        | Outcome::WrongCommunity { reason }
        | Outcome::Unreachable { reason }
        | Outcome::Excluded { reason }
        | Outcome::NotAsked { reason }
        | Outcome::Error { reason } => reason.as_str(),
        _ => "",
    }
}

/// What an outcome tells that is no text.
fn told(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::PrinterPortOpen { port } => Some(format!("TCP port {port}")),
        Outcome::Asleep { last_read } => Some(format!("last read {last_read}")),
        _ => None,
    }
}

/// The word that JSON has for an outcome.
pub(crate) fn outcome_word(outcome: &Outcome) -> String {
    serde_json::to_value(outcome)
        .ok()
        .and_then(|document| Some(document.get("type")?.as_str()?.to_owned()))
        .unwrap_or_default()
}

fn bare(address: String, outcome: &str, reason: &str) -> Vec<String> {
    let mut fields = vec![String::new(); HEADER.len()];
    for (place, value) in [address, String::new(), outcome.to_owned(), safe(reason)]
        .into_iter()
        .enumerate()
    {
        if let Some(field) = fields.get_mut(place) {
            *field = value;
        }
    }
    fields
}

fn device(address: String, outcome: &str, reason: &str, audit: &DeviceAudit) -> Vec<String> {
    let identity = &audit.identity;
    let text = |text: &Option<Text>| safe(text.as_ref().map_or("", Text::as_str));
    let total = meter(audit, MeterFunction::Total, MeterColor::Any);
    let number = |function, color| {
        meter(audit, function, color).map_or_else(String::new, |meter| meter.value.to_string())
    };
    let supplies: Vec<String> = audit
        .supplies
        .iter()
        .map(|supply| format!("{}={}", supply_name(supply), level(supply)))
        .collect();
    let alerts: Vec<String> = audit.alerts.iter().map(alert_words).collect();
    vec![
        safe(&address),
        String::new(),
        outcome.to_owned(),
        safe(reason),
        text(&identity.manufacturer),
        text(&identity.model),
        text(&identity.serial),
        text(&identity.firmware),
        text(&identity.hostname),
        text(&identity.location),
        text(&identity.mac),
        safe(&status(audit)),
        number(MeterFunction::Total, MeterColor::Any),
        number(MeterFunction::Total, MeterColor::Mono),
        number(MeterFunction::Total, MeterColor::Color),
        number(MeterFunction::Print, MeterColor::Any),
        number(MeterFunction::Copy, MeterColor::Any),
        number(MeterFunction::Scan, MeterColor::Any),
        number(MeterFunction::Fax, MeterColor::Any),
        total.map_or_else(String::new, |meter| word(&meter.unit)),
        total.map_or_else(String::new, |meter| word(&meter.exactness)),
        safe(&supplies.join("; ")),
        safe(&alerts.join("; ")),
        audit.protocol.as_str().to_owned(),
        audit.time.wall.to_string(),
        audit.id.to_string(),
        audit.format.to_string(),
    ]
}

/// Keeps a spreadsheet from running text as a formula.
fn safe(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn line(fields: &[String]) -> String {
    let quoted: Vec<String> = fields.iter().map(|field| quote(field)).collect();
    quoted.join(",") + "\r\n"
}

fn quote(field: &str) -> String {
    if field.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_commas_follow_rfc_4180() {
        let fields = ["a", "b,c", "say \"x\"", ""].map(str::to_owned);
        assert_eq!(line(&fields), "a,\"b,c\",\"say \"\"x\"\"\",\r\n");
    }

    #[test]
    fn no_cell_of_text_begins_as_a_formula() {
        for hostile in ["=1+1", "+1", "-1", "@SUM(A1)"] {
            assert_eq!(safe(hostile), format!("'{hostile}"));
        }
        assert_eq!(safe("HP"), "HP");
    }
}
