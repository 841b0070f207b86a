//! The root key in its file.

use super::copies::{from_copies, read_private, replace_private};
use super::custody::{CREDENTIAL, KeyCustody, KeySources};
use super::damaged;
use crate::error::{KeyFileError, StoreError};
use crate::secret::{SecretKey, random, same};
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use pagetally_proof::Hash;
use std::fmt;
use std::path::{Path, PathBuf};
use zeroize::{Zeroize, Zeroizing};

/// A root key as it is.
const PLAIN: u32 = 1;
/// A root key wrapped by a secret that lies elsewhere.
const WRAPPED: u32 = 2;

const ROOT_WORD: &str = "pagetally-root-key";
const PLAIN_CHECK: &[u8] = b"pagetally/root-key-check/1\0";
const WRAPPED_CHECK: &[u8] = b"pagetally/root-key-check/2\0";
const ROOT_ID: &[u8] = b"pagetally/root-key-id/1\0";
const ROOT_WRAP: &[u8] = b"pagetally/root-key/2\0";

/// RFC 9106 section 4's second choice, in one lane: 64 MiB, three passes, a fifth of a second on a
/// PC of today.
pub(super) const MEMORY_KIB: u32 = 64 * 1024;
pub(super) const PASSES: u32 = 3;
const LANES: u32 = 1;
/// Ceilings on what a file may ask for: a hostile one must not eat the machine.
const MAX_MEMORY_KIB: u32 = 1 << 20;
const MAX_PASSES: u32 = 64;
const MAX_LANES: u32 = 16;

/// The root key with its name.
#[derive(Clone, Debug)]
pub(super) struct Root {
    pub(super) key: SecretKey,
    pub(super) id: String,
}

impl Root {
    pub(super) fn new(key: SecretKey) -> Self {
        let id = hex::encode(&Hash::of(&[ROOT_ID, key.expose()]).as_bytes()[..16]);
        Self { key, id }
    }

    pub(super) fn random() -> Result<Self, StoreError> {
        Ok(Self::new(SecretKey::random()?))
    }

    pub(super) fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.key.expose().into())
    }
}

/// How to come to the secret that wraps a root key. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WrapParams {
    SystemdCredential,
    OsKeyring {
        entry: String,
    },
    Passphrase {
        memory_kib: u32,
        passes: u32,
        lanes: u32,
        salt: [u8; 16],
    },
}

impl WrapParams {
    pub(super) fn passphrase() -> Result<Self, StoreError> {
        Ok(Self::Passphrase {
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt: random()?,
        })
    }

    pub(super) fn custody(&self) -> KeyCustody {
        match self {
            Self::SystemdCredential => KeyCustody::SystemdCredential,
            Self::OsKeyring { .. } => KeyCustody::OsKeyring,
            Self::Passphrase { .. } => KeyCustody::Passphrase,
        }
    }

    pub(super) fn parse(custody: &str, text: &str) -> Option<Self> {
        let found = match KeyCustody::from_name(custody)? {
            KeyCustody::SystemdCredential => Self::SystemdCredential,
            KeyCustody::OsKeyring => {
                let is_name = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
                is_name.then(|| Self::OsKeyring {
                    entry: text.to_owned(),
                })?
            }
            KeyCustody::Passphrase => Self::parse_argon2id(text)?,
            KeyCustody::KeyFile => return None,
        };
        // One spelling only, so that what is bound by the seal is what stands there.
        (found.to_string() == text).then_some(found)
    }

    fn parse_argon2id(text: &str) -> Option<Self> {
        let mut parts = text.split(',');
        if parts.next() != Some("argon2id") {
            return None;
        }
        let mut number = |name: &str, limit: u32| {
            let value: u32 = parts.next()?.strip_prefix(name)?.parse().ok()?;
            (1..=limit).contains(&value).then_some(value)
        };
        let (memory_kib, passes, lanes) = (
            number("m=", MAX_MEMORY_KIB)?,
            number("t=", MAX_PASSES)?,
            number("p=", MAX_LANES)?,
        );
        let mut salt = [0; 16];
        hex::decode_to_slice(parts.next()?.strip_prefix("salt=")?, &mut salt).ok()?;
        parts.next().is_none().then_some(Self::Passphrase {
            memory_kib,
            passes,
            lanes,
            salt,
        })
    }
}

impl fmt::Display for WrapParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SystemdCredential => f.write_str(CREDENTIAL),
            Self::OsKeyring { entry } => f.write_str(entry),
            Self::Passphrase {
                memory_kib,
                passes,
                lanes,
                salt,
            } => write!(
                f,
                "argon2id,m={memory_kib},t={passes},p={lanes},salt={}",
                hex::encode(salt)
            ),
        }
    }
}

