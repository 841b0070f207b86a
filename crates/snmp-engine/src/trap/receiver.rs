//! From datagrams of anybody to what is told.

use super::frame::{Frame, Told};
use super::limit::{Gate, Over, Source, TrapLimits};
use super::notification::{Notification, notification};
use super::recent::{Inform, Recent};
use super::v3::{Engines, OwnEngine, RefusedV3, TrapUser};
use crate::VarBind;
use crate::ber::{DecodeError, DecodeErrorKind};
use crate::message::{Response, VarBinds};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use subtle::{Choice, ConstantTimeEq};

/// The longest datagram that is looked at. A notification of [`MAX_VARBINDS`](super::MAX_VARBINDS)
/// texts fits into a quarter of it, and what a listener holds in its queue stays small.
const MAX_DATAGRAM: usize = 8_192;

/// Whom a listener hears, and how much of it.
#[derive(Clone, Default)]
pub struct TrapConfig {
    /// The communities under which v1 and v2c are heard; none is. They are secrets and do not show
    /// in `Debug`.
    pub communities: Vec<Vec<u8>>,
    /// The users under which v3 is heard.
    pub users: Vec<TrapUser>,
    /// Our own engine, without which v3 is not heard.
    pub engine: Option<OwnEngine>,
    /// How many notifications a second are taken.
    pub limits: TrapLimits,
}

impl fmt::Debug for TrapConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrapConfig")
            .field("communities", &format_args!("{} …", self.communities.len()))
            .field("users", &self.users)
            .field("engine", &self.engine)
            .field("limits", &self.limits)
            .finish()
    }
}

/// What became of the datagrams that came in: each is counted in `received` and in one other field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrapCounters {
    /// Datagrams in all.
    pub received: u64,
    /// Told.
    pub told: u64,
    /// Informs that were told before: acknowledged again.
    pub repeated: u64,
    /// Dropped: no message, or one that breaks its own rules.
    pub malformed: u64,
    /// Dropped: a community that is none of ours.
    pub wrong_community: u64,
    /// Dropped: a version that is not heard here.
    pub wrong_version: u64,
    /// Dropped: a question, an answer or a report.
    pub no_notification: u64,
    /// Dropped: v3 of an engine that is not listed, or a discovery, which got its Report.
    pub unknown_engine: u64,
    /// Dropped: v3 of a user that is none of ours.
    pub unknown_user: u64,
    /// Dropped: v3 that is not protected as its user's keys make possible.
    pub wrong_level: u64,
    /// Dropped: v3 that its user's key did not sign.
    pub wrong_digest: u64,
    /// Dropped: v3 that is old, repeated, or goes by another clock; an inform got its Report.
    pub not_in_time: u64,
    /// Dropped: v3 that its user's key does not decrypt.
    pub not_decrypted: u64,
    /// Dropped: its source tells more than one source may.
    pub over_source_limit: u64,
    /// Dropped: all sources together tell more than they may.
    pub over_limit_of_all: u64,
}

impl TrapCounters {
    /// How many datagrams were dropped.
    pub fn dropped(&self) -> u64 {
        self.received - self.told - self.repeated
    }
}

/// What one datagram led to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handled {
    /// What was told.
    pub notification: Option<Notification>,
    /// A datagram to send back to where this one came from.
    pub reply: Option<Vec<u8>>,
}

/// Hears what devices tell unasked. Owns no socket and reads no clock.
///
/// Drive it by handing it every datagram that comes to UDP 162 and sending its
/// [`reply`](Handled::reply), if there is one, back to the same address. Nothing is to be waited for.
#[derive(Debug)]
pub struct TrapReceiver {
    config: TrapConfig,
    engines: Option<Engines>,
    gate: Gate,
    recent: Recent,
    counters: TrapCounters,
}

/// Why a datagram is dropped.
#[derive(Clone, Copy, Debug)]
enum Dropped {
    Malformed,
    NoNotification,
    OverAll,
    OverSource,
    V3(RefusedV3),
    WrongCommunity,
    WrongVersion,
}

/// A datagram that is dropped, with what its sender is told all the same.
struct Refused {
    dropped: Dropped,
    reply: Option<Vec<u8>>,
}

impl<D: Into<Dropped>> From<D> for Refused {
    fn from(dropped: D) -> Self {
        Self {
            dropped: dropped.into(),
            reply: None,
        }
    }
}

impl From<DecodeError> for Dropped {
    fn from(error: DecodeError) -> Self {
        match error.kind {
            DecodeErrorKind::Version(_) => Self::WrongVersion,
            _ => Self::Malformed,
        }
    }
}

impl From<Over> for Dropped {
    fn from(over: Over) -> Self {
        match over {
            Over::Source => Self::OverSource,
            Over::All => Self::OverAll,
        }
    }
}

impl TrapReceiver {
    /// A receiver that has heard nothing yet.
    pub fn new(config: TrapConfig) -> Self {
        Self {
            gate: Gate::new(config.limits),
            engines: config
                .engine
                .as_ref()
                .map(|own| Engines::new(own, config.users.clone(), config.limits)),
            config,
            recent: Recent::default(),
            counters: TrapCounters::default(),
        }
    }

    /// Hears traps of these engines too, under every user's name, from these addresses alone: they
    /// authenticated themselves there when they were read. Takes the place of what was remembered
    /// before.
    pub fn remember(&mut self, engines: impl IntoIterator<Item = (IpAddr, Vec<u8>)>) {
        if let Some(own) = &mut self.engines {
            own.remember(engines);
        }
    }

