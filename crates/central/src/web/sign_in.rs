//! Signing in and out.

use super::access::{COOKIE, Guarded, GuardedForm, session_token};
use super::page::{Page, PageError, render};
use crate::clock;
use crate::config::PageAccess;
use crate::state::AppState;
use askama::Template;
use axum::extract::{ConnectInfo, Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use std::net::SocketAddr;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    problem: Option<&'a str>,
    login: &'a str,
}

/// The form of the sign-in page.
#[derive(Deserialize)]
pub(crate) struct SignIn {
    login: String,
    password: String,
}

/// `GET /sign-in`.
pub(crate) async fn show(State(state): State<Arc<AppState>>) -> Page {
    if state.access == PageAccess::OpenOnLoopback {
        return Ok(Redirect::to("/").into_response());
    }
    render(&SignInPage {
        problem: None,
        login: "",
    })
}

/// `POST /sign-in`.
pub(crate) async fn sign_in(
    State(state): State<Arc<AppState>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    form: Result<Form<SignIn>, axum::extract::rejection::FormRejection>,
) -> Page {
    let Form(form) = form.map_err(|_| PageError::BadForm)?;
    let now = clock::now();
    if !state.attempts.may_try(peer.ip(), &form.login, now) {
        return refused(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many wrong attempts. Wait fifteen minutes.",
            &form.login,
        );
    }
    let turn = state.sign_in_turns.acquire().await;
    let checked = state
        .books
        .check_password(&form.login, form.password)
        .await?;
    drop(turn);
    let Some((dealer, login)) = checked else {
        state.attempts.failed(peer.ip(), &form.login, now);
        return refused(
            StatusCode::FORBIDDEN,
            "That login and password do not belong together.",
            &form.login,
        );
    };
    state.attempts.succeeded(peer.ip(), &form.login);
    let token = state.books.begin_session(dealer, &login, now).await?;
    let cookie = cookie(&token, state.secure_cookies, 12 * 3_600);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response())
}

fn refused(status: StatusCode, problem: &str, login: &str) -> Page {
    let page = SignInPage {
        problem: Some(problem),
        login,
    };
    Ok((status, render(&page)?).into_response())
}

/// A form with nothing but its token.
#[derive(Deserialize)]
pub(crate) struct Bare {
    csrf: String,
}

impl Guarded for Bare {
    fn csrf(&self) -> &str {
        &self.csrf
    }
}

/// `POST /sign-out`.
pub(crate) async fn sign_out(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    _form: GuardedForm<Bare>,
) -> Result<Response, PageError> {
    if let Some(token) = session_token(&headers) {
        state.books.end_session(&token).await?;
    }
    let cookie = cookie("", state.secure_cookies, 0);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response())
}

fn cookie(token: &str, secure: bool, seconds: u32) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}")
}
