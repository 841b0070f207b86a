//! The vectors of RFC 3414 appendix A and of the drafts for longer keys; clocks; what `Debug` shows.

use super::keys::privacy_key;
use super::mac::{localize, password_to_key};
use super::*;
use crate::message::RequestKind;
use crate::message::v3::{Frame, Outgoing, Payload};
use crate::{Oid, RequestIds, Value, VarBind};
use std::sync::Arc;
use std::time::Duration;

const ENGINE: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
const PASSWORD: &[u8] = b"maplesyrup";

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

pub(super) fn user(auth: Option<AuthProtocol>, privacy: Option<PrivProtocol>) -> UsmUser {
    UsmUser {
        name: "maple".to_owned(),
        auth: auth.map(|auth| (auth, Secret::new(PASSWORD))),
        privacy: privacy.map(|privacy| (privacy, Secret::new(*b"sugarmaple"))),
        context: String::new(),
    }
}

#[test]
fn keys_are_those_of_rfc_3414_appendix_a_3() {
    for (auth, key, local) in [
        (
            AuthProtocol::Md5,
            "9faf3283884e92834ebc9847d8edd963",
            "526f5eed9fcce26f8964c2930787d82b",
        ),
        (
            AuthProtocol::Sha1,
            "9fb5cc0381497b3793528939ff788d5d79145211",
            "6695febc9288e36282235fc7151f128497b38f3f",
        ),
    ] {
        let found = password_to_key(auth, PASSWORD);
        assert_eq!(hex(&found), key, "{auth}");
        assert_eq!(hex(&localize(auth, &found, &ENGINE)), local, "{auth}");
    }
}

#[test]
fn keys_of_sha_2_are_what_another_implementation_makes() {
    // RFC 7860 gives no vectors; these are of Python's hashlib by the steps of RFC 3414 A.2.
    for (auth, key, local) in [
        (
            AuthProtocol::Sha224,
            "282a5867ee9aac639ad59df9572c7d3ac0fbc13a905b6df07dbbf00b",
            "0bd8827c6e29f8065e08e09237f177e410f69b90e1782be682075674",
        ),
        (
            AuthProtocol::Sha256,
            "ab51014d1e077f6017df2b12bee5f5aa72993177e9bb569c4dff5a4ca0b4afac",
            "8982e0e549e866db361a6b625d84cccc11162d453ee8ce3a6445c2d6776f0f8b",
        ),
        (
            AuthProtocol::Sha384,
            "e06eccdf2c68a06ed034723c9c26e0db3b669e1e2efed49150b55377a2e98f383c86fb836857444654b287c93f51ff64",
            "3b298f16164a11184279d5432bf169e2d2a48307de02b3d3f7e2b4f36eb6f0455a53689a3937eea07319a633d2ccba78",
        ),
        (
            AuthProtocol::Sha512,
            "7e4396de5aadc77be853819b98c9406265b3a9c37cc3176569847a4e4f6fba63dd3a73d04924d31a63f95a601f9385af6be4ed1b37f87d040f7c6ed6f8d38a91",
            "22a5a36cedfcc085807a128d7bc6c2382167ad6c0dbc5fdff856740f3d84c099ad1ea87a8db096714d9788bd544047c9021e4229ce27e4c0a69250adfcffbb0b",
        ),
    ] {
        let found = password_to_key(auth, PASSWORD);
        assert_eq!(hex(&found), key, "{auth}");
        assert_eq!(hex(&localize(auth, &found, &ENGINE)), local, "{auth}");
    }
}

#[test]
fn longer_keys_are_those_of_the_two_drafts() {
    let key = |auth, privacy| {
        let key = password_to_key(auth, PASSWORD);
        hex(&privacy_key(auth, privacy, &key, &ENGINE))
    };
    // draft-blumenthal-aes-usm-04 section A, draft-reeder-snmpv3-usm-3desede-00 section B.1.
    let (md5, sha) = (AuthProtocol::Md5, AuthProtocol::Sha1);
    let (aes256, reeder) = (PrivProtocol::Aes256, PrivProtocol::Aes256Reeder);
    assert_eq!(
        key(sha, aes256).get(..64),
        Some("6695febc9288e36282235fc7151f128497b38f3f505e07eb9af25568fa1f5dbe")
    );
    assert_eq!(
        key(md5, reeder),
        "526f5eed9fcce26f8964c2930787d82b79eff44a90650ee0a3a40abfac5acc12"
    );
    assert_eq!(
        key(sha, reeder).get(..64),
        Some("6695febc9288e36282235fc7151f128497b38f3f9b8b6d78936ba6e7d19dfd9c")
    );
    // Where the hash is long enough there is nothing to extend.
    for auth in [AuthProtocol::Sha256, AuthProtocol::Sha512] {
        assert_eq!(key(auth, aes256), key(auth, reeder));
    }
}

