//! The pass: what an agent at a customer's site does, for other programs to embed.

mod clock;
mod discovery;
mod explain;
mod observe;
mod platform;
mod random;
mod replay;
mod schedule;
mod site_file;
pub mod targets;

pub use clock::{Clocks, offset_from_exchange};
pub use discovery::{
    Discovered, Discovery, DiscoveryError, DiscoveryEvent, device_name, most_probes, new_pass_id,
    scan_config,
};
pub use explain::{NoSuchReading, Reading, explain, readings, source_words};
pub use observe::{Account, address_count};
pub use pagetally_snmp::{Cancel, ScanConfig};
pub use platform::default_data_folder;
pub use random::NoRandomness;
pub use replay::{ReplayIds, replay};
pub use schedule::next_start;
pub use site_file::{SITE_FILE_FORMAT, SiteFile, SiteFileError};
pub use targets::{TargetPlan, TargetSpec, TargetsError, ThisMachine};
