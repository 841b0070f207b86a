//! The keys of one user at one engine.

use super::cipher::Cipher;
use super::mac::{Keyed, hash, localize, password_to_key};
use super::{AuthProtocol, MAX_ENGINE_ID, PrivProtocol, SecurityLevel, UsmCredential};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The keys of one user at one engine (RFC 3414 section 2.6), worked into their algorithms.
#[derive(Clone)]
pub struct LocalKeys {
    auth: Option<Keyed>,
    privacy: Option<Cipher>,
}

impl LocalKeys {
    /// No keys: for messages that nothing protects.
    pub fn none() -> Self {
        Self {
            auth: None,
            privacy: None,
        }
    }

    pub(super) fn new(
        auth: Option<(AuthProtocol, &[u8])>,
        privacy: Option<(PrivProtocol, &[u8])>,
        engine_id: &[u8],
    ) -> Self {
        let Some((auth, key)) = auth else {
            return Self::none();
        };
        let local = localize(auth, key, engine_id);
        let privacy = privacy.and_then(|(privacy, key)| {
            let key = privacy_key(auth, privacy, key, engine_id);
            Cipher::new(privacy, &key)
        });
        Self {
            auth: Keyed::new(auth, &local),
            privacy,
        }
    }

    /// What messages can be protected by.
    pub fn level(&self) -> SecurityLevel {
        match (&self.auth, &self.privacy) {
            (Some(_), Some(_)) => SecurityLevel::AuthPriv,
            (Some(_), None) => SecurityLevel::AuthNoPriv,
            (None, _) => SecurityLevel::NoAuthNoPriv,
        }
    }

    /// The octets of msgAuthenticationParameters.
    pub(crate) fn digest_len(&self) -> usize {
        self.auth
            .as_ref()
            .map_or(0, |auth| auth.protocol().digest_len())
    }

    /// Writes the digest over a message into its place, which must hold zeros.
    pub(crate) fn sign(&self, message: &mut [u8], at: usize) {
        let Some(auth) = &self.auth else {
            return;
        };
        let mut digest = [0; 48];
        let Some(digest) = digest.get_mut(..auth.protocol().digest_len()) else {
            return;
        };
        auth.write(&[message], digest);
        if let Some(place) = message.get_mut(at..at + digest.len()) {
            place.copy_from_slice(digest);
        }
    }

    /// Whether the `digest` that stands at `at` in a message is the right one, in constant time.
    /// Without an authentication key, nothing is authentic.
    pub(crate) fn verify(&self, message: &[u8], at: usize, digest: &[u8]) -> bool {
        let Some(auth) = &self.auth else {
            return false;
        };
        let zeros = [0; 48];
        let parts = (
            message.get(..at),
            zeros.get(..digest.len()),
            message.get(at + digest.len()..),
        );
        match parts {
            (Some(before), Some(zeros), Some(after)) => {
                auth.verify(&[before, zeros, after], digest)
            }
            _ => false,
        }
    }

    /// Encrypts a scoped PDU in place. Says no where there is no privacy key.
    #[must_use]
    pub(crate) fn encrypt(&self, boots: u32, time: u32, salt: [u8; 8], data: &mut Vec<u8>) -> bool {
        let cipher = self.privacy.as_ref();
        cipher
            .map(|cipher| cipher.encrypt(boots, time, salt, data))
            .is_some()
    }

    /// Decrypts in place. Says no where there is no privacy key or these are no whole blocks.
    #[must_use]
    pub(crate) fn decrypt(&self, boots: u32, time: u32, salt: [u8; 8], data: &mut [u8]) -> bool {
        let cipher = self.privacy.as_ref();
        cipher.is_some_and(|cipher| cipher.decrypt(boots, time, salt, data))
    }
}

impl fmt::Debug for LocalKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalKeys({}, …)", self.level())
    }
}

/// The localized privacy key, as long as the cipher needs it.
pub(super) fn privacy_key(
    auth: AuthProtocol,
    privacy: PrivProtocol,
    key: &[u8],
    engine_id: &[u8],
) -> Zeroizing<Vec<u8>> {
    let mut local = localize(auth, key, engine_id);
    let mut last = local.clone();
    while local.len() < privacy.key_len() {
        last = if privacy.is_reeder() {
            let next = password_to_key(auth, &last);
            localize(auth, &next, engine_id)
        } else {
            hash(auth, &[&local])
        };
        local = Zeroizing::new([local.as_slice(), last.as_slice()].concat());
    }
    local
}

/// The keys of users at many engines, so that they are localized once. What is over the ceiling is
/// forgotten, oldest first, and made again when it is needed.
#[derive(Debug, Default)]
pub struct KeyCache {
    keys: HashMap<(usize, Vec<u8>), Arc<LocalKeys>>,
    order: VecDeque<(usize, Vec<u8>)>,
}

impl KeyCache {
    /// Ceiling on entries: the devices that one agent reads at the same time are 1,024 at most, and a
    /// few kB each for ciphers with their schedules make 4 MB.
    pub const MAX_KEYS: usize = 1_024;

    /// The keys of the credential with this index at this engine.
    pub fn get(
        &mut self,
        index: usize,
        credential: &UsmCredential,
        engine_id: &[u8],
    ) -> Arc<LocalKeys> {
        let engine_id = engine_id.get(..MAX_ENGINE_ID).unwrap_or(engine_id);
        let key = (index, engine_id.to_vec());
        if let Some(keys) = self.keys.get(&key) {
            return Arc::clone(keys);
        }
        if self.keys.len() >= Self::MAX_KEYS
            && let Some(oldest) = self.order.pop_front()
        {
            self.keys.remove(&oldest);
        }
        let keys = Arc::new(credential.localize(engine_id));
        self.keys.insert(key.clone(), Arc::clone(&keys));
        self.order.push_back(key);
        keys
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}
