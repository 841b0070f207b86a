//! Walks whole subtrees of one device, as a recording needs them, and never asks for what the
//! [deny list](crate::deny) names.
//!
//! # What can be promised
//!
//! No request names anything in a denied subtree. That is not enough: GETNEXT and GETBULK ask for
//! "what comes behind this name", and only the device knows what that is. So the walk asks for no
//! more variables than it knows names between where it stands and the next denied subtree, as long as
//! that subtree may hold something; to know names it goes through the subtrees from the last to the
//! first, and asks for some by GET. Where it knows none:
//!
//! - before a subtree that *acts*, no step is taken: the walk feels ahead by GET, and goes on behind
//!   the subtree;
//! - the same right beside a *password*;
//! - else one single GETNEXT is sent. It may land in the subtree: once from each stretch of names that
//!   ends there, on its first variable. The value is dropped, neither kept nor shown, and the walk
//!   goes on behind the subtree.
//!
//! A device that does not keep its names in order can still hand out anything; nobody can prevent
//! that but by not walking.
//!
//! What the walk went around is listed ([`LeftOut`]), so that nobody takes a hole for an answer.

mod guard;
mod path;

use crate::deny::{self, Denied};
use crate::exchange::{Exchange, ExchangeStep, Ignored};
use crate::message::{RequestKind, VarBindRef, status};
use crate::reader::{Heard, Session, Step};
use crate::{Answers, Ending, Oid, RequestIds, Value, VarBind, Version};
use guard::{Allowed, Guard, MAX_REPETITIONS, behind};
use path::Path;
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::time::Duration;

/// What one walk is given at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalkLimits {
    /// Variables that are kept; never more than [`Answers::MAX_VALUES`]. The largest recorded device
    /// has 25,000.
    pub variables: usize,
    /// Octets of answers that are kept; the largest recorded device has 2 MB in all.
    pub octets: usize,
    /// Requests, retries not counted.
    pub requests: u32,
    /// Time, from the first request on.
    pub time: Duration,
}

impl Default for WalkLimits {
    fn default() -> Self {
        Self {
            variables: 50_000,
            octets: 8 << 20,
            requests: 60_000,
            time: Duration::from_secs(480),
        }
    }
}

/// Why a part of what was to be walked is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeftOutReason {
    /// It is on the [list](crate::deny) of what is never asked for.
    #[error("never asked for: {}", .0.what)]
    Denied(&'static Denied),
    /// What comes next could have been something that is never asked for.
    #[error("the next step could have landed in what is never asked for ({})", .0.what)]
    TooNear(&'static Denied),
    /// The device answered with an error status (RFC 3416 section 3).
    #[error("the device answered with error status {0}")]
    ErrorStatus(i64),
    /// The answer makes no sense.
    #[error("the device's answer makes no sense")]
    Malformed,
    /// The device kept silent here.
    #[error("no answer")]
    NoAnswer,
    /// The device's names did not go forward.
    #[error("the device's answers went in circles")]
    NotIncreasing,
    /// More than is taken of one subtree.
    #[error("more variables than are taken of one subtree")]
    TooLong,
    /// More than is taken of one device, or the walk was stopped.
    #[error("not walked any more")]
    NotWalked,
}

/// A part of what was to be walked that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The last name that was asked from, or the root of what was not asked for.
    pub from: Oid,
    /// The first name that was asked from again; nothing where the walk ended.
    pub until: Option<Oid>,
    /// Why.
    pub reason: LeftOutReason,
}

/// What a walk took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WalkStats {
    /// Requests, each counted once however often it was sent.
    pub requests: u32,
    /// Sendings beyond the first of each request.
    pub retries: u32,
    /// Values that landed in a denied subtree and were dropped.
    pub dropped: u32,
}

/// What a walk brought.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Walked {
    /// Everything that was answered, what was known before among it.
    pub answers: Answers,
    /// What is not there, in order.
    pub left_out: Vec<LeftOut>,
    /// How it ended: [`Ending::Gaps`] where something was left out that is not denied.
    pub ending: Ending,
    /// What it took.
    pub stats: WalkStats,
    /// The version that the device was last asked over.
    pub version: Version,
}