#[test]
fn digests_have_the_lengths_of_rfc_7860() {
    let lengths = AuthProtocol::ALL.map(|auth| (auth.key_len(), auth.digest_len()));
    let expected = [(16, 12), (20, 12), (28, 16), (32, 24), (48, 32), (64, 48)];
    assert_eq!(lengths, expected);
}

#[test]
fn names_are_read_as_people_write_them() {
    for (text, auth) in [
        ("md5", AuthProtocol::Md5),
        ("SHA", AuthProtocol::Sha1),
        ("sha-1", AuthProtocol::Sha1),
        ("SHA256", AuthProtocol::Sha256),
        ("sha_512", AuthProtocol::Sha512),
    ] {
        assert_eq!(text.parse(), Ok(auth), "{text}");
    }
    for (text, privacy) in [
        ("des", PrivProtocol::Des),
        ("AES", PrivProtocol::Aes128),
        ("aes-192", PrivProtocol::Aes192),
        ("AES256C", PrivProtocol::Aes256Reeder),
    ] {
        assert_eq!(text.parse(), Ok(privacy), "{text}");
    }
    for (auth, privacy) in AuthProtocol::ALL.into_iter().zip(PrivProtocol::ALL) {
        assert_eq!(auth.name().parse(), Ok(auth));
        assert_eq!(privacy.name().parse(), Ok(privacy));
    }
    let error = "rot13".parse::<AuthProtocol>().expect_err("no such");
    assert!(error.to_string().contains("SHA-256"), "{error}");
}

#[test]
fn users_that_devices_would_not_take_are_refused() {
    let good = user(Some(AuthProtocol::Sha1), Some(PrivProtocol::Aes128));
    assert_eq!(good.check(), Ok(()));
    for (change, error) in [
        (
            UsmUser {
                name: String::new(),
                ..good.clone()
            },
            UsmUserError::Name,
        ),
        (
            UsmUser {
                context: "c".repeat(33),
                ..good.clone()
            },
            UsmUserError::Context,
        ),
        (
            UsmUser {
                auth: None,
                ..good.clone()
            },
            UsmUserError::PrivacyAlone,
        ),
        (
            UsmUser {
                auth: Some((AuthProtocol::Md5, Secret::new(*b"7 bytes"))),
                ..good.clone()
            },
            UsmUserError::Passphrase,
        ),
    ] {
        assert_eq!(change.check(), Err(error));
        assert_eq!(UsmCredential::derive(&change).err(), Some(error));
    }
}

#[test]
fn nothing_that_holds_a_secret_shows_it() {
    let user = user(Some(AuthProtocol::Sha1), Some(PrivProtocol::Aes128));
    let credential = std::sync::Arc::new(UsmCredential::derive(&user).expect("valid"));
    let mut cache = KeyCache::default();
    let keys = cache.get(0, &credential, &ENGINE);
    let engine = EngineClock::unverified(&ENGINE, 1, 2, Duration::ZERO);
    let session = UsmSession::new(credential.clone(), keys.clone(), engine, 7);
    let retry = crate::exchange::Retry {
        timeout: Duration::from_secs(1),
        retries: 0,
    };
    let access = crate::reader::Session::usm(session.clone(), retry);
    let shown = format!(
        "{user:?} {user:#?} {credential:?} {keys:?} {cache:?} {session:?} {access:?} {:?}",
        access.access
    );
    let key = password_to_key(AuthProtocol::Sha1, PASSWORD);
    let local = localize(AuthProtocol::Sha1, &key, &ENGINE);
    for secret in [PASSWORD, b"sugarmaple", &key, &local] {
        let plain = String::from_utf8_lossy(secret).into_owned();
        let listed = format!("{secret:?}");
        let listed = listed.trim_matches(['[', ']']);
        assert!(!shown.contains(&plain) && !shown.contains(&hex(secret)));
        assert!(!shown.contains(listed), "{shown}");
    }
    assert!(shown.contains("maple"), "the name is no secret");
}

