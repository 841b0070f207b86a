//! A machine whose disk fails as told and whose power goes: over real files in a folder of a test.
//!
//! It knows which names and which bytes are durable. What was not synced when the power goes is kept,
//! lost, torn, or kept without its name, as the test asks. After a sync that failed, the bytes that it was
//! for never become durable: that is what Linux does.
//!
//! It sees the calls of the thread that it was started on. The index's own thread is not among them:
//! whatever becomes of what it writes, the journal is the truth.

use super::folder_of;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Bytes of a sector: what a disk writes as a whole or not at all.
const SECTOR: usize = 512;

/// A file, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileId(u64);

/// Which calls to the disk fail, counted from 0.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fails {
    Never,
    /// This one alone: a disk that has hiccups.
    Only(usize),
    /// This one and all later ones: the machine dies there.
    From(usize),
}

/// What the next process finds of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PowerCut {
    /// All of it.
    KeepsAll,
    /// Nothing of it.
    KeepsNone,
    /// The names, without the bytes.
    KeepsNames,
    /// The bytes of files whose names were durable.
    KeepsBytes,
    /// Names, and every other sector of the bytes; the others are zeros.
    TearsSectors,
}

impl PowerCut {
    pub(crate) const ALL: [Self; 5] = [
        Self::KeepsNone,
        Self::KeepsAll,
        Self::KeepsNames,
        Self::KeepsBytes,
        Self::TearsSectors,
    ];
}

#[derive(Debug)]
enum Node {
    Folder,
    File {
        reader: File,
        durable: Vec<u8>,
        /// Whether a sync of what is in it has failed.
        failed: bool,
    },
}

#[derive(Debug)]
struct Machine {
    /// The folder whose names and bytes are followed; none where calls fail and nothing else is of interest.
    root: Option<PathBuf>,
    fails: Fails,
    calls: usize,
    nodes: Vec<Node>,
    names: BTreeMap<PathBuf, FileId>,
    durable_names: BTreeMap<PathBuf, FileId>,
}

thread_local! {
    static MACHINE: RefCell<Option<Machine>> = const { RefCell::new(None) };
}

/// Lets the machine die after so many more calls to the disk, or never; what it wrote until then stays.
pub(crate) fn die_after(calls: Option<usize>) {
    let machine = calls.map(|calls| Machine::new(None, Fails::From(calls)));
    MACHINE.with(|place| *place.borrow_mut() = machine);
}

/// Starts to follow what becomes of `root`, which is empty.
pub(crate) fn start(root: &Path, fails: Fails) {
    let machine = Machine::new(Some(root.to_owned()), fails);
    MACHINE.with(|place| *place.borrow_mut() = Some(machine));
}

/// How many calls there were so far.
pub(crate) fn calls() -> usize {
    with(|machine| machine.calls).unwrap_or(0)
}

/// A machine that was stopped.
#[derive(Debug)]
pub(crate) struct Stopped(Machine);

/// Stops to follow, and lets no call fail any more.
pub(crate) fn stop() -> Stopped {
    let machine = MACHINE.with(|place| place.borrow_mut().take());
    Stopped(machine.expect("it was started"))
}

impl Machine {
    fn new(root: Option<PathBuf>, fails: Fails) -> Self {
        Self {
            root,
            fails,
            calls: 0,
            nodes: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
        }
    }

    fn follows(&self, path: &Path) -> bool {
        self.root
            .as_ref()
            .is_some_and(|root| path.starts_with(root))
    }

    fn call_fails(&mut self) -> bool {
        let call = self.calls;
        self.calls += 1;
        match self.fails {
            Fails::Never => false,
            Fails::Only(number) => call == number,
            Fails::From(number) => call >= number,
        }
    }

    fn add(&mut self, path: &Path, node: Node) -> FileId {
        self.nodes.push(node);
        let id = FileId(self.nodes.len() as u64 - 1);
        self.names.insert(path.to_owned(), id);
        id
    }

    fn node(&mut self, id: FileId) -> &mut Node {
        &mut self.nodes[usize::try_from(id.0).expect("a place in memory")]
    }
}

fn with<T>(run: impl FnOnce(&mut Machine) -> T) -> Option<T> {
    MACHINE.with(|place| place.borrow_mut().as_mut().map(run))
}

fn told() -> io::Error {
    io::Error::other("the disk fails as told")
}

/// Counts a call, and fails where that was told.
pub(crate) fn may_go_on() -> io::Result<()> {
    if with(Machine::call_fails).unwrap_or(false) {
        return Err(told());
    }
    Ok(())
}

pub(super) fn opened(path: &Path, file: &File) -> Option<FileId> {
    with(|machine| {
        if !machine.follows(path) {
            return None;
        }
        let is_empty = file.metadata().expect("it is open").len() == 0;
        if let Some(&id) = machine.names.get(path) {
            if let Node::File { failed, .. } = machine.node(id)
                && is_empty
            {
                *failed = false; // Written anew from the start.
            }
            return Some(id);
        }
        let node = Node::File {
            reader: File::open(path).expect("it was made a moment ago"),
            durable: Vec::new(),
            failed: false,
        };
        Some(machine.add(path, node))
    })
    .flatten()
}

