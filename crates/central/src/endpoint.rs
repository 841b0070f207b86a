//! The SOAP endpoint: every call of an agent.
//!
//! Each call passes the [`gate`] before its body is read, and is read, unsealed and verified off the
//! event loop. What the caller gets to know of a
//! failure is the contract's to say; the cause goes to the log.

mod checked;
mod gate;
mod replays;
mod typed;

use checked::verify;
pub(crate) use gate::Gate;
pub(crate) use replays::Replays;

use crate::books::{AgentKind, AgentRow, AgentStatus, DealerBooks, Outcome, Registered};
use crate::clock;
use crate::error::BooksError;
use crate::state::{AppState, CallKey};
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Extension, FromRequest, RawQuery, Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response as HttpResponse};
use pagetally_contract::{
    AgentPublicKeys, BooksHead, Call, Capabilities, CentralKeyPair, CodeId, ContractError,
    FaultKind, GetScheduleResponse, HttpAnswer, Incoming, MessageError, Opened, Operation, Refusal,
    RegisterRequest, RegisterResponse, Report, Request, Response, SealingPublicKey,
    SendReportsResponse, Site, SoapVersion, StatusString, UnregisterResponse, parse_call,
};
use pagetally_model::{AgentId, DealerId, SiteId, Text, Timestamp};
use pagetally_proof::{Hash, MAX_ROTATIONS, VerifyingKey};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

/// The path at which agents call.
pub(crate) const SOAP_PATH: &str = "/soap";

/// What a call came over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Plain HTTP.
    Plain,
    /// TLS that ends here, and not at somebody before us.
    Tls,
}

/// Why a call got no answer of its own.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The caller's doing.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Ours.
    #[error("Central failed")]
    Books(#[from] BooksError),
    /// Ours: the answer could not be written or sealed.
    #[error("the answer could not be written")]
    Seal(#[source] ContractError),
    /// Ours: a task was stopped or panicked.
    #[error("a task of Central's failed")]
    Task(#[from] tokio::task::JoinError),
    /// Ours: no randomness.
    #[error("the operating system gives no random bytes")]
    Random(#[source] getrandom::Error),
}

/// `POST /soap`.
pub(crate) async fn post(
    State(state): State<Arc<AppState>>,
    Extension(line): Extension<Line>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: HttpRequest,
) -> HttpResponse {
    let headers = request.headers();
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let mut version = content_type
        .as_deref()
        .map_or(SoapVersion::V11, SoapVersion::from_content_type);
    let fault = |kind: FaultKind| respond(pagetally_contract::fault(version, &kind.into()));
    let limit = state.limits.soap_body_bytes as u64;
    let length = declared_length(headers).unwrap_or(limit);
    if length > limit {
        return fault(FaultKind::TooLarge);
    }
    if !state.gate.admits(peer.ip(), Instant::now()) {
        return fault(FaultKind::Busy);
    }
    // Held until the call is answered: so long is its body in memory.
    let Some(_room) = state.gate.room(peer.ip(), length) else {
        return fault(FaultKind::Busy);
    };
    let Ok(body) = Bytes::from_request(request, &state).await else {
        return fault(FaultKind::TooLarge);
    };
    let _turn = state.soap_turns.acquire().await;
    let answer = match answer(&state, body, content_type, line, &mut version).await {
        Ok(answer) => answer,
        Err(Failure::Refused(refusal)) => {
            tracing::info!(error = %chain(&refusal), "a call was refused");
            refusal.answer()
        }
        Err(failure) => {
            tracing::error!(error = %chain(&failure), "a call could not be answered");
            pagetally_contract::fault(version, &FaultKind::Internal.into())
        }
    };
    respond(answer)
}

/// Where agents call the Central that people reach at `public_url`. An enrolment code carries this.
pub fn soap_url(public_url: &str) -> String {
    let base = public_url.trim_end_matches('/');
    let base = base.strip_suffix(SOAP_PATH).unwrap_or(base);
    format!("{base}{SOAP_PATH}")
}

/// `GET /soap`: `?wsdl` is the service's description, `?xsd` the schema of its messages.
pub(crate) async fn describe(
    State(state): State<Arc<AppState>>,
    RawQuery(query): RawQuery,
) -> HttpResponse {
    let xml = [(header::CONTENT_TYPE, "text/xml; charset=utf-8")];
    let asked = query.unwrap_or_default().to_ascii_lowercase();
    match asked.split(['=', '&']).next() {
        Some("wsdl") => {
            let wsdl = pagetally_contract::wsdl(&soap_url(&state.public_url));
            (xml, wsdl).into_response()
        }
        Some("xsd") => (xml, pagetally_contract::XSD).into_response(),
        _ => {
            let text = "This is where agents call, with POST requests in SOAP. \
                        The description is at /soap?wsdl.\n";
            (
                StatusCode::METHOD_NOT_ALLOWED,
                [(header::ALLOW, "POST")],
                text,
            )
                .into_response()
        }
    }
}

/// An error with its causes, for the log.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// What a caller says that its body is long; nothing where it comes in chunks.
fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.trim().parse().ok())
}

fn respond(answer: HttpAnswer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = HeaderValue::from_str(&answer.content_type)
        .unwrap_or(HeaderValue::from_static("text/xml; charset=utf-8"));
    let mut response =
        (status, [(header::CONTENT_TYPE, content_type)], answer.body).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let wait = HeaderValue::from(gate::RETRY_AFTER.as_secs());
        response.headers_mut().insert(header::RETRY_AFTER, wait);
    }
    response
}

