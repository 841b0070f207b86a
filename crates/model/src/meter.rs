//! Counters that a bill can rest on (words after PWG 5106.1).

use crate::{Exactness, Provenance, Sources, Text};
use serde::{Deserialize, Serialize};

/// What the device did to make the count go up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum MeterFunction {
    /// All functions together.
    Total,
    /// Printing from a computer.
    Print,
    /// Copying.
    Copy,
    /// Scanning.
    Scan,
    /// Fax, sent and received together or where the device does not tell.
    Fax,
}

/// Which colours the count covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum MeterColor {
    /// Whatever the colour.
    Any,
    /// Black only.
    Mono,
    /// Any colour besides black.
    Color,
}

/// Which paper sizes the count covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum MeterSize {
    /// Whatever the size.
    Any,
    /// What the maker counts as small, A4 and letter as a rule.
    Small,
    /// What the maker counts as large, A3 and ledger as a rule.
    Large,
}

/// Which sides the count covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum MeterSides {
    /// One-sided and two-sided together.
    Any,
    /// One-sided only.
    Simplex,
    /// Two-sided only.
    Duplex,
}

/// What one step of a counter is (RFC 3805 PrtMarkerCounterUnitTC, and what supplies add).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CounterUnit {
    /// Something that the MIB has no word for.
    Other,
    /// The device does not say.
    Unknown,
    /// Ten-thousandths of an inch.
    TenThousandthsOfInches,
    /// Micrometres.
    Micrometers,
    /// Characters.
    Characters,
    /// Lines.
    Lines,
    /// One side of one sheet with content put on it.
    Impressions,
    /// Sheets of media.
    Sheets,
    /// Rows of dots.
    DotRow,
    /// Hours.
    Hours,
    /// Thousandths of an ounce.
    ThousandthsOfOunces,
    /// Tenths of a gram.
    TenthsOfGrams,
    /// Hundredths of a fluid ounce.
    HundredthsOfFluidOunces,
    /// Tenths of a millilitre.
    TenthsOfMilliliters,
    /// Feet.
    Feet,
    /// Metres.
    Meters,
    /// Items, such as staples.
    Items,
    /// Percent of the whole.
    Percent,
    /// Images, of a scanner or a fax.
    Images,
}

/// One counter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Meter {
    /// What the device did.
    pub function: MeterFunction,
    /// Colours covered.
    pub color: MeterColor,
    /// Sizes covered.
    pub size: MeterSize,
    /// Sides covered.
    pub sides: MeterSides,
    /// What one step is.
    pub unit: CounterUnit,
    /// The count since the device was made.
    pub value: u64,
    /// How far it can be trusted to mean this meter.
    pub exactness: Exactness,
    /// Where it came from.
    pub source: Provenance,
}

/// One print engine (RFC 3805 prtMarkerTable), with what it states of itself.
///
/// The life count is the engine's, not the bill's: whether it is also the billed total is a rule's
/// decision, which then stands among the [`Meter`]s under that rule's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Marker {
    /// hrDeviceIndex and prtMarkerIndex, such as `1.1`.
    pub slot: Text,
    /// prtMarkerMarkTech as the RFC spells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub technology: Option<Text>,
    /// prtMarkerCounterUnit.
    pub unit: CounterUnit,
    /// prtMarkerLifeCount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub life_count: Option<u64>,
    /// prtMarkerPowerOnCount: units since power came on, not a number of power cycles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power_on_count: Option<u64>,
    /// Where each field came from.
    pub sources: Sources,
}
