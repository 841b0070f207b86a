//! WS-Security's UsernameToken (OASIS Web Services Security UsernameToken Profile 1.1, sections 3
//! and 4), as a receiver takes it and a sender makes it.
//!
//! # What a token proves
//!
//! That its sender knows a secret, and with a digest that it made the token at `Created`. It is
//! bound to nothing else: not to the body beside it, so it says nothing unless TLS carries both.
//! A digest is SHA-1 over nonce, time and secret. What is known of SHA-1 (two texts of one hash,
//! both chosen by one person) does not find a random secret of 256 bits; a password that a person
//! chose could be guessed from one recorded token, so none should ever stand in one.
//!
//! Replays are the caller's to refuse: [`UsernameToken::freshness`] gives what to remember.

use crate::{Element, Envelope, Name, Node};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};
use std::fmt;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

const EXTENSION: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const UTILITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const PROFILE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0";
const BASE64: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary";

/// Bytes of a username, of a password in the clear, and of `Created`.
const MAX_TEXT: usize = 256;
/// Bytes of a nonce. Fewer than 8 repeat by chance.
const NONCE: std::ops::RangeInclusive<usize> = 8..=128;

/// The name of WS-Security's header block, for [`Envelope::parse`]'s list of understood headers.
pub fn security_header() -> Name {
    Name::new(EXTENSION, "Security")
}

/// A security header that is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecurityError {
    /// A part of it has another form than the profile says.
    #[error("{what} of the security header is malformed")]
    Malformed {
        /// Which part.
        what: &'static str,
    },
    /// A part that must be there is not.
    #[error("the security header has no {what}")]
    Missing {
        /// Which part.
        what: &'static str,
    },
    /// Two of what there may be one of: two readers could believe two different ones.
    #[error("the security header has more than one {what}")]
    Several {
        /// Of what.
        what: &'static str,
    },
    /// A token, signature or encryption that this receiver does not know.
    #[error("the security header holds {{{}}}{}, which is not supported", .0.namespace(), .0.local())]
    Unsupported(Name),
}

/// One UsernameToken. `Debug` shows no password.
#[derive(Clone)]
pub struct UsernameToken {
    username: String,
    proof: Proof,
}

#[derive(Clone)]
enum Proof {
    Digest {
        digest: [u8; 20],
        nonce: Vec<u8>,
        created: String,
    },
    Text(Zeroizing<String>),
}

/// What makes one token of one sender different from every other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness<'a> {
    /// The sender's random bytes.
    pub nonce: &'a [u8],
    /// When the sender says that it made the token: an `xs:dateTime`, not read yet.
    pub created: &'a str,
}

impl fmt::Debug for UsernameToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.proof {
            Proof::Digest { .. } => "digest",
            Proof::Text(_) => "text",
        };
        write!(f, "UsernameToken({:?}, {kind}, …)", self.username)
    }
}

impl UsernameToken {
    /// A token with a password digest. `nonce` is random and never used twice, `created` an
    /// `xs:dateTime` in UTC.
    pub fn with_digest(username: &str, secret: &str, nonce: &[u8], created: &str) -> Self {
        Self {
            username: username.to_owned(),
            proof: Proof::Digest {
                digest: digest(nonce, created, secret),
                nonce: nonce.to_vec(),
                created: created.to_owned(),
            },
        }
    }

    /// A token with the secret itself.
    pub fn with_text(username: &str, secret: &str) -> Self {
        Self {
            username: username.to_owned(),
            proof: Proof::Text(Zeroizing::new(secret.to_owned())),
        }
    }

