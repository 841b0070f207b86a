//! What the journal's records hold, as bytes.
//!
//! Every payload begins with a version byte, 1. Numbers are big-endian. Documents are canonical
//! JSON, so what is stored is what was hashed and signed.

use crate::identity::{AgentIdentity, SealingKey};
use crate::keys::DataKey;
use crate::secret::SecretBytes;
use pagetally_model::{AgentId, Timestamp};
use pagetally_proof::{Hash, LeafKind, Salt, SignedHeader, SigningKey, canonical};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The version of every payload that this crate writes.
const PAYLOAD_VERSION: u8 = 1;

/// A record's bytes before sealing: some hold keys, and all hold a customer's data.
pub(crate) type Payload = SecretBytes;

/// What a record is. The numbers stand in clear in its frame and never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
#[non_exhaustive]
pub enum RecordKind {
    /// One audit with its salt.
    Audit = 1,
    /// The account of a pass with its salt.
    PassReport = 2,
    /// A signed header with the hashes of its documents.
    Submission = 3,
    /// Central's receipt for a submission.
    Receipt = 4,
    /// Settings that were adopted.
    Settings = 5,
    /// The agent's id and private keys.
    Identity = 6,
    /// Small state of the store's user, such as its enrolment.
    State = 7,
    /// What happened to the store.
    Event = 8,
    /// A submission that was taken out of the outbox without a receipt.
    Withdrawal = 9,
    /// Names what was taken out of a segment on purpose.
    Thinned = 10,
    /// Central's receipt for a submission that it did not book.
    Rejection = 11,
    /// Closes a group of records that became durable together.
    Commit = 15,
}

impl RecordKind {
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }

    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::Audit,
            2 => Self::PassReport,
            3 => Self::Submission,
            4 => Self::Receipt,
            5 => Self::Settings,
            6 => Self::Identity,
            7 => Self::State,
            8 => Self::Event,
            9 => Self::Withdrawal,
            10 => Self::Thinned,
            11 => Self::Rejection,
            15 => Self::Commit,
            _ => return None,
        })
    }
}

/// A record to be sealed and stored.
#[derive(Debug)]
pub(crate) struct NewRecord {
    pub(crate) kind: RecordKind,
    pub(crate) payload: Payload,
    /// Seals it; the site's key where none is named.
    pub(crate) key: Option<Arc<DataKey>>,
}

impl NewRecord {
    /// A record that is of no one device.
    pub(crate) fn site(kind: RecordKind, payload: Payload) -> Self {
        Self {
            kind,
            payload,
            key: None,
        }
    }
}

/// A record's payload that is not laid out as its kind demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PayloadFault;

/// One document of a submission.
#[derive(Debug)]
pub(crate) struct LeafRecord {
    pub(crate) number: u64,
    pub(crate) salt: Salt,
    pub(crate) document: Payload,
}

impl LeafRecord {
    pub(crate) fn to_payload(number: u64, salt: &Salt, document: &[u8]) -> Payload {
        let mut out = Writer::with_capacity(8 + 32 + document.len());
        out.bytes(&number.to_be_bytes());
        out.bytes(salt.as_bytes());
        out.bytes(document);
        out.finish()
    }

    pub(crate) fn parse(payload: &[u8]) -> Result<Self, PayloadFault> {
        let leaf = LeafView::parse(payload)?;
        Ok(Self {
            number: leaf.number,
            salt: leaf.salt,
            document: leaf.document.to_vec().into(),
        })
    }
}

/// The same where it lies.
pub(crate) struct LeafView<'a> {
    pub(crate) number: u64,
    pub(crate) salt: Salt,
    pub(crate) document: &'a [u8],
}

impl<'a> LeafView<'a> {
    pub(crate) fn parse(payload: &'a [u8]) -> Result<Self, PayloadFault> {
        let mut reader = Reader::new(payload)?;
        Ok(Self {
            number: u64::from_be_bytes(reader.array()?),
            salt: Salt::from_bytes(reader.array()?),
            document: reader.0,
        })
    }
}

