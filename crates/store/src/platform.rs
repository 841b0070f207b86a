//! What depends on the operating system: who may read a file, and what makes a name durable.
//!
//! On Unix, secrets are files of mode 0600 in folders of mode 0700, and a folder is synced after a
//! name in it changed. Elsewhere the folder's own access list decides who may read, and the
//! operating system keeps names durable; both functions then do nothing.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

/// Makes a folder, and those above it, that only the owner can enter. [`crate::disk`] makes the name
/// durable as well.
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Opens a file that only the owner can read and write, making it where `options` say so.
pub(crate) fn open_private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.open(path)
}

/// The rights that others than the owner have on a file, as Unix mode bits; 0 where there are
/// none, or where the platform has no such bits.
pub(crate) fn rights_of_others(file: &File) -> io::Result<u32> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        Ok(file.metadata()?.mode() & 0o077)
    }
    #[cfg(not(unix))]
    {
        file.metadata().map(|_| 0)
    }
}

/// Fills `buffer` from `offset` on. Where the file's own place is afterwards, nobody may count on.
pub(crate) fn read_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    #[cfg(unix)]
    {
        std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
    }
    #[cfg(not(unix))]
    {
        use std::io::{Read, Seek, SeekFrom};
        let mut file = file;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(buffer)
    }
}

/// Makes names that were created, renamed or removed in `folder` durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        File::open(folder)?.sync_all()
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        Ok(())
    }
}
