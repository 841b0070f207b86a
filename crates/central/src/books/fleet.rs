//! Reading the fleet: devices, and what their audits said.

use super::DealerBooks;
use super::db::{Db, Reader, Row};
use super::devices::decompress;
use super::rows::{
    AlertRow, AuditRow, DeviceEvent, DeviceFilter, DeviceOrder, DeviceRow, MeterPoint, MeterRow,
    SupplyRow,
};
use crate::error::BooksError;
use pagetally_model::{
    AuditId, CounterUnit, DeviceAudit, DeviceId, LevelReading, MeterColor, MeterFunction,
    MeterSides, MeterSize,
};
use sqlx::QueryBuilder;

/// A later pass of the same agent that is not the one of the device's latest audit.
const MISSED: &str = "EXISTS (SELECT 1 FROM passes p
        JOIN audits l ON l.dealer_id = d.dealer_id AND l.id = d.latest_audit
        WHERE p.dealer_id = d.dealer_id AND p.agent_id = l.agent_id AND p.number > l.number
            AND p.id <> l.pass_id)";

const DEVICE_COLUMNS: &str = "SELECT d.id, d.site_id, s.name AS site_name, c.name AS account,
        t.time_zone, d.manufacturer, d.model, d.serial, d.mac, d.hostname, d.location, d.firmware,
        d.address, d.printer_state, d.device_state, d.latest_audit, d.read_ms, d.received_ms,
        d.total, d.mono, d.color, d.alerts, d.critical_alerts,
        w.slot AS slot, w.description, w.kind, w.class, w.colorant, w.state, w.percent, w.amount,
        w.level_capacity, w.exactness, w.measures, w.unit, w.capacity, w.part_number,
        w.serial AS supply_serial, ";

const DEVICE_TABLES: &str = " AS missed
     FROM devices d
     JOIN sites s ON s.dealer_id = d.dealer_id AND s.id = d.site_id
     JOIN accounts c ON c.dealer_id = s.dealer_id AND c.id = s.account_id
     JOIN settings t ON t.dealer_id = d.dealer_id AND t.site_id = d.site_id
        AND t.version = (SELECT MAX(v.version) FROM settings v
            WHERE v.dealer_id = d.dealer_id AND v.site_id = d.site_id)
     LEFT JOIN supplies w ON w.dealer_id = d.dealer_id AND w.audit_id = d.latest_audit
        AND w.position = d.worst_supply
     WHERE d.merged_into IS NULL AND d.dealer_id = ";

