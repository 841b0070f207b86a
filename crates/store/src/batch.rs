//! What goes in and comes out.

use pagetally_model::{AgentId, AuditId, DeviceAudit, PassReport, SubmissionId, Timestamp};
use pagetally_proof::{Hash, Salt, SignedHeader, SigningKey};
use std::net::IpAddr;

/// A pass with more audits becomes several submissions, all stored in the same step.
pub const MAX_AUDITS_PER_SUBMISSION: usize = 500;

/// What one pass read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassBatch {
    pub audits: Vec<DeviceAudit>,
    pub report: PassReport,
}

/// Who signs, and the agent's wall clock.
#[derive(Clone, Copy, Debug)]
pub struct SigningContext<'a> {
    pub agent: AgentId,
    pub key: &'a SigningKey,
    pub now: Timestamp,
}

/// What the outbox shows of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmissionInfo {
    pub id: SubmissionId,
    pub number: u64,
    pub content: Hash,
    /// Documents: audits and one pass report.
    pub leaves: u32,
    pub created: Timestamp,
}

/// A submission with everything that it takes to send it.
///
/// Leaf 0 of its tree is the pass report, leaf 1.. are the audits in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSubmission {
    pub signed: SignedHeader,
    pub report: (Salt, PassReport),
    pub audits: Vec<(Salt, DeviceAudit)>,
}

/// An audit of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAudit {
    /// The submission that carries it.
    pub number: u64,
    pub salt: Salt,
    pub audit: DeviceAudit,
}

/// By what an audit is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clue<'a> {
    Address(IpAddr),
    Audit(AuditId),
    Mac(&'a str),
    Serial(&'a str),
}

/// Central's receipt for one submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub number: u64,
    /// The content hash that Central states; it must be the submission's.
    pub content: Hash,
    /// The agent's wall clock when it came.
    pub received: Timestamp,
    /// The receipt as it came, opaque to the store (at most 64 KiB).
    pub bytes: Vec<u8>,
}
