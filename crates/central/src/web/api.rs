//! A small read API in JSON, version 0: the same rows as on the pages.

use super::access::Visitor;
use super::page::PageError;
use crate::books::{AlertRow, DeviceFilter, DeviceRow, MeterRow, ObservationRow, SupplyRow};
use crate::state::AppState;
use axum::Json;
use axum::extract::{Path, State};
use pagetally_model::{DeviceId, PassId};
use serde::Serialize;
use std::sync::Arc;

/// One device with the rows of its latest audit.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeviceDocument {
    #[serde(flatten)]
    device: DeviceRow,
    meters: Vec<MeterRow>,
    supplies: Vec<SupplyRow>,
    open_alerts: Vec<AlertRow>,
}

/// `GET /api/v0/devices`.
pub(crate) async fn devices(
    State(state): State<Arc<AppState>>,
    visitor: Visitor,
) -> Result<Json<Vec<DeviceRow>>, PageError> {
    let books = state.books.dealer(visitor.dealer);
    Ok(Json(books.devices(&DeviceFilter::default()).await?))
}

/// `GET /api/v0/devices/{id}`.
pub(crate) async fn device(
    State(state): State<Arc<AppState>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<DeviceDocument>, PageError> {
    let id: DeviceId = id.parse().map_err(|_| PageError::NoPage)?;
    let books = state.books.dealer(visitor.dealer);
    let device = books.device(id).await?;
    let audit = device.latest_audit.ok_or(PageError::NoPage)?;
    Ok(Json(DeviceDocument {
        meters: books.meters(audit).await?,
        supplies: books.supplies(audit).await?,
        open_alerts: books.alerts(audit).await?,
        device,
    }))
}

/// `GET /api/v0/passes/{id}/observations`.
pub(crate) async fn observations(
    State(state): State<Arc<AppState>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<Vec<ObservationRow>>, PageError> {
    let id: PassId = id.parse().map_err(|_| PageError::NoPage)?;
    let books = state.books.dealer(visitor.dealer);
    books.pass(id).await?;
    Ok(Json(books.observations(id).await?))
}
