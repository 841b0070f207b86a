//! A site's own definition rows, from a folder.

use pagetally_printer_mib::{DefinitionError, Definitions};
use std::io;
use std::path::{Path, PathBuf};

/// Ceiling on one file: the largest shipped one has a twentieth of it.
const MAX_BYTES: u64 = 1 << 20;

/// Ceiling on files in the folder.
const MAX_FILES: usize = 256;

/// A folder of definition rows that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// The folder or a file in it cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is larger than any file of rows is.
    #[error("{} has {bytes} bytes; no more than {MAX_BYTES} are read", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// More files than are read.
    #[error("{} has {files} TOML files; no more than {MAX_FILES} are read", path.display())]
    TooMany {
        /// The folder.
        path: PathBuf,
        /// How many there are.
        files: usize,
    },
    /// A row that makes no sense.
    #[error("the rows in {} cannot be used", path.display())]
    Row {
        /// The folder.
        path: PathBuf,
        /// The file and the row.
        #[source]
        source: DefinitionError,
    },
}

/// The shipped definitions with every `*.toml` of `folder` over them, in the order of the names.
///
/// # Errors
///
/// [`FolderError`] with the file and what is wrong with it. A row that cannot be used is never
/// left out in silence: a meter would mean something else than its owner thinks.
pub fn definitions_from(folder: &Path) -> Result<Definitions, FolderError> {
    Definitions::with_overrides(definition_files(folder)?).map_err(|source| FolderError::Row {
        path: folder.to_owned(),
        source,
    })
}

/// Every `*.toml` of `folder` by its name and its text, in the order of the names.
///
/// # Errors
///
/// [`FolderError`] with the file that cannot be read.
pub fn definition_files(folder: &Path) -> Result<Vec<(String, String)>, FolderError> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            paths.push(path);
        }
    }
    if paths.len() > MAX_FILES {
        return Err(FolderError::TooMany {
            path: folder.to_owned(),
            files: paths.len(),
        });
    }
    paths.sort();
    paths
        .iter()
        .map(|path| Ok((name_of(path), read(path)?)))
        .collect()
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> FolderError + '_ {
    move |source| FolderError::Read {
        path: path.to_owned(),
        source,
    }
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn read(path: &Path) -> Result<String, FolderError> {
    let bytes = std::fs::metadata(path).map_err(failed(path))?.len();
    if bytes > MAX_BYTES {
        return Err(FolderError::TooLarge {
            path: path.to_owned(),
            bytes,
        });
    }
    std::fs::read_to_string(path).map_err(failed(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_makes_no_sense_is_named_with_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("ours.toml"), "nonsense = 1\n").expect("writable");
        let error = definitions_from(folder.path()).expect_err("no rows");
        let text = crate::discovery::with_causes(&error);
        assert!(text.contains("ours.toml"), "{text}");
    }

    #[test]
    fn an_empty_folder_leaves_the_shipped_rows() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("notes.txt"), "nonsense = 1\n").expect("writable");
        let definitions = definitions_from(folder.path()).expect("nothing to read");
        assert_eq!(definitions.len(), Definitions::builtin().len());
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = definitions_from(Path::new("/no/such/rows")).expect_err("not there");
        assert!(error.to_string().contains("/no/such/rows"), "{error}");
    }
}
