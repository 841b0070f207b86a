//! What can go wrong with the store. No error ever destroys data.

use crate::keys::KeyCustody;
use pagetally_model::{AgentId, AuditId};
use pagetally_proof::Hash;
use pagetally_proof::canonical::{CanonicalError, ParseError};
use std::io;
use std::path::PathBuf;

/// Why the store cannot do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A document to be stored has no canonical form.
    #[error("{document} cannot be stored")]
    Canonical {
        /// Which document: `audits[3]`, `report`, `settings`.
        document: String,
        /// Why.
        #[source]
        source: CanonicalError,
    },
    /// What was remembered is not what was kept, or is another's. It can be done without.
    #[error("{} is damaged; what it remembered is lost, and had again at a cost", path.display())]
    DamagedEntry {
        /// The file.
        path: PathBuf,
    },
    /// A record's bytes on the disk are not what was stored.
    #[error(
        "record {sequence} (segment {segment}, byte {offset}) is damaged; the other records are not affected"
    )]
    DamagedRecord {
        /// The journal's segment.
        segment: u32,
        /// Where its frame begins.
        offset: u64,
        /// The record's place in the journal.
        sequence: u64,
    },
    /// A key could not be derived, wrapped or opened for a reason of the library's.
    #[error("the cipher or the derivation of a key refused its input")]
    Derivation,
    /// A record is whole, but this version cannot read what is in it.
    #[error("record {sequence} holds no readable {what}")]
    Document {
        /// What it should be.
        what: &'static str,
        /// The record's place in the journal.
        sequence: u64,
        /// Why.
        #[source]
        source: ParseError,
    },
    /// A record is whole, and holds a document of a kind that this version does not know.
    #[error("record {sequence} holds a document of a kind that a newer version stored")]
    DocumentKind {
        /// The record's place in the journal.
        sequence: u64,
    },
    /// Neither the index on the disk nor one in memory can be used.
    #[error("the index cannot be used: {reason}")]
    Index {
        /// Why.
        reason: String,
    },
    /// Another process has the store open.
    #[error("{} is in use by {}", folder.display(), owner(*.pid))]
    InUse {
        /// The store's folder.
        folder: PathBuf,
        /// The other process, where it left its number.
        pid: Option<u32>,
    },
    /// The operating system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried: `open`, `write`, `sync`...
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Something is wrong with the keys.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The file was written by a newer version.
    #[error(
        "{} has format {format}, algorithm {algorithm}, which is of a newer version; nothing was read or changed",
        path.display()
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// The format that it states.
        format: u32,
        /// The algorithm that it states.
        algorithm: u32,
    },
    /// An export's receiver takes no more.
    #[error("the export cannot be written; what was written is not whole")]
    Export(#[source] io::Error),
    /// No device that fits what was asked for is in the store.
    #[error("no audit of the store is of the device {asked:?}; nothing was erased")]
    NoSuchDevice {
        /// What was asked for.
        asked: String,
    },
    /// No submission with this number is in the store.
    #[error("there is no submission {number} in the store")]
    NoSubmission {
        /// The number asked for.
        number: u64,
    },
    /// Keys were to be destroyed, and the disk still has them.
    #[error("{} still opens with what was to be destroyed; nothing counts as erased", path.display())]
    NotErased {
        /// The file.
        path: PathBuf,
    },
    /// The store holds the sequence of another agent.
    #[error("the store holds the submissions of agent {stored}, not of agent {asked}")]
    OtherAgent {
        /// Whose sequence is stored.
        stored: AgentId,
        /// Who wanted to continue it.
        asked: AgentId,
    },
    /// There is no such audit, and audits were thinned: it may have been one of them.
    #[error(
        "no audit {audit} is kept here; {thinned} audits and reports were thinned from the history on purpose, and it may have been one of them. Central has what was delivered, and its proof"
    )]
    NotKept {
        /// The audit's id.
        audit: AuditId,
        /// How many documents were thinned.
        thinned: u64,
    },
    /// A submission follows one that is not in this store: the store was restored from a backup or
    /// copied, and went on behind what Central had already.
    #[error(
        "submission {number} follows one that only Central has, since this store was restored or copied; Central can make the proof"
    )]
    OtherPast {
        /// The submission's number.
        number: u64,
    },
    /// A receipt is for other content than the submission's.
    #[error("the receipt for submission {number} is for content {receipt}, not for {stored}")]
    OtherContent {
        /// The submission's number.
        number: u64,
        /// The content that is stored.
        stored: Hash,
        /// The content that the receipt states.
        receipt: Hash,
    },
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes")]
    Random(#[source] getrandom::Error),
    /// Audits of too many devices share one key, so that none of them can be erased alone.
    #[error("there are more devices than keys; a single one cannot be erased, only the whole site")]
    SharedKey,
    /// Something is larger than the store takes.
    #[error("{what} has {bytes} bytes; the store takes at most {limit}")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// How large it is.
        bytes: usize,
        /// The ceiling.
        limit: usize,
    },
    /// What is to be erased has not all been delivered.
    #[error(
        "{} submissions with audits of it wait for Central's receipt (the first is number {}); deliver them first, or choose to destroy them: Central then gets the rest of those submissions, and is told that these were erased",
        numbers.len(), numbers.first().copied().unwrap_or(0)
    )]
    Undelivered {
        /// The numbers of the submissions.
        numbers: Vec<u64>,
    },
}

