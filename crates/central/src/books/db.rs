//! The one module that names the database. PostgreSQL follows by changing what stands here.

use crate::config::Storage;
use crate::error::BooksError;
use crate::key::ServerKey;
use crate::platform;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Row as _, SqlSafeStr as _};
use std::str::FromStr;
use std::time::Duration;

pub(crate) type Db = sqlx::Sqlite;
pub(crate) type Pool = sqlx::Pool<Db>;
pub(crate) type Row = sqlx::sqlite::SqliteRow;
pub(crate) type Connection = sqlx::SqliteConnection;
pub(crate) type Transaction = sqlx::Transaction<'static, Db>;

/// Readers that may be at work beside the one writer.
const CONNECTIONS: u32 = 8;
/// How long a writer waits for the one before it.
const BUSY: Duration = Duration::from_secs(20);

/// Opens the database and the server key, and brings the tables to this version's shape.
pub(crate) async fn open(storage: &Storage) -> Result<(Pool, ServerKey), BooksError> {
    let (options, pool, key) = match storage {
        // Each connection to `:memory:` is a database of its own, so there must be exactly one.
        Storage::Memory => (
            SqliteConnectOptions::new().in_memory(true),
            SqlitePoolOptions::new()
                .max_connections(1)
                .min_connections(1)
                .idle_timeout(None)
                .max_lifetime(None),
            ServerKey::random()?,
        ),
        Storage::Folder(folder) => {
            platform::create_private_folder(folder).map_err(|source| {
                crate::error::KeyError::File {
                    path: folder.clone(),
                    source,
                }
            })?;
            let database = folder.join("central.db");
            let key = ServerKey::load_or_create(&folder.join("server.key"), database.exists())?;
            let options = SqliteConnectOptions::new()
                .filename(&database)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                // A receipt promises that the submission survives a power cut.
                .synchronous(SqliteSynchronous::Full);
            (
                options,
                SqlitePoolOptions::new().max_connections(CONNECTIONS),
                key,
            )
        }
    };
    let pool = pool
        .connect_with(
            options
                .foreign_keys(true)
                .busy_timeout(BUSY)
                // What is destroyed is overwritten, and does not wait in a free page.
                .pragma("secure_delete", "ON"),
        )
        .await?;
    migrator().run(&pool).await?;
    Ok((pool, key))
}