#[test]
fn a_key_cache_localizes_once_and_keeps_within_its_ceiling() {
    let credential = UsmCredential::derive(&user(Some(AuthProtocol::Md5), None)).expect("valid");
    let mut cache = KeyCache::default();
    let first = cache.get(0, &credential, b"engine 1");
    assert!(std::sync::Arc::ptr_eq(
        &first,
        &cache.get(0, &credential, b"engine 1")
    ));
    for number in 0..2 * KeyCache::MAX_KEYS {
        let _ = cache.get(0, &credential, number.to_string().as_bytes());
    }
    assert_eq!(cache.len(), KeyCache::MAX_KEYS);
    let again = cache.get(0, &credential, b"engine 1");
    assert!(
        !std::sync::Arc::ptr_eq(&first, &again),
        "forgotten, and made again"
    );
}

#[test]
fn a_clock_is_set_by_what_is_newer_and_refuses_what_is_old() {
    let at = Duration::from_secs;
    let mut clock = EngineClock::unverified(b"engine", 9, 5_000, at(0));
    assert_eq!(clock.time(at(7)), 5_007);
    // Told by nobody who can be believed: the first authentic message sets it, even back.
    assert!(clock.take(4, 100, at(10)));
    assert_eq!((clock.boots(), clock.time(at(20))), (4, 110));
    // RFC 3414 section 3.2, step 7b.
    assert!(clock.take(4, 111, at(20)));
    assert!(clock.take(4, 100, at(159)), "late by 150 seconds");
    assert!(!clock.take(4, 100, at(161)), "late by 151 seconds");
    assert!(!clock.take(3, 9_000, at(161)), "before its last start");
    assert!(clock.take(5, 1, at(161)), "it has started anew");
    assert_eq!((clock.boots(), clock.time(at(162))), (5, 2));
    assert!(!clock.take(MAX_BOOTS, 1, at(162)), "it has come to its end");
}

#[test]
fn our_own_engine_takes_what_is_within_150_seconds() {
    let at = Duration::from_secs;
    let own = EngineClock::unverified(b"own", 3, 1_000, at(0));
    for (boots, time, taken) in [
        (3, 1_000, true),
        (3, 850, true),
        (3, 1_150, true),
        (3, 849, false),
        (3, 1_151, false),
        (2, 1_000, false),
        (4, 1_000, false),
    ] {
        assert_eq!(own.accepts(boots, time, at(0)), taken, "{boots} {time}");
    }
}

#[test]
fn what_is_told_in_one_role_is_read_in_the_other_at_every_level() {
    let varbinds = [VarBind {
        oid: Oid::default().child(&[1, 3, 6, 1, 2, 1, 1, 3, 0]),
        value: Value::TimeTicks(12_345),
    }];
    let auths = AuthProtocol::ALL.into_iter().map(Some);
    for auth in auths.chain([None]) {
        let privacies = PrivProtocol::ALL.into_iter().map(Some);
        for privacy in privacies.filter(|_| auth.is_some()).chain([None]) {
            let credential = UsmCredential::derive(&user(auth, privacy)).expect("valid");
            let keys = credential.localize(&ENGINE);
            let message = Outgoing {
                message_id: 77,
                reportable: false,
                engine_id: &ENGINE,
                boots: 3,
                time: 1_000,
                user: b"maple",
                context_engine_id: &ENGINE,
                context_name: b"tray",
                level: credential.level(),
                salt: 0x0102_0304_0506_0708,
            };
            let payload = Payload::Response {
                id: 9,
                error_status: 0,
                error_index: 0,
                varbinds: &varbinds,
            };
            let mut bytes = message.encode(&keys, &payload).expect("protected");
            let frame = Frame::decode(&bytes).expect("read");
            assert_eq!(frame.level, credential.level());
            assert_eq!(frame.is_authentic(&keys), auth.is_some());
            let mut scratch = Vec::new();
            let scoped = frame.open(&keys, &mut scratch).expect("opened");
            assert_eq!((scoped.context_name, scoped.request_id), (&b"tray"[..], 9));
            let found: Vec<VarBind> = scoped
                .varbinds
                .map(|varbind| {
                    let varbind = varbind.expect("read");
                    VarBind {
                        oid: varbind.name.to_oid(),
                        value: varbind.value.to_value(),
                    }
                })
                .collect();
            assert_eq!(found, varbinds);
            // Any octet that is changed spoils it.
            if auth.is_some() {
                let place = bytes.len() - 3;
                bytes[place] ^= 1;
                let frame = Frame::decode(&bytes);
                assert!(!frame.is_ok_and(|frame| frame.is_authentic(&keys)));
            }
            // Keys of less cannot send it.
            let none = LocalKeys::none();
            assert_eq!(message.encode(&none, &payload).is_none(), auth.is_some());
        }
    }
}

