//! SNMPv3 against net-snmp's `snmpd`: every authentication and privacy protocol that it has, and what it
//! says to whom it does not let in.
//!
//! Without `snmpd` on the machine these tests say so and pass; with `PAGETALLY_REQUIRE_PEERS=1` they
//! fail instead.

mod net_snmp;

use net_snmp::{PRINTER, Snmpd, SystemGroup, assert_system_group};
use pagetally_snmp::{
    Cancel, Credentials, Guide, Known, KnownEngine, RefusalReason, ScanConfig, ScanEvent,
    UsmAccess, WalkTarget, read_one, scan_with, walk_one,
};
use pagetally_snmp_engine::reader::DeviceMemory;
use pagetally_snmp_engine::usm::{
    AuthProtocol, PrivProtocol, ReportReason, Secret, UsmCredential, UsmUser,
};
use pagetally_snmp_engine::walk::WalkLimits;
use pagetally_snmp_engine::{Answers, Ending, Plan, Version};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

const AUTH: &[u8] = b"authenticate me";
const PRIVATE: &[u8] = b"and keep it private";

/// What snmpd 5.9 has; AES-192 and AES-256 by Blumenthal's way.
const PRIVACIES: [PrivProtocol; 4] = [
    PrivProtocol::Des,
    PrivProtocol::Aes128,
    PrivProtocol::Aes192,
    PrivProtocol::Aes256,
];

fn user(name: &str, auth: Option<AuthProtocol>, privacy: Option<PrivProtocol>) -> UsmUser {
    UsmUser {
        name: name.to_owned(),
        auth: auth.map(|auth| (auth, Secret::new(AUTH))),
        privacy: privacy.map(|privacy| (privacy, Secret::new(PRIVATE))),
        context: String::new(),
    }
}

fn access(user: &UsmUser) -> UsmAccess {
    UsmAccess {
        credential: Arc::new(UsmCredential::derive(user).expect("valid")),
        engines: Vec::new(),
        first_contact: true,
    }
}

/// Every user, as configuration for snmpd and as ours.
fn users() -> (String, Vec<UsmUser>) {
    let mut config = PRINTER.replace("rocommunity public\n", "");
    config += "createUser nothing\nrouser nothing noauth\n";
    let mut users = vec![user("nothing", None, None)];
    // As net-snmp writes them.
    let theirs = |name: &str| match name {
        "SHA-1" => "SHA".to_owned(),
        "AES-128" => "AES".to_owned(),
        other => other.to_owned(),
    };
    let (auth_pass, private) = (
        String::from_utf8_lossy(AUTH),
        String::from_utf8_lossy(PRIVATE),
    );
    for auth in AuthProtocol::ALL {
        let their_auth = theirs(auth.name());
        let name = format!("u-{their_auth}");
        let _ = writeln!(config, "createUser {name} {their_auth} \"{auth_pass}\"");
        let _ = writeln!(config, "rouser {name} auth");
        users.push(user(&name, Some(auth), None));
        for privacy in PRIVACIES {
            let their_privacy = theirs(privacy.name());
            let name = format!("u-{their_auth}-{their_privacy}");
            let _ = writeln!(
                config,
                "createUser {name} {their_auth} \"{auth_pass}\" {their_privacy} \"{private}\""
            );
            let _ = writeln!(config, "rouser {name} priv");
            users.push(user(&name, Some(auth), Some(privacy)));
        }
    }
    (config, users)
}

fn config(users: Vec<UsmAccess>) -> ScanConfig {
    ScanConfig {
        communities: Vec::new(),
        users,
        timeout: Duration::from_millis(2_000),
        retries: 1,
        ..ScanConfig::default()
    }
}

/// Gives the plan, and tells what it was told to remember.
#[derive(Default)]
struct Memory {
    memory: Option<DeviceMemory>,
    engine: Option<KnownEngine>,
}

impl Guide for Memory {
    fn plan(&mut self, _address: SocketAddr) -> Box<dyn Plan> {
        Box::new(SystemGroup(false))
    }

    fn known(&mut self, _address: SocketAddr) -> Option<Known> {
        let memory = self.memory.clone()?;
        Some(Known {
            memory,
            ..Known::default()
        })
    }

    fn engine(&mut self, _address: SocketAddr) -> Option<KnownEngine> {
        self.engine.clone()
    }
}

