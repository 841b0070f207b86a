//! The whole store on a disk that fails at every call in turn, and whose power goes there.
//!
//! What is followed: key files, journal, segments that are sealed anew, what is remembered with a sync, the
//! set-aside of a damaged index, and the folders of all of them. Not: sled's own files, which are found as
//! they are, as they were never there, or damaged.

use crate::common::{agent, at, audit, context, pass, serial};
use crate::disk::double::{self, Fails, PowerCut};
use crate::{CacheSlot, Clue, OpenOptions, Receipt, StateKey, Store, StoreError};
use pagetally_model::Settings;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as _;
use std::path::Path;

const REMEMBERED: CacheSlot = CacheSlot::new("known");
const TRAPS: &str = "traps of a device";

/// What the store has said of itself, and what it was asked and may have done.
#[derive(Debug, Default)]
struct Truth {
    /// What was acknowledged, and what was tried after it, by name. The last acknowledged one counts, or a
    /// later one.
    states: BTreeMap<&'static str, Vec<(u8, bool)>>,
    /// Devices of each pass that was acknowledged.
    stored: BTreeMap<u64, u16>,
    received: BTreeSet<u64>,
    set_aside: usize,
    refused: usize,
    /// Whether the machine is dead after the first refusal.
    dies: bool,
}

impl Truth {
    fn is_dead(&self) -> bool {
        self.dies && self.refused > 0
    }

    /// Notes what became of a value.
    fn value(&mut self, name: &'static str, value: u8, done: bool) {
        self.states.entry(name).or_default().push((value, done));
    }

    /// Whether a value may be found, given what was acknowledged.
    fn allows(&self, name: &str, found: Option<u8>) -> bool {
        let tried = self.states.get(name).map_or(&[][..], Vec::as_slice);
        let from = tried.iter().rposition(|(_, done)| *done);
        match found {
            None => from.is_none(),
            Some(found) => tried[from.unwrap_or(0)..]
                .iter()
                .any(|(value, _)| *value == found),
        }
    }
}

/// Says whether a step was done, and counts those that were not. They must have a reason that names a file.
pub(super) fn done<T>(refused: &mut usize, result: Result<T, StoreError>) -> Option<T> {
    match result {
        Ok(answer) => Some(answer),
        Err(error) => {
            let StoreError::Io { path, .. } = &error else {
                panic!("{error:?} does not say what the disk refused");
            };
            assert!(error.to_string().contains(&path.display().to_string()));
            let source = error.source().expect("the disk's own words");
            assert_eq!(source.to_string(), "the disk fails as told");
            *refused += 1;
            None
        }
    }
}

fn open(folder: &Path) -> Result<Store, StoreError> {
    Store::open(folder, &OpenOptions::new(at(0)))
}

/// Opens, and once more where the disk had a hiccup.
fn opened(folder: &Path, truth: &mut Truth) -> Option<Store> {
    let store = done(&mut truth.refused, open(folder));
    if store.is_none() && !truth.is_dead() {
        return done(&mut truth.refused, open(folder));
    }
    store
}

fn store_pass(store: &Store, number: u16, truth: &mut Truth) {
    let devices = 2;
    let stored = store.commit_pass(pass(number, devices), &context(&agent(), number.into()));
    for info in done(&mut truth.refused, stored).unwrap_or_default() {
        assert!(
            truth.stored.insert(info.number, devices).is_none(),
            "number {} was given twice",
            info.number
        );
    }
}

fn set(store: &Store, value: u8, truth: &mut Truth) {
    let settings = Settings {
        version: value.into(),
        ..Settings::default()
    };
    let stored = done(&mut truth.refused, store.set_settings(&settings)).is_some();
    truth.value("settings", value, stored);
    let stored = done(
        &mut truth.refused,
        store.set_state(StateKey::ENROLMENT, &[value]),
    )
    .is_some();
    truth.value("enrolment", value, stored);
    let put = store.cache().put_synced(TRAPS, REMEMBERED, &[value]);
    let put = done(&mut truth.refused, put).is_some();
    truth.value("remembered", value, put);
}

fn receive(store: &Store, truth: &mut Truth) {
    let Some(&number) = truth.stored.keys().next() else {
        return;
    };
    let receipt = Receipt {
        number,
        content: store
            .load_submission(number)
            .expect("it was stored")
            .signed
            .header
            .content,
        received: at(3),
        bytes: b"a receipt".to_vec(),
    };
    if done(&mut truth.refused, store.record_receipt(&receipt)).is_some() {
        truth.received.insert(number);
    }
}

fn rotate(store: &Store, truth: &mut Truth) {
    if done(&mut truth.refused, store.begin_key_rotation(at(4))).is_none() {
        return;
    }
    while let Some(true) = done(&mut truth.refused, store.continue_key_rotation(at(4))) {}
}

/// A life of a store, with everything that changes its files. It ends where the machine dies.
fn live(folder: &Path, truth: &mut Truth) {
    let Some(store) = opened(folder, truth) else {
        return;
    };
    let stored = done(&mut truth.refused, store.set_identity(&agent())).is_some();
    truth.value("identity", 0xA1, stored);
    if !stored && done(&mut truth.refused, store.set_identity(&agent())).is_none() {
        return;
    }
    truth.value("identity", 0xA1, true);
    set(&store, 1, truth);
    store_pass(&store, 1, truth);
    store_pass(&store, 2, truth);
    receive(&store, truth);
    rotate(&store, truth);
    done(&mut truth.refused, store.rotate_root_key(None, at(5)));
    set(&store, 2, truth);
    store_pass(&store, 3, truth);
    drop(store);
    if truth.is_dead() {
        return;
    }
    damage_index(folder);
    let Some(store) = opened(folder, truth) else {
        return;
    };
    truth.set_aside = set_aside(folder);
    set(&store, 3, truth);
    store_pass(&store, 4, truth);
}

