//! A folder of recordings as devices.

use pagetally_fleet_sim::{Chance, SimDevice};
use pagetally_snmp_engine::Recording;
use pagetally_snmp_engine::recording::{MAX_BYTES, RecordingError};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many devices to make of one recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copies {
    /// At least one. The first is the recorded device itself.
    pub count: u32,
    /// What the other ones' serials and hardware addresses are drawn from.
    pub seed: u64,
}

impl Default for Copies {
    fn default() -> Self {
        Self { count: 1, seed: 1 }
    }
}

/// Recordings that cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The folder or a file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is no recording.
    #[error("{} is no recording", path.display())]
    Parse {
        /// Which one.
        path: PathBuf,
        /// The line and what is wrong there.
        source: RecordingError,
    },
}

/// Every `*.snmprec` in `dir`, by name; the copies of one recording stand together.
///
/// # Errors
///
/// [`LoadError`] with the first file that cannot be read.
pub fn load(dir: &Path, copies: Copies) -> Result<Vec<SimDevice>, LoadError> {
    let unread = |source| LoadError::Read {
        path: dir.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        if path.extension().is_some_and(|end| end == "snmprec") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut chance = Chance::new(copies.seed);
    let mut devices = Vec::new();
    for path in &paths {
        let recording = Arc::new(read(path)?);
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        for copy in 0..copies.count.max(1) {
            let device = SimDevice::from_recording(name.as_ref(), Arc::clone(&recording));
            devices.push(match copy {
                0 => device,
                _ => another(device, &mut chance),
            });
        }
    }
    Ok(devices)
}

/// One recording.
///
/// # Errors
///
/// [`LoadError`] where the file cannot be read or is no recording.
pub fn read(path: &Path) -> Result<Recording, LoadError> {
    let read = || -> io::Result<Vec<u8>> {
        let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        // One more than may be, so that the parser sees that it is too much.
        File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|source| LoadError::Read {
        path: path.to_owned(),
        source,
    })?;
    Recording::parse(&bytes).map_err(|source| LoadError::Parse {
        path: path.to_owned(),
        source,
    })
}

/// The same recording as another device of the same model.
fn another(device: SimDevice, chance: &mut Chance) -> SimDevice {
    let serial = format!("SIM{:09}", chance.below(1_000_000_000));
    let [.., a, b, c, d, e] = chance.next().to_be_bytes();
    // Locally administered addresses are no evidence of identity, so the prefix stays a maker's.
    device
        .with_serial(serial)
        .with_mac([0x00, a & 0xfe, b, c, d, e])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a folder");
        for (name, content) in files {
            std::fs::write(dir.path().join(name), content).expect("written");
        }
        dir
    }

    const PRINTER: &str = "1.3.6.1.2.1.2.2.1.6.1|4x|00267311aabb\n\
                           1.3.6.1.2.1.43.5.1.1.17.1|4|CNB1234567\n";

    #[test]
    fn copies_of_one_recording_are_different_devices() {
        let dir = folder(&[("a.snmprec", PRINTER), ("notes.txt", "no recording")]);
        let copies = Copies { count: 3, seed: 9 };
        let devices = load(dir.path(), copies).expect("readable");
        let truths: Vec<_> = devices.iter().map(SimDevice::truth).collect();
        assert_eq!(truths[0].serial, "CNB1234567");
        assert_eq!(truths.len(), 3);
        assert_ne!(truths[1].serial, truths[2].serial);
        assert_ne!(truths[0].mac, truths[1].mac);
        assert_ne!(truths[1].mac, truths[2].mac);
    }

    #[test]
    fn a_broken_recording_is_named_with_its_line() {
        let dir = folder(&[("a.snmprec", PRINTER), ("b.snmprec", "1.3.6|2|x\n")]);
        let error = load(dir.path(), Copies::default()).expect_err("broken");
        assert!(error.to_string().contains("b.snmprec"), "{error}");
        let source = std::error::Error::source(&error)
            .expect("a cause")
            .to_string();
        assert!(source.contains("line 1"), "{source}");
    }
}