/// A stretch of names that is walked in one go; no denied subtree lies in it.
#[derive(Clone, Debug)]
struct Piece {
    /// Where asking begins: names behind this one.
    from: Oid,
    /// The first name that does not belong to it.
    until: Oid,
}

#[derive(Debug)]
enum Asked {
    /// Names that may show what the device has.
    Feel(Vec<Oid>),
    /// One GETNEXT that tells which denied subtrees are empty.
    Hop(Oid),
    /// The walk itself: so many variables behind this name.
    Walk(Oid, u16),
}

/// Walks subtrees of one device. Owns no socket and reads no clock.
///
/// Driven like [`DeviceReader`](crate::reader::DeviceReader): call [`poll`](Self::poll) until it
/// answers [`Step::WaitUntil`] or [`Step::Done`], wait for that time or a datagram, hand the datagram
/// in, poll again.
pub struct Walk {
    session: Session,
    limits: WalkLimits,
    ids: RequestIds,
    guard: Guard,
    answers: Answers,
    feelers: VecDeque<Oid>,
    felt: BTreeSet<Oid>,
    feels_left: u32,
    hops: VecDeque<Oid>,
    /// Whether the hops were chosen: once, when the first feelers have told what they found.
    hopped: bool,
    /// Still to be walked; the last one is next.
    pieces: Vec<Piece>,
    path: Path,
    /// Whether GETBULK is still trusted.
    bulk: bool,
    /// Ceiling on repetitions: halved where the device could not follow.
    repetitions: u16,
    /// How many arcs the next jump gives up beyond the last: failures in a row.
    failures: usize,
    silences: u32,
    /// Whether the silent request was tried over v1 already.
    tried_v1: bool,
    current: Option<(Exchange, Asked)>,
    started: Option<Duration>,
    /// The last time that was told.
    now: Duration,
    /// How often the device's clock was set.
    clock_settings: u32,
    octets: usize,
    left_out: Vec<LeftOut>,
    ending: Option<Ending>,
    stats: WalkStats,
}

/// Scalars of SNMPv2's own modules that stand before SNMP-USER-BASED-SM-MIB (RFC 3411, 3412, 3418):
/// names that are safe to know.
const FIRST_FEELERS: [&[u32]; 8] = [
    &[1, 3, 6, 1, 6, 3, 1, 1, 6, 1, 0],
    &[1, 3, 6, 1, 6, 3, 10, 2, 1, 1, 0],
    &[1, 3, 6, 1, 6, 3, 10, 2, 1, 2, 0],
    &[1, 3, 6, 1, 6, 3, 10, 2, 1, 3, 0],
    &[1, 3, 6, 1, 6, 3, 10, 2, 1, 4, 0],
    &[1, 3, 6, 1, 6, 3, 11, 2, 1, 1, 0],
    &[1, 3, 6, 1, 6, 3, 11, 2, 1, 2, 0],
    &[1, 3, 6, 1, 6, 3, 11, 2, 1, 3, 0],
];

/// sysObjectID.0.
const SYS_OBJECT_ID: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 2, 0];

/// How many names one GET feels for.
const FEELERS_AT_ONCE: usize = 24;

/// How many GETs may feel ahead, over the whole walk.
const MAX_FEELS: u32 = 60;

/// How many holes are told of: a device that has more is broken throughout.
const MAX_LEFT_OUT: usize = 1_000;

/// How often a device may say that its clock is another (SNMPv3).
const MAX_CLOCK_SETTINGS: u32 = 3;

/// How many requests in a row may stay without an answer before the device is taken for gone.
const MAX_SILENCES: u32 = 3;

