//! The journal against power cuts, failing disks, flipped bytes and busy hands.

use super::*;
use crate::frame::HEADER;
use crate::testing::{MemoryFiles, PowerCut, TestJournal, frame_offsets, now, text};
use std::collections::BTreeMap;

fn keys() -> Arc<Keyring> {
    Arc::new(Keyring::in_memory().expect("random bytes"))
}

/// Three groups of two, three and one records in one segment.
fn three_groups(keyring: &Arc<Keyring>) -> (Arc<MemoryFiles>, Vec<Vec<u8>>, u64) {
    let files = MemoryFiles::new();
    let mut journal = TestJournal::open(files.clone(), keyring, None).expect("opens");
    let texts: Vec<Vec<u8>> = (0..6).map(text).collect();
    for group in [&texts[..2], &texts[2..5], &texts[5..]] {
        journal.store(group).expect("stored");
    }
    (files, texts, journal.state.acknowledged)
}

fn reopened(bytes: BTreeMap<u32, Vec<u8>>, keyring: &Arc<Keyring>) -> TestJournal {
    TestJournal::open(MemoryFiles::with(bytes), keyring, None).expect("opens")
}

#[test]
fn what_was_stored_is_read_back_without_a_complaint() {
    let keyring = keys();
    let (files, texts, acknowledged) = three_groups(&keyring);
    let journal = TestJournal::open(files, &keyring, Some(acknowledged)).expect("opens");
    assert_eq!(journal.texts(), texts);
    assert_eq!(journal.reading.problems, []);
}

#[test]
fn a_journal_cut_anywhere_keeps_every_closed_group_and_goes_on() {
    let keyring = keys();
    let (files, texts, _) = three_groups(&keyring);
    let whole = files.bytes()[&1].clone();
    let offsets = frame_offsets(&whole);
    // Frames 2, 7 and 10 are the first that close their groups.
    let closed_at = [offsets[3], offsets[8], offsets[11]];
    for length in 0..=whole.len() {
        let bytes = BTreeMap::from([(1, whole[..length].to_vec())]);
        let mut journal = reopened(bytes, &keyring);
        let groups = closed_at.iter().filter(|end| **end <= length).count();
        let expected = [0, 2, 5, 6][groups];
        assert_eq!(journal.texts(), texts[..expected], "cut at {length}");
        assert!(
            !journal.reading.problems.iter().any(Problem::is_loss),
            "cut at {length}: {:?}",
            journal.reading.problems
        );
        // Nobody is told of anything only where nothing is left over.
        let clean = length == 0
            || length == crate::segment::SEGMENT_HEADER
            || closed_at.contains(&length)
            || [offsets[4], offsets[9], offsets[12 - 1 + 1]].contains(&length);
        assert_eq!(
            journal.reading.problems.is_empty(),
            clean,
            "cut at {length}"
        );

        journal.store(&[text(99)]).expect("it goes on");
        let again = reopened(journal_bytes(&journal), &keyring);
        let mut expected = texts[..expected].to_vec();
        expected.push(text(99));
        assert_eq!(again.texts(), expected, "cut at {length}, then written to");
    }
}

/// The bytes of a test journal's disk.
fn journal_bytes(journal: &TestJournal) -> BTreeMap<u32, Vec<u8>> {
    let files = &journal.journal.files;
    files
        .segments()
        .expect("memory")
        .into_iter()
        .map(|segment| {
            (
                segment,
                journal.journal.segment_bytes(segment).expect("memory"),
            )
        })
        .collect()
}

