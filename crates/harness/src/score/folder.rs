//! The folder on disk: bounded reading, and errors that name the file.

use super::expected::Expected;
use super::statement;
use pagetally_snmp_engine::recording::{MAX_BYTES, RecordingError};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Ceiling on a statement's or table's size: the largest known one has 92 kB.
pub(super) const MAX_TEXT_BYTES: usize = 8 << 20;

/// Ceiling on the recordings of one folder: a collection, not a disk.
const MAX_RECORDINGS: usize = 10_000;

const STATEMENT: &str = ".expected.json";

/// A folder that cannot be scored.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", file.display())]
pub struct ScoreError {
    /// The file or folder that is to blame.
    pub file: PathBuf,
    /// What is wrong with it.
    #[source]
    pub problem: ScoreProblem,
}

/// What can be wrong with a file or folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreProblem {
    /// A line of a table has too few columns.
    #[error("line {0} has too few columns")]
    Columns(usize),
    /// There is nothing to compare.
    #[error("no recording with a statement beside it, and no ident.tsv")]
    Empty,
    /// The operating system refuses.
    #[error("cannot be read")]
    Io(#[from] io::Error),
    /// The statement is not of the known form.
    #[error("is no statement of expected values")]
    Json(#[from] serde_json::Error),
    /// A line of a table begins with an unknown word.
    #[error("line {0} is neither of a printer nor of something else")]
    Kind(usize),
    /// The statement's recording is missing.
    #[error("has no recording beside it")]
    NoRecording,
    /// A line of a table holds no object identifier where one should stand.
    #[error("line {0} has no object identifier in its third column")]
    ObjectId(usize),
    /// The recording cannot be read.
    #[error("is no recording")]
    Recording(#[from] RecordingError),
    /// The file is not text.
    #[error("is not UTF-8 text")]
    Text,
    /// The file is larger than is read.
    #[error("is larger than {0} bytes")]
    TooLarge(usize),
    /// More recordings than are looked at.
    #[error("holds more than {MAX_RECORDINGS} recordings")]
    TooMany,
}

/// A recording and what is known of it.
pub(super) struct Case {
    /// The files' common name.
    pub(super) name: String,
    /// Where the recording lies.
    pub(super) recording_file: PathBuf,
    /// The recording's bytes.
    pub(super) recording: Vec<u8>,
    /// The statement.
    pub(super) expected: Expected,
    /// Places of the statement that could not be read.
    pub(super) left_out: Vec<String>,
}

/// A folder whose names have been listed.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    names: BTreeSet<String>,
    ident: Option<PathBuf>,
}

impl Folder {
    pub(super) fn open(path: &Path, ident: Option<&Path>) -> Result<Self, ScoreError> {
        let names = list(path).map_err(|problem| ScoreError {
            file: path.into(),
            problem,
        })?;
        let own = Some(path.join("ident.tsv")).filter(|file| file.is_file());
        let ident = ident.map(Path::to_path_buf).or(own);
        let folder = Self {
            path: path.into(),
            names,
            ident,
        };
        if folder.names.is_empty() && folder.ident.is_none() {
            return Err(ScoreError {
                file: path.into(),
                problem: ScoreProblem::Empty,
            });
        }
        Ok(folder)
    }

    /// The names that have a statement, in order.
    pub(super) fn names(&self) -> &BTreeSet<String> {
        &self.names
    }

    /// The table of system descriptions, where the folder has one.
    pub(super) fn ident(&self) -> Option<&Path> {
        self.ident.as_deref()
    }

    /// Reads one recording and its statement.
    pub(super) fn case(&self, name: &str) -> Result<Case, ScoreError> {
        let statement_file = self.path.join(format!("{name}{STATEMENT}"));
        let recording_file = self.path.join(format!("{name}.snmprec"));
        let (expected, left_out) = read_bounded(&statement_file, MAX_TEXT_BYTES)
            .and_then(|bytes| Ok(statement::read(&bytes)?))
            .map_err(|problem| ScoreError {
                file: statement_file.clone(),
                problem,
            })?;
        if !recording_file.exists() {
            return Err(ScoreError {
                file: statement_file,
                problem: ScoreProblem::NoRecording,
            });
        }
        let recording = read_bounded(&recording_file, MAX_BYTES).map_err(|problem| ScoreError {
            file: recording_file.clone(),
            problem,
        })?;
        Ok(Case {
            name: name.to_owned(),
            recording_file,
            recording,
            expected,
            left_out,
        })
    }
}

fn list(path: &Path) -> Result<BTreeSet<String>, ScoreProblem> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(path)? {
        let file = entry?.file_name();
        if let Some(name) = file.to_str().and_then(|file| file.strip_suffix(STATEMENT)) {
            names.insert(name.to_owned());
        }
        if names.len() > MAX_RECORDINGS {
            return Err(ScoreProblem::TooMany);
        }
    }
    Ok(names)
}

