//! Delivery: the outbox in order, each receipt stored before the next submission is sent, then newer
//! settings.

use crate::agent::one_line;
use crate::central::{Central, is_unopened};
use crate::line::Line;
use crate::rejected::{Rejected, receipt_bytes, why};
use crate::{Cancel, Clocks, PassEvent};
use pagetally_contract::{KeyAnnouncement, Report, StatusString, Verdict};
use pagetally_model::{ClockOffset, Settings, SubmissionId, Text, Timestamp};
use pagetally_proof::Hash;
use pagetally_store::{
    AgentIdentity, BooksEnd, SigningContext, Store, StoreError, StoredSubmission,
};
use pagetally_transport::{Answered, TransportError, Waiting};
use std::collections::{BTreeSet, VecDeque};
use std::time::Instant;

/// What to do where Central has no key that opens what this agent seals.
pub(crate) const UNOPENED: &str = "Central has destroyed the key that this agent seals to, or never had it: \
    ask the dealer for a code and enrol again (onsite enrol CODE). Nothing is lost";

/// How far a delivery came.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// Everything that waited has its receipt.
    Complete,
    /// This agent is not enrolled: there is nobody to deliver to.
    NotEnrolled,
    /// Central could not be reached or asked to be left alone for now; the next pass tries again.
    Postponed {
        /// Why, for people.
        reason: Text,
    },
    /// It will not go through until somebody acts: the certificate is wrong, Central declines, its
    /// answer does not fit. The next pass tries again all the same.
    Blocked {
        /// Why, for people.
        reason: Text,
    },
    /// Central said that this agent is gone. Readings are still stored; nothing is sent until
    /// Central takes it back or it is enrolled again.
    Gone,
    /// What waits contradicts Central's books, as after this folder was restored from a backup or
    /// copied. Central keeps it in quarantine and this agent keeps it too; once the dealer has it
    /// [enrolled](crate::Agent::enrol) anew, it is delivered.
    Quarantined {
        /// How many submissions are in quarantine.
        waiting: u64,
    },
    /// The site wants to see first what leaves it: these wait until somebody there has
    /// [approved](crate::Agent::approve) them.
    Held {
        /// How many submissions wait, approved or not.
        waiting: u64,
    },
    /// Somebody stopped it.
    Cancelled,
}

/// What a delivery brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) end: Delivery,
    /// Numbers that have their receipt now.
    pub(crate) acknowledged: Vec<u64>,
    /// The version of newer settings that were stored.
    pub(crate) new_settings: Option<u64>,
    /// The clock offset that the quickest of the exchanges measured.
    pub(crate) offset: Option<ClockOffset>,
    /// What Central's clock said last.
    pub(crate) central_time: Option<Timestamp>,
    /// Bytes of the envelopes that were sent and answered.
    pub(crate) bytes_sent: u64,
    /// How many audits were acknowledged.
    pub(crate) audits_sent: u64,
    /// Bytes of the envelopes that they were in.
    pub(crate) audit_bytes: u64,
    /// What is known of the line now.
    pub(crate) line: Line,
    /// The last submission of the outbox that Central has in quarantine; it has those before it too.
    pub(crate) quarantined: Option<SubmissionId>,
    /// The key that Central announced.
    pub(crate) announced: Option<KeyAnnouncement>,
    /// Whether Central said that it cannot open what it is sent.
    pub(crate) unopened: bool,
}

/// One delivery under way.
pub(crate) struct Deliverer<'a> {
    pub(crate) store: &'a Store,
    pub(crate) central: &'a mut dyn Central,
    pub(crate) clocks: &'a Clocks,
    pub(crate) cancel: &'a Cancel,
    pub(crate) on_event: &'a mut dyn FnMut(PassEvent),
    /// The version of the settings that the agent has.
    pub(crate) have_version: u64,
    /// Whether Central said earlier that this agent is gone: then it is only asked.
    pub(crate) was_gone: bool,
    /// [`Outcome::quarantined`] of the delivery before: what Central has is not offered again.
    pub(crate) quarantined: Option<SubmissionId>,
    /// What the site has approved, where nothing else may leave it.
    pub(crate) approved: Option<BTreeSet<SubmissionId>>,
    /// What is known of the line.
    pub(crate) line: Line,
}