impl DealerBooks {
    /// Devices, filtered and sorted.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn devices(&self, filter: &DeviceFilter) -> Result<Vec<DeviceRow>, BooksError> {
        let mut query = QueryBuilder::<Db>::new(DEVICE_COLUMNS);
        query.push(MISSED).push(DEVICE_TABLES).push_bind(self.me());
        narrow(&mut query, filter);
        query.push(" ORDER BY ").push(order(filter)).push(", d.id");
        if filter.limit > 0 {
            query
                .push(" LIMIT ")
                .push_bind(super::db::stored(filter.limit))
                .push(" OFFSET ")
                .push_bind(super::db::stored(filter.offset));
        }
        let rows = query.build().fetch_all(&self.pool).await?;
        rows.iter().map(device_row).collect()
    }

    /// How many devices a filter lets through, whatever its limit.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn count_devices(&self, filter: &DeviceFilter) -> Result<u64, BooksError> {
        let mut query = QueryBuilder::<Db>::new(
            "SELECT COUNT(*) AS devices FROM devices d WHERE d.merged_into IS NULL
                AND d.dealer_id = ",
        );
        query.push_bind(self.me());
        narrow(&mut query, filter);
        let row = query.build().fetch_one(&self.pool).await?;
        Reader {
            table: "devices",
            row: &row,
        }
        .count("devices")
    }

    /// One device. A device that was merged into another is answered as that other.
    ///
    /// # Errors
    ///
    /// Where this dealer has no such device or the database fails.
    pub async fn device(&self, device: DeviceId) -> Result<DeviceRow, BooksError> {
        let merged: Option<Option<String>> =
            sqlx::query_scalar("SELECT merged_into FROM devices WHERE dealer_id = $1 AND id = $2")
                .bind(self.me())
                .bind(device.to_string())
                .fetch_optional(&self.pool)
                .await?;
        let id = merged.flatten().unwrap_or_else(|| device.to_string());
        let mut query = QueryBuilder::<Db>::new(DEVICE_COLUMNS);
        query
            .push(MISSED)
            .push(DEVICE_TABLES)
            .push_bind(self.me())
            .push(" AND d.id = ")
            .push_bind(id);
        let row = query
            .build()
            .fetch_optional(&self.pool)
            .await?
            .ok_or_else(|| super::not_found("device", device))?;
        device_row(&row)
    }

    /// The meters of one audit, in its order.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn meters(&self, audit: AuditId) -> Result<Vec<MeterRow>, BooksError> {
        let rows = sqlx::query(
            "SELECT function, color, size, sides, unit, value, exactness, rule_name FROM meters
             WHERE dealer_id = $1 AND audit_id = $2 ORDER BY position",
        )
        .bind(self.me())
        .bind(audit.to_string())
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let read = Reader {
                    table: "meters",
                    row,
                };
                Ok(MeterRow {
                    function: read.word("function")?,
                    color: read.word("color")?,
                    size: read.word("size")?,
                    sides: read.word("sides")?,
                    unit: read.word("unit")?,
                    value: read.count("value")?,
                    exactness: read.word("exactness")?,
                    rule: read.raw("rule_name")?,
                })
            })
            .collect()
    }

    /// The supplies of one audit, in its order.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn supplies(&self, audit: AuditId) -> Result<Vec<SupplyRow>, BooksError> {
        let rows = sqlx::query(
            "SELECT slot, description, kind, class, colorant, state, percent, amount,
                level_capacity, exactness, measures, unit, capacity, part_number,
                serial AS supply_serial
             FROM supplies WHERE dealer_id = $1 AND audit_id = $2 ORDER BY position",
        )
        .bind(self.me())
        .bind(audit.to_string())
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(supply_row).collect()
    }

    /// The alerts of one audit, in its order.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn alerts(&self, audit: AuditId) -> Result<Vec<AlertRow>, BooksError> {
        let rows = sqlx::query(
            "SELECT slot, severity, part_group, code, code_name, description FROM alerts
             WHERE dealer_id = $1 AND audit_id = $2 ORDER BY position",
        )
        .bind(self.me())
        .bind(audit.to_string())
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let read = Reader {
                    table: "alerts",
                    row,
                };
                Ok(AlertRow {
                    slot: read.raw("slot")?,
                    severity: read.word("severity")?,
                    group: read.raw("part_group")?,
                    code: read.raw("code")?,
                    code_name: read.raw("code_name")?,
                    description: read.raw("description")?,
                })
            })
            .collect()
    }

    /// A device's audits, the latest first.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn audits(&self, device: DeviceId, limit: u64) -> Result<Vec<AuditRow>, BooksError> {
        let rows = sqlx::query(
            "SELECT a.id, a.device_id, a.agent_id, g.kind AS agent_kind, a.number, a.leaf, a.pass_id,
                a.read_ms, a.received_ms, LENGTH(a.document) AS bytes
             FROM audits a JOIN agents g ON g.dealer_id = a.dealer_id AND g.id = a.agent_id
             WHERE a.dealer_id = $1 AND a.device_id = $2 ORDER BY a.sequence DESC LIMIT $3",
        )
        .bind(self.me())
        .bind(device.to_string())
        .bind(super::db::stored(limit))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(audit_row).collect()
    }

    /// One audit, without its document.
    ///
    /// # Errors
    ///
    /// Where this dealer has no such audit or the database fails.
    pub async fn audit(&self, audit: AuditId) -> Result<AuditRow, BooksError> {
        let row = sqlx::query(
            "SELECT a.id, a.device_id, a.agent_id, g.kind AS agent_kind, a.number, a.leaf, a.pass_id,
                a.read_ms, a.received_ms, LENGTH(a.document) AS bytes
             FROM audits a JOIN agents g ON g.dealer_id = a.dealer_id AND g.id = a.agent_id
             WHERE a.dealer_id = $1 AND a.id = $2",
        )
        .bind(self.me())
        .bind(audit.to_string())
        .fetch_optional(&self.pool)
        .await?
        .ok_or_else(|| super::not_found("audit", audit))?;
        audit_row(&row)
    }

    /// An audit's document: the canonical bytes that were signed.
    ///
    /// # Errors
    ///
    /// Where this dealer has no such audit or its document is damaged.
    pub async fn audit_bytes(&self, audit: AuditId) -> Result<Vec<u8>, BooksError> {
        let stored: Vec<u8> =
            sqlx::query_scalar("SELECT document FROM audits WHERE dealer_id = $1 AND id = $2")
                .bind(self.me())
                .bind(audit.to_string())
                .fetch_optional(&self.pool)
                .await?
                .ok_or_else(|| super::not_found("audit", audit))?;
        decompress(&format!("audit {audit}"), &stored)
    }

    /// An audit's document, read.
    ///
    /// # Errors
    ///
    /// Where this dealer has no such audit or its document is damaged.
    pub async fn audit_document(&self, audit: AuditId) -> Result<DeviceAudit, BooksError> {
        let document = self.audit_bytes(audit).await?;
        serde_json::from_slice(&document).map_err(|error| BooksError::Document {
            what: format!("audit {audit}"),
            reason: error.to_string(),
        })
    }

    /// The latest points of one meter over all sizes and sides, the oldest of them first.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn meter_history(
        &self,
        device: DeviceId,
        function: MeterFunction,
        color: MeterColor,
        unit: CounterUnit,
        limit: u64,
    ) -> Result<Vec<MeterPoint>, BooksError> {
        let rows = sqlx::query(
            "SELECT a.read_ms, m.value FROM audits a
             JOIN meters m ON m.dealer_id = a.dealer_id AND m.audit_id = a.id
             WHERE a.dealer_id = $1 AND a.device_id = $2 AND m.function = $3 AND m.color = $4
                AND m.size = $5 AND m.sides = $6 AND m.unit = $7
             ORDER BY a.sequence DESC LIMIT $8",
        )
        .bind(self.me())
        .bind(device.to_string())
        .bind(super::db::word(&function))
        .bind(super::db::word(&color))
        .bind(super::db::word(&MeterSize::Any))
        .bind(super::db::word(&MeterSides::Any))
        .bind(super::db::word(&unit))
        .bind(super::db::stored(limit))
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .rev()
            .map(|row| {
                let read = Reader {
                    table: "meters",
                    row,
                };
                Ok(MeterPoint {
                    read: read.instant("read_ms")?,
                    value: read.count("value")?,
                })
            })
            .collect()
    }

    /// What rules and people decided about a device's identity, the latest first.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn device_events(&self, device: DeviceId) -> Result<Vec<DeviceEvent>, BooksError> {
        let rows = sqlx::query(
            "SELECT id, kind, device_id, other_device_id, rule_version, detail, by_whom, at_ms,
                undone_by
             FROM device_events
             WHERE dealer_id = $1 AND (device_id = $2 OR other_device_id = $2)
             ORDER BY at_ms DESC, id",
        )
        .bind(self.me())
        .bind(device.to_string())
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(event_row).collect()
    }
}

