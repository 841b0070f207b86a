//! The device reader over SNMPv3, under virtual time: against an engine that does as RFC 3414 says, and
//! against whoever would like to be taken for it.

mod agent;

use agent::{Agent, oid};
use pagetally_snmp_engine::exchange::{Ignored, Retry};
use pagetally_snmp_engine::message::v3::{Frame, Outgoing, Payload};
use pagetally_snmp_engine::message::{Message, PduKind, Request, RequestKind};
use pagetally_snmp_engine::reader::{DeviceReader, Limits, Session, Step};
use pagetally_snmp_engine::usm::{
    AuthProtocol, EngineClock, LocalKeys, PrivProtocol, ReportReason, Secret, SecurityLevel,
    UsmCredential, UsmSession, UsmUser,
};
use pagetally_snmp_engine::{
    Answers, Ask, Ending, GapReason, Oid, Plan, Query, RequestIds, VarBind, Version,
};
use std::sync::Arc;
use std::time::Duration;

const ENGINE: &[u8] = b"\x80\x00\x00\x02\x03\x00\x11\x22\x33\x44\x55";

fn credential(name: &str, passphrase: &str, level: SecurityLevel) -> Arc<UsmCredential> {
    let secret = || Secret::new(passphrase.as_bytes());
    let user = UsmUser {
        name: name.to_owned(),
        auth: level.has_auth().then(|| (AuthProtocol::Sha1, secret())),
        privacy: level.has_priv().then(|| (PrivProtocol::Aes128, secret())),
        context: String::new(),
    };
    Arc::new(UsmCredential::derive(&user).expect("valid"))
}

/// An authoritative engine in front of a device.
struct Engine {
    device: Agent,
    user: &'static str,
    keys: LocalKeys,
    boots: u32,
    /// snmpEngineTime at the virtual time 0, which may lie before it.
    epoch: u32,
    /// Messages that it took.
    taken: u32,
}

impl Engine {
    fn new(level: SecurityLevel) -> Self {
        Self {
            device: Agent::with_table(6, 9),
            user: "reader",
            keys: credential("reader", "the right one", level).localize(ENGINE),
            boots: 7,
            epoch: 100_000,
            taken: 0,
        }
    }

    fn time(&self, now: Duration) -> u32 {
        self.epoch + u32::try_from(now.as_secs()).expect("short")
    }

    /// What an engine answers (RFC 3414 section 3.2).
    fn answer(&mut self, datagram: &[u8], now: Duration) -> Option<Vec<u8>> {
        let frame = Frame::decode(datagram).expect("our own messages decode");
        assert!(frame.reportable, "requests want Reports");
        let none = LocalKeys::none();
        let refuse = |keys: &LocalKeys, level, reason: ReportReason| {
            let counter = reason.counter();
            let payload = Payload::Report {
                id: 0,
                counter: &counter,
                count: 1,
            };
            self.envelope(&frame, now, level).encode(keys, &payload)
        };
        let nothing = SecurityLevel::NoAuthNoPriv;
        if frame.engine_id != ENGINE {
            return refuse(&none, nothing, ReportReason::UnknownEngineId);
        }
        if frame.user != self.user.as_bytes() {
            return refuse(&none, nothing, ReportReason::UnknownUser);
        }
        if frame.level != self.keys.level() {
            return refuse(&none, nothing, ReportReason::UnsupportedSecurityLevel);
        }
        if frame.level.has_auth() {
            if !frame.is_authentic(&self.keys) {
                return refuse(&none, nothing, ReportReason::WrongDigest);
            }
            let own = EngineClock::unverified(ENGINE, self.boots, self.epoch, Duration::ZERO);
            if !own.accepts(frame.boots, frame.time, now) {
                let level = SecurityLevel::AuthNoPriv;
                return refuse(&self.keys, level, ReportReason::NotInTimeWindow);
            }
        }
        let mut scratch = Vec::new();
        let Ok(scoped) = frame.open(&self.keys, &mut scratch) else {
            return refuse(&none, nothing, ReportReason::DecryptionError);
        };
        let names: Vec<Oid> = scoped
            .varbinds
            .map(|varbind| varbind.expect("decodes").name.to_oid())
            .collect();
        let kind = match scoped.kind {
            PduKind::Get => RequestKind::Get,
            PduKind::GetNext => RequestKind::GetNext,
            _ => RequestKind::GetBulkMixed {
                non_repeaters: u16::try_from(scoped.error_status).expect("few"),
                max_repetitions: u16::try_from(scoped.error_index).expect("few"),
            },
        };
        let request = Request {
            version: Version::V2c,
            community: b"public",
            kind,
            id: u32::try_from(scoped.request_id).expect("positive"),
            names: &names,
        };
        self.taken += 1;
        let answer = self.device.answer(&request.encode())?;
        let answer = Message::decode(&answer).expect("decodes");
        let varbinds: Vec<VarBind> = answer
            .varbinds
            .map(|varbind| {
                let varbind = varbind.expect("decodes");
                VarBind {
                    oid: varbind.name.to_oid(),
                    value: varbind.value.to_value(),
                }
            })
            .collect();
        let payload = Payload::Response {
            id: answer.request_id,
            error_status: answer.error_status,
            error_index: answer.error_index,
            varbinds: &varbinds,
        };
        self.envelope(&frame, now, frame.level)
            .encode(&self.keys, &payload)
    }

