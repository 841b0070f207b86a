//! What a comparison gives, and how many of each.

use serde::Serialize;

/// What one comparison found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// The audit has the stated value.
    Right,
    /// The audit has no value; the recording could give it.
    Absent,
    /// The audit has another value.
    Wrong,
    /// The audit has no value, and the recording does not hold it.
    NotInRecording,
    /// The audit has no place for such a value.
    NotModelled,
    /// Another value than the statement's, for reasons that are written down.
    Disputed,
}

/// What a comparison was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Section {
    /// Maker, model, serial number, firmware, names.
    Identity,
    /// Supplies, against what the source states.
    Supplies,
    /// Inputs of paper, against what the source states.
    Inputs,
    /// Counters, against web pages and asserted values.
    Meters,
    /// Counters, against somebody's reading of the same recording. Never fails the score.
    ByMapping,
    /// What RFC 3805, RFC 2790 and RFC 1213 say that the recording means.
    PrinterMib,
    /// Printer or not, maker and model, from a system description alone.
    Ident,
}

impl Section {
    /// In the order of the report.
    pub const ALL: [Self; 7] = [
        Self::Identity,
        Self::Supplies,
        Self::Meters,
        Self::Inputs,
        Self::PrinterMib,
        Self::Ident,
        Self::ByMapping,
    ];

    /// Whether a wrong value here fails the score.
    pub fn is_binding(self) -> bool {
        self != Self::ByMapping
    }
}

/// One comparison of one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The recording's name, or the line of `ident.tsv`.
    pub recording: String,
    /// The maker as the statement words it.
    pub maker: String,
    /// What it is about.
    pub section: Section,
    /// The field, the same for all rows of a table.
    pub field: String,
    /// Which row, where the field stands in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What came out.
    pub verdict: Verdict,
    /// The stated value.
    pub expected: String,
    /// The audit's value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub got: Option<String>,
    /// The definition row that the audit's value rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The raw value that it rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What a reader should know, such as the objects that hold an absent value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How many comparisons came out which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// [`Verdict::Right`].
    pub right: u32,
    /// [`Verdict::Absent`].
    pub absent: u32,
    /// [`Verdict::Wrong`].
    pub wrong: u32,
    /// [`Verdict::NotInRecording`].
    pub not_in_recording: u32,
    /// [`Verdict::NotModelled`].
    pub not_modelled: u32,
    /// [`Verdict::Disputed`].
    pub disputed: u32,
}

impl Tally {
    /// Counts findings.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut tally = Self::default();
        for finding in findings {
            *match finding.verdict {
                Verdict::Right => &mut tally.right,
                Verdict::Absent => &mut tally.absent,
                Verdict::Wrong => &mut tally.wrong,
                Verdict::NotInRecording => &mut tally.not_in_recording,
                Verdict::NotModelled => &mut tally.not_modelled,
                Verdict::Disputed => &mut tally.disputed,
            } += 1;
        }
        tally
    }

    /// Right values among those that the recordings can prove, in tenths of a percent, rounded
    /// down; nothing where nothing can be proved.
    pub fn present_permille(&self) -> Option<u32> {
        let provable = self.right + self.absent + self.wrong + self.disputed;
        (self.right * 1000).checked_div(provable)
    }
}
