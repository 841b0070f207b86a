//! What a recording's source states, as `NAME.expected.json` holds it.
//!
//! Keys that are not compared are passed over: the files carry notes for people too. A key that is
//! compared and has another type than it should is named in the report, or it would be a silent hole
//! in the score; see `statement`.

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// A whole number; fractions (percentages with decimals) are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Whole(pub(super) i64);

impl Whole {
    /// The number where it is not negative.
    pub(super) fn unsigned(self) -> Option<u64> {
        u64::try_from(self.0).ok()
    }
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = Whole;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number below 2^63")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Whole, E> {
                Ok(Whole(number))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Whole, E> {
                i64::try_from(number)
                    .map(Whole)
                    .map_err(|_| E::custom("too large a number"))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Whole, E> {
                // The text of a float's whole part is exact; `as` would be silent about a misfit.
                let whole = format!("{:.0}", number.trunc());
                whole
                    .parse()
                    .map(Whole)
                    .map_err(|_| E::custom("too large a number"))
            }
        }
        deserializer.deserialize_any(Number)
    }
}

/// The statement. Missing and null are the same.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Expected {
    pub(super) manufacturer: Option<String>,
    pub(super) model: Option<String>,
    pub(super) serial: Option<String>,
    pub(super) firmware: Option<String>,
    pub(super) hostname: Option<String>,
    pub(super) location: Option<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) supplies: Vec<StatedSupply>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) inputs: Vec<StatedSupply>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) counters: BTreeMap<String, Option<Whole>>,
    pub(super) counters_basis: Option<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) counters_by_source_mapping: BTreeMap<String, Option<Whole>>,
    not_in_snmp: Value,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) second_opinion: SecondOpinion,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) raw: Raw,
}

/// One supply or input of paper, as the source states it.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct StatedSupply {
    pub(super) index: Option<Whole>,
    pub(super) description: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) color: Option<String>,
    pub(super) level_percent: Option<Whole>,
    pub(super) level: Option<Whole>,
    pub(super) capacity: Option<Whole>,
}

/// What an independent program reads. Not truth.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct SecondOpinion {
    pub(super) manufacturer: Option<String>,
    pub(super) model: Option<String>,
    pub(super) serial: Option<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) pagecounters: BTreeMap<String, Value>,
}

/// What the standard objects of the recording hold.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
#[expect(non_snake_case, reason = "the names are the RFCs' own")]
pub(super) struct Raw {
    pub(super) sysDescr: Option<String>,
    pub(super) sysObjectID: Option<String>,
    pub(super) sysName: Option<String>,
    pub(super) sysLocation: Option<String>,
    pub(super) sysContact: Option<String>,
    pub(super) sysUpTime: Option<Whole>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) hrDeviceDescr: BTreeMap<String, Option<String>>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) hrPrinterStatus: BTreeMap<String, Option<Whole>>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) hrPrinterDetectedErrorState_hex: BTreeMap<String, Option<String>>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) prtGeneralSerialNumber: BTreeMap<String, Option<String>>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) prtMarker: Vec<RawMarker>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) prtMarkerSupplies: Vec<RawSupply>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) prtAlert: Vec<RawAlert>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) prtInput: Vec<RawInput>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) prtConsoleDisplay: Vec<Option<String>>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) ifPhysAddress: BTreeMap<String, Option<String>>,
}

/// A row of prtMarkerTable.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct RawMarker {
    pub(super) index: String,
    pub(super) life_count: Option<Whole>,
    /// A word, or the number where the RFC has none. So too in the other rows.
    pub(super) unit: Value,
    pub(super) power_on_count: Option<Whole>,
}

/// A row of prtMarkerSuppliesTable.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct RawSupply {
    pub(super) index: String,
    pub(super) description: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Value,
    pub(super) class: Value,
    pub(super) unit: Value,
    pub(super) colorant: Value,
    pub(super) max_capacity: Option<Whole>,
    pub(super) level: Option<Whole>,
}

/// A row of prtAlertTable.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct RawAlert {
    pub(super) index: String,
    pub(super) severity: Value,
    pub(super) training: Option<Whole>,
    pub(super) group: Value,
    pub(super) group_index: Option<Whole>,
    pub(super) code: Option<Whole>,
    pub(super) description: Option<String>,
}

/// A row of prtInputTable.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct RawInput {
    pub(super) index: String,
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) media: Option<String>,
    pub(super) unit: Value,
    pub(super) max_capacity: Option<Whole>,
    pub(super) level: Option<Whole>,
}

/// How far a statement's counters can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Basis {
    /// Read off the device's own web page.
    WebPage,
    /// Asserted by the source's tests.
    Asserted,
    /// Somebody's meaning of the objects, applied to this recording; or nobody says.
    Mapping,
}

impl Expected {
    pub(super) fn basis(&self) -> Basis {
        match self.counters_basis.as_deref() {
            Some(words) if words.starts_with("device web") => Basis::WebPage,
            Some(words) if words.starts_with("test expectation") => Basis::Asserted,
            _ => Basis::Mapping,
        }
    }

    /// Whether the source itself says that the recording lacks it.
    pub(super) fn is_not_in_snmp(&self, key: &str) -> bool {
        match &self.not_in_snmp {
            Value::Object(keys) => keys.contains_key(key),
            Value::Array(keys) => keys.iter().any(|known| known.as_str() == Some(key)),
            _ => false,
        }
    }
}

fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + serde::Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Expected {
        serde_json::from_str(text).expect("valid")
    }

    #[test]
    fn null_and_missing_are_the_same() {
        let nothing = read(r#"{"supplies": null, "counters": null, "raw": null, "serial": null}"#);
        assert!(nothing.supplies.is_empty() && nothing.counters.is_empty());
        assert_eq!(nothing.basis(), Basis::Mapping);
    }

    #[test]
    fn a_percentage_with_decimals_is_cut() {
        let one = read(r#"{"supplies": [{"level_percent": 74.52}]}"#);
        assert_eq!(one.supplies[0].level_percent, Some(Whole(74)));
    }

    #[test]
    fn what_is_not_in_snmp_may_be_a_list_or_a_table() {
        assert!(read(r#"{"not_in_snmp": {"scans": 3}}"#).is_not_in_snmp("scans"));
        assert!(read(r#"{"not_in_snmp": ["scans"]}"#).is_not_in_snmp("scans"));
        assert!(!read("{}").is_not_in_snmp("scans"));
    }

    #[test]
    fn an_endless_number_is_refused() {
        for text in [
            r#"{"counters": {"a": 1e300}}"#,
            r#"{"counters": {"a": 18446744073709551615}}"#,
        ] {
            assert!(serde_json::from_str::<Expected>(text).is_err(), "{text}");
        }
    }
}
