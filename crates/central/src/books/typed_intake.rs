//! Taking a typed report into the books. Nobody numbered or signed it, so Central numbers it, and
//! knows it again by the client's message id and a hash of what it holds.

use super::DealerBooks;
use super::db::{self, Connection, Reader};
use super::intake::Delivery;
use super::quarantine::keep;
use super::rows::AgentRow;
use crate::error::{BooksError, KeyError};
use pagetally_contract::{
    CentralKeyPair, MessageId, Report, ReportError, ReportLeaf, SignedReceipt, TypedReport, Verdict,
};
use pagetally_model::{SubmissionId, Text, Timestamp};
use pagetally_proof::{
    Hash, MerkleTree, Salt, Signature, SignedHeader, SubmissionHeader, Withheld,
};
use std::sync::Arc;

/// A typed report with the salts, leaves and root that Central made for it.
pub(crate) struct TypedDelivery {
    message: MessageId,
    content: Hash,
    delivery: Delivery,
}

/// A typed report that cannot be booked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TypedDeliveryError {
    /// It holds nothing.
    #[error("the report holds no document")]
    Empty,
    /// A document has no canonical form.
    #[error("a document has no canonical form")]
    Report(#[from] ReportError),
    /// The operating system gives no randomness.
    #[error(transparent)]
    Random(#[from] KeyError),
}

/// What became of a typed report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TypedOutcome {
    /// In the books now, or since its first arrival.
    Receipt(Box<SignedReceipt>),
    /// Its message id came before with other content. Nothing was booked.
    Conflict,
}

impl TypedDelivery {
    /// Salts and hashes a report; its place in the chain is found when it is booked. `receipt_key` is the
    /// one in force: nothing was sealed to any.
    pub(crate) fn new(
        agent: &AgentRow,
        report: TypedReport,
        receipt_key: Arc<CentralKeyPair>,
        now: Timestamp,
    ) -> Result<Self, TypedDeliveryError> {
        let (message, content) = (report.message.clone(), content_of(&report)?);
        let audits = report.audits.into_iter();
        let audits = audits.map(|audit| Ok((salt()?, audit)));
        let audits = audits.collect::<Result<Vec<_>, KeyError>>()?;
        let pass = report.pass.map(|pass| Ok::<_, KeyError>((salt()?, pass)));
        let pass = pass.transpose()?;
        if audits.is_empty() && pass.is_none() {
            return Err(TypedDeliveryError::Empty);
        }
        let mut report = Report {
            signed: SignedHeader {
                header: SubmissionHeader::first(agent.id, now),
                // Nobody's: what a stock client sends is not signed, and a page says so.
                signature: Signature::from_bytes([0; 64]),
            },
            audits,
            pass,
            rotation: None,
            withheld: Withheld::default(),
        };
        let leaves = report.leaves()?;
        let tree = MerkleTree::new(leaves.iter().map(ReportLeaf::hash).collect());
        let header = &mut report.signed.header;
        header.id = SubmissionId::from_bytes(random_bytes()?);
        header.content = tree.root();
        header.leaves = tree.len();
        Ok(Self {
            message,
            content,
            delivery: Delivery {
                report,
                leaves,
                rejected: None,
                receipt_key,
            },
        })
    }

    /// Puts it behind the last submission of its agent.
    fn append_to(&mut self, (number, previous): (u64, Hash)) {
        let header = &mut self.delivery.report.signed.header;
        header.number = number.saturating_add(1);
        header.previous = previous;
    }
}

fn content_of(report: &TypedReport) -> Result<Hash, ReportError> {
    report.content().map_err(|source| ReportError::Canonical {
        document: "report".to_owned(),
        source,
    })
}

fn salt() -> Result<Salt, KeyError> {
    random_bytes().map(Salt::from_bytes)
}

fn random_bytes<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(KeyError::Random)?;
    Ok(bytes)
}

impl DealerBooks {
    /// Takes in a typed report: its audits, rows, number and receipt become durable in one
    /// transaction.
    pub(crate) async fn take_in_typed(
        &self,
        agent: &AgentRow,
        delivery: &mut TypedDelivery,
        now: Timestamp,
    ) -> Result<TypedOutcome, BooksError> {
        match self
            .book_typed(agent, delivery, now, Verdict::Accepted)
            .await
        {
            // An id in it is another document's already: the number is used up, nothing is booked.
            Err(BooksError::Database(error)) if db::is_taken(&error) => {
                let verdict = Verdict::Rejected {
                    document: None,
                    reason: Text::clean("an id in it is in the books already"),
                };
                self.book_typed(agent, delivery, now, verdict).await
            }
            other => other,
        }
    }

    async fn book_typed(
        &self,
        agent: &AgentRow,
        typed: &mut TypedDelivery,
        now: Timestamp,
        verdict: Verdict,
    ) -> Result<TypedOutcome, BooksError> {
        let mut tx = db::begin_write(&self.pool).await?;
        if let Some((content, number)) = self.known_message(&mut tx, agent, &typed.message).await? {
            let booked = self.booked(&mut tx, agent, number).await?;
            let Some(booked) = booked.filter(|_| content == typed.content) else {
                return Ok(TypedOutcome::Conflict);
            };
            self.count_repeat(&mut tx, agent, number).await?;
            tx.commit().await?;
            let key = &typed.delivery.receipt_key;
            let receipt = booked.receipt(agent.id, key, None);
            return Ok(TypedOutcome::Receipt(receipt.into()));
        }
        typed.append_to(self.head(&mut tx, agent).await?);
        let accepted = verdict == Verdict::Accepted;
        let kept = if accepted {
            None
        } else {
            Some(keep(&typed.delivery.leaves)?)
        };
        let receipt = self
            .insert_submission(&mut tx, agent, &typed.delivery, now, verdict, kept)
            .await?;
        if accepted {
            self.insert_leaves(&mut tx, agent, &typed.delivery, now, &[])
                .await?;
        }
        sqlx::query(
            "INSERT INTO api_messages (dealer_id, agent_id, message, content, number)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(self.me())
        .bind(agent.id.to_string())
        .bind(typed.message.as_str())
        .bind(typed.content.as_bytes().as_slice())
        .bind(db::stored(receipt.receipt.number))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(TypedOutcome::Receipt(receipt.into()))
    }

    async fn known_message(
        &self,
        tx: &mut Connection,
        agent: &AgentRow,
        message: &MessageId,
    ) -> Result<Option<(Hash, u64)>, BooksError> {
        let row = sqlx::query(
            "SELECT content, number FROM api_messages
             WHERE dealer_id = $1 AND agent_id = $2 AND message = $3",
        )
        .bind(self.me())
        .bind(agent.id.to_string())
        .bind(message.as_str())
        .fetch_optional(tx)
        .await?;
        let Some(row) = &row else { return Ok(None) };
        let read = Reader {
            table: "api_messages",
            row,
        };
        let content = Hash::from_bytes(read.hash("content")?);
        Ok(Some((content, read.count("number")?)))
    }
}
