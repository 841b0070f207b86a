//! Whole-system scenarios: fleets on loopback sockets, crashes, the demo, scores, coverage.

pub mod chaos;
pub mod coverage;
pub mod crash;
pub mod demo;
pub mod fleet;
#[cfg(target_os = "linux")]
pub mod load;
pub mod score;
