//! A store on real disks that are full, read-only or somebody else's, and under clocks that jump.
//!
//! The disks are small file systems in memory, in a mount namespace of each test's own. What is wanted of
//! programs is a peer (`SKIPPED:`); a system that forbids namespaces is another matter (`SKIPPED BY THE
//! SYSTEM:`).

mod common;
#[cfg(target_os = "linux")]
#[path = "disks/namespace.rs"]
mod namespace;

use common::{agent, agreed, at, audit, context, open, pass};
use pagetally_store::{OpenOptions, Receipt, Retention, Store, StoreError};
use std::path::Path;

/// Passes of these numbers are there, whole, and wait.
fn holds(store: &Store, passes: &[u16], devices: u16) {
    let waiting: Vec<u64> = store
        .outbox()
        .expect("readable")
        .iter()
        .map(|info| info.number)
        .collect();
    let numbers: Vec<u64> = (1..).take(passes.len()).collect();
    assert_eq!(waiting, numbers);
    for (number, pass) in numbers.into_iter().zip(passes) {
        let found = store.load_submission(number).expect("whole");
        let found: Vec<_> = found.audits.into_iter().map(|(_, audit)| audit).collect();
        let stored: Vec<_> = (0..devices).map(|device| audit(*pass, device)).collect();
        assert_eq!(found, stored);
    }
}

fn commit(store: &Store, number: u16, devices: u16) -> Result<(), StoreError> {
    let seconds = i64::from(number);
    store
        .commit_pass(pass(number, devices), &context(&agent(), seconds))
        .map(|_| ())
}

/// The kind of an error of the disk, which must name a file below `folder`.
fn disk_error(error: &StoreError, folder: &Path) -> std::io::ErrorKind {
    let StoreError::Io { path, source, .. } = error else {
        panic!("{error:?}");
    };
    assert!(path.starts_with(folder), "{error}");
    source.kind()
}

#[cfg(target_os = "linux")]
mod linux {
    use super::*;
    use namespace::{Runs, mount};
    use std::fs;
    use std::io::ErrorKind;
    use std::os::unix::fs::PermissionsExt;

    const DEVICES: u16 = 40;

    #[test]
    fn a_full_disk_refuses_passes_loses_none_and_goes_on_when_there_is_room() {
        let Some(folder) = namespace::disk(Runs::AsRoot, "size=8m") else {
            return;
        };
        let ballast = folder.join("ballast");
        let folder = folder.join("agent");
        let store = open(&folder);
        store.set_identity(&agent()).expect("stored");
        commit(&store, 1, DEVICES).expect("there is room");
        let mut stored = vec![1];
        fill(&ballast, 256 << 10);
        let refused = (2..200).find_map(|number| match commit(&store, number, DEVICES) {
            Ok(()) => {
                stored.push(number);
                None
            }
            Err(error) => Some(error),
        });
        let refused = refused.expect("the disk fills up");
        assert_eq!(disk_error(&refused, &folder), ErrorKind::StorageFull);
        assert!(refused.to_string().starts_with("cannot "), "{refused}");
        holds(&store, &stored, DEVICES);
        commit(&store, 300, DEVICES).expect_err("it is full still");
        drop(store);

        let store = open(&folder);
        assert!(
            store
                .recovery()
                .problems
                .iter()
                .all(|found| !found.is_loss())
        );
        holds(&store, &stored, DEVICES);
        fs::remove_file(&ballast).expect("removed");
        commit(&store, 400, DEVICES).expect("there is room again");
        stored.push(400);
        holds(&store, &stored, DEVICES);
        drop(store);
        holds(&open(&folder), &stored, DEVICES);
    }

    /// Takes all room but `left` bytes.
    fn fill(path: &Path, left: u64) {
        use std::io::Write;
        let mut file = fs::File::create(path).expect("made");
        while file.write_all(&[0x42; 4_096]).is_ok() {}
        let length = file.metadata().expect("there").len();
        file.set_len(length.saturating_sub(left)).expect("cut");
    }

    #[test]
    fn a_read_only_disk_refuses_to_open_or_to_store_and_nothing_is_lost() {
        let Some(disk) = namespace::disk(Runs::AsRoot, "size=16m") else {
            return;
        };
        let folder = disk.join("agent");
        let store = open(&folder);
        store.set_identity(&agent()).expect("stored");
        commit(&store, 1, 2).expect("stored");
        // What is open stays so; new names are refused, as they are where a disk's errors make it read-only.
        mount(&["--bind"], &disk, &disk);
        mount(&["-o", "remount,bind,ro"], &disk, &disk);
        let refused = commit(&store, 2, 3).expect_err("a third device needs a key");
        let kind = disk_error(&refused, &folder);
        assert_eq!(kind, ErrorKind::ReadOnlyFilesystem, "{refused}");
        holds(&store, &[1], 2);
        drop(store);
        let refused = Store::open(&folder, &OpenOptions::new(at(0))).expect_err("read-only");
        let kind = disk_error(&refused, &folder);
        assert_eq!(kind, ErrorKind::ReadOnlyFilesystem, "{refused}");

        mount(&["-o", "remount,bind,rw"], &disk, &disk);
        let store = open(&folder);
        assert_eq!(store.recovery().problems, []);
        holds(&store, &[1], 2);
        commit(&store, 3, 2).expect("stored");
        holds(&store, &[1, 3], 2);
    }

