//! Users, passwords (Argon2id) and sessions.

use super::db::{self, Connection, Reader};
use super::{Books, DealerBooks, taken};
use crate::clock;
use crate::error::{BooksError, KeyError};
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use pagetally_model::{DealerId, Timestamp};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// How long a session lasts without signing in again.
const SESSION_MILLIS: i64 = 12 * 3_600 * 1_000;
/// Argon2 takes passwords of any length; this one keeps a form from being a burden.
const PASSWORD_BYTES: std::ops::RangeInclusive<usize> = 10..=1_024;

/// A signed-in user.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) dealer: DealerId,
    pub(crate) login: String,
    /// What every form of this session must carry.
    pub(crate) csrf: String,
}

impl DealerBooks {
    /// Writes in a user who may sign in to this dealer's pages.
    ///
    /// # Errors
    ///
    /// Where the login is taken or malformed, or the password is shorter than 10 bytes.
    pub async fn create_user(&self, login: &str, password: &str) -> Result<(), BooksError> {
        let login = checked_login(login)?;
        let hash = hash_password(password.to_owned()).await?;
        let mut connection = self.pool.acquire().await?;
        insert_user(&mut connection, self.dealer, &login, hash).await
    }

    /// Gives a user a new password and ends the user's sessions.
    ///
    /// # Errors
    ///
    /// Where this dealer has no such user or the password is shorter than 10 bytes.
    pub async fn set_password(&self, login: &str, password: &str) -> Result<(), BooksError> {
        let login = checked_login(login)?;
        let hash = hash_password(password.to_owned()).await?;
        let mut tx = db::begin_write(&self.pool).await?;
        let changed =
            sqlx::query("UPDATE users SET password_hash = $3 WHERE dealer_id = $1 AND login = $2")
                .bind(self.me())
                .bind(&login)
                .bind(hash)
                .execute(&mut *tx)
                .await?
                .rows_affected();
        if changed == 0 {
            return Err(super::not_found("user", login));
        }
        sqlx::query("DELETE FROM sessions WHERE dealer_id = $1 AND login = $2")
            .bind(self.me())
            .bind(&login)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }
}

impl Books {
    /// Writes in a dealer together with its first user: both or neither.
    ///
    /// # Errors
    ///
    /// Where the login is taken or malformed, the password shorter than 10 bytes, or the name empty.
    pub async fn create_dealer_with_user(
        &self,
        name: &str,
        login: &str,
        password: &str,
    ) -> Result<DealerId, BooksError> {
        let login = checked_login(login)?;
        let hash = hash_password(password.to_owned()).await?;
        let mut tx = db::begin_write(&self.pool).await?;
        let dealer = self.insert_dealer(&mut tx, name).await?;
        insert_user(&mut tx, dealer, &login, hash).await?;
        tx.commit().await?;
        Ok(dealer)
    }

    /// Checks a password. An unknown login costs as long as a wrong password.
    pub(crate) async fn check_password(
        &self,
        login: &str,
        password: String,
    ) -> Result<Option<(DealerId, String)>, BooksError> {
        let login = login.trim().to_lowercase();
        let row = sqlx::query("SELECT dealer_id, login, password_hash FROM users WHERE login = $1")
            .bind(&login)
            .fetch_optional(&self.pool)
            .await?;
        let (user, hash) = match &row {
            Some(row) => {
                let read = Reader {
                    table: "users",
                    row,
                };
                let user = (read.parsed("dealer_id")?, read.raw("login")?);
                (Some(user), read.raw("password_hash")?)
            }
            None => (
                None,
                hash_password("an absent user's password".to_owned()).await?,
            ),
        };
        let good = verify_password(password, hash).await?;
        Ok(user.filter(|_| good))
    }

