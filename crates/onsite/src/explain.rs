//! "Why 6,466?": the story of a reading in words.
//!
//! A reading is named by its path in the audit's JSON: `serial`, `identity.serial`, `meters`,
//! `meters.total`, `meters.print.mono`, `supplies`, `supplies[2]`, `supplies.1.4.level`,
//! `status.printer`. A path that names a group explains all that is in it.

use pagetally_model::{DerivedInput, DeviceAudit, Meter, Provenance, RuleId, Source, Sources};
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write as _;

/// A path that names nothing in this audit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the audit has no reading {path:?}; it has {}", known.join(", "))]
pub struct NoSuchReading {
    /// The path that was asked for.
    pub path: String,
    /// Paths that this audit has, of the same group where the group exists.
    pub known: Vec<String>,
}

/// One reading with its path, its value and its provenance.
#[derive(Clone, Debug)]
pub struct Reading<'a> {
    /// Its path, such as `supplies[0].level` or `meters.total.any`.
    pub path: String,
    /// Other paths by which it can be named.
    aliases: Vec<String>,
    /// Its value, as the JSON has it.
    pub value: Value,
    /// Where it came from.
    pub provenance: &'a Provenance,
}

/// Every reading of an audit that has a provenance, in the order of the document.
pub fn readings(audit: &DeviceAudit) -> Vec<Reading<'_>> {
    let mut found = Vec::new();
    group(
        &mut found,
        "identity",
        None,
        &audit.identity,
        &audit.identity.sources,
    );
    group(
        &mut found,
        "status",
        None,
        &audit.status,
        &audit.status.sources,
    );
    for (index, meter) in audit.meters.iter().enumerate() {
        found.push(meter_reading(index, meter));
    }
    macro_rules! rows {
        ($name:literal, $rows:expr) => {
            for (index, row) in $rows.iter().enumerate() {
                let at = format!("{}[{index}]", $name);
                let slot = format!("{}.{}", $name, row.slot);
                group(&mut found, &at, Some(&slot), row, &row.sources);
            }
        };
    }
    rows!("markers", audit.markers);
    rows!("supplies", audit.supplies);
    rows!("trays", audit.trays);
    rows!("outputs", audit.outputs);
    rows!("covers", audit.covers);
    rows!("alerts", audit.alerts);
    found
}

fn group<'a>(
    into: &mut Vec<Reading<'a>>,
    at: &str,
    slot: Option<&str>,
    part: &impl Serialize,
    sources: &'a Sources,
) {
    let document = serde_json::to_value(part).unwrap_or_default();
    for (field, provenance) in sources {
        into.push(Reading {
            path: format!("{at}.{field}"),
            aliases: slot
                .map(|slot| format!("{slot}.{field}"))
                .into_iter()
                .collect(),
            value: document.get(field).cloned().unwrap_or_default(),
            provenance,
        });
    }
}

fn meter_reading(index: usize, meter: &Meter) -> Reading<'_> {
    let word = |part: &dyn erased::Word| part.word();
    let parts = [
        word(&meter.function),
        word(&meter.color),
        word(&meter.size),
        word(&meter.sides),
    ];
    let mut short = parts.to_vec();
    while short.len() > 1 && short.last().is_some_and(|part| part == "any") {
        short.pop();
    }
    Reading {
        path: format!("meters.{}", short.join(".")),
        aliases: vec![
            format!("meters[{index}]"),
            format!("meters.{}", parts.join(".")),
        ],
        value: Value::from(meter.value),
        provenance: &meter.source,
    }
}

mod erased {
    use serde::Serialize;

    /// A unit enum by the word that its JSON has.
    pub(super) trait Word {
        fn word(&self) -> String;
    }

    impl<T: Serialize> Word for T {
        fn word(&self) -> String {
            match serde_json::to_value(self) {
                Ok(serde_json::Value::String(word)) => word,
                _ => String::new(),
            }
        }
    }
}

impl Reading<'_> {
    fn is_named_by(&self, path: &str) -> bool {
        std::iter::once(&self.path)
            .chain(&self.aliases)
            .any(|own| names(path, own) || own.strip_prefix("identity.") == Some(path))
    }
}

/// Whether `path` is `own` or a group that `own` lies in.
fn names(path: &str, own: &str) -> bool {
    own.strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || rest.starts_with('['))
}

