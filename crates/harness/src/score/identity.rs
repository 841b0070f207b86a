//! Maker, model, serial number, firmware and names.

use super::alike::{
    is_own_wording, same_firmware, same_maker, same_model, same_name, same_serial, squeeze,
};
use super::evidence::Evidence;
use super::expected::Expected;
use super::sheet::{At, Got, Proof, Sheet};
use super::{Section, Verdict};
use pagetally_model::{DeviceAudit, Identity, Text};

/// A shorter run of letters and digits may stand in a model by chance.
const SHORTEST_SERIAL: usize = 6;

pub(super) fn compare(
    expected: &Expected,
    audit: &DeviceAudit,
    evidence: &Evidence,
    sheet: &mut Sheet,
) {
    let identity = &audit.identity;
    for field in Field::ALL {
        let (Some(stated), got) = (field.stated(expected), field.got(identity)) else {
            continue;
        };
        let got_text = got.map(Text::as_str);
        let same = got_text.is_some_and(|got| field.same(stated, got, expected));
        let at = At::field(Section::Identity, field.name());
        let shown = got.map(|text| Got::of(text, &identity.sources, field.name()));
        if expected.is_not_in_snmp(field.name()) && !same && field.may_be_worded_otherwise() {
            sheet.add(at, Verdict::NotInRecording, stated, shown, None);
            continue;
        }
        let held = field.held(stated, evidence);
        if held.is_none() && !same && field.may_be_worded_otherwise() {
            // The device cannot know the source's wording, and its own contradicts nothing.
            sheet.add(at, Verdict::NotInRecording, stated, shown, None);
            continue;
        }
        sheet.compare(at, stated, shown, same, || {
            held.map_or(Proof::NotHeld, Proof::Held)
        });
    }
}

#[derive(Clone, Copy)]
enum Field {
    Manufacturer,
    Model,
    Serial,
    Firmware,
    Hostname,
    Location,
}

impl Field {
    const ALL: [Self; 6] = [
        Self::Manufacturer,
        Self::Model,
        Self::Serial,
        Self::Firmware,
        Self::Hostname,
        Self::Location,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Manufacturer => "manufacturer",
            Self::Model => "model",
            Self::Serial => "serial",
            Self::Firmware => "firmware",
            Self::Hostname => "hostname",
            Self::Location => "location",
        }
    }

    fn stated(self, expected: &Expected) -> Option<&str> {
        let text = match self {
            Self::Manufacturer => &expected.manufacturer,
            Self::Model => &expected.model,
            Self::Serial => &expected.serial,
            Self::Firmware => &expected.firmware,
            Self::Hostname => &expected.hostname,
            Self::Location => &expected.location,
        };
        text.as_deref().filter(|text| !text.trim().is_empty())
    }

    fn got(self, identity: &Identity) -> Option<&Text> {
        let text = match self {
            Self::Manufacturer => &identity.manufacturer,
            Self::Model => &identity.model,
            Self::Serial => &identity.serial,
            Self::Firmware => &identity.firmware,
            Self::Hostname => &identity.hostname,
            Self::Location => &identity.location,
        };
        text.as_ref()
    }

    fn same(self, stated: &str, got: &str, expected: &Expected) -> bool {
        let maker = expected.manufacturer.as_deref();
        match self {
            Self::Manufacturer => same_maker(stated, got),
            Self::Model => {
                let own = expected.raw.hrDeviceDescr.values().flatten();
                let same = same_model(stated, got, maker)
                    || own.into_iter().any(|own| is_own_wording(got, own, maker));
                same && !carries_a_serial(got, expected)
            }
            Self::Serial => same_serial(stated, got),
            Self::Firmware => same_firmware(stated, got),
            Self::Hostname | Self::Location => same_name(stated, got),
        }
    }

    /// Where the recording holds what is stated.
    fn held(self, stated: &str, evidence: &Evidence) -> Option<String> {
        match self {
            Self::Manufacturer if evidence.has_maker_objects() => {
                Some("objects of an enterprise".to_owned())
            }
            _ => evidence.of_text(stated),
        }
    }

    /// A model or firmware that the recording does not hold may have another wording there. A
    /// maker or serial number that differs from the truth is false whatever the recording holds.
    fn may_be_worded_otherwise(self) -> bool {
        matches!(
            self,
            Self::Model | Self::Firmware | Self::Hostname | Self::Location
        )
    }
}

