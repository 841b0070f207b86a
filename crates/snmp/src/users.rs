//! Users of SNMPv3, and which engines may see that we know them.

use pagetally_snmp_engine::exchange::Retry;
use pagetally_snmp_engine::reader::Session;
use pagetally_snmp_engine::usm::{MAX_ENGINE_ID, Trust, UsmCredential, UsmSession};
use pagetally_snmp_engine::{RequestIds, Version};
use std::fmt;
use std::sync::Arc;

/// A user of SNMPv3, and which engines its credentials may go to.
///
/// Whoever gets a message of a user has its name, and material for guessing its passphrase: a hostile
/// host can copy a printer's engine id and collect such messages. Credentials therefore go to an
/// engine that is listed here, to one that authenticated itself at the same address before
/// ([`Guide::engine`](crate::Guide::engine)), and to others only where that is wanted.
#[derive(Clone)]
pub struct UsmAccess {
    /// The user, with its keys.
    pub credential: Arc<UsmCredential>,
    /// Ids of engines that it is known at.
    pub engines: Vec<Vec<u8>>,
    /// Whether the credentials may go to an engine that nobody has seen before.
    pub first_contact: bool,
}

impl UsmAccess {
    /// Whether the list or the choice of first contact lets the credentials go to this engine.
    pub(crate) fn allows(&self, engine_id: &[u8]) -> bool {
        self.first_contact || self.engines.iter().any(|known| known == engine_id)
    }
}

/// By which right one device is asked, where no sweep has to find that out. Secrets do not show in
/// `Debug`.
#[derive(Clone, Copy)]
pub enum Credentials<'a> {
    /// By a community.
    Community {
        /// The version that it answers over: v1 or v2c.
        version: Version,
        /// The community that it answers to.
        community: &'a [u8],
    },
    /// As a user of SNMPv3. The device is asked for its engine id first; where the credentials may not
    /// go to that engine, it is as if nothing had come back.
    User(&'a UsmAccess),
}

impl Credentials<'_> {
    /// A session that nobody has begun yet.
    pub(crate) fn session(&self, ids: &RequestIds, retry: Retry) -> Session {
        match self {
            Self::Community { version, community } => {
                Session::community(*version, *community, retry)
            }
            Self::User(user) => {
                let trust = if user.first_contact {
                    Trust::FirstContact
                } else {
                    Trust::Engines(user.engines.clone())
                };
                let half = |half: u8| u64::from(ids.id(&("salt", half)));
                let salt = half(0) << 33 ^ half(1);
                Session::usm(
                    UsmSession::meeting(user.credential.clone(), trust, salt),
                    retry,
                )
            }
        }
    }
}

impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Community { version, .. } => write!(f, "Community({version}, …)"),
            Self::User(user) => f.debug_tuple("User").field(user).finish(),
        }
    }
}

impl PartialEq for UsmAccess {
    /// The same keys are those in the same place.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.credential, &other.credential)
            && (&self.engines, self.first_contact) == (&other.engines, other.first_contact)
    }
}

impl Eq for UsmAccess {}

impl fmt::Debug for UsmAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsmAccess")
            .field("credential", &self.credential)
            .field("engines", &self.engines.len())
            .field("first_contact", &self.first_contact)
            .finish()
    }
}

/// An SNMPv3 engine that authenticated itself: it knew the keys of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownEngine {
    /// Which of the configured users.
    pub user_index: usize,
    /// Its id.
    pub engine_id: Vec<u8>,
    /// snmpEngineBoots.
    pub boots: u32,
    /// snmpEngineTime, now: seconds since it last started.
    pub time: u32,
}

impl KnownEngine {
    /// Whether the id is one (RFC 3411 section 5).
    pub(crate) fn is_one(&self) -> bool {
        (1..=MAX_ENGINE_ID).contains(&self.engine_id.len())
    }
}
