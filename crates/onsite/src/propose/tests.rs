use super::*;
use pagetally_snmp_engine::Recording;

/// A printer that no family knows, with a table of counters by label, one by type, records, and
/// decoys.
const ACME: &str = "1.3.6.1.2.1.1.1.0|4|ACME Printer 9 V1.2\n\
    1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.1.9\n\
    1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5\n\
    1.3.6.1.2.1.25.3.2.1.3.1|4|ACME Printer 9\n\
    1.3.6.1.2.1.43.10.2.1.3.1.1|2|7\n\
    1.3.6.1.2.1.43.10.2.1.4.1.1|65|6470\n\
    1.3.6.1.4.1.99999.5.1.1.1.1|2|1\n\
    1.3.6.1.4.1.99999.5.1.1.1.2|2|2\n\
    1.3.6.1.4.1.99999.5.1.1.1.3|2|3\n\
    1.3.6.1.4.1.99999.5.1.1.2.1|4|Total Impressions\n\
    1.3.6.1.4.1.99999.5.1.1.2.2|4|Color Impressions\n\
    1.3.6.1.4.1.99999.5.1.1.2.3|4|Total Copies\n\
    1.3.6.1.4.1.99999.5.1.1.3.1|65|6466\n\
    1.3.6.1.4.1.99999.5.1.1.3.2|65|1200\n\
    1.3.6.1.4.1.99999.5.1.1.3.3|65|350\n\
    1.3.6.1.4.1.99999.6.1.1.2.1|2|70\n\
    1.3.6.1.4.1.99999.6.1.1.2.2|2|71\n\
    1.3.6.1.4.1.99999.6.1.1.3.1|65|4100\n\
    1.3.6.1.4.1.99999.6.1.1.3.2|65|220\n\
    1.3.6.1.4.1.99999.7.0|4x|0001040000151b4101020309ff\n\
    1.3.6.1.4.1.99999.8.0|2|1200\n\
    1.3.6.1.4.1.99999.9.0|4|Faxes: 77 of 9999\n";

fn recording(text: &str) -> Recording {
    Recording::parse(text.as_bytes()).expect("valid")
}

fn wanted(numbers: &[(&str, u64)]) -> Vec<Wanted> {
    numbers
        .iter()
        .map(|(name, value)| Wanted {
            meter: *WANTED_METERS
                .iter()
                .find(|meter| meter.name == *name)
                .expect("a meter"),
            value: *value,
            later: None,
        })
        .collect()
}

fn proposal(text: &str, numbers: &[(&str, u64)]) -> Proposal {
    let input = ProposeInput {
        recording: &recording(text),
        later: None,
        wanted: &wanted(numbers),
        site_files: &[],
    };
    propose(&input).expect("a proposal")
}

#[track_caller]
fn best<'p>(proposal: &'p Proposal, meter: &str) -> &'p Candidate {
    let mut candidates = proposal.candidates.iter();
    let found = candidates.find(|candidate| candidate.meter == meter);
    found.unwrap_or_else(|| panic!("no {meter} in {proposal:#?}"))
}

#[test]
fn the_numbers_of_a_labelled_table_become_rows_joined_by_their_labels() {
    let proposal = proposal(ACME, &[("total", 6466), ("color", 1200), ("copy", 350)]);
    assert_eq!(
        best(&proposal, "total").oids,
        ["1.3.6.1.4.1.99999.5.1.1.3.1"]
    );
    assert_eq!(
        best(&proposal, "color").oids,
        ["1.3.6.1.4.1.99999.5.1.1.3.2"]
    );
    assert_eq!(best(&proposal, "total").labels, ["Total Impressions"]);
    let file = proposal.file.as_ref().expect("a file");
    assert!(
        file.toml
            .contains("when = { column2 = \"Total Impressions\" }"),
        "{}",
        file.toml
    );
    assert!(!file.toml.contains("index ="), "{}", file.toml);
    assert!(
        file.toml.contains("descriptions = [\"*ACME Printer 9*\"]"),
        "{}",
        file.toml
    );
    for check in &proposal.checks {
        assert!(check.right, "{check:?}\n{}", file.toml);
        assert_ne!(
            check.before.as_ref().map(|before| before.0),
            Some(check.wanted)
        );
        let rule = &check.after.as_ref().expect("read").1;
        assert!(rule.starts_with("site-acme-printer-9."), "{rule}");
    }
}

#[test]
fn a_table_without_labels_is_joined_by_its_types() {
    let proposal = proposal(ACME, &[("print", 4100)]);
    let file = proposal.file.expect("a file");
    assert!(
        file.toml.contains("when = { column2 = 70 }"),
        "{}",
        file.toml
    );
    assert!(proposal.checks[0].right);
}

#[test]
fn records_and_texts_are_read_too() {
    let proposal = proposal(ACME, &[("scan", 5403), ("fax", 77)]);
    let file = proposal.file.as_ref().expect("a file");
    assert!(
        file.toml.contains("layout = \"id-one-length-value\""),
        "{}",
        file.toml
    );
    assert!(
        file.toml.contains("pattern = \"Faxes: {#} of #\""),
        "{}",
        file.toml
    );
    assert!(
        proposal.checks.iter().all(|check| check.right),
        "{:#?}",
        proposal.checks
    );
}

