//! One sealed record as it lies in a segment: an 80-byte header, then the sealed bytes.
//!
//! ```text
//! 0   magic F5 50 4A 9A        24  group: the sequence of its group's first frame, u64
//! 4   format, u8               32  key id, 16 bytes
//! 5   algorithm, u8            48  nonce, 24 bytes
//! 6   kind of record, u8       72  check: first 8 bytes of SHA-256 over bytes 4..72
//! 7   its detail, u8           80  sealed bytes: ciphertext and 16-byte tag
//! 8   length of sealed, u32
//! 12  segment, u32             All numbers are big-endian.
//! 16  sequence, u64
//! ```
//!
//! The magic and the check let a reader find the next frame after damage; the length is believed
//! only behind a good check. The associated data is a domain and bytes 4..72, so a frame that is
//! opened is the record that was sealed for this segment, place, group, kind and key.

use crate::keys::{DataKey, KeyId};
use crate::packing::{self, Base, Context, Packer, Packing, ReadyBase};
use crate::record::{Payload, RecordKind};
use crate::secret::SecretKey;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use pagetally_proof::Hash;
use std::io;
use zeroize::Zeroizing;

/// The version of the frame's layout that this crate writes.
pub(crate) const FRAME_FORMAT: u8 = 1;

/// Bytes of a header.
pub(crate) const HEADER: usize = 80;

/// Ceiling on a record before compression: a pass report that names each of 65,536 addresses by
/// itself has about 16 MB.
pub(crate) const MAX_RECORD: usize = 32 << 20;

/// Ceiling on the sealed bytes: what does not compress grows a little, and a tag follows.
const MAX_SEALED: usize = MAX_RECORD + (1 << 20);

const MAGIC: [u8; 4] = [0xF5, b'P', b'J', 0x9A];
const TAG: usize = 16;
const CHECK: usize = 8;
const ASSOCIATED: &[u8] = b"pagetally/journal-frame\0";

/// What a frame says of itself in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) packing: Packing,
    pub(crate) kind: u8,
    pub(crate) length: u32,
    pub(crate) segment: u32,
    pub(crate) sequence: u64,
    pub(crate) group: u64,
    pub(crate) key: KeyId,
    pub(crate) nonce: [u8; 24],
}

/// Why bytes are no header that this version reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderFault {
    /// No magic, a wrong check, or an impossible length.
    Damaged,
    /// A good check over a format or algorithm of the future.
    Newer { format: u8, algorithm: u8 },
}

