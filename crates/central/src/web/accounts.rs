//! A customer's account: whether stock clients may call for it, and their API keys.

use super::access::{Guarded, GuardedForm, Visitor};
use super::format::absolute;
use super::page::{Frame, Page, PageError, render};
use super::sign_in::Bare;
use crate::books::{ApiKeyRow, NewApiKey};
use crate::error::BooksError;
use crate::state::AppState;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use std::sync::Arc;

/// Accounts belong to no site, so their times are told in UTC.
const ZONE: &str = "Etc/UTC";

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
    id: String,
    account: String,
    allowed: bool,
    https: bool,
    address: String,
    keys: Vec<KeyLine>,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "api_key.html")]
struct KeyPage<'a> {
    frame: Frame,
    id: String,
    account: String,
    key: &'a str,
    secret: &'a str,
    address: String,
}

struct KeyLine {
    id: String,
    name: String,
    made: String,
    used: String,
    revoked: Option<String>,
}

impl KeyLine {
    fn new(key: ApiKeyRow) -> Self {
        Self {
            made: format!("{} by {}", absolute(key.created, ZONE), key.created_by),
            used: key
                .used
                .map_or_else(|| "never".to_owned(), |used| absolute(used, ZONE)),
            revoked: key.revoked.map(|revoked| absolute(revoked, ZONE)),
            id: key.id,
            name: key.name,
        }
    }
}

/// Whether typed messages are allowed.
#[derive(Debug, Deserialize)]
pub(crate) struct Allow {
    csrf: String,
    allowed: String,
}

impl Guarded for Allow {
    fn csrf(&self) -> &str {
        &self.csrf
    }
}

/// The form for a new key.
#[derive(Debug, Deserialize)]
pub(crate) struct NewKey {
    csrf: String,
    name: String,
}

impl Guarded for NewKey {
    fn csrf(&self) -> &str {
        &self.csrf
    }
}

/// `GET /accounts/{id}`.
pub(crate) async fn show(
    State(state): State<Arc<AppState>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Page {
    account_page(&state, &visitor, id, None).await
}

async fn account_page(
    state: &AppState,
    visitor: &Visitor,
    id: String,
    problem: Option<String>,
) -> Page {
    let access = state.books.dealer(visitor.dealer).api_access(&id).await?;
    render(&AccountPage {
        frame: Frame::new(state, visitor, "sites", access.account.clone()).await?,
        id,
        account: access.account,
        allowed: access.allowed,
        https: state.public_url.starts_with("https://"),
        address: format!("{}?wsdl", crate::soap_url(&state.public_url)),
        keys: access.keys.into_iter().map(KeyLine::new).collect(),
        problem,
    })
}

/// `POST /accounts/{id}/typed`: allows typed messages, or stops allowing them.
pub(crate) async fn allow(
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    GuardedForm { visitor, form }: GuardedForm<Allow>,
) -> Page {
    let books = state.books.dealer(visitor.dealer);
    books
        .allow_typed_messages(&id, form.allowed == "yes")
        .await?;
    Ok(Redirect::to(&format!("/accounts/{id}")).into_response())
}

/// `POST /accounts/{id}/keys`: makes a key and shows its secret, this once.
pub(crate) async fn create_key(
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    GuardedForm { visitor, form }: GuardedForm<NewKey>,
) -> Page {
    let books = state.books.dealer(visitor.dealer);
    let made = books.create_api_key(&id, &form.name, visitor.name()).await;
    let NewApiKey { id: key, secret } = match made {
        Ok(key) => key,
        Err(error @ BooksError::Invalid { .. }) => {
            let page = account_page(&state, &visitor, id, Some(error.to_string())).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
        Err(error) => return Err(PageError::from(error)),
    };
    render(&KeyPage {
        frame: Frame::new(&state, &visitor, "sites", "API key").await?,
        account: books.api_access(&id).await?.account,
        id,
        key: &key,
        secret: &secret,
        address: format!("{}?wsdl", crate::soap_url(&state.public_url)),
    })
}

/// `POST /accounts/{id}/keys/{key}/revoke`.
pub(crate) async fn revoke_key(
    State(state): State<Arc<AppState>>,
    Path((id, key)): Path<(String, String)>,
    form: GuardedForm<Bare>,
) -> Page {
    let books = state.books.dealer(form.visitor.dealer);
    books.revoke_api_key(&id, &key).await?;
    Ok(Redirect::to(&format!("/accounts/{id}")).into_response())
}
