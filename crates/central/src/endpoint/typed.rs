//! Calls in the open, of stock clients: over TLS, with an API key's UsernameToken, where the account
//! allows it.

use super::{Failure, Line, chain, refusal_of, schedule_answer, sent_answer};
use crate::books::{
    AgentRow, AgentStatus, ClientRegistered, DealerBooks, OpenApiKey, TypedDelivery,
    TypedDeliveryError, TypedOutcome,
};
use crate::clock;
use crate::error::BooksError;
use crate::state::AppState;
use pagetally_contract::{
    Capabilities, ContractError, HttpAnswer, RegisterResponse, Response, SendReportsResponse, Site,
    StatusString, TypedCall, TypedRegistration, TypedReport, TypedRequest, UnregisterResponse,
    typed_answer,
};
use pagetally_model::{AgentId, Text, Timestamp};
use std::sync::Arc;

/// What is checked where there is no key, so that the answer takes as long.
const NO_SECRET: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenProblem {
    /// It was seen before.
    Replayed,
    /// Its time is not now.
    Stale,
    /// More tokens came within the window than are remembered.
    TooMany,
}

impl TokenProblem {
    const fn words(self) -> &'static str {
        match self {
            Self::Replayed => "it was seen before",
            Self::Stale => "its time is not now",
            Self::TooMany => "too many tokens came at once",
        }
    }
}

/// Answers a call in the open.
pub(super) async fn answer(
    state: &Arc<AppState>,
    call: TypedCall,
    line: Line,
) -> Result<HttpAnswer, Failure> {
    if line != Line::Tls {
        return Err(call.refuse(ContractError::WithoutTls).into());
    }
    let now = clock::now();
    let key = authenticate(state, &call, now).await?;
    if !key.allowed {
        return Err(call.refuse(ContractError::Clear).into());
    }
    let books = state.books.dealer(key.dealer);
    books.note_key_used(&key.id, now).await?;
    let (agent, version) = (call.agent(), call.soap_version());
    let request = tokio::task::spawn_blocking(move || call.read()).await??;
    let response = match request {
        TypedRequest::Register(request) => register(&books, &key, agent, &request, now).await?,
        other => match books.client_agent(&key.account, agent).await? {
            None => refusal_of(other.operation(), StatusString::NOT_FOUND, now),
            Some(row) if row.status == AgentStatus::Removed => {
                refusal_of(other.operation(), StatusString::GONE, now)
            }
            Some(row) => known(state, &books, &row, other, now).await?,
        },
    };
    typed_answer(version, &response).map_err(Failure::Seal)
}

/// Proves which API key asks.
async fn authenticate(
    state: &AppState,
    call: &TypedCall,
    now: Timestamp,
) -> Result<OpenApiKey, Failure> {
    let refuse = |why| Failure::Refused(call.refuse(ContractError::Token(why)));
    let token = call.token().ok_or_else(|| refuse("there is none"))?;
    let key = state.books.api_key(token.username()).await?;
    let secret = key.as_ref().map_or(NO_SECRET, |key| key.secret.as_str());
    let right = token.verify(secret);
    match key {
        Some(key) if right => {
            let taken = state.replays.take(token, now);
            taken.map_err(|problem| refuse(problem.words()))?;
            Ok(key)
        }
        _ => Err(refuse("it is of no key that is in force")),
    }
}

async fn register(
    books: &DealerBooks,
    key: &OpenApiKey,
    agent: AgentId,
    request: &TypedRegistration,
    now: Timestamp,
) -> Result<Response, Failure> {
    let registered = books
        .register_client(
            &key.account,
            request.site.as_ref().map(Text::as_str),
            agent,
            request.name.as_str(),
            request.version.as_str(),
            now,
        )
        .await?;
    let site = match registered {
        ClientRegistered::Yes(site) => site,
        refused => {
            let status = match refused {
                ClientRegistered::NoSuchSite => StatusString::NOT_FOUND,
                ClientRegistered::Gone => StatusString::GONE,
                ClientRegistered::No | ClientRegistered::Yes(_) => StatusString::NOT_AUTHORIZED,
            };
            let operation = pagetally_contract::Operation::RegisterForManagement;
            return Ok(refusal_of(operation, status, now));
        }
    };
    tracing::info!(%agent, key = key.id, "a stock client was registered");
    let row = books.site(site).await?;
    Ok(Response::Register(RegisterResponse {
        status: StatusString::OK,
        site: Some(Site {
            id: site,
            name: Text::clean(&row.name),
        }),
        settings: Some(books.settings(site).await?.settings),
        head: None,
        capabilities: Capabilities::current(),
        central_time: now,
    }))
}

async fn known(
    state: &AppState,
    books: &DealerBooks,
    agent: &AgentRow,
    request: TypedRequest,
    now: Timestamp,
) -> Result<Response, Failure> {
    let operation = request.operation();
    Ok(match request {
        TypedRequest::GetSchedule(request) => {
            schedule_answer(books, agent, request.have_version, now).await?
        }
        TypedRequest::SendReports(report) => {
            Response::SendReports(take_in(state, books, agent, report, now).await?)
        }
        TypedRequest::SendAlerts(report) => {
            Response::SendAlerts(take_in(state, books, agent, report, now).await?)
        }
        TypedRequest::Unregister(_) => {
            books.remove_agent(agent.id).await?;
            Response::Unregister(UnregisterResponse {
                status: StatusString::OK,
                central_time: now,
            })
        }
        _ => refusal_of(operation, StatusString::BAD_REQUEST, now),
    })
}

async fn take_in(
    state: &AppState,
    books: &DealerBooks,
    agent: &AgentRow,
    report: TypedReport,
    now: Timestamp,
) -> Result<SendReportsResponse, Failure> {
    let mut response = sent_answer(books, agent, now).await?;
    let (row, key) = (agent.clone(), state.key_in_force(books).await?);
    let made =
        tokio::task::spawn_blocking(move || TypedDelivery::new(&row, report, key, now)).await?;
    let mut delivery = match made {
        Ok(delivery) => delivery,
        Err(TypedDeliveryError::Random(error)) => return Err(BooksError::from(error).into()),
        Err(error) => {
            tracing::info!(agent = %agent.id, error = %chain(&error), "a typed report is not taken");
            response.status = StatusString::BAD_REQUEST;
            return Ok(response);
        }
    };
    match books.take_in_typed(agent, &mut delivery, now).await? {
        TypedOutcome::Receipt(receipt) => response.receipt = Some(*receipt),
        TypedOutcome::Conflict => response.status = StatusString::CONFLICT,
    }
    Ok(response)
}
