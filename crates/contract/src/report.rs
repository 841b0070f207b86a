//! One submission: documents with their salts under a signed header.

use crate::ContractError;
use crate::seal::Carried;
use pagetally_model::{DeviceAudit, PassReport};
use pagetally_proof::canonical::CanonicalError;
use pagetally_proof::{Hash, HeaderError, Leaf, MerkleTree, Salt, SignedHeader, VerifyingKey};

/// One submission, as it was fixed when it was stored.
///
/// The leaves of its Merkle tree are the audits in their order, then the pass report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The header with the agent's signature.
    pub signed: SignedHeader,
    /// The audits with their salts.
    pub audits: Vec<(Salt, DeviceAudit)>,
    /// The account of the pass; absent where a pass was split and this is not its last part.
    pub pass: Option<(Salt, PassReport)>,
}

/// A report whose documents are not what its header states.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A document has no canonical form.
    #[error("{document} has no canonical form")]
    Canonical {
        /// Which document: `audits[3]` or `pass`.
        document: String,
        /// Why.
        #[source]
        source: CanonicalError,
    },
    /// The content hash is another.
    #[error("the documents hash to {found}, the header states {stated}")]
    Content {
        /// What the header states.
        stated: Hash,
        /// What the documents hash to.
        found: Hash,
    },
    /// The header is bad, or not signed by this key.
    #[error("the header does not hold")]
    Header(#[from] HeaderError),
    /// The number of documents is another.
    #[error("there are {found} documents, the header states {stated}")]
    Leaves {
        /// What the header states.
        stated: u32,
        /// How many there are.
        found: usize,
    },
}

/// A report that is what its agent signed, with the leaves that prove each document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedReport<'a> {
    /// The report.
    pub report: &'a Report,
    /// Its leaves with their canonical bytes: the audits in their order, then the pass report.
    pub leaves: Vec<Leaf>,
    /// The tree over them, for inclusion paths.
    pub tree: MerkleTree,
}

impl Report {
    /// Whether it could not wait: its pass was made because devices told something unasked. Such a
    /// report goes as [`SendAlerts`](crate::Operation::SendAlerts), in its place in the sequence.
    pub fn is_alert(&self) -> bool {
        self.pass
            .as_ref()
            .is_some_and(|(_, pass)| !pass.notices.is_empty())
    }

    /// What a request's seal is bound to.
    pub(crate) const fn carried(&self) -> Carried {
        Carried {
            number: self.signed.header.number,
            content: self.signed.header.content,
        }
    }

    /// The leaves in the order of the tree: the audits, then the pass report.
    ///
    /// # Errors
    ///
    /// [`ReportError::Canonical`] naming the document.
    pub fn leaves(&self) -> Result<Vec<Leaf>, ReportError> {
        let failed = |document: String| {
            move |source: CanonicalError| ReportError::Canonical { document, source }
        };
        let mut leaves = Vec::with_capacity(self.audits.len() + 1);
        for (index, (salt, audit)) in self.audits.iter().enumerate() {
            leaves.push(
                Leaf::of_audit(audit, salt.clone()).map_err(failed(format!("audits[{index}]")))?,
            );
        }
        if let Some((salt, pass)) = &self.pass {
            leaves.push(Leaf::of_report(pass, salt.clone()).map_err(failed("pass".to_owned()))?);
        }
        Ok(leaves)
    }

    /// Checks that `key` signed the header and that the documents hash to what it states.
    ///
    /// # Errors
    ///
    /// [`ReportError`] naming the first thing that does not hold.
    pub fn verify(&self, key: &VerifyingKey) -> Result<VerifiedReport<'_>, ReportError> {
        self.signed.verify(key)?;
        let header = &self.signed.header;
        let found = self.audits.len() + usize::from(self.pass.is_some());
        if u32::try_from(found) != Ok(header.leaves) {
            return Err(ReportError::Leaves {
                stated: header.leaves,
                found,
            });
        }
        let leaves = self.leaves()?;
        let tree = MerkleTree::new(leaves.iter().map(Leaf::hash).collect());
        if tree.root() != header.content {
            return Err(ReportError::Content {
                stated: header.content,
                found: tree.root(),
            });
        }
        Ok(VerifiedReport {
            report: self,
            leaves,
            tree,
        })
    }
}

impl From<ReportError> for ContractError {
    fn from(source: ReportError) -> Self {
        Self::Report(Box::new(source))
    }
}
