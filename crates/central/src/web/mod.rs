//! Routes, and what holds for every answer.

use crate::endpoint;
use crate::state::AppState;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::post;
use std::sync::Arc;
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutLayer};

/// Every route of Central.
pub(crate) fn router(state: Arc<AppState>) -> Router {
    let limits = state.limits;
    let soap = Router::new()
        .route("/soap", post(endpoint::post))
        .layer(DefaultBodyLimit::max(limits.soap_body_bytes));
    Router::new()
        .merge(soap)
        .layer(RequestBodyTimeoutLayer::new(limits.request_time))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            limits.request_time,
        ))
        .with_state(state)
}