/// Why the sending of submissions ended early.
enum Stop {
    End(Delivery),
    /// Central cannot open what it is sent.
    Unopened(Delivery),
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<TransportError> for Stop {
    fn from(error: TransportError) -> Self {
        if is_unopened(&error) {
            return Self::Unopened(Delivery::Blocked {
                reason: Text::clean(&format!("{}. {UNOPENED}", one_line(&error))),
            });
        }
        Self::End(ending(&error))
    }
}

/// What a call that brought no answer means for the delivery.
///
/// Only [`TransportError::Declined`] is Central's own sealed word; a fault is signed by nobody, so
/// it never makes an agent fall silent.
pub(crate) fn ending(error: &TransportError) -> Delivery {
    let reason = one_line(error);
    match error {
        TransportError::Declined { status, .. } if *status == StatusString::GONE => Delivery::Gone,
        _ if error.is_temporary() => Delivery::Postponed { reason },
        _ => Delivery::Blocked { reason },
    }
}

/// Whether the line, or Central's patience, may have been too short for what was sent.
const fn is_too_much(error: &TransportError) -> bool {
    matches!(
        error,
        TransportError::AnswerCut { .. }
            | TransportError::TimedOut {
                waiting: Waiting::Sending | Waiting::Answer,
                ..
            }
    )
}

/// What the outbox still holds, in order, and where Central stands.
struct Queue {
    waiting: VecDeque<u64>,
    /// The number that Central was last sent back to: going back twice to one place is a circle.
    rewound_to: Option<u64>,
    schedule_version: Option<u64>,
    /// Whether what waits was signed anew already: doing that twice would be a circle too.
    signed_anew: bool,
}

impl Deliverer<'_> {
    /// Sends, stores receipts, fetches settings.
    pub(crate) fn run(mut self) -> Result<Outcome, StoreError> {
        let mut outcome = Outcome {
            end: Delivery::Complete,
            acknowledged: Vec::new(),
            new_settings: None,
            offset: None,
            central_time: None,
            bytes_sent: 0,
            audits_sent: 0,
            audit_bytes: 0,
            line: self.line,
            quarantined: self.quarantined,
            announced: None,
            unopened: false,
        };
        match self.deliver(&mut outcome) {
            Ok(()) => Ok(outcome),
            Err(Stop::End(end)) => {
                outcome.end = end;
                Ok(outcome)
            }
            Err(Stop::Unopened(end)) => {
                outcome.end = end;
                outcome.unopened = true;
                Ok(outcome)
            }
            Err(Stop::Store(error)) => Err(error),
        }
    }

    fn deliver(&mut self, outcome: &mut Outcome) -> Result<(), Stop> {
        if self.was_gone {
            // Asked first: what was read since must not go to a Central that does not want it.
            self.fetch_settings(outcome)?;
        }
        self.send_rejected_again()?;
        let outbox = self.store.outbox()?;
        let last = outbox
            .iter()
            .position(|info| Some(info.id) == self.quarantined);
        if last.is_none() {
            outcome.quarantined = None;
        }
        let known = last.map_or(0, |last| last + 1);
        let mut queue = Queue {
            waiting: outbox.iter().skip(known).map(|info| info.number).collect(),
            rewound_to: None,
            schedule_version: None,
            signed_anew: false,
        };
        let held = self.approved.as_ref().and_then(|approved| {
            let mut unseen = outbox.iter().filter(|info| !approved.contains(&info.id));
            unseen.next().map(|info| info.number)
        });
        while let Some(number) = queue.waiting.front().copied() {
            if held.is_some_and(|held| number >= held) {
                break;
            }
            if self.cancel.is_cancelled() {
                return Err(Stop::End(Delivery::Cancelled));
            }
            self.send(number, &mut queue, outcome)?;
        }
        let newer = queue
            .schedule_version
            .is_none_or(|version| version > self.have_version);
        if newer && !self.was_gone {
            self.fetch_settings(outcome)?;
        }
        let waiting = self.store.outbox()?.len() as u64;
        if waiting == 0 {
            outcome.quarantined = None;
        }
        match (outcome.quarantined, held) {
            (Some(_), _) => Err(Stop::End(Delivery::Quarantined { waiting })),
            (None, Some(_)) => Err(Stop::End(Delivery::Held { waiting })),
            (None, None) => Ok(()),
        }
    }