fn scan_one(address: SocketAddr, config: &ScanConfig, guide: &mut Memory) -> Vec<ScanEvent> {
    let mut events = Vec::new();
    let mut on_event = |event| {
        if !matches!(
            event,
            ScanEvent::Progress { .. } | ScanEvent::Touched { .. }
        ) {
            events.push(event);
        }
    };
    let cancel = Cancel::new();
    scan_with([address], config, guide, &cancel, &mut on_event).expect("this machine can scan");
    events
}

fn refusal(events: &[ScanEvent]) -> &RefusalReason {
    match events {
        [ScanEvent::Refused { reason, .. }] => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn snmpd_is_read_over_each_authentication_and_privacy_that_it_has() {
    let (snmpd_config, users) = users();
    let Some(snmpd) = Snmpd::start(&snmpd_config) else {
        return;
    };
    assert_eq!(users.len(), 1 + 6 + 6 * 4);
    for user in &users {
        let config = config(vec![access(user)]);
        let events = scan_one(snmpd.address, &config, &mut Memory::default());
        let [
            ScanEvent::Found { .. },
            ScanEvent::Read {
                version,
                answers,
                ending,
                engine,
                ..
            },
        ] = &events[..]
        else {
            panic!("{}: {events:?}", user.name);
        };
        assert_eq!((*version, *ending), (Version::V3, Ending::Complete));
        assert_system_group(answers);
        assert_eq!(engine.is_some(), user.auth.is_some(), "{}", user.name);
    }
}

#[test]
fn snmpd_says_what_it_has_against_a_user_and_the_next_one_is_tried() {
    let (snmpd_config, _) = users();
    let Some(snmpd) = Snmpd::start(&snmpd_config) else {
        return;
    };
    let sha = Some(AuthProtocol::Sha1);
    let aes = Some(PrivProtocol::Aes128);
    let mut wrong = user("u-SHA-AES", sha, aes);
    wrong.auth = Some((AuthProtocol::Sha1, Secret::new(*b"something else")));
    let mut private = user("u-SHA-AES", sha, aes);
    private.privacy = Some((PrivProtocol::Aes128, Secret::new(*b"something else")));
    for (user, expected) in [
        (user("nobody", sha, None), Some(ReportReason::UnknownUser)),
        (wrong.clone(), Some(ReportReason::WrongDigest)),
        // net-snmp takes what it decrypts to nonsense for damage, and is silent.
        (private, None),
        (
            user("u-SHA", sha, aes),
            Some(ReportReason::UnsupportedSecurityLevel),
        ),
    ] {
        let config = ScanConfig {
            timeout: Duration::from_millis(500),
            ..config(vec![access(&user)])
        };
        let events = scan_one(snmpd.address, &config, &mut Memory::default());
        let reason = refusal(&events);
        let RefusalReason::User { report, .. } = reason else {
            panic!("{reason:?}");
        };
        assert_eq!(report, &expected, "{}", user.name);
        if let Some(expected) = expected {
            assert!(reason.to_string().contains(&expected.to_string()));
        }
    }
    // Who is refused makes room for the next.
    let config = config(vec![access(&wrong), access(&user("u-SHA-AES", sha, aes))]);
    let events = scan_one(snmpd.address, &config, &mut Memory::default());
    let last = events.last();
    let Some(ScanEvent::Read {
        community_index,
        ending,
        ..
    }) = last
    else {
        panic!("{events:?}");
    };
    assert_eq!((*community_index, *ending), (1, Ending::Complete));
}

#[test]
fn credentials_go_to_no_engine_that_nobody_vouches_for() {
    let (snmpd_config, _) = users();
    let Some(snmpd) = Snmpd::start(&snmpd_config) else {
        return;
    };
    let reader = user(
        "u-SHA-AES",
        Some(AuthProtocol::Sha1),
        Some(PrivProtocol::Aes128),
    );
    let allowed = access(&reader);
    let careful = UsmAccess {
        first_contact: false,
        ..allowed.clone()
    };
    // Nobody knows the engine.
    let events = scan_one(
        snmpd.address,
        &config(vec![careful.clone()]),
        &mut Memory::default(),
    );
    let RefusalReason::NotTrusted { engine_id } = refusal(&events) else {
        panic!("{events:?}");
    };
    // The list vouches for it.
    let listed = UsmAccess {
        engines: vec![engine_id.clone()],
        ..careful.clone()
    };
    let events = scan_one(snmpd.address, &config(vec![listed]), &mut Memory::default());
    let Some(ScanEvent::Read {
        engine: Some(engine),
        memory,
        ..
    }) = events.last()
    else {
        panic!("{events:?}");
    };
    assert_eq!(&engine.engine_id, engine_id);
    // That it was authentic here before vouches for it, and spares the discovery.
    let mut guide = Memory {
        memory: Some(DeviceMemory::clone(memory)),
        engine: Some(engine.clone()),
    };
    let events = scan_one(snmpd.address, &config(vec![careful.clone()]), &mut guide);
    let [ScanEvent::Found { .. }, ScanEvent::Read { ending, .. }] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(*ending, Ending::Complete);
    // Another engine has the address by now: it gets nothing.
    guide.engine = Some(KnownEngine {
        engine_id: b"another engine".to_vec(),
        ..engine.clone()
    });
    let events = scan_one(snmpd.address, &config(vec![careful]), &mut guide);
    let reason = refusal(&events);
    assert!(
        matches!(reason, RefusalReason::NotTrusted { .. }),
        "{reason:?}"
    );
}

#[test]
fn one_device_is_read_and_walked_as_a_user_at_a_trusted_engine_alone() {
    let (snmpd_config, users) = users();
    let Some(snmpd) = Snmpd::start(&snmpd_config) else {
        return;
    };
    let cancel = Cancel::new();
    let quick = ScanConfig {
        timeout: Duration::from_millis(400),
        communities: vec![b"not asked with".to_vec()],
        ..config(Vec::new())
    };
    let sha_aes = user(
        "u-SHA-AES",
        Some(AuthProtocol::Sha1),
        Some(PrivProtocol::Aes128),
    );
    let roots = ["1.3.6.1.2.1.1".parse().expect("valid")];
    for user in [&users[0], &sha_aes] {
        let trusting = access(user);
        let read = |user: &UsmAccess| {
            let plan: Box<dyn Plan> = Box::new(SystemGroup(false));
            let credentials = Credentials::User(user);
            read_one(snmpd.address, credentials, &quick, plan, &cancel).expect("can send")
        };
        let walk = |user: &UsmAccess| {
            let target = WalkTarget {
                address: snmpd.address,
                credentials: Credentials::User(user),
                roots: &roots,
                limits: WalkLimits::default(),
            };
            let nothing = Answers::default();
            walk_one(&target, &quick, nothing, &cancel, &mut |_| {}).expect("can send")
        };
        let had = read(&trusting);
        assert_eq!(had.ending, Ending::Complete, "{}", user.name);
        assert_system_group(&had.answers);
        let walked = walk(&trusting);
        assert_eq!(walked.ending, Ending::Complete, "{}", user.name);
        assert_system_group(&walked.answers);
        // The engine is not on the list: nothing but discoveries goes there.
        let careful = UsmAccess {
            first_contact: false,
            engines: vec![b"another engine".to_vec()],
            ..trusting
        };
        assert_eq!(read(&careful).ending, Ending::WentSilent);
        assert_eq!(walk(&careful).ending, Ending::WentSilent);
    }
    // Whom the engine refuses is not taken for silent.
    let stranger = access(&user("nobody", Some(AuthProtocol::Sha1), None));
    let plan: Box<dyn Plan> = Box::new(SystemGroup(false));
    let credentials = Credentials::User(&stranger);
    let read = read_one(snmpd.address, credentials, &quick, plan, &cancel).expect("can send");
    assert_eq!(read.ending, Ending::Refused);
}

#[test]
fn a_device_that_answers_a_community_is_not_asked_as_a_user() {
    let (snmpd_config, users) = users();
    let snmpd_config = format!("rocommunity public\n{snmpd_config}");
    let Some(snmpd) = Snmpd::start(&snmpd_config) else {
        return;
    };
    let config = ScanConfig {
        communities: vec![b"public".to_vec()],
        ..config(vec![access(&users[1])])
    };
    let events = scan_one(snmpd.address, &config, &mut Memory::default());
    let Some(ScanEvent::Read { version, .. }) = events.last() else {
        panic!("{events:?}");
    };
    assert_eq!(*version, Version::V2c);
}
