//! Merging two devices, splitting one, and undoing either: audits change hands, nothing is lost.

use super::db::{self, Connection, Reader, Transaction};
use super::devices::decompress;
use super::{DealerBooks, identity, not_found, random};
use crate::clock;
use crate::error::BooksError;
use pagetally_model::{AuditId, DeviceAudit, DeviceId, SiteId};

impl DealerBooks {
    /// Declares two devices to be one: every audit of `from` becomes `into`'s. Returns the event,
    /// which [`undo`](Self::undo) takes back.
    ///
    /// # Errors
    ///
    /// Where they are the same, or either is unknown or merged already, or the database fails.
    pub async fn merge(
        &self,
        into: DeviceId,
        from: DeviceId,
        by: &str,
    ) -> Result<String, BooksError> {
        if into == from {
            return Err(BooksError::Invalid {
                field: "from",
                reason: "a device cannot be merged into itself".to_owned(),
            });
        }
        let mut tx = db::begin_write(&self.pool).await?;
        self.live_device(&mut tx, into).await?;
        self.live_device(&mut tx, from).await?;
        let audits = self.audit_ids(&mut tx, from).await?;
        let detail = format!("{} audits of {from} became {into}'s", audits.len());
        let now = clock::now();
        let event = self
            .record_event(&mut tx, "merged", into, Some(from), &detail, by, now)
            .await?;
        self.move_audits(&mut tx, &event, &audits, into).await?;
        sqlx::query("UPDATE devices SET merged_into = $3 WHERE dealer_id = $1 AND id = $2")
            .bind(self.me())
            .bind(from.to_string())
            .bind(into.to_string())
            .execute(&mut *tx)
            .await?;
        // The emptied one first: evidence belongs to whoever learns it first.
        self.rebuild(&mut tx, from).await?;
        self.rebuild(&mut tx, into).await?;
        tx.commit().await?;
        Ok(event)
    }

    /// Declares some audits of a device to be another device's. Returns the new device and the
    /// event.
    ///
    /// # Errors
    ///
    /// Where the device is unknown, the audits are not all its own or are all that it has, or the
    /// database fails.
    pub async fn split(
        &self,
        device: DeviceId,
        audits: &[AuditId],
        by: &str,
    ) -> Result<(DeviceId, String), BooksError> {
        let mut tx = db::begin_write(&self.pool).await?;
        let site = self.live_device(&mut tx, device).await?;
        let own = self.audit_ids(&mut tx, device).await?;
        if let Some(foreign) = audits.iter().find(|audit| !own.contains(audit)) {
            return Err(not_found("audit of that device", foreign));
        }
        if audits.is_empty() || own.iter().all(|audit| audits.contains(audit)) {
            return Err(BooksError::Invalid {
                field: "audits",
                reason: "some audits must go and some must stay".to_owned(),
            });
        }
        let now = clock::now();
        let new = DeviceId::from_bytes(random()?);
        self.insert_device(&mut tx, new, site, now).await?;
        let detail = format!("{} audits of {device} became {new}'s", audits.len());
        let event = self
            .record_event(&mut tx, "split", new, Some(device), &detail, by, now)
            .await?;
        self.move_audits(&mut tx, &event, audits, new).await?;
        self.rebuild(&mut tx, device).await?;
        self.rebuild(&mut tx, new).await?;
        tx.commit().await?;
        Ok((new, event))
    }

    /// Takes back a merge or a split: the audits that it moved go back. Audits that came later stay
    /// where they are. Returns the event of the undoing.
    ///
    /// # Errors
    ///
    /// Where the event is unknown, undone already or neither merge nor split, or the database
    /// fails.
    pub async fn undo(&self, event: &str, by: &str) -> Result<String, BooksError> {
        let mut tx: Transaction = db::begin_write(&self.pool).await?;
        let row = sqlx::query(
            "SELECT kind, device_id, other_device_id FROM device_events
             WHERE dealer_id = $1 AND id = $2 AND undone_by IS NULL
                AND kind IN ('merged', 'split')",
        )
        .bind(self.me())
        .bind(event)
        .fetch_optional(&mut *tx)
        .await?
        .ok_or_else(|| not_found("merge or split that can be undone", event))?;
        let read = Reader {
            table: "device_events",
            row: &row,
        };
        let device: DeviceId = read.parsed("device_id")?;
        let other: DeviceId = read.parsed("other_device_id")?;
        let moved = self.moved_audits(&mut tx, event).await?;
        let detail = format!("{} audits went back from {device} to {other}", moved.len());
        let undoing = self
            .record_event(
                &mut tx,
                "undone",
                other,
                Some(device),
                &detail,
                by,
                clock::now(),
            )
            .await?;
        self.move_audits(&mut tx, &undoing, &moved, other).await?;
        let lives =
            sqlx::query("UPDATE devices SET merged_into = $3 WHERE dealer_id = $1 AND id = $2");
        let was_merge = read.raw::<String>("kind")? == "merged";
        let left = self.audit_ids(&mut tx, device).await?;
        let lives = if was_merge {
            lives
                .bind(self.me())
                .bind(other.to_string())
                .bind(None::<String>)
        } else {
            // A device that a split made and that is empty again is the other one.
            let gone = left.is_empty().then(|| other.to_string());
            lives.bind(self.me()).bind(device.to_string()).bind(gone)
        };
        lives.execute(&mut *tx).await?;
        sqlx::query("UPDATE device_events SET undone_by = $3 WHERE dealer_id = $1 AND id = $2")
            .bind(self.me())
            .bind(event)
            .bind(&undoing)
            .execute(&mut *tx)
            .await?;
        self.rebuild(&mut tx, device).await?;
        self.rebuild(&mut tx, other).await?;
        tx.commit().await?;
        Ok(undoing)
    }

