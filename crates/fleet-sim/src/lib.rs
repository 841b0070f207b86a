//! Simulated printers: device models on virtual time and the SNMP wire answerer.
//!
//! A [`SimDevice`] is a printer without a network: hand it a datagram, it hands back the answer;
//! hand it virtual time, it prints, copies, scans, jams and runs out of toner. It is what agents
//! are tested against, so it is independent of them: its wire side is csnmp's codec behind a guard
//! ([`wire`]), and what it serves ([`models`]) is written from public sources, never from the
//! tables that a reader uses. What it serves right now it also says in plain words ([`Truth`]).
//!
//! ```
//! use pagetally_fleet_sim::{Color, demo_fleet};
//!
//! let mut printer = demo_fleet(7).remove(0);
//! let before = printer.truth().life_count.expect("it is a printer").value;
//! let made = printer.print(10, Color::Mono);
//! let after = printer.truth().life_count.expect("it is a printer").value;
//! assert_eq!(after - before, u64::from(made));
//! ```
//!
//! The crate owns no socket, starts no thread and reads no clock: `harness` gives a fleet of these
//! addresses on the loopback interface.

mod device;
mod mib;
pub mod models;
mod notify;
mod recorded;
mod rng;
pub mod truth;
pub mod wire;

pub use device::SimDevice;
pub use mib::{Evaluated, Mib};
pub use models::{Color, Happening, Identity, Spec, demo_fleet, fleet_of};
pub use rng::Chance;
pub use truth::Truth;
pub use wire::Access;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
