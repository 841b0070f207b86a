//! The key files when the machine dies at any call to the disk.

mod shown;

use super::copies::next_of;
use super::custody::{CREDENTIAL, MIN_CREDENTIAL, MIN_PASSPHRASE};
use super::recovery::LETTERS;
use super::ring::MAX_DEVICES;
use super::root::{MEMORY_KIB, PASSES};
use super::{
    AskPassphrase, DeviceClues, KeyCustody, KeyId, KeyPlaces, KeySources, KeyVault, Keyring,
    Purpose,
};
use crate::disk::double::{die_after, may_go_on};
use crate::error::{KeyFileError, StoreError};
use pagetally_model::Timestamp;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use zeroize::Zeroizing;

fn now() -> Timestamp {
    Timestamp::from_unix_millis(1_800_000_000_000)
}

fn places(folder: &Path) -> KeyPlaces {
    KeyPlaces {
        root: folder.join("root.key"),
        keys: folder.join("keys"),
    }
}

fn open(folder: &Path, sources: &KeySources) -> Result<Keyring, StoreError> {
    Keyring::open(&places(folder), sources, true, now())
}

fn made(folder: &Path, sources: &KeySources) -> Keyring {
    Keyring::open(&places(folder), sources, false, now()).expect("made")
}

fn device(serial: &str) -> DeviceClues {
    DeviceClues {
        serial: Some(serial.to_owned()),
        ..DeviceClues::default()
    }
}

fn key_of(ring: &Keyring, serial: &str) -> KeyId {
    ring.of_devices(Purpose::Audit, &[device(serial)], now())
        .expect("durable")[0]
        .id
}

/// A keyring as an operating system has one: what it holds is elsewhere.
#[derive(Default)]
struct Vault(Mutex<BTreeMap<String, String>>);

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    fn secrets(&self) -> BTreeMap<String, String> {
        self.0.lock().expect("nobody panicked").clone()
    }
}

impl KeyVault for Vault {
    fn is_there(&self) -> bool {
        true
    }

    fn put(&self, name: &str, secret: &str) -> io::Result<()> {
        may_go_on()?;
        let mut all = self.0.lock().expect("nobody panicked");
        all.insert(name.to_owned(), secret.to_owned());
        Ok(())
    }

    fn get(&self, name: &str) -> io::Result<Option<Zeroizing<String>>> {
        Ok(self.secrets().get(name).cloned().map(Zeroizing::new))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        may_go_on()?;
        self.0.lock().expect("nobody panicked").remove(name);
        Ok(())
    }
}

fn with_vault() -> (KeySources, Arc<Vault>) {
    let vault = Arc::new(Vault::default());
    let sources = KeySources {
        vault: Some(vault.clone()),
        ..KeySources::default()
    };
    (sources, vault)
}

fn with_passphrase(words: &'static str) -> KeySources {
    KeySources {
        passphrase: Some(AskPassphrase::new(move || {
            Ok(Zeroizing::new(words.to_owned()))
        })),
        ..KeySources::default()
    }
}

/// A change of the keys, for letting the machine die in it.
type Change = fn(&Keyring) -> Result<(), StoreError>;

/// Lets the machine die before each call to the disk that `change` makes. Whenever it does, the
/// keys open again, and what must not be lost is there.
fn survives(sources: &KeySources, change: Change, check: fn(&Keyring, &[KeyId])) -> usize {
    for calls in 0.. {
        let folder = tempfile::tempdir().expect("a folder");
        let ring = made(folder.path(), sources);
        let keys = [key_of(&ring, "SERIAL-1"), key_of(&ring, "SERIAL-2")];
        die_after(Some(calls));
        let changed = change(&ring);
        die_after(None);
        drop(ring);
        let again = open(folder.path(), sources).expect("it opens whenever the machine died");
        check(&again, &keys);
        assert_eq!(again.worn, Vec::<std::path::PathBuf>::new());
        assert!(!next_of(&places(folder.path()).root).exists());
        key_of(&again, "SERIAL-3");
        open(folder.path(), sources).expect("and opens again");
        if changed.is_ok() {
            return calls;
        }
    }
    unreachable!("it succeeds when the machine lives long enough")
}