pub(super) fn folder_made(path: &Path) {
    with(|machine| {
        if machine.follows(path) {
            machine.add(path, Node::Folder);
        }
    });
}

pub(super) fn renamed(from: &Path, to: &Path) {
    with(|machine| {
        let moved: Vec<PathBuf> = below(&machine.names, from);
        for path in moved {
            let id = machine.names.remove(&path).expect("it was listed");
            let rest = path.strip_prefix(from).expect("it is below");
            let to = if rest.as_os_str().is_empty() {
                to.to_owned()
            } else {
                to.join(rest)
            };
            machine.names.insert(to, id);
        }
    });
}

pub(super) fn removed(path: &Path) {
    with(|machine| machine.names.retain(|name, _| !name.starts_with(path)));
}

fn below(names: &BTreeMap<PathBuf, FileId>, path: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = names.keys().cloned().collect();
    found.retain(|name| name.starts_with(path));
    found
}

/// What a sync of the file answers, where this machine is in the place of the real one.
pub(super) fn synced(id: Option<FileId>) -> Option<io::Result<()>> {
    with(|machine| {
        let fails = machine.call_fails();
        if let Some(Node::File {
            reader,
            durable,
            failed,
        }) = id.map(|id| machine.node(id))
        {
            *failed |= fails;
            if !*failed {
                *durable = all_of(reader);
            }
        }
        if fails { Err(told()) } else { Ok(()) }
    })
}

pub(super) fn names_synced(folder: &Path) -> Option<io::Result<()>> {
    with(|machine| {
        if machine.call_fails() {
            return Err(told());
        }
        let is_in = |name: &Path| folder_of(name) == folder;
        machine.durable_names.retain(|name, _| !is_in(name));
        for (name, id) in &machine.names {
            if is_in(name) {
                machine.durable_names.insert(name.clone(), *id);
            }
        }
        Ok(())
    })
}

fn all_of(mut reader: &File) -> Vec<u8> {
    let mut bytes = Vec::new();
    reader.seek(SeekFrom::Start(0)).expect("it seeks");
    reader.read_to_end(&mut bytes).expect("it reads");
    bytes
}

impl Stopped {
    /// How many calls there were.
    pub(crate) fn calls(&self) -> usize {
        self.0.calls
    }

    /// Puts into `to` what the next process finds after the power went.
    pub(crate) fn after(&self, cut: PowerCut, to: &Path) {
        let machine = &self.0;
        let root = machine.root.as_ref().expect("it follows a folder");
        copy_others(root, root, to, &machine.names);
        let names = match cut {
            PowerCut::KeepsNone | PowerCut::KeepsBytes => &machine.durable_names,
            _ => &machine.names,
        };
        for (path, id) in names {
            let is_reached = path
                .ancestors()
                .skip(1)
                .take_while(|folder| *folder != root)
                .all(|folder| names.contains_key(folder));
            if !is_reached {
                continue;
            }
            let target = to.join(path.strip_prefix(root).expect("it is below"));
            match &machine.nodes[usize::try_from(id.0).expect("a place in memory")] {
                Node::Folder => fs::create_dir_all(&target).expect("made"),
                Node::File {
                    reader, durable, ..
                } => {
                    fs::write(&target, kept(cut, durable, all_of(reader))).expect("written");
                    own(&target);
                }
            }
        }
    }
}

/// What is left of a file's bytes.
fn kept(cut: PowerCut, durable: &[u8], mut written: Vec<u8>) -> Vec<u8> {
    match cut {
        PowerCut::KeepsAll | PowerCut::KeepsBytes => written,
        PowerCut::KeepsNone | PowerCut::KeepsNames => durable.to_vec(),
        PowerCut::TearsSectors => {
            for (sector, bytes) in written.chunks_mut(SECTOR).enumerate() {
                let begin = sector * SECTOR;
                let is_durable = durable.get(begin..begin + bytes.len()) == Some(&*bytes);
                if !is_durable && sector % 2 == 1 {
                    // A sector that was not written still has what it had.
                    for (at, byte) in bytes.iter_mut().enumerate() {
                        *byte = durable.get(begin + at).copied().unwrap_or(0);
                    }
                }
            }
            written
        }
    }
}

/// Copies what is not followed: the index and the lock.
fn copy_others(root: &Path, folder: &Path, to: &Path, names: &BTreeMap<PathBuf, FileId>) {
    for entry in fs::read_dir(folder).expect("it is there") {
        let path = entry.expect("an entry").path();
        if names.contains_key(&path) {
            continue;
        }
        let target = to.join(path.strip_prefix(root).expect("it is below"));
        if path.is_dir() {
            fs::create_dir_all(&target).expect("made");
            copy_others(root, &path, to, names);
        } else {
            fs::copy(&path, &target).expect("copied");
        }
    }
}

/// Gives a file the rights that it had.
fn own(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("changed");
    }
    #[cfg(not(unix))]
    let _ = path;
}
