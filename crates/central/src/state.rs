//! What every request handler shares.

use crate::books::{Books, DealerBooks, random_token};
use crate::config::{CentralConfig, Limits, PageAccess};
use crate::endpoint::{Gate, Replays};
use crate::error::BooksError;
use crate::web::Attempts;
use pagetally_contract::{CentralKeyId, CentralKeyPair, KeyAnnouncement};
use pagetally_model::{DealerId, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// Sign-ins that are checked at the same time: each costs tens of milliseconds and 19 MiB.
const SIGN_INS_AT_ONCE: usize = 2;

/// What every request handler shares.
pub(crate) struct AppState {
    pub(crate) books: Books,
    pub(crate) access: PageAccess,
    pub(crate) limits: Limits,
    pub(crate) public_url: String,
    /// Whether cookies must not travel over plain HTTP.
    pub(crate) secure_cookies: bool,
    /// What forms carry where there are no sessions.
    pub(crate) open_csrf: String,
    pub(crate) soap_turns: Semaphore,
    /// Who may call, and how many bytes of calls are held.
    pub(crate) gate: Gate,
    /// Tokens of stock clients that were seen.
    pub(crate) replays: Replays,
    pub(crate) sign_in_turns: Semaphore,
    /// Wrong sign-ins.
    pub(crate) attempts: Attempts,
    /// Key pairs that were opened: there are as many as dealers, and a few that were replaced.
    keys: Mutex<HashMap<CentralKeyId, Arc<CentralKeyPair>>>,
}

/// The key pair that a request is sealed to.
pub(crate) struct CallKey {
    /// Whose it is.
    pub(crate) dealer: DealerId,
    pub(crate) pair: Arc<CentralKeyPair>,
    /// What the answer announces: a request that is sealed to a key that was replaced is answered so.
    pub(crate) announced: Option<KeyAnnouncement>,
}

impl AppState {
    pub(crate) fn new(
        books: Books,
        config: &CentralConfig,
        public_url: String,
    ) -> Result<Self, BooksError> {
        Ok(Self {
            books,
            access: config.page_access,
            limits: config.limits,
            secure_cookies: public_url.starts_with("https://"),
            public_url,
            open_csrf: random_token()?,
            gate: Gate::new(&config.limits),
            replays: Replays::default(),
            soap_turns: Semaphore::new(config.limits.soap_at_once.max(1)),
            sign_in_turns: Semaphore::new(SIGN_INS_AT_ONCE),
            attempts: Attempts::default(),
            keys: Mutex::default(),
        })
    }

    /// The key pair that a request is sealed to, if it may still be used, and what takes its place.
    pub(crate) async fn central_key(
        &self,
        id: CentralKeyId,
        now: Timestamp,
    ) -> Result<Option<CallKey>, BooksError> {
        let Some(usable) = self.books.usable_key(id, now).await? else {
            self.forget_key(id);
            return Ok(None);
        };
        let Some(pair) = self.key_pair(id).await? else {
            return Ok(None);
        };
        let announced = match usable.replaced {
            Some((in_force, old_ends)) => self.key_pair(in_force).await?.map(|pair| {
                let key = pair.public();
                KeyAnnouncement { key, old_ends }
            }),
            None => None,
        };
        Ok(Some(CallKey {
            dealer: usable.dealer,
            pair,
            announced,
        }))
    }

    /// Destroys the key pairs whose time is over, in memory as well.
    pub(crate) async fn destroy_ended_keys(&self, now: Timestamp) -> Result<(), BooksError> {
        let destroyed = self.books.destroy_ended_keys(now).await?;
        // Another process may have destroyed some; those in use are opened again.
        self.keys().clear();
        if destroyed > 0 {
            tracing::info!(
                destroyed,
                "keys of Central's were destroyed: their time was over"
            );
        }
        Ok(())
    }

    /// The key pair that nothing has taken the place of.
    pub(crate) async fn key_in_force(
        &self,
        books: &DealerBooks,
    ) -> Result<Arc<CentralKeyPair>, BooksError> {
        let id = books.key_in_force().await?;
        let pair = self.key_pair(id).await?;
        pair.ok_or_else(|| BooksError::NotFound {
            what: "key",
            id: id.to_string(),
        })
    }

    async fn key_pair(&self, id: CentralKeyId) -> Result<Option<Arc<CentralKeyPair>>, BooksError> {
        if let Some(known) = self.keys().get(&id) {
            return Ok(Some(Arc::clone(known)));
        }
        let Some(pair) = self.books.key_pair(id).await? else {
            return Ok(None);
        };
        let pair = Arc::new(pair);
        self.keys().insert(id, Arc::clone(&pair));
        Ok(Some(pair))
    }

    fn forget_key(&self, id: CentralKeyId) {
        self.keys().remove(&id);
    }

    fn keys(&self) -> MutexGuard<'_, HashMap<CentralKeyId, Arc<CentralKeyPair>>> {
        // What a panic may have left is a map all the same.
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
