//! Encrypted local storage for one agent: a sealed append-only journal with sled as its index.
//!
//! A [`Store`] keeps what an agent reads until Central has it, and after: audits, pass reports,
//! the signed submissions of the outbox, receipts, adopted settings, the agent's keys. All of it
//! is sealed records in a journal of append-only files; `docs/storage-format.md` has the format.
//! An index (sled) says where each record is; when it is damaged or missing it is built anew from
//! the journal, and nothing is lost.
//!
//! # What is promised
//!
//! - A pass becomes durable in one step ([`Store::commit_pass`]): all of its audits, its report
//!   and its signed submissions, or nothing of it. A receipt is one step as well.
//! - A file without its key tells how many records of which kind and size there are, nothing else.
//! - Damage is found and named ([`Store::recovery`], [`Store::check`]), costs what it hit, and
//!   never a panic. Nothing is ever deleted to repair something.
//! - One process at a time; a second one is refused and told who the first is.
//!
//! ```
//! use pagetally_model::{Settings, Timestamp};
//! use pagetally_store::{AgentIdentity, OpenOptions, Store};
//!
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let options = OpenOptions::new(Timestamp::from_unix_millis(1_800_000_000_000));
//! let store = Store::open(folder, &options)?;
//! store.set_identity(&AgentIdentity::generate()?)?;
//! store.set_settings(&Settings::default())?;
//! assert!(store.outbox()?.is_empty());
//! assert!(store.recovery().problems.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(test)]
extern crate self as pagetally_store;

mod batch;
mod cache;
mod catalogue;
#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod common;
mod disk;
mod error;
mod files;
mod frame;
mod identity;
mod index;
mod journal;
mod keys;
mod lock;
#[doc(hidden)]
pub mod measure;
mod packing;
mod platform;
mod record;
mod replay;
mod report;
mod retention;
mod secret;
mod segment;
mod state;
mod store;
#[cfg(test)]
mod testing;
mod thinned;

pub use batch::{
    BooksEnd, Clue, HistoryEntry, MAX_AUDITS_PER_SUBMISSION, MAX_RECEIPT_BYTES, PassBatch, Receipt,
    Reissued, SigningContext, StoredAudit, StoredSubmission, SubmissionInfo,
};
pub use cache::{Cache, CacheSlot};
pub use error::{KeyFileError, StoreError};
pub use files::{FolderFiles, JournalFiles};
pub use identity::{AgentIdentity, FormerKeys, SealingKey, StateKey};
#[doc(hidden)]
pub use keys::probe;
pub use keys::{AskPassphrase, KeyCustody, KeySources, KeyStatus, KeyVault, RecoveryCode};
pub use record::{RecordKind, StoreEvent};
pub use report::{Problem, RecoveryReport};
pub use retention::{AgreedTime, BillingCutoff, Retention};
pub use secret::SecretBytes;
pub use store::{
    Audits, ErasedEvidence, ErasureReceipt, ErasureStatement, ExportScope, Exported, History,
    OpenOptions, Salvaged, SetAside, Store, Thinning, Undelivered, import_recovery, salvage,
};
