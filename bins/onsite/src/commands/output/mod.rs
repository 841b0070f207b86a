//! Presentation: a table for people, CSV and JSON for programs.

pub(crate) mod csv;
pub(crate) mod table;
pub(crate) mod words;

use pagetally_model::{DeviceAudit, Observation};
use std::io::{ErrorKind, Write};

/// How to print audits: a table for people, one versioned document, or one row a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
    Csv,
}

/// Where an audit came from.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// A file on this machine.
    File(String),
    /// An address of the network.
    Network,
}

impl Place {
    /// The file's name, or the address that answered.
    pub(crate) fn words(&self, audit: &DeviceAudit) -> String {
        match self {
            Self::File(name) => name
                .rsplit(['/', '\\'])
                .next()
                .unwrap_or_default()
                .to_owned(),
            Self::Network => audit
                .address
                .map_or_else(|| "-".to_owned(), |address| address.ip().to_string()),
        }
    }
}

/// An observation's addresses in words.
pub(crate) fn addresses(observation: &Observation) -> String {
    match &observation.name {
        Some(name) if observation.first.is_unspecified() => name.as_str().to_owned(),
        _ if observation.first == observation.last => observation.first.to_string(),
        _ => format!("{}-{}", observation.first, observation.last),
    }
}

/// Writes to stdout. A reader that has gone (`| head`) is no failure.
pub(crate) fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
