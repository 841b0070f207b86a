//! The state machine that reads one device.

mod failure;
mod look_back;
mod request;
mod varbinds;

use super::column::Column;
use super::memory::DeviceMemory;
use super::round_trip::RoundTrip;
use super::session::{Heard, Session};
use super::sizes::Sizes;
use super::trail::{SharedState, State, Station};
use super::work::{Asked, Manner, before};
use crate::ber::Tolerated;
use crate::exchange::{Exchange, ExchangeStep, Ignored};
use crate::message::{VarBindRef, VarBinds, status};
use crate::usm::{EngineClock, ReportReason};
use crate::{
    Answers, Ask, Ending, GapReason, KnownLimits, Oid, Plan, Query, ReadGap, RequestIds, VarBind,
    Version, deny,
};
use failure::Failure;
pub(super) use look_back::Bulked;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What one device is given at most. A device that wants more is broken or hostile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests, retries not counted. A full plan takes about ten; one GETNEXT for each of 2,000
    /// variables is the worst honest case.
    pub requests: u32,
    /// Octets of answers that are kept: the largest recorded device has 2 MB in all.
    pub octets: usize,
    /// Time, from the first request on.
    pub time: Duration,
    /// What the first answers may take, in octets.
    pub answer_octets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests: 2_500,
            octets: 4 << 20,
            time: Duration::from_secs(300),
            answer_octets: 1_440,
        }
    }
}

/// What to do for a [`DeviceReader`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Send this to the device, then poll again.
    Send(&'a [u8]),
    /// Poll again at this time, or when a datagram was handed in.
    WaitUntil(Duration),
    /// The device is read: take the result by [`DeviceReader::into_result`].
    Done(Ending),
}

/// What reading a device took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReaderStats {
    /// Requests, each counted once however often it was sent.
    pub requests: u32,
    /// Sendings beyond the first of each request.
    pub retries: u32,
    /// The mistakes of the device that were accepted.
    pub tolerated: Tolerated,
}

/// The request that an answer is awaited to.
struct Current {
    exchange: Exchange,
    asked: Arc<Asked>,
    /// Where others stood that asked the same. Then their state is this device's.
    station: Option<Arc<Station>>,
}

/// Reads one device. Owns no socket and reads no clock.
///
/// Drive it by calling [`poll`](Self::poll) until it answers [`Step::WaitUntil`] or [`Step::Done`];
/// then wait for that time or for a datagram from the device, hand the datagram to
/// [`handle_datagram`](Self::handle_datagram), and poll again.
pub struct DeviceReader {
    session: Session,
    limits: Limits,
    ids: RequestIds,
    plan: Box<dyn Plan>,
    answers: Answers,
    state: SharedState,
    current: Option<Current>,
    /// Which variables of an answer are kept, where that is of use for others.
    kept: Option<Vec<u32>>,
    started: Option<Duration>,
    queries: u32,
    octets: usize,
    /// Requests in a row that got no answer.
    silences: u32,
    /// GETBULKs that got no answer.
    bulk_silences: u32,
    /// Whether GETNEXT may stand in for GET: not once that has failed.
    may_peek: bool,
    /// How much was asked for at once, and how, before the device fell silent.
    before_silence: Option<(Sizes, Manner, u32)>,
    /// What stayed without an answer while others were answered: asked for once more at the end.
    doubtful: Vec<Asked>,
    /// Whether the doubtful ones are being asked for again.
    last_round: bool,
    /// Columns that could not be followed to their end, and why.
    broken: Vec<(Column, GapReason)>,
    /// Whether a step that GETBULK took was taken once more and went the same way.
    is_bulk_checked: bool,
    /// GETBULK is not used for the rest of this read, which says nothing of the next one.
    is_bulk_doubted: bool,
    /// Steps to instances that failed a GET, in a row, that did not bring them.
    vain_steps: u32,
    round_trip: RoundTrip,
    /// When the exchange began whose answer came: measured at the next poll.
    unmeasured: Option<Exchange>,
    /// The length of the answer that is being taken.
    answer_octets: usize,
    memory: DeviceMemory,
    /// The last time that was told.
    now: Duration,
    ending: Option<Ending>,
    /// How often the device's clock was set.
    clock_settings: u32,
    refusal: Option<ReportReason>,
    stats: ReaderStats,
}

