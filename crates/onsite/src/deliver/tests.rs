use super::*;
use crate::{PassEvent, discovery::new_pass_id, random};
use pagetally_contract::{
    CentralKeyPair, ContractError, ContractFault, FaultKind, GetScheduleResponse, Operation,
    Receipt,
};
use pagetally_model::{AgentId, PASS_FORMAT, PassReport, PassStats, SubmissionId, Timestamp};
use pagetally_proof::Hash;
use pagetally_store::{AgentIdentity, OpenOptions, PassBatch, SigningContext};
use pagetally_transport::Delivered;
use std::collections::VecDeque;

const URL: &str = "https://central.example/";

/// What the next call to the fake Central does; after the script it behaves.
#[derive(Clone, Debug)]
enum Act {
    /// Books the submission; the answer is lost on the way.
    LoseReceipt,
    /// Cannot be reached.
    Away,
    /// Its sealed word is no.
    Decline(StatusString),
    /// An unsealed fault that denies knowing the agent.
    Fault,
    /// A receipt that says no.
    Reject,
    /// A receipt for another content.
    WrongReceipt,
}

/// Books what it is sent, as Central does.
#[derive(Default)]
struct FakeCentral {
    script: VecDeque<Act>,
    books: Vec<(u64, Hash)>,
    /// How often each number was sent.
    sendings: Vec<u64>,
    schedule_calls: u64,
    settings: Option<Settings>,
}

impl FakeCentral {
    fn with(script: impl IntoIterator<Item = Act>) -> Self {
        Self {
            script: script.into_iter().collect(),
            ..Self::default()
        }
    }

    fn numbers(&self) -> Vec<u64> {
        self.books.iter().map(|(number, _)| *number).collect()
    }

    fn schedule_version(&self) -> u64 {
        self.settings
            .as_ref()
            .map_or(0, |settings| settings.version)
    }
}

fn answered<T>(answer: T) -> Answered<T> {
    Answered {
        answer,
        announced: None,
        offset: ClockOffset {
            offset_millis: 7,
            uncertainty_millis: 3,
        },
        central_time: Timestamp::from_unix_millis(1_800_000_000_007),
        bytes_sent: 100,
        bytes_received: 50,
    }
}

fn declined(status: StatusString, expected_number: Option<u64>) -> TransportError {
    TransportError::Declined {
        url: URL.to_owned(),
        operation: Operation::SendReports,
        status,
        expected_number,
    }
}

fn away() -> TransportError {
    TransportError::Refused {
        url: URL.to_owned(),
    }
}

fn central_key() -> CentralKeyPair {
    CentralKeyPair::from_seed([0xce; 32])
}

impl Central for FakeCentral {
    fn address(&self) -> &str {
        URL
    }

    fn send_report(&mut self, report: &Report) -> Result<Answered<Delivered>, TransportError> {
        let header = &report.signed.header;
        self.sendings.push(header.number);
        let act = self.script.pop_front();
        match act {
            Some(Act::Away) => return Err(away()),
            Some(Act::Decline(status)) => return Err(declined(status, None)),
            Some(Act::Fault) => {
                return Err(TransportError::Contract {
                    url: URL.to_owned(),
                    operation: Operation::SendReports,
                    source: ContractError::Fault(ContractFault::new(FaultKind::NotAuthenticated)),
                });
            }
            Some(Act::LoseReceipt | Act::Reject | Act::WrongReceipt) | None => {}
        }
        let known = self
            .books
            .iter()
            .any(|(number, _)| *number == header.number);
        let expected = self.books.last().map_or(1, |(number, _)| number + 1);
        if !known && header.number != expected {
            return Err(declined(StatusString::OUT_OF_ORDER, Some(expected)));
        }
        if !known {
            self.books.push((header.number, header.content));
        }
        let content = match act {
            Some(Act::LoseReceipt) => return Err(away()),
            Some(Act::WrongReceipt) => Hash::ZERO,
            _ => header.content,
        };
        let receipt = Receipt {
            submission: header.id,
            number: header.number,
            content,
            header: header.hash(),
            received_at: Timestamp::from_unix_millis(5),
            withheld: 0,
            verdict: match act {
                Some(Act::Reject) => Verdict::Rejected {
                    document: Some(Text::clean("audits[3]")),
                    reason: Text::clean("it has format 2"),
                },
                _ => Verdict::Accepted,
            },
        };
        let key = central_key();
        Ok(answered(Delivered {
            receipt: receipt.sign(header.agent, &key),
            central_key: key.public(),
            schedule_version: self.schedule_version(),
        }))
    }