fn both_are_there(ring: &Keyring, keys: &[KeyId]) {
    assert!(keys.iter().all(|key| ring.find(*key).is_some()));
}

#[test]
fn a_root_rotation_that_dies_at_any_call_leaves_keys_that_open() {
    let rotate: Change = |ring| ring.rotate_root(None, now()).map(|_| ());
    let calls = survives(&KeySources::default(), rotate, both_are_there);
    assert!(calls > 10, "the disk was called {calls} times");
    survives(&with_vault().0, rotate, both_are_there);
}

#[test]
fn another_keeper_dying_at_any_call_leaves_keys_that_open() {
    let (sources, vault) = with_vault();
    survives(
        &sources,
        |ring| {
            ring.rotate_root(Some(KeyCustody::KeyFile), now())
                .map(|_| ())
        },
        both_are_there,
    );
    // What the keyring still has belongs to folders that died half way, never to the last one.
    let folder = tempfile::tempdir().expect("a folder");
    let before = vault.secrets().len();
    let ring = made(folder.path(), &sources);
    assert_eq!(ring.status().custody, KeyCustody::OsKeyring);
    ring.rotate_root(Some(KeyCustody::KeyFile), now())
        .expect("rotated");
    assert_eq!(vault.secrets().len(), before);
    drop(ring);
    let ring = open(folder.path(), &KeySources::default()).expect("the file is enough");
    assert_eq!(ring.status().custody, KeyCustody::KeyFile);
}

#[test]
fn a_data_key_rotation_dying_at_any_call_loses_no_key_that_is_needed() {
    survives(
        &KeySources::default(),
        |ring| ring.begin_rotation(now()),
        both_are_there,
    );
    survives(
        &KeySources::default(),
        |ring| {
            ring.begin_rotation(now())?;
            ring.finish_rotation(now()).map(|_| ())
        },
        |ring, keys| {
            // Either the old keys are there, or the rotation was over.
            let there = keys.iter().filter(|key| ring.find(**key).is_some()).count();
            assert!(there == 2 || (there == 0 && ring.status().retiring == 0));
        },
    );
}

#[test]
fn an_erasing_that_dies_at_any_call_has_erased_or_has_not() {
    survives(
        &KeySources::default(),
        |ring| {
            let gone = ring.keys_of(&ring.possible(&device("SERIAL-1")));
            ring.erase(&gone, now()).map(|_| ())
        },
        |ring, keys| {
            assert!(
                ring.find(keys[1]).is_some(),
                "the other device is not touched"
            );
            assert_ne!(ring.find(keys[0]).is_some(), ring.is_erased(keys[0]));
        },
    );
}

#[test]
fn a_device_erased_opens_in_no_old_copy_of_the_key_file() {
    for sources in [KeySources::default(), with_vault().0] {
        let folder = tempfile::tempdir().expect("a folder");
        let ring = made(folder.path(), &sources);
        let key = key_of(&ring, "SERIAL-1");
        let mut copies = vec![std::fs::read(folder.path().join("keys")).expect("there")];
        ring.rotate_root(None, now()).expect("rotated");
        copies.push(std::fs::read(folder.path().join("keys")).expect("there"));
        key_of(&ring, "SERIAL-2");
        copies.push(std::fs::read(folder.path().join("keys")).expect("there"));
        ring.erase(&[key], now()).expect("erased");
        let whole = std::fs::read(folder.path().join("keys")).expect("there");
        for copy in copies {
            std::fs::write(folder.path().join("keys"), copy).expect("written");
            let error = open(folder.path(), &sources).expect_err("it opens nothing");
            assert!(
                matches!(error, StoreError::Key(KeyFileError::Wrong { .. })),
                "{error}"
            );
        }
        std::fs::write(folder.path().join("keys"), whole).expect("written");
        let ring = open(folder.path(), &sources).expect("opens");
        assert!(ring.find(key).is_none() && ring.is_erased(key));
        assert_ne!(key_of(&ring, "SERIAL-1"), key);
    }
}

