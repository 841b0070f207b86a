//! USM beside async-snmp's: keys, digests, ciphers, whole messages; and any bytes at all.

use async_snmp::compatibility::DecodeConfig;
use async_snmp::message::{V3Message, V3MessageData};
use async_snmp::v3::{
    AuthProtocol as TheirAuth, DesSaltState, MasterKey, PrivKey, PrivProtocol as TheirPriv,
    SaltCounter, UsmSecurityParams, auth::verify_message,
};
use pagetally_snmp_engine::Oid;
use pagetally_snmp_engine::message::RequestKind;
use pagetally_snmp_engine::message::v3::{Frame, Outgoing, Payload, Report};
use pagetally_snmp_engine::usm::{
    AuthProtocol, LocalKeys, PrivProtocol, Secret, UsmCredential, UsmUser,
};
use proptest::prelude::*;

fn theirs(auth: AuthProtocol) -> TheirAuth {
    match auth {
        AuthProtocol::Md5 => TheirAuth::Md5,
        AuthProtocol::Sha1 => TheirAuth::Sha1,
        AuthProtocol::Sha224 => TheirAuth::Sha224,
        AuthProtocol::Sha256 => TheirAuth::Sha256,
        AuthProtocol::Sha384 => TheirAuth::Sha384,
        AuthProtocol::Sha512 => TheirAuth::Sha512,
    }
}

fn their_privacy(privacy: PrivProtocol) -> TheirPriv {
    match privacy {
        PrivProtocol::Des => TheirPriv::Des,
        PrivProtocol::Aes128 => TheirPriv::Aes128,
        PrivProtocol::Aes192 => TheirPriv::Aes192Blumenthal,
        PrivProtocol::Aes256 => TheirPriv::Aes256Blumenthal,
        PrivProtocol::Aes192Reeder => TheirPriv::Aes192Reeder,
        PrivProtocol::Aes256Reeder => TheirPriv::Aes256Reeder,
    }
}

struct Both {
    auth: AuthProtocol,
    privacy: PrivProtocol,
    password: Vec<u8>,
    engine: Vec<u8>,
    keys: LocalKeys,
}

impl Both {
    fn new(auth: AuthProtocol, privacy: PrivProtocol, password: Vec<u8>, engine: Vec<u8>) -> Self {
        let user = UsmUser {
            name: "somebody".to_owned(),
            auth: Some((auth, Secret::new(password.clone()))),
            privacy: Some((privacy, Secret::new(password.clone()))),
            context: String::new(),
        };
        let credential = UsmCredential::derive(&user).expect("valid");
        Self {
            auth,
            privacy,
            keys: credential.localize(&engine),
            password,
            engine,
        }
    }

    /// Our message, of which theirs must make the same.
    fn compare(&self, boots: u32, time: u32, salt: u64, names: &[Oid]) {
        let message = Outgoing {
            message_id: 0x1234_5678,
            reportable: true,
            engine_id: &self.engine,
            boots,
            time,
            user: b"somebody",
            context_engine_id: &self.engine,
            context_name: b"",
            level: self.keys.level(),
            salt,
        };
        let payload = Payload::Request {
            kind: RequestKind::GetNext,
            id: 77,
            names,
        };
        let bytes = message.encode(&self.keys, &payload).expect("protected");
        // They read its frame ...
        let read = V3Message::decode(bytes.clone().into(), DecodeConfig::default())
            .expect("async-snmp reads it");
        let read = read.value;
        let usm =
            UsmSecurityParams::decode(read.security_params().clone(), DecodeConfig::default())
                .expect("async-snmp reads the parameters")
                .value;
        assert_eq!(usm.engine_id().as_ref(), self.engine);
        assert_eq!((usm.engine_boots(), usm.engine_time()), (boots, time));
        // ... find it authentic ...
        let (at, len) = UsmSecurityParams::find_auth_params_offset(&bytes).expect("found");
        let master = MasterKey::from_password(theirs(self.auth), &self.password).expect("a key");
        let local = master.localize(&self.engine).expect("localized");
        assert_eq!(verify_message(&local, &bytes, at, len), Ok(true));
        // ... and decrypt it.
        let (auth, privacy) = (theirs(self.auth), their_privacy(self.privacy));
        let key = PrivKey::from_password(auth, privacy, &self.password, &self.engine).expect("key");
        let V3MessageData::Encrypted(sealed) = read.data() else {
            panic!("it is not encrypted");
        };
        let plain = key
            .decrypt(sealed, boots, time, usm.priv_params())
            .expect("decrypted");
        let mut scratch = Vec::new();
        let frame = Frame::decode(&bytes).expect("ours");
        assert!(frame.is_authentic(&self.keys));
        let scoped = frame.open(&self.keys, &mut scratch).expect("opened");
        assert_eq!(scoped.varbinds.count(), names.len());
        assert_eq!(plain.as_ref(), scratch.as_slice());
        // What they encrypt is what we do, under the same salt.
        if self.privacy != PrivProtocol::Des {
            let counter = SaltCounter::new().expect("random");
            let (theirs, salt) = key
                .encrypt_aes(&plain, boots, time, &counter)
                .expect("encrypted");
            let salt = u64::from_be_bytes(salt.as_ref().try_into().expect("eight octets"));
            let bytes = Outgoing { salt, ..message }.encode(&self.keys, &payload);
            let bytes = bytes.expect("protected");
            assert!(bytes.ends_with(&theirs));
        } else {
            let state = DesSaltState::install(|_| Ok::<(), std::io::Error>(())).expect("state");
            let (theirs, salt) = key.encrypt_des_family(&plain, &state).expect("encrypted");
            let salt = u64::from_be_bytes(salt.as_ref().try_into().expect("eight octets"));
            let bytes = Outgoing { salt, ..message }.encode(&self.keys, &payload);
            assert!(bytes.expect("protected").ends_with(&theirs));
        }
    }
}

