//! Users of SNMPv3, as a dealer or a site names them.

use crate::SettingsError;
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// How messages can be authenticated (RFC 3414, RFC 7860).
pub const AUTH_PROTOCOLS: [&str; 6] = ["MD5", "SHA-1", "SHA-224", "SHA-256", "SHA-384", "SHA-512"];

/// How messages can be encrypted (RFC 3414, RFC 3826, and the two drafts for longer keys: without
/// `Reeder` it is Blumenthal's).
pub const PRIV_PROTOCOLS: [&str; 6] = [
    "DES",
    "AES-128",
    "AES-192",
    "AES-256",
    "AES-192-Reeder",
    "AES-256-Reeder",
];

/// What stands in a text for a passphrase that is not to be shown.
const HIDDEN: &str = "********";

/// What stands for a line that is taken out whole: no word that a line may begin with.
const TAKEN_OUT: &str = "(taken out: type this line again)";

/// The setting's name in documents.
const FIELD: &str = "snmpUsers";

/// A passphrase: it never shows in `Debug` and is wiped when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Passphrase(String);

impl Passphrase {
    /// Takes a passphrase of 8 to 256 bytes without control characters (RFC 3414 section 11.2).
    ///
    /// # Errors
    ///
    /// [`SettingsError`] naming `snmpUsers`; the text itself is not repeated.
    pub fn new(text: impl Into<String>) -> Result<Self, SettingsError> {
        let passphrase = Self(text.into());
        let text = &passphrase.0;
        if !(8..=256).contains(&text.len()) || text.chars().any(char::is_control) {
            return Err(refused(
                "a passphrase has 8 to 256 bytes and no control characters",
            ));
        }
        Ok(passphrase)
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

impl TryFrom<String> for Passphrase {
    type Error = SettingsError;

    fn try_from(text: String) -> Result<Self, SettingsError> {
        Self::new(text)
    }
}

impl From<Passphrase> for String {
    fn from(passphrase: Passphrase) -> Self {
        passphrase.0.clone()
    }
}

/// One protocol with its passphrase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SnmpSecret {
    /// One of [`AUTH_PROTOCOLS`] or [`PRIV_PROTOCOLS`].
    pub protocol: String,
    /// The passphrase.
    pub passphrase: Passphrase,
}

/// A user of SNMPv3 (RFC 3414), and which engines its credentials may go to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SnmpUser {
    /// The name, of 1 to 32 bytes.
    pub user: String,
    /// How messages are authenticated, if they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<SnmpSecret>,
    /// How messages are encrypted, if they are; only with [`auth`](Self::auth).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy: Option<SnmpSecret>,
    /// The context's name, usually empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub context: String,
    /// Ids of engines that the credentials may go to, in hexadecimal digits. An engine that has
    /// authenticated itself at the same address before gets them as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub engines: Vec<String>,
    /// Whether the credentials may go to engines that were never seen before. A hostile host can
    /// answer with any engine id and so collect material for guessing the passphrase.
    #[serde(default)]
    pub first_contact: bool,
}

fn refused(reason: impl Into<String>) -> SettingsError {
    SettingsError {
        field: FIELD,
        reason: reason.into(),
    }
}

impl SnmpUser {
    /// Checks every bound.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] naming `snmpUsers` and the user.
    pub fn check(&self) -> Result<(), SettingsError> {
        let name = |text: &str| text.len() <= 32 && !text.chars().any(char::is_control);
        if self.user.is_empty() || !name(&self.user) {
            return Err(refused("a user's name has 1 to 32 bytes"));
        }
        let user = &self.user;
        if !name(&self.context) {
            return Err(refused(format!("{user}: a context has at most 32 bytes")));
        }
        if self.privacy.is_some() && self.auth.is_none() {
            let reason = "who encrypts must authenticate: auth is missing";
            return Err(refused(format!("{user}: {reason}")));
        }
        for (secret, known) in [
            (&self.auth, AUTH_PROTOCOLS),
            (&self.privacy, PRIV_PROTOCOLS),
        ] {
            let protocol = secret.as_ref().map(|secret| secret.protocol.as_str());
            if protocol.is_some_and(|protocol| !known.contains(&protocol)) {
                let known = known.join(", ");
                return Err(refused(format!("{user}: the protocols are {known}")));
            }
        }
        let bytes = |id: &str| id.len().is_multiple_of(2) && (10..=64).contains(&id.len());
        let is_id = |id: &String| bytes(id) && id.bytes().all(|digit| digit.is_ascii_hexdigit());
        if !self.engines.iter().all(is_id) || self.engines.len() > 10_000 {
            let reason = "an engine id has 5 to 32 bytes, as hexadecimal digits";
            return Err(refused(format!("{user}: {reason}")));
        }
        Ok(())
    }