/// The secret that a passphrase leads to (RFC 9106).
pub(super) fn argon2id(params: &WrapParams, passphrase: &[u8]) -> Result<SecretKey, StoreError> {
    let WrapParams::Passphrase {
        memory_kib,
        passes,
        lanes,
        salt,
    } = params
    else {
        return Err(StoreError::Derivation);
    };
    let params =
        Params::new(*memory_kib, *passes, *lanes, Some(32)).map_err(|_| StoreError::Derivation)?;
    let mut secret = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase, salt, &mut *secret)
        .map_err(|_| StoreError::Derivation)?;
    Ok(SecretKey::new(secret))
}

/// A root key that was found, and who keeps it: nobody else where there are no parameters.
#[derive(Clone, Debug)]
pub(super) struct FoundRoot {
    pub(super) root: Root,
    pub(super) wrap: Option<Wrap>,
}

/// The secret that wraps a root key, and the way to it. It is kept while a store is open, so that
/// a root key can be replaced without asking for the passphrase again.
#[derive(Clone, Debug)]
pub(super) struct Wrap {
    pub(super) params: WrapParams,
    pub(super) secret: SecretKey,
}

/// Reads the root key; nothing where there is no file.
pub(super) fn read(
    path: &Path,
    sources: &KeySources,
    worn: &mut Vec<PathBuf>,
) -> Result<Option<FoundRoot>, StoreError> {
    let Some(bytes) = read_private(path)? else {
        return Ok(None);
    };
    let line = from_copies(&bytes, path, worn, |line| Line::parse(line, path))?;
    match line {
        Line::Plain(root) => Ok(Some(FoundRoot { root, wrap: None })),
        Line::Wrapped(wrapped) => {
            let secret = sources.secret(&wrapped.params)?;
            let root = wrapped.open(&secret, path)?;
            let params = wrapped.params;
            Ok(Some(FoundRoot {
                root,
                wrap: Some(Wrap { params, secret }),
            }))
        }
    }
}

/// Writes the root key, wrapped where something wraps it.
pub(super) fn write(path: &Path, root: &Root, wrap: Option<&Wrap>) -> Result<(), StoreError> {
    let Some(Wrap { params, secret }) = wrap else {
        let mut digits = hex::encode(root.key.expose());
        let line = Zeroizing::new(format!(
            "{ROOT_WORD} {PLAIN} {digits} {}\n",
            plain_check(&root.key)
        ));
        digits.zeroize();
        return replace_private(path, line.as_bytes());
    };
    let line = wrapped_line(root, params, secret, random()?)?;
    replace_private(path, line.as_bytes())
}

fn wrapped_line(
    root: &Root,
    params: &WrapParams,
    secret: &SecretKey,
    nonce: [u8; 24],
) -> Result<String, StoreError> {
    let mut buffer = Zeroizing::new(Vec::with_capacity(48));
    buffer.extend_from_slice(root.key.expose());
    XChaCha20Poly1305::new(secret.expose().into())
        .encrypt_in_place(
            &XNonce::from(nonce),
            &associated(params, &root.id),
            &mut *buffer,
        )
        .map_err(|_| StoreError::Derivation)?;
    let mut line = format!(
        "{ROOT_WORD} {WRAPPED} {} {params} {} {} {}",
        params.custody(),
        hex::encode(nonce),
        hex::encode(&*buffer),
        root.id
    );
    let check = line_check(&line);
    line.push(' ');
    line.push_str(&check);
    line.push('\n');
    Ok(line)
}

fn associated(params: &WrapParams, id: &str) -> Vec<u8> {
    let text = format!("{}\0{params}\0{id}", params.custody());
    [ROOT_WRAP, text.as_bytes()].concat()
}

fn plain_check(key: &SecretKey) -> String {
    hex::encode(&Hash::of(&[PLAIN_CHECK, key.expose()]).as_bytes()[..8])
}

fn line_check(line: &str) -> String {
    hex::encode(&Hash::of(&[WRAPPED_CHECK, line.as_bytes()]).as_bytes()[..8])
}

/// What stands in the file.
#[derive(Debug)]
pub(super) enum Line {
    Plain(Root),
    Wrapped(Wrapped),
}

/// A root key that its keeper's secret opens.
#[derive(Debug)]
pub(super) struct Wrapped {
    params: WrapParams,
    nonce: [u8; 24],
    sealed: Vec<u8>,
    id: String,
}

impl Line {
    pub(super) fn parse(line: &str, path: &Path) -> Result<Self, StoreError> {
        let words: Vec<&str> = line.split(' ').collect();
        let [ROOT_WORD, format, ..] = words[..] else {
            return Err(damaged(path, "it does not begin as a root key"));
        };
        match (format.parse(), &words[2..]) {
            (Ok(PLAIN), &[digits, check]) => Ok(Self::Plain(plain(digits, check, path)?)),
            (Ok(WRAPPED), &[custody, params, nonce, sealed, id, check]) => {
                let (before, _) = line.rsplit_once(' ').unwrap_or((line, ""));
                if !same(line_check(before).as_bytes(), check.as_bytes()) {
                    return Err(damaged(path, "it does not fit its check"));
                }
                Wrapped::parse(custody, params, nonce, sealed, id)
                    .map(Self::Wrapped)
                    .ok_or_else(|| damaged(path, "it names no way to the key that is known"))
            }
            (Ok(newer), _) if newer > WRAPPED => Err(StoreError::NewerFormat {
                path: path.to_owned(),
                format: newer,
                algorithm: super::KEY_ALGORITHM,
            }),
            _ => Err(damaged(path, "it has not the words of its format")),
        }
    }
}

