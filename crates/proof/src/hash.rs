//! Hashes and salts, 32 bytes each.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use zeroize::Zeroize;

/// Text that is not the right number of lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{expected} lower-case hexadecimal digits expected; this text has {length} characters")]
pub struct HexError {
    /// How many digits there should be.
    pub expected: usize,
    /// Length of the refused text in bytes.
    pub length: usize,
}

/// Reads exactly `N` bytes from lower-case hexadecimal, the only spelling that documents use.
pub(crate) fn from_hex<const N: usize>(text: &str) -> Result<[u8; N], HexError> {
    let refused = HexError {
        expected: 2 * N,
        length: text.len(),
    };
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(refused);
    }
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| refused)?;
    Ok(bytes)
}

/// A SHA-256 hash, in documents 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash([u8; 32]);

impl Hash {
    /// What stands in for the previous header's hash in an agent's first submission.
    pub const ZERO: Self = Self([0; 32]);

    /// Wraps the 32 bytes of a hash.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// SHA-256 over the concatenation of `parts`.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        from_hex(text).map(Self)
    }
}

impl TryFrom<String> for Hash {
    type Error = HexError;

    fn try_from(text: String) -> Result<Self, HexError> {
        text.parse()
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

/// 32 random bytes that go into one leaf, so that nobody can guess a document from its hash.
///
/// Whoever erases a document erases its salt with it; what is left proves nothing about the
/// content. So a salt never shows in `Debug`, and is wiped when dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Salt([u8; 32]);

impl Salt {
    /// Wraps 32 bytes, which must come from a cryptographic random source and serve one leaf only.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The salt as 64 hexadecimal digits. There is no `Display`, so that it is never printed
    /// unawares.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl Drop for Salt {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

impl FromStr for Salt {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        from_hex(text).map(Self)
    }
}

impl TryFrom<String> for Salt {
    type Error = HexError;

    fn try_from(mut text: String) -> Result<Self, HexError> {
        let salt = text.parse();
        text.zeroize();
        salt
    }
}

impl From<Salt> for String {
    fn from(salt: Salt) -> Self {
        salt.to_hex()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_survives_its_own_text() {
        let hash = Hash::of(&[b"abc"]);
        // FIPS 180-2 appendix B.1.
        assert_eq!(
            hash.to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(hash.to_string().parse(), Ok(hash));
    }

    #[test]
    fn parts_are_hashed_as_one_message() {
        assert_eq!(Hash::of(&[b"a", b"", b"bc"]), Hash::of(&[b"abc"]));
    }

    #[test]
    fn a_hash_has_one_spelling() {
        let text = Hash::of(&[b"abc"]).to_string();
        assert!(text.to_uppercase().parse::<Hash>().is_err());
        assert!(text[..62].parse::<Hash>().is_err());
    }

    #[test]
    fn a_salt_never_shows_in_debug() {
        let salt = Salt::from_bytes([0xab; 32]);
        assert!(!format!("{salt:?}").contains("ab"));
        assert_eq!(salt.to_hex().parse(), Ok(salt));
    }
}