#[test]
fn a_keyring_wraps_the_root_key_and_its_absence_is_told() {
    let (sources, vault) = with_vault();
    let folder = tempfile::tempdir().expect("a folder");
    key_of(&made(folder.path(), &sources), "SERIAL-1");
    let line = std::fs::read_to_string(folder.path().join("root.key")).expect("text");
    assert!(
        line.starts_with("pagetally-root-key 2 os-keyring "),
        "{line}"
    );
    for secret in vault.secrets().values() {
        assert!(!line.contains(secret));
    }
    let error = open(folder.path(), &KeySources::default()).expect_err("no keyring");
    assert!(
        matches!(&error, StoreError::Key(KeyFileError::KeeperAbsent { custody, .. })
            if *custody == KeyCustody::OsKeyring),
        "{error}"
    );
    let entry = vault.secrets().keys().next().cloned().expect("an entry");
    vault.put(&entry, &"ab".repeat(32)).expect("kept");
    let before = std::fs::read(folder.path().join("root.key")).expect("there");
    let error = open(folder.path(), &sources).expect_err("another secret");
    assert!(
        matches!(error, StoreError::Key(KeyFileError::WrongSecret { .. })),
        "{error}"
    );
    let after = std::fs::read(folder.path().join("root.key")).expect("there");
    assert_eq!(before, after, "nothing was destroyed");
    let (other, _) = with_vault();
    let error = open(folder.path(), &other).expect_err("no entry");
    assert!(
        error.to_string().contains("no secret for this store"),
        "{error}"
    );
}

#[test]
fn a_passphrase_wraps_the_root_key_and_a_wrong_one_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let sources = with_passphrase("four words are enough");
    let ring = made(folder.path(), &sources);
    assert_eq!(ring.status().custody, KeyCustody::Passphrase);
    let line = std::fs::read_to_string(folder.path().join("root.key")).expect("text");
    assert!(
        line.contains(" passphrase argon2id,m=65536,t=3,p=1,salt="),
        "{line}"
    );
    open(folder.path(), &sources).expect("opens");
    let error = open(folder.path(), &with_passphrase("four other words here")).expect_err("wrong");
    assert!(matches!(
        error,
        StoreError::Key(KeyFileError::WrongSecret { .. })
    ));
    let error = open(folder.path(), &KeySources::default()).expect_err("nobody gives one");
    assert!(matches!(
        error,
        StoreError::Key(KeyFileError::KeeperAbsent { .. })
    ));
    let error = open(folder.path(), &with_passphrase("short")).expect_err("too short");
    assert!(matches!(
        error,
        StoreError::Key(KeyFileError::KeeperAbsent { .. })
    ));
}

#[test]
fn a_systemd_credential_comes_first_and_must_be_the_same_one() {
    let credentials = tempfile::tempdir().expect("a folder");
    let folder = tempfile::tempdir().expect("a folder");
    let sources = KeySources {
        credentials: Some(credentials.path().to_owned()),
        ..with_passphrase("four words are enough")
    };
    assert_eq!(sources.first(), KeyCustody::Passphrase, "there is none yet");
    let file = credentials.path().join(CREDENTIAL);
    std::fs::write(&file, "s".repeat(31)).expect("written");
    Keyring::open(&places(folder.path()), &sources, false, now()).expect_err("too short");
    std::fs::write(&file, "s".repeat(32)).expect("written");
    let ring = made(folder.path(), &sources);
    assert_eq!(ring.status().custody, KeyCustody::SystemdCredential);
    open(folder.path(), &sources).expect("opens");
    std::fs::write(&file, "t".repeat(32)).expect("written");
    let error = open(folder.path(), &sources).expect_err("another credential");
    assert!(matches!(
        error,
        StoreError::Key(KeyFileError::WrongSecret { .. })
    ));
    std::fs::remove_file(&file).expect("removed");
    let error = open(folder.path(), &sources).expect_err("no credential");
    assert!(
        error.to_string().contains("kept by systemd-credential"),
        "a passphrase is no stand-in: {error}"
    );
    std::fs::write(&file, "s".repeat(32)).expect("written");
    open(folder.path(), &sources).expect("nothing was destroyed");
}