#[test]
fn a_flipped_byte_anywhere_costs_one_record_at_most_and_is_reported() {
    let keyring = keys();
    let (files, texts, acknowledged) = three_groups(&keyring);
    let whole = files.bytes()[&1].clone();
    for at in 0..whole.len() {
        for flip in [0x01, 0x80] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            let files = MemoryFiles::with([(1, bytes)]);
            let journal = TestJournal::open(files, &keyring, Some(acknowledged)).expect("opens");
            let kept = texts.iter().filter(|t| journal.texts().contains(t)).count();
            assert!(kept + 1 >= texts.len(), "byte {at}: {kept} kept");
            assert_eq!(journal.texts().len(), kept, "byte {at}: nothing is made up");
            assert!(
                !journal.reading.problems.is_empty(),
                "byte {at} is not noticed"
            );
            let lost = journal
                .reading
                .problems
                .iter()
                .any(|problem| matches!(problem, Problem::LostRecords { .. }));
            assert_eq!(
                lost,
                kept < texts.len(),
                "byte {at}: {:?}",
                journal.reading.problems
            );
        }
    }
}

#[test]
fn swapped_records_are_noticed_and_still_read() {
    let keyring = keys();
    let (files, texts, acknowledged) = three_groups(&keyring);
    let whole = files.bytes()[&1].clone();
    let offsets = frame_offsets(&whole);
    // The first two frames change places.
    let mut bytes = whole[..offsets[0]].to_vec();
    bytes.extend_from_slice(&whole[offsets[1]..offsets[2]]);
    bytes.extend_from_slice(&whole[offsets[0]..offsets[1]]);
    bytes.extend_from_slice(&whole[offsets[2]..]);
    let journal = TestJournal::open(
        MemoryFiles::with([(1, bytes)]),
        &keyring,
        Some(acknowledged),
    )
    .expect("opens");
    assert_eq!(journal.texts(), texts);
    assert!(matches!(
        journal.reading.problems[..],
        [Problem::OutOfPlace { sequence: 1, .. }]
    ));
}

#[test]
fn a_record_in_place_of_another_is_not_taken_for_it() {
    let keyring = keys();
    let (files, _, acknowledged) = three_groups(&keyring);
    let whole = files.bytes()[&1].clone();
    let offsets = frame_offsets(&whole);
    // The sealed bytes of record 2 behind the header of record 1, which are of equal length.
    let mut bytes = whole.clone();
    let length = offsets[1] - offsets[0] - HEADER;
    assert_eq!(length, offsets[2] - offsets[1] - HEADER);
    bytes.copy_within(
        offsets[1] + HEADER..offsets[1] + HEADER + length,
        offsets[0] + HEADER,
    );
    let journal = TestJournal::open(
        MemoryFiles::with([(1, bytes)]),
        &keyring,
        Some(acknowledged),
    )
    .expect("opens");
    assert!(journal.reading.problems.contains(&Problem::DamagedRecord {
        segment: 1,
        offset: offsets[0] as u64,
        sequence: 1,
        kind: Some(RecordKind::State),
    }));
    assert_eq!(journal.texts().len(), 5);
}

#[test]
fn a_record_moved_to_another_segment_is_ignored_and_named() {
    let keyring = keys();
    let (files, texts, acknowledged) = three_groups(&keyring);
    let whole = files.bytes()[&1].clone();
    let offsets = frame_offsets(&whole);
    let mut second = segment::header(2, now()).to_vec();
    second.extend_from_slice(&whole[offsets[0]..offsets[1]]);
    let journal = TestJournal::open(
        MemoryFiles::with([(1, whole), (2, second)]),
        &keyring,
        Some(acknowledged),
    )
    .expect("opens");
    assert_eq!(journal.texts(), texts);
    assert!(matches!(
        journal.reading.problems[..],
        [Problem::MovedRecord {
            segment: 2,
            from: 1,
            sequence: 1,
            ..
        }]
    ));
}

#[test]
fn a_record_played_in_again_is_ignored_and_named() {
    let keyring = keys();
    let (files, texts, acknowledged) = three_groups(&keyring);
    let whole = files.bytes()[&1].clone();
    let offsets = frame_offsets(&whole);
    let mut bytes = whole.clone();
    bytes.extend_from_slice(&whole[offsets[0]..offsets[1]]);
    let journal = TestJournal::open(
        MemoryFiles::with([(1, bytes)]),
        &keyring,
        Some(acknowledged),
    )
    .expect("opens");
    assert_eq!(journal.texts(), texts);
    assert!(matches!(
        journal.reading.problems[..],
        [Problem::RepeatedRecord { sequence: 1, .. }]
    ));
}

