//! Enrolment codes and the agents that used them.

use super::db::{self, Reader};
use super::rows::{AgentRow, EnrolmentRow, RejectionRow, SubmissionRow};
use super::{Books, DealerBooks, not_found};
use crate::error::{BooksError, KeyError};
use pagetally_contract::{AgentPublicKeys, CodeId, EnrolmentCode, EnrolmentSecret};
use pagetally_model::{AgentId, DealerId, SiteId, Timestamp};
use std::time::Duration;
use zeroize::Zeroizing;

pub(super) const AGENT_COLUMNS: &str =
    "SELECT g.dealer_id, g.id, g.site_id, s.name AS site_name, t.time_zone,
        g.verify_key, g.seal_key, g.status, g.registered_ms, g.last_seen_ms, g.agent_version,
        g.settings_version, g.head_number, g.head_hash, g.gap_expected, g.gap_offered, g.kind,
        g.name
     FROM agents g
     JOIN sites s ON s.dealer_id = g.dealer_id AND s.id = g.site_id
     JOIN settings t ON t.dealer_id = g.dealer_id AND t.site_id = g.site_id
        AND t.version = (SELECT MAX(v.version) FROM settings v
            WHERE v.dealer_id = g.dealer_id AND v.site_id = g.site_id)";

/// An enrolment code that may still let one agent in.
pub(crate) struct OpenCode {
    pub(crate) dealer: DealerId,
    pub(crate) site: SiteId,
    pub(crate) secret: EnrolmentSecret,
}

/// Whether a registration was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Registered {
    /// The agent belongs to the code's site now, or did already by this very code and these keys.
    Yes,
    /// The code was used by another in the meantime, or the agent is known under other keys or at
    /// another site.
    No,
}

impl DealerBooks {
    /// Makes an enrolment code for one agent of a site. The code is in the answer alone: the books
    /// keep its secret sealed.
    ///
    /// # Errors
    ///
    /// Where this dealer has no such site or the database fails.
    pub async fn create_enrolment_code(
        &self,
        site: SiteId,
        central_url: &str,
        now: Timestamp,
        valid_for: Duration,
    ) -> Result<EnrolmentCode, BooksError> {
        self.site(site).await?;
        let central_key = self.public_key().await?;
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *secret).map_err(KeyError::Random)?;
        let secret = EnrolmentSecret::from_bytes(*secret);
        let code_id = CodeId::of(&secret);
        let millis = i64::try_from(valid_for.as_millis()).unwrap_or(i64::MAX);
        let expires = Timestamp::from_unix_millis(now.unix_millis().saturating_add(millis));
        sqlx::query(
            "INSERT INTO enrolment_codes
                (dealer_id, id, site_id, sealed_secret, created_ms, expires_ms)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(self.me())
        .bind(code_id.to_string())
        .bind(site.to_string())
        .bind(
            self.key
                .seal(&code_place(self.dealer, &code_id), secret.expose())?,
        )
        .bind(now.unix_millis())
        .bind(expires.unix_millis())
        .execute(&self.pool)
        .await?;
        self.forget_secrets(now).await?;
        Ok(EnrolmentCode {
            central_url: central_url.to_owned(),
            central_key,
            code_id,
            secret,
            expires,
        })
    }

