//! Assigning audits to devices and writing their rows, within a caller's transaction.

use super::db::{self, Connection, Reader, word};
use super::headline::headline;
use super::identity::{self, Evidence, EvidenceKind, MATCH_RULE_VERSION};
use super::supply_rank;
use super::{DealerBooks, random};
use crate::error::BooksError;
use pagetally_model::{
    AgentId, Alert, AlertSeverity, AuditId, DeviceAudit, DeviceId, Meter, MeterColor, SiteId,
    Supply, Text, Timestamp,
};
use sqlx::QueryBuilder;

/// Rows to one INSERT: well under the databases' ceilings on parameters (32,766 and 65,535).
pub(super) const ROWS_AT_ONCE: usize = 500;

/// Where an audit comes from.
pub(super) struct Origin<'a> {
    pub(super) site: SiteId,
    pub(super) agent: AgentId,
    pub(super) number: u64,
    pub(super) leaf: u64,
    pub(super) salt: &'a [u8],
    /// The canonical document.
    pub(super) document: &'a [u8],
    pub(super) received: Timestamp,
}

/// When something was read at Central's clock: the agent's wall clock with its last known offset,
/// and never later than Central received it.
pub(super) fn read_at(time: &pagetally_model::AuditTime, received: Timestamp) -> Timestamp {
    let offset = time.central_offset.map_or(0, |offset| offset.offset_millis);
    Timestamp::from_unix_millis(time.wall.unix_millis().saturating_add(offset)).min(received)
}

impl DealerBooks {
    /// Writes one audit with its rows and makes it its device's latest.
    pub(super) async fn insert_audit(
        &self,
        tx: &mut Connection,
        origin: &Origin<'_>,
        audit: &DeviceAudit,
    ) -> Result<DeviceId, BooksError> {
        let device = self.assign(tx, origin.site, audit, origin.received).await?;
        let sequence: i64 = sqlx::query_scalar(
            "UPDATE dealers SET audit_sequence = audit_sequence + 1 WHERE id = $1
             RETURNING audit_sequence",
        )
        .bind(self.me())
        .fetch_one(&mut *tx)
        .await?;
        let document = compress(&format!("audit {}", audit.id), origin.document)?;
        let read = read_at(&audit.time, origin.received);
        sqlx::query(
            "INSERT INTO audits (dealer_id, id, sequence, device_id, agent_id, number, leaf, salt,
                pass_id, document, read_ms, received_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(self.me())
        .bind(audit.id.to_string())
        .bind(sequence)
        .bind(device.to_string())
        .bind(origin.agent.to_string())
        .bind(db::stored(origin.number))
        .bind(db::stored(origin.leaf))
        .bind(origin.salt)
        .bind(audit.pass.to_string())
        .bind(document)
        .bind(read.unix_millis())
        .bind(origin.received.unix_millis())
        .execute(&mut *tx)
        .await?;
        self.insert_meters(tx, audit.id, &audit.meters).await?;
        self.insert_supplies(tx, audit.id, &audit.supplies).await?;
        self.insert_alerts(tx, audit.id, &audit.alerts).await?;
        self.make_latest(tx, device, sequence, read, origin.received, audit)
            .await?;
        Ok(device)
    }

    async fn insert_meters(
        &self,
        tx: &mut Connection,
        audit: AuditId,
        meters: &[Meter],
    ) -> Result<(), BooksError> {
        let numbered: Vec<(usize, &Meter)> = meters.iter().enumerate().collect();
        for chunk in numbered.chunks(ROWS_AT_ONCE) {
            let mut insert = QueryBuilder::new(
                "INSERT INTO meters (dealer_id, audit_id, position, function, color, size, sides,
                    unit, value, exactness, rule_name, rule_version) ",
            );
            insert.push_values(chunk, |mut row, (position, meter)| {
                row.push_bind(self.me())
                    .push_bind(audit.to_string())
                    .push_bind(db::stored(*position as u64))
                    .push_bind(word(&meter.function))
                    .push_bind(word(&meter.color))
                    .push_bind(word(&meter.size))
                    .push_bind(word(&meter.sides))
                    .push_bind(word(&meter.unit))
                    .push_bind(db::stored(meter.value))
                    .push_bind(word(&meter.exactness))
                    .push_bind(meter.source.rule.name.as_str().to_owned())
                    .push_bind(i64::from(meter.source.rule.version));
            });
            insert.build().execute(&mut *tx).await?;
        }
        Ok(())
    }