    fn envelope<'a>(&self, asked: &Frame<'a>, now: Duration, level: SecurityLevel) -> Outgoing<'a> {
        Outgoing {
            message_id: asked.message_id,
            reportable: false,
            engine_id: ENGINE,
            boots: self.boots,
            time: self.time(now),
            user: asked.user,
            context_engine_id: ENGINE,
            context_name: b"",
            level,
            salt: u64::from(asked.message_id),
        }
    }
}

struct Table(bool);

impl Plan for Table {
    fn next_query(&mut self, _so_far: &Answers) -> Option<Query> {
        let columns = (1..=6).map(|n| oid(&format!("1.3.6.1.2.1.43.11.1.1.{n}")));
        let asks = vec![Ask::Columns {
            columns: columns.collect(),
            max_rows: 50,
        }];
        (!std::mem::replace(&mut self.0, true)).then_some(Query { asks })
    }
}

fn reader(credential: &Arc<UsmCredential>, clock: (u32, u32)) -> DeviceReader {
    reader_of(session(credential, clock))
}

fn session(credential: &Arc<UsmCredential>, clock: (u32, u32)) -> UsmSession {
    let keys = Arc::new(credential.localize(ENGINE));
    let engine = EngineClock::unverified(ENGINE, clock.0, clock.1, Duration::ZERO);
    UsmSession::new(Arc::clone(credential), keys, engine, 0x5a17)
}

fn reader_of(session: UsmSession) -> DeviceReader {
    let retry = Retry {
        timeout: Duration::from_secs(1),
        retries: 1,
    };
    let session = Session::usm(session, retry);
    let ids = RequestIds::new([3; 16]);
    DeviceReader::new(session, Limits::default(), ids, Box::new(Table(false)))
}

/// Reads the device; `on_the_way` may add datagrams that arrive before each answer, and may change the
/// engine. What those bring is left in the list.
fn run(
    engine: &mut Engine,
    reader: &mut DeviceReader,
    mut on_the_way: impl FnMut(&mut Engine, u32, &[u8]) -> Vec<Vec<u8>>,
) -> (Ending, Vec<Result<(), Ignored>>) {
    let mut now = Duration::ZERO;
    let mut arriving: Vec<Vec<u8>> = Vec::new();
    let mut ignored = Vec::new();
    for sendings in 0.. {
        assert!(sendings < 500, "the reader does not end");
        loop {
            match reader.poll(now) {
                Step::Send(bytes) => {
                    let bytes = bytes.to_vec();
                    let answer = engine.answer(&bytes, now);
                    if let Some(answer) = &answer {
                        for forged in on_the_way(engine, sendings, answer) {
                            ignored.push(reader.handle_datagram(&forged));
                        }
                    }
                    arriving.extend(answer);
                    break;
                }
                Step::WaitUntil(time) if arriving.is_empty() => now = time,
                Step::WaitUntil(_) => {
                    now += Duration::from_millis(5);
                    for datagram in arriving.drain(..) {
                        reader.handle_datagram(&datagram).expect("the right answer");
                    }
                }
                Step::Done(ending) => return (ending, ignored),
            }
        }
    }
    unreachable!("the loop ends by returning")
}

