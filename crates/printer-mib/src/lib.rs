//! What to ask a printer, and what its answers mean, without I/O.
//!
//! A [`ReadPlan`] says what an audit needs; whoever owns a socket asks for it; [`decode`] turns the
//! [`Answers`](pagetally_snmp_engine::Answers) into a [`DeviceAudit`](pagetally_model::DeviceAudit)
//! in which every value has its provenance: the object, the raw value, the rule and its version,
//! and the witnesses that were not believed. This crate sees object identifiers and values, never a
//! packet, a socket, a file or a clock.
//!
//! The standards (MIB-II, HOST-RESOURCES-MIB, Printer-MIB) are read by code; what makers add is
//! data, see [`Definitions`]. General code never asks for a maker's name, and a device that no
//! definition knows still works by the standards alone.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod classify;
pub mod compare;
mod decode;
mod definitions;
mod device;
mod identity;
mod knowledge;
mod level;
mod meters;
mod mib;
mod names;
mod notice;
mod parts;
mod plan;
mod quick;
mod reading;
mod standard_rules;
mod text;
mod vendor;
mod words;

pub use classify::{Class, classify, is_bare_print_server, is_printer};
pub use decode::{Context, decode, identify};
pub use definitions::{
    Brand, DefinitionError, DefinitionErrorKind, Definitions, DeviceLimits, Proof, ProofClass,
    ProofClause, ProofError, Row, Subject,
};
pub use knowledge::{Change, Knowledge, Latest, Unfit};
pub use names::{ObjectName, object_name};
pub use notice::{notification_name, told_alert};
pub use plan::{ReadPlan, closed_list, probe};
pub use quick::QuickPlan;
pub use standard_rules::{StandardRule, standard_rule};
