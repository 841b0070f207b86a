//! What a dealer sets at Central and an agent adopts at its next pass.

use crate::quiet::QuietHours;
use crate::{SnmpUser, Text, exclusions, targets};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// The version of the settings document that this crate writes.
pub const SETTINGS_FORMAT: u32 = 1;

/// How often a known device is asked for everything where settings do not say: once a day.
pub const FULL_READ_SECONDS: u64 = 86_400;

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
    /// Where never to look, as [`exclusions::parse`] reads it.
    pub exclusions: Vec<String>,
    /// Communities, tried in this order.
    pub communities: Vec<Community>,
    /// Users of SNMPv3, tried in this order where a device answers no community. Where there are
    /// some, there may be no communities.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub snmp_users: Vec<SnmpUser>,
    /// The printers' UDP port.
    pub port: u16,
    /// How long to wait for an answer, in milliseconds.
    pub timeout_millis: u64,
    /// How often to ask again.
    pub retries: u32,
    /// Ceiling on datagrams a second for the whole site.
    pub datagrams_per_second: u32,
    /// Ceiling on datagrams a second for one /24 of IPv4 or one /64 of IPv6. Where it is not set,
    /// a subnet gets two fifths of what the site gets, but 200 at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet_datagrams_per_second: Option<u32>,
    /// Seconds between the starts of two passes.
    pub interval_seconds: u64,
    /// When no device is asked anything, by the clocks of [`time_zone`](Self::time_zone), as
    /// [`QuietHours::parse`] reads it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quiet_hours: Vec<String>,
    /// How long a device that sleeps is left alone after it was asked, in seconds; 0 asks it at
    /// every pass.
    #[serde(
        default = "default_sleep_seconds",
        skip_serializing_if = "is_default_sleep_seconds"
    )]
    pub sleep_seconds: u64,
    /// A known device is asked for everything at least once in so many seconds, else for what moves;
    /// absent for [`FULL_READ_SECONDS`], 0 for every pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_read_seconds: Option<u64>,
}

/// Four hours: a device that sleeps prints nothing, and six wakings a day show on no power bill.
pub const DEFAULT_SLEEP_SECONDS: u64 = 4 * 3_600;

fn default_sleep_seconds() -> u64 {
    DEFAULT_SLEEP_SECONDS
}

fn is_default_sleep_seconds(seconds: &u64) -> bool {
    *seconds == DEFAULT_SLEEP_SECONDS
}

impl Settings {
    /// The same settings for a reader who has no business with secrets: neither
    /// communities nor users.
    #[must_use]
    pub fn without_secrets(self) -> Self {
        // Every field is named, so that a new one is looked at here too.
        let Self {
            format,
            version,
            time_zone,
            targets,
            exclusions,
            communities: _,
            port,
            timeout_millis,
            retries,
            datagrams_per_second,
            subnet_datagrams_per_second,
            interval_seconds,
            quiet_hours,
            sleep_seconds,
            full_read_seconds,
            snmp_users: _,
        } = self;
        Self {
            format,
            version,
            time_zone,
            targets,
            exclusions,
            communities: Vec::new(),
            port,
            timeout_millis,
            retries,
            datagrams_per_second,
            subnet_datagrams_per_second,
            interval_seconds,
            quiet_hours,
            sleep_seconds,
            full_read_seconds,
            snmp_users: Vec::new(),
        }
    }
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
            snmp_users: Vec::new(),
            port: 161,
            timeout_millis: 1_000,
            retries: 2,
            datagrams_per_second: 500,
            subnet_datagrams_per_second: None,
            interval_seconds: 3_600,
            quiet_hours: Vec::new(),
            sleep_seconds: DEFAULT_SLEEP_SECONDS,
            full_read_seconds: None,
        }
    }
}

impl Settings {
    /// A known device is asked for everything at least this often.
    pub fn full_read_every(&self) -> Duration {
        Duration::from_secs(self.full_read_seconds.unwrap_or(FULL_READ_SECONDS))
    }

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
        if let Some(rate) = self.subnet_datagrams_per_second {
            bound("subnetDatagramsPerSecond", rate.into(), 1, 1_000_000)?;
        }
        bound("intervalSeconds", self.interval_seconds, 60, 31 * 86_400)?;
        bound("sleepSeconds", self.sleep_seconds, 0, 31 * 86_400)?;
        let fewest = u64::from(self.snmp_users.is_empty());
        bound("communities", self.communities.len() as u64, fewest, 16)?;
        bound("snmpUsers", self.snmp_users.len() as u64, 0, 16)?;
        self.snmp_users.iter().try_for_each(SnmpUser::check)?;
        let full_read = self.full_read_seconds.unwrap_or(0);
        bound("fullReadSeconds", full_read, 0, 31 * 86_400)?;
        bound("targets", self.targets.len() as u64, 0, 10_000)?;
        bound("exclusions", self.exclusions.len() as u64, 0, 10_000)?;
        let refused = |field| {
            move |error: targets::TargetError| SettingsError {
                field,
                reason: error.to_string(),
            }
        };
        for text in &self.targets {
            targets::parse(text).map_err(refused("targets"))?;
        }
        for text in &self.exclusions {
            exclusions::parse(text).map_err(refused("exclusions"))?;
        }
        QuietHours::parse(&self.quiet_hours).map_err(|error| SettingsError {
            field: "quietHours",
            reason: error.to_string(),
        })?;
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
    fn settings_that_say_nothing_new_are_written_as_before() {
        let text = serde_json::to_string(&Settings::default()).expect("JSON");
        for word in ["subnet", "quiet", "sleep"] {
            assert!(!text.contains(word), "{text}");
        }
        let read: Settings = serde_json::from_str(&text).expect("settings");
        assert_eq!(read, Settings::default());
    }

    #[test]
    fn a_field_out_of_its_bounds_is_named() {
        type Change = fn(&mut Settings);
        let cases: [(Change, &str); 5] = [
            (
                |s| s.subnet_datagrams_per_second = Some(0),
                "subnetDatagramsPerSecond",
            ),
            (|s| s.quiet_hours = vec!["always".to_owned()], "quietHours"),
            (
                |s| s.quiet_hours = vec!["00:00-24:00".to_owned()],
                "quietHours",
            ),
            (|s| s.sleep_seconds = 32 * 86_400, "sleepSeconds"),
            (|s| s.targets = vec!["00:80:77".to_owned()], "targets"),
        ];
        for (change, field) in cases {
            let mut settings = Settings::default();
            change(&mut settings);
            let error = settings.check().expect_err(field);
            assert_eq!(error.field, field);
        }
    }

    #[test]
    fn a_mac_prefix_and_an_ipv6_block_may_be_excluded() {
        let settings = Settings {
            exclusions: vec!["00:80:77".to_owned(), "2001:db8::/32".to_owned()],
            ..Settings::default()
        };
        assert_eq!(settings.check(), Ok(()));
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
