//! statusString, the first thing in every response (PWG 5106.2), with IPP's keywords (RFC 8011).

use std::borrow::Cow;
use std::fmt;

/// What a status means to somebody who does not know the exact word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatusClass {
    /// Done.
    Successful,
    /// Not done yet; nothing is wrong.
    Informational,
    /// To be asked elsewhere. Central never says so, and agents never follow it.
    Redirection,
    /// The caller's doing: the same call again will not help.
    ClientError,
    /// Central's doing: keep everything, try again later.
    ServerError,
    /// A word of no known class: treated like [`ServerError`](Self::ServerError).
    Unknown,
}

/// A status word. An agent decides by its [`class`](Self::class) when it does not know the word.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusString(Cow<'static, str>);

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        impl StatusString {
            $($(#[$doc])* pub const $name: Self = Self(Cow::Borrowed($word));)*

            /// Every word that this version knows.
            pub const KNOWN: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

words! {
    /// Done as asked.
    OK = "successful-ok";
    /// Done, but something in the request was ignored; `unsupportedElements` says what.
    OK_IGNORED = "successful-ok-ignored-or-substituted-attributes";
    /// The request contradicts itself.
    BAD_REQUEST = "client-error-bad-request";
    /// Not allowed, whoever asks.
    FORBIDDEN = "client-error-forbidden";
    /// Nobody proved who asks.
    NOT_AUTHENTICATED = "client-error-not-authenticated";
    /// Known, but not allowed: a spent or expired enrolment code.
    NOT_AUTHORIZED = "client-error-not-authorized";
    /// No such thing.
    NOT_FOUND = "client-error-not-found";
    /// The agent was removed: stop sending, keep the data.
    GONE = "client-error-gone";
    /// Too large: split.
    TOO_LARGE = "client-error-request-entity-too-large";
    /// A message id came before with other content: nothing of it was taken.
    CONFLICT = "client-error-conflicting-attributes";
    /// The submission contradicts the books, as after a roll-back or from a clone: it is kept beside
    /// them, whole, until the dealer has the agent enrolled anew. Those behind it are kept likewise:
    /// they are worth offering, and none leaves the agent without a receipt.
    QUARANTINED = "client-error-quarantined";
    /// Earlier numbers are missing; `expectedNumber` says from where to send.
    OUT_OF_ORDER = "client-error-not-possible";
    /// Something broke inside Central.
    INTERNAL_ERROR = "server-error-internal-error";
    /// Central does not offer this operation.
    OPERATION_NOT_SUPPORTED = "server-error-operation-not-supported";
    /// Central speaks another version.
    VERSION_NOT_SUPPORTED = "server-error-version-not-supported";
    /// Too much at once: try again later.
    BUSY = "server-error-busy";
    /// Try again later.
    TEMPORARY_ERROR = "server-error-temporary-error";
}

/// Text that is no status word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a status is 1 to 127 lower-case letters, digits and hyphens")]
pub struct StatusError;

impl StatusString {
    /// Takes a word, known or not.
    ///
    /// # Errors
    ///
    /// [`StatusError`] for text that is no keyword.
    pub fn new(word: &str) -> Result<Self, StatusError> {
        if let Some(known) = Self::KNOWN.iter().find(|known| known.as_str() == word) {
            return Ok(known.clone());
        }
        let valid = (1..=127).contains(&word.len())
            && word
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if valid {
            Ok(Self(Cow::Owned(word.to_owned())))
        } else {
            Err(StatusError)
        }
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it means by its first part alone.
    pub fn class(&self) -> StatusClass {
        let classes = [
            ("successful", StatusClass::Successful),
            ("informational", StatusClass::Informational),
            ("redirection", StatusClass::Redirection),
            ("client-error", StatusClass::ClientError),
            ("server-error", StatusClass::ServerError),
        ];
        classes
            .into_iter()
            .find(|(prefix, _)| {
                self.0
                    .strip_prefix(prefix)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            })
            .map_or(StatusClass::Unknown, |(_, class)| class)
    }

    /// Whether it says that the thing was done.
    pub fn is_successful(&self) -> bool {
        self.class() == StatusClass::Successful
    }

    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self.class(),
            StatusClass::ServerError | StatusClass::Informational | StatusClass::Unknown
        )
    }
}

impl fmt::Display for StatusString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StatusString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_nobody_knows_still_has_its_class() {
        let check = |word: &str| StatusString::new(word).map(|status| status.class());
        assert_eq!(
            check("client-error-out-of-cheese"),
            Ok(StatusClass::ClientError)
        );
        assert_eq!(
            check("successful-ok-more-or-less"),
            Ok(StatusClass::Successful)
        );
        assert_eq!(check("successfully"), Ok(StatusClass::Unknown));
        assert!(check("Successful OK").is_err());
    }

    #[test]
    fn every_known_word_is_a_word_of_a_known_class() {
        for status in StatusString::KNOWN {
            assert_eq!(StatusString::new(status.as_str()).as_ref(), Ok(status));
            assert_ne!(status.class(), StatusClass::Unknown, "{status}");
        }
    }

    #[test]
    fn a_caller_error_is_not_tried_again() {
        assert!(!StatusString::GONE.is_temporary());
        assert!(StatusString::BUSY.is_temporary());
    }
}