    /// Begins a session and returns the token for the cookie; only its hash is stored.
    pub(crate) async fn begin_session(
        &self,
        dealer: DealerId,
        login: &str,
        now: Timestamp,
    ) -> Result<String, BooksError> {
        let token = random_token()?;
        let mut tx = db::begin_write(&self.pool).await?;
        sqlx::query("DELETE FROM sessions WHERE expires_ms <= $1")
            .bind(now.unix_millis())
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "INSERT INTO sessions (dealer_id, token_hash, login, csrf, expires_ms)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(dealer.to_string())
        .bind(token_hash(&token))
        .bind(login)
        .bind(random_token()?)
        .bind(now.unix_millis().saturating_add(SESSION_MILLIS))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(token)
    }

    /// The session of a cookie's token, while it lasts.
    pub(crate) async fn session(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<Session>, BooksError> {
        let row = sqlx::query(
            "SELECT dealer_id, login, csrf FROM sessions WHERE token_hash = $1 AND expires_ms > $2",
        )
        .bind(token_hash(token))
        .bind(now.unix_millis())
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref()
            .map(|row| {
                let read = Reader {
                    table: "sessions",
                    row,
                };
                Ok(Session {
                    dealer: read.parsed("dealer_id")?,
                    login: read.raw("login")?,
                    csrf: read.raw("csrf")?,
                })
            })
            .transpose()
    }

    /// Ends a session.
    pub(crate) async fn end_session(&self, token: &str) -> Result<(), BooksError> {
        sqlx::query("DELETE FROM sessions WHERE token_hash = $1")
            .bind(token_hash(token))
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

async fn insert_user(
    connection: &mut Connection,
    dealer: DealerId,
    login: &str,
    hash: String,
) -> Result<(), BooksError> {
    sqlx::query(
        "INSERT INTO users (dealer_id, login, password_hash, created_ms) VALUES ($1, $2, $3, $4)",
    )
    .bind(dealer.to_string())
    .bind(login)
    .bind(hash)
    .bind(clock::now().unix_millis())
    .execute(connection)
    .await
    .map_err(|error| taken(error, "user", login))?;
    Ok(())
}

/// A password for somebody who did not choose one: 20 letters and digits, 100 bits, none of them
/// easily mistaken for another.
///
/// # Errors
///
/// Where the operating system gives no random bytes.
pub fn generate_password() -> Result<String, BooksError> {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = Zeroizing::new([0_u8; 20]);
    getrandom::fill(&mut *bytes).map_err(KeyError::Random)?;
    let letters = bytes.iter().map(|byte| ALPHABET[usize::from(byte % 32)]);
    Ok(letters.map(char::from).collect())
}

/// 256 random bits for a cookie or a form.
pub(crate) fn random_token() -> Result<String, BooksError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(KeyError::Random)?;
    Ok(hex::encode(*bytes))
}

fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

fn checked_login(login: &str) -> Result<String, BooksError> {
    let login = login.trim().to_lowercase();
    let valid = (1..=120).contains(&login.len())
        && login
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"@.+-_".contains(&b));
    if valid {
        Ok(login)
    } else {
        Err(BooksError::Invalid {
            field: "login",
            reason: "a login has 1 to 120 letters, digits and @ . + - _".to_owned(),
        })
    }
}

async fn hash_password(password: String) -> Result<String, BooksError> {
    if !PASSWORD_BYTES.contains(&password.len()) {
        return Err(BooksError::Invalid {
            field: "password",
            reason: "a password has 10 to 1,024 bytes".to_owned(),
        });
    }
    let password = Zeroizing::new(password);
    off_the_loop(move || {
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
            .map_err(|error| BooksError::Password(error.to_string()))
    })
    .await
}

async fn verify_password(password: String, hash: String) -> Result<bool, BooksError> {
    let password = Zeroizing::new(password);
    if password.len() > *PASSWORD_BYTES.end() {
        return Ok(false);
    }
    off_the_loop(move || {
        Ok(Argon2::default()
            .verify_password(password.as_bytes(), hash.as_str())
            .is_ok())
    })
    .await
}

/// Argon2 takes tens of milliseconds of one core: that must not stall the event loop.
async fn off_the_loop<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BooksError> + Send + 'static,
) -> Result<T, BooksError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| BooksError::Password(error.to_string()))?
}