impl FrameHeader {
    pub(crate) fn to_bytes(self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4] = FRAME_FORMAT;
        (bytes[5], bytes[7]) = self.packing.codes();
        bytes[6] = self.kind;
        bytes[8..12].copy_from_slice(&self.length.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.segment.to_be_bytes());
        bytes[16..24].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[24..32].copy_from_slice(&self.group.to_be_bytes());
        bytes[32..48].copy_from_slice(self.key.as_bytes());
        bytes[48..72].copy_from_slice(&self.nonce);
        let check = check(&bytes);
        bytes[72..].copy_from_slice(&check);
        bytes
    }

    pub(crate) fn parse(bytes: &[u8; HEADER]) -> Result<Self, HeaderFault> {
        if bytes[..4] != MAGIC || bytes[72..] != check(bytes) {
            return Err(HeaderFault::Damaged);
        }
        let (format, algorithm) = (bytes[4], bytes[5]);
        let packing = Packing::from_codes(algorithm, bytes[7])
            .filter(|_| format == FRAME_FORMAT)
            .ok_or(HeaderFault::Newer { format, algorithm })?;
        let header = Self {
            packing,
            kind: bytes[6],
            length: u32::from_be_bytes(field(bytes, 8)),
            segment: u32::from_be_bytes(field(bytes, 12)),
            sequence: u64::from_be_bytes(field(bytes, 16)),
            group: u64::from_be_bytes(field(bytes, 24)),
            key: KeyId::from_bytes(field(bytes, 32)),
            nonce: field(bytes, 48),
        };
        if (TAG..=MAX_SEALED).contains(&header.sealed_length()) {
            Ok(header)
        } else {
            Err(HeaderFault::Damaged)
        }
    }

    pub(crate) fn sealed_length(&self) -> usize {
        usize::try_from(self.length).unwrap_or(usize::MAX)
    }

    /// Opens the sealed bytes that stand behind this header, where the record hangs on no other.
    pub(crate) fn open(&self, key: &SecretKey, sealed: &[u8]) -> Option<Payload> {
        self.open_over(key, sealed, |_| None::<Payload>).ok()
    }

    /// Opens the sealed bytes that stand behind this header; `base` gets what a delta hangs on.
    ///
    /// # Errors
    ///
    /// [`OpenFault`]: they are not what was sealed under `key` for exactly this header, or the base
    /// is not there.
    pub(crate) fn open_over<B: AsRef<[u8]>>(
        &self,
        key: &SecretKey,
        sealed: &[u8],
        base: impl FnOnce(Base) -> Option<B>,
    ) -> Result<Payload, OpenFault> {
        let mut buffer = Zeroizing::new(sealed.to_vec());
        let mut record = Payload::default();
        self.open_into(key, &mut buffer, base, &mut record)?;
        Ok(record)
    }

    /// The same in the place of the sealed bytes and of the record that was read before, for who reads
    /// many.
    pub(crate) fn open_into<B: AsRef<[u8]>>(
        &self,
        key: &SecretKey,
        sealed: &mut Vec<u8>,
        base: impl FnOnce(Base) -> Option<B>,
        record: &mut Payload,
    ) -> Result<(), OpenFault> {
        self.unseal(key, sealed).ok_or(OpenFault::Damaged)?;
        let (length, rest) = sealed.split_first_chunk::<4>().ok_or(OpenFault::Damaged)?;
        // The length is authentic, and bounded.
        let length = usize::try_from(u32::from_be_bytes(*length))
            .ok()
            .filter(|length| *length <= MAX_RECORD)
            .ok_or(OpenFault::Damaged)?;
        if self.packing != Packing::Delta {
            let context = match RecordKind::from_code(self.kind) {
                Some(RecordKind::Identity | RecordKind::State) => Context::OfItsOwn,
                Some(_) | None => Context::Kept,
            };
            return packing::unpack(self.packing, rest, length, context, record)
                .ok_or(OpenFault::Damaged);
        }
        let (on, packed) = rest
            .split_first_chunk::<{ Base::BYTES }>()
            .and_then(|(on, packed)| Some((Base::parse(*on)?, packed)))
            .ok_or(OpenFault::Damaged)?;
        let base = base(on).ok_or(OpenFault::BaseLost(on.sequence))?;
        packing::unpack_over(base.as_ref(), packed, length, record).ok_or(OpenFault::Damaged)
    }

    fn unseal(&self, key: &SecretKey, sealed: &mut Vec<u8>) -> Option<()> {
        XChaCha20Poly1305::new(key.expose().into())
            .decrypt_in_place(
                &XNonce::from(self.nonce),
                &associated(&self.to_bytes()),
                sealed,
            )
            .ok()
    }

    /// The same record under another key, header and all: as long as it was, so that it can take
    /// the old one's place. Nothing if it is not what was sealed under `old`.
    pub(crate) fn reseal(
        &self,
        old: &SecretKey,
        sealed: &[u8],
        new: &DataKey,
        nonce: [u8; 24],
    ) -> Option<Vec<u8>> {
        let mut buffer = Zeroizing::new(sealed.to_vec());
        self.unseal(old, &mut buffer)?;
        let header = Self {
            key: new.id,
            nonce,
            ..*self
        };
        let clear = header.to_bytes();
        XChaCha20Poly1305::new(new.key.expose().into())
            .encrypt_in_place(&XNonce::from(nonce), &associated(&clear), &mut *buffer)
            .ok()?;
        Some([&clear[..], &buffer].concat())
    }
}

/// Why a frame does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenFault {
    /// The record of this sequence, which this one was packed against, is lost.
    BaseLost(u64),
    /// The bytes are not what was sealed.
    Damaged,
}

/// Seals records.
pub(crate) struct Sealer(Packer);

impl Sealer {
    pub(crate) fn new() -> io::Result<Self> {
        Packer::new().map(Self)
    }

    /// Seals `record` behind a header made of the other arguments, and appends both to `out`.
    /// Returns the number of bytes appended. The record must not be longer than [`MAX_RECORD`].
    pub(crate) fn seal(
        &mut self,
        out: &mut Vec<u8>,
        header: FrameHeader,
        key: &SecretKey,
        record: &[u8],
    ) -> io::Result<u32> {
        let packed = self.0.pack(header.packing, record)?;
        seal_packed(out, header, key, record.len(), &[], &packed)
    }

