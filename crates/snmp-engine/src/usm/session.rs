//! One user's exchange with one engine, from the manager's side.

use super::{EngineClock, LocalKeys, MAX_ENGINE_ID, ReportReason, SecurityLevel, UsmCredential};
use crate::exchange::Ignored;
use crate::message::v3::{Frame, Outgoing, Report, ScopedPdu, encode_discovery};
use crate::message::{PduKind, RequestKind, write_request};
use crate::{Oid, RequestIds};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// One user's exchange with one engine, from the manager's side: what is asked, and which datagrams
/// answer it. Owns no socket and reads no clock.
///
/// An answer must carry the message's id, the engine and the user, be protected as the question was,
/// authentic and timely (RFC 3412 section 7.2, RFC 3414 section 3.2). A Report may be unprotected, and then
/// it is believed as far as ending the exchange, never for its clock.
#[derive(Clone)]
pub struct UsmSession {
    credential: Arc<UsmCredential>,
    keys: Arc<LocalKeys>,
    engine: EngineClock,
    salt: u64,
    /// How many messages were made.
    messages: u64,
    /// The id of the last one.
    message_id: u32,
    /// As long as the engine is not known: which one it may be.
    meeting: Option<Trust>,
}

/// Which engine the credentials of a user may go to, where nobody has met it yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Any that answers: a first contact is wanted. A hostile host can then collect material for
    /// guessing the passphrase.
    FirstContact,
    /// One with one of these ids.
    Engines(Vec<Vec<u8>>),
}

impl Trust {
    fn allows(&self, engine_id: &[u8]) -> bool {
        match self {
            Self::FirstContact => true,
            Self::Engines(ids) => ids.iter().any(|id| id == engine_id),
        }
    }
}

/// The octets of msgAuthenticationParameters under SHA-512 (RFC 7860 section 4.1).
const LONGEST_DIGEST: usize = 48;

/// What a datagram brought.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reply<'a> {
    /// The answer.
    Response(ScopedPdu<'a>),
    /// The engine, or its clock, was another one than was thought and is known now: ask again.
    ClockSet,
    /// The engine refuses.
    Refused(ReportReason),
}

impl UsmSession {
    /// A session with this engine. `keys` are the credential's at it; `salt` is a random number, so
    /// that no two sessions encrypt alike.
    pub fn new(
        credential: Arc<UsmCredential>,
        keys: Arc<LocalKeys>,
        engine: EngineClock,
        salt: u64,
    ) -> Self {
        Self {
            credential,
            keys,
            engine,
            salt,
            messages: 0,
            message_id: 0,
            meeting: None,
        }
    }

    /// A session with an engine that is not known yet: the first message is a discovery (RFC 3414
    /// section 4), under no user's name. The Report of an engine that is not trusted counts as no
    /// answer.
    pub fn meeting(credential: Arc<UsmCredential>, trust: Trust, salt: u64) -> Self {
        let nobody = EngineClock::unverified(&[], 0, 0, Duration::ZERO);
        Self {
            meeting: Some(trust),
            ..Self::new(credential, Arc::new(LocalKeys::none()), nobody, salt)
        }
    }

    /// Asks for the engine's id first, under no user's name: by now, another machine may have its
    /// address. Any other engine's Report counts as no answer.
    #[must_use]
    pub fn meeting_again(self) -> Self {
        let known = vec![self.engine.id().to_vec()];
        Self {
            meeting: Some(Trust::Engines(known)),
            ..self
        }
    }

    /// The engine, as far as it is known by now.
    pub fn engine(&self) -> &EngineClock {
        &self.engine
    }

    /// What messages are protected by.
    pub fn level(&self) -> SecurityLevel {
        self.credential.level()
    }

    /// How many octets a message takes around its variables, at most.
    pub(crate) fn frame_len(&self) -> usize {
        let names = self.credential.name().len() + self.credential.context().len();
        // Header, lengths, boots and time: 70; the engine's id twice; salt and padding: 18.
        let (id, digest) = match self.engine.id() {
            [] => (MAX_ENGINE_ID, LONGEST_DIGEST),
            id => (id.len(), self.keys.digest_len()),
        };
        70 + names + 2 * id + digest + 18
    }

