//! Random damage to every file of a store: whatever is hit, a pass is accepted, what was not hit is
//! there, and the event is on record.
//!
//! `PAGETALLY_DAMAGE=audits,flips,cuts` runs it larger, as `.ci/long` does; then a pass also has to
//! be accepted within ten seconds. `PAGETALLY_SEED` repeats a run.
//!
//! Each harmed store is opened by a process of its own, which this test starts of itself: a damaged
//! sled may keep its memory and its threads, and what one takes is told.

mod common;
#[path = "damage_random/harm.rs"]
mod harm;

use common::{agent, at, context, pass, segments};
use harm::{Harm, Random, Sizes, harms};
use pagetally_store::{Clue, OpenOptions, Receipt, Store};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long an agent may take, opening included, to accept a pass over a damaged store.
const ACCEPTED_WITHIN: Duration = Duration::from_secs(10);
/// Devices of one pass.
const DEVICES: u16 = 20;
/// The last passes have no receipt.
const UNDELIVERED: u16 = 3;

/// Tells a child which store to open, and what is known of it.
const TASK: &str = "PAGETALLY_DAMAGE_TEST_TASK";
/// What a child says at its end, before how many milliseconds it took and kilobytes it had.
const SURVIVED: &str = "survived";

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

/// A store, with where each undelivered audit lies.
struct Original {
    folder: tempfile::TempDir,
    sizes: Sizes,
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
        let undelivered = undelivered(folder.path(), passes);
        Self {
            sizes: Sizes::of(folder.path()),
            folder,
            undelivered,
            passes,
        }
    }

    /// A store like this one, in a folder of its own. What the store never changes in its place,
    /// segments that are not written to any more, is the same file.
    fn copy(&self, harm: &Harm) -> tempfile::TempDir {
        let copy = tempfile::tempdir().expect("a folder");
        let (from, to) = (self.folder.path(), copy.path());
        let segments = segments(from);
        let full = segments.split_last().map_or(&[][..], |(_, full)| full);
        let mut folders = vec![from.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("the folder is there") {
                let path = entry.expect("an entry").path();
                let name = path.strip_prefix(from).expect("below");
                let target = to.join(name);
                if path.is_dir() {
                    fs::create_dir_all(&target).expect("a folder can be made");
                    folders.push(path);
                } else if full.contains(&path) && harm.file() != Some(name) {
                    fs::hard_link(&path, &target).expect("a file can be linked");
                } else {
                    fs::copy(&path, &target).expect("a file can be copied");
                }
            }
        }
        copy
    }

    /// The ids of the undelivered audits that are hit, and of the others.
    fn hit(&self, harm: &Harm) -> (Vec<&str>, Vec<&str>) {
        let bytes = harm.journal_bytes(&self.sizes);
        let is_hit = |(_, file, from, to): &&(String, PathBuf, u64, u64)| {
            let hit = bytes.as_ref();
            hit.is_some_and(|(hit, first, end)| hit == file && first < to && from < end)
        };
        let (hit, others): (Vec<_>, Vec<_>) = self.undelivered.iter().partition(is_hit);
        (
            hit.into_iter().map(|(id, ..)| id.as_str()).collect(),
            others.into_iter().map(|(id, ..)| id.as_str()).collect(),
        )
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
    if let Some(task) = std::env::var_os(TASK) {
        return Task::read(Path::new(&task)).run();
    }
    let size = Size::from_environment();
    let mut random = Random::from_environment();
    let original = Original::new(size.audits);
    let before = common::files(&original.folder.path().join("journal"));
    let harms = harms(&original.sizes, size.flips, size.cuts, &mut random);
    let (next, seen) = (AtomicUsize::new(0), Mutex::new(Seen::default()));
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(harm) = harms.get(number) else { break };
                    let one = survive(&original, harm, number);
                    if size.timed && one.took >= ACCEPTED_WITHIN {
                        println!("{harm:?} took {:?}", one.took);
                    }
                    let mut seen = seen.lock().expect("nobody panicked");
                    seen.add(&one);
                    if seen.harms.is_multiple_of(100) {
                        println!("{} of {} harms: {:?}", seen.harms, harms.len(), seen.took);
                    }
                }
            });
        }
    });
    let after = common::files(&original.folder.path().join("journal"));
    assert!(before == after, "a segment was changed in its place");
    let seen = seen.into_inner().expect("nobody panicked");
    assert_eq!(seen.harms, harms.len());
    println!(
        "{} audits, {} harms: {} undelivered audits hit, a pass accepted within {:?}, a process had at most {} kB",
        size.audits, seen.harms, seen.lost, seen.took, seen.peak
    );
    assert!(!size.timed || seen.took < ACCEPTED_WITHIN, "a pass waited");
}

/// What became of one harmed store, or the most of what became of many.
#[derive(Default)]
struct Seen {
    harms: usize,
    /// How long a pass took to be accepted.
    took: Duration,
    /// How many undelivered audits were hit.
    lost: usize,
    /// The most memory that its process had, in kilobytes.
    peak: u64,
}

