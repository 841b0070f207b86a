//! The delivered history is thinned by its policy, and what is gone on purpose is told from what is lost.

mod common;

use common::{agent, agreed, at, audit, context, open, pass, serial};
use pagetally_proof::{Withheld, WithheldReason};
use pagetally_store::{
    AgreedTime, BillingCutoff, Clue, Problem, Receipt, RecoveryReport, Retention, Store,
    StoreError, Undelivered,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const DEVICES: u16 = 3;

fn deliver(store: &Store, number: u64, seconds: i64) {
    let content = store.outbox().expect("readable")[0].content;
    let receipt = Receipt {
        number,
        content,
        received: at(seconds),
        bytes: b"a receipt".to_vec(),
    };
    store.record_receipt(&receipt).expect("stored");
}

/// Passes at these times, each delivered at once.
fn with_passes(folder: &Path, times: &[i64]) -> Store {
    let store = open(folder);
    store.set_identity(&agent()).expect("stored");
    for (number, seconds) in (1..).zip(times) {
        add_pass(&store, number, *seconds);
        deliver(&store, number.into(), *seconds);
    }
    store
}

fn add_pass(store: &Store, number: u16, seconds: i64) {
    store
        .commit_pass(pass(number, DEVICES), &context(&agent(), seconds))
        .expect("stored");
}

/// Numbers of the passes whose audits of a device are there, oldest first.
fn kept(store: &Store, device: u16) -> Vec<u16> {
    let mut kept: Vec<u16> = store
        .audits()
        .map(|found| found.expect("whole").audit)
        .filter(|audit| audit.identity.serial.as_ref().map(|s| s.as_str()) == Some(&serial(device)))
        .map(|audit| u16::try_from(audit.meters[0].value / 1_000).expect("small"))
        .collect();
    kept.reverse();
    kept
}

fn sound(report: &RecoveryReport) {
    assert_eq!(report.problems, [], "{report:?}");
}

fn segments(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("journal")).expect("a folder");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    paths
}

/// Of each period the last pass, told in another way than the store does it.
fn expected(times: &[i64], now: i64) -> Vec<u16> {
    let epoch = 1_800_000_000;
    let mut last: BTreeMap<String, u16> = BTreeMap::new();
    for (number, seconds) in (1..).zip(times) {
        let day = (epoch + seconds).div_euclid(DAY);
        let hour = (epoch + seconds).div_euclid(HOUR);
        let ends = |end: i64, days: i64| end <= epoch + now - days * DAY;
        let period = if ends((day + 1) * DAY, 7) {
            format!("day {day}")
        } else if ends((hour + 1) * HOUR, 2) {
            format!("hour {hour}")
        } else {
            format!("pass {number}")
        };
        last.insert(period, number);
    }
    let mut kept: Vec<u16> = last.into_values().collect();
    kept.sort_unstable();
    kept
}

