//! What a dealer sets at Central and an agent adopts at its next pass.

use crate::{Text, targets};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The version of the settings document that this crate writes.
pub const SETTINGS_FORMAT: u32 = 1;

/// An SNMP community string: a password in all but name, so it never shows in `Debug`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Community(String);

impl Community {
    /// Takes a community of 1 to 64 bytes without control characters.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] naming `communities`; the text itself is not repeated.
    pub fn new(text: impl Into<String>) -> Result<Self, SettingsError> {
        let text = text.into();
        if text.is_empty() || text.len() > 64 || text.chars().any(char::is_control) {
            return Err(SettingsError {
                field: "communities",
                reason: "a community has 1 to 64 bytes and no control characters".to_owned(),
            });
        }
        Ok(Self(text))
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Community {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Community(…)")
    }
}

impl TryFrom<String> for Community {
    type Error = SettingsError;

    fn try_from(text: String) -> Result<Self, SettingsError> {
        Self::new(text)
    }
}

impl From<Community> for String {
    fn from(community: Community) -> Self {
        community.0
    }
}

/// A setting out of its bounds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct SettingsError {
    /// The setting, as documents name it.
    pub field: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

/// How an agent runs its passes. Deserialising does not check bounds; [`check`](Self::check) does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// [`SETTINGS_FORMAT`] when they were written.
    pub format: u32,
    /// Goes up by one with every change at Central; 0 means "never from Central".
    pub version: u64,
    /// The site's time zone, an IANA name.
    pub time_zone: Text,
    /// Where to look, as [`targets::parse`] reads it; nothing means the machine's own subnets.
    pub targets: Vec<String>,
    /// Where never to look, in the same words.
    pub exclusions: Vec<String>,
    /// Communities, tried in this order.
    pub communities: Vec<Community>,
    /// The printers' UDP port.
    pub port: u16,
    /// How long to wait for an answer, in milliseconds.
    pub timeout_millis: u64,
    /// How often to ask again.
    pub retries: u32,
    /// Ceiling on datagrams a second for the whole site.
    pub datagrams_per_second: u32,
    /// Seconds between the starts of two passes.
    pub interval_seconds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            format: SETTINGS_FORMAT,
            version: 0,
            time_zone: Text::clean("Etc/UTC"),
            targets: Vec::new(),
            exclusions: Vec::new(),
            communities: vec![Community("public".to_owned())],
            port: 161,
            timeout_millis: 1_000,
            retries: 2,
            datagrams_per_second: 500,
            interval_seconds: 3_600,
        }
    }
}

impl Settings {
    /// Checks every bound.
    ///
    /// # Errors
    ///
    /// The first setting that is out of its bounds.
    pub fn check(&self) -> Result<(), SettingsError> {
        let bound = |field, value: u64, low: u64, high: u64| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(SettingsError {
                    field,
                    reason: format!("{value} is not in {low}..={high}"),
                })
            }
        };
        bound("format", self.format.into(), 1, SETTINGS_FORMAT.into())?;
        bound("port", self.port.into(), 1, 65_535)?;
        bound("timeoutMillis", self.timeout_millis, 50, 60_000)?;
        bound("retries", self.retries.into(), 0, 10)?;
        bound(
            "datagramsPerSecond",
            self.datagrams_per_second.into(),
            1,
            1_000_000,
        )?;
        bound("intervalSeconds", self.interval_seconds, 60, 31 * 86_400)?;
        bound("communities", self.communities.len() as u64, 1, 16)?;
        bound("targets", self.targets.len() as u64, 0, 10_000)?;
        bound("exclusions", self.exclusions.len() as u64, 0, 10_000)?;
        for (field, list) in [("targets", &self.targets), ("exclusions", &self.exclusions)] {
            for text in list {
                targets::parse(text).map_err(|error| SettingsError {
                    field,
                    reason: error.to_string(),
                })?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_within_their_own_bounds() {
        assert_eq!(Settings::default().check(), Ok(()));
    }

    #[test]
    fn a_community_never_shows_in_debug() {
        let settings = Settings {
            communities: vec![Community::new("sentinel-42").expect("valid")],
            ..Settings::default()
        };
        assert!(!format!("{settings:?}").contains("sentinel"));
    }

    #[test]
    fn a_bad_target_is_named() {
        let settings = Settings {
            targets: vec!["10.0.0.300".to_owned()],
            ..Settings::default()
        };
        let error = settings.check().expect_err("no such address");
        assert_eq!(error.field, "targets");
    }
}