/// Where one document of a submission is, and what it hashes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LeafEntry {
    pub(crate) kind: LeafKind,
    pub(crate) hash: Hash,
    /// The record that holds it.
    pub(crate) sequence: u64,
}

/// A submission without its documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SubmissionRecord {
    pub(crate) signed: SignedHeader,
    /// In the order of the tree.
    pub(crate) leaves: Vec<LeafEntry>,
}

/// A submission that left the outbox without a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct WithdrawalRecord {
    pub(crate) number: u64,
    /// The submission that carries what could be saved, if anything could.
    pub(crate) replacement: Option<u64>,
    /// Documents of it that were given up, as ranges of sequences: no submission carries them any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) given_up: Vec<(u64, u64)>,
    pub(crate) at: Timestamp,
}

/// What was found wrong with the store, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StoreEvent {
    /// The agent's wall clock.
    pub at: Timestamp,
    /// One sentence for each problem.
    pub problems: Vec<String>,
    /// What was done to the store on purpose: keys changed, data erased.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<String>,
}

/// Canonical JSON behind the version byte.
pub(crate) fn document_payload<T: Serialize>(
    document: &T,
) -> Result<Payload, canonical::CanonicalError> {
    let bytes = Payload::from(canonical::to_bytes(document)?);
    let mut out = Writer::with_capacity(bytes.len());
    out.bytes(&bytes);
    Ok(out.finish())
}

/// The JSON behind the version byte.
pub(crate) fn document_bytes(payload: &[u8]) -> Result<Payload, PayloadFault> {
    Ok(Reader::new(payload)?.rest())
}

pub(crate) fn parse_document<T: for<'a> Deserialize<'a>>(
    payload: &[u8],
) -> Result<T, PayloadFault> {
    serde_json::from_slice(&document_bytes(payload)?).map_err(|_| PayloadFault)
}

pub(crate) fn receipt_payload(receipt: &crate::Receipt) -> Payload {
    let mut out = Writer::with_capacity(8 + 32 + 8 + receipt.bytes.len());
    out.bytes(&receipt.number.to_be_bytes());
    out.bytes(receipt.content.as_bytes());
    out.bytes(&receipt.received.unix_millis().to_be_bytes());
    out.bytes(&receipt.bytes);
    out.finish()
}

pub(crate) fn parse_receipt(payload: &[u8]) -> Result<crate::Receipt, PayloadFault> {
    let mut reader = Reader::new(payload)?;
    Ok(crate::Receipt {
        number: u64::from_be_bytes(reader.array()?),
        content: Hash::from_bytes(reader.array()?),
        received: Timestamp::from_unix_millis(i64::from_be_bytes(reader.array()?)),
        bytes: reader.rest().to_vec(),
    })
}

pub(crate) fn identity_payload(identity: &AgentIdentity) -> Payload {
    let mut out = Writer::with_capacity(16 + 32 + 32);
    out.bytes(identity.agent.as_bytes());
    out.bytes(&*identity.signing.to_seed());
    out.bytes(identity.sealing.expose());
    out.finish()
}

pub(crate) fn parse_identity(payload: &[u8]) -> Result<AgentIdentity, PayloadFault> {
    let mut reader = Reader::new(payload)?;
    let identity = AgentIdentity {
        agent: AgentId::from_bytes(reader.array()?),
        signing: SigningKey::from_seed(reader.array()?),
        sealing: SealingKey::from_bytes(reader.array()?),
    };
    reader.end()?;
    Ok(identity)
}

pub(crate) fn state_payload(name: &str, bytes: &[u8]) -> Payload {
    let mut out = Writer::with_capacity(1 + name.len() + bytes.len());
    // A state's name is a constant of at most 64 bytes; see StateKey::new.
    out.bytes(&[u8::try_from(name.len()).unwrap_or(u8::MAX)]);
    out.bytes(name.as_bytes());
    out.bytes(bytes);
    out.finish()
}

pub(crate) fn parse_state(payload: &[u8]) -> Result<(String, Payload), PayloadFault> {
    let mut reader = Reader::new(payload)?;
    let [length] = reader.array()?;
    let name = reader.take(usize::from(length))?;
    let name = std::str::from_utf8(name).map_err(|_| PayloadFault)?;
    Ok((name.to_owned(), reader.rest()))
}

