//! Ed25519 (RFC 8032) keys and signatures, each signature bound to what it is for.

use crate::HexError;
use crate::hash::from_hex;
use ed25519_dalek as dalek;
use ed25519_dalek::Signer as _;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use zeroize::Zeroizing;

/// What a signature is for. A signature made in one domain is worthless in every other.
///
/// The signed message is the domain's text, a zero byte, then the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Domain(&'static str);

impl Domain {
    /// Names a domain. It is a constant of the program, never input.
    ///
    /// # Panics
    ///
    /// At compile time when used in a constant, if the text is empty or holds a zero byte: then
    /// two domains could yield the same message.
    pub const fn new(text: &'static str) -> Self {
        let bytes = text.as_bytes();
        assert!(!bytes.is_empty(), "a domain has a name");
        let mut at = 0;
        while at < bytes.len() {
            assert!(bytes[at] != 0, "a domain's name holds no zero byte");
            at += 1;
        }
        Self(text)
    }

    /// The domain's text.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    fn message(self, content: &[u8]) -> Vec<u8> {
        let mut message = Vec::with_capacity(self.0.len() + 1 + content.len());
        message.extend_from_slice(self.0.as_bytes());
        message.push(0);
        message.extend_from_slice(content);
        message
    }
}

/// Bytes that are no usable public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is not 64 hexadecimal digits.
    #[error("not a public key in hexadecimal")]
    Hex(#[from] HexError),
    /// The bytes are no point of the curve.
    #[error("these 32 bytes are no Ed25519 public key")]
    NotAPoint,
    /// A point of small order, for which signatures prove nothing.
    #[error("this Ed25519 public key is a point of small order, which proves nothing")]
    Weak,
}

/// A signature that does not fit the key, the domain and the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature for \"{domain}\" does not fit key {}", hex::encode(key))]
pub struct SignatureError {
    /// What the signature should have been for.
    pub domain: &'static str,
    /// The public key that it should have been made with.
    pub key: [u8; 32],
}

/// A private Ed25519 key. It never shows in `Debug`, has no `==`, and is wiped when dropped.
pub struct SigningKey(dalek::SigningKey);

impl SigningKey {
    /// The key for a 32-byte seed, which must come from a cryptographic random source.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let seed = Zeroizing::new(seed);
        Self(dalek::SigningKey::from_bytes(&seed))
    }

    /// The seed, for storing it sealed.
    pub fn to_seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public half.
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key())
    }

    /// Signs `content` for one purpose.
    pub fn sign(&self, domain: Domain, content: &[u8]) -> Signature {
        self.sign_message(&domain.message(content))
    }

    fn sign_message(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}

impl Clone for SigningKey {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(… of {})", self.verifying_key())
    }
}

/// A public Ed25519 key, in documents 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VerifyingKey(dalek::VerifyingKey);

impl VerifyingKey {
    /// Takes a public key.
    ///
    /// # Errors
    ///
    /// [`KeyError`] for bytes that are no point, or a point of small order.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, KeyError> {
        let key = dalek::VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::NotAPoint)?;
        if key.is_weak() {
            return Err(KeyError::Weak);
        }
        Ok(Self(key))
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Checks a signature made by [`SigningKey::sign`] in the same domain, strictly: no other
    /// encoding of the same signature passes.
    ///
    /// # Errors
    ///
    /// [`SignatureError`] when it does not fit.
    pub fn verify(
        &self,
        domain: Domain,
        content: &[u8],
        signature: &Signature,
    ) -> Result<(), SignatureError> {
        self.verify_message(&domain.message(content), signature)
            .map_err(|_| SignatureError {
                domain: domain.as_str(),
                key: *self.as_bytes(),
            })
    }

    fn verify_message(
        &self,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), dalek::SignatureError> {
        let signature = dalek::Signature::from_bytes(&signature.0);
        self.0.verify_strict(message, &signature)
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.as_bytes()))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({self})")
    }
}

impl FromStr for VerifyingKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::from_bytes(from_hex(text)?)
    }
}

impl TryFrom<String> for VerifyingKey {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        text.parse()
    }
}

impl From<VerifyingKey> for String {
    fn from(key: VerifyingKey) -> Self {
        key.to_string()
    }
}

/// An Ed25519 signature, in documents 128 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Signature([u8; 64]);

impl Signature {
    /// Wraps 64 bytes; whether they are a signature shows when they are verified.
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The 64 bytes.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

impl FromStr for Signature {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        from_hex(text).map(Self)
    }
}

impl TryFrom<String> for Signature {
    type Error = HexError;

    fn try_from(text: String) -> Result<Self, HexError> {
        text.parse()
    }
}

impl From<Signature> for String {
    fn from(signature: Signature) -> Self {
        signature.to_string()
    }
}
