//! The vocabulary of Pagetally: what a printer was asked, what it said, and what became of it.
//!
//! Plain values only: no I/O, no clock, no randomness. Instants, random bytes and network answers
//! are handed in by the caller, so every other crate can share these types.
//!
//! A [`DeviceAudit`] is everything read from one device at one time; it never changes once it is
//! stored. What became of each address of a pass is an [`Observation`] in a [`PassReport`]; a
//! missing reading is a value of its own, never a missing row. [`Settings`] travel the other way.
//!
//! ```
//! use pagetally_model::{Level, Text};
//!
//! // What devices say is hostile input: a `Text` holds no control or bidi characters.
//! assert_eq!(Text::clean("HP\u{0}  LaserJet\u{202e}").as_str(), "HP LaserJet");
//!
//! // A level is not a number: a sentinel has no percentage.
//! assert_eq!(Level::SomeRemaining.percent(), None);
//! assert_eq!(Level::OfCapacity { amount: 42, capacity: 120 }.percent(), Some(35));
//! ```

mod as_text;
mod audit;
mod evidence;
pub mod exclusions;
mod history;
mod ids;
mod meter;
mod notice;
mod observation;
pub mod quiet;
mod settings;
mod snmp_user;
mod source;
mod sources;
mod status;
mod supply;
pub mod targets;
mod text;
mod texts;
mod time;
mod words;

pub use audit::{AUDIT_FORMAT, Contradiction, DeviceAudit, Gap, Identity, UnsourcedField};
pub use evidence::{Evidence, plausible_serial};
pub use history::{
    AuditRef, Change, ChangeKind, Comparison, MatchedBy, Replacement, ReplacementKind,
};
pub use ids::{
    AgentId, AuditId, BootId, DealerId, DeviceId, IdParseError, PassId, SiteId, SubmissionId,
};
pub use meter::{CounterUnit, Marker, Meter, MeterColor, MeterFunction, MeterSides, MeterSize};
pub use notice::TrapNotice;
pub use observation::{Observation, Outcome, PASS_FORMAT, PassReport, PassStats, Witness};
pub use settings::{
    Community, DEFAULT_SLEEP_SECONDS, FULL_READ_SECONDS, SETTINGS_FORMAT, Settings, SettingsError,
};
pub use snmp_user::{AUTH_PROTOCOLS, PRIV_PROTOCOLS, Passphrase, SnmpSecret, SnmpUser};
pub use source::{
    ComparedValue, DerivedInput, DottedOid, DottedOidError, Exactness, LosingWitness, Provenance,
    RawKind, RawText, RawValue, RuleId, Said, Source,
};
pub use sources::Sources;
pub use status::{
    Alert, AlertSeverity, Condition, Cover, DeviceState, DeviceStatus, Output, PrinterState, Tray,
};
pub use supply::{Level, LevelReading, Measures, Supply, SupplyClass, SupplyKind};
pub use text::Text;
pub use texts::TextVisitor;
pub use time::{AuditTime, ClockOffset, Timestamp, TimestampError};