fn nothing(_: &mut Engine, _: u32, _: &[u8]) -> Vec<Vec<u8>> {
    Vec::new()
}

const LEVELS: [SecurityLevel; 3] = [
    SecurityLevel::NoAuthNoPriv,
    SecurityLevel::AuthNoPriv,
    SecurityLevel::AuthPriv,
];

#[test]
fn a_device_is_read_in_full_at_every_level() {
    for level in LEVELS {
        let mut engine = Engine::new(level);
        let mut reader = reader(&credential("reader", "the right one", level), (7, 100_000));
        let (ending, _) = run(&mut engine, &mut reader, nothing);
        assert_eq!(
            (ending, reader.answers().len()),
            (Ending::Complete, 54),
            "{level}"
        );
        assert_eq!(reader.memory().version, Some(Version::V3));
        assert_eq!(
            engine.taken,
            reader.stats().requests,
            "nothing is asked twice"
        );
        assert!(engine.taken <= 3, "{level}: {}", engine.taken);
        let known = reader.engine().expect("over v3");
        assert_eq!(known.is_verified(), level.has_auth());
    }
}

#[test]
fn a_device_whose_clock_is_another_costs_one_request_more() {
    for clock in [(0, 0), (9, 3), (7, 1)] {
        let level = SecurityLevel::AuthPriv;
        let mut engine = Engine::new(level);
        let mut reader = reader(&credential("reader", "the right one", level), clock);
        let (ending, _) = run(&mut engine, &mut reader, nothing);
        assert_eq!((ending, reader.answers().len()), (Ending::Complete, 54));
        assert_eq!(reader.stats().requests, engine.taken + 1, "{clock:?}");
        assert_eq!(reader.engine().map(EngineClock::boots), Some(7));
    }
}

#[test]
fn an_engine_that_is_met_again_costs_one_question_whatever_its_clock_says() {
    for level in LEVELS {
        let mut engine = Engine::new(level);
        let credential = credential("reader", "the right one", level);
        let mut reader = reader_of(session(&credential, (3, 1)).meeting_again());
        let (ending, _) = run(&mut engine, &mut reader, nothing);
        assert_eq!((ending, reader.answers().len()), (Ending::Complete, 54));
        assert_eq!(reader.stats().requests, engine.taken + 1, "{level}");
    }
}

#[test]
fn another_engine_in_the_place_of_the_known_one_hears_no_users_name() {
    let level = SecurityLevel::AuthPriv;
    let mut reader = reader_of(
        session(&credential("reader", "the right one", level), (7, 100_000)).meeting_again(),
    );
    let counter = ReportReason::UnknownEngineId.counter();
    let mut now = Duration::ZERO;
    let mut heard = 0;
    loop {
        match reader.poll(now) {
            Step::Send(bytes) => {
                let frame = Frame::decode(bytes).expect("our own messages decode");
                assert!(frame.user.is_empty() && frame.engine_id.is_empty());
                heard += 1;
                let other = b"\x80\x00\x00\x02\x03\x00\x11\x22\x33\x44\x66";
                let report = Outgoing {
                    message_id: frame.message_id,
                    reportable: false,
                    engine_id: other,
                    boots: 7,
                    time: 100_000,
                    user: &[],
                    context_engine_id: other,
                    context_name: &[],
                    level: SecurityLevel::NoAuthNoPriv,
                    salt: 0,
                };
                let payload = Payload::Report {
                    id: 0,
                    counter: &counter,
                    count: 1,
                };
                let report = report.encode(&LocalKeys::none(), &payload);
                let report = report.expect("nothing is protected");
                let ignored = reader.handle_datagram(&report);
                assert_eq!(ignored, Err(Ignored::OtherSession));
            }
            Step::WaitUntil(time) => now = time,
            Step::Done(ending) => {
                assert_eq!((ending, reader.answers().len()), (Ending::WentSilent, 0));
                break;
            }
        }
    }
    assert!(heard > 1);
}