    #[test]
    fn folders_that_may_not_be_written_to_are_named_and_nothing_is_lost() {
        let Some(folder) = namespace::disk(Runs::WithoutCapabilities, "size=16m") else {
            return;
        };
        let may = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("ours to change");
        };
        let folder = folder.join("agent");
        let store = open(&folder);
        store.set_identity(&agent()).expect("stored");
        commit(&store, 1, 2).expect("stored");
        may(&folder, 0o500);
        let refused = commit(&store, 2, 3).expect_err("a third device needs a key");
        assert_eq!(disk_error(&refused, &folder), ErrorKind::PermissionDenied);
        commit(&store, 2, 2).expect("what is open is written to");
        drop(store);
        may(&folder, 0o700);

        let journal = folder.join("journal");
        may(&journal, 0o500);
        let store = open(&folder);
        holds(&store, &[1, 2], 2);
        let agent = agent();
        let tomorrow = context(&agent, 86_400 * 2);
        let refused = store.commit_pass(pass(3, 2), &tomorrow);
        let refused = refused.expect_err("a new day needs a new segment");
        assert_eq!(disk_error(&refused, &journal), ErrorKind::PermissionDenied);
        holds(&store, &[1, 2], 2);
        may(&journal, 0o700);
        store.commit_pass(pass(3, 2), &tomorrow).expect("stored");
        holds(&store, &[1, 2, 3], 2);
        drop(store);

        may(&folder.join("keys"), 0o000);
        let refused = Store::open(&folder, &OpenOptions::new(at(0))).expect_err("unreadable");
        assert_eq!(disk_error(&refused, &folder), ErrorKind::PermissionDenied);
        may(&folder.join("keys"), 0o644);
        let refused = Store::open(&folder, &OpenOptions::new(at(0))).expect_err("open to others");
        assert!(refused.to_string().contains("keys"), "{refused}");
        may(&folder.join("keys"), 0o600);
        holds(&open(&folder), &[1, 2, 3], 2);
    }
}

#[test]
fn a_clock_that_jumps_by_days_and_years_breaks_nothing() {
    const DAY: i64 = 86_400;
    let folder = tempfile::tempdir().expect("a folder");
    let jumps = [0, DAY, -DAY, 366 * DAY, -366 * DAY, 0, -50 * 366 * DAY, 1];
    let mut store = open(folder.path());
    store.set_identity(&agent()).expect("stored");
    for (number, seconds) in (1..).zip(jumps) {
        let agent = agent();
        let context = context(&agent, seconds);
        let info = store
            .commit_pass(pass(number, 2), &context)
            .expect("stored");
        assert_eq!(info[0].number, u64::from(number));
        assert_eq!(info[0].created, at(seconds));
        if number % 2 == 0 {
            drop(store);
            let options = OpenOptions::new(at(-seconds));
            store = Store::open(folder.path(), &options).expect("opens");
            assert_eq!(store.recovery().problems, []);
        }
    }
    let passes: Vec<u16> = (1..).take(jumps.len()).collect();
    holds(&store, &passes, 2);

    // Delivered and thinned by a clock that goes on jumping: what waits is untouched, and so is the chain.
    for number in 1..=4 {
        let content = store.outbox().expect("readable")[0].content;
        let receipt = Receipt {
            number,
            content,
            received: at(-7 * DAY),
            bytes: b"a receipt".to_vec(),
        };
        store.record_receipt(&receipt).expect("stored");
    }
    for seconds in [800 * DAY, -800 * DAY, 0] {
        store
            .thin(&Retention::default(), agreed(seconds))
            .expect("thinned");
        for number in 5..=8 {
            let found = store.load_submission(number).expect("whole");
            assert_eq!(
                found.audits[0].1,
                audit(u16::try_from(number).expect("small"), 0)
            );
        }
    }
    assert_eq!(store.check().expect("readable").problems, []);
    drop(store);
    let store = open(folder.path());
    assert_eq!(store.recovery().problems, []);
    assert_eq!(store.outbox().expect("readable").len(), 4);
    commit(&store, 9, 2).expect("it goes on");
    assert_eq!(store.outbox().expect("readable").len(), 5);
}
