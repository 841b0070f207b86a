//! SNMPv3 for users whom a device knows (RFC 3414 section 3.2): what they ask is answered as over v2c,
//! and put into a message of theirs.
//!
//! Keys and envelopes are the engine's own USM, in the role of the agent: its peers, net-snmp and
//! async-snmp, stand in its own tests.

use super::codec::{Operation, Request, Version};
use super::respond::Responder;
use super::{Access, Reply, Silence, View};
use pagetally_snmp_engine::message::v3::{Frame, Outgoing, Payload, ScopedPdu};
use pagetally_snmp_engine::message::{Message, PduKind};
use pagetally_snmp_engine::usm::{
    EngineClock, LocalKeys, ReportReason, SecurityLevel, UsmCredential,
};
use pagetally_snmp_engine::{Oid, VarBind};
use std::sync::Arc;
use std::time::Duration;

/// What a v3 message takes more than a v2c one with a usual community: ids of 32 octets, the longest
/// digest, a salt.
const ENVELOPE: usize = 200;

/// A user whom a device lets in.
#[derive(Clone, Debug)]
pub struct EngineUser {
    credential: Arc<UsmCredential>,
    keys: Arc<LocalKeys>,
}

impl PartialEq for EngineUser {
    /// The same keys are those in the same place.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.credential, &other.credential)
    }
}

impl Eq for EngineUser {}

impl EngineUser {
    pub(super) fn new(credential: Arc<UsmCredential>, engine_id: &[u8]) -> Self {
        let keys = Arc::new(credential.localize(engine_id));
        Self { credential, keys }
    }
}

/// Answers a message to this engine under the name of a user that it knows; nothing where it is no
/// such message.
pub(super) fn answer(
    access: &Access,
    view: &impl View,
    datagram: &[u8],
    seconds: u32,
) -> Option<Reply> {
    let engine = access.engine.as_ref()?;
    let frame = Frame::decode(datagram).ok()?;
    let mut users = engine.users.iter();
    let user = users.find(|user| user.credential.name().as_bytes() == frame.user)?;
    if frame.engine_id != engine.id {
        return None;
    }
    let envelope = |level| Outgoing {
        message_id: frame.message_id,
        reportable: false,
        engine_id: &engine.id,
        boots: engine.boots,
        time: seconds,
        user: frame.user,
        context_engine_id: &engine.id,
        context_name: user.credential.context().as_bytes(),
        level,
        // Its counterpart's ids do not repeat, so neither does this.
        salt: u64::from(frame.message_id) << 32 | u64::from(seconds),
    };
    let report = |keys: &LocalKeys, level, reason: &ReportReason| {
        let counter = reason.counter();
        let payload = Payload::Report {
            id: 0,
            counter: &counter,
            count: 1,
        };
        datagram_of(envelope(level).encode(keys, &payload), Vec::new())
    };
    let refuse = |reason| {
        Some(report(
            &LocalKeys::none(),
            SecurityLevel::NoAuthNoPriv,
            &reason,
        ))
    };
    if frame.level != user.keys.level() {
        return refuse(ReportReason::UnsupportedSecurityLevel);
    }
    if frame.level.has_auth() {
        if !frame.is_authentic(&user.keys) {
            return refuse(ReportReason::WrongDigest);
        }
        let own = EngineClock::unverified(&engine.id, engine.boots, seconds, Duration::ZERO);
        if !own.accepts(frame.boots, frame.time, Duration::ZERO) {
            let reason = ReportReason::NotInTimeWindow;
            return Some(report(&user.keys, SecurityLevel::AuthNoPriv, &reason));
        }
    }
    let mut scratch = Vec::new();
    let Ok(scoped) = frame.open(&user.keys, &mut scratch) else {
        return refuse(ReportReason::DecryptionError);
    };
    if scoped.context_name != user.credential.context().as_bytes() {
        return refuse(ReportReason::UnknownContext);
    }
    let Some(request) = request(scoped) else {
        return Some(Reply::Silence(Silence::Malformed));
    };
    if matches!(request.operation, Operation::GetBulk { .. }) && !access.bulk {
        return Some(Reply::Silence(Silence::WrongVersion));
    }
    let inside = Access {
        engine: None,
        max_message_size: access.max_message_size.saturating_sub(ENVELOPE),
        ..access.clone()
    };
    let responder = Responder {
        access: &inside,
        view,
        request: &request,
    };
    let (bytes, served) = match responder.respond() {
        Reply::Datagram { bytes, served } => (bytes, served),
        silence => return Some(silence),
    };
    let answer = Message::decode(&bytes).ok()?;
    let varbinds = answer
        .varbinds
        .map(|varbind| Some(varbind.ok()?.to_varbind()));
    let payload = Payload::Response {
        id: answer.request_id,
        error_status: answer.error_status,
        error_index: answer.error_index,
        varbinds: &varbinds.collect::<Option<Vec<VarBind>>>()?,
    };
    Some(datagram_of(
        envelope(frame.level).encode(&user.keys, &payload),
        served,
    ))
}

fn datagram_of(bytes: Option<Vec<u8>>, served: Vec<VarBind>) -> Reply {
    match bytes {
        Some(bytes) => Reply::Datagram { bytes, served },
        None => Reply::Silence(Silence::DoesNotFit),
    }
}

/// The question, as it would be asked over v2c.
fn request(scoped: ScopedPdu<'_>) -> Option<Request> {
    let operation = match scoped.kind {
        PduKind::Get => Operation::Get,
        PduKind::GetNext => Operation::GetNext,
        PduKind::GetBulk => Operation::GetBulk {
            non_repeaters: u32::try_from(scoped.error_status.max(0)).ok()?,
            max_repetitions: u32::try_from(scoped.error_index.max(0)).ok()?,
        },
        _ => return None,
    };
    let names = scoped
        .varbinds
        .map(|varbind| Some(varbind.ok()?.name.to_oid()));
    let names = names.collect::<Option<Vec<Oid>>>()?;
    Some(Request {
        version: Version::V2c,
        community: Vec::new(),
        id: i32::try_from(scoped.request_id).ok()?,
        operation,
        names: names.into_iter().filter(super::is_sayable).collect(),
    })
}
