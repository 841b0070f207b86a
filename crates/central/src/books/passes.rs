//! Passes and what became of every address in them.

use super::DealerBooks;
use super::db::{self, Connection, Reader, word};
use super::devices::{Origin, ROWS_AT_ONCE, compress, decompress, read_at};
use super::rows::{ObservationRow, PassRow};
use crate::error::BooksError;
use pagetally_model::{AuditId, Observation, Outcome, PassId, PassReport, SiteId, Text};
use sqlx::QueryBuilder;
use std::net::IpAddr;

const PASS_COLUMNS: &str = "SELECT p.id, p.site_id, s.name AS site_name, t.time_zone, p.agent_id,
        p.number, p.settings_version, p.agent_version, p.started_ms, p.received_ms
     FROM passes p
     JOIN sites s ON s.dealer_id = p.dealer_id AND s.id = p.site_id
     JOIN settings t ON t.dealer_id = p.dealer_id AND t.site_id = p.site_id
        AND t.version = (SELECT MAX(v.version) FROM settings v
            WHERE v.dealer_id = p.dealer_id AND v.site_id = p.site_id)";

/// Writes a pass report with its observations.
pub(super) async fn insert(
    books: &DealerBooks,
    tx: &mut Connection,
    origin: &Origin<'_>,
    pass: &PassReport,
) -> Result<(), BooksError> {
    sqlx::query(
        "INSERT INTO passes (dealer_id, id, site_id, agent_id, number, leaf, salt, document,
            settings_version, agent_version, started_ms, received_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(books.me())
    .bind(pass.id.to_string())
    .bind(origin.site.to_string())
    .bind(origin.agent.to_string())
    .bind(db::stored(origin.number))
    .bind(db::stored(origin.leaf))
    .bind(origin.salt)
    .bind(compress(&format!("pass {}", pass.id), origin.document)?)
    .bind(db::stored(pass.settings_version))
    .bind(pass.agent_version.as_str())
    .bind(read_at(&pass.started, origin.received).unix_millis())
    .bind(origin.received.unix_millis())
    .execute(&mut *tx)
    .await?;
    let numbered: Vec<(usize, &Observation)> = pass.observations.iter().enumerate().collect();
    for chunk in numbered.chunks(ROWS_AT_ONCE) {
        let mut insert = QueryBuilder::new(
            "INSERT INTO observations (dealer_id, pass_id, position, first_address, last_address,
                addresses, name, outcome, detail, audit_id, witness, at_ms) ",
        );
        insert.push_values(chunk, |mut row, (position, observation)| {
            let (outcome, detail, audit) = split(&observation.outcome);
            row.push_bind(books.me())
                .push_bind(pass.id.to_string())
                .push_bind(db::stored(*position as u64))
                .push_bind(observation.first.to_string())
                .push_bind(observation.last.to_string())
                .push_bind(db::stored(addresses(observation.first, observation.last)))
                .push_bind(observation.name.as_ref().map(Text::to_string))
                .push_bind(outcome)
                .push_bind(detail)
                .push_bind(audit.map(|audit| audit.to_string()))
                .push_bind(word(&observation.witness))
                .push_bind(observation.at.unix_millis());
        });
        insert.build().execute(&mut *tx).await?;
    }
    sqlx::query(
        "UPDATE agents SET agent_version = $3, settings_version = COALESCE($4, settings_version)
         WHERE dealer_id = $1 AND id = $2",
    )
    .bind(books.me())
    .bind(origin.agent.to_string())
    .bind(pass.agent_version.as_str())
    .bind((pass.settings_version > 0).then(|| db::stored(pass.settings_version)))
    .execute(tx)
    .await?;
    Ok(())
}

/// An outcome's word in documents, its text and its audit.
fn split(outcome: &Outcome) -> (&'static str, Option<String>, Option<AuditId>) {
    match outcome {
        Outcome::PrinterRead { audit } => ("printer-read", None, Some(*audit)),
        Outcome::PrinterPartlyRead { audit, reason } => (
            "printer-partly-read",
            Some(reason.to_string()),
            Some(*audit),
        ),
        Outcome::OtherDevice { description } => (
            "other-device",
            description.as_ref().map(Text::to_string),
            None,
        ),
        Outcome::Refused { reason } => ("refused", Some(reason.to_string()), None),
        Outcome::WrongCommunity { reason } => ("wrong-community", Some(reason.to_string()), None),
        Outcome::PrinterPortOpen { port } => {
            ("printer-port-open", Some(format!("TCP port {port}")), None)
        }
        Outcome::PortClosed => ("port-closed", None, None),
        Outcome::Unreachable { reason } => ("unreachable", Some(reason.to_string()), None),
        Outcome::Silent => ("silent", None, None),
        Outcome::Asleep { last_read } => ("asleep", Some(format!("last read {last_read}")), None),
        Outcome::Excluded { reason } => ("excluded", Some(reason.to_string()), None),
        Outcome::NotAsked { reason } => ("not-asked", Some(reason.to_string()), None),
        Outcome::Error { reason } => ("error", Some(reason.to_string()), None),
        _ => ("unknown", None, None),
    }
}

