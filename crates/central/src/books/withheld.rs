//! Documents that were withheld: rows that say what is not there, and never data.

use super::DealerBooks;
use super::db::{self, Connection, Reader, word};
use super::intake::Delivery;
use super::rows::{AgentRow, WithheldRow};
use crate::error::BooksError;
use pagetally_contract::ReportLeaf;
use pagetally_model::{AgentId, Timestamp};
use pagetally_proof::{Withheld, WithheldLeaf};

/// The place of a row that stands for a whole submission.
const ALL: i64 = -1;

/// What of a submission is still withheld in the books.
enum Open {
    All,
    Leaves(Vec<u64>),
}

impl Open {
    fn contains(&self, place: u64) -> bool {
        match self {
            Self::All => true,
            Self::Leaves(places) => places.contains(&place),
        }
    }
}

impl DealerBooks {
    /// Notes what of a submission did not come.
    pub(super) async fn insert_withheld(
        &self,
        tx: &mut Connection,
        agent: &AgentRow,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<(), BooksError> {
        let header = &delivery.report.signed.header;
        match &delivery.report.withheld {
            Withheld::All(reason) => {
                let content = header.content.as_bytes();
                let row = (ALL, None, content.as_slice(), word(reason));
                self.insert_row(tx, agent, header.number, row, now).await
            }
            Withheld::Leaves(leaves) => {
                for leaf in leaves {
                    self.insert_leaf(tx, agent, header.number, leaf, now)
                        .await?;
                }
                Ok(())
            }
        }
    }

    async fn insert_leaf(
        &self,
        tx: &mut Connection,
        agent: &AgentRow,
        number: u64,
        leaf: &WithheldLeaf,
        now: Timestamp,
    ) -> Result<(), BooksError> {
        let hash = leaf.hash.as_bytes().as_slice();
        let (kind, reason) = (Some(word(&leaf.kind)), word(&leaf.reason));
        let row = (i64::from(leaf.place), kind, hash, reason);
        self.insert_row(tx, agent, number, row, now).await
    }

    async fn insert_row(
        &self,
        tx: &mut Connection,
        agent: &AgentRow,
        number: u64,
        (leaf, kind, hash, reason): (i64, Option<String>, &[u8], String),
        now: Timestamp,
    ) -> Result<(), BooksError> {
        sqlx::query(
            "INSERT INTO withheld (dealer_id, agent_id, number, leaf, kind, hash, reason, received_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(self.me())
        .bind(agent.id.to_string())
        .bind(db::stored(number))
        .bind(leaf)
        .bind(kind)
        .bind(hash)
        .bind(reason)
        .bind(now.unix_millis())
        .execute(tx)
        .await?;
        Ok(())
    }

    /// Books what was withheld at first and came with a repeat: the root says that it is the same. A
    /// document whose id is booked already, as after the agent was enrolled anew, stays as it is.
    pub(super) async fn fill_in(
        &self,
        tx: &mut Connection,
        agent: &AgentRow,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<(), BooksError> {
        let number = delivery.report.signed.header.number;
        let Some(open) = self.open_places(tx, agent, number).await? else {
            return Ok(());
        };
        let booked = self.booked_ids(tx, delivery).await?;
        let places = (0..).zip(&delivery.leaves).zip(booked);
        let left_out: Vec<bool> = places
            .map(|((place, leaf), booked)| {
                leaf.whole().is_none() || booked || !open.contains(place)
            })
            .collect();
        let came: Vec<i64> = (0..)
            .zip(&left_out)
            .filter(|(_, out)| !**out)
            .map(|(n, _)| n)
            .collect();
        if came.is_empty() {
            return Ok(());
        }
        self.insert_leaves(tx, agent, delivery, now, &left_out)
            .await?;
        match open {
            Open::All => {
                self.note_filled(tx, agent, number, ALL, now).await?;
                self.insert_withheld(tx, agent, delivery, now).await?;
                self.keep_leaf_hashes(tx, agent, delivery).await
            }
            Open::Leaves(_) => {
                for leaf in came {
                    self.note_filled(tx, agent, number, leaf, now).await?;
                }
                Ok(())
            }
        }
    }

    async fn open_places(
        &self,
        tx: &mut Connection,
        agent: &AgentRow,
        number: u64,
    ) -> Result<Option<Open>, BooksError> {
        let leaves: Vec<i64> = sqlx::query_scalar(
            "SELECT leaf FROM withheld
             WHERE dealer_id = $1 AND agent_id = $2 AND number = $3 AND filled_ms IS NULL",
        )
        .bind(self.me())
        .bind(agent.id.to_string())
        .bind(db::stored(number))
        .fetch_all(tx)
        .await?;
        Ok(match leaves.as_slice() {
            [] => None,
            leaves if leaves.contains(&ALL) => Some(Open::All),
            leaves => Some(Open::Leaves(
                leaves
                    .iter()
                    .filter_map(|leaf| u64::try_from(*leaf).ok())
                    .collect(),
            )),
        })
    }

    async fn note_filled(
        &self,
        tx: &mut Connection,
        agent: &AgentRow,
        number: u64,
        leaf: i64,
        now: Timestamp,
    ) -> Result<(), BooksError> {
        sqlx::query(
            "UPDATE withheld SET filled_ms = $5
             WHERE dealer_id = $1 AND agent_id = $2 AND number = $3 AND leaf = $4",
        )
        .bind(self.me())
        .bind(agent.id.to_string())
        .bind(db::stored(number))
        .bind(leaf)
        .bind(now.unix_millis())
        .execute(tx)
        .await?;
        Ok(())
    }

    async fn keep_leaf_hashes(
        &self,
        tx: &mut Connection,
        agent: &AgentRow,
        delivery: &Delivery,
    ) -> Result<(), BooksError> {
        sqlx::query(
            "UPDATE submissions SET leaf_hashes = $4
             WHERE dealer_id = $1 AND agent_id = $2 AND number = $3",
        )
        .bind(self.me())
        .bind(agent.id.to_string())
        .bind(db::stored(delivery.report.signed.header.number))
        .bind(leaf_hashes(&delivery.leaves))
        .execute(tx)
        .await?;
        Ok(())
    }

    /// What of an agent's submissions was withheld, by number, the latest first.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn withheld(&self, agent: AgentId) -> Result<Vec<WithheldRow>, BooksError> {
        let rows = sqlx::query(
            "SELECT w.number, w.leaf, w.kind, w.hash, w.reason, w.received_ms, w.filled_ms, s.leaves
             FROM withheld w
             JOIN submissions s ON s.dealer_id = w.dealer_id AND s.agent_id = w.agent_id
                AND s.number = w.number
             WHERE w.dealer_id = $1 AND w.agent_id = $2 ORDER BY w.number DESC, w.leaf",
        )
        .bind(self.me())
        .bind(agent.to_string())
        .fetch_all(&self.pool)
        .await?;
        let of_row = |row: &db::Row| {
            let read = Reader {
                table: "withheld",
                row,
            };
            let leaf = u64::try_from(read.raw::<i64>("leaf")?).ok();
            Ok(WithheldRow {
                number: read.count("number")?,
                leaf,
                documents: if leaf.is_some() {
                    1
                } else {
                    read.count("leaves")?
                },
                kind: read.word_option("kind")?,
                hash: read.hash("hash")?,
                reason: read.word("reason")?,
                received: read.instant("received_ms")?,
                filled: read.instant_option("filled_ms")?,
            })
        };
        rows.iter().map(of_row).collect()
    }

    /// Of each leaf whether a document with its id is booked, whoever's it is.
    pub(super) async fn booked_ids(
        &self,
        tx: &mut Connection,
        delivery: &Delivery,
    ) -> Result<Vec<bool>, BooksError> {
        let mut booked = Vec::with_capacity(delivery.leaves.len());
        for document in delivery.documents() {
            booked.push(match document {
                None => false,
                Some(document) => self
                    .booked_document(tx, document.table, &document.id)
                    .await?
                    .is_some(),
            });
        }
        Ok(booked)
    }
}

/// The hashes of all leaves in their order; none where they did not come.
pub(super) fn leaf_hashes(leaves: &[ReportLeaf]) -> Option<Vec<u8>> {
    let hashes = leaves.iter().flat_map(|leaf| *leaf.hash().as_bytes());
    (!leaves.is_empty()).then(|| hashes.collect())
}