    fn get_schedule(&mut self, have: u64) -> Result<Answered<GetScheduleResponse>, TransportError> {
        self.schedule_calls += 1;
        match self.script.pop_front() {
            Some(Act::Decline(status)) => return Err(declined(status, None)),
            Some(_) => return Err(away()),
            None => {}
        }
        let newer = self.settings.clone().filter(|new| new.version > have);
        Ok(answered(GetScheduleResponse {
            status: StatusString::OK,
            settings: newer,
            central_time: Timestamp::from_unix_millis(5),
        }))
    }
}

/// A store with `passes` stored passes.
struct Site {
    _folder: tempfile::TempDir,
    store: Store,
    clocks: Clocks,
    cancel: Cancel,
    events: Vec<PassEvent>,
    /// What the delivery before left in quarantine.
    quarantined: Option<SubmissionId>,
}

impl Site {
    fn with_passes(passes: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clocks = Clocks::start().expect("random numbers");
        let store = Store::open(folder.path(), &OpenOptions::new(clocks.wall())).expect("a store");
        let identity = AgentIdentity::generate().expect("random numbers");
        store.set_identity(&identity).expect("durable");
        let mut site = Self {
            _folder: folder,
            store,
            clocks,
            cancel: Cancel::new(),
            events: Vec::new(),
            quarantined: None,
        };
        for _ in 0..passes {
            site.add_pass();
        }
        site
    }

    fn add_pass(&mut self) {
        let report = PassReport {
            format: PASS_FORMAT,
            id: new_pass_id().expect("random numbers"),
            started: self.clocks.now(),
            settings_version: 0,
            agent_version: Text::clean("test"),
            observations: Vec::new(),
            notices: Vec::new(),
            stats: PassStats::default(),
        };
        let identity = self.store.identity().expect("answers").expect("there");
        let context = SigningContext {
            agent: identity.agent,
            key: &identity.signing,
            now: self.clocks.wall(),
        };
        let audits = Vec::new();
        self.store
            .commit_pass(PassBatch { audits, report }, &context)
            .expect("durable");
    }

    fn deliver(&mut self, central: &mut FakeCentral) -> Outcome {
        self.deliver_knowing(central, 0, false)
    }

    fn deliver_knowing(
        &mut self,
        central: &mut FakeCentral,
        have_version: u64,
        was_gone: bool,
    ) -> Outcome {
        let events = &mut self.events;
        let outcome = Deliverer {
            store: &self.store,
            central,
            clocks: &self.clocks,
            cancel: &self.cancel,
            on_event: &mut |event| events.push(event),
            have_version,
            was_gone,
            quarantined: self.quarantined,
            approved: None,
            line: Line::default(),
        }
        .run()
        .expect("the store answers");
        self.quarantined = outcome.quarantined;
        outcome
    }

    fn waiting(&self) -> Vec<u64> {
        let outbox = self.store.outbox().expect("the store answers");
        outbox.iter().map(|info| info.number).collect()
    }
}

#[test]
fn everything_that_waits_is_sent_in_order_and_leaves_the_outbox() {
    let mut site = Site::with_passes(3);
    let mut central = FakeCentral::default();
    let outcome = site.deliver(&mut central);
    assert_eq!(outcome.end, Delivery::Complete);
    assert_eq!(outcome.acknowledged, [1, 2, 3]);
    assert_eq!(central.numbers(), [1, 2, 3]);
    assert_eq!(outcome.offset.map(|offset| offset.offset_millis), Some(7));
    assert!(site.waiting().is_empty());
}

