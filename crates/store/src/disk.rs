//! Every call by which the store changes its own files: keys, journal, what is remembered, and the place
//! of the index. What sled writes inside its folder is sled's, and the lock holds nothing.
//!
//! They go through one place so that the tests can take the disk away at each of them in turn, and
//! let the power go with what was not yet synced ([`double`]).

use crate::platform;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

#[cfg(test)]
pub(crate) mod double;

/// A file that is written to.
#[derive(Debug)]
pub(crate) struct DiskFile {
    file: File,
    #[cfg(test)]
    id: Option<double::FileId>,
}

impl DiskFile {
    /// Opens a file that only the owner can read and write, making it where `options` say so.
    pub(crate) fn open(options: &mut OpenOptions, path: &Path) -> io::Result<Self> {
        #[cfg(test)]
        double::may_go_on()?;
        let file = platform::open_private(options, path)?;
        Ok(Self {
            #[cfg(test)]
            id: double::opened(path, &file),
            file,
        })
    }

    /// Writes all of it, where the file's place is.
    pub(crate) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        #[cfg(test)]
        if let Err(error) = double::may_go_on() {
            self.file.write_all(&bytes[..bytes.len() / 2])?;
            return Err(error);
        }
        self.file.write_all(bytes)
    }

    /// Puts zeros over all bytes, durably.
    pub(crate) fn wipe(&mut self) -> io::Result<()> {
        let mut left = self.file.metadata()?.len();
        let zeros = [0; 4096];
        self.file.seek(SeekFrom::Start(0))?;
        while left > 0 {
            let part = usize::try_from(left)
                .unwrap_or(zeros.len())
                .min(zeros.len());
            self.write_all(&zeros[..part])?;
            left -= part as u64;
        }
        self.sync()
    }

    /// Makes the file's bytes durable; its name is another matter.
    pub(crate) fn sync(&self) -> io::Result<()> {
        #[cfg(test)]
        if let Some(answer) = double::synced(self.id) {
            return answer;
        }
        self.file.sync_all()
    }

    /// The same for a file whose times nobody needs.
    pub(crate) fn sync_data(&self) -> io::Result<()> {
        #[cfg(test)]
        if let Some(answer) = double::synced(self.id) {
            return answer;
        }
        self.file.sync_data()
    }
}

/// Makes a folder, and those above it, that only the owner can enter, and their names durable.
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = folder_of(path);
    create_private_folder(parent)?;
    #[cfg(test)]
    double::may_go_on()?;
    platform::create_private_folder(path)?;
    #[cfg(test)]
    double::folder_made(path);
    match sync_folder(parent) {
        // Who may put names into a folder, and not list it, cannot sync it either.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        synced => synced,
    }
}

/// Gives a file or folder another name, which [`sync_folder`] makes durable.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(test)]
    double::may_go_on()?;
    fs::rename(from, to)?;
    #[cfg(test)]
    double::renamed(from, to);
    Ok(())
}

/// Takes a file's name away; [`sync_folder`] makes that durable.
pub(crate) fn remove_file(path: &Path) -> io::Result<()> {
    #[cfg(test)]
    double::may_go_on()?;
    fs::remove_file(path)?;
    #[cfg(test)]
    double::removed(path);
    Ok(())
}

/// Removes a folder with all that is in it.
pub(crate) fn remove_folder(path: &Path) -> io::Result<()> {
    #[cfg(test)]
    double::may_go_on()?;
    fs::remove_dir_all(path)?;
    #[cfg(test)]
    double::removed(path);
    Ok(())
}

/// Makes names that were created, renamed or removed in `folder` durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(test)]
    if let Some(answer) = double::names_synced(folder) {
        return answer;
    }
    platform::sync_folder(folder)
}

/// The folder that a path is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}
