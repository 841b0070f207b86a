//! Checking one document offline, without seeing the others of its submission.

use crate::{HeaderError, InclusionError, InclusionPath, Leaf, SignedHeader, VerifyingKey};

/// A document that a signed header does not vouch for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// The header itself is bad or not this agent's.
    #[error("the submission's header does not hold")]
    Header(#[from] HeaderError),
    /// The path is for a tree of another size than the header states.
    #[error("the path is for {path} leaves, the header states {header}")]
    Leaves {
        /// What the path says.
        path: u32,
        /// What the signed header says.
        header: u32,
    },
    /// The document is not in the tree.
    #[error("the document is not in the submission")]
    Inclusion(#[from] InclusionError),
}

/// Checks that the holder of `key` vouched for this document: the leaf's bytes and salt lead
/// along `path` to the root in `signed`, and the signature holds.
///
/// Where the submission stands in the agent's sequence is [`verify_link`](crate::verify_link)'s
/// affair.
///
/// # Errors
///
/// [`DocumentError`] naming the first step that fails.
pub fn verify_document(
    leaf: &Leaf,
    path: &InclusionPath,
    signed: &SignedHeader,
    key: &VerifyingKey,
) -> Result<(), DocumentError> {
    signed.verify(key)?;
    if path.leaves != signed.header.leaves {
        return Err(DocumentError::Leaves {
            path: path.leaves,
            header: signed.header.leaves,
        });
    }
    path.verify(&leaf.hash(), &signed.header.content)?;
    Ok(())
}