async fn answer(
    state: &Arc<AppState>,
    body: Bytes,
    content_type: Option<String>,
    line: Line,
    version: &mut SoapVersion,
) -> Result<HttpAnswer, Failure> {
    let call =
        tokio::task::spawn_blocking(move || parse_call(&body, content_type.as_deref())).await??;
    *version = call.soap_version();
    match call {
        Call::Sealed(incoming) => sealed(state, incoming).await,
        Call::Typed(call) => typed::answer(state, call, line).await,
        // A kind of call that a later contract adds before this Central knows it.
        _ => Ok(pagetally_contract::fault(
            *version,
            &FaultKind::BadRequest.into(),
        )),
    }
}

async fn sealed(state: &Arc<AppState>, incoming: Incoming) -> Result<HttpAnswer, Failure> {
    let (id, now) = (incoming.central_key(), clock::now());
    let Some(CallKey {
        dealer,
        pair,
        announced,
    }) = state.central_key(id, now).await?
    else {
        return Err(incoming.refuse(ContractError::KeyUnknown(id)).into());
    };
    let (opened, caller) = open(state, incoming, dealer, Arc::clone(&pair)).await?;
    let Opened {
        agent,
        keys,
        request,
        unreadable,
        reply,
        ..
    } = opened;
    let response = match (request, caller) {
        (Request::Register(request), Caller::New { code, site }) => {
            register(state, dealer, site, code, (agent, &keys), &request, now).await?
        }
        (request, Caller::Known(agent)) => {
            known(state, &agent, (request, unreadable), pair, now).await?
        }
        // `open` pairs a registration with a code and everything else with an agent.
        (request, Caller::New { .. }) => {
            refusal_of(request.operation(), StatusString::BAD_REQUEST, now)
        }
    };
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(Failure::Random)?;
    let reply = reply.announcing(announced);
    reply.seal(&response, random).map_err(Failure::Seal)
}

/// Whom a call is proved to come from.
enum Caller {
    /// The holder of an enrolment code.
    New { code: CodeId, site: SiteId },
    /// A registered agent.
    Known(Box<AgentRow>),
}