fn owner(pid: Option<u32>) -> String {
    pid.map_or_else(
        || "another process".to_owned(),
        |pid| format!("process {pid}"),
    )
}

/// What can be wrong with the keys. Data that they protect stays untouched in every case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// A key file's bytes are not what was written.
    #[error(
        "{} is damaged ({reason}); put back a copy of it, the sealed data is untouched",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: &'static str,
    },
    /// Whoever keeps the secret that wraps the root key is not there or does not give it.
    #[error(
        "the root key of this store is kept by {custody}: {reason}; bring it back, or use a recovery file (onsite key import); the sealed data is untouched"
    )]
    KeeperAbsent {
        /// Who keeps it.
        custody: KeyCustody,
        /// What is missing.
        reason: &'static str,
        /// What the keeper said.
        #[source]
        source: Option<io::Error>,
    },
    /// A key file is gone while sealed data is there.
    #[error(
        "{} is missing, but the store holds data sealed with it; put it back, the sealed data is untouched",
        path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Others than the owner can read the root key.
    #[error(
        "{} is open to others than its owner (mode {mode:03o}); run chmod 600 on it, and treat the key as known to them",
        path.display()
    )]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// The rights that others have, as Unix mode bits.
        mode: u32,
    },
    /// The root key is intact, and not the one that this store was made with.
    #[error(
        "{} holds root key {found}, but this store was made with root key {expected}; the sealed data is untouched",
        path.display()
    )]
    Wrong {
        /// The file with the root key.
        path: PathBuf,
        /// The id of the key that the store needs.
        expected: String,
        /// The id of the key that is there.
        found: String,
    },
    /// The code does not open the recovery file.
    #[error("the code does not open {}; it may be the code of another file", path.display())]
    WrongCode {
        /// The recovery file.
        path: PathBuf,
    },
    /// The keeper gave a secret, and it is not the one that wraps the root key.
    #[error(
        "what {custody} gives does not open root key {root} in {}; it is the wrong one, the sealed data is untouched",
        path.display()
    )]
    WrongSecret {
        /// The file with the root key.
        path: PathBuf,
        /// Who gave the secret.
        custody: KeyCustody,
        /// The id of the key that the store needs.
        root: String,
    },
}

/// Turns an operating system's error into ours, naming what was done to which file.
pub(crate) fn io_error(
    action: &'static str,
    path: impl Into<PathBuf>,
) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.into();
    move |source| StoreError::Io {
        action,
        path,
        source,
    }
}