fn damage_index(folder: &Path) {
    let db = folder.join("index").join("db");
    if let Ok(mut bytes) = std::fs::read(&db) {
        let most = bytes.len().min(4_096);
        bytes[..most].fill(0x5A);
        std::fs::write(&db, bytes).expect("written");
    }
}

/// How many indexes were put aside.
fn set_aside(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).expect("it is there");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    names
        .filter(|name| name.to_string_lossy().starts_with("index.damaged-"))
        .count()
}

/// Opens what the power left, and holds it against the truth.
fn holds(folder: &Path, truth: &Truth, case: &str) {
    let store = open(folder).unwrap_or_else(|error| panic!("{case}: {error:?}"));
    let losses: Vec<_> = store.recovery().problems.iter().collect();
    assert!(
        losses.iter().all(|problem| !problem.is_loss()),
        "{case}: {losses:?}"
    );
    let identity = store.identity().expect(case).map(|identity| {
        assert_eq!(identity.agent, agent().agent, "{case}");
        0xA1
    });
    let settings = store.settings().expect(case);
    let settings = settings.map(|settings| u8::try_from(settings.version).expect("small"));
    let enrolment = store.state(StateKey::ENROLMENT).expect(case);
    let remembered = store.cache().get(TRAPS, REMEMBERED);
    for (name, found) in [
        ("identity", identity),
        ("settings", settings),
        ("enrolment", enrolment.map(|bytes| bytes[0])),
    ] {
        assert!(
            truth.allows(name, found),
            "{case}: {name} is {found:?}, told {:?}",
            truth.states.get(name)
        );
    }
    // What is remembered goes with a rotation of the keys: it can be had again. Never is it wrong.
    if let Some(found) = remembered.expect(case) {
        let tried = &truth.states["remembered"];
        assert!(tried.iter().any(|(value, _)| *value == found[0]), "{case}");
    }
    let waiting: BTreeSet<u64> = store
        .outbox()
        .expect(case)
        .iter()
        .map(|info| info.number)
        .collect();
    for (&number, &devices) in &truth.stored {
        let found = store.load_submission(number).expect(case);
        assert_eq!(found.audits.len(), usize::from(devices), "{case}");
        for (_, read) in &found.audits {
            let whole = (1..=4).any(|pass| (0..devices).any(|device| *read == audit(pass, device)));
            assert!(whole, "{case}: an audit of submission {number} is another");
        }
        if truth.received.contains(&number) {
            assert!(!waiting.contains(&number), "{case}: {number} waits again");
        } else if truth.refused == 0 {
            assert!(waiting.contains(&number), "{case}: {number} waits no more");
        }
    }
    assert!(set_aside(folder) >= truth.set_aside, "{case}");
    store.set_identity(&agent()).expect(case);
    let stored = store.commit_pass(pass(5, 2), &context(&agent(), 9));
    let number = stored.expect(case)[0].number;
    assert!(!truth.stored.contains_key(&number), "{case}");
    let found = store.latest_audit(Clue::Serial(&serial(1))).expect(case);
    assert_eq!(
        found.map(|stored| stored.audit),
        Some(audit(5, 1)),
        "{case}"
    );
}

/// Lives on a disk that fails so, lets the power go, and looks. Answers how many calls there were.
fn survives(fails: Fails, cuts: &[PowerCut]) -> usize {
    let folder = tempfile::tempdir().expect("a folder");
    let mut truth = Truth {
        dies: matches!(fails, Fails::From(_)),
        ..Truth::default()
    };
    double::start(folder.path(), fails);
    live(folder.path(), &mut truth);
    let stopped = double::stop();
    for &cut in cuts {
        let after = tempfile::tempdir().expect("a folder");
        stopped.after(cut, after.path());
        holds(after.path(), &truth, &format!("{fails:?}, {cut:?}"));
    }
    stopped.calls()
}

/// The cuts for one call: nothing kept, and one other in turn. `PAGETALLY_POWER=all` tries all of them.
pub(super) fn cuts(call: usize) -> Vec<PowerCut> {
    if std::env::var("PAGETALLY_POWER").is_ok_and(|value| value == "all") {
        return PowerCut::ALL.to_vec();
    }
    vec![PowerCut::ALL[0], PowerCut::ALL[1 + call % 4]]
}

fn every_call(fails: fn(usize) -> Fails) {
    let calls = survives(Fails::Never, &PowerCut::ALL);
    println!("{calls} calls to the disk");
    assert!(calls > 100, "only {calls} calls to the disk are seen");
    for call in 0..calls {
        survives(fails(call), &cuts(call));
    }
}

#[test]
fn a_machine_that_dies_at_any_call_to_its_disk_loses_nothing_that_was_acknowledged() {
    every_call(Fails::From);
}

#[test]
fn a_disk_that_fails_at_any_one_call_and_goes_on_loses_nothing_that_was_acknowledged() {
    every_call(Fails::Only);
}