impl Walk {
    /// A walk of everything below `roots` that may be walked. `known` is what was had of the device
    /// already: it is part of the result, it names whose device this is (sysObjectID), and its names
    /// help to keep away from what is denied. `ids` must be this device's own.
    pub fn new(
        session: Session,
        limits: WalkLimits,
        ids: RequestIds,
        roots: &[Oid],
        known: Answers,
    ) -> Self {
        let object_id = match known.get(&Oid::default().child(&SYS_OBJECT_ID)) {
            Some(Value::ObjectIdentifier(oid)) => Some(oid.clone()),
            _ => None,
        };
        let mut guard = Guard::new(object_id);
        known.iter().for_each(|(name, _)| guard.note(name));
        let (pieces, left_out) = pieces(roots);
        let first = FIRST_FEELERS.iter().map(|arcs| Oid::default().child(arcs));
        Self {
            bulk: session.version() != Version::V1,
            session,
            limits,
            ids,
            guard,
            answers: known,
            feelers: first.collect(),
            felt: BTreeSet::new(),
            feels_left: MAX_FEELS,
            hops: VecDeque::new(),
            hopped: false,
            pieces,
            path: Path::default(),
            repetitions: MAX_REPETITIONS,
            failures: 0,
            silences: 0,
            tried_v1: false,
            current: None,
            started: None,
            now: Duration::ZERO,
            clock_settings: 0,
            octets: 0,
            left_out,
            ending: None,
            stats: WalkStats::default(),
        }
    }