#[test]
fn a_lost_receipt_is_asked_for_again_and_nothing_is_booked_twice() {
    let mut site = Site::with_passes(2);
    let mut central = FakeCentral::with([Act::LoseReceipt]);
    let outcome = site.deliver(&mut central);
    assert!(matches!(outcome.end, Delivery::Postponed { .. }));
    assert_eq!(central.numbers(), [1]);
    assert_eq!(site.waiting(), [1, 2]);

    let outcome = site.deliver(&mut central);
    assert_eq!(outcome.end, Delivery::Complete);
    assert_eq!(central.sendings, [1, 1, 2]);
    assert_eq!(central.numbers(), [1, 2]);
}

#[test]
fn a_central_that_is_away_costs_nothing() {
    let mut site = Site::with_passes(1);
    let mut central = FakeCentral::with([Act::Away]);
    let outcome = site.deliver(&mut central);
    assert!(matches!(outcome.end, Delivery::Postponed { .. }));
    assert_eq!(site.waiting(), [1]);
    assert_eq!(central.schedule_calls, 0);
}

#[test]
fn a_receipt_for_something_else_is_not_stored() {
    let mut site = Site::with_passes(1);
    let mut central = FakeCentral::with([Act::WrongReceipt]);
    let outcome = site.deliver(&mut central);
    assert!(matches!(outcome.end, Delivery::Blocked { .. }));
    assert_eq!(site.waiting(), [1]);
}

#[test]
fn what_central_lost_is_sent_again_from_where_it_says() {
    let mut site = Site::with_passes(3);
    let mut central = FakeCentral::default();
    site.deliver(&mut central);
    // Central comes back from a backup that knows number 1 alone; a fourth pass is waiting here.
    central.books.truncate(1);
    site.add_pass();

    let outcome = site.deliver(&mut central);
    assert_eq!(outcome.end, Delivery::Complete);
    assert_eq!(central.numbers(), [1, 2, 3, 4]);
    assert_eq!(central.sendings, [1, 2, 3, 4, 2, 3, 4]);
    assert!(site.waiting().is_empty());
}

#[test]
fn a_central_that_sends_back_in_circles_is_left_alone() {
    let mut site = Site::with_passes(2);
    let order = || Act::Decline(StatusString::OUT_OF_ORDER);
    let mut central = FakeCentral::with([order(), order(), order()]);
    let outcome = site.deliver(&mut central);
    assert!(matches!(outcome.end, Delivery::Blocked { .. }));
    assert_eq!(central.sendings, [1]);
}

#[test]
fn an_agent_that_is_gone_stops_sending_and_keeps_its_readings() {
    let mut site = Site::with_passes(2);
    let mut central = FakeCentral::with([Act::Decline(StatusString::GONE)]);
    assert_eq!(site.deliver(&mut central).end, Delivery::Gone);
    assert_eq!(site.waiting(), [1, 2]);

    // Next pass: it only asks, and sends nothing while the answer is the same.
    central.script = [Act::Decline(StatusString::GONE)].into();
    assert_eq!(
        site.deliver_knowing(&mut central, 0, true).end,
        Delivery::Gone
    );
    assert_eq!(central.sendings, [1]);

    // Taken back, it delivers what it kept.
    let outcome = site.deliver_knowing(&mut central, 0, true);
    assert_eq!(outcome.end, Delivery::Complete);
    assert_eq!(central.numbers(), [1, 2]);
}

#[test]
fn what_central_keeps_in_quarantine_stays_here_and_those_behind_it_are_offered_once() {
    let mut site = Site::with_passes(3);
    let kept = || Act::Decline(StatusString::QUARANTINED);
    let mut central = FakeCentral::with([kept(), kept(), kept()]);
    let outcome = site.deliver(&mut central);
    assert_eq!(outcome.end, Delivery::Quarantined { waiting: 3 });
    assert_eq!(central.sendings, [1, 2, 3]);
    assert_eq!(site.waiting(), [1, 2, 3]);
    assert_eq!(central.schedule_calls, 1, "settings come all the same");
    let events = site.events.iter();
    let told = events.filter(|event| matches!(event, PassEvent::Quarantined { .. }));
    assert_eq!(told.count(), 3);

    // The next pass offers only what is new, and the one after it nothing.
    site.add_pass();
    central.script = [kept()].into();
    let outcome = site.deliver(&mut central);
    assert_eq!(outcome.end, Delivery::Quarantined { waiting: 4 });
    let outcome = site.deliver(&mut central);
    assert_eq!(outcome.end, Delivery::Quarantined { waiting: 4 });
    assert_eq!(central.sendings, [1, 2, 3, 4]);
}