fn migrator() -> Migrator {
    let steps = [
        (1, "books", include_str!("../../migrations/0001_books.sql")),
        (2, "api", include_str!("../../migrations/0002_api.sql")),
        (
            3,
            "notices",
            include_str!("../../migrations/0003_notices.sql"),
        ),
        (
            5,
            "leaf hashes",
            include_str!("../../migrations/0005_leaf_hashes.sql"),
        ),
        (
            6,
            "withheld",
            include_str!("../../migrations/0006_withheld.sql"),
        ),
        (
            7,
            "rejections",
            include_str!("../../migrations/0007_rejections.sql"),
        ),
        // Nothing counts by this column any more. Books that have it are not opened where the step is gone.
        (
            10,
            "code failures",
            include_str!("../../migrations/0010_code_failures.sql"),
        ),
        (
            11,
            "key ends",
            include_str!("../../migrations/0011_key_ends.sql"),
        ),
        (
            12,
            "key changes",
            include_str!("../../migrations/0012_key_changes.sql"),
        ),
        (
            13,
            "signed receipts",
            include_str!("../../migrations/0013_signed_receipts.sql"),
        ),
    ];
    let migrations = steps.map(|(version, name, sql)| {
        Migration::new(
            version,
            name.into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    });
    Migrator::with_migrations(migrations.into())
}

/// Begins a transaction that will write. SQLite must be told at once, or two of them that both
/// began by reading would refuse each other.
pub(crate) async fn begin_write(pool: &Pool) -> Result<Transaction, BooksError> {
    Ok(pool.begin_with("BEGIN IMMEDIATE").await?)
}

/// Whether a constraint on unique values refused a row.
pub(crate) fn is_taken(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

/// The word that documents carry for an enum's variant; the same stands in the tables.
pub(crate) fn word<T: Serialize>(variant: &T) -> String {
    match serde_json::to_value(variant) {
        Ok(serde_json::Value::String(word)) => word,
        // Unreachable: every enum given here serialises to a string.
        Ok(_) | Err(_) => String::new(),
    }
}

/// One row of one table, read column by column.
pub(crate) struct Reader<'r> {
    pub(crate) table: &'static str,
    pub(crate) row: &'r Row,
}

impl Reader<'_> {
    fn corrupt(&self, column: &'static str, text: &str) -> BooksError {
        BooksError::Corrupt {
            table: self.table,
            column,
            text: text.chars().take(80).collect(),
        }
    }

    /// A column as the database gives it.
    pub(crate) fn raw<'r, T>(&'r self, column: &'static str) -> Result<T, BooksError>
    where
        T: sqlx::Decode<'r, Db> + sqlx::Type<Db>,
    {
        Ok(self.row.try_get(column)?)
    }

    /// A column of text that parses: an id or an address.
    pub(crate) fn parsed<T: FromStr>(&self, column: &'static str) -> Result<T, BooksError> {
        let text: String = self.raw(column)?;
        text.parse().map_err(|_| self.corrupt(column, &text))
    }

    /// Like [`parsed`](Self::parsed), where the column may be empty.
    pub(crate) fn parsed_option<T: FromStr>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, BooksError> {
        let text: Option<String> = self.raw(column)?;
        text.map(|text| text.parse().map_err(|_| self.corrupt(column, &text)))
            .transpose()
    }

    /// A column that holds an enum's word.
    pub(crate) fn word<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, BooksError> {
        let text: String = self.raw(column)?;
        serde_json::from_value(serde_json::Value::String(text.clone()))
            .map_err(|_| self.corrupt(column, &text))
    }

    /// Like [`word`](Self::word), where the column may be empty.
    pub(crate) fn word_option<T: DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, BooksError> {
        match self.raw::<Option<String>>(column)? {
            Some(_) => self.word(column).map(Some),
            None => Ok(None),
        }
    }

    /// A count, which is never negative.
    pub(crate) fn count(&self, column: &'static str) -> Result<u64, BooksError> {
        let value: i64 = self.raw(column)?;
        u64::try_from(value).map_err(|_| self.corrupt(column, &value.to_string()))
    }

    /// Like [`count`](Self::count), where the column may be empty.
    pub(crate) fn count_option(&self, column: &'static str) -> Result<Option<u64>, BooksError> {
        match self.raw::<Option<i64>>(column)? {
            Some(_) => self.count(column).map(Some),
            None => Ok(None),
        }
    }

    /// An instant.
    pub(crate) fn instant(
        &self,
        column: &'static str,
    ) -> Result<pagetally_model::Timestamp, BooksError> {
        Ok(pagetally_model::Timestamp::from_unix_millis(
            self.raw(column)?,
        ))
    }

    /// Like [`instant`](Self::instant), where the column may be empty.
    pub(crate) fn instant_option(
        &self,
        column: &'static str,
    ) -> Result<Option<pagetally_model::Timestamp>, BooksError> {
        let millis: Option<i64> = self.raw(column)?;
        Ok(millis.map(pagetally_model::Timestamp::from_unix_millis))
    }

    /// 32 bytes.
    pub(crate) fn hash(&self, column: &'static str) -> Result<[u8; 32], BooksError> {
        let bytes: Vec<u8> = self.raw(column)?;
        bytes
            .try_into()
            .map_err(|bytes: Vec<u8>| self.corrupt(column, &format!("{} bytes", bytes.len())))
    }
}

/// A count as the tables hold it. Canonical documents admit no integer above 2^53 - 1, so nothing
/// that passed verification is cut here.
pub(crate) fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Books that have taken a step are not opened where it is gone: this list is added to only.
    #[test]
    fn no_step_that_books_may_have_taken_is_gone() {
        let steps: Vec<i64> = migrator().iter().map(|step| step.version).collect();
        assert_eq!(steps, [1, 2, 3, 5, 6, 7, 10, 11, 12, 13]);
    }

    #[tokio::test]
    async fn books_that_were_made_without_a_step_take_it_late() {
        let one = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1);
        let pool = one.connect("sqlite::memory:").await.expect("in memory");
        let all = migrator();
        let others = all.iter().filter(|step| step.version != 10);
        let others = Migrator::with_migrations(others.cloned().collect());
        others.run(&pool).await.expect("made without it");
        all.run(&pool).await.expect("taken late");
        // The other way round is what the list above is for.
        others.run(&pool).await.expect_err("a step is gone");
    }
}
