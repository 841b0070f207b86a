//! What the books answer: plain values, one type a table.

use pagetally_model::{
    AgentId, AlertSeverity, AuditId, CounterUnit, DealerId, DeviceId, DeviceState, Exactness,
    LevelReading, Measures, MeterColor, MeterFunction, MeterSides, MeterSize, PassId, PrinterState,
    Settings, SiteId, SubmissionId, SupplyClass, SupplyKind, Timestamp, Witness,
};
use pagetally_proof::{LeafKind, WithheldReason};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// A dealer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DealerRow {
    /// Its id.
    pub id: DealerId,
    /// Its name.
    pub name: String,
}

/// A dealer's customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// One network of one customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteRow {
    /// Its id.
    pub id: SiteId,
    /// Its name.
    pub name: String,
    /// The customer's name.
    pub account: String,
    /// The time zone, an IANA name.
    pub time_zone: String,
    /// The version of the settings in force.
    pub settings_version: u64,
    /// How many devices the books hold for it.
    pub devices: u64,
    /// How many agents are enrolled for it.
    pub agents: u64,
}

/// One version of a site's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsRow {
    /// The settings, their version included.
    pub settings: Settings,
    /// Who set them.
    pub changed_by: String,
    /// When.
    pub changed: Timestamp,
}

/// How an agent's chain stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AgentStatus {
    /// Every submission followed the one before it.
    Good,
    /// Two different contents came under one number; both are kept. What continues the books is
    /// booked, anything else goes into quarantine until the agent is enrolled anew.
    Forked,
    /// It left, or was removed. Its history stays.
    Removed,
}

/// What an agent is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AgentKind {
    /// A stock client: it sends typed messages over TLS, which nobody signed.
    Api,
    /// One of ours: it signs and seals.
    Onsite,
}

/// One enrolled agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentRow {
    /// The dealer that it belongs to.
    pub dealer: DealerId,
    /// Its id.
    pub id: AgentId,
    /// The site that it reads.
    pub site: SiteId,
    /// The site's name.
    pub site_name: String,
    /// The site's time zone.
    pub time_zone: String,
    /// What it is.
    pub kind: AgentKind,
    /// What a stock client calls itself.
    pub name: Option<String>,
    /// Its Ed25519 public key; zeros, and not to be used, for a stock client.
    pub verify_key: [u8; 32],
    /// Its X25519 public key; likewise.
    pub seal_key: [u8; 32],
    /// How its chain stands.
    pub status: AgentStatus,
    /// When it was enrolled.
    pub registered: Timestamp,
    /// When it last called, at Central's clock.
    pub last_seen: Timestamp,
    /// The version that it last named.
    pub agent_version: String,
    /// The version of the settings that it last said it holds.
    pub settings_version: Option<u64>,
    /// The number of the last submission in its chain; 0 before the first.
    pub head_number: u64,
    /// The hash of that submission's header; zeros before the first.
    pub head_hash: [u8; 32],
    /// The number that was expected and the later one that was offered instead, while that gap is
    /// open.
    pub gap: Option<(u64, u64)>,
}

/// How stock clients may call for one customer's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiAccess {
    /// The customer's name.
    pub account: String,
    /// Whether typed messages are taken.
    pub allowed: bool,
    /// The keys, the youngest first, revoked ones too.
    pub keys: Vec<ApiKeyRow>,
}

/// One API key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyRow {
    /// Its id: the username of the client's token.
    pub id: String,
    /// What the dealer calls it.
    pub name: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created: Timestamp,
    /// When it was last used, to the minute.
    pub used: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// One enrolment code, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolmentRow {
    /// Its id.
    pub id: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it stops being accepted.
    pub expires: Timestamp,
    /// The agent that used it and when.
    pub used: Option<(AgentId, Timestamp)>,
}

/// One accepted submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmissionRow {
    /// Its id.
    pub id: SubmissionId,
    /// The agent.
    pub agent: AgentId,
    /// Its number in the agent's sequence.
    pub number: u64,
    /// The Merkle root over its leaves.
    pub content: [u8; 32],
    /// The hash of its header, which the next one names.
    pub header_hash: [u8; 32],
    /// How many leaves it has.
    pub leaves: u64,
    /// When the agent stored it, at the agent's clock.
    pub created: Timestamp,
    /// When Central stored it, at Central's clock.
    pub received: Timestamp,
    /// How often it came again and was answered with its first receipt.
    pub repeats: u64,
    /// Why it was kept without being booked, if it was.
    pub rejected: Option<RejectionRow>,
    /// How many of its documents were withheld when it first came.
    pub withheld: u64,
}