#[test]
fn a_device_that_starts_anew_while_it_is_read_is_read_on() {
    let level = SecurityLevel::AuthPriv;
    let mut engine = Engine::new(level);
    engine.device.max_octets = 484;
    let mut reader = reader(&credential("reader", "the right one", level), (7, 100_000));
    let (ending, _) = run(&mut engine, &mut reader, |engine, sendings, _| {
        if sendings == 1 {
            (engine.boots, engine.epoch) = (8, 0);
        }
        Vec::new()
    });
    assert_eq!((ending, reader.answers().len()), (Ending::Complete, 54));
    assert_eq!(reader.engine().map(EngineClock::boots), Some(8));
}

#[test]
fn a_device_whose_clock_never_agrees_is_given_up() {
    let level = SecurityLevel::AuthNoPriv;
    let mut engine = Engine::new(level);
    let mut reader = reader(&credential("reader", "the right one", level), (7, 100_000));
    let (ending, _) = run(&mut engine, &mut reader, |engine, _, _| {
        engine.boots += 1;
        Vec::new()
    });
    assert_eq!(ending, Ending::Refused);
    assert_eq!(reader.refusal(), Some(&ReportReason::NotInTimeWindow));
    assert!(reader.stats().requests <= 5);
}

#[test]
fn who_is_refused_is_told_why_and_asks_no_more() {
    let level = SecurityLevel::AuthPriv;
    let auth_only = credential("reader", "the right one", SecurityLevel::AuthNoPriv);
    for (credential, reason) in [
        (
            credential("reader", "the wrong one", level),
            ReportReason::WrongDigest,
        ),
        (
            credential("nobody", "the right one", level),
            ReportReason::UnknownUser,
        ),
        (auth_only, ReportReason::UnsupportedSecurityLevel),
    ] {
        let mut engine = Engine::new(level);
        let mut reader = reader(&credential, (7, 100_000));
        let (ending, _) = run(&mut engine, &mut reader, nothing);
        assert_eq!(ending, Ending::Refused);
        assert_eq!(reader.refusal(), Some(&reason));
        assert_eq!(reader.stats().requests, 1);
        let (answers, _) = reader.into_result();
        assert!(answers.is_empty());
        let gap = answers.gaps().first().map(|gap| gap.reason);
        assert_eq!(gap, Some(GapReason::Refused));
    }
}

#[test]
fn another_privacy_passphrase_is_told_from_another_authentication_passphrase() {
    let user = |privacy: &str| UsmUser {
        name: "reader".to_owned(),
        auth: Some((AuthProtocol::Sha1, Secret::new(*b"the right one"))),
        privacy: Some((PrivProtocol::Aes128, Secret::new(privacy.as_bytes()))),
        context: String::new(),
    };
    let ours = Arc::new(UsmCredential::derive(&user("the wrong one")).expect("valid"));
    let mut engine = Engine::new(SecurityLevel::AuthPriv);
    let mut reader = reader(&ours, (7, 100_000));
    let (ending, _) = run(&mut engine, &mut reader, nothing);
    assert_eq!(ending, Ending::Refused);
    assert_eq!(reader.refusal(), Some(&ReportReason::DecryptionError));
}

