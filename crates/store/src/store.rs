//! The store.

use crate::{
    AgentIdentity, Clue, PassBatch, Receipt, RecoveryReport, SigningContext, StateKey, StoreError,
    StoredAudit, StoredSubmission, SubmissionInfo,
};
use pagetally_model::{Settings, Timestamp};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// How a store is opened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OpenOptions {
    /// The wall clock, for names and dates only.
    pub now: Timestamp,
    /// The owner-only file with the root key; `root.key` in the store's folder if not given.
    pub key_file: Option<PathBuf>,
}

impl OpenOptions {
    pub fn new(now: Timestamp) -> Self {
        Self {
            now,
            key_file: None,
        }
    }
}

/// One agent's store. `Send + Sync`; all calls block.
#[derive(Debug)]
pub struct Store {}

impl Store {
    pub fn open(folder: &Path, options: &OpenOptions) -> Result<Self, StoreError> {
        todo!()
    }

    /// What was found wrong, and mended, at open.
    pub fn recovery(&self) -> &RecoveryReport {
        todo!()
    }

    /// Reads the whole journal and reports all that is wrong with it.
    pub fn check(&self) -> Result<RecoveryReport, StoreError> {
        todo!()
    }

    pub fn identity(&self) -> Result<Option<AgentIdentity>, StoreError> {
        todo!()
    }

    pub fn set_identity(&self, identity: &AgentIdentity) -> Result<(), StoreError> {
        todo!()
    }

    pub fn settings(&self) -> Result<Option<Settings>, StoreError> {
        todo!()
    }

    pub fn set_settings(&self, settings: &Settings) -> Result<(), StoreError> {
        todo!()
    }

    /// Bytes that the caller stored under `key`, such as its enrolment.
    pub fn state(&self, key: StateKey) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        todo!()
    }

    pub fn set_state(&self, key: StateKey, bytes: &[u8]) -> Result<(), StoreError> {
        todo!()
    }

    /// Makes a pass durable in one step and answers its submissions: one, or several for a big
    /// pass, of at most `MAX_AUDITS_PER_SUBMISSION` audits each; the last carries the report.
    pub fn commit_pass(
        &self,
        batch: PassBatch,
        context: &SigningContext<'_>,
    ) -> Result<Vec<SubmissionInfo>, StoreError> {
        todo!()
    }

    /// Submissions without a receipt, in order.
    pub fn outbox(&self) -> Result<Vec<SubmissionInfo>, StoreError> {
        todo!()
    }

    pub fn load_submission(&self, number: u64) -> Result<StoredSubmission, StoreError> {
        todo!()
    }

    /// Stores a receipt, which takes the submission out of the outbox, in one step. The first
    /// receipt stays; a repeat changes nothing.
    pub fn record_receipt(&self, receipt: &Receipt) -> Result<(), StoreError> {
        todo!()
    }

    pub fn receipt(&self, number: u64) -> Result<Option<Receipt>, StoreError> {
        todo!()
    }

    /// The newest audit that fits.
    pub fn latest_audit(&self, clue: Clue<'_>) -> Result<Option<StoredAudit>, StoreError> {
        todo!()
    }

    /// Finds the newest audit by what a person types: serial, address, MAC, host name, audit id
    /// or its beginning.
    pub fn find_audit(&self, text: &str) -> Result<Option<StoredAudit>, StoreError> {
        todo!()
    }

    /// All audits, newest first.
    pub fn audits(&self) -> Box<dyn Iterator<Item = Result<StoredAudit, StoreError>> + '_> {
        todo!()
    }
}
