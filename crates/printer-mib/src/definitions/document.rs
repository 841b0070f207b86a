//! The shape of a definition file, as TOML says it. Unknown keys are refused everywhere.

use pagetally_model::{
    CounterUnit, Exactness, Measures, MeterColor, MeterFunction, MeterSides, MeterSize, SupplyKind,
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// One file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileDocument {
    pub(super) format: u32,
    pub(super) family: String,
    pub(super) version: u32,
    /// Whose firmware it is as a rule, for devices that answer nothing better.
    pub(super) maker: Option<String>,
    #[serde(default)]
    pub(super) roots: BTreeMap<String, String>,
    #[serde(default, rename = "match")]
    pub(super) matching: Option<MatchDocument>,
    #[serde(default)]
    pub(super) disable: Vec<String>,
    #[serde(default)]
    pub(super) identity: Vec<IdentityDocument>,
    #[serde(default)]
    pub(super) device_id: Vec<DeviceIdDocument>,
    #[serde(default)]
    pub(super) number: Vec<NumberDocument>,
    #[serde(default)]
    pub(super) table: Vec<TableDocument>,
    #[serde(default)]
    pub(super) records: Vec<RecordsDocument>,
    #[serde(default)]
    pub(super) sum: Vec<SumDocument>,
    #[serde(default)]
    pub(super) sentinel: Vec<SentinelDocument>,
    #[serde(default)]
    pub(super) receptacle: Vec<ReceptacleDocument>,
    #[serde(default)]
    pub(super) supply_text: Vec<SupplyTextDocument>,
    #[serde(default)]
    pub(super) supply_table: Vec<SupplyTableDocument>,
    #[serde(default)]
    pub(super) claimed_kind: Vec<ClaimedKindDocument>,
    #[serde(default)]
    pub(super) limits: Vec<LimitsDocument>,
    #[serde(default)]
    pub(super) makers: Vec<MakerDocument>,
    #[serde(default)]
    pub(super) describe: Vec<DescribeDocument>,
}

/// Which devices a family speaks for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MatchDocument {
    /// Whatever the device is.
    #[serde(default)]
    pub(super) always: bool,
    /// Prefixes of sysObjectID.
    #[serde(default)]
    pub(super) object_ids: Vec<String>,
    /// Patterns over sysDescr.
    #[serde(default)]
    pub(super) descriptions: Vec<String>,
    /// Prefixes of sysObjectID of other brands that may hide this family's firmware.
    #[serde(default)]
    pub(super) may_be: Vec<String>,
    /// Instances that only this family's firmware answers.
    #[serde(default)]
    pub(super) probes: Vec<String>,
}

/// What devices of a family cannot do, and what can be relied on when they are asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsDocument {
    pub(super) rule: String,
    /// Prefixes of sysObjectID; all devices of the family where there is neither this nor
    /// `descriptions`.
    #[serde(default)]
    pub(super) object_ids: Vec<String>,
    /// Patterns over sysDescr.
    #[serde(default)]
    pub(super) descriptions: Vec<String>,
    /// Whether GETBULK may be used.
    #[serde(default = "yes")]
    pub(super) bulk: bool,
    /// Whether SNMPv2c may be used.
    #[serde(default = "yes")]
    pub(super) v2c: bool,
    /// The most octets that they send in one datagram.
    pub(super) max_octets: Option<u16>,
    /// The most names that they take in one request.
    pub(super) max_names: Option<u16>,
    /// Subtrees of which a walk shows every object.
    #[serde(default)]
    pub(super) walkable: Vec<String>,
    pub(super) reason: String,
    pub(super) proof: String,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IdentityDocument {
    pub(super) rule: String,
    pub(super) field: FieldWord,
    /// An instance; or else `column`.
    pub(super) oid: Option<String>,
    /// A column: of the printer's own row, or else the first.
    pub(super) column: Option<String>,
    #[serde(default)]
    pub(super) encoding: EncodingWord,
    /// What another instance must say for the row to hold.
    pub(super) when: Option<WhenInstanceDocument>,
    /// What is taken of the text: by the first of these that covers it.
    pub(super) pattern: Option<PatternDocument>,
    pub(super) rank: Option<u32>,
    pub(super) reason: String,
    pub(super) proof: String,
}

/// One pattern, or several that are tried in their order.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum PatternDocument {
    One(String),
    Several(Vec<String>),
}

