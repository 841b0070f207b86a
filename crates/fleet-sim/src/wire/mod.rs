//! The wire answerer: one datagram in, at most one out (RFC 1157, RFC 3416, RFC 3584).

mod codec;
mod guard;
mod respond;
mod secure;
mod tlv;
mod usm;

pub use codec::Version;
pub use secure::EngineUser;
pub use usm::Engine;

use pagetally_snmp_engine::{Oid, VarBind};
use respond::Responder;

/// What an agent looks its answers up in.
pub trait View {
    /// The value of one instance.
    fn value(&self, name: &Oid) -> Option<pagetally_snmp_engine::Value>;

    /// The first instance behind `name`, in lexicographic order, and its value.
    fn after(&self, name: &Oid) -> Option<VarBind>;

    /// Whether an instance of the same object exists, so that a missing one is `noSuchInstance` and
    /// not `noSuchObject` (RFC 3416 section 4.2.1).
    ///
    /// The simulator knows instances, not definitions. It calls an object existing when the first
    /// instance below `name`'s parent is as long as `name`, which is right for scalars, for tables
    /// with one index, and for those with more within the same row of the outer index.
    fn has_sibling(&self, name: &Oid) -> bool {
        let Some((_, parent)) = name.arcs().split_last() else {
            return false;
        };
        let Ok(parent) = Oid::new(parent) else {
            return false;
        };
        self.after(&parent).is_some_and(|found| {
            found.oid.starts_with(&parent) && found.oid.arcs().len() == name.arcs().len()
        })
    }
}

/// How a device deals with those who ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The communities that may read. Nobody else gets an answer, as RFC 1157 has it; a device
    /// without any refuses v1 and v2c altogether.
    pub communities: Vec<Vec<u8>>,
    /// Whether v1 is spoken.
    pub v1: bool,
    /// Whether v2c is spoken.
    pub v2c: bool,
    /// Whether GETBULK is answered: some print servers keep silent.
    pub bulk: bool,
    /// The v3 engine, if there is one.
    pub engine: Option<Engine>,
    /// The longest message the device sends.
    pub max_message_size: usize,
    /// What happens to an answer that is longer.
    pub oversize: Oversize,
}

/// The two shapes of "too big" that printers show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oversize {
    /// No answer at all.
    Silence,
    /// tooBig, as the standard wants.
    TooBig,
}

impl Default for Access {
    /// Community "public", v1 and v2c, no v3, messages that fit an Ethernet frame.
    fn default() -> Self {
        Self {
            communities: vec![b"public".to_vec()],
            v1: true,
            v2c: true,
            bulk: true,
            engine: None,
            max_message_size: 1_472,
            oversize: Oversize::TooBig,
        }
    }
}

/// What became of one datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Nothing is sent.
    Silence(Silence),
    /// These octets are sent.
    Datagram {
        /// The message.
        bytes: Vec<u8>,
        /// The variables in it; none for a v3 Report.
        served: Vec<VarBind>,
    },
}

impl Reply {
    /// The octets to send, if any.
    #[must_use]
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Datagram { bytes, .. } => Some(bytes),
            Self::Silence(_) => None,
        }
    }
}

/// Why a datagram stays without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Silence {
    /// The device sleeps, and the datagram wakes it.
    Asleep,
    /// The answer is too long and cannot be said shorter.
    DoesNotFit,
    /// No SNMP request.
    Malformed,
    /// A community that may not read.
    WrongCommunity,
    /// A version or an operation that the device does not speak.
    WrongVersion,
}

/// Answers one datagram out of `view`. `engine_seconds` is the device's uptime, for v3.
pub fn answer(
    access: &mut Access,
    view: &impl View,
    datagram: &[u8],
    engine_seconds: u32,
) -> Reply {
    let Some(envelope) = guard::inspect(datagram) else {
        return Reply::Silence(Silence::Malformed);
    };
    if envelope.version == 3 {
        let known = secure::answer(access, view, datagram, engine_seconds);
        return known.unwrap_or_else(|| answer_v3(access, datagram, engine_seconds));
    }
    let Some(request) = codec::decode(datagram, &envelope) else {
        return Reply::Silence(Silence::Malformed);
    };
    let spoken = match request.version {
        Version::V1 => access.v1,
        Version::V2c => access.v2c,
    };
    let bulk = matches!(request.operation, codec::Operation::GetBulk { .. });
    if !spoken || (bulk && !access.bulk) {
        return Reply::Silence(Silence::WrongVersion);
    }
    if !access.communities.contains(&request.community) {
        return Reply::Silence(Silence::WrongCommunity);
    }
    Responder {
        access,
        view,
        request: &request,
    }
    .respond()
}

fn answer_v3(access: &mut Access, datagram: &[u8], engine_seconds: u32) -> Reply {
    let Some(engine) = &mut access.engine else {
        return Reply::Silence(Silence::WrongVersion);
    };
    match engine.answer(datagram, engine_seconds) {
        Some(bytes) => Reply::Datagram {
            bytes,
            served: Vec::new(),
        },
        None => Reply::Silence(Silence::Malformed),
    }
}

/// Whether csnmp can encode this name (X.690 section 8.19: two arcs at least, the first at most 2).
pub(crate) fn is_sayable(name: &Oid) -> bool {
    codec::csnmp_oid(name).is_some()
}