    /// Seals `record` as a delta over its base; else as [`seal`](Self::seal).
    pub(crate) fn seal_over(
        &mut self,
        out: &mut Vec<u8>,
        header: FrameHeader,
        key: &SecretKey,
        record: &[u8],
        base: (Base, &ReadyBase),
    ) -> io::Result<u32> {
        let header = FrameHeader {
            packing: Packing::Delta,
            ..header
        };
        let packed = base.1.pack(&mut self.0, record)?;
        seal_packed(out, header, key, record.len(), &base.0.to_bytes(), &packed)
    }
}

fn seal_packed(
    out: &mut Vec<u8>,
    mut header: FrameHeader,
    key: &SecretKey,
    length: usize,
    base: &[u8],
    packed: &[u8],
) -> io::Result<u32> {
    let too_long = || io::Error::other("a record is over the journal's limit");
    let length = u32::try_from(length).map_err(|_| too_long())?;
    let mut buffer = Zeroizing::new(Vec::with_capacity(4 + base.len() + packed.len() + TAG));
    buffer.extend_from_slice(&length.to_be_bytes());
    buffer.extend_from_slice(base);
    buffer.extend_from_slice(packed);

    header.length = u32::try_from(buffer.len() + TAG).map_err(|_| too_long())?;
    let clear = header.to_bytes();
    XChaCha20Poly1305::new(key.expose().into())
        .encrypt_in_place(
            &XNonce::from(header.nonce),
            &associated(&clear),
            &mut *buffer,
        )
        .map_err(|_| too_long())?;
    out.extend_from_slice(&clear);
    out.extend_from_slice(&buffer);
    u32::try_from(clear.len() + buffer.len()).map_err(|_| too_long())
}

/// One piece of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A frame whose header is good; whether its bytes are shows when it is opened.
    Frame {
        offset: usize,
        header: FrameHeader,
        sealed: &'a [u8],
    },
    /// Bytes that belong to no frame.
    Rubbish { offset: usize, length: usize },
}

/// Cuts `bytes` into frames from `from` on, finding the next good header after damage.
///
/// # Errors
///
/// A frame of a newer format: then the rest must not be guessed at.
pub(crate) fn pieces(bytes: &[u8], from: usize) -> Result<Vec<Piece<'_>>, HeaderFault> {
    let mut found = Vec::new();
    let mut at = from.min(bytes.len());
    let mut rubbish = at;
    while at < bytes.len() {
        match frame_at(bytes, at) {
            Ok((header, sealed)) => {
                if rubbish < at {
                    found.push(Piece::Rubbish {
                        offset: rubbish,
                        length: at - rubbish,
                    });
                }
                found.push(Piece::Frame {
                    offset: at,
                    header,
                    sealed,
                });
                at += HEADER + sealed.len();
                rubbish = at;
            }
            Err(HeaderFault::Damaged) => at = next_magic(bytes, at + 1),
            Err(newer @ HeaderFault::Newer { .. }) => return Err(newer),
        }
    }
    if rubbish < bytes.len() {
        found.push(Piece::Rubbish {
            offset: rubbish,
            length: bytes.len() - rubbish,
        });
    }
    Ok(found)
}

pub(crate) fn frame_at(bytes: &[u8], at: usize) -> Result<(FrameHeader, &[u8]), HeaderFault> {
    let rest = bytes.get(at..).ok_or(HeaderFault::Damaged)?;
    let (clear, rest) = rest
        .split_first_chunk::<HEADER>()
        .ok_or(HeaderFault::Damaged)?;
    let header = FrameHeader::parse(clear)?;
    let sealed = rest
        .get(..header.sealed_length())
        .ok_or(HeaderFault::Damaged)?;
    Ok((header, sealed))
}

fn next_magic(bytes: &[u8], from: usize) -> usize {
    bytes
        .get(from..)
        .and_then(|rest| rest.windows(MAGIC.len()).position(|window| window == MAGIC))
        .map_or(bytes.len(), |distance| from + distance)
}

fn check(header: &[u8; HEADER]) -> [u8; CHECK] {
    field(Hash::of(&[&header[4..72]]).as_bytes(), 0)
}

fn associated(header: &[u8; HEADER]) -> Vec<u8> {
    [ASSOCIATED, &header[4..72]].concat()
}