/// Breaks the seal and proves who calls.
async fn open(
    state: &Arc<AppState>,
    incoming: Incoming,
    dealer: DealerId,
    key: Arc<CentralKeyPair>,
) -> Result<(Opened, Caller), Failure> {
    if let Some(code) = incoming.code() {
        return open_registration(state, incoming, code, dealer, key).await;
    }
    let unsealed = tokio::task::spawn_blocking(move || incoming.unseal(&key)).await??;
    let agent = unsealed.agent();
    let known = state.books.agent(agent).await?;
    let known = match known.filter(|row| row.dealer == dealer) {
        Some(row) => Some(state.books.with_keys_at(row, unsealed.number()).await?),
        None => None,
    };
    let keys = known.as_ref().and_then(public_keys);
    let opened = tokio::task::spawn_blocking(move || unsealed.verify(keys.as_ref())).await??;
    match known {
        Some(row) => Ok((opened, Caller::Known(Box::new(row)))),
        // Nothing verifies without keys, and keys come with a row.
        None => Err(BooksError::NotFound {
            what: "agent",
            id: agent.to_string(),
        }
        .into()),
    }
}

/// Breaks the seal of a registration with the secret of the code that it names.
async fn open_registration(
    state: &Arc<AppState>,
    incoming: Incoming,
    code: CodeId,
    dealer: DealerId,
    key: Arc<CentralKeyPair>,
) -> Result<(Opened, Caller), Failure> {
    let found = state
        .books
        .open_code(&code, incoming.agent(), clock::now())
        .await?;
    let Some(found) = found.filter(|found| found.dealer == dealer) else {
        return Err(incoming.refuse(ContractError::CodeUnknown(code)).into());
    };
    let site = found.site;
    let opened =
        tokio::task::spawn_blocking(move || incoming.open_registration(&key, Some(&found.secret)))
            .await?;
    Ok((opened?, Caller::New { code, site }))
}

/// A stock client has none, and the zeros in their place verify nothing.
fn public_keys(row: &AgentRow) -> Option<AgentPublicKeys> {
    if row.kind != AgentKind::Onsite {
        return None;
    }
    Some(AgentPublicKeys {
        signing: VerifyingKey::from_bytes(row.verify_key).ok()?,
        sealing: SealingPublicKey::from_bytes(row.seal_key),
    })
}

async fn register(
    state: &AppState,
    dealer: DealerId,
    site: SiteId,
    code: CodeId,
    (agent, keys): (AgentId, &AgentPublicKeys),
    request: &RegisterRequest,
    now: Timestamp,
) -> Result<Response, Failure> {
    let books = state.books.dealer(dealer);
    let registered = books
        .register(
            &code,
            site,
            agent,
            keys,
            request.agent_version.as_str(),
            now,
        )
        .await?;
    if registered == Registered::No {
        tracing::warn!(%agent, "a registration was refused: its code is spent, or the agent is known under other keys or at another site");
        let operation = Operation::RegisterForManagement;
        return Ok(refusal_of(operation, StatusString::NOT_AUTHORIZED, now));
    }
    tracing::info!(%agent, "an agent was enrolled");
    let site_row = books.site(site).await?;
    let row = books.agent(agent).await?;
    Ok(Response::Register(RegisterResponse {
        status: StatusString::OK,
        site: Some(Site {
            id: site,
            name: Text::clean(&site_row.name),
        }),
        settings: Some(books.settings(site).await?.settings),
        head: Some(BooksHead {
            number: row.head_number,
            header: Hash::from_bytes(row.head_hash),
        }),
        capabilities: Capabilities::current(),
        central_time: now,
    }))
}

async fn known(
    state: &AppState,
    agent: &AgentRow,
    (request, unreadable): (Request, Option<MessageError>),
    sealed_to: Arc<CentralKeyPair>,
    now: Timestamp,
) -> Result<Response, Failure> {
    if agent.status == AgentStatus::Removed {
        return Ok(refusal_of(request.operation(), StatusString::GONE, now));
    }
    let books = state.books.dealer(agent.dealer);
    match request {
        Request::GetSchedule(request) => {
            schedule_answer(&books, agent, request.have_version, now).await
        }
        Request::SendReports(report) => {
            let response = take_in(state, agent, (report, unreadable), sealed_to, now).await?;
            Ok(Response::SendReports(response))
        }
        Request::SendAlerts(report) => {
            let response = take_in(state, agent, (report, unreadable), sealed_to, now).await?;
            Ok(Response::SendAlerts(response))
        }
        Request::Unregister(_) => {
            books.remove_agent(agent.id).await?;
            Ok(Response::Unregister(UnregisterResponse {
                status: StatusString::OK,
                central_time: now,
            }))
        }
        other => Ok(refusal_of(
            other.operation(),
            StatusString::BAD_REQUEST,
            now,
        )),
    }
}

