//! Where a reading comes from.

use super::history::{read_reference, write_reference};
use super::{Fields, Result, WriteFields as _};
use crate::MessageError;
use pagetally_model::{
    ComparedValue, DerivedInput, LosingWitness, Provenance, RawValue, RuleId, Said, Source,
    Sources, Text,
};
use pagetally_soap::Writer;

/// How deep sources of derived and compared values may nest. Each level costs at most three of the
/// reader's levels.
const MAX_DERIVED: usize = 8;

/// Writes the provenance of each field of a group.
pub(super) fn write_sources(writer: &mut Writer, sources: &Sources) {
    for (field, provenance) in sources {
        writer.child("source").attribute("field", field);
        write_provenance(writer, provenance);
        writer.end();
    }
}

pub(super) fn read_sources(fields: Fields<'_>) -> Result<Sources> {
    let mut sources = Sources::new();
    let mut twice = None;
    fields.each("source", |source| {
        let field = source.required("field")?;
        let known = sources.insert_read(field, read_provenance(source)?);
        if known.is_some() && twice.is_none() {
            twice = Some(field);
        }
        Ok(())
    })?;
    match twice {
        None => Ok(sources),
        Some(field) => Err(MessageError::new(
            "source",
            format!("{field:?} has two provenances"),
        )),
    }
}

/// Writes a provenance into the element that is open.
pub(super) fn write_provenance(writer: &mut Writer, provenance: &Provenance) {
    write_rule(writer, &provenance.rule);
    writer.optional_value("readAt", provenance.read_at.as_ref());
    if provenance.unproven {
        writer.value("unproven", &true);
    }
    write_source(writer, &provenance.source, 0);
    for check in &provenance.checks {
        writer.text_element("check", check);
    }
    for witness in &provenance.witnesses {
        writer.child("witness");
        write_rule(writer, &witness.rule);
        writer
            .value("value", &witness.value)
            .value("reason", &witness.reason);
        write_source(writer, &witness.source, 0);
        writer.end();
    }
}

pub(super) fn read_provenance(fields: Fields<'_>) -> Result<Provenance> {
    Ok(Provenance {
        source: read_source(fields, 0)?,
        rule: read_rule(fields)?,
        read_at: fields.optional_value("readAt")?,
        unproven: fields.optional_value("unproven")?.unwrap_or(false),
        checks: fields.list("check", |check| Ok(Text::clean(&check.borrowed_content()?)))?,
        witnesses: fields.list("witness", |witness| {
            Ok(LosingWitness {
                source: read_source(witness, 0)?,
                rule: read_rule(witness)?,
                value: witness.text("value")?,
                reason: witness.text("reason")?,
            })
        })?,
    })
}

fn write_rule(writer: &mut Writer, rule: &RuleId) {
    writer
        .value("rule", &rule.name)
        .value("ruleVersion", &rule.version);
}

fn read_rule(fields: Fields<'_>) -> Result<RuleId> {
    Ok(RuleId {
        name: fields.text("rule")?,
        version: fields.value("ruleVersion")?,
    })
}

