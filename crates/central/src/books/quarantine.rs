//! What contradicts the books: kept whole beside them until its agent is enrolled anew and sends the
//! same documents in their place, or for ever.

use super::db::{self, Connection, Reader};
use super::devices::{compress, decompress};
use super::intake::{Delivery, Document};
use super::rows::{AgentRow, ForkRow};
use super::{DealerBooks, not_found};
use crate::error::BooksError;
use pagetally_contract::ReportLeaf;
use pagetally_model::{AgentId, Timestamp};
use pagetally_proof::LeafKind;

/// A kept document's kind as its line says it.
const AUDIT: &str = "audit";
const PASS_REPORT: &str = "pass-report";
const KEY_ROTATION: &str = "key-rotation";

impl DealerBooks {
    pub(super) async fn keep_fork(
        &self,
        tx: &mut Connection,
        agent: &AgentRow,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<(), BooksError> {
        let signed = &delivery.report.signed;
        sqlx::query(
            "INSERT INTO forks (dealer_id, agent_id, number, content, header_hash, header,
                signature, kept_report, received_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (dealer_id, agent_id, number, header_hash) DO NOTHING",
        )
        .bind(self.me())
        .bind(agent.id.to_string())
        .bind(db::stored(signed.header.number))
        .bind(signed.header.content.as_bytes().as_slice())
        .bind(signed.header.hash().as_bytes().as_slice())
        .bind(signed.header.to_bytes().as_slice())
        .bind(signed.signature.as_bytes().as_slice())
        .bind(keep(&delivery.leaves)?)
        .bind(now.unix_millis())
        .execute(&mut *tx)
        .await?;
        sqlx::query("UPDATE agents SET status = 'forked' WHERE dealer_id = $1 AND id = $2")
            .bind(self.me())
            .bind(agent.id.to_string())
            .execute(tx)
            .await?;
        Ok(())
    }

    /// Whether an agent is in quarantine.
    pub(super) async fn is_forked(
        &self,
        tx: &mut Connection,
        agent: &AgentRow,
    ) -> Result<bool, BooksError> {
        let forked: Option<String> = sqlx::query_scalar(
            "SELECT id FROM agents WHERE dealer_id = $1 AND id = $2 AND status = 'forked'",
        )
        .bind(self.me())
        .bind(agent.id.to_string())
        .fetch_optional(tx)
        .await?;
        Ok(forked.is_some())
    }

    /// Of each leaf whether this agent sent the very same before, salt and all, and it is booked. A
    /// document that merely has the id of one that is booked is not.
    pub(super) async fn known_leaves(
        &self,
        tx: &mut Connection,
        agent: &AgentRow,
        delivery: &Delivery,
    ) -> Result<Vec<bool>, BooksError> {
        let mut known = Vec::with_capacity(delivery.leaves.len());
        for document in delivery.documents() {
            let Some(Document {
                table, id, leaf, ..
            }) = document
            else {
                known.push(false);
                continue;
            };
            known.push(match &self.booked_document(tx, table, &id).await? {
                None => false,
                Some(row) => {
                    let read = Reader { table, row };
                    read.raw::<String>("agent_id")? == agent.id.to_string()
                        && read.raw::<Vec<u8>>("salt")? == leaf.salt().as_bytes()
                        && decompress(&id, &read.raw::<Vec<u8>>("document")?)? == leaf.bytes()
                }
            });
        }
        Ok(known)
    }

    /// The document with this id in the table of audits or of passes.
    pub(super) async fn booked_document(
        &self,
        tx: &mut Connection,
        table: &'static str,
        id: &str,
    ) -> Result<Option<db::Row>, BooksError> {
        let sql = format!(
            "SELECT agent_id, salt, document FROM {table} WHERE dealer_id = $1 AND id = $2"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(self.me())
            .bind(id)
            .fetch_optional(tx)
            .await?;
        Ok(row)
    }

    /// What of an agent contradicts the books, by number.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn forks(&self, agent: AgentId) -> Result<Vec<ForkRow>, BooksError> {
        let rows = sqlx::query(
            "SELECT f.agent_id, f.number, f.content, f.header_hash, f.received_ms,
                (SELECT MIN(s.number) FROM submissions s
                 WHERE s.dealer_id = f.dealer_id AND s.agent_id = f.agent_id
                    AND s.content = f.content AND s.verdict = 'accepted') AS settled
             FROM forks f
             WHERE f.dealer_id = $1 AND f.agent_id = $2 ORDER BY f.number, f.received_ms",
        )
        .bind(self.me())
        .bind(agent.to_string())
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let read = Reader {
                    table: "forks",
                    row,
                };
                Ok(ForkRow {
                    agent: read.parsed("agent_id")?,
                    number: read.count("number")?,
                    content: read.hash("content")?,
                    header_hash: read.hash("header_hash")?,
                    received: read.instant("received_ms")?,
                    settled: read.count_option("settled")?,
                })
            })
            .collect()
    }

    /// The documents of a submission that is in quarantine, as JSON: of each its kind, its salt and
    /// the canonical document itself, or its leaf's hash and why it was withheld.
    ///
    /// # Errors
    ///
    /// Where there is no such submission, its row is broken or the database fails.
    pub async fn quarantined(
        &self,
        agent: AgentId,
        number: u64,
        header_hash: [u8; 32],
    ) -> Result<Vec<u8>, BooksError> {
        let kept: Vec<u8> = sqlx::query_scalar(
            "SELECT kept_report FROM forks
             WHERE dealer_id = $1 AND agent_id = $2 AND number = $3 AND header_hash = $4",
        )
        .bind(self.me())
        .bind(agent.to_string())
        .bind(db::stored(number))
        .bind(header_hash.as_slice())
        .fetch_optional(&self.pool)
        .await?
        .ok_or_else(|| not_found("submission in quarantine", number))?;
        let what = format!("submission {number} in quarantine");
        let lines = decompress(&what, &kept)?;
        as_json(&lines).ok_or_else(|| BooksError::Document {
            what,
            reason: "it is not laid out as it was kept".to_owned(),
        })
    }
}

