//! How a record is compressed before it is sealed.
//!
//! Audits tell the same things in the same words: names of objects, rules, field names. What is not
//! delivered yet is packed against a dictionary that is part of this crate, and hangs on nothing else
//! in the store. What Central has may be packed against an earlier audit of the same device, its base:
//! then a damaged base costs those that hang on it, at most [`MAX_DELTAS`].
//!
//! A dictionary is frozen: another one gets another number, and the old ones are kept for ever.
//! `benches/examples/audit_samples.rs` says how it was made.

use crate::record::Payload;
use std::cell::RefCell;
use std::io;
use std::sync::LazyLock;
use zstd::bulk::Compressor;
use zstd::dict::EncoderDictionary;
use zstd::zstd_safe::{CCtx, CDict, DCtx, DDict, ErrorCode, compress_bound, get_error_name};

/// How many audits may hang on one base, and so what a damaged record of the history costs at most
/// besides itself: a day of hourly passes.
pub(crate) const MAX_DELTAS: usize = 23;

/// Without a dictionary level 3, Zstandard's own default, takes a tenth of level 9's time for 5 % more
/// bytes.
const ALONE_LEVEL: i32 = 3;

/// With the dictionary level 1 packs 790 MB/s of audits to a 17th, level 3 320 MB/s to a 19th; and
/// whatever is kept for long is packed again as a delta.
const DICTIONARY_LEVEL: i32 = 1;

/// Deltas are made once, when nobody waits.
const DELTA_LEVEL: i32 = 3;

/// Trained on records of simulated audits; they begin as records of kind 1 do.
pub(crate) const DICTIONARY_1: &[u8] = include_bytes!("../dictionaries/audit-1.zdict");

static ENCODER_1: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(DICTIONARY_1, DICTIONARY_LEVEL));
static DECODER_1: LazyLock<DDict<'static>> = LazyLock::new(|| DDict::create(DICTIONARY_1));

/// What a record was compressed against. Stands in clear in its frame, as an algorithm and a detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// Nothing: algorithm 1.
    Alone,
    /// A dictionary of this crate: algorithm 2, whose detail is the dictionary's number.
    Dictionary1,
    /// A record of the same segment: algorithm 3.
    Delta,
}

impl Packing {
    /// The frame's algorithm and its detail.
    pub(crate) const fn codes(self) -> (u8, u8) {
        match self {
            Self::Alone => (1, 0),
            Self::Dictionary1 => (2, 1),
            Self::Delta => (3, 0),
        }
    }

    /// Nothing for one of a newer version.
    pub(crate) const fn from_codes(algorithm: u8, detail: u8) -> Option<Self> {
        Some(match (algorithm, detail) {
            (1, 0) => Self::Alone,
            (2, 1) => Self::Dictionary1,
            (3, 0) => Self::Delta,
            _ => return None,
        })
    }
}

/// The record that a delta hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Base {
    /// Where its frame begins in the same segment.
    pub(crate) offset: u64,
    pub(crate) sequence: u64,
}

impl Base {
    pub(crate) const BYTES: usize = 16;

    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&self.offset.to_be_bytes());
        bytes[8..].copy_from_slice(&self.sequence.to_be_bytes());
        bytes
    }

    pub(crate) fn parse(bytes: [u8; Self::BYTES]) -> Option<Self> {
        let (offset, sequence) = bytes.split_first_chunk::<8>()?;
        Some(Self {
            offset: u64::from_be_bytes(*offset),
            sequence: u64::from_be_bytes(*sequence.first_chunk::<8>()?),
        })
    }
}

/// Compresses many records, one by one.
pub(crate) struct Packer {
    alone: Compressor<'static>,
    dictionary: Compressor<'static>,
    deltas: CCtx<'static>,
}

impl Packer {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            alone: Compressor::new(ALONE_LEVEL)?,
            dictionary: Compressor::with_prepared_dictionary(&ENCODER_1)?,
            deltas: CCtx::try_create().ok_or_else(no_memory)?,
        })
    }

    /// A record that hangs on no other record; a delta is made by a [`ReadyBase`].
    pub(crate) fn pack(&mut self, packing: Packing, record: &[u8]) -> io::Result<Payload> {
        let packed = match packing {
            Packing::Alone => self.alone.compress(record)?,
            Packing::Dictionary1 => self.dictionary.compress(record)?,
            Packing::Delta => return Err(io::Error::other("a delta needs its base")),
        };
        Ok(packed.into())
    }
}

