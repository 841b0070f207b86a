//! Errors of the store.

/// Why the store cannot do what was asked. Nothing is ever destroyed by an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Submission is not in the store.
    #[error("there is no submission {number}")]
    NoSubmission {
        /// The number asked for.
        number: u64,
    },
}