#[test]
fn the_last_audit_of_each_hour_and_day_stays_and_nothing_is_reported_as_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    // Every twenty minutes for twelve days.
    let times: Vec<i64> = (0..12 * 72).map(|pass| pass * 1_200).collect();
    let now = *times.last().expect("some");
    let store = with_passes(folder.path(), &times);
    let bytes = |folder: &Path| -> u64 {
        let lengths = segments(folder);
        lengths
            .iter()
            .map(|path| path.metadata().expect("there").len())
            .sum()
    };
    let before = bytes(folder.path());
    let done = store
        .thin(&Retention::default(), agreed(now))
        .expect("thinned");
    let expected = expected(&times, now);
    for device in 0..DEVICES {
        assert_eq!(kept(&store, device), expected);
    }
    assert_eq!(
        done.thinned,
        (times.len() - expected.len()) as u64 * u64::from(DEVICES + 1)
    );
    assert_eq!((done.before, done.after), (before, bytes(folder.path())));
    assert!(done.after * 3 < before * 2, "{done:?}");
    let report = store.check().expect("readable");
    sound(&report);
    assert_eq!(report.thinned, done.thinned);
    // A second walk finds nothing to do.
    let again = store
        .thin(&Retention::default(), agreed(now))
        .expect("thinned");
    assert_eq!((again.thinned, again.segments), (0, 0));
    // Proofs of what stays verify; of what went, it is told.
    let key = agent().signing.verifying_key();
    for number in [expected[0], expected[expected.len() / 2]] {
        let proof = store.prove(audit(number, 1).id).expect("readable");
        proof.expect("there").verify(&key).expect("it holds");
    }
    let gone = store.prove(audit(2, 1).id);
    assert!(matches!(gone, Err(StoreError::NotKept { .. })), "{gone:?}");
    // Asked for again, as by a Central that was restored, it is its header and nothing else.
    let resent = store.load_submission(2).expect("its header stays");
    assert_eq!(resent.withheld, Withheld::All(WithheldReason::Thinned));
    assert!(resent.audits.is_empty() && resent.report.is_none());
    // The same again, and again without an index.
    drop(store);
    for without_index in [false, true] {
        if without_index {
            std::fs::remove_dir_all(folder.path().join("index")).expect("removed");
        }
        let store = open(folder.path());
        assert!(!store.recovery().has_losses(), "{:?}", store.recovery());
        assert_eq!(store.recovery().thinned, done.thinned);
        assert_eq!(kept(&store, 2), expected);
        let found = store
            .latest_audit(Clue::Serial(&serial(0)))
            .expect("readable");
        assert_eq!(found.expect("there").audit, audit(864, 0));
    }
}

#[test]
fn months_and_billing_months_keep_their_last_audit() {
    let folder = tempfile::tempdir().expect("a folder");
    // at(0) is 2027-01-15T08:00:00Z: noon and midnight of 120 days.
    let times: Vec<i64> = (0..240).map(|pass| 4 * HOUR + pass * 12 * HOUR).collect();
    let store = with_passes(folder.path(), &times);
    let policy = Retention {
        daily_days: 30,
        cutoff: BillingCutoff::new(15, 12 * 60),
        ..Retention::default()
    };
    let now = times[239] + 400 * DAY;
    store.thin(&policy, agreed(now)).expect("thinned");
    // The passes stored at noon of the 15th, exactly at the cut-off, and the last of each calendar month.
    let stored: Vec<String> = kept(&store, 0)
        .into_iter()
        .map(|number| at(times[usize::from(number) - 1]).to_string()[..13].to_owned())
        .collect();
    let months = [
        "2027-01-15T12",
        "2027-01-31T12",
        "2027-02-15T12",
        "2027-02-28T12",
        "2027-03-15T12",
        "2027-03-31T12",
        "2027-04-15T12",
        "2027-04-30T12",
        "2027-05-15T00",
    ];
    assert_eq!(stored, months);
    sound(&store.check().expect("readable"));
}

#[test]
fn what_central_does_not_have_stays_whole_and_hangs_on_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let times: Vec<i64> = (0..30).map(|pass| pass * HOUR).collect();
    let store = with_passes(folder.path(), &times);
    for number in 31..=90 {
        add_pass(&store, number, i64::from(number) * HOUR);
    }
    let policy = Retention {
        cap_bytes: 0,
        ..Retention::default()
    };
    let done = store.thin(&policy, agreed(100 * DAY)).expect("thinned");
    assert!(done.thinned > 0 && done.capped > 0, "{done:?}");
    // Over its cap, the store has nothing left that Central has, but in the segment it writes to.
    assert_eq!(kept(&store, 0), (31..=90).collect::<Vec<u16>>());
    for number in 31..=90 {
        store.load_submission(number).expect("whole");
    }
    sound(&store.check().expect("readable"));
    let told = store.events(1).expect("readable");
    assert!(told[0].done[0].contains("over its cap"), "{told:?}");
    // A flipped byte in what waits still costs one record.
    drop(store);
    let path = &segments(folder.path())[3];
    let mut bytes = std::fs::read(path).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).expect("written");
    let store = open(folder.path());
    let lost = store.check().expect("readable");
    let records = lost.problems.iter().filter_map(|problem| match problem {
        Problem::LostRecords { sequences, .. } => Some(sequences.len()),
        _ => None,
    });
    assert!(records.sum::<usize>() <= 1, "{lost:?}");
}

