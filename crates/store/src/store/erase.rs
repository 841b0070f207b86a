//! Erasing by destroying keys.

use super::{Inner, Store, set_aside};
use crate::batch::SigningContext;
use crate::error::StoreError;
use crate::keys::{DeviceClues, KeyId};
use crate::record::RecordKind;
use crate::secret::random;
use crate::state::State;
use pagetally_model::{AgentId, Timestamp};
use pagetally_proof::{Domain, Hash, Signature, SignatureError, VerifyingKey, canonical};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

const RECEIPT_FORMAT: u32 = 1;
const RECEIPT: Domain = Domain::new("pagetally/erasure-receipt/1");
const ERASED_DEVICE: &[u8] = b"pagetally/erased-device/1\0";

/// How often the audits of a store are given keys of their own before erasing gives up: once for a
/// rotation that was under way, once for what it left.
const ROUNDS: usize = 2;

const VERIFIED: [&str; 3] = [
    "the key file was read back: none of these keys is in it, and the old root key does not open it",
    "the old root key's file was replaced and its bytes overwritten",
    "the index was built anew under a new key, without the erased audits",
];

const NOT_REACHED: [&str; 5] = [
    "what Central or anybody else was sent before",
    "complete older copies of the agent's folder together with the secret that its root key was kept by",
    "what flash memory or a copying file system keeps of overwritten blocks, and file-system snapshots: the root key's old bytes may be among them",
    "the agent's log of the addresses that it touched, where one is kept: it is no part of the store, and in clear",
    "reports of passes: they name addresses and what became of them, and are the site's",
];

/// What becomes of audits that Central has not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undelivered {
    /// Nothing is erased while there are any.
    Keep,
    /// They are destroyed. Their leaves stay in the chain, which can be verified; Central gets the rest of
    /// their submissions, and is told that these were erased.
    Destroy,
}

/// What was erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct ErasureStatement {
    /// The statement's version, 1.
    pub format: u32,
    /// `device` or `site`.
    pub scope: String,
    /// The agent's wall clock.
    pub at: Timestamp,
    /// The agent.
    pub agent: AgentId,
    /// Its public key, which the signature fits.
    pub agent_key: VerifyingKey,
    /// SHA-256 over a random salt and the device's evidence; absent for a site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Hash>,
    /// The keys that were destroyed.
    pub keys: Vec<String>,
    /// How many audits they sealed.
    pub audits: u64,
    /// Numbers of submissions that lost audits before they were delivered.
    pub undelivered: Vec<u64>,
    /// The root key that was destroyed.
    pub root_before: String,
    /// The root key from now on.
    pub root_after: String,
    /// How it was verified.
    pub verified: Vec<String>,
    /// What erasing cannot reach.
    pub not_reached: Vec<String>,
}

/// A signed statement of what was erased. Kept in the journal, and given to whoever erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct ErasureReceipt {
    /// What was erased.
    pub statement: ErasureStatement,
    /// Over the statement's canonical bytes, in the domain `pagetally/erasure-receipt/1`.
    pub signature: Signature,
    /// The salt of the device's hash, as hexadecimal digits, and the evidence that was hashed. It is
    /// not kept in the journal: there the hash alone shall tell nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<ErasedEvidence>,
}

/// What shows that a receipt is about a certain device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct ErasedEvidence {
    /// 32 hexadecimal digits.
    pub salt: String,
    /// The device's evidence as canonical JSON.
    pub clues: String,
}

impl ErasureReceipt {
    /// Whether the agent of the statement signed it.
    ///
    /// # Errors
    ///
    /// [`SignatureError`] when it did not.
    pub fn verify(&self) -> Result<(), SignatureError> {
        let bytes = canonical::to_bytes(&self.statement).unwrap_or_default();
        self.statement
            .agent_key
            .verify(RECEIPT, &bytes, &self.signature)
    }
}

/// Who is to be erased, as the receipt tells it.
#[derive(Default)]
struct Subject {
    hash: Option<Hash>,
    evidence: Option<ErasedEvidence>,
}