/// Reads a whole file of at most `max` bytes.
pub(super) fn read_bounded(file: &Path, max: usize) -> Result<Vec<u8>, ScoreProblem> {
    // A pipe or a device would never end, or never begin.
    if !fs::metadata(file)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a plain file").into());
    }
    let mut bytes = Vec::new();
    File::open(file)?
        .take(max as u64 + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() > max {
        return Err(ScoreProblem::TooLarge(max));
    }
    Ok(bytes)
}

/// Reads a whole text of at most [`MAX_TEXT_BYTES`].
pub(super) fn read_text(file: &Path) -> Result<String, ScoreError> {
    read_bounded(file, MAX_TEXT_BYTES)
        .and_then(|bytes| String::from_utf8(bytes).map_err(|_| ScoreProblem::Text))
        .map_err(|problem| ScoreError {
            file: file.into(),
            problem,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("written");
        }
        folder
    }

    fn first_problem(files: &[(&str, &str)]) -> ScoreError {
        let folder = folder(files);
        let opened = Folder::open(folder.path(), None).expect("a folder");
        let name = opened.names().first().expect("a name");
        opened.case(name).err().expect("a problem")
    }

    #[test]
    fn a_folder_without_anything_to_compare_is_refused() {
        let folder = folder(&[("README.md", "nothing here")]);
        let error = Folder::open(folder.path(), None).expect_err("empty");
        assert!(matches!(error.problem, ScoreProblem::Empty));
    }

    #[test]
    fn a_missing_folder_is_refused_by_name() {
        let error = Folder::open(Path::new("/nonexistent/folder"), None).expect_err("missing");
        assert!(error.to_string().contains("/nonexistent/folder"));
    }

    #[test]
    fn a_statement_without_recording_is_named() {
        let error = first_problem(&[("a.expected.json", "{}")]);
        assert!(matches!(error.problem, ScoreProblem::NoRecording));
        assert!(error.file.ends_with("a.expected.json"));
    }

    #[test]
    fn a_broken_statement_is_named() {
        for broken in ["", "[]", "{"] {
            let error = first_problem(&[("a.expected.json", broken), ("a.snmprec", "")]);
            assert!(
                matches!(error.problem, ScoreProblem::Json(_)),
                "{broken}: {error:?}"
            );
            assert!(error.file.ends_with("a.expected.json"));
        }
    }

    #[test]
    fn a_folder_named_like_a_statement_is_no_statement() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("a.expected.json")).expect("made");
        let opened = Folder::open(folder.path(), None).expect("a folder");
        let error = opened.case("a").err().expect("a problem");
        assert!(matches!(error.problem, ScoreProblem::Io(_)));
    }

    #[test]
    fn a_file_over_the_ceiling_is_refused() {
        let folder = folder(&[("big", "12345")]);
        let file = folder.path().join("big");
        assert!(matches!(
            read_bounded(&file, 4),
            Err(ScoreProblem::TooLarge(4))
        ));
        assert_eq!(read_bounded(&file, 5).expect("fits"), b"12345");
    }
}
