//! What the standard objects of a recording mean, held against the audit: every value here stands
//! in the recording, so none may be missing and none may differ.
//!
//! Where a maker's own object is the better witness, the audit may hold its value, as long as the
//! standard object stands among the witnesses that lost.

use super::Section;
use super::alike::{is_own_wording, same_description, same_model, squeeze};
use super::expected::{Expected, Raw, Whole};
use super::sheet::{At, Got, Proof, Sheet, clean, word};
use pagetally_model::{DeviceAudit, DeviceStatus, Identity, Provenance, Source, Sources, Text};
use rows::{compare_alert, compare_marker, compare_supply, compare_tray};

mod levels;
mod rows;

/// prtGeneralSerialNumber.
const SERIAL: &str = "1.3.6.1.2.1.43.5.1.1.17.";
/// hrDeviceDescr.
const DEVICE_DESCR: &str = "1.3.6.1.2.1.25.3.2.1.3.";
/// hrPrinterDetectedErrorState's bits in order, as documents spell them (RFC 2790 section 3).
const CONDITIONS: [&str; 15] = [
    "low-paper",
    "no-paper",
    "low-toner",
    "no-toner",
    "door-open",
    "jammed",
    "offline",
    "service-requested",
    "input-tray-missing",
    "output-tray-missing",
    "marker-supply-missing",
    "output-near-full",
    "output-full",
    "input-tray-empty",
    "overdue-prevent-maint",
];

pub(super) fn compare(expected: &Expected, audit: &DeviceAudit, sheet: &mut Sheet) {
    let raw = &expected.raw;
    compare_identity(expected, &audit.identity, sheet);
    compare_system(raw, &audit.identity, sheet);
    compare_status(raw, &audit.status, sheet);
    for row in &raw.prtMarker {
        compare_marker(row, find(&audit.markers, |m| &m.slot, &row.index), sheet);
    }
    for row in &raw.prtMarkerSupplies {
        compare_supply(row, find(&audit.supplies, |s| &s.slot, &row.index), sheet);
    }
    for row in &raw.prtInput {
        compare_tray(row, find(&audit.trays, |t| &t.slot, &row.index), sheet);
    }
    for row in &raw.prtAlert {
        compare_alert(row, find(&audit.alerts, |a| &a.slot, &row.index), sheet);
    }
}

fn find<'a, T>(rows: &'a [T], slot: impl Fn(&T) -> &Text, index: &str) -> Option<&'a T> {
    rows.iter().find(|row| slot(row).as_str() == index)
}

fn at<'a>(field: &'a str, place: Option<&'a str>) -> At<'a> {
    At {
        section: Section::PrinterMib,
        field,
        place,
    }
}

fn held() -> Proof {
    Proof::Held("stands in the standard object".to_owned())
}

/// Whether a value rests on an object of this column, or says that the object lost.
fn knows(provenance: Option<&Provenance>, column: &str) -> bool {
    fn names(source: &Source, column: &str) -> bool {
        match source {
            Source::Snmp { oid, .. } => oid.to_string().starts_with(column),
            Source::Derived { inputs, .. } => {
                inputs.iter().any(|input| names(&input.source, column))
            }
            _ => false,
        }
    }
    provenance.is_some_and(|provenance| {
        names(&provenance.source, column)
            || provenance
                .witnesses
                .iter()
                .any(|lost| names(&lost.source, column))
    })
}

/// A serial number of nothing but one repeated character or digit is a blank.
fn is_blank_serial(serial: &str) -> bool {
    let mut letters = serial.chars();
    let first = letters.next();
    letters.all(|letter| Some(letter) == first)
}

fn compare_identity(expected: &Expected, identity: &Identity, sheet: &mut Sheet) {
    let raw = &expected.raw;
    let sources = &identity.sources;
    let serials: Vec<&str> = raw
        .prtGeneralSerialNumber
        .values()
        .flatten()
        .map(|s| s.trim())
        .collect();
    if let Some(serial) = serials.iter().find(|serial| !is_blank_serial(serial)) {
        let got = identity.serial.as_ref();
        let same = got.is_some_and(|got| {
            serials.contains(&got.as_str()) || knows(sources.get("serial"), SERIAL)
        });
        let shown = got.map(|got| Got::of(got, sources, "serial"));
        sheet.compare(
            at("prtGeneralSerialNumber", None),
            serial,
            shown,
            same,
            held,
        );
    }
    let maker = expected.manufacturer.as_deref();
    let descriptions: Vec<&str> = raw
        .hrDeviceDescr
        .values()
        .flatten()
        .map(String::as_str)
        .filter(|d| !clean(d).is_empty())
        .collect();
    if let Some(description) = descriptions.first() {
        let got = identity.model.as_ref();
        let same = got.is_some_and(|got| {
            descriptions.iter().any(|own| {
                is_own_wording(got.as_str(), own, maker) || same_model(own, got.as_str(), maker)
            }) || knows(sources.get("model"), DEVICE_DESCR)
        });
        let shown = got.map(|got| Got::of(got, sources, "model"));
        sheet.compare(at("hrDeviceDescr", None), description, shown, same, held);
    }
}

