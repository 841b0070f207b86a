//! Whole-system scenarios: fleets on loopback sockets, faults, the demo, scores.

pub mod demo;
pub mod fleet;
pub mod score;