    async fn live_device(
        &self,
        tx: &mut Connection,
        device: DeviceId,
    ) -> Result<SiteId, BooksError> {
        let row = sqlx::query(
            "SELECT site_id FROM devices WHERE dealer_id = $1 AND id = $2 AND merged_into IS NULL",
        )
        .bind(self.me())
        .bind(device.to_string())
        .fetch_optional(tx)
        .await?
        .ok_or_else(|| not_found("device", device))?;
        Reader {
            table: "devices",
            row: &row,
        }
        .parsed("site_id")
    }

    async fn audit_ids(
        &self,
        tx: &mut Connection,
        device: DeviceId,
    ) -> Result<Vec<AuditId>, BooksError> {
        let rows = sqlx::query(
            "SELECT id FROM audits WHERE dealer_id = $1 AND device_id = $2 ORDER BY sequence",
        )
        .bind(self.me())
        .bind(device.to_string())
        .fetch_all(tx)
        .await?;
        ids(&rows, "audits", "id")
    }

    async fn moved_audits(
        &self,
        tx: &mut Connection,
        event: &str,
    ) -> Result<Vec<AuditId>, BooksError> {
        let rows = sqlx::query(
            "SELECT audit_id FROM device_event_audits WHERE dealer_id = $1 AND event_id = $2",
        )
        .bind(self.me())
        .bind(event)
        .fetch_all(tx)
        .await?;
        ids(&rows, "device_event_audits", "audit_id")
    }

    async fn move_audits(
        &self,
        tx: &mut Connection,
        event: &str,
        audits: &[AuditId],
        to: DeviceId,
    ) -> Result<(), BooksError> {
        for audit in audits {
            sqlx::query("UPDATE audits SET device_id = $3 WHERE dealer_id = $1 AND id = $2")
                .bind(self.me())
                .bind(audit.to_string())
                .bind(to.to_string())
                .execute(&mut *tx)
                .await?;
            sqlx::query(
                "INSERT INTO device_event_audits (dealer_id, event_id, audit_id)
                 VALUES ($1, $2, $3)",
            )
            .bind(self.me())
            .bind(event)
            .bind(audit.to_string())
            .execute(&mut *tx)
            .await?;
        }
        Ok(())
    }

    /// Makes a device's evidence and latest state follow from its audits.
    async fn rebuild(&self, tx: &mut Connection, device: DeviceId) -> Result<(), BooksError> {
        sqlx::query("DELETE FROM device_evidence WHERE dealer_id = $1 AND device_id = $2")
            .bind(self.me())
            .bind(device.to_string())
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "UPDATE devices SET latest_audit = NULL, manufacturer = NULL, model = NULL,
                serial = NULL, mac = NULL, hostname = NULL, location = NULL, firmware = NULL,
                address = NULL, total = NULL, mono = NULL, color = NULL, read_ms = NULL,
                received_ms = NULL, worst_supply = NULL, worst_rank = NULL, alerts = NULL,
                critical_alerts = NULL, printer_state = NULL, device_state = NULL
             WHERE dealer_id = $1 AND id = $2",
        )
        .bind(self.me())
        .bind(device.to_string())
        .execute(&mut *tx)
        .await?;
        let rows = sqlx::query(
            "SELECT a.id, a.sequence, a.document, a.read_ms, a.received_ms, g.site_id
             FROM audits a JOIN agents g ON g.dealer_id = a.dealer_id AND g.id = a.agent_id
             WHERE a.dealer_id = $1 AND a.device_id = $2 ORDER BY a.sequence",
        )
        .bind(self.me())
        .bind(device.to_string())
        .fetch_all(&mut *tx)
        .await?;
        for row in &rows {
            let read = Reader {
                table: "audits",
                row,
            };
            let what = format!("audit {}", read.raw::<String>("id")?);
            let document = decompress(&what, &read.raw::<Vec<u8>>("document")?)?;
            let audit: DeviceAudit =
                serde_json::from_slice(&document).map_err(|error| BooksError::Document {
                    what,
                    reason: error.to_string(),
                })?;
            for evidence in identity::evidence(&audit, read.parsed("site_id")?) {
                self.learn(tx, device, &evidence).await?;
            }
            self.make_latest(
                tx,
                device,
                read.raw("sequence")?,
                read.instant("read_ms")?,
                read.instant("received_ms")?,
                &audit,
            )
            .await?;
        }
        Ok(())
    }
}

fn ids(
    rows: &[db::Row],
    table: &'static str,
    column: &'static str,
) -> Result<Vec<AuditId>, BooksError> {
    rows.iter()
        .map(|row| Reader { table, row }.parsed(column))
        .collect()
}
