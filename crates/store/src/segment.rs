//! A segment's own header: 32 bytes that say what the file is.
//!
//! ```text
//! 0   "PTALLYJ" and a zero byte    12  segment, u32
//! 8   format, u8                   16  created, i64: milliseconds since 1970
//! 9   algorithm, u8                24  check: first 8 bytes of SHA-256 over bytes 0..24
//! 10  two zero bytes               32  the first frame
//! ```
//!
//! No frame needs it: a damaged header costs nothing but is reported.

use crate::frame::{FRAME_FORMAT, HeaderFault};
use pagetally_model::Timestamp;
use pagetally_proof::Hash;

/// Bytes of a segment's header.
pub(crate) const SEGMENT_HEADER: usize = 32;

/// What the header itself is checked by; each frame names its own algorithm.
const ALGORITHM: u8 = 1;

const MAGIC: &[u8; 8] = b"PTALLYJ\0";

/// The header of a new segment.
pub(crate) fn header(segment: u32, created: Timestamp) -> [u8; SEGMENT_HEADER] {
    let mut bytes = [0; SEGMENT_HEADER];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8] = FRAME_FORMAT;
    bytes[9] = ALGORITHM;
    bytes[12..16].copy_from_slice(&segment.to_be_bytes());
    bytes[16..24].copy_from_slice(&created.unix_millis().to_be_bytes());
    let check = Hash::of(&[&bytes[..24]]);
    bytes[24..].copy_from_slice(&check.as_bytes()[..8]);
    bytes
}

/// Checks that `bytes` begin with the header of segment `segment`.
pub(crate) fn check(bytes: &[u8], segment: u32) -> Result<(), HeaderFault> {
    let header = bytes
        .first_chunk::<SEGMENT_HEADER>()
        .ok_or(HeaderFault::Damaged)?;
    let check = Hash::of(&[&header[..24]]);
    if header[..8] != *MAGIC || header[24..] != check.as_bytes()[..8] {
        return Err(HeaderFault::Damaged);
    }
    let (format, algorithm) = (header[8], header[9]);
    if format != FRAME_FORMAT || algorithm != ALGORITHM {
        return Err(HeaderFault::Newer { format, algorithm });
    }
    if header[12..16] == segment.to_be_bytes() {
        Ok(())
    } else {
        Err(HeaderFault::Damaged)
    }
}