fn plain(digits: &str, check: &str, path: &Path) -> Result<Root, StoreError> {
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(digits, &mut *bytes)
        .map_err(|_| damaged(path, "the key is not 64 hexadecimal digits"))?;
    let key = SecretKey::new(bytes);
    if !same(plain_check(&key).as_bytes(), check.as_bytes()) {
        return Err(damaged(path, "the key does not fit its check"));
    }
    Ok(Root::new(key))
}

impl Wrapped {
    fn parse(custody: &str, params: &str, nonce: &str, sealed: &str, id: &str) -> Option<Self> {
        let mut wrapped = Self {
            params: WrapParams::parse(custody, params)?,
            nonce: [0; 24],
            sealed: hex::decode(sealed).ok()?,
            id: id.to_owned(),
        };
        hex::decode_to_slice(nonce, &mut wrapped.nonce).ok()?;
        (wrapped.sealed.len() == 48).then_some(wrapped)
    }

    fn open(&self, secret: &SecretKey, path: &Path) -> Result<Root, StoreError> {
        let wrong = || KeyFileError::WrongSecret {
            path: path.to_owned(),
            custody: self.params.custody(),
            root: self.id.clone(),
        };
        let mut buffer = Zeroizing::new(self.sealed.clone());
        XChaCha20Poly1305::new(secret.expose().into())
            .decrypt_in_place(
                &XNonce::from(self.nonce),
                &associated(&self.params, &self.id),
                &mut *buffer,
            )
            .map_err(|_| wrong())?;
        let mut key = Zeroizing::new([0; 32]);
        if buffer.len() != key.len() {
            return Err(wrong().into());
        }
        key.copy_from_slice(&buffer);
        let root = Root::new(SecretKey::new(key));
        if root.id == self.id {
            Ok(root)
        } else {
            Err(wrong().into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path() -> &'static Path {
        Path::new("root.key")
    }

    /// The bytes of format 2 are frozen: a store made today opens for ever.
    #[test]
    fn a_wrapped_root_key_has_the_bytes_that_it_always_had() {
        let root = Root::new(SecretKey::new(Zeroizing::new([7; 32])));
        let params = WrapParams::Passphrase {
            memory_kib: 64,
            passes: 1,
            lanes: 1,
            salt: [9; 16],
        };
        let secret = argon2id(&params, b"correct horse battery").expect("derived");
        let line = wrapped_line(&root, &params, &secret, [5; 24]).expect("sealed");
        assert_eq!(line, include_str!("frozen-root-2.txt"));
        let Ok(Line::Wrapped(wrapped)) = Line::parse(line.trim_end(), path()) else {
            panic!("it is wrapped");
        };
        assert_eq!(wrapped.open(&secret, path()).expect("opens").id, root.id);
        let other = argon2id(&params, b"incorrect horse battery").expect("derived");
        assert!(matches!(
            wrapped.open(&other, path()),
            Err(StoreError::Key(KeyFileError::WrongSecret { .. }))
        ));
    }

    #[test]
    fn parameters_that_would_eat_the_machine_are_refused() {
        let salt = "09".repeat(16);
        for text in [
            format!("argon2id,m=4294967295,t=3,p=1,salt={salt}"),
            format!("argon2id,m=65536,t=1000000,p=1,salt={salt}"),
            format!("argon2id,m=65536,t=3,p=0,salt={salt}"),
            format!("argon2id,m=065536,t=3,p=1,salt={salt}"),
            format!("argon2i,m=65536,t=3,p=1,salt={salt}"),
        ] {
            assert_eq!(WrapParams::parse("passphrase", &text), None, "{text}");
        }
        let good = format!("argon2id,m=65536,t=3,p=1,salt={salt}");
        assert!(WrapParams::parse("passphrase", &good).is_some());
    }

    #[test]
    fn a_newer_format_is_refused_by_name() {
        let error = Line::parse("pagetally-root-key 3 whatever comes", path()).expect_err("newer");
        assert!(matches!(error, StoreError::NewerFormat { format: 3, .. }));
    }

    proptest! {
        #[test]
        fn no_line_makes_it_panic(line in ".{0,200}") {
            let _ = Line::parse(&line, path());
        }

        #[test]
        fn a_changed_byte_is_damage_and_nothing_else(at in 0usize..1_000, bit in 0u8..7) {
            let mut bytes = include_str!("frozen-root-2.txt").trim_end().as_bytes().to_vec();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            let line = String::from_utf8(bytes).expect("ASCII");
            let refused = matches!(
                Line::parse(&line, path()),
                Err(StoreError::Key(KeyFileError::Damaged { .. }) | StoreError::NewerFormat { .. })
            );
            prop_assert!(refused);
        }
    }
}