#[test]
fn a_new_store_takes_the_first_keeper_that_is_there() {
    let credentials = tempfile::tempdir().expect("a folder");
    std::fs::write(credentials.path().join(CREDENTIAL), "s".repeat(32)).expect("written");
    let mut sources = KeySources {
        credentials: Some(credentials.path().to_owned()),
        ..with_passphrase("four words are enough")
    };
    sources.vault = with_vault().0.vault;
    let without: [fn(&mut KeySources); 3] = [
        |sources| sources.credentials = None,
        |sources| sources.vault = None,
        |sources| sources.passphrase = None,
    ];
    let mut found = vec![];
    for gone in without {
        let folder = tempfile::tempdir().expect("a folder");
        found.push(made(folder.path(), &sources).status().custody);
        gone(&mut sources);
    }
    let folder = tempfile::tempdir().expect("a folder");
    found.push(made(folder.path(), &sources).status().custody);
    let order = [
        KeyCustody::SystemdCredential,
        KeyCustody::OsKeyring,
        KeyCustody::Passphrase,
        KeyCustody::KeyFile,
    ];
    assert_eq!(found, order);
}

#[test]
fn ten_thousand_devices_get_their_keys_in_one_write() {
    let folder = tempfile::tempdir().expect("a folder");
    let ring = made(folder.path(), &KeySources::default());
    let devices: Vec<_> = (0..10_000)
        .map(|number| device(&format!("SERIAL-{number:05}")))
        .collect();
    die_after(Some(6));
    ring.of_devices(Purpose::Audit, &devices, now())
        .expect("six calls to the disk: create, two lines, sync, rename, sync of the folder");
    die_after(Some(0));
    ring.of_devices(Purpose::Audit, &devices, now())
        .expect("known devices cost none");
    die_after(None);
    let bytes = std::fs::metadata(folder.path().join("keys"))
        .expect("there")
        .len();
    assert!(bytes < 9_000_000, "{bytes} bytes for 10,000 devices, twice");
}

/// Names and numbers on the page for whoever has to trust the store.
#[test]
fn the_page_on_security_names_what_the_code_does() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/security.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let keepers: Vec<&str> = page
        .lines()
        .skip_while(|line| !line.starts_with("| keeper |"))
        .skip(2)
        .map_while(|line| line.strip_prefix("| `"))
        .filter_map(|row| row.split('`').next())
        .collect();
    let known = [
        KeyCustody::SystemdCredential,
        KeyCustody::OsKeyring,
        KeyCustody::Passphrase,
        KeyCustody::KeyFile,
    ];
    assert_eq!(
        keepers,
        known.map(KeyCustody::as_str),
        "in the order of the search"
    );
    let thousands = format!("{},{:03}", MAX_DEVICES / 1_000, MAX_DEVICES % 1_000);
    for stated in [
        format!("`{CREDENTIAL}`, at least {MIN_CREDENTIAL} random bytes"),
        format!("{MIN_PASSPHRASE} bytes or more"),
        format!("Argon2id with {MEMORY_KIB} KiB, {PASSES} passes"),
        format!("a code of {} random bits", LETTERS * 5),
        format!("After {thousands} devices"),
    ] {
        assert!(page.contains(&stated), "the page does not say {stated:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_key_file_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let folder = tempfile::tempdir().expect("a folder");
        made(folder.path(), &KeySources::default());
        for name in ["keys", "root.key"] {
            let whole = std::fs::read(folder.path().join(name)).expect("there");
            std::fs::write(folder.path().join(name), &bytes).expect("written");
            prop_assert!(open(folder.path(), &KeySources::default()).is_err());
            let mut longer = whole.clone();
            longer.extend(&bytes);
            std::fs::write(folder.path().join(name), &longer).expect("written");
            let _ = open(folder.path(), &KeySources::default());
            std::fs::write(folder.path().join(name), &whole).expect("written");
        }
        open(folder.path(), &KeySources::default()).expect("it was put back");
    }
}