#[test]
fn a_delivery_that_breaks_off_remembers_what_is_in_quarantine() {
    let mut site = Site::with_passes(3);
    let kept = || Act::Decline(StatusString::QUARANTINED);
    let mut central = FakeCentral::with([kept(), Act::Away]);
    let outcome = site.deliver(&mut central);
    assert!(matches!(outcome.end, Delivery::Postponed { .. }));
    central.script = [kept(), kept()].into();
    let outcome = site.deliver(&mut central);
    assert_eq!(outcome.end, Delivery::Quarantined { waiting: 3 });
    assert_eq!(central.sendings, [1, 2, 2, 3]);
}

#[test]
fn what_was_signed_anew_is_offered_though_its_number_was_in_quarantine() {
    let mut site = Site::with_passes(2);
    let kept = || Act::Decline(StatusString::QUARANTINED);
    let mut central = FakeCentral::with([kept(), kept()]);
    site.deliver(&mut central);
    let identity = site.store.identity().expect("answers").expect("there");
    let context = SigningContext {
        agent: identity.agent,
        key: &identity.signing,
        now: site.clocks.wall(),
    };
    let books = pagetally_store::BooksEnd {
        number: 1,
        header: Hash::from_bytes([1; 32]),
    };
    central.books.push((1, Hash::ZERO));
    site.store
        .continue_after(books, &context)
        .expect("durable")
        .expect("another past");
    let outcome = site.deliver(&mut central);
    assert_eq!(outcome.end, Delivery::Complete);
    assert_eq!(central.numbers(), [1, 2, 3]);
    assert_eq!(site.quarantined, None);
}

#[test]
fn an_unsealed_fault_never_makes_an_agent_fall_silent() {
    let mut site = Site::with_passes(1);
    let mut central = FakeCentral::with([Act::Fault]);
    let outcome = site.deliver(&mut central);
    assert_ne!(outcome.end, Delivery::Gone);
    assert_ne!(outcome.end, Delivery::Complete);
    assert_eq!(site.deliver(&mut central).end, Delivery::Complete);
}

#[test]
fn newer_settings_are_stored_and_older_ones_are_not() {
    let mut site = Site::with_passes(1);
    let mut central = FakeCentral {
        settings: Some(Settings {
            version: 5,
            port: 16_100,
            ..Settings::default()
        }),
        ..FakeCentral::default()
    };
    let outcome = site.deliver(&mut central);
    assert_eq!(outcome.new_settings, Some(5));
    let stored = site.store.settings().expect("answers").expect("stored");
    assert_eq!((stored.version, stored.port), (5, 16_100));

    let outcome = site.deliver_knowing(&mut central, 9, false);
    assert_eq!(outcome.new_settings, None);
    let stored = site.store.settings().expect("answers").expect("stored");
    assert_eq!(stored.version, 5);
}

#[test]
fn settings_out_of_bounds_are_refused_and_the_old_ones_stay() {
    let mut site = Site::with_passes(0);
    let mut central = FakeCentral {
        settings: Some(Settings {
            version: 5,
            interval_seconds: 0,
            ..Settings::default()
        }),
        ..FakeCentral::default()
    };
    let outcome = site.deliver(&mut central);
    assert_eq!(outcome.end, Delivery::Complete);
    assert_eq!(site.store.settings().expect("answers"), None);
    assert!(
        site.events
            .iter()
            .any(|event| matches!(event, PassEvent::SettingsRefused { version: 5, .. }))
    );
}

