//! Reading one record, by its place.

use super::Journal;
use crate::error::{StoreError, io_error};
use crate::frame::{FrameHeader, HEADER, MAX_RECORD, frame_at};
use crate::keys::Keyring;
use crate::packing::Base;
use crate::record::Payload;
use crate::secret::SecretBytes;
use crate::state::Location;
use std::io;

/// A place for records, which are read into it one after the other.
#[derive(Default)]
pub(crate) struct Desk {
    /// The record that was read last.
    pub(crate) record: Payload,
    frame: SecretBytes,
    /// What a delta was read over last, which the next one of the same device mostly hangs on as well.
    base: Option<(u32, Base, Payload)>,
}

impl Journal {
    /// What stands in clear at a place; nothing where that is damaged.
    pub(crate) fn header(&self, location: &Location) -> Result<Option<FrameHeader>, StoreError> {
        let mut clear = [0; HEADER];
        match self
            .files
            .read(location.segment, location.offset, &mut clear)
        {
            Ok(()) => Ok(FrameHeader::parse(&clear)
                .ok()
                .filter(|header| header.sequence == location.sequence)),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(io_error("read", self.files.path(location.segment))(error)),
        }
    }

    /// Reads one record.
    pub(crate) fn read(&self, location: &Location) -> Result<(u8, Payload), StoreError> {
        let mut desk = Desk::default();
        let kind = self.read_to(location, &mut desk)?;
        Ok((kind, desk.record))
    }

    /// Reads one of many records. Answers its kind.
    pub(crate) fn read_to(&self, location: &Location, desk: &mut Desk) -> Result<u8, StoreError> {
        let damaged = || StoreError::DamagedRecord {
            segment: location.segment,
            offset: location.offset,
            sequence: location.sequence,
        };
        let length = usize::try_from(location.length).unwrap_or(usize::MAX);
        if !(HEADER..=MAX_RECORD * 2).contains(&length) {
            return Err(damaged());
        }
        let Desk {
            record,
            frame,
            base,
        } = desk;
        if frame.capacity() < length {
            *frame = SecretBytes::with_capacity(length);
        }
        frame.resize(length, 0);
        let read = self.files.read(location.segment, location.offset, frame);
        match read {
            Ok(()) => {}
            Err(error) if is_cut(&error) => return Err(damaged()),
            Err(error) => {
                return Err(io_error("read", self.files.path(location.segment))(error));
            }
        }
        let clear = frame.first_chunk::<HEADER>().ok_or_else(damaged)?;
        let header = FrameHeader::parse(clear).map_err(|_| damaged())?;
        frame.drain(..HEADER);
        let fits = header.segment == location.segment
            && header.sequence == location.sequence
            && header.sealed_length() == frame.len();
        let key = self
            .keyring
            .find(header.key)
            .filter(|_| fits)
            .ok_or_else(damaged)?;
        let segment = location.segment;
        header
            .open_into(
                &key.key,
                frame,
                |on| {
                    let is_it = |known: &(u32, Base, Payload)| (known.0, known.1) == (segment, on);
                    let found = match base.take().filter(is_it) {
                        Some(known) => known,
                        None => (segment, on, self.read_base(segment, on)?),
                    };
                    Some(base.insert(found).2.as_slice())
                },
                record,
            )
            .map_err(|_| damaged())?;
        Ok(header.kind)
    }

    /// What a delta hangs on, read from the disk.
    fn read_base(&self, segment: u32, on: Base) -> Option<Payload> {
        let mut clear = [0; HEADER];
        self.files.read(segment, on.offset, &mut clear).ok()?;
        let header = FrameHeader::parse(&clear).ok()?;
        let mut sealed = vec![0; header.sealed_length()];
        let begin = on.offset.checked_add(HEADER as u64)?;
        self.files.read(segment, begin, &mut sealed).ok()?;
        open_base(&self.keyring, segment, on, &header, &sealed)
    }
}

/// Whether the file ends before, or is not there.
fn is_cut(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::NotFound
    )
}

/// What a delta of a segment hangs on; nothing where it is lost.
pub(crate) fn base_in(keyring: &Keyring, segment: u32, bytes: &[u8], on: Base) -> Option<Payload> {
    let (header, sealed) = frame_at(bytes, usize::try_from(on.offset).ok()?).ok()?;
    open_base(keyring, segment, on, &header, sealed)
}

fn open_base(
    keyring: &Keyring,
    segment: u32,
    on: Base,
    header: &FrameHeader,
    sealed: &[u8],
) -> Option<Payload> {
    let key = keyring.find(header.key)?;
    let fits = header.segment == segment && header.sequence == on.sequence;
    // No base is a delta itself: open() refuses those.
    fits.then(|| header.open(&key.key, sealed)).flatten()
}