/// Why a submission was not booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectionRow {
    /// Which document was rejected, where it was one.
    pub document: Option<String>,
    /// Why, in words.
    pub reason: String,
    /// The later number under which the same documents are booked, if they are.
    pub settled: Option<u64>,
}

/// A document that its agent had not any more, or all of a submission. It is no data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithheldRow {
    /// The submission's number.
    pub number: u64,
    /// Its leaf in that submission, counted from 0; nothing where it stands for all of them.
    pub leaf: Option<u64>,
    /// How many documents the row stands for.
    pub documents: u64,
    /// What the document was, as the agent said; nothing for all of a submission.
    pub kind: Option<LeafKind>,
    /// The leaf's hash, or the submission's root.
    pub hash: [u8; 32],
    /// Why it did not come.
    pub reason: WithheldReason,
    /// When Central took note.
    pub received: Timestamp,
    /// When a repeat of the submission brought it after all.
    pub filled: Option<Timestamp>,
}

/// A submission that contradicts the books, or came from an agent in quarantine behind one that does.
/// It is kept and never counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForkRow {
    /// The agent.
    pub agent: AgentId,
    /// Its number, which was taken or is behind one that was.
    pub number: u64,
    /// The contradicting content.
    pub content: [u8; 32],
    /// The hash of its header.
    pub header_hash: [u8; 32],
    /// When it came.
    pub received: Timestamp,
    /// The number under which the same documents are in the books, once the agent was enrolled anew
    /// and sent them again.
    pub settled: Option<u64>,
}

/// One device: its identity as last stated, and what its latest audit said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceRow {
    /// The id that Central assigned.
    pub id: DeviceId,
    /// The site.
    pub site: SiteId,
    /// The site's name.
    pub site_name: String,
    /// The customer's name.
    pub account: String,
    /// The site's time zone, an IANA name.
    pub time_zone: String,
    /// The maker.
    pub manufacturer: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The serial number.
    pub serial: Option<String>,
    /// The network card's address.
    pub mac: Option<String>,
    /// The network name.
    pub hostname: Option<String>,
    /// Where it says it stands.
    pub location: Option<String>,
    /// The main firmware's version.
    pub firmware: Option<String>,
    /// Where it answered.
    pub address: Option<SocketAddr>,
    /// hrPrinterStatus of the latest audit.
    pub printer_state: Option<PrinterState>,
    /// hrDeviceStatus of the latest audit.
    pub device_state: Option<DeviceState>,
    /// The latest audit.
    pub latest_audit: Option<AuditId>,
    /// When that was read: the agent's clock corrected by its last known offset, and never later
    /// than `received`.
    pub read: Option<Timestamp>,
    /// When Central stored it.
    pub received: Option<Timestamp>,
    /// Whether a later pass of its site did not read it.
    pub missed_last_pass: bool,
    /// The meter of everything.
    pub total: Option<u64>,
    /// The meter of everything in black.
    pub mono: Option<u64>,
    /// The meter of everything in colour.
    pub color: Option<u64>,
    /// The supply that needs somebody soonest.
    pub worst_supply: Option<SupplyRow>,
    /// Open alerts.
    pub alerts: u64,
    /// Those of them that stop the device.
    pub critical_alerts: u64,
}

/// One counter of one audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MeterRow {
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
    /// The count.
    pub value: u64,
    /// How far it can be trusted to mean this meter.
    pub exactness: Exactness,
    /// The rule that gave it its meaning.
    pub rule: String,
}

/// One point of a meter's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeterPoint {
    /// When it was read.
    pub read: Timestamp,
    /// The count.
    pub value: u64,
}

/// One supply of one audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SupplyRow {
    /// Its place in the device.
    pub slot: String,
    /// What the device calls it.
    pub description: Option<String>,
    /// What it is.
    pub kind: SupplyKind,
    /// Whether printing consumes or fills it.
    pub class: SupplyClass,
    /// Its colour.
    pub colorant: Option<String>,
    /// What is left, or how full it is.
    pub level: LevelReading,
    /// Which of the two.
    pub measures: Measures,
    /// The unit of level and capacity.
    pub unit: CounterUnit,
    /// Its capacity.
    pub capacity: Option<u64>,
    /// The maker's part number.
    pub part_number: Option<String>,
    /// Its own serial number.
    pub serial: Option<String>,
}

/// One open alert of one audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertRow {
    /// Its row in the device's table.
    pub slot: String,
    /// How bad it is.
    pub severity: AlertSeverity,
    /// The part concerned.
    pub group: Option<String>,
    /// prtAlertCode.
    pub code: Option<i64>,
    /// Its name in the standard.
    pub code_name: Option<String>,
    /// The device's own words.
    pub description: Option<String>,
}