fn compare_system(raw: &Raw, identity: &Identity, sheet: &mut Sheet) {
    let sources = &identity.sources;
    for (name, field, stated, got) in [
        (
            "sysDescr",
            "description",
            &raw.sysDescr,
            &identity.description,
        ),
        (
            "sysObjectID",
            "objectId",
            &raw.sysObjectID,
            &identity.object_id,
        ),
        ("sysName", "hostname", &raw.sysName, &identity.hostname),
        (
            "sysLocation",
            "location",
            &raw.sysLocation,
            &identity.location,
        ),
        ("sysContact", "contact", &raw.sysContact, &identity.contact),
    ] {
        compare_text(
            at(name, None),
            stated.as_deref(),
            got.as_ref(),
            sources,
            field,
            sheet,
        );
    }
    if let Some(ticks) = raw.sysUpTime.and_then(Whole::unsigned) {
        let got = identity.uptime_centis;
        let shown = got.map(|got| Got::of(got, sources, "uptimeCentis"));
        sheet.compare(
            at("sysUpTime", None),
            ticks,
            shown,
            got == Some(ticks),
            held,
        );
    }
    let cards: Vec<String> = raw
        .ifPhysAddress
        .values()
        .flatten()
        .map(|mac| squeeze(mac))
        .collect();
    if let Some(card) = cards.iter().find(|mac| is_burnt_in(mac)) {
        let got = identity.mac.as_ref();
        let same = got.is_some_and(|got| cards.contains(&squeeze(got.as_str())));
        let shown = got.map(|got| Got::of(got, sources, "mac"));
        sheet.compare(at("ifPhysAddress", None), card, shown, same, held);
    }
}

/// Whether twelve digits are a card's own address: neither zeros nor, by the second bit of the first
/// octet, given by somebody on the spot (IEEE 802, "locally administered").
fn is_burnt_in(mac: &str) -> bool {
    let first = mac
        .get(..2)
        .and_then(|octet| u8::from_str_radix(octet, 16).ok());
    mac.len() == 12
        && mac.bytes().any(|digit| digit != b'0')
        && first.is_some_and(|octet| octet & 2 == 0)
}

/// A description may have lost the part and serial numbers that moved to fields of their own.
fn compare_text(
    at: At<'_>,
    stated: Option<&str>,
    got: Option<&Text>,
    sources: &Sources,
    field: &str,
    sheet: &mut Sheet,
) {
    let Some(stated) = stated.map(clean).filter(|text| !text.is_empty()) else {
        return;
    };
    let same =
        got.is_some_and(|got| got.as_str() == stated || same_description(&stated, got.as_str()));
    let shown = got.map(|got| Got::of(got, sources, field));
    sheet.compare(at, stated, shown, same, held);
}

fn compare_status(raw: &Raw, status: &DeviceStatus, sheet: &mut Sheet) {
    const STATES: [&str; 5] = ["other", "unknown", "idle", "printing", "warmup"];
    let states: Vec<&str> = raw
        .hrPrinterStatus
        .values()
        .flatten()
        .filter_map(|state| {
            STATES
                .get(usize::try_from(state.0).ok()?.checked_sub(1)?)
                .copied()
        })
        .collect();
    if let Some(state) = states.first() {
        let got = word(&status.printer);
        let same = states.contains(&got.as_str());
        let shown = Got::of(got, &status.sources, "printer");
        sheet.compare(at("hrPrinterStatus", None), state, Some(shown), same, held);
    }
    let errors: Vec<Vec<&str>> = raw
        .hrPrinterDetectedErrorState_hex
        .values()
        .flatten()
        .filter_map(|hex| bits(hex))
        .collect();
    if let Some(error) = errors.first() {
        let got: Vec<String> = status.conditions.iter().map(word).collect();
        let same = errors.iter().any(|error| *error == got);
        let shown = Got::of(
            format!("[{}]", got.join(" ")),
            &status.sources,
            "conditions",
        );
        let stated = format!("[{}]", error.join(" "));
        sheet.compare(
            at("hrPrinterDetectedErrorState", None),
            stated,
            Some(shown),
            same,
            held,
        );
    }
    for row in raw.prtConsoleDisplay.iter().flatten().map(|row| clean(row)) {
        if row.is_empty() {
            continue;
        }
        let found = status.console.iter().find(|got| got.as_str() == row);
        let shown = found.map(|got| Got::of(got, &status.sources, "console"));
        sheet.compare(
            at("prtConsoleDisplayBufferText", None),
            row,
            shown,
            found.is_some(),
            held,
        );
    }
}

/// The conditions of an error state of zero, one or two octets.
fn bits(hex: &str) -> Option<Vec<&'static str>> {
    let digits: Vec<u32> = hex.chars().map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let set = |bit: &usize| {
        digits
            .get(bit / 4)
            .is_some_and(|digit| digit & (8 >> (bit % 4)) != 0)
    };
    Some(
        (0..CONDITIONS.len())
            .filter(set)
            .filter_map(|bit| CONDITIONS.get(bit).copied())
            .collect(),
    )
}

#[cfg(test)]
mod tests;
