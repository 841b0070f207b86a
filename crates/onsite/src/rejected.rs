//! What Central rejected: its word as the store keeps it, and when the documents are sent again.

use pagetally_contract::{CentralPublicKey, SignedReceipt, Verdict};
use pagetally_model::{Text, Timestamp};
use serde::Deserialize;

/// A submission that Central did not book. Its documents are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Its number, which is used up.
    pub number: u64,
    /// Which document was at fault, where it was one.
    pub document: Option<Text>,
    /// Why, in Central's words.
    pub reason: Text,
    /// When the agent was told.
    pub since: Timestamp,
    /// The version of the agent that had sent it.
    agent_version: String,
}

/// What is read of a kept receipt.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    #[serde(default)]
    document: Option<String>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    agent_version: String,
}

impl Rejected {
    /// Reads a receipt as [`receipt_bytes`] made it. What it does not say stays unsaid.
    pub(crate) fn read(receipt: &pagetally_store::Receipt) -> Self {
        let kept: Option<Kept> = serde_json::from_slice(&receipt.bytes).ok();
        let (document, reason, agent_version) = kept.map_or_else(Default::default, |kept| {
            (kept.document, kept.reason, kept.agent_version)
        });
        Self {
            number: receipt.number,
            document: document.as_deref().map(Text::clean),
            reason: Text::clean(&reason.unwrap_or_default()),
            since: receipt.received,
            agent_version,
        }
    }

    /// Whether another version of the agent sent it: what was wrong may be mended in this one.
    pub(crate) fn is_of_another_version(&self) -> bool {
        self.agent_version != crate::agent_version().as_str()
    }

    /// Document and reason in a line.
    #[must_use]
    pub fn why(&self) -> Text {
        why(self.document.as_ref(), &self.reason)
    }
}

pub(crate) fn why(document: Option<&Text>, reason: &Text) -> Text {
    match document {
        Some(document) => Text::clean(&format!("{document}: {reason}")),
        None => reason.clone(),
    }
}

/// The receipt as the store keeps it: what Central stated, in a form of its own, with Central's signature
/// and the key that it is checked with, and which version of the agent it told.
pub(crate) fn receipt_bytes(signed: &SignedReceipt, key: &CentralPublicKey) -> Vec<u8> {
    let receipt = &signed.receipt;
    let (verdict, document, reason) = match &receipt.verdict {
        Verdict::Accepted => ("accepted", None, None),
        Verdict::Rejected { document, reason } => {
            ("rejected", document.as_ref(), Some(reason.as_str()))
        }
        _ => ("other", None, None),
    };
    serde_json::json!({
        "format": 1,
        "submission": receipt.submission,
        "number": receipt.number,
        "content": receipt.content.to_string(),
        "header": receipt.header.to_string(),
        "receivedAt": receipt.received_at,
        "withheld": receipt.withheld,
        "verdict": verdict,
        "document": document.map(Text::as_str),
        "reason": reason,
        "key": signed.key.to_string(),
        "sealingKey": key.sealing().to_string(),
        "signingKey": key.signing().to_string(),
        "signature": signed.signature.to_string(),
        "agentVersion": crate::agent_version().as_str(),
    })
    .to_string()
    .into_bytes()
}
