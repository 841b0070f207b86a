//! SNMPv3 for a listener: the sender is authoritative for a trap, we are for an inform
//! (RFC 3414 section 1.5.1).

use super::limit::{Gate, Over, Source, TrapLimits};
use super::notification::{Notification, NotificationKind};
use crate::Version;
use crate::message::PduKind;
use crate::message::v3::{Frame, OpenError, Outgoing, Payload, ScopedPdu};
use crate::usm::{EngineClock, LocalKeys, ReportReason, SecurityLevel, UsmCredential};
use crate::{Oid, VarBind};
use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// How many messages are looked at with a key, for one notification that may be told. What is forged
/// in the name of a device costs the device its own say only beyond that, and a key of Reeder's
/// extension, which takes milliseconds to make, is not made a thousand times a second.
const TRIES: u32 = 4;

/// Ceiling on the engines whose clocks are known, of 1.5 kB each with their keys: more printers than
/// one agent reads. A clock is never forgotten for another: what it refused would be taken again.
const MAX_SENDERS: usize = 16_384;

/// Ceiling on the addresses whose engine is known from reading them.
const MAX_REMEMBERED: usize = 10_000;

/// A user whose traps and informs are heard.
#[derive(Clone, Debug)]
pub struct TrapUser {
    /// Its name and keys. What is protected less than they can protect is not heard.
    pub credential: Arc<UsmCredential>,
    /// The engines whose traps are heard under it, besides those that
    /// [`TrapReceiver::remember`](super::TrapReceiver::remember) names. Informs need none.
    pub engine_ids: Vec<Vec<u8>>,
}

/// Our own engine: who answers for informs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnEngine {
    /// Its id, for ever the same.
    pub id: Vec<u8>,
    /// How often it has started, this time included: never twice the same (RFC 3414 section 2.2.2).
    pub boots: u32,
    /// Where salts begin: random.
    pub salt: u64,
}

impl OwnEngine {
    /// An engine's id out of 16 octets that no other engine has (RFC 3411 section 5, SnmpEngineID):
    /// administratively assigned octets (format 5), under no enterprise's number (0, which is
    /// reserved), because we have none.
    pub fn id_of(unique: [u8; 16]) -> Vec<u8> {
        [&[0x80, 0, 0, 0, 5][..], &unique].concat()
    }
}

/// Why a message under SNMPv3 is not let in, with the Report that its sender gets, if it gets one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefusedV3 {
    Malformed,
    /// It tells nothing.
    NoNotification,
    /// Its engine is none of ours: also every discovery.
    UnknownEngine,
    UnknownUser,
    WrongLevel,
    WrongDigest,
    NotInTime,
    NotDecrypted,
    Over(Over),
}

impl From<Over> for RefusedV3 {
    fn from(over: Over) -> Self {
        Self::Over(over)
    }
}

/// An engine that has authenticated itself under a user.
struct Sender {
    keys: LocalKeys,
    clock: EngineClock,
}

/// A message that was let in.
pub(super) struct LetIn {
    pub(super) notification: Notification,
    /// Of an inform: its request id and its acknowledgement.
    pub(super) inform: Option<(i64, Vec<u8>)>,
}

/// The users, the engines that are heard, and our own.
pub(super) struct Engines {
    users: Vec<TrapUser>,
    /// Of each user, at our own engine.
    own_keys: Vec<LocalKeys>,
    own: EngineClock,
    /// By user and engine id.
    senders: HashMap<(usize, Vec<u8>), Sender>,
    remembered: HashMap<IpAddr, Vec<u8>>,
    salt: u64,
    /// Of what is looked at with a key.
    tries: Gate,
    /// Of Reports: nobody proves where to send them.
    reports: Gate,
    reported: u32,
}

impl Engines {
    pub(super) fn new(own: &OwnEngine, users: Vec<TrapUser>, limits: TrapLimits) -> Self {
        let own_keys = users.iter().map(|user| user.credential.localize(&own.id));
        let tries = TrapLimits {
            per_source: (limits.per_source * TRIES).min(TrapLimits::MOST_PER_SOURCE),
            in_all: (limits.in_all * TRIES).min(TrapLimits::MOST_IN_ALL),
        };
        Self {
            own_keys: own_keys.collect(),
            senders: HashMap::new(),
            remembered: HashMap::new(),
            own: EngineClock::unverified(&own.id, own.boots, 0, Duration::ZERO),
            salt: own.salt,
            users,
            tries: Gate::new(tries),
            reports: Gate::new(limits),
            reported: 0,
        }
    }

