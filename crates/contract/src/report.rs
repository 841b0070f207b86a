//! One submission: documents with their salts under a signed header.

use crate::ContractError;
use crate::seal::Carried;
use pagetally_model::{DeviceAudit, PassReport};
use pagetally_proof::canonical::CanonicalError;
use pagetally_proof::{
    Hash, HeaderError, Leaf, LeafKind, MerkleTree, RotationError, Salt, SignedHeader,
    SignedRotation, VerifyingKey, Withheld, WithheldLeaf,
};

/// One submission, as it was fixed when it was stored.
///
/// The leaves of its Merkle tree are the audits in their order, then the pass report, then a change of the
/// agent's keys. In the place of a document that is gone stands its leaf's hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The header with the agent's signature.
    pub signed: SignedHeader,
    /// The audits with their salts.
    pub audits: Vec<(Salt, DeviceAudit)>,
    /// The account of the pass; absent where a pass was split and this is not its last part.
    pub pass: Option<(Salt, PassReport)>,
    /// The agent's change of keys, signed by both: this submission is the last one under the old key.
    pub rotation: Option<(Salt, SignedRotation)>,
    /// What of it does not travel.
    pub withheld: Withheld,
}

/// One leaf of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportLeaf {
    /// Its document is there.
    Whole(Leaf),
    /// Its hash alone is there.
    Withheld(WithheldLeaf),
}

impl ReportLeaf {
    /// The leaf's hash.
    pub fn hash(&self) -> Hash {
        match self {
            Self::Whole(leaf) => leaf.hash(),
            Self::Withheld(leaf) => leaf.hash,
        }
    }

    /// The leaf with its document, if that is there.
    pub const fn whole(&self) -> Option<&Leaf> {
        match self {
            Self::Whole(leaf) => Some(leaf),
            Self::Withheld(_) => None,
        }
    }
}

/// What stands in one place of a report.
#[derive(Clone, Copy)]
pub(crate) enum Part<'a> {
    Audit(&'a Salt, &'a DeviceAudit),
    Pass(&'a Salt, &'a PassReport),
    Rotation(&'a Salt, &'a SignedRotation),
    Withheld(&'a WithheldLeaf),
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
    /// A withheld leaf does not stand where it says.
    #[error("the withheld leaf {place} does not stand in that place")]
    Place {
        /// The place that it states.
        place: u32,
    },
    /// The change of keys does not hold.
    #[error("the change of keys does not hold")]
    Rotation(#[from] RotationError),
    /// The change of keys is not one of this submission: another agent's, another number's, from another
    /// key, or its document is withheld.
    #[error("the change of keys is not this submission's: {what}")]
    RotationPlace {
        /// What is wrong.
        what: &'static str,
    },
}

/// A report that is what its agent signed, with the leaves that prove each document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedReport<'a> {
    /// The report.
    pub report: &'a Report,
    /// Its leaves in the order of the tree, those that are there with their canonical bytes; none where
    /// everything is withheld.
    pub leaves: Vec<ReportLeaf>,
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

    /// Its parts in the order of the tree: the audits, then the pass report, what is withheld between
    /// them. Withheld leaves that have no place stand at the end.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let mut withheld = self.withheld.leaves().iter().peekable();
        let mut parts = Vec::new();
        let audits = self.audits.iter().map(|(salt, a)| Part::Audit(salt, a));
        let pass = self.pass.iter().map(|(salt, pass)| Part::Pass(salt, pass));
        let rotation = self.rotation.iter();
        let rotation = rotation.map(|(salt, rotation)| Part::Rotation(salt, rotation));
        for part in audits.chain(pass).chain(rotation) {
            while let Some(leaf) =
                withheld.next_if(|leaf| usize::try_from(leaf.place) == Ok(parts.len()))
            {
                parts.push(Part::Withheld(leaf));
            }
            parts.push(part);
        }
        parts.extend(withheld.map(Part::Withheld));
        parts
    }

    /// The leaves in the order of the tree: the audits, then the pass report, withheld ones between
    /// them; none where everything is withheld.
    ///
    /// # Errors
    ///
    /// [`ReportError::Canonical`] naming the document, [`ReportError::Place`] naming a withheld leaf
    /// that stands elsewhere than it says.
    pub fn leaves(&self) -> Result<Vec<ReportLeaf>, ReportError> {
        let failed = |document: String| {
            move |source: CanonicalError| ReportError::Canonical { document, source }
        };
        let parts = self.parts();
        let mut leaves = Vec::with_capacity(parts.len());
        let mut audits = 0;
        for (index, part) in parts.into_iter().enumerate() {
            leaves.push(match part {
                Part::Audit(salt, audit) => {
                    let name = format!("audits[{audits}]");
                    audits += 1;
                    ReportLeaf::Whole(Leaf::of_audit(audit, salt.clone()).map_err(failed(name))?)
                }
                Part::Pass(salt, pass) => ReportLeaf::Whole(
                    Leaf::of_report(pass, salt.clone()).map_err(failed("pass".to_owned()))?,
                ),
                Part::Rotation(salt, rotation) => ReportLeaf::Whole(
                    Leaf::of_rotation(rotation, salt.clone())
                        .map_err(failed("rotation".to_owned()))?,
                ),
                Part::Withheld(leaf) if usize::try_from(leaf.place) == Ok(index) => {
                    ReportLeaf::Withheld(*leaf)
                }
                Part::Withheld(leaf) => return Err(ReportError::Place { place: leaf.place }),
            });
        }
        Ok(leaves)
    }

    /// Checks that `key` signed the header and that the documents, with the hashes of those that are
    /// withheld, hash to what it states. Where everything is withheld the signature is all there is.
    ///
    /// # Errors
    ///
    /// [`ReportError`] naming the first thing that does not hold.
    pub fn verify(&self, key: &VerifyingKey) -> Result<VerifiedReport<'_>, ReportError> {
        self.signed.verify(key)?;
        self.verify_rotation(key)?;
        let header = &self.signed.header;
        let leaves = self.leaves()?;
        let all_withheld = matches!(self.withheld, Withheld::All(_));
        if all_withheld && leaves.is_empty() {
            return Ok(VerifiedReport {
                report: self,
                leaves,
            });
        }
        if all_withheld || u32::try_from(leaves.len()) != Ok(header.leaves) {
            return Err(ReportError::Leaves {
                stated: header.leaves,
                found: leaves.len(),
            });
        }
        let tree = MerkleTree::new(leaves.iter().map(ReportLeaf::hash).collect());
        if tree.root() != header.content {
            return Err(ReportError::Content {
                stated: header.content,
                found: tree.root(),
            });
        }
        Ok(VerifiedReport {
            report: self,
            leaves,
        })
    }
}

