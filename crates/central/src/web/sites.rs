//! Sites, their settings and their enrolment codes.

use super::access::{Guarded, GuardedForm, Visitor};
use super::format::{Moment, absolute, counted};
use super::page::{Frame, Page, PageError, render};
use super::settings_form::{Problem, SettingsForm};
use super::sign_in::Bare;
use crate::books::{AccountRow, EnrolmentRow, SiteRow};
use crate::clock;
use crate::endpoint::soap_url;
use crate::error::BooksError;
use crate::state::AppState;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use pagetally_model::{SiteId, Timestamp};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// How long an enrolment code from a page is accepted.
const CODE_VALID: Duration = Duration::from_secs(7 * 86_400);

#[derive(Template)]
#[template(path = "sites.html")]
struct SitesPage {
    frame: Frame,
    sites: Vec<SiteRow>,
    accounts: Vec<AccountRow>,
    form: NewSite,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "site.html")]
struct SitePage {
    frame: Frame,
    site: SiteRow,
    form: SettingsForm,
    problem: Option<Problem>,
    saved: Option<u64>,
    changed: String,
    changed_by: String,
    devices: String,
    agents: String,
    codes: Vec<CodeLine>,
}

#[derive(Template)]
#[template(path = "enrolled.html")]
struct CodePage<'a> {
    frame: Frame,
    site: SiteRow,
    code: &'a str,
    /// The same as a picture (SVG), for whoever installs the agent with a camera at hand.
    picture: String,
    expires: String,
}

struct CodeLine {
    short: String,
    created: Moment,
    state: String,
    tone: &'static str,
}

/// The form for a new site.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct NewSite {
    csrf: String,
    account: String,
    name: String,
    time_zone: String,
}

impl Guarded for NewSite {
    fn csrf(&self) -> &str {
        &self.csrf
    }
}

impl CodeLine {
    fn new(code: &EnrolmentRow, zone: &str, now: Timestamp) -> Self {
        let (tone, state) = match &code.used {
            Some((agent, at)) => {
                let short: String = agent.to_string().chars().take(8).collect();
                (
                    "good",
                    format!("used by agent {short} on {}", absolute(*at, zone)),
                )
            }
            None if code.expires <= now => ("unknown", "expired unused".to_owned()),
            None => (
                "low",
                format!("open until {}", absolute(code.expires, zone)),
            ),
        };
        Self {
            short: code.id.chars().take(8).collect(),
            created: Moment::new(code.created, zone, now),
            state,
            tone,
        }
    }
}

/// `GET /sites`.
pub(crate) async fn list(State(state): State<Arc<AppState>>, visitor: Visitor) -> Page {
    let form = NewSite {
        time_zone: "Etc/UTC".to_owned(),
        ..NewSite::default()
    };
    sites_page(&state, &visitor, form, None).await
}

async fn sites_page(
    state: &AppState,
    visitor: &Visitor,
    form: NewSite,
    problem: Option<String>,
) -> Page {
    let books = state.books.dealer(visitor.dealer);
    render(&SitesPage {
        frame: Frame::new(state, visitor, "sites", "Sites").await?,
        sites: books.sites().await?,
        accounts: books.accounts().await?,
        form,
        problem,
    })
}