/// What an engine says to a discovery.
fn report_of(engine_id: &[u8], message_id: u32) -> Vec<u8> {
    let report = Outgoing {
        message_id,
        reportable: false,
        engine_id,
        boots: 3,
        time: 1_000,
        user: b"",
        context_engine_id: engine_id,
        context_name: b"",
        level: SecurityLevel::NoAuthNoPriv,
        salt: 0,
    };
    let counter = ReportReason::UnknownEngineId.counter();
    let payload = Payload::Report {
        id: 0,
        counter: &counter,
        count: 1,
    };
    report.encode(&LocalKeys::none(), &payload).expect("plain")
}

#[test]
fn who_is_met_for_the_first_time_is_asked_for_its_name_and_trusted_or_not_heard() {
    let sha = user(Some(AuthProtocol::Sha1), Some(PrivProtocol::Aes128));
    let credential = Arc::new(UsmCredential::derive(&sha).expect("valid"));
    let (ids, now) = (RequestIds::new([7; 16]), Duration::from_secs(5));
    let names = [Oid::default().child(&[1, 3, 6, 1, 2, 1, 1, 3, 0])];
    let mut scratch = Vec::new();
    let others = Trust::Engines(vec![b"another".to_vec()]);
    for (trust, is_trusted) in [
        (Trust::FirstContact, true),
        (Trust::Engines(vec![ENGINE.to_vec()]), true),
        (others, false),
        (Trust::Engines(Vec::new()), false),
    ] {
        let mut session = UsmSession::meeting(credential.clone(), trust, 1);
        let room = session.frame_len();
        let ask =
            |session: &mut UsmSession| session.encode(&ids, now, RequestKind::Get, 1, names.iter());
        let question = ask(&mut session);
        let frame = Frame::decode(&question).expect("a discovery");
        assert_eq!((frame.engine_id, frame.user), (&b""[..], &b""[..]));
        // Whoever did not see the question cannot answer it.
        let forged = report_of(&ENGINE, frame.message_id ^ 1);
        assert!(session.handle(now, &forged, &mut scratch).is_err());
        let report = report_of(&ENGINE, frame.message_id);
        let met = session.handle(now, &report, &mut scratch);
        assert_eq!(matches!(met, Ok(Reply::ClockSet)), is_trusted, "{met:?}");
        let next = ask(&mut session);
        let frame = Frame::decode(&next).expect("a message");
        let expected = if is_trusted { &ENGINE[..] } else { &b""[..] };
        assert_eq!(frame.engine_id, expected);
        assert_eq!(!frame.user.is_empty(), is_trusted);
        if is_trusted {
            assert!(frame.is_authentic(&credential.localize(&ENGINE)));
            assert_eq!((frame.boots, frame.time), (3, 1_000));
            assert!(session.frame_len() <= room, "room was kept for any engine");
        }
    }
}

#[test]
fn of_what_is_encoded_already_only_answers_are_sent() {
    let credential = UsmCredential::derive(&user(Some(AuthProtocol::Md5), None)).expect("valid");
    let keys = credential.localize(&ENGINE);
    let message = Outgoing {
        message_id: 1,
        reportable: false,
        engine_id: &ENGINE,
        boots: 1,
        time: 1,
        user: b"maple",
        context_engine_id: &ENGINE,
        context_name: b"",
        level: SecurityLevel::AuthNoPriv,
        salt: 0,
    };
    let varbinds = [VarBind {
        oid: Oid::default().child(&[1, 3, 6, 1]),
        value: Value::Integer(5),
    }];
    let response = Payload::Response {
        id: 9,
        error_status: 0,
        error_index: 0,
        varbinds: &varbinds,
    };
    let whole = message.encode(&keys, &response).expect("protected");
    let mut scratch = Vec::new();
    let frame = Frame::decode(&whole).expect("a message");
    let mut pdu = frame.open(&keys, &mut scratch).expect("plain").pdu.to_vec();
    let again = message.encode(&keys, &Payload::Encoded(&pdu));
    assert_eq!(again.as_ref(), Some(&whole));
    for tag in (0..=u8::MAX).filter(|tag| *tag != 0xa2) {
        pdu[0] = tag;
        assert_eq!(message.encode(&keys, &Payload::Encoded(&pdu)), None);
    }
    assert_eq!(message.encode(&keys, &Payload::Encoded(&[])), None);
}
