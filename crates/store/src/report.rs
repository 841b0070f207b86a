//! What was found wrong in the store's files.

use crate::record::RecordKind;
use std::fmt;
use std::path::{Path, PathBuf};

/// One thing that was found wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// A group was written whole, but its writer was told that it failed, and went on without it.
    AbandonedGroup {
        /// The journal's segment.
        segment: u32,
        /// The sequence of its first record.
        first: u64,
    },
    /// A record of the history was packed against another one, which is lost; it cannot be read.
    BaseLost {
        /// The journal's segment.
        segment: u32,
        /// Where its frame begins.
        offset: u64,
        /// Its place in the journal.
        sequence: u64,
        /// The place in the journal of the one that is lost.
        base: u64,
    },
    /// Groups are missing before this one: it does not follow the one found before it.
    BrokenChain {
        /// The journal's segment.
        segment: u32,
        /// The sequence of the first record after the break.
        first: u64,
    },
    /// Both frames that close a group are damaged. Its records are kept.
    CommitLost {
        /// The journal's segment.
        segment: u32,
        /// The sequence of its first record.
        first: u64,
    },
    /// Bytes between frames that are no frame.
    DamagedBytes {
        /// The journal's segment.
        segment: u32,
        /// Where they begin.
        offset: u64,
        /// How many there are.
        length: u64,
    },
    /// A record's bytes are not what was sealed.
    DamagedRecord {
        /// The journal's segment.
        segment: u32,
        /// Where its frame begins.
        offset: u64,
        /// Its place in the journal, as its header states.
        sequence: u64,
        /// What it was, as its header states.
        kind: Option<RecordKind>,
    },
    /// The index was missing or damaged and was built anew from the journal.
    IndexRebuilt {
        /// What was wrong with it.
        reason: String,
        /// Where the damaged one was put.
        set_aside: Option<PathBuf>,
    },
    /// The index cannot be kept on the disk; it is held in memory until the store is closed.
    IndexInMemory {
        /// Why.
        reason: String,
    },
    /// One copy in a key file is damaged; the other was used.
    KeyFileWorn {
        /// The file.
        path: PathBuf,
    },
    /// Records of a closed group are gone.
    LostRecords {
        /// The journal's segment.
        segment: u32,
        /// Their places in the journal.
        sequences: Vec<u64>,
    },
    /// Records at the end of the journal that had been acknowledged are gone.
    LostTail {
        /// The last record that had been acknowledged.
        acknowledged: u64,
        /// The last record that is there.
        found: u64,
    },
    /// A record lies in a segment that it was not written to. It is ignored.
    MovedRecord {
        /// Where it was found.
        segment: u32,
        /// Where in that segment.
        offset: u64,
        /// The segment that it was written to.
        from: u32,
        /// Its place in the journal.
        sequence: u64,
    },
    /// A record stands before one that was written earlier. It is kept.
    OutOfPlace {
        /// The journal's segment.
        segment: u32,
        /// Where its frame begins.
        offset: u64,
        /// Its place in the journal.
        sequence: u64,
    },
    /// A record is there a second time. The copy is ignored.
    RepeatedRecord {
        /// The journal's segment.
        segment: u32,
        /// Where the copy begins.
        offset: u64,
        /// Its place in the journal.
        sequence: u64,
    },
    /// A segment's own header is damaged. Its records are not affected.
    SegmentHeader {
        /// The journal's segment.
        segment: u32,
    },
    /// The end of a segment holds the beginning of a frame that was never finished.
    TornTail {
        /// The journal's segment.
        segment: u32,
        /// Where it begins.
        offset: u64,
        /// How many bytes it has.
        length: u64,
    },
    /// A group was never closed: it was being written when the agent or the power went down.
    /// Nobody had been told that it was stored.
    UnclosedGroup {
        /// The journal's segment.
        segment: u32,
        /// The sequence of its first record.
        first: u64,
        /// How many of its records were found.
        records: usize,
    },
    /// A record is sealed with a key that the key file does not hold.
    UnknownKey {
        /// The journal's segment.
        segment: u32,
        /// Where its frame begins.
        offset: u64,
        /// Its place in the journal, as its header states.
        sequence: u64,
    },
    /// A record opens, but is laid out in a way that this version does not know.
    UnreadableRecord {
        /// The journal's segment.
        segment: u32,
        /// Where its frame begins.
        offset: u64,
        /// Its place in the journal.
        sequence: u64,
    },
}

impl Problem {
    /// Whether it is damage to a segment from `begin` on, or to records from `first` on.
    pub(crate) fn is_within(&self, segment: u32, begin: u64, first: u64) -> bool {
        match self {
            Self::DamagedBytes {
                segment: at,
                offset,
                ..
            }
            | Self::DamagedRecord {
                segment: at,
                offset,
                ..
            } => *at == segment && *offset >= begin,
            Self::CommitLost {
                segment: at,
                first: lost,
            } => *at == segment && *lost == first,
            Self::LostRecords {
                segment: at,
                sequences,
            } => *at == segment && sequences.iter().all(|sequence| *sequence >= first),
            _ => false,
        }
    }

    /// Whether it may have cost something that had been acknowledged as stored. The others are
    /// the ordinary traces of a power cut, or were mended.
    pub fn is_loss(&self) -> bool {
        match self {
            Self::BaseLost { .. }
            | Self::BrokenChain { .. }
            | Self::DamagedBytes { .. }
            | Self::DamagedRecord { .. }
            | Self::LostRecords { .. }
            | Self::LostTail { .. }
            | Self::MovedRecord { .. }
            | Self::UnknownKey { .. }
            | Self::UnreadableRecord { .. } => true,
            Self::AbandonedGroup { .. }
            | Self::CommitLost { .. }
            | Self::IndexRebuilt { .. }
            | Self::IndexInMemory { .. }
            | Self::KeyFileWorn { .. }
            | Self::OutOfPlace { .. }
            | Self::RepeatedRecord { .. }
            | Self::SegmentHeader { .. }
            | Self::TornTail { .. }
            | Self::UnclosedGroup { .. } => false,
        }
    }

