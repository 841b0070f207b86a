//! The server key, and what is sealed under it.
//!
//! A sealed value is `format (1) | algorithm (1) | nonce (24) | XChaCha20-Poly1305 ciphertext and
//! tag`. The associated data names table, column and row, so that a sealed value copied to another
//! row does not open there.

use crate::error::KeyError;
use crate::platform;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use std::fmt;
use std::path::Path;
use zeroize::Zeroizing;

const KEY_FILE_MAGIC: &str = "pagetally-central-server-key 1 ";
const FORMAT: u8 = 1;
const XCHACHA20_POLY1305: u8 = 1;
const NONCE: usize = 24;

/// The key that seals what is secret in the database. It never lies in the database itself.
pub(crate) struct ServerKey {
    cipher: XChaCha20Poly1305,
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerKey(…)")
    }
}

impl ServerKey {
    /// A key that nobody else has and that is gone with this value.
    pub(crate) fn random() -> Result<Self, KeyError> {
        Ok(Self::from_bytes(&*random_bytes()?))
    }

    fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self {
            cipher: XChaCha20Poly1305::new(&Key::from(*bytes)),
        }
    }

    /// Reads the key file; makes it where neither it nor the database exists yet.
    pub(crate) fn load_or_create(path: &Path, database_exists: bool) -> Result<Self, KeyError> {
        let file = |source| KeyError::File {
            path: path.to_owned(),
            source,
        };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if database_exists {
                    return Err(KeyError::Missing {
                        path: path.to_owned(),
                    });
                }
                let bytes = random_bytes()?;
                let line = Zeroizing::new(format!("{KEY_FILE_MAGIC}{}\n", hex::encode(*bytes)));
                platform::create_private_file(path, line.as_bytes()).map_err(file)?;
                return Ok(Self::from_bytes(&bytes));
            }
            Err(error) => return Err(file(error)),
        };
        if let Some(mode) = platform::open_to_others(path).map_err(file)? {
            return Err(KeyError::OpenToOthers {
                path: path.to_owned(),
                mode,
            });
        }
        let mut bytes = Zeroizing::new([0; 32]);
        text.trim_end()
            .strip_prefix(KEY_FILE_MAGIC)
            .and_then(|digits| hex::decode_to_slice(digits, &mut *bytes).ok())
            .ok_or_else(|| KeyError::NotAKey {
                path: path.to_owned(),
            })?;
        Ok(Self::from_bytes(&bytes))
    }

    /// Seals `plain` for one place: table, column and row.
    pub(crate) fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(KeyError::Random)?;
        let payload = Payload {
            msg: plain,
            aad: &associated_data(place),
        };
        let ciphertext = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| KeyError::DoesNotOpen {
                place: place.to_owned(),
            })?;
        let mut sealed = Vec::with_capacity(2 + NONCE + ciphertext.len());
        sealed.extend_from_slice(&[FORMAT, XCHACHA20_POLY1305]);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Ok(sealed)
    }

    /// Opens what was sealed for the same place.
    pub(crate) fn open(&self, place: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let refused = || KeyError::DoesNotOpen {
            place: place.to_owned(),
        };
        let rest = sealed
            .strip_prefix(&[FORMAT, XCHACHA20_POLY1305])
            .ok_or_else(refused)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE>().ok_or_else(refused)?;
        let payload = Payload {
            msg: ciphertext,
            aad: &associated_data(place),
        };
        self.cipher
            .decrypt(&XNonce::from(*nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| refused())
    }
}

fn associated_data(place: &str) -> Vec<u8> {
    let mut data = vec![FORMAT, XCHACHA20_POLY1305];
    data.extend_from_slice(place.as_bytes());
    data
}

fn random_bytes() -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(KeyError::Random)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_only_in_its_own_place_and_only_unchanged() {
        let key = ServerKey::random().expect("randomness");
        let mut sealed = key.seal("settings/sealed/1", b"public").expect("seals");
        assert_eq!(
            key.open("settings/sealed/1", &sealed)
                .expect("opens")
                .as_slice(),
            b"public"
        );
        assert!(key.open("settings/sealed/2", &sealed).is_err());
        *sealed.last_mut().expect("not empty") ^= 1;
        assert!(key.open("settings/sealed/1", &sealed).is_err());
        assert!(key.open("settings/sealed/1", &[]).is_err());
    }

    #[test]
    fn a_key_file_is_made_once_and_read_again() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("server.key");
        let first = ServerKey::load_or_create(&path, false).expect("makes");
        let sealed = first.seal("x", b"secret").expect("seals");
        let second = ServerKey::load_or_create(&path, true).expect("reads");
        assert_eq!(
            second.open("x", &sealed).expect("opens").as_slice(),
            b"secret"
        );
    }

    #[test]
    fn a_missing_key_beside_a_database_is_an_error_and_makes_no_new_one() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("server.key");
        let error = ServerKey::load_or_create(&path, true).expect_err("missing");
        assert!(matches!(error, KeyError::Missing { .. }), "{error}");
        assert!(!path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("server.key");
        ServerKey::load_or_create(&path, false).expect("makes");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("chmod");
        let error = ServerKey::load_or_create(&path, true).expect_err("open");
        assert!(
            matches!(error, KeyError::OpenToOthers { mode: 0o644, .. }),
            "{error}"
        );
    }

    #[test]
    fn a_server_key_never_shows_in_debug() {
        let key = ServerKey::from_bytes(&[0x5a; 32]);
        assert!(!format!("{key:?}").contains("5a"));
    }
}
