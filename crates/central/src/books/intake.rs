//! Taking a submission into the books: all of it with its receipt, or nothing.

use super::db::{self, Connection, Reader, Transaction};
use super::devices::Origin;
use super::quarantine::keep;
use super::rows::AgentRow;
use super::withheld::leaf_hashes;
use super::{DealerBooks, notices, passes};
use crate::error::BooksError;
use pagetally_contract::{
    CentralKeyId, CentralKeyPair, Receipt, Report, ReportLeaf, SignedReceipt, Verdict,
};
use pagetally_model::{AgentId, DeviceAudit, PassReport, Text, Timestamp};
use pagetally_proof::{Hash, Leaf, Signature};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A submission whose signature and content hash were verified.
pub(crate) struct Delivery {
    pub(crate) report: Report,
    /// Its leaves in their order, those that came with their canonical bytes; none where they do not hash
    /// to what its header states.
    pub(crate) leaves: Vec<ReportLeaf>,
    /// Why it cannot be booked, though its agent signed it.
    pub(crate) rejected: Option<Rejection>,
    /// What its receipt is signed with: the key that it was sealed to.
    pub(crate) receipt_key: Arc<CentralKeyPair>,
}

/// Why a submission is not booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rejection {
    /// Which document, where it is one.
    pub(crate) document: Option<String>,
    pub(crate) reason: String,
}

impl From<Rejection> for Verdict {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected {
            document: rejection.document.map(|document| Text::clean(&document)),
            reason: Text::clean(&rejection.reason),
        }
    }
}

/// One document of a delivery.
pub(super) struct Document<'a> {
    /// The table that it is booked in.
    pub(super) table: &'static str,
    /// What a rejection calls it.
    pub(super) name: String,
    pub(super) id: String,
    pub(super) leaf: &'a Leaf,
    body: Body<'a>,
}

enum Body<'a> {
    Audit(&'a DeviceAudit),
    Pass(&'a PassReport),
}

impl Delivery {
    /// The document of each leaf; nothing where it is withheld.
    pub(super) fn documents(&self) -> impl Iterator<Item = Option<Document<'_>>> {
        let audits = self
            .report
            .audits
            .iter()
            .map(|(_, audit)| Body::Audit(audit));
        let pass = self.report.pass.iter().map(|(_, pass)| Body::Pass(pass));
        let mut bodies = audits.chain(pass).enumerate();
        self.leaves.iter().map(move |leaf| {
            let leaf = leaf.whole()?;
            let (place, body) = bodies.next()?;
            let (table, name, id) = match body {
                Body::Audit(audit) => ("audits", format!("audits[{place}]"), audit.id.to_string()),
                Body::Pass(pass) => ("passes", "pass".to_owned(), pass.id.to_string()),
            };
            Some(Document {
                table,
                name,
                id,
                leaf,
                body,
            })
        })
    }
}

/// What became of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// In the books now, or since its first arrival.
    Receipt(Box<SignedReceipt>),
    /// It contradicts what is in the books, or its agent is in quarantine for one that does. It is
    /// kept beside them.
    Quarantined {
        /// What would continue the chain.
        expected: u64,
    },
    /// Numbers before it are missing.
    Gap {
        /// The number that would continue the chain.
        expected: u64,
    },
}

/// What happens to documents that are in the books already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// As a rule there are none, and looking for them costs.
    NotLookedFor,
    /// They are not booked again: an agent sends them twice that was restored from a backup.
    LeftOut,
}

/// One row of the table of submissions, as far as a receipt needs it.
pub(super) struct Booked {
    pub(super) content: Hash,
    receipt: Receipt,
    /// As it was signed first.
    signed: Option<(CentralKeyId, Signature)>,
}

impl Booked {
    /// The receipt as it was signed first, where it was. Another key signs it where `needed` names that
    /// key: an agent has the one that it sealed its repeat to, and perhaps no other.
    pub(super) fn receipt(
        self,
        agent: AgentId,
        key: &CentralKeyPair,
        needed: Option<CentralKeyId>,
    ) -> SignedReceipt {
        match self.signed {
            Some((id, signature)) if needed.is_none_or(|needed| needed == id) => SignedReceipt {
                receipt: self.receipt,
                key: id,
                signature,
            },
            _ => self.receipt.sign(agent, key),
        }
    }
}