#[test]
fn a_sum_is_proposed_only_where_nothing_states_the_number() {
    let sum = proposal(ACME, &[("print", 4320)]);
    assert_eq!(best(&sum, "print").oids.len(), 2);
    let file = sum.file.as_ref().expect("a file");
    assert!(file.toml.contains("[[sum]]"), "{}", file.toml);
    assert!(sum.checks[0].right, "{}", file.toml);
    let stated = proposal(ACME, &[("print", 4100)]);
    assert!(
        stated
            .candidates
            .iter()
            .all(|candidate| candidate.oids.len() == 1)
    );
}

#[test]
fn a_number_that_stands_nowhere_has_no_candidate_and_says_so() {
    let proposal = proposal(ACME, &[("total", 987_654)]);
    assert_eq!(proposal.candidates, []);
    assert_eq!(proposal.file, None);
    assert!(
        proposal.remarks[0].contains("stands nowhere"),
        "{:?}",
        proposal.remarks
    );
    assert!(!proposal.checks[0].right);
}

#[test]
fn what_is_read_already_is_said_and_nothing_is_proposed() {
    let proposal = proposal(ACME, &[("total", 6470)]);
    assert_eq!(proposal.file, None);
    let total = best(&proposal, "total");
    assert!(
        total.read_by[0].contains("already reads this as total by rfc3805"),
        "{total:?}"
    );
    assert!(proposal.checks[0].right);
}

#[test]
fn rows_of_a_family_that_does_not_speak_for_the_device_are_let_speak() {
    // Ricoh's counters by type, under a brand's own sysObjectID.
    let brand = "1.3.6.1.2.1.1.1.0|4|ACME MFP 300 1.0\n\
        1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.1.1.1.300\n\
        1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5\n\
        1.3.6.1.2.1.25.3.2.1.3.1|4|ACME MFP 300\n\
        1.3.6.1.4.1.367.3.2.1.2.19.5.1.2.1|2|10\n\
        1.3.6.1.4.1.367.3.2.1.2.19.5.1.2.2|2|200\n\
        1.3.6.1.4.1.367.3.2.1.2.19.5.1.9.1|2|6466\n\
        1.3.6.1.4.1.367.3.2.1.2.19.5.1.9.2|2|350\n";
    let proposal = proposal(brand, &[("total", 6466), ("copy", 350)]);
    let file = proposal.file.as_ref().expect("a file");
    assert!(!file.adds_rows, "{}", file.toml);
    assert!(file.toml.contains("family = \"ricoh\""), "{}", file.toml);
    assert!(best(&proposal, "total").read_by[0].contains("ricoh does not speak for this device"));
    assert!(
        proposal.checks.iter().all(|check| check.right),
        "{:#?}",
        proposal.checks
    );
}

#[test]
fn a_later_recording_tells_the_counter_from_what_only_looks_like_it() {
    let text = "1.3.6.1.4.1.99999.3.1.0|65|6466\n1.3.6.1.4.1.99999.3.2.0|65|6466\n";
    let first = recording(&format!("{ACME}{}", text.replace("99999.3", "99999.2")));
    let later = recording(
        &format!("{ACME}{text}")
            .replace("99999.3.2.0|65|6466", "99999.2.2.0|65|6500")
            .replace("99999.3.1.0|65", "99999.2.1.0|65"),
    );
    let mut wanted = wanted(&[("total", 6466)]);
    let mut input = ProposeInput {
        recording: &first,
        later: None,
        wanted: &wanted.clone(),
        site_files: &[],
    };
    assert!(propose(&input).expect("a proposal").candidates.len() > 1);
    wanted[0].later = Some(6500);
    input.later = Some(&later);
    input.wanted = &wanted;
    let proposal = propose(&input).expect("a proposal");
    let oids: Vec<&str> = proposal
        .candidates
        .iter()
        .map(|one| one.oids[0].as_str())
        .collect();
    assert_eq!(oids, ["1.3.6.1.4.1.99999.2.2.0"]);
}

#[test]
fn a_sites_own_rows_stay_over_the_shipped_ones() {
    let own = "format = 1\nfamily = \"ours\"\nversion = 1\n[match]\ndescriptions = [\"ACME*\"]\n\
        [[number]]\nrule = \"total\"\noid = \"1.3.6.1.4.1.99999.5.1.1.3.1\"\n\
        meter = { function = \"total\" }\nreason = \"ours\"\nproof = \"web page of ours\"\n";
    let recording = recording(ACME);
    let input = ProposeInput {
        recording: &recording,
        later: None,
        wanted: &wanted(&[("total", 6466), ("color", 1200)]),
        site_files: &[("ours.toml".to_owned(), own.to_owned())],
    };
    let proposal = propose(&input).expect("a proposal");
    assert_eq!(
        proposal.checks[0].before.as_ref().map(|read| read.0),
        Some(6466)
    );
    let file = proposal.file.expect("a file");
    assert!(!file.toml.contains("rule = \"total\""), "{}", file.toml);
    assert!(proposal.checks.iter().all(|check| check.right));
}

#[test]
fn a_hostile_name_makes_no_broken_file() {
    let text = ACME.replace("ACME Printer 9", "A\"; B\\{*}# é [match]");
    let proposal = proposal(&text, &[("total", 6466)]);
    assert!(proposal.checks[0].right, "{:#?}", proposal.file);
}
