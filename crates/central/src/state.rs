//! What every request handler shares.

use crate::books::{Books, random_token};
use crate::config::{CentralConfig, Limits, PageAccess};
use crate::endpoint::{Gate, Replays};
use crate::error::BooksError;
use crate::web::Attempts;
use pagetally_contract::{CentralKeyId, CentralKeyPair};
use pagetally_model::DealerId;
use std::collections::HashMap;
use std::sync::{Arc, RwLock};
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
    keys: RwLock<HashMap<CentralKeyId, (DealerId, Arc<CentralKeyPair>)>>,
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
            keys: RwLock::default(),
        })
    }

    /// One of Central's key pairs by its name, and the dealer whose it is.
    pub(crate) async fn central_key(
        &self,
        id: CentralKeyId,
    ) -> Result<Option<(DealerId, Arc<CentralKeyPair>)>, BooksError> {
        if let Some(known) = self.known_key(id) {
            return Ok(Some(known));
        }
        let all = self.books.central_keys().await?;
        {
            let mut keys = self
                .keys
                .write()
                .unwrap_or_else(|poison| poison.into_inner());
            keys.clear();
            for (dealer, pair) in all {
                keys.insert(pair.public().id(), (dealer, Arc::new(pair)));
            }
        }
        Ok(self.known_key(id))
    }

    fn known_key(&self, id: CentralKeyId) -> Option<(DealerId, Arc<CentralKeyPair>)> {
        // A poisoned map is still a map: it is only ever replaced whole.
        let keys = self
            .keys
            .read()
            .unwrap_or_else(|poison| poison.into_inner());
        keys.get(&id).cloned()
    }
}