    /// Who claims to send.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// What to hold against tokens seen before; nothing for a password in the clear.
    pub fn freshness(&self) -> Option<Freshness<'_>> {
        match &self.proof {
            Proof::Digest { nonce, created, .. } => Some(Freshness { nonce, created }),
            Proof::Text(_) => None,
        }
    }

    /// Whether the sender knows `secret`, in a time that does not tell how much of it was right.
    pub fn verify(&self, secret: &str) -> bool {
        match &self.proof {
            Proof::Digest {
                digest: stated,
                nonce,
                created,
            } => digest(nonce, created, secret).ct_eq(stated).into(),
            Proof::Text(stated) => stated.as_bytes().ct_eq(secret.as_bytes()).into(),
        }
    }

    /// The header block that carries it.
    pub fn to_header(&self) -> Element {
        let leaf = |namespace, name, text: &str| {
            Element::new(namespace, name).with(Node::Text(text.to_owned()))
        };
        let mut token = Element::new(EXTENSION, "UsernameToken").with(Node::Element(leaf(
            EXTENSION,
            "Username",
            &self.username,
        )));
        let password = |text: &str, kind: &str| {
            let kind = format!("{PROFILE}#{kind}");
            leaf(EXTENSION, "Password", text).with_attribute("", "Type", &kind)
        };
        match &self.proof {
            Proof::Text(secret) => {
                token = token.with(Node::Element(password(secret, "PasswordText")));
            }
            Proof::Digest {
                digest,
                nonce,
                created,
            } => {
                let nonce = leaf(EXTENSION, "Nonce", &STANDARD.encode(nonce)).with_attribute(
                    "",
                    "EncodingType",
                    BASE64,
                );
                for part in [
                    password(&STANDARD.encode(digest), "PasswordDigest"),
                    nonce,
                    leaf(UTILITY, "Created", created),
                ] {
                    token = token.with(Node::Element(part));
                }
            }
        }
        Element::new(EXTENSION, "Security").with(Node::Element(token))
    }

    fn from_element(token: &Element) -> Result<Self, SecurityError> {
        let username = required(token, EXTENSION, "Username")?.trim().to_owned();
        if username.is_empty() || username.len() > MAX_TEXT {
            return Err(SecurityError::Malformed { what: "Username" });
        }
        let password = one(token, EXTENSION, "Password")?
            .ok_or(SecurityError::Missing { what: "Password" })?;
        let kind = password.attribute("Type").map_or("PasswordText", |kind| {
            kind.trim()
                .strip_prefix(PROFILE)
                .and_then(|kind| kind.strip_prefix('#'))
                .unwrap_or_default()
        });
        let proof = match kind {
            "PasswordText" if password.text().len() <= MAX_TEXT => {
                Proof::Text(Zeroizing::new(password.text().to_owned()))
            }
            "PasswordDigest" => Proof::Digest {
                digest: from_base64(password.text())
                    .and_then(|bytes| bytes.try_into().ok())
                    .ok_or(SecurityError::Malformed { what: "Password" })?,
                nonce: nonce(token)?,
                created: created(token)?,
            },
            _ => return Err(SecurityError::Malformed { what: "Password" }),
        };
        Ok(Self { username, proof })
    }
}

impl Envelope {
    /// The one UsernameToken that is meant for this receiver, if there is one.
    ///
    /// # Errors
    ///
    /// [`SecurityError`] where there is more than one, or a header that asks for more than a
    /// UsernameToken: passing over a signature that was to be checked would be a lie.
    pub fn username_token(&self) -> Result<Option<UsernameToken>, SecurityError> {
        let mut headers = self
            .headers
            .iter()
            .filter(|header| header.is(EXTENSION, "Security") && self.version.is_ours(header));
        let Some(header) = headers.next() else {
            return Ok(None);
        };
        if headers.next().is_some() {
            return Err(SecurityError::Several { what: "Security" });
        }
        let known = |child: &&Element| {
            child.is(EXTENSION, "UsernameToken") || child.is(UTILITY, "Timestamp")
        };
        if let Some(other) = header.children().find(|child| !known(child)) {
            return Err(SecurityError::Unsupported(other.name().clone()));
        }
        one(header, EXTENSION, "UsernameToken")?
            .map(UsernameToken::from_element)
            .transpose()
    }
}

fn digest(nonce: &[u8], created: &str, secret: &str) -> [u8; 20] {
    let mut hash = Sha1::new();
    hash.update(nonce);
    hash.update(created.as_bytes());
    hash.update(secret.as_bytes());
    hash.finalize().into()
}

fn one<'a>(
    within: &'a Element,
    namespace: &'a str,
    what: &'static str,
) -> Result<Option<&'a Element>, SecurityError> {
    let mut found = within.children().filter(|child| child.is(namespace, what));
    match (found.next(), found.next()) {
        (only, None) => Ok(only),
        (_, Some(_)) => Err(SecurityError::Several { what }),
    }
}

fn required<'a>(
    within: &'a Element,
    namespace: &'a str,
    what: &'static str,
) -> Result<&'a str, SecurityError> {
    one(within, namespace, what)?
        .map(Element::text)
        .ok_or(SecurityError::Missing { what })
}

fn nonce(token: &Element) -> Result<Vec<u8>, SecurityError> {
    let nonce = one(token, EXTENSION, "Nonce")?.ok_or(SecurityError::Missing { what: "Nonce" })?;
    let encoding = nonce.attribute("EncodingType").unwrap_or(BASE64);
    from_base64(nonce.text())
        .filter(|bytes| encoding == BASE64 && NONCE.contains(&bytes.len()))
        .ok_or(SecurityError::Malformed { what: "Nonce" })
}

