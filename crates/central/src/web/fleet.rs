//! The fleet's page.

use super::access::Visitor;
use super::format::{ABSENT, Moment, counted, number, number_or_dash, text_or_dash};
use super::page::{Frame, Page, render};
use super::supply::{LevelView, ink, supply_name};
use crate::books::{DeviceFilter, DeviceOrder, DeviceRow, SiteRow};
use crate::clock;
use crate::state::AppState;
use askama::Template;
use axum::extract::{Query, State};
use pagetally_model::Timestamp;
use serde::Deserialize;
use std::sync::Arc;

/// Devices to a page.
const AT_ONCE: u64 = 100;

/// What the address of the page says. All of it is text: a hand-made address is no error.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    site: String,
    #[serde(default)]
    show: String,
    #[serde(default)]
    sort: String,
    #[serde(default)]
    page: String,
}

#[derive(Template)]
#[template(path = "fleet.html")]
struct FleetPage {
    frame: Frame,
    asked: Asked,
    tiles: Vec<Tile>,
    sites: Vec<SiteRow>,
    columns: Vec<Column>,
    rows: Vec<DeviceLine>,
    found: String,
    narrowed: bool,
    earlier: Option<String>,
    later: Option<String>,
}

/// One number at the top of the page.
struct Tile {
    label: &'static str,
    value: String,
    link: String,
    tone: &'static str,
}

/// A head of the table that sorts by it.
struct Column {
    label: &'static str,
    link: Option<String>,
    state: &'static str,
    right: bool,
}

/// One device.
pub(crate) struct DeviceLine {
    pub(crate) link: String,
    pub(crate) name: String,
    pub(crate) under: String,
    pub(crate) serial: String,
    pub(crate) account: String,
    pub(crate) site: String,
    pub(crate) address: String,
    pub(crate) total: String,
    /// Mono and colour.
    pub(crate) split: String,
    pub(crate) supply: Option<SupplyLine>,
    pub(crate) critical: u64,
    pub(crate) warnings: u64,
    pub(crate) seen: Option<Moment>,
    pub(crate) missed: bool,
}

/// The supply that needs somebody soonest.
pub(crate) struct SupplyLine {
    pub(crate) name: String,
    pub(crate) ink: &'static str,
    pub(crate) level: LevelView,
}

/// The two parts of a total, as far as the device states them.
fn split(mono: Option<u64>, color: Option<u64>) -> String {
    match (mono, color) {
        (None, None) => "no split stated".to_owned(),
        (mono, color) => {
            let (mono, color) = (number_or_dash(mono), number_or_dash(color));
            format!("{mono} mono \u{b7} {color} colour")
        }
    }
}

/// Maker and model as one name.
pub(crate) fn device_name(device: &DeviceRow) -> String {
    model_name(device.manufacturer.as_deref(), device.model.as_deref())
}

/// A maker and a model as one name.
pub(crate) fn model_name(manufacturer: Option<&str>, model: Option<&str>) -> String {
    match (manufacturer, model) {
        (Some(maker), Some(model)) => format!("{maker} {model}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "Unknown model".to_owned(),
    }
}

impl DeviceLine {
    fn new(device: &DeviceRow, now: Timestamp) -> Self {
        let under = [device.hostname.as_deref(), device.location.as_deref()];
        let under: Vec<&str> = under.into_iter().flatten().collect();
        let supply = device.worst_supply.as_ref().map(|supply| SupplyLine {
            name: supply_name(
                supply.description.as_deref(),
                supply.colorant.as_deref(),
                supply.kind,
            ),
            ink: ink(supply.colorant.as_deref()),
            level: LevelView::new(supply.level, supply.measures, supply.class, supply.unit),
        });
        Self {
            link: format!("/devices/{}", device.id),
            name: device_name(device),
            under: under.join(" \u{b7} "),
            serial: text_or_dash(device.serial.as_deref()).to_owned(),
            account: device.account.clone(),
            site: device.site_name.clone(),
            address: device
                .address
                .map_or_else(|| ABSENT.to_owned(), |address| address.ip().to_string()),
            total: number_or_dash(device.total),
            split: split(device.mono, device.color),
            supply,
            critical: device.critical_alerts,
            warnings: device.alerts.saturating_sub(device.critical_alerts),
            seen: device
                .read
                .map(|read| Moment::new(read, &device.time_zone, now)),
            missed: device.missed_last_pass,
        }
    }
}

const ORDERS: [(&str, &str, DeviceOrder, bool); 7] = [
    ("model", "Device", DeviceOrder::Model, false),
    ("serial", "Serial", DeviceOrder::Serial, false),
    ("site", "Site", DeviceOrder::Site, false),
    ("address", "Address", DeviceOrder::Address, false),
    ("total", "Meters", DeviceOrder::Total, true),
    ("attention", "Supply, alerts", DeviceOrder::Attention, false),
    ("seen", "Last read", DeviceOrder::LastSeen, false),
];

impl Asked {
    fn filter(&self) -> DeviceFilter {
        let (word, reversed) = match self.sort.strip_prefix('-') {
            Some(word) => (word, true),
            None => (self.sort.as_str(), false),
        };
        let known = ORDERS.iter().find(|(name, ..)| *name == word);
        DeviceFilter {
            search: self.q.chars().take(200).collect(),
            site: self.site.parse().ok(),
            with_alerts: self.show == "alerts",
            missed_last_pass: self.show == "missed",
            order: known.map_or(DeviceOrder::Attention, |(_, _, order, _)| *order),
            reversed: known.is_some() && reversed,
            offset: self.page_number().saturating_sub(1) * AT_ONCE,
            limit: AT_ONCE,
        }
    }

    fn page_number(&self) -> u64 {
        self.page.parse().unwrap_or(1).clamp(1, 1_000_000)
    }

    /// The page's address with another sorting or page.
    fn link(&self, sort: &str, page: u64) -> String {
        let pairs = [
            ("q", self.q.as_str()),
            ("site", self.site.as_str()),
            ("show", self.show.as_str()),
            ("sort", sort),
        ];
        let mut link = String::from("/?");
        for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
            link.push_str(&format!("{name}={}&", percent_encoded(value)));
        }
        if page > 1 {
            link.push_str(&format!("page={page}"));
        }
        link.trim_end_matches(['&', '?']).to_owned()
    }

    fn columns(&self) -> Vec<Column> {
        let mut columns: Vec<Column> = Vec::with_capacity(ORDERS.len());
        for (name, label, _, right) in ORDERS {
            let current = if self.sort.is_empty() {
                "attention"
            } else {
                &self.sort
            };
            let (state, next) = match current {
                word if word == name => ("ascending", format!("-{name}")),
                word if word.strip_prefix('-') == Some(name) => ("descending", name.to_owned()),
                _ => ("none", name.to_owned()),
            };
            columns.push(Column {
                label,
                link: Some(self.link(&next, 1)),
                state,
                right,
            });
        }
        columns
    }
}

