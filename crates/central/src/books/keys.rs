//! Central's own key pairs, their seeds sealed under the server key. Each dealer has one that new agents
//! seal to, and those before it until their time is over.

use super::db::{self, Connection, Reader};
use super::{Books, DealerBooks, not_found};
use crate::error::{BooksError, KeyError};
use crate::key::ServerKey;
use pagetally_contract::{CentralKeyId, CentralKeyPair, CentralPublicKey};
use pagetally_model::{DealerId, Timestamp};
use pagetally_proof::VerifyingKey;
use std::time::Duration;
use zeroize::Zeroizing;

/// One of Central's key pairs, as far as it may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CentralKeyRow {
    /// Its name.
    pub id: CentralKeyId,
    /// When it was made.
    pub created: Timestamp,
    /// When it is destroyed; nothing for the one that is in force.
    pub ends: Option<Timestamp>,
    /// When it was destroyed.
    pub destroyed: Option<Timestamp>,
    /// What receipts are checked with that it signed; it outlives the key. Nothing for a key of a Central
    /// that did not sign yet.
    pub signing: Option<VerifyingKey>,
}

/// A key that a request is sealed to, and the one in its place where it has one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UsableKey {
    pub(crate) dealer: DealerId,
    /// The key in force, and when the other one is destroyed.
    pub(crate) replaced: Option<(CentralKeyId, Timestamp)>,
}

/// Makes a dealer's key pair.
pub(super) async fn create(
    connection: &mut Connection,
    key: &ServerKey,
    dealer: DealerId,
    created: Timestamp,
) -> Result<CentralKeyId, BooksError> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(KeyError::Random)?;
    let public = CentralKeyPair::from_seed(*seed).public();
    let id = public.id();
    sqlx::query(
        "INSERT INTO central_keys (dealer_id, id, sealed_seed, created_ms, verify_key)
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(dealer.to_string())
    .bind(id.to_string())
    .bind(key.seal(&place(dealer, id), &*seed)?)
    .bind(created.unix_millis())
    .bind(public.signing().as_bytes().as_slice())
    .execute(connection)
    .await?;
    Ok(id)
}

fn place(dealer: DealerId, id: CentralKeyId) -> String {
    format!("central_keys/sealed_seed/{dealer}/{id}")
}

fn reader(row: &db::Row) -> Reader<'_> {
    Reader {
        table: "central_keys",
        row,
    }
}

fn signing_key(read: &Reader<'_>) -> Result<Option<VerifyingKey>, BooksError> {
    let key: Option<Vec<u8>> = read.raw("verify_key")?;
    let key = key.and_then(|bytes| bytes.try_into().ok());
    Ok(key.and_then(|bytes| VerifyingKey::from_bytes(bytes).ok()))
}

impl Books {
    /// Whose a key is that is not destroyed, and whether another has taken its place.
    pub(crate) async fn usable_key(
        &self,
        id: CentralKeyId,
        now: Timestamp,
    ) -> Result<Option<UsableKey>, BooksError> {
        let row = sqlx::query(
            "SELECT k.dealer_id, k.ends_ms, (SELECT n.id FROM central_keys n
                WHERE n.dealer_id = k.dealer_id AND n.ends_ms IS NULL) AS in_force
             FROM central_keys k
             WHERE k.id = $1 AND k.destroyed_ms IS NULL
                AND (k.ends_ms IS NULL OR k.ends_ms > $2)",
        )
        .bind(id.to_string())
        .bind(now.unix_millis())
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = &row else { return Ok(None) };
        let read = reader(row);
        let in_force = read.parsed_option("in_force")?;
        Ok(Some(UsableKey {
            dealer: read.parsed("dealer_id")?,
            replaced: in_force.zip(read.instant_option("ends_ms")?),
        }))
    }

    /// A key pair that is not destroyed.
    pub(crate) async fn key_pair(
        &self,
        id: CentralKeyId,
    ) -> Result<Option<CentralKeyPair>, BooksError> {
        let row = sqlx::query(
            "SELECT dealer_id, sealed_seed FROM central_keys
             WHERE id = $1 AND destroyed_ms IS NULL",
        )
        .bind(id.to_string())
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = &row else { return Ok(None) };
        let read = reader(row);
        let place = place(read.parsed("dealer_id")?, id);
        let plain = self
            .key
            .open(&place, &read.raw::<Vec<u8>>("sealed_seed")?)?;
        let seed: [u8; 32] = plain
            .as_slice()
            .try_into()
            .map_err(|_| KeyError::DoesNotOpen { place })?;
        Ok(Some(CentralKeyPair::from_seed(seed)))
    }

    /// Destroys the key pairs whose time is over: what was sealed to them is opened by nobody any more.
    /// Answers how many they were. A server does it by itself; older copies of the database hold them
    /// still, under the server key.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn destroy_ended_keys(&self, now: Timestamp) -> Result<u64, BooksError> {
        let destroyed = sqlx::query(
            "UPDATE central_keys SET sealed_seed = $2, destroyed_ms = $1
             WHERE ends_ms <= $1 AND destroyed_ms IS NULL",
        )
        .bind(now.unix_millis())
        .bind([0_u8; 0].as_slice())
        .execute(&self.pool)
        .await?
        .rows_affected();
        Ok(destroyed)
    }
}

