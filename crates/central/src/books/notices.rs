//! What devices told unasked.

use super::DealerBooks;
use super::db::{self, Connection, Reader, word};
use super::devices::{Origin, ROWS_AT_ONCE};
use super::rows::NoticeRow;
use crate::error::BooksError;
use pagetally_model::{AuditId, DeviceId, Outcome, PassId, PassReport, Text, TrapNotice};
use sqlx::QueryBuilder;

const COLUMNS: &str = "SELECT n.pass_id, n.at_ms, n.address, n.witness, n.trap, n.name, n.repeats,
        n.severity, n.part_group, n.code, n.code_name, n.description, n.audit_id
     FROM notices n";

/// Writes the notices of a pass, each with the audit that the pass made of its address.
///
/// The agent's wall clock is set right by its last known offset, as that of an audit is.
pub(super) async fn insert(
    books: &DealerBooks,
    tx: &mut Connection,
    origin: &Origin<'_>,
    pass: &PassReport,
) -> Result<(), BooksError> {
    let offset = pass.started.central_offset;
    let offset = offset.map_or(0, |offset| offset.offset_millis);
    let numbered: Vec<(usize, &TrapNotice)> = pass.notices.iter().enumerate().collect();
    for chunk in numbered.chunks(ROWS_AT_ONCE) {
        let mut insert = QueryBuilder::new(
            "INSERT INTO notices (dealer_id, pass_id, position, at_ms, address, witness, trap, name,
                repeats, severity, part_group, code, code_name, description, audit_id) ",
        );
        insert.push_values(chunk, |mut row, (position, notice)| {
            let alert = notice.alert.as_ref();
            let text = |text: Option<&Text>| text.map(Text::to_string);
            let at = notice.at.unix_millis().saturating_add(offset);
            row.push_bind(books.me())
                .push_bind(pass.id.to_string())
                .push_bind(db::stored(*position as u64))
                .push_bind(at.min(origin.received.unix_millis()))
                .push_bind(notice.from.to_string())
                .push_bind(word(&notice.witness))
                .push_bind(notice.trap.to_string())
                .push_bind(text(notice.name.as_ref()))
                .push_bind(db::stored(notice.repeats))
                .push_bind(alert.map(|alert| word(&alert.severity)))
                .push_bind(text(alert.and_then(|alert| alert.group.as_ref())))
                .push_bind(alert.and_then(|alert| alert.code))
                .push_bind(text(alert.and_then(|alert| alert.code_name.as_ref())))
                .push_bind(text(alert.and_then(|alert| alert.description.as_ref())))
                .push_bind(audit_of(pass, notice).map(|audit| audit.to_string()));
        });
        insert.build().execute(&mut *tx).await?;
    }
    Ok(())
}

/// The audit that a pass made of a notice's address, where it is one: a site that shortens or drops
/// addresses tells the same of several devices.
fn audit_of(pass: &PassReport, notice: &TrapNotice) -> Option<AuditId> {
    let observations = pass.observations.iter();
    let here = observations.filter(|observation| observation.first == notice.from);
    let mut audits = here.filter_map(|observation| match &observation.outcome {
        Outcome::PrinterRead { audit } | Outcome::PrinterPartlyRead { audit, .. } => Some(*audit),
        _ => None,
    });
    let audit = audits.next()?;
    audits.next().is_none().then_some(audit)
}

impl DealerBooks {
    /// What a device told unasked, the latest first.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn device_notices(
        &self,
        device: DeviceId,
        limit: u64,
    ) -> Result<Vec<NoticeRow>, BooksError> {
        let sql = format!(
            "{COLUMNS} JOIN audits a ON a.dealer_id = n.dealer_id AND a.id = n.audit_id
             WHERE n.dealer_id = $1 AND a.device_id = $2
             ORDER BY n.at_ms DESC, n.pass_id, n.position LIMIT $3"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(self.me())
            .bind(device.to_string())
            .bind(db::stored(limit))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(notice_row).collect()
    }

    /// What devices told that led to a pass, in the agent's order.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn pass_notices(&self, pass: PassId) -> Result<Vec<NoticeRow>, BooksError> {
        let sql =
            format!("{COLUMNS} WHERE n.dealer_id = $1 AND n.pass_id = $2 ORDER BY n.position");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(self.me())
            .bind(pass.to_string())
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(notice_row).collect()
    }
}

fn notice_row(row: &db::Row) -> Result<NoticeRow, BooksError> {
    let read = Reader {
        table: "notices",
        row,
    };
    Ok(NoticeRow {
        pass: read.parsed("pass_id")?,
        at: read.instant("at_ms")?,
        address: read.parsed("address")?,
        witness: read.word("witness")?,
        trap: read.raw("trap")?,
        name: read.raw("name")?,
        repeats: read.count("repeats")?,
        severity: read.word_option("severity")?,
        group: read.raw("part_group")?,
        code: read.raw("code")?,
        code_name: read.raw("code_name")?,
        description: read.raw("description")?,
        audit: read.parsed_option("audit_id")?,
    })
}