impl PatternDocument {
    /// The patterns, in their order.
    pub(super) fn texts(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Several(texts) => texts,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WhenInstanceDocument {
    pub(super) oid: String,
    pub(super) pattern: String,
}

/// A field of the identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FieldWord {
    Asset,
    Firmware,
    Hostname,
    Location,
    Manufacturer,
    Model,
    Serial,
}

/// How the octets of a text row are to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EncodingWord {
    /// As text in the device's character set.
    #[default]
    Text,
    /// As text behind two octets that name an HP symbol set (PML).
    SymbolSet,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceIdDocument {
    pub(super) rule: String,
    pub(super) oid: String,
    pub(super) rank: Option<u32>,
    pub(super) reason: String,
    pub(super) proof: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NumberDocument {
    pub(super) rule: String,
    pub(super) oid: String,
    /// What another instance must say for the row to hold.
    pub(super) when: Option<WhenInstanceDocument>,
    pub(super) pattern: Option<String>,
    pub(super) meter: Option<MeterDocument>,
    pub(super) level: Option<LevelDocument>,
    #[serde(default)]
    pub(super) scale: ScaleDocument,
    pub(super) exactness: Option<Exactness>,
    pub(super) rank: Option<u32>,
    pub(super) reason: String,
    pub(super) proof: String,
}

/// What a number counts.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MeterDocument {
    pub(super) function: MeterFunction,
    #[serde(default = "any_color")]
    pub(super) color: MeterColor,
    #[serde(default = "any_size")]
    pub(super) size: MeterSize,
    #[serde(default = "any_sides")]
    pub(super) sides: MeterSides,
    #[serde(default = "impressions")]
    pub(super) unit: CounterUnit,
}

fn any_color() -> MeterColor {
    MeterColor::Any
}

fn any_size() -> MeterSize {
    MeterSize::Any
}

fn any_sides() -> MeterSides {
    MeterSides::Any
}

fn impressions() -> CounterUnit {
    CounterUnit::Impressions
}

/// Which supply's level, in percent, a number is.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LevelDocument {
    /// The supply's place, where the standard table does not have it.
    pub(super) slot: String,
    /// The first is what the supply is called where the standard table does not have it.
    pub(super) kinds: Vec<SupplyKind>,
    pub(super) colorant: Option<String>,
}

/// `raw * multiply / divide`, rounded down.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScaleDocument {
    #[serde(default = "one")]
    pub(super) multiply: u64,
    #[serde(default = "one")]
    pub(super) divide: u64,
}

impl Default for ScaleDocument {
    fn default() -> Self {
        Self {
            multiply: 1,
            divide: 1,
        }
    }
}

