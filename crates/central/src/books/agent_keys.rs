//! Agents' keys: which were in force at which number of an agent's sequence, and the signed changes that
//! lead from the first to each.

use super::db::{self, Connection, Reader, Row};
use super::intake::Delivery;
use super::rows::AgentRow;
use super::{Books, DealerBooks};
use crate::error::BooksError;
use pagetally_contract::{AgentPublicKeys, SealingPublicKey};
use pagetally_model::{AgentId, Timestamp};
use pagetally_proof::{SignedRotation, canonical};

const TABLE: &str = "key_changes";

/// One change: up to `number` these keys were in force.
struct Change {
    number: u64,
    verify_key: [u8; 32],
    seal_key: [u8; 32],
    rotation: Option<SignedRotation>,
}

impl Change {
    fn read(row: &Row) -> Result<Self, BooksError> {
        let read = Reader { table: TABLE, row };
        let rotation: Option<Vec<u8>> = read.raw("rotation")?;
        let rotation = rotation.map(|bytes| {
            canonical::from_slice(&bytes).map_err(|error| BooksError::Document {
                what: "a change of an agent's keys".to_owned(),
                reason: error.to_string(),
            })
        });
        Ok(Self {
            number: read.count("number")?,
            verify_key: read.hash("old_verify_key")?,
            seal_key: read.hash("old_seal_key")?,
            rotation: rotation.transpose()?,
        })
    }
}

/// What leads from an agent's first key to the one that signed a submission.
pub(super) struct KeyPath {
    pub(super) first: [u8; 32],
    pub(super) rotations: Vec<SignedRotation>,
}

impl Books {
    /// The agent with the keys in force at `number` of its sequence: those in force now where the number
    /// is 0 or lies ahead.
    pub(crate) async fn with_keys_at(
        &self,
        agent: AgentRow,
        number: u64,
    ) -> Result<AgentRow, BooksError> {
        if number == 0 {
            return Ok(agent);
        }
        let row = sqlx::query(
            "SELECT number, old_verify_key, old_seal_key, rotation FROM key_changes
             WHERE dealer_id = $1 AND agent_id = $2 AND number >= $3 ORDER BY place LIMIT 1",
        )
        .bind(agent.dealer.to_string())
        .bind(agent.id.to_string())
        .bind(db::stored(number))
        .fetch_optional(&self.pool)
        .await?;
        Ok(match row.as_ref().map(Change::read).transpose()? {
            Some(change) => AgentRow {
                verify_key: change.verify_key,
                seal_key: change.seal_key,
                ..agent
            },
            None => agent,
        })
    }
}

impl DealerBooks {
    /// Takes the change of keys that a submission carries, which is verified: from the next number on the
    /// new keys are in force.
    pub(super) async fn take_rotation(
        &self,
        tx: &mut Connection,
        agent: &AgentRow,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<(), BooksError> {
        let Some((_, signed)) = &delivery.report.rotation else {
            return Ok(());
        };
        let rotation = &signed.rotation;
        let document = canonical::to_bytes(signed).map_err(|error| BooksError::Document {
            what: "a change of an agent's keys".to_owned(),
            reason: error.to_string(),
        })?;
        let keys = AgentPublicKeys {
            signing: rotation.new_key,
            sealing: SealingPublicKey::from_bytes(rotation.new_sealing_key),
        };
        let number = rotation.number;
        self.change_keys(tx, agent.id, number, &keys, Some(document), now)
            .await
    }

    /// How often an agent's keys were changed.
    async fn key_change_count(
        &self,
        tx: &mut Connection,
        agent: AgentId,
    ) -> Result<usize, BooksError> {
        let count: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM key_changes WHERE dealer_id = $1 AND agent_id = $2",
        )
        .bind(self.me())
        .bind(agent.to_string())
        .fetch_one(tx)
        .await?;
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }

