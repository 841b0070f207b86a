//! One pass of a fleet agent at a customer's site, for other programs to embed.
//!
//! A [`Pass`] adopts the settings of the last answer, sweeps, reads every printer, stores what they
//! said, sealed and durable, and only then calls Central: sends what waits, keeps the receipts,
//! fetches newer settings. It runs on the thread of its caller, tells what happens as
//! [`PassEvent`]s, can be stopped by a [`Cancel`], feeds another system through a [`Receiver`], and
//! ends with a [`PassSummary`]. A Central that is away is no error: the audits stay in the outbox.
//!
//! ```no_run
//! use pagetally_onsite::{Agent, Cancel, Pass, SiteFile};
//! use pagetally_printer_mib::Definitions;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut agent = Agent::open("/var/lib/fleet-tool/pagetally".as_ref(), SiteFile::default())?;
//! let summary = Pass::new(&mut agent, &Definitions::builtin())
//!     .run(&Cancel::new(), &mut |event| println!("{event:?}"))?;
//! println!("{} audits, {} submissions wait", summary.audits, summary.waiting);
//! # Ok(())
//! # }
//! ```
//!
//! Its parts stand alone too: [`TargetPlan`] and [`Discovery`] without a store or a Central,
//! [`replay`] and [`explain`] without a network:
//!
//! ```
//! use pagetally_onsite::{Clocks, ReplayIds, explain, replay};
//! use pagetally_printer_mib::Definitions;
//!
//! let recording = b"1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5\n\
//!     1.3.6.1.2.1.43.5.1.1.17.1|4|SN-1\n";
//! let ids = ReplayIds::fresh(&Clocks::start()?)?;
//! let audit = replay(recording, &ids, &Definitions::builtin())?;
//! let story = explain(&audit, "serial", &Definitions::builtin())?.to_string();
//! assert!(story.contains("prtGeneralSerialNumber.1 (Printer-MIB, RFC 3805)"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! No async runtime, no global state, no command line. Nothing listens, unless the site's own file says
//! so and somebody starts a [`TrapWatch`].

mod agent;
mod beside;
mod central;
mod clock;
mod custody;
mod definitions;
mod deliver;
mod discovery;
pub mod doctor;
mod engines;
mod enrol;
mod enrolment;
mod events;
mod explain;
mod history;
mod known;
mod line;
mod manners;
mod mask;
mod neighbours;
mod observe;
mod pass;
mod platform;
mod privacy;
mod propose;
mod random;
mod receiver;
mod record;
mod rejected;
mod replay;
mod rest;
mod rotation;
mod schedule;
mod secret_tool;
mod site_file;
pub mod targets;
mod tcp_witness;
mod touched;
mod traps;

pub use agent::{Agent, AgentError, AgentStatus, ConnectError, KnownDevice, agent_version};
pub use beside::Beside;
pub use central::Central;
pub use clock::Clocks;
pub use custody::{PASSPHRASE_FILE, import_recovery, key_sources, salvage};
pub use definitions::{FolderError, definition_files, definitions_from};
pub use deliver::Delivery;
pub use discovery::{
    Discovered, Discovery, DiscoveryError, DiscoveryEvent, ReadCounts, device_name, new_pass_id,
    scan_config, silent_sweep_time,
};
pub use engines::EngineMemory;
pub use enrol::EnrolError;
pub use enrolment::{Enrolment, Quarantine, StateError};
pub use events::PassEvent;
pub use explain::{
    Explanation, NoSuchReading, ObjectStory, Origin, Reading, RuleStory, Story, Trust, explain,
    readings, source_words,
};
pub use known::Remembered;
pub use mask::{How, MaskOptions, Masked, MaskedRecording, Private, mask};
pub use neighbours::Neighbours;
pub use observe::{Account, address_count};
pub use pagetally_snmp::{Cancel, RefusalReason, ScanConfig, WalkProgress};
pub use pagetally_snmp_engine::walk::{LeftOut, LeftOutReason, WalkLimits};
pub use pagetally_snmp_engine::{Ending, Recording};
pub use pagetally_store::{
    AskPassphrase, BillingCutoff, ErasureReceipt, Exported, History, HistoryEntry, KeyCustody,
    KeySources, KeyStatus, RecoveryCode, RecoveryReport, Retention, Salvaged, SetAside, StoreError,
    Thinning, Undelivered,
};
pub use pass::{Pass, PassError, PassSummary};
pub use platform::default_data_folder;
pub use privacy::{
    CLOSED_LIST, Field, ListedField, Privacy, PrivacyError, ShowError, Treater, Treatment,
    clear_report,
};
pub use propose::{
    Candidate, Checked, Proposal, ProposeError, ProposeInput, ProposedFile, WANTED_METERS, Wanted,
    WantedMeter, propose,
};
pub use random::{NoRandomness, random_number};
pub use receiver::Receiver;
pub use record::{
    Masking, RecordError, RecordEvent, RecordTarget, Recorded, record, recorded_roots,
};
pub use rejected::Rejected;
pub use replay::{ReplayIds, replay, replay_answers};
pub use rest::{leave_excluded_alone, throw_excluded_away};
pub use rotation::NewKeys;
pub use schedule::{NextPass, Quiet, QuietHoursError, next_pass_of, next_start};
pub use site_file::{
    ClientCertificateFiles, DEFAULT_MAX_ADDRESSES, SITE_FILE_FORMAT, SiteFile, SiteFileError,
    TCP_WITNESS_PORTS, TrapSite,
};
pub use targets::{TargetPlan, TargetSpec, TargetsError, ThisMachine};
pub use touched::{TOUCHED_LOG, touched_files};
pub use traps::{DeviceTold, Told, ToldError, TrapTally, TrapWatch, WatchError};
