//! Proofs of what is booked, to be checked by others.

use super::DealerBooks;
use super::db::{self, Reader, Row};
use super::devices::decompress;
use crate::error::BooksError;
use pagetally_model::{AgentId, AuditId};
use pagetally_proof::{
    Hash, LeafKind, MerkleTree, PROOF_FORMAT, Proof, Salt, Signature, SignedHeader,
    SubmissionHeader, VerifyingKey,
};

const SUBMISSIONS: &str = "submissions";

impl DealerBooks {
    /// The proof of one audit, as the agent that read it signed and sent it.
    ///
    /// # Errors
    ///
    /// Where this dealer has no such audit, its submission was booked by a version that kept no
    /// leaves, its agent signs nothing, or the database fails.
    pub async fn proof(&self, audit: AuditId) -> Result<Proof, BooksError> {
        let row = sqlx::query(
            "SELECT agent_id, number, leaf, salt, document FROM audits
             WHERE dealer_id = $1 AND id = $2",
        )
        .bind(self.me())
        .bind(audit.to_string())
        .fetch_optional(&self.pool)
        .await?
        .ok_or_else(|| super::not_found("audit", audit))?;
        let read = Reader {
            table: "audits",
            row: &row,
        };
        let (agent, number) = (read.parsed("agent_id")?, read.count("number")?);
        let document = decompress(&format!("audit {audit}"), &read.raw::<Vec<u8>>("document")?)?;
        let document = String::from_utf8(document).map_err(|_| BooksError::Document {
            what: format!("audit {audit}"),
            reason: "it is no UTF-8".to_owned(),
        })?;
        let (signed, leaves) = self.signed(agent, number).await?;
        let tree = MerkleTree::new(leaves);
        let path = u32::try_from(read.count("leaf")?).ok();
        let path = path.and_then(|leaf| tree.path(leaf));
        let before = match number {
            0 | 1 => None,
            later => Some(self.signed(agent, later - 1).await?.0),
        };
        let path_of_keys = self.key_path(&self.agent(agent).await?, number).await?;
        let first_key = VerifyingKey::from_bytes(path_of_keys.first);
        Ok(Proof {
            format: PROOF_FORMAT,
            kind: LeafKind::Audit,
            document,
            salt: Salt::from_bytes(read.hash("salt")?),
            path: path.ok_or_else(|| super::not_found("proof of audit", audit))?,
            signed,
            before,
            rotations: path_of_keys.rotations,
            first_key: first_key.map_err(|_| super::not_found("key of agent", agent))?,
        })
    }

    /// A submission's signed header and the hashes of its leaves, none where they were not kept.
    async fn signed(
        &self,
        agent: AgentId,
        number: u64,
    ) -> Result<(SignedHeader, Vec<Hash>), BooksError> {
        let row = sqlx::query(
            "SELECT header, signature, leaf_hashes FROM submissions
             WHERE dealer_id = $1 AND agent_id = $2 AND number = $3",
        )
        .bind(self.me())
        .bind(agent.to_string())
        .bind(db::stored(number))
        .fetch_optional(&self.pool)
        .await?
        .ok_or_else(|| super::not_found("submission", number))?;
        let header = SubmissionHeader::from_bytes(&bytes(&row, "header")?);
        let signature = Signature::from_bytes(bytes(&row, "signature")?);
        let read = Reader {
            table: SUBMISSIONS,
            row: &row,
        };
        let hashes: Option<Vec<u8>> = read.raw("leaf_hashes")?;
        let hashes = hashes.unwrap_or_default();
        let leaves = hashes.as_chunks::<32>().0.iter().copied();
        Ok((
            SignedHeader { header, signature },
            leaves.map(Hash::from_bytes).collect(),
        ))
    }
}

/// A column of exactly `N` bytes.
fn bytes<const N: usize>(row: &Row, column: &'static str) -> Result<[u8; N], BooksError> {
    let read = Reader {
        table: SUBMISSIONS,
        row,
    };
    let stored: Vec<u8> = read.raw(column)?;
    stored
        .try_into()
        .map_err(|other: Vec<u8>| BooksError::Corrupt {
            table: SUBMISSIONS,
            column,
            text: format!("{} bytes", other.len()),
        })
}
