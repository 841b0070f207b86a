//! Thinning the delivered history, and packing what stays.
//!
//! One walk through the segments, from the newest to the oldest: what has been seen of a period is its
//! last audit, whatever comes later on the way is taken out. A segment is put in its own place in one
//! step, with a record at its end that names what is gone. Nothing is remembered between two walks: one
//! that was interrupted, by whatever, is done again from the journal as it stands.

mod documents;
mod following;

use self::documents::{Document, End, Subject};
use super::{Inner, Store};
use crate::error::StoreError;
use crate::frame::{FrameHeader, HEADER};
use crate::journal::base_in;
use crate::record::Payload;
use crate::retention::{AgreedTime, Period, Retention};
use pagetally_model::Timestamp;
use std::collections::{BTreeMap, HashMap, HashSet};

/// An index may have this much more than twice the journal's size before it is built anew.
const INDEX_SLACK: u64 = 64 << 20;

/// What a walk through the history did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Thinning {
    /// Audits and reports that were taken out because the policy says so.
    pub thinned: u64,
    /// Audits and reports that were taken out because the store was over its cap.
    pub capped: u64,
    /// Segments that were put in their own place.
    pub segments: u64,
    /// Bytes of the journal before.
    pub before: u64,
    /// Bytes of the journal after.
    pub after: u64,
}

impl Store {
    /// Thins the history that Central has as `policy` says, packs what stays, and keeps the journal
    /// below its cap as far as delivered audits go. What Central does not have is not touched. Can be
    /// interrupted at any point, and called again at any time; does nothing while data keys are being
    /// replaced or the index is being built.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the disk fails; nothing is lost then, and the next call goes on.
    pub fn thin(&self, policy: &Retention, time: AgreedTime) -> Result<Thinning, StoreError> {
        let mut done = Thinning::default();
        let mut walk = Walk::new(policy, time.now());
        let Some(segments) = self.inner().ready_to_thin()? else {
            return Ok(done);
        };
        done.before = self.inner().journal.bytes()?;
        for &segment in segments.iter().rev() {
            // One segment at a time: a pass that is to be stored waits for no more.
            done.thinned += self
                .inner()
                .thin_segment(segment, &mut walk, &mut done.segments)?;
        }
        done.capped = self.keep_below(policy, &mut walk, &mut done.segments)?;
        let mut inner = self.inner();
        done.after = inner.journal.bytes()?;
        inner.shrink_index(INDEX_SLACK + 2 * done.after)?;
        if done.capped > 0 {
            let cap = policy.cap_bytes;
            let what = format!(
                "the store was over its cap of {cap} bytes: the oldest {} audits and reports that Central has were taken out",
                done.capped
            );
            let now = inner.now;
            inner.note_done(what, now)?;
        }
        Ok(done)
    }

    /// Takes delivered documents out of the oldest segments until the journal is below its cap.
    fn keep_below(
        &self,
        policy: &Retention,
        walk: &mut Walk,
        segments: &mut u64,
    ) -> Result<u64, StoreError> {
        let mut capped = 0;
        for (segment, documents) in std::mem::take(&mut walk.delivered) {
            let mut inner = self.inner();
            if inner.journal.bytes()? <= policy.cap_bytes {
                break;
            }
            let bytes = inner.journal.segment_bytes(segment)?;
            let out = Out {
                remove: documents.into_iter().collect(),
                pack: HashSet::new(),
            };
            capped += inner.replace_segment(segment, &bytes, &out)?;
            *segments += 1;
        }
        Ok(capped)
    }
}

/// The document that stays of a period.
#[derive(Clone, Copy, Debug)]
struct Keeper {
    sequence: u64,
    /// Whether it opens; unknown until another one would go for it.
    sound: Option<bool>,
}

/// What is known on the way from the newest to the oldest record.
struct Walk {
    policy: Retention,
    now: Timestamp,
    /// The end of each submission whose header is still to come.
    ends: HashMap<u64, End>,
    /// Documents that no submission carries any more.
    given_up: BTreeMap<u64, u64>,
    /// Documents that a later submission carries, and whether Central has that.
    signed_anew: HashMap<u64, bool>,
    keepers: HashMap<(Subject, Period), Keeper>,
    /// Documents that Central has and that are still there, by segment.
    delivered: BTreeMap<u32, Vec<u64>>,
}

impl Walk {
    fn new(policy: &Retention, now: Timestamp) -> Self {
        Self {
            policy: *policy,
            now,
            ends: HashMap::new(),
            given_up: BTreeMap::new(),
            signed_anew: HashMap::new(),
            keepers: HashMap::new(),
            delivered: BTreeMap::new(),
        }
    }

    fn has_given_up(&self, sequence: u64) -> bool {
        let before = self.given_up.range(..=sequence).next_back();
        before.is_some_and(|(_, last)| sequence <= *last)
    }
}

/// What a segment is put in its own place without, and what is packed anew.
#[derive(Default)]
pub(super) struct Out {
    pub(super) remove: HashSet<u64>,
    /// Delivered documents.
    pub(super) pack: HashSet<u64>,
}

