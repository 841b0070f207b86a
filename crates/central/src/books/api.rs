//! Stock clients: which accounts allow typed messages, the API keys that prove them, and the agents
//! that they call themselves.

use super::agents::{AGENT_COLUMNS, agent_row};
use super::db::{self, Reader};
use super::rows::{AgentKind, AgentRow, ApiAccess, ApiKeyRow};
use super::{Books, DealerBooks, checked_name, not_found, random, random_token};
use crate::clock;
use crate::error::BooksError;
use pagetally_model::{AgentId, DealerId, SiteId, Timestamp};
use zeroize::Zeroizing;

/// API agents of one account. An integration needs one a site; ids are the client's own, so
/// somebody must say how many there may be.
const MAX_CLIENTS: i64 = 1_000;

/// Keys of one account that are not revoked.
const MAX_KEYS: i64 = 100;

/// How often the time of a key's last use is written down.
const NOTE_USE_MILLIS: i64 = 60_000;

/// A new API key. Its secret is shown this once.
pub struct NewApiKey {
    /// The username of the client's token.
    pub id: String,
    /// The password of the client's token.
    pub secret: Zeroizing<String>,
}

impl std::fmt::Debug for NewApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewApiKey({}, …)", self.id)
    }
}

/// A key that is not revoked, with what its holder may do.
pub(crate) struct OpenApiKey {
    pub(crate) dealer: DealerId,
    pub(crate) account: String,
    pub(crate) id: String,
    pub(crate) secret: Zeroizing<String>,
    /// Whether the account allows typed messages now.
    pub(crate) allowed: bool,
}

/// What became of a stock client's registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClientRegistered {
    /// It is an agent of this site, now or since before.
    Yes(SiteId),
    /// The site is not one of the account's, or it must be named.
    NoSuchSite,
    /// The id is another's, or there are too many.
    No,
    /// It was removed.
    Gone,
}

impl DealerBooks {
    /// Whether a customer's account allows typed messages, and its keys, the youngest first.
    ///
    /// # Errors
    ///
    /// Where this dealer has no such account or the database fails.
    pub async fn api_access(&self, account: &str) -> Result<ApiAccess, BooksError> {
        let row = sqlx::query(
            "SELECT name, typed_messages FROM accounts WHERE dealer_id = $1 AND id = $2",
        )
        .bind(self.me())
        .bind(account)
        .fetch_optional(&self.pool)
        .await?
        .ok_or_else(|| not_found("account", account))?;
        let read = Reader {
            table: "accounts",
            row: &row,
        };
        let keys = sqlx::query(
            "SELECT id, name, created_by, created_ms, used_ms, revoked_ms FROM api_keys
             WHERE dealer_id = $1 AND account_id = $2 ORDER BY created_ms DESC, id",
        )
        .bind(self.me())
        .bind(account)
        .fetch_all(&self.pool)
        .await?;
        Ok(ApiAccess {
            account: read.raw("name")?,
            allowed: read.raw::<i64>("typed_messages")? != 0,
            keys: keys.iter().map(key_row).collect::<Result<_, _>>()?,
        })
    }

    /// Allows typed messages for a customer's account, or stops allowing them.
    ///
    /// # Errors
    ///
    /// Where this dealer has no such account or the database fails.
    pub async fn allow_typed_messages(
        &self,
        account: &str,
        allowed: bool,
    ) -> Result<(), BooksError> {
        let changed =
            sqlx::query("UPDATE accounts SET typed_messages = $3 WHERE dealer_id = $1 AND id = $2")
                .bind(self.me())
                .bind(account)
                .bind(i64::from(allowed))
                .execute(&self.pool)
                .await?
                .rows_affected();
        if changed == 0 {
            return Err(not_found("account", account));
        }
        Ok(())
    }

