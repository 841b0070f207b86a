//! State, alerts, trays, outputs and covers (RFC 2790 and RFC 3805).

use crate::{CounterUnit, LevelReading, Sources, Text};
use serde::{Deserialize, Serialize};

/// hrPrinterStatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PrinterState {
    /// Often stand-by or power save; read it together with the device state.
    Other,
    /// Not known or not answered.
    Unknown,
    /// Ready.
    Idle,
    /// Printing.
    Printing,
    /// Warming up.
    Warmup,
}

/// hrDeviceStatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DeviceState {
    /// Not known or not answered.
    Unknown,
    /// Running.
    Running,
    /// Running with something wrong.
    Warning,
    /// Testing itself.
    Testing,
    /// Not available.
    Down,
}

/// One bit of hrPrinterDetectedErrorState.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
#[allow(missing_docs, reason = "the words are RFC 2790's own")]
pub enum Condition {
    LowPaper,
    NoPaper,
    LowToner,
    NoToner,
    DoorOpen,
    Jammed,
    Offline,
    ServiceRequested,
    InputTrayMissing,
    OutputTrayMissing,
    MarkerSupplyMissing,
    OutputNearFull,
    OutputFull,
    InputTrayEmpty,
    OverduePreventMaint,
}

/// What the device says of itself now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeviceStatus {
    /// hrPrinterStatus.
    pub printer: PrinterState,
    /// hrDeviceStatus.
    pub device: DeviceState,
    /// hrPrinterDetectedErrorState, in bit order.
    pub conditions: Vec<Condition>,
    /// What stands on the device's panel, a row each, empty rows left out.
    pub console: Vec<Text>,
    /// Where each field came from: `printer`, `device`, `conditions`, `console`.
    pub sources: Sources,
}

/// prtAlertSeverityLevel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AlertSeverity {
    /// None of the others.
    Other,
    /// Stops the device until somebody acts.
    Critical,
    /// Does not stop it.
    Warning,
    /// A warning that is recorded once and has no end.
    WarningBinaryChangeEvent,
}

/// One row of prtAlertTable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Alert {
    /// hrDeviceIndex and prtAlertIndex, such as `1.27`.
    pub slot: Text,
    /// How bad it is.
    pub severity: AlertSeverity,
    /// Who can mend it, as the RFC spells prtAlertTrainingLevel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<Text>,
    /// The part concerned, as the RFC spells prtAlertGroup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Text>,
    /// Its row in that part's table, where the device gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_index: Option<i64>,
    /// prtAlertCode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// prtAlertCode as the RFC and IANA spell it, where they know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_name: Option<Text>,
    /// The device's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// prtAlertTime: the device's uptime when it arose, in hundredths of a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raised_at_uptime_centis: Option<u64>,
    /// Where each field came from.
    pub sources: Sources,
}

/// One input of media (prtInputTable).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tray {
    /// hrDeviceIndex and prtInputIndex, such as `1.2`.
    pub slot: Text,
    /// prtInputName.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// prtInputDescription.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// prtInputType as the RFC spells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Text>,
    /// prtInputMediaName.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Text>,
    /// What lies in it.
    pub level: LevelReading,
    /// The unit of level and capacity.
    pub unit: CounterUnit,
    /// prtInputMaxCapacity, where the device states a positive one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u64>,
    /// prtInputStatus, a sum of RFC 3805's PrtSubUnitStatusTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<i64>,
    /// Where each field came from.
    pub sources: Sources,
}

/// One output of media (prtOutputTable).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Output {
    /// hrDeviceIndex and prtOutputIndex, such as `1.1`.
    pub slot: Text,
    /// prtOutputName.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// prtOutputDescription.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// Room that is left (prtOutputRemainingCapacity).
    pub level: LevelReading,
    /// The unit of level and capacity.
    pub unit: CounterUnit,
    /// prtOutputMaxCapacity, where the device states a positive one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u64>,
    /// prtOutputStatus, a sum of RFC 3805's PrtSubUnitStatusTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<i64>,
    /// Where each field came from.
    pub sources: Sources,
}

/// One cover or interlock (prtCoverTable).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cover {
    /// hrDeviceIndex and prtCoverIndex, such as `1.1`.
    pub slot: Text,
    /// prtCoverDescription.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// prtCoverStatus as the RFC spells it: `coverOpen`, `interlockClosed`...
    pub status: Text,
    /// Where each field came from.
    pub sources: Sources,
}
