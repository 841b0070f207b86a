//! Which algorithms there are, and what they are called.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How messages are authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AuthProtocol {
    /// HMAC-MD5-96 (RFC 3414 section 6).
    Md5,
    /// HMAC-SHA-96 (RFC 3414 section 7).
    Sha1,
    /// HMAC-128-SHA-224 (RFC 7860).
    Sha224,
    /// HMAC-192-SHA-256 (RFC 7860).
    Sha256,
    /// HMAC-256-SHA-384 (RFC 7860).
    Sha384,
    /// HMAC-384-SHA-512 (RFC 7860).
    Sha512,
}

impl AuthProtocol {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::Md5,
        Self::Sha1,
        Self::Sha224,
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
    ];

    /// The name, as devices' pages write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    /// The octets of its hash, and of the keys for it.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The octets of msgAuthenticationParameters (RFC 3414 section 6.1.2, RFC 7860 section 4.1).
    pub const fn digest_len(self) -> usize {
        match self {
            Self::Md5 | Self::Sha1 => 12,
            Self::Sha224 => 16,
            Self::Sha256 => 24,
            Self::Sha384 => 32,
            Self::Sha512 => 48,
        }
    }
}

/// How messages are encrypted.
///
/// No RFC says how AES-192 and AES-256 get a key that is longer than the hash of the authentication
/// protocol. Two drafts did: Blumenthal's (draft-blumenthal-aes-usm-04 section 3.1.2.1), which net-snmp and
/// most printers follow, and Reeder's (draft-reeder-snmpv3-usm-3desede-00 section 2.1), which Cisco follows
/// and some others. They agree where the hash is long enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PrivProtocol {
    /// DES in CBC mode (RFC 3414 section 8).
    Des,
    /// AES-128 in CFB mode (RFC 3826).
    Aes128,
    /// AES-192 in CFB mode, its key extended by Blumenthal's way.
    Aes192,
    /// AES-256 in CFB mode, its key extended by Blumenthal's way.
    Aes256,
    /// AES-192 in CFB mode, its key extended by Reeder's way.
    Aes192Reeder,
    /// AES-256 in CFB mode, its key extended by Reeder's way.
    Aes256Reeder,
}

impl PrivProtocol {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::Des,
        Self::Aes128,
        Self::Aes192,
        Self::Aes256,
        Self::Aes192Reeder,
        Self::Aes256Reeder,
    ];

    /// The name, as devices' pages write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Des => "DES",
            Self::Aes128 => "AES-128",
            Self::Aes192 => "AES-192",
            Self::Aes256 => "AES-256",
            Self::Aes192Reeder => "AES-192-Reeder",
            Self::Aes256Reeder => "AES-256-Reeder",
        }
    }

    /// The octets of the localized key that are used; for DES the last eight make the IV
    /// (RFC 3414 section 8.1.1.1).
    pub const fn key_len(self) -> usize {
        match self {
            Self::Des | Self::Aes128 => 16,
            Self::Aes192 | Self::Aes192Reeder => 24,
            Self::Aes256 | Self::Aes256Reeder => 32,
        }
    }

    /// Whether a key that is too short is extended by Reeder's way.
    pub(super) const fn is_reeder(self) -> bool {
        matches!(self, Self::Aes192Reeder | Self::Aes256Reeder)
    }
}

/// A name that is none of an algorithm.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no such protocol; there are {known}")]
pub struct UnknownProtocol {
    name: String,
    known: String,
}

fn unknown(name: &str, known: impl Iterator<Item = &'static str>) -> UnknownProtocol {
    UnknownProtocol {
        name: name.chars().take(24).collect(),
        known: known.collect::<Vec<_>>().join(", "),
    }
}

/// The name without what people write differently.
fn plain(name: &str) -> String {
    let kept = name.chars().filter(char::is_ascii_alphanumeric);
    kept.take(24).collect::<String>().to_ascii_uppercase()
}

impl FromStr for AuthProtocol {
    type Err = UnknownProtocol;

    /// Reads a name in any case, with or without its hyphen; `SHA` is SHA-1.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let wanted = plain(name);
        let wanted = if wanted == "SHA" { "SHA1" } else { &wanted };
        let mut all = Self::ALL.into_iter();
        all.find(|protocol| plain(protocol.name()) == wanted)
            .ok_or_else(|| unknown(name, Self::ALL.iter().map(|protocol| protocol.name())))
    }
}

impl FromStr for PrivProtocol {
    type Err = UnknownProtocol;

    /// Reads a name in any case, with or without its hyphens; `AES` is AES-128, and `AES-192-C` and
    /// `AES-256-C` are Reeder's, as net-snmp calls them.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let wanted = plain(name);
        let wanted = match wanted.as_str() {
            "AES" => "AES128",
            "AES192C" => "AES192REEDER",
            "AES256C" => "AES256REEDER",
            other => other,
        };
        let mut all = Self::ALL.into_iter();
        all.find(|protocol| plain(protocol.name()) == wanted)
            .ok_or_else(|| unknown(name, Self::ALL.iter().map(|protocol| protocol.name())))
    }
}

impl fmt::Display for AuthProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for PrivProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl TryFrom<String> for AuthProtocol {
    type Error = UnknownProtocol;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl From<AuthProtocol> for String {
    fn from(protocol: AuthProtocol) -> Self {
        protocol.name().to_owned()
    }
}

impl TryFrom<String> for PrivProtocol {
    type Error = UnknownProtocol;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl From<PrivProtocol> for String {
    fn from(protocol: PrivProtocol) -> Self {
        protocol.name().to_owned()
    }
}

/// What a message is protected by (RFC 3411 section 3.4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SecurityLevel {
    /// Nothing: whoever knows the user's name may ask.
    NoAuthNoPriv,
    /// It is authentic, and can be read by everybody.
    AuthNoPriv,
    /// It is authentic and encrypted.
    AuthPriv,
}

impl SecurityLevel {
    /// Whether messages are authenticated.
    pub fn has_auth(self) -> bool {
        self >= Self::AuthNoPriv
    }

    /// Whether messages are encrypted.
    pub fn has_priv(self) -> bool {
        self == Self::AuthPriv
    }
}

impl fmt::Display for SecurityLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAuthNoPriv => "noAuthNoPriv",
            Self::AuthNoPriv => "authNoPriv",
            Self::AuthPriv => "authPriv",
        })
    }
}
