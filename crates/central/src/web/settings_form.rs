//! A site's settings as a form: text in every field, so that what was typed comes back as typed.

use super::access::Guarded;
use pagetally_model::{
    Community, DEFAULT_SLEEP_SECONDS, SETTINGS_FORMAT, Settings, SettingsError, SnmpUser, Text,
};
use serde::Deserialize;
use std::str::FromStr;

/// The form of a site's settings.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct SettingsForm {
    #[serde(default)]
    pub(crate) csrf: String,
    #[serde(default)]
    pub(crate) time_zone: String,
    #[serde(default)]
    pub(crate) targets: String,
    #[serde(default)]
    pub(crate) exclusions: String,
    #[serde(default)]
    pub(crate) communities: String,
    #[serde(default)]
    pub(crate) snmp_users: String,
    #[serde(default)]
    pub(crate) port: String,
    #[serde(default)]
    pub(crate) timeout_millis: String,
    #[serde(default)]
    pub(crate) retries: String,
    #[serde(default)]
    pub(crate) datagrams_per_second: String,
    #[serde(default)]
    pub(crate) subnet_datagrams_per_second: String,
    #[serde(default)]
    pub(crate) interval_minutes: String,
    #[serde(default)]
    pub(crate) quiet_hours: String,
    #[serde(default)]
    pub(crate) sleep_minutes: String,
    /// Whether passphrases were typed that are not shown again.
    #[serde(skip)]
    pub(crate) retype: bool,
    /// Nothing for the usual time.
    #[serde(default)]
    pub(crate) full_read_minutes: String,
}

impl Guarded for SettingsForm {
    fn csrf(&self) -> &str {
        &self.csrf
    }
}

/// One field that cannot be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The setting, as documents name it.
    pub(crate) field: &'static str,
    pub(crate) reason: String,
}

impl From<SettingsError> for Problem {
    fn from(error: SettingsError) -> Self {
        Self {
            field: error.field,
            reason: error.reason,
        }
    }
}

impl SettingsForm {
    /// The form that shows these settings.
    pub(crate) fn of(settings: &Settings) -> Self {
        let communities: Vec<&str> = settings.communities.iter().map(Community::expose).collect();
        Self {
            csrf: String::new(),
            time_zone: settings.time_zone.to_string(),
            targets: settings.targets.join("\n"),
            exclusions: settings.exclusions.join("\n"),
            communities: communities.join("\n"),
            snmp_users: SnmpUser::to_text(&settings.snmp_users),
            port: settings.port.to_string(),
            timeout_millis: settings.timeout_millis.to_string(),
            retries: settings.retries.to_string(),
            datagrams_per_second: settings.datagrams_per_second.to_string(),
            subnet_datagrams_per_second: settings
                .subnet_datagrams_per_second
                .map_or_else(String::new, |rate| rate.to_string()),
            interval_minutes: minutes(settings.interval_seconds),
            quiet_hours: settings.quiet_hours.join("\n"),
            sleep_minutes: minutes(settings.sleep_seconds),
            full_read_minutes: settings.full_read_seconds.map(minutes).unwrap_or_default(),
            retype: false,
        }
    }

    /// The form as it is shown again where it was refused: as typed, but for passphrases.
    pub(crate) fn refused(self) -> Self {
        let (snmp_users, retype) = SnmpUser::without_passphrases(&self.snmp_users);
        Self {
            snmp_users,
            retype,
            ..self
        }
    }

    /// The settings that the form asks for.
    pub(crate) fn settings(&self, current: &Settings) -> Result<Settings, Problem> {
        let communities = lines(&self.communities)
            .into_iter()
            .map(Community::new)
            .collect::<Result<Vec<_>, _>>()?;
        let settings = Settings {
            format: SETTINGS_FORMAT,
            version: current.version,
            time_zone: Text::clean(&self.time_zone),
            targets: lines(&self.targets),
            exclusions: lines(&self.exclusions),
            communities,
            snmp_users: SnmpUser::from_text(&self.snmp_users, &current.snmp_users)?,
            port: parsed("port", &self.port)?,
            timeout_millis: parsed("timeoutMillis", &self.timeout_millis)?,
            retries: parsed("retries", &self.retries)?,
            datagrams_per_second: parsed("datagramsPerSecond", &self.datagrams_per_second)?,
            subnet_datagrams_per_second: match self.subnet_datagrams_per_second.trim() {
                "" => None,
                rate => Some(parsed("subnetDatagramsPerSecond", rate)?),
            },
            interval_seconds: seconds("intervalSeconds", &self.interval_minutes)?,
            quiet_hours: lines(&self.quiet_hours),
            sleep_seconds: match self.sleep_minutes.trim() {
                "" => DEFAULT_SLEEP_SECONDS,
                minutes => seconds("sleepSeconds", minutes)?,
            },
            full_read_seconds: match self.full_read_minutes.trim() {
                "" => None,
                minutes => Some(seconds("fullReadSeconds", minutes)?),
            },
        };
        settings.check()?;
        Ok(settings)
    }

