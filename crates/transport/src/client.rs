//! One HTTP call to Central, and a name for each way in which it can fail.

use crate::{ClientConfig, ConfigError, TransportError};
use pagetally_contract::{Operation, SoapVersion};

/// A connection to one Central.
#[derive(Debug)]
pub struct CentralClient {
    config: ClientConfig,
}

impl CentralClient {
    /// Makes a client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] naming what cannot be used.
    pub fn new(config: ClientConfig) -> Result<Self, ConfigError> {
        Ok(Self { config })
    }

    /// Central's address.
    pub fn url(&self) -> &str {
        &self.config.url
    }

    /// Sends an envelope and reads the answer's, a fault's included.
    ///
    /// # Errors
    ///
    /// [`TransportError`] naming what failed.
    pub fn call(
        &self,
        operation: Operation,
        version: SoapVersion,
        envelope: &[u8],
    ) -> Result<Vec<u8>, TransportError> {
        let _ = (operation, version, envelope);
        todo!()
    }
}