impl DealerBooks {
    /// The public key that new agents seal to.
    ///
    /// # Errors
    ///
    /// Where there is no such dealer or its seal does not open.
    pub async fn public_key(&self) -> Result<CentralPublicKey, BooksError> {
        let id = self.key_in_force().await?;
        let pair = self.books().key_pair(id).await?;
        Ok(pair.ok_or_else(|| not_found("key", id))?.public())
    }

    /// The name of the key that new agents seal to.
    pub(crate) async fn key_in_force(&self) -> Result<CentralKeyId, BooksError> {
        let row =
            sqlx::query("SELECT id FROM central_keys WHERE dealer_id = $1 AND ends_ms IS NULL")
                .bind(self.me())
                .fetch_optional(&self.pool)
                .await?;
        let row = row.ok_or_else(|| not_found("dealer", self.dealer))?;
        reader(&row).parsed("id")
    }

    /// Puts a new key pair in force. The one before opens what is sealed to it until `old_lives` is over,
    /// and is destroyed then: agents that call meanwhile learn of the new one, enrolment codes made
    /// before let agents in until then. Answers the new key's name.
    ///
    /// # Errors
    ///
    /// Where there is no such dealer or the database fails.
    pub async fn rotate_key(
        &self,
        now: Timestamp,
        old_lives: Duration,
    ) -> Result<CentralKeyId, BooksError> {
        let millis = i64::try_from(old_lives.as_millis()).unwrap_or(i64::MAX);
        let ends = now.unix_millis().saturating_add(millis);
        let mut tx = db::begin_write(&self.pool).await?;
        let replaced = sqlx::query(
            "UPDATE central_keys SET ends_ms = $2 WHERE dealer_id = $1 AND ends_ms IS NULL",
        )
        .bind(self.me())
        .bind(ends)
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if replaced == 0 {
            return Err(not_found("dealer", self.dealer));
        }
        let id = create(&mut tx, &self.key, self.dealer, now).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// This dealer's key pairs, the youngest first.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn central_keys(&self) -> Result<Vec<CentralKeyRow>, BooksError> {
        let rows = sqlx::query(
            "SELECT id, created_ms, ends_ms, destroyed_ms, verify_key FROM central_keys
             WHERE dealer_id = $1 ORDER BY ends_ms IS NULL DESC, created_ms DESC, id",
        )
        .bind(self.me())
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let read = reader(row);
                Ok(CentralKeyRow {
                    id: read.parsed("id")?,
                    created: read.instant("created_ms")?,
                    ends: read.instant_option("ends_ms")?,
                    destroyed: read.instant_option("destroyed_ms")?,
                    signing: signing_key(&read)?,
                })
            })
            .collect()
    }

    /// The books that these are of.
    pub fn books(&self) -> Books {
        Books {
            pool: self.pool.clone(),
            key: std::sync::Arc::clone(&self.key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Storage;

    fn holds(bytes: &[u8], part: &[u8]) -> bool {
        bytes.windows(part.len()).any(|window| window == part)
    }

    #[tokio::test]
    async fn the_seed_of_centrals_key_stands_in_no_file_in_clear() {
        let folder = tempfile::tempdir().expect("a folder");
        let books = Books::open(&Storage::Folder(folder.path().to_owned()))
            .await
            .expect("opens");
        let dealer = books.create_dealer("Example Dealer").await.expect("made");
        let id = books.dealer(dealer).key_in_force().await.expect("made too");
        let pair = books.key_pair(id).await.expect("readable").expect("there");
        books.pool.close().await;
        let seed = pair.to_seed();
        let (text, named) = (hex::encode(*seed), id.to_string());
        let mut named_somewhere = false;
        for entry in std::fs::read_dir(folder.path()).expect("readable") {
            let path = entry.expect("an entry").path();
            let bytes = std::fs::read(&path).expect("readable");
            named_somewhere |= holds(&bytes, named.as_bytes());
            let found = holds(&bytes, &*seed) || holds(&bytes, text.as_bytes());
            assert!(!found, "{}", path.display());
        }
        assert!(
            named_somewhere,
            "the table was looked for in the wrong place"
        );
    }
}
