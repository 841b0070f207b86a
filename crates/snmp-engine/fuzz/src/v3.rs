//! SNMPv3 messages under USM: any datagram, to an engine and to a manager.

use pagetally_snmp_engine::exchange::Retry;
use pagetally_snmp_engine::message::PduKind;
use pagetally_snmp_engine::message::v3::{Frame, Outgoing, Payload, ScopedPdu};
use pagetally_snmp_engine::reader::{DeviceReader, Limits, Session, Step};
use pagetally_snmp_engine::usm::{
    AuthProtocol, EngineClock, LocalKeys, PrivProtocol, Secret, UsmCredential, UsmSession, UsmUser,
};
use pagetally_snmp_engine::{Answers, Ask, Oid, Plan, Query, RequestIds, VarBind};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

const ENGINE: &[u8] = b"\x80\x00\x1f\x88\x04fuzzed";

/// Derived once: a megabyte of hashing for each input would leave time for little else.
static CREDENTIAL: LazyLock<Arc<UsmCredential>> = LazyLock::new(|| {
    let secret = || Secret::new(*b"correct horse");
    let user = UsmUser {
        name: "somebody".to_owned(),
        auth: Some((AuthProtocol::Sha1, secret())),
        privacy: Some((PrivProtocol::Aes128, secret())),
        context: String::new(),
    };
    Arc::new(UsmCredential::derive(&user).expect("a user that can be one"))
});

static KEYS: LazyLock<Arc<LocalKeys>> = LazyLock::new(|| Arc::new(CREDENTIAL.localize(ENGINE)));

/// No datagram panics, and none that was not made with the keys is taken for an answer; what was read
/// can be written and reads back as itself.
pub(super) fn check(data: &[u8]) {
    answers_nothing(data);
    let Ok(frame) = Frame::decode(data) else {
        return;
    };
    let _ = frame.is_authentic(&KEYS);
    let mut scratch = Vec::new();
    let Ok(scoped) = frame.open(&KEYS, &mut scratch) else {
        return;
    };
    let Some(varbinds) = variables(&scoped) else {
        return;
    };
    if scoped.kind != PduKind::Response {
        return;
    }
    let message = Outgoing {
        message_id: frame.message_id,
        reportable: frame.reportable,
        engine_id: frame.engine_id,
        boots: frame.boots,
        time: frame.time,
        user: frame.user,
        context_engine_id: scoped.context_engine_id,
        context_name: scoped.context_name,
        level: frame.level,
        salt: 42,
    };
    let payload = Payload::Response {
        id: scoped.request_id,
        error_status: scoped.error_status,
        error_index: scoped.error_index,
        varbinds: &varbinds,
    };
    let bytes = message
        .encode(&KEYS, &payload)
        .expect("the keys can do all");
    let again = Frame::decode(&bytes).expect("own output");
    assert_eq!(again.is_authentic(&KEYS), frame.level.has_auth());
    assert_eq!(
        (again.message_id, again.level, again.engine_id, again.user),
        (frame.message_id, frame.level, frame.engine_id, frame.user)
    );
    let mut scratch = Vec::new();
    let again = again.open(&KEYS, &mut scratch).expect("own output");
    assert_eq!(again.request_id, scoped.request_id);
    assert_eq!(again.context_name, scoped.context_name);
    assert_eq!(variables(&again), Some(varbinds));
}

/// A manager that waits for an answer takes none from here.
fn answers_nothing(data: &[u8]) {
    let retry = Retry {
        timeout: Duration::from_secs(1),
        retries: 0,
    };
    let engine = EngineClock::unverified(ENGINE, 1, 1, Duration::ZERO);
    let session = UsmSession::new(Arc::clone(&CREDENTIAL), Arc::clone(&KEYS), engine, 7);
    let session = Session::usm(session, retry);
    let ids = RequestIds::new([5; 16]);
    let mut reader = DeviceReader::new(session, Limits::default(), ids, Box::new(One(false)));
    assert!(matches!(reader.poll(Duration::ZERO), Step::Send(_)));
    // A Report that nobody signed may end it, if it guesses the message's id; nothing may answer it.
    let _ = reader.handle_datagram(data);
    assert!(reader.answers().is_empty());
    let clock = reader.engine().expect("over v3");
    assert!(!clock.is_verified(), "nobody set the clock");
}

struct One(bool);

impl Plan for One {
    fn next_query(&mut self, _so_far: &Answers) -> Option<Query> {
        let name = Oid::default().child(&[1, 3, 6, 1, 2, 1, 1, 5, 0]);
        let asks = vec![Ask::Instance(name)];
        (!std::mem::replace(&mut self.0, true)).then_some(Query { asks })
    }
}

/// The variables, if all of them can be read.
fn variables(scoped: &ScopedPdu<'_>) -> Option<Vec<VarBind>> {
    let all = scoped.varbinds.clone();
    all.map(|varbind| Some(varbind.ok()?.to_varbind()))
        .collect()
}