impl Inner {
    /// The segments that may be thinned, or that tell of what is in them; nothing while others are at
    /// work on them.
    fn ready_to_thin(&mut self) -> Result<Option<Vec<u32>>, StoreError> {
        self.settle(false);
        // A segment of which nobody knows which form is durable comes first.
        self.follow_moved()?;
        let busy = self.behind.is_some() || self.unscanned.is_some() || self.state.moving.is_some();
        if busy || self.keyring.status().retiring > 0 {
            return Ok(None);
        }
        self.journal.segments().map(Some)
    }

    fn thin_segment(
        &mut self,
        segment: u32,
        walk: &mut Walk,
        segments: &mut u64,
    ) -> Result<u64, StoreError> {
        if self.behind.is_some() {
            return Ok(0); // Another index is being built, and reads the journal.
        }
        let bytes = self.journal.segment_bytes(segment)?;
        let documents = self.documents_of(segment, &bytes, walk)?;
        // The journal's end tells a torn group from a whole one by its bytes.
        let at_the_end = segment >= self.state.segment;
        let mut out = Out::default();
        for document in documents.iter().rev() {
            let goes = self.weigh(document, walk)? && !at_the_end;
            if goes {
                out.remove.insert(document.sequence);
            } else if document.delivered && !at_the_end {
                walk.delivered
                    .entry(segment)
                    .or_default()
                    .push(document.sequence);
            }
        }
        let all_delivered = documents
            .iter()
            .all(|document| document.delivered || document.given_up);
        let pack = !at_the_end && all_delivered && is_worth_packing(&documents);
        if out.remove.is_empty() && !pack {
            return Ok(0);
        }
        out.pack = documents
            .iter()
            .filter(|document| document.delivered)
            .map(|document| document.sequence)
            .collect();
        *segments += 1;
        self.replace_segment(segment, &bytes, &out)
    }

    /// Whether a document is to be taken out. Notes it as the one that stays of its periods, where none
    /// later does.
    fn weigh(&mut self, document: &Document, walk: &mut Walk) -> Result<bool, StoreError> {
        if document.given_up {
            return Ok(true);
        }
        let Some(subject) = document.subject else {
            return Ok(false);
        };
        let place = walk.policy.place(document.stored, walk.now);
        let mut stays = place.thinned_to.is_none() || !document.delivered;
        for period in [place.thinned_to, place.billing].into_iter().flatten() {
            let known = walk.keepers.get(&(subject, period)).copied();
            let sound = match known {
                Some(Keeper {
                    sound: Some(sound), ..
                }) => sound,
                Some(Keeper { sequence, .. }) if !stays => self.opens(sequence)?,
                // It is not asked for; whoever comes after this one will ask.
                Some(_) => continue,
                None => false,
            };
            let keeper = if sound {
                known.map(|keeper| Keeper {
                    sound: Some(true),
                    ..keeper
                })
            } else {
                stays = true;
                None
            };
            let keeper = keeper.unwrap_or(Keeper {
                sequence: document.sequence,
                sound: None,
            });
            walk.keepers.insert((subject, period), keeper);
        }
        Ok(!stays)
    }

    fn opens(&mut self, sequence: u64) -> Result<bool, StoreError> {
        let Some(place) = self.place_of(sequence)? else {
            return Ok(false);
        };
        match self.journal.read(&place) {
            Ok(_) => Ok(true),
            Err(StoreError::DamagedRecord { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Whether packing a segment saves something: some device has two audits in it that stand alone.
fn is_worth_packing(documents: &[Document]) -> bool {
    let mut bases: HashMap<Subject, usize> = HashMap::new();
    let mut audits: HashMap<Subject, usize> = HashMap::new();
    for document in documents {
        let Some(subject @ Subject::Device(_)) = document.subject else {
            continue;
        };
        *audits.entry(subject).or_default() += 1;
        *bases.entry(subject).or_default() += usize::from(document.alone);
    }
    bases.iter().any(|(subject, bases)| {
        let audits = audits.get(subject).copied().unwrap_or(0);
        *bases > audits.div_ceil(crate::packing::MAX_DELTAS + 1)
    })
}

pub(super) fn sealed_at<'a>(
    bytes: &'a [u8],
    offset: usize,
    header: &FrameHeader,
) -> Option<&'a [u8]> {
    let begin = offset.checked_add(HEADER)?;
    bytes.get(begin..begin.checked_add(header.sealed_length())?)
}

pub(super) fn open_at(
    inner: &Inner,
    segment: u32,
    bytes: &[u8],
    header: &FrameHeader,
    offset: usize,
) -> Option<Payload> {
    let key = inner.keyring.find(header.key)?;
    let sealed = sealed_at(bytes, offset, header)?;
    let base = |on| base_in(&inner.keyring, segment, bytes, on);
    header.open_over(&key.key, sealed, base).ok()
}

#[cfg(test)]
mod tests;