/// The end of an agent's chain of submissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ChainHead {
    pub(crate) agent: AgentId,
    pub(crate) number: u64,
    pub(crate) hash: Hash,
}

/// Closes a group: which records it has, what they hash to, and which group came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Commit {
    pub(crate) first: u64,
    pub(crate) count: u32,
    /// SHA-256 over the frames of the group in order.
    pub(crate) digest: Hash,
    /// [`Commit::chain`] of the group before.
    pub(crate) previous: Hash,
    /// The end of the submissions' chain after this group.
    pub(crate) head: Option<ChainHead>,
}

const COMMIT_DIGEST: &[u8] = b"pagetally/journal-group/1\0";
const COMMIT_CHAIN: &[u8] = b"pagetally/journal-chain/1\0";

impl Commit {
    /// The digest of a group's frames, each a header and its sealed bytes.
    pub(crate) fn digest_of(frames: &[&[u8]]) -> Hash {
        let mut parts = Vec::with_capacity(frames.len() + 1);
        parts.push(COMMIT_DIGEST);
        parts.extend_from_slice(frames);
        Hash::of(&parts)
    }

    /// The hash that the next group's commit names: it covers all groups so far.
    pub(crate) fn chain(&self) -> Hash {
        Hash::of(&[COMMIT_CHAIN, &self.to_payload()])
    }

    /// The last record's sequence, without the commit frames.
    pub(crate) fn last(&self) -> u64 {
        self.first
            .saturating_add(u64::from(self.count))
            .saturating_sub(1)
    }

    pub(crate) fn to_payload(self) -> Payload {
        let mut out = Writer::with_capacity(8 + 4 + 32 + 32 + 56);
        out.bytes(&self.first.to_be_bytes());
        out.bytes(&self.count.to_be_bytes());
        out.bytes(self.digest.as_bytes());
        out.bytes(self.previous.as_bytes());
        if let Some(head) = self.head {
            out.bytes(head.agent.as_bytes());
            out.bytes(&head.number.to_be_bytes());
            out.bytes(head.hash.as_bytes());
        }
        out.finish()
    }

    pub(crate) fn parse(payload: &[u8]) -> Result<Self, PayloadFault> {
        let mut reader = Reader::new(payload)?;
        let mut commit = Self {
            first: u64::from_be_bytes(reader.array()?),
            count: u32::from_be_bytes(reader.array()?),
            digest: Hash::from_bytes(reader.array()?),
            previous: Hash::from_bytes(reader.array()?),
            head: None,
        };
        if reader.end().is_err() {
            commit.head = Some(ChainHead {
                agent: AgentId::from_bytes(reader.array()?),
                number: u64::from_be_bytes(reader.array()?),
                hash: Hash::from_bytes(reader.array()?),
            });
            reader.end()?;
        }
        Ok(commit)
    }
}

/// Builds a payload in one allocation, so that no half-built copy is left behind.
pub(crate) struct Writer(Payload);

impl Writer {
    pub(crate) fn with_capacity(length: usize) -> Self {
        let mut bytes = Payload::with_capacity(1 + length);
        bytes.push(PAYLOAD_VERSION);
        Self(bytes)
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn finish(self) -> Payload {
        self.0
    }
}

pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(payload: &'a [u8]) -> Result<Self, PayloadFault> {
        match payload.split_first() {
            Some((&PAYLOAD_VERSION, rest)) => Ok(Self(rest)),
            Some(_) | None => Err(PayloadFault),
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], PayloadFault> {
        let (head, rest) = self.0.split_at_checked(length).ok_or(PayloadFault)?;
        self.0 = rest;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], PayloadFault> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(PayloadFault)?;
        self.0 = rest;
        Ok(*head)
    }

    fn rest(self) -> Payload {
        self.0.to_vec().into()
    }

    pub(crate) fn end(&self) -> Result<(), PayloadFault> {
        self.0.is_empty().then_some(()).ok_or(PayloadFault)
    }
}