#[test]
fn no_settings_are_asked_for_when_the_receipt_says_there_are_none() {
    let mut site = Site::with_passes(1);
    let mut central = FakeCentral::default();
    site.deliver(&mut central);
    assert_eq!(central.schedule_calls, 0);
}

#[test]
fn a_cancelled_delivery_sends_nothing_more() {
    let mut site = Site::with_passes(1);
    site.cancel.cancel();
    let mut central = FakeCentral::default();
    assert_eq!(site.deliver(&mut central).end, Delivery::Cancelled);
    assert!(central.sendings.is_empty());
}

#[test]
fn a_kept_receipt_says_what_central_stated() {
    let receipt = Receipt {
        submission: SubmissionId::from_bytes(random::bytes().expect("random numbers")),
        number: 4,
        content: Hash::ZERO,
        header: Hash::ZERO,
        received_at: Timestamp::from_unix_millis(5),
        withheld: 0,
        verdict: Verdict::Rejected {
            document: Some(Text::clean("pass")),
            reason: Text::clean("no"),
        },
    };
    let key = central_key();
    let signed = receipt.sign(AgentId::from_bytes([1; 16]), &key);
    let text = String::from_utf8(receipt_bytes(&signed, &key.public())).expect("JSON");
    assert!(text.contains(&signed.signature.to_string()), "{text}");
    for part in [
        "\"format\":1",
        "\"number\":4",
        "\"rejected\"",
        "\"pass\"",
        "\"no\"",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn a_rejected_submission_leaves_the_outbox_and_its_documents_are_sent_again_on_request() {
    let mut site = Site::with_passes(2);
    let mut central = FakeCentral::with([Act::Reject]);
    let first = site.store.load_submission(1).expect("whole");
    let outcome = site.deliver(&mut central);
    assert_eq!(outcome.end, Delivery::Complete);
    assert_eq!(outcome.acknowledged, [1, 2]);
    assert!(site.waiting().is_empty());
    let told: Vec<String> = site
        .events
        .iter()
        .filter_map(|event| match event {
            PassEvent::Acknowledged {
                rejected: Some(why),
                ..
            } => Some(why.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(told, ["audits[3]: it has format 2"]);
    let rejected = site.store.rejected().expect("readable");
    let rejected = Rejected::read(&rejected[0]);
    assert_eq!(
        (rejected.number, rejected.why().as_str()),
        (1, "audits[3]: it has format 2")
    );

    // The same version of the agent does not try by itself.
    site.deliver(&mut central);
    assert_eq!(central.sendings, [1, 2]);
    let identity = site.store.identity().expect("answers").expect("there");
    let context = SigningContext {
        agent: identity.agent,
        key: &identity.signing,
        now: site.clocks.wall(),
    };
    site.store
        .send_rejected_again(&context)
        .expect("durable")
        .expect("one was rejected");
    assert!(site.store.rejected().expect("readable").is_empty());
    assert_eq!(site.waiting(), [3]);
    let again = site.store.load_submission(3).expect("whole");
    assert_eq!(again.report, first.report);
    assert_eq!(again.signed.header.content, first.signed.header.content);
    assert_eq!(site.deliver(&mut central).acknowledged, [3]);
    assert_eq!(central.numbers(), [1, 2, 3]);
}

#[test]
fn a_newer_agent_sends_again_what_was_rejected_of_an_older_one() {
    let mut site = Site::with_passes(1);
    let header = site.store.load_submission(1).expect("whole").signed.header;
    site.store
        .record_rejection(&pagetally_store::Receipt {
            number: 1,
            content: header.content,
            received: site.clocks.wall(),
            bytes: br#"{"agentVersion":"pagetally-onsite 0.0.1","reason":"no"}"#.to_vec(),
        })
        .expect("durable");
    let mut central = FakeCentral {
        books: vec![(1, header.content)],
        ..FakeCentral::default()
    };
    let outcome = site.deliver(&mut central);
    assert_eq!(outcome.end, Delivery::Complete);
    assert_eq!(outcome.acknowledged, [2]);
    assert!(site.store.rejected().expect("readable").is_empty());
}
