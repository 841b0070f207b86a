//! Who keeps the secret that the root key is wrapped by.

use super::root::{Wrap, WrapParams, argon2id};
use crate::error::{KeyFileError, StoreError, io_error};
use crate::secret::{SecretKey, random};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The systemd credential that holds the secret: `LoadCredentialEncrypted=pagetally.root:...`.
pub(crate) const CREDENTIAL: &str = "pagetally.root";

/// A credential is a random secret, not a word to remember: 32 bytes, as `head -c 32 /dev/urandom`
/// makes them, are what an attacker cannot try.
pub(super) const MIN_CREDENTIAL: usize = 32;
/// systemd takes no larger credential.
const MAX_CREDENTIAL: usize = 1 << 20;

/// Shorter passphrases are found by trying, whatever Argon2id costs.
pub(super) const MIN_PASSPHRASE: usize = 12;
/// More is no passphrase but a file named by mistake.
const MAX_PASSPHRASE: usize = 4_096;

const KEK_CREDENTIAL: &[u8] = b"pagetally/root-kek/systemd-credential/1";

/// Who keeps the root key, in the order in which a new store looks for a keeper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum KeyCustody {
    /// A systemd credential wraps it, which a TPM or the host's own key can seal.
    SystemdCredential,
    /// A secret in the operating system's keyring wraps it.
    OsKeyring,
    /// A passphrase wraps it, made costly to try by Argon2id.
    Passphrase,
    /// It lies in a file that only the owner can read.
    KeyFile,
}

impl KeyCustody {
    /// Its name in the key file and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SystemdCredential => "systemd-credential",
            Self::OsKeyring => "os-keyring",
            Self::Passphrase => "passphrase",
            Self::KeyFile => "key-file",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::SystemdCredential, Self::OsKeyring, Self::Passphrase]
            .into_iter()
            .find(|custody| custody.as_str() == name)
    }
}

impl fmt::Display for KeyCustody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An operating system's keyring: keeps secrets by name, across restarts.
pub trait KeyVault: fmt::Debug + Send + Sync {
    /// Whether there is one here that answers.
    fn is_there(&self) -> bool;

    /// Keeps a secret under a name, replacing what was there.
    ///
    /// # Errors
    ///
    /// Whatever the keyring says.
    fn put(&self, name: &str, secret: &str) -> io::Result<()>;

    /// The secret under a name; nothing where there is none.
    ///
    /// # Errors
    ///
    /// Whatever the keyring says: that it is locked, that nobody answers.
    fn get(&self, name: &str) -> io::Result<Option<Zeroizing<String>>>;

    /// Forgets a secret. To forget what is not there is no error.
    ///
    /// # Errors
    ///
    /// Whatever the keyring says.
    fn remove(&self, name: &str) -> io::Result<()>;
}

/// Asks for a passphrase: reads a file or a descriptor, or prompts. It never shows in `Debug`.
#[derive(Clone)]
pub struct AskPassphrase(Arc<dyn Fn() -> io::Result<Zeroizing<String>> + Send + Sync>);

impl AskPassphrase {
    /// Asks by calling `ask`: once when a store is opened, once when it gets a new passphrase.
    pub fn new(ask: impl Fn() -> io::Result<Zeroizing<String>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }

    /// Reads the first line of a file: one on a protected medium, a pipe, `/dev/fd/3`.
    pub fn from_file(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self::new(move || {
            let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_PASSPHRASE + 1));
            std::fs::File::open(&path)?
                .take(MAX_PASSPHRASE as u64 + 1)
                .read_to_end(&mut bytes)?;
            let text = std::str::from_utf8(&bytes)
                .map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not UTF-8"))?;
            Ok(Zeroizing::new(text.lines().next().unwrap_or("").to_owned()))
        })
    }

    fn ask(&self) -> io::Result<Zeroizing<String>> {
        let passphrase = (self.0)()?;
        if passphrase.len() < MIN_PASSPHRASE || passphrase.len() > MAX_PASSPHRASE {
            return Err(io::Error::new(
                ErrorKind::InvalidInput,
                format!("a passphrase has {MIN_PASSPHRASE} to {MAX_PASSPHRASE} bytes"),
            ));
        }
        Ok(passphrase)
    }
}

impl fmt::Debug for AskPassphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AskPassphrase(…)")
    }
}

/// Where a root key may be kept here. A new store takes the first that is there, in the order of
/// [`KeyCustody`]; an existing one takes the one that it was made with, and no other.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct KeySources {
    /// The folder with systemd's credentials for this service, `$CREDENTIALS_DIRECTORY`.
    pub credentials: Option<PathBuf>,
    /// The operating system's keyring.
    pub vault: Option<Arc<dyn KeyVault>>,
    /// A passphrase that somebody set up for this store.
    pub passphrase: Option<AskPassphrase>,
    /// Asks a person for the passphrase of a store that has one already.
    pub prompt: Option<AskPassphrase>,
}