#[test]
fn every_pair_of_protocols_makes_the_messages_that_async_snmp_makes() {
    let names =
        ["1.3.6.1.2.1.1.5", "1.3.6.1.2.1.43.5.1.1.17"].map(|name| name.parse().expect("valid"));
    for auth in AuthProtocol::ALL {
        for privacy in PrivProtocol::ALL {
            let engine = b"\x80\x00\x1f\x88\x04pagetally".to_vec();
            Both::new(auth, privacy, b"correct horse".to_vec(), engine).compare(5, 77, 42, &names);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_user_at_any_engine_agrees_with_async_snmp(
        auth in 0..6usize, privacy in 0..6usize,
        password in prop::collection::vec(any::<u8>(), 8..40),
        engine in prop::collection::vec(any::<u8>(), 5..=32),
        boots in 0..0x7fff_ffffu32, time in 0..0x7fff_ffffu32, salt: u64, names in 0..5usize,
    ) {
        let names = vec!["1.3.6.1.2.1.1.5".parse().expect("valid"); names];
        let (auth, privacy) = (AuthProtocol::ALL[auth], PrivProtocol::ALL[privacy]);
        // They take no engine id of zeros or ones alone (RFC 3411 section 5).
        prop_assume!(engine.iter().any(|octet| *octet != 0 && *octet != 0xff));
        Both::new(auth, privacy, password, engine).compare(boots, time, salt, &names);
    }
}

/// A message to be damaged, at any level.
fn message(level: usize) -> (LocalKeys, Vec<u8>) {
    let secret = || Secret::new(*b"correct horse");
    let user = UsmUser {
        name: "somebody".to_owned(),
        auth: (level > 0).then(|| (AuthProtocol::Sha256, secret())),
        privacy: (level > 1).then(|| (PrivProtocol::Aes128, secret())),
        context: String::new(),
    };
    let credential = UsmCredential::derive(&user).expect("valid");
    let keys = credential.localize(b"an engine");
    let message = Outgoing {
        message_id: 1,
        reportable: true,
        engine_id: b"an engine",
        boots: 1,
        time: 2,
        user: b"somebody",
        context_engine_id: b"an engine",
        context_name: b"",
        level: credential.level(),
        salt: 3,
    };
    let names = ["1.3.6.1.2.1.1.5.0".parse().expect("valid")];
    let payload = Payload::Request {
        kind: RequestKind::Get,
        id: 77,
        names: &names,
    };
    let bytes = message.encode(&keys, &payload).expect("protected");
    (keys, bytes)
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Frame::decode(&bytes);
        let _ = Report::decode(&bytes);
    }

    #[test]
    fn no_damage_panics_and_none_is_authentic(
        level in 0..3usize, at in any::<prop::sample::Index>(), octet: u8, cut in any::<prop::sample::Index>()
    ) {
        let (keys, whole) = message(level);
        let mut bytes = whole.clone();
        *at.get_mut(&mut bytes) = octet;
        let changed = bytes != whole;
        if let Ok(frame) = Frame::decode(&bytes) {
            let authentic = frame.is_authentic(&keys);
            prop_assert!(!authentic || !changed);
            let mut scratch = Vec::new();
            if let Ok(scoped) = frame.open(&keys, &mut scratch) {
                scoped.varbinds.for_each(drop);
            }
        }
        bytes.truncate(cut.index(bytes.len()));
        prop_assert!(Frame::decode(&bytes).is_err());
    }
}
