//! The pass: what an agent at a customer's site does, for other programs to embed.

mod agent;
mod central;
mod clock;
mod definitions;
mod deliver;
mod discovery;
mod enrol;
mod enrolment;
mod events;
mod explain;
mod observe;
mod pass;
mod platform;
mod random;
mod receiver;
mod replay;
mod schedule;
mod site_file;
pub mod targets;

pub use agent::{Agent, AgentError, AgentStatus, ConnectError, agent_version};
pub use central::Central;
pub use clock::Clocks;
pub use definitions::{FolderError, definitions_from};
pub use deliver::Delivery;
pub use discovery::{
    Discovered, Discovery, DiscoveryError, DiscoveryEvent, device_name, new_pass_id, scan_config,
    silent_sweep_time,
};
pub use enrol::EnrolError;
pub use enrolment::{Enrolment, StateError};
pub use events::PassEvent;
pub use explain::{NoSuchReading, Reading, explain, readings, source_words};
pub use observe::{Account, address_count};
pub use pagetally_snmp::{Cancel, ScanConfig};
pub use pass::{Pass, PassError, PassSummary};
pub use platform::default_data_folder;
pub use random::{NoRandomness, random_number};
pub use receiver::Receiver;
pub use replay::{ReplayIds, replay};
pub use schedule::next_start;
pub use site_file::{SITE_FILE_FORMAT, SiteFile, SiteFileError};
pub use targets::{TargetPlan, TargetSpec, TargetsError, ThisMachine};
