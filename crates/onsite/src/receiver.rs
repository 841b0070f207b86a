//! Feeding another system from a pass.

use pagetally_model::{DeviceAudit, PassReport};
use std::error::Error;

/// Another system that wants what a pass reads.
///
/// It is called once a pass, after the audits are durable and before Central is called, so whatever
/// it does can lose nothing: an error is reported in the [`PassSummary`](crate::PassSummary), and the
/// pass goes on. It is not called again for the same pass; what it must not miss it can read from
/// the store later.
pub trait Receiver {
    /// Takes one pass.
    ///
    /// # Errors
    ///
    /// Whatever went wrong over there.
    fn receive(
        &mut self,
        report: &PassReport,
        audits: &[DeviceAudit],
    ) -> Result<(), Box<dyn Error + Send + Sync>>;
}