impl Subject {
    fn device(clues: &DeviceClues) -> Result<Self, StoreError> {
        let salt = random::<16>()?;
        let clues = canonical::to_bytes(clues).map_err(receipt_document)?;
        Ok(Self {
            hash: Some(Hash::of(&[ERASED_DEVICE, &salt, &clues])),
            evidence: Some(ErasedEvidence {
                salt: hex::encode(salt),
                clues: String::from_utf8_lossy(&clues).into_owned(),
            }),
        })
    }
}

fn receipt_document(source: canonical::CanonicalError) -> StoreError {
    StoreError::Canonical {
        document: "erasure receipt".to_owned(),
        source,
    }
}

impl Store {
    /// Erases the device that a person names as for [`find_audit`](Self::find_audit): destroys the
    /// keys of its audits and of what was remembered of it, and the root key, so that neither this
    /// store nor older copies of the key file open them. Devices that may be the same one (one
    /// serial number under two network cards) go with it. Audits that were sealed by a key of the
    /// whole site, as by the first version, are sealed anew before.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSuchDevice`], [`StoreError::Undelivered`] when audits of it wait and are to
    /// be kept; [`StoreError::NotErased`] when the disk still has what was to be destroyed.
    pub fn erase_device(
        &self,
        asked: &str,
        undelivered: Undelivered,
        context: &SigningContext<'_>,
    ) -> Result<ErasureReceipt, StoreError> {
        let found = self
            .find_audit(asked)?
            .ok_or_else(|| StoreError::NoSuchDevice {
                asked: asked.to_owned(),
            })?;
        let clues = DeviceClues::of(&found.audit);
        let mut inner = self.inner();
        inner.give_audits_their_keys(context.now)?;
        let devices = inner.keyring.possible(&clues);
        let keys = inner.keyring.keys_of(&devices);
        let audits = inner.audits_under(&keys)?;
        let waiting = inner.waiting_with(&audits)?;
        refuse(&waiting, undelivered)?;
        let rerooted = inner.keyring.erase(&keys, context.now)?;
        inner.renew_index()?;
        let statement = ErasureStatement {
            audits: audits.len() as u64,
            undelivered: waiting,
            root_before: rerooted.before,
            root_after: rerooted.after,
            ..statement("device", &keys, context)
        };
        inner.receipt(statement, Subject::device(&clues)?, context)
    }

    /// Erases everything: destroys all keys and the root key and removes the journal, and damaged indexes that
    /// were set aside. What is left
    /// is a new store with the receipt in it. The agent's own keys are gone as well; it has to be
    /// enrolled as a new one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Undelivered`] when submissions wait and are to be kept;
    /// [`StoreError::NotErased`] when the disk still has what was to be destroyed.
    pub fn erase_site(
        &self,
        undelivered: Undelivered,
        context: &SigningContext<'_>,
    ) -> Result<ErasureReceipt, StoreError> {
        let mut inner = self.inner();
        // An index that is still being opened would tell of records that are gone by then.
        inner.settle(true);
        let waiting: Vec<u64> = inner.state.waiting.iter().collect();
        refuse(&waiting, undelivered)?;
        let audits = inner.audit_frames()?.len() as u64;
        let last = inner.journal.segments()?.last().copied().unwrap_or(0);
        let (rerooted, keys) = inner.keyring.erase_all(last, context.now)?;
        inner.journal.remove_through(last)?;
        inner.state = State::default();
        inner.renew_index()?;
        set_aside::remove_all(&inner.folder)?;
        inner.keyring.forget_emptied()?;
        let statement = ErasureStatement {
            audits,
            undelivered: waiting,
            root_before: rerooted.before,
            root_after: rerooted.after,
            ..statement("site", &keys, context)
        };
        inner.receipt(statement, Subject::default(), context)
    }
}

