//! SNMPv3: the users of a site, and the engines that have authenticated themselves.

use crate::neighbours;
use pagetally_model::{SnmpUser, Timestamp};
use pagetally_snmp::{KnownEngine, UsmAccess};
use pagetally_snmp_engine::usm::{Secret, UsmCredential, UsmUser};
use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// The version of the document that engines are kept in.
const FORMAT: u32 = 1;

/// Ceiling on engines that are kept: more printers than one agent reads, in less than the store takes
/// as one piece of state (1 MiB).
const MAX_ENGINES: usize = 10_000;

/// Ceiling on the document's size: the store's.
const MAX_BYTES: usize = 1 << 20;

/// A clock that is wrong by so much, in seconds, is written down again: half of the window that an
/// engine allows (RFC 3414 section 2.2.3).
const DRIFT: u64 = 75;

/// The users of settings with their keys, each derived once. Whoever cannot be one, which checked
/// settings have none of, is left out and logged.
pub(crate) fn users(users: &[SnmpUser]) -> Vec<UsmAccess> {
    let access = |user: &SnmpUser| match derive(user) {
        Ok(credential) => Some(UsmAccess {
            credential: Arc::new(credential),
            engines: user.engine_ids(),
            first_contact: user.first_contact,
        }),
        Err(reason) => {
            tracing::warn!(user = %user.user, %reason, "an SNMPv3 user is left out");
            None
        }
    };
    users.iter().filter_map(access).collect()
}

fn derive(user: &SnmpUser) -> Result<UsmCredential, String> {
    let mut usm = UsmUser {
        name: user.user.clone(),
        auth: None,
        privacy: None,
        context: user.context.clone(),
    };
    let secret = |text: &str| Secret::new(text.as_bytes());
    if let Some(auth) = &user.auth {
        let protocol = auth.protocol.parse();
        let protocol = protocol.map_err(|error| format!("{error}"))?;
        usm.auth = Some((protocol, secret(auth.passphrase.expose())));
    }
    if let Some(privacy) = &user.privacy {
        let protocol = privacy.protocol.parse();
        let protocol = protocol.map_err(|error| format!("{error}"))?;
        usm.privacy = Some((protocol, secret(privacy.passphrase.expose())));
    }
    UsmCredential::derive(&usm).map_err(|error| error.to_string())
}

/// The engines that have authenticated themselves, by the address that they did it at, with the MAC
/// that the address had. Kept across passes, sealed in the agent's store.
///
/// It holds no secret; who could change it could have credentials sent to a host of his choice.
#[derive(Debug, Default)]
pub struct EngineMemory {
    engines: RefCell<BTreeMap<IpAddr, Entry>>,
    changed: Cell<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    engine: Vec<u8>,
    user: String,
    boots: u32,
    /// When snmpEngineTime was 0, in seconds of Unix time.
    started: i64,
    mac: Option<String>,
}

/// As it is stored: one short list an engine, because there may be thousands.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    format: u32,
    /// Address, engine id in hexadecimal digits, user, boots, start, MAC.
    engines: Vec<(IpAddr, String, String, u32, i64, Option<String>)>,
}

impl EngineMemory {
    /// Reads what [`to_bytes`](Self::to_bytes) wrote; of what cannot be read, nothing is known.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let document = serde_json::from_slice::<Document>(bytes).ok();
        let document = document.filter(|document| document.format == FORMAT);
        if document.is_none() {
            tracing::warn!("what was known of SNMPv3 engines cannot be read; they are met anew");
        }
        let entries = document.map_or_else(Vec::new, |document| document.engines);
        let entries = entries.into_iter().filter_map(|entry| {
            let (address, engine, user, boots, started, mac) = entry;
            let engine = hex::decode(engine).ok()?;
            let entry = Entry {
                engine,
                user,
                boots,
                started,
                mac,
            };
            Some((address, entry))
        });
        Self {
            engines: RefCell::new(entries.take(MAX_ENGINES).collect()),
            changed: Cell::new(false),
        }
    }

    /// What is to be stored; nothing where that is what was read. What does not fit is left out.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        if !self.changed.get() {
            return None;
        }
        let engines = self.engines.borrow();
        let mut document = Document {
            format: FORMAT,
            engines: engines
                .iter()
                .map(|(address, entry)| {
                    (
                        *address,
                        hex::encode(&entry.engine),
                        entry.user.clone(),
                        entry.boots,
                        entry.started,
                        entry.mac.clone(),
                    )
                })
                .collect(),
        };
        loop {
            let bytes = serde_json::to_vec(&document).ok()?;
            if bytes.len() <= MAX_BYTES {
                return Some(bytes);
            }
            document.engines.truncate(document.engines.len() * 9 / 10);
        }
    }

    /// How many engines are known.
    pub fn len(&self) -> usize {
        self.engines.borrow().len()
    }

    /// Each with the address that it authenticated itself at.
    pub(crate) fn by_address(&self) -> Vec<(IpAddr, Vec<u8>)> {
        let engines = self.engines.borrow();
        let engines = engines.iter();
        engines
            .map(|(address, entry)| (*address, entry.engine.clone()))
            .collect()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.engines.borrow().is_empty()
    }

    /// The engine that authenticated itself at this address, unless the address has another MAC by now.
    pub(crate) fn engine(
        &self,
        address: IpAddr,
        users: &[UsmAccess],
        now: Timestamp,
    ) -> Option<KnownEngine> {
        let engines = self.engines.borrow();
        let entry = engines.get(&address)?;
        let mac = entry.mac.as_ref().zip(neighbour_mac(address));
        if mac.is_some_and(|(before, now)| *before != now) {
            tracing::info!(%address, "another MAC: its SNMPv3 engine is not taken for the known one");
            return None;
        }
        let mut names = users.iter().map(|user| user.credential.name());
        let time = seconds(now).saturating_sub(entry.started);
        Some(KnownEngine {
            user_index: names.position(|name| name == entry.user)?,
            engine_id: entry.engine.clone(),
            boots: entry.boots,
            time: u32::try_from(time.max(0)).unwrap_or(u32::MAX),
        })
    }

    /// Keeps an engine that has authenticated itself.
    pub(crate) fn note(
        &self,
        address: IpAddr,
        known: &KnownEngine,
        users: &[UsmAccess],
        now: Timestamp,
    ) {
        let Some(user) = users.get(known.user_index) else {
            return;
        };
        let mut engines = self.engines.borrow_mut();
        let before = engines.get(&address);
        let entry = Entry {
            engine: known.engine_id.clone(),
            user: user.credential.name().to_owned(),
            boots: known.boots,
            started: seconds(now) - i64::from(known.time),
            mac: neighbour_mac(address),
        };
        let as_before = before.is_some_and(|before| {
            before.started.abs_diff(entry.started) < DRIFT
                && *before
                    == Entry {
                        started: before.started,
                        ..entry.clone()
                    }
        });
        if as_before || before.is_none() && engines.len() >= MAX_ENGINES {
            return;
        }
        engines.insert(address, entry);
        self.changed.set(true);
    }
}

