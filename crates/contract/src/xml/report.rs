//! Submissions and receipts.

use super::audit::{read_audit, write_audit};
use super::pass::{read_pass, write_pass};
use super::{Fields, Result, WriteFields as _};
use crate::report::Part;
use crate::{MessageError, NAMESPACE, Receipt, Report, SealingPublicKey, SignedReceipt, Verdict};
use pagetally_proof::{
    KeyRotation, Salt, SignedHeader, SignedRotation, SubmissionHeader, Withheld, WithheldLeaf,
};
use pagetally_soap::{Limits, WriteError, Writer};

/// Writes an element of a submission.
pub(super) fn write_report(writer: &mut Writer, report: &Report) {
    writer.child("report");
    let header = &report.signed.header;
    writer
        .child("header")
        .value("format", &header.format)
        .value("algorithm", &header.algorithm)
        .value("id", &header.id)
        .value("agent", &header.agent)
        .value("number", &header.number)
        .value("previous", &header.previous)
        .value("content", &header.content)
        .value("leaves", &header.leaves)
        .value("created", &header.created)
        .value("signature", &report.signed.signature)
        .end();
    if let Withheld::All(reason) = &report.withheld {
        writer.child("allWithheld").word("reason", reason).end();
    }
    for part in report.parts() {
        match part {
            Part::Audit(salt, audit) => {
                writer.child("audit").attribute("salt", &salt.to_hex());
                write_audit(writer, audit);
            }
            Part::Pass(salt, pass) => {
                writer.child("pass").attribute("salt", &salt.to_hex());
                write_pass(writer, pass);
            }
            Part::Rotation(salt, rotation) => write_rotation(writer, salt, rotation),
            Part::Withheld(leaf) => {
                writer
                    .child("withheld")
                    .word("kind", &leaf.kind)
                    .value("hash", &leaf.hash)
                    .word("reason", &leaf.reason);
            }
        }
        writer.end();
    }
    writer.end();
}

/// Reads a submission's header, and its documents where all of them can be read; else what is wrong with
/// them, and a report without documents, which never verifies.
pub(super) fn read_report(fields: Fields<'_>) -> Result<(Report, Option<MessageError>)> {
    let signed = read_header(fields)?;
    Ok(match read_documents(fields, &signed) {
        Ok(report) => (report, None),
        Err(problem) => {
            let report = Report {
                signed,
                audits: Vec::new(),
                pass: None,
                rotation: None,
                withheld: Withheld::default(),
            };
            (report, Some(problem))
        }
    })
}

fn read_header(fields: Fields<'_>) -> Result<SignedHeader> {
    fields.child("header", |header| {
        Ok(SignedHeader {
            header: SubmissionHeader {
                format: header.value("format")?,
                algorithm: header.value("algorithm")?,
                id: header.value("id")?,
                agent: header.value("agent")?,
                number: header.value("number")?,
                previous: header.value("previous")?,
                content: header.value("content")?,
                leaves: header.value("leaves")?,
                created: header.value("created")?,
            },
            signature: header.value("signature")?,
        })
    })
}

fn read_documents(fields: Fields<'_>, signed: &SignedHeader) -> Result<Report> {
    Ok(Report {
        signed: signed.clone(),
        audits: fields.list("audit", |audit| {
            Ok((audit.value("salt")?, read_audit(audit)?))
        })?,
        pass: fields.optional_child("pass", |pass| Ok((pass.value("salt")?, read_pass(pass)?)))?,
        rotation: fields.optional_child("rotation", read_rotation)?,
        withheld: read_withheld(fields)?,
    })
}

fn write_rotation(writer: &mut Writer, salt: &Salt, signed: &SignedRotation) {
    let rotation = &signed.rotation;
    writer
        .child("rotation")
        .attribute("salt", &salt.to_hex())
        .value("format", &rotation.format)
        .value("algorithm", &rotation.algorithm)
        .value("agent", &rotation.agent)
        .value("number", &rotation.number)
        .value("oldKey", &rotation.old_key)
        .value("newKey", &rotation.new_key)
        .attribute("newSealingKey", &hex::encode(rotation.new_sealing_key))
        .value("created", &rotation.created)
        .value("handover", &signed.handover)
        .value("possession", &signed.possession);
}