/// `POST /sites`: a new site, with its customer where that is new.
pub(crate) async fn create(
    State(state): State<Arc<AppState>>,
    GuardedForm { visitor, form }: GuardedForm<NewSite>,
) -> Page {
    let books = state.books.dealer(visitor.dealer);
    let made = async {
        let accounts = books.accounts().await?;
        let known = accounts
            .iter()
            .find(|known| known.name == form.account.trim());
        let account = match known {
            Some(known) => known.id.clone(),
            None => books.create_account(&form.account).await?,
        };
        books
            .create_site(account, &form.name, form.time_zone.trim())
            .await
    };
    match made.await {
        Ok(site) => Ok(Redirect::to(&format!("/sites/{site}")).into_response()),
        Err(error) => {
            let problem = persons_doing(error)?;
            let page = sites_page(&state, &visitor, form, Some(problem)).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// What a person can mend, in words; everything else stays an error.
fn persons_doing(error: BooksError) -> Result<String, PageError> {
    match error {
        BooksError::Taken { .. } | BooksError::Invalid { .. } | BooksError::Settings(_) => {
            Ok(error.to_string())
        }
        other => Err(other.into()),
    }
}

/// `GET /sites/{id}`.
pub(crate) async fn show(
    State(state): State<Arc<AppState>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Page {
    let site: SiteId = id.parse().map_err(|_| PageError::NoPage)?;
    let settings = state.books.dealer(visitor.dealer).settings(site).await?;
    let form = SettingsForm::of(&settings.settings);
    site_page(&state, &visitor, site, form, None, None).await
}

async fn site_page(
    state: &AppState,
    visitor: &Visitor,
    id: SiteId,
    form: SettingsForm,
    problem: Option<Problem>,
    saved: Option<u64>,
) -> Page {
    let books = state.books.dealer(visitor.dealer);
    let site = books.site(id).await?;
    let (_, changed, changed_by) = books.settings_changed(id).await?;
    let codes = books.enrolment_codes(id).await?;
    let now = clock::now();
    let title = site.name.clone();
    render(&SitePage {
        frame: Frame::new(state, visitor, "sites", title).await?,
        changed: absolute(changed, &site.time_zone),
        changed_by,
        devices: counted(site.devices, "device", "devices"),
        agents: counted(site.agents, "agent", "agents"),
        codes: codes
            .iter()
            .map(|code| CodeLine::new(code, &site.time_zone, now))
            .collect(),
        site,
        form,
        problem,
        saved,
    })
}

/// `POST /sites/{id}`: new settings.
pub(crate) async fn change(
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    GuardedForm { visitor, form }: GuardedForm<SettingsForm>,
) -> Page {
    let site: SiteId = id.parse().map_err(|_| PageError::NoPage)?;
    let books = state.books.dealer(visitor.dealer);
    let current = books.settings(site).await?.settings;
    let problem = match form.settings(&current) {
        Ok(settings) => match books.set_settings(site, &settings, visitor.name()).await {
            Ok(version) => {
                let form = SettingsForm::of(&settings);
                return site_page(&state, &visitor, site, form, None, Some(version)).await;
            }
            Err(BooksError::Settings(error)) => Problem::from(error),
            Err(other) => return Err(other.into()),
        },
        Err(problem) => problem,
    };
    let form = form.refused();
    let page = site_page(&state, &visitor, site, form, Some(problem), None).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// `POST /sites/{id}/enrol`: makes an enrolment code and shows it, this once.
pub(crate) async fn enrol(
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    form: GuardedForm<Bare>,
) -> Page {
    let visitor = &form.visitor;
    let site: SiteId = id.parse().map_err(|_| PageError::NoPage)?;
    let books = state.books.dealer(visitor.dealer);
    let row = books.site(site).await?;
    let code = books
        .create_enrolment_code(site, &soap_url(&state.public_url), clock::now(), CODE_VALID)
        .await?;
    let text = code
        .to_text()
        .map_err(|error| BooksError::KeyPair(error.to_string()))?;
    render(&CodePage {
        frame: Frame::new(&state, visitor, "sites", "Enrolment code").await?,
        expires: absolute(code.expires, &row.time_zone),
        site: row,
        picture: picture(&text),
        code: &text,
    })
}

/// A QR code (ISO/IEC 18004) of this text, as SVG; nothing where the text is too long for one.
fn picture(text: &str) -> String {
    /// Pixels a module, so that a telephone reads it off a screen.
    const MODULE: u32 = 5;
    QrCode::with_error_correction_level(text, EcLevel::M).map_or_else(
        |_| String::new(),
        |code| {
            let mut image = code.render::<svg::Color<'_>>();
            let image = image.module_dimensions(MODULE, MODULE).build();
            // Inside a page the XML declaration has no place.
            image.split_once("?>").map_or("", |(_, svg)| svg).to_owned()
        },
    )
}
