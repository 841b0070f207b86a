//! The agents, and one agent's chain.

use super::access::{GuardedForm, Visitor};
use super::format::{Moment, counted, number};
use super::page::{Frame, Page, PageError, render};
use super::sign_in::Bare;
use crate::books::{AgentKind, AgentRow, AgentStatus, SubmissionRow, WithheldRow};
use crate::clock;
use crate::state::AppState;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect};
use pagetally_model::{AgentId, Timestamp};
use pagetally_proof::{LeafKind, WithheldReason};
use std::sync::Arc;

/// Submissions on an agent's page.
const SUBMISSIONS: usize = 100;

/// Withheld documents on an agent's page.
const WITHHELD: usize = 100;

#[derive(Template)]
#[template(path = "agents.html")]
struct AgentsPage {
    frame: Frame,
    agents: Vec<AgentView>,
}

#[derive(Template)]
#[template(path = "agent.html")]
struct AgentPage {
    frame: Frame,
    agent: AgentView,
    chain: String,
    verify_key: String,
    registered: Moment,
    submissions: Vec<SubmissionLine>,
    hidden: usize,
    forks: Vec<ForkLine>,
    withheld: Vec<WithheldLine>,
    withheld_hidden: usize,
}

struct AgentView {
    id: String,
    short: String,
    site: String,
    site_id: String,
    tone: &'static str,
    status: &'static str,
    head: String,
    head_hash: String,
    version: String,
    seen: Moment,
    settings: String,
    gap: Option<String>,
    removed: bool,
    quarantined: bool,
    /// What a stock client calls itself; nothing for an agent that signs and seals.
    client: Option<String>,
}

struct SubmissionLine {
    number: u64,
    received: Moment,
    leaves: u64,
    repeats: u64,
    /// Why it is not booked, and the later number that is.
    rejected: Option<(String, Option<u64>)>,
    /// How many of the documents did not come at first.
    withheld: u64,
    content: String,
    header_hash: String,
}

struct ForkLine {
    number: u64,
    received: Moment,
    content: String,
    header_hash: String,
    /// Where the same documents are booked.
    settled: Option<u64>,
}

/// A document that is not there, in words.
struct WithheldLine {
    number: u64,
    what: String,
    why: &'static str,
    received: Moment,
    filled: Option<Moment>,
    hash: String,
}

impl WithheldLine {
    fn new(row: &WithheldRow, zone: &str, now: Timestamp) -> Self {
        let what = match (row.leaf, row.kind) {
            (None, _) => format!("all {}", counted(row.documents, "document", "documents")),
            (Some(leaf), Some(LeafKind::PassReport)) => format!("the pass's report, leaf {leaf}"),
            (Some(leaf), Some(LeafKind::KeyRotation)) => format!("a change of keys, leaf {leaf}"),
            (Some(leaf), _) => format!("an audit, leaf {leaf}"),
        };
        Self {
            number: row.number,
            what,
            why: match row.reason {
                WithheldReason::Erased => "erased at the site before it was delivered",
                WithheldReason::Lost => "lost to damage on the agent's disk",
                WithheldReason::Thinned => {
                    "thinned from the agent's history, which Central had before it was restored"
                }
                _ => "for a reason that this version does not know",
            },
            received: Moment::new(row.received, zone, now),
            filled: row.filled.map(|at| Moment::new(at, zone, now)),
            hash: hex::encode(row.hash),
        }
    }
}

impl AgentView {
    fn new(agent: &AgentRow, current: u64, now: Timestamp) -> Self {
        let (tone, status) = match (agent.status, agent.gap) {
            (AgentStatus::Forked, _) => ("bad", "in quarantine"),
            (AgentStatus::Removed, _) => ("unknown", "removed"),
            (AgentStatus::Good, _) if agent.kind == AgentKind::Api => {
                ("unknown", "typed, unsigned")
            }
            (AgentStatus::Good, Some(_)) => ("low", "submissions missing"),
            (AgentStatus::Good, None) => ("good", "in order"),
        };
        Self {
            id: agent.id.to_string(),
            short: agent.id.to_string().chars().take(8).collect(),
            site: agent.site_name.clone(),
            site_id: agent.site.to_string(),
            tone,
            status,
            head: number(agent.head_number),
            head_hash: hex::encode(agent.head_hash),
            version: agent.agent_version.clone(),
            seen: Moment::new(agent.last_seen, &agent.time_zone, now),
            settings: match agent.settings_version {
                Some(held) if held == current => format!("version {held}, current"),
                Some(held) => format!("version {held}; version {current} waits for it"),
                None => format!("has not asked yet; version {current} waits for it"),
            },
            gap: agent.gap.map(|(expected, offered)| {
                format!("It offered number {offered} while number {expected} was expected.")
            }),
            removed: agent.status == AgentStatus::Removed,
            quarantined: agent.status == AgentStatus::Forked,
            client: (agent.kind == AgentKind::Api).then(|| agent.name.clone().unwrap_or_default()),
        }
    }
}