impl DealerBooks {
    /// Passes, the latest first: of one site, or of all.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn passes(
        &self,
        site: Option<SiteId>,
        limit: u64,
    ) -> Result<Vec<PassRow>, BooksError> {
        let sql = format!(
            "{PASS_COLUMNS} WHERE p.dealer_id = $1 AND ($2 IS NULL OR p.site_id = $2)
             ORDER BY p.received_ms DESC, p.number DESC, p.leaf DESC LIMIT $3"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(self.me())
            .bind(site.map(|site| site.to_string()))
            .bind(db::stored(limit))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(pass_row).collect()
    }

    /// One pass.
    ///
    /// # Errors
    ///
    /// Where this dealer has no such pass or the database fails.
    pub async fn pass(&self, pass: PassId) -> Result<PassRow, BooksError> {
        let sql = format!("{PASS_COLUMNS} WHERE p.dealer_id = $1 AND p.id = $2");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(self.me())
            .bind(pass.to_string())
            .fetch_optional(&self.pool)
            .await?
            .ok_or_else(|| super::not_found("pass", pass))?;
        pass_row(&row)
    }

    /// A pass's report as it was sealed.
    ///
    /// # Errors
    ///
    /// Where this dealer has no such pass or its document is damaged.
    pub async fn pass_report(&self, pass: PassId) -> Result<PassReport, BooksError> {
        let stored: Vec<u8> =
            sqlx::query_scalar("SELECT document FROM passes WHERE dealer_id = $1 AND id = $2")
                .bind(self.me())
                .bind(pass.to_string())
                .fetch_optional(&self.pool)
                .await?
                .ok_or_else(|| super::not_found("pass", pass))?;
        let what = format!("pass {pass}");
        let document = decompress(&what, &stored)?;
        serde_json::from_slice(&document).map_err(|error| BooksError::Document {
            what,
            reason: error.to_string(),
        })
    }

    /// What became of every address of a pass, in the agent's order.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn observations(&self, pass: PassId) -> Result<Vec<ObservationRow>, BooksError> {
        let rows = sqlx::query(
            "SELECT o.first_address, o.last_address, o.addresses, o.name, o.outcome, o.detail, o.audit_id,
                o.witness, o.at_ms, a.device_id, d.manufacturer, d.model
             FROM observations o
             LEFT JOIN audits a ON a.dealer_id = o.dealer_id AND a.id = o.audit_id
             LEFT JOIN devices d ON d.dealer_id = a.dealer_id AND d.id = a.device_id
             WHERE o.dealer_id = $1 AND o.pass_id = $2 ORDER BY o.position",
        )
        .bind(self.me())
        .bind(pass.to_string())
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let read = Reader {
                    table: "observations",
                    row,
                };
                Ok(ObservationRow {
                    first: read.parsed("first_address")?,
                    last: read.parsed("last_address")?,
                    addresses: read.count("addresses")?,
                    name: read.raw("name")?,
                    outcome: read.raw("outcome")?,
                    detail: read.raw("detail")?,
                    audit: read.parsed_option("audit_id")?,
                    device: read.parsed_option("device_id")?,
                    manufacturer: read.raw("manufacturer")?,
                    model: read.raw("model")?,
                    witness: read.word("witness")?,
                    at: read.instant("at_ms")?,
                })
            })
            .collect()
    }

    /// How many addresses of a pass had each outcome, a run of silent ones counted one by one.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn outcome_counts(&self, pass: PassId) -> Result<Vec<(String, u64)>, BooksError> {
        let rows = sqlx::query(
            "SELECT outcome, CAST(SUM(addresses) AS BIGINT) AS addresses FROM observations
             WHERE dealer_id = $1 AND pass_id = $2 GROUP BY outcome ORDER BY outcome",
        )
        .bind(self.me())
        .bind(pass.to_string())
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let read = Reader {
                    table: "observations",
                    row,
                };
                Ok((read.raw("outcome")?, read.count("addresses")?))
            })
            .collect()
    }
}

/// How many addresses lie from `first` to `last`; 1 where they are no IPv4 range.
fn addresses(first: IpAddr, last: IpAddr) -> u64 {
    match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            u64::from(u32::from(last).saturating_sub(u32::from(first))) + 1
        }
        _ => 1,
    }
}

fn pass_row(row: &db::Row) -> Result<PassRow, BooksError> {
    let read = Reader {
        table: "passes",
        row,
    };
    Ok(PassRow {
        id: read.parsed("id")?,
        site: read.parsed("site_id")?,
        site_name: read.raw("site_name")?,
        time_zone: read.raw("time_zone")?,
        agent: read.parsed("agent_id")?,
        number: read.count("number")?,
        settings_version: read.count("settings_version")?,
        agent_version: read.raw("agent_version")?,
        started: read.instant("started_ms")?,
        received: read.instant("received_ms")?,
    })
}
