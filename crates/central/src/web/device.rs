//! One device, as one of its audits tells it.

use super::access::Visitor;
use super::chart::Chart;
use super::fleet::device_name;
use super::format::{
    ABSENT, Moment, absolute, exactness, meter_name, number, number_or_dash, plain_word, unit,
};
use super::notice::NoticeView;
use super::page::{Frame, Page, PageError, render};
use super::story::Story;
use super::supply::{LevelView, ink, kind_words, supply_name};
use crate::books::{AgentKind, DeviceRow, history_unit};
use crate::clock;
use crate::state::AppState;
use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::IntoResponse;
use pagetally_model::{
    AlertSeverity, AuditId, CounterUnit, DeviceAudit, DeviceId, DeviceState, Exactness, MeterColor,
    MeterFunction, PrinterState, Replacement, ReplacementKind, Text, Timestamp,
};
use std::sync::Arc;

/// Readings in a chart, and audits in the list.
const HISTORY: u64 = 400;
const AUDITS: u64 = 50;
const NOTICES: u64 = 20;

#[derive(Template)]
#[template(path = "device.html")]
struct DevicePage {
    frame: Frame,
    name: String,
    device: DeviceRow,
    state: (&'static str, String),
    seen: Option<Moment>,
    received: Option<Moment>,
    /// Whether this is the latest audit.
    latest: bool,
    /// Whether its agent signed it.
    signed: bool,
    audit_link: String,
    proof_link: String,
    protocol: String,
    identity: Vec<Fact>,
    /// When what does not move was read, where that is not when the audit was.
    known_since: Option<Moment>,
    supplies: Vec<SupplyView>,
    meters: Vec<MeterView>,
    markers: Vec<MarkerView>,
    chart: Option<Chart>,
    points: usize,
    total_unit: &'static str,
    trays: Vec<MediaView>,
    outputs: Vec<MediaView>,
    covers: Vec<(String, String)>,
    alerts: Vec<AlertView>,
    notices: Vec<NoticeView>,
    conditions: Vec<String>,
    console: Vec<String>,
    gaps: Vec<(String, String)>,
    contradictions: Vec<ContradictionView>,
    /// When the audit before was read, and what happened since.
    compared: Option<(Moment, Vec<ChangeView>)>,
    audits: Vec<AuditLine>,
    events: Vec<EventLine>,
}

/// A named value with its story.
struct Fact {
    label: &'static str,
    value: String,
    story: Option<Story>,
}

struct SupplyView {
    name: String,
    /// Kind, capacity, part and serial number, as far as they are stated.
    under: String,
    ink: &'static str,
    level: LevelView,
    story: Option<Story>,
    /// Its last replacement in words, with its story.
    replaced: Option<(String, Option<Story>)>,
}

struct ContradictionView {
    rule: String,
    detail: String,
    story: Option<Story>,
}

struct ChangeView {
    what: String,
    detail: String,
    story: Story,
}

struct MeterView {
    name: String,
    value: String,
    unit: &'static str,
    exactness: (&'static str, &'static str),
    story: Story,
}

struct MarkerView {
    slot: String,
    technology: String,
    life: String,
    power_on: String,
    unit: &'static str,
}

struct MediaView {
    name: String,
    media: String,
    level: LevelView,
}

struct AlertView {
    tone: &'static str,
    severity: String,
    text: String,
    under: String,
}

struct AuditLine {
    link: String,
    shown: bool,
    read: Moment,
    number: u64,
    bytes: String,
}

struct EventLine {
    kind: String,
    detail: String,
    by: String,
    at: String,
    undone: bool,
}

/// `GET /devices/{id}`.
pub(crate) async fn show(
    State(state): State<Arc<AppState>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Page {
    let id: DeviceId = id.parse().map_err(|_| PageError::NoPage)?;
    let device = state.books.dealer(visitor.dealer).device(id).await?;
    let audit = device.latest_audit.ok_or(PageError::NoPage)?;
    page(&state, &visitor, device, audit).await
}

/// `GET /audits/{id}`: the device as an earlier audit told it.
pub(crate) async fn show_audit(
    State(state): State<Arc<AppState>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Page {
    let id: AuditId = id.parse().map_err(|_| PageError::NoPage)?;
    let books = state.books.dealer(visitor.dealer);
    let device = books.device(books.audit(id).await?.device).await?;
    page(&state, &visitor, device, id).await
}

/// `GET /audits/{id}/json`: the canonical document, byte for byte as it was signed.
pub(crate) async fn document(
    State(state): State<Arc<AppState>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Page {
    let id: AuditId = id.parse().map_err(|_| PageError::NoPage)?;
    let document = state.books.dealer(visitor.dealer).audit_bytes(id).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], document).into_response())
}

/// `GET /audits/{id}/proof`: the audit with everything that it takes to check it offline.
pub(crate) async fn proof(
    State(state): State<Arc<AppState>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Page {
    let id: AuditId = id.parse().map_err(|_| PageError::NoPage)?;
    let proof = state.books.dealer(visitor.dealer).proof(id).await?;
    let name = format!("attachment; filename=\"proof-{id}.json\"");
    Ok(([(header::CONTENT_DISPOSITION, name)], Json(proof)).into_response())
}

async fn page(state: &AppState, visitor: &Visitor, device: DeviceRow, shown: AuditId) -> Page {
    let books = state.books.dealer(visitor.dealer);
    let now = clock::now();
    let zone = device.time_zone.clone();
    let audit = books.audit_document(shown).await?;
    let row = books.audit(shown).await?;
    let total_unit = history_unit(&audit);
    let points = match total_unit {
        Some(unit) => {
            let (function, color) = (MeterFunction::Total, MeterColor::Any);
            books
                .meter_history(device.id, function, color, unit, HISTORY)
                .await?
        }
        None => Vec::new(),
    };
    let audits = books.audits(device.id, AUDITS).await?;
    let events = books.device_events(device.id).await?;
    let notices = books.device_notices(device.id, NOTICES).await?;
    let name = device_name(&device);
    let audits = audits.into_iter().map(|line| AuditLine {
        link: format!("/audits/{}", line.id),
        shown: line.id == shown,
        read: Moment::new(line.read, &zone, now),
        number: line.number,
        bytes: number(line.bytes),
    });
    let events = events.into_iter().map(|event| EventLine {
        kind: event.kind,
        detail: event.detail,
        by: event.by,
        at: absolute(event.at, &zone),
        undone: event.undone_by.is_some(),
    });
    render(&DevicePage {
        frame: Frame::new(state, visitor, "fleet", name.clone()).await?,
        name,
        state: state_of(&audit),
        seen: Some(Moment::new(row.read, &zone, now)),
        received: Some(Moment::new(row.received, &zone, now)),
        latest: device.latest_audit == Some(shown),
        signed: row.agent_kind == AgentKind::Onsite,
        audit_link: format!("/audits/{shown}/json"),
        proof_link: format!("/audits/{shown}/proof"),
        protocol: audit.protocol.to_string(),
        identity: identity(&audit, &zone),
        known_since: known_since(&audit).map(|since| Moment::new(since, &zone, now)),
        supplies: supplies(&audit, &zone),
        meters: meters(&audit, &zone),
        markers: markers(&audit),
        chart: Chart::new(&points, &zone),
        points: points.len(),
        total_unit: total_unit.map_or("", unit),
        trays: trays(&audit),
        outputs: outputs(&audit),
        covers: covers(&audit),
        alerts: alerts(&audit),
        notices: notices
            .iter()
            .map(|row| NoticeView::new(row, &zone, now))
            .collect(),
        conditions: conditions(&audit),
        console: audit.status.console.iter().map(Text::to_string).collect(),
        gaps: pairs(audit.gaps.iter().map(|gap| (&gap.what, &gap.reason))),
        contradictions: contradictions(&audit, &zone),
        compared: compared(&audit, &zone, now),
        audits: audits.collect(),
        events: events.collect(),
        device,
    })
}

fn pairs<'a>(pairs: impl Iterator<Item = (&'a Text, &'a Text)>) -> Vec<(String, String)> {
    pairs.map(|(a, b)| (a.to_string(), b.to_string())).collect()
}

/// hrPrinterStatus and hrDeviceStatus read together (RFC 3805 section 2.2.13.2.1).
fn state_of(audit: &DeviceAudit) -> (&'static str, String) {
    let (printer, device) = (audit.status.printer, audit.status.device);
    let words = match (printer, device) {
        (PrinterState::Idle, DeviceState::Running) => "ready",
        (PrinterState::Idle, DeviceState::Warning) => "ready, with a warning",
        (PrinterState::Printing, _) => "printing",
        (PrinterState::Warmup, _) => "warming up",
        (PrinterState::Other, DeviceState::Running) => "standing by",
        (PrinterState::Other, DeviceState::Warning) => "standing by, with a warning",
        (_, DeviceState::Down) => "down",
        (_, DeviceState::Testing) => "testing itself",
        (PrinterState::Idle, _) => "ready",
        (_, DeviceState::Running) => "running",
        (_, DeviceState::Warning) => "running, with a warning",
        _ => "state unknown",
    };
    let tone = match device {
        DeviceState::Down => "bad",
        DeviceState::Warning => "low",
        DeviceState::Running => "good",
        _ if words == "state unknown" => "unknown",
        _ => "good",
    };
    (tone, words.to_owned())
}

fn identity(audit: &DeviceAudit, zone: &str) -> Vec<Fact> {
    let id = &audit.identity;
    let uptime = id.uptime_centis.map(|centis| Text::clean(&uptime(centis)));
    let fields: [(&'static str, &str, &Option<Text>); 13] = [
        ("Maker", "manufacturer", &id.manufacturer),
        ("Model", "model", &id.model),
        ("Serial number", "serial", &id.serial),
        ("Firmware", "firmware", &id.firmware),
        ("Host name", "hostname", &id.hostname),
        ("Location", "location", &id.location),
        ("Contact", "contact", &id.contact),
        ("MAC address", "mac", &id.mac),
        ("Asset number", "asset", &id.asset),
        ("Description", "description", &id.description),
        ("Object id", "objectId", &id.object_id),
        ("SNMP engine", "engineId", &id.engine_id),
        ("Up since", "uptimeCentis", &uptime),
    ];
    fields
        .into_iter()
        .map(|(label, field, value)| Fact {
            label,
            value: value.as_ref().map_or(ABSENT, Text::as_str).to_owned(),
            story: Story::of_field(&id.sources, field, zone),
        })
        .collect()
}

fn uptime(centis: u64) -> String {
    let minutes = centis / 6_000;
    let (days, hours, minutes) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    format!("{days} days {hours} h {minutes} min before this audit")
}

fn supplies(audit: &DeviceAudit, zone: &str) -> Vec<SupplyView> {
    let view = |supply: &pagetally_model::Supply| {
        let colorant = supply.colorant.as_ref().map(Text::as_str);
        let description = supply.description.as_ref().map(Text::as_str);
        let name = supply_name(description, colorant, supply.kind);
        let kind = kind_words(supply.kind);
        let capacity = |capacity| format!("holds {} {}", number(capacity), unit(supply.unit));
        let under = [
            (!name.to_lowercase().contains(&kind)).then_some(kind),
            // A capacity of 100 percent says nothing.
            supply
                .capacity
                .filter(|_| supply.unit != CounterUnit::Percent)
                .map(capacity),
            supply
                .part_number
                .as_ref()
                .map(|part| format!("part {part}")),
            supply
                .serial
                .as_ref()
                .map(|serial| format!("serial {serial}")),
        ];
        let under: Vec<String> = under.into_iter().flatten().collect();
        SupplyView {
            name,
            under: under.join(" \u{b7} "),
            ink: ink(colorant),
            level: LevelView::new(supply.level, supply.measures, supply.class, supply.unit),
            story: Story::of_field(&supply.sources, "level", zone),
            replaced: supply.replaced.map(|replaced| {
                let story = Story::of_field(&supply.sources, "replaced", zone);
                (replaced_words(&replaced, zone), story)
            }),
        }
    };
    audit.supplies.iter().map(view).collect()
}

/// When a supply was replaced, as far as two audits can tell.
fn replaced_words(replaced: &Replacement, zone: &str) -> String {
    let what = match replaced.what {
        ReplacementKind::Replaced if replaced.exactness == Exactness::Derived => "replaced",
        ReplacementKind::Replaced => "probably replaced",
        ReplacementKind::RefilledOrReplaced => "refilled or replaced",
        ReplacementKind::ReplacedOrReset => "replaced, or its counter reset",
        ReplacementKind::RefilledOrReset => "refilled or reset, the same unit",
        ReplacementKind::EmptiedOrReplaced => "emptied or replaced",
        _ => "changed",
    };
    let (after, by) = (replaced.after.wall, replaced.by.wall);
    format!(
        "{what} since {}, seen {}",
        absolute(after, zone),
        absolute(by, zone)
    )
}

fn contradictions(audit: &DeviceAudit, zone: &str) -> Vec<ContradictionView> {
    let view = |found: &pagetally_model::Contradiction| ContradictionView {
        rule: found.rule.to_string(),
        detail: found.detail.to_string(),
        story: found.source.as_ref().map(|s| Story::of_source(s, zone)),
    };
    audit.contradictions.iter().map(view).collect()
}

fn compared(audit: &DeviceAudit, zone: &str, now: Timestamp) -> Option<(Moment, Vec<ChangeView>)> {
    let found = audit.comparison.as_ref()?;
    let view = |change: &pagetally_model::Change| ChangeView {
        what: plain_word(&change.what.to_string()),
        detail: format!("{}: {}", change.reading, change.detail),
        story: Story::of(&change.source, zone),
    };
    let changes = found.changes.iter().map(view).collect();
    Some((Moment::new(found.earlier.wall, zone, now), changes))
}

/// When the oldest part of the identity was read, where that is not when the audit was.
fn known_since(audit: &DeviceAudit) -> Option<Timestamp> {
    let sources = audit.identity.sources.values();
    sources.filter_map(|provenance| provenance.read_at).min()
}

fn text(text: &Option<Text>) -> String {
    text.as_ref().map_or(ABSENT, Text::as_str).to_owned()
}

fn meters(audit: &DeviceAudit, zone: &str) -> Vec<MeterView> {
    let view = |meter: &pagetally_model::Meter| MeterView {
        name: meter_name(meter.function, meter.color, meter.size, meter.sides),
        value: number(meter.value),
        unit: unit(meter.unit),
        exactness: exactness(meter.exactness),
        story: Story::of(&meter.source, zone),
    };
    audit.meters.iter().map(view).collect()
}

fn markers(audit: &DeviceAudit) -> Vec<MarkerView> {
    let view = |marker: &pagetally_model::Marker| MarkerView {
        slot: marker.slot.to_string(),
        technology: text(&marker.technology),
        life: number_or_dash(marker.life_count),
        power_on: number_or_dash(marker.power_on_count),
        unit: unit(marker.unit),
    };
    audit.markers.iter().map(view).collect()
}

fn trays(audit: &DeviceAudit) -> Vec<MediaView> {
    let view = |tray: &pagetally_model::Tray| {
        let name = tray.name.as_ref().or(tray.description.as_ref());
        MediaView {
            name: name.map_or_else(|| format!("Input {}", tray.slot), Text::to_string),
            media: text(&tray.media),
            level: LevelView::of_media(tray.level, tray.unit),
        }
    };
    audit.trays.iter().map(view).collect()
}

fn outputs(audit: &DeviceAudit) -> Vec<MediaView> {
    let view = |output: &pagetally_model::Output| {
        let name = output.name.as_ref().or(output.description.as_ref());
        let level = LevelView::of_media(output.level, output.unit);
        MediaView {
            name: name.map_or_else(|| format!("Output {}", output.slot), Text::to_string),
            media: ABSENT.to_owned(),
            level: LevelView {
                words: match output.level.level {
                    pagetally_model::Level::OfCapacity { .. } => {
                        format!("room for {}", level.words)
                    }
                    pagetally_model::Level::Empty => "full".to_owned(),
                    pagetally_model::Level::SomeRemaining => "some room left".to_owned(),
                    _ => level.words,
                },
                ..level
            },
        }
    };
    audit.outputs.iter().map(view).collect()
}

fn covers(audit: &DeviceAudit) -> Vec<(String, String)> {
    let view = |cover: &pagetally_model::Cover| {
        let name = cover.description.as_ref();
        let name = name.map_or_else(|| format!("Cover {}", cover.slot), Text::to_string);
        (name, split_words(cover.status.as_str()))
    };
    audit.covers.iter().map(view).collect()
}

/// The standard's `interlockClosed` as `interlock closed`.
pub(super) fn split_words(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 4);
    for character in name.chars() {
        if character.is_ascii_uppercase() {
            words.push(' ');
        }
        words.extend(character.to_lowercase());
    }
    words.trim_start().to_owned()
}

fn alerts(audit: &DeviceAudit) -> Vec<AlertView> {
    let view = |alert: &pagetally_model::Alert| {
        let (tone, severity) = match alert.severity {
            AlertSeverity::Critical => ("bad", "critical"),
            AlertSeverity::Warning | AlertSeverity::WarningBinaryChangeEvent => ("low", "warning"),
            _ => ("unknown", "other"),
        };
        let code_name = alert
            .code_name
            .as_ref()
            .map(|name| split_words(name.as_str()));
        let words = alert.description.as_ref().map(Text::to_string);
        let parts = [
            alert
                .group
                .as_ref()
                .map(|group| split_words(group.as_str())),
            code_name.clone().filter(|_| words.is_some()),
            alert.code.map(|code| format!("code {code}")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        AlertView {
            tone,
            severity: severity.to_owned(),
            text: words
                .or(code_name)
                .unwrap_or_else(|| "The device gives no words for this alert.".to_owned()),
            under: parts.join(" \u{b7} "),
        }
    };
    audit.alerts.iter().map(view).collect()
}

fn conditions(audit: &DeviceAudit) -> Vec<String> {
    let word = |condition| serde_json::to_value(condition).ok();
    let conditions = audit.status.conditions.iter().filter_map(word);
    conditions
        .filter_map(|word| word.as_str().map(plain_word))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standards_words_are_split() {
        assert_eq!(split_words("interlockClosed"), "interlock closed");
        assert_eq!(split_words("markerTonerEmpty"), "marker toner empty");
    }

    #[test]
    fn uptime_is_told_in_days_hours_and_minutes() {
        assert_eq!(uptime(9_006_000), "1 days 1 h 1 min before this audit");
    }
}
