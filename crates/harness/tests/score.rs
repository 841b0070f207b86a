//! The decoder against the recordings of real printers, where the folder of them is at hand.

use pagetally_harness::score::{
    Definitions, Disagreement, Score, Section, Tally, Verdict, read_disagreements, score_folder,
};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The folder of recordings; nothing where there is none, which is said aloud.
fn recordings() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/printers");
    let folder = std::env::var_os("PAGETALLY_RECORDINGS").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    let told = format!(
        "SKIPPED: no recordings in {}; set PAGETALLY_RECORDINGS\n",
        folder.display()
    );
    // Written directly: libtest keeps what passing tests print to itself.
    let _ = std::io::stderr().write_all(told.as_bytes());
    let required = std::env::var_os("PAGETALLY_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(!required, "{told}");
    None
}

fn score(folder: &Path) -> Score {
    score_folder(folder, None, &Definitions::builtin()).expect("a folder that can be scored")
}

fn told(score: &Score, section: Section, verdict: Verdict) -> Vec<String> {
    let found = score
        .section(section)
        .filter(|finding| finding.verdict == verdict);
    found
        .map(|f| {
            format!(
                "{}: {}: expected {}, got {:?}",
                f.recording, f.field, f.expected, f.got
            )
        })
        .collect()
}

#[test]
fn what_the_printer_mib_states_comes_out_of_every_recording() {
    let Some(folder) = recordings() else { return };
    let score = score(&folder);
    let tally = Tally::of(score.section(Section::PrinterMib));
    assert!(tally.right > 0, "nothing was compared");
    assert_eq!(
        told(&score, Section::PrinterMib, Verdict::Wrong),
        Vec::<String>::new()
    );
    // Serial number, description, life count, supplies and their levels: none may be missing. An
    // input that is called "Auto Select" holds no paper, and need not come out.
    let missing: Vec<String> = told(&score, Section::PrinterMib, Verdict::Absent)
        .into_iter()
        .filter(|told| !told.contains("prtInput row"))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn nothing_is_wrong_but_what_is_written_down_and_nearly_all_is_present() {
    let Some(folder) = recordings() else { return };
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/known-disagreements.md");
    let known = read_disagreements(&document).expect("the document");
    let mut score = score(&folder);
    score.apply_disagreements(&known);
    let wrong: Vec<_> = score.failures().collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let is_at_hand = |name: &str| folder.join(format!("{name}.snmprec")).is_file();
    let listed: BTreeSet<&str> = known.iter().map(Disagreement::recording).collect();
    let disputed = score
        .findings
        .iter()
        .filter(|f| f.verdict == Verdict::Disputed);
    let disputed: BTreeSet<&str> = disputed.map(|finding| finding.recording.as_str()).collect();
    let stale: Vec<_> = listed
        .difference(&disputed)
        .filter(|name| is_at_hand(name))
        .collect();
    assert!(
        stale.is_empty(),
        "the document disputes what nobody says any more: {stale:?}"
    );
    let present = score.stated().present_permille();
    assert!(
        present >= Some(950),
        "{present:?} permille of what the recordings can prove"
    );
}

#[test]
fn a_score_is_the_same_twice() {
    let Some(folder) = recordings() else { return };
    assert_eq!(score(&folder), score(&folder));
}

#[test]
fn a_recording_with_its_truth_bent_is_called_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let recording = "1.3.6.1.2.1.1.1.0|4|ACME Jet 9\n\
        1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5\n\
        1.3.6.1.2.1.25.3.2.1.3.1|4|ACME Jet 9\n\
        1.3.6.1.2.1.43.5.1.1.17.1|4|SN-1\n\
        1.3.6.1.2.1.43.10.2.1.3.1.1|2|7\n\
        1.3.6.1.2.1.43.10.2.1.4.1.1|65|4711\n\
        1.3.6.1.2.1.43.11.1.1.6.1.1|4|Black Toner\n\
        1.3.6.1.2.1.43.11.1.1.7.1.1|2|7\n\
        1.3.6.1.2.1.43.11.1.1.8.1.1|2|100\n\
        1.3.6.1.2.1.43.11.1.1.9.1.1|2|40\n";
    std::fs::write(folder.path().join("jet.snmprec"), recording).expect("written");
    let failures = |serial: &str, life: u64, level: u64| {
        let statement = format!(
            r#"{{"serial": "{serial}", "counters": {{"life_count": {life}}},
                "counters_basis": "device web page",
                "supplies": [{{"index": 1, "level_percent": {level}}}],
                "raw": {{"prtMarker": [{{"index": "1.1", "life_count": {life}}}]}}}}"#
        );
        std::fs::write(folder.path().join("jet.expected.json"), statement).expect("written");
        let score = score(folder.path());
        let fields: Vec<String> = score.failures().map(|f| f.field.clone()).collect();
        fields
    };
    assert_eq!(failures("SN-1", 4711, 40), Vec::<String>::new());
    assert_eq!(failures("SN-2", 4711, 40), ["serial"]);
    assert_eq!(
        failures("SN-1", 4712, 40),
        ["life_count", "prtMarkerLifeCount"]
    );
    assert_eq!(failures("SN-1", 4711, 60), ["level_percent"]);
}

#[test]
fn a_folder_with_a_broken_recording_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("jet.snmprec"), "not a recording\n").expect("written");
    std::fs::write(folder.path().join("jet.expected.json"), "{}").expect("written");
    let error = score_folder(folder.path(), None, &Definitions::builtin()).expect_err("refused");
    assert!(error.file.ends_with("jet.snmprec"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}