/// A model with the serial number in it is each device's own, and no model.
fn carries_a_serial(model: &str, expected: &Expected) -> bool {
    let model = squeeze(model);
    let raw = expected.raw.prtGeneralSerialNumber.values().flatten();
    let serials = raw.chain(&expected.serial).map(|serial| squeeze(serial));
    serials
        .filter(|serial| serial.len() >= SHORTEST_SERIAL)
        .any(|serial| model.contains(&serial))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, verdicts};
    use super::*;

    fn check(
        statement: &str,
        recording: &str,
        change: fn(&mut Identity),
    ) -> Vec<(String, Verdict)> {
        let mut audit = testing::audit();
        change(&mut audit.identity);
        verdicts(statement, recording, |expected, evidence, sheet| {
            compare(expected, &audit, evidence, sheet);
        })
    }

    const RECORDING: &str = "1.3.6.1.2.1.43.5.1.1.17.1|4|SN-1\n1.3.6.1.2.1.1.1.0|4|ACME Jet 9\n";

    #[test]
    fn another_serial_number_is_wrong() {
        let found = check(r#"{"serial": "SN-1"}"#, RECORDING, |identity| {
            identity.serial = Some("SN-2".into());
        });
        assert_eq!(found, [("serial".to_owned(), Verdict::Wrong)]);
    }

    #[test]
    fn another_serial_number_is_wrong_even_where_the_recording_lacks_the_true_one() {
        let found = check(r#"{"serial": "SN-9"}"#, RECORDING, |identity| {
            identity.serial = Some("SN-1".into());
        });
        assert_eq!(found, [("serial".to_owned(), Verdict::Wrong)]);
    }

    #[test]
    fn no_value_is_absent_where_the_recording_holds_it() {
        let found = check(r#"{"serial": "SN-1", "model": "Jet 9"}"#, RECORDING, |_| ());
        assert_eq!(
            found.iter().map(|f| f.1).collect::<Vec<_>>(),
            [Verdict::Absent; 2]
        );
    }

    #[test]
    fn no_value_is_the_right_answer_where_the_recording_holds_none() {
        let found = check(r#"{"serial": "SN-9", "model": "Jet 8"}"#, RECORDING, |_| ());
        assert_eq!(
            found.iter().map(|f| f.1).collect::<Vec<_>>(),
            [Verdict::NotInRecording; 2]
        );
    }

    #[test]
    fn a_value_where_nothing_is_stated_is_not_compared() {
        let found = check("{}", RECORDING, |identity| {
            identity.serial = Some("SN-1".into())
        });
        assert_eq!(found, []);
    }

    #[test]
    fn a_model_with_the_serial_number_in_it_is_wrong() {
        let statement = r#"{"model": "Jet 9", "serial": "74636C66"}"#;
        let found = check(statement, RECORDING, |identity| {
            identity.model = Some("Jet 9 74636C66".into());
            identity.serial = Some("74636C66".into());
        });
        assert_eq!(found[0], ("model".to_owned(), Verdict::Wrong));
    }

    #[test]
    fn another_maker_is_wrong() {
        let found = check(r#"{"manufacturer": "Dell"}"#, RECORDING, |identity| {
            identity.manufacturer = Some("Lexmark".into());
        });
        assert_eq!(found, [("manufacturer".to_owned(), Verdict::Wrong)]);
    }
}
