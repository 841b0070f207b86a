//! What became of every address: the passes, and one pass.

use super::access::Visitor;
use super::fleet::model_name;
use super::format::{ABSENT, Moment, number, plain_word};
use super::notice::NoticeView;
use super::page::{Frame, Page, PageError, render};
use crate::books::{ObservationRow, PassRow, SiteRow};
use crate::clock;
use crate::state::AppState;
use askama::Template;
use axum::extract::{Path, Query, State};
use pagetally_model::{PassId, Timestamp, Witness};
use serde::Deserialize;
use std::sync::Arc;

/// Passes on the page, and observations of one pass.
const PASSES: u64 = 50;
const OBSERVATIONS: usize = 2_000;

/// What the address of a page says.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    site: String,
    #[serde(default)]
    outcome: String,
}

#[derive(Template)]
#[template(path = "passes.html")]
struct PassesPage {
    frame: Frame,
    asked: Asked,
    sites: Vec<SiteRow>,
    passes: Vec<PassLine>,
}

struct PassLine {
    link: String,
    site: String,
    started: Moment,
    number: u64,
    settings_version: u64,
    counts: Vec<Count>,
}

/// How many addresses had an outcome.
struct Count {
    outcome: String,
    words: String,
    tone: &'static str,
    value: String,
    link: String,
}

#[derive(Template)]
#[template(path = "pass.html")]
struct PassPage {
    frame: Frame,
    pass: PassRow,
    started: Moment,
    received: Moment,
    cost: Option<Cost>,
    counts: Vec<Count>,
    outcome: String,
    all_link: String,
    rows: Vec<ObservationLine>,
    hidden: usize,
    notices: Vec<NoticeView>,
}

/// What a pass cost.
struct Cost {
    addresses: String,
    sent: String,
    received: String,
    ignored: String,
    retries: String,
    /// Nothing where no silent address was asked again.
    silent_again: Option<String>,
    seconds: String,
}

struct ObservationLine {
    address: String,
    name: String,
    words: String,
    tone: &'static str,
    detail: String,
    witness: &'static str,
    link: Option<String>,
    device: String,
    at: Moment,
}

/// `GET /observations`.
pub(crate) async fn list(
    State(state): State<Arc<AppState>>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Page {
    let books = state.books.dealer(visitor.dealer);
    let now = clock::now();
    let mut passes = Vec::new();
    for pass in books.passes(asked.site.parse().ok(), PASSES).await? {
        let counts = books.outcome_counts(pass.id).await?;
        passes.push(PassLine {
            link: format!("/observations/{}", pass.id),
            started: Moment::new(pass.started, &pass.time_zone, now),
            number: pass.number,
            settings_version: pass.settings_version,
            counts: counts_of(&pass, counts),
            site: pass.site_name,
        });
    }
    render(&PassesPage {
        frame: Frame::new(&state, &visitor, "observations", "Observations").await?,
        sites: books.sites().await?,
        asked,
        passes,
    })
}

/// `GET /observations/{pass}`.
pub(crate) async fn show(
    State(state): State<Arc<AppState>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Page {
    let id: PassId = id.parse().map_err(|_| PageError::NoPage)?;
    let books = state.books.dealer(visitor.dealer);
    let now = clock::now();
    let pass = books.pass(id).await?;
    let stats = books.pass_report(id).await?.stats;
    let all = books.observations(id).await?;
    let wanted = |row: &&ObservationRow| asked.outcome.is_empty() || row.outcome == asked.outcome;
    let rows: Vec<&ObservationRow> = all.iter().filter(wanted).collect();
    let hidden = rows.len().saturating_sub(OBSERVATIONS);
    let lines = rows.into_iter().take(OBSERVATIONS);
    render(&PassPage {
        frame: Frame::new(&state, &visitor, "observations", "One pass").await?,
        started: Moment::new(pass.started, &pass.time_zone, now),
        received: Moment::new(pass.received, &pass.time_zone, now),
        cost: Some(Cost {
            addresses: number(stats.addresses),
            sent: number(stats.datagrams_sent),
            received: number(stats.datagrams_received),
            ignored: number(stats.datagrams_ignored),
            retries: number(stats.retries),
            silent_again: Some(stats.silent_asked_again)
                .filter(|count| *count > 0)
                .map(number),
            seconds: format!(
                "{}.{}",
                stats.duration_millis / 1_000,
                stats.duration_millis / 100 % 10
            ),
        }),
        counts: counts_of(&pass, books.outcome_counts(id).await?),
        all_link: format!("/observations/{id}"),
        rows: lines.map(|row| line(row, &pass.time_zone, now)).collect(),
        outcome: asked.outcome,
        notices: books
            .pass_notices(id)
            .await?
            .iter()
            .map(|row| NoticeView::new(row, &pass.time_zone, now))
            .collect(),
        pass,
        hidden,
    })
}

/// The outcomes of a pass, those with a printer first.
fn counts_of(pass: &PassRow, counts: Vec<(String, u64)>) -> Vec<Count> {
    let mut counts: Vec<Count> = counts
        .into_iter()
        .map(|(outcome, value)| Count {
            words: outcome_words(&outcome),
            tone: outcome_tone(&outcome),
            value: number(value),
            link: format!("/observations/{}?outcome={outcome}", pass.id),
            outcome,
        })
        .collect();
    counts.sort_by_key(|count| !count.outcome.starts_with("printer"));
    counts
}

fn outcome_words(outcome: &str) -> String {
    match outcome {
        "printer-read" => "printer read".to_owned(),
        "printer-partly-read" => "printer partly read".to_owned(),
        "other-device" => "not a printer".to_owned(),
        "printer-port-open" => "silent, printer port open".to_owned(),
        "unreachable" => "nobody there".to_owned(),
        other => plain_word(other),
    }
}

fn outcome_tone(outcome: &str) -> &'static str {
    match outcome {
        "printer-read" => "good",
        "printer-partly-read" => "low",
        "refused" | "wrong-community" | "printer-port-open" | "error" => "bad",
        "asleep" => "good",
        _ => "unknown",
    }
}

fn line(row: &ObservationRow, zone: &str, now: Timestamp) -> ObservationLine {
    let address = if row.first == row.last {
        row.first.to_string()
    } else {
        let count = number(row.addresses);
        format!("{} to {} ({count} addresses)", row.first, row.last)
    };
    ObservationLine {
        address,
        name: row.name.clone().unwrap_or_default(),
        words: outcome_words(&row.outcome),
        tone: outcome_tone(&row.outcome),
        detail: row.detail.clone().unwrap_or_else(|| ABSENT.to_owned()),
        witness: match row.witness {
            Witness::NoAnswer => "no answer in time",
            Witness::SnmpV1 => "SNMP v1 answer",
            Witness::SnmpV2c => "SNMP v2c answer",
            Witness::SnmpV3 => "SNMPv3 answer",
            Witness::SnmpV3Report => "SNMPv3 report",
            Witness::System => "the agent's network",
            Witness::TcpConnection => "TCP connection",
            Witness::NeighbourTable => "the agent's neighbours",
            Witness::AgentMemory => "the agent's memory",
            _ => "unknown",
        },
        link: match (row.audit, row.device) {
            (Some(audit), Some(_)) => Some(format!("/audits/{audit}")),
            _ => None,
        },
        device: model_name(row.manufacturer.as_deref(), row.model.as_deref()),
        at: Moment::new(row.at, zone, now),
    }
}
