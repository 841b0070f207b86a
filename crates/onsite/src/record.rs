//! `onsite record`: one device's answers, written down to be sent to whoever adds its model.
//!
//! Everything that an audit asks for, then the standard subtrees that printers are told by and the
//! whole private tree, as far as the deny list lets (see [`pagetally_snmp_engine::walk`]). Private
//! data is masked before anything leaves this module ([`mask`](crate::mask())).

use crate::mask::{MaskOptions, Masked, Private, mask};
use crate::{Cancel, Clocks, NoRandomness, ReplayIds, ScanConfig, replay_answers};
use pagetally_model::DeviceAudit;
use pagetally_printer_mib::{Class, Definitions, ReadPlan, classify};
use pagetally_snmp::{
    Credentials, Guide, RefusalReason, ScanEvent, SnmpError, WalkProgress, WalkTarget, read_one,
    scan_with, walk_one,
};
use pagetally_snmp_engine::walk::{LeftOut, WalkLimits, WalkStats};
use pagetally_snmp_engine::{Answers, Ending, Oid, Plan, ReadGap, Recording, VarBind, Version};
use std::collections::BTreeSet;
use std::net::SocketAddr;

/// What is walked besides the private tree: system, interfaces, and of the host and the printer all
/// that printers tell of themselves. Tables of neighbours, connections and running programs are left
/// alone.
const STANDARD_ROOTS: &[&[u32]] = &[
    &[1, 3, 6, 1, 2, 1, 1],
    &[1, 3, 6, 1, 2, 1, 2],
    &[1, 3, 6, 1, 2, 1, 25, 1],
    &[1, 3, 6, 1, 2, 1, 25, 2],
    &[1, 3, 6, 1, 2, 1, 25, 3],
    &[1, 3, 6, 1, 2, 1, 43],
];

/// 1.3.6.1.4.1: the makers' own objects, and the Port Monitor MIB among them.
const PRIVATE_ROOT: &[u32] = &[1, 3, 6, 1, 4, 1];

/// The roots of everything that a recording walks.
pub fn recorded_roots() -> Vec<Oid> {
    let roots = STANDARD_ROOTS.iter().chain(std::iter::once(&PRIVATE_ROOT));
    roots.map(|arcs| Oid::default().child(arcs)).collect()
}

/// Which device to record, and how.
#[derive(Clone, Debug)]
pub struct RecordTarget {
    /// The device.
    pub address: SocketAddr,
    /// Credentials, patience, pace.
    pub config: ScanConfig,
    /// Whether to speak SNMPv1 and nothing else, by the communities alone.
    pub v1_only: bool,
    /// What the walk is given at most.
    pub limits: WalkLimits,
    /// Whether private data is masked, and which kinds stay.
    pub masking: Masking,
}

/// What happens to private data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Masking {
    /// It stays. Whoever asks for this answers for where the file goes.
    Nothing,
    /// All of it is masked.
    #[default]
    All,
    /// All but these kinds is masked.
    AllBut(BTreeSet<Private>),
}

/// What happens while a device is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordEvent {
    /// The device answers over this version.
    Answers(Version),
    /// What an audit needs was asked for.
    Read {
        /// Variables that were answered.
        variables: usize,
    },
    /// The walk is under way.
    Walked(WalkProgress),
}

/// A device that could not be recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Nothing came back.
    #[error(
        "{address} does not answer over SNMP: either nobody is there, SNMP is switched off, the \
         community is another one, it lets only other addresses ask, or UDP does not pass"
    )]
    Silent {
        /// Where nobody answered.
        address: SocketAddr,
    },
    /// Somebody is there and lets nobody in with these communities and users.
    #[error("{address} is there and refuses to be read: {reason}")]
    Refused {
        /// Where.
        address: SocketAddr,
        /// What it said or did.
        reason: RefusalReason,
    },
    /// Somebody stopped it before anything was had.
    #[error("stopped before anything was had")]
    Cancelled,
    /// This machine cannot talk to it.
    #[error(transparent)]
    Snmp(#[from] SnmpError),
    /// No random numbers, without which nothing can be masked.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// A recorded device.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Recorded {
    /// Its answers, masked.
    pub recording: Recording,
    /// What was masked.
    pub masked: Vec<Masked>,
    /// What the recording decodes to.
    pub audit: DeviceAudit,
    /// Whether the definitions and the standards see a printer in it.
    pub is_printer: bool,
    /// Over which version it was recorded.
    pub version: Version,
    /// How the walk ended.
    pub ending: Ending,
    /// What an audit would have asked for and could not have.
    pub gaps: Vec<ReadGap>,
    /// What was not walked, and why.
    pub left_out: Vec<LeftOut>,
    /// What it took.
    pub stats: WalkStats,
}

