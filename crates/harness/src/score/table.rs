//! The report for people: a table of maker and field for each section, then what stands behind it.

use super::{Finding, Score, Section, Tally, Verdict};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The widest cell that a table shows whole.
const WIDEST: usize = 60;

pub(super) fn report(score: &Score) -> String {
    let mut text = String::new();
    for section in Section::ALL {
        table(score, section, &mut text);
    }
    let told = |verdict: Verdict, binding: bool| {
        move |finding: &&Finding| {
            finding.verdict == verdict && finding.section.is_binding() == binding
        }
    };
    list(score, "WRONG", told(Verdict::Wrong, true), &mut text);
    list(
        score,
        "Disputed (see the known disagreements)",
        told(Verdict::Disputed, true),
        &mut text,
    );
    list(
        score,
        "Absent, though the recording holds it",
        told(Verdict::Absent, true),
        &mut text,
    );
    list(
        score,
        "Differs from a mapping (no failure)",
        told(Verdict::Wrong, false),
        &mut text,
    );
    list(
        score,
        "Absent against a mapping (no failure)",
        told(Verdict::Absent, false),
        &mut text,
    );
    not_modelled(score, &mut text);
    not_compared(score, &mut text);
    lone_opinions(score, &mut text);
    summary(score, &mut text);
    text
}

fn title(section: Section) -> &'static str {
    match section {
        Section::Identity => "Identity",
        Section::Supplies => "Supplies",
        Section::Inputs => "Inputs of paper",
        Section::Meters => "Meters (web pages and asserted values)",
        Section::ByMapping => "Meters by a source's mapping (for information)",
        Section::PrinterMib => "Printer MIB (what the standard objects say)",
        Section::Ident => "Identification from a system description alone",
    }
}

/// A maker and a field.
type Key<'a> = (&'a str, &'a str);

fn table(score: &Score, section: Section, text: &mut String) {
    let mut cells: BTreeMap<Key<'_>, Vec<&Finding>> = BTreeMap::new();
    for finding in score.section(section) {
        cells
            .entry((&finding.maker, &finding.field))
            .or_default()
            .push(finding);
    }
    if cells.is_empty() {
        return;
    }
    let mut rows = vec![header()];
    let mut clean: BTreeMap<&str, (usize, u32)> = BTreeMap::new();
    for ((maker, field), findings) in &cells {
        let tally = Tally::of(findings.iter().copied());
        // The standard's fields are many; those with nothing to say share a row.
        if section == Section::PrinterMib && tally.right as usize == findings.len() {
            let (fields, right) = clean.entry(maker).or_default();
            *fields += 1;
            *right += tally.right;
            continue;
        }
        rows.push(row(maker, field, tally));
    }
    for (maker, (fields, right)) in clean {
        let tally = Tally {
            right,
            ..Tally::default()
        };
        rows.push(row(
            maker,
            &format!("({fields} fields with nothing else)"),
            tally,
        ));
    }
    rows.push(row("all", "", Tally::of(score.section(section))));
    put(
        text,
        format_args!("== {}\n\n{}\n", title(section), aligned(&rows)),
    );
}

fn header() -> Vec<String> {
    [
        "maker",
        "field",
        "right",
        "absent",
        "wrong",
        "disputed",
        "not in recording",
        "not modelled",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn row(maker: &str, field: &str, tally: Tally) -> Vec<String> {
    let number = |count: u32| {
        if count == 0 {
            "·".to_owned()
        } else {
            count.to_string()
        }
    };
    let mut cells = vec![maker.to_owned(), field.to_owned()];
    cells.extend(
        [
            tally.right,
            tally.absent,
            tally.wrong,
            tally.disputed,
            tally.not_in_recording,
            tally.not_modelled,
        ]
        .map(number),
    );
    cells
}

/// Two columns to the left, the others to the right, as wide as their widest cell.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count().min(WIDEST))
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let cell = cut(cell);
            if column < 2 {
                put(&mut line, format_args!("{cell:<width$}  "));
            } else {
                put(&mut line, format_args!("{cell:>width$}  "));
            }
        }
        put(&mut text, format_args!("{}\n", line.trim_end()));
    }
    text
}

fn cut(cell: &str) -> String {
    if cell.chars().count() <= WIDEST {
        return cell.to_owned();
    }
    cell.chars().take(WIDEST - 1).chain(['…']).collect()
}

fn list(score: &Score, title: &str, told: impl Fn(&&Finding) -> bool, text: &mut String) {
    let found: Vec<&Finding> = score.findings.iter().filter(told).collect();
    if found.is_empty() {
        return;
    }
    put(text, format_args!("== {title}: {}\n\n", found.len()));
    for finding in found {
        put(text, format_args!("{}\n", line(finding)));
    }
    text.push('\n');
}

