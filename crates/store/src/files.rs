//! The journal's files, behind a trait so that tests can take the disk away.

use crate::disk::{self, DiskFile};
use crate::platform;
use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Where the journal keeps its segments: numbered files that are only ever appended to.
///
/// What was appended may be lost, wholly or in part, until [`sync`](Self::sync) has returned.
/// After a call has failed, nothing is known about the bytes of that segment which were not synced
/// before; the journal then never writes to it again.
pub trait JournalFiles: Debug + Send + Sync {
    /// The numbers of all segments, in ascending order.
    ///
    /// # Errors
    ///
    /// Whatever the disk says.
    fn segments(&self) -> io::Result<Vec<u32>>;

    /// How many bytes a segment has.
    ///
    /// # Errors
    ///
    /// Whatever the disk says.
    fn length(&self, segment: u32) -> io::Result<u64>;

    /// Fills `buffer` from `offset` on.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::UnexpectedEof`] when the segment ends before, else whatever the disk says.
    fn read(&self, segment: u32, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Makes a new segment, and its name durable.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`] when it is there, else whatever the disk says.
    fn create(&self, segment: u32) -> io::Result<()>;

    /// Writes to the end of a segment.
    ///
    /// # Errors
    ///
    /// Whatever the disk says.
    fn append(&self, segment: u32, bytes: &[u8]) -> io::Result<()>;

    /// Makes all that was appended durable.
    ///
    /// # Errors
    ///
    /// Whatever the disk says.
    fn sync(&self, segment: u32) -> io::Result<()>;

    /// Puts other bytes in the place of a whole segment, durably and in one step: whenever it stops,
    /// the segment has either the old or the new ones.
    ///
    /// # Errors
    ///
    /// Whatever the disk says.
    fn replace(&self, segment: u32, bytes: &[u8]) -> io::Result<()>;

    /// Removes a segment, durably. To remove what is not there is no error.
    ///
    /// # Errors
    ///
    /// Whatever the disk says.
    fn remove(&self, segment: u32) -> io::Result<()>;

    /// What to call a segment in messages.
    fn path(&self, segment: u32) -> PathBuf;
}

/// Segments as files `00000001.journal`... in one folder: what a store uses of its own accord.
#[derive(Debug)]
pub struct FolderFiles {
    folder: PathBuf,
    /// The segment being written, and the one read last.
    open: Mutex<OpenFiles>,
}

#[derive(Debug, Default)]
struct OpenFiles {
    writing: Option<(u32, DiskFile)>,
    reading: Option<(u32, File)>,
}

const SUFFIX: &str = ".journal";

impl FolderFiles {
    /// Segments in `folder`, which is made where it is missing.
    ///
    /// # Errors
    ///
    /// Whatever the disk says.
    pub fn open(folder: &Path) -> io::Result<Self> {
        disk::create_private_folder(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            open: Mutex::default(),
        })
    }

    fn with_open<T>(&self, run: impl FnOnce(&mut OpenFiles) -> io::Result<T>) -> io::Result<T> {
        run(&mut self.open.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with_writer<T>(
        &self,
        segment: u32,
        run: impl FnOnce(&mut DiskFile) -> io::Result<T>,
    ) -> io::Result<T> {
        self.with_open(|open| {
            let file = match open.writing.take() {
                Some((number, file)) if number == segment => file,
                Some(_) | None => {
                    DiskFile::open(OpenOptions::new().append(true), &self.path(segment))?
                }
            };
            let (_, file) = open.writing.insert((segment, file));
            run(file)
        })
    }
}

impl JournalFiles for FolderFiles {
    fn segments(&self) -> io::Result<Vec<u32>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let number = name
                .to_str()
                .and_then(|name| name.strip_suffix(SUFFIX))
                .filter(|digits| digits.len() >= 8)
                .and_then(|digits| digits.parse::<u32>().ok());
            numbers.extend(number);
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn length(&self, segment: u32) -> io::Result<u64> {
        Ok(fs::metadata(self.path(segment))?.len())
    }

    fn read(&self, segment: u32, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.with_open(|open| {
            let file = match open.reading.take() {
                Some((number, file)) if number == segment => file,
                Some(_) | None => File::open(self.path(segment))?,
            };
            let (_, file) = open.reading.insert((segment, file));
            platform::read_at(file, offset, buffer)
        })
    }

    fn create(&self, segment: u32) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        let file = DiskFile::open(&mut options, &self.path(segment))?;
        self.with_open(|open| {
            open.writing = Some((segment, file));
            Ok(())
        })?;
        disk::sync_folder(&self.folder)
    }

    fn append(&self, segment: u32, bytes: &[u8]) -> io::Result<()> {
        self.with_writer(segment, |file| file.write_all(bytes))
    }

    fn sync(&self, segment: u32) -> io::Result<()> {
        self.with_writer(segment, |file| file.sync_data())
    }

    fn replace(&self, segment: u32, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(segment);
        let beside = path.with_extension("journal.new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        let mut file = DiskFile::open(&mut options, &beside)?;
        if let Err(error) = file.write_all(bytes).and_then(|()| file.sync()) {
            // Half a segment is of no use, and on a full disk in the way.
            drop(file);
            let _ = disk::remove_file(&beside);
            return Err(error);
        }
        drop(file);
        self.with_open(|open| {
            // Handles of the old file would go on reading and writing what nobody finds any more.
            *open = OpenFiles::default();
            disk::rename(&beside, &path)
        })?;
        disk::sync_folder(&self.folder)
    }

    fn remove(&self, segment: u32) -> io::Result<()> {
        self.with_open(|open| {
            *open = OpenFiles::default();
            match disk::remove_file(&self.path(segment)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                Ok(()) | Err(_) => Ok(()),
            }
        })?;
        disk::sync_folder(&self.folder)
    }

    fn path(&self, segment: u32) -> PathBuf {
        self.folder.join(format!("{segment:08}{SUFFIX}"))
    }
}