    /// The segment and byte that it is about, where it is about one.
    pub(crate) fn place(&self) -> Option<(u32, u64)> {
        match self {
            Self::BaseLost {
                segment, offset, ..
            }
            | Self::DamagedBytes {
                segment, offset, ..
            }
            | Self::DamagedRecord {
                segment, offset, ..
            }
            | Self::MovedRecord {
                segment, offset, ..
            }
            | Self::OutOfPlace {
                segment, offset, ..
            }
            | Self::RepeatedRecord {
                segment, offset, ..
            }
            | Self::TornTail {
                segment, offset, ..
            }
            | Self::UnknownKey {
                segment, offset, ..
            }
            | Self::UnreadableRecord {
                segment, offset, ..
            } => Some((*segment, *offset)),
            _ => None,
        }
    }

    /// Whether it is the ordinary trace of a process or a power supply that stopped in mid-write,
    /// of which nobody needs to be told again.
    pub fn is_trace_of_a_crash(&self) -> bool {
        matches!(
            self,
            Self::AbandonedGroup { .. } | Self::TornTail { .. } | Self::UnclosedGroup { .. }
        )
    }
}

/// A file's name without its folders, which may tell of people and are nobody's business who gets a
/// problem's words: Central is told them.
fn name_of(path: &Path) -> impl fmt::Display {
    path.file_name().unwrap_or(path.as_os_str()).display()
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AbandonedGroup { segment, first } => write!(
                f,
                "segment {segment}: the group from record {first} on was abandoned after a failed write"
            ),
            Self::BaseLost {
                segment,
                offset,
                sequence,
                base,
            } => write!(
                f,
                "segment {segment}, byte {offset}: record {sequence} cannot be read, since it was packed against record {base}, which is lost"
            ),
            Self::BrokenChain { segment, first } => write!(
                f,
                "segment {segment}: records before record {first} are missing"
            ),
            Self::CommitLost { segment, first } => write!(
                f,
                "segment {segment}: the frames that close the group from record {first} on are damaged; its records are kept"
            ),
            Self::DamagedBytes {
                segment,
                offset,
                length,
            } => write!(
                f,
                "segment {segment}, byte {offset}: {length} bytes are damaged beyond recognition"
            ),
            Self::DamagedRecord {
                segment,
                offset,
                sequence,
                kind,
            } => {
                write!(
                    f,
                    "segment {segment}, byte {offset}: record {sequence} is damaged"
                )?;
                match kind {
                    Some(kind) => write!(f, " ({kind:?})"),
                    None => Ok(()),
                }
            }
            Self::IndexRebuilt { reason, set_aside } => {
                write!(f, "the index was built anew from the journal: {reason}")?;
                match set_aside {
                    Some(path) => write!(f, "; the old one is {}", name_of(path)),
                    None => Ok(()),
                }
            }
            Self::IndexInMemory { reason } => {
                write!(f, "the index is held in memory only: {reason}")
            }
            Self::KeyFileWorn { path } => write!(
                f,
                "one copy in {} is damaged; the other was used",
                name_of(path)
            ),
            Self::LostRecords { segment, sequences } => {
                write!(f, "segment {segment}: records {sequences:?} are lost")
            }
            Self::LostTail {
                acknowledged,
                found,
            } => write!(
                f,
                "the journal ends at record {found}, but record {acknowledged} had been stored"
            ),
            Self::MovedRecord {
                segment,
                offset,
                from,
                sequence,
            } => write!(
                f,
                "segment {segment}, byte {offset}: record {sequence} was moved here from segment {from}; it is ignored"
            ),
            Self::OutOfPlace {
                segment,
                offset,
                sequence,
            } => write!(
                f,
                "segment {segment}, byte {offset}: record {sequence} is out of its order"
            ),
            Self::RepeatedRecord {
                segment,
                offset,
                sequence,
            } => write!(
                f,
                "segment {segment}, byte {offset}: a copy of record {sequence} is ignored"
            ),
            Self::SegmentHeader { segment } => write!(
                f,
                "segment {segment}: its header is damaged; its records are not affected"
            ),
            Self::TornTail {
                segment,
                offset,
                length,
            } => write!(
                f,
                "segment {segment}, byte {offset}: {length} bytes of an unfinished write"
            ),
            Self::UnclosedGroup {
                segment,
                first,
                records,
            } => write!(
                f,
                "segment {segment}: {records} records from record {first} on were being written when the agent stopped; nobody was told that they are stored"
            ),
            Self::UnknownKey {
                segment,
                offset,
                sequence,
            } => write!(
                f,
                "segment {segment}, byte {offset}: record {sequence} is sealed with a key that is not in the key file"
            ),
            Self::UnreadableRecord {
                segment,
                offset,
                sequence,
            } => write!(
                f,
                "segment {segment}, byte {offset}: record {sequence} is laid out in an unknown way"
            ),
        }
    }
}

/// What was found when the journal was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// All that is wrong, in the order of the journal.
    pub problems: Vec<Problem>,
    /// How many records were read and found good.
    pub records: u64,
    /// How many audits and reports were taken out of the history on purpose. They are no loss.
    pub thinned: u64,
}

impl RecoveryReport {
    /// Whether something may be lost that had been acknowledged as stored.
    pub fn has_losses(&self) -> bool {
        self.problems.iter().any(Problem::is_loss)
    }
}