#[test]
fn replayed_and_forged_replies_are_dropped_and_the_right_one_counts() {
    let level = SecurityLevel::AuthNoPriv;
    let mut engine = Engine::new(level);
    engine.device.max_octets = 484;
    let mut reader = reader(&credential("reader", "the right one", level), (7, 100_000));
    let stranger = credential("reader", "a stranger's", level).localize(ENGINE);
    let mut earlier: Option<Vec<u8>> = None;
    let mut expected = Vec::new();
    let (ending, ignored) = run(&mut engine, &mut reader, |_, _, answer| {
        let mut forged = Vec::new();
        // An answer of before.
        if let Some(earlier) = earlier.replace(answer.to_vec()) {
            forged.push(earlier);
            expected.push(Ignored::OtherRequest);
        }
        // One changed octet of a value.
        let mut changed = answer.to_vec();
        *changed.last_mut().expect("not empty") ^= 1;
        forged.push(changed);
        expected.push(Ignored::NotAuthentic);
        // The right message, signed by somebody else, and not signed at all.
        let frame = Frame::decode(answer).expect("decodes");
        let payload = Payload::Response {
            id: 1,
            error_status: 0,
            error_index: 0,
            varbinds: &[],
        };
        let mut message = Outgoing {
            message_id: frame.message_id,
            reportable: false,
            engine_id: ENGINE,
            boots: frame.boots,
            time: frame.time,
            user: b"reader",
            context_engine_id: ENGINE,
            context_name: b"",
            level,
            salt: 0,
        };
        forged.push(message.encode(&stranger, &payload).expect("protected"));
        expected.push(Ignored::NotAuthentic);
        message.level = SecurityLevel::NoAuthNoPriv;
        forged.push(message.encode(&stranger, &payload).expect("unprotected"));
        expected.push(Ignored::OtherSession);
        // A Report that would set our clock, not authentic.
        let counter = ReportReason::NotInTimeWindow.counter();
        let report = Payload::Report {
            id: 1,
            counter: &counter,
            count: 1,
        };
        message.boots += 5;
        forged.push(message.encode(&stranger, &report).expect("unprotected"));
        expected.push(Ignored::NotAuthentic);
        // Another engine's.
        message.level = level;
        message.engine_id = b"another engine";
        forged.push(message.encode(&stranger, &payload).expect("protected"));
        expected.push(Ignored::OtherSession);
        forged
    });
    assert_eq!((ending, reader.answers().len()), (Ending::Complete, 54));
    let ignored: Vec<Ignored> = ignored.into_iter().filter_map(Result::err).collect();
    assert_eq!(ignored, expected);
    assert!(ignored.len() > 12);
}

#[test]
fn an_authentic_answer_of_an_earlier_start_is_dropped() {
    let level = SecurityLevel::AuthNoPriv;
    let mut engine = Engine::new(level);
    engine.device.max_octets = 484;
    let mut reader = reader(&credential("reader", "the right one", level), (7, 100_000));
    let keys = credential("reader", "the right one", level).localize(ENGINE);
    let (ending, ignored) = run(&mut engine, &mut reader, |_, sendings, answer| {
        if sendings == 0 {
            return Vec::new(); // The clock is not known before.
        }
        let frame = Frame::decode(answer).expect("decodes");
        let message = Outgoing {
            message_id: frame.message_id,
            reportable: false,
            engine_id: ENGINE,
            boots: frame.boots - 1,
            time: frame.time,
            user: b"reader",
            context_engine_id: ENGINE,
            context_name: b"",
            level,
            salt: 0,
        };
        let payload = Payload::Response {
            id: 1,
            error_status: 0,
            error_index: 0,
            varbinds: &[],
        };
        vec![message.encode(&keys, &payload).expect("protected")]
    });
    assert_eq!(ending, Ending::Complete);
    assert!(!ignored.is_empty());
    assert!(ignored.iter().all(|it| *it == Err(Ignored::NotTimely)));
}

#[test]
fn no_two_messages_are_encrypted_alike() {
    let level = SecurityLevel::AuthPriv;
    let mut engine = Engine::new(level);
    engine.device.max_octets = 484;
    let mut reader = reader(&credential("reader", "the right one", level), (7, 100_000));
    let mut now = Duration::ZERO;
    let mut salts = std::collections::BTreeSet::new();
    let mut sent = 0;
    loop {
        match reader.poll(now) {
            Step::Send(bytes) => {
                let bytes = bytes.to_vec();
                // msgPrivacyParameters: the eight octets before the encrypted PDU.
                let sealed = bytes
                    .windows(2)
                    .rposition(|pair| pair == [0x04, 0x08])
                    .expect("the salt");
                salts.insert(bytes[sealed + 2..sealed + 10].to_vec());
                sent += 1;
                let answer = engine.answer(&bytes, now).expect("answers");
                reader.handle_datagram(&answer).expect("the right answer");
            }
            Step::WaitUntil(time) => now = time,
            Step::Done(ending) => break assert_eq!(ending, Ending::Complete),
        }
    }
    assert!(sent > 3);
    assert_eq!(salts.len(), sent);
}