fn read_rotation(fields: Fields<'_>) -> Result<(Salt, SignedRotation)> {
    let sealing: SealingPublicKey = fields.value("newSealingKey")?;
    let signed = SignedRotation {
        rotation: KeyRotation {
            format: fields.value("format")?,
            algorithm: fields.value("algorithm")?,
            agent: fields.value("agent")?,
            number: fields.value("number")?,
            old_key: fields.value("oldKey")?,
            new_key: fields.value("newKey")?,
            new_sealing_key: *sealing.as_bytes(),
            created: fields.value("created")?,
        },
        handover: fields.value("handover")?,
        possession: fields.value("possession")?,
    };
    Ok((fields.value("salt")?, signed))
}

/// A withheld leaf's place is that of its element among the documents.
fn read_withheld(fields: Fields<'_>) -> Result<Withheld> {
    let all = fields.optional_child("allWithheld", |all| all.word("reason"))?;
    let mut withheld = Vec::new();
    for (place, (name, leaf)) in
        (0..).zip(fields.choices(&["audit", "pass", "rotation", "withheld"]))
    {
        if name == "withheld" {
            let read = || {
                Ok(WithheldLeaf {
                    place,
                    kind: leaf.word("kind")?,
                    hash: leaf.value("hash")?,
                    reason: leaf.word("reason")?,
                })
            };
            withheld.push(read().map_err(|error: MessageError| error.within("withheld"))?);
        }
    }
    match all {
        None => Ok(Withheld::Leaves(withheld)),
        Some(reason) if withheld.is_empty() => Ok(Withheld::All(reason)),
        Some(_) => Err(MessageError::new(
            "allWithheld",
            "stands beside a leaf that is withheld",
        )),
    }
}

pub(super) fn write_receipt(writer: &mut Writer, signed: &SignedReceipt) {
    let receipt = &signed.receipt;
    writer
        .child("receipt")
        .value("submission", &receipt.submission)
        .value("number", &receipt.number)
        .value("content", &receipt.content)
        .value("header", &receipt.header)
        .value("receivedAt", &receipt.received_at);
    if receipt.withheld > 0 {
        writer.value("withheld", &receipt.withheld);
    }
    match &receipt.verdict {
        Verdict::Accepted => writer.attribute("verdict", "accepted"),
        Verdict::Rejected { document, reason } => writer
            .attribute("verdict", "rejected")
            .optional_value("document", document.as_ref())
            .value("reason", reason),
    };
    writer
        .value("key", &signed.key)
        .value("signature", &signed.signature)
        .end();
}

pub(super) fn read_receipt(fields: Fields<'_>) -> Result<SignedReceipt> {
    let verdict = match fields.required("verdict")?.trim() {
        "accepted" => Verdict::Accepted,
        "rejected" => Verdict::Rejected {
            document: fields.optional_text("document"),
            reason: fields.text("reason")?,
        },
        _ => {
            return Err(MessageError::new(
                "@verdict",
                "is not a verdict that is known here",
            ));
        }
    };
    let receipt = Receipt {
        submission: fields.value("submission")?,
        number: fields.value("number")?,
        content: fields.value("content")?,
        header: fields.value("header")?,
        received_at: fields.value("receivedAt")?,
        withheld: fields.optional_value("withheld")?.unwrap_or(0),
        verdict,
    };
    Ok(SignedReceipt {
        receipt,
        key: fields.value("key")?,
        signature: fields.value("signature")?,
    })
}

/// A receipt on its own, as both ends may store it: the same element as in an answer.
///
/// # Errors
///
/// [`WriteError`] never for a receipt of ours; it is there for the reason's sake.
pub fn receipt_to_xml(receipt: &SignedReceipt) -> std::result::Result<Vec<u8>, WriteError> {
    let mut writer = Writer::new();
    writer.start(NAMESPACE, "stored");
    write_receipt(&mut writer, receipt);
    writer.finish()
}

/// Reads what [`receipt_to_xml`] wrote.
///
/// # Errors
///
/// [`MessageError`] naming the place.
pub fn receipt_from_xml(bytes: &[u8]) -> Result<SignedReceipt> {
    let root = pagetally_soap::read_document(bytes, None, &Limits::default())
        .map_err(|error| MessageError::new("stored", error.to_string()))?;
    Fields::new(&root).child("receipt", read_receipt)
}