impl DeviceReader {
    /// How often a device may say that its clock is another: once when we begin, once when it starts
    /// anew meanwhile, and once more.
    const MAX_CLOCK_SETTINGS: u32 = 3;

    /// Ceiling on queries of one plan: a plan that always wants more must end somewhere.
    const MAX_QUERIES: u32 = 1_000;

    /// How many steps to instances that failed a GET may bring nothing, in a row: a device that fails
    /// that many fails all.
    const MAX_VAIN_STEPS: u32 = 16;

    /// A reader that has asked nothing yet. `ids` must be this device's own
    /// ([`RequestIds::derive`]).
    pub fn new(session: Session, limits: Limits, ids: RequestIds, plan: Box<dyn Plan>) -> Self {
        let manner = Manner {
            version: session.version(),
            bulk: session.version() != Version::V1,
            may_bulk: true,
            peek: false,
            single: false,
        };
        let sizes = Sizes::new(limits.answer_octets).with_extra_frame(session.extra_frame());
        Self {
            state: SharedState::new(State::new(sizes, manner)),
            session,
            limits,
            ids,
            plan,
            answers: Answers::default(),
            current: None,
            kept: None,
            started: None,
            queries: 0,
            octets: 0,
            silences: 0,
            bulk_silences: 0,
            may_peek: true,
            before_silence: None,
            doubtful: Vec::new(),
            last_round: false,
            broken: Vec::new(),
            is_bulk_checked: false,
            is_bulk_doubted: false,
            vain_steps: 0,
            round_trip: RoundTrip::default(),
            unmeasured: None,
            answer_octets: 0,
            memory: DeviceMemory::default(),
            now: Duration::ZERO,
            ending: None,
            clock_settings: 0,
            refusal: None,
            stats: ReaderStats::default(),
        }
    }

    /// Begins with what worked at an earlier read. It decides how requests are packed, never what is
    /// read: whatever stands in it, nothing is lost. Its version is the caller's to use, for the
    /// [`Session`].
    #[must_use]
    pub fn with_memory(mut self, memory: DeviceMemory) -> Self {
        self.state.manner.bulk &= !memory.no_bulk;
        self.state.manner.peek |= memory.fails_for_missing;
        self.state.sizes.limit(memory.max_octets, memory.max_names);
        if let Some((smoothed, variation)) = memory.round_trip() {
            self.round_trip = RoundTrip::remembered(smoothed, variation);
        }
        self.memory = memory;
        while self.memory.rows.len() > DeviceMemory::MAX_ROWS {
            self.memory.rows.pop_last();
        }
        self
    }

    /// Begins with what is known already, such as the answer to a sweep's probe. Values on the [list
    /// of what is never asked for](crate::deny) are dropped.
    #[must_use]
    pub fn with_known(mut self, varbinds: impl IntoIterator<Item = VarBind>) -> Self {
        for varbind in varbinds {
            if deny::instance(&varbind.oid).is_none() {
                self.answers.insert(varbind);
            }
        }
        self
    }

    /// Says what to do at `now`.
    pub fn poll(&mut self, now: Duration) -> Step<'_> {
        self.now = now;
        if let Some(trip) = self.unmeasured.take().and_then(|it| it.round_trip(now)) {
            self.round_trip.note(trip);
            if let (Some(current), Some(wait)) = (&mut self.current, self.round_trip.wait()) {
                current.exchange.set_first_wait(wait);
            }
        }
        let started = *self.started.get_or_insert(now);
        if self.ending.is_none() && now.saturating_sub(started) >= self.limits.time {
            self.stop(Ending::BudgetSpent, GapReason::TooMuch);
        }
        loop {
            if let Some(ending) = self.ending {
                return Step::Done(ending);
            }
            let Some(Current { exchange, .. }) = &mut self.current else {
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
            Some(Current { exchange, .. }) => {
                self.stats.retries += u32::from(exchange.sent() > 1);
                Step::Send(exchange.bytes())
            }
            None => Step::WaitUntil(now),
        }
    }