/// `GET /agents`.
pub(crate) async fn list(State(state): State<Arc<AppState>>, visitor: Visitor) -> Page {
    let books = state.books.dealer(visitor.dealer);
    let now = clock::now();
    let mut agents = Vec::new();
    for agent in books.agents().await? {
        let current = books.settings_changed(agent.site).await?.0;
        agents.push(AgentView::new(&agent, current, now));
    }
    render(&AgentsPage {
        frame: Frame::new(&state, &visitor, "agents", "Agents").await?,
        agents,
    })
}

/// `GET /agents/{id}`.
pub(crate) async fn show(
    State(state): State<Arc<AppState>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Page {
    let id: AgentId = id.parse().map_err(|_| PageError::NoPage)?;
    let books = state.books.dealer(visitor.dealer);
    let now = clock::now();
    let agent = books.agent(id).await?;
    let zone = agent.time_zone.clone();
    let current = books.settings_changed(agent.site).await?.0;
    let submissions = books.submissions(id).await?;
    let hidden = submissions.len().saturating_sub(SUBMISSIONS);
    let line = |row: &SubmissionRow| SubmissionLine {
        number: row.number,
        received: Moment::new(row.received, &zone, now),
        leaves: row.leaves,
        repeats: row.repeats,
        rejected: row.rejected.as_ref().map(|rejected| {
            let document = rejected.document.as_deref();
            let document = document.map_or(String::new(), |document| format!("{document}: "));
            (format!("{document}{}", rejected.reason), rejected.settled)
        }),
        withheld: row.withheld,
        content: hex::encode(row.content),
        header_hash: hex::encode(row.header_hash),
    };
    let withheld = books.withheld(id).await?;
    let forks = books.forks(id).await?;
    let forks = forks.iter().map(|fork| ForkLine {
        number: fork.number,
        received: Moment::new(fork.received, &zone, now),
        content: hex::encode(fork.content),
        header_hash: hex::encode(fork.header_hash),
        settled: fork.settled,
    });
    render(&AgentPage {
        frame: Frame::new(&state, &visitor, "agents", "Agent").await?,
        agent: AgentView::new(&agent, current, now),
        chain: counted(agent.head_number, "submission", "submissions"),
        verify_key: hex::encode(agent.verify_key),
        registered: Moment::new(agent.registered, &zone, now),
        submissions: submissions
            .iter()
            .rev()
            .take(SUBMISSIONS)
            .map(line)
            .collect(),
        hidden,
        forks: forks.collect(),
        withheld_hidden: withheld.len().saturating_sub(WITHHELD),
        withheld: withheld
            .iter()
            .take(WITHHELD)
            .map(|row| WithheldLine::new(row, &zone, now))
            .collect(),
    })
}

/// `GET /agents/{id}/quarantine/{number}/{hash}`: the documents of a submission that is not booked.
pub(crate) async fn quarantined(
    State(state): State<Arc<AppState>>,
    visitor: Visitor,
    Path((id, number, hash)): Path<(String, String, String)>,
) -> Page {
    let id: AgentId = id.parse().map_err(|_| PageError::NoPage)?;
    let number: u64 = number.parse().map_err(|_| PageError::NoPage)?;
    let mut header_hash = [0; 32];
    hex::decode_to_slice(&hash, &mut header_hash).map_err(|_| PageError::NoPage)?;
    let books = state.books.dealer(visitor.dealer);
    let documents = books.quarantined(id, number, header_hash).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], documents).into_response())
}

/// `POST /agents/{id}/remove`.
pub(crate) async fn remove(
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    form: GuardedForm<Bare>,
) -> Page {
    let id: AgentId = id.parse().map_err(|_| PageError::NoPage)?;
    let books = state.books.dealer(form.visitor.dealer);
    books.remove_agent(id).await?;
    Ok(Redirect::to(&format!("/agents/{id}")).into_response())
}