    /// Takes the place of what was remembered before.
    pub(super) fn remember(&mut self, engines: impl IntoIterator<Item = (IpAddr, Vec<u8>)>) {
        let engines = engines.into_iter().take(MAX_REMEMBERED);
        self.remembered = engines
            .map(|(address, engine)| (address.to_canonical(), engine))
            .collect();
    }

    /// Takes a message apart. The second value is a Report to send back.
    pub(super) fn take(
        &mut self,
        source: Source,
        bytes: &[u8],
        now: Duration,
    ) -> Result<LetIn, (RefusedV3, Option<Vec<u8>>)> {
        let frame = Frame::decode(bytes).map_err(|_| (RefusedV3::Malformed, None))?;
        let is_ours = frame.engine_id == self.own.id();
        let let_in = if is_ours {
            self.inform(source, &frame, now)
        } else {
            self.trap(source, &frame, now)
        };
        let_in.map_err(|refused| {
            // Whoever wants an answer is told who we are (RFC 3414 section 3.2, step 3). In the name
            // of another engine there is nothing to report.
            let is_told = is_ours || refused == RefusedV3::UnknownEngine;
            let report = is_told.then(|| self.report(source, &frame, refused, now));
            (refused, report.flatten())
        })
    }

    /// A trap: its sender's engine is authoritative.
    fn trap(
        &mut self,
        source: Source,
        frame: &Frame<'_>,
        now: Duration,
    ) -> Result<LetIn, RefusedV3> {
        let is_here = self.remembered.get(&source.ip());
        let is_here = is_here.is_some_and(|engine| engine == frame.engine_id);
        let hears =
            |user: &TrapUser| is_here || user.engine_ids.iter().any(|id| id == frame.engine_id);
        if frame.engine_id.is_empty() || !self.users.iter().any(hears) {
            return Err(RefusedV3::UnknownEngine);
        }
        let named = |user: &TrapUser| is_named(user, frame) && hears(user);
        let index = self.users.iter().position(named);
        let index = index.ok_or(RefusedV3::UnknownUser)?;
        let user = self.users.get(index).ok_or(RefusedV3::UnknownUser)?;
        check_level(frame, user.credential.level())?;
        self.tries.admit(source, now)?;
        let place = (index, frame.engine_id.to_vec());
        let mut new = None;
        let known = self.senders.len();
        let sender = match self.senders.get_mut(&place) {
            Some(sender) => sender,
            None => new.insert(Sender {
                keys: user.credential.localize(frame.engine_id),
                clock: EngineClock::unverified(frame.engine_id, 0, 0, Duration::ZERO),
            }),
        };
        if frame.level.has_auth() {
            if !frame.is_authentic(&sender.keys) {
                return Err(RefusedV3::WrongDigest);
            }
            if !sender.clock.take(frame.boots, frame.time, now) {
                return Err(RefusedV3::NotInTime);
            }
        }
        let told = hear_trap(frame, &sender.keys);
        if let Some(sender) = new.filter(|_| frame.level.has_auth()) {
            if known >= MAX_SENDERS {
                return Err(RefusedV3::Over(Over::All));
            }
            self.senders.insert(place, sender);
        }
        Ok(LetIn {
            notification: told?,
            inform: None,
        })
    }

    /// An inform: our own engine is authoritative.
    fn inform(
        &mut self,
        source: Source,
        frame: &Frame<'_>,
        now: Duration,
    ) -> Result<LetIn, RefusedV3> {
        let mut users = self.users.iter().zip(&self.own_keys);
        let (_, keys) = users
            .find(|(user, _)| is_named(user, frame))
            .ok_or(RefusedV3::UnknownUser)?;
        check_level(frame, keys.level())?;
        self.tries.admit(source, now)?;
        if frame.level.has_auth() {
            if !frame.is_authentic(keys) {
                return Err(RefusedV3::WrongDigest);
            }
            if !self.own.accepts(frame.boots, frame.time, now) {
                return Err(RefusedV3::NotInTime);
            }
        }
        let mut scratch = Vec::new();
        let scoped = open(frame, keys, &mut scratch)?;
        if scoped.kind != PduKind::Inform {
            return Err(RefusedV3::NoNotification);
        }
        let told = notification(NotificationKind::Inform, &scoped)?;
        let varbinds: Vec<VarBind> = scoped
            .varbinds
            .clone()
            .map(|varbind| varbind.map(|varbind| varbind.to_varbind()))
            .collect::<Result<_, _>>()
            .map_err(|_| RefusedV3::Malformed)?;
        self.salt = self.salt.wrapping_add(1);
        let outgoing = Outgoing {
            message_id: frame.message_id,
            reportable: false,
            engine_id: self.own.id(),
            boots: self.own.boots(),
            time: self.own.time(now),
            user: frame.user,
            context_engine_id: scoped.context_engine_id,
            context_name: scoped.context_name,
            level: frame.level,
            salt: self.salt,
        };
        let response = Payload::Response {
            id: scoped.request_id,
            error_status: 0,
            error_index: 0,
            varbinds: &varbinds,
        };
        let reply = outgoing
            .encode(keys, &response)
            .ok_or(RefusedV3::WrongLevel)?;
        Ok(LetIn {
            notification: told,
            inform: Some((scoped.request_id, reply)),
        })
    }