    /// Takes back the last [`Step::Send`]: the system could not take the datagram. The next poll
    /// sends it again, and the device is not charged for it.
    pub fn not_sent(&mut self) {
        if let Some(Current { exchange, .. }) = &mut self.current {
            self.stats.retries -= u32::from(exchange.sent() > 1);
            exchange.not_sent();
        }
    }

    /// Stops reading, because the device can be reached no more. What was read is kept.
    pub fn give_up(&mut self) {
        if self.ending.is_none() {
            self.fall_silent();
        }
    }

    /// Whether reading can [go on](Self::resume): the device fell silent before all was read.
    pub fn can_resume(&self) -> bool {
        self.ending == Some(Ending::WentSilent) && !self.state.work.is_empty()
    }

    /// Goes on at `now` where reading stopped because the device fell silent; does nothing where
    /// there is nothing to go on with. What was read is not asked for again.
    ///
    /// A driver keeps the reader of a silent device aside, reads the others, and asks this one again
    /// at the end: what was a burst of loss or a printer waking up is over by then. How often, and
    /// how many readers wait, is the driver's to bound. The time that passed in between is not
    /// charged to the device.
    pub fn resume(&mut self, now: Duration) {
        if !self.can_resume() {
            return;
        }
        let spent = self.started.map(|started| self.now.saturating_sub(started));
        self.started = spent.map(|spent| now.saturating_sub(spent));
        self.ending = None;
        self.silences = 0;
    }

    /// Stops reading. What was read is kept.
    pub fn cancel(&mut self) {
        self.current = None;
        self.ending.get_or_insert(Ending::Cancelled);
    }

    /// What was read so far.
    pub fn answers(&self) -> &Answers {
        &self.answers
    }

    /// Why the device refuses, where it ended in [`Ending::Refused`].
    pub fn refusal(&self) -> Option<&ReportReason> {
        self.refusal.as_ref()
    }

    /// The SNMPv3 engine that is asked, as far as it is known by now.
    pub fn engine(&self) -> Option<&EngineClock> {
        self.session.engine()
    }

    /// The session, to go on with: for SNMPv3 it knows the engine's clock by now.
    pub fn into_session(self) -> Session {
        self.session
    }

    /// What reading took so far.
    pub fn stats(&self) -> ReaderStats {
        self.stats
    }

    /// Everything that was read, and how it ended; [`Ending::Cancelled`] where it had not.
    pub fn into_result(mut self) -> (Answers, Ending) {
        if self.can_resume() {
            self.stop(Ending::WentSilent, GapReason::NoAnswer);
        }
        self.give_broken_up();
        (self.answers, self.ending.unwrap_or(Ending::Cancelled))
    }

    /// What this read taught for the next one, on top of what it began with.
    pub fn memory(&self) -> DeviceMemory {
        let mut memory = self.memory.clone();
        memory.set_round_trip(self.round_trip.estimate());
        if self.answers.is_empty() {
            return memory;
        }
        memory.version = Some(self.session.version());
        if self.session.version() != Version::V1 {
            memory.no_bulk = !self.state.manner.bulk && !self.is_bulk_doubted;
            memory.bulk_checked |= self.is_bulk_checked;
        }
        memory.fails_for_missing = self.state.manner.peek;
        memory.max_octets = self.state.sizes.learned_octets();
        memory.max_names = self.state.sizes.learned_names();
        let learned = self.state.rows();
        if memory.rows.is_empty() && learned.len() <= DeviceMemory::MAX_ROWS {
            memory.rows = learned.clone();
            return memory;
        }
        for (column, rows) in learned {
            if memory.rows.len() < DeviceMemory::MAX_ROWS || memory.rows.contains_key(column) {
                memory.rows.insert(column.clone(), *rows);
            }
        }
        memory
    }

