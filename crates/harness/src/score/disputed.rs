//! Known disagreements: statements that are wrong, with the bytes that show it, in a document that
//! people read and this module checks against.

use super::Finding;
use super::folder::{ScoreError, read_text};
use super::sheet::clean;
use std::path::Path;

/// One row: a statement that the audit contradicts for good reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    recording: String,
    field: String,
    expected: String,
    got: String,
    /// Why, from the row's last cell.
    pub(super) reason: String,
}

impl Disagreement {
    /// The recording's name, or the line of `ident.tsv`.
    pub fn recording(&self) -> &str {
        &self.recording
    }

    /// Whether it speaks of this finding: same recording, field and both values. A decoder that
    /// begins to answer something else is wrong again.
    pub(super) fn is_about(&self, finding: &Finding) -> bool {
        self.recording == finding.recording
            && self.field == finding.field
            && self.expected == finding.expected
            && finding.got.as_ref() == Some(&self.got)
    }
}

/// Reads every row of a Markdown document's tables whose columns are recording, field, stated,
/// ours, and at least one more, of which the last gives the reason. Other lines are passed over.
///
/// # Errors
///
/// A file that cannot be read.
pub fn read_disagreements(file: &Path) -> Result<Vec<Disagreement>, ScoreError> {
    Ok(parse(&read_text(file)?))
}

fn parse(text: &str) -> Vec<Disagreement> {
    let lines: Vec<&str> = text.lines().collect();
    let is_heading = |place: usize| lines.get(place + 1).is_some_and(|next| is_rule(next));
    let rows = lines.iter().enumerate();
    rows.filter(|(place, line)| !is_rule(line) && !is_heading(*place))
        .filter_map(|(_, line)| row(line))
        .collect()
}

/// The line of hyphens below a table's heading.
fn is_rule(line: &str) -> bool {
    line.contains('-')
        && line
            .chars()
            .all(|letter| matches!(letter, '|' | '-' | ':' | ' '))
}

fn row(line: &str) -> Option<Disagreement> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    let cells: Vec<String> = inner
        .split('|')
        .map(|cell| clean(cell.trim().trim_matches('`')))
        .collect();
    let [recording, field, expected, got, .., reason] = cells.as_slice() else {
        return None;
    };
    Some(Disagreement {
        recording: recording.clone(),
        field: field.clone(),
        expected: expected.clone(),
        got: got.clone(),
        reason: reason.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Score, Section, Verdict};
    use super::*;

    const DOCUMENT: &str = "# Known\n\n\
        | recording | field | stated | ours | bytes | why |\n| --- | --- | --- | --- | --- | --- |\n\
        | `zebra` | serial | 7062184 | 37J | 37 4a | the print server's |\n";

    fn score(got: &str) -> Score {
        let finding = Finding {
            recording: "zebra".to_owned(),
            maker: "Zebra".to_owned(),
            section: Section::Identity,
            field: "serial".to_owned(),
            place: None,
            verdict: Verdict::Wrong,
            expected: "7062184".to_owned(),
            got: Some(got.to_owned()),
            rule: None,
            source: None,
            note: None,
        };
        Score {
            findings: vec![finding],
            ..Score::default()
        }
    }

    #[test]
    fn a_listed_disagreement_is_disputed_and_gives_its_reason() {
        let mut score = score("37J");
        score.apply_disagreements(&parse(DOCUMENT));
        assert_eq!(score.findings[0].verdict, Verdict::Disputed);
        assert_eq!(
            score.findings[0].note.as_deref(),
            Some("the print server's")
        );
    }

    #[test]
    fn headings_and_rules_are_no_rows() {
        assert_eq!(parse(DOCUMENT).len(), 1);
        assert_eq!(parse("| too | few |\nno table\n"), []);
    }

    #[test]
    fn another_value_than_the_listed_one_stays_wrong() {
        let mut score = score("37K");
        score.apply_disagreements(&parse(DOCUMENT));
        assert_eq!(score.failures().count(), 1);
    }
}
