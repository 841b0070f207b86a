//! Random damage to every file of a store: whatever is hit, a pass is accepted, what was not hit is
//! there, and the event is on record.
//!
//! `PAGETALLY_DAMAGE=audits,flips,cuts` runs it larger, as `.ci/long` does; then a pass also has to
//! be accepted within ten seconds. `PAGETALLY_SEED` repeats a run.

mod common;

use common::{agent, at, context, copy, pass, segments};
use pagetally_store::{OpenOptions, Receipt, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long an agent may take, opening included, to accept a pass over a damaged store.
const ACCEPTED_WITHIN: Duration = Duration::from_secs(10);
/// Devices of one pass.
const DEVICES: u16 = 20;
/// The last passes have no receipt.
const UNDELIVERED: u16 = 3;

struct Size {
    audits: usize,
    flips: usize,
    cuts: usize,
    timed: bool,
}

impl Size {
    fn from_environment() -> Self {
        let Ok(text) = std::env::var("PAGETALLY_DAMAGE") else {
            return Self {
                audits: 200,
                flips: 24,
                cuts: 8,
                timed: false,
            };
        };
        let numbers: Vec<usize> = text.split(',').flat_map(str::parse).collect();
        let [audits, flips, cuts] = numbers[..] else {
            panic!("PAGETALLY_DAMAGE is {text:?}, not three numbers");
        };
        Self {
            audits,
            flips,
            cuts,
            timed: true,
        }
    }
}

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn from_environment() -> Self {
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
enum Harm {
    Flip { file: PathBuf, at: u64, bit: u8 },
    Cut { file: PathBuf, at: u64 },
    Zero { file: PathBuf, page: u64 },
    Snapshots,
}

impl Harm {
    /// Does it, to a copy of a store.
    fn apply(&self, folder: &Path) {
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
                let size = 4_096.min(length - page * 4_096);
                file.seek(SeekFrom::Start(page * 4_096)).expect("seeks");
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
    fn journal_bytes(&self, sizes: &BTreeMap<PathBuf, u64>) -> Option<(PathBuf, u64, u64)> {
        let (file, from, to) = match self {
            Self::Flip { file, at, .. } => (file, *at, at + 1),
            Self::Cut { file, at } => (file, *at, sizes[file]),
            Self::Zero { file, page } => (file, page * 4_096, page * 4_096 + 4_096),
            Self::Snapshots => return None,
        };
        file.starts_with("journal")
            .then(|| (file.clone(), from, to))
    }
}

/// A store, with where each undelivered audit lies.
struct Original {
    folder: tempfile::TempDir,
    sizes: BTreeMap<PathBuf, u64>,
    undelivered: Vec<(String, PathBuf, u64, u64)>,
    passes: u16,
}

impl Original {
    fn new(audits: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let passes = u16::try_from(audits / usize::from(DEVICES)).expect("at most 65,535 passes");
        let agent = agent();
        let store = Store::open(folder.path(), &OpenOptions::new(at(0))).expect("opens");
        store.set_identity(&agent).expect("stored");
        for number in 1..=passes {
            let infos = store
                .commit_pass(pass(number, DEVICES), &context(&agent, number.into()))
                .expect("stored");
            if number + UNDELIVERED <= passes {
                let receipt = Receipt {
                    number: infos[0].number,
                    content: infos[0].content,
                    received: at(number.into()),
                    bytes: vec![],
                };
                store.record_receipt(&receipt).expect("stored");
            }
        }
        drop(store);
        let sizes = common::files(folder.path())
            .into_iter()
            .map(|(path, bytes)| {
                let name = path.strip_prefix(folder.path()).expect("below").to_owned();
                (name, bytes.len() as u64)
            })
            .filter(|(name, length)| *length > 0 && !name.to_string_lossy().starts_with("lock"))
            .collect();
        let undelivered = undelivered(folder.path(), passes);
        Self {
            folder,
            sizes,
            undelivered,
            passes,
        }
    }

    /// A byte of any file, each as likely as any other.
    fn place(&self, random: &mut Random) -> (PathBuf, u64) {
        let mut at = random.below(self.sizes.values().sum());
        for (file, length) in &self.sizes {
            if at < *length {
                return (file.clone(), at);
            }
            at -= length;
        }
        unreachable!("it lies in one of them")
    }
}

/// The audits without a receipt, with where their frames lie: read as docs/storage-format.md says.
fn undelivered(folder: &Path, passes: u16) -> Vec<(String, PathBuf, u64, u64)> {
    let mut frames = Vec::new();
    for path in segments(folder) {
        let bytes = fs::read(&path).expect("readable");
        let name = path.strip_prefix(folder).expect("below").to_owned();
        let mut offset = 32;
        while offset < bytes.len() {
            let length = u32::from_be_bytes(bytes[offset + 8..offset + 12].try_into().expect("4"));
            let end = offset + 80 + length as usize;
            if bytes[offset + 6] == 1 {
                frames.push((name.clone(), offset as u64, end as u64));
            }
            offset = end;
        }
    }
    let ids = (1..=passes).flat_map(|pass| (0..DEVICES).map(move |device| (pass, device)));
    ids.zip(frames)
        .filter(|((pass, _), _)| pass + UNDELIVERED > passes)
        .map(|((pass, device), (file, from, to))| {
            (common::audit_id(pass, device).to_string(), file, from, to)
        })
        .collect()
}

#[test]
fn whatever_is_hit_a_pass_is_accepted_and_the_rest_is_there() {
    let size = Size::from_environment();
    let mut random = Random::from_environment();
    let original = Original::new(size.audits);
    let mut harms = vec![Harm::Snapshots];
    for _ in 0..size.flips {
        let (file, at) = original.place(&mut random);
        let bit = u8::try_from(random.below(8)).expect("small");
        harms.push(Harm::Flip { file, at, bit });
    }
    for _ in 0..size.cuts {
        let (file, at) = original.place(&mut random);
        harms.push(Harm::Cut { file, at });
        let (file, at) = original.place(&mut random);
        let page = at / 4_096;
        harms.push(Harm::Zero { file, page });
    }
    // Keys are kept twice against a bad byte; a key file that lost half of itself is another error.
    let is_keys = |harm: &Harm| match harm {
        Harm::Cut { file, .. } | Harm::Zero { file, .. } => {
            !file.starts_with("journal") && !file.starts_with("index")
        }
        Harm::Flip { .. } | Harm::Snapshots => false,
    };
    harms.retain(|harm| !is_keys(harm));
    let mut worst = Duration::ZERO;
    let mut hit = 0;
    for (number, harm) in harms.iter().enumerate() {
        // Every other one as a large store, whose index is built behind it.
        let read_at_open = if number % 2 == 0 { 16 << 20 } else { 0 };
        let (took, lost) = survive(&original, harm, read_at_open);
        worst = worst.max(took);
        hit += lost;
        if size.timed {
            assert!(took < ACCEPTED_WITHIN, "{harm:?} took {took:?}");
        }
    }
    println!(
        "{} audits, {} harms: {hit} undelivered audits hit, a pass accepted within {worst:?}",
        size.audits,
        harms.len()
    );
}

/// Harms a copy, and answers how long a pass took to be accepted, and how many undelivered audits
/// were hit.
fn survive(original: &Original, harm: &Harm, read_at_open: u64) -> (Duration, usize) {
    let folder = tempfile::tempdir().expect("a folder");
    copy(original.folder.path(), folder.path());
    harm.apply(folder.path());
    let begun = Instant::now();
    let options = OpenOptions::new(at(90_000)).read_at_open(read_at_open);
    let store = Store::open(folder.path(), &options).expect("it opens");
    let known = store
        .latest_audit(pagetally_store::Clue::Serial(&common::serial(1)))
        .map(|found| found.is_some());
    let accepted = store
        .commit_pass(
            pass(original.passes + 1, DEVICES),
            &context(&agent(), 90_000),
        )
        .expect("a pass is accepted");
    let took = begun.elapsed();
    assert!(accepted[0].number > 0);
    if !matches!(harm, Harm::Cut { .. }) {
        assert!(!matches!(known, Ok(false)), "{harm:?}: a device is unknown");
    }

    let there: BTreeSet<String> = store
        .audits()
        .filter_map(Result::ok)
        .map(|found| found.audit.id.to_string())
        .take(original.undelivered.len() + 2 * usize::from(DEVICES))
        .collect();
    let bytes = harm.journal_bytes(&original.sizes);
    let mut lost = 0;
    for (id, file, from, to) in &original.undelivered {
        let is_hit = bytes
            .as_ref()
            .is_some_and(|(hit, first, end)| hit == file && first < to && from < end);
        if is_hit {
            lost += 1;
        } else {
            assert!(there.contains(id), "{harm:?}: audit {id} is gone");
        }
    }
    assert!(bytes.is_none() || lost <= 1 || !matches!(harm, Harm::Flip { .. }));
    drop(store);
    let store = Store::open(folder.path(), &options).expect("it opens again");
    assert!(
        store.audits().next().is_some_and(|newest| newest.is_ok()),
        "{harm:?}"
    );
    if bytes.is_some() {
        // A large store is read behind: closing waits for that.
        drop(store);
        let store = Store::open(folder.path(), &options).expect("it opens once more");
        let events = store.events(10).expect("readable");
        assert!(!events.is_empty(), "{harm:?} is not on record");
    }
    (took, lost)
}
