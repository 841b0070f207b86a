//! The same disk under a store whose history is thinned and one of whose devices is erased, and under a root
//! key that comes back from a recovery file.

use super::power::{cuts, done};
use crate::common::{agent, agreed, at, audit, audit_id, context, pass, serial};
use crate::disk::double::{self, Fails, PowerCut};
use crate::{
    KeyCustody, OpenOptions, Receipt, RecoveryCode, Retention, Store, StoreError, Undelivered,
    import_recovery,
};
use std::collections::BTreeMap;
use std::path::Path;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const DAYS: u16 = 3;
/// Stored behind the thinned days, of the first device alone.
const LATER: u16 = 90;

/// What was asked of the store, and what it said.
#[derive(Debug, Default)]
struct Truth {
    /// Passes that were acknowledged, with their days.
    stored: BTreeMap<u16, i64>,
    thinned: bool,
    erasing: Erasing,
    refused: usize,
    dies: bool,
    /// Calls to the disk before the first one that is of interest here.
    before: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Erasing {
    #[default]
    NotTried,
    Tried,
    Done,
}

impl Truth {
    fn new(fails: Fails) -> Self {
        Self {
            dies: matches!(fails, Fails::From(_)),
            ..Self::default()
        }
    }

    fn is_dead(&self) -> bool {
        self.dies && self.refused > 0
    }

