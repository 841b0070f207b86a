//! Users of SNMPv3 in a site's file.

use pagetally_model::{Passphrase, SettingsError, SnmpSecret, SnmpUser};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserTable {
    user: String,
    #[serde(default)]
    auth: Option<String>,
    #[serde(default)]
    auth_passphrase: Option<Unchecked>,
    #[serde(default)]
    privacy: Option<String>,
    #[serde(default)]
    privacy_passphrase: Option<Unchecked>,
    #[serde(default)]
    context: String,
    #[serde(default)]
    engines: Vec<String>,
    #[serde(default)]
    first_contact: bool,
}

/// A passphrase before its bounds are checked: that is done where the user's name can be told.
#[derive(Deserialize)]
#[serde(transparent)]
struct Unchecked(String);

impl Drop for Unchecked {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

impl UserTable {
    /// The user that the table names, checked.
    pub(super) fn user(self) -> Result<SnmpUser, SettingsError> {
        let named = |reason: String| SettingsError {
            field: "snmp_user",
            reason: format!("{}: {reason}", self.user),
        };
        let secret = |word: &str, protocol: &Option<String>, text: &Option<Unchecked>| match (
            protocol, text,
        ) {
            (None, None) => Ok(None),
            (Some(protocol), Some(text)) => {
                let passphrase = Passphrase::new(text.0.as_str());
                let passphrase = passphrase.map_err(|error| named(error.reason))?;
                Ok(Some(SnmpSecret {
                    protocol: protocol.clone(),
                    passphrase,
                }))
            }
            _ => Err(named(format!("{word} and {word}_passphrase go together"))),
        };
        let user = SnmpUser {
            auth: secret("auth", &self.auth, &self.auth_passphrase)?,
            privacy: secret("privacy", &self.privacy, &self.privacy_passphrase)?,
            engines: self
                .engines
                .iter()
                .map(|id| id.to_ascii_lowercase())
                .collect(),
            user: self.user.clone(),
            context: self.context.clone(),
            first_contact: self.first_contact,
        };
        user.check()?;
        Ok(user)
    }
}

#[cfg(test)]
mod tests {
    use crate::SiteFile;
    use pagetally_model::Settings;
    use std::path::Path;

    fn parse(text: &str) -> Result<SiteFile, crate::SiteFileError> {
        SiteFile::parse(text, Path::new("/etc/site/agent.toml"))
    }

    #[test]
    fn a_user_is_read_and_tried_after_centrals() {
        let site = parse(
            r#"
            format = 1
            [[snmp_user]]
            user = "reader"
            auth = "SHA-256"
            auth_passphrase = "sentinel one"
            privacy = "AES-256-Reeder"
            privacy_passphrase = "sentinel two"
            engines = ["80001F8804616263"]
            "#,
        )
        .expect("valid");
        assert!(!format!("{site:?}").contains("sentinel"));
        let settings = site.applied_to(&Settings::default());
        assert_eq!(settings.check(), Ok(()));
        let user = settings.snmp_users.first().expect("one");
        assert_eq!(user.engines, ["80001f8804616263"]);
        let auth = user.auth.as_ref().expect("named");
        assert_eq!(auth.passphrase.expose(), "sentinel one");
        assert!(!user.first_contact, "that is somebody's choice");
    }

    #[test]
    fn a_user_that_cannot_be_one_is_refused_without_its_passphrase() {
        for wrong in [
            "auth = \"SHA-256\"",
            "auth_passphrase = \"sentinel one\"",
            "auth = \"ROT13\"\nauth_passphrase = \"sentinel one\"",
            "auth = \"MD5\"\nauth_passphrase = \"sentine\"",
            "privacy = \"DES\"\nprivacy_passphrase = \"sentinel one\"",
            "engines = [\"80\"]",
        ] {
            let error = parse(&format!(
                "format = 1\n[[snmp_user]]\nuser = \"a\"\n{wrong}\n"
            ))
            .expect_err(wrong);
            let text = format!("{error} {error:?}");
            assert!(
                text.contains("snmp_user") && !text.contains("sentine"),
                "{text}"
            );
        }
    }
}
