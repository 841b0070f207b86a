//! What all pages share: the frame around them, and what is shown when there is nothing to show.

use super::access::Visitor;
use crate::endpoint::chain;
use crate::error::BooksError;
use crate::state::AppState;
use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};

/// The frame around a page.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) title: String,
    pub(crate) dealer: String,
    /// Who signed in.
    pub(crate) login: Option<String>,
    /// The part of the menu that is marked.
    pub(crate) part: &'static str,
    pub(crate) csrf: String,
}

impl Frame {
    pub(crate) async fn new(
        state: &AppState,
        visitor: &Visitor,
        part: &'static str,
        title: impl Into<String>,
    ) -> Result<Self, PageError> {
        Ok(Self {
            title: title.into(),
            dealer: state.books.dealer(visitor.dealer).name().await?,
            login: visitor.login.clone(),
            part,
            csrf: visitor.csrf.clone(),
        })
    }
}

/// A page, or why there is none.
pub(crate) type Page = Result<Response, PageError>;

/// Renders a template.
pub(crate) fn render(template: &impl Template) -> Page {
    Ok(Html(template.render()?).into_response())
}

/// Why a page cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    #[error("the form could not be read")]
    BadForm,
    #[error("the books failed")]
    Books(#[from] BooksError),
    #[error("a form did not come from one of our pages")]
    ForeignForm,
    #[error("a request named a host that is not this one")]
    ForeignHost,
    #[error("there is no dealer yet")]
    NoDealer,
    #[error("there is no such page")]
    NoPage,
    #[error("the template failed")]
    Render(#[from] askama::Error),
    #[error("there are several dealers")]
    SeveralDealers,
    #[error("nobody is signed in")]
    SignedOut,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    title: &'a str,
    text: &'a str,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (status, title, text) = match &self {
            Self::SignedOut => return Redirect::to("/sign-in").into_response(),
            Self::NoPage | Self::Books(BooksError::NotFound { .. }) => (
                StatusCode::NOT_FOUND,
                "Not found",
                "There is no such page, or it is not yours to see.",
            ),
            Self::BadForm => (
                StatusCode::BAD_REQUEST,
                "The form could not be read",
                "Go back, load the page again and send the form once more.",
            ),
            Self::ForeignForm => (
                StatusCode::FORBIDDEN,
                "Refused",
                "This form did not come from a page of this Central, or the page was too old. \
                 Load the page again and send the form once more.",
            ),
            Self::ForeignHost => (
                StatusCode::MISDIRECTED_REQUEST,
                "Refused",
                "These pages are open to this machine alone. Ask for them by a loopback address.",
            ),
            Self::NoDealer => (
                StatusCode::SERVICE_UNAVAILABLE,
                "No dealer yet",
                "This Central has no dealer. Run \u{201c}central init\u{201d}.",
            ),
            Self::SeveralDealers => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Sign-in needed",
                "This Central has several dealers, so its pages cannot be open. Start it with \
                 sign-in.",
            ),
            Self::Books(_) | Self::Render(_) => {
                tracing::error!(error = %chain(&self), "a page could not be made");
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "Something failed",
                    "Central could not make this page. The reason is in its log.",
                )
            }
        };
        message(status, title, text)
    }
}

/// A page that is one message.
pub(crate) fn message(status: StatusCode, title: &str, text: &str) -> Response {
    match (Message { title, text }).render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_) => (
            status,
            [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
            text.to_owned(),
        )
            .into_response(),
    }
}