/// Tells the story of every reading that `path` names.
///
/// # Errors
///
/// [`NoSuchReading`] with what could have been asked for.
pub fn explain(audit: &DeviceAudit, path: &str) -> Result<String, NoSuchReading> {
    let all = readings(audit);
    let mut text = String::new();
    for reading in all.iter().filter(|reading| reading.is_named_by(path)) {
        if !text.is_empty() {
            text.push('\n');
        }
        tell(&mut text, reading, audit);
    }
    if text.is_empty() {
        return Err(NoSuchReading {
            path: path.chars().take(120).collect(),
            known: known_paths(&all, path),
        });
    }
    for contradiction in &audit.contradictions {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "\nContradiction in this audit: {}: {}",
            contradiction.rule, contradiction.detail
        );
    }
    Ok(text)
}

fn known_paths(all: &[Reading<'_>], path: &str) -> Vec<String> {
    let first = path.split(['.', '[']).next().unwrap_or_default();
    let of_group: Vec<String> = all
        .iter()
        .filter(|reading| names(first, &reading.path))
        .map(|reading| reading.path.clone())
        .collect();
    if !of_group.is_empty() {
        return of_group;
    }
    let mut groups: Vec<String> = all
        .iter()
        .filter_map(|reading| reading.path.split(['.', '[']).next())
        .map(str::to_owned)
        .collect();
    groups.dedup();
    if groups.is_empty() {
        groups.push("no readings at all".to_owned());
    }
    groups
}

fn tell(text: &mut String, reading: &Reading<'_>, audit: &DeviceAudit) {
    let provenance = reading.provenance;
    let read_at = provenance.read_at.unwrap_or(audit.time.wall);
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{} = {}", reading.path, plain(&reading.value));
    let _ = writeln!(text, "  from     {}", source_words(&provenance.source));
    if let Source::Derived { inputs, .. } = &provenance.source {
        for input in inputs {
            tell_input(text, input, 1);
        }
    }
    let _ = writeln!(text, "  rule     {}", rule_words(&provenance.rule));
    let carried = match provenance.read_at {
        Some(_) => ", taken over from an earlier audit",
        None => "",
    };
    let _ = writeln!(text, "  read at  {read_at}{carried}");
    for witness in &provenance.witnesses {
        let _ = writeln!(
            text,
            "  not used {} from {} ({}): {}",
            witness.value,
            source_words(&witness.source),
            rule_words(&witness.rule),
            witness.reason
        );
    }
}

fn tell_input(text: &mut String, input: &DerivedInput, depth: usize) {
    /// Inputs of inputs are told this deep; no rule nests more than twice.
    const MAX_DEPTH: usize = 4;
    let _ = writeln!(
        text,
        "  {:9}{}{} = {} from {}",
        "",
        "  ".repeat(depth - 1),
        input.name,
        input.value,
        source_words(&input.source)
    );
    if let Source::Derived { inputs, .. } = &input.source
        && depth < MAX_DEPTH
    {
        for inner in inputs {
            tell_input(text, inner, depth + 1);
        }
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(level) => level
            .iter()
            .map(|(key, part)| format!("{key} {}", plain(part)))
            .collect::<Vec<_>>()
            .join(", "),
        Value::Array(parts) if parts.is_empty() => "none".to_owned(),
        Value::Array(parts) => parts.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Null => "nothing".to_owned(),
        other => other.to_string(),
    }
}

fn rule_words(rule: &RuleId) -> String {
    format!("{}, version {}", rule.name, rule.version)
}

/// Where a value came from, in one line.
pub fn source_words(source: &Source) -> String {
    match source {
        Source::Snmp { oid, raw } => {
            let kind = erased::Word::word(&raw.kind);
            format!("SNMP {oid} = {kind}: {}", raw.text)
        }
        Source::Ipp { attribute, raw } => format!("IPP {attribute} = {raw}"),
        Source::Http { path, raw } => format!("web page {path} = {raw}"),
        Source::Typed { by } => format!("typed by {by}"),
        Source::Counted { what } => format!("counted by the agent: {what}"),
        Source::Derived { formula, .. } => format!("computed: {formula}"),
        other => erased::Word::word(other),
    }
}

#[cfg(test)]
mod tests;