    /// Takes one datagram from the device's address.
    ///
    /// # Errors
    ///
    /// [`Ignored`] where it is not the answer that is waited for; reading goes on as if it had not
    /// come.
    pub fn handle_datagram(&mut self, bytes: &[u8]) -> Result<(), Ignored> {
        let Some(Current { exchange, .. }) = &mut self.current else {
            return Err(Ignored::Duplicate);
        };
        let mut scratch = Vec::new();
        let heard = self
            .session
            .handle(exchange, self.now, bytes, &mut scratch)?;
        let message = match heard {
            Heard::Answer(answer) => answer,
            Heard::AskAgain => {
                self.ask_again();
                return Ok(());
            }
            Heard::Refused(reason) => {
                self.refuse(reason);
                return Ok(());
            }
        };
        let Some(current) = self.current.take() else {
            return Err(Ignored::Duplicate);
        };
        let Current {
            exchange,
            asked,
            station,
        } = current;
        self.unmeasured = Some(exchange);
        self.answer_octets = bytes.len();
        self.silences = 0;
        self.before_silence = None;
        if self.state.manner.single {
            self.state.manner.single = false;
        }
        if message.error_status != status::NO_ERROR {
            let failure = Failure::Status {
                status: message.error_status,
                index: message.error_index,
            };
            self.handle_failure(Arc::unwrap_or_clone(asked), failure);
            return Ok(());
        }
        if let Some(station) = &station
            && self.follow(station, &message.varbinds)
        {
            return Ok(());
        }
        match self.collect(message.varbinds) {
            Some(varbinds) => match &station {
                Some(station) => self.go_ahead(station, asked, &varbinds),
                None => self.handle_varbinds(Arc::unwrap_or_clone(asked), &varbinds),
            },
            None => self.handle_failure(Arc::unwrap_or_clone(asked), Failure::Malformed),
        }
        if let Some(ending) = self.ending {
            self.stop(ending, GapReason::TooMuch); // What was put back meanwhile is a gap, too.
        }
        Ok(())
    }