/// One thing that a device told unasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeRow {
    /// The pass that was made because of it.
    pub pass: PassId,
    /// When it came, on Central's clock as far as known.
    pub at: Timestamp,
    /// Where it came from.
    pub address: IpAddr,
    /// The version of SNMP that it came over.
    pub witness: Witness,
    /// snmpTrapOID.
    pub trap: String,
    /// What its MIB calls it.
    pub name: Option<String>,
    /// How many more of this name came before the device was read.
    pub repeats: u64,
    /// How bad it is, where it tells of an alert.
    pub severity: Option<AlertSeverity>,
    /// The part concerned.
    pub group: Option<String>,
    /// prtAlertCode.
    pub code: Option<i64>,
    /// Its name in the standard.
    pub code_name: Option<String>,
    /// The device's own words.
    pub description: Option<String>,
    /// The audit that the pass made of the device.
    pub audit: Option<AuditId>,
}

/// One audit, without its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its id.
    pub id: AuditId,
    /// The device that it was assigned to.
    pub device: DeviceId,
    /// The agent that read it.
    pub agent: AgentId,
    /// What that agent is: what an API client sent is typed, over TLS, and unsigned.
    pub agent_kind: AgentKind,
    /// The submission that carried it.
    pub number: u64,
    /// Its leaf in that submission, counted from 0.
    pub leaf: u64,
    /// The pass that it belongs to.
    pub pass: PassId,
    /// When it was read; see [`DeviceRow::read`].
    pub read: Timestamp,
    /// When Central stored it.
    pub received: Timestamp,
    /// Bytes of its stored document.
    pub bytes: u64,
}

/// One pass of one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassRow {
    /// Its id.
    pub id: PassId,
    /// The site.
    pub site: SiteId,
    /// The site's name.
    pub site_name: String,
    /// The site's time zone.
    pub time_zone: String,
    /// The agent.
    pub agent: AgentId,
    /// The submission that carried its report.
    pub number: u64,
    /// The version of the settings that it ran under.
    pub settings_version: u64,
    /// The agent's version.
    pub agent_version: String,
    /// When it started; see [`DeviceRow::read`].
    pub started: Timestamp,
    /// When Central stored its report.
    pub received: Timestamp,
}

/// What became of one address, or of a run of silent ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObservationRow {
    /// The first address.
    pub first: IpAddr,
    /// The last address.
    pub last: IpAddr,
    /// How many addresses that is.
    pub addresses: u64,
    /// The name that the target was given by.
    pub name: Option<String>,
    /// The outcome's word in documents: `printer-read`, `other-device`, `refused`, `silent`...
    pub outcome: String,
    /// The reason or description that came with it.
    pub detail: Option<String>,
    /// The audit, where a printer was read.
    pub audit: Option<AuditId>,
    /// The device that the audit was assigned to.
    pub device: Option<DeviceId>,
    /// That device's maker.
    pub manufacturer: Option<String>,
    /// That device's model.
    pub model: Option<String>,
    /// What the outcome rests on.
    pub witness: Witness,
    /// When it was settled, at the agent's clock.
    pub at: Timestamp,
}

/// An assignment that a rule or a person made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceEvent {
    /// Its id.
    pub id: String,
    /// `found`, `contradiction`, `merged`, `split` or `undone`.
    pub kind: String,
    /// The device.
    pub device: DeviceId,
    /// The other device of a merge, split or contradiction.
    pub other: Option<DeviceId>,
    /// The version of the match rule in force.
    pub rule_version: u64,
    /// In words.
    pub detail: String,
    /// Who did it; `match rule` for a rule.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The event that undid it.
    pub undone_by: Option<String>,
}

/// How a fleet is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceOrder {
    /// By how soon somebody must act: critical alerts, then the worst supply.
    #[default]
    Attention,
    /// By maker and model.
    Model,
    /// By serial number.
    Serial,
    /// By customer and site.
    Site,
    /// By address.
    Address,
    /// By the total meter, highest first.
    Total,
    /// By when they were last read, longest ago first.
    LastSeen,
}

/// Which devices to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceFilter {
    /// Text that maker, model, serial, MAC, host name, address or location must contain.
    pub search: String,
    /// One site only.
    pub site: Option<SiteId>,
    /// Only devices with open alerts.
    pub with_alerts: bool,
    /// Only devices that the last pass of their site did not read.
    pub missed_last_pass: bool,
    /// The order.
    pub order: DeviceOrder,
    /// Whether the order is turned round.
    pub reversed: bool,
    /// How many to skip.
    pub offset: u64,
    /// How many to list at most; 0 means all.
    pub limit: u64,
}
