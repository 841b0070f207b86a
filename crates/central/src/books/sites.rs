//! Accounts, sites and their settings.

use super::db::{self, Connection, Reader};
use super::rows::{AccountRow, SettingsRow, SiteRow};
use super::{DealerBooks, checked_name, not_found, random, taken};
use crate::clock;
use crate::error::BooksError;
use pagetally_model::{Settings, SettingsError, SiteId, Text, Timestamp};

impl DealerBooks {
    /// Writes in a customer and returns its id.
    ///
    /// # Errors
    ///
    /// Where the name is empty or taken, or the database fails.
    pub async fn create_account(&self, name: &str) -> Result<String, BooksError> {
        let name = checked_name("account", name)?;
        let id = hex::encode(random()?);
        sqlx::query(
            "INSERT INTO accounts (dealer_id, id, name, created_ms) VALUES ($1, $2, $3, $4)",
        )
        .bind(self.me())
        .bind(&id)
        .bind(&name)
        .bind(clock::now().unix_millis())
        .execute(&self.pool)
        .await
        .map_err(|error| taken(error, "account", &name))?;
        Ok(id)
    }

    /// Every customer, by name.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn accounts(&self) -> Result<Vec<AccountRow>, BooksError> {
        let rows = sqlx::query("SELECT id, name FROM accounts WHERE dealer_id = $1 ORDER BY name")
            .bind(self.me())
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| {
                let read = Reader {
                    table: "accounts",
                    row,
                };
                Ok(AccountRow {
                    id: read.raw("id")?,
                    name: read.raw("name")?,
                })
            })
            .collect()
    }

    /// Writes in a site with the default settings as version 1.
    ///
    /// # Errors
    ///
    /// Where the name is empty or taken, the time zone or the account unknown, or the database
    /// fails.
    pub async fn create_site(
        &self,
        account: impl AsRef<str>,
        name: &str,
        time_zone: &str,
    ) -> Result<SiteId, BooksError> {
        let account = account.as_ref();
        let name = checked_name("site", name)?;
        let settings = Settings {
            version: 1,
            time_zone: Text::clean(time_zone),
            ..Settings::default()
        };
        check(&settings)?;
        let site = SiteId::from_bytes(random()?);
        let mut tx = db::begin_write(&self.pool).await?;
        let known: Option<String> =
            sqlx::query_scalar("SELECT id FROM accounts WHERE dealer_id = $1 AND id = $2")
                .bind(self.me())
                .bind(account)
                .fetch_optional(&mut *tx)
                .await?;
        known.ok_or_else(|| not_found("account", account))?;
        sqlx::query(
            "INSERT INTO sites (dealer_id, id, account_id, name, created_ms)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(self.me())
        .bind(site.to_string())
        .bind(account)
        .bind(&name)
        .bind(clock::now().unix_millis())
        .execute(&mut *tx)
        .await
        .map_err(|error| taken(error, "site", &name))?;
        self.insert_settings(&mut tx, site, &settings, "Central")
            .await?;
        tx.commit().await?;
        Ok(site)
    }

    /// Every site, by customer and name.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn sites(&self) -> Result<Vec<SiteRow>, BooksError> {
        let rows = sqlx::query(
            "SELECT s.id, s.name, a.name AS account, t.version, t.time_zone,
                (SELECT COUNT(*) FROM devices d WHERE d.dealer_id = s.dealer_id
                    AND d.site_id = s.id AND d.merged_into IS NULL) AS devices,
                (SELECT COUNT(*) FROM agents g WHERE g.dealer_id = s.dealer_id
                    AND g.site_id = s.id) AS agents
             FROM sites s
             JOIN accounts a ON a.dealer_id = s.dealer_id AND a.id = s.account_id
             JOIN settings t ON t.dealer_id = s.dealer_id AND t.site_id = s.id
                AND t.version = (SELECT MAX(v.version) FROM settings v
                    WHERE v.dealer_id = s.dealer_id AND v.site_id = s.id)
             WHERE s.dealer_id = $1
             ORDER BY a.name, s.name",
        )
        .bind(self.me())
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let read = Reader {
                    table: "sites",
                    row,
                };
                Ok(SiteRow {
                    id: read.parsed("id")?,
                    name: read.raw("name")?,
                    account: read.raw("account")?,
                    time_zone: read.raw("time_zone")?,
                    settings_version: read.count("version")?,
                    devices: read.count("devices")?,
                    agents: read.count("agents")?,
                })
            })
            .collect()
    }

    /// One site.
    ///
    /// # Errors
    ///
    /// Where this dealer has no such site or the database fails.
    pub async fn site(&self, site: SiteId) -> Result<SiteRow, BooksError> {
        let sites = self.sites().await?;
        sites
            .into_iter()
            .find(|row| row.id == site)
            .ok_or_else(|| not_found("site", site))
    }

    /// The settings in force at a site.
    ///
    /// # Errors
    ///
    /// Where this dealer has no such site, or the seal does not open.
    pub async fn settings(&self, site: SiteId) -> Result<SettingsRow, BooksError> {
        let mut connection = self.pool.acquire().await?;
        self.settings_on(&mut connection, site).await
    }

    async fn settings_on(
        &self,
        connection: &mut Connection,
        site: SiteId,
    ) -> Result<SettingsRow, BooksError> {
        let row = sqlx::query(
            "SELECT version, sealed, changed_by, changed_ms FROM settings
             WHERE dealer_id = $1 AND site_id = $2 ORDER BY version DESC LIMIT 1",
        )
        .bind(self.me())
        .bind(site.to_string())
        .fetch_optional(connection)
        .await?
        .ok_or_else(|| not_found("site", site))?;
        let read = Reader {
            table: "settings",
            row: &row,
        };
        let place = self.settings_place(site, read.count("version")?);
        let plain = self.key.open(&place, &read.raw::<Vec<u8>>("sealed")?)?;
        let settings = serde_json::from_slice(&plain).map_err(|error| BooksError::Document {
            what: place,
            reason: error.to_string(),
        })?;
        Ok(SettingsRow {
            settings,
            changed_by: read.raw("changed_by")?,
            changed: read.instant("changed_ms")?,
        })
    }

    /// Puts new settings in force under the next version and returns that version. Settings equal
    /// to those in force keep their version.
    ///
    /// # Errors
    ///
    /// Where a setting is out of its bounds, this dealer has no such site, or the database fails.
    pub async fn set_settings(
        &self,
        site: SiteId,
        settings: &Settings,
        changed_by: &str,
    ) -> Result<u64, BooksError> {
        let mut settings = settings.clone();
        check(&settings)?;
        let mut tx = db::begin_write(&self.pool).await?;
        let current = self.settings_on(&mut tx, site).await?.settings;
        settings.version = current.version;
        if settings == current {
            return Ok(current.version);
        }
        settings.version = current.version.saturating_add(1);
        self.insert_settings(&mut tx, site, &settings, changed_by)
            .await?;
        tx.commit().await?;
        Ok(settings.version)
    }

    async fn insert_settings(
        &self,
        connection: &mut Connection,
        site: SiteId,
        settings: &Settings,
        changed_by: &str,
    ) -> Result<(), BooksError> {
        let place = self.settings_place(site, settings.version);
        let plain = serde_json::to_vec(settings).map_err(|error| BooksError::Document {
            what: place.clone(),
            reason: error.to_string(),
        })?;
        let plain = zeroize::Zeroizing::new(plain);
        sqlx::query(
            "INSERT INTO settings
                (dealer_id, site_id, version, time_zone, sealed, changed_by, changed_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(self.me())
        .bind(site.to_string())
        .bind(db::stored(settings.version))
        .bind(settings.time_zone.as_str())
        .bind(self.key.seal(&place, &plain)?)
        .bind(changed_by)
        .bind(clock::now().unix_millis())
        .execute(connection)
        .await?;
        Ok(())
    }

    fn settings_place(&self, site: SiteId, version: u64) -> String {
        format!("settings/sealed/{}/{site}/{version}", self.dealer)
    }

    /// When the settings in force were set, without opening their seal.
    pub(crate) async fn settings_changed(
        &self,
        site: SiteId,
    ) -> Result<(u64, Timestamp, String), BooksError> {
        let row = sqlx::query(
            "SELECT version, changed_ms, changed_by FROM settings
             WHERE dealer_id = $1 AND site_id = $2 ORDER BY version DESC LIMIT 1",
        )
        .bind(self.me())
        .bind(site.to_string())
        .fetch_optional(&self.pool)
        .await?
        .ok_or_else(|| not_found("site", site))?;
        let read = Reader {
            table: "settings",
            row: &row,
        };
        Ok((
            read.count("version")?,
            read.instant("changed_ms")?,
            read.raw("changed_by")?,
        ))
    }
}

/// Bounds, and the one thing that needs a database of its own: the time zone's name.
fn check(settings: &Settings) -> Result<(), SettingsError> {
    settings.check()?;
    jiff::tz::TimeZone::get(settings.time_zone.as_str())
        .map(|_| ())
        .map_err(|_| SettingsError {
            field: "timeZone",
            reason: format!(
                "{:?} is not a time zone; use an IANA name such as Europe/Berlin",
                settings.time_zone.as_str()
            ),
        })
}
