//! The agent's own keys: new ones, handed over to by the old ones in the chain of submissions.
//!
//! A change of keys is a submission of its own, the last one that the old key signs. It is made only
//! where nothing waits for Central, so that it is the first thing that waits: what is signed anew later
//! comes behind it. The change, its submission and the new identity become durable in one step.

use super::pass::canonical_error;
use super::{Inner, Store, unreadable};
use crate::batch::SigningContext;
use crate::catalogue::state_name;
use crate::error::StoreError;
use crate::identity::{AgentIdentity, FormerKeys, SealingKey, StateKey};
use crate::record::{
    LeafEntry, NewRecord, Payload, RecordKind, SubmissionRecord, identity_payload, parse_state,
    state_payload,
};
use crate::secret::random;
use pagetally_model::Timestamp;
use pagetally_proof::{Leaf, LeafKind, MAX_ROTATIONS, Salt, SignedRotation, SigningKey, canonical};

/// Where the keys before the present ones are kept. Nobody else's state has this name.
const FORMER: StateKey = StateKey::new("former-keys");

/// The layout of that state: this byte, then of each change the two private keys before it and its leaf's
/// salt, 32 bytes each, the length of its document (4 bytes) and the document.
const FORMAT: u8 = 1;

impl Store {
    /// The keys that this agent had before its present ones, the oldest first, each with the change that
    /// took its place.
    ///
    /// # Errors
    ///
    /// [`StoreError::DamagedRecord`] when no copy of them is whole.
    pub fn former_keys(&self) -> Result<Vec<FormerKeys>, StoreError> {
        self.inner().former_keys()
    }

    /// Puts `next` in the place of the agent's keys, in one durable step with the submission that hands
    /// over to them. `next_sealing_public` is the public half of its sealing key. Answers the number of
    /// that submission: up to it the old keys are in force. Nothing happens, and nothing is answered,
    /// where submissions wait for Central.
    ///
    /// # Errors
    ///
    /// [`StoreError::OtherAgent`] when `next` is another agent's, [`StoreError::TooLarge`] after
    /// [`MAX_ROTATIONS`] changes, else [`StoreError`] when it cannot be made durable. Nothing has changed
    /// then.
    pub fn rotate_identity(
        &self,
        next: &AgentIdentity,
        next_sealing_public: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<u64>, StoreError> {
        let mut inner = self.inner();
        if inner.state.waiting.iter().next().is_some() {
            return Ok(None);
        }
        let Some(old) = inner.identity()? else {
            return Ok(None);
        };
        if old.agent != next.agent {
            return Err(StoreError::OtherAgent {
                stored: old.agent,
                asked: next.agent,
            });
        }
        let mut former = inner.former_keys()?;
        if former.len() >= MAX_ROTATIONS {
            return Err(StoreError::TooLarge {
                what: "the list of former keys",
                bytes: former.len(),
                limit: MAX_ROTATIONS,
            });
        }
        let context = SigningContext {
            agent: old.agent,
            key: &old.signing,
            now,
        };
        let mut group = inner.begin(&context)?;
        let number = group.number();
        let rotation = SignedRotation::sign(
            old.agent,
            number,
            &old.signing,
            &next.signing,
            next_sealing_public,
            now,
        );
        let salt = Salt::from_bytes(random()?);
        let leaf = Leaf::of_rotation(&rotation, salt.clone())
            .map_err(canonical_error("change of keys"))?;
        former.push(FormerKeys {
            signing: old.signing.clone(),
            sealing: old.sealing.clone(),
            salt,
            rotation,
        });
        // The document is among the former keys, which are kept twice.
        group.entries.push(LeafEntry {
            kind: LeafKind::KeyRotation,
            hash: leaf.hash(),
            sequence: inner.state.next_sequence,
        });
        for _ in 0..2 {
            group
                .records
                .push(NewRecord::site(RecordKind::State, payload(&former)?));
        }
        for _ in 0..2 {
            let payload = identity_payload(next);
            group
                .records
                .push(NewRecord::site(RecordKind::Identity, payload));
        }
        group.close()?;
        inner.store_submissions(group, &context)?;
        Ok(Some(number))
    }
}

impl Inner {
    pub(super) fn former_keys(&self) -> Result<Vec<FormerKeys>, StoreError> {
        let Some((location, payload)) = self.latest(&state_name(FORMER.as_str()))? else {
            return Ok(Vec::new());
        };
        parse(&payload).ok_or_else(|| unreadable(&location))
    }