#[test]
fn a_group_cut_out_of_the_middle_is_noticed() {
    let keyring = keys();
    let (files, texts, acknowledged) = three_groups(&keyring);
    let whole = files.bytes()[&1].clone();
    let offsets = frame_offsets(&whole);
    let mut bytes = whole[..offsets[4]].to_vec();
    bytes.extend_from_slice(&whole[offsets[9]..]);
    let journal = TestJournal::open(
        MemoryFiles::with([(1, bytes)]),
        &keyring,
        Some(acknowledged),
    )
    .expect("opens");
    assert_eq!(journal.texts(), [&texts[..2], &texts[5..]].concat());
    assert!(matches!(
        journal.reading.problems[..],
        [Problem::BrokenChain { segment: 1, .. }]
    ));
}

#[test]
fn a_segment_taken_away_is_noticed() {
    let keyring = keys();
    let files = MemoryFiles::new();
    let mut journal = TestJournal::open(files.clone(), &keyring, None).expect("opens");
    for number in 0..3 {
        journal.store(&[text(number)]).expect("stored");
        journal.journal.writer = None; // The next group begins a segment.
    }
    let mut bytes = files.bytes();
    assert_eq!(bytes.len(), 3);
    bytes.remove(&2);
    let again = reopened(bytes, &keyring);
    assert_eq!(again.texts(), [text(0), text(2)]);
    assert!(matches!(
        again.reading.problems[..],
        [Problem::BrokenChain { segment: 3, .. }]
    ));
}

#[test]
fn a_frame_of_a_newer_format_is_refused_by_name() {
    let keyring = keys();
    let (files, _, _) = three_groups(&keyring);
    let whole = files.bytes()[&1].clone();
    let offsets = frame_offsets(&whole);
    for (at, place) in [(8, 0), (4, offsets[0])] {
        let mut bytes = whole.clone();
        bytes[place + at] = 9;
        let (start, end) = if place == 0 {
            (0, 24)
        } else {
            (place + 4, place + 72)
        };
        let check = Hash::of(&[&bytes[start..end]]);
        bytes[end..end + 8].copy_from_slice(&check.as_bytes()[..8]);
        let error = TestJournal::open(MemoryFiles::with([(1, bytes)]), &keyring, None)
            .err()
            .expect("it is refused");
        assert!(
            matches!(
                error,
                StoreError::NewerFormat {
                    format: 9,
                    algorithm: 1,
                    ..
                }
            ),
            "{error}"
        );
    }
}

/// What a writer was told, and what may be on its disk besides.
struct Told {
    stored: Vec<Vec<u8>>,
    refused: Vec<Vec<u8>>,
    /// The last record that an index would know of.
    acknowledged: u64,
}

/// Stores groups of three records until the disk fails; goes on where `goes_on` says so.
fn write_until_failure(files: &Arc<MemoryFiles>, keyring: &Arc<Keyring>, goes_on: bool) -> Told {
    let mut told = Told {
        stored: Vec::new(),
        refused: Vec::new(),
        acknowledged: 0,
    };
    let mut journal = TestJournal::open(files.clone(), keyring, None).expect("opens");
    for group in 0..4 {
        let texts: Vec<Vec<u8>> = (0..3).map(|record| text(group * 3 + record)).collect();
        match journal.store(&texts) {
            Ok(appended) => {
                told.stored.extend(texts);
                told.acknowledged = appended.last;
            }
            Err(_) if goes_on => told.refused.extend(texts),
            Err(_) => {
                told.refused.extend(texts);
                break;
            }
        }
    }
    told
}

