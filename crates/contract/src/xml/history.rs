//! What one audit says against the one before it.

use super::source::{read_provenance, write_provenance};
use super::{Fields, Result, WriteFields as _};
use pagetally_model::{AuditRef, Change, Comparison, Replacement};
use pagetally_soap::Writer;

pub(super) fn write_reference(writer: &mut Writer, name: &str, reference: &AuditRef) {
    writer
        .child(name)
        .value("audit", &reference.audit)
        .value("wall", &reference.wall)
        .end();
}

pub(super) fn read_reference(fields: Fields<'_>) -> Result<AuditRef> {
    Ok(AuditRef {
        audit: fields.value("audit")?,
        wall: fields.value("wall")?,
    })
}

pub(super) fn write_comparison(writer: &mut Writer, comparison: &Comparison) {
    writer
        .child("comparison")
        .word("matchedBy", &comparison.matched_by);
    write_reference(writer, "earlier", &comparison.earlier);
    for change in &comparison.changes {
        writer
            .child("change")
            .word("what", &change.what)
            .value("reading", &change.reading)
            .value("detail", &change.detail);
        writer.child("source");
        write_provenance(writer, &change.source);
        writer.end().end();
    }
    writer.end();
}

pub(super) fn read_comparison(fields: Fields<'_>) -> Result<Comparison> {
    Ok(Comparison {
        earlier: fields.child("earlier", read_reference)?,
        matched_by: fields.word("matchedBy")?,
        changes: fields.list("change", |change| {
            Ok(Change {
                what: change.word("what")?,
                reading: change.text("reading")?,
                detail: change.text("detail")?,
                source: change.child("source", read_provenance)?,
            })
        })?,
    })
}

pub(super) fn write_replacement(writer: &mut Writer, replacement: &Replacement) {
    writer
        .child("replaced")
        .word("what", &replacement.what)
        .word("exactness", &replacement.exactness);
    write_reference(writer, "after", &replacement.after);
    write_reference(writer, "by", &replacement.by);
    writer.end();
}

pub(super) fn read_replacement(fields: Fields<'_>) -> Result<Replacement> {
    Ok(Replacement {
        what: fields.word("what")?,
        exactness: fields.word("exactness")?,
        after: fields.child("after", read_reference)?,
        by: fields.child("by", read_reference)?,
    })
}
