//! How to talk to a device, over each version.

use crate::exchange::{Exchange, Ignored, Retry};
use crate::message::{Request, RequestKind, Template, VarBinds};
use crate::usm::{EngineClock, Reply, ReportReason, UsmSession};
use crate::{Oid, RequestIds, Version};
use std::fmt;
use std::time::Duration;

/// How to talk to the device.
#[derive(Clone)]
pub struct Session {
    /// By which right it is asked.
    pub access: Access,
    /// How long to wait and how often to ask again.
    pub retry: Retry,
}

/// By which right a device is asked.
#[derive(Clone)]
pub enum Access {
    /// By a community.
    Community {
        /// The version that it answers over: v1 or v2c.
        version: Version,
        /// The community that it answers to: a secret.
        community: Vec<u8>,
    },
    /// As a user of SNMPv3.
    Usm(Box<UsmSession>),
}

impl Session {
    /// A session with a community.
    pub fn community(version: Version, community: impl Into<Vec<u8>>, retry: Retry) -> Self {
        Self {
            access: Access::Community {
                version,
                community: community.into(),
            },
            retry,
        }
    }

    /// A session as a user of SNMPv3.
    pub fn usm(session: UsmSession, retry: Retry) -> Self {
        Self {
            access: Access::Usm(Box::new(session)),
            retry,
        }
    }

    /// The SNMPv3 engine that is asked.
    pub fn engine(&self) -> Option<&EngineClock> {
        match &self.access {
            Access::Community { .. } => None,
            Access::Usm(usm) => Some(usm.engine()),
        }
    }

    /// The version that it speaks.
    pub fn version(&self) -> Version {
        match &self.access {
            Access::Community { version, .. } => *version,
            Access::Usm(_) => Version::V3,
        }
    }

    /// Speaks another version with the same community.
    pub(crate) fn set_version(&mut self, other: Version) {
        if let Access::Community { version, .. } = &mut self.access {
            *version = other;
        }
    }

    /// What a message takes around its variables, beyond what one with a usual community does.
    pub(crate) fn extra_frame(&self) -> usize {
        match &self.access {
            Access::Community { .. } => 0,
            Access::Usm(usm) => usm.frame_len().saturating_sub(super::sizes::FRAME),
        }
    }

    /// The community that it asks with.
    pub(crate) fn asks_with(&self) -> Option<&[u8]> {
        match &self.access {
            Access::Community { community, .. } => Some(community),
            Access::Usm(_) => None,
        }
    }

    /// A request of which only the id is open; nothing over SNMPv3, where each message is sealed anew.
    pub(crate) fn template(&self, kind: RequestKind, names: &[Oid]) -> Option<Template> {
        let Access::Community { version, community } = &self.access else {
            return None;
        };
        Template::new(|id| {
            let request = Request {
                version: *version,
                community,
                kind,
                id,
                names,
            };
            Some(request.encode())
        })
    }

    /// A request as a datagram at `now`.
    pub(crate) fn encode<'o>(
        &mut self,
        ids: &RequestIds,
        now: Duration,
        kind: RequestKind,
        id: u32,
        names: impl DoubleEndedIterator<Item = &'o Oid>,
    ) -> Vec<u8> {
        match &mut self.access {
            Access::Community { version, community } => {
                let request = Request {
                    version: *version,
                    community,
                    kind,
                    id,
                    names: &[],
                };
                request.encode_names(names)
            }
            Access::Usm(usm) => usm.encode(ids, now, kind, id, names),
        }
    }

    /// Takes one datagram that came at `now`; `scratch` holds what is decrypted.
    pub(crate) fn handle<'d>(
        &mut self,
        exchange: &mut Exchange,
        now: Duration,
        bytes: &'d [u8],
        scratch: &'d mut Vec<u8>,
    ) -> Result<Heard<'d>, Ignored> {
        match &mut self.access {
            Access::Community { version, community } => {
                let message = exchange.handle_datagram(*version, community, bytes)?;
                Ok(Heard::Answer(Answer {
                    error_status: message.error_status,
                    error_index: message.error_index,
                    varbinds: message.varbinds,
                }))
            }
            Access::Usm(usm) => match usm.handle(now, bytes, scratch)? {
                Reply::Response(scoped) => {
                    exchange.accept(scoped.kind, scoped.request_id)?;
                    Ok(Heard::Answer(Answer {
                        error_status: scoped.error_status,
                        error_index: scoped.error_index,
                        varbinds: scoped.varbinds,
                    }))
                }
                Reply::ClockSet => Ok(Heard::AskAgain),
                Reply::Refused(reason) => Ok(Heard::Refused(reason)),
            },
        }
    }
}

/// What a datagram brought.
pub(crate) enum Heard<'d> {
    /// The answer.
    Answer(Answer<'d>),
    /// The same is to be asked again, in another message.
    AskAgain,
    /// The device refuses.
    Refused(ReportReason),
}

/// An answer, whatever it came in.
pub(crate) struct Answer<'d> {
    pub(crate) error_status: i64,
    pub(crate) error_index: i64,
    pub(crate) varbinds: VarBinds<'d>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Session");
        match &self.access {
            Access::Community { version, .. } => shown.field("version", version),
            Access::Usm(usm) => shown.field("usm", usm),
        };
        shown.field("retry", &self.retry).finish_non_exhaustive()
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Community { version, .. } => write!(f, "Community({version}, …)"),
            Self::Usm(usm) => f.debug_tuple("Usm").field(usm).finish(),
        }
    }
}