    /// Makes an API key for one integration of a customer's account. The secret is in the answer
    /// alone: the books keep it sealed.
    ///
    /// # Errors
    ///
    /// Where this dealer has no such account, the name is empty, there are too many keys, or the
    /// database fails.
    pub async fn create_api_key(
        &self,
        account: &str,
        name: &str,
        by: &str,
    ) -> Result<NewApiKey, BooksError> {
        let name = checked_name("key", name)?;
        self.api_access(account).await?;
        let id = hex::encode(random()?);
        let secret = Zeroizing::new(random_token()?);
        let sealed = self.key.seal(&place(self.dealer, &id), secret.as_bytes())?;
        let mut tx = db::begin_write(&self.pool).await?;
        let open: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM api_keys
             WHERE dealer_id = $1 AND account_id = $2 AND revoked_ms IS NULL",
        )
        .bind(self.me())
        .bind(account)
        .fetch_one(&mut *tx)
        .await?;
        if open >= MAX_KEYS {
            return Err(BooksError::Invalid {
                field: "key",
                reason: format!("there are {MAX_KEYS} keys; revoke one first"),
            });
        }
        sqlx::query(
            "INSERT INTO api_keys (dealer_id, id, account_id, name, sealed_secret, created_by,
                created_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(self.me())
        .bind(&id)
        .bind(account)
        .bind(&name)
        .bind(sealed)
        .bind(by)
        .bind(clock::now().unix_millis())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(NewApiKey { id, secret })
    }

    /// Revokes an API key and destroys its secret. What it brought stays.
    ///
    /// # Errors
    ///
    /// Where the account has no such key that is not revoked yet, or the database fails.
    pub async fn revoke_api_key(&self, account: &str, id: &str) -> Result<(), BooksError> {
        let changed = sqlx::query(
            "UPDATE api_keys SET revoked_ms = $4, sealed_secret = NULL
             WHERE dealer_id = $1 AND account_id = $2 AND id = $3 AND revoked_ms IS NULL",
        )
        .bind(self.me())
        .bind(account)
        .bind(id)
        .bind(clock::now().unix_millis())
        .execute(&self.pool)
        .await?
        .rows_affected();
        if changed == 0 {
            return Err(not_found("API key", id));
        }
        Ok(())
    }

    /// Notes that a key was used, at most once a minute.
    pub(crate) async fn note_key_used(&self, id: &str, now: Timestamp) -> Result<(), BooksError> {
        let now = now.unix_millis();
        sqlx::query(
            "UPDATE api_keys SET used_ms = $3
             WHERE dealer_id = $1 AND id = $2 AND (used_ms IS NULL OR used_ms < $4)",
        )
        .bind(self.me())
        .bind(id)
        .bind(now)
        .bind(now.saturating_sub(NOTE_USE_MILLIS))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// An API agent of this account, whoever of the account's keys asks.
    pub(crate) async fn client_agent(
        &self,
        account: &str,
        agent: AgentId,
    ) -> Result<Option<AgentRow>, BooksError> {
        let sql = format!(
            "{AGENT_COLUMNS} WHERE g.dealer_id = $1 AND g.id = $2 AND s.account_id = $3
                AND g.kind = 'api'"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(self.me())
            .bind(agent.to_string())
            .bind(account)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(agent_row).transpose()
    }

    /// Writes in a stock client as an agent of one of the account's sites. The same once more
    /// changes what it is called and nothing else.
    pub(crate) async fn register_client(
        &self,
        account: &str,
        site: Option<&str>,
        agent: AgentId,
        name: &str,
        version: &str,
        now: Timestamp,
    ) -> Result<ClientRegistered, BooksError> {
        let Some(site) = self.client_site(account, site).await? else {
            return Ok(ClientRegistered::NoSuchSite);
        };
        let mut tx = db::begin_write(&self.pool).await?;
        let known =
            sqlx::query("SELECT dealer_id, site_id, kind, status FROM agents WHERE id = $1")
                .bind(agent.to_string())
                .fetch_optional(&mut *tx)
                .await?;
        if let Some(row) = &known {
            let read = Reader {
                table: "agents",
                row,
            };
            let same = read.parsed::<DealerId>("dealer_id")? == self.dealer
                && read.parsed::<SiteId>("site_id")? == site
                && read.word::<AgentKind>("kind")? == AgentKind::Api;
            return Ok(match (same, read.raw::<String>("status")?.as_str()) {
                (false, _) => ClientRegistered::No,
                (true, "removed") => ClientRegistered::Gone,
                (true, _) => ClientRegistered::Yes(site),
            });
        }
        let clients: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM agents g
             JOIN sites s ON s.dealer_id = g.dealer_id AND s.id = g.site_id
             WHERE g.dealer_id = $1 AND s.account_id = $2 AND g.kind = 'api'",
        )
        .bind(self.me())
        .bind(account)
        .fetch_one(&mut *tx)
        .await?;
        if clients >= MAX_CLIENTS {
            return Ok(ClientRegistered::No);
        }
        sqlx::query(
            "INSERT INTO agents (dealer_id, id, site_id, verify_key, seal_key, status,
                registered_ms, last_seen_ms, agent_version, head_number, head_hash, kind, name)
             VALUES ($1, $2, $3, $4, $4, 'good', $5, $5, $6, 0, $4, 'api', $7)",
        )
        .bind(self.me())
        .bind(agent.to_string())
        .bind(site.to_string())
        .bind([0_u8; 32].as_slice())
        .bind(now.unix_millis())
        .bind(version)
        .bind(name)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(ClientRegistered::Yes(site))
    }

