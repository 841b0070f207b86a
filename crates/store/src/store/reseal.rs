//! Data keys replaced in the background.
//!
//! A rotation makes a successor for every key of the journal; what is new is sealed by the
//! successors at once. Then segment after segment is sealed anew and put in its own place in one
//! step: a frame stays as long as it was and where it was, under the same sequence, so index,
//! chain and places hold. At the end the old keys are destroyed. Which keys have a successor
//! stands in the key file, and which segments still need them shows in their frames: a rotation
//! that was interrupted goes on by itself.

use super::{Inner, Store};
use crate::error::StoreError;
use crate::frame::{FrameHeader, HEADER, HeaderFault, Piece, pieces};
use crate::keys::{DataKey, DeviceClues, Purpose};
use crate::record::{LeafRecord, RecordKind};
use crate::secret::random;
use crate::segment::SEGMENT_HEADER;
use pagetally_model::{DeviceAudit, Timestamp};
use pagetally_proof::canonical;
use std::collections::HashMap;
use std::sync::Arc;

impl Store {
    /// Begins to replace all data keys: what is stored from here on is sealed by new ones.
    /// Nothing happens where that is under way.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the new keys cannot be made durable.
    pub fn begin_key_rotation(&self, now: Timestamp) -> Result<(), StoreError> {
        self.inner().begin_rotation(now)
    }

    /// Seals one segment of the journal anew, or destroys the old keys when none is left. Answers
    /// whether there is more to do; false as well when no rotation is under way.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the disk fails; the next call goes on from there.
    pub fn continue_key_rotation(&self, now: Timestamp) -> Result<bool, StoreError> {
        self.inner().rotation_step(now)
    }
}

/// A frame that a retiring key sealed.
struct Retiring {
    offset: usize,
    header: FrameHeader,
    old: Arc<DataKey>,
}

impl Inner {
    pub(super) fn begin_rotation(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.keyring.begin_rotation(now)?;
        self.resealed = 0;
        Ok(())
    }

    pub(super) fn rotation_step(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        if self.keyring.status().retiring == 0 {
            return Ok(false);
        }
        let segments = self.journal.segments()?;
        let done = self.resealed;
        for &segment in segments.iter().filter(|segment| **segment > done) {
            let mut bytes = self.journal.segment_bytes(segment)?;
            let frames = self.retiring(segment, &bytes)?;
            if !frames.is_empty() {
                if segments.last() == Some(&segment) {
                    // The end of the journal stays as it was written: what tells a torn group
                    // from a whole one is the digest of its bytes.
                    self.journal.close_segment();
                    self.note_done("data keys are being replaced".to_owned(), now)?;
                }
                self.reseal(&mut bytes, &frames, now)?;
                self.journal.replace(segment, &bytes)?;
                self.resealed = segment;
                return Ok(true);
            }
            self.resealed = segment;
        }
        let changed = self.keyring.finish_rotation(now)?;
        self.resealed = 0;
        self.renew_index()?;
        self.note_done(
            format!(
                "data keys replaced and the old ones destroyed; root key {} replaced by {}",
                changed.before, changed.after
            ),
            now,
        )?;
        Ok(false)
    }

    fn retiring(&self, segment: u32, bytes: &[u8]) -> Result<Vec<Retiring>, StoreError> {
        let mut found = Vec::new();
        for (offset, header) in self.frames(segment, bytes)? {
            if self.keyring.is_retiring(header.key)
                && let Some(old) = self.keyring.find(header.key)
            {
                found.push(Retiring {
                    offset,
                    header,
                    old,
                });
            }
        }
        Ok(found)
    }

    /// The frames of a segment that belong to it, opened or not.
    pub(super) fn frames(
        &self,
        segment: u32,
        bytes: &[u8],
    ) -> Result<Vec<(usize, FrameHeader)>, StoreError> {
        let pieces = pieces(bytes, SEGMENT_HEADER).map_err(|fault| {
            let (format, algorithm) = match fault {
                HeaderFault::Newer { format, algorithm } => (format, algorithm),
                HeaderFault::Damaged => (0, 0), // Damage is a piece, not a fault.
            };
            StoreError::NewerFormat {
                path: self.folder.join("journal"),
                format: format.into(),
                algorithm: algorithm.into(),
            }
        })?;
        Ok(pieces
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Frame { offset, header, .. } => Some((offset, header)),
                Piece::Rubbish { .. } => None,
            })
            .filter(|(_, header)| header.segment == segment)
            .collect())
    }

    /// Seals frames anew where they lie. One that does not open any more stays as it is.
    fn reseal(
        &self,
        bytes: &mut [u8],
        frames: &[Retiring],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let owners = self.owners(bytes, frames, now)?;
        for frame in frames {
            let range = frame.offset + HEADER..frame.offset + HEADER + frame.header.sealed_length();
            let new = owners
                .get(&frame.offset)
                .cloned()
                .unwrap_or_else(|| self.keyring.successor(&frame.old));
            let sealed = bytes.get(range.clone()).and_then(|sealed| {
                let nonce = random().ok()?;
                frame.header.reseal(&frame.old.key, sealed, &new, nonce)
            });
            let place = bytes.get_mut(frame.offset..range.end);
            if let (Some(sealed), Some(place)) = (sealed, place)
                && sealed.len() == place.len()
            {
                place.copy_from_slice(&sealed);
            }
        }
        Ok(())
    }

    /// The keys of the devices whose audits were sealed by a key of the whole site, by offset.
    fn owners(
        &self,
        bytes: &[u8],
        frames: &[Retiring],
        now: Timestamp,
    ) -> Result<HashMap<usize, Arc<DataKey>>, StoreError> {
        let mut offsets = Vec::new();
        let mut clues = Vec::new();
        for frame in frames {
            if frame.header.kind != RecordKind::Audit.code() || frame.old.device.is_some() {
                continue;
            }
            let begin = frame.offset + HEADER;
            let audit = bytes
                .get(begin..begin + frame.header.sealed_length())
                .and_then(|sealed| frame.header.open(&frame.old.key, sealed))
                .and_then(|payload| LeafRecord::parse(&payload).ok())
                .and_then(|leaf| canonical::from_slice::<DeviceAudit>(&leaf.document).ok());
            if let Some(audit) = audit {
                offsets.push(frame.offset);
                clues.push(DeviceClues::of(&audit));
            }
        }
        let keys = self.keyring.of_devices(Purpose::Audit, &clues, now)?;
        Ok(offsets.into_iter().zip(keys).collect())
    }
}