fn cuts() -> Vec<PowerCut> {
    let mut cuts = vec![PowerCut::KeepsAll, PowerCut::KeepsNone];
    cuts.extend((0..700).step_by(37).map(PowerCut::KeepsFirst));
    cuts.extend([0b1, 0b10, 0b101, 0b110, u64::MAX].map(PowerCut::TearsSectors));
    cuts
}

#[test]
fn whichever_call_to_the_disk_fails_what_was_acknowledged_survives_every_power_cut() {
    let keyring = keys();
    let unhurt = MemoryFiles::new();
    write_until_failure(&unhurt, &keyring, false);
    for goes_on in [false, true] {
        for call in 0..unhurt.calls() {
            let files = MemoryFiles::new();
            files.fail(&[call]);
            let told = write_until_failure(&files, &keyring, goes_on);
            assert!(
                !told.refused.is_empty(),
                "call {call} failed and nobody was told"
            );
            for cut in cuts() {
                survives(
                    &files,
                    &keyring,
                    &told,
                    cut,
                    &format!("call {call}, {cut:?}"),
                );
            }
        }
    }
}

#[test]
fn two_failures_in_a_row_lose_nothing_that_was_acknowledged() {
    let keyring = keys();
    for call in 2..8 {
        let files = MemoryFiles::new();
        files.fail(&[call, call + 1, call + 2]);
        let told = write_until_failure(&files, &keyring, true);
        for cut in cuts() {
            survives(
                &files,
                &keyring,
                &told,
                cut,
                &format!("calls from {call}, {cut:?}"),
            );
        }
    }
}

/// All that was acknowledged is there; a group that was refused is there wholly or not at all.
fn survives(files: &MemoryFiles, keyring: &Arc<Keyring>, told: &Told, cut: PowerCut, case: &str) {
    let found = TestJournal::open(files.after(cut), keyring, Some(told.acknowledged))
        .expect("opens")
        .texts();
    for text in &told.stored {
        assert!(
            found.contains(text),
            "{case}: an acknowledged record is lost"
        );
    }
    for group in told.refused.chunks(3) {
        let there = group.iter().filter(|text| found.contains(text)).count();
        assert!(
            there == 0 || there == 3,
            "{case}: {there} of 3 records of a group"
        );
    }
}

#[test]
fn a_group_that_failed_gives_way_to_the_one_written_after_it() {
    let keyring = keys();
    let files = MemoryFiles::new();
    // create, header, group, sync; group, sync: the second group's sync fails.
    files.fail(&[5]);
    let mut journal = TestJournal::open(files.clone(), &keyring, None).expect("opens");
    journal.store(&[text(1)]).expect("stored");
    journal.store(&[text(2)]).expect_err("the disk fails");
    journal.store(&[text(3)]).expect("stored");
    let again = TestJournal::open(files.after(PowerCut::KeepsAll), &keyring, None).expect("opens");
    let found: Vec<Vec<u8>> = again.texts();
    assert!(found.contains(&text(1)) && found.contains(&text(3)));
    assert!(
        !found.contains(&text(2)),
        "its sequence was given to another"
    );
    assert!(matches!(
        again.reading.problems[..],
        [Problem::AbandonedGroup { segment: 1, .. }]
    ));
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400),
        places in proptest::collection::vec((0usize..2_000, proptest::prelude::any::<u8>()), 0..20),
        cut in 0usize..2_000,
    ) {
        let keyring = keys();
        let (files, _, _) = three_groups(&keyring);
        let mut damaged = files.bytes()[&1].clone();
        for (at, byte) in places {
            if let Some(place) = damaged.get_mut(at) {
                *place = byte;
            }
        }
        damaged.truncate(cut.max(10));
        damaged.extend_from_slice(&bytes);
        for segments in [vec![(1, bytes.clone())], vec![(1, damaged)]] {
            if let Ok(mut journal) = TestJournal::open(MemoryFiles::with(segments), &keyring, None) {
                journal.store(&[text(1)]).expect("it goes on");
            }
        }
    }
}
