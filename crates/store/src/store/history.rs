//! Looking back: audits and events.

use super::{Inner, Store};
use crate::batch::{Clue, HistoryEntry, StoredAudit};
use crate::catalogue::{spelled, spelled_address};
use crate::error::StoreError;
use crate::index::{Listing, Slot, Trait};
use crate::journal::{Desk, day_of};
use crate::record::{LeafView, StoreEvent, parse_document};
use crate::state::Location;
use pagetally_model::{AuditTime, Timestamp};
use pagetally_proof::canonical;
use serde::Deserialize;
use std::fmt;
use std::ops::RangeInclusive;

/// How many entries of the index are asked for at once.
const PAGE: usize = 64;

/// The same where all of them are wanted.
const LONG_PAGE: usize = 1_024;

/// How many audits a search by the beginning of an id looks at: they have to be opened one by one.
const PREFIX_SEARCH: usize = 2_000;

/// Fewer digits than this are no beginning of an id.
const MIN_PREFIX: usize = 4;

impl Store {
    /// The newest audit that fits the clue.
    ///
    /// # Errors
    ///
    /// [`StoreError::DamagedRecord`] when it is there and not whole.
    pub fn latest_audit(&self, clue: Clue<'_>) -> Result<Option<StoredAudit>, StoreError> {
        let (by, text) = trait_of(clue);
        self.inner().latest_with(by, &text)
    }

