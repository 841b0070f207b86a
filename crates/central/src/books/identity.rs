//! The match rule: which evidence makes two audits the same device.
//!
//! # Version 1
//!
//! 1. Maker and serial number, where the serial is plausible, decide across all of a dealer's
//!    sites: devices move.
//! 2. The MAC address decides where no serial speaks against it. A network card can move to
//!    another device, so a different serial wins over an equal MAC, and the contradiction is
//!    recorded.
//! 3. The SNMP engine id likewise, where neither serial nor MAC speaks against it: copies of one
//!    firmware image share engine ids.
//! 4. Model and address within one site, only where the device offers nothing better.

use pagetally_model::{DeviceAudit, SiteId, Text};

/// The version of the rule in this module; stored with every assignment.
pub const MATCH_RULE_VERSION: u64 = 1;

/// One piece of evidence, as the table of evidence holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Evidence {
    pub(super) kind: EvidenceKind,
    /// The site for what is unique only within one, else nothing.
    pub(super) scope: String,
    pub(super) value: String,
}

/// The kinds of evidence, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum EvidenceKind {
    Serial,
    Mac,
    Engine,
    ModelAddress,
}

impl EvidenceKind {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Serial => "serial",
            Self::Mac => "mac",
            Self::Engine => "engine",
            Self::ModelAddress => "model-address",
        }
    }
}

/// What an audit offers, the strongest first. Model and address count only where it is all.
pub(super) fn evidence(audit: &DeviceAudit, site: SiteId) -> Vec<Evidence> {
    let identity = &audit.identity;
    let unscoped = |kind, value| Evidence {
        kind,
        scope: String::new(),
        value,
    };
    let mut found: Vec<Evidence> = [
        plausible_serial(identity.serial.as_ref())
            .map(|serial| format!("{}|{serial}", maker(identity.manufacturer.as_ref())))
            .map(|value| unscoped(EvidenceKind::Serial, value)),
        plausible_mac(identity.mac.as_ref()).map(|value| unscoped(EvidenceKind::Mac, value)),
        plausible_engine(identity.engine_id.as_ref())
            .map(|value| unscoped(EvidenceKind::Engine, value)),
    ]
    .into_iter()
    .flatten()
    .collect();
    if found.is_empty()
        && let Some(address) = audit.address
    {
        let model = [&identity.manufacturer, &identity.model]
            .map(|part| part.as_ref().map_or("", Text::as_str))
            .join(" ");
        found.push(Evidence {
            kind: EvidenceKind::ModelAddress,
            scope: site.to_string(),
            value: format!("{}|{address}", model.trim().to_lowercase()),
        });
    }
    found
}

/// The maker's first word: `HP` and `HP Inc.` are one.
fn maker(manufacturer: Option<&Text>) -> String {
    let name = manufacturer.map_or("", Text::as_str).to_lowercase();
    name.split([' ', ',', '-'])
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// A serial number that tells devices apart: not a placeholder of the firmware's.
fn plausible_serial(serial: Option<&Text>) -> Option<String> {
    const PLACEHOLDERS: [&str; 9] = [
        "UNKNOWN",
        "NONE",
        "N/A",
        "NULL",
        "SERIAL",
        "SERIALNUMBER",
        "DEFAULT",
        "NOTSET",
        "0123456789",
    ];
    let serial: String = serial?
        .as_str()
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect::<String>()
        .to_uppercase();
    let first = serial.chars().next()?;
    let plausible = serial.chars().count() >= 4
        && serial.chars().any(|c| c != first)
        && !PLACEHOLDERS.contains(&serial.as_str());
    plausible.then_some(serial)
}

/// A unicast MAC address in 12 upper-case digits.
fn plausible_mac(mac: Option<&Text>) -> Option<String> {
    let digits: String = mac?
        .as_str()
        .chars()
        .filter(char::is_ascii_hexdigit)
        .collect::<String>()
        .to_uppercase();
    let mut bytes = [0; 6];
    hex::decode_to_slice(&digits, &mut bytes).ok()?;
    let plausible = bytes[0] & 1 == 0 && bytes != [0; 6];
    plausible.then_some(digits)
}

/// An engine id of the length that RFC 3411 gives (5 to 32 bytes), with something in it besides
/// its enterprise number.
fn plausible_engine(engine: Option<&Text>) -> Option<String> {
    let digits: String = engine?
        .as_str()
        .chars()
        .filter(char::is_ascii_hexdigit)
        .collect::<String>()
        .to_uppercase();
    let bytes = hex::decode(&digits).ok()?;
    let plausible = (6..=32).contains(&bytes.len()) && bytes.iter().skip(5).any(|byte| *byte != 0);
    plausible.then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_is_no_serial_number() {
        for bad in [
            "",
            "000",
            "00000000",
            "XXXXXXXXX",
            "unknown",
            "N/A",
            "n / a",
        ] {
            assert_eq!(plausible_serial(Some(&Text::clean(bad))), None, "{bad:?}");
        }
        assert_eq!(
            plausible_serial(Some(&Text::clean("cnb 1234567"))).as_deref(),
            Some("CNB1234567")
        );
    }

    #[test]
    fn a_mac_is_compared_by_its_digits_and_must_be_unicast() {
        let mac = |text| plausible_mac(Some(&Text::clean(text)));
        assert_eq!(mac("00:1b:a9:01:02:03"), mac("001BA9-010203"));
        assert_eq!(mac("01:00:5e:00:00:01"), None);
        assert_eq!(mac("00:00:00:00:00:00"), None);
        assert_eq!(mac("00:1b:a9"), None);
    }

    #[test]
    fn makers_are_compared_by_their_first_word() {
        assert_eq!(
            maker(Some(&Text::clean("HP Inc."))),
            maker(Some(&Text::clean("HP")))
        );
    }

    #[test]
    fn an_engine_id_of_zeros_tells_nothing() {
        let engine = |text| plausible_engine(Some(&Text::clean(text)));
        assert_eq!(engine("8000000b0300000000"), None);
        assert!(engine("8000000b03001ba9010203").is_some());
    }
}