    /// The ids of [`engines`](Self::engines) as bytes; what is no id is left out.
    pub fn engine_ids(&self) -> Vec<Vec<u8>> {
        let bytes = |text: &String| hex::decode(text).ok();
        self.engines.iter().filter_map(bytes).collect()
    }

    /// Users as text that a person can edit, with passphrases hidden: a line for each word, such as
    /// `auth SHA-256 passphrase`, and an empty line between two users.
    pub fn to_text(users: &[Self]) -> String {
        let blocks = users.iter().map(|user| {
            let mut lines = vec![format!("user {}", user.user)];
            for (word, secret) in [("auth", &user.auth), ("priv", &user.privacy)] {
                let line = |secret: &SnmpSecret| format!("{word} {} {HIDDEN}", secret.protocol);
                lines.extend(secret.as_ref().map(line));
            }
            if !user.context.is_empty() {
                lines.push(format!("context {}", user.context));
            }
            lines.extend(user.engines.iter().map(|id| format!("engine {id}")));
            if user.first_contact {
                lines.push("first-contact".to_owned());
            }
            lines.join("\n")
        });
        blocks.collect::<Vec<_>>().join("\n\n")
    }

    /// A text as [`from_text`](Self::from_text) takes it, with every passphrase taken out that stands in
    /// it, to be shown again to whoever typed it; and whether there was one. What is left of such a line is
    /// refused until a passphrase is typed again. A line that begins with no known word is taken out
    /// whole, because what it was meant to be cannot be told.
    pub fn without_passphrases(text: &str) -> (String, bool) {
        let mut taken = false;
        let lines = text.lines().map(|line| {
            let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
            let known = match word {
                "" | "user" | "context" | "engine" | "first-contact" => {
                    return line.trim().to_owned();
                }
                "auth" => &AUTH_PROTOCOLS,
                "priv" => &PRIV_PROTOCOLS,
                _ => {
                    taken = true;
                    return TAKEN_OUT.to_owned();
                }
            };
            let rest = rest.trim();
            let (name, passphrase) = rest.split_once(' ').unwrap_or((rest, ""));
            let is_known = known.iter().any(|it| it.eq_ignore_ascii_case(name));
            let passphrase = passphrase.trim();
            match (is_known, passphrase) {
                (true, "" | HIDDEN) => format!("{word} {name} {passphrase}"),
                (true, _) => {
                    taken = true;
                    format!("{word} {name} ")
                }
                (false, _) => {
                    taken |= !rest.is_empty();
                    format!("{word} ")
                }
            }
        });
        let text = lines.collect::<Vec<_>>().join("\n");
        (text, taken)
    }

    /// Reads what [`to_text`](Self::to_text) writes. A hidden passphrase is that of the same user in
    /// `current`.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] naming `snmpUsers` and the line, without repeating what stands behind its
    /// first word.
    pub fn from_text(text: &str, current: &[Self]) -> Result<Vec<Self>, SettingsError> {
        let mut users: Vec<Self> = Vec::new();
        let lines = (1..).zip(text.lines().map(str::trim));
        for (number, line) in lines.filter(|(_, line)| !line.is_empty()) {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let rest = rest.trim();
            let wrong = |reason: &str| refused(format!("line {number}: {reason}"));
            if word == "user" {
                users.push(Self {
                    user: rest.to_owned(),
                    ..Self::default()
                });
                continue;
            }
            let Some(user) = users.last_mut() else {
                return Err(wrong("a user's lines begin with: user NAME"));
            };
            let before = current.iter().find(|it| it.user == user.user);
            match word {
                "auth" => {
                    let hidden = before.and_then(|it| it.auth.as_ref());
                    let secret = secret(rest, &AUTH_PROTOCOLS, hidden);
                    user.auth = Some(secret.map_err(|reason| wrong(&reason))?);
                }
                "priv" => {
                    let hidden = before.and_then(|it| it.privacy.as_ref());
                    let secret = secret(rest, &PRIV_PROTOCOLS, hidden);
                    user.privacy = Some(secret.map_err(|reason| wrong(&reason))?);
                }
                "context" => rest.clone_into(&mut user.context),
                "engine" => user.engines.push(rest.to_ascii_lowercase()),
                "first-contact" => user.first_contact = true,
                _ => {
                    return Err(wrong(
                        "the words are user, auth, priv, context, engine and first-contact",
                    ));
                }
            }
        }
        users.iter().try_for_each(Self::check)?;
        Ok(users)
    }
}