    /// Says what to do at `now`.
    pub fn poll(&mut self, now: Duration) -> Step<'_> {
        self.now = now;
        let started = *self.started.get_or_insert(now);
        if self.ending.is_none() && now.saturating_sub(started) >= self.limits.time {
            self.stop(Ending::BudgetSpent);
        }
        loop {
            if let Some(ending) = self.ending {
                return Step::Done(ending);
            }
            let Some((exchange, _)) = &mut self.current else {
                self.next_request();
                continue;
            };
            match exchange.poll(now) {
                ExchangeStep::Send(_) => break,
                ExchangeStep::WaitUntil(time) => return Step::WaitUntil(time),
                ExchangeStep::TimedOut => self.handle_silence(),
            }
        }
        match &self.current {
            Some((exchange, _)) => {
                self.stats.retries += u32::from(exchange.sent() > 1);
                Step::Send(exchange.bytes())
            }
            None => Step::WaitUntil(now),
        }
    }

    /// Takes back the last [`Step::Send`]: the system could not take the datagram.
    pub fn not_sent(&mut self) {
        if let Some((exchange, _)) = &mut self.current {
            self.stats.retries -= u32::from(exchange.sent() > 1);
            exchange.not_sent();
        }
    }

    /// Stops, because the caller wants it. What was walked is kept.
    pub fn cancel(&mut self) {
        if self.ending.is_none() {
            self.stop(Ending::Cancelled);
        }
    }

    /// Stops, because the device can be reached no more. What was walked is kept.
    pub fn give_up(&mut self) {
        if self.ending.is_none() {
            self.stop(Ending::WentSilent);
        }
    }

    /// What was had so far, what was known before among it.
    pub fn answers(&self) -> &Answers {
        &self.answers
    }

    /// Where the walk stands: the name that is asked from next.
    pub fn place(&self) -> Option<&Oid> {
        self.pieces.last().map(|piece| &piece.from)
    }

    /// Everything that was had, and how it ended; [`Ending::Cancelled`] where it had not.
    pub fn into_result(mut self) -> Walked {
        self.cancel();
        self.left_out.sort_by(|a, b| a.from.cmp(&b.from));
        Walked {
            answers: self.answers,
            left_out: self.left_out,
            ending: self.ending.unwrap_or(Ending::Cancelled),
            stats: self.stats,
            version: self.session.version(),
        }
    }

    /// Takes one datagram from the device's address.
    ///
    /// # Errors
    ///
    /// [`Ignored`] where it is not the answer that is waited for.
    pub fn handle_datagram(&mut self, bytes: &[u8]) -> Result<(), Ignored> {
        let Some((exchange, _)) = &mut self.current else {
            return Err(Ignored::Duplicate);
        };
        let mut scratch = Vec::new();
        let heard = self
            .session
            .handle(exchange, self.now, bytes, &mut scratch)?;
        let message = match heard {
            Heard::Answer(answer) => answer,
            Heard::AskAgain if self.clock_settings < MAX_CLOCK_SETTINGS => {
                self.clock_settings += 1;
                if let Some((_, asked)) = self.current.take() {
                    self.begin(asked);
                }
                return Ok(());
            }
            Heard::AskAgain | Heard::Refused(_) => {
                self.stop(Ending::Refused);
                return Ok(());
            }
        };
        let Some((_, asked)) = self.current.take() else {
            return Err(Ignored::Duplicate);
        };
        self.silences = 0;
        self.tried_v1 = false;
        if message.error_status != status::NO_ERROR {
            self.handle_status(asked, message.error_status, message.error_index);
            return Ok(());
        }
        let varbinds: Result<Vec<VarBindRef<'_>>, _> = message.varbinds.collect();
        match varbinds {
            Ok(varbinds) => self.handle_varbinds(asked, &varbinds),
            Err(_) => self.handle_failure(asked, LeftOutReason::Malformed),
        }
        Ok(())
    }

    /// Makes the next request the current one, or ends.
    fn next_request(&mut self) {
        let Some(asked) = self.next_asked() else {
            let harmless = |one: &LeftOut| matches!(one.reason, LeftOutReason::Denied(_));
            let complete = self.left_out.iter().all(harmless);
            self.ending.get_or_insert(if complete {
                Ending::Complete
            } else {
                Ending::Gaps
            });
            return;
        };
        if self.stats.requests >= self.limits.requests {
            self.stop(Ending::BudgetSpent);
            return;
        }
        self.begin(asked);
    }

    /// Makes what is asked the current request.
    fn begin(&mut self, asked: Asked) {
        self.stats.requests += 1;
        let id = self.ids.id(&self.stats.requests);
        let (kind, names) = match &asked {
            Asked::Feel(names) => (RequestKind::Get, names.as_slice()),
            Asked::Hop(from) | Asked::Walk(from, 1) => {
                (RequestKind::GetNext, std::slice::from_ref(from))
            }
            Asked::Walk(from, repetitions) => {
                let max_repetitions = *repetitions;
                let kind = RequestKind::GetBulk { max_repetitions };
                (kind, std::slice::from_ref(from))
            }
        };
        debug_assert!(
            names.iter().all(|name| deny::instance(name).is_none()),
            "what is denied is never named"
        );
        let bytes = self
            .session
            .encode(&self.ids, self.now, kind, id, names.iter());
        let exchange = Exchange::new(bytes, id, self.session.retry);
        self.current = Some((exchange, asked));
    }

    fn next_asked(&mut self) -> Option<Asked> {
        if !self.feelers.is_empty() {
            let count = self.feelers.len().min(FEELERS_AT_ONCE);
            return Some(Asked::Feel(self.feelers.drain(..count).collect()));
        }
        if !std::mem::replace(&mut self.hopped, true) {
            self.hops = self.guard.hops().into();
        }
        while let Some(hop) = self.hops.pop_front() {
            if self.guard.is_worth(&hop) {
                return Some(Asked::Hop(hop));
            }
        }
        while let Some(piece) = self.pieces.last() {
            if piece.from >= piece.until || self.guard.is_empty(&piece.from, &piece.until) {
                self.pieces.pop();
                continue;
            }
            let from = piece.from.clone();
            match self.guard.allowed(&from) {
                Allowed::Variables(most) => {
                    let most = if self.bulk {
                        most.min(self.repetitions)
                    } else {
                        1
                    };
                    return Some(Asked::Walk(from, most));
                }
                Allowed::Nothing(denied) => {
                    if let Some(names) = self.feel_ahead(&from, denied) {
                        return Some(Asked::Feel(names));
                    }
                    self.jump(behind_of(denied), LeftOutReason::TooNear(denied));
                }
            }
        }
        None
    }

    /// Names to ask for where no step may be taken; nothing where none is left to try.
    fn feel_ahead(&mut self, from: &Oid, denied: &Denied) -> Option<Vec<Oid>> {
        let piece = self.pieces.last()?;
        let last = self.guard.last_before(denied).unwrap_or(from).clone();
        let names: Vec<Oid> = guard::feelers(&last, denied)
            .into_iter()
            .filter(|name| *name < piece.until && !self.felt.contains(name))
            .collect();
        if names.is_empty() || self.feels_left == 0 {
            return None;
        }
        self.felt.extend(names.iter().cloned());
        let mut names: VecDeque<Oid> = names.into();
        let first = names.drain(..names.len().min(FEELERS_AT_ONCE)).collect();
        self.feelers = names;
        self.feels_left -= 1;
        Some(first)
    }

    fn handle_varbinds(&mut self, asked: Asked, varbinds: &[VarBindRef<'_>]) {
        match asked {
            Asked::Feel(names) => {
                for varbind in varbinds {
                    let name = varbind.name.to_oid();
                    if names.contains(&name) && !varbind.value.is_exception() {
                        self.guard.note(&name);
                        self.keep(name, varbind);
                    }
                }
            }
            Asked::Hop(from) => match varbinds.first() {
                Some(varbind) if varbind.value.is_exception() => self.guard.note_empty(&from, None),
                Some(varbind) => {
                    let name = varbind.name.to_oid();
                    if name > from {
                        self.guard.note_empty(&from, Some(&name));
                        self.stats.dropped += u32::from(deny::instance(&name).is_some());
                        self.guard.note(&name);
                    }
                }
                None => {}
            },
            Asked::Walk(from, most) => self.handle_rows(from, most, varbinds),
        }
    }

    fn handle_rows(&mut self, from: Oid, most: u16, varbinds: &[VarBindRef<'_>]) {
        if varbinds.is_empty() {
            self.handle_failure(Asked::Walk(from, most), LeftOutReason::Malformed);
            return;
        }
        let mut at = from;
        for varbind in varbinds.iter().take(usize::from(most)) {
            if varbind.value.is_exception() {
                self.guard.note_empty(&at, None);
                self.pieces.pop();
                return;
            }
            let name = varbind.name.to_oid();
            if name <= at {
                self.handle_failure(Asked::Walk(at, most), LeftOutReason::NotIncreasing);
                return;
            }
            self.guard.note_empty(&at, Some(&name));
            if deny::instance(&name).is_some() {
                // Pieces end where denied subtrees begin, so this one is walked.
                self.stats.dropped += 1;
                self.pieces.pop();
                return;
            }
            self.guard.note(&name);
            let Some(piece) = self.pieces.last_mut() else {
                return;
            };
            if name >= piece.until {
                self.pieces.pop();
                return;
            }
            piece.from.clone_from(&name);
            self.failures = 0;
            at.clone_from(&name);
            let full = self.path.count(&name);
            self.keep(name, varbind);
            if self.ending.is_some() {
                return;
            }
            if let Some(root) = full {
                self.jump(behind(&root), LeftOutReason::TooLong);
                return;
            }
        }
    }

    fn handle_status(&mut self, asked: Asked, code: i64, index: i64) {
        match asked {
            // RFC 1157 section 4.1.3: nothing lies behind the name.
            Asked::Walk(from, 1) if code == status::NO_SUCH_NAME => {
                self.guard.note_empty(&from, None);
                self.pieces.pop();
            }
            Asked::Hop(from) if code == status::NO_SUCH_NAME => self.guard.note_empty(&from, None),
            // RFC 1157 section 4.1.2: the name at this place is not there; the others may be.
            Asked::Feel(mut names) if code == status::NO_SUCH_NAME && names.len() > 1 => {
                let place = usize::try_from(index).ok().and_then(|i| i.checked_sub(1));
                names.remove(place.filter(|place| *place < names.len()).unwrap_or(0));
                names
                    .into_iter()
                    .rev()
                    .for_each(|name| self.feelers.push_front(name));
            }
            asked => self.handle_failure(asked, LeftOutReason::ErrorStatus(code)),
        }
    }

    /// The request brought nothing to go on with.
    fn handle_failure(&mut self, asked: Asked, reason: LeftOutReason) {
        match asked {
            // Feeling ahead is a favour: where it fails there is nothing to go on to.
            Asked::Feel(_) | Asked::Hop(_) => {}
            Asked::Walk(_, most @ 2..) => {
                self.repetitions = most / 2;
                let too_big = reason == LeftOutReason::ErrorStatus(status::TOO_BIG);
                self.bulk = too_big && self.repetitions > 1;
                self.repetitions = self.repetitions.max(2);
            }
            Asked::Walk(from, _) => {
                let up = self.failures + 1;
                self.failures += 1;
                let arcs = from.arcs();
                let kept = arcs.len().saturating_sub(up).max(1);
                let next = behind(&Oid::default().child(arcs.get(..kept).unwrap_or_default()));
                self.jump(next, reason);
            }
        }
    }

    /// Goes on from `next` instead of from where the walk stands.
    fn jump(&mut self, next: Oid, reason: LeftOutReason) {
        let Some(piece) = self.pieces.last_mut() else {
            return;
        };
        let next = next.max(behind_instance(&piece.from));
        let until = (next < piece.until).then(|| next.clone());
        let from = std::mem::replace(&mut piece.from, next);
        let last = until.is_none();
        if self.left_out.len() < MAX_LEFT_OUT {
            self.left_out.push(LeftOut {
                from,
                until: until.or_else(|| Some(piece.until.clone())),
                reason,
            });
        }
        if last {
            self.pieces.pop();
            self.failures = 0;
        }
    }

    /// The current request got no answer in all the time that it was given.
    fn handle_silence(&mut self) {
        let Some((_, asked)) = self.current.take() else {
            return;
        };
        if let Asked::Walk(_, 2..) = asked {
            // Was the answer too large to be sent? GETNEXT will show.
            self.bulk = false;
            return;
        }
        if self.session.version() == Version::V2c && !self.tried_v1 && self.silences > 0 {
            // Some agents fall silent over v2c alone.
            self.tried_v1 = true;
            self.session.set_version(Version::V1);
            self.bulk = false;
            return;
        }
        if self.tried_v1 {
            self.session.set_version(Version::V2c);
        }
        self.silences += 1;
        if self.silences >= MAX_SILENCES {
            self.stop(Ending::WentSilent);
            return;
        }
        self.handle_failure(asked, LeftOutReason::NoAnswer);
    }

    fn keep(&mut self, name: Oid, varbind: &VarBindRef<'_>) {
        if deny::instance(&name).is_some() {
            return;
        }
        self.octets += varbind.wire_len;
        let most = self.limits.variables.min(Answers::MAX_VALUES);
        if self.octets > self.limits.octets || self.answers.len() >= most {
            self.stop(Ending::BudgetSpent);
            return;
        }
        self.answers.insert(VarBind {
            oid: name,
            value: varbind.value.to_value(),
        });
    }

    fn stop(&mut self, ending: Ending) {
        self.current = None;
        self.feelers.clear();
        for piece in self.pieces.drain(..).rev() {
            self.left_out.push(LeftOut {
                from: piece.from,
                until: Some(piece.until),
                reason: LeftOutReason::NotWalked,
            });
        }
        self.ending = Some(ending);
    }
}

impl fmt::Debug for Walk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Walk")
            .field("session", &self.session)
            .field("answers", &self.answers.len())
            .field("place", &self.place())
            .field("ending", &self.ending)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

fn behind_of(denied: &Denied) -> Oid {
    behind(&Oid::default().child(denied.root))
}

/// The least name behind `name` itself; its subtree comes after it.
fn behind_instance(name: &Oid) -> Oid {
    if name.arcs().len() < Oid::MAX_ARCS {
        name.child(&[0])
    } else {
        behind(name)
    }
}

/// What is to be walked, cut where denied subtrees lie, the last first to be walked.
fn pieces(roots: &[Oid]) -> (Vec<Piece>, Vec<LeftOut>) {
    let mut roots: Vec<&Oid> = roots.iter().filter(|root| is_walkable(root)).collect();
    roots.sort();
    let mut pieces: Vec<Piece> = Vec::new();
    let mut left_out = Vec::new();
    for root in roots {
        let end = behind(root);
        if pieces.last().is_some_and(|piece| piece.until >= end) {
            continue; // It lies in the root before it.
        }
        let mut from = root.clone();
        let mut inside: Vec<&Denied> = deny::DENIED
            .iter()
            .filter(|denied| denied.root < end.arcs() && root.arcs() < behind_of(denied).arcs())
            .collect();
        inside.sort_by_key(|denied| denied.root);
        for denied in inside {
            let denied_root = Oid::default().child(denied.root);
            let next = behind_of(denied);
            left_out.push(LeftOut {
                from: denied_root.clone(),
                until: Some(next.clone()),
                reason: LeftOutReason::Denied(denied),
            });
            if from < denied_root {
                let until = denied_root;
                pieces.push(Piece { from, until });
            }
            from = next;
        }
        if from < end {
            pieces.push(Piece { from, until: end });
        }
    }
    (pieces, left_out)
}

/// Whether BER can carry the root and what lies below it (X.690 section 8.19.4).
fn is_walkable(root: &Oid) -> bool {
    matches!(root.arcs(), [0 | 1, second, ..] if *second < 39)
}