    /// The audits that fit the clue and were read in a span of time, both ends included, in the order in
    /// which they were stored.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the disk or the index fails.
    pub fn device_history(
        &self,
        clue: Clue<'_>,
        span: RangeInclusive<Timestamp>,
    ) -> Result<History<'_>, StoreError> {
        let (by, text) = trait_of(clue);
        let mut inner = self.inner();
        // An index that was built without opening audits does not know whose they are.
        while inner.scan_more()? {}
        let places = inner.all_with(by, &text)?;
        drop(inner);
        Ok(History {
            store: self,
            places: places.into_iter(),
            span,
            desk: Desk::default(),
        })
    }

    /// Finds the newest audit by what a person types: a serial number, an address, a host name, a
    /// network card's address, an audit's id or its beginning.
    ///
    /// # Errors
    ///
    /// [`StoreError::DamagedRecord`] when it is there and not whole.
    pub fn find_audit(&self, text: &str) -> Result<Option<StoredAudit>, StoreError> {
        let text = spelled(text);
        let address = text.parse().map_or_else(|_| text.clone(), spelled_address);
        for (by, text) in [
            (Trait::Serial, &text),
            (Trait::Address, &address),
            (Trait::Mac, &text),
            (Trait::Hostname, &text),
            (Trait::Audit, &text),
        ] {
            if let Some(found) = self.inner().latest_with(by, text)? {
                return Ok(Some(found));
            }
        }
        if text.len() < MIN_PREFIX || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(None);
        }
        for audit in self.audits().take(PREFIX_SEARCH).flatten() {
            if audit.audit.id.to_string().starts_with(&text) {
                return Ok(Some(audit));
            }
        }
        Ok(None)
    }

    /// All audits, newest first. A damaged one is an error in its place; the others follow.
    pub fn audits(&self) -> Audits<'_> {
        Audits {
            store: self,
            page: Vec::new().into_iter(),
            before: u64::MAX,
        }
    }

    /// What happened to the store and no pass report has told yet, oldest first. Storing a pass
    /// counts as telling.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] when the disk fails; damaged events are left out.
    pub fn untold_events(&self) -> Result<Vec<StoreEvent>, StoreError> {
        let mut inner = self.inner();
        inner.settle(false);
        let mut events = Vec::new();
        for location in inner.state.untold.clone() {
            match inner.journal.read(&location) {
                Ok((_, payload)) => events.extend(parse_document::<StoreEvent>(&payload)),
                Err(StoreError::DamagedRecord { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(events)
    }

    /// What happened to the store, newest first, at most `limit` events.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when they cannot be read; damaged ones are left out.
    pub fn events(&self, limit: usize) -> Result<Vec<StoreEvent>, StoreError> {
        let mut inner = self.inner();
        let locations = inner.ask(|index| index.newest(Listing::Events, u64::MAX, limit))?;
        Ok(locations
            .iter()
            .filter_map(|location| inner.journal.read(location).ok())
            .filter_map(|(_, payload)| parse_document(&payload).ok())
            .collect())
    }
}

fn trait_of(clue: Clue<'_>) -> (Trait, String) {
    match clue {
        Clue::Address(address) => (Trait::Address, spelled_address(address)),
        Clue::Audit(id) => (Trait::Audit, id.to_string()),
        Clue::Hostname(name) => (Trait::Hostname, spelled(name)),
        Clue::Mac(mac) => (Trait::Mac, spelled(mac)),
        Clue::Serial(serial) => (Trait::Serial, spelled(serial)),
    }
}

/// When an audit was read.
#[derive(Deserialize)]
struct ReadAt {
    time: AuditTime,
}

/// One device's audits of a span of time: [`Store::device_history`].
///
/// Each is opened when it is asked for, in the place of the one before: a year of them takes no more
/// memory than one.
pub struct History<'a> {
    store: &'a Store,
    places: std::vec::IntoIter<Location>,
    span: RangeInclusive<Timestamp>,
    desk: Desk,
}

impl History<'_> {
    /// The next audit; nothing behind the last one. Damaged ones are left out:
    /// [`check`](Store::check) names them.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the disk or the index fails.
    pub fn read_next(&mut self) -> Result<Option<HistoryEntry<'_>>, StoreError> {
        let mut inner = self.store.inner();
        for place in self.places.by_ref() {
            if inner.read_within(place, &self.span, &mut self.desk)? {
                drop(inner);
                let leaf = LeafView::parse(&self.desk.record).ok();
                return Ok(leaf.map(|leaf| HistoryEntry {
                    number: leaf.number,
                    salt: leaf.salt,
                    document: leaf.document,
                }));
            }
        }
        Ok(None)
    }

    /// Calls `each` with every audit that is left.
    ///
    /// # Errors
    ///
    /// As [`read_next`](Self::read_next), and the first one of `each`.
    pub fn for_each<E: From<StoreError>>(
        mut self,
        mut each: impl FnMut(HistoryEntry<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(entry) = self.read_next()? {
            each(entry)?;
        }
        Ok(())
    }
}

impl fmt::Debug for History<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History")
            .field("left", &self.places.len())
            .finish_non_exhaustive()
    }
}

/// Audits of a store, newest first.
#[derive(Debug)]
pub struct Audits<'a> {
    store: &'a Store,
    page: std::vec::IntoIter<Location>,
    before: u64,
}

impl Iterator for Audits<'_> {
    type Item = Result<StoredAudit, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut inner = self.store.inner();
        if self.page.as_slice().is_empty() && self.before > 0 {
            let before = self.before;
            let page = match inner.ask(|index| index.newest(Listing::Audits, before, PAGE)) {
                Ok(page) => page,
                Err(error) => {
                    self.before = 0; // Without an index nothing more can follow.
                    return Some(Err(error));
                }
            };
            self.before = page.last().map_or(0, |location| location.sequence);
            self.page = page.into_iter();
        }
        loop {
            let location = self.page.next()?;
            match inner.audit(&location) {
                // It was moved or taken out since the page was read.
                Err(StoreError::DamagedRecord { .. }) if inner.state.thinned > 0 => {
                    match inner.place_of(location.sequence) {
                        Ok(Some(place)) => return Some(inner.audit(&place)),
                        Ok(None) => {}
                        Err(error) => return Some(Err(error)),
                    }
                }
                found => return Some(found),
            }
        }
    }
}