impl KeySources {
    /// An owner-only file and nothing else.
    pub fn key_file_only() -> Self {
        Self::default()
    }

    /// The keeper that a new store takes here.
    pub fn first(&self) -> KeyCustody {
        if self.credential_file().is_some_and(|file| file.exists()) {
            KeyCustody::SystemdCredential
        } else if self.vault.as_ref().is_some_and(|vault| vault.is_there()) {
            KeyCustody::OsKeyring
        } else if self.passphrase.is_some() {
            KeyCustody::Passphrase
        } else {
            KeyCustody::KeyFile
        }
    }

    fn credential_file(&self) -> Option<PathBuf> {
        self.credentials
            .as_ref()
            .map(|folder| folder.join(CREDENTIAL))
    }

    /// A keeper's secret for wrapping a root key, and the way to it; nothing for a key file.
    pub(super) fn make(&self, custody: KeyCustody) -> Result<Option<Wrap>, StoreError> {
        let params = match custody {
            KeyCustody::SystemdCredential => WrapParams::SystemdCredential,
            KeyCustody::OsKeyring => {
                let entry = hex::encode(random::<16>()?);
                let secret = SecretKey::random()?;
                let digits = Zeroizing::new(hex::encode(secret.expose()));
                self.vault(custody)?
                    .put(&entry, &digits)
                    .map_err(|source| absent(custody, "it takes no secret", Some(source)))?;
                let params = WrapParams::OsKeyring { entry };
                return Ok(Some(Wrap { params, secret }));
            }
            KeyCustody::Passphrase => WrapParams::passphrase()?,
            KeyCustody::KeyFile => return Ok(None),
        };
        let secret = self.secret(&params)?;
        Ok(Some(Wrap { params, secret }))
    }

    /// The secret that a root key was wrapped by.
    pub(super) fn secret(&self, params: &WrapParams) -> Result<SecretKey, StoreError> {
        match params {
            WrapParams::SystemdCredential => self.credential(),
            WrapParams::OsKeyring { entry } => self.kept(entry),
            WrapParams::Passphrase { .. } => {
                let custody = KeyCustody::Passphrase;
                let ask = self.passphrase.as_ref().or(self.prompt.as_ref());
                let ask = ask.ok_or_else(|| {
                    absent(custody, "nobody is there to give the passphrase", None)
                })?;
                let passphrase = ask
                    .ask()
                    .map_err(|source| absent(custody, "no passphrase was given", Some(source)))?;
                argon2id(params, passphrase.as_bytes())
            }
        }
    }

    /// Forgets what only a superseded root key needed.
    pub(super) fn forget(&self, params: &WrapParams) {
        if let (WrapParams::OsKeyring { entry }, Some(vault)) = (params, &self.vault)
            && let Err(error) = vault.remove(entry)
        {
            tracing::warn!(%error, entry, "the keyring keeps a secret that nothing needs any more");
        }
    }

    fn vault(&self, custody: KeyCustody) -> Result<&dyn KeyVault, StoreError> {
        self.vault
            .as_deref()
            .ok_or_else(|| absent(custody, "there is no keyring here", None))
    }

    fn kept(&self, entry: &str) -> Result<SecretKey, StoreError> {
        let custody = KeyCustody::OsKeyring;
        let found = self
            .vault(custody)?
            .get(entry)
            .map_err(|source| absent(custody, "it does not answer", Some(source)))?
            .ok_or_else(|| absent(custody, "it has no secret for this store", None))?;
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(found.trim(), &mut *bytes)
            .map_err(|_| absent(custody, "its secret is not 64 hexadecimal digits", None))?;
        Ok(SecretKey::new(bytes))
    }

    fn credential(&self) -> Result<SecretKey, StoreError> {
        let custody = KeyCustody::SystemdCredential;
        let path = self
            .credential_file()
            .ok_or_else(|| absent(custody, "the service was started without credentials", None))?;
        let bytes = read_credential(&path)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&bytes)
            .map_err(|_| absent(custody, "the credential is no key", None))?;
        mac.update(KEK_CREDENTIAL);
        Ok(SecretKey::new(Zeroizing::new(
            mac.finalize().into_bytes().into(),
        )))
    }
}

fn read_credential(path: &Path) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let custody = KeyCustody::SystemdCredential;
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(absent(
                custody,
                "the credential pagetally.root is not there",
                None,
            ));
        }
        Err(error) => return Err(io_error("open", path)(error)),
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(4_096));
    file.take(MAX_CREDENTIAL as u64)
        .read_to_end(&mut bytes)
        .map_err(io_error("read", path))?;
    if bytes.len() < MIN_CREDENTIAL {
        return Err(absent(
            custody,
            "the credential has less than 32 bytes",
            None,
        ));
    }
    Ok(bytes)
}

fn absent(custody: KeyCustody, reason: &'static str, source: Option<io::Error>) -> StoreError {
    KeyFileError::KeeperAbsent {
        custody,
        reason,
        source,
    }
    .into()
}