    /// What became of everything so far.
    pub fn counters(&self) -> TrapCounters {
        self.counters
    }

    /// Takes one datagram that came from `from` at `now`, a time since an instant of the caller's
    /// choice that must not go backwards. Anyone can forge both bytes and source.
    pub fn handle_datagram(&mut self, from: SocketAddr, bytes: &[u8], now: Duration) -> Handled {
        self.counters.received += 1;
        self.take(Source::of(&from), bytes, now)
            .unwrap_or_else(|refused| {
                *self.counter(refused.dropped) += 1;
                Handled {
                    notification: None,
                    reply: refused.reply,
                }
            })
    }

    fn counter(&mut self, dropped: Dropped) -> &mut u64 {
        match dropped {
            Dropped::V3(RefusedV3::Over(Over::Source)) => &mut self.counters.over_source_limit,
            Dropped::V3(RefusedV3::Over(Over::All)) => &mut self.counters.over_limit_of_all,
            Dropped::Malformed | Dropped::V3(RefusedV3::Malformed) => &mut self.counters.malformed,
            Dropped::NoNotification | Dropped::V3(RefusedV3::NoNotification) => {
                &mut self.counters.no_notification
            }
            Dropped::V3(RefusedV3::UnknownEngine) => &mut self.counters.unknown_engine,
            Dropped::V3(RefusedV3::UnknownUser) => &mut self.counters.unknown_user,
            Dropped::V3(RefusedV3::WrongLevel) => &mut self.counters.wrong_level,
            Dropped::V3(RefusedV3::WrongDigest) => &mut self.counters.wrong_digest,
            Dropped::V3(RefusedV3::NotInTime) => &mut self.counters.not_in_time,
            Dropped::V3(RefusedV3::NotDecrypted) => &mut self.counters.not_decrypted,
            Dropped::OverAll => &mut self.counters.over_limit_of_all,
            Dropped::OverSource => &mut self.counters.over_source_limit,
            Dropped::WrongCommunity => &mut self.counters.wrong_community,
            Dropped::WrongVersion => &mut self.counters.wrong_version,
        }
    }

    fn take(&mut self, source: Source, bytes: &[u8], now: Duration) -> Result<Handled, Refused> {
        if bytes.len() > MAX_DATAGRAM {
            return Err(Dropped::Malformed.into());
        }
        let frame = match Frame::decode(bytes) {
            Err(error) if error.kind == DecodeErrorKind::Version(3) => {
                return self.take_v3(source, bytes, now);
            }
            frame => frame?,
        };
        if !self.knows(frame.community) {
            return Err(Dropped::WrongCommunity.into());
        }
        let told = notification(frame.version, &frame.told)?.ok_or(Dropped::NoNotification)?;
        self.gate.admit(source, now)?;
        let Told::Inform {
            request_id,
            ref varbinds,
        } = frame.told
        else {
            self.counters.told += 1;
            return Ok(Handled {
                notification: Some(told),
                reply: None,
            });
        };
        let reply = acknowledgement(&frame, request_id, varbinds.clone())?;
        Ok(self.heard(source, request_id, told, reply, now))
    }

    fn take_v3(&mut self, source: Source, bytes: &[u8], now: Duration) -> Result<Handled, Refused> {
        let engines = self.engines.as_mut().ok_or(Dropped::WrongVersion)?;
        let let_in = engines
            .take(source, bytes, now)
            .map_err(|(refused, reply)| Refused {
                dropped: Dropped::V3(refused),
                reply,
            })?;
        self.gate.admit(source, now)?;
        if let Some((request_id, reply)) = let_in.inform {
            return Ok(self.heard(source, request_id, let_in.notification, reply, now));
        }
        self.counters.told += 1;
        Ok(Handled {
            notification: Some(let_in.notification),
            reply: None,
        })
    }

    /// Tells an inform, unless it was told before; acknowledges it in any case.
    fn heard(
        &mut self,
        source: Source,
        request_id: i64,
        told: Notification,
        reply: Vec<u8>,
        now: Duration,
    ) -> Handled {
        let content = (&told.trap, told.uptime, &told.varbinds);
        let inform = Inform::new(source, request_id, &content);
        let is_new = !self.recent.is_repeated(inform, now);
        if is_new {
            self.counters.told += 1;
        } else {
            self.counters.repeated += 1;
        }
        Handled {
            notification: is_new.then_some(told),
            reply: Some(reply),
        }
    }

    /// Whether a community is one of ours. Every one of ours is compared whole, whichever fits.
    fn knows(&self, community: &[u8]) -> bool {
        let found = self
            .config
            .communities
            .iter()
            .fold(Choice::from(0), |found, own| {
                found | own.as_slice().ct_eq(community)
            });
        found.into()
    }
}

/// The Response to an inform: its own variables (RFC 3416 section 4.2.7).
fn acknowledgement(
    frame: &Frame<'_>,
    request_id: i64,
    varbinds: VarBinds<'_>,
) -> Result<Vec<u8>, DecodeError> {
    let varbinds: Vec<VarBind> = varbinds
        .map(|varbind| varbind.map(|varbind| varbind.to_varbind()))
        .collect::<Result<_, _>>()?;
    let response = Response {
        version: frame.version,
        community: frame.community,
        id: request_id,
        error_status: 0,
        error_index: 0,
        varbinds: &varbinds,
    };
    Ok(response.encode())
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod v3_tests;
