//! Central's books: every question to the database, each scoped to one dealer.

mod agent_keys;
mod agents;
mod api;
mod db;
mod devices;
mod fleet;
mod headline;
mod identity;
mod intake;
mod keys;
mod notices;
mod passes;
mod people;
mod proofs;
mod quarantine;
mod regroup;
mod rows;
mod sites;
mod supply_rank;
mod typed_intake;
mod withheld;

pub(crate) use agents::Registered;
pub use api::NewApiKey;
pub(crate) use api::{ClientRegistered, OpenApiKey};
pub(crate) use headline::history_unit;
pub use identity::MATCH_RULE_VERSION;
pub(crate) use intake::{Delivery, Outcome, Rejection};
pub use keys::CentralKeyRow;
pub use people::generate_password;
pub(crate) use people::random_token;
pub use rows::{
    AccountRow, AgentKind, AgentRow, AgentStatus, AlertRow, ApiAccess, ApiKeyRow, AuditRow,
    DealerRow, DeviceEvent, DeviceFilter, DeviceOrder, DeviceRow, EnrolmentRow, ForkRow,
    MeterPoint, MeterRow, NoticeRow, ObservationRow, PassRow, RejectionRow, SettingsRow, SiteRow,
    SubmissionRow, SupplyRow, WithheldRow,
};

pub(crate) use typed_intake::{TypedDelivery, TypedDeliveryError, TypedOutcome};

use crate::clock;
use crate::config::Storage;
use crate::error::{BooksError, KeyError};
use crate::key::ServerKey;
use db::{Connection, Pool, Reader};
use pagetally_model::DealerId;
use std::sync::Arc;

/// The database and the server key. Cheap to clone: all clones are the same books.
#[derive(Clone, Debug)]
pub struct Books {
    pool: Pool,
    key: Arc<ServerKey>,
}

/// The books of one dealer. Every query that it makes names that dealer.
#[derive(Clone, Debug)]
pub struct DealerBooks {
    pool: Pool,
    key: Arc<ServerKey>,
    dealer: DealerId,
}

impl Books {
    /// Opens the books, making them where they do not exist.
    ///
    /// # Errors
    ///
    /// Where the folder, the key file or the database cannot be used.
    pub async fn open(storage: &Storage) -> Result<Self, BooksError> {
        let (pool, key) = db::open(storage).await?;
        Ok(Self {
            pool,
            key: Arc::new(key),
        })
    }

    /// Writes in a dealer and makes its key pair for sealed messages.
    ///
    /// # Errors
    ///
    /// Where the name is empty or the database fails.
    pub async fn create_dealer(&self, name: &str) -> Result<DealerId, BooksError> {
        let mut tx = db::begin_write(&self.pool).await?;
        let dealer = self.insert_dealer(&mut tx, name).await?;
        tx.commit().await?;
        Ok(dealer)
    }

    async fn insert_dealer(&self, tx: &mut Connection, name: &str) -> Result<DealerId, BooksError> {
        let name = checked_name("dealer", name)?;
        let dealer = DealerId::from_bytes(random()?);
        sqlx::query(
            "INSERT INTO dealers (id, name, audit_sequence, created_ms) VALUES ($1, $2, 0, $3)",
        )
        .bind(dealer.to_string())
        .bind(name)
        .bind(clock::now().unix_millis())
        .execute(&mut *tx)
        .await?;
        keys::create(tx, &self.key, dealer, clock::now()).await?;
        Ok(dealer)
    }

    /// Every dealer, the oldest first.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn dealers(&self) -> Result<Vec<DealerRow>, BooksError> {
        let rows = sqlx::query("SELECT id, name FROM dealers ORDER BY created_ms, id")
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| {
                let read = Reader {
                    table: "dealers",
                    row,
                };
                Ok(DealerRow {
                    id: read.parsed("id")?,
                    name: read.raw("name")?,
                })
            })
            .collect()
    }

    /// The books of one dealer. A dealer that does not exist has empty books.
    pub fn dealer(&self, dealer: DealerId) -> DealerBooks {
        DealerBooks {
            pool: self.pool.clone(),
            key: Arc::clone(&self.key),
            dealer,
        }
    }

    /// Closes the database after the queries under way.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

impl DealerBooks {
    /// Whose books these are.
    pub fn id(&self) -> DealerId {
        self.dealer
    }

    /// The dealer's id as the tables hold it.
    fn me(&self) -> String {
        self.dealer.to_string()
    }

    /// The dealer's name.
    ///
    /// # Errors
    ///
    /// Where there is no such dealer or the database fails.
    pub async fn name(&self) -> Result<String, BooksError> {
        let name: Option<String> = sqlx::query_scalar("SELECT name FROM dealers WHERE id = $1")
            .bind(self.me())
            .fetch_optional(&self.pool)
            .await?;
        name.ok_or_else(|| not_found("dealer", self.dealer))
    }
}

fn not_found(what: &'static str, id: impl ToString) -> BooksError {
    BooksError::NotFound {
        what,
        id: id.to_string(),
    }
}

/// 128 random bits.
fn random() -> Result<[u8; 16], BooksError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(KeyError::Random)?;
    Ok(bytes)
}

/// A name that a person gave: clean, not empty, at most 120 characters.
fn checked_name(field: &'static str, name: &str) -> Result<String, BooksError> {
    let clean = pagetally_model::Text::clean(name);
    let length = clean.as_str().chars().count();
    if (1..=120).contains(&length) {
        Ok(clean.as_str().to_owned())
    } else {
        Err(BooksError::Invalid {
            field,
            reason: "a name has 1 to 120 characters".to_owned(),
        })
    }
}

fn taken(error: sqlx::Error, what: &'static str, name: &str) -> BooksError {
    if db::is_taken(&error) {
        BooksError::Taken {
            what,
            name: name.to_owned(),
        }
    } else {
        error.into()
    }
}
