//! The X25519 keys that messages are sealed to, and Central's keys with their names.

use hpke::{Deserializable, Kem as _, Serializable};
use pagetally_proof::{Hash, SigningKey, VerifyingKey};
use std::fmt;
use std::str::FromStr;
use zeroize::Zeroizing;

type X25519 = hpke::kem::X25519HkdfSha256;

/// A public X25519 key, in documents 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SealingPublicKey([u8; 32]);

/// Text that is not exactly this many bytes in lower-case hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{expected} lower-case hexadecimal digits expected")]
pub struct HexTextError {
    /// How many digits there should be.
    pub expected: usize,
}

pub(crate) fn from_hex<const N: usize>(text: &str) -> Result<[u8; N], HexTextError> {
    let refused = HexTextError { expected: 2 * N };
    let mut bytes = [0; N];
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(refused);
    }
    hex::decode_to_slice(text, &mut bytes).map_err(|_| refused)?;
    Ok(bytes)
}

macro_rules! hex_text {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = HexTextError;

            fn from_str(text: &str) -> Result<Self, HexTextError> {
                from_hex(text).map(Self)
            }
        }
    };
}
pub(crate) use hex_text;

hex_text!(SealingPublicKey);

impl SealingPublicKey {
    /// Wraps the 32 bytes of a public key. Any 32 bytes are one (RFC 7748); a point of small order
    /// shows when something is sealed to it, as an error.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn to_hpke(self) -> Result<<X25519 as hpke::Kem>::PublicKey, hpke::HpkeError> {
        Deserializable::from_bytes(&self.0)
    }
}

/// A private X25519 key with its public half. It never shows in `Debug`, has no `==`, and its seed
/// is wiped when dropped.
#[derive(Clone)]
pub struct SealingKeyPair {
    seed: Zeroizing<[u8; 32]>,
    public: SealingPublicKey,
}

impl SealingKeyPair {
    /// The pair for a 32-byte seed (RFC 9180 section 7.1.3, DeriveKeyPair), which must come from a
    /// cryptographic random source.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let seed = Zeroizing::new(seed);
        let (_, public) = X25519::derive_keypair(&*seed);
        Self {
            seed,
            public: SealingPublicKey(public.to_bytes().into()),
        }
    }

    /// The seed, for storing it sealed.
    pub fn to_seed(&self) -> Zeroizing<[u8; 32]> {
        self.seed.clone()
    }

    /// The public half.
    pub const fn public(&self) -> SealingPublicKey {
        self.public
    }

    pub(crate) fn to_hpke(&self) -> <X25519 as hpke::Kem>::PrivateKey {
        X25519::derive_keypair(&*self.seed).0
    }
}

impl fmt::Debug for SealingKeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKeyPair(… of {})", self.public)
    }
}

/// The name of one of Central's public keys: 16 bytes of a hash over both its halves, so that a name can
/// never stand for another key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CentralKeyId([u8; 16]);

hex_text!(CentralKeyId);

impl CentralKeyId {
    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// One of Central's public keys: what requests are sealed to and what receipts are checked with. The two
/// come, are replaced and end together, under one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CentralPublicKey {
    sealing: SealingPublicKey,
    signing: VerifyingKey,
    id: CentralKeyId,
}

impl CentralPublicKey {
    /// Takes both halves; the name follows from them.
    pub fn new(sealing: SealingPublicKey, signing: VerifyingKey) -> Self {
        let hash = Hash::of(&[
            b"pagetally/central-key/1\0",
            sealing.as_bytes(),
            signing.as_bytes(),
        ]);
        let mut id = [0; 16];
        for (byte, hashed) in id.iter_mut().zip(hash.as_bytes()) {
            *byte = *hashed;
        }
        Self {
            sealing,
            signing,
            id: CentralKeyId(id),
        }
    }

    /// The key's name.
    pub const fn id(&self) -> CentralKeyId {
        self.id
    }

    /// What requests are sealed to.
    pub const fn sealing(&self) -> SealingPublicKey {
        self.sealing
    }

    /// What receipts are checked with.
    pub const fn signing(&self) -> VerifyingKey {
        self.signing
    }
}

/// One of Central's private keys, with its public half. `Debug` shows the public half alone.
#[derive(Clone, Debug)]
pub struct CentralKeyPair {
    pair: SealingKeyPair,
    signing: SigningKey,
    public: CentralPublicKey,
}

impl CentralKeyPair {
    /// The key for a 32-byte seed, which must come from a cryptographic random source. The X25519 pair is
    /// RFC 9180's for the seed (section 7.1.3), the Ed25519 key that of a hash over it: neither tells
    /// anything of the other.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let seed = Zeroizing::new(seed);
        let pair = SealingKeyPair::from_seed(*seed);
        let hashed = Hash::of(&[b"pagetally/central-signing-key/1\0", &*seed]);
        let hashed = Zeroizing::new(*hashed.as_bytes());
        let signing = SigningKey::from_seed(*hashed);
        let public = CentralPublicKey::new(pair.public(), signing.verifying_key());
        Self {
            pair,
            signing,
            public,
        }
    }

    /// The seed, for storing it wrapped under the server key.
    pub fn to_seed(&self) -> Zeroizing<[u8; 32]> {
        self.pair.to_seed()
    }

    /// The public half with its name.
    pub const fn public(&self) -> CentralPublicKey {
        self.public
    }

    pub(crate) const fn pair(&self) -> &SealingKeyPair {
        &self.pair
    }

    pub(crate) const fn signing(&self) -> &SigningKey {
        &self.signing
    }
}

/// The two public keys of an agent, bound together at registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentPublicKeys {
    /// What its signatures are checked with (Ed25519).
    pub signing: VerifyingKey,
    /// What answers are sealed to (X25519).
    pub sealing: SealingPublicKey,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_pair_survives_its_seed_and_shows_no_secret() {
        let pair = CentralKeyPair::from_seed([0xa5; 32]);
        let again = CentralKeyPair::from_seed(*pair.to_seed());
        assert_eq!(again.public(), pair.public());
        assert!(!format!("{pair:?}").contains("a5a5"));
    }

    #[test]
    fn a_keys_name_follows_from_both_its_halves() {
        let [a, b] = [1, 2].map(|n| CentralKeyPair::from_seed([n; 32]).public());
        let mixed = CentralPublicKey::new(a.sealing(), b.signing());
        assert!(a.id() != b.id() && mixed.id() != a.id() && mixed.id() != b.id());
        assert_eq!(a.id().to_string().parse(), Ok(a.id()));
    }

    #[test]
    fn a_key_has_one_spelling() {
        let text = SealingPublicKey::from_bytes([0xab; 32]).to_string();
        assert!(text.parse::<SealingPublicKey>().is_ok());
        assert!(text.to_uppercase().parse::<SealingPublicKey>().is_err());
        assert!(text[..62].parse::<SealingPublicKey>().is_err());
    }
}