/// The leaves of a submission that is not booked: its documents one after the other, each as a
/// line `kind salt document`, and `kind hash "reason"` with the kind in capitals for one that is withheld;
/// compressed. Canonical JSON holds no line break.
pub(super) fn keep(leaves: &[ReportLeaf]) -> Result<Vec<u8>, BooksError> {
    let mut lines = Vec::new();
    for leaf in leaves {
        let kind = match leaf {
            ReportLeaf::Whole(leaf) => kind_word(leaf.kind()).to_owned(),
            ReportLeaf::Withheld(leaf) => kind_word(leaf.kind).to_ascii_uppercase(),
        };
        let (id, document) = match leaf {
            ReportLeaf::Whole(leaf) => (leaf.salt().as_bytes(), leaf.bytes().to_vec()),
            ReportLeaf::Withheld(leaf) => {
                let reason = format!("\"{}\"", db::word(&leaf.reason));
                (leaf.hash.as_bytes(), reason.into_bytes())
            }
        };
        lines.extend_from_slice(kind.as_bytes());
        lines.push(b' ');
        lines.extend_from_slice(hex::encode(id).as_bytes());
        lines.push(b' ');
        lines.extend_from_slice(&document);
        lines.push(b'\n');
    }
    compress("a submission that is not booked", &lines)
}

fn kind_word(kind: LeafKind) -> &'static str {
    match kind {
        LeafKind::PassReport => PASS_REPORT,
        LeafKind::KeyRotation => KEY_ROTATION,
        _ => AUDIT,
    }
}

/// What [`keep`] wrote, as a list.
fn as_json(lines: &[u8]) -> Option<Vec<u8>> {
    let mut json = b"[".to_vec();
    for line in lines.split(|byte| *byte == b'\n') {
        if line.is_empty() {
            continue;
        }
        let mut parts = line.splitn(3, |byte| *byte == b' ');
        let (kind, id, document) = (parts.next()?, parts.next()?, parts.next()?);
        let is_withheld = kind.first().is_some_and(u8::is_ascii_uppercase);
        let kind = kind.to_ascii_lowercase();
        let known = [AUDIT, PASS_REPORT, KEY_ROTATION];
        if !known.iter().any(|known| kind == known.as_bytes())
            || !id.iter().all(u8::is_ascii_hexdigit)
        {
            return None;
        }
        let (id_name, document_name): (&[u8], &[u8]) = if is_withheld {
            (b"\",\"leaf\":\"", b"\",\"withheld\":")
        } else {
            (b"\",\"salt\":\"", b"\",\"document\":")
        };
        let opening: &[u8] = if json.len() > 1 { b",{" } else { b"{" };
        json.extend_from_slice(opening);
        for part in [
            b"\"kind\":\"",
            kind.as_slice(),
            id_name,
            id,
            document_name,
            document,
            b"}",
        ] {
            json.extend_from_slice(part);
        }
    }
    json.push(b']');
    Some(json)
}