/// RFC 3986: what is not unreserved becomes `%XX`.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// `GET /`.
pub(crate) async fn show(
    State(state): State<Arc<AppState>>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Page {
    let books = state.books.dealer(visitor.dealer);
    let now = clock::now();
    let filter = asked.filter();
    let devices = books.devices(&filter).await?;
    let found = books.count_devices(&filter).await?;
    let page = asked.page_number();
    render(&FleetPage {
        frame: Frame::new(&state, &visitor, "fleet", "Fleet").await?,
        tiles: tiles(&books).await?,
        sites: books.sites().await?,
        columns: asked.columns(),
        rows: devices.iter().map(|d| DeviceLine::new(d, now)).collect(),
        found: counted(found, "device", "devices"),
        narrowed: !asked.q.is_empty() || !asked.site.is_empty() || !asked.show.is_empty(),
        earlier: (page > 1).then(|| asked.link(&asked.sort, page - 1)),
        later: (page.saturating_mul(AT_ONCE) < found).then(|| asked.link(&asked.sort, page + 1)),
        asked,
    })
}

async fn tiles(books: &crate::books::DealerBooks) -> Result<Vec<Tile>, super::page::PageError> {
    let all = DeviceFilter::default();
    let alerts = DeviceFilter {
        with_alerts: true,
        ..DeviceFilter::default()
    };
    let missed = DeviceFilter {
        missed_last_pass: true,
        ..DeviceFilter::default()
    };
    let tile = |label, count, link: &str, tone| Tile {
        label,
        value: number(count),
        link: link.to_owned(),
        tone: if count == 0 { "calm" } else { tone },
    };
    Ok(vec![
        tile("devices", books.count_devices(&all).await?, "/", "calm"),
        tile(
            "with open alerts",
            books.count_devices(&alerts).await?,
            "/?show=alerts",
            "low",
        ),
        tile(
            "not in the last pass",
            books.count_devices(&missed).await?,
            "/?show=missed",
            "low",
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_survives_a_click_on_a_column() {
        let asked = Asked {
            q: "hp & co".to_owned(),
            sort: "model".to_owned(),
            ..Asked::default()
        };
        let columns = asked.columns();
        assert_eq!(columns[0].state, "ascending");
        assert_eq!(
            columns[0].link.as_deref(),
            Some("/?q=hp%20%26%20co&sort=-model")
        );
        assert_eq!(
            columns[1].link.as_deref(),
            Some("/?q=hp%20%26%20co&sort=serial")
        );
    }

    #[test]
    fn a_hand_made_address_is_no_error() {
        let asked = Asked {
            site: "../..".to_owned(),
            sort: "-nonsense".to_owned(),
            page: "99999999999999999999".to_owned(),
            ..Asked::default()
        };
        let filter = asked.filter();
        assert_eq!(
            (filter.site, filter.offset, filter.reversed),
            (None, 0, false)
        );
    }
}