impl Inner {
    fn latest_with(&mut self, by: Trait, text: &str) -> Result<Option<StoredAudit>, StoreError> {
        let found = self.locate(by, text)?;
        found.map(|location| self.audit(&location)).transpose()
    }

    /// Where the newest audit with this trait is.
    pub(super) fn locate(&mut self, by: Trait, text: &str) -> Result<Option<Location>, StoreError> {
        let mut before = u64::MAX;
        loop {
            // Older ones are listed without their traits.
            let from = self.unscanned.unwrap_or(0);
            let listing = Listing::AuditsWith(by, text);
            let found = self.ask(|index| index.newest_within(listing, from..before, 1))?;
            match found.into_iter().next() {
                Some(location) => match self.place_of(location.sequence)? {
                    Some(place) => return Ok(Some(place)),
                    // It was thinned, and the agent stopped before this entry went as well.
                    None => before = location.sequence,
                },
                None if self.scan_more()? || from > 0 => before = from,
                None => return Ok(None),
            }
        }
    }

    /// Where all audits with this trait are, oldest first.
    fn all_with(&mut self, by: Trait, text: &str) -> Result<Vec<Location>, StoreError> {
        let mut found = Vec::new();
        let mut before = u64::MAX;
        loop {
            let listing = Listing::AuditsWith(by, text);
            let page = self.ask(|index| index.newest(listing, before, LONG_PAGE))?;
            before = page.last().map_or(0, |location| location.sequence);
            let is_last = page.len() < LONG_PAGE;
            found.extend(page);
            if is_last {
                found.reverse();
                return Ok(found);
            }
        }
    }

    /// Reads an audit to the desk. Answers whether it is there and was read within the span.
    fn read_within(
        &mut self,
        location: Location,
        span: &RangeInclusive<Timestamp>,
        desk: &mut Desk,
    ) -> Result<bool, StoreError> {
        let day = self.journal.day(location.segment)?;
        let (first, last) = (day_of(*span.start()), day_of(*span.end()));
        // Records of a segment were stored on its day, after they were read; a pass may go on past
        // midnight, and no pass takes a day.
        if day.is_some_and(|day| day < first || day > last.saturating_add(1)) {
            return Ok(false);
        }
        let read = match self.journal.read_to(&location, desk) {
            Err(StoreError::DamagedRecord { .. }) => {
                let Some(place) = self.place_of(location.sequence)? else {
                    return Ok(false); // It was thinned.
                };
                self.journal.read_to(&place, desk)
            }
            read => read,
        };
        match read {
            Ok(_) => {}
            Err(StoreError::DamagedRecord { .. }) => return Ok(false),
            Err(error) => return Err(error),
        }
        let Ok(leaf) = LeafView::parse(&desk.record) else {
            return Ok(false);
        };
        if day.is_some_and(|day| day > first.saturating_add(1) && day < last) {
            return Ok(true);
        }
        let read_at = serde_json::from_slice::<ReadAt>(leaf.document);
        Ok(read_at.is_ok_and(|read| span.contains(&read.time.wall)))
    }

    /// Where a document is; nothing for one that was taken out.
    pub(super) fn place_of(&mut self, sequence: u64) -> Result<Option<Location>, StoreError> {
        let found = self.ask(|index| index.get(&[Slot::Leaf(sequence)]))?;
        Ok(found.into_iter().next().flatten())
    }

    fn audit(&self, location: &Location) -> Result<StoredAudit, StoreError> {
        let (_, payload) = self.journal.read(location)?;
        let leaf = LeafView::parse(&payload).map_err(|_| super::unreadable(location))?;
        let audit =
            canonical::from_slice(leaf.document).map_err(|source| StoreError::Document {
                what: "audit",
                sequence: location.sequence,
                source,
            })?;
        Ok(StoredAudit {
            number: leaf.number,
            salt: leaf.salt,
            audit,
        })
    }
}
