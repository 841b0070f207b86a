//! The chain of an agent's submissions: nothing added, left out, changed or put elsewhere.

use crate::{Hash, HeaderError, KeyHistory, SignedHeader, SubmissionHeader};
use pagetally_model::AgentId;

/// Two headers that do not follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// Another agent's header.
    #[error("number {number} is agent {found}'s; the chain is agent {expected}'s")]
    Agent {
        /// The later header's number.
        number: u64,
        /// Whose chain it is.
        expected: AgentId,
        /// Whose header it is.
        found: AgentId,
    },
    /// A number is missing or comes twice.
    #[error("number {found} stands where number {expected} should")]
    Number {
        /// What should come.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// The later header names another predecessor.
    #[error("number {number} follows {found}; the header before it is {expected}")]
    Previous {
        /// The later header's number.
        number: u64,
        /// The hash of the header before.
        expected: Hash,
        /// The hash that it names.
        found: Hash,
    },
    /// A header of the chain is bad in itself.
    #[error("number {number} of the chain is bad")]
    Header {
        /// Its number.
        number: u64,
        /// What is wrong with it.
        #[source]
        source: HeaderError,
    },
}

/// Checks that `next` follows `previous`, or begins a chain where there is none.
///
/// Times are not compared: clocks at customers' sites jump. Signatures are checked by
/// [`SignedHeader::verify`], or for a whole chain by [`verify_chain`].
///
/// # Errors
///
/// [`ChainError`] naming what does not fit.
pub fn verify_link(
    previous: Option<&SubmissionHeader>,
    next: &SubmissionHeader,
) -> Result<(), ChainError> {
    let number = next.number;
    next.check()
        .map_err(|source| ChainError::Header { number, source })?;
    let expected = previous.map_or(1, |header| header.number.saturating_add(1));
    if let Some(header) = previous
        && header.agent != next.agent
    {
        return Err(ChainError::Agent {
            number,
            expected: header.agent,
            found: next.agent,
        });
    }
    if number != expected {
        return Err(ChainError::Number {
            expected,
            found: number,
        });
    }
    let hash = previous.map_or(Hash::ZERO, SubmissionHeader::hash);
    if next.previous != hash {
        return Err(ChainError::Previous {
            number,
            expected: hash,
            found: next.previous,
        });
    }
    Ok(())
}

/// Checks every signature and link of `headers`, which begin at the agent's first submission or
/// follow `after`, a header that is trusted already. Answers the last header.
///
/// # Errors
///
/// [`ChainError`] for the first header that is bad or does not follow.
pub fn verify_chain<'a>(
    after: Option<&'a SubmissionHeader>,
    headers: impl IntoIterator<Item = &'a SignedHeader>,
    keys: &KeyHistory,
) -> Result<Option<&'a SubmissionHeader>, ChainError> {
    let mut last = after;
    for signed in headers {
        let number = signed.header.number;
        signed
            .verify(&keys.key_at(number))
            .map_err(|source| ChainError::Header { number, source })?;
        verify_link(last, &signed.header)?;
        last = Some(&signed.header);
    }
    Ok(last)
}
