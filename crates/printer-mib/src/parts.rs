//! The parts of an audit, one file each: what the standard tables say of markers, supplies, media,
//! alerts and state.

mod alerts;
mod colorant;
mod contradictions;
mod markers;
mod media;
mod status;
mod supplies;
mod supply_text;
mod word_table;

pub(crate) use alerts::alerts;
pub(crate) use contradictions::contradictions;
pub(crate) use markers::markers;
pub(crate) use media::{covers, outputs, trays};
pub(crate) use status::status;
pub(crate) use supplies::{LevelClaim, apply_claims, supplies};