/// A protocol with the passphrase behind it.
fn secret(text: &str, known: &[&str], hidden: Option<&SnmpSecret>) -> Result<SnmpSecret, String> {
    let (name, passphrase) = text.split_once(' ').unwrap_or((text, ""));
    let protocol = known.iter().find(|it| it.eq_ignore_ascii_case(name));
    let Some(protocol) = protocol else {
        return Err(format!("the protocols are {}", known.join(", ")));
    };
    let passphrase = passphrase.trim();
    let passphrase = match hidden {
        Some(hidden) if passphrase == HIDDEN => hidden.passphrase.clone(),
        None if passphrase == HIDDEN => return Err("the passphrase is missing".to_owned()),
        _ => Passphrase::new(passphrase).map_err(|error| error.reason)?,
    };
    Ok(SnmpSecret {
        protocol: (*protocol).to_owned(),
        passphrase,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "user reader\nauth sha-256 sentinel one\npriv AES-128 sentinel two\n\
                        context tray\nengine 80001F8804616263\nfirst-contact\n\nuser open\n";

    #[test]
    fn users_are_read_from_text_and_written_without_their_passphrases() {
        let users = SnmpUser::from_text(TEXT, &[]).expect("valid");
        let [reader, open] = &users[..] else {
            panic!("{users:?}");
        };
        let auth = reader.auth.as_ref().expect("named");
        assert_eq!(auth.protocol, "SHA-256");
        assert_eq!(auth.passphrase.expose(), "sentinel one");
        assert_eq!(reader.engine_ids(), [b"\x80\x00\x1f\x88\x04abc"]);
        assert!(reader.first_contact && !open.first_contact && open.auth.is_none());
        let text = SnmpUser::to_text(&users);
        assert!(!text.contains("sentinel"), "{text}");
        // Sent back as it was shown, it changes nothing.
        assert_eq!(SnmpUser::from_text(&text, &users), Ok(users));
    }

    #[test]
    fn no_passphrase_shows_in_debug_or_in_an_error() {
        let users = SnmpUser::from_text(TEXT, &[]).expect("valid");
        assert!(!format!("{users:?} {users:#?}").contains("sentinel"));
        for wrong in [
            "user a\nauth ROT13 sentinel one",
            "user a\nauth MD5 sentine",
            "user a\npriv DES sentinel one",
            "auth MD5 sentinel one",
            "user a\nsentinel one",
            "user a\nauth MD5 ********",
            "user a\nengine sentinel",
        ] {
            let error = SnmpUser::from_text(wrong, &[]).expect_err(wrong);
            assert_eq!(error.field, "snmpUsers");
            assert!(!error.to_string().contains("sentine"), "{error}");
        }
    }

    #[test]
    fn what_was_typed_is_shown_again_without_its_passphrases_and_refused_until_they_are_typed() {
        for (typed, shown, taken) in [
            (
                "user a\nauth SHA-1 sentinel\npriv AES-128 sentinel two",
                "user a\nauth SHA-1 \npriv AES-128 ",
                true,
            ),
            (
                "user a\nauth sha-1 ********",
                "user a\nauth sha-1 ********",
                false,
            ),
            ("user a\nauth sentinel one", "user a\nauth ", true),
            (
                "user a\n  auth  SHA-1   sentinel",
                "user a\nauth SHA-1 ",
                true,
            ),
            (
                "user a\nsentinel one",
                "user a\n(taken out: type this line again)",
                true,
            ),
            (
                "user a\nAuth SHA-1 sentinel",
                "user a\n(taken out: type this line again)",
                true,
            ),
            (
                "user a\nauth\tSHA-1 sentinel",
                "user a\n(taken out: type this line again)",
                true,
            ),
            (
                "user a\n\nuser b\nengine 8000000001\nfirst-contact",
                "user a\n\nuser b\nengine 8000000001\nfirst-contact",
                false,
            ),
        ] {
            assert_eq!(
                SnmpUser::without_passphrases(typed),
                (shown.to_owned(), taken)
            );
            if taken {
                let refused = SnmpUser::from_text(shown, &[]);
                assert!(refused.is_err(), "{shown:?}");
            }
        }
    }

    #[test]
    fn what_was_hidden_of_another_user_is_not_taken_over() {
        let users = SnmpUser::from_text(TEXT, &[]).expect("valid");
        let renamed = SnmpUser::to_text(&users).replace("user reader", "user another");
        assert!(SnmpUser::from_text(&renamed, &users).is_err());
    }
}
