//! "Why 6,466?": where a reading comes from, for people and as a document.
//!
//! A reading is named by its path in the audit's JSON: `serial`, `identity.serial`, `meters`,
//! `meters.total`, `meters.print.mono`, `supplies`, `supplies[2]`, `supplies.1.4.level`,
//! `supplies.black-toner.level`, `status.printer`, `contradictions`, `comparison`. A path that names a
//! group explains all that is in it; one that is a reading's own explains that reading alone.

mod near;
mod readings;
mod story;
mod text;

pub use readings::{Origin, Reading, readings};
pub use story::{Explanation, ObjectStory, RuleStory, Story, Trust};

use pagetally_model::{Contradiction, DeviceAudit, Source};
use pagetally_printer_mib::Definitions;

pub(crate) use near::distance;

/// A path that names nothing in this audit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", near::no_such_reading(self))]
pub struct NoSuchReading {
    /// The path that was asked for.
    pub path: String,
    /// Paths that this audit has and that look like it, the nearest first.
    pub near: Vec<String>,
    /// The paths of the same group, or the groups where there is no such group.
    pub known: Vec<String>,
}

/// Tells the story of every reading that `path` names.
///
/// `definitions` give the rules' reasons and proofs: those that the audit was decoded with, or newer
/// ones, which a story then says.
///
/// # Errors
///
/// [`NoSuchReading`] with what could have been asked for.
pub fn explain(
    audit: &DeviceAudit,
    path: &str,
    definitions: &Definitions,
) -> Result<Explanation, NoSuchReading> {
    let all = readings(audit);
    let mut wanted: Vec<&Reading<'_>> = all.iter().filter(|r| r.is_named_by(path)).collect();
    let mut also = Vec::new();
    // `meters.total` is a reading, though `meters.total.mono` lies below it.
    if wanted.iter().any(|reading| reading.is(path)) {
        let (itself, below): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|r| r.is(path));
        also = below.iter().map(|reading| reading.path.clone()).collect();
        wanted = itself;
    }
    if wanted.is_empty() {
        return Err(NoSuchReading {
            path: path.chars().take(120).collect(),
            near: near::readings(&all, path),
            known: near::group_or_groups(&all, path),
        });
    }
    let concerns = |contradiction: &&Contradiction| {
        let about = about(contradiction);
        let named = |reading: &&Reading<'_>| about.iter().any(|path| reading.is_named_by(path));
        wanted.iter().any(named)
    };
    let contradictions = audit.contradictions.iter().filter(concerns);
    Ok(Explanation {
        device: crate::device_name(audit),
        address: audit.address,
        audit: audit.id,
        time: audit.time.wall,
        readings: wanted
            .iter()
            .map(|reading| Story::of(reading, &all, audit, definitions))
            .collect(),
        contradictions: contradictions.cloned().collect(),
        also,
    })
}

/// The paths of the readings that a contradiction is about, as far as its words tell.
fn about(contradiction: &Contradiction) -> Vec<String> {
    let mut paths = Vec::new();
    let rule = contradiction.rule.as_str();
    for word in rule.split(|c: char| !c.is_alphanumeric()) {
        match word {
            "total" | "print" | "copy" | "scan" | "fax" => paths.push(format!("meters.{word}")),
            "serial" => paths.push("identity.serial".to_owned()),
            _ => {}
        }
    }
    for word in contradiction.detail.as_str().split([' ', ',', ':']) {
        if ["meters.", "markers.", "supplies.", "identity."]
            .iter()
            .any(|group| word.starts_with(group))
        {
            paths.push(word.to_owned());
        }
    }
    paths
}

/// Where a value came from, in one line.
pub fn source_words(source: &Source) -> String {
    match source {
        Source::Snmp { oid, raw } => format!("SNMP {oid} = {}: {}", raw.kind, raw.text),
        Source::Ipp { attribute, raw } => format!("IPP {attribute} = {raw}"),
        Source::Http { path, raw } => format!("web page {path} = {raw}"),
        Source::Network { by, raw } => format!("{by} = {raw}"),
        Source::Typed { by } => format!("typed by {by}"),
        Source::Counted { what } => format!("counted by the agent: {what}"),
        Source::Derived { formula, .. } => format!("computed: {formula}"),
        Source::Compared { earlier, .. } => {
            format!("held against the audit of {}", earlier.wall)
        }
        _ => "a source that this version does not know".to_owned(),
    }
}

#[cfg(test)]
mod tests;
