//! One recording's findings as they come in.

use super::{Finding, Section, Verdict};
use pagetally_model::{Level, Provenance, Sources, Text};
use pagetally_onsite::source_words;

/// A value of the audit with its story.
pub(super) struct Got<'a> {
    text: String,
    provenance: Option<&'a Provenance>,
}

impl<'a> Got<'a> {
    pub(super) fn new(value: impl ToString, provenance: Option<&'a Provenance>) -> Self {
        Self {
            text: clean(&value.to_string()),
            provenance,
        }
    }

    /// A value of a group whose sources are kept by field.
    pub(super) fn of(value: impl ToString, sources: &'a Sources, field: &str) -> Self {
        Self::new(value, sources.get(field))
    }
}

/// Whether the recording can give a value that the audit lacks.
pub(super) enum Proof {
    /// It can; where, in words.
    Held(String),
    /// It cannot.
    NotHeld,
}

/// What is compared, and where it stands.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) section: Section,
    pub(super) field: &'a str,
    pub(super) place: Option<&'a str>,
}

impl<'a> At<'a> {
    /// A field that stands for itself.
    pub(super) fn field(section: Section, field: &'a str) -> Self {
        Self {
            section,
            field,
            place: None,
        }
    }
}

/// The findings of one recording.
pub(super) struct Sheet {
    recording: String,
    maker: String,
    findings: Vec<Finding>,
}

impl Sheet {
    pub(super) fn new(recording: &str, maker: Option<&str>) -> Self {
        let maker = maker.map(clean).filter(|maker| !maker.is_empty());
        Self {
            recording: clean(recording),
            maker: maker.unwrap_or_else(|| "(maker not stated)".to_owned()),
            findings: Vec::new(),
        }
    }

    /// Compares a stated value with what the audit has, if anything.
    pub(super) fn compare(
        &mut self,
        at: At<'_>,
        expected: impl ToString,
        got: Option<Got<'_>>,
        same: bool,
        proof: impl FnOnce() -> Proof,
    ) {
        let (verdict, note) = match (&got, same) {
            (Some(_), true) => (Verdict::Right, None),
            (Some(_), false) => (Verdict::Wrong, None),
            (None, _) => match proof() {
                Proof::Held(at) => (Verdict::Absent, Some(at)),
                Proof::NotHeld => (Verdict::NotInRecording, None),
            },
        };
        self.add(at, verdict, expected, got, note);
    }

    /// Adds a finding whose verdict is known.
    pub(super) fn add(
        &mut self,
        at: At<'_>,
        verdict: Verdict,
        expected: impl ToString,
        got: Option<Got<'_>>,
        note: Option<String>,
    ) {
        let provenance = got.as_ref().and_then(|got| got.provenance);
        let rule = provenance.map(|p| format!("{}, version {}", p.rule.name, p.rule.version));
        self.findings.push(Finding {
            recording: self.recording.clone(),
            maker: self.maker.clone(),
            section: at.section,
            field: clean(at.field),
            place: at.place.map(clean),
            verdict,
            expected: clean(&expected.to_string()),
            source: provenance.map(|p| source_words(&p.source)),
            rule,
            got: got.map(|got| got.text),
            note,
        });
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}

/// Files are as little to be trusted as devices: what reaches a terminal is clean text.
pub(super) fn clean(text: &str) -> String {
    Text::clean(text).to_string()
}

/// The word that documents have for a value.
pub(super) fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// A level in words: the number where it has one.
pub(super) fn word_of(level: Level) -> String {
    match level {
        Level::OfCapacity { amount, capacity } => format!("{amount} of {capacity}"),
        Level::Percent(percent) => format!("{percent} percent"),
        Level::Amount(amount) => format!("{amount}"),
        other => other.state().to_owned(),
    }
}