#[test]
fn over_the_cap_what_waits_is_thinned_to_days_and_cutoffs_signed_anew_and_told() {
    let folder = tempfile::tempdir().expect("a folder");
    // Two delivered passes, then ten days without a line: a pass every four hours.
    let times: Vec<i64> = (0..62).map(|pass| pass * 4 * HOUR).collect();
    let store = with_passes(folder.path(), &times[..2]);
    for (number, seconds) in (3..).zip(&times[2..]) {
        add_pass(&store, number, *seconds);
    }
    let now = times[61];
    let before: Vec<_> = store.outbox().expect("readable");
    let policy = Retention {
        // at(0) is the 15th at 08:00: the pass at 12:00 on the 20th is the last before this.
        cutoff: BillingCutoff::new(20, 13 * 60),
        cap_bytes: 1,
        ..Retention::default()
    };
    store.thin(&policy, agreed(now)).expect("thinned");
    assert_eq!(
        kept(&store, 0),
        (3..=62).collect::<Vec<u16>>(),
        "what waits is not touched"
    );
    let given_up = store
        .thin_waiting(&policy, &context(&agent(), now))
        .expect("signed anew");
    let mut expected: BTreeMap<i64, u16> = BTreeMap::new();
    let mut stay = vec![3];
    for (number, seconds) in (4..).zip(&times[3..]) {
        let day = (1_800_000_000 + seconds).div_euclid(DAY);
        if day == (1_800_000_000 + now).div_euclid(DAY) || at(*seconds) == at(5 * DAY + 4 * HOUR) {
            stay.push(number);
        }
        expected.insert(day, number);
    }
    stay.extend(expected.values());
    stay.sort_unstable();
    stay.dedup();
    assert_eq!(given_up, (60 - stay.len()) as u64 * u64::from(DEVICES + 1));
    // What waits now: the first as it was, the others behind it, each whole.
    let after = store.outbox().expect("readable");
    assert_eq!(after[0], before[0]);
    assert_eq!(after.len(), stay.len());
    let mut last = store
        .load_submission(after[0].number)
        .expect("whole")
        .signed
        .header;
    for info in &after[1..] {
        let submission = store.load_submission(info.number).expect("whole");
        submission
            .signed
            .verify(&agent().signing.verifying_key())
            .expect("signed");
        let header = submission.signed.header;
        assert_eq!(
            (header.number, header.previous),
            (last.number + 1, last.hash())
        );
        last = header;
    }
    // The next pass's report tells it.
    let told = store.untold_events().expect("readable");
    let told = told.iter().flat_map(|event| &event.problems);
    assert_eq!(told.filter(|text| text.contains("given up")).count(), 1);
    // Another call finds nothing, and the walk takes out what was given up.
    assert_eq!(
        store
            .thin_waiting(&policy, &context(&agent(), now))
            .expect("idle"),
        0
    );
    store.thin(&policy, agreed(now)).expect("thinned");
    assert_eq!(kept(&store, 2), stay);
    sound(&store.check().expect("readable"));
    drop(store);
    std::fs::remove_dir_all(folder.path().join("index")).expect("removed");
    let store = open(folder.path());
    assert!(!store.recovery().has_losses());
    assert_eq!(kept(&store, 2), stay);
    for info in after {
        store.load_submission(info.number).expect("whole");
        deliver(&store, info.number, now);
    }
    assert!(store.outbox().expect("readable").is_empty());
}