impl DealerBooks {
    /// Takes in a submission. Its audits, rows and receipt become durable in one transaction; the
    /// chain decides, and no clock.
    pub(crate) async fn take_in(
        &self,
        agent: &AgentRow,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<Outcome, BooksError> {
        if let Some(rejection) = &delivery.rejected {
            return self
                .reject(agent, delivery, now, Some(rejection.clone()))
                .await;
        }
        for known in [Known::NotLookedFor, Known::LeftOut] {
            match self.book(agent, delivery, now, known).await {
                Err(BooksError::Database(error)) if db::is_taken(&error) => {}
                other => return other,
            }
        }
        // An id in it is another document's already: the number is used up, nothing is booked.
        self.reject(agent, delivery, now, None).await
    }

    async fn book(
        &self,
        agent: &AgentRow,
        delivery: &Delivery,
        now: Timestamp,
        known: Known,
    ) -> Result<Outcome, BooksError> {
        let mut tx = db::begin_write(&self.pool).await?;
        if let Some(settled) = self.settle_by_chain(&mut tx, agent, delivery, now).await? {
            tx.commit().await?;
            return Ok(settled);
        }
        let verdict = Verdict::Accepted;
        let receipt = self
            .insert_submission(&mut tx, agent, delivery, now, verdict, None)
            .await?;
        let known = match known {
            Known::NotLookedFor => Vec::new(),
            Known::LeftOut => self.known_leaves(&mut tx, agent, delivery).await?,
        };
        self.insert_leaves(&mut tx, agent, delivery, now, &known)
            .await?;
        self.insert_withheld(&mut tx, agent, delivery, now).await?;
        self.take_rotation(&mut tx, agent, delivery, now).await?;
        tx.commit().await?;
        Ok(Outcome::Receipt(receipt.into()))
    }

    /// Uses a number up for what is not booked, with a receipt that says why; where nobody said so before,
    /// it is for the id of a document.
    async fn reject(
        &self,
        agent: &AgentRow,
        delivery: &Delivery,
        now: Timestamp,
        rejection: Option<Rejection>,
    ) -> Result<Outcome, BooksError> {
        let mut tx: Transaction = db::begin_write(&self.pool).await?;
        if let Some(settled) = self.settle_by_chain(&mut tx, agent, delivery, now).await? {
            tx.commit().await?;
            return Ok(settled);
        }
        let rejection = match rejection {
            Some(rejection) => rejection,
            None => self.taken_id(&mut tx, agent, delivery).await?,
        };
        let kept = match delivery.leaves.as_slice() {
            [] => None,
            leaves => Some(keep(leaves)?),
        };
        let receipt = self
            .insert_submission(&mut tx, agent, delivery, now, rejection.into(), kept)
            .await?;
        tx.commit().await?;
        Ok(Outcome::Receipt(receipt.into()))
    }

    /// Which document has an id that another one has.
    async fn taken_id(
        &self,
        tx: &mut Connection,
        agent: &AgentRow,
        delivery: &Delivery,
    ) -> Result<Rejection, BooksError> {
        let known = self.known_leaves(tx, agent, delivery).await?;
        let booked = self.booked_ids(tx, delivery).await?;
        let places = delivery.documents().zip(known.into_iter().zip(booked));
        let (mut seen, mut taken) = (BTreeSet::new(), None);
        for (document, (known, booked)) in places {
            let Some(document) = document else { continue };
            let twice = !seen.insert((document.table, document.id));
            if twice || booked && !known {
                taken = Some(document.name);
                break;
            }
        }
        Ok(Rejection {
            document: taken,
            reason: "another document has its id".to_owned(),
        })
    }

    /// Decides what the chain alone can decide: repeats, forks and gaps. Nothing where the
    /// submission is the next one.
    async fn settle_by_chain(
        &self,
        tx: &mut Connection,
        agent: &AgentRow,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<Option<Outcome>, BooksError> {
        let header = &delivery.report.signed.header;
        let (head, head_hash) = self.head(tx, agent).await?;
        let expected = head.saturating_add(1);
        if header.number > expected {
            if self.is_forked(tx, agent).await? {
                // What lies between is in quarantine too: nothing is asked for again.
                self.keep_fork(tx, agent, delivery, now).await?;
                return Ok(Some(Outcome::Quarantined { expected }));
            }
            self.note_gap(tx, agent, expected, header.number, now)
                .await?;
            return Ok(Some(Outcome::Gap { expected }));
        }
        if header.number == expected {
            if header.previous == head_hash {
                return Ok(None);
            }
            self.keep_fork(tx, agent, delivery, now).await?;
            return Ok(Some(Outcome::Quarantined { expected }));
        }
        match self.booked(tx, agent, header.number).await? {
            Some(booked) if booked.content == header.content => {
                self.count_repeat(tx, agent, header.number).await?;
                if delivery.rejected.is_none() {
                    self.fill_in(tx, agent, delivery, now).await?;
                }
                #[cfg(feature = "mutations")]
                if crate::mutations::books_repeats() {
                    self.book_again(tx, agent, delivery, now).await?;
                }
                let key = &delivery.receipt_key;
                let receipt = booked.receipt(agent.id, key, Some(key.public().id()));
                Ok(Some(Outcome::Receipt(receipt.into())))
            }
            _ => {
                self.keep_fork(tx, agent, delivery, now).await?;
                Ok(Some(Outcome::Quarantined { expected }))
            }
        }
    }

    /// Books a repeat a second time, as a Central without deduplication would.
    #[cfg(feature = "mutations")]
    async fn book_again(
        &self,
        tx: &mut Connection,
        agent: &AgentRow,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<(), BooksError> {
        let number = delivery.report.signed.header.number;
        for document in delivery.documents().flatten() {
            let (leaf, Body::Audit(audit)) = (document.leaf, document.body) else {
                continue;
            };
            let mut again = audit.clone();
            let id: [u8; 16] = super::random()?;
            again.id = pagetally_model::AuditId::from_bytes(id);
            let [a, b, c, d, ..] = id;
            let origin = Origin {
                site: agent.site,
                agent: agent.id,
                number,
                // Beyond every leaf, so that no key of the table is in the way.
                leaf: u64::from(u32::from_be_bytes([a, b, c, d])) + 1_000_000,
                salt: leaf.salt().as_bytes(),
                document: leaf.bytes(),
                received: now,
            };
            self.insert_audit(tx, &origin, &again).await?;
        }
        Ok(())
    }

    pub(super) async fn head(
        &self,
        tx: &mut Connection,
        agent: &AgentRow,
    ) -> Result<(u64, Hash), BooksError> {
        let row = sqlx::query(
            "SELECT head_number, head_hash FROM agents WHERE dealer_id = $1 AND id = $2",
        )
        .bind(self.me())
        .bind(agent.id.to_string())
        .fetch_optional(tx)
        .await?
        .ok_or_else(|| super::not_found("agent", agent.id))?;
        let read = Reader {
            table: "agents",
            row: &row,
        };
        Ok((
            read.count("head_number")?,
            Hash::from_bytes(read.hash("head_hash")?),
        ))
    }

    pub(super) async fn booked(
        &self,
        tx: &mut Connection,
        agent: &AgentRow,
        number: u64,
    ) -> Result<Option<Booked>, BooksError> {
        let row = sqlx::query(
            "SELECT id, content, header_hash, reason, rejected_document, withheld, received_ms,
                receipt_key, receipt_signature
             FROM submissions
             WHERE dealer_id = $1 AND agent_id = $2 AND number = $3",
        )
        .bind(self.me())
        .bind(agent.id.to_string())
        .bind(db::stored(number))
        .fetch_optional(tx)
        .await?;
        let Some(row) = &row else { return Ok(None) };
        let read = Reader {
            table: "submissions",
            row,
        };
        let content = Hash::from_bytes(read.hash("content")?);
        let document = read.raw("rejected_document")?;
        let reason: Option<String> = read.raw("reason")?;
        let verdict = reason.map_or(Verdict::Accepted, |reason| {
            Rejection { document, reason }.into()
        });
        let key = read.parsed_option("receipt_key")?;
        let signature: Option<Vec<u8>> = read.raw("receipt_signature")?;
        let signature = signature.and_then(|bytes| bytes.try_into().ok());
        Ok(Some(Booked {
            content,
            signed: key.zip(signature.map(Signature::from_bytes)),
            receipt: Receipt {
                submission: read.parsed("id")?,
                number,
                content,
                header: Hash::from_bytes(read.hash("header_hash")?),
                received_at: read.instant("received_ms")?,
                withheld: u32::try_from(read.count("withheld")?).unwrap_or(u32::MAX),
                verdict,
            },
        }))
    }

    pub(super) async fn count_repeat(
        &self,
        tx: &mut Connection,
        agent: &AgentRow,
        number: u64,
    ) -> Result<(), BooksError> {
        sqlx::query(
            "UPDATE submissions SET repeats = repeats + 1
             WHERE dealer_id = $1 AND agent_id = $2 AND number = $3",
        )
        .bind(self.me())
        .bind(agent.id.to_string())
        .bind(db::stored(number))
        .execute(tx)
        .await?;
        Ok(())
    }

    /// The answer to a submission that lies ahead of the books, whatever it is: the numbers before it are
    /// missing, and with them what may have changed its agent's keys. Nothing where it does not.
    pub(crate) async fn ahead(
        &self,
        agent: &AgentRow,
        number: u64,
        now: Timestamp,
    ) -> Result<Option<Outcome>, BooksError> {
        let mut tx = db::begin_write(&self.pool).await?;
        let (head, _) = self.head(&mut tx, agent).await?;
        let expected = head.saturating_add(1);
        if number <= expected {
            return Ok(None);
        }
        self.note_gap(&mut tx, agent, expected, number, now).await?;
        tx.commit().await?;
        Ok(Some(Outcome::Gap { expected }))
    }

    async fn note_gap(
        &self,
        tx: &mut Connection,
        agent: &AgentRow,
        expected: u64,
        offered: u64,
        now: Timestamp,
    ) -> Result<(), BooksError> {
        sqlx::query(
            "UPDATE agents SET gap_expected = $3, gap_offered = $4, gap_ms = $5
             WHERE dealer_id = $1 AND id = $2",
        )
        .bind(self.me())
        .bind(agent.id.to_string())
        .bind(db::stored(expected))
        .bind(db::stored(offered))
        .bind(now.unix_millis())
        .execute(tx)
        .await?;
        Ok(())
    }

    pub(super) async fn insert_submission(
        &self,
        tx: &mut Connection,
        agent: &AgentRow,
        delivery: &Delivery,
        now: Timestamp,
        verdict: Verdict,
        kept: Option<Vec<u8>>,
    ) -> Result<SignedReceipt, BooksError> {
        let signed = &delivery.report.signed;
        let header = &signed.header;
        let header_hash = header.hash();
        let withheld = delivery.report.withheld.count(header.leaves);
        let (document, reason) = match &verdict {
            Verdict::Rejected { document, reason } => {
                let document = document.as_ref().map(Text::to_string);
                (document, Some(reason.to_string()))
            }
            _ => (None, None),
        };
        let receipt = Receipt {
            submission: header.id,
            number: header.number,
            content: header.content,
            header: header_hash,
            received_at: now,
            withheld,
            verdict,
        };
        let receipt = receipt.sign(agent.id, &delivery.receipt_key);
        sqlx::query(
            "INSERT INTO submissions (dealer_id, agent_id, number, id, content, header_hash,
                header, signature, verdict, reason, leaves, created_ms, received_ms, repeats,
                kept_report, leaf_hashes, withheld, rejected_document, receipt_key, receipt_signature)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, $14, $15, $16, $17,
                $18, $19)",
        )
        .bind(self.me())
        .bind(agent.id.to_string())
        .bind(db::stored(header.number))
        .bind(header.id.to_string())
        .bind(header.content.as_bytes().as_slice())
        .bind(header_hash.as_bytes().as_slice())
        .bind(header.to_bytes().as_slice())
        .bind(signed.signature.as_bytes().as_slice())
        .bind(if reason.is_none() {
            "accepted"
        } else {
            "rejected"
        })
        .bind(reason)
        .bind(i64::from(header.leaves))
        .bind(header.created.unix_millis())
        .bind(now.unix_millis())
        .bind(kept)
        .bind(leaf_hashes(&delivery.leaves))
        .bind(i64::from(withheld))
        .bind(document)
        .bind(receipt.key.to_string())
        .bind(receipt.signature.as_bytes().as_slice())
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "UPDATE agents SET head_number = $3, head_hash = $4, gap_expected = NULL,
                gap_offered = NULL, gap_ms = NULL
             WHERE dealer_id = $1 AND id = $2",
        )
        .bind(self.me())
        .bind(agent.id.to_string())
        .bind(db::stored(header.number))
        .bind(header_hash.as_bytes().as_slice())
        .execute(tx)
        .await?;
        Ok(receipt)
    }

    /// Books the documents that came, but those of which `known` says that they are booked already.
    pub(super) async fn insert_leaves(
        &self,
        tx: &mut Connection,
        agent: &AgentRow,
        delivery: &Delivery,
        now: Timestamp,
        known: &[bool],
    ) -> Result<(), BooksError> {
        for (index, document) in delivery.documents().enumerate() {
            let is_known = known.get(index).copied().unwrap_or(false);
            let Some(document) = document.filter(|_| !is_known) else {
                continue;
            };
            let origin = Origin {
                site: agent.site,
                agent: agent.id,
                number: delivery.report.signed.header.number,
                leaf: index as u64,
                salt: document.leaf.salt().as_bytes(),
                document: document.leaf.bytes(),
                received: now,
            };
            match document.body {
                Body::Audit(audit) => {
                    self.insert_audit(tx, &origin, audit).await?;
                }
                Body::Pass(pass) => {
                    passes::insert(self, tx, &origin, pass).await?;
                    notices::insert(self, tx, &origin, pass).await?;
                }
            }
        }
        Ok(())
    }
}
