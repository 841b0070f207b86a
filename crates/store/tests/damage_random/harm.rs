//! Ways to harm a store, and where chance puts them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const PAGE: u64 = 4_096;

/// SplitMix64: small, and the same everywhere.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn from_environment() -> Self {
        let seed = std::env::var("PAGETALLY_SEED")
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(|| u64::from(std::process::id()));
        println!("PAGETALLY_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit
    }
}

/// One way to harm a store.
#[derive(Clone, Debug)]
pub(crate) enum Harm {
    Flip { file: PathBuf, at: u64, bit: u8 },
    Cut { file: PathBuf, at: u64 },
    Zero { file: PathBuf, page: u64 },
    Snapshots,
}

impl Harm {
    /// The file that it changes in its place.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::Flip { file, .. } | Self::Cut { file, .. } | Self::Zero { file, .. } => {
                Some(file)
            }
            Self::Snapshots => None,
        }
    }

    /// Does it, to a copy of a store.
    pub(crate) fn apply(&self, folder: &Path) {
        let open = |file: &Path| {
            File::options()
                .read(true)
                .write(true)
                .open(folder.join(file))
                .expect("it opens")
        };
        match self {
            Self::Flip { file, at, bit } => {
                let mut file = open(file);
                let mut byte = [0];
                file.seek(SeekFrom::Start(*at)).expect("seeks");
                file.read_exact(&mut byte).expect("it is there");
                file.seek(SeekFrom::Start(*at)).expect("seeks");
                file.write_all(&[byte[0] ^ (1 << bit)]).expect("written");
            }
            Self::Cut { file, at } => open(file).set_len(*at).expect("cut"),
            Self::Zero { file, page } => {
                let mut file = open(file);
                let length = file.metadata().expect("there").len();
                let size = PAGE.min(length - page * PAGE);
                file.seek(SeekFrom::Start(page * PAGE)).expect("seeks");
                let zeros = vec![0; usize::try_from(size).expect("a page")];
                file.write_all(&zeros).expect("written");
            }
            Self::Snapshots => {
                for name in ["snap.00000000000000AA.generating", "snap.0000000000FFFFFF"] {
                    fs::write(folder.join("index").join(name), b"half a snapshot")
                        .expect("written");
                }
            }
        }
    }

    /// Which bytes of which file of the journal it takes.
    pub(crate) fn journal_bytes(&self, sizes: &Sizes) -> Option<(PathBuf, u64, u64)> {
        let (file, from, to) = match self {
            Self::Flip { file, at, .. } => (file, *at, at + 1),
            Self::Cut { file, at } => (file, *at, sizes.0[file]),
            Self::Zero { file, page } => (file, page * PAGE, page * PAGE + PAGE),
            Self::Snapshots => return None,
        };
        file.starts_with("journal")
            .then(|| (file.clone(), from, to))
    }

    /// Keys are kept twice against a bad byte; a key file that lost half of itself is another error.
    fn is_beyond_the_promise(&self) -> bool {
        match self {
            Self::Cut { file, .. } | Self::Zero { file, .. } => {
                !file.starts_with("journal") && !file.starts_with("index")
            }
            Self::Flip { .. } | Self::Snapshots => false,
        }
    }
}

/// How long each file of a store is, but for those that are empty or only held.
pub(crate) struct Sizes(BTreeMap<PathBuf, u64>);

impl Sizes {
    pub(crate) fn of(folder: &Path) -> Self {
        let files = super::common::files(folder).into_iter();
        let sizes = files.map(|(path, bytes)| {
            let name = path.strip_prefix(folder).expect("below").to_owned();
            (name, bytes.len() as u64)
        });
        let counts = |(name, length): &(PathBuf, u64)| {
            *length > 0 && !name.to_string_lossy().starts_with("lock")
        };
        Self(sizes.filter(counts).collect())
    }

    /// A byte of any file: every other one of the index, which is the smaller and the weaker part; in
    /// either part each as likely as any other.
    fn place(&self, random: &mut Random) -> (PathBuf, u64) {
        let of_index = random.below(2) == 0;
        let files = || {
            let is_in = move |name: &Path| name.starts_with("index") == of_index;
            self.0.iter().filter(move |(name, _)| is_in(name))
        };
        let mut at = random.below(files().map(|(_, length)| length).sum());
        for (file, length) in files() {
            if at < *length {
                return (file.clone(), at);
            }
            at -= length;
        }
        unreachable!("it lies in one of them")
    }
}

/// Leftover snapshots, so many flipped bytes, and so many cuts and zeroed pages each.
pub(crate) fn harms(sizes: &Sizes, flips: usize, cuts: usize, random: &mut Random) -> Vec<Harm> {
    let mut harms = vec![Harm::Snapshots];
    for _ in 0..flips {
        let (file, at) = sizes.place(random);
        let bit = u8::try_from(random.below(8)).expect("small");
        harms.push(Harm::Flip { file, at, bit });
    }
    for _ in 0..cuts {
        let (file, at) = sizes.place(random);
        harms.push(Harm::Cut { file, at });
        let (file, at) = sizes.place(random);
        let page = at / PAGE;
        harms.push(Harm::Zero { file, page });
    }
    harms.retain(|harm| !harm.is_beyond_the_promise());
    harms
}
