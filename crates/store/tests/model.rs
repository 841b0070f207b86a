//! The store against a model of maps and lists, through openings, kills of the index and repeats.

mod common;

use common::{agent, at, audit, context, open, pass, serial};
use pagetally_model::{DeviceAudit, Settings};
use pagetally_store::{Clue, Receipt, StateKey, Store};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

#[derive(Clone, Debug)]
enum Step {
    Pass { devices: u16 },
    Receipt { pick: prop::sample::Index },
    Settings { version: u64 },
    State { bytes: Vec<u8> },
    Reopen,
    ReopenWithoutIndex,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0u16..5).prop_map(|devices| Step::Pass { devices }),
        3 => any::<prop::sample::Index>().prop_map(|pick| Step::Receipt { pick }),
        1 => any::<u32>().prop_map(|version| Step::Settings { version: version.into() }),
        1 => prop::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| Step::State { bytes }),
        1 => Just(Step::Reopen),
        1 => Just(Step::ReopenWithoutIndex),
    ]
}

#[derive(Default)]
struct Model {
    passes: u16,
    /// Contents and audits of all submissions, by number.
    submissions: BTreeMap<u64, (pagetally_proof::Hash, Vec<DeviceAudit>)>,
    waiting: Vec<u64>,
    settings: Option<Settings>,
    state: Option<Vec<u8>>,
}

impl Model {
    fn run(&mut self, store: Store, step: &Step, folder: &Path) -> Store {
        match step {
            Step::Pass { devices } => {
                self.passes += 1;
                let batch = pass(self.passes, *devices);
                let info = store
                    .commit_pass(batch.clone(), &context(&agent(), 0))
                    .expect("stored")
                    .remove(0);
                let earlier = self
                    .submissions
                    .insert(info.number, (info.content, batch.audits));
                assert!(earlier.is_none());
                self.waiting.push(info.number);
            }
            Step::Receipt { pick } => {
                if self.submissions.is_empty() {
                    return store;
                }
                // Any number, one that has its receipt included.
                let number = *pick.get(&self.submissions.keys().copied().collect::<Vec<_>>());
                let receipt = Receipt {
                    number,
                    content: self.submissions[&number].0,
                    received: at(1),
                    bytes: vec![1],
                };
                store.record_receipt(&receipt).expect("stored");
                self.waiting.retain(|waiting| *waiting != number);
            }
            Step::Settings { version } => {
                let settings = Settings {
                    version: *version,
                    ..Settings::default()
                };
                store.set_settings(&settings).expect("stored");
                self.settings = Some(settings);
            }
            Step::State { bytes } => {
                store.set_state(StateKey::ENROLMENT, bytes).expect("stored");
                self.state = Some(bytes.clone());
            }
            Step::Reopen | Step::ReopenWithoutIndex => {
                drop(store);
                if matches!(step, Step::ReopenWithoutIndex) {
                    std::fs::remove_dir_all(folder.join("index")).expect("removed");
                }
                let store = open(folder);
                assert!(!store.recovery().has_losses());
                return store;
            }
        }
        store
    }

    fn check(&self, store: &Store) {
        let waiting: Vec<u64> = store
            .outbox()
            .expect("readable")
            .iter()
            .map(|info| info.number)
            .collect();
        assert_eq!(waiting, self.waiting);
        for (number, (content, audits)) in &self.submissions {
            let found = store.load_submission(*number).expect("whole");
            assert_eq!(found.signed.header.content, *content);
            assert!(found.audits.iter().map(|(_, audit)| audit).eq(audits));
            let has_receipt = store.receipt(*number).expect("readable").is_some();
            assert_eq!(has_receipt, !self.waiting.contains(number));
        }
        let newest: Vec<DeviceAudit> = store
            .audits()
            .map(|audit| audit.expect("whole").audit)
            .collect();
        let expected = self.submissions.values().flat_map(|(_, audits)| audits);
        assert!(newest.iter().rev().eq(expected));
        let found = store
            .latest_audit(Clue::Serial(&serial(1)))
            .expect("readable");
        let last = self
            .submissions
            .iter()
            .rev()
            .find(|(_, (_, audits))| audits.len() > 1);
        let expected = last.map(|(number, _)| audit(u16::try_from(*number).expect("few"), 1));
        assert_eq!(found.map(|found| found.audit), expected);
        assert_eq!(store.settings().expect("readable"), self.settings);
        let state = store.state(StateKey::ENROLMENT).expect("readable");
        assert_eq!(state.map(|bytes| bytes.to_vec()), self.state);
        assert_eq!(store.check().expect("readable").problems, []);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn the_store_does_what_maps_and_lists_would_do(steps in prop::collection::vec(step(), 1..25)) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut store = open(folder.path());
        let mut model = Model::default();
        for step in &steps {
            store = model.run(store, step, folder.path());
        }
        model.check(&store);
        drop(store);
        model.check(&open(folder.path()));
    }
}
