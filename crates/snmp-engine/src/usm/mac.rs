//! Hashes and HMACs of the authentication protocols, over one kind of value.

use super::AuthProtocol;
use hmac::{Hmac, KeyInit, Mac as _};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// How much is hashed for a key (RFC 3414 section A.2).
const EXPANDED: usize = 1 << 20;

/// The hash of these parts, one after the other.
pub(super) fn hash(protocol: AuthProtocol, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    fn with<D: Digest>(parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        let mut hasher = D::new();
        for part in parts {
            hasher.update(part);
        }
        Zeroizing::new(hasher.finalize().to_vec())
    }
    match protocol {
        AuthProtocol::Md5 => with::<Md5>(parts),
        AuthProtocol::Sha1 => with::<Sha1>(parts),
        AuthProtocol::Sha224 => with::<Sha224>(parts),
        AuthProtocol::Sha256 => with::<Sha256>(parts),
        AuthProtocol::Sha384 => with::<Sha384>(parts),
        AuthProtocol::Sha512 => with::<Sha512>(parts),
    }
}

/// The key of a passphrase: the hash of a megabyte of it (RFC 3414 section A.2). Of an empty
/// passphrase, the hash of nothing.
pub(super) fn password_to_key(protocol: AuthProtocol, password: &[u8]) -> Zeroizing<Vec<u8>> {
    fn with<D: Digest>(block: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut hasher = D::new();
        let mut left = EXPANDED;
        while left > 0 && !block.is_empty() {
            let part = block.get(..left).unwrap_or(block);
            hasher.update(part);
            left -= part.len();
        }
        Zeroizing::new(hasher.finalize().to_vec())
    }
    // Whole repetitions in a row, so that blocks begin where the passphrase does.
    let repeated = 4_096_usize.div_ceil(password.len().max(1));
    let block = Zeroizing::new(password.repeat(repeated));
    match protocol {
        AuthProtocol::Md5 => with::<Md5>(&block),
        AuthProtocol::Sha1 => with::<Sha1>(&block),
        AuthProtocol::Sha224 => with::<Sha224>(&block),
        AuthProtocol::Sha256 => with::<Sha256>(&block),
        AuthProtocol::Sha384 => with::<Sha384>(&block),
        AuthProtocol::Sha512 => with::<Sha512>(&block),
    }
}

/// The key at one engine (RFC 3414 section 2.6).
pub(super) fn localize(protocol: AuthProtocol, key: &[u8], engine_id: &[u8]) -> Zeroizing<Vec<u8>> {
    hash(protocol, &[key, engine_id, key])
}

/// An HMAC whose key is worked in already: only what a message adds is left to do.
#[derive(Clone)]
pub(super) enum Keyed {
    Md5(Hmac<Md5>),
    Sha1(Hmac<Sha1>),
    Sha224(Hmac<Sha224>),
    Sha256(Hmac<Sha256>),
    Sha384(Box<Hmac<Sha384>>),
    Sha512(Box<Hmac<Sha512>>),
}

impl Keyed {
    /// Nothing where the key does not fit, which an HMAC's always does.
    pub(super) fn new(protocol: AuthProtocol, key: &[u8]) -> Option<Self> {
        Some(match protocol {
            AuthProtocol::Md5 => Self::Md5(Hmac::new_from_slice(key).ok()?),
            AuthProtocol::Sha1 => Self::Sha1(Hmac::new_from_slice(key).ok()?),
            AuthProtocol::Sha224 => Self::Sha224(Hmac::new_from_slice(key).ok()?),
            AuthProtocol::Sha256 => Self::Sha256(Hmac::new_from_slice(key).ok()?),
            AuthProtocol::Sha384 => Self::Sha384(Box::new(Hmac::new_from_slice(key).ok()?)),
            AuthProtocol::Sha512 => Self::Sha512(Box::new(Hmac::new_from_slice(key).ok()?)),
        })
    }

    pub(super) fn protocol(&self) -> AuthProtocol {
        match self {
            Self::Md5(_) => AuthProtocol::Md5,
            Self::Sha1(_) => AuthProtocol::Sha1,
            Self::Sha224(_) => AuthProtocol::Sha224,
            Self::Sha256(_) => AuthProtocol::Sha256,
            Self::Sha384(_) => AuthProtocol::Sha384,
            Self::Sha512(_) => AuthProtocol::Sha512,
        }
    }

    /// Hands the whole code over these parts to `use_it`.
    fn with_code<T>(&self, parts: &[&[u8]], use_it: impl FnOnce(&[u8]) -> T) -> T {
        macro_rules! code {
            ($mac:expr) => {{
                let mut mac = $mac.clone();
                for part in parts {
                    mac.update(part);
                }
                use_it(&mac.finalize().into_bytes())
            }};
        }
        match self {
            Self::Md5(mac) => code!(mac),
            Self::Sha1(mac) => code!(mac),
            Self::Sha224(mac) => code!(mac),
            Self::Sha256(mac) => code!(mac),
            Self::Sha384(mac) => code!(mac),
            Self::Sha512(mac) => code!(mac),
        }
    }

    /// Writes the code over these parts, cut to the length of `digest`.
    pub(super) fn write(&self, parts: &[&[u8]], digest: &mut [u8]) {
        self.with_code(parts, |code| {
            for (place, octet) in digest.iter_mut().zip(code) {
                *place = *octet;
            }
        });
    }

    /// Whether `digest` is the code over these parts, in a time that tells nothing of where it
    /// differs.
    pub(super) fn verify(&self, parts: &[&[u8]], digest: &[u8]) -> bool {
        digest.len() == self.protocol().digest_len()
            && self.with_code(parts, |code| {
                let cut = code.get(..digest.len()).unwrap_or_default();
                bool::from(cut.ct_eq(digest))
            })
    }
}