    /// Destroys the secrets of codes that have expired: nobody needs them any more.
    async fn forget_secrets(&self, now: Timestamp) -> Result<(), BooksError> {
        sqlx::query(
            "UPDATE enrolment_codes SET sealed_secret = $3
             WHERE dealer_id = $1 AND expires_ms <= $2 AND LENGTH(sealed_secret) > 0",
        )
        .bind(self.me())
        .bind(now.unix_millis())
        .bind([0_u8; 0].as_slice())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// A site's enrolment codes, the youngest first.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn enrolment_codes(&self, site: SiteId) -> Result<Vec<EnrolmentRow>, BooksError> {
        let rows = sqlx::query(
            "SELECT id, created_ms, expires_ms, used_ms, used_by FROM enrolment_codes
             WHERE dealer_id = $1 AND site_id = $2 ORDER BY created_ms DESC, id",
        )
        .bind(self.me())
        .bind(site.to_string())
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let read = Reader {
                    table: "enrolment_codes",
                    row,
                };
                let used_by = read.parsed_option("used_by")?;
                Ok(EnrolmentRow {
                    id: read.raw("id")?,
                    created: read.instant("created_ms")?,
                    expires: read.instant("expires_ms")?,
                    used: used_by.zip(read.instant_option("used_ms")?),
                })
            })
            .collect()
    }

    /// Spends a code on an agent, binding both of its keys, in one transaction.
    ///
    /// An agent of the code's site that is known under these very keys comes back by it, out of
    /// quarantine or after it was removed.
    pub(crate) async fn register(
        &self,
        code: &CodeId,
        site: SiteId,
        agent: AgentId,
        keys: &AgentPublicKeys,
        agent_version: &str,
        now: Timestamp,
    ) -> Result<Registered, BooksError> {
        let mut tx = db::begin_write(&self.pool).await?;
        let spent = sqlx::query(
            "UPDATE enrolment_codes SET used_ms = $3, used_by = $4
             WHERE dealer_id = $1 AND id = $2 AND used_by IS NULL AND expires_ms > $3",
        )
        .bind(self.me())
        .bind(code.to_string())
        .bind(now.unix_millis())
        .bind(agent.to_string())
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if spent == 0 {
            return self.registered_before(&mut tx, code, agent, keys).await;
        }
        if self.take_back(&mut tx, site, agent, keys, now).await?
            || self
                .take_back_restored(&mut tx, site, agent, keys, now)
                .await?
        {
            tx.commit().await?;
            return Ok(Registered::Yes);
        }
        let inserted = sqlx::query(
            "INSERT INTO agents (dealer_id, id, site_id, verify_key, seal_key, status,
                registered_ms, last_seen_ms, agent_version, head_number, head_hash)
             VALUES ($1, $2, $3, $4, $5, 'good', $6, $6, $7, 0, $8)",
        )
        .bind(self.me())
        .bind(agent.to_string())
        .bind(site.to_string())
        .bind(keys.signing.as_bytes().as_slice())
        .bind(keys.sealing.as_bytes().as_slice())
        .bind(now.unix_millis())
        .bind(agent_version)
        .bind([0_u8; 32].as_slice())
        .execute(&mut *tx)
        .await;
        match inserted {
            Ok(_) => {}
            Err(error) if db::is_taken(&error) => return Ok(Registered::No),
            Err(error) => return Err(error.into()),
        }
        tx.commit().await?;
        Ok(Registered::Yes)
    }

    /// Lets a known agent go on. Its books stay as they are, and what is in quarantine stays there.
    async fn take_back(
        &self,
        tx: &mut db::Connection,
        site: SiteId,
        agent: AgentId,
        keys: &AgentPublicKeys,
        now: Timestamp,
    ) -> Result<bool, BooksError> {
        let known = sqlx::query(
            "UPDATE agents SET status = 'good', last_seen_ms = $6, gap_expected = NULL,
                gap_offered = NULL, gap_ms = NULL
             WHERE dealer_id = $1 AND id = $2 AND site_id = $3 AND verify_key = $4
                AND seal_key = $5 AND kind = 'onsite'",
        )
        .bind(self.me())
        .bind(agent.to_string())
        .bind(site.to_string())
        .bind(keys.signing.as_bytes().as_slice())
        .bind(keys.sealing.as_bytes().as_slice())
        .bind(now.unix_millis())
        .execute(tx)
        .await?
        .rows_affected();
        Ok(known > 0)
    }

    /// The same for an agent whose folder was restored from a backup made before it changed its keys: it
    /// goes on under those that it has.
    async fn take_back_restored(
        &self,
        tx: &mut db::Connection,
        site: SiteId,
        agent: AgentId,
        keys: &AgentPublicKeys,
        now: Timestamp,
    ) -> Result<bool, BooksError> {
        let here: Option<String> = sqlx::query_scalar(
            "SELECT id FROM agents WHERE dealer_id = $1 AND id = $2 AND site_id = $3",
        )
        .bind(self.me())
        .bind(agent.to_string())
        .bind(site.to_string())
        .fetch_optional(&mut *tx)
        .await?;
        if here.is_none() || !self.go_back_to(tx, agent, keys, now).await? {
            return Ok(false);
        }
        self.take_back(tx, site, agent, keys, now).await
    }

    /// Whether this agent spent this code before with these very keys: then its answer was lost,
    /// and it may have it again. A code does not lift a quarantine twice.
    async fn registered_before(
        &self,
        tx: &mut db::Connection,
        code: &CodeId,
        agent: AgentId,
        keys: &AgentPublicKeys,
    ) -> Result<Registered, BooksError> {
        let same: Option<String> = sqlx::query_scalar(
            "SELECT g.id FROM agents g
             JOIN enrolment_codes c ON c.dealer_id = g.dealer_id AND c.used_by = g.id
             WHERE g.dealer_id = $1 AND g.id = $2 AND c.id = $3
                AND g.verify_key = $4 AND g.seal_key = $5 AND g.status = 'good'",
        )
        .bind(self.me())
        .bind(agent.to_string())
        .bind(code.to_string())
        .bind(keys.signing.as_bytes().as_slice())
        .bind(keys.sealing.as_bytes().as_slice())
        .fetch_optional(tx)
        .await?;
        Ok(same.map_or(Registered::No, |_| Registered::Yes))
    }

    /// Every agent, by site.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn agents(&self) -> Result<Vec<AgentRow>, BooksError> {
        let sql = format!("{AGENT_COLUMNS} WHERE g.dealer_id = $1 ORDER BY s.name, g.id");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(self.me())
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(agent_row).collect()
    }

    /// One agent.
    ///
    /// # Errors
    ///
    /// Where this dealer has no such agent or the database fails.
    pub async fn agent(&self, agent: AgentId) -> Result<AgentRow, BooksError> {
        let sql = format!("{AGENT_COLUMNS} WHERE g.dealer_id = $1 AND g.id = $2");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(self.me())
            .bind(agent.to_string())
            .fetch_optional(&self.pool)
            .await?
            .ok_or_else(|| not_found("agent", agent))?;
        agent_row(&row)
    }

    /// Notes that an agent called, and which settings it said that it holds.
    pub(crate) async fn note_call(
        &self,
        agent: AgentId,
        settings_version: Option<u64>,
        now: Timestamp,
    ) -> Result<(), BooksError> {
        sqlx::query(
            "UPDATE agents SET last_seen_ms = $3, settings_version = COALESCE($4, settings_version)
             WHERE dealer_id = $1 AND id = $2",
        )
        .bind(self.me())
        .bind(agent.to_string())
        .bind(now.unix_millis())
        .bind(settings_version.map(db::stored))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Stops expecting an agent. Its history stays, and it is answered that it is gone.
    ///
    /// # Errors
    ///
    /// Where this dealer has no such agent or the database fails.
    pub async fn remove_agent(&self, agent: AgentId) -> Result<(), BooksError> {
        let changed =
            sqlx::query("UPDATE agents SET status = 'removed' WHERE dealer_id = $1 AND id = $2")
                .bind(self.me())
                .bind(agent.to_string())
                .execute(&self.pool)
                .await?
                .rows_affected();
        if changed == 0 {
            return Err(not_found("agent", agent));
        }
        Ok(())
    }

    /// An agent's accepted submissions, by number.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn submissions(&self, agent: AgentId) -> Result<Vec<SubmissionRow>, BooksError> {
        let rows = sqlx::query(
            "SELECT id, agent_id, number, content, header_hash, leaves, created_ms, received_ms,
                repeats, reason, rejected_document, withheld,
                CASE WHEN verdict = 'rejected' THEN
                    (SELECT MIN(l.number) FROM submissions l
                     WHERE l.dealer_id = s.dealer_id AND l.agent_id = s.agent_id
                        AND l.number > s.number AND l.content = s.content
                        AND l.verdict = 'accepted')
                END AS settled
             FROM submissions s WHERE dealer_id = $1 AND agent_id = $2 ORDER BY number",
        )
        .bind(self.me())
        .bind(agent.to_string())
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let read = Reader {
                    table: "submissions",
                    row,
                };
                Ok(SubmissionRow {
                    id: read.parsed("id")?,
                    agent: read.parsed("agent_id")?,
                    number: read.count("number")?,
                    content: read.hash("content")?,
                    header_hash: read.hash("header_hash")?,
                    leaves: read.count("leaves")?,
                    created: read.instant("created_ms")?,
                    received: read.instant("received_ms")?,
                    repeats: read.count("repeats")?,
                    rejected: rejection(&read)?,
                    withheld: read.count("withheld")?,
                })
            })
            .collect()
    }
}