/// `N` bytes from `at` on. The callers' offsets are constants within the array.
fn field<const N: usize, const M: usize>(bytes: &[u8; M], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> SecretKey {
        SecretKey::new(Zeroizing::new([7; 32]))
    }

    fn header() -> FrameHeader {
        FrameHeader {
            packing: Packing::Alone,
            kind: 4,
            length: 0,
            segment: 5,
            sequence: 0x0102_0304_0506_0708,
            group: 0x0102_0304_0506_0700,
            key: KeyId::from_bytes([6; 16]),
            nonce: [9; 24],
        }
    }

    fn sealer() -> Sealer {
        Sealer::new().expect("a context")
    }

    fn sealed(record: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        sealer()
            .seal(&mut out, header(), &key(), record)
            .expect("sealed");
        out
    }

    fn opened(bytes: &[u8]) -> Option<Vec<u8>> {
        let (header, sealed) = frame_at(bytes, 0).ok()?;
        header.open(&key(), sealed).map(|record| record.to_vec())
    }

    const RECORD: &[u8] = b"a record of format 1: \x01\x02\x03 ............................";

    /// Sealed by this crate, opened by a program of its own (HChaCha20 in Python, OpenSSL's
    /// ChaCha20-Poly1305, the zstd command). When this fails, the change is wrong.
    const FROZEN: &str = "f5504a9a010104000000003e000000050102030405060708010203040506070006060606060606060606060606060606\
                          0909090909090909090909090909090909090909090909094d2eba9c322807f0\
                          be72e2bc541f569fd424053d68ab66cb5896d4f53205bd8ec0ad7e33a14b322fa21b7afbd389b6742274bc5068d2cc1c1df40d6646b18f377486ee214724";

    #[test]
    fn a_frame_of_format_1_opens_for_ever() {
        let bytes = hex::decode(FROZEN).expect("hex");
        assert_eq!(opened(&bytes).as_deref(), Some(RECORD));
        // A newer zstd may compress to other bytes; the header's layout stays.
        let (frozen, _) = frame_at(&bytes, 0).expect("a frame");
        assert_eq!(frozen.to_bytes(), bytes[..HEADER]);
        assert_eq!(
            frozen,
            FrameHeader {
                length: frozen.length,
                ..header()
            }
        );
    }

    const RECORD_2: &[u8] =
        br#"a record of algorithm 2: {"rule":{"name":"rfc3805.prtMarkerLifeCount","version":1}}"#;

    /// As above, with the dictionary by the zstd command.
    const FROZEN_2: &str = "f5504a9a010204010000004a000000050102030405060708010203040506070006060606060606060606060606060606\
                          090909090909090909090909090909090909090909090909904101f8bc4b8a95be72e2d9541f569ff34ac11785522aea\
                          2a50769f282100a2e209c024bb181239a6c2ba9bc74632e6645595d5f487ed6d575f3aab7828ee7d6fe3020fb6d79d09\
                          4c1930023a59233af854";

    #[test]
    fn a_frame_of_algorithm_2_opens_for_ever() {
        let bytes = hex::decode(FROZEN_2).expect("hex");
        assert_eq!(opened(&bytes).as_deref(), Some(RECORD_2));
        let (frozen, _) = frame_at(&bytes, 0).expect("a frame");
        assert_eq!(frozen.packing, Packing::Dictionary1);
        assert_eq!(frozen.to_bytes(), bytes[..HEADER]);
    }

    const BASE_3: &[u8] =
        b"a base of which the delta takes this sentence and what follows: 0123456789 abcdefghij";
    const RECORD_3: &[u8] = b"a record of algorithm 3: of which the delta takes this sentence and what follows: 0123456789 abcdefghij";
    const FROZEN_3: &str = "f5504a9a010304000000004e000000050102030405060708010203040506070006060606060606060606060606060606\
                          090909090909090909090909090909090909090909090909296aa46f4e3d344abe72e2ed7caa7962f412081c697104ef\
                          2ff5b09b68d4b21ca2d5f55cd386327bf04f23b4a0efd4386b1acebe7cb6c7a764b12b1d93119326f6b69173fc9d7c4e\
                          43580a8244c8fdc6d74d7bd76641";

    #[test]
    fn a_frame_of_algorithm_3_opens_over_its_base_for_ever() {
        let bytes = hex::decode(FROZEN_3).expect("hex");
        let (frozen, sealed) = frame_at(&bytes, 0).expect("a frame");
        assert_eq!(frozen.to_bytes(), bytes[..HEADER]);
        let over = |base: Option<&[u8]>| {
            frozen.open_over(&key(), sealed, |on| {
                let expected = Base {
                    offset: 0x20,
                    sequence: 0x0102_0304_0506_0701,
                };
                assert_eq!(on, expected);
                base
            })
        };
        let record = over(Some(BASE_3)).expect("it opens");
        assert_eq!(*record, RECORD_3);
        assert_eq!(
            over(None).err(),
            Some(OpenFault::BaseLost(0x0102_0304_0506_0701))
        );
        assert!(frozen.open(&key(), sealed).is_none());
    }

    #[test]
    fn a_delta_opens_over_the_record_that_it_was_made_of() {
        let on = Base {
            offset: 0x20,
            sequence: 7,
        };
        let mut bytes = Vec::new();
        let base = ReadyBase::new(BASE_3).expect("memory");
        sealer()
            .seal_over(&mut bytes, header(), &key(), RECORD_3, (on, &base))
            .expect("sealed");
        let (header, sealed) = frame_at(&bytes, 0).expect("a frame");
        let record = header.open_over(&key(), sealed, |_| Some(BASE_3));
        assert_eq!(*record.expect("it opens"), RECORD_3);
    }

    #[test]
    fn an_algorithm_or_detail_of_the_future_is_named() {
        for (algorithm, detail) in [(1, 1), (2, 0), (2, 2), (3, 1), (4, 0)] {
            let mut bytes = sealed(RECORD);
            (bytes[5], bytes[7]) = (algorithm, detail);
            let check = Hash::of(&[&bytes[4..72]]);
            bytes[72..80].copy_from_slice(&check.as_bytes()[..8]);
            let newer = HeaderFault::Newer {
                format: FRAME_FORMAT,
                algorithm,
            };
            assert_eq!(frame_at(&bytes, 0), Err(newer));
        }
    }

    #[test]
    fn no_bit_of_a_frame_can_change_unnoticed_even_behind_a_new_check() {
        let whole = sealed(RECORD);
        assert_eq!(opened(&whole).as_deref(), Some(RECORD));
        for at in 4..whole.len() {
            for bit in 0..8 {
                let mut bytes = whole.clone();
                bytes[at] ^= 1 << bit;
                if at < HEADER - CHECK {
                    let check = Hash::of(&[&bytes[4..72]]);
                    bytes[72..80].copy_from_slice(&check.as_bytes()[..8]);
                }
                assert_eq!(opened(&bytes), None, "byte {at}, bit {bit}");
            }
        }
    }

    #[test]
    fn another_key_opens_nothing() {
        let bytes = sealed(RECORD);
        let (header, sealed) = frame_at(&bytes, 0).expect("a frame");
        let other = SecretKey::new(Zeroizing::new([8; 32]));
        assert!(header.open(&other, sealed).is_none());
    }

    #[test]
    fn a_frame_is_found_again_behind_rubbish_that_looks_like_one() {
        let mut bytes = MAGIC.repeat(30);
        bytes.extend_from_slice(&sealed(RECORD)[..60]);
        let rubbish = bytes.len();
        bytes.extend_from_slice(&sealed(RECORD));
        let found = pieces(&bytes, 0).expect("this format");
        assert_eq!(
            found[0],
            Piece::Rubbish {
                offset: 0,
                length: rubbish
            }
        );
        assert!(matches!(found[1], Piece::Frame { offset, .. } if offset == rubbish));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn a_declared_length_beyond_the_file_or_the_limit_is_damage() {
        for length in [0, 15, 1_000, u32::MAX] {
            let header = FrameHeader { length, ..header() };
            let mut bytes = header.to_bytes().to_vec();
            bytes.extend_from_slice(&[0; 100]);
            assert_eq!(frame_at(&bytes, 0), Err(HeaderFault::Damaged), "{length}");
        }
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens(record in prop::collection::vec(any::<u8>(), 0..2_000)) {
            prop_assert_eq!(opened(&sealed(&record)), Some(record));
        }

        #[test]
        fn any_bytes_are_cut_into_pieces_that_cover_them(bytes in prop::collection::vec(any::<u8>(), 0..500), at in 0usize..400) {
            let mut bytes = bytes;
            let at = at.min(bytes.len());
            bytes.splice(at..at, sealed(RECORD));
            let mut end = 0;
            for piece in pieces(&bytes, 0).expect("this format") {
                let (offset, length) = match piece {
                    Piece::Frame { offset, sealed, .. } => (offset, HEADER + sealed.len()),
                    Piece::Rubbish { offset, length } => (offset, length),
                };
                prop_assert_eq!(offset, end);
                end = offset + length;
            }
            prop_assert_eq!(end, bytes.len());
        }
    }
}