/// Writes a source into the element that is open, itself `depth` levels inside others.
pub(super) fn write_source(writer: &mut Writer, source: &Source, depth: usize) {
    if depth > MAX_DERIVED {
        writer.no_form("a derived source nested this deep");
        return;
    }
    match source {
        Source::Snmp { oid, raw } => {
            writer
                .child("snmp")
                .value("oid", oid)
                .word("kind", &raw.kind)
                .exact_text(&raw.text);
        }
        Source::Ipp { attribute, raw } => {
            writer
                .child("ipp")
                .value("attribute", attribute)
                .value("raw", raw);
        }
        Source::Http { path, raw } => {
            writer.child("http").value("path", path).value("raw", raw);
        }
        Source::Network { by, raw } => {
            writer.child("network").value("by", by).value("raw", raw);
        }
        Source::Typed { by } => {
            writer.child("typed").value("by", by);
        }
        Source::Counted { what } => {
            writer.child("counted").value("what", what);
        }
        Source::Derived { formula, inputs } => {
            writer.child("derived").value("formula", formula);
            for input in inputs {
                writer
                    .child("input")
                    .value("name", &input.name)
                    .value("value", &input.value);
                write_source(writer, &input.source, depth + 1);
                writer.end();
            }
        }
        Source::Compared { earlier, values } => {
            writer.child("compared");
            write_reference(writer, "earlier", earlier);
            for value in values {
                writer.child("value").value("name", &value.name);
                for (name, said) in [("earlier", &value.earlier), ("now", &value.now)] {
                    if let Some(said) = said {
                        writer.child(name).value("value", &said.value);
                        write_source(writer, &said.source, depth + 1);
                        writer.end();
                    }
                }
                writer.end();
            }
        }
        _ => {
            writer.child("unknown").no_form("a source of this kind");
        }
    }
    writer.end();
}

fn read_source(fields: Fields<'_>, depth: usize) -> Result<Source> {
    read_source_of(fields, depth)?
        .ok_or_else(|| MessageError::new("", "has no source that is known here"))
}

/// The source that stands in an element which need not have one.
pub(super) fn read_optional_source(fields: Fields<'_>) -> Result<Option<Source>> {
    read_source_of(fields, 0)
}

fn read_source_of(fields: Fields<'_>, depth: usize) -> Result<Option<Source>> {
    const KINDS: &[&str] = &[
        "snmp", "ipp", "http", "network", "typed", "counted", "derived", "compared",
    ];
    if depth > MAX_DERIVED {
        return Err(MessageError::new(
            "derived",
            format!("is nested more than {MAX_DERIVED} deep"),
        ));
    }
    let Some((kind, source)) = fields.choice(KINDS) else {
        return Ok(None);
    };
    let read = match kind {
        "snmp" => read_snmp(source),
        "ipp" => source.text("attribute").and_then(|attribute| {
            Ok(Source::Ipp {
                attribute,
                raw: source.text("raw")?,
            })
        }),
        "http" => source.text("path").and_then(|path| {
            Ok(Source::Http {
                path,
                raw: source.text("raw")?,
            })
        }),
        "network" => source.text("by").and_then(|by| {
            Ok(Source::Network {
                by,
                raw: source.text("raw")?,
            })
        }),
        "typed" => source.text("by").map(|by| Source::Typed { by }),
        "counted" => source.text("what").map(|what| Source::Counted { what }),
        "compared" => read_compared(source, depth),
        _ => read_derived(source, depth),
    };
    read.map(Some).map_err(|error| error.within(kind))
}

fn read_snmp(fields: Fields<'_>) -> Result<Source> {
    Ok(Source::Snmp {
        oid: fields.value("oid")?,
        raw: RawValue {
            kind: fields.word("kind")?,
            text: fields.borrowed_content()?.as_ref().into(),
        },
    })
}

fn read_derived(fields: Fields<'_>, depth: usize) -> Result<Source> {
    Ok(Source::Derived {
        formula: fields.text("formula")?,
        inputs: fields.list("input", |input| {
            Ok(DerivedInput {
                name: input.text("name")?,
                value: input.value("value")?,
                source: read_source(input, depth + 1)?,
            })
        })?,
    })
}

fn read_compared(fields: Fields<'_>, depth: usize) -> Result<Source> {
    let said = |said: Fields<'_>| {
        Ok(Said {
            value: said.text("value")?,
            source: read_source(said, depth + 1)?,
        })
    };
    Ok(Source::Compared {
        earlier: fields.child("earlier", read_reference)?,
        values: fields.list("value", |value| {
            Ok(ComparedValue {
                name: value.text("name")?,
                earlier: value.optional_child("earlier", said)?,
                now: value.optional_child("now", said)?,
            })
        })?,
    })
}