    async fn change_keys(
        &self,
        tx: &mut Connection,
        agent: AgentId,
        number: u64,
        keys: &AgentPublicKeys,
        rotation: Option<Vec<u8>>,
        now: Timestamp,
    ) -> Result<(), BooksError> {
        let place = self.key_change_count(&mut *tx, agent).await? + 1;
        sqlx::query(
            "INSERT INTO key_changes (dealer_id, agent_id, place, number, old_verify_key,
                old_seal_key, rotation, changed_ms)
             SELECT dealer_id, id, $3, $4, verify_key, seal_key, $5, $6 FROM agents
             WHERE dealer_id = $1 AND id = $2",
        )
        .bind(self.me())
        .bind(agent.to_string())
        .bind(db::stored(place as u64))
        .bind(db::stored(number))
        .bind(rotation)
        .bind(now.unix_millis())
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "UPDATE agents SET verify_key = $3, seal_key = $4 WHERE dealer_id = $1 AND id = $2",
        )
        .bind(self.me())
        .bind(agent.to_string())
        .bind(keys.signing.as_bytes().as_slice())
        .bind(keys.sealing.as_bytes().as_slice())
        .execute(tx)
        .await?;
        Ok(())
    }

    /// Lets an agent that comes back by a new enrolment code go on under keys that it had before: its
    /// folder was restored from a backup made before it changed them. Answers whether it had them.
    pub(super) async fn go_back_to(
        &self,
        tx: &mut Connection,
        agent: AgentId,
        keys: &AgentPublicKeys,
        now: Timestamp,
    ) -> Result<bool, BooksError> {
        let had: Option<i64> = sqlx::query_scalar(
            "SELECT g.head_number FROM agents g JOIN key_changes c
                ON c.dealer_id = g.dealer_id AND c.agent_id = g.id
             WHERE g.dealer_id = $1 AND g.id = $2
                AND c.old_verify_key = $3 AND c.old_seal_key = $4
                AND NOT (g.verify_key = $3 AND g.seal_key = $4) LIMIT 1",
        )
        .bind(self.me())
        .bind(agent.to_string())
        .bind(keys.signing.as_bytes().as_slice())
        .bind(keys.sealing.as_bytes().as_slice())
        .fetch_optional(&mut *tx)
        .await?;
        let Some(head) = had else { return Ok(false) };
        let head = u64::try_from(head).unwrap_or(0);
        self.change_keys(tx, agent, head, keys, None, now).await?;
        Ok(true)
    }

    /// What leads from an agent's first key to the one of submission `number`. Where the agent went back
    /// to an earlier key, the changes since that one lead nowhere any more.
    pub(super) async fn key_path(
        &self,
        agent: &AgentRow,
        number: u64,
    ) -> Result<KeyPath, BooksError> {
        let rows = sqlx::query(
            "SELECT number, old_verify_key, old_seal_key, rotation FROM key_changes
             WHERE dealer_id = $1 AND agent_id = $2 ORDER BY place",
        )
        .bind(self.me())
        .bind(agent.id.to_string())
        .fetch_all(&self.pool)
        .await?;
        let changes: Vec<Change> = rows.iter().map(Change::read).collect::<Result<_, _>>()?;
        let first = changes
            .first()
            .map_or(agent.verify_key, |change| change.verify_key);
        let mut rotations: Vec<SignedRotation> = Vec::new();
        for (index, change) in changes.iter().enumerate() {
            if change.number >= number {
                break;
            }
            match &change.rotation {
                Some(rotation) => rotations.push(rotation.clone()),
                None => {
                    let next = changes.get(index + 1);
                    let back = next.map_or(agent.verify_key, |next| next.verify_key);
                    let leads = |r: &SignedRotation| *r.rotation.new_key.as_bytes() == back;
                    let kept = rotations.iter().position(leads).map_or(0, |at| at + 1);
                    rotations.truncate(kept);
                }
            }
        }
        Ok(KeyPath { first, rotations })
    }

    /// How often and after which number an agent's keys were changed last; nothing where never.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn last_key_change(&self, agent: AgentId) -> Result<Option<(u64, u64)>, BooksError> {
        let row = sqlx::query(
            "SELECT place, number FROM key_changes
             WHERE dealer_id = $1 AND agent_id = $2 ORDER BY place DESC LIMIT 1",
        )
        .bind(self.me())
        .bind(agent.to_string())
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = &row else { return Ok(None) };
        let read = Reader { table: TABLE, row };
        Ok(Some((read.count("place")?, read.count("number")?)))
    }
}
