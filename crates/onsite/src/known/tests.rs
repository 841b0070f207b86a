//! What is due when, under which name a device is remembered, and which documents are refused.

use super::documents::{AddressesDocument, FORMAT, Standing, Unusable, parse, write};
use super::*;
use pagetally_store::{OpenOptions, Store};

const DAY: Duration = Duration::from_secs(86_400);
const HOUR_MILLIS: i64 = 3_600_000;

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let now = Timestamp::from_unix_millis(1_800_000_000_000);
    let store = Store::open(folder.path(), &OpenOptions::new(now)).expect("opens");
    (folder, store)
}

fn address(last: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], 161))
}

#[test]
fn everybody_is_read_in_full_within_the_time_and_not_all_in_one_pass() {
    let (_folder, store) = store();
    let remembered = Remembered::open(store.cache(), DAY);
    let read_at = Timestamp::from_unix_millis(1_800_000_000_000);
    let mut due = [0_u32; 25];
    for device in 0..1_000 {
        let owner = format!("serial hp {device}");
        let first = (0..25).find(|hour| {
            let now = Timestamp::from_unix_millis(read_at.unix_millis() + hour * HOUR_MILLIS);
            remembered.is_due(&owner, read_at, now)
        });
        let first = usize::try_from(first.expect("within the day")).expect("small");
        due[first] += 1;
    }
    assert_eq!(due[..18].iter().sum::<u32>(), 0, "{due:?}");
    assert!(due.iter().all(|devices| *devices < 250), "{due:?}");
}

#[test]
fn a_clock_that_was_set_back_makes_a_full_read_due() {
    let (_folder, store) = store();
    let remembered = Remembered::open(store.cache(), DAY);
    let read_at = Timestamp::from_unix_millis(1_800_000_000_000);
    let before = Timestamp::from_unix_millis(read_at.unix_millis() - 1);
    assert!(!remembered.is_due("serial hp 1", read_at, read_at));
    assert!(remembered.is_due("serial hp 1", read_at, before));
    let always = Remembered::open(store.cache(), Duration::ZERO);
    assert!(always.is_due("serial hp 1", read_at, read_at));
}

#[test]
fn a_device_is_remembered_by_its_best_evidence() {
    let mut evidence = Evidence {
        maker: "hp".to_owned(),
        serial: Some("SN1".to_owned()),
        mac: Some("001BA9010203".to_owned()),
        engine_id: Some("8000000B".to_owned()),
    };
    assert_eq!(owner(&evidence, address(1)), "serial hp SN1");
    evidence.serial = None;
    assert_eq!(owner(&evidence, address(1)), "mac 001BA9010203");
    evidence.mac = None;
    assert_eq!(owner(&evidence, address(1)), "engine-id 8000000B");
    evidence.engine_id = None;
    assert_eq!(owner(&evidence, address(1)), "address 192.0.2.1:161");
}

#[test]
fn a_document_of_another_format_is_refused_by_number_and_rubbish_as_such() {
    let standing = Standing {
        owner: "serial hp 1".to_owned(),
        right: 7,
        seen: Timestamp::from_unix_millis(1_800_000_000_000),
    };
    let addresses = BTreeMap::from([(address(1), standing)]);
    let bytes = write(&AddressesDocument::new(addresses)).expect("written");
    let read: AddressesDocument = parse(&bytes).expect("its own");
    assert!(read.addresses.contains_key(&address(1)));
    let newer = String::from_utf8(bytes).expect("JSON");
    let newer = newer.replace("\"format\":1", "\"format\":2");
    let error = parse::<AddressesDocument>(newer.as_bytes()).expect_err("newer");
    assert!(
        matches!(error, Unusable::OtherFormat { found: 2 }),
        "{error}"
    );
    assert_eq!(FORMAT, 1);
    for rubbish in [
        "",
        "{}",
        "[1]",
        "{\"format\":1}",
        "{\"format\":1,\"addresses\":{\"x\":1}}",
    ] {
        let error = parse::<AddressesDocument>(rubbish.as_bytes()).expect_err(rubbish);
        assert!(matches!(error, Unusable::Unreadable(_)), "{error}");
    }
}

#[test]
fn who_has_not_been_seen_for_long_is_forgotten_with_all_that_was_kept() {
    let (_folder, store) = store();
    let cache = store.cache();
    let now = Timestamp::from_unix_millis(1_800_000_000_000);
    let seen = |days: i64| Timestamp::from_unix_millis(now.unix_millis() - days * 24 * HOUR_MILLIS);
    let remembered = Remembered::open(cache, DAY);
    for (last, days) in [(1, 44), (2, 46)] {
        let owner = format!("serial hp {last}");
        cache.put(&owner, LATEST, b"x").expect("kept");
        let standing = Standing {
            owner,
            right: 7,
            seen: seen(days),
        };
        let mut inner = remembered.inner.borrow_mut();
        inner.addresses.insert(address(last), standing);
    }
    remembered.close(now);
    assert!(
        cache
            .get("serial hp 1", LATEST)
            .expect("readable")
            .is_some()
    );
    assert!(
        cache
            .get("serial hp 2", LATEST)
            .expect("readable")
            .is_none()
    );
    let again = Remembered::open(cache, DAY);
    let known: Vec<SocketAddr> = again.inner.borrow().addresses.keys().copied().collect();
    assert_eq!(known, [address(1)]);
}