    async fn insert_supplies(
        &self,
        tx: &mut Connection,
        audit: AuditId,
        supplies: &[Supply],
    ) -> Result<(), BooksError> {
        let numbered: Vec<(usize, &Supply)> = supplies.iter().enumerate().collect();
        for chunk in numbered.chunks(ROWS_AT_ONCE) {
            let mut insert = QueryBuilder::new(
                "INSERT INTO supplies (dealer_id, audit_id, position, slot, description, kind,
                    class, colorant, state, percent, amount, level_capacity, exactness, measures,
                    unit, capacity, part_number, serial) ",
            );
            insert.push_values(chunk, |mut row, (position, supply)| {
                let (amount, level_capacity) = match supply.level.level {
                    pagetally_model::Level::OfCapacity { amount, capacity } => {
                        (Some(db::stored(amount)), Some(db::stored(capacity)))
                    }
                    pagetally_model::Level::Amount(amount) => (Some(db::stored(amount)), None),
                    _ => (None, None),
                };
                row.push_bind(self.me())
                    .push_bind(audit.to_string())
                    .push_bind(db::stored(*position as u64))
                    .push_bind(supply.slot.as_str().to_owned())
                    .push_bind(text(&supply.description))
                    .push_bind(word(&supply.kind))
                    .push_bind(word(&supply.class))
                    .push_bind(text(&supply.colorant))
                    .push_bind(supply.level.level.state())
                    .push_bind(supply.level.level.percent().map(i64::from))
                    .push_bind(amount)
                    .push_bind(level_capacity)
                    .push_bind(word(&supply.level.exactness))
                    .push_bind(word(&supply.measures))
                    .push_bind(word(&supply.unit))
                    .push_bind(supply.capacity.map(db::stored))
                    .push_bind(text(&supply.part_number))
                    .push_bind(text(&supply.serial));
            });
            insert.build().execute(&mut *tx).await?;
        }
        Ok(())
    }

    async fn insert_alerts(
        &self,
        tx: &mut Connection,
        audit: AuditId,
        alerts: &[Alert],
    ) -> Result<(), BooksError> {
        let numbered: Vec<(usize, &Alert)> = alerts.iter().enumerate().collect();
        for chunk in numbered.chunks(ROWS_AT_ONCE) {
            let mut insert = QueryBuilder::new(
                "INSERT INTO alerts (dealer_id, audit_id, position, slot, severity, part_group,
                    code, code_name, description) ",
            );
            insert.push_values(chunk, |mut row, (position, alert)| {
                row.push_bind(self.me())
                    .push_bind(audit.to_string())
                    .push_bind(db::stored(*position as u64))
                    .push_bind(alert.slot.as_str().to_owned())
                    .push_bind(word(&alert.severity))
                    .push_bind(text(&alert.group))
                    .push_bind(alert.code)
                    .push_bind(text(&alert.code_name))
                    .push_bind(text(&alert.description));
            });
            insert.build().execute(&mut *tx).await?;
        }
        Ok(())
    }

    /// Puts an audit's state into its device's row. What the device did not state this time of its
    /// identity stays as it last stated it; state and counts are this audit's alone.
    pub(super) async fn make_latest(
        &self,
        tx: &mut Connection,
        device: DeviceId,
        sequence: i64,
        read: Timestamp,
        received: Timestamp,
        audit: &DeviceAudit,
    ) -> Result<(), BooksError> {
        let identity = &audit.identity;
        let worst = supply_rank::worst(audit);
        let critical = audit
            .alerts
            .iter()
            .filter(|alert| alert.severity == AlertSeverity::Critical)
            .count();
        sqlx::query(
            "UPDATE devices SET
                manufacturer = COALESCE($3, manufacturer), model = COALESCE($4, model),
                serial = COALESCE($5, serial), mac = COALESCE($6, mac),
                hostname = COALESCE($7, hostname), location = COALESCE($8, location),
                firmware = COALESCE($9, firmware), address = COALESCE($10, address),
                printer_state = $11, device_state = $12, latest_audit = $13, sequence = $14,
                pass_id = $15, read_ms = $16, received_ms = $17, total = $18, mono = $19,
                color = $20, worst_supply = $21, worst_rank = $22, alerts = $23,
                critical_alerts = $24
             WHERE dealer_id = $1 AND id = $2",
        )
        .bind(self.me())
        .bind(device.to_string())
        .bind(text(&identity.manufacturer))
        .bind(text(&identity.model))
        .bind(text(&identity.serial))
        .bind(text(&identity.mac))
        .bind(text(&identity.hostname))
        .bind(text(&identity.location))
        .bind(text(&identity.firmware))
        .bind(audit.address.map(|address| address.to_string()))
        .bind(word(&audit.status.printer))
        .bind(word(&audit.status.device))
        .bind(audit.id.to_string())
        .bind(sequence)
        .bind(audit.pass.to_string())
        .bind(read.unix_millis())
        .bind(received.unix_millis())
        .bind(headline(audit, MeterColor::Any).map(|meter| db::stored(meter.value)))
        .bind(headline(audit, MeterColor::Mono).map(|meter| db::stored(meter.value)))
        .bind(headline(audit, MeterColor::Color).map(|meter| db::stored(meter.value)))
        .bind(worst.map(|(position, _)| db::stored(position as u64)))
        .bind(worst.map(|(_, rank)| rank))
        .bind(db::stored(audit.alerts.len() as u64))
        .bind(db::stored(critical as u64))
        .execute(&mut *tx)
        .await?;
        Ok(())
    }

    /// The device that an audit belongs to by the match rule; a new one where it fits none.
    async fn assign(
        &self,
        tx: &mut Connection,
        site: SiteId,
        audit: &DeviceAudit,
        now: Timestamp,
    ) -> Result<DeviceId, BooksError> {
        let offered = identity::evidence(audit, site);
        let mut contradiction = None;
        let mut found = None;
        for evidence in &offered {
            let Some(known) = self.device_by_evidence(tx, evidence).await? else {
                continue;
            };
            let against = self.evidence_against(tx, known, &offered, evidence).await?;
            match against {
                None => {
                    found = Some(known);
                    break;
                }
                Some(reason) => contradiction = Some((known, reason)),
            }
        }
        let device = match found {
            Some(device) => device,
            None => self.create_device(tx, site, audit, &offered, now).await?,
        };
        for evidence in &offered {
            self.learn(tx, device, evidence).await?;
        }
        if found.is_none()
            && let Some((other, reason)) = contradiction
        {
            self.record_event(
                tx,
                "contradiction",
                device,
                Some(other),
                &reason,
                "match rule",
                now,
            )
            .await?;
        }
        Ok(device)
    }

    async fn device_by_evidence(
        &self,
        tx: &mut Connection,
        evidence: &Evidence,
    ) -> Result<Option<DeviceId>, BooksError> {
        let row = sqlx::query(
            "SELECT device_id FROM device_evidence
             WHERE dealer_id = $1 AND kind = $2 AND scope = $3 AND value = $4",
        )
        .bind(self.me())
        .bind(evidence.kind.word())
        .bind(&evidence.scope)
        .bind(&evidence.value)
        .fetch_optional(tx)
        .await?;
        row.as_ref()
            .map(|row| {
                Reader {
                    table: "device_evidence",
                    row,
                }
                .parsed("device_id")
            })
            .transpose()
    }

    /// Stronger evidence of another value that `known` already carries, in words.
    async fn evidence_against(
        &self,
        tx: &mut Connection,
        known: DeviceId,
        offered: &[Evidence],
        matched: &Evidence,
    ) -> Result<Option<String>, BooksError> {
        for stronger in offered.iter().filter(|e| e.kind < matched.kind) {
            let held: Option<String> = sqlx::query_scalar(
                "SELECT value FROM device_evidence
                 WHERE dealer_id = $1 AND device_id = $2 AND kind = $3 LIMIT 1",
            )
            .bind(self.me())
            .bind(known.to_string())
            .bind(stronger.kind.word())
            .fetch_optional(&mut *tx)
            .await?;
            if let Some(held) = held {
                return Ok(Some(format!(
                    "same {} {}, but another {}: {} instead of {held}",
                    matched.kind.word(),
                    matched.value,
                    stronger.kind.word(),
                    stronger.value,
                )));
            }
        }
        Ok(None)
    }

    async fn create_device(
        &self,
        tx: &mut Connection,
        site: SiteId,
        audit: &DeviceAudit,
        offered: &[Evidence],
        now: Timestamp,
    ) -> Result<DeviceId, BooksError> {
        let device = DeviceId::from_bytes(random()?);
        self.insert_device(tx, device, site, now).await?;
        let by: Vec<String> = offered
            .iter()
            .map(|evidence| format!("{} {}", evidence.kind.word(), evidence.value))
            .collect();
        let detail = if by.is_empty() {
            format!("first seen in audit {} with no evidence", audit.id)
        } else {
            format!("first seen in audit {} by {}", audit.id, by.join(", "))
        };
        self.record_event(tx, "found", device, None, &detail, "match rule", now)
            .await?;
        Ok(device)
    }

    pub(super) async fn insert_device(
        &self,
        tx: &mut Connection,
        device: DeviceId,
        site: SiteId,
        now: Timestamp,
    ) -> Result<(), BooksError> {
        sqlx::query(
            "INSERT INTO devices (dealer_id, id, site_id, rule_version, created_ms)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(self.me())
        .bind(device.to_string())
        .bind(site.to_string())
        .bind(db::stored(MATCH_RULE_VERSION))
        .bind(now.unix_millis())
        .execute(tx)
        .await?;
        Ok(())
    }

    /// Ties evidence to a device, unless it is another's already or the device has other evidence
    /// of that kind, as after a swapped network card: then the newer value wins for this device.
    pub(super) async fn learn(
        &self,
        tx: &mut Connection,
        device: DeviceId,
        evidence: &Evidence,
    ) -> Result<(), BooksError> {
        if evidence.kind == EvidenceKind::ModelAddress {
            // An address is only worth something while it is the latest one.
            sqlx::query(
                "DELETE FROM device_evidence
                 WHERE dealer_id = $1 AND device_id = $2 AND kind = $3 AND value <> $4",
            )
            .bind(self.me())
            .bind(device.to_string())
            .bind(evidence.kind.word())
            .bind(&evidence.value)
            .execute(&mut *tx)
            .await?;
        }
        sqlx::query(
            "INSERT INTO device_evidence (dealer_id, kind, scope, value, device_id)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (dealer_id, kind, scope, value) DO NOTHING",
        )
        .bind(self.me())
        .bind(evidence.kind.word())
        .bind(&evidence.scope)
        .bind(&evidence.value)
        .bind(device.to_string())
        .execute(tx)
        .await?;
        Ok(())
    }

    pub(super) async fn record_event(
        &self,
        tx: &mut Connection,
        kind: &str,
        device: DeviceId,
        other: Option<DeviceId>,
        detail: &str,
        by: &str,
        now: Timestamp,
    ) -> Result<String, BooksError> {
        let id = hex::encode(random()?);
        sqlx::query(
            "INSERT INTO device_events
                (dealer_id, id, kind, device_id, other_device_id, rule_version, detail, by_whom,
                 at_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(self.me())
        .bind(&id)
        .bind(kind)
        .bind(device.to_string())
        .bind(other.map(|other| other.to_string()))
        .bind(db::stored(MATCH_RULE_VERSION))
        .bind(detail)
        .bind(by)
        .bind(now.unix_millis())
        .execute(tx)
        .await?;
        Ok(id)
    }
}

fn text(text: &Option<Text>) -> Option<String> {
    text.as_ref().map(|text| text.as_str().to_owned())
}

/// Compresses a document for its row.
pub(super) fn compress(what: &str, document: &[u8]) -> Result<Vec<u8>, BooksError> {
    zstd::encode_all(document, 6).map_err(|error| BooksError::Document {
        what: what.to_owned(),
        reason: error.to_string(),
    })
}

/// Ceiling on a decompressed document; the largest recording decodes to under 300 kB.
const DOCUMENT_BYTES: u64 = 64 << 20;

/// The document of a row.
pub(super) fn decompress(what: &str, stored: &[u8]) -> Result<Vec<u8>, BooksError> {
    use std::io::Read;
    let damaged = |reason: String| BooksError::Document {
        what: what.to_owned(),
        reason,
    };
    let decoder = zstd::Decoder::new(stored).map_err(|error| damaged(error.to_string()))?;
    let mut document = Vec::new();
    decoder
        .take(DOCUMENT_BYTES)
        .read_to_end(&mut document)
        .map_err(|error| damaged(error.to_string()))?;
    Ok(document)
}