impl Report {
    /// Checks that a change of keys hands over from `key`, which signed the header, at this very number.
    fn verify_rotation(&self, key: &VerifyingKey) -> Result<(), ReportError> {
        let withheld = self.withheld.leaves().iter();
        let mut withheld = withheld.filter(|leaf| leaf.kind == LeafKind::KeyRotation);
        let Some((_, signed)) = &self.rotation else {
            let withheld = withheld.next().is_some();
            let what = "it is withheld";
            return if withheld {
                Err(ReportError::RotationPlace { what })
            } else {
                Ok(())
            };
        };
        let (rotation, header) = (&signed.rotation, &self.signed.header);
        let checks = [
            ("another agent's", rotation.agent == header.agent),
            ("another number's", rotation.number == header.number),
            ("from another key", rotation.old_key == *key),
            ("to the same key", rotation.new_key != *key),
        ];
        if let Some((what, _)) = checks.into_iter().find(|(_, holds)| !holds) {
            return Err(ReportError::RotationPlace { what });
        }
        Ok(signed.verify()?)
    }
}

impl From<ReportError> for ContractError {
    fn from(source: ReportError) -> Self {
        Self::Report(Box::new(source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagetally_model::{AgentId, Timestamp};
    use pagetally_proof::{SigningKey, SubmissionHeader, WithheldReason};

    fn leaf(place: u32) -> WithheldLeaf {
        WithheldLeaf {
            place,
            kind: LeafKind::Audit,
            hash: Hash::of(&[&[u8::try_from(place).expect("few")]]),
            reason: WithheldReason::Lost,
        }
    }

    fn withholding(leaves: Vec<WithheldLeaf>) -> Report {
        let tree = MerkleTree::new(leaves.iter().map(|leaf| leaf.hash).collect());
        let first =
            SubmissionHeader::first(AgentId::from_bytes([1; 16]), Timestamp::from_unix_millis(0));
        let header = SubmissionHeader {
            content: tree.root(),
            leaves: tree.len(),
            ..first
        };
        Report {
            signed: SignedHeader::sign(header, &key()),
            audits: Vec::new(),
            pass: None,
            rotation: None,
            withheld: Withheld::Leaves(leaves),
        }
    }

    fn key() -> SigningKey {
        SigningKey::from_seed([7; 32])
    }

    #[test]
    fn a_report_of_withheld_leaves_holds_by_their_hashes() {
        let report = withholding(vec![leaf(0), leaf(1), leaf(2)]);
        let key = key().verifying_key();
        let verified = report.verify(&key).expect("holds");
        assert_eq!(verified.leaves.len(), 3);

        let mut changed = report.clone();
        let wrong = WithheldLeaf {
            hash: Hash::ZERO,
            ..leaf(1)
        };
        changed.withheld = Withheld::Leaves(vec![leaf(0), wrong, leaf(2)]);
        let found = changed.verify(&key);
        assert!(
            matches!(found, Err(ReportError::Content { .. })),
            "{found:?}"
        );

        changed.withheld = Withheld::Leaves(vec![leaf(0), leaf(2)]);
        let found = changed.verify(&key);
        assert!(
            matches!(found, Err(ReportError::Place { place: 2 })),
            "{found:?}"
        );

        changed.withheld = Withheld::Leaves(vec![leaf(0), leaf(1)]);
        let found = changed.verify(&key);
        assert!(
            matches!(found, Err(ReportError::Leaves { found: 2, .. })),
            "{found:?}"
        );
    }

    /// The submission of number `number` that carries a change to the key of seed 8.
    fn rotating(rotation: SignedRotation) -> Report {
        let salt = Salt::from_bytes([3; 32]);
        let leaf = Leaf::of_rotation(&rotation, salt.clone()).expect("canonical");
        let mut report = withholding(Vec::new());
        let header = SubmissionHeader {
            content: MerkleTree::new(vec![leaf.hash()]).root(),
            leaves: 1,
            ..report.signed.header
        };
        report.signed = SignedHeader::sign(header, &key());
        report.rotation = Some((salt, rotation));
        report
    }

    #[test]
    fn a_change_of_keys_holds_in_its_own_submission_and_from_its_own_key_only() {
        let (agent, now) = (AgentId::from_bytes([1; 16]), Timestamp::from_unix_millis(0));
        let new = SigningKey::from_seed([8; 32]);
        let rotation = |agent, number, old: &SigningKey| {
            SignedRotation::sign(agent, number, old, &new, [9; 32], now)
        };
        let verify = |report: Report| {
            report
                .verify(&key().verifying_key())
                .map(|verified| verified.leaves.len())
        };
        assert_eq!(
            verify(rotating(rotation(agent, 1, &key()))).expect("holds"),
            1
        );
        let strange = [
            rotation(AgentId::from_bytes([2; 16]), 1, &key()),
            rotation(agent, 2, &key()),
            rotation(agent, 1, &SigningKey::from_seed([5; 32])),
        ];
        for strange in strange {
            let found = verify(rotating(strange));
            assert!(
                matches!(found, Err(ReportError::RotationPlace { .. })),
                "{found:?}"
            );
        }
        let mut unsigned = rotation(agent, 1, &key());
        unsigned.possession = unsigned.handover;
        let found = verify(rotating(unsigned));
        assert!(matches!(found, Err(ReportError::Rotation(_))), "{found:?}");

        let hidden = WithheldLeaf {
            kind: LeafKind::KeyRotation,
            ..leaf(0)
        };
        let found = verify(withholding(vec![hidden]));
        assert!(
            matches!(found, Err(ReportError::RotationPlace { .. })),
            "{found:?}"
        );
    }

    #[test]
    fn where_everything_is_withheld_the_signature_alone_is_checked_and_nothing_else_is_there() {
        let mut report = withholding(vec![leaf(0), leaf(1)]);
        report.withheld = Withheld::All(WithheldReason::Thinned);
        let verified = report.verify(&key().verifying_key()).expect("signed");
        assert!(verified.leaves.is_empty());
        let other = SigningKey::from_seed([8; 32]).verifying_key();
        assert!(matches!(report.verify(&other), Err(ReportError::Header(_))));
    }
}
