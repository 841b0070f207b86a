//! Compares the decoder with folders of recordings whose truth is known.
//!
//! A folder holds recordings (`NAME.snmprec`) and, beside each, what its source knows of the device
//! (`NAME.expected.json`); it may hold `ident.tsv`, system descriptions with the maker and model
//! that they stand for. [`score_folder`] replays every recording and holds the audit against the
//! statement, value by value.
//!
//! # What counts
//!
//! Every comparison is a [`Finding`] with one [`Verdict`]:
//!
//! - [`Right`](Verdict::Right): the audit has the stated value.
//! - [`Wrong`](Verdict::Wrong): the audit has another value. One such finding fails the score.
//! - [`Absent`](Verdict::Absent): the audit has no value, and the recording holds the stated one
//!   or the stated parts of a sum that gives it. Ends up in the percentage.
//! - [`NotInRecording`](Verdict::NotInRecording): no value, and the recording does not hold it
//!   (or the source itself says so in `not_in_snmp`). "Unknown" is the right answer there.
//! - [`NotModelled`](Verdict::NotModelled): a counter that the audit has no place for.
//! - [`Disputed`](Verdict::Disputed): wrong by the statement, and listed with its raw bytes in a
//!   file of known disagreements, with exactly these two values.
//!
//! A value where the source states nothing is neither right nor wrong. Whether a recording *holds*
//! a number or a text is decided by looking for it anywhere in the printers' subtrees, so a small
//! number can be "held" by chance; an absent finding names the objects, for a person to judge.
//!
//! Counters are truth where people read them off the device's web page or where the source's own
//! tests assert them. Counters that are only somebody's reading of the same recording stand in
//! [`Section::ByMapping`] and never fail the score.
//!
//! # When two wordings are the same
//!
//! Serial numbers: exactly, once blanks around them are gone. Makers: the words of one begin the
//! other (`Zebra`, `Zebra Technologies`), after two renames (Hewlett-Packard, Seiko Epson). Models:
//! without maker and filler words, letters and digits of one are part of the other, no number
//! is cut in two, and a model with a number needs a number; or all words with digits are the same; or
//! the audit uses the device's own hrDeviceDescr; but never with the serial number in it. Firmware: one contains the other.
//! Percentages: at most one apart, and five where a web page shows steps of ten.

mod alike;
mod disputed;
mod evidence;
mod expected;
mod finding;
mod folder;
mod ident;
mod identity;
mod inputs;
mod kinds;
mod meters;
mod printer_mib;
mod second;
mod sheet;
mod statement;
mod supplies;
mod table;
#[cfg(test)]
mod testing;

pub use disputed::{Disagreement, read_disagreements};
pub use finding::{Finding, Section, Tally, Verdict};
pub use folder::{ScoreError, ScoreProblem};
pub use ident::{IdentCase, read_ident, score_ident};
pub use pagetally_printer_mib::Definitions;

use evidence::Evidence;
use folder::{Case, Folder};
use pagetally_model::{AuditId, AuditTime, BootId, PassId, Timestamp};
use pagetally_onsite::{ReplayIds, replay};
use pagetally_snmp_engine::Recording;
use serde::Serialize;
use sheet::Sheet;
use std::path::Path;

/// An independent program's reading that agrees with nobody. For information.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoneOpinion {
    /// The recording's name.
    pub recording: String,
    /// The field.
    pub field: String,
    /// What the other program reads.
    pub opinion: String,
    /// What is stated, where anything is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What the audit has, where it has anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub got: Option<String>,
}

/// The whole comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Score {
    /// How many recordings were replayed.
    pub recordings: usize,
    /// Every comparison, in the order of the files.
    pub findings: Vec<Finding>,
    /// Readings of an independent program that agree with nobody.
    pub lone_opinions: Vec<LoneOpinion>,
    /// Places of statements that have another form than is known, and were passed over.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_compared: Vec<String>,
}

impl Score {
    /// The findings of one section.
    pub fn section(&self, section: Section) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(move |finding| finding.section == section)
    }

    /// The findings that fail the score.
    pub fn failures(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(|finding| finding.verdict == Verdict::Wrong && finding.section.is_binding())
    }

    /// Identity, supplies and meters together: what the aim of 95 percent is about.
    pub fn stated(&self) -> Tally {
        Tally::of(self.findings.iter().filter(|finding| {
            matches!(
                finding.section,
                Section::Identity | Section::Supplies | Section::Meters
            )
        }))
    }

    /// Turns wrong findings that are known disagreements into disputed ones.
    pub fn apply_disagreements(&mut self, known: &[Disagreement]) {
        for finding in &mut self.findings {
            if finding.verdict == Verdict::Wrong
                && let Some(row) = known.iter().find(|row| row.is_about(finding))
            {
                finding.verdict = Verdict::Disputed;
                finding.note = Some(row.reason.clone());
            }
        }
    }

    /// The report for people.
    pub fn to_table(&self) -> String {
        table::report(self)
    }
}

/// Replays every recording of a folder that has a statement beside it, and holds the decoder
/// against `ident`, or else the folder's own `ident.tsv`.
///
/// # Errors
///
/// A folder that cannot be used, by the file that is to blame: nothing in it is compared, a
/// statement has no recording, a file is too large, cannot be read or is not what its name says.
pub fn score_folder(
    folder: &Path,
    ident: Option<&Path>,
    definitions: &Definitions,
) -> Result<Score, ScoreError> {
    let folder = Folder::open(folder, ident)?;
    let mut score = Score {
        recordings: folder.names().len(),
        ..Score::default()
    };
    for name in folder.names() {
        let case = folder.case(name)?;
        score_case(&case, definitions, &mut score).map_err(|problem| ScoreError {
            file: case.recording_file.clone(),
            problem,
        })?;
    }
    if let Some(file) = folder.ident() {
        let cases = read_ident(file)?;
        score.findings.extend(score_ident(&cases, definitions));
    }
    Ok(score)
}

fn score_case(
    case: &Case,
    definitions: &Definitions,
    score: &mut Score,
) -> Result<(), ScoreProblem> {
    let audit = replay(&case.recording, &FIXED_IDS, definitions)?;
    let evidence = Evidence::of(&Recording::parse(&case.recording)?);
    let expected = &case.expected;
    let left_out = case.left_out.iter();
    let left_out = left_out.map(|at| sheet::clean(&format!("{}: {at}", case.name)));
    score.not_compared.extend(left_out);
    let mut sheet = Sheet::new(&case.name, expected.manufacturer.as_deref());
    identity::compare(expected, &audit, &evidence, &mut sheet);
    supplies::compare(expected, &audit, &evidence, &mut sheet);
    inputs::compare(expected, &audit, &mut sheet);
    meters::compare(expected, &audit, &evidence, &mut sheet);
    printer_mib::compare(expected, &audit, &mut sheet);
    score.findings.extend(sheet.into_findings());
    score
        .lone_opinions
        .extend(second::lone_opinions(&case.name, expected, &audit));
    Ok(())
}

/// A replay's ids say nothing here; fixed ones keep the score a function of its inputs.
const FIXED_IDS: ReplayIds = ReplayIds {
    audit: AuditId::from_bytes([0; 16]),
    pass: PassId::from_bytes([0; 16]),
    time: AuditTime {
        wall: Timestamp::from_unix_millis(0),
        boot: BootId::from_bytes([0; 16]),
        monotonic_millis: 0,
        central_offset: None,
    },
};
