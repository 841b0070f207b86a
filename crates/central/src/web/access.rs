//! Who may see a page and who may change something.

use super::page::PageError;
use crate::clock;
use crate::config::PageAccess;
use crate::state::AppState;
use axum::extract::{Form, FromRequest, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use pagetally_model::DealerId;
use serde::de::DeserializeOwned;
use std::net::IpAddr;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// The cookie of a session.
pub(crate) const COOKIE: &str = "pagetally-session";

/// Somebody who may see one dealer's pages.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    pub(crate) dealer: DealerId,
    /// Who signed in; nobody where pages are open.
    pub(crate) login: Option<String>,
    /// What forms must carry.
    pub(crate) csrf: String,
}

impl Visitor {
    /// Who is written down as having changed something.
    pub(crate) fn name(&self) -> &str {
        self.login.as_deref().unwrap_or("this machine")
    }
}

impl FromRequestParts<Arc<AppState>> for Visitor {
    type Rejection = PageError;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &Arc<AppState>,
    ) -> Result<Self, PageError> {
        if state.access == PageAccess::OpenOnLoopback {
            return match state.books.dealers().await?.as_slice() {
                [only] => Ok(Self {
                    dealer: only.id,
                    login: None,
                    csrf: state.open_csrf.clone(),
                }),
                [] => Err(PageError::NoDealer),
                _ => Err(PageError::SeveralDealers),
            };
        }
        let token = session_token(&parts.headers).ok_or(PageError::SignedOut)?;
        let session = state.books.session(&token, clock::now()).await?;
        let session = session.ok_or(PageError::SignedOut)?;
        Ok(Self {
            dealer: session.dealer,
            login: Some(session.login),
            csrf: session.csrf,
        })
    }
}

/// The token of the session's cookie.
pub(crate) fn session_token(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter();
    cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, token)| token.to_owned())
}

/// A form that carries the visitor's token.
pub(crate) trait Guarded {
    fn csrf(&self) -> &str;
}

/// A form from a visitor, known to come from one of our own pages.
pub(crate) struct GuardedForm<T> {
    pub(crate) visitor: Visitor,
    pub(crate) form: T,
}

impl<T> FromRequest<Arc<AppState>> for GuardedForm<T>
where
    T: DeserializeOwned + Guarded,
{
    type Rejection = PageError;

    async fn from_request(request: Request, state: &Arc<AppState>) -> Result<Self, PageError> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, state).await?;
        let request = Request::from_parts(parts, body);
        let Form(form) = Form::<T>::from_request(request, state)
            .await
            .map_err(|_| PageError::BadForm)?;
        let same: bool = form.csrf().as_bytes().ct_eq(visitor.csrf.as_bytes()).into();
        if same {
            Ok(Self { visitor, form })
        } else {
            Err(PageError::ForeignForm)
        }
    }
}

/// Refuses what a page of another site could make a browser send: changes that come from
/// elsewhere, and, where pages are open to this machine, a host name that is not this machine's
/// (DNS rebinding).
pub(crate) async fn own_pages_only(
    State(state): State<Arc<AppState>>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    if state.access == PageAccess::OpenOnLoopback && !is_own_host(host, &state.public_url) {
        return PageError::ForeignHost.into_response();
    }
    if request.method() == Method::POST && !comes_from(headers, host) {
        return PageError::ForeignForm.into_response();
    }
    next.run(request).await
}

/// Whether a Host header names this machine or the address that Central was given.
fn is_own_host(host: &str, public_url: &str) -> bool {
    let public = public_url.split_once("://").map_or("", |(_, host)| host);
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let loopback = name
        .parse::<IpAddr>()
        .is_ok_and(|address| address.is_loopback());
    loopback || name.eq_ignore_ascii_case("localhost") || (!host.is_empty() && host == public)
}

/// Whether a browser says that a form comes from one of our own pages. Browsers that say nothing
/// are stopped by the form's token.
fn comes_from(headers: &HeaderMap, host: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text("sec-fetch-site")
        && site != "same-origin"
        && site != "none"
    {
        return false;
    }
    match text("origin") {
        None => true,
        Some(origin) => origin
            .split_once("://")
            .is_some_and(|(_, origin_host)| origin_host == host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machines_names_are_answered_where_pages_are_open() {
        let own = |host| is_own_host(host, "http://127.0.0.1:8080");
        for good in ["127.0.0.1:8080", "localhost:1", "[::1]:80", "127.9.9.9"] {
            assert!(own(good), "{good}");
        }
        for bad in [
            "",
            "evil.example",
            "127.0.0.1.evil.example:80",
            "192.0.2.1",
            "localhost.x",
        ] {
            assert!(!own(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_form_from_elsewhere_is_told_by_the_browsers_headers() {
        let from = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, value.parse().expect("a header value"));
            }
            comes_from(&headers, "central.example")
        };
        assert!(from(&[]));
        assert!(from(&[
            ("origin", "https://central.example"),
            ("sec-fetch-site", "same-origin")
        ]));
        assert!(!from(&[("origin", "https://evil.example")]));
        assert!(!from(&[("origin", "null")]));
        assert!(!from(&[("sec-fetch-site", "cross-site")]));
    }
}