    /// The reason why a field is refused, for the template.
    pub(crate) fn reason<'a>(&self, problem: &'a Option<Problem>, field: &str) -> Option<&'a str> {
        problem
            .as_ref()
            .filter(|problem| problem.field == field)
            .map(|problem| problem.reason.as_str())
    }
}

fn lines(text: &str) -> Vec<String> {
    let lines = text.split(['\n', '\r']).map(str::trim);
    lines
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

fn parsed<T: FromStr>(field: &'static str, text: &str) -> Result<T, Problem> {
    text.trim().parse().map_err(|_| Problem {
        field,
        reason: "a whole number is needed here".to_owned(),
    })
}

/// Seconds as minutes, with the half minutes that a form may hold.
fn minutes(seconds: u64) -> String {
    if seconds.is_multiple_of(60) {
        (seconds / 60).to_string()
    } else {
        format!("{}.{:02}", seconds / 60, seconds % 60 * 100 / 60)
    }
}

fn seconds(field: &'static str, minutes: &str) -> Result<u64, Problem> {
    let refused = || Problem {
        field,
        reason: "minutes are needed here, such as 60 or 1.5".to_owned(),
    };
    let (whole, part) = minutes
        .trim()
        .split_once('.')
        .unwrap_or((minutes.trim(), "0"));
    let whole: u64 = whole.parse().map_err(|_| refused())?;
    if part.is_empty() || part.len() > 2 || !part.bytes().all(|b| b.is_ascii_digit()) {
        return Err(refused());
    }
    let hundredths: u64 = format!("{part:0<2}").parse().map_err(|_| refused())?;
    let seconds = whole.checked_mul(60).ok_or_else(refused)?;
    // Rounded up, so that a form that is sent back unchanged changes nothing.
    seconds
        .checked_add((hundredths * 60).div_ceil(100))
        .ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_their_form() {
        let settings = Settings {
            version: 3,
            targets: vec!["192.0.2.0/24".to_owned(), "mfp.example".to_owned()],
            exclusions: vec!["192.0.2.9".to_owned()],
            interval_seconds: 90,
            subnet_datagrams_per_second: Some(50),
            quiet_hours: vec!["Mon-Fri 08:00-09:30".to_owned(), "22:00-06:00".to_owned()],
            sleep_seconds: 1_234,
            snmp_users: SnmpUser::from_text("user a\nauth MD5 sentinel", &[]).expect("valid"),
            full_read_seconds: Some(5_400),
            ..Settings::default()
        };
        let form = SettingsForm::of(&settings);
        assert!(!form.snmp_users.contains("sentinel"), "{}", form.snmp_users);
        assert_eq!(
            SettingsForm::of(&settings).settings(&settings),
            Ok(settings)
        );
    }

    #[test]
    fn every_interval_survives_its_form() {
        for interval in 60..600 {
            assert_eq!(seconds("intervalSeconds", &minutes(interval)), Ok(interval));
        }
    }

    #[test]
    fn a_refused_field_is_named() {
        let settings = Settings::default();
        let check = |change: fn(&mut SettingsForm), field: &str| {
            let mut form = SettingsForm::of(&settings);
            change(&mut form);
            assert_eq!(form.settings(&settings).map_err(|p| p.field), Err(field));
        };
        check(|form| form.port = "many".to_owned(), "port");
        check(|form| form.port = "0".to_owned(), "port");
        check(|form| form.targets = "10.0.0.300".to_owned(), "targets");
        check(|form| form.communities = "\n".to_owned(), "communities");
        check(|form| form.snmp_users = "auth x".to_owned(), "snmpUsers");
        check(
            |form| form.interval_minutes = "-1".to_owned(),
            "intervalSeconds",
        );
        check(|form| form.timeout_millis = "1".to_owned(), "timeoutMillis");
        check(
            |form| form.subnet_datagrams_per_second = "some".to_owned(),
            "subnetDatagramsPerSecond",
        );
        check(|form| form.quiet_hours = "8-9".to_owned(), "quietHours");
        check(|form| form.sleep_minutes = "x".to_owned(), "sleepSeconds");
        check(|form| form.exclusions = "mac:0".to_owned(), "exclusions");
        check(|form| form.targets = "00:80:77".to_owned(), "targets");
    }
}
