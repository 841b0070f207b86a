//! Toner, ink, drums, waste boxes (RFC 3805 section 2.2.6, prtMarkerSuppliesTable).
//!
//! # Why a level is not a number
//!
//! prtMarkerSuppliesLevel holds a quantity or one of three negative sentinels, and firmware adds
//! its own. A sentinel turned into a percentage is invented data that somebody will order toner
//! by, so [`Level`] keeps every meaning apart until it reaches a screen.

use crate::{CounterUnit, Exactness, Replacement, Sources, Text};
use serde::{Deserialize, Serialize};

/// What is left of a supply, or how full a container is; see [`Measures`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Level {
    /// An amount out of a known capacity, in the supply's unit.
    OfCapacity {
        /// The amount.
        amount: u64,
        /// The capacity; never zero and never less than `amount`.
        capacity: u64,
    },
    /// The device states a percentage and no capacity.
    Percent(u8),
    /// An amount whose capacity is unknown.
    Amount(u64),
    /// At least one unit is left, or there is room for one more (-3).
    SomeRemaining,
    /// Nothing is left.
    Empty,
    /// Empty or nearly so: the sources disagree.
    EmptyOrNearly,
    /// The device calls it low and gives no number.
    Low,
    /// The device calls it good and gives no number.
    Good,
    /// The device places no restriction (-1).
    NotRestricted,
    /// The device does not know (-2), or does not answer.
    Unknown,
    /// A value outside every known meaning; the raw value is in the source.
    Other,
}

impl Level {
    /// Percent of capacity, rounded down, where the device gives what is needed to say so.
    /// An empty supply is 0.
    pub fn percent(self) -> Option<u8> {
        match self {
            Self::OfCapacity { amount, capacity } => {
                let percent = u128::from(amount) * 100 / u128::from(capacity.max(1));
                Some(u8::try_from(percent.min(100)).unwrap_or(100))
            }
            Self::Percent(percent) => Some(percent.min(100)),
            Self::Empty => Some(0),
            Self::Amount(_)
            | Self::SomeRemaining
            | Self::EmptyOrNearly
            | Self::Low
            | Self::Good
            | Self::NotRestricted
            | Self::Unknown
            | Self::Other => None,
        }
    }

    /// The words for all states, as documents carry them.
    pub const STATES: [&'static str; 11] = [
        "of-capacity",
        "percent",
        "amount",
        "some-remaining",
        "empty",
        "empty-or-nearly",
        "low",
        "good",
        "not-restricted",
        "unknown",
        "other",
    ];

    /// The word for the state, as documents carry it.
    pub fn state(self) -> &'static str {
        match self {
            Self::OfCapacity { .. } => "of-capacity",
            Self::Percent(_) => "percent",
            Self::Amount(_) => "amount",
            Self::SomeRemaining => "some-remaining",
            Self::Empty => "empty",
            Self::EmptyOrNearly => "empty-or-nearly",
            Self::Low => "low",
            Self::Good => "good",
            Self::NotRestricted => "not-restricted",
            Self::Unknown => "unknown",
            Self::Other => "other",
        }
    }
}

/// A level with its exactness, as documents carry it: `state`, and `percent`, `amount`, `capacity`
/// where the state has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "LevelDocument", into = "LevelDocument")]
pub struct LevelReading {
    /// What the device means.
    pub level: Level,
    /// How far its number can be trusted.
    pub exactness: Exactness,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LevelDocument {
    state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    percent: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    amount: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    capacity: Option<u64>,
    exactness: Exactness,
}

impl From<LevelReading> for LevelDocument {
    fn from(reading: LevelReading) -> Self {
        let (amount, capacity) = match reading.level {
            Level::OfCapacity { amount, capacity } => (Some(amount), Some(capacity)),
            Level::Amount(amount) => (Some(amount), None),
            _ => (None, None),
        };
        Self {
            state: reading.level.state().to_owned(),
            percent: reading.level.percent(),
            amount,
            capacity,
            exactness: reading.exactness,
        }
    }
}

/// A level document whose parts contradict each other.
#[derive(Debug, thiserror::Error)]
#[error("a level of state {state:?} cannot have these parts")]
struct LevelDocumentError {
    state: String,
}

impl TryFrom<LevelDocument> for LevelReading {
    type Error = LevelDocumentError;