    /// A question as a datagram at `now`. Empty where the keys cannot protect it, which those of the
    /// credential can.
    pub(crate) fn encode<'o>(
        &mut self,
        ids: &RequestIds,
        now: Duration,
        kind: RequestKind,
        id: u32,
        names: impl DoubleEndedIterator<Item = &'o Oid>,
    ) -> Vec<u8> {
        self.salt = self.salt.wrapping_add(1);
        self.messages += 1;
        self.message_id = ids.id(&("msgID", self.messages));
        if self.meeting.is_some() {
            return encode_discovery(self.message_id);
        }
        let message = Outgoing {
            message_id: self.message_id,
            reportable: true,
            engine_id: self.engine.id(),
            boots: self.engine.boots(),
            time: self.engine.time(now),
            user: self.credential.name().as_bytes(),
            context_engine_id: self.engine.id(),
            context_name: self.credential.context().as_bytes(),
            level: self.credential.level(),
            salt: self.salt,
        };
        message
            .encode_with(&self.keys, |writer| write_request(writer, kind, id, names))
            .unwrap_or_default()
    }

    /// Takes a datagram that came at `now`; `scratch` holds what is decrypted.
    ///
    /// # Errors
    ///
    /// [`Ignored`] where it does not answer the last message, or cannot be believed. Its
    /// request id is still to be compared.
    pub(crate) fn handle<'s>(
        &mut self,
        now: Duration,
        bytes: &'s [u8],
        scratch: &'s mut Vec<u8>,
    ) -> Result<Reply<'s>, Ignored> {
        if self.meeting.is_some() {
            return self.meet(now, bytes);
        }
        let frame = Frame::decode(bytes).map_err(Ignored::Malformed)?;
        if frame.message_id != self.message_id || self.messages == 0 {
            return Err(Ignored::OtherRequest);
        }
        let authentic = if frame.level.has_auth() {
            if frame.engine_id != self.engine.id() || !self.is_users(&frame) {
                return Err(Ignored::OtherSession);
            }
            if !frame.is_authentic(&self.keys) {
                return Err(Ignored::NotAuthentic);
            }
            true
        } else {
            false
        };
        let timely = !authentic || self.engine.take(frame.boots, frame.time, now);
        let scoped = frame.open(&self.keys, scratch).map_err(Ignored::Sealed)?;
        match scoped.kind {
            PduKind::Report => self.handle_report(scoped, authentic, timely),
            PduKind::Response => {
                if frame.level != self.level()
                    || frame.engine_id != self.engine.id()
                    || !self.is_users(&frame)
                {
                    return Err(Ignored::OtherSession);
                }
                if !timely {
                    return Err(Ignored::NotTimely);
                }
                Ok(Reply::Response(scoped))
            }
            _ => Err(Ignored::NotAResponse),
        }
    }

    /// Takes the answer to the discovery.
    fn meet<'s>(&mut self, now: Duration, bytes: &'s [u8]) -> Result<Reply<'s>, Ignored> {
        let report = Report::decode(bytes).map_err(Ignored::Malformed)?;
        if report.message_id != self.message_id || self.messages == 0 {
            return Err(Ignored::OtherRequest);
        }
        let id = report.engine_id;
        if !self.meeting.as_ref().is_some_and(|trust| trust.allows(id)) {
            return Err(Ignored::OtherSession);
        }
        if id != self.engine.id() {
            self.keys = Arc::new(self.credential.localize(id));
        }
        self.engine = EngineClock::unverified(id, report.engine_boots, report.engine_time, now);
        self.meeting = None;
        Ok(Reply::ClockSet)
    }

    fn is_users(&self, frame: &Frame<'_>) -> bool {
        frame.user == self.credential.name().as_bytes()
    }

    fn handle_report<'s>(
        &self,
        scoped: ScopedPdu<'s>,
        authentic: bool,
        timely: bool,
    ) -> Result<Reply<'s>, Ignored> {
        let mut varbinds = scoped.varbinds;
        let counter = varbinds.next().and_then(Result::ok);
        let Some(counter) = counter else {
            return Err(Ignored::NotAResponse);
        };
        let reason = ReportReason::of(&counter.name.to_oid());
        if reason != ReportReason::NotInTimeWindow {
            return Ok(Reply::Refused(reason));
        }
        // RFC 3414 section 3.2, step 7a: it is authentic, else anybody could set our clock.
        if !authentic {
            return Err(Ignored::NotAuthentic);
        }
        if timely {
            Ok(Reply::ClockSet)
        } else {
            Err(Ignored::NotTimely)
        }
    }
}

impl fmt::Debug for UsmSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsmSession")
            .field("credential", &self.credential)
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}