    fn collect<'d>(&mut self, mut varbinds: VarBinds<'d>) -> Option<Vec<VarBindRef<'d>>> {
        let mut collected = Vec::with_capacity(varbinds.len_hint());
        let failed = varbinds.by_ref().find_map(|varbind| match varbind {
            Ok(varbind) => {
                collected.push(varbind);
                None
            }
            Err(error) => Some(error),
        });
        self.stats.tolerated = self.stats.tolerated.union(varbinds.tolerated());
        failed.is_none().then_some(collected)
    }

    /// Asks the same in a new message, now that the device's clock is known.
    fn ask_again(&mut self) {
        self.clock_settings += 1;
        if self.clock_settings > Self::MAX_CLOCK_SETTINGS {
            self.refuse(ReportReason::NotInTimeWindow);
            return;
        }
        if let Some(current) = self.current.take() {
            self.stats.requests += 1;
            self.begin(current.asked, current.station);
        }
    }

    /// Ends, because the device refuses.
    fn refuse(&mut self, reason: ReportReason) {
        self.refusal = Some(reason);
        self.stop(Ending::Refused, GapReason::Refused);
    }

    /// Takes over what the plan knows of devices of this kind.
    fn narrow(&mut self, limits: KnownLimits) {
        self.state.manner.may_bulk = limits.bulk;
        self.state.sizes.limit(limits.max_octets, limits.max_names);
    }

    /// Takes a query apart. What must not be asked for, or cannot be, becomes a gap.
    fn take_query(&mut self, query: &Query) {
        for ask in &query.asks {
            match ask {
                Ask::Instance(name) if self.answers.get(name).is_some() => {}
                Ask::Instance(name) => {
                    let name = name.clone();
                    if deny::instance(&name).is_some() || !is_sendable(&name) {
                        self.gap(name, GapReason::NeverAsked);
                    } else if let Some(before) = self.step_to(&name) {
                        self.state
                            .work
                            .columns
                            .push_back(Column::instance(name, before));
                    } else {
                        self.state.work.instances.push_back(name);
                    }
                }
                Ask::Columns { columns, max_rows } => {
                    for root in columns {
                        let root = root.clone();
                        if deny::walk(&root).is_some() || !is_sendable(&root) {
                            self.gap(root, GapReason::NeverAsked);
                        } else {
                            let column = self.column(root, *max_rows);
                            self.state.work.columns.push_back(column);
                        }
                    }
                }
            }
        }
    }

    /// The name to step from to an instance, where GETBULK may bring it beside columns.
    fn step_to(&self, name: &Oid) -> Option<Oid> {
        let bulks = self.state.manner.bulks();
        (bulks && self.plan.may_step_to(name)).then(|| before(name))?
    }

    /// A column with what is known of its rows.
    fn column(&self, root: Oid, max_rows: u32) -> Column {
        let expected = self.plan.expected_rows(&root);
        let remembered = self.memory.rows.get(&root).copied();
        let mut column = Column::new(root, max_rows);
        if let Some(rows) = remembered.or(expected) {
            column.expect_rows(rows);
        }
        column
    }

    fn gap(&mut self, oid: Oid, reason: GapReason) {
        self.answers.insert_gap(ReadGap { oid, reason });
    }

    /// Ends, with a gap for everything that is still to be asked.
    fn stop(&mut self, ending: Ending, reason: GapReason) {
        let current = self.current.take();
        let current = current.map(|current| Arc::unwrap_or_clone(current.asked));
        let doubtful = std::mem::take(&mut self.doubtful);
        let asked = current.into_iter().chain(doubtful);
        let asked = asked.flat_map(Asked::into_gap_names);
        let left: Vec<Oid> = asked.chain(self.state.work.drain_names()).collect();
        for oid in left {
            self.gap(oid, reason);
        }
        self.give_broken_up();
        self.ending = Some(ending);
    }

    /// Stops for now, with everything that is left still to be asked.
    fn fall_silent(&mut self) {
        if let Some(current) = self.current.take() {
            let asked = Arc::unwrap_or_clone(current.asked);
            self.state.work.put_back(asked);
        }
        // It was not too much that was asked for: the device answered nothing at all.
        if let Some((sizes, manner, bulk_silences)) = self.before_silence.take() {
            self.state.sizes = sizes;
            self.state.manner = manner;
            self.bulk_silences = bulk_silences;
        }
        self.ending = Some(Ending::WentSilent);
    }

    /// The current request got no answer in all the time that it was given.
    fn handle_silence(&mut self) {
        if self.silences == 0 {
            self.before_silence = Some((
                self.state.sizes.clone(),
                self.state.manner,
                self.bulk_silences,
            ));
        }
        self.silences += 1;
        if self.silences > 1 && !self.last_round {
            self.fall_silent();
            return;
        }
        let Some(current) = self.current.take() else {
            return;
        };
        let asked = Arc::unwrap_or_clone(current.asked);
        if matches!(asked, Asked::Recheck(_)) {
            return; // What was seen already is what there is.
        }
        if asked.len() == 1 && !matches!(asked, Asked::Bulk(..)) {
            if !self.last_round {
                self.doubtful.push(asked);
                return;
            }
            for name in asked.into_gap_names() {
                self.gap(name, GapReason::NoAnswer);
            }
            return;
        }
        // Was the answer too large to be sent, or is the device gone? One variable will show.
        self.state.manner.single = true;
        if matches!(asked, Asked::Bulk(..)) {
            self.bulk_silences += 1;
            self.state.manner.bulk = self.state.sizes.shrink() && self.bulk_silences < 2;
        } else {
            self.state.sizes.too_large(asked.len());
        }
        self.state.work.put_back(asked);
    }
}

impl fmt::Debug for DeviceReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceReader")
            .field("session", &self.session)
            .field("answers", &self.answers.len())
            .field("ending", &self.ending)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

/// Whether BER can carry the name (X.690 section 8.19.4).
fn is_sendable(name: &Oid) -> bool {
    match name.arcs() {
        [0 | 1, second, ..] => *second < 40,
        [2, second, ..] => *second <= u32::MAX - 80,
        _ => false,
    }
}
