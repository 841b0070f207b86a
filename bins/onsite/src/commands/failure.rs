//! How a command ends.

/// The exit code of a command. `--help` of each command says what they mean there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// All went well.
    Ok = 0,
    /// Nothing was found.
    Nothing = 1,
    /// The arguments make no sense; clap ends with the same code.
    Usage = 2,
    /// Part of it failed, or waits for another try.
    Partial = 3,
    /// It could not be done.
    Failed = 4,
    /// Stopped by Ctrl-C or a signal, as shells count it.
    Interrupted = 130,
}

/// An error with the exit code that it ends with.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) error: anyhow::Error,
}

impl Failure {
    /// The caller's doing.
    pub(crate) fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self {
            exit: Exit::Usage,
            error: error.into(),
        }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            exit: Exit::Failed,
            error: error.into(),
        }
    }
}