#[test]
fn a_device_s_history_is_what_was_read_of_it_in_a_span_of_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let times: Vec<i64> = (0..12 * 8).map(|pass| pass * 2 * HOUR).collect();
    let store = open(folder.path());
    store.set_identity(&agent()).expect("stored");
    for (number, seconds) in (1..).zip(&times) {
        let mut batch = pass(number, DEVICES);
        for audit in &mut batch.audits {
            // Read some minutes before the pass was stored.
            audit.time.wall = at(seconds - 300);
        }
        store
            .commit_pass(batch, &context(&agent(), *seconds))
            .expect("stored");
        deliver(&store, number.into(), *seconds);
    }
    let history = |store: &Store, from: i64, to: i64| -> Vec<u64> {
        let span = at(from)..=at(to);
        let mut found = store
            .device_history(Clue::Serial(&serial(1)), span)
            .expect("readable");
        let mut numbers = Vec::new();
        while let Some(entry) = found.read_next().expect("readable") {
            let audit = entry.audit().expect("an audit");
            numbers.push(audit.meters[0].value / 1_000);
        }
        numbers
    };
    let between = |from: i64, to: i64| -> Vec<u64> {
        let numbers = (1..).zip(&times);
        let within = numbers.filter(|(_, seconds)| (from..=to).contains(&(**seconds - 300)));
        within.map(|(number, _)| number).collect()
    };
    for (from, to) in [
        (0, 8 * DAY),
        (-300, 0),
        (3 * DAY, 5 * DAY),
        (DAY - 1, DAY + 4 * HOUR),
        (9 * DAY, 10 * DAY),
    ] {
        assert_eq!(
            history(&store, from, to),
            between(from, to),
            "{from} to {to}"
        );
    }
    store
        .thin(&Retention::default(), agreed(8 * DAY))
        .expect("thinned");
    let recent = between(5 * DAY, 8 * DAY);
    assert_eq!(history(&store, 5 * DAY, 8 * DAY), recent);
    assert_eq!(history(&store, -DAY, 8 * DAY).len(), kept(&store, 1).len());
    let mut nobodys = store
        .device_history(Clue::Serial("nobody's"), at(0)..=at(DAY))
        .expect("readable");
    assert_eq!(nobodys.read_next().expect("readable"), None);
}

#[test]
fn a_clock_that_leaps_a_year_ahead_for_a_pass_thins_nothing_that_would_have_stayed() {
    const LEAP: u16 = 120;
    let times: Vec<i64> = (0..150).map(|pass| pass * HOUR / 2).collect();
    let of_pass = |leap: i64| -> Vec<_> {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(folder.path());
        store.set_identity(&agent()).expect("stored");
        for (number, seconds) in (1..).zip(&times) {
            let machine = seconds + if number == LEAP { leap } else { 0 };
            store
                .commit_pass(pass(number, DEVICES), &context(&agent(), machine))
                .expect("stored");
            deliver(&store, number.into(), machine);
            let time = AgreedTime::of(at(machine), Some(at(*seconds)));
            if number % 10 == 0 {
                store.thin(&Retention::default(), time).expect("thinned");
            }
        }
        // A Central that has not answered yet makes nothing old.
        let unknown = AgreedTime::of(at(1_000 * DAY), None);
        let done = store.thin(&Retention::default(), unknown).expect("read");
        assert_eq!(done.thinned, 0);
        let ids = store.audits().map(|found| found.expect("whole").audit.id);
        ids.collect()
    };
    let (steady, leapt) = (of_pass(0), of_pass(365 * DAY));
    assert!(steady.len() < times.len() * usize::from(DEVICES), "thinned");
    assert!(steady.iter().all(|id| leapt.contains(id)));
    assert!(leapt.contains(&audit(LEAP, 0).id));
}

