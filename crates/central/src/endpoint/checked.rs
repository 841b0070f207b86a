//! Whether a submission is what its agent signed, and whether this Central can book it.

use super::{Failure, chain, public_keys};
use crate::books::{AgentRow, Delivery, Rejection};
use pagetally_contract::{CentralKeyPair, MessageError, Report, ReportError};
use pagetally_model::{AUDIT_FORMAT, PASS_FORMAT};
use pagetally_proof::VerifyingKey;
use std::sync::Arc;

/// The header's signature, then what it states of the documents. Nothing where its agent did not sign it;
/// what it signed and cannot be booked uses its number up.
pub(super) async fn verify(
    agent: &AgentRow,
    report: Report,
    unreadable: Option<MessageError>,
    sealed_to: Arc<CentralKeyPair>,
) -> Result<Option<Delivery>, Failure> {
    let Some(keys) = public_keys(agent).filter(|_| report.signed.header.agent == agent.id) else {
        return Ok(None);
    };
    let checked =
        tokio::task::spawn_blocking(move || delivery(report, unreadable, &keys.signing, sealed_to))
            .await?;
    match checked {
        Ok(delivery) => {
            if let Some(rejection) = &delivery.rejected {
                tracing::warn!(agent = %agent.id, ?rejection, "a submission cannot be booked");
            }
            Ok(Some(delivery))
        }
        Err(error) => {
            tracing::warn!(agent = %agent.id, error = %chain(&error), "a submission does not hold");
            Ok(None)
        }
    }
}

fn delivery(
    report: Report,
    unreadable: Option<MessageError>,
    key: &VerifyingKey,
    sealed_to: Arc<CentralKeyPair>,
) -> Result<Delivery, ReportError> {
    let unbooked = |report, document, reason| Delivery {
        report,
        receipt_key: Arc::clone(&sealed_to),
        leaves: Vec::new(),
        rejected: Some(Rejection { document, reason }),
    };
    if let Some(problem) = unreadable {
        report.signed.verify(key)?;
        let MessageError { path, problem } = problem;
        if path.contains("rotation") {
            // Its number must not be used up: the agent has other keys behind it.
            let what = "it cannot be read";
            return Err(ReportError::RotationPlace { what });
        }
        return Ok(unbooked(report, Some(path), problem));
    }
    match report.verify(key).map(|verified| verified.leaves) {
        Ok(leaves) => Ok(Delivery {
            rejected: of_another_format(&report),
            report,
            leaves,
            receipt_key: sealed_to,
        }),
        Err(
            error @ (ReportError::Header(_)
            | ReportError::Rotation(_)
            | ReportError::RotationPlace { .. }),
        ) => Err(error),
        Err(ReportError::Canonical { document, source }) => {
            Ok(unbooked(report, Some(document), source.to_string()))
        }
        Err(error) => Ok(unbooked(report, None, error.to_string())),
    }
}

/// A document that a newer agent laid out in a way that this Central does not know.
fn of_another_format(report: &Report) -> Option<Rejection> {
    let audits = report.audits.iter().enumerate();
    let audits = audits.map(|(n, (_, audit))| (format!("audits[{n}]"), audit.format, AUDIT_FORMAT));
    let pass = report.pass.iter();
    let pass = pass.map(|(_, pass)| ("pass".to_owned(), pass.format, PASS_FORMAT));
    let mut documents = audits.chain(pass);
    let (document, format, ours) = documents.find(|(_, format, ours)| format != ours)?;
    Some(Rejection {
        document: Some(document),
        reason: format!("it has format {format}; this Central reads format {ours}"),
    })
}
