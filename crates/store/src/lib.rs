//! Encrypted local storage: a sealed append-only journal with sled as its index.
//!
//! (Signatures published first; bodies follow.)
#![allow(
    missing_docs,
    dead_code,
    unused_variables,
    reason = "the bodies follow in the next commits"
)]

mod batch;
mod error;
mod identity;
mod report;
mod store;

pub use batch::{
    Clue, MAX_AUDITS_PER_SUBMISSION, PassBatch, Receipt, SigningContext, StoredAudit,
    StoredSubmission, SubmissionInfo,
};
pub use error::StoreError;
pub use identity::{AgentIdentity, SealingKey, StateKey};
pub use report::{Problem, RecoveryReport};
pub use store::{OpenOptions, Store};