    fn did<T>(&mut self, result: Result<T, StoreError>) -> Option<T> {
        done(&mut self.refused, result)
    }
}

fn open(folder: &Path) -> Result<Store, StoreError> {
    Store::open(folder, &OpenOptions::new(at(0)))
}

/// Opens a store with an identity, twice where the disk had a hiccup.
fn begun(folder: &Path, truth: &mut Truth) -> Option<Store> {
    let mut begin = || {
        let store = truth.did(open(folder))?;
        truth.did(store.set_identity(&agent())).map(|()| store)
    };
    begin().or_else(&mut begin)
}

/// Stores a pass and delivers what waits.
fn store_pass(store: &Store, number: u16, devices: u16, now: i64, truth: &mut Truth) {
    let stored = store.commit_pass(pass(number, devices), &context(&agent(), now));
    if truth.did(stored).is_some() {
        truth.stored.insert(number, now / DAY);
    }
    for info in store.outbox().expect("readable") {
        let receipt = Receipt {
            number: info.number,
            content: info.content,
            received: at(now),
            bytes: b"a receipt".to_vec(),
        };
        truth.did(store.record_receipt(&receipt));
    }
}

fn live(folder: &Path, truth: &mut Truth) {
    let Some(store) = begun(folder, truth) else {
        return;
    };
    for day in 0..DAYS {
        for hour in 0..2 {
            let now = i64::from(day) * DAY + i64::from(hour) * HOUR;
            store_pass(&store, day * 2 + hour + 1, 2, now, truth);
        }
    }
    truth.before = double::calls();
    if truth.is_dead() {
        return;
    }
    truth.thinned = true;
    truth.did(store.thin(&Retention::default(), agreed(30 * DAY)));
    if truth.is_dead() {
        return;
    }
    truth.erasing = Erasing::Tried;
    let erased = store.erase_device(&serial(1), Undelivered::Keep, &context(&agent(), 31 * DAY));
    match erased {
        // A receipt that was refused is not there, and what waits is not erased.
        Err(StoreError::Undelivered { .. } | StoreError::NoSuchDevice { .. })
            if truth.refused > 0 => {}
        Err(StoreError::NotErased { .. }) if truth.refused > 0 => {}
        erased => {
            if truth.did(erased).is_some() {
                truth.erasing = Erasing::Done;
            }
        }
    }
    store_pass(&store, LATER, 1, 32 * DAY, truth);
}

/// Opens what the power left, and holds it against the truth.
fn holds(folder: &Path, truth: &Truth, case: &str) {
    let store = open(folder).unwrap_or_else(|error| panic!("{case}: {error:?}"));
    let problems = &store.recovery().problems;
    assert!(
        problems.iter().all(|problem| !problem.is_loss()),
        "{case}: {problems:?}"
    );
    let there: Vec<_> = store
        .audits()
        .map(|found| found.expect(case).audit.id)
        .collect();
    let of_device = |device: u16| -> Vec<u16> {
        let passes = (1..=2 * DAYS).chain([LATER]);
        passes
            .filter(|pass| there.contains(&audit_id(*pass, device)))
            .collect()
    };
    let complete = |device: u16| {
        let found = of_device(device);
        truth.stored.iter().all(|(pass, day)| {
            // Where it was thinned, a later one of its day stays, be it one that nobody was told of.
            let last_of_day = u16::try_from(day * 2 + 2).expect("small");
            let is_kept = |one: &u16| one >= pass && (*one == *pass || *one <= last_of_day);
            (*pass == LATER && device == 1)
                || match truth.thinned && *pass != LATER {
                    true => found.iter().any(is_kept),
                    false => found.contains(pass),
                }
        })
    };
    assert!(complete(0), "{case}: {:?} of {truth:?}", of_device(0));
    let (whole, gone) = (complete(1), of_device(1).is_empty());
    match truth.erasing {
        Erasing::NotTried => assert!(whole, "{case}: {:?} of {truth:?}", of_device(1)),
        Erasing::Tried => assert!(whole || gone, "{case}: {:?} of {truth:?}", of_device(1)),
        Erasing::Done => assert!(gone, "{case}: {:?} of {truth:?}", of_device(1)),
    }
    store.set_identity(&agent()).expect(case);
    store
        .thin(&Retention::default(), agreed(33 * DAY))
        .expect(case);
    store
        .commit_pass(pass(LATER + 1, 2), &context(&agent(), 34 * DAY))
        .expect(case);
    let newest = store.latest_audit(crate::Clue::Serial(&serial(1)));
    assert_eq!(
        newest.expect(case).map(|found| found.audit),
        Some(audit(LATER + 1, 1))
    );
    assert_eq!(
        store.check().map(|report| report.has_losses()).ok(),
        Some(false),
        "{case}"
    );
}

/// Lives on a disk that fails so, lets the power go, and looks. Answers how many calls there were, and how
/// many before the first that is of interest.
fn survives(fails: Fails, cuts: &[PowerCut]) -> (usize, usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut truth = Truth::new(fails);
    double::start(folder.path(), fails);
    live(folder.path(), &mut truth);
    let stopped = double::stop();
    for &cut in cuts {
        let after = tempfile::tempdir().expect("a folder");
        stopped.after(cut, after.path());
        holds(after.path(), &truth, &format!("{fails:?}, {cut:?}"));
    }
    (truth.before, stopped.calls())
}

/// Every call from where thinning begins: those before are tried by [`super::power`].
fn every_call(fails: fn(usize) -> Fails) {
    let (before, calls) = survives(Fails::Never, &PowerCut::ALL);
    println!("{} calls to the disk", calls - before);
    assert!(
        calls - before > 40,
        "only calls {before} to {calls} are seen"
    );
    for call in before..calls {
        survives(fails(call), &cuts(call));
    }
}

#[test]
fn a_machine_that_dies_while_history_is_thinned_or_a_device_erased_loses_nothing_else() {
    every_call(Fails::From);
}

#[test]
fn a_disk_that_fails_at_one_call_of_thinning_or_erasing_loses_nothing_else() {
    every_call(Fails::Only);
}

/// A store whose root key is gone but for the recovery file, and which gets it back. Answers the calls
/// before that.
fn recover(folder: &Path, file: &Path, code: &RecoveryCode) -> (usize, Result<(), StoreError>) {
    let store = open(folder).expect("nothing fails yet");
    store.set_identity(&agent()).expect("stored");
    store
        .commit_pass(pass(1, 2), &context(&agent(), 1))
        .expect("stored");
    let bytes = store.export_recovery(code, at(2)).expect("sealed");
    std::fs::write(file, bytes).expect("written");
    drop(store);
    crate::disk::remove_file(&folder.join("root.key")).expect("removed");
    crate::disk::sync_folder(folder).expect("synced");
    (double::calls(), imported(folder, file, code))
}

fn imported(folder: &Path, file: &Path, code: &RecoveryCode) -> Result<(), StoreError> {
    let options = OpenOptions::new(at(3));
    import_recovery(folder, &options, KeyCustody::KeyFile, file, code).map(|_| ())
}

fn recovers(fails: Fails, cuts: &[PowerCut]) -> (usize, usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let elsewhere = tempfile::tempdir().expect("another medium");
    let file = elsewhere.path().join("recovery.json");
    let code = RecoveryCode::typed("a passphrase of one's own");
    double::start(folder.path(), fails);
    let (before, told) = recover(folder.path(), &file, &code);
    let stopped = double::stop();
    for &cut in cuts {
        let case = format!("{fails:?}, {cut:?}");
        let after = tempfile::tempdir().expect("a folder");
        stopped.after(cut, after.path());
        let store = match open(after.path()) {
            Err(StoreError::Key(_)) if told.is_err() => {
                // Nobody was told that it is back; the file brings it back still.
                imported(after.path(), &file, &code).expect(&case);
                open(after.path())
            }
            opened => opened,
        };
        let store = store.unwrap_or_else(|error| panic!("{case}: {error:?}"));
        let read = store.latest_audit(crate::Clue::Serial(&serial(1)));
        assert_eq!(
            read.expect(&case).map(|found| found.audit),
            Some(audit(1, 1))
        );
    }
    (before, stopped.calls())
}

#[test]
fn a_root_key_from_a_recovery_file_is_back_or_can_be_had_again_whenever_the_machine_dies() {
    let (before, calls) = recovers(Fails::Never, &PowerCut::ALL);
    println!("{} calls to the disk", calls - before);
    assert!(calls > before, "no call to the disk is seen");
    for call in before..calls {
        recovers(Fails::From(call), &cuts(call));
        recovers(Fails::Only(call), &cuts(call));
    }
}