/// A base, made ready once for all that is packed against it.
pub(crate) struct ReadyBase(CDict<'static>);

impl ReadyBase {
    pub(crate) fn new(base: &[u8]) -> io::Result<Self> {
        CDict::try_create(base, DELTA_LEVEL)
            .map(Self)
            .ok_or_else(no_memory)
    }

    /// Compresses a record against it.
    pub(crate) fn pack(&self, packer: &mut Packer, record: &[u8]) -> io::Result<Payload> {
        let mut packed = Payload::with_capacity(compress_bound(record.len()));
        packer
            .deltas
            .compress_using_cdict(&mut *packed, record, &self.0)
            .map_err(|code| io::Error::other(get_error_name(code)))?;
        Ok(packed)
    }
}

/// What becomes of the bytes that unpacking leaves in its context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    /// The next record unpacked on this thread finds them: making a context takes longer than
    /// unpacking an audit, and several times as long as a small record.
    Kept,
    /// The context is given back: the record holds keys.
    OfItsOwn,
}

/// Unpacks the record of `length` bytes that was packed without a base into `record`, in the place of
/// what that holds; nothing if it is not that.
pub(crate) fn unpack(
    packing: Packing,
    packed: &[u8],
    length: usize,
    context: Context,
    record: &mut Payload,
) -> Option<()> {
    let unpack: &Unpack<'_> = match packing {
        Packing::Alone => &|context, record| context.decompress(record, packed),
        Packing::Dictionary1 => {
            &|context, record| context.decompress_using_ddict(record, packed, &DECODER_1)
        }
        Packing::Delta => return None,
    };
    match context {
        Context::Kept => with_context(length, record, unpack),
        Context::OfItsOwn => exactly(&mut DCtx::try_create()?, length, record, unpack),
    }
}

/// The same, over its base.
pub(crate) fn unpack_over(
    base: &[u8],
    packed: &[u8],
    length: usize,
    record: &mut Payload,
) -> Option<()> {
    with_context(length, record, &|context, record| {
        context.decompress_using_dict(record, packed, base)
    })
}

type Unpack<'a> = dyn Fn(&mut DCtx<'static>, &mut Vec<u8>) -> Result<usize, ErrorCode> + 'a;

thread_local! {
    static CONTEXT: RefCell<Option<DCtx<'static>>> = const { RefCell::new(None) };
}

fn with_context(length: usize, record: &mut Payload, unpack: &Unpack<'_>) -> Option<()> {
    CONTEXT.with_borrow_mut(|context| {
        if context.is_none() {
            *context = DCtx::try_create();
        }
        exactly(context.as_mut()?, length, record, unpack)
    })
}

fn exactly(
    context: &mut DCtx<'static>,
    length: usize,
    record: &mut Payload,
    unpack: &Unpack<'_>,
) -> Option<()> {
    if record.capacity() < length {
        // The length is authentic, and bounded by whoever asks. What was there is wiped, not moved.
        *record = Payload::with_capacity(length);
    }
    record.clear();
    unpack(context, record).ok()?;
    (record.len() == length).then_some(())
}

fn no_memory() -> io::Error {
    io::ErrorKind::OutOfMemory.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagetally_proof::Hash;

    #[test]
    fn the_first_dictionary_is_frozen() {
        // Records that were sealed with it need it for ever. When this fails, the change is wrong.
        assert_eq!(
            Hash::of(&[DICTIONARY_1]).to_string(),
            "e8ee203bf713abf4d74929043fa7b5a339bbe759d920e0d039e9066284a039c1"
        );
    }

    #[test]
    fn records_survive_each_packing_and_open_under_no_other() {
        let record = br#"{"kind":"a record with source and rule, version 1"}"#.repeat(40);
        let base = br#"{"kind":"a record with source and rule, version 7"}"#.repeat(40);
        let mut packer = Packer::new().expect("contexts");
        let alone = packer.pack(Packing::Alone, &record).expect("packed");
        let shared = packer.pack(Packing::Dictionary1, &record).expect("packed");
        let ready = ReadyBase::new(&base).expect("memory");
        let delta = ready.pack(&mut packer, &record).expect("packed");
        let length = record.len();
        let unpack = |packing, packed: &[u8], length| {
            let mut opened = Payload::default();
            let unpacked = super::unpack(packing, packed, length, Context::Kept, &mut opened);
            unpacked.map(|()| opened.to_vec())
        };
        let unpack_over = |base: &[u8], packed: &[u8], length| {
            // In the place of something longer.
            let mut opened = Payload::from(vec![7; 9_000]);
            super::unpack_over(base, packed, length, &mut opened).map(|()| opened.to_vec())
        };
        assert_eq!(unpack(Packing::Alone, &alone, length), Some(record.clone()));
        assert_eq!(
            unpack(Packing::Dictionary1, &shared, length),
            Some(record.clone())
        );
        assert_eq!(unpack_over(&base, &delta, length), Some(record.clone()));
        assert_eq!(unpack(Packing::Alone, &shared, length), None);
        assert_eq!(unpack(Packing::Dictionary1, &shared, length - 1), None);
        assert!(packer.pack(Packing::Delta, &record).is_err());
        assert_ne!(unpack_over(b"another base", &delta, length), Some(record));
    }
}