/// The MAC that this machine's own neighbour table has for an address. Nothing is sent.
fn neighbour_mac(address: IpAddr) -> Option<String> {
    let IpAddr::V4(address) = address else {
        return None;
    };
    let mac = neighbours::read().get(&address).copied()?;
    Some(neighbours::mac_text(mac))
}

fn seconds(time: Timestamp) -> i64 {
    time.unix_millis().div_euclid(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagetally_model::{AUTH_PROTOCOLS, PRIV_PROTOCOLS};
    use pagetally_snmp_engine::usm::{AuthProtocol, PrivProtocol};
    use proptest::prelude::*;

    fn access() -> Vec<UsmAccess> {
        let text = "user open\n\nuser reader\nauth MD5 sentinel one\nengine 80001f8804616263";
        users(&SnmpUser::from_text(text, &[]).expect("valid"))
    }

    #[test]
    fn settings_and_engine_call_the_protocols_by_the_same_names() {
        assert_eq!(AUTH_PROTOCOLS, AuthProtocol::ALL.map(AuthProtocol::name));
        assert_eq!(PRIV_PROTOCOLS, PrivProtocol::ALL.map(PrivProtocol::name));
    }

    #[test]
    fn users_come_with_their_keys_and_their_engines() {
        let access = access();
        let shown = format!("{access:?}");
        assert!(!shown.contains("sentinel"), "{shown}");
        let [open, reader] = &access[..] else {
            panic!("{shown}");
        };
        assert!(open.engines.is_empty() && !reader.first_contact);
        assert_eq!(reader.engines, [b"\x80\x00\x1f\x88\x04abc"]);
    }

    #[test]
    fn an_engine_is_known_again_at_its_address_with_its_clock_running_on() {
        let access = access();
        let address: IpAddr = "192.0.2.7".parse().expect("valid");
        let at = |seconds: i64| Timestamp::from_unix_millis(seconds * 1_000);
        let known = KnownEngine {
            user_index: 1,
            engine_id: b"an engine".to_vec(),
            boots: 3,
            time: 500,
        };
        let memory = EngineMemory::default();
        assert_eq!(memory.to_bytes(), None, "nothing to store");
        memory.note(address, &known, &access, at(1_000_000));
        let bytes = memory.to_bytes().expect("changed");
        let memory = EngineMemory::from_bytes(&bytes);
        assert_eq!(memory.to_bytes(), None, "as it was read");
        let later = memory.engine(address, &access, at(1_003_600));
        let expected = KnownEngine {
            time: 4_100,
            ..known.clone()
        };
        assert_eq!(later, Some(expected));
        let elsewhere = "192.0.2.8".parse().expect("valid");
        assert_eq!(memory.engine(elsewhere, &access, at(1_000_000)), None);
        // Whose user is no more is not known.
        let left = access.get(..1).expect("two");
        assert_eq!(memory.engine(address, left, at(1_000_000)), None);
        // The same again is not written; a new start is.
        memory.note(address, &known, &access, at(1_000_001));
        assert_eq!(memory.to_bytes(), None);
        let restarted = KnownEngine { boots: 4, ..known };
        memory.note(address, &restarted, &access, at(1_000_001));
        assert!(memory.to_bytes().is_some());
    }

    #[test]
    fn what_is_kept_of_many_engines_fits_into_the_store() {
        let access = access();
        let memory = EngineMemory::default();
        for number in 0..20_000_u32 {
            let known = KnownEngine {
                user_index: 1,
                engine_id: vec![0xab; 32],
                boots: u32::MAX,
                time: number,
            };
            let address = std::net::Ipv6Addr::from_bits(u128::MAX - u128::from(number));
            let now = Timestamp::from_unix_millis(1_800_000_000_000);
            memory.note(address.into(), &known, &access, now);
        }
        assert_eq!(memory.len(), MAX_ENGINES);
        assert!(
            memory
                .to_bytes()
                .is_some_and(|bytes| bytes.len() <= MAX_BYTES)
        );
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = EngineMemory::from_bytes(&bytes);
        }
    }
}
