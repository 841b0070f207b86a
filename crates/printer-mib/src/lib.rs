//! What to ask a printer, and what its answers mean, without I/O.
//!
//! A [`ReadPlan`] says what an audit needs; whoever owns a socket asks for it; [`decode`] turns the
//! [`Answers`](pagetally_snmp_engine::Answers) into a [`DeviceAudit`](pagetally_model::DeviceAudit).
//! This crate sees object identifiers and values, never a packet, a socket, a file or a clock.

mod api;

pub use api::{
    Class, Context, Definitions, ReadPlan, classify, decode, identify, is_printer, probe,
};