    /// The account's site of this name or id, or its only one where none is named.
    async fn client_site(
        &self,
        account: &str,
        named: Option<&str>,
    ) -> Result<Option<SiteId>, BooksError> {
        let rows =
            sqlx::query("SELECT id, name FROM sites WHERE dealer_id = $1 AND account_id = $2")
                .bind(self.me())
                .bind(account)
                .fetch_all(&self.pool)
                .await?;
        let mut fitting = Vec::new();
        for row in &rows {
            let read = Reader {
                table: "sites",
                row,
            };
            let (id, name): (SiteId, String) = (read.parsed("id")?, read.raw("name")?);
            if named.is_none_or(|named| named == name || named == id.to_string()) {
                fitting.push(id);
            }
        }
        Ok(match fitting.as_slice() {
            [only] => Some(*only),
            _ => None,
        })
    }
}

impl Books {
    /// A key that is not revoked: a call begins with nothing but the key's id.
    pub(crate) async fn api_key(&self, id: &str) -> Result<Option<OpenApiKey>, BooksError> {
        let row = sqlx::query(
            "SELECT k.dealer_id, k.account_id, k.sealed_secret, a.typed_messages
             FROM api_keys k JOIN accounts a ON a.dealer_id = k.dealer_id AND a.id = k.account_id
             WHERE k.id = $1 AND k.revoked_ms IS NULL AND k.sealed_secret IS NOT NULL",
        )
        .bind(id)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = &row else { return Ok(None) };
        let read = Reader {
            table: "api_keys",
            row,
        };
        let dealer = read.parsed("dealer_id")?;
        let place = place(dealer, id);
        let plain = self
            .key
            .open(&place, &read.raw::<Vec<u8>>("sealed_secret")?)?;
        let secret = std::str::from_utf8(&plain)
            .map_err(|_| crate::error::KeyError::DoesNotOpen { place })?;
        Ok(Some(OpenApiKey {
            dealer,
            account: read.raw("account_id")?,
            id: id.to_owned(),
            secret: Zeroizing::new(secret.to_owned()),
            allowed: read.raw::<i64>("typed_messages")? != 0,
        }))
    }
}

fn place(dealer: DealerId, id: &str) -> String {
    format!("api_keys/sealed_secret/{dealer}/{id}")
}

fn key_row(row: &db::Row) -> Result<ApiKeyRow, BooksError> {
    let read = Reader {
        table: "api_keys",
        row,
    };
    Ok(ApiKeyRow {
        id: read.raw("id")?,
        name: read.raw("name")?,
        created_by: read.raw("created_by")?,
        created: read.instant("created_ms")?,
        used: read.instant_option("used_ms")?,
        revoked: read.instant_option("revoked_ms")?,
    })
}