fn line(finding: &Finding) -> String {
    let mut line = format!("{}: {}", finding.recording, finding.field);
    if let Some(place) = &finding.place {
        put(&mut line, format_args!(" [{}]", cut(place)));
    }
    put(&mut line, format_args!(": expected {:?}", finding.expected));
    if let Some(got) = &finding.got {
        put(&mut line, format_args!(", got {got:?}"));
    }
    if let Some(rule) = &finding.rule {
        put(&mut line, format_args!(", by {rule}"));
    }
    if let Some(source) = &finding.source {
        put(&mut line, format_args!(" from {source}"));
    }
    if let Some(note) = &finding.note {
        put(&mut line, format_args!(" ({note})"));
    }
    line
}

fn not_modelled(score: &Score, text: &mut String) {
    let mut keys: BTreeMap<&str, u32> = BTreeMap::new();
    for finding in score
        .findings
        .iter()
        .filter(|f| f.verdict == Verdict::NotModelled)
    {
        *keys.entry(&finding.field).or_default() += 1;
    }
    if !keys.is_empty() {
        let words: Vec<String> = keys.iter().map(|(key, n)| format!("{key} ({n})")).collect();
        put(
            text,
            format_args!(
                "== Not compared: counters that an audit has no place for\n\n{}\n\n",
                words.join(", ")
            ),
        );
    }
}

fn not_compared(score: &Score, text: &mut String) {
    if !score.not_compared.is_empty() {
        let title = "Not compared: places of statements that have another form than is known";
        let lines = score.not_compared.join("\n");
        put(text, format_args!("== {title}\n\n{lines}\n\n"));
    }
}

fn lone_opinions(score: &Score, text: &mut String) {
    if score.lone_opinions.is_empty() {
        return;
    }
    put(
        text,
        format_args!("== A second program's readings that nobody shares\n\n"),
    );
    for lone in &score.lone_opinions {
        let told = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        put(
            text,
            format_args!(
                "{}: {}: it reads {:?}; stated {}, audit {}\n",
                lone.recording,
                lone.field,
                lone.opinion,
                told(&lone.expected),
                told(&lone.got)
            ),
        );
    }
    text.push('\n');
}

fn summary(score: &Score, text: &mut String) {
    let percent = |tally: Tally| match tally.present_permille() {
        Some(permille) => format!("{}.{} %", permille / 10, permille % 10),
        None => "nothing to prove".to_owned(),
    };
    put(
        text,
        format_args!("== Summary: {} recordings\n\n", score.recordings),
    );
    let stated = score.stated();
    put(
        text,
        format_args!(
            "identity, supplies and meters: {} right of those that the recordings can prove \
             ({} right, {} absent, {} wrong, {} disputed)\n",
            percent(stated),
            stated.right,
            stated.absent,
            stated.wrong,
            stated.disputed
        ),
    );
    for section in Section::ALL {
        let tally = Tally::of(score.section(section));
        if tally != Tally::default() {
            let found = format!(
                "{} right, {} absent, {} wrong",
                tally.right, tally.absent, tally.wrong
            );
            put(
                text,
                format_args!("  {}: {}: {found}\n", title(section), percent(tally)),
            );
        }
    }
    match score.failures().count() {
        0 => put(text, format_args!("nothing wrong\n")),
        wrong => put(text, format_args!("{wrong} WRONG\n")),
    }
}

fn put(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(arguments);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(verdict: Verdict, section: Section) -> Finding {
        Finding {
            recording: "acme-jet-9".to_owned(),
            maker: "ACME".to_owned(),
            section,
            field: "total".to_owned(),
            place: None,
            verdict,
            expected: "7".to_owned(),
            got: Some("8".to_owned()),
            rule: Some("acme.total, version 1".to_owned()),
            source: Some("SNMP 1.3.6 = counter32: 8".to_owned()),
            note: None,
        }
    }

    #[test]
    fn a_wrong_value_is_listed_with_its_whole_story() {
        let findings = vec![finding(Verdict::Wrong, Section::Meters)];
        let report = report(&Score {
            findings,
            ..Score::default()
        });
        assert!(report.contains(
            "acme-jet-9: total: expected \"7\", got \"8\", by acme.total, version 1 from SNMP \
             1.3.6 = counter32: 8"
        ));
        assert!(report.ends_with("1 WRONG\n"));
    }

    #[test]
    fn a_difference_from_a_mapping_fails_nothing() {
        let findings = vec![finding(Verdict::Wrong, Section::ByMapping)];
        let report = report(&Score {
            findings,
            ..Score::default()
        });
        assert!(report.contains("Differs from a mapping"));
        assert!(report.ends_with("nothing wrong\n"));
    }

    #[test]
    fn percentages_are_rounded_down() {
        let tally = Tally {
            right: 949,
            absent: 50,
            wrong: 1,
            ..Tally::default()
        };
        assert_eq!(tally.present_permille(), Some(949));
        assert_eq!(Tally::default().present_permille(), None);
    }

    #[test]
    fn long_cells_are_cut_and_columns_stand_below_each_other() {
        let rows = vec![header(), row("ACME", &"x".repeat(99), Tally::default())];
        let text = aligned(&rows);
        assert!(text.contains('…'));
        let right: Vec<usize> = text.lines().filter_map(|l| l.find("right")).collect();
        assert_eq!(right.len(), 1);
    }
}