fn created(token: &Element) -> Result<String, SecurityError> {
    let created = required(token, UTILITY, "Created")?.trim();
    if created.is_empty() || created.len() > MAX_TEXT {
        return Err(SecurityError::Malformed { what: "Created" });
    }
    Ok(created.to_owned())
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let compact: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    STANDARD.decode(compact).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, SoapVersion};

    const CREATED: &str = "2026-11-27T08:00:00Z";

    fn envelope(headers: &str) -> Envelope {
        let xml = format!(
            "<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope' xmlns:w='{EXTENSION}' \
             xmlns:u='{UTILITY}'><e:Header>{headers}</e:Header><e:Body><x/></e:Body></e:Envelope>"
        );
        let understood = [security_header()];
        Envelope::parse(xml.as_bytes(), None, &Limits::default(), &understood).expect("parses")
    }

    fn token(inside: &str) -> Result<Option<UsernameToken>, SecurityError> {
        envelope(&format!(
            "<w:Security e:mustUnderstand='true'><w:UsernameToken>{inside}</w:UsernameToken>\
             </w:Security>"
        ))
        .username_token()
    }

    /// Computed with Python: `base64.b64encode(hashlib.sha1(nonce + created + password).digest())`.
    #[test]
    fn a_digest_of_anothers_making_verifies() {
        let read = token(&format!(
            "<w:Username>key-1</w:Username>\
             <w:Password Type='{PROFILE}#PasswordDigest'>4pg+9BYqvrN6IsBnXfH2CBhASgQ=</w:Password>\
             <w:Nonce EncodingType='{BASE64}'>AAECAwQFBgcICQoLDA0ODw==</w:Nonce>\
             <u:Created>{CREATED}</u:Created>"
        ))
        .expect("a header")
        .expect("a token");
        assert_eq!(read.username(), "key-1");
        assert!(read.verify("s3cret"));
        assert!(!read.verify("s3creT"));
        let freshness = read.freshness().expect("a digest has one");
        assert_eq!(freshness.created, CREATED);
        assert_eq!(freshness.nonce, (0..16).collect::<Vec<u8>>());
    }

    #[test]
    fn a_token_survives_its_header_in_both_versions() {
        for version in [SoapVersion::V11, SoapVersion::V12] {
            for made in [
                UsernameToken::with_digest("a", "s", &[7; 16], CREATED),
                UsernameToken::with_text("a", "s"),
            ] {
                let mut writer = Envelope::begin_with(version, &[made.to_header()]);
                writer.start("urn:x", "ask");
                let bytes = writer.finish().expect("writes");
                let read = Envelope::parse(&bytes, None, &Limits::default(), &[]).expect("reads");
                let read = read.username_token().expect("a header").expect("a token");
                assert_eq!(read.freshness(), made.freshness());
                assert!(read.verify("s") && !read.verify("t") && !read.verify(""));
            }
        }
    }

    #[test]
    fn a_password_without_a_type_is_in_the_clear() {
        let read = token("<w:Username>a</w:Username><w:Password>s</w:Password>");
        let read = read.expect("a header").expect("a token");
        assert!(read.verify("s") && read.freshness().is_none());
    }

    #[test]
    fn what_the_profile_does_not_allow_is_refused_by_name() {
        let name = "<w:Username>a</w:Username>";
        let digest = format!("<w:Password Type='{PROFILE}#PasswordDigest'>AAAA</w:Password>");
        let zeros = format!(
            "<w:Password Type='{PROFILE}#PasswordDigest'>AAAAAAAAAAAAAAAAAAAAAAAAAAA=</w:Password>"
        );
        let missing = |what| SecurityError::Missing { what };
        let malformed = |what| SecurityError::Malformed { what };
        for (inside, error) in [
            (String::new(), missing("Username")),
            (name.to_owned(), missing("Password")),
            (format!("{name}{digest}"), malformed("Password")),
            (format!("{name}{zeros}"), missing("Nonce")),
            (
                format!("{name}{zeros}<w:Nonce>AAAA</w:Nonce>"),
                malformed("Nonce"),
            ),
            (
                format!("{name}{zeros}<w:Nonce>AAAAAAAAAAAAAAAA</w:Nonce>"),
                missing("Created"),
            ),
            (
                format!("{name}{name}"),
                SecurityError::Several { what: "Username" },
            ),
            (
                format!("{name}<w:Password Type='urn:else'>s</w:Password>"),
                malformed("Password"),
            ),
        ] {
            assert_eq!(token(&inside).err(), Some(error), "{inside}");
        }
    }

    #[test]
    fn a_signature_that_nobody_would_check_is_refused() {
        let signed = envelope(
            "<w:Security><Signature xmlns='http://www.w3.org/2000/09/xmldsig#'/></w:Security>",
        );
        let error = signed.username_token().err();
        assert!(
            matches!(error, Some(SecurityError::Unsupported(_))),
            "{error:?}"
        );
    }

    #[test]
    fn a_header_for_another_role_is_not_ours_and_two_of_ours_are_one_too_many() {
        let token = "<w:UsernameToken><w:Username>a</w:Username><w:Password>s</w:Password>\
                     </w:UsernameToken>";
        let other = format!("<w:Security e:role='urn:other'>{token}</w:Security>");
        assert!(matches!(envelope(&other).username_token(), Ok(None)));
        let two = format!("<w:Security>{token}</w:Security>").repeat(2);
        assert_eq!(
            envelope(&two).username_token().err(),
            Some(SecurityError::Several { what: "Security" })
        );
    }

    #[test]
    fn no_secret_shows_in_debug() {
        let text = format!("{:?}", UsernameToken::with_text("a", "sentinel"));
        assert!(!text.contains("sentinel"), "{text}");
    }
}
