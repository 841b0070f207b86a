//! Sealing without a journal, for the benchmark of it.

use crate::frame::{FrameHeader, HEADER, Sealer};
use crate::keys::KeyId;
use crate::packing::Packing;
use crate::secret::{SecretKey, random};
use std::io;
use zeroize::Zeroizing;

/// Seals records as the journal seals audits, under a key of its own.
pub struct Sealing {
    sealer: Sealer,
    key: SecretKey,
    out: Vec<u8>,
}

impl std::fmt::Debug for Sealing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealing").finish_non_exhaustive()
    }
}

impl Sealing {
    /// # Errors
    ///
    /// Where there is no memory, or no randomness.
    pub fn new() -> io::Result<Self> {
        let key = random().map_err(io::Error::other)?;
        Ok(Self {
            sealer: Sealer::new()?,
            key: SecretKey::new(Zeroizing::new(key)),
            out: Vec::new(),
        })
    }

    /// Packs and seals one record. Answers how many bytes it takes.
    ///
    /// # Errors
    ///
    /// Where it is too long, or there is no randomness.
    pub fn seal(&mut self, record: &[u8]) -> io::Result<u32> {
        self.out.clear();
        let header = FrameHeader {
            packing: Packing::Dictionary1,
            kind: 1,
            length: 0,
            segment: 1,
            sequence: 1,
            group: 1,
            key: KeyId::from_bytes([1; 16]),
            nonce: random().map_err(io::Error::other)?,
        };
        self.sealer.seal(&mut self.out, header, &self.key, record)
    }

    /// Opens and unpacks what was sealed last. Answers how many bytes it has.
    pub fn open(&self) -> Option<usize> {
        let (clear, sealed) = self.out.split_first_chunk::<HEADER>()?;
        let header = FrameHeader::parse(clear).ok()?;
        header.open(&self.key, sealed).map(|record| record.len())
    }
}