fn refuse(waiting: &[u64], undelivered: Undelivered) -> Result<(), StoreError> {
    if waiting.is_empty() || undelivered == Undelivered::Destroy {
        return Ok(());
    }
    Err(StoreError::Undelivered {
        numbers: waiting.to_vec(),
    })
}

fn statement(scope: &str, keys: &[KeyId], context: &SigningContext<'_>) -> ErasureStatement {
    let mut keys: Vec<String> = keys.iter().map(KeyId::to_string).collect();
    keys.sort();
    ErasureStatement {
        format: RECEIPT_FORMAT,
        scope: scope.to_owned(),
        at: context.now,
        agent: context.agent,
        agent_key: context.key.verifying_key(),
        device: None,
        keys,
        audits: 0,
        undelivered: Vec::new(),
        root_before: String::new(),
        root_after: String::new(),
        verified: VERIFIED.map(str::to_owned).to_vec(),
        not_reached: NOT_REACHED.map(str::to_owned).to_vec(),
    }
}

impl Inner {
    fn receipt(
        &mut self,
        mut statement: ErasureStatement,
        subject: Subject,
        context: &SigningContext<'_>,
    ) -> Result<ErasureReceipt, StoreError> {
        statement.device = subject.hash;
        let bytes = canonical::to_bytes(&statement).map_err(receipt_document)?;
        let mut receipt = ErasureReceipt {
            signature: context.key.sign(RECEIPT, &bytes),
            statement,
            evidence: None,
        };
        let kept = canonical::to_bytes(&receipt).map_err(receipt_document)?;
        self.note_done(
            format!("erased: {}", String::from_utf8_lossy(&kept)),
            context.now,
        )?;
        receipt.evidence = subject.evidence;
        Ok(receipt)
    }

    /// Sequence and key of every audit's frame.
    fn audit_frames(&self) -> Result<Vec<(u64, KeyId)>, StoreError> {
        let mut found = Vec::new();
        for segment in self.journal.segments()? {
            let bytes = self.journal.segment_bytes(segment)?;
            let audits = self
                .frames(segment, &bytes)?
                .into_iter()
                .filter(|(_, header)| header.kind == RecordKind::Audit.code());
            found.extend(audits.map(|(_, header)| (header.sequence, header.key)));
        }
        Ok(found)
    }

    fn audits_under(&self, keys: &[KeyId]) -> Result<HashSet<u64>, StoreError> {
        let keys: HashSet<KeyId> = keys.iter().copied().collect();
        let frames = self.audit_frames()?.into_iter();
        Ok(frames
            .filter(|(_, key)| keys.contains(key))
            .map(|(sequence, _)| sequence)
            .collect())
    }

    /// Numbers of the submissions in the outbox that carry one of these records.
    fn waiting_with(&mut self, sequences: &HashSet<u64>) -> Result<Vec<u64>, StoreError> {
        let waiting: Vec<u64> = self.state.waiting.iter().collect();
        let mut found = Vec::new();
        for number in waiting {
            match self.submission(number) {
                Ok(record) => {
                    let mut leaves = record.leaves.iter();
                    if leaves.any(|leaf| sequences.contains(&leaf.sequence)) {
                        found.push(number);
                    }
                }
                // Its header is lost, so nothing of it can be sent any more.
                Err(StoreError::DamagedRecord { .. } | StoreError::NoSubmission { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Seals audits that share a key of the whole site under keys of their devices.
    fn give_audits_their_keys(&mut self, now: Timestamp) -> Result<(), StoreError> {
        for _ in 0..ROUNDS {
            if !self.audits_share_a_key()? {
                return Ok(());
            }
            self.begin_rotation(now)?;
            while self.rotation_step(now)? {}
        }
        if self.audits_share_a_key()? {
            return Err(StoreError::SharedKey);
        }
        Ok(())
    }

    fn audits_share_a_key(&self) -> Result<bool, StoreError> {
        let frames = self.audit_frames()?;
        Ok(frames.iter().any(|(_, key)| {
            self.keyring
                .find(*key)
                .is_some_and(|key| key.device.is_none())
        }))
    }
}
