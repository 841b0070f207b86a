//! Central, as a pass sees it.

use pagetally_contract::{GetScheduleResponse, Report};
use pagetally_transport::{Answered, Delivered, TransportError};

/// One Central that a pass delivers to: [`pagetally_transport::Central`], or what a test or another
/// tool puts in its place.
pub trait Central {
    /// Where it is, for messages to people.
    fn address(&self) -> &str;

    /// Sends one submission and brings its receipt.
    ///
    /// # Errors
    ///
    /// [`TransportError`] when no receipt came. The submission may be in Central's books
    /// nevertheless; sending it again settles that.
    fn send_report(&mut self, report: &Report) -> Result<Answered<Delivered>, TransportError>;

    /// Asks for settings newer than version `have`.
    ///
    /// # Errors
    ///
    /// [`TransportError`] when no answer came.
    fn get_schedule(&mut self, have: u64) -> Result<Answered<GetScheduleResponse>, TransportError>;
}

/// The Central that an agent is enrolled with.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) address: String,
    pub(crate) central: pagetally_transport::Central,
}

impl Central for Link {
    fn address(&self) -> &str {
        &self.address
    }

    fn send_report(&mut self, report: &Report) -> Result<Answered<Delivered>, TransportError> {
        self.central.send_report(report)
    }

    fn get_schedule(&mut self, have: u64) -> Result<Answered<GetScheduleResponse>, TransportError> {
        self.central.get_schedule(have)
    }
}