    /// The change of keys that a submission carries, if it carries one.
    pub(super) fn rotation_in(
        &self,
        record: &SubmissionRecord,
    ) -> Result<Option<(Salt, SignedRotation)>, StoreError> {
        let [entry] = record.leaves.as_slice() else {
            return Ok(None);
        };
        if entry.kind != LeafKind::KeyRotation {
            return Ok(None);
        }
        let carried = self.former_keys()?.into_iter().find(|former| {
            let leaf = Leaf::of_rotation(&former.rotation, former.salt.clone());
            leaf.is_ok_and(|leaf| leaf.hash() == entry.hash)
        });
        match carried {
            Some(former) => Ok(Some((former.salt, former.rotation))),
            None => Err(StoreError::DocumentKind {
                sequence: entry.sequence,
            }),
        }
    }

    /// The records that take back changes of keys until `key` is the agent's again; none where it is, or
    /// never was. What hands over from it is withdrawn besides.
    pub(super) fn back_to(&self, key: &SigningKey) -> Result<Vec<NewRecord>, StoreError> {
        let mut former = self.former_keys()?;
        let is_key = |keys: &FormerKeys| keys.signing.verifying_key() == key.verifying_key();
        let present = self.identity()?;
        let (Some(at), Some(present)) = (former.iter().position(is_key), present) else {
            return Ok(Vec::new());
        };
        let Some(again) = former.drain(at..).next() else {
            return Ok(Vec::new());
        };
        let identity = AgentIdentity {
            agent: present.agent,
            signing: again.signing,
            sealing: again.sealing,
        };
        let mut records = Vec::new();
        for _ in 0..2 {
            records.push(NewRecord::site(RecordKind::State, payload(&former)?));
        }
        for _ in 0..2 {
            let payload = identity_payload(&identity);
            records.push(NewRecord::site(RecordKind::Identity, payload));
        }
        Ok(records)
    }
}

fn payload(former: &[FormerKeys]) -> Result<Payload, StoreError> {
    let mut documents = Vec::with_capacity(former.len());
    for keys in former {
        let document = canonical::to_bytes(&keys.rotation);
        documents.push(document.map_err(canonical_error("change of keys"))?);
    }
    let length: usize = documents.iter().map(|document| 100 + document.len()).sum();
    let mut bytes = Payload::with_capacity(1 + length);
    bytes.push(FORMAT);
    for (keys, document) in former.iter().zip(&documents) {
        bytes.extend_from_slice(&*keys.signing.to_seed());
        bytes.extend_from_slice(keys.sealing.expose());
        bytes.extend_from_slice(keys.salt.as_bytes());
        // A change has some 700 bytes.
        let length = u32::try_from(document.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(document);
    }
    Ok(state_payload(FORMER.as_str(), &bytes))
}

fn parse(payload: &[u8]) -> Option<Vec<FormerKeys>> {
    let (_, bytes) = parse_state(payload).ok()?;
    let (&FORMAT, mut rest) = bytes.split_first()? else {
        return None;
    };
    let mut former = Vec::new();
    while !rest.is_empty() {
        let (signing, after) = rest.split_first_chunk::<32>()?;
        let (sealing, after) = after.split_first_chunk::<32>()?;
        let (salt, after) = after.split_first_chunk::<32>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (document, after) = after.split_at_checked(length)?;
        former.push(FormerKeys {
            signing: SigningKey::from_seed(*signing),
            sealing: SealingKey::from_bytes(*sealing),
            salt: Salt::from_bytes(*salt),
            rotation: canonical::from_slice(document).ok()?,
        });
        rest = after;
    }
    Some(former)
}
