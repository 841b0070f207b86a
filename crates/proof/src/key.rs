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

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032 section 7.1: secret, public, message, signature.
    const VECTORS: [(&str, &str, &str, &str); 3] = [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ];

    #[test]
    fn the_vectors_of_rfc_8032_section_7_1_pass() {
        for (secret, public, message, signature) in VECTORS {
            let key = SigningKey::from_seed(from_hex(secret).expect("32 bytes"));
            let message = hex::decode(message).expect("hex");
            assert_eq!(key.verifying_key().to_string(), public);
            let made = key.sign_message(&message);
            assert_eq!(made.to_string(), signature);
            key.verifying_key()
                .verify_message(&message, &made)
                .expect("verifies");
        }
    }

    const ONE: Domain = Domain::new("one");

    #[test]
    fn a_signature_holds_in_its_own_domain_only() {
        let key = SigningKey::from_seed([7; 32]);
        let signature = key.sign(ONE, b"content");
        let public = key.verifying_key();
        assert_eq!(public.verify(ONE, b"content", &signature), Ok(()));
        for (domain, content) in [
            (Domain::new("two"), &b"content"[..]),
            (Domain::new("onec"), b"ontent"),
            (ONE, b"contenT"),
            (ONE, b""),
        ] {
            assert!(public.verify(domain, content, &signature).is_err());
        }
    }

    #[test]
    fn another_encoding_of_a_signature_is_refused() {
        let key = SigningKey::from_seed([7; 32]);
        let mut bytes = *key.sign(ONE, b"content").as_bytes();
        // s + L, with L the group's order: the same signature to a lax verifier (RFC 8032, 8.4).
        let order: [u8; 32] =
            from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
                .expect("32 bytes");
        let mut carry = 0;
        for (s, l) in bytes[32..].iter_mut().zip(order) {
            let sum = u16::from(*s) + u16::from(l) + carry;
            *s = sum.to_le_bytes()[0];
            carry = sum >> 8;
        }
        let result = key
            .verifying_key()
            .verify(ONE, b"content", &Signature::from_bytes(bytes));
        assert!(result.is_err());
    }

    #[test]
    fn a_key_of_small_order_is_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert_eq!(VerifyingKey::from_bytes(identity), Err(KeyError::Weak));
    }

    #[test]
    fn a_signing_key_never_shows_in_debug() {
        let seed = [0xab; 32];
        let key = SigningKey::from_seed(seed);
        assert!(!format!("{key:?}").contains("abab"));
        assert!(!format!("{key:?}").contains("171, 171"));
        assert_eq!(*key.to_seed(), seed);
    }
}