    /// The Report that says why a message is refused, for whoever wants one (RFC 3412 section 7.1.3).
    fn report(
        &mut self,
        source: Source,
        frame: &Frame<'_>,
        refused: RefusedV3,
        now: Duration,
    ) -> Option<Vec<u8>> {
        let reason = refused.reason()?;
        if !frame.reportable || self.reports.admit(source, now).is_err() {
            return None;
        }
        self.reported = self.reported.wrapping_add(1);
        // Only this one is authenticated: its clock is what the sender goes by from then on
        // (RFC 3414 section 3.2, step 7a).
        let mut users = self.users.iter().zip(&self.own_keys);
        let known = users.find(|(user, _)| is_named(user, frame));
        let none = LocalKeys::none();
        let (level, keys) = match (refused, known) {
            (RefusedV3::NotInTime, Some((_, keys))) => (SecurityLevel::AuthNoPriv, keys),
            _ => (SecurityLevel::NoAuthNoPriv, &none),
        };
        let outgoing = Outgoing {
            message_id: frame.message_id,
            reportable: false,
            engine_id: self.own.id(),
            boots: self.own.boots(),
            time: self.own.time(now),
            user: frame.user,
            context_engine_id: self.own.id(),
            context_name: b"",
            level,
            salt: 0,
        };
        let counter: Oid = reason.counter();
        let report = Payload::Report {
            id: request_id(frame),
            counter: &counter,
            count: self.reported,
        };
        outgoing.encode(keys, &report)
    }
}

impl RefusedV3 {
    fn reason(self) -> Option<ReportReason> {
        Some(match self {
            Self::UnknownEngine => ReportReason::UnknownEngineId,
            Self::UnknownUser => ReportReason::UnknownUser,
            Self::WrongLevel => ReportReason::UnsupportedSecurityLevel,
            Self::WrongDigest => ReportReason::WrongDigest,
            Self::NotInTime => ReportReason::NotInTimeWindow,
            Self::NotDecrypted => ReportReason::DecryptionError,
            Self::Malformed | Self::NoNotification | Self::Over(_) => return None,
        })
    }
}

impl fmt::Debug for Engines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engines")
            .field("users", &self.users)
            .field("own", &self.own)
            .finish_non_exhaustive()
    }
}

fn is_named(user: &TrapUser, frame: &Frame<'_>) -> bool {
    user.credential.name().as_bytes() == frame.user
}

/// A user is heard at the level that its keys make possible, and at no other: who can sign must.
fn check_level(frame: &Frame<'_>, level: SecurityLevel) -> Result<(), RefusedV3> {
    if frame.level == level {
        Ok(())
    } else {
        Err(RefusedV3::WrongLevel)
    }
}

fn hear_trap(frame: &Frame<'_>, keys: &LocalKeys) -> Result<Notification, RefusedV3> {
    let mut scratch = Vec::new();
    let scoped = open(frame, keys, &mut scratch)?;
    if scoped.kind != PduKind::TrapV2 {
        return Err(RefusedV3::NoNotification);
    }
    notification(NotificationKind::Trap, &scoped)
}

fn open<'s>(
    frame: &Frame<'s>,
    keys: &LocalKeys,
    scratch: &'s mut Vec<u8>,
) -> Result<ScopedPdu<'s>, RefusedV3> {
    frame.open(keys, scratch).map_err(|error| match error {
        // Of an encrypted message, what makes no sense was made with another key.
        OpenError::Decryption => RefusedV3::NotDecrypted,
        OpenError::Malformed(_) if frame.level.has_priv() => RefusedV3::NotDecrypted,
        OpenError::Malformed(_) => RefusedV3::Malformed,
    })
}

fn notification(kind: NotificationKind, scoped: &ScopedPdu<'_>) -> Result<Notification, RefusedV3> {
    Notification::from_v2(Version::V3, kind, scoped.varbinds.clone())
        .map_err(|_| RefusedV3::Malformed)
}

/// The request's id, where anybody can read it; else 0 (RFC 3412 section 7.1, step 3).
fn request_id(frame: &Frame<'_>) -> i64 {
    let mut scratch = Vec::new();
    let scoped = frame.open(&LocalKeys::none(), &mut scratch);
    scoped.map_or(0, |scoped| scoped.request_id)
}