    fn send(&mut self, number: u64, queue: &mut Queue, outcome: &mut Outcome) -> Result<(), Stop> {
        let Some(submission) = self.load(number)? else {
            return self.sign_anew(number, queue);
        };
        let report = report(submission);
        let documents = report.signed.header.leaves;
        (self.on_event)(PassEvent::Sent { number, documents });
        let begun = Instant::now();
        let answered = match self.central.send_report(&report) {
            Ok(answered) => answered,
            Err(TransportError::Declined {
                status,
                expected_number,
                ..
            }) if status == StatusString::OUT_OF_ORDER => {
                return self.rewind(number, expected_number, queue);
            }
            Err(TransportError::Declined { status, .. }) if status == StatusString::QUARANTINED => {
                // Central has it, but no receipt: it stays here, and those behind it are offered.
                queue.waiting.pop_front();
                outcome.quarantined = Some(report.signed.header.id);
                (self.on_event)(PassEvent::Quarantined { number });
                return Ok(());
            }
            Err(error) => {
                if is_too_much(&error) {
                    outcome.line.broke(report.audits.len());
                }
                return Err(error.into());
            }
        };
        outcome.line.carried(report.audits.len(), begun.elapsed());
        let bytes = answered.bytes_sent;
        let delivered = note(answered, outcome);
        let receipt = &delivered.receipt.receipt;
        if receipt.number != number || receipt.content != report.signed.header.content {
            return Err(blocked("Central's receipt is for something else"));
        }
        let kept = pagetally_store::Receipt {
            number,
            content: receipt.content,
            received: self.clocks.wall(),
            bytes: receipt_bytes(&delivered.receipt, &delivered.central_key),
        };
        let rejected = match &receipt.verdict {
            Verdict::Rejected { document, reason } => Some(why(document.as_ref(), reason)),
            _ => None,
        };
        match rejected {
            Some(_) => self.store.record_rejection(&kept)?,
            None => self.store.record_receipt(&kept)?,
        }
        queue.waiting.pop_front();
        queue.schedule_version = Some(delivered.schedule_version);
        outcome.acknowledged.push(number);
        if !report.audits.is_empty() {
            outcome.audits_sent += report.audits.len() as u64;
            outcome.audit_bytes = outcome.audit_bytes.saturating_add(bytes);
        }
        (self.on_event)(PassEvent::Acknowledged { number, rejected });
        Ok(())
    }

    /// What Central rejected of another version of this agent may be taken from this one.
    fn send_rejected_again(&self) -> Result<(), Stop> {
        let rejected = self.store.rejected()?;
        let mut rejected = rejected.iter().map(Rejected::read);
        if rejected.any(|rejected| rejected.is_of_another_version())
            && let Some(identity) = self.store.identity()?
        {
            self.store.send_rejected_again(&self.context(&identity))?;
        }
        Ok(())
    }

