//! Routes, and what holds for every answer.

mod access;
mod accounts;
mod agents;
mod api;
mod attempts;
mod chart;
mod device;
mod fleet;
mod format;
mod notice;
mod page;
mod passes;
mod settings_form;
mod sign_in;
mod sites;
mod story;
mod supply;

pub(crate) use attempts::Attempts;

use crate::endpoint;
use crate::state::AppState;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use page::PageError;
use std::sync::Arc;
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutLayer};

/// Nothing is loaded from elsewhere, nothing runs, no other site frames a page.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

const STYLE: &str = include_str!("../../templates/style.css");
const ICON: &str = include_str!("../../templates/icon.svg");

/// Every route of Central.
pub(crate) fn router(state: Arc<AppState>) -> Router {
    let limits = state.limits;
    let soap = Router::new()
        .route(
            endpoint::SOAP_PATH,
            get(endpoint::describe).post(endpoint::post),
        )
        .layer(DefaultBodyLimit::max(limits.soap_body_bytes));
    let pages = Router::new()
        .route("/", get(fleet::show))
        .route("/devices/{id}", get(device::show))
        .route("/audits/{id}", get(device::show_audit))
        .route("/audits/{id}/json", get(device::document))
        .route("/audits/{id}/proof", get(device::proof))
        .route("/observations", get(passes::list))
        .route("/observations/{id}", get(passes::show))
        .route("/agents", get(agents::list))
        .route("/agents/{id}", get(agents::show))
        .route(
            "/agents/{id}/quarantine/{number}/{hash}",
            get(agents::quarantined),
        )
        .route("/agents/{id}/remove", post(agents::remove))
        .route("/accounts/{id}", get(accounts::show))
        .route("/accounts/{id}/typed", post(accounts::allow))
        .route("/accounts/{id}/keys", post(accounts::create_key))
        .route(
            "/accounts/{id}/keys/{key}/revoke",
            post(accounts::revoke_key),
        )
        .route("/sites", get(sites::list).post(sites::create))
        .route("/sites/{id}", get(sites::show).post(sites::change))
        .route("/sites/{id}/enrol", post(sites::enrol))
        .route("/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/api/v0/devices", get(api::devices))
        .route("/api/v0/devices/{id}", get(api::device))
        .route("/api/v0/passes/{id}/observations", get(api::observations))
        .route("/style.css", get(style))
        .route("/icon.svg", get(icon))
        .fallback(|| async { PageError::NoPage })
        .layer(DefaultBodyLimit::max(limits.form_bytes))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&state),
            access::own_pages_only,
        ))
        .layer(middleware::from_fn(guarding_headers));
    soap.merge(pages)
        .layer(RequestBodyTimeoutLayer::new(limits.request_time))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            limits.request_time,
        ))
        .with_state(state)
}

async fn style() -> Response {
    asset("text/css; charset=utf-8", STYLE)
}

async fn icon() -> Response {
    asset("image/svg+xml", ICON)
}

fn asset(content_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "max-age=300"),
    ];
    (headers, text).into_response()
}

/// The headers that keep a page to itself. Pages show customers' data: no cache keeps them.
async fn guarding_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