/// Records one device on the calling thread. Where `cancel` is raised, what was had until then is the
/// recording.
///
/// # Errors
///
/// [`RecordError`] where nothing was had of the device at all.
pub fn record(
    target: &RecordTarget,
    definitions: &Definitions,
    cancel: &Cancel,
    on_event: &mut dyn FnMut(RecordEvent),
) -> Result<Recorded, RecordError> {
    let session = find(target, definitions, cancel)?;
    on_event(RecordEvent::Answers(session.version));
    on_event(RecordEvent::Read {
        variables: session.answers.len(),
    });
    let roots = recorded_roots();
    let gaps = session.answers.gaps().to_vec();
    let walk = WalkTarget {
        address: target.address,
        credentials: session.credentials,
        roots: &roots,
        limits: target.limits,
    };
    let walked = walk_one(&walk, &target.config, session.answers, cancel, &mut |at| {
        on_event(RecordEvent::Walked(at));
    })?;
    let whole: Recording = walked
        .answers
        .iter()
        .map(|(oid, value)| VarBind {
            oid: oid.clone(),
            value: value.clone(),
        })
        .collect();
    let is_printer = classify(&walked.answers, definitions) == Class::Printer;
    let (recording, masked) = match &target.masking {
        Masking::Nothing => (whole, Vec::new()),
        Masking::All => masked(&whole, target, &BTreeSet::new(), definitions)?,
        Masking::AllBut(keep) => masked(&whole, target, keep, definitions)?,
    };
    let ids = ReplayIds::fresh(&Clocks::start()?)?;
    Ok(Recorded {
        audit: replay_answers(&recording.to_answers(), &ids, definitions),
        recording,
        masked,
        is_printer,
        version: walked.version,
        ending: walked.ending,
        gaps,
        left_out: walked.left_out,
        stats: walked.stats,
    })
}

fn masked(
    whole: &Recording,
    target: &RecordTarget,
    keep: &BTreeSet<Private>,
    definitions: &Definitions,
) -> Result<(Recording, Vec<Masked>), NoRandomness> {
    let options = MaskOptions {
        address: Some(target.address.ip()),
        communities: target.config.communities.clone(),
        keep: keep.clone(),
    };
    let done = mask(whole, &options, definitions)?;
    Ok((done.recording, done.masked))
}

/// How the device can be talked to, and what it answered to the read plan.
struct Session<'a> {
    version: Version,
    credentials: Credentials<'a>,
    answers: Answers,
}

/// Reads whoever answers: the technician knows better than a sweep what is to be recorded.
struct Whoever<'a>(&'a Definitions);

impl Guide for Whoever<'_> {
    fn plan(&mut self, _address: SocketAddr) -> Box<dyn Plan> {
        Box::new(ReadPlan::new(self.0))
    }

    fn reads(&mut self, _probe: &[VarBind]) -> bool {
        true
    }
}

/// Finds the version and the community or the user that the device answers to, and reads what an
/// audit needs.
fn find<'a>(
    target: &'a RecordTarget,
    definitions: &Definitions,
    cancel: &Cancel,
) -> Result<Session<'a>, RecordError> {
    let config = &target.config;
    let address = target.address;
    if target.v1_only {
        return read_v1(target, definitions, cancel);
    }
    let mut session = None;
    let mut refused = None;
    let mut failed = None;
    let mut on_event = |event| match event {
        ScanEvent::Read {
            version,
            community_index,
            answers,
            ..
        } => {
            let credentials = if version == Version::V3 {
                config.users.get(community_index).map(Credentials::User)
            } else {
                let community = config.communities.get(community_index);
                community.map(|community| Credentials::Community { version, community })
            };
            session = credentials.map(|credentials| Session {
                version,
                credentials,
                answers,
            });
        }
        ScanEvent::Refused { reason, .. } => refused = Some(reason),
        ScanEvent::Error { error, .. } => failed = Some(error),
        _ => {}
    };
    let mut guide = Whoever(definitions);
    scan_with([address], config, &mut guide, cancel, &mut on_event)?;
    if session.is_none() && cancel.is_cancelled() {
        return Err(RecordError::Cancelled);
    }
    match (session, refused, failed) {
        (Some(session), ..) => Ok(session),
        (None, Some(reason), _) => Err(RecordError::Refused { address, reason }),
        (None, None, Some(error)) => Err(error.into()),
        (None, None, None) => Err(RecordError::Silent { address }),
    }
}

/// Reads over v1 by the first community that brings anything.
fn read_v1<'a>(
    target: &'a RecordTarget,
    definitions: &Definitions,
    cancel: &Cancel,
) -> Result<Session<'a>, RecordError> {
    let address = target.address;
    let version = Version::V1;
    for community in &target.config.communities {
        let plan = Box::new(ReadPlan::new(definitions));
        let credentials = Credentials::Community { version, community };
        let read = read_one(address, credentials, &target.config, plan, cancel)?;
        if !read.answers.is_empty() {
            return Ok(Session {
                version,
                credentials,
                answers: read.answers,
            });
        }
    }
    Err(RecordError::Silent { address })
}
