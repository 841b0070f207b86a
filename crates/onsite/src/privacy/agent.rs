//! What an agent shows of what leaves its site, and what the site approves.

use super::SiteNames;
use crate::agent::{Agent, AgentError};
use crate::deliver::report;
use crate::enrolment::StateError;
use pagetally_contract::{ContractError, Report, Request, clear_bytes};
use pagetally_model::{AgentId, SubmissionId, Timestamp};
use pagetally_store::{StateKey, StoreError, SubmissionInfo};
use std::collections::BTreeSet;
use zeroize::Zeroizing;

/// The key of the site's pseudonyms.
const PSEUDONYMS: StateKey = StateKey::new("pseudonyms");

/// The submissions that somebody at the site has approved and that still wait.
const APPROVED: StateKey = StateKey::new("approved");

/// Why it cannot be shown what a submission is made of.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShowError {
    /// It is not stored, or not whole.
    #[error("the submission cannot be shown")]
    Store(#[from] StoreError),
    /// It cannot be written.
    #[error("the submission cannot be written")]
    Contract(#[from] ContractError),
}

impl Agent {
    /// The bytes that are sealed when a submission is sent: what Central reads, to the byte, but for the
    /// `nonce` and the time of the call, which here are zeros and the time at which it was made.
    ///
    /// # Errors
    ///
    /// [`ShowError`] where the submission is not stored any more, as when what Central has was thinned.
    pub fn clear_submission(&self, number: u64) -> Result<Zeroizing<Vec<u8>>, ShowError> {
        let stored = self.store().load_submission(number)?;
        Ok(clear_report(self.id(), report(stored))?)
    }

    /// Approves the submissions that wait, up to and with this number; all of them where there is none.
    /// Answers those that were not approved before. Where the site's file does not hold anything back,
    /// it changes nothing.
    ///
    /// # Errors
    ///
    /// [`AgentError::Store`].
    pub fn approve(&self, up_to: Option<u64>) -> Result<Vec<SubmissionInfo>, AgentError> {
        let mut approved = self.approved_ids()?;
        let mut waiting = self.store().outbox()?;
        let ids: BTreeSet<SubmissionId> = waiting.iter().map(|info| info.id).collect();
        approved.retain(|id| ids.contains(id));
        waiting.retain(|info| {
            let wanted = up_to.is_none_or(|last| info.number <= last);
            wanted && !approved.contains(&info.id)
        });
        approved.extend(waiting.iter().map(|info| info.id));
        let bytes: Vec<u8> = approved.iter().flat_map(|id| *id.as_bytes()).collect();
        self.store().set_state(APPROVED, &bytes)?;
        Ok(waiting)
    }

    /// What may be sent; nothing said where the site holds nothing back.
    pub(crate) fn approved(&self) -> Result<Option<BTreeSet<SubmissionId>>, AgentError> {
        match self.site().privacy.hold {
            true => Ok(Some(self.approved_ids()?)),
            false => Ok(None),
        }
    }

    fn approved_ids(&self) -> Result<BTreeSet<SubmissionId>, AgentError> {
        let stored = self.store().state(APPROVED)?.unwrap_or_default();
        let (ids, _) = stored.as_chunks::<16>();
        Ok(ids.iter().copied().map(SubmissionId::from_bytes).collect())
    }

    /// The pseudonym that this site's file would send for a value, for whoever looks for a device that
    /// Central shows by it.
    ///
    /// # Errors
    ///
    /// [`AgentError`] where the store does not answer.
    pub fn pseudonym_of(&self, field: super::Field, value: &str) -> Result<String, AgentError> {
        let names = self.pseudonyms()?;
        Ok(super::treat::pseudonym(&names, field, value))
    }

    /// The site's pseudonyms; their key is drawn when they are first needed.
    pub(crate) fn pseudonyms(&self) -> Result<SiteNames, AgentError> {
        if let Some(stored) = self.store().state(PSEUDONYMS)? {
            let key = <[u8; SiteNames::KEY]>::try_from(stored.as_slice());
            let key = key.map_err(|_| StateError::Key {
                what: "pseudonyms of the site",
            })?;
            return Ok(SiteNames::new(&Zeroizing::new(key)));
        }
        let key = Zeroizing::new(crate::random::bytes()?);
        self.store().set_state(PSEUDONYMS, &*key)?;
        Ok(SiteNames::new(&key))
    }
}

/// The clear bytes of a submission, with a nonce of zeros and the time at which it was made.
///
/// # Errors
///
/// [`ContractError`] naming what cannot be written.
pub fn clear_report(agent: AgentId, report: Report) -> Result<Zeroizing<Vec<u8>>, ContractError> {
    let made: Timestamp = report.signed.header.created;
    let request = match report.is_alert() {
        true => Request::SendAlerts(report),
        false => Request::SendReports(report),
    };
    clear_bytes(agent, &request, made, &[0; 32])
}
