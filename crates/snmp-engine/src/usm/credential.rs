//! Users with their passphrases, and what is derived from them once.

use super::mac::password_to_key;
use super::{AuthProtocol, LocalKeys, PrivProtocol, SecurityLevel};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// A passphrase: wiped when dropped, and silent in `Debug`.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Takes it over.
    pub fn new(octets: impl Into<Vec<u8>>) -> Self {
        Self(octets.into())
    }

    /// The secret itself.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A user as a person names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsmUser {
    /// The name, of 1 to 32 octets (RFC 3414 section 5, usmUserName).
    pub name: String,
    /// How messages are authenticated, if they are.
    pub auth: Option<(AuthProtocol, Secret)>,
    /// How messages are encrypted, if they are. Only who authenticates can encrypt.
    pub privacy: Option<(PrivProtocol, Secret)>,
    /// The context that is asked for; most devices have only the nameless one.
    pub context: String,
}

/// A user that cannot be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UsmUserError {
    /// No name, or too long a one.
    #[error("a user name has 1 to 32 octets")]
    Name,
    /// Too long a context name.
    #[error("a context name has at most 32 octets")]
    Context,
    /// A passphrase that devices do not take (RFC 3414 section 11.2).
    #[error("a passphrase has 8 to 256 octets")]
    Passphrase,
    /// Privacy without authentication (RFC 3411 section 3.4.3).
    #[error("who encrypts must authenticate as well: an authentication passphrase is missing")]
    PrivacyAlone,
}

impl UsmUser {
    /// The shortest passphrase (RFC 3414 section 11.2).
    pub const MIN_PASSPHRASE: usize = 8;

    /// The longest passphrase that is taken: net-snmp's own limit.
    pub const MAX_PASSPHRASE: usize = 256;

    /// The longest name of a user or a context (SnmpAdminString of RFC 3414 section 5 and RFC 3415
    /// section 4).
    pub const MAX_NAME: usize = 32;

    /// What messages of this user are protected by.
    pub fn level(&self) -> SecurityLevel {
        match (&self.auth, &self.privacy) {
            (Some(_), Some(_)) => SecurityLevel::AuthPriv,
            (Some(_), None) => SecurityLevel::AuthNoPriv,
            (None, _) => SecurityLevel::NoAuthNoPriv,
        }
    }

    /// Checks every bound.
    ///
    /// # Errors
    ///
    /// [`UsmUserError`]; no secret is repeated.
    pub fn check(&self) -> Result<(), UsmUserError> {
        if self.name.is_empty() || self.name.len() > Self::MAX_NAME {
            return Err(UsmUserError::Name);
        }
        if self.context.len() > Self::MAX_NAME {
            return Err(UsmUserError::Context);
        }
        if self.privacy.is_some() && self.auth.is_none() {
            return Err(UsmUserError::PrivacyAlone);
        }
        let auth = self.auth.as_ref().map(|(_, secret)| secret);
        let privacy = self.privacy.as_ref().map(|(_, secret)| secret);
        let bounds = Self::MIN_PASSPHRASE..=Self::MAX_PASSPHRASE;
        let mut secrets = auth.into_iter().chain(privacy);
        if secrets.any(|secret| !bounds.contains(&secret.expose().len())) {
            return Err(UsmUserError::Passphrase);
        }
        Ok(())
    }
}

/// A user with the keys of its passphrases, which the passphrases are not needed for any more.
///
/// Deriving them hashes a megabyte for each passphrase: do it once, and share the result.
pub struct UsmCredential {
    name: String,
    context: String,
    auth: Option<(AuthProtocol, Zeroizing<Vec<u8>>)>,
    privacy: Option<(PrivProtocol, Zeroizing<Vec<u8>>)>,
}

impl UsmCredential {
    /// Derives the keys (RFC 3414 section A.2).
    ///
    /// # Errors
    ///
    /// [`UsmUserError`] where the user cannot be one.
    pub fn derive(user: &UsmUser) -> Result<Self, UsmUserError> {
        user.check()?;
        let mut credential = Self {
            name: user.name.clone(),
            context: user.context.clone(),
            auth: None,
            privacy: None,
        };
        if let Some((auth, secret)) = &user.auth {
            let key = password_to_key(*auth, secret.expose());
            if let Some((privacy, private)) = &user.privacy {
                // Most people have one passphrase for both.
                let key = if private == secret {
                    key.clone()
                } else {
                    password_to_key(*auth, private.expose())
                };
                credential.privacy = Some((*privacy, key));
            }
            credential.auth = Some((*auth, key));
        }
        Ok(credential)
    }

    /// The user's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The context that is asked for.
    pub fn context(&self) -> &str {
        &self.context
    }

    /// What messages are protected by.
    pub fn level(&self) -> SecurityLevel {
        match (&self.auth, &self.privacy) {
            (Some(_), Some(_)) => SecurityLevel::AuthPriv,
            (Some(_), None) => SecurityLevel::AuthNoPriv,
            (None, _) => SecurityLevel::NoAuthNoPriv,
        }
    }

    /// The keys at one engine. Two short hashes; with Reeder's extension a megabyte of hashing more,
    /// because that is made of the localized key.
    pub fn localize(&self, engine_id: &[u8]) -> LocalKeys {
        LocalKeys::new(
            self.auth
                .as_ref()
                .map(|(auth, key)| (*auth, key.as_slice())),
            self.privacy
                .as_ref()
                .map(|(privacy, key)| (*privacy, key.as_slice())),
            engine_id,
        )
    }
}

impl fmt::Debug for UsmCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsmCredential")
            .field("name", &self.name)
            .field("context", &self.context)
            .field("auth", &self.auth.as_ref().map(|(auth, _)| auth))
            .field("privacy", &self.privacy.as_ref().map(|(it, _)| it))
            .finish()
    }
}
