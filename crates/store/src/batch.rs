//! What goes into the store and what comes out of it.

use pagetally_model::{AgentId, AuditId, DeviceAudit, PassReport, SubmissionId, Timestamp};
use pagetally_proof::canonical::{self, ParseError};
use pagetally_proof::{Hash, Salt, SignedHeader, SignedRotation, SigningKey, Withheld};
use std::fmt;
use std::net::IpAddr;

/// A pass with more audits becomes several submissions, stored in the same step: 500 audits make a
/// few megabytes of XML, which a slow line still carries within one request's timeout.
pub const MAX_AUDITS_PER_SUBMISSION: usize = 500;

/// Ceiling on a receipt's bytes: Central's are far below 1 KiB.
pub const MAX_RECEIPT_BYTES: usize = 64 * 1024;

/// What one pass read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassBatch {
    /// One audit for each printer that was read.
    pub audits: Vec<DeviceAudit>,
    /// What became of every address.
    pub report: PassReport,
}

/// Who signs, and the agent's wall clock.
#[derive(Clone, Copy, Debug)]
pub struct SigningContext<'a> {
    /// The agent whose sequence the submissions continue.
    pub agent: AgentId,
    /// Its signing key.
    pub key: &'a SigningKey,
    /// The agent's wall clock.
    pub now: Timestamp,
}

/// What the outbox shows of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmissionInfo {
    /// The submission.
    pub id: SubmissionId,
    /// Its place in the agent's sequence.
    pub number: u64,
    /// The Merkle root over its documents.
    pub content: Hash,
    /// How many documents it has.
    pub leaves: u32,
    /// The agent's wall clock when it was made.
    pub created: Timestamp,
}

impl From<&SignedHeader> for SubmissionInfo {
    fn from(signed: &SignedHeader) -> Self {
        let header = &signed.header;
        Self {
            id: header.id,
            number: header.number,
            content: header.content,
            leaves: header.leaves,
            created: header.created,
        }
    }
}

/// A submission with everything that it takes to send it.
///
/// The leaves of its tree are the audits in their order, then the pass report; those of which the document
/// is not there any more are withheld.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSubmission {
    /// The header with the agent's signature, as fixed when the pass was stored.
    pub signed: SignedHeader,
    /// The audits with their salts.
    pub audits: Vec<(Salt, DeviceAudit)>,
    /// The account of the pass; absent where a pass was split and this is not its last part.
    pub report: Option<(Salt, PassReport)>,
    /// What of it is not there any more.
    pub withheld: Withheld,
    /// The agent's change of keys, where it carries one.
    pub rotation: Option<(Salt, SignedRotation)>,
}

/// An audit of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAudit {
    /// The number of the submission that first carried it.
    pub number: u64,
    /// Its salt in that submission.
    pub salt: Salt,
    /// The audit.
    pub audit: DeviceAudit,
}

/// An audit of a device's history, its document still as it was stored: whoever draws a curve of a
/// year needs a few values of each, not all.
#[derive(PartialEq, Eq)]
pub struct HistoryEntry<'a> {
    /// The number of the submission that first carried it.
    pub number: u64,
    /// Its salt in that submission.
    pub salt: Salt,
    /// The audit's canonical JSON. The next one takes its place; the last one is wiped.
    pub document: &'a [u8],
}

impl HistoryEntry<'_> {
    /// The audit.
    ///
    /// # Errors
    ///
    /// [`ParseError`] for a document that a newer version wrote.
    pub fn audit(&self) -> Result<DeviceAudit, ParseError> {
        canonical::from_slice(self.document)
    }
}

impl fmt::Debug for HistoryEntry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HistoryEntry")
            .field("number", &self.number)
            .field("bytes", &self.document.len())
            .finish_non_exhaustive()
    }
}

/// By what an audit is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Clue<'a> {
    /// The address that answered, whatever the port.
    Address(IpAddr),
    /// The audit's own id.
    Audit(AuditId),
    /// The device's network name, in any case.
    Hostname(&'a str),
    /// The network card's address, in any case.
    Mac(&'a str),
    /// The device's serial number, in any case.
    Serial(&'a str),
}

/// Where Central's books of this agent end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BooksEnd {
    /// The number of the last submission in them; 0 where there is none.
    pub number: u64,
    /// The hash of its header; zeros where there is none.
    pub header: Hash,
}

/// What [`Store::continue_after`](crate::Store::continue_after) made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reissued {
    /// The submissions that wait now, in their order.
    pub submissions: Vec<SubmissionInfo>,
}

/// Central's receipt for one submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The submission's number.
    pub number: u64,
    /// The content hash that Central states; it must be the submission's.
    pub content: Hash,
    /// The agent's wall clock when it came.
    pub received: Timestamp,
    /// The receipt as it came, opaque to the store, at most [`MAX_RECEIPT_BYTES`].
    pub bytes: Vec<u8>,
}
