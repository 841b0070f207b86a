//! Central's own key pairs, one set a dealer, their seeds sealed under the server key.

use super::db::{self, Connection, Reader};
use super::{Books, DealerBooks};
use crate::clock;
use crate::error::{BooksError, KeyError};
use crate::key::ServerKey;
use pagetally_contract::{CentralKeyPair, CentralPublicKey};
use pagetally_model::DealerId;
use zeroize::Zeroizing;

/// Makes a dealer's key pair.
pub(super) async fn create(
    connection: &mut Connection,
    key: &ServerKey,
    dealer: DealerId,
) -> Result<(), BooksError> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(KeyError::Random)?;
    let id = CentralKeyPair::from_seed(*seed).public().id().to_string();
    sqlx::query(
        "INSERT INTO central_keys (dealer_id, id, sealed_seed, created_ms) VALUES ($1, $2, $3, $4)",
    )
    .bind(dealer.to_string())
    .bind(&id)
    .bind(key.seal(&place(dealer, &id), &*seed)?)
    .bind(clock::now().unix_millis())
    .execute(connection)
    .await?;
    Ok(())
}

fn place(dealer: DealerId, id: &str) -> String {
    format!("central_keys/sealed_seed/{dealer}/{id}")
}

fn open(key: &ServerKey, row: &db::Row) -> Result<(DealerId, CentralKeyPair), BooksError> {
    let read = Reader {
        table: "central_keys",
        row,
    };
    let (dealer, id): (DealerId, String) = (read.parsed("dealer_id")?, read.raw("id")?);
    let place = place(dealer, &id);
    let plain = key.open(&place, &read.raw::<Vec<u8>>("sealed_seed")?)?;
    let seed: [u8; 32] = plain
        .as_slice()
        .try_into()
        .map_err(|_| KeyError::DoesNotOpen { place })?;
    Ok((dealer, CentralKeyPair::from_seed(seed)))
}

impl Books {
    /// Every dealer's key pairs: a request names the one that it was sealed to.
    pub(crate) async fn central_keys(&self) -> Result<Vec<(DealerId, CentralKeyPair)>, BooksError> {
        let rows = sqlx::query("SELECT dealer_id, id, sealed_seed FROM central_keys")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| open(&self.key, row)).collect()
    }
}

impl DealerBooks {
    /// The public key that new agents seal to: this dealer's youngest.
    ///
    /// # Errors
    ///
    /// Where there is no such dealer or its seal does not open.
    pub async fn public_key(&self) -> Result<CentralPublicKey, BooksError> {
        let row = sqlx::query(
            "SELECT dealer_id, id, sealed_seed FROM central_keys
             WHERE dealer_id = $1 ORDER BY created_ms DESC, id LIMIT 1",
        )
        .bind(self.me())
        .fetch_optional(&self.pool)
        .await?
        .ok_or_else(|| super::not_found("dealer", self.dealer))?;
        Ok(open(&self.key, &row)?.1.public())
    }
}