/// The answer to GetSchedule.
async fn schedule_answer(
    books: &DealerBooks,
    agent: &AgentRow,
    have_version: u64,
    now: Timestamp,
) -> Result<Response, Failure> {
    books.note_call(agent.id, Some(have_version), now).await?;
    let settings = books.settings(agent.site).await?.settings;
    // Another version, not only a higher one: Central may have been restored.
    let newer = settings.version != have_version;
    Ok(Response::GetSchedule(GetScheduleResponse {
        status: StatusString::OK,
        settings: newer.then_some(settings),
        central_time: now,
    }))
}

/// The answer to a submission, before it is known what becomes of it.
async fn sent_answer(
    books: &DealerBooks,
    agent: &AgentRow,
    now: Timestamp,
) -> Result<SendReportsResponse, Failure> {
    books.note_call(agent.id, None, now).await?;
    Ok(SendReportsResponse {
        status: StatusString::OK,
        unsupported: Vec::new(),
        receipt: None,
        expected_number: None,
        schedule_version: books.settings_changed(agent.site).await?.0,
        central_time: now,
    })
}

async fn take_in(
    state: &AppState,
    agent: &AgentRow,
    (report, unreadable): (Report, Option<MessageError>),
    sealed_to: Arc<CentralKeyPair>,
    now: Timestamp,
) -> Result<SendReportsResponse, Failure> {
    let books = state.books.dealer(agent.dealer);
    let mut response = sent_answer(&books, agent, now).await?;
    let number = report.signed.header.number;
    let changed = match report.rotation {
        Some(_) => books.last_key_change(agent.id).await?,
        None => None,
    };
    let too_often = changed.is_some_and(|(changes, _)| changes >= MAX_ROTATIONS as u64);
    let verified = match too_often {
        // No verifier follows further.
        true => None,
        false => verify(agent, report, unreadable, sealed_to).await?,
    };
    let outcome = match verified {
        Some(delivery) => Some(books.take_in(agent, &delivery, now).await?),
        // A Central that was restored may lack the change of keys that the agent signed this after.
        None => books.ahead(agent, number, now).await?,
    };
    let Some(outcome) = outcome else {
        response.status = StatusString::BAD_REQUEST;
        return Ok(response);
    };
    match outcome {
        Outcome::Receipt(receipt) => {
            response.expected_number = Some(receipt.receipt.number.max(agent.head_number) + 1);
            response.receipt = Some(*receipt);
        }
        Outcome::Quarantined { expected } => {
            tracing::warn!(agent = %agent.id, "a submission contradicts the books; it is kept");
            response.status = StatusString::QUARANTINED;
            response.expected_number = Some(expected);
        }
        Outcome::Gap { expected } => {
            tracing::warn!(agent = %agent.id, expected, "submissions are missing");
            response.status = StatusString::OUT_OF_ORDER;
            response.expected_number = Some(expected);
        }
    }
    Ok(response)
}

/// The answer to a request that says only why not.
fn refusal_of(operation: Operation, status: StatusString, now: Timestamp) -> Response {
    let reports = |status| SendReportsResponse {
        status,
        unsupported: Vec::new(),
        receipt: None,
        expected_number: None,
        schedule_version: 0,
        central_time: now,
    };
    match operation {
        Operation::RegisterForManagement => Response::Register(RegisterResponse {
            status,
            site: None,
            settings: None,
            head: None,
            capabilities: Capabilities::default(),
            central_time: now,
        }),
        Operation::GetSchedule => Response::GetSchedule(GetScheduleResponse {
            status,
            settings: None,
            central_time: now,
        }),
        Operation::SendAlerts => Response::SendAlerts(reports(status)),
        Operation::UnregisterForManagement => Response::Unregister(UnregisterResponse {
            status,
            central_time: now,
        }),
        Operation::SendReports => Response::SendReports(reports(status)),
    }
}