    fn context<'i>(&self, identity: &'i AgentIdentity) -> SigningContext<'i> {
        SigningContext {
            agent: identity.agent,
            key: &identity.signing,
            now: self.clocks.wall(),
        }
    }

    /// A submission as it is to be sent; nothing where it has lost its header.
    fn load(&self, number: u64) -> Result<Option<StoredSubmission>, Stop> {
        match self.store.load_submission(number) {
            Ok(submission) => Ok(Some(submission)),
            Err(StoreError::DamagedRecord { .. } | StoreError::NoSubmission { .. }) => Ok(None),
            Err(error @ (StoreError::Document { .. } | StoreError::DocumentKind { .. })) => {
                Err(blocked(&format!(
                    "submission {number} cannot be sent by this version of the agent: {}. Start the \
                     version again that stored it, or a newer one",
                    one_line(&error)
                )))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Central expects `number`, whose header is lost: it does not have it, nor any behind it, so all that
    /// waits can be signed anew in its place without contradicting anything.
    fn sign_anew(&mut self, number: u64, queue: &mut Queue) -> Result<(), Stop> {
        let header = match number.checked_sub(1) {
            None | Some(0) => Some(Hash::ZERO),
            Some(before) => self.load(before)?.map(|before| before.signed.header.hash()),
        };
        let identity = self.store.identity()?;
        let (Some(header), Some(identity), false) = (header, identity, queue.signed_anew) else {
            return Err(blocked(&format!(
                "submission {number} has lost its header to damage on the disk. Ask the dealer for an \
                 enrolment code and enrol this agent anew: what waits is then sent"
            )));
        };
        let books = BooksEnd {
            number: number.saturating_sub(1),
            header,
        };
        self.store.continue_after(books, &self.context(&identity))?;
        queue.signed_anew = true;
        queue.rewound_to = None;
        queue.waiting = self
            .store
            .outbox()?
            .iter()
            .map(|info| info.number)
            .collect();
        Ok(())
    }

    /// Central misses earlier numbers, as after the restoring of a backup: they are sent again from
    /// the one that it names, though their receipts are here.
    fn rewind(
        &mut self,
        number: u64,
        expected: Option<u64>,
        queue: &mut Queue,
    ) -> Result<(), Stop> {
        let expected = match expected {
            Some(expected) if expected < number && queue.rewound_to != Some(expected) => expected,
            expected => {
                return Err(blocked(&format!(
                    "Central does not take submission {number} and expects {}",
                    expected.map_or_else(|| "no other".to_owned(), |n| format!("number {n}"))
                )));
            }
        };
        queue.rewound_to = Some(expected);
        for missing in (expected..number).rev() {
            queue.waiting.push_front(missing);
        }
        Ok(())
    }

    fn fetch_settings(&mut self, outcome: &mut Outcome) -> Result<(), Stop> {
        let answered = self.central.get_schedule(self.have_version)?;
        if let Some(settings) = note(answered, outcome).settings {
            self.take_settings(&settings, outcome)?;
        }
        Ok(())
    }

    fn take_settings(&mut self, settings: &Settings, outcome: &mut Outcome) -> Result<(), Stop> {
        let version = settings.version;
        if version <= self.have_version {
            return Ok(());
        }
        if let Err(error) = settings.check() {
            let reason = Text::clean(&error.to_string());
            (self.on_event)(PassEvent::SettingsRefused { version, reason });
            return Ok(());
        }
        self.store.set_settings(settings)?;
        outcome.new_settings = Some(version);
        (self.on_event)(PassEvent::SettingsReceived { version });
        Ok(())
    }
}

/// Keeps what the exchange told of the clocks and of its size.
fn note<T>(answered: Answered<T>, outcome: &mut Outcome) -> T {
    outcome.bytes_sent = outcome.bytes_sent.saturating_add(answered.bytes_sent);
    outcome.announced = answered.announced.or(outcome.announced);
    outcome.central_time = Some(answered.central_time);
    let offset = answered.offset;
    if outcome
        .offset
        .is_none_or(|known| offset.uncertainty_millis < known.uncertainty_millis)
    {
        outcome.offset = Some(offset);
    }
    answered.answer
}

pub(crate) fn report(stored: StoredSubmission) -> Report {
    Report {
        signed: stored.signed,
        audits: stored.audits,
        pass: stored.report,
        rotation: stored.rotation,
        withheld: stored.withheld,
    }
}

fn blocked(reason: &str) -> Stop {
    Stop::End(Delivery::Blocked {
        reason: Text::clean(reason),
    })
}

#[cfg(test)]
mod tests;
