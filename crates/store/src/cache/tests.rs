//! What is kept, what is refused, and what a folder tells.

use super::*;
use crate::keys::Keyring;
use proptest::prelude::*;
use tempfile::TempDir;

const KNOWN: CacheSlot = CacheSlot::new("known");
const LAST: CacheSlot = CacheSlot::new("last");

fn cache() -> (TempDir, Keyring, Cache) {
    let folder = tempfile::tempdir().expect("a folder");
    let keyring = Keyring::in_memory().expect("random bytes");
    let cache = Cache::new(folder.path().join("cache"), &keyring.index());
    (folder, keyring, cache)
}

fn get(cache: &Cache, owner: &str, slot: CacheSlot) -> Option<Vec<u8>> {
    let found = cache.get(owner, slot).expect("readable");
    found.map(|bytes| bytes.to_vec())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let folders = entries(folder).expect("listed");
    folders
        .iter()
        .flat_map(|folder| entries(folder).expect("listed"))
        .collect()
}

#[test]
fn the_latest_bytes_of_each_slot_are_had_again() {
    let (_folder, _, cache) = cache();
    assert_eq!(get(&cache, "serial hp 1", KNOWN), None);
    cache.put("serial hp 1", KNOWN, b"one").expect("kept");
    cache.put("serial hp 1", LAST, b"two").expect("kept");
    cache.put("serial hp 1", KNOWN, b"three").expect("kept");
    assert_eq!(
        get(&cache, "serial hp 1", KNOWN).as_deref(),
        Some(&b"three"[..])
    );
    assert_eq!(
        get(&cache, "serial hp 1", LAST).as_deref(),
        Some(&b"two"[..])
    );
    assert_eq!(get(&cache, "serial hp 2", KNOWN), None);
    cache.put_synced("traps", KNOWN, b"four").expect("kept");
    cache.put_synced("traps", KNOWN, b"five").expect("kept");
    assert_eq!(get(&cache, "traps", KNOWN).as_deref(), Some(&b"five"[..]));
}

#[test]
fn an_owner_that_is_forgotten_leaves_no_file_and_others_stay() {
    let (folder, _, cache) = cache();
    for owner in ["a", "b", "c"] {
        cache.put(owner, KNOWN, b"x").expect("kept");
        cache.put(owner, LAST, b"y").expect("kept");
    }
    cache.forget("a").expect("forgotten");
    assert_eq!(files(&folder.path().join("cache")).len(), 4);
    assert_eq!(cache.keep_only(["c"]).expect("kept"), 2);
    assert_eq!(get(&cache, "b", KNOWN), None);
    assert_eq!(get(&cache, "c", LAST).as_deref(), Some(&b"y"[..]));
}

#[test]
fn what_a_stopped_write_left_behind_is_cleared_away() {
    let (folder, _, cache) = cache();
    cache.put("a", KNOWN, b"x").expect("kept");
    let [file] = &files(&folder.path().join("cache"))[..] else {
        panic!("one file");
    };
    let beside = file.with_extension("known.new");
    fs::write(&beside, b"half").expect("written");
    assert_eq!(cache.keep_only(["a"]).expect("kept"), 1);
    assert!(!beside.exists());
    assert_eq!(get(&cache, "a", KNOWN).as_deref(), Some(&b"x"[..]));
}

#[test]
fn a_file_tells_neither_its_owner_nor_what_it_holds() {
    let (folder, _, cache) = cache();
    cache
        .put("serial sentinel", KNOWN, b"sentinel value")
        .expect("kept");
    for file in files(&folder.path().join("cache")) {
        let bytes = fs::read(&file).expect("readable");
        assert!(!bytes.windows(8).any(|window| window == b"sentinel"));
        assert!(!file.to_string_lossy().contains("sentinel"));
    }
}

#[test]
fn an_entry_in_the_place_of_another_is_refused() {
    let (_folder, _, cache) = cache();
    cache.put("a", KNOWN, b"of a").expect("kept");
    cache.put("b", KNOWN, b"of b").expect("kept");
    fs::copy(cache.path("a", KNOWN), cache.path("b", KNOWN)).expect("copied");
    let refused = cache.get("b", KNOWN).expect_err("another's");
    assert!(matches!(refused, StoreError::DamagedEntry { .. }));
    fs::copy(cache.path("a", KNOWN), cache.path("a", LAST)).expect("copied");
    cache.get("a", LAST).expect_err("another slot's");
}

#[test]
fn an_entry_under_another_key_is_refused() {
    let (_folder, _, cache) = cache();
    cache.put("a", KNOWN, b"x").expect("kept");
    let other = Keyring::in_memory().expect("random bytes");
    let index = other.index();
    let stranger = Cache::new(cache.folder.clone(), &index);
    fs::create_dir_all(stranger.path("a", KNOWN).parent().expect("a folder")).expect("made");
    fs::copy(cache.path("a", KNOWN), stranger.path("a", KNOWN)).expect("copied");
    stranger.get("a", KNOWN).expect_err("another key's");
    // Even where it claims the id.
    let index = DataKey {
        id: cache.keys().id,
        purpose: index.purpose,
        created: index.created,
        device: None,
        key: index.key.clone(),
    };
    let stranger = Cache::new(cache.folder.clone(), &index);
    stranger.get("a", KNOWN).expect_err("another key's");
}

#[test]
fn an_entry_of_a_newer_version_is_named_as_such() {
    let (_folder, _, cache) = cache();
    cache.put("a", KNOWN, b"x").expect("kept");
    let path = cache.path("a", KNOWN);
    let mut bytes = fs::read(&path).expect("readable");
    bytes[4] = 2;
    let check = pagetally_proof::Hash::of(&[&bytes[4..72]]);
    bytes[72..80].copy_from_slice(&check.as_bytes()[..8]);
    fs::write(&path, bytes).expect("written");
    let refused = cache.get("a", KNOWN).expect_err("newer");
    assert!(matches!(refused, StoreError::NewerFormat { format: 2, .. }));
}

#[test]
fn a_new_key_finds_nothing_and_keeps_what_comes_after() {
    let (folder, _, cache) = cache();
    cache.put("a", KNOWN, b"x").expect("kept");
    let other = Keyring::in_memory().expect("random bytes");
    cache.start_anew(&other.index()).expect("forgotten");
    assert!(files(&folder.path().join("cache")).is_empty());
    cache.put("a", KNOWN, b"y").expect("kept");
    assert_eq!(get(&cache, "a", KNOWN).as_deref(), Some(&b"y"[..]));
}

#[test]
fn what_is_over_the_limit_is_not_kept() {
    let (_folder, _, cache) = cache();
    let bytes = vec![0; Cache::MAX_BYTES + 1];
    let refused = cache.put("a", KNOWN, &bytes).expect_err("too large");
    assert!(matches!(refused, StoreError::TooLarge { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damage_of_any_kind_is_found(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        at in any::<prop::sample::Index>(),
        flip in 1u8..,
        cut in any::<bool>(),
    ) {
        let (_folder, _, cache) = cache();
        cache.put("a", KNOWN, &bytes).expect("kept");
        prop_assert_eq!(get(&cache, "a", KNOWN), Some(bytes));
        let path = cache.path("a", KNOWN);
        let mut sealed = fs::read(&path).expect("readable");
        let at = at.index(sealed.len());
        if cut {
            sealed.truncate(at);
        } else {
            sealed[at] ^= flip;
        }
        fs::write(&path, sealed).expect("written");
        prop_assert!(cache.get("a", KNOWN).is_err());
    }
}