impl Seen {
    fn add(&mut self, one: &Self) {
        self.harms += one.harms;
        self.took = self.took.max(one.took);
        self.lost += one.lost;
        self.peak = self.peak.max(one.peak);
    }
}

/// Harms a copy, and lets a process of its own open it.
fn survive(original: &Original, harm: &Harm, number: usize) -> Seen {
    let folder = original.copy(harm);
    harm.apply(folder.path());
    let (hit, others) = original.hit(harm);
    assert!(hit.len() <= 1 || !matches!(harm, Harm::Flip { .. }));
    let task = Task {
        folder: folder.path().to_owned(),
        // Every other one as a large store, whose index is built behind it.
        read_at_open: if number.is_multiple_of(2) {
            16 << 20
        } else {
            0
        },
        passes: original.passes,
        is_cut: matches!(harm, Harm::Cut { .. }),
        is_journal: harm.journal_bytes(&original.sizes).is_some(),
        there: others.iter().map(|id| (*id).to_owned()).collect(),
    };
    let file = folder.path().with_extension("task");
    task.write(&file);
    let this = std::env::current_exe().expect("this test");
    let child = Command::new(this)
        .args(["whatever_is_hit", "--nocapture", "--test-threads=1"])
        .env(TASK, &file)
        // To name the places of sled's panics takes seconds.
        .env("RUST_BACKTRACE", "0")
        .output()
        .expect("it starts");
    fs::remove_file(&file).expect("removed");
    let out = String::from_utf8_lossy(&child.stdout);
    let told: Option<(u64, u64)> = out.lines().find_map(|line| {
        let (_, numbers) = line.split_once(SURVIVED)?;
        let (took, peak) = numbers.trim().split_once(' ')?;
        Some((took.parse().ok()?, peak.parse().ok()?))
    });
    let Some((took, peak)) = told.filter(|_| child.status.success()) else {
        let errors = String::from_utf8_lossy(&child.stderr);
        panic!("{harm:?}: {}\n{out}\n{errors}", child.status);
    };
    Seen {
        harms: 1,
        took: Duration::from_millis(took),
        lost: hit.len(),
        peak,
    }
}

/// What a child is to do.
struct Task {
    folder: PathBuf,
    read_at_open: u64,
    passes: u16,
    is_cut: bool,
    is_journal: bool,
    /// Ids of undelivered audits that must be there.
    there: BTreeSet<String>,
}

impl Task {
    fn write(&self, file: &Path) {
        let folder = self.folder.to_str().expect("UTF-8");
        let there: Vec<&str> = self.there.iter().map(String::as_str).collect();
        let text = format!(
            "{folder}\n{} {} {} {}\n{}",
            self.read_at_open,
            self.passes,
            self.is_cut,
            self.is_journal,
            there.join("\n")
        );
        fs::write(file, text).expect("written");
    }

    fn read(file: &Path) -> Self {
        let text = fs::read_to_string(file).expect("the parent wrote it");
        let mut lines = text.lines();
        let folder = lines.next().expect("a folder").into();
        let words: Vec<&str> = lines.next().expect("numbers").split(' ').collect();
        Self {
            folder,
            read_at_open: words[0].parse().expect("a number"),
            passes: words[1].parse().expect("a number"),
            is_cut: words[2] == "true",
            is_journal: words[3] == "true",
            there: lines.map(str::to_owned).collect(),
        }
    }

    /// Accepts a pass over the harmed store and looks at what is there.
    fn run(&self) {
        let begun = Instant::now();
        let options = OpenOptions::new(at(90_000)).read_at_open(self.read_at_open);
        let open = || Store::open(&self.folder, &options).expect("it opens");
        let store = open();
        let known = store
            .latest_audit(Clue::Serial(&common::serial(1)))
            .map(|found| found.is_some());
        let accepted = store
            .commit_pass(pass(self.passes + 1, DEVICES), &context(&agent(), 90_000))
            .expect("a pass is accepted");
        let took = begun.elapsed();
        assert!(accepted[0].number > 0);
        assert!(
            self.is_cut || !matches!(known, Ok(false)),
            "a device is unknown"
        );
        let newest = store.audits().filter_map(Result::ok);
        let there: BTreeSet<String> = newest
            .map(|found| found.audit.id.to_string())
            .take(usize::from((UNDELIVERED + 2) * DEVICES))
            .collect();
        let gone: Vec<_> = self.there.difference(&there).collect();
        assert!(gone.is_empty(), "audits {gone:?} are gone");
        drop(store);
        let store = open();
        let newest = store.audits().next();
        assert!(newest.is_some_and(|newest| newest.is_ok()));
        if self.is_journal {
            // A large store is read behind: closing waits for that.
            drop(store);
            let events = open().events(10).expect("readable");
            assert!(!events.is_empty(), "it is not on record");
        }
        println!("\n{SURVIVED} {} {}", took.as_millis(), peak());
    }
}

/// The most memory that this process had, in kilobytes; 0 where the system does not tell.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next())
        .and_then(|kilobytes| kilobytes.parse().ok())
        .unwrap_or(0)
}