impl Books {
    /// The agent with this id, whoever's it is: a call begins with nothing but the id.
    pub(crate) async fn agent(&self, agent: AgentId) -> Result<Option<AgentRow>, BooksError> {
        let sql = format!("{AGENT_COLUMNS} WHERE g.id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(agent.to_string())
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(agent_row).transpose()
    }

    /// A code that is not expired and that nobody but `agent` has used. Tries with other secrets are not
    /// counted: nobody guesses 256 bits, and whoever learnt a code's name on the way could kill it.
    pub(crate) async fn open_code(
        &self,
        code: &CodeId,
        agent: AgentId,
        now: Timestamp,
    ) -> Result<Option<OpenCode>, BooksError> {
        let row = sqlx::query(
            "SELECT dealer_id, site_id, sealed_secret FROM enrolment_codes
             WHERE id = $1 AND expires_ms > $2 AND (used_by IS NULL OR used_by = $3)",
        )
        .bind(code.to_string())
        .bind(now.unix_millis())
        .bind(agent.to_string())
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = &row else { return Ok(None) };
        let read = Reader {
            table: "enrolment_codes",
            row,
        };
        let dealer = read.parsed("dealer_id")?;
        let place = code_place(dealer, code);
        let plain = self
            .key
            .open(&place, &read.raw::<Vec<u8>>("sealed_secret")?)?;
        let secret: [u8; 32] = plain
            .as_slice()
            .try_into()
            .map_err(|_| KeyError::DoesNotOpen { place })?;
        Ok(Some(OpenCode {
            dealer,
            site: read.parsed("site_id")?,
            secret: EnrolmentSecret::from_bytes(secret),
        }))
    }
}

fn code_place(dealer: DealerId, code: &CodeId) -> String {
    format!("enrolment_codes/sealed_secret/{dealer}/{code}")
}

fn rejection(read: &Reader<'_>) -> Result<Option<RejectionRow>, BooksError> {
    let Some(reason) = read.raw("reason")? else {
        return Ok(None);
    };
    Ok(Some(RejectionRow {
        document: read.raw("rejected_document")?,
        reason,
        settled: read.count_option("settled")?,
    }))
}

pub(super) fn agent_row(row: &db::Row) -> Result<AgentRow, BooksError> {
    let read = Reader {
        table: "agents",
        row,
    };
    Ok(AgentRow {
        dealer: read.parsed("dealer_id")?,
        id: read.parsed("id")?,
        site: read.parsed("site_id")?,
        site_name: read.raw("site_name")?,
        time_zone: read.raw("time_zone")?,
        kind: read.word("kind")?,
        name: read.raw("name")?,
        verify_key: read.hash("verify_key")?,
        seal_key: read.hash("seal_key")?,
        status: read.word("status")?,
        registered: read.instant("registered_ms")?,
        last_seen: read.instant("last_seen_ms")?,
        agent_version: read.raw("agent_version")?,
        settings_version: read.count_option("settings_version")?,
        head_number: read.count("head_number")?,
        head_hash: read.hash("head_hash")?,
        gap: read
            .count_option("gap_expected")?
            .zip(read.count_option("gap_offered")?),
    })
}