#[test]
fn a_damaged_base_costs_those_that_hang_on_it_and_each_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let times: Vec<i64> = (0..4 * 24).map(|pass| pass * HOUR).collect();
    let store = with_passes(folder.path(), &times);
    let now = agreed(times[95]);
    let done = store.thin(
        &Retention {
            all_days: 90,
            hourly_days: 90,
            ..Retention::default()
        },
        now,
    );
    let done = done.expect("packed");
    assert!(done.thinned == 0 && done.after < done.before, "{done:?}");
    drop(store);
    let path = &segments(folder.path())[1];
    let whole = std::fs::read(path).expect("readable");
    let mut most = 0;
    // Every byte between the first frames of the segment: headers, a base, deltas.
    for at in (32..whole.len().min(4_000)).step_by(137) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        std::fs::write(path, &bytes).expect("written");
        let store = open(folder.path());
        let report = store.check().expect("readable");
        assert!(!report.problems.is_empty(), "byte {at}");
        let lost = report.problems.iter().filter_map(|problem| match problem {
            Problem::LostRecords { sequences, .. } => Some(sequences.len()),
            _ => None,
        });
        let lost: usize = lost.sum();
        let hanging = report
            .problems
            .iter()
            .filter(|problem| matches!(problem, Problem::BaseLost { .. }))
            .count();
        assert!(lost <= 24, "byte {at}: {report:?}");
        assert!(lost <= hanging + 1, "byte {at}: {report:?}");
        most = most.max(lost);
    }
    // A day of hourly passes hangs on its first audit.
    assert!((20..=24).contains(&most), "{most}");
}

#[test]
fn a_removal_that_is_not_ours_is_reported_beside_one_that_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let times: Vec<i64> = (0..60).map(|pass| pass * HOUR).collect();
    let store = with_passes(folder.path(), &times);
    store
        .thin(&Retention::default(), agreed(40 * DAY))
        .expect("thinned");
    sound(&store.check().expect("readable"));
    drop(store);
    let path = &segments(folder.path())[1];
    let bytes = std::fs::read(path).expect("readable");
    let magic = [0xF5, b'P', b'J', 0x9A];
    let starts: Vec<usize> = (0..bytes.len() - 4)
        .filter(|at| bytes[*at..*at + 4] == magic)
        .collect();
    let audit = starts
        .windows(2)
        .find(|pair| bytes[pair[0] + 6] == 1)
        .expect("an audit stayed");
    let cut = [&bytes[..audit[0]], &bytes[audit[1]..]].concat();
    std::fs::write(path, cut).expect("written");
    let store = open(folder.path());
    let report = store.check().expect("readable");
    let lost = report.problems.iter().any(|problem| match problem {
        Problem::LostRecords { sequences, .. } => sequences.len() == 1,
        _ => false,
    });
    assert!(lost && report.has_losses(), "{report:?}");
}

#[test]
fn keys_rotate_and_devices_are_erased_in_a_thinned_history() {
    let folder = tempfile::tempdir().expect("a folder");
    let times: Vec<i64> = (0..80).map(|pass| pass * HOUR).collect();
    let store = with_passes(folder.path(), &times);
    let now = 4 * DAY;
    store
        .thin(&Retention::default(), agreed(now))
        .expect("thinned");
    let before = kept(&store, 0);
    store.begin_key_rotation(at(now)).expect("begun");
    // While keys are being replaced, nothing is thinned.
    let idle = store
        .thin(&Retention::default(), agreed(40 * DAY))
        .expect("idle");
    assert_eq!(idle.thinned, 0);
    while store.continue_key_rotation(at(now)).expect("a step") {}
    assert_eq!(kept(&store, 0), before);
    sound(&store.check().expect("readable"));
    store
        .erase_device(&serial(1), Undelivered::Keep, &context(&agent(), now))
        .expect("erased");
    assert_eq!((kept(&store, 0), kept(&store, 1)), (before, Vec::new()));
    store
        .thin(&Retention::default(), agreed(40 * DAY))
        .expect("thinned");
    assert!(kept(&store, 0).len() < 6);
    assert!(kept(&store, 1).is_empty());
    let report = store.check().expect("readable");
    assert!(!report.has_losses(), "{report:?}");
}