    fn try_from(document: LevelDocument) -> Result<Self, LevelDocumentError> {
        let level = LevelReading::level_from_parts(
            &document.state,
            document.percent,
            document.amount,
            document.capacity,
        );
        match level {
            Some(level) => Ok(Self {
                level,
                exactness: document.exactness,
            }),
            None => Err(LevelDocumentError {
                state: document.state.chars().take(32).collect(),
            }),
        }
    }
}

impl LevelReading {
    /// Puts a level together from the parts that documents carry; nothing where they contradict
    /// each other.
    pub fn level_from_parts(
        state: &str,
        percent: Option<u8>,
        amount: Option<u64>,
        capacity: Option<u64>,
    ) -> Option<Level> {
        let level = match (state, percent, amount, capacity) {
            ("of-capacity", _, Some(amount), Some(capacity))
                if capacity > 0 && amount <= capacity =>
            {
                Level::OfCapacity { amount, capacity }
            }
            ("percent", Some(percent), None, None) if percent <= 100 => Level::Percent(percent),
            ("amount", None, Some(amount), None) => Level::Amount(amount),
            ("some-remaining", None, None, None) => Level::SomeRemaining,
            ("empty", _, None, None) => Level::Empty,
            ("empty-or-nearly", None, None, None) => Level::EmptyOrNearly,
            ("low", None, None, None) => Level::Low,
            ("good", None, None, None) => Level::Good,
            ("not-restricted", None, None, None) => Level::NotRestricted,
            ("unknown", None, None, None) => Level::Unknown,
            ("other", None, None, None) => Level::Other,
            _ => return None,
        };
        (level.percent() == percent).then_some(level)
    }
}

/// Whether a level tells what is left or how full a container has become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Measures {
    /// What is left to use, or room that is left in a receptacle: 100 is good.
    Remaining,
    /// How full a receptacle is: 100 is bad.
    Filled,
    /// Nobody knows which.
    Unknown,
}

/// prtMarkerSuppliesClass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SupplyClass {
    /// Neither of the two.
    Other,
    /// Consumed by printing.
    Consumed,
    /// Filled by printing.
    Filled,
    /// The device does not say.
    Unknown,
}

/// What a supply is (RFC 3805 PrtMarkerSuppliesTypeTC, plus what makers put in descriptions).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
#[allow(missing_docs, reason = "the words are the RFC's own")]
pub enum SupplyKind {
    Other,
    Unknown,
    Toner,
    WasteToner,
    Ink,
    InkCartridge,
    InkRibbon,
    WasteInk,
    Opc,
    Developer,
    FuserOil,
    SolidWax,
    RibbonWax,
    WasteWax,
    Fuser,
    CoronaWire,
    FuserOilWick,
    CleanerUnit,
    FuserCleaningPad,
    TransferUnit,
    TonerCartridge,
    FuserOiler,
    Water,
    WasteWater,
    GlueWaterAdditive,
    WastePaper,
    BindingSupply,
    BandingSupply,
    StitchingWire,
    ShrinkWrap,
    PaperWrap,
    Staples,
    Inserts,
    Covers,
    MaintenanceKit,
    DocumentFeederKit,
    Rollers,
}

/// One supply of one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Supply {
    /// The row: hrDeviceIndex and prtMarkerSuppliesIndex such as `1.4`, or a vendor row's own name
    /// for it. Firmware renumbers rows.
    pub slot: Text,
    /// The place in the device, such as `black-toner` or `rollers-2`: the same in every audit of the
    /// device in its agent's history, whatever row it stands in, as far as rows can be told apart.
    /// Absent where an audit was decoded without a history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Text>,
    /// What the device calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// What it is.
    pub kind: SupplyKind,
    /// Whether printing consumes or fills it.
    pub class: SupplyClass,
    /// Its colour, lower case: `black`, `cyan`, `photo-black`...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colorant: Option<Text>,
    /// What is left, or how full it is.
    pub level: LevelReading,
    /// Which of the two.
    pub measures: Measures,
    /// The unit of level and capacity.
    pub unit: CounterUnit,
    /// Capacity in `unit`, where the device states a positive one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u64>,
    /// The maker's part number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_number: Option<Text>,
    /// The supply's own serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<Text>,
    /// When it was last seen to be replaced or refilled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<Replacement>,
    /// Where each field came from.
    pub sources: Sources,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentinel_has_no_percentage() {
        for level in [
            Level::SomeRemaining,
            Level::Unknown,
            Level::NotRestricted,
            Level::Other,
        ] {
            assert_eq!(level.percent(), None, "{level:?}");
        }
    }

    /// One level of each state.
    const LEVELS: [Level; 11] = [
        Level::OfCapacity {
            amount: 3,
            capacity: 7,
        },
        Level::Percent(99),
        Level::Amount(12),
        Level::SomeRemaining,
        Level::Empty,
        Level::EmptyOrNearly,
        Level::Low,
        Level::Good,
        Level::NotRestricted,
        Level::Unknown,
        Level::Other,
    ];

    #[test]
    fn every_state_has_its_word() {
        assert_eq!(LEVELS.map(Level::state), Level::STATES);
    }

    #[test]
    fn a_level_survives_its_document() {
        for level in LEVELS {
            let reading = LevelReading {
                level,
                exactness: Exactness::Exact,
            };
            let json = serde_json::to_string(&reading).expect("a level is plain data");
            assert_eq!(
                serde_json::from_str::<LevelReading>(&json).expect("own output"),
                reading
            );
        }
    }

    #[test]
    fn a_level_document_that_contradicts_itself_is_refused() {
        for bad in [
            r#"{"state":"some-remaining","percent":50,"exactness":"exact"}"#,
            r#"{"state":"of-capacity","amount":9,"capacity":3,"percent":100,"exactness":"exact"}"#,
            r#"{"state":"full","exactness":"exact"}"#,
        ] {
            assert!(serde_json::from_str::<LevelReading>(bad).is_err(), "{bad}");
        }
    }
}
