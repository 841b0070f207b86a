//! What tells devices apart: serial numbers, network cards and engine ids in one spelling, without
//! the placeholders of firmware.

use crate::{Identity, Text};

/// The evidence that an identity offers, each in the spelling in which it is compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The maker's first word in lower case: `HP` and `HP Inc.` are one. Empty where none is known.
    pub maker: String,
    /// The serial number in upper case without blanks, where it is plausible.
    pub serial: Option<String>,
    /// The network card's address as 12 upper-case digits, where it is a unicast one.
    pub mac: Option<String>,
    /// The SNMP engine id in upper-case digits, where it holds more than an enterprise number.
    pub engine_id: Option<String>,
}

impl Evidence {
    /// Whether there is none: then a device can be told only by where it stands.
    pub fn is_empty(&self) -> bool {
        self.serial.is_none() && self.mac.is_none() && self.engine_id.is_none()
    }
}

impl Identity {
    /// The evidence that this identity offers.
    pub fn evidence(&self) -> Evidence {
        Evidence {
            maker: maker(self.manufacturer.as_ref()),
            serial: self.serial.as_ref().and_then(plausible_serial),
            mac: self.mac.as_ref().and_then(plausible_mac),
            engine_id: self.engine_id.as_ref().and_then(plausible_engine),
        }
    }
}

fn maker(manufacturer: Option<&Text>) -> String {
    let name = manufacturer.map_or("", Text::as_str).to_lowercase();
    name.split([' ', ',', '-'])
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// A serial number, of a device or of a supply, that tells it from others: not a placeholder of the
/// firmware's. In upper case, without blanks.
pub fn plausible_serial(serial: &Text) -> Option<String> {
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
    let serial: String = serial
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

fn digits(text: &Text) -> String {
    text.as_str()
        .chars()
        .filter(char::is_ascii_hexdigit)
        .collect::<String>()
        .to_uppercase()
}

/// A unicast MAC address in 12 upper-case digits.
fn plausible_mac(mac: &Text) -> Option<String> {
    let digits = digits(mac);
    let mut bytes = [0; 6];
    hex::decode_to_slice(&digits, &mut bytes).ok()?;
    let plausible = bytes[0] & 1 == 0 && bytes != [0; 6];
    plausible.then_some(digits)
}

/// An engine id of the length that RFC 3411 gives (5 to 32 bytes), with something in it besides
/// its enterprise number.
fn plausible_engine(engine: &Text) -> Option<String> {
    let digits = digits(engine);
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
            assert_eq!(plausible_serial(&Text::clean(bad)), None, "{bad:?}");
        }
        assert_eq!(
            plausible_serial(&Text::clean("cnb 1234567")).as_deref(),
            Some("CNB1234567")
        );
    }

    #[test]
    fn a_mac_is_compared_by_its_digits_and_must_be_unicast() {
        let mac = |text| plausible_mac(&Text::clean(text));
        assert_eq!(mac("00:1b:a9:01:02:03"), mac("001BA9-010203"));
        assert_eq!(mac("01:00:5e:00:00:01"), None);
        assert_eq!(mac("00:00:00:00:00:00"), None);
        assert_eq!(mac("00:1b:a9"), None);
    }

    #[test]
    fn makers_are_compared_by_their_first_word() {
        let of = |name: &str| Identity {
            manufacturer: Some(Text::clean(name)),
            ..Identity::default()
        };
        assert_eq!(of("HP Inc.").evidence(), of("HP").evidence());
        assert!(of("HP").evidence().is_empty());
    }

    #[test]
    fn an_engine_id_of_zeros_tells_nothing() {
        let engine = |text| plausible_engine(&Text::clean(text));
        assert_eq!(engine("8000000b0300000000"), None);
        assert!(engine("8000000b03001ba9010203").is_some());
    }
}
