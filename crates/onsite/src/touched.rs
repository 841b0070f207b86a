//! The log of every address that was sent anything: plain text, for the people who run the network.
//!
//! ```text
//! 2026-11-27T14:00:01.123Z udp 192.0.2.7:161 5b1c66a2c2f64e0f9d4a8a2e6a3f1c77
//! 2026-11-27T14:00:09.004Z tcp 192.0.2.40:631 5b1c66a2c2f64e0f9d4a8a2e6a3f1c77
//! ```
//!
//! A line for each address of a pass, at its first datagram or connection: the time (RFC 3339, by this
//! machine's clock), the transport, address and port, and the pass. Lines are added to `touched.log` in the agent's
//! folder; a file that has 8 MiB becomes `touched.log.1`, and so on up to `.3`, so that no more than
//! 32 MiB are kept: a /24 looked at every hour fills them in three months. The log never stops a pass:
//! where it cannot be written, that is told once and the pass goes on.

use pagetally_model::{PassId, Timestamp};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The file that lines are added to, in the agent's folder.
pub const TOUCHED_LOG: &str = "touched.log";

/// A file of this size is put aside.
const MAX_BYTES: u64 = 8 << 20;

/// How many files that were put aside are kept.
const KEPT: u32 = 3;

/// How an address was touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Tcp,
    Udp,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

/// The log, open for one pass.
#[derive(Debug)]
pub(crate) struct TouchedLog {
    folder: PathBuf,
    /// Nothing after it failed.
    file: Option<BufWriter<File>>,
    bytes: u64,
    max_bytes: u64,
}

impl TouchedLog {
    /// Opens the log in an agent's folder.
    pub(crate) fn open(folder: &Path) -> Self {
        Self::with_size(folder, MAX_BYTES)
    }

    fn with_size(folder: &Path, max_bytes: u64) -> Self {
        let mut log = Self {
            folder: folder.to_owned(),
            file: None,
            bytes: 0,
            max_bytes,
        };
        if let Err(error) = log.reopen() {
            log.fail(&error);
        }
        log
    }

    /// Takes note of an address.
    pub(crate) fn note(&mut self, at: Timestamp, by: Transport, address: SocketAddr, pass: PassId) {
        let line = format!("{at} {by} {address} {pass}\n");
        if let Err(error) = self.write(line.as_bytes()) {
            self.fail(&error);
        }
    }

    /// Hands all lines to the system.
    pub(crate) fn flush(&mut self) {
        let flushed = self.file.as_mut().map_or(Ok(()), Write::flush);
        if let Err(error) = flushed {
            self.fail(&error);
        }
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.file.is_none() {
            return Ok(());
        }
        if self.bytes >= self.max_bytes {
            self.rotate()?;
        }
        if let Some(file) = &mut self.file {
            file.write_all(line)?;
            self.bytes += line.len() as u64;
        }
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        if let Some(mut file) = self.file.take() {
            file.flush()?;
        }
        for number in (0..KEPT).rev() {
            match std::fs::rename(self.path(number), self.path(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.reopen()
    }

    fn reopen(&mut self) -> io::Result<()> {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.path(0))?;
        self.bytes = file.metadata()?.len();
        self.file = Some(BufWriter::new(file));
        Ok(())
    }

    fn path(&self, number: u32) -> PathBuf {
        path(&self.folder, number)
    }

    fn fail(&mut self, error: &io::Error) {
        self.file = None;
        let file = self.path(0);
        tracing::warn!(file = %file.display(), %error, "the log of touched addresses cannot be written");
    }
}

impl Drop for TouchedLog {
    fn drop(&mut self) {
        self.flush();
    }
}

fn path(folder: &Path, number: u32) -> PathBuf {
    match number {
        0 => folder.join(TOUCHED_LOG),
        number => folder.join(format!("{TOUCHED_LOG}.{number}")),
    }
}

/// The files of the log that are there, the oldest lines first. An agent that is at work does not
/// keep them from being read.
pub fn touched_files(folder: &Path) -> Vec<PathBuf> {
    (0..=KEPT)
        .rev()
        .map(|number| path(folder, number))
        .filter(|path| path.is_file())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass() -> PassId {
        PassId::from_bytes([7; 16])
    }

    fn address(n: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 7], n))
    }

    fn lines(folder: &Path) -> Vec<String> {
        touched_files(folder)
            .iter()
            .flat_map(|file| {
                let text = std::fs::read_to_string(file).expect("readable");
                text.lines().map(str::to_owned).collect::<Vec<_>>()
            })
            .collect()
    }

    #[test]
    fn a_line_names_time_transport_address_and_pass() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut log = TouchedLog::open(folder.path());
        log.note(
            Timestamp::from_unix_millis(0),
            Transport::Udp,
            address(161),
            pass(),
        );
        let zoned = "[fe80::1%2]:161".parse().expect("valid");
        log.note(
            Timestamp::from_unix_millis(1),
            Transport::Tcp,
            zoned,
            pass(),
        );
        drop(log);
        assert_eq!(
            lines(folder.path()),
            [
                format!("1970-01-01T00:00:00.000Z udp 192.0.2.7:161 {}", pass()),
                format!("1970-01-01T00:00:00.001Z tcp [fe80::1%2]:161 {}", pass()),
            ]
        );
    }

    #[test]
    fn lines_are_added_to_those_of_earlier_passes() {
        let folder = tempfile::tempdir().expect("a folder");
        for port in [1, 2] {
            let mut log = TouchedLog::open(folder.path());
            log.note(
                Timestamp::from_unix_millis(0),
                Transport::Udp,
                address(port),
                pass(),
            );
        }
        assert_eq!(lines(folder.path()).len(), 2);
    }

    #[test]
    fn the_log_never_outgrows_its_bound_and_keeps_the_newest_lines_in_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut log = TouchedLog::with_size(folder.path(), 1_000);
        for port in 0..1_000 {
            log.note(
                Timestamp::from_unix_millis(0),
                Transport::Udp,
                address(port),
                pass(),
            );
        }
        drop(log);
        let files = touched_files(folder.path());
        assert_eq!(files.len(), 4);
        for file in &files {
            assert!(std::fs::metadata(file).expect("there").len() <= 1_100);
        }
        let kept = lines(folder.path());
        let ports: Vec<u16> = kept
            .iter()
            .map(|line| {
                let address: SocketAddr =
                    line.split(' ').nth(2).expect("there").parse().expect("one");
                address.port()
            })
            .collect();
        assert_eq!(ports.last(), Some(&999));
        assert!(
            ports.windows(2).all(|pair| pair[1] == pair[0] + 1),
            "{ports:?}"
        );
    }

    #[test]
    fn a_log_that_cannot_be_written_stops_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join(TOUCHED_LOG)).expect("a folder in its way");
        let mut log = TouchedLog::open(folder.path());
        log.note(
            Timestamp::from_unix_millis(0),
            Transport::Udp,
            address(161),
            pass(),
        );
        log.flush();
        assert!(touched_files(folder.path()).is_empty());
    }
}