/// Adds a filter's conditions on the table of devices, `d`.
fn narrow(query: &mut QueryBuilder<Db>, filter: &DeviceFilter) {
    if let Some(site) = filter.site {
        query.push(" AND d.site_id = ").push_bind(site.to_string());
    }
    if filter.with_alerts {
        query.push(" AND d.alerts > 0");
    }
    if filter.missed_last_pass {
        query.push(" AND ").push(MISSED);
    }
    for word in filter.search.split_whitespace().take(8) {
        let pattern = like_pattern(word);
        query.push(" AND (");
        let columns = [
            "manufacturer",
            "model",
            "serial",
            "mac",
            "hostname",
            "location",
            "address",
        ];
        for (index, column) in columns.into_iter().enumerate() {
            let or = if index == 0 { "" } else { " OR " };
            query
                .push(format_args!("{or}LOWER(d.{column}) LIKE "))
                .push_bind(pattern.clone())
                .push(" ESCAPE '!'");
        }
        query.push(")");
    }
}

/// A word as a pattern that finds it anywhere, its own wildcards taken literally.
fn like_pattern(word: &str) -> String {
    let mut pattern = String::from("%");
    for character in word.to_lowercase().chars().take(80) {
        if matches!(character, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// The ORDER BY of a filter; what is unknown comes last either way.
fn order(filter: &DeviceFilter) -> &'static str {
    match (filter.order, filter.reversed) {
        (DeviceOrder::Attention, false) => {
            "COALESCE(d.critical_alerts, 0) DESC, COALESCE(d.worst_rank, 1000) ASC,
                COALESCE(d.alerts, 0) DESC"
        }
        (DeviceOrder::Attention, true) => {
            "COALESCE(d.critical_alerts, 0) ASC, COALESCE(d.worst_rank, -1) DESC,
                COALESCE(d.alerts, 0) ASC"
        }
        (DeviceOrder::Model, false) => {
            "d.manufacturer IS NULL, LOWER(d.manufacturer), LOWER(d.model)"
        }
        (DeviceOrder::Model, true) => {
            "d.manufacturer IS NULL, LOWER(d.manufacturer) DESC, LOWER(d.model) DESC"
        }
        (DeviceOrder::Serial, false) => "d.serial IS NULL, d.serial",
        (DeviceOrder::Serial, true) => "d.serial IS NULL, d.serial DESC",
        (DeviceOrder::Site, false) => "c.name, s.name, d.manufacturer, d.model",
        (DeviceOrder::Site, true) => "c.name DESC, s.name DESC, d.manufacturer, d.model",
        (DeviceOrder::Address, false) => "d.address IS NULL, LENGTH(d.address), d.address",
        (DeviceOrder::Address, true) => "d.address IS NULL, LENGTH(d.address) DESC, d.address DESC",
        (DeviceOrder::Total, false) => "d.total IS NULL, d.total DESC",
        (DeviceOrder::Total, true) => "d.total IS NULL, d.total",
        (DeviceOrder::LastSeen, false) => "d.read_ms IS NULL, d.read_ms",
        (DeviceOrder::LastSeen, true) => "d.read_ms IS NULL, d.read_ms DESC",
    }
}

fn device_row(row: &Row) -> Result<DeviceRow, BooksError> {
    let read = Reader {
        table: "devices",
        row,
    };
    let has_worst: Option<String> = read.raw("slot")?;
    Ok(DeviceRow {
        id: read.parsed("id")?,
        site: read.parsed("site_id")?,
        site_name: read.raw("site_name")?,
        account: read.raw("account")?,
        time_zone: read.raw("time_zone")?,
        manufacturer: read.raw("manufacturer")?,
        model: read.raw("model")?,
        serial: read.raw("serial")?,
        mac: read.raw("mac")?,
        hostname: read.raw("hostname")?,
        location: read.raw("location")?,
        firmware: read.raw("firmware")?,
        address: read.parsed_option("address")?,
        printer_state: read.word_option("printer_state")?,
        device_state: read.word_option("device_state")?,
        latest_audit: read.parsed_option("latest_audit")?,
        read: read.instant_option("read_ms")?,
        received: read.instant_option("received_ms")?,
        missed_last_pass: read.raw("missed")?,
        total: read.count_option("total")?,
        mono: read.count_option("mono")?,
        color: read.count_option("color")?,
        worst_supply: has_worst.map(|_| supply_row(row)).transpose()?,
        alerts: read.count_option("alerts")?.unwrap_or(0),
        critical_alerts: read.count_option("critical_alerts")?.unwrap_or(0),
    })
}

fn supply_row(row: &Row) -> Result<SupplyRow, BooksError> {
    let read = Reader {
        table: "supplies",
        row,
    };
    let state: String = read.raw("state")?;
    let percent = read.count_option("percent")?.map(u8::try_from).transpose();
    let level = percent.ok().and_then(|percent| {
        LevelReading::level_from_parts(
            &state,
            percent,
            read.count_option("amount").ok()?,
            read.count_option("level_capacity").ok()?,
        )
    });
    Ok(SupplyRow {
        slot: read.raw("slot")?,
        description: read.raw("description")?,
        kind: read.word("kind")?,
        class: read.word("class")?,
        colorant: read.raw("colorant")?,
        level: LevelReading {
            level: level.ok_or(BooksError::Corrupt {
                table: "supplies",
                column: "state",
                text: state,
            })?,
            exactness: read.word("exactness")?,
        },
        measures: read.word("measures")?,
        unit: read.word("unit")?,
        capacity: read.count_option("capacity")?,
        part_number: read.raw("part_number")?,
        serial: read.raw("supply_serial")?,
    })
}

fn audit_row(row: &Row) -> Result<AuditRow, BooksError> {
    let read = Reader {
        table: "audits",
        row,
    };
    Ok(AuditRow {
        id: read.parsed("id")?,
        device: read.parsed("device_id")?,
        agent: read.parsed("agent_id")?,
        agent_kind: read.word("agent_kind")?,
        number: read.count("number")?,
        leaf: read.count("leaf")?,
        pass: read.parsed("pass_id")?,
        read: read.instant("read_ms")?,
        received: read.instant("received_ms")?,
        bytes: read.count("bytes")?,
    })
}

fn event_row(row: &Row) -> Result<DeviceEvent, BooksError> {
    let read = Reader {
        table: "device_events",
        row,
    };
    Ok(DeviceEvent {
        id: read.raw("id")?,
        kind: read.raw("kind")?,
        device: read.parsed("device_id")?,
        other: read.parsed_option("other_device_id")?,
        rule_version: read.count("rule_version")?,
        detail: read.raw("detail")?,
        by: read.raw("by_whom")?,
        at: read.instant("at_ms")?,
        undone_by: read.raw("undone_by")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_searched_wildcard_is_taken_literally() {
        assert_eq!(like_pattern("50%_!"), "%50!%!_!!%");
    }
}
