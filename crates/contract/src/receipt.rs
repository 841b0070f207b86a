//! Receipts: Central's signed word on what became of a submission.

use crate::{CentralKeyId, CentralKeyPair, CentralPublicKey, ContractError};
use pagetally_model::{AgentId, SubmissionId, Text, Timestamp};
use pagetally_proof::{Domain, Hash, Signature};

const SIGNATURE: Domain = Domain::new("pagetally/receipt/1");

/// Central's word that a submission is in its books. The first receipt is given again for every
/// repeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The submission.
    pub submission: SubmissionId,
    /// Its number in the agent's sequence.
    pub number: u64,
    /// Its content hash.
    pub content: Hash,
    /// The hash of its header, which binds all the rest.
    pub header: Hash,
    /// When Central first received it, on Central's clock.
    pub received_at: Timestamp,
    /// How many of its documents were withheld when it first came.
    pub withheld: u32,
    /// What Central did with it.
    pub verdict: Verdict,
}

/// What became of a submission. Either way its number is used up and the chain goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// In the books.
    Accepted,
    /// Not booked: a document breaks its own rules or is one that this Central does not read. The number
    /// is used up all the same; the documents can be sent again under a later one.
    Rejected {
        /// Which document, where it is one: `audits[3]`, `pass`.
        document: Option<Text>,
        /// Why, in words.
        reason: Text,
    },
}

impl Receipt {
    /// Signs it for the agent that it is given to.
    #[must_use]
    pub fn sign(self, agent: AgentId, key: &CentralKeyPair) -> SignedReceipt {
        let id = key.public().id();
        let signature = key.signing().sign(SIGNATURE, &self.signed_bytes(agent, id));
        SignedReceipt {
            receipt: self,
            key: id,
            signature,
        }
    }

    /// Every part has a fixed length or its length before it, so that no two receipts look alike.
    fn signed_bytes(&self, agent: AgentId, key: CentralKeyId) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(192);
        bytes.extend_from_slice(key.as_bytes());
        bytes.extend_from_slice(agent.as_bytes());
        bytes.extend_from_slice(self.submission.as_bytes());
        bytes.extend_from_slice(&self.number.to_be_bytes());
        bytes.extend_from_slice(self.content.as_bytes());
        bytes.extend_from_slice(self.header.as_bytes());
        bytes.extend_from_slice(&self.received_at.unix_millis().to_be_bytes());
        bytes.extend_from_slice(&self.withheld.to_be_bytes());
        match &self.verdict {
            Verdict::Accepted => bytes.push(0),
            Verdict::Rejected { document, reason } => {
                bytes.push(1);
                for text in [document.as_ref(), Some(reason)] {
                    let text = text.map_or("", Text::as_str);
                    bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
                    bytes.extend_from_slice(text.as_bytes());
                }
            }
        }
        bytes
    }
}

/// A receipt with Central's Ed25519 signature, made with the key that the submission was sealed to: that
/// one its agent has. Whoever has that key's public half can check it later, with nobody's help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedReceipt {
    /// What Central states.
    pub receipt: Receipt,
    /// The key that signed it.
    pub key: CentralKeyId,
    /// Over the key's name, the agent, and all that the receipt states; docs/contract/README.md has the bytes.
    pub signature: Signature,
}

impl SignedReceipt {
    /// Checks that the holder of `key` gave it to `agent`.
    ///
    /// # Errors
    ///
    /// [`ContractError::Receipt`] if not.
    pub fn verify(&self, agent: AgentId, key: &CentralPublicKey) -> Result<(), ContractError> {
        let refused = |source| ContractError::Receipt {
            number: self.receipt.number,
            key: key.id(),
            source,
        };
        if self.key != key.id() {
            return Err(refused(None));
        }
        let signed = self.receipt.signed_bytes(agent, self.key);
        key.signing()
            .verify(SIGNATURE, &signed, &self.signature)
            .map_err(|error| refused(Some(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use proptest::prelude::*;

    const AGENT: AgentId = AgentId::from_bytes([0xa9; 16]);

    fn key(seed: u8) -> CentralKeyPair {
        CentralKeyPair::from_seed([seed; 32])
    }

    fn rejected(document: Option<&str>, reason: &str) -> Receipt {
        Receipt {
            submission: SubmissionId::from_bytes([1; 16]),
            number: 7,
            content: Hash::from_bytes([2; 32]),
            header: Hash::from_bytes([3; 32]),
            received_at: Timestamp::from_unix_millis(1_800_000_000_123),
            withheld: 4,
            verdict: Verdict::Rejected {
                document: document.map(Text::clean),
                reason: Text::clean(reason),
            },
        }
    }

    /// Version 1, frozen: receipts that agents keep must be checked for ever. A writer in Python came to the
    /// same signature.
    #[test]
    fn a_signature_of_version_1_is_over_the_same_bytes_for_ever() {
        let signed = rejected(Some("audits[3]"), "no reading").sign(AGENT, &key(5));
        assert_eq!(
            signed.signature.to_string(),
            "5c00806eb7dc50b98966d5f9eebbad4a003556228b8a2220aec1f610ab844aea\
             000195d826d3ca994f35dbdbfa251044c6906aee6fe530a3b5c747b61083f40d"
        );
    }

    #[test]
    fn a_receipt_is_believed_of_its_agent_and_its_key_alone() {
        let signed = rejected(None, "no reading").sign(AGENT, &key(5));
        signed.verify(AGENT, &key(5).public()).unwrap();
        let other = AgentId::from_bytes([0xaa; 16]);
        assert!(signed.verify(other, &key(5).public()).is_err());
        assert!(signed.verify(AGENT, &key(6).public()).is_err());
        // Naming another key does not help.
        let renamed = SignedReceipt {
            key: key(6).public().id(),
            ..signed
        };
        assert!(renamed.verify(AGENT, &key(6).public()).is_err());
    }

    #[test]
    fn words_do_not_move_from_the_document_to_the_reason() {
        let signed = rejected(Some("pass"), "gone").sign(AGENT, &key(5));
        let moved = SignedReceipt {
            receipt: rejected(Some("pas"), "sgone"),
            ..signed
        };
        assert!(moved.verify(AGENT, &key(5).public()).is_err());
    }

    proptest! {
        #[test]
        fn a_signature_fits_one_statement_only(one in testing::receipt(), other in testing::receipt()) {
            let signed = one.clone().sign(AGENT, &key(5));
            prop_assert!(signed.verify(AGENT, &key(5).public()).is_ok());
            let swapped = SignedReceipt { receipt: other.clone(), ..signed };
            prop_assert_eq!(swapped.verify(AGENT, &key(5).public()).is_ok(), one == other);
        }
    }
}
