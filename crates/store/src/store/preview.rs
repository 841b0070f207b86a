//! What a pass would become, without storing it.

use super::Store;
use crate::batch::{MAX_AUDITS_PER_SUBMISSION, PassBatch, SigningContext, StoredSubmission};
use crate::error::StoreError;
use pagetally_proof::Withheld;

impl Store {
    /// The submissions that
    /// [`commit_pass_in_parts`](Self::commit_pass_in_parts) would store now. Nothing is stored; a
    /// commit draws salts and ids of its own.
    ///
    /// # Errors
    ///
    /// As [`commit_pass`](Self::commit_pass), but for the disk's.
    pub fn preview_pass(
        &self,
        batch: PassBatch,
        context: &SigningContext<'_>,
        audits: usize,
    ) -> Result<Vec<StoredSubmission>, StoreError> {
        let group = self
            .inner()
            .begin(context)?
            .with_pass(&batch, &[], audits)?;
        let most = audits.clamp(1, MAX_AUDITS_PER_SUBMISSION);
        let last = group.made.len().saturating_sub(1);
        let mut salts = group.salts.into_iter();
        let mut audits = batch.audits.into_iter();
        let mut report = Some(batch.report);
        let made = group.made.into_iter().enumerate().map(|(place, signed)| {
            let part = audits.by_ref().take(most);
            StoredSubmission {
                signed,
                // In this order: a salt must not be taken for an audit that is not there.
                audits: part
                    .zip(salts.by_ref())
                    .map(|(audit, salt)| (salt, audit))
                    .collect(),
                withheld: Withheld::default(),
                rotation: None,
                report: (place == last)
                    .then(|| salts.next().zip(report.take()))
                    .flatten(),
            }
        });
        Ok(made.collect())
    }
}