fn one() -> u64 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableDocument {
    pub(super) rule: String,
    pub(super) columns: BTreeMap<String, String>,
    /// Arcs below the columns: only what stands below one of them is asked for. Everything, where
    /// there are none.
    #[serde(default)]
    pub(super) parts: Vec<String>,
    pub(super) max_rows: u32,
    pub(super) reason: String,
    pub(super) proof: String,
    #[serde(default)]
    pub(super) number: Vec<TableNumberDocument>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableNumberDocument {
    pub(super) rule: String,
    /// Arcs below the column, `*` for any one arc; or several of them.
    pub(super) index: Option<IndexDocument>,
    /// What other columns of the row must hold: a number, or a pattern over their text.
    #[serde(default)]
    pub(super) when: BTreeMap<String, WhenDocument>,
    /// What other columns of the row must not hold; one that is not there holds nothing.
    #[serde(default)]
    pub(super) unless: BTreeMap<String, WhenDocument>,
    /// Columns that the row must not have: what another row reads, where they are there.
    #[serde(default)]
    pub(super) without: Vec<String>,
    /// The column that holds the number.
    #[serde(default = "value_column")]
    pub(super) value: String,
    #[serde(default)]
    pub(super) pick: PickWord,
    pub(super) meter: Option<MeterDocument>,
    pub(super) level: Option<LevelDocument>,
    #[serde(default)]
    pub(super) scale: ScaleDocument,
    pub(super) exactness: Option<Exactness>,
    pub(super) rank: Option<u32>,
    pub(super) reason: String,
    pub(super) proof: Option<String>,
}

fn value_column() -> String {
    "value".to_owned()
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum WhenDocument {
    Number(i64),
    Numbers(Vec<i64>),
    Pattern(String),
    Patterns(Vec<String>),
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum IndexDocument {
    One(String),
    Several(Vec<String>),
}

/// What to do when several rows of a table fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PickWord {
    /// They must agree; where they differ nothing is read.
    #[default]
    Only,
    /// They are added up.
    Sum,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordsDocument {
    pub(super) rule: String,
    pub(super) oid: String,
    pub(super) layout: LayoutWord,
    pub(super) reason: String,
    pub(super) proof: String,
    #[serde(default)]
    pub(super) number: Vec<RecordNumberDocument>,
}

/// How records lie in an octet string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LayoutWord {
    /// `id, 01, length, value`, ended by FF.
    IdOneLengthValue,
    /// `id, length, value`, ended by FF or the end.
    IdLengthValue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordNumberDocument {
    pub(super) rule: String,
    pub(super) id: u8,
    /// Lengths of the value under which the row holds.
    pub(super) lengths: Vec<u8>,
    #[serde(default)]
    pub(super) form: FormWord,
    pub(super) meter: Option<MeterDocument>,
    pub(super) level: Option<LevelDocument>,
    #[serde(default)]
    pub(super) scale: ScaleDocument,
    pub(super) exactness: Option<Exactness>,
    pub(super) rank: Option<u32>,
    pub(super) reason: String,
    pub(super) proof: Option<String>,
}

/// How a record's value is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FormWord {
    /// A big-endian number.
    #[default]
    Number,
    /// A level and its maximum, an octet each: percent.
    Ratio,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SumDocument {
    pub(super) rule: String,
    pub(super) plus: Vec<String>,
    #[serde(default)]
    pub(super) minus: Vec<String>,
    #[serde(default)]
    pub(super) unsupported: UnsupportedWord,
    pub(super) meter: MeterDocument,
    pub(super) exactness: Option<Exactness>,
    pub(super) rank: Option<u32>,
    pub(super) reason: String,
    pub(super) proof: String,
}

/// What a sum makes of an input that the device answers with -1, "no such counter".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum UnsupportedWord {
    /// The input is missing, and so is the sum.
    #[default]
    Missing,
    /// Nothing was ever counted there: the input adds nothing.
    Nothing,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SentinelDocument {
    pub(super) rule: String,
    pub(super) raw: i64,
    pub(super) means: LevelWord,
    pub(super) reason: String,
    pub(super) proof: String,
}

/// A level without a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LevelWord {
    Empty,
    EmptyOrNearly,
    Good,
    Low,
    SomeRemaining,
    Unknown,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReceptacleDocument {
    pub(super) rule: String,
    pub(super) kinds: Vec<SupplyKind>,
    pub(super) measures: Measures,
    pub(super) reason: String,
    pub(super) proof: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SupplyTextDocument {
    pub(super) rule: String,
    pub(super) field: SupplyFieldWord,
    pub(super) pattern: String,
    pub(super) reason: String,
    pub(super) proof: String,
}

/// A maker's own table of the supplies that the standard table has too.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SupplyTableDocument {
    pub(super) rule: String,
    /// The column whose text is the supply's description in the standard table.
    pub(super) description: String,
    pub(super) part_number: Option<String>,
    pub(super) serial: Option<String>,
    pub(super) max_rows: u32,
    pub(super) reason: String,
    pub(super) proof: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClaimedKindDocument {
    pub(super) rule: String,
    /// Over the model.
    pub(super) model: String,
    /// What a level's row calls a supply that the standard table does not have...
    pub(super) from: SupplyKind,
    /// ...and what it is on these models.
    pub(super) to: SupplyKind,
    pub(super) reason: String,
    pub(super) proof: String,
}

/// What a supply's description also tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SupplyFieldWord {
    PartNumber,
    Serial,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MakerDocument {
    pub(super) name: String,
    #[serde(default)]
    pub(super) enterprises: Vec<u32>,
    /// How the name stands in front of models and in device IDs.
    #[serde(default)]
    pub(super) words: Vec<String>,
    /// Families whose firmware the maker's devices run beside what its own numbers tell: a brand
    /// on other makers' machines.
    #[serde(default)]
    pub(super) firmware: Vec<String>,
    /// Prefixes of sysObjectID that only printers have.
    #[serde(default)]
    pub(super) printers: Vec<String>,
    /// Prefixes of sysObjectID that only other devices have.
    #[serde(default)]
    pub(super) others: Vec<String>,
    /// Prefixes of sysObjectID of agents that run on anything: hosts that share printers, and
    /// controllers inside printers.
    #[serde(default)]
    pub(super) hosts: Vec<String>,
    pub(super) reason: String,
    pub(super) proof: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DescribeDocument {
    pub(super) rule: String,
    /// Over sysDescr: any of these.
    pub(super) pattern: PatternDocument,
    pub(super) class: ClassWord,
    pub(super) maker: Option<String>,
    pub(super) rank: Option<u32>,
    pub(super) reason: String,
    pub(super) proof: String,
}

/// What a sysDescr proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ClassWord {
    Other,
    /// A card or box that prints through what is attached to it, if anything is.
    PrintServer,
    Printer,
    /// Says who made the card, not what it is.
    Unsure,
}
