//! The story of one value: "why 6,466?".

use super::format::absolute;
use pagetally_model::{Provenance, RawKind, Source, Sources};

/// The story of one value, as lines of name and text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Story {
    pub(crate) lines: Vec<(String, String)>,
}

/// How deep derived values are told; the rest is in the audit's document.
const DEPTH: usize = 4;

impl Story {
    pub(crate) fn of(provenance: &Provenance, zone: &str) -> Self {
        let mut lines = Vec::new();
        tell(&provenance.source, zone, DEPTH, &mut lines);
        lines.push((
            "Meaning by".to_owned(),
            format!(
                "{} (definitions {})",
                provenance.rule.name, provenance.rule.version
            ),
        ));
        if let Some(read_at) = provenance.read_at {
            lines.push((
                "Taken over".to_owned(),
                format!("from an earlier audit, read {}", absolute(read_at, zone)),
            ));
        }
        for witness in &provenance.witnesses {
            let place = place(&witness.source);
            lines.push((
                "Not believed".to_owned(),
                format!(
                    "{place} said {} by {}: {}",
                    witness.value, witness.rule.name, witness.reason
                ),
            ));
        }
        Self { lines }
    }

    /// The story of a conclusion that no rule's row stands behind.
    pub(crate) fn of_source(source: &Source, zone: &str) -> Self {
        let mut lines = Vec::new();
        tell(source, zone, DEPTH, &mut lines);
        Self { lines }
    }

    /// The story of one field of a group, where it has one.
    pub(crate) fn of_field(sources: &Sources, field: &str, zone: &str) -> Option<Self> {
        sources.get(field).map(|found| Self::of(found, zone))
    }
}

fn tell(source: &Source, zone: &str, depth: usize, lines: &mut Vec<(String, String)>) {
    if !matches!(source, Source::Compared { .. }) {
        lines.push(("Read from".to_owned(), place(source)));
    }
    match source {
        Source::Snmp { raw, .. } => {
            lines.push((
                "Raw value".to_owned(),
                format!("{} ({})", raw.text, kind(raw.kind)),
            ));
        }
        Source::Ipp { raw, .. } | Source::Http { raw, .. } | Source::Network { raw, .. } => {
            lines.push(("Raw value".to_owned(), raw.to_string()));
        }
        Source::Derived { inputs, .. } if depth > 0 => {
            for input in inputs {
                lines.push((format!("where {}", input.name), input.value.to_string()));
                tell(&input.source, zone, depth - 1, lines);
            }
        }
        Source::Compared { earlier, values } if depth > 0 => {
            let when = absolute(earlier.wall, zone);
            lines.push(("Held against".to_owned(), format!("the audit of {when}")));
            for value in values {
                for (time, said) in [("then", &value.earlier), ("now", &value.now)] {
                    let name = format!("{} {time}", value.name);
                    match said {
                        Some(said) => {
                            lines.push((name, said.value.to_string()));
                            tell(&said.source, zone, depth - 1, lines);
                        }
                        None => lines.push((name, "nothing".to_owned())),
                    }
                }
            }
        }
        _ => {}
    }
}

fn place(source: &Source) -> String {
    match source {
        Source::Snmp { oid, .. } => format!("SNMP {oid}"),
        Source::Ipp { attribute, .. } => format!("IPP {attribute}"),
        Source::Http { path, .. } => format!("the device's web page {path}"),
        Source::Network { by, .. } => format!("the agent's network: {by}"),
        Source::Typed { by } => format!("typed by {by}"),
        Source::Counted { what } => format!("counted by the agent: {what}"),
        Source::Derived { formula, .. } => format!("computed: {formula}"),
        Source::Compared { .. } => "this audit and the one before it".to_owned(),
        _ => "a source that this Central does not know".to_owned(),
    }
}

fn kind(kind: RawKind) -> &'static str {
    match kind {
        RawKind::Integer => "INTEGER",
        RawKind::OctetString => "OCTET STRING",
        RawKind::OctetStringHex => "OCTET STRING, hexadecimal",
        RawKind::ObjectIdentifier => "OBJECT IDENTIFIER",
        RawKind::IpAddress => "IpAddress",
        RawKind::Counter32 => "Counter32",
        RawKind::Gauge32 => "Gauge32",
        RawKind::TimeTicks => "TimeTicks",
        RawKind::Opaque => "Opaque",
        RawKind::Counter64 => "Counter64",
        RawKind::Null => "NULL",
        _ => "unknown type",
    }
}
